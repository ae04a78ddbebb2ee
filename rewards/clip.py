"""CLIP as a teacher and as a reward: how close a picture lies to a sentence, in the space of a pretrained model.

Three forms, for unit vectors s (picture), g (goal), b (baseline) and n (negative):

    goal              s . g
    goal and baseline 1 - |alpha proj(s) + (1 - alpha) s - g|^2 / 2, proj onto the line through b and g
                      (Rocamonde et al. 2023, arXiv 2310.12921: what the line does not explain counts alpha times less)
    goal and negative s . g - s . n
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from embodied.dataset import Dataset
from embodied.openclip import ARCHITECTURE, WEIGHTS, ClipEncoder, load_clip
from embodied.types import Preference
from rewards import scored
from rewards.comparing import ScoreTeacher

Unit = Float32[np.ndarray, " d"]


@dataclass(frozen=True)
class Wording:
    """What a picture is compared with besides the goal; nothing, a baseline or a negative."""

    baseline: str = ""
    alpha: float = 0.5
    negative: str = ""

    def __post_init__(self) -> None:
        if self.baseline and self.negative:
            raise ValueError(f"baseline {self.baseline!r} and negative {self.negative!r} are two forms; give one")
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha is {self.alpha}; it lies in [0, 1]")

    def sentences(self, goal: str) -> list[str]:
        """The goal, and what it is held against."""
        return [goal, *(text for text in (self.baseline, self.negative) if text)]

    def compare(
        self, images: Float32[np.ndarray, "n d"], texts: Float32[np.ndarray, "k d"]
    ) -> Float64[np.ndarray, " n"]:
        """Scores of unit vectors against the vectors of `sentences`."""
        if self.negative:
            return contrast(images, texts[0], texts[1])
        return regularised(images, texts[0], texts[1], self.alpha) if self.baseline else cosine(images, texts[0])


def cosine(images: Float32[np.ndarray, "n d"], goal: Unit) -> Float64[np.ndarray, " n"]:
    """s . g"""
    return images.astype(np.float64) @ goal.astype(np.float64)


def contrast(images: Float32[np.ndarray, "n d"], positive: Unit, negative: Unit) -> Float64[np.ndarray, " n"]:
    """s . (g - n): what speaks for the one and not for the other."""
    return images.astype(np.float64) @ (positive.astype(np.float64) - negative.astype(np.float64))


def regularised(
    images: Float32[np.ndarray, "n d"], goal: Unit, baseline: Unit, alpha: float
) -> Float64[np.ndarray, " n"]:
    """1 - |alpha proj(s) + (1 - alpha) s - g|^2 / 2; equals s . g for alpha = 0."""
    line = goal.astype(np.float64) - baseline
    length = float(np.linalg.norm(line))
    if length < 1e-6:
        raise ValueError("the baseline says the same as the goal; describe the scene without what is to be achieved")
    line /= length
    apart = images.astype(np.float64) - goal
    blend = alpha * np.outer(apart @ line, line) + (1 - alpha) * apart
    return 1 - (blend**2).sum(axis=1) / 2


@dataclass(frozen=True, eq=False)
class ClipScorer:
    """Scores each picture by itself."""

    encoder: ClipEncoder
    wording: Wording = field(default_factory=Wording)
    texts: dict[str, Float32[np.ndarray, "k d"]] = field(default_factory=dict, repr=False)

    @property
    def identity(self) -> str:
        return self.encoder.digest

    def score(self, frames: UInt8[np.ndarray, "n H W C"], goal: str) -> Float64[np.ndarray, " n"]:
        """One number per picture, from its pixels and the sentence alone."""
        if goal not in self.texts:
            self.texts[goal] = self.encoder.texts(self.wording.sentences(goal))
        return self.wording.compare(self.encoder.images(frames), self.texts[goal])


@dataclass(frozen=True)
class ClipConfig(scored.ScoreConfig):
    """Which CLIP model judges what, and how."""

    model: str = ARCHITECTURE
    """An architecture of open_clip, hf-hub:NAME, or a folder that open_clip saved a model to."""
    pretrained: str = WEIGHTS
    """A tag of that architecture, or a file of weights; nothing for a folder."""
    baseline: str = ""
    """A sentence for the scene without the goal: goal-baseline regularisation."""
    alpha: float = 0.5
    """How much of what goal and baseline do not explain is taken away: 0 nothing, 1 all."""
    negative: str = ""
    """A sentence for what is not wanted: positive minus negative."""
    cache: str = "auto"
    """File that keeps what the model makes of each picture; "auto" is the user's, "none" keeps nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.wording()

    def wording(self) -> Wording:
        """What pictures are compared with."""
        return Wording(self.baseline, self.alpha, self.negative)


def scorer(config: ClipConfig, device: str = "auto") -> ClipScorer:
    """The scorer that a configuration describes."""
    encoder = load_clip(config.model, config.pretrained, device=device, cache=config.cache)
    return ClipScorer(encoder, config.wording())


def fit(
    dataset: Dataset,
    preferences: Sequence[Preference] = (),
    config: ClipConfig | None = None,
    out: Path | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> scored.ScoreReward:
    """The CLIP score as a reward, its scale measured on the data; see `rewards.scored`."""
    del shared
    chosen = config or ClipConfig()
    return scored.fit("clip", scorer, dataset, preferences, chosen, out, seed=seed, device=device, progress=progress)


def load(folder: str | Path) -> scored.ScoreReward:
    """The reward saved there, over the same model, which must still be where it was."""
    return scored.load("clip", folder, ClipConfig, scorer)


def make(
    dataset: Any,
    *,
    model: str = ARCHITECTURE,
    pretrained: str = WEIGHTS,
    camera: str = "",
    baseline: str = "",
    alpha: float = 0.5,
    negative: str = "",
    tie: float = 0.2,
    device: str = "auto",
    cache: str = "auto",
) -> ScoreTeacher:
    """A teacher that prefers the picture of the higher score; a tie within `tie` deviations of the data's scores."""
    chosen = Wording(baseline, alpha, negative)
    encoder = load_clip(model, pretrained, device=device, cache=cache)
    about = {"baseline": baseline, "negative": negative, **({"alpha": alpha} if baseline else {})}
    return ScoreTeacher(
        dataset, ClipScorer(encoder, chosen), scored.camera_of(dataset, camera), tie,
        source="clip", model=encoder.name, about={**about, "weights": encoder.digest[:16]},
    )  # fmt: skip
