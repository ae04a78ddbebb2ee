"""What a session of corrections is made of: a body that can take things back, replies, questions, courses of steps."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from embodied import skills
from embodied.corrections import Correction, Option
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.situations import Situation, Surroundings
from embodied.skills import Act, At, Program, Stop
from embodied.teaching import Probe

State = Literal["idle", "ready", "stopped", "failed", "asking", "finished"]


class Body(skills.Body, Protocol):
    """A body that knows what is around it, and can take back what it did since a moment it marked."""

    def surroundings(self) -> Surroundings: ...

    def mark(self) -> Any: ...

    def back(self, mark: Any, stop: Stop) -> bool:
        """Undo what was done since then; false if that was stopped."""
        ...


@dataclass(frozen=True)
class Reply:
    """What the robot says back, and how the session stands; a question has options, to be answered in words or by
    their number."""

    text: str
    state: State
    options: tuple[str, ...] = ()


@dataclass
class Course:
    """What happened to one step: where it began, which lessons shaped it, what was said to it."""

    mark: Any = None
    now: Situation | None = None
    asked_for: Manner = field(default_factory=Manner)
    """By the instruction and by people, in this run."""
    recalled: Manner = field(default_factory=Manner)
    shaped: tuple[int, ...] = ()
    overridden: tuple[int, ...] = ()
    said: tuple[Correction, ...] = ()
    settled: bool = False
    lessons: dict[str, int] = field(default_factory=dict)
    """Which lesson was learned of each field of its manner in this run."""


@dataclass(frozen=True)
class Question:
    """What is to be decided: what an option means, whether a lesson fits, or how far it reaches, whether a wish is to
    be kept for later, or another plan begun."""

    text: str
    options: tuple[str, ...]
    about: tuple[Option, ...] | Lesson | Probe | Correction | Program


def begun(at: At) -> bool:
    """Whether the step that a program stands at has been begun."""
    return bool(at.phase or at.anchor)


def bare(step: skills.Step) -> skills.Step:
    """A step without its manner."""
    return step.done(Manner()) if isinstance(step, Act) else step


def texts(options: tuple[Option, ...]) -> tuple[str, ...]:
    """What they say."""
    return tuple(option.text for option in options)


def chosen(question: Question, text: str, said: Correction) -> int | None:
    """The option that an utterance chooses: by its number, its words, or a plain yes or no; None if it does not."""
    plain_text = " ".join(text.lower().replace(".", " ").replace(")", " ").split())
    if plain_text.isdecimal() and 1 <= int(plain_text) <= len(question.options):
        return int(plain_text) - 1
    lowered = [option.lower() for option in question.options]
    if plain_text in lowered:
        return lowered.index(plain_text)
    if question.options == ("yes", "no") and said.intent in ("yes", "no"):
        return int(said.intent == "no")
    return None


def describe(manner: Manner) -> str:
    """A manner in words."""
    return ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in manner.said.items())


def shown(value: Any) -> str:
    """One value in words."""
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(part) for part in value) + ")"
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
