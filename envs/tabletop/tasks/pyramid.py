"""A pyramid of six blocks on a zone, every row with its colours."""

from embodied.goals import Goal, Pyramid
from envs.tabletop.board import INNER, Board
from envs.tabletop.brief import Asked, LongTask
from envs.tabletop.tasks.towers import kept_out


def built(board: Board) -> Asked:
    """Three below, two on them, one on top; one or two more blocks in a hard scene."""
    zone = board.put("zone", board.colours(1)[0], INNER)
    colours = board.colours(6)
    blocks = [board.put("block", c) for c in colours]
    rest = [c for c in board.axes.palette if c not in colours]
    others = [board.put("block", colour) for colour in rest[: board.count(0, 0, (1, 2))]]
    rows = (board.named(*blocks[:3]), board.named(*blocks[3:5]), board.named(blocks[5]))
    (place,) = board.named(zone)
    board.asks("pyramid", place, colours[5])
    a, b, c, d, e, top = colours
    words = {"zone": place, "bottom": f"{a}, {b} and {c}", "middle": f"{d} and {e}", "top": top}
    return Goal((Pyramid(rows, place),), kept_out(board.names, others, [zone])), words


BUILT = LongTask("stack-block-pyramid-without-seq", built, 6, "pyramid", "shape")
