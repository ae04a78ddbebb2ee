"""The Franka adapter: its pure parts, and (slow) the real client against the simulated controller and its journal.

Times to standing are from the journal: the controller's own clock, from the event to the last row above 0.01 rad/s.
"""

import itertools
import json
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from real_robot.controllers.faults import order
from real_robot.controllers.journal import Seen, read
from real_robot.description import Description, describe
from real_robot.franka import Franka
from real_robot.franka_checks import Refused, load
from real_robot.franka_faults import flags, of_error
from real_robot.robot import ArmState, RobotFault

NUMBERS = itertools.count(1)
STILL = 0.01
SPEED = 0.4


def description(host: str = "127.33.0.9", mass: float = 0.0, **vendor: Any) -> Description:
    """An FR3 with its hand at an address."""
    tool = {"xyz": [0.0, 0.0, 0.1034], "rotation": [0.0, 0.0, -math.pi / 4], "mass": mass, "centre": [-0.01, 0.0, 0.03]}
    box = {"low": [-1.0, -1.0, -0.5], "high": [1.0, 1.0, 1.3]}
    table = {"id": "rehearsal", "kind": "franka", "model": "fr3", "host": host, "workspace": box, "tool": tool}
    return describe({**table, "vendor": {"silent": 0.4, **vendor}})  # this machine may be busy


# the adapter alone


def test_a_setting_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"vendor has no 'dedman'; did you mean 'deadman'\?"):
        Franka.options({"dedman": 0.1})
    with pytest.raises(ValueError, match=r"vendor\.deadman: .*less than or equal to 0\.5 \(it is 2\.0\)"):
        Franka.options({"deadman": 2.0})
    with pytest.raises(ValueError, match=r"vendor\.stiffness"):
        description(stiffness=[1.0, 2.0])


def test_what_it_can_do_is_known_without_a_connection() -> None:
    found = Franka(description(rate=200.0, hand=False, deadman=0.2)).capabilities
    assert (found.joints, found.servo_hz, found.gripper, found.deadman) == (7, 200.0, False, 0.2)


def test_before_connecting_the_stops_do_no_harm_and_all_else_is_refused() -> None:
    arm = Franka(description())
    for act in (arm.halt, arm.abort, arm.close, arm.close):
        act()
    some = np.zeros(7)
    calls = (arm.read, arm.ready, arm.recover, lambda: arm.servo(some, some), lambda: arm.grip(0.0, 1.0))
    for act in (*calls, lambda: arm.freedrive(True)):
        with pytest.raises(RobotFault, match="not connected"):
            act()


@pytest.mark.parametrize(
    ("kind", "text", "name", "code"),
    [
        ("NetworkException", "libfranka: UDP receive: Timeout", "link", "NetworkException"),
        ("RuntimeError", "Net Exception", "link", "RuntimeError"),
        (
            "ControlException",
            'libfranka: Move command aborted: motion aborted by reflex! ["joint_reflex", "cartesian_reflex"]\nrate: 1',
            "reflex",
            "joint_reflex,cartesian_reflex",
        ),
        ("ControlException", "libfranka: Move command aborted: User Stop pressed!", "emergency stop", "user_stopped"),
        ("ControlException", "libfranka: Move command preempted!", "preempted", "ControlException"),
        ("CommandException", 'libfranka: not possible in the current mode ("User stopped")!', "emergency stop", None),
        ("CommandException", "libfranka: Set Load command rejected", "refused", "CommandException"),
        ("IncompatibleVersionException", "server 5, library 10", "version", None),
        ("Whatever", "", "controller error", "Whatever"),
    ],
)
def test_the_client_s_words_become_faults(kind: str, text: str, name: str, code: str | None) -> None:
    fault = of_error(type(kind, (Exception,), {})(text))
    assert fault.name == name
    assert fault.text
    assert code in (None, fault.code)
    assert fault.clearable == (name != "version")


def test_flags_are_read_from_the_client_s_words() -> None:
    assert flags("[]") == ()
    assert flags('["cartesian_reflex", "joint_reflex"]') == ("cartesian_reflex", "joint_reflex")


def test_load_and_the_end_effector_of_desk_make_the_tool_of_the_file() -> None:
    hand_at = np.array([-0.01, 0.0, 0.03])
    mass, centre = load(description(mass=1.0), 0.73, hand_at)
    assert mass == pytest.approx(0.27)
    np.testing.assert_allclose((0.73 * hand_at + mass * centre) / 1.0, [-0.01, 0.0, 0.03], atol=1e-12)
    assert load(description(mass=0.73), 0.73, hand_at)[0] == 0.0
    assert load(description(), 0.73, hand_at)[0] == 0.0
    with pytest.raises(Refused, match=r"Desk's end effector alone is 0\.73 kg"):
        load(description(mass=0.5), 0.73, hand_at)
    with pytest.raises(Refused, match="would want"):
        load(description(mass=0.75), 0.73, np.array([0.0, 0.0, 0.9]))


# with the real client against the simulated controller

slow = pytest.mark.slow


class Rehearsal:
    """A controller, adapters against it, and its journal."""

    def __init__(self, folder: Path) -> None:
        self.host, self.folder = f"127.33.{os.getpid() % 200 + 10}.{next(NUMBERS)}", folder
        command = [sys.executable, "-m", "real_robot.controllers.franka", "--host", self.host, "--with-parent"]
        command += ["--journal", str(folder), "--wait", "0.5"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.door: tuple[str, int] = (self.host, json.loads(self.process.stdout.readline())["door"])
        self.arms: list[Franka] = []

    def arm(self, **vendor: Any) -> Franka:
        """A connected adapter."""
        arm = Franka(description(self.host, **vendor))
        arm.connect()
        self.arms.append(arm)
        return arm

    def order(self, do: str, **fields: Any) -> dict[str, Any]:
        """A fault, or the state."""
        return order(self.door, do, **fields)

    def rest(self, seconds: float = 0.3) -> None:
        """Let so much of the controller's time go by."""
        until = self.order("state")["ticks"] + round(1000 * seconds)
        wait_for(lambda: self.order("state")["ticks"] > until)

    def journal(self) -> Seen:
        """End adapters and controller, and read."""
        self.rest()
        for arm in self.arms:
            arm.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        return read(self.folder)


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """A running controller."""
    pytest.importorskip("franky_sim")
    pytest.importorskip("franky")
    found = Rehearsal(tmp_path / "journal")
    yield found
    for arm in found.arms:
        arm.close()
    found.process.kill()
    with found.process:
        pass


def drive(arm: Franka, seconds: float, *, speed: float = SPEED, rise: float = 0.3) -> float:
    """Servo joint 1 from where it is, its speed rising to `speed`, and leave it moving; the largest lag seen [rad].

    Seconds are the controller's, whose time may stand still where others want the processor.
    """
    first, period, worst = arm.read(), 1 / arm.capabilities.servo_hz, 0.0
    axis, until, due = np.eye(7)[0], time.monotonic() + 20 * seconds, time.monotonic()

    def at(t: float) -> tuple[np.ndarray, np.ndarray]:
        s = min(t / rise, 1.0)
        way = rise * (s**3 - s**4 / 2) + max(t - rise, 0.0)
        return first.q + axis * speed * way, axis * speed * s * s * (3 - 2 * s)

    while (state := arm.read()).clock - first.clock < seconds:
        t = state.clock - first.clock
        worst = max(worst, float(np.abs(state.q - at(t)[0]).max()))
        arm.servo(*at(t + min((time.monotonic_ns() - state.stamp) * 1e-9, 0.02)))
        due = max(due + period, time.monotonic())
        time.sleep(due - time.monotonic() if due > time.monotonic() else 0.0)
        assert time.monotonic() < until
    return worst


def halted(seen: Seen, event: str, **facts: Any) -> float:
    """Seconds of the controller's clock from the last such event until the arm stands."""
    return stands(seen, [each for each in seen.of(event) if facts.items() <= each.items()][-1]["t"])


def stands(seen: Seen, at: float, until: float = math.inf) -> float:
    """Seconds from a time until the last row before `until` in which the arm moves; a row is a millisecond."""
    t, fast = seen.rows[:, 0], np.abs(seen.group("qd")).max(axis=1) > STILL
    assert (fast & (t > at - 0.3) & (t < at + 0.05)).any()  # it did move
    moves = np.flatnonzero(fast & (t > at) & (t < until))
    last = moves[-1] if len(moves) else np.flatnonzero(t > at)[0]
    assert (t[last + 1 :] < until).sum() > 100  # and stood afterwards
    return float((t[: last + 1] > at).sum() * 1e-3)


def began(seen: Seen, number: int) -> float:
    """When the motion of this number, from 0, began."""
    return float([each["t"] for each in seen.of("mode") if each["now"] == "MOVE"][number])


def wait_for(met: Any, seconds: float = 20.0) -> None:
    """Wait until it is so."""
    until = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < until
        time.sleep(0.002)


def fault_of(act: Any) -> Any:
    """The fault that a call raises."""
    with pytest.raises(RobotFault) as caught:
        act()
    return caught.value.fault


@slow
def test_connecting_sets_and_looks_and_neither_it_nor_getting_ready_moves_anything(rehearsal: Rehearsal) -> None:
    arm = Franka(description(rehearsal.host, mass=1.0, stiffness=[3000.0] * 7))
    rehearsal.arms.append(arm)
    found = {check.name: check for check in arm.connect()}
    assert not [check for check in found.values() if check.level == "refuse"]
    assert {"tool point", "load", "collision thresholds", "model", "kinematics", "vendor safety", "hand"} <= set(found)
    assert "differ by 0.0 mm" in found["kinematics"].text
    before = arm.read()
    assert before.status == "Idle"
    assert not before.ready
    assert before.gripper == pytest.approx(0.04, abs=1e-3)
    arm.ready()
    wait_for(lambda: arm.read().ready)
    rehearsal.rest(0.3)
    later = arm.read()
    assert later.clock > before.clock
    assert later.stamp > before.stamp
    seen = rehearsal.journal()
    assert np.ptp(seen.group("q"), axis=0).max() < 1e-4
    assert {each["kind"] for each in seen.of("command")} >= {"SetLoad", "SetNEToEE", "SetCollisionBehavior"}


@slow
@pytest.mark.parametrize("rate", [100.0, 200.0])
def test_a_smooth_motion_is_followed(rehearsal: Rehearsal, rate: float) -> None:
    arm = rehearsal.arm(rate=rate)
    arm.ready()
    start = arm.read().q
    lag = drive(arm, 2.0)
    far = arm.read().q[0] - start[0]
    assert sorted(_timed(arm.read) for _ in range(100))[50] < 1e-3
    arm.halt()
    assert lag < 0.01
    assert far == pytest.approx(SPEED * 1.85, abs=0.03)
    seen = rehearsal.journal()
    assert not seen.of("reflex")
    assert not seen.of("refused")
    assert np.abs(seen.group("qdd")).max() < 15.0


def _timed(act: Any) -> float:
    since = time.perf_counter()
    act()
    return time.perf_counter() - since


@slow
def test_a_halt_stops_and_the_next_motion_starts_where_the_arm_is(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    arm.ready()
    drive(arm, 0.7)
    at = time.monotonic()
    arm.halt()
    arm.halt()
    q = arm.read().q
    assert "get ready again" in fault_of(lambda: arm.servo(q, np.zeros(7))).text
    rehearsal.rest(0.4)
    assert not arm.read().ready
    assert arm.read().fault is None
    stood = arm.read().q
    arm.ready()
    np.testing.assert_allclose(arm.read().q, stood, atol=2e-3)
    drive(arm, 0.5, speed=-SPEED)
    arm.halt()
    rehearsal.rest(0.3)
    seen = rehearsal.journal()
    assert stands(seen, at, began(seen, 1)) < 0.2
    assert not seen.of("reflex")


@slow
def test_an_abort_from_another_thread_stops_and_no_target_outlives_it(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    arm.ready()
    took: list[float] = []
    timer = threading.Timer(0.7, lambda: took.append(_timed(arm.abort)))
    timer.start()
    fault = fault_of(lambda: drive(arm, 3.0))
    timer.join()
    assert fault.name == "not ready"
    assert took[0] < 0.2
    arm.abort()
    rehearsal.rest(0.4)
    assert rehearsal.order("state")["mode"] == "IDLE"
    arm.recover()
    arm.ready()
    drive(arm, 0.5, speed=-SPEED)
    arm.halt()
    rehearsal.rest(0.3)
    seen = rehearsal.journal()
    ended = seen.of("motion ended")[0]
    assert ended["status"] == "kPreempted"
    assert stands(seen, ended["t"], began(seen, 1)) < 0.15


@slow
@pytest.mark.parametrize("fault", ["mute", "half_open"])
def test_an_abort_waits_for_no_silent_link(rehearsal: Rehearsal, fault: str) -> None:
    arm = rehearsal.arm()
    arm.ready()
    drive(arm, 0.7)
    rehearsal.order(fault, **({"seconds": 1.5} if fault == "mute" else {}))
    assert _timed(arm.abort) < 0.3
    rehearsal.rest(0.4)
    assert halted(rehearsal.journal(), "fault", order=fault) < 0.15


CHILD = """
import sys, time
sys.path.insert(0, "tests")
import test_franka_arm as t
arm = t.Franka(t.description(sys.argv[1]))
arm.connect(); arm.ready()
t.threading.Timer(0.7, lambda: print("moving", flush=True)).start()
t.drive(arm, 30.0 if len(sys.argv) < 3 else 0.8, speed=0.4)
print("silent", time.monotonic(), flush=True)
time.sleep(20)
"""


def child(rehearsal: Rehearsal, *more: str) -> "subprocess.Popen[str]":
    """A process that drives, once it moves."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, rehearsal.host, *more], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "moving\n"
    return process


@slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_an_arm_whose_process_dies_or_freezes_stops_by_itself(rehearsal: Rehearsal, number: signal.Signals) -> None:
    with child(rehearsal) as process:
        at = time.monotonic()
        os.kill(process.pid, number)
        time.sleep(1.2)
        process.kill()
    seen = rehearsal.journal()
    budget = 0.15 if number == signal.SIGKILL else 0.65  # a frozen client's time stands still for up to 0.5 s
    assert stands(seen, at) < budget


@slow
def test_targets_that_end_end_the_motion_and_servoing(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    arm.ready()
    drive(arm, 0.7)
    at = time.monotonic()
    rehearsal.rest(0.6)
    fault = fault_of(lambda: drive(arm, 0.5))
    assert fault.name == "not ready"
    assert "no target came for 0.1 s" in fault.text
    assert not arm.read().ready
    assert 0.05 < stands(rehearsal.journal(), at) < 0.35


@slow
def test_a_reflex_is_raised_at_once_and_nothing_goes_on_after_recovering(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    arm.ready()
    drive(arm, 0.7)
    rehearsal.order("reflex", flag="cartesian_reflex")
    since = time.monotonic()
    fault = fault_of(lambda: drive(arm, 1.0))
    assert time.monotonic() - since < 2.5 / arm.capabilities.servo_hz + 0.03
    assert (fault.name, fault.code) == ("reflex", "cartesian_reflex")
    state = arm.read()
    assert state.fault is not None
    assert state.fault.code == "cartesian_reflex"
    assert fault_of(arm.ready).name == "reflex"
    moves = rehearsal.order("state")["counts"]["Move"]
    rehearsal.order("sticky")
    assert "acknowledge again" in fault_of(arm.recover).text
    rehearsal.order("sticky", on=False)
    arm.recover()
    rehearsal.rest(0.3)
    stood = arm.read()
    assert stood.fault is None
    assert rehearsal.order("state")["counts"]["Move"] == moves
    arm.ready()
    np.testing.assert_allclose(arm.read().q, stood.q, atol=1e-3)
    drive(arm, 0.4, speed=-SPEED)
    arm.halt()
    rehearsal.rest(0.3)
    seen = rehearsal.journal()
    assert [each["command"] for each in seen.of("refused")] == ["AutomaticErrorRecovery"]
    assert stands(seen, seen.of("reflex")[-1]["t"], began(seen, 1)) < 0.15


@slow
def test_a_pressed_user_stop_cannot_be_recovered_from_here(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    arm.ready()
    drive(arm, 0.7)
    rehearsal.order("estop")
    assert fault_of(lambda: drive(arm, 1.0)).name == "emergency stop"
    assert "release the user stop at the arm" in fault_of(arm.recover).text
    assert fault_of(arm.ready).name == "emergency stop"
    rehearsal.order("estop", on=False)
    rehearsal.rest(0.3)
    assert np.abs(arm.read().qd).max() < STILL
    arm.recover()
    arm.ready()
    assert halted(rehearsal.journal(), "fault", order="estop") < 0.25


@slow
def test_a_silent_link_stops_the_stamp_and_the_servo_and_is_made_anew(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    arm.ready()
    drive(arm, 0.7)
    rehearsal.order("mute", seconds=1.5)
    time.sleep(0.05)
    stamp = arm.read().stamp
    since = time.monotonic()
    fault = fault_of(lambda: drive(arm, 3.0))
    assert fault.name in ("link", "reflex", "refused")
    assert time.monotonic() - since < 0.6
    assert arm.read().stamp == stamp
    wait_for(lambda: _dead(arm), 4.0)
    for act in (arm.halt, arm.abort, arm.halt):
        act()
    time.sleep(1.0)
    arm.recover()
    arm.ready()
    assert arm.read().ready
    assert halted(rehearsal.journal(), "fault", order="mute") < 0.3


def _dead(arm: Franka) -> bool:
    try:
        arm.read()
    except RobotFault as error:
        return error.fault.name == "link"
    return False


@slow
@pytest.mark.parametrize("fault", ["close", "reset"])
def test_a_link_that_goes_is_a_fault_and_can_be_made_anew(rehearsal: Rehearsal, fault: str) -> None:
    arm = rehearsal.arm()
    arm.ready()
    drive(arm, 0.7)
    rehearsal.order(fault)
    assert fault_of(lambda: drive(arm, 3.0)).name == "link"
    wait_for(lambda: _dead(arm), 4.0)
    arm.recover()
    arm.ready()
    drive(arm, 0.4, speed=-SPEED)
    arm.halt()


@slow
def test_a_second_client_and_a_closed_port_are_refused_with_the_way_out(rehearsal: Rehearsal) -> None:
    first = rehearsal.arm()
    second = Franka(description(rehearsal.host, patience=1.0))
    fault = fault_of(second.connect)
    assert fault.name == "link"
    assert "another program may be connected" in fault.text
    second.close()
    first.close()
    second.connect()
    second.close()
    assert "FCI" in fault_of(Franka(description("127.33.9.254")).connect).text


@slow
def test_another_version_is_named() -> None:
    pytest.importorskip("franky")
    host = f"127.33.{os.getpid() % 200 + 10}.250"
    with socket.create_server((host, 1337)) as server:

        def answer() -> None:
            link, _ = server.accept()
            with link:
                command, number, _ = struct.unpack("<III", link.recv(64)[:12])
                link.sendall(struct.pack("<III", command, number, 12 + 4) + struct.pack("<HH", 1, 5))
                link.recv(64)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        fault = fault_of(Franka(description(host)).connect)
        thread.join(5)
    assert fault.name == "version"
    assert "protocol 10" in fault.text
    assert not fault.clearable


@slow
def test_the_hand_closes_opens_and_changes_its_mind_while_the_arm_moves(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    arm.ready()

    def opening() -> float:
        return arm.read().gripper

    assert _timed(lambda: arm.grip(0.0, 20.0)) < 0.05
    drive(arm, 0.5, speed=0.2)
    arm.halt()
    assert opening() < 0.03
    arm.grip(0.07, 20.0)  # while it still closes
    wait_for(lambda: opening() > 0.065)
    arm.grip(0.0, 1000.0)
    arm.grip(0.0, 1000.0)
    wait_for(lambda: opening() < 0.005)
    assert "a grip wants" in fault_of(lambda: arm.grip(math.nan, 1.0)).text
    assert arm.read().fault is None


@slow
def test_a_force_is_felt_as_acting_on_the_tool_along_its_axis(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    rehearsal.order("force", newtons=15.0)
    wait_for(lambda: abs(arm.read().wrench[2]) > 14.0)
    felt = arm.read().wrench
    assert felt[2] == pytest.approx(15.0, abs=0.1), "a push upwards is felt as one"
    np.testing.assert_allclose(np.delete(felt[:3], 2), 0.0, atol=0.1)


@slow
def test_an_arm_that_is_let_loose_gives_way_until_it_is_held_again(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    rehearsal.order("force", newtons=15.0, direction=[0.0, 1.0, 0.0])
    wait_for(lambda: abs(arm.read().wrench[1]) > 14.0)
    fault = fault_of(lambda: arm.freedrive(True))
    assert fault.name == "refused"
    assert "Nm seem to act on joint 1" in fault.text
    rehearsal.order("force", newtons=0.0)
    wait_for(lambda: abs(arm.read().wrench[1]) < 0.1)
    start = arm.read().q
    arm.freedrive(True)
    rehearsal.rest(0.3)
    np.testing.assert_allclose(arm.read().q, start, atol=2e-3)
    rehearsal.order("force", newtons=10.0, direction=[0.0, 1.0, 0.0])
    wait_for(lambda: np.abs(arm.read().q - start).max() > 0.05)
    rehearsal.order("force", newtons=0.0)
    arm.freedrive(False)
    wait_for(lambda: np.abs(arm.read().qd).max() < STILL)
    held: ArmState = arm.read()
    rehearsal.rest(0.3)
    np.testing.assert_allclose(arm.read().q, held.q, atol=2e-3)
    arm.ready()
    assert not rehearsal.journal().of("reflex")


@slow
def test_a_target_far_away_or_no_number_is_refused_and_the_arm_stays(rehearsal: Rehearsal) -> None:
    arm = rehearsal.arm()
    arm.ready()
    q, still = arm.read().q, np.zeros(7)
    assert "joint 3" in fault_of(lambda: arm.servo(q + 0.3 * np.eye(7)[2], still)).text
    assert "finite" in fault_of(lambda: arm.servo(q * np.nan, still)).text
    assert fault_of(lambda: arm.servo(q[:6], still[:6])).name == "refused"
    time.sleep(0.2)
    assert np.ptp(rehearsal.journal().group("q"), axis=0).max() < 1e-4
