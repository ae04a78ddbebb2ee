"""Blocks under others: they come to light when what covers them is put aside, anywhere, and go to bowls."""

from embodied.goals import Goal, Inside
from embodied.plans import GAP
from embodied.scenery import Region
from envs.tabletop.board import Board
from envs.tabletop.brief import Asked, LongTask
from envs.tabletop.shapes import BLOCK

SPREAD = Region((0.3, -0.34), (0.62, 0.34))


def towers(board: Board, number: int, layers: int) -> tuple[list[list[int]], tuple[str, ...]]:
    """Towers of so many layers, their colours all different. Numbers of their blocks from below."""
    colours = board.colours(min(number * layers, len(board.axes.palette)))
    found = []
    for i in range(number):
        names = [colours[(i + j * number) % len(colours)] for j in range(layers)]
        pile = [board.put("block", names[0], SPREAD)]
        for name in names[1:]:
            pile.append(board.on(name, pile[-1]))
        found.append(pile)
    return found, tuple(board.things[pile[0]].colour for pile in found)


def wanted(board: Board, hidden: list[int], bowls: list[int]) -> Goal:
    """Every hidden block in the bowl of its colour."""
    of = {board.things[i].colour: i for i in reversed(bowls)}
    pairs = [(board.named(i)[0], board.named(of[board.things[i].colour])) for i in hidden]
    return Goal((Inside(tuple(pairs)),))


def one(board: Board) -> Asked:
    """One tower of two; a block of the hidden one's colour lies elsewhere, and is not meant."""
    (pile,), (colour,) = towers(board, 1, 2)
    cover = board.things[pile[1]].colour
    bowls = [board.put("bowl", c) for c in (colour, *board.colours(board.count(2, 4, (4, 5)), (colour,)))]
    board.put("block", colour)
    for c in board.colours(board.count(1, 3, (3, 4)), (colour, cover)):
        board.put("block", c)
    board.asks("hidden", cover, colour)
    return wanted(board, pile[:1], bowls), {"cover": f"{cover} block"}


def several(board: Board, number: int, layers: int) -> Asked:
    """Towers, and bowls in the colours of the hidden blocks and in others."""
    piles, colours = towers(board, number, layers)
    others = board.colours(board.count(0, 1, (1, 2)), colours)
    bowls = [board.put("bowl", c) for c in (*colours, *others)]
    board.asks("hidden", *sorted(colours))
    return wanted(board, [pile[0] for pile in piles], bowls), {}


def two_layers(board: Board) -> Asked:
    """Two or three towers of two."""
    return several(board, board.count(2, 3, (3, 4)), 2)


def three_layers(board: Board) -> Asked:
    """Two towers of three."""
    return several(board, 2, 3)


def pyramid(board: Board) -> Asked:
    """A pyramid of six: the three below go to bowls."""
    colours = board.colours(6)
    centre = board.put("block", colours[0], Region((0.4, -0.2), (0.54, 0.2)))
    x, y = board.things[centre].x, board.things[centre].y
    board.things.pop()
    rows = [(0, -GAP), (0, 0.0), (0, GAP), (1, -GAP / 2), (1, GAP / 2), (2, 0.0)]
    blocks = [
        board.put_at("block", colour, x, y + across, row * BLOCK, 0.0)
        for colour, (row, across) in zip(colours, rows, strict=True)
    ]
    others = board.colours(board.count(0, 1, (1, 2)), colours[:3])
    bowls = [board.put("bowl", c) for c in (*colours[:3], *others)]
    board.asks("hidden", *sorted(colours[:3]))
    return wanted(board, blocks[:3], bowls), {}


TAIL = "into-matching-bowl"
ONE = LongTask(f"put-hidden-block-{TAIL}", one, 2, "hidden", "hidden objects")
TWO = LongTask(f"put-hidden-blocks-in-two-layer-towers-{TAIL}s", two_layers, 4, "hidden", "hidden objects, colour")
THREE = LongTask(f"put-hidden-blocks-in-three-layer-towers-{TAIL}s", three_layers, 6, "hidden", "hidden objects")
PYRAMID = LongTask(f"put-hidden-blocks-in-pyramid-{TAIL}s", pyramid, 6, "hidden", "hidden objects")
