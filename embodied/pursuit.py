"""The closed loop in words of its own: what a planner is told, what it answers, and what became of it all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from embodied.plans import Move
from embodied.scenery import View
from embodied.skills import Body, Outcome, Pick, Place, Program, Step

NOTHING = Program()
Ended = Literal["done", "budget", "stuck", "planner failed", "stopped"]


class PlannerFailed(ValueError):
    """A planner that cannot go on; the message says why. It ends the episode, and nothing is executed after it."""


class Watched(Body, Protocol):
    """A body of which one also knows what it can see: in `seen` hidden things are missing."""

    def seen(self) -> View: ...


@dataclass(frozen=True)
class Attempt:
    """A pick-and-place, or one other step, as it was tried: its steps, and how those went that were begun."""

    steps: tuple[Step, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def last(self) -> Outcome:
        """How the last step went that was begun."""
        return self.outcomes[-1]

    @property
    def ok(self) -> bool:
        """Every step went well."""
        return self.last.ok and len(self.outcomes) == len(self.steps)

    @property
    def meant(self) -> Move | None:
        """The pick-and-place that it was to be, None for anything else."""
        picks = [step for step in self.steps if isinstance(step, Pick)]
        places = [step for step in self.steps if isinstance(step, Place)]
        if not (picks and places):
            return None
        place = places[-1]
        return Move(picks[0].object, place.on or "", place.offset, place.at)


@dataclass(frozen=True)
class Report:
    """What a planner is told after each action: what is seen, how the last step went, and facts in plain words."""

    view: View
    last: Outcome | None = None
    facts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The scene and how the last step went, in words; places are (x, y, z) [m] in the frame of the base."""
        went = () if self.last is None else (spoken(self.last),)
        return "\n".join((*sorted(described(self.view)), *self.facts, *went))


def described(view: View) -> tuple[str, ...]:
    """Every thing that is seen, in a sentence."""
    found = []
    for item in view.items:
        place = "held by the robot" if item.name == view.held else located(view, item.name)
        size = f", {item.size}" if item.kind == "block" else ""
        x, y, z = item.position
        found.append(f"the {item.name} ({item.kind}, {item.colour}{size}) is {place} at ({x:.3f}, {y:.3f}, {z:.3f})")
    return tuple(found)


def located(view: View, name: str) -> str:
    """Where a thing is, by what it lies on or in."""
    item = view[name]
    if item.kind != "block":
        return "on the table"
    below = [other.name for other in view.blocks if view.rests_on(item, other)]
    places = [other.name for other in view.items if other.kind != "block" and view.inside(item, other.name)]
    where = [f"on the {other}" for other in below]
    where += [f"{'in' if view[place].kind == 'bowl' else 'on'} the {place}" for place in places]
    return " and ".join(where) or "on the table"


def spoken(outcome: Outcome) -> str:
    """How a step went, in a sentence."""
    named = getattr(outcome.step, "object", None) or ""
    step = f"{outcome.step.skill} {named}".strip()
    if outcome.ok:
        return f"the last step ({step}) went well"
    more = f": {outcome.detail}" if outcome.detail else ""
    return f"the last step ({step}) failed, {outcome.cause}{more}"


@dataclass(frozen=True)
class Plan:
    """What a planner wants done next, and why; `done` says that nothing is, and then the program is empty."""

    program: Program = NOTHING
    done: bool = False
    why: str = ""

    def __post_init__(self) -> None:
        if self.done and not self.program.finished:
            raise ValueError(f"a plan that is done has {len(self.program.steps)} steps; it is one or the other")


class Planner(Protocol):
    """Says what to do next. Both methods raise PlannerFailed with the reason where they cannot."""

    def reset(self, sentence: str, report: Report) -> None: ...

    def plan(self, report: Report) -> Plan: ...


class Reporter(Protocol):
    """Tells the planner what is to be seen and how the last attempt went (None: nothing was tried yet)."""

    def report(self, body: Watched, last: Attempt | None) -> Report: ...


@dataclass(frozen=True)
class Pursuit:
    """What became of a sentence. `moves` counts picks tried, `calls` questions to the planner.

    `outcomes` holds every step that the body was given, also those that only put down what was still held.
    `seconds` are the robot's own, `wall` those of the clock on the wall.
    """

    outcomes: tuple[Outcome, ...]
    calls: int
    moves: int
    ended: Ended
    reason: str
    seconds: float
    wall: float

    def to_json(self) -> Mapping[str, Any]:
        """Plain data."""
        outcomes = [
            {"at": o.at.model_dump(), "step": o.step.model_dump(mode="json"), "cause": o.cause, "detail": o.detail,
             "seconds": o.seconds}
            for o in self.outcomes
        ]  # fmt: skip
        return {"outcomes": outcomes, "calls": self.calls, "moves": self.moves, "ended": self.ended,
                "reason": self.reason, "seconds": self.seconds, "wall": self.wall}  # fmt: skip
