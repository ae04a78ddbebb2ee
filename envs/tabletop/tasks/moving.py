"""From one quarter of the table to another, or to a corner: all blocks, or those of a size or of groups of colours."""

from collections.abc import Callable

from embodied.goals import Goal, Inside
from embodied.scenery import AREAS, WORKSPACE
from envs.tabletop.board import GROUPS, Board, Crowded
from envs.tabletop.brief import Asked, LongTask
from envs.tabletop.scene import Thing
from envs.tabletop.tasks.picking import QUARTERS
from envs.tabletop.tasks.towers import SIZES


def moved(board: Board, meant: Callable[[Thing], bool], words: dict[str, str], *key: str) -> Asked:
    """Blocks of a quarter that are meant go to another; of that quarter the others stay out of the second."""
    source, target, third, fourth = board.chosen(QUARTERS, 4)
    kinds = ("block", "big") if "size" in words else ("block",)
    every = [Thing(kind, colour, 0, 0) for kind in kinds for colour in board.axes.palette]
    mine, rest = [t for t in every if meant(t)], [t for t in every if not meant(t)]
    if not mine or (words and not rest):
        raise Crowded("the words make no difference")
    board.asks("move", source, target, *key)

    def laid(things: list[Thing], number: int, *areas: str) -> list[int]:
        drawn = (things[int(i)] for i in board.rng.integers(len(things), size=number))
        return [board.put(t.kind, t.colour, areas[i % len(areas)]) for i, t in enumerate(drawn)]

    moving = laid(mine, board.count(3, 5, (5, 7)), source)
    staying = laid(rest, board.count(1, 2) if words else 0, source)
    laid(every, board.count(0, 3, (3, 5)), third, fourth)
    names = board.names
    goal = Goal((Inside(tuple((names[i], (target,)) for i in moving)),), tuple((names[i], target) for i in staying))
    return goal, {"source": source, "target": target, **words}


def groups(board: Board) -> tuple[str, tuple[str, ...]]:
    """One or two groups in words, and their colours."""
    chosen = board.chosen(tuple(GROUPS), board.count(1, 2))
    colours = tuple(c for c in board.axes.palette if any(c in GROUPS[g] for g in chosen))
    if not colours or len(colours) == len(board.axes.palette):
        raise Crowded(f"{chosen} are all or none of the colours")
    return " and ".join(chosen), colours


def everything(board: Board) -> Asked:
    """All blocks of a quarter."""
    return moved(board, lambda thing: True, {})


def by_size(board: Board) -> Asked:
    """Those of a size."""
    size = board.one(tuple(SIZES))
    return moved(board, lambda thing: thing.kind == SIZES[size], {"size": size}, size)


def by_colour(board: Board) -> Asked:
    """Those of one or two groups of colours."""
    group, colours = groups(board)
    return moved(board, lambda thing: thing.colour in colours, {"group": group}, group)


def by_both(board: Board) -> Asked:
    """Those of a size and of one or two groups."""
    size = board.one(tuple(SIZES))
    group, colours = groups(board)
    words = {"group": group, "size": size}
    return moved(board, lambda t: t.kind == SIZES[size] and t.colour in colours, words, group, size)


def to_corner(board: Board) -> Asked:
    """All blocks to a corner of the table; none lies there."""
    corner = board.one(tuple(name for name in AREAS if name.endswith("corner")))
    blocks = [board.put("block", c, WORKSPACE, [AREAS[corner]]) for c in board.colours(board.count(3, 4, (4, 4)))]
    board.asks("corner", corner, *sorted(board.things[i].colour for i in blocks)[:2])
    return Goal((Inside(tuple((name, (corner,)) for name in board.named(*blocks))),)), {"corner": corner}


NAME = "move-blocks-between-absolute-positions"
EVERYTHING = LongTask(NAME, everything, 3, "moving", "space", "J")
BY_SIZE = LongTask(f"{NAME}-by-size", by_size, 3, "moving", "size, space")
BY_COLOUR = LongTask(f"{NAME}-by-color", by_colour, 3, "moving", "space, common sense")
BY_BOTH = LongTask(f"{NAME}-by-size-and-color", by_both, 3, "moving", "size, space, common sense")
TO_CORNER = LongTask("put-all-block-on-corner", to_corner, 3, "moving", "space")
