"""The embedded judge's score as a reward of its own, without any question: what a learned reward stands beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float64, UInt8

from embodied.dataset import Dataset
from embodied.types import Preference
from rewards import scored
from rewards.judge_worlds import CAMERA, Judge, admitted, fits, of
from rewards.judge_worlds import load as load_judge
from rewards.scored import ScoreConfig, ScoreReward
from rewards.sentences import OutOfScope, understand


@dataclass(frozen=True)
class JudgeRewardConfig(ScoreConfig):
    """How the judge's score becomes a reward."""

    camera: str = CAMERA
    weights: str = ""
    """Another judge's safetensors file; the package's own if empty."""
    world: Literal["", "tabletop", "dressing"] = ""
    """Whose judge it is; the data set's own world if empty."""


class JudgeScorer:
    """How far a wish has come in each picture, by the judge."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    @property
    def identity(self) -> str:
        return self.judge.digest

    def score(self, frames: UInt8[np.ndarray, "n H W C"], goal: str) -> Float64[np.ndarray, " n"]:
        return self.judge(np.asarray(frames), understand(goal))[0].astype(np.float64)


def scorer(config: JudgeRewardConfig, device: str) -> JudgeScorer:
    """The judge of a configuration; it is small enough for the processor, whatever the device."""
    return JudgeScorer(load_judge(config.weights, config.world))


def fit(
    dataset: Dataset,
    preferences: Sequence[Preference] = (),
    config: JudgeRewardConfig | None = None,
    out: Path | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ScoreReward:
    """Measure the score's scale on the data; OutOfScope where the judge was not trained for it."""
    del shared
    chosen = config or JudgeRewardConfig()
    judge = of(dataset, chosen.camera, chosen.weights)
    admitted(judge, dataset, chosen.camera)
    if chosen.world not in ("", judge.world):
        raise OutOfScope(f"these are pictures of the world {judge.world!r}, not {chosen.world!r}; leave world out")
    if chosen.goal:
        judge.check(understand(chosen.goal), chosen.goal)
        fits(understand(chosen.goal), chosen.goal, dataset.tasks)
    chosen = replace(chosen, world=judge.world)
    return scored.fit("judge", scorer, dataset, preferences, chosen, out, seed=seed, device=device, progress=progress)


def load(folder: str | Path) -> ScoreReward:
    """What `fit` saved."""
    return scored.load("judge", folder, JudgeRewardConfig, scorer)
