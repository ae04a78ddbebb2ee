"""A vision-language model as a teacher, end to end against a server that may misbehave."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from base64 import b64decode
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from answering import SmallDataset
from faulty_server import Reply, question_of, refuses, says, serving, verdict
from PIL import Image

from embodied.backoff import Backoff
from embodied.feedback import Answer, Budget, BudgetSpent, Labeler, LabelingStopped, Store, ask
from embodied.models import Recording, Replay
from embodied.models_openai import Endpoint, OpenAIModel
from embodied.prices import Terms
from rewards.labelers import make
from rewards.pairs import select
from rewards.views import View
from rewards.vlm import VisionLanguage

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset()


@pytest.fixture(scope="module")
def pairs(dataset):
    return select(dataset, 60, np.random.default_rng(0), camera="front")


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "s.db") as store:
        yield store


def teacher(dataset, server, retries=2, concurrency=4, timeout=5.0, style="one-call"):
    endpoint = Endpoint(server.url, "fake-vl", timeout=timeout, backoff=Backoff(retries))
    chat = OpenAIModel(endpoint, sleep=lambda seconds: None, rng=random.Random(0))
    return VisionLanguage(dataset, chat, View("front"), style, Terms(concurrency))


def test_what_the_model_says_becomes_the_four_outcomes(dataset, pairs, store):
    words = ["left", "right", "same", "unsure"]

    def behave(request, before):
        return verdict(words[int(question_of(request), 16) % 4], 0.7)

    with serving(behave) as server:
        labeler = teacher(dataset, server)
        assert isinstance(labeler, Labeler)
        answers = ask(store, labeler, dataset, "put the block into the bowl", pairs)
    counts = answers.counts()
    assert counts["preferred"] + counts["tie"] + counts["abstained"] == 60
    assert min(counts["preferred"], counts["tie"], counts["abstained"]) > 0
    one = next(answer for answer in answers.answers if answer is not None and answer.outcome == "tie")
    assert (one.p_left, one.confidence, one.tokens_in, one.tokens_out) == (0.5, 0.7, 100, 10)
    assert one.latency > 0
    assert '"same"' in one.raw


def test_the_model_is_shown_the_goal_and_both_pictures_left_first(dataset, pairs, store):
    with serving(lambda request, before: verdict()) as server:
        ask(store, teacher(dataset, server), dataset, "stack the blocks", pairs[:1])
    parts = server.requests[0]["messages"][1]["content"]
    assert [p["type"] for p in parts] == ["text", "image_url", "text", "image_url", "text"]
    assert "left" in parts[0]["text"]
    assert "right" in parts[2]["text"]
    assert "stack the blocks" in parts[4]["text"]
    for part, segment in zip((parts[1], parts[3]), pairs[0], strict=True):
        shown = np.asarray(Image.open(BytesIO(b64decode(part["image_url"]["url"].partition(",")[2]))))
        assert (shown == dataset.frames("front", np.array([[segment.episode, segment.start]]))[0]).all()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refuses(429), "unavailable: HTTP 429"),
        (refuses(500), "unavailable: HTTP 500"),
        (says(None), "empty: "),
        (Reply(cut=0), "unavailable: this machine cannot be reached or hung up"),
        (Reply("", wait=0.3), "unavailable: this machine did not answer within 0.1 s"),
        (says("The left one, obviously."), "unreadable: "),
        (says({"analysis": "x", "answer": "both", "confidence": 0.5}), "unreadable: "),
        (says({"analysis": "x", "answer": "left", "confidence": 80}), "unreadable: "),
        (says(None, refusal="I will not look at that."), "refusal"),
        (refuses(401, "who are you"), "rejected: "),
    ],
)
def test_no_fault_of_a_model_becomes_an_opinion(dataset, pairs, store, reply, error):
    with serving(lambda request, before: reply) as server:
        labeler = teacher(dataset, server, timeout=0.1 if reply.wait else 5.0)
        answers = ask(store, labeler, dataset, "lift", pairs[:3], max_error_rate=1)
    assert {answer.outcome for answer in answers.answers if answer} == {"failed"}
    assert all(answer.error.startswith(error) for answer in answers.answers if answer)
    assert answers.preferences() == []
    assert len(store) == 0
    with serving(lambda request, before: verdict("right")) as server:  # and the next call asks again
        mended = ask(store, teacher(dataset, server), dataset, "lift", pairs[:3])
    assert mended.counts()["preferred"] == 3


def test_a_server_that_mostly_fails_stops_the_job_and_keeps_what_it_answered(dataset, pairs, store):
    def behave(request, before):
        return verdict() if int(question_of(request), 16) % 2 else refuses(500, "GPU on fire")

    with serving(behave) as server:
        with pytest.raises(LabelingStopped, match=r"vlm:fake-vl failed .*GPU on fire"):
            ask(store, teacher(dataset, server, retries=0), dataset, "lift", pairs)
        assert 20 <= len(server.requests) <= 30
    kept = len(store)
    assert kept > 0
    with serving(lambda request, before: verdict()) as server:
        assert ask(store, teacher(dataset, server), dataset, "lift", pairs).counts()["asked"] == 60 - kept


def test_a_token_budget_stops_between_questions(dataset, pairs, store):
    with serving(lambda request, before: verdict()) as server:
        with pytest.raises(BudgetSpent, match="2200 tokens"):
            ask(store, teacher(dataset, server), dataset, "lift", pairs, budget=Budget(tokens=2300))
        assert len(server.requests) == len(store) == 20


def test_questions_are_asked_side_by_side(dataset, pairs, store):
    all_there = threading.Barrier(6)

    def behave(request, before):
        all_there.wait(10)  # answers nobody before six are asking
        return verdict()

    with serving(behave) as server:
        ask(store, teacher(dataset, server, concurrency=6), dataset, "lift", pairs)
        assert server.most_busy == 6


def test_recorded_answers_make_the_same_labels_without_a_server(dataset, pairs, tmp_path):
    def behave(request, before):
        return verdict(["left", "right", "same"][int(question_of(request), 16) % 3])

    with serving(behave) as server, Store(tmp_path / "a.db") as store:
        live = teacher(dataset, server)
        recorded = VisionLanguage(dataset, Recording(live.chat, tmp_path / "answers.jsonl"), View("front"))
        first = ask(store, recorded, dataset, "lift", pairs)
    with Store(tmp_path / "b.db") as store:
        replayed = VisionLanguage(dataset, Replay.load(tmp_path / "answers.jsonl"), View("front"))
        again = ask(store, replayed, dataset, "lift", pairs)
    assert [p.p_left for p in first.preferences()] == [p.p_left for p in again.preferences()]


def test_no_key_reaches_the_store(dataset, pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_KEY", "sk-secret-42")
    reply = says('{"analysis": "your key is sk-secret-42", "answer": "left", "confidence": 1}')
    with serving(lambda request, before: reply) as server, Store(tmp_path / "s.db") as store:
        labeler = make("vlm", dataset, base_url=server.url, model="fake-vl", key_env="FAKE_KEY")
        ask(store, labeler, dataset, "lift", pairs[:2])
        assert server.headers[0]["authorization"] == "Bearer sk-secret-42"
        assert "your key is ***" in next(store.export())["raw"]
    assert not any(b"sk-secret-42" in file.read_bytes() for file in tmp_path.iterdir())
    assert "sk-secret-42" not in repr(labeler) + repr(labeler.parameters)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "needs base_url and model"),
        ({"base_url": "http://127.0.0.1/v1"}, "needs base_url and model"),
        ({"base_url": "http://127.0.0.1/v1", "model": "m", "camera": "wrist"}, "no camera 'wrist'.*front"),
        ({"base_url": "http://127.0.0.1/v1", "model": "m", "concurrency": 0}, "concurrency is 0"),
        ({"base_url": "http://127.0.0.1/v1", "model": "m", "key_env": "NOT_SET_AT_ALL"}, "NOT_SET_AT_ALL"),
    ],
)
def test_a_teacher_that_cannot_be_asked_is_refused(dataset, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        make("vlm", dataset, **options)


def test_a_data_set_without_pictures_has_nothing_to_show():
    blind = SmallDataset()
    blind.cameras = ()
    with pytest.raises(ValueError, match="no pictures to show"):
        make("vlm", blind, base_url="http://127.0.0.1/v1", model="m")


def test_where_the_pictures_go_is_known_before_they_do(dataset):
    far = make("vlm", dataset, base_url="https://models.example.com/v1", model="m")
    near = make("vlm", dataset, base_url="http://localhost:8000/v1", model="m")
    assert (far.destination, near.destination) == ("models.example.com", "this machine")


LABEL = """
import sys
sys.path[:0] = [{root!r}, {root!r} + "/tests"]
import numpy as np
from answering import SmallDataset
from embodied.feedback import Store
from embodied.presenting import Showing, consult
from rewards.labelers import make
from rewards.pairs import select
dataset = SmallDataset()
pairs = select(dataset, {n}, np.random.default_rng(0), camera="front")
with Store({path!r}) as store:
    labeler = make("vlm", dataset, base_url={url!r}, model="m", concurrency={concurrency}, timeout=20.0)
    print(consult(store, labeler, dataset, "lift", pairs, Showing({orders!r}), batch=16).counts())
"""


def labeling(path, url, n, concurrency=4, orders="one"):
    code = LABEL.format(root=str(ROOT), path=str(path), url=url, n=n, concurrency=concurrency, orders=orders)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ)


def kill_and_repeat(path, server, n, after, concurrency=4, orders="one"):
    """Kill a labeling process once the server has seen so many questions, then run the same command again."""
    first = labeling(path, server.url, n, concurrency, orders)
    while sum(server.seen.values()) < after:
        assert first.poll() is None, "the first labeler ended too early to be killed"
        time.sleep(0.002)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    with Store(path) as store:
        answered = len(store)
    again = labeling(path, server.url, n, concurrency, orders)
    out, _ = again.communicate()
    assert again.returncode == 0
    assert f"'asked': {n * (1 + (orders == 'both')) - answered}" in out
    return answered


def test_killed_labeling_goes_on_and_asks_no_answered_question_twice(tmp_path):
    n, concurrency = 60, 4
    with serving(lambda request, before: Reply(**{**vars(verdict()), "wait": 0.01})) as server:
        answered = kill_and_repeat(tmp_path / "s.db", server, n, after=25, concurrency=concurrency)
        twice = [question for question, times in server.seen.items() if times > 1]
    assert len(server.seen) == n
    assert answered >= 25 - concurrency - 1
    assert sum(server.seen.values()) == n + len(twice)
    assert len(twice) <= concurrency + 1  # those in flight, and one answered but not yet written


def test_two_labelers_on_one_store_ask_nothing_twice(tmp_path):
    n = 60
    with serving(lambda request, before: Reply(**{**vars(verdict()), "wait": 0.02})) as server:
        both = [labeling(tmp_path / "s.db", server.url, n) for _ in range(2)]
        outs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert Counter(server.seen.values()) == {1: n}
    assert all(f"'preferred': {n}" in out for out in outs)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(15))
def test_labeling_survives_a_kill_at_any_moment(tmp_path, seed):
    rng = random.Random(seed)
    n, concurrency = 80, rng.choice([1, 4, 16])
    with serving(lambda request, before: Reply(**{**vars(verdict()), "wait": 0.02 * rng.random()})) as server:
        kill_and_repeat(tmp_path / "s.db", server, n, after=rng.randrange(1, n - concurrency), concurrency=concurrency)
        twice = [question for question, times in server.seen.items() if times > 1]
    assert len(server.seen) == n
    assert len(twice) <= concurrency + 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_labeling_in_both_orders_survives_a_kill_at_any_moment(tmp_path, seed):
    rng = random.Random(seed)
    n, concurrency = 40, rng.choice([1, 4, 16])
    with serving(lambda request, before: Reply(**{**vars(verdict()), "wait": 0.02 * rng.random()})) as server:
        after = rng.randrange(1, 2 * n - concurrency)
        kill_and_repeat(tmp_path / "s.db", server, n, after, concurrency, orders="both")
        twice = [question for question, times in server.seen.items() if times > 1]
    assert len(server.seen) == 2 * n
    assert len(twice) <= concurrency + 1


@pytest.mark.slow
def test_a_thousand_slow_answers_are_twenty_times_faster_side_by_side(tmp_path):
    dataset = SmallDataset(episodes=20, actions=50)
    pairs = select(dataset, 1000, np.random.default_rng(0), camera="front")
    late = Reply(**{**vars(verdict()), "wait": 0.5})
    with serving(lambda request, before: late) as server, Store(tmp_path / "s.db") as store:
        began = time.monotonic()
        ask(store, teacher(dataset, server, concurrency=1), dataset, "lift", pairs[:20])
        one_by_one = 1000 / 20 * (time.monotonic() - began)
        began = time.monotonic()
        answers = ask(store, teacher(dataset, server, concurrency=64), dataset, "push", pairs)
        took = time.monotonic() - began
        print(f"1,000 pairs in {took:.1f} s, {one_by_one:.0f} s one at a time: {one_by_one / took:.1f} times as fast")
    assert answers.counts()["preferred"] == 1000
    assert isinstance(answers.answers[0], Answer)
    assert one_by_one > 20 * took
