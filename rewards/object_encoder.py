"""Where the coloured things of a scene are: an encoder fitted to a data set's frames without any label.

Colours of what moves, or differs from the ground, are clustered (k-means); of the clusters, those are kept that are
compact in the picture, since things are and shadows are not. A picture is then, per thing, a soft mask's middle,
spread and mass. It knows colours alone: things of one colour are one thing, and a colour seen in no frame is none.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from scipy.cluster.vq import kmeans2
from torch import Tensor

from embodied.dataset import Dataset
from rewards.frames import digest_of

MOVES = 0.12
"""A pixel that differs by so much from its video's median, or from the ground, belongs to a thing."""
SOFT = 0.09
"""Width of a mask in colour."""
SIDE = 48
"""Pictures are averaged down to so many pixels."""
PIXELS = 40_000
STILLEST = 0.35
"""A cluster spread over more than this share of half the picture is no thing."""


def shrunk(frames: UInt8[np.ndarray, "n h w 3"], side: int = SIDE) -> Float32[Tensor, "n 3 s s"]:
    """Pictures averaged down, in [0, 1]."""
    x = torch.tensor(frames).permute(0, 3, 1, 2).float() / 255.0
    return torch.nn.functional.interpolate(x, size=(side, side), mode="area")


class ObjectEncoder:
    """Per thing: x, y, spread in x and y, and the logarithm of its mass."""

    def __init__(self, settings: Mapping[str, Any], tensors: dict[str, Tensor]) -> None:
        self.colours = tensors["colours"]
        self.digest = digest_of({"kind": "objects", **settings}, tensors)
        line = torch.linspace(-1, 1, SIDE)
        self._x, self._y = line.repeat(SIDE, 1), -line[:, None].repeat(1, SIDE)

    @property
    def features(self) -> int:
        """How many numbers a picture becomes."""
        return 5 * len(self.colours)

    def encode(self, frames: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n f"]:
        """One row per picture; a thing that is out of sight is in the middle, with hardly any mass."""
        return np.concatenate([self._some(shrunk(part)) for part in np.array_split(frames, -(-len(frames) // 256))])

    def _some(self, x: Tensor) -> np.ndarray:
        return moments(masks(x, self.colours), self._x, self._y).flatten(1).numpy()


def masks(x: Float32[Tensor, "n 3 s s"], colours: Float32[Tensor, "k 3"]) -> Float32[Tensor, "n k s s"]:
    """How much each pixel is of each colour."""
    far = (x[:, None] - colours[None, :, :, None, None]).square().sum(2)
    return torch.exp(-far / (2 * SOFT**2))


def moments(mask: Tensor, x: Tensor, y: Tensor) -> Float32[Tensor, "n k 5"]:
    """Middle, spread and mass of soft masks (n, k, s, s)."""
    mass = mask.sum((2, 3))
    share = mask / (mass[..., None, None] + 1e-3)
    mx, my = (share * x).sum((2, 3)), (share * y).sum((2, 3))
    sx = ((share * (x - mx[..., None, None]).square()).sum((2, 3)) + 1e-6).sqrt()
    sy = ((share * (y - my[..., None, None]).square()).sum((2, 3)) + 1e-6).sqrt()
    return torch.stack([mx, my, sx, sy, torch.log(mass + 1.0)], dim=2)


def pretrain(
    dataset: Dataset, camera: str, *, clusters: int = 8, things: int = 5, episodes: int = 60, seed: int = 0
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Colours of the things in a data set's frames: settings and tensors. ValueError where nothing stands out."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(dataset.ids, min(episodes, len(dataset)), replace=False)
    coloured, seen = [], []
    for _, pictures in dataset.each_episode_frames(camera, ids=[int(i) for i in np.sort(chosen)]):
        frames = shrunk(np.asarray(pictures)[:: max(1, len(pictures) // 12)])
        median = frames.median(0).values
        ground = frames.flatten(2).median(2).values.mean(0)
        moving = (frames - median).abs().amax(1) > MOVES
        apart = (frames - ground[None, :, None, None]).abs().amax(1) > MOVES
        coloured.append(frames.permute(0, 2, 3, 1)[moving | apart])
        seen.append(frames[:: max(1, len(frames) // 4)])
    pixels = torch.cat(coloured).numpy()
    if len(pixels) < 10 * clusters:
        raise ValueError(f"nothing stands out from the ground in the frames of camera {camera!r}; name another camera")
    if len(pixels) > PIXELS:
        pixels = pixels[rng.choice(len(pixels), PIXELS, replace=False)]
    centres, _ = kmeans2(pixels.astype(np.float64), clusters, minit="++", rng=rng, missing="warn")
    colours = torch.from_numpy(centres).float()
    line = torch.linspace(-1, 1, SIDE)
    found = moments(masks(torch.cat(seen), colours), line.repeat(SIDE, 1), -line[:, None].repeat(1, SIDE))
    present = found[..., 4] > np.log(1 + 3.0)
    spread = torch.where(present, found[..., 2:4].mean(-1), torch.nan).nanmedian(0).values
    often = present.float().mean(0)
    order = torch.argsort(torch.where((often > 0.3) & ~spread.isnan(), spread, torch.inf))
    kept = [int(i) for i in order if spread[i] < STILLEST * 2 and often[i] > 0.3][:things]
    if not kept:
        raise ValueError(f"no compact thing of one colour in the frames of camera {camera!r}; pretrain 'contrastive'")
    settings = {"camera": camera, "clusters": clusters, "things": len(kept), "seed": seed}
    return settings, {"colours": colours[kept].contiguous()}
