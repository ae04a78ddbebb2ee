"""A task: how its scenes are drawn, what it allows, and an expert that does it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from envs.tabletop.goals import State
from envs.tabletop.scene import Scene, Thing, generator

Draw = Callable[[np.random.Generator, int, str], tuple[tuple[Thing, ...], tuple[str, int, int], str]]
"""(rng, number of colours, split) -> (things in the order of their roles, goal, sentence)."""

Expert = Callable[[Float[np.ndarray, " 14"]], Float[np.ndarray, " 4"]]
"""From the state a learner sees to an action in [-1, 1]; knows nothing else and remembers nothing."""


@dataclass(frozen=True)
class Task:
    """One line of the table of tasks. `suction` says whether the gripper takes hold of anything."""

    name: str
    kinds: tuple[str, ...]
    draw: Draw
    expert: Expert
    suction: bool = True

    def scene(self, split: str = "train", seed: int = 0, colours: int = 2) -> Scene:
        """A pure function of (task and its colours, split, seed)."""
        things, goal, sentence = self.draw(generator(self.name, split, colours, seed), colours, split)
        return Scene(self.name, split, int(seed), things, goal, sentence)


STATE = (
    ("tip", 3, "m"),
    ("block", 3, "m"),
    ("target_xy", 2, "m"),
    ("other_xy", 2, "m"),
    ("held", 1, ""),
    ("block_from_tip", 3, "dm"),
)
"""Name, length and unit of the parts of the state vector, in order; positions are in the robot's base frame."""

STATE_SIZE = sum(length for _, length, _ in STATE)
POSITION_BOUND, DELTA_BOUND = 2.0, 40.0
"""What lies further away [m, dm] is reported as being there."""


def state_vector(state: State) -> Float[np.ndarray, " 14"]:
    """What a learner sees of the world. It says which target is the right one, and no colour."""
    block, target, other = state.position
    parts = (state.tip, block, target[:2], other[:2], [float(state.held == 0)])
    position = np.clip(np.concatenate(parts), -POSITION_BOUND, POSITION_BOUND)
    delta = np.clip((block - state.tip) / 0.1, -DELTA_BOUND, DELTA_BOUND)
    return np.concatenate([position, delta]).astype(np.float32)


def state_bounds() -> tuple[Float[np.ndarray, " 14"], Float[np.ndarray, " 14"]]:
    """Lowest and highest state vector."""
    high = np.full(STATE_SIZE, POSITION_BOUND, np.float32)
    high[-3:] = DELTA_BOUND
    low = -high
    low[10], high[10] = 0, 1
    return low, high


def misled(state: Float[np.ndarray, " 14"]) -> Float[np.ndarray, " 14"]:
    """The same state with the two targets exchanged: what an expert at the wrong job sees."""
    result = state.copy()
    result[6:8], result[8:10] = state[8:10], state[6:8]
    return result


def towards(tip: Float[np.ndarray, " 3"], target: Float[np.ndarray, " 3"], grip: float) -> Float[np.ndarray, " 4"]:
    """The action that brings the tip as near to a target [m] as one step can."""
    step = np.clip((target - tip) / 0.03, -1, 1)
    return np.array([*step, grip], np.float32)
