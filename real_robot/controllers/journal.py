"""What a simulated controller saw: a row a tick of its own clock, and events beside them. It is the evidence.

`rows.f64` holds float64 rows of 3 + 4 n + 3 numbers for n joints: time [s] of the monotonic clock, the number of the
mode, the number of motion commands received so far, q [rad], qd [rad/s], target q [rad], qdd [rad/s^2], and the
tool's position [m] or force [N] as `columns` says. `events.jsonl` has one object a line: {"t": s, "event": name, ...}.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

GROUPS = ("q", "qd", "target", "qdd")
TAIL = ("x", "y", "z", "force")
SLEPT = 0.012
"""Rows farther apart than this [s]: the machine did not run the controller, which no real one knows."""


def columns(joints: int) -> tuple[str, ...]:
    """The names of a row's numbers."""
    return ("t", "mode", "commands", *(f"{g}{i}" for g in GROUPS for i in range(joints)), *TAIL)


class Journal:
    """Written by one controller; rows go to the disk every `every` ticks, so that a kill loses at most those."""

    def __init__(self, folder: Path, joints: int, modes: Iterable[str], *, every: int = 50) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.every, self._width = folder, every, len(columns(joints))
        self._rows = (folder / "rows.f64").open("wb", buffering=0)
        self._events = (folder / "events.jsonl").open("w", encoding="utf-8", buffering=1)
        self._waiting: list[list[float]] = []
        self._last = time.monotonic()
        head = {"joints": joints, "columns": columns(joints), "modes": list(modes)}
        (folder / "head.json").write_text(json.dumps(head), encoding="utf-8")

    def row(self, t: float, mode: int, commands: int, *parts: Iterable[float]) -> None:
        """One tick: q, qd, target, qdd, the tool's (x, y, z), (force,)."""
        numbers = [t, float(mode), float(commands), *(float(x) for part in parts for x in part)]
        if len(numbers) != self._width:
            raise ValueError(f"a row has {self._width} numbers, not {len(numbers)}")
        self._waiting.append(numbers)
        last, self._last = self._last, time.monotonic()
        if self._last - last > SLEPT:
            self.event("slept", since=last, until=self._last)
        if len(self._waiting) >= self.every:
            self.flush()

    def event(self, name: str, /, **facts: Any) -> None:
        """Something that happened, with the time of the monotonic clock."""
        self._events.write(json.dumps({"t": time.monotonic(), "event": name, **facts}) + "\n")

    def flush(self) -> None:
        """Put the waiting rows on the disk."""
        if self._waiting:
            self._rows.write(np.asarray(self._waiting, np.float64).tobytes())
            self._waiting.clear()

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._rows.close()
        self._events.close()


@dataclass(frozen=True)
class Seen:
    """A journal that is read back; a last row that was cut off is left out."""

    rows: Float64[np.ndarray, "ticks columns"]
    columns: tuple[str, ...]
    modes: tuple[str, ...]
    events: tuple[dict[str, Any], ...]

    def group(self, name: str) -> Float64[np.ndarray, "ticks n"]:
        """The columns q0.., qd0.., target0.. or qdd0.., or one column by its name."""
        found = [i for i, c in enumerate(self.columns) if c == name or c.rstrip("0123456789") == name]
        if not found:
            raise KeyError(f"a journal has no {name!r}; it has {', '.join(self.columns)}")
        return self.rows[:, found]

    def of(self, event: str) -> tuple[dict[str, Any], ...]:
        """The events of a name."""
        return tuple(each for each in self.events if each["event"] == event)


def read(folder: Path) -> Seen:
    """What a controller wrote so far."""
    head = json.loads((folder / "head.json").read_text(encoding="utf-8"))
    names = tuple(head["columns"])
    raw = np.frombuffer((folder / "rows.f64").read_bytes(), np.uint8)
    whole = len(raw) // (8 * len(names))
    rows = raw[: whole * 8 * len(names)].view(np.float64).reshape(whole, len(names))
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = tuple(json.loads(line) for line in lines if line.endswith("}"))
    return Seen(rows, names, tuple(head["modes"]), events)
