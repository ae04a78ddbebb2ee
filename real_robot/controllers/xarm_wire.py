"""What an xArm controller says on the wire: private Modbus-TCP frames, and the four report layouts.

Headers and integers are big-endian, floats little-endian 32 bit; lengths are millimetres and angles radians.
All of it is vendor source (xarm-python-sdk 1.18.4: core/wrapper/uxbus_cmd*.py, x3/report.py) but where marked.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from real_robot.controllers.xarm_settings import Settings

HEADER = struct.Struct(">HHHB")
"""Transaction, protocol, how many bytes follow this field, function."""
PLAIN, BEAT, PRIVATE, LASTING = 0, 1, 2, 3
"""Protocols: standard Modbus, a beat that wants no answer, the arm's own, the same for a client that keeps alive."""
ERROR, WARNING, NOT_READY, INVALID = 0x40, 0x20, 0x10, 0x08
"""Bits of a reply's status byte."""
LONGEST = 1024
"""A longer request is noise (assumed)."""
STARTED, FINISHED, TRIGGERED = 1, 2, 4
"""Kinds of feedback a client may ask for."""
SUCCESS, DISCARDED = 0, 2
"""How a motion ended, in its feedback."""


@dataclass(frozen=True)
class Request:
    """One frame from a client."""

    transaction: int
    protocol: int
    function: int
    payload: bytes = b""

    def packed(self) -> bytes:
        """As it goes over the wire."""
        head = HEADER.pack(self.transaction, self.protocol, len(self.payload) + 1, self.function)
        return head + self.payload


def split(buffer: bytearray) -> list[Request]:
    """The whole frames at the start of a buffer, which they leave; ValueError for what cannot be a frame."""
    found: list[Request] = []
    while len(buffer) >= HEADER.size:
        transaction, protocol, length, function = HEADER.unpack_from(buffer)
        if not 1 <= length <= LONGEST or protocol > LASTING:
            raise ValueError(f"no frame: protocol {protocol}, length {length}; a client speaks 0 to 3, 1 to {LONGEST}")
        if len(buffer) < 6 + length:
            break
        found.append(Request(transaction, protocol, function, bytes(buffer[HEADER.size : 6 + length])))
        del buffer[: 6 + length]
    return found


def reply(to: Request, status: int, data: bytes = b"") -> bytes:
    """The answer to a request: its transaction, protocol and function, the status byte, the data."""
    if to.protocol == PLAIN:  # standard Modbus is not simulated: exception 1, illegal function
        return HEADER.pack(to.transaction, PLAIN, 3, to.function) + bytes([(to.payload or b"\0")[0] | 0x80, 1])
    return HEADER.pack(to.transaction, to.protocol, len(data) + 2, to.function) + bytes([status]) + data


def feedback(to: Request, kind: int, task: int, code: int, micros: int) -> bytes:
    """The unasked frame that tells how the motion a request ordered went (firmware 2.1 and later)."""
    body = struct.pack(">BBBHBQ", 0, kind, to.function, task & 0xFFFF, code, micros)
    return HEADER.pack(to.transaction, to.protocol, len(body) + 1, 0xFF) + body


def floats(numbers: Iterable[float]) -> bytes:
    """Little-endian float32."""
    return np.asarray(list(numbers), "<f4").tobytes()


def read_floats(payload: bytes, count: int, at: int = 0) -> list[float]:
    """`count` float32 from byte `at` on; ValueError when the payload is too short."""
    if len(payload) < at + 4 * count:
        raise ValueError(f"a payload of {len(payload)} bytes has no {count} floats from byte {at} on")
    return list(struct.unpack_from(f"<{count}f", payload, at))


def seven(numbers: Iterable[float]) -> list[float]:
    """An arm's joints in the seven places that every frame has; the missing ones are 0."""
    return [*(float(x) for x in numbers), 0.0, 0.0, 0.0][:7]


@dataclass(frozen=True)
class Snapshot:
    """What reports tell: joints have seven places, poses are millimetres and radians."""

    micros: int
    state: int
    mode: int
    queued: int
    q: list[float]
    qd: list[float]
    qdd: list[float]
    target: list[float]
    pose: list[float]
    axis_angle: list[float]
    twist: list[float]
    torque: list[float]
    force: list[float]
    braked: int
    enabled: int
    error: int
    warning: int
    axes: int
    version: str
    settings: Settings
    force_sensor: bool = False
    gripper: tuple[int, int] = (0, 0)
    device: int = 6


def _sized(body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 4) + body


def _short(s: Snapshot) -> bytes:
    return (
        struct.pack(">BH", s.state | s.mode << 4, s.queued)
        + floats([*s.q, *s.pose, *s.torque])  # what is reported is the actual position (assumed)
    )


def _normal(s: Snapshot) -> bytes:
    have = s.settings
    return (
        _short(s)
        + bytes([s.braked, s.enabled, s.error, s.warning])
        + floats([*have.tcp_offset, *have.tcp_load])
        + bytes([have.collision_sensitivity, have.teach_sensitivity])
        + floats(have.gravity)
    )


def normal(s: Snapshot) -> bytes:
    """Port 30001: 145 bytes, 5 times a second (recalled)."""
    return _sized(_normal(s))


def real(s: Snapshot) -> bytes:
    """Port 30003: 135 bytes at 100 Hz (vendor page). It has no error code."""
    return _sized(_short(s) + floats([*s.force, *s.force]))


def rich(s: Snapshot) -> bytes:
    """Port 30002: 587 bytes, 5 times a second (recalled). Fields that are not simulated are quiet constants."""
    have, limits = s.settings, s.settings.limits()
    speed = float(np.linalg.norm(s.twist[:3]))
    config = have.reduced | have.fence << 1 | have.report_current << 2 | have.approximate << 3 | have.continuous << 4
    return _sized(
        _normal(s)
        + bytes([s.device, s.axes, 2, 2, 1, 1])
        + s.version.encode().ljust(30, b"\0")[:30]
        + floats(limits)
        + bytes(16)
        + bytes([30] * 7)
        + floats([speed, *s.qd])
        + struct.pack(">I", have.counter)
        + floats(have.world_offset)
        + bytes([0, 0, have.simulation, have.self_collision, have.tool_model])
        + floats([*have.tool_parameters, *[0.0] * 6][:6])
        + struct.pack(">7H", *([4800] * 7))
        + floats([0.0] * 7)
        + struct.pack(">BB8H", 0, 0, 256, 65533, 0, 65280, 0, 0, 0, 0)
        + bytes(32)
        + floats([*s.force, *s.force])
        + bytes([0])
        + floats(s.axis_angle)
        + bytes([config, have.reduced])
        + struct.pack(">6h", *have.boundary)
        + floats([have.reduced_tcp_speed, have.reduced_joint_speed, *have.reduced_joint_range])
        + bytes([have.fence, have.rebound])
        + struct.pack(">IBBBhhh", 0, int(s.force_sensor), 0, s.gripper[1], s.gripper[0], 0, 0)
    )


def fast(s: Snapshot) -> bytes:
    """Port 30000: 804 bytes at 200 Hz with the controller's own time [us] (vendor page, firmware 2.1 and later)."""
    nothing = [0.0] * 6
    joints = [s.target, s.qd, s.qdd, s.q, s.qd, s.qdd, [0.0] * 7, s.torque]
    tool = [s.pose, s.twist, s.pose, s.twist, s.force, nothing, nothing]
    return _sized(
        struct.pack(">QBH17x", s.micros, s.state | s.mode << 4, s.queued)
        + floats([x for part in joints for x in part])
        + bytes(4 * 42)
        + floats([x for part in tool for x in part])
        + bytes(4 * 24)
        + floats([*s.force, *s.force])
        + struct.pack(">BBhhh40x", 0, s.gripper[1], s.gripper[0], 0, 0)
        + bytes(20)
    )
