"""What is made of corrections for the next time: the memory, and the ways it is measured against.

All of them share the parser, the drafting of lessons and the skills; they differ in what they keep and when they apply
it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from embodied.conflicts import Recall
from embodied.corrections import Correction
from embodied.gate import Verdict, alikeness, judge
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.memory import Memory
from embodied.situations import Seen, Situation, Surroundings, situation
from embodied.skills import Act, Program
from embodied.teaching import Probe

Went = Literal["ok", "overridden"]


class Keeping(Protocol):
    """A way to keep corrections. `accumulates` says whether a correction is added to what was asked for before and
    the plan then goes on; otherwise it is an instruction of its own, after which nothing is left to do."""

    accumulates: bool

    def recall(self, now: Situation) -> Recall: ...

    def recall_plan(self, program: Program, around: Surroundings) -> Recall: ...

    def learn(
        self, lesson: Lesson, said: Correction, now: Situation, around: Surroundings, instead: int = 0
    ) -> tuple[int, Probe | None]:
        """Keep a lesson that worked, in the place of another if one is named; its number, and a question about it."""
        ...

    def answer(self, probe: Probe, yes: bool) -> None: ...

    def asked(self, lesson: Lesson) -> None:
        """The one question about it is being put."""
        ...

    def went(self, ids: tuple[int, ...], now: Situation, outcome: Went) -> None: ...


class Remembering:
    """The memory: lessons are committed once they worked, asked about once, and shrink where they were wrong."""

    accumulates = True

    def __init__(self, memory: Memory, run: str = "", eye: Callable[[str], Seen | None] = lambda name: None) -> None:
        self.memory, self.run, self.eye = memory, run, eye

    def recall(self, now: Situation) -> Recall:
        return self.memory.recall(now, self.eye(now.object), run=self.run)

    def recall_plan(self, program: Program, around: Surroundings) -> Recall:
        return self.memory.recall_plan(program, around, run=self.run)

    def learn(
        self, lesson: Lesson, said: Correction, now: Situation, around: Surroundings, instead: int = 0
    ) -> tuple[int, Probe | None]:
        if instead:
            self.memory.edit(instead, force=True, text=lesson.text, manner=lesson.manner, edits=lesson.edits)
            return instead, None
        kept = self.memory.commit(self.memory.teach(lesson, said, self.eye(now.object)).id, now)
        return kept.id, self.memory.question(kept.id, around)

    def answer(self, probe: Probe, yes: bool) -> None:
        self.memory.answer(probe.lesson, probe, yes, force=True)  # what a person says now outweighs what was so

    def asked(self, lesson: Lesson) -> None:
        self.memory.asked(lesson.id)

    def went(self, ids: tuple[int, ...], now: Situation, outcome: Went) -> None:
        if ids:
            self.memory.used(ids, now, outcome, self.eye(now.object), run=self.run)


class Forgetful:
    """Keeps nothing: every run needs the same corrections again."""

    accumulates = True

    def recall(self, now: Situation) -> Recall:
        return Recall()

    def recall_plan(self, program: Program, around: Surroundings) -> Recall:
        return Recall()

    def learn(
        self, lesson: Lesson, said: Correction, now: Situation, around: Surroundings, instead: int = 0
    ) -> tuple[int, Probe | None]:
        return 0, None

    def answer(self, probe: Probe, yes: bool) -> None:
        raise ValueError(f"{probe.text!r} was never asked: this way of keeping asks nothing")

    def asked(self, lesson: Lesson) -> None:
        raise ValueError(f"{lesson} is never asked about: this way of keeping asks nothing")

    def went(self, ids: tuple[int, ...], now: Situation, outcome: Went) -> None:
        """What is not kept cannot have gone well or badly."""


class Instructing(Forgetful):
    """Every correction is an instruction of its own, as with code as policies: what was asked for before is not
    carried on, neither earlier corrections nor the rest of the plan."""

    accumulates = False


class Listing(Forgetful, ABC):
    """Keeps every lesson, and asks nothing; which of them apply is decided by `fits`."""

    def __init__(self) -> None:
        self.lessons: list[Lesson] = []

    def learn(
        self, lesson: Lesson, said: Correction, now: Situation, around: Surroundings, instead: int = 0
    ) -> tuple[int, Probe | None]:
        number = instead or len(self.lessons) + 1
        kept = lesson.model_copy(update={"id": number, "positives": (now,), "state": "active"})
        self.lessons[number - 1 :] = [kept, *self.lessons[number:]]
        return number, None

    @abstractmethod
    def fits(self, now: Situation) -> list[Lesson]:
        """The lessons that are taken to apply, strongest last."""

    def recall(self, now: Situation) -> Recall:
        found = [lesson for lesson in self.fits(now) if lesson.manner.said]
        said = {name: value for lesson in found for name, value in lesson.manner.said.items()}
        return Recall(verdicts(found), manner=Manner.model_validate(said))

    def recall_plan(self, program: Program, around: Surroundings) -> Recall:
        acts = [step for step in program.steps if isinstance(step, Act) and step.object in around]
        nows = [situation(act, around, task=program.sentence) for act in acts if act.target in (None, *names(around))]
        found = {lesson.id: lesson for now in nows for lesson in self.fits(now) if lesson.edits}
        return Recall(verdicts(list(found.values())), edits=tuple(e for one in found.values() for e in one.edits))


class Everything(Listing):
    """All corrections in the prompt, of a model that follows every rule it is shown: each applies to every act."""

    def fits(self, now: Situation) -> list[Lesson]:
        return self.lessons


class Nearest(Listing):
    """The nearest lesson of the same verb, however far it is (DROC)."""

    def fits(self, now: Situation) -> list[Lesson]:
        same = [one for one in self.lessons if one.positives[-1].verb == now.verb]
        return [max(same, key=lambda one: (likeness(one.positives[-1], now), one.id))] if same else []


class Gated(Listing):
    """The gate alone: a lesson is for the kind it was taught on, nothing is asked, and nothing shrinks."""

    def fits(self, now: Situation) -> list[Lesson]:
        general = (
            one.model_copy(update={"when": one.when.model_copy(update={"object": None, "task": None}), "scope": "kind"})
            for one in self.lessons
        )
        return [one for one in general if judge(one, now).decision == "apply"]


def likeness(a: Situation, b: Situation) -> float:
    """How alike two situations are, also where the targets' kinds differ."""
    return alikeness(a, b.model_copy(update={"target_kind": a.target_kind}))


def names(around: Surroundings) -> tuple[str, ...]:
    """Of everything there is."""
    return tuple(entity.name for entity in around)


def verdicts(lessons: list[Lesson]) -> tuple[Verdict, ...]:
    """That they apply."""
    return tuple(Verdict(lesson, "apply", 1.0, "it is taken to apply") for lesson in lessons)


KEEPINGS: Mapping[str, Callable[[Memory], Keeping]] = {
    "ours": Remembering,
    "none": lambda _: Forgetful(),
    "all in the prompt": lambda _: Everything(),
    "nearest": lambda _: Nearest(),
    "gate only": lambda _: Gated(),
    "instructions": lambda _: Instructing(),
}
"""name -> a way of keeping corrections, made over a memory that most do not use"""
