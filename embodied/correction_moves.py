# ruff: noqa: E501 # a pattern reads best on one line
"""The grammar's rules for where to: directions, more and less of the last motion, and what the way keeps off."""

import re

from embodied.correction_amounts import Amount
from embodied.correction_reading import Reading
from embodied.correction_references import Spoken, Which, bare, candidates, listed
from embodied.correction_rules import Rule, opening, pulled, rule, too_far, wider
from embodied.correction_words import Unclear


def moves(r: Reading, m: re.Match[str]) -> None:
    """An offset along a direction."""
    name, way = r.way(m["way"])
    amount = r.amount(m["a"] or m["b"])
    if name == "back" and amount.measure == "vague" and (m["a"] or m["b"]) and r.again(-0.5):
        return
    if amount.measure == "bare":
        number = f"{amount.value:g}"
        raise Unclear(f"{number} what, cm or mm?", tuple(with_unit(r.text, number, unit) for unit in ("cm", "mm")))
    if m.re.groupindex.get("also") and m["also"]:
        r.move(r.way(m["also"])[1], amount)
    if amount.measure == "angle":
        raise Unclear("An angle is no distance. Shall I turn or move?", ("a bit to the left", "a bit to the right"))
    r.move(way, amount)


def with_unit(text: str, number: str, unit: str) -> str:
    """The words with a unit behind their first bare number."""
    return re.sub(rf"(?<![\d.]){re.escape(number)}(?:\.0+)?(?![\d.])", f"{number} {unit}", text, count=1)


def less_that_way(r: Reading, m: re.Match[str]) -> None:
    """Too far in a direction: half of that taken back."""
    _, way = r.way(m["way"])
    last = r.last.manner.offset if r.last else None
    if last is not None:
        base = r.frame().to_base(*last)
        along = sum(a * b for a, b in zip(base, way, strict=True))
        if along > 1e-6:
            r.shift = [old - along / 2 * w for old, w in zip(r.shift, way, strict=True)]
            r.moved, r.history = True, "last"
            return
    r.move(way, r.amount(m["a"] if "a" in m.re.groupindex else None), -1.0)
    r.history = "last"


def not_that_way(r: Reading, m: re.Match[str]) -> None:
    r.avoided.append(r.ways[int(m["way"])][0])


def more(r: Reading, m: re.Match[str]) -> None:
    """The same again."""
    groups = m.re.groupindex
    token = next((m[g] for g in ("a", "b") if g in groups and m[g]), None)
    amount: Amount | None = r.amount(token) if token else None
    if opening(r) and (r.last is None or r.last.manner.distance is not None):
        return wider(r, m)
    if r.again(1.0, amount):
        return None
    if r.last is not None and r.last.text and not re.fullmatch(r"(?:a bit )?(?:more|again|further)", r.last.text):
        raise Repeat(r.last.text)
    raise Unclear("More of what?", ("a bit to the left", "a bit higher", "a bit faster"))


class Repeat(Exception):
    """The last words are to be read again, in this moment."""


def times(r: Reading, factor: float) -> None:
    if r.again(factor):
        return
    if r.now.distance is not None:
        r.put("distance", r.now.distance * (1 + factor))
        return
    raise Unclear("Of what? I have no motion to compare with.", ("a bit to the left", "a bit higher"))


WAY = r"%(?P<way>\d+)"
MOVE_RULES: tuple[Rule, ...] = (
    rule(rf"from {WAY}", lambda r, m: none_from(r)),
    rule(rf"(?:#[LV](?P<a>\d+) )?too (?:far |much )?(?:to )?(?:the )?{WAY}", less_that_way),
    rule(rf"(?:not (?:go |move )?(?:so|that|too) (?:far|much)|less(?: far)?|not (?:so|that|too)) (?:to )?{WAY}", less_that_way),
    rule(rf"not (?:go )?far enough (?:to )?{WAY}(?P<a>$^)?(?P<b>$^)?", moves),
    rule(rf"not (?:go |move |come |to |any |further |shift ){{0,3}}(?:it )?(?:#[LV]\d+ )?{WAY}(?: #[LV]\d+)?", not_that_way),
    rule(rf"#[LV](?P<a>\d+) (?:(?:more|further|to) )*{WAY},? and (?:to )?%(?P<also>\d+)(?! (?:by )?#)(?P<b>$^)?", moves),
    rule(r"(?:(?:to|off to|more to) (?:the|one) side|sideways|sidewards|laterally)", lambda r, m: aside(r)),
    rule(rf"(?:#[A-Z](?P<a>\d+) )?(?:(?:more|further|to|again|over|on|off|out|of it|closer) )*{WAY}(?: (?:by|about|around|for|just|only|more|again|further|maybe|another))*(?: #[A-Z](?P<b>\d+))?", moves),
    rule(r"half as (?:far|much)|half (?:that|the distance|of that|the way)|(?:go )?back half(?: the way| of it)?|only half", lambda r, m: times(r, -0.5)),
    rule(r"twice as (?:far|much)|twice (?:that|the distance)|double (?:that|it|the distance)|as (?:far|much) again", lambda r, m: times(r, 1.0)),
    rule(r"the (?:other|opposite) (?:way|direction)|in the (?:other|opposite) direction|wrong (?:way|direction)", lambda r, m: times(r, -2.0)),
    rule(r"too far|too (?:much|#V\d+)|#V\d+ too far|not so (?:far|much)|not (?:go )?(?:so|that|too) far|not (?:so|that|too) (?:much|#V\d+)|less|back off", too_far),
    rule(r"(?:another|an extra) #L(?P<a>\d+)(?: more)?|#L(?P<b>\d+) (?:more|further)", more),
    rule(r"(?:#V(?P<a>\d+) )?(?:some )?(?:more|further|again)(?: again| of (?:that|the same))?(?: #V(?P<b>\d+))?|(?:do )?(?:the )?same again|not (?:far )?enough|another #V(?:\d+)|keep going further", more),
    rule(r"(?:only |just )?(?:to |by )?#L(?P<a>\d+)", lambda r, m: pulled(r, r.amount(m["a"]).value) if opening(r) else whither(r)),
)  # fmt: skip
"""Of where to, and of repeating."""


def aside(r: Reading) -> None:
    raise Unclear("To which side?", ("to the left", "to the right"))


def none_from(r: Reading) -> None:
    raise Unclear("I can come from above or from the side. Which?", ("from above", "from the side"))


def whither(r: Reading) -> None:
    raise Unclear("In which direction?", ("to the left", "to the right", "up"))


def kept_off(r: Reading, m: re.Match[str]) -> None:
    """The way keeps off a thing."""
    index = m["t"] if "t" in m.re.groupindex else None
    spoken = r.things[int(index)] if index else (Spoken("you", "person"),)
    names: list[str] = []
    for each in spoken:
        fits = candidates(each, r.moment, near=r.current())
        if not fits:
            raise Unclear(f"I see no {bare(each.words)} to keep off; there is {listed(r.moment.around)}.")
        if len(fits) > 1 and not (each.plural or each.generic or each.kind == "person"):
            raise Which(each.words, tuple(f"the {thing.name}" for thing in fits))
        names += [thing.name for thing in fits]
    r.put("clear_of", tuple(dict.fromkeys((*r.said.get("clear_of", ()), *names))))


def no_distance(r: Reading, m: re.Match[str]) -> None:
    """How far the way keeps off is the body's."""
    name = r.things[int(m["t"])][0].words if m["t"] else "me"
    raise Unclear(f"I can keep off {name}, but not by a given distance. Shall I?", (f"keep off {name}", "carry on"))


WHO = r"(?:@(?P<t>\d+)|me|us)"
OFF_RULES: tuple[Rule, ...] = (
    rule(rf"(?:stay|keep|remain)(?: it| @\d+)?(?: at least)? #[LV]\d+ (?:away from|clear of|off|away|from) {WHO}", no_distance),
    rule(rf"(?:stay|keep|steer|remain)(?: it| @\d+)?(?: well| far)? (?:away from|clear of|off|away|out of the way of|away of) {WHO}", kept_off),
    rule(rf"not (?:to )?(?:(?:go|move|pass|carry|swing|reach|fly|travel|bring|come|get|hold|cross|lift|going|moving|passing|carrying|swinging|reaching|flying|it|anything|again|@\d+|ever|so|too|right|directly|straight) )*(?:over|above|across|near|close to|past|by|through|along|against|into) {WHO}", kept_off),
    rule(rf"not (?:hit|bump into|bump|touch|knock over|knock|pass over|collide with|brush)(?:ing)? {WHO}(?= on the way| while| when| with)", kept_off),
    rule(rf"not (?:hit|bump into|bump|knock over|knock|collide with|brush|crash into)(?:ing)? {WHO}", kept_off),
    rule(rf"(?:(?:go|move|carry|pass|swing|drive|travel|detour)(?: it| @\d+)? )?(?:a?round|clear of) {WHO}", kept_off),
    rule(rf"(?:avoid|mind|watch out for|beware of|look out for|circumvent|bypass) {WHO}", kept_off),
)  # fmt: skip
"""Of what the way keeps off."""
