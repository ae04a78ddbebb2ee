"""The best of several chunks."""

import numpy as np
import pytest
import torch
from reaching import HORIZON, SPEED, reaching

from embodied.batches import CONSTANT
from policies import best_of, diffusion, load
from policies.best_of import BestOfConfig, expectile_error
from policies.denoisers import Shape


def reached(policy, starts=200):
    """The mean distance to the goal after an episode of whole chunks."""
    rng = np.random.default_rng(5)
    goal, position = rng.uniform(-1, 1, (2, starts, 2)).astype(np.float32)
    policy.reset("")
    for _ in range(HORIZON // 4):
        for action in policy.act({"position": position, "goal": goal}).swapaxes(0, 1):
            position = np.clip(position + SPEED * action, -1, 1).astype(np.float32)
    return float(np.linalg.norm(position - goal, axis=1).mean())


def test_an_expectile_of_a_half_is_half_the_squared_error():
    gap = torch.tensor([-2.0, 0.5, 3.0])
    torch.testing.assert_close(expectile_error(gap, 0.5), 0.5 * gap.square())
    assert expectile_error(torch.tensor([1.0]), 0.9) > expectile_error(torch.tensor([-1.0]), 0.9)


def test_the_best_of_many_is_better_than_any_one_and_survives_saving(tmp_path):
    config = diffusion.DiffusionConfig(
        shape=Shape(channels=(32, 64), width=32), horizon=8, executed=4, batch=128, steps=400, learning_rate=2e-3,
        warm_up=50,
    )  # fmt: skip
    data = reaching(90)
    base = diffusion.fit(data, CONSTANT, config, tmp_path / "base")
    settings = BestOfConfig(steps=600, hidden=(64, 64), learning_rate=1e-3, discount=0.9)
    chosen = best_of.fit(tmp_path / "base", data, "recorded", settings, tmp_path / "best")
    assert reached(chosen) < reached(base) - 0.2
    again = load(tmp_path / "best")
    obs = {name: np.asarray(data.obs[0][name])[:3] for name in ("position", "goal")}
    for each in (chosen, again):
        each.reset("")
    np.testing.assert_array_equal(chosen.act(obs), again.act(obs))
    (tmp_path / "best" / "critic.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match="changed or newer"):
        load(tmp_path / "best")


@pytest.mark.parametrize(("settings", "told"), [({"draws": 0}, "must be >= 1"), ({"expectile": 1.0}, "lies in")])
def test_impossible_settings_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        BestOfConfig(**settings)
