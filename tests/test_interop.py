"""An episode survives the way into another library's format and back, and that library reads what was written."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from recording import record, same, small_episode, small_spec

from embodied.dataset import load_dataset
from embodied.interop import from_d3rlpy, from_minari, from_robomimic, store, to_d3rlpy, to_minari, to_robomimic
from embodied.types import Episode

h5py = pytest.importorskip("h5py")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def robomimic(episodes, folder):
    return from_robomimic(to_robomimic(episodes, folder / "a.hdf5"))


def minari(episodes, folder):
    return from_minari(to_minari(episodes, folder, "group/name-v0"))


def d3rlpy(episodes, folder):
    return from_d3rlpy(to_d3rlpy(episodes, folder / "a.h5", obs=list(episodes[0].obs)))


@settings(max_examples=8, deadline=None)
@given(
    steps=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    seed=st.integers(0, 99),
    ending=st.sampled_from(["terminated", "truncated", "neither"]),
    cameras=st.sampled_from([(), ("front",), ("front", "wrist")]),
    extras=st.booleans(),
)
@pytest.mark.parametrize("there_and_back", [robomimic, minari, d3rlpy])
def test_an_episode_survives_the_round_trip(tmp_path_factory, there_and_back, steps, seed, ending, cameras, extras):
    rng, spec = np.random.default_rng(seed), small_spec(cameras)
    episodes = []
    for n in steps:
        made = small_episode(rng, n, spec, task="go")
        rewards = {**made.reward, "prefs": rng.random(n).astype(np.float32)}
        extra = {**made.extra, "lone": rng.random(n + 1)} if extras else {}
        flags = {"terminated": ending == "terminated", "truncated": ending == "truncated"}
        episodes.append(Episode(made.action, made.obs, rewards, extra, "go", **flags, human=made.human))
    again = list(there_and_back(episodes, tmp_path_factory.mktemp("trip")))
    assert all(same(a, b) for a, b in zip(again, episodes, strict=True))
    assert [episode.id for episode in again] == list(range(len(episodes)))


@pytest.mark.parametrize("there_and_back", [robomimic, minari])
def test_episodes_without_rewards_do_not_come_back_with_some(tmp_path, rng, there_and_back):
    episode = small_episode(rng, reward=False)
    assert same(next(there_and_back([episode], tmp_path)), episode)


def test_a_number_is_a_vector_of_one_there_and_a_number_again_here(tmp_path, rng):
    steps = 4
    episode = Episode(
        rng.random((steps, 2), np.float32),
        {"height": rng.random(steps + 1, np.float32)},
        {"recorded": np.zeros(steps, np.float32)},
    )
    assert same(next(robomimic([episode], tmp_path)), episode)
    assert same(next(from_d3rlpy(to_d3rlpy([episode], tmp_path / "b.h5", obs=["height"]))), episode)
    with h5py.File(tmp_path / "a.hdf5") as file:
        assert file["data/demo_0/obs/height"].shape == (steps, 1)


def test_what_comes_from_elsewhere_is_stored_with_all_its_columns(tmp_path, rng):
    episodes = [small_episode(rng, n, task="go").with_reward("prefs", np.ones(n, np.float32)) for n in (3, 5)]
    dataset = store(robomimic(episodes, tmp_path), tmp_path / "set", hz=10, task="unused")
    assert all(same(a, b) for a, b in zip(dataset, episodes, strict=True))
    assert dataset.columns == ("recorded", "prefs")
    assert dataset.spec.hz == 10


def test_a_filter_key_selects_episodes(tmp_path, rng):
    dataset = load_dataset(record(tmp_path / "set", [small_episode(rng, n) for n in (2, 3, 4)]))
    path = to_robomimic(dataset, tmp_path / "a.hdf5", masks={"train": [0, 2], "valid": [1]})
    assert [len(episode) for episode in from_robomimic(path, "train")] == [2, 4]
    with pytest.raises(ValueError, match=r"no filter key 'test'; it has \['train', 'valid'\]"):
        next(from_robomimic(path, "test"))
    with pytest.raises(ValueError, match="mask 'x' names position 3, and there are 3 episodes"):
        to_robomimic(dataset, tmp_path / "b.hdf5", masks={"x": [3]})
    assert not (tmp_path / "b.hdf5").exists()


# -- files of others --


def bare_robomimic(path, done, after):
    with h5py.File(path, "w") as file:
        demo = file.create_group("data/demo_0")
        demo["actions"] = np.arange(8.0).reshape(4, 2)
        demo["rewards"], demo["dones"] = np.arange(4.0), np.array([0, 0, 0, done])
        demo["obs/joints"] = np.arange(12.0).reshape(4, 3)
        if after:
            demo["next_obs/joints"] = np.arange(12.0).reshape(4, 3) + 3
    return next(from_robomimic(path))


def test_robomimic_files_of_others_keep_their_final_observation(tmp_path):
    episode = bare_robomimic(tmp_path / "a.hdf5", done=0, after=True)
    assert len(episode) == 4
    assert episode.obs["joints"][4].tolist() == [12, 13, 14]
    assert (episode.terminated, episode.truncated) == (False, True)


def test_robomimic_files_without_next_observations_end_as_they_say(tmp_path):
    ended, cut = (bare_robomimic(tmp_path / f"{done}.hdf5", done, after=False) for done in (1, 0))
    assert (len(ended), ended.terminated) == (4, True)
    assert ended.obs["joints"][4].tolist() == ended.obs["joints"][3].tolist()
    assert (len(cut), cut.terminated) == (3, False)
    assert cut.reward["recorded"].tolist() == [0, 1, 2]


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (48, 40), (200, 10, 10)).save(file, "JPEG")
    return file.getvalue()


def test_minari_files_of_others_keep_nested_observations_pictures_and_numeric_infos(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/metadata.json").write_text(json.dumps({"data_format": "hdf5"}))
    with h5py.File(tmp_path / "data/main_data.hdf5", "w") as file:
        group = file.create_group("episode_0")
        group["observations/robot/joints"], group["observations/goal"] = np.zeros((4, 2)), np.ones((4, 1))
        group["observations/front"] = np.stack([np.frombuffer(jpeg(), np.uint8)] * 4)
        group["infos/height"], group["infos/name"] = np.arange(4.0), np.array([b"a"] * 4)
        group["actions"], group["rewards"] = np.zeros((3, 2)), np.arange(3.0)
        group["terminations"], group["truncations"] = np.array([0, 0, 1], bool), np.array([0, 0, 1], bool)
    episode = next(from_minari(tmp_path))
    assert set(episode.obs) == {"robot.joints", "goal", "front"}
    assert set(episode.extra) == {"height"}
    assert episode.obs["front"].shape == (4, 40, 48, 3)
    assert (episode.terminated, episode.truncated) == (True, False)


def test_discrete_actions_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        demo = file.create_group("data/demo_0")
        demo["actions"], demo["obs/joints"] = np.arange(4), np.zeros((4, 3))
    with pytest.raises(ValueError, match="actions of dtype int64; only continuous"):
        next(from_robomimic(tmp_path / "a.hdf5"))


def test_other_files_are_refused_in_words(tmp_path, rng):
    (tmp_path / "text").write_text("no")
    for reader, kind in ((from_robomimic, "robomimic"), (from_d3rlpy, "d3rlpy")):
        with pytest.raises(ValueError, match=f"no {kind} file at"):
            next(reader(tmp_path / "none"))
        with pytest.raises(ValueError, match=f"text is not a {kind} file"):
            next(reader(tmp_path / "text"))
    with pytest.raises(ValueError, match="is not a Minari data set"):
        next(from_minari(tmp_path))
    path = to_robomimic([small_episode(rng)], tmp_path / "a.hdf5")
    with pytest.raises(ValueError, match="exists and is not overwritten"):
        to_robomimic([small_episode(rng)], path)
    with pytest.raises(ValueError, match="has no 'columns'"):
        next(from_d3rlpy(path))
    with pytest.raises(ValueError, match="no reward column 'prefs'; it has"):
        to_d3rlpy([small_episode(rng)], tmp_path / "b.h5", reward="prefs")
    with pytest.raises(ValueError, match="no name for Minari"):
        to_minari([small_episode(rng)], tmp_path, "name")


def test_a_newer_schema_is_refused(tmp_path, rng):
    path = to_robomimic([small_episode(rng)], tmp_path / "a.hdf5")
    with h5py.File(path, "a") as file:
        file["data/demo_0/embodied"].attrs["schema_version"] = 9
    with pytest.raises(ValueError, match="schema version 9, and this program knows up to 1; update"):
        next(from_robomimic(path))


READ_BY_D3RLPY = """
import sys
import numpy as np
import d3rlpy
with open(sys.argv[1], "rb") as file:
    buffer = d3rlpy.dataset.ReplayBuffer.load(file, d3rlpy.dataset.InfiniteBuffer())
picker = d3rlpy.dataset.BasicTransitionPicker()
for episode in buffer.episodes:
    last = picker(episode, episode.transition_count - 1)
    print(episode.transition_count, int(last.terminal), np.float64(np.sum(last.observation[0])).item(),
          np.float64(np.sum(last.next_observation[0])).item(), last.reward.item(), last.observation[1].shape)
with open(sys.argv[2], "w+b") as file:
    buffer.dump(file)
"""


@pytest.mark.slow
def test_d3rlpy_makes_a_transition_of_every_action(tmp_path, rng):
    pytest.importorskip("d3rlpy")
    episodes = [small_episode(rng, 5), small_episode(rng, 3, terminated=True)]
    to_d3rlpy(episodes, tmp_path / "ours.h5", obs=["state", "front"])
    command = [sys.executable, "-c", READ_BY_D3RLPY, tmp_path / "ours.h5", tmp_path / "theirs.h5"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=5) for line in done.stdout.splitlines() if line[0].isdigit()]
    for episode, (count, terminal, now, then, reward, shape) in zip(episodes, lines, strict=True):
        assert int(count) == len(episode)
        assert bool(int(terminal)) == episode.terminated
        assert np.isclose(float(now), episode.obs["state"][-2].sum())
        assert np.isclose(float(then), 0 if episode.terminated else episode.obs["state"][-1].sum())
        assert np.isclose(float(reward), episode.reward["recorded"][-1])
        assert shape == "(3, 16, 16)"
    theirs = list(from_d3rlpy(tmp_path / "theirs.h5", ["state", "front"]))
    for episode, mine in zip(theirs, episodes, strict=True):
        assert np.array_equal(episode.action, mine.action)
        assert np.array_equal(episode.obs["front"][:-1], mine.obs["front"][:-1])
        assert np.array_equal(episode.reward["recorded"], mine.reward["recorded"])
