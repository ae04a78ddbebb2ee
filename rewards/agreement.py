"""How good labels and rewards are, where the truth is known: accuracy by gap, rank correlation, pair accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from embodied.types import Pair

EDGES = (0.0, 0.03, 0.1, 0.2, 0.4, 1.0)
DECIDED = 0.03  # a smaller difference in progress is a tie in truth


@dataclass(frozen=True)
class GapBin:
    """Pairs whose progress differs by [low, high): shares of right, wrong, tied and withheld answers."""

    low: float
    high: float
    n: int
    right: float
    wrong: float
    tie: float
    none: float


def label_accuracy(
    pairs: Sequence[Pair], outcomes: Sequence[str], p_left: Sequence[float | None], progress: Mapping[int, np.ndarray]
) -> list[GapBin]:
    """Answers against the truth, by size of the true gap; `progress` is (T + 1,) per episode, last frame judged."""
    gap = np.array([progress[a.episode][a.stop - 1] - progress[b.episode][b.stop - 1] for a, b in pairs])
    said = np.array([0.0 if p is None else 2 * p - 1 for p in p_left])
    tie = np.array([o == "tie" for o in outcomes])
    none = np.array([o in {"abstained", "failed"} for o in outcomes])
    decided = ~tie & ~none
    found = []
    for low, high in pairwise(EDGES):
        here = (np.abs(gap) >= low) & ((np.abs(gap) < high) | (high == EDGES[-1]))
        if n := int(here.sum()):
            right = float((here & decided & (said * gap > 0)).sum()) / n
            ties, withheld = float((here & tie).sum()) / n, float((here & none).sum()) / n
            found.append(GapBin(low, high, n, right, 1 - right - ties - withheld, ties, withheld))
    return found


def summary(bins: Sequence[GapBin]) -> dict[str, float]:
    """Over all pairs: accuracy among decided answers to pairs that truly differ, their number, the share of ties."""
    n = sum(b.n for b in bins)
    differ = [b for b in bins if b.low >= DECIDED]
    right, wrong = (sum(getattr(b, k) * b.n for b in differ) for k in ("right", "wrong"))
    return {
        "pairs": float(n),
        "decided": right + wrong,
        "accuracy": right / (right + wrong) if right + wrong else float("nan"),
        "ties": sum(b.tie * b.n for b in bins) / n if n else float("nan"),
        "withheld": sum(b.none * b.n for b in bins) / n if n else float("nan"),
    }


def rank_correlation(
    reward: Sequence[Float[np.ndarray, " T"]], progress: Sequence[Float[np.ndarray, " T"]]
) -> dict[str, float]:
    """Spearman's correlation over all steps, and the mean of the episodes' own (those in which something changes)."""
    from scipy.stats import spearmanr

    def rho(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.asarray(spearmanr(a, b))[0]) if np.ptp(a) > 0 and np.ptp(b) > 0 else float("nan")

    within = [rho(r, p) for r, p in zip(reward, progress, strict=True)]
    mean = float(np.nanmean(within)) if np.isfinite(within).any() else float("nan")
    return {"overall": rho(np.concatenate(reward), np.concatenate(progress)), "within": mean}


TWELVE = 12
"""Points of a video that are compared with the truth: as published, every fourth of 45 frames."""


def video_correlation(
    value: Float[np.ndarray, "n t"], cost: Float[np.ndarray, "n t"], frames: Sequence[int]
) -> dict[str, float]:
    """How well values of frames follow a cost: Spearman's within videos, averaged, and between videos' means.

    Within a video, `TWELVE` evenly spaced frames of its first `frames[i]` count; videos in which the cost there takes
    fewer than four values are left out of that figure, and `kept` says the share that was not.
    """
    from scipy.stats import spearmanr

    within, totals, costs = [], [], []
    for v, c, n in zip(value, cost, frames, strict=True):
        at = np.unique(np.linspace(0, n - 1, TWELVE).round().astype(int))
        if len(np.unique(np.round(c[at], 6))) >= 4:
            within.append(float(np.asarray(spearmanr(v[at], -c[at]))[0]) if np.ptp(v[at]) > 0 else 0.0)
        totals.append(v[:n].mean())
        costs.append(c[:n].mean())
    across = float(np.asarray(spearmanr(totals, -np.array(costs)))[0]) if np.ptp(totals) > 1e-9 else 0.0
    per_video = float(np.mean(within)) if within else float("nan")
    return {"per video": per_video, "across": across, "kept": len(within) / len(cost)}


def pair_accuracy(
    reward: Float[np.ndarray, " n"], progress: Float[np.ndarray, " n"], rng: np.random.Generator, pairs: int = 20_000
) -> float:
    """How often the reward orders two random steps as progress does, where that differs by more than DECIDED."""
    i, j = rng.integers(0, len(reward), (2, pairs))
    gap = progress[i] - progress[j]
    here = np.abs(gap) > DECIDED
    return float(((reward[i] - reward[j])[here] * gap[here] > 0).mean()) if here.any() else float("nan")


def kappa(a: Sequence[float], b: Sequence[float]) -> float:
    """Cohen's kappa of two sources' sides (1, -1) of the same pairs: 0 is what chance gives, 1 full agreement."""
    one, other = np.asarray(a) > 0, np.asarray(b) > 0
    if not len(one):
        return float("nan")
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return float(((one == other).mean() - chance) / (1 - chance)) if chance < 1 else float("nan")


def side_errors(said: Float[np.ndarray, " n"], gap: Float[np.ndarray, " n"]) -> dict[str, tuple[int, int]]:
    """(wrong, decided) answers where left is ahead and where right is, among the larger half of the differences.

    Small differences are hard for everybody; whoever errs about large ones was not looking.
    """
    known = np.isfinite(gap) & (np.abs(gap) > 0) & (np.abs(said) == 1)
    said, gap = said[known], gap[known]
    wide = np.abs(gap) >= np.median(np.abs(gap)) if len(gap) else np.zeros(0, bool)
    ahead = {"left": wide & (gap > 0), "right": wide & (gap < 0)}
    return {name: (int((said[here] * gap[here] < 0).sum()), int(here.sum())) for name, here in ahead.items()}


def withheld_by_gap(withheld: Bool[np.ndarray, " n"], gap: Float[np.ndarray, " n"]) -> dict[str, float]:
    """How probable it is that a withheld answer is about a smaller difference than a given one, with a 99 % interval.

    The area under the ROC curve (Hanley & McNeil 1982 for its error): 0.5 where withholding is blind, 1 where the
    smallest differences are what is withheld.
    """
    from scipy.stats import mannwhitneyu

    known = np.isfinite(gap)
    few, rest = np.abs(gap[known & withheld]), np.abs(gap[known & ~withheld])
    m, n = len(few), len(rest)
    if m == 0 or n == 0:
        return {"n": m, "value": float("nan"), "low": 0.0, "high": 1.0}
    area = float(mannwhitneyu(rest, few).statistic) / (m * n)
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n)
    half = 2.576 * float(np.sqrt(max(variance, 0.0)))
    return {"n": m, "value": area, "low": max(0.0, area - half), "high": min(1.0, area + half)}


def calibration(confidence: Float[np.ndarray, " n"], right: Bool[np.ndarray, " n"], bins: int = 5) -> dict[str, Any]:
    """Stated confidence against how often it was right, in bins of [0.5, 1], and the expected calibration error."""
    place = np.clip(((confidence - 0.5) * 2 * bins).astype(int), 0, bins - 1)
    rows = [
        {"stated": float(confidence[place == b].mean()), "right": float(right[place == b].mean()), "n": int(n)}
        for b in range(bins)
        if (n := (place == b).sum())
    ]
    error = sum(row["n"] * abs(row["stated"] - row["right"]) for row in rows) / max(1, len(confidence))
    return {"n": len(confidence), "error": float(error), "bins": rows}
