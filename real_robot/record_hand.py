"""An arm in freedrive: read at a fixed rate while a person moves it, with the actions that would have moved it so.

An action leads from where the arm was to where it is a step later, by the robot file's own [actions]. What they cannot
say (a motion faster than a full step, a turn of the tool, a place outside the workspace) is cut off; `requested` holds
the whole of it, `reasons` why it was cut, and `Shown` how far from the hand the actions would have led.
"""

import contextlib
import copy
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from embodied.spec import ArraySpec
from real_robot.actions import Target
from real_robot.deploy_arm import ArmRobot
from real_robot.deploy_exit import Exit
from real_robot.deploy_loop import LOOK, Ran
from real_robot.deploy_records import Rows
from real_robot.kinematics import Pose
from real_robot.robot import ArmState, Fault, Mode, Reading, Reason, RobotFault, StaleObservation, Stop

DOWN, UP = 0.2, 30.0
"""A reading this much younger than an order [s] shows that it was carried out, which may take so long at most [s]."""


class ByHand:
    """An `ArmRobot` of which nothing is asked but to be free, or not. `stop` comes from any thread."""

    clocked = True

    def __init__(self, robot: ArmRobot) -> None:
        if robot.twin is not None:
            raise ValueError(
                f"robot {robot.robot.id!r} has a twin, [world], which keys move and no hand; use --by keyboard, or "
                "leave [world] out of the file and record what the arm's own cameras see"
            )
        self.robot, self.spec, self.extras = robot, robot.spec, robot.extras
        self.arm: Any = robot.arm
        """With `freedrive`, which an arm that only policies drive need not have."""
        self.steering = robot.steering
        self.whole = copy.copy(robot.steering)
        self.whole.array = ArraySpec(robot.steering.array.shape)  # without bounds
        self.freed, self.asked, self.over = False, float("nan"), False
        self._changing = threading.Lock()

    @property
    def mode(self) -> Mode:
        """As the governor says."""
        return self.arm.mode

    def connect(self) -> None:
        """Start the cameras and connect, where that is not done; what the arm's first step would wait for is loaded."""
        self.robot.watch()
        if self.arm.mode is Mode.DISCONNECTED:
            self.robot.look()
        home = self.robot.robot.home_q
        self.between(*(self.steering.at(q, float("nan")) for q in (home, home + 1e-3)))

    def free(self, on: bool) -> None:
        """Freedrive on or off; returns when the arm does it. ValueError or RobotFault where it does not."""
        with self._changing:
            if on and self.over:
                raise RobotFault(Fault("stopped", "it was stopped, and stays so"))
            if on == self.freed:
                return
            if not on and self.arm.mode is not Mode.CONNECTED:
                self.arm.stop(Stop.ABORT, "the end of freedrive")  # a latched arm takes no order but this
                self.freed = False
                return
            after = time.monotonic_ns() + int(1e9 * DOWN)
            self.freed = True  # also where no answer comes
            try:
                self.arm.freedrive(on)
            except ValueError:
                self.freed = not on
                raise
            self.freed = on
        self._settled(on, after)

    def _settled(self, on: bool, after: int) -> None:
        until = time.monotonic() + UP
        while self.freed is on and time.monotonic() < until:
            with contextlib.suppress(StaleObservation):  # the client is busy with the order
                state = self.arm.read().state
                if state is not None and state.stamp > after:
                    return
            time.sleep(LOOK)
        if self.freed is on:
            switched = "on" if on else "off"
            raise RobotFault(Fault("freedrive", f"no reading came in {UP:g} s after it was switched {switched}"))

    def hold(self, why: str = "") -> None:
        """The arm is held again, by whatever way works; raises nothing."""
        with contextlib.suppress(RobotFault, StaleObservation, ValueError):  # then the abort below
            self.free(False)
            return
        self.arm.stop(Stop.ABORT, why)
        self.freed = False

    def stop(self, kind: Stop = Stop.STOP, why: str = "") -> None:
        """It is held, and no more let go; an abort has the vendor's controller stop it, whatever it does."""
        self.over = True
        if kind is not Stop.ABORT:
            self.hold(why)
            return
        self.arm.stop(Stop.ABORT, why)
        self.freed = False

    def finish(self) -> None:
        """The end of an episode."""
        self.free(False)

    def close(self) -> None:
        """Hold the arm, and let go of everything; safe twice."""
        try:
            self.stop(Stop.STOP, "closed")
        finally:
            self.robot.close()

    # -- every step ---------------------------------------------------------------------------------------------

    def read(self) -> Reading:
        """How it stands now; RobotFault and StaleObservation as an arm and its cameras raise them."""
        reading = self.arm.read()
        state = reading.state
        if state is None:
            raise RobotFault(Fault("no reading", f"the arm {self.robot.robot.id!r} tells nothing"))
        if state.fault is not None:
            raise RobotFault(state.fault)
        pose = self.steering.chain.pose(state.q, self.steering.tool)
        opening = state.gripper if np.isfinite(state.gripper) else self.asked
        return replace(reading, obs=self.robot.felt(state.q, pose, opening))

    def grip(self, closing: bool) -> str:
        """Close the gripper or open it; why it does not, or nothing."""
        opening = self.steering.opening(1.0 if closing else -1.0)
        try:
            self.arm.order("grip", opening=opening)
        except ValueError as error:
            return f"the gripper stays as it is while the arm is moved by hand: {error}"
        self.asked = opening
        return ""

    def at(self, state: ArmState) -> Target:
        """Where it stands, as a target; the gripper as it was told to be, else as it is."""
        target = self.steering.at(state.q, state.gripper)
        return replace(target, opening=self.asked) if np.isfinite(self.asked) else target

    def between(self, before: Target, after: Target) -> tuple[np.ndarray, np.ndarray, tuple[Reason, ...]]:
        """The action from one target to the next within its bounds, the whole of it, and why they differ."""
        wanted = self.whole.inverse(before, after)
        return self.steering.inverse(before, after), wanted, self.steering.forward(before, wanted)[1]


@dataclass(eq=False)
class Shown(Ran):
    """What became of it; `drift` is how far from the hand its actions would have led at most [m]."""

    turned: float = 0.0
    """The same of the tool's orientation [rad]."""


def demonstration(
    hand: ByHand, rows: Callable[[Reading], Rows], ending: Exit, *, says: Callable[[], str], task: str, steps: int,
    tell: Callable[[str], None],
) -> Shown:  # fmt: skip
    """One episode, of at most so many steps. `says` gives what the person does: a key of the gripper, or a word that
    ends it. Raises what comes before the arm is free; whatever comes after is told in the result, and the arm is held.
    """
    try:
        hand.connect()
        if ending.code:
            raise RobotFault(Fault("stopped", "it was stopped before it was free"))
        hand.free(True)
        reading = hand.read()
    except BaseException:
        hand.hold("it did not begin")
        raise
    ran = Shown(rows(reading), task)
    try:
        tell("the arm is free; move it by hand")
        _run(hand, ran, reading, ending, says, steps, tell)
        hand.finish()
    except (RobotFault, StaleObservation) as error:
        ran.faults.append(error.fault if isinstance(error, RobotFault) else Fault("stale", str(error)))
        ran.ended = "stopped" if ending.code else "fault"
        ran.rows.columns["fault"][-1] = np.asarray(True)
    except Exception as error:  # raised again when what there is has been recorded
        ran.ended, ran.error = "error", error
    finally:
        hand.hold(ran.ended)
    return ran


def _run(
    hand: ByHand, ran: Shown, reading: Reading, ending: Exit, says: Callable[[], str], steps: int,
    tell: Callable[[str], None],
) -> None:  # fmt: skip
    period, due = 1.0 / hand.spec.hz, time.monotonic()
    before = led = hand.at(_state(reading))
    while not ran.ended:
        due, late = wait(due + period, period, ending)
        ran.late += late
        if ending.code:
            break
        reading = hand.read()
        after = hand.at(_state(reading))
        action, wanted, reasons = hand.between(before, after)
        ran.rows.add(action, wanted, reasons, 0, True, reading)
        ran.rows.counts.update(reason.value for reason in reasons)
        led, before = hand.steering.forward(led, action)[0], after
        ran.drift = max(ran.drift, float(np.linalg.norm((led.pose - after.pose)[:3, 3])))
        ran.turned = max(ran.turned, angle(led.pose, after.pose))
        word = says()
        if word in ("o", "c", "g"):
            closing = word == "c" if word != "g" else not hand.steering.grip(after.opening) > 0
            tell(hand.grip(closing) or ("closes" if closing else "opens"))
        elif word == "gone":
            ran.ended = ""  # nobody is there any more, but the time is limited
        elif word:
            ran.ended = {"end": "terminated", "discard": "discarded"}.get(word, "stopped")
        if not ran.ended and len(ran.rows) >= steps:
            ran.ended = "horizon"
    ran.ended = ran.ended or "stopped"


def _state(reading: Reading) -> ArmState:
    assert reading.state is not None, "ByHand.read looks"
    return reading.state


def wait(due: float, period: float, ending: Exit) -> tuple[float, bool]:
    """Until a time [monotonic s], or an end; from when the next counts, and whether a whole period was missed."""
    now = time.monotonic()
    if now > due + period:
        return now, True
    while (left := due - time.monotonic()) > 0 and not ending.code:
        time.sleep(min(left, LOOK))
    return due, False


def angle(a: Pose, b: Pose) -> float:
    """Between the orientations of two poses [rad]."""
    from scipy.spatial.transform import Rotation

    return float(Rotation.from_matrix(b[:3, :3] @ a[:3, :3].T).magnitude())
