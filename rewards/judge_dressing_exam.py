"""How right a judge of dressing is on moments it never saw: pairs of one episode and of two, by gap and garment."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from embodied.vision import to_float
from rewards.dressed_phrasings import SENTENCES
from rewards.judge_dressing_network import DressingNet
from rewards.judge_dressing_training import Moments
from rewards.judge_exam import Tested, measured, threshold, usual
from rewards.judge_network import SAME, answers
from rewards.sentences import OutOfScope, understand
from rewards.sentences_dressing import GARMENTS

WIDE = 0.05
"""The gap [progress] from which on an answer is wanted to be right."""


@torch.no_grad()
def scored(net: DressingNet, material: Moments, device: torch.device) -> tuple[Tensor, Tensor]:
    """Score and doubt of every moment, (g, k)."""
    net.eval()
    seen = [net(to_float(frames.to(device))) for frames in material.frames]
    return torch.stack([s.score for s in seen]).cpu(), torch.stack([s.doubt for s in seen]).cpu()


def within(score: Tensor, doubt: Tensor, progress: Tensor) -> Tested:
    """Every pair of moments of every episode."""
    i, j = torch.triu_indices(progress.shape[1], progress.shape[1], 1)
    return compared(score, doubt, progress, i, j)


def across(score: Tensor, doubt: Tensor, progress: Tensor) -> Tested:
    """Moments of two episodes, as many pairs of them as of one."""
    n, generator = progress.numel(), torch.Generator().manual_seed(0)
    pairs = torch.randint(n, (2, n * (progress.shape[1] - 1) // 2), generator=generator)
    i, j = pairs[:, pairs[0] // progress.shape[1] != pairs[1] // progress.shape[1]]
    return compared(score.flatten()[None], doubt.flatten()[None], progress.flatten()[None], i, j)


def compared(score: Tensor, doubt: Tensor, progress: Tensor, i: Tensor, j: Tensor) -> Tested:
    """The judge's opinion of moments i and j of every row."""
    left, same, right = answers((score[:, i], doubt[:, i]), (score[:, j], doubt[:, j]))
    gap = progress[:, i] - progress[:, j]
    return Tested(*(x.flatten().double().numpy() for x in (gap, left, same, right)))


def wide(found: Tested, sure: float) -> dict[str, float]:
    """Of the pairs more than WIDE apart: the share right of those decided, and decided."""
    apart = np.abs(found.gap) > WIDE
    decided = apart & (found.sure > sure)
    return {
        "right": float(found.correct[decided].mean()) if decided.any() else float("nan"),
        "decided": float(decided.sum() / max(1, apart.sum())),
    }


def examined(
    net: DressingNet, validation: Moments, tests: Mapping[str, Moments], trained_on: Moments, device: torch.device
) -> dict[str, Any]:
    """What the card says of a net, rounded to the halves it is kept in; and the tensors to keep."""
    with torch.no_grad():
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
    sure = threshold(within(*scored(net, validation, device), validation.progress))
    figures: dict[str, Any] = {}
    by_garment: dict[str, Any] = {}
    for name, test in tests.items():
        score, doubt = scored(net, test, device)
        error = (score - test.progress).abs()
        same, other = within(score, doubt, test.progress), across(score, doubt, test.progress)
        figures[name] = {**measured(same, sure), **accuracy(error), "wide": wide(same, sure)}
        figures[f"{name}, across"] = {**measured(other, sure), **accuracy(error), "wide": wide(other, sure)}
        figures[name]["order"] = ordered(score, test.progress)
        figures[name]["calibration"] = calibrated(same)
        for number, garment in enumerate(GARMENTS):
            of = test.garment == number
            if name == "held-out" and of.any():
                found = within(score[of], doubt[of], test.progress[of])
                every = {"right_all": measured(found, sure)["right"], **accuracy(error[of])}
                by_garment[garment] = {**every, **wide(found, sure)}
    low, high = usual(trained_on.frames)
    halves = {k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    return {
        "what": "a small judge of simulated dressing, distilled from the simulator's state; no foundation model",
        "world": "dressing",
        "garments": list(GARMENTS),
        "parameters": sum(p.numel() for p in net.parameters()),
        "sure": sure,
        "tests": figures,
        "by_garment": by_garment,
        "understood": understood(),
        "pairs_per_second": speed(net, tests["held-out"], device),
        "tensors": {f"net.{k}": v for k, v in halves.items()} | {"low": low.half(), "high": high.half()},
    }


def accuracy(error: Tensor) -> dict[str, float]:
    """Of the score as a measure of progress."""
    return {"error": float(error.mean()), "error_90": float(error.flatten().quantile(0.9))}


def ordered(score: Tensor, progress: Tensor) -> float:
    """Spearman's rank correlation of score and progress within an episode, the median of the episodes."""
    found = [np.corrcoef(ranks(s), ranks(p))[0, 1] for s, p in zip(score.numpy(), progress.numpy(), strict=True)]
    return float(np.nanmedian(found))


def ranks(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Equal ones share their mean rank."""
    _, where, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[where]


def calibrated(found: Tested) -> list[dict[str, float]]:
    """How often a side is right, of the pairs to which it gave about the same probability."""
    truly = np.abs(found.gap) > SAME
    rows = []
    for low, high in ((0.5, 0.7), (0.7, 0.9), (0.9, 0.97), (0.97, 1.0)):
        here = (found.sure > low) & (found.sure <= high)
        if here.any():
            right = float((found.correct & truly)[here].mean())
            rows.append({"said": float(found.sure[here].mean()), "right": right, "pairs": int(here.sum())})
    return rows


def understood() -> float:
    """The share of other people's wordings that is understood."""

    def read(sentence: str) -> bool:
        try:
            return understand(sentence).predicate == "dressed"
        except OutOfScope:
            return False

    return float(np.mean([read(sentence) for sentence in SENTENCES]))


@torch.no_grad()
def speed(net: DressingNet, material: Moments, device: torch.device, pairs: int = 256) -> float:
    """Pairs a second, of two pictures that no other pair shows."""
    frames = material.frames.flatten(0, 1)[: 2 * pairs]
    began = time.perf_counter()
    for part in frames.split(32):
        net(to_float(part.to(device)))
    return len(frames) / 2 / (time.perf_counter() - began)
