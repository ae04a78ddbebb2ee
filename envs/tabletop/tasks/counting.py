"""Colours that occur an even number of times: their blocks go to the zone of their colour, the others do not."""

from embodied.goals import Goal, Inside
from envs.tabletop.board import WORKSPACE, Board, grown
from envs.tabletop.brief import Asked, LongTask
from envs.tabletop.tasks.towers import kept_out


def even(board: Board) -> Asked:
    """Two or three colours with a zone each; at least one is even, with four blocks or more in all that are."""
    colours = board.colours(board.count(2, 3))
    zones = [board.put("zone", c, grown(WORKSPACE, -0.05)) for c in colours]
    counts = [board.one(("4", "2")) if i < len(colours) - 1 else board.one(("1", "3")) for i in range(len(colours))]
    if board.axes.hard:
        counts[0] = "6"
    blocks = [[board.put("block", c) for _ in range(int(n))] for c, n in zip(colours, counts, strict=True)]
    board.asks("even", *colours)
    names = board.names
    allowed, outside = [], []
    for zone, numbers in zip(zones, blocks, strict=True):
        if len(numbers) % 2 == 0:
            allowed += [(names[i], (names[zone],)) for i in numbers]
        else:
            outside += kept_out(names, numbers, zones)
    return Goal((Inside(tuple(allowed)),), tuple(outside)), {}


EVEN = LongTask("put-even-blocks-in-same-color-zone", even, 4, "counting", "colour, arithmetic", "E")
