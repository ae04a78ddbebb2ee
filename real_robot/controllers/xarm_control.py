"""The functions a client can call on an xArm controller, one request in, one reply out, and what a tick does.

Codes and payloads are vendor source (core/wrapper/uxbus_cmd.py). What a reply carries beyond what the client
reads, and what happens to a command of the wrong mode (it is answered well and ignored), is assumed.
"""

import math
import struct
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from real_robot.controllers import xarm_safety as safe
from real_robot.controllers.plant import Plant
from real_robot.controllers.xarm_gripper import BAUD_INDEX, Gripper
from real_robot.controllers.xarm_motion import BANDWIDTH
from real_robot.controllers.xarm_moves import Moves
from real_robot.controllers.xarm_poses import numbers_of, pose_of
from real_robot.controllers.xarm_settings import FORMS, RESETS, TOOL_MODEL, Settings
from real_robot.controllers.xarm_wire import INVALID, Request, floats, read_floats, reply, seven
from real_robot.kinematics import chain

PERIOD = 1 / 250
BAUD_REGISTER = 0x0A0B
HARDWARE = 1303
"""In serial numbers; from 1305 on the client has other joint ranges."""
Sender = Callable[[bytes], None]
SMOOTHING = 0.012
"""Of a target's own speed [s]. Assumed: a drive makes no jerk of a target that comes a tick early or late."""


class Controller:
    """One arm and its box, without sockets; `note` gets events."""

    def __init__(self, model: str, start: np.ndarray, version: str, note: Callable[..., None]) -> None:
        plant = Plant(chain(model), safe.limits(model), start, bandwidth=BANDWIDTH, smoothing=SMOOTHING)
        self.version, self.note = version, note
        self.axes = plant.chain.joints
        self.safety = safe.Safety(self.axes, note)
        self.settings, self.gripper = Settings(), Gripper()
        self.moves = Moves(plant, self.safety, self.settings, note)
        self.counts: Counter[int] = Counter()
        self.force, self.force_sensor = np.zeros(3), False
        self.tool_point, self.tool_speed = self.moves.motion.pose[:3, 3], 0.0
        self._answers = self._table()

    @property
    def plant(self) -> Plant:
        """The joints."""
        return self.moves.motion.plant

    def tick(self) -> None:
        """One period: move, then judge; the judgement counts from the next tick on."""
        motion, was = self.moves.motion, self.tool_point
        doing = "run" if self.safety.running else "pause" if self.safety.state == safe.PAUSED else "stop"
        motion.step(doing, self.safety.mode, self.settings.joint_acceleration, PERIOD)
        self.gripper.step(PERIOD)
        frames = self.plant.chain.frames(self.plant.q)
        self.tool_point = (frames[-1] @ motion.tool)[:3, 3]
        self.tool_speed = float(np.linalg.norm(self.tool_point - was)) / PERIOD
        self.safety.settle(motion.busy, self.plant.still)
        if not self.safety.running:
            return
        wrist = np.concatenate([frames[-3:, :3, 3], self.tool_point[None]])
        force = float(np.linalg.norm(self.force))
        found = safe.judge(self.plant, wrist, self.tool_speed, force, self.safety.mode, self.settings)
        if found:
            self.safety.fail(found[0], **found[1])

    def answer(self, request: Request, send: Sender) -> bytes:
        """The reply to a request; `send` carries what its motion has to tell later."""
        function, early = request.function, self.safety.status
        self.counts[function] += 1
        if self.counts[function] == 1:
            self.note("command", function=function)
        data, invalid = b"", 0
        try:
            if function in self._answers:
                found = self._answers[function](request.payload)
                data, invalid = (bytes(28), INVALID) if found is None else (found, 0)
            elif function in FORMS or function == TOOL_MODEL:
                self._store(function, request.payload)
            else:
                found = self.moves.order(request, send)
                if found is None:
                    self.note("unknown", function=function)
                    self.safety.warn(safe.UNKNOWN)
                data, invalid = (
                    (bytes(64), INVALID) if found is None else (found, 0)
                )  # zeros: the client unpacks blindly
        except (ValueError, struct.error, IndexError) as error:
            self.note("refused", function=function, why=str(error))
            self.safety.warn(safe.PARAMETER)
            invalid = INVALID
        status = early if function == 36 else self.safety.status  # a load is judged before it resets (assumed)
        return reply(request, status | invalid, data)

    def torque(self) -> list[float]:
        """What the outside does to the joints [Nm]; gravity and friction are not simulated."""
        if not self.force.any():
            return [0.0] * 7
        return seven(self.plant.chain.jacobian(self.plant.q, self.moves.motion.tool)[:3].T @ self.force)

    def wrench(self) -> list[float]:
        """What a force sensor at the tool would say [N, Nm]."""
        return [*(float(x) for x in self.force), 0.0, 0.0, 0.0] if self.force_sensor else [0.0] * 6

    def identity(self) -> tuple[str, str]:
        """What GET_VERSION and GET_ROBOT_SN say."""
        arm, box = f"X{'I' if self.axes == 6 else 'S'}{HARDWARE}", f"AC{HARDWARE}"
        return f"{self.axes},{self.axes},{arm},{box},v{self.version}", f"{arm}00SIM001\0{box}00SIM001\0"

    def _store(self, function: int, payload: bytes) -> None:
        self.settings.store(function, payload)
        self.note("stored", function=function)
        if function in RESETS:
            self.moves.motion.tool = pose_of(self.settings.tcp_offset)
            self.moves.motion.forget()
            self.safety.reconfigured()

    def _table(self) -> dict[int, Callable[[bytes], bytes | None]]:
        safety, settings, motion = self.safety, self.settings, self.moves.motion

        def told(_: object) -> bytes:
            return b""

        def mode(payload: bytes) -> bytes:
            motion.forget()
            if not safety.set_mode(payload[0]):
                raise ValueError(f"there is no mode {payload[0]}")
            return b""

        def clean(_: bytes) -> bytes:
            safety.clean()
            return b""

        def unwarn(_: bytes) -> bytes:
            safety.warning = 0
            return b""

        def positions(payload: bytes) -> bytes:
            groups = (self.plant.q, self.plant.qd, self.torque())
            return floats(x for group in groups[: (payload[0] & 0x0F) if payload else 1] for x in seven(group))

        def forward(payload: bytes) -> bytes:
            q = np.array(read_floats(payload, 7))[: self.axes]
            return floats(numbers_of(self.plant.chain.pose(q, motion.tool)))

        def inverse(payload: bytes) -> bytes | None:
            near = read_floats(payload, 7, 25)[: self.axes] if len(payload) >= 53 else self.plant.q
            found = motion.search(pose_of(read_floats(payload, 6)), [np.array(near)])
            return None if found is None else floats(seven(found))

        def beyond_joints(payload: bytes) -> bytes:
            q, limit = np.array(read_floats(payload, 7))[: self.axes], self.plant.limits
            return bytes([int(bool(((q < limit.low) | (q > limit.high)).any()))])

        def beyond_reach(payload: bytes) -> bytes:
            return bytes([int(motion.search(pose_of(read_floats(payload, 6)), [self.plant.q]) is None)])

        def sensor(payload: bytes) -> bytes:
            self.force_sensor = bool(payload[0])
            return b""

        def board(payload: bytes) -> bytes:
            return struct.pack(">i", BAUD_INDEX if struct.unpack_from(">H", payload, 1)[0] == BAUD_REGISTER else 0)

        def keep(action: Callable[[], None]) -> Callable[[bytes], bytes]:
            return lambda payload: action() or b""

        return {
            1: lambda p: self.identity()[0].encode().ljust(40, b"\0"),
            2: lambda p: self.identity()[1].encode().ljust(40, b"\0"),
            5: lambda p: bytes([settings.report_current]),
            7: lambda p: bytes([settings.approximate]),
            10: lambda p: b"",
            11: lambda p: told(safety.enable(p[0], bool(p[1]))),
            12: lambda p: told(safety.set_state(p[0])),
            13: lambda p: bytes([safety.state]),
            14: lambda p: struct.pack(">H", len(motion.queue)),
            15: lambda p: bytes([safety.error, safety.warning]),
            16: clean, 17: unwarn,
            18: lambda p: told(safety.enable(p[0], not p[1])),
            19: mode,
            39: keep(settings.reset), 40: lambda p: b"",
            41: lambda p: floats(numbers_of(motion.pose)),
            42: positions, 43: inverse, 44: forward, 45: beyond_joints, 46: beyond_reach,
            49: lambda p: bytes([settings.reduced]),
            53: lambda p: settings.reduced_state(),
            55: lambda p: floats(self.torque()),
            74: lambda p: self._count(0), 75: lambda p: self._count(settings.counter + 1),
            91: lambda p: floats(numbers_of(motion.pose, axis_angle=True)),
            124: self.gripper.answer,
            125: lambda p: bytes([0, self.gripper.error]),
            127: lambda p: b"", 128: board, 130: board,
            200: lambda p: floats(self.wrench()), 150: lambda p: floats(self.wrench()),
            201: sensor, 202: lambda p: b"", 203: lambda p: b"\0", 206: lambda p: b"",
            232: lambda p: settings.set_parameter(p) or b"",
            233: lambda p: settings.parameter(p[0]),
            234: lambda p: self._why(p[0]),
        }  # fmt: skip

    def _count(self, value: int) -> bytes:
        self.settings.counter = value
        return b""

    def _why(self, number: int) -> bytes:
        facts: dict[str, Any] = self.safety.details
        if number == 101:
            return bytes([facts.get("joint", 1)]) + floats([0.0, facts.get("newtons", 0.0)])
        if number == 103:
            joint = facts.get("joint", 0)
            return bytes([1 << (joint - 1) if joint else 0]) + floats(seven(self.plant.q))
        if number == 104:
            return bytes([facts.get("joint", 1)]) + floats([facts.get("speed", 0.0)])
        if number == 105:
            return floats([facts.get("limit", 0.0), facts.get("speed", 0.0)])
        return bytes(4 if number == 50 else 1) if math.isfinite(number) and number < 100 else bytes(33)
