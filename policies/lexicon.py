"""The words of the tabletop: a sentence as tokens that carry a meaning each, and a refusal of words it does not know.

Rules are tried in order at every place of the sentence, longer phrases first; what only makes a sentence polite or
grammatical is dropped.
"""

import re
from dataclasses import dataclass, replace

from embodied.pursuit import PlannerFailed

COLOURS = (
    "blue", "red", "green", "yellow", "brown", "gray", "cyan", "orange", "purple", "pink", "white", "black", "maroon",
    "navy", "lime",
)  # fmt: skip
GROUPS = {
    "cool": ("blue", "green", "cyan", "purple", "navy", "lime"),
    "warm": ("red", "orange", "yellow", "pink", "maroon"),
    "primary": ("blue", "red", "yellow"),
    "secondary": ("orange", "green", "purple"),
}


class OutOfScope(PlannerFailed):
    """A sentence that is not understood for certain, or that names what is not there; it says which part."""


@dataclass(frozen=True)
class Token:
    """One unit of meaning: its tag ("colour"), its value ("red"), whether it was plural, and the words."""

    tag: str
    value: str = ""
    plural: bool = False
    text: str = ""


SPELLING = {
    "color": "colour", "colors": "colour", "colours": "colour", "hue": "colour", "hues": "colour", "shade": "colour",
    "shades": "colour", "tone": "colour", "tones": "colour", "colored": "coloured", "grey": "gray", "center": "middle",
    "centre": "middle", "central": "middle", "toned": "coloured", "hued": "coloured", "it's": "its", "atop": "on",
    "onto": "on", "upon": "on", "colouring": "colour", "coloring": "colour", "coloration": "colour",
}  # fmt: skip


POSSESSIVE = re.compile(
    r"(?:(?:on|to|at|in) )?the ((?:\w+[ -]){1,3}?)(block|cube|brick|one)'s (left|right|top|bottom)(?:[ -]hand)?(?: side)?\b"
)


def normalised(sentence: str) -> str:
    """Lower case, British, no hyphens, punctuation as words of its own."""
    text = sentence.lower().replace("\u2019", "'").replace("\u2014", " , ").replace("\u2013", " , ")
    text = re.sub(r"[-\"\u201c\u201d()\[\]*_/]", " ", text)
    text = re.sub(r"\b(pyramid|tower|stack|pile|table|robot|zone|bowl|colour|color)s?'s?(?= |$)", r"\1", text)
    text = POSSESSIVE.sub(r"to the \3 of the \1\2", text)
    text = re.sub(r"([,.;:!?])", r" \1 ", text)
    return " ".join(SPELLING.get(word, word) for word in text.split())


UP, DOWN = r"(?:top|upper|uppermost|far|back|rear|north|northern)", r"(?:bottom|lower|lowest|near|front|south|southern)"
WEST, EAST = r"(?:left|leftmost|left hand|west|western)", r"(?:right|rightmost|right hand|east|eastern)"
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
    r"(?:the (?:block|cube|brick|box|piece|one)(?:s'|'s|s)?(?: own| themselves| itself| placed in (?:it|them)| (?:being|they|it) \w+)?"
    r"|(?:each|every|that|those) (?:block|cube|brick|one)s?|it(?: is| has|self)?|its own|their own|its|theirs"
    r"|they (?:are|have)|them(?:selves)?|itself|its own colour|their own colour|the colour of the (?:block|cube)s?)"
)
AS = rf"(?: (?:as|to|with) (?:the (?:colour|one) of |that of |those of )?{SELF})?"
THAN = rf"(?: (?:than|from|to|as) (?:the (?:colour|one) of |that of |those of )?{SELF}(?: colour)?)?"
WHOSE = r"(?:(?:that|which) (?:are|is|has|have|bears?|shows?)|whose|having|of|with|in|by|to)"
UNLIKE = (
    r"(?:different|differing|differently|other|another|wrong|non matching|nonmatching|mismatching|mismatched|unmatched"
    r"|not matching|not the same|not the matching|distinct|dissimilar|unlike|contrasting|mis matched|mis matching"
    r"|non corresponding|unequal)"
)
NEVER = r"(?:do not|does not|don't|doesn't|is not|isn't|are not|aren't|not|never|differs? from|fails? to)"
BLOCK = r"(?:blocks?|cubes?|bricks?|boxes|box|pieces?|objects?|items?|things?|ones?)"

RULES: tuple[tuple[str, str, str], ...] = (
    # verbs that would be something else
    ("put", "", r"rest(?= (?:it|them|the|that)\b)"),
    ("", "", r"step (?:\d+|one|two|three|four|five|six|seven)(?: [:,.])?|where (?:it|they) belongs?(?: [:,])?"),
    ("block", "", r"whatever colour (?:a|the|each|every|one) (?:block|cube|brick) (?:has|is)"),
    ("block", "", r"what(?:ever)?(?: is| lies| stands)(?= (?:in|at|inside|on) the (?:top|bottom|upper|lower))|contents"),
    ("", "", r"(?:but )?(?:only )?(?:if|when|whenever|provided(?: that)?)(?= .*\beven\b)|if the count is(?= even)"),
    ("under", "", r"(?:carry|carries|support|supports|bear|bears)(?= (?:a|the|one|its) (?:small|little|tiny))"),
    # one another
    ("each other", "", r"(?:all )?(?:on |over |above |directly )*(?:the )?(?:top of |tops of )?(?:each other|one another)"),
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
     r"(?: (?:in |the |of |by |between )*(?:their )?colours?)?(?: pattern| order| fashion| manner| sequence)?(?: between)?"),
    # even and odd
    ("even", "odd", r"odd(?: numbered)?(?: (?:number|count|amount|quantity)s?)?(?: of)?(?: times?)?"),
    ("even", "even", r"even(?: numbered)?(?: (?:number|count|amount|quantity|quantities)s?)?(?: of)?(?: times?)?"),
    ("even", "even", r"(?:divisible by|(?:a )?multiples? of) (?:two|2)"),
    # colours of others
    ("match", "other", rf"(?:{WHOSE} )?(?:(?:a|any|some|the|an) )?colour {NEVER} (?:the |its |their )?(?:same|match"
     rf"|matching|own|equal|shared?)(?: (?:it|them))?{AS}(?: (?:its|their) own| their own colour)?"),
    ("match", "other", rf"(?:that|which|whose colour)? ?{NEVER} (?:share|match|have|of|in|with|correspond to|equal|fit)?"
     rf" ?(?:the same|its|theirs|their|it|them|same|the|a)(?: own| same| matching)?(?: colour| (?:{BLOCK})(?: colour)?)*{AS}"),
    ("match", "other", rf"(?:{WHOSE} )?(?:(?:a|any|some|the|an) )*colour (?:is |are )?(?:other than|different (?:from|than|to)"
     rf"|unlike|but not|that differs from|differing from|differs from) {SELF}(?: colour)?"),
    ("match", "other", rf"(?:{WHOSE} )?(?:(?:a|any|some|the|an) )*{UNLIKE} (?:in )?(?:colour|coloured){THAN}"),
    ("match", "other", r"(?:other than|unlike|not) (?:of |in |the one of |the ones of )?(?:its|their)(?: own)?(?: colour)?"),
    ("match", "other", r"(?:that|which) differs? (?:from (?:it|them) )?in colour|different in colour(?: from (?:it|them))?"),
    ("match", "other", rf"non matching|nonmatching|mismatching|mismatched|mis matched|mismatch|unmatched|not matching|"
     rf"(?:that|which) (?:is|are) {UNLIKE} (?:from|to) {SELF}|wrong(?: coloured)?|contrasting"),
    # their own colour
    ("match", "same", rf"(?:{WHOSE} )?(?:colour )?(?:that |which |who |whose |to )*(?:colour )?(?:match|matches|matching"
     rf"|equals?|shares?|sharing|fits?|corresponds?(?: to)?|corresponding to|is|is the same as|agrees with|goes with)"
     rf" (?:(?:in )?colour with )?(?:{ITS} |{SELF} )?(?:own |same |identical |matching )?(?:{BLOCK} )?(?:'s )?colour"
     rf"(?: of {SELF})?{AS}"),
    ("match", "same", rf"(?:that|which|whose colour|colour of which) (?:match(?:es)?|fits?|corresponds? to|agrees? with"
     rf"|goes with|equals?|is (?:equal|identical) to|(?:is|are) the same as)(?: (?:the colour of )?{SELF})?"),
    ("match", "same", rf"(?:{WHOSE} )?(?:(?:exactly|the|a|an|its|their|one|each) )*{SAME}(?: {SAME})?"
     rf"(?: (?:in )?colour| coloured)(?: each)?{AS}"),
    ("match", "same", rf"(?:of|with|in|to|by|has|have) (?:its|their|that|one|this|each)(?: (?:block|cube|brick)'?s?)?"
     rf"(?: own| respective)? colour(?! (?:matched|matching|coded))"),
    ("match", "same", r"(?:of|with|in|to) the (?:block|cube)s?'?s?'? (?:own )?colour|of the colour of (?:the|each) "
     r"(?:block|cube)s?(?: itself| themselves)?|the colour of which (?:it|they) (?:is|are|has|have)"),
    ("match", "same", r"(?:like|equal|equally|identically|similarly|same|alike|uniformly) coloured|of (?:a|one|any) colour"),
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
    ("downward", "", r"(?:from )?(?:the )?(?:top|highest|above) (?:down )?to (?:the )?(?:bottom|ground|base|lowest|below)"
     r"|top down|downwards?|from above"),
    ("said order", "", r"(?:in|following) (?:exactly )?(?:this|that|the|the following|the given|the stated|the same|said)"
     r" (?:exact )?(?:order|sequence)(?: of)?|in (?:order|sequence)|order|sequence"),
    # the rest
    ("rest", "", r"(?:all )?(?:of )?(?:the )?(?:rest|remaining|others|remainder)(?: of (?:the |them)?)?"
     r"(?: (?:ones|blocks?|cubes?))?|all (?:the )?other(?: (?:ones|blocks|cubes))?|(?:the |any )?other (?:ones|blocks"
     r"|cubes|bricks|block)|everything else|anything else|nothing else"),
    ("leave", "", r"(?:leave|leaving|keep|keeping|ignore|ignoring|do not (?:touch|move|use|include|disturb)"
     r"|don't (?:touch|move|use|include|disturb)|without (?:touching|moving|disturbing|using))"),
    ("alone", "", r"(?:alone|untouched|in place|(?:stays?|remains?|be left)(?! of)(?! in)(?: put| where \w+ \w+| there| out)?"
     r"|(?:exactly )?where they (?:are|lie|were|stand)|as they are|may stay|should stay|must not be (?:moved|touched))"),
    # places of the table
    ("there", "", rf"(?:right )?(?:in|within|inside|at|to|on)(?: (?:that|this|the|its)(?: (?:very|very same|same|own))?) {PLACE}(?= ?$| [,.;]| on | as )"
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
    ("area", "middle", rf"(?:at |in )?(?:the )?middle (?:{PLACE}|of (?:the|this) (?:table(?: ?top)?|work ?space|desk|board|scene|surface"
     rf"|picture)){TABLE}"),
    # sides of a thing
    ("side", "left", r"(?:to|on|at|from|towards?|lying|located|standing|in)?(?: to| on| at)?(?: the| its)? ?(?:left|west|leftward)"
     r"(?: hand)?(?: side)? (?:of|from)"),
    ("side", "right", r"(?:to|on|at|from|towards?|lying|located|standing|in)?(?: to| on| at)?(?: the| its)? ?(?:right|east"
     r"|rightward)(?: hand)?(?: side)? (?:of|from)"),
    ("side", "top", r"(?:to|on|at|towards?)? ?(?:the )?(?:far|top|upper|back|rear|north|northern) side (?:of|from)|to the "
     r"(?:top|north|back|rear) of|at the (?:top|north|back|rear) of(?= the \w+ (?:block|cube|brick|one|box))|north of|up from"
     r"|behind|further (?:up|away|back) than"
     r"|(?:further|farther)(?: away)? from the robot than|higher up than|past|beyond"),
    ("side", "bottom", r"(?:to|on|at|towards?)? ?(?:the )?(?:near|bottom|lower|front|south|southern) side (?:of|from)|to the "
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
    ("layers", "3", r"(?:towers?|stacks?|piles?|columns?) of (?:three|3)(?: (?:blocks|cubes|high|layers))?|(?:three|3|triple) (?:layer(?:ed|s)?|level(?:s|led)?|stor(?:y|ey|ied|eyed)|floors?|high|block"
     r"|tier(?:s|ed)?|blocks? (?:high|tall))(?: (?:high|tall))?"),
    ("layers", "2", r"(?:towers?|stacks?|piles?|columns?) of (?:two|2)(?: (?:blocks|cubes|high|layers))?|(?:two|2|double|twofold) (?:layer(?:ed|s)?|level(?:s|led)?|stor(?:y|ey|ied|eyed)|floors?|high"
     r"|block|tier(?:s|ed)?|blocks? (?:high|tall))(?: (?:high|tall))?"),
    ("level", "next", r"on (?:the )?top of (?:those|them|these|that|it|this)|on (?:those|them|that|it|these)|above (?:them|it"
     r"|those|that)|over (?:them|it|those|that)"),
    ("on", "", r"(?:on|over) (?:the )?top of|(?:on|to) the top side of"),
    ("level", "top", r"(?:at|on|to|in|as|for|for the)?(?: the)?(?: very)? ?(?:top ?most|uppermost|highest|summit|peak|apex"
     r"|tip|top|crown|capstone|third|3rd|last)(?! (?:hand |most )?(?:left|right|table|area|corner|west|east))(?: (?:row|layer|level|floor|tier|one|position|story|storey|block|spot)s?)?"),
    ("level", "middle", r"(?:at|on|in|as|for)?(?: the)? ?(?:(?:middle|second|2nd|intermediate) (?:row|layer|level|floor"
     r"|tier|story|storey)|second|2nd)"),
    ("level", "bottom", r"(?:at|on|in|as|for|from|of|to|form|forming)?(?: the| its| their)?(?: very)? ?(?:bottom ?most"
     r"|(?:lowest|lowermost|ground|base|foundation|bottom|lower)(?! (?:hand |most )?(?:left|right|table|area|corner|west|east))|first(?= (?:row|layer|level|floor|tier|story|storey))|1st)"
     r"(?: (?:row|layer|level|floor|tier|one|position|story|storey)s?)?(?: of| in)?"),
    # polite and grammatical
    ("", "", r"(?:an)?other (?:blocks?|cubes?|bricks?|ones?)"),
    ("", "", r"if (?:a|the|any|some|one) colour (?:has|have|occurs|appears|comes|is)|if there (?:is|are)(?= (?:an )?even)"),
    ("then", "", r"(?:and )?(?:then|next|after (?:that|this|which)|afterwards?|finally|lastly|thereafter|subsequently"
     r"|followed by|second(?:ly)?(?= ,)|at last|once (?:that is )?done)"),
    ("", "", r"(?:i (?:would like|want|need|wish|expect)|i'd like)(?: you)?(?: to (?:see|have))?"
     r"|(?:could|can|would|will|may) (?:you|we|i)"
     r"|(?:make|be) sure(?: that| to)?|see to it that|ensure(?: that)?|so that|such that|go ahead and|your (?:task|job|goal) "
     r"is(?: to)?|the (?:task|job|goal|aim) is(?: to)?|it is time to|let us|let's|help me|try to|we (?:want|need)"
     r"|proceed to|you (?:should|must|have to|need to|are to|can|will)|has to|have to|needs? to|ought to|want"
     r"|(?:is|are|to) (?:to )?be|make (?:it )?so (?:that)?|there (?:is|are)|if you (?:can|would)|thank you|thanks"),
    ("start", "", r"(?:begin|start|beginn?ing|starting|starts|begins|led|lead|leading)(?: (?:off|out))?(?: (?:with|from|by|on))?"),
    ("first", "", r"first(?: of all)?|firstly|initially"),
    ("pronoun", "", r"it|them|those|these|that one|this one|him"),
    # verbs
    ("make", "", r"(?:build|built|building|construct|erect|assembl|mak|made|make|creat|form|rais|produc|compos|arrang"
     r"|set up|put together|use|using|used|turn)(?:e|es|ed|ing|s)?(?: up)?"),
    ("stack", "", r"(?:stack|pil|heap|mound|superimpos)(?:e|es|ed|ing|s)?(?: (?:up|together))*"),
    ("fill", "", r"(?:fill|load|cover|top)(?:s|ed|ing)?(?: up)?(?= the \w+ (?:bowl|zone|dish|square))|fill"),
    ("contain", "", r"(?:contains?|holds?|gets?|receives?|ends? up with)(?= )"),
    ("sort", "", r"(?:sort|organi[sz]e|distribut|separat|match|pair|assign|group|classify|tidy|clean)(?:e|es|ed|ing|s)?"
     r"(?: (?:up|out|away))?"),
    ("take", "", r"(?:tak|took|grab|grasp|pick|lift|fetch|collect|gather|find|locat|remov|retriev|select|choos|seiz|get"
     r"|clear|look|check|rais|pull|round|identify|grip|catch)(?:e|es|ed|ing|s|bing|ting|y)?"
     r"(?: (?:up|out|away|off|hold of|aside|for|at|together))*"),
    ("put", "", r"(?:put|putting|puts|place|placed|places|placing|set|sets|setting|lay|lays|laying|laid|drop|dropped"
     r"|dropping|drops|position|positioned|deposit|deposited|depositing|insert|inserted|stick|dump|move|moved|moves|moving"
     r"|relocate|relocated|relocating|transfer|transferred|transferring|shift|shifted|shifting|bring|brought|bringing"
     r"|carry|carried|carrying|deliver|delivered|transport|transported|transporting|send|push|pushed|slide|slid|shove"
     r"|drag|go|goes|going|belongs?|sits?|sitting|ends? up|ended up|put down|store|stored|return|rest|rests|release"
     r"|stow|leave|toss|throw|pop|nestle|station|situate|reposition|haul|convey|migrate|swap|tuck|hand|add|adding|added"
     r"|install|concentrate|evacuate|empty|unload|displace|land|reside|stands?|come|comes|follow|follows|crown|lives?)"
     r"(?: (?:down|over|away|up|off))?"),
    # quantities
    ("only", "", r"(?:only|just|exclusively|solely|nothing but|merely|purely)"),
    ("quant", "all", r"(?:all|every|each|any|everything|whole|entire|both|every single|each and every|either)"
     r"(?: (?:and every|of|single))?"),
    ("block", "", r"one(?! (?:\w+ ){0,2}(?:blocks?|cubes?|bricks?|boxes|tower|stack|pile|heap|column|pyramid|bowl|zone)s?\b)"),
    *((("count", str(n), rf"(?:{word}|{n})(?! (?:tower|stack|pile|heap|column|pyramid)s?)"))
      for n, word in enumerate("one two three four five six seven eight nine ten".split(), 1)),
    # things and what they look like
    *((("colour", colour, rf"(?:of |coloured )?(?:the )?{colour}(?: coloured| colour)?s?")) for colour in COLOURS),
    *((("group", group, rf"(?:of |with |with a |of a |in (?=(?:{word}) colour ?))?(?:the )?(?:{word})(?: coloured| colour)?(?: (?:group|family|palette))?"))
      for group, word in (("cool", "cool|cold"), ("warm", "warm"), ("primary", "primary"), ("secondary", "secondary"))),
    ("size", "big", r"(?:of )?(?:the )?(?:big|bigger|biggest|large|larger|largest)(?: (?:size|sized|sizes))?"),
    ("size", "small", r"(?:of )?(?:the )?(?:small|smaller|smallest|little|tiny|littler)(?: (?:size|sized|sizes))?"),
    ("same size", "", r"(?:(?:of|with) )?(?:the |an? )?(?:same|equal|identical|similar|like|matching) (?:sizes?|sized)"
     r"|equally sized|by (?:their )?sizes?|sizes?"),
    ("bowl", "", r"(?:bowl|dish|container|basin|cup)(?:s|es)?"),
    ("zone", "", r"(?:(?:square|painted|target|marked) )*(?:zone|square|patch|pad|mat|field|tile)(?:s|es)?|target|areas?|regions?"),
    ("pyramid", "", r"pyramids?|triangle|triangular(?: shape| structure| stack)?"),
    ("tower", "", r"(?:(?:single|one|a|two|three|2|3|several|separate|individual|own|distinct|another) )*(?:tower|stack|pile|heap|column|pillar)s?(?: of| from)?"),
    ("block", "", r"blocks?|cubes?|bricks?|boxes|box|pieces?|objects?|items?|things?|ones?|everything|whatever"),
    ("area", "middle", r"(?:at |in )?(?:the )?middle"),
    ("layers", "", r"(?:layer(?:ed|s)?|level(?:s)?|row(?:s)?|floors?|tiers?|shaped?|structure|side by side|next to each other)"),
    # small words
    ("to", "", r"(?:in|on|over) ?to|to|into|towards?|toward"),
    ("in", "", r"in|inside(?: of)?|within|at|among(?:st)?"),
    ("from", "", r"(?:from|out of)(?: (?:the )?(?:inside|within))?|off(?: of)?(?= the (?:\w+ ){1,2}(?:block|zone|bowl|cube))"),
    ("on", "", r"on"),
    ("of", "", r"of|with|for|having|out"),
    ("sep", "", r",|and|or|plus|as well as|along with|together with|while|whereas|but|also|too|&|\+"),
    ("stop", "", r"\.|;|!|:|\?"),
    ("count", "0", r"\d+"),
)  # fmt: skip

FILLER = frozenset(
    """
    a an the this that which who whom whose is are was were be been being there here please kindly now robot hey hi
    hello arm so as its their his her your my our you i we they do does will shall should must may can could would
    carefully gently simply currently presently already together neatly directly straight exactly right well ok okay
    present found located positioned situated placed lying lie lies laying standing stand seated sitting resting rest
    visible available existing on-table tabletop table workspace desk board surface scene has have had having let
    same kind other colour coloured where when starting remain again its own respectively way like by using single
    high tall position order until upon it'll gripper hand block's cube's initially originally nicely quickly tightly
    safely firmly slowly properly accordingly possible big-to-small around back thing's then's different group groups
    set sets stuff certain belonging belong exist exists occur occurs appear appears occurring appearing times time
    number numbers whole total result resulting want wanted need needed like ready need one's nice good proper order
    up down away what off mind members count counts whenever when stay staying stays kept theirs
    """.split()
) - {"other", "different", "starting", "using", "rest", "one"}  # fmt: skip

COMPILED = tuple((tag, value, re.compile(rf"(?:{pattern})(?= |$)")) for tag, value, pattern in RULES)
HEAD = re.compile(r" (?:bowl|dish|container|zone|square|patch|area|region|pad|mat|block|cube|brick|one)(?:s|es)?\b")
INTO = re.compile(r"(?:in|into|to|on)\b")
ARTICLE = re.compile(r"\b(?:the|that|this|a|an) $")
PLURAL = re.compile(r"\b(?:\w+s|everything|boxes)$")


def tokens(sentence: str) -> tuple[Token, ...]:
    """A sentence as tokens; OutOfScope names a word that is not known."""
    text, found = normalised(sentence), []
    at = 0
    while at < len(text):
        token, at = next_token(text, at)
        if token is None:
            end = text.find(" ", at)
            word = text[at : end if end >= 0 else None]
            if word not in FILLER and not re.fullmatch(r"[a-z]+ly", word):
                raise OutOfScope(f"the word {word!r} of {sentence!r} is not known; say it in other words")
            at += len(word)
        elif token.tag:
            bare = not ARTICLE.search(text[: at - len(token.text)])
            found += spelled(token, found, bare, text[at:])
        at += text[at : at + 1] == " "
    if not found:
        raise OutOfScope(f"{sentence!r} says nothing")
    return tuple(found)


def spelled(token: Token, before: list[Token], bare: bool, after: str) -> tuple[Token, ...]:
    """A token as it is meant there: "in the same-coloured bowl" says where to, "put block in" means them all."""
    if token.tag in ("match", "group") and HEAD.match(after) and (to := INTO.match(token.text)):
        return Token("to", text=to[0]), token
    if token.tag == "block" and bare and before and before[-1].tag == "area":
        return token, before.pop()
    if token.tag == "block" and not token.plural and before and before[-1].tag in ("put", "stack", "sort") and bare:
        return (replace(token, plural=True),)
    return (token,)


def next_token(text: str, at: int) -> tuple[Token | None, int]:
    """The token that starts at a place, and where it ends; None where no rule fits."""
    for tag, value, pattern in COMPILED:
        if (match := pattern.match(text, at)) and match.end() > at:
            words = match[0].strip()
            return Token(tag, value, bool(PLURAL.search(words)), words), match.end()
    return None, at
