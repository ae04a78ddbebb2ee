"""What is kept of an episode of the bench, and the file that a killed one continues from."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

Key = tuple[str, str, int]
"""Task, split, seed."""


@dataclass(frozen=True)
class Job:
    """One episode that is to be run."""

    task: str
    split: str
    seed: int

    @property
    def key(self) -> Key:
        return self.task, self.split, self.seed


@dataclass(frozen=True)
class BenchRecord:
    """How an episode went.

    `moves` are picks tried and `needed` a lower bound of what the scene takes; `failures` counts failed steps by
    cause, `calls` questions to the planner; `seconds` are the robot's, `wall` those of the clock on the wall, which
    are no part of equality. `tokens_in` and `tokens_out` are those of a model.
    """

    task: str
    split: str
    seed: int
    agent: str
    success: bool
    progress: float
    moves: int
    needed: int
    failures: Mapping[str, int]
    calls: int
    ended: str
    reason: str
    seconds: float
    wall: float = field(compare=False)
    sentence: str = ""
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def key(self) -> Key:
        return self.task, self.split, self.seed


class Log:
    """A JSON Lines file with a record per line; one writer at a time. A last line torn by a kill is dropped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[Key, BenchRecord] = {}
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

    def append(self, record: BenchRecord) -> None:
        """Write a record so that a kill of this process cannot lose it."""
        self._file.write(json.dumps(asdict(record)).encode() + b"\n")
        self._file.flush()
        self.records[record.key] = record

    def _lock(self) -> None:
        if os.name != "posix":
            return
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(f"{self.path} is being written by another bench; wait for it") from error

    def _read(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            record = parsed(self.path, number, line)
            self.records.setdefault(record.key, record)


def parsed(path: Path, number: int, line: bytes) -> BenchRecord:
    """A line as a record; ValueError names the file and the line where it is none."""
    try:
        data: Any = json.loads(line)
        return BenchRecord(**data)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} line {number} is no record of a bench ({error}); delete the line or the file"
        ) from error
