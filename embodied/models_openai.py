"""Models behind an OpenAI-compatible endpoint: hosted ones, vLLM, Ollama, `transformers serve`."""

import ipaddress
import json
import os
import random
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import openai
from pydantic import BaseModel

from embodied.backoff import Backoff, retry_after
from embodied.models import Kind, Message, ModelError, Usage, data_url, instruction, roughly
from embodied.pacing import Pace

NO_KEY = "no-key"  # the client wants one even where the server does not
LARGEST_BODY = 1 << 24  # bytes
TRANSIENT = (408, 409, 425, 429)  # and every 5xx but 501
REFUSES_FORM = (400, 415, 422, 501)


@dataclass(frozen=True)
class Endpoint:
    """Where a model is served and how it is asked."""

    base_url: str
    """Address up to and including /v1, for example http://127.0.0.1:8000/v1."""
    model: str
    """Name of the model there."""
    key_env: str = ""
    """Environment variable that holds the key; empty: none is sent. The key itself is never configuration."""
    temperature: float | None = 0.0
    """Not sent if None, for models that take none."""
    max_tokens: int = 800
    """Longest answer."""
    timeout: float = 60.0
    """Seconds to wait for the whole of one answer."""
    backoff: Backoff = field(default_factory=Backoff)
    requests_per_minute: float | None = None
    """What the provider allows; None: as many as there are."""
    tokens_per_minute: float | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"base_url is {self.base_url!r}; it looks like http://127.0.0.1:8000/v1")
        if parts.username or parts.password:
            raise ValueError("base_url holds a user name or password; pass a key by key_env instead")
        if not self.model:
            raise ValueError(f"no model named for {self.base_url}")
        if self.timeout <= 0 or self.max_tokens < 1:
            raise ValueError(f"timeout is {self.timeout} and max_tokens {self.max_tokens}; both must be positive")

    @property
    def destination(self) -> str:
        """The host that sees the pictures, or "this machine"."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            local = ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = host == "localhost" or host.endswith(".localhost")
        return "this machine" if local else host

    def key(self) -> str:
        """The key from the environment; ValueError names the variable if it is not set."""
        if not self.key_env:
            return NO_KEY
        if not (key := os.environ.get(self.key_env, "").strip()):
            raise ValueError(
                f"the environment variable {self.key_env} holds no key for {self.destination}; set it, "
                f"or leave key_env empty for a server that wants none"
            )
        return key


class _Transient(Exception):
    """Trying again may help, after `told` seconds if the server said so."""

    def __init__(self, message: str, told: float = 0.0) -> None:
        super().__init__(message)
        self.told = told


@dataclass(frozen=True)
class _Form:
    """How a request is put: the schema as a field or in words, and the name of the limit on tokens."""

    in_words: bool = False
    limit: str = "max_tokens"

    def instead(self, error: openai.APIStatusError) -> "_Form | None":
        """What to try after a server rejected this form; None if its complaint is about something else."""
        if error.status_code not in REFUSES_FORM:
            return None
        if "max_completion_tokens" in str(error.message) and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        return None if self.in_words else replace(self, in_words=True)


class OpenAIModel:
    """Asks an `Endpoint` through the `openai` client; safe to share between threads.

    The server is asked for JSON by schema; one that refuses that is asked in words from then on. 429, 5xx, silence
    and broken connections are tried again (`sleep`, `clock` and `rng` are injectable), nothing else is; every request
    keeps to the limits per minute. The key appears in no text that leaves this object but the request itself.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._key = endpoint.key()
        self._sleep = sleep
        self._rng = rng or random.Random()
        self._form = _Form()
        self._pace = Pace(endpoint.requests_per_minute, endpoint.tokens_per_minute, clock=clock, sleep=sleep)
        local = endpoint.destination == "this machine"
        self._client = openai.OpenAI(
            api_key=self._key,
            base_url=endpoint.base_url,
            timeout=endpoint.timeout,
            max_retries=0,
            default_headers={"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()},  # type: ignore[dict-item] # the client's own way to send less
            http_client=openai.DefaultHttpxClient(trust_env=False) if local else None,  # no proxy to ourselves
        )
        weakref.finalize(self, self._client.close)
        # The transport the client uses: httpx, or httpx2 in later releases.
        self._transport: Any = import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])

    def __repr__(self) -> str:
        return f"OpenAIModel({self.name!r} at {self.destination})"

    @property
    def name(self) -> str:
        return self.endpoint.model

    @property
    def destination(self) -> str:
        return self.endpoint.destination

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What changes an answer."""
        return {"temperature": self.endpoint.temperature, "max_tokens": self.endpoint.max_tokens}

    def complete(self, messages: Sequence[Message], schema: type[BaseModel]) -> Usage:
        """The model's text and what it took; ModelError if there is none."""
        began = time.monotonic()
        backoff, attempt = self.endpoint.backoff, 0
        while True:
            try:
                return self._once(messages, schema, began, attempt + 1)
            except _Transient as problem:
                message = f"{problem} ({attempt + 1} attempts)"
                if problem.told > backoff.patience:
                    message += f"; it asks to wait {problem.told:.0f} s, longer than {backoff.patience:.0f} s"
                if attempt == backoff.retries or problem.told > backoff.patience:
                    raise self._error("unavailable", message, began, attempt + 1) from problem
                told = problem.told
            self._sleep(backoff.delay(attempt, told, self._rng))
            attempt += 1

    def _once(self, messages: Sequence[Message], schema: type[BaseModel], began: float, requests: int) -> Usage:
        """One exchange, in the first form of request that the server takes; that form is kept."""
        form = self._form
        while True:
            try:
                body = self._exchange(messages, schema, form)
            except openai.APIStatusError as error:
                other = form.instead(error)
                if other is None:
                    message = f"{self.destination}: {_status(error)}"
                    raise self._error("rejected", message, began, requests) from None  # it may quote the key
                form = other
            else:
                self._form = form
                return self._read(body, began, requests)

    def _exchange(self, messages: Sequence[Message], schema: type[BaseModel], form: "_Form") -> dict[str, Any]:
        """The body of an answer; _Transient where trying again may help, openai.APIStatusError otherwise."""
        request: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": _written(messages, instruction(schema) if form.in_words else ""),
            form.limit: self.endpoint.max_tokens,
        }
        if self.endpoint.temperature is not None:
            request["temperature"] = self.endpoint.temperature
        if not form.in_words:
            shape = {"name": schema.__name__, "schema": schema.model_json_schema(), "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": shape}
        entry = self._pace.enter(roughly(messages))
        text = self._sent(request)
        try:
            body = json.loads(text)
        except ValueError:
            body = None
        self._pace.leave(entry, sum(_counts(body)))
        if not isinstance(body, dict):
            start = text[:100].decode(errors="replace")
            raise _Transient(self._redacted(f"{self.destination} sent no JSON: {start!r}"))
        return body

    def _sent(self, request: dict[str, Any]) -> bytes:
        """The bytes that come back for a request."""
        try:
            with self._client.chat.completions.with_streaming_response.create(**request) as response:
                return self._received(response.iter_bytes())
        except openai.APIStatusError as error:
            if _is_transient(error):
                raise _Transient(self._redacted(_status(error)), retry_after(error.response.headers)) from None
            raise
        except (openai.APITimeoutError, self._transport.TimeoutException):
            raise _Transient(f"{self.destination} did not answer within {self.endpoint.timeout:g} s") from None
        except (openai.APIConnectionError, self._transport.HTTPError) as error:
            cause = error.__cause__ or error
            text = self._redacted(str(cause) or type(cause).__name__)
            raise _Transient(f"{self.destination} cannot be reached or hung up: {text}") from None

    def _received(self, chunks: Any) -> bytes:
        """The whole body, within the time and size there is: a server may also drip."""
        deadline = time.monotonic() + self.endpoint.timeout
        text = bytearray()
        for chunk in chunks:
            text += chunk
            if time.monotonic() > deadline:
                raise _Transient(f"{self.destination} did not answer within {self.endpoint.timeout:g} s")
            if len(text) > LARGEST_BODY:
                raise _Transient(f"{self.destination} sent more than {LARGEST_BODY} bytes")
        return bytes(text)

    def _read(self, body: dict[str, Any], began: float, requests: int) -> Usage:
        """The text in a body; ModelError for a refusal or nothing, _Transient for a body that is none."""
        spent = _counts(body)
        try:
            choice = body["choices"][0]
            message = choice["message"]
            content, refusal = message.get("content"), message.get("refusal")
        except (KeyError, IndexError, TypeError, AttributeError):
            raise _Transient(self._redacted(f"{self.destination} sent no choice: {json.dumps(body)[:200]}")) from None
        if isinstance(content, list):  # some servers answer in parts
            content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        text = self._redacted(str(refusal or content or ""))
        done = Usage(spent[0], spent[1], time.monotonic() - began, requests, text)
        if refusal or choice.get("finish_reason") == "content_filter":
            raise ModelError("refusal", f"{self.name} refused: {text[:200]}", done)
        if not text.strip():
            raise ModelError("empty", f"{self.name} answered nothing", done)
        return done

    def _error(self, kind: Kind, message: str, began: float, requests: int) -> ModelError:
        return ModelError(kind, self._redacted(message), Usage(latency=time.monotonic() - began, requests=requests))

    def _redacted(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key != NO_KEY else text


def _counts(body: Any) -> list[int]:
    """The tokens in and out that a server counted; zeros if it does not say."""
    usage = body.get("usage") if isinstance(body, dict) else None
    counts = usage if isinstance(usage, dict) else {}
    return [n if isinstance(n := counts.get(k), int) else 0 for k in ("prompt_tokens", "completion_tokens")]


def _status(error: openai.APIStatusError) -> str:
    return f"HTTP {error.status_code}: {str(error.message)[:300]}"


def _is_transient(error: openai.APIStatusError) -> bool:
    if error.code == "insufficient_quota":  # a 429 that waiting does not mend
        return False
    return error.status_code in TRANSIENT or (error.status_code >= 500 and error.status_code != 501)


def _written(messages: Sequence[Message], last_words: str) -> list[dict[str, Any]]:
    """Messages as the endpoint takes them; `last_words` are added to the last one."""
    written: list[dict[str, Any]] = []
    for message in messages:
        parts: list[dict[str, Any]] = [
            {"type": "text", "text": part}
            if isinstance(part, str)
            else {"type": "image_url", "image_url": {"url": data_url(part)}}
            for part in message.parts
        ]
        written.append({"role": message.role, "content": parts})
    if last_words:
        written[-1]["content"].append({"type": "text", "text": last_words})
    for message in written:  # many servers take only plain text from these two
        if message["role"] != "user":
            message["content"] = "\n".join(part["text"] for part in message["content"])
    return written
