"""An arm as everybody else has it in hand: it starts the governor, sends goals and orders, and hears how it stands.

    with GovernedArm(load("ur5e.toml")) as arm:
        arm.start()
        sent = arm.send_joints(q, seconds=0.1)

Leaving the context is the same for a normal end, an error and a signal: stop, stand, let go. If this process dies
instead, its sockets close, and the governor does the same.
"""

import atexit
import contextlib
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Float64

from real_robot import link
from real_robot.description import Description
from real_robot.link import Channel
from real_robot.robot import ArmState, Fault, Mode, Reading, Reason, RobotFault, Sent, StaleObservation, Stop

SLOW, QUICK = 30.0, 2.0
"""How long connecting, arming and recovering may take, and how long an answer may [s]."""
AT_HOME = 0.01


class GovernedArm:
    """One arm behind a governor of its own. Calls come from any thread; `stop` waits for none of them."""

    def __init__(self, robot: Description) -> None:
        self.robot = robot
        self._told = threading.Condition()
        self._status: dict[str, Any] = {"mode": Mode.DISCONNECTED.value}
        self._state: ArmState | None = None
        self._answers: dict[int, dict[str, Any]] = {}
        self._number, self._sending, self._stopping = 0, threading.Lock(), threading.Lock()
        self._reasons: set[Reason] = set()
        self.events: list[dict[str, Any]] = []
        """What the governor told, each with the time it came [monotonic s]."""
        self.checks: tuple[dict[str, str], ...] = ()
        self._client: Channel | None = None
        self._stop: Channel | None = None
        self._governor: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self.log: Path | None = None
        """What the governor and the vendor's client wrote to their standard error."""

    @property
    def mode(self) -> Mode:
        """How the robot stands."""
        return Mode(self._status["mode"])

    @property
    def fault(self) -> Fault | None:
        """What is latched."""
        found = self._status.get("fault")
        return None if found is None else Fault(**found)

    @property
    def status(self) -> dict[str, Any]:
        """The governor's last words: mode, fault, why, force, q (sent), gripper (asked), busy, worker, speed."""
        return dict(self._status)

    @property
    def pids(self) -> dict[str, int]:
        """The processes of the governor and the worker."""
        return {
            "governor": 0 if self._governor is None else self._governor.pid,
            "worker": self._status.get("worker", 0),
        }

    def read(self) -> Reading:
        """The newest reading; RobotFault without one, StaleObservation where it is too old."""
        state = self._state
        if self.fault is not None and self.mode is Mode.FAULT:
            raise RobotFault(self.fault)
        if state is None:
            raise RobotFault(Fault("no reading", f"the arm {self.robot.id!r} is {self.mode}; connect it first"))
        age = time.monotonic() - state.stamp / 1e9
        if age > self.robot.limits.stale + 0.1:
            raise StaleObservation(f"the newest reading of {self.robot.id!r} is {1e3 * age:.0f} ms old")
        return Reading({"joints": state.q}, state.stamp, self.mode, state, () if self.fault is None else (self.fault,))

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Start the governor and the worker. Nothing is connected."""
        if self._governor is not None:
            return
        self._client, theirs = link.pair()
        self._stop, other = link.pair()
        with tempfile.NamedTemporaryFile(prefix="governor-", suffix=".log", delete=False) as log:
            self.log = Path(log.name)
            self._governor = subprocess.Popen(
                [sys.executable, "-m", "real_robot.governor", str(theirs.fileno()), str(other.fileno())],
                pass_fds=(theirs.fileno(), other.fileno()), env=link.child_environment(), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        theirs.close()
        other.close()
        self._client.send(link.ORDER, self.robot.model_dump(mode="json"))
        self._reader = threading.Thread(target=self._hear, args=(self._client,), daemon=True)
        self._reader.start()
        atexit.register(self.close)
        self._until(lambda: "busy" in self._status, SLOW, "starting the governor")

    def _hear(self, client: Channel) -> None:
        while client.open:
            select.select([client], [], [], 1.0)
            packets = client.receive()
            with self._told:
                for packet in packets:
                    self._heard(packet)
                self._told.notify_all()
        with self._told:
            if self.mode is not Mode.DISCONNECTED:
                gone = Fault("governor", f"the governor is gone; what it wrote is in {self.log}", clearable=False)
                self._status = {**self._status, "mode": Mode.FAULT.value, "fault": vars(gone), "busy": False}
            self._told.notify_all()

    def _heard(self, packet: link.Packet) -> None:
        if packet.kind == link.STATE:
            self._state = link.state_of(packet.body, packet.stamp)
        elif packet.kind == link.STATUS:
            self._status = packet.data
            self._reasons |= {Reason(text) for text in self._status["reasons"]}
        elif packet.kind == link.ANSWER:
            self._answers[packet.sequence] = packet.data
        elif packet.kind == link.EVENT:
            event = packet.data
            self.events.append({"t": packet.stamp / 1e9, **event})
            if event["event"] == "checks":
                self.checks = tuple(event["checks"])

    def _until(self, found: Callable[[], Any], seconds: float, what: str) -> Any:
        with self._told:
            if not self._told.wait_for(lambda: found() or not self._alive(), seconds) or not found():
                text = f"{what}: nothing came for {seconds:g} s" if self._alive() else f"{what}: the governor is gone"
                raise RobotFault(Fault("governor", f"{text}; what it wrote is in {self.log}"))
            return found()

    def _alive(self) -> bool:
        return self._client is not None and self._client.open

    def close(self) -> None:
        """Stop, stand still, end the processes; safe twice."""
        governor, self._governor = self._governor, None
        if governor is None:
            return
        atexit.unregister(self.close)
        assert self._client is not None
        assert self._stop is not None
        self._stop.send(link.ORDER, {"do": "close"})
        try:
            governor.wait(5.0)
        except subprocess.TimeoutExpired:
            self._client.close()  # the end of the client is a stop
            try:
                governor.wait(5.0)
            except subprocess.TimeoutExpired:
                governor.kill()
                governor.wait()
        self._client.close()
        self._stop.close()
        if self._reader is not None:
            self._reader.join(2.0)
        crashed = self.fault is not None and self.fault.name in ("worker", "governor")
        self._status = {"mode": Mode.DISCONNECTED.value}
        if self.log is not None and governor.returncode == 0 and not crashed:
            self.log.unlink(missing_ok=True)

    def order(self, do: str, **fields: Any) -> dict[str, Any]:
        """One order and its answer; ValueError with the governor's reason where it refuses."""
        if self._client is None or self._governor is None:
            raise ValueError(f"the robot {self.robot.id!r} is closed; open it first")
        answer = self._exchanged(link.ORDER, {"do": do, **fields})
        if answer.get("why"):
            raise ValueError(f"{do}: {answer['why']}")
        return answer

    def _exchanged(self, kind: bytes, body: Any) -> dict[str, Any]:
        assert self._client is not None
        with self._sending:
            self._number += 1
            number = self._number
            self._client.send(kind, body, number)
        try:
            self._until(lambda: number in self._answers, QUICK, "an answer")
            return self._answers[number]
        finally:
            self._answers.pop(number, None)

    def connect(self) -> tuple[dict[str, str], ...]:
        """Open the vendor's links; gives what was checked. RobotFault where it cannot be, or must not."""
        self.order("connect")
        self._until(lambda: self.mode in (Mode.CONNECTED, Mode.FAULT), SLOW, "connecting")
        self._raise()
        return self.checks

    def arm(self) -> None:
        """Make the arm take targets. RobotFault or ValueError with what is in the way. Nothing moves."""
        self._until(self._fresh, QUICK, "a reading")
        self.order("arm")
        self._until(lambda: self.mode in (Mode.ARMED, Mode.FAULT), SLOW, "arming")
        self._raise()

    def _fresh(self) -> bool:
        return self._state is not None and time.monotonic() - self._state.stamp / 1e9 < 0.5 * self.robot.limits.stale

    def start(self, seed: int | None = None) -> Reading:
        """Connect and arm where that is not done; the first reading."""
        del seed
        self.open()
        if self.mode is Mode.DISCONNECTED:
            self.connect()
        if self.mode is Mode.CONNECTED:
            self.arm()
        self._raise()
        return self.read()

    def _raise(self) -> None:
        if self.fault is not None and self.mode in (Mode.FAULT, Mode.STOPPED):
            raise RobotFault(self.fault)

    def send_joints(
        self, q: Float64[np.ndarray, " n"], opening: float = float("nan"), seconds: float = 0.1, *, whole: bool = False
    ) -> Sent:
        """A goal [rad] for so many seconds from now, and an opening [m]; what is done of it and why it differs.

        `whole`: a motion that may last as long as the limits make it. RobotFault where a stop or a fault is latched.
        """
        sent = self._commanded(q, opening, seconds, whole)
        with self._told:
            before, self._reasons = self._reasons, set()
        return replace(sent, reasons=tuple(sorted({*sent.reasons, *before})))

    def _commanded(self, q: np.ndarray, opening: float, seconds: float, whole: bool) -> Sent:
        """What is done of a command, with the reasons of this command alone."""
        self._raise()
        if self._client is None:
            raise ValueError(f"the robot {self.robot.id!r} is closed; open it first")
        body = np.array([seconds, opening, float(whole), *np.asarray(q, np.float64).ravel()])
        answer = self._exchanged(link.GOAL, body)
        there = np.asarray(answer["q"] if answer["q"] is not None else q, np.float64)
        reasons = tuple(Reason(text) for text in answer["reasons"])
        return Sent(self._number, there, opening, reasons, time.monotonic_ns())

    def move_joints(
        self, q: Float64[np.ndarray, " n"], opening: float = float("nan"), *, timeout: float = 60.0
    ) -> Sent:
        """Go to q as one whole motion within the limits, and wait until it stands there. RobotFault where it is
        stopped, ValueError where the limits do not let it arrive."""
        sent = self._commanded(q, opening, 0.0, True)
        if not set(sent.reasons) <= {Reason.SPEED, Reason.GRIPPER}:
            raise ValueError(f"cannot go to {np.round(q, 3).tolist()}: {', '.join(sent.reasons)}")

        def there() -> bool:
            at = self._status.get("q")
            arrived = at is not None and float(np.abs(np.asarray(at) - sent.q).max()) < AT_HOME
            return self.mode in (Mode.FAULT, Mode.STOPPED) or (arrived and self._standing())

        self._until(there, timeout, "the motion")
        self._raise()
        return sent

    def _standing(self) -> bool:
        return self._state is not None and float(np.abs(self._state.qd).max()) < AT_HOME

    def stop(self, kind: Stop = Stop.STOP, why: str = "") -> None:
        """A software stop of a kind; at once, on a path of its own, from any thread, as often as wanted."""
        if self._stop is None:
            return
        with self._stopping:
            self._stop.send(link.ORDER, {"do": "stop", "kind": Stop(kind).value, "why": why})

    def wait_still(self, seconds: float = 2.0) -> None:
        """Until a stop has come to its end."""
        self._until(lambda: not self._status.get("busy") and self.mode is not Mode.RUNNING, seconds, "standing still")

    def acknowledge(self) -> None:
        """A person has seen what is latched and wants to go on. Afterwards the arm is connected, and not armed."""
        self.wait_still()
        self.order("acknowledge")
        self._state = None  # what was read before says nothing of the arm as it is now
        self._until(lambda: self.mode in (Mode.CONNECTED, Mode.FAULT) and not self._status["busy"], SLOW, "recovering")
        self._raise()

    def resume(self) -> None:
        """Go on after a hold."""
        self.order("resume")

    def speed(self, share: float) -> None:
        """Move at this share of the speed, in [0.05, 1], from now on."""
        self.order("speed", share=share)

    def freedrive(self, on: bool) -> None:
        """Let a person move the arm by hand, or not; only while connected."""
        self.order("freedrive", on=on)

    def timing(self) -> dict[str, Any]:
        """How late the governor's ticks were [s]."""
        return self.order("timing")


@contextlib.contextmanager
def governed(robot: Description) -> Any:
    """A started arm; stopped and let go at the end."""
    with GovernedArm(robot) as arm:
        arm.start()
        yield arm
