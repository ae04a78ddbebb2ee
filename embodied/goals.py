"""What is wanted of things on a table: facts over a view, any valid solution accepted, progress that can fall."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, ClassVar, Protocol, Self

from embodied.plugins import find
from embodied.scenery import AREAS, SIDES, Item, View

BESIDE = 0.05
"""How far from the point named a block may lie that was to be put beside another [m]."""


@dataclass(frozen=True)
class Fact:
    """A predicate about things by name, and whether it holds: ("on", "red block", "blue zone")."""

    predicate: str
    subject: str
    object: str
    holds: bool

    def __str__(self) -> str:
        words = {"on": "on", "in": "in"}.get(self.predicate, self.predicate)
        return f"the {self.subject} is {'' if self.holds else 'not '}{words} the {self.object}"


class Want(Protocol):
    """A part of a goal. It has always the same number of facts; `blocks` are those it may have to move."""

    kind: ClassVar[str]

    def facts(self, view: View) -> tuple[Fact, ...]: ...

    @property
    def blocks(self) -> frozenset[str]: ...


@dataclass(frozen=True)
class Inside:
    """Every block lies in one of the places that it is allowed in; `blocks_in` gives (block, places)."""

    kind: ClassVar[str] = "inside"
    allowed: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def blocks(self) -> frozenset[str]:
        return frozenset(block for block, _ in self.allowed)

    def facts(self, view: View) -> tuple[Fact, ...]:
        return tuple(self.fact(view, block, places) for block, places in self.allowed)

    def fact(self, view: View, block: str, places: tuple[str, ...]) -> Fact:
        """Of one block: in which of its places it is; the first is named where it is in none."""
        there = [p for p in places if block in view and view.inside(view[block], p)]
        return Fact("in", block, (there or places)[0], bool(there))


@dataclass(frozen=True)
class Tower:
    """Blocks on each other: floor i holds one block of `floors[i]`, no block twice.

    `base` is the zone or area that it stands in ("": anywhere). Only the zone makes of the lowest floor a fact, since
    some block always stands lowest.
    """

    kind: ClassVar[str] = "tower"
    floors: tuple[tuple[str, ...], ...]
    base: str = ""

    @property
    def blocks(self) -> frozenset[str]:
        return frozenset(name for floor in self.floors for name in floor)

    @property
    def first(self) -> int:
        """The lowest floor that is a fact."""
        return 0 if self.base and self.base not in AREAS else 1

    def standing(self, view: View) -> tuple[str, ...]:
        """The best part of the tower that stands, from below."""
        starts = (name for name in self.floors[0] if name in view and self.grounded(view, view[name]))
        return max((self.upward(view, (name,)) for name in starts), key=len, default=())

    def grounded(self, view: View, block: Item) -> bool:
        return view.on_table(block) and (not self.base or view.inside(block, self.base))

    def upward(self, view: View, so_far: tuple[str, ...]) -> tuple[str, ...]:
        if len(so_far) == len(self.floors):
            return so_far
        top = view[so_far[-1]]
        above = (
            name
            for name in self.floors[len(so_far)]
            if name in view and name not in so_far and view.rests_on(view[name], top)
        )
        return max((self.upward(view, (*so_far, name)) for name in above), key=len, default=so_far)

    def facts(self, view: View) -> tuple[Fact, ...]:
        stands = self.standing(view)
        found = []
        for i in range(self.first, len(self.floors)):
            there = i < len(stands)
            left = [name for name in self.floors[i] if name not in stands]
            subject = stands[i] if there else (left or self.floors[i])[0]
            below = self.base if i == 0 else stands[i - 1] if i <= len(stands) else f"floor {i} of the tower"
            found.append(Fact("on", subject, below or "table", there))
        return tuple(found)


@dataclass(frozen=True)
class Beside:
    """A block lies on a side of another, so far from it [m]; sides are those of the picture from above."""

    kind: ClassVar[str] = "beside"
    block: str
    reference: str
    side: str
    distance: float = 0.16

    @property
    def blocks(self) -> frozenset[str]:
        return frozenset((self.block,))

    def place(self, view: View) -> tuple[float, float]:
        """The point that is meant [m]."""
        x, y, _ = view[self.reference].position
        along, across = find(SIDES, self.side, "side")
        return x + along * self.distance, y + across * self.distance

    def facts(self, view: View) -> tuple[Fact, ...]:
        seen = self.block in view and self.reference in view
        there = seen and view.on_table(view[self.block]) and view[self.block].away(self.place(view)) < BESIDE
        way = {"left": "left of", "right": "right of", "top": "above", "bottom": "below"}[self.side]
        return (Fact(way, self.block, self.reference, there),)


@dataclass(frozen=True)
class Pyramid:
    """Rows of blocks, each on two of the row below, the lowest in a zone. `rows[i]` are the blocks of row i."""

    kind: ClassVar[str] = "pyramid"
    rows: tuple[tuple[str, ...], ...]
    base: str

    @property
    def blocks(self) -> frozenset[str]:
        return frozenset(name for row in self.rows for name in row)

    def standing(self, view: View) -> tuple[frozenset[str], ...]:
        """Of each row, what stands as it should."""
        lowest = (view[name] for name in self.rows[0] if name in view)
        found = [frozenset(b.name for b in lowest if view.on_table(b) and view.inside(b, self.base))]
        for row in self.rows[1:]:
            pairs = [(view[a], view[b]) for a, b in combinations(sorted(found[-1]), 2)]
            there = (view[name] for name in row if name in view)
            found.append(frozenset(b.name for b in there if any(bridges(view, b, *pair) for pair in pairs)))
        return tuple(found)

    def facts(self, view: View) -> tuple[Fact, ...]:
        stands = self.standing(view)
        return tuple(
            Fact("on", name, self.base if i == 0 else f"row {i} of the pyramid", name in stands[i])
            for i, row in enumerate(self.rows)
            for name in row
        )


def bridges(view: View, block: Item, left: Item, right: Item) -> bool:
    """A block lies on two others, half on each."""
    if not all(map(view.free, (block, left, right))):
        return False
    fits = (abs(block.position[2] - b.position[2] - (block.edge + b.edge) / 2) < RISE_OF_A_ROW for b in (left, right))
    return all(fits) and all(0.008 < block.away(b) < 0.036 for b in (left, right))


RISE_OF_A_ROW = 0.008
WANTS: dict[str, type[Inside] | type[Tower] | type[Beside] | type[Pyramid]] = {
    want.kind: want for want in (Inside, Tower, Beside, Pyramid)
}
SomeWant = Inside | Tower | Beside | Pyramid


@dataclass(frozen=True)
class Goal:
    """Everything that is wanted. `outside` lists (block, place): blocks that must not end up in a place.

    Progress is the share of the facts that hold, less half a fact while a block lies where it must not. The goal is
    reached when all facts hold and no such block does.
    """

    wants: tuple[SomeWant, ...]
    outside: tuple[tuple[str, str], ...] = ()

    def facts(self, view: View) -> tuple[Fact, ...]:
        """All facts, in the order of the wants."""
        return tuple(fact for want in self.wants for fact in want.facts(view))

    def intruders(self, view: View) -> tuple[tuple[str, str], ...]:
        """(block, place) of what lies where it must not."""
        return tuple((b, place) for b, place in self.outside if b in view and view.inside(view[b], place))

    def progress(self, view: View) -> float:
        """In [0, 1]; 1 exactly where the goal is reached."""
        facts = self.facts(view)
        number = len(facts) or 1
        share = sum(fact.holds for fact in facts) / number if facts else 1.0
        return max(0.0, share - (0.5 / number if self.intruders(view) else 0.0))

    def holds(self, view: View) -> bool:
        """Reached."""
        return all(fact.holds for fact in self.facts(view)) and not self.intruders(view)

    @property
    def blocks(self) -> frozenset[str]:
        """The blocks that it is about."""
        return frozenset(name for want in self.wants for name in want.blocks)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        wants = [{"kind": want.kind, **asdict(want)} for want in self.wants]
        return {"wants": wants, "outside": [list(pair) for pair in self.outside]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        wants = []
        for given in data["wants"]:
            fields = {key: frozen(value) for key, value in given.items() if key != "kind"}
            wants.append(find(WANTS, given["kind"], "want")(**fields))
        return cls(tuple(wants), frozen(data["outside"]))


def frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value
