"""An encoder that tells moments of a video apart, learned without labels (time-contrastive: Sermanet et al. 2018).

Frames of one video that are near in time shall be alike, and others of the same video not: InfoNCE within each video.
What never changes in a video (the ground, what only lies about) does not help, and is left out of the features.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor, nn

from embodied.dataset import Dataset
from embodied.training import seeded
from embodied.vision import shifted
from rewards.frames import digest_of, thinned
from rewards.object_encoder import shrunk

SIDE = 48
NEARBY = 2
"""Frames at most so far apart are alike."""
FRAMES = 8
"""Of each video, in each update."""
VIDEOS = 12
TEMPERATURE = 0.1
SHIFT = 2


class Trunk(nn.Module):
    """Three strided convolutions, then where each of k patterns is and how strong: (n, 3, s, s) -> (n, 3 k)."""

    def __init__(self, patterns: int) -> None:
        super().__init__()
        widths = (3, 24, 48, patterns)
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [nn.Conv2d(a, b, 3, stride=2 if b != patterns else 1, padding=1), nn.GroupNorm(4, b), nn.ReLU()]
        self.body = nn.Sequential(*layers[:-2])

    def forward(self, x: Tensor) -> Tensor:
        found = self.body(x - 0.5)
        n, k, h, w = found.shape
        weight = torch.softmax(found.flatten(2) * 4.0, dim=2).view(n, k, h, w)
        line_x, line_y = torch.linspace(-1, 1, w, device=x.device), torch.linspace(-1, 1, h, device=x.device)
        return torch.cat([weight.sum(2) @ line_x, weight.sum(3) @ line_y, found.flatten(2).amax(2)], dim=1)


class ContrastiveEncoder:
    """The trained trunk, frozen."""

    def __init__(self, settings: Mapping[str, Any], tensors: dict[str, Tensor]) -> None:
        self.digest = digest_of({"kind": "contrastive", **settings}, tensors)
        with seeded(0):
            self.trunk = Trunk(int(settings["patterns"]))
        self.trunk.load_state_dict(tensors)
        self.trunk.eval().requires_grad_(False)

    def encode(self, frames: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n f"]:
        """One row per picture."""
        return self.trunk(shrunk(frames, SIDE)).numpy()


def contrast(found: Float32[Tensor, "v t d"], near: Tensor) -> Float32[Tensor, ""]:
    """InfoNCE within videos: `near` (v, t, t) says which frames are alike; each frame is its own no-one."""
    unit = nn.functional.normalize(found, dim=-1)
    score = unit @ unit.transpose(1, 2) / TEMPERATURE
    own = torch.eye(score.shape[1], dtype=torch.bool, device=score.device)
    score = score.masked_fill(own, float("-inf"))
    alike = near & ~own
    likely = torch.logsumexp(score.masked_fill(~alike, float("-inf")), 2) - torch.logsumexp(score, 2)
    return -likely[alike.any(2)].mean()


def pretrain(
    dataset: Dataset,
    camera: str,
    *,
    patterns: int = 32,
    steps: int = 800,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Train on up to 300 episodes; settings and tensors."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    chosen = rng.choice(dataset.ids, min(300, len(dataset)), replace=False)
    videos = [
        shrunk(np.asarray(pictures)[thinned(len(pictures), 60)], SIDE).mul(255).byte()
        for _, pictures in dataset.each_episode_frames(camera, ids=[int(i) for i in np.sort(chosen)])
        if len(pictures) > FRAMES
    ]
    if len(videos) < 2:
        raise ValueError(f"the data set has {len(videos)} videos of more than {FRAMES} frames; give two or more")
    with seeded(seed):
        trunk = Trunk(patterns)
        head = nn.Linear(3 * patterns, 32)
    optimiser = torch.optim.AdamW([*trunk.parameters(), *head.parameters()], lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for step in range(steps):
        frames, near = _drawn(videos, rng)
        x = shifted(frames.flatten(0, 1).float() / 255.0, SHIFT, generator)
        loss = contrast(head(trunk(x)).unflatten(0, frames.shape[:2]), near)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if progress and (step + 1) % 50 == 0:
            progress(step + 1, steps)
    settings = {"camera": camera, "patterns": patterns, "steps": steps, "seed": seed}
    return settings, {name: tensor.detach().clone() for name, tensor in trunk.state_dict().items()}


def _drawn(videos: list[Tensor], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Pairs of neighbouring frames from random videos, and which frames are near."""
    frames, near = [], []
    for i in rng.choice(len(videos), min(VIDEOS, len(videos)), replace=False):
        video = videos[int(i)]
        first = rng.choice(len(video) - NEARBY, min(FRAMES // 2, len(video) - NEARBY), replace=False)
        first = np.resize(first, FRAMES // 2)
        at = np.concatenate([first, first + rng.integers(1, NEARBY + 1, len(first))])
        frames.append(video[at])
        near.append(torch.from_numpy(np.abs(at[:, None] - at[None]) <= NEARBY))
    return torch.stack(frames), torch.stack(near)
