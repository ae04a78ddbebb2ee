"""Who tells a planner how it goes: one that says what is so, and one that is wrong now and then."""

from dataclasses import replace

import numpy as np

from embodied.plans import Move
from embodied.pursuit import Attempt, Report, Watched
from embodied.scenery import Item, View
from embodied.skills import Outcome, Place


class TruthReporter:
    """Says what can be seen and how the last step really went."""

    def report(self, body: Watched, last: Attempt | None) -> Report:
        """What is so."""
        return Report(body.seen(), None if last is None else last.last)


class NoisyReporter:
    """Right about the last pick-and-place with probability `accuracy`, else wrong in all it says about it.

    A failure is reported as a success, the block shown where it should have gone; a success as a failure, the block
    shown where it was before. Of everything else the truth is told, and of steps that are no pick-and-place too.
    """

    def __init__(self, accuracy: float, rng: np.random.Generator) -> None:
        if not 0 <= accuracy <= 1:
            raise ValueError(f"accuracy is {accuracy}; it is a probability, in [0, 1]")
        self.accuracy = accuracy
        self.rng = rng
        self.before: View | None = None

    def report(self, body: Watched, last: Attempt | None) -> Report:
        """What is so, or the opposite about the last pick-and-place."""
        view, before = body.seen(), self.before
        self.before = view
        if last is None:
            return Report(view)
        move = last.meant
        if move is None or before is None or self.rng.random() < self.accuracy:
            return Report(view, last.last)
        if last.ok:
            return Report(undone(view, before, move), failed(last))
        return Report(imagined(view, before, move), succeeded(last))


def undone(view: View, before: View, move: Move) -> View:
    """The view with the block where it was before."""
    if move.block not in view or move.block not in before:
        return view
    return view.moved(move.block, before[move.block].position, before[move.block].yaw)


def imagined(view: View, before: View, move: Move) -> View:
    """The view with the block where it should have gone; as it is where one cannot know where that would be."""
    known = view if move.block in view else with_item(view, before, move.block)
    if move.block not in known or (move.on and move.on not in known):
        return view
    return move.done(known)


def with_item(view: View, before: View, name: str) -> View:
    """The view with one thing more, as it was before."""
    lost: tuple[Item, ...] = (before[name],) if name in before else ()
    return replace(view, items=(*view.items, *lost))


def failed(last: Attempt) -> Outcome:
    """A success told as a failure: the block slipped from the hand."""
    pick, at = last.outcomes[0].step, last.outcomes[0].at
    return Outcome(at, pick, "missed", "", last.outcomes[0].seconds)


def succeeded(last: Attempt) -> Outcome:
    """A failure told as a success: the block was put down."""
    place = next(step for step in reversed(last.steps) if isinstance(step, Place))
    return Outcome(last.last.at, place, "", "", last.last.seconds)
