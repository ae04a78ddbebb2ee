"""Asking through the store: asked once, kept apart, stopped loudly."""

import json
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
from answering import SmallDataset

from embodied.feedback import Answer, Budget, BudgetSpent, LabelingStopped, Store, ask, pose
from embodied.types import Segment, moment

LEFT = Answer("preferred", 1.0)


@dataclass
class Scripted:
    """Gives the same answer to everything, or `answers` by turns; remembers what it was asked."""

    answers: tuple[Answer, ...] = (LEFT,)
    source: str = "scripted"
    model: str = "m"
    prompt_version: str = "1"
    parameters: dict = field(default_factory=dict)
    shows: str | tuple[str, ...] = ("state", "progress")
    asked: list = field(default_factory=list)
    dies_after: int | None = None

    def ask(self, questions):
        for index, question in enumerate(questions):
            if self.dies_after is not None and len(self.asked) >= self.dies_after:
                raise ConnectionAbortedError("pulled the plug")
            self.asked.append(question)
            yield index, self.answers[(len(self.asked) - 1) % len(self.answers)]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "feedback.db") as store:
        yield store


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset()


def some_pairs(n):
    return [(moment(10 * (k % 5), k // 5), moment(50, (3 * k + 1) % 21)) for k in range(n)]


def test_answers_come_back_in_the_order_of_the_pairs(store, dataset):
    teacher = Scripted((LEFT, Answer("preferred", 0.0), Answer("tie", 0.5), Answer("abstained")))
    answers = ask(store, teacher, dataset, "lift", some_pairs(40), batch=7)
    assert [a.outcome for a in answers.answers[:4]] == ["preferred", "preferred", "tie", "abstained"]
    assert [q.pair for q in teacher.asked] == list(answers.pairs)
    assert answers.counts() == {
        "preferred": 20, "tie": 10, "abstained": 10, "failed": 0, "unasked": 0, "asked": 40,
    }  # fmt: skip


def test_neither_an_abstention_nor_a_failure_becomes_a_preference(store, dataset):
    teacher = Scripted((LEFT, Answer("abstained"), Answer("failed", error="broken"), Answer("tie", 0.5)))
    answers = ask(store, teacher, dataset, "lift", some_pairs(40), max_error_rate=1)
    assert sorted({p.p_left for p in answers.preferences()}) == [0.5, 1.0]
    assert len(answers.preferences()) == 20
    assert {p.by for p in answers.preferences()} == {"scripted:m"}


def test_what_was_answered_is_never_asked_again(store, dataset):
    first = ask(store, Scripted(), dataset, "lift", some_pairs(30))
    again = Scripted((Answer("abstained"),))
    second = ask(store, again, dataset, "lift", some_pairs(50))
    assert len(again.asked) == 20
    assert second.answers[:30] == first.answers
    assert second.counts()["asked"] == 20


def test_an_answer_outlives_the_store_object_in_full(tmp_path, dataset):
    answer = Answer("preferred", 0.25, 0.9, '{"answer": "rechts ü"}', 812, 40, 1.5)
    with Store(tmp_path / "s.db") as store:
        ask(store, Scripted((answer,)), dataset, "lift", some_pairs(1))
    with Store(tmp_path / "s.db") as store:
        assert ask(store, Scripted(), dataset, "lift", some_pairs(1)).answers == (answer,)
        (row,) = store.export()
    assert row["goal"] == "lift"
    assert row["raw"] == answer.raw
    assert (row["left_episode"], row["left_start"], row["left_stop"]) == (0, 0, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "x"},
        {"model": "x"},
        {"prompt_version": "2"},
        {"parameters": {"temperature": 0.5}},
        {"goal": "push"},
        {"sample": 1},
    ],
)
def test_another_teacher_goal_or_sample_is_another_question(store, dataset, change):
    ask(store, Scripted(), dataset, "lift", some_pairs(5))
    attributes = {k: v for k, v in change.items() if k not in ("goal", "sample")}
    teacher = Scripted(**attributes)
    ask(store, teacher, dataset, change.get("goal", "lift"), some_pairs(5), sample=change.get("sample", 0))
    assert len(teacher.asked) == 5


def test_the_order_of_parameters_does_not_matter_but_the_order_shown_does(store, dataset):
    ask(store, Scripted(parameters={"a": 1, "b": 2}), dataset, "lift", some_pairs(5))
    same = Scripted(parameters={"b": 2, "a": 1})
    ask(store, same, dataset, "lift", some_pairs(5))
    assert not same.asked
    ask(store, same, dataset, "lift", [(b, a) for a, b in some_pairs(5)])
    assert len(same.asked) == 5


def test_a_pair_given_twice_is_asked_once_and_answered_twice(store, dataset):
    teacher = Scripted()
    answers = ask(store, teacher, dataset, "lift", [*some_pairs(3), *some_pairs(3)])
    assert len(teacher.asked) == 3
    assert answers.counts()["preferred"] == 6


def test_what_is_stored_is_what_was_shown_not_where_it_stood(store, dataset):
    ask(store, Scripted(), dataset, "lift", some_pairs(5))
    longer = SmallDataset()
    longer.fingerprint = lambda: "another folder"
    teacher = Scripted()
    ask(store, teacher, longer, "lift", some_pairs(5))
    assert not teacher.asked


def test_failures_are_kept_and_asked_again_by_the_next_call_only(store, dataset):
    failing = Scripted((LEFT, Answer("failed", raw="pff", tokens_in=7, error="500")))
    first = ask(store, failing, dataset, "lift", some_pairs(20), max_error_rate=0.5)
    assert len(failing.asked) == 20
    assert first.counts()["failed"] == 10
    mended = Scripted()
    second = ask(store, mended, dataset, "lift", some_pairs(20))
    assert len(mended.asked) == 10
    assert second.counts()["preferred"] == 20
    assert [f["raw"] for f in store.failures()] == ["pff"] * 10
    teacher = store.teacher("scripted", "m", "1", {}, "lift")
    assert (store.spent(teacher).queries, store.spent(teacher).tokens) == (30, 70)


def test_a_high_error_rate_stops_loudly_and_keeps_what_was_answered(store, dataset):
    teacher = Scripted((LEFT, LEFT, Answer("failed", latency=0.1, error="HTTP 500: out of order")))
    with pytest.raises(LabelingStopped, match=r"7 of 21 queries.*HTTP 500: out of order.*kept") as stopped:
        ask(store, teacher, dataset, "lift", some_pairs(100))
    assert (stopped.value.failed, stopped.value.asked) == (7, 21)
    assert len(teacher.asked) == 21
    assert len(store) == 14
    assert ask(store, Scripted(), dataset, "lift", some_pairs(100)).counts()["asked"] == 86


def test_few_questions_that_all_fail_are_not_silent_either(store, dataset):
    with pytest.raises(LabelingStopped, match="3 of 3"):
        ask(store, Scripted((Answer("failed", error="refusal"),)), dataset, "lift", some_pairs(3))


def test_a_budget_of_queries_ends_with_everything_answered_kept(store, dataset):
    with pytest.raises(BudgetSpent, match=r"12 queries and 0 tokens.*18 of 30 pairs are unanswered") as spent:
        ask(store, Scripted(), dataset, "lift", some_pairs(30), budget=Budget(queries=12), batch=5)
    assert spent.value.answers.counts()["preferred"] == 12
    assert len(spent.value.answers.preferences()) == len(store) == 12


def test_a_budget_counts_earlier_runs_and_does_not_matter_when_all_is_known(store, dataset):
    ask(store, Scripted(), dataset, "lift", some_pairs(10))
    with pytest.raises(BudgetSpent, match="5 of 15"):
        ask(store, Scripted(), dataset, "lift", some_pairs(15), budget=Budget(queries=10))
    assert len(ask(store, Scripted(), dataset, "lift", some_pairs(10), budget=Budget(queries=0))) == 10


def test_a_budget_of_tokens_is_not_overdrawn(store, dataset):
    teacher = Scripted((Answer("preferred", 1.0, tokens_in=90, tokens_out=10, latency=0.01),))
    with pytest.raises(BudgetSpent, match="unanswered"):
        ask(store, teacher, dataset, "lift", some_pairs(60), budget=Budget(tokens=2550))
    assert len(store) == 25


@pytest.mark.parametrize("limits", [{"queries": -1}, {"tokens": -5}])
def test_a_negative_budget_is_refused(limits):
    with pytest.raises(ValueError, match="give a number >= 0"):
        Budget(**limits)


def test_a_labeler_that_breaks_midway_loses_nothing_and_holds_nothing(store, dataset):
    with pytest.raises(ConnectionAbortedError, match="plug"):
        ask(store, Scripted(dies_after=7), dataset, "lift", some_pairs(20))
    assert len(store) == 7
    teacher = Scripted()
    ask(store, teacher, dataset, "lift", some_pairs(20))
    assert len(teacher.asked) == 13


def test_an_answer_that_took_time_is_committed_before_the_next_is_awaited(store, dataset):
    seen = []

    class Slow(Scripted):
        def ask(self, questions):
            for index, _ in enumerate(questions):
                seen.append(len(store))
                yield index, Answer("preferred", 1.0, latency=2.0)

    ask(store, Slow(), dataset, "lift", some_pairs(4))
    assert seen == [0, 1, 2, 3]


def test_a_labeler_that_forgets_a_question_is_told_so(store, dataset):
    class Forgetful(Scripted):
        def ask(self, questions):
            yield 0, LEFT

    with pytest.raises(RuntimeError, match="answered 1 of 4"):
        ask(store, Forgetful(), dataset, "lift", some_pairs(4))
    assert len(store) == 1


def test_claims_of_a_live_store_are_waited_for_and_then_read(tmp_path, dataset):
    pairs, teacher = some_pairs(6), Scripted()
    with Store(tmp_path / "s.db") as ours, Store(tmp_path / "s.db") as theirs:
        number = theirs.teacher(teacher.source, teacher.model, "1", {}, "lift")
        questions = pose(teacher, dataset, "lift", pairs[:4])
        keys = theirs.keys(number, questions)
        claim = theirs.claim(number, dict(zip(keys, questions, strict=True)))
        assert sorted(claim.mine) == sorted(keys)
        naps = []

        def sleep(seconds):
            naps.append(seconds)
            if len(naps) == 3:
                theirs.commit(number, dict.fromkeys(keys, Answer("tie", 0.5)))

        answers = ask(ours, teacher, dataset, "lift", pairs, sleep=sleep)
    assert len(naps) == 3
    assert len(teacher.asked) == 2
    assert Counter(a.outcome for a in answers.answers) == {"tie": 4, "preferred": 2}


def test_groups_are_stored_with_their_rows(store, dataset):
    ask(store, Scripted(), dataset, "lift", some_pairs(4), groups=["a", "a", "b", "b"])
    assert sorted(row["group_id"] for row in store.export()) == ["a", "a", "b", "b"]
    with pytest.raises(ValueError, match="2 group names for 4 pairs"):
        ask(store, Scripted(), dataset, "lift", some_pairs(4), groups=["a", "b"])


def test_nothing_asked_is_nothing_answered(store, dataset):
    assert len(ask(store, Scripted(), dataset, "lift", [])) == 0


def test_a_segment_of_several_frames_is_refused(store, dataset):
    with pytest.raises(ValueError, match="single frames"):
        ask(store, Scripted(), dataset, "lift", [(Segment(0, 0, 3), moment(0, 5))])


def test_progress_is_told_from_nothing_to_all(store, dataset):
    told = []
    ask(store, Scripted(), dataset, "lift", some_pairs(10), batch=4, progress=lambda *x: told.append(x))
    assert told[0] == (0, 10)
    assert told[-1] == (10, 10)
    assert told == sorted(told)


def test_exported_rows_are_plain_data(store, dataset):
    ask(store, Scripted(parameters={"t": 0.0}), dataset, "lift", some_pairs(3))
    rows = json.loads(json.dumps(list(store.export())))
    assert rows[0]["parameters"] == {"t": 0.0}
    assert {"source", "model", "left_hash", "right_hash", "outcome", "tokens_in"} <= rows[0].keys()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"outcome": "preferred"}, "p_left is None"),
        ({"outcome": "preferred", "p_left": 1.5}, "p_left is 1.5"),
        ({"outcome": "tie", "p_left": 0.4}, "tie 0.5"),
        ({"outcome": "abstained", "p_left": 0.5}, "the others None"),
        ({"outcome": "failed"}, "a failure, and only it, has an error"),
        ({"outcome": "tie", "p_left": 0.5, "error": "x"}, "has an error"),
        ({"outcome": "tie", "p_left": 0.5, "confidence": 2.0}, "confidence is 2.0"),
    ],
)
def test_an_answer_that_contradicts_itself_is_refused(fields, complaint):
    with pytest.raises(ValueError, match=complaint):
        Answer(**fields)


def test_an_outcome_is_one_of_four():
    with pytest.raises((ValueError, TypeError), match="maybe"):  # the checker of annotations may come first
        Answer("maybe")


def test_thousands_of_computed_answers_are_few_transactions(store, dataset):
    statements = []
    store._db.set_trace_callback(lambda sql: statements.append(sql[:6]))
    teacher = Scripted(shows=())
    pairs = [(moment(0, k), moment(10, j)) for k in range(70) for j in range(72)][:5_000]
    ask(store, teacher, dataset, "lift", pairs)
    assert len(teacher.asked) == len(np.unique([q.hashes for q in teacher.asked], axis=0)) == 5_000
    assert statements.count("COMMIT") < 60
