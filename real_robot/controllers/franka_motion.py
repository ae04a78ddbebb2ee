"""What a Franka FR3 makes of the commands of one millisecond each: a reference for its joints, or torques.

Between commands the last acceleration is kept (vendor documentation: a lost packet is bridged by a constant
acceleration); a motion that ends, for whatever reason, is braked from the speed that was last commanded (assumed).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float64

from real_robot.controllers import franka_limits as limits
from real_robot.controllers.franka_limits import DT, Seven, Trace

Pose = Float64[np.ndarray, "4 4"]
BRAKING = 10.0
"""How strongly a stop brakes a joint [rad/s^2]: the limit of commanded motion. Assumed."""
DAMPING = 1e-8
"""Of the inverse kinematics."""


class Mode(IntEnum):
    """Who moves the arm; the numbers are those of the state's motion generator (vendor source)."""

    IDLE = 0
    JOINT_POSITION = 1
    JOINT_VELOCITY = 2
    CARTESIAN_POSITION = 3
    CARTESIAN_VELOCITY = 4
    TORQUE = 5


CARTESIAN = (Mode.CARTESIAN_POSITION, Mode.CARTESIAN_VELOCITY)


@dataclass(frozen=True)
class Order:
    """One command of the client, `at` being the number of the state that it answers."""

    at: int
    q: Seven
    qd: Seven
    pose: Pose
    twist: Float64[np.ndarray, " 6"]
    torque: Seven
    elbow: float | None = None
    finished: bool = False

    @property
    def finite(self) -> bool:
        """Whether it holds numbers throughout."""
        return all(np.isfinite(part).all() for part in (self.q, self.qd, self.pose, self.twist, self.torque))


def turned(pose: Pose, twist: np.ndarray, dt: float) -> Pose:
    """A pose after moving with a twist for dt."""
    angle = float(np.linalg.norm(twist[3:]) * dt)
    moved = pose.copy()
    moved[:3, 3] += twist[:3] * dt
    if angle > 1e-12:
        x, y, z = twist[3:] * (dt / angle)
        cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        moved[:3, :3] = (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross) @ pose[:3, :3]
    return moved


def apart(pose: Pose, start: Pose) -> Float64[np.ndarray, " 6"]:
    """What moves `start` to `pose`: metres and radians, for turns that are small."""
    turn = pose[:3, :3] @ start[:3, :3].T
    half = 0.5 * np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    return np.concatenate([pose[:3, 3] - start[:3, 3], half])


@dataclass
class Mover:
    """The reference `q`, `qd`, `qdd` of the joints, `pose` and `twist` of the tool, `torque` in torque mode."""

    forward: Callable[[Seven], Pose]
    jacobian: Callable[[Seven], Float64[np.ndarray, "6 7"]]
    q: Seven

    def __post_init__(self) -> None:
        self.q = np.asarray(self.q, np.float64).copy()
        self.qd, self.qdd, self.torque = np.zeros(7), np.zeros(7), np.zeros(7)
        self.twist, self.twisting = np.zeros(6), np.zeros(6)
        self.pose, self.elbow, self.mode = self.forward(self.q), None, Mode.IDLE
        self.joints, self.hand = Trace(0, self.q, self.qd), Trace(0, self.pose, self.twist)
        self._first = True

    def begin(self, mode: Mode, at: int) -> None:
        """A motion starts at the state of number `at`; it should start from the reference, at rest."""
        self.mode, self._first, self.elbow = mode, True, None
        self.torque, self.pose = np.zeros(7), self.forward(self.q)
        self.joints, self.hand = Trace(at, self.q, self.qd), Trace(at, self.pose, self.twist)

    def end(self, q: Seven, qd: Seven) -> None:
        """The motion is over: brake; after torques from where the arm is measured to be."""
        if self.mode == Mode.TORQUE:
            self.q, self.qd = q.copy(), qd.copy()
        self.mode, self.torque = Mode.IDLE, np.zeros(7)

    def brake(self) -> None:
        """One millisecond towards standing still."""
        slower = self.qd - np.clip(self.qd, -BRAKING * DT, BRAKING * DT)
        self.qdd = (slower - self.qd) / DT
        self.q, self.qd = self.q + 0.5 * (self.qd + slower) * DT, slower
        if self.qdd.any():
            self.twist, self.pose = self.jacobian(self.q) @ self.qd, self.forward(self.q)
        self.twisting = np.zeros(6)

    def bridge(self, *, rest: Seven | None = None) -> None:
        """A millisecond without a command; in torque mode the reference is where the arm is (`rest`)."""
        self.joints.disturb()
        self.hand.disturb()
        if self.mode == Mode.TORQUE:
            self.q = self.q if rest is None else rest
        elif self._first:
            self.brake()
        elif self.mode in CARTESIAN:
            before, posed = self.twist, self.mode == Mode.CARTESIAN_POSITION
            self.twist = before + self.twisting * DT
            self._solve(turned(self.pose, 0.5 * (before + self.twist), DT) if posed else None)
        else:
            ahead = self.qd + self.qdd * DT
            self.q, self.qd = self.q + 0.5 * (self.qd + ahead) * DT, ahead

    def obey(self, order: Order, *, rest: Seven, late: bool = False) -> str | None:
        """Take over a command, or return the flag of what it violates; `rest` is where the joints are."""
        if late:
            self.joints.disturb()
            self.hand.disturb()
        if self._first:
            self.joints.at = self.hand.at = order.at - 1
        flag = None
        if self.mode == Mode.JOINT_POSITION:
            if self._first and np.abs(order.q - self.q).max() > limits.START:
                return "joint_position_motion_generator_start_pose_invalid"
            gap = max(order.at - self.joints.at, 1)
            self.joints.add(order.at, (order.q - self.joints.x) / (DT * gap), order.q)
            flag = limits.joints_flag(self.joints)
            if flag is None:
                self._take(order.q)
        elif self.mode == Mode.JOINT_VELOCITY:
            self.joints.add(order.at, order.qd, self.q)
            flag = limits.joints_flag(self.joints)
            if flag is None:
                self._take(self.q + order.qd * DT)
        elif self.mode == Mode.CARTESIAN_POSITION:
            if not limits.frame_is_proper(order.pose):
                return "cartesian_position_motion_generator_invalid_frame"
            if self._first and np.abs(apart(order.pose, self.pose)).max() > limits.START:
                return "cartesian_position_motion_generator_start_pose_invalid"
            gap = max(order.at - self.hand.at, 1)
            self.hand.add(order.at, apart(order.pose, self.hand.x) / (DT * gap), order.pose)
            flag = self._hand(order) or self._solve(order.pose)
        elif self.mode == Mode.CARTESIAN_VELOCITY:
            self.hand.add(order.at, order.twist, self.pose)
            flag = self._hand(order) or self._solve(None)
        elif self.mode == Mode.TORQUE:
            flag = limits.torque_flag(order.torque, self.torque, max(order.at - self.joints.at, 1))
            self.joints.at, self.torque = order.at, order.torque if flag is None else self.torque
            self.q, self.qd, self.qdd = rest, np.zeros(7), np.zeros(7)
        self._first = False
        return flag

    def _take(self, q: Seven) -> None:
        self.q, self.qd, self.qdd = q, self.joints.v, np.clip(self.joints.a, -BRAKING, BRAKING)

    def _hand(self, order: Order) -> str | None:
        self.twist, self.elbow = self.hand.v, order.elbow
        self.twisting = np.clip(self.hand.a, -limits.HAND[1, 1], limits.HAND[1, 1])
        return limits.hand_flag(self.hand)

    def _solve(self, pose: Pose | None) -> str | None:
        """Joint speeds for the twist, or for what is still missing to a pose; the elbow is the third joint."""
        rows, wanted = self.jacobian(self.q), self.twist
        if pose is not None:
            wanted = apart(pose, self.forward(self.q)) / DT
        if self.elbow is not None:
            rows = np.concatenate([rows, np.eye(7)[2:3]])
            wanted = np.append(wanted, (self.elbow - self.q[2]) / DT)
        square = rows @ rows.T
        qd = rows.T @ np.linalg.solve(square + DAMPING * np.eye(len(square)), wanted)
        self.joints.add(self.joints.at + 1, qd, self.q + qd * DT)
        if not self.hand.sure:
            self.joints.disturb()
        flag = limits.joints_flag(self.joints, cartesian=True)
        if flag is None:
            self.q, self.qd, self.qdd = self.joints.x, qd, np.clip(self.joints.a, -BRAKING, BRAKING)
            self.pose = self.forward(self.q) if pose is None else pose
        return flag
