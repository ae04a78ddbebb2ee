"""A teacher of one's own: anything that answers questions about pairs can label, and is kept like any other."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tyro

import embodied
from embodied.feedback import Answer, Question, Store, ask
from rewards.pairs import select


class HigherIsBetter:
    """Prefers the moment in which the tip is higher; cannot tell below a centimetre."""

    source, model, prompt_version = "example", "higher-is-better", "1"
    parameters: Mapping[str, Any] = {}
    shows: tuple[str, ...] = ("state",)

    def __init__(self, data: embodied.Dataset) -> None:
        self.data = data

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        for i, question in enumerate(questions):
            left, right = (self.height(side) for side in question.pair)
            if abs(left - right) < 0.01:
                yield i, Answer("abstained")
            else:
                yield i, Answer("preferred", float(left > right))

    def height(self, side: embodied.Segment) -> float:
        """Of the tip [m], the third number of the state."""
        return float(self.data.episode(side.episode, images=False).obs["state"][side.start][2])


def main(dataset: Path, pairs: int = 200) -> None:
    """Ask about some pairs of a data set recorded on the tabletop."""
    import numpy as np

    data = embodied.load_dataset(dataset)
    questions = select(data, pairs, np.random.default_rng(0))
    with Store(dataset.parent / "higher.sqlite") as store:
        answers = ask(store, HigherIsBetter(data), data, "lift the tip", questions)
    print(answers.counts())


if __name__ == "__main__":
    tyro.cli(main)
