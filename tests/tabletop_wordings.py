# ruff: noqa: E501 # a sentence is a line
"""What the sentences of the tabletop mean: a scene, the goal, and wordings of it."""

from tabletop_scenes import (
    ALTERNATE,
    AREA,
    EVEN,
    MATCHING,
    PAIRS,
    PRIMITIVE,
    PYRAMID,
    SAME_COLOUR,
    SIDE,
    SIZED,
    SIZES,
    TOWERS,
)  # fmt: skip

from embodied.goals import Beside, Goal, Inside, Pyramid, Tower


def inside(**places):
    """Inside(red_block="red bowl")."""
    split = {name.replace("_", " "): (p,) if isinstance(p, str) else tuple(p) for name, p in places.items()}
    return Goal((Inside(tuple(split.items())),))


def tower(names, base="", others=(), count=None):
    """A tower in any order."""
    names = tuple(names)
    return Goal((Tower((names,) * (count or len(names)), base),), tuple((o, base) for o in others))


ALL = ("red block", "green block", "yellow block", "brown block")
MISMATCH = {
    "red_block": ("blue bowl", "green bowl"), "blue_block": ("red bowl", "green bowl"),
    "green_block": ("red bowl", "blue bowl"), "pink_block": ("red bowl", "blue bowl", "green bowl"),
}  # fmt: skip
K = Goal(
    (
        Tower((("red block 1", "red block 2"),) * 2, "red zone"),
        Tower((("blue block 1", "blue block 2", "blue block 3"),) * 3, "blue zone"),
    )
)
BIG, SMALL = ("big pink block", "big cyan block"), ("small red block", "small blue block", "small orange block")
G = Goal((Tower((BIG,) * 2, "red zone"), Tower((SMALL,) * 3, "blue zone")))
C = Goal(tuple(Tower(((f"big {c} block",), (f"small {c} block",)), "") for c in ("red", "blue")))
I = Goal(tuple(Tower(((f"big {c} block",), (f"small {c} block",)), f"{c} zone") for c in ("red", "blue")))  # noqa: E741
REDS, BLUES = ("red block 1", "red block 2"), ("blue block 1", "blue block 2")
H = Goal((Tower((REDS, BLUES, REDS, BLUES), "green zone"),))
TOP_LEFT = ("big red block", "small cyan block", "small yellow block")
E = Goal(
    (Inside((("red block 1", ("red zone",)), ("red block 2", ("red zone",)))),),
    tuple((f"blue block {i}", "blue zone") for i in (1, 2, 3)),
)
ROWS = Goal(
    (
        Pyramid(
            (("red block", "blue block", "green block"), ("yellow block", "cyan block"), ("brown block",)), "red zone"
        ),
    )
)
WARM = ("small red block", "big pink block", "small orange block")
COOL = ("big cyan block", "small blue block")
RED_YELLOW = inside(big_red_block="bottom right area", small_yellow_block="bottom right area")

WORDINGS = {
    "primitive on block": (PRIMITIVE, Goal((Tower((("blue block",), ("red block",)), ""),)), """
        Put the red block on the blue block
        pick up the red block and place it on top of the blue block.
        Stack the red cube onto the blue cube
        Take the red brick, then set it on the blue one.
        I'd like the red block to be on the blue block, please
        place the red-coloured block atop the blue one
        Could you move the red box on top of the blue box?
        grab the red cube and stack it on the blue cube
        The red block should sit on top of the blue block.
        lay the red piece on the blue piece
        Put the block that is red onto the one that is blue
        On top of the blue block, put the red block.
        Lift the red block and drop it onto the blue block
        robot, please stack red block on top of blue block
    """),
    "primitive in bowl": (PRIMITIVE, inside(red_block="yellow bowl"), """
        Put the red block in the yellow bowl
        Drop the red cube into the yellow dish
        pick the red block up and put it into the yellow container
        The red block belongs in the yellow bowl
        move the red block to the yellow bowl.
        Please place the red block inside the yellow bowl
        grasp the red brick and release it in the yellow bowl
        The yellow bowl should contain the red block
        Transfer the red block to the yellow bowl
        Fill the yellow bowl with the red block
        Into the yellow bowl goes the red cube
        Make sure the red block ends up in the yellow bowl
    """),
    "primitive in zone": (PRIMITIVE, inside(red_block="green zone"), """
        Put the red block on the green zone
        Move the red block onto the green square
        relocate the red cube to the green area
        Place the red block in the green region
        put the red one on the green patch
        set the red block down on the green square
        Bring the red block to the green zone, please
        Push the red block into the green zone
        Can you get the red cube onto the green pad?
        The red block goes to the green zone.
    """),
    "primitive with size": (SIZED, Goal((Tower((("big blue block",), ("small red block",)), ""),)), """
        Put the small red block on the big blue block
        stack the little red cube on top of the large blue cube
        place the smaller red block onto the larger blue block
        Pick up the tiny red brick and set it on the large blue brick
        The small red block should be on top of the big blue one
        move the small red one onto the big blue one
        Put the red small block on the blue big block
    """),
    "primitive with size in bowl": (SIZED, inside(big_red_block="green bowl"), """
        Put the big red block in the green bowl
        drop the larger red cube into the green bowl
        place the large red brick in the green dish
        The bigger red block goes into the green bowl
        pick up the big red one and put it in the green bowl
    """),
    "primitive absolute": (PRIMITIVE, inside(red_block="top right area"), """
        Put the red block from the bottom left area to the top right area
        Move the red block in the bottom left area to the top right area
        move the red cube that is in the lower left quarter to the upper right quarter
        Take the red block from the bottom-left area and put it in the top-right area
        Relocate the red block in the lower-left region to the upper-right region
        put the red block located in the bottom left quadrant into the top right quadrant
        Shift the red block to the top right area
        bring the red block over to the top right part of the table
        Place the red block in the top right section
        move the red block at the bottom left to the top right
    """),
    "primitive to the middle": (PRIMITIVE, inside(red_block="middle"), """
        Put the red block in the bottom left area to the middle
        move the red block to the centre of the table
        Place the red block in the middle
        Take the red cube from the lower left area and place it in the center
        shift the red block into the middle of the table
        move the red block from the bottom left area to the middle area
    """),
    "primitive left of": (PRIMITIVE, Goal((Beside("red block", "blue block", "left"),)), """
        Put the red block to the left of the blue block
        place the red cube left of the blue cube
        Move the red block to the left side of the blue block
        Set the red block on the left of the blue one
        Pick up the red block and put it on the left side of the blue block
        Put the red block on the left-hand side of the blue block
        I want the red block to the left of the blue block
        lay the red one to the left of the blue one
    """),
    "primitive above": (PRIMITIVE, Goal((Beside("red block", "blue block", "top"),)), """
        Put the red block above the blue block
        Place the red block to the top of the blue block
        move the red block to the top side of the blue block
        put the red cube behind the blue cube
        Set the red block on the far side of the blue block
    """),
    "primitive below": (PRIMITIVE, Goal((Beside("red block", "blue block", "bottom"),)), """
        Put the red block below the blue block
        Place the red block to the bottom of the blue block
        move the red block to the bottom side of the blue block
        put the red cube in front of the blue cube
        Set the red block on the near side of the blue block
    """),
    "primitive right of": (PRIMITIVE, Goal((Beside("red block", "blue block", "right"),)), """
        put the red block on the right of the blue block
        Place the red block to the right of the blue block
        move the red block to the right side of the blue block
        Set the red cube right of the blue one
    """),
    "matching": (MATCHING, inside(red_block="red bowl", blue_block="blue bowl", green_block="green bowl"), """
        Put every block into the bowl of its colour
        Put the blocks in the bowls with matching colors.
        Place all blocks in the bowls of the same color
        sort the cubes into the bowls by colour
        Each block goes into the bowl that has the same colour as the block
        Move each block to its matching bowl
        Drop every cube into the dish whose colour matches the cube's colour
        put all the blocks into the bowls with the same colour as theirs
        Every block belongs in the bowl of its own color
        Sort all blocks into the corresponding bowls
        match each block with the bowl of its color
        Put the blocks into the bowls that match their colour
        distribute the blocks among bowls according to colour
        Please make sure that each block is in the bowl with the identical colour
        Put each block in the same-colored bowl
        Take each block and place it in the bowl that shares its color
        All blocks should end up in the like-coloured bowls
        put block into matching bowl
    """),
    "matching with details": (MATCHING, inside(red_block="red bowl", blue_block="blue bowl", green_block="green bowl"), """
        Put the red block in the red bowl, then the blue block in the blue bowl, and finally the green block in the green bowl
        First put the red block in the red bowl, next put the blue block in the blue bowl, then put the green block in the green bowl.
        Place the red cube into the red bowl, the blue cube into the blue bowl and the green cube into the green bowl.
        Pick up the red block and put it in the red bowl. Pick up the blue block and put it in the blue bowl. Pick up the green block and put it in the green bowl.
        The red block goes in the red bowl; the blue one goes in the blue bowl; the green one goes in the green bowl
        put the red block into the red bowl, after that put the blue block into the blue bowl, after that the green block into the green bowl
    """),
    "mismatching": (MATCHING, inside(**MISMATCH), """
        Put every block into a bowl of another colour
        Put the blocks in the bowls with mismatched colors
        Place each block in a bowl of a different color
        put all blocks in bowls that do not match their colour
        Move every cube to a bowl whose color differs from its own
        each block goes into a bowl with a colour different from its own
        Drop each block into a non-matching bowl
        Put all the blocks into differently coloured bowls
        Sort each block into a wrong-coloured bowl
        Every block must go in a bowl that is not of its own colour
        put the blocks in the bowls of different colours
        Put block into mismatching bowl
        Place all the blocks in the bowls whose colour is different from the block's
        Every block should be in a bowl that doesn't have the same colour
    """),
    "stack on zone": (TOWERS, tower(ALL, "red zone"), """
        Stack all blocks on the red zone
        Build a tower from all the blocks on the red zone
        pile up every block on the red square
        Put all the blocks on top of each other on the red zone
        Make one tower out of all blocks in the red area
        stack everything on the red zone
        Use all the cubes to build a tower on the red zone
        heap all the bricks into a single stack on the red patch
        On the red zone, stack all of the blocks.
        Take all blocks and stack them on the red zone
        construct a tower with all blocks on the red zone
        all blocks should form a single tower on the red zone
        Stack the blocks in the red zone
        Place all the blocks on the red zone, one on top of the other
        Create a stack of all four blocks on the red zone
        Stack up all the blocks in one tower on the red square
    """),
    "stack with details": (TOWERS, Goal((Tower((("red block",), ("green block",), ("yellow block",), ("brown block",)), "red zone"),)), """
        Put the red block on the red zone, then the green block on the red block, then the yellow block on the green block, and finally the brown block on the yellow block
        First place the red block on the red zone. Then put the green block on top of it. Then put the yellow block on top of the green block. Finally put the brown block on top.
        Stack the red block on the red zone, the green block on the red block, the yellow block on the green block and the brown block on the yellow block.
        Put the red block on the red zone, put the green block on top of the red block, put the yellow block on top of the green block, put the brown block on top of the yellow block
        Stack all blocks on the red zone in this order: red, green, yellow, brown
        Stack the red block, then the green block, then the yellow block, then the brown block on the red zone
        Build a tower on the red zone from bottom to top: red, green, yellow, brown
    """),
    "same colour towers": (SAME_COLOUR, K, """
        Stack blocks of the same colour on each other, on the zone of their colour
        Stack the blocks of the same color in the zone with the same color
        Build a tower of each colour on the zone of that colour
        stack the blocks by colour on the matching zones
        Pile up blocks with the same color on the same colored zone
        For each color, stack all its blocks on the zone of that color
        Make towers of same-coloured blocks on the zones with matching colours
        Put blocks of identical colour on top of each other in the zone of their own color
        all blocks of the same colour are to be stacked on the corresponding zone
        Stack each block on the zone of its colour
        Build one tower per colour, on the square of the same colour
        Stack the cubes in the matching zones
        group the blocks by color and stack each group on the zone with the same color
    """),
    "stack warm": (SIZES, tower(("big pink block", "small red block", "small orange block"), "blue zone", COOL), """
        Stack only the warm blocks in a tower on the blue zone
        Stack the blocks of warm color on the blue zone
        build a tower of the warm-coloured blocks on the blue zone
        Pile the warm blocks on the blue square
        stack all blocks with warm colors on the blue zone
        Only stack the blocks that have warm colours on the blue zone
        Put the warm coloured cubes on top of each other on the blue zone and leave the others where they are
        Make a tower on the blue zone using only warm colored blocks
    """),
    "stack primary": (TOWERS, tower(("red block", "yellow block"), "blue zone", ("green block", "brown block")), """
        Stack the primary colour blocks on the blue zone
        Build a tower from the blocks in primary colors on the blue zone
        stack only blocks of primary colour on the blue zone, ignore the rest
        Take the primary-colored blocks and pile them on the blue square
    """),
    "by size": (SIZES, G, """
        Stack the big blocks on the red zone and the small blocks on the blue zone
        Build a tower of the big blocks on the red zone, and a tower of the small ones on the blue zone
        Stack blocks of the same size: the large ones on the red zone, the little ones on the blue zone
        Put the big blocks on the red zone, the small ones on the blue zone, a tower each
        Stack the larger cubes in the red zone and the smaller cubes in the blue zone
        First stack the big blocks on the red zone, then stack the small blocks on the blue zone.
        Pile up the big blocks on the red square; the small ones go in a pile on the blue square
        Stack all the big blocks on the red zone, and all the small ones on the blue zone.
        On the red zone stack the big blocks, on the blue zone the small blocks
        Stack the blocks by size, big ones on the red zone and small ones on the blue zone
        Make two towers: the big blocks on the red zone and the small blocks on the blue zone
        big blocks should be stacked on the red zone while small blocks should be stacked on the blue zone
        Sort the blocks by size into two stacks: large on the red zone and small on the blue zone
        stack the small blocks on the blue zone and the big blocks on the red zone
    """),
    "colour and size": (SIZES, tower(("small red block", "small orange block"), "blue zone", ("big pink block", *COOL)), """
        Stack only the small warm blocks on the blue zone
        Build a tower from the small blocks of warm color on the blue zone
        stack the little warm-coloured cubes on the blue square
        Stack the small blocks with warm colours in the blue zone
        Stack the warm colored small blocks on the blue zone
        pile the warm blocks that are small on the blue zone
    """),
    "colour in size order": (SIZES, Goal((Tower((("big pink block",), ("small red block", "small orange block"), ("small red block", "small orange block")), "blue zone"),), tuple((b, "blue zone") for b in COOL)), """
        Stack only the warm blocks on the blue zone, big ones below small ones
        Stack the warm blocks on the blue zone in size order, with the big ones at the bottom
        Build a tower of the warm blocks on the blue zone with the bigger blocks under the smaller ones
        stack the blocks of warm colour on the blue zone from big to small
        Stack the warm blocks on the blue zone, with the small blocks on top of the big blocks
        Pile up the warm-colored blocks on the blue zone, largest first
        Stack warm blocks on the blue zone in order of size, big at the bottom and small on top
        Make a tower of warm coloured blocks on the blue zone; the big ones must be at the bottom
        stack all the warm blocks on the blue zone in decreasing size
        Stack the big warm blocks below the small warm blocks on the blue zone
        Stack the warm blocks on the blue zone, the larger ones first and then the smaller ones on top
    """),
    "left of": (SIDE, tower(("big blue block", "green block".replace("green", "small green"), "big pink block"), "blue zone", ("small red block", "small yellow block")), """
        Stack all blocks to the left of the red block on the blue zone
        Build a tower on the blue zone from the blocks that are left of the red block
        stack the blocks on the left side of the red block on the blue zone
        Take every block left of the red one and pile them up on the blue square
        All blocks that lie to the left of the red block should be stacked on the blue zone
        Pile the blocks located on the left of the red block in the blue zone
        On the blue zone stack all the blocks left of the red cube
    """),
    "below of": (SIDE, tower(("small green block", "small yellow block"), "blue zone", ("small red block", "big blue block", "big pink block")), """
        Stack all blocks below the red block on the blue zone
        Build a tower on the blue zone from the blocks that are below the red block
        stack the blocks on the bottom side of the red block on the blue zone
        stack every block in front of the red block on the blue zone
        Stack the blocks which are to the bottom of the red block on the blue zone
    """),
    "left and big": (SIDE, tower(("big blue block", "big pink block"), "blue zone", ("small red block", "small green block", "small yellow block")), """
        Stack only the big blocks to the left of the red block on the blue zone
        Build a tower on the blue zone from the large blocks left of the red block
        Stack all the blocks of big size on the left side of the red block in the blue zone
        pile up the bigger blocks that are to the left of the red block on the blue square
    """),
    "area in size order": (AREA, Goal((Tower((("big red block",), TOP_LEFT[1:], TOP_LEFT[1:]), "red zone"),), (("big blue block", "red zone"), ("small green block", "red zone"))), """
        Stack all blocks of the top left area on the red zone, big below small
        Stack the blocks in the top left area on the red zone in size order
        build a tower on the red zone from the blocks of the upper left quarter, the big ones at the bottom
        Stack all the blocks from the top-left area in the red zone with the smaller ones on top of the bigger ones
        Take the blocks in the top left area and stack them on the red zone from largest to smallest
        stack the blocks in the top left area on the red zone, bigger ones below smaller ones
        Pile all blocks located in the upper-left region on the red zone, larger blocks underneath
    """),
    "area and size": (AREA, tower(TOP_LEFT[1:], "red zone", ("big red block", "big blue block", "small green block")), """
        Stack the small blocks of the top left area on the red zone
        Build a tower of the small blocks in the upper left area on the red zone
        stack only the small cubes from the top-left quarter on the red square
        Pile up the little blocks that are in the top left area on the red zone
    """),
    "alternate": (ALTERNATE, H, """
        Stack blocks alternating red and blue in a tower on the green zone, beginning with red
        Stack the red and blue blocks on the green zone in alternating colours, starting with red
        Build a tower on the green zone in which red and blue blocks alternate, with red at the bottom
        make a tower with alternate colors on the green zone, red first
        Stack red and blue blocks alternately on the green zone; start with a red one
        on the green zone, build a tower that alternates between red and blue, beginning with a red block
        Stack blocks with alternate red and blue colors on the green zone, starting with the red color.
        Pile up the blocks on the green zone, red and blue taking turns, red first
        Stack the blocks in alternating colors on the green zone, the first one red
        Build an alternating tower of red and blue blocks on the green zone. The bottom block is red.
        Create a striped tower of red and blue on the green zone starting from red
        Stack all red and blue blocks on the green zone so that no two adjacent blocks have the same colour, beginning with red
        The red and blue blocks should be stacked on the green zone alternately, beginning with the red one
        Stack a red block on the green zone, then a blue one, then red again, and so on, alternating
        Stack the blocks on the green zone with colours alternating between red and blue, where the lowest block is red
    """),
    "small over big": (PAIRS, C, """
        Stack each small block on the big block of its colour
        Stack smaller blocks over bigger blocks of the same color
        Put every small block on top of the big block with the same color
        place the little cubes on the large cubes of the same colour
        Each small block should be stacked on the big block that has the same color
        put the small block of each colour onto the big block of that colour
        Stack the smaller block on the bigger block of matching color
        For each colour, put the small block on the big one
        The small blocks go on top of the big blocks of the same colour
        Stack the blocks of the same colour with the smaller one over the bigger one
        pair up blocks of the same colour: small on top of big
        Put big blocks below small blocks of the same colour
        On each big block, put the small block of the same color
        Match each small block with the big block of its colour and put it on top
        Pick up each small block and place it on the larger block of identical colour
    """),
    "small over big in zone": (PAIRS, I, """
        Put the big block of each colour in the zone of its colour, the small one on it
        Stack smaller blocks over bigger blocks of the same color in the zone with the same color
        Stack the small block on the big block of the same colour in the same-coloured zone
        Place each big block in the zone of its colour and put the small block of that colour on top
        On each zone, stack the blocks of its color, the big one below the small one
        In the zones of matching colour, stack each small block on top of the big block with the same colour
        for every colour, put the big block on the matching zone and then the small block on top of it
        Stack blocks of the same color on the zone of the same color with the smaller over the bigger
        Build towers on the zones of the same colour, big blocks at the bottom and small blocks on top
        Put the small blocks on the big blocks of the same colour, in the zones of their colour
        Move the bigger block of each color to the same color zone, then stack the smaller one of that color on it
    """),
    "area": (AREA, tower(TOP_LEFT, "top left area"), """
        Stack all blocks of the top left area on each other, there
        Stack all the blocks in the top left area
        Build a tower from the blocks in the upper left quarter, in that area
        pile up the blocks that are in the top-left area within that area
        Make a stack of all the blocks lying in the upper-left region
        Take the blocks of the top left area and stack them there
        In the top left area, stack all blocks on top of each other
        Stack the cubes located in the top left section into one tower in the same area
        All blocks in the top left quadrant should be stacked in the top left quadrant
        In the top left area, build a tower with all blocks in it
        build a single tower out of everything in the top left area, without leaving the area
        Put the blocks in the top left area on top of one another
    """),
    "even": (EVEN, E, """
        Put the blocks whose colour occurs an even number of times into the zone of their colour
        Put the even blocks in the same color zone
        Move all blocks of a color that occur in even numbers to the same colored zone
        If a colour has an even number of blocks, put these blocks in the zone of that colour
        place blocks with an even count of their colour into the matching zone
        Blocks of colours that appear an even number of times go to the zone of the same colour
        Put the blocks of even number in the zone with the same colour
        For every colour with an even number of blocks, move them to the zone of that colour
        Colors with an even amount of blocks: put them in the zone of their color
        sort into matching zones only the blocks whose color appears an even number of times
        Move even-numbered blocks of the same color to the same-color zone
        only blocks of which there is an even number in their colour should be put in the zone of the same colour
    """),
    "between areas": (AREA, inside(**{n.replace(" ", "_"): "bottom right area" for n in TOP_LEFT}), """
        Move everything from the top left area to the bottom right area
        Move all blocks in the top left area to the bottom right area
        bring the blocks of the upper left quarter to the lower right quarter
        Put all the blocks from the top-left area into the bottom-right area
        transfer every block located in the top left region to the bottom right region
        Take all the cubes in the upper-left area and place them in the lower-right area
        relocate all blocks from the top left to the bottom right
        Everything in the top left area should go to the bottom right area
        The blocks in the top left quadrant belong in the bottom right quadrant
        shift all blocks that are in the top left section over to the bottom right section
        to the bottom right area, move all blocks from the top left area
        Clear the top left area: move its blocks to the bottom right area
        Empty the top left area by moving all blocks to the bottom right area
    """),
    "between areas by size": (AREA, Goal(inside(small_cyan_block="bottom right area", small_yellow_block="bottom right area").wants, (("big red block", "bottom right area"),)), """
        Move the small blocks from the top left area to the bottom right area
        Move all small size blocks in the top left area to the bottom right area
        bring only the little cubes of the upper left quarter to the lower right quarter
        Put the small blocks in the top-left area into the bottom-right area
        Transfer all blocks of small size from the top left area to the bottom right area
    """),
    "between areas by colour": (AREA, Goal(RED_YELLOW.wants, (("small cyan block", "bottom right area"),)), """
        Move the warm blocks from the top left area to the bottom right area
        Move all blocks of warm color in the top left area to the bottom right area
        bring the warm-coloured cubes of the upper left quarter to the lower right quarter
        Put only the blocks with primary colours from the top-left area into the bottom-right area
        transfer the warm and primary coloured blocks in the top left area to the bottom right area
        Relocate the blocks in the top left area that have a warm colour to the bottom right area
    """),
    "between areas by size and colour": (AREA, Goal(inside(small_yellow_block="bottom right area").wants, (("big red block", "bottom right area"), ("small cyan block", "bottom right area"))), """
        Move the small warm blocks from the top left area to the bottom right area
        Move all small blocks of warm color in the top left area to the bottom right area
        bring the little warm-coloured cubes of the upper left quarter to the lower right quarter
        Put only the small blocks with primary colours from the top-left area into the bottom-right area
    """),
    "all in bowl": (PRIMITIVE, inside(red_block="yellow bowl", blue_block="yellow bowl", green_block="yellow bowl"), """
        Put all blocks in the yellow bowl
        put every block into the yellow bowl
        Gather all the cubes in the yellow bowl
        Collect all blocks in the yellow dish
        drop everything into the yellow bowl
        All the blocks should be in the yellow bowl
        Fill the yellow bowl with all the blocks
        Pick up all the blocks and put them in the yellow bowl
    """),
    "all in corner": (PRIMITIVE, inside(red_block="bottom left corner", blue_block="bottom left corner", green_block="bottom left corner"), """
        Put all blocks to the bottom left corner
        Move every block to the lower left corner
        Gather all the blocks in the bottom-left corner of the table
        put all the cubes in the corner at the bottom left
        bring everything into the lower-left corner
        Place all blocks on the bottom left corner
    """),
    "pyramid": (PYRAMID, ROWS, """
        Build a pyramid on the red zone: red, blue and green at the bottom, yellow and cyan in the middle, brown on top
        Stack a pyramid in the red zone with the red, blue and green blocks at the base, the yellow and cyan blocks in the second row and the brown block at the top
        Make a pyramid on the red zone. The bottom row is made of the red, blue and green blocks, the middle row of the yellow and cyan blocks, and the top is the brown block.
        On the red square construct a pyramid whose lowest layer is red, blue, green, whose second layer is yellow, cyan, and whose top is brown
        Form a pyramid on the red zone: brown on top of yellow and cyan, which are on top of red, blue and green
        Put the red, blue and green blocks on the red zone, yellow and cyan blocks on top of them, and the brown block on the very top to form a pyramid
    """),
}  # fmt: skip
"""name -> (scene, goal, wordings, one a line)."""


def wordings(text):
    """The lines of a text."""
    return [line.strip() for line in text.strip().splitlines()]


def same(one, other):
    """Two goals want the same, in whatever order they say it."""
    return plain(one) == plain(other)


def plain(goal):
    """A goal without order where none counts."""
    found = set()
    for want in goal.wants:
        if isinstance(want, Inside):
            found.add(frozenset((block, frozenset(places)) for block, places in want.allowed))
        elif isinstance(want, Tower):
            found.add((want.base, tuple(frozenset(floor) for floor in want.floors)))
        elif isinstance(want, Pyramid):
            found.add((want.base, tuple(frozenset(row) for row in want.rows)))
        else:
            found.add(want)
    return found, frozenset(goal.outside)
