# ruff: noqa: E501 # a pattern reads best on one line
"""Cues of where: how far it is opened, beside what, on which hook, turned which way, and what the way keeps off."""

import re
from math import atan2, cos, pi, sin

from embodied.correction_amounts import PLAIN
from embodied.correction_gist_clauses import Heard
from embodied.correction_gist_manner import COMPLAINT
from embodied.correction_reading import Reading
from embodied.correction_references import candidates
from embodied.correction_words import Unclear
from embodied.situations import Entity

HOOK = 0.325
"""The outer hooks of a rack stand so much of its longest edge beside its middle."""
NEARLY = 0.02
"""A length [m] that comes so near to a hook is that hook."""
TAKEN = re.compile(
    r"^ (?:is|s|are|was) (?:\w+ )?(?:for (?:my|his|her|our|their|an?|somebody|someone|something)|taken|used|reserved|needed|broken|loose|occupied|mine|wobbly|full|not|bent)\b|^ (?:belongs|wobbles|holds)\b"
)
RELATIVE = re.compile(r"^ (?:more|less|further|wider|too|again|extra)\b")
SIDES = re.compile(
    r"\b(?P<my>my )?(?P<its>its )?(?P<side>left|right)(?: ?hand)?(?: side)?(?:ward)?\b|\b(?P<way>forward|back|backward)\b(?! (?:in|to|on|into)\b)|\b(?P<up>up|higher|down|lower)\b"
)


def opened(h: Heard, r: Reading) -> None:
    """How far something is pulled open or pushed shut."""
    if r.act_verb not in ("open", "close"):
        return
    for segment in h.asked:
        for match in re.finditer(
            r"(?:\b(?P<bound>most|least) )?(?:#V\d+ )?(?:(?P<another>another|extra|further) )?#L(?P<n>\d+)",
            segment.text,
        ):
            index, tail = int(match["n"]), segment.text[match.end() :]
            if re.search(
                r"\b(?:left|right|higher|lower|above|over|along|upward|down|forward|back)\b(?! open)", segment.text
            ):
                continue
            if r.act_verb == "close" and re.search(r"\b(?:open|gap|leave|left open|ajar|remain\w*)\b", segment.text):
                raise Unclear("Closed by, or until?")
            h.used.add(index)
            complaint = COMPLAINT.search(segment.text) and not match["bound"]
            if (segment.negated and not match["bound"]) or (complaint and not RELATIVE.match(tail)):
                continue
            value = h.amounts[index].value
            if RELATIVE.match(tail) or match["another"]:
                if r.now.distance is None:
                    raise Unclear("More than what?")
                less = re.match(r" (?:less|too (?:far|wide|much|open))\b", tail)
                value = r.now.distance + (-value if less else value)
            r.put("distance", value)


def side_of(match: re.Match[str], r: Reading, frame: Entity) -> tuple[float, float, float]:
    """A direction that was named, in the base's frame."""
    if match["side"]:
        sign = 1.0 if match["side"] == "left" else -1.0
        if match["my"]:
            facing = r.moment.around.facing
            return (-sign * sin(facing), sign * cos(facing), 0.0)
        return frame.to_base(0.0, sign, 0.0) if match["its"] else (0.0, sign, 0.0)
    if match["way"]:
        return (1.0 if match["way"] == "forward" else -1.0, 0.0, 0.0)
    return (0.0, 0.0, 1.0 if match["up"] in ("up", "higher") else -1.0)


def shifted(h: Heard, r: Reading) -> None:
    """Beside the middle of its target, or a length to a side of where it would be."""
    if r.act_verb not in ("pick", "place", "hang", "hand over"):
        return
    central = any(re.search(r"\bmiddle\b", s.text) for s in h.segments)
    moves: list[tuple[re.Match[str], int | None]] = []
    sides: set[str] = set()
    for segment in h.asked:
        text = segment.text
        lengths = [int(n) for n in re.findall(r"#L(\d+)", text) if int(n) not in h.used]
        ways = [m for m in SIDES.finditer(text) if not lifted(m, text, r, bool(lengths))]
        if segment.negated or not ways:
            continue
        if (
            len(ways) != 1
            or len(lengths) > 1
            or re.search(r"\b(?:left|right|back|front) (?:edge|corner|end|half)\b", text)
        ):
            if lengths:
                raise Unclear("Which way?")
            continue
        if not central:
            beside(h, r, text[ways[0].start() :])
        sides |= {ways[0]["side"]} - {None}
        named = part_near(h, r) or re.search(r"\b(?:hook|one|hand side)\b", text)
        if lengths or (re.search(r"\b(?:move|shift|nudge|slide|further|more|#V\d+|over)\b", text) and not named):
            h.used.update(lengths)
            moves.append((ways[0], lengths[0] if lengths else None))
    if len(moves) > 1 or (moves and len(sides) > 1 and not central):
        raise Unclear("Which side?")
    for way, index in moves:
        move(h, r, side_of(way, r, r.frame()), index, central)


def lifted(m: re.Match[str], text: str, r: Reading, measured: bool) -> bool:
    """Whether "up" or "down" is of carrying, or of "pick up", and no direction here."""
    if not m["up"]:
        return False
    return r.act_verb in ("place", "hand over") or (
        not measured and bool(re.match(r"\b(?:pick|lift|grab|hang|set|put|lay)\b", text[: m.start()]))
    )


def beside(h: Heard, r: Reading, text: str) -> None:
    """Unclear where the side is that of another thing than its own frame."""
    found = re.search(r"\bof (?:the |its )?@(\d+)", text)
    if found and r.frame() not in candidates(h.things[int(found[1])][0], r.moment, near=r.current()):
        raise Unclear("Beside another thing.")


def move(h: Heard, r: Reading, way: tuple[float, float, float], index: int | None, central: bool) -> None:
    """The offset of a direction of the base's frame and of a length, or of a vague one."""
    if index is None:
        if central or COMPLAINT.search(h.segments[0].text):
            raise Unclear("How far?")
        r.move(way, next((a for a in h.amounts if a.measure == "vague"), PLAIN))
        return
    size = h.amounts[index].value
    target = r.frame().to_own(*(size * w for w in way))
    present = r.now.offset if central and r.now.offset else (0.0, 0.0, 0.0)
    r.put("offset", tuple(round(a - b, 9) + 0.0 for a, b in zip(target, present, strict=True)))


def hooked(h: Heard, r: Reading) -> None:
    """On which hook of a rack, seen as the rack stands."""
    rack = r.goal()
    if r.act_verb != "hang" or rack is None:
        return
    y = HOOK * max(rack.size[:2])
    lengths = [i for i, a in enumerate(h.amounts) if a.measure == "length"]
    if any(abs(h.amounts[i].value - y) > NEARLY for i in lengths) or (lengths and not re.search(r"\bhook|@\d", h.text)):
        return
    sides: set[str] = set()
    avoided: set[str] = set()
    for segment in h.asked:
        text = h.plain(segment.text)
        for m in re.finditer(
            r"\b(?P<my>my )?(?<!of the )(?<!of )(?P<side>left|right|middle|central|leftmost|rightmost|other|next)\b(?P<after>(?: ?(?:hand|most|end))*(?: (?:side|hook|one|peg|arm|prong|post))?)?",
            text,
        ):
            if re.search(r"\b(?:handle|ear|grip|handed)\b", text) or m["my"]:
                raise Unclear("Which hook?")
            side = {"leftmost": "left", "rightmost": "right", "central": "middle"}.get(m["side"], m["side"])
            (avoided if segment.negated or COMPLAINT.search(text) or TAKEN.match(text[m.end() :]) else sides).add(side)
    sides -= {"other", "next"} if sides & {"left", "right", "middle"} else set()
    if not sides:
        if avoided:
            raise Unclear("Which hook then?")
        return
    if len(sides) > 1 or sides & avoided or sides & {"other", "next"}:
        raise Unclear("Which hook?")
    if lengths:
        if not re.search(r"\b(?:hook|peg|prong)s?\b", h.plain(h.text)):
            return
        h.used.update(lengths)
    y *= {"left": 1, "right": -1, "middle": 0}[sides.pop()]
    x0, y0, z0 = r.now.offset or (0.0, 0.0, 0.0)
    r.put("offset", tuple(round(v, 9) + 0.0 for v in (-x0, y - y0, -z0)))


END = r"(?:handles?|grips?|ears?|hilts?|handle end|grip end|blunt end|dull end)"
TIP = r"(?:blades?|tips?|points?|scoops?|sharp end|pointy end|blade end|spoon end|round end|business end)"
TOWARD = r"(?:(?:to|on|at|toward|facing|faces?|pointing|points?|point|pointed|directed|turned|looking|goes|go|lies|lie|lay|rest|rests|sit|sits|stay|ends|ending|winds|is|s|should|must|be|has|needs|aimed|aiming|sticking|out|over|off|in|end|ends|side|the|your|that|up|down|placed|lying|belongs|belong|wants|want|will|put) )*"
AIMED = re.compile(
    rf"\b(?P<end>{END}|{TIP})\b(?: (?:end|side))? (?:of (?:it|@\d+) )?(?P<away>(?:\w+ )?away from )?{TOWARD}(?P<off>away from )?(?P<my>my )?(?P<to>left|right|front|forward|back|me|us|you|robot|the robot|yourself|the person)\b"
    rf"|\b(?:to the |on the )?(?P<to2>left|right) (?:is|for|with|goes|gets)(?: where| for)? (?:the |its )?(?P<end2>{END}|{TIP})\b"
    rf"|\b(?:point|turn|aim|face|direct|orient|rotate|twist|swing)(?:ing)? (?:the |its |their )?(?P<end3>{END}|{TIP}) {TOWARD}(?P<off3>away from )?(?P<my3>my )?(?P<to3>left|right|front|forward|back|me|us|you|the person)\b"
)
ROUND = re.compile(
    r"\b(?:the other way (?:a?round|about)|the wrong way (?:a?round|about)|back to front|the opposite way (?:a?round)|turn(?:ed)? (?:it|them|@\d+) (?:a?round|about)$|half a turn|end for end|(?:it|that|this|@\d+) is (?:the wrong way (?:a?round)|backward|reversed|back to front)|reverse it|flip it (?:a?round|end))\b"
)
LONG = frozenset({"spoon", "knife", "scissors", "fork", "ladle", "shears"})


def part_near(h: Heard, r: Reading) -> bool:
    """Whether a part is aimed somewhere."""
    return r.act_verb == "place" and any(AIMED.search(s.text) for s in h.segments)


def turned(h: Heard, r: Reading) -> None:
    """Which way its handle points where it is put: sides are those of a target that has a front, else of the base.

    The grip of what is long is at its own -x, a mug's handle and any blade or scoop at its +x.
    """
    thing, goal = r.current(), r.goal()
    if r.act_verb != "place" or thing is None or goal is None:
        return
    angles: set[float] = set()
    for segment in h.segments:
        text = re.sub(r"\b(?:left|right) ?handed\b", " ", segment.text)
        for m in AIMED.finditer(text):
            if segment.negated or COMPLAINT.search(text):
                continue
            groups = m.groupdict()
            end = groups["end"] or groups["end2"] or groups["end3"]
            to = groups["to"] or groups["to2"] or groups["to3"]
            away = groups["away"] or groups["off"] or groups["off3"]
            x, y = pointed(to, bool(groups["my"] or groups["my3"]), r, goal)
            way = atan2(y, x) + (pi if away else 0.0)
            own = pi if thing.kind in LONG and re.fullmatch(END, end) else 0.0
            angles.add(round(wrapped(way - own - goal.yaw), 4))
    if len(angles) > 1:
        raise Unclear("Two ways round.")
    if angles:
        turn = wrapped(angles.pop() - (r.now.turn or 0.0))
        h.used.update(i for i, a in enumerate(h.amounts) if a.measure == "angle" and abs(a.value - abs(turn)) < 0.05)
        r.put("turn", turn)
    elif any(ROUND.search(s.text) for s in h.asked if not s.negated) or any(
        re.search(r"\b(?:that|this) way (?:a?round)\b", s.text) for s in h.asked if s.negated
    ):
        r.put("turn", wrapped(pi))


def pointed(to: str, mine: bool, r: Reading, goal: Entity) -> tuple[float, float]:
    """A direction of the base's frame."""
    facing = r.moment.around.facing
    if to in ("left", "right"):
        sign = 1.0 if to == "left" else -1.0
        if mine:
            return (-sign * sin(facing), sign * cos(facing))
        x, y, _ = goal.to_base(0.0, sign, 0.0) if "front" in goal.parts else (0.0, sign, 0.0)
        return (x, y)
    if to in ("me", "us", "the person"):
        return (-cos(facing), -sin(facing))
    if to in ("front", "forward"):
        x, y, _ = goal.to_base(1.0, 0.0, 0.0) if "front" in goal.parts else (1.0, 0.0, 0.0)
        return (x, y)
    if to == "back":
        x, y = pointed("front", mine, r, goal)
        return (-x, -y)
    return (-1.0, 0.0)


def wrapped(angle: float) -> float:
    """Within half a turn to either side; half a turn itself is positive."""
    rest = (angle + pi) % (2 * pi) - pi
    return round(pi if abs(abs(rest) - pi) < 1e-6 else rest, 9)


HEAD = r"(?:my |the |your |his |her |a )?(?:@(?P<h>\d+)|heads?|face|hair|eyes?|nose|ears?|skull|chin|forehead|noggin|cheeks?)"
SELF = r"me|us|my body|my chest|my shoulders?|the person|where i (?:am|sit|stand)|people|anyone|anybody|someone|somebody|everyone"
WHO = rf"(?P<who>@\d+|{SELF}|(?:my|the|their|his|her|our) (?:own )?(?:heads?|faces?|hair|eyes?|nose|skull|chin|forehead|neck|cheeks?|hands?|fingers?|arms?)\b)"
OFF: tuple[re.Pattern[str], ...] = tuple(re.compile(p) for p in (
    rf"\b(?:stay|keep|kept|steer|remain|stays|be|move|get|hold|carry|go|pass|leave)\b[^,.@]{{0,40}}?(?:@\d+ (?:well |far |right )?)?\b(?:off|out of the way of|out of reach of|back from) {WHO}",
    rf"\b(?:away|clear|distance|far|off) (?:from|of|to) {WHO}",
    rf"\b(?:avoid|avoids|avoiding|bypass|clears|misses|miss|circumvent|skirt|mind|watch out for|watch|look out for|beware of|spare) (?:the space (?:over|above|around) )?{WHO}",
    rf"\b(?:a?round|beside|behind|past the side of) {WHO}(?! (?:with|by|at) (?:the|its)\b)",
    rf"\b(?:give|leave) {WHO} (?:\w+ )*(?:berth|space|room|clearance|distance)",
))  # fmt: skip
NEAR = re.compile(
    rf"\b(?:over|above|near|nearer|close to|closer to|near to|across|past|by|through|toward|at|in front of|next to|into|along|against|beside|anywhere near|on top of|under|over the top of|around|within reach of|in the direction of|hit|hitting|touch|touching|bump|bumping|bump into|knock|brush|graze|strike|swing at|poke|crosses|crossing|passing|passes|pass|cross|flying over|reach over) (?:to )?(?:the )?{WHO}"
)


def kept_off(h: Heard, r: Reading) -> None:
    """What the way keeps off: what is named with "away from", or with "over" under a "not"."""
    names: list[str] = []
    bodies = [i for i, some in enumerate(h.things) if some[0].kind in ("head", "hand", "person")]
    person = f"@{bodies[0]}" if len(bodies) == 1 else ""
    for segment in h.asked:
        text = re.sub(
            r"\b(a?round|over|above|near|avoid|off|away from|clear of|past) (?:it|that)$",
            rf"\1 {person}" if person else r"\g<0>",
            segment.text,
        )
        complaint = re.search(r"\b(?:too|so|way|much too|far too|awfully|very|dangerously)(?: #V\d+)* (?:close|near|low)\b|\b(?:nearly|almost|right over|right above|straight over|just missed)\b", text) or re.match(
            r"(?:that|it|this|@\d+|you|(?:that|this|the) \w+) (?:was|is|went|are|were|flew|came|passed|goes|comes|nearly|almost|just)\b", text)  # fmt: skip
        if not segment.negated:
            found = [m for pattern in OFF for m in pattern.finditer(text)]
            if complaint:
                found += list(NEAR.finditer(text))
        else:
            if re.search(r"\b(?:point|aim|fac|turn)(?:e|ing)?\b", text):
                continue
            found = list(NEAR.finditer(text)) or [m for m in OFF[3:4] for m in m.finditer(text)]
            if not found and re.match(r"(?:my|the) (?:head|face)$", text):
                continue
        for match in found:
            names += [n for n in meant(match["who"], h, r) if n not in names]
    if names:
        r.put("clear_of", tuple(names))


def meant(who: str, h: Heard, r: Reading) -> list[str]:
    """The things that a word names, without what is handled and where it goes; of a body, what there is of one."""
    around, act = r.moment.around, r.moment.act
    own = {act.object, act.target} if act else set()
    if who.startswith("@"):
        names: list[str] = []
        for spoken in h.things[int(who[1:])]:
            if spoken.kind == "table" or (act and spoken.kind == around[act.object].kind and spoken.plural):
                return []
            fits = [t for t in candidates(spoken, r.moment) if t.name not in own]
            if not fits and not any(t.name in own for t in candidates(spoken, r.moment)):
                raise Unclear(f"No {spoken.words}.")
            if len(fits) > 1 and not (spoken.plural or spoken.generic or spoken.kind in ("person", "head", "hand")):
                raise Unclear("Which one?")
            names += [t.name for t in fits]
        return names
    kinds = ("hand", "arm") if re.search(r"hand|finger|arm", who) else ("head", "person")
    kinds = (*kinds, "person", "head", "hand") if re.search(rf"^(?:{SELF})$", who) else kinds
    for kind in kinds:
        if fits := [t.name for t in around if t.kind == kind and t.name not in own]:
            return fits
    raise Unclear("I see nobody.")
