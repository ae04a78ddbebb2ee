"""The simulated FR3: its rules alone, and (slow, with franky and franky-sim) what the real client makes of it."""

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

from real_robot.controllers import franka, franka_limits
from real_robot.controllers.faults import order
from real_robot.controllers.franka_limits import FLAGS, HIGH, LOW, Thresholds, Trace, speed_range, touched
from real_robot.controllers.franka_link import Link
from real_robot.controllers.franka_motion import Mode, Mover, Order
from real_robot.controllers.franka_state import FIELDS, SIZE, State
from real_robot.controllers.journal import Seen, read
from real_robot.kinematics import chain

HOME = np.array([0.0, 0.0, 0.0, -1.57, 0.0, 1.57, 0.785])


def mover(q: np.ndarray = HOME) -> Mover:
    """A reference over the project's own kinematics."""
    arm = chain("fr3")
    return Mover(arm.pose, arm.jacobian, q)


def commanded(at: int, still: Mover, **changed: Any) -> Order:
    """A command that leaves everything as it is, but for what is changed."""
    same = {"q": still.q, "qd": np.zeros(7), "pose": still.pose, "twist": np.zeros(6), "torque": np.zeros(7)}
    return Order(at, **{**same, **changed})


def moved(mode: Mode, steps: Callable[[int], dict[str, Any]], n: int, *, lost: frozenset[int] = frozenset()) -> Any:
    """Play commands into a reference: it, and the first flag."""
    ours = mover()
    ours.begin(mode, 0)
    for k in range(1, n):
        if k in lost:
            ours.bridge()
            continue
        flag = ours.obey(commanded(k, ours, **steps(k)), rest=ours.q)
        if flag is not None:
            return ours, flag
    return ours, None


def ramp(acceleration: float, *, jerk_ticks: int = 20) -> Callable[[int], dict[str, Any]]:
    """Joint 1 under an acceleration that rises within so many milliseconds and stays."""
    rate = np.minimum(np.arange(1, 2000) / jerk_ticks, 1.0) * acceleration
    q = np.cumsum(np.cumsum(rate)) * 1e-6
    return lambda k: {"q": HOME + np.eye(7)[0] * q[k - 1]}


def test_the_speed_that_is_allowed_falls_to_zero_at_both_ends_of_a_joint() -> None:
    low, high = speed_range(HIGH)
    assert (high <= 0.05).all()
    assert (low < -1.0).all()
    low, high = speed_range(LOW)
    assert (low >= -0.05).all()
    assert (high > 1.0).all()


def test_there_are_41_flags_and_none_twice() -> None:
    assert len(set(FLAGS)) == len(FLAGS) == 41


def test_a_joint_command_within_the_limits_is_followed_and_one_beyond_names_the_limit() -> None:
    ours, flag = moved(Mode.JOINT_POSITION, ramp(9.9), 200)
    assert flag is None
    np.testing.assert_allclose(ours.q, ramp(9.9)(199)["q"])
    assert moved(Mode.JOINT_POSITION, ramp(12.0), 200)[1] == "joint_motion_generator_velocity_discontinuity"
    assert moved(Mode.JOINT_POSITION, ramp(9.9, jerk_ticks=1), 200)[1] == (
        "joint_motion_generator_acceleration_discontinuity"
    )
    assert moved(Mode.JOINT_POSITION, ramp(9.9), 400)[1] == "joint_motion_generator_velocity_limits_violation"


def test_a_joint_command_outside_the_range_or_far_from_the_arm_is_never_followed() -> None:
    far, flag = moved(Mode.JOINT_POSITION, lambda _: {"q": HOME + 0.1}, 3)
    assert flag == "joint_position_motion_generator_start_pose_invalid"
    np.testing.assert_array_equal(far.q, HOME)
    ours = mover(np.where(np.arange(7) == 0, HIGH[0] - 1e-4, HOME))
    ours.begin(Mode.JOINT_POSITION, 0)
    before = ours.q.copy()
    flag = ours.obey(commanded(1, ours, q=ours.q + 2e-4 * np.eye(7)[0]), rest=ours.q)
    assert flag == "joint_motion_generator_position_limits_violation"
    np.testing.assert_array_equal(ours.q, before)


def test_lost_commands_are_bridged_by_the_last_acceleration() -> None:
    whole, _ = moved(Mode.JOINT_POSITION, ramp(5.0), 150)
    gap, flag = moved(Mode.JOINT_POSITION, ramp(5.0), 151, lost=frozenset(range(100, 110)))
    assert flag is None
    np.testing.assert_allclose(gap.q, ramp(5.0)(150)["q"])
    late, _ = moved(Mode.JOINT_POSITION, ramp(5.0), 110, lost=frozenset(range(100, 110)))
    np.testing.assert_allclose(late.q, ramp(5.0)(109)["q"], atol=1e-4)
    assert whole.q[0] > late.q[0]


def test_joint_speeds_are_judged_too() -> None:
    rising = lambda rate: lambda k: {"qd": np.eye(7)[0] * min(k / 20, 1.0) * rate * k * 1e-3}  # noqa: E731
    assert moved(Mode.JOINT_VELOCITY, rising(4.0), 300)[1] is None
    assert moved(Mode.JOINT_VELOCITY, rising(15.0), 300)[1] == "joint_motion_generator_velocity_discontinuity"


def test_a_stop_brakes_at_ten_radians_per_second_squared_and_then_holds() -> None:
    ours, _ = moved(Mode.JOINT_POSITION, ramp(5.0), 200)
    speed = ours.qd[0]
    ours.end(ours.q, ours.qd)
    ticks = 0
    while ours.qd.any():
        ours.brake()
        ticks += 1
    assert ticks == pytest.approx(speed / 10.0 * 1000, abs=2)
    held = ours.q.copy()
    ours.brake()
    np.testing.assert_array_equal(ours.q, held)


def test_a_commanded_pose_is_reached_by_the_joints() -> None:
    start = mover().pose
    path = lambda k: {"pose": lifted(start, 0.02 * (1 - np.cos(np.pi * min(k, 500) / 500)))}  # noqa: E731
    ours, flag = moved(Mode.CARTESIAN_POSITION, path, 520)
    assert flag is None
    np.testing.assert_allclose(chain("fr3").pose(ours.q), lifted(start, 0.04), atol=1e-6)


def test_a_frame_that_is_none_is_named() -> None:
    bent = mover().pose
    bent[:3, 0] *= 1.1
    flag = moved(Mode.CARTESIAN_POSITION, lambda _: {"pose": bent}, 3)[1]
    assert flag == "cartesian_position_motion_generator_invalid_frame"


def test_a_tool_that_is_too_fast_too_sudden_or_too_jerky_is_named() -> None:
    kinds = ("velocity_limits_violation", "velocity_discontinuity", "acceleration_discontinuity")
    for speeds, kind in (((3.2,), kinds[0]), ((0.0, 0.0095), kinds[1]), ((0.0, 0.007), kinds[2]), ((0.0, 0.003), None)):
        trace = Trace(0, np.zeros(6), np.zeros(6))
        for at, speed in enumerate(speeds, 1):
            trace.add(at, speed * np.eye(6)[0], np.zeros(6))
        flag = franka_limits.hand_flag(trace)
        assert flag == (kind and f"cartesian_motion_generator_{kind}")


def lifted(pose: np.ndarray, by: float) -> np.ndarray:
    """A pose that much higher."""
    found = pose.copy()
    found[2, 3] += by
    return found


def test_torques_may_change_by_one_newton_metre_in_a_millisecond() -> None:
    up = np.ones(7)
    assert franka_limits.torque_flag(up, np.zeros(7)) is None
    assert franka_limits.torque_flag(1.1 * up, np.zeros(7)) == "controller_torque_discontinuity"
    assert franka_limits.torque_flag(1.9 * up, np.zeros(7), gap=2) is None
    assert franka_limits.torque_flag(13.0 * up, 12.5 * up) == "tau_j_range_violation"


def test_after_a_lost_command_only_speed_and_range_are_judged_for_a_while() -> None:
    trace = Trace(0, np.zeros(1), np.zeros(1))
    trace.add(1, np.zeros(1), np.zeros(1))
    assert trace.sure
    trace.disturb()
    trace.add(2, np.zeros(1), np.zeros(1))
    assert not trace.sure


def test_contact_is_over_the_lower_and_collision_over_the_upper_threshold() -> None:
    limits = Thresholds(force_lower=(10.0,) * 6, force_upper=(20.0,) * 6)
    found = [touched(np.array([0, 0, f, 0, 0, 0.0]), np.zeros(7), limits) for f in (5.0, 15.0, -25.0)]
    assert [each.flag for each in found] == [None, None, "cartesian_reflex"]
    assert [each.cartesian_contact[2] for each in found] == [0.0, 1.0, 1.0]
    assert touched(np.zeros(6), np.full(7, 25.0), limits).flag == "joint_reflex"
    with pytest.raises(ValueError, match="torque_upper wants 7 numbers"):
        Thresholds(torque_upper=(1.0,))


def test_a_state_has_the_length_of_protocol_10_and_its_flags_where_they_are_read() -> None:
    state = State()
    state.put(q=np.arange(7.0))
    raw = state.pack(1, 2, 4, 0.5, [0], [40])
    assert len(raw) == SIZE == 1369
    at = 4 * sum(n for name, n in FIELDS[: [name for name, _ in FIELDS].index("q")])
    np.testing.assert_array_equal(np.frombuffer(raw[at : at + 28], np.float32), np.arange(7.0))
    assert list(raw[-89:-87]) == [1, 2]
    assert raw[-87] == raw[-6] == 1
    assert raw[-5] == 4


def test_a_link_mutes_delays_and_doubles_what_it_sends() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.settimeout(1.0)
        link = Link("127.0.0.1")
        link.connect(client.getsockname())
        link.mute, link.twice = 3, 5
        link.delayed, link.delay = 8, 2
        for link.now in range(1, 12):
            link.put(b"")
            if link.now == 4:
                link.delay = 0
        link.close()
        client.setblocking(False)
        got = []
        while True:
            try:
                got.append(int.from_bytes(client.recv(64), "little"))
            except BlockingIOError:
                break
    assert got[:5] == [3, 3, 4, 4, 5]
    assert got[-1] == 11


def test_an_address_that_others_reach_is_refused_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        franka.options(["--host", "192.0.2.1"])
    assert "no loopback address" in capsys.readouterr().err
    assert franka.options(["--host", "192.0.2.1", "--anywhere"]).host == "192.0.2.1"


# with franky-sim alone


def test_the_state_and_the_kinematics_are_those_of_franky_sim() -> None:
    theirs = pytest.importorskip("franky_sim.franka_robot_state")
    rng = np.random.default_rng(0)
    state, fields = State(), {}
    for name, n in FIELDS:
        fields[name] = values = rng.normal(size=n).astype(np.float32)
        state.put(**{name: values})
    scalars = {name: float(fields[name][0]) for name in ("m_ee", "m_load")}
    errors, reasons = [i in (3, 9) for i in range(41)], [i == 40 for i in range(41)]
    known = {name: tuple(v.tolist()) for name, v in fields.items()} | scalars
    said = theirs.FrankaRobotState(
        **known, errors=tuple(errors), reflex_reason=tuple(reasons), robot_mode=theirs.RobotMode.kReflex,
        control_command_success_rate=0.5, motion_generator_mode=theirs.StateMotionGeneratorMode.kJointVelocity,
        controller_mode=theirs.StateControllerMode.kOther,
    )  # fmt: skip
    assert said.pack_state() == state.pack(2, 3, 4, 0.5, [3, 9], [40])
    from real_robot.controllers.franka_arm import Arm

    arm, q = Arm(), np.array([0.3, -0.2, 0.4, -1.8, 0.5, 1.9, -0.6])
    tool = np.linalg.inv(chain("fr3").pose(HOME)) @ arm.forward(HOME)
    np.testing.assert_allclose(arm.forward(q), chain("fr3").pose(q, tool), atol=1e-6)
    np.testing.assert_allclose(arm.jacobian(q), chain("fr3").jacobian(q, tool), atol=1e-6)
    arm.close()


# with the real client

PRELUDE = """
import json, sys, time
import numpy as np
from franky import *
from real_robot.controllers.faults import order
host, door = sys.argv[1], (sys.argv[1], int(sys.argv[2]))
def said(*facts): print(json.dumps(facts), flush=True)
def failed(act):
    try:
        act()
    except BaseException as error:
        return [type(error).__name__, str(error)]
    return None
def connected():
    robot = Robot(host, realtime_config=RealtimeConfig.Ignore)
    robot.joint_acceleration_limit.set(np.minimum(robot.joint_acceleration_limit.max, 10.0))
    robot.joint_jerk_limit.set(np.minimum(robot.joint_jerk_limit.max, 5000.0))
    robot.relative_dynamics_factor = RelativeDynamicsFactor(0.3, 0.3, 0.3)
    return robot
def to(angle): return JointMotion(JointState([angle, 0.0, 0.0, -1.57, 0.0, 1.57, 0.785]))
def away():
    robot.move(to(1.0), asynchronous=True)
    while abs(robot.current_joint_velocities[0]) < 0.3: time.sleep(0.002)
def ended():
    since = time.monotonic()
    why = failed(robot.join_motion)
    return [*(why or [None, None]), time.monotonic() - since]
robot = connected()
"""


class Rehearsal:
    """A controller, and client scripts against it."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "real_robot.controllers.franka", "--host", "any", "--with-parent"]
        command += ["--journal", str(folder), "--wait", "0.5"]
        self.folder = folder
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        ready = json.loads(self.process.stdout.readline())
        self.door: tuple[str, int] = (ready["host"], ready["door"])

    def client(self, script: str) -> "subprocess.Popen[str]":
        """Start a script after the prelude."""
        command = [sys.executable, "-c", PRELUDE + script, self.door[0], str(self.door[1])]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def said(self, script: str) -> list[list[Any]]:
        """What a script said."""
        process = self.client(script)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        return [json.loads(line) for line in out.splitlines() if line.startswith("[")]

    def journal(self) -> Seen:
        """End the controller and read its journal."""
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
    found.process.kill()
    with found.process:
        pass


slow = pytest.mark.slow


@slow
def test_the_client_names_every_flag_as_the_controller_does(rehearsal: Rehearsal) -> None:
    script = """
from real_robot.controllers.franka_limits import FLAGS
for flag in FLAGS:
    order(door, "reflex", flag=flag)
    for _ in range(100):
        errors = robot.state.current_errors
        if getattr(errors, flag): break
    said(flag, sorted(n for n in dir(errors) if getattr(errors, n) is True))
"""
    seen = rehearsal.said(script)
    assert [flags for _, flags in seen] == [sorted(FLAGS[: i + 1]) for i in range(41)]


@slow
def test_joint_and_cartesian_motions_arrive_and_the_journal_has_every_millisecond(rehearsal: Rehearsal) -> None:
    script = """
robot.move(to(0.3))
said("joints", *robot.current_joint_positions)
before = robot.current_pose.end_effector_pose.translation
robot.relative_dynamics_factor = 0.04
robot.move(CartesianMotion(Affine([0.03, 0.0, -0.02]), ReferenceType.Relative))
time.sleep(0.2)
after = robot.current_pose.end_effector_pose.translation
said("moved", float(np.linalg.norm(after - before)))
robot.move(CartesianVelocityMotion(Twist([0.03, 0.0, 0.0]), Duration(300)))
said("drove", float(np.linalg.norm(robot.current_pose.end_effector_pose.translation - after)))
"""
    joints, moved_by, drove = rehearsal.said(script)
    np.testing.assert_allclose(joints[1:], [0.3, *HOME[1:]], atol=2e-3)
    assert moved_by[1] == pytest.approx(np.hypot(0.03, 0.02), abs=1e-3)
    assert 0.005 < drove[1] < 0.03
    seen = rehearsal.journal()
    steps = np.diff(seen.group("t")[:, 0])
    assert np.median(steps) == pytest.approx(1e-3)
    assert not seen.of("reflex")
    assert {each["kind"] for each in seen.of("command")} >= {"JOINT_POSITION", "CARTESIAN_POSITION"}


@slow
def test_the_client_s_own_limits_are_too_much_for_an_fr3(rehearsal: Rehearsal) -> None:
    script = """
robot = None
robot = Robot(host, realtime_config=RealtimeConfig.Ignore)
said(*robot.joint_acceleration_limit.max)
said(failed(lambda: robot.move(to(1.0))))
"""
    limits, (why,) = rehearsal.said(script)
    assert max(limits) > 10.0
    assert why[0] == "ControlException"
    assert "joint_motion_generator_velocity_discontinuity" in why[1]


@slow
def test_a_reflex_stops_the_arm_is_named_and_holds_until_it_is_recovered(rehearsal: Rehearsal) -> None:
    script = """
away()
order(door, "reflex", flag="self_collision_avoidance_violation")
said(*ended())
said(robot.has_errors, str(robot.state.robot_mode), failed(lambda: robot.move(to(0.0))))
order(door, "sticky")
said(failed(robot.recover_from_errors))
order(door, "sticky", on=False)
said(robot.recover_from_errors(), robot.has_errors)
robot.move(to(0.0))
said(*robot.current_joint_positions)
"""
    aborted, refused, sticky, recovered, home = rehearsal.said(script)
    assert aborted[0] == "ControlException"
    assert "self_collision_avoidance_violation" in aborted[1]
    assert refused[:2] == [True, "RobotMode.Reflex"]
    assert "not possible in the current mode" in refused[2][1]
    assert "manual error recovery required" in sticky[0][1]
    assert recovered == [True, False]
    np.testing.assert_allclose(home, HOME, atol=2e-3)
    assert halted(rehearsal.journal(), "reflex") < 0.25


def halted(seen: Seen, event: str) -> float:
    """Seconds of the controller's clock from the last such event until the arm stands."""
    at, rows = seen.of(event)[-1]["t"], seen.rows
    after = rows[rows[:, 0] >= at]
    still = np.abs(after[:, 10:17]).max(axis=1) < 0.01
    assert still.any()
    return float(after[int(np.argmax(still)), 0] - at)


@slow
def test_a_user_stop_aborts_refuses_everything_and_is_released_at_the_arm(rehearsal: Rehearsal) -> None:
    script = """
away()
order(door, "estop")
said(*ended())
said(str(robot.state.robot_mode), failed(lambda: robot.move(to(0.0))), failed(robot.recover_from_errors))
order(door, "estop", on=False)
time.sleep(0.3)
said(failed(lambda: robot.move(to(0.0))))
"""
    aborted, during, after = rehearsal.said(script)
    assert "User Stop pressed" in aborted[1]
    assert during[0] == "RobotMode.UserStopped"
    assert all("User stopped" in each[1] for each in during[1:])
    assert after == [None]


@slow
def test_a_force_is_felt_and_one_over_the_client_s_threshold_is_a_reflex(rehearsal: Rehearsal) -> None:
    script = """
def pushed(newtons):
    order(door, "force", newtons=newtons, seconds=0.1)
    time.sleep(0.3)
    felt, mode = robot.state.O_F_ext_hat_K[2], str(robot.state.robot_mode)
    order(door, "force", newtons=0.0)
    time.sleep(0.1)
    robot.recover_from_errors()
    return float(felt), mode
said(*pushed(25.0)); said(*pushed(50.0))
robot.set_collision_behavior(100.0, 100.0)
said(*pushed(50.0))
robot.set_collision_behavior(10.0, 100.0)
said(*pushed(50.0))
"""
    under, over, allowed, joint = rehearsal.said(script)
    assert under == [pytest.approx(-25.0), "RobotMode.Idle"], "what the robot does to the world"
    assert over[1] == "RobotMode.Reflex"
    assert allowed == [pytest.approx(-50.0), "RobotMode.Idle"]
    assert joint[1] == "RobotMode.Reflex"
    flags = [each["flag"] for each in rehearsal.journal().of("reflex")]
    assert flags == ["cartesian_reflex", "joint_reflex"]


@slow
def test_twenty_missed_commands_in_a_row_are_a_reflex_and_ten_are_bridged(rehearsal: Rehearsal) -> None:
    script = """
for name in ("mute", "deaf"):
    away()
    order(door, name, seconds=0.01)
    said(*ended())
    robot.move(to(0.0))
    away()
    order(door, name, seconds=0.04)
    said(*ended())
    robot.recover_from_errors()
    robot.move(to(0.0))
"""
    for bridged, violated in zip(*[iter(rehearsal.said(script))] * 2, strict=True):
        assert bridged[:2] == [None, None]
        assert "communication_constraints_violation" in violated[1]
    assert [each["missed"] for each in rehearsal.journal().of("reflex")] == [20, 20]


@slow
def test_a_stream_that_stops_is_noticed_after_a_second_by_a_client_that_must_then_be_made_anew(
    rehearsal: Rehearsal,
) -> None:
    script = """
away()
order(door, "mute", seconds=1.5)
said(*ended())
said(failed(robot.recover_from_errors))
time.sleep(1.0)
said(failed(robot.recover_from_errors))
robot = None
robot = connected()
said(robot.recover_from_errors(), failed(lambda: robot.move(to(0.0))))
"""
    noticed, during, later, anew = rehearsal.said(script)
    assert noticed[0] == "NetworkException"
    assert 0.8 < noticed[2] < 2.0
    assert during[0][0] == later[0][0] == "NetworkException"
    assert anew == [True, None]
    assert halted(rehearsal.journal(), "reflex") < 0.25


@slow
@pytest.mark.parametrize("fault", ["close", "reset", "half_open"])
def test_a_link_that_goes_stops_the_arm(rehearsal: Rehearsal, fault: str) -> None:
    script = f"""
away()
order(door, "{fault}")
said(*ended())
"""
    ((kind, _, seconds),) = rehearsal.said(script)
    assert kind in ("NetworkException", "RuntimeError")
    assert seconds < 3.0
    assert halted(rehearsal.journal(), "motion ended") < 0.25


@slow
def test_a_killed_client_stops_the_arm(rehearsal: Rehearsal) -> None:
    client = rehearsal.client("away(); said(True); time.sleep(60)")
    assert client.stdout is not None
    client.stdout.readline()
    os.kill(client.pid, signal.SIGKILL)
    with client:
        pass
    deadline = time.monotonic() + 5
    while order(rehearsal.door, "state")["connected"] and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    assert order(rehearsal.door, "state")["mode"] in ("IDLE", "REFLEX")
    seen = rehearsal.journal()
    assert halted(seen, "motion ended") < 0.25


@slow
def test_a_second_client_and_one_in_a_refusing_time_are_refused(rehearsal: Rehearsal) -> None:
    script = """
said(failed(connected))
time.sleep(0.1)
robot = None
robot = connected()
order(door, "refuse", seconds=0.5)
robot.move(to(0.1))
robot = None
said(failed(connected))
time.sleep(0.6)
said(failed(connected))
"""
    second, refused, again = rehearsal.said(script)
    assert second[0][0] == refused[0][0] == "NetworkException"
    assert again == [None]


@slow
def test_speeds_streamed_at_100_hz_and_a_tracker_of_torques_run_without_a_reflex(rehearsal: Rehearsal) -> None:
    script = """
since = time.monotonic()
for n in range(200):
    speed = 0.2 * np.sin(4.0 * (time.monotonic() - since))
    robot.move(JointVelocityMotion([speed, 0, 0, 0, 0, 0, speed], Duration(100)), asynchronous=True)
    time.sleep(max(0.0, since + (n + 1) * 0.01 - time.monotonic()))
robot.move(JointVelocityStopMotion())
start, ticks, since = robot.current_joint_positions, 0, time.monotonic()
with JointImpedanceTracker(robot, stiffness=np.full(7, 100.0), period=0.01) as tracker:
    while tracker.tick() and ticks < 200:
        tracker.set_target(start + 0.1 * np.sin(4.0 * (time.monotonic() - since)) * np.eye(7)[0])
        ticks += 1
said(ticks, robot.has_errors)
"""
    assert rehearsal.said(script) == [[200, False]]
    seen = rehearsal.journal()
    assert not seen.of("reflex")
    assert np.ptp(seen.group("q0")) > 0.1


@slow
def test_doubled_states_do_no_harm(rehearsal: Rehearsal) -> None:
    script = """
order(door, "duplicate", seconds=1.0)
robot.move(to(0.2))
said(*robot.current_joint_positions)
"""
    ((first, *_),) = rehearsal.said(script)
    assert first == pytest.approx(0.2, abs=2e-3)
