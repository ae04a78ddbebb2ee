"""The simulated Universal Robots controller under the real ur_rtde, which runs in a process of its own: it can crash.

What is claimed is what the client makes of it, and what the controller's journal says of the arm.
"""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from real_robot.controllers.faults import order
from real_robot.controllers.journal import Seen, read

pytestmark = pytest.mark.slow
ROOT, ADDRESSES = Path(__file__).parents[1], itertools.count(1)
PREAMBLE = """
import json, math, sys, time
from dashboard_client import DashboardClient as Dashboard
from rtde_control import RTDEControlInterface as Control
from rtde_receive import RTDEReceiveInterface as Receive
HOST = {host!r}
def say(**facts): print(json.dumps(facts), flush=True)
def until(condition, seconds=8.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end: sys.exit("the condition never came")
        time.sleep(0.002)
"""
SERVO = """
control, receive = Control(HOST), Receive(HOST)
q = receive.getActualQ()
def servo(dx): return control.servoJ([q[0] + dx, *q[1:]], 0, 0, 0.002, 0.1, 300)
def ramp(seconds, going=lambda: True):
    start = time.monotonic()
    while (t := time.monotonic() - start) < seconds and going():
        servo(0.2 * t)
        time.sleep(0.002)
"""


class Running:
    """A controller in a process of its own, on an address of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.host, self.folder = (
            f"127.{90 + os.getpid() // 250 % 100}.{os.getpid() % 250 + 1}.{next(ADDRESSES)}",
            folder,
        )
        command = [sys.executable, "-m", "real_robot.controllers.ur", "--host", self.host, "--journal", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--with-parent", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.process.stdout
        self.ready = json.loads(self.process.stdout.readline())
        self.clients: list[subprocess.Popen[str]] = []

    def do(self, what: str, **fields: Any) -> dict[str, Any]:
        return order((self.host, self.ready["door"]), what, **fields)

    def client(self, code: str) -> subprocess.Popen[str]:
        text = PREAMBLE.format(host=self.host) + code
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.clients.append(subprocess.Popen([sys.executable, "-c", text], **pipes))
        return self.clients[-1]

    def run(self, code: str, seconds: float = 20.0) -> list[dict[str, Any]]:
        """What a client said, which has to end well."""
        said, wrong = self.client(code).communicate(timeout=seconds)
        assert self.clients[-1].returncode == 0, wrong[-2000:]
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def until(self, condition: Callable[[Seen], Any], seconds: float = 8.0) -> Seen:
        """The journal once it says so."""
        end = time.monotonic() + seconds
        while not condition(seen := read(self.folder)):
            assert time.monotonic() < end, seen.events[-5:]
            time.sleep(0.02)
        return seen

    def close(self) -> Seen:
        for process in [*self.clients, self.process]:
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


def servoing(seen: Seen) -> bool:
    return any(e["kind"] == "servoJ" for e in seen.of("command"))


def stopped_after(seen: Seen, t: float) -> float:
    """How long after a time of the monotonic clock the arm stood for good [s]."""
    rows = seen.rows[:, 0] >= t
    moving = seen.rows[:, 0][rows][np.abs(seen.group("qd")[rows]).max(axis=1) > 1e-3]
    return float(moving[-1] - t) if len(moving) else 0.0


# connecting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.15", "5.12", "5.23"])
@pytest.mark.parametrize("model", ["ur3e", "ur10e"])
def test_a_client_connects_moves_and_reads_back_on_every_version(start, version: str, model: str) -> None:
    robot = start("--version", version, "--model", model)
    [seen] = robot.run(
        SERVO + "say(moved=control.moveJ([q[0] + 0.2, *q[1:]], 1, 2), q=receive.getActualQ(), start=q,"
        " mode=receive.getRobotMode(), safety=receive.getSafetyMode())"
    )
    assert seen["moved"]
    assert seen["q"][0] - seen["start"][0] == pytest.approx(0.2, abs=1e-3)
    assert (seen["mode"], seen["safety"]) == (7, 1)
    outputs = robot.close().of("outputs")
    assert {each["frequency"] for each in outputs} == {125.0 if version == "3.15" else 500.0}
    assert not any(each["missing"] for each in outputs)


def test_two_controllers_live_on_two_addresses(start) -> None:
    first, second = start(), start("--start", "0.5", "-1.5", "1.5", "-1.5", "-1.5", "0.0")
    found = [robot.run("say(q=Receive(HOST).getActualQ())")[0]["q"][0] for robot in (first, second)]
    assert found == [0.0, 0.5]


def test_the_upper_registers_work_where_the_lower_ones_are_taken(start) -> None:
    robot = start()
    robot.do("in_use", names=["input_int_register_3"])
    [refused, steady] = robot.run(
        "try: Control(HOST)\n"
        "except RuntimeError as error: say(why=str(error))\n"
        "flags = Control.FLAG_UPLOAD_SCRIPT | Control.FLAG_UPPER_RANGE_REGISTERS\n"
        "say(steady=Control(HOST, -1.0, flags).isSteady())"
    )
    assert "already in use" in refused["why"]
    assert steady["steady"]
    assert robot.close().of("program starts")[0]["register"] == 24


@pytest.mark.parametrize(
    ("option", "why"), [("--local", "enable remote control"), ("--off", "Failed to start control script")]
)
def test_a_client_is_refused_where_its_program_cannot_start(start, option: str, why: str) -> None:
    [said] = start(option).run("try: Control(HOST)\nexcept RuntimeError as error: say(why=str(error))")
    assert why in said["why"]


def test_a_program_that_starts_late_is_waited_for(start) -> None:
    robot = start()
    robot.do("slow_start", seconds=1.5)
    [said] = robot.run("before = time.monotonic()\nControl(HOST)\nsay(took=time.monotonic() - before)")
    assert 1.5 < said["took"] < 2.5


def test_a_field_that_is_not_there_is_named(start) -> None:
    [said] = start().run(
        "try: Receive(HOST, -1.0, ['timestamp', 'no_such_field'])\nexcept RuntimeError as error: say(why=str(error))"
    )
    assert "[no_such_field]" in said["why"]


def test_power_and_brakes_come_on_by_text(start) -> None:
    robot = start("--off")
    [said] = robot.run(
        "dashboard, receive = Dashboard(HOST), Receive(HOST)\ndashboard.connect()\nbefore = receive.getRobotMode()\n"
        "dashboard.powerOn()\ndashboard.brakeRelease()\nuntil(lambda: receive.getRobotMode() == 7)\n"
        "say(before=before, runs=Control(HOST).isProgramRunning())"
    )
    assert said == {"before": 3, "runs": True}


# motion --------------------------------------------------------------------------------------------------------


def test_straight_moves_speeds_paths_and_questions_are_answered(start) -> None:
    robot = start()
    found = robot.run(
        SERVO + "p = receive.getActualTCPPose()\nlow = [p[0], p[1], p[2] - 0.05, *p[3:]]\n"
        "say(ok=control.moveL(low, 0.25, 1.0), left=math.dist(receive.getActualTCPPose()[:3], low[:3]))\n"
        "control.speedL([0, 0, 0.05, 0, 0, 0], 0.5, 0)\n"
        "until(lambda: abs(receive.getActualTCPSpeed()[2] - 0.05) < 1e-4)\n"
        "say(ok=control.speedStop(), left=0.0)\nuntil(lambda: max(map(abs, receive.getActualQd())) < 1e-3)\n"
        "path = [[*q, 0.5, 1.0, 0.0], [q[0] + 0.1, *q[1:], 0.5, 1.0, 0.0]]\n"
        "say(ok=control.moveJ(path), left=abs(receive.getActualQ()[0] - q[0] - 0.1))\n"
        "back = control.getInverseKinematics(control.getForwardKinematics(q, [0.0] * 5 + [1e-12]), q)\n"
        "say(ok=control.isJointsWithinSafetyLimits(q), left=math.dist(back, q))\n"
        "say(ok=not control.isJointsWithinSafetyLimits([7.0, *q[1:]]), left=0.0)\n"
        "say(ok=control.setPayload(1.5, [0, 0, 0.1]) and control.setTcp([0, 0, 0.1, 0, 0, 0]), left=0.0)\n"
        "say(ok=control.moveL(p, 0.1, 0.5, True) and control.getAsyncOperationProgress() == 0, left=0.0)\n"
        "control.stopL(2.0)\nsay(ok=control.getAsyncOperationProgress() < 0, left=0.0)\n"
    )
    assert all(each["ok"] for each in found)
    assert max(each["left"] for each in found) < 2e-3


def test_servoing_at_the_controllers_rate_is_followed_and_a_watchdog_stops_it_in_time(start) -> None:
    robot = start()
    [said] = robot.run(
        SERVO + "control.setWatchdog(10.0)\ngood = 0\n"
        "for i in range(1000):\n"
        "    period = control.initPeriod()\n"
        "    good += servo(0.2 * i / 500)\n"
        "    control.waitPeriod(period)\n"
        "until(lambda: not control.isProgramRunning())\n"
        "say(good=good, after=servo(0.4))"
    )
    assert said == {"good": 1000, "after": False}
    seen = robot.close()
    [trip] = seen.of("watchdog")
    last = seen.rows[np.flatnonzero(np.diff(seen.group("commands")[:, 0]))[-1] + 1, 0]
    assert 0.09 < trip["t"] - last < 0.15
    assert stopped_after(seen, trip["t"]) < 0.3
    assert seen.group("q")[-1, 0] == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("watchdog", [True, False])
def test_a_killed_client_leaves_a_speed_running_unless_there_is_a_watchdog(start, watchdog: bool) -> None:
    robot = start()
    arm = "control.setWatchdog(10.0)\n" if watchdog else ""
    client = robot.client(
        SERVO + arm + "while True:\n    control.speedJ([0.2, 0, 0, 0, 0, 0], 1.0, 0.002)\n    time.sleep(0.002)"
    )
    robot.until(lambda seen: len(seen.rows) and abs(seen.group("qd")[-1, 0] - 0.2) < 1e-3)
    killed = time.monotonic()
    client.send_signal(signal.SIGKILL)
    robot.until(lambda seen: seen.rows[-1, 0] > killed + 1.0)
    seen = robot.close()
    assert seen.rows[-1, 0] > killed + 1.0
    if watchdog:
        assert stopped_after(seen, killed) < 0.3
        assert seen.of("program ends")[0]["why"] == "watchdog"
    else:
        assert seen.group("qd")[-1, 0] == pytest.approx(0.2)
        assert not seen.of("program ends")


# faults --------------------------------------------------------------------------------------------------------


def test_a_muted_stream_freezes_what_the_client_reads_while_its_commands_still_go_through(start) -> None:
    robot = start()
    client = robot.client(
        SERVO + "ramp(0.5)\nstamp = None\n"
        "def frozen():\n    global stamp\n    last, stamp = stamp, receive.getTimestamp()\n    return stamp == last\n"
        "count, good = 0, 0\n"
        "end = time.monotonic() + 1.5\n"
        "while time.monotonic() < end:\n"
        "    good += servo(0.15)\n    count += 1\n    time.sleep(0.01)\n"
        "    frozen() and say(connected=receive.isConnected(), good=good == count)\n"
    )
    robot.until(servoing)
    robot.do("mute", seconds=1.0)
    said = [json.loads(line) for line in client.communicate(timeout=20)[0].splitlines()]
    assert len(said) > 20
    assert all(each == {"connected": True, "good": True} for each in said)
    assert robot.close().group("q")[-1, 0] == pytest.approx(0.15, abs=1e-3)


@pytest.mark.parametrize(("fault", "fields"), [("deaf", {"seconds": 1.0}), ("half_open", {})])
def test_a_controller_that_hears_nothing_is_stopped_by_its_watchdog(start, fault: str, fields: dict) -> None:
    robot = start()
    robot.client(SERVO + "control.setWatchdog(10.0)\nramp(10.0)")
    robot.until(servoing)
    robot.do(fault, **fields)
    seen = robot.until(lambda seen: seen.of("watchdog"))
    ordered = seen.of("fault")[0]["t"]
    assert 0.09 < seen.of("watchdog")[0]["t"] - ordered < 0.2
    time_to_stand = robot.until(lambda seen: seen.rows[-1, 0] > ordered + 0.5)
    assert stopped_after(time_to_stand, ordered) < 0.4


@pytest.mark.parametrize("fault", ["close", "reset"])
def test_no_program_that_the_client_starts_again_after_a_lost_link_has_a_watchdog(start, fault: str) -> None:
    """What the client does then is a matter of timing: it may start its program again, or not, or crash."""
    for _ in range(6):
        robot = start()
        client = robot.client(SERVO + "control.setWatchdog(10.0)\nramp(1.5)")
        robot.until(servoing)
        robot.do(fault)
        assert client.wait(timeout=20) in (0, -signal.SIGSEGV)
        seen = robot.close()
        again = [each["t"] for each in seen.of("program starts")][1:]
        assert not [trip for trip in seen.of("watchdog") if again and trip["t"] > again[0]]
        if again:
            return


def test_after_a_lost_link_the_client_reads_its_last_state_for_ever(start) -> None:
    robot = start()
    client = robot.client(
        "receive = Receive(HOST)\nsay(ready=True)\nuntil(lambda: not receive.isConnected())\n"
        "last = receive.getTimestamp()\ntime.sleep(0.5)\nsay(same=receive.getTimestamp() == last)"
    )
    assert client.stdout
    client.stdout.readline()
    robot.do("close", link="rtde")
    assert json.loads(client.communicate(timeout=10)[0]) == {"same": True}


@pytest.mark.parametrize(
    ("fault", "fields"),
    [("delay", {"by": 0.05, "seconds": 0.6}), ("jitter", {"by": 0.02, "seconds": 0.6}),
     ("duplicate", {"seconds": 0.6}), ("refuse", {"seconds": 0.6})],
)  # fmt: skip
def test_late_doubled_or_refused_links_do_not_disturb_a_running_servo(start, fault: str, fields: dict) -> None:
    robot = start()
    client = robot.client(SERVO + "control.setWatchdog(10.0)\nramp(1.5)\nsay(runs=control.isProgramRunning())")
    robot.until(servoing)
    robot.do(fault, **fields)
    assert json.loads(client.communicate(timeout=20)[0]) == {"runs": True}
    reached = robot.close().group("q")[:, 0].max()
    assert 0.27 < reached < 0.31


def test_a_delayed_stream_is_as_late_as_was_ordered(start) -> None:
    robot = start()
    robot.do("delay", by=0.1, seconds=5.0)
    [said] = robot.run(
        "receive = Receive(HOST)\nuntil(lambda: receive.getTimestamp() > 0)\nsay(clock=receive.getTimestamp())"
    )
    assert robot.do("state")["clock"] > said["clock"] + 0.09


def test_a_refused_connection_is_an_error_and_the_next_one_is_not(start) -> None:
    robot = start()
    robot.do("refuse", seconds=1.0)
    [refused, said] = robot.run(
        "try: Receive(HOST)\nexcept Exception as error: say(why=str(error))\n"
        "time.sleep(1.2)\nsay(there=Receive(HOST).isConnected())"
    )
    assert refused["why"]
    assert said["there"]


# stops ---------------------------------------------------------------------------------------------------------


def test_a_protective_stop_is_seen_unlocked_after_five_seconds_and_followed_by_a_new_program(start) -> None:
    robot = start()
    client = robot.client(
        SERVO + "dashboard = Dashboard(HOST)\ndashboard.connect()\n"
        "ramp(10.0, lambda: not receive.isProtectiveStopped())\n"
        "say(mode=receive.getSafetyMode(), runtime=receive.getRuntimeState(), servo=servo(0.1))\n"
        "try: dashboard.unlockProtectiveStop()\nexcept RuntimeError as error: say(early=str(error))\n"
        "time.sleep(5.0)\ndashboard.unlockProtectiveStop()\ndashboard.closeSafetyPopup()\n"
        "until(lambda: not receive.isProtectiveStopped())\n"
        "say(runs=control.isProgramRunning(), again=control.reuploadScript())\n"
        "until(control.isProgramRunning)\nsay(moved=control.moveJ(q, 1, 2))"
    )
    robot.until(servoing)
    robot.do("protective_stop")
    said, wrong = client.communicate(timeout=20)
    assert client.returncode == 0, wrong[-2000:]
    found: dict[str, Any] = {}
    for line in said.splitlines():
        found |= json.loads(line)
    assert "until 5s after" in found.pop("early")
    assert found == {"mode": 3, "runtime": 4, "servo": False, "runs": False, "again": True, "moved": True}
    seen = robot.close()
    [stop] = seen.of("protective stop")
    during = (seen.rows[:, 0] > stop["t"] + 0.3) & (seen.rows[:, 0] < stop["t"] + 4.9)
    assert np.abs(seen.group("qd")[during]).max() < 1e-3


@pytest.mark.parametrize(
    ("fault", "fields", "safety", "robot_mode"),
    [("estop", {}, 7, 3), ("error", {}, 8, 3), ("error", {"fault": True}, 9, 3),
     ("force", {"newtons": 200.0, "seconds": 0.3}, 3, 7)],
)  # fmt: skip
def test_every_stop_is_seen_by_the_client_and_stands_the_arm(
    start, fault: str, fields: dict, safety: int, robot_mode: int
) -> None:
    robot = start()
    client = robot.client(
        SERVO + "ramp(10.0, lambda: receive.getSafetyMode() == 1)\nuntil(lambda: not control.isProgramRunning())\n"
        "say(safety=receive.getSafetyMode(), robot=receive.getRobotMode(), runs=control.isProgramRunning(),"
        " servo=servo(0.0), emergency=receive.isEmergencyStopped())"
    )
    robot.until(servoing)
    robot.do(fault, **fields)
    said = json.loads(client.communicate(timeout=20)[0])
    assert said.pop("emergency") is (fault == "estop")
    assert said == {"safety": safety, "robot": robot_mode, "runs": False, "servo": False}
    seen = robot.close()
    assert stopped_after(seen, seen.of("mode")[-1]["t"]) < 0.3


def test_the_gripper_answers_on_its_port(start) -> None:
    robot = start()
    with socket.create_connection((robot.host, 63352), timeout=5) as link:
        link.sendall(b"SET ACT 1 GTO 1 POS 30\n")
        assert link.recv(1024) == b"ack"
        answer, end = b"", time.monotonic() + 5
        while answer != b"POS 30\n" and time.monotonic() < end:
            link.sendall(b"GET POS\n")
            answer = link.recv(1024)
        assert answer == b"POS 30\n"


def test_a_growing_force_reaches_the_client(start) -> None:
    robot = start()
    client = robot.client(
        "receive = Receive(HOST)\nsay(ready=True)\n"
        "until(lambda: receive.getActualTCPForce()[1] > 29.9)\nsay(force=receive.getActualTCPForce())"
    )
    assert client.stdout
    client.stdout.readline()
    robot.do("force", newtons=30.0, seconds=0.5, direction=[0, 1, 0])
    assert json.loads(client.communicate(timeout=10)[0])["force"] == pytest.approx([0, 30, 0, 0, 0, 0], abs=0.2)


def test_a_target_too_far_away_is_a_protective_stop_for_the_client(start) -> None:
    [said] = start().run(SERVO + "ramp(0.2)\nservo(1.5)\nuntil(receive.isProtectiveStopped)\nsay(servo=servo(0.0))")
    assert not said["servo"]


# the process ---------------------------------------------------------------------------------------------------


def test_noise_on_every_port_leaves_the_controller_at_work(start) -> None:
    robot = start()
    for port in robot.ready["ports"].values():
        with socket.create_connection((robot.host, port), timeout=5) as link:
            link.sendall(bytes(range(256)) * 8 + b"\n")
    assert robot.run("say(q=len(Receive(HOST).getActualQ()))") == [{"q": 6}]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, None])
def test_it_ends_cleanly_and_its_journal_is_whole(start, end: signal.Signals | None) -> None:
    robot = start()
    robot.run(SERVO + "control.moveJ([q[0] + 0.1, *q[1:]], 1, 2)")
    if end is None:
        robot.process.stdin.close()
        robot.process.stdin = None
    else:
        robot.process.send_signal(end)
    assert robot.process.wait(timeout=5) == 0
    assert read(robot.folder).events[-1]["counts"]["moveJ"] == 1
