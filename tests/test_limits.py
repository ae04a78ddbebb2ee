"""No command, at no time, moves an arm out of its limits; and what is allowed is done."""

from dataclasses import replace

import numpy as np
import pytest
from arms import TABLES, robot
from hypothesis import given, settings
from hypothesis import strategies as st

from real_robot.description import Force
from real_robot.force import Level, Touch
from real_robot.kinematics import CHAINS, offset
from real_robot.limits import Bounds, Line, Moving, brake, condition, line, step, trespass, vet
from real_robot.robot import Reason
from real_robot.trial import Trial, trial

PERIOD = 0.004
anything = st.floats(allow_nan=True, allow_infinity=True)


def bounds(kind="ur", **changes):
    return Bounds.of(robot(kind, **changes), PERIOD)


def moving(kind="ur", speed=0.3, seed=0):
    """On its way from home: a state from which a stop takes a while."""
    b, rng = bounds(kind), np.random.default_rng(seed)
    at = Moving.rest(robot(kind).home_q)
    way, _ = line(at.q, at.q + rng.uniform(-speed, speed, len(at.q)), 0.1, b)
    for _ in range(30):
        way = way.on(PERIOD)
        at, _ = step(way, at, b, PERIOD)
    assert not at.still
    return at, way, b


@pytest.mark.parametrize("name", sorted(CHAINS))
def test_many_poses_at_once_are_the_poses_one_by_one(name):
    chain, rng = CHAINS[name], np.random.default_rng(0)
    q, tool = rng.uniform(-3, 3, (7, chain.joints)), offset((0.0, 0.02, 0.13), (0.1, 0.2, 0.3))
    assert np.allclose(chain.swept(q, tool), [chain.points(each, tool) for each in q], atol=1e-12)


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_no_random_command_breaks_a_limit(kind):
    found = trial(robot(kind), 2000, seed=7)
    assert not found.violations
    assert found.most["tool speed"] > 0.5  # it did move
    assert {"not finite", "shape", "too old", "out of order", "far from where the arm is"} <= set(found.reasons)


@pytest.mark.parametrize(("change", "broken"), [
    ({"workspace": {"low": (-0.5, -0.2, 0.45), "high": (-0.45, 0.0, 0.5)}}, "box"),
    ({"limits": {"tool_speed": 0.1}}, "tool speed"),
    ({"limits": {"joint_speed": 0.1}}, "velocity"),
    ({"limits": {"acceleration": 1.0, "brake_acceleration": 2.0}}, "acceleration"),
])  # fmt: skip
def test_a_governor_with_wider_limits_than_are_checked_is_found_out(change, broken):
    """The trial's own eyes are open."""
    watched = Trial(robot(), 3)
    watched.robot = robot(**change)
    assert watched.run(1500).violations[broken] > 0


@given(st.sampled_from([0.0, -0.001, -1e9, float("nan"), float("-inf")]))
def test_time_that_does_not_pass_moves_nothing(dt):
    at, way, b = moving()
    there, reasons = step(way, at, b, dt)
    assert there is at
    assert reasons == (Reason.LATE,)
    assert brake(at, b, dt) is at


@settings(deadline=None)
@given(st.floats(0.021, 1e12))
def test_after_a_long_gap_it_begins_again_from_rest(dt):
    at, way, b = moving()
    there, reasons = step(way, at, b, dt)
    assert Reason.LATE in reasons
    assert np.abs(there.q - at.q).max() < 1e-4


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_a_stop_is_as_quick_as_its_limits_and_a_rest_of_it_is_the_same_stop(kind):
    at, _, b = moving(kind)
    first, pieces, seconds = at, at, 0.0
    for _ in range(200):
        pieces = brake(pieces, b, PERIOD)
        seconds += PERIOD
        if pieces.still:
            break
    at_once = first
    for _ in range(100):
        at_once = brake(at_once, b, 2 * PERIOD)
    assert np.allclose(pieces.q, at_once.q, atol=1e-6)
    fastest, pull = np.abs(first.qd).max(), np.abs(first.qdd).max()
    assert seconds <= fastest / b.brake_acceleration + 2 * (b.brake_acceleration + pull) / b.brake_jerk + 2 * PERIOD


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_an_allowed_goal_is_reached_and_stood_at(kind):
    b, at = bounds(kind), Moving.rest(robot(kind).home_q)
    goal = at.q + 0.1 * np.array([1, -1, 1, -1, 1, 1, 1])[: len(at.q)]
    way, _ = line(at.q, goal, 0.0, b)
    for _ in range(800):
        way = way.on(PERIOD)
        at, _ = step(way, at, b, PERIOD)
    assert np.abs(at.q - goal).max() < 1e-6
    assert at.still


def test_a_goal_outside_is_gone_to_as_far_as_the_wall():
    b, at = bounds(), Moving.rest(robot().home_q)
    goal = at.q + np.array([0, 0.9, 0, 0, 0, 0])  # forwards and down
    assert "outside the workspace" in trespass(goal, b)
    way, reasons = line(at.q, goal, 0.1, b)
    assert Reason.WORKSPACE in reasons
    assert Reason.SPEED in reasons
    assert 0.05 < np.abs(way.goal - at.q).max() < 0.9
    assert trespass(way.goal, b) == ""


def test_a_line_into_a_keep_out_ends_before_it_and_names_it():
    b, q = bounds(), robot().home_q
    goal = q + np.array([-0.9, 0, 0, 0, 0, 0])  # turns towards the head
    way, reasons = line(q, goal, 0.1, b)
    assert Reason.KEEP_OUT in reasons
    assert trespass(way.goal, b) == ""
    inside = replace(b, balls=(("cup", b.chain.points(q, b.tool)[-1], 0.05),))
    assert trespass(q, inside) == "a part of the arm is in the keep-out 'cup'"


def test_a_line_deep_into_a_singularity_is_not_gone_and_out_of_one_is():
    b, q = bounds("ur", workspace={"low": (-1, -1, -1), "high": (1, 1, 2)}, keepouts=()), robot().home_q
    straight = q.copy()
    straight[4] = 0.0  # both wrists in line
    way, reasons = line(q, straight, 1.0, b)
    assert Reason.SINGULAR in reasons
    assert np.array_equal(way.goal, q)
    way, reasons = line(straight, q, 1.0, b)
    assert Reason.SINGULAR not in reasons
    assert np.array_equal(way.goal, q)


def test_a_line_towards_a_singularity_is_slowed_before_it_is_refused():
    b, q = bounds("ur", workspace={"low": (-1, -1, -1), "high": (1, 1, 2)}, keepouts=()), robot().home_q
    near = q.copy()
    near[4] = -0.25
    stop, slow = condition(near, b) * 1.2, condition(near, b) / 1.2
    free, _ = line(q, near, 0.0, replace(b, singular=(1e6, 2e6)))
    slowed, reasons = line(q, near, 0.0, replace(b, singular=(slow, stop)))
    assert Reason.SINGULAR in reasons
    assert np.array_equal(slowed.goal, near)
    assert slowed.seconds > 1.5 * free.seconds


@given(st.lists(anything, max_size=8), anything)
def test_whatever_is_commanded_is_vetted(numbers, age):
    q = robot().home_q
    found = vet(numbers, age, q, 0.35, 0.1)
    fine = len(numbers) == 6 and np.isfinite(numbers).all() and np.abs(np.array(numbers) - q).max() <= 0.35
    assert (found is None) == (fine and -1e-4 <= age <= 0.1)


@pytest.mark.parametrize("goal", ["text", None, [[0.0] * 6], [object()] * 6, {}])
def test_a_command_that_is_no_vector_is_refused_by_its_shape(goal):
    assert vet(goal, 0.0, robot().home_q, 0.35, 0.1) is Reason.SHAPE


@given(st.floats(0.001, 1.0), st.integers(1, 50))
def test_a_line_passes_both_ends(seconds, pieces):
    way = Line(np.zeros(6), np.ones(6), seconds)
    assert np.array_equal(way.q, np.zeros(6))
    for _ in range(pieces + 1):
        way = way.on(seconds / pieces)
    assert np.allclose(way.q, 1.0)


@pytest.mark.parametrize("kind", sorted(TABLES))
@pytest.mark.parametrize("each", [0.02, 0.1, 0.3])
def test_a_motion_streamed_in_pieces_never_runs_backwards_and_arrives(kind, each):
    """Lines that begin from rest and follow each other, as a policy's do."""
    b, home = bounds(kind), robot(kind).home_q
    way, at = np.array([1, -1, 1, -1, 1, 1, 1])[: len(home)] * 0.25, Moving.rest(home)
    goal, speeds = home.copy(), []
    for _ in range(round(1.5 / each)):
        start = goal
        goal = goal + way * each
        part, _ = line(start, goal, each, b)
        for _ in range(round(each / PERIOD)):
            part = part.on(PERIOD)
            at, _ = step(part, at, b, PERIOD)
            speeds.append(at.qd * np.sign(way))
            assert np.abs(at.q - part.q).max() < 0.25 / 10  # it lags by no more than a tenth of a second
    assert np.min(speeds) > -1e-6
    for _ in range(500):
        at, _ = step(part, at, b, PERIOD)
        speeds.append(at.qd * np.sign(way))
    assert np.min(speeds) > -0.01  # nor swings back at its end
    assert np.abs(at.q - goal).max() < 1e-4


def ramp(touch, most, rate=100.0, dt=0.001):
    """The levels entered while a force rises to `most` and falls again."""
    levels, now = [], 0.0
    rise = np.concatenate([np.arange(0, most, rate * dt), np.arange(most, 0, -rate * dt)])
    for newtons in rise:
        now += dt
        level = touch.felt(np.array([newtons, 0, 0, 0, 0, 0]), now)
        if not levels or levels[-1] != level:
            levels.append(level)
    return levels


def test_a_rising_force_warns_holds_and_stops_once_each_in_order():
    up = [Level.NONE, Level.WARN, Level.HOLD, Level.STOP]
    assert ramp(Touch(Force()), 50.0) == [*up, *up[-2::-1]]
    assert ramp(Touch(Force()), 18.0) == [Level.NONE, Level.WARN, Level.NONE]
    assert ramp(Touch(Force()), 14.0) == [Level.NONE]


def test_a_blow_shorter_than_the_debounce_and_a_trembling_force_change_nothing():
    touch = Touch(Force(debounce=0.01))
    for t in range(100):
        blow = 50.0 if t % 10 < 5 else 0.0
        assert touch.felt(np.array([blow, 0, 0, 0, 0, 0]), 0.001 * t) == Level.NONE
    touch, levels = Touch(Force()), set()
    for t in range(1000):
        newtons = 16.0 if t < 50 else 16.0 + 2.5 * np.sin(t)
        level = touch.felt(np.array([newtons, 0, 0, 0, 0, 0]), 0.001 * t + 1)
        levels |= {level} if t >= 50 else set()
    assert levels == {Level.WARN}


def test_forces_count_from_where_it_was_armed_and_torques_count_too():
    touch = Touch(Force())
    rest = np.array([0, 0, -30.0, 0, 0, 0])
    touch.reset(rest)
    assert touch.felt(rest, 1.0) == touch.felt(rest, 2.0) == Level.NONE
    for t in (3.0, 3.1):
        level = touch.felt(rest + np.array([0, 0, 0, 0, 9.0, 0]), t)
    assert level == Level.HOLD
    assert touch.felt(np.full(6, np.nan), 4.0) == Level.HOLD  # no reading is no relief
