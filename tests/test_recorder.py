"""What was committed survives kills, full disks and second writers; what was not leaves no trace."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from recording import EXTRA, record, same, small_episode, small_spec

from embodied import layout
from embodied.dataset import create_dataset, load_dataset, open_recorder
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode

HERE = Path(__file__).parent
ENDLESS = """
import sys
sys.path[:0] = [{root!r}, {here!r}]
import numpy as np
from embodied.dataset import create_dataset, open_recorder
from recording import EXTRA, small_episode, small_spec
path, storage = sys.argv[1:]
try:
    recorder = open_recorder(path)
except ValueError:
    recorder = create_dataset(path, small_spec(), extra=EXTRA, storage=storage, task="go")
print("recording", flush=True)
while True:
    number = len(recorder)
    recorder.append(small_episode(np.random.default_rng(number), 3 + number % 5))
    print(number, flush=True)
"""


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def killed(path, seconds, storage="image") -> int:
    """Record until killed `seconds` after the first line; the number of episodes that were said to be committed."""
    code = ENDLESS.format(root=str(HERE.parent), here=str(HERE))
    with subprocess.Popen([sys.executable, "-c", code, str(path), storage], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        said = [int(line) for line in child.stdout.read().splitlines()]
    return said[-1] + 1 if said else 0


def intact(path, at_least) -> int:
    """Check that every committed episode is there as it was recorded; how many there are."""
    dataset = load_dataset(path)
    assert not dataset.problems
    assert len(dataset) >= at_least
    for number, episode in enumerate(dataset):
        expected = small_episode(np.random.default_rng(number), 3 + number % 5, task="go")
        assert same(episode, expected, besides=["front"])
        assert dataset.info["features"]["observation.images.front"]["dtype"] == "video" or same(episode, expected)
    stats = json.loads((path / layout.STATS).read_bytes()) if len(dataset) else {}
    assert not stats or stats["action"]["count"][0] >= int((dataset.lengths + 1).sum())
    return len(dataset)


def kill_again_and_again(path, rng, times, storage):
    committed = 0
    for _ in range(times):
        said = killed(path, rng.uniform(0, 0.15), storage)
        committed = intact(path, max(committed, said))
    with open_recorder(path) as recorder:
        number = len(recorder)
        recorder.append(small_episode(np.random.default_rng(number), 3 + number % 5))
    assert intact(path, committed + 1) == committed + 1
    assert json.loads((path / layout.STATS).read_bytes())["action"]["count"][0] == recorder_frames(path)


def recorder_frames(path) -> int:
    return json.loads((path / layout.INFO).read_bytes())["total_frames"]


def test_a_killed_recorder_loses_at_most_the_open_episode(tmp_path, rng):
    kill_again_and_again(tmp_path / "set", rng, 2, "image")


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["image", "video"])
def test_a_recorder_killed_many_times_loses_at_most_the_open_episode(tmp_path, rng, storage):
    kill_again_and_again(tmp_path / "set", rng, 20, storage)


class Stop(BaseException):
    """What a kill looks like from inside."""


@pytest.mark.parametrize("storage", ["image", "video"])
@pytest.mark.parametrize("after", range(9))
def test_a_stop_between_any_two_renames_leaves_the_episodes_before(tmp_path, rng, monkeypatch, after, storage):
    episodes = [small_episode(rng, task=f"task {i}") for i in range(3)]
    path = record(tmp_path / "set", episodes[:2], storage=storage)
    renames = iter(range(after))
    real = os.replace

    def limited(*names):
        if next(renames, None) is None:
            raise Stop
        real(*names)

    recorder = open_recorder(path)
    monkeypatch.setattr(os, "replace", limited)
    try:
        recorder.append(episodes[2])
    except Stop:
        kept = 2
    else:
        kept = 3
    monkeypatch.undo()
    recorder.close()
    besides = ["front"] if storage == "video" else []
    assert [same(a, b, besides) for a, b in zip(load_dataset(path), episodes[:kept], strict=True)] == [True] * kept
    with open_recorder(path) as recorder:
        for episode in episodes[kept:]:
            recorder.append(episode)
    again = load_dataset(path)
    assert [same(a, b, besides) for a, b in zip(again, episodes, strict=True)] == [True] * 3
    assert not again.problems
    whole = load_dataset(record(tmp_path / "whole", episodes, storage=storage))
    stats = [json.loads((d.path / layout.STATS).read_bytes()) for d in (again, whole)]
    assert np.allclose(stats[0]["observation.state"]["mean"], stats[1]["observation.state"]["mean"])
    assert stats[0]["action"]["count"] == stats[1]["action"]["count"]


def test_a_recorder_interrupted_in_a_commit_is_closed(tmp_path, rng, monkeypatch):
    recorder = create_dataset(tmp_path / "set", small_spec(), extra=EXTRA)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "_move", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recorder.append(small_episode(rng))
    with pytest.raises(ValueError, match="is closed; open_recorder opens another"):
        recorder.append(small_episode(rng))


# -- a full disk --


@pytest.mark.parametrize("fails", range(5))
def test_a_full_disk_loses_nothing_and_the_append_can_be_repeated(tmp_path, rng, monkeypatch, fails):
    episodes = [small_episode(rng, steps, task=f"task {steps}") for steps in (5, 6, 7)]
    path = record(tmp_path / "set", episodes[:1])
    real, calls = layout.write_file, iter(range(fails))

    def full(*args, **options):
        if next(calls, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*args, **options)

    with open_recorder(path) as recorder:
        monkeypatch.setattr(layout, "write_file", full)
        with pytest.raises(
            OSError, match=r"cannot write episode 1 \(No space left on device\); the 1 .* are safe"
        ) as full_disk:
            recorder.append(episodes[1])
        assert full_disk.value.errno == errno.ENOSPC
        assert len(load_dataset(path)) == 1
        monkeypatch.undo()
        recorder.append(episodes[2])
        assert recorder.append(episodes[1]) == 2
    assert sorted(load_dataset(path).lengths.tolist()) == [5, 6, 7]
    assert all(same(episode, episodes[len(episode) - 5]) for episode in load_dataset(path))


def test_a_file_size_limit_is_an_error_and_no_crash(tmp_path):
    code = f"""
import resource, sys
sys.path[:0] = [{str(HERE.parent)!r}, {str(HERE)!r}]
import numpy as np
from embodied.dataset import create_dataset
from recording import EXTRA, small_episode, small_spec
recorder = create_dataset({str(tmp_path / "set")!r}, small_spec(), extra=EXTRA)
recorder.append(small_episode(np.random.default_rng(0)))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
recorder.append(small_episode(np.random.default_rng(1), 60))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "the 1 episodes before it are safe" in done.stderr
    assert len(load_dataset(tmp_path / "set")) == 1


# -- one writer --


def test_a_second_writer_is_refused_and_the_next_one_is_not(tmp_path, rng):
    with create_dataset(tmp_path / "set", small_spec(), extra=EXTRA) as recorder:
        with pytest.raises(ValueError, match=f"is being recorded by process {os.getpid()}"):
            open_recorder(tmp_path / "set")
        recorder.append(small_episode(rng))
    recorder.close()
    with open_recorder(tmp_path / "set") as recorder:
        assert recorder.append(small_episode(rng)) == 1


def test_reading_goes_on_while_a_recorder_appends(tmp_path, rng):
    episodes = [small_episode(rng) for _ in range(2)]
    with create_dataset(tmp_path / "set", small_spec(), extra=EXTRA) as recorder:
        assert len(load_dataset(tmp_path / "set")) == 0
        recorder.append(episodes[0])
        dataset = load_dataset(tmp_path / "set")
        recorder.append(episodes[1])
    assert len(dataset) == 1
    assert same(dataset[0], episodes[0])


# -- what is refused --


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"obs": {"state": np.zeros((7, 5), np.float32)}}, "lacks 'pose'"),
        ({"extra": {}}, "lacks 'progress'"),
        ({"extra": {"speed": np.zeros(7)}}, "has 'speed', which the data set lacks; it holds"),
        ({"action": np.zeros((6, 3), np.float32)}, r"action has shape \(3,\), wanted \(2,\)"),
        ({"reward": {"prefs": np.zeros(6, np.float32)}}, "'prefs'; only 'recorded'.*write_column"),
    ],
)
def test_an_episode_of_another_make_is_refused(tmp_path, rng, change, message):
    good = small_episode(rng)
    parts = {"action": good.action, "obs": good.obs, "extra": good.extra, "reward": good.reward} | change
    with create_dataset(tmp_path / "set", small_spec(), extra=EXTRA) as recorder:
        with pytest.raises(ValueError, match=message):
            recorder.append(Episode(**parts))
        assert recorder.append(good) == 0


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((7, 4), np.float32), r"'state' has shape \(4,\), wanted \(5,\)"),
        (np.zeros((7, 5), complex), "'state' has dtype complex128, wanted float32"),
    ],
)
def test_an_array_of_another_make_is_refused(tmp_path, rng, array, message):
    good = small_episode(rng)
    recorder = create_dataset(tmp_path / "set", small_spec(), extra=EXTRA)
    with recorder, pytest.raises(ValueError, match=message):
        recorder.append(Episode(good.action, {**good.obs, "state": array}, extra=good.extra))


def test_episodes_with_and_without_recorded_rewards_do_not_mix(tmp_path, rng):
    with create_dataset(tmp_path / "set", small_spec(), extra=EXTRA) as recorder:
        recorder.append(small_episode(rng, reward=False))
        with pytest.raises(ValueError, match=r"episode 1 .* has a recorded reward and those before it have none"):
            recorder.append(small_episode(rng))
    assert load_dataset(tmp_path / "set").columns == ()


def test_another_rate_or_spec_is_refused_when_appending(tmp_path, rng):
    path = record(tmp_path / "set", [small_episode(rng)])
    open_recorder(path, small_spec()).close()
    with pytest.raises(ValueError, match=r"cannot append .*runs at 20.0 Hz, wanted 15.0"):
        open_recorder(path, small_spec(hz=15.0))
    with pytest.raises(ValueError, match="it also has 'front'"):
        open_recorder(path, small_spec(cameras=()))
    with pytest.raises(ValueError, match="no observation 'wrist'"):
        open_recorder(path, small_spec(cameras=("front", "wrist")))


def test_an_existing_folder_is_not_overwritten(tmp_path, rng):
    path = record(tmp_path / "set", [small_episode(rng)])
    with pytest.raises(ValueError, match="already holds a data set; append with open_recorder"):
        create_dataset(path, small_spec())
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds 'notes.txt' and is no data set"):
        create_dataset(tmp_path, small_spec())


def test_options_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no storage 'zarr'"):
        create_dataset(tmp_path / "a", small_spec(), storage="zarr")
    with pytest.raises(ValueError, match="video stores 3 channels"):
        create_dataset(tmp_path / "b", small_spec(size=(8, 8, 1)), storage="video")
    clash = Spec({"front": small_spec().obs["front"], "images.front": ArraySpec((2,))}, ArraySpec((2,)), 10)
    with pytest.raises(ValueError, match=r"'front' and 'images.front' would both be"):
        create_dataset(tmp_path / "d", clash)
    with pytest.raises(ValueError, match="'a/b' is no name for an array"):
        create_dataset(tmp_path / "e", small_spec(), extra={"a/b": ArraySpec(())})
    with pytest.raises(ValueError, match="extra 'action' has a name that is taken"):
        create_dataset(tmp_path / "c", small_spec(), extra={"action": ArraySpec(())})


def test_statistics_are_those_of_all_frames(tmp_path, rng):
    spec = Spec({"state": ArraySpec((3,))}, ArraySpec((2,)), 10)
    episodes = [
        Episode(rng.random((n, 2), np.float32), {"state": rng.normal(size=(n + 1, 3)).astype(np.float32)})
        for n in (4, 9)
    ]
    with create_dataset(tmp_path / "set", spec) as recorder:
        for episode in episodes:
            recorder.append(episode)
    stats = json.loads((tmp_path / "set" / layout.STATS).read_bytes())["observation.state"]
    frames = np.concatenate([e.obs["state"] for e in episodes])
    for name, value in (
        ("min", frames.min(0)),
        ("max", frames.max(0)),
        ("mean", frames.mean(0)),
        ("std", frames.std(0)),
    ):
        assert np.allclose(stats[name], value, atol=1e-6)
    assert stats["count"] == [len(frames)]
    assert set(stats) == {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}
