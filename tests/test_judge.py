"""The embedded judge: right where it was trained to be, silent where it cannot tell, and never guessing elsewhere."""

import json

import numpy as np
import pytest
import torch
from answering import SmallDataset

from embodied import plugins
from embodied.collecting import CollectConfig, collect
from embodied.judging import train_judge
from embodied.steps import LabelConfig, label
from rewards.judge import make, said
from rewards.judge_exam import measured, tried
from rewards.judge_network import SAME, JudgeNet, answers
from rewards.judge_training import Material
from rewards.judge_worlds import STRANGE, WORLDS, admitted, load
from rewards.sentences import Meaning, OutOfScope

pytest.importorskip("pybullet")
WEIGHTS = WORLDS["tabletop"].weights
GOAL = "put the block into the bowl of its own colour"
FRESH = 1_234_567  # a seed of posing that no training, choice or card has used


@pytest.fixture(scope="module")
def judge():
    return load()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return collect(CollectConfig(episodes=8), tmp_path_factory.mktemp("judged") / "data", seed=77, workers=1)


def fresh(split, groups=60):
    order = plugins.load("envs.tabletop.posing:Order")(groups, split, FRESH)
    return Material.of(plugins.load("envs.tabletop.posing:pose")(order))


@pytest.mark.parametrize(("split", "right"), [("train", 0.95), ("held-out", 0.9)])
def test_the_packaged_judge_is_as_right_as_its_card_says_on_fresh_scenes(judge, split, right):
    found = measured(tried(judge.net, fresh(split), torch.device("cpu")), judge.card["sure"])
    assert found["right"] > right - 0.02
    assert found["ties_withheld"] > 0.7
    assert found["real_withheld"] < 0.2
    shares = [b["right"] for b in found["by_gap"]]
    assert shares[-1] > shares[0]


def test_the_card_states_what_was_wanted_of_it(judge):
    tests = judge.card["tests"]
    for name, wanted in (("scenes", 0.95), ("colours", 0.9), ("wordings", 0.93)):
        assert tests[name]["right"] >= wanted
    assert tests["scenes"]["ties_withheld"] >= 0.8
    assert tests["scenes"]["real_withheld"] <= 0.15
    assert WEIGHTS.stat().st_size < 2_000_000
    assert "no foundation model" in WEIGHTS.with_suffix(".md").read_text()


def test_exchanging_the_pictures_exchanges_the_answer():
    score, doubt = torch.randn(2, 200), torch.rand(2, 200) + 0.002
    left, same, right = answers((score[0], doubt[0]), (score[1], doubt[1]))
    back = answers((score[1], doubt[1]), (score[0], doubt[0]))
    assert torch.equal(left, back[2])
    assert torch.equal(right, back[0])
    assert torch.allclose(same, back[1], rtol=1e-2, atol=1e-6)
    assert torch.allclose(left + same + right, torch.ones(200), atol=1e-4)


def test_the_more_doubt_the_less_is_said():
    score = torch.tensor([0.3]), torch.tensor([0.0])
    sure = [answers((score[0], torch.full((1,), d)), (score[1], torch.full((1,), d)))[0].item() for d in (0.01, 0.1, 1)]
    assert sure[0] > sure[1] > sure[2]


def test_an_answer_is_a_side_a_tie_or_an_abstention():
    assert said(0.9, 0.06, 0.04, 0.7, 0.93).outcome == "preferred"
    assert said(0.9, 0.06, 0.04, 0.7, 0.93).p_left == pytest.approx(0.93)
    assert said(0.1, 0.8, 0.1, 0.7, 0.5).outcome == "tie"
    assert said(0.45, 0.1, 0.45, 0.7, 0.5).outcome == "abstained"


def test_each_picture_is_judged_alone(judge):
    frames = fresh("train", 4).frames.flatten(0, 1).numpy()
    meaning = Meaning("in-bowl", None, "blue")
    together = judge(frames, meaning)
    alone = [judge(frames[i : i + 1], meaning) for i in range(len(frames))]
    np.testing.assert_allclose(together[0], np.concatenate([a[0] for a in alone]), atol=1e-5)


def test_it_labels_recorded_episodes_from_pixels(data, tmp_path):
    found = label(data, tmp_path / "labels", LabelConfig("judge", goal=GOAL, pairs=400), seed=1)
    flat = np.split(data.low_dim(["progress"])["progress"], np.cumsum(data.lengths + 1)[:-1])
    progress = dict(zip(data.ids.tolist(), flat, strict=True))
    gap = np.array([progress[p.left.episode][p.left.start] - progress[p.right.episode][p.right.start] for p in found])
    said_left = np.array([p.p_left for p in found])
    decided = (said_left != 0.5) & (np.abs(gap) > SAME)
    assert decided.sum() > 200
    assert ((said_left > 0.5) == (gap > 0))[decided].mean() > 0.93
    assert len(np.unique(said_left)) > 50  # soft


def test_asked_again_it_says_the_same(data, tmp_path):
    pairs = [label(data, tmp_path / name, LabelConfig("judge", goal=GOAL, pairs=60)) for name in "ab"]
    assert pairs[0] == pairs[1]


def test_another_camera_is_refused_by_name(judge, tmp_path):
    env_options = {"cameras": ("front", "top")}
    both = collect(CollectConfig(episodes=1, env_options=env_options), tmp_path / "both", workers=1)
    with pytest.raises(OutOfScope, match="camera 'front' alone, not 'top'"):
        make(both, camera="top")
    with pytest.raises(OutOfScope, match="no camera 'side'"):
        make(both, camera="side")
    frames = {"top": both.episode(0).obs["top"]}
    assert judge.strangeness(frames["top"]) > 3 * STRANGE
    assert judge.strangeness(both.episode(0).obs["front"]) < STRANGE


def test_pictures_of_another_size_are_refused(tmp_path):
    small = collect(CollectConfig(episodes=1, env_options={"size": 64}), tmp_path / "small", workers=1)
    with pytest.raises(OutOfScope, match=r"96 x 96 pixels"):
        make(small)


def test_another_world_is_refused_by_what_it_looks_like(judge):
    class Elsewhere(SmallDataset):
        cameras = ("front",)

        def frames(self, camera, moments):
            rng = np.random.default_rng(0)
            return rng.integers(0, 255, (len(moments), 96, 96, 3), dtype=np.uint8)

    strange = Elsewhere(episodes=4, actions=5)
    strange.spec = plugins.load("embodied.spec:Spec")(
        {"front": plugins.load("embodied.spec:ArraySpec")((96, 96, 3), "uint8", 0, 255)},
        plugins.load("embodied.spec:ArraySpec")((1,)), 10.0,
    )  # fmt: skip
    with pytest.raises(OutOfScope, match="another world"):
        admitted(judge, strange, "front")


def test_all_worlds_of_the_tabletop_are_admitted(judge, data, tmp_path):
    for env in ("StackBlocks", "PushBlockToZone"):
        there = collect(CollectConfig(f"envs:embodied/{env}-v0", episodes=2), tmp_path / env, workers=1)
        admitted(judge, there, "front")
    admitted(judge, data, "front")


def test_a_wish_for_what_the_world_lacks_is_refused(data, tmp_path):
    with pytest.raises(OutOfScope, match="something that this world lacks"):
        label(data, tmp_path / "labels", LabelConfig("judge", goal="push the blue block into the blue zone", pairs=20))
    with pytest.raises(OutOfScope, match="not trained on the word 'throw'"):
        label(data, tmp_path / "other", LabelConfig("judge", goal="throw the blue block in the blue bowl", pairs=20))


def test_damaged_weights_are_refused(tmp_path):
    for suffix in (".safetensors", ".json"):
        (tmp_path / f"judge{suffix}").write_bytes(WEIGHTS.with_suffix(suffix).read_bytes())
    path = tmp_path / "judge.safetensors"
    load(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="damaged or was replaced"):
        load(path)
    path.unlink()
    with pytest.raises(ValueError, match="train a judge with"):
        load(path)


def test_a_judge_is_trained_by_one_call_and_continues(tmp_path):
    small = {"groups": 48, "epochs": 1.0, "test_groups": 6}
    card = train_judge(tmp_path / "judge", small, seed=5, workers=1, device="cpu")
    again = train_judge(tmp_path / "judge", small, seed=5, workers=1, device="cpu")
    assert card["sha256"] == again["sha256"]
    assert set(card["tests"]) == {"scenes", "colours", "wordings"}
    trained = load(tmp_path / "judge" / "judge.safetensors")
    assert isinstance(trained.net, JudgeNet)
    assert json.loads((tmp_path / "judge" / "judge.json").read_text())["kind"] == "judge"
    assert "no foundation model" in (tmp_path / "judge" / "judge.md").read_text()


def test_too_little_to_train_on_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 48 groups"):
        train_judge(tmp_path / "judge", {"groups": 10})
