"""The whole job on a small scale: what it leaves behind, what it does not do twice, what it refuses."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from embodied import steps
from embodied.dataset import load_dataset
from embodied.feedback import BudgetSpent
from embodied.labels import read_labels, read_rows
from embodied.pipeline import run, wanted_rewards
from embodied.presets import SMOKE, Arm, changed, preset
from embodied.results import read_summary
from embodied.stages import Stage
from embodied.store import Store

pytest.importorskip("pybullet")
pytest.importorskip("d3rlpy")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run of the smoke preset."""
    return run(SMOKE, tmp_path_factory.mktemp("runs") / "smoke", workers=1)


def test_a_run_ends_with_a_report_and_a_summary(done):
    found = read_summary(done.folder)
    assert [row["arm"] for row in found["policies"]] == list(SMOKE.arms)
    assert all(row["episodes"] == SMOKE.episodes for row in found["policies"])
    page = (done.folder / "report.html").read_text()
    assert "put the block into the bowl" in page
    assert "<video" in page
    assert 'src="http' not in page


def test_the_report_says_how_right_the_answers_were_by_the_size_of_the_difference(done):
    rounds = read_summary(done.folder)["labels"]
    assert sum(r["n"] for r in rounds) == SMOKE.label.pairs
    for about in rounds:
        for row in about["by_gap"]:
            assert row["right"] + row["wrong"] + row["tie"] + row["none"] == pytest.approx(1)


def test_a_second_run_does_nothing_again(done, monkeypatch):
    def never(*_, **__):
        raise AssertionError("work was done twice")

    monkeypatch.setattr("embodied.steps.consult", never)
    monkeypatch.setattr("embodied.columns.write_column", never)
    before = {p: p.stat().st_mtime_ns for p in done.folder.rglob("*.safetensors")}
    run(SMOKE, done.folder, workers=1)
    assert before == {p: p.stat().st_mtime_ns for p in done.folder.rglob("*.safetensors")}


def test_a_folder_begun_differently_is_refused_in_words(done):
    other = replace(SMOKE, label=replace(SMOKE.label, pairs=60))
    with pytest.raises(ValueError, match=r"differently \(run.label.pairs: 280 there, 60 asked for\); choose another"):
        run(other, done.folder)


def test_reward_columns_lie_in_the_run_and_the_data_stay_as_they_were(done):
    assert load_dataset(done.folder / "data").columns == ("recorded",)
    assert set(done.data().columns) == {"recorded", "learned"}
    assert not (done.folder / "data" / "rewards").exists()


def test_every_answer_is_in_the_store_and_in_the_tables(done):
    rows = [row for k in (1, 2) for row in read_rows(done.labels(k) / "labels.parquet")]
    with Store(done.store) as store:
        assert len(rows) - 5 < len(store) <= len(rows)  # a question that both rounds ask is kept once
    answered = [row for row in rows if row["outcome"] != "abstained"]
    assert len(read_labels(*(done.labels(k) / "labels.parquet" for k in (1, 2)))) == len(answered) > 0.7 * len(rows)


def test_the_second_round_asks_about_what_the_first_reward_rates_highest(done):
    data = done.data()
    best = {tuple(m) for m in steps.best_moments(data, done.folder / "reward-quick", SMOKE.label.top).tolist()}
    asked = {
        (p[f"{s}_episode"], p[f"{s}_start"])
        for p in read_rows(done.labels(2) / "labels.parquet")
        for s in ("left", "right")
    }
    assert asked <= best


def test_a_reward_that_needs_no_answers_can_be_an_arm(done):
    config = replace(SMOKE, arms=("iql:learned", "iql:judge"), direct={"judge": {"smooth": 2}})
    wanted = wanted_rewards(config)
    assert [w.column for w in wanted] == ["learned", "judge"]
    assert wanted[1].settings == {"goal": config.label.goal, "smooth": 2}
    with pytest.raises(ValueError, match="no reward 'preference'; a run has learned"):
        Arm.parse("iql:preference")
    folder = done.folder.parent / "direct"
    shutil.copytree(done.folder / "data", folder / "data")
    shutil.copytree(done.folder / "shared", folder / "shared")
    also = run(config, folder, workers=1)
    assert set(also.data().columns) == {"recorded", "learned", "judge"}
    rows = read_summary(folder)["policies"]
    assert [row["title"] for row in rows] == ["IQL, learned reward", "IQL, judge score as reward"]


def test_shuffled_answers_are_the_same_answers_to_other_questions(done):
    asked = read_labels(done.labels(1) / "labels.parquet")
    dealt = steps.shuffled(asked, np.random.default_rng(0))
    assert sorted(p.p_left for p in dealt) == sorted(p.p_left for p in asked)
    assert [(p.left, p.right) for p in dealt] == [(p.left, p.right) for p in asked]
    assert [p.p_left for p in dealt] != [p.p_left for p in asked]


def test_a_data_set_without_rewards_is_learned_from_and_judged_offline(done, tmp_path):
    config = changed("offline", task="put the block into the bowl", pairs=100, given=True)
    config = replace(config, reward={"members": 1, "epochs": 1}, quick={"members": 1, "epochs": 1},
                     policies=SMOKE.policies, arms=("iql:learned", "bc"))  # fmt: skip
    other = run(config, tmp_path / "offline", dataset=foreign(done, tmp_path), workers=1)
    found = read_summary(other.folder)
    assert found["policies"] == []
    assert all(np.isfinite(row["rms_by_return"]).all() for row in found["offline"])
    assert "no policy was run" in (other.folder / "report.html").read_text()


def foreign(done, tmp_path):
    """The run's episodes without rewards, progress or anything of ours."""
    import pyarrow.parquet as pq

    path = tmp_path / "foreign"
    shutil.copytree(done.folder / "data", path)
    about = json.loads((path / "meta" / "info.json").read_text())
    del about["embodied"]
    ours = ("next.reward", "progress", "success", "human", "next.done", "next.success", "action_valid")
    for name in ours:
        about["features"].pop(name, None)
    (path / "meta" / "info.json").write_text(json.dumps(about))
    for shard in (path / "data").rglob("*.parquet"):
        table = pq.read_table(shard)
        pq.write_table(table.drop_columns([n for n in ours if n in table.column_names]), shard)
    return path


def test_ground_truth_that_is_not_there_is_said(done, tmp_path):
    config = replace(changed("offline", task="x", given=True), arms=("iql:recorded",))
    with pytest.raises(ValueError, match="carries no reward of its own"):
        run(config, tmp_path / "run", dataset=foreign(done, tmp_path))


def test_pictures_do_not_leave_the_machine_unasked(done, tmp_path):
    config = steps.LabelConfig("vlm", {"base_url": "http://models.example/v1", "model": "m"}, goal="x", pairs=4)
    with pytest.raises(ValueError, match=r"would be sent to models\.example, which nobody allowed"):
        steps.label(done.folder / "data", tmp_path / "labels", config)
    with pytest.raises(ValueError, match="which nobody allowed"):
        steps.label(done.folder / "data", tmp_path / "labels", config, permit=lambda where: False)


def test_several_sentences_need_a_goal(done):
    data = done.data()
    assert len(data.tasks) > 1
    with pytest.raises(ValueError, match="say with --goal"):
        steps.goal_of(data, "")


@pytest.mark.parametrize("text", ["iql:reward", "bc:truth"])
def test_an_arm_names_a_reward_that_a_run_makes(text):
    with pytest.raises(ValueError, match="no reward"):
        Arm.parse(text)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(KeyError, match="no preset 'dmeo'; did you mean 'demo'"):
        preset("dmeo")
    with pytest.raises(ValueError, match="did you mean 'noisy'"):
        run(replace(SMOKE, label=replace(SMOKE.label, labeler="nosy")), "nowhere")
    with pytest.raises(ValueError, match="no mix 'mixde'; did you mean 'mixed'"):
        run(changed("smoke", mix="mixde"), "nowhere")


def test_a_stage_is_done_once_its_manifest_is_there(tmp_path):
    stage = Stage(tmp_path / "s", "test", {"a": 1}, seed=3)
    assert not stage.done()
    assert not stage.done()
    stage.finish(found=2)
    assert stage.done()
    assert stage.record()["found"] == 2
    with pytest.raises(ValueError, match="seed: 3 there, 4 asked for"):
        Stage(tmp_path / "s", "test", {"a": 1}, seed=4).done()


def test_a_stage_shows_no_secret(tmp_path):
    Stage(tmp_path / "s", "test", {"api_key": "sk-1234567890abcdef"}).done()
    assert "1234567890abcdef" not in (tmp_path / "s" / "begun.json").read_text()


def test_a_spent_budget_stops_and_what_was_answered_can_be_used(done, tmp_path):
    config = steps.LabelConfig("oracle", goal="x", pairs=40, max_queries=10)
    with pytest.raises(BudgetSpent, match="30 of 40 pairs are unanswered"):
        steps.label(done.folder / "data", tmp_path / "labels", config)
    found = steps.label(done.folder / "data", tmp_path / "partial", replace(config, partial=True))
    assert len(found) == 10
    assert len(read_rows(tmp_path / "partial" / "labels.parquet")) == 10
    with pytest.raises(ValueError, match=r"finished with \d+ pairs unanswered, under other limits; ask for the rest"):
        steps.label(done.folder / "data", tmp_path / "partial", replace(config, partial=True, max_queries=20))
