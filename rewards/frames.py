"""What turns a picture into numbers, once: encoders that are frozen when a representation is aligned.

Own ones are pre-trained without labels on a data set's frames (`objects`, `contrastive`) and lie in a folder;
foreign ones are named `timm:NAME`, `torchvision:NAME` or `open_clip:NAME/TAG`, and bring their own preparation.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from safetensors.torch import load_file
from torch import Tensor

from embodied import plugins
from embodied.dataset import Dataset
from embodied.features import FeatureCache, default_cache, picture_keys

BATCH = 256
FOREIGN = {
    "timm": "rewards.foreign_encoders:from_timm",
    "torchvision": "rewards.foreign_encoders:from_torchvision",
    "open_clip": "rewards.foreign_encoders:from_open_clip",
}
"""prefix -> made of what follows the colon and a device"""
OWN = {
    "objects": "rewards.object_encoder:ObjectEncoder",
    "contrastive": "rewards.contrastive_encoder:ContrastiveEncoder",
}
"""kind of a folder -> its class, made of (settings, tensors)"""


class Encoder(Protocol):
    """Pictures in, numbers out; `digest` names weights and preparation."""

    @property
    def digest(self) -> str: ...

    def encode(self, frames: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n f"]: ...


def load_encoder(name: str, device: str = "auto") -> Encoder:
    """The encoder in a folder, or a foreign one by name. ValueError says what there is instead."""
    prefix, _, rest = name.partition(":")
    if prefix in FOREIGN and rest:
        return plugins.load(FOREIGN[prefix])(rest, device)
    path = Path(name) / "encoder.json"
    if not path.exists():
        raise ValueError(
            f"no encoder {name!r}: it is neither a folder made by `embodied pretrain-encoder` nor one of "
            f"{', '.join(f'{p}:NAME' for p in FOREIGN)}"
        )
    record = json.loads(path.read_text())
    tensors = load_file(path.with_suffix(".safetensors"))
    return plugins.load(plugins.find(OWN, record["kind"], "kind of encoder"))(record["settings"], tensors)


def digest_of(settings: Any, tensors: dict[str, Tensor]) -> str:
    """The identity of an own encoder."""
    found = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        found.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return found.hexdigest()


@dataclass(frozen=True, eq=False)
class Videos:
    """Encoded episodes, padded to the longest: `feature[i, t]` is a frame where `mask[i, t]`."""

    ids: tuple[int, ...]
    feature: Float32[Tensor, "n t f"]
    mask: Bool[Tensor, "n t"]

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, ids: Sequence[int]) -> Tensor:
        """The rows of some episodes; KeyError names one that is missing."""
        place = {number: i for i, number in enumerate(self.ids)}
        return torch.tensor([place[int(number)] for number in ids])

    def standardised(self, mean: Tensor, std: Tensor) -> "Videos":
        """Features as so many deviations from a mean; padding stays 0."""
        return Videos(self.ids, ((self.feature - mean) / std) * self.mask[..., None], self.mask)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation of every feature over all frames; what never varies has deviation 1."""
        rows = self.feature[self.mask]
        std = rows.std(0, correction=0)
        return rows.mean(0), torch.where(std > 1e-6, std, torch.ones_like(std))


def thinned(frames: int, most: int) -> np.ndarray:
    """Which of so many frames make a video of at most `most`: evenly spaced, first and last among them."""
    return np.unique(np.linspace(0, frames - 1, min(frames, most)).round().astype(int))


def encoded(
    dataset: Dataset,
    encoder: Encoder,
    camera: str,
    *,
    ids: Sequence[int] | None = None,
    most: int = 45,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Videos:
    """Videos of at most `most` frames each. A picture is encoded once, whatever data set it is in.

    ValueError names the episode whose camera gives no picture, or whose features are not finite.
    """
    chosen = [int(i) for i in (dataset.ids if ids is None else ids)]
    store = FeatureCache(cache or default_cache())
    parts: dict[int, np.ndarray] = {}
    for done, (number, pictures) in enumerate(dataset.each_episode_frames(camera, ids=chosen)):
        frames = np.ascontiguousarray(np.asarray(pictures)[thinned(len(pictures), most)])
        if not len(frames):
            raise ValueError(f"episode {number} has no frame of camera {camera!r}; leave it out")

        def missing(places: list[int], frames: np.ndarray = frames) -> np.ndarray:
            rows = [encoder.encode(frames[places[i : i + BATCH]]) for i in range(0, len(places), BATCH)]
            return np.concatenate(rows)

        parts[number] = store.through(encoder.digest, picture_keys(frames), missing)
        if not np.isfinite(parts[number]).all():
            bad = int(np.flatnonzero(~np.isfinite(parts[number]).all(1))[0])
            raise ValueError(f"the encoder makes no finite numbers of frame {bad} of episode {number}")
        if progress:
            progress(done + 1, len(chosen))
    return padded([parts[number] for number in chosen], chosen)


def padded(features: Sequence[Float32[np.ndarray, "_ f"]], ids: Sequence[int]) -> Videos:
    """Videos of different length side by side."""
    longest = max(len(part) for part in features)
    feature = torch.zeros(len(features), longest, features[0].shape[1])
    mask = torch.zeros(len(features), longest, dtype=torch.bool)
    for i, part in enumerate(features):
        feature[i, : len(part)] = torch.from_numpy(np.asarray(part, np.float32))
        mask[i, : len(part)] = True
    return Videos(tuple(int(i) for i in ids), feature, mask)
