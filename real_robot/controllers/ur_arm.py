"""The simulated arm of a Universal Robots controller: its limits, its tool, and where they are.

Poses on the wire are six numbers, a position [m] and an axis times an angle [rad] (vendor source).
"""

from math import acos, cos, pi, sin, sqrt

import numpy as np
from jaxtyping import Float64

from real_robot.controllers.plant import Limits, Plant
from real_robot.kinematics import Pose, chain

ACCELERATION = 40.0
"""[rad/s^2] Vendor source: the client's bound of joint acceleration; what a drive can do is not published."""
HOME = (0.0, -pi / 2, pi / 2, -pi / 2, -pi / 2, 0.0)
RANGE = 2 * pi
"""[rad] Maker's data sheet (recalled): every joint turns 360 degrees either way; the elbow is below."""
ELBOW = pi
"""[rad] The maker's ROS description bounds the elbow so, because no pose needs more (recalled)."""
FAST, SLOW, WRIST = pi, 2 * pi / 3, 2 * pi
SPEEDS = {
    "ur3e": (FAST, FAST, FAST, WRIST, WRIST, WRIST),
    "ur5e": (FAST,) * 6,
    "ur10e": (SLOW, SLOW, FAST, FAST, FAST, FAST),
    "ur16e": (SLOW, SLOW, FAST, FAST, FAST, FAST),
}
"""[rad/s] Maker's data sheets (recalled)."""
REACHED = (1e-6, 1e-6)
"""How near [m, rad] an inverse must come to be one."""


def limits(model: str) -> Limits:
    """A model's joint limits; KeyError with the known ones."""
    if model not in SPEEDS:
        raise KeyError(f"no Universal Robots model {model!r}; there are {', '.join(SPEEDS)}")
    high = np.array([RANGE, RANGE, ELBOW, RANGE, RANGE, RANGE])
    return Limits(-high, high, np.array(SPEEDS[model]), np.full(6, ACCELERATION))


def matrix(six: Float64[np.ndarray, " 6"] | tuple[float, ...] | list[float]) -> Pose:
    """Six numbers of the wire as a 4 x 4 pose (Rodrigues)."""
    x, y, z, rx, ry, rz = (float(v) for v in six)
    angle, pose = sqrt(rx * rx + ry * ry + rz * rz), np.eye(4)
    pose[:3, 3] = x, y, z
    if angle > 1e-12:
        k = np.array([[0.0, -rz, ry], [rz, 0.0, -rx], [-ry, rx, 0.0]]) / angle
        pose[:3, :3] += sin(angle) * k + (1.0 - cos(angle)) * (k @ k)
    return pose


def turn(r: Float64[np.ndarray, "3 3"]) -> list[float]:
    """A rotation as axis times angle [rad], angles up to and including pi."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = r.tolist()
    wx, wy, wz = zy - yz, xz - zx, yx - xy
    c = min(1.0, max(-1.0, 0.5 * (xx + yy + zz - 1.0)))
    angle = acos(c)
    if angle < 1e-7:
        return [0.5 * wx, 0.5 * wy, 0.5 * wz]
    if pi - angle < 1e-4:  # the difference of r and its transpose vanishes: the axis is in their sum
        outer = 0.5 * (r + r.T) - c * np.eye(3)
        axis = outer[:, int(np.argmax(np.diag(outer)))]
        axis = axis / np.linalg.norm(axis)
        sign = -1.0 if axis @ np.array([wx, wy, wz]) < 0 else 1.0
        return [float(sign * angle * v) for v in axis]
    scale = angle / (2.0 * sin(angle))
    return [scale * wx, scale * wy, scale * wz]


def six(pose: Pose) -> list[float]:
    """A 4 x 4 pose as six numbers of the wire."""
    return [float(pose[0, 3]), float(pose[1, 3]), float(pose[2, 3]), *turn(pose[:3, :3])]


class Arm:
    """The joints, and the tool at their end."""

    def __init__(self, model: str, start: Float64[np.ndarray, " 6"]) -> None:
        self.model, self.chain, self.limits = model, chain(model), limits(model)
        self.plant = Plant(self.chain, self.limits, start)
        if (joint := self.plant.beyond()) is not None:
            raise ValueError(f"joint {joint} of a {model} cannot start at {start[joint]} rad")
        self.tool: Pose = np.eye(4)
        self.payload, self.centre, self.inertia = 0.0, [0.0, 0.0, 0.0], [0.0] * 6
        self.pushed, self._bias = np.zeros(6), np.zeros(6)
        self._for: np.ndarray | None = None
        self._frames = np.empty((7, 4, 4))

    def frames(self) -> Float64[np.ndarray, "7 4 4"]:
        """Every joint's frame at the present joints, kept until they move."""
        if self._for is not self.plant.q:
            self._frames, self._for = self.chain.frames(self.plant.q), self.plant.q
        return self._frames

    def pose(self) -> Pose:
        """The tool's pose in the base's frame."""
        return self.frames()[-1] @ self.tool

    def forward(self, q: Float64[np.ndarray, " 6"]) -> Pose:
        """The tool's pose at other joints."""
        return self.chain.pose(q, self.tool)

    @property
    def force(self) -> Float64[np.ndarray, " 6"]:
        """What the tool feels from outside in the base's frame [N, Nm], less what was there when it was zeroed."""
        return self.pushed - self._bias

    def zero_force(self) -> None:
        """Count from the present force on."""
        self._bias = self.pushed.copy()

    def speed(self) -> list[float]:
        """The tool's speed in the base's frame [m/s, rad/s]."""
        return (self.jacobian(self.frames()) @ self.plant.qd).tolist()

    def jacobian(self, frames: Float64[np.ndarray, "7 4 4"]) -> Float64[np.ndarray, "6 6"]:
        """`Chain.jacobian` from frames that are already known."""
        tip = frames[-1, :3, :3] @ self.tool[:3, 3] + frames[-1, :3, 3]
        axes, origins = np.empty((6, 3)), np.zeros((6, 3))
        axes[0] = 0.0, 0.0, 1.0
        axes[1:], origins[1:] = frames[:5, :3, 2], frames[:5, :3, 3]
        d = tip - origins
        out = np.empty((6, 6))
        out[0] = axes[:, 1] * d[:, 2] - axes[:, 2] * d[:, 1]
        out[1] = axes[:, 2] * d[:, 0] - axes[:, 0] * d[:, 2]
        out[2] = axes[:, 0] * d[:, 1] - axes[:, 1] * d[:, 0]
        out[3:] = axes.T
        return out

    def inverse(
        self, goal: Pose, near: Float64[np.ndarray, " 6"], *, turns: int = 100, within: tuple[float, float] = REACHED
    ) -> Float64[np.ndarray, " 6"] | None:
        """Joints at which the tool is at `goal`, the ones that damped Newton steps from `near` lead to, or None.

        Assumed: a real controller solves in closed form and takes the solution nearest to `near`.
        """
        q = np.array(near, np.float64)
        for _ in range(turns):
            frames = self.chain.frames(q)
            now = frames[-1] @ self.tool
            error = np.array([*(goal[:3, 3] - now[:3, 3]), *turn(goal[:3, :3] @ now[:3, :3].T)])
            off, turned = float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))
            if off < within[0] and turned < within[1]:
                return q
            j = self.jacobian(frames)
            step = j.T @ np.linalg.solve(j @ j.T + min(1e-2, 0.01 * (off + turned)) ** 2 * np.eye(6), error)
            longest = float(np.abs(step).max())
            q = q + step * min(1.0, 0.5 / longest)
        return None

    def within(self, q: Float64[np.ndarray, " 6"]) -> bool:
        """Whether joints are inside their ranges."""
        return bool((q >= self.limits.low).all() and (q <= self.limits.high).all())
