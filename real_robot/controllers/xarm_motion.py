"""What moves a simulated xArm: planned paths, the newest servo target, velocities, online goals.

The servo mode goes to the newest target at once and holds it for ever: it has no watchdog, and the speed,
acceleration and time that come with a target are ignored (vendor source: "reserved"). Plans are trapezoids in joint
space or along a line, each from rest to rest: blending radii, circles and jerk limits are not simulated.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float64

from real_robot.controllers.plant import Plant
from real_robot.controllers.xarm_poses import about, joints_at, vector
from real_robot.controllers.xarm_safety import SPEED_LIMIT
from real_robot.controllers.xarm_wire import DISCARDED, SUCCESS
from real_robot.kinematics import Pose

BANDWIDTH = 100.0
"""Of the drives' position loops [rad/s] (assumed)."""
BRAKING = 25.0
"""Of every stop [rad/s^2] (assumed)."""
QUIET = 0.1
"""How long after the last servo or velocity command the state stays 1 [s] (assumed)."""
ARRIVED = 5e-4
"""A path has ended when its joints are this near [rad] (assumed)."""
LEVER = 0.1
"""What a radian counts along a line [m]: how fast a pure rotation is (assumed)."""
Joints = Float64[np.ndarray, " n"]
Path = tuple[float, Callable[[float], Joints | None]]
"""Its duration [s] and where the joints are at a time; None where no joints reach it."""


def progress(distance: float, speed: float, acceleration: float) -> tuple[float, Callable[[float], float]]:
    """A trapezoid from rest to rest: its duration and the share of the way at a time."""
    if distance < 1e-9:
        return 0.0, lambda t: 1.0
    speed = min(max(speed, 1e-6), math.sqrt(distance * max(acceleration, 1e-6)))
    rise = speed / max(acceleration, 1e-6)
    total = distance / speed + rise

    def share(t: float) -> float:
        t = min(max(t, 0.0), total)
        if t < rise:
            return 0.5 * acceleration * t * t / distance
        if t > total - rise:
            return 1.0 - 0.5 * acceleration * (total - t) ** 2 / distance
        return (speed * t - 0.5 * speed * rise) / distance

    return total, share


@dataclass
class Task:
    """A queued motion: how its path is made once it is its turn, and what is told when it ends."""

    plan: Callable[[Joints], Path | None]
    done: Callable[[int], None] = lambda code: None
    begun: Callable[[], None] = lambda: None
    path: Path | None = None
    elapsed: float = 0.0


@dataclass
class Motion:
    """The plant, its tool, and whatever is under way; `trouble` is called where a path has no solution."""

    plant: Plant
    trouble: Callable[[], None]
    note: Callable[..., None] = lambda name, **facts: None
    tool: Pose = field(default_factory=lambda: np.eye(4))
    queue: deque[Task] = field(default_factory=deque)
    goal: Joints | None = None
    wanted: Joints | None = None
    along: Literal["joints", "base", "tool"] = "joints"
    until: float = math.inf
    heard: float = -math.inf
    pace: tuple[float, float] = (0.35, 8.7)
    now: float = 0.0

    @property
    def pose(self) -> Pose:
        """The tool's pose in the base's frame."""
        return self.plant.chain.pose(self.plant.q, self.tool)

    @property
    def busy(self) -> bool:
        """Whether the state should read 1."""
        return bool(self.queue) or self.now - self.heard < QUIET or not self.plant.still

    def forget(self) -> None:
        """Drop everything; each queued motion is told that it was discarded."""
        self.goal = self.wanted = None
        while self.queue:
            self.queue.popleft().done(DISCARDED)

    def servo(self, target: Joints) -> None:
        """The newest target of modes 1, 6 and 7."""
        self.goal, self.heard = target, self.now

    def velocity(
        self, wanted: Float64[np.ndarray, " k"], along: Literal["joints", "base", "tool"], seconds: float
    ) -> None:
        """Velocity for so many seconds; for ever where that is 0 or less (vendor source)."""
        self.wanted, self.along, self.heard = wanted, along, self.now
        self.until = self.now + seconds if seconds > 0 else math.inf

    def step(self, doing: Literal["run", "pause", "stop"], mode: int, acceleration: float, dt: float) -> None:
        """One tick."""
        self.now += dt
        if doing == "stop":
            self.forget()
            self.plant.brake(dt, BRAKING)
        elif doing == "pause":
            self.plant.brake(dt, BRAKING)
        elif mode == 0:
            self._plan(dt)
        elif mode in (4, 5):
            self.plant.drive(self._velocity(), acceleration, dt)
        elif mode in (6, 7) and self.goal is not None:
            self.plant.drive(self._towards(self.goal, dt), self.pace[1], dt)
        else:
            self._hold(self.plant.q.copy() if self.goal is None else self.goal, dt)

    def _hold(self, target: Joints, dt: float) -> None:
        if self.goal is None:
            self.goal = target
        self.plant.target = np.array(target)  # the step is not fed forward: targets come unevenly
        self.plant.follow(target, dt)

    def _plan(self, dt: float) -> None:
        if not self.queue:
            self._hold(self.plant.q.copy() if self.goal is None else self.goal, dt)
            return
        task = self.queue[0]
        if task.path is None:
            task.begun()
            task.path = task.plan(self.plant.q if self.goal is None else self.goal)
        task.elapsed += dt
        at = None if task.path is None else task.path[1](task.elapsed)
        if task.path is None or at is None:
            self.trouble()
            return
        self.plant.follow(at, dt)
        self.goal = at
        if task.elapsed >= task.path[0] and np.abs(self.plant.q - at).max() < ARRIVED:
            self.queue.popleft().done(SUCCESS)

    def _velocity(self) -> Joints:
        if self.wanted is not None and self.now >= self.until:
            self.wanted = None
            self.note("velocity over", after=round(self.until - self.heard, 3))
        if self.wanted is None:
            return np.zeros_like(self.plant.q)
        if self.along == "joints":
            return self.wanted
        twist = self.wanted
        if self.along == "tool":
            turn = self.pose[:3, :3]
            twist = np.concatenate([turn @ twist[:3], turn @ twist[3:]])
        jacobian = self.plant.chain.jacobian(self.plant.q, self.tool)
        return jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + 1e-4 * np.eye(6), twist)

    def _towards(self, goal: Joints, dt: float) -> Joints:
        speed, acceleration = self.pace
        off = goal - self.plant.q
        room = np.sqrt(np.maximum(2 * acceleration * np.abs(off) * 0.8, 0.0))
        return np.sign(off) * np.minimum(np.minimum(room, np.abs(off) / dt), speed)

    def joint_path(self, goal: Joints, speed: float, acceleration: float) -> Callable[[Joints], Path | None]:
        """All joints start and end together; the one with the longest way has the speed [rad/s]."""

        def plan(start: Joints) -> Path:
            way = np.where(np.isfinite(goal), goal - start, 0.0)
            total, share = progress(float(np.abs(way).max()), min(speed, SPEED_LIMIT), acceleration)
            return total, lambda t: start + share(t) * way

        return plan

    def line_path(
        self, reach: Callable[[Pose], Pose], speed: float, acceleration: float
    ) -> Callable[[Joints], Path | None]:
        """The tool goes straight to the pose that `reach` makes of the pose at the start [m/s, m/s^2]."""

        def plan(start: Joints) -> Path | None:
            first = self.plant.chain.pose(start, self.tool)
            last = reach(first)
            turn, way = vector(last[:3, :3] @ first[:3, :3].T), last[:3, 3] - first[:3, 3]
            distance = max(float(np.linalg.norm(way)), LEVER * float(np.linalg.norm(turn)))
            total, share = progress(distance, speed, acceleration)
            q = np.array(start)

            def at(t: float) -> Joints | None:
                nonlocal q
                goal = np.eye(4)
                goal[:3, 3] = first[:3, 3] + share(t) * way
                goal[:3, :3] = about(share(t) * turn) @ first[:3, :3]
                found = self.solve(goal, q, rounds=20)
                q = q if found is None else found
                return found

            return total, at

        return plan

    def solve(self, goal: Pose, start: Joints, rounds: int = 60) -> Joints | None:
        """Joints at a pose of the tool, near `start`."""
        limit = self.plant.limits
        return joints_at(self.plant.chain, goal, start, limit.low, limit.high, self.tool, rounds)

    def search(self, goal: Pose, starts: list[Joints]) -> Joints | None:
        """Joints at a pose from the first of some starts, or of 8 fixed random ones, that leads there."""
        limit, dice = self.plant.limits, np.random.default_rng(0)
        bend = np.minimum(np.pi, (limit.high - limit.low) / 2)
        middle = np.clip(np.zeros_like(bend), limit.low, limit.high)
        for start in (*starts, *(middle + dice.uniform(-0.5, 0.5, len(bend)) * bend for _ in range(8))):
            found = self.solve(goal, np.clip(start, limit.low, limit.high))
            if found is not None:
                return found
        return None
