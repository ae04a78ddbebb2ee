"""Actions become targets and targets actions: what was sent is what was asked for, or says why not; nothing leaps."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_robot.actions import NEAR, Actions, Grip, Steering, Target, solved
from real_robot.description import describe
from real_robot.robot import Reason

BOXES = {
    "ur5e": ([-0.75, -0.45, 0.02], [-0.25, 0.35, 0.6]),
    "xarm6": ([0.15, -0.4, 0.02], [0.6, 0.4, 0.55]),
    "fr3": ([0.25, -0.4, 0.02], [0.65, 0.4, 0.7]),
}
KINDS = {"ur5e": "ur", "xarm6": "xarm", "fr3": "franka"}
TOOLS = {"ur5e": {"xyz": [0, 0, 0.16]}, "xarm6": {"xyz": [0, 0, 0.172]}, "fr3": {"xyz": [0, 0, 0.1034]}}
FRAME = {"xyz": [0.1, -0.02, 0.03], "rotation": [0.0, 0.0, 1.0]}


@cache
def robot(model="ur5e", world=True):
    low, high = BOXES[model]
    table = {"id": model, "kind": KINDS[model], "model": model, "tool": TOOLS[model],
             "workspace": {"low": low, "high": high}}  # fmt: skip
    return describe(table | ({"world": {"env": "nothing", "frame": FRAME}} if world else {}))


@pytest.fixture(autouse=True, scope="module")
def _no_adapters():
    from embodied import plugins

    class Any:
        @staticmethod
        def options(table):
            return table

    kept, plugins.plugin = plugins.plugin, lambda *words: Any
    yield
    plugins.plugin = kept


@cache
def steering(kind, model="ur5e", turns=False, graded=False, frame="world"):
    return Steering(Actions(kind=kind, turns=turns, grip=Grip(graded=graded), frame=frame), robot(model))


def home(steer, model="ur5e"):
    return steer.at(robot(model).home_q, steer.open)


def numbers(size, most=1.0):
    return st.lists(st.floats(-most, most, width=32), min_size=size, max_size=size)


@pytest.mark.parametrize("model", BOXES)
@pytest.mark.parametrize("turns", [False, True])
@given(data=st.data())
@settings(max_examples=12)
def test_the_inverse_of_what_was_sent_is_what_was_asked_for(model, turns, data):
    steer = steering("tool deltas", model, turns, graded=True)
    target = home(steer, model)
    for _ in range(4):
        action = np.array(data.draw(numbers(len(steer.array.low))), np.float64)
        after, reasons = steer.forward(target, action)
        if reasons == ():
            assert steer.inverse(target, after) == pytest.approx(action, abs=1e-6)
            assert np.abs(steer.chain.pose(after.q, steer.tool) - after.pose).max() < 10 * NEAR
        target = after


@pytest.mark.parametrize("model", BOXES)
@pytest.mark.parametrize("kind", ["joints", "joint deltas", "tool pose"])
@given(data=st.data())
@settings(max_examples=12)
def test_a_sent_action_leads_to_where_the_asked_one_led(model, kind, data):
    steer = steering(kind, model)
    before = home(steer, model)
    drawn = np.array(data.draw(numbers(len(steer.array.low))))
    if kind == "joints":
        near = np.append(before.q, 0.0) + 0.15 * drawn
    elif kind == "tool pose":
        near = steer.inverse(before, before) + 0.04 * drawn
    else:
        near = drawn
    near[-1] = drawn[-1]
    after, reasons = steer.forward(before, near)
    again, none = steer.forward(before, steer.inverse(before, after))
    assert again.q == pytest.approx(after.q, abs=1e-5)
    assert again.opening == after.opening
    if reasons == ():
        assert none == ()
        assert steer.inverse(before, after)[:-1] == pytest.approx(near[:-1], abs=1e-6)


@pytest.mark.parametrize("model", BOXES)
@pytest.mark.parametrize("kind", ["joints", "joint deltas", "tool deltas", "tool pose"])
@pytest.mark.parametrize("turns", [False, True])
@given(data=st.data())
@settings(max_examples=12)
def test_no_sequence_of_actions_makes_the_target_leap_or_leave(model, kind, turns, data):
    steer = steering(kind, model, turns)
    target, size = home(steer, model), len(steer.array.low)
    wild = st.floats(allow_nan=True, allow_infinity=True)
    one = st.one_of(numbers(size), numbers(size, 50.0), st.lists(wild, min_size=size - 1, max_size=size))
    same = data.draw(numbers(size))
    rows = [*data.draw(st.lists(one, min_size=1, max_size=6)), *[same] * 14]
    for action in rows:
        after, reasons = steer.forward(target, np.array(action, np.float64))
        moved = np.linalg.norm(after.pose[:3, 3] - target.pose[:3, 3])
        assert np.abs(after.q - target.q).max() <= steer.leap
        if "tool" in kind:
            assert moved <= np.sqrt(3) * steer.actions.step + 1e-9
        else:
            assert np.abs(after.q - target.q).max() <= steer.actions.step + 1e-9
        assert np.isfinite(after.q).all()
        assert (after.q >= steer.low).all()
        assert (after.q <= steer.high).all()
        assert (after.pose[:3, 3] >= steer.box[0] - 1e-6).all()
        assert (after.pose[:3, 3] <= steer.box[1] + 1e-6).all()
        assert steer.closed <= after.opening <= steer.open
        assert steer.array.difference(steer.array) == ""
        steer.array.check(steer.inverse(target, after).astype(np.float32), "what was sent")
        if not np.isfinite(action).all() or len(action) != size:
            assert after is target
            assert reasons
        target = after


def test_what_was_asked_for_adds_up_and_the_orientation_is_held():
    steer = steering("tool deltas")
    target = start = home(steer)
    rng = np.random.default_rng(0)
    way = rng.uniform(-0.4, 0.4, (200, 3))
    way -= way.mean(0)
    total = np.zeros(3)
    for action in np.cumsum(
        np.diff(np.concatenate([np.zeros((1, 3)), np.sin(np.arange(200))[:, None] * way]), axis=0), 0
    ):
        target, reasons = steer.forward(target, np.append(action * 0.3, -1.0))
        assert reasons == ()
        total += action * 0.3
    at = steer.chain.pose(target.q, steer.tool)
    wanted = start.pose[:3, 3] + steer.origin[:3, :3] @ (steer.actions.step * total)
    assert at[:3, 3] == pytest.approx(wanted, abs=1e-6)
    assert at[:3, :3] == pytest.approx(start.pose[:3, :3], abs=1e-6)


def test_the_axes_are_those_of_the_frame():
    for frame, turned in (("base", np.eye(3)), ("world", robot().world.frame.pose[:3, :3])):
        steer = steering("tool deltas", frame=frame)
        before = home(steer)
        after, _ = steer.forward(before, np.array([1.0, 0.0, 0.0, -1.0]))
        assert after.pose[:3, 3] - before.pose[:3, 3] == pytest.approx(0.03 * turned[:, 0], abs=1e-9)


def test_above_zero_the_gripper_closes_and_a_kept_number_stays():
    steer = steering("tool deltas")
    before = home(steer)
    for grip, opening, sent in ((0.2, 0.0, 1.0), (-0.2, steer.open, -1.0), (0.0, steer.open, -1.0), (1.0, 0.0, 1.0)):
        action = np.array([0, 0, 0, grip])
        after, reasons = steer.forward(before, action)
        assert (after.opening, reasons) == (opening, ())
        assert steer.inverse(before, after)[-1] == sent
        assert steer.inverse(before, after, action)[-1] == grip
    held = Target(before.q, before.pose, 0.0, before.held)
    assert steer.inverse(before, held, np.array([0, 0, 0, -0.5]))[-1] == 1.0  # asked to open, and it stayed closed


def test_targets_stay_inside_the_workspace_and_say_so():
    steer = steering("tool deltas")
    target, told = home(steer), set()
    for _ in range(60):
        target, reasons = steer.forward(target, np.array([0, 0, -1.0, -1.0]))
        told |= set(reasons)
    assert told == {Reason.WORKSPACE}
    assert target.pose[2, 3] == pytest.approx(steer.box[0][2], abs=1e-6)
    target, reasons = steer.forward(target, np.array([0, 0, 1.0, -1.0]))
    assert reasons == ()


def test_an_arm_that_stands_outside_of_the_workspace_is_led_back_without_a_leap():
    steer = steering("tool deltas", frame="base")
    pose, q = home(steer).pose.copy(), robot().home_q
    for side in np.arange(pose[1, 3], -0.5, -0.01):
        pose[1, 3] = side
        q = solved(steer.chain, steer.tool, q, pose)
    target = steer.at(q, 0.0)
    assert target.pose[1, 3] < steer.box[0][1] - 0.03
    for _ in range(20):
        after, _ = steer.forward(target, np.array([0.0, 0.1, 0.0, -1.0]))
        assert np.linalg.norm(after.pose[:3, 3] - target.pose[:3, 3]) <= np.sqrt(3) * 0.03 + 1e-9
        target = after
    assert (target.pose[:3, 3] >= steer.box[0] - 1e-6).all()


def test_beyond_its_reach_an_arm_is_refused_by_name():
    table = robot().model_dump() | {"workspace": {"low": [-2, -2, -2], "high": [2, 2, 2]}}
    steer = Steering(Actions(frame="base"), describe(table))
    target, told = home(steer), set()
    for _ in range(40):
        target, reasons = steer.forward(target, np.array([-1.0, 0, 0, -1.0]))
        told |= set(reasons)
    assert told <= {Reason.SINGULAR, Reason.JOINT_RANGE}
    assert Reason.SINGULAR in told


def test_a_seventh_joint_does_not_wander():
    steer = steering("tool deltas", "fr3")
    target = start = home(steer, "fr3")
    rng = np.random.default_rng(1)
    for _ in range(60):
        for action in (move := np.append(rng.uniform(-1, 1, 3), -1.0)), -move:
            target, reasons = steer.forward(target, action)
            assert reasons == ()
    assert target.pose == pytest.approx(start.pose, abs=1e-9)
    assert np.abs(target.q - start.q).max() < 0.1


def test_a_target_at_rest_moves_no_joint():
    for model in BOXES:
        steer = steering("tool deltas", model)
        before = steer.at(robot(model).home_q + 0.05, 0.0)
        after, reasons = steer.forward(before, np.array([0, 0, 0, 1.0]))
        assert np.array_equal(after.q, before.q)
        assert reasons == ()


def test_a_tool_that_was_tilted_on_its_way_is_turned_back_in_small_steps():
    steer = steering("tool deltas")
    start = home(steer)
    tilted = start.q + np.array([0, 0, 0, 0.4, 0.1, 0])
    target = steer.at(tilted, 0.0, start.held)
    place = target.pose[:3, 3].copy()
    for _ in range(4):
        after, reasons = steer.forward(target, np.array([0, 0, 0, -1.0]))
        assert reasons == ()
        assert np.abs(after.q - target.q).max() < steer.leap
        target = after
    assert target.pose[:3, :3] == pytest.approx(start.pose[:3, :3], abs=1e-6)
    assert target.pose[:3, 3] == pytest.approx(place, abs=1e-6)
