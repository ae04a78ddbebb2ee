"""Household tasks as data: an instruction, a scene, a plan, a goal, and the wishes that nobody has told the robot.

The file format is described in docs/household.md; whatever is wrong with a file is told with its place in it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from math import hypot
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from embodied.corrections import Edit, Ref
from embodied.manner import Manner, Verb
from embodied.plugins import find, unknown
from embodied.situations import Entity, Surroundings, situation
from embodied.skills import Act, Program, told
from envs.household.scene import SceneSpec
from envs.household.things import KINDS
from envs.household.wishes import Wish, applies, remedy

FILE = Path(__file__).with_name("tasks.json")
BRINGING: tuple[Verb, ...] = ("place", "hang", "hand over")


class Part(BaseModel):
    """A part of a task's file: nothing unknown in it, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(Part):
    """A line of a plan: what is done with what, and where to. What is placed, hung or handed over is picked first.

    `each` does it with everything that fits, in the order in which the scene names it; else exactly one thing fits.
    """

    verb: Verb
    what: Ref
    to: Ref | None = None
    each: bool = False

    @model_validator(mode="after")
    def aimed(self) -> Self:
        if (self.to is None) == (self.verb in BRINGING):
            raise ValueError(f"{self.verb} {'needs' if self.to is None else 'has no'} 'to'")
        for ref in (self.what, self.to):
            if ref is not None and ref.kind:
                find(KINDS, ref.kind, "kind")
        return self


class Goal(Part):
    """What must be so at the end: all that fits `what` is on one of the kinds `on`, or a drawer is open so far [m]."""

    what: Ref
    on: tuple[str, ...] = ()
    open_at_least: float | None = None

    @field_validator("on")
    @classmethod
    def there(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            find(KINDS, kind, "kind")
        return kinds

    def missing(self, around: Surroundings) -> str | None:
        """What is not so yet; None where all is."""
        found = self.what.among(around)
        if not found:
            return f"nothing here is {called(self.what)}"
        for thing in found:
            kind = around[thing.place].kind if thing.place in around else "nothing"
            if self.on and (kind not in self.on or around.held == thing.name):
                return f"the {thing.name} is on the {thing.place or 'hand'}, not on a {' or '.join(self.on)}"
            if self.open_at_least is not None and (far := extension(around, thing)) < self.open_at_least:
                return f"the {thing.name} is open by {far:.3f} m"
        return None


class Probe(Part):
    """A situation to try what was learned in: an instruction, a scene and a plan."""

    id: str = Field(min_length=1)
    instruction: str = Field(min_length=1)
    scene: SceneSpec
    plan: tuple[Line, ...] = Field(min_length=1)


class Task(Probe):
    """A probe with a goal and wishes."""

    goal: tuple[Goal, ...] = Field(min_length=1)
    wishes: tuple[Wish, ...] = Field(min_length=1)

    def missing(self, around: Surroundings) -> str | None:
        """What of the goal is not so yet; None at the end."""
        return next((words for goal in self.goal if (words := goal.missing(around)) is not None), None)


class Tasks(Part):
    """A file of tasks: their ids and those of probes are their own, and what wishes name is there."""

    tasks: tuple[Task, ...]
    probes: tuple[Probe, ...] = ()

    @model_validator(mode="after")
    def consistent(self) -> Self:
        ids = Counter(one.id for one in (*self.tasks, *self.probes))
        if twice := [name for name, n in ids.items() if n > 1]:
            raise ValueError(f"two tasks or probes are called {twice[0]!r}; ids are their own")
        for task in self.tasks:
            for name in (name for wish in task.wishes for name in (*wish.near, *wish.out)):
                if name not in ids:
                    raise unknown(f"task or probe named by a wish of {task.id!r}:", name, ids)
        return self

    def __getitem__(self, name: str) -> Task:
        return find({task.id: task for task in self.tasks}, name, "household task")

    def probe(self, name: str) -> Probe:
        """A task or probe by its id."""
        return find({one.id: one for one in (*self.tasks, *self.probes)}, name, "task or probe")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a file's text; ValueError names the place in it and what is wrong there."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ValueError(f"no household tasks: {told(error)}") from error


@cache
def tasks(path: Path = FILE) -> Tasks:
    """The tasks of a file; of this package's own by default."""
    return Tasks.from_json(path.read_text(encoding="utf-8"))


def called(ref: Ref) -> str:
    """How something is spoken of."""
    return ref.name or " ".join((*sorted(ref.attributes), ref.kind or "thing"))


def extension(around: Surroundings, drawer: Entity) -> float:
    """How far a drawer is out of its cabinet [m]."""
    cabinet = next(thing for thing in around if thing.kind == "cabinet")
    return hypot(*(a - b for a, b in zip(drawer.position[:2], cabinet.position[:2], strict=True)))


def the(ref: Ref, around: Surroundings) -> Entity:
    """The one thing that fits; ValueError where none or several do."""
    found = ref.among(around)
    if len(found) != 1:
        there = ", ".join(thing.name for thing in found or around)
        raise ValueError(f"{called(ref)!r} fits {len(found)} things, and should fit one; there are {there}")
    return found[0]


def planned(probe: Probe, around: Surroundings) -> Program:
    """A task's or probe's plan with the things that are here, done without any manners."""
    steps: list[Act] = []
    for line in probe.plan:
        movable = (thing for thing in line.what.among(around) if KINDS[thing.kind].movable)
        things = tuple(movable) if line.each else (the(line.what, around),)
        goal = the(line.to, around).name if line.to else None
        for thing in things:
            if line.verb in BRINGING and thing.name != around.held:
                steps.append(Act(verb="pick", object=thing.name))
            steps.append(Act(verb=line.verb, object=thing.name, target=goal))
    return Program(steps=tuple(steps), sentence=probe.instruction)


def remedied(program: Program, wishes: Iterable[Wish], around: Surroundings) -> Program:
    """The same plan as one would do it who knows the wishes: what the best learner can come to."""
    for wish in wishes:
        change = remedy(wish)
        if isinstance(change, Manner):
            steps = [altered(act, wish, change, around, program.sentence) for act in program.steps]
            program = program.model_copy(update={"steps": tuple(steps)})
        elif concerns(wish, program, around):
            program = edited(program, change, around)
    return program


def altered(act: object, wish: Wish, manner: Manner, around: Surroundings, task: str) -> object:
    """An act, in the wished manner where the wish applies."""
    if not isinstance(act, Act) or not applies(wish, situation(act, around, task=task)):
        return act
    return act.done(act.manner.then(manner))


def concerns(wish: Wish, program: Program, around: Surroundings) -> bool:
    """Whether a wish applies to any act of a plan."""
    acts = (act for act in program.steps if isinstance(act, Act))
    return any(applies(wish, situation(act, around, task=program.sentence)) for act in acts)


def edited(program: Program, edit: Edit, around: Surroundings) -> Program:
    """A plan of acts with an edit carried out; what is picked and brought stays together.

    ValueError for edits that no wish leads to: "instead" and "add".
    """
    groups = grouped([act for act in program.steps if isinstance(act, Act)])
    ours = [group for group in groups if edit.what.fits(around[group[0].object])]
    rest = [group for group in groups if group not in ours]
    if edit.kind == "skip":
        groups = rest
    elif edit.kind == "elsewhere" and edit.other is not None:
        goal = the(edit.other, around).name
        groups = [
            [a.model_copy(update={"target": goal}) if a.target else a for a in g] if g in ours else g for g in groups
        ]
    elif edit.kind in ("first", "last"):
        groups = [*ours, *rest] if edit.kind == "first" else [*rest, *ours]
    elif edit.kind in ("before", "after") and edit.other is not None:
        there = [i for i, group in enumerate(rest) if edit.other.fits(around[group[0].object])]
        at = 0 if not there else there[0] if edit.kind == "before" else there[-1] + 1
        groups = [*rest[:at], *ours, *rest[at:]]
    else:
        raise ValueError(
            f"no wish leads to the edit {edit.kind!r}; it offers skip, elsewhere, first, last, before, after"
        )
    return program.model_copy(update={"steps": tuple(act for group in groups for act in group)})


def grouped(acts: Sequence[Act]) -> list[list[Act]]:
    """Acts on the same thing that follow each other."""
    groups: list[list[Act]] = []
    for act in acts:
        if groups and groups[-1][-1].object == act.object:
            groups[-1].append(act)
        else:
            groups.append([act])
    return groups
