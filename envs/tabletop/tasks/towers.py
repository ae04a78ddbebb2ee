"""Towers on zones: of all blocks, of some colours, of one size, in an order."""

from collections.abc import Sequence

from embodied.goals import Goal, Tower
from envs.tabletop.board import GROUPS, INNER, Board, Crowded
from envs.tabletop.brief import Asked, LongTask

SIZES = {"small": "block", "big": "big"}


def any_order(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Floors that each may be any of these blocks."""
    return (tuple(names),) * len(names)


def big_first(board: Board, blocks: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """Floors on which the big blocks lie below the small ones."""
    big = board.named(*(i for i in blocks if board.things[i].kind == "big"))
    small = board.named(*(i for i in blocks if board.things[i].kind == "block"))
    return (*any_order(big), *any_order(small))


def others_out(board: Board, blocks: Sequence[int], zone: str) -> tuple[tuple[str, str], ...]:
    """All other blocks, which have no business in the zone."""
    rest = (i for i, t in enumerate(board.things) if t.kind in ("block", "big") and i not in blocks)
    return tuple((name, zone) for name in board.named(*rest))


def kept_out(names: Sequence[str], blocks: Sequence[int], places: Sequence[int]) -> tuple[tuple[str, str], ...]:
    """Blocks that have no business in any of some places."""
    return tuple((names[block], names[place]) for block in blocks for place in places)


def everything(board: Board) -> Asked:
    """Three to five blocks, all on one zone."""
    zone = board.put("zone", board.colours(1)[0], INNER)
    blocks = [board.put("block", c) for c in board.colours(board.count(3, 5, (6, 7)))]
    (place,) = board.named(zone)
    board.asks("all", place, *sorted(board.named(*blocks)))
    return Goal((Tower(any_order(board.named(*blocks)), place),)), {"zone": place}


def in_detail(board: Board) -> Asked:
    """The same, every step said, and its order with it."""
    zone = board.put("zone", board.colours(1)[0], INNER)
    blocks = [board.put("block", c) for c in board.colours(board.count(3, 5, (6, 7)))]
    (place,) = board.named(zone)
    names = board.named(*blocks)
    board.asks("detail", place, *names[:2])
    bases = (place, *names)
    steps = ", then ".join(f"put the {name} on the {base}" for name, base in zip(names, bases, strict=False))
    return Goal((Tower(tuple((name,) for name in names), place),)), {"steps": steps}


def same_colour(board: Board) -> Asked:
    """One to three colours, two to four blocks of each, a zone for each; up to two blocks of no zone."""
    number = board.count(1, 3, (3, 3))
    colours = board.colours(number)
    zones = [board.put("zone", c, INNER) for c in colours]
    wants = []
    for zone, colour in zip(zones, colours, strict=True):
        most = 4 if number == 1 else 3
        blocks = [board.put("block", colour) for _ in range(board.count(3 if number == 1 else 2, most, (3, 3)))]
        wants.append((zone, blocks))
    rest = [board.put("block", colour) for colour in board.colours(board.count(0, 2), colours)]
    board.asks("same colour", *sorted(colours))
    names = board.names
    towers = tuple(Tower(any_order([names[i] for i in blocks]), names[zone]) for zone, blocks in wants)
    return Goal(towers, kept_out(names, rest, zones)), {}


def group_of(board: Board, least: int = 3) -> tuple[str, list[str]]:
    """A group, and a list of colours for blocks: of it at least so many, of others one or two."""
    group = board.one(tuple(GROUPS))
    inside = [c for c in board.axes.palette if c in GROUPS[group]]
    outside = [c for c in board.axes.palette if c not in GROUPS[group]]
    if len(inside) < 2 or not outside:
        raise Crowded(f"{group} has {len(inside)} colours here")
    chosen = [board.one(inside) for _ in range(board.count(least, least + 1, (5, 6)))]
    return group, [*chosen, *(board.one(outside) for _ in range(board.count(1, 2, (2, 4))))]


def by_group(board: Board) -> Asked:
    """Only the blocks of a group of colours."""
    group, colours = group_of(board)
    zone = board.put("zone", board.colours(1)[0], INNER)
    blocks = [board.put("block", c) for c in colours]
    chosen = [i for i in blocks if board.things[i].colour in GROUPS[group]]
    (place,) = board.named(zone)
    board.asks("group", group, place)
    goal = Goal((Tower(any_order(board.named(*chosen)), place),), others_out(board, chosen, place))
    return goal, {"group": group, "zone": place}


def by_group_and_size(board: Board) -> Asked:
    """Only those of a group that have a size."""
    group, colours = group_of(board)
    size = board.one(tuple(SIZES))
    zone = board.put("zone", board.colours(1)[0], INNER)
    other = SIZES["big" if size == "small" else "small"]
    blocks = [board.put(SIZES[size] if c in GROUPS[group] else board.one(("block", "big")), c) for c in colours]
    board.put(other, board.one([c for c in board.axes.palette if c in GROUPS[group]]))
    kind = SIZES[size]
    chosen = [i for i in blocks if board.things[i].colour in GROUPS[group] and board.things[i].kind == kind]
    (place,) = board.named(zone)
    board.asks("group and size", group, size, place)
    goal = Goal((Tower(any_order(board.named(*chosen)), place),), others_out(board, chosen, place))
    return goal, {"group": group, "size": size, "zone": place}


def by_group_in_order(board: Board) -> Asked:
    """Those of a group, the big ones below the small ones."""
    group, colours = group_of(board)
    zone = board.put("zone", board.colours(1)[0], INNER)
    kinds = ["big", "block"]
    blocks = [board.put(kinds[i] if i < 2 else board.one(kinds), c) for i, c in enumerate(colours)]
    chosen = [i for i in blocks if board.things[i].colour in GROUPS[group]]
    (place,) = board.named(zone)
    board.asks("group in order", group, place)
    goal = Goal((Tower(big_first(board, chosen), place),), others_out(board, chosen, place))
    return goal, {"group": group, "zone": place}


def by_size(board: Board) -> Asked:
    """Two towers on two zones, one of the big blocks, one of the small ones."""
    big_zone, small_zone = (board.put("zone", c, INNER) for c in board.colours(2))
    big = [board.put("big", c) for c in board.colours(board.count(2, 3, (4, 4)))]
    small = [board.put("block", c) for c in board.colours(board.count(2, 3, (4, 4)))]
    places = board.named(big_zone, small_zone)
    board.asks("by size", *places)
    wants = [Tower(any_order(board.named(*b)), place) for b, place in zip((big, small), places, strict=True)]
    return Goal(tuple(wants)), {"big_zone": places[0], "small_zone": places[1]}


def alternating(board: Board) -> Asked:
    """One tower of two colours in turn; there may be one more of the colour that it begins with."""
    zone = board.put("zone", board.colours(1)[0], INNER)
    first, second = board.colours(2)
    number = board.count(2, 2, (3, 3))
    ones = [board.put("block", first) for _ in range(number + board.count(0, 1))]
    twos = [board.put("block", second) for _ in range(number)]
    (place,) = board.named(zone)
    board.asks("alternating", first, second)
    turns = (board.named(*ones), board.named(*twos))
    floors = tuple(turns[i % 2] for i in range(len(ones) + len(twos)))
    return Goal((Tower(floors, place),)), {"first": first, "second": second, "zone": place}


EVERYTHING = LongTask("stack-all-blocks-on-a-zone", everything, 3, "towers", "colour")
IN_DETAIL = LongTask("stack-all-blocks-on-a-zone-with-details", in_detail, 3, "towers", "following")
SAME_COLOUR = LongTask("stack-blocks-of-same-color", same_colour, 3, "towers", "colour, reference", "K")
BY_GROUP = LongTask("stack-blocks-by-color", by_group, 3, "towers", "colour, common sense")
BY_GROUP_AND_SIZE = LongTask(
    "stack-blocks-by-color-and-size", by_group_and_size, 3, "towers", "colour, size, common sense"
)
IN_ORDER = LongTask("stack-blocks-by-color-in-size-order", by_group_in_order, 3, "towers", "colour, size, common sense")
BY_SIZE = LongTask("stack-blocks-of-same-size", by_size, 4, "towers", "size", "G")
ALTERNATING = LongTask("stack-blocks-with-alternate-color", alternating, 4, "towers", "colour", "H")
