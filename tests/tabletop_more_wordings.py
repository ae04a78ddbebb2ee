"""More wordings of the rows of `tabletop_wordings`, written after the grammar first read all of those."""

# ruff: noqa: E501 # a sentence is a line
MORE = {
    "primitive on block": """
        Kindly place the red cube upon the blue cube.
        The blue block should have the red block on top of it.
        Would you mind putting the red block on the blue block?
        Set red cube over blue cube
        I need the red block stacked on the blue block
        Hey robot, grab the red block and put it right on top of the blue one!
        Take hold of the red block and rest it on the blue block
        red block on blue block
        Position the red block so that it sits on the blue block
        We want the red block on top of the blue block.
        Get the red block and stack it atop the blue block
        The red cube needs to go on top of the blue cube
        the red cube on top of the blue cube, please
        Take the red object and place it on top of the blue object.
        Make the red block rest on the blue block
        Please ensure the red block is placed on the blue block.
        Lift the red block, move it over the blue block, and put it down on the blue block
        I want you to put the red block onto the blue block
    """,
    "primitive in bowl": """
        Could you please toss the red block into the yellow bowl
        The red cube has to be inside of the yellow bowl
        deposit the red block in the yellow bowl
        Get the red block into the yellow bowl
        Let the red block be in the yellow bowl
        I'd like you to put the red block in the bowl that is yellow
        Have the red block placed in the yellow-colored bowl.
        red block into yellow bowl please
        Pick the red cube and drop it inside the yellow bowl.
        The task is to put the red block in the yellow bowl
        relocate the red block so that it lies in the yellow bowl
        Find the red block and place it in the yellow bowl
        Using the gripper, place the red block in the yellow bowl
    """,
    "primitive in zone": """
        Carry the red block over to the green square.
        The green zone should hold the red block
        slide the red block to the green zone
        Let the red block be on the green zone
        Would you drop the red brick off at the green zone?
        Transport the red block to the green painted square
        put the red block within the green zone
        Pick and place the red block onto the green zone
        The red block must be moved to the green zone
        Set the red block in the green square area
        Put the red block somewhere inside the green zone
        Leave the red block on the green zone
    """,
    "primitive with size": """
        Take the small red block and stack it on the large blue block
        The little red block goes on the big blue one.
        Get the small-sized red block on top of the big-sized blue block
        Put the red block that is small on the blue block that is big
        set the smallest red block on the biggest blue block
        put the small red cube atop the large blue cube
        Find the smaller red block and stack it on the larger blue block.
    """,
    "primitive absolute": """
        Take the red block out of the bottom left area and drop it in the top right area
        The red block of the lower left area belongs in the upper right area
        There is a red block in the bottom left area; move it to the top right area
        Could you move the red cube, which is in the bottom left area, to the upper right area?
        Get the red block that lies in the bottom left quarter of the table to the top right quarter of the table
        Take the red block that's in the bottom left area and move it to the top right area
        From the bottom left area, move the red block to the top right area
        Pick up the red block from the lower left quadrant of the table and put it down in the upper right quadrant
        the red block in the bottom left area should be in the top right area
    """,
    "primitive left of": """
        Position the red block so that it is left of the blue block
        The red block should be left of the blue block
        Place the red block on the blue block's left
        Get the red cube to the left of the blue cube
        Move the red block so it is to the left of the blue block
        Pick up the red block and place it to the left of the blue block.
        Place the red block directly left of the blue block
    """,
    "primitive right of": """
        The red block should be to the right of the blue block
        drop the red block at the right side of the blue block
        Get the red one on the right-hand side of the blue one
    """,
    "matching": """
        All the blocks need to be sorted by color into the bowls.
        Every cube should be inside the bowl of matching colour.
        Please tidy up: each block into the bowl of its own colour
        For each block, put it in the bowl that has the same color.
        Whatever color a block has, place it in the bowl of that color
        Blocks go into bowls of the same color.
        put each block where it belongs: in the bowl with its color
        I want all blocks placed inside bowls that share their colour
        each bowl should receive the blocks of its colour
        Fill each bowl with the blocks of the same colour
        Bring every block to the bowl with the corresponding colour
        Pair each block with the bowl of identical colour by putting it inside
        Make every block end up in its color-matched bowl
        Sort the blocks so that each one is in the bowl with the same colour
        group the blocks in bowls by their colors
        Put all the cubes in bowls with the same color as the cubes.
        Place each block in the bowl of matching color.
        Put all blocks in their matching bowls
        Put every block in its corresponding colored bowl
        move the blocks to bowls having the same colours
        Each of the blocks goes inside the bowl whose color it shares
        Sort the colored blocks into their respective bowls
        place all the blocks into their color-matching bowls
        I'd like every block to be put in the bowl with matching color
        Drop all blocks into bowls of their own color
        Put blocks in the bowls of the corresponding colour
        Take all the blocks and sort them into bowls of the same color
        Organize the blocks by placing each in a bowl of the same color
        For each block, place it into the same color bowl
        Match the blocks to the bowls by color
        Ensure every block ends up in the bowl that matches it in colour
    """,
    "mismatching": """
        Every block should be inside a bowl of mismatching colour.
        Please put each of the blocks into a bowl with a color other than its own
        Each block must end up in a bowl having a different colour from the block
        Put the blocks into bowls of colors different from their own
        Blocks go into bowls with non-matching colors
        Place all blocks in bowls which are not of the same color
        drop the cubes in bowls whose colors do not match theirs
        Sort blocks into bowls with different colours than the blocks
        Put each block in any bowl that isn't the same colour as it
        Put all blocks into bowls with unlike colours
        For each block choose a bowl with a different color and put it there
        Place each block in a bowl that has a different color than the block
        Put all blocks in bowls with colors that don't match
        Put each block into a bowl whose colour is not the same
        Place every block in a bowl of any other color
        Put the blocks in mismatched bowls
        sort the blocks into non-matching bowls
        Each block should be placed in a bowl that is not its color
        Put each block in a bowl that has a color unlike its own
        Move every block into a bowl that's a different colour
    """,
    "stack on zone": """
        I would like a tower of all the blocks on the red zone.
        Could you stack every cube on top of the red zone?
        the red zone should hold a tower made of all the blocks
        Gather all blocks and stack them up on the red square
        Every block must be stacked on the red zone
        Create one tall tower on the red zone that contains all blocks
        On the red patch, make a stack of all the bricks
        Place the blocks one on another on the red zone
        stack the four blocks on the red zone
        Pile everything up on the red zone
        Assemble a tower from every block on the red area
        Please arrange all of the cubes as one stack on the red zone
        Stack all of the blocks into one tower in the red zone
        Make a tower of all blocks upon the red square
        All blocks must be stacked up in the red zone.
        Build a single stack with every block on the red zone
        Form a column with all blocks on the red zone
        Place all blocks in a stack on the red zone
        Put all blocks in a tower on the red zone
    """,
    "stack with details": """
        Start by putting the red block on the red zone. Next, place the green block on the red block. After that, place the yellow block on the green block. Lastly, place the brown block on the yellow block.
        Begin with the red block on the red zone, then add the green block on top, then the yellow block, then the brown block
        Place the red block on the red zone, stack the green block on it, stack the yellow block on the green one, and stack the brown block on the yellow one
        First, pick up the red block and place it on the red zone; second, pick up the green block and place it on the red block; third, pick up the yellow block and place it on the green block; finally, pick up the brown block and place it on the yellow block.
        Stack the blocks on the red zone in the order red, green, yellow, brown from bottom to top
        Put the red block on the red zone; put the green block on top of that; put the yellow block on top of that; put the brown block on top of that
        Put the red block on the red zone, followed by the green block, the yellow block and the brown block on top of each other
        Step 1: put the red block on the red zone. Step 2: put the green block on the red block. Step 3: put the yellow block on the green block. Step 4: put the brown block on the yellow block.
    """,
    "same colour towers": """
        Each zone gets a tower of the blocks of its colour.
        Stack all the red blocks on the red zone and all the blue blocks on the blue zone
        Build towers of blocks with equal color, each on the zone with that color
        Blocks with the same colour should be piled up on the zone that has their colour
        Sort the blocks into towers by colour, each tower on the zone of the same colour
        Stack same color blocks together on the zone that matches their color
        Put all blocks of one colour in a tower on the zone of this colour
        For every zone, stack the blocks with its color on it
        On every zone build a tower from the blocks of the same colour
        stack each colour's blocks on the zone of that colour
        pile the same-colored cubes on their matching squares
        Make a stack for each colour on the same-coloured zone
        Stack same-coloured blocks together on the zone with the same colour
        Stack blocks of the same color on the zone with the same color
        Build color-matched towers: every block is stacked in the zone of its color
        All blocks with the same color should be stacked in the zone of the matching color.
        Create stacks of blocks sharing the same color in their matching zones
        In each zone, stack all blocks that share the zone's color
        Stack all the blocks of each color on top of each other in the zone of the same color
        For every color that has a zone, pile its blocks in that zone
        Put the blocks of the same colour in one tower, each tower on the zone with that colour
        Arrange the blocks in single-coloured towers on the zones of their colour
    """,
    "stack warm": """
        I want a tower of the blocks with warm colours, and nothing else, on the blue zone
        Build a stack on the blue zone from just the warm coloured blocks
        Pick all the warm-colored blocks and stack them on the blue zone
        Only the warm-coloured cubes should be stacked in the blue zone
        Stack every block whose colour is warm on the blue zone
        The blue zone should hold a tower of the warm blocks
        Of all the blocks, stack only the warm ones on the blue zone
        stack the blocks that are warm in colour on the blue zone
        Stack all warm color blocks on the blue zone
        Stack the blocks having warm colors on the blue zone.
        Form a tower on the blue zone out of the blocks with a warm color
        Stack only blocks in warm colours on the blue zone
    """,
    "by size": """
        I want the big blocks stacked on the red zone and the small blocks stacked on the blue zone
        Large blocks go in a tower on the red zone, small blocks go in a tower on the blue zone.
        Separate the blocks by size: stack the large ones on the red square and the small ones on the blue square
        All large cubes get stacked in the red zone; all small cubes get stacked in the blue zone
        Create two stacks, one of big blocks on the red zone and one of small blocks on the blue zone
        Build one tower with the big cubes on the red zone and another tower with the small cubes on the blue zone
        Pile the bigger bricks on the red patch, and the smaller bricks on the blue patch
        Stack blocks of the same size together, the big ones on the red zone and the small ones on the blue zone
        Please stack all large blocks on the red zone. Then stack all small blocks on the blue zone.
        Use the red zone for a tower of the big blocks and the blue zone for a tower of the small blocks
        The big blocks should form a tower on the red zone, the small blocks should form a tower on the blue zone
        Group the blocks by size; pile the big group on the red zone and the small group on the blue zone
        Stack the small blocks on the blue zone. The rest go in a stack on the red zone.
        the bigger blocks must be piled on the red area, the smaller ones on the blue area
        Put the large blocks on top of one another on the red zone, and the small blocks on top of one another on the blue zone
        Stack blocks of the same size in the zones: big blocks in the red zone, small blocks in the blue zone
        Stack the bigger blocks on the red zone; stack the smaller blocks on the blue zone
        Make a tower of large blocks on the red zone and another of small blocks on the blue zone
        Put all big blocks in one stack on the red zone and all small blocks in another stack on the blue zone
        large blocks: stack on the red zone. small blocks: stack on the blue zone.
        Big blocks are stacked on the red zone and small ones on the blue zone
        Build the big blocks into a tower on the red zone and the small blocks into a tower on the blue zone
        stack big blocks in the red zone then stack small blocks in the blue zone
        All of the big blocks should be on top of each other on the red zone, and all of the small blocks on top of each other on the blue zone
    """,
    "colour in size order": """
        Stack only the warm-coloured blocks on the blue zone so that bigger blocks are below smaller blocks
        Make a tower of all warm blocks on the blue zone, placing the large ones first and the small ones above
        Build a tower on the blue zone with the warm blocks, biggest at the bottom
        Stack the warm blocks on the blue zone, sorted by size with the larger ones at the bottom
        on the blue zone, stack the blocks of warm colours, putting the smaller over the bigger
        Stack warm blocks in the blue zone from the biggest at the bottom to the smallest at the top
        Pile the warm colour blocks on the blue zone by size, large to small
        stack blocks with warm colors on the blue zone, big blocks go under small blocks
    """,
    "left of": """
        Whatever blocks are on the left of the red block, stack them on the blue zone
        stack on the blue zone all the blocks that stand to the left of the red block
        Find all blocks to the left of the red block and build a tower with them on the blue zone
        the blocks positioned left of the red block go in a stack on the blue zone
        All the blocks on the red block's left side should be stacked on the blue zone
        Stack all blocks that are on the left of the red block in a tower on the blue zone
        Stack blocks located to the left of the red block onto the blue zone
        Make a stack on the blue zone of all blocks which lie left of the red block
    """,
    "area in size order": """
        Stack every block that is in the top left area onto the red zone, with large blocks under small blocks
        Collect the blocks in the top left area and build a tower on the red zone, larger blocks at the bottom and smaller ones on top
        Stack all top left blocks on the red zone, large below small
        On the red zone, stack the blocks from the top left area, big ones first
    """,
    "alternate": """
        Build a tower on the green zone alternating red, blue, red, blue
        Stack the blocks on the green zone alternating between red and blue, starting with red at the base
        Make the tower on the green zone alternate in color: red first, then blue, and so on
        I want a tower on the green zone whose blocks alternate between red and blue with red lowest
        On the green zone, stack red and blue blocks in turns, beginning with red.
        Pile red and blue blocks alternately on the green square, with a red block as the base
        Create a stack in the green zone with alternating red and blue blocks. Begin with red.
        Use the red and blue blocks to build a tower with alternating colors on the green zone, red goes first
        Stack blocks of alternate colors (red and blue) on the green zone; start from red
        Stack blocks in the green zone such that the colors alternate between red and blue, red at the bottom
        The tower on the green zone should alternate red and blue, starting with a red block at the bottom
        stack red and blue cubes on the green zone by turns, red comes first
        Alternate red and blue blocks in one stack on the green zone, red being the first
        Build a red-blue alternating tower on the green zone beginning with red
        Stack alternately a red and a blue block on the green zone, beginning with a red one
        Stack the blocks with alternating colors, red and blue, on the green zone, starting from red
        Build a tower with alternate red and blue blocks on the green zone, starting with a red block
        In the green zone, alternately stack red and blue blocks, red being at the bottom
        Make an alternating red and blue stack on the green zone with the first block red
        Stack the red and blue blocks one after another in alternating order on the green zone, beginning with red
        place red and blue blocks in alternation on top of each other on the green zone with red on the bottom
        Stack blocks on the green zone so the colors go red, blue, red, blue
        Create a tower on green zone: alternate colours, red then blue
        Stack red and blue blocks on the green zone so that the colours alternate; the lowest one is red
        red and blue should take turns in a tower on the green zone, and the first is red
    """,
    "small over big": """
        For each color, stack the smaller block on the bigger block.
        The small block of every colour belongs on the big block of the same colour.
        Every big block should carry the small block of its colour
        Put small blocks atop large blocks with matching colours
        Place each of the small blocks on top of its same-colored large block
        Stack the little block onto the large block whenever they have the same colour
        Each big block should get the small block of the same colour on top
        Take each small cube and set it on the big cube of the same color.
        Stack blocks of the same color, small on top of big
        Stack same-colored blocks with the big one below and the small one above
        For every colour build a tower with the big block at the bottom and the small block on top
        Within each colour, put the small block over the big one
        Make little towers: on each large block sits the small block of the same colour
        The smaller cubes should be stacked on the larger cubes with the same color
        build pairs of the same colour, the smaller on the larger
        small blocks on top of big blocks of the same color
        Stack the smaller blocks on top of the bigger blocks of the same colour
        Put each small block on top of the same coloured big block
        Stack small blocks over big blocks with the same color
        place every little block on the larger block sharing its colour
        Stack same-color blocks, smaller over bigger
        Set the small blocks on their matching big blocks
        The small cube must be on the big cube of the same colour, for each colour
        For each pair of same-colored blocks, stack the small one on the big one
        In each colour, the smaller block goes on top of the bigger block
        small blocks go above big blocks of the same color
        Combine blocks of the same color by placing the small on the big
    """,
    "small over big in zone": """
        In each zone put the big block of the same colour and on top of it the small block of the same colour
        Stack the small block over the big block of the same colour on the zone of that colour
        For each colour, build a tower on the zone of that colour with the big block below and the small block above
        Place the big blocks in the zones of their colour, then stack the small blocks of the same colour on them
        Stack blocks of the same color in the same color zone, with smaller blocks over bigger blocks
        Put each large block on the zone with the same color and stack the matching small block on top
        The big blocks go to the zones of their colours and the small blocks go on top of the big blocks of the same colour
        First move the big block of each colour to its matching zone, then put the small block of the same colour on top of it
        On the zones of the same color, stack small blocks over big blocks
        Each zone should hold the big block of its colour with the small block of its colour on top
        Pile the small cube on the big cube of the same colour inside the zone of the same colour
        Stack the smaller block on the bigger block of the same colour in the zone with the same colour
        Stack each small block over the big block of the same color on the matching zone
        Move the big blocks to the zones of their colour and stack the small blocks of the same colour on top
        Put every big block in the zone of its color. Then put each small block on the big block of its color.
        Stack blocks of each colour on the zone of the same colour, small over big
        In the same-colored zones, stack the smaller blocks over the bigger blocks of the same colour
        On each zone build a tower of the same colour with the larger block at the base and the smaller block on top
        for each colour: big block onto the zone of that colour, small block onto the big block
    """,
    "area": """
        All the blocks in the top left area should be stacked into a tower in that area
        Within the top left area, make one stack of all its blocks
        Stack the blocks which are in the top left area on top of each other, staying in that area
        Turn the blocks in the top left area into a tower there
        Pile up everything in the upper left area right there
        Gather the blocks of the top-left quarter into one tower, keeping it in the top-left quarter
        Stack all the blocks found in the upper left area inside the same area
        Stack the blocks in the top left area.
        Build a tower in the top left area using the blocks that are there
        In the upper-left quadrant, pile all blocks on each other
        Make a tower of the blocks of the top left area in the top left area
        heap up all cubes lying in the top left region
        Use all the blocks in the top left area to build a tower in the same place
        Every block in the top left area should go into one stack in the top left area
        Stack all blocks in the top left area
        Stack the blocks that are in the top left area into one tower within the same area
        Create a stack of all blocks located in the upper left area, in place
        Take all blocks in the top left area and pile them on top of each other in the top left area
        Without leaving the top left area, stack all the blocks that are in it
        Only stack the blocks of the top left area, in the top left area
        The blocks from the top left area should form a tower in that same area
    """,
    "even": """
        Only blocks with an even count per colour go to the zone of their colour.
        Move blocks to the zone of the same color if the number of blocks of that color is even
        Put blocks into the zone of their own color only for the colors with an even number of blocks
        All blocks of which there are an even number of the same colour belong in the zone of that colour
        For each colour that has an even number of blocks, place those blocks in the same-coloured zone
        The blocks of every colour that appears an even number of times should be in the zone with the same colour
        Take the blocks whose colour has an even number of members and place them on the matching zone
        count the blocks of each colour; if the count is even, move them into the zone of that colour
        Blocks whose color count is even should go to the zone with the matching color
        place the even-numbered colour blocks in their corresponding zones
        if the number of blocks of a colour is even, put all of them in the zone of the same colour
        Colours that occur an even number of times: move their blocks to the matching zone
        Put the blocks of colours with even quantities in the zones of the same colours
        Move the same-coloured blocks that come in an even number to the zone with the same color
        Put even number of blocks of the same color into the same color zone
        Put blocks into the same colored zones if they occur an even number of times
        Move the blocks of colours with an even count to the same-coloured zones
        Put the blocks whose colors have an even number of blocks into the matching zones
        Place blocks of the same color in the same color zone when their number is even
        only move blocks to the zone of their color if there is an even number of them
        Blocks with even counts go in the same color zones
        The blocks that come in even numbers belong in the zones of their colors
        Find the colors with an even number of blocks and place these blocks in the zones of the same color
        For colours occurring an even number of times, put the blocks into the zone of the same colour
    """,
    "between areas": """
        All the blocks in the top left area need to go to the bottom right area.
        Carry every block from the upper-left area over to the lower-right area
        what is in the top left area should be moved to the bottom right area
        Pick every block in the top left area and put it in the bottom right area
        Send all cubes of the top left quadrant to the bottom right quadrant
        Put whatever blocks are in the top left area into the bottom right area
        Move the contents of the top left area to the bottom right area
        The bottom right area should contain all the blocks of the top left area
        From the top left area, move all blocks to the bottom right area
        Please relocate everything that lies in the upper left region of the table to the lower right region of the table
        Blocks in the top left area: move them to the bottom right area
        Transfer all the objects from the left top area to the right bottom area
        bring all the blocks that are currently in the top left over to the bottom right
        I want the blocks from the top left area in the bottom right area
        collect all blocks from the top-left area and drop them off in the bottom-right area
        Move every block that is in the top left area into the bottom right area
        All of the blocks within the top left area go to the bottom right area
        Take everything in the top left area and put it in the bottom right area
        Clear out the top left area by putting all of its blocks in the bottom right area
        Pick up the blocks in the top left area and place them in the bottom right area.
        Blocks from the top-left area should be brought to the bottom-right area
        Shift the blocks located at the top left to the bottom right of the table
        move all blocks situated in the top-left part of the table to the bottom-right part of the table
    """,
    "between areas by size": """
        Only the small blocks in the top left area should be moved to the bottom right area
        From the top left area, move just the small blocks to the bottom right area
        All the little blocks lying in the top left area go to the bottom right area
        Of the blocks in the top left area, move the small ones to the bottom right area
        relocate the smaller cubes from the upper left to the lower right and leave the bigger ones where they are
        Move all blocks of small size from the top left area to the bottom right area
        Pick the small blocks out of the top left area and put them in the bottom right area
        Take all the small cubes that are in the top left area and move them to the bottom right area
    """,
    "between areas by colour": """
        Only the warm coloured blocks in the top left area should be moved to the bottom right area
        From the top left area, move just the warm-colored blocks to the bottom right area
        Move blocks of warm or primary colors from the top left area to the bottom right area
        Of the blocks in the top left area, move the warm ones to the bottom right area
        All the blocks with warm colours lying in the upper left area go to the lower right area
        Move every block that is warm-colored and in the top left area to the bottom right area
        Move all the warm colour blocks from the upper left area to the lower right area
        Move blocks in warm colors from the top left area to the bottom right area
        Take the blocks of warm colours located in the top left area to the bottom right area
    """,
    "all in bowl": """
        Every block goes into the yellow bowl.
        The yellow bowl should contain all blocks
        toss all of the cubes into the yellow bowl
        Place each block inside the yellow bowl
        put all three blocks in the yellow bowl
        Load all of the blocks into the yellow bowl
        Every single block should go in the yellow bowl
        Put all the blocks together in the yellow bowl
    """,
    "all in corner": """
        Everything should be in the bottom left corner
        Push all the blocks into the bottom left corner
        All blocks belong in the corner on the lower left
        collect the blocks in the lower left corner of the table
        Place each block at the bottom left corner of the workspace
        Put all the blocks in the bottom left corner
        Arrange all blocks in the bottom left corner of the table
        Slide everything to the lower left corner
    """,
    "pyramid": """
        Construct a pyramid in the red zone. Use the red, blue, and green blocks for the base, the yellow and cyan blocks for the second layer, and the brown block for the top.
        Put the red block, the blue block and the green block in the red zone as the bottom row of a pyramid, then the yellow block and the cyan block on them as the middle row, then the brown block on top
        Build a pyramid of blocks on the red zone with brown at the top, yellow and cyan in the middle and red, blue, green at the bottom
        The red zone should get a pyramid: first row red, blue, green; second row yellow, cyan; third row brown
        Stack the blocks in a pyramid on the red square, bottom layer: red, blue and green; middle layer: yellow and cyan; top layer: brown
        Make a three-level pyramid on the red zone: the bottom level has the red, blue and green blocks, the middle level has the yellow and cyan blocks, and the top level has the brown block
        Stack the blocks into a pyramid on the red zone, with red, blue and green blocks in the bottom row, yellow and cyan blocks in the middle row and the brown block in the top row
        Make a pyramid on the red zone whose base consists of the red, blue and green block, the second level of the yellow and cyan block and the tip of the brown block
        Put the red, blue and green blocks side by side in the red zone. Put the yellow and cyan blocks on top of them. Put the brown block on top to complete the pyramid.
    """,
    "primitive above": """
        Place the red block above the blue one
        The red block should be above the blue block.
        Pick up the red block and place it above the blue block
    """,
}
"""row -> wordings, one a line."""
