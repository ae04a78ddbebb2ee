"""Behaviour cloning and its filtered form."""

import numpy as np
import pytest
import torch
from reaching import HORIZON, final_distance, reaching

from embodied.batches import transitions
from policies import bc
from policies.bc import BCConfig, FilteredBCConfig, best_episodes, gaussian_nll

STATE = ("position", "goal")
SHORT = {"hidden": (16,), "batch": 32, "steps": 30, "log_every": 10, "checkpoint_every": 20}


def test_the_loss_is_the_gaussians_negative_log_likelihood():
    generator = torch.Generator().manual_seed(0)
    error, log_std = torch.randn(50, 3, generator=generator), torch.randn(1, 3, generator=generator)
    normal = torch.distributions.Normal(torch.zeros(3), log_std.exp())
    torch.testing.assert_close(gaussian_nll(error, log_std), -normal.log_prob(error).sum(-1, keepdim=True))


def test_the_best_episodes_are_those_with_the_largest_sums():
    data = reaching(20)
    made = transitions(data, STATE, "recorded")
    sums = {int(i): data.reward["recorded"][int(i)].sum() for i in data.ids}
    best = sorted(sorted(sums, key=sums.__getitem__, reverse=True)[:5])
    assert list(best_episodes(made, 0.25).ids) == best
    assert len(best_episodes(made, 0.001).ids) == 1
    assert best_episodes(made, 1.0).ids == made.ids


def test_of_equal_episodes_the_earlier_is_kept():
    data = reaching(4)
    equal = data.with_column("equal", {int(i): np.ones(HORIZON, np.float32) for i in data.ids})
    assert best_episodes(transitions(equal, STATE, "equal"), 0.5).ids == (10, 13)


@pytest.mark.parametrize("loss", ["nll", "mse"])
def test_cloning_experts_reaches_the_goal(tmp_path, loss):
    config = FilteredBCConfig(
        hidden=(32, 32), batch=128, steps=500, learning_rate=3e-3, top=0.3, loss="nll" if loss == "nll" else "mse"
    )
    assert final_distance(bc.fit_filtered(reaching(90), "recorded", config, tmp_path)) < 0.3


def test_cloning_does_not_look_at_the_reward(tmp_path):
    data = reaching(6)
    one = bc.fit(data, "recorded", BCConfig(**SHORT), tmp_path / "one")
    other = bc.fit(data, "constant", BCConfig(**SHORT), tmp_path / "other")
    obs = {name: data.obs[0][name] for name in STATE}
    np.testing.assert_array_equal(one.act(obs), other.act(obs))


def test_filtering_by_a_constant_reward_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a constant one ranks none; use bc"):
        bc.fit_filtered(reaching(3), "constant", FilteredBCConfig(**SHORT), tmp_path)


def test_the_filtered_data_is_normalised_like_all_of_it(tmp_path):
    data = reaching(9)
    some = bc.fit_filtered(data, "recorded", FilteredBCConfig(**SHORT, top=0.2), tmp_path / "some")
    every = bc.fit(data, "recorded", BCConfig(**SHORT), tmp_path / "every")
    assert torch.equal(some.interface.state.offset, every.interface.state.offset)


def test_pictures_are_cloned(tmp_path):
    data = reaching(4, camera=16)
    config = BCConfig(obs=("front", "goal"), size=8, hidden=(16,), batch=8, steps=3)
    policy = bc.fit(data, "recorded", config, tmp_path)
    assert policy.act({"front": data.obs[0]["front"], "goal": data.obs[0]["goal"]}).shape == (HORIZON + 1, 1, 2)


@pytest.mark.parametrize(
    ("config", "wrong", "words"),
    [
        (BCConfig, {"learning_rate": 0.0}, "learning_rate is 0.0"),
        (BCConfig, {"batch": 0}, "must be >= 1"),
        (FilteredBCConfig, {"top": 0.0}, "top is 0.0"),
        (FilteredBCConfig, {"top": 1.5}, "top is 1.5"),
    ],
)
def test_a_config_that_cannot_work_is_refused(config, wrong, words):
    with pytest.raises(ValueError, match=words):
        config(**wrong)
