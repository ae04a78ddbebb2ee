"""Orders and samples: every presentation is a row of its own, and they come to one answer per pair."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from answering import SmallDataset
from hypothesis import given
from hypothesis import strategies as st

from embodied.feedback import Answer, Budget, BudgetSpent, Store
from embodied.presenting import Showing, agreed, consult, sampled, turned_back
from embodied.types import moment

PAIRS = [(moment(10 * (k % 5), k // 5), moment(50, (3 * k + 1) % 21)) for k in range(40)]
LEFT, RIGHT, TIE = Answer("preferred", 1.0), Answer("preferred", 0.0), Answer("tie", 0.5)
ABSTAINED, FAILED = Answer("abstained"), Answer("failed", error="500")
ANSWERS = st.one_of(
    st.integers(0, 8).map(lambda k: Answer("preferred", k / 8)), st.sampled_from([LEFT, RIGHT, TIE, ABSTAINED, FAILED])
)


@dataclass
class Teacher:
    """Answers by a function of what is shown; remembers the questions."""

    says: object
    source: str = "teacher"
    model: str = "m"
    prompt_version: str = "1"
    parameters: dict = field(default_factory=dict)
    shows: str = "front"
    asks: str = "pairs"
    asked: list = field(default_factory=list)

    def ask(self, questions):
        for index, question in enumerate(questions):
            self.asked.append(question)
            yield index, self.says(question)


def honest(question):
    """The later moment is better, whichever side it is on."""
    left, right = question.pair
    return Answer("tie", 0.5) if left.start == right.start else Answer("preferred", float(left.start > right.start))


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "s.db") as store:
        yield store


@pytest.mark.parametrize("orders", ["one", "both", "random"])
def test_who_looks_only_at_the_pictures_says_the_same_in_every_order(store, dataset, orders):
    found = consult(store, Teacher(honest), dataset, "lift", PAIRS, Showing(orders))
    plain = consult(store, Teacher(honest), dataset, "lift", PAIRS)
    assert [a.p_left for a in found.answers] == [a.p_left for a in plain.answers]
    assert found.counts().get("flipped", 0) == 0


def test_both_orders_are_two_rows_and_neither_is_asked_twice(store, dataset):
    first = Teacher(honest)
    consult(store, first, dataset, "lift", PAIRS, Showing("both"))
    assert len(first.asked) == len(store) == 80
    again = Teacher(honest)
    both = consult(store, again, dataset, "lift", PAIRS, Showing("both"))
    assert again.asked == []
    assert both.counts()["preferred"] + both.counts()["tie"] == 40


@pytest.mark.parametrize(("inconsistent", "outcome"), [("abstained", "abstained"), ("tie", "tie"), ("mean", "tie")])
def test_who_always_says_left_is_found_out(store, dataset, inconsistent, outcome):
    found = consult(store, Teacher(lambda q: LEFT), dataset, "lift", PAIRS, Showing("both", inconsistent=inconsistent))
    assert {a.outcome for a in found.answers} == {outcome}
    assert found.flipped == (True,) * 40
    assert found.counts()["flipped"] == 40


def test_a_random_order_shows_about_half_flipped_and_always_the_same_half(store, dataset):
    teacher = Teacher(lambda q: LEFT)
    found = consult(store, teacher, dataset, "lift", PAIRS, Showing("random"))
    assert 8 < sum(a.p_left == 0 for a in found.answers) < 32
    assert len(teacher.asked) == 40
    again = consult(store, teacher, dataset, "lift", PAIRS[::-1], Showing("random"))
    assert len(teacher.asked) == 40
    assert again.answers == found.answers[::-1]
    assert Showing("random", seed=1).presentations(PAIRS) != Showing("random").presentations(PAIRS)


def test_samples_are_rows_of_their_own_and_their_mean_is_the_label(store, dataset):
    teacher = Teacher(lambda q: RIGHT if q.sample == 2 else LEFT)
    found = consult(store, teacher, dataset, "lift", PAIRS[:5], Showing(samples=3))
    assert len(store) == 15
    assert [a.p_left for a in found.answers] == pytest.approx([2 / 3] * 5)
    more = consult(store, teacher, dataset, "lift", PAIRS[:5], Showing(samples=4))
    assert more.asked == 5


def test_samples_that_must_be_equal_are_refused(store, dataset):
    with pytest.raises(ValueError, match="3 samples at temperature 0 are one answer"):
        consult(store, Teacher(honest, parameters={"temperature": 0.0}), dataset, "l", PAIRS, Showing(samples=3))
    with pytest.raises(ValueError, match="samples is 0"):
        Showing(samples=0)


@pytest.mark.parametrize(
    ("some", "outcome", "p_left"),
    [
        ([LEFT, RIGHT], "tie", 0.5),
        ([LEFT, FAILED], "preferred", 1.0),
        ([LEFT, ABSTAINED, ABSTAINED], "abstained", None),
        ([LEFT, LEFT, ABSTAINED], "preferred", 1.0),
        ([LEFT, ABSTAINED], "abstained", None),
        ([FAILED, FAILED], "failed", None),
    ],
)
def test_samples_come_to_one_answer(some, outcome, p_left):
    found = sampled(some)
    assert (found.outcome, found.p_left) == (outcome, p_left)


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [(LEFT, FAILED, "failed"), (LEFT, ABSTAINED, "abstained"), (LEFT, TIE, "abstained"), (TIE, TIE, "tie")],
)
def test_two_orders_must_both_have_an_opinion_and_the_same(first, second, outcome):
    assert agreed([first, second], "abstained").outcome == outcome


@given(ANSWERS, ANSWERS, st.sampled_from(["abstained", "tie", "mean"]))
def test_swapping_the_sides_swaps_what_two_orders_come_to(first, second, inconsistent):
    here = agreed([first, second], inconsistent)
    there = agreed([turned_back(second), turned_back(first)], inconsistent)
    assert here.outcome == there.outcome
    assert here.p_left is None or here.p_left == pytest.approx(1 - there.p_left)


def test_tokens_and_time_of_all_presentations_count(store, dataset):
    cost = Answer("tie", 0.5, 0.6, "t", 100, 10, 1.5)
    (answer,) = consult(store, Teacher(lambda q: cost), dataset, "lift", PAIRS[:1], Showing("both", 2)).answers
    assert (answer.tokens_in, answer.tokens_out, answer.latency, answer.confidence) == (400, 40, 6.0, 0.6)


def test_a_pair_whose_other_order_was_not_paid_for_is_unanswered(store, dataset):
    with pytest.raises(BudgetSpent, match="10 queries") as spent:
        consult(store, Teacher(honest), dataset, "l", PAIRS, Showing("both"), budget=Budget(queries=10), batch=3)
    assert spent.value.answers.counts()["unasked"] == 35
    assert len(spent.value.answers) == 40


def test_ratings_ask_about_each_moment_once_and_become_preferences(store, dataset):
    teacher = Teacher(lambda q: Answer("rated", value=q.pair[0].start / 20), asks="ratings")
    found = consult(store, teacher, dataset, "lift", PAIRS)
    moments = {segment for pair in PAIRS for segment in pair}
    assert len(teacher.asked) == len(moments) == len(found.ratings)
    assert all(rating.value == rating.segment.start / 20 for rating in found.ratings)
    wanted = [0.5 + 0.5 * np.sign(left.start - right.start) for left, right in PAIRS]
    assert [a.p_left for a in found.answers] == wanted
    assert [row["value"] for row in store.export()][:1] != [None]


def test_a_moment_that_is_not_rated_is_not_compared(store, dataset):
    def says(question):
        return {0: ABSTAINED, 1: FAILED}.get(question.pair[0].start, Answer("rated", value=0.5))

    pairs = [(moment(0, 0), moment(0, 5)), (moment(0, 1), moment(0, 5)), (moment(0, 4), moment(0, 5))]
    found = consult(store, Teacher(says, asks="ratings"), dataset, "lift", pairs, max_error_rate=1)
    assert [a.outcome for a in found.answers] == ["abstained", "failed", "tie"]
    with pytest.raises(ValueError, match="has no order"):
        consult(store, Teacher(says, asks="ratings"), dataset, "lift", pairs, Showing("both"))
