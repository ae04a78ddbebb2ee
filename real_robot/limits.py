"""What may be sent to an arm: pure functions from (command, state, dt) to (what is safe, why it differs).

A motion is accepted only together with its own stop: the next state of a jerk-limited motion (Ruckig, Berscheid and
Kroeger 2021) is sent if that state and every sampled state of the fastest stop from it keep all limits; otherwise the
stop from the present state is sent, which was found safe one step before. So the limits hold by induction from rest,
for any commands, at any times. A dt that is zero, negative, not a number or longer than a few periods moves nothing.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import ruckig
from jaxtyping import Bool, Float64

from real_robot.description import Description
from real_robot.kinematics import Chain, Pose
from real_robot.robot import Reason

LATE = (4.0, 0.02)
"""After so many periods, and so many seconds, without a step an arm is taken to stand where it was last sent."""
SAMPLES = np.linspace(0.0, 1.0, 6)
FINE = 0.02
"""A line is looked at so often [rad]."""
BETWEEN = (0.25, 0.5, 0.75)
"""Where stops, lines and links are looked at."""
SPACE = 3e-3
"""Kept from walls against what lies between samples [m]."""
SPARE, AIMED = 0.8, 0.92
"""Shares of the tool's speed that a line is timed for, and that catching up with it may take."""
FOLLOW = 15.0
"""A line is followed at this share of the gap a second [1/s]: an arm lags by 1/15 s, and never runs ahead or back."""
BRAKED = 0.7
"""The share of the acceleration that arriving is planned with."""
CLOSE = 0.97
"""The share of the tool's speed that looked-at states may have, against what lies between them."""
SLOWLY = 0.1
"""The least share of the speed just before where a singularity stops a line."""
EPS = 1e-4


@dataclass(frozen=True, eq=False)
class Bounds:
    """A description's limits as arrays."""

    chain: Chain
    tool: Pose
    low: Float64[np.ndarray, " n"]
    high: Float64[np.ndarray, " n"]
    speed: Float64[np.ndarray, " n"]
    acceleration: float
    jerk: float
    brake_acceleration: float
    brake_jerk: float
    tool_speed: float
    box_low: Float64[np.ndarray, " 3"]
    box_high: Float64[np.ndarray, " 3"]
    balls: tuple[tuple[str, Float64[np.ndarray, " 3"], float], ...]
    boxes: tuple[tuple[str, Float64[np.ndarray, " 3"], Float64[np.ndarray, " 3"]], ...]
    singular: tuple[float, float]
    period: float

    @classmethod
    def of(cls, robot: Description, period: float, overshoot: float = 1.0) -> Self:
        """The limits of a robot whose arm is sent a target every `period` seconds; it may overshoot accelerations."""
        limits, (low, high), box = robot.limits, robot.range, robot.workspace
        if box is None:
            raise ValueError(f"robot {robot.id!r} has no workspace; only arms are governed")
        pull, brake = limits.acceleration / overshoot, limits.brake_acceleration / overshoot
        numbers = (pull, limits.jerk, brake, limits.brake_jerk, limits.tool_speed)
        balls = [(k.name, np.array(k.centre), k.radius) for k in robot.keepouts if k.radius is not None]
        boxes = [(k.name, np.array(k.low), np.array(k.high)) for k in robot.keepouts if k.low is not None]
        return cls(
            robot.arm.chain, robot.tool.pose, low, high, robot.joint_speed, *numbers,
            np.array(box.low), np.array(box.high), tuple(balls), tuple(boxes),
            (limits.singular_slow, limits.singular_stop), period,
        )  # fmt: skip

    @property
    def late(self) -> float:
        """The longest time between two steps of one motion [s]."""
        return max(LATE[0] * self.period, LATE[1])

    @property
    def joints(self) -> int:
        """How many."""
        return self.chain.joints

    @cached_property
    def _motion(self) -> tuple[ruckig.Ruckig, ruckig.InputParameter, ruckig.Trajectory]:
        return self._to_speed(self.acceleration, self.jerk)

    @cached_property
    def _stop(self) -> tuple[ruckig.Ruckig, ruckig.InputParameter, ruckig.Trajectory]:
        return self._to_speed(self.brake_acceleration, self.brake_jerk)

    def _to_speed(
        self, acceleration: float, jerk: float
    ) -> tuple[ruckig.Ruckig, ruckig.InputParameter, ruckig.Trajectory]:
        given = ruckig.InputParameter(self.joints)
        given.control_interface = ruckig.ControlInterface.Velocity
        given.synchronization = ruckig.Synchronization.No  # so that what is left of a stop is that stop
        given.target_velocity = given.target_acceleration = [0.0] * self.joints
        given.max_acceleration, given.max_jerk = [acceleration] * self.joints, [jerk] * self.joints
        return ruckig.Ruckig(self.joints), given, ruckig.Trajectory(self.joints)


@dataclass(frozen=True, eq=False)
class Moving:
    """What was sent last: position, velocity and acceleration of the joints."""

    q: Float64[np.ndarray, " n"]
    qd: Float64[np.ndarray, " n"]
    qdd: Float64[np.ndarray, " n"]

    @classmethod
    def rest(cls, q: Float64[np.ndarray, " n"]) -> Self:
        """Standing at q."""
        zero = np.zeros_like(q)
        return cls(np.asarray(q, np.float64).copy(), zero, zero)

    @property
    def still(self) -> bool:
        """Whether nothing moves, to 1e-6."""
        return bool(np.abs(self.qd).max() < 1e-6 and np.abs(self.qdd).max() < 1e-3)


@dataclass(frozen=True, eq=False)
class Line:
    """A straight line between two joint positions in so many seconds; `done` is the share gone."""

    start: Float64[np.ndarray, " n"]
    goal: Float64[np.ndarray, " n"]
    seconds: float
    done: float = 0.0

    def on(self, dt: float) -> Self:
        """The same, dt seconds later."""
        return replace(self, done=min(1.0, self.done + dt / self.seconds))

    @property
    def q(self) -> Float64[np.ndarray, " n"]:
        """Where it is now."""
        return self.start + self.done * (self.goal - self.start)


def allowed(q: Float64[np.ndarray, "m n"], bounds: Bounds, space: float = SPACE) -> Bool[np.ndarray, " m"]:
    """Which positions lie in the workspace and outside all keep-outs, with some space."""
    return _inside(bounds.chain.swept(q, bounds.tool), bounds, space)


def _inside(points: Float64[np.ndarray, "m k 3"], bounds: Bounds, space: float) -> Bool[np.ndarray, " m"]:
    tool = points[:, -1]
    fine = ((tool >= bounds.box_low + space) & (tool <= bounds.box_high - space)).all(axis=1)
    if bounds.balls or bounds.boxes:
        links = [points[:, :-1] + f * (points[:, 1:] - points[:, :-1]) for f in BETWEEN]
        body = np.concatenate([points, *links], axis=1)
        for _, centre, radius in bounds.balls:
            fine &= (np.linalg.norm(body - centre, axis=2) > radius + space).all(axis=1)
        for _, low, high in bounds.boxes:
            within = ((body > low - space) & (body < high + space)).all(axis=2)
            fine &= ~np.any(within, axis=1)
    return np.asarray(fine, bool)


def trespass(q: Float64[np.ndarray, " n"], bounds: Bounds) -> str:
    """In words, what forbids to be at q; empty where nothing does."""
    for i in np.flatnonzero((q < bounds.low) | (q > bounds.high)):
        return f"joint {i + 1} is at {q[i]:.3f} rad, outside [{bounds.low[i]:.3f}, {bounds.high[i]:.3f}]"
    points = bounds.chain.swept(q[None], bounds.tool)
    for ball in bounds.balls:
        if not _inside(points, replace(bounds, balls=(ball,), boxes=(), **_everywhere()), 0.0)[0]:
            return f"a part of the arm is in the keep-out {ball[0]!r}"
    for box in bounds.boxes:
        if not _inside(points, replace(bounds, balls=(), boxes=(box,), **_everywhere()), 0.0)[0]:
            return f"a part of the arm is in the keep-out {box[0]!r}"
    tool = points[0, -1]
    if not ((tool >= bounds.box_low) & (tool <= bounds.box_high)).all():
        where = ", ".join(f"{x:.3f}" for x in tool)
        return f"the tool is at ({where}) m, outside the workspace {bounds.box_low} to {bounds.box_high}"
    return ""


def _everywhere() -> dict[str, np.ndarray]:
    return {"box_low": np.full(3, -np.inf), "box_high": np.full(3, np.inf)}


def vet(
    goal: Any,
    age: float,
    at: Float64[np.ndarray, " n"],
    jump: float,
    oldest: float,
    before: Float64[np.ndarray, " n"] | None = None,
) -> Reason | None:
    """Why a command is refused as it is, or None: its shape, numbers, age [s] and how far it is from where the arm is
    and from the command before, whichever is nearer [rad]."""
    try:
        q = np.asarray(goal, np.float64)
    except (TypeError, ValueError):
        return Reason.SHAPE
    if q.shape != at.shape:
        return Reason.SHAPE
    if not np.isfinite(q).all():
        return Reason.NOT_FINITE
    if not -EPS <= age <= oldest:  # not a number either
        return Reason.STALE
    far = min(float(np.abs(q - place).max()) for place in (at, before) if place is not None)
    return Reason.JUMP if far > jump else None


def line(
    start: Float64[np.ndarray, " n"], goal: Float64[np.ndarray, " n"], seconds: float, bounds: Bounds
) -> tuple[Line, tuple[Reason, ...]]:
    """The way to a goal: as far as it is allowed, and as slow as it must be."""
    reasons = []
    clipped = np.clip(goal, bounds.low, bounds.high)
    if (clipped != goal).any():
        reasons.append(Reason.JOINT_RANGE)
    pieces = min(25, max(2, int(np.ceil(np.abs(clipped - start).max() / FINE))))
    way = start + np.linspace(0.0, 1.0, pieces + 1)[:, None] * (clipped - start)
    points = bounds.chain.swept(way, bounds.tool)
    fine = _inside(points, bounds, SPACE)
    if not fine.all():
        last = max(int(np.argmin(fine)) - 1, 0)
        keepouts = replace(bounds, balls=(), boxes=())
        reasons.append(Reason.WORKSPACE if not _inside(points, keepouts, SPACE).all() else Reason.KEEP_OUT)
        clipped, points = way[last], points[: last + 1]
    share = _away(start, clipped, bounds) if np.abs(clipped - start).max() > EPS else 1.0
    if share < 1.0:
        reasons.append(Reason.SINGULAR)
        clipped = clipped if share > 0.0 else start
    far = float(np.linalg.norm(np.diff(points, axis=0), axis=2).max(initial=0.0)) * (len(points) - 1)
    least = max(far / (SPARE * bounds.tool_speed), float((np.abs(clipped - start) / bounds.speed).max()) / 0.95)
    least /= share if share > 0.0 else 1.0
    if not seconds >= least:
        reasons.append(Reason.SPEED)
    return Line(start.copy(), clipped, max(seconds if np.isfinite(seconds) else least, least, bounds.period)), tuple(
        reasons
    )


def condition(q: Float64[np.ndarray, " n"], bounds: Bounds) -> float:
    """The condition number of the tool's Jacobian at q: large near a singularity."""
    values = np.linalg.svd(bounds.chain.jacobian(q, bounds.tool), compute_uv=False)
    return float(values[0] / max(values[-1], 1e-9))


def _away(start: Float64[np.ndarray, " n"], goal: Float64[np.ndarray, " n"], bounds: Bounds) -> float:
    """The share of its speed at which a line into a singularity is gone; 0 is not at all. Out of one is always 1."""
    here, there, (slow, stop) = condition(start, bounds), condition(goal, bounds), bounds.singular
    if there <= slow or there <= here:
        return 1.0
    return 0.0 if there > stop else max(SLOWLY, (stop - there) / (stop - slow))


def brake(at: Moving, bounds: Bounds, dt: float) -> Moving:
    """dt seconds of the fastest stop."""
    dt = _usable(dt, bounds)
    if dt == 0.0 or at.still:
        return at if dt == 0.0 else Moving.rest(at.q)
    return _at(_stopping(at, bounds), dt)


def step(wanted: Line, at: Moving, bounds: Bounds, dt: float, pace: float = 1.0) -> tuple[Moving, tuple[Reason, ...]]:
    """The state to send next on the way to `wanted`, at a share of its speed, or of the stop where that would break a
    limit."""
    passed = _usable(dt, bounds)
    if passed == 0.0:
        return at, (Reason.LATE,)
    late = not dt <= bounds.late
    if late:
        at = Moving.rest(at.q)  # it stood there
    if at.still and wanted.done >= 1.0 and np.abs(wanted.goal - at.q).max() < 1e-9:
        return at, (Reason.LATE,) if late else ()
    found = _towards(wanted, at, bounds, pace)
    if found is not None:
        there = _at(found, passed)
        if _safe(there, bounds):
            return there, (Reason.LATE,) if late else ()
    return brake(at, bounds, passed), (Reason.LATE, Reason.WORKSPACE) if late else (Reason.WORKSPACE,)


def _usable(dt: float, bounds: Bounds) -> float:
    """dt, but no more than a period: what was missed is not made up for by a leap. 0 where it is none."""
    return min(dt, bounds.period) if dt > 0 else 0.0


def _towards(wanted: Line, at: Moving, bounds: Bounds, pace: float) -> ruckig.Trajectory | None:
    """Jerk-limited to a speed in proportion to the gap, which is no more than can be braked from before its end."""
    gap = wanted.q - at.q
    speed = gap * FOLLOW
    most = np.sqrt(2.0 * BRAKED * bounds.acceleration * np.abs(gap))
    fast = np.abs(speed) / np.minimum(np.maximum(most, 1e-9), 0.98 * bounds.speed)
    speed = speed / max(1.0, float(fast.max()))
    h = 1e-4
    now, later = bounds.chain.swept(np.stack([at.q, at.q + h * speed]), bounds.tool)
    fastest = float(np.linalg.norm(later - now, axis=1).max()) / h
    speed = speed * min(1.0, max(pace, EPS) * AIMED * bounds.tool_speed / max(fastest, 1e-9))
    otg, given, trajectory = bounds._motion
    given.current_position, given.current_velocity = at.q.tolist(), at.qd.tolist()
    given.current_acceleration, given.target_velocity = at.qdd.tolist(), speed.tolist()
    return trajectory if otg.calculate(given, trajectory).value >= 0 else None


def _stopping(at: Moving, bounds: Bounds) -> ruckig.Trajectory:
    otg, given, trajectory = bounds._stop
    given.current_position, given.current_velocity = at.q.tolist(), at.qd.tolist()
    given.current_acceleration = at.qdd.tolist()
    result = otg.calculate(given, trajectory)
    if result.value < 0:
        raise ArithmeticError(f"no stop from {at}: {result}")
    return trajectory


def _at(trajectory: ruckig.Trajectory, t: float) -> Moving:
    return Moving(*(np.array(part) for part in trajectory.at_time(t)[:3]))


def _safe(there: Moving, bounds: Bounds) -> bool:
    """Whether a state and all of its stop keep every limit."""
    if not np.isfinite(there.q).all():
        return False
    if (np.abs(there.qd) > bounds.speed * (1 + 1e-9)).any():
        return False
    stop = _stopping(there, bounds)
    states = [stop.at_time(share * stop.duration) for share in SAMPLES]
    q, qd = np.array([s[0] for s in states]), np.array([s[1] for s in states])
    if (q < bounds.low).any() or (q > bounds.high).any():
        return False
    h = 1e-4
    points = bounds.chain.swept(np.concatenate([q, q + h * qd]), bounds.tool)
    now, later = points[: len(q)], points[len(q) :]
    if np.linalg.norm(later - now, axis=2).max() > CLOSE * bounds.tool_speed * h:
        return False
    return bool(_inside(now, bounds, SPACE * 0.5).all())
