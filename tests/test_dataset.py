"""A data set gives back what was put into it, says what is wrong with it, and loads only what is asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recording import record, same, small_episode, small_spec

from embodied import codec, layout
from embodied.dataset import load_dataset
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def made(tmp_path, rng):
    """Three episodes of different lengths, as they were and as a data set."""
    episodes = [small_episode(rng, steps, task=f"task {steps % 2}") for steps in (6, 1, 9)]
    return episodes, load_dataset(record(tmp_path / "set", episodes))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_episode_of_any_spec_survives_the_round_trip(tmp_path_factory, data):
    draw = data.draw
    shapes = st.lists(st.integers(1, 3), max_size=3).map(tuple)
    named = st.dictionaries(
        st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.tuples(shapes, st.sampled_from(DTYPES)), max_size=4
    )
    arrays = {n: ArraySpec(shape, dtype) for n, (shape, dtype) in draw(named).items() if n not in layout.RESERVED}
    spec = Spec(
        {"base": ArraySpec((1,)), **arrays}, ArraySpec((draw(st.integers(1, 3)),)), draw(st.sampled_from([10.0, 12.5]))
    )
    episode = _drawn(
        spec, draw(st.integers(1, 5)), np.random.default_rng(draw(st.integers(0, 99))), draw(st.booleans())
    )
    path = tmp_path_factory.mktemp("any") / "set"
    from embodied.recorder import create_dataset

    with create_dataset(path, spec) as recorder:
        recorder.append(episode)
    again = load_dataset(path)
    assert same(again[0], episode)
    assert not spec.differences(again.spec)
    assert not again.spec.differences(spec)


def _drawn(spec, steps, rng, terminated):
    obs = {n: np.stack([a.generate(rng) for _ in range(steps + 1)]) for n, a in spec.obs.items()}
    action = rng.normal(size=(steps, *spec.action.shape)).astype(np.float32)
    return Episode(action, obs, task="go", terminated=terminated, truncated=not terminated and steps % 2 == 0)


def test_every_way_of_reading_gives_the_same(made):
    episodes, dataset = made
    assert all(same(a, b) for a, b in zip(dataset, episodes, strict=True))
    assert dataset.lengths.tolist() == [6, 1, 9]
    low = dataset.low_dim(["pose", "progress"])
    assert np.array_equal(low["pose"], np.concatenate([e.obs["pose"] for e in episodes]))
    assert np.array_equal(low["progress"], np.concatenate([e.extra["progress"] for e in episodes]))
    assert np.array_equal(dataset.actions(), np.concatenate([e.action for e in episodes]))
    assert all(np.array_equal(dataset.column("recorded")[i], e.reward["recorded"]) for i, e in enumerate(episodes))
    for number, frames in dataset.each_episode_frames("front"):
        assert np.array_equal(frames, episodes[number].obs["front"])
    assert dataset.tasks == ("task 0", "task 1")
    assert dataset.task(1) == "task 1"
    assert dataset.cameras == ("front",)


def test_frames_come_in_the_order_asked_and_are_decoded_once(made, monkeypatch):
    episodes, dataset = made
    decoded = []
    real = codec.decode_picture
    monkeypatch.setattr(codec, "decode_picture", lambda *a: decoded.append(1) or real(*a))
    moments = np.array([[2, 9], [0, 0], [2, 9], [1, 1], [0, 3], [2, 0]])
    frames = dataset.frames("front", moments)
    assert all(np.array_equal(f, episodes[i].obs["front"][t]) for f, (i, t) in zip(frames, moments, strict=True))
    assert len(decoded) == 5
    assert dataset.frames("front", np.empty((0, 2), np.int64)).shape == (0, 16, 16, 3)


def test_equal_pictures_have_equal_hashes_and_others_do_not(made):
    _, dataset = made
    a, b, c = dataset.frame_hashes("front", np.array([[0, 1], [0, 2], [0, 1]]))
    assert a == c != b
    x, y = dataset.frame_hashes(["state", "pose"], np.array([[0, 1], [2, 4]]))
    assert x != y


def test_pictures_are_not_read_unless_asked_for(made, monkeypatch):
    _, dataset = made
    monkeypatch.setattr(codec, "decode_picture", lambda *a: pytest.fail("decoded"))
    assert set(dataset.episode(0, images=False).obs) == {"state", "pose"}
    dataset.low_dim(["state"])


def test_a_data_set_without_images_has_no_cameras(tmp_path, rng):
    spec = small_spec(cameras=())
    dataset = load_dataset(record(tmp_path / "set", [small_episode(rng, spec=spec)], spec))
    assert dataset.cameras == ()
    assert dataset.low_dim(["state"])["state"].shape == (7, 5)


@pytest.mark.parametrize("size", [(16, 16, 3), (15, 17, 3)])
def test_video_keeps_every_frame_at_its_place(tmp_path, rng, size):
    spec = small_spec(size=size, hz=12.5)
    episodes = [small_episode(rng, steps, spec) for steps in (20, 7)]
    for episode in episodes:  # smooth frames, each of another brightness: noise does not survive a codec
        episode.obs["front"].base[:] = np.linspace(0, 250, len(episode) + 1).astype(np.uint8)[:, None, None, None]
    dataset = load_dataset(record(tmp_path / "set", episodes, spec, storage="video"))
    assert same(dataset[0], episodes[0], besides=["front"])
    moments = np.array([[0, 20], [0, 0], [1, 3], [0, 11], [0, 11]])
    frames = dataset.frames("front", moments).astype(int)
    wanted = np.stack([episodes[i].obs["front"][t] for i, t in moments]).astype(int)
    assert np.abs(frames - wanted).max() <= 4
    assert all(len(f) == dataset.lengths[i] + 1 for i, f in dataset.each_episode_frames("front"))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3, 4]), st.integers(0, 99))
def test_a_picture_survives_its_png(height, width, channels, seed):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    assert np.array_equal(codec.decode_picture(codec.encode_png(picture), channels), picture)


def test_asking_for_what_is_not_there_names_what_is(made):
    _, dataset = made
    with pytest.raises(KeyError, match="did you mean 'state'"):
        dataset.low_dim(["stat"])
    with pytest.raises(ValueError, match="'front' is a camera"):
        dataset.low_dim(["front"])
    with pytest.raises(KeyError, match=r"no camera 'wrist'.*'front'"):
        dataset.frames("wrist", np.array([[0, 0]]))
    with pytest.raises(ValueError, match="no frame 7 in episode 0, which has 7 frames"):
        dataset.frames("front", np.array([[0, 7]]))
    with pytest.raises(KeyError, match=r"no episode 9 .* from 0 to 2"):
        dataset.episode(9)


def test_the_fingerprint_depends_on_the_episodes_and_not_on_the_folder(made, tmp_path):
    episodes, dataset = made
    twin = load_dataset(record(tmp_path / "twin", episodes))
    other = load_dataset(record(tmp_path / "other", episodes[:2]))
    assert twin.fingerprint() == dataset.fingerprint() != other.fingerprint()


# -- faults --


def test_a_folder_that_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        load_dataset(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"is not a data set: it has no meta/info.json"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codebase_version": "v2.1"}, r"LeRobot v2\.1 .*convert_dataset_v21_to_v30"),
        ({"codebase_version": "v4.0"}, "only v3.0 is read; update"),
        ({"embodied": {"schema_version": 99}}, "schema version 99, and this program knows up to 1; update"),
        ({"features": None}, "cannot read .*info.json"),
    ],
)
def test_another_version_is_refused_with_the_way_out(made, change, message):
    _, dataset = made
    info = json.loads((dataset.path / layout.INFO).read_bytes())
    (dataset.path / layout.INFO).write_text(json.dumps(info | change))
    with pytest.raises(ValueError, match=message):
        load_dataset(dataset.path)


def test_half_an_info_json_is_named(made):
    _, dataset = made
    (dataset.path / layout.INFO).write_bytes((dataset.path / layout.INFO).read_bytes()[:50])
    with pytest.raises(ValueError, match=r"cannot read .*info.json"):
        load_dataset(dataset.path)


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("journal", [True, False])
def test_a_truncated_shard_is_named_and_the_rest_is_usable(made, keep, journal):
    episodes, dataset = made
    shard = dataset.path / layout.place(layout.DATA, 1)
    shard.write_bytes(shard.read_bytes()[: int(keep * shard.stat().st_size)])
    if not journal:
        (dataset.path / layout.JOURNAL).unlink()
    again = load_dataset(dataset.path)
    assert again.ids.tolist() == [0, 2]
    assert again.problems == ("data/chunk-000/file-001.parquet is truncated: episodes 1 are left out",)
    assert same(again.episode(2), episodes[2])
    assert len(again.low_dim(["state"])["state"]) == 7 + 10
    assert len(again.frames("front", np.array([[2, 9]]))) == 1


def test_a_shard_that_breaks_in_its_middle_is_named_when_it_is_read(made):
    _, dataset = made
    shard = dataset.path / layout.place(layout.DATA, 1)
    data = bytearray(shard.read_bytes())
    data[len(data) // 2 : -8] = bytes(len(data) - len(data) // 2 - 8)
    shard.write_bytes(data)
    with pytest.raises(ValueError, match=r"file-001\.parquet"):
        load_dataset(dataset.path).low_dim(["state"])


def test_a_missing_or_truncated_film_is_named(tmp_path, rng):
    episodes = [small_episode(rng) for _ in range(3)]
    path = record(tmp_path / "set", episodes, storage="video")
    films = [path / layout.place(layout.VIDEO, i, "observation.images.front") for i in range(3)]
    films[0].unlink()
    films[1].write_bytes(films[1].read_bytes()[:-40])
    dataset = load_dataset(path)
    assert dataset.ids.tolist() == [2]
    assert [p.split(": ")[0].split(" ", 1)[1] for p in dataset.problems] == ["is missing", "is truncated"]


@pytest.mark.parametrize("lost", ["all", "last line", "half a line"])
def test_without_its_journal_a_data_set_reads_the_same(made, lost):
    episodes, dataset = made
    journal = Path(dataset.path / layout.JOURNAL)
    text = journal.read_bytes()
    journal.write_bytes({"all": b"", "last line": text[: text[:-1].rindex(b"\n") + 1], "half a line": text[:-9]}[lost])
    again = load_dataset(dataset.path)
    assert not again.problems
    assert all(same(a, b) for a, b in zip(again, episodes, strict=True))
