"""What is kept of an evaluated episode, and the file that a killed evaluation continues from."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from embodied.plugins import unknown

FORMAT = "embodied-evaluation"
VERSION = 1


@dataclass(frozen=True)
class EpisodeRecord:
    """How one episode went.

    `success` and `progress` are those after the last action, `success_ever` and `progress_max` the best on the way.
    Success is None where the environment says nothing of it; progress is then, and wherever the environment names
    none, the return so far. `seconds` is the episode's share of the wall clock and no part of equality. `measures` are
    what the environment measures besides, summed up (see `measures.py`).
    """

    seed: int
    success: bool | None
    success_ever: bool | None
    progress: float
    progress_max: float
    steps: int
    return_: float
    task: str = ""
    seconds: float = field(default=0.0, compare=False)
    measures: Mapping[str, float] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Plain data; without measures where nothing is measured."""
        return {name: value for name, value in asdict(self).items() if name != "measures" or value}


class RecordFile:
    """A JSON Lines file: a header that says what was evaluated, then a record per line; one writer at a time.

    A last line torn by a kill is dropped. ValueError if the file was written for something else, or is no such file.
    """

    def __init__(self, path: Path, about: Mapping[str, Any], policy: Mapping[str, Any]) -> None:
        self.path = path
        self.records: dict[int, EpisodeRecord] = {}
        header = {"format": FORMAT, "version": VERSION, **about, "policy": dict(policy)}
        self._header = json.loads(json.dumps(header, default=_plain))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab+")
        try:
            self._lock()
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, record: EpisodeRecord) -> None:
        """Write a record so that a kill of this process cannot lose it."""
        self._write(record.to_json())
        self.records[record.seed] = record

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()

    def _lock(self) -> None:
        if os.name != "posix":
            return
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(f"{self.path} is being written by another evaluation; wait for it") from error

    def _read(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        lines = whole.splitlines()
        if not lines:
            self._write(self._header)
            return
        self._check(_parse(self.path, 1, lines[0]))
        for number, line in enumerate(lines[1:], start=2):
            data = _parse(self.path, number, line)
            try:
                record = EpisodeRecord(**data)
            except TypeError as error:
                raise ValueError(f"{self.path} line {number} is no episode record: {error}") from error
            self.records.setdefault(record.seed, record)

    def _check(self, found: Mapping[str, Any]) -> None:
        if found.get("format") != FORMAT:
            raise ValueError(f"{self.path} is no file of episode records; choose another name")
        if found.get("version") != VERSION:
            raise ValueError(f"{self.path} has version {found.get('version')}, this program writes {VERSION}")
        for key in dict.fromkeys((*self._header, *found)):
            wanted = self._header.get(key)
            if key != "policy" and found.get(key) != wanted:
                raise ValueError(
                    f"{self.path} holds episodes of another {key} ({found.get(key)!r}, now {wanted!r}); "
                    "choose another name or delete it"
                )
        if not _same_policy(found.get("policy", {}), self._header["policy"]):
            raise ValueError(f"{self.path} holds episodes of another policy; choose another name or delete it")


def column(records: Sequence[EpisodeRecord], name: str) -> Float[np.ndarray, " episodes"]:
    """One field or measure of every record as numbers; ValueError if there is none, or an environment did not say."""
    known = [one.name for one in fields(EpisodeRecord) if one.name != "measures"]
    if name not in known:
        for record in records:
            if name not in record.measures:
                raise unknown("column", name, [*known, *record.measures])
        return np.asarray([record.measures[name] for record in records], np.float64)
    values = [getattr(record, name) for record in records]
    if None in values:
        raise ValueError(
            f"the environment says nothing of {name!r} (no 'success' or 'is_success' in its info); compare 'progress'"
        )
    return np.asarray(values, np.float64)


def read_header(path: Path) -> dict[str, Any]:
    """What was evaluated: the first line of a file of records."""
    with Path(path).open("rb") as file:
        found = _parse(path, 1, file.readline())
    if found.get("format") != FORMAT:
        raise ValueError(f"{path} is no file of episode records")
    return found


def read_records(path: Path) -> list[EpisodeRecord]:
    """The records of a file by ascending seed, so that two files pair up; a torn last line is left out."""
    content = Path(path).read_bytes()
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    if not lines or _parse(path, 1, lines[0]).get("format") != FORMAT:
        raise ValueError(f"{path} is no file of episode records")
    records = [EpisodeRecord(**_parse(path, number, line)) for number, line in enumerate(lines[1:], start=2)]
    return sorted(records, key=lambda record: record.seed)


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{path} line {number} is not JSON; delete the line or the file") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} line {number} is {line[:40]!r}; wanted an object")
    return data


def _same_policy(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Equal but for rounding in what the two answered, as between a CPU and a GPU."""
    if {**found, "answers": None} != {**wanted, "answers": None}:
        return False
    before, now = (np.asarray(policy.get("answers", []), np.float64) for policy in (found, wanted))
    return before.shape == now.shape and np.allclose(before, now, rtol=1e-2, atol=1e-3)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise ValueError(f"{value!r} cannot be written to a file of records; give plain data in env_kwargs")
