"""Somebody who commands: a smooth motion about home, streamed as a policy would; also a process to be killed.

`python -m real_robot.streaming` reads a robot as JSON from its input, drives it, prints "moving", and goes on until
it is ended.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float64

from real_robot.client import GovernedArm
from real_robot.description import describe
from real_robot.robot import Reason, RobotFault

EACH = 0.05
"""Seconds between two commands."""
SWING = np.array([0.25, 0.08, -0.08, 0.1, 0.1, 0.35, 0.2])
FAST = 1.3
"""Amplitudes [rad] and angular frequency [rad/s]: joints reach about 0.4 rad/s."""


def swing(home: Float64[np.ndarray, " n"]) -> Callable[[float], Float64[np.ndarray, " n"]]:
    """Joints over time, standing at home at 0."""
    return lambda t: home + SWING[: len(home)] * np.sin(FAST * t) * min(1.0, t)


class Stream:
    """A thread that sends a motion to an arm until it is paused, ended, or refused."""

    def __init__(self, arm: GovernedArm, motion: Callable[[float], Float64[np.ndarray, " n"]]) -> None:
        self.arm, self.motion = arm, motion
        self.due, self.error, self.reasons = 0.0, None, set[Reason]()
        self.count, self._t = 0, 0.0
        self._running, self._over = threading.Event(), threading.Event()
        self._running.set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Stream":
        """Begin."""
        self._thread.start()
        return self

    def _run(self) -> None:
        due = time.monotonic()
        while not self._over.is_set():
            if not self._running.is_set():
                self._running.wait(0.05)
                due = time.monotonic()
                continue
            self._t += EACH
            try:
                self.due = time.monotonic() + EACH
                self.reasons |= set(self.arm.send_joints(self.motion(self._t), seconds=EACH).reasons)
                self.count += 1
            except (RobotFault, ValueError) as error:
                self.error = error
                return
            due += EACH
            time.sleep(max(0.0, due - time.monotonic()))

    def pause(self) -> float:
        """Send nothing more; gives when the next command was due [monotonic s]."""
        self._running.clear()
        time.sleep(0.005)
        return self.due

    def resume(self) -> None:
        """Go on where it was."""
        self._running.set()

    def fast(self, speed: float = 0.25, patience: float = 10.0) -> float:
        """Wait until the arm moves at least so fast [rad/s]; gives when that was."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            state = self.arm.read().state
            if state is not None and np.abs(state.qd).max() > speed:
                return time.monotonic()
            if self.error is not None:
                raise self.error
            time.sleep(0.002)
        raise TimeoutError(f"the arm never moved at {speed} rad/s")

    def end(self) -> None:
        """Send nothing more, for good."""
        self._over.set()
        self._running.set()
        self._thread.join(5.0)


def main() -> int:
    """Drive the robot of standard input until killed."""
    robot: Any = describe(json.loads(sys.stdin.readline()))
    with GovernedArm(robot) as arm:
        arm.start()
        stream = Stream(arm, swing(robot.home_q)).start()
        stream.fast()
        print("moving", json.dumps(arm.pids), flush=True)
        time.sleep(600)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
