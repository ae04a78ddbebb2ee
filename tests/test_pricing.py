"""What a run costs: before it, while it runs, and in the ledger."""

import json

import numpy as np
import pytest
from answering import SmallDataset
from faulty_server import question_of, serving, verdict

from embodied.feedback import Budget, BudgetSpent, Store, ask
from embodied.presenting import Showing, consult
from embodied.prices import Cost, Prices, Terms
from embodied.pricing import estimate
from rewards.labelers import make
from rewards.pairs import select

PRICES = {"price_in": 2.0, "price_out": 8.0}
EACH = (100 * 2.0 + 10 * 8.0) / 1e6  # what an answer of the fake server costs


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset()


@pytest.fixture(scope="module")
def pairs(dataset):
    return select(dataset, 60, np.random.default_rng(0), camera="front")


def teacher(dataset, url, **options):
    return make("vlm", dataset, base_url=url, model="fake", **options)


def test_an_estimate_asks_nothing_and_makes_no_file(dataset, pairs, tmp_path):
    with serving(lambda request, before: verdict()) as server:
        labeler = teacher(dataset, server.url, **PRICES, requests_per_minute=30)
        found = estimate(tmp_path / "s.db", labeler, dataset, "lift", pairs, Showing("both"))
        assert server.requests == []
    assert list(tmp_path.iterdir()) == []
    assert (found.pairs, found.queries, found.answered, found.to_ask) == (60, 120, 0, 120)
    assert found.tokens_in > 120 * 200
    assert found.money == pytest.approx((found.tokens_in * 2 + found.tokens_out * 8) / 1e6)
    assert found.seconds == 180.0
    assert "28 x 28 pixels" in found.basis


def test_an_estimate_knows_what_was_answered_and_what_that_took(dataset, pairs, tmp_path):
    with serving(lambda request, before: verdict()) as server:
        labeler = teacher(dataset, server.url, **PRICES)
        with Store(tmp_path / "s.db") as store:
            ask(store, labeler, dataset, "lift", pairs[:20])
        known = estimate(tmp_path / "s.db", labeler, dataset, "lift", pairs)
        other = estimate(tmp_path / "s.db", labeler, dataset, "push", pairs)
        assert len(server.requests) == 20
    assert (known.answered, known.to_ask, known.tokens_in, known.tokens_out) == (20, 40, 4000, 400)
    assert known.money == pytest.approx(40 * EACH)
    assert known.seconds is not None
    assert "mean of 20 queries of this teacher for this goal" in known.basis
    assert (other.to_ask, other.tokens_in, "other goals" in other.basis) == (60, 6000, True)


@pytest.mark.parametrize("style", ["two-stage", "rating"])
def test_other_questions_have_other_prices(dataset, pairs, tmp_path, style):
    one = estimate(tmp_path / "s", teacher(dataset, "http://127.0.0.1:9/v1"), dataset, "lift", pairs)
    other = estimate(tmp_path / "s", teacher(dataset, "http://127.0.0.1:9/v1", style=style), dataset, "lift", pairs)
    moments = {segment for pair in pairs for segment in pair}
    assert other.queries == (len(moments) if style == "rating" else 60)
    assert (other.tokens_in / other.queries > one.tokens_in / 60) == (style == "two-stage")


def test_a_teacher_that_costs_nothing_is_estimated_at_nothing(dataset, pairs, tmp_path):
    found = estimate(tmp_path / "s", make("noisy", dataset), dataset, "lift", pairs)
    assert (found.to_ask, found.tokens_in, found.money, found.seconds) == (60, 0, None, None)


def test_a_budget_in_money_is_not_overdrawn(dataset, pairs, tmp_path):
    with serving(lambda request, before: verdict()) as server, Store(tmp_path / "s.db") as store:
        labeler = teacher(dataset, server.url, **PRICES)
        with pytest.raises(BudgetSpent, match=r"25 queries and 2750 tokens for 0.007 of") as spent:
            ask(store, labeler, dataset, "lift", pairs, budget=Budget(money=25.5 * EACH))
        assert len(store) == len(server.requests) == 25
        assert spent.value.spent.money == pytest.approx(25 * EACH)
        (row,) = store.ledger()
    assert (row["queries"], row["tokens_in"], row["tokens_out"]) == (25, 2500, 250)
    assert row["money"] == pytest.approx(25 * EACH)
    assert row["seconds"] > 0


def test_a_budget_in_money_wants_prices(dataset, pairs, tmp_path):
    with serving(lambda request, before: verdict()) as server, Store(tmp_path / "s.db") as store:
        with pytest.raises(ValueError, match="no prices of vlm:fake"):
            ask(store, teacher(dataset, server.url), dataset, "lift", pairs, budget=Budget(money=1.0))
        assert server.requests == []


def test_prices_are_not_part_of_what_an_answer_is_known_by(dataset, pairs, tmp_path):
    with serving(lambda request, before: verdict()) as server, Store(tmp_path / "s.db") as store:
        consult(store, teacher(dataset, server.url), dataset, "lift", pairs[:5])
        cheap = teacher(dataset, server.url, price_in=0.1, price_out=0.1, concurrency=3, requests_per_minute=600)
        assert consult(store, cheap, dataset, "lift", pairs[:5]).asked == 0
        assert len({question_of(request) for request in server.requests}) == 5


def test_limits_a_minute_hold_for_the_requests_that_are_sent(dataset, pairs):
    from embodied.models_openai import Endpoint, OpenAIModel
    from rewards.prompts import Verdict, prompt

    clock = [0.0]

    def sleep(seconds):
        clock[0] += seconds

    times = []
    with serving(lambda request, before: times.append(clock[0]) or verdict()) as server:
        endpoint = Endpoint(server.url, "fake", requests_per_minute=2)
        chat = OpenAIModel(endpoint, sleep=sleep, clock=lambda: clock[0])
        picture = np.zeros((8, 8, 3), np.uint8)
        for _ in range(6):
            chat.complete(prompt("lift", (picture, picture)), Verdict)
    assert times == [0.0, 0.0, 60.0, 60.0, 120.0, 120.0]


def test_time_is_that_of_the_tightest_limit():
    cost = Cost(900, 100, 2.0, calls=2)
    assert Terms(4).seconds(100, cost) == 50.0
    assert Terms(4, requests_per_minute=10).seconds(100, cost) == 19 * 60
    assert Terms(4, tokens_per_minute=1000).seconds(100, cost) == 99 * 60
    assert Terms(4).seconds(100, Cost()) is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"price_in": 1.0}, "give both"),
        ({"price_in": -1.0, "price_out": 1.0}, "prices are -1.0"),
        ({"requests_per_minute": 0.2}, "at least 1"),
    ],
)
def test_terms_that_cannot_be_are_refused(dataset, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        teacher(dataset, "http://127.0.0.1:9/v1", **options)


def test_prices_are_plain_data():
    assert json.dumps(vars(Prices(1.0, 2.0))) == '{"tokens_in": 1.0, "tokens_out": 2.0}'
