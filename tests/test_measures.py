"""What an environment measures besides progress: declared by name, kept per episode, told with intervals, recorded."""

import json
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from sleeve import ID, MEASURES, SNAG, Sleeve

from embodied.collecting import EXTRA, make, rollout
from embodied.evaluation import evaluate, measures_of, record_video
from embodied.footage import courses, phases
from embodied.measures import Measures, estimates
from embodied.records import EpisodeRecord, column, read_header, read_records
from embodied.spec import ArraySpec, Spec
from embodied.statistics import wilson


class Pull:
    """Always pulls with the same strength."""

    def __init__(self, strength=0.7):
        self.spec = Spec({"state": ArraySpec((2,))}, ArraySpec((1,), low=-1, high=1), 10.0)
        self.strength = strength

    def reset(self, task):
        pass

    def act(self, obs):
        return np.full((len(obs["state"]), 1, 1), self.strength, np.float32)


def infos_of(seed, strength):
    """What the environment says after every step of an episode."""
    env = Sleeve(cameras=())
    env.reset(seed=seed)
    return [env.step(np.array([strength], np.float32))[4] for _ in range(12)]


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_record_sums_up_every_measure_as_it_is_declared(strength):
    for record in evaluate(Pull(strength), ID, range(3), batch=2):
        infos = infos_of(record.seed, strength)
        force = [info["force"] for info in infos]
        wanted = {
            "ratio": infos[-1]["ratio"], "force": np.mean(force), "peak_force": max(force), "snag": max(force) > SNAG
        }  # fmt: skip
        assert record.measures == pytest.approx({name: float(value) for name, value in wanted.items()})


def test_measures_survive_the_file_and_are_found_as_columns(tmp_path):
    records = evaluate(Pull(), ID, range(4), out=tmp_path / "e.jsonl")
    assert read_records(tmp_path / "e.jsonl") == records
    assert evaluate(Pull(), ID, range(4), out=tmp_path / "e.jsonl") == records
    np.testing.assert_array_equal(column(records, "force"), [r.measures["force"] for r in records])
    assert Measures.of(read_header(tmp_path / "e.jsonl")).units == {"force": "N", "peak_force": "N"}
    with pytest.raises(ValueError, match="no column 'forse'; did you mean 'force'"):
        column(records, "forse")


def test_a_file_of_other_measures_is_refused(tmp_path, monkeypatch):
    evaluate(Pull(), ID, [0], out=tmp_path / "e.jsonl")
    for other in ({"measures": {"force": "max"}}, {}):
        monkeypatch.setattr(Sleeve, "metadata", {"render_modes": [], "render_fps": 10, **other})
        with pytest.raises(ValueError, match="holds episodes of another measures"):
            evaluate(Pull(), ID, [0, 1], out=tmp_path / "e.jsonl")


def test_a_record_without_measures_is_written_as_it_always_was(tmp_path, monkeypatch):
    monkeypatch.setattr(Sleeve, "metadata", {"render_modes": [], "render_fps": 10})
    (record,) = evaluate(Pull(), ID, [0], out=tmp_path / "e.jsonl")
    header, line = (json.loads(text) for text in (tmp_path / "e.jsonl").read_text().splitlines())
    assert record.measures == {}
    assert "measures" not in line
    assert set(header) == {"format", "version", "env", "env_kwargs", "task", "horizon", "policy"}
    assert EpisodeRecord(**line) == record


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"measures": {"force": "maxx"}}, "measure 'force': no summary 'maxx'; did you mean 'max'"),
        ({"measures": {"steps": "last"}}, "measure 'steps' has a name that every record has; rename it"),
        ({"measures": {"force": "max"}, "limits": {"torque": 1.0}}, "no measure 'torque'; there are 'force'"),
        ({"measures": {"force": "max"}, "limits": {"force": np.inf}}, "the limit of 'force' is inf"),
        ({"measures": ["force"]}, "measures are .'force'., wanted a table of names and summaries"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused_by_name(metadata, message):
    with pytest.raises(ValueError, match=message):
        Measures.of(metadata)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lacks": "force"}, "info lacks the measure 'force' at step 2 of seed 3; name it in every info, or take it"),
        ({"spoils": "force"}, "the measure 'force' is nan at step 2 of seed 3; wanted a finite number"),
    ],
)
def test_a_measure_that_info_does_not_hold_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        evaluate(Pull(), ID, [3], env_kwargs=options)
    env = make(ID, options)
    with pytest.raises(ValueError, match=message):
        rollout(env, lambda obs, info: np.zeros(1), 3)


def test_an_environment_made_by_a_function_may_measure_too():
    def made(**options):
        return Sleeve(**options)

    gymnasium.register("tests/SleeveByFunction-v0", made)
    assert measures_of("tests/SleeveByFunction-v0", {}) == measures_of(ID, {})
    assert measures_of(ID, {}).summaries == MEASURES


def test_estimates_tell_shares_of_truths_and_means_and_tails_of_numbers():
    measures = Measures({"force": "mean", "snag": "ever"}, {"force": "N"})
    rows = [EpisodeRecord(i, True, True, 1, 1, 9, 1, measures={"force": float(i), "snag": i < 5}) for i in range(20)]
    found = estimates(rows, measures)
    assert found["snag"]["share"] == vars(wilson(5, 20))
    assert found["force"]["p95"] == pytest.approx(np.quantile(range(20), 0.95))
    assert found["force"]["mean"]["value"] == pytest.approx(9.5)
    assert found["force"]["mean"]["low"] < 9.5 < found["force"]["mean"]["high"]
    assert found["force"]["unit"] == "N"
    assert "unit" not in found["snag"]


def test_a_difference_is_that_of_the_same_starts():
    measures = Measures({"force": "mean"})
    theirs = [EpisodeRecord(i, True, True, 1, 1, 9, 1, measures={"force": 100.0 * i}) for i in range(10)]
    ours = [replace(row, measures={"force": row.measures["force"] - 2}) for row in theirs]
    assert estimates(theirs, measures, ours)["force"]["own_minus_this"] == {"value": -2, "low": -2, "high": -2}


def test_what_is_measured_is_recorded_for_every_frame():
    episode = rollout(make(ID, {}), lambda obs, info: np.ones(1), 0)
    assert set(episode.extra) == {*EXTRA, *MEASURES}
    assert {name: array.dtype.name for name, array in episode.extra.items()} == {
        "progress": "float32", "success": "bool", "ratio": "float32", "force": "float32", "peak_force": "float32",
        "snag": "bool",
    }  # fmt: skip
    np.testing.assert_allclose(episode.extra["force"][1:], [info["force"] for info in infos_of(0, 1.0)], rtol=1e-6)


def test_a_film_tells_when_each_phase_began():
    film = record_video(Pull(), ID, 0)
    assert len(film.infos) == len(film.frames) == film.record.steps + 1
    began = phases(film.infos)
    assert list(began) == ["start", "hand", "forearm", "upper arm"]
    for name, step in began.items():
        assert film.infos[step]["phase"] == name
        assert all(info["phase"] != name for info in film.infos[:step])


def test_an_environment_without_phases_has_none():
    assert phases([{"progress": 0.5}, {"progress": 1.0}]) == {}


def test_measures_of_one_unit_share_a_chart_and_a_limit_is_drawn():
    measures = Measures.of(Sleeve.metadata)
    film = record_video(Pull(1.0), ID, 0)
    ratio, force = (block.html for block in courses(film.infos, measures, marks=(3,)))
    assert "limit" not in ratio
    assert "limit of force" in force
    assert "peak_force" in force
    assert "snag" not in ratio + force
