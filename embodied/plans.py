"""From a goal and a view to the moves that reach it; the same for an expert that knows and a planner that was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from embodied.goals import Beside, Goal, Inside, Pyramid, SomeWant, Tower
from embodied.scenery import AREAS, BOWL_FLOOR, WORKSPACE, ZONE, Item, Region, View

GAP = 0.044
"""From middle to middle of neighbours in a row [m]."""

SLOTS = tuple((x, y) for x in (0.0, GAP, -GAP) for y in (0.0, GAP, -GAP))
"""Where blocks of a zone go, as seen from its middle [m]."""

CLEAR = 0.075
"""Between the middle of a block that is put down on the table and that of its nearest neighbour [m]."""

GRID = 0.01


class Unreachable(ValueError):
    """No sequence of pick-and-places reaches the goal from here."""


@dataclass(frozen=True)
class Move:
    """Take a block and put it on a thing, `offset` from its middle, or (on = "") at a point of the table [m]."""

    block: str
    on: str = ""
    offset: tuple[float, float] = (0.0, 0.0)
    at: tuple[float, float] | None = None

    def done(self, view: View) -> View:
        """What one would see if it went well."""
        block = view[self.block]
        if self.at is not None:
            return view.moved(self.block, (*self.at, block.edge / 2), 0.0)
        base = view[self.on]
        x, y = base.position[0] + self.offset[0], base.position[1] + self.offset[1]
        return view.moved(self.block, (x, y, surface(view, base, block, x, y) + block.edge / 2), 0.0)


def surface(view: View, base: Item, block: Item, x: float, y: float) -> float:
    """Height of what a block would come to lie on at (x, y) [m]."""
    floor = BOWL_FLOOR if base.kind == "bowl" else 0.0
    below = (
        b.top
        for b in view.blocks
        if b.name != block.name
        and max(abs(b.position[0] - x), abs(b.position[1] - y)) < 0.9 * (b.edge + block.edge) / 2
    )
    return max(below, default=floor)


def plan(goal: Goal, view: View) -> tuple[Move, ...]:
    """All moves from here to the goal, one after the other; Unreachable where none are found."""
    moves: list[Move] = []
    limit = 4 * len(view.items) + 4
    while not goal.holds(view):
        move = next_move(goal, view)
        if move is None or len(moves) >= limit:
            raise Unreachable(f"after {len(moves)} moves no next one leads to {unmet(goal, view)}")
        moves.append(move)
        view = move.done(view)
    return tuple(moves)


def unmet(goal: Goal, view: View) -> str:
    """What is missing, in words."""
    missing = [str(fact) for fact in goal.facts(view) if not fact.holds]
    missing += [f"the {block} lies in the {place}" for block, place in goal.intruders(view)]
    return "; ".join(missing)


def next_move(goal: Goal, view: View) -> Move | None:
    """The next move, None where there is none. Obstacles are put aside first, lowest floors are filled first."""
    for block, _ in goal.intruders(view):
        return uncover(view, view[block], goal) or aside(view, view[block], goal)
    for want in goal.wants:
        move = step_of(want, view, goal)
        if move is not None:
            return move
    return None


def step_of(want: SomeWant, view: View, goal: Goal) -> Move | None:
    """The next move of one part of a goal."""
    if isinstance(want, Inside):
        return into(want, view, goal)
    if isinstance(want, Tower):
        return onto(want, view, goal)
    if isinstance(want, Beside):
        return beside(want, view, goal)
    return next_of_pyramid(want, view, goal)


def uncover(view: View, block: Item, goal: Goal) -> Move | None:
    """Put away the topmost of what lies on a block, or on what lies on it."""
    above = view.over(block)
    if not above:
        return None
    return uncover(view, above[-1], goal) or aside(view, above[-1], goal)


def fetched(view: View, block: Item, goal: Goal, move: Move) -> Move:
    """The move, or first what uncovers its block."""
    return uncover(view, block, goal) or move


def into(want: Inside, view: View, goal: Goal) -> Move | None:
    """The next block that is in none of its places, nearest and uncovered first."""
    missing = [
        (name, places)
        for (name, places), fact in zip(want.allowed, want.facts(view), strict=True)
        if not fact.holds and name in view
    ]
    if not missing:
        return None
    chosen = assigned(want, view)
    missing.sort(key=lambda pair: len(view.over(view[pair[0]])))
    for name, places in missing:
        block = view[name]
        place = chosen.get(name, places[0])
        if place in AREAS:
            return fetched(view, block, goal, Move(name, at=free_point(view, block, AREAS[place], goal)))
        strangers = [b for b in view.blocks if b.name != name and view.inside(b, place) and not belongs(goal, b, place)]
        if strangers:
            return uncover(view, strangers[-1], goal) or aside(view, strangers[-1], goal)
        return fetched(view, block, goal, Move(name, place, slot(view, block, view[place])))
    return None


def belongs(goal: Goal, block: Item, place: str) -> bool:
    """Whether a block is wanted, or at least not in the way, in a place."""
    for want in goal.wants:
        if isinstance(want, Inside):
            for name, places in want.allowed:
                if name == block.name:
                    return place in places
    return False


def assigned(want: Inside, view: View) -> Mapping[str, str]:
    """A place for every block, each bowl used once where that is possible (Kuhn's augmenting paths)."""
    taken: dict[str, str] = {}
    wanted = dict(want.allowed)
    for name, places in want.allowed:
        if name in view:
            for place in places:
                if view.inside(view[name], place):
                    taken.setdefault(place, name)
    fixed = set(taken.values())

    def seat(name: str, tried: set[str]) -> bool:
        near = sorted((p for p in wanted[name] if p not in AREAS), key=lambda p: view[name].away(view[p]))
        for place in near:
            if place in tried:
                continue
            tried.add(place)
            other = taken.get(place)
            if other is None or (other not in fixed and seat(other, tried)):
                taken[place] = name
                return True
        return False

    for name, _ in want.allowed:
        if name not in fixed and name in view:
            seat(name, set())
    return {name: place for place, name in taken.items()}


def slot(view: View, block: Item, place: Item) -> tuple[float, float]:
    """Where in a place a block goes [m from its middle]: in a zone the first free slot, in a bowl its middle."""
    if place.kind != "zone":
        return 0.0, 0.0
    wide = max(block.edge, 0.04) / 0.04
    for x, y in ((wide * a, wide * b) for a, b in SLOTS):
        if max(abs(x), abs(y)) > ZONE:
            continue
        there = (place.position[0] + x, place.position[1] + y)
        if all(b.away(there) > (b.edge + block.edge) / 2 + 0.002 for b in view.blocks if b.name != block.name):
            return x, y
    return 0.0, 0.0


def onto(want: Tower, view: View, goal: Goal) -> Move | None:
    """The next floor of a tower, after what stands in its way."""
    stands = want.standing(view)
    if len(stands) == len(want.floors):
        return None
    if not stands:
        return found(want, view, goal)
    top = view[stands[-1]]
    if above := view.over(top):
        return aside(view, above[-1], goal)
    left = [view[name] for name in want.floors[len(stands)] if name in view and name not in stands]
    if not left:
        return None
    block = nearest(view, left, top)
    return fetched(view, block, goal, Move(block.name, top.name))


def nearest(view: View, blocks: Sequence[Item], there: Item) -> Item:
    """The block that is nearest to a place, of those with least on them."""
    return min(blocks, key=lambda b: (len(view.over(b)), b.away(there), b.name))


def found(want: Tower, view: View, goal: Goal) -> Move | None:
    """The lowest floor, on cleared ground."""
    candidates = [view[name] for name in want.floors[0] if name in view]
    if not candidates:
        return None
    if want.base in AREAS or not want.base:
        region = AREAS.get(want.base, WORKSPACE)
        block = min(candidates, key=lambda b: (len(view.over(b)), b.name))
        return fetched(view, block, goal, Move(block.name, at=free_point(view, block, region, goal)))
    base = view[want.base]
    block = nearest(view, candidates, base)
    reach = (block.edge + 0.06) / 2 + 0.005
    for other in view.blocks:
        if other.name != block.name and other.away(base) < reach:
            return uncover(view, other, goal) or aside(view, other, goal)
    return fetched(view, block, goal, Move(block.name, base.name))


def beside(want: Beside, view: View, goal: Goal) -> Move | None:
    """Put the block where it belongs."""
    if want.facts(view)[0].holds or want.block not in view or want.reference not in view:
        return None
    block, there = view[want.block], want.place(view)
    for other in view.blocks:
        if other.name != block.name and other.away(there) < (other.edge + block.edge) / 2 + 0.01:
            return uncover(view, other, goal) or aside(view, other, goal)
    return fetched(view, block, goal, Move(want.block, at=there))


def next_of_pyramid(want: Pyramid, view: View, goal: Goal) -> Move | None:
    """The next block of the lowest row that is not complete; rows lie across, their middle on the zone's."""
    zone = view[want.base]
    for i, row in enumerate(want.rows):
        wide = max(view[name].edge for name in row if name in view) + GAP - 0.04
        across = [wide * (j - (len(row) - 1) / 2) for j in range(len(row))]
        free = [y for y in across if not any(sits(view, name, zone, y, i) for name in row)]
        for name in row:
            if name not in view or any(sits(view, name, zone, y, i) for y in across):
                continue
            block = view[name]
            there = (zone.position[0], zone.position[1] + free[0])
            height = surface_of_row(view, want, i)
            for other in view.blocks:
                if other.name == name or other.position[2] < height:
                    continue
                if max(abs(other.position[0] - there[0]), abs(other.position[1] - there[1])) < 0.043:
                    return uncover(view, other, goal) or aside(view, other, goal)
            return fetched(view, block, goal, Move(name, want.base, (0.0, free[0])))
    return None


def surface_of_row(view: View, want: Pyramid, i: int) -> float:
    """Height of the side that row i stands on [m]."""
    return sum(max(view[name].edge for name in row if name in view) for row in want.rows[:i])


def sits(view: View, name: str, zone: Item, across: float, row: int) -> bool:
    """Whether a block is at its place of a pyramid, within 1 cm."""
    if name not in view:
        return False
    block = view[name]
    there = (zone.position[0], zone.position[1] + across)
    high = abs(block.position[2] - (row + 0.5) * block.edge) < 0.008
    return view.free(block) and high and block.away(there) < 0.01


def aside(view: View, block: Item, goal: Goal) -> Move:
    """Put a block where it is in nobody's way, as near as there is room."""
    return Move(block.name, at=free_point(view, block, WORKSPACE, goal, aside=True))


def free_point(view: View, block: Item, region: Region, goal: Goal, aside: bool = False) -> tuple[float, float]:
    """The free point of a region that is nearest to a block [m]; Unreachable where the region is full.

    In an area the roomiest point is taken of those nearest to its middle.
    """
    margin = block.edge / 2 + 0.005
    xs = np.arange(region.low[0] + margin, region.high[0] - margin + 1e-9, GRID)
    ys = np.arange(region.low[1] + margin, region.high[1] - margin + 1e-9, GRID)
    x, y = (axis.ravel() for axis in np.meshgrid(xs, ys, indexing="ij"))
    room = np.full(x.shape, inf)
    for item in view.items:
        if item.name == block.name:
            continue
        away = np.hypot(x - item.position[0], y - item.position[1])
        if item.kind == "zone":
            away = np.maximum(abs(x - item.position[0]), abs(y - item.position[1]))
        room = np.minimum(room, away - taken(item, block))
    if aside:
        for want in goal.wants:
            if isinstance(want, Beside) and want.reference in view:
                there = want.place(view)
                room = np.minimum(room, np.hypot(x - there[0], y - there[1]) - 0.1)
            if isinstance(want, Pyramid):  # its lowest row reaches up to the edge of the zone
                zone = view[want.base].position
                room = np.minimum(room, np.maximum(abs(x - zone[0]), abs(y - zone[1])) - 0.1)
        for name, place in goal.outside:
            if name == block.name and place in AREAS:
                inside = [AREAS[place].has(a, b) for a, b in zip(x, y, strict=True)]
                room = np.where(inside, -inf, room)
    if room.max(initial=-inf) < 0:
        if room.max(initial=-inf) < -0.02:
            raise Unreachable(f"no room to put the {block.name} down in {region.low} to {region.high} [m]")
        best = int(np.argmax(room))
    else:
        far = np.hypot(x - block.position[0], y - block.position[1])
        best = int(np.argmin(np.where(room >= 0, far, inf)))
    return round(float(x[best]), 4), round(float(y[best]), 4)


def taken(item: Item, block: Item) -> float:
    """How far from an item's middle a block that is put down must stay [m]."""
    if item.kind == "zone":
        return ZONE + block.edge / 2 + 0.005
    if item.kind == "bowl":
        return 0.062 + 0.71 * block.edge
    return 0.71 * (item.edge + block.edge) + CLEAR - 0.0568 - 0.004


def moves_needed(goal: Goal, view: View) -> int:
    """A lower bound of the moves: every missing fact is about one block that must move, and so must what lies on it."""
    missing = [fact for fact in goal.facts(view) if not fact.holds]
    subjects = {fact.subject for fact in missing}
    buried = [view[fact.subject] for fact in missing if fact.predicate == "in" and fact.subject in view]
    covers = {cover.name for block in buried for cover in view.over(block)}
    return len(missing) + len(covers - subjects)
