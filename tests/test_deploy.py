"""A policy on a robot: refused before anything moves, the same as in simulation, recorded whatever ends it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from embodied.dataset import load_dataset
from embodied.spec import ArraySpec, Spec
from real_robot import deploy_records
from real_robot.deploy import DeployConfig, confirm, deploy
from real_robot.deploy_exit import Exit
from real_robot.deploy_person import Hands
from real_robot.description import describe
from real_robot.robot import Mode, Reason, Stop

ENV = "envs:embodied/PutBlockInBowl-v0"
OPTIONS = {"cameras": ["front"], "size": 32, "horizon": 12}
SIM = f"""
id = "table"
kind = "sim"
[world]
env = "{ENV}"
options = {{ cameras = ["front"], size = 32, horizon = 12 }}
"""


@pytest.fixture(scope="module")
def cloned(tmp_path_factory):
    """A policy that was cloned quickly, and a robot file of the simulation that it was cloned in."""
    pytest.importorskip("pybullet")
    from embodied.collecting import CollectConfig, collect
    from policies.bc import BCConfig, fit

    folder = tmp_path_factory.mktemp("deploy")
    data = collect(CollectConfig(episodes=4, mix="random", env_options=OPTIONS), folder / "data", workers=1)
    fit(data, "constant", BCConfig(steps=20, hidden=(8,)), folder / "policy")
    (folder / "sim.toml").write_text(SIM)
    return folder


def run(cloned, **options):
    keywords = {name: options.pop(name) for name in ("policy", "person", "arm", "answer") if name in options}
    config = DeployConfig(**{"robot": cloned / "sim.toml", "policy": cloned / "policy", "person": False} | options)
    return deploy(config, tell=lambda text: None, **keywords)


def lines(path):
    return [json.loads(line) for line in (path / "deployments.jsonl").read_text().splitlines()]


def test_a_policy_in_simulation_is_the_same_to_the_bit_as_in_a_rollout_and_in_an_evaluation(cloned, tmp_path):
    from embodied.collecting import make, rollout
    from embodied.evaluation import evaluate
    from policies import load

    policy, env = load(cloned / "policy"), make(ENV, OPTIONS)

    def act(obs, info):
        if info["step"] == 0:
            policy.reset(info["task"])
        return policy.act({name: obs[name][None] for name in policy.spec.obs})[0, 0]

    plain = [rollout(env, act, seed) for seed in (5, 6)]
    env.close()
    for limits in (False, True):
        found = run(cloned, out=tmp_path / str(limits), start=5, episodes=2, limits=limits)
        data = load_dataset(tmp_path / str(limits))
        assert (found["episodes"], found["steps"], found["exit"], found["changed by limits"]) == (2, 24, 0, {})
        for ours, theirs in zip(data, plain, strict=True):
            assert ours.action.tobytes() == theirs.action.tobytes()
            assert ours.reward["recorded"].tobytes() == theirs.reward["recorded"].tobytes()
            for name in theirs.obs:
                assert ours.obs[name].tobytes() == theirs.obs[name].tobytes()
            for name in theirs.extra:
                assert ours.extra[name].tobytes() == theirs.extra[name].tobytes()
            assert (ours.task, ours.terminated, ours.truncated) == (theirs.task, theirs.terminated, theirs.truncated)
            assert ours.extra["requested"][:-1].tobytes() == theirs.action.tobytes()
            assert not ours.human.any()
    records = evaluate(policy, ENV, [5, 6], env_kwargs=OPTIONS, batch=1)
    assert [record.progress for record in records] == [float(e.extra["progress"][-1]) for e in data]


# -- an arm ---------------------------------------------------------------------------------------------------------


class Standing:
    """An arm in joint space that goes where it is sent at most at `speed` [rad/s], and can be told to fail."""

    def __init__(self, robot, *, speed=10.0, fail_at=None, limit=None):
        from real_robot.robot import ArmState

        self.robot, self.speed, self.fail_at, self.limit = robot, speed, fail_at, limit
        self.state, self.mode, self.fault = ArmState, Mode.DISCONNECTED, None
        self.q = robot.home_q + 0.1
        self.goal, self.began, self.seconds, self.opening = self.q, time.monotonic(), 0.1, 0.0
        self.calls, self.way, self.goals, self.stops, self.number, self.closed = [], [], [], [], 0, 0

    @property
    def now(self):
        share = min(1.0, (time.monotonic() - self.began) / max(self.seconds, 1e-9))
        return self.q + share * (self.goal - self.q)

    @property
    def status(self):
        return {"q": self.now.tolist()}

    def open(self):
        self.calls.append("open")

    def connect(self):
        self.mode = Mode.CONNECTED
        return ({"name": "payload", "level": "ok", "text": "as in the file"},)

    def start(self, seed=None):
        self._raise()
        self.mode = Mode.ARMED
        return self.read()

    def _raise(self):
        from real_robot.robot import RobotFault

        if self.mode in (Mode.STOPPED, Mode.FAULT):
            raise RobotFault(self.fault)

    def read(self):
        from real_robot.robot import Reading, RobotFault

        if self.mode is Mode.FAULT:
            raise RobotFault(self.fault)
        q, zero = self.now, np.zeros(len(self.q))
        state = self.state(time.monotonic_ns(), np.nan, q, zero, np.full(6, np.nan), self.opening, True)
        return Reading({"joints": q}, state.stamp, self.mode, state, () if self.fault is None else (self.fault,))

    def send_joints(self, q, opening, seconds):
        from real_robot.robot import Fault, Sent

        self._raise()
        steps = seconds < 0.5  # and not the way to the start
        if steps and self.fail_at is not None and len(self.goals) >= self.fail_at:
            self.mode, self.fault = Mode.FAULT, Fault("protective stop", "a joint met something", "C153")
        self.q, self.began, reasons = self.now, time.monotonic(), ()
        least = float(np.abs(q - self.q).max()) / self.speed
        if least > seconds:
            reasons = (Reason.SPEED,)
        self.goal, self.seconds, self.opening, self.mode = np.array(q), max(seconds, least), opening, Mode.RUNNING
        if self.fault is not None:
            self.mode = Mode.FAULT
        (self.goals if steps else self.way).append(self.goal)
        self.number += 1
        return Sent(self.number, self.goal, opening, reasons, time.monotonic_ns())

    def order(self, do):
        self.calls.append(do)
        if do == "disarm":
            self.mode = Mode.CONNECTED
        return {}

    def resume(self):
        self.calls.append("resume")
        self.mode = Mode.ARMED

    def wait_still(self):
        pass

    def stop(self, kind=Stop.STOP, why=""):
        from real_robot.robot import Fault

        self.stops.append((kind, why, time.monotonic()))
        if self.mode is Mode.FAULT:
            return
        self.q = self.goal = self.now
        if kind is Stop.HOLD:
            self.mode = Mode.HOLDING
        else:
            self.mode, self.fault = Mode.STOPPED, Fault("stop", why)

    def acknowledge(self):
        self.mode, self.fault = Mode.CONNECTED, None

    def close(self):
        self.closed += 1
        self.mode = Mode.DISCONNECTED


UR = """
id = "ur5e-left"
kind = "ur"
model = "ur5e"
host = "127.35.0.1"
tool = { xyz = [0.0, 0.0, 0.16] }
workspace = { low = [-0.75, -0.45, 0.02], high = [-0.25, 0.35, 0.60] }
"""
PLACED = (
    UR
    + f"""
[world]
env = "{ENV}"
options = {{ cameras = ["front"], size = 32, horizon = 12 }}
frame = {{ xyz = [0.0, -0.1, 0.02], rotation = [0.0, 0.0, 3.14159265] }}
"""
)


class Fine:
    @staticmethod
    def options(table):
        return table


@pytest.fixture
def ur(monkeypatch, tmp_path):
    """A robot file of a UR5e, without a twin and with one; no adapter is needed."""
    import tomllib

    monkeypatch.setattr("embodied.plugins.plugin", lambda *words: Fine)
    found = {}
    for name, text in (("plain", UR), ("twin", PLACED)):
        (tmp_path / f"{name}.toml").write_text(text)
        found[name] = tmp_path / f"{name}.toml", describe(tomllib.loads(text))
    return found


class Scripted:
    """A policy that gives chunks of the same action."""

    def __init__(self, spec, action, chunk=1):
        self.spec, self.action, self.chunk, self.asked, self.tasks = spec, np.array(action, np.float32), chunk, 0, []

    def reset(self, task):
        self.tasks.append(task)

    def act(self, obs):
        self.asked += 1
        return np.broadcast_to(self.action, (1, self.chunk, len(self.action))).copy()


def plain_spec(hz=10.0):
    obs = {"joints": ArraySpec((6,), unit="rad"), "tool": ArraySpec((6,), unit="m, rad")}
    return Spec(obs, ArraySpec((4,), low=-1, high=1), hz)


def test_the_hand_of_the_twin_follows_the_arm_and_the_rest_is_the_simulation(cloned, ur, tmp_path):
    from real_robot.deploy_arm import ArmRobot

    file, robot = ur["twin"]
    arm = Standing(robot)
    found = run(cloned, robot=file, out=tmp_path / "data", arm=arm, start=5)
    data = load_dataset(tmp_path / "data")
    assert (found["exit"], found["steps"], arm.closed, arm.calls) == (0, 12, 1, ["disarm"])
    episode = data[0]
    low, high = np.array([0.345, -0.215, 0.02]), np.array([0.655, 0.215, 0.295])
    hand = episode.obs["state"][:, :3]
    edge = ((hand < low) | (hand > high)).any(axis=1)  # the tabletop's own, where the hand stays
    assert edge[-1]  # this policy knows no better
    assert episode.extra["drift"][~edge].max() < 0.005
    assert episode.extra["drift"].max() <= 0.061 * np.sqrt(3)
    steer = ArmRobot(robot, arm).steering
    tools = np.array([steer.chain.pose(q, steer.tool)[:3, 3] for q in episode.extra["q"]])
    turned = steer.origin[:3, :3]
    assert (tools - steer.origin[:3, 3]) @ turned == pytest.approx(hand, abs=0.061 * np.sqrt(3))
    sent = episode.action[:, :3].sum(axis=0) * steer.actions.step
    moved = (tools[-1] - tools[0]) @ turned
    assert moved == pytest.approx(sent, abs=0.016)  # what was sent adds up to where the arm is, but for its lag
    assert np.array_equal(np.sign(episode.action[:, 3]), np.sign(episode.extra["requested"][:-1, 3]))


@pytest.mark.slow  # it is timed by the wall's clock
def test_an_arm_that_is_slowed_is_said_to_have_been_sent_less(ur, tmp_path, cloned):
    file, robot = ur["plain"]
    policy = Scripted(plain_spec(), [1, 0, 0, -1])
    found = run(cloned, robot=file, policy=policy, arm=Standing(robot, speed=0.1), out=tmp_path / "data", horizon=8)
    episode = load_dataset(tmp_path / "data")[0]
    assert found["changed by limits"] == {"speed": 8}
    assert deploy_records.unmasked(int(episode.extra["reasons"][3])) == (Reason.SPEED,)
    assert (episode.extra["requested"][:-1, 0] == 1).all()
    from real_robot.deploy_arm import ArmRobot

    steer = ArmRobot(robot, Standing(robot)).steering
    first, last = (steer.chain.pose(q, steer.tool)[0, 3] for q in episode.extra["q"][[0, -1]])
    gone = (last - first) / steer.actions.step
    assert gone < 6
    assert abs(float(episode.action[:, 0].sum()) - gone) < 1.0  # not the eight steps that were asked for
    assert episode.extra["q"].shape == (9, 6)
    assert np.isnan(episode.extra["wrench"]).all()
    assert (np.diff(episode.extra["observed_ns"]) > 50e6).all()


def test_a_fault_keeps_what_there_is_and_says_what_was_not_seen_any_more(ur, tmp_path, cloned):
    file, robot = ur["plain"]
    arm = Standing(robot, fail_at=3)
    found = run(cloned, robot=file, policy=Scripted(plain_spec(), [0.1, 0, 0, 1], chunk=4), arm=arm,
                out=tmp_path / "data", episodes=3)  # fmt: skip
    assert (found["ended"], found["exit"], found["recorded"], arm.closed) == (["fault"], 1, 1, 1)
    data = load_dataset(tmp_path / "data")
    assert (len(data[0]), data[0].truncated) == (3, True)
    (line,) = lines(tmp_path / "data")
    assert line["faults"] == [{"name": "protective stop", "text": "a joint met something", "code": "C153"}]
    assert line["unobserved"] == pytest.approx([0.1, 0, 0, 1])
    assert (line["episode"], line["robot"], line["ended"], line["steps"]) == (0, "ur5e-left", "fault", 3)
    again = run(cloned, robot=file, policy=Scripted(plain_spec(), [0.1, 0, 0, 1]), arm=Standing(robot, fail_at=0),
                out=tmp_path / "data")  # fmt: skip
    assert again["recorded"] == 0
    assert [line["episode"] for line in lines(tmp_path / "data")] == [0, None]


@pytest.mark.parametrize("wrong", ["nan", "shape"])
def test_a_policy_that_gives_nothing_usable_is_stopped(ur, tmp_path, cloned, wrong):
    file, robot = ur["plain"]
    arm = Standing(robot)
    policy = Scripted(plain_spec(), [np.nan, 0, 0, 0] if wrong == "nan" else [0, 0, 0])
    if wrong == "shape":
        with pytest.raises(ValueError, match=r"gave actions of shape \(1, 1, 3\), wanted \(1, h, 4\)"):
            run(cloned, robot=file, policy=policy, arm=arm, out=tmp_path / "data")
        assert arm.goals == []
    else:
        found = run(cloned, robot=file, policy=policy, arm=arm, out=tmp_path / "data")
        assert (found["ended"], found["exit"], found["changed by limits"]) == (["refused"], 1, {"not finite": 10})
        assert np.ptp(np.array(arm.goals), axis=0).max() == 0.0
        assert np.isnan(load_dataset(tmp_path / "data")[0].extra["requested"][:-1, 0]).all()
    assert arm.stops[-1][0] is Stop.STOP
    assert arm.closed == 1


# -- before anything moves ------------------------------------------------------------------------------------------


def test_a_policy_that_does_not_fit_is_refused_in_words_before_anything_moves(ur, cloned):
    file, robot = ur["plain"]
    arm = Standing(robot)
    with pytest.raises(ValueError, match=r"cannot drive this robot: no observation 'state'; it offers \['gripper'"):
        run(cloned, robot=file, arm=arm)
    with pytest.raises(ValueError, match=r"runs at 10\.0 Hz, wanted 15\.0"):
        run(cloned, robot=file, arm=arm, policy=Scripted(plain_spec(15.0), [0, 0, 0, 0]))
    assert (arm.goals, arm.way, arm.calls, arm.closed) == ([], [], [], 2)


def test_an_arm_never_goes_without_limits(ur, cloned):
    with pytest.raises(ValueError, match="never moves without limits"):
        run(cloned, robot=ur["plain"][0], limits=False)


def test_a_real_arm_needs_the_word_and_its_id(ur, tmp_path, cloned):
    file = tmp_path / "real.toml"
    file.write_text(UR.replace("127.35.0.1", "192.0.2.7"))
    arm, policy = Standing(ur["plain"][1]), Scripted(plain_spec(), [0, 0, 0, -1])
    with pytest.raises(ValueError, match="repeat with --real"):
        run(cloned, robot=file, arm=arm, policy=policy)
    for typed in ("ur5e-right", "", "y"):
        with pytest.raises(ValueError, match="nothing was moved"):
            run(cloned, robot=file, arm=arm, policy=policy, real=True, answer=lambda typed=typed: typed)
    assert arm.calls == arm.way == arm.goals == []
    found = run(cloned, robot=file, arm=arm, policy=policy, real=True, answer=lambda: "ur5e-left\n", horizon=1)
    assert (found["ended"], len(arm.goals)) == (["horizon"], 1)
    confirm(ur["plain"][1], False, print, lambda: pytest.fail("a rehearsal asks nobody"))


def test_a_dry_run_moves_nothing_and_tells_the_first_action(ur, tmp_path, cloned):
    file, robot = ur["plain"]
    arm = Standing(robot)
    found = run(cloned, robot=file, arm=arm, policy=Scripted(plain_spec(), [2, 0, 0, 1]), dry_run=True,
                out=tmp_path / "never")  # fmt: skip
    assert arm.goals == arm.way == []
    assert arm.calls == ["open"]
    assert found["would be sent"] == [1, 0, 0, 1]
    assert found["limits it would touch"] == ["speed"]
    assert found["the tool would go by [mm]"] == [30, 0, 0]
    assert found["joints to turn first [rad]"] == [-0.1] * 6
    assert found["checks"] == ["ok: payload: as in the file"]
    assert not (tmp_path / "never").exists()
    simulated = run(cloned, dry_run=True)
    assert simulated["limits it would touch"] == []
    assert len(simulated["first action"]) == 4


def test_a_data_set_of_something_else_is_refused_before_anything_moves(ur, tmp_path, cloned):
    file, robot = ur["plain"]
    arm, policy = Standing(robot), Scripted(plain_spec(), [0, 0, 0, -1])
    with pytest.raises(ValueError, match=r"cannot append to .*record into a new data set"):
        run(cloned, robot=file, arm=arm, policy=policy, out=cloned / "data")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("buy milk")
    with pytest.raises(ValueError, match="is no data set"):
        run(cloned, robot=file, arm=arm, policy=policy, out=tmp_path / "notes")
    assert arm.goals == arm.way == arm.calls == []


def test_a_hand_that_begins_out_of_reach_is_refused_with_a_place_that_is_not(ur, tmp_path, cloned):
    file = tmp_path / "far.toml"
    file.write_text(PLACED.replace("xyz = [0.0, -0.1, 0.02]", "xyz = [5.0, 0.0, 0.0]"))
    arm = Standing(ur["twin"][1])
    with pytest.raises(ValueError, match=r"begins at \(4\.550, .*good place.*xyz = \[0\.0, -0\.1, 0\.02\]"):
        run(cloned, robot=file, arm=arm)
    assert arm.goals == arm.way == arm.calls == []


# -- a person -------------------------------------------------------------------------------------------------------


def test_a_takeover_drops_the_chunk_and_is_recorded_as_human(ur, tmp_path, cloned):
    file, robot = ur["plain"]
    policy = Scripted(plain_spec(), [0.2, 0, 0, 1], chunk=3)
    seen = []

    def person(obs, info):
        seen.append(info["sent"].copy())
        return np.array([0, 0, 0.5, 1], np.float32) if len(seen) in (2, 3) else None

    found = run(cloned, robot=file, arm=Standing(robot), policy=policy, out=tmp_path / "data", horizon=6, person=person)
    episode = load_dataset(tmp_path / "data")[0]
    assert episode.human.tolist() == [False, True, True, False, False, False]
    assert found["human steps"] == 2
    assert policy.asked - 5 == 2  # five to warm it up; a chunk of three, of which two were dropped, and another
    assert episode.action[:, 2] == pytest.approx([0, 0.5, 0.5, 0, 0, 0], abs=1e-5)
    assert seen[1] == pytest.approx([0.2, 0, 0, 1], abs=1e-5)


class Still:
    """A robot that counts."""

    def __init__(self):
        self.mode, self.slow, self.rests, self.stops, self.resumed = Mode.RUNNING, 1.0, 0, [], 0

    def stop(self, kind=Stop.STOP, why=""):
        self.stops.append(kind)

    def rest(self):
        self.rests += 1

    def resume(self):
        self.resumed += 1


@pytest.fixture
def hands(monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    robot, said = Still(), []
    with Exit(robot.stop) as ending, Hands(robot, 4, ending, tell=said.append) as made:
        yield made, robot, ending, said


def test_keys_take_over_and_give_back_and_keep_what_is_held(hands):
    hand, robot, ending, _ = hands
    info = {"sent": np.array([0, 0, 0, 0.7])}
    assert hand({}, info) is None
    hand.typed("w a")
    assert hand({}, info).tolist() == [1, 1, 0, 1]
    hand.typed("g")
    hand.typed("")
    assert hand({}, info).tolist() == [0, 0, 0, -1]
    assert hand({}, info) is None
    assert (robot.rests, robot.stops, ending.code) == (0, [], 0)


def test_a_person_who_took_over_and_presses_nothing_lets_it_rest(hands):
    import threading

    hand, robot, _, _ = hands
    hand.typed("w")
    assert hand({}, {})[0] == 1
    threading.Timer(0.15, hand.typed, [""]).start()
    assert hand({}, {}) is None
    assert robot.rests > 2


@pytest.mark.parametrize("word", ["stop", "Halt!", "no!", "q", "  STOP "])
def test_a_word_that_stops_stops_at_once_and_ends_it(hands, word):
    hand, robot, ending, _ = hands
    hand.typed(word)
    while not robot.stops:
        time.sleep(0.001)
    assert robot.stops == [Stop.STOP]
    assert ending.code == 130
    assert hand({}, {}) is None


def test_a_hold_waits_for_a_word_and_nothing_else(hands):
    import threading

    hand, robot, ending, said = hands
    hand.typed("hold")
    assert robot.stops == [Stop.HOLD]
    assert ending.code == 0
    hand.typed("w")
    threading.Timer(0.1, hand.typed, ["go on"]).start()
    assert hand({}, {}) is None
    assert (robot.resumed, robot.rests, ending.code) == (1, 0, 0)
    assert "enter goes on" in said[0]


def test_a_robot_that_holds_by_itself_waits_for_a_person_and_for_what_it_holds_for(hands):
    import threading

    hand, robot, _, said = hands
    robot.holds_for = "force"

    def refuse():
        raise ValueError("the force that it holds for is still there")

    def soften():
        robot.holds_for, robot.resume = "", lambda: None
        hand.typed("go on")

    robot.resume = refuse
    hand.typed("go on")
    threading.Timer(0.1, soften).start()
    assert hand({}, {}) is None
    assert said == ["it holds (force); enter goes on", "the force that it holds for is still there"]


def test_slower_and_faster_and_a_word_nobody_knows(hands):
    hand, robot, _, said = hands
    for word, times in (("slower", 2), ("slower", 4), ("faster", 2), ("faster", 1), ("faster", 1)):
        hand.typed(word)
        assert robot.slow == times
    hand.typed("gently please")
    assert "no word 'gently please'" in said[-1]


# -- the ways out ---------------------------------------------------------------------------------------------------


def test_a_stop_in_the_middle_keeps_what_there_is(ur, tmp_path, cloned):
    file, robot = ur["plain"]
    arm, policy = Standing(robot), Scripted(plain_spec(), [0.1, 0, 0, -1])

    def person(obs, info):
        if len(arm.goals) == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    found = run(cloned, robot=file, arm=arm, policy=policy, out=tmp_path / "data", person=person, episodes=3,
                horizon=20)  # fmt: skip
    assert (found["exit"], found["ended"], arm.closed) == (143, ["stopped (SIGTERM)"], 1)
    assert arm.stops[0][:2] == (Stop.STOP, "SIGTERM")
    episode = load_dataset(tmp_path / "data")[0]
    assert (len(episode), episode.truncated) == (4, True)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_asking_again_is_an_abort(monkeypatch):
    robot = Still()
    with Exit(robot.stop) as ending:
        os.kill(os.getpid(), signal.SIGINT)
        while len(robot.stops) < 1:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)
        while len(robot.stops) < 2:
            time.sleep(0.001)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert robot.stops[:2] == [Stop.STOP, Stop.ABORT]
    assert (ending.code, ending.why) == (130, "SIGINT")


def test_what_was_recorded_trains_a_policy_that_drives_the_same_robot(ur, tmp_path, cloned):
    from policies import load
    from policies.bc import BCConfig, fit

    run(cloned, out=tmp_path / "data", episodes=2)
    fit(load_dataset(tmp_path / "data"), "recorded", BCConfig(steps=5, hidden=(8,)), tmp_path / "again")
    found = run(cloned, policy=load(tmp_path / "again"), out=tmp_path / "data")
    assert found["exit"] == 0
    data = load_dataset(tmp_path / "data")
    assert len(data) == 3
    assert [line["episode"] for line in lines(tmp_path / "data")] == [0, 1, 2]
    file, robot = ur["plain"]
    policy = Scripted(plain_spec(), [0.1, 0, 0, -1])
    run(cloned, robot=file, arm=Standing(robot), policy=policy, out=tmp_path / "arm", horizon=6)
    fit(load_dataset(tmp_path / "arm"), "constant", BCConfig(steps=5, hidden=(8,)), tmp_path / "from-arm")
    run(cloned, robot=file, arm=Standing(robot), policy=load(tmp_path / "from-arm"), horizon=2)


def test_a_deployment_that_is_killed_loses_the_open_episode_alone(cloned, tmp_path):
    code = (
        "import sys\nfrom real_robot.deploy import DeployConfig, deploy\n"
        "deploy(DeployConfig(robot=sys.argv[1], policy=sys.argv[2], out=sys.argv[3], episodes=500, person=False),"
        " tell=lambda text: None, progress=lambda done, of: print(done, flush=True))"
    )
    root = Path(__file__).parents[1]
    words = [sys.executable, "-c", code, str(cloned / "sim.toml"), str(cloned / "policy"), str(tmp_path / "data")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root) as child:
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(2)]
        child.kill()
        said += [int(line) for line in child.stdout.read().split()]
    data = load_dataset(tmp_path / "data")
    assert not data.problems
    assert len(data) >= said[-1] >= 2
    found = run(cloned, out=tmp_path / "data", episodes=1)
    assert found["recorded"] == 1
    data = load_dataset(tmp_path / "data")
    assert [line["episode"] for line in lines(tmp_path / "data")] == list(range(len(data)))


# -- the vendor's client and a simulated controller -----------------------------------------------------------------

PATIENT = """
limits = { stale = 0.5 }
vendor = { watchdog = 10.0 }
"""
"""For a machine that does much else."""

DRIVE = (
    "import sys\nfrom real_robot.deploy import DeployConfig, deploy\n"
    "found = deploy(DeployConfig(robot=sys.argv[1], policy=sys.argv[2], out=sys.argv[3], episodes=5, person=False),"
    " tell=lambda text: print(text, flush=True))\nsys.exit(found['exit'])"
)


@pytest.mark.slow
def test_a_policy_drives_the_vendors_client_and_a_signal_ends_it_with_what_there_is(cloned, tmp_path):
    pytest.importorskip("rtde_control")
    from real_robot.controllers import journal
    from real_robot.rehearsal import Rehearsal

    file, root = tmp_path / "ur.toml", Path(__file__).parents[1]
    file.write_text(PLACED.replace("horizon = 12", "horizon = 500").replace("\n[world]", PATIENT + "\n[world]"))
    with Rehearsal("ur", tmp_path / "journal", host="127.35.0.1"):
        looked = run(cloned, robot=file, dry_run=True)
        assert not journal.read(tmp_path / "journal").group("qd").any()
        assert any(check.startswith("ok: kinematics") for check in looked["checks"])
        words = [sys.executable, "-c", DRIVE, str(file), str(cloned / "policy"), str(tmp_path / "data")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root) as child:
            assert child.stdout is not None
            assert any("begins" in line for line in child.stdout)
            time.sleep(3.0)
            child.terminate()
            assert child.wait(30) == 143
        seen = journal.read(tmp_path / "journal")
        assert np.abs(seen.group("qd")).max() > 0.01
        assert np.abs(seen.group("qd")[-1]).max() < 1e-3
    (episode,) = load_dataset(tmp_path / "data")
    assert len(episode) > 5
    assert episode.truncated
    assert episode.extra["drift"].max() < 0.11
    (line,) = lines(tmp_path / "data")
    assert (line["ended"], line["why"], line["robot"]) == ("stopped", "SIGTERM", "ur5e-left")
