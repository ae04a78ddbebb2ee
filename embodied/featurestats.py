"""What LeRobot keeps in stats.json: min, max, mean, std, count and five quantiles of every feature."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Shaped, UInt8

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
Stats = dict[str, np.ndarray]


def column_stats(rows: Shaped[np.ndarray, "n d"]) -> Stats:
    """Of one feature over one episode; rows that are not finite are left out."""
    values = np.asarray(rows, np.float64)
    finite = values[np.isfinite(values).all(axis=1)]
    finite = finite if len(finite) else np.zeros_like(values[:1])
    found = {"min": finite.min(0), "max": finite.max(0), "mean": finite.mean(0), "std": finite.std(0)}
    quantiles = np.quantile(finite, list(QUANTILES.values()), axis=0)
    return found | {"count": np.array([len(values)])} | dict(zip(QUANTILES, quantiles, strict=True))


def image_stats(frames: UInt8[np.ndarray, "n H W C"], most: int = 64) -> Stats:
    """Per channel, shape (C, 1, 1), of values in [0, 1], from at most `most` frames and every other pixel."""
    step = 2 if min(frames.shape[1:3]) >= 32 else 1
    shown = frames[np.unique(np.linspace(0, len(frames) - 1, min(most, len(frames))).astype(int)), ::step, ::step]
    values = np.arange(256) / 255
    found: dict[str, list[Any]] = {name: [] for name in ("min", "max", "mean", "std", *QUANTILES)}
    for channel in range(frames.shape[-1]):
        share = np.bincount(shown[..., channel].ravel(), minlength=256) / shown[..., channel].size
        seen, mean, below = np.flatnonzero(share), share @ values, np.cumsum(share)
        found["min"].append(values[seen[0]])
        found["max"].append(values[seen[-1]])
        found["mean"].append(mean)
        found["std"].append(np.sqrt(share @ (values - mean) ** 2))
        for name, q in QUANTILES.items():
            found[name].append(values[min(255, int(np.searchsorted(below, q)))])
    return {name: np.array(v).reshape(-1, 1, 1) for name, v in found.items()} | {"count": np.array([len(shown)])}


def combined(old: Mapping[str, Stats], new: Mapping[str, Stats]) -> dict[str, Stats]:
    """Both together; quantiles are averaged by count, as LeRobot does."""
    return {name: _both(old[name], stats) if name in old else stats for name, stats in new.items()}


def _both(a: Stats, b: Stats) -> Stats:
    n, m = int(a["count"][0]), int(b["count"][0])
    mean = (n * a["mean"] + m * b["mean"]) / (n + m)
    square = n * (a["std"] ** 2 + (a["mean"] - mean) ** 2) + m * (b["std"] ** 2 + (b["mean"] - mean) ** 2)
    found = {"min": np.minimum(a["min"], b["min"]), "max": np.maximum(a["max"], b["max"]), "mean": mean}
    found |= {"std": np.sqrt(square / (n + m)), "count": np.array([n + m])}
    return found | {name: (n * a[name] + m * b[name]) / (n + m) for name in QUANTILES}


def to_json(stats: Mapping[str, Stats]) -> dict[str, Any]:
    """Plain data."""
    return {feature: {name: value.tolist() for name, value in s.items()} for feature, s in stats.items()}


def from_json(data: Mapping[str, Any]) -> dict[str, Stats]:
    """The inverse of `to_json`."""
    return {feature: {name: np.asarray(value) for name, value in s.items()} for feature, s in data.items()}
