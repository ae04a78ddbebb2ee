"""Stack one block on another; a third stands beside."""

import numpy as np
from jaxtyping import Float

from envs.tabletop.scene import COLOURS, Thing, draw_pair, free_place, rounded, two_places
from envs.tabletop.task import Task, towards
from envs.tabletop.tasks.put_in_bowl import carry, fetch

CARRY, DROP = 0.14, 0.083
"""Heights of the tip [m] while carrying, and when it lets go on top of a block."""


def draw(rng: np.random.Generator, colours: int, split: str) -> tuple[tuple[Thing, ...], tuple[str, int, int], str]:
    """Three blocks, 11 cm apart at least. With two colours the roles are fixed (blue on orange, green beside)."""
    top, base = draw_pair(rng, colours, split) if colours > 2 else ("blue", "orange")
    rest = [colour for colour in COLOURS if colour not in (top, base)]
    beside = rest[int(rng.integers(len(rest)))] if colours > 2 else rest[0]
    target, other = two_places(rng, (0.14, 0.18))
    block = free_place(rng, (target, other), 0.11)
    turns = rng.uniform(-np.pi / 4, np.pi / 4, 3)
    places = zip((top, base, beside), (block, target, other), turns, strict=True)
    things = tuple(Thing("block", c, rounded(p[0]), rounded(p[1]), rounded(yaw)) for c, p, yaw in places)
    return things, ("on", 0, 1), f"stack the {top} block on the {base} block"


def expert(state: Float[np.ndarray, " 14"]) -> Float[np.ndarray, " 4"]:
    """Fetch the block, carry it over the base, lower it, let go, and rise."""
    tip, block, base, held = state[:3], state[3:6], state[6:8], state[10] > 0.5
    if not held and np.hypot(*(block[:2] - base)) < 0.025 and block[2] > 0.05:
        return towards(tip, np.array([*tip[:2], 0.24]), -1)
    if not held:
        return fetch(tip, block)
    aside = np.hypot(*(block[:2] - base))
    goal = tip[:2] + base - block[:2]  # it is the block that must be above the base, however it hangs
    if aside < 0.008:
        return towards(tip, np.array([*goal, DROP - 0.002]), 1 if tip[2] > DROP else -1)
    if aside < 0.03:
        return towards(tip, np.array([*goal, max(tip[2], DROP + 0.01)]), 1)
    return carry(tip, goal, CARRY)


TASK = Task("stack", ("block", "block", "block"), draw, expert)
