"""The bench of corrections: the same people, tasks and scenes for every way of keeping, and numbers that mean it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from embodied.bench_corrections import Order, Played, Results, Tried, bench
from embodied.bench_crowd import others
from embodied.benching_corrections import bench_corrections
from embodied.corrections_report import markdown, summary
from embodied.keeping import KEEPINGS
from embodied.skills import execute
from envs.household.corrector import Corrector, key, wordings
from envs.household.environment import Household
from envs.household.tasks import planned, remedied, tasks

MUG = ("mug-on-tray",)
SMALL = Order("ours", 0, rounds=2, which="train", only=MUG, crowds=(1, 20))


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return bench(SMALL, tmp_path_factory.mktemp("ours"))


def test_what_was_taught_once_needs_no_correction_the_second_time(ours):
    first, second = ours.played
    assert first.corrections >= 1
    assert second.corrections == 0
    assert first.fulfilled
    assert second.fulfilled
    assert second.reached


def test_a_lesson_is_used_where_it_holds_and_nowhere_else_also_in_a_crowd(ours):
    for one in ours.tried:
        assert one.fulfilled if one.about == "in" else not one.changed
    assert {(one.about, one.crowd) for one in ours.tried} == {(a, n) for a in ("in", "near", "out") for n in (1, 20)}


def test_the_same_order_finds_the_same(ours, tmp_path):
    again = bench(SMALL, tmp_path)
    assert again.played == ours.played
    assert again.tried == ours.tried


def test_without_a_memory_the_second_round_costs_as_much_as_the_first(tmp_path):
    first, second = bench(replace(SMALL, keeping="none", crowds=()), tmp_path).played
    assert min(first.corrections, second.corrections) >= 1


def test_with_instructions_alone_the_task_has_to_be_said_again(tmp_path):
    played = bench(replace(SMALL, keeping="instructions", rounds=1, crowds=()), tmp_path).played[0]
    assert played.said[-1] == tasks()["mug-on-tray"].instruction


def test_an_unknown_keeping_is_named():
    with pytest.raises(ValueError, match="no keeping 'our'; did you mean 'ours'"):
        Order("our", 0)
    assert "ours" in KEEPINGS


def test_means_and_scopes_are_over_seeds():
    def result(seed, corrections, near):
        played = [Played("a", 0, corrections, 1, 0, 2, 0, True, True, ())]
        return Results(Order("ours", seed), played, [Tried("a", "near", n, near, True) for n in (1, 10, 100)])

    found = summary([result(0, 1, True), result(1, 3, False)])["ours"]
    assert found["corrections"][0]["value"] == 2
    assert found["scope"]["100"]["S_near"]["value"] == 0.5
    assert found["questions_per_lesson"] == 0.5
    assert np.isnan(found["scope"]["100"]["S_in"]["value"])
    assert "| ours | 2.00 [1.00, 3.00] |" in markdown({"ours": found})


def test_records_tables_and_memories_are_left_in_one_folder(tmp_path):
    file = tmp_path / "tasks.json"
    text = json.loads(tasks().model_dump_json())
    mine = [task for task in text["tasks"] if task["id"] == "mug-on-tray"]
    rest = [{name: task[name] for name in ("id", "instruction", "scene", "plan")} for task in text["tasks"]]
    probes = [*text["probes"], *(task for task in rest if task["id"] != "mug-on-tray")]
    file.write_text(json.dumps({**text, "tasks": mine, "probes": probes}))
    out = tmp_path / "out"
    found, table = bench_corrections(["ours"], seeds=1, rounds=1, which="train", tasks=file, out=out, workers=1)
    assert set(found) == {"ours"}
    assert (out / "found.md").read_text() == table
    kinds = {json.loads(line)["kind"] for line in (out / "records.jsonl").read_text().splitlines()}
    assert kinds == {"played", "tried"}
    assert json.loads((out / "found.json").read_text())["seeds"] == 1


def test_lessons_about_other_things_are_the_same_for_the_same_seed_and_hold_in_no_task():
    first = [lesson for lesson, *_ in others(3, 50)]
    assert first == [lesson for lesson, *_ in others(3, 50)]
    assert all(lesson.when.attributes for lesson in first)


@pytest.mark.parametrize(("text", "wrong"), [
    ("[]", "holds no object"), ("{", "is no JSON"), ('{"a": {}}', "needs 'train' and 'held-out'"),
    ('{"a": {"train": "left"}}', "no list of sentences"), ('{"a": {"test": ["left"]}}', "needs 'train' and 'held-out'"),
])  # fmt: skip
def test_wordings_say_what_is_wrong_with_them(tmp_path, text, wrong):
    path = tmp_path / "wordings.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=wrong):
        wordings(path)


def test_there_are_eight_wordings_of_every_wish_in_both_sets_and_none_is_in_both():
    found = wordings()
    for task in tasks().tasks:
        for number, _ in enumerate(task.wishes):
            sets = found[key(task, number)]
            assert all(len(set(sets[name])) >= 8 for name in ("train", "held-out"))
            assert not set(sets["train"]) & set(sets["held-out"])


def test_a_person_is_content_with_what_is_done_as_they_wish_and_says_what_is_not():
    task = tasks()["mug-on-tray"]
    for told in (False, True):
        household = Household(task.scene, 5)
        person = Corrector(task, wordings(), "train", np.random.default_rng(0))
        program = planned(task, household.surroundings())
        program = remedied(program, task.wishes, household.surroundings()) if told else program
        assert all(outcome.ok for _, outcome in execute(program, household.body))
        remark = person.remark(household.world)
        assert (remark is None) == told
    with pytest.raises(ValueError, match="no set of wordings 'test'"):
        Corrector(task, wordings(), "test", np.random.default_rng(0))
