"""From pushed blocks to ranked videos, an aligned reward and an aligned policy, through the commands' own calls."""

import json

import numpy as np
import pytest

from embodied.aligning import align, pretrain, rank, read_rankings, scores
from embodied.batches import CONSTANT
from embodied.collecting import CollectConfig, collect
from embodied.dataset import load_dataset
from embodied.intervening import InterveneConfig, intervene
from embodied.steps import fit_reward, relabel
from policies import diffusion
from policies.denoisers import Shape
from rewards.frames import encoded, load_encoder, padded, thinned
from rewards.rapl_reward import load

ENV = "envs:embodied/PlanarGrouping-v0"
QUICK = {"steps": 40, "members": 2, "form": "prototype"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twenty-five short videos of all behaviours."""
    place = tmp_path_factory.mktemp("pushed")
    collect(CollectConfig(ENV, "planar", 25, {"size": 48, "horizon": 60}), place / "data", seed=1)
    return place


@pytest.fixture(scope="module")
def reward(folder):
    """A reward aligned with rankings of them."""
    rank(folder / "data", folder / "ranked", "-cost", count=12, gap=0.05)
    pretrain(folder / "data", folder / "encoder", kind="objects", camera="top", seed=0, config={})
    config = {**QUICK, "encoder": str(folder / "encoder")}
    fit_reward(folder / "data", [folder / "ranked"], folder / "reward", reward="rapl", config=config)
    return folder / "reward"


def test_scores_are_means_of_measures_and_columns(folder):
    data = load_dataset(folder / "data")
    rows = np.asarray(data.low_dim(["cost"])["cost"])
    first = int(data.lengths[0]) + 1
    assert scores(data, "-cost")[int(data.ids[0])] == pytest.approx(-float(rows[:first].mean()), rel=1e-5)
    assert scores(data, "recorded")[int(data.ids[0])] == pytest.approx(
        float(np.mean(data.column("recorded")[int(data.ids[0])]))
    )
    with pytest.raises(ValueError, match="no measure or reward column 'joy'"):
        scores(data, "joy")


def test_an_aligned_reward_is_a_column_like_any_other(folder, reward):
    relabel(folder / "data", reward, "rapl", folder=folder / "columns")
    data = load_dataset(folder / "data").with_folder(folder / "columns")
    column = data.column("rapl")
    assert {i: len(v) for i, v in column.items()} == dict(zip(data.ids.tolist(), data.lengths.tolist(), strict=True))
    assert all(np.isfinite(v).all() for v in column.values())
    means = [float(np.mean(column[int(i)])) for i in data.ids]
    truth = [scores(data, "-cost")[int(i)] for i in data.ids]
    assert np.corrcoef(means, truth)[0, 1] > 0.3


def test_a_reward_is_the_same_once_loaded_and_refuses_a_replaced_encoder(folder, reward):
    data = load_dataset(folder / "data")
    one, other = load(reward), load(reward)
    episode = data.episode(int(data.ids[3]))
    np.testing.assert_array_equal(one(episode), other(episode))
    record = json.loads((reward / "reward.json").read_text())
    (reward / "reward.json").write_text(json.dumps({**record, "encoder_digest": "0"}))
    try:
        with pytest.raises(ValueError, match="has been replaced"):
            load(reward)
    finally:
        (reward / "reward.json").write_text(json.dumps(record))


def test_what_was_held_out_chooses_the_form(folder, reward):
    config = {**QUICK, "form": "auto", "encoder": str(folder / "encoder")}
    fit_reward(folder / "data", [folder / "ranked"], folder / "auto", reward="rapl", config=config)
    record = json.loads((folder / "auto" / "reward.json").read_text())
    assert set(record["forms"]) == {"pairs", "prototype"}
    assert record["forms"][record["form"]] == max(record["forms"].values())


def test_rankings_of_other_data_are_refused(folder, reward, tmp_path):
    collect(CollectConfig(ENV, "planar", 3, {"size": 48, "horizon": 12}), tmp_path / "few", seed=1)
    with pytest.raises(ValueError, match="which the data set does not have"):
        read_rankings(load_dataset(tmp_path / "few"), [folder / "ranked"])


def test_an_encoder_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="neither a folder made by"):
        load_encoder(str(tmp_path))


def test_features_that_are_not_finite_are_named(folder):
    class Broken:
        digest = "broken"

        def encode(self, frames):
            return np.full((len(frames), 2), np.nan, np.float32)

    with pytest.raises(ValueError, match=r"no finite numbers of frame 0 of episode \d+"):
        encoded(load_dataset(folder / "data"), Broken(), "top", cache=folder / "broken.sqlite")


def test_frames_are_thinned_evenly_and_padded():
    assert thinned(101, 5).tolist() == [0, 25, 50, 75, 100]
    assert thinned(3, 45).tolist() == [0, 1, 2]
    videos = padded([np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)], [7, 9])
    assert videos.mask.sum(1).tolist() == [2, 4]
    assert videos.at([9, 7]).tolist() == [1, 0]


def test_things_are_found_where_they_are(folder):
    encoder = load_encoder(str(folder / "encoder")) if (folder / "encoder").exists() else None
    if encoder is None:
        pretrain(folder / "data", folder / "encoder", kind="objects", camera="top", seed=0, config={})
        encoder = load_encoder(str(folder / "encoder"))
    data = load_dataset(folder / "data")
    number = int(data.ids[0])
    frames = np.asarray(data.episode(number).obs["top"])
    state = np.asarray(data.low_dim(["state"])["state"])[: len(frames)]
    rows = encoder.encode(frames)
    x, y = rows[:, 0::5], rows[:, 1::5]
    pieces = state[:, 2:6].reshape(-1, 2, 2) / 1.1
    for i in range(2):
        far = np.hypot(x - pieces[:, i, :1], y - pieces[:, i, 1:]).mean(0)
        assert far.min() < 0.12, "some thing follows the piece"


def test_a_policy_is_aligned_with_what_the_reward_is_sure_of(folder, reward):
    config = diffusion.DiffusionConfig(
        obs=("state",), shape=Shape(channels=(16, 32), groups=4, width=32), horizon=8, executed=4, batch=32, steps=40
    )
    data = load_dataset(folder / "data")
    diffusion.fit(data, CONSTANT, config, folder / "policy")
    options = {"size": 48, "horizon": 40}
    rolled = intervene(folder / "policy", folder / "rolled", InterveneConfig(ENV, "nobody", 8, env_options=options))
    assert not rolled.human().any()
    told = align(
        folder / "policy", folder / "rolled", folder / "aligned", reward=reward, pairs=10, demos=folder / "data",
        config={"steps": 10, "batch": 4, "check_every": 5},
    )  # fmt: skip
    assert told["pairs"] >= 1
    assert told["winner drift"] > 0
