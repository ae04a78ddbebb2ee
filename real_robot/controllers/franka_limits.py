"""What a Franka FR3 refuses: its limits, the checks of every commanded millisecond, and the flag each one raises.

The figures are those of the maker's rate limiter for the FR3 (vendor source: libfranka, rate_limiting.h); that
"velocity discontinuity" is too much acceleration and "acceleration discontinuity" too much jerk is the maker's manual's
(vendor documentation). The ranges of the joints are recalled, and agree with where the rate limiter lets the speeds
fall to zero. How much more than its limits a real controller lets pass is not known: `SLACK` is assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

Seven = Float64[np.ndarray, " 7"]

FLAGS = (
    "joint_position_limits_violation",
    "cartesian_position_limits_violation",
    "self_collision_avoidance_violation",
    "joint_velocity_violation",
    "cartesian_velocity_violation",
    "force_control_safety_violation",
    "joint_reflex",
    "cartesian_reflex",
    "max_goal_pose_deviation_violation",
    "max_path_pose_deviation_violation",
    "cartesian_velocity_profile_safety_violation",
    "joint_position_motion_generator_start_pose_invalid",
    "joint_motion_generator_position_limits_violation",
    "joint_motion_generator_velocity_limits_violation",
    "joint_motion_generator_velocity_discontinuity",
    "joint_motion_generator_acceleration_discontinuity",
    "cartesian_position_motion_generator_start_pose_invalid",
    "cartesian_motion_generator_elbow_limit_violation",
    "cartesian_motion_generator_velocity_limits_violation",
    "cartesian_motion_generator_velocity_discontinuity",
    "cartesian_motion_generator_acceleration_discontinuity",
    "cartesian_motion_generator_elbow_sign_inconsistent",
    "cartesian_motion_generator_start_elbow_invalid",
    "force_controller_desired_force_tolerance_violation",
    "start_elbow_sign_inconsistent",
    "communication_constraints_violation",
    "power_limit_violation",
    "cartesian_motion_generator_joint_position_limits_violation",
    "cartesian_motion_generator_joint_velocity_limits_violation",
    "cartesian_motion_generator_joint_velocity_discontinuity",
    "cartesian_motion_generator_joint_acceleration_discontinuity",
    "cartesian_position_motion_generator_invalid_frame",
    "controller_torque_discontinuity",
    "joint_p2p_insufficient_torque_for_planning",
    "tau_j_range_violation",
    "instability_detected",
    "joint_move_in_wrong_direction",
    "cartesian_spline_motion_generator_violation",
    "joint_via_motion_generator_planning_joint_limit_violation",
    "base_acceleration_initialization_timeout",
    "base_acceleration_invalid_reading",
)
"""In the order of the wire: each was set alone and named by the client, franky-control 2.0.0 (vendor source)."""

DT = 1e-3
LOW = np.array([-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159])
HIGH = np.array([2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159])
SPEED = np.array([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26])
ACCELERATION, JERK = np.full(7, 10.0), np.full(7, 5000.0)
TORQUE = np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0])
TORQUE_RATE = 1000.0
HAND = np.array([[3.0, 9.0, 4500.0], [2.5, 17.0, 8500.0]])
"""Of the tool's translation [m/s, m/s^2, m/s^3] and rotation [rad/s ...]."""

MISSED = 20
"""So many commands in a row that fail to come abort a motion (documentation of Polymetis, not the maker's)."""
FIRST_COMMAND = 500
"""So many ticks a motion may wait for its first command. Assumed."""
SLACK, JERK_SLACK = 1.02, 1.2
"""Shares of a limit that pass; a jerk is the third difference of numbers that went over the wire in single precision.
Assumed."""
START = 0.01
"""A first command may be so far from where the arm is [rad; m]. Assumed."""
SETTLED = 20
"""So many commands in time it takes until the client's own filter has forgotten a bridged one (reckoned; with 5
motions were aborted on a busy machine)."""

_SOFT = np.array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35])
_SLOPE = np.array([12.0, 5.17, 7.0, 8.0, 34.0, 11.0, 34.0])
_ABOVE = np.array([2.7501, 1.7918, 2.9065, -0.1458, 2.8101, 4.5205, 3.0196])
_BELOW = np.array([2.7501, 1.7918, 2.9065, 3.0481, 2.8101, -0.54092, 3.0196])


def speed_range(q: Seven) -> tuple[Seven, Seven]:
    """The lowest and the highest speed of each joint at q [rad/s]; both fall to zero at the ends of its range."""
    up = np.sqrt(np.maximum(_SLOPE * (_ABOVE - q), 0.0)) - _SOFT
    down = np.sqrt(np.maximum(_SLOPE * (_BELOW + q), 0.0)) - _SOFT
    return -np.clip(down, 0.0, SPEED), np.clip(up, 0.0, SPEED)


@dataclass
class Trace:
    """A commanded quantity and its first three differences over the client's own milliseconds.

    `at` is the number of the state that a command answers, so a command that came late but was computed in time is no
    jump. Across a gap the differences are taken between the middles of the intervals, which is exact for a constant
    acceleration. `sure` is whether no gap and nothing late was near: only then are the second and the third difference
    judged, because the client filters its commands through what the state says of the last one (assumed lenient).
    """

    at: int
    x: np.ndarray
    v: np.ndarray
    a: np.ndarray = field(init=False)
    j: np.ndarray = field(init=False)
    peaks: np.ndarray = field(init=False)
    _gap: int = 1
    _clean: int = SETTLED

    def __post_init__(self) -> None:
        self.a, self.j = np.zeros_like(self.v), np.zeros_like(self.v)
        self.peaks = np.zeros((3, len(self.v)))

    def add(self, at: int, v: np.ndarray, x: np.ndarray) -> None:
        """The next command: its velocity (of its own or by difference) and its value."""
        gap = at - self.at
        a = (v - self.v) / (DT * (gap + self._gap) / 2)
        self.j = (a - self.a) / DT
        self._clean = self._clean + 1 if gap == 1 else 0
        self.at, self.x, self.v, self.a, self._gap = at, x, v, a, gap
        if self.sure:
            np.maximum(self.peaks, np.abs([v, a, self.j]), out=self.peaks)

    @property
    def sure(self) -> bool:
        """Whether the last commands came one a millisecond and in time."""
        return self._clean >= SETTLED

    def disturb(self) -> None:
        """A command failed to come."""
        self._clean = 0


def joints_flag(trace: Trace, *, cartesian: bool = False) -> str | None:
    """The flag of the first limit that commanded joints exceed; None within all of them."""
    kind = "cartesian_motion_generator_joint" if cartesian else "joint_motion_generator"
    if ((trace.x < LOW) | (trace.x > HIGH)).any():
        return f"{kind}_position_limits_violation"
    low, high = speed_range(trace.x)
    spare = 0.01 + (SLACK - 1) * SPEED
    if ((trace.v < low - spare) | (trace.v > high + spare)).any():
        return f"{kind}_velocity_limits_violation"
    if not trace.sure:
        return None
    if (np.abs(trace.a) > SLACK * ACCELERATION).any():
        return f"{kind}_velocity_discontinuity"
    if (np.abs(trace.j) > JERK_SLACK * JERK).any():
        return f"{kind}_acceleration_discontinuity"
    return None


def hand_flag(trace: Trace) -> str | None:
    """The flag of the first limit that the commanded tool exceeds, `trace` being of its twist."""
    rows = (trace.v, trace.a, trace.j) if trace.sure else (trace.v,)
    names = ("velocity_limits_violation", "velocity_discontinuity", "acceleration_discontinuity")
    for row, name, limit, slack in zip(rows, names, HAND.T, (SLACK, SLACK, JERK_SLACK), strict=False):
        if np.linalg.norm(row[:3]) > slack * limit[0] or np.linalg.norm(row[3:6]) > slack * limit[1]:
            return f"cartesian_motion_generator_{name}"
    return None


def frame_is_proper(pose: Float64[np.ndarray, "4 4"]) -> bool:
    """Whether a commanded matrix is a rigid motion."""
    turn = pose[:3, :3]
    return bool(
        np.isfinite(pose).all()
        and np.allclose(turn @ turn.T, np.eye(3), atol=1e-3)
        and np.linalg.det(turn) > 0
        and np.allclose(pose[3], (0.0, 0.0, 0.0, 1.0), atol=1e-6)
    )


def torque_flag(torque: Seven, before: Seven, gap: int = 1) -> str | None:
    """The flag of commanded torques [Nm] that come `gap` milliseconds after others."""
    if (np.abs(torque - before) > SLACK * TORQUE_RATE * DT * gap).any():
        return "controller_torque_discontinuity"
    return "tau_j_range_violation" if (np.abs(torque) > SLACK * TORQUE).any() else None


def measured_flag(q: Seven, qd: Seven) -> str | None:
    """The flag of where the arm is and how fast; the margin beyond the commanded limits is assumed."""
    if ((q < LOW - 0.01) | (q > HIGH + 0.01)).any():
        return "joint_position_limits_violation"
    return "joint_velocity_violation" if (np.abs(qd) > 1.1 * SPEED).any() else None


@dataclass(frozen=True)
class Thresholds:
    """What the client set as collision behaviour; the defaults are those of franky (20 Nm, 30 N: vendor source)."""

    torque_lower: Sequence[float] = (20.0,) * 7
    torque_upper: Sequence[float] = (20.0,) * 7
    force_lower: Sequence[float] = (30.0,) * 6
    force_upper: Sequence[float] = (30.0,) * 6

    def __post_init__(self) -> None:
        for name, n in (("torque_lower", 7), ("torque_upper", 7), ("force_lower", 6), ("force_upper", 6)):
            values = getattr(self, name)
            if len(values) != n or not np.isfinite(values).all() or min(values) < 0:
                raise ValueError(f"{name} wants {n} numbers that are not negative, not {list(values)}")


@dataclass(frozen=True)
class Touch:
    """Which joints and which axes of the tool are in contact, which collide, and the reflex that follows."""

    joint_contact: tuple[float, ...] = (0.0,) * 7
    cartesian_contact: tuple[float, ...] = (0.0,) * 6
    joint_collision: tuple[float, ...] = (0.0,) * 7
    cartesian_collision: tuple[float, ...] = (0.0,) * 6

    @property
    def flag(self) -> str | None:
        """cartesian_reflex or joint_reflex; which of both comes first is assumed."""
        if any(self.cartesian_collision):
            return "cartesian_reflex"
        return "joint_reflex" if any(self.joint_collision) else None


def touched(wrench: Float64[np.ndarray, " 6"], torque: Seven, limits: Thresholds) -> Touch:
    """Over the lower threshold is contact, over the upper one collision (vendor documentation)."""

    def over(values: np.ndarray, than: Sequence[float]) -> tuple[float, ...]:
        return tuple((np.abs(values) > than).astype(float).tolist())

    return Touch(
        over(torque, limits.torque_lower),
        over(wrench, limits.force_lower),
        over(torque, limits.torque_upper),
        over(wrench, limits.force_upper),
    )
