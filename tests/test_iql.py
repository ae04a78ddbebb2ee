"""IQL: d3rlpy's losses, what we add to them, resuming, and whether it learns."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from reaching import final_distance, reaching
from safetensors.torch import load_file

from embodied.batches import Sampler, transitions
from embodied.training import seeded
from policies import bc, iql
from policies.actor import Interface
from policies.iql import IQLConfig, make_learner
from policies.offline import (
    AdamFactory,
    D3IQLConfig,
    RunningScale,
    TorchMiniBatch,
    VectorEncoderFactory,
    mini_batch,
    without_gym_notice,
)

STATE = ("position", "goal")
CPU = torch.device("cpu")
PLAIN = IQLConfig(
    hidden=(32, 32),
    batch=64,
    gamma=0.99,
    max_weight=100.0,
    cosine=False,
    normalise_advantage=False,
    standardise_reward=False,
    normalise_obs=False,
)
SHORT = IQLConfig(hidden=(16, 16), batch=32, steps=60, log_every=20, checkpoint_every=25)


def learner(data, config, seed=0, obs=STATE, reward="recorded"):
    made = transitions(data, obs, reward, size=config.size)
    face = Interface.of(made, normalise=config.normalise_obs, size=config.size)
    return make_learner(made, face, config, seed, CPU)


def ending(data):
    """The same data, every other episode of which terminates."""
    data.terminated[::2] = True
    return data


def d3rlpy_batch(data, index):
    """The rows as d3rlpy's own buffer would give them, made without our code."""
    now, after, action, reward, terminal = [], [], [], [], []
    for row in index.tolist():
        episode, t = divmod(row, len(data.action[0]))
        frames = np.concatenate([data.obs[episode][name] for name in STATE], axis=1)
        now.append(frames[t])
        after.append(frames[t + 1])
        action.append(data.action[episode][t])
        reward.append([data.reward["recorded"][int(data.ids[episode])][t]])
        terminal.append([float(data.terminated[episode] and t == len(data.action[episode]) - 1)])
    rows = [torch.tensor(np.array(part), dtype=torch.float32) for part in (now, action, reward, after, terminal)]
    ones = torch.ones_like(rows[2])
    return TorchMiniBatch(rows[0], rows[1], rows[2], rows[3], rows[1], ones, rows[4], ones, "cpu:0")


def test_with_our_options_off_losses_and_parameters_are_d3rlpys():
    data = ending(reaching(20))
    ours = learner(data, PLAIN)
    encoder = VectorEncoderFactory(list(PLAIN.hidden))
    algorithm = D3IQLConfig(
        actor_encoder_factory=encoder,
        critic_encoder_factory=encoder,
        value_encoder_factory=encoder,
        actor_optim_factory=AdamFactory(),
        critic_optim_factory=AdamFactory(),
    ).create(device="cpu:0")
    with seeded(0):
        algorithm.create_impl((4,), 2)
    sampler = Sampler(len(data.actions()), PLAIN.batch, 0)
    terminals = 0.0
    for step in range(40):
        batch = d3rlpy_batch(data, sampler.at(step))
        terminals += float(batch.terminals.sum())
        theirs = algorithm.impl.update(batch, step)
        for name, loss in ours.update(step).items():
            assert float(loss) == pytest.approx(theirs[name], rel=1e-5, abs=1e-6), (step, name)
    assert terminals > 10
    impl = algorithm.impl
    for mine, other in (
        ("policy", impl.policy),
        ("q", impl.q_function),
        ("target", impl._modules.targ_q_funcs),
        ("value", impl._modules.value_func),
    ):
        for name, tensor in other.state_dict().items():
            torch.testing.assert_close(ours.tensors()[f"{mine}.{name}"], tensor, rtol=0, atol=1e-5)


def test_batches_hold_what_d3rlpys_buffer_would_give():
    data = ending(reaching(6))
    made = learner(data, PLAIN)
    index = Sampler(len(data.actions()), 200, 7).at(0)
    ours, theirs = mini_batch(made._rows, index, "cpu:0"), d3rlpy_batch(data, index)
    for name in ("observations", "actions", "rewards", "next_observations", "terminals", "intervals"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name), rtol=0, atol=1e-7)


def test_the_next_value_counts_at_a_truncation_and_not_at_a_termination():
    def q_loss(data):
        made = learner(data, PLAIN)
        last = torch.full((8,), len(data.action[0]) - 1)
        batch = mini_batch(made._rows, last, "cpu:0")
        target = torch.full((8, 1), 1000.0)
        return made._impl._q_loss(batch, target).item()

    assert q_loss(reaching(2)) > 1e5
    assert q_loss(ending(reaching(2))) < 100


def test_the_advantage_is_divided_by_its_running_deviation():
    scale = RunningScale(CPU)
    generator = torch.Generator().manual_seed(0)
    for _ in range(300):
        deviation = scale(5 * torch.randn(256, 1, generator=generator) + 2)
    assert float(deviation) == pytest.approx(5, rel=0.05)
    for _ in range(1000):
        deviation = scale(torch.randn(256, 1, generator=generator))
    assert float(deviation) == pytest.approx(1, rel=0.05)


def test_weights_do_not_depend_on_the_scale_of_the_reward():
    data = reaching(20)
    ids = data.ids.tolist()
    scaled = data.with_column("scaled", {i: 100 * data.reward["recorded"][i] + 7 for i in ids})
    runs = [learner(scaled, SHORT, reward=name) for name in ("recorded", "scaled")]
    losses = [[float(run.update(step)["actor_loss"]) for step in range(10)] for run in runs]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


def test_the_noise_of_an_advantage_that_says_nothing_is_not_amplified():
    made = learner(reaching(10), SHORT)
    batch = mini_batch(made._rows, made._sampler.at(0), "cpu:0")
    noise = torch.randn(SHORT.batch, 1, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        value = made._impl.parts.value_func(batch.observations)
        cloning = made._impl._actor_loss(batch, value)
        made._impl.scale = RunningScale(CPU)
        faint = made._impl._actor_loss(batch, value + 1e-4 * noise)
        made._impl.scale = RunningScale(CPU)
        clear = made._impl._actor_loss(batch, value + noise)
    assert abs(faint / cloning - 1) < 0.01
    assert abs(clear / cloning - 1) > 0.5


def test_the_actors_learning_rate_falls_along_a_cosine_and_the_critics_stays():
    made = learner(reaching(4), SHORT)
    rates = []
    for step in range(60):
        made.update(step)
        rates.append(made._impl.policy_optim.param_groups[0]["lr"])
    assert rates[0] == SHORT.actor_learning_rate
    assert rates[30] == pytest.approx(SHORT.actor_learning_rate / 2)
    assert rates[-1] < 0.01 * SHORT.actor_learning_rate
    assert made._impl.q_function_optim.param_groups[0]["lr"] == SHORT.critic_learning_rate


def test_the_saved_actor_is_d3rlpys_policy():
    made = learner(reaching(4), SHORT)
    made.update(0)
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(1))
    theirs = made._impl.policy(x)
    mean, log_std = made.actor()(x)
    assert torch.equal(mean, theirs.squashed_mu)
    torch.testing.assert_close(log_std, theirs.logstd)


@pytest.mark.parametrize("killed_at", [10, 30, 55])
def test_a_killed_fit_called_again_ends_with_the_same_bits(tmp_path, monkeypatch, killed_at):
    data = reaching(6)
    iql.fit(data, "recorded", SHORT, tmp_path / "straight", seed=3)
    update = iql.IQLLearner.update

    def dying(self, step):
        if step == killed_at:
            raise KeyboardInterrupt
        return update(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(iql.IQLLearner, "update", dying)
        with pytest.raises(KeyboardInterrupt):
            iql.fit(data, "recorded", SHORT, tmp_path / "killed", seed=3)
    iql.fit(data, "recorded", SHORT, tmp_path / "killed", seed=3)
    for name in ("policy.safetensors", "checkpoint-60.safetensors"):
        straight, killed = load_file(tmp_path / "straight" / name), load_file(tmp_path / "killed" / name)
        assert straight.keys() == killed.keys()
        assert all(torch.equal(straight[key], killed[key]) for key in straight)


def test_ground_truth_beats_a_constant_reward_and_cloning(tmp_path):
    data = reaching(120)
    config = IQLConfig(
        hidden=(64, 64), batch=128, steps=800, actor_learning_rate=1e-3, critic_learning_rate=1e-3, tau=0.02
    )
    cloning = bc.BCConfig(hidden=(32, 32), batch=64, steps=600, learning_rate=2e-3)
    truth = final_distance(iql.fit(data, "recorded", config, tmp_path / "truth"))
    constant = final_distance(iql.fit(data, "constant", config, tmp_path / "constant"))
    cloned = final_distance(bc.fit(data, "recorded", cloning, tmp_path / "bc"))
    assert truth < 0.5
    assert min(constant, cloned) > 2 * truth


def test_a_policy_of_pictures_and_state_is_fitted_and_acts(tmp_path):
    data = reaching(6, camera=16)
    config = IQLConfig(obs=("front", "position"), size=8, hidden=(16,), batch=8, steps=4)
    policy = iql.fit(data, "recorded", config, tmp_path)
    action = policy.act({"front": data.obs[0]["front"], "position": data.obs[0]["position"]})
    assert action.shape == (21, 1, 2)
    blind = policy.act({"front": 0 * data.obs[0]["front"], "position": data.obs[0]["position"]})
    assert not np.array_equal(action, blind)


def test_a_policy_of_pictures_alone_is_fitted_and_acts(tmp_path):
    data = reaching(3, camera=16)
    policy = iql.fit(data, "recorded", IQLConfig(obs=("front",), size=8, hidden=(8,), batch=4, steps=2), tmp_path)
    assert policy.act({"front": data.obs[0]["front"]}).shape == (21, 1, 2)


def test_only_the_notice_of_the_old_gym_is_silenced(capsys):
    with without_gym_notice():
        sys.stderr.write(
            "before\nGym has been unmaintained since 2022\nmore\nsee https://x/migration_guide/ for additional "
            "information.\nafter\n"
        )
    assert capsys.readouterr().err == "before\nafter\n"
    with without_gym_notice():
        sys.stderr.write("something else\n")
    assert capsys.readouterr().err == "something else\n"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gamma": 1.5}, "gamma is 1.5"),
        ({"expectile": -0.1}, "expectile is -0.1"),
        ({"beta": 0.0}, "beta is 0.0"),
        ({"steps": 0}, "must be >= 1"),
        ({"hidden": (64, 0)}, "must be >= 1"),
    ],
)
def test_a_config_that_cannot_work_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        IQLConfig(**wrong)


KILLED = """
import os, signal, sys
sys.path.insert(0, "tests")
from pathlib import Path
import torch
from reaching import reaching
from policies import iql

torch.set_num_threads(1)
config = iql.IQLConfig(hidden=(16, 16), batch=32, steps=200, log_every=20, checkpoint_every=50)


def dying_at(number, method):
    calls = 0

    def counted(*arguments):
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*arguments)

    return counted


def fit(folder, renames=0, updates=0):
    child = os.fork()
    if child == 0:
        Path.rename = dying_at(renames, Path.rename)
        iql.IQLLearner.update = dying_at(updates, iql.IQLLearner.update)
        iql.fit(reaching(6), "recorded", config, Path(folder), device="cpu")
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


out = Path(sys.argv[1])
assert fit(out / "straight") == 0
for renames, updates in ((1, 0), (0, 37), (2, 0), (3, 0), (0, 30), (4, 0), (0, 60), (2, 0), (3, 0), (2, 0)):
    assert fit(out / "killed", renames, updates) == -signal.SIGKILL, (renames, updates)
assert fit(out / "killed") == 0
"""


@pytest.mark.slow
def test_a_fit_killed_ten_times_for_real_ends_with_the_same_bits(tmp_path):
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=True, cwd=root)
    straight, again = (load_file(tmp_path / name / "policy.safetensors") for name in ("straight", "killed"))
    assert all(torch.equal(straight[key], again[key]) for key in straight)
    logged, again = (
        [json.loads(line)["step"] for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("straight", "killed")
    )
    assert logged == again
