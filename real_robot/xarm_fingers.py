"""The xArm Gripper, driven by a thread with a client of its own.

Its calls go through the arm's RS-485 line, several answers each, and would hold up the servo targets. It cannot be told
a force; openings are taken to be linear in its 850 pulses.
"""

import contextlib
import math
import threading
from typing import Any

from real_robot.robot import Fault, RobotFault
from real_robot.xarm_client import called, closed, must, opened
from real_robot.xarm_codes import returned
from real_robot.xarm_options import Options

PULSES = 850.0
"""From closed, 0, to open (the vendor's)."""
PERIOD = 0.1
"""How often the position is asked for [s]."""
PATIENCE = 3
"""Failures in a row that make a fault."""


class Fingers:
    """The thread; `opening` is the last that was told [m], `fault` why it does not do what it should."""

    def __init__(self, host: str, settings: Options, span: float) -> None:
        self.opening, self.fault = math.nan, None
        self._span, self._speed = span, settings.gripper_speed
        self._wish: float | None = None
        self._renew, self._over, self._failures = False, False, 0
        self._wake = threading.Event()
        self._api: Any = opened(host, settings.port, settings.reply)
        try:
            self._prepare()
            self._see()
        except RobotFault:
            closed(self._api)
            raise
        self._thread = threading.Thread(target=self._run, name="xarm gripper", daemon=True)
        self._thread.start()

    def move(self, opening: float) -> None:
        """Go to an opening [m]; the newest one counts. RobotFault with what went wrong last."""
        if self.fault is not None:
            raise RobotFault(self.fault)
        self._wish = opening
        self._wake.set()

    def renew(self) -> None:
        """Clear the gripper's error and enable it again, soon."""
        self.fault, self._renew = None, True
        self._wake.set()

    def close(self) -> None:
        """End the thread and the link; the fingers stay where they are."""
        self._over = True
        self._wake.set()
        self._thread.join(1.0)
        closed(self._api)

    def _prepare(self) -> None:
        api = self._api
        must(called(api.set_gripper_enable, True), "enabling the gripper")
        must(called(api.set_gripper_mode, 0), "the gripper's mode")
        must(called(api.set_gripper_speed, self._speed), "the gripper's speed")

    def _see(self) -> None:
        code, pulses = called(self._api.get_gripper_position, check_baud=False)
        must(code, "the gripper's position")
        if pulses is None:
            raise RobotFault(returned(11, "the gripper's position"))
        self.opening = max(0.0, float(pulses)) / PULSES * self._span

    def _run(self) -> None:
        while not self._over:
            self._wake.wait(PERIOD)
            self._wake.clear()
            if self._over:
                return
            try:
                self._turn()
                self._failures = 0
            except RobotFault as error:
                self._failures += 1
                if self._failures >= PATIENCE:
                    text = f"the gripper does not answer as it should: {error.fault.text}"
                    self.fault = Fault("controller error", text, error.fault.code)

    def _turn(self) -> None:
        if self._renew:
            self._renew = False
            with contextlib.suppress(RobotFault):  # it says so by not being enabled, just below
                must(called(self._api.clean_gripper_error), "clearing the gripper's error")
            self._prepare()
        wish, self._wish = self._wish, None
        if wish is not None:
            pulses = round(min(max(wish / self._span, 0.0), 1.0) * PULSES)
            try:
                told = called(self._api.set_gripper_position, pulses, wait=False, check_baud=False, wait_motion=False)
                must(told, "moving the gripper")
            except RobotFault:
                self._wish = wish if self._wish is None else self._wish
                raise
        self._see()
