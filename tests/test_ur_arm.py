"""The adapter of Universal Robots arms: its pure pieces, and the vendor's own client under it against a simulated
controller in a process of its own, whose journal is the evidence. Where the client may crash, it is in a third process.
"""

import inspect
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_robot.controllers.faults import order
from real_robot.controllers.journal import Seen, read
from real_robot.description import Description, describe
from real_robot.robot import RobotFault
from real_robot.ur import UR
from real_robot.ur_dashboard import Stopper
from real_robot.ur_faults import NORMAL, SAFETY, fault
from real_robot.ur_robotiq import Fingers
from real_robot.ur_stream import frames

ROOT, ADDRESSES = Path(__file__).parents[1], itertools.count(1)
PERIOD, SPEED, STALE = 0.002, 0.5, 0.3
PATIENT = {"watchdog": 10.0}
"""Other tests may keep this machine busy; what is measured is measured with the adapter's own figure."""


CHILD = """
import os, threading, time
from collections.abc import Callable
from typing import Any
import numpy as np
from real_robot.controllers.faults import order
from real_robot.description import Description, describe
from real_robot.robot import RobotFault
from real_robot.ur import UR
PERIOD, SPEED = {period}, {speed}
{given}
def do(what, **fields): return order(({host!r}, {door}), what, **fields)
def say(*words): print(">", *words, flush=True)
arm = UR(described({host!r}, **{more!r}))
arm.connect()
arm.ready()
"""


def address() -> str:
    return f"127.31.{os.getpid() % 250 + 1}.{next(ADDRESSES)}"


def described(host: str = "127.31.255.1", **more: Any) -> Description:
    box = {"low": [-0.9, -0.9, -0.2], "high": [0.9, 0.9, 1.2]}
    return describe({"id": "t", "kind": "ur", "model": "ur5e", "host": host, "workspace": box, **more})


# pure pieces ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "said"),
    [({"gian": 300}, "no vendor option 'gian'; did you mean 'gain'"), ({"gain": 50}, r"vendor\.gain: .*100"),
     ({"registers": "middle"}, "vendor.registers"), ({"watchdog": "fast"}, "vendor.watchdog")],
)  # fmt: skip
def test_an_option_that_is_none_is_refused_by_its_name_and_reaches_who_reads_the_file(table: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        UR.options(table)
    with pytest.raises(ValueError, match=said):
        described(vendor=table)


def test_what_it_can_do_is_known_before_it_is_connected() -> None:
    can = UR(described(vendor={"watchdog": 20.0, "gripper": "none"})).capabilities
    assert (can.joints, can.servo_hz, can.gripper, can.deadman) == (6, 500.0, False, 0.05)


def test_nothing_but_an_error_comes_of_an_arm_that_is_not_connected() -> None:
    arm = UR(described())
    for safe in (arm.halt, arm.abort, arm.close, arm.close):
        safe()
    for call in (arm.read, arm.ready, lambda: arm.servo(np.zeros(6), np.zeros(6)), lambda: arm.freedrive(True)):
        with pytest.raises(RobotFault, match="not connected") as caught:
            call()
        assert caught.value.fault.name == "link"
    with pytest.raises(RobotFault, match="no gripper"):
        arm.grip(0.0, 20.0)


def test_every_safety_mode_but_two_is_a_fault_with_the_makers_word() -> None:
    assert {n for n in SAFETY if fault(n) is None} == NORMAL
    for number in set(SAFETY) - NORMAL:
        found = fault(number)
        assert found is not None
        assert SAFETY[number] in found.code
    assert fault(99) is not None


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 30))
def test_frames_are_the_same_however_the_bytes_arrive(payloads: list[bytes], step: int) -> None:
    data = b"".join(struct.pack(">HB", len(p) + 3, 85) + p for p in payloads)
    buffer, found = bytearray(), []
    for at in range(0, len(data), step):
        buffer += data[at : at + step]
        found += [payload for _, payload in frames(buffer)]
    assert found == payloads
    assert not buffer


def test_what_is_no_frame_is_a_lost_link() -> None:
    with pytest.raises(RobotFault, match="no RTDE"):
        list(frames(bytearray(b"\0\1\2")))


@given(st.floats(0.0, 0.085))
def test_an_opening_comes_back_from_its_count(opening: float) -> None:
    fingers = Fingers(0.085)
    assert fingers.opening(fingers.count(opening)) == pytest.approx(opening, abs=0.085 / 227 / 2 + 1e-9)


@given(st.floats(20.0, 1000.0))
def test_a_gripper_is_never_given_more_force_than_allowed(newtons: float) -> None:
    count = Fingers(0.085).force(newtons)
    assert 0 <= count <= 255
    assert 20.0 + count / 255 * 215.0 <= newtons + 1e-9


@pytest.mark.parametrize("newtons", [19.9, 0.0, math.nan])
def test_a_force_that_the_gripper_cannot_keep_to_is_refused(newtons: float) -> None:
    with pytest.raises(ValueError, match="at least 20 N"):
        Fingers(0.085).force(newtons)


def test_a_host_where_nothing_listens_is_named_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(RobotFault, match=r"127\.31\.255\.1:30004 cannot be reached"):
        UR(described()).connect()
    assert time.monotonic() - began < 1.0


def test_a_stop_to_a_host_that_is_gone_raises_nothing() -> None:
    assert Stopper("127.31.255.1", 10.0).fire() is False


# against the simulated controller ------------------------------------------------------------------------------


class Running:
    """A controller in a process of its own, on an address of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.host, self.folder = address(), folder
        command = [sys.executable, "-m", "real_robot.controllers.ur", "--host", self.host, "--journal", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--with-parent", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.process.stdout
        self.ready = json.loads(self.process.stdout.readline())
        self.arms: list[UR] = []
        self.children: list[subprocess.Popen[str]] = []

    def arm(self, vendor: dict[str, Any] = PATIENT, stale: float = 1.0, **more: Any) -> UR:
        self.arms.append(UR(described(self.host, vendor=vendor, limits={"stale": stale}, **more)))
        return self.arms[-1]

    def do(self, what: str, **fields: Any) -> dict[str, Any]:
        return order((self.host, self.ready["door"]), what, **fields)

    def child(self, code: str, **more: Any) -> subprocess.Popen[str]:
        """An arm that is ready in a process of its own, and what it does."""
        given = "".join(inspect.getsource(each) for each in (described, drive, at))
        text = CHILD.format(period=PERIOD, speed=SPEED, given=given, host=self.host, door=self.ready["door"], more=more)
        self.children.append(
            subprocess.Popen(
                [sys.executable, "-c", text + code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return self.children[-1]

    def until(self, condition: Callable[[Seen], Any], seconds: float = 15.0) -> Seen:
        """The journal once it says so."""
        end = time.monotonic() + seconds
        while not condition(seen := read(self.folder)):
            assert time.monotonic() < end, seen.events[-5:]
            time.sleep(0.02)
        return seen

    def later(self, seconds: float = 0.5) -> Seen:
        """The journal of at least so long after now."""
        now = time.monotonic()
        return self.until(lambda seen: len(seen.rows) and seen.rows[-1, 0] > now + seconds)

    def close(self) -> Seen:
        for arm in self.arms:
            arm.close()
        for process in [*self.children, self.process]:
            process.terminate() if process is self.process else process.kill()
            process.communicate(timeout=10)
        return read(self.folder)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    pytest.importorskip("rtde_control", exc_type=ImportError)
    running: list[Running] = []

    def started(*options: str) -> Running:
        running.append(Running(tmp_path / str(len(running)), *options))
        return running[-1]

    yield started
    for each in running:
        each.close()


def drive(arm: UR, seconds: float, tick: Callable[[float], Any] = lambda _: None, speed: float = SPEED) -> np.ndarray:
    """Turn the first joint from where it is, faster and faster up to `speed` [rad/s]; how far the arm was behind."""
    start, behind, began, x = arm.read().q, [], time.monotonic(), 0.0
    for i in range(round(seconds / PERIOD)):
        v = speed * min(1.0, i * PERIOD / 0.3)
        x += v * PERIOD
        state = arm.read()
        if state.fault:
            raise RobotFault(state.fault)
        arm.servo(start + x * np.eye(6)[0], v * np.eye(6)[0])
        behind.append(start[0] + x - state.q[0])
        tick(i * PERIOD)
        time.sleep(max(0.0, began + (i + 1) * PERIOD - time.monotonic()))
    return np.array(behind)


def at(seconds: float, act: Callable[[], Any]) -> Callable[[float], Any]:
    """What does a thing once, at a time of a drive."""
    waiting = [act]
    return lambda t: waiting.pop()() if t >= seconds and waiting else None


def until(condition: Callable[[], Any], seconds: float = 6.0) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(PERIOD)


def stood_after(seen: Seen, t: float) -> float:
    """How long after a time of the monotonic clock the arm stood for good [s]."""
    rows = seen.rows[:, 0] >= t
    moving = seen.rows[:, 0][rows][np.abs(seen.group("qd")[rows]).max(axis=1) > 1e-3]
    return float(moving[-1] - t) if len(moving) else 0.0


def commands_after(seen: Seen, t: float) -> int:
    """How many motion commands came after a time."""
    before, counts = seen.rows[:, 0] < t, seen.group("commands")[:, 0]
    return int(counts[-1] - counts[before][-1])


def clean(seen: Seen) -> bool:
    """Whether the controller refused nothing and stopped nothing by itself."""
    return not any(seen.of(name) for name in ("refused command", "refused frame", "protective stop"))


slow = pytest.mark.slow


@slow
def test_connecting_looks_at_everything_and_changes_nothing(start) -> None:
    robot = start()
    checks = {c.name: c for c in robot.arm(tool={"mass": 1.0, "xyz": [0, 0, 0.1]}).connect()}
    assert not [c for c in checks.values() if c.level == "refuse"]
    assert {n for n, c in checks.items() if c.level == "warn"} == {"tool", "payload", "safety limits", "gripper"}
    assert "0.0 mm" in checks["kinematics"].text
    assert "arming sets the file's, 1 kg" in checks["payload"].text
    seen = robot.close()
    assert not seen.of("command")
    assert not seen.of("upload")
    asked = {e["asked"] for e in seen.of("dashboard")}
    assert asked == {"PolyscopeVersion", "get serial number", "get robot model", "is in remote control"}


@slow
def test_another_arm_than_the_files_is_refused_by_its_model_and_by_where_its_tool_is(start) -> None:
    checks = {c.name: c.level for c in start("--model", "ur10e").arm().connect()}
    assert (checks["model"], checks["kinematics"]) == ("refuse", "refuse")


@slow
def test_getting_ready_sets_tool_and_payload_and_moves_nothing(start) -> None:
    robot = start()
    arm = robot.arm(tool={"mass": 1.0, "xyz": [0, 0, 0.1], "rotation": [0.0, 0.0, 0.3]})
    arm.connect()
    before = arm.read()
    assert not before.ready
    arm.ready()
    state = arm.read()
    assert state.ready
    assert state.fault is None
    assert arm._stream
    assert arm._stream.newest
    assert arm._stream.newest.payload == 1.0
    assert arm._stream.newest.tool == pytest.approx([0, 0, 0.1, 0, 0, 0.3])
    for q, qd in ((state.q * np.nan, np.zeros(6)), (state.q, np.full(6, np.inf)), (state.q[:5], np.zeros(5))):
        with pytest.raises(RobotFault, match="six finite angles"):
            arm.servo(q, qd)
    seen = robot.close()
    assert np.abs(seen.group("qd")).max() == 0.0
    assert seen.group("commands")[-1, 0] == 0


@slow
def test_a_smooth_stream_is_followed_with_less_lag_than_the_look_ahead_and_nothing_refused(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    behind = drive(arm, 3.0)
    assert abs(np.quantile(behind[-1000:], 0.25)) < SPEED * 0.03
    seen = robot.later()
    assert clean(seen)
    assert seen.group("commands")[-1, 0] == 1500
    assert seen.group("q")[-1, 0] == pytest.approx(SPEED * (3.0 - 0.3 / 2), abs=0.03)
    assert np.abs(seen.group("q")[:, 1:] - seen.group("q")[0, 1:]).max() < 1e-9


@slow
@pytest.mark.parametrize("how", ["halt", "abort"])
def test_a_stop_in_mid_motion_stands_the_arm_within_its_braking_and_nothing_is_taken_until_ready(start, how) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    drive(arm, 0.8)
    stopped = time.monotonic()
    getattr(arm, how)()
    assert time.monotonic() - stopped < 0.1
    with pytest.raises(RobotFault, match="not ready: it was stopped"):
        arm.servo(arm.read().q, np.zeros(6))
    getattr(arm, how)()
    seen = robot.later()
    assert stood_after(seen, stopped) < SPEED / 10.0 + 0.05
    stands = seen.group("q")[-1]
    arm.ready()
    seen = robot.later(0.3)
    assert np.abs(seen.group("q")[-1] - stands).max() == 0.0, "the old target was still in the registers"
    drive(arm, 0.2)


@slow
def test_an_abort_from_another_thread_stands_the_arm_while_nothing_is_heard(start) -> None:
    robot = start()
    child = robot.child(
        "def later():\n    time.sleep(0.2)\n    say(time.monotonic())\n    arm.abort()\n"
        "def act():\n    do('mute', seconds=1.0)\n    threading.Thread(target=later).start()\n"
        "limits = arm.description.limits.model_copy(update={'stale': 10.0})\n"
        "arm.description = arm.description.model_copy(update={'limits': limits})\n"
        "try: drive(arm, 5.0, at(0.8, act))\n"
        "except RobotFault as error: say(error.fault.name)\n"
        "os._exit(0)\n",
        vendor=PATIENT,
    )
    said = told(child)
    assert said[1] in ("not ready", "refused")
    assert stood_after(robot.later(), float(said[0])) < SPEED / 10.0 + 0.05


@slow
def test_the_arm_stands_within_150_ms_of_the_death_of_its_process(start) -> None:
    robot = start()
    child = robot.child("drive(arm, 60.0, lambda t: t == 0.0 and say('moves'))")
    assert child.stdout
    child.stdout.readline()
    time.sleep(1.0)
    killed = time.monotonic()
    child.send_signal(signal.SIGKILL)
    seen = robot.later()
    assert abs(seen.group("qd")[seen.rows[:, 0] < killed][-1, 0]) > 0.6 * SPEED
    assert seen.of("program ends")[-1]["why"] == "watchdog"
    assert stood_after(seen, killed) < 0.15


@slow
def test_targets_that_end_while_the_process_lives_are_ended_by_the_watchdog_and_told(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    drive(arm, 0.6)
    ended = time.monotonic()
    until(lambda: not arm.read().ready, 1.0)
    with pytest.raises(RobotFault, match="watchdog"):
        arm.servo(arm.read().q, np.zeros(6))
    assert stood_after(robot.later(), ended) < 0.25
    arm.ready()
    drive(arm, 0.2)


# faults of the arm ---------------------------------------------------------------------------------------------


def told(child: subprocess.Popen[str], *, crash: bool = False) -> list[str]:
    """What a child said, which has to end well, unless it may crash; the client says things of its own."""
    said, wrong = child.communicate(timeout=40)
    assert child.returncode in (0, -signal.SIGSEGV if crash else 0), wrong[-2000:]
    return [line[2:] for line in said.splitlines() if line.startswith("> ")]


def driven_into(robot: Running, arm: UR, act: Callable[[], Any]) -> tuple[RobotFault, float, float]:
    """A drive into a fault: the error, when it was ordered, and when the error came."""
    times = []
    with pytest.raises(RobotFault) as caught:
        drive(arm, 3.0, at(0.8, lambda: (times.append(time.monotonic()), act())))
    return caught.value, times[0], time.monotonic()


@slow
def test_a_protective_stop_is_told_within_two_periods_and_never_resumed(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    error, _, raised = driven_into(robot, arm, lambda: robot.do("protective_stop"))
    assert error.fault.name == "protective stop"
    assert error.fault.clearable
    with pytest.raises(RobotFault, match="protective stop"):
        arm.servo(arm.read().q, np.zeros(6))
    with pytest.raises(RobotFault, match="protective stop"):
        arm.ready()
    seen = robot.later(0.2)
    [stop] = seen.of("protective stop")
    assert raised - stop["t"] < 0.02
    assert commands_after(seen, raised + 0.02) == 0
    stands = seen.group("q")[-1].copy()
    arm.recover()
    assert arm.read().fault is None
    assert not arm.read().ready
    arm.ready()
    seen = robot.later(0.3)
    assert np.abs(seen.group("q")[-1] - stands).max() == 0.0
    unlocked = next(e["t"] for e in seen.of("mode") if e["why"] == "unlocked")
    assert [e["t"] < unlocked for e in seen.of("program ends")] == [True], "it was ended before it was unlocked"
    with pytest.raises(RobotFault, match="first target is"):
        arm.servo(stands + 0.2, np.zeros(6))
    drive(arm, 0.3)
    after = robot.later(0.0)
    moves = np.flatnonzero(np.diff(after.group("commands")[:, 0]) * (after.rows[1:, 0] > unlocked))
    assert np.abs(after.group("target")[moves[0] + 1] - stands).max() < 1e-3


@slow
def test_a_guard_that_closes_again_does_not_set_the_arm_in_motion(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    error, _, _ = driven_into(robot, arm, lambda: robot.do("safeguard", seconds=1.0))
    assert error.fault.name == "safeguard stop"
    with pytest.raises(RobotFault, match="guard is open"):
        arm.recover()
    seen = robot.until(lambda seen: [e for e in seen.of("mode") if e["why"] == "guard closed"])
    stands = seen.group("q")[-1].copy()
    assert np.abs(robot.later(0.5).group("q")[-1] - stands).max() == 0.0
    arm.recover()
    arm.ready()
    drive(arm, 0.2)


@slow
def test_an_emergency_stop_is_not_recovered_from_while_it_is_pressed(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    error, ordered, _ = driven_into(robot, arm, lambda: robot.do("estop"))
    assert error.fault.name == "emergency stop"
    for call in (arm.recover, arm.ready):
        with pytest.raises(RobotFault, match="pull the button out"):
            call()
    assert stood_after(robot.later(0.2), ordered) < 0.15
    robot.do("estop", release=True)
    until(lambda: arm.read().fault is None)
    arm.recover()
    assert not arm.read().ready
    arm.ready()
    drive(arm, 0.2)


@slow
@pytest.mark.parametrize(("broken", "name"), [(False, "safety violation"), (True, "safety fault")])
def test_a_fault_of_the_safety_system_is_restarted_and_power_comes_back_with_ready(start, broken, name) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    error, _, _ = driven_into(robot, arm, lambda: robot.do("error", fault=broken))
    assert error.fault.name == name
    arm.recover()
    arm.ready()
    drive(arm, 0.2)


@slow
@pytest.mark.parametrize("word", ["pause", "stop", "power off"])
def test_what_the_pendant_does_is_told_and_a_paused_motion_is_not_played_on(start, word: str) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    with socket.create_connection((robot.host, 29999)) as pendant:
        pendant.recv(200)
        error, _, raised = driven_into(robot, arm, lambda: pendant.sendall(word.encode() + b"\n"))
        assert error.fault.name == "not ready"
        seen = robot.later(0.3)
        assert commands_after(seen, raised + 0.02) == 0
        stands = seen.group("q")[-1].copy()
        pendant.sendall(b"play\n")
    assert np.abs(robot.later(0.3).group("q")[-1] - stands).max() == 0.0
    arm.recover()
    arm.ready()
    drive(arm, 0.2)


@slow
def test_an_arm_without_power_is_connected_to_and_powered_on_by_ready(start) -> None:
    robot = start("--off")
    arm = robot.arm()
    arm.connect()
    assert not arm.read().ready
    assert "POWER_OFF" in arm.read().status
    arm.ready()
    assert arm.read().ready


@slow
def test_a_force_on_the_tool_is_read_in_the_bases_axes(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    robot.do("force", newtons=30.0, seconds=0.1, direction=[0, 1, 0])
    until(lambda: arm.read().wrench[1] > 29.9)
    assert arm.read().wrench == pytest.approx([0, 30, 0, 0, 0, 0], abs=0.2)


# links ---------------------------------------------------------------------------------------------------------


@slow
def test_a_muted_controller_is_not_believed_and_its_arm_is_stopped(start) -> None:
    robot = start()
    arm = robot.arm(stale=STALE / 2)
    arm.connect()
    arm.ready()
    error, ordered, raised = driven_into(robot, arm, lambda: robot.do("mute", seconds=1.5))
    assert error.fault.name == "link"
    assert raised - ordered < STALE + 0.05
    first, second = arm.read(), arm.read()
    assert first.stamp == second.stamp
    assert first.fault
    assert first.fault.name == "link"
    assert not first.ready
    seen = robot.later(1.8)
    assert stood_after(seen, ordered) < STALE + 0.15
    assert len(seen.of("program starts")) == 1
    arm.recover()
    assert arm.read().fault is None
    arm.ready()
    drive(arm, 0.2)


@slow
def test_readings_that_were_long_on_their_way_are_not_believed(start) -> None:
    robot = start()
    arm = robot.arm(stale=STALE / 2)
    arm.connect()
    arm.ready()
    error, ordered, _ = driven_into(robot, arm, lambda: robot.do("delay", by=0.5, seconds=1.0))
    assert error.fault.name == "link"
    assert stood_after(robot.later(), ordered) < 0.5 + STALE


@slow
def test_packets_that_come_twice_are_one_reading(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    robot.do("duplicate", seconds=1.0)
    seen, end = [], time.monotonic() + 0.5
    while time.monotonic() < end:
        state = arm.read()
        seen.append((state.stamp, state.clock))
        time.sleep(0.0005)
    stamps, clocks = ({pair[i] for pair in seen} for i in (0, 1))
    assert len(stamps) == len(clocks) == len(set(seen))
    assert all(b[1] > a[1] for a, b in itertools.pairwise(seen) if b[0] > a[0])


def lost(robot: Running, fault_: str, then: str, *, crash: bool = False, **fields: Any) -> list[str]:
    """What a child says after its link is lost in mid-motion; nothing has moved or been uploaded until then."""
    child = robot.child(
        "say('moves')\n"
        "try: drive(arm, 20.0)\n"
        "except RobotFault as error: say(time.monotonic(), error.fault.name)\n"
        "for i in range(3):\n"
        "    time.sleep(0.5)\n"
        "    try: arm.servo(np.zeros(6), np.zeros(6))\n"
        "    except RobotFault as error: say(error.fault.name)\n"
        "arm.halt(); arm.abort()\n" + then,
        vendor=PATIENT, limits={"stale": STALE / 2},
    )  # fmt: skip
    assert child.stdout
    child.stdout.readline()
    robot.until(lambda seen: len(seen.rows) and abs(seen.group("qd")[-1, 0] - SPEED) < 0.01)
    robot.do(fault_, **fields)
    first, *rest = told(child, crash=crash)
    assert rest[:3] == ["link"] * 3
    assert first.endswith("link")
    seen = robot.later(0.0)
    ordered = seen.of("fault")[-1]["t"]
    assert float(first.split()[0]) - ordered < STALE + 0.05
    quiet = seen.rows[:, 0] < ordered + 1.4
    moving = quiet & (np.abs(seen.group("qd")).max(axis=1) > 1e-3)
    assert seen.rows[moving][-1, 0] - ordered < STALE + 0.15
    assert not [e for e in seen.of("program starts") if ordered < e["t"] < ordered + 1.4]
    return rest[3:]


@slow
@pytest.mark.parametrize(("fault_", "fields"), [("close", {}), ("reset", {}), ("mute", {"seconds": 1.0})])
def test_a_lost_link_is_an_error_within_periods_its_arm_stands_and_it_is_recovered(start, fault_, fields) -> None:
    then = "arm.recover(); arm.ready(); drive(arm, 0.2); arm.close(); say('recovered')"
    assert lost(start(), fault_, then, **fields) == ["recovered"]


@slow
@pytest.mark.parametrize(("fault_", "fields", "wait"), [("half_open", {}, 0.0), ("mute", {"seconds": 4.0}, 4.0)])
def test_after_a_long_silence_the_client_is_given_up_and_the_next_process_connects(start, fault_, fields, wait) -> None:
    """The client connects again by itself after 2.5 s, and may crash; nothing can keep it from that."""
    robot = start()
    then = f"time.sleep({wait})\ntry: arm.recover()\nexcept RobotFault as error: say(error)\n"
    then += "arm.close(); arm.close(); os._exit(0)"
    for said in lost(robot, fault_, then, crash=wait > 0, **fields):
        assert "end this process and connect anew" in said
    arm = robot.arm()
    assert not [c for c in arm.connect() if c.level == "refuse"]
    arm.ready()
    drive(arm, 0.2)


@slow
def test_a_controller_that_hears_nothing_stops_by_itself(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    error, ordered, _ = driven_into(robot, arm, lambda: robot.do("deaf", seconds=1.0))
    assert error.fault.name == "not ready"
    assert stood_after(robot.later(), ordered) < 0.25


@slow
def test_a_hiccup_shorter_than_the_watchdog_is_ridden_out_and_its_targets_are_not_replayed(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    drive(arm, 1.0, lambda t: round(t / PERIOD) % 100 == 99 and time.sleep(0.015))
    seen = robot.later(0.0)
    assert clean(seen)
    assert np.diff(seen.group("q")[:, 0]).min() > -1e-4, "it went back to an old target"


@slow
def test_a_version_that_this_does_not_drive_is_refused_by_its_number(start) -> None:
    with pytest.raises(RobotFault, match=r"runs 3\.15\.0; this adapter drives PolyScope 5") as caught:
        start("--version", "3.15").arm().connect()
    assert caught.value.fault.name == "version"
    robot = start()
    robot.do("version", major=10, minor=7)
    with pytest.raises(RobotFault, match=r"runs 10\.7\.0"):
        robot.arm().connect()


@slow
def test_registers_in_use_are_named_when_connecting_and_the_other_half_works(start) -> None:
    robot = start()
    robot.do("in_use", names=["input_double_register_3"])
    arm = robot.arm()
    checks = {c.name: c for c in arm.connect()}
    assert checks["registers"].level == "refuse"
    assert "input_double_register_3 already in use" in checks["registers"].text
    with pytest.raises(RobotFault, match="already in use"):
        arm.ready()
    other = robot.arm(vendor=PATIENT | {"registers": "upper"})
    assert {c.name: c.level for c in other.connect()}["registers"] == "ok"
    other.ready()
    drive(other, 0.5)
    assert clean(robot.later(0.0))


@slow
def test_local_control_is_said_and_getting_ready_refused(start) -> None:
    arm = start("--local").arm()
    assert {c.name: c.level for c in arm.connect()}["remote control"] == "warn"
    with pytest.raises(RobotFault, match="remote control"):
        arm.ready()


@slow
def test_a_program_that_does_not_start_in_time_is_an_error(start) -> None:
    robot = start()
    robot.do("slow_start", seconds=3.0)
    arm = robot.arm(vendor=PATIENT | {"program_start": 0.5})
    arm.connect()
    with pytest.raises(RobotFault, match=r"did not start in 0\.5 s"):
        arm.ready()
    assert not arm.read().ready


@slow
def test_an_abort_while_it_gets_ready_leaves_it_not_ready(start) -> None:
    robot = start()
    robot.do("slow_start", seconds=0.5)
    arm = robot.arm()
    arm.connect()
    threading.Timer(0.2, arm.abort).start()
    with pytest.raises(RobotFault):
        arm.ready()
    assert not arm.read().ready
    robot.do("slow_start", seconds=0.02)
    arm.ready()
    drive(arm, 0.2)


@slow
def test_a_host_that_accepts_and_says_nothing_is_an_error_in_seconds() -> None:
    host = address()
    with socket.create_server((host, 30004)):
        began = time.monotonic()
        with pytest.raises(RobotFault, match="does not answer as RTDE"):
            UR(described(host)).connect()
        assert time.monotonic() - began < 3.0


# by hand, and the fingers --------------------------------------------------------------------------------------


@slow
def test_freedrive_takes_no_targets_and_gives_the_arm_back(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.freedrive(False)  # off already: nothing to do
    arm.ready()
    drive(arm, 0.3)
    time.sleep(0.01)
    arm.servo(arm.read().q, np.zeros(6))
    arm.freedrive(True)
    assert not arm.read().ready
    with pytest.raises(RobotFault, match="freedrive is on"):
        arm.servo(arm.read().q, np.zeros(6))
    time.sleep(0.2)
    arm.freedrive(False)
    assert arm.read().ready
    drive(arm, 0.3)
    seen = robot.later(0.0)
    assert clean(seen)
    counts = robot.do("state")["counts"]
    assert (counts["freedriveMode"], counts["endFreedriveMode"]) == (1, 1)


@slow
def test_the_fingers_close_on_an_object_open_again_and_never_hold_up_the_arm(start) -> None:
    robot = start()
    robot.do("object", at=100.0)
    arm = robot.arm(gripper={"force": 40.0})
    arm.connect()
    arm.ready()
    slowest = []

    def grip(opening: float) -> None:
        before = time.perf_counter()
        arm.grip(opening, 400.0)
        slowest.append(time.perf_counter() - before)

    assert arm._gripper
    assert arm.read().gripper == pytest.approx(0.085, abs=1e-3)
    grip(0.0)
    until(lambda: arm._gripper is not None and arm._gripper.holds)
    assert arm.read().gripper == pytest.approx(0.085 * 130 / 227, abs=1e-3)
    grip(0.085)
    until(lambda: arm.read().gripper > 0.084)
    assert max(slowest) < 0.05
    with socket.create_connection((robot.host, 63352)) as link:
        link.sendall(b"GET FOR\n")
        assert int(link.recv(100).split()[1]) == math.floor(20 / 215 * 255), "the file allows 40 N"


@slow
def test_a_gripper_whose_link_is_lost_says_so_and_the_arm_goes_on(start) -> None:
    robot = start()
    arm = robot.arm()
    arm.connect()
    arm.ready()
    robot.do("close", link="gripper")
    drive(arm, 0.4)
    assert math.isnan(arm.read().gripper)
    with pytest.raises(RobotFault, match="gripper's link is lost"):
        arm.grip(0.0, 20.0)


@slow
def test_a_gripper_that_cannot_grip_as_gently_as_the_file_says_is_refused(start) -> None:
    arm = start().arm(gripper={"force": 5.0})
    assert {c.name: c.level for c in arm.connect()}["gripper"] == "refuse"
    with pytest.raises(RobotFault, match="at least 20 N"):
        arm.grip(0.0, 5.0)
