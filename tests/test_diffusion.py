"""Diffusion policies: samplers, networks, training, saving."""

import json

import numpy as np
import pytest
import torch
from reaching import Memory, final_distance, reaching

from embodied.batches import transitions
from policies import load
from policies.actor import Interface
from policies.denoisers import Shape, Transformer, UNet
from policies.denoising import Steps, kept_signal
from policies.diffusion import Chunks, DiffusionConfig, average_into, fit
from policies.diffusion_policy import DiffusionPolicy

STATE = ("position", "goal")
SMALL = Shape(channels=(16, 32), groups=4, width=32)
SHORT = {"shape": SMALL, "horizon": 8, "executed": 4, "batch": 32, "steps": 20, "log_every": 10, "checkpoint_every": 10}


def gaussian(mean, std, kept):
    """The noise that the best denoiser sees in x at a noise level, of data N(mean, std^2)."""

    def predict(x, step):
        signal, dirt = kept[step].sqrt(), (1 - kept[step]).sqrt()
        return dirt * (x - signal * mean) / (kept[step] * std**2 + 1 - kept[step])

    return predict


@pytest.mark.parametrize(
    ("kind", "count", "slack"), [("ddpm", 1000, 0.006), ("ddim", 1000, 0.006), ("ddim", 100, 0.012)]
)
def test_gaussian_data_come_out_as_they_are(kind, count, slack):
    kept = kept_signal(1000)
    steps = Steps.of(kept, kind, count)
    noise = torch.randn((steps.draws, 10_000, 1, 1), generator=torch.Generator().manual_seed(1))
    predict = gaussian(0.3, 0.2, kept)
    found = steps.run(lambda x, k: predict(x, steps.at[k]), noise)
    assert float(found.mean()) == pytest.approx(0.3, abs=slack)
    assert float(found.std()) == pytest.approx(0.2, abs=slack)


@pytest.mark.parametrize(("kind", "count"), [("ddpm", 100), ("ddpm", 20), ("ddim", 100), ("ddim", 10), ("ddim", 16)])
def test_sampling_is_that_of_diffusers(kind, count):
    schedulers = pytest.importorskip("diffusers.schedulers")
    same = {"num_train_timesteps": 100, "beta_schedule": "squaredcos_cap_v2", "clip_sample": True}
    theirs = schedulers.DDPMScheduler(**same) if kind == "ddpm" else schedulers.DDIMScheduler(**same)
    theirs.set_timesteps(count)
    steps = Steps.of(kept_signal(100), kind, count)
    assert steps.at.tolist() == [int(t) for t in theirs.timesteps]
    net = torch.nn.Linear(3, 3).requires_grad_(False)
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn((steps.draws, 5, 8, 3), generator=generator)
    x = noise[0]
    for k, t in enumerate(theirs.timesteps):
        if kind == "ddpm":

            class Given:
                device = torch.device("cpu")

            from unittest.mock import patch

            with patch("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_, k=k, **__: noise[1 + k]):
                x = theirs.step(net(x), t, x).prev_sample
        else:
            x = theirs.step(net(x), t, x).prev_sample
    mine = steps.run(lambda x, k: net(x), noise)
    torch.testing.assert_close(mine, x, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("channels", "width", "features", "actions", "millions"), [
    ((256, 512, 1024), 256, 40, 2, 65.8), ((512, 1024, 2048), 128, 132, 2, 255.6),
])  # fmt: skip
def test_the_published_networks_have_as_many_parameters_as_published(channels, width, features, actions, millions):
    with torch.device("meta"):
        network = UNet(actions, features, channels, width=width)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, rel=0.02)


def test_the_transformer_is_of_the_published_size():
    with torch.device("meta"):
        network = Transformer(2, 20, 2, 16)
    assert 8e6 < sum(p.numel() for p in network.parameters()) < 10e6


@pytest.mark.parametrize("network", ["unet", "transformer"])
def test_levels_and_observations_apart_are_what_they_are_together(network):
    net = Shape(network=network, channels=(16, 32), groups=4, width=32, layers=2).build(3, 5, 2, 8).eval()
    x, obs = torch.randn(6, 8, 3), torch.randn(6, 2, 5)
    one = net(x, net.levels(torch.tensor([7])), net.seen(obs))
    each = net(x, net.levels(torch.full((6,), 7)), net.seen(obs))
    torch.testing.assert_close(one, each)
    assert not torch.allclose(one, net(x, net.levels(torch.tensor([70])), net.seen(obs)))
    assert not torch.allclose(one, net(x, net.levels(torch.tensor([7])), net.seen(obs + 1)))


def test_an_action_of_the_transformer_does_not_see_later_ones():
    net = Shape(network="transformer", width=32, layers=2).build(3, 5, 1, 8).eval()
    x, obs = torch.randn(1, 8, 3), torch.randn(1, 1, 5)
    changed = x.clone()
    changed[:, 5:] += 1
    before, after = (net(v, net.levels(torch.tensor([7])), net.seen(obs)) for v in (x, changed))
    torch.testing.assert_close(before[:, :5], after[:, :5])


def test_chunks_begin_at_the_first_observed_frame_and_repeat_at_the_ends():
    data = transitions(reaching(2), STATE, "constant")
    face = Interface.of(data, span="min-max")
    chunks = Chunks.of(data, face, 2, 6, about="")
    length = int(data.lengths[0])
    action = face.action.apply(data.action)
    torch.testing.assert_close(chunks.actions[0], action[[0, 0, 1, 2, 3, 4]])
    torch.testing.assert_close(chunks.actions[length - 1], action[[length - 2, *[length - 1] * 5]])
    assert chunks.frames[0].tolist() == [0, 0]
    assert chunks.frames[length].tolist() == [length + 1, length + 1]
    assert float(chunks.inputs[0].abs().max()) <= 1 + 1e-6


def test_the_moving_average_starts_at_the_weights_and_slows_down():
    average, weights = [torch.zeros(1)], [torch.ones(1)]
    average_into(average, weights, 0, 0.75)
    assert float(average[0]) == 1.0
    average, seen = [torch.zeros(1)], 0.0
    average_into(average, weights, 9, 0.75)
    seen = float(average[0])
    assert seen == pytest.approx(10**-0.75)
    average = [torch.zeros(1)]
    average_into(average, weights, 10**7, 0.75)
    assert float(average[0]) == pytest.approx(1e-4, rel=1e-2)


def experts(count):
    """Episodes that head for the goal, of those there are."""
    data = reaching(3 * count)
    return Memory(data.spec, data.obs[::3], data.action[::3], {}, data.terminated[::3])


@pytest.mark.parametrize(
    ("observed", "network"),
    [(1, "unet"), *(pytest.param(*each, marks=pytest.mark.slow) for each in ((2, "unet"), (1, "transformer")))],
)
def test_a_policy_learns_to_reach_and_acts_the_same_once_loaded(tmp_path, observed, network):
    config = DiffusionConfig(
        shape=Shape(network=network, channels=(32, 64), width=32, layers=2), horizon=8, executed=4, observed=observed,
        batch=128, steps=500, learning_rate=2e-3, warm_up=50,
    )  # fmt: skip
    policy = fit(experts(40), "constant", config, tmp_path)
    assert isinstance(policy, DiffusionPolicy)
    assert final_distance(policy) < 0.35
    again = load(tmp_path)
    obs = {name: np.asarray(reaching(1).obs[0][name])[:4] for name in STATE}
    for each in (policy, again):
        each.reset("")
    one = policy.act(obs)
    assert one.shape == ((4, 4, 2) if observed == 1 else (4, 1, 2))
    np.testing.assert_array_equal(one, again.act(obs))


def test_a_row_acts_the_same_whatever_else_is_in_the_batch(tmp_path):
    policy = fit(reaching(4), "constant", DiffusionConfig(**SHORT), tmp_path)
    obs = {name: np.asarray(reaching(3).obs[0][name])[:4] for name in STATE}
    policy.reset("")
    together = policy.act(obs)
    policy.reset("")
    alone = policy.act({name: array[2:3] for name, array in obs.items()})
    np.testing.assert_allclose(together[2:3], alone, atol=1e-5)
    same = {name: np.repeat(array[:1], 2, 0) for name, array in obs.items()}
    same["goal"][1] += 1e-6
    first, second = policy.act(same)
    assert np.abs(first - second).max() > 1e-2, "what is seen a little otherwise draws otherwise"


def test_a_killed_fit_goes_on_to_the_same_weights(tmp_path):
    whole = fit(reaching(4), "constant", DiffusionConfig(**SHORT), tmp_path / "whole")
    half = DiffusionConfig(**SHORT)
    from policies import diffusion

    class Killed(Exception):
        pass

    original = diffusion.DiffusionLearner.update

    def update(self, step):
        if step == 14:
            raise Killed
        return original(self, step)

    diffusion.DiffusionLearner.update = update
    try:
        with pytest.raises(Killed):
            fit(reaching(4), "constant", half, tmp_path / "half")
    finally:
        diffusion.DiffusionLearner.update = original
    resumed = fit(reaching(4), "constant", half, tmp_path / "half")
    for a, b in zip(whole.network.parameters(), resumed.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_a_changed_file_is_refused(tmp_path):
    fit(reaching(2), "constant", DiffusionConfig(**SHORT), tmp_path)
    head = json.loads((tmp_path / "policy.json").read_text())
    (tmp_path / "policy.json").write_text(json.dumps({**head, "sha256": "0"}))
    with pytest.raises(ValueError, match="changed or cut"):
        load(tmp_path)


@pytest.mark.parametrize(("settings", "told"), [
    ({"executed": 16, "observed": 2}, "take a horizon of 17 or more"), ({"sampling_steps": 101}, "take fewer steps"),
    ({"steps": 0}, "must be >= 1"),
])  # fmt: skip
def test_impossible_settings_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        DiffusionConfig(**settings)


def test_a_horizon_that_cannot_be_halved_is_refused():
    with pytest.raises(ValueError, match="take a multiple of 4"):
        Shape().build(2, 4, 1, 10)


def test_nan_observations_are_refused(tmp_path):
    policy = fit(reaching(2), "constant", DiffusionConfig(**SHORT), tmp_path)
    obs = {
        name: np.full((1, *array.shape[1:]), np.nan, np.float32)
        for name, array in reaching(1).obs[0].items()
        if name in STATE
    }
    with pytest.raises(ValueError, match="holds NaN"):
        policy.act(obs)
