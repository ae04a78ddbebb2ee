"""Policies that see a segmented point cloud: what they depend on, whether they learn from it, and what they refuse."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from clouds import POINTS, pointing
from reaching import reaching
from safetensors.torch import load_file

import policies
from embodied.batches import Normaliser, Sampler, transitions
from embodied.spec import ArraySpec, Spec
from embodied.training import seeded
from policies import bc, iql
from policies.actor import Interface
from policies.bc import BCConfig, FilteredBCConfig
from policies.encoders import trunk
from policies.iql import IQLConfig, make_learner
from policies.offline import DeviceIQLImpl, mini_batch
from policies.pointcloud import UNIT, Cloud, CloudTrunk, _Largest

CPU = torch.device("cpu")
SHAPES = ((5,), (POINTS, 6))
SHORT = {"obs": ("force",), "cloud": "cloud", "points": 12, "cloud_hidden": (8, 16), "hidden": (16,), "batch": 16}
SHORT |= {"steps": 30, "log_every": 10, "checkpoint_every": 12}


def network(actions=0) -> CloudTrunk:
    with seeded(0):
        made = trunk(SHAPES, (16, 12), (8, 10), actions)
    assert isinstance(made, CloudTrunk)
    return made


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seen(data, *names, episode=0):
    return {name: data.obs[episode][name] for name in names}


@pytest.fixture(scope="module")
def data():
    return pointing(8)


@pytest.fixture(scope="module")
def fitted(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("clouds")
    made = {
        "bc": bc.fit(data, "recorded", BCConfig(**SHORT), out / "bc"),
        "filtered-bc": bc.fit_filtered(data, "recorded", FilteredBCConfig(**SHORT), out / "filtered-bc"),
        "iql": iql.fit(data, "recorded", IQLConfig(**SHORT), out / "iql"),
    }
    return {name: (policy, out / name) for name, policy in made.items()}


@pytest.mark.parametrize("actions", [0, 3])
def test_the_order_of_all_points_but_the_last_changes_nothing(actions):
    made, x, a = network(actions), [random(4, 5), random(4, POINTS, 6)], random(4, 3) if actions else None
    order = torch.cat([torch.randperm(POINTS - 1, generator=torch.Generator().manual_seed(0)), torch.tensor([24])])
    torch.testing.assert_close(made([x[0], x[1][:, order]], a), made(x, a), rtol=0, atol=1e-5)


def test_the_answer_is_read_off_at_the_last_point():
    made, x = network(), [random(4, 5), random(4, POINTS, 6)]
    order = torch.arange(POINTS - 1, -1, -1)
    assert (made([x[0], x[1][:, order]]) - made(x)).abs().amax(1).min() > 1e-3


def test_moving_the_whole_world_changes_nothing_and_moving_the_gripper_alone_does(fitted, data):
    policy = fitted["bc"][0]
    here = seen(data, "cloud", "force")
    moved, gripper = here["cloud"].copy(), here["cloud"].copy()
    moved[..., :3] += np.array([0.7, -0.4, 1.1], np.float32)
    gripper[:, -1, :3] += np.array([0.05, 0.0, 0.0], np.float32)
    np.testing.assert_allclose(policy.act({**here, "cloud": moved}), policy.act(here), atol=1e-4)
    assert np.abs(policy.act({**here, "cloud": gripper}) - policy.act(here)).max() > 1e-3


def test_the_action_is_at_every_point_as_if_concatenated():
    made, cloud, action = network(3), random(4, POINTS, 6), random(4, 3)
    h = torch.cat([cloud, action[:, None].expand(-1, POINTS, -1)], dim=2)
    for layer in made.points.layers:
        h = torch.relu(layer(h))
    wanted = torch.cat([h[:, -1], h.amax(1)], dim=1)
    torch.testing.assert_close(made.encode([random(4, 5), cloud], action), wanted)


def test_the_value_of_an_action_depends_on_the_points_it_is_joined_to():
    made, x = network(3), [random(1, 5), random(1, POINTS, 6)]
    action = random(1, 3).requires_grad_()
    before = made.encode(x, action)
    (slope,) = torch.autograd.grad(before[:, 10:].sum(), action)  # through the maximum, the gripper's part left out
    assert slope.abs().min() > 1e-3
    h = made.points.layers[0](torch.cat([x[1], action[:, None].expand(-1, POINTS, -1)], dim=2))
    (slopes,) = torch.autograd.grad(h.square().sum((0, 2)).unbind()[3], action)
    assert slopes.abs().min() > 0
    assert not torch.allclose(made(x, action), made(x, -action))


def test_vectors_scale_and_shift_the_features():
    made, cloud = network(), random(4, POINTS, 6)
    one, other = made([random(4, 5), cloud]), made([random(4, 5, seed=1), cloud])
    assert (one - other).abs().amax(1).min() > 1e-2
    torch.nn.init.zeros_(made.film[-1].weight)
    torch.nn.init.zeros_(made.film[-1].bias)
    torch.testing.assert_close(made([random(4, 5), cloud]), made(cloud))


@pytest.mark.parametrize("ties", [False, True])
def test_the_gradient_of_the_maximum_is_torchs(ties):
    h = random(3, 7, 4).round() if ties else random(3, 7, 4)
    gradients = []
    for largest in (_Largest.apply, lambda h: h.amax(1)):
        leaf = h.clone().requires_grad_()
        (largest(leaf) * random(3, 4, seed=2)).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize(("points", "rows"), [(4, [0, 3, 6, 10]), (2, [0, 10]), (11, range(11)), (96, range(11))])
def test_points_are_chosen_evenly_and_the_grippers_is_the_last(points, rows):
    cloud = random(2, 11, 5)
    shown = Cloud("cloud", points).seen(cloud)
    assert shown.shape[1:] == Cloud("cloud", points).shape(Spec({"cloud": ArraySpec((11, 5))}, ArraySpec((1,)), 10.0))
    torch.testing.assert_close(shown[..., 3:], cloud[:, list(rows), 3:])
    torch.testing.assert_close(shown[..., :3] * UNIT, cloud[:, list(rows), :3] - cloud[:, -1:, :3])


def test_inputs_are_the_vectors_then_the_cloud(data):
    made = transitions(data, ("force", "still", "cloud"), "recorded")
    face = Interface.of(made, cloud=Cloud("cloud", 12))
    inputs = face.inputs(made.obs)
    assert face.shapes == ((5,), (12, 6))
    assert [tuple(x.shape[1:]) for x in inputs] == list(face.shapes)
    flat = torch.cat([made.obs["force"], made.obs["still"]], dim=1)
    torch.testing.assert_close(inputs[0], Normaliser.from_data(flat).apply(flat))


def critics(data, **changes):
    config = IQLConfig(**{**SHORT, **changes})
    made = transitions(data, (*config.obs, config.cloud), "recorded")
    face = Interface.of(made, size=config.size, cloud=Cloud(config.cloud, config.points))
    return make_learner(made, face, config, 0, CPU)


def test_both_critics_share_one_sight_of_the_points_and_d3rlpys_losses(data):
    learner = critics(data)
    impl = learner._impl
    for step in range(3):
        learner.update(step)
    batch = mini_batch(learner._rows, Sampler(len(learner._rows), 16, 0).at(0), "cpu:0")
    target = impl.compute_target(batch)
    torch.testing.assert_close(impl._q_loss(batch, target), DeviceIQLImpl._q_loss(impl, batch, target))
    torch.testing.assert_close(impl._q_target(batch), DeviceIQLImpl._q_target(impl, batch))
    for functions in (impl.parts.q_funcs, impl.parts.targ_q_funcs):
        one, other = functions
        assert one.encoder.points is other.encoder.points
        assert one.encoder.layers is not other.encoder.layers
    assert impl.parts.q_funcs[0].encoder.points is not impl.parts.targ_q_funcs[0].encoder.points


def test_the_optimiser_holds_every_parameter_of_critics_and_value_once(data):
    parts = critics(data)._impl.parts
    held = [id(p) for group in parts.critic_optim.optim.param_groups for p in group["params"]]
    assert len(held) == len(set(held))
    assert set(held) == {id(p) for module in (parts.q_funcs, parts.value_func) for p in module.parameters()}


def test_the_targets_follow_the_critics(data):
    learner = critics(data, tau=1.0)
    for step in range(3):
        learner.update(step)
    parts = learner._impl.parts
    for name, tensor in parts.targ_q_funcs.state_dict().items():
        torch.testing.assert_close(tensor, parts.q_funcs.state_dict()[name])


def test_the_saved_actor_is_d3rlpys_policy(data):
    learner = critics(data)
    learner.update(0)
    x = [random(6, 3), random(6, 12, 6)]
    assert torch.equal(learner.actor()(x).mean, learner._impl.policy(x).squashed_mu)


@pytest.mark.parametrize("name", ["bc", "filtered-bc", "iql"])
def test_saved_and_loaded_it_acts_with_the_same_bits(name, fitted, data, tmp_path):
    policy, folder = fitted[name]
    obs = seen(data, "cloud", "force")
    action = policy.act(obs)
    assert action.shape == (5, 1, 3)
    again = policies.load(folder)
    np.testing.assert_array_equal(again.act(obs), action)
    again.save(tmp_path)
    np.testing.assert_array_equal(policies.load(tmp_path).act(obs), action)
    assert list(again.spec.obs) == ["force", "cloud"]
    assert again.interface.cloud == Cloud("cloud", 12)


@pytest.mark.parametrize(("module", "learner", "config"), [(bc, "BCLearner", BCConfig), (iql, "IQLLearner", IQLConfig)])
def test_a_killed_fit_called_again_ends_with_the_same_bits(tmp_path, monkeypatch, data, module, learner, config):
    made = getattr(module, learner)
    update = made.update
    module.fit(data, "recorded", config(**SHORT), tmp_path / "straight", seed=3)

    def dying(self, step):
        if step == 17:
            raise KeyboardInterrupt
        return update(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(made, "update", dying)
        with pytest.raises(KeyboardInterrupt):
            module.fit(data, "recorded", config(**SHORT), tmp_path / "killed", seed=3)
    module.fit(data, "recorded", config(**SHORT), tmp_path / "killed", seed=3)
    for name in ("policy.safetensors", "checkpoint-30.safetensors"):
        straight, killed = load_file(tmp_path / "straight" / name), load_file(tmp_path / "killed" / name)
        assert straight.keys() == killed.keys()
        assert all(torch.equal(straight[key], killed[key]) for key in straight)


def test_a_policy_without_a_cloud_is_written_as_before_there_were_any(tmp_path):
    config = {"hidden": (8,), "batch": 8, "steps": 2}
    bc.fit(reaching(3), "recorded", BCConfig(**config), tmp_path)
    head = json.loads((tmp_path / "policy.json").read_text())
    assert head.keys() == {"schema", "kind", "spec", "hidden", "size", "sha256", "trained"}
    assert head["schema"] == 1
    told = json.loads((tmp_path / "fit.json").read_text())["config"]
    assert not {"cloud", "points", "cloud_hidden"} & {*told, *head["trained"]["config"]}
    assert policies.load(tmp_path).interface.cloud is None


def test_a_policy_with_a_cloud_is_refused_by_programs_that_know_none(fitted):
    head = json.loads((fitted["bc"][1] / "policy.json").read_text())
    assert head["schema"] == 2
    assert head["cloud"] == {"name": "cloud", "points": 12, "hidden": [8, 16]}


def test_a_fit_with_other_points_is_another_fit(fitted, data):
    with pytest.raises(ValueError, match=r"holds another fit: config\.points was 12, now 13"):
        bc.fit(data, "recorded", BCConfig(**{**SHORT, "points": 13}), fitted["bc"][1])


@pytest.mark.parametrize(("module", "config"), [(bc, BCConfig), (iql, IQLConfig)])
def test_a_cloud_alone_is_enough(tmp_path, data, module, config):
    policy = module.fit(data, "recorded", config(**{**SHORT, "obs": ()}), tmp_path)
    assert list(policy.spec.obs) == ["cloud"]
    assert policy.act(seen(data, "cloud")).shape == (5, 1, 3)


LEARNS = {"points": 25, "cloud_hidden": (32, 48), "hidden": (64,), "batch": 48}


def mistake(policy, *names):
    """The mean squared error of the action, over fresh scenes."""
    fresh = pointing(60, seed=9)
    wrong = [
        np.square(policy.act(seen(fresh, *names, episode=e))[:-1, 0] - fresh.action[e]).mean()
        for e in range(len(fresh.action))
    ]
    return float(np.mean(wrong))


def test_cloning_finds_the_arm_in_the_cloud_and_nowhere_else(tmp_path):
    data = pointing(150, seed=1)
    config = BCConfig(obs=("still",), cloud="cloud", steps=400, learning_rate=2e-3, loss="mse", **LEARNS)
    sees = mistake(bc.fit(data, "recorded", config, tmp_path / "sees"), "still", "cloud")
    blind = mistake(bc.fit(data, "recorded", replace(config, cloud=""), tmp_path / "blind"), "still")
    assert sees < 0.04
    assert blind > 0.3


def test_a_reward_tells_good_actions_from_bad_and_a_constant_one_does_not(tmp_path):
    data = pointing(400, steps=2, seed=2, good=0.5, terminated=True)
    config = IQLConfig(
        obs=("force",),
        cloud="cloud",
        steps=250,
        actor_learning_rate=2e-3,
        critic_learning_rate=2e-3,
        gamma=0.0,
        tau=0.05,
        **LEARNS,
    )
    fresh = pointing(60, seed=9)

    def along(policy):
        """How far actions go towards the arm, of at most about 1."""
        acted = [policy.act(seen(fresh, "force", "cloud", episode=e))[:-1, 0] for e in range(60)]
        return float(np.mean([(a * b).sum(1).mean() for a, b in zip(acted, fresh.action, strict=True)]))

    assert along(iql.fit(data, "recorded", config, tmp_path / "told")) > 0.5
    assert abs(along(iql.fit(data, "constant", config, tmp_path / "constant"))) < 0.3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"points": 1}, "points is 1; a cloud has 2 or more"),
        ({"cloud_hidden": ()}, r"cloud_hidden is \(\); give one or more"),
        ({"cloud_hidden": (8, 0)}, r"cloud_hidden is \(8, 0\)"),
        ({"cloud": "cloud", "obs": ("force", "cloud")}, "observation 'cloud' is named in cloud and in obs"),
    ],
)
@pytest.mark.parametrize("config", [BCConfig, FilteredBCConfig, IQLConfig])
def test_a_config_that_contradicts_itself_is_refused(config, wrong, words):
    with pytest.raises(ValueError, match=words):
        config(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cloud": "clowd"}, r"no observation 'clowd'; it offers \['cloud', "),
        ({"cloud": "still"}, r"observation 'still' has shape \(2,\); a cloud has \(points, 3 \+ classes\)"),
        ({"cloud": "front", "obs": ()}, r"observation 'front' has shape \(8, 8, 3\); a cloud has"),
        ({"obs": ("force", "front")}, r"pictures \['front'\] beside the cloud 'cloud'; only vectors can join it"),
    ],
)
def test_what_is_no_cloud_is_refused_by_name(wrong, words, data, tmp_path):
    with pytest.raises(ValueError, match=words):
        bc.fit(data, "recorded", BCConfig(**{**SHORT, **wrong}), tmp_path)


def test_a_cloud_with_a_hole_is_named_by_episode_and_frame(tmp_path):
    data = pointing(4)
    data.obs[2]["cloud"][3, 7, 1] = np.nan
    with pytest.raises(ValueError, match="'cloud' of episode 16 at frame 3 is nan in one of its 150 numbers"):
        bc.fit(data, "recorded", BCConfig(**SHORT), tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c[:, :, :5], r"observation 'cloud' has shape \(5, 25, 5\), wanted \(n, 25, 6\)"),
        (lambda c: c[:, 1:], r"observation 'cloud' has shape \(5, 24, 6\), wanted \(n, 25, 6\)"),
        (lambda c: c[0], r"observation 'cloud' has shape \(25, 6\), wanted \(n, 25, 6\)"),
        (lambda c: c[:3], "observation 'cloud' has 3 rows, the others 5"),
        (lambda c: c * np.nan, "observation 'cloud' holds NaN or infinity, first in row 0"),
    ],
)
def test_a_wrong_cloud_is_refused_while_acting(change, words, fitted, data):
    obs = seen(data, "cloud", "force")
    with pytest.raises(ValueError, match=words):
        fitted["iql"][0].act({**obs, "cloud": change(obs["cloud"])})


def test_a_network_without_layers_or_with_pictures_is_refused():
    for shapes, hidden, points in ((SHAPES, (), (8,)), (SHAPES, (8,), ()), (((8, 8, 3), SHAPES[1]), (8,), (8,))):
        with pytest.raises(ValueError, match="give vectors, then one cloud, and one or more of each layer"):
            CloudTrunk(shapes, hidden, points)


@pytest.mark.slow
def test_a_graphics_card_learns_the_same(tmp_path: Path, data):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    config = replace(IQLConfig(**SHORT), steps=12)
    obs = seen(data, "cloud", "force")
    one, other = (iql.fit(data, "recorded", config, tmp_path / name, device=name) for name in ("cpu", "cuda"))
    np.testing.assert_allclose(other.act(obs), one.act(obs), atol=1e-3)
