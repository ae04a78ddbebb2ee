"""Teachers that are bad in one known way, to find out what notices and survives them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from embodied.feedback import Answer, Question
from rewards.labelers import look_up
from rewards.oracle import ABSTAINED, LEFT, Oracle, _uniform

RATES: dict[str, float] = {"always-left": 1.0, "flips": 0.3, "abstains": 0.4, "position-biased": 0.5}
"""How often each kind fails unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Faulty:
    """An oracle that fails in a share `rate` of its answers, whatever it is shown.

    "always-left" and "position-biased" then say left, "flips" the opposite of the truth (a tie stays one),
    "abstains" nothing. Which answers fail is a pure function of `seed`, of what is shown, in order, and of the
    sample number.
    """

    dataset: Any
    kind: str = "flips"
    rate: float = 0.3
    seed: int = 0
    tie: float = 0.03
    source: str = "faulty"
    prompt_version: str = "1"
    oracle: Oracle = field(init=False, repr=False)

    def __post_init__(self) -> None:
        look_up("kind", self.kind, RATES)
        if not 0 <= self.rate <= 1:
            raise ValueError(f"rate is {self.rate}; it is a share in [0, 1]")
        object.__setattr__(self, "oracle", Oracle(self.dataset, tie=self.tie))

    @property
    def model(self) -> str:
        return self.kind

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {**self.oracle.parameters, "rate": self.rate, "seed": self.seed}

    @property
    def shows(self) -> str | tuple[str, ...]:
        return self.oracle.shows

    @property
    def destination(self) -> str:
        return "this machine"

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answers of all questions, in order."""
        if not questions:
            return
        draw, _ = _uniform(self.seed, questions)
        for index, truth in self.oracle.ask(questions):
            yield index, self.failed(truth) if draw[index] < self.rate else truth

    def failed(self, truth: Answer) -> Answer:
        """What is said instead of the truth."""
        if self.kind == "abstains":
            return ABSTAINED
        if self.kind == "flips":
            return truth if truth.p_left is None else Answer(truth.outcome, 1 - truth.p_left)
        return LEFT


def make(dataset: Any, *, kind: str = "flips", rate: float | None = None, **options: Any) -> Faulty:
    """A teacher that is bad in one way; see RATES for how often unless `rate` is given."""
    return Faulty(dataset, kind, look_up("kind", kind, RATES) if rate is None else rate, **options)
