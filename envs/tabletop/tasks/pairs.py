"""Small blocks on the big ones of their colour, where they stand or in the zone of their colour."""

from embodied.goals import Goal, Tower
from envs.tabletop.board import WORKSPACE, Board, grown
from envs.tabletop.brief import Asked, LongTask
from envs.tabletop.tasks.towers import kept_out


def paired(board: Board) -> Asked:
    """Five or six colours in both sizes, up to two blocks whose fellow is missing."""
    colours = board.colours(board.count(5, 5, (6, 6)))
    pairs = [(board.put("big", c), board.put("block", c)) for c in colours]
    rest = [c for c in board.axes.palette if c not in colours]
    for colour in board.chosen(rest, min(board.count(0, 1, (1, 2)), len(rest))):
        board.put(board.one(("big", "block")), colour)
    board.asks("pairs", *sorted(colours))
    names = board.names
    return Goal(tuple(Tower(((names[big],), (names[small],))) for big, small in pairs)), {}


def in_zones(board: Board) -> Asked:
    """Three or four colours, each with a zone."""
    colours = board.colours(board.count(3, 3, (4, 4)))
    zones = [board.put("zone", c, grown(WORKSPACE, -0.05)) for c in colours]
    pairs = [(board.put("big", c), board.put("block", c)) for c in colours]
    rest = [c for c in board.axes.palette if c not in colours]
    others = [board.put(board.one(("big", "block")), colour) for colour in board.chosen(rest, board.count(0, 2))]
    board.asks("pairs in zones", *sorted(colours))
    names = board.names
    wants = (Tower(((names[b],), (names[s],)), names[z]) for z, (b, s) in zip(zones, pairs, strict=True))
    return Goal(tuple(wants), kept_out(names, others, zones)), {}


NAME = "stack-smaller-over-bigger-with-same-color"
PAIRED = LongTask(NAME, paired, 5, "pairs", "colour, size", "C")
IN_ZONES = LongTask(f"{NAME}-in-same-color-zone", in_zones, 6, "pairs", "colour, size", "I")
