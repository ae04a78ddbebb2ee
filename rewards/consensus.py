"""How right each of several sources is where they answered the same questions, without any truth.

Dawid & Skene (1979): every pair has one better side that nobody knows; a source says left with one probability where
left is better and with another where right is. Expectation maximisation finds both and the better side, starting from
the majority. Three sources that look are needed: of two that differ, nothing tells who is right.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float64

from rewards.answers import Asked

SHARED = 30  # pairs that any two sources must have in common
STEPS = 100


def dawid_skene(sources: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """For each source: its share of "left" where left is better and where right is, and its accuracy; may be empty.

    Only sources that share SHARED decided pairs with two others take part, and there must be three.
    """
    tables = {asked.name: oriented(asked) for asked in sources}
    partners = {
        name: {other for other in tables if other != name and len(tables[name].keys() & tables[other].keys()) >= SHARED}
        for name in tables
    }
    names = [name for name in tables if any(b in partners[a] for a, b in combinations(partners[name], 2))]
    if len(names) < 3:
        return {}
    questions = sorted({key for name in names for key in tables[name]})
    place = {key: i for i, key in enumerate(questions)}
    item = np.array([place[key] for name in names for key in tables[name]])
    who = np.array([i for i, name in enumerate(names) for _ in tables[name]])
    left, turn = np.array([said for name in names for said in tables[name].values()]).T
    says = _maximised(item, who, left > 0, turn > 0, len(questions), len(names))
    return {
        name: {"left_if_left": float(a), "left_if_right": float(b), "accuracy": float((a + 1 - b) / 2),
               "n": len(tables[name])}
        for name, (a, b) in zip(names, says, strict=True)
    }  # fmt: skip


def oriented(asked: Asked) -> dict[Any, tuple[float, int]]:
    """The first decided answer to each pair without its order: the side said, and whether the order was turned."""
    where, turn = asked.turned()
    found: dict[Any, tuple[float, int]] = {}
    for key, side, order in zip(where, asked.side.tolist(), turn.tolist(), strict=True):
        if abs(side) == 1:
            found.setdefault(key, (side, order))
    return found


def _maximised(
    item: np.ndarray, who: np.ndarray, left: np.ndarray, straight: np.ndarray, items: int, sources: int
) -> Float64[np.ndarray, "s 2"]:
    """P(says left | left better) and P(says left | right better) of each source, most likely given the answers."""
    votes = np.bincount(item, np.where(left == straight, 1.0, -1.0), items) / np.bincount(item, minlength=items)
    first = (1 + 0.8 * votes) / 2  # probability that a pair's first moment is the better one
    says = np.zeros((sources, 2))
    for _ in range(STEPS):
        left_better = np.where(straight, first[item], 1 - first[item])
        for k, belief in enumerate((left_better, 1 - left_better)):
            prior = (0.8, 0.2)[k]  # one answer in doubt, so that no probability is 0 or 1
            said = np.bincount(who, belief * left, sources) + prior
            says[:, k] = said / (np.bincount(who, belief, sources) + 1)
        likely = np.where(left[:, None], says[who], 1 - says[who])  # given left better, given right better
        ratio = np.log(likely[:, 0]) - np.log(likely[:, 1])
        first = 1 / (1 + np.exp(-np.bincount(item, np.where(straight, ratio, -ratio), items)))
    return says


def shared_sides(a: Asked, b: Asked) -> tuple[list[float], list[float]]:
    """The sides that two sources chose of the pairs both decided, turned so that equal means agreed."""
    one, other = oriented(a), oriented(b)
    both = sorted(one.keys() & other.keys())
    return [one[k][0] * one[k][1] for k in both], [other[k][0] * other[k][1] for k in both]
