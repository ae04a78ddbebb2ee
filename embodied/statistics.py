"""How sure a table may be: interval estimates over runs and episodes.

Scores come as (runs, episodes): a run is one data, reward and policy seed; an episode is one start. A run's score is
the mean of its episodes, and a statistic summarises the runs. Intervals are percentile bootstraps: runs are drawn with
replacement, then episodes within each drawn run, so that both sources of luck are in the interval.

With few runs that differ much the interval is too narrow: among simulated success rates with 100 episodes, a nominal
95 % held the truth for 75 % of differences with 3 runs, 85 % with 5, 91 % with 10 and 94 % with 20. When runs hardly
differ it is wide instead (98 % or more). More runs help; more episodes do not.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

BLOCK = 4_000_000

Statistic = Callable[[np.ndarray], np.ndarray]
"""Summarises the last axis."""


@dataclass(frozen=True)
class Estimate:
    """A value and the interval around it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        value, low, high = (f"{v:.{self.decimals}f}" for v in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}]"

    @property
    def decimals(self) -> int:
        """How many decimals are worth showing: two digits of the interval's width, or else of the value."""
        size = (self.high - self.low) or abs(self.value)
        if not (math.isfinite(size) and size > 0):
            return 0 if size == 0 else 3
        return min(12, max(0, 1 - math.floor(math.log10(size))))

    @property
    def excludes_zero(self) -> bool:
        """True if the whole interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def mean(scores: Float[np.ndarray, "*n runs"]) -> Float[np.ndarray, "*n"]:
    """The mean over the last axis."""
    return np.asarray(scores.mean(-1))


def interquartile_mean(scores: Float[np.ndarray, "*n runs"]) -> Float[np.ndarray, "*n"]:
    """The mean of what is left after dropping the lowest and highest quarter (Agarwal et al., NeurIPS 2021).

    Give it one score per run; of single successes and failures it is no useful summary.
    """
    ordered = np.sort(scores, -1)
    cut = ordered.shape[-1] // 4
    return np.asarray(ordered[..., cut : ordered.shape[-1] - cut].mean(-1))


def bootstrap(
    scores: ArrayLike,
    rng: np.random.Generator,
    *,
    statistic: Statistic = mean,
    n: int = 10_000,
    level: float = 0.95,
    strata: ArrayLike | None = None,
) -> Estimate:
    """The statistic of the scores and its percentile interval, over (runs, episodes) or over a plain sample.

    Of a vector, the statistic summarises its entries themselves; it says nothing of how another run would differ.
    `strata` labels the episodes (a task, a difficulty): each label keeps its share in every draw.
    """
    table = _table(scores, "scores")
    draws = [statistic(_drawn(table, *where)) for where in _resamples(table.shape, strata, rng, n)]
    return _interval(statistic(_drawn(table)), np.concatenate(draws), level)


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    rng: np.random.Generator,
    n: int = 10_000,
    *,
    statistic: Statistic = mean,
    level: float = 0.95,
    strata: ArrayLike | None = None,
) -> Estimate:
    """statistic(a) - statistic(b), both (runs, episodes) over the same run seeds and starts, or paired vectors.

    Every draw takes the same runs and episodes of both, so what they share (an easy start, a lucky data set) cancels.
    """
    left, right = _table(a, "a"), _table(b, "b")
    if left.shape != right.shape:
        raise ValueError(
            f"a has shape {left.shape} and b {right.shape}; a paired difference needs the same runs and episodes "
            "in both, in the same order"
        )
    draws = [
        statistic(_drawn(left, *where)) - statistic(_drawn(right, *where))
        for where in _resamples(left.shape, strata, rng, n)
    ]
    value = statistic(_drawn(left)) - statistic(_drawn(right))
    return _interval(value, np.concatenate(draws), level)


def probability_of_improvement(
    a: ArrayLike, b: ArrayLike, rng: np.random.Generator, n: int = 10_000, *, level: float = 0.95
) -> Estimate:
    """How often a run of `a` scores above a run of `b`, a tie counting half (Mann-Whitney U / number of pairs).

    Runs need not be paired nor equally many; give one score per run, or (runs, episodes).
    """
    left, right = _runs(a, "a"), _runs(b, "b")
    wins = (np.sign(left[:, None] - right[None, :]) + 1) / 2
    draws = []
    for size in _blocks(n, wins.size):
        rows = rng.integers(len(left), size=(size, len(left), 1))
        columns = rng.integers(len(right), size=(size, 1, len(right)))
        draws.append(wins[rows, columns].mean((-2, -1)))
    return _interval(wins.mean(), np.concatenate(draws), level)


def wilson(successes: int, trials: int, level: float = 0.95) -> Estimate:
    """A success rate with Wilson's score interval: right for few trials and for rates near 0 and 1.

    It knows of episodes alone; for several runs use `bootstrap`, which sees that runs differ.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} successes of {trials} trials is no rate; give 0 <= successes <= trials > 0")
    z = NormalDist().inv_cdf(0.5 + _checked(level) / 2)
    rate, denominator = successes / trials, 1 + z**2 / trials
    centre = (rate + z**2 / (2 * trials)) / denominator
    half = z / denominator * math.sqrt(rate * (1 - rate) / trials + z**2 / (4 * trials**2))
    return Estimate(rate, min(rate, max(0.0, centre - half)), max(rate, min(1.0, centre + half)))


def _resamples(
    shape: tuple[int, ...], strata: ArrayLike | None, rng: np.random.Generator, n: int
) -> Iterator[tuple[Int[np.ndarray, "n runs 1"], Int[np.ndarray, "n runs episodes"]]]:
    """Blocks of n draws in all: run indices, and episode indices within each drawn run."""
    runs, episodes = (1, *shape)[-2:]
    labels = np.zeros(episodes, int) if strata is None else np.asarray(strata)
    if labels.shape != (episodes,):
        raise ValueError(f"strata has shape {labels.shape}, wanted ({episodes},): one label per episode")
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    for size in _blocks(n, runs * episodes):
        rows = rng.integers(runs, size=(size, runs, 1))
        columns = [group[rng.integers(len(group), size=(size, runs, len(group)))] for group in groups]
        yield rows, np.concatenate(columns, -1)


def _blocks(n: int, each: int) -> Iterator[int]:
    """n draws in portions that fit into memory."""
    if n < 1:
        raise ValueError(f"n is {n}; draw at least once")
    block = max(1, BLOCK // each)
    yield from (min(block, n - start) for start in range(0, n, block))


def _drawn(
    table: Float[np.ndarray, "*runs episodes"],
    rows: Int[np.ndarray, "n runs 1"] | None = None,
    columns: Int[np.ndarray, "n runs episodes"] | None = None,
) -> Float[np.ndarray, "*n scores"]:
    """What a statistic summarises: the scores of the (drawn) runs, or the (drawn) entries of a vector."""
    if table.ndim == 1:
        return table if columns is None else table[columns[:, 0]]
    return (table if columns is None else table[rows, columns]).mean(-1)


def _table(scores: ArrayLike, name: str) -> Float[np.ndarray, "*runs episodes"]:
    table = np.asarray(scores, np.float64)
    if table.ndim not in (1, 2) or table.size == 0:
        raise ValueError(f"{name} has shape {table.shape}; give (runs, episodes) with at least one of each")
    if not np.isfinite(table).all():
        at = tuple(np.argwhere(~np.isfinite(table))[0].tolist())
        raise ValueError(f"{name} is {table[at]} at index {at}; scores must be finite")
    return table


def _runs(scores: ArrayLike, name: str) -> Float[np.ndarray, " runs"]:
    return _drawn(_table(scores, name))


def _interval(value: ArrayLike, draws: Float[np.ndarray, " n"], level: float) -> Estimate:
    tail = (1 - _checked(level)) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Estimate(float(np.asarray(value)), float(low), float(high))


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; a confidence level lies between 0 and 1, such as 0.95")
    return level
