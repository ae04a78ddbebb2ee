"""What a robot did while it was corrected, as one episode: motion that a correction asked for is a person's.

From the moment at which something was corrected until the step that it changed is done, actions are marked `human`;
`rewards.takeovers` then prefers what came after a correction to what came before it, and learners have both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Float64

from embodied.recorder import create_dataset, open_recorder
from embodied.spec import Spec
from embodied.types import Episode

Span = tuple[float, float]
"""Simulated seconds from a correction to the end of what it changed."""


@dataclass(frozen=True, eq=False)
class Footage:
    """Motion as it was: `time` [s] and observations of T + 1 moments, and the T actions between them."""

    spec: Spec
    action: Float32[np.ndarray, "T a"]
    time: Float64[np.ndarray, " T+1"]
    obs: dict[str, Float32[np.ndarray, "T+1 n"]]


@runtime_checkable
class Filmed(Protocol):
    """A body that can say how it moved since it was set up."""

    @property
    def seconds(self) -> float: ...

    def footage(self) -> Footage: ...


@dataclass
class Spans:
    """When corrections were carried out: from a correction, or from when the step it is about begins, to that step's
    end. Steps are told by their keys."""

    closed: list[Span] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    since: dict[str, float] = field(default_factory=dict)

    def open(self, key: str, now: float, *, later: bool = False) -> None:
        """A correction of a step, which is under way or will be done again, or is still to come."""
        if later:
            self.waiting.add(key)
        else:
            self.since.setdefault(key, now)

    def begin(self, key: str, now: float) -> None:
        """A step begins."""
        if key in self.waiting:
            self.waiting.remove(key)
            self.since.setdefault(key, now)

    def done(self, key: str, now: float) -> None:
        """A step is done."""
        if key in self.since:
            self.closed.append((self.since.pop(key), now))

    def all(self, now: float) -> list[Span]:
        """Every span, open ones until now."""
        return [*self.closed, *((since, now) for since in self.since.values())]


def episode(film: Footage, spans: Sequence[Span], task: str) -> Episode:
    """The whole session as one episode. ValueError where nothing moved."""
    if not len(film.action):
        raise ValueError("nothing moved, so there is nothing to record")
    begun = film.time[:-1]
    human = np.zeros(len(begun), bool)
    for since, until in spans:
        human |= (begun >= since - 1e-9) & (begun < until - 1e-9)
    return Episode(film.action, film.obs, task=task, human=human)


def record(body: Any, spans: Sequence[Span], task: str, path: Path) -> int:
    """Append the session to the data set at `path`, which is begun if there is none; the number of the episode."""
    if not isinstance(body, Filmed):
        raise ValueError(f"{type(body).__name__} does not say how it moved; nothing is recorded of it")
    film = body.footage()
    made = episode(film, spans, task)
    begun = (path / "meta" / "info.json").exists()
    make = open_recorder(path, film.spec) if begun else create_dataset(path, film.spec, robot_type=film.spec.robot)
    with make as file:
        return file.append(made)
