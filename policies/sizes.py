"""Which size goes below: read out of a sentence before its clauses are, wherever it is said.

"Small over big", "the big ones at the bottom", "from big to small": patterns over the tags of its tokens.
"""

import re
from collections.abc import Sequence
from typing import Literal

from policies.lexicon import OutOfScope, Token

SizeOrder = Literal["", "big below", "small below"]

ONE = (
    r"(?:quant:all )?(?:of: )?(?:match:same )?(?P<{0}g>group:\w+ )?(?:quant:all )?size:(?P<{0}>big|small)(?: block:)?"
    r"(?: (?P<{0}h>group:\w+))?(?: block:)?(?: match:same)?"
)
A, B = ONE.format("a"), ONE.format("b")
STAYS = r"(?! (?:to|on|in): (?:match|colour|zone|quant))"
LINK = r"(?: (?:put:|stack:|sep:|to:|take:|pronoun:))*"
CUES: tuple[tuple[str, str], ...] = (
    ("a over b", rf"{A}{LINK} (?:on:|above:(?:over)?)(?: (?:of|to|in|quant):\w*)* {B}"),
    ("a over b", rf"{A}{LINK} level:top of: {B}(?! level:bottom)"),
    ("a under b", rf"{A}{LINK} (?:level:top|level:next)(?: sep:)? {B}(?! level:bottom)"),
    ("a under b", rf"{A} of: {B} (?:level:top|level:next)"),
    ("a under b", rf"{A}{LINK} (?:under:|below:|side:bottom|before:)(?: (?:of|to|in):)* {B}"),
    ("a over b", rf"{A}{LINK} after:(?: (?:of|to|in):)* {B}"),
    ("a under b", rf"(?:from: )?{A} (?:to:|then:|sep: then:|stop: then:|then: to:) {B}"
     rf"(?: (?:level:top|level:next))?{STAYS}"),
    ("a under", rf"{A}{LINK} (?:in: |on: |to: |of: )?(?:level:bottom|first:|below:|under:)(?! size)(?: of:)?"),
    ("a under b", rf"on: {A}{LINK} {B}{STAYS}"),
    ("a over b", rf"{A}{LINK} (?:of|to): {B}(?: (?:match:same|sep:|put:|stack:|pronoun:))+ level:(?:top|next)"),
    ("a over", rf"{A}{LINK} (?:in: |on: |to: |of: )?(?:level:top|level:next|above:(?:over)?|on: pronoun:|last:)"
     r"(?! size)"),
    ("a under", rf"(?:first:|start:|level:bottom)(?: (?:of|to|in|sep):)* {A}{STAYS}"),
    ("a over", rf"(?:level:top|level:next)(?: (?:of|to|in|sep):)* {A}{STAYS}"),
)  # fmt: skip


def sized(found: Sequence[Token]) -> tuple[SizeOrder, tuple[Token, ...]]:
    """Which size goes below, if that is said, and the tokens without what said so.

    OutOfScope where it is said both ways round.
    """
    orders: set[str] = set()
    plain = [t for t in found if t.tag not in ("tower",)]
    down = any(t.tag == "downward" for t in plain)
    while (hit := cue(plain)) is not None:
        order, start, end, groups = hit
        orders.add(order)
        plain[start:end] = groups
    if not orders and any(t.tag == "order" for t in plain):
        orders.add("big below")
    if len(orders) > 1:
        raise OutOfScope("the sentence says both that big blocks go below small ones and the other way round")
    order = orders.pop() if orders else ""
    if down and order and not any(t.tag == "order" for t in plain):
        order = "small below" if order == "big below" else "big below"
    kept = tuple(plain) if order else tuple(found)
    return order, kept  # type: ignore[return-value] # one of the three


def cue(plain: Sequence[Token]) -> tuple[str, int, int, list[Token]] | None:
    """The first place that says which size goes below: what it says, where, and the groups named there."""
    text = " ".join(f"{t.tag.replace(' ', '_')}:{t.value.replace(' ', '_')}" for t in plain)
    for says, pattern in CUES:
        hit = re.search(rf"(?<!\S){pattern}(?=\s|$)", text)
        if hit is None or hit.groupdict().get("b") == hit["a"]:
            continue
        below = hit["a"] if "under" in says else {"big": "small", "small": "big"}[hit["a"]]
        start = text[: hit.start()].count(" ")
        end = start + hit[0].count(" ") + 1
        named = {t.value: t for t in plain[start:end] if t.tag == "group"}
        groups = [*named.values(), Token("block", plural=True, text="blocks")] if named else []
        groups += [t for t in plain[start:end] if t.tag == "match"]
        return f"{below} below", start, end, groups
    return None
