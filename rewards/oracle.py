"""Teachers that read the simulator's progress: a perfect one, and ones that err as published models do."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64, Int64

from embodied.feedback import Answer, Question
from rewards.labelers import look_up

BINS = np.linspace(0.05, 0.95, 10)  # middles of ten bins of |progress difference|
JUDGE_GAP = 0.03

# Shares of correct / incorrect / undecided answers per bin [%], read off the label-accuracy figure of RL-VLM-F
# (arXiv 2402.03681, project page), to about one point.
TABLES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "cartpole": (
        (24, 13, 62), (29, 5, 66), (35, 1, 64), (37, 1, 62), (52, 1, 47),
        (69, 1, 30), (86, 0, 14), (93, 2, 6), (100, 0, 0), (100, 0, 0),
    ),
    "drawer": (
        (42, 28, 30), (47, 42, 11), (53, 46, 1), (51, 49, 1), (57, 43, 0),
        (54, 43, 3), (61, 39, 0), (65, 33, 3), (68, 32, 0), (80, 19, 1),
    ),
    "soccer": (
        (45, 45, 9), (42, 39, 18), (48, 41, 11), (51, 44, 5), (56, 42, 2),
        (64, 30, 6), (76, 21, 3), (84, 16, 0), (100, 0, 0), (100, 0, 0),
    ),
    "sweep": (
        (24, 16, 60), (38, 20, 42), (42, 16, 43), (42, 38, 20), (14, 35, 51),
        (46, 10, 44), (54, 26, 19), (60, 24, 15), (58, 9, 33), (79, 8, 13),
    ),
    "cloth": (
        (27, 25, 49), (33, 20, 47), (31, 19, 49), (46, 12, 43), (37, 10, 52),
        (42, 20, 38), (40, 13, 47), (58, 4, 38), (50, 0, 50), (55, 9, 36),
    ),
    "rope": (
        (27, 25, 47), (32, 10, 59), (44, 16, 40), (51, 17, 31), (65, 15, 20),
        (67, 14, 19), (71, 11, 18), (80, 15, 4), (87, 2, 10), (69, 19, 11),
    ),
    "water": (
        (51, 43, 6), (56, 43, 1), (65, 35, 0), (65, 34, 1), (60, 38, 2),
        (62, 31, 7), (60, 33, 7), (63, 29, 8), (57, 22, 22), (72, 14, 14),
    ),
}  # fmt: skip
PRESETS = (*TABLES, "judge")

LEFT, RIGHT, TIE = Answer("preferred", 1.0), Answer("preferred", 0.0), Answer("tie", 0.5)
ABSTAINED = Answer("abstained")


def shares(preset: str, gap: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n 3"]:
    """Probabilities of a correct, incorrect and undecided answer at each |progress difference|.

    A table is interpolated between the middles of its bins. "judge" is right on 95 % of gaps above 0.03 and
    undecided below. Raises ValueError for an unknown preset.
    """
    look_up("preset", preset, dict.fromkeys(PRESETS))
    if preset == "judge":
        clear = gap > JUDGE_GAP
        return np.stack([0.95 * clear, 0.05 * clear, 1.0 - clear], axis=1)
    table = np.array(TABLES[preset], np.float64)
    found = np.stack([np.interp(gap, BINS, column) for column in table.T], axis=1)
    return found / found.sum(axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Oracle:
    """Says which moment has more progress; a tie where they differ by at most `tie`.

    With a `preset` it errs and ties instead as that table says. An answer is a pure function of `seed`, of what
    is shown, in order, and of the sample number: asked again, it says the same. `undecided` is what a noisy
    oracle gives for the third column of the table: a "tie", or "abstained".
    """

    dataset: Any
    preset: str = ""
    seed: int = 0
    tie: float = 0.03
    undecided: Literal["tie", "abstained"] = "tie"
    shows: str | tuple[str, ...] = ()
    key: str = "progress"
    prompt_version: str = "1"
    progress: np.ndarray = field(init=False, repr=False)
    episodes: tuple[np.ndarray, np.ndarray, np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.tie < 0:
            raise ValueError(f"tie is {self.tie}; a progress difference is >= 0")
        if self.undecided not in ("tie", "abstained"):
            raise ValueError(f"undecided is {self.undecided!r}; it is 'tie' or 'abstained'")
        if self.preset:
            look_up("preset", self.preset, dict.fromkeys(PRESETS))
        progress = np.asarray(self.dataset.low_dim([self.key])[self.key], np.float64).reshape(-1)
        if not np.isfinite(progress).all():
            raise ValueError(
                f"{self.key!r} holds {progress[~np.isfinite(progress)][0]} at some frame; it must be finite"
            )
        ids = np.asarray(self.dataset.ids, np.int64)
        frames = np.asarray(self.dataset.lengths, np.int64) + 1
        first = np.cumsum(frames) - frames
        by_id = np.argsort(ids)
        object.__setattr__(self, "progress", progress)
        object.__setattr__(self, "episodes", (ids[by_id], first[by_id], frames[by_id]))
        object.__setattr__(self, "shows", self.shows or _everything_low_dimensional(self.dataset, self.key))

    @property
    def source(self) -> str:
        return "noisy" if self.preset else "oracle"

    @property
    def model(self) -> str:
        return self.preset

    @property
    def parameters(self) -> Mapping[str, Any]:
        noisy = {"seed": self.seed, "undecided": self.undecided}
        return {"key": self.key, **(noisy if self.preset else {"tie": self.tie})}

    @property
    def destination(self) -> str:
        return "this machine"

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answers of all questions at once, in order."""
        moments = np.array([(s.episode, s.start) for q in questions for s in q.pair], np.int64).reshape(-1, 2)
        progress = self.at(moments).reshape(-1, 2)
        return enumerate(self._noisy(questions, progress) if self.preset else self._perfect(progress))

    def at(self, moments: Int64[np.ndarray, "n 2"]) -> Float64[np.ndarray, " n"]:
        """Progress at (episode id, frame); KeyError for a moment the data set does not have."""
        ids, first, frames = self.episodes
        place = np.minimum(np.searchsorted(ids, moments[:, 0]), len(ids) - 1)
        known = (ids[place] == moments[:, 0]) & (moments[:, 1] < frames[place]) & (moments[:, 1] >= 0)
        if not known.all():
            episode, frame = moments[int(np.argmin(known))]
            raise KeyError(f"the data set has no frame {frame} of episode {episode}")
        return self.progress[first[place] + moments[:, 1]]

    def _perfect(self, progress: Float64[np.ndarray, "n 2"]) -> list[Answer]:
        gap = progress[:, 0] - progress[:, 1]
        return [TIE if abs(g) <= self.tie else LEFT if g > 0 else RIGHT for g in gap.tolist()]

    def _noisy(self, questions: Sequence[Question], progress: Float64[np.ndarray, "n 2"]) -> list[Answer]:
        gap = progress[:, 0] - progress[:, 1]
        share = shares(self.preset, np.abs(gap))
        draw, coin = _uniform(self.seed, questions)
        left_ahead = np.where(gap == 0, coin < 0.5, gap > 0)  # between equals, "correct" is either
        correct, decided = draw < share[:, 0], draw < share[:, 0] + share[:, 1]
        undecided = TIE if self.undecided == "tie" else ABSTAINED
        says_left = (left_ahead == correct).tolist()
        return [
            (LEFT if left else RIGHT) if sure else undecided
            for left, sure in zip(says_left, decided.tolist(), strict=True)
        ]


def make(dataset: Any, *, tie: float = 0.03, **options: Any) -> Oracle:
    """The perfect oracle of a data set with `progress`."""
    return Oracle(dataset, tie=tie, **options)


def make_noisy(dataset: Any, *, preset: str = "rope", seed: int = 0, **options: Any) -> Oracle:
    """An oracle that errs as the preset says; see PRESETS."""
    return Oracle(dataset, preset=look_up("preset", preset, {name: name for name in PRESETS}), seed=seed, **options)


def _uniform(seed: int, questions: Sequence[Question]) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Two numbers in [0, 1) for each question: the same in any order, batch or process."""
    digests = b"".join(
        hashlib.sha256(f"{seed} {q.hashes[0]} {q.hashes[1]} {q.sample}".encode()).digest()[:16] for q in questions
    )
    numbers = np.frombuffer(digests, "<u8").reshape(-1, 2) >> np.uint64(11)
    draws = numbers * 2.0**-53
    return draws[:, 0], draws[:, 1]


def _everything_low_dimensional(dataset: Any, key: str) -> tuple[str, ...]:
    """What tells one moment from another without decoding a picture."""
    named = tuple(sorted(name for name, array in dataset.spec.obs.items() if not array.is_image))
    return (*named, key)
