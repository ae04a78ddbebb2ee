"""Language and vision-language models behind one call: messages with pictures in, a validated object out."""

import base64
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from pydantic import BaseModel, ValidationError

Schema = TypeVar("Schema", bound=BaseModel)
Picture = UInt8[np.ndarray, "h w c"]
LONGEST_TEXT = 100_000  # characters of an answer that are looked through
LETTERS = 4  # characters of English in a token, about
PATCH = 28  # pixels along the edge of what many models make one token of
Kind = Literal["unavailable", "rejected", "refusal", "empty", "unreadable"]


@dataclass(frozen=True)
class Message:
    """What one side says: texts and pictures, in order."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[str | Picture, ...]


@dataclass(frozen=True)
class Usage:
    """What an answer took: tokens, seconds from asking to having it, requests sent; and its raw text."""

    tokens_in: int = 0
    tokens_out: int = 0
    latency: float = 0.0
    requests: int = 0
    raw: str = ""

    def __add__(self, later: "Usage") -> "Usage":
        """Both together; the later text stands."""
        return Usage(
            self.tokens_in + later.tokens_in,
            self.tokens_out + later.tokens_out,
            self.latency + later.latency,
            self.requests + later.requests,
            later.raw or self.raw,
        )


class ModelError(RuntimeError):
    """No usable answer. `kind` says why, `usage` what it cost.

    "unavailable": the server could not be reached or kept failing; "rejected": it will not take such a request
    (key, model name, size); "refusal": the model declined; "empty"; "unreadable": not the object asked for.
    """

    def __init__(self, kind: Kind, message: str, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.usage = usage or Usage()


@runtime_checkable
class Model(Protocol):
    """Anything that completes a conversation. `destination` is where the pictures go: a host or "this machine"."""

    @property
    def name(self) -> str: ...
    @property
    def destination(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...

    def complete(self, messages: Sequence[Message], schema: type[BaseModel]) -> Usage: ...


@runtime_checkable
class Decider(Protocol):
    """A model that tells how probable each of some answers is, without writing any."""

    def decide(self, messages: Sequence[Message], options: Sequence[str]) -> tuple[Mapping[str, float], Usage]: ...


def roughly(messages: Sequence[Message]) -> int:
    """Tokens that these messages take, for planning: a fourth of their characters, one per 28 x 28 pixels.

    Providers differ by a factor of several in what they count for a picture; what a model did count replaces this as
    soon as there is an answer.
    """
    parts = [part for message in messages for part in message.parts]
    words = sum(len(part) for part in parts if isinstance(part, str)) / LETTERS
    patches = sum(-(-p.shape[0] // PATCH) * -(-p.shape[1] // PATCH) for p in parts if not isinstance(p, str))
    return int(words) + patches


def generate(model: Model, messages: Sequence[Message], schema: type[Schema]) -> tuple[Schema, Usage]:
    """An object of `schema` and what it took; a text that is none is sent back once, with what is wrong with it.

    Raises ModelError, of kind "unreadable" if the second text does not fit either.
    """
    usage = model.complete(messages, schema)
    try:
        return parsed(usage.raw, schema), usage
    except ValueError as problem:
        again = Message("user", (f"That does not fit: {problem}\n{instruction(schema)}",))
        repair = [*messages, Message("assistant", (usage.raw,)), again]
    try:
        usage = usage + model.complete(repair, schema)
    except ModelError as error:
        raise ModelError(error.kind, str(error), usage + error.usage) from error
    try:
        return parsed(usage.raw, schema), usage
    except ValueError as problem:
        raise ModelError("unreadable", f"{model.name} gave no {schema.__name__}: {problem}", usage) from problem


def parsed(text: str, schema: type[Schema]) -> Schema:
    """The last JSON object in a text that fits the schema; ValueError says what is wrong. Nothing is executed."""
    decoder = json.JSONDecoder()
    text = text.rpartition("</think>")[2][-LONGEST_TEXT:]
    found, problem, start = None, "there is no JSON object in it", text.find("{")
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            try:
                found = schema.model_validate(value)
            except ValidationError as error:
                problem = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        start = text.find("{", end)
    if found is None:
        raise ValueError(problem)
    return found


def instruction(schema: type[BaseModel]) -> str:
    """How to ask in words for an object of a schema."""
    shape = json.dumps(schema.model_json_schema(), separators=(",", ":"))
    return f"Reply with one JSON object and nothing else. It must fit this JSON schema: {shape}"


def png(picture: Picture) -> bytes:
    """A picture of 1, 3 or 4 channels as PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(buffer, "PNG")
    return buffer.getvalue()


def data_url(picture: Picture) -> str:
    """A picture as a PNG data URL."""
    return "data:image/png;base64," + base64.b64encode(png(picture)).decode()


def request_key(messages: Sequence[Message], schema: type[BaseModel]) -> str:
    """Identifies a request by its content: the roles, texts, pictures and the schema."""
    digest = hashlib.sha256(json.dumps(schema.model_json_schema(), sort_keys=True).encode())
    for message in messages:
        digest.update(f"\n{message.role}".encode())
        for part in message.parts:
            shape, content = ("text", part.encode()) if isinstance(part, str) else (part.shape, part.tobytes())
            digest.update(f"\n{shape} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@dataclass(frozen=True)
class Replay:
    """Gives recorded answers, by the content of the request: no network, no cost."""

    answers: Mapping[str, str]
    name: str = "replay"
    destination: str = "this machine"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | Path) -> "Replay":
        """From the JSON lines that `Recording` wrote; a last line cut short is left out."""
        lines = Path(path).read_bytes().split(b"\n")[:-1]
        return cls({row["request"]: row["answer"] for row in map(json.loads, lines)})

    def complete(self, messages: Sequence[Message], schema: type[BaseModel]) -> Usage:
        """The recorded text; ModelError of kind "unavailable" if this was never asked."""
        key = request_key(messages, schema)
        if key not in self.answers:
            raise ModelError(
                "unavailable", f"no recorded answer to request {key[:12]} among {len(self.answers)}; record it first"
            )
        return Usage(raw=self.answers[key])


@dataclass(frozen=True)
class Recording:
    """A model whose answers are also appended to a file, for `Replay`."""

    model: Model
    path: Path

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def destination(self) -> str:
        return self.model.destination

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.model.parameters

    def complete(self, messages: Sequence[Message], schema: type[BaseModel]) -> Usage:
        """What the model says, once it is on disk."""
        usage = self.model.complete(messages, schema)
        line = json.dumps({"request": request_key(messages, schema), "answer": usage.raw}) + "\n"
        with Path(self.path).open("a") as file:
            file.write(line)
        return usage
