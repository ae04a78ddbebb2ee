"""Which pairs of moments to ask about: half across episodes, half within one, none that look alike."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from embodied.types import Pair, moment
from rewards.likeness import Likeness

Indices = Int64[np.ndarray, " n"]
Draw = Callable[[int], tuple[Indices, Indices]]
ROUNDS = 30


def select(
    dataset: Any,
    n: int,
    rng: np.random.Generator,
    *,
    camera: str | None = None,
    across: float = 0.5,
    near_duplicate: float | None = None,
    moments: Int64[np.ndarray, "m 2"] | None = None,
    groups: int = 0,
) -> list[Pair]:
    """At most `n` distinct pairs of frames (0..T) that do not look alike, reproducible from `rng`.

    A share `across` joins two episodes; the rest lies within one, time gaps spread log-uniformly. Which side is
    left is a coin toss. `moments` (episode id, frame) restricts where frames come from, e.g. to those a first
    model rates highly. With `groups` = k, frames come k at a time and every pair of a group is returned, group
    after group (see `group_names`): a share `across` of the groups takes k / 2 frames from each of two episodes,
    the others k frames from anywhere, so n pairs show far fewer than 2 n pictures.

    Alike: no cell of the `camera` picture reduced to 16 x 16 differs by more than `near_duplicate` (4 of 255), or
    without a camera, no low-dimensional observation by more than `near_duplicate` (0.02) standard deviations;
    negative keeps everything. Fewer pairs come back if the data hold no more. Raises ValueError if there are none.
    """
    if not 0 <= across <= 1:
        raise ValueError(f"across is {across}; it is a share in [0, 1]")
    if n < max(1, comb(groups, 2)):
        raise ValueError(f"cannot select {n} pairs; give at least {max(1, comb(groups, 2))}")
    if groups < 0 or groups == 1:
        raise ValueError(f"groups of {groups} frames hold no pair; give 2 or more, or 0 for independent pairs")
    pool = Pool.of(dataset, moments)
    if across and pool.episodes < 2:
        raise ValueError(f"across is {across} but the moments lie in one episode; pass across=0")
    if groups > len(pool.moments):
        raise ValueError(f"groups of {groups} frames cannot be drawn from {len(pool.moments)} moments")
    alike = Likeness.of(dataset, pool.moments, camera, near_duplicate)
    if groups:
        chosen = _groups(pool, n // comb(groups, 2), groups, across, alike, rng)
        i, j = (np.array([g[k] for g in chosen for k in ks], np.int64).reshape(-1) for ks in _sides(groups))
    else:
        i, j = _independent(pool, n, across, alike, rng)
    if not len(i):
        raise ValueError(
            f"no two of {len(pool.moments)} moments differ by more than near_duplicate; lower it, or add episodes"
        )
    flip = rng.random(len(i)) < 0.5
    left, right = np.where(flip, j, i), np.where(flip, i, j)
    return [
        (moment(*a), moment(*b)) for a, b in zip(pool.moments[left].tolist(), pool.moments[right].tolist(), strict=True)
    ]


def group_names(pairs: Sequence[Pair], size: int) -> list[str]:
    """A name per pair for the result of `select(..., groups=size)`: pairs of one group share it."""
    per_group = comb(size, 2)
    if size < 2 or len(pairs) % per_group:
        raise ValueError(f"{len(pairs)} pairs are no whole groups of {size} frames ({per_group} pairs each)")
    names = []
    for start in range(0, len(pairs), per_group):
        frames = sorted({segment for pair in pairs[start : start + per_group] for segment in pair})
        text = " ".join(f"{s.episode}:{s.start}" for s in frames)
        names += [hashlib.sha256(text.encode()).hexdigest()[:16]] * per_group
    return names


@dataclass(frozen=True, eq=False)
class Pool:
    """The moments to choose from, sorted; rows `first[i]` .. `last[i]` are of the same episode as row i."""

    moments: Int64[np.ndarray, "m 2"]
    first: Indices
    last: Indices

    @classmethod
    def of(cls, dataset: Any, moments: Int64[np.ndarray, "m 2"] | None) -> "Pool":
        """Every frame of a data set, or those given; ValueError for one it does not have."""
        ids, frames = np.asarray(dataset.ids, np.int64), np.asarray(dataset.lengths, np.int64) + 1
        if moments is None:
            within = np.arange(frames.sum()) - np.repeat(np.cumsum(frames) - frames, frames)
            moments = np.stack([np.repeat(ids, frames), within], axis=1)
        else:
            moments = np.asarray(moments, np.int64).reshape(-1, 2)
            length = dict(zip(ids.tolist(), frames.tolist(), strict=True))
            for episode, frame in moments.tolist():
                if not 0 <= frame < length.get(episode, 0):
                    raise ValueError(f"the data set has no frame {frame} of episode {episode}")
        if not len(moments):
            raise ValueError("no moments to choose pairs from; the data set or the restriction is empty")
        moments = np.unique(moments, axis=0)
        _, start, count = np.unique(moments[:, 0], return_index=True, return_counts=True)
        return cls(moments, np.repeat(start, count), np.repeat(start + count - 1, count))

    @property
    def episodes(self) -> int:
        return len(np.unique(self.first))

    def across(self, n: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
        """n pairs of rows of two different episodes, each uniform over moments."""
        i, j = rng.integers(len(self.moments), size=(2, n))
        for _ in range(ROUNDS):
            same = self.first[i] == self.first[j]
            j[same] = rng.integers(len(self.moments), size=int(same.sum()))
        different = self.first[i] != self.first[j]
        return i[different], j[different]

    def within(self, n: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
        """n pairs of rows of one episode: one uniform, the other at a log-uniform time gap, as near as there is."""
        eligible = np.flatnonzero(self.last > self.first)
        if not len(eligible):
            return eligible, eligible
        i = rng.choice(eligible, n)
        frame = self.moments[:, 1]
        before, after = frame[i] - frame[self.first[i]], frame[self.last[i]] - frame[i]
        reach = np.maximum(before, after)
        spread = (rng.permutation(n) + rng.random(n)) / n  # stratified: the gaps cover their range evenly
        gap = np.rint(np.exp(spread * np.log(reach))).astype(np.int64)
        side = np.where(rng.random(n) < 0.5, -1, 1)
        side = np.where(gap > np.where(side > 0, after, before), -side, side)
        return i, self._nearest(i, frame[i] + side * gap, side)

    def _nearest(self, i: Indices, target: Indices, side: Indices) -> Indices:
        """The row of i's episode whose frame is nearest to `target`, but never i itself."""
        frame = self.moments[:, 1]
        stride = int(frame.max()) + 1
        code = self.first * stride + frame
        above = np.minimum(np.searchsorted(code, self.first[i] * stride + target), self.last[i])
        below = np.maximum(above - 1, self.first[i])
        j = np.where(target - frame[below] < frame[above] - target, below, above)
        return np.where(j == i, i + side, j)


def _independent(
    pool: Pool, n: int, across: float, alike: Likeness, rng: np.random.Generator
) -> tuple[Indices, Indices]:
    """Pairs of both strata, shuffled together."""
    seen: set[tuple[int, int]] = set()
    joining = _fill(lambda k: pool.across(k, rng), round(n * across), seen, alike)
    inside = _fill(lambda k: pool.within(k, rng), n - round(n * across), seen, alike)
    pairs = np.array([*joining, *inside], np.int64).reshape(-1, 2)[rng.permutation(len(joining) + len(inside))]
    return pairs[:, 0], pairs[:, 1]


def _fill(draw: Draw, n: int, seen: set[tuple[int, int]], alike: Likeness) -> list[tuple[int, int]]:
    """Draw until there are n new pairs that are not alike, or drawing finds hardly any."""
    kept: list[tuple[int, int]] = []
    for _ in range(ROUNDS):
        if len(kept) >= n:
            break
        i, j = draw(n - len(kept))
        new = [(a, b) if a < b else (b, a) for a, b in zip(i.tolist(), j.tolist(), strict=True)]
        new = [pair for pair in dict.fromkeys(new) if pair not in seen]
        if not new:
            continue
        seen.update(new)
        a, b = np.array(new, np.int64).T
        kept += [pair for pair, same in zip(new, alike.pairs(a, b).tolist(), strict=True) if not same]
    return kept


def _sides(size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The positions within a group of the first and second frame of each of its pairs."""
    first, second = zip(*combinations(range(size), 2), strict=True)
    return first, second


def _groups(
    pool: Pool, n: int, size: int, across: float, alike: Likeness, rng: np.random.Generator
) -> Int64[np.ndarray, "g k"]:
    """n groups of `size` rows of which no two look alike; frames that do are drawn again, stubborn groups too."""
    kept = np.zeros((0, size), np.int64)
    for attempt in range(ROUNDS):
        missing = n - len(kept)
        if missing <= 0:
            break
        two = (np.arange(missing) + (attempt % 2)) % missing < round(missing * across)
        low, high = _ranges(pool, two, size, rng)
        rows = rng.integers(low, high + 1)
        for _ in range(5):
            clash = _clashes(rows, alike)
            if not clash.any():
                break
            rows[clash] = rng.integers(low[clash], high[clash] + 1)
        kept = np.concatenate([kept, rows[~_clashes(rows, alike).any(axis=1)]])
    return kept


def _ranges(
    pool: Pool, two: Bool[np.ndarray, " g"], size: int, rng: np.random.Generator
) -> tuple[Int64[np.ndarray, "g k"], Int64[np.ndarray, "g k"]]:
    """First and last row each place of each group may take: of one of two episodes, or any."""
    low = np.zeros((len(two), size), np.int64)
    high = np.full((len(two), size), len(pool.moments) - 1)
    if two.any():
        count = int(two.sum())
        i, j = pool.across(4 * count, rng)
        i, j = i[:count, None], j[:count, None]
        half = np.arange(size) < (size + 1) // 2
        low[two] = np.where(half, pool.first[i], pool.first[j])
        high[two] = np.where(half, pool.last[i], pool.last[j])
    return low, high


def _clashes(rows: Int64[np.ndarray, "g k"], alike: Likeness) -> Bool[np.ndarray, "g k"]:
    """Which places of each group look like an earlier one."""
    clash = np.zeros(rows.shape, bool)
    for a, b in combinations(range(rows.shape[1]), 2):
        clash[:, b] |= (rows[:, a] == rows[:, b]) | alike.pairs(rows[:, a], rows[:, b])
    return clash
