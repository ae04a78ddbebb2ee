"""Rollouts: the same record in every batch, continued after a kill, refused when policy and environment differ."""

import json
import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from embodied.evaluation import evaluate, record_video
from embodied.records import EpisodeRecord, column, read_records
from embodied.spec import ArraySpec, Spec

OPENED: list["Slide"] = []


class Slide(gymnasium.Env):
    """A point that the action pushes along; a seed sets where it starts, how long it lasts and its task."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 - gymnasium's way

    def __init__(self, cameras=("front",), render_mode=None, tasks=("slide",), breaks_at=-1, silent=False):
        self.render_mode, self.cameras, self.tasks = render_mode, tuple(cameras), tasks
        self.breaks_at, self.silent, self.closed = breaks_at, silent, False
        pictures = {name: spaces.Box(0, 255, (24, 32, 3), np.uint8) for name in cameras}
        self.observation_space = spaces.Dict({"state": spaces.Box(-np.inf, np.inf, (2,)), **pictures})
        self.action_space = spaces.Box(-1, 1, (2,))
        self.sent: list[np.ndarray] = []
        OPENED.append(self)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = self.np_random.normal(size=2).astype(np.float32)
        self.left = int(self.np_random.integers(5, 14))
        self.task = self.tasks[int(self.np_random.integers(len(self.tasks)))]
        return self._observe(), {"task": self.task}

    def step(self, action):
        self.sent.append(action)
        self.at = self.at + 0.1 * action
        self.left -= 1
        if self.left == self.breaks_at:
            raise RuntimeError("the arm fell off")
        near = float(np.exp(-np.abs(self.at).sum()))
        info = {} if self.silent else {"progress": near, "success": near > 0.5, "task": self.task}
        return self._observe(), near, False, self.left == 0, info

    def _observe(self):
        return {"state": self.at, **{name: self.render() for name in self.cameras}}

    def render(self):
        picture = np.zeros((24, 32, 3), np.uint8)
        picture[:, int(np.clip(16 + 4 * self.at[0], 0, 31))] = 255
        return picture

    def close(self):
        self.closed = True


gymnasium.register("tests/Slide-v0", Slide)


class Centre:
    """Goes to the origin, a chunk of h actions at a time."""

    def __init__(self, h=3, gain=1.0, obs=("state",), hz=10.0, a=2):
        arrays = {"state": ArraySpec((2,)), "front": ArraySpec((24, 32, 3), "uint8")}
        self.spec = Spec({name: arrays[name] for name in obs}, ArraySpec((a,), low=-1, high=1), hz)
        self.h, self.gain, self.batches, self.tasks = h, gain, [], []

    def reset(self, task):
        self.tasks.append(task)

    def act(self, obs):
        self.batches.append(len(obs["state"]))
        return np.repeat(-self.gain * obs["state"][:, None], self.h, axis=1).astype(np.float32)


@pytest.fixture(autouse=True)
def _everything_is_closed():
    OPENED.clear()
    yield
    assert all(env.closed for env in OPENED)


@pytest.mark.parametrize("h", [1, 4])
@pytest.mark.parametrize("tasks", [("slide",), ("slide left", "slide right")])
def test_a_record_does_not_depend_on_the_batch_it_ran_in(h, tasks):
    alone, together = (
        evaluate(Centre(h), "tests/Slide-v0", range(20), batch=batch, env_kwargs={"tasks": tasks}) for batch in (1, 7)
    )
    assert alone == together
    assert [record.seed for record in together] == list(range(20))
    assert {record.task for record in together} == set(tasks)
    assert {record.success for record in together} == {True, False}


def test_the_policy_acts_once_per_chunk_for_the_whole_batch():
    policy = Centre(h=50)
    evaluate(policy, "tests/Slide-v0", range(8), batch=4)
    assert policy.batches == [4, 4]


def test_a_policy_is_reset_to_each_task_of_a_batch():
    policy = Centre()
    records = evaluate(policy, "tests/Slide-v0", range(6), batch=6, env_kwargs={"tasks": ("left", "right")})
    assert sorted(policy.tasks) == ["left", "right"]
    policy = Centre()
    evaluate(policy, "tests/Slide-v0", range(6), batch=6, task="anything")
    assert policy.tasks == ["anything"]
    assert len(records) == 6


def test_only_the_cameras_that_the_policy_looks_at_are_rendered():
    evaluate(Centre(), "tests/Slide-v0", [0])
    evaluate(Centre(obs=("state", "front")), "tests/Slide-v0", [0])
    assert [env.cameras for env in OPENED] == [(), ("front",)]


def test_final_and_best_are_told_apart_and_a_horizon_cuts():
    away = Centre(gain=-1.0)
    (record,) = evaluate(away, "tests/Slide-v0", [3], horizon=4)
    assert record.steps == 4
    assert record.progress < record.progress_max
    assert record.progress_max <= record.return_


def test_actions_are_clipped_to_the_bounds_of_the_policy():
    evaluate(Centre(gain=100.0), "tests/Slide-v0", [0])
    assert np.abs(OPENED[0].sent).max() == 1


def test_an_environment_that_says_nothing_has_the_return_as_progress_and_no_success():
    records = evaluate(Centre(), "tests/Slide-v0", range(3), env_kwargs={"silent": True})
    assert [record.progress for record in records] == [record.return_ for record in records]
    assert all(record.success is None and record.success_ever is None for record in records)
    with pytest.raises(ValueError, match="says nothing of 'success'"):
        column(records, "success")
    np.testing.assert_array_equal(column(records, "progress"), [record.return_ for record in records])


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Centre(hz=15.0), "cannot drive this environment: runs at 10.0 Hz, wanted 15.0"),
        (Centre(a=3), "cannot drive this environment: action has shape"),
    ],
)
def test_a_policy_of_another_spec_is_refused_before_it_runs(policy, message):
    with pytest.raises(ValueError, match=message):
        evaluate(policy, "tests/Slide-v0", [0])


def test_an_environment_that_breaks_is_closed_and_what_was_done_is_kept(tmp_path):
    out = tmp_path / "episodes.jsonl"
    with pytest.raises(RuntimeError, match="the arm fell off"):
        evaluate(Centre(), "tests/Slide-v0", range(9), batch=3, out=out, env_kwargs={"breaks_at": 12})
    assert all(env.closed for env in OPENED)
    assert all(record.steps < 13 for record in read_records(out))


@pytest.mark.parametrize("seeds", [[1, 2, 1]])
def test_a_seed_given_twice_is_refused(seeds):
    with pytest.raises(ValueError, match="seed 1 is given twice"):
        evaluate(Centre(), "tests/Slide-v0", seeds)


@pytest.mark.parametrize("bad", [np.zeros((1, 2)), np.zeros((1, 0, 2)), np.zeros((2, 1, 2)), np.zeros((1, 1, 3))])
def test_actions_of_a_wrong_shape_are_refused(bad):
    policy = Centre()
    policy.act = lambda obs: bad
    with pytest.raises(ValueError, match="a chunk for every row"):
        evaluate(policy, "tests/Slide-v0", [0])


def test_a_nan_action_is_refused_by_seed_and_step():
    policy = Centre(h=2)
    policy.act = lambda obs: np.full((1, 2, 2), np.nan if policy.batches else 0.0)
    policy.batches = [1]
    with pytest.raises(ValueError, match="NaN or infinite action at step 0 of seed 5"):
        evaluate(policy, "tests/Slide-v0", [5])


class TestFile:
    @pytest.mark.parametrize("cut", [0, 1, 30, 1500, 100_000])
    def test_a_killed_evaluation_continues_to_the_same_records(self, tmp_path, cut):
        out = tmp_path / "deep" / "episodes.jsonl"
        whole = evaluate(Centre(), "tests/Slide-v0", range(12), out=out, batch=5)
        content = out.read_bytes()
        out.write_bytes(content[:-cut] if cut else content)
        policy, calls = Centre(), []
        again = evaluate(policy, "tests/Slide-v0", range(12), out=out, batch=5, progress=lambda *n: calls.append(n))
        assert again == whole
        assert read_records(out) == whole
        assert len(calls) == (0 if cut == 0 else len(calls))
        assert not calls or calls[-1] == (12, 12)

    def test_records_are_read_by_ascending_seed(self, tmp_path):
        evaluate(Centre(), "tests/Slide-v0", [5, 1, 3], out=tmp_path / "episodes.jsonl")
        assert [record.seed for record in read_records(tmp_path / "episodes.jsonl")] == [1, 3, 5]

    def test_more_seeds_run_only_what_is_missing(self, tmp_path):
        out = tmp_path / "episodes.jsonl"
        few = evaluate(Centre(), "tests/Slide-v0", [4, 2], out=out)
        OPENED.clear()
        more = evaluate(Centre(), "tests/Slide-v0", [1, 2, 3, 4], out=out)
        assert [more[3], more[1]] == few
        assert len(OPENED) == 2
        assert len(evaluate(Centre(), "tests/Slide-v0", [3], out=out)) == 1

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"policy": Centre(gain=0.5)}, "another policy"),
            ({"policy": Centre(), "env_kwargs": {"tasks": ["x"]}}, "another env_kwargs"),
            ({"policy": Centre(), "horizon": 3}, "another horizon"),
            ({"policy": Centre(), "task": "else"}, "another task"),
            ({"policy": Centre(), "identity": "other-weights"}, "another policy"),
        ],
    )
    def test_a_file_of_something_else_is_refused(self, tmp_path, change, message):
        out = tmp_path / "episodes.jsonl"
        evaluate(Centre(), "tests/Slide-v0", [0], out=out)
        kept = out.read_bytes()
        with pytest.raises(ValueError, match=message):
            evaluate(change.pop("policy"), "tests/Slide-v0", [0, 1], out=out, **change)
        assert out.read_bytes() == kept

    def test_a_foreign_or_spoiled_file_is_refused(self, tmp_path):
        out = tmp_path / "episodes.jsonl"
        out.write_text('{"loss": 1}\n')
        with pytest.raises(ValueError, match="no file of episode records"):
            evaluate(Centre(), "tests/Slide-v0", [0], out=out)
        out.unlink()
        evaluate(Centre(), "tests/Slide-v0", range(3), out=out)
        lines = out.read_text().splitlines()
        out.write_text("\n".join([lines[0], "garbage", *lines[1:]]) + "\n")
        with pytest.raises(ValueError, match="line 2 is not JSON"):
            evaluate(Centre(), "tests/Slide-v0", [0], out=out)

    def test_a_policy_that_draws_its_actions_continues_too(self, tmp_path):
        rng = np.random.default_rng(0)
        policy = Centre()
        policy.act = lambda obs: rng.normal(size=(len(obs["state"]), 1, 2))
        first = evaluate(policy, "tests/Slide-v0", [0], out=tmp_path / "episodes.jsonl")
        assert evaluate(policy, "tests/Slide-v0", [0, 1], out=tmp_path / "episodes.jsonl")[0] == first[0]

    def test_two_evaluations_never_write_one_file(self, tmp_path):
        out = tmp_path / "episodes.jsonl"

        def meanwhile(done, total):
            with pytest.raises(ValueError, match="being written by another evaluation"):
                evaluate(Centre(), "tests/Slide-v0", [9], out=out)

        evaluate(Centre(), "tests/Slide-v0", [0], out=out, progress=meanwhile)

    def test_the_header_says_what_was_evaluated(self, tmp_path):
        out = tmp_path / "episodes.jsonl"
        evaluate(Centre(), "tests/Slide-v0", [0], out=out)
        header, record = (json.loads(line) for line in out.read_text().splitlines())
        assert (header["env"], header["version"], header["env_kwargs"]) == ("tests/Slide-v0", 1, {"cameras": []})
        assert EpisodeRecord(**record).seed == 0


@pytest.mark.parametrize("camera", [None, "front"])
def test_a_video_shows_every_frame_of_the_evaluated_episode(tmp_path, camera):
    import av

    film = record_video(Centre(), "tests/Slide-v0", 3, tmp_path / "v.mp4", camera=camera)
    record, video, frames = film.record, film.video, film.frames
    assert [record] == evaluate(Centre(), "tests/Slide-v0", [3])
    assert frames.shape == (record.steps + 1, 24, 32, 3)
    assert (tmp_path / "v.mp4").read_bytes() == video.data
    with av.open(str(tmp_path / "v.mp4")) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert container.streams.video[0].average_rate == 10
    assert len(decoded) == len(frames)
    shown = np.abs(decoded[-1][::8, ::8].astype(int) - frames[-1])
    assert shown.mean() < 10


def test_a_video_of_a_camera_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no camera 'wrist'"):
        record_video(Centre(), "tests/Slide-v0", 0, camera="wrist", env_kwargs={"cameras": ("front",)})


def test_importing_evaluation_loads_no_heavy_library():
    code = (
        "import sys, embodied.evaluation; print([m for m in ('torch', 'av', 'gymnasium', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert found.stdout.strip() == "[]"
