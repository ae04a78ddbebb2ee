"""Intervals: identities, and how often they hold the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embodied.statistics import (
    Estimate,
    bootstrap,
    interquartile_mean,
    mean,
    paired_difference,
    probability_of_improvement,
    wilson,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_equal_scores_have_an_interval_of_no_width():
    found = bootstrap(np.full((4, 9), 0.3), rng())
    np.testing.assert_allclose([found.value, found.low, found.high], 0.3)


def test_a_method_differs_from_itself_by_nothing():
    scores = rng(1).random((5, 30))
    found = paired_difference(scores, scores, rng())
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert not found.excludes_zero


def test_a_constant_advantage_is_certain_however_much_the_starts_vary():
    scores = 10 * rng(1).normal(size=(5, 30))
    found = paired_difference(scores + 0.5, scores, rng())
    np.testing.assert_allclose([found.value, found.low, found.high], 0.5)
    assert found.excludes_zero


def test_swapping_the_sides_mirrors_the_difference():
    a, b = rng(1).random((4, 20)), rng(2).random((4, 20))
    one, other = paired_difference(a, b, rng()), paired_difference(b, a, rng())
    np.testing.assert_allclose([one.value, one.low, one.high], [-other.value, -other.high, -other.low], atol=1e-12)


def test_pairing_is_narrower_than_not_pairing_when_starts_are_shared():
    r = rng(3)
    start = r.normal(size=(5, 100))
    a, b = start + 0.1 * r.normal(size=(5, 100)), start + 0.1 * r.normal(size=(5, 100))
    paired = paired_difference(a, b, rng())
    shuffled = paired_difference(a, r.permuted(b, axis=1), rng())
    assert paired.high - paired.low < (shuffled.high - shuffled.low) / 3


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(0.7, 0.623, 0.781), "0.70 [0.62, 0.78]"),
        (Estimate(1234.5, 1100.2, 1400.7), "1234 [1100, 1401]"),
        (Estimate(-0.00312, -0.0041, -0.0021), "-0.0031 [-0.0041, -0.0021]"),
        (Estimate(0.5, 0.5, 0.5), "0.50 [0.50, 0.50]"),
        (Estimate(0, 0, 0), "0 [0, 0]"),
    ],
)
def test_an_estimate_shows_the_digits_that_its_interval_supports(estimate, text):
    assert str(estimate) == text


def test_the_order_of_runs_and_episodes_does_not_matter():
    scores = rng(1).random((6, 40))
    mixed = rng(2).permutation(rng(3).permutation(scores, axis=0), axis=1)
    one, other = bootstrap(scores, rng(), n=20_000), bootstrap(mixed, rng(), n=20_000)
    np.testing.assert_allclose([one.value, one.low, one.high], [other.value, other.low, other.high], atol=0.005)


def test_the_same_generator_gives_the_same_interval():
    scores = rng(1).random((3, 10))
    assert bootstrap(scores, rng(7)) == bootstrap(scores, rng(7))


def test_the_mean_of_a_vector_is_that_of_a_single_run():
    scores, other = rng(1).random(25), rng(2).random(25)
    assert bootstrap(scores, rng()) == bootstrap(scores[None], rng())
    assert paired_difference(scores, other, rng()) == paired_difference(scores[None], other[None], rng())


def test_the_interquartile_mean_of_a_vector_is_over_its_entries():
    scores = np.r_[rng(1).random(40), 1e3]
    found = bootstrap(scores, rng(), statistic=interquartile_mean)
    assert found.value == interquartile_mean(scores)
    assert found.low < found.value < found.high < 1


def test_strata_keep_their_share_in_every_draw():
    labels = np.repeat([0, 1], [5, 15])
    easy_or_hard = np.tile(labels.astype(float), (3, 1))
    stratified = bootstrap(easy_or_hard, rng(), strata=labels)
    np.testing.assert_allclose([stratified.low, stratified.high], 0.75)
    free = bootstrap(easy_or_hard, rng())
    assert free.low < 0.75 < free.high


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_the_interquartile_mean_lies_between_the_quartiles_and_ignores_outliers(values):
    x = np.sort(np.array(values))
    cut = len(x) // 4
    assert x[cut] - 1e-9 <= interquartile_mean(x) <= x[len(x) - cut - 1] + 1e-9
    if cut:
        np.testing.assert_allclose(interquartile_mean(np.r_[x[:-1], 1e6]), interquartile_mean(x), atol=1e-9)


def test_the_interquartile_mean_agrees_with_scipy():
    from scipy.stats import trim_mean

    x = rng(1).normal(size=(3, 7, 21))
    np.testing.assert_allclose(interquartile_mean(x), trim_mean(x, 0.25, axis=-1))
    np.testing.assert_allclose(mean(x), x.mean(-1))


def test_improvement_is_half_against_itself_and_one_when_always_better():
    scores = rng(1).random(9)
    assert probability_of_improvement(scores, scores, rng()).value == 0.5
    sure = probability_of_improvement(scores + 2, scores, rng())
    assert (sure.value, sure.low, sure.high) == (1, 1, 1)


def test_improvement_agrees_with_mann_whitney():
    from scipy.stats import mannwhitneyu

    a, b = rng(1).integers(0, 5, 12), rng(2).integers(0, 5, 9)
    found = probability_of_improvement(a, b, rng(), n=100)
    np.testing.assert_allclose(found.value, mannwhitneyu(a, b).statistic / (12 * 9))


@given(st.integers(0, 60), st.integers(1, 60))
def test_wilson_holds_the_rate_stays_within_0_and_1_and_mirrors(successes, trials):
    successes = min(successes, trials)
    found, mirrored = wilson(successes, trials), wilson(trials - successes, trials)
    assert 0 <= found.low <= found.value <= found.high <= 1
    np.testing.assert_allclose([found.low, found.high], [1 - mirrored.high, 1 - mirrored.low], atol=1e-12)


def test_wilson_agrees_with_scipy():
    from scipy.stats import binomtest

    found = wilson(13, 20)
    known = binomtest(13, 20).proportion_ci(0.95, "wilson")
    np.testing.assert_allclose([found.low, found.high], [known.low, known.high])


def coverage(runs, episodes, spread, trials=300, n=400):
    """How often the 95 % interval of a difference holds the truth (0.1) when runs differ by `spread`."""
    r, hits = rng(5), 0
    for _ in range(trials):
        advantage = 0.1 + spread * r.normal(size=(runs, 1)) + 0.5 * r.normal(size=(runs, episodes))
        found = paired_difference(advantage, np.zeros_like(advantage), r, n)
        hits += found.low <= 0.1 <= found.high
    return hits / trials


def test_intervals_of_many_runs_hold_the_truth_as_often_as_they_say():
    assert 0.91 <= coverage(runs=20, episodes=20, spread=0.3) <= 0.985


def test_intervals_hold_the_truth_when_only_episodes_vary():
    assert coverage(runs=5, episodes=30, spread=0.0) >= 0.93


def test_five_runs_that_differ_much_are_too_few_for_a_percentile_interval():
    assert 0.78 <= coverage(runs=5, episodes=30, spread=0.5) <= 0.93


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bootstrap(np.zeros((0, 3)), rng()), "at least one of each"),
        (lambda: bootstrap([[0.0, np.nan]], rng()), r"nan at index \(0, 1\)"),
        (lambda: bootstrap([0.0], rng(), level=95.0), "level is 95"),
        (lambda: bootstrap([0.0, 1.0], rng(), strata=[0]), "one label per episode"),
        (lambda: paired_difference(np.zeros((2, 3)), np.zeros((2, 4)), rng()), "same runs and episodes"),
        (lambda: wilson(3, 2), "3 successes of 2 trials"),
        (lambda: wilson(0, 0), "0 successes of 0 trials"),
    ],
)
def test_scores_that_mean_nothing_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
