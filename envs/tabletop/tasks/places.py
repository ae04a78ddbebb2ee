"""Towers of the blocks that lie somewhere: on a side of another block, or in a quarter of the table."""

from collections.abc import Sequence

from embodied.goals import Goal, Tower
from embodied.scenery import AREAS, SIDES, WORKSPACE, Region
from envs.tabletop.board import INNER, Board, Crowded
from envs.tabletop.brief import Asked, LongTask
from envs.tabletop.tasks.picking import QUARTERS, WAYS
from envs.tabletop.tasks.towers import SIZES, any_order, big_first, others_out

MARGIN = 0.05
"""A block this much further to a side lies on that side [m]; nearer ones are drawn anew, since one could argue."""


def aside(board: Board, kinds: Sequence[str]) -> tuple[str, int, list[int]]:
    """A block in the middle, others on both sides of it. The side, its number, theirs of that side."""
    side = board.one(tuple(SIDES))
    axis, sign = (0, SIDES[side][0]) if SIDES[side][0] else (1, SIDES[side][1])
    middle = WORKSPACE.middle
    reference = board.put("block", board.colours(1)[0], Region((middle[0] - 0.03, -0.06), (middle[0] + 0.03, 0.06)))
    base = board.things[reference]
    taken = [base.colour]
    there = []
    for kind in kinds:
        number = board.put(kind, board.colours(1, taken)[0])
        far = sign * ((board.things[number].x, board.things[number].y)[axis] - (base.x, base.y)[axis])
        if abs(far) < MARGIN + 0.01:
            raise Crowded("one could argue on which side it lies")
        if far > 0:
            there.append(number)
    return side, reference, there


def beside(board: Board) -> Asked:
    """All blocks on a side of another, whatever their colours."""
    side, reference, there = aside(board, ["block"] * board.count(4, 6, (7, 8)))
    return asked(board, side, reference, there, "")


def beside_by_size(board: Board) -> Asked:
    """Those of a size."""
    size = board.one(tuple(SIZES))
    kinds = [
        SIZES[size] if board.rng.random() < 0.7 else board.one(("block", "big"))
        for _ in range(board.count(5, 6, (7, 8)))
    ]
    side, reference, there = aside(board, kinds)
    mine = [i for i in there if board.things[i].kind == SIZES[size]]
    if len(set(board.things[i].kind for i in there)) < 2:
        raise Crowded("the size makes no difference")
    return asked(board, side, reference, mine, size)


def asked(board: Board, side: str, reference: int, blocks: list[int], size: str) -> Asked:
    """A tower of these on a zone."""
    if not 3 <= len(blocks) <= 5 + board.axes.hard:
        raise Crowded(f"{len(blocks)} blocks to stack")
    zone = board.put("zone", board.colours(1)[0], INNER)
    place, other = board.named(zone, reference)
    board.asks("beside", side, board.things[reference].colour, size)
    goal = Goal((Tower(any_order(board.named(*blocks)), place),), others_out(board, blocks, place))
    colour = board.things[reference].colour
    said = other if board.names.count(other) == 1 and other.split()[-1] == "block" else f"{colour} block"
    return goal, {"side": WAYS[side], "reference": said, "zone": place, "size": size}


def quarter(board: Board, area: str, kinds: Sequence[str], rest: Sequence[str]) -> list[int]:
    """Blocks in a quarter of the table, others elsewhere. Numbers of the first."""
    there = [board.put(kind, board.colours(1)[0], area) for kind in kinds]
    for kind in rest:
        board.put(kind, board.colours(1)[0], WORKSPACE, [AREAS[area]])
    return there


def mixed(board: Board, number: int) -> list[str]:
    """Sizes of so many blocks, both among them."""
    return ["big", "block", *(board.one(("big", "block")) for _ in range(number - 2))]


def in_order(board: Board) -> Asked:
    """All blocks of a quarter, the big ones below the small ones, on one of two or three zones."""
    zones = [board.put("zone", c, INNER) for c in board.colours(board.count(2, 3))]
    (place,), area = board.named(zones[0]), board.one(QUARTERS)
    board.asks("quarter in order", area, place)
    there = quarter(board, area, mixed(board, board.count(3, 4, (5, 5))), mixed(board, board.count(2, 3, (3, 4))))
    goal = Goal((Tower(big_first(board, there), place),), others_out(board, there, place))
    return goal, {"source": area, "zone": place}


def by_size(board: Board) -> Asked:
    """Those of a quarter that have a size."""
    size = board.one(tuple(SIZES))
    zones = [board.put("zone", c, INNER) for c in board.colours(board.count(2, 3))]
    (place,), area = board.named(zones[0]), board.one(QUARTERS)
    board.asks("quarter by size", area, size, place)
    other = SIZES["small" if size == "big" else "big"]
    kinds = [SIZES[size]] * board.count(3, 4, (4, 5)) + [other] * board.count(1, 2 - board.axes.hard)
    there = quarter(board, area, kinds, mixed(board, board.count(2, 3)))
    mine = [i for i in there if board.things[i].kind == SIZES[size]]
    goal = Goal((Tower(any_order(board.named(*mine)), place),), others_out(board, mine, place))
    return goal, {"source": area, "size": size, "zone": place}


def there(board: Board) -> Asked:
    """All blocks of a quarter on each other, in that quarter; the lowest may stay where it lies."""
    area = board.one(QUARTERS)
    mine = quarter(board, area, ["block"] * board.count(4, 5, (6, 6)), ["block"] * board.count(4, 6, (5, 7)))
    board.asks("quarter", area, *sorted(board.things[i].colour for i in mine)[:2])
    return Goal((Tower(any_order(board.named(*mine)), area),)), {"source": area}


HEAD = "stack-blocks-by"
BESIDE = LongTask(f"{HEAD}-relative-position-and-color", beside, 3, "places", "space, colour")
BESIDE_BY_SIZE = LongTask(
    f"{HEAD}-relative-position-and-color-and-size", beside_by_size, 3, "places", "space, size, colour"
)
IN_ORDER = LongTask(f"{HEAD}-absolute-position-and-color-in-size-order", in_order, 3, "places", "space, size")
BY_SIZE = LongTask(f"{HEAD}-absolute-position-and-color-and-size", by_size, 3, "places", "space, size")
THERE = LongTask("stack-block-in-absolute-area", there, 3, "places", "space", "D")
