"""What the use of a lesson proves: a success widens nothing it need not, a correction shrinks what was wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from embodied.gate import CAREFUL, OWN_WORDS, Decision, Thresholds, judge, same
from embodied.lessons import Lesson
from embodied.similarity import Alike, kinds_alike
from embodied.situations import Situation, When

KEPT = 64
"""So many situations of each sort a lesson remembers, the newest."""

REPEATED = 3
"""Overridden this often, and more often than confirmed, a lesson is quarantined."""

WORTH: dict[Decision, int] = {"ignore": 0, "ask": 1, "apply": 2}


@dataclass(frozen=True)
class Flip:
    """A remembered situation on which a lesson would get another verdict than before, and a wrong one."""

    lesson: int
    now: Situation
    good: bool
    was: Decision
    would: Decision

    def __str__(self) -> str:
        proved = "right" if self.good else "wrong"
        return f"lesson {self.lesson} was {proved} in {self.now}: {self.was} would become {self.would}"


class Flips(ValueError):
    """A write would make the gate wrong on remembered situations; nothing was written."""

    def __init__(self, flips: tuple[Flip, ...]) -> None:
        self.flips = flips
        first, *others = map(str, flips)
        more = f" (and {len(others)} more)" if others else ""
        super().__init__(f"{first}{more}; nothing was written: narrow the change, or force it")


def flips(
    before: Lesson,
    after: Lesson,
    old: Thresholds = CAREFUL,
    new: Thresholds = CAREFUL,
    alike: Alike = kinds_alike,
) -> Iterator[Flip]:
    """Replay the situations that both remember: right ones must not sink, wrong ones not rise."""
    for good in (True, False):
        kept = after.positives if good else after.negatives
        for now in kept:
            if now not in (before.positives if good else before.negatives):
                continue
            was = judge(before, now, run=before.run, thresholds=old, alike=alike).decision
            would = judge(after, now, run=after.run, thresholds=new, alike=alike).decision
            if (WORTH[would] < WORTH[was]) if good else (WORTH[would] > WORTH[was]):
                yield Flip(after.id, now, good, was, would)


def mistaken(lesson: Lesson, thresholds: Thresholds = CAREFUL, alike: Alike = kinds_alike) -> Iterator[Flip]:
    """Remembered situations on which the gate is wrong: right ones it ignores, wrong ones it applies to."""
    for good, situations in ((True, lesson.positives), (False, lesson.negatives)):
        for now in situations:
            would = judge(lesson, now, run=lesson.run, thresholds=thresholds, alike=alike).decision
            if would == ("ignore" if good else "apply"):
                yield Flip(lesson.id, now, good, "apply" if good else "ignore", would)


def confirmed(lesson: Lesson, now: Situation, at: float, alike: Alike = kinds_alike) -> Lesson:
    """It was applied, or asked about and wanted, and right: a kind that was only alike now counts."""
    decision = judge(lesson, now, run=lesson.run, alike=alike).decision
    changed: dict[str, Any] = {"applied": lesson.applied + 1, "confirmed": lesson.confirmed + 1, "used": at}
    if decision != "ignore":
        changed["positives"] = remembered(lesson.positives, now)
        changed["also"] = (*lesson.also, *_alike(lesson, now))
    return lesson.model_copy(update=changed)


def overridden(lesson: Lesson, now: Situation, at: float, alike: Alike = kinds_alike) -> Lesson:
    """It was applied, or asked about and not wanted, and wrong: it gets a negative, and shrinks if it can without loss.

    What is tried first says most: a word that held whenever it was right and not now becomes part of the condition; a
    word that holds now and never did when it was right, an exception; else this one thing is an exception. Limits
    hold on. Overridden repeatedly, and more often than right, it is quarantined.
    """
    count = lesson.overridden + 1
    bad = lesson.model_copy(update={"applied": lesson.applied + 1, "overridden": count, "used": at})
    if lesson.scope == "limit":
        return bad
    wrong: dict[str, Any] = {
        "positives": tuple(good for good in lesson.positives if not same(good, now)),
        "negatives": remembered(lesson.negatives, now),
    }
    if count >= REPEATED and count > lesson.confirmed:
        wrong["state"] = "quarantined"
    bad = bad.model_copy(update=wrong)
    if judge(lesson, now, run=lesson.run, alike=alike).decision == "ignore":
        return bad
    for narrower in narrowed(bad, now):
        if not any(flips(bad, narrower, alike=alike)):
            return narrower
    return bad


def narrowed(lesson: Lesson, now: Situation) -> Iterator[Lesson]:
    """Ways of leaving a situation out, those first that say most."""
    right = lesson.positives
    states = [good.attributes - OWN_WORDS for good in right] or [lesson.noticed]
    always = frozenset.intersection(*map(frozenset, states)) - now.attributes
    for word in sorted(always):
        yield _within(lesson, now, attributes=frozenset({word}))
    for word in sorted(now.attributes - OWN_WORDS - frozenset.union(*map(frozenset, states))):
        yield _except(lesson, When(attributes=frozenset({word})))
    for name in ("target_kind", "place"):
        values = {getattr(good, name) for good in right}
        if len(values) == 1 and (value := values.pop()) and value != getattr(now, name):
            yield _within(lesson, now, **{name: value})
    yield _except(lesson, When(verb=now.verb, object=now.object, kind=now.kind or None, target=now.target or None))


def remembered(kept: tuple[Situation, ...], now: Situation) -> tuple[Situation, ...]:
    """The same and that one; of situations that are the same the newer."""
    return (*(other for other in kept if not same(other, now)), now)[-KEPT:]


def _within(lesson: Lesson, now: Situation, **words: Any) -> Lesson:
    def narrow(when: When) -> When:
        if not when.holds(now):
            return when
        attributes = when.attributes | words.get("attributes", frozenset())
        return when.model_copy(update={**words, "attributes": attributes})

    return lesson.model_copy(update={"when": narrow(lesson.when), "also": tuple(map(narrow, lesson.also))})


def _except(lesson: Lesson, when: When) -> Lesson:
    return lesson.model_copy(update={"exceptions": (*lesson.exceptions, when)})


def _alike(lesson: Lesson, now: Situation) -> tuple[When, ...]:
    if any(when.holds(now) for when in lesson.conditions):
        return ()
    wider = [when.model_copy(update={"kind": now.kind}) for when in lesson.conditions]
    return tuple(when for when in wider if when.holds(now))[:1]
