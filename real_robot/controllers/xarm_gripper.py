"""The xArm Gripper behind the arm's RS-485 line: registers that are read and written through function 124.

Registers and frames are vendor source; pulses go from 0 (closed) to 850 (open). Its speed on the way and that a
disabled gripper does not move are assumed.
"""

import struct
from dataclasses import dataclass

HOST, SLAVE, READ, WRITE = 9, 8, 0x03, 0x10
STATUS, ERROR, ENABLE, MODE, CLEAR, SPEED, TARGET, POSITION = 0x0, 0xF, 0x100, 0x101, 0x109, 0x303, 0x700, 0x702
VERSION = {0x0801: 3, 0x0802: 4, 0x0803: 3}
"""3.4.3 is the first that tells its status, which the client then waits on."""
PULSES = 0.28
"""Pulses a second for each r/min (assumed: 850 pulses in 0.6 s at 5000 r/min)."""
CLOSED, OPEN = -10.0, 850.0
HALTED, UNDERWAY, CLAMPED = 0, 1, 2
BAUD_INDEX = 11
"""Of 2,000,000 baud in the client's table, which its gripper calls want."""


@dataclass
class Gripper:
    """Where the fingers are [pulses]; an `object` of some width stops them while they close."""

    position: float = 850.0
    target: float = 850.0
    speed: float = 1500.0
    enabled: bool = False
    mode: int = 0
    error: int = 0
    object: float | None = None

    @property
    def status(self) -> int:
        """0 halted, 1 under way, 2 holding an object."""
        if self.object is not None and self.position <= self.object and self.target < self.position:
            return CLAMPED
        return UNDERWAY if self.enabled and self.position != self.target else HALTED

    def step(self, dt: float) -> None:
        """Move on."""
        if self.status != UNDERWAY:
            return
        room = PULSES * self.speed * dt
        self.position += max(-room, min(room, self.target - self.position))
        if self.object is not None and self.target < self.object:
            self.position = max(self.position, self.object)

    def answer(self, payload: bytes) -> bytes:
        """The data of the reply: host, slave, function and the rest; ValueError for another slave."""
        if len(payload) < 7 or payload[1] != SLAVE or payload[2] not in (READ, WRITE):
            raise ValueError(f"on the RS-485 line is a gripper, slave {SLAVE}, that knows 3 and 16; not {payload!r}")
        address, count = struct.unpack_from(">HH", payload, 3)
        if payload[2] == READ:
            return payload[:3] + bytes([2 * count]) + self._read(address, count)
        self._write(address, payload[8 : 8 + 2 * count])
        return payload[:7]

    def _read(self, address: int, count: int) -> bytes:
        known = {
            STATUS: self.status, ERROR: self.error, ENABLE: int(self.enabled), MODE: self.mode,
            SPEED: int(self.speed), TARGET: int(self.target), POSITION: round(self.position), **VERSION,
        }  # fmt: skip
        value = known.get(address, 0)
        return value.to_bytes(2 * count, "big", signed=value < 0)

    def _write(self, address: int, data: bytes) -> None:
        value = int.from_bytes(data, "big", signed=address == TARGET)
        if address == ENABLE:
            self.enabled, self.target = bool(value), self.position
        elif address == MODE:
            self.mode = value
        elif address == SPEED:
            self.speed = float(value)
        elif address == TARGET and self.enabled and not self.error:
            self.target = min(max(float(value), CLOSED), OPEN)
        elif address == CLEAR:
            self.error = 0
