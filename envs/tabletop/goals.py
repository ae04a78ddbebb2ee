"""What is wanted, as predicates over the state of the world, each with a progress in [0, 1] that can fall."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float

REST = 0.05
"""Below this speed [m/s] a block is at rest."""


@dataclass(frozen=True, eq=False)
class State:
    """The world at one moment: tip and things [m, base frame], speeds [m/s], index of what is held (-1: nothing)."""

    tip: Float[np.ndarray, " 3"]
    position: Float[np.ndarray, "n 3"]
    speed: Float[np.ndarray, " n"]
    held: int = -1


class Goal(Protocol):
    """A predicate; its progress is 1 exactly where it holds."""

    def holds(self, state: State) -> bool: ...

    def progress(self, state: State) -> float: ...


def near(distance: float, scale: float) -> float:
    """1 at distance 0 and below, falling linearly to 0 at `scale` [m]."""
    return float(np.clip(1 - distance / scale, 0, 1))


def flat(state: State, a: int, b: int) -> float:
    """Horizontal distance between two things [m]."""
    return float(np.hypot(*(state.position[a, :2] - state.position[b, :2])))


def at_rest(state: State, thing: int) -> bool:
    """Neither held nor moving."""
    return state.held != thing and bool(state.speed[thing] < REST)


def carried(state: State, block: int, there: float) -> float:
    """Progress of a block still to be placed: below 0.25 while it is free, 0.3 to 0.6 in the gripper.

    `there` is its horizontal distance to where it belongs [m]. The wide gap between held-over (0.6) and placed (1)
    is what makes a learner let go.
    """
    if state.held == block:
        return 0.3 + 0.3 * near(there - 0.03, 0.3)
    return 0.25 * near(float(np.linalg.norm(state.tip - state.position[block])), 0.25)


@dataclass(frozen=True)
class InBowl:
    """A block lies released and at rest inside a bowl: within 4 cm of its middle, lower than 5 cm."""

    block: int
    bowl: int

    def inside(self, state: State) -> bool:
        low = state.position[self.block, 2] - state.position[self.bowl, 2] < 0.05
        return bool(state.held != self.block and flat(state, self.block, self.bowl) < 0.04 and low)

    def holds(self, state: State) -> bool:
        return self.inside(state) and at_rest(state, self.block)

    def progress(self, state: State) -> float:
        if self.inside(state):
            return 1.0 if at_rest(state, self.block) else 0.9
        return carried(state, self.block, flat(state, self.block, self.bowl))


@dataclass(frozen=True)
class On:
    """A block lies released and at rest on another: centres within 2.5 cm, one edge higher."""

    block: int
    base: int
    edge: float = 0.04

    def holds(self, state: State) -> bool:
        rise = state.position[self.block, 2] - state.position[self.base, 2]
        above = flat(state, self.block, self.base) < 0.025 and abs(rise - self.edge) < 0.008
        return bool(above and at_rest(state, self.block) and state.held != self.base)

    def progress(self, state: State) -> float:
        if self.holds(state):
            return 1.0
        return carried(state, self.block, flat(state, self.block, self.base))


@dataclass(frozen=True)
class InZone:
    """A block lies released and at rest in a zone: within 4.5 cm of its middle, on the table.

    Progress adds how close the tip is to the block's far side (0.3), since a push starts there, and how close the
    block is to the zone (0.6).
    """

    block: int
    zone: int

    def inside(self, state: State) -> bool:
        low = state.position[self.block, 2] < 0.04
        return bool(state.held != self.block and flat(state, self.block, self.zone) < 0.045 and low)

    def holds(self, state: State) -> bool:
        return self.inside(state) and at_rest(state, self.block)

    def progress(self, state: State) -> float:
        if self.inside(state):
            return 1.0 if at_rest(state, self.block) else 0.95
        there = flat(state, self.block, self.zone)
        reach = float(np.linalg.norm(state.tip - behind(state, self.block, self.zone)))
        return 0.3 * near(reach, 0.25) + 0.6 * near(there - 0.045, 0.3)


def behind(state: State, block: int, zone: int, gap: float = 0.045) -> Float[np.ndarray, " 3"]:
    """The point [m] on the far side of the block from which a push sends it to the zone."""
    away = state.position[block, :2] - state.position[zone, :2]
    away = away / max(float(np.hypot(*away)), 1e-6)
    return np.array([*(state.position[block, :2] + gap * away), state.position[block, 2]])


GOALS: dict[str, type[InBowl] | type[On] | type[InZone]] = {"in-bowl": InBowl, "on": On, "in-zone": InZone}
