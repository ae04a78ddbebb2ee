"""What a learner may see of an episode as one vector."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Float32

from envs.dressing.simulation import Simulation

STATE = (
    ("position", 3, "m"),
    ("rotation", 6, ""),
    ("fingertip", 3, "m"),
    ("wrist", 3, "m"),
    ("elbow", 3, "m"),
    ("shoulder", 3, "m"),
    ("opening", 3, "m"),
    ("force", 3, "N"),
    ("sleeve", 3, "m"),
)
"""Name, length and unit of the parts of the state vector, in order: the gripper's position and first two columns of
its rotation; the arm's joints; the middle of the armhole; the cloth's force on the gripper; length, armhole and cuff
of the sleeve."""

STATE_SIZE = sum(length for _, length, _ in STATE)
POSITION_BOUND, FORCE_BOUND = 3.0, 200.0


def state_vector(sim: Simulation) -> Float32[np.ndarray, " 30"]:
    """The simulation as a learner sees it."""
    garment = sim.scene.garment
    parts = (
        sim.position,
        sim.rotation[:, :2].T.ravel(),
        sim.joints.ravel(),
        sim.opening.mean(0),
        np.clip(sim.pull, -FORCE_BOUND, FORCE_BOUND),
        [garment.length, garment.armhole, garment.cuff],
    )
    return np.concatenate(parts).astype(np.float32)


def state_bounds() -> tuple[Float[np.ndarray, " 30"], Float[np.ndarray, " 30"]]:
    """Lowest and highest state vector."""
    high = np.full(STATE_SIZE, POSITION_BOUND, np.float32)
    high[place("rotation")] = 1.01
    high[place("force")] = FORCE_BOUND
    return -high, high


def place(name: str) -> slice:
    """Where a part stands in the state vector."""
    names = [part for part, _, _ in STATE]
    begin = sum(length for part, length, _ in STATE[: names.index(name)])
    return slice(begin, begin + STATE[names.index(name)][1])


def parts(state: Float32[np.ndarray, " 30"]) -> Mapping[str, Float[np.ndarray, " n"]]:
    """The vector's parts by name."""
    return {name: np.asarray(state[place(name)], np.float64) for name, _, _ in STATE}
