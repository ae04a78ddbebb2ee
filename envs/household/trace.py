"""What happened: where the tip and the held thing were at every tick, and what was grasped, released and opened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import dist
from typing import Any, Literal

from pydantic import TypeAdapter

from embodied.situations import Situation, Surroundings, situation
from embodied.skills import Act

HZ = 25
"""Ticks a second."""

TICK = 1 / HZ


@dataclass(frozen=True)
class Tip:
    """Where the hand is: its tip [m, base], its turn about the vertical, and how far its nose is lowered [rad]."""

    x: float
    y: float
    z: float
    yaw: float = 0.0
    tilt: float = 0.0

    @property
    def point(self) -> tuple[float, float, float]:
        """Without its angles."""
        return self.x, self.y, self.z


@dataclass(frozen=True)
class Lying:
    """Where a thing is: the middle of its foot [m, base], its turn and how far it leans [rad], and what it is on."""

    x: float
    y: float
    z: float
    yaw: float = 0.0
    tilt: float = 0.0
    place: str = "table"

    @property
    def point(self) -> tuple[float, float, float]:
        """Without its angles."""
        return self.x, self.y, self.z


@dataclass(frozen=True)
class Tick:
    """One moment of an act: `time` [s], and `held` with where it is; `carrying` while it is on its way across."""

    act: int
    time: float
    tip: Tip
    held: str = ""
    thing: Lying | None = None
    carrying: bool = False


@dataclass(frozen=True)
class Event:
    """Something changed hands or was pulled.

    grasped: `part`, from where (`approach`), with what `force` [N], `offset` [m] from that part in the thing's frame.
    released: `on` what, `offset` [m] from the middle of that place in the place's frame, `turn` relative to it [rad].
    opened, closed: the drawer's `extension` afterwards [m], and the `part` it was held by.
    """

    kind: Literal["grasped", "released", "opened", "closed"]
    act: int
    time: float
    object: str
    part: str = ""
    on: str = ""
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: float = 0.0
    extension: float = 0.0
    force: float = 0.0
    approach: str = ""


@dataclass(frozen=True)
class Done:
    """An act that was begun, or continued in another manner, and what there was then; `ok` once it went well."""

    act: Act
    around: Surroundings
    task: str = ""
    user: str = ""
    ok: bool = False

    @cached_property
    def situation(self) -> Situation:
        """The situation it was begun in."""
        return situation(self.act, self.around, task=self.task, user=self.user, robot="household")


@dataclass(frozen=True)
class Trace:
    """Everything since the start; ticks and events name their act by its index in `acts`."""

    ticks: tuple[Tick, ...] = ()
    events: tuple[Event, ...] = ()
    acts: tuple[Done, ...] = ()

    def during(self, act: int) -> tuple[Tick, ...]:
        """The ticks of an act."""
        return tuple(tick for tick in self.ticks if tick.act == act)

    def last(self, kind: str, object_: str, act: int) -> Event | None:
        """The last event of a kind with that thing, no later than in that act."""
        found = [e for e in self.events if e.kind == kind and e.object == object_ and e.act <= act]
        return found[-1] if found else None

    def speed(self, act: int) -> float:
        """The highest speed of the tip in an act [m/s]."""
        pairs = pairwise(self.ticks)
        return max((dist(a.tip.point, b.tip.point) * HZ for a, b in pairs if b.act == act), default=0.0)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return TRACE.dump_python(self, mode="json")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Trace":
        """The inverse of `to_json`; ValueError where something is missing or wrong."""
        return TRACE.validate_python(data)


TRACE: TypeAdapter[Trace] = TypeAdapter(Trace)


class Recorder:
    """Writes a trace."""

    def __init__(self, trace: Trace = Trace()) -> None:
        self.ticks, self.events, self.acts = list(trace.ticks), list(trace.events), list(trace.acts)

    @property
    def act(self) -> int:
        """The index of the act that is going on."""
        return len(self.acts) - 1

    def finish(self) -> None:
        """The act that is going on went well."""
        self.acts[-1] = replace(self.acts[-1], ok=True)

    def trace(self) -> Trace:
        """What happened until now."""
        return Trace(tuple(self.ticks), tuple(self.events), tuple(self.acts))


def completed(trace: Trace) -> Iterable[int]:
    """Indices of the acts that count: of those on the same thing with the same verb only the last that went well."""
    last = {(done.act.verb, done.act.object): i for i, done in enumerate(trace.acts) if done.ok}
    return sorted(last.values())
