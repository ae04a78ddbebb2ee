"""A teacher out of anything that scores a picture: the higher score is preferred, scores close together are a tie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from embodied.feedback import Answer, Question
from rewards.scored import Scorer

SAMPLE = 512  # frames on which the spread of the scores is measured
AT_ONCE = 256  # pictures in memory together
NOTHING = 1e-9  # a spread below this is rounding


@dataclass(frozen=True, eq=False)
class ScoreTeacher:
    """Prefers the moment that `scorer` puts higher, as seen by `camera`.

    Differences are measured in deviations of the score over a sample of the data, for each goal: up to `tie` of them
    is a tie, and so is everything where the score does not vary. Confidence is sigmoid(difference): a stated one,
    not a calibrated one. With `history`, a moment's score depends on the frames before it.
    """

    dataset: Any
    scorer: Scorer
    camera: str
    tie: float = 0.2
    history: bool = False
    source: str = "score"
    model: str = ""
    prompt_version: str = "1"
    about: Mapping[str, Any] = field(default_factory=dict)
    spreads: dict[str, float] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.tie < 0:
            raise ValueError(f"tie is {self.tie}; it counts deviations of the score, from 0 on")

    @property
    def destination(self) -> str:
        return "this machine"

    @property
    def shows(self) -> str | tuple[str, ...]:
        return () if self.history else self.camera

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"camera": self.camera, "tie": self.tie, "data": self.dataset.fingerprint()[:16], **self.about}

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answers of all questions, goal by goal."""
        for goal in dict.fromkeys(q.goal for q in questions):
            some = [i for i, q in enumerate(questions) if q.goal == goal]
            moments = np.array([(s.episode, s.start) for i in some for s in questions[i].pair], np.int64)
            score = self.scores(moments, goal).reshape(-1, 2)
            gap = (score[:, 0] - score[:, 1]) / self.spread(goal)
            yield from zip(some, map(self.answer, gap.tolist()), strict=True)

    def answer(self, gap: float) -> Answer:
        """What is said of a difference, left minus right, in deviations."""
        if abs(gap) <= self.tie:
            return Answer("tie", 0.5)
        return Answer("preferred", float(gap > 0), float(1 / (1 + np.exp(-min(abs(gap), 50.0)))))

    def spread(self, goal: str) -> float:
        """Deviation of the score over a sample of the data; infinite where it does not vary."""
        if goal not in self.spreads:
            ids, frames = np.asarray(self.dataset.ids), np.asarray(self.dataset.lengths) + 1
            every = np.stack([np.repeat(ids, frames), np.concatenate([np.arange(n) for n in frames])], axis=1)
            some = np.random.default_rng(0).permutation(len(every))[:SAMPLE]
            spread = float(self.scores(every[np.sort(some)], goal).std())
            self.spreads[goal] = spread if spread > NOTHING else float("inf")
        return self.spreads[goal]

    def scores(self, moments: Int64[np.ndarray, "n 2"], goal: str) -> Float64[np.ndarray, " n"]:
        """The score at each (episode id, frame)."""
        if not self.history:
            parts = [
                self.scorer.score(self.dataset.frames(self.camera, moments[i : i + AT_ONCE]), goal)
                for i in range(0, len(moments), AT_ONCE)
            ]
            return np.concatenate(parts)
        found = np.empty(len(moments))
        for episode in np.unique(moments[:, 0]).tolist():
            here = moments[:, 0] == episode
            until = np.arange(moments[here, 1].max() + 1)
            film = self.dataset.frames(self.camera, np.stack([np.full_like(until, episode), until], axis=1))
            found[here] = self.scorer.score(film, goal)[moments[here, 1]]
        return found
