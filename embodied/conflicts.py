"""What the lessons that apply say together: the stronger one stands, field by field.

In this order: a limit, what is for now, for this thing, for its kind, for everything; of two such the more specific
condition, then the newer. Two that are equal in all this but age, taught in one sitting, are asked about instead.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from embodied.corrections import Edit
from embodied.gate import Verdict
from embodied.lessons import SCOPES, Lesson
from embodied.manner import Manner

SITTING = 3600.0
"""Lessons taught within so many seconds are of one age."""

ORDER = frozenset({"first", "last", "before", "after"})
"""Edits that say when: of those about one thing the strongest stands."""


@dataclass(frozen=True)
class Recall:
    """What the memory says of a situation: what applies, strongest first, what to ask about, and what was left out.

    `manner` and `edits` are those of `apply` together, and `by` tells which lesson each field of the manner is from.
    """

    apply: tuple[Verdict, ...] = ()
    ask: tuple[Verdict, ...] = ()
    ignored: tuple[Verdict, ...] = ()
    manner: Manner = field(default_factory=Manner)
    edits: tuple[Edit, ...] = ()
    by: Mapping[str, int] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[int, ...]:
        """The lessons that apply: what an act was shaped by."""
        return tuple(verdict.lesson.id for verdict in self.apply)


def specificity(lesson: Lesson) -> int:
    """How many words its condition has."""
    words = lesson.when.model_dump(exclude={"attributes"}, exclude_none=True)
    return len(words) + len(lesson.when.attributes)


def strength(lesson: Lesson) -> tuple[int, int, float, int]:
    """Sorts the strongest first."""
    return SCOPES.index(lesson.scope), -specificity(lesson), -lesson.created, -lesson.id


def settle(verdicts: Iterable[Verdict]) -> Recall:
    """Put verdicts together; a lesson of which nothing stands is among the ignored."""
    ordered = sorted(verdicts, key=lambda verdict: (strength(verdict.lesson), -verdict.score))
    applied = [verdict for verdict in ordered if verdict.decision == "apply"]
    asked = [verdict for verdict in ordered if verdict.decision == "ask"]
    ignored = [verdict for verdict in ordered if verdict.decision == "ignore"]
    while pair := contradiction(applied):
        first, second, what = pair
        for one, other in ((first, second), (second, first)):
            applied.remove(one)
            asked.append(replace(one, decision="ask", why=f"{other.lesson} says otherwise about {what}"))
    manner, by = combined([verdict.lesson for verdict in applied])
    edits, authors = edited([verdict.lesson for verdict in applied])
    standing = {*by.values(), *authors}
    for verdict in [v for v in applied if v.lesson.id not in standing and not _adds(v.lesson)]:
        applied.remove(verdict)
        ignored.append(replace(verdict, decision="ignore", why="stronger lessons say all it says"))
    for verdict in [v for v in asked if _answered(v.lesson, applied, by)]:
        asked.remove(verdict)
        ignored.append(replace(verdict, decision="ignore", why=f"{verdict.why}, but what applies says it already"))
    return Recall(tuple(applied), tuple(asked), tuple(ignored), manner, edits, by)


def contradiction(applied: Sequence[Verdict]) -> tuple[Verdict, Verdict, str] | None:
    """Two that are equally strong and of one age and say different things, and about which field."""
    for name in Manner.model_fields:
        saying = [verdict for verdict in applied if name in verdict.lesson.manner.said]
        if name == "clear_of" or not saying:
            continue
        top, *rest = saying
        for other in rest:
            a, b = top.lesson, other.lesson
            if strength(a)[:2] != strength(b)[:2] or a.scope == "limit":
                break
            differs = a.manner.said[name] != b.manner.said[name]
            if differs and a.when != b.when and abs(a.created - b.created) < SITTING:
                return top, other, name
    return None


def combined(lessons: Sequence[Lesson]) -> tuple[Manner, dict[str, int]]:
    """The manner of lessons, strongest first, and which lesson each field is from.

    Nothing is added up: offsets of two lessons are two answers to one question. What to keep clear of is united; a
    limit holds speed and force down and height up, and stands where nobody asked for one.
    """
    said: dict[str, Any] = {}
    by: dict[str, int] = {}
    for lesson in reversed(lessons):
        for name, value in lesson.manner.said.items():
            chosen = value
            if name == "clear_of":
                chosen = tuple(dict.fromkeys((*value, *said.get(name, ()))))
            elif lesson.scope == "limit" and name in said and name in ("speed", "force", "height"):
                chosen = max(said[name], value) if name == "height" else min(said[name], value)
                if chosen == said[name]:
                    continue
            said[name], by[name] = chosen, lesson.id
    return Manner.model_validate(said), by


def edited(lessons: Sequence[Lesson]) -> tuple[tuple[Edit, ...], frozenset[int]]:
    """The edits of lessons, strongest first, each thing ordered and each done otherwise once; and whose they are."""
    found: dict[tuple[Any, ...], Edit] = {}
    authors = set()
    for lesson in lessons:
        for edit in lesson.edits:
            about = ("order", edit.what) if edit.kind in ORDER else (edit.kind, edit.what)
            if about not in found:
                found[about] = edit
                authors.add(lesson.id)
    return tuple(found.values()), frozenset(authors)


def _answered(asked: Lesson, applied: Sequence[Verdict], by: Mapping[str, int]) -> bool:
    """Whether lessons that apply, at least as strong whatever their age, say all that one is asked about."""
    able = {verdict.lesson.id for verdict in applied if strength(verdict.lesson)[:2] <= strength(asked)[:2]}
    said = asked.manner.said
    return bool(said) and not asked.edits and all(by.get(name) in able for name in said)


def _adds(lesson: Lesson) -> bool:
    return lesson.scope == "limit" or bool(lesson.manner.clear_of)
