"""Whether two moments look alike, cheaply: pictures reduced to 16 x 16 cells, or low-dimensional observations."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped, UInt8

CELLS = 16
PICTURE, STATE = 4.0, 0.02  # grey levels of 255; standard deviations
AT_ONCE = 512


@dataclass(eq=False)
class Likeness:
    """Compares rows of `moments`; looks at each moment once, when it first matters.

    `limit` is the largest difference in any cell or dimension that still counts as alike; negative: nothing is.
    """

    dataset: Any
    moments: Int64[np.ndarray, "m 2"]
    camera: str | None
    limit: float
    _place: Int64[np.ndarray, " m"] = field(init=False, repr=False)
    _seen: list[Shaped[np.ndarray, "n d"]] = field(init=False, repr=False, default_factory=list)
    _table: Shaped[np.ndarray, "n d"] = field(init=False, repr=False)

    @classmethod
    def of(cls, dataset: Any, moments: Int64[np.ndarray, "m 2"], camera: str | None, limit: float | None) -> "Likeness":
        """With the usual limit for pictures or states unless another is given."""
        usual = STATE if camera is None else PICTURE
        return cls(dataset, moments, camera, usual if limit is None else limit)

    def __post_init__(self) -> None:
        self._place = np.full(len(self.moments), -1)
        if self.camera is None and self.limit >= 0:
            self._table = states(self.dataset, self.moments)
            self._place = np.arange(len(self.moments))
        else:
            self._table = np.zeros((0, 0), np.uint8)

    def pairs(self, i: Int64[np.ndarray, " n"], j: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Which of the pairs of rows look alike."""
        if self.limit < 0:
            return np.zeros(len(i), bool)
        self._look(np.union1d(i, j))
        result = np.zeros(len(i), bool)
        for start in range(0, len(i), AT_ONCE):  # bounds the memory for differences
            some = slice(start, start + AT_ONCE)
            a, b = (self._table[self._place[k[some]]].astype(np.float32) for k in (i, j))
            result[some] = np.abs(a - b).max(axis=1, initial=0) <= self.limit
        return result

    def _look(self, rows: Int64[np.ndarray, " n"]) -> None:
        new = rows[self._place[rows] < 0]
        if not len(new):
            return
        looks = [self._table] if len(self._table) else []
        for start in range(0, len(new), AT_ONCE):
            frames = self.dataset.frames(self.camera, self.moments[new[start : start + AT_ONCE]])
            looks.append(reduced(np.asarray(frames)))
        self._place[new] = len(self._table) + np.arange(len(new))
        self._table = np.concatenate(looks)


def reduced(frames: UInt8[np.ndarray, "n h w c"]) -> Float32[np.ndarray, "n d"]:
    """Means over a grid of at most 16 x 16 cells, per channel."""
    n, height, width, channels = frames.shape
    rows, columns = (np.linspace(0, s, min(CELLS, s) + 1).astype(int)[:-1] for s in (height, width))
    sums = np.add.reduceat(np.add.reduceat(frames, rows, axis=1, dtype=np.uint32), columns, axis=2)
    area = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))[None, :, :, None]
    return (sums / area).astype(np.float32).reshape(n, len(rows) * len(columns) * channels)


def states(dataset: Any, moments: Int64[np.ndarray, "m 2"]) -> Float32[np.ndarray, "m d"]:
    """All low-dimensional observations at the moments, in standard deviations over the data set."""
    names = sorted(name for name, array in dataset.spec.obs.items() if not array.is_image)
    if not names:
        raise ValueError(
            f"the data set has only pictures; name a camera to compare moments by: {', '.join(dataset.cameras)}"
        )
    arrays = dataset.low_dim(names)
    table = np.concatenate([np.asarray(arrays[name], np.float32).reshape(len(arrays[name]), -1) for name in names], 1)
    spread = table.std(axis=0)
    frames = np.asarray(dataset.lengths, np.int64) + 1
    start = dict(zip(np.asarray(dataset.ids).tolist(), (np.cumsum(frames) - frames).tolist(), strict=True))
    rows = np.array([start[episode] for episode in moments[:, 0].tolist()], np.int64) + moments[:, 1]
    return table[rows] / np.where(spread > 0, spread, 1)
