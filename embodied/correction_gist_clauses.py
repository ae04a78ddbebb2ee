# ruff: noqa: E501, RUF001 # a pattern reads best on one line; the marks that are replaced look alike
"""The clauses of what somebody said: which ask for something, which only give reasons, and what a "not" belongs to."""

import re
from dataclasses import dataclass, field
from functools import cache

from embodied.correction_amounts import Amount, amounts
from embodied.correction_gist_wording import reworded
from embodied.correction_references import COLOURS, STATES, Spoken, things
from embodied.correction_words import Unclear, normalised
from embodied.corrections import Moment

UNITS = {word: n for n, word in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
)}  # fmt: skip
TENS = {
    word: 10 * n
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
STATE = "|".join(sorted({*STATES, *COLOURS, "breakables", "fragiles"}, key=len, reverse=True))
LIKE = {"brittle": "fragile", "breakables": "fragile things", "fragiles": "fragile things", "steaming": "hot",
        "scalding": "hot", "piping hot": "hot", "brimming": "full", "pointy": "sharp", "tumblers": "glasses"}  # fmt: skip
HARM = (
    r"(?:hurt|stab|cut|burn|scratch|scrape|spill|drop|break|crack|smash|crush|hit|knock|damage|scald|poke|injure|shatter"
    r"|ruin|melt|slip|fall|bump|bruise|chip|dent|splash|slosh|lose|collide|wreck|snap|topple|tip)"
)
BEFORE: tuple[tuple[str, str], ...] = (
    (r"[’‘]", "'"),
    (r"\b(?:can|could|would|will)(?:n'?t| not) you\b|\bwon'?t you\b", "could you"),
    (r"\bwhy (?:don'?t|do not|not) (?:you|we)\b|\bwhy not\b|\bshouldn'?t you\b|\byou(?:'d| had) better\b|\bhow about\b|\bwhat about\b", "please"),
    (r"\b(?:don'?t|do not|never) (?:you )?(?:forget|hesitate|fail)(?: to)?\b|\bmake sure (?:that )?(?:you )?|\bbe sure (?:to|that you)\b|\bremember to\b", "please "),
    (r"\b(make|be) sure (?:not to|(?:it|you) (?:do not|don'?t|never))\b|\bwon'?t\b|\bmustn'?t\b|\bain'?t\b", "not"),
    (r"\b(i|we)(?:'d| would) (?:like|prefer|rather|want|love)\b", r"\1 want"),
    (r"\b(\w+)'ll\b", r"\1 will"), (r"\b(\w+)'re\b", r"\1 are"), (r"\b(\w+)'ve\b", r"\1 have"), (r"\bit'?d\b", "it would"),
    (r"\bwhat (?:do you think|else) (?:is )?(the \w+)(?: is)? (?:there )?for\b", r"use \1"), (r"\b(?:keep|stop|prevent|save) (it|that|them|the \w+) from (?=\w+ing)", r"do not let \1 "),
    (r"\b(lift|raise|bring|go|move|hold|carry|get|pull|open)( it| them| that| the \w+)?(?: out| open)? up to\b", r"\1\2 to"),
    (r"\bwhat(?:'s| is) the (?:rush|hurry)\b", "do not rush"), (r"\b(?:i|it)(?: would|'d) (?:\w+ ){1,3}if (?:you|we)\b", "please"),
    (r"\b(?:full |filled )?(?:right )?(?:up )?to the (?:brim|rim|top)\b", "full"), (r"\bover the (?:edge|rim|side|brim)\b", "over"), (r"\ban (?!inch)", "a "),
    (r"\blast (?:year|week|night|month|summer|winter|christmas|\w+day)\b", ""), (r"\b(?:gonna|going to)\b", "will"), (r"\byou are will\b", "you will"), (r"\bpls\b|\bplz\b", "please"), (r"\bu\b", "you"),
    (r"\b(?:anywhere|any part|anything) (?:but|except) (?=by |at |on |the (?:rim|handle|blade|grip|edge|side|front|lip|top))", "not "),
    (r"\b(?:nowhere|nothing) (?:but|except)\b", "only"), (r"\b(everything|all|anything|the rest|everything else) (?:but|bar|save)\b", r"\1 except"),
    (r"\bin(?:to)? ?stead\b", "instead"), (r"\bcms\b", "cm"), (r"\bmillimetres?\b", "mm"), (r"\bper cent\b", "percent"),
)  # fmt: skip
AFTER: tuple[tuple[str, str], ...] = (
    (r"\b(?:keep |get |take )?(?:your )?(?:hands|fingers|paws|gripper|claws?) off\b", "handsoff"),
    (r"\byour (?:own )?(?:hands?|fingers|grippers?|claws?|grip|hold|grasp|fist|side)\b", "gripper"),
    (r"\b(?:anything|everything|whatever|something|all|those|things|items|ones|stuff|what)(?: that| which)?(?: is| are| s| looks| look)? (?P<s>" + STATE + r")\b(?: in an? (?P<k>\w+))?(?: stuff| things| items| ones| objects)?", r"all \g<s> \g<k>"),
    (rf"\b({STATE}) (?:stuff|items|objects|pieces|ones|dishes|goods|bits)\b", r"\1 things"),
    (r"\ball (?!the|of|my|your|these|those|this|that|is|it|way|over|right)(\w+) (?=$|[^\w])", r"all \1 things "),
    (r"\b(?:someone|somebody|anyone|anybody|people|persons|everyone)(?: s)?(?= (?:head|face|hair))", "my"), (r"\banyones\b|\bsomeones\b|\bpeoples\b", "my"),
    (r"\b(?:a|one) quarter of an? (?:meter|metre)\b", "25 cm"), (r"\bhalf an? (?:meter|metre)\b", "50 cm"),
    (r"\b(\d+(?:\.\d+)?) (?:c|centi) ?met(?:re|er)s?\b", r"\1 cm"),
    (r"\b(centimet(?:re|er)s?|cm|mm|met(?:re|er)s?|m|inch(?:es)?) (?:every|each|per|a|in one|in a) sec(?:ond)?s?\b", r"\1 per second"),
    (r"\b(?:exactly|precisely|about|around|roughly|approximately|maybe|some|just) (?=\d|an? |half )", ""),
)  # fmt: skip
NEGATED_BOUND = r"(?:(?:more|faster|quicker|harder|tighter|firmer|stronger|greater|higher|further|wider|longer|over|above|exceed|exceeding|beyond|past)(?: than)?)"
LOWER_BOUND = r"(?:(?:less|lower|slower|under|below|beneath|softer|smaller)(?: than)?)"
BOUNDS: tuple[tuple[str, str], ...] = (
    (r"\bat last\b", "at least"),
    (rf"\b(?:not?)\b(?: (?!not?\b)\w+){{0,5}}? {NEGATED_BOUND} (#[A-Z]\d+)", r" most \1"),
    (rf"\b(?:not?)\b(?: (?!not?\b)\w+){{0,5}}? {LOWER_BOUND} (#[A-Z]\d+)", r" least \1"),
    (r"\b(?:at most|at the most|up to|max(?:imum)?(?: of)?|a maximum of|under|below|beneath|less than|lower than|slower than|within|no more|at no more than|limit(?:ed)?(?: it)?(?: to)?|top speed(?: of)?) (?:a maximum of )?(#[A-Z]\d+)", r" most \1"),
    (r"\b(?:at least|at the least|minimum(?: of)?|a minimum of|min|more than|higher than|upward of|over|above|faster than|not less than) (#[A-Z]\d+)", r" least \1"),
    (r"(#[A-Z]\d+)(?: \w+)?,? (?:max(?:imum)?|tops|at (?:the )?most|or (?:less|lower|slower|under)|and no(?:t)? more|but not more|and not more|and not faster|is (?:enough|plenty|the limit|the most))\b", r" most \1 "),
    (r"(#[A-Z]\d+)((?: (?:up|high|above(?: the)? \w+|of clearance))?),? (?:or (?:more|higher|above)|at (?:the )?least|minimum|and (?:up|not less|not lower))\b", r" least \1\2 "),
)  # fmt: skip

LEADING = re.compile(
    r"^(?:(?:(?:no|yes|nope|hey|um+|uh+|er+m?|oh|ah|ouch|stop|wait|whoa+|hold on|please|sorry|well|okay|robot|careful|be careful|watch it|watch out|listen|look|hmm+|ow|hm|ugh|nah|no good)\b)(?=[ ]*[,.!?]|$)[ ,.!?]*"
    r"|no (?=(?:no|hold|take|grab|use|put|keep|open|pull|lift|carry|go|move|slow|by|on|with|from|the|it|you|stop|wait|leave|hang|grip|raise|loosen|first)\b(?! more| less)))+"
)
MOST = 16
"""Clauses of one utterance."""
SPLIT = re.compile(r"\s*(?:[,.!?;]+\s*|\b(?=(?:but|because|since|cause|otherwise|unless|then|instead of|rather than)\b)|(?<!not )\b(?=so (?:that|i|we|he|she|they|you|it|the|my|there|nobody|nothing|please|use|take|hold|grab|put|keep|go|lift|carry|move|not|no|pull|open|set|hang|leave|do|@\d+|slow down|by|on|with|from)\b)|\b(?=and (?:not|then|please|use|take|hold|grab|keep|go)\b)|\b(?=or (?:else|you|it|i|they|we|she|he|the|that|@\d+|my|your)\b)|\b(?=as (?:i|it|you|there|that|the|we|they|he|she)\b)|\b(?=(?:while|when|whenever|if|before) (?:you|we|it|they|i|moving|carrying|there|she|he)\b))")  # fmt: skip
REASON = re.compile(
    r"^(?:because|since|cause|otherwise|unless|or (?:else|you|it|i|they|we|she|he|the|that|@\d+|my|your)|as (?:i|it|you|there|that|the|we|they|he|she)|(?:while|when|whenever|before) )\b"
    r"|^so (?:that )?(?:i|we|he|she|they|nobody|nothing|people|it (?:is|does|can|could|will|would|not)|you (?:can|not|will|could|will)|@\d+ (?:is|are|can|will|not))\b"
    r"|^(?:and |but )?(?:you|it|they|that|this|he|she|someone|somebody|@\d+|the \w+|there|everything|i|we|her|his|its|one) (?:all )?(?:will|would|ll)\b"
    rf"|^(?:and |but )?(?:you|it|they|that|this|@\d+|the \w+|someone|i) (?:can|could|might|may) (?:\w+ )?{HARM}"
    r"|^(?:and |but )?(?:i|we|he|she) (?!(?:(?:always|really|only|just|still|also|do|would|normally|usually) )?(?:should|must|ought|not (?:want|like|need)|want|wanted|meant|mean|said|prefer|like it|told|asked|wish|need|needed|think|say|expect|expected|would)\b)"
    r"|^(?!please|would|will|could|you will).*\b(?:will|ll) (?!do\b|be (?:enough|fine|better|plenty|okay))"
    r"|^(?:and |but )?(?:i|we) (?:am|are|was|have|had)\b|^(?:and |but )?(?:i|we) (?:want|need) (?:the |some |more |a (?:bit|little) (?:of )?|#V\d+ )?(?:room|space)\b"
)
FORMER = re.compile(
    r"(@(\d+)[^@]*?[,.!]? )(?<=[,.!] )(?:it|that|they|this|those|these|@\d+)\b(?= (?:\w+ ){1,4}?(?:last|first|end|wait|before|after)\b)"
)
"""Words that stand for the thing that was named just before."""
SO = re.compile(r"^so (?:that )?")
NOT = re.compile(r"\b(?:not|no|instead of|rather than|handsoff|without|nor|neither|none)\b")
CHAT = re.compile(
    r"^(?:who|whose|what|where|when|how|which|is|are|am|was|were|do|does|did|has|have|may i|can i|could i|shall i|should i|can we|shall we|tell me|what is|whats)\b(?! (?:you )?(?:please|want|rather)\b)"
)
PRAISE = re.compile(
    r"\b(?:well done|good job|great job|nice job|thank you|thanks|i (?:really )?(?:like|love|liked|loved) (?:how|that|the way|it|this)|(?:that|it|this|you) (?:is|was|are|were|did|looks?|looked|worked|seems?|held|carried|gripped|took|handled|moved|put) (?:\w+ ){0,4}?(?:perfect|great|good|nice|fine|excellent|lovely|right|well|okay|correct|perfectly|nicely)|(?:nice|good|great|perfect|lovely)(?: and)?)\b"
)
WISHED = re.compile(r"^(?:\w+ ){0,3}?(?:keep|hold|carry|take|move|go|use|put|lift|pull|bring|make|do|grip|grab)\b")
HEDGED = re.compile(
    r"\b(?:hardly|barely)(?! (?:an?|any|open|enough|moved?)\b)|\b(?:unless|not only|not (?:really )?(?:mind|care|matter|worry|sure|know|necessarily|bother me)|doubt|whatever you like|maybe not|or not|either way|does it matter|yesterday|joke|kidding|not (?:want|need)(?: you)? to (?:not|stop))\b"
)


ACTING = re.compile(
    r"\b(?:open|pull|clos|shut|pick|grab|tak|lift|grip|grasp|hold|put|plac|set|lay|carry|bring|mov|hand|giv|pass|hang|dress|transport|do|us|reach|approach|go|load|fetch|deliver|serv|clear|tidy|drop|stow|get|offer|handl)(?:e|es|s|ing|ting|ping|bing)?\b(?!.*\b(?:near|close|over|above|past|around|next to|full|empty)\b)"
)
"""Of a "when": it speaks of the act."""


@cache
def known_words() -> frozenset[str]:
    """What may stand behind an "and"."""
    from embodied.correction_grammar import FILLERS, KNOWN

    return KNOWN | FILLERS | {"steady", "careful", "carefully", "leave", "safe", "stable", "nice", "easy", "everything"}


@dataclass(frozen=True)
class Segment:
    """Words that ask for something, or (`negated`) for the opposite; `purpose` where "so ..." they are."""

    text: str
    negated: bool = False
    purpose: bool = False


@dataclass
class Heard:
    """An utterance in segments, its amounts "#L0" and its things "@0"; `reasons` ask for nothing themselves."""

    text: str
    amounts: list[Amount]
    things: list[tuple[Spoken, ...]]
    segments: list[Segment] = field(default_factory=list)
    reasons: list[Segment] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    praised: bool = False
    states: frozenset[str] = frozenset()
    """What "if it is full" names."""

    @property
    def asked(self) -> list[Segment]:
        """What asks for something, without purposes."""
        return [segment for segment in self.segments if not segment.purpose]

    def plain(self, text: str) -> str:
        """A text with the words of its things."""
        return re.sub(r"@(\d+)", lambda m: self.things[int(m[1])][0].words, text)

    def mentions(self, text: str) -> list[int]:
        """The things of a text."""
        return [int(index) for index in re.findall(r"@(\d+)", text)]


def digits(text: str) -> str:
    """Number words of more than one word, and such as the strict reader does not know, in figures."""
    small = "|".join(UNITS)
    tens = "|".join(TENS)

    def both(match: re.Match[str]) -> str:
        return str(TENS[match["t"]] + UNITS.get(match["u"] or "zero", 0))

    text = re.sub(rf"\b(?P<t>{tens})(?:[ -](?P<u>{small}))?\b", both, text)
    text = re.sub(
        r"\b(?:one|a) hundred(?: and)?(?: (\d+|ten|five|twenty))?\b",
        lambda m: str(100 + int(m[1] if m[1] and m[1].isdigit() else UNITS.get(m[1] or "zero", 0))),
        text,
    )
    text = re.sub(rf"\b(?:(zero|nought) )?point ((?:(?:{small}) ?)+)\b", lambda m: "0." + "".join(
        str(UNITS[word]) for word in m[2].split()) + (" " if m[2].endswith(" ") else ""), text)  # fmt: skip
    return re.sub(r"\b(?:thir|four|fif|six|seven|eigh|nine)teen\b", lambda m: str(UNITS[m[0]]), text)


def hear(text: str, moment: Moment) -> Heard | None:
    """The segments of an utterance; None where it is chat, hedged, or twice negated. Unclear where it is no sentence."""
    words = reworded(text.casefold()[:2000])
    for pattern, new in BEFORE:
        words = re.sub(pattern, new, words)
    clean = digits(normalised(words))
    complaint = re.sub(r"^why (?=(?:are|did|do|were) you\b)", "look you ", clean)
    complaint = re.sub(
        r"\blook you (are|were) you\b", r"you \1", re.sub(r"\blook you (?:did|do) you\b", "you have", complaint)
    )
    clean = LEADING.sub("", complaint)
    for pattern, new in AFTER:
        clean = re.sub(pattern, lambda m, new=new: m.expand(new) if m.re.groups else new, clean)
    for odd, plain in LIKE.items():
        clean = re.sub(rf"\b{odd}\b", plain, clean)
    kind = moment.around[moment.act.object].kind if moment.act else ""
    if kind == "spoon" and "bowl" not in moment.around.kinds:
        clean = re.sub(r"\bbowl\b(?! of)", "scoop", clean)
    asserted = "?" not in clean and re.match(rf"when (?:\w+ ){{1,3}}(?:is|are) (?:{STATE})\b", clean)
    if CHAT.match(clean) and not asserted:
        clean = re.sub(r"^[^?]*\?\s*(?=\w)", "", clean)
    if (CHAT.match(clean) and not asserted) or HEDGED.search(clean):
        return None
    clean = re.sub(
        r",? ?\b(?:and |but )?(?:not|instead of|rather than) \d+(?:\.\d+)?(?= ?(?:$|[,!?]|\.(?!\d)))", " ", clean
    )
    clean, found = amounts(clean)
    clean = re.sub(
        r"\b(?:so|too|that|this) #V\d+(?= (?:force|pressure|strength|speed|muscle|power|squeezing))", "too much", clean
    )
    for pattern, new in BOUNDS:
        clean = re.sub(pattern, new, clean)
    clean = re.sub(
        r"(\b(?:left|right)\b[^.,!?#]*), (?:say )?(#L\d+)(?: to be (?:exact|precise)| or so)?((?: (?:from|off) the middle)?)(?= ?(?:$|[,.!?]))",
        r"\1 \2\3",
        clean,
    )
    if re.search(r"(?<![#A-Z\d])\d", clean):
        raise Unclear("A number without a unit.")
    clean = re.sub(
        r"\b(grip|grasp|grab|hold|handle)(?=s? (?:it|them|with|that|this)\b)", r"\1", " ".join(clean.split())
    )
    clean, spoken = things(clean, moment)
    heard = Heard(clean, found, spoken)
    heard.text = clean = FORMER.sub(r"\1@\2", clean)
    pieces = SPLIT.split(clean)
    if len(pieces) > MOST:
        raise Unclear(f"Those are {len(pieces)} clauses at once.")
    for piece in pieces:
        add(heard, piece.strip())
    if heard.praised and not re.search(r"\b(?:but|now|next|please|too|not|should|must|\w+er)\b", clean):
        return None
    if any(s.negated and re.search(r"\b(?:not|without)\b", s.text) for s in heard.segments):
        return None
    return heard


def asking(heard: Heard, piece: str) -> str:
    """What a clause asks for or says, without conditions that it notes, praise and fillers; Unclear for others."""
    piece = re.sub(r"^(?:(?:and|but|then|please|just|well(?! done)|also|oh) )+", "", piece).strip()
    if condition := re.match(
        rf"(?:if|when|whenever|while) (?:it|they|@\d+|that|this|the \w+) (?:is|are) (?:\w+ )?({STATE})\b", piece
    ):
        heard.states |= {condition[1]}
        piece = piece[condition.end() :].strip()
    if re.match(r"(?:if|when|whenever|while)\b.*\b(?:is|are) not\b", piece):
        raise Unclear("A condition that is not so.")
    if re.match(r"if\b", piece):
        if not re.match(
            r"if (?:possible|at all|i may|it is (?:okay|possible|not too)|you (?:can|could|may|please|like|want|would|not mind|are able))\b",
            piece,
        ) and not (re.match(r"if you\b", piece) and (ACTING.search(piece) or re.search(HARM, heard.text))):
            raise Unclear("A condition that is not known.")
        return ""
    if PRAISE.search(piece) and not WISHED.search(piece) and not re.search(r"\b(?:but|too|not|\w+er)\b", piece):
        heard.praised = True
        return ""
    if re.match(
        r"(?:when|whenever|while) (?:there is |you have |it is |holding )?(?:@\d+ )?(?:is |are )?in gripper$", piece
    ):
        return ""
    if re.match(r"(?:when|whenever|while)\b", piece) and not ACTING.search(piece):
        raise Unclear("A condition that is not known.")
    if re.search(r"\band (\w+)$", piece) and (word := piece.split()[-1]) not in known_words():
        raise Unclear(f"And {word}?")
    if re.match(r"or (?:the|@\d+|my|your)\b", piece) and not re.search(
        rf"\b(?:will|would|could|might|gets?|is|are)\b|\b{HARM}", piece
    ):
        raise Unclear("The one or the other?")
    return piece


def add(heard: Heard, piece: str) -> None:
    """One clause, as one segment or as two around its "not"."""
    piece = asking(heard, piece)
    if not piece:
        return
    if REASON.search(piece):
        heard.reasons.append(Segment(piece))
        return
    purpose = bool(SO.match(piece)) and not re.match(
        r"so (?:please |you (?:should|must|need) )?(?:use|take|hold|grab|put|keep|go|lift|carry|move|slow|not|no|pull|open|set|hang|grip|leave|do|by|on|with|raise|stay|make|from|higher|lower|loosen|be|come|let|pick|place|lay|skip|(?:it|the \w+|@\d+) (?:should|must|has|goes|needs))\b|so #|so (?:the |its )?[\w@]+(?: (?:please|then|instead|it is))*$", piece)  # fmt: skip
    piece = SO.sub("", piece)
    last = heard.segments[-1] if heard.segments else None
    marker = NOT.search(piece)
    if marker is None:
        carried = last is not None and last.negated and bool(re.search(r"\bor\b", piece))
        heard.segments.append(Segment(piece, carried, purpose))
        return
    before, after = piece[: marker.start()].strip(), piece[marker.end() :].strip()
    if not after and re.fullmatch(r"(?:please|but|and|\s)*", before):
        raise Unclear("Not what?")
    if marker[0] == "handsoff":
        after = f"handsoff {after}"
    if before:
        heard.segments.append(Segment(before, False, purpose))
    if after:
        heard.segments.append(Segment(after, True, purpose))
