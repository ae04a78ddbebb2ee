"""A scene is data: which things stand where, what is wanted and how that is said; the same for the same seed."""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np
from jaxtyping import Float

COLOURS: dict[str, tuple[float, float, float]] = {
    "blue": (0.16, 0.32, 0.86),
    "orange": (0.98, 0.45, 0.08),
    "green": (0.15, 0.62, 0.22),
    "purple": (0.58, 0.22, 0.66),
}
"""Red, green and blue in [0, 1] of every colour that has a name."""

PALETTE = COLOURS | {
    "red": (0.85, 0.12, 0.13),
    "yellow": (0.95, 0.83, 0.12),
    "cyan": (0.3, 0.8, 0.85),
    "brown": (0.42, 0.26, 0.13),
    "gray": (0.5, 0.5, 0.52),
    "pink": (0.98, 0.6, 0.72),
    "white": (0.97, 0.97, 0.97),
    "black": (0.07, 0.07, 0.08),
    "maroon": (0.42, 0.05, 0.16),
    "navy": (0.06, 0.09, 0.36),
    "lime": (0.62, 0.9, 0.2),
}
"""All colours that a thing can have."""

SPLITS = ("train", "held-out")
HELD_OUT_PAIRS = (("blue", "purple"), ("orange", "green"))
"""Pairs of colours never seen together in the split 'train' of four colours; each colour alone is seen there."""


@dataclass(frozen=True)
class Thing:
    """One object: kind (block, big, bowl, zone), colour, position [m] and turn about the vertical [rad].

    `z` is the height of what it stands on: 0 on the table.
    """

    kind: str
    colour: str
    x: float
    y: float
    yaw: float = 0.0
    z: float = 0.0


def plain(things: Sequence[Thing]) -> list[dict[str, Any]]:
    """Things as JSON; the height is left out where it is that of the table."""
    return [{k: v for k, v in asdict(thing).items() if k != "z" or v} for thing in things]


@dataclass(frozen=True)
class Scene:
    """What stands on the table and what is wanted of it. `goal` is a predicate's name and the indices of its things.

    Things come in the order of their roles: the block to move, the thing it belongs to, the thing it does not.
    """

    task: str
    split: str
    seed: int
    things: tuple[Thing, ...]
    goal: tuple[str, int, int]
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return json.loads(json.dumps(asdict(self) | {"things": plain(self.things)}))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        name, subject, target = data["goal"]
        return cls(
            str(data["task"]),
            str(data["split"]),
            int(data["seed"]),
            tuple(Thing(**thing) for thing in data["things"]),
            (str(name), int(subject), int(target)),
            str(data["sentence"]),
        )

    @property
    def hash(self) -> str:
        """sha256 of the canonical JSON."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def generator(task: str, split: str, colours: int, seed: int) -> np.random.Generator:
    """The one source of randomness of a scene, independent of every other scene's."""
    if split not in SPLITS:
        raise ValueError(f"no split {split!r}; choose one of {list(SPLITS)}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed is {seed!r}; a scene's seed is an integer, 0 or more")
    return np.random.default_rng([zlib.crc32(f"{task}/{split}/{colours}".encode()), int(seed)])


def colour_pairs(colours: int, split: str) -> tuple[tuple[str, str], ...]:
    """The unordered pairs of colours that meet in a split: one pair of two, or pairs of four."""
    if colours not in (2, 4):
        raise ValueError(f"colours is {colours!r}; choose 2 (always blue and orange) or 4 (pairs of four)")
    if colours == 2:
        return (("blue", "orange"),)
    held_out = {frozenset(pair) for pair in HELD_OUT_PAIRS}
    every = combinations(COLOURS, 2)
    return tuple(pair for pair in every if (frozenset(pair) in held_out) == (split == "held-out"))


def draw_pair(rng: np.random.Generator, colours: int, split: str) -> tuple[str, str]:
    """Two different colours in random order: that of the block and its target, and the other."""
    pairs = colour_pairs(colours, split)
    first, second = pairs[int(rng.integers(len(pairs)))]
    return (first, second) if rng.random() < 0.5 else (second, first)


def rounded(value: float) -> float:
    """To the micrometre (and microradian), so that a scene reads the same everywhere."""
    return round(float(value), 6)


def two_places(rng: np.random.Generator, gap: tuple[float, float]) -> Float[np.ndarray, "2 2"]:
    """Two positions [m] whose distance is drawn from `gap`, side by side as the robot sees them, in random order."""
    centre = np.array([rng.uniform(0.44, 0.56), rng.uniform(-0.08, 0.08)])
    angle = rng.uniform(-np.pi / 5, np.pi / 5)
    half = rng.uniform(*gap) / 2 * np.array([np.sin(angle), np.cos(angle)])
    side = 1 if rng.random() < 0.5 else -1
    return np.stack([centre + side * half, centre - side * half])


def free_place(
    rng: np.random.Generator,
    taken: Sequence[Float[np.ndarray, " 2"]],
    clear: float,
    low: tuple[float, float] = (0.38, -0.18),
    high: tuple[float, float] = (0.62, 0.18),
) -> Float[np.ndarray, " 2"]:
    """A uniform position [m] of the rectangle [low, high] at least `clear` from everything taken."""
    for _ in range(1000):
        place = rng.uniform(low, high)
        if all(np.hypot(*(place - other)) >= clear for other in taken):
            return place
    raise ValueError(f"no place {clear} m clear of {len(taken)} things in {low} to {high}; ask for less")
