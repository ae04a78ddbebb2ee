"""One pick-and-place: a block named by colour, by size, by where it is, or put beside another."""

from embodied.goals import Beside, Goal, Inside, SomeWant, Tower
from embodied.scenery import SIDES, WORKSPACE
from envs.tabletop.board import Board, Crowded, grown
from envs.tabletop.brief import Asked, LongTask

QUARTERS = ("top left area", "top right area", "bottom left area", "bottom right area")
WAYS = {"left": "left of", "right": "right of", "top": "above", "bottom": "below"}
"""How sides are said."""


def placed(board: Board, block: int, target: int) -> tuple[SomeWant, str]:
    """What it means to put a block on or in a thing, and the preposition."""
    subject, place = board.named(block, target)
    if board.things[target].kind in ("block", "big"):
        return Tower(((place,), (subject,))), "on"
    return Inside(((subject, (place,)),)), "in" if board.things[target].kind == "bowl" else "on"


def plainly(board: Board) -> Asked:
    """Two or three blocks, as many bowls, one or two zones; one block goes to one other thing."""
    more = (4, 5)
    blocks = [board.put("block", c) for c in board.colours(board.count(2, 3, more))]
    bowls = [board.put("bowl", c) for c in board.colours(board.count(2, 3, more))]
    zones = [board.put("zone", c) for c in board.colours(board.count(1, 2))]
    target = int(board.rng.choice([*blocks[1:], *bowls, *zones]))
    want, prep = placed(board, blocks[0], target)
    subject, place = board.named(blocks[0], target)
    board.asks("pick", board.things[blocks[0]].colour, board.things[target].colour, board.things[target].kind)
    return Goal((want,)), {"block": subject, "target": place, "prep": prep}


def with_size(board: Board) -> Asked:
    """Two or three colours in both sizes, and bowls; the size tells which is meant."""
    colours = board.colours(board.count(2, 3, (3, 4)))
    blocks = [board.put(kind, colour) for colour in colours for kind in ("block", "big")]
    bowls = [board.put("bowl", c) for c in board.colours(board.count(2, 3))]
    block = int(board.rng.choice(blocks))
    small = board.things[block].kind == "block"
    big = [b for b in blocks if b != block and (board.things[b].kind == "big" or not small)]
    bases = [b for b in big if board.things[b].kind == "big"]
    target = int(board.rng.choice([*bases, *(bowls if small else [])]))
    want, prep = placed(board, block, target)
    subject, place = board.named(block, target)
    board.asks("size", subject.split()[0], board.things[block].colour, board.things[target].colour)
    return Goal((want,)), {"block": subject, "target": place, "prep": prep}


def by_area(board: Board) -> Asked:
    """A block of one quarter goes to another, or to the middle; one of its colour lies elsewhere."""
    source, target, other = board.chosen(QUARTERS, 3)
    if board.rng.random() < 0.2:
        target = "middle"
    colour, *rest = board.colours(board.count(2, 3, (4, 5)))
    middle = [grown(WORKSPACE, -0.12)] if target == "middle" else []
    block = board.put("block", colour, source, middle)
    board.put("block", colour, other, middle)
    for c in rest:
        board.put("block", c)
    for c in board.colours(board.count(2, 3)):
        board.put("bowl", c)
    (subject,) = board.named(block)
    board.asks("area", colour, source, target)
    words = {"block": f"{colour} block", "source": source, "target": target}
    return Goal((Inside(((subject, (target,)),)),)), words


def by_side(board: Board) -> Asked:
    """A block goes 16 cm to a side of another, where there is room."""
    colours = board.colours(board.count(2, 3, (4, 5)))
    blocks = [board.put("block", c) for c in colours]
    side = board.one(tuple(SIDES))
    subject, reference = board.named(blocks[0], blocks[1])
    want = Beside(subject, reference, side)
    base = board.things[blocks[1]]
    x, y = base.x + 0.16 * SIDES[side][0], base.y + 0.16 * SIDES[side][1]
    if not grown(WORKSPACE, -0.03).has(x, y) or any(abs(x - t.x) + abs(y - t.y) < 0.1 for t in board.things):
        raise Crowded(f"no room {side} of the {reference}")
    board.asks("side", side, colours[0], colours[1])
    return Goal((want,)), {"block": subject, "reference": reference, "side": WAYS[side]}


PLAIN = LongTask("pick-and-place-primitive", plainly, 1, "picking", "grounding", "A")
WITH_SIZE = LongTask("pick-and-place-primitive-with-size", with_size, 1, "picking", "size", "A")
BY_AREA = LongTask("pick-and-place-primitive-with-absolute-position", by_area, 1, "picking", "space", "A")
BY_SIDE = LongTask("pick-and-place-primitive-with-relative-position", by_side, 1, "picking", "space")
