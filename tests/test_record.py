"""Demonstrations: what is recorded while a person moves an arm, by hand or by keys, and that nothing is left free."""

import importlib.util
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from embodied.dataset import load_dataset
from real_robot import deploy_records
from real_robot.actions import Actions, Grip
from real_robot.deploy_arm import ArmRobot
from real_robot.deploy_exit import Exit
from real_robot.description import describe
from real_robot.record import RecordConfig, opened, record
from real_robot.record_hand import ByHand
from real_robot.record_person import Teacher
from real_robot.robot import ArmState, Fault, Mode, Reading, Reason, RobotFault, Sent, Stop

ROOT = Path(__file__).parents[1]
ENV = "envs:embodied/PutBlockInBowl-v0"
SIM = f"""
id = "table"
kind = "sim"
[world]
env = "{ENV}"
options = {{ cameras = ["front"], size = 32, horizon = 30 }}
"""
UR = """
id = "ur5e-left"
kind = "ur"
model = "ur5e"
host = "127.36.0.1"
tool = { xyz = [0.0, 0.0, 0.16] }
workspace = { low = [-0.75, -0.45, 0.02], high = [-0.25, 0.35, 0.60] }
"""
CAMERA = """
[[cameras]]
name = "front"
width = 8
height = 6
"""


class Led:
    """An arm that a hand leads along `path` [rad over s] while it is free, and that goes where it is sent at once.

    `cues` are things done at the n-th reading since it was let go, and every reading after the last order is fresh.
    """

    def __init__(self, robot, *, path=None, cues=None, width=0.08):
        self.robot, self.cues = robot, dict(cues or {})
        self.path = path or (lambda t: robot.home_q + 0.05 * np.sin(2 * t) * np.arange(1, len(robot.home_q) + 1) / 6)
        self.mode, self.fault = Mode.DISCONNECTED, None
        self.q, self.free_since, self.reads, self.number = robot.home_q.copy(), None, 0, 0
        self.width, self.ill = width, None
        self.calls: list[str] = []
        self.seen: list[np.ndarray] = []
        self.goals: list[np.ndarray] = []
        self.closed_free = None

    @property
    def status(self):
        return {"q": self.q.tolist()}

    def open(self):
        self.calls.append("open")

    def connect(self):
        self.mode = Mode.CONNECTED
        return ()

    def start(self, seed=None):
        self._raise()
        self.mode = Mode.ARMED
        return self.read()

    def freedrive(self, on):
        if self.mode is not Mode.CONNECTED:
            raise ValueError(f"freedrive begins when connected; it is {self.mode}")
        self.calls.append(f"freedrive {'on' if on else 'off'}")
        self.free_since, self.reads = (time.monotonic() if on else None), 0

    def _raise(self):
        if self.mode in (Mode.STOPPED, Mode.FAULT):
            raise RobotFault(self.fault)

    def read(self):
        if (since := self.free_since) is not None:
            self.reads += 1
            if cue := self.cues.pop(self.reads, None):
                cue()
            self.q = self.path(time.monotonic() - since)
        if self.mode is Mode.FAULT:
            raise RobotFault(self.fault)
        self.seen.append(self.q)
        state = ArmState(
            time.monotonic_ns(), np.nan, self.q, 0 * self.q, np.arange(6.0), self.width, True, self.ill, "said"
        )
        return Reading({"joints": self.q}, state.stamp, self.mode, state)

    def fail(self, fault=None):
        self.mode, self.fault = Mode.FAULT, fault or Fault("protective stop", "a joint met something", "C153")

    def send_joints(self, q, opening, seconds):
        self._raise()
        self.q, self.mode, self.width = np.array(q), Mode.RUNNING, opening
        self.goals.append(self.q)
        self.number += 1
        return Sent(self.number, self.q, opening, (), time.monotonic_ns())

    def move_joints(self, q, opening):
        return self.send_joints(q, opening, 1.0)

    def order(self, do, **fields):
        self.calls.append(do)
        if do == "grip":
            raise ValueError("grip: no order 'grip'; there are freedrive")
        self.mode = Mode.CONNECTED
        return {}

    def resume(self): ...

    def wait_still(self): ...

    def stop(self, kind=Stop.STOP, why=""):
        self.calls.append(str(kind))
        if kind is Stop.ABORT:
            self.free_since = None
        if self.mode in (Mode.ARMED, Mode.RUNNING):
            self.mode, self.fault = Mode.STOPPED, Fault("stop", why)

    def acknowledge(self): ...

    def close(self):
        if self.closed_free is None:
            self.closed_free = self.free_since is not None
        self.mode = Mode.DISCONNECTED


class Gripping(Led):
    """With a gripper that moves in freedrive too."""

    def order(self, do, **fields):
        if do != "grip":
            return super().order(do, **fields)
        self.width = fields["opening"] + 0.03 * (fields["opening"] < 0.01)  # it closes on an object
        return {}


@pytest.fixture
def ur(monkeypatch, tmp_path):
    """A robot file of a UR5e, and its description."""
    monkeypatch.setattr("real_robot.record_hand.DOWN", 0.01)
    (tmp_path / "ur.toml").write_text(UR)
    return tmp_path / "ur.toml", describe(tomllib.loads(UR))


@pytest.fixture
def lines(monkeypatch):
    """A pipe for standard input: call it with what is typed; None ends it."""
    ear, mouth = os.pipe()
    source = os.fdopen(ear)
    monkeypatch.setattr("sys.stdin", source)
    open_ = [True]

    def typed(text):
        if text is None:
            open_[0] = False
            os.close(mouth)
        else:
            os.write(mouth, (text + "\n").encode())

    yield typed
    if open_[0]:
        os.close(mouth)
    source.close()


def run(file, out, arm=None, **options):
    said = []
    answer = options.pop("answer", lambda: pytest.fail("nobody is to be asked"))
    config = RecordConfig(**{"robot": file, "out": out, "task": "follow me", "hz": 50.0, "episodes": 1} | options)
    found = record(config, arm=arm, tell=said.append, answer=answer)
    return found | {"said": said}


def noted(path):
    return [json.loads(line) for line in (path / "deployments.jsonl").read_text().splitlines()]


# -- by hand --------------------------------------------------------------------------------------------------------


def test_frames_hold_where_the_hand_led_the_arm_and_the_actions_lead_it_there_again(ur, lines, tmp_path):
    file, robot = ur
    arm = Led(robot, cues={30: lambda: lines("end")})
    lines("start")
    found = run(file, tmp_path / "data", arm)
    (episode,) = load_dataset(tmp_path / "data")
    assert (found["exit"], found["recorded"], found["ended"], found["changed by limits"]) == (0, 1, ["terminated"], {})
    assert len(episode) >= 25
    assert (episode.terminated, episode.task, bool(episode.human.all())) == (True, "follow me", True)
    assert episode.extra["q"].dtype == np.float64
    seen = {q.tobytes() for q in arm.seen}
    assert all(q.tobytes() in seen for q in episode.extra["q"])
    assert np.ptp(episode.extra["q"], axis=0).max() > 0.02
    assert episode.obs["joints"] == pytest.approx(episode.extra["q"], abs=1e-6)
    assert (episode.extra["mode"] == deploy_records.MODES.index(Mode.CONNECTED)).all()
    assert (episode.extra["wrench"] == np.arange(6)).all()
    steer = opened(RecordConfig(file, "", "x"), robot, arm).steering
    target = steer.at(episode.extra["q"][0], 0.08)
    for action, q in zip(episode.action, episode.extra["q"][1:], strict=True):
        target, reasons = steer.forward(target, action.astype(np.float64))
        assert reasons == ()
        assert target.pose[:3, 3] == pytest.approx(steer.chain.pose(q, steer.tool)[:3, 3], abs=1e-5)
    assert arm.calls == ["open", "freedrive on", "freedrive off"]
    assert arm.closed_free is False
    assert arm.goals == []


@pytest.mark.slow  # it is timed by the wall's clock
def test_frames_come_at_the_rate_that_was_asked_for(ur, lines, tmp_path):
    file, robot = ur
    lines("start")
    run(file, tmp_path / "data", Led(robot), seconds=0.6)
    data = load_dataset(tmp_path / "data")
    assert (data.spec.hz, len(data[0]), data[0].truncated) == (50.0, 30, True)
    times = data[0].extra["observed_ns"] / 1e9
    assert times[-1] - times[0] == pytest.approx(0.6, abs=0.05)  # deadlines do not add up
    assert np.median(np.diff(times)) == pytest.approx(0.02, abs=0.004)


def test_joint_actions_are_the_next_joints(ur, lines, tmp_path, monkeypatch):
    file, robot = ur
    monkeypatch.setattr("real_robot.record.Actions", lambda: Actions(kind="joints", grip=None))
    lines("start")
    run(file, tmp_path / "data", Led(robot), seconds=0.3)
    episode = load_dataset(tmp_path / "data")[0]
    assert np.array_equal(episode.action, episode.extra["q"][1:].astype(np.float32))


ANGLES = st.lists(st.floats(-0.02, 0.02), min_size=6, max_size=6).map(np.array)


@pytest.mark.parametrize("kind", ["joints", "joint deltas", "tool deltas", "tool pose"])
@given(ANGLES, ANGLES, st.sampled_from([0.0, 0.085]))
@settings(max_examples=25)
def test_the_action_between_two_poses_leads_from_one_to_the_other(kind, first, way, opening):
    robot = described()
    hand = ByHand(ArmRobot(robot, Led(robot), Actions(kind=kind, turns="tool" in kind, grip=Grip(open=0.085))))
    states = [Reading({}, 0, Mode.CONNECTED, state_at(robot.home_q + q, opening)) for q in (first, first + way)]
    a, b = (hand.at(reading.state) for reading in states)
    action, wanted, reasons = hand.between(a, b)
    assume(Reason.SINGULAR not in reasons)
    assert reasons == ()
    assert action == pytest.approx(wanted)
    led = hand.steering.forward(a, action)[0]
    assert led.pose == pytest.approx(b.pose, abs=1e-5)
    assert led.opening == b.opening == opening


def state_at(q, opening):
    return ArmState(1, np.nan, q, 0 * q, np.full(6, np.nan), opening, True)


def described(**changes):
    table = tomllib.loads(UR) | {"vendor": {}} | changes
    return describe(table)


def test_a_hand_that_is_faster_than_the_actions_is_cut_and_told_so(ur, lines, tmp_path):
    file, robot = ur
    fast = lambda t: robot.home_q + np.array([0.5 * np.sin(6 * t), 0, 0, 0, 0, 0])  # noqa: E731 # 1.5 m/s
    lines("start")
    found = run(file, tmp_path / "data", Led(robot, path=fast), hz=20.0, seconds=0.6)
    episode = load_dataset(tmp_path / "data")[0]
    bits = [deploy_records.unmasked(int(bits)) for bits in episode.extra["reasons"][:-1]]
    cut = np.array([Reason.SPEED in reasons for reasons in bits])
    assert cut.any()
    assert np.abs(episode.action[:, :3]).max() <= 1.0
    assert (np.abs(episode.extra["requested"][:-1][cut]).max(axis=1) > 1.0).all()
    tool = episode.obs["tool"][:, :3]
    world = np.linalg.inv(robot.mount.pose)[:3, :3]
    assert episode.extra["requested"][:-1, :3] * 0.03 == pytest.approx(np.diff(tool, axis=0) @ world, abs=1e-5)
    assert found["changed by limits"]["speed"] == cut.sum()
    assert found["farthest from the hand [mm]"] > 10
    assert any("say less than the hand did" in text for text in found["said"])


@pytest.mark.slow  # it is timed by the wall's clock
def test_a_turn_of_the_tool_that_the_actions_cannot_say_is_told(ur, lines, tmp_path):
    file, robot = ur
    turning = lambda t: robot.home_q + np.array([0, 0, 0, 0, 0, 1.5 * t])  # noqa: E731
    lines("start")
    found = run(file, tmp_path / "data", Led(robot, path=turning), seconds=0.5)
    assert noted(tmp_path / "data")[0]["turned"] == pytest.approx(0.75, abs=0.1)
    assert noted(tmp_path / "data")[0]["drift"] < 1e-3
    assert any("43 degrees" in text or "42 degrees" in text or "44 degrees" in text for text in found["said"])


def test_the_gripper_closes_for_a_key_where_it_can_and_an_object_between_its_fingers_stays_closed(ur, lines, tmp_path):
    file, robot = ur
    cues = {10: lambda: lines("c"), 20: lambda: lines("o"), 30: lambda: lines("end")}
    lines("start")
    run(file, tmp_path / "grips", Gripping(robot, cues=cues))
    episode = load_dataset(tmp_path / "grips")[0]
    grip, opening = episode.action[:, 3], episode.extra["opening"]
    changes = np.flatnonzero(np.diff(grip))
    assert (len(changes), grip[0], grip[changes[0] + 1], grip[-1]) == (2, -1, 1, -1)
    assert opening[changes[0] + 3] == pytest.approx(0.03)
    cues = {10: lambda: lines("c"), 20: lambda: lines("end")}
    lines("start")
    found = run(file, tmp_path / "stays", Led(robot, cues=cues))
    assert (load_dataset(tmp_path / "stays")[0].action[:, 3] == -1).all()
    assert any("stays as it is while the arm is moved by hand: grip: no order" in text for text in found["said"])


def test_discarded_episodes_are_not_recorded_and_do_not_count(ur, lines, tmp_path):
    file, robot = ur
    arm = Led(robot, cues={8: lambda: lines("discard\nstart"), 9: lambda: None})
    lines("start")
    again = iter([lambda: lines("discard\nstart"), lambda: lines("end\nquit")])
    arm.cues = {8: lambda: (next(again)(), arm.cues.update({8: next(again)}))}
    found = run(file, tmp_path / "data", arm, episodes=None)
    assert (found["recorded"], found["dropped"], found["ended"]) == (1, 1, ["discarded", "terminated"])
    assert len(load_dataset(tmp_path / "data")) == 1
    assert [line["episode"] for line in noted(tmp_path / "data")] == [None, 0]
    assert arm.calls.count("freedrive on") == arm.calls.count("freedrive off") == 2


# -- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "kept"), [(None, 1), ("discard", 0), ("keep", 1), ("", 1)])
def test_a_fault_ends_it_and_what_there_is_is_kept_unless_they_say_otherwise(ur, lines, tmp_path, said, kept):
    file, robot = ur
    arm = Led(robot)
    arm.cues = {10: lambda: (arm.fail(), lines(said))}
    lines("start")
    found = run(file, tmp_path / "data", arm, episodes=5)
    assert (found["exit"], found["ended"], found["recorded"]) == (1, ["fault"], kept)
    assert found["faults"] == ["protective stop: a joint met something [C153]"]
    (line,) = noted(tmp_path / "data")
    assert line["faults"][0]["code"] == "C153"
    if kept:
        episode = load_dataset(tmp_path / "data")[0]
        assert (episode.truncated, episode.extra["fault"].tolist()) == (True, [False] * len(episode) + [True])
    assert "abort" in arm.calls  # a latched arm takes no other order
    assert arm.closed_free is False


def test_a_reading_with_a_fault_of_the_controller_s_ends_it_too(ur, lines, tmp_path):
    file, robot = ur
    arm = Led(robot)
    arm.cues = {10: lambda: (setattr(arm, "ill", Fault("emergency stop", "pressed")), lines(None))}
    lines("start")
    found = run(file, tmp_path / "data", arm)
    assert (found["exit"], found["faults"], found["recorded"]) == (1, ["emergency stop: pressed"], 1)
    assert arm.calls[-1] == "freedrive off"


class Lens:
    """Cameras of which the newest frame is too old from the n-th reading on."""

    lasts = 10

    def __init__(self, descriptions):
        self.names, self.reads, self.running = [d.name for d in descriptions], 0, False

    def start(self):
        self.running = True

    def read(self):
        from real_robot.cameras import Frame
        from real_robot.robot import StaleObservation

        assert self.running
        self.reads += 1
        if self.reads > self.lasts:
            raise StaleObservation("camera 'front': its newest frame is 0.400 s old, the limit is 0.2 s")
        picture = np.full((6, 8, 3), self.reads, np.uint8)
        return {name: Frame(picture, time.monotonic_ns(), self.reads) for name in self.names}

    def close(self):
        self.running = False


def test_pictures_are_recorded_with_the_moment_and_a_camera_that_is_late_ends_it(ur, lines, tmp_path, monkeypatch):
    monkeypatch.setattr("real_robot.deploy_arm.Cameras", Lens)
    file, robot = ur
    file.write_text(UR + CAMERA)
    arm = Led(robot, cues={11: lambda: lines(None)})
    lines("start")
    found = run(file, tmp_path / "data", arm)
    assert (found["exit"], found["ended"]) == (1, ["fault"])
    assert found["faults"] == ["stale: camera 'front': its newest frame is 0.400 s old, the limit is 0.2 s"]
    episode = load_dataset(tmp_path / "data")[0]
    assert episode.obs["front"][:, 0, 0, 0].tolist() == list(range(1, 11))
    assert arm.calls[-1] == "freedrive off"


def test_an_arm_that_refuses_freedrive_ends_the_session_with_its_words(ur, lines, tmp_path):
    file, robot = ur

    class Stiff(Led):
        def freedrive(self, on):
            self.fail(Fault("not ready", "freedrive needs an arm that is ready"))

    arm = Stiff(robot)
    lines("start")
    with pytest.raises(RobotFault, match="freedrive needs an arm that is ready"):
        run(file, tmp_path / "data", arm)
    assert arm.calls[-1] == "abort"
    assert len(load_dataset(tmp_path / "data")) == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_takes_the_arm_out_of_freedrive_and_keeps_what_there_is(ur, lines, tmp_path, number, code):
    file, robot = ur
    arm = Led(robot, cues={10: lambda: os.kill(os.getpid(), number)})
    lines("start")
    found = run(file, tmp_path / "data", arm, episodes=3)
    assert (found["exit"], found["recorded"], found["ended"]) == (code, 1, [f"stopped ({number.name})"])
    assert load_dataset(tmp_path / "data")[0].truncated
    assert (arm.calls[-1], arm.closed_free) == ("freedrive off", False)


def test_a_signal_before_the_arm_is_free_never_lets_it_go(ur, lines, tmp_path):
    file, robot = ur
    arm = Led(robot)
    connect = arm.connect

    def connecting():
        os.kill(os.getpid(), signal.SIGTERM)
        return connect()

    arm.connect = connecting
    lines("start")
    found = run(file, tmp_path / "data", arm)
    assert (found["exit"], found["recorded"]) == (143, 0)
    assert "freedrive on" not in arm.calls


def test_the_end_of_the_input_lets_an_open_episode_come_to_its_limit_and_begins_no_other(ur, lines, tmp_path):
    file, robot = ur
    arm = Led(robot)
    lines("start")
    lines(None)
    found = run(file, tmp_path / "data", arm, episodes=4, seconds=0.2)
    assert (found["exit"], found["recorded"], found["steps"]) == (0, 1, 10)
    assert arm.calls[-1] == "freedrive off"


# -- before anything is free ----------------------------------------------------------------------------------------


def test_a_real_arm_needs_the_word_and_its_id(ur, tmp_path, lines):
    file, robot = ur
    file.write_text(UR.replace("127.36.0.1", "192.0.2.7"))
    arm = Led(robot)
    with pytest.raises(ValueError, match="repeat with --real"):
        run(file, tmp_path / "data", arm)
    with pytest.raises(ValueError, match="'y' is not 'ur5e-left'"):
        run(file, tmp_path / "data", arm, real=True, answer=lambda: "y")
    assert arm.calls == []
    assert not (tmp_path / "data").exists()
    lines("start")
    assert run(file, tmp_path / "data", arm, real=True, answer=lambda: "ur5e-left\n", seconds=0.1)["recorded"] == 1


def test_what_cannot_be_shown_is_refused_with_a_way_out(ur, tmp_path):
    file, robot = ur
    (tmp_path / "sim.toml").write_text(SIM)
    with pytest.raises(ValueError, match="is a simulation, which no hand can move; use --by keyboard"):
        run(tmp_path / "sim.toml", tmp_path / "data")
    with pytest.raises(ValueError, match="--task says in a sentence what is shown"):
        run(file, tmp_path / "data", Led(robot), task="")
    with pytest.raises(ValueError, match="runs at 10 Hz, not 50; leave hz out"):
        run(tmp_path / "sim.toml", tmp_path / "data", by="keyboard")
    with pytest.raises((ValueError, TypeError), match="'voice'"):
        RecordConfig(file, "data", by="voice")  # type: ignore[arg-type] # it is wrong
    for wrong in ({"episodes": 0}, {"seconds": 0.0}, {"seconds": float("inf")}, {"hz": 0.0}):
        with pytest.raises(ValueError, match=rf"^{next(iter(wrong))} is "):
            RecordConfig(file, "data", **wrong)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("buy milk")
    arm = Led(robot)
    with pytest.raises(ValueError, match="is no data set"):
        run(file, tmp_path / "notes", arm)
    assert arm.calls == []


def test_keys_are_refused_for_actions_that_they_cannot_say(ur, tmp_path, monkeypatch):
    file, robot = ur
    monkeypatch.setattr("real_robot.record.Actions", lambda: Actions(kind="joints"))
    with pytest.raises(ValueError, match=r"keys move a tool by .* this robot's actions have 7 numbers"):
        run(file, tmp_path / "data", Led(robot), by="keyboard", hz=None)


# -- by keys --------------------------------------------------------------------------------------------------------


def test_keys_move_the_tool_by_steps_that_are_recorded_as_a_person_s(ur, lines, tmp_path):
    file, robot = ur
    arm = Led(robot)
    for text in ("start", "w", "wa", "c", "r", "end", "quit"):
        lines(text)
    found = run(file, tmp_path / "data", arm, by="keyboard", episodes=None)
    assert (found["exit"], found["ended"], found["steps"]) == (0, ["terminated"], 4)
    episode = load_dataset(tmp_path / "data")[0]
    told = [[1, 0, 0, -1], [1, 1, 0, -1], [0, 0, 0, 1], [0, 0, 1, 1]]
    assert episode.action == pytest.approx(np.array(told), abs=1e-5)
    assert episode.extra["requested"][:-1].tolist() == told
    assert (bool(episode.human.all()), episode.task) == (True, "follow me")
    tool = episode.obs["tool"]
    assert (tool[-1] - tool[0])[:3] == pytest.approx([0.06, 0.03, 0.03], abs=1e-5)
    assert arm.calls[-1] == "disarm"
    assert noted(tmp_path / "data")[0]["by"] == "keyboard"


def test_a_stop_while_keys_move_the_arm_is_latched_and_what_there_is_kept(ur, lines, tmp_path):
    file, robot = ur
    arm = Led(robot)
    send = arm.send_joints

    def sending(q, opening, seconds):
        if len(arm.goals) == 4:
            lines("stop!")
        return send(q, opening, seconds)

    arm.send_joints = sending
    for text in ("start", *("w",) * 20):
        lines(text)
    found = run(file, tmp_path / "data", arm, by="keyboard", episodes=2, hz=10.0)
    assert (found["exit"], found["ended"]) == (130, ["stopped ('stop!' was said)"])
    assert arm.calls[-1] == "stop"
    assert 1 <= len(load_dataset(tmp_path / "data")[0]) <= 5


@pytest.fixture
def table(tmp_path):
    pytest.importorskip("pybullet")
    (tmp_path / "sim.toml").write_text(SIM)
    return tmp_path / "sim.toml"


def test_a_simulation_is_shown_something_by_keys_with_its_own_sentence_and_rewards(table, lines, tmp_path):
    for text in ("start", "w", "d", "f", "end", "start", "a", "quit"):
        lines(text)
    found = run(table, tmp_path / "data", by="keyboard", episodes=None, task="", hz=None)
    assert (found["exit"], found["recorded"], found["steps"]) == (0, 2, 4)
    data = load_dataset(tmp_path / "data")
    assert "bowl" in data[0].task
    assert [len(episode) for episode in data] == [3, 1]
    assert all(episode.truncated and episode.human.all() for episode in data)  # the world says what is done
    assert data[0].action.tolist() == [[1, 0, 0, -1], [0, -1, 0, -1], [0, 0, -1, -1]]
    assert data.columns == ("recorded",)


def test_a_recording_that_is_killed_loses_the_open_episode_alone(table, tmp_path):
    words = [sys.executable, "-m", "embodied.cli", "record", "--robot", str(table), "--out", str(tmp_path / "data"),
             "--by", "keyboard"]  # fmt: skip
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
    ) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.write("start\nw\nend\n" * 2 + "start\nw\nw\nw\n")
        for text in child.stderr:
            if text.startswith("2 episodes are recorded"):
                break
        time.sleep(0.3)
        child.kill()
        child.wait()
    data = load_dataset(tmp_path / "data")
    assert ([len(episode) for episode in data], list(data.problems)) == ([1, 1], [])
    said = "start\nw\nw\nend\nquit\n"
    again = subprocess.run(words, input=said, capture_output=True, text=True, cwd=ROOT, check=False)
    assert again.returncode == 0, again.stderr
    data = load_dataset(tmp_path / "data")
    assert [len(episode) for episode in data] == [1, 1, 2]
    assert [line["episode"] for line in noted(tmp_path / "data")] == [0, 1, 2]


# -- what it is for -------------------------------------------------------------------------------------------------


def test_what_was_shown_by_hand_is_cloned_and_drives_the_same_arm_and_one_data_set_holds_both(ur, lines, tmp_path):
    pytest.importorskip("torch")
    from embodied.cli import main
    from real_robot.deploy import DeployConfig, deploy

    file, robot = ur
    data, policy = tmp_path / "data", tmp_path / "policy"
    lines("start")
    run(file, data, Led(robot), seconds=2.0, hz=None)
    settings = ["--config", "obs", '["joints"]', "steps", "20", "hidden", "[8]"]
    words = ["train", "--dataset", str(data), "--out", str(policy), "--policy", "bc", *settings]
    assert main([*words, "--reward", "constant", "--device", "cpu", "--json"]) == 0
    arm = Led(robot)
    found = deploy(DeployConfig(file, policy, data, horizon=2, person=False), arm=arm, tell=lambda text: None)
    assert (found["exit"], found["steps"], found["recorded"]) == (0, 2, 1)
    both = load_dataset(data)
    assert [bool(episode.human.all()) for episode in both] == [True, False]
    assert [line["policy"] is None for line in noted(data)] == [True, False]


# -- the person -----------------------------------------------------------------------------------------------------


class Still:
    def __init__(self):
        self.mode, self.stops = Mode.RUNNING, []

    def stop(self, kind=Stop.STOP, why=""):
        self.stops.append(kind)


@pytest.fixture
def teacher(monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    robot, said = Still(), []
    with Exit(robot.stop) as ending:
        yield Teacher(robot, 4, ending, "keyboard", tell=said.append), robot, ending, said


def test_a_key_that_is_held_down_moves_no_farther_once_it_is_let_go(teacher):
    person, _, _, _ = teacher
    for key in ("enter", *["w"] * 30, "c", *["a"] * 30):
        person.heard(key)
    assert person.begins()
    assert person({}, {}).tolist() == [1, 0, 0, -1]
    assert person({}, {}).tolist() == [0, 0, 0, 1]
    assert person({}, {}).tolist() == [0, 1, 0, 1]
    person.heard("enter")
    assert person({}, {}) is None
    assert person.word == "end"


@pytest.mark.parametrize("key", ["q", "escape", "space", " "])
def test_a_key_that_leaves_ends_the_session_between_episodes_and_stops_the_robot_in_one(teacher, key):
    person, robot, ending, _ = teacher
    person.heard(key)
    assert not person.begins()
    assert (ending.code, robot.stops) == (0, [])
    person.open = True
    person.heard(key)
    while not robot.stops:
        time.sleep(0.001)
    assert ending.code == 130


def test_words_that_nobody_knows_and_keys_at_the_wrong_time_are_answered(teacher):
    person, _, _, said = teacher
    person.typed("gently please")
    assert "no word 'gently please'" in said[-1]
    person.heard("z")
    assert "no key 'z'" in said[-1]
    for word in ("w", "end", "start"):
        person.typed(word)
    assert person.begins()
    assert [text for text in said if "no episode is open" in text] == said[-2:]
    for word in ("start", "discard"):
        person.typed(word)
    assert person({}, {}) is None
    assert "an episode is open" in said[-1]
    assert person.word == "discard"


def test_single_keys_of_a_terminal_record_a_simulation(table, tmp_path):
    pytest.importorskip("prompt_toolkit")
    import pty

    words = [sys.executable, "-m", "embodied.cli", "record", "--robot", str(table), "--out", str(tmp_path / "data"),
             "--by", "keyboard"]  # fmt: skip
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, stdin=theirs, stderr=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stderr is not None
        for wanted, key in (("0 episodes", "\r"), ("", "w"), ("", "c"), ("", "\r"), ("1 episodes", "q")):
            while wanted and wanted not in child.stderr.readline():
                assert child.poll() is None
            time.sleep(0.4)  # at 10 Hz a key is one step
            os.write(ours, key.encode())
        assert child.wait(30) == 0
    os.close(ours)
    os.close(theirs)
    assert load_dataset(tmp_path / "data")[0].action.tolist() == [[1, 0, 0, -1], [0, 0, 0, 1]]


def test_silence_keeps_what_a_fault_left_over(teacher):
    person, _, _, _ = teacher
    assert person.keeps(3, seconds=0.05)
    person.typed("discard")
    assert not person.keeps(3)
    threading.Timer(0.05, person.typed, ["quit"]).start()
    assert person.keeps(3)
    assert not person.begins()


# -- with the makers' clients, against simulated controllers --------------------------------------------------------


ADDRESSES = (f"127.36.{1 + os.getpid() % 250}.{n}" for n in itertools.count(1))
FILES = {
    "xarm": """
model = "xarm6"
tool = { xyz = [0.0, 0.0, 0.172], mass = 0.82, centre = [0.0, 0.0, 0.048] }
workspace = { low = [0.15, -0.40, 0.02], high = [0.60, 0.40, 0.55] }
vendor = { port = 10502 }
""",
    "ur": """
model = "ur5e"
tool = { xyz = [0.0, 0.0, 0.16], mass = 0.95, centre = [0.0, 0.0, 0.06] }
workspace = { low = [-0.75, -0.45, 0.02], high = [-0.25, 0.35, 0.60] }
vendor = { gripper = "none" }
""",
}
CLIENTS = {"xarm": "xarm", "ur": "rtde_control"}


class Session:
    """A simulated controller, its door, and `embodied record` in a process of its own that is told lines."""

    def __init__(self, kind: str, folder: Path) -> None:
        host = next(ADDRESSES)
        port = ["--port", "10502"] if kind == "xarm" else []
        words = [sys.executable, "-m", f"real_robot.controllers.{kind}", "--host", host, *port, "--with-parent"]
        self.controller = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.controller.stdout is not None
        self.door = host, json.loads(self.controller.stdout.readline())["door"]
        file, self.data = folder / "robot.toml", folder / "data"
        file.write_text(f'id = "it"\nkind = "{kind}"\nhost = "{host}"\n' + FILES[kind])
        words = [sys.executable, "-m", "embodied.cli", "record", "--robot", str(file), "--out", str(self.data)]
        self.recorder = subprocess.Popen(
            [*words, "--task", "follow me", "--json"], cwd=ROOT, bufsize=1, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def say(self, text: str) -> None:
        assert self.recorder.stdin is not None
        self.recorder.stdin.write(text + "\n")

    def hear(self, text: str) -> None:
        assert self.recorder.stderr is not None
        heard = []
        for line in self.recorder.stderr:
            heard.append(line)
            if text in line:
                return
        pytest.fail(f"it never said {text!r} but {''.join(heard)!r}")

    def state(self) -> dict[str, Any]:
        from real_robot.controllers.faults import order

        return order(self.door, "state")

    def end(self) -> dict[str, Any]:
        out, _ = self.recorder.communicate(timeout=60)
        return json.loads(out)

    def until(self, holds: Any, seconds: float = 5.0) -> None:
        late = time.monotonic() + seconds
        while not holds(self.state()):
            assert time.monotonic() < late, self.state()
            time.sleep(0.01)


@contextmanager
def session(kind, folder):
    if importlib.util.find_spec(CLIENTS[kind]) is None:
        pytest.skip(f"{CLIENTS[kind]} is not installed")
    made = Session(kind, folder)
    try:
        yield made
    finally:
        for process in (made.recorder, made.controller):
            process.kill()
            process.communicate()


@pytest.mark.slow
def test_an_xarm_that_is_led_by_others_is_recorded_as_its_controller_moved_it(tmp_path):
    from real_robot import xarm_client

    with session("xarm", tmp_path) as it:
        it.say("start")
        it.hear("is free")
        assert it.state()["doing"] == "teach"
        other = xarm_client.opened(it.door[0], 10502, 1.0)  # no hand can move a simulated arm; another client can
        before = it.state()["q"]
        for call, wanted in ((other.set_mode, 0), (other.set_state, 0), (other.set_mode, 1), (other.set_state, 0)):
            assert call(wanted) == 0
        for angle in np.linspace(before[0], before[0] + 0.2, 50):
            assert other.set_servo_angle_j([angle, *before[1:6], 0.0], is_radian=True) == 0
            time.sleep(0.02)
        it.until(lambda state: abs(state["q"][0] - before[0] - 0.2) < 1e-3)
        xarm_client.closed(other)
        after = it.state()["q"]
        time.sleep(0.3)
        it.say("end")
        it.hear("kept")
        assert it.state()["doing"] == "stopped"
        it.say("quit")
        found = it.end()
    (episode,) = load_dataset(it.data)
    assert (found["exit"], found["late steps"], found["changed by limits"]) == (0, 0, {})
    assert episode.extra["q"][0] == pytest.approx(before[:6], abs=1e-3)
    assert episode.extra["q"][-1] == pytest.approx(after[:6], abs=1e-3)
    robot = describe(tomllib.loads((tmp_path / "robot.toml").read_text()))
    first, last = (robot.arm.chain.pose(np.array(q[:6]), robot.tool.pose)[:3, 3] for q in (before, after))
    assert 0.03 * episode.action[:, :3].sum(axis=0) == pytest.approx(last - first, abs=1e-3)
    assert np.diff(episode.extra["clock"]).min() > 0.05
    assert found["farthest from the hand [mm]"] < 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_however_a_recording_ends_no_xarm_is_left_free(tmp_path, number, code):
    with session("xarm", tmp_path) as it:
        it.say("start")
        it.hear("is free")
        time.sleep(0.5)
        it.recorder.send_signal(number)
        it.until(lambda state: state["doing"] == "stopped")
        assert it.recorder.wait(30) == code
    assert len(load_dataset(it.data)) == (0 if number is signal.SIGKILL else 1)


@pytest.mark.slow
def test_an_error_of_the_xarm_while_it_is_led_ends_the_episode_and_is_written_down(tmp_path):
    from real_robot.controllers.faults import order

    with session("xarm", tmp_path) as it:
        it.say("start")
        it.hear("is free")
        time.sleep(0.5)
        order(it.door, "error", code=31)
        it.hear("it ended with a fault")
        it.say("keep")
        found = it.end()
        assert it.state()["doing"] not in ("teach", "servo")
    assert (found["exit"], found["recorded"]) == (1, 1)
    assert noted(it.data)[0]["faults"][0]["name"] == "protective stop"
    assert load_dataset(it.data)[0].extra["fault"].tolist()[-1]


@pytest.mark.slow
def test_an_xarm_is_moved_by_keys_and_what_its_limits_left_of_them_is_recorded(tmp_path):
    with session("xarm", tmp_path) as it:
        it.recorder.kill()
        it.recorder.communicate()
        keys = [*("." * 12), *("w" * 5), *("a" * 5)]  # after arming it is slow for a second
        words = [*it.recorder.args, "--by", "keyboard"]
        said = "\n".join(["start", *keys, "end", "quit"]) + "\n"
        done = subprocess.run(words, input=said, capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert it.state()["doing"] == "stopped"
    (episode,) = load_dataset(it.data)
    assert (found["steps"], found["ended"], bool(episode.human.all())) == (22, ["terminated"], True)
    asked = [[0, 0, 0, -1]] * 12 + [[1, 0, 0, -1]] * 5 + [[0, 1, 0, -1]] * 5
    assert episode.extra["requested"][:-1].tolist() == asked
    tool = episode.obs["tool"][:, :3]
    assert np.abs(tool[12] - tool[0]).max() < 1e-3
    gone = 0.03 * episode.action[:, :3].sum(axis=0)
    assert np.abs(gone).max() > 0.01
    assert tool[-1] - tool[0] == pytest.approx(gone, abs=0.01)  # what was sent, not what was asked for


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, signal.SIGKILL])
def test_a_ur_is_free_while_it_is_recorded_and_held_afterwards(tmp_path, number):
    with session("ur", tmp_path) as it:
        it.say("start")
        it.hear("is free")
        assert it.state()["counts"]["freedriveMode"] == 1
        time.sleep(0.5)
        if number:
            it.recorder.send_signal(number)
            it.until(lambda state: state["mode"] == "stopped")
            return
        it.say("end")
        it.hear("kept")
        assert it.state()["counts"]["endFreedriveMode"] == 1
        it.say("start")
        it.hear("is free")
        it.say("end\nquit")
        found = it.end()
        assert it.state()["counts"]["freedriveMode"] == it.state()["counts"]["endFreedriveMode"] == 2
        assert it.state()["mode"] == "stopped"
    assert (found["exit"], found["recorded"], found["changed by limits"]) == (0, 2, {})
    assert np.ptp(load_dataset(it.data)[0].action[:, :3]) < 1e-3  # nobody moved it
