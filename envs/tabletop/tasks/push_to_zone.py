"""Push the block into the zone of its colour; another zone lies beside. The gripper takes hold of nothing."""

import numpy as np
from jaxtyping import Float

from envs.tabletop.scene import Thing, draw_pair, free_place, rounded, two_places
from envs.tabletop.task import Task, towards

TRAVEL, CONTACT = 0.08, 0.02
"""Heights of the tip [m] while it goes around the block, and while it pushes."""


def draw(rng: np.random.Generator, colours: int, split: str) -> tuple[tuple[Thing, ...], tuple[str, int, int], str]:
    """Two zones 16 to 18 cm apart, a block at least 11 cm from the middle of both, with room behind it."""
    right, wrong = draw_pair(rng, colours, split)
    target, other = two_places(rng, (0.16, 0.18))
    block = free_place(rng, (target, other), 0.11, (0.4, -0.16), (0.6, 0.16))
    yaw = rng.uniform(-np.pi / 4, np.pi / 4)
    things = (
        Thing("block", right, rounded(block[0]), rounded(block[1]), rounded(yaw)),
        Thing("zone", right, rounded(target[0]), rounded(target[1])),
        Thing("zone", wrong, rounded(other[0]), rounded(other[1])),
    )
    return things, ("in-zone", 0, 1), f"push the {right} block into the {right} zone"


def expert(state: Float[np.ndarray, " 14"]) -> Float[np.ndarray, " 4"]:
    """Go behind the block as seen from the zone, push it in, and rise."""
    tip, block, target = state[:3], state[3:6], state[6:8]
    to_zone = target - block[:2]
    there = np.hypot(*to_zone)
    if there < 0.025:
        return towards(tip, np.array([*tip[:2], 0.2]), -1)
    ahead = to_zone / there
    aside = np.array([-ahead[1], ahead[0]])
    offset = tip[:2] - block[:2]
    along, across = float(offset @ ahead), float(offset @ aside)
    if along < -0.015 and abs(across) < 0.012 and tip[2] < 0.04:
        pace = min(0.03, there + 0.005)
        goal = tip[:2] + pace * ahead - 1.5 * across * aside
        return towards(tip, np.array([*goal, CONTACT]), -1)
    start = block[:2] - 0.055 * ahead
    if np.hypot(*(tip[:2] - start)) < 0.012:
        return towards(tip, np.array([*start, CONTACT]), -1)
    if tip[2] < TRAVEL - 0.02 and np.hypot(*offset) < 0.07:
        return towards(tip, np.array([*(tip[:2] + 0.3 * (start - tip[:2])), TRAVEL]), -1)
    return towards(tip, np.array([*start, TRAVEL]), -1)


TASK = Task("push_to_zone", ("block", "zone", "zone"), draw, expert, suction=False)
