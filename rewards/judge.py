"""The embedded judge as a teacher: which of two pictures is closer to a wish, from pixels and words.

Distilled from simulator state, and good for two worlds with one camera each: the tabletop and dressing (see judge.md
and judge_dressing.md beside the weights). What it was not trained for, it refuses by name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from embodied.feedback import Answer, Question
from rewards.judge_network import answers
from rewards.judge_worlds import CAMERA, Judge, admitted, fits, of
from rewards.sentences import Meaning, understand

REMEMBERED = 200_000  # scores of frames


@dataclass(frozen=True, eq=False)
class JudgeTeacher:
    """Answers from pixels at no cost; decided where left or right is more probable than `sure`.

    Otherwise "same" where that is the most probable, and an abstention where it is not. `p_left` is the probability of
    left; with `grade` it says instead how much further left is, as sigmoid(difference of progress / grade), from
    which a Bradley-Terry fit recovers progress itself rather than its rank.
    """

    judge: Judge
    dataset: Any
    camera: str = CAMERA
    sure: float = 0.5
    grade: float = 0.0
    source: str = "judge"
    prompt_version: str = "sentences-1"
    scores: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.34 <= self.sure < 1:
            raise ValueError(f"sure is {self.sure}; it is a probability from 0.34 to below 1")
        if not 0 <= self.grade <= 1:
            raise ValueError(f"grade is {self.grade}; it is a difference of progress, 0 (probabilities) to 1")
        admitted(self.judge, self.dataset, self.camera)

    @property
    def model(self) -> str:
        return f"embedded-judge-{self.judge.digest[:8]}"

    @property
    def shows(self) -> str:
        return self.camera

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"sure": self.sure, **({"grade": self.grade} if self.grade else {})}

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """An answer to every question, in order; OutOfScope for a sentence it does not understand."""
        for goal in dict.fromkeys(question.goal for question in questions):
            meaning = understand(goal)
            self.judge.check(meaning, goal)
            fits(meaning, goal, self.dataset.tasks)
            self._score(goal, meaning, [question for question in questions if question.goal == goal])
        found = [[self.scores[question.goal, name] for name in question.hashes] for question in questions]
        sides = torch.tensor(found, dtype=torch.float32).reshape(-1, 2, 2)
        left, same, right = answers(sides[:, 0].unbind(1), sides[:, 1].unbind(1))  # type: ignore[arg-type] # pairs
        strong = torch.sigmoid((sides[:, 0, 0] - sides[:, 1, 0]) / self.grade) if self.grade else left + same / 2
        rows = zip(left.tolist(), same.tolist(), right.tolist(), strong.tolist(), strict=True)
        for index, (further, tied, behind, p_left) in enumerate(rows):
            yield index, said(further, tied, behind, self.sure, p_left)

    def _score(self, goal: str, meaning: Meaning, questions: Sequence[Question]) -> None:
        """Remember the score of every frame that is asked about."""
        if len(self.scores) > REMEMBERED:
            self.scores.clear()
        shown = {
            name: (segment.episode, segment.start)
            for question in questions
            for name, segment in zip(question.hashes, question.pair, strict=True)
            if (goal, name) not in self.scores
        }
        if not shown:
            return
        frames = np.asarray(self.dataset.frames(self.camera, np.array(list(shown.values()), np.int64)))
        score, doubt = self.judge(frames, meaning)
        self.scores.update({(goal, n): (float(s), float(d)) for n, s, d in zip(shown, score, doubt, strict=True)})


def said(left: float, same: float, right: float, sure: float, p_left: float) -> Answer:
    """The answer that three probabilities make, and how strongly it is for the left side if it is for one."""
    if max(left, right) > sure:
        return Answer("preferred", min(1.0, p_left), max(left, right))
    return Answer("tie", 0.5, same) if same >= max(left, right) else Answer("abstained", None, max(left, same, right))


def make(
    dataset: Any, *, camera: str = CAMERA, weights: str = "", sure: float = 0.0, grade: float = 0.0
) -> JudgeTeacher:
    """The embedded judge of the world that a data set shows; `weights` is another judge's safetensors file, `sure` 0
    the judge's own."""
    judge = of(dataset, camera, weights)
    return JudgeTeacher(judge, dataset, camera, sure or float(judge.card["sure"]), grade)
