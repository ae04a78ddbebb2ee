"""What a takeover says: that what a person did, and what they then let stand, was better than what they took over from.

A person who takes over judges the moments just before as on a wrong way; each moment of their own doing is preferred
to those, and a later one to an earlier one. What follows without another takeover had their consent: where that lasts
to the end, it is preferred to the way there, and to what anybody had to take over from (the classes of Sirius, Liu et
al. 2022, in words of preferences). Nothing is asked of anybody: the answers lie in the `human` column of the data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int64

from embodied.feedback import Answer, Question
from embodied.types import Pair, Segment, moment


@dataclass(frozen=True)
class Takeover:
    """A run of a person's actions, by frames of its episode: `before` .. `first` is what they took over from, the
    frames after `first` up to `last` are their doing, those after it up to `end` had their consent. `final` where
    that is the end of the episode."""

    episode: int
    before: int
    first: int
    last: int
    end: int
    final: bool

    def part(self, frame: int) -> int | None:
        """0 before, 1 their doing, 2 their consent, 3 consent at the end; None outside."""
        if not self.before <= frame <= self.end:
            return None
        return 0 if frame <= self.first else 1 if frame <= self.last else 2 + self.final


@dataclass(frozen=True, eq=False)
class Takeovers:
    """Answers every pair that a takeover speaks of, and abstains from others; `span` steps before each count."""

    dataset: Any
    span: int = 20
    certainty: float = 0.95
    source: str = "person"
    model: str = "takeover"
    prompt_version: str = "1"
    shows: tuple[str, ...] = ()  # what is shown is who was in control when
    found: tuple[Takeover, ...] = field(init=False)
    _of: Mapping[int, tuple[Takeover, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.span < 0:
            raise ValueError(f"span is {self.span} steps before a takeover; it is 0 or more")
        if not 0.5 < self.certainty <= 1:
            raise ValueError(f"certainty is {self.certainty}; it lies in (0.5, 1]")
        found = tuple(takeovers(self.dataset, self.span))
        of: dict[int, tuple[Takeover, ...]] = {}
        for one in found:
            of[one.episode] = (*of.get(one.episode, ()), one)
        object.__setattr__(self, "found", found)
        object.__setattr__(self, "_of", of)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"span": self.span, "certainty": self.certainty}

    @property
    def destination(self) -> str:
        return "this machine"

    def questions(self, n: int, rng: np.random.Generator) -> list[Pair]:
        """At most n distinct pairs that takeovers answer, evenly spread over them and over what they say.

        ValueError where nobody ever took over.
        """
        if not self.found:
            raise ValueError(
                f"nobody took over in {getattr(self.dataset, 'path', 'these data')}: no action is marked as a "
                "person's; `embodied intervene` records some"
            )
        ends = [one for one in self.found if one.final and one.end > one.last]
        chosen: dict[frozenset[Segment], Pair] = {}
        for turn in range(8 * n):
            draw = DRAWS[turn // len(self.found) % len(DRAWS)]
            pair = draw(self.found[turn % len(self.found)], ends, rng)
            if pair is not None:
                chosen.setdefault(frozenset(pair), pair if rng.random() < 0.5 else (pair[1], pair[0]))
            if len(chosen) == n:
                break
        return list(chosen.values())

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answers of all questions, in order."""
        for index, question in enumerate(questions):
            if (sign := self.better(*question.pair)) == 0:
                yield index, Answer("abstained")
            else:
                yield index, Answer("preferred", self.certainty if sign > 0 else 1 - self.certainty)

    def better(self, left: Segment, right: Segment) -> int:
        """1 where takeovers prefer the moment on the left, -1 the one on the right, 0 where they do not say."""
        for one in self._of.get(left.episode, ()):
            for other in self._of.get(right.episode, ()):
                a, b = one.part(left.start), other.part(right.start)
                if a is None or b is None:
                    continue
                if one is other and a == b == 1:
                    return int(np.sign(left.start - right.start))
                if {a, b} == {0, 3} or (one is other and a != b and {a, b} != {1, 2}):
                    return 1 if a > b else -1
        return 0


def takeovers(dataset: Any, span: int) -> Iterator[Takeover]:
    """Every run of a person's actions, with up to `span` steps before it that were not theirs."""
    human = np.asarray(dataset.human(), bool)
    ends = np.cumsum(np.asarray(dataset.lengths, np.int64))
    for number, end, steps in zip(dataset.ids.tolist(), ends.tolist(), dataset.lengths.tolist(), strict=True):
        found = runs(human[end - steps : end]).tolist()
        stops = [0, *(stop for _, stop in found)]
        starts = [max(stop, first - span) for (first, _), stop in zip(found, stops, strict=False)]
        for (first, last), before, following in zip(found, starts, [*starts[1:], None], strict=False):
            until = steps if following is None else max(last, following - 1)
            yield Takeover(int(number), before, first, last, until, following is None)


def runs(marks: np.ndarray) -> Int64[np.ndarray, "k 2"]:
    """Half-open runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    return edges.reshape(-1, 2)


Draw = Callable[[Takeover, Sequence[Takeover], np.random.Generator], "Pair | None"]
"""(takeover, those that lasted to the end, rng) -> the better moment and the worse."""


def theirs(one: Takeover, ends: Sequence[Takeover], rng: np.random.Generator) -> Pair | None:
    """Their doing before what they took over from."""
    return _pair(one.episode, one.first + 1, one.last, one.before, one.first, rng)


def onwards(one: Takeover, ends: Sequence[Takeover], rng: np.random.Generator) -> Pair | None:
    """Later in their doing before earlier."""
    if one.last - one.first < 2:
        return None
    early = int(rng.integers(one.first + 1, one.last))
    return _pair(one.episode, early + 1, one.last, early, early, rng)


def consent(one: Takeover, ends: Sequence[Takeover], rng: np.random.Generator) -> Pair | None:
    """What they let stand before what they took over from."""
    return _pair(one.episode, one.last + 1, one.end, one.before, one.first, rng)


def arrived(one: Takeover, ends: Sequence[Takeover], rng: np.random.Generator) -> Pair | None:
    """What they let stand to the end before their way there."""
    return _pair(one.episode, one.last + 1, one.end, one.first + 1, one.last, rng) if one.final else None


def elsewhere(one: Takeover, ends: Sequence[Takeover], rng: np.random.Generator) -> Pair | None:
    """What they let stand to the end of any episode before what they took over from here."""
    if not ends:
        return None
    end = ends[int(rng.integers(len(ends)))]
    better = moment(end.episode, int(rng.integers(end.last + 1, end.end + 1)))
    return better, moment(one.episode, int(rng.integers(one.before, one.first + 1)))


DRAWS: tuple[Draw, ...] = (theirs, onwards, consent, arrived, elsewhere)


def _pair(episode: int, low: int, high: int, early: int, late: int, rng: np.random.Generator) -> Pair | None:
    """A moment from low .. high, better than one from early .. late; None where there is none."""
    if low > high or early > late:
        return None
    return moment(episode, int(rng.integers(low, high + 1))), moment(episode, int(rng.integers(early, late + 1)))


def make(dataset: Any, *, span: int = 20, certainty: float = 0.95) -> Takeovers:
    """The answers that the takeovers of a data set give."""
    return Takeovers(dataset, span, certainty)
