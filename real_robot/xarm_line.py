"""A small control link of our own: it asks for the controller's error many times a second, and it carries the abort.

The reports that are fast enough do not tell errors, and the vendor's client answers one call at a time behind a lock,
so that a stop through it would wait for a call that hangs. Here a stop is one frame of nine bytes that any thread may
send. Frames are the vendor's (xarm-python-sdk 1.18.4, core/wrapper/uxbus_cmd_tcp.py).
"""

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass

from real_robot.robot import Fault, RobotFault

HEADER = struct.Struct(">HHHB")
"""Transaction, protocol, how many bytes follow this field, function."""
PROTOCOL, GET_VERSION, SET_STATE, GET_ERROR, STOPPED = 2, 1, 12, 15, 4
STOP = HEADER.pack(0xFFFF, PROTOCOL, 2, SET_STATE) + bytes([STOPPED])
PERIOD = 0.04
"""How often the error is asked for [s]."""
AGAIN = 0.25
"""An answer that takes longer is asked for once more [s]."""
SILENT = 0.6
"""A controller that has not answered for so long is one that would not hear a stop [s]."""


@dataclass(frozen=True)
class Known:
    """The latched error and warning, 0 for none, and when that was asked [s of the monotonic clock]."""

    asked: float
    error: int
    warning: int


class Line:
    """The link; `known` is what was answered last, `broken` says why there will be no more."""

    def __init__(self, address: tuple[str, int], wait: float = 2.0) -> None:
        self.address, self.broken = address, ""
        self._over, self._number, self._buffer = False, 0, bytearray()
        self._wake, self._news = threading.Event(), threading.Condition()
        self._socket = self._opened(wait)
        try:
            self.version = self._ask(GET_VERSION, wait).split(b"\0")[0].decode("ascii", "replace")
            self.known = self._look(wait)
        except (OSError, ValueError):
            self._socket.close()
            raise
        self._socket.settimeout(AGAIN)
        self._thread = threading.Thread(target=self._run, name="xarm errors", daemon=True)
        self._thread.start()

    def _opened(self, wait: float) -> socket.socket:
        link = socket.create_connection(self.address, timeout=wait)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    @property
    def silent(self) -> bool:
        """Whether the controller has stopped answering."""
        return time.monotonic() - self.known.asked > SILENT

    def wake(self) -> None:
        """Ask now; returns at once."""
        self._wake.set()

    def look(self, wait: float) -> Known:
        """What the controller says to a question that is asked from now on; RobotFault after so many seconds."""
        begun = time.monotonic()
        with self._news:
            self._wake.set()
            if self._news.wait_for(lambda: self.known.asked >= begun or bool(self.broken), wait) and not self.broken:
                return self.known
        raise RobotFault(Fault("link", self.broken or f"the controller has not answered for {wait:g} s"))

    def stop(self) -> bool:
        """Send state 4, on a new link where this one is gone; whether it left this machine. Never waits for long."""
        try:
            self._socket.sendall(STOP)
            if not self.broken:
                return True
        except OSError:
            pass
        try:
            with self._opened(0.3) as link:
                link.sendall(STOP)
                link.recv(64)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End the thread and the link."""
        self._over = True
        self._wake.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(1.0)
        self._socket.close()

    def _run(self) -> None:
        while not self._over:
            self._wake.wait(PERIOD)
            self._wake.clear()
            try:
                known = self._look(AGAIN)
            except TimeoutError:
                continue
            except (OSError, ValueError) as error:
                self.broken = f"the stop link is lost: {error}"
            else:
                self.known = known
            with self._news:
                self._news.notify_all()
            if self.broken:
                return

    def _look(self, wait: float) -> Known:
        asked = time.monotonic()
        found = self._ask(GET_ERROR, wait)
        if len(found) < 2:
            raise ValueError(f"the controller's error has 2 bytes, not {len(found)}")
        return Known(asked, found[0], found[1])

    def _ask(self, function: int, wait: float) -> bytes:
        """The data of an answer, without its status; answers to earlier questions are passed over."""
        self._number = self._number % 0xFFFE + 1
        self._socket.sendall(HEADER.pack(self._number, PROTOCOL, 1, function))
        until = time.monotonic() + wait
        while time.monotonic() < until:
            while len(self._buffer) >= HEADER.size:
                number, _, length, _ = HEADER.unpack_from(self._buffer)
                if not 1 <= length <= 1024:
                    raise ValueError(f"an answer says that it has {length} bytes")
                if len(self._buffer) < 6 + length:
                    break
                frame = bytes(self._buffer[: 6 + length])
                del self._buffer[: 6 + length]
                if number == self._number:
                    return frame[HEADER.size + 1 :]
            found = self._socket.recv(4096)
            if not found:
                raise OSError("the controller closed it")
            self._buffer += found
        raise TimeoutError(f"no answer within {wait:g} s")
