"""Scripted ways to act on the tabletop, good and bad: each is the behaviour of one episode."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from embodied.plugins import find, load
from envs import WAYS

Behaviour = Callable[[Mapping[str, np.ndarray], Mapping[str, Any]], np.ndarray]
"""(obs, info) -> action; begins when it is made, so make one per episode."""

NOISE = 0.15
"""Standard deviation of what the noisy ones add to every action."""


def make(name: str, env: Any, rng: np.random.Generator) -> Behaviour:
    """The behaviour of that name for one episode of `env`; KeyError for a name that its world does not know."""
    return load(find(WAYS[getattr(env.unwrapped, "ways", "tabletop")], name, "behaviour"))(env, rng)


def schedule(mix: Mapping[str, float], episodes: int, rng: np.random.Generator) -> list[str]:
    """The behaviour of each of so many episodes: exact shares (largest remainders), in random order."""
    known = {name: way for ways in WAYS.values() for name, way in ways.items()}
    for name in mix:
        find(known, name, "behaviour")
    if not np.isclose(sum(mix.values()), 1):
        raise ValueError(f"the shares {dict(mix)} add up to {sum(mix.values()):g}, not 1")
    exact = {name: share * episodes for name, share in mix.items()}
    count = {name: int(value + 1e-9) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: count[name] - exact[name])
    for name in by_remainder[: episodes - sum(count.values())]:
        count[name] += 1
    names = [name for name, n in count.items() for _ in range(n)]
    return [names[i] for i in rng.permutation(episodes)]


def expert(env: Any, rng: np.random.Generator) -> Behaviour:
    """Does the task, without noise."""
    skill = skill_of(env)
    return lambda obs, info: skill(obs["state"])


def noisy_expert(env: Any, rng: np.random.Generator) -> Behaviour:
    """The expert at its own pace with noise and bursts of one to five random actions, after which it carries on."""
    skill, noisy, burst = skill_of(env), Clumsy(rng), Burst(rng)

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        wild = burst()
        return noisy(skill(obs["state"])) if wild is None else wild

    return act


def quitting(env: Any, rng: np.random.Generator) -> Behaviour:
    """The noisy expert until a step between 8 and 32; then it freezes, or wanders off."""
    skill, leave, freezes = skill_of(env), int(rng.integers(8, 33)), rng.random() < 0.5
    noisy, wander, steps, grip = Clumsy(rng), Wander(rng), 0, -1.0

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        nonlocal steps, grip
        steps += 1
        if steps <= leave:
            action = noisy(skill(obs["state"]))
            grip = float(action[3])
            return action
        return np.array([0, 0, 0, grip], np.float32) if freezes else wander()

    return act


def wrong(env: Any, rng: np.random.Generator) -> Behaviour:
    """The noisy expert at the wrong job: it takes the block to the other place."""
    from envs.tabletop.task import misled

    skill, noisy = skill_of(env), Clumsy(rng)
    return lambda obs, info: noisy(skill(misled(obs["state"])))


def switching(env: Any, rng: np.random.Generator) -> Behaviour:
    """The noisy expert that changes its mind about the place at a step between 10 and 35."""
    from envs.tabletop.task import misled

    skill, change, right = skill_of(env), int(rng.integers(10, 36)), rng.random() < 2 / 3
    noisy, steps = Clumsy(rng), 0

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        nonlocal steps
        steps += 1
        rightly = right if steps <= change else not right
        return noisy(skill(obs["state"] if rightly else misled(obs["state"])))

    return act


def random(env: Any, rng: np.random.Generator) -> Behaviour:
    """Wanders from the start."""
    wander = Wander(rng)
    return lambda obs, info: wander()


def skill_of(env: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The expert of an environment's task: from its state to an action."""
    base = env.unwrapped
    if not hasattr(base, "task") or base.action_space.shape != (4,):
        raise ValueError(f"{base!r} has no scripted expert; use a tabletop environment with control='delta'")
    return base.task.expert


class Clumsy:
    """What an imperfect hand makes of an action: slower by a pace of its own, and noisy; the grip keeps its sign."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.pace = rng, np.array([*[rng.uniform(0.6, 1)] * 3, 1])

    def __call__(self, action: np.ndarray) -> np.ndarray:
        noise = np.array([*self.rng.normal(0, NOISE, 3), 0])
        return np.clip(self.pace * action + noise, -1, 1).astype(np.float32)


class Wander:
    """Random motion that is smooth (an Ornstein-Uhlenbeck process) and a grip that changes now and then."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.drift, self.grip = rng, np.zeros(3), -1.0

    def __call__(self) -> np.ndarray:
        self.drift = 0.85 * self.drift + self.rng.normal(0, 0.35, 3)
        if self.rng.random() < 0.1:
            self.grip = -self.grip
        return np.clip([*self.drift, self.grip], -1, 1).astype(np.float32)


class Burst:
    """Now and then one to five random actions in a row; None in between."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.left = rng, 0

    def __call__(self) -> np.ndarray | None:
        if self.left == 0 and self.rng.random() < 0.35 * 0.3:
            self.left = int(self.rng.integers(1, 6))
        if self.left == 0:
            return None
        self.left -= 1
        return self.rng.uniform(-1, 1, 4).astype(np.float32)
