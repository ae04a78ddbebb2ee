"""CLIP as a teacher and a reward: what its scores depend on, what each form of text means, what is kept and refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from answering import SmallDataset
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("open_clip")

from tinyclip import save_tiny_clip

from embodied import openclip, steps, video
from embodied.features import FeatureCache, picture_keys
from embodied.feedback import pose
from embodied.openclip import load_clip
from embodied.recorder import create_dataset
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode, moment
from rewards import clip, roboclip
from rewards.clip import ClipConfig, ClipScorer, Wording, contrast, cosine, regularised
from rewards.labelers import make
from rewards.pairs import select
from rewards.roboclip import films
from rewards.scored import shaped

GOAL = "put the red block to the right"
RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (7, 48, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(save_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny"))


@pytest.fixture(scope="module")
def encoder(folder):
    return load_clip(folder, cache="none", device="cpu")


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset(episodes=6, actions=20)


@pytest.fixture(scope="module")
def pairs(dataset):
    return select(dataset, 60, np.random.default_rng(0))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Episodes of unequal lengths on disk."""
    path, rng = tmp_path_factory.mktemp("moving") / "data", np.random.default_rng(1)
    spec = Spec(
        {"state": ArraySpec((1,)), "front": ArraySpec((32, 32, 3), "uint8")}, ArraySpec((1,), low=-1, high=1), 10
    )
    with create_dataset(path, spec, task=GOAL) as recorder:
        for steps_ in (5, 8, 6):
            front = rng.integers(0, 256, (steps_ + 1, 32, 32, 3), dtype=np.uint8)
            obs = {"state": np.zeros((steps_ + 1, 1), np.float32), "front": front}
            recorder.append(Episode(np.zeros((steps_, 1), np.float32), obs, task=GOAL))
    return path


def units(seed, n):
    vectors = np.random.default_rng(seed).normal(size=(n, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def answers_of(labeler, dataset, pairs):
    found = dict(labeler.ask(pose(labeler, dataset, GOAL, pairs)))
    return [found[i] for i in range(len(pairs))]


# -- the three forms of text --


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_without_regularisation_the_goal_and_baseline_score_is_the_cosine(seed):
    images, (goal, baseline) = units(seed, 5), units(seed + 1, 2)
    np.testing.assert_allclose(regularised(images, goal, baseline, 0.0), cosine(images, goal), atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_the_goal_itself_scores_one_whatever_the_regularisation(seed, alpha):
    goal, baseline = units(seed, 2)
    assert regularised(goal[None], goal, baseline, alpha) == pytest.approx(1)


def test_full_regularisation_sees_only_the_line_from_baseline_to_goal():
    images, (goal, baseline, noise) = units(1, 5), units(2, 3)
    line = (goal - baseline) / np.linalg.norm(goal - baseline)
    aside = noise - (noise @ line) * line
    moved = images + 0.7 * aside
    np.testing.assert_allclose(
        regularised(moved, goal, baseline, 1.0), regularised(images, goal, baseline, 1.0), atol=1e-6
    )
    assert not np.allclose(regularised(moved, goal, baseline, 0.5), regularised(images, goal, baseline, 0.5))


def test_exchanging_positive_and_negative_turns_the_score_around():
    images, (goal, other) = units(3, 5), units(4, 2)
    np.testing.assert_array_equal(contrast(images, goal, other), -contrast(images, other, goal))


def test_positive_minus_negative_of_equal_texts_is_a_tie_everywhere(folder, dataset, pairs):
    labeler = make("clip", dataset, model=folder, negative=GOAL, cache="none", tie=0.0)
    assert {a.outcome for a in answers_of(labeler, dataset, pairs)} == {"tie"}


def test_a_baseline_that_says_the_goal_is_refused(encoder):
    with pytest.raises(ValueError, match="says the same as the goal"):
        ClipScorer(encoder, Wording(baseline=GOAL)).score(FRAMES, GOAL)


def test_two_forms_at_once_are_refused():
    with pytest.raises(ValueError, match="are two forms; give one"):
        ClipConfig(baseline="a table", negative="a mess")
    with pytest.raises(ValueError, match=r"alpha is 1\.5"):
        Wording(alpha=1.5)


# -- what a score depends on --


@pytest.mark.parametrize("wording", [Wording(), Wording(baseline="a table"), Wording(negative="a mess")])
def test_the_score_depends_on_the_pixels_alone(encoder, wording):
    scorer = ClipScorer(encoder, wording)
    together = scorer.score(FRAMES, GOAL)
    order = RNG.permutation(len(FRAMES))
    np.testing.assert_allclose(scorer.score(FRAMES[order], GOAL), together[order], atol=1e-5)
    np.testing.assert_allclose(scorer.score(FRAMES[2:3].copy(), GOAL), together[2:3], atol=1e-5)
    assert np.ptp(together) > 1e-4


def test_vectors_have_length_one(encoder):
    assert np.linalg.norm(encoder.images(FRAMES), axis=1) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(encoder.texts([GOAL, "other"]), axis=1) == pytest.approx(1, abs=1e-5)


def test_a_grey_picture_is_seen_as_its_coloured_copy(encoder):
    grey = FRAMES[..., :1]
    np.testing.assert_allclose(encoder.images(grey), encoder.images(np.repeat(grey, 3, axis=-1)), atol=1e-6)


# -- what is kept --


def test_cached_features_equal_fresh_ones_and_are_computed_once(folder, encoder, tmp_path, monkeypatch):
    first = load_clip(folder, cache=str(tmp_path / "f.sqlite"), device="cpu").images(FRAMES)
    again = load_clip(folder, cache=str(tmp_path / "f.sqlite"), device="cpu")
    monkeypatch.setattr(again, "_encoded", None)  # nobody there to encode
    np.testing.assert_array_equal(again.images(FRAMES[::-1].copy())[::-1], first)
    np.testing.assert_allclose(first, encoder.images(FRAMES), atol=1e-6)


def test_other_weights_do_not_find_each_others_features(folder, tmp_path):
    other = str(save_tiny_clip(tmp_path / "other", seed=1))
    kept = str(tmp_path / "f.sqlite")
    one, two = (load_clip(f, cache=kept, device="cpu") for f in (folder, other))
    assert one.digest != two.digest
    assert not np.allclose(one.images(FRAMES), two.images(FRAMES))


def test_a_picture_that_comes_twice_is_encoded_once():
    asked = []

    def encode(places):
        asked.append(places)
        return np.array([[p, 1] for p in places], np.float32)

    cache = FeatureCache()
    found = cache.through("e", ["a", "b", "a"], encode)
    np.testing.assert_array_equal(found, [[0, 1], [1, 1], [0, 1]])
    cache.through("e", ["b", "c"], encode)
    assert asked == [[0, 1], [1]]


def test_pictures_of_equal_bytes_and_other_shapes_differ():
    black = np.zeros((1, 4, 8, 3), np.uint8)
    assert picture_keys(black) != picture_keys(black.reshape(1, 8, 4, 3))


def test_a_cache_that_is_none_is_refused_by_name(tmp_path):
    (tmp_path / "f.sqlite").write_text("no database, but long enough to be taken for one " * 40)
    with pytest.raises(ValueError, match=r"f\.sqlite cannot be used .*; remove it, which costs time alone"):
        FeatureCache(tmp_path / "f.sqlite")


# -- as a teacher --


@pytest.mark.parametrize("name", ["clip", "roboclip"])
def test_swapping_sides_mirrors_the_answer(name, folder, dataset, pairs):
    labeler = make(name, dataset, model=folder, cache="none")
    there = answers_of(labeler, dataset, pairs)
    back = answers_of(labeler, dataset, [(b, a) for a, b in pairs])
    assert {a.outcome for a in there} == {"preferred", "tie"}
    for a, b in zip(there, back, strict=True):
        assert (a.outcome, a.p_left) == (b.outcome, 1 - b.p_left)
        assert (a.confidence or 0) == pytest.approx(b.confidence or 0, abs=1e-4)


def test_a_wider_band_ties_more_and_confidence_grows_with_the_difference(folder, dataset, pairs):
    ties = []
    for tie in (0.0, 0.5, 1.0, 100.0):
        labeler = make("clip", dataset, model=folder, cache="none", tie=tie)
        ties.append(sum(a.outcome == "tie" for a in answers_of(labeler, dataset, pairs)))
    assert ties == sorted(ties)
    assert ties[-1] == len(pairs)
    labeler = make("clip", dataset, model=folder, cache="none")
    assert labeler.answer(0.3).confidence < labeler.answer(-2.0).confidence <= 1


def test_the_tie_band_is_in_deviations_of_the_score_on_the_data(folder, dataset):
    labeler = make("clip", dataset, model=folder, cache="none")
    every = np.array([(int(i), t) for i in dataset.ids for t in range(21)])
    assert labeler.spread(GOAL) == pytest.approx(labeler.scores(every, GOAL).std(), rel=1e-4)


def test_an_answer_is_kept_under_the_weights_that_gave_it(folder, dataset, tmp_path):
    other = str(save_tiny_clip(tmp_path / "other", seed=1))
    one, two = (make("clip", dataset, model=f, cache="none") for f in (folder, other))
    assert one.parameters != two.parameters


# -- as a reward --


@pytest.mark.parametrize("name", ["clip", "roboclip"])
def test_a_reward_without_labels_is_fitted_saved_and_written_beside_the_data(name, folder, recorded, tmp_path):
    config = {"model": folder, "cache": "none"}
    fitted = steps.fit_reward(recorded, [], tmp_path / "r", reward=name, config=config, device="cpu")
    steps.relabel(recorded, tmp_path / "r", name)
    data = steps.opened(recorded)
    for episode in data:
        np.testing.assert_allclose(data.column(name)[episode.id], fitted(episode), atol=1e-5)
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["begun.json", "manifest.json", "reward.json"]


def test_the_frame_after_the_action_is_judged_and_the_scale_is_that_of_the_data(folder, recorded):
    data = steps.opened(recorded)
    reward = clip.fit(data, config=ClipConfig(model=folder, cache="none"), device="cpu")
    every = np.concatenate([reward(e) for e in data])
    assert every.mean() == pytest.approx(0, abs=1e-5)
    assert every.std() == pytest.approx(1, abs=1e-4)
    episode = data.episode(1)
    np.testing.assert_array_equal(np.argsort(reward(episode)), np.argsort(reward.values(episode)[1:]))


def test_roboclip_rewards_the_end_alone(folder, recorded):
    data = steps.opened(recorded)
    reward = roboclip.fit(data, config=roboclip.RoboClipConfig(model=folder, cache="none"), device="cpu")
    ends = []
    for episode in data:
        found = reward(episode)
        assert not found[:-1].any()
        ends.append(found[-1])
    assert np.mean(ends) == pytest.approx(0, abs=1e-5)
    assert np.std(ends) == pytest.approx(1, abs=1e-4)


def test_a_film_is_the_mean_of_its_frames_and_does_not_know_their_order():
    images = units(5, 6)
    mean = images.mean(axis=0)
    np.testing.assert_allclose(films(images)[-1], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_allclose(films(images[::-1])[-1], films(images)[-1], atol=1e-6)
    np.testing.assert_allclose(films(images)[0], images[0], atol=1e-6)


def test_an_episode_matches_its_own_film_best(encoder, tmp_path):
    film = np.kron(np.random.default_rng(3).integers(0, 256, (6, 8, 8, 3), np.uint8), np.ones((1, 24, 24, 1), np.uint8))
    (tmp_path / "film.mp4").write_bytes(video.encode(film, 10).data)
    wanted = roboclip.embedded(encoder, str(tmp_path / "film.mp4"))
    scorer = roboclip.FilmScorer(encoder, wanted)
    other = np.full((6, 192, 192, 3), 90, np.uint8)
    own = scorer.score(film, "")[-1]
    assert own > 0.99
    assert own > scorer.score(other, "")[-1]
    with pytest.raises(ValueError, match=r"nothing\.mp4 cannot be read as a video"):
        roboclip.embedded(encoder, str(tmp_path / "nothing.mp4"))


def test_smoothing_over_one_frame_changes_nothing():
    value = np.random.default_rng(0).normal(size=9).astype(np.float32)
    np.testing.assert_allclose(shaped(value, 1, 0.0), value[1:], atol=1e-6)
    np.testing.assert_allclose(shaped(value, 1, 0.5), np.exp(0.5 * value[1:]), rtol=1e-5)
    np.testing.assert_allclose(shaped(value, 99, 0.0)[0], value[1:].mean(), atol=1e-6)


def test_labels_given_to_a_reward_that_needs_none_only_measure_it(folder, recorded, tmp_path):
    from embodied.types import Preference

    data, config = steps.opened(recorded), ClipConfig(model=folder, cache="none")
    plain = clip.fit(data, config=config, device="cpu")
    values = {e.id: plain.values(e) for e in data}
    said = [Preference(moment(0, t), moment(1, t), float(values[0][t] > values[1][t])) for t in range(5)]
    measured = clip.fit(data, said, config, tmp_path, device="cpu")
    np.testing.assert_array_equal(measured(data.episode(0)), plain(data.episode(0)))
    held = json.loads((tmp_path / "reward.json").read_text())["held_out"]
    assert held == {"accuracy": 1.0, "decided": 5, "pairs": 5}


def test_a_reward_that_needs_labels_says_so_and_one_that_needs_none_has_nothing_to_shuffle(folder, recorded, tmp_path):
    with pytest.raises(ValueError, match=r"'preference' is fitted to answers; give folders made by `embodied label`"):
        steps.fit_reward(recorded, [], tmp_path / "a")
    with pytest.raises(ValueError, match="control 'shuffled' would change nothing"):
        steps.fit_reward(recorded, [], tmp_path / "b", reward="clip", config={"model": folder}, control="shuffled")


def test_a_reward_whose_weights_were_replaced_is_refused(recorded, tmp_path):
    folder = save_tiny_clip(tmp_path / "model")
    config = ClipConfig(model=str(folder), cache="none")
    clip.fit(steps.opened(recorded), config=config, out=tmp_path / "r", device="cpu")
    assert clip.load(tmp_path / "r")
    save_tiny_clip(folder, seed=1)
    with pytest.raises(ValueError, match="have been replaced by others; fit it again"):
        clip.load(tmp_path / "r")
    with pytest.raises(ValueError, match="is a reward of kind 'clip', not 'roboclip'"):
        roboclip.load(tmp_path / "r")


# -- what is missing is named --


def test_weights_may_be_a_file_of_a_named_architecture(folder, encoder, tmp_path):
    import open_clip

    about = json.loads(Path(folder, "open_clip_config.json").read_text())
    (tmp_path / "Tiny-CLIP.json").write_text(json.dumps(about["model_cfg"]))
    open_clip.add_model_config(tmp_path)
    found = load_clip("Tiny-CLIP", f"{folder}/open_clip_model.safetensors", cache="none", device="cpu")
    assert found.name == "Tiny-CLIP open_clip_model.safetensors"
    np.testing.assert_allclose(found.texts([GOAL]), encoder.texts([GOAL]), atol=1e-6)


def test_what_is_not_there_is_named_with_a_way_out(folder, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="did you mean 'ViT-B-32'"):
        load_clip("ViT-B-3")
    with pytest.raises(ValueError, match=r"no weights 'laoin2b' for ViT-B-32: neither .* its tags \(.*openai"):
        load_clip("ViT-B-32", "laoin2b")
    with pytest.raises(ValueError, match=r"has no open_clip_config\.json"):
        load_clip(str(tmp_path))
    config_alone = tmp_path / "alone"
    config_alone.mkdir()
    (config_alone / "open_clip_config.json").write_text(Path(folder, "open_clip_config.json").read_text())
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_clip(str(config_alone))

    def unreachable(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("open_clip.factory.download_pretrained", unreachable)
    with pytest.raises(ValueError, match=r"b79k' cannot be loaded \(.*no route to host.*\); without"):
        load_clip()


def test_weights_that_would_run_code_are_refused(folder, tmp_path):
    import pickle
    import shutil

    there = tmp_path / "evil"
    there.mkdir()
    shutil.copy(f"{folder}/open_clip_config.json", there)
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (open, (str(mark), "w"))

    (there / "open_clip_pytorch_model.bin").write_bytes(pickle.dumps({"visual.proj": Evil()}))
    with pytest.raises(ValueError, match="cannot be loaded"):
        openclip.load_clip(str(there))
    assert not mark.exists()
