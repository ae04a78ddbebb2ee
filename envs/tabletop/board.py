"""Drawing a scene of many things: colours, counts and places from one generator, along independent axes of novelty."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi
from typing import Self

import numpy as np

from embodied.plugins import find, unknown
from embodied.scenery import AREAS, WORKSPACE, Region, named
from envs.tabletop.scene import Thing, rounded
from envs.tabletop.shapes import EDGES, REST_HEIGHT

SEEN = ("blue", "red", "green", "yellow", "brown", "gray", "cyan")
UNSEEN = ("orange", "purple", "pink", "white", "black", "maroon", "navy", "lime")
"""Colours of training, and those that never occur there."""

GROUPS: dict[str, tuple[str, ...]] = {
    "cool": ("blue", "green", "cyan", "purple", "navy", "lime"),
    "warm": ("red", "orange", "yellow", "pink", "maroon"),
    "primary": ("blue", "red", "yellow"),
    "secondary": ("orange", "green", "purple"),
}
"""What people call several colours at once."""

ROUND = {"block": 0.03, "big": 0.044, "bowl": 0.063, "zone": 0.07}
"""Room that a thing takes: the radius of a circle around it [m]."""

CAPACITY = {"block": 18, "big": 14, "bowl": 9, "zone": 4}
"""The most things of a kind that a scene has."""

GAP = 0.012
"""Left between two things at least [m]."""

INNER = Region((0.35, -0.26), (0.57, 0.26))
"""Where towers are built: there the arm reaches highest."""

HELD_OUT = 4  # one in so many compositions is never seen in training


@dataclass(frozen=True)
class Axes:
    """What is new in a split: colours, compositions of what is asked, wording; and whether there is more of all."""

    colours: bool = False
    compositions: bool = False
    wording: bool = False
    hard: bool = False

    @property
    def palette(self) -> tuple[str, ...]:
        """Colours that may occur."""
        return UNSEEN if self.colours else SEEN


SPLITS: dict[str, Axes] = {
    "train": Axes(),
    "unseen-colours": Axes(colours=True),
    "unseen-compositions": Axes(compositions=True),
    "held-out-wording": Axes(wording=True),
    "hard": Axes(hard=True),
    "all-new": Axes(True, True, True, True),
}
"""Named splits; names joined by + are new in all these ways at once."""


def axes(split: str) -> Axes:
    """The axes of a split, such as "hard" or "unseen-colours+hard"."""
    found = Axes()
    for name in split.split("+"):
        if name not in SPLITS:
            raise unknown("split", name, SPLITS)
        more = find(SPLITS, name, "split")
        changes = {key: True for key, value in vars(more).items() if value}
        found = replace(found, **changes)
    return found


class Crowded(Exception):
    """There was no room left, or the draw was not what the split asks for; another draw is tried."""


class Board:
    """A scene that is being drawn: things placed so far, none touching another."""

    def __init__(self, rng: np.random.Generator, axes: Axes) -> None:
        self.rng, self.axes = rng, axes
        self.things: list[Thing] = []
        self.key: tuple[str, ...] = ()

    def count(self, low: int, high: int, more: tuple[int, int] | None = None) -> int:
        """A number from low to high, both possible; from `more` where the split is hard."""
        low, high = more if more and self.axes.hard else (low, high)
        return int(self.rng.integers(low, high + 1))

    def chosen(self, options: Sequence[str], number: int = 1) -> tuple[str, ...]:
        """So many different ones of several, in random order."""
        if number > len(options):
            raise Crowded(f"{number} of {len(options)}")
        return tuple(options[int(i)] for i in self.rng.permutation(len(options))[:number])

    def one(self, options: Sequence[str]) -> str:
        """One of several."""
        return options[int(self.rng.integers(len(options)))]

    def colours(self, number: int, without: Sequence[str] = ()) -> tuple[str, ...]:
        """So many different colours of the split."""
        return self.chosen([c for c in self.axes.palette if c not in without], number)

    def asks(self, *key: str) -> None:
        """What is asked for, as a composition: one in four is kept out of all splits but the unseen compositions."""
        held_out = zlib.crc32("/".join(key).encode()) % HELD_OUT == 0
        if held_out != self.axes.compositions:
            raise Crowded(f"{key} belongs to another split")
        self.key = key

    def put(self, kind: str, colour: str, where: Region | str = WORKSPACE, out: Sequence[Region] = ()) -> int:
        """Put a thing at a free place of a region or named area, and outside of others. Its number."""
        region = AREAS[where] if isinstance(where, str) else where
        margin = 0.025 if isinstance(where, str) else 0.0
        low, high = np.array(region.low) + margin, np.array(region.high) - margin
        for _ in range(300):
            x, y = self.rng.uniform(low, high)
            clear = all(np.hypot(x - t.x, y - t.y) >= ROUND[kind] + ROUND[t.kind] + GAP for t in self.things)
            if clear and not any(grown(r, 0.02).has(x, y) for r in out):
                return self.put_at(kind, colour, x, y)
        raise Crowded(f"no room for a {kind}")

    def put_at(self, kind: str, colour: str, x: float, y: float, z: float = 0.0, yaw: float | None = None) -> int:
        """Put a thing at a place [m]. Its number."""
        if sum(thing.kind == kind for thing in self.things) >= CAPACITY[kind]:
            raise Crowded(f"more than {CAPACITY[kind]} of {kind}")
        turn = (self.rng.uniform(-pi / 4, pi / 4) if kind in EDGES else 0.0) if yaw is None else yaw
        self.things.append(Thing(kind, colour, rounded(x), rounded(y), rounded(turn), rounded(z)))
        return len(self.things) - 1

    def on(self, colour: str, base: int, kind: str = "block") -> int:
        """Put a block on another. Its number."""
        below = self.things[base]
        z = below.z + 2 * REST_HEIGHT[below.kind]
        return self.put_at(kind, colour, below.x, below.y, z, below.yaw)

    @property
    def names(self) -> tuple[str, ...]:
        """What everything is called."""
        sizes = {"big": ("block", "big")}
        return named([(*sizes.get(t.kind, (t.kind, "small")), t.colour) for t in self.things])

    def named(self, *numbers: int) -> tuple[str, ...]:
        """The names of some things."""
        names = self.names
        return tuple(names[i] for i in numbers)

    def clear(self) -> Self:
        """The same board without anything on it, its generator where it now is."""
        return type(self)(self.rng, self.axes)


def grown(region: Region, by: float) -> Region:
    """A region with a margin [m] around it."""
    (x0, y0), (x1, y1) = region.low, region.high
    return Region((x0 - by, y0 - by), (x1 + by, y1 + by))
