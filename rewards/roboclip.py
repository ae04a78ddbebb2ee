"""One reward at the end of an episode: how close its film comes to a sentence or to a film of the task being done.

RoboCLIP (Sontakke et al. 2023, arXiv 2310.07899) embeds the episode's video and takes the scalar product with the
embedding of a sentence or of one demonstration. Theirs is a video model (S3D); here the video's embedding is the mean
of its frames' CLIP embeddings, made a unit vector again, so the order of the frames does not count.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from embodied.dataset import Dataset
from embodied.openclip import ARCHITECTURE, WEIGHTS, ClipEncoder, load_clip
from embodied.types import Preference
from embodied.video import decode
from rewards import scored
from rewards.clip import cosine
from rewards.comparing import ScoreTeacher


@dataclass(frozen=True, eq=False)
class FilmScorer:
    """Scores the film up to each frame, against the sentence or, where there is one, against a reference film."""

    encoder: ClipEncoder
    reference: Float32[np.ndarray, " d"] | None = None
    texts: dict[str, Float32[np.ndarray, " d"]] = field(default_factory=dict, repr=False)

    @property
    def identity(self) -> str:
        """The model's weights, and the film that was to be matched."""
        wanted = b"" if self.reference is None else self.reference.tobytes()
        return hashlib.sha256(self.encoder.digest.encode() + wanted).hexdigest()

    def score(self, frames: UInt8[np.ndarray, "n H W C"], goal: str) -> Float64[np.ndarray, " n"]:
        """One number per frame: how well what was seen until then matches."""
        if self.reference is None and goal not in self.texts:
            self.texts[goal] = self.encoder.texts([goal])[0]
        wanted = self.texts[goal] if self.reference is None else self.reference
        return cosine(films(self.encoder.images(frames)), wanted)


def films(images: Float32[np.ndarray, "n d"]) -> Float32[np.ndarray, "n d"]:
    """The unit vector of the film that ends with each frame: the mean of its frames' vectors."""
    mean = np.cumsum(images, axis=0, dtype=np.float64)
    return (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class RoboClipConfig(scored.ScoreConfig):
    """Which CLIP model judges the film of an episode, and against what."""

    terminal: bool = True
    """Reward the last action alone, by the last frame; all others get 0."""
    model: str = ARCHITECTURE
    """An architecture of open_clip, hf-hub:NAME, or a folder that open_clip saved a model to."""
    pretrained: str = WEIGHTS
    """A tag of that architecture, or a file of weights; nothing for a folder."""
    reference: str = ""
    """A film of the task being done; the sentence counts if there is none."""
    cache: str = "auto"
    """File that keeps what the model makes of each picture; "auto" is the user's, "none" keeps nothing."""


def scorer(config: RoboClipConfig, device: str = "auto") -> FilmScorer:
    """The scorer that a configuration describes."""
    encoder = load_clip(config.model, config.pretrained, device=device, cache=config.cache)
    return FilmScorer(encoder, embedded(encoder, config.reference))


def embedded(encoder: ClipEncoder, film: str) -> Float32[np.ndarray, " d"] | None:
    """The vector of a film, given as a file; None for no file."""
    return films(encoder.images(decode(Path(film))))[-1] if film else None


def fit(
    dataset: Dataset,
    preferences: Sequence[Preference] = (),
    config: RoboClipConfig | None = None,
    out: Path | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> scored.ScoreReward:
    """The film's score as a reward, its scale measured on the data; see `rewards.scored`."""
    del shared
    chosen = config or RoboClipConfig()
    return scored.fit(
        "roboclip", scorer, dataset, preferences, chosen, out, seed=seed, device=device, progress=progress
    )


def load(folder: str | Path) -> scored.ScoreReward:
    """The reward saved there, over the same model, which must still be where it was."""
    return scored.load("roboclip", folder, RoboClipConfig, scorer)


def make(
    dataset: Any,
    *,
    model: str = ARCHITECTURE,
    pretrained: str = WEIGHTS,
    camera: str = "",
    reference: str = "",
    tie: float = 0.2,
    device: str = "auto",
    cache: str = "auto",
) -> ScoreTeacher:
    """A teacher that prefers the moment up to which the film matches better."""
    encoder = load_clip(model, pretrained, device=device, cache=cache)
    judge = FilmScorer(encoder, embedded(encoder, reference))
    return ScoreTeacher(
        dataset, judge, scored.camera_of(dataset, camera), tie, history=True,
        source="roboclip", model=encoder.name, about={"weights": judge.identity[:16]},
    )  # fmt: skip
