"""The skill program: typed steps with arguments, limits and conditions; JSON in and out, and an exact resume point.

Nothing in a program is executed but by a body that knows these skills; what a model says is validated against them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import pi
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from embodied.manner import Manner, Name, Verb
from embodied.plans import Move
from embodied.scenery import View

Metres = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Radians = Annotated[float, Field(ge=-2 * pi, le=2 * pi, allow_inf_nan=False)]
Cause = Literal["", "missed", "dropped", "wrong object", "wrong place", "toppled", "refused", "stopped"]


class Condition(BaseModel):
    """What must hold before or after a step: ("holding", block), ("empty",), ("clear", block), ("on", block, place)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    predicate: Literal["holding", "empty", "clear", "seen", "on"]
    subject: str = ""
    object: str = ""

    def holds(self, view: View) -> bool:
        """Whether it holds in a view; of things that are not seen nothing does."""
        if self.predicate == "empty":
            return not view.held
        if self.subject not in view:
            return False
        if self.predicate == "seen":
            return True
        if self.predicate == "holding":
            return view.held == self.subject
        block = view[self.subject]
        if self.predicate == "clear":
            return not view.over(block)
        return self.object in view and (view.rests_on(block, view[self.object]) or view.inside(block, self.object))

    def __str__(self) -> str:
        return {
            "empty": "the hand is empty",
            "holding": f"the hand holds the {self.subject}",
            "clear": f"nothing lies on the {self.subject}",
            "seen": f"the {self.subject} is seen",
            "on": f"the {self.subject} is on or in the {self.object}",
        }[self.predicate]


class Skill(BaseModel):
    """What all steps have: the frame of their coordinates, limits of speed and force, and further conditions."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    frame: Literal["base", "tool"] = "base"
    speed: Annotated[float, Field(gt=0, le=1.0)] = 0.75
    """Highest speed of the tip [m/s]."""
    force: Annotated[float, Field(gt=0, le=100)] = 30.0
    """Highest force of the tip [N]."""
    before: tuple[Condition, ...] = ()
    after: tuple[Condition, ...] = ()

    def needs(self) -> tuple[Condition, ...]:
        """Everything that must hold before it."""
        return self.before

    def leaves(self) -> tuple[Condition, ...]:
        """Everything that holds after it, if it went well."""
        return self.after


class Pick(Skill):
    """Take a block from above, and lift it."""

    skill: Literal["pick"] = "pick"
    object: Name

    def needs(self) -> tuple[Condition, ...]:
        return (Condition(predicate="empty"), Condition(predicate="clear", subject=self.object), *self.before)

    def leaves(self) -> tuple[Condition, ...]:
        return (Condition(predicate="holding", subject=self.object), *self.after)


class Place(Skill):
    """Put down what is held: on or in a thing, `offset` from its middle [m], or at a point of the table [m, base]."""

    skill: Literal["place"] = "place"
    on: Name | None = None
    offset: tuple[Metres, Metres] = (0.0, 0.0)
    at: tuple[Metres, Metres] | None = None
    yaw: Radians | None = 0.0
    """Of the block afterwards [rad], up to a quarter turn; None keeps how it hangs."""
    object: Name | None = None
    """What should be held now; a condition, if named."""

    @model_validator(mode="after")
    def one_place(self) -> Self:
        if (self.on is None) == (self.at is None):
            raise ValueError("place needs either on, a thing's name, or at, a point (x, y) [m]")
        return self

    def needs(self) -> tuple[Condition, ...]:
        held = () if self.object is None else (Condition(predicate="holding", subject=self.object),)
        seen = () if self.on is None else (Condition(predicate="seen", subject=self.on),)
        return (*held, *seen, *self.before)

    def leaves(self) -> tuple[Condition, ...]:
        there = () if None in (self.on, self.object) else (
            Condition(predicate="on", subject=self.object or "", object=self.on or ""),
        )  # fmt: skip
        return (Condition(predicate="empty"), *there, *self.after)


class MoveTo(Skill):
    """The tip on a straight line to a point [m, base frame]."""

    skill: Literal["move to"] = "move to"
    at: tuple[Metres, Metres, Metres]
    yaw: Radians | None = None


class MoveBy(Skill):
    """The tip by so much [m], along the axes of the base, or of the tool with frame "tool"."""

    skill: Literal["move by"] = "move by"
    by: tuple[Metres, Metres, Metres]


class Rotate(Skill):
    """The tool about the vertical by an angle [rad]."""

    skill: Literal["rotate"] = "rotate"
    by: Radians


class Push(Skill):
    """Push a block along the table by so much [m], from its far side, with the tool closed."""

    skill: Literal["push"] = "push"
    object: Name
    by: tuple[Metres, Metres]

    @field_validator("by")
    @classmethod
    def somewhere(cls, by: tuple[float, float]) -> tuple[float, float]:
        if not any(by):
            raise ValueError("a push by (0, 0) has no direction")
        return by

    def needs(self) -> tuple[Condition, ...]:
        return (Condition(predicate="empty"), Condition(predicate="clear", subject=self.object), *self.before)


class Pull(Skill):
    """Drag a block along the table by so much [m], held from above and not lifted."""

    skill: Literal["pull"] = "pull"
    object: Name
    by: tuple[Metres, Metres]

    def needs(self) -> tuple[Condition, ...]:
        return (Condition(predicate="empty"), Condition(predicate="clear", subject=self.object), *self.before)


class Open(Skill):
    """Let go."""

    skill: Literal["open"] = "open"

    def leaves(self) -> tuple[Condition, ...]:
        return (Condition(predicate="empty"), *self.after)


class Close(Skill):
    """Take hold of what is under the tip."""

    skill: Literal["close"] = "close"


class Wait(Skill):
    """Stay [s]."""

    skill: Literal["wait"] = "wait"
    seconds: Annotated[float, Field(gt=0, le=60)] = 1.0


class Home(Skill):
    """To where the tip waits, high first."""

    skill: Literal["home"] = "home"


class Act(Skill):
    """Do something with a thing, in a certain manner; `target` is where it goes, or to whom."""

    skill: Literal["act"] = "act"
    verb: Verb
    object: Name
    target: Name | None = None
    manner: Manner = Manner()

    @model_validator(mode="after")
    def aimed(self) -> Self:
        if (self.target is None) == (self.verb in ("place", "hang", "hand over")):
            wants = "needs" if self.target is None else "has no"
            raise ValueError(f"{self.verb} {wants} target")
        return self

    def done(self, manner: Manner) -> "Act":
        """The same act, done in that manner."""
        return self.model_copy(update={"manner": manner})

    def __str__(self) -> str:
        if self.verb == "dress":
            return f"dress the arm with {the(self.object)}"
        word = {"place": "on", "hang": "on", "hand over": "to"}.get(self.verb, "")
        inside = self.target is not None and self.target.endswith(("drawer", "box", "basket", "sink", "bin"))
        goal = f" {'in' if inside else word} {the(self.target)}" if self.target else ""
        return f"{self.verb} {the(self.object)}{goal}"


def the(name: str) -> str:
    """With its article, unless it is somebody's."""
    return name if "'s " in name else f"the {name}"


Step = Pick | Place | MoveTo | MoveBy | Rotate | Push | Pull | Open | Close | Wait | Home | Act
AnyStep = Annotated[Step, Field(discriminator="skill")]
SKILLS: tuple[type[Step], ...] = (Pick, Place, MoveTo, MoveBy, Rotate, Push, Pull, Open, Close, Wait, Home, Act)


class At(BaseModel):
    """Where a program stands: the step that is next, and the phase of it that is.

    `anchor` is where the tip (x, y, z, yaw) and the object (x, y) were when an interrupted step began [m, rad, base].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    step: Annotated[int, Field(ge=0)] = 0
    phase: Annotated[int, Field(ge=0)] = 0
    anchor: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] = ()

    @field_validator("anchor")
    @classmethod
    def whole(cls, anchor: tuple[float, ...]) -> tuple[float, ...]:
        if len(anchor) not in (0, 4, 6):
            raise ValueError(
                f"{len(anchor)} numbers; an anchor is the tip's x, y, z and yaw, then the object's x and y"
            )
        return anchor


class Program(BaseModel):
    """Steps in order, where it stands, and the sentence it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    steps: tuple[AnyStep, ...] = ()
    at: At = At()
    sentence: str = ""

    @model_validator(mode="after")
    def within(self) -> Self:
        if self.at.step > len(self.steps):
            raise ValueError(f"it stands at step {self.at.step}, and has {len(self.steps)}")
        return self

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return self.at.step >= len(self.steps)

    def standing(self, at: At) -> Self:
        """The same program, standing elsewhere."""
        return self.model_copy(update={"at": at})

    def to_json(self) -> str:
        """As text that `from_json` reads back equal."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a program; ValueError names the step, the field and what is wrong with it."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ValueError(f"no skill program: {told(error)}") from error


def told(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {first['msg']}{more}"


STEP: TypeAdapter[Step] = TypeAdapter(AnyStep)
"""Validates one step given as plain data."""


def program(moves: Iterable[Move], sentence: str = "") -> Program:
    """Pick-and-places as a skill program."""
    steps: list[Step] = []
    for move in moves:
        steps += [Pick(object=move.block), placing(move)]
    return Program(steps=tuple(steps), sentence=sentence)


def placing(move: Move) -> Place:
    """The second half of a move."""
    if move.at is not None:
        return Place(object=move.block, at=move.at)
    return Place(object=move.block, on=move.on, offset=move.offset)


@dataclass(frozen=True)
class Outcome:
    """How a step went: where the program stood, why it failed ("": it went well), words, and seconds of the robot's."""

    at: At
    step: Step
    cause: Cause = ""
    detail: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """It went well."""
        return not self.cause


Stop = Callable[[], bool]
"""Asked between all small motions; true means stop now."""


class Body(Protocol):
    """What carries out steps: a simulated hand, a real arm. `perform` begins a step at the phase of `at`.

    It returns the cause of a failure, words, how far it came (used after a stop) and the seconds it took.
    """

    def view(self) -> View: ...

    def perform(self, step: Step, at: At, stop: Stop) -> tuple[Cause, str, At, float]: ...


def execute(given: Program, body: Body, stop: Stop = lambda: False) -> Iterator[tuple[Program, Outcome]]:
    """Carry out what is left of a program, step by step: how each went, and the program as it then stands.

    It ends at the first step that fails or is refused, and stands at that step; after a stop it stands at the phase
    that was interrupted, so that the same call continues there.
    """
    while not given.finished:
        at = given.at
        step = given.steps[at.step]
        broken = () if at.phase else unmet(step.needs(), body.view())
        if broken:
            yield given, Outcome(at, step, "refused", "; ".join(f"not so: {c}" for c in broken))
            return
        cause, detail, reached, seconds = body.perform(step, at, stop)
        if not cause and (left := unmet(step.leaves(), body.view())):
            cause, detail = "wrong place", "; ".join(f"not so: {c}" for c in left)
        there = reached if cause == "stopped" else At(step=at.step + (not cause))
        given = given.standing(there)
        yield given, Outcome(at, step, cause, detail, seconds)
        if cause:
            return


def unmet(conditions: Sequence[Condition], view: View) -> tuple[Condition, ...]:
    """Those that do not hold."""
    return tuple(condition for condition in conditions if not condition.holds(view))
