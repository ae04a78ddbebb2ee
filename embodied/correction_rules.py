# ruff: noqa: E501 # a pattern reads best on one line
"""The grammar's rules for manners: what a pattern of words means for part, tilt, turn, distance, height, speed, force.

Texts hold tokens: "#L0" a length, "#V1" a vague amount, "@0" a thing, "$0" a part, "%0" a direction.
"""

import re
from collections.abc import Callable
from math import pi

from embodied.correction_amounts import PLAIN
from embodied.correction_reading import FORCE, HEIGHT, PULL, SPEED, Reading
from embodied.correction_references import PARTS, other_part, part_of
from embodied.correction_words import Unclear

Does = Callable[[Reading, re.Match[str]], None]
Rule = tuple[re.Pattern[str], Does]
V = r"(?:#V(?P<v>\d+) )?(?:too )?"
WHAT = r"(?: (?:it|them|this|that|@\d+|(?:the |your )?(?:gripper|hand|wrist|fingers?|tool)))?"


def rule(pattern: str, does: Does) -> Rule:
    """One rule; the pattern stands between word boundaries."""
    return re.compile(rf"(?<![\w#@$%])(?:{pattern})(?!\w)"), does


def held_by(r: Reading, word: str) -> None:
    """Held at a part."""
    thing = r.thing() if r.current() or r.about else None
    r.put("part", other_part(r.now.part, r.thing()) if PARTS[word] == ("other",) else part_of(word, thing))


def not_by(r: Reading, word: str) -> None:
    """Held anywhere but there."""
    thing = r.thing()
    r.put("part", other_part(part_of(word, thing), thing))


def handed_first(r: Reading, m: re.Match[str]) -> None:
    """A part that points to the person, so that the hand is at the other."""
    thing = r.thing()
    r.put("part", other_part(part_of(r.parts[int(m["p"])], thing), thing))


def instead_of(r: Reading, m: re.Match[str]) -> None:
    held_by(r, r.parts[int(m["yes"])])


PART_RULES: tuple[Rule, ...] = (
    rule(r"(?:give|hand|pass) (?:it to )?(?:me|us) \$(?P<p>\d+)(?: first)?", handed_first),
    rule(r"(?:over )?(?:with )?(?:the )?\$(?P<p>\d+) (?:first|(?:facing |pointing )?(?:toward|to|at) (?:me|us|them|@\d+))", handed_first),
    rule(r"(?:by )?\$(?P<yes>\d+),? (?:and |but )?(?:not|instead of|rather than) (?:by |at |on )?\$(?P<no>\d+)", instead_of),
    rule(r"not (?:[a-z]+ |@\d+ ){0,4}?(?:by |at |on )?\$(?P<no>\d+),? (?:but |and )?(?:(?:use|take|grab|hold|it|by|at|on) ){0,3}\$(?P<yes>\d+)", instead_of),
    rule(r"not (?:[a-z]+ |@\d+ ){0,5}?(?:by |at |on )?\$(?P<p>\d+)", lambda r, m: not_by(r, r.parts[int(m["p"])])),
    rule(r"(?:(?:by|at|past|near|around|over|after|from|use|on|with|to|of|use s) )?\$(?P<p>\d+)(?: instead)?", lambda r, m: held_by(r, r.parts[int(m["p"])])),
)  # fmt: skip
"""Of the parts."""


def tilt(r: Reading, m: re.Match[str]) -> None:
    """Lowers or raises the gripper's nose."""
    amount = r.amount(m["a"] or m["b"] or m["v"])
    way = m["way"] or m["way2"]
    if way is None:
        last = r.last.manner.tilt if r.last else None
        if not last:
            said = "" if amount is PLAIN else f" {amount.words}" if amount.measure == "angle" else " a bit"
            raise Unclear("Tilt it down or up?", (f"tilt it down{said}", f"tilt it up{said}"))
        way = "down" if last > 0 else "up"
    r.put("tilt", (1 if way in ("down", "forward") else -1) * r.angle(amount, "tilt"))


def level(r: Reading, m: re.Match[str]) -> None:
    """Level again where it was tilted by words, else kept upright."""
    if r.now.tilt and not r.now.upright and m[0] in ("level", "level again", "level it", "level the gripper"):
        r.put("tilt", -r.now.tilt)
    else:
        r.put("upright", True)


def less_tilt(r: Reading, m: re.Match[str]) -> None:
    if r.now.tilt:
        r.put("tilt", -r.now.tilt / 2)
    else:
        r.put("upright", True)


def turn(r: Reading, m: re.Match[str]) -> None:
    """About the vertical, counter-clockwise seen from above."""
    words = " ".join(filter(None, (m["size"], m["size2"])))
    share = {"quarter": pi / 2, "half": pi, "full": 2 * pi, "eighth": pi / 4}
    given = next((angle for word, angle in share.items() if word in words), None)
    token = re.search(r"#[AV](\d+)", words)
    way = m["way"] or m["way2"] or ""
    if given is None and "round" in way:
        given = pi
    if given is None:
        given = r.angle(r.amount(token[1] if token else None), "turn")
    if "round" not in way and way not in TURNS:
        last = r.last.manner.turn if r.last else None
        if last:
            way = "left" if last > 0 else "right"
        elif abs(given - pi) > 1e-6:
            told = f"{180 * given / pi:.0f} degrees"
            raise Unclear("Clockwise or counter-clockwise, seen from above?", (
                f"turn it {told} clockwise", f"turn it {told} counterclockwise"))  # fmt: skip
    r.put("turn", TURNS.get(way, 1) * given)


TURNS = {"clockwise": -1, "right": -1, "to the right": -1, "counterclockwise": 1, "left": 1, "to the left": 1}
SIZE = r"#[AV]\d+|(?:a |one )?(?:quarter|half|full|eighth)(?: of)?(?: a)?(?: turn| circle)?"
TURNING = r"clockwise|counterclockwise|(?:to the )?left|(?:to the )?right|the other way(?: a?round)?|a?round"

POSE_RULES: tuple[Rule, ...] = (
    rule(r"not (?P<way>turn|rotate|spin|twist|swivel)(?:ing)?" + WHAT, lambda r, m: refuse_negated(r, f"to {m['way']} it")),
    rule(r"not (?:tilt|tip|lean)(?:ing)?" + WHAT + r"(?: so| that| too)(?: much| far| #V\d+)?", less_tilt),
    rule(r"(?:too tilted|less tilt|tilt" + WHAT + r" less)", less_tilt),
    rule(r"not (?:need to |worry about )?(?:keep(?:ing)?|hold(?:ing)?|carry(?:ing)?|be)" + WHAT + r" (?:upright|level|straight)", lambda r, m: r.put("upright", False)),
    rule(r"(?:(?:may|can) (?:tilt|tip)(?: it)?|(?:it|@\d+) (?:may|can) (?:tilt|tip))", lambda r, m: r.put("upright", False)),
    rule(r"(?:so (?:that )?)?(?:(?:the )?(?:water|coffee|tea|juice|milk|soup|contents|it) )?not (?:let )?(?:(?:it|@\d+) )?(?:tilt|tip|spill|lean|topple|slosh)(?:ing)?(?: (?:it|them|any|anything|a drop|over|water|coffee|tea|@\d+|when \w+ing))*", lambda r, m: r.put("upright", True)),
    rule(r"(?:it|that|@\d+) is not (?:upright|level|straight)", lambda r, m: r.put("upright", True)),
    rule(r"(?:keep(?:ing)?|hold(?:ing)?|carry(?:ing)?|stay(?:ing)?|bring|move|transport|keep on)" + WHAT + r" (?:held )?(?:upright|level|straight|flat|horizontal|vertical|balanced|steady)", lambda r, m: r.put("upright", True)),
    rule(r"upright", lambda r, m: r.put("upright", True)),
    rule(r"(?:go |make it |be )?level(?: again| it| the gripper)?", level),
    rule(r"(?:#V(?P<v>\d+) )?(?:more )?(?:tilt|tip|pitch|angle|lean|nose)(?:ed)?" + WHAT + r"(?: (?:it|more))?(?: #[AV](?P<a>\d+))?(?: (?P<way>down|up|forward|back))?(?: more)?(?: by)?(?: #[AV](?P<b>\d+))?(?: (?P<way2>down|up|forward|back))?", tilt),
    rule(r"(?:(?:give it|make) )?(?P<size>(?:a |one )?(?:quarter|half|full) turn)(?: (?:to the )?(?P<way>clockwise|counterclockwise|left|right))?(?P<size2>$^)?(?P<way2>$^)?", turn),
    rule(r"(?:turn|rotate|spin|twist|swivel)(?:ed|ing)?" + WHAT + rf"(?: more| further)?(?: by)?(?: (?P<size>{SIZE}))?(?: more)?(?: (?P<way>{TURNING}))?(?: by)?(?: (?P<size2>{SIZE}))?(?: (?P<way2>{TURNING}))?", turn),
    rule(rf"(?:(?P<size>{SIZE}) )?(?:more )?(?P<way>clockwise|counterclockwise)(?: by)?(?: (?P<size2>{SIZE}))?(?P<way2>$^)?", turn),
    rule(r"(?:not )(?:come |go |take it |grab it |reach )?(?:in )?(?:from (?:the )?(?:above|top|overhead)|vertically)", lambda r, m: r.put("approach", "side")),
    rule(r"(?:not )(?:come |go |take it |grab it |reach )?(?:in )?(?:from (?:the |its )?sides?|horizontally)", lambda r, m: r.put("approach", "above")),
    rule(r"(?:from (?:the )?(?:above|top|overhead)|top down|vertically|from up high)", lambda r, m: r.put("approach", "above")),
    rule(r"(?:from (?:the |its )?sides?|horizontally|side on)", lambda r, m: r.put("approach", "side")),
)  # fmt: skip
"""Of how the gripper stands."""


def pulled(r: Reading, value: float) -> None:
    r.put("distance", value)


def wider(r: Reading, m: re.Match[str], sign: int = 1) -> None:
    """More or less than now."""
    now = r.now.distance if r.now.distance is not None else PULL
    amount = r.amount(next((m[g] for g in ("a", "b", "v") if g in m.re.groupindex and m[g]), None))
    r.put("distance", max(0.0, now + sign * r.length(amount, "distance")))


def share(r: Reading, part: float) -> None:
    """A share of what it can be pulled: of the thing's extent along its front."""
    value = round(part * max(r.thing().size), 3)
    r.vague.append(f"distance: {part:g} of its size = {1000 * value:.0f} mm")
    r.put("distance", min(value, 0.6))


def opening(r: Reading) -> bool:
    return r.act_verb in ("open", "close")


OPENING = r"(?:pull|open|slide|draw|push|close|shut)(?:ing)?" + WHAT + r"(?: (?:it|out|open|shut|in|closed|up))*"
PULL_RULES: tuple[Rule, ...] = (
    rule(rf"{OPENING} (?:only |just )?#[LV](?P<a>\d+) (?:wider|further|more)", wider),
    rule(r"(?:#[LV](?P<a>\d+) )?(?:wider|more open|further open|further out|open (?:it )?more|open (?:it )?further|pull (?:it )?more|pull (?:it )?further(?: out)?)(?: by)?(?: #[LV](?P<b>\d+))?", wider),
    rule(r"(?:#[LV](?P<a>\d+) )?(?:not (?:open |pull )?(?:it |@\d+ )?(?:so|that|too) (?:wide|far)(?! (?:to )?(?:the |my |your )?(?:left|right|up|down|forward|back))|less (?:wide|far|open)|too wide|(?:open|pull) (?:it )?less)(?: open| out)?", lambda r, m: wider(r, m, -1) if opening(r) else too_far(r, m)),
    rule(rf"(?:{OPENING} )?(?:only |just )?(?:halfway|half the way|half open|half closed|half out)(?: open| out| shut)?", lambda r, m: share(r, 0.5) if opening(r) or r.act_verb is None else unsure_half(r)),
    rule(rf"(?:{OPENING} )?(?:all the way|fully|completely|entirely|wide open|as (?:far|wide) as (?:it goes|possible|you can|it will go))(?: open| out| shut| in)?", lambda r, m: share(r, 1.0)),
    rule(rf"(?:{OPENING} )?(?:only |just )?#P(?P<a>\d+)(?: of the way)?(?: open| out)", lambda r, m: share(r, r.amount(m["a"]).value)),
    rule(rf"(?:{OPENING} )?(?:by )?#[LV](?P<a>\d+) less(?: wide| far)?", lambda r, m: wider(r, m, -1) if opening(r) else less_by(r, m)),
    rule(rf"{OPENING} (?:only |just |by |to )?#P(?P<a>\d+)", lambda r, m: share(r, r.amount(m["a"]).value)),
    rule(rf"{OPENING} (?:only |just )?(?:to |by |up to |until |about )*#L(?P<a>\d+)(?: open| out| wide)?", lambda r, m: pulled(r, r.amount(m["a"]).value)),
)  # fmt: skip
"""Of how far something is pulled or pushed."""


def less_by(r: Reading, m: re.Match[str]) -> None:
    """So much of the last motion taken back, or half of it where that was vague."""
    amount = r.amount(m["a"])
    if amount.measure != "length" or not r.again(-1.0, amount):
        less(r, 0.5)


def too_far(r: Reading, m: re.Match[str]) -> None:
    less(r, 0.5)


def unsure_half(r: Reading) -> None:
    raise Unclear("Half of what?", ("half as far", "half speed"))


def less(r: Reading, times: float) -> None:
    """The last motion partly taken back."""
    if not r.again(-times):
        if opening(r):
            r.put("distance", (r.now.distance if r.now.distance is not None else PULL) * (1 - times))
            return
        raise Unclear("Too far in which direction?", ("a bit to the left", "a bit to the right", "a bit lower"))


def high(r: Reading, m: re.Match[str], sign: int) -> None:
    """Carried higher or lower, or, where nothing is carried, done higher or lower."""
    amount = r.amount(next((m[g] for g in ("a", "b") if g in m.re.groupindex and m[g]), None))
    carried = r.act_verb in ("place", "hand over")
    if carried or (m["carry"] if "carry" in m.re.groupindex else None):
        now = r.now.height if r.now.height is not None else HEIGHT
        r.put("height", now + sign * r.length(amount, "height"))
    else:
        r.move((0.0, 0.0, 1.0 * sign), amount)


CARRY = r"(?:(?P<carry>carry|carrying|lift|lifted|transport|carried)" + WHAT + r" (?:it )?)?"
HEIGHT_RULES: tuple[Rule, ...] = (
    rule(r"not (?:go |carry |lift |move |hold |raise )?(?:it |@\d+ )?(?:so|that|too) high(?: up)?|(?:#V(?P<a>\d+) )?too high(?: up)?|less high", lambda r, m: high(r, m, -1)),
    rule(r"not (?:go |carry |lift |move |hold )?(?:it |@\d+ )?(?:so|that|too) low(?: down)?|(?:#V(?P<a>\d+) )?too low(?: down)?|not (?:go )?high enough|less low", lambda r, m: high(r, m, 1)),
    rule(r"not (?:any )?(?:go |carry it )?(?P<way>higher|lower)", lambda r, m: refuse_negated(r, m["way"])),
    rule(CARRY + r"(?:#[LV](?P<a>\d+) )?(?:even |still )?higher(?: up)?(?: by)?(?: #[LV](?P<b>\d+))?", lambda r, m: high(r, m, 1)),
    rule(CARRY + r"(?:#[LV](?P<a>\d+) )?(?:even |still )?lower(?: down)?(?: by)?(?: #[LV](?P<b>\d+))?", lambda r, m: high(r, m, -1)),
    rule(r"raise" + WHAT + r"(?: up)?(?: by)?(?: #[LV](?P<a>\d+))?", lambda r, m: high(r, m, 1)),
    rule(r"(?:carry|lift|hold|move|raise|keep|transport|go|stay)?" + WHAT + r" ?(?:at|to) (?:a height of )?(?:about )?#L(?P<a>\d+)(?: high| height| above (?:the table|@\d+)| up)?", lambda r, m: pulled(r, r.amount(m["a"]).value) if opening(r) else r.put("height", r.amount(m["a"]).value)),
    rule(r"(?:carry |lift )?(?:it )?#L(?P<a>\d+) (?:high|above the table|above @\d+)", lambda r, m: r.put("height", r.amount(m["a"]).value)),
)  # fmt: skip
"""Of how high."""


def refuse_negated(r: Reading, way: str) -> None:
    """What shall not be done is known, what shall be is not."""
    raise Unclear(f"Not {way}: what shall I do instead?", ("carry on", *{
        "higher": ("a bit lower",), "lower": ("a bit higher",), "slower": ("faster",), "faster": ("slower",),
        "softer": ("firmer",), "firmer": ("softer",)}.get(way, ())))  # fmt: skip


def speed(r: Reading, factor: float, m: re.Match[str] | None = None) -> None:
    r.put("speed", scaled(r, "speed", r.now.speed or SPEED, factor, m, 0.02, 0.5))


def force(r: Reading, factor: float, m: re.Match[str] | None = None) -> None:
    r.put("force", scaled(r, "force", r.now.force or FORCE, factor, m, 0.5, 40.0))


def scaled(r: Reading, of: str, now: float, factor: float, m: re.Match[str] | None, low: float, high: float) -> float:
    """A value times a factor, less of it for "a bit" and more for "much", within what is possible."""
    words = r.amount(m["v"]).words if m is not None and "v" in m.re.groupindex and m["v"] else "plain"
    factor = {"bit": factor**0.5, "plain": factor, "lot": factor**2}.get(words, factor)
    value = round(min(max(now * factor, low), high), 3)
    r.vague.append(f"{of}: {words} = {value:g}")
    return value


SPEED_RULES: tuple[Rule, ...] = (
    rule(r"(?:at |by |with )?(?:about )?(?:a speed of )?#S(?P<a>\d+)", lambda r, m: r.put("speed", r.amount(m["a"]).value)),
    rule(r"(?:at )?#P(?P<a>\d+) (?:of (?:the |your )?)?speed", lambda r, m: speed(r, r.amount(m["a"]).value)),
    rule(r"#P(?P<a>\d+) slower", lambda r, m: speed(r, 1 - r.amount(m["a"]).value)),
    rule(r"#P(?P<a>\d+) faster", lambda r, m: speed(r, 1 + r.amount(m["a"]).value)),
    rule(r"(?:at |with )?half (?:the |your )?speed|half as (?:fast|quick)|twice as slow(?:ly)?", lambda r, m: speed(r, 0.5)),
    rule(r"(?:at |with )?(?:double|twice) (?:the |your )?speed|twice as (?:fast|quick)", lambda r, m: speed(r, 2.0)),
    rule(r"not (?:any )?(?:go |move )?(?P<way>slower|faster)", lambda r, m: refuse_negated(r, m["way"])),
    rule(r"not (?:be |go |move )?(?:it )?(?:so|that|too) (?:fast|quick|quickly|hasty)|not (?:rush|hurry)(?: it)?|no (?:rush|hurry)|take (?:your|more) time|less (?:fast|quickly|speed)|easy does it", lambda r, m: speed(r, 0.6)),
    rule(r"not (?:be |go |move )?(?:it )?(?:so|that|too) (?:slow|slowly|careful)|not slow down", lambda r, m: speed(r, 1.6)),
    rule(V + r"too (?:fast|quick|quickly|hasty)|too (?:fast|quick|quickly|hasty)", lambda r, m: speed(r, 0.6, m)),
    rule(V + r"too (?:slow|slowly)|too (?:slow|slowly)", lambda r, m: speed(r, 1.6, m)),
    rule(V + r"(?:more )?(?:slower|slowly|slow down|slow|careful|carefully|cautiously|less speed)", lambda r, m: speed(r, 0.6, m)),
    rule(V + r"(?:more )?(?:faster|quicker|quickly|quick|speed up|hurry(?: up)?|more speed|fast|swiftly)", lambda r, m: speed(r, 1.6, m)),
)  # fmt: skip
"""Of how fast."""

FORCE_RULES: tuple[Rule, ...] = (
    rule(r"(?:with |at )?(?:a force of )?#F(?P<a>\d+)(?: of force)?", lambda r, m: r.put("force", r.amount(m["a"]).value)),
    rule(r"not (?:any )?(?P<way>softer|firmer|tighter|harder)", lambda r, m: refuse_negated(r, {"tighter": "firmer", "harder": "firmer"}.get(m["way"], m["way"]))),
    rule(r"not (?:grip |hold |grab |squeeze |press |push |pull )?(?:it |@\d+ )?(?:so|that|too) (?:hard|tight|tightly|firm|firmly|strong|strongly)|not (?:squeeze|crush|squash|break|crack|squish)(?:ing)?(?: it| them| @\d+)?(?: so much| so hard| too hard)?|(?:#V(?P<v>\d+) )?too (?:hard|tight|firm|strong|tightly)|less (?:force|pressure|hard|tight|tightly|firm|firmly)|half the force", lambda r, m: force(r, 0.6, m)),
    rule(r"not (?:grip |hold |grab )?(?:it |@\d+ )?(?:so|that|too) (?:soft|softly|loose|loosely|gentle|gently|weak)|(?:#V(?P<v>\d+) )?too (?:loose|soft|gentle|weak|loosely)|not (?:let (?:it|@\d+) )?(?:drop|slip|let go of|lose)(?: it| @\d+)?|twice the force", lambda r, m: force(r, 1.5, m)),
    rule(V + r"(?:more )?(?:gently|gentle|gentler|softer|softly|soft|looser|loosely|lightly|lighter|lighten(?: up)?(?: on)?|delicately|tenderly|loosen)(?: (?:it|your grip|the grip|your hold))?", lambda r, m: force(r, 0.6, m)),
    rule(V + r"(?:more )?(?:firmer|firmly|firm|tighter|tightly|harder|stronger|strongly|squeeze(?: it)? more|more (?:force|pressure)|tighten|squeeze|securely)(?: (?:it|your grip|the grip|your hold|harder))?", lambda r, m: force(r, 1.5, m)),
)  # fmt: skip
"""Of how hard."""
