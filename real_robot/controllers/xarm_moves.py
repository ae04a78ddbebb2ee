"""The functions that order motion, and when they are refused; what they order is done by `xarm_motion`.

Payloads are vendor source. A motion that no longer fits is refused as the status byte says; one in the wrong mode is
answered like a good one and ignored (assumed: the client itself only warns of it).
"""

import math
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from real_robot.controllers import xarm_safety as safe
from real_robot.controllers.plant import Plant
from real_robot.controllers.xarm_motion import Motion, Task
from real_robot.controllers.xarm_poses import numbers_of, pose_of
from real_robot.controllers.xarm_settings import Settings
from real_robot.controllers.xarm_wire import FINISHED, STARTED, SUCCESS, Request, feedback, read_floats
from real_robot.kinematics import Pose

LINE, BLENDED, JOINT, JOINT_BLENDED, HOME, SLEEP, TOOL_LINE = 21, 22, 23, 24, 25, 26, 28
SERVO, SERVO_POSE, JOINT_VELOCITY, VELOCITY, RELATIVE, TURNED_LINE, SERVO_TURNED = 29, 30, 81, 82, 83, 92, 93
CHECK, FEEDBACK = 253, 254
ONLY_CHECK = {
    LINE: 42,
    BLENDED: 40,
    JOINT: 40,
    JOINT_BLENDED: 40,
    HOME: 12,
    TOOL_LINE: 36,
    RELATIVE: 46,
    TURNED_LINE: 38,
}
"""Where a payload says that the path is to be checked and not driven; every path passes (not simulated)."""
FULL = 1024
"""Queued commands that fit (vendor source); one more is refused with warning 11."""
CACHE_FULL = 11
Sender = Callable[[bytes], None]


class Moves:
    """Orders of motion for one arm; `commands` counts those of them that were obeyed."""

    def __init__(self, plant: Plant, safety: safe.Safety, settings: Settings, note: Callable[..., None]) -> None:
        self.safety, self.settings, self.note = safety, settings, note
        self.motion = Motion(plant, self._unsolved, note)
        self.commands, self.refusals, self.number, self.wishes = 0, 0, 0, 0
        self._orders: dict[int, tuple[tuple[int, ...], Callable[[Request, Sender], None]]] = {
            LINE: ((0, 7), self._line), BLENDED: ((0, 7), self._line), TOOL_LINE: ((0, 7), self._line),
            TURNED_LINE: ((0, 7), self._line), RELATIVE: ((0, 6, 7), self._relative),
            JOINT: ((0, 6), self._joint), JOINT_BLENDED: ((0, 6), self._joint), HOME: ((0, 6), self._home),
            SLEEP: ((0,), self._sleep), SERVO: ((1,), self._servo), SERVO_POSE: ((1,), self._servo_pose),
            SERVO_TURNED: ((1,), self._servo_turned), JOINT_VELOCITY: ((4,), self._joint_velocity),
            VELOCITY: ((5,), self._velocity), CHECK: (tuple(range(8)), self._check),
        }  # fmt: skip

    def order(self, request: Request, send: Sender) -> bytes | None:
        """Obey or refuse; the reply's data (a task's number and a check's result), None for an unknown function."""
        if request.function == FEEDBACK:
            self.wishes = request.payload[0]
            return b""
        if request.function not in self._orders:
            return None
        modes, obey = self._orders[request.function]
        if request.function != CHECK and not self.safety.accepting:
            self._refuse(request, f"state {self.safety.state}, error {self.safety.error}, motors {self.safety.enabled}")
        elif self.safety.mode not in modes:
            self._refuse(request, f"mode {self.safety.mode}, it is for {modes}")
        elif not any(request.payload[ONLY_CHECK.get(request.function, 1 << 10) :][:1]):
            self.number += 1
            obey(request, send)
            self.commands += request.function != CHECK
        return struct.pack(">HB", self.number & 0xFFFF, 0)

    def _refuse(self, request: Request, why: str) -> None:
        self.refusals += 1
        if self.refusals == 1 or self.refusals % 250 == 0:
            self.note("refused", function=request.function, why=why, so_far=self.refusals)

    def _unsolved(self) -> None:
        self.safety.fail(safe.KINEMATIC)

    def _queue(self, request: Request, send: Sender, plan: Any) -> None:
        if len(self.motion.queue) >= FULL:
            self.safety.warn(CACHE_FULL)
            return
        number, wishes = self.number, self.wishes

        def tell(kind: int, code: int = 0) -> None:
            if wishes & kind:
                send(feedback(request, kind, number, code, round(1e6 * self.motion.now)))

        self.motion.queue.append(Task(plan, lambda code: tell(FINISHED, code), lambda: tell(STARTED)))

    def _check(self, request: Request, send: Sender) -> None:
        if self.safety.accepting and self.safety.mode == 0:
            self._queue(request, send, lambda start: (0.0, lambda t: start))
        elif self.wishes & FINISHED:
            send(feedback(request, FINISHED, self.number, SUCCESS, round(1e6 * self.motion.now)))

    def _sleep(self, request: Request, send: Sender) -> None:
        seconds = read_floats(request.payload, 1)[0]
        self._queue(request, send, lambda start: (seconds, lambda t: start))

    def _joint(self, request: Request, send: Sender) -> None:
        *goal, speed, acceleration = read_floats(request.payload, 9)
        self._to_joints(request, send, np.array(goal), speed, acceleration)

    def _home(self, request: Request, send: Sender) -> None:
        speed, acceleration = read_floats(request.payload, 2)
        self._to_joints(request, send, np.zeros(7), speed, acceleration)

    def _to_joints(self, request: Request, send: Sender, goal: np.ndarray, speed: float, acceleration: float) -> None:
        goal = goal[: len(self._last)]  # an infinite one stays where it is
        whole = np.where(np.isinf(goal), self._last, goal)
        if not self._in_range(whole):
            return
        pace = self._paced(speed), min(max(acceleration, 0.01), 20.0)
        if self.safety.mode == 0:
            self._queue(request, send, self.motion.joint_path(goal, *pace))
        else:
            self.motion.pace = pace
            self.motion.servo(whole)

    @property
    def _last(self) -> np.ndarray:
        return self.motion.plant.q if self.motion.goal is None else self.motion.goal

    def _paced(self, speed: float) -> float:
        most = min(safe.SPEED_LIMIT, self.settings.reduced_joint_speed) if self.settings.reduced else safe.SPEED_LIMIT
        return min(max(speed, 1e-4), most)

    def _in_range(self, goal: np.ndarray) -> bool:
        limit = self.motion.plant.limits
        wrong = np.flatnonzero(~((goal >= limit.low - 1e-3) & (goal <= limit.high + 1e-3)))
        if len(wrong):
            self.safety.fail(safe.JOINT_RANGE, joint=int(wrong[0]) + 1, angle=float(goal[wrong[0]]))
        return not len(wrong)

    def _line(self, request: Request, send: Sender) -> None:
        *six, speed, acceleration, _ = read_floats(request.payload, 9)
        rest = request.payload[40:] if request.function in (LINE, BLENDED) else request.payload[36:]
        in_tool = request.function == TOOL_LINE or (request.function != BLENDED and any(rest[:1]))
        turned = request.function == TURNED_LINE or (request.function == LINE and len(rest) > 1 and bool(rest[1]))
        relative = request.function == TURNED_LINE and len(rest) > 1 and bool(rest[1])

        def reach(first: Pose) -> Pose:
            if in_tool:
                return first @ pose_of(six, turned)
            if relative:
                return _moved(first, six, turned)
            now = numbers_of(first, turned)
            return pose_of([x if math.isfinite(x) else y for x, y in zip(six, now, strict=True)], turned)

        self._to_pose(request, send, reach, speed, acceleration)

    def _relative(self, request: Request, send: Sender) -> None:
        *seven, speed, acceleration, _, _ = read_floats(request.payload, 11)
        if request.payload[44]:
            way = np.array(seven)[: len(self._last)]
            if self.safety.mode == 0:
                pace = self._paced(speed), min(max(acceleration, 0.01), 20.0)
                self._queue(request, send, lambda start: self.motion.joint_path(start + way, *pace)(start))
            else:
                self._to_joints(request, send, self._last + way, speed, acceleration)
            return
        turned = bool(request.payload[45])
        self._to_pose(request, send, lambda first: _moved(first, seven[:6], turned), speed, acceleration)

    def _to_pose(
        self, request: Request, send: Sender, reach: Callable[[Pose], Pose], speed: float, acceleration: float
    ) -> None:
        most = self.settings.reduced_tcp_speed if self.settings.reduced else 1000.0
        speed, acceleration = min(max(speed, 0.1), most) / 1000, max(acceleration, 1.0) / 1000
        if self.safety.mode == 0:
            self._queue(request, send, self.motion.line_path(reach, speed, acceleration))
            return
        found = self.motion.solve(reach(self.motion.pose), self._last)  # by joints, not straight (assumed)
        if found is None:
            self._unsolved()
        else:
            self.motion.pace = (self._paced(speed / 0.3), 20.0)
            self.motion.servo(found)

    def _servo(self, request: Request, send: Sender) -> None:
        goal = np.array(read_floats(request.payload, 7))[: len(self.motion.plant.q)]
        if self._in_range(goal):
            self.motion.servo(goal)

    def _servo_pose(self, request: Request, send: Sender) -> None:
        *six, _, _, in_tool = read_floats(request.payload, 9)
        self._servo_to(self._ahead() @ pose_of(six) if in_tool else pose_of(six))

    def _servo_turned(self, request: Request, send: Sender) -> None:
        six = read_floats(request.payload, 6)
        in_tool, relative = struct.unpack_from("<iB", request.payload, 32)
        now = self._ahead()
        step = now @ pose_of(six, True) if in_tool else _moved(now, six, True)
        self._servo_to(step if in_tool or relative else pose_of(six, True))

    def _ahead(self) -> Pose:
        return self.motion.plant.chain.pose(self._last, self.motion.tool)

    def _servo_to(self, goal: Pose) -> None:
        found = self.motion.solve(goal, self._last, rounds=20) if np.isfinite(goal).all() else None
        if found is None:
            self._unsolved()
        else:
            self.motion.servo(found)

    def _joint_velocity(self, request: Request, send: Sender) -> None:
        wanted = np.array(read_floats(request.payload, 7))[: len(self.motion.plant.q)]
        most = self._paced(math.inf)
        wrong = np.flatnonzero(~(np.abs(wanted) <= safe.SPEED_LIMIT + 1e-3))
        if len(wrong):
            self.safety.fail(safe.SPEED, joint=int(wrong[0]) + 1, speed=float(wanted[wrong[0]]))
            return
        self.motion.velocity(np.clip(wanted, -most, most), "joints", _duration(request.payload[29:]))

    def _velocity(self, request: Request, send: Sender) -> None:
        twist = np.array(read_floats(request.payload, 6))
        if not np.isfinite(twist).all():
            raise ValueError(f"a velocity is finite, not {twist}")
        most = self.settings.reduced_tcp_speed if self.settings.reduced else 1000.0
        twist[:3] *= min(1.0, most / max(float(np.linalg.norm(twist[:3])), 1e-9)) / 1000
        self.motion.velocity(twist, "tool" if request.payload[24] else "base", _duration(request.payload[25:]))


def _moved(first: Pose, six: list[float], turned: bool) -> Pose:
    """A pose moved along the base's axes, and turned about them."""
    last = np.array(first)
    change = pose_of(six, turned)
    last[:3, 3] += change[:3, 3]
    if turned:
        last[:3, :3] = change[:3, :3] @ first[:3, :3]
    else:
        now = numbers_of(first)
        last[:3, :3] = pose_of([*now[:3], *(a + b for a, b in zip(now[3:], six[3:], strict=True))])[:3, :3]
    return last


def _duration(rest: bytes) -> float:
    return read_floats(rest, 1)[0] if len(rest) >= 4 else 0.0
