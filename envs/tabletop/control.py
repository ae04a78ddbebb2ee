"""Two ways to command the same world: small moves of the tip for learners, whole pick-and-places for planners."""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import numpy as np
from jaxtyping import Float

from embodied.spec import ArraySpec
from envs.tabletop.world import HIGH, LOW, PHYSICS_HZ, World

HZ = 10
STEP = 0.03
"""Metres that a full deflection of the action moves the tip."""

WAYPOINT = 6
"""Physics steps from one waypoint to the next (1/20 s)."""

OVER, DOWN, SETTLE = 20, 10, 10
"""Waypoints of a way across the table, of one down or up, and of the wait after letting go."""

HEIGHT = 0.2
"""Of the tip while it travels [m]."""


@dataclass(frozen=True)
class Control:
    """What an action is, how often one is taken [Hz], and how the world carries it out (suction allowed or not)."""

    action: ArraySpec
    hz: float
    apply: Callable[[World, Float[np.ndarray, " a"], bool], None]


def delta(world: World, action: Float[np.ndarray, " 4"], suction: bool) -> None:
    """Suction on (grip > 0) or off, then the tip moved by (dx, dy, dz) times 3 cm."""
    if suction and action[3] > 0:
        world.suck()
    else:
        world.release()
    world.move(world.tip() + STEP * action[:3], PHYSICS_HZ // HZ)


def travel(world: World, target: Float[np.ndarray, " 3"], yaw: float, waypoints: int) -> None:
    """The tip on a straight line to a position [m], turning to `yaw` [rad], in so many waypoints."""
    start, turned = world.tip(), world.yaw
    for share in np.arange(1, waypoints + 1) / waypoints:
        world.move(start + share * (target - start), WAYPOINT, turned + share * (yaw - turned))


def lower(world: World, stop: Callable[[], bool]) -> None:
    """The tip straight down until `stop` says so; it takes its time either way."""
    stopped = False
    start = target = world.tip()
    for height in np.linspace(start[2], LOW[2], DOWN + 1)[1:]:
        stopped = stopped or stop()
        if not stopped:
            target = np.array([*start[:2], height])
        world.move(target, WAYPOINT, world.yaw)


def pick_place(world: World, action: Float[np.ndarray, " 6"], suction: bool) -> None:
    """Take what is at the first place and put it down at the second, from above and back up.

    Without suction the tip goes down at the first place and sweeps to the second. It always takes the same number of
    physics steps.
    """
    pick, place = action[:2], action[3:5]
    travel(world, np.array([*pick, HEIGHT]), action[2], OVER)
    if suction:
        lower(world, world.suck)
        travel(world, np.array([*pick, HEIGHT]), action[2], DOWN)
        travel(world, np.array([*place, HEIGHT]), action[5], OVER)
        lower(world, world.held_touches)
        world.release()
    else:
        lower(world, lambda: False)
        travel(world, np.array([*place, world.tip()[2]]), action[5], OVER + 2 * DOWN)
    world.move(world.tip(), SETTLE * WAYPOINT, world.yaw)
    travel(world, np.array([*place, HEIGHT]), action[5], DOWN)


PRIMITIVE_STEPS = WAYPOINT * (2 * OVER + 4 * DOWN + SETTLE)

CORNER_LOW, CORNER_HIGH = [LOW[0], LOW[1], -pi / 2], [HIGH[0], HIGH[1], pi / 2]

CONTROLS = {
    "delta": Control(ArraySpec((4,), low=-1, high=1), HZ, delta),
    "primitive": Control(
        ArraySpec((6,), low=CORNER_LOW * 2, high=CORNER_HIGH * 2, unit="m, m, rad"),
        PHYSICS_HZ / PRIMITIVE_STEPS,
        pick_place,
    ),
}
