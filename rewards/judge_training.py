"""Teaching the embedded judge from posed moments whose truth is known.

Loss: - log P(answer) for pairs of one scene and of two (see `judge_network.answers`), the score against the progress
itself, and where the block, the target and the tip are in the picture and in the world (grounding, without which
nothing much is learned in minutes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int8, UInt8
from torch import Tensor, nn

from embodied.training import load_optimiser, optimiser_tensors, prefixed, seeded, under
from rewards.judge_network import SAME, Judged, JudgeNet, View, answers
from rewards.sentences import COLOURS, PREDICATES

METRES = 5.0  # a position [m] times this is of order one
ACROSS = 3  # pairings of a batch's pictures across scenes


@dataclass(frozen=True)
class JudgeConfig:
    """How a judge is trained."""

    groups: int = 4000
    """Posed scenes of six moments each."""
    epochs: float = 6.0
    batch: int = 24
    """Scenes per update."""
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    brightness: float = 0.1
    """Pictures are made brighter or darker by up to this share."""
    test_groups: int = 500
    """Scenes of each test, and of the choice of when it is sure."""

    def __post_init__(self) -> None:
        if self.test_groups < 1:
            raise ValueError(f"test_groups is {self.test_groups}; test on at least one")
        if self.groups < 2 * self.batch or self.epochs <= 0:
            raise ValueError(
                f"groups is {self.groups} and epochs {self.epochs}; train on at least {2 * self.batch} groups, and some"
            )

    @property
    def steps(self) -> int:
        """Updates."""
        return max(1, int(self.groups * self.epochs / self.batch))


@dataclass(frozen=True, eq=False)
class Material:
    """G groups of K moments with Q questions each, as tensors; see `envs.tabletop.posing.Posed`."""

    frames: UInt8[Tensor, "g k h w 3"]
    meaning: Int8[Tensor, "g q 3"]
    colour: Int8[Tensor, "g q"]
    progress: Float[Tensor, "g q k"]
    places: Float[Tensor, "g q k 3 2"]
    positions: Float[Tensor, "g q k 3 3"]

    @classmethod
    def of(cls, posed: Any) -> "Material":
        """From arrays of the same names."""
        names = ("frames", "meaning", "colour", "progress", "places", "positions")
        return cls(*(torch.from_numpy(np.ascontiguousarray(getattr(posed, name))) for name in names))

    def rows(self, index: Tensor | slice) -> "Material":
        """Some of the groups."""
        return Material(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.frames)


class JudgeLearner:
    """What `embodied.training.train` drives; what step n does depends on n, the seed and the tensors alone."""

    about = "posed moments of the tabletop"

    def __init__(self, material: Material, config: JudgeConfig, seed: int, device: torch.device) -> None:
        self.material, self.config, self.seed, self.device = material, config, seed, device
        with seeded(seed):
            self.net = JudgeNet(len(PREDICATES), len(COLOURS)).to(device)
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
        chosen = torch.from_numpy(order[step % batches * config.batch :][: config.batch])
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        self.net.train()
        some = self.material.rows(chosen)
        light = 1 + config.brightness * (
            2 * torch.rand(some.frames.shape[0] * some.frames.shape[1], generator=generator) - 1
        )
        judged = judge_all(self.net, some, self.device, light)
        losses = loss(judged, some, self.device, generator)
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


def judge_all(net: JudgeNet, some: Material, device: torch.device, light: Tensor | None = None) -> Judged:
    """Every moment judged by every question of its group, in the order (group, question, moment)."""
    g, k = some.frames.shape[:2]
    q = some.meaning.shape[1]
    pictures = some.frames.flatten(0, 1).to(device).permute(0, 3, 1, 2).float() / 255
    view = net.look(pictures if light is None else pictures * light.to(device)[:, None, None, None])
    row = torch.arange(g * k, device=device).view(g, 1, k).expand(g, q, k).reshape(-1)
    meaning = some.meaning[:, :, None].expand(g, q, k, 3).reshape(-1, 3).to(device)
    return net(View(view.keys[row], view.values[row]), meaning)


def loss(judged: Judged, some: Material, device: torch.device, generator: torch.Generator) -> dict[str, Tensor]:
    """The parts of the loss, already weighed against each other."""
    progress = some.progress.to(device)
    score, doubt = judged.score.view_as(progress), judged.doubt.view_as(progress)
    i, j = torch.triu_indices(progress.shape[2], progress.shape[2], 1, device=device)
    pairs = surprise(
        (score[..., i], doubt[..., i]), (score[..., j], doubt[..., j]), progress[..., i] - progress[..., j]
    )
    flat = score.flatten(), doubt.flatten(), progress.flatten()
    rolls = torch.randint(1, len(flat[0]), (ACROSS,), generator=generator).tolist()
    across = sum(
        surprise(flat[:2], (flat[0].roll(r), flat[1].roll(r)), flat[2] - flat[2].roll(r)) for r in rolls
    )  # fmt: skip
    colour = some.colour[:, :, None].expand(progress.shape).reshape(-1).long().to(device)
    places, positions = (x.to(device).flatten(0, 2) for x in (some.places, some.positions))
    return {
        "pairs": pairs,
        "across": torch.as_tensor(across) / ACROSS,
        "score": 5 * nn.functional.smooth_l1_loss(score, progress, beta=0.02),
        "places": 4 * (judged.places - places).abs().clamp_max(1).mean(),
        "colour": 0.3 * nn.functional.cross_entropy(judged.colour, colour),
        "positions": 0.5 * (judged.positions - METRES * positions).abs().mean(),
    }


def surprise(left: tuple[Tensor, Tensor], right: tuple[Tensor, Tensor], gap: Tensor) -> Tensor:
    """- log of the probability of the true answers."""
    further, same, behind = answers(left, right)
    probable = torch.where(gap > SAME, further, torch.where(gap < -SAME, behind, same))
    return -probable.clamp_min(1e-6).log().mean()
