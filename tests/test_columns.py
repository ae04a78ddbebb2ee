"""Reward columns: written once, seen whole or not at all, beside the data or in a folder of one's own."""

import json
import os

import numpy as np
import pytest
from recording import record, same, small_episode

from embodied import columns, layout
from embodied.dataset import attach_columns, load_dataset, open_recorder, write_column


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def dataset(tmp_path, rng):
    return load_dataset(record(tmp_path / "set", [small_episode(rng, steps) for steps in (4, 6, 5)]))


def rewards(dataset, rng, ids=None):
    return {
        int(i): rng.normal(size=dataset.lengths[i]).astype(np.float32) for i in (dataset.ids if ids is None else ids)
    }


def test_a_column_comes_back_as_it_was_written(dataset, rng):
    values = rewards(dataset, rng)
    path = write_column(dataset, "prefs-v1", values, {"labels": 40})
    assert path == dataset.path / "rewards" / "prefs-v1"
    for one in (dataset, load_dataset(dataset.path)):
        assert one.columns == ("recorded", "prefs-v1")
        assert all(np.array_equal(one.column("prefs-v1")[i], v) for i, v in values.items())
        assert one.column_manifest("prefs-v1") == {"labels": 40}
        assert np.array_equal(one.episode(1).reward["prefs-v1"], values[1])
    assert dataset.column_manifest("recorded") == {}


def test_a_column_is_never_overwritten(dataset, rng):
    write_column(dataset, "prefs", rewards(dataset, rng), {})
    with pytest.raises(ValueError, match=r"'prefs' .* is never overwritten; choose a new name"):
        write_column(dataset, "prefs", rewards(dataset, rng), {})


def test_two_writers_of_one_name_do_not_mix(dataset, rng, monkeypatch):
    first = rewards(dataset, rng)
    monkeypatch.setattr(type(dataset), "columns", ())  # as if the other had not been there a moment ago
    write_column(dataset, "prefs", first, {})
    with pytest.raises(ValueError, match="was written meanwhile"):
        write_column(dataset, "prefs", rewards(dataset, rng), {})
    assert np.array_equal(load_dataset(dataset.path).column("prefs")[0], first[0])
    assert [p.name for p in (dataset.path / "rewards").iterdir()] == ["prefs"]


def test_episodes_recorded_later_are_not_covered_and_that_is_said(dataset, rng):
    write_column(dataset, "prefs", rewards(dataset, rng), {})
    with open_recorder(dataset.path) as recorder:
        recorder.append(small_episode(rng))
    again = load_dataset(dataset.path)
    assert set(again.column("prefs")) == {0, 1, 2}
    assert again.uncovered("prefs") == [3]
    assert "prefs" not in again.episode(3).reward


@pytest.mark.parametrize("name", ["recorded", "constant", "../x", ".hidden", "", "a b"])
def test_names_that_would_mislead_are_refused(dataset, rng, name):
    with pytest.raises(ValueError, match="cannot be called"):
        write_column(dataset, name, rewards(dataset, rng), {})


def test_values_that_do_not_fit_are_refused(dataset, rng):
    with pytest.raises(ValueError, match=r"episode 1 has 6 actions and \(5,\) rewards"):
        write_column(dataset, "a", {1: np.zeros(5, np.float32)}, {})
    with pytest.raises(ValueError, match="the reward of step 2 of episode 0 is nan"):
        write_column(dataset, "a", {0: np.array([0, 0, np.nan, 0], np.float32)}, {})
    with pytest.raises(KeyError, match="no episode 7"):
        write_column(dataset, "a", {7: np.zeros(5, np.float32)}, {})
    assert dataset.columns == ("recorded",)


def test_a_data_set_that_is_read_only_keeps_its_columns_elsewhere(dataset, rng, tmp_path, monkeypatch):
    values, real = rewards(dataset, rng), columns.Path.mkdir

    def read_only(path, *args, **options):
        if dataset.path in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(columns.Path, "mkdir", read_only)
    with pytest.raises(OSError, match="give a folder of your own and read it with attach_columns"):
        write_column(dataset, "prefs", values, {})
    write_column(dataset, "prefs", values, {"run": 3}, folder=tmp_path / "run")
    with pytest.raises(KeyError, match="no reward column 'prefs'"):
        dataset.column("prefs")
    attached = attach_columns(dataset, tmp_path / "run")
    assert attached.columns == ("recorded", "prefs")
    assert np.array_equal(attached.column("prefs")[2], values[2])
    assert same(attached[0], dataset[0].with_reward("prefs", values[0]))


def test_a_column_of_other_data_is_refused(dataset, rng, tmp_path):
    other = load_dataset(record(tmp_path / "other", [small_episode(rng, 8)]))
    write_column(other, "prefs", rewards(other, rng), {}, folder=tmp_path / "run")
    with pytest.raises(ValueError, match="episode 0 has 8 rewards and the data set's has 4 actions"):
        attach_columns(dataset, tmp_path / "run").column("prefs")


def test_what_a_killed_writer_left_is_ignored_and_removed(dataset, rng):
    left = dataset.path / "rewards" / ".partial-99999999-prefs"
    left.mkdir(parents=True)
    (left / columns.MANIFEST).write_text("{")
    mine = left.with_name(f".partial-{os.getppid()}-prefs")
    mine.mkdir()
    assert dataset.columns == ("recorded",)
    write_column(dataset, "prefs", rewards(dataset, rng), {})
    assert not left.exists()
    assert mine.exists()


def test_asking_for_an_unknown_column_names_the_known(dataset, rng):
    write_column(dataset, "prefs", rewards(dataset, rng), {})
    with pytest.raises(KeyError, match="did you mean 'prefs'"):
        dataset.column("pref")
    with pytest.raises(KeyError, match=r"it has .*'recorded', 'prefs'"):
        dataset.column("zzz")


def test_a_newer_schema_is_refused(dataset, rng):
    path = write_column(dataset, "prefs", rewards(dataset, rng), {}) / columns.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 9}))
    with pytest.raises(ValueError, match="schema version 9, and this program knows up to 1; update"):
        dataset.column("prefs")


def test_a_column_skips_episodes_that_cannot_be_used(dataset, rng):
    write_column(dataset, "prefs", rewards(dataset, rng), {})
    (dataset.path / layout.place(layout.DATA, 1)).unlink()
    again = load_dataset(dataset.path)
    assert again.ids.tolist() == [0, 2]
    assert set(again.column("prefs")) == {0, 2}
    assert again.uncovered("prefs") == []
