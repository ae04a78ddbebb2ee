"""The judge of dressing: right on scenes it never saw, and silent about whatever it was not made for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from answering import SmallDataset

from embodied.dataset import load_dataset
from embodied.feedback import Question
from embodied.judging import train_judge
from embodied.recorder import create_dataset
from embodied.spec import ArraySpec, Spec
from embodied.steps import LabelConfig, label
from embodied.types import Episode, Segment
from rewards import judge_reward
from rewards.dressed_phrasings import SENTENCES
from rewards.judge import make
from rewards.judge_dressing_exam import ordered, scored, within
from rewards.judge_dressing_training import Moments
from rewards.judge_reward import JudgeRewardConfig
from rewards.judge_worlds import WORLDS, admitted, load
from rewards.sentences import Meaning, OutOfScope, understand

pytest.importorskip("mujoco")
from envs.dressing import posing
from envs.dressing.garment import GARMENTS
from envs.dressing.scene import LEVELS, SPLITS, draw

GOAL = "pull the sleeve over the person's arm, up to the shoulder"
REFUSED = (Path(__file__).parent / "out_of_scope_dressing.txt").read_text("utf-8").splitlines()
FRESH = 1_234_567  # a seed of acting that no training, choice or card has used


@pytest.fixture(scope="module")
def judge():
    return load(world="dressing")


@pytest.fixture(scope="module")
def held_out():
    return Moments.of(posing.pose(posing.Order(4, "held-out", FRESH)))


@pytest.fixture(scope="module")
def data(held_out, tmp_path_factory):
    """The same, as a real data set."""
    folder, frames = tmp_path_factory.mktemp("dressing") / "data", held_out.frames.numpy()
    spec = Spec({"front": ArraySpec(frames.shape[2:], "uint8", 0, 255)}, ArraySpec((1,)), 25.0)
    with create_dataset(folder, spec) as recorder:
        for pictures, garment in zip(frames, held_out.garment.tolist(), strict=True):
            task = GOAL.replace("sleeve", f"sleeve of the {list(GARMENTS)[garment]}")
            action = np.zeros((len(pictures) - 1, 1), np.float32)
            recorder.append(Episode(action, {"front": pictures}, {}, task=task, truncated=True))
    return load_dataset(folder)


class Recorded(SmallDataset):
    """Posed groups as a data set of one camera."""

    cameras = ("front",)
    tasks = ("pull the sleeve of the gown over the person's arm, up to the shoulder",)

    def __init__(self, frames):
        super().__init__(episodes=len(frames), actions=frames.shape[1] - 1)
        self.pictures, self.ids = frames, np.arange(len(frames))
        self.spec = Spec({"front": ArraySpec(frames.shape[2:], "uint8", 0, 255)}, ArraySpec((1,)), 10.0)

    def frames(self, camera, moments):
        return np.stack([self.pictures[number, at] for number, at in moments])


def data_of(moments, **changes):
    found = Recorded(np.asarray(moments.frames))
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def asked(teacher, pairs, goal=GOAL):
    def side(episode, at):
        return Segment(int(episode), int(at), int(at) + 1)

    questions = [Question(goal, (side(*a), side(*b)), (f"{a}", f"{b}")) for a, b in pairs]
    return [answer for _, answer in teacher.ask(questions)]


def test_the_packaged_judge_is_right_on_fresh_held_out_scenes(judge, held_out):
    score, doubt = scored(judge.net, held_out, torch.device("cpu"))
    found = within(score, doubt, held_out.progress)
    wide = (np.abs(found.gap) > 0.05) & (found.sure > judge.card["sure"])
    assert wide.sum() > 200
    assert found.correct[wide].mean() > 0.95
    assert float((score - held_out.progress).abs().mean()) < 0.05
    assert ordered(score, held_out.progress) > 0.9


def test_the_card_states_what_was_wanted_of_it(judge):
    assert judge.card["tests"]["held-out"]["wide"]["right"] >= 0.97
    path = WORLDS["dressing"].weights
    assert path.stat().st_size < 500_000
    text = path.with_suffix(".md").read_text()
    assert "no foundation model" in text
    assert "says nothing about comfort or safety" in text


def test_the_teacher_answers_from_pixels_by_the_judge_of_the_data_s_world(held_out):
    teacher = make(data_of(held_out), grade=0.15)
    assert teacher.judge.world == "dressing"
    rng, progress = np.random.default_rng(0), held_out.progress.numpy()
    pairs = [tuple(zip(rng.integers(4, size=2), rng.integers(20, size=2), strict=True)) for _ in range(200)]
    answers = asked(teacher, pairs)
    gap = np.array([progress[a] - progress[b] for a, b in pairs])
    decided = np.array([a.outcome == "preferred" for a in answers]) & (np.abs(gap) > 0.05)
    left = np.array([a.p_left is not None and a.p_left > 0.5 for a in answers])
    assert decided.sum() > 80
    assert (left == (gap > 0))[decided].mean() > 0.93


def test_where_the_sentences_do_not_say_the_pictures_do(held_out):
    assert make(data_of(held_out, tasks=("do the thing",))).judge.world == "dressing"
    assert make(data_of(held_out, tasks=())).judge.world == "dressing"


def test_a_wish_of_another_world_is_refused(held_out):
    teacher = make(data_of(held_out))
    with pytest.raises(OutOfScope, match="world lacks: it is a sleeve and a person's arm, and the wish is about the"):
        asked(teacher, [((0, 0), (0, 1))], "put the blue block in the orange bowl")
    with pytest.raises(OutOfScope, match="'pull the knit over the arm' is about something that this world lacks"):
        asked(teacher, [((0, 0), (0, 1))], "pull the knit over the arm")


def test_dressing_is_refused_on_pictures_of_the_tabletop(judge):
    pytest.importorskip("pybullet")
    from envs.tabletop.posing import Order, pose

    tables = pose(Order(4, "train", 3))
    with pytest.raises(OutOfScope, match="another world than a sleeve"):
        admitted(judge, data_of(tables), "front")
    teacher = make(data_of(tables, tasks=("put the block into the bowl of its own colour",)))
    assert teacher.judge.world == "tabletop"
    with pytest.raises(OutOfScope, match="world lacks: it is the tabletop"):
        asked(teacher, [((0, 0), (0, 1))])


def test_pictures_of_dressing_are_refused_by_the_judge_of_the_tabletop(held_out):
    with pytest.raises(OutOfScope, match="another world than the tabletop"):
        admitted(load(world="tabletop"), data_of(held_out), "front")


def test_another_camera_or_size_is_refused_by_name(held_out):
    with pytest.raises(OutOfScope, match="no camera 'side'"):
        make(data_of(held_out), camera="side")
    with pytest.raises(OutOfScope, match="camera 'front' alone, not 'wrist'"):
        make(data_of(held_out, cameras=("front", "wrist")), camera="wrist")
    small = data_of(held_out)
    small.spec = Spec({"front": ArraySpec((64, 64, 3), "uint8", 0, 255)}, ArraySpec((1,)), 10.0)
    with pytest.raises(OutOfScope, match="96 x 96 pixels"):
        make(small)
    mirrored = data_of(held_out)
    mirrored.pictures = held_out.frames.numpy()[:, :, :, ::-1]
    with pytest.raises(OutOfScope, match="another world"):
        make(mirrored)


@pytest.mark.parametrize("level", sorted(LEVELS))
@pytest.mark.parametrize("split", SPLITS)
def test_every_scene_of_dressing_is_admitted_and_its_sentence_understood(judge, level, split):
    frames = []
    for seed in range(8):
        env = posing.Dressing(level, split=split, obs=("state",), cameras=("front",))
        frames.append(env.reset(seed=seed)[0]["front"])
        scene = draw(level, split, seed)
        assert understand(scene.sentence) == Meaning("dressed", garment=scene.garment.name)
    assert judge.strangeness(np.stack(frames)) < 0.015


def test_its_score_is_a_reward(data, held_out, tmp_path):
    with pytest.raises(OutOfScope, match="pictures of the world 'dressing'"):
        judge_reward.fit(data, config=JudgeRewardConfig(world="tabletop"))
    with pytest.raises(OutOfScope, match="world lacks"):
        judge_reward.fit(data, config=JudgeRewardConfig(goal="put the blue block in the orange bowl"))
    judge_reward.fit(data, out=tmp_path)
    reward = judge_reward.load(tmp_path)
    assert reward.config.world == "dressing"
    score = np.stack([reward.values(data.episode(number)) for number in data.ids.tolist()])
    assert ordered(torch.from_numpy(score), held_out.progress) > 0.9


def test_it_labels_recorded_episodes_from_pixels(data, tmp_path):
    found = label(data, tmp_path / "labels", LabelConfig("judge", {"grade": 0.15}, goal=GOAL, pairs=100), seed=1)
    assert len({p.p_left for p in found}) > 30  # soft


def test_weights_of_one_world_are_not_taken_for_another():
    with pytest.raises(ValueError, match="describes a judge of the world 'dressing', not 'tabletop'"):
        load(WORLDS["dressing"].weights, "tabletop")


def test_other_wordings_mean_the_same():
    understood = 0
    for sentence in SENTENCES:
        try:
            assert understand(sentence).predicate == "dressed"
            understood += 1
        except OutOfScope:
            continue
    assert understood >= 0.9 * len(SENTENCES)


def test_a_garment_is_named_or_not():
    for name in GARMENTS:
        for form in (
            "put the {}'s sleeve on the arm",
            "please, dress the person's right arm with the {}",
            "pull the {} over her arm",
        ):
            assert understand(form.format(name)).garment == name
    assert understand("dress the person's arm up to the shoulder").garment is None


def test_the_list_of_refusals_is_long_enough():
    assert len(set(REFUSED)) == len(REFUSED) >= 80


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_out_of_scope_is_refused(sentence):
    with pytest.raises(OutOfScope, match="the judge"):
        understand(sentence)


def test_moments_are_posed_the_same_every_time_and_truly():
    first, again = (posing.pose(posing.Order(1, "train", 5, copies=2)) for _ in range(2))
    for name in posing.Posed.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    turned = first.progress[0] == first.progress[1]  # the rest hangs elsewhere
    assert 0.5 < turned.mean() < 1
    assert not first.encloses[1][~turned].any()
    assert not (first.frames[0] == first.frames[1]).all()
    assert (first.progress[1][~turned] < 0.1).all()
    whole = np.linalg.norm(np.diff(first.positions[:, :, :4], axis=2), axis=3)
    np.testing.assert_allclose(whole[0], whole[1], atol=1e-5)


def test_the_gripper_is_where_it_is_said_to_be_in_the_picture(held_out):
    """It is dark there, wherever cloth and arm do not hide it."""
    places, frames = held_out.places[:, :, 4].numpy(), held_out.frames.numpy()
    at = ((places + 1) * 48 - 0.5).round().astype(int).clip(2, 93)
    dark = [
        frames[g, k, y - 2 : y + 1, x - 1 : x + 2].max(-1).min() < 110
        for g in range(len(frames)) for k, (x, y) in enumerate(at[g])
    ]  # fmt: skip
    assert np.mean(dark) > 0.9


@pytest.mark.slow
def test_a_judge_of_dressing_is_trained_by_one_call_and_continues(tmp_path):
    small = {"groups": 6, "copies": 2, "epochs": 2.0, "batch": 4, "test_groups": 3}
    card = train_judge(tmp_path / "judge", small, world="dressing", seed=5, workers=1, device="cpu")
    again = train_judge(tmp_path / "judge", small, world="dressing", seed=5, workers=1, device="cpu")
    assert card["sha256"] == again["sha256"]
    assert load(tmp_path / "judge" / "judge_dressing.safetensors").world == "dressing"
    assert "no foundation model" in (tmp_path / "judge" / "judge_dressing.md").read_text()


def test_too_little_to_train_on_is_refused(tmp_path):
    with pytest.raises(ValueError, match="draw at least 12 episodes"):
        train_judge(tmp_path / "judge", {"groups": 3}, world="dressing")
    with pytest.raises(ValueError, match="no world 'tabeltop'"):
        train_judge(tmp_path / "judge", world="tabeltop")
