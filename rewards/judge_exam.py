"""How right a judge is on moments it never saw: decided pairs, ties and real differences withheld, by gap."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from embodied.vision import to_float
from rewards.judge_network import SAME, JudgeNet, answers
from rewards.judge_training import Material, judge_all
from rewards.phrasings import worded
from rewards.sentences import COLOURS, PREDICATES, OutOfScope, understand

GAPS = (SAME, 0.03, 0.1, 0.3, 1.0)
TIES_LEFT, REAL_WITHHELD = 0.80, 0.15
"""What is wanted of the answers: so many of the ties withheld at least, so many of the real differences at most."""

MARGIN = 0.02
"""How far [of 1] a cell of a picture may leave what was seen in training and still be usual."""


@dataclass(frozen=True, eq=False)
class Tested:
    """Pairs of moments of one scene: true gap, and the probability of left, same and right."""

    gap: Float[np.ndarray, " n"]
    left: Float[np.ndarray, " n"]
    same: Float[np.ndarray, " n"]
    right: Float[np.ndarray, " n"]

    def where(self, chosen: Bool[np.ndarray, " n"]) -> "Tested":
        """Some of the pairs."""
        return Tested(self.gap[chosen], self.left[chosen], self.same[chosen], self.right[chosen])

    @property
    def sure(self) -> Float[np.ndarray, " n"]:
        """The probability of the likelier side."""
        return np.maximum(self.left, self.right)

    @property
    def correct(self) -> Bool[np.ndarray, " n"]:
        """Whether the likelier side is the one that is further."""
        return (self.left > self.right) == (self.gap > 0)


@torch.no_grad()
def tried(net: JudgeNet, material: Material, device: torch.device) -> Tested:
    """The judge's opinion of every pair of moments of every group, by every question."""
    net.eval()
    parts = [material.rows(slice(i, i + 40)) for i in range(0, len(material), 40)]
    judged = [judge_all(net, part, device) for part in parts]
    score = torch.cat([j.score for j in judged]).view(material.progress.shape).cpu()
    doubt = torch.cat([j.doubt for j in judged]).view(material.progress.shape).cpu()
    k = material.progress.shape[2]
    i, j = torch.triu_indices(k, k, 1)
    left, same, right = answers((score[..., i], doubt[..., i]), (score[..., j], doubt[..., j]))
    gap = material.progress[..., i] - material.progress[..., j]
    return Tested(*(x.flatten().double().numpy() for x in (gap, left, same, right)))


def threshold(found: Tested) -> float:
    """The probability above which a side is taken: the highest that withholds few enough real differences.

    Half-way between the two demands where both can be met; chosen on moments that nothing is reported on.
    """
    real = np.abs(found.gap) > SAME
    highest = float(np.quantile(found.sure[real], 0.8 * REAL_WITHHELD))
    lowest = float(np.quantile(found.sure[~real], TIES_LEFT)) if (~real).any() else highest
    return float(np.clip(highest if lowest > highest else (highest + lowest) / 2, 0.34, 0.95))


def measured(found: Tested, sure: float) -> dict[str, Any]:
    """Accuracy of decided pairs, ties and real differences withheld, over all and by gap."""
    real, decided = np.abs(found.gap) > SAME, found.sure > sure

    def share(of: np.ndarray, among: np.ndarray) -> float:
        return float(of[among].mean()) if among.any() else float("nan")

    bins = []
    for low, high in pairwise(GAPS):
        here = (np.abs(found.gap) > low) & (np.abs(found.gap) <= high)
        bins.append(
            {
                "low": low, "high": high, "pairs": int(here.sum()),
                "right": share(found.correct, here & decided), "withheld": share(~decided, here),
            }
        )  # fmt: skip
    return {
        "pairs": int(real.sum()),
        "ties": int((~real).sum()),
        "right": share(found.correct, real & decided),
        "right_if_forced": share(found.correct, real),
        "ties_withheld": share(~decided, ~real),
        "real_withheld": share(~decided, real),
        "by_gap": bins,
    }


def examined(
    net: JudgeNet, validation: Material, tests: Mapping[str, Material], trained_on: Material, device: torch.device
) -> dict[str, Any]:
    """What the card says of a net, rounded to the halves it is kept in; and the tensors to keep."""
    with torch.no_grad():
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
    sure = threshold(tried(net, validation, device))
    found = {name: tried(net, material, device) for name, material in tests.items()}
    wording, share = understood(tests["scenes"])
    figures = {name: measured(opinion, sure) for name, opinion in found.items()}
    figures["wordings"] = {**measured(found["scenes"].where(wording), sure), "understood": share}
    low, high = usual(trained_on.frames)
    halves = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    return {
        "what": "a small judge of the simulated tabletop, distilled from the simulator's state; no foundation model",
        "colours": list(COLOURS),
        "predicates": list(PREDICATES),
        "parameters": sum(p.numel() for p in net.parameters()),
        "sure": sure,
        "tests": figures,
        "by_predicate": by_predicate(net, tests["scenes"], sure, device),
        "pairs_per_second": speed(net, tests["scenes"], device),
        "tensors": {f"net.{k}": v for k, v in halves.items()} | {"low": low.half(), "high": high.half()},
    }


def understood(material: Material) -> tuple[Bool[np.ndarray, " n"], float]:
    """Per pair of `tried`, whether its question is understood in another wording; and the share that is."""
    rng, right = np.random.default_rng(0), []
    for codes in material.meaning.flatten(0, 1).tolist():
        try:
            right.append(understand(worded(tuple(codes), rng)).codes() == tuple(codes))
        except OutOfScope:
            right.append(False)
    k = material.progress.shape[2]
    return np.repeat(right, k * (k - 1) // 2), float(np.mean(right))


def by_predicate(net: JudgeNet, material: Material, sure: float, device: torch.device) -> dict[str, float]:
    """The share of right answers among decided pairs, by kind of wish."""
    found, k = tried(net, material, device), material.progress.shape[2]
    kind = np.repeat(material.meaning[..., 0].flatten().numpy(), k * (k - 1) // 2)
    return {name: measured(found.where(kind == i), sure)["right"] for i, name in enumerate(PREDICATES)}


def usual(frames: UInt8[Tensor, "g k h w 3"], groups: int = 600) -> tuple[Tensor, Tensor]:
    """Between what values the cells of the reduced picture (3, 24, 24) lie, but for one time in a hundred."""
    small = to_float(frames[:: max(1, len(frames) // groups), ::2].flatten(0, 1), 24)
    low, high = torch.quantile(small.flatten(1), torch.tensor([0.005, 0.995]), dim=0).view(2, 3, 24, 24)
    return low - MARGIN, high + MARGIN


@torch.no_grad()
def speed(net: JudgeNet, material: Material, device: torch.device, pairs: int = 512) -> float:
    """Pairs a second, of two pictures that no other pair shows."""
    frames = material.frames.flatten(0, 1)[: 2 * pairs]
    meaning = torch.zeros(len(frames), 3, dtype=torch.long, device=device)
    began = time.perf_counter()
    for part, asked in zip(frames.split(32), meaning.split(32), strict=True):
        net(net.look(to_float(part.to(device))), asked)
    return len(frames) / 2 / (time.perf_counter() - began)
