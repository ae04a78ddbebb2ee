"""Scripted ways to push, good and bad: as wanted, in the wrong manner, failing, there and back, at random.

They know where everything is, and steer by it; `noise` makes no two alike.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from envs.planar.embodiments import FINGERS, TURN
from envs.planar.world import DEBRIS, GOAL, HALF, World

Act = tuple[float, float]
Script = Iterator[Act]
NOISE = 0.12
NEAR = 0.05
OVER = 0.9
"""Pieces are pushed up to here."""

assert FINGERS < TURN


class Driver:
    """Steers one body: to a point, along a push, backwards."""

    def __init__(self, env: Any, rng: np.random.Generator, pace: float = 1.0) -> None:
        self.env, self.rng, self.pace = env.unwrapped, rng, pace

    @property
    def world(self) -> World:
        """As it is now."""
        world = self.env.world
        assert world is not None
        return world

    @property
    def front(self) -> float:
        """From the body's middle to a piece's middle when they touch."""
        return self.world.embodiment.reach + DEBRIS / 2

    def toward(self, point: np.ndarray, *, speed: float = 1.0, straight: float = 0.35) -> Act:
        """Turn to a point, and go once it is ahead."""
        x, y, angle = self.world.pose()
        dx, dy = point[0] - x, point[1] - y
        error = wrapped(np.arctan2(-dx, dy) - angle)
        go = self.pace * speed * max(0.0, 1.0 - abs(error) / straight)
        return go, float(np.clip(error / TURN * 1.6, -1, 1))

    def facing(self, angle: float) -> Act:
        """Turn on the spot."""
        return 0.0, float(np.clip(wrapped(angle - self.world.pose()[2]) / TURN * 1.6, -1, 1))

    def go(self, where: Callable[[], np.ndarray], patience: int = 40) -> Script:
        """Until it is there."""
        for _ in range(patience):
            if np.linalg.norm(where() - self.world.pose()[:2]) < NEAR:
                return
            yield self.toward(where())

    def turn(self, angle: float, patience: int = 16) -> Script:
        """Until it faces that way."""
        for _ in range(patience):
            if abs(wrapped(angle - self.world.pose()[2])) < 0.08:
                return
            yield self.facing(angle)

    def push(self, along: float, line: Callable[[], float], done: Callable[[], bool], patience: int = 40) -> Script:
        """Go on in a direction, on a line (its x where it goes up, its y where it goes sideways), until done."""
        ahead = np.array([-np.sin(along), np.cos(along)])
        for _ in range(patience):
            if done():
                return
            place = self.world.pose()[:2]
            aim = place + 0.35 * ahead
            aim[1 if abs(ahead[0]) > 0.5 else 0] = line()
            yield self.toward(aim, straight=0.8)

    def back(self, steps: int) -> Script:
        """Straight backwards."""
        for _ in range(steps):
            yield -self.pace, 0.0

    def piece(self, i: int) -> np.ndarray:
        """Where a piece is."""
        return self.world.places()[i]


def wrapped(angle: float) -> float:
    """Into [-pi, pi)."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def sideways(driver: Driver, i: int, to: float) -> Script:
    """Push a piece left or right until its x is `to`: up beside it at arm's length, turn, push, back off."""
    side = 1.0 if to > driver.piece(i)[0] else -1.0
    half = driver.world.embodiment.sweep
    beside = driver.piece(i) - np.array([side * (half + DEBRIS / 2 + 0.07), 0.0])
    low = min(driver.world.pose()[1], beside[1] - half - 0.15)
    yield from driver.go(lambda: np.array([beside[0], max(low, -HALF + 0.15)]))
    yield from driver.go(lambda: beside)
    yield from driver.turn(-side * np.pi / 2)
    yield from driver.push(
        -side * np.pi / 2, lambda: driver.piece(i)[1], lambda: side * (driver.piece(i)[0] - to) >= -0.01
    )
    for _ in range(10):
        if abs(driver.world.pose()[0] - driver.piece(i)[0]) > half + DEBRIS / 2 + 0.07:
            return
        yield from driver.back(1)


def upwards(driver: Driver, pieces: tuple[int, ...], until: float = OVER, shift: float = 0.0) -> Script:
    """Push pieces up from below their middle, or from so far beside it: down at arm's length first, then across."""

    def line() -> float:
        return float(np.mean([driver.piece(i)[0] for i in pieces])) + shift

    half = driver.world.embodiment.sweep
    low = max(-HALF + 0.2, float(driver.world.places()[list(pieces), 1].min()) - half - DEBRIS / 2 - 0.08)
    if driver.world.pose()[1] > low + NEAR:
        here = driver.world.pose()[0]
        yield from driver.go(lambda: np.array([here, low]))
    yield from driver.go(lambda: np.array([line(), low]))
    yield from driver.turn(0.0)
    yield from driver.push(0.0, line, lambda: min(driver.piece(i)[1] for i in pieces) >= until)
    yield from driver.back(3)


def together(driver: Driver) -> Script:
    """Bring two pieces beside each other, then push both up at once."""
    a, b = np.argsort(driver.world.places()[:, 0]).tolist()
    room = driver.world.embodiment.width - 1.3 * DEBRIS
    gap = driver.piece(b)[0] - driver.piece(a)[0]
    if gap > room:
        left = driver.piece(a)[0] + driver.piece(b)[0] > 0  # there is more room beside that one
        moved, still = (a, b) if left else (b, a)
        beside = max(1.15 * DEBRIS, 0.7 * room)
        yield from sideways(driver, moved, driver.piece(still)[0] + (-beside if left else beside))
    yield from upwards(driver, (a, b))


def one_by_one(driver: Driver) -> Script:
    """The wrong manner of grouping: first one piece, then the other; a wide body pushes with the end that is free."""
    for i in driver.rng.permutation(2).tolist():
        aside = driver.piece(i)[0] - driver.piece(1 - i)[0]
        need = driver.world.embodiment.width / 2 + DEBRIS
        waiting = driver.piece(1 - i)[1] < GOAL
        yield from upwards(driver, (i,), shift=float(np.sign(aside)) * max(0.0, need - abs(aside)) if waiting else 0.0)


def around(driver: Driver) -> Script:
    """Push the piece aside of what is off limits, then up."""
    zone = driver.world.layout.zone
    assert zone is not None
    x = driver.piece(0)[0]
    nearer = -1.0 if x - zone[0] < zone[2] - x else 1.0
    side = nearer if driver.rng.random() < 0.8 else -nearer
    edge = zone[0] if side < 0 else zone[2]
    yield from sideways(driver, 0, edge + side * 0.2)
    yield from upwards(driver, (0,))


def through(driver: Driver) -> Script:
    """The wrong manner of avoiding: straight up."""
    yield from upwards(driver, (0,))


GOOD: Mapping[str, Callable[[Driver], Script]] = {"grouping": together, "avoiding": around}
WRONG: Mapping[str, Callable[[Driver], Script]] = {"grouping": one_by_one, "avoiding": through}


def _played(env: Any, rng: np.random.Generator, script: Script, stop: int | None = None) -> Callable[..., np.ndarray]:
    """A script as a behaviour: noisy, and doing nothing once it has ended or stopped."""
    bias = rng.normal(0, 0.03)
    steps = 0
    fingers = env.unwrapped.embodiment.fingers

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        nonlocal steps
        steps += 1
        speed, turn = (0.0, 0.0) if stop is not None and steps > stop else next(script, (0.0, 0.0))
        moving = speed != 0.0 or turn != 0.0
        noise = rng.normal(0, NOISE, 2) * moving
        action = [speed + noise[0], turn + 0.5 * noise[1] + bias * moving, *([-1.0] if fingers else [])]
        return np.clip(np.array(action, np.float32), -1, 1)

    return act


def _driver(env: Any, rng: np.random.Generator) -> Driver:
    return Driver(env, rng, float(rng.uniform(0.8, 1.0)))


def as_wanted(env: Any, rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """Does the task in the manner that is wanted."""
    return _played(env, rng, GOOD[env.unwrapped.task.name](_driver(env, rng)))


def task_only(env: Any, rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """Does the task in the other manner."""
    return _played(env, rng, WRONG[env.unwrapped.task.name](_driver(env, rng)))


def failed(env: Any, rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """Begins in one manner or the other, and stops on the way."""
    table = GOOD if rng.random() < 0.5 else WRONG
    return _played(env, rng, table[env.unwrapped.task.name](_driver(env, rng)), int(rng.integers(12, 55)))


def there_and_back(env: Any, rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """Pushes up in one manner or the other, then goes round and pushes everything down again."""
    driver = _driver(env, rng)
    table = GOOD if rng.random() < 0.5 else WRONG

    def script() -> Script:
        begin = table[env.unwrapped.task.name](driver)
        enough = rng.uniform(0.15, 0.4)  # farther up there is no room to get behind a piece
        while driver.world.places()[:, 1].max() < enough:
            action = next(begin, None)
            if action is None:
                break
            yield action
        over = driver.world.embodiment.sweep + DEBRIS / 2 + 0.07
        for i in range(len(driver.world.debris)):
            high = float(driver.piece(i)[1])
            side = 1.0 if driver.piece(i)[0] < 0 else -1.0
            yield from driver.back(4)
            yield from driver.go(lambda i=i, s=side: driver.piece(i) + np.array([s * over, -over]), 25)
            yield from driver.go(lambda i=i, s=side: driver.piece(i) + np.array([s * over, over]), 25)
            yield from driver.go(lambda i=i: driver.piece(i) + np.array([0, over]), 20)
            yield from driver.turn(np.pi)
            yield from driver.push(
                np.pi, lambda i=i: driver.piece(i)[0], lambda i=i, h=high: driver.piece(i)[1] < h - 0.7
            )

    return _played(env, rng, script())


def random(env: Any, rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """Smooth random actions."""
    action, target = np.zeros(env.action_space.shape[0]), np.zeros(env.action_space.shape[0])

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        nonlocal action, target
        if rng.random() < 0.15:
            target = rng.uniform(-1, 1, len(action))
        action = 0.7 * action + 0.3 * target
        return action.astype(np.float32)

    return act
