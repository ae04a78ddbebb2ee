"""Put the block into the bowl of its colour; another bowl stands beside."""

import numpy as np
from jaxtyping import Float

from envs.tabletop.scene import Thing, draw_pair, free_place, rounded, two_places
from envs.tabletop.task import Task, towards

CARRY, DROP = 0.12, 0.06
"""Heights of the tip [m] while carrying, and below which it lets go over the bowl."""


def draw(rng: np.random.Generator, colours: int, split: str) -> tuple[tuple[Thing, ...], tuple[str, int, int], str]:
    """Two bowls 16 to 18 cm apart, a block at least 11 cm from both."""
    right, wrong = draw_pair(rng, colours, split)
    target, other = two_places(rng, (0.16, 0.18))
    block = free_place(rng, (target, other), 0.11)
    yaw = rng.uniform(-np.pi / 4, np.pi / 4)
    things = (
        Thing("block", right, rounded(block[0]), rounded(block[1]), rounded(yaw)),
        Thing("bowl", right, rounded(target[0]), rounded(target[1])),
        Thing("bowl", wrong, rounded(other[0]), rounded(other[1])),
    )
    return things, ("in-bowl", 0, 1), f"put the {right} block in the {right} bowl"


def expert(state: Float[np.ndarray, " 14"]) -> Float[np.ndarray, " 4"]:
    """Fetch the block, carry it over the bowl, lower it, let go, and rise so that all can see it."""
    tip, block, target, held = state[:3], state[3:6], state[6:8], state[10] > 0.5
    if not held and np.hypot(*(block[:2] - target)) < 0.045:
        return towards(tip, np.array([*tip[:2], 0.22]), -1)
    if not held:
        return fetch(tip, block)
    if np.hypot(*(tip[:2] - target)) < 0.012:
        return towards(tip, np.array([*target, DROP - 0.01]), 1 if tip[2] > DROP + 0.005 else -1)
    if np.hypot(*(tip[:2] - target)) < 0.03 and tip[2] < CARRY - 0.02:
        return towards(tip, np.array([*target, tip[2]]), 1)
    return carry(tip, target, CARRY)


def fetch(tip: Float[np.ndarray, " 3"], block: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 4"]:
    """Go above the block, suction on in time, then down to its top."""
    aside = np.hypot(*(tip[:2] - block[:2]))
    grip = 1 if aside < 0.04 else -1
    if aside > 0.015:
        height = block[2] + 0.07 if aside > 0.05 else max(block[2] + 0.04, tip[2] - 0.01)
        return towards(tip, np.array([*block[:2], height]), grip)
    return towards(tip, np.array([*block[:2], block[2] + 0.022]), grip)


def carry(tip: Float[np.ndarray, " 3"], target: Float[np.ndarray, " 2"], height: float) -> Float[np.ndarray, " 4"]:
    """Lift what is held and take it over a place, high before far."""
    if tip[2] < height - 0.04:
        return towards(tip, np.array([*(tip[:2] + 0.2 * (target - tip[:2])), height]), 1)
    return towards(tip, np.array([*target, height]), 1)


TASK = Task("put_in_bowl", ("block", "bowl", "bowl"), draw, expert)
