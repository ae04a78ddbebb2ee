"""Data sets that others wrote: other names, several episodes per file, films with offsets, no final observation."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embodied import codec
from embodied.dataset import load_dataset, open_recorder

ROWS = (5, 3, 4)


def foreign(path, change=None, film=False, done=(), pictures=None):
    """A data set as LeRobot itself lays it out: one data file, one row group per episode, one film of all frames."""
    rng = np.random.default_rng(0)
    rows = sum(ROWS)
    columns = {
        "observation.environment_state": rng.random((rows, 4)).astype(np.float32),
        "observation.state": rng.random((rows, 2)),
        "observation.images.top": (np.arange(rows) * 20).astype(np.uint8)[:, None, None, None]
        + np.zeros((16, 16, 3), np.uint8),
        "action": rng.normal(size=(rows, 2)).astype(np.float32),
        "next.reward": rng.random(rows).astype(np.float32),
        "next.success": np.arange(rows) % 2 == 0,
        "speed": rng.random(rows).astype(np.float32),
        "timestamp": np.concatenate([np.arange(n) / 10 for n in ROWS]).astype(np.float32),
        "frame_index": np.concatenate([np.arange(n) for n in ROWS]),
        "episode_index": np.repeat(np.arange(len(ROWS)), ROWS),
        "index": np.arange(rows),
        "task_index": np.repeat([0, 1, 0], ROWS),
    }
    if done:
        columns["next.done"] = np.concatenate([(np.arange(n) == n - 1) & (i in done) for i, n in enumerate(ROWS)])
    columns = columns | (change or {})
    stops = np.cumsum(ROWS)
    features = {
        name: {"dtype": str(a.dtype), "shape": list(a.shape[1:]) or [1], "names": None} for name, a in columns.items()
    }
    camera = features["observation.images.top"]
    camera["dtype"] = "video" if film else "image"
    info = {
        "codebase_version": "v3.0", "robot_type": "arm", "total_episodes": 3, "total_frames": rows, "total_tasks": 2,
        "chunks_size": 1000, "fps": 10, "splits": {"train": "0:3"}, "features": features,
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    }  # fmt: skip
    for folder in ("meta/episodes/chunk-000", "data/chunk-000", "videos/observation.images.top/chunk-000"):
        (path / folder).mkdir(parents=True)
    (path / "meta/info.json").write_text(json.dumps(info))
    pq.write_table(pa.table({"task_index": [0, 1], "__index_level_0__": ["push", "lift"]}), path / "meta/tasks.parquet")
    meta = {
        "episode_index": [0, 1, 2], "tasks": [["push"], ["lift"], ["push"]], "length": list(ROWS),
        "data/chunk_index": [0] * 3, "data/file_index": [0] * 3,
        "dataset_from_index": [0, *stops[:-1].tolist()], "dataset_to_index": stops.tolist(),
        "videos/observation.images.top/chunk_index": [0] * 3, "videos/observation.images.top/file_index": [0] * 3,
        "videos/observation.images.top/from_timestamp": [0.0, 0.5, 0.8],
        "videos/observation.images.top/to_timestamp": [0.5, 0.8, 1.2], "stats/action/mean": [[0.0]] * 3,
    }  # fmt: skip
    pq.write_table(pa.table(meta), path / "meta/episodes/chunk-000/file-000.parquet")
    arrays = {name: pa.array(list(a)) for name, a in columns.items() if name != "observation.images.top"}
    if film:
        video = codec.encode_video(columns["observation.images.top"], 10)
        (path / "videos/observation.images.top/chunk-000/file-000.mp4").write_bytes(video)
    else:
        encoded = [
            {"bytes": codec.encode_png(f), "path": f"{i}.png"} for i, f in enumerate(columns["observation.images.top"])
        ]
        arrays["observation.images.top"] = pa.array(encoded)
    table = pa.table(arrays)
    with pq.ParquetWriter(path / "data/chunk-000/file-000.parquet", table.schema) as writer:
        for start, stop in zip([0, *stops[:-1]], stops, strict=True):
            writer.write_table(table.slice(start, stop - start))
    return columns


@pytest.mark.parametrize("film", [False, True])
def test_names_shapes_and_values_are_taken_over(tmp_path, film):
    columns = foreign(tmp_path / "set", film=film)
    dataset = load_dataset(tmp_path / "set")
    assert set(dataset.spec.obs) == {"environment_state", "state", "top"}
    assert dataset.spec.obs["state"].dtype == "float64"
    assert dataset.spec.hz == 10
    assert set(dataset.extras) == {"speed", "success"}
    assert (dataset.cameras, dataset.tasks, dataset.columns) == (("top",), ("push", "lift"), ("recorded",))
    assert not dataset.problems
    for episode, start, rows in zip(dataset, np.cumsum([0, *ROWS[:-1]]), ROWS, strict=True):
        mine = slice(start, start + rows)
        assert len(episode) == rows - 1
        assert np.array_equal(episode.obs["state"], columns["observation.state"][mine])
        assert np.array_equal(episode.action, columns["action"][mine][:-1])
        assert np.array_equal(episode.reward["recorded"], columns["next.reward"][mine][:-1])
        assert np.abs(episode.obs["top"].astype(int) - columns["observation.images.top"][mine]).max() <= 3 * film
        assert (episode.terminated, episode.truncated) == (False, True)
    frames = dataset.frames("top", np.array([[2, 3], [0, 0], [1, 1]]))
    assert np.abs(frames[:, 0, 0, 0].astype(int) - [220, 0, 120]).max() <= 3


def test_success_after_an_action_is_success_of_the_next_frame(tmp_path):
    columns = foreign(tmp_path / "set")
    success = load_dataset(tmp_path / "set").episode(0).extra["success"]
    assert success.tolist() == [False, *columns["next.success"][:4].tolist()]


def test_a_done_last_frame_keeps_its_transition_and_ends_there(tmp_path):
    columns = foreign(tmp_path / "set", done=(1,))
    dataset = load_dataset(tmp_path / "set")
    assert dataset.lengths.tolist() == [4, 3, 3]
    assert dataset.flags()[0].tolist() == [False, True, False]
    assert dataset.flags()[1].tolist() == [True, False, True]
    episode = dataset.episode(1)
    assert np.array_equal(episode.action, columns["action"][5:8])
    assert np.array_equal(episode.obs["state"][3], columns["observation.state"][7])
    assert np.array_equal(episode.obs["top"][3], episode.obs["top"][2])
    assert dataset.frames("top", np.array([[1, 3], [1, 2]])).shape[0] == 2
    state = dataset.low_dim(["state"])["state"]
    assert np.array_equal(state[5:9], episode.obs["state"])
    assert np.array_equal(dataset.actions()[4:7], episode.action)


def test_an_episode_with_an_action_that_is_not_finite_is_left_out_by_name(tmp_path):
    action = np.zeros((sum(ROWS), 2), np.float32)
    action[6, 1] = np.nan
    foreign(tmp_path / "set", {"action": action})
    dataset = load_dataset(tmp_path / "set")
    assert dataset.ids.tolist() == [0, 2]
    assert dataset.problems == ("episode 1 has the action [ 0. nan] at step 1, which is not finite: it is left out",)
    assert len(dataset.actions()) == 4 + 3


def test_a_last_action_that_is_dropped_anyway_may_be_anything(tmp_path):
    action = np.zeros((sum(ROWS), 2), np.float32)
    action[-1] = np.nan
    foreign(tmp_path / "set", {"action": action})
    assert len(load_dataset(tmp_path / "set")) == 3


def test_an_episode_that_is_not_where_it_should_be_is_named(tmp_path):
    foreign(tmp_path / "set", {"episode_index": np.repeat([0, 1, 1], ROWS)})
    dataset = load_dataset(tmp_path / "set")
    assert dataset.ids.tolist() == [0, 1]
    assert "episode 2 is not in the 4 rows of data/chunk-000/file-000.parquet" in dataset.problems[0]


def test_a_truncated_shard_of_all_episodes_leaves_none(tmp_path):
    foreign(tmp_path / "set")
    shard = tmp_path / "set/data/chunk-000/file-000.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    dataset = load_dataset(tmp_path / "set")
    assert len(dataset) == 0
    assert dataset.problems == ("data/chunk-000/file-000.parquet is truncated: episodes 0, 1, 2 are left out",)


def test_a_list_of_episodes_that_cannot_be_read_is_named(tmp_path):
    foreign(tmp_path / "set")
    path = tmp_path / "set/meta/episodes/chunk-000/file-000.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["data/file_index"]), path)
    dataset = load_dataset(tmp_path / "set")
    assert len(dataset) == 0
    assert "lacks the column 'data/file_index'" in dataset.problems[0]
    assert dataset.problems[1].startswith("episodes 0, 1, 2 are counted in info.json and not listed")


def test_foreign_data_is_not_appended_to(tmp_path):
    foreign(tmp_path / "set")
    with pytest.raises(ValueError, match="was not written here and is only read"):
        open_recorder(tmp_path / "set")
