"""The real client against a server that behaves badly: what is tried again, what is not, and what is kept secret."""

import base64
import io
import json
import logging
import random
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
from faulty_server import Reply, refuses, says, serving
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import BaseModel, ConfigDict

from embodied.backoff import Backoff, retry_after
from embodied.models import Message, ModelError, Recording, Replay, Usage, data_url, generate, parsed, request_key
from embodied.models_openai import Endpoint, OpenAIModel

KEY = "sk-very-secret-0123456789"


class Colour(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    share: float


RED = {"name": "red", "share": 0.5}
ASK = [Message("system", ("You name colours.",)), Message("user", ("Which?", np.zeros((4, 5, 3), np.uint8)))]


def model(server, naps=None, **changes):
    settings = {"timeout": 5.0, "backoff": Backoff(retries=3), **changes}
    naps = [] if naps is None else naps
    return OpenAIModel(Endpoint(server.url, "fake", **settings), sleep=naps.append, rng=random.Random(0))


def in_turn(*replies):
    """Each request gets the next reply; the last one stays."""
    left = list(replies)
    return lambda request, before: left.pop(0) if len(left) > 1 else left[0]


def test_a_good_answer_is_an_object_with_what_it_cost():
    with serving(in_turn(says(RED))) as server:
        colour, usage = generate(model(server), ASK, Colour)
    assert colour == Colour(name="red", share=0.5)
    assert (usage.tokens_in, usage.tokens_out, usage.requests) == (100, 10, 1)
    assert usage.latency > 0
    (request,) = server.requests
    assert request["response_format"]["json_schema"]["schema"] == Colour.model_json_schema()
    assert request["messages"][0] == {"role": "system", "content": "You name colours."}


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]), st.integers(0, 2**32 - 1))
def test_a_picture_travels_as_lossless_png(height, width, channels, seed):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    head, _, data = data_url(picture).partition(",")
    assert head == "data:image/png;base64"
    shown = Image.open(io.BytesIO(base64.b64decode(data)))
    assert shown.format == "PNG"
    assert (np.asarray(shown).reshape(picture.shape) == picture).all()


@pytest.mark.parametrize("bad", [refuses(429), refuses(500), refuses(503), refuses(529), refuses(408)])
def test_a_server_in_trouble_is_tried_again(bad):
    naps = []
    with serving(in_turn(bad, bad, says(RED))) as server:
        _, usage = generate(model(server, naps), ASK, Colour)
    assert usage.requests == 3
    assert 0.25 <= naps[0] <= 0.5 <= naps[1] <= 1.0


def test_retry_after_is_honoured():
    naps = []
    with serving(in_turn(refuses(429, Retry_After="17"), says(RED))) as server:
        generate(model(server, naps), ASK, Colour)
    assert naps == [17.0]


def test_a_server_that_asks_for_an_hour_is_given_up():
    naps = []
    with (
        serving(in_turn(refuses(429, Retry_After="3600"))) as server,
        pytest.raises(ModelError, match="3600 s") as error,
    ):
        generate(model(server, naps), ASK, Colour)
    assert naps == []
    assert error.value.kind == "unavailable"


def test_a_spent_quota_is_not_waited_for():
    body = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    with serving(in_turn(Reply(body, 429))) as server, pytest.raises(ModelError, match="exceeded your quota") as error:
        generate(model(server), ASK, Colour)
    assert error.value.kind == "rejected"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("bad", "says_what"),
    [
        (refuses(500, "out of order"), "HTTP 500.*out of order"),
        (refuses(429, "slow down"), "HTTP 429.*slow down"),
        (Reply(cut=0), "this machine cannot be reached or hung up"),
        (Reply("x" * 500, cut=100), "hung up"),
        (Reply("once upon a time"), "sent no JSON: 'once upon a time'"),
        (Reply("[]"), r"sent no JSON: '\[\]'"),
        (Reply({"choices": []}), "sent no choice"),
        (Reply({"error": {"message": "overloaded"}}), "sent no choice.*overloaded"),
        (Reply("", wait=0.3), "did not answer within 0.05 s"),
        (Reply("x" * 100, drip=0.02), "did not answer within 0.05 s"),
    ],
)
def test_what_never_gets_better_is_given_up_with_its_name(bad, says_what):
    timeout = 0.05 if bad.wait or bad.drip else 5.0
    with serving(in_turn(bad)) as server, pytest.raises(ModelError, match=says_what) as error:
        generate(model(server, timeout=timeout, backoff=Backoff(retries=2)), ASK, Colour)
    assert error.value.kind == "unavailable"
    assert error.value.usage.requests == len(server.requests) == 3


def test_a_server_that_is_not_there_is_named():
    with serving(in_turn(says(RED))) as server:
        pass
    with pytest.raises(ModelError, match="cannot be reached") as error:
        generate(model(server), ASK, Colour)
    assert error.value.kind == "unavailable"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (says(None, refusal="I cannot help with that"), "refusal"),
        (says("", finish_reason="content_filter"), "refusal"),
        (says(""), "empty"),
        (says(None), "empty"),
        (refuses(401, "bad key"), "rejected"),
        (refuses(403), "rejected"),
        (refuses(404, "no model 'fake'"), "rejected"),
        (refuses(413), "rejected"),
    ],
)
def test_what_asking_again_cannot_mend_is_asked_once(reply, kind):
    naps = []
    with serving(in_turn(reply)) as server, pytest.raises(ModelError) as error:
        generate(model(server, naps), ASK, Colour)
    assert error.value.kind == kind
    assert len(server.requests) == 1
    assert naps == []


@pytest.mark.parametrize(
    "bad",
    ["It is red, I would say.", '{"name": "red"}', '{"name": "red", "share": 0.5, "more": 1}', "[1, 2", '{"name":'],
)
def test_prose_and_the_wrong_schema_are_sent_back_once(bad):
    with serving(in_turn(says(bad), says(RED))) as server:
        colour, usage = generate(model(server), ASK, Colour)
    assert colour.name == "red"
    assert (usage.tokens_in, usage.requests) == (200, 2)
    repair = server.requests[1]["messages"]
    assert repair[2] == {"role": "assistant", "content": bad}
    assert "does not fit" in repair[3]["content"][0]["text"]


def test_prose_again_fails_with_the_text_and_its_cost_kept():
    with serving(in_turn(says("Red."), says("Really, red."))) as server:
        with pytest.raises(ModelError, match="gave no Colour: there is no JSON object") as error:
            generate(model(server), ASK, Colour)
        assert len(server.requests) == 2
    assert error.value.kind == "unreadable"
    assert error.value.usage.raw == "Really, red."
    assert error.value.usage.tokens_in == 200


def test_a_repair_that_finds_the_server_gone_still_tells_what_was_spent():
    with serving(in_turn(says("Red."), refuses(500))) as server, pytest.raises(ModelError) as error:
        generate(model(server), ASK, Colour)
    assert (error.value.kind, error.value.usage.tokens_in, error.value.usage.requests) == ("unavailable", 100, 5)


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_without_schemas_is_asked_in_words_from_then_on(status):
    def behave(request, before):
        return refuses(status, "unknown field response_format") if "response_format" in request else says(RED)

    with serving(behave) as server:
        asked = model(server)
        for _ in range(2):
            assert generate(asked, ASK, Colour)[0].name == "red"
    assert ["response_format" in request for request in server.requests] == [True, False, False]
    assert "JSON schema" in server.requests[1]["messages"][1]["content"][-1]["text"]


def test_a_server_with_another_name_for_the_limit_gets_it():
    def behave(request, before):
        wrong = "max_tokens" in request
        return refuses(400, "Use 'max_completion_tokens' instead.") if wrong else says(RED)

    with serving(behave) as server:
        assert generate(model(server), ASK, Colour)[0].name == "red"
    assert "response_format" in server.requests[-1]


def test_a_bad_request_in_any_form_is_rejected_with_the_servers_words():
    with (
        serving(in_turn(refuses(400, "image too large"))) as server,
        pytest.raises(ModelError, match="image too large") as e,
    ):
        generate(model(server), ASK, Colour)
    assert e.value.kind == "rejected"


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "red", "share": 0.5}',
        'Sure!\n```json\n{"name": "red", "share": 0.5}\n```\nAnything else?',
        '<think>{"name": "blue", "share": 1}? No.</think> {"name": "red", "share": 0.5}',
        '{not json} {"name": "red", "share": 0.5}',
        '{"name": "blue", "share": 0.1} or rather {"name": "red", "share": 0.5}',
    ],
)
def test_an_object_is_found_wherever_it_stands(text):
    assert parsed(text, Colour) == Colour(**RED)


@given(st.text(alphabet='{}[]":,0 namesh.{', max_size=200))
def test_any_text_is_an_object_or_a_complaint(text):
    try:
        assert isinstance(parsed(text, Colour), Colour)
    except ValueError as error:
        assert str(error)  # noqa: PT017


def test_deeply_nested_text_is_a_complaint_not_a_crash():
    with pytest.raises(ValueError, match="no JSON object"):
        parsed('{"a":' * 3000, Colour)


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(monkeypatch, caplog):
    monkeypatch.setenv("FAKE_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    texts = []
    for reply in (refuses(500, f"bad key {KEY}"), refuses(401, f"bad key {KEY}"), says(f"your key is {KEY}")):
        with serving(in_turn(reply)) as server:
            asked = model(server, key_env="FAKE_KEY")
            with pytest.raises(ModelError) as error:
                generate(asked, ASK, Colour)
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        texts += [str(error.value), error.value.usage.raw, repr(asked), repr(asked.endpoint), repr(error.value)]
        texts += traceback.format_exception(error.value)
    texts.append(caplog.text)
    assert not any(KEY in text for text in texts)
    assert any("***" in text for text in texts)


def test_without_a_key_none_is_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    with serving(in_turn(says(RED))) as server:
        generate(model(server), ASK, Colour)
    assert KEY not in json.dumps(server.headers)
    assert "org-mine" not in json.dumps(server.headers)


def test_a_missing_key_is_named_before_anything_is_asked(monkeypatch):
    monkeypatch.delenv("FAKE_KEY", raising=False)
    with pytest.raises(ValueError, match=r"environment variable FAKE_KEY holds no key for api.example.com"):
        OpenAIModel(Endpoint("https://api.example.com/v1", "m", key_env="FAKE_KEY"))


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://127.0.0.1:8000/v1", "this machine"),
        ("http://localhost:11434/v1", "this machine"),
        ("http://[::1]:8000/v1", "this machine"),
        ("https://api.openai.com/v1", "api.openai.com"),
        ("http://192.168.1.7:8000/v1", "192.168.1.7"),
        ("http://localhost.example.com/v1", "localhost.example.com"),
    ],
)
def test_where_the_pictures_go_is_told(url, where):
    assert Endpoint(url, "m").destination == where


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"base_url": "127.0.0.1:8000"}, "it looks like http://"),
        ({"base_url": "http://me:secret@host/v1"}, "user name or password"),
        ({"base_url": "http://h/v1", "model": ""}, "no model named"),
        ({"base_url": "http://h/v1", "timeout": 0.0}, "must be positive"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(settings, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        Endpoint(**{"model": "m", **settings})
    assert "secret" not in str(error.value)


def test_waiting_grows_with_jitter_up_to_a_limit():
    waits = [Backoff().delay(n, 0.0, random.Random(n)) for n in range(12)]
    assert all(0.5 * min(30, 0.5 * 2**n) <= w <= min(30, 0.5 * 2**n) for n, w in enumerate(waits))
    assert Backoff().delay(0, 12.0, random.Random(0)) == 12.0
    with pytest.raises(ValueError, match="makes no sense"):
        Backoff(first=0)


def test_retry_after_is_seconds_milliseconds_or_a_date():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "1500", "retry-after": "2"}) == 1.5
    assert 35 < retry_after({"retry-after": soon}) <= 40
    for nothing in ({}, {"retry-after": "soon"}, {"retry-after": "-3"}, {"retry-after-ms": "nan?"}):
        assert retry_after(nothing) == 0


def test_recorded_answers_replay_by_content_without_a_network(tmp_path):
    with serving(in_turn(says(RED))) as server:
        recording = Recording(model(server), tmp_path / "answers.jsonl")
        first, _ = generate(recording, ASK, Colour)
    with (tmp_path / "answers.jsonl").open("a") as file:
        file.write('{"request": "cut sh')
    replay = Replay.load(tmp_path / "answers.jsonl")
    again, usage = generate(replay, ASK, Colour)
    assert again == first
    assert usage == Usage(raw=json.dumps(RED))
    with pytest.raises(ModelError, match="no recorded answer to request"):
        generate(replay, [*ASK, Message("user", ("More.",))], Colour)


def test_a_request_is_known_by_every_part_of_its_content():
    other_picture = np.zeros((5, 4, 3), np.uint8)
    changed = [
        [ASK[0], Message("user", ("Which?", other_picture))],
        [ASK[0], Message("user", ("What?", ASK[1].parts[1]))],
        [ASK[0], Message("assistant", ASK[1].parts)],
        [ASK[1]],
    ]
    assert len({request_key(messages, Colour) for messages in [ASK, *changed]}) == 5
    assert request_key(ASK, Colour) != request_key(ASK, type("Colour", (BaseModel,), {}))
