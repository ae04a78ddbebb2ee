"""The arm's state as its controller reports it, read by a thread of our own.

The client's own report threads give the slow reports alone, or one without errors, and their getters go on answering
when nothing comes any more. A reading counts as new where the controller's clock has moved on. Layouts are the
vendor's (xarm-python-sdk 1.18.4, x3/report.py): lengths and counts big-endian, floats little-endian, mm and rad.
"""

import contextlib
import math
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

FAST_SIZE, REAL_SIZE, LONGEST = 744, 135, 4096
"""The least bytes that hold what is read of a report, and more than any has."""
RESTART = 5.0
"""A controller's clock that jumps back by more is a controller that was started again [s]."""
SPAN = 6
"""Readings that speeds are taken over where the controller does not tell them."""
QUIET = 0.1
"""How often the thread looks whether it is over [s]."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One report: this machine's clock [ns], the controller's [s] (NaN without), state, mode, joints [rad; rad/s]."""

    stamp: int
    clock: float
    state: int
    mode: int
    q: Float64[np.ndarray, " n"]
    qd: Float64[np.ndarray, " n"]
    pose: Float64[np.ndarray, " 6"]
    """Of the tool: x, y, z [mm], roll, pitch, yaw [rad]."""
    force: Float64[np.ndarray, " 6"]
    """External, as the controller tells it [N, Nm]; zeros without a sensor."""


def fast(body: bytes, joints: int, stamp: int) -> Shot:
    """The report of port 30000; ValueError where it is too short."""
    if len(body) < FAST_SIZE:
        raise ValueError(f"a report of port 30000 has at least {FAST_SIZE} bytes, this has {len(body)}")
    micros, both = struct.unpack_from(">QB", body, 4)
    numbers = np.frombuffer(body, "<f4", 176, 32).astype(np.float64)
    q, qd, pose = numbers[21 : 21 + joints], numbers[28 : 28 + joints], numbers[110:116]
    return Shot(stamp, micros * 1e-6, both & 0x0F, both >> 4, q, qd, pose, numbers[170:176])


def real(body: bytes, joints: int, stamp: int) -> Shot:
    """The report of port 30003, which has no clock and no speeds; ValueError where it is too short."""
    if len(body) < REAL_SIZE:
        raise ValueError(f"a report of port 30003 has {REAL_SIZE} bytes, this has {len(body)}")
    numbers = np.frombuffer(body, "<f4", 32, 7).astype(np.float64)
    q, none = numbers[:joints], np.zeros(joints)
    return Shot(stamp, math.nan, body[4] & 0x0F, body[4] >> 4, q, none, numbers[7:13], numbers[20:26])


def newest(buffer: bytearray) -> bytes | None:
    """The last whole report at the start of a buffer, which it and those before it leave; None if there is none."""
    found = None
    while len(buffer) >= 4:
        size = int.from_bytes(buffer[:4], "big")
        if not REAL_SIZE <= size <= LONGEST:
            raise ValueError(f"the reports are out of step: one says that it has {size} bytes")
        if len(buffer) < size:
            break
        found = bytes(buffer[:size])
        del buffer[:size]
    return found


class Feed:
    """The newest report of one port; `changed` is called, by the thread, where state or mode differ from before."""

    def __init__(
        self, address: tuple[str, int], joints: int, clocked: bool, changed: Callable[[], None], wait: float = 2.0
    ) -> None:
        self.latest: Shot | None = None
        self.broken = ""
        self._changed, self._joints, self._decode = changed, joints, fast if clocked else real
        self._past: deque[Shot] = deque(maxlen=SPAN)
        self._came, self._over = threading.Event(), False
        self._socket = socket.create_connection(address, timeout=wait)
        self._socket.settimeout(QUIET)
        self._thread = threading.Thread(target=self._run, name="xarm reports", daemon=True)
        self._thread.start()

    def first(self, seconds: float) -> bool:
        """Wait for the first report."""
        return self._came.wait(seconds)

    def close(self) -> None:
        """End the thread and the link."""
        self._over = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(1.0)
        self._socket.close()

    def _run(self) -> None:
        buffer = bytearray()
        try:
            while not self._over:
                try:
                    found = self._socket.recv(65536)
                except TimeoutError:
                    continue
                if not found:
                    raise OSError("the controller closed it")
                buffer += found
                body = newest(buffer)
                if body is not None:
                    self.take(body)
        except (OSError, ValueError) as error:
            self.broken = f"the report link is lost: {error}"
        if not self._over:
            self._changed()

    def take(self, body: bytes) -> None:
        """Keep a report if it is new and its joints are numbers (some are not, as the client's own filter shows)."""
        before = self.latest
        shot = self._decode(body, self._joints, time.monotonic_ns())
        old = before is not None and before.clock - RESTART < shot.clock <= before.clock
        if old or not np.isfinite([*shot.q, *shot.qd]).all():
            return
        self._past.append(shot)
        if math.isnan(shot.clock):
            shot = self._with_speed(shot)
        self.latest = shot
        self._came.set()
        if before is None or (before.state, before.mode) != (shot.state, shot.mode):
            self._changed()

    def _with_speed(self, shot: Shot) -> Shot:
        first = self._past[0]
        seconds = (shot.stamp - first.stamp) * 1e-9
        qd = (shot.q - first.q) / seconds if seconds > 0 else np.zeros_like(shot.q)
        return Shot(shot.stamp, shot.clock, shot.state, shot.mode, shot.q, qd, shot.pose, shot.force)
