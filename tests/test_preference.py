"""Rewards from preferences: identities of the likelihood, and what survives a save, a swap and a kill."""

import numpy as np
import pytest
import torch

from embodied.dataset import load_dataset
from embodied.recorder import create_dataset
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode, Preference, moment
from rewards import bradley_terry, preference
from rewards.bradley_terry import PairData, batches, logits, loss, split, units, updates
from rewards.preference import PreferenceConfig

QUICK = {"members": 1, "epochs": 3, "batch": 32}


EPISODES, STEPS = 12, 9
SPEC = Spec({"state": ArraySpec((2,)), "front": ArraySpec((16, 16, 3), "uint8")}, ArraySpec((1,), low=-1, high=1), 10)
PLACE = np.random.default_rng(0).uniform(0, 1, (EPISODES, STEPS + 1)).astype(np.float32)


def pictures(place):
    """A dot on a dark ground, where it is."""
    frames = np.zeros((len(place), 16, 16, 3), np.uint8)
    for i, column in enumerate(np.minimum((place * 14).astype(int), 14)):
        frames[i, 6:10, column : column + 2] = 255
    return frames


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A dot that moves, seen as a state beside a useless number, and as a picture; progress is where it is."""
    path, rng = tmp_path_factory.mktemp("dot") / "data", np.random.default_rng(1)
    with create_dataset(path, SPEC, task="go right") as recorder:
        for place in PLACE:
            state = np.stack([place, rng.normal(size=len(place)).astype(np.float32)], axis=-1)
            recorder.append(Episode(np.zeros((STEPS, 1), np.float32), {"state": state, "front": pictures(place)}))
    return load_dataset(path)


def questions(n, seed=0):
    """Answered as the dot's place says."""
    rng = np.random.default_rng(seed)
    sides = rng.integers(0, [EPISODES, STEPS + 1] * 2, (n, 4)).tolist()
    return [
        Preference(moment(e, t), moment(f, u), float(PLACE[e, t] > PLACE[f, u]))
        for e, t, f, u in sides
        if (e, t) != (f, u)
    ]


def order(reward, data):
    """Rank correlation of the fitted value with the truth."""
    from scipy.stats import spearmanr

    value = np.concatenate([reward.value(reward.inputs(e)) for e in data])
    return spearmanr(value, PLACE.ravel()).statistic


def test_a_reward_over_states_orders_what_was_preferred(data):
    fitted = bradley_terry.fit(data, questions(300), PreferenceConfig(inputs=("state",), members=2, epochs=20))
    assert order(fitted, data) > 0.95


def test_a_reward_over_pixels_orders_what_was_preferred(data):
    config = PreferenceConfig(members=1, epochs=20, size=16, shift=0, batch=32)
    assert order(bradley_terry.fit(data, questions(300), config), data) > 0.9


def test_a_reward_that_reads_the_state_first_sees_only_pixels_afterwards(data):
    config = PreferenceConfig(reads=("state",), members=1, epochs=20, reading_epochs=60, size=16, batch=32)
    fitted = bradley_terry.fit(data, questions(300), config)
    assert order(fitted, data) > 0.9
    blind = Episode(np.zeros((9, 1), np.float32), {"front": pictures(PLACE[0])}, id=0)
    assert fitted(blind).shape == (9,)


def test_swapping_every_pair_learns_the_same_reward(data):
    asked, config = questions(100), PreferenceConfig(inputs=("state",), **QUICK)
    one = bradley_terry.fit(data, asked, config)
    other = bradley_terry.fit(data, [p.swapped() for p in asked], config)
    for episode in data:
        np.testing.assert_allclose(one(episode), other(episode), atol=1e-4)  # rounding, over all updates


def test_a_saved_reward_judges_the_same(data, tmp_path):
    for config in (
        PreferenceConfig(inputs=("state",), **QUICK),
        PreferenceConfig(size=16, **QUICK),
        PreferenceConfig(reads=("state",), reading_epochs=1, size=16, **QUICK),
    ):
        out = tmp_path / repr(hash(config))
        fitted = bradley_terry.fit(data, questions(60), config, out)
        episode = data.episode(4)
        np.testing.assert_array_equal(fitted(episode), preference.load(out)(episode))
        assert sorted(p.name for p in out.iterdir()) == ["reward.json", "reward.safetensors"]


def test_a_fit_that_was_killed_between_members_ends_as_if_it_was_not(data, tmp_path, monkeypatch):
    asked, config = questions(60), PreferenceConfig(inputs=("state",), members=3, epochs=2)
    whole = bradley_terry.fit(data, asked, config)
    real, seen = bradley_terry.fit_member, []

    def killed(*arguments):
        if len(seen) == 1:
            raise KeyboardInterrupt
        seen.append(1)
        return real(*arguments)

    monkeypatch.setattr(bradley_terry, "fit_member", killed)
    with pytest.raises(KeyboardInterrupt):
        bradley_terry.fit(data, asked, config, tmp_path)
    monkeypatch.setattr(bradley_terry, "fit_member", real)
    resumed = bradley_terry.fit(data, asked, config, tmp_path)
    np.testing.assert_array_equal(whole(data.episode(3)), resumed(data.episode(3)))


def test_the_frame_after_the_action_is_judged(data):
    fitted = bradley_terry.fit(data, questions(60), PreferenceConfig(inputs=("state",), smooth=1, exponent=0, **QUICK))
    episode = data.episode(3)
    value = fitted.value(fitted.inputs(episode))
    np.testing.assert_allclose(np.argsort(fitted(episode)), np.argsort(value[1:]))


def test_reward_is_standardised_over_the_data(data):
    fitted = bradley_terry.fit(data, questions(60), PreferenceConfig(inputs=("state",), **QUICK))
    reward = np.concatenate([fitted(e) for e in data])
    assert abs(reward.mean()) < 0.05
    assert reward.std() == pytest.approx(1, abs=0.05)


def table(left, right, p_left, frames=6):
    return PairData(
        torch.arange(frames, dtype=torch.float32)[:, None],
        np.array(left),
        np.array(right),
        np.array(p_left, np.float32),
        np.ones(len(p_left), np.float32),
    )


def test_a_segment_is_worth_the_sum_of_its_frames():
    data = table([[1, 2]], [[5, -1]], [1.0])
    found = logits(lambda f: f.squeeze(-1), data, (np.array([0]), np.array([1, 2, 5])), torch.device("cpu"))
    assert found.tolist() == [1 + 2 - 5]


def test_the_loss_of_a_tie_is_least_where_both_are_worth_the_same():
    data = table([[0]], [[1]], [0.5])
    at = [float(loss(torch.tensor([x]), data, np.array([0]))) for x in (-1.0, 0.0, 1.0)]
    assert at[1] == pytest.approx(np.log(2), abs=1e-6)
    assert at[0] == pytest.approx(at[2])
    assert at[1] < at[0]


def test_frames_that_are_shared_are_encoded_once():
    data = table([[0], [0], [3]], [[1], [2], [4]], [1.0, 1.0, 1.0])
    parts = units(data, batch=16)
    assert sorted(len(frames) for _, frames in parts) == [2, 3]
    (pairs, frames), *rest = batches(parts, 16, None)
    assert not rest
    assert sorted(pairs) == [0, 1, 2]
    assert list(frames) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(8))
def test_uneven_units_never_make_more_batches_than_the_schedule_has_steps(seed):
    sizes = [15, 16] * 40  # in this order each pair of them makes one batch of at least 16; in others 16 do alone
    parts, at = [], 0
    for size in sizes:
        parts.append((np.arange(1), np.arange(at, at + size)))
        at += size
    rng = np.random.default_rng(seed)
    made = sum(len(batches(parts, 16, rng)) for _ in range(3))
    assert made > 3 * (len(batches(parts, 16, None)) + 1)
    assert updates(parts, 16, 3, seed) == made


def test_held_out_pairs_share_no_frame_with_training():
    rng = np.random.default_rng(0)
    left = rng.permutation(100)[:80].reshape(-1, 1)
    data = table(left[:40], left[40:], np.ones(40), frames=100)
    train, test = split(data, PreferenceConfig(held_out=0.25), rng)
    seen = {int(f) for _, frames in train for f in frames}
    assert not seen & {int(f) for _, frames in test for f in frames}
    assert 10 <= sum(len(p) for p, _ in test) <= 12


def test_ties_alone_teach_nothing(data):
    ties = [Preference(moment(3, 0), moment(4, t), 0.5) for t in range(5)]
    with pytest.raises(ValueError, match="cannot be fitted to ties and abstentions"):
        bradley_terry.fit(data, ties)


def test_an_input_that_is_not_there_is_named(data):
    with pytest.raises(ValueError, match="no observation 'wrist'; it offers"):
        bradley_terry.fit(data, questions(10), PreferenceConfig(inputs=("wrist",)))
    with pytest.raises(ValueError, match="'state' is no picture"):
        bradley_terry.fit(data, questions(10), PreferenceConfig(inputs=("state",), reads=("state",)))


def test_a_reward_of_a_newer_version_is_refused(data, tmp_path):
    bradley_terry.fit(data, questions(30), PreferenceConfig(inputs=("state",), **QUICK), tmp_path)
    path = tmp_path / "reward.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 9'))
    with pytest.raises(ValueError, match="schema version 9"):
        preference.load(tmp_path)
    with pytest.raises(ValueError, match="holds no finished reward"):
        preference.load(tmp_path / "nothing")
