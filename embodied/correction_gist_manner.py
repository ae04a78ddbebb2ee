# ruff: noqa: E501 # a pattern reads best on one line
"""Cues of how something is done: where it is held, from where it is taken, upright, how fast, how hard, how high."""

import re
from collections.abc import Iterator

from embodied.correction_gist_clauses import Heard, Segment
from embodied.correction_reading import FORCE, HEIGHT, SPEED, Reading
from embodied.correction_words import Unclear
from embodied.situations import Entity

SYNONYMS: dict[str, tuple[str, ...]] = {
    r"handles?|hand ?grips?|knobs?|finger (?:holes|rings|loops)|handle (?:end|side|part)|grips?|grip end|ears?|hafts?|hilts?|loops?|dull (?:end|side)|blunt (?:end|side)|holes|shank|shaft": ("handle", "grip", "knob"),
    r"blades?|blade (?:end|side|part)|metal (?:end|part|bit|side)|metal|(?:sharp|pointy|pointed|cutting|business|sharp|dangerous) (?:ends?|parts?|sides?|bits?|edges?)|cutting edges?|tips?|points?": ("blade", "tip"),
    r"rims?|lips?|brims?|top edge|upper edge|opening|mouth": ("rim",),
    r"edges?": ("rim", "front", "edge"),
    r"scoops?|round (?:end|part|bit)|eating end|ladle end": ("scoop",),
    r"fronts?|front (?:edge|panel|board|face|side)|panel|face plate": ("front",),
    r"sides?|walls?|body|belly|flanks?|outside": ("side", "wall", "body"),
    r"base|bottom|foot": ("base", "bottom"), r"stems?": ("stem",), r"neck": ("neck",), r"lid": ("lid",), r"middle": ("middle",),
    r"elbow": ("elbow",), r"wrist": ("wrist",), r"shoulder": ("shoulder",), r"forearm": ("forearm",), r"cuff": ("cuff",),
    r"top": ("top",),
}  # fmt: skip
"""Words for parts, and the parts that each may be, best first."""
LOOSE = frozenset(["side", "wall", "body", "top", "middle", "base", "bottom", "front", "edge", "opening", "mouth", "outside", "point",
                   "points", "tip", "tips", "grip", "foot", "holes", "neck", "lid", "sides", "ears", "loop", "loops", "shaft"])  # fmt: skip
"""Words that are parts only where something takes hold of them."""
HOLD = r"(?:by|at|around|hold|holding|held|grab|grabbing|grabbed|use|using|take|taking|taken|grip|gripping|gripped|grasp|grasping|pinch|clasp|seize|catch|pull|pulling|fingers? on|gripper on|where|pick|picked|reach for|go for|touch|touching|clutch|tug|yank|close around|close on|wrap around|squeeze|get hold of|hold of|hold on to|hang on to|onto|on to|on|with|through|round|handsoff|lift|from|try|choose|prefer|need|want)"
WORD = re.compile(
    rf"(?P<cue>\b{HOLD}\b(?: (?:it|them|that|this|@\d+|up|out|only|open|more|its|hold|of|on|to))*? )?(?P<det>\b(?:the|its|their|a|an|that|those|these|with the|my) (?:own )?(?:(?:left|right) )?)?"
    rf"\b(?<!grasp )(?<!grip )(?<!gripping )(?<!grasping )(?<!holding )(?<!contact )(?P<part>{'|'.join(SYNONYMS)})\b(?! of hand)(?! (?:approach|entry|access|down)\b)"
    r"(?P<verb> (?:it|them|with|the|this|@\d+|gently|softly|properly)\b)?"
)
SPOILT = re.compile(
    r"\b(?:scratch|drink|drinks|drinking|sip|lips|mouth goes|mark|marks|smudge|dirty|fingerprint\w*|lick|damage|hurt|hot|sharp|cut|stab|wet|greasy|slippery|broken|chipped)\b"
)
COMPLAINT = re.compile(
    r"^(?:(?:now|but|and|again|look|no) )*(?:you (?:are|were|have|had|took|held|grabbed|picked|keep(?! hold)|used|got|went)|(?:it|that|this|@\d+) (?:is|was|keeps))\b(?!.*\b(?:got to|have to|need|supposed|meant|better|should|must|safer|best|easier|there for|what|allowed|to be)\b)"
)
MISHELD = re.compile(
    r"^(?:(?:now|but|and|again|look|no) )*(?:you (?:are|were|have|had|took|held|grabbed|picked|keep(?! hold)|used|got|went)|gripper (?:is|was|are|were))\b(?!.*\b(?:got to|have to|need|supposed|meant|better|should|must|safer|best|to be|to use)\b)"
)
"""What was done, of which other is wanted."""
MEANT = re.compile(
    r"\b(?:in|within) gripper|^(?:you (?:should |must |can )?)?(?:get|be holding|have)\b|\b(?:has|have|got|for a reason|there for|for holding|for that|is better|are better|for you|yours|is safer|is best)\b|what @?\w* ?is for|\b(?:grasp|grip|gripping|grasping|holding|contact|take hold)(?: (?:point|spot|place|end|side))? (?:(?:should|must|has to|needs to|shall) be|is)\b"
)
GIVEN = re.compile(
    r"(?<!hold of the )(?<!grab the )(?<!grasp the )(?<!take the )(?P<part>\b(?:handles?|grips?|hilts?|loops|rings|blades?|sharp ends?|pointy ends?|tips?|handle ends?|blunt ends?|dull ends?|rims?|scoops?)\b)(?: (?:is|are|end|side|s|should|must|be|faces?|facing|pointing|points?|turned|goes|go|comes?|to|out|held))* (?:first|(?:toward|to|at|for|facing) (?:me|us|the person|my \w+|@\d+)\b|on my side|free|my way)"
    r"|\b(?:i|we|let me|let us) (?:can |could |should |want to |want |must |get to |would )*(?:be )?(?:get|getting|grab|take|taking|hold|have|reach|want|receive|receiving)(?: (?:it|them|@\d+))?(?: by| at)? (?:the |its |their |a )?(?P<mine>handles?|grips?|hilts?|loops|rings|blades?|sharp ends?|tips?|handle ends?|blunt ends?|dull ends?|rims?|scoops?)\b"
    r"|\b(?:give|hand|offer|present|pass|show|leave|point|aim)(?: it| them| @\d+)?(?: to)? (?:me|us)(?: with| by)? (?:the |its |their )?(?P<offered>handles?|grips?|hilts?|loops|rings|blades?|sharp ends?|tips?|handle ends?|blunt ends?|rims?|scoops?)\b"
    r"|\b(?:leave|keep|offer|present|give|show|point|aim) (?:the |its |their )?(?P<left>handles?|grips?|hilts?|loops|rings|blades?|sharp ends?|tips?|handle ends?|blunt ends?|rims?|scoops?) (?:free |clear |open |out |pointing )?(?:for|to|toward|at) (?:me|us|my \w+|@\d+)\b"
)
"""Which part somebody else shall get."""


def named(word: str, thing: Entity) -> str | None:
    """The part of a thing that a word names; None where it has none such."""
    for words, parts in SYNONYMS.items():
        if re.fullmatch(words, word):
            return next((part for part in parts if part in thing.parts), None)
    return word if word in thing.parts else None


def held(h: Heard, r: Reading, thing: Entity) -> None:
    """Where it is held: what is asked for, else what is left of two when the other is not wanted."""
    wanted: set[str] = set()
    avoided: set[str] = set()
    passing = r.act_verb == "hand over"
    refused = passing and given(h, thing, wanted)
    for segment in h.asked:
        if passing and segment.negated and re.search(r"^(?:i|we)(?: \w+)?$", before(h, segment)):
            continue
        text = GIVEN.sub(" ", segment.text) if passing else segment.text
        for match in WORD.finditer(text):
            if "clear_of" in r.said and (match["cue"] or "").strip() == "with":
                continue  # "keep away with that blade"
            if no_part(match, text, r) or (passing and wanted and segment.negated and not match["cue"]):
                continue
            part = named(match["part"], thing)
            off = segment.negated or bool(MISHELD.search(text)) or "handsoff" in text
            if off or SPOILT.search(text.replace(match["part"], " ", 1)):
                if part and off and (match["cue"] or alone(match, text) or re.search(r"\bhandsoff\b|\bor\b", text)):
                    avoided.add(part)
            elif holding(match, text):
                wanted.add(part or f"no {match['part']}")
    if len(wanted) > 1 or wanted & avoided or not wanted <= set(thing.parts):
        raise Unclear("Two parts, or none.")
    if refused and not wanted:
        raise Unclear("What shall they get instead?")
    if wanted:
        r.put("part", wanted.pop())
    elif len(avoided) == 1 and len(thing.parts) == 2:
        r.put("part", next(part for part in thing.parts if part not in avoided))


def alone(match: re.Match[str], text: str) -> bool:
    """Whether nothing else is said."""
    rest = re.sub(
        r"\b(?:please|the|its|their|instead|end|of|it|now|only|there|this|time|then|@\d+|always|s|handsoff)\b", " ",
        text.replace(match["part"], " ", 1),
    )  # fmt: skip
    return not rest.strip()


def holding(match: re.Match[str], text: str) -> bool:
    """Whether a part is one to be held."""
    if re.search(r"\b(?:touch|touching)\b", match["cue"] or ""):
        return False
    return bool(match["cue"]) or alone(match, text) or bool(MEANT.search(text))


def no_part(match: re.Match[str], text: str, r: Reading) -> bool:
    """Whether a part's word is a verb, a direction or a place here."""
    word, cue = match["part"], match["cue"] or ""
    if match["verb"] and not match["det"]:
        return True
    if re.search(r"\bfrom (?:the |its |one |either )*(?:\w+ )?$", text[: match.start("part")]) and re.match(
        "side|top|front", word
    ):
        return True
    if "approach" in r.said and re.match("sides?|top", word):
        return True
    if word in LOOSE and not (cue or (alone(match, text) and word not in ("side", "top", "middle"))):
        return True
    if word == "grip":
        return not match["det"] and not re.search(r"\b(?:by|use|at)\b", cue)
    return word == "middle" and (r.act_verb in ("place", "hang") or "#L" in text)


def given(h: Heard, thing: Entity, wanted: set[str]) -> bool:
    """What the other shall get is not where it is held; whether something was refused."""
    refused = False
    for segment in (*h.segments, *h.reasons):
        for match in GIVEN.finditer(segment.text):
            if segment.negated:
                refused = True
                continue
            if segment in h.reasons and not match["mine"]:
                continue
            part = named(next(word for word in match.groups() if word), thing)
            if part is None or len(thing.parts) != 2:
                continue
            other = next(each for each in thing.parts if each != part)
            wanted.add(other)
    return refused


SIDE = re.compile(
    r"\b(?:from|at) (?:the |its |one |either |a )?(?:sides?|flanks?)\b|\bsideways\b|\bsidewards\b|\blaterally\b|\bfrom beside\b|\bhorizontally\b|\bside on\b|\b(?:a )?(?:side|lateral|horizontal|sideways) (?:approach|grasp|grip)\b|\bside first\b"
)
ABOVE = re.compile(
    r"\bfrom (?:right |directly |straight )?(?:above|overhead|the top|on top|up high|up|over it|top)\b|\btop down\b|\bvertically\b|\b(?:a )?(?:top|vertical|overhead) (?:approach|grasp|grip)\b|\bstraight down (?:on|onto)\b|^(?:the )?top$|^above$"
)
TAKING = re.compile(
    r"\b(?:grab|take|taken|pick|picked|approach\w*|reach|come|coming|go in|going in|grasp|grip|go for|get|hold|fingers)\b"
)


def approached(h: Heard, r: Reading) -> None:
    """From where it is taken; not from the one is from the other."""
    wanted: set[str] = set()
    for segment in h.asked:
        for pattern, way, other in ((SIDE, "side", "above"), (ABOVE, "above", "side")):
            if not pattern.search(segment.text):
                continue
            loose = re.fullmatch(r"sidew?a[ry]d?s|laterally|horizontally|vertically", pattern.search(segment.text)[0])  # type: ignore[index]
            if (loose or r.act_verb in ("place", "hang", "dress")) and not TAKING.search(segment.text):
                continue
            if re.search(r"\b(?:left|right)\b", segment.text):
                raise Unclear("Which side.")
            off = segment.negated or COMPLAINT.search(segment.text)
            wanted.add(other if off else way)
    if len(wanted) > 1:
        raise Unclear("Two ways.")
    if wanted:
        r.put("approach", wanted.pop())


LEVEL = re.compile(
    r"\b(?:upright|level|vertical|horizontal|(?:keep|hold|carry|stay|stays|held|kept|carried|holding|keeping|carrying|bring|transport|move)(?: \S+){0,4} (?:straight(?: up)?|flat|even|plumb|balanced)|balanc(?:e|ing) (?:it|them|that|@\d+)|right side up|right way up|straight up(?= |$)(?! #L)|(?:dead|perfectly) (?:straight|even|flat))\b(?! to)"
)
LEAN = re.compile(
    r"\b(?:tilt(?:ed|ing|s)?|inclin(?:e|ed|ing|es)|tip(?:ped|ping)?|lean(?:s|ed|ing)?|slant(?:ed|ing)?|slop(?:e|es|ed|ing)|spill(?:ed|ing|s)?|spilt|slosh(?:ed|ing|es)?|pour(?:ed|ing|s)?|dribbl(?:e|ed|ing)|splash(?:ed|ing)?|at an angle|angled|crooked|askew|lopsided|upside down|on its side|swill(?:ing)?|swash\w*|drip\w*)\b"
)


def upright(h: Heard, r: Reading) -> None:
    """Level, or not leaning."""
    said: set[bool] = set()
    for segment in h.asked:
        text = segment.text
        if re.search(r"#A\d", text) and "turn" not in r.said:
            raise Unclear("An angle.")
        statement = re.search(r"(?:^|\b)(?:it|that|this|@\d+|you) (?:is|are|was|were)(?: \w+)?$", before(h, segment))
        if LEVEL.search(text):
            said.add(not segment.negated or bool(statement))
        if found := LEAN.search(text):
            if (
                segment.negated
                or COMPLAINT.search(text)
                or re.search(r"\b(?:too|less|nearly|almost|any) ?$", text[: found.start()])
                or re.search(
                    r"\b(?:nearly|almost|you (?:tipped|tilted|spilled|spilt)|all over|going|it (?:tips|leans|tilts|sloshes|spills))\b",
                    text,
                )
            ):
                said.add(True)
            else:
                said.add(False)
    if said == {True}:
        r.put("upright", True)
    elif False in said:
        raise Unclear("It shall lean.")


def before(h: Heard, segment: Segment) -> str:
    """The words in front of a negated segment."""
    i = h.segments.index(segment)
    return h.segments[i - 1].text if segment.negated and i else ""


SLOW = r"slow|slower|slowly|slow down|take (?:your|more|some|the) time|take it (?:easy|slow|slowly)|easy does it|gradually|unhurried(?:ly)?|calm(?:ly|er)?|leisurely|half speed|crawl|(?:lower|reduce|cut|drop|decrease|less) (?:the |your )?speed|ease off the speed|snail\w*|patient|patiently|decelerate|brake"
FAST = r"fast|faster|quick|quicker|quickly|rapid|rapidly|rush|rushing|rushed|hurry|hurrying|hurried|hasty|hastily|haste|swift|swiftly|speedy|speed up|speeding|brisk|briskly|race|racing|zoom|zooming|whizz|dash|dashing|step on it|get a move on|chop chop|(?:more|higher|increase|raise|pick up|too much)(?: the| your)? (?:speed|pace)|speed it up|accelerate"
SOFT = r"gentle|gently|gentler|soft|softer|softly|lighter|lightly|lighten(?: up)?(?: on (?:it|them|@\d+))?|light touch|light grip|loosen|(?<=too )loose|(?<=so )loose|looser|loosely|loosened|delicately|tenderly|gently does it|ease (?:up|off)(?: on (?:it|the grip|gripper|the pressure|@\d+))?|relax|feather light|(?:less|lower|reduce|decrease|lighten|minimal|little) (?:the |your |gripping |grip )?(?:force|pressure|strength|squeeze|squeezing|muscle|power)|squeeze(?: it| them| @\d+)? less|less (?:squeezing|squeeze)"
HARD = r"tight|tighter|tightly|hard|harder|firm|firmer|firmly|strong|stronger|strongly|squeez(?:e|ing|ed)|crush(?:ing|ed)?|squash(?:ing|ed)?|squish(?:ing|ed)?|pinch(?:ing|ed)?(?! (?:the|its|their|it by|them by|it at)\b)|clench(?:ing|ed)?|strangl\w+|choking|tighten|securely|rough|roughly|forceful\w*|brute force|(?:more|higher|increase|extra|so much|too much|that much|this much|much) (?:the |your |gripping )?(?:force|pressure|strength|muscle|power)|death grip"
LOST = re.compile(r"\b(?:slip|slips|slipping|drop|dropping|fall|let go of|lose)\b")


def leaning(h: Heard, words: str, *, complaints: str = "$^") -> Iterator[int]:
    """+1 for each time that words are asked for, -1 where less of it is; Unclear where that cannot be told."""
    for segment in h.asked:
        found = list(re.finditer(rf"\b(?:{words})\b(?! to (?:see|reach|tell|read|say|find)\b)", segment.text))
        if found and not segment.negated and BESIDE.search(segment.text):
            raise Unclear("Only there?")
        yield from (sign for match in found if (sign := asked_for(match, segment, complaints)))


BESIDE = re.compile(r"\b(?:near|close to|past|around|next to|over|above) (?:@\d|my|me\b|us\b|the person)")


def asked_for(match: re.Match[str], segment: Segment, complaints: str) -> int:
    """+1 where a word is asked for, -1 where it is too much, 0 where it says nothing."""
    lead, tail = segment.text[: match.start()], segment.text[match.end() :]
    if match[0].startswith("squeez") and re.match(r"(?: \S+){0,3} (?:too|so|less|hard|tight)", tail):
        return 0
    if re.match(r" enough\b", tail):
        return int(segment.negated)
    most = bool(re.search(r"\bas $", lead) and re.match(r"$| as (?:you can|possible|you like)\b", tail))
    if (not most and re.search(r"\b(?:too|so|overly|that|this|as|such a)(?: #V\d+)? $", lead)) or re.match(
        r"(?:so|too|that|this) much", match[0]
    ):
        return -1
    less = bool(re.search(r"\bless $", lead) or re.match(r" less\b", tail))
    needless = re.search(r"\bneed to\b", lead) and not re.search(r"rush|hurry|squeez", match[0])
    if segment.negated and (less or needless or re.search(r"er$|^more|^less", match[0])):
        raise Unclear("Not more, or not less, and what instead?")
    if segment.negated or less:
        return -1
    if COMPLAINT.search(segment.text):
        strongly = re.search(r"#V\d+|\b(?:very|really|awfully|terribly|quite|pretty|rather)\b", lead)
        return -1 if strongly or re.fullmatch(complaints, match[0]) else 0
    return 1


def towards(signs: list[int]) -> int:
    """The one direction; 0 for none."""
    if len(set(signs)) > 1:
        raise Unclear("Two ways.")
    return signs[0] if signs else 0


def bounded(h: Heard, r: Reading, name: str, letter: str, *, more: float = 1.05) -> bool:
    """A number with its bound, of speed or of force."""
    found = False
    for segment in h.asked:
        for match in re.finditer(rf"(?:\b(most|least) )?#{letter}(\d+)", segment.text):
            if segment.negated and not match[1]:
                h.used.add(int(match[2]))
                continue
            h.used.add(int(match[2]))
            value = h.amounts[int(match[2])].value
            factor = {"most": 0.95, "least": more, None: 1.0}[match[1]]
            r.put(name, value * factor)
            found = True
    return found


def scale(h: Heard, factor: float) -> float:
    """A factor, less of it for "a bit" and more for "much"."""
    vague = [amount.words for amount in h.amounts if amount.measure == "vague"]
    return {"bit": factor**0.5, "lot": factor**2}.get(vague[0] if len(vague) == 1 else "plain", factor)


def chosen(h: Heard, r: Reading, name: str, now: float, factor: float, low: float, high: float) -> None:
    """A value relative to that of now, noted as chosen for the speaker."""
    value = round(min(max(now * scale(h, factor), low), high), 3)
    r.vague.append(f"{name}: {value:g}")
    r.put(name, value)


def quick(h: Heard, r: Reading) -> None:
    """How fast."""
    if bounded(h, r, "speed", "S"):
        return
    fast = [
        sign
        for sign in leaning(
            h, FAST, complaints="rush|rushing|hurrying|racing|speeding|zooming|dashing|race|rushed|hurried"
        )
    ]
    slow = [-sign for sign in leaning(h, SLOW)]
    if way := towards(fast + slow):
        chosen(h, r, "speed", r.now.speed or SPEED, 0.6 if way < 0 else 1.6, 0.02, 0.5)


def firm(h: Heard, r: Reading) -> None:
    """How hard."""
    if bounded(h, r, "force", "F"):
        return
    gripping = r.act_verb in ("pick", "place", "hang", "hand over", "open", "close")
    hard = (
        [
            sign
            for sign in leaning(
                h, HARD, complaints=r"squeezing|crushing|squashing|squishing|pinching|clenching|strangling|choking"
            )
        ]
        if gripping
        else []
    )
    soft = [-sign for sign in leaning(h, SOFT)]
    signs = hard + soft
    if not signs and gripping:
        signs = [
            1
            for s in h.asked
            if LOST.search(s.text)
            and (s.negated or COMPLAINT.search(s.text))
            and not re.search(r"\b(?:over|on|in|into) ", s.text)
        ]
    if way := towards(signs):
        chosen(h, r, "force", r.now.force or FORCE, 0.6 if way < 0 else 1.5, 0.5, 40.0)


HIGH = r"higher(?! (?:speed|force))|raise|raised|elevate|elevated|high(?: up)?|more (?:height|clearance|headroom)|lift(?: it| them| @\d+)? (?:up|more|further)|upper"
LOW = r"lower(?! (?:(?:the |your )?(?:speed|force|pressure|grip)))|low(?: down)?|less (?:height|clearance)"
TALL = re.compile(
    r"\b(?:high|higher|height|up|above|over|off @\d+|off the table|raise|raised|lift|lifted|low|lower|elevate\w*|clearance|air|least|most|carry|carried|travel|clear)\b"
)


def high(h: Heard, r: Reading) -> None:
    """How high it is carried."""
    if r.act_verb not in ("place", "hand over", "hang"):
        return
    said = False
    for segment in h.asked:
        for match in re.finditer(r"(?:\b(?P<bound>most|least) )?(?P<by>by )?#L(?P<n>\d+)", segment.text):
            index = int(match["n"])
            tail = segment.text[match.end() :]
            if (
                index in h.used
                or not any(TALL.search(s.text) for s in h.asked)
                or re.search(r"\b(?:left|right|wide|gap|long|away|forward|back|middle)\b", segment.text)
            ):
                continue
            h.used.add(index)
            if segment.negated and not match["bound"]:
                continue
            value = h.amounts[index].value
            way = re.match(r" (?:more |further |extra )?(higher|lower|more|up more|further up)\b", tail)
            if (match["by"] and not re.search(r"\bclear", segment.text)) or way:
                sign = -1 if re.search(r"\blower\b", segment.text) else 1
                r.put("height", (r.now.height if r.now.height is not None else HEIGHT) + sign * value)
            else:
                r.put("height", value * {"least": 1.05, "most": 0.95, None: 1.0}[match["bound"]])
            said = True
    if said:
        return
    signs = [*leaning(h, HIGH), *(-sign for sign in leaning(h, LOW))]
    if way := towards(signs):
        if r.act_verb == "hang":
            raise Unclear("Higher on its way, or on the rack?")
        amount = next((a for a in h.amounts if a.measure == "vague"), r.amount(None))
        now = r.now.height if r.now.height is not None else HEIGHT
        r.put("height", now + way * r.length(amount, "height"))
