"""What the motions of a Universal Robots program do to its joints, a tick at a time.

Assumed, all of it, where nothing else is said: the maker does not publish its interpolators. A servo follows its
target through a lag of the look-ahead time; a move is a trapezoid of speed in time; blends are not made; a path that
asks a joint for more than its speed or its range is ended by a protective stop.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import Protocol

import numpy as np
from jaxtyping import Float64

from real_robot.controllers.plant import Plant
from real_robot.controllers.ur_arm import Arm, matrix, turn
from real_robot.controllers.ur_safety import Violation
from real_robot.kinematics import Pose

Joints = Float64[np.ndarray, " 6"]
SLACK = 1.01
"""How far beyond its speed a joint may be asked to go; the client's own bound of 3.14 rad/s is rounded."""
PATH = (1e-5, 1e-5)
"""[m, rad] How near a straight path is followed."""


class Motion(Protocol):
    """`kind` says which of the program's threads it belongs to; `step` is True when it is over."""

    kind: str

    def step(self, arm: Arm, dt: float, scale: float) -> bool: ...

    def resume(self, arm: Arm) -> None:
        """Go on from where the arm is after a pause."""
        ...


def checked(plant: Plant, q: Joints, rate: Joints, what: str) -> None:
    """Violation where joints are asked out of their range or beyond their speed."""
    limits = plant.limits
    for i in range(len(q)):
        if abs(rate[i]) > limits.speed[i] * SLACK:
            said = f"{what} asks joint {i} for {rate[i]:.2f} rad/s; it has {limits.speed[i]:.2f}"
            raise Violation("C153A0", said)
        if not limits.low[i] <= q[i] <= limits.high[i] and rate[i] * (q[i] - limits.low[i]) > 0:
            said = f"{what} asks joint {i} to {q[i]:.3f} rad; it has {limits.low[i]:.3f} to {limits.high[i]:.3f}"
            raise Violation("C157A0", said)


Sampled = tuple[Joints, float, float, float]
"""A servo call: target, its time [s], its look-ahead [s] and its gain."""


@dataclass
class Servo:
    """servoJ and servoL: `last` is held until another comes, and looked at when the call before has had its time.

    Vendor source: the program's servo thread is a loop round one blocking call.
    """

    last: Sampled
    kind: str = "servo"
    reference: Joints | None = field(default=None, init=False)
    _now: Sampled = field(init=False)
    _left: float = field(default=0.0, init=False)

    def step(self, arm: Arm, dt: float, scale: float) -> bool:
        """One tick; never over."""
        plant = arm.plant
        if self._left < 0.5 * dt:
            self._now, self._left = self.last, max(self.last[1], dt)
        target, _, lookahead, gain = self._now
        self._left -= dt
        now = plant.q if self.reference is None else self.reference
        rate = (target - now) / max(lookahead, dt)
        self.reference = now + rate * dt
        checked(plant, self.reference, rate, "servoj")
        plant.bandwidth = min(0.5 / dt, max(20.0, 0.2 * gain))
        plant.follow(self.reference, dt)
        return False

    def resume(self, arm: Arm) -> None:
        """Towards the old target again, from here."""
        self.reference = None


Driven = tuple[Callable[[Arm], Joints], float, float]
"""A speed call: the joints' speeds, an acceleration [rad/s^2] and its time [s]; 0 is until the speed is reached."""


@dataclass
class Speed:
    """speedJ, speedL and jogging: `last` is repeated for ever, and looked at when the call before has had its time.

    Vendor source: the program's speed thread is a loop round one blocking call.
    """

    last: Driven
    kind: str = "speed"
    _now: Driven = field(init=False)
    _left: float = field(default=0.0, init=False)

    def step(self, arm: Arm, dt: float, scale: float) -> bool:
        """One tick; never over."""
        if self._left < 0.5 * dt:
            self._now, self._left = self.last, self.last[2] if self.last[2] > 0 else np.inf
        joints, acceleration, seconds = self._now
        wanted = joints(arm)
        checked(arm.plant, arm.plant.q, wanted, "a speed")
        arm.plant.drive(wanted, acceleration, dt)
        reached = seconds <= 0 and np.abs(wanted - arm.plant.qd).max() < 1e-6
        self._left = 0.0 if reached else self._left - dt
        return False

    def resume(self, arm: Arm) -> None:
        """The old speed again."""


def steady(qd: Joints) -> Callable[[Arm], Joints]:
    """The same joint speeds wherever the arm is."""
    return lambda _: qd


def straight(xd: Float64[np.ndarray, " 6"]) -> Callable[[Arm], Joints]:
    """The joint speeds of a tool's speed in the base's frame; Violation near a singularity."""

    def joints(arm: Arm) -> Joints:
        j = arm.jacobian(arm.frames())
        return j.T @ np.linalg.solve(j @ j.T + 1e-6 * np.eye(6), xd)

    return joints


@dataclass
class Stop:
    """stopj, and stopl without its straight path: every joint brakes."""

    braking: float
    kind: str = "stop"

    def step(self, arm: Arm, dt: float, scale: float) -> bool:
        """One tick; over when the arm stands."""
        arm.plant.brake(dt, self.braking)
        return arm.plant.still

    def resume(self, arm: Arm) -> None:
        """Nothing to take up again."""


@dataclass
class Trapezoid:
    """How far along a way of a length one is, with a speed and an acceleration at most."""

    length: float
    speed: float
    acceleration: float
    at: float = 0.0
    v: float = 0.0

    def advance(self, dt: float) -> float:
        """The share of the way after dt more; 1 at its end."""
        left = self.length - self.at
        allowed = sqrt(max(0.0, 2 * self.acceleration * left))
        self.v = min(self.v + self.acceleration * dt, self.speed, allowed)
        self.at = min(self.length, self.at + max(self.v * dt, 1e-9))
        return 1.0 if left < 1e-7 else self.at / self.length


@dataclass
class Move:
    """movej and movel: `way` says the joints at a share of the way, from where the arm stands when it starts."""

    begin: Callable[[Arm], tuple[Trapezoid, Callable[[Arm, float], Joints]]]
    kind: str = "move"
    _way: tuple[Trapezoid, Callable[[Arm, float], Joints]] | None = field(default=None, init=False)
    _reference: Joints | None = field(default=None, init=False)

    def step(self, arm: Arm, dt: float, scale: float) -> bool:
        """One tick; over when the arm stands at the end."""
        plant = arm.plant
        if self._way is None:
            if not plant.still:
                plant.brake(dt)
                return False
            self._way, self._reference = self.begin(arm), plant.q.copy()
        assert self._reference is not None
        share = self._way[0].advance(dt * scale)
        goal = self._way[1](arm, share)
        checked(plant, goal, (goal - self._reference) / dt, "a move")
        self._reference, plant.bandwidth = goal, min(60.0, 0.5 / dt)
        plant.follow(goal, dt)
        return share >= 1.0 and plant.still and bool(np.abs(goal - plant.q).max() < 1e-4)

    def resume(self, arm: Arm) -> None:
        """A new trapezoid from here to the old end."""
        self._way = None


def move_joints(goal: Joints, speed: float, acceleration: float) -> Move:
    """movej: all joints arrive together, the one with the longest way at `speed` [rad/s]."""

    def begin(arm: Arm) -> tuple[Trapezoid, Callable[[Arm, float], Joints]]:
        start, way = arm.plant.q.copy(), goal - arm.plant.q
        longest = float(np.abs(way).max())
        with np.errstate(divide="ignore"):
            possible = float((arm.limits.speed * longest / np.abs(way)).min()) if longest > 0 else speed
        return Trapezoid(longest, min(speed, possible), acceleration), lambda _, share: start + share * way

    return Move(begin)


def move_straight(goal: Pose, speed: float, acceleration: float) -> Move:
    """movel: the tool's point on a line, its rotation about one axis, at `speed` [m/s] or as many rad/s."""

    def begin(arm: Arm) -> tuple[Trapezoid, Callable[[Arm, float], Joints]]:
        start = arm.pose().copy()
        axis, line = turn(goal[:3, :3] @ start[:3, :3].T), goal[:3, 3] - start[:3, 3]
        last = [arm.plant.q.copy()]

        def joints(now: Arm, share: float) -> Joints:
            at = matrix([0.0, 0.0, 0.0, *(share * a for a in axis)])
            at[:3, :3] = at[:3, :3] @ start[:3, :3]
            at[:3, 3] = start[:3, 3] + share * line
            found = now.inverse(at, last[0], turns=6, within=PATH)
            if found is None:
                raise Violation("C154A0", f"no joints near {np.round(last[0], 3).tolist()} keep the tool on its path")
            last[0] = found
            return found

        length = max(float(np.linalg.norm(line)), float(np.linalg.norm(axis)))
        return Trapezoid(length, speed, acceleration), joints

    return Move(begin)


@dataclass
class Path:
    """Moves one after another, for movePath; assumed: it stands between them, whatever their blends say."""

    moves: list[Move]
    kind: str = "move"

    def step(self, arm: Arm, dt: float, scale: float) -> bool:
        """One tick; over with the last move."""
        if self.moves and self.moves[0].step(arm, dt, scale):
            self.moves.pop(0)
        return not self.moves

    def resume(self, arm: Arm) -> None:
        """The present move again, from here."""
        if self.moves:
            self.moves[0].resume(arm)
