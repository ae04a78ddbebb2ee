"""A point cloud with a fixed number of points of everything that can be seen."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64, Int64

from envs.dressing.raster import Drawn, Raster


def cloud(
    raster: Raster, drawn: Drawn, labels: Sequence[tuple[int, int]], fallback: Float[np.ndarray, "l 3"]
) -> tuple[Float64[np.ndarray, "n 3"], Int64[np.ndarray, " n"]]:
    """Points seen [m, world] and their labels, for every (label, count) in order: exactly `count` points each.

    They are spread evenly over the pixels of the label, row by row, and repeat where those are fewer than `count`. A
    label that is seen nowhere has its point of `fallback`, one for each of `labels`, `count` times.
    """
    if len(fallback) != len(labels):
        raise ValueError(f"{len(labels)} labels but {len(fallback)} fallback points; give one for each, in their order")
    counts = np.array([count for _, count in labels], np.int64).reshape(-1)
    for label, count in labels:
        if count < 0:
            raise ValueError(f"{count} points of label {label}; ask for 0 or more")
    points = np.repeat(np.asarray(fallback, float), counts, axis=0)
    pixels = [spread(np.flatnonzero(drawn.label == label), count) for label, count in labels]
    seen = np.concatenate([*pixels, np.zeros(0, np.int64)])
    shown = np.flatnonzero(seen >= 0)
    points[shown] = raster.unproject(drawn.depth, *np.divmod(seen[shown], raster.width))
    return points, np.repeat(np.array([label for label, _ in labels], np.int64), counts)


def spread(pixels: Int64[np.ndarray, " p"], count: int) -> Int64[np.ndarray, " c"]:
    """So many of them, evenly spaced and in order; all -1 where there are none."""
    return pixels[np.arange(count) * len(pixels) // count] if count and len(pixels) else np.full(count, -1)
