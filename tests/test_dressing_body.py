"""Dressing as an act: it stops at any control step, goes on, goes back, and does what a manner says."""

import numpy as np
import pytest

from embodied.manner import Manner
from embodied.skills import Act, At, Pick, Wait
from envs.dressing.body import DressingBody

DRESS = Act(verb="dress", object="sleeve")


def never():
    return False


def after(ticks):
    looks = iter(range(ticks))
    return lambda: next(looks, None) is None


@pytest.fixture
def body():
    return DressingBody("easy", "train", 0)


def test_an_arm_is_dressed_and_the_time_is_counted(body):
    cause, _, at, seconds = body.perform(DRESS, At(), never)
    assert cause == ""
    assert at == At()
    assert seconds == pytest.approx(len(body.way) / 25)
    assert body.told["upper_ratio"] >= 0.7


def test_a_stop_ends_it_at_the_next_step_and_it_goes_on_from_there(body):
    cause, _, at, _ = body.perform(DRESS, At(), after(7))
    assert cause == "stopped"
    assert len(body.way) == 7
    assert at.phase
    assert body.perform(DRESS, at, never)[0] == ""


def test_the_way_back_leads_to_where_it_began(body):
    start, mark = body.sim.position.copy(), body.mark()
    body.perform(DRESS, At(), after(20))
    assert np.linalg.norm(body.sim.position - start) > 0.05
    assert not body.back(mark, after(2))
    assert body.back(mark, never)
    assert np.linalg.norm(body.sim.position - start) < 0.03
    assert body.mark() == mark


def test_slower_takes_longer_and_higher_at_the_elbow_is_higher_there_alone():
    def path(manner):
        body = DressingBody("easy", "train", 0)
        assert body.perform(DRESS.done(manner), At(), never)[0] == ""
        return body, np.array([position for position, _ in body.way])

    _, plain = path(Manner())
    _, slow = path(Manner(speed=0.125))
    body, high = path(Manner(part="elbow", offset=(0.0, 0.0, 0.04)))
    assert len(slow) > 1.5 * len(plain)
    elbow = body.sim.joints[2]

    def nearest(way):
        return way[np.argmin(np.linalg.norm(way[:, :2] - elbow[:2], axis=1)), 2]

    assert nearest(high) > nearest(plain) + 0.01
    assert high[5, 2] == pytest.approx(plain[5, 2], abs=1e-3)


@pytest.mark.parametrize(("step", "says"), [
    (Act(verb="pick", object="sleeve"), "can only dress"), (Act(verb="dress", object="hat"), "can only dress"),
    (Pick(object="sleeve"), "can only dress"), (DRESS.done(Manner(part="knee")), "an arm has wrist, elbow, shoulder"),
])  # fmt: skip
def test_anything_else_is_refused_before_it_moves(body, step, says):
    cause, words, _, _ = body.perform(step, At(), never)
    assert cause == "refused"
    assert says in words
    assert not body.way


def test_waiting_is_stopped_too(body):
    assert body.perform(Wait(seconds=1.0), At(), after(3))[0] == "stopped"
    assert body.perform(Wait(seconds=0.2), At(), never)[3] == pytest.approx(0.2)
