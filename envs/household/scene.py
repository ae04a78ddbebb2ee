"""A scene of the household as data: what stands where; the same for the same specification, split and seed."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from math import cos, pi, sin
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from embodied.plugins import find, unknown
from embodied.skills import told
from envs.household.footprints import Rect
from envs.household.things import COLOURS, KINDS, TRAVEL, UNSEEN

SPLITS = ("train", "held-out")
LOW, HIGH = (0.12, -0.6), (0.68, 0.6)
"""Bounds of everything that stands on the table [m, base]."""

NEAR, FAR = 0.22, 0.76
"""Between these distances from the base [m] stands what is taken."""

BEFORE = {"cabinet": TRAVEL + 0.08, "rack": 0.12}
"""What stays free before some things [m]: where a drawer comes out, where mugs hang, and a hand's width."""

TRIES = 300
"""How often a place is looked for before the table is set anew."""

GAP = 0.02
"""Between any two things at the start [m]."""

SPECIAL = ("full", "hot", "large", "small")
"""Attributes that a specification may ask for, besides colours; the size words also set the size."""

SIZES = {"large": (1.15, 1.25), "small": (0.8, 0.88)}
DIFFER = 1.15
"""From this ratio of sizes on, two things of a kind are called large and small."""

ROUND = ("plate", "bowl", "glass")
"""What is round has no front: its frame is the base's."""

DISTRACTORS = ("block", "plate", "spoon", "bowl")
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Wanted(BaseModel):
    """Things that a scene shall have: `count` of a kind, with attributes; in an area (x, y, x, y) [m], or on or in a
    thing of the kind `on`. A drawer may stand `open` so far [m]; it brings its cabinet."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str
    count: Annotated[int, Field(ge=1, le=4)] = 1
    attributes: tuple[str, ...] = ()
    area: tuple[Finite, Finite, Finite, Finite] | None = None
    on: str = ""
    open: Annotated[float, Field(ge=0, le=TRAVEL)] = 0.0

    @field_validator("kind")
    @classmethod
    def placeable(cls, kind: str) -> str:
        """Only what can be set up."""
        return known(kind)

    @field_validator("attributes")
    @classmethod
    def described(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        """Only attributes that can be made true."""
        for word in words:
            if word not in SPECIAL and word not in COLOURS:
                raise unknown("attribute", word, (*SPECIAL, *COLOURS))
        return words


class SceneSpec(BaseModel):
    """What a scene is drawn from: things wanted, a person (on which side the hand lies), and how many distractors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    things: tuple[Wanted, ...]
    person: Literal["left", "right", "either"] | None = None
    distractors: Annotated[int, Field(ge=0, le=4)] = 1

    @model_validator(mode="after")
    def standing(self) -> Self:
        kinds = [wanted.kind for wanted in self.things]
        for wanted in self.things:
            if wanted.on and (wanted.on not in kinds or find(KINDS, wanted.on, "kind").surface is None):
                raise ValueError(f"a {wanted.kind} on a {wanted.on!r}; on must be a kind of the scene with a surface")
        if sum(wanted.count for wanted in self.things if wanted.kind == "drawer") > 1:
            raise ValueError("more than one drawer; a scene has one at most")
        return self


class Thing(BaseModel):
    """One thing of a scene: its foot's middle [m, base], its turn [rad], its size as a factor, and where it is.

    In a drawer the position is that with the drawer shut."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    kind: str
    x: Finite
    y: Finite
    z: Finite = 0.0
    yaw: Finite = 0.0
    scale: Annotated[float, Field(gt=0.5, lt=2)] = 1.0
    attributes: tuple[str, ...] = ()
    place: str = "table"
    open: Annotated[float, Field(ge=0, le=TRAVEL)] = 0.0

    @field_validator("kind")
    @classmethod
    def a_kind(cls, kind: str) -> str:
        find(KINDS, kind, "kind")
        return kind

    def footprint(self) -> Rect:
        """What it covers of the table; of a cabinet and a rack also what comes before them."""
        half = KINDS[self.kind].size
        if out := BEFORE.get(self.kind, 0.0):
            c, s = cos(self.yaw), sin(self.yaw)
            middle = (self.x + c * out / 2, self.y + s * out / 2)
            return Rect(*middle, self.yaw, ((half[0] + out) / 2, half[1] / 2))
        if self.kind == "head":
            return Rect(self.x, self.y, self.yaw, (0.12, 0.19))
        return Rect(self.x, self.y, self.yaw, (half[0] * self.scale / 2, half[1] * self.scale / 2))


class Scene(BaseModel):
    """Everything there is at the start."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    split: str
    seed: int
    things: tuple[Thing, ...]

    @model_validator(mode="after")
    def sound(self) -> Self:
        twice = [name for name, n in Counter(thing.name for thing in self.things).items() if n > 1]
        if twice:
            raise ValueError(f"two things are called {twice[0]!r}; names are their own")
        places = {"table", *(thing.name for thing in self.things)}
        for thing in self.things:
            if thing.place not in places:
                raise ValueError(f"the {thing.name} is on {thing.place!r}, which is not there")
        return self

    def to_json(self) -> str:
        """As text that `from_json` reads back equal."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a scene; ValueError names the field and what is wrong with it."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ValueError(f"no scene: {told(error)}") from error


def known(kind: str) -> str:
    """The kind, if a scene can be asked for it."""
    find(KINDS, kind, "kind")
    if kind in ("cabinet", "head", "hand", "table"):
        raise ValueError(
            f"a {kind} comes by itself: the table always, a cabinet with its drawer, a person if asked for"
        )
    return kind


class Crowded(Exception):
    """Nothing more fits on this table."""


def scene(spec: SceneSpec, split: str = "train", seed: int = 0) -> Scene:
    """Draw a scene. ValueError for an unknown split, or where the things do not fit on the table."""
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    digest = hashlib.sha256(f"{spec.model_dump_json()}|{split}".encode()).digest()
    for attempt in range(60):
        rng = np.random.default_rng([int.from_bytes(digest[:8], "little"), seed, attempt])
        try:
            return Scene(split=split, seed=seed, things=christened(Setting(spec, split, rng).set()))
        except Crowded:
            continue
    raise ValueError(
        f"{sum(w.count for w in spec.things)} things do not fit on the table; ask for fewer or smaller ones"
    )


class Setting:
    """One attempt at setting the table."""

    def __init__(self, spec: SceneSpec, split: str, rng: np.random.Generator) -> None:
        self.spec, self.rng = spec, rng
        self.colours = UNSEEN if split == "held-out" else tuple(set_apart(COLOURS, UNSEEN))
        self.things: list[Thing] = []

    def set(self) -> list[Thing]:
        """Everything: the person, then what is large, then what stands on other things."""
        if self.spec.person:
            self.seat(self.spec.person)
        extra = [Wanted(kind=str(kind)) for kind in self.rng.choice(self.distracting(), self.spec.distractors)]
        wanted = [w for w in (*self.spec.things, *extra) for _ in range(w.count)]
        order = sorted(wanted, key=lambda w: (bool(w.on), w.area is None, -room(w.kind)))
        for one in order:
            self.add(one)
        return self.things

    def distracting(self) -> list[str]:
        """Kinds that a distractor may be: none that the scene is about."""
        return [kind for kind in DISTRACTORS if kind not in {w.kind for w in self.spec.things}] or ["block"]

    def seat(self, side: str) -> None:
        """A person opposite the robot, whose hand lies on the robot's left or right."""
        left = self.rng.random() < 0.5 if side == "either" else side == "left"
        x, y = self.between(0.64, 0.66), self.between(-0.04, 0.04)
        self.things.append(Thing(name="person's head", kind="head", x=x, y=y))
        away = self.between(0.27, 0.31) * (1 if left else -1)
        self.things.append(Thing(name="person's hand", kind="hand", x=self.between(0.54, 0.58), y=y + away))

    def between(self, low: float, high: float) -> float:
        """A number [m], to the tenth of a millimetre, as it is written down."""
        return round(float(self.rng.uniform(low, high)), 4)

    def add(self, wanted: Wanted) -> None:
        """One more thing."""
        kind = KINDS[wanted.kind]
        words = set(wanted.attributes) | kind.attributes
        if kind.colours and not words & set(COLOURS):
            words.add(str(self.rng.choice(self.colours)))
        low, high = next((SIZES[w] for w in ("large", "small") if w in words), (0.9, 1.1))
        scale = self.between(low, high) if kind.movable else 1.0
        words -= set(SIZES)
        for x, y, yaw in self.over(wanted) if wanted.on else self.about(wanted, scale):
            thing = Thing(name=wanted.kind, kind=wanted.kind, x=x, y=y, yaw=yaw, scale=scale, open=wanted.open,
                          attributes=tuple(sorted(words)))  # fmt: skip
            if wanted.on:
                base, height, _ = self.base(wanted)
                thing = thing.model_copy(update={"z": base.z + height, "place": base.kind})
            if self.fits(thing, wanted):
                self.things.append(thing)
                if wanted.kind == "drawer":
                    self.things[-1:] = [cabinet(thing), thing]
                return
        raise Crowded

    def about(self, wanted: Wanted, scale: float) -> list[tuple[float, float, float]]:
        """Places on the table (x, y, yaw) where a thing is within reach and within the bounds."""
        x0, y0, x1, y1 = wanted.area or (*LOW, *HIGH)
        x, y, yaw = self.rng.uniform((x0, y0, -pi), (x1, y1, pi), (TRIES, 3)).round(4).T
        yaw = np.zeros_like(yaw) if wanted.kind in ROUND else yaw
        kind = "cabinet" if wanted.kind == "drawer" else wanted.kind
        out, (long, wide, _) = BEFORE.get(kind, 0.0), KINDS[kind].size
        c, s, along, across = np.cos(yaw), np.sin(yaw), (long * scale + out) / 2, wide * scale / 2
        middle = x + c * out / 2, y + s * out / 2
        half = np.abs(c) * along + np.abs(s) * across, np.abs(s) * along + np.abs(c) * across
        inside = [(m - h >= low) & (m + h <= high) for m, h, low, high in zip(middle, half, LOW, HIGH, strict=True)]
        far = np.hypot(x, y)
        good = inside[0] & inside[1] & (far >= NEAR) & (far <= FAR)
        return list(zip(x[good].tolist(), y[good].tolist(), yaw[good].tolist(), strict=True))

    def base(self, wanted: Wanted) -> tuple[Thing, float, tuple[float, float]]:
        """What a thing shall stand on, and the height and half the extent of its surface."""
        base = next(thing for thing in self.things if thing.kind == wanted.on)
        surface = KINDS[base.kind].surface
        assert surface is not None
        return base, surface.height * base.scale, (surface.half[0] * base.scale, surface.half[1] * base.scale)

    def over(self, wanted: Wanted) -> Iterator[tuple[float, float, float]]:
        """Places on another thing (x, y, yaw)."""
        base, _, half = self.base(wanted)
        c, s = cos(base.yaw), sin(base.yaw)
        for _ in range(TRIES):
            u, v = (self.between(-extent, extent) for extent in half)
            yaw = 0.0 if wanted.kind in ROUND else self.between(-pi, pi)
            yield base.x + c * u - s * v, base.y + s * u + c * v, yaw

    def fits(self, thing: Thing, wanted: Wanted) -> bool:
        """Within its place, and apart from everything else there."""
        print_ = (cabinet(thing) if thing.kind == "drawer" else thing).footprint()
        if wanted.on:
            base, _, half = self.base(wanted)
            bed = Rect(base.x, base.y, base.yaw, half)
            if any(abs(own) > h for c in print_.corners() for own, h in zip(bed.own(*c), half, strict=True)):
                return False
        others = (t for t in self.things if t.place == thing.place and t.kind != "drawer")
        return all(print_.apart(other.footprint(), GAP if not wanted.on else 0.005) for other in others)


def set_apart(names: Sequence[str] | dict[str, tuple[float, float, float]], without: Sequence[str]) -> list[str]:
    """Those names that are not among the others."""
    return [name for name in names if name not in without]


def room(kind: str) -> float:
    """How much room a kind takes."""
    return 1.0 if kind == "drawer" else KINDS[kind].size[0] * KINDS[kind].size[1]


def cabinet(drawer: Thing) -> Thing:
    """What a drawer is in."""
    return Thing(name="cabinet", kind="cabinet", x=drawer.x, y=drawer.y, yaw=drawer.yaw)


def christened(things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Size words where two of a kind differ, and a name for each that is its own: "red mug", "large glass"."""
    scales = {kind: [t.scale for t in things if t.kind == kind] for kind in {t.kind for t in things}}
    sized, plain = [], []
    for thing in things:
        smallest, largest = min(scales[thing.kind]), max(scales[thing.kind])
        words = thing.attributes
        if largest / smallest > DIFFER:
            words = (*words, "large" if thing.scale > (largest * smallest) ** 0.5 else "small")
        sized.append(thing.model_copy(update={"attributes": words}))
        plain.append(" ".join((*(w for w in words if w in COLOURS), thing.name)))
    count: Counter[str] = Counter()
    named, result = [], []
    for thing, name in zip(sized, plain, strict=True):
        size = next((w for w in thing.attributes if w in SIZES), "")
        named.append(f"{size} {name}" if size and plain.count(name) > 1 else name)
    for thing, name in zip(sized, named, strict=True):
        count[name] += 1
        result.append(thing.model_copy(update={"name": name if named.count(name) == 1 else f"{name} {count[name]}"}))
    places = {old.name: new.name for old, new in zip(things, result, strict=True)}
    return tuple(t.model_copy(update={"place": places.get(t.place, "table")}) for t in result)
