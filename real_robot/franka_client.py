"""One link to a Franka: the client's Robot, and a thread that keeps the newest state and why the last motion ended.

The client (franky-control 2.0.0, FR3) reads a packet at the asking while nothing moves, which takes a millisecond, or
a second where the link has gone silent; so nobody but the thread asks it. Its calls let other threads run. What ended
a motion is told once, to whoever polls; so only the thread polls. A Robot whose link failed stays dead.
"""

import contextlib
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from real_robot import franka_faults as faults
from real_robot.franka_options import Options
from real_robot.robot import Fault, RobotFault

PORT = 1337
PAUSE = 0.002
"""Between two looks at the state [s]."""
AGAIN = 0.1
"""Between two attempts at connecting [s]."""
LIMITS = {"joint": (10.0, 5000.0), "translation": (9.0, 4500.0), "rotation": (17.0, 8500.0)}
"""Acceleration and jerk of an FR3 (libfranka); the client carries those of the older arm, which an FR3 refuses."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A state that was new at `stamp` [ns of the monotonic clock]."""

    stamp: int
    state: Any


def realtime_kernel() -> bool:
    """Whether the kernel is one with realtime preemption."""
    with contextlib.suppress(OSError):
        return Path("/sys/kernel/realtime").read_text(encoding="ascii").strip() == "1"
    return False


def cut(address: str, port: int) -> None:
    """Shut down this process's links to a port of an address, whoever has them open."""
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not os.readlink(file).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(file.name))) as link:
                if link.type == socket.SOCK_STREAM and link.getpeername()[:2] == (address, port):
                    link.shutdown(socket.SHUT_RDWR)


def address_of(host: str) -> str:
    """The address of a host; the host itself where it has none, which the client will complain of."""
    try:
        return socket.gethostbyname(host)
    except OSError:
        return host


class Client:
    """Opened by `open`; `latest`, `broken` and `ended` may be read by any thread at any time."""

    def __init__(self, host: str, options: Options, acceleration: float = LIMITS["joint"][0]) -> None:
        self.host, self.options, self._acceleration = host, options, acceleration
        self.robot: Any = None
        self.latest: Snapshot | None = None
        self.broken: Fault | None = None
        """Why the link is dead."""
        self.ended: Fault | None = None
        """Why the last motion ended; None while it runs."""
        self.running = False
        """Whether a motion that was begun has not been seen to end."""
        self._idle, self._closing = threading.Lock(), threading.Event()
        self._pump: threading.Thread | None = None
        self._address = host

    # coming and going

    def open(self) -> None:
        """Connect within the patience, and wait for a state; RobotFault."""
        until = time.monotonic() + self.options.patience
        self._address = address_of(self.host)
        while self.robot is None:
            try:
                self.robot = self._made(until)
            except RobotFault as error:
                busy = error.fault.name == "link" and "refused" not in error.fault.text
                if not busy:
                    raise
                if time.monotonic() + AGAIN > until:
                    fault = Fault("link", f"{error.fault.text} {faults.BUSY}", error.fault.code)
                    raise RobotFault(fault) from error
                time.sleep(AGAIN)
        self._limit()
        self._pump = threading.Thread(target=self._look, args=(self.robot,), daemon=True, name="franka-state")
        self._pump.start()
        while self.latest is None and self.broken is None and time.monotonic() < until:
            time.sleep(PAUSE)
        if self.latest is None:
            raise RobotFault(self.broken or Fault("link", f"{self.host} is connected but sends no state"))

    def _made(self, until: float) -> Any:
        """A Robot, made in a thread of its own because the client may wait for ever."""
        from franky import RealtimeConfig, Robot

        wanted = self.options.realtime
        enforce = wanted == "enforce" or (wanted == "auto" and realtime_kernel())
        config = RealtimeConfig.Enforce if enforce else RealtimeConfig.Ignore
        found: list[Any] = []
        over = threading.Event()

        def make() -> None:
            try:
                made = Robot(
                    self.host,
                    default_torque_threshold=self.options.collision_torque,
                    default_force_threshold=self.options.collision_force,
                    realtime_config=config,
                )
                if not over.is_set():
                    found.append(made)
            except Exception as error:  # the client's classes share no base but this
                found.append(error)

        thread = threading.Thread(target=make, daemon=True, name="franka-connect")
        thread.start()
        thread.join(max(until - time.monotonic(), 0.1))
        if not found:
            over.set()
            waited = f"{self.host} does not answer within {self.options.patience:g} s"
            raise RobotFault(Fault("link", f"{waited}; {faults.BUSY}"))
        if isinstance(found[0], Exception):
            raise faults.told(found[0]) from found[0]
        return found[0]

    def _limit(self) -> None:
        for kind, numbers in LIMITS.items():
            for name, most in zip(("acceleration", "jerk"), numbers, strict=True):
                limit = getattr(self.robot, f"{kind}_{name}_limit")
                own = self._acceleration if (kind, name) == ("joint", "acceleration") else most
                limit.set(np.minimum(limit.max, min(most, own)) if kind == "joint" else min(limit.max, most))

    def close(self) -> None:
        """Let go of the link, within two seconds; safe twice."""
        self._closing.set()
        if self._pump is not None and self._pump is not threading.current_thread():
            self._pump.join(1.5)
        robot, self.robot, self._pump = self.robot, None, None
        if self.broken is None:
            self.broken = Fault("link", "the link was closed")
        if robot is not None:
            gone = [robot]
            del robot
            thread = threading.Thread(target=gone.clear, daemon=True, name="franka-gone")  # may wait for a dead link
            thread.start()
            thread.join(0.5)

    # the thread

    def _look(self, robot: Any) -> None:
        last = -1
        while not self._closing.is_set():
            try:
                if robot.is_in_control:
                    state = robot.state
                else:
                    with self._idle:
                        if self.running and not robot.is_in_control:
                            self._end(robot)
                        state = robot.state
            except Exception as error:  # the client's classes share no base but this
                self.broken = faults.of_error(error)
                return
            now = state.time.to_msec()
            if now != last:
                last = now
                self.latest = Snapshot(time.monotonic_ns(), state)
            self._closing.wait(PAUSE)

    def _end(self, robot: Any) -> None:
        fault = Fault(faults.NOT_READY, f"no target came for {self.options.deadman:g} s, and the arm was braked")
        try:
            robot.poll_motion()
        except Exception as error:  # the client's classes share no base but this
            fault = faults.of_error(error)
            if fault.name == "link":
                self.ended, self.running = fault, False
                raise
        self.ended, self.running = fault, False

    # motions

    @property
    def state(self) -> Any:
        """The newest state; RobotFault of a dead link."""
        if self.broken is not None:
            raise RobotFault(self.broken)
        if self.latest is None:
            raise RobotFault(Fault(faults.NOT_READY, "there is no state yet"))
        return self.latest.state

    def begin(self, motion: Any) -> None:
        """Take control with a motion; returns once the controller says that it moves."""
        if not self._idle.acquire(timeout=0.5):
            raise RobotFault(self.broken or Fault("link", f"{self.host} sends no state"))
        try:
            if self.running:
                raise RobotFault(Fault("refused", "another motion is still running"))
            self.ended = None
            self._move(motion)
            self.running = True
        finally:
            self._idle.release()
        if not self.until(lambda: self.ended is not None or self.state.robot_mode.name == "Move", 1.0):
            self.stop()
            raise RobotFault(Fault(faults.NOT_READY, "the controller does not begin the motion"))
        if self.ended is not None:
            raise RobotFault(self.ended)

    def follow(self, motion: Any) -> None:
        """Put a motion in the place of the one that runs; RobotFault where none runs."""
        if self.broken is not None or self.ended is not None or not self.running:
            raise RobotFault(self.broken or self.ended or Fault(faults.NOT_READY, "nothing runs"))
        self._move(motion)

    def _move(self, motion: Any) -> None:
        robot = self.robot
        if robot is None:
            raise RobotFault(self.broken or Fault("link", "the link was closed"))
        try:
            robot.move(motion, asynchronous=True)
        except Exception as error:  # the client's classes share no base but this
            if not robot.is_in_control:  # it is why the last motion ended, told here instead of to the thread
                self.ended, self.running = faults.of_error(error), False
            raise faults.told(error) from error

    def until(self, met: Any, seconds: float) -> bool:
        """Wait until it is so, and say whether it came to be; RobotFault of a dead link."""
        end = time.monotonic() + seconds
        while not met():
            if self.broken is not None:
                raise RobotFault(self.broken)
            if time.monotonic() > end:
                return False
            time.sleep(PAUSE / 2)
        return True

    def stop(self) -> None:
        """Have the controller stop whatever moves; a failure is none of the caller's, the thread will see it."""
        robot = self.robot
        if robot is not None:
            with contextlib.suppress(Exception):  # the client's classes share no base but this
                robot.stop()

    def cut(self) -> None:
        """Shut the link down under the client: the controller stops an arm whose client is gone."""
        cut(self._address, PORT)
