"""What stands on a table, as data: named items with sizes and places, and how they stand to each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import hypot
from typing import Any, Self

EDGE = {"small": 0.04, "big": 0.06}
"""Edge of a block of each size [m]."""

ZONE, BOWL = 0.06, 0.055
"""Half the edge of a zone [m], and how far from a bowl's middle [m] a block may lie and still be in it."""

BOWL_FLOOR, BOWL_RIM = 0.004, 0.03
"""Heights of a bowl's floor and rim [m]."""

STEP, RISE = 0.022, 0.008
"""Of two blocks that stand on each other: how far their middles may be apart, and how wrong the height [m]."""

Point = tuple[float, float, float]
SIDES: dict[str, tuple[int, int]] = {"left": (0, 1), "right": (0, -1), "top": (1, 0), "bottom": (-1, 0)}
"""Directions (x, y) in the frame of the base, as the picture from above shows them: top is away from the robot."""


@dataclass(frozen=True)
class Region:
    """A rectangle of the table [m, base frame]."""

    low: tuple[float, float]
    high: tuple[float, float]

    def has(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return bool(self.low[0] <= x <= self.high[0] and self.low[1] <= y <= self.high[1])  # also of numpy numbers

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre [m]."""
        return (self.low[0] + self.high[0]) / 2, (self.low[1] + self.high[1]) / 2


WORKSPACE = Region((0.28, -0.4), (0.64, 0.4))
"""Where things stand and the arm reaches."""

CORNER = 0.16
"""Edge of a corner of the workspace [m]."""


def areas(table: Region = WORKSPACE) -> dict[str, Region]:
    """The quarters of a table, its corners and its middle, by name."""
    (left, low), (right, high), (x, y) = table.low, table.high, table.middle
    near, far = ("bottom", left, x), ("top", x, right)
    found = {}
    for row, x0, x1 in (near, far):
        for side, y0, y1 in (("left", y, high), ("right", low, y)):
            found[f"{row} {side} area"] = Region((x0, y0), (x1, y1))
            edge = left if row == "bottom" else right - CORNER
            across = high - CORNER if side == "left" else low
            found[f"{row} {side} corner"] = Region((edge, across), (edge + CORNER, across + CORNER))
    half = CORNER / 2
    found["middle"] = Region((x - half, y - half), (x + half, y + half))
    return found


AREAS = areas()


@dataclass(frozen=True)
class Item:
    """One thing: its name is its own in a view. `position` is a block's middle, or the foot of a bowl or zone [m]."""

    name: str
    kind: str
    colour: str
    position: Point
    size: str = "small"
    yaw: float = 0.0
    still: bool = True

    @property
    def edge(self) -> float:
        """Edge of a block [m]; a zone and a bowl have none."""
        return EDGE[self.size] if self.kind == "block" else 0.0

    @property
    def top(self) -> float:
        """Height of its upper side [m]."""
        return self.position[2] + (self.edge / 2 if self.kind == "block" else 0.0)

    def away(self, other: "Item | tuple[float, float]") -> float:
        """Horizontal distance [m]."""
        x, y = other.position[:2] if isinstance(other, Item) else other
        return hypot(self.position[0] - x, self.position[1] - y)


def named(things: Sequence[tuple[str, str, str]]) -> tuple[str, ...]:
    """Names for (kind, size, colour), each its own: "big red block", "red block 2"."""
    sizes = {size for kind, size, _ in things if kind == "block"}
    plain = [
        f"{size + ' ' if kind == 'block' and len(sizes) > 1 else ''}{colour} {kind}" for kind, size, colour in things
    ]
    count: dict[str, int] = {}
    names = []
    for name in plain:
        count[name] = count.get(name, 0) + 1
        names.append(name if plain.count(name) == 1 else f"{name} {count[name]}")
    return tuple(names)


@dataclass(frozen=True)
class View:
    """Everything seen at one moment, and the name of what the hand holds ("": nothing)."""

    items: tuple[Item, ...]
    held: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, Item]:
        """Items by their names."""
        return {item.name: item for item in self.items}

    @cached_property
    def blocks(self) -> tuple[Item, ...]:
        """What can be moved."""
        return tuple(item for item in self.items if item.kind == "block")

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> Item:
        if name not in self.by_name:
            raise KeyError(f"nothing here is called {name!r}; there are {', '.join(self.by_name)}")
        return self.by_name[name]

    def free(self, block: Item) -> bool:
        """Neither held nor moving."""
        return block.still and block.name != self.held

    def rests_on(self, block: Item, base: Item) -> bool:
        """One block stands on another: middles within 2.2 cm, at the right height, both at rest."""
        if block.name == base.name or not (self.free(block) and self.free(base)):
            return False
        rise = block.position[2] - base.position[2] - (block.edge + base.edge) / 2
        return abs(rise) < RISE and block.away(base) < STEP

    def over(self, block: Item) -> tuple[Item, ...]:
        """Blocks that lie on it, wholly or in part, lowest first."""
        near = (b for b in self.blocks if b.name not in (block.name, self.held))
        reach = [b for b in near if b.away(block) < 0.9 * (b.edge + block.edge) / 2]
        return tuple(sorted((b for b in reach if b.position[2] > block.position[2] + 0.01), key=lambda b: b.top))

    def on_table(self, block: Item) -> bool:
        """It lies on the table itself."""
        return self.free(block) and abs(block.position[2] - block.edge / 2) < RISE

    def inside(self, block: Item, place: str) -> bool:
        """A block lies released and at rest in a bowl, a zone, an area or a corner; in a pile there counts too."""
        if not self.free(block):
            return False
        if place in AREAS:
            return AREAS[place].has(*block.position[:2])
        where = self[place]
        x, y = (abs(block.position[i] - where.position[i]) for i in (0, 1))
        if where.kind == "zone":
            return max(x, y) <= ZONE
        if where.kind == "bowl":
            return hypot(x, y) < BOWL and self.held_up(block, where)
        return self.rests_on(block, where)

    def held_up(self, block: Item, bowl: Item) -> bool:
        """It lies in the bowl's hollow, or on blocks of which one does."""
        if block.position[2] - block.edge / 2 < BOWL_RIM:
            return True
        below = (b for b in self.blocks if b.name != block.name and b.position[2] < block.position[2] - 0.01)
        touching = (b for b in below if block.position[2] - b.position[2] < (block.edge + b.edge) / 2 + 0.012)
        return any(b.away(bowl) < BOWL and self.free(b) and self.held_up(b, bowl) for b in touching)

    def moved(self, name: str, position: Point, yaw: float | None = None) -> Self:
        """The same view with one item elsewhere, at rest and released."""
        items = tuple(
            replace(item, position=position, still=True, yaw=item.yaw if yaw is None else yaw)
            if item.name == name
            else item
            for item in self.items
        )
        return replace(self, items=items, held="" if self.held == name else self.held)

    def without(self, names: Iterable[str]) -> Self:
        """The same view without some items, as one who cannot see them has it."""
        gone = set(names)
        return replace(self, items=tuple(item for item in self.items if item.name not in gone))

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        items = [
            {"name": i.name, "kind": i.kind, "colour": i.colour, "size": i.size, "position": list(i.position),
             "yaw": i.yaw, "still": i.still}
            for i in self.items
        ]  # fmt: skip
        return {"items": items, "held": self.held}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        items = (Item(**{**item, "position": tuple(item["position"])}) for item in data["items"])
        return cls(tuple(items), data["held"])
