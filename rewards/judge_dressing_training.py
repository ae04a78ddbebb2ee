"""Teaching the judge of dressing from acted moments whose truth is known.

Loss: - log P(answer) for pairs of one episode and of two (see `judge_network.answers`), the score against the progress
itself, where arm, gripper and opening are in the picture and in the world, and how far along the arm, if at all, the
opening encloses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor, nn

from embodied.training import load_optimiser, optimiser_tensors, prefixed, seeded, under
from rewards.judge_dressing_network import OPENING, DressingNet, Seen, grid
from rewards.judge_training import METRES, surprise

ACROSS = 3  # pairings of a batch's pictures across episodes


@dataclass(frozen=True)
class DressingJudgeConfig:
    """How a judge of dressing is trained."""

    groups: int = 600
    """Episodes, acted in scenes of the split "train"; twenty moments of each."""
    copies: int = 3
    """How often each is drawn: once as it was, then turned, moved and in other shades."""
    epochs: float = 16.0
    batch: int = 12
    """Drawn episodes per update."""
    moments: int = 8
    """Of each, per update."""
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    brightness: float = 0.15
    """Pictures are made brighter or darker by up to this share."""
    bfloat16: bool = False
    """Convolutions in half precision: more than twice as fast on a processor that has it, slower elsewhere."""
    test_groups: int = 40
    """Episodes of each test, and of the choice of when it is sure."""

    def __post_init__(self) -> None:
        if self.test_groups < 2:
            raise ValueError(f"test_groups is {self.test_groups}; test on at least two")
        if self.copies < 1 or self.groups * self.copies < self.batch or self.epochs <= 0:
            raise ValueError(
                f"groups is {self.groups}, copies {self.copies} and epochs {self.epochs}; draw at least {self.batch} "
                "episodes in all, and train on some"
            )

    @property
    def steps(self) -> int:
        """Updates."""
        return max(1, int(self.groups * self.copies * self.epochs / self.batch))


@dataclass(frozen=True, eq=False)
class Moments:
    """G groups of K moments as tensors; see `envs.dressing.posing.Posed`."""

    frames: UInt8[Tensor, "g k h w 3"]
    garment: Int64[Tensor, " g"]
    progress: Float[Tensor, "g k"]
    along: Float[Tensor, "g k"]
    encloses: Bool[Tensor, "g k"]
    places: Float[Tensor, "g k p 2"]
    positions: Float[Tensor, "g k p 3"]

    @classmethod
    def of(cls, posed: Any) -> "Moments":
        """From arrays of the same names."""
        return cls(*(torch.from_numpy(np.ascontiguousarray(getattr(posed, n))) for n in cls.__dataclass_fields__))

    def rows(self, index: Any) -> "Moments":
        """Some of the groups."""
        return Moments(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def some(self, groups: Tensor, moments: Tensor) -> "Moments":
        """Of these groups, these moments: (g, n)."""
        pick = groups[:, None], moments
        chosen = {name: getattr(self, name)[pick] for name in self.__dataclass_fields__ if name != "garment"}
        return Moments(garment=self.garment[groups], **chosen)

    def __len__(self) -> int:
        return len(self.frames)


class DressingLearner:
    """What `embodied.training.train` drives; what step n does depends on n, the seed and the tensors alone."""

    about = "acted moments of dressing"

    def __init__(self, material: Moments, config: DressingJudgeConfig, seed: int, device: torch.device) -> None:
        self.material, self.config, self.seed, self.device = material, config, seed, device
        with seeded(seed):
            self.net = DressingNet().to(device).to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98)
        )

    def update(self, step: int) -> Mapping[str, Tensor]:
        config, total = self.config, self.config.steps
        warm = max(1, total // 10)
        share = step / warm if step < warm else 0.5 * (1 + np.cos(np.pi * (step - warm) / max(1, total - warm)))
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate * max(share, 0.01)
        batches = len(self.material) // config.batch
        order = np.random.default_rng([self.seed, step // batches]).permutation(len(self.material))
        groups = torch.from_numpy(order[step % batches * config.batch :][: config.batch])
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        kept = torch.rand(self.material.progress[groups].shape, generator=generator).argsort(1)[:, : config.moments]
        some = self.material.some(groups, kept)
        self.net.train()
        pictures = lit(some.frames.flatten(0, 1), config.brightness, generator).to(self.device)
        seen = self.net(pictures, config.bfloat16)
        losses = loss(seen, some, self.device, generator)
        self.optimiser.zero_grad(set_to_none=True)
        sum(losses.values(), start=torch.zeros((), device=self.device)).backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        return {name: value.detach() for name, value in losses.items()}

    def tensors(self) -> dict[str, Tensor]:
        return prefixed("net", self.net.state_dict()) | prefixed("optimiser", optimiser_tensors(self.optimiser))

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.net.load_state_dict(under("net", tensors))
        load_optimiser(self.optimiser, under("optimiser", tensors))


def lit(frames: UInt8[Tensor, "n h w 3"], by: float, generator: torch.Generator) -> Float[Tensor, "n 3 h w"]:
    """Pictures in another light: brighter or darker, and each colour a little by itself."""
    n = len(frames)
    light = 1 + by * (2 * torch.rand(n, 1, generator=generator) - 1)
    tint = 1 + by / 4 * (2 * torch.rand(n, 3, generator=generator) - 1)
    return frames.permute(0, 3, 1, 2).float() / 255 * (light * tint)[:, :, None, None]


def expected(looked: Float[Tensor, "n p h w"]) -> Float[Tensor, "n p 2"]:
    """Where each point is looked for on average."""
    return looked.flatten(2).exp() @ grid(looked.shape[2], looked.shape[3], looked)


def missed(looked: Float[Tensor, "n p h w"], places: Float[Tensor, "n p 2"]) -> Float[Tensor, ""]:
    """- log of the share of looking that goes where the points are, over those in the picture.

    A point lies between four cells, each counted by how near it is; so what is best is to look at the point on average.
    """
    height, width = looked.shape[2:]
    at = (places + 1) / 2 * torch.tensor([width, height], device=places.device) - 0.5
    inside = ((at > 0) & (at < torch.tensor([width - 1, height - 1], device=places.device))).all(2)
    low = at.floor().clamp_min(0)
    share = (at - low).clamp(0, 1)
    x, y = (low[..., k].long().clamp_max(n - 2) for k, n in ((0, width), (1, height)))
    flat, total = looked.flatten(2), torch.zeros_like(inside, dtype=looked.dtype)
    for right, down in ((0, 0), (0, 1), (1, 0), (1, 1)):
        near = (share[..., 0] if right else 1 - share[..., 0]) * (share[..., 1] if down else 1 - share[..., 1])
        cell = (y + down) * width + x + right
        total = total - near * flat.gather(2, cell[..., None])[..., 0]
    return (total * inside).sum() / inside.sum().clamp_min(1)


def loss(seen: Seen, some: Moments, device: torch.device, generator: torch.Generator) -> dict[str, Tensor]:
    """The parts of the loss, already weighed against each other."""
    progress = some.progress.to(device)
    score, doubt = seen.score.view_as(progress), seen.doubt.view_as(progress)
    i, j = torch.triu_indices(progress.shape[1], progress.shape[1], 1, device=device)
    pairs = surprise((score[:, i], doubt[:, i]), (score[:, j], doubt[:, j]), progress[:, i] - progress[:, j])
    flat = score.flatten(), doubt.flatten(), progress.flatten()
    rolls = torch.randint(1, len(flat[0]), (ACROSS,), generator=generator).tolist()
    across = sum(surprise(flat[:2], (flat[0].roll(r), flat[1].roll(r)), flat[2] - flat[2].roll(r)) for r in rolls)
    places, positions = (x.to(device).flatten(0, 1) for x in (some.places, some.positions))
    along, encloses = (x.to(device).flatten().float() for x in (some.along, some.encloses))
    relative = positions - positions[:, OPENING, None]
    relative[:, OPENING] = positions[:, OPENING]
    return {
        "pairs": pairs,
        "across": torch.as_tensor(across) / ACROSS,
        "score": 5 * nn.functional.smooth_l1_loss(score, progress, beta=0.02),
        "places": 3 * (expected(seen.looked) - places).abs().clamp_max(1).mean(),
        "looked": 0.1 * missed(seen.looked, places),
        "positions": 0.5 * (seen.positions - METRES * relative).abs().mean(),
        "along": 3 * ((seen.along - along).abs() * encloses).mean(),
        "encloses": 0.5 * nn.functional.binary_cross_entropy_with_logits(seen.encloses, encloses),
    }
