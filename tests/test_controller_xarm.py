"""The simulated xArm controller: its frames, its state machine, its arm, and the vendor's own client over loopback."""

import itertools
import json
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from real_robot.controllers import journal, xarm_safety, xarm_wire
from real_robot.controllers.faults import order
from real_robot.controllers.xarm import HOME, main
from real_robot.controllers.xarm_control import PERIOD, Controller
from real_robot.controllers.xarm_gripper import Gripper
from real_robot.controllers.xarm_poses import about, joints_at, numbers_of, pose_of, vector
from real_robot.controllers.xarm_settings import FORMS, Settings
from real_robot.controllers.xarm_wire import ERROR, INVALID, NOT_READY, Request, floats, split
from real_robot.kinematics import chain, euler

ROOT = Path(__file__).parents[1]
PORT = 10502
ADDRESSES = (f"127.{20 + os.getpid() % 200}.{os.getpid() // 200 % 250}.{n}" for n in itertools.count(1))
PRELUDE = """
import json, math, os, sys, time
host, port, door = sys.argv[1], int(sys.argv[2]), (sys.argv[1], int(sys.argv[3]))
sys.stdout, told = sys.stderr, sys.stdout
from real_robot.controllers.faults import order
from xarm.core.config.x_config import XCONF
XCONF.SocketConf.TCP_CONTROL_PORT = port  # 502 needs a privilege
from xarm.wrapper import XArmAPI
def tell(**facts): print(json.dumps(facts), file=told, flush=True)
def connect(**options): return XArmAPI(host, is_radian=True, forbid_uds=True, **options)
def begin(arm, mode):
    codes = arm.motion_enable(True), arm.set_mode(mode), arm.set_state(0)
    until(lambda: arm.mode == mode and arm.state in (1, 2))
    return codes
def until(holds, seconds=5.0):
    start = time.monotonic()
    while not holds():
        if time.monotonic() > start + seconds: raise TimeoutError
        time.sleep(0.002)
    return time.monotonic() - start
def timed(call):
    start = time.monotonic()
    return call(), time.monotonic() - start
"""


@dataclass
class Running:
    """A controller process, its address and its journal."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    folder: Path

    @property
    def door(self) -> tuple[str, int]:
        """Where faults are ordered."""
        return self.ready["host"], self.ready["door"]

    def client(self, script: str, limit: float = 30.0) -> dict[str, Any]:
        """What the vendor's client tells at the end of a script."""
        done = subprocess.run(
            self.command(script), cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def command(self, script: str) -> list[str]:
        """A client process; it may be killed without harm to anything."""
        pytest.importorskip("xarm")
        where = [str(self.ready[key]) for key in ("host", "port", "door")]
        return [sys.executable, "-c", PRELUDE + textwrap.dedent(script) + "\nos._exit(0)", *where]

    def seen(self) -> journal.Seen:
        """The journal, after the end."""
        self.process.terminate()
        assert self.process.wait(5) == 0
        return journal.read(self.folder)


@contextmanager
def controller(folder: Path, *options: str) -> Iterator[Running]:
    """A controller with the usual report ports on an address of its own."""
    where = ["--host", next(ADDRESSES), "--port", str(PORT), "--journal", str(folder / "journal")]
    command = [sys.executable, "-m", "real_robot.controllers.xarm", *where, "--with-parent", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Running(process, json.loads(process.stdout.readline()), folder / "journal")
        finally:
            process.kill()


@pytest.fixture
def xarm(tmp_path: Path) -> Iterator[Running]:
    """An xarm6."""
    with controller(tmp_path) as running:
        yield running


class Bench:
    """An arm without sockets, and what it sent unasked."""

    def __init__(self, model: str = "xarm6", mode: int | None = None) -> None:
        self.sent: list[bytes] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.arm = Controller(
            model, np.array(HOME[model]), "2.6.0", lambda name, **facts: self.events.append((name, facts))
        )
        if mode is not None:
            assert [self.ask(11, 8, 1)[0] & ~NOT_READY, self.ask(19, mode)[0], self.ask(12, 0)[0]] == [0, NOT_READY, 0]

    def ask(self, function: int, *payload: int, numbers: Sequence[float] = (), more: bytes = b"") -> tuple[int, bytes]:
        """Status and data of a reply."""
        told = self.arm.answer(Request(7, 2, function, floats(numbers) + bytes(payload) + more), self.sent.append)
        assert struct.unpack_from(">HHHB", told) == (7, 2, len(told) - 6, function)
        return told[7], told[8:]

    def tick(self, seconds: float, watch: Callable[[], object] = lambda: None) -> None:
        """Let time pass."""
        for _ in range(round(seconds / PERIOD)):
            self.arm.tick()
            watch()

    def servo(self, target: np.ndarray) -> int:
        """Send a servo target; the reply's status."""
        return self.ask(29, numbers=[*xarm_wire.seven(target), 1.0, 1.0, 0.0])[0]


def test_frames_that_come_in_pieces_are_the_frames_that_were_sent() -> None:
    sent = [Request(n, 2, n + 1, bytes(range(n))) for n in range(40)]
    stream, buffer, found = b"".join(each.packed() for each in sent), bytearray(), []
    for at in range(0, len(stream), 7):
        buffer += stream[at : at + 7]
        found += split(buffer)
    assert found == sent
    assert not buffer


def test_what_cannot_be_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="no frame: protocol 9, length 1"):
        split(bytearray(struct.pack(">HHHB", 1, 9, 1, 1)))


def test_standard_modbus_is_answered_with_an_exception() -> None:
    assert xarm_wire.reply(Request(5, 0, 1, b"\x03\0\0\0\1"), 0) == bytes([0, 5, 0, 0, 0, 3, 1, 0x83, 1])


def test_reports_have_the_lengths_the_client_expects() -> None:
    seven, six = [0.1] * 7, [0.2] * 6
    shot = xarm_wire.Snapshot(
        1, 2, 1, 3, seven, seven, seven, seven, six, six[:3], six, seven, six, 63, 63, 31, 11, 6, "2.6.0", Settings()
    )
    made = [make(shot) for make in (xarm_wire.normal, xarm_wire.rich, xarm_wire.real, xarm_wire.fast)]
    assert [len(each) for each in made] == [145, 587, 135, 804]
    assert all(struct.unpack_from(">I", each) == (len(each),) for each in made)
    assert [made[0][4], made[0][89], made[0][90]] == [2 | 1 << 4, 31, 11]


@pytest.mark.parametrize("function", sorted(FORMS))
def test_what_is_stored_can_be_read_back(function: int) -> None:
    name, form, count = FORMS[function]
    value = [0.5] * count if form == "f" else [1] * count
    settings = Settings()
    settings.store(function, struct.pack(f"<{count}{form}", *value))
    assert getattr(settings, name) == (value[0] if count == 1 else value)
    settings.reset()
    assert settings == Settings()


def test_a_sensitivity_the_client_would_choke_on_is_refused_and_not_stored() -> None:
    bench = Bench(mode=0)
    status, _ = bench.ask(37, 6)
    assert status & INVALID
    assert bench.arm.settings.collision_sensitivity == 3
    assert bench.arm.safety.warning == xarm_safety.PARAMETER


def test_a_pose_is_the_pose_of_its_numbers() -> None:
    dice = np.random.default_rng(0)
    for _ in range(50):
        turn = dice.uniform(-1, 1, 3)
        assert vector(about(turn)) == pytest.approx(turn)
        pose = pose_of([*dice.uniform(-500, 500, 3), *dice.uniform(-1.5, 1.5, 3)])
        for axis_angle in (False, True):
            assert pose_of(numbers_of(pose, axis_angle), axis_angle) == pytest.approx(pose)
    assert np.linalg.norm(vector(np.diag([1.0, -1.0, -1.0]))) == pytest.approx(math.pi)


def test_angles_are_those_the_project_s_kinematics_reads() -> None:
    pytest.importorskip("scipy")
    pose = pose_of([1.0, 2.0, 3.0, 0.3, -0.4, 2.5])
    assert numbers_of(pose)[3:] == pytest.approx(list(euler(pose)))
    assert numbers_of(pose) == pytest.approx([1.0, 2.0, 3.0, 0.3, -0.4, 2.5])


@pytest.mark.parametrize("model", sorted(HOME))
def test_the_joints_found_for_a_pose_bring_the_tool_there(model: str) -> None:
    arm, limit, dice = chain(model), xarm_safety.limits(model), np.random.default_rng(1)
    for _ in range(20):
        q = np.array(HOME[model]) + dice.uniform(-0.3, 0.3, arm.joints)
        found = joints_at(arm, arm.pose(q), np.array(HOME[model]), limit.low, limit.high)
        assert found is not None
        assert arm.pose(found) == pytest.approx(arm.pose(q), abs=1e-4)


def test_nothing_moves_until_motors_are_on_and_state_0_is_set() -> None:
    bench, goal = Bench(), np.array(HOME["xarm6"]) + 0.02
    assert bench.servo(goal) == NOT_READY
    bench.ask(12, 0)
    assert bench.arm.safety.state == xarm_safety.STOPPED
    bench.ask(11, 8, 1)
    bench.ask(19, 1)
    assert bench.arm.safety.state == xarm_safety.CHANGED
    assert bench.servo(goal) == NOT_READY
    bench.tick(0.1)
    assert bench.arm.plant.q == pytest.approx(HOME["xarm6"])
    bench.ask(12, 0)
    assert bench.servo(goal) == 0
    bench.tick(0.5)
    assert bench.arm.plant.q == pytest.approx(goal, abs=1e-6)


def test_a_servo_target_that_is_not_renewed_is_held_for_ever() -> None:
    bench, goal = Bench(mode=1), np.array(HOME["xarm6"]) + 0.02
    bench.servo(goal)
    bench.tick(10.0)
    assert bench.arm.plant.q == pytest.approx(goal, abs=1e-6)
    assert bench.arm.safety.state == xarm_safety.READY
    assert bench.arm.safety.running


def test_a_servo_target_is_approached_as_fast_as_the_joint_can_whatever_speed_it_names() -> None:
    bench, speeds = Bench(mode=1), []
    goal = np.add(HOME["xarm6"], [0, 0, 0, 0, 0, 2.0])
    bench.ask(29, numbers=[*xarm_wire.seven(goal), 0.01, 0.01, 9.0])
    bench.tick(1.0, lambda: speeds.append(bench.arm.plant.qd[5]))
    assert max(speeds) == pytest.approx(math.pi, rel=1e-3)
    assert bench.arm.plant.q[5] == pytest.approx(2.0, abs=1e-3)


def test_a_command_of_the_wrong_mode_is_answered_well_and_ignored() -> None:
    bench = Bench(mode=0)
    assert bench.servo(np.array(HOME["xarm6"]) + 0.3) == 0
    bench.tick(0.5)
    assert bench.arm.plant.q == pytest.approx(HOME["xarm6"])
    assert bench.arm.moves.refusals == 1


def test_a_function_that_is_not_simulated_says_so() -> None:
    bench = Bench(mode=0)
    assert bench.ask(27, numbers=[0.0] * 16)[0] & INVALID
    assert bench.ask(15)[1] == bytes([0, xarm_safety.UNKNOWN])
    assert bench.ask(17)[0] == 0


@pytest.mark.parametrize(("seconds", "moving"), [(0.2, False), (0.0, True), (-1.0, True), (None, True)])
def test_a_velocity_ends_after_its_duration_and_one_without_never(seconds: float | None, moving: bool) -> None:
    bench = Bench(mode=4)
    more = b"\1" + (b"" if seconds is None else floats([seconds]))
    assert bench.ask(81, numbers=[0.3, 0, 0, 0, 0, 0, 0], more=more)[0] == 0
    bench.tick(0.15)
    assert bench.arm.plant.qd[0] == pytest.approx(0.3)
    bench.tick(5.0)
    assert bool(bench.arm.plant.qd[0]) is moving


def test_a_cartesian_velocity_moves_the_tool_that_way() -> None:
    bench = Bench(mode=5)
    before = numbers_of(bench.arm.moves.motion.pose)
    bench.ask(82, numbers=[0, 40.0, 0, 0, 0, 0], more=b"\0" + floats([0.5]))
    bench.tick(1.0)
    assert np.subtract(numbers_of(bench.arm.moves.motion.pose), before) == pytest.approx([0, 20, 0, 0, 0, 0], abs=0.3)


def test_a_line_is_straight_and_its_end_is_told() -> None:
    bench, points = Bench(mode=0), []
    bench.ask(254, xarm_wire.STARTED | xarm_wire.FINISHED)
    first = np.array(numbers_of(bench.arm.moves.motion.pose))
    goal = [math.inf, first[1] + 100, first[2] - 60, math.inf, math.inf, math.inf, 200.0, 2000.0, 0.0, -1.0]
    assert bench.ask(21, numbers=goal, more=bytes(3))[0] == 0
    bench.tick(2.0, lambda: points.append(1000 * bench.arm.tool_point))
    assert points[-1] == pytest.approx(np.add(first[:3], [0, 100, -60]), abs=0.5)
    along = np.array([0, 100, -60]) / math.hypot(100, 60)
    off = np.array(points) - first[:3]
    assert np.abs(off - np.outer(off @ along, along)).max() < 1.0
    assert [frame[6:10] for frame in bench.sent] == [bytes([0xFF, 0, kind, 21]) for kind in (1, 2)]
    assert [frame[12] for frame in bench.sent] == [0, 0]


def test_a_stop_discards_the_queue_and_tells_it() -> None:
    bench = Bench(mode=0)
    bench.ask(254, xarm_wire.FINISHED)
    for turn in (0.5, -0.5):
        bench.ask(23, numbers=[turn, -0.7, -0.8, 0, 1.5, 0, 0, 0.5, 5.0, 0.0])
    bench.tick(0.3)
    bench.ask(12, 4)
    bench.tick(0.3)
    assert [frame[12] for frame in bench.sent] == [xarm_wire.DISCARDED] * 2
    assert bench.arm.plant.still
    assert 0 < bench.arm.plant.q[0] < 0.3


def test_a_pause_keeps_the_queue_and_state_0_goes_on() -> None:
    bench = Bench(mode=0)
    bench.ask(23, numbers=[0.4, -0.7, -0.8, 0, 1.5, 0, 0, 0.8, 5.0, 0.0])
    bench.tick(0.3)
    bench.ask(12, 3)
    bench.tick(0.5)
    held = bench.arm.plant.q[0]
    bench.tick(1.0)
    assert bench.arm.plant.q[0] == held
    bench.ask(12, 0)
    bench.tick(1.0)
    assert bench.arm.plant.q[0] == pytest.approx(0.4, abs=1e-3)


def test_an_error_latches_stops_the_arm_and_is_cleared_by_hand() -> None:
    bench = Bench(mode=1)
    bench.servo(np.add(HOME["xarm6"], [0.2, 0, 0, 0, 0, 0]))
    bench.tick(0.02)
    bench.arm.safety.fail(31)
    assert (bench.arm.safety.state, bench.arm.safety.mode) == (xarm_safety.STOPPED, 0)
    bench.tick(0.3)
    held = bench.arm.plant.q.copy()
    assert bench.servo(held + 0.1) & ERROR
    bench.ask(12, 0)
    assert bench.arm.safety.state == xarm_safety.STOPPED
    assert bench.ask(16)[0] == NOT_READY
    bench.ask(19, 1)
    bench.ask(12, 0)
    bench.tick(0.1)
    assert bench.arm.plant.q == pytest.approx(held)
    assert bench.servo(held + 0.01) == 0


def test_an_emergency_stop_cannot_be_cleared_while_it_is_pressed_and_takes_the_power() -> None:
    bench = Bench(mode=1)
    bench.arm.safety.press(2)
    assert bench.ask(16)[0] & ERROR
    assert bench.ask(15)[1] == bytes([2, 0])
    bench.arm.safety.press(0)
    assert bench.ask(15)[1] == bytes([2, 0])
    assert bench.ask(16)[0] == NOT_READY
    bench.ask(12, 0)
    assert not bench.arm.safety.running
    bench.ask(11, 8, 1)
    bench.ask(12, 0)
    assert bench.arm.safety.running


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda b: b.servo(np.array([0, 2.5, -0.8, 0, 1.5, 0])), xarm_safety.JOINT_RANGE),
        (lambda b: b.servo(np.array([1.5, -0.7, -0.8, 0, 1.5, 0])), xarm_safety.LINEAR_SPEED),
        (lambda b: setattr(b.arm, "force", np.array([0, 0, 61.0])), xarm_safety.COLLISION),
        (
            lambda b: (b.ask(52, more=struct.pack("<6i", 250, -500, 500, -500, 900, 0)), b.ask(59, 1)),
            xarm_safety.BOUNDARY,
        ),
        (lambda b: b.servo(np.array([0, -0.5, 0.1, 0, 1.5, 0])), xarm_safety.SELF_COLLISION),
        (lambda b: b.ask(30, numbers=[2000, 0, 400, math.pi, 0, 0, 0, 0, 0]), xarm_safety.KINEMATIC),
    ],
)
def test_each_danger_has_its_error(prepare: Callable[[Bench], Any], code: int) -> None:
    bench = Bench(mode=1)
    bench.ask(232, more=b"\1" + floats([0.5 if code == xarm_safety.LINEAR_SPEED else 9.0]))
    prepare(bench)
    bench.tick(1.0)
    assert bench.arm.safety.error == code


@pytest.mark.parametrize("model", sorted(HOME))
def test_the_way_home_is_free_and_home_is_where_the_maker_says(model: str) -> None:
    bench = Bench(model, mode=0)
    assert bench.ask(25, numbers=[1.0, 10.0, 0.0])[0] == 0
    bench.tick(4.0)
    assert bench.arm.safety.error == 0
    where = {"xarm6": [207.0, 0, 112.0], "xarm7": [206.0, 0, 120.5]}[model]
    assert numbers_of(bench.arm.moves.motion.pose)[:3] == pytest.approx(where, abs=0.5)


def test_a_gripper_stops_at_what_is_between_its_fingers() -> None:
    gripper = Gripper(object=300.0)
    gripper.answer(bytes([9, 8, 0x10, 7, 0, 0, 2, 4]) + struct.pack(">i", 0))
    gripper.step(1.0)
    assert gripper.position == 850
    for address, value in ((0x100, 1), (0x303, 5000)):
        gripper.answer(struct.pack(">BBBHHBH", 9, 8, 0x10, address, 1, 2, value))
    gripper.answer(bytes([9, 8, 0x10, 7, 0, 0, 2, 4]) + struct.pack(">i", 0))
    for _ in range(500):
        gripper.step(PERIOD)
    assert gripper.answer(bytes([9, 8, 3, 7, 2, 0, 2])) == bytes([9, 8, 3, 4]) + struct.pack(">i", 300)
    assert gripper.answer(bytes([9, 8, 3, 0, 0, 0, 1]))[-1] == 2


def test_an_address_others_can_reach_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--host", "0.0.0.0"])
    assert "add --anywhere" in capsys.readouterr().err


def test_the_process_ends_with_its_parent_and_leaves_evenly_spaced_rows(xarm: Running) -> None:
    with socket.create_connection((xarm.ready["host"], PORT), timeout=5) as link:
        link.sendall(Request(1, 2, 13).packed() + Request(0, 1, 0, b"\0").packed() + Request(2, 2, 15).packed())
        answers = link.makefile("rb")
        assert answers.read(9) == bytes([0, 1, 0, 2, 0, 3, 13, NOT_READY, 4])
        assert answers.read(10) == bytes([0, 2, 0, 2, 0, 4, 15, NOT_READY, 0, 0])
    with pytest.raises(RuntimeError, match="no order 'wait'"):
        order(xarm.door, "wait")
    begun = time.monotonic()
    while order(xarm.door, "state")["t"] < begun + 0.4:
        pass
    assert xarm.process.stdin is not None
    xarm.process.stdin.close()
    assert xarm.process.wait(5) == 0
    seen = journal.read(xarm.folder)
    assert np.diff(seen.group("t")[:, 0]) == pytest.approx(PERIOD, abs=1e-6)
    assert [each["port"] for each in seen.of("connected")] == ["control"]
    assert seen.of("counts")[0]["functions"] == {"13": 1, "15": 1}


@pytest.mark.slow
@pytest.mark.parametrize("model", sorted(HOME))
def test_the_client_reads_the_arm_through_every_report(tmp_path: Path, model: str) -> None:
    with controller(tmp_path, "--model", model) as running:
        told = running.client("""
            import socket
            from xarm.x3.report import ReportDataStructure
            arm, took = timed(connect)
            start = begin(arm, 0)
            codes = arm.set_tcp_offset([0, 0, 50, 0, 0, 0]), arm.set_state(0), arm.set_collision_sensitivity(4)
            shots = {}
            for number in (30000, 30001, 30002, 30003):
                with socket.create_connection((host, number)) as link:
                    size = int.from_bytes(link.recv(4, socket.MSG_PEEK | socket.MSG_WAITALL), "big")
                    shot = ReportDataStructure.create(number)
                    shot.update(link.recv(size, socket.MSG_WAITALL))
                    where = [*shot.actual_tcp_pose, *shot.actual_joint_angle]
                    shots[number] = [size, len(shot), shot.state, shot.mode, *where]
                    if number == 30002:
                        rich = [shot.tcp_offset[2], shot.collision_sens, shot.joint_max_acc]
                        rich += [shot.robot_axis, shot.version]
            tell(took=took, start=start, codes=codes, axis=arm.axis, sn=arm.get_robot_sn()[0], shots=shots,
                 rich=rich, q=arm.get_servo_angle()[1], pose=arm.get_position()[1])
        """)
    axes = int(model[-1])
    assert told["took"] < 2.0
    assert told["start"] == told["codes"] == [0, 0, 0]
    assert told["axis"] == axes
    assert told["q"][:axes] == pytest.approx(HOME[model])
    assert told["rich"] == [50.0, 4, 20.0, axes, "2.6.0"]
    for size, length, state, mode, *numbers in told["shots"].values():
        assert (size, state, mode) == (length, 2, 0)
        assert numbers == pytest.approx([*told["pose"], *told["q"]], abs=1e-3)


@pytest.mark.slow
def test_ten_seconds_of_servo_at_250_hz_arrive_and_are_followed(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect()
        begin(arm, 1)
        q, took, codes = arm.get_servo_angle()[1], [], set()
        begun = time.monotonic()
        for tick in range(2500):
            time.sleep(max(0.0, begun + tick / 250 - time.monotonic()))
            q[0] = 0.3 * math.sin(tick / 250)
            code, seconds = timed(lambda: arm.set_servo_angle_j(q))
            codes.add(code), took.append(seconds)
        took.sort()
        until(lambda: abs(order(door, "state")["q"][0] - q[0]) < 1e-4)
        tell(codes=list(codes), p50=took[1250], p99=took[2475], most=took[-1], all=time.monotonic() - begun, end=q[0])
    """)
    print(told)
    assert told["codes"] == [0]
    assert told["p50"] < 0.005
    seen = xarm.seen()
    assert seen.group("commands")[-1, 0] == 2500
    assert seen.group("q0")[-1, 0] == pytest.approx(told["end"], abs=1e-3)
    assert not seen.of("error")


@pytest.mark.slow
@pytest.mark.parametrize("mode", [1, 4])
def test_a_client_that_is_killed_leaves_a_servo_target_held_and_a_velocity_that_ends(xarm: Running, mode: int) -> None:
    command = xarm.command(f"""
        arm = connect()
        begin(arm, {mode})
        q = arm.get_servo_angle()[1]
        for tick in range(1000):
            q[0] += 0.001
            speeds = [0.25, 0, 0, 0, 0, 0, 0]
            code = arm.set_servo_angle_j(q) if {mode} == 1 else arm.vc_set_joint_velocity(speeds, duration=0.2)
            if tick == 50: tell(code=code)
            time.sleep(0.004)
    """)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as client:
        assert client.stdout is not None
        assert json.loads(client.stdout.readline()) == {"code": 0}
        client.send_signal(signal.SIGKILL)
    begun, state = time.monotonic(), order(xarm.door, "state")
    while time.monotonic() < begun + 1.0:
        state = order(xarm.door, "state")
    assert state["doing"] == xarm_safety.NAMES[mode]
    assert state["qd"] == pytest.approx([0.0] * 6, abs=1e-3)
    assert state["q"][0] == pytest.approx(state["target"][0], abs=1e-4)
    seen = xarm.seen()
    assert bool(seen.of("velocity over")) is (mode == 4)


@pytest.mark.slow
def test_error_31_stops_servoing_and_the_arm_resumes_only_after_cleaning(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect()
        begin(arm, 1)
        q = arm.get_servo_angle()[1]
        order(door, "force", newtons=80, seconds=0.5, hold=0.2)
        codes = []
        def push():
            codes.append(arm.set_servo_angle_j(q))
            return codes[-1]
        until(push)
        tripped = order(door, "state")
        noticed = until(lambda: arm.error_code == 31)
        refused = arm.set_state(0), arm.get_state(), arm.set_servo_angle_j(q), arm.get_c31_error_info()[0]
        until(lambda: order(door, "state")["force"] == 0)
        cleaned = arm.clean_error(), arm.get_state()
        again = begin(arm, 1)
        q[0] += 0.01
        resumed = arm.set_servo_angle_j(q)
        until(lambda: abs(order(door, "state")["q"][0] - q[0]) < 1e-4)
        tell(first=codes[0], last=codes[-1], tripped=tripped["force"], mode=tripped["mode"], noticed=noticed,
             refused=refused, cleaned=cleaned, again=again, resumed=resumed)
    """)
    print(told)
    assert (told["first"], told["last"], told["mode"]) == (0, 1, 0)
    assert told["tripped"] > 60
    assert told["noticed"] < 0.5
    assert told["refused"] == [0, [0, 4], 1, 0]  # the client's set_state hides that it had no effect
    assert told["cleaned"] == [0, [0, 4]]
    assert told["again"] == [0, 0, 0]
    assert told["resumed"] == 0


@pytest.mark.slow
def test_a_lost_reply_blocks_the_client_for_two_seconds_and_the_target_is_driven_all_the_same(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect()
        begin(arm, 1)
        q = arm.get_servo_angle()[1]
        q[0] += 0.05
        order(door, "lose", replies=1)
        lost = timed(lambda: arm.set_servo_angle_j(q))
        after = order(door, "state")["q"][0]
        tell(lost=lost, after=after, next=arm.set_servo_angle_j(q))
    """)
    print(told)
    assert told["lost"][0] == 3
    assert told["lost"][1] == pytest.approx(2.0, abs=0.3)
    assert told["after"] == pytest.approx(0.05, abs=1e-3)
    assert told["next"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_broken_link_is_noticed_and_new_ones_can_be_refused(xarm: Running, how: str) -> None:
    told = xarm.client(f"""
        arm = connect()
        begin(arm, 1)
        q = arm.get_servo_angle()[1]
        order(door, "refuse", seconds=30)
        closed = order(door, "{how}")["closed"]
        codes = []
        def fails():
            codes.append(timed(lambda: arm.set_servo_angle_j(q)))
            return not arm.connected
        noticed = until(fails, 8.0)
        try:
            connect()
            back = True
        except Exception:
            back = False
        tell(noticed=noticed, first=codes[0], last=arm.set_servo_angle_j(q), closed=closed, back=back)
    """)
    print(told)
    assert told["closed"] == 2
    assert told["noticed"] < 3.0
    assert told["first"][0] != 0
    assert told["last"] == -1
    assert told["back"] is False


@pytest.mark.slow
def test_an_idle_client_notices_a_closed_link_within_a_second_and_a_muted_report_within_five(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect()
        begin(arm, 1)
        links = {"reported": True}
        arm.register_connect_changed_callback(links.update)
        order(door, "mute", seconds=30)
        time.sleep(0.3)
        q = arm.get_servo_angle()[1]
        q[0] += 0.1
        arm.set_servo_angle_j(q)
        until(lambda: abs(order(door, "state")["q"][0] - 0.1) < 1e-3)
        frozen, called, still = arm.angles[0], arm.get_servo_angle()[1][0], arm.connected and links["reported"]
        muted = until(lambda: not links["reported"], 8.0)
        order(door, "close")
        closed = until(lambda: not arm.connected)
        tell(frozen=frozen, called=called, still=still, muted=muted, closed=closed)
    """)
    print(told)
    assert told["frozen"] == pytest.approx(0.0, abs=1e-6)
    assert told["called"] == pytest.approx(0.1, abs=1e-3)
    assert told["still"] is True
    assert told["muted"] < 5.0
    assert told["closed"] < 1.5


@pytest.mark.slow
def test_a_half_open_link_looks_connected_and_every_call_takes_two_seconds(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect()
        begin(arm, 1)
        order(door, "half_open")
        tell(call=timed(lambda: arm.set_servo_angle_j(arm.angles)), connected=arm.connected)
    """)
    assert told["call"][0] == 3
    assert told["call"][1] == pytest.approx(2.0, abs=0.3)
    assert told["connected"] is True


@pytest.mark.slow
def test_late_and_doubled_frames_are_survived_and_a_deaf_controller_obeys_afterwards(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect()
        begin(arm, 1)
        q = arm.get_servo_angle()[1]
        found = {}
        for name, fields in dict(delay={"by": 0.05}, jitter={"by": 0.05}, duplicate={}, deaf={}).items():
            order(door, name, seconds=0.4, **fields)
            q[5] += 0.02
            found[name] = timed(lambda: arm.set_servo_angle_j(q))
            found[name + " state"] = arm.get_state()
            time.sleep(0.5)
        until(lambda: abs(order(door, "state")["q"][5] - q[5]) < 1e-4)
        tell(**found)
    """)
    assert [told[name][0] for name in ("delay", "jitter", "duplicate", "deaf")] == [0] * 4
    assert all(told[f"{name} state"][0] == 0 for name in ("delay", "jitter", "duplicate", "deaf"))
    assert 0.05 <= told["delay"][1] < 0.3
    assert 0.3 < told["deaf"][1] < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("version", ["2.6.0", "1.10.0"])
def test_the_client_waits_for_planned_motion_with_old_and_new_firmware(tmp_path: Path, version: str) -> None:
    with controller(tmp_path, "--version", version) as running:
        told = running.client("""
            arm = connect()
            begin(arm, 0)
            joint = timed(lambda: arm.set_servo_angle(angle=[0.3, -0.7, -0.8, 0, 1.5, 0], speed=0.5, wait=True))
            at = arm.get_servo_angle()[1]
            first = arm.get_position()[1]
            line = timed(lambda: arm.set_position(z=-50, relative=True, speed=100, wait=True))
            moved = [b - a for a, b in zip(first, arm.get_position()[1])]
            good, bad = arm.get_inverse_kinematics(first), arm.get_inverse_kinematics([3000, 0, 0, 0, 0, 0])
            tell(joint=joint, at=at, line=line, moved=moved, good=good, bad=bad, fk=arm.get_forward_kinematics(at))
        """)
    assert told["joint"][0] == told["line"][0] == 0
    assert told["joint"][1] > 0.6
    assert told["at"] == pytest.approx([0.3, -0.7, -0.8, 0, 1.5, 0, 0], abs=3e-3)
    assert told["moved"] == pytest.approx([0, 0, -50, 0, 0, 0], abs=0.5)
    assert told["good"][1] == pytest.approx(told["at"], abs=3e-3)
    assert told["bad"] == [10, []]
    assert told["fk"][0] == 0


@pytest.mark.slow
def test_settings_are_read_back_by_the_client_and_some_of_them_reset_the_mode(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect()
        begin(arm, 1)
        codes = [arm.set_reduced_max_tcp_speed(200), arm.set_reduced_max_joint_speed(1.0),
                 arm.set_reduced_tcp_boundary([500, -500, 400, -400, 900, 0]), arm.set_reduced_mode(True),
                 arm.set_fence_mode(True)[0], arm.set_self_collision_detection(False), arm.set_joint_maxacc(9.0),
                 arm.set_tcp_maxacc(3000), arm.set_tcp_jerk(2000), arm.set_joint_jerk(30)]
        reduced = arm.get_reduced_states()
        kept = arm.get_state(), arm.mode
        codes.append(arm.set_tcp_load(0.8, [0, 0, 30]))
        reset = arm.get_state()
        arm.set_state(0)
        until(lambda: arm.mode == 0 and arm.tcp_load[0] == 0.8 and arm.joint_jerk == 30)
        tell(codes=codes, reduced=reduced, kept=kept, reset=reset, fence=arm.is_fence_mode,
             bounds=arm.reduced_tcp_boundary, check=arm.self_collision_params[0], acc=arm.joint_acc_limit[1],
             tool=[arm.tcp_acc_limit[1], arm.tcp_jerk])
    """)
    assert told["codes"] == [0] * 11
    assert told["reduced"][1][:4] == [1, [500, -500, 400, -400, 900, 0], 200.0, 1.0]
    assert told["kept"] == [[0, 2], 1]
    assert told["reset"] == [0, 5]
    assert (told["fence"], told["bounds"], told["check"]) == (True, [500, -500, 400, -400, 900, 0], 0)
    assert (told["acc"], told["tool"]) == (9.0, [3000.0, 2000.0])


@pytest.mark.slow
def test_the_gripper_holds_an_object_and_an_emergency_stop_outlives_the_client_s_cleaning(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect()
        begin(arm, 0)
        codes = arm.set_gripper_enable(True), arm.set_gripper_mode(0), arm.set_gripper_speed(5000)
        free = arm.set_gripper_position(600, wait=True), arm.get_gripper_position()
        order(door, "object", pulses=250)
        held = arm.set_gripper_position(0, wait=True), arm.get_gripper_position(), arm.get_gripper_status()
        begin(arm, 4)
        arm.vc_set_joint_velocity([0.5, 0, 0, 0, 0, 0, 0])
        until(lambda: order(door, "state")["qd"][0] > 0.4)
        soft = timed(arm.emergency_stop)[1], arm.get_state()
        until(lambda: abs(order(door, "state")["qd"][0]) < 1e-3)
        order(door, "estop", pressed=True, code=1)
        pressed = arm.clean_error(), arm.get_err_warn_code(), arm.motion_enable(True)
        order(door, "estop", pressed=False)
        released = arm.clean_error(), arm.get_err_warn_code(), begin(arm, 0)
        tell(codes=codes, free=free, held=held, soft=soft, pressed=pressed, released=released)
    """)
    assert told["codes"] == [0, 0, 0]
    assert told["free"] == [0, [0, 600]]
    assert told["held"] == [0, [0, 250], [0, 2]]
    assert told["soft"][1] == [0, 4]
    assert told["soft"][0] < 0.5
    assert told["pressed"][:2] == [1, [0, [1, 0]]]
    assert told["released"] == [0, [0, [0, 0]], [0, 0, 0]]


@pytest.mark.slow
def test_the_real_report_never_shows_an_error(xarm: Running) -> None:
    told = xarm.client("""
        arm = connect(report_type="real")
        begin(arm, 1)
        order(door, "error", code=22)
        stopped = until(lambda: arm.state == 4)
        time.sleep(0.2)
        tell(stopped=stopped, shown=arm.error_code, asked=arm.get_err_warn_code()[1][0])
    """)
    assert told["stopped"] < 0.3
    assert (told["shown"], told["asked"]) == (0, 22)
