"""One contract over every table: what is in it keeps its promise, and every combination runs."""

import numpy as np
import pytest
from tinyclip import save_tiny_clip

import envs
import policies
import rewards
from embodied import plugins, steps
from embodied.aligning import rank
from embodied.collecting import CollectConfig, collect
from embodied.config import read_manifest
from embodied.evaluation import evaluate
from embodied.spec import Spec

pytest.importorskip("pybullet")
pytest.importorskip("d3rlpy")

SMALL = {"members": 1, "epochs": 1, "size": 32}
QUICK_POLICY = {"steps": 20, "log_every": 10, "checkpoint_every": 10}
SMALL_NETWORK = {
    "diffusion": {"shape": {"channels": (8, 16), "groups": 4, "width": 16}, "sampling_steps": 2, "batch": 16}
}
VARIANTS = {
    "preference": {
        "pixels": SMALL,
        "state": {**SMALL, "inputs": ("state",)},
        "reading": {**SMALL, "reads": ("state",), "reading_epochs": 1},
    },
    "judge": {"score": {}, "stretched": {"smooth": 4, "exponent": 0.5}},
    "clip": {"goal": {"goal": "do it"}, "baseline": {"baseline": "a table"}, "negative": {"negative": "nothing done"}},
    "roboclip": {"end": {}},
    "rapl": {
        "prototype": {"form": "prototype", "members": 1, "steps": 5, "spread": 0.0},
        "rlhf": {"form": "rlhf", "members": 1, "steps": 5},
    },
}
"""reward -> ways to fit it"""
CLIP = ("clip", "roboclip")
ASKED = {"vlm", "human", "takeovers"}  # teachers that somebody else must answer for, or take over for


TABLETOP = [name for name, (entry, _) in envs.ENVIRONMENTS.items() if entry == envs.TABLETOP]
DRESSING = "embodied/Dressing-v0"  # its variants differ in what happens, not in what is offered


@pytest.fixture(scope="module", params=[*TABLETOP, DRESSING])
def recorded(request, tmp_path_factory):
    """An environment's id, some of its episodes, and preferences over them."""
    folder = tmp_path_factory.mktemp("contract")
    env = f"envs:{request.param}"
    own = {"mix": "dressing", "env_options": {"horizon": 12}} if request.param == DRESSING else {}
    data = collect(CollectConfig(env=env, episodes=5, **own), folder / "data", workers=1)
    config = steps.LabelConfig("oracle", goal="do it", pairs=60)
    steps.label(data, folder / "labels", config)
    rank(folder / "data", folder / "ranked", "recorded", count=4, gap=0.0)
    return env, data, folder


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory):
    """Where CLIP models of random weights find theirs."""
    pytest.importorskip("open_clip")
    return {"model": str(save_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")), "cache": "none"}


@pytest.mark.parametrize(("reward", "variant"), [(r, v) for r in rewards.REWARDS for v in VARIANTS[r]])
def test_every_environment_reward_and_policy_go_together(recorded, reward, variant, request):
    env, data, folder = recorded
    out = folder / f"{reward}-{variant}"
    own = request.getfixturevalue("tiny_clip") if reward in CLIP else {}
    labels = {"preference": [folder / "labels"], "rapl": [folder / "ranked"]}.get(reward, [])
    judge = steps.fit_reward(data, labels, out, reward=reward, config={**VARIANTS[reward][variant], **own})
    for episode in data:
        found = judge(episode)
        assert found.shape == (len(episode),)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
    column = f"{reward}-{variant}"
    steps.relabel(data, out, column)
    for policy in policies.POLICIES:
        there = folder / f"policy-{policy}-{column}"
        quick = {**QUICK_POLICY, **SMALL_NETWORK.get(policy, {})}
        fitted = steps.train(data.path, there, policy=policy, reward=column, config=quick)
        assert fitted.spec.differences(data.spec) == []
        (record,) = evaluate(fitted, env, [1_000_000_000], horizon=3)
        assert record.steps == 3


@pytest.mark.parametrize("policy", policies.POLICIES)
def test_every_policy_can_act_on_pictures(recorded, policy):
    env, data, folder = recorded
    config = {**QUICK_POLICY, **SMALL_NETWORK.get(policy, {}), "obs": ("state", "front"), "size": 32}
    fitted = steps.train(data.path, folder / f"seeing-{policy}", policy=policy, reward="recorded", config=config)
    assert fitted.spec.cameras == ("front",)
    (record,) = evaluate(fitted, env, [1_000_000_000], horizon=2)
    assert record.steps == 2


@pytest.mark.parametrize("labeler", sorted(set(rewards.LABELERS) - ASKED))
def test_every_labeler_answers_every_question(recorded, labeler, tmp_path, request):
    _, data, _ = recorded
    own = request.getfixturevalue("tiny_clip") if labeler in CLIP else {}
    config = steps.LabelConfig(labeler, own, goal=data.tasks[0], pairs=30, across=0.0)
    found = steps.label(data, tmp_path / "labels", config)
    counts = read_manifest(tmp_path / "labels")["counts"]
    assert counts["preferred"] + counts["tie"] == len(found)
    assert len(found) + counts["abstained"] == 30


def test_every_line_of_every_table_loads():
    for table in (
        rewards.LABELERS,
        rewards.REWARDS,
        rewards.CONFIGS,
        rewards.LOADERS,
        policies.POLICIES,
        policies.CONFIGS,
    ):
        for target in table.values():
            assert callable(plugins.load(target))
    for name, (entry, _) in envs.ENVIRONMENTS.items():
        assert callable(plugins.load(entry)), name


def test_every_table_of_configurations_matches_its_table_of_plugins():
    assert set(rewards.REWARDS) == set(rewards.CONFIGS) == set(rewards.LOADERS) == set(VARIANTS)
    assert set(policies.POLICIES) == set(policies.CONFIGS)


def test_an_environments_own_spec_says_what_its_spaces_say(recorded):
    import gymnasium

    env = gymnasium.make(recorded[0])
    try:
        spec = env.unwrapped.spec_
        assert Spec.from_space(env.observation_space, env.action_space, spec.hz).differences(spec) == []
        assert recorded[1].spec.differences(spec) == []
    finally:
        env.close()
