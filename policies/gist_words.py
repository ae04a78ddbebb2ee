"""Words as concepts, for a reader that gets the gist: what it does not know it passes over, unless that is a warning.

Other than `policies.lexicon`, which refuses a word it does not know. Contractions are spelled out, possessives are a
concept of their own, and phrases are tried before words, the longer ones first.
"""

import re
from dataclasses import dataclass

from policies.vocabulary import COLOURS, HEDGES

UP = r"(?:top|topmost|upper|uppermost|far|back|rear|north|northern)"
DOWN = r"(?:bottom|bottommost|lower|lowermost|near|front|south|southern)"
WEST, EAST = r"(?:left|leftmost|west|western)", r"(?:right|rightmost|east|eastern)"
PLACE = r"(?:area|region|quarter|quadrant|section|part|portion|sector|side|end|space|half)s?"
BLOCK = (
    r"(?:blocks?|cubes?|bricks?|boxes|box|pieces?|objects?|items?|things?|cubelets?|dice|toys?|shapes?|bits?|stuff"
    r"|elements?|parts)"
)
BOWL = r"(?:bowls?|dish(?:es)?|containers?|basins?|cups?|vessels?|receptacles?|pots?|saucers?)"
ZONE = r"(?:zones?|squares?|patch(?:es)?|pads?|mats?|fields?|tiles?|targets?|plots?|platforms?|markers?)"
COLOUR = rf"(?:{'|'.join(COLOURS)})"
TOWER = (
    r"(?:towers?|piles?|columns?|stacks?|pillars?|heaps?|skyscrapers?|high rises?|turrets?|spires?|mounds?"
    r"|tower blocks?)"
)
ON = r"(?:on|upon|atop|onto|over|above|on top of|on to)"
THEM = r"(?:it|them|those|these|that|this|him|each|theirs|that one|this one)"
STAYS = (
    r"(?:leav\w+|stay\w*|remain\w*(?! (?:cube|block|one)s?)|untouched|alone|ignor\w+|keep|kept|disregard\w*|skip"
    r"|not (?:be )?(?:touch|mov|disturb|tak|includ|involv|us|bother|add|stack|pick|budg|need|want|requir|us)\w*"
    r"|spare|be left|no part"
    r"|where (?:they|it) (?:are|is|were|was)|as (?:they|it) (?:are|is)|in place|out of it|exclud\w+|without touch\w+"
    r"|without mov\w+|without disturb\w+|not (?:matter|belong|count)|stay put|do not (?:go|come|get))"
)
OTHERS = (
    rf"(?:(?:the|any|all|every|no) (?:rest|remainder|remaining|others?)|others|else|the other {BLOCK}|other {BLOCK}"
    r"|rest of|remaining (?:\w+ )?(?:one|cube|block|piece)s?|besides|other (?:one|colou?r|size)s?)"
)

RULES: tuple[tuple[str, str, str], ...] = (
    ("stop", "", r"[.;:?!]"),
    ("comma", "", r","),
    # what is said to say nothing
    ("", "", r"(?:on|from|off|across|around) (?:the|this|your|my) (?:table ?top|table|work ?space|desk|board|surface)"
     r"|of (?:the|this) (?:table ?top|table|work ?space|desk|board|surface|picture|scene|image)"),
    ("", "", r"(?:in|following) (?:exactly )?(?:this|that|the|the following) order|as follows|no (?:hurry|rush)"
     r"|if you (?:please|can|could|would|will|like|do not mind)|if (?:possible|at all possible)|thank you|do not mind"
     r"|no matter what happens|not (?:only|just)(?= .* but)|would not mind|without (?:fail|delay|hurry|rush)"
     r"|(?:should|will|would) not be (?:hard|difficult)|in the end|at the end|when you are (?:done|finished)"
     r"|for (?:me|us)|(?:do|please do) not forget to|make no mistake|one (?:at a time|by one|after the other)"
     r"|and do not (?:worry|hurry|stop until \w+ \w+ \w+)|not (?:yet|already)(?: (?:there|done))?"
     r"|(?:one|first) (?:thing|task|job)|next to no|kind of you|go with|at rest|(?:a|the) (?:thing|job"
     r"|task) (?:to|is)|(?:a )?new home"
     r"|nothing (?:fancy|special|complicated|difficult)|(?:great|nice|good|lovely|happy|appreciate|love|glad"
     r"|perfect|wonderful|thankful|grateful|pleased)(?: it)? if"
     r"|(?:none|nobody|nothing|no one|not one) (?:is |being )?(?:left|missed|forgotten)(?: out| behind)?"
     r"|no exceptions?|without (?:any )?exceptions?|not a single (?:one|cube|block|piece) (?:left|missing|forgotten)"
     r"(?: out| behind)?|leaving (?:none|nothing|no \w+) (?:behind|out)|(?:miss|forget|skip) (?:none|nothing)"
     r"|not one of them left(?: out| behind)?|do not (?:miss|forget|leave out|leave behind) (?:any|one|a single one)"
     r"(?: of them)?|until (?:none|no \w+|nothing) (?:is|are|remains?)(?: left)?(?: over)?|used up|run out"),
    ("all", "", r"(?:whatever|whichever|no matter (?:what|which)|regardless of|irrespective of|independent of"
     r"|whatever may be)(?: (?:its|their|the|of|may be))* colou?rs?(?: (?:they|it|each|a \w+|the \w+) "
     r"(?:is|are|has|have|may be|may have))?|(?:of )?(?:any|all|every|whatever) colou?rs?(?= (?:into|to|goes|go"
     r"|should"
     r"|in the \w+ bowl|belongs?))"),
    # which, and which not
    ("only", "", r"(?:and |but |with )?(?:no|none of the|not any|not the|never any|without any|without the) others?"
     rf"(?: (?:ones?|{BLOCK}))?|(?:and )?(?:nothing|none|no one|nobody) (?:else|more|besides)|nothing (?:but|except)"
     r"|(?:no|not) more(?: than (?:that|those|these))?|none but|no (?:other|further|additional) \w+"
     r"|not the (?:rest|remaining \w+)"
     r"|(?:just|only|exclusively|solely|merely|purely|strictly)"),
    ("stay", "", r"without (?:taking|moving|letting|leaving|carrying|removing|bringing|dragging)[^,.;?!]*"
     r"|(?:right |exactly |just )?where (?:they|it|those) (?:are|is|lie|lies|stand|stands|sit|sits)|on the spot"
     r"|in place|right there|still in|stay\w* (?:there|in|within|inside)|never leav\w+|not leav\w+|not leave"
     r"|(?:not|never) (?:to )?(?:cross|exit|go|come|be taken|be moved|move|moving|taking|take)(?: \w+){0,3}? "
     r"(?:out|outside|beyond|away|elsewhere|anywhere)(?: of)?|locally"),
    # even and odd
    ("even", "even", r"even(?: numbered)?(?: (?:number|count|amount|quantit|total|numeral|tall|sum|head ?count)\w*)?"
     r"(?: of)?(?: times?)?"),
    ("even", "odd", r"odd(?: numbered)?(?: (?:number|count|amount|quantit|total|sum)\w*)?(?: of)?(?: times?)?"
     r"|uneven\w*"),
    ("even", "even", r"(?:two|2) ?(?:,|or) (?:or )?(?:four|4)(?: ?,? ?(?:or )?(?:six|6))?(?: (?:or|and) "
     r"(?:some other|any other|so on|more))?"),
    ("even", "even", r"(?:divisible|divisibly|divided?|divides?|dividing|splits?|halved?|shared?)(?: up)?(?: evenly"
     r"| exactly| cleanly| neatly| equally)?(?: by| into| in)? (?:two|2|pairs|twos|halves|couples|two equal \w+)"
     r"|(?:a )?multiples? of (?:two|2)|evenly"),
    ("even", "even", r"(?:in|into|as|of|for|by) (?:complete |full |whole |perfect |clean )?(?:pairs|twos|couples)"
     r"|pair(?:ed|s)? (?:up|off)|(?:has|have|finds?|gets?) (?:a |its )?(?:partner|twin|mate)s?"
     r"|(?:pairs|paired) (?:exactly|completely|perfectly|fully|evenly|without)"),
    ("even", "even", r"(?:with |without |and |leaving |having )*(?:no|nothing|none|not|any|a|single|one|never an?)? ?"
     r"(?:(?:single|odd|lone|spare) )?(?:\w+ )?(?:being |is |are |to be |gets? )?(?:left over|leftovers?"
     r"|left unpaired|unpaired|left without(?: a)? \w+|left alone without \w+|remainders?|remaining over|to spare)"),
    # turns
    ("alternate", "", r"(?:never|no|not|without(?: ever)?|avoid\w*)(?: (?:any|have|having|put|putting|letting|place"
     r"|placing|stack|stacking|let))* "
     r"(?:two|2)(?: \w+){0,3}? (?:same|alike|equal|one|identical|of a kind)(?: \w+){0,3}?(?: in a row| next to \w+"
     r"(?: other)?| touch\w*| together| in succession| adjacent| following \w+(?: other)?| in sequence)?"),
    ("alternate", "", r"(?:never|no|not|without) (?:the )?(?:same|one) colou?r twice(?: in (?:a row|succession))?"
     r"|(?:no|never) (?:\w+ ){0,3}(?:neighbou?r\w*|adjacent)(?: \w+){0,4}? (?:same|equal|alike)(?: colou?rs?)?"
     r"|no (?:repeats?|repetitions?)"),
    ("alternate", "", r"alternat\w+|(?:by|in|take|takes|taking|took) turns?|turn by turn|strip(?:ed|es|y)|zebra"
     r"|interleav\w+|interlac\w+|switch\w*|back and forth|to and fro|every (?:other|second) (?:one|cube|block|level"
     r"|floor|layer)|in a row|vice versa|repeat\w*|changing|changes? (?:from|between|colou?r)|checker\w*|again"
     r"|rotat\w+ "
     r"between|one of each|successively"),
    ("so on", "", r"and so (?:on|forth)|and the like|et cetera|etc|likewise|and similarly|and so for \w+"
     r"|same for \w+"),
    # unlike, and alike
    ("differ", "", r"(?:different|differing|differ|differs|differently|mismatch\w*|mis match\w*|unmatched"
     r"|non match\w*"
     r"|nonmatching|wrong\w*|incorrect\w*|unlike|dissimilar\w*|unequal\w*|distinct|contrasting|clash\w*|disagree\w*"
     r"|foreign|mixed up|mix up|jumbled?|unrelated|opposing|strange)(?: than| from| to)?|mixed|at odds|stranger\w*"),
    ("differ", "", r"(?:other than|anything (?:but|except)|any(?: \w+){0,2} (?:but|except(?: for)?)(?= (?:its"
     r"|their|the"
     r"|that|one|his))|all but|everything but|every(?: \w+)? (?:but|except)(?= (?:its|their|the one)))"
     r"(?: (?:its|their|the|that|of|one|same|matching|own|very|identical|colou?rs?|s))*"),
    ("all", "", r"all (?:the )?(?:others?|other colou?rs)"),
    ("same", "strong", r"(?:looks? |painted |coloured )?like (?:the|that|this|its) (?:cube|block|piece|one)"),
    ("differ", "", rf"(?:an|some|any|in|of|a)? ?(?:an)?other colou?r(?:s|ed)?|(?:an|some|any) ?other {BOWL}"
     rf"|any other one|(?:an)?other {BOWL} than"),
    ("same", "", r"(?:(?:without|no|never|not|do not|avoid)(?: ever)?) mix\w*(?: (?:the|of|up|any|different"
     r"|colou?rs?))*"),
    ("stack", "", rf"(?:one and the |the )?same {TOWER}"),
    ("same", "strong", r"(?:same|own|ownership|match|matches|matched|matching|shares?|sharing|shared|correspond\w*"
     r"|respective\w*|identical\w*|equal\w*|agree|agrees|agreeing|in common|coincid\w*|alike|akin|like colou?red"
     r"|belongs? (?:with|together)|fits?|fitting|counterparts?|fellows?|twins?|mates?|namesake|partner\w*"
     r"|suits?|suitable"
     r"|home|appropriate\w*|colou?r cod\w*|goes with|uniform\w*|single colou?r\w*|per colou?r|by colou?r|colou?r "
     r"by colou?r|each colou?r|every colou?r|one colou?r|according to colou?r|colou?r wise|monochrome|unicolou?r\w*"
     r"|tally|tallies|accordingly|go(?:es)? together|right one|correct|proper|rightful)"),
    ("pronouned", "", rf"{ON} (?:(?:it|them)\b|{THEM}(?= ?(?:$|[,.;:?!]|and|in|on|to|from|into|belong|should"
     rf"|must|go|the|a|its|put|set)))|thereupon"),
    # each other
    ("stack", "each other", rf"(?:all )?(?:each|one)(?: (?:cube|block|brick|one|piece|of them))? (?:\w+ )?{ON}"
     rf"(?: the)?(?: top of)?(?: the)? (?:another|others?|next|previous|last|preceding|one before|first|before)"
     rf"(?: one| cube| block)?|(?:{ON} )?(?:each other|one another)|on top of the (?:previous|last"
     rf"|preceding) (?:one)?"),
    ("pyramid", "", r"pyramids?|pyramidal|triangles?|triangular|ziggurats?|stepped (?:tower|structure|pile)"),
    # parts of a table
    *((("area", f"{row} {side} {what}", pattern)) for row, v in (("top", UP), ("bottom", DOWN))
      for side, h in (("left", WEST), ("right", EAST))
      for what, pattern in (
          ("corner", rf"(?:{v}(?: and| ,)? {h}|{h}(?: and| ,)? {v})(?: hand| most)?(?: (?:table|area))? corner"
           rf"(?: (?:area|region|part|square))?"),
          ("corner", rf"corner (?:area |region )?(?:at|in|on|to|of|towards?)(?: the)? (?:{v} {h}"
     rf"|{h} {v})(?: side| hand side)?"),
          ("area", rf"{PLACE} (?:at|in|on|to|of|towards?)(?: the)? (?:{v} {h}|{h} {v})(?: side| hand side)?"),
          ("area", rf"(?:{v}(?: and)? {h}|{h}(?: and)? {v})(?: hand)?(?: (?:table|corner))? {PLACE}"),
          ("area", rf"(?:{v} {h}|{h} {v})(?! (?:side |hand side )?of)"))),
    ("area", "middle", rf"(?:very )?(?:middle|cent(?:er|re|ral))(?: {PLACE})?(?! (?:row|layer|level|floor|tier"
     rf"|stor))"),
    ("same area", "", rf"(?:that|this|the)(?: very)?(?: same)? {PLACE}(?: itself)?|same (?:\w+ )?{PLACE}"
     rf"|its {PLACE}"),
    # sides
    *((("side", side, rf"(?:(?:to|on|at|from|towards?) )?(?:the )?(?:further "
     rf"|farther )?(?:to the )?(?:{word})(?: hand)?"
        rf"(?: side)? (?:of|from|than)(?! (?:the|this) (?:table|work|desk|board))"))
      for side, word in (("left", "left|west|leftwards?"), ("right", "right|east|rightwards?"),
                         ("top", "north|far side|top side|back"), ("bottom", "south|near side|bottom side"))),
    ("side", "left", r"'s left(?: hand)?(?: side)?"), ("side", "right", r"'s right(?: hand)?(?: side)?"),
    ("side", "bottom", r"in front of"), ("side", "top", r"behind|beyond"),
    ("side", "top", r"to the top of"), ("side", "bottom", r"to the bottom of"),
    ("poss", "", r"'s"),
    # near, but not on
    ("warning", "", r"next to|close to|beside|besides|near|nearby|adjacent to|alongside|around the"
     rf"|between (?!the two|them|{COLOUR} and|(?:the )?colou?rs|these|those)"),
    # things
    ("group", "cool", r"(?:cool|cold)"), ("group", "warm", r"(?:warm|hot)"), ("group", "primary", r"primary"),
    ("group", "secondary", r"secondary"),
    ("colour", "", COLOUR),
    ("size", "big", r"(?:big|bigger|biggest|large|larger|largest|huge|great|giant|bulky|bulkier|hefty|chunky"
     r"|oversized)(?: size[ds]?)?"),
    ("size", "small", r"(?:small|smaller|smallest|little|littler|littlest|tiny|tinier|tiniest|mini|miniature"
     r"|minor)(?: size[ds]?)?"),
    ("size", "former", r"former"), ("size", "latter", r"latter"),
    ("order", "", r"sizes? (?:\w+ ){0,2}(?:smaller|shrink|decreas|diminish|taper|go\w* down|fall|drop"
     r"|get\w* smaller)\w*|(?:decreas|descend|diminish|shrink)ing(?: order of| in)? sizes?(?: order)?|(?:order"
     r"|sequence) of sizes?"
     r"|sizes? order|(?:sorted|ordered|arranged|graded|order) (?:by|according to) (?:\w+ )?sizes?|taper\w*"),
    ("zone", "", rf"(?:(?:painted|marked|flat|drawn) )*{ZONE}"),
    ("zone", "", r"(?<=coloured )(?:area|region|spot|space|place|surface|section)s?"),
    ("zone", "", r"(?<=painted )(?:area|region|spot|space|place|surface|section)s?"),
    *(("zone", "", rf"(?<={c} )(?:area|region|spot|space|place|surface)s?") for c in COLOURS),
    ("bowl", "", BOWL),
    ("layers", "", r"(?:double|two|2|three|3|triple|twin) (?:layer|level|stor|floor|tier|high|tall|block|cube"
     r"|deck)\w*"
     r"(?: (?:high|tall|stack|tower|pile)s?)?"),
    ("count", "two", rf"(?:two|2|couple of|pair of)(?= (?:\w+ )?{BLOCK})"),
    ("count", "three", rf"(?:three|3|trio of)(?= (?:\w+ )?{BLOCK})"),
    ("count", "many", rf"(?:four|five|six|seven|eight|nine|ten|[4-9]|10)(?= (?:\w+ )?{BLOCK})"),
    ("all", "", r"(?:everything|anything|whatever|contents|what (?:is|lies|stands|sits|you (?:see|find)))"),
    ("block", "", BLOCK),
    ("one", "", r"ones?"),
    ("stack", "", rf"{TOWER}|(?:stack|pil|heap)(?:e|ed|ing)(?: up)?|vertical\w*|on top of (?:each|one)|mount\w*"
     rf"|tower"),
    # one on another
    ("capped", "", r"(?:top(?:s|ped|ping)?|crown(?:s|ed|ing)?|cap(?:s|ped|ping)?)(?: off)?(?: (?:it|them|that"
     r"|each|those|each one))? "
     r"(?:with|by)"),
    ("topped", "", r"(?:top|crown|cap)(?: off)?(?= (?:each|every|all|the|it|them)\b(?! of))|(?:topped|crowned"
     r"|capped)(?: off)?"),
    ("removes", "", r"remov\w+|(?:set|put|push|mov|slid|tak|lift|pull|shov)\w*(?: (?:it|them))? (?:aside|away"
     r"|off)|lift\w*(?: up)?"
     r"|out of the way|aside"),
    ("on", "top of", r"(?:on|at|to|onto|over|upon)(?: the)?(?: very)? top of"),
    ("high", "", r"(?:on|at|to|for|in|as|near)?(?: the)?(?: very)? ?(?:high|top(?:most)?|upper(?:most)?|highest"
     r"|peak|summit|apex|tip"
     r"|crown)(?! (?:and )?(?:hand |most )?(?:left|right|west|east)| table)(?: (?:part|half|row|layer|level"
     r"|floor|end|portion|stor\w+|ones?|section|cube|block|of it))*|higher up|last"
     r"|finish\w*|end(?:ing|s)? (?:with|in)|finally|afterwards?|later|thereafter"
     r"|after that(?! (?:big|large|small|little|tiny))|upwards?|follow\w*"),
    ("after", "", r"after"),
    ("low", "", r"(?:on|at|to|for|in|as|near)?(?: the)?(?: very)? ?(?:bottom(?:most)?|lower(?:most)?|lowest"
     r"|base|foundation|ground"
     r"|undermost|footing|basis|foot|feet|low)(?! (?:and )?(?:hand |most )?(?:left|right|west|east)"
     r"| table)(?: (?:part|half|row|layer|level|floor|end|portion|stor\w+|section))*|lower down"
     r"|first|firstly|start\w*|begin\w*|lead\w*|initial\w*"),
    ("before", "", r"before"),
    ("below", "", r"below"),
    ("above", "", r"above"),
    ("over", "", r"over(?= (?:the|a|an|its|their|every|each|any|all|that|big|small|large|little))"),
    ("under", "", r"under|underneath|beneath"),
    ("carry", "", r"(?:carr(?:y|ies|ying)|supports?|supporting|bears?|bearing)"),
    ("hidden", "", r"(?:hid(?:e|es|ing|den)|conceal\w*|cover(?:s|ed|ing)?|bur(?:y|ied|ies|ying)|uncover\w*"
     r"|unearth\w*|reveal\w*"
     r"|expos\w+|invisible|unseen|obscur\w*|out of (?:sight|view)|dig\w* (?:out|up)|not (?:be )?(?:visible|seen|see)"
     r"|from (?:sight|view)|can not (?:be )?see[n]?|underlying|underl\w+|weigh\w* down|trapped|stuck)"),
    ("touches", "", r"(?:touch\w*|directly on|contact\w*|stand\w* on|rest\w* on|sit\w* on|lie\w* on"
     r"|lying on) the (?:table ?top"
     r"|table|surface|desk|ground|floor)"),
    ("rests", "", r"(?:sits?|sitting|rests?|resting|stands?|standing|lies?|lying|stacked|placed|perched"
     r"|perches)(?= (?:on|upon|atop)\b)"),
    # where from and where to
    ("where", "", r"(?:is|are|be)(?: (?:the|a))?(?: (?:place|spot|destination|goal|right place|target|new home"
     r"|home))?"
     r"(?: (?:where|for|that|which|what|of))|is what|where"),
    ("empty", "", r"empt(?:y|ied|ying|ies)(?: out)?|clear(?:ed|ing|s)?(?: out| up| off)?|evacuat\w+|vacat\w+"
     r"|unload\w*|free up"),
    ("source", "", r"(?:lying|lies?|located|located|found|find|standing|stands|currently|now|sitting|sits"
     r"|resting|rests|situated"
     r"|contained|occupying|present|presently|positioned right now|residing|see|is|are|there|right now"
     r"|at the moment|look"
     r"|initially|originally|already|waiting|been|starting out|starts out|you have|spot|discover\w*"
     r"|have)(?: around| about)?(?: currently"
     r"| now)? (?:in|inside|within|on|at)"),
    ("from", "", r"from|out of|off|leav\w+ the"),
    ("target", "", r"(?:in|on)to|towards?|to(?= (?:the|its|their|that|a|an|one|every|each|whichever|whatever"
     r"|(?:top|bottom|left|right)\b))"
     r"|across to|over to|over(?= (?:in|at) the)"),
    ("target", "", r"(?:end\w* up|belongs?|go|goes|put|putting|placed?|placing|drop\w*(?: off)?|leave|leaving"
     r"|left|deposit\w*|set|lay|gather\w*"
     r"|collect\w*|assembl\w+|be|moved|destined|unload|reappear|finish|arrive|arriving|land|landing|settle"
     r"|reunite\w*|back|instead|park\w*"
     r"|congregat\w+|brought together|bring together|together|tuck\w*|stow\w*)(?: up| off| down| them| it| all"
     r"| all of them| everything|"
     r" every one)* (?:in|inside|within|at)"),
    ("in", "", r"in|inside|within|at"),
    ("on", "", r"on|upon|atop|on to"),
    ("neg", "", r"no|not|never|none|nothing|nobody|cannot|without|neither|nor|nowhere|avoid\w*|refus\w+"
     r"|rather than|instead of|forbid\w*"
     r"|prevent\w*|hardly|except\w*|exclud\w+|apart from|aside from|other than|unless|refrain|stop"),
    ("all", "", r"all|every|each|any|both|entire|whole|everyone|any of"),
    ("some", "", rf"(?:some|several|a few|few|most|one|either|half|many)(?: of)?(?: the| these"
     rf"| those)?(?= (?:\w+ )?{BLOCK})"),
    ("then", "", r"then|next|afterwards?|followed by|after which|finally|lastly"),
    ("and", "", r"and|plus|as well as|or|while|whereas|but|&"),
    ("with", "", r"with"),
    ("to", "", r"to|down to|up to"),
    ("if", "", r"if|when|whenever|wherever|provided|as long as|in case"),
    ("hue", "", r"colou?rs?|shades?|hues?|tones?|tints?"),
    ("coloured", "", r"colou?red|hued|toned|tinted|shaded"),
    ("its", "", r"its|their|whose|that|which|it|they|them"),
    ("the", "", r"the|a|an|those|these|this|of|are|is|ones own|both|single|painted|also|too|colored"),
)  # fmt: skip
"""(tag, value, pattern), in the order in which they are tried; with an empty tag the words say nothing."""

COMPILED = tuple((tag, value, re.compile(rf"(?:{pattern})(?= |$)")) for tag, value, pattern in RULES)

WARNINGS = HEDGES | frozenset((
    "twice", "thrice", "swap", "exchange", "rotate", "juggle", "flip", "spin", "dance", "sing", "weather", "drawer",
    "drawers", "door", "cloth", "rope", "towel", "paper", "scissors", "button", "lever", "degrees", "pour",
    "violet", "magenta", "turquoise", "beige", "gold", "golden", "silver", "teal", "crimson", "scarlet", "tan",
    "ivory", "indigo", "olive", "lilac", "transparent", "bronze", "sphere", "ball", "balls", "cylinder", "cylinders",
    "medium", "maybe", "perhaps", "yesterday", "tomorrow", "pretend", "imagine", "undo", "knock", "topple", "smash",
    "sideways", "diagonally", "horizontally", "circle", "line", "ring", "almost", "about",
))  # fmt: skip
"""Words that change what is asked so that the gist is not enough."""

CONTRACTIONS = {
    "what's": "what is", "that's": "that is", "it's": "it is", "where's": "where is", "there's": "there is",
    "here's": "here is", "who's": "who is", "let's": "let us", "can't": "can not", "won't": "will not",
    "shan't": "shall not", "cannot": "can not", "which's": "which is", "one's": "one 's", "how's": "how is",
    "everything's": "everything is", "whatever's": "whatever is", "grey": "gray", "y'all": "you all",
    "they're": "they are", "you're": "you are", "we're": "we are", "i'm": "i am", "dont": "do not",
}  # fmt: skip
ASKS = re.compile(
    r"^(?:is|was|were|does|did|why|who|am|how (?:many|much|come|do|does|is|are))\b|^are (?!you able)"
    r"|^i (?:have )?(?:already )?put "
)


@dataclass(frozen=True)
class Concept:
    """One unit of meaning: its tag, its value, the words, and whether a thing is meant in the plural."""

    tag: str
    value: str = ""
    text: str = ""
    plural: bool = False


def normal(sentence: str) -> str:
    """Lower case, contractions spelled out, possessives and punctuation as words of their own, no hyphens."""
    text = sentence.lower().replace("\u2019", "'").replace("\u2018", "'")
    text = re.sub(r"[\u2013\u2014()\[\]]|--", " , ", text)
    text = re.sub(r"[-\"\u201c\u201d*_/]", " ", text)
    text = re.sub(r"(\d),(\d)", r"\1\2", text)
    text = re.sub(r"([,.;:?!])", r" \1 ", text)
    words = " ".join(CONTRACTIONS.get(word, word) for word in text.split())
    words = re.sub(r"n't\b", " not", words)
    words = re.sub(r"'(?:d|ll|ve|re|m)\b", " ", words)
    words = re.sub(r"(\w)'s\b", r"\1 's", words)
    words = re.sub(r"(\w)s'(?= |$)", r"\1s 's", words)
    words = re.sub(r"\bcolor", "colour", words.replace("'em", "them"))
    return " ".join(words.replace("' ", " ").split())


STAYED = re.compile(
    rf"\bodd\b[^,.;:?!]*\b{STAYS}\b|\b{STAYS}\b[^,.;:?!]*\b(?:odd|uneven)\b|\bodd\b[^.;:?!]*\b(?:not|never)\b"
)
LEAVES = re.compile(rf"\b{OTHERS}\b(?=.*\b{STAYS}\b)|\b{STAYS}\b(?=.*\b{OTHERS}\b)")
COUNTS = re.compile(r"\b(?:odd|even)\b")
SPARES = re.compile(
    rf" ?(?:and )?(?:please )?(?:leav\w+|keep\w*|ignor\w+|(?:do )?not touch\w*) (?:all |any "
    rf"|the )*(?!(?:the )?{COLOUR})(?:\w+ ){{1,2}}(?:{BLOCK}|ones?)"
    r"(?: (?:alone|untouched|where they are|there|as they are|in place|out))?$"
)


def settled(text: str) -> str:
    """The sentence with "leave the others alone" and its like as a plain "only"."""
    pieces = re.split(r"( [,.;:?!](?= |$)| but (?!the )| and (?!so |four|no )| while )", f" {text}")
    kept = [
        " only" if SPARES.match(piece) or (LEAVES.search(piece) and not COUNTS.search(piece)) else piece
        for piece in pieces
    ]
    return " ".join("".join(kept).split())


def concepts(sentence: str) -> tuple[Concept, ...]:
    """A sentence as concepts; words that are not known are "word"."""
    text, at, found = settled(normal(sentence)), 0, list[Concept]()
    while at < len(text):
        concept, end = next_concept(text, at)
        if concept.tag:
            found.append(concept)
        at = end + (text[end : end + 1] == " ")
    return tuple(found)


def next_concept(text: str, at: int) -> tuple[Concept, int]:
    """The concept that starts at a place, and where it ends."""
    for tag, value, pattern in COMPILED:
        if (hit := pattern.match(text, at)) and hit.end() > at:
            words = hit[0].strip()
            plural = words.endswith("s") or words in ("boxes", "dice", "stuff", "dishes")
            return Concept(tag, words if tag == "colour" else value, words, plural), hit.end()
    end = text.find(" ", at)
    end = len(text) if end < 0 else end
    word = text[at:end]
    return Concept("warning" if word in WARNINGS else "word", "", word), end
