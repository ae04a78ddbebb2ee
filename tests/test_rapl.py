"""Rewards aligned with ranked videos: on made-up features, where the truth is known."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from rewards.frames import Videos, padded
from rewards.ot import Transport
from rewards.rankings import Drawing, draw, read, write
from rewards.rapl import Heads, Ranked, align, totals, triplet_accuracy
from rewards.rapl_config import FORMS, PUBLISHED, RaplConfig

QUICK = RaplConfig(steps=80, members=2, hidden=16, width=8, frames=20)


def world(count, seed=0, frames=20, nuisance=6):
    """Videos whose first two numbers approach a goal or not, beside loud numbers that mean nothing."""
    rng = np.random.default_rng(seed)
    skill = rng.uniform(-0.3, 1.0, count)
    t = np.linspace(0, 1, frames)
    near = np.clip(skill[:, None] * t, -1, 1) + 0.03 * rng.normal(size=(count, frames))
    side = np.sqrt(np.clip(1 - near**2, 0, 1))
    noise = rng.normal(size=(count, 1, nuisance)) * 1.5 + 0.3 * rng.normal(size=(count, frames, nuisance)).cumsum(1)
    feature = np.concatenate([near[..., None], side[..., None], noise], axis=2).astype(np.float32)
    return padded(list(feature), range(count)), dict(enumerate(near.mean(1)))


def triplets(score, count, seed=0, **how):
    return [Ranked(*each) for each in draw(score, Drawing(count, **how), np.random.default_rng(seed))]


def held_out_accuracy(form, config=QUICK, labels=60, **how):
    videos, score = world(150)
    test, truth = world(100, seed=9)
    aligned = align(videos, triplets(score, labels, **how), form, replace(config, form=form))
    value = totals(aligned.values(test, config.readout), test.mask).mean(0)
    return triplet_accuracy(value, test, triplets(truth, 200, seed=3))


@pytest.mark.parametrize(("form", "least"), [("pairs", 0.72), ("prototype", 0.85), ("rlhf", 0.85)])
def test_a_nuisance_is_learned_away(form, least):
    frozen = held_out_accuracy("frozen")
    assert held_out_accuracy(form) > max(least, frozen + 0.05)


def test_the_published_setting_runs_and_is_better_than_chance():
    assert held_out_accuracy("published", replace(PUBLISHED, steps=150)) > 0.55


def test_time_and_prior_alone_know_nothing_of_which_video_is_better():
    videos, score = world(60)
    ranked = triplets(score, 20)
    time = totals(align(videos, ranked, "time", QUICK).values(videos, QUICK.readout), videos.mask).mean(0)
    assert triplet_accuracy(time, videos, ranked) == pytest.approx(0.5)
    prior = Transport(eps=0.1, prior=1.0)
    value = align(videos, ranked, "prior", QUICK).values(videos, prior)
    torch.testing.assert_close(value[:, 0], value[:, 1])


@pytest.mark.parametrize("form", FORMS)
def test_padding_changes_no_value(form):
    videos, score = world(40)
    aligned = align(videos, triplets(score, 15), form, replace(QUICK, steps=5))
    wide = Videos(
        videos.ids, torch.cat([videos.feature, torch.randn(40, 4, 8)], 1),
        torch.cat([videos.mask, torch.zeros(40, 4, dtype=torch.bool)], 1),
    )  # fmt: skip
    one, other = aligned.values(videos, QUICK.readout), aligned.values(wide, QUICK.readout)
    torch.testing.assert_close(one, other[..., :20], atol=1e-5, rtol=1e-4)
    assert float(other[..., 20:].abs().max()) == 0.0


def test_videos_of_different_length_are_aligned_together():
    videos, score = world(40)
    rows = [videos.feature[i, : 8 + i % 13].numpy() for i in range(40)]
    short = padded(rows, range(40))
    aligned = align(short, triplets(score, 15), "pairs", replace(QUICK, steps=20))
    assert torch.isfinite(aligned.values(short, QUICK.readout)).all()


def test_members_learn_from_bootstraps_of_their_own():
    videos, score = world(40)
    aligned = align(videos, triplets(score, 15), "prototype", replace(QUICK, steps=20))
    first, second = aligned.values(videos, QUICK.readout)
    assert float((first - second).abs().mean()) > 1e-3


def test_a_member_learns_as_it_would_alone():
    heads = Heads(3, 8, 16, 4)
    x = torch.randn(5, 7, 8)
    one = Heads(1, 8, 16, 4)
    with torch.no_grad():
        for mine, all_ in zip(one.parameters(), heads.parameters(), strict=True):
            mine.copy_(all_[1:2])
    torch.testing.assert_close(one(x)[0], heads(x)[1])


def test_rankings_that_are_all_equal_teach_nothing_and_say_so():
    videos, _ = world(10)
    with pytest.raises(ValueError, match="none of the 2 rankings says that one video is better"):
        align(videos, [Ranked((0, 1, 2), (0, 0, 0)), Ranked((3, 4, 5), (0, 0, 0))], "pairs", QUICK)


def test_equal_rankings_pull_values_together():
    videos, score = world(80)
    equal = [Ranked((i, i + 1, i + 2), (0, 0, 0)) for i in range(0, 60, 3)]
    ranked = triplets(score, 20)

    def apart(given):
        value = totals(align(videos, given, "rlhf", QUICK).values(videos, QUICK.readout), videos.mask).mean(0)
        groups = value[:60].view(20, 3)
        return float(groups.std(1).mean() / value.std())

    assert apart([*ranked, *equal]) < apart(ranked)


def test_one_reference_is_enough():
    videos, _ = world(10)
    aligned = align(videos, [Ranked((4, 5, 6), (0, 1, 2))], "pairs", replace(QUICK, steps=5))
    assert aligned.references.ids == (4,)


def test_two_at_a_time_are_refused_where_three_are_needed():
    videos, _ = world(10)
    with pytest.raises(ValueError, match="rank three videos at a time"):
        align(videos, [Ranked((4, 5), (0, 1))], "published", QUICK)
    align(videos, [Ranked((4, 5), (0, 1))], "rlhf", replace(QUICK, steps=2))


def test_a_collapsed_space_is_refused():
    videos, score = world(30)
    with pytest.raises(ValueError, match="has collapsed"):
        align(videos, triplets(score, 10), "pairs", replace(QUICK, steps=2, spread=1.9))


def test_a_diverging_alignment_says_so():
    videos, score = world(30)
    broken = Videos(videos.ids, videos.feature * float("inf"), videos.mask)
    with pytest.raises(FloatingPointError, match="not finite"):
        align(broken, triplets(score, 10), "rlhf", QUICK)


def test_drawn_rankings_differ_by_the_gap_and_begin_with_the_best():
    score = dict(enumerate(np.linspace(0, 1, 50)))
    for ranked in triplets(score, 30, gap=0.1):
        values = [score[e] for e in ranked.episodes]
        assert values == sorted(values, reverse=True)
        assert values[0] >= 0.8
        assert min(a - b for a, b in pairwise(values)) > 0.1
    turned = [Ranked(*each) for each in draw(score, Drawing(40, flip=1.0), np.random.default_rng(0))]
    assert all(score[each.episodes[0]] < score[each.episodes[-1]] for each in turned)


@pytest.mark.parametrize(("score", "how", "told"), [
    ({0: 1.0, 1: 1.0, 2: 1.0}, {}, "too few scores"), ({0: float("nan"), 1: 1.0}, {}, "episode 0 has no finite score"),
])  # fmt: skip
def test_scores_that_cannot_be_ranked_are_refused(score, how, told):
    with pytest.raises(ValueError, match=told):
        draw(score, Drawing(5, **how), np.random.default_rng(0))


def test_rankings_survive_writing(tmp_path):
    write(tmp_path, [((3, 1, 2), (0, 0, 1))], {"by": "me"})
    (found,) = read(tmp_path, {1: 10, 2: 11, 3: 12})
    assert [s.episode for s in found.segments] == [3, 1, 2]
    assert [len(s) for s in found.segments] == [12, 10, 11]
    assert (found.rank, found.by) == ((0, 0, 1), "me")
    with pytest.raises(ValueError, match="ranks episode 2, which"):
        read(tmp_path, {1: 10, 3: 12})
    (tmp_path / "rankings.json").write_text('{"rankings": [')
    with pytest.raises(ValueError, match="holds no rankings"):
        read(tmp_path, {})


@pytest.mark.parametrize(("settings", "told"), [
    ({"members": 0}, "must be >= 1"), ({"smoothing": 0.5}, "smoothing 0.5"),
    ({"sharpness": 0.0}, "must be positive"), ({"held_out": 0.0}, "held_out 0.0"),
])  # fmt: skip
def test_impossible_settings_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        RaplConfig(**settings)
