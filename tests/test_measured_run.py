"""A whole run where the environment measures more than progress and several teachers answer."""

import json
from dataclasses import replace

import pytest
from sleeve import ID, MEASURES

import envs
from embodied.collecting import CollectConfig
from embodied.dataset import load_dataset
from embodied.labels import read_labels
from embodied.pipeline import evaluate_saved, run
from embodied.presets import SMOKE, RunConfig
from embodied.results import read_summary
from embodied.steps import LabelConfig

pytest.importorskip("d3rlpy")

ORACLE = LabelConfig("oracle", {"tie": 0.0}, goal="dress the arm", pairs=120, camera="none")
TIME = LabelConfig("time", pairs=80, across=0.0, camera="none")
FAULTY = LabelConfig("faulty", {"kind": "always-left"}, pairs=60, camera="none")
SLEEVE = RunConfig(
    collect=CollectConfig(ID, "pulled", 12),
    env=ID,
    label=ORACLE,
    also=(TIME, FAULTY),
    rounds=2,
    reward={"inputs": ("state",), "members": 1, "epochs": 4},
    policies={name: {"steps": 40, "log_every": 20, "checkpoint_every": 20} for name in ("iql", "bc")},
    arms=("iql:learned", "iql:shuffled", "bc"),
    episodes=5,
)


@pytest.fixture(scope="module", autouse=True)
def _pulled():
    """A mixture of behaviours for the sleeve."""
    envs.BEHAVIOURS["pull"] = "sleeve:push"
    envs.MIXES["pulled"] = {"pull": 1.0}
    yield
    del envs.BEHAVIOURS["pull"], envs.MIXES["pulled"]


@pytest.fixture(scope="module")
def done(_pulled, tmp_path_factory):
    """The finished run."""
    return run(SLEEVE, tmp_path_factory.mktemp("runs") / "sleeve", workers=1)


def test_every_policy_is_told_with_what_was_measured(done):
    own, *others = read_summary(done.folder)["policies"]
    assert set(own["measures"]) == set(MEASURES)
    assert "share" in own["measures"]["snag"]
    assert {"mean", "p95"} <= set(own["measures"]["peak_force"])
    assert "own_minus_this" not in own["measures"]["force"]
    for arm in others:
        theirs = arm["measures"]["force"]
        assert theirs["own_minus_this"]["value"] == pytest.approx(
            own["measures"]["force"]["mean"]["value"] - theirs["mean"]["value"]
        )


def test_the_report_tells_and_draws_what_was_measured(done):
    page = (done.folder / "report.html").read_text()
    assert "What else was measured" in page
    assert "force [N], on average" in page
    assert "The first frame of each phase;" in page
    assert "start, step 0, ratio" in page
    assert "limit of force" in page
    assert "What was measured along episode" in page


def test_an_evaluation_by_itself_tells_them_too(done):
    found = evaluate_saved(done.arm("bc"), ID, range(SLEEVE.start, SLEEVE.start + SLEEVE.episodes))
    assert found["measures"]["force"]["mean"] == read_summary(done.folder)["policies"][2]["measures"]["force"]["mean"]
    json.dumps(found)


def test_the_data_set_keeps_what_was_measured_with_its_unit(done):
    data = load_dataset(done.folder / "data")
    assert set(data.episode(0).extra) == {"progress", "success", *MEASURES}
    assert data.episode(0).extra["snag"].dtype == bool
    info = json.loads((done.folder / "data" / "meta" / "info.json").read_text())
    assert info["features"]["force"]["dtype"] == "float32"
    assert info["embodied"]["extra"]["force"]["unit"] == "N"


def test_every_teacher_is_asked_and_all_fits_use_all_answers(done):
    folders = [done.labels(1), done.labels(2), done.labels_also(1), done.labels_also(2)]
    by_folder = [{p.by for p in read_labels(folder / "labels.parquet")} for folder in folders]
    assert by_folder == [{"oracle"}, {"oracle"}, {"time"}, {"faulty:always-left"}]
    n = {folder.name: len(read_labels(folder / "labels.parquet")) for folder in folders}
    used = {
        name: json.loads((done.folder / name / "manifest.json").read_text())["preferences"]
        for name in ("reward-quick", "reward", "reward-shuffled")
    }
    assert used["reward"] == used["reward-shuffled"] == sum(n.values())
    assert used["reward-quick"] == sum(n.values()) - n["labels-2"]


def test_a_further_teacher_judges_by_the_goal_of_the_run(done):
    found = read_summary(done.folder)["labels"]
    assert [about["title"] for about in found] == ["round 1", "round 2", "also, teacher 1", "also, teacher 2"]
    assert {about["goal"] for about in found} == {"dress the arm"}


def test_the_report_says_who_was_asked_and_what_each_answer_weighed(done):
    page = (done.folder / "report.html").read_text()
    assert "Also, teacher 1: 80 questions to <code>time</code>" in page
    assert "oracle, time, faulty:always-left" in page
    assert "What an answer weighed in the fit" in page
    weights = read_summary(done.folder)["weights"]
    assert weights["faulty:always-left"]["left"] < 0.2 < weights["oracle"]["left"]


def test_a_run_with_more_teachers_does_nothing_again(done, monkeypatch):
    def never(*_, **__):
        raise AssertionError("work was done twice")

    monkeypatch.setattr("embodied.steps.consult", never)
    run(SLEEVE, done.folder, workers=1)
    assert done.config().also == SLEEVE.also


def test_other_further_teachers_are_another_run(done):
    with pytest.raises(ValueError, match="was begun differently"):
        run(replace(SLEEVE, also=(TIME,)), done.folder, workers=1)


def test_a_further_teacher_that_nobody_knows_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match="no labeler 'tiem'; did you mean 'time'"):
        run(replace(SLEEVE, also=(replace(TIME, labeler="tiem"),)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_without_further_teachers_is_the_one_it_was():
    assert "also" not in SMOKE.identity
    assert set(SLEEVE.identity) == {*SMOKE.identity, "also"}
