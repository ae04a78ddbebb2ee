"""The vocabulary of the tabletop: what its words and phrases mean, as patterns over a normalised sentence."""

COLOURS = (
    "blue", "red", "green", "yellow", "brown", "gray", "cyan", "orange", "purple", "pink", "white", "black", "maroon",
    "navy", "lime",
)  # fmt: skip
UP = r"(?:top|upper|uppermost|far|back|rear|north|northern)"
DOWN = r"(?:bottom|lower|lowest|near|front|south|southern)"
WEST = r"(?:left|leftmost|left hand|west|western)"
EAST = r"(?:right|rightmost|right hand|east|eastern)"
PLACE = r"(?:area|region|quarter|quadrant|section|part|portion|sector|zone|spot|side|end)s?"
TABLE = (
    r"(?: (?:of|on|in) (?:the|this|your|my) (?:table(?: ?top)?|work ?space|desk|board|scene|picture|image|surface"
    r"|work ?area))?"
)
ITS = r"(?:its|their|the|a|an|his|each|one|that|that block's|the block's|each block's|every block's|the blocks')"
SAME = (
    r"(?:very same|same|own|matching|corresponding|identical|respective|equal|similar|like|alike|appropriate|right"
    r"|correct|proper|fitting|exact same)"
)
SELF = (
    r"(?:the (?:block|cube|brick|box|piece|one)(?:s'|'s|s)?(?: own| themselves| itself| placed in (?:it|them)"
    r"| (?:being|they|it) \w+)?"
    r"|(?:each|every|that|those) (?:block|cube|brick|one)s?|it(?: is| has|self)?|its own|their own|its|theirs"
    r"|they (?:are|have)|them(?:selves)?|itself|its own colour|their own colour|the colour of the (?:block|cube)s?)"
)
AS = rf"(?: (?:as|to|with) (?:the (?:colour|one) of |that of |those of )?{SELF})?"
THAN = rf"(?: (?:than|from|to|as) (?:the (?:colour|one) of |that of |those of )?{SELF}(?: colour)?)?"
WHOSE = r"(?:(?:that|which) (?:are|is|has|have|bears?|shows?)|whose|having|of|with|in|by|to)"
UNLIKE = (
    r"(?:different|differing|differently|other|another|wrong|non matching|nonmatching|mismatching|mismatched"
    r"|unmatched"
    r"|not matching|not the same|not the matching|distinct|dissimilar|unlike|contrasting|mis matched|mis matching"
    r"|non corresponding|unequal)"
)
NEVER = r"(?:do not|does not|don't|doesn't|is not|isn't|are not|aren't|not|never|differs? from|fails? to)"
BLOCK = r"(?:blocks?|cubes?|bricks?|boxes|box|pieces?|objects?|items?|things?|ones?)"

RULES: tuple[tuple[str, str, str], ...] = (
    # verbs that would be something else
    ("put", "", r"rest(?= (?:it|them|the|that|on|in)\b)"),
    ("", "", r"step (?:\d+|one|two|three|four|five|six|seven)(?: [:,.])?|where (?:it|they) belongs?(?: [:,])?"),
    ("block", "", r"whatever colour (?:a|the|each|every|one) (?:block|cube|brick) (?:has|is)"),
    ("block", "", r"what(?:ever)?(?: is| lies| stands)(?= (?:in|at|inside|on) the (?:top|bottom|upper|lower))"
     r"|contents"),
    ("", "", r"(?:but )?(?:only )?(?:if|when|whenever|provided(?: that)?)(?= .*\beven\b)|if the count is(?= even)"),
    ("hidden", "", r"(?:below|under|underneath|beneath) (?:an)?other (?:blocks?|cubes?|bricks?|ones?)"),
    ("hidden", "", r"(?:(?:that|which) )?(?:has|have|with|having) (?:an)?other (?:blocks?|cubes?|bricks?|ones?)"
     r"(?: standing| lying| sitting)? on (?:top of )?(?:it|them)"),
    ("hides", "", r"on which"),
    ("", "", r"without leaving(?= the (?:top|bottom|upper|lower))"),
    ("tower", "", r"another(?= (?:of|with|from|out)\b)"),
    ("match", "other", r"(?:that|which) (?:do not|does not|don't|doesn't) (?:match|fit"
     r"|correspond)(?: in colour)?(?= ?$| ?[,.;])"),
    ("match", "same", r"(?:the colour of which|whose colour) (?:it|they) (?:shares?|has|have|is|are)"),
    ("match", "same", r"(?:(?:that|which) )?(?:shares?|sharing|match|matches|matching|have|has|of|with|in) the "
     r"(?:zone|bowl|square|patch) colour"),
    ("under", "", r"(?:carry|carries|support|supports|bear|bears)(?= (?:a|the|one|its) (?:small|little|tiny))"),
    # one another
    ("each other", "", r"(?:all )?(?:on |over |above |directly )*(?:the )?(?:top of |tops of )?(?:each other"
     r"|one another)"),
    ("each other", "", r"one (?:on|over|above)(?: the)?(?: top of)? (?:the (?:other|next|previous|last)|another)"),
    ("each other", "", r"each (?:on|over|above)(?: the)?(?: top of)? the (?:next|previous|last|one before)(?: one)?"),
    ("each other", "", r"on top of the (?:previous|last|preceding)(?: one| block)?"),
    ("", "", r"one (?:by one|at a time|after (?:another|the other))|in turn,|step by step|as follows|at once"),
    # alternation
    ("alternate", "", r"every other (?:one|block|floor|layer)?"),
    ("alternate", "", r"(?:no|not any) two (?:neighbouring|neighboring|adjacent|consecutive|successive|touching) "
     r"(?:blocks?|cubes?|floors|layers|ones)(?: (?:has|have|share|are of|are|with))? (?:the same|one) colour"),
    ("alternate", "", r"in (?:a )?(?:stripes?|striped|zebra)(?: pattern)?|striped|stripes"),
    ("alternate", "", r"(?:alternat\w+|interleav\w+|tak(?:e|es|ing) turns|by turns|in turns?)"
     r"(?: (?:in |the |of |by |between )*(?:their )?colours?)?(?: pattern| order| fashion| manner"
     r"| sequence)?(?: between)?"),
    # even and odd
    ("even", "odd", r"odd(?: numbered)?(?: (?:number|count|amount|quantity)s?)?(?: of)?(?: times?)?"),
    ("even", "even", r"even(?: numbered)?(?: (?:number|count|amount|quantity|quantities)s?)?(?: of)?(?: times?)?"),
    ("even", "even", r"(?:divisible by|(?:a )?multiples? of) (?:two|2)"),
    # colours of others
    ("match", "other", rf"(?:{WHOSE} )?(?:(?:a|any|some|the|an) )?colour {NEVER} (?:the |its |their )?(?:same|match"
     rf"|matching|own|equal|shared?)(?: (?:it|them))?{AS}(?: (?:its|their) own| their own colour)?"),
    ("match", "other", rf"(?:that|which|whose colour)? ?{NEVER} (?:share|match|have|of|in|with|correspond to"
     rf"|equal|fit)?"
     rf" ?(?:the same|its|theirs|their|it|them|same|the (?=match|corresp)|a (?=match|corresp))(?: own| same"
     rf"| matching)?(?: colour| (?:{BLOCK})(?: colour)?)*{AS}"),
    ("match", "other", rf"(?:{WHOSE} )?(?:(?:a|any|some|the|an) )*colour (?:is |are )?(?:other than"
     rf"|different (?:from|than|to)"
     rf"|unlike|but not|that differs from|differing from|differs from) {SELF}(?: colour)?"),
    ("match", "other", rf"(?:{WHOSE} )?(?:(?:a|any|some|the|an) )*{UNLIKE} (?:in )?(?:colour|coloured){THAN}"),
    ("match", "other", r"(?:other than|unlike|not) (?:of |in |the one of |the ones of )?(?:its"
     r"|their)(?: own)?(?: colour)?"),
    ("match", "other", r"(?:that|which) differs? (?:from (?:it|them) )?in colour"
     r"|different in colour(?: from (?:it|them))?"),
    ("match", "other", rf"non matching|nonmatching|mismatching|mismatched|mis matched|mismatch|unmatched"
     rf"|not matching|"
     rf"(?:that|which) (?:is|are) {UNLIKE} (?:from|to) {SELF}|wrong(?: coloured)?|contrasting"),
    # their own colour
    ("match", "same", rf"(?:{WHOSE} )?(?:colour )?(?:that |which |who |whose |to )*(?:colour )?(?:match|matches"
     rf"|matching"
     rf"|equals?|shares?|sharing|fits?|corresponds?(?: to)?|corresponding to|is|is the same as|agrees with|goes with)"
     rf" (?:(?:in )?colour with )?(?:{ITS} |{SELF} )?(?:own |same |identical |matching )?(?:{BLOCK} )?(?:'s )?colour"
     rf"(?: of {SELF})?{AS}"),
    ("match", "same", rf"(?:that|which|whose colour|colour of which) (?:match(?:es)?|fits?|corresponds? to"
     rf"|agrees? with"
     rf"|goes with|equals?|is (?:equal|identical) to|(?:is|are) the same as)(?: (?:the colour of )?{SELF})?"),
    ("match", "same", rf"(?:{WHOSE} )?(?:(?:exactly|the|a|an|its|their|one|each) )*{SAME}(?: {SAME})?"
     rf"(?: (?:in )?colour| coloured)(?: each)?{AS}"),
    ("match", "same", r"(?:of|with|in|to|by|has|have) (?:its|their|that|one|this|each)(?: (?:block|cube|brick)'?s?)?"
     r"(?: own| respective)? colour(?! (?:matched|matching|coded))"),
    ("match", "same", r"(?:of|with|in|to) the (?:block|cube)s?'?s?'? (?:own )?colour|of the colour of (?:the|each) "
     r"(?:block|cube)s?(?: itself| themselves)?|the colour of which (?:it|they) (?:is|are|has|have)"),
    ("match", "same", r"(?:like|equal|equally|identically|similarly|same|alike|uniformly) coloured|of (?:a|one"
     r"|any) colour"),
    ("match", "same", r"(?:sorted |grouped |ordered |organi[sz]ed |arranged |separated )?(?:by|according to|based on)"
     r"(?: (?:the|its|their))?(?: block)? colour|colour (?:wise|matched|matching|coded|by colour)|for each colour"
     r"|per colour|(?:of |for )?(?:each|every) colour"),
    ("match", "same", r"matching|matched|corresponding|respective|that (?:fit|match)(?:s|es)?(?: (?:it|them))?"
     r"|(?:its|their) own|belonging to (?:it|them)"),
    # size order, where no sizes are named
    ("order", "", r"(?:in|by|with) (?:decreasing|descending|diminishing) (?:order of )?sizes?(?: order)?"),
    ("order", "", r"(?:in |by |with )?(?:sizes? order|order of (?:their )?sizes?)"),
    ("order", "", r"(?:sorted|ordered|arranged) by (?:their )?sizes?"),
    ("upward", "", r"(?:from )?(?:the )?(?:bottom|ground|below|base|lowest) (?:up )?(?:to|up to|upwards?) (?:the )?"
     r"(?:top|above|highest)|bottom up|from below|upwards?|from (?:the )?(?:bottom|ground) up"),
    ("downward", "", r"(?:from )?(?:the )?(?:top|highest|above) (?:down )?to (?:the )?(?:bottom|ground|base"
     r"|lowest|below)"
     r"|top down|downwards?|from above"),
    ("said order", "", r"(?:in|following) (?:exactly )?(?:this|that|the|the following|the given|the stated"
     r"|the same|said)"
     r" (?:exact )?(?:order|sequence)(?: of)?|in (?:order|sequence)|order|sequence"),
    # the rest
    ("rest", "", r"(?:all )?(?:of )?(?:the )?(?:rest|remaining|others|remainder)(?: of (?:the |them)?)?"
     r"(?: (?:ones|blocks?|cubes?))?|all (?:the )?other(?: (?:ones|blocks|cubes))?|(?:the |any )?other (?:ones|blocks"
     r"|cubes|bricks|block)|everything else|anything else|nothing else"),
    ("leave", "", r"(?:leave|leaving|keep|keeping|ignore|ignoring|do not (?:touch|move|use|include|disturb)"
     r"|don't (?:touch|move|use|include|disturb)|without (?:touching|moving|disturbing|using))"),
    ("alone", "", r"(?:alone|untouched|in place|(?:stays?|remains?|be left)(?! of)(?! in)(?: put| where \w+ \w+"
     r"| there| out)?"
     r"|(?:exactly )?where they (?:are|lie|were|stand)|as they are|may stay|should stay|must not be (?:moved"
     r"|touched))"),
    # places of the table
    ("there", "", rf"(?:right )?(?:in|within|inside|at|to|on)(?: (?:that|this|the|its)(?: (?:very|very same|same"
     rf"|own))?) (?:area|region|quarter|quadrant|section|part|place|spot)(?= ?$| [,.;]| on | as )"
     rf"|without leaving (?:it|(?:the|that|this)(?: same)? {PLACE})|(?:in|within|inside) it|there"),
    *((("area", f"{row} {side} corner", pattern)) for row, v in (("top", UP), ("bottom", DOWN))
      for side, h in (("left", WEST), ("right", EAST))
      for pattern in (
          rf"(?:{v} {h}|{h} {v})(?: hand| most)?(?: (?:table|area))? corner(?: area| region)?{TABLE}",
          rf"corner (?:area |region )?(?:at|in|on|to|of) the (?:{v} {h}|{h} {v})(?: side| hand side)?{TABLE}")),
    *((("area", f"{row} {side} area", pattern)) for row, v in (("top", UP), ("bottom", DOWN))
      for side, h in (("left", WEST), ("right", EAST))
      for pattern in (
          rf"{PLACE} (?:at|in|on|to|of) the (?:{v} {h}|{h} {v})(?: side| hand side)?{TABLE}",
          rf"(?:{v}(?: and)? {h}|{h}(?: and)? {v})(?: hand)? (?:table |corner )?{PLACE}{TABLE}",
          rf"(?:{v} {h}|{h} {v})(?! (?:side )?of (?:the|a) (?:\w+ )*(?:{BLOCK}|bowl|zone))(?: of (?:the )?"
          rf"(?:table(?: ?top)?|work ?space|desk|board|scene|picture|surface))?")),
    ("area", "middle", rf"(?:at |in )?(?:the )?middle (?:{PLACE}|of (?:the|this) (?:table(?: ?top)?|work ?space"
     rf"|desk|board|scene|surface"
     rf"|picture)){TABLE}"),
    # sides of a thing
    ("side", "left", r"(?:to|on|at|from|towards?|lying|located|standing|in)?(?: to| on| at)?(?: the"
     r"| its)? ?(?:left|west|leftward)"
     r"(?: hand)?(?: side)? (?:of|from)"),
    ("side", "right", r"(?:to|on|at|from|towards?|lying|located|standing|in)?(?: to| on| at)?(?: the"
     r"| its)? ?(?:right|east"
     r"|rightward)(?: hand)?(?: side)? (?:of|from)"),
    ("side", "top", r"(?:to|on|at|towards?)? ?(?:the )?(?:far|top|upper|back|rear|north|northern) side (?:of"
     r"|from)|to the "
     r"(?:top|north|back|rear) of|at the (?:top|north|back|rear) of(?= the \w+ (?:block|cube|brick|one|box))"
     r"|north of|up from"
     r"|behind|further (?:up|away|back) than"
     r"|(?:further|farther)(?: away)? from the robot than|higher up than|past|beyond"),
    ("side", "bottom", r"(?:to|on|at|towards?)? ?(?:the )?(?:near|bottom|lower|front|south|southern) side (?:of"
     r"|from)|to the "
     r"(?:bottom|south|front) of|south of|in front of|down from|(?:nearer|closer)(?: to)? the robot than"
     r"|lower down than"),
    # what is on and under
    ("hidden", "", r"(?:hidden|covered(?: up)?|concealed|buried|invisible|obscured|unseen|out of sight|not visible"
     r"|you (?:cannot|can't) see|(?:that|which) (?:cannot|can't) be seen|uncover|reveal|uncovered|revealed)"
     r"(?: (?:by|from view|away|from sight))?"),
    ("hides", "", r"(?:covers|hides|conceals|is (?:covering|hiding|concealing)|covering|hiding|concealing)(?: up)?"),
    ("under", "", r"(?:right |directly |just |immediately )?(?:under|underneath|beneath)(?: of)?"),
    ("below", "", r"(?:right |directly |just |immediately )?below"),
    ("above", "over", r"(?:directly |just |right |immediately )?over"),
    ("above", "", r"(?:directly |just |right |immediately )?above"),
    ("layers", "3", r"(?:towers?|stacks?|piles?|columns?) of (?:three|3)(?: (?:blocks|cubes|high|layers))?"
     r"|(?:three|3|triple) (?:layer(?:ed|s)?|level(?:s|led)?|stor(?:y|ey|ied|eyed)|floors?|high|block"
     r"|tier(?:s|ed)?|blocks? (?:high|tall))(?: (?:high|tall))?"),
    ("layers", "2", r"(?:towers?|stacks?|piles?|columns?) of (?:two|2)(?: (?:blocks|cubes|high|layers))?|(?:two|2"
     r"|double|twofold) (?:layer(?:ed|s)?|level(?:s|led)?|stor(?:y|ey|ied|eyed)|floors?|high"
     r"|block|tier(?:s|ed)?|blocks? (?:high|tall))(?: (?:high|tall))?"),
    ("level", "next", r"on (?:the )?top of (?:those|them|these|that|it|this)|on (?:those|them|that|it|these)"
     r"|above (?:them|it"
     r"|those|that)|over (?:them|it|those|that)"),
    ("on", "", r"(?:on|over) (?:the )?top of|(?:on|to) the top side of"),
    ("level", "top", r"(?:at|on|to|in|as|for|for the)?(?: the)?(?: very)? ?(?:top ?most|uppermost|highest|summit"
     r"|peak|apex"
     r"|tip|top|crown|capstone|third|3rd|last)(?! (?:hand |most )?(?:left|right|table|area|corner|west"
     r"|east))(?: (?:row|layer|level|floor|tier|one|position|story|storey|block|spot)s?)?"),
    ("level", "middle", r"(?:at|on|in|as|for)?(?: the)? ?(?:(?:middle|second|2nd|intermediate) (?:row|layer|level"
     r"|floor"
     r"|tier|story|storey)|second|2nd)"),
    ("level", "bottom", r"(?:at|on|in|as|for|from|of|to|form|forming)?(?: the| its"
     r"| their)?(?: very)? ?(?:bottom ?most"
     r"|(?:lowest|lowermost|ground|base|foundation|bottom|lower)(?! (?:hand |most )?(?:left|right|table|area"
     r"|corner|west|east))|first(?= (?:row|layer|level|floor|tier|story|storey))|1st)"
     r"(?: (?:row|layer|level|floor|tier|one|position|story|storey)s?)?(?: of| in)?"),
    # polite and grammatical
    ("", "", r"(?:an)?other (?:blocks?|cubes?|bricks?|ones?)"),
    ("", "", r"if (?:a|the|any|some|one) colour (?:has|have|occurs|appears|comes|is)|if there (?:is"
     r"|are)(?= (?:an )?even)"),
    ("then", "", r"(?:and )?(?:then|next(?! to\b)|after (?:that|this|which)|afterwards?|finally|lastly|thereafter"
     r"|subsequently"
     r"|followed by|second(?:ly)?(?= ,)|at last|once (?:that is )?done)"),
    ("", "", r"(?:i (?:would like|want|need|wish|expect)|i'd like)(?: you)?(?: to (?:see|have))?"
     r"|(?:could|can|would|will|may) (?:you|we|i)"
     r"|(?:make|be) sure(?: that| to)?|see to it that|ensure(?: that)?|so that|such that|go ahead and"
     r"|your (?:task|job|goal) "
     r"is(?: to)?|the (?:task|job|goal|aim) is(?: to)?|it is time to|let us|let's|help me|try to|we (?:want|need)"
     r"|proceed to|you (?:should|must|have to|need to|are to|can|will)|has to|have to|needs? to|ought to|want"
     r"|(?:is|are|to) (?:to )?be|make (?:it )?so (?:that)?|there (?:is|are)|if you (?:can|would)|thank you|thanks"),
    ("start", "", r"(?:begin|start|beginn?ing|starting|starts|begins|led|lead|leading)(?: (?:off"
     r"|out))?(?: (?:with|from|by|on))?"),
    ("first", "", r"first(?: of all)?|firstly|initially"),
    ("pronoun", "", r"it|them|those|these|that one|this one|him"),
    # verbs
    ("make", "", r"(?:build|built|building|construct|erect|assembl|mak|made|make|creat|form|rais|produc|compos|arrang"
     r"|set up|put together|use|using|used|turn)(?:e|es|ed|ing|s)?(?: up)?"),
    ("stack", "", r"(?:stack|pil|heap|mound|superimpos)(?:e|es|ed|ing|s)?(?: (?:up|together))*"),
    ("fill", "", r"(?:fill|load|cover|top)(?:s|ed|ing)?(?: up)?(?= the \w+ (?:bowl|zone|dish|square))|fill"),
    ("contain", "", r"(?:contains?|holds?|gets?|receives?|ends? up with)(?= )"),
    ("sort", "", r"(?:sort|organi[sz]e|distribut|separat|match|pair|assign|group|classify|tidy|clean)(?:e|es|ed"
     r"|ing|s)?"
     r"(?: (?:up|out|away))?"),
    ("take", "", r"(?:tak|took|grab|grasp|pick|lift|fetch|collect|gather|find|locat|remov|retriev|select|choos"
     r"|seiz|get"
     r"|clear|look|check|rais|pull|round|identify|grip|catch)(?:e|es|ed|ing|s|bing|ting|y)?"
     r"(?: (?:up|out|away|off|hold of|aside|for|at|together))*"),
    ("put", "", r"(?:put|putting|puts|place|placed|places|placing|set|sets|setting|lay|lays|laying|laid|drop|dropped"
     r"|dropping|drops|position|positioned|deposit|deposited|depositing|insert|inserted|stick|dump|move|moved"
     r"|moves|moving"
     r"|relocate|relocated|relocating|transfer|transferred|transferring|shift|shifted|shifting|bring|brought|bringing"
     r"|carry|carried|carrying|deliver|delivered|transport|transported|transporting|send|push|pushed|slide|slid|shove"
     r"|drag|go|goes|going|belongs?|sits?|sitting|ends? up|ended up|put down|store|stored|return|rest|rests|release"
     r"|stow|leave|toss|throw|pop|nestle|station|situate|reposition|haul|convey|migrate|tuck|hand|add|adding|added"
     r"|install|load|loaded|combine|combined|concentrate|evacuate|empty|unload|displace|land|reside|stands?|come|comes|follow|follows|crown"
     r"|lives?)"
     r"(?: (?:down|over|away|up|off))?"),
    # quantities
    ("only", "", r"(?:only|just|exclusively|solely|nothing but|merely|purely)"),
    ("quant", "all", r"(?:all|every|each|any|everything|whole|entire|both|every single|each and every|either)"
     r"(?: (?:and every|of|single))?"),
    ("block", "", r"one(?! (?:\w+ ){0,2}(?:blocks?|cubes?|bricks?|boxes|tower|stack|pile|heap|column|pyramid|bowl"
     r"|zone)s?\b)"),
    *((("count", str(n), rf"(?:{word}|{n})(?! (?:tower|stack|pile|heap|column|pyramid)s?)"))
      for n, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1)),
    # things and what they look like
    *((("colour", colour, rf"(?:of |coloured )?(?:the )?{colour}(?: coloured| colour)?s?")) for colour in COLOURS),
    *((("group", group, rf"(?:of |with |with a |of a |in (?=(?:{word}) colour ?))?(?:the )?(?:{word})(?: coloured"
     rf"| colour)?(?: (?:group|family|palette))?"))
      for group, word in (("cool", "cool|cold"), ("warm", "warm"), ("primary", "primary"), ("secondary", "secondary"))),
    ("size", "big", r"(?:of )?(?:the )?(?:big|bigger|biggest|large|larger|largest)(?: (?:size|sized|sizes))?"),
    ("size", "small", r"(?:of )?(?:the )?(?:small|smaller|smallest|little|tiny|littler)(?: (?:size|sized|sizes))?"),
    ("same size", "", r"(?:(?:of|with) )?(?:the |an? )?(?:same|equal|identical|similar|like|matching) (?:sizes?"
     r"|sized)"
     r"|equally sized|by (?:their )?sizes?|sizes?"),
    ("bowl", "", r"(?:bowl|dish|container|basin|cup)(?:s|es)?"),
    ("zone", "", r"(?:(?:square|painted|target|marked) )*(?:zone|square|patch|pad|mat|field|tile|area|region)(?:s|es)?"
     r"|target"),
    ("pyramid", "", r"pyramids?|triangle|triangular(?: shape| structure| stack)?"),
    ("tower", "", r"(?:(?:single|one|a|two|three|2|3|several|separate|individual|own|distinct|another) )*(?:tower"
     r"|stack|pile|heap|column|pillar)s?(?: of| from)?"),
    ("block", "", r"blocks?|cubes?|bricks?|boxes|box|pieces?|objects?|items?|things?|ones?|everything|whatever"),
    ("area", "middle", r"(?:at |in )?(?:the )?middle"),
    ("layers", "", r"(?:layer(?:ed|s)?|level(?:s)?|row(?:s)?|floors?|tiers?|shaped?|structure|side by side"
     r"|next to each other)"),
    # small words
    ("to", "", r"(?:in|on|over) ?to|to|into|towards?|toward"),
    ("in", "", r"in|inside(?: of)?|within|at|among(?:st)?"),
    ("from", "", r"(?:from|out of)(?: (?:the )?(?:inside|within))?|off(?: of)?(?= the (?:\w+ ){1,2}(?:block|zone"
     r"|bowl|cube))"),
    ("on", "", r"on"),
    ("of", "", r"of|with|for|having|out"),
    ("sep", "", r",|and|or|plus|as well as|along with|together with|while|whereas|but(?= (?:leave|only|keep"
     r"|do not|don't|ignore))|also|too|&|\+"),
    ("stop", "", r"\.|;|!|:|\?"),
    ("count", "0", r"\d+"),
)  # fmt: skip
"""(tag, value, pattern), in the order in which they are tried; with an empty tag the words say nothing."""

FILLER = frozenset((
    "somewhere", "apart", "consists", "consist", "consisting", "complete", "completing", "composed", "comprises",
    "a", "accordingly", "again", "already", "an", "appear", "appearing", "appears", "are", "arm", "as", "available",
    "away", "be", "been", "being", "belong", "belonging", "block's", "board", "by", "can", "carefully", "certain",
    "colour", "coloured", "could", "count", "counts", "cube's", "currently", "desk", "directly", "do", "does",
    "down", "exactly", "exist", "existing", "exists", "firmly", "found", "gently", "good", "gripper", "group",
    "groups", "had", "hand", "has", "have", "having", "hello", "her", "here", "hey", "hi", "high", "his", "i",
    "initially", "is", "it'll", "its", "kept", "kind", "kindly", "laying", "let", "lie", "lies", "like", "located",
    "lying", "may", "members", "mind", "must", "my", "neatly", "need", "needed", "nice", "nicely", "now", "number",
    "numbers", "occur", "occurring", "occurs", "off", "ok", "okay", "on-table", "one's", "order", "originally",
    "our", "own", "placed", "please", "position", "positioned", "present", "presently", "proper", "properly",
    "quickly", "ready", "remain", "respectively", "resting", "result", "resulting", "right", "robot", "safely",
    "same", "scene", "seated", "set", "sets", "shall", "should", "simply", "single", "sitting", "situated",
    "slowly", "so", "stand", "standing", "stay", "staying", "stays", "straight", "stuff", "surface", "table",
    "tabletop", "tall", "that", "the", "their", "theirs", "then's", "there", "they", "thing's", "this", "tightly",
    "time", "times", "together", "total", "up", "visible", "want", "wanted", "was", "way", "we", "well", "were",
    "what", "when", "whenever", "where", "which", "who", "whole", "whom", "whose", "will", "workspace", "would",
    "you", "your",
))  # fmt: skip
"""Words that only make a sentence grammatical."""

HEDGES = frozenset(
    [
        "partially",
        "partly",
        "nearly",
        "hardly",
        "barely",
        "scarcely",
        "randomly",
        "repeatedly",
        "temporarily",
        "possibly",
    ]
)
"""Ways of doing something that change what is done; other adverbs only say how."""
