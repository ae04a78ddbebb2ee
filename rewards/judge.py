"""The embedded judge as a teacher: which of two pictures of the tabletop is closer to a wish, from pixels and words.

Distilled from simulator state and good for that one world and camera (see judge.md beside the weights); what it was
not trained for, it refuses by name.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from safetensors.torch import load_file

from embodied.feedback import Answer, Question
from embodied.vision import to_float
from rewards.judge_network import JudgeNet, answers
from rewards.sentences import COLOURS, PREDICATES, Meaning, OutOfScope, understand

WEIGHTS = Path(__file__).with_name("judge.safetensors")
CAMERA, SIZE = "front", 96
THUMBNAIL = 24
STRANGE = 0.03
"""Share of cells of a colour never seen there above which it is another world or camera; its own stays below 0.02."""

LOOKED_AT = 64  # frames of a data set, to know its world by
AT_ONCE = 32  # pictures; what fits the cache is twice as fast as ten times as many
REMEMBERED = 200_000  # scores of frames


class Judge:
    """Weights and what they are good for: scores pictures by how far a wish has come in them."""

    def __init__(self, net: JudgeNet, card: Mapping[str, Any], world: Mapping[str, torch.Tensor], digest: str) -> None:
        self.net, self.card, self.world, self.digest = net.eval(), dict(card), dict(world), digest

    @torch.no_grad()
    def __call__(
        self, frames: UInt8[np.ndarray, "n h w 3"], meaning: Meaning
    ) -> tuple[Float32[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
        """Score and doubt [progress] of each picture."""
        codes = torch.tensor([meaning.codes()])
        found = []
        for start in range(0, len(frames), AT_ONCE):
            pictures = to_float(torch.from_numpy(np.require(frames[start : start + AT_ONCE], requirements=["C", "W"])))
            judged = self.net(self.net.look(pictures), codes.expand(len(pictures), -1))
            found.append(torch.stack([judged.score, judged.doubt]))
        score, doubt = torch.cat(found, dim=1).numpy() if found else np.zeros((2, 0), np.float32)
        return score, doubt

    def strangeness(self, frames: UInt8[np.ndarray, "n h w 3"]) -> float:
        """The share of a picture's cells that are of a colour never seen there in training; the median of them."""
        seen = thumbnail(frames)
        return float(((seen < self.world["low"]) | (seen > self.world["high"])).any(1).float().mean((1, 2)).median())


def thumbnail(frames: UInt8[np.ndarray, "n h w 3"]) -> torch.Tensor:
    """Pictures averaged down, (n, 3, THUMBNAIL, THUMBNAIL) in [0, 1]."""
    return to_float(torch.from_numpy(np.require(frames, requirements=["C", "W"])), THUMBNAIL)


def load(weights: str | Path = "") -> Judge:
    """A judge from its weights, the package's own if none are named; ValueError where they are missing or foreign."""
    path = Path(weights) if weights else WEIGHTS
    card_path = path.with_suffix(".json")
    for needed in (path, card_path):
        if not needed.exists():
            raise ValueError(f"there is no {needed}; train a judge with `embodied train-judge --out {path.parent}`")
    card = json.loads(card_path.read_text())
    if card.get("kind") != "judge" or card.get("colours") != list(COLOURS):
        raise ValueError(f"{card_path} describes no judge of the colours {', '.join(COLOURS)}; train one that is")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != card["sha256"]:
        raise ValueError(f"{path} is not the file that {card_path.name} describes; it is damaged or was replaced")
    tensors = load_file(path)
    net = JudgeNet(len(PREDICATES), len(COLOURS))
    net.load_state_dict({k.removeprefix("net."): v.float() for k, v in tensors.items() if k.startswith("net.")})
    return Judge(net, card, {k: tensors[k].float() for k in ("low", "high")}, digest)


def admitted(judge: Judge, dataset: Any, camera: str) -> None:
    """OutOfScope unless these are pictures of the world, by the camera, that the judge was trained on."""
    offers = ", ".join(dataset.cameras) or "no pictures at all"
    if camera not in dataset.cameras:
        raise OutOfScope(f"no camera {camera!r} to show the judge; the data set has {offers}")
    if camera != CAMERA:
        raise OutOfScope(f"the judge was trained on the camera {CAMERA!r} alone, not {camera!r}; ask another teacher")
    shape = tuple(dataset.spec.obs[camera].shape)
    if shape != (SIZE, SIZE, 3):
        raise OutOfScope(f"the judge was trained on pictures of {SIZE} x {SIZE} pixels; these are {shape}")
    ids, lengths = np.asarray(dataset.ids), np.asarray(dataset.lengths)
    chosen = np.linspace(0, len(ids) - 1, min(LOOKED_AT, 4 * len(ids))).round().astype(int)
    share = np.random.default_rng(0).permutation(len(chosen)) / max(1, len(chosen) - 1)  # early and late moments
    moments = np.stack([ids[chosen], (share * lengths[chosen]).astype(np.int64)], axis=1)
    strange = judge.strangeness(np.asarray(dataset.frames(camera, moments)))
    if strange > STRANGE:
        raise OutOfScope(
            f"these pictures show another world than the tabletop that the judge was trained on: {strange:.0%} of them "
            f"is of a colour that it never saw there, where {STRANGE:.0%} is allowed; ask another teacher"
        )


def fits(meaning: Meaning, goal: str, tasks: Sequence[str]) -> None:
    """OutOfScope where the data set's own sentences say that its world lacks what the goal is about."""
    own = set()
    for task in tasks:
        try:
            own.add(understand(task).predicate)
        except OutOfScope:
            return  # the data do not say
    if own and meaning.predicate not in own:
        raise OutOfScope(
            f"{goal!r} is about something that this world lacks; its own sentences are of another kind, "
            f"such as {tasks[0]!r}"
        )


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
    """The embedded judge for a data set; `weights` is another judge's safetensors file, `sure` 0 the judge's own."""
    judge = load(weights)
    return JudgeTeacher(judge, dataset, camera, sure or float(judge.card["sure"]), grade)
