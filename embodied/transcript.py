"""What happened while a robot was corrected: one JSON line per event, appended and never rewritten."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Transcript:
    """Events in order; kept in a file where a path is given, in memory always.

    A file's torn last line (the machine died while it was written) is dropped when the file is opened again.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self._file: Any = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = mended(path)
            self._file = path.open("a", encoding="utf-8")
            self.count = whole
        else:
            self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.events)

    def __call__(self, event: str, **facts: Any) -> None:
        """Add an event; facts must be plain JSON."""
        line = {"number": self.count, "event": event, **facts}
        text = json.dumps(line)
        if self._file is not None:
            self._file.write(text + "\n")
            self._file.flush()
        self.events.append(line)
        self.count += 1

    def of(self, *events: str) -> list[dict[str, Any]]:
        """The events of these names, of this session."""
        return [line for line in self.events if line["event"] in events]

    def close(self) -> None:
        """Give the file back; what is in it is on the disk."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def mended(path: Path) -> int:
    """Cut off a torn last line; how many whole ones there are. ValueError where another line is no event."""
    if not path.exists():
        return 0
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines()):
        try:
            named = json.loads(line)["event"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"line {number + 1} of {path} is no event of a transcript; give another file") from error
        if not isinstance(named, str):
            raise ValueError(f"line {number + 1} of {path} is no event of a transcript; give another file")
    if len(whole) < len(text):
        os.truncate(path, len(whole))
    return whole.count(b"\n")
