"""What is wanted, and how: debris to the goal, kept together (grouping) or around what is off limits (avoiding).

The truth of each task is a cost per moment, from the debris' distances to the goal and from how far the manner is
missed now; success (is it there) and satisfaction (was the manner kept on the way) are told apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from envs.planar.world import DEBRIS, GOAL, Layout, World

COLOURS = ((214, 66, 52), (238, 160, 32), (120, 70, 170), (40, 150, 120))
TOGETHER = 1.25 * DEBRIS
"""Pieces none of which is farther ahead of another than this are on their way together."""
FAR = 0.8
"""A distance to the goal that costs 1."""
ZONE, LOW = (0.5, 0.32), 0.38
"""Width and height of what is off limits, and where it begins."""
MARGIN = 0.1
"""How deep in the zone costs as much as being deeper."""


@dataclass(frozen=True)
class Moment:
    """What a task looks at."""

    agent: Float64[np.ndarray, " 3"]
    debris: Float64[np.ndarray, "n 2"]
    zone: tuple[float, float, float, float] | None

    @classmethod
    def of(cls, world: World) -> "Moment":
        """Of a world as it is now."""
        return cls(world.pose(), world.places(), world.layout.zone)

    @property
    def left(self) -> float:
        """Mean distance to the goal strip."""
        return float(np.maximum(0.0, GOAL - self.debris[:, 1]).mean())

    @property
    def apart(self) -> float:
        """How far the foremost piece is ahead of the last; in the goal all are level."""
        y = np.minimum(self.debris[:, 1], GOAL)
        return float(y.max() - y.min())

    @property
    def deep(self) -> float:
        """How far the deepest of body and debris is inside the zone (its middle; 0 outside)."""
        if self.zone is None:
            return 0.0
        points = np.vstack([self.debris, self.agent[None, :2]])
        low, high = np.array(self.zone[:2]), np.array(self.zone[2:])
        return float(np.minimum(points - low, high - points).min(axis=1).max(initial=0.0))


@dataclass(frozen=True)
class Task:
    """A task of the plane."""

    name: str
    sentence: str
    layout: Callable[[np.random.Generator, str], Layout]
    missed: Callable[[Moment], float]
    """How far the manner is missed at a moment: 0 is not, 1 fully."""
    pieces: int = 2
    bounded: bool = False
    """Whether something is off limits."""

    def cost(self, moment: Moment) -> float:
        """The truth of a moment: 0 where everything is as wanted."""
        return moment.left / FAR + self.missed(moment)


def _scattered(rng: np.random.Generator, variant: str, pieces: int, spread: float) -> list[tuple[float, float]]:
    if variant == "demo":
        return [((i - (pieces - 1) / 2) * spread, 0.0) for i in range(pieces)]
    y, middle = rng.uniform(-0.15, 0.15), rng.uniform(-0.25, 0.25)
    apart = rng.uniform(0.8, 1.2) * spread
    return [(middle + (i - (pieces - 1) / 2) * apart, y + rng.uniform(-0.04, 0.04)) for i in range(pieces)]


def _looks(rng: np.random.Generator, variant: str, pieces: int) -> dict[str, object]:
    if variant in ("demo", "layout"):
        return {"colours": COLOURS[:pieces]}
    shift = rng.integers(-18, 19, (pieces, 3))
    ground = tuple(int(v) for v in np.array([236, 236, 230]) - rng.integers(0, 26, 3))
    tints = (tuple(int(v) for v in np.clip(np.array(c) + s, 0, 255)) for c, s in zip(COLOURS, shift, strict=False))
    return {"colours": tuple(tints), "ground": ground}


def grouping_layout(rng: np.random.Generator, variant: str) -> Layout:
    """Two pieces side by side, too far apart for a short stick to push at once."""
    places = _scattered(rng, variant, 2, 0.55)
    agent = (0.0 if variant == "demo" else float(rng.uniform(-0.3, 0.3)), -0.6)
    return Layout(agent, tuple(places), **_looks(rng, variant, 2))  # type: ignore[arg-type]  # a table of keywords


def avoiding_layout(rng: np.random.Generator, variant: str) -> Layout:
    """One piece in front of a zone that lies between it and the goal."""
    (x, y), *_ = _scattered(rng, variant, 1, 0.0)
    agent = (0.0 if variant == "demo" else float(rng.uniform(-0.3, 0.3)), -0.6)
    middle = x + (0.0 if variant == "demo" else float(rng.uniform(-0.12, 0.12)))
    zone = (middle - ZONE[0] / 2, LOW, middle + ZONE[0] / 2, LOW + ZONE[1])
    return Layout(agent, ((x, y - 0.05),), zone, **_looks(rng, variant, 1))  # type: ignore[arg-type]


def scattered(moment: Moment) -> float:
    """Grouping's manner: how far one piece is ahead of another."""
    return min(1.0, max(0.0, moment.apart - TOGETHER) / 0.4)


def inside(moment: Moment) -> float:
    """Avoiding's manner: how deep something is where nothing may be."""
    return 1.5 * min(1.0, moment.deep / MARGIN)


TASKS: Mapping[str, Task] = {
    "grouping": Task("grouping", "push both blocks into the goal together", grouping_layout, scattered),
    "avoiding": Task("avoiding", "push the block into the goal around the blue zone", avoiding_layout, inside, 1, True),
}
VARIANTS = ("demo", "layout", "all")
"""How much of a layout varies: nothing, places, or places and colours."""
