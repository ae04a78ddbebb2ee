"""How good labels and rewards are, where the truth is known: accuracy by gap, rank correlation, pair accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

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
    """Over all pairs: accuracy among decided answers to pairs that truly differ, and the share of ties."""
    n = sum(b.n for b in bins)
    differ = [b for b in bins if b.low >= DECIDED]
    right, wrong = (sum(getattr(b, k) * b.n for b in differ) for k in ("right", "wrong"))
    return {
        "pairs": float(n),
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


def pair_accuracy(
    reward: Float[np.ndarray, " n"], progress: Float[np.ndarray, " n"], rng: np.random.Generator, pairs: int = 20_000
) -> float:
    """How often the reward orders two random steps as progress does, where that differs by more than DECIDED."""
    i, j = rng.integers(0, len(reward), (2, pairs))
    gap = progress[i] - progress[j]
    here = np.abs(gap) > DECIDED
    return float(((reward[i] - reward[j])[here] * gap[here] > 0).mean()) if here.any() else float("nan")
