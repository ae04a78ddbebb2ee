"""A small `Arm` that behaves as a robot file's vendor.behaviour says: well, or as badly as a real library."""

import os
import signal
import threading
import time

import numpy as np

from real_robot.description import Description, Part
from real_robot.robot import ArmState, Capabilities, Check, Fault, RobotFault


class Options(Part):
    """The stand-in's."""

    behaviour: str = "steady"
    log: str = ""
    """A file that a line is written to for every call that could move an arm, and on closing."""


class StandIn:
    """Reads the home pose of its description."""

    def __init__(self, description: Description) -> None:
        self.description, self.asked = description, self.options(description.vendor)
        self.capabilities = Capabilities(description.arm.chain.joints, 100.0)

    @staticmethod
    def options(table: dict[str, object]) -> Options:
        return Options.model_validate(table)

    def _note(self, what: str) -> None:
        if self.asked.log:
            with open(self.asked.log, "a", encoding="utf-8") as log:
                log.write(what + "\n")

    def connect(self) -> tuple[Check, ...]:
        self._note("connect")
        match self.asked.behaviour:
            case "hangs":
                time.sleep(1000)
            case "crashes":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "absent":
                raise RobotFault(Fault("link", f"no answer from {self.description.host}", "111"))
            case "breaks":
                raise AttributeError("a mistake of ours")
            case "chatters":
                os.write(1, b"SDK_VERSION: 1.18.4\n")
                print("and more of it")
            case "lingers":
                threading.Thread(target=time.sleep, args=(1000,)).start()
        level = "refuse" if self.asked.behaviour == "refuses" else "ok"
        return (Check("version", "ok", "5.12"), Check("remote control", level, "is looked at"))

    def read(self) -> ArmState:
        if self.asked.behaviour == "crashes reading":
            os.kill(os.getpid(), signal.SIGSEGV)
        q = self.description.home_q.copy()
        if self.asked.behaviour == "outside":
            q[1] += 1.2
        if self.asked.behaviour == "other joints":
            q = q[:-1]
        frozen = self.asked.behaviour == "frozen"
        fault = Fault("protective stop", "C157A0", "P") if self.asked.behaviour == "faulty" else None
        stamp = 1 if frozen else time.monotonic_ns()
        return ArmState(stamp, 1.0, q, 0 * q, np.full(6, np.nan), 0.04, True, fault, "NORMAL")

    def close(self) -> None:
        self._note("close")
        if self.asked.behaviour == "hangs closing":
            time.sleep(1000)

    def ready(self) -> None:
        self._note("ready")

    servo = grip = halt = abort = recover = freedrive = lambda self, *_: self._note("moves")
