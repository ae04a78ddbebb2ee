"""Normalisers, transitions, windows and the sampler."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reaching import HORIZON, draw, reaching

from embodied.batches import Normaliser, Sampler, device_of, small, transitions, windows

STATE = ("position", "goal")
tables = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.integers(1, 4)),
    elements=st.floats(-1e4, 1e4, width=32),
)


@settings(deadline=None, max_examples=60)
@given(table=tables, mode=st.sampled_from(["mean-std", "min-max"]))
def test_invert_undoes_apply(table, mode):
    rows = torch.tensor(table)
    normaliser = Normaliser.from_data(table, mode)
    size = float(rows.abs().max()) + 1
    torch.testing.assert_close(normaliser.invert(normaliser.apply(rows)), rows, rtol=0, atol=2e-6 * size)


@settings(deadline=None, max_examples=60)
@given(table=tables)
def test_min_max_maps_onto_minus_one_to_one(table):
    rows = torch.tensor(table)
    there = Normaliser.from_data(rows, "min-max").apply(rows)
    assert there.abs().max() <= 1 + 1e-3
    wide = (rows.amax(0) - rows.amin(0)) > 1e-2 * (1 + rows.abs().amax(0))
    torch.testing.assert_close(there.amax(0)[wide], torch.ones(int(wide.sum())), rtol=0, atol=1e-3)


@given(value=st.floats(-1e6, 1e6, width=32), mode=st.sampled_from(["mean-std", "min-max"]))
@settings(deadline=None, max_examples=30)
def test_a_dimension_that_never_changes_is_only_shifted(value, mode):
    normaliser = Normaliser.from_data(np.full((7, 1), value, np.float32), mode)
    assert normaliser.scale.item() == 1
    assert normaliser.apply(torch.tensor([[value]])).abs().item() <= 1e-6 * abs(value)


def test_mean_std_gives_mean_zero_and_deviation_one():
    rows = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 10.0, 0.01]) + 5
    there = Normaliser.from_data(rows).apply(rows)
    torch.testing.assert_close(there.mean(0), torch.zeros(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(there.std(0, correction=0), torch.ones(3), rtol=1e-3, atol=0)


def test_a_normaliser_survives_its_tensors():
    normaliser = Normaliser.from_data(np.arange(12, dtype=np.float32).reshape(4, 3))
    again = Normaliser.from_tensors(normaliser.tensors())
    assert torch.equal(again.offset, normaliser.offset)
    assert torch.equal(again.scale, normaliser.scale)


def test_a_normaliser_refuses_what_it_cannot_be():
    with pytest.raises(ValueError, match="no rows"):
        Normaliser.from_data(np.zeros((0, 2), np.float32))
    with pytest.raises(ValueError, match="both finite, scale > 0"):
        Normaliser(torch.zeros(1), torch.zeros(1))
    with pytest.raises(ValueError, match="both finite"):
        Normaliser.from_data(np.array([[np.nan]], np.float32))


def test_a_transition_is_a_frame_the_next_frame_and_the_reward_for_the_next():
    data = reaching(5)
    made = transitions(data, STATE, "recorded")
    assert len(made) == 5 * HORIZON
    for number in (0, HORIZON - 1, HORIZON, 3 * HORIZON + 7):
        episode, t = divmod(number, HORIZON)
        frame = int(made.at[number])
        np.testing.assert_array_equal(made.obs["position"][frame], data.obs[episode]["position"][t])
        np.testing.assert_array_equal(made.obs["position"][frame + 1], data.obs[episode]["position"][t + 1])
        np.testing.assert_array_equal(made.action[number], data.action[episode][t])
        assert made.reward[number] == data.reward["recorded"][int(data.ids[episode])][t]
        assert made.episode[number] == episode


def test_truncation_is_not_termination():
    data = reaching(4)
    assert transitions(data, STATE, "recorded").terminal.sum() == 0
    data.terminated[2] = True
    terminal = transitions(data, STATE, "recorded").terminal
    assert torch.nonzero(terminal).flatten().tolist() == [3 * HORIZON - 1]


def test_uncovered_episodes_are_left_out_and_that_is_said(caplog):
    data = reaching(6)
    some = {int(i): data.reward["recorded"][int(i)] for i in data.ids[[1, 4]]}
    with caplog.at_level(logging.WARNING):
        made = transitions(data.with_column("prefs", some), STATE, "prefs")
    assert "does not cover 4 of 6 episodes" in caplog.text
    assert made.ids == (13, 22)
    assert made.dropped == (10, 16, 19, 25)
    np.testing.assert_array_equal(made.action, np.concatenate([data.action[1], data.action[4]]))
    goals = [data.obs[1]["goal"][0], data.obs[4]["goal"][0]]
    np.testing.assert_array_equal(made.obs["goal"][made.at], np.repeat(goals, HORIZON, 0))


def test_a_column_that_covers_nothing_is_refused():
    with pytest.raises(ValueError, match="covers none of the 3 episodes"):
        transitions(reaching(3).with_column("prefs", {}), STATE, "prefs")


def test_the_constant_reward_covers_everything_and_says_nothing():
    made = transitions(reaching(3), STATE, "constant")
    assert len(made.ids) == 3
    assert not made.reward.any()


@pytest.mark.parametrize("what", ["position", "action", "recorded"])
def test_a_value_that_is_not_finite_is_named(what):
    data = reaching(4)
    arrays = {"position": data.obs[2]["position"], "action": data.action[2], "recorded": data.reward["recorded"][16]}
    arrays[what][5] = np.nan
    with pytest.raises(ValueError, match=f"{what}.* of episode 16 at (step|frame) 5"):
        transitions(data, STATE, "recorded")


def test_unknown_names_are_refused_by_name():
    with pytest.raises(ValueError, match="no observation 'joints'"):
        transitions(reaching(2), ("joints",), "recorded")
    with pytest.raises(KeyError, match="no reward column 'prefs'"):
        transitions(reaching(2), STATE, "prefs")


def test_returns_are_sums_over_episodes_and_keep_takes_whole_episodes():
    data = reaching(5)
    made = transitions(data, STATE, "recorded")
    sums = [data.reward["recorded"][int(i)].sum() for i in data.ids]
    np.testing.assert_allclose(made.returns(), sums, rtol=1e-5)
    kept = made.keep(torch.tensor([False, True, False, True, False]))
    assert kept.ids == (13, 19)
    np.testing.assert_allclose(kept.returns(), [sums[1], sums[3]], rtol=1e-5)
    assert kept.at.tolist() == made.at[(made.episode == 1) | (made.episode == 3)].tolist()


def test_pictures_stay_bytes_and_may_shrink():
    data = reaching(2, camera=16)
    made = transitions(data, ("front",), "recorded")
    assert made.obs["front"].dtype == torch.uint8
    np.testing.assert_array_equal(made.obs["front"][HORIZON + 1], data.obs[1]["front"][0])
    assert transitions(data, ("front",), "recorded", size=8).obs["front"].shape == (2 * (HORIZON + 1), 8, 8, 3)


def test_too_many_pictures_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"camera 'front' take .* GiB .* give a smaller size"):
        transitions(reaching(2, camera=16), ("front",), "recorded", picture_bytes=1000)


def test_averaging_down_keeps_the_mean():
    picture = torch.tensor(draw(np.zeros(2), np.ones(2), 16))[None]
    assert abs(small(picture, 8).float().mean() - picture.float().mean()) < 1
    assert small(picture, 16) is picture


@settings(deadline=None, max_examples=60)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5), horizon=st.integers(1, 6), before=st.integers(0, 3))
def test_windows_stay_in_their_episode_and_masks_mark_the_padding(lengths, horizon, before):
    made = windows(torch.tensor(lengths), horizon, before)
    episode = np.repeat(np.arange(len(lengths)), lengths)
    for t, (index, mask) in enumerate(zip(made.index.numpy(), made.mask.numpy(), strict=True)):
        assert (episode[index] == episode[t]).all()
        wanted = np.arange(t - before, t + horizon)
        inside = (wanted >= 0) & (wanted < len(episode)) & (episode[np.clip(wanted, 0, len(episode) - 1)] == episode[t])
        np.testing.assert_array_equal(mask, inside)
        np.testing.assert_array_equal(index[mask], wanted[inside])
        assert index[before] == t


def test_an_empty_window_is_refused():
    with pytest.raises(ValueError, match="horizon >= 1"):
        windows(torch.tensor([3]), 0)


def test_the_rows_of_a_step_depend_on_seed_and_step_alone():
    one, other = Sampler(100, 8, seed=3), Sampler(100, 8, seed=3)
    forward = [one.at(step) for step in range(600)]
    for step in (599, 0, 256, 255, 257):
        assert torch.equal(other.at(step), forward[step])
    assert not torch.equal(Sampler(100, 8, seed=4).at(0), forward[0])


def test_every_row_is_drawn_about_equally_often():
    sampler = Sampler(10, 50, seed=0)
    counts = torch.bincount(torch.cat([sampler.at(step) for step in range(400)]), minlength=10)
    assert counts.min() > 0.9 * counts.max()


def test_auto_is_the_gpu_where_there_is_one():
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device_of("cpu").type == "cpu"


def test_a_data_set_on_disk_gives_the_same_transitions(tmp_path):
    from embodied.dataset import create_dataset, load_dataset
    from embodied.types import Episode

    data = reaching(3, camera=16)
    with create_dataset(tmp_path / "data", data.spec, task="reach the goal") as recorder:
        for number, (obs, action) in enumerate(zip(data.obs, data.action, strict=True)):
            reward = data.reward["recorded"][int(data.ids[number])]
            recorder.append(Episode(action, obs, {"recorded": reward}, terminated=number == 1, truncated=number != 1))
    data.terminated[1] = True
    made = transitions(data, (*STATE, "front"), "recorded")
    read = transitions(load_dataset(tmp_path / "data"), (*STATE, "front"), "recorded")
    for name in made.obs:
        assert torch.equal(made.obs[name], read.obs[name]), name
    for name in ("at", "action", "reward", "terminal", "lengths"):
        assert torch.equal(getattr(made, name), getattr(read, name)), name
    assert read.spec.differences(made.spec) == []
