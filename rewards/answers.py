"""What each source was asked and said, read back from feedback stores and label tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from embodied.config import read_manifest
from embodied.feedback import Store
from embodied.labels import pair_of, read_rows
from embodied.types import Pair, Preference

NONE = ("abstained", "failed")


@dataclass(frozen=True, eq=False)
class Asked:
    """n questions to one source and its answers, in the order and on the sides they were shown.

    `shown` names what was on either side: a hash where the store has one, else the segment. `side` is 1 for left,
    -1 for right, 0 for a tie, NaN for no answer.
    """

    source: str
    model: str
    prompt: str
    goal: str
    pairs: tuple[Pair, ...]
    shown: tuple[tuple[str, str], ...]
    sample: tuple[int, ...]
    outcome: tuple[str, ...]
    p_left: Float64[np.ndarray, " n"]
    confidence: Float64[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def name(self) -> str:
        """source:model:prompt version:goal, without what is empty."""
        return ":".join(part for part in (self.source, self.model, self.prompt, self.goal) if part)

    @property
    def by(self) -> str:
        """How the source signs its preferences."""
        return f"{self.source}:{self.model}" if self.model else self.source

    @property
    def side(self) -> Float64[np.ndarray, " n"]:
        return np.sign(2 * self.p_left - 1)

    @property
    def decided(self) -> Bool[np.ndarray, " n"]:
        return np.abs(self.side) == 1

    def saying(self, *outcomes: str) -> Bool[np.ndarray, " n"]:
        """Which answers have one of these outcomes."""
        return np.isin(np.array(self.outcome), outcomes)

    def turned(self, by_looks: bool = False) -> tuple[list[tuple[Any, Any]], Int64[np.ndarray, " n"]]:
        """Each question without its order, and 1 or -1: what turns `side` into "the first of them" and back."""
        sides: list[tuple[Any, Any]] = list(self.shown if by_looks else self.pairs)
        turn = np.array([1 if a <= b else -1 for a, b in sides], np.int64)
        return [(a, b) if a <= b else (b, a) for a, b in sides], turn

    def preferences(self) -> list[Preference]:
        """Its preferences and ties, signed with its whole name."""
        return [
            Preference(a, b, float(p), self.name)
            for (a, b), p in zip(self.pairs, self.p_left, strict=True)
            if np.isfinite(p)
        ]


def read_answers(paths: Sequence[str | Path]) -> list[Asked]:
    """Everything in these stores and label folders by source, by name; each answer counts once.

    A folder is read from its own feedback.sqlite, which knows both orders and every sample, or from labels.parquet.
    Raises ValueError for a path that holds neither.
    """
    rows: dict[tuple[str, str, str, str], dict[tuple[Any, ...], Mapping[str, Any]]] = {}
    for path in dict.fromkeys(Path(p).resolve() for p in paths):
        for row in _rows(path):
            who = (str(row["source"]), str(row["model"]), str(row["prompt_version"]), str(row["goal"]))
            what = (row["left_hash"], row["right_hash"], *pair_of(dict(row)), row["sample"])
            rows.setdefault(who, {}).setdefault(what, row)
    return [_asked(*who, list(found.values())) for who, found in sorted(rows.items())]


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.is_dir() and (path / "feedback.sqlite").exists():
        path = path / "feedback.sqlite"
    elif path.is_dir() and (path / "labels.parquet").exists():
        path = path / "labels.parquet"
    if path.suffix == ".parquet":
        yield from _table(path)
    elif path.is_file():
        with Store(path) as store:
            yield from store.export()
    else:
        raise ValueError(f"{path} is no feedback store and no folder of labels; `embodied label` makes both")


def _table(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a label table as a store would give them; the goal stands in the manifest beside it."""
    goal = read_manifest(path.parent).get("goal", "") if (path.parent / "manifest.json").exists() else ""
    for row in read_rows(path):
        source, _, model = str(row["by"]).partition(":")
        about = {"source": source, "model": model, "prompt_version": "", "goal": goal}
        yield {**row, **about, "left_hash": "", "right_hash": "", "sample": 0}


def _asked(source: str, model: str, prompt: str, goal: str, rows: Sequence[Mapping[str, Any]]) -> Asked:
    pairs = tuple(pair_of(dict(row)) for row in rows)
    shown = [(row["left_hash"] or str(a), row["right_hash"] or str(b)) for row, (a, b) in zip(rows, pairs, strict=True)]
    p_left, confidence = (
        np.array([np.nan if row[k] is None else row[k] for row in rows], np.float64) for k in ("p_left", "confidence")
    )
    sample = tuple(int(row["sample"]) for row in rows)
    outcome = tuple(str(row["outcome"]) for row in rows)
    return Asked(source, model, prompt, goal, pairs, tuple(shown), sample, outcome, p_left, confidence)
