"""The FR3 behind the wire: motions, reflexes, recovery and user stop, none of which franky-sim's own server has.

Here is everything that makes an arm refuse, abort, brake and recover.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from real_robot.controllers import franka_limits as limits
from real_robot.controllers import franka_protocol as protocol
from real_robot.controllers.franka_arm import Arm
from real_robot.controllers.franka_motion import Mode, Mover, Order
from real_robot.controllers.franka_protocol import Recovered, RobotMode, Status
from real_robot.controllers.franka_wire import Wire
from real_robot.controllers.journal import Journal

RECOVERY = 100
"""Milliseconds that a recovery takes. Assumed."""
TOLD = 3
"""Milliseconds after which the client is told so: it reads its newest state at once and wants no error in it."""
TURNED_AWAY = 500
"""Milliseconds between two looks for clients that wait."""
OTHER_CONTROLLER = 3
"""The number of the state's controller mode in which none of the client's runs (vendor source)."""


class Server(Wire):
    """One simulated FR3; `tick` is a millisecond of it, `now` how many there were."""

    def __init__(self, arm: Arm, host: str, journal: Journal) -> None:
        super().__init__(arm, host, journal)
        self.arm, self.mover = arm, Mover(arm.forward, arm.jacobian, arm.q)
        self.mode, self.errors, self.reasons = RobotMode.IDLE, [], []
        self.accelerating, self.steady, self.touch = limits.Thresholds(), limits.Thresholds(), limits.Touch()
        self.counts: Counter[str] = Counter()
        self.now = self.commands = self.missed = 0
        self.sticky = self._expected = self._given_up = False
        self._motion = self._answered = self._obeyed = 0
        self._controller, self._newest, self._came = OTHER_CONTROLLER, None, np.ones(100, bool)
        self._later: list[tuple[int, Callable[[], None]]] = []

    # what the base class asks for

    def _process_udp_commands(self) -> None:
        for raw in self.link.heard(protocol.SIZE):
            self.commands += 1
            order = protocol.decoded(raw)
            if self.mode == RobotMode.MOVE and order.at > self._answered:
                self._answered, self._newest, self._given_up = order.at, order, False

    def _get_state_bytes(self) -> bytes:
        moving, torques = self.mode == RobotMode.MOVE, self.mover.mode == Mode.TORQUE
        return self.arm.report(self.mover, self.touch).pack(
            self.mover.mode if moving else Mode.IDLE,
            self._controller if moving or torques else OTHER_CONTROLLER,
            self.mode,
            float(self._came.mean()) if moving else 0.0,
            self.errors,
            self.reasons,
        )

    def lost(self) -> None:
        """The client is gone: brake."""
        self._later.clear()
        if self.mode == RobotMode.MOVE:
            self._finish(None)
        if self.mode == RobotMode.RECOVERY:
            self._enter(RobotMode.REFLEX)

    # what the client orders

    def count(self, kind: str) -> None:
        """The first command of a kind is an event, the others are counted."""
        self.counts[kind] += 1
        if self.counts[kind] == 1:
            self.journal.event("command", kind=kind)

    def on_move(self, command: Any) -> None:
        """Start a motion once the arm stands still, or refuse it in any mode but idle.

        The answers' numbers: vendor source. That the start waits for an earlier stop to end is assumed.
        """
        if self.mode == RobotMode.IDLE and self.mover.qd.any():
            self._soon(lambda: self.on_move(command))
            return
        self.count("Move")
        if self.mode != RobotMode.IDLE:
            self.journal.event("refused", command="Move", mode=self.mode.name)
            command.reply(Status.kCommandNotPossibleRejected)
            return
        torques = command.controller_mode == protocol.EXTERNAL
        mode = Mode.TORQUE if torques else Mode(int(command.motion_generator_mode) + 1)
        self.mover.begin(mode, self.link.number)
        self._motion, self._controller = command.command_id, int(command.controller_mode)
        self._answered, self._obeyed, self.missed, self._expected = self.link.number - 1, 0, 0, False
        self.reasons, self._newest, self._came[:], self._given_up = [], None, True, True
        self._enter(RobotMode.MOVE, motion=mode.name)
        command.reply(Status.kMotionStarted)

    def on_stop(self, command: Any) -> None:
        """Preempt the motion; the arm is braked."""
        self.count("StopMove")
        command.reply(0)
        if self.mode == RobotMode.MOVE:
            self._finish(Status.kPreempted)

    def on_thresholds(self, command: Any) -> None:
        """Take over the collision thresholds."""
        self.count("SetCollisionBehavior")
        self.accelerating = limits.Thresholds(*protocol.thresholds(command, "acceleration"))
        self.steady = limits.Thresholds(*protocol.thresholds(command, "nominal"))
        command.reply(0)

    def on_recovery(self, command: Any) -> None:
        """Clear the errors once the arm stands; refused while the user stop is pressed or the error is sticky."""
        self.count("AutomaticErrorRecovery")
        if self.mode in (RobotMode.IDLE, RobotMode.MOVE):
            command.reply(Recovered.kSuccess)
        elif self.mode == RobotMode.REFLEX and not self.sticky:
            self._enter(RobotMode.RECOVERY)
            self._soon(lambda: self._recover(command), RECOVERY)
        else:
            held = self.mode == RobotMode.REFLEX
            status = Recovered.kManualErrorRecoveryRequiredRejected if held else Recovered.kCommandNotPossibleRejected
            self.journal.event("refused", command="AutomaticErrorRecovery", mode=self.mode.name, status=status.name)
            command.reply(status)

    def _recover(self, command: Any) -> None:
        if self.mover.qd.any():
            self._soon(lambda: self._recover(command))
            return
        if self.mode == RobotMode.RECOVERY:  # and no user stop came between
            self.errors = []
            self._enter(RobotMode.IDLE)
        self._soon(lambda: command.reply(Recovered.kAborted if self.errors else Recovered.kSuccess), TOLD)

    def _soon(self, act: Callable[[], None], ticks: int = 1) -> None:
        self._later.append((self.now + ticks, act))

    # what aborts

    def _enter(self, mode: RobotMode, **facts: Any) -> None:
        self.journal.event("mode", before=self.mode.name, now=mode.name, **facts)
        self.mode = mode

    def _finish(self, status: Any) -> None:
        """End the motion and tell the client why, unless it is gone."""
        peaks = {"joints": self.mover.joints.peaks.max(1).tolist(), "hand": self.mover.hand.peaks.max(1).tolist()}
        name = "gone" if status is None else status.name
        self.journal.event("motion ended", status=name, commands=self._obeyed, peaks=peaks)
        self.mover.end(self.arm.q, self.arm.qd)
        self._enter(RobotMode.IDLE)
        if status is not None and self._tcp_socket is not None:
            number = protocol.protocol.RobotCommand.kMove
            protocol.wire.BaseCommand.send_response(self._tcp_socket, number, self._motion, status)

    @property
    def flags(self) -> list[str]:
        """The errors that are up, by name."""
        return [limits.FLAGS[i] for i in self.errors]

    def reflex(self, flag: str) -> None:
        """Abort with a flag up; ValueError of an unknown one."""
        if flag not in limits.FLAGS:
            raise ValueError(f"no flag {flag!r}; there are {', '.join(limits.FLAGS)}")
        self.journal.event("reflex", flag=flag, missed=self.missed)
        if flag not in self.flags:
            self.errors.append(limits.FLAGS.index(flag))
        self.reasons = list(self.errors)
        if self.mode == RobotMode.MOVE:
            self._finish(Status.kReflexAborted)
        if self.mode != RobotMode.USER_STOPPED:
            self._enter(RobotMode.REFLEX)

    def user_stop(self, pressed: bool) -> None:
        """Press or release the user stop; released, the arm is ready again (assumed: its brakes open by themselves)."""
        if pressed == (self.mode == RobotMode.USER_STOPPED):
            return
        if pressed and self.mode == RobotMode.MOVE:
            self._finish(Status.kEmergencyAborted)
        after = RobotMode.REFLEX if self.errors else RobotMode.IDLE
        self._enter(RobotMode.USER_STOPPED if pressed else after)

    # a millisecond

    def await_command(self, seconds: float) -> None:
        """Let time stand still, for at most so long, until the last state is answered; a client that failed to answer
        once is not waited for until it does again."""
        until = time.monotonic() + seconds
        while (
            self.mode == RobotMode.MOVE
            and not self._given_up
            and self._answered < self.link.number - 1 == self.link.sent
            and self.now >= self.link.deaf
        ):
            if not self.link.ready(self._tcp_socket, until - time.monotonic()):
                self._given_up = time.monotonic() >= until
                return
            self._process_udp_commands()

    def tick(self) -> None:
        """Hear the client, move the arm, tell the client."""
        self.now += 1
        self.link.now = self.now
        if self.now >= self.link.deaf and not (self.refusing and not self.tcp_connected):
            self.listen()
        if self.link.open and self.now % TURNED_AWAY == 0:
            self.turn_away()
        for due, act in [each for each in self._later if each[0] <= self.now]:
            self._later.remove((due, act))
            act()
        self._move()
        if self.link.open:
            self.link.put(self._get_state_bytes())
            self._expected = self.mode == RobotMode.MOVE

    def _move(self) -> None:
        order, self._newest = self._newest, None
        flag = self._obey(order) if self.mode == RobotMode.MOVE else None
        if flag is not None:
            self.reflex(flag)
        if self.mode != RobotMode.MOVE:
            self.mover.brake()
        if self.arm.force.any():
            self.arm.push(self.arm.force)
        if self.mover.mode == Mode.TORQUE:
            self.arm.turn(self.mover.torque)
        else:
            self.arm.follow(self.mover)
        self._feel()

    def _obey(self, order: Order | None) -> str | None:
        lag = 0 if order is None else max(self.link.number - 1 - order.at, 0)
        if order is None or lag > limits.MISSED:
            self.mover.bridge(rest=self.arm.q)
            self.missed += self._expected
            self._came = np.append(self._came[1:], not self._expected)
            patience = limits.MISSED if self._obeyed else limits.FIRST_COMMAND
            return "communication_constraints_violation" if self.missed >= patience else None
        self.missed, self._came = 0, np.append(self._came[1:], True)
        if order.finished:
            self._finish(Status.kSuccess)
            return None
        if not order.finite:
            self._finish(Status.kInputErrorAborted)
            return None
        self._obeyed += 1
        self.count(self.mover.mode.name)
        return self.mover.obey(order, rest=self.arm.q, late=lag > 0)

    def _feel(self) -> None:
        """Contacts, collisions, and where the arm is; they count in every mode (assumed for the idle one)."""
        flag = limits.measured_flag(self.arm.q, self.arm.qd)
        if self.arm.force.any():
            wrench = np.concatenate([self.arm.force, np.zeros(3)])
            even = np.abs(self.mover.qdd).max() < 0.1
            self.touch = limits.touched(wrench, self.arm.torque, self.steady if even else self.accelerating)
            flag = self.touch.flag or flag
        if flag is not None and self.mode in (RobotMode.IDLE, RobotMode.MOVE):
            self.reflex(flag)
