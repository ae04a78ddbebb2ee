"""Segmented clouds in which the right action points from the gripper to the arm, as a data set in memory."""

import numpy as np
from reaching import Memory

from embodied.spec import ArraySpec, Spec

GARMENT, ARM, GRIPPER = np.eye(3, dtype=np.float32)
POINTS = 25


def spec() -> Spec:
    obs = {
        "cloud": ArraySpec((POINTS, 6), unit="m"),
        "force": ArraySpec((3,), unit="N"),
        "still": ArraySpec((2,)),
        "front": ArraySpec((8, 8, 3), "uint8"),
    }
    return Spec(obs, ArraySpec((3,), "float32", -1, 1), 10.0)


def scene(rng) -> tuple[np.ndarray, np.ndarray]:
    """A cloud somewhere in the world, and the direction from the gripper to the middle of the arm."""
    gripper = rng.uniform(-2, 2, 3)
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    arm = gripper + 0.3 * direction + rng.uniform(-0.05, 0.05, (12, 3))
    garment = gripper + rng.uniform(-0.3, 0.3, (POINTS - 13, 3))
    where = np.concatenate([garment, arm, gripper[None]])
    classes = np.stack([GARMENT] * len(garment) + [ARM] * len(arm) + [GRIPPER])
    return np.concatenate([where, classes], axis=1).astype(np.float32), direction.astype(np.float32)


def pointing(episodes=40, steps=4, seed=0, good=1.0, terminated=False) -> Memory:
    """Actions along the direction to the arm, or in all but a share `good` of episodes away from it.

    Reward 'recorded' is how far along it they are; what is done changes nothing.
    """
    rng = np.random.default_rng(seed)
    obs, actions, rewards = [], [], {}
    for number in range(episodes):
        scenes = [scene(rng) for _ in range(steps + 1)]
        direction = np.stack([d for _, d in scenes])
        sign = 1 if rng.random() < good else -1
        frames = {
            "cloud": np.stack([c for c, _ in scenes]),
            "force": rng.normal(size=(steps + 1, 3)).astype(np.float32),
            "still": np.ones((steps + 1, 2), np.float32),
            "front": np.zeros((steps + 1, 8, 8, 3), np.uint8),
        }
        taken = np.clip(sign * direction[:-1] + 0.1 * rng.normal(size=(steps, 3)), -1, 1).astype(np.float32)
        obs.append(frames)
        actions.append(taken)
        rewards[10 + 3 * number] = (taken * direction[:-1]).sum(1)
    ended = np.full(episodes, terminated)
    return Memory(spec(), tuple(obs), tuple(actions), {"recorded": rewards}, ended)
