"""How far each source of answers can be trusted, found without any truth, and what its answers then weigh.

A source looks with probability 1 - lapse and guesses otherwise (the lapse model of psychophysics):

    P(says left) = (1 - lapse) sigmoid(k (r(left) - r(right))) + lapse * guess

so always saying left is lapse 1, guess 1; 30 % flips are lapse 0.6, guess 0.5. The reward r is fitted to all sources
and judges pairs that it was not fitted to; lapse and guess of each source and one k of all are the most likely ones on
a grid. Fitting again with what was found sharpens both. An answer weighs what it tells of the truth,
|2 P(left better | answer) - 1| = (1 - lapse) / (2 P(that side)), which also undoes a leaning to one side.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Float64
from scipy.special import expit

from embodied.dataset import Dataset
from embodied.types import Preference, Segment
from rewards import bradley_terry
from rewards.preference import PreferenceConfig

ROUNDS = 2  # of fitting a reward and judging the sources by it
FOLDS = 3
EPOCHS = 8
FEWEST = 20  # decided answers below which nothing is said of a source
LAPSES, GUESSES = np.linspace(0, 1, 101), np.linspace(0, 1, 41)
SCALES = np.geomspace(0.1, 30, 40)
BINS = 60
WITHIN = 3.32  # log-likelihood below the best that still belongs to a 99 % interval of one number


@dataclass(frozen=True)
class Trust:
    """What was found about one source: its lapse rate with a 99 % interval, and how often a guess is "left"."""

    lapse: float
    low: float
    high: float
    guess: float
    says_left: float
    n: int

    @property
    def flips(self) -> float:
        """Share of answers that are wrong whichever side is right."""
        return self.lapse * min(self.guess, 1 - self.guess)

    @property
    def worthless(self) -> bool:
        """Whether its answers cannot be told from guesses."""
        return self.high >= 0.995

    def weight(self, left: bool) -> float:
        """What an answer of this source for that side tells of the truth, 0 to 1."""
        if self.worthless:
            return 0.0
        share = self.says_left if left else 1 - self.says_left
        return float(min(1.0, (1 - self.lapse) / max(2 * share, 1e-9)))


Judged = Callable[[Sequence[Preference]], Float[np.ndarray, " n"]]


def estimate(difference: Float[np.ndarray, " n"], left: np.ndarray, source: Sequence[str]) -> dict[str, Trust]:
    """The most likely lapse and guess of each source, given how much better a reward thinks the left side is."""
    names = sorted(set(source))
    owner = np.array(source)
    counts = {name: _histogram(difference[owner == name], left[owner == name]) for name in names}
    likelihood = np.array([[_grid(middle * k, count).max() for middle, count in counts.values()] for k in SCALES])
    scale = SCALES[int(likelihood.sum(axis=1).argmax())]
    return {name: _most_likely(*counts[name], scale) for name in names}


def _histogram(difference: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middles of quantile bins of the difference (b,), and how many answers in each were right and left (2, b)."""
    order = np.array_split(np.argsort(difference), min(BINS, len(difference)))
    middle = np.array([difference[some].mean() for some in order])
    return middle, np.array([[(~left[some]).sum() for some in order], [left[some].sum() for some in order]])


def _grid(logit: Float64[np.ndarray, " b"], count: np.ndarray) -> Float64[np.ndarray, "lapse guess"]:
    """Log-likelihood of the counts at every lapse and guess."""
    looks = expit(logit)
    found = np.zeros((len(LAPSES), len(GUESSES)))
    for i, lapse in enumerate(LAPSES):
        q = np.clip((1 - lapse) * looks + lapse * GUESSES[:, None], 1e-4, 1 - 1e-4)
        found[i] = np.log(1 - q) @ count[0] + np.log(q) @ count[1]
    return found


def _most_likely(middle: np.ndarray, count: np.ndarray, scale: float) -> Trust:
    grid = _grid(middle * scale, count)
    i, j = np.unravel_index(int(grid.argmax()), grid.shape)
    inside = LAPSES[grid.max(axis=1) >= grid.max() - WITHIN]
    says_left = float(count[1].sum() / count.sum())
    return Trust(
        float(LAPSES[i]), float(inside.min()), float(inside.max()), float(GUESSES[j]), says_left, int(count.sum())
    )


def weighted(preferences: Sequence[Preference], trust: Mapping[str, Trust]) -> list[Preference]:
    """The same answers, each weighing what its source's answers for that side tell, the best source's most.

    A source of which nothing is known keeps its weight. Where no source can be told from guessing, all do.
    """
    most = max((t.weight(left) for t in trust.values() for left in (True, False)), default=0.0)
    if most <= 0:
        return list(preferences)
    return [
        replace(p, weight=p.weight * trust[p.by].weight(p.p_left >= 0.5) / most) if p.by in trust else p
        for p in preferences
    ]


def weigh(
    dataset: Dataset,
    preferences: Sequence[Preference],
    weights: Literal["auto"] | Mapping[str, float],
    config: Any,
    out: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
) -> list[Preference]:
    """The preferences with the weights of their sources, given or found; what was found is kept in out/sources.json.

    Raises ValueError for a weight of a source that nobody is, or below zero.
    """
    there = sorted({p.by for p in preferences})
    if weights != "auto":
        if unheard := [name for name in weights if name not in there]:
            raise ValueError(f"no answers by {unheard[0]!r}; the labels are by {', '.join(map(repr, there))}")
        return [replace(p, weight=p.weight * weights.get(p.by, 1.0)) for p in preferences]
    path = out / "sources.json"
    if path.exists():
        trust = {name: Trust(**numbers) for name, numbers in json.loads(path.read_text()).items()}
    else:
        judged_by = config if isinstance(config, PreferenceConfig) else None
        trust = trusted(dataset, preferences, judged_by, seed=seed, device=device, shared=shared or out)
        unfinished = path.with_suffix(".tmp")
        unfinished.write_text(json.dumps({name: asdict(t) for name, t in trust.items()}, indent=1))
        unfinished.rename(path)
    return weighted(preferences, trust)


def trusted(
    dataset: Dataset,
    preferences: Sequence[Preference],
    config: PreferenceConfig | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
) -> dict[str, Trust]:
    """How far each source (`Preference.by`) can be trusted, by rewards fitted to the answers of all.

    Of a single source only its leaning to a side is looked at: what it lacks in certainty, all its answers lack.
    Sources with fewer than FEWEST decided answers are left out.
    """
    decided = [p for p in preferences if p.p_left != 0.5]
    enough = [name for name, n in Counter(p.by for p in decided).items() if n >= FEWEST]
    if len(enough) == 1:
        return {enough[0]: leaning(decided, enough[0])}
    return judged(dataset, preferences, config, seed=seed, device=device, shared=shared)[0] if enough else {}


def judged(
    dataset: Dataset,
    preferences: Sequence[Preference],
    config: PreferenceConfig | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
) -> tuple[dict[str, Trust], Judged]:
    """The trust in each source with enough answers, even in one alone, and the judge of pairs that found it."""
    decided = [p for p in preferences if p.p_left != 0.5]
    count = Counter(p.by for p in decided)
    some = [p for p in decided if count[p.by] >= FEWEST]
    left, by = np.array([p.p_left > 0.5 for p in some]), [p.by for p in some]
    judge = crossed(dataset, preferences, config, seed=seed, device=device, shared=shared)
    trust = estimate(judge(some), left, by) if some else {}
    for _ in range(ROUNDS - 1 if some else 0):
        judge = crossed(dataset, weighted(preferences, trust), config, seed=seed, device=device, shared=shared)
        trust = estimate(judge(some), left, by)
    return trust, judge


def leaning(decided: Sequence[Preference], name: str) -> Trust:
    """A source alone: no lapse can be told, but a share of "left" that no coin gives is undone by the weights."""
    from scipy.stats import binomtest

    left = np.array([p.p_left > 0.5 for p in decided if p.by == name])
    share = float(left.mean())
    biased = binomtest(int(left.sum()), len(left)).pvalue < 1e-3 and 0 < share < 1
    return Trust(0.0, 0.0, 0.0, 0.5, share if biased else 0.5, len(left))


def crossed(
    dataset: Dataset,
    preferences: Sequence[Preference],
    config: PreferenceConfig | None = None,
    *,
    folds: int = FOLDS,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
) -> Judged:
    """Judges r(left) - r(right) of pairs by a reward that was not fitted to answers about them.

    Each fold of the questions, both orders of a pair together, is judged by a net fitted to the others. Raises
    ValueError where a fold leaves nothing to learn from.
    """
    quick = replace(config or blind(dataset), members=1)
    quick = replace(quick, epochs=min(quick.epochs, EPOCHS))
    rng = np.random.default_rng(seed)
    asked = sorted({_key(p) for p in preferences})
    fold = dict(zip(asked, rng.permutation(len(asked)) % folds, strict=True))
    rewards = [
        bradley_terry.fit(
            dataset, [p for p in preferences if fold[_key(p)] != k], quick, seed=seed, device=device, shared=shared
        )
        for k in range(folds)
    ]

    def judge(pairs: Sequence[Preference]) -> np.ndarray:
        moments: dict[tuple[int, int], int] = {}
        left, right = bradley_terry.table(pairs, moments)
        frames = bradley_terry.inputs_at(dataset, quick, np.array(list(moments), np.int64)).numpy()
        value = np.stack([np.append(reward.members(frames)[0], 0.0) for reward in rewards])
        difference = value[:, left].sum(-1) - value[:, right].sum(-1)
        judged_by = np.array([fold.get(_key(p), -1) for p in pairs])
        chosen = difference[np.maximum(judged_by, 0), np.arange(len(pairs))]
        return np.where(judged_by >= 0, chosen, difference.mean(axis=0))

    return judge


def _key(p: Preference) -> tuple[Segment, Segment]:
    return min(p.left, p.right), max(p.left, p.right)


def blind(dataset: Dataset) -> PreferenceConfig:
    """A reward over whatever is recorded of low dimension, or over the first camera: quick rather than good."""
    low = tuple(name for name, array in dataset.spec.obs.items() if not array.is_image)
    return PreferenceConfig(inputs=low or dataset.cameras[:1])
