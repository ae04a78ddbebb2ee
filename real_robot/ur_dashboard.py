"""The dashboard of a Universal Robots controller, a line of text each way, and the path by which a stop reaches it.

A `Stopper` has links of its own, which nothing else uses and no lock guards: the script port, where a text that
brakes replaces whatever program runs, and a dashboard of its own, whose "stop" ends a program in any state.
"""

import contextlib
import re
import socket
import time

from real_robot.robot import RobotFault
from real_robot.ur_faults import STOPPED, link, refused
from real_robot.ur_stream import Stream, connect

PORT, SCRIPT_PORT = 29999, 30003
STILL = 0.01
"""Joints that turn slower than this stand [rad/s]."""
UNLOCK = 8.0
"""How long a protective stop that cannot be left yet is waited for [s]; the controller wants 5 s."""


class Dashboard:
    """One link; RobotFault where it cannot be opened, is lost, or does not answer in time."""

    def __init__(self, host: str, patience: float = 2.0) -> None:
        self.host, self.patience, self._buffer = host, patience, b""
        self._socket: socket.socket | None = None
        self._open()

    def _open(self) -> None:
        self.close()
        self._socket, self._buffer = connect(self.host, PORT, self.patience), b""
        greeting = self._line()
        if "Universal Robots" not in greeting:
            raise link(f"{self.host}:{PORT} is no Universal Robots dashboard; it says {greeting!r}")

    def _line(self) -> str:
        assert self._socket is not None
        end = time.monotonic() + self.patience
        while b"\n" not in self._buffer:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self._socket.recv(4096)
            except OSError as error:
                raise self._lost(str(error)) from error
            if not data:
                raise self._lost("the controller closed it")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace").strip()

    def _lost(self, why: str) -> RobotFault:
        self.close()
        return link(f"the dashboard of {self.host} does not answer ({why})")

    def ask(self, line: str) -> str:
        """The answer to a line; a link that was lost before is opened again."""
        if self._socket is None:
            self._open()
        assert self._socket is not None
        try:
            self._socket.sendall(line.encode() + b"\n")
        except OSError:
            self._open()
            self._socket.sendall(line.encode() + b"\n")
        return self._line()

    def order(self, line: str, *answers: str) -> str:
        """The same; RobotFault where the answer begins with none of `answers`."""
        said = self.ask(line)
        if not said.lower().startswith(tuple(a.lower() for a in answers)):
            raise refused(f"the controller answers {line!r} with {said!r}")
        return said

    @property
    def remote(self) -> bool:
        """Whether the pendant is in remote control."""
        return self.ask("is in remote control").lower() == "true"

    def software(self) -> tuple[int, ...]:
        """The version of PolyScope; () where the answer holds none."""
        found = re.search(r"(\d+)\.(\d+)\.(\d+)", self.ask("PolyscopeVersion"))
        return tuple(int(n) for n in found.groups()) if found else ()

    def close(self) -> None:
        """Close the link; safe twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def end_program(stream: Stream, dashboard: Dashboard) -> None:
    """End whatever program there is, a paused one too, and see the arm stand; RobotFault where it does not."""
    if stream.newest is None or stream.newest.runtime != STOPPED:
        dashboard.order("stop", "Stopped")
    stream.until(
        lambda now: now.runtime == STOPPED and bool((abs(now.qd) < STILL).all()),
        3.0,
        "its program does not end, or the arm does not stand still",
    )


def unlock(dashboard: Dashboard) -> None:
    """Leave a protective stop, as soon as the controller lets one; RobotFault where it does not."""
    end = time.monotonic() + UNLOCK
    while not (said := dashboard.ask("unlock protective stop")).startswith("Protective stop releasing"):
        if "5s" not in said or time.monotonic() > end:
            raise refused(f"the protective stop is not unlocked: {said}")
        time.sleep(0.25)
    dashboard.order("close safety popup", "closing safety popup")


class Stopper:
    """Two links that are there for stopping alone; `deceleration` [rad/s^2]."""

    PATIENCE = 0.3

    def __init__(self, host: str, deceleration: float) -> None:
        self.host = host
        text = f"def stop_now():\n  stopj({deceleration:g})\nend\n"
        self._orders = {SCRIPT_PORT: text.encode(), PORT: b"stop\n"}
        self._links: dict[int, socket.socket] = {}

    def open(self) -> None:
        """Open both; RobotFault where one cannot be."""
        for port in self._orders:
            self._links[port] = connect(self.host, port, 2.0)
            self._links[port].setblocking(False)

    def fire(self, *, brake: bool = True) -> bool:
        """Stop the program, by its replacement too where `brake`; whether an order got out. Waits for no answer, and
        for at most 0.3 s each where a link must be opened again. Any thread; raises nothing."""
        return any([self._fire(port) for port in self._orders if brake or port == PORT])

    def _fire(self, port: int) -> bool:
        own, order = self._links.get(port), self._orders[port]
        if own is not None:
            with contextlib.suppress(OSError):
                if self._alive(own) and own.send(order) == len(order):
                    return True
        with contextlib.suppress(OSError):
            fresh = socket.create_connection((self.host, port), timeout=self.PATIENCE)
            fresh.sendall(order)
            fresh.setblocking(False)
            self._links[port] = fresh
            if own is not None:
                own.close()
            return True
        return False

    @staticmethod
    def _alive(own: socket.socket) -> bool:
        """Throw away what came, a bounded part of it; False at its end."""
        for _ in range(64):
            try:
                if not own.recv(1 << 18):
                    return False
            except BlockingIOError:
                return True
        return True

    def close(self) -> None:
        """Close both; safe twice."""
        for own in self._links.values():
            own.close()
        self._links.clear()
