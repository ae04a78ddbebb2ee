"""Aligning a diffusion policy with preferences between its episodes."""

import json

import numpy as np
import pytest
import torch
from reaching import Memory, final_distance, reaching

from embodied.batches import CONSTANT
from policies import alignment, diffusion, load
from policies.denoisers import Shape
from policies.finetune import Aligner, EpisodePair, finetune, standings
from policies.finetune_config import METHODS, FinetuneConfig

SHORT = {"steps": 20, "batch": 4, "check_every": 10, "log_every": 10, "checkpoint_every": 10}


def both(count, seed=0):
    """Episodes that head for the goal (even ids' places) and away from it (odd), in turn."""
    data = reaching(3 * count, seed)
    keep = [i for i in range(3 * count) if i % 3 < 2]
    rows = {name: tuple(getattr(data, name)[i] for i in keep) for name in ("obs", "action")}
    return Memory(data.spec, rows["obs"], rows["action"], {}, np.zeros(len(keep), bool))


def pairs(data, count, seed=0):
    """Heading for the goal is preferred to heading away."""
    rng = np.random.default_rng(seed)
    good, bad = data.ids[::2], data.ids[1::2]
    return [EpisodePair(int(rng.choice(good)), int(rng.choice(bad))) for _ in range(count)]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A policy that heads for the goal or away from it, as it may be."""
    folder = tmp_path_factory.mktemp("base")
    config = diffusion.DiffusionConfig(
        shape=Shape(channels=(16, 32), groups=4, width=32), horizon=8, executed=4, batch=64, steps=400,
        learning_rate=3e-3, warm_up=20, sampling_steps=5,
    )  # fmt: skip
    diffusion.fit(both(40), CONSTANT, config, folder)
    return folder


def test_a_preference_is_that_the_winners_error_falls_more():
    margin, weight = torch.tensor([-0.5, 0.5]), torch.ones(2)
    loss = alignment.preferred(margin.requires_grad_(), weight, 2.0, 0.1)
    loss.backward()
    assert (margin.grad > 0).all()
    swapped = alignment.preferred(-margin.detach(), weight, 2.0, 0.9)
    torch.testing.assert_close(swapped, loss.detach())
    assert alignment.accuracy(torch.tensor([-1.0, 1.0, 0.0, -1.0])) == pytest.approx(0.625)


def test_scores_weigh_by_their_exponential_and_are_1_on_average():
    weight = alignment.weights_of_scores(torch.tensor([0.0, 1.0, 2.0]), 1.0)
    assert float(weight.mean()) == pytest.approx(1.0)
    assert float(weight[2] / weight[1]) == pytest.approx(float(weight[1] / weight[0]))


def test_kto_wants_good_episodes_errors_down_and_bad_ones_up():
    change = torch.zeros(2, requires_grad=True)
    alignment.liked(change, torch.tensor([1.0, -1.0]), torch.ones(2), 3.0).backward()
    assert change.grad[0] > 0 > change.grad[1]


def test_standings_are_shares_of_wins():
    found = standings([EpisodePair(1, 2), EpisodePair(1, 3), EpisodePair(2, 3)])
    assert found[1] > found[2] > found[3]
    assert found[2] == pytest.approx(0.5)


@pytest.mark.parametrize(
    "method", ["anchored", *(pytest.param(m, marks=pytest.mark.slow) for m in METHODS if m != "anchored")]
)
def test_aligned_it_heads_for_the_goal(base, tmp_path, method):
    data = both(30, seed=4)
    config = FinetuneConfig(method=method, steps=150, learning_rate=1e-3, batch=8, check_every=50, drift=0, patience=0)
    aligned = finetune(base, data, pairs(data, 40), config, tmp_path, seed=1)
    before, after = final_distance(load(base)), final_distance(aligned)
    assert after < before - 0.1, (before, after)
    again = load(tmp_path)
    obs = {name: np.asarray(data.obs[0][name])[:3] for name in ("position", "goal")}
    for each in (aligned, again):
        each.reset("")
    np.testing.assert_array_equal(aligned.act(obs), again.act(obs))


@pytest.mark.slow
def test_without_the_anchor_winners_drift_and_with_it_they_do_not(base, tmp_path):
    data = both(30, seed=4)
    drift = {}
    for method in ("anchored", "dpo"):
        config = FinetuneConfig(
            method=method, steps=400, learning_rate=5e-4, batch=16, check_every=100, drift=0, patience=0
        )
        finetune(base, data, pairs(data, 40), config, tmp_path / method)
        looks = json.loads((tmp_path / method / "policy.json").read_text())["trained"]["looks"]
        drift[method] = looks[-1]["winner drift"]
    assert drift["anchored"] <= 1.05
    assert drift["dpo"] > drift["anchored"]


@pytest.mark.slow
def test_drift_stops_it_and_what_was_best_is_kept(base, tmp_path):
    data = both(20, seed=4)
    config = FinetuneConfig(method="dpo", steps=400, learning_rate=2e-3, batch=16, check_every=20, drift=1.001)
    finetune(base, data, pairs(data, 20), config, tmp_path)
    told = json.loads((tmp_path / "policy.json").read_text())["trained"]
    assert told["stopped"]
    assert told["last update"] < 400


def test_the_policy_before_has_no_margin_and_no_drift(base):
    data = both(10)
    aligner = Aligner(load(base), data, pairs(data, 12), FinetuneConfig(**SHORT))
    found = aligner.measured(load(base).network)
    assert found["margin"] == pytest.approx(0.0, abs=1e-3)
    assert found["winner drift"] == pytest.approx(1.0, abs=1e-4)


def test_a_killed_alignment_goes_on_to_the_same_weights(base, tmp_path, monkeypatch):
    data, config = both(10), FinetuneConfig(**SHORT)
    whole = finetune(base, data, pairs(data, 12), config, tmp_path / "whole")
    original = Aligner.update

    def killed(self, step):
        if step == 14:
            raise KeyboardInterrupt
        return original(self, step)

    monkeypatch.setattr(Aligner, "update", killed)
    with pytest.raises(KeyboardInterrupt):
        finetune(base, data, pairs(data, 12), config, tmp_path / "half")
    monkeypatch.setattr(Aligner, "update", original)
    resumed = finetune(base, data, pairs(data, 12), config, tmp_path / "half")
    for a, b in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize(("wrong", "told"), [
    ([], "no pair to learn from"), ([EpisodePair(10, 11)], r"pairs name the episodes \[11\]"),
])  # fmt: skip
def test_pairs_that_cannot_teach_are_refused(base, tmp_path, wrong, told):
    with pytest.raises(ValueError, match=told):
        finetune(base, both(4), wrong, FinetuneConfig(**SHORT), tmp_path)


def test_a_pair_names_two_episodes():
    with pytest.raises(ValueError, match="preferred to itself"):
        EpisodePair(3, 3)


@pytest.mark.parametrize(("settings", "told"), [
    ({"smoothing": 0.5}, "would say nothing"), ({"drift": 0.9}, "lies above"),
    ({"steps": 0}, "must be >= 1"), ({"held_out": 1.0}, r"lie in \[0, 1\)"),
])  # fmt: skip
def test_impossible_settings_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        FinetuneConfig(**settings)
