"""A teacher for goal-directed data without any progress signal: within an episode, later is closer to the goal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embodied.feedback import Answer, Question


@dataclass(frozen=True)
class TimeOrder:
    """Prefers the later of two moments of one episode with probability `certainty`; abstains across episodes.

    Only as right as the data are goal-directed: wandering and undone work mislead it.
    """

    certainty: float = 1.0
    source: str = "time"
    model: str = ""
    prompt_version: str = "1"
    shows: tuple[str, ...] = ()  # what is shown is when a moment was, not what it looks like

    def __post_init__(self) -> None:
        if not 0.5 < self.certainty <= 1:
            raise ValueError(f"certainty is {self.certainty}; it lies in (0.5, 1]")

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"certainty": self.certainty}

    @property
    def destination(self) -> str:
        return "this machine"

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answers of all questions, in order."""
        left = Answer("preferred", self.certainty)
        right = Answer("preferred", 1 - self.certainty)
        for index, question in enumerate(questions):
            a, b = question.pair
            if a.episode != b.episode:
                yield index, Answer("abstained")
            elif a.start == b.start:
                yield index, Answer("tie", 0.5)
            else:
                yield index, left if a.start > b.start else right


def make(dataset: Any, *, certainty: float = 1.0) -> TimeOrder:
    """The time-order teacher; it needs nothing from the data set but the order of its frames."""
    del dataset
    return TimeOrder(certainty)
