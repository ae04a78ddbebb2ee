"""A simulated world whose hand follows a real arm's tool, and which gives policies what they observe.

What was learned in a simulation is rehearsed so on an arm before anything real lies on the table: the arm moves, its
measured tool moves the simulated hand, and the world answers. Any gymnasium id will do whose action is
(dx, dy, dz, grip) in [-1, 1] and whose 'state' begins with the hand's position [m], such as the tabletop's tasks.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64

from embodied.collecting import extras, make, named
from embodied.measures import Measures
from embodied.spec import ArraySpec
from real_robot.description import Description, World
from real_robot.sim import spec_of

FRAMES: dict[str, dict[str, tuple[float, float, float]]] = {
    "ur": {"xyz": (0.0, -0.1, 0.02), "rotation": (0.0, 0.0, np.pi)},
    "xarm": {"xyz": (-0.12, 0.0, 0.02), "rotation": (0.0, 0.0, 0.0)},
    "franka": {"xyz": (0.0, 0.0, 0.02), "rotation": (0.0, 0.0, 0.0)},
}
"""Good places of the tabletop (x 0.34 to 0.66, y -0.22 to 0.22, z 0.012 to 0.3 m) in front of each maker's arm at home:
`[world] frame` of a robot file."""
DRIFT = "drift"


class Twin:
    """The world of an arm: `reset` begins an episode, `follow` moves the hand to where the tool is."""

    def __init__(self, world: World, robot: Description, step: float) -> None:
        self.world, self.robot, self.step = world, robot, step
        self.frame = world.frame.pose
        self.env = make(world.env, world.options)
        try:
            self.spec = spec_of(self.env)
            self._fit()
            self.measures = Measures.of(self.env.metadata)
            obs, info = self.env.reset(seed=0)
            self.hand = hand_of(named(obs))
            self.extras: dict[str, ArraySpec] = {
                **extras(self.measures, info), DRIFT: ArraySpec((), "float32", 0, unit="m")
            }  # fmt: skip
        except Exception:
            self.env.close()
            raise

    def _fit(self) -> None:
        action, state = self.spec.action, self.spec.obs.get("state")
        if action.shape != (4,) or not ((action.low == -1).all() and (action.high == 1).all()):
            raise ValueError(
                f"environment {self.world.env!r} takes actions of shape {action.shape} within "
                f"[{action.low.min():g}, {action.high.max():g}]; a twin's are (dx, dy, dz, grip) in [-1, 1]"
            )
        if state is None or state.shape[0] < 3:
            raise ValueError(
                f"environment {self.world.env!r} has no observation 'state' that begins with its hand's position; it "
                f"offers {sorted(self.spec.obs)}"
            )

    def reset(self, seed: int | None) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The first observations and info of an episode; the hand is where the world's robot begins."""
        obs, info = self.env.reset(seed=seed)
        found = named(obs)
        self.hand = hand_of(found)
        return found, self._told(info, 0.0, False, False, 0.0)

    @property
    def start(self) -> Float64[np.ndarray, " 3"]:
        """Where the tool must be for the hand to be where it is [m], in the base's frame."""
        return self.in_base(self.hand)

    def in_base(self, point: Float64[np.ndarray, " 3"]) -> Float64[np.ndarray, " 3"]:
        """A point of the world in the base's frame [m]."""
        return self.frame[:3, :3] @ point + self.frame[:3, 3]

    def in_world(self, point: Float64[np.ndarray, " 3"]) -> Float64[np.ndarray, " 3"]:
        """A point of the base's frame in the world [m]."""
        return self.frame[:3, :3].T @ (point - self.frame[:3, 3])

    def follow(self, tool: Float64[np.ndarray, " 3"], grip: float) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """One step of the world with the hand sent to where the measured tool is [m, base's frame].

        What the hand lacked after the last step is made good in this one; what it lacks now is `info['drift']` [m].
        """
        there = self.in_world(tool)
        action = np.append(np.clip((there - self.hand) / self.step, -1, 1), grip)
        obs, reward, terminated, truncated, info = self.env.step(action.astype(self.env.action_space.dtype))
        found = named(obs)
        self.hand = hand_of(found)
        drift = float(np.linalg.norm(there - self.hand))
        return found, self._told(info, float(reward), bool(terminated), bool(truncated), drift)

    def _told(
        self, info: Mapping[str, Any], reward: float, terminated: bool, truncated: bool, drift: float
    ) -> dict[str, Any]:
        self.measures.read(info, "a step of the twin")
        ending = {"reward": reward, "terminated": terminated, "truncated": truncated}
        return {**info, **ending, DRIFT: np.float32(drift)}

    def close(self) -> None:
        """Close the world."""
        self.env.close()


def hand_of(obs: Mapping[str, np.ndarray]) -> Float64[np.ndarray, " 3"]:
    """The hand's position [m, world's frame]."""
    return np.array(obs["state"][:3], np.float64)
