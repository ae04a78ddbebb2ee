"""What the numbers of a policy's action mean on an arm, and which action it was that was really sent.

    [actions]
    kind = "tool deltas"        # (dx, dy, dz, grip) in [-1, 1]; 1 moves the tool by `scale`
    scale = 0.03
    frame = "world"

Joint targets come from damped least squares (Wampler 1986) on the arm's Jacobian, begun at the last target and not at
the measured pose, which sags and lags: what was asked for adds up exactly. No action moves the target farther than one
full step, whatever it holds; where there is no way to go so far it stays, and the reason is told.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float64

from embodied.spec import ArraySpec
from real_robot.description_parts import Flag, NotNegative, Part, Positive
from real_robot.kinematics import Chain, Pose
from real_robot.robot import Reason

if TYPE_CHECKING:
    from real_robot.description import Description

Kind = Literal["joints", "joint deltas", "tool deltas", "tool pose"]
DAMPING, ROUNDS, STRIDE = 1e-3, 40, 0.2
"""Of the least squares, how often they are solved, and how far a joint goes each time [rad]."""
NEAR, TURNED = 1e-7, 1e-7
"""How exactly a pose is reached [m, rad]."""
LEAP = 0.35
"""No joint turns so far for one action [rad]: where it would have to, a singularity is near."""
WALL = 0.004
"""Targets stay so far inside the workspace [m], more than the governor keeps."""
RELAX = 0.1
"""The share of the way home that the spare joint of a seven-jointed arm goes with a full step."""


class Grip(Part):
    """The last number of an action, in [-1, 1]: above 0 it closes, otherwise it opens. Openings in [m]."""

    open: Positive | None = None
    """The gripper's widest where it is not given."""
    closed: NotNegative = 0.0
    graded: Flag = False
    """-1 is open, 1 is closed, and what lies between is so between."""


class Actions(Part):
    """How a policy drives the arm."""

    kind: Kind = "tool deltas"
    """joints: angles [rad]; joint deltas and tool deltas: 1 is `scale`; tool pose: position [m] and axis times angle
    [rad] of the tool."""
    scale: Positive | None = None
    """The most that one action moves the target: of the tool [m], 0.03 where it is not given; of a joint [rad], 0.1."""
    turns: Flag = False
    """Whether actions of the tool turn it too: (dx, dy, dz, rx, ry, rz); otherwise it keeps its orientation."""
    turn: Positive = 0.1
    """The most that one action turns the tool [rad]."""
    frame: Literal["world", "base"] = "world"
    """Whose axes and origin they are given in; the world's origin is [world] frame, else that of [mount]."""
    grip: Grip | None = Grip()
    hz: Positive = 10.0
    """Actions a second, where no twin says it."""

    @property
    def step(self) -> float:
        """`scale`, or its default."""
        return self.scale or (0.1 if self.kind in ("joints", "joint deltas") else 0.03)


@dataclass(frozen=True, eq=False)
class Target:
    """Where the arm is sent: joints [rad], the pose of the tool that they stand for, the gripper's opening [m], and the
    orientation that is held, to which a tool that was tilted on a way cut short is turned back."""

    q: Float64[np.ndarray, " n"]
    pose: Pose
    opening: float
    held: Float64[np.ndarray, "3 3"]


class Steering:
    """From actions to targets and back, for one arm. It remembers nothing."""

    def __init__(self, actions: Actions, robot: "Description") -> None:
        if robot.workspace is None:
            raise ValueError(f"robot {robot.id!r} has no workspace; only an arm is steered")
        self.actions, self.chain, self.tool = actions, robot.arm.chain, robot.tool.pose
        self.low, self.high = robot.range
        self.home, self.leap = robot.home_q, min(LEAP, robot.limits.jump)
        self.box = np.array(robot.workspace.low) + WALL, np.array(robot.workspace.high) - WALL
        self.origin = origin(actions, robot)
        grip = actions.grip
        self.open = robot.opening if grip is None or grip.open is None else grip.open
        self.closed = 0.0 if grip is None else grip.closed
        self.array = self._described()

    def _described(self) -> ArraySpec:
        kind, gripping = self.actions.kind, [1.0] * (self.actions.grip is not None)
        unit = ""
        if kind == "joints":
            low, high, unit = self.low.tolist(), self.high.tolist(), "rad"
        elif kind == "joint deltas":
            low, high = [-1.0] * self.chain.joints, [1.0] * self.chain.joints
        elif kind == "tool deltas":
            high = [1.0] * (6 if self.actions.turns else 3)
            low = [-x for x in high]
        else:
            turning, unit = [np.pi] * (3 if self.actions.turns else 0), "m, rad"
            inverse = np.linalg.inv(self.origin)
            corners = np.array(np.meshgrid(*np.transpose(self.box))).reshape(3, -1).T @ inverse[:3, :3].T
            corners += inverse[:3, 3]
            low, high = [*corners.min(0), *(-x for x in turning)], [*corners.max(0), *turning]
        least = np.array([*low, *(-x for x in gripping)], np.float32)
        return ArraySpec(least.shape, "float32", least, np.array([*high, *gripping], np.float32), unit)

    def at(self, q: Float64[np.ndarray, " n"], opening: float, held: np.ndarray | None = None) -> Target:
        """The target that an arm standing there has reached, holding that orientation, or else the one it has; an
        unknown opening counts as open."""
        q = np.array(q, np.float64)
        pose = self.chain.pose(q, self.tool)
        known = float(opening) if np.isfinite(opening) else self.open
        return Target(q, pose, known, pose[:3, :3] if held is None else held)

    def opening(self, grip: float) -> float:
        """The opening [m] that the last number of an action asks for."""
        graded = self.actions.grip is not None and self.actions.grip.graded
        share = (np.clip(grip, -1, 1) + 1) / 2 if graded else float(grip > 0)
        return float(self.open + share * (self.closed - self.open))

    def grip(self, opening: float) -> float:
        """The inverse of `opening`; what is neither open nor closed counts as the nearer, unless it is graded."""
        share = float(np.clip((opening - self.open) / min(self.closed - self.open, -1e-9), 0, 1))
        graded = self.actions.grip is not None and self.actions.grip.graded
        return 2 * share - 1 if graded else (1.0 if share > 0.5 else -1.0)

    def forward(self, target: Target, action: Float64[np.ndarray, " a"]) -> tuple[Target, tuple[Reason, ...]]:
        """The next target, and why it is not what the action says. A refused action leaves the target where it is."""
        asked = np.asarray(action, np.float64)
        if asked.shape != self.array.shape:
            return target, (Reason.SHAPE,)
        if not np.isfinite(asked).all():
            return target, (Reason.NOT_FINITE,)
        kept = np.clip(asked, self.array.low, self.array.high)
        reasons: list[Reason] = []
        if not np.array_equal(kept, asked):
            reasons.append(Reason.SPEED if self.actions.kind.endswith("deltas") else self._bound)
        body = kept
        if self.actions.grip is not None:
            body, target = kept[:-1], replace(target, opening=self.opening(kept[-1]))
        moved, why = self._joints(target, body) if "joint" in self.actions.kind else self._tool(target, body)
        return moved, tuple(dict.fromkeys([*reasons, *why]))

    @property
    def _bound(self) -> Reason:
        return Reason.JOINT_RANGE if self.actions.kind == "joints" else Reason.WORKSPACE

    def _joints(self, target: Target, body: np.ndarray) -> tuple[Target, tuple[Reason, ...]]:
        most, reasons = self.actions.step, []
        wanted = body if self.actions.kind == "joints" else target.q + most * body
        q = np.clip(wanted, self.low, self.high)
        if not np.array_equal(q, wanted):
            reasons.append(Reason.JOINT_RANGE)
        if (far := float(np.abs(q - target.q).max())) > most * (1 + 1e-9):
            q = target.q + (q - target.q) * (most / far)
            reasons.append(Reason.SPEED)
        pose = self.chain.pose(q, self.tool)
        if self._outside(pose) > max(self._outside(target.pose), 1e-9):
            return target, (*reasons, Reason.WORKSPACE)
        return Target(q, pose, target.opening, pose[:3, :3]), tuple(reasons)

    def _outside(self, pose: Pose) -> float:
        low, high = self.box
        return float(np.maximum(np.maximum(low - pose[:3, 3], pose[:3, 3] - high), 0).sum())

    def _tool(self, target: Target, body: np.ndarray) -> tuple[Target, tuple[Reason, ...]]:
        from scipy.spatial.transform import Rotation

        actions, axes, reasons = self.actions, self.origin[:3, :3], []
        pose, step = target.pose.copy(), actions.step
        if actions.kind == "tool deltas":
            step = sqrt(3) * step
            wanted = pose[:3, 3] + axes @ (actions.step * body[:3])
            most = sqrt(3) * actions.turn
        else:
            wanted, most = (self.origin @ [*body[:3], 1.0])[:3], actions.turn
        held = target.held
        if actions.turns and actions.kind == "tool deltas":
            held = Rotation.from_rotvec(axes @ (actions.turn * body[3:])).as_matrix() @ pose[:3, :3]
        elif actions.turns:
            held = axes @ Rotation.from_rotvec(body[3:]).as_matrix()
        turn = Rotation.from_matrix(held @ pose[:3, :3].T).as_rotvec() if (held != pose[:3, :3]).any() else np.zeros(3)
        there = np.clip(wanted, *self.box)
        if np.abs(there - wanted).max() > 1e-9:
            reasons.append(Reason.WORKSPACE)
        there, far = shortened(there - pose[:3, 3], step)
        turn, too_far = shortened(turn, most)
        reasons += [Reason.SPEED] * (far or (too_far and actions.turns))
        pose[:3, 3] += there
        if turn.any():
            pose[:3, :3] = Rotation.from_rotvec(turn).as_matrix() @ pose[:3, :3] if too_far else held
        if np.array_equal(pose, target.pose):
            return target, tuple(reasons)
        share = min(1.0, float(np.linalg.norm(there)) / actions.step)
        q = solved(self.chain, self.tool, target.q, pose, relax=RELAX * share * (self.home - target.q))
        if q is None or np.abs(q - target.q).max() > self.leap:
            return target, (*reasons, Reason.SINGULAR)
        if ((q < self.low) | (q > self.high)).any() and not self._better(q, target.q):
            return target, (*reasons, Reason.JOINT_RANGE)
        return Target(q, pose, target.opening, pose[:3, :3] if actions.turns else held), tuple(reasons)

    def _better(self, q: np.ndarray, old: np.ndarray) -> bool:
        beyond = [np.maximum(np.maximum(self.low - x, x - self.high), 0).sum() for x in (q, old)]
        return bool(beyond[0] < beyond[1])

    def inverse(self, before: Target, after: Target, asked: np.ndarray | None = None) -> Float64[np.ndarray, " a"]:
        """The action that leads from one target to another, within its bounds: what was sent, in the policy's numbers.

        Where what was asked for stands for the same opening of the gripper, its number is kept.
        """
        from scipy.spatial.transform import Rotation

        actions, axes = self.actions, self.origin[:3, :3]
        if actions.kind == "joints":
            body = after.q
        elif actions.kind == "joint deltas":
            body = (after.q - before.q) / actions.step
        elif actions.kind == "tool deltas":
            body = axes.T @ (after.pose[:3, 3] - before.pose[:3, 3]) / actions.step
            if actions.turns:
                turned = Rotation.from_matrix(after.pose[:3, :3] @ before.pose[:3, :3].T).as_rotvec()
                body = np.concatenate([body, axes.T @ turned / actions.turn])
        else:
            inside = np.linalg.inv(self.origin) @ after.pose
            turned = Rotation.from_matrix(inside[:3, :3]).as_rotvec() if actions.turns else []
            body = np.concatenate([inside[:3, 3], turned])
        if actions.grip is not None:
            grip = self.grip(after.opening)
            if asked is not None and asked.shape == self.array.shape and np.isfinite(asked[-1]):
                kept = float(np.clip(asked[-1], -1, 1))
                grip = kept if abs(self.opening(kept) - after.opening) < 1e-9 else grip
            body = np.append(body, grip)
        return np.clip(body, self.array.low, self.array.high)


def origin(actions: Actions, robot: "Description") -> Pose:
    """The frame that actions are given in, in the base's frame."""
    if actions.frame == "base":
        return np.eye(4)
    return robot.world.frame.pose if robot.world is not None else np.linalg.inv(robot.mount.pose)


def shortened(way: Float64[np.ndarray, " 3"], most: float) -> tuple[Float64[np.ndarray, " 3"], bool]:
    """A way of at most such a length in the same direction, and whether it was longer."""
    length = float(np.linalg.norm(way))
    return (way * (most / length), True) if length > most * (1 + 1e-9) else (way, False)


def solved(
    chain: Chain, tool: Pose, q: Float64[np.ndarray, " n"], pose: Pose, *, relax: np.ndarray | None = None
) -> Float64[np.ndarray, " n"] | None:
    """Joints near `q` that put the tool there, by damped least squares; None where they are not found.

    dq = J' (J J' + d^2 I)^-1 e + (I - J^+ J) relax, the second part, for arms with a spare joint, only once.
    """
    from scipy.spatial.transform import Rotation

    q = q.copy()
    for round_ in range(ROUNDS):
        now = chain.pose(q, tool)
        off, turned = pose[:3, 3] - now[:3, 3], Rotation.from_matrix(pose[:3, :3] @ now[:3, :3].T).as_rotvec()
        first = round_ == 0 and relax is not None and len(q) > 6
        if not first and np.linalg.norm(off) < NEAR and np.linalg.norm(turned) < TURNED:
            return q
        jacobian = chain.jacobian(q, tool)
        square = jacobian @ jacobian.T + DAMPING**2 * np.eye(6)
        dq = jacobian.T @ np.linalg.solve(square, np.concatenate([off, turned]))
        if first and relax is not None:
            dq += relax - jacobian.T @ np.linalg.solve(square, jacobian @ relax)
        q += dq * min(1.0, STRIDE / max(float(np.abs(dq).max()), 1e-12))
    return None
