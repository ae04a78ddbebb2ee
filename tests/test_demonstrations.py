"""Demonstrations of the long tasks: frames for a learner, and words, facts and faults for every step."""

import json

import pytest

from embodied.dataset import load_dataset
from embodied.demonstrations import CAUSES, STEPS, DemonstrationConfig, demonstrate, failures, steps

pytest.importorskip("pybullet")

TASKS = ("stack-blocks-of-same-size", "put-all-block-in-a-bowl")
SMALL = DemonstrationConfig(TASKS, episodes=2, size=32)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    out = tmp_path_factory.mktemp("demonstrations") / "data"
    return out, demonstrate(SMALL, out, workers=1)


def test_an_expert_reaches_every_goal_and_says_itself_that_it_is_done(recorded):
    _, data = recorded
    assert len(data) == 4
    for episode in data:
        assert episode.extra["success"][-1]
        assert episode.terminated
        assert episode.action[-1, -1] > 0
        assert episode.reward["recorded"].sum() == pytest.approx(1.0)


def test_every_action_has_its_words_its_facts_and_no_fault(recorded):
    out, data = recorded
    rows = steps(out)
    assert len(rows) == sum(len(episode) for episode in data)
    assert failures(rows) == {}
    for row in rows:
        assert row["sentence"].startswith(("put the ", "stop: "))
        assert set(row["before"]) <= set(row["after"])


def test_faults_are_recorded_by_cause_and_tried_again(tmp_path):
    rough = DemonstrationConfig(TASKS[1:], episodes=4, size=32, drop=0.6)
    data = demonstrate(rough, tmp_path / "data", workers=1)
    rows = steps(tmp_path / "data")
    assert failures(rows).get("dropped", 0) > 0
    marked = [CAUSES[c] for episode in data for c in episode.extra["cause"][1:]]
    assert marked == [row["cause"] for row in rows]


def test_what_was_cut_off_is_recorded_again_and_nothing_twice(recorded, tmp_path):
    out, _ = recorded
    demonstrate(DemonstrationConfig(TASKS[1:], episodes=1, size=32), tmp_path / "data", workers=1)
    with (tmp_path / "data" / STEPS).open("a") as file:
        file.write(json.dumps({"episode": 1, "sentence": "lost"}) + "\n" + '{"episode": 1, "sen')
    again = demonstrate(DemonstrationConfig(TASKS[1:], episodes=2, size=32), tmp_path / "data", workers=1)
    assert len(again) == 2
    rows = steps(tmp_path / "data")
    assert [row["episode"] for row in rows] == sorted(row["episode"] for row in rows)
    assert len(rows) == sum(len(episode) for episode in again)
    assert (again[1].action == load_dataset(out)[3].action).all()
    with pytest.raises(ValueError, match=r"recorded with drop 0.0, not 0.5; choose a new folder"):
        demonstrate(DemonstrationConfig(TASKS[1:], episodes=2, size=32, drop=0.5), tmp_path / "data", workers=1)


def test_impossible_requests_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="episodes is 0"):
        DemonstrationConfig(episodes=0)
    with pytest.raises(KeyError, match="did you mean 'stack-blocks-of-same-size'"):
        DemonstrationConfig(("stack-blocks-of-same-sizes",))
    with pytest.raises(FileNotFoundError, match="holds no demonstrations"):
        steps(tmp_path)
