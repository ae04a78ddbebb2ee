"""Poses as an xArm writes them, millimetres and roll, pitch, yaw about fixed axes, and the way back to joints.

In numpy alone, because the controller does this in every tick.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from real_robot.kinematics import Chain, Pose


def turned(roll: float, pitch: float, yaw: float) -> Float64[np.ndarray, "3 3"]:
    """Rz(yaw) Ry(pitch) Rx(roll) (vendor source: the client's note on attitude angles)."""
    (cr, cp, cy), (sr, sp, sy) = np.cos([roll, pitch, yaw]), np.sin([roll, pitch, yaw])
    return np.array([
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ])  # fmt: skip


def about(vector: Float64[np.ndarray, " 3"]) -> Float64[np.ndarray, "3 3"]:
    """The rotation by a vector's length about it (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def vector(rotation: Float64[np.ndarray, "3 3"]) -> Float64[np.ndarray, " 3"]:
    """The axis times the angle [rad] of a rotation, the angle in [0, pi]."""
    skew = np.array([
        rotation[2, 1] - rotation[1, 2],
        rotation[0, 2] - rotation[2, 0],
        rotation[1, 0] - rotation[0, 1],
    ])  # fmt: skip
    sine, cosine = float(np.linalg.norm(skew)) / 2, (float(np.trace(rotation)) - 1) / 2
    angle = float(np.arctan2(sine, cosine))
    if sine > 1e-6:
        return skew * (angle / (2 * sine))
    if cosine > 0:
        return skew / 2
    square = (rotation + np.eye(3)) / 2  # half a turn: n n^T
    column = int(np.argmax(np.diag(square)))
    return angle * square[:, column] / np.sqrt(square[column, column])


def pose_of(numbers: Sequence[float], axis_angle: bool = False) -> Pose:
    """x, y, z [mm] and roll, pitch, yaw, or axis times angle, [rad]."""
    found = np.eye(4)
    found[:3, 3] = np.asarray(numbers[:3], float) / 1000
    found[:3, :3] = about(np.asarray(numbers[3:6], float)) if axis_angle else turned(*numbers[3:6])
    return found


def numbers_of(pose: Pose, axis_angle: bool = False) -> list[float]:
    """The six numbers of a pose."""
    r = pose[:3, :3]
    if axis_angle:
        turn = vector(r)
    else:
        turn = [np.arctan2(r[2, 1], r[2, 2]), -np.arcsin(np.clip(r[2, 0], -1, 1)), np.arctan2(r[1, 0], r[0, 0])]
    return [float(x) for x in (*(1000 * pose[:3, 3]), *turn)]


def joints_at(
    chain: Chain,
    goal: Pose,
    start: Float64[np.ndarray, " n"],
    low: Float64[np.ndarray, " n"],
    high: Float64[np.ndarray, " n"],
    tool: Pose | None = None,
    rounds: int = 60,
) -> Float64[np.ndarray, " n"] | None:
    """Joints within limits that bring the tool there, by damped least squares from `start`; None if not found."""
    q, best, since = np.array(start, np.float64), np.inf, 0
    for _ in range(rounds):
        now, jacobian = chain.pose(q, tool), chain.jacobian(q, tool)
        off = np.concatenate([goal[:3, 3] - now[:3, 3], vector(goal[:3, :3] @ now[:3, :3].T)])
        if np.abs(off[:3]).max() < 1e-6 and np.abs(off[3:]).max() < 1e-5:
            return q
        since, best = (0, float(off @ off)) if off @ off < 0.99 * best else (since + 1, best)
        if since > 6:
            return None
        step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + 1e-6 * np.eye(6), off)
        q = np.clip(q + step * min(1.0, 0.4 / max(float(np.abs(step).max()), 1e-12)), low, high)
    return None
