"""What there is when a step begins: things with parts, and the situation that a lesson's condition speaks of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import cos, sin
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from embodied.manner import Verb
from embodied.plugins import find
from embodied.skills import Act

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Entity:
    """One thing. `name` is its own here ("red mug"), `kind` what it is ("mug"), `attributes` further words that hold
    of it ("red", "full", "fragile"), `parts` where it can be held. `yaw` turns its frame about the vertical [rad],
    `size` is its extent along its own axes [m], `place` the name of what it stands on or in ("table")."""

    name: str
    kind: str
    position: Point
    yaw: float = 0.0
    size: Point = (0.1, 0.1, 0.1)
    attributes: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()
    place: str = "table"

    def to_own(self, x: float, y: float, z: float) -> Point:
        """A direction of the base's frame in the thing's."""
        c, s = cos(self.yaw), sin(self.yaw)
        return c * x + s * y, c * y - s * x, z

    def to_base(self, x: float, y: float, z: float) -> Point:
        """The inverse of `to_own`."""
        c, s = cos(self.yaw), sin(self.yaw)
        return c * x - s * y, s * x + c * y, z


@dataclass(frozen=True)
class Surroundings:
    """Everything there is, by name, and the name of what is held ("": nothing).

    The base's frame: x away from the robot, y to its left, z up. `facing` is the direction [rad, base] in which the
    person looks who speaks; pi is towards the robot, whose left is then the person's right.
    """

    entities: tuple[Entity, ...]
    held: str = ""
    facing: float = np.pi

    def __contains__(self, name: object) -> bool:
        return any(entity.name == name for entity in self.entities)

    def __getitem__(self, name: str) -> Entity:
        return find({entity.name: entity for entity in self.entities}, name, "thing")

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities)

    @property
    def kinds(self) -> frozenset[str]:
        """What kinds of things there are."""
        return frozenset(entity.kind for entity in self.entities)


class Situation(BaseModel):
    """When a step is done: the words that conditions are made of. `object` and `target` are names of instances here,
    `task` the instruction, `place` where the object stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verb: Verb
    object: str
    kind: str = ""
    attributes: frozenset[str] = frozenset()
    target: str = ""
    target_kind: str = ""
    place: str = ""
    task: str = ""
    user: str = ""
    robot: str = ""
    size: float = 0.0
    """The object's longest edge [m]."""

    def __str__(self) -> str:
        return f"{self.verb} {self.object}" + (f" -> {self.target}" if self.target else "")


class When(BaseModel):
    """In which situations something applies: None leaves a word open; all `attributes` must hold of the object."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verb: Verb | None = None
    object: str | None = None
    kind: str | None = None
    attributes: frozenset[str] = frozenset()
    target: str | None = None
    target_kind: str | None = None
    place: str | None = None
    task: str | None = None
    user: str | None = None
    robot: str | None = None

    def unlike(self, now: Situation) -> tuple[str, ...]:
        """The words in which a situation differs from it; none where it holds."""
        named = ((name, getattr(self, name)) for name in type(self).model_fields if name != "attributes")
        differ = tuple(name for name, wanted in named if wanted is not None and wanted != getattr(now, name))
        return differ if self.attributes <= now.attributes else (*differ, "attributes")

    def holds(self, now: Situation) -> bool:
        """Whether it applies."""
        return not self.unlike(now)


def situation(act: Act, around: Surroundings, *, task: str = "", user: str = "", robot: str = "") -> Situation:
    """The situation of an act that is about to begin."""
    thing = around[act.object]
    goal = around[act.target] if act.target else None
    return Situation(
        verb=act.verb, object=thing.name, kind=thing.kind, attributes=thing.attributes,
        target=goal.name if goal else "", target_kind=goal.kind if goal else "", place=thing.place, task=task,
        user=user, robot=robot, size=max(thing.size),
    )  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What a picture of the object looks like to an encoder; vectors of different encoders are never compared."""

    encoder: str
    vector: np.ndarray = field(repr=False)

    def like(self, other: "Seen") -> float | None:
        """Cosine similarity; None between encoders."""
        if self.encoder != other.encoder or self.vector.shape != other.vector.shape:
            return None
        size = float(np.linalg.norm(self.vector) * np.linalg.norm(other.vector))
        return float(self.vector @ other.vector) / size if size else None


def plain(model: BaseModel) -> dict[str, Any]:
    """A model's fields that are not left at their defaults, as JSON has them."""
    return model.model_dump(mode="json", exclude_defaults=True)
