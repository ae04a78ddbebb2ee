"""Sorting into bowls: each block into the bowl of its colour, into another, or all into one."""

from embodied.goals import Goal, Inside
from envs.tabletop.board import Board
from envs.tabletop.brief import Asked, LongTask


def laid(board: Board, spare_bowls: int, spare_blocks: int) -> tuple[list[str], list[str]]:
    """Bowls of different colours, blocks of some of these colours, and some of neither. Names of both."""
    number = board.count(5, 7, (6, 7))
    colours = board.colours(number)
    blocks = board.count(5, number) if not board.axes.hard else number
    rest = [c for c in board.axes.palette if c not in colours]
    spare = board.chosen(rest, min(spare_bowls, len(rest)))
    bowls = [board.put("bowl", c) for c in (*colours, *spare)]
    put = [board.put("block", c) for c in board.chosen(colours, blocks)]
    rest = [c for c in rest if c not in spare]  # a block of that colour would be meant, too
    put += [board.put("block", c) for c in board.chosen(rest, min(spare_blocks, len(rest)))]
    return list(board.named(*put[:blocks])), list(board.named(*bowls[:number]))


def colour(name: str) -> str:
    """The colour in a name of a thing whose size is not said."""
    return name.partition(" ")[0]


def matching(board: Board) -> Asked:
    """Five to seven bowls and as many blocks, up to three things that match nothing."""
    blocks, bowls = laid(board, board.count(0, 1), board.count(0, 2))
    board.asks("matching", *sorted(map(colour, blocks)))
    return Goal((Inside(tuple((b, (of(bowls, b),)) for b in blocks)),)), {}


def of(places: list[str], block: str) -> str:
    """The place of a block's colour."""
    return next(place for place in places if colour(place) == colour(block))


def in_detail(board: Board) -> Asked:
    """The same, every step said."""
    blocks, bowls = laid(board, 0, board.count(0, 2))
    board.asks("matching", *sorted(map(colour, blocks)))
    steps = ", then ".join(f"put the {b} in the {of(bowls, b)}" for b in blocks)
    return Goal((Inside(tuple((b, (of(bowls, b),)) for b in blocks)),)), {"steps": steps}


def mismatching(board: Board) -> Asked:
    """Every block into any bowl that is not of its colour; bowls of colours that no block has count too."""
    blocks, _ = laid(board, board.count(0, 1), 0)
    board.asks("mismatching", *sorted(map(colour, blocks)))
    bowls = [name for name in board.names if name.endswith("bowl")]
    allowed = tuple((b, tuple(bowl for bowl in bowls if colour(bowl) != colour(b))) for b in blocks)
    return Goal((Inside(allowed),)), {}


def all_in_one(board: Board) -> Asked:
    """All blocks into one bowl; others stand beside."""
    blocks = [board.put("block", c) for c in board.colours(3)]
    bowls = [board.put("bowl", c) for c in board.colours(board.count(2, 3, (4, 5)))]
    (bowl,) = board.named(bowls[0])
    board.asks("one bowl", colour(bowl), *sorted(map(colour, board.named(*blocks))))
    return Goal((Inside(tuple((b, (bowl,)) for b in board.named(*blocks))),)), {"bowl": bowl}


MATCHING = LongTask("put-block-into-matching-bowl", matching, 5, "bowls", "colour", "B")
IN_DETAIL = LongTask("put-blocks-into-matching-bowls-with-details", in_detail, 5, "bowls", "following")
MISMATCHING = LongTask("put-block-into-mismatching-bowl", mismatching, 5, "bowls", "colour", "F")
ALL_IN_ONE = LongTask("put-all-block-in-a-bowl", all_in_one, 3, "bowls", "grounding")
