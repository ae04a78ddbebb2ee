"""Wordings of the tabletop's tasks that the reader of gists was held to, by task; the slots are those of its templates."""

# ruff: noqa: E501 # a sentence is a line
GISTS = {
    "pick-and-place-primitive": """
        Go get the {block} and let it rest {prep} the {target}.
        It would be great if the {block} sat {prep} the {target}.
        Your mission: the {block} must wind up {prep} the {target}.
        Hand the {block} a new home {prep} the {target}.
        {prep} the {target}, that's where the {block} should be.
        Let's get the {block} to sit {prep} the {target}, shall we?
        Move the {block} so that it's {prep} the {target} afterwards.
        I am looking for the {block} to be {prep} the {target} at the end.
        Can the {block} be relocated {prep} the {target}?
        Ensure the {block} finishes {prep} the {target}.
        The {block}, please, {prep} the {target}.
        We need the {block} {prep} the {target} now.
    """,
    "pick-and-place-primitive-with-size": """
        The {block} would look better {prep} the {target}.
        Kindly transfer the {block} so it rests {prep} the {target}.
        Lift up the {block}, then lower it {prep} the {target}.
        Time to drop the {block} {prep} the {target}, robot.
        Make the {block} land {prep} the {target}.
        Nothing fancy: the {block} just has to be {prep} the {target}.
        Pop the {block} {prep} the {target}, would you?
        Use the arm to get the {block} {prep} the {target}.
        Could we have the {block} resting {prep} the {target}?
    """,
    "pick-and-place-primitive-with-absolute-position": """
        Spot the {block} in the {source} and haul it to the {target}.
        The {block} sitting in the {source} needs a new home in the {target}.
        Of the things in the {source}, relocate the {block} to the {target}.
        Grab what's {block} in the {source} and park it in the {target}.
        I want the {target} to receive the {block} that is now in the {source}.
        In the {source} there's a {block}; bring it to the {target}.
        The {target} should be the new place of the {block} from the {source}.
        Out of the {source}, take the {block} and set it down in the {target}.
        Take whichever {block} is in the {source} and send it over to the {target}.
        The {block} from the {source} ought to be placed in the {target}.
        A {block} stands in the {source}. Bring it into the {target}.
    """,
    "pick-and-place-primitive-with-relative-position": """
        Slide the {block} over until it's {side} the {reference}.
        Have the {block} stand {side} the {reference}.
        The spot {side} the {reference} is where the {block} should go.
        Get the {block} and park it {side} the {reference}, thanks.
        Reposition the {block} such that it's directly {side} the {reference}.
        {side} the {reference} is where I'd like to see the {block}.
        The {block} must come to lie {side} the {reference}.
        Place things so that the {block} is {side} the {reference}.
        I need you to drop the {block} {side} the {reference}.
        The {block} goes {side} the {reference}.
    """,
    "put-block-into-matching-bowl": """
        Color-code the cubes: each goes in the bowl that looks like it.
        Match every block with its bowl by color and drop it in.
        A block's bowl is the one with its color; put them all away like that.
        Every bowl wants the blocks of its own color, so feed them accordingly.
        Let each block find its same-colored bowl.
        Blocks and bowls of the same color belong together, so put the former into the latter.
        Sort everything by hue: each cube into the equally colored bowl.
        See that no bowl holds a block of a foreign color once all blocks that have a matching bowl are inside one.
        For each color, drop its cubes into its bowl.
        Tidy the blocks away by color, one bowl per color.
        Bowls and blocks come in the same colors; unite them.
        Distribute all blocks so that block color equals bowl color.
        Can you put every block into its like-colored bowl?
    """,
    "put-blocks-into-matching-bowls-with-details": """
        Go ahead and {steps}.
        Now {steps}, and nothing else.
        Robot, {steps}, please.
        Your job is simple: {steps}.
        Work through this list: {steps}.
        It's important that you {steps}.
        Carry out these moves: {steps}.
        I need help: {steps}.
    """,
    "put-block-into-mismatching-bowl": """
        Make sure each block lands in a bowl whose color isn't the block's own.
        Put all the blocks into bowls, but never a block into a bowl of its own color.
        Every block must go in a bowl that clashes with it in color.
        Scatter the blocks among the bowls without any color matching.
        Give each block a bowl that's not its color.
        Blocks and bowls should not match: each block into a bowl of some other color.
        Get every cube into a bowl, yet avoid bowls that have the cube's own color.
        Each block needs a bowl, just not the one that has its color.
        The colors of block and bowl have to differ for each block you put away.
        Choose for every cube a bowl that isn't painted like the cube and drop it there.
        Put the blocks in the wrong bowls, color-wise.
        No block should share its color with the bowl that you put it in; do this for all blocks.
        All blocks go into bowls, with no block in a bowl that matches it.
        For each block, select a bowl with a color unlike the block's and place it there.
    """,
    "put-hidden-block-into-matching-bowl": """
        A block is buried under the {cover}; fetch it and drop it in its matching bowl.
        Move the {cover} aside and put the block it was hiding in the bowl of that block's color.
        Whatever sits below the {cover} goes in the bowl of its color.
        The {cover} stands on another block. Put that lower block into the bowl with the matching color.
        Free the block trapped beneath the {cover} and place it in its color's bowl.
        Under the {cover} there's another cube: transfer that to the bowl having the same color.
        Remove the {cover}. The block you then see goes into the bowl with its color.
        Look underneath the {cover} and sort what you find there into the bowl of that color.
        The {cover} hides a cube that should be in the bowl of equal color.
        What the {cover} rests on must go to the same-colored bowl.
        Take away the {cover} to reach the block beneath, then move that one into its matching bowl.
        Beneath the {cover} you'll discover a block; it belongs in the bowl with its own color.
    """,
    "put-hidden-blocks-in-two-layer-towers-into-matching-bowls": """
        Every block with something on top of it belongs in its matching bowl.
        Knowing that some blocks are underneath others, put those lower blocks in the bowls of their color.
        Unstack the towers and put the bottom blocks in bowls of matching color.
        Find the blocks buried beneath other blocks; each goes in its own color's bowl.
        Take each two-block stack apart and sort the bottom block into the bowl of its color.
        All covered blocks need to be in the bowls whose color they have.
        Take the top blocks off and put the ones that were below into bowls of matching color.
        Each lower block of a two-story tower should get to the bowl with its color.
        Blocks with another block on them go to the bowls of their colors.
        Uncover what is hidden in the towers and sort it into the bowls by color.
        Blocks that carry another block should be placed in same-colored bowls.
        The bottom halves of the two-block towers go in matching bowls.
    """,
    "put-hidden-blocks-in-three-layer-towers-into-matching-bowls": """
        Take apart the towers of three and put each bottom block in the bowl of its color.
        The very lowest block of every triple tower goes to the matching bowl.
        From every three-high stack, retrieve the foundation block and put it in the same-colored bowl.
        The blocks that hold up the three-story towers go in their matching bowls.
        In every tower of three, find the bottom block and deliver it to the bowl of its color.
        Disassemble the three-level stacks so that their lowest blocks can go into the bowls of equal color.
        Of each three-block tower, only the undermost block should go in its matching bowl.
        The ground-level blocks of the three-block towers must go to bowls of the same color.
        Get the bottom cube from each tower of three cubes to its matching bowl.
        For every tower of three, only the block on the table matters: put it in its color's bowl.
    """,
    "put-hidden-blocks-in-pyramid-into-matching-bowls": """
        Dismantle the pyramid and put its base blocks into the bowls with their colors.
        The pyramid's lowest layer belongs in the matching bowls, block by block.
        Sort the three bottom blocks of the pyramid into bowls of the same color.
        The blocks the pyramid stands on should go in bowls that match them.
        Everything in the pyramid's bottom row goes to the bowl of its own color.
        Break down the pyramid and sort its first layer into the matching bowls.
        Place the three cubes at the pyramid's foot in bowls with the same color as they have.
        Take the pyramid's base row and distribute it to bowls of matching color.
        Under the pyramid's upper levels there are blocks on the table; put those in the bowls with their colors.
        Put the pyramid's lowest blocks into like-colored bowls.
    """,
    "stack-all-blocks-on-a-zone": """
        Make a skyscraper of all blocks on the {zone}.
        All blocks, one big tower, on the {zone}.
        Heap every block you can find onto the {zone}, one on top of the next.
        The {zone} should end up with all of the blocks stacked on it.
        Assemble all the blocks into a tall stack located on the {zone}.
        Everything goes up in a tower standing on the {zone}.
        Let the {zone} carry one tower with every single cube in it.
        Put one block on the {zone} and then all others on top of each other above it.
        Take all the blocks and make a tower out of them on the {zone}.
        There should be a single tower on the {zone}, using every block.
        Stack everything. The tower goes on the {zone}.
    """,
    "stack-all-blocks-on-a-zone-with-details": """
        Go ahead and {steps}.
        Robot, carefully {steps}, please.
        Follow this recipe for a tower: {steps}.
        Your job is simple: {steps}.
        Work through this list: {steps}.
        The tower is built like so: {steps}.
        Carry out these moves: {steps}.
        I need help building a tower: {steps}.
    """,
    "stack-blocks-of-same-color": """
        Group the blocks by color into towers, each on its same-colored zone.
        Each zone should hold a stack of all blocks that share its color.
        For each zone, build a tower out of the blocks that match it.
        Blocks of one color form one tower, and that tower goes on the zone of its color.
        Towers of a single color, please, each of them located on the zone of that color.
        Stack up what shares a color, and use the zone of that color as the ground.
        Every zone is to be covered with a tower made from all the blocks that have its color.
        Build one tower on each zone, using only blocks in the zone's color.
        Sort blocks into color towers and place each tower on the zone with the same color.
        Same colors should be stacked together on their zones.
    """,
    "stack-blocks-by-color": """
        Take just the {group} blocks and stack them up on the {zone}.
        The {zone} gets a tower made exclusively of {group}-toned blocks.
        Find all blocks whose color is {group} and build a tower with them on the {zone}.
        On the {zone}, raise a tower from the {group} hues, ignoring all other blocks.
        Only the {group} blocks belong in the stack on the {zone}.
        A tower of nothing but {group} blocks is what I need on the {zone}.
        All the {group} cubes should be piled up on the {zone}, the rest is not needed.
        Make the {zone} home to a stack with all the {group}-colored pieces.
        From the {group} blocks, build a tower on the {zone}.
        The only blocks allowed in the tower on the {zone} are the {group} ones; use all of them.
        {group} blocks go on top of each other on the {zone}. Don't use other blocks.
    """,
    "stack-blocks-by-color-and-size": """
        Take just the {size} {group} blocks and stack them up on the {zone}.
        The {zone} gets a tower made exclusively of {size}, {group}-toned blocks.
        Find all blocks that are {size} and whose color is {group}, then build a tower with them on the {zone}.
        Ignoring all other blocks, stack those that are {size} and {group} on the {zone}.
        A tower of nothing but {size} {group} blocks is what I need on the {zone}.
        All the {group} cubes that are {size} should be piled up on the {zone}, the rest is not needed.
        Which blocks are {size} and {group}? Build those into a stack on the {zone}.
        From the {size} blocks in {group} colors, build a tower on the {zone}.
        The only blocks allowed in the tower on the {zone} are the {size} {group} ones; use all of them.
        Stack up {size} blocks of {group} color on the {zone} and don't touch the others.
    """,
    "stack-blocks-by-color-in-size-order": """
        Take the {group} blocks and stack them on the {zone} from largest to smallest.
        Tower of {group} blocks on the {zone}, big at the base, small at the top.
        Pile the {group} blocks on the {zone}, never placing a big one on top of a small one.
        On the {zone}, stack {group} blocks only; big ones go first, small ones follow.
        Stack the {group} colored blocks on the {zone} so that sizes shrink toward the top.
        The {group} cubes make a tower on the {zone}: large ones low, little ones high.
        Stack {group} blocks on the {zone} in order of decreasing size.
        Build a {group} tower on the {zone}, and let every big block be lower than every small one.
        From the {group} blocks, build a tower on the {zone} with the biggest at the bottom.
        Stack the {group} blocks on the {zone}, but put the small ones above the big ones.
        Create a {group} stack on the {zone}: big blocks beneath, small blocks on top.
    """,
    "stack-blocks-of-same-size": """
        Split the blocks by size: big tower on the {big_zone}, small tower on the {small_zone}.
        Put the big blocks together as a tower on the {big_zone}; do the same with the small ones on the {small_zone}.
        Two towers please: the {big_zone} takes the big blocks, the {small_zone} takes the small blocks.
        The {small_zone} is for stacking small blocks and the {big_zone} is for stacking big blocks.
        All big blocks form a stack on the {big_zone}, whereas all small blocks form one on the {small_zone}.
        One stack per size: on the {small_zone} the small blocks, on the {big_zone} the big ones.
        Big blocks? Tower on the {big_zone}. Small blocks? Tower on the {small_zone}.
        Stack by size: the {big_zone} is for big blocks and the {small_zone} is for small blocks.
        Make two stacks, the big blocks on the {big_zone} and the small blocks on the {small_zone}.
        Big ones go on the {big_zone} in a pile and little ones on the {small_zone} in another pile.
    """,
    "stack-blocks-with-alternate-color": """
        Layer {first} and {second} blocks in turn on the {zone}, {first} going down first.
        Build a tower on the {zone} with {first}, {second}, {first}, {second} and so forth from the bottom.
        On the {zone}, switch between {first} and {second} blocks as you stack, {first} first.
        Stack on the {zone} so that no two neighbors share a color, using {first} and {second}, with {first} at the base.
        I want a zebra tower of {first} and {second} on the {zone}, with {first} on the ground.
        On the {zone}, I want a tower where {first} and {second} cubes follow each other in turn, {first} at the very bottom.
        The tower on the {zone} goes {first}, {second}, {first}, {second} and on like that.
        Using {first} and {second} cubes, erect a tower on the {zone} whose colors change with every level; the base is {first}.
        Alternate {first} and {second} blocks in a tower on the {zone}; the bottom one is {first}.
        Create a {first} and {second} striped tower on the {zone} that begins with {first}.
        Every {second} block goes on a {first} one and vice versa, in a tower on the {zone} with {first} at the bottom.
    """,
    "stack-blocks-by-relative-position-and-color": """
        Everything {side} the {reference} goes into one tower on the {zone}.
        Build the tower on the {zone} from whichever blocks are {side} the {reference}.
        Gather up blocks {side} the {reference} and make them a stack on the {zone}.
        Pick all blocks sitting {side} the {reference} and pile them onto the {zone}.
        If a block stands {side} the {reference}, it belongs in the tower on the {zone}.
        Use what is {side} the {reference} to build a tower on the {zone}.
        Tower on the {zone}, please, from all cubes {side} the {reference}.
        Blocks located {side} the {reference} should form a stack on the {zone}.
        Find what's {side} the {reference} and stack all of it on the {zone}.
        Make a tower on the {zone}, but only from blocks {side} the {reference}.
    """,
    "stack-blocks-by-relative-position-and-color-and-size": """
        Every {size} block {side} the {reference} goes into one tower on the {zone}.
        Build the tower on the {zone} from whichever {size} blocks are {side} the {reference}.
        Take the blocks {side} the {reference} that are {size} and make them a stack on the {zone}.
        If a block is {size} and sits {side} the {reference}, stack it on the {zone}.
        Use the {size} blocks that are {side} the {reference} to build a tower on the {zone}.
        Tower on the {zone}, please, from all {size} cubes {side} the {reference}.
        What's {size} and {side} the {reference} gets stacked on the {zone}.
        {size} blocks located {side} the {reference} should form a stack on the {zone}.
        Make a tower on the {zone}, but only from {size} blocks {side} the {reference}.
    """,
    "stack-blocks-by-absolute-position-and-color-in-size-order": """
        Build a tower on the {zone} from the {source} blocks, largest on the bottom.
        All of the {source} goes on the {zone} as a tower, big before small.
        Empty the {source} onto the {zone} as a tower, with big blocks supporting small blocks.
        Take blocks from the {source}, stack them on the {zone}, small ones above big ones.
        The cubes now in the {source} become a tower on the {zone}: first all large ones, then all little ones.
        Stack up the {source}'s blocks on the {zone}; sizes should get smaller going up.
        On the {zone}, build a tower of what's in the {source}, and keep small blocks over big ones.
        Blocks from the {source} should form a stack on the {zone}, with the bigger ones nearer the bottom.
        Make a tower on the {zone} from the {source} blocks: big ones below, small ones above.
        Take all blocks out of the {source} and stack them on the {zone}, large before small.
    """,
    "stack-blocks-by-absolute-position-and-color-and-size": """
        Build a tower on the {zone} from the {size} blocks of the {source}.
        Any {size} block within the {source} should be stacked on the {zone}.
        Scan the {source}; each {size} block there goes on a tower at the {zone}.
        Only the {size} ones among the {source} blocks are to be stacked on the {zone}.
        The {size} cubes now in the {source} become a tower on the {zone}.
        Search the {source} for {size} blocks and stack these on the {zone}.
        Let all {size} blocks that lie in the {source} be stacked up on the {zone}.
        {size} blocks from the {source} should form a stack on the {zone}.
        Make a tower on the {zone}, but only from {size} blocks in the {source}.
    """,
    "stack-block-in-absolute-area": """
        Pile the blocks of the {source} up right where they are.
        Make the blocks in the {source} into one tower without leaving that area.
        The {source} should have its blocks stacked into a tower.
        Everything inside the {source} gets stacked into a single tower on the spot.
        All that's in the {source} becomes one tower in there.
        Within the {source}, put all of its blocks on top of each other.
        Form a tower from the cubes in the {source}, inside that very area.
        Blocks found in the {source} should form a stack that stays in the {source}.
        Stack whatever is in the {source}, keeping the tower there.
        Put the blocks in the {source} on top of one another without moving them elsewhere.
    """,
    "stack-smaller-over-bigger-with-same-color": """
        Top each big block with the small one of the same color.
        Small blocks ride on the big blocks of their color.
        For every color, the little block goes over the large block.
        Find same-colored pairs and set the small block upon the big block.
        Each big block gets its color twin, the small one, on its head.
        Each small block gets placed on its big sibling of the same color.
        On every big cube, set the small cube of equal color.
        Pair up big and small blocks by color and put the small one on the big one.
        Big blocks should each carry a small block of their own color.
        Place small blocks on top of big blocks, color by color.
        The small block always goes onto the big block that has its color.
    """,
    "stack-smaller-over-bigger-with-same-color-in-same-color-zone": """
        In every zone, build a pair of its color: big under small.
        Send each big block to its color's zone and cap it with the small block of that color.
        The zones each get the big block of their color, topped by the small one.
        For each color, stack small on big inside the zone of that color.
        Each zone gets the big cube in its color, and on this the small cube in its color.
        Big blocks onto zones of their own color first, small ones on top of the same-colored big ones afterwards.
        Build two-block towers on the zones, each in the zone's color, with the small block on the big one.
        First put big blocks in their same-colored zones, then add small blocks of that color on top.
        Each color's big block goes in its zone with the small block over it.
        Matching zones get matching pairs: big block below, small block above.
    """,
    "put-even-blocks-in-same-color-zone": """
        Count blocks by color; colors with an even total go to their zones.
        Only colors that have an even amount of blocks should be delivered to their matching zones.
        If a color has an even number of blocks, move them all to the zone with that color.
        Blocks in even-numbered color groups go into same-colored zones, odd-numbered groups don't move.
        Put the blocks whose color can be paired up completely into the zone matching their color.
        Any color with an even block count: bring its blocks to its zone.
        Where the number of cubes of one color is divisible by two, put these cubes on the zone with that color.
        Colors with an odd number of blocks are ignored; the blocks of all other colors go on the zone of their color.
        When a color appears on an even number of blocks, place all those blocks in the zone of that color.
        Check how many blocks each color has; if even, put them in the same-colored zone.
        Only the colors whose number of blocks is even get moved to their zones.
    """,
    "move-blocks-between-absolute-positions": """
        Empty the {source} into the {target}.
        Blocks in the {source} all need to move to the {target}.
        Haul everything from the {source} off to the {target}.
        The {target} should receive every block now in the {source}.
        Whatever is in the {source} belongs in the {target} instead.
        What is now in the {source} shall be in the {target} afterwards.
        All blocks have to leave the {source} and go to the {target}.
        Please make the {target} the new place for all cubes of the {source}.
        Take the blocks out of the {source} and put them in the {target}.
        All the stuff in the {source} should move over to the {target}.
        Shift all blocks: from {source} to {target}.
    """,
    "move-blocks-between-absolute-positions-by-size": """
        Haul every {size} block from the {source} off to the {target}.
        The {target} should receive every {size} block now in the {source}.
        Blocks that are {size} need to leave the {source} for the {target}.
        Select the {size} ones in the {source} and send them to the {target}.
        What is {size} in the {source} shall be in the {target} afterwards.
        All {size} blocks have to leave the {source} and go to the {target}.
        From among the cubes in the {source}, the {size} ones go to the {target}.
        Take the {size} blocks out of the {source} and put them in the {target}.
        Shift {size} blocks only: from {source} to {target}.
        The {size} things in the {source} belong in the {target}.
    """,
    "move-blocks-between-absolute-positions-by-color": """
        Haul every {group} block from the {source} off to the {target}.
        The {target} should receive every {group}-colored block now in the {source}.
        Blocks in {group} tones need to leave the {source} for the {target}.
        Pick the {group} ones in the {source} and send them to the {target}.
        All {group} blocks have to leave the {source} and go to the {target}.
        From among the cubes in the {source}, the {group} ones go to the {target}.
        If a block in the {source} has a {group} color, take it to the {target}.
        Take the {group} blocks out of the {source} and put them in the {target}.
        Blocks in the {source} that are {group} in color belong in the {target}.
    """,
    "move-blocks-between-absolute-positions-by-size-and-color": """
        Haul every {size} {group} block from the {source} off to the {target}.
        The {target} should receive every {size} {group}-colored block now in the {source}.
        Blocks that are {size} and have {group} colors should leave the {source} and go to the {target}.
        Pick the {size} ones with {group} colors in the {source} and send them to the {target}.
        All {size} {group} blocks have to leave the {source} and go to the {target}.
        From among the {group} cubes in the {source}, the {size} ones go to the {target}.
        If a {size} block in the {source} has a {group} color, take it to the {target}.
        Take the {size} {group} blocks out of the {source} and put them in the {target}.
        Blocks in the {source} that are {size} and {group} in color belong in the {target}.
    """,
    "put-all-block-in-a-bowl": """
        Dump every block into the {bowl}.
        All blocks go in the {bowl}, none left out.
        The {bowl} should contain every block.
        Fill the {bowl} with all of the blocks.
        Regardless of color, each block goes inside the {bowl}.
        Let everything end up in the {bowl}.
        Use the {bowl} for all blocks on the table.
        Take the blocks, all of them, and put them in the {bowl}.
        I want all blocks to be in the {bowl}.
        The {bowl} is the place for every block here.
        Collect everything inside the {bowl}, please.
    """,
    "put-all-block-on-corner": """
        Shove all the blocks into the {corner}.
        All blocks go to the {corner}, none left out.
        The {corner} should contain every block.
        Clean up the table: blocks to the {corner}.
        Bring the whole lot of blocks together at the {corner}.
        Let everything end up in the {corner}.
        Assemble all blocks at the {corner}.
        Every block you see is to be moved to the {corner}.
        I want all blocks to be in the {corner}.
        The {corner} is the place for every block here.
        Collect everything at the {corner}, please.
    """,
    "stack-block-pyramid-without-seq": """
        Construct a pyramid on the {zone} with {bottom} at its base, {middle} on the second level, and {top} at the apex.
        The pyramid on the {zone} goes like this: lowest row {bottom}; next row {middle}; peak {top}.
        On the {zone}, make a pyramid: start with {bottom}, add {middle}, and finish with {top}.
        Place {top} atop {middle} atop {bottom} to make a pyramid on the {zone}.
        Pyramid on the {zone}: {bottom} as lowest layer, {middle} above them, {top} as the peak.
        Let {bottom} be the base, {middle} the next row and {top} the tip of a pyramid on the {zone}.
        With {top} on top of {middle} and these on top of {bottom}, build a pyramid on the {zone}.
        A pyramid goes on the {zone}. Its bottom is {bottom}, its middle {middle} and its top {top}.
        Make the {zone} the base of a pyramid: first {bottom}, then {middle} over those and finally {top}.
        Use {bottom} as the bottom row, {middle} as the second row and {top} as the top block of a pyramid on the {zone}.
    """,
}
