"""Scripted ways to dress, good and bad: each is the behaviour of one episode. They know where the arm is."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32

from envs.dressing.expert import PAST, Line, arm_line, expert, follow
from envs.dressing.state import state_vector

Behaviour = Callable[[Mapping[str, np.ndarray], Mapping[str, Any]], np.ndarray]

NOISE = 0.25
"""Standard deviation of what imperfect hands add to every action."""


class Hand:
    """An imperfect hand: slower by a pace of its own, noisy, and now and then shaken for one to five steps."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.pace, self.shaken = rng, rng.uniform(0.5, 1.0), 0

    def __call__(self, action: Float32[np.ndarray, " 6"]) -> Float32[np.ndarray, " 6"]:
        if self.shaken == 0 and self.rng.random() < 0.03:
            self.shaken = int(self.rng.integers(1, 6))
        if self.shaken:
            self.shaken -= 1
            return self.rng.uniform(-1, 1, 6).astype(np.float32)
        return np.clip(self.pace * action + self.rng.normal(0, NOISE, 6), -1, 1).astype(np.float32)


def dresser(env: Any, rng: np.random.Generator) -> Behaviour:
    """Does the task, without noise."""
    return lambda obs, info: expert(seen(env))


def noisy(env: Any, rng: np.random.Generator) -> Behaviour:
    """The expert with an imperfect hand."""
    hand = Hand(rng)
    return lambda obs, info: hand(expert(seen(env)))


def straight(env: Any, rng: np.random.Generator) -> Behaviour:
    """From the fingertips straight to the shoulder, without turning the sleeve, and without care for the elbow."""
    return along(env, Hand(rng), shortcut, turns=False)


def straight_exactly(env: Any, rng: np.random.Generator) -> Behaviour:
    """The same with a perfect hand."""
    return along(env, lambda action: action, shortcut, turns=False)


def wrong_turn(env: Any, rng: np.random.Generator) -> Behaviour:
    """Over the forearm, and at the elbow a turn to the wrong side."""
    degrees = rng.uniform(40, 110)

    def line(state: Float32[np.ndarray, " 30"]) -> Line:
        points = arm_line(state).points.copy()
        came, goes = points[2] - points[1], points[3] - points[2]
        came, length = came / np.linalg.norm(came), np.linalg.norm(goes)
        aside = came - goes / length * (came @ goes / length)
        if np.linalg.norm(aside) < 1e-6:
            aside = np.array([0.0, 0.0, 1.0]) - came * came[2]
        aside = aside / np.linalg.norm(aside)
        aside -= came * (aside @ came)
        way = np.cos(np.radians(degrees)) * came + np.sin(np.radians(degrees)) * aside / np.linalg.norm(aside)
        return Line.through(np.stack([*points[:3], points[2] + length * way, points[2] + 2 * length * way]))

    return along(env, Hand(rng), line)


def stopping(env: Any, rng: np.random.Generator) -> Behaviour:
    """The imperfect expert until a step between 10 and 70; then it holds still."""
    hand, leave, steps = Hand(rng), int(rng.integers(10, 71)), 0

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        nonlocal steps
        steps += 1
        return hand(expert(seen(env)) if steps <= leave else np.zeros(6, np.float32))

    return act


def turning_back(env: Any, rng: np.random.Generator) -> Behaviour:
    """The imperfect expert until a step between 20 and 90; then it pulls the sleeve off again, the way it came."""
    hand, leave, steps = Hand(rng), int(rng.integers(20, 91)), 0

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        nonlocal steps
        steps += 1
        state = seen(env)
        return hand(expert(state) if steps <= leave else backwards(state))

    return act


def offset(env: Any, rng: np.random.Generator) -> Behaviour:
    """Follows a line that lies four to twelve centimetres beside the arm."""
    way = rng.normal(size=3)
    aside = way / np.linalg.norm(way) * rng.uniform(0.04, 0.12)

    def line(state: Float32[np.ndarray, " 30"]) -> Line:
        found = arm_line(state)
        return Line(found.points + aside, found.along)

    return along(env, Hand(rng), line)


def wandering(env: Any, rng: np.random.Generator) -> Behaviour:
    """Random motion that is smooth (an Ornstein-Uhlenbeck process)."""
    drift = np.zeros(6)

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        nonlocal drift
        drift = 0.9 * drift + rng.normal(0, 0.3, 6)
        return np.clip(drift, -1, 1).astype(np.float32)

    return act


def uniform(env: Any, rng: np.random.Generator) -> Behaviour:
    """Uniformly random actions."""
    return lambda obs, info: rng.uniform(-1, 1, 6).astype(np.float32)


def along(
    env: Any,
    hand: Callable[[Float32[np.ndarray, " 6"]], np.ndarray],
    line: Callable[[Float32[np.ndarray, " 30"]], Line],
    *,
    turns: bool = True,
) -> Behaviour:
    """Follows another line than the arm's, without heed of the force."""

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        state = seen(env)
        way = line(state)
        return hand(follow(state, way, end=float(way.along[3]) + PAST, turns=turns, careful=False))

    return act


def shortcut(state: Float32[np.ndarray, " 30"]) -> Line:
    """The line from the fingertips to the shoulder."""
    points = arm_line(state).points
    middle = (points[1] + points[3]) / 2
    return Line.through(np.stack([*points[:2], middle, *points[3:]]))


def backwards(state: Float32[np.ndarray, " 30"]) -> Float32[np.ndarray, " 6"]:
    """The action that draws the opening back along the arm, and off it."""
    found = arm_line(state)
    reverse = Line(found.points[::-1], float(found.along[-1]) - found.along[::-1])
    return follow(state, reverse, end=float(reverse.along[-1]) - 0.2, turns=False, careful=False)


def seen(env: Any) -> Float32[np.ndarray, " 30"]:
    """The state of an environment, whatever it shows to learners."""
    base = env.unwrapped
    if getattr(base, "sim", None) is None or not hasattr(base, "level"):
        raise ValueError(f"{base!r} is no dressing environment that was reset; these behaviours dress an arm")
    return state_vector(base.sim)
