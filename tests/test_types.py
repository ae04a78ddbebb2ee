"""Invariants of the nouns."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embodied.types import Episode, Preference, Ranking, Rating, Segment, moment


def episode(steps: int = 3, **changes):
    values = {"action": np.zeros((steps, 2), np.float32), "obs": {"state": np.zeros((steps + 1, 4), np.float32)}}
    return Episode(**(values | changes))


def test_an_episode_has_one_more_observation_than_actions():
    assert len(episode(5)) == 5
    with pytest.raises(ValueError, match=r"obs\['state'\] has 3 rows, wanted 4"):
        episode(3, obs={"state": np.zeros((3, 4), np.float32)})


def test_an_episode_cannot_be_written_to():
    e = episode(reward={"truth": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match="read-only"):
        e.action[0] = 1
    with pytest.raises(TypeError):
        e.obs["state"] = np.zeros(1)  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        e.task = "other"  # type: ignore[misc]


def test_freezing_an_episode_leaves_the_callers_arrays_writable():
    action = np.zeros((3, 2), np.float32)
    episode(3, action=action)
    action[0] = 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_action_that_is_not_finite_is_refused_by_step(bad):
    action = np.zeros((4, 2), np.float32)
    action[2, 1] = bad
    with pytest.raises(ValueError, match="action at step 2"):
        episode(4, action=action)


def test_truncation_is_never_termination():
    with pytest.raises(ValueError, match="both terminated and truncated"):
        episode(terminated=True, truncated=True)


def test_an_empty_episode_is_refused():
    with pytest.raises(ValueError, match="has no action"):
        episode(0)


def test_a_second_reward_stands_beside_the_first():
    e = episode(reward={"truth": np.zeros(3, np.float32)}).with_reward("prefs", np.ones(3, np.float32))
    assert set(e.reward) == {"truth", "prefs"}


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_human_segments_cover_exactly_the_human_actions(human):
    e = episode(len(human), human=np.array(human))
    covered = np.zeros(len(human), bool)
    for segment in e.human_segments():
        assert not covered[segment.start : segment.stop - 1].any()
        covered[segment.start : segment.stop - 1] = True
    np.testing.assert_array_equal(covered, human)


@pytest.mark.parametrize(("start", "stop"), [(3, 3), (4, 2), (-1, 2)])
def test_a_segment_is_not_empty(start, stop):
    with pytest.raises(ValueError, match="empty or negative"):
        Segment(0, start, stop)


def test_a_segment_lies_inside_its_episode():
    assert Segment(0, 1, 4).within(4) == Segment(0, 1, 4)
    with pytest.raises(ValueError, match="leaves episode 0, which has 3 frames"):
        Segment(0, 1, 4).within(3)


@given(st.floats(0, 1))
def test_swapping_twice_changes_nothing(p):
    preference = Preference(moment(0, 1), moment(2, 3), p)
    swapped = preference.swapped()
    assert (swapped.left, swapped.right) == (preference.right, preference.left)
    assert swapped.p_left == pytest.approx(1 - p)
    assert swapped.swapped().p_left == pytest.approx(p)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_belief_is_a_probability(p):
    with pytest.raises(ValueError, match="p_left"):
        Preference(moment(0, 0), moment(0, 1), p)


def test_a_ranking_is_all_of_its_pairs():
    a, b, c = (moment(0, t) for t in range(3))
    found = Ranking((a, b, c), (0, 1, 1)).pairs()
    assert [(p.left, p.right, p.p_left) for p in found] == [(a, b, 1.0), (a, c, 1.0), (b, c, 0.5)]


def test_a_ranking_is_listed_best_first():
    with pytest.raises(ValueError, match="best first"):
        Ranking((moment(0, 0), moment(0, 1)), (1, 0))


def test_a_rating_is_between_nothing_and_done():
    with pytest.raises(ValueError, match=r"outside \[0, 1\]"):
        Rating(moment(0, 0), 1.2)
