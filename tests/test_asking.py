"""Ways to ask a vision-language model: in stages, for ratings, about strips and clips; and what leaves the machine."""

import hashlib
import json
import logging
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from answering import SmallDataset
from faulty_server import Reply, question_of, refuses, says, serving, verdict
from PIL import Image
from recording import record, small_episode

from embodied import steps
from embodied.cli import main
from embodied.feedback import Store, ask
from embodied.labels import read_ratings, read_rows
from embodied.presenting import consult
from embodied.types import moment
from rewards.labelers import make
from rewards.pairs import select
from rewards.prompts import VERSIONS
from rewards.views import View

ANALYSIS = {"left": "the block is far", "right": "the block is near", "difference": "the distance"}
KEY = "sk-never-to-be-seen-0123456789"


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset()


@pytest.fixture(scope="module")
def pairs(dataset):
    return select(dataset, 20, np.random.default_rng(0), camera="front")


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "s.db") as store:
        yield store


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Episodes on disk, for the commands."""
    rng = np.random.default_rng(0)
    episodes = [small_episode(rng, 20, task="lift") for _ in range(4)]
    return str(record(tmp_path_factory.mktemp("data") / "small", episodes))


def teacher(dataset, url, **options):
    return make("vlm", dataset, base_url=url, model="fake", **{"retries": 0, **options})


def pictures_of(request):
    parts = [p for m in request["messages"] for p in m["content"] if isinstance(p, dict) and p["type"] == "image_url"]
    return [np.asarray(Image.open(BytesIO(b64decode(p["image_url"]["url"].partition(",")[2])))) for p in parts]


def text_of(request):
    return json.dumps(
        [[p for p in m["content"] if not isinstance(p, dict) or "text" in p] for m in request["messages"]]
    )


def in_stages(request, before):
    return verdict("right") if not pictures_of(request) else says(ANALYSIS)


def test_two_stages_are_an_analysis_with_pictures_and_a_judgement_without(dataset, pairs, store):
    with serving(in_stages) as server:
        answers = ask(store, teacher(dataset, server.url, style="two-stage"), dataset, "lift", pairs[:1])
    (answer,) = answers.answers
    assert (answer.outcome, answer.p_left, answer.tokens_in, answer.tokens_out) == ("preferred", 0.0, 200, 20)
    first, second = server.requests
    assert [len(pictures_of(r)) for r in (first, second)] == [2, 0]
    assert all(text in text_of(second) for text in ANALYSIS.values())
    assert "the block is far" in answer.raw
    assert '"right"' in answer.raw
    assert len(store) == 1


def test_a_second_stage_that_fails_tells_what_both_cost(dataset, pairs, store):
    def behave(request, before):
        return says(ANALYSIS) if pictures_of(request) else refuses(500, "out of order")

    with serving(behave) as server:
        labeler = teacher(dataset, server.url, style="two-stage")
        answers = ask(store, labeler, dataset, "lift", pairs[:1], max_error_rate=1)
    (answer,) = answers.answers
    assert (answer.outcome, answer.tokens_in) == ("failed", 100)
    assert answer.error.startswith("unavailable: HTTP 500")
    assert "the block is far" in answer.raw


def test_ratings_show_one_picture_and_order_the_moments(dataset, pairs, store):
    words = list(dict.fromkeys(("very bad", "bad", "average", "good", "very good", "unsure")))

    def behave(request, before):
        return says({"analysis": "x", "rating": words[int(question_of(request), 16) % 6], "confidence": 0.9})

    with serving(behave) as server:
        found = consult(store, teacher(dataset, server.url, style="rating"), dataset, "lift", pairs)
    assert {len(pictures_of(request)) for request in server.requests} == {1}
    moments = {segment for pair in pairs for segment in pair}
    assert len(server.requests) == len(moments)
    outcomes = {row["outcome"] for row in store.export()}
    assert outcomes == {"rated", "abstained"}
    value = {rating.segment: rating.value for rating in found.ratings}
    for (left, right), answer in zip(found.pairs, found.answers, strict=True):
        if left in value and right in value:
            assert answer.p_left == 0.5 + 0.5 * np.sign(value[left] - value[right])
        else:
            assert answer.outcome == "abstained"


@pytest.mark.parametrize(("view", "count"), [("frame", 1), ("strip", 2), ("clip", 4)])
def test_a_picture_holds_the_frames_of_its_view(dataset, pairs, store, view, count):
    with serving(lambda request, before: verdict()) as server:
        ask(store, teacher(dataset, server.url, view=view, enlarge=2), dataset, "lift", pairs[:1])
    left, _ = pictures_of(server.requests[0])
    assert left.shape == (64, 2 * (32 * count + 4 * (count - 1)), 3)
    segment = pairs[0][0]
    last = dataset.frames("front", np.array([[segment.episode, segment.start]]))[0]
    assert (left[::2, -64::2] == last).all()
    assert ("Each picture" in text_of(server.requests[0])) == (view != "frame")


def test_a_clip_repeats_the_first_frame_where_the_episode_begins():
    shown = View("front", "clip", frames=4, every=3).shown(np.array([[10, 5], [20, 20]]))
    assert shown[:, :, 1].tolist() == [[0, 0, 2, 5], [11, 14, 17, 20]]
    assert shown[:, :, 0].tolist() == [[10] * 4, [20] * 4]


def test_the_same_last_frame_after_another_past_is_another_question(dataset):
    class Still(SmallDataset):
        def frames(self, camera, moments):
            frames = super().frames(camera, np.asarray(moments))
            frames[np.asarray(moments)[:, 1] > 3] = 7  # from here on nothing changes any more
            return frames

    still = Still()
    moments = np.array([[0, 12], [10, 12], [10, 18]])
    assert len(set(View("front").hashes(still, moments))) == 1
    assert len(set(View("front", "strip").hashes(still, moments))) == 2
    assert len(set(View("front", "clip", every=3).hashes(still, np.array([[0, 6], [0, 18]])))) == 2
    plain = still.frame_hashes("front", moments)
    assert View("front").hashes(still, moments) == plain == [hashlib.sha256(bytes([7]) * 3072).hexdigest()] * 3


@pytest.mark.parametrize("change", [{"style": "two-stage"}, {"view": "strip"}, {"view": "clip"}, {"enlarge": 2}])
def test_what_changes_the_question_is_asked_anew(dataset, pairs, store, change):
    with serving(in_stages) as server:
        ask(store, teacher(dataset, server.url), dataset, "lift", pairs[:1], max_error_rate=1)
        first = len(server.requests)
        ask(store, teacher(dataset, server.url, **change), dataset, "lift", pairs[:1], max_error_rate=1)
        assert len(server.requests) > first


def test_every_style_has_a_version_of_its_own():
    assert len(set(VERSIONS.values())) == len(VERSIONS)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"style": "two-stag"}, "two-stag"),
        ({"view": "stripe"}, "stripe"),
        ({"view": "clip", "frames": 1}, "frames is 1"),
        ({"enlarge": 0}, "enlarge 0"),
        ({"camera": "front-no-robot"}, "no camera 'front-no-robot'.*front"),
    ],
)
def test_ways_to_ask_that_are_none_are_refused(dataset, options, complaint):
    with pytest.raises((ValueError, TypeError), match=complaint):
        teacher(dataset, "http://127.0.0.1:9/v1", **options)


def test_a_server_that_takes_one_picture_only_is_a_failure_that_says_so(dataset, pairs, store):
    def behave(request, before):
        return refuses(400, "At most 1 image(s) may be provided in one prompt.") if pictures_of(request) else verdict()

    with serving(behave) as server:
        answers = ask(store, teacher(dataset, server.url), dataset, "lift", pairs[:2], max_error_rate=1)
    assert all(a.outcome == "failed" and "At most 1 image" in a.error for a in answers.answers)
    assert len(store) == 0


@pytest.mark.parametrize("style", ["one-call", "two-stage", "rating"])
def test_no_picture_leaves_before_somebody_agreed_to_where(recorded, tmp_path, monkeypatch, style):
    sent = []
    monkeypatch.setattr("embodied.models_openai.OpenAIModel._sent", lambda self, request: sent.append(request) or b"{}")
    options = {"base_url": "https://models.example.com/v1", "model": "m", "retries": 0, "style": style}
    config = steps.LabelConfig("vlm", options, pairs=4, max_error_rate=1)
    asked = []
    with pytest.raises(ValueError, match=r"would be sent to models\.example\.com"):
        steps.label(recorded, tmp_path / "a", config, permit=lambda where: asked.append(where) or False)
    with pytest.raises(ValueError, match=r"would be sent to models\.example\.com"):
        steps.label(recorded, tmp_path / "a", config)
    found = steps.estimate(recorded, tmp_path / "a", config)
    assert found.to_ask > 0
    assert (asked, sent) == (["models.example.com"], [])
    steps.label(recorded, tmp_path / "a", config, permit=lambda where: True)
    assert sent


def test_no_key_is_in_any_file_log_or_message(recorded, tmp_path, monkeypatch, caplog, capsys):
    monkeypatch.setenv("FAKE_KEY", KEY)
    caplog.set_level(logging.DEBUG)

    def behave(request, before):
        kind = int(question_of(request), 16) % 4
        return [
            verdict(), says({"analysis": KEY, "answer": "left", "confidence": 1}), refuses(500, f"bad {KEY}"),
            says(None, refusal=f"not with {KEY}"),
        ][kind]  # fmt: skip

    with serving(behave) as server:
        words = ["label", "--dataset", recorded, "--out", str(tmp_path / "out"), "--labeler", "vlm", "--pairs", "40"]
        words += ["--options", "base_url", server.url, "model", "m", "key_env", "FAKE_KEY", "retries", "0"]
        assert main([*words, "--max-error-rate", "0.1", "--json"]) == 1  # too many fail: the error is shown
        assert main([*words, "--max-error-rate", "1.0", "--json"]) == 0
        assert main([*words, "--max-error-rate", "1.0", "--estimate"]) == 0
        assert {header["authorization"] for header in server.headers} == {f"Bearer {KEY}"}
    assert main(["info", str(tmp_path / "out")]) == 0
    assert main(["info", str(tmp_path / "out" / "feedback.sqlite")]) == 0
    shown = capsys.readouterr()
    assert KEY not in shown.out + shown.err + caplog.text
    assert "failed" in shown.err
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"labels.parquet", "manifest.json", "feedback.sqlite", "begun.json"} <= {path.name for path in files}
    assert not any(KEY.encode() in path.read_bytes() for path in files)


def test_the_command_asks_in_both_orders_and_tells_what_it_cost(recorded, tmp_path, capsys):
    words = ["label", "--dataset", recorded, "--out", str(tmp_path / "out"), "--pairs", "10", "--orders", "both"]
    with serving(lambda request, before: verdict("left")) as server:
        words += ["--labeler", "vlm", "--options", "base_url", server.url, "model", "m", "price_in", "1", "price_out"]
        words += ["2", "--json"]
        assert main([*words, "--estimate"]) == 0
        before = json.loads(capsys.readouterr().out)
        assert (before["queries"], before["to_ask"], server.requests) == (20, 20, [])
        assert main([*words, "--max-money", "0.0006"]) == 1
        assert "the budget of vlm:m is spent" in capsys.readouterr().err
        assert main([*words, "--max-money", "1.0"]) == 0  # a larger budget continues the same folder
        found = json.loads(capsys.readouterr().out)
        assert (found["abstained"], found["flipped"], len(server.requests)) == (10, 10, 20)
    assert main(["info", str(tmp_path / "out"), "--json"]) == 0
    (usage,) = json.loads(capsys.readouterr().out)["usage"]
    assert (usage["queries"], usage["tokens_in"], usage["money"]) == (20, 2000, pytest.approx(20 * 120e-6))
    assert all(row["flipped"] for row in read_rows(tmp_path / "out" / "labels.parquet"))


def test_the_command_keeps_ratings_beside_the_labels(recorded, tmp_path):
    reply = says({"analysis": "x", "rating": "good", "confidence": 1})
    with serving(lambda request, before: reply) as server:
        options = {"base_url": server.url, "model": "m", "style": "rating"}
        steps.label(recorded, tmp_path / "out", steps.LabelConfig("vlm", options, pairs=6))
    ratings = read_ratings(tmp_path / "out" / "ratings.parquet")
    assert {rating.value for rating in ratings} == {0.75}
    assert {row["outcome"] for row in read_rows(tmp_path / "out" / "labels.parquet")} == {"tie"}
    assert all(isinstance(rating.segment, type(moment(0, 0))) for rating in ratings)


def test_silence_half_a_body_and_haste_end_well_where_the_server_recovers(dataset, pairs, store):
    def behave(request, before):
        whole = verdict("right")
        bad = [refuses(429, Retry_After="0"), refuses(500), Reply(whole.body, cut=30), Reply("", wait=0.6)]
        return whole if before else bad[int(question_of(request), 16) % 4]

    with serving(behave) as server:
        labeler = teacher(dataset, server.url, retries=2, timeout=0.5)
        answers = ask(store, labeler, dataset, "lift", pairs[:12])
        assert set(server.seen.values()) == {2}
    assert answers.counts()["preferred"] == 12
