"""The scripted expert: follows the arm's middle line, and turns the opening to face along it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from envs.dressing.simulation import facing, orthonormal, turn_of
from envs.dressing.state import parts

STEP, TURN = 0.01, np.radians(5.0)
"""What an action of 1 moves [m] and turns [rad]: at 25 Hz, 0.25 m/s and 125 degrees per second."""

AHEAD = 0.035
"""How far along the line the opening is drawn [m]."""

CORNER = 0.07
"""A bend is rounded over so much to both sides [m]."""

GENTLE, SLOWEST = 6.0, 0.25
"""Above so much pull [N] the expert slows down, to this share of its speed at twice as much."""

OUTWARDS, PAST = 0.5, 0.015
"""The line begins so far before the fingertips, and is followed so far past the shoulder [m]."""


@dataclass(frozen=True, eq=False)
class Line:
    """A polyline: points, and how far along it each lies [m]."""

    points: Float[np.ndarray, "n 3"]
    along: Float[np.ndarray, " n"]

    @classmethod
    def through(cls, points: Float[np.ndarray, "n 3"]) -> "Line":
        return cls(points, np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]))

    def at(self, s: float) -> Float[np.ndarray, " 3"]:
        """The point so far along, rounded at the corners."""
        reach = np.linspace(-CORNER, CORNER, 7)
        return np.stack([np.interp(s + reach, self.along, self.points[:, k]) for k in range(3)], axis=1).mean(0)

    def towards(self, s: float) -> Float[np.ndarray, " 3"]:
        """The direction there, rounded at the corners."""
        step = self.at(s + 0.01) - self.at(s - 0.01)
        return step / np.linalg.norm(step)

    def nearest(self, point: Float[np.ndarray, " 3"]) -> float:
        """How far along the nearest point of the line is."""
        a, d = self.points[:-1], np.diff(self.points, axis=0)
        share = np.clip(((point - a) * d).sum(1) / (d * d).sum(1), 0, 1)
        far = np.linalg.norm(a + share[:, None] * d - point, axis=1)
        best = int(np.argmin(far))
        return float(self.along[best] + share[best] * np.linalg.norm(d[best]))


def arm_line(state: Float32[np.ndarray, " 30"]) -> Line:
    """From before the fingertips to past the shoulder."""
    seen = parts(state)
    tip, wrist, elbow, shoulder = (seen[name] for name in ("fingertip", "wrist", "elbow", "shoulder"))
    before = tip + OUTWARDS * (tip - wrist) / np.linalg.norm(tip - wrist)
    after = shoulder + 0.3 * (shoulder - elbow) / np.linalg.norm(shoulder - elbow)
    return Line.through(np.stack([before, tip, elbow, shoulder, after]))


def follow(
    state: Float32[np.ndarray, " 30"], line: Line, *, end: float, turns: bool = True, careful: bool = True
) -> Float32[np.ndarray, " 6"]:
    """The action that draws the opening along a line as far as `end` [m along it]."""
    seen = parts(state)
    rotation = rotation_from(seen["rotation"])
    up = rotation[:, 2]
    middle = seen["position"] - float(seen["sleeve"][1]) * up
    here = line.nearest(middle)
    target = min(here + AHEAD, end)
    wanted = facing(-line.towards(min(here + AHEAD, end))) if turns else rotation
    goal = line.at(target) + float(seen["sleeve"][1]) * wanted[:, 2]
    pull = float(np.linalg.norm(seen["force"]))
    slow = float(np.clip(1 - (pull - GENTLE) / GENTLE, SLOWEST, 1)) if careful else 1.0
    return action(goal - seen["position"], turn_of(wanted @ rotation.T), slow)


def expert(state: Float32[np.ndarray, " 30"]) -> Float32[np.ndarray, " 6"]:
    """The action of somebody who knows where the arm is."""
    line = arm_line(state)
    return follow(state, line, end=float(line.along[3]) + PAST)


def rotation_from(columns: Float[np.ndarray, " 6"]) -> Float[np.ndarray, "3 3"]:
    """The rotation whose first two columns these are."""
    x, y = columns[:3], columns[3:]
    return orthonormal(np.stack([x, y, np.cross(x, y)], axis=1))


def action(
    move: Float[np.ndarray, " 3"], turn: Float[np.ndarray, " 3"], speed: float = 1.0
) -> Float32[np.ndarray, " 6"]:
    """A movement [m] and a turn [rad] as an action; too long ones are shortened, in the same direction."""
    scaled = [value / max(1.0, float(np.abs(value).max())) for value in (move / STEP, turn / TURN)]
    return np.concatenate([speed * scaled[0], scaled[1]]).astype(np.float32)
