"""Which pairs are asked about: strata, near-duplicates, groups, restriction, reproducibility."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from answering import SmallDataset
from hypothesis import given, settings
from hypothesis import strategies as st

from embodied.types import moment
from rewards.likeness import reduced
from rewards.pairs import Pool, group_names, select


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset(episodes=12, actions=50)


def test_half_of_the_pairs_join_two_episodes(dataset):
    pairs = select(dataset, 1000, rng())
    assert len(pairs) == 1000
    assert sum(a.episode != b.episode for a, b in pairs) == 500


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_across_episodes_is_what_was_asked_for(dataset, share):
    pairs = select(dataset, 400, rng(), across=share)
    assert sum(a.episode != b.episode for a, b in pairs) == round(400 * share)


def test_no_pair_is_asked_twice_in_either_order(dataset):
    pairs = select(dataset, 2000, rng())
    assert len({frozenset(pair) for pair in pairs}) == 2000


def test_pairs_depend_on_the_generator_alone(dataset):
    assert select(dataset, 300, rng(3)) == select(dataset, 300, rng(3))
    assert select(dataset, 300, rng(3)) != select(dataset, 300, rng(4))


def test_every_frame_may_be_asked_about_the_last_one_too(dataset):
    frames = {s.start for pair in select(dataset, 3000, rng()) for s in pair}
    assert frames == set(range(51))


def test_time_gaps_within_an_episode_are_spread_log_uniformly():
    long = SmallDataset(episodes=40, actions=200)
    pairs = select(long, 4000, rng(), across=0, near_duplicate=-1)
    gaps = np.array([abs(a.start - b.start) for a, b in pairs])
    assert gaps.min() == 1
    per_octave = np.histogram(np.log2(gaps), bins=np.arange(1, 7))[0] / len(gaps)
    assert per_octave.min() > 0.6 * per_octave.max()  # uniform gaps would give each octave twice the one before


def test_left_and_right_are_a_coin_toss(dataset):
    within = select(dataset, 2000, rng(), across=0)
    later_on_the_left = np.mean([a.start > b.start for a, b in within])
    assert abs(later_on_the_left - 0.5) < 0.05


def test_frames_of_a_standstill_are_never_compared():
    still = SmallDataset(episodes=4, actions=40)
    rows = still.progress.reshape(4, 41)
    rows[:, 10:] = rows[:, 10:11]  # every episode stops at frame 10
    states = still.state.reshape(4, 41, 2)
    states[:, 10:] = states[:, 10:11]
    for options in ({}, {"groups": 4}):
        for a, b in select(still, 200, rng(), **options):
            assert not (a.episode == b.episode and min(a.start, b.start) >= 10)


def test_look_alike_pictures_are_dropped_before_asking(dataset):
    pairs = select(dataset, 500, rng(), camera="front")
    moments = np.array([(s.episode, s.start) for pair in pairs for s in pair])
    looks = reduced(dataset.frames("front", moments))
    assert np.abs(looks[::2] - looks[1::2]).max(axis=1).min() > 4


def test_every_frame_is_looked_at_once():
    counted = SmallDataset(episodes=6, actions=30)
    select(counted, 2000, rng(), camera="front")
    assert counted.decoded <= 6 * 31


def test_moments_restrict_what_is_drawn(dataset):
    allowed = np.array([(10 * e, t) for e in range(12) for t in range(30, 51, 2)])
    pairs = select(dataset, 300, rng(), moments=allowed)
    assert len(pairs) == 300
    assert {(s.episode, s.start) for pair in pairs for s in pair} <= set(map(tuple, allowed.tolist()))
    grouped = select(dataset, 280, rng(), moments=allowed, groups=8)
    assert {(s.episode, s.start) for pair in grouped for s in pair} <= set(map(tuple, allowed.tolist()))


def test_a_group_gives_every_pair_of_its_frames(dataset):
    pairs = select(dataset, 1000, rng(), groups=8)
    assert len(pairs) == 28 * (1000 // 28)
    names = group_names(pairs, 8)
    assert set(Counter(names).values()) == {28}
    for start in range(0, len(pairs), 28):
        group = pairs[start : start + 28]
        frames = {s for pair in group for s in pair}
        assert len(frames) == 8
        assert {frozenset(pair) for pair in group} == {frozenset(pair) for pair in combinations(frames, 2)}


def test_half_of_the_groups_are_four_frames_of_each_of_two_episodes(dataset):
    pairs = select(dataset, 28 * 100, rng(), groups=8)
    two = 0
    for start in range(0, len(pairs), 28):
        frames = {s for pair in pairs[start : start + 28] for s in pair}
        two += sorted(Counter(s.episode for s in frames).values()) == [4, 4]
    assert 50 <= two <= 55


def test_groups_show_far_fewer_pictures(dataset):
    big = SmallDataset(episodes=100, actions=50)
    alone = {s for pair in select(big, 2800, rng()) for s in pair}
    grouped = {s for pair in select(big, 2800, rng(), groups=8) for s in pair}
    assert len(grouped) < len(alone) / 3


def test_a_small_data_set_gives_what_it_has():
    tiny = SmallDataset(episodes=2, actions=3)
    pairs = select(tiny, 1000, rng(), near_duplicate=0)
    assert 20 <= len(pairs) <= 28


@given(st.integers(1, 6), st.integers(2, 9), st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from([0, 2, 3]))
@settings(max_examples=40, deadline=None)
def test_pairs_of_any_data_set_are_distinct_moments_inside_it(episodes, actions, n, seed, groups):
    data = SmallDataset(episodes=episodes, actions=actions)
    share = 0.5 if episodes > 1 else 0.0
    pairs = select(data, max(n, 3), rng(seed), across=share, groups=groups, near_duplicate=0)
    assert 0 < len(pairs) <= max(n, 3)
    for a, b in pairs:
        assert a != b
        assert {a.episode, b.episode} <= set(data.ids.tolist())
        assert max(a.start, b.start) <= actions


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"n": 0}, "cannot select 0 pairs; give at least 1"),
        ({"n": 10, "groups": 8}, "cannot select 10 pairs; give at least 28"),
        ({"across": 1.2}, "across is 1.2"),
        ({"groups": 1}, "groups of 1 frames hold no pair"),
        ({"groups": 3, "moments": np.array([[0, 3], [10, 4]])}, "groups of 3 frames cannot be drawn from 2 moments"),
        ({"near_duplicate": 1e9}, "lower it, or add episodes"),
        ({"moments": np.array([[0, 3], [0, 51]])}, "no frame 51 of episode 0"),
        ({"moments": np.array([[5, 3]])}, "no frame 3 of episode 5"),
        ({"moments": np.zeros((0, 2), int)}, "no moments to choose"),
        ({"moments": np.array([[0, 3], [0, 4]])}, "pass across=0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(dataset, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        select(dataset, options.pop("n", 50), rng(), **options)


def test_pairs_of_no_whole_groups_have_no_group_names():
    with pytest.raises(ValueError, match="1 pairs are no whole groups of 8 frames"):
        group_names([(moment(0, 0), moment(0, 1))], 8)


def test_cells_are_exact_means_of_the_picture():
    frames = rng().integers(0, 256, (2, 37, 50, 3), np.uint8)
    cells = reduced(frames).reshape(2, 16, 16, 3)
    rows, columns = np.linspace(0, 37, 17).astype(int), np.linspace(0, 50, 17).astype(int)
    block = frames[1, rows[3] : rows[4], columns[7] : columns[8], 2]
    assert cells[1, 3, 7, 2] == pytest.approx(block.mean(), abs=1e-4)
    assert reduced(frames[:, :5, :4]).shape == (2, 5 * 4 * 3)


def test_the_nearest_allowed_frame_is_taken_and_never_the_same(dataset):
    pool = Pool.of(dataset, np.array([[0, 0], [0, 50], [10, 7], [10, 8]]))
    i, j = pool.within(500, rng())
    assert (i != j).all()
    assert (pool.first[i] == pool.first[j]).all()
