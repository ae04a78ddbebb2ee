"""A planner that asks a language model, by any endpoint or here; nothing it says is done but validated skills."""

from collections.abc import Callable
from dataclasses import dataclass, field

from embodied.models import Message, Model, ModelError, Picture, Usage, parsed
from embodied.pursuit import Plan, PlannerFailed, Report, spoken
from embodied.skills import Program
from policies.planner_words import Answer, checked, conversation, correction

REMEMBERED = 12
"""So many of the last steps and how they went are told."""


@dataclass(frozen=True)
class Ledger:
    """What a planner took: questions asked, answers that would not do, tokens and seconds."""

    calls: int = 0
    invalid: int = 0
    usage: Usage = field(default_factory=Usage)


class ModelPlanner:
    """Asks a model for the next steps after each report.

    An answer that is no valid program, or that names what is not seen, is sent back with what is wrong, up to `tries`
    times in all; then, or where the model refuses or cannot be reached, the planner fails with the reason. `look`
    gives a picture of the scene from above to go with the words.
    """

    def __init__(self, model: Model, *, tries: int = 3, look: Callable[[], Picture] | None = None) -> None:
        if tries < 1:
            raise ValueError(f"tries is {tries}; a model is asked at least once")
        self.model = model
        self.tries = tries
        self.look = look
        self.ledger = Ledger()
        self.sentence = ""
        self.first: Report | None = None
        self.past: list[str] = []

    def reset(self, sentence: str, report: Report) -> None:
        """Begin with a sentence. The ledger goes on counting."""
        self.sentence, self.first, self.past = sentence, report, []

    def plan(self, report: Report) -> Plan:
        """What the model wants done next."""
        if self.first is None:
            raise PlannerFailed("no sentence was given; reset first")
        if report.last is not None:
            self.past.append(f"- {spoken(report.last)}")
        picture = None if self.look is None else self.look()
        messages = conversation(self.sentence, report, self.first, self.past[-REMEMBERED:], picture)
        answer = self.ask(messages, report)
        if answer.done:
            return Plan(done=True, why=answer.why)
        self.past.append(f"- you said: {', '.join(map(named, answer.steps))}")
        return Plan(Program(steps=answer.steps, sentence=self.sentence), why=answer.why)

    def ask(self, messages: list[Message], report: Report) -> Answer:
        """An answer that will do; PlannerFailed where none comes."""
        problem = ""
        for _ in range(self.tries):
            said = self.complete(messages)
            try:
                return checked(parsed(said, Answer), report.view)
            except ValueError as error:
                problem = str(error)
            self.note(invalid=1)
            messages = [*messages[:2], *correction(said, problem)]
        raise PlannerFailed(f"{self.model.name} gave no valid answer in {self.tries} tries: {problem[:300]}")

    def complete(self, messages: list[Message]) -> str:
        """What the model says ("" for nothing); PlannerFailed where it refuses or cannot be asked."""
        try:
            usage = self.model.complete(messages, Answer)
        except ModelError as error:
            self.note(error.usage, calls=1)
            if error.kind in ("empty", "unreadable"):
                return error.usage.raw
            raise PlannerFailed(f"{self.model.name} is no help ({error.kind}): {error}") from error
        self.note(usage, calls=1)
        return usage.raw

    def note(self, usage: Usage | None = None, *, calls: int = 0, invalid: int = 0) -> None:
        """Add to the ledger."""
        now = self.ledger
        self.ledger = Ledger(now.calls + calls, now.invalid + invalid, now.usage + (usage or Usage()))


def named(step: object) -> str:
    """A step in a few words."""
    words = (getattr(step, key, None) for key in ("skill", "object", "on"))
    return " ".join(str(word) for word in words if word)
