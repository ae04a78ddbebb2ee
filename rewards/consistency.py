"""What a source's answers say about it by themselves: leaning, order flips, repeats, circles."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binomtest

from embodied.statistics import wilson
from rewards.answers import Asked

DRAWS = 200  # of answers by coin, to see how many circles those hold
MOST = 20_000  # triples looked at


def rate(count: int, n: int) -> dict[str, Any]:
    """A share with its 99 % interval."""
    if n == 0:
        return {"n": 0, "value": float("nan"), "low": 0.0, "high": 1.0}
    found = wilson(count, n, 0.99)
    return {"n": n, "value": found.value, "low": found.low, "high": found.high}


def leaning(asked: Asked) -> dict[str, Any]:
    """Share of "left" among decided answers; p: how probable such a share is where sides were dealt by coin."""
    side = asked.side[asked.decided]
    left = int((side > 0).sum())
    return {**rate(left, len(side)), "p": binomtest(left, len(side)).pvalue if len(side) else 1.0}


def order_flips(asked: Asked) -> dict[str, Any]:
    """Pairs shown in both orders and decided twice: how often the answer stayed on its side of the screen."""
    where, turn = asked.turned(by_looks=True)
    seen: dict[Any, dict[int, float]] = defaultdict(dict)
    for key, sample, order, side in zip(where, asked.sample, turn.tolist(), asked.side.tolist(), strict=True):
        if abs(side) == 1 and key[0] != key[1]:
            seen[key, sample][order] = side
    both = [orders for orders in seen.values() if len(orders) == 2]
    flipped = [orders[1] for orders in both if orders[1] == orders[-1]]
    return {**rate(len(flipped), len(both)), "left_twice": sum(side > 0 for side in flipped)}


def repeats(asked: Asked) -> dict[str, Any]:
    """The same question in the same order asked again: how often two decided answers disagree."""
    seen: dict[Any, list[float]] = defaultdict(list)
    for shown, side in zip(asked.shown, asked.side.tolist(), strict=True):
        if abs(side) == 1:
            seen[shown].append(side)
    twice = [a != b for sides in seen.values() for a, b in combinations(sides, 2)]
    return rate(sum(twice), len(twice))


def circles(asked: Asked, seed: int = 0) -> dict[str, Any]:
    """Triples of moments compared all three ways: the share that goes round in a circle, beside that of a coin.

    `chance` is the share among the same triples answered by coin (a quarter on average), `p` how often a coin
    gives so few circles.
    """
    edges = majority(asked)
    names = sorted(edges)  # the coins fall the same whatever the order of the answers
    index = {pair: i for i, pair in enumerate(names)}
    found = _triangles(names, index)
    if not len(found):
        return {**rate(0, 0), "chance": 0.25, "p": 1.0}
    said = np.array([edges[pair] for pair in names]) > 0
    coins = np.random.default_rng(seed).random((DRAWS, len(names))) < 0.5
    share = float(_cyclic(said[None], found)[0])
    chance = _cyclic(coins, found)
    p = (1 + int((chance <= share).sum())) / (1 + DRAWS)
    return {**rate(round(share * len(found)), len(found)), "chance": float(chance.mean()), "p": p}


def majority(asked: Asked) -> Mapping[tuple[Any, Any], float]:
    """Each pair without its order: 1 if most answers say its first moment, -1 if its second; even splits left out."""
    votes: dict[tuple[Any, Any], float] = defaultdict(float)
    where, turn = asked.turned()
    for key, side in zip(where, (asked.side * turn).tolist(), strict=True):
        if abs(side) == 1:
            votes[key] += side
    return {key: float(np.sign(vote)) for key, vote in votes.items() if vote}


def _triangles(names: list[tuple[Any, Any]], index: Mapping[tuple[Any, Any], int]) -> np.ndarray:
    """(t, 3) rows of edges a-b, b-c, a-c with a < b < c."""
    above: dict[Any, set[Any]] = defaultdict(set)
    for a, b in names:
        above[a].add(b)
    found = []
    for a, b in names:
        for c in above[a] & above.get(b, set()):
            found.append((index[a, b], index[b, c], index[a, c]))
        if len(found) >= MOST:
            break
    return np.array(found, np.int64).reshape(-1, 3)


def _cyclic(first: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Share of circles for each row of answers "the first is better": a > b > c > a, or the other way round."""
    ab, bc, ac = (first[:, triangles[:, k]] for k in range(3))
    return ((ab == bc) & (bc != ac)).mean(axis=1)
