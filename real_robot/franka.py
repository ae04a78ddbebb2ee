"""A Franka FR3 through franky-control 2.0.0: joint speeds at 100 Hz around what is commanded, on one link.

    v = qd + gain (q - q_d),   q_d: the joints that the controller was last commanded to, qd a little ahead

The reference is `q_d`, not the measured joints: behind an obstacle an arm that follows measured joints winds its
command up for as long as it is held, and this one presses only with its stiffness times the lag. Every speed ends by
itself, at rest, after `deadman` seconds; if the process dies, the controller brakes when 20 milliseconds are missing.
A controller takes one client, so that `abort` stops over the same link, which waits for no other call, and shuts the
link down where that takes too long.
"""

import math
import threading
import time
from typing import Any

import numpy as np
from jaxtyping import Float64

from real_robot import franka_checks as checks
from real_robot import franka_faults as faults
from real_robot import franka_options
from real_robot.controllers.franka_limits import speed_range
from real_robot.description import Description
from real_robot.franka_client import Client
from real_robot.franka_hand import Hand
from real_robot.franka_options import Options
from real_robot.robot import ArmState, Capabilities, Check, Fault, RobotFault

FOREVER = 3_600_000
"""Standing still is held for so long until the first target comes [ms]."""
AHEAD = 0.05
"""For so long a state is carried on with its own speed [s]."""
SHORTLY = 0.1
"""The controller has so long to answer an abort until its link is shut down [s]."""
STILL = 0.02
"""Slower than this is standing [rad/s]."""
OVERSHOOT = 1.2
"""Of the joints' accelerations over those of the speeds they are sent, as the controller's journal shows."""
TICK = 1e-3
"""For the speed of a point, by how far it moves in so long [s]."""
LEAD = 0.025
"""A change of speed is sent this far ahead [s]: a period and a half, and what the controller's limits cost."""


class Franka:
    """One FR3; see `Arm`."""

    def __init__(self, description: Description) -> None:
        self.description, self._options = description, self.options(description.vendor)
        self._client: Client | None = None
        self._hand: Hand | None = None
        self._aborted, self._serving, self._set = threading.Event(), False, False
        self._no_hand: Fault | None = None
        self._last = (np.zeros(7), 0.0)

    @staticmethod
    def options(table: dict[str, Any]) -> Options:
        """The settings of [vendor]; ValueError that names the one that is wrong."""
        return franka_options.options(table)

    @property
    def capabilities(self) -> Capabilities:
        """Known without a connection."""
        options = self._options
        return Capabilities(7, options.rate, gripper=options.hand, deadman=options.deadman, overshoot=OVERSHOOT)

    # coming and going

    def connect(self) -> tuple[Check, ...]:
        """Open the links, set tool, load and thresholds, and look at the rest."""
        self.close()
        try:
            import franky  # noqa: F401 # whether it is there
        except ImportError as error:
            text = f"{error}; a Franka needs franky-control: pip install 'embodied-feedback[franka]'"
            raise RobotFault(Fault("version", text, clearable=False)) from error
        self._open()
        client = self._up()
        found = self._configure(client)
        time.sleep(0.02)  # a state or more with the settings
        found += checks.looked_at(client, self.description)
        return (*found, *self._grasp_hand())

    def _open(self) -> None:
        client = Client(self.description.host, self._options, self.description.limits.brake_acceleration / OVERSHOOT)
        try:
            client.open()
        except RobotFault:
            client.close()
            raise
        self._client, self._set = client, False

    def _configure(self, client: Client) -> list[Check]:
        try:
            found = checks.configure(client, self.description, self._options)
        except checks.Refused as error:
            return [Check("configuration", "refuse", str(error))]
        self._set = True
        return found

    def _grasp_hand(self) -> list[Check]:
        if not self._options.hand:
            return []
        try:
            self._hand, self._no_hand = Hand(self.description.host, self._options.hand_speed), None
        except Exception as error:  # the client's classes share no base but this
            self._no_hand = Fault("gripper", f"{faults.of_error(error).text}; say hand = false where there is none")
            return [Check("hand", "refuse", self._no_hand.text)]
        widest = self._hand.widest
        if not widest >= self.description.opening - 0.002:
            text = f"it knows {widest:.3f} m as its widest, the file {self.description.opening:.3f} m"
            return [Check("hand", "warn", f"{text}; home it in Desk after its fingers were changed")]
        return [Check("hand", "ok", f"opens to {widest:.3f} m")]

    def close(self) -> None:
        """Halt, wait until the arm stands, and let go of every link; safe twice."""
        self.halt()
        client, hand, self._client, self._hand = self._client, self._hand, None, None
        if client is not None:
            _end(client, 0.5)
            client.close()
        if hand is not None:
            hand.close()

    def _up(self) -> Client:
        client = self._client
        if client is None:
            raise RobotFault(Fault(faults.NOT_READY, "the arm is not connected"))
        if client.broken is not None:
            raise RobotFault(client.broken)
        return client

    # reading

    def read(self) -> ArmState:
        """The newest state that came; RobotFault once the link is known to be dead."""
        client = self._up()
        snapshot, fault = client.latest, None
        assert snapshot is not None  # an open client has one
        state = snapshot.state
        fault = faults.of_state(state) or self._stopped(client)
        moving = state.robot_mode.name == "Move" and client.running
        return ArmState(
            stamp=snapshot.stamp,
            clock=float(state.time.to_sec()),
            q=np.array(state.q, np.float64),
            qd=np.array(state.dq, np.float64),
            wrench=-np.array(state.O_F_ext_hat_K, np.float64),  # theirs is what the arm does to the world
            gripper=math.nan if self._hand is None else self._hand.opening,
            ready=self._serving and moving and fault is None and not self._aborted.is_set(),
            fault=fault or self._no_hand or (None if self._hand is None else self._hand.fault),
            status=state.robot_mode.name,
        )

    def _stopped(self, client: Client) -> Fault | None:
        """What ended the motion, where nobody here ordered it."""
        ended = client.ended
        if ended is None or ended.name == faults.PREEMPTED:
            return None
        return ended if self._serving or ended.name != faults.NOT_READY else None

    # servoing

    def ready(self) -> None:
        """Take control, standing still."""
        client = self._up()
        self._aborted.clear()
        self._serving = False
        self._sound(client)
        if not self._set:
            text = "tool, load or thresholds are not set; see what connecting said, then acknowledge"
            raise RobotFault(Fault(faults.NOT_READY, text))
        self._halt(client)
        if not _end(client, 1.0) or not client.until(lambda: _still(client), 1.0):
            raise RobotFault(Fault(faults.NOT_READY, "the arm does not come to rest"))
        from franky import Duration, JointVelocityMotion

        client.begin(JointVelocityMotion(np.zeros(7), Duration(FOREVER)))
        self._serving = True
        if self._aborted.is_set():
            self._serving = False
            client.stop()
            raise RobotFault(Fault("stopped", "an abort came meanwhile"))

    def _sound(self, client: Client) -> None:
        fault = faults.of_state(client.state) or self._stopped(client)
        if fault is not None:
            raise RobotFault(fault)
        mode = client.state.robot_mode.name
        if mode not in ("Idle", "Move"):
            raise RobotFault(Fault(faults.NOT_READY, f"the arm is in mode {mode}", mode))

    def servo(self, q: Float64[np.ndarray, " n"], qd: Float64[np.ndarray, " n"]) -> None:
        """Follow: a speed that lasts until the next one, or for the dead-man's time."""
        client = self._up()
        if self._aborted.is_set() or not self._serving:
            raise RobotFault(Fault(faults.NOT_READY, "it was stopped; get ready again"))
        if client.ended is not None:
            self._serving = False
            raise RobotFault(faults.of_state(client.state) or client.ended)
        speed = self._speed(client, q, qd)
        from franky import Duration, JointVelocityWaypoint, JointVelocityWaypointMotion

        hold = Duration(round(1000 * self._options.deadman))
        client.follow(
            JointVelocityWaypointMotion(
                [
                    JointVelocityWaypoint(speed, hold_target_duration=hold, max_total_duration=hold),
                    JointVelocityWaypoint(np.zeros(7)),
                ]
            )
        )
        if self._aborted.is_set():  # it came between; what was just ordered must not outlive it
            client.stop()

    def _speed(self, client: Client, q: np.ndarray, qd: np.ndarray) -> np.ndarray:
        """The speed [rad/s] that follows a target."""
        if q.shape != (7,) or qd.shape != (7,) or not (np.isfinite(q).all() and np.isfinite(qd).all()):
            raise RobotFault(Fault("refused", f"a target wants 7 finite joints and speeds, not {q} and {qd}"))
        snapshot = client.latest
        assert snapshot is not None  # an open client has one
        age = (time.monotonic_ns() - snapshot.stamp) * 1e-9
        if age > self._options.silent:
            raise RobotFault(Fault("link", f"no state came for {age:.2f} s"))
        at = np.asarray(snapshot.state.q_d) + np.asarray(snapshot.state.dq_d) * min(age, AHEAD)
        lag = q - at
        if np.abs(lag).max() > self._options.jump:
            joint = int(np.abs(lag).argmax())
            text = f"the target of joint {joint + 1} is {lag[joint]:+.3f} rad from where it is commanded"
            raise RobotFault(Fault("refused", f"{text}; at most {self._options.jump:g}"))
        most = self.description.joint_speed
        low, high = speed_range(at)
        wanted = self._ahead(qd) + self._options.gain * lag
        return self._slow(at, np.clip(wanted, np.maximum(low, -most), np.minimum(high, most)))

    def _slow(self, at: np.ndarray, speed: np.ndarray) -> np.ndarray:
        """Catching up makes no point of the arm faster than it may be."""
        points = self.description.arm.chain.points
        before, after = points(at, self.description.tool.pose), points(at + speed * TICK, self.description.tool.pose)
        fastest = float(np.linalg.norm(after - before, axis=1).max()) / TICK
        return speed * min(1.0, self.description.limits.tool_speed / max(fastest, 1e-6))

    def _ahead(self, qd: np.ndarray) -> np.ndarray:
        """The targets' speed a little later, by how it changes now; never on the other side of standing still."""
        (before, then), now = self._last, time.monotonic()
        self._last = (qd, now)
        if not 0.0 < now - then < 0.1:
            return qd
        later = qd + (qd - before) / (now - then) * LEAD
        return np.where(later * qd > 0.0, later, 0.0)

    # stopping

    def halt(self) -> None:
        """Brake within the limits and leave; the motion then ends by itself."""
        self._serving = False
        client = self._client
        if client is not None:
            self._halt(client)

    def _halt(self, client: Client) -> None:
        if not client.running or client.broken is not None:
            return
        from franky import ControlSignalType, JointVelocityStopMotion, TorqueStopMotion

        try:
            torques = client.robot.current_control_signal_type == ControlSignalType.Torques
            client.follow(TorqueStopMotion() if torques else JointVelocityStopMotion())
        except (RobotFault, AttributeError):  # it has ended, or the link has gone
            client.stop()

    def abort(self) -> None:
        """Have the controller stop; where it does not answer within a tenth of a second, shut its link down."""
        self._aborted.set()
        self._serving = False
        client = self._client
        if client is None or client.broken is not None:
            return
        done = threading.Event()

        def stop() -> None:
            client.stop()
            done.set()

        threading.Thread(target=stop, daemon=True, name="franka-abort").start()
        if not done.wait(SHORTLY):
            client.cut()

    def recover(self) -> None:
        """Clear a reflex; connect anew where the link died. Whatever ran has ended before."""
        self._serving = False
        self.halt()
        client = self._client
        if client is None:
            raise RobotFault(Fault(faults.NOT_READY, "the arm is not connected"))
        if client.broken is not None:
            client.close()
            self._open()
            client = self._up()
        client.stop()
        if not _end(client, 1.0):
            raise RobotFault(Fault("controller error", "the last motion does not end"))
        if client.state.robot_mode.name == "UserStopped":
            raise RobotFault(faults.emergency())
        try:
            client.robot.recover_from_errors()  # what it returns is judged from an old state
        except Exception as error:  # the client's classes share no base but this
            raise self._lasting(faults.of_error(error)) from error
        if not client.until(lambda: client.state.robot_mode.name == "Idle" and not _errors(client), 1.0):
            raise self._lasting(faults.of_state(client.state) or Fault("controller error", "the arm is not idle"))
        if not self._set:
            found = self._configure(client)
            if not self._set:
                raise RobotFault(Fault(faults.NOT_READY, found[0].text))
        if self._options.hand and (self._hand is None or self._hand.fault is not None):
            hand, self._hand = self._hand, None
            if hand is not None:
                hand.close()
            self._grasp_hand()
        client.ended = None
        if not _still(client):
            raise RobotFault(Fault("controller error", "the arm moves though nothing was ordered", clearable=False))

    def _lasting(self, fault: Fault) -> RobotFault:
        if fault.name in ("emergency stop", "link"):
            return RobotFault(fault)
        way = "look at the arm and at Desk, move it out of what it touches, and acknowledge again"
        return RobotFault(Fault(fault.name, f"{fault.text}; {way}", fault.code))

    # hands

    def grip(self, opening: float, force: float) -> None:
        """Order the hand; the force is bounded by the file's."""
        self._up()
        hand = self._hand
        if hand is None or hand.fault is not None:
            raise RobotFault((hand and hand.fault) or self._no_hand or Fault("gripper", "this arm has no hand"))
        if not (math.isfinite(opening) and math.isfinite(force)):
            raise RobotFault(Fault("refused", f"a grip wants an opening and a force, not {opening} and {force}"))
        if hand.failed is not None:  # told once; the order may then be repeated
            failed, hand.failed = hand.failed, None
            raise RobotFault(failed)
        most = self.description.gripper.force
        hand.ask(min(max(opening, 0.0), self.description.opening), min(max(force, 1.0), most))

    def freedrive(self, on: bool) -> None:
        """Hold the arm's weight and nothing else, damped, until it is switched off; RobotFault where the arm would
        then move by itself, because the load is wrong."""
        client = self._up()
        self._serving = False
        self._halt(client)
        if not _end(client, 3.0):
            raise RobotFault(Fault(faults.NOT_READY, "the arm does not come to rest"))
        if not on:
            return
        self._aborted.clear()
        self._sound(client)
        felt = np.abs(np.asarray(client.state.tau_ext_hat_filtered))
        if felt.max() > self._options.loose:
            text = f"{felt.max():.1f} Nm seem to act on joint {int(felt.argmax()) + 1} at rest"
            raise RobotFault(Fault("refused", f"{text}: mend tool.mass and tool.centre, or let go of the arm"))
        from franky import JointImpedanceTrackingMotion, JointReference

        motion = JointImpedanceTrackingMotion(stiffness=np.zeros(7), damping=np.array(self._options.damping))
        motion.set_reference(JointReference(q=np.asarray(client.state.q)))
        client.begin(motion)
        if self._aborted.is_set():
            client.stop()


def _end(client: Client, seconds: float) -> bool:
    """Whether the last motion ends within so long; True of a dead link, on which nothing runs."""
    try:
        return client.until(lambda: not client.running, seconds)
    except RobotFault:
        return True


def _errors(client: Client) -> bool:
    return bool(faults.flags(client.state.current_errors))


def _still(client: Client) -> bool:
    return bool(np.abs(client.state.dq).max() < STILL)
