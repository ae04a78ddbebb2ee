"""The simulated Universal Robots controller: what it claims of itself, without a client."""

from collections.abc import Iterable

import numpy as np
import pytest

from real_robot.controllers.ur_arm import HOME, six
from real_robot.controllers.ur_controller import Controller
from real_robot.controllers.ur_dashboard import TOO_SOON, Dashboard

PROGRAM = "def rtde_control():\n  read_input_integer_reg(0)\n  reg_offset_int = # int\n0\nend\n"


class Bench:
    """A controller that plays the control program, and a clock of its own."""

    def __init__(self, model: str = "ur5e", **options: object) -> None:
        self.controller = Controller(model, **options)  # type: ignore[arg-type]
        self.now = 0.0
        self.upload()

    def upload(self) -> None:
        self.write(0)
        self.controller.upload(PROGRAM)
        self.run(0.1)

    def write(self, command: int, doubles: Iterable[float] = (), ints: Iterable[int] = ()) -> None:
        values = {f"input_double_register_{i}": float(v) for i, v in enumerate(doubles)}
        values |= {f"input_int_register_{i + 1}": v for i, v in enumerate(ints)}
        self.controller.write({"input_int_register_0": command, **values}, self.now)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * self.controller.rate)):
            self.now += self.controller.dt
            self.controller.tick(self.now)

    def call(self, command: int, doubles: Iterable[float] = (), ints: Iterable[int] = (0,)) -> None:
        """A blocking command, to its end."""
        self.write(command, doubles, ints)
        for _ in range(10 * self.controller.rate):
            self.run(self.controller.dt)
            if self.controller.outputs.ints[0] == 2 or self.mode != "playing":
                break
        else:
            raise AssertionError(f"command {command} has no end")
        self.write(0)
        self.run(self.controller.dt)

    def servo(self, q: Iterable[float], seconds: float = 0.002, lookahead: float = 0.1) -> None:
        self.write(11, [*q, 0.0, 0.0, seconds, lookahead, 300.0])

    @property
    def mode(self) -> str:
        return self.controller.safety.mode

    @property
    def q(self) -> np.ndarray:
        return self.controller.arm.plant.q

    @property
    def qd(self) -> np.ndarray:
        return self.controller.arm.plant.qd

    def said(self, event: str) -> list[dict]:
        return [each for each in self.controller.events if each["event"] == event]

    def dashboard(self) -> Dashboard:
        c = self.controller
        return Dashboard(c.safety, c.model, c.version, lambda: c.clock, stop=c.stop, resume=c.resume)


def near(dx: float = 0.2, joint: int = 0) -> np.ndarray:
    q = np.array(HOME)
    q[joint] += dx
    return q


# the program ---------------------------------------------------------------------------------------------------


def test_a_servo_target_that_is_not_renewed_is_held_for_ever_without_a_watchdog() -> None:
    bench = Bench()
    bench.servo(near(0.2))
    bench.run(5.0)
    assert bench.mode == "playing"
    np.testing.assert_allclose(bench.q, near(0.2), atol=1e-6)


def test_a_servo_target_that_is_not_renewed_is_held_until_the_watchdog_stops_it() -> None:
    bench = Bench()
    bench.call(35, [10.0])
    bench.servo(near(0.2))
    bench.run(0.098)
    assert bench.mode == "playing"
    bench.run(0.006)
    assert bench.mode == "stopped"
    [trip] = bench.said("watchdog")
    assert 0.1 <= trip["waited"] < 0.104
    bench.run(0.3)
    assert bench.controller.arm.plant.still


def test_a_speed_that_is_not_renewed_goes_on_for_ever() -> None:
    bench = Bench()
    bench.write(9, [0.5, 0, 0, 0, 0, 0, 1.0, 0.1])
    bench.run(4.0)
    assert bench.qd[0] == pytest.approx(0.5)
    assert bench.q[0] > 1.7


def test_a_new_speed_is_not_looked_at_before_the_last_call_has_had_its_time() -> None:
    bench = Bench()
    bench.write(9, [0.3, 0, 0, 0, 0, 0, 5.0, 0.5])
    bench.run(0.2)
    bench.write(9, [0.0, 0, 0, 0, 0, 0, 5.0, 0.5])
    bench.run(0.28)
    assert bench.qd[0] == pytest.approx(0.3)
    bench.run(0.2)
    assert bench.qd[0] == pytest.approx(0.0)


@pytest.mark.parametrize(("start", "stop"), [(9, 15), (11, 16)])
def test_the_stop_of_a_thread_brakes_and_leaves_the_program_playing(start: int, stop: int) -> None:
    bench = Bench()
    numbers = [0.5, 0, 0, 0, 0, 0, 1.0, 0.002] if start == 9 else [*near(0.3), 0, 0, 0.002, 0.2, 300]
    bench.write(start, numbers)
    bench.run(0.3)
    assert bench.qd[0] > 0.2
    bench.call(stop, [10.0])
    assert bench.controller.arm.plant.still
    assert bench.mode == "playing"


def test_movej_arrives_with_every_joint_at_the_same_time_and_within_its_speed() -> None:
    bench = Bench()
    goal = np.array(HOME) + np.array([0.5, 0.2, -0.3, 0.1, 0.0, 1.0])
    bench.write(1, [*goal, 0.8, 2.0], [0])
    fastest, shares = 0.0, []
    while bench.controller.outputs.ints[0] != 2:
        bench.run(0.002)
        fastest = max(fastest, float(np.abs(bench.qd).max()))
        shares.append((bench.q - HOME)[[0, 1, 2, 3, 5]] / (goal - HOME)[[0, 1, 2, 3, 5]])
    np.testing.assert_allclose(bench.q, goal, atol=2e-4)
    assert fastest < 0.8 * 1.02
    assert np.ptp(np.array(shares), axis=1).max() < 1e-6


def test_movel_keeps_the_tool_on_its_line_and_its_rotation() -> None:
    bench = Bench()
    arm = bench.controller.arm
    start = arm.pose().copy()
    goal = start.copy()
    goal[:3, 3] += [0.05, 0.1, -0.1]
    bench.write(3, [*six(goal), 0.2, 0.5], [0])
    line = goal[:3, 3] - start[:3, 3]
    while bench.controller.outputs.ints[0] != 2:
        bench.run(0.002)
        off = np.cross(arm.pose()[:3, 3] - start[:3, 3], line / np.linalg.norm(line))
        assert np.linalg.norm(off) < 1e-3
        np.testing.assert_allclose(arm.pose()[:3, :3], start[:3, :3], atol=2e-3)
    np.testing.assert_allclose(arm.pose(), goal, atol=1e-3)


def test_an_asynchronous_move_says_it_runs_and_then_that_it_does_not() -> None:
    bench = Bench()
    bench.call(1, [*near(0.3), 1.0, 2.0], [1])
    running = bench.controller.outputs.ints[2]
    assert running & 1 << 15
    assert running >> 24 == 1
    bench.run(2.0)
    assert not bench.controller.outputs.ints[2] & 1 << 15
    np.testing.assert_allclose(bench.q, near(0.3), atol=2e-4)


def test_a_move_while_the_servo_thread_runs_ends_the_program() -> None:
    bench = Bench()
    bench.servo(near(0.1))
    bench.run(0.1)
    bench.write(1, [*near(0.3), 1.0, 2.0], [0])
    bench.run(0.1)
    assert bench.mode == "stopped"
    assert "another thread" in bench.said("refused command")[0]["why"]


@pytest.mark.parametrize("command", [38, 51, 6, 254])
def test_a_command_that_is_not_simulated_ends_the_program_and_says_so(command: int) -> None:
    bench = Bench()
    bench.write(command)
    bench.run(0.01)
    assert bench.mode == "stopped"
    assert f"no command {command}" in bench.said("refused command")[0]["why"]


@pytest.mark.parametrize("command", [1, 3, 9, 10, 11, 24])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_none_never_reaches_a_joint(command: int, bad: float) -> None:
    bench = Bench()
    bench.write(command, [bad, *HOME[1:], 0.5, 0.5, 0.002, 0.1, 300], [0])
    bench.run(0.1)
    assert bench.mode == "stopped"
    np.testing.assert_array_equal(bench.q, HOME)


def test_a_command_that_still_stands_in_the_register_moves_the_arm_of_a_new_program() -> None:
    bench = Bench()
    bench.servo(near(0.2))
    bench.controller.stop("the test")
    bench.controller.upload(PROGRAM)
    bench.run(2.0)
    np.testing.assert_allclose(bench.q, near(0.2), atol=1e-6)


def test_kinematics_are_answered_in_the_registers() -> None:
    bench = Bench()
    pose = six(bench.controller.arm.pose())
    bench.call(43)
    np.testing.assert_allclose(bench.controller.outputs.doubles[:6], pose)
    bench.call(30, [*pose, *near(0.1), 1e-4, 1e-4])
    np.testing.assert_allclose(bench.controller.outputs.doubles[:6], HOME, atol=1e-5)
    bench.call(37, near(7.0))
    assert bench.controller.outputs.ints[1] == 0
    bench.call(36, pose)
    assert bench.controller.outputs.ints[1] == 1


def test_forward_kinematics_without_a_tool_use_the_numbers_of_the_command_before() -> None:
    """Vendor source: getForwardKinematics(q) sends six numbers to a command that reads twelve."""
    bench = Bench()
    bench.call(44, [*HOME, 0, 0, 0.1, 0, 0, 0])
    longer = bench.controller.outputs.doubles[:3]
    bench.call(44, HOME)
    assert bench.controller.outputs.doubles[:3] == longer
    assert np.linalg.norm(bench.controller.arm.forward(np.array(HOME))[:3, 3] - longer) == pytest.approx(0.1)


def test_the_speed_slider_slows_a_move_down() -> None:
    took = []
    for fraction in (1.0, 0.5):
        bench = Bench()
        bench.controller.write({"speed_slider_mask": 1, "speed_slider_fraction": fraction}, 0.0)
        before = bench.controller.clock
        bench.call(1, [*near(1.0), 1.0, 10.0])
        took.append(bench.controller.clock - before)
    assert took[1] == pytest.approx(2 * took[0], rel=0.1)


# safety --------------------------------------------------------------------------------------------------------


def test_a_protective_stop_pauses_and_is_not_unlocked_before_five_seconds() -> None:
    bench = Bench()
    bench.servo(near(0.3))
    bench.run(0.05)
    bench.call(31)
    dashboard = bench.dashboard()
    assert (bench.mode, bench.controller.safety.safety_bits) == ("protective stop", 1 << 2 | 1 << 10)
    bench.run(4.9)
    assert bench.controller.arm.plant.still
    assert dashboard.answer("unlock protective stop") == TOO_SOON
    bench.run(0.2)
    assert dashboard.answer("unlock protective stop") == "Protective stop releasing"
    assert bench.mode == "paused"


def test_playing_on_after_an_unlock_finishes_the_old_motion() -> None:
    bench = Bench()
    bench.write(1, [*near(0.5), 0.5, 1.0], [0])
    bench.run(0.4)
    bench.controller.safety.protective_stop("C0A0", "the test", bench.controller.clock)
    bench.run(5.1)
    short = bench.q[0]
    assert short < 0.3
    dashboard = bench.dashboard()
    dashboard.answer("unlock protective stop")
    bench.run(0.5)
    assert bench.q[0] == pytest.approx(short)
    assert dashboard.answer("play") == "Starting program"
    bench.run(2.0)
    np.testing.assert_allclose(bench.q, near(0.5), atol=2e-4)


def test_a_new_program_after_an_unlock_forgets_the_old_motion() -> None:
    bench = Bench()
    bench.write(1, [*near(0.5), 0.5, 1.0], [0])
    bench.run(0.4)
    bench.controller.safety.protective_stop("C0A0", "the test", bench.controller.clock)
    bench.run(5.1)
    bench.controller.safety.unlock(bench.controller.clock)
    bench.upload()
    short = bench.q.copy()
    bench.run(1.0)
    assert bench.mode == "playing"
    np.testing.assert_array_equal(bench.q, short)


def test_a_target_that_asks_a_joint_for_too_much_speed_is_a_protective_stop() -> None:
    bench = Bench()
    bench.servo(near(0.5), lookahead=0.1)
    bench.run(0.1)
    assert bench.mode == "protective stop"
    assert "5.00 rad/s; it has 3.14" in bench.said("protective stop")[0]["why"]
    assert np.abs(bench.q - HOME).max() < 1e-6


def test_what_a_ur5e_may_do_a_ur10e_may_not() -> None:
    for model, mode in (("ur5e", "playing"), ("ur10e", "protective stop")):
        bench = Bench(model)
        bench.write(9, [2.5, 0, 0, 0, 0, 0, 5.0, 0.1])
        bench.run(0.2)
        assert bench.mode == mode


def test_a_speed_out_of_a_joints_range_ends_in_a_protective_stop() -> None:
    bench = Bench(start=(0.0, -1.5, 3.0, 0.0, 0.0, 0.0))
    bench.write(9, [0, 0, 0.3, 0, 0, 0, 1.0, 0.1])
    bench.run(2.0)
    assert bench.mode == "protective stop"
    assert bench.q[2] < np.pi + 0.01


def test_a_push_on_the_tool_is_felt_zeroed_and_at_its_limit_a_protective_stop() -> None:
    bench = Bench(force_limit=100.0)
    bench.controller.push(60.0, 0.5, (1.0, 0.0, 0.0))
    bench.run(0.25)
    assert bench.controller.arm.force[0] == pytest.approx(30.0, abs=0.5)
    bench.run(0.5)
    bench.call(8)
    assert bench.controller.arm.force[0] == 0.0
    bench.controller.push(101.0, 0.1, (1.0, 0.0, 0.0))
    bench.run(0.2)
    assert bench.mode == "protective stop"


def test_an_emergency_stop_ends_the_program_and_no_line_of_text_undoes_it() -> None:
    bench = Bench()
    safety, dashboard = bench.controller.safety, bench.dashboard()
    bench.controller.stop("button")
    safety.emergency_stop()
    for line in ("unlock protective stop", "restart safety", "close safety popup", "power on", "brake release", "play"):
        dashboard.answer(line)
        bench.run(0.5)
        assert bench.mode == "emergency stop"
    safety.release()
    assert bench.mode == "off"
    assert dashboard.answer("brake release") == "Brake releasing"
    bench.run(0.5)
    assert bench.mode == "stopped"


def test_a_violation_is_left_by_restarting_the_safety_alone() -> None:
    bench = Bench()
    dashboard = bench.dashboard()
    bench.controller.safety.fail(type(bench.controller.safety.safety).VIOLATION, "the test")
    assert dashboard.answer("power on") == "Failed to execute: power on"
    dashboard.answer("restart safety")
    dashboard.answer("power on")
    bench.run(0.3)
    assert bench.mode == "idle"


def test_a_closed_guard_lets_the_old_motion_go_on_by_itself() -> None:
    bench = Bench()
    bench.write(9, [0.3, 0, 0, 0, 0, 0, 2.0, 0.1])
    bench.run(0.5)
    bench.controller.safety.safeguard(bench.controller.clock + 0.5)
    bench.run(0.4)
    assert (bench.mode, bench.controller.arm.plant.still) == ("safeguard stop", True)
    bench.run(1.0)
    assert bench.qd[0] == pytest.approx(0.3)


def test_no_program_starts_while_the_robot_is_not_ready() -> None:
    controller = Controller(off=True)
    controller.upload(PROGRAM)
    controller.tick(0.0)
    assert controller.program is None
    assert [e["event"] for e in controller.events] == ["refused program"]


def test_the_dashboard_says_what_it_does_not_understand() -> None:
    dashboard = Bench().dashboard()
    assert dashboard.answer("dance") == "could not understand: 'dance'"
    assert dashboard.answer("PolyscopeVersion").startswith("URSoftware 5.12.0.")
    assert dashboard.answer("robotmode") == "Robotmode: RUNNING"
    assert dashboard.answer("safetystatus") == "Safetystatus: NORMAL"
    assert dashboard.answer("get serial number").isdigit()
