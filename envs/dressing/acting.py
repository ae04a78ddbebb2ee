"""Ways to pull a sleeve, good and bad, as a judge should have seen them: what moments are recorded from.

Cloth cannot be posed as blocks can: where it hangs is a matter of how it got there. So moments are acted.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from envs.dressing.environment import Dressing
from envs.dressing.expert import PAST, Line, action, arm_line, follow
from envs.dressing.simulation import facing, turn_of
from envs.dressing.state import parts

Action = Float32[np.ndarray, " 6"]
Policy = Callable[[Mapping[str, Any], np.random.Generator], Action]


def stages(rng: np.random.Generator, state: Float32[np.ndarray, " 30"]) -> Iterator[tuple[Policy, int]]:
    """What one episode does, and for how many steps each: one of WAYS, which may have several parts."""
    yield from WAYS[rng.choice(list(WAYS), p=SHARES)](rng, arm_line(state))


def follower(end: float, *, aside: Any = 0.0, turns: bool = True, careful: bool = True, pace: float = 1.0) -> Policy:
    """Draws the opening along the arm's line, moved `aside` [m], as far as `end` [m along it]."""

    def act(obs: Mapping[str, Any], rng: np.random.Generator) -> Action:
        line = arm_line(obs["state"])
        line = Line(line.points + aside, line.along)
        return follow(obs["state"], line, end=end, turns=turns, careful=careful) * np.float32(pace)

    return act


def back(end: float, pace: float = 1.0) -> Policy:
    """Draws it back off the arm, as far as `end` from the line's start."""

    def act(obs: Mapping[str, Any], rng: np.random.Generator) -> Action:
        line = arm_line(obs["state"])
        backwards = Line.through(line.points[::-1])
        stop = float(line.along[-1]) - end
        return follow(obs["state"], backwards, end=stop, turns=False) * np.float32(pace)

    return act


def hover(rng: np.random.Generator, reach: float) -> Policy:
    """Holds the opening somewhere about the fingertips, turned somewhat wrong."""
    spot, tilt = rng.normal(0, reach, 3), rng.normal(0, 0.35, 3)

    def act(obs: Mapping[str, Any], rng: np.random.Generator) -> Action:
        seen = parts(obs["state"])
        tip, wrist = seen["fingertip"], seen["wrist"]
        wanted = facing(tip - wrist + 0.15 * tilt)
        goal = tip + spot + float(seen["sleeve"][1]) * wanted[:, 2]
        x, y = seen["rotation"][:3], seen["rotation"][3:]
        now = np.stack([x, y, np.cross(x, y)], axis=1)
        return action(goal - seen["position"], turn_of(wanted @ now.T) + 0.02 * tilt)

    return act


def drift(rng: np.random.Generator) -> Policy:
    """A slowly changing direction."""
    velocity = rng.normal(0, 0.6, 6)

    def act(obs: Mapping[str, Any], rng: np.random.Generator) -> Action:
        nonlocal velocity
        velocity = 0.85 * velocity + rng.normal(0, 0.35, 6)
        return np.clip(velocity, -1, 1).astype(np.float32)

    return act


def twisted(policy: Policy, turn: Float[np.ndarray, " 3"]) -> Policy:
    """The same, with a wrong turn on top of it."""

    def act(obs: Mapping[str, Any], rng: np.random.Generator) -> Action:
        wanted = policy(obs, rng).copy()
        wanted[3:] = np.clip(wanted[3:] + turn, -1, 1)
        return wanted

    return act


def over(line: Line) -> float:
    """Where the expert stops."""
    return float(line.along[3]) + PAST


def somewhere(rng: np.random.Generator, line: Line) -> float:
    """A place on the arm, from the fingertips on."""
    return float(rng.uniform(line.along[1], line.along[3]))


def sideways(rng: np.random.Generator, most: float, least: float = 0.0) -> Float[np.ndarray, " 3"]:
    """A step aside in any direction, up to so long [m]."""
    step = rng.normal(size=3)
    return step / np.linalg.norm(step) * rng.uniform(least, most)


def well(rng: np.random.Generator, line: Line) -> Iterator[tuple[Policy, int]]:
    yield follower(over(line), pace=float(rng.uniform(0.6, 1.0))), 130


def beside(rng: np.random.Generator, line: Line) -> Iterator[tuple[Policy, int]]:
    aside = sideways(rng, 0.2, 0.06)
    yield follower(over(line), aside=aside, turns=bool(rng.random() < 0.5), careful=False), 90


def unturned(rng: np.random.Generator, line: Line) -> Iterator[tuple[Policy, int]]:
    yield follower(over(line), turns=False, careful=bool(rng.random() < 0.5)), 100


def off_again(rng: np.random.Generator, line: Line) -> Iterator[tuple[Policy, int]]:
    yield follower(somewhere(rng, line)), int(rng.integers(30, 80))
    yield back(float(line.along[1]) - 0.15), int(rng.integers(15, 55))
    yield follower(over(line), aside=sideways(rng, 0.06)), 60


def stopping(rng: np.random.Generator, line: Line) -> Iterator[tuple[Policy, int]]:
    yield follower(somewhere(rng, line), aside=sideways(rng, 0.03)), int(rng.integers(30, 80))
    yield drift(rng), int(rng.integers(20, 40))
    yield follower(over(line)), 30


def about_the_hand(rng: np.random.Generator, line: Line) -> Iterator[tuple[Policy, int]]:
    for _ in range(int(rng.integers(3, 6))):
        yield hover(rng, float(rng.choice([0.03, 0.08, 0.14]))), int(rng.integers(10, 22))
    yield follower(over(line), turns=bool(rng.random() < 0.5)), 40


def wrongly(rng: np.random.Generator, line: Line) -> Iterator[tuple[Policy, int]]:
    turn = rng.normal(0, 0.5, 3)
    yield twisted(follower(over(line), careful=False, turns=bool(rng.random() < 0.5)), turn), 90


WAYS: Mapping[str, Callable[[np.random.Generator, Line], Iterator[tuple[Policy, int]]]] = {
    "well": well, "beside": beside, "unturned": unturned, "off again": off_again, "stopping": stopping,
    "about the hand": about_the_hand, "wrongly": wrongly,
}  # fmt: skip
SHARES = (0.2, 0.18, 0.1, 0.18, 0.12, 0.14, 0.08)


def acted(env: Dressing, obs: Mapping[str, Any], rng: np.random.Generator, most: int) -> Iterator[Mapping[str, Any]]:
    """What is true (info) after each step of an episode in one of the ways; `most` steps at most."""
    taken, noise = 0, float(rng.choice([0.0, 0.1, 0.3]))
    for policy, count in stages(rng, obs["state"]):
        for _ in range(count):
            wanted = policy(obs, rng) + noise * rng.normal(size=6)
            obs, _, ended, full, info = env.step(np.clip(wanted, -1, 1))
            yield info
            taken += 1
            if ended or full or taken >= most:
                return
