"""Pairs of episodes for alignment: what was said, and what an ensemble of rewards is sure of."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from embodied.types import Ranking
from policies.finetune import EpisodePair


def said(rankings: Sequence[Ranking]) -> list[EpisodePair]:
    """Every decided pair of rankings of episodes."""
    return [
        EpisodePair(each.left.episode, each.right.episode)
        for ranking in rankings
        for each in ranking.pairs()
        if each.p_left == 1.0
    ]


def sure(
    ids: Sequence[int],
    scores: Float[np.ndarray, "e n"],
    count: int,
    rng: np.random.Generator,
    *,
    groups: Sequence[object] | None = None,
) -> list[EpisodePair]:
    """Random pairs (within groups, if given) on which an ensemble's mean differs by more than it disagrees.

    The weight is the difference as a share of the median difference of those pairs, 1 at most. Fewer than `count` are
    given where there are fewer; ValueError where there is none.
    """
    where = list(range(len(ids)))
    names = np.array(["" if groups is None else str(groups[i]) for i in where])
    label = np.unique(names, return_inverse=True)[1]
    tried, found = set[tuple[int, int]](), []
    for _ in range(30 * count):
        i, j = (int(k) for k in rng.choice(where, 2, replace=False))
        if label[i] != label[j] or (min(i, j), max(i, j)) in tried:
            continue
        tried.add((min(i, j), max(i, j)))
        gap = scores[:, i] - scores[:, j]
        if abs(gap.mean()) > gap.std() and gap.mean() != 0:
            found.append((i, j, float(gap.mean())) if gap.mean() > 0 else (j, i, -float(gap.mean())))
        if len(found) == count:
            break
    if not found:
        raise ValueError("the ensemble is sure of no pair of these episodes; rank more, or record more that differ")
    usual = float(np.median([gap for _, _, gap in found]))
    return [EpisodePair(int(ids[i]), int(ids[j]), min(1.0, gap / usual)) for i, j, gap in found]
