"""A simulation behind the contract of a robot: the same bits as without it, limits where wanted, latched stops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embodied.spec import ArraySpec, Spec
from real_robot.robot import Mode, Reason, RobotFault, Stop
from real_robot.sim import SimRobot


class Line:
    """A point on a line; it remembers the bits that reached it."""

    spec = Spec({"state": ArraySpec((1,))}, ArraySpec((2,), "float32", -1, 1), 10.0)
    metadata = {"render_fps": 10}  # noqa: RUF012 # as gymnasium declares it

    def __init__(self) -> None:
        self.observation_space, self.action_space = self.spec.to_space()
        self.given, self.closed = [], 0

    @property
    def unwrapped(self):
        return self

    def reset(self, seed=None):
        self.x, self.steps = float(seed or 0), 0
        return self.told()

    def told(self):
        return {"state": np.array([self.x], np.float32)}, {"progress": self.x}

    def step(self, action):
        self.given.append(action)
        self.x += float(np.clip(action, -1, 1)[0])
        self.steps += 1
        return *self.told()[:1], 0.5, self.x > 3, self.steps == 8, self.told()[1]

    def close(self):
        self.closed += 1


def test_what_an_episode_is_stands_in_the_readings():
    robot = SimRobot(Line())
    assert robot.mode is Mode.CONNECTED
    first = robot.start(seed=2)
    assert (first.obs["state"][0], first.mode, first.info["terminated"]) == (2.0, Mode.RUNNING, False)
    robot.send(np.array([1.0, 0.0]))
    sent = robot.send(np.array([0.5, 0.0]))
    last = robot.read()
    assert sent.reasons == ()
    assert (last.info["reward"], last.info["terminated"], last.info["progress"]) == (0.5, True, 3.5)
    assert robot.mode is last.mode is Mode.ARMED
    over = robot.send(np.array([0.5, 0.0]))
    assert (over.action, over.reasons, len(robot.env.given)) == (None, (Reason.NOT_RUNNING,), 2)
    assert robot.start(seed=1).mode is Mode.RUNNING


@given(st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=2, max_size=2))
def test_without_limits_every_bit_reaches_the_environment(values):
    action, env = np.array(values, np.float32), Line()
    with SimRobot(env, limits=False) as robot:
        robot.start(seed=0)
        robot.send(action.astype(np.float64))
    assert env.given[0].tobytes() == action.tobytes()
    assert env.given[0].dtype == np.float32


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=0, max_size=4))
def test_with_limits_only_finite_actions_in_bounds_are_sent(values):
    env, asked = Line(), np.array(values, np.float64)
    robot = SimRobot(env)
    before = robot.start(seed=0)
    sent = robot.send(asked)
    if asked.shape != (2,) or not np.isfinite(asked).all():
        wanted = Reason.SHAPE if asked.shape != (2,) else Reason.NOT_FINITE
        assert (sent.reasons, sent.action, env.given) == ((wanted,), None, [])
        assert robot.read() is before  # a refused command costs no time of the world
    else:
        assert np.array_equal(sent.action, np.clip(asked, -1, 1).astype(np.float32))
        assert sent.reasons == (() if (np.abs(asked) <= 1).all() else (Reason.SPEED,))
        assert np.array_equal(env.given[0], sent.action)


@pytest.mark.parametrize("kind", [Stop.STOP, Stop.ABORT])
def test_a_stop_is_latched_until_somebody_acknowledges_it(kind):
    robot = SimRobot(Line())
    robot.start(seed=0)
    robot.stop(kind, "a hand in the way")
    robot.stop(kind)
    robot.stop(Stop.HOLD)  # weaker than what is latched
    assert robot.send(np.zeros(2)).reasons == (Reason.NOT_RUNNING,)
    assert robot.read().mode is robot.mode is Mode.STOPPED
    with pytest.raises(RobotFault, match="acknowledge"):
        robot.start(seed=0)
    assert robot.env.given == []
    robot.acknowledge()
    assert robot.send(np.zeros(2)).reasons == ()


def test_a_hold_goes_on_with_the_next_command():
    robot = SimRobot(Line())
    robot.start(seed=0)
    robot.stop(Stop.HOLD)
    assert robot.mode is Mode.HOLDING
    assert robot.send(np.zeros(2)).reasons == ()
    assert robot.mode is Mode.RUNNING


def test_closing_twice_closes_once_and_nothing_is_sent_afterwards():
    robot = SimRobot(Line())
    robot.start(seed=0)
    robot.close()
    robot.close()
    robot.stop()
    assert (robot.env.closed, robot.mode) == (1, Mode.DISCONNECTED)
    assert robot.send(np.zeros(2)).reasons == (Reason.NOT_RUNNING,)
    with pytest.raises(RobotFault, match="closed"):
        robot.start()


def test_nothing_is_read_before_the_start():
    with pytest.raises(RobotFault, match="start"):
        SimRobot(Line()).read()


def test_the_tabletop_is_the_same_to_the_bit_as_in_a_rollout():
    pytest.importorskip("pybullet")
    from embodied.collecting import make, rollout

    env_id, options = "envs:embodied/PutBlockInBowl-v0", {"cameras": ("front",), "size": 32, "horizon": 12}
    actions = np.random.default_rng(0).uniform(-1.2, 1.2, (12, 4)).astype(np.float32)
    env = make(env_id, options)
    waiting = list(actions)
    plain = rollout(env, lambda obs, info: waiting.pop(0), seed=7)
    env.close()
    for limits in (False, True):
        with SimRobot(env_id, options, limits=limits) as robot:
            assert robot.spec.differences(env.unwrapped.spec_) == []
            readings = [robot.start(seed=7)]
            sent = []
            for action in actions:
                sent.append(robot.send(action.astype(np.float64)).action)
                readings.append(robot.read())
        for name, column in plain.obs.items():
            assert np.stack([r.obs[name] for r in readings]).tobytes() == column.tobytes()
        assert np.array(sent, np.float32).tobytes() == plain.action.tobytes()
        assert (
            np.array([r.info["progress"] for r in readings], np.float32).tobytes() == plain.extra["progress"].tobytes()
        )
        assert [r.info["truncated"] for r in readings] == [False] * 12 + [True]
