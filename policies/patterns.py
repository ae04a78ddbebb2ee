"""Wishes for a pattern: colours by turns, colours that come in even numbers, small on big, pyramids."""

from collections import Counter
from collections.abc import Sequence

from embodied.goals import Goal, Inside, Pyramid, Tower
from embodied.scenery import Item, View
from policies.lexicon import OutOfScope, Token
from policies.referring import listed, names
from policies.sizes import SizeOrder


def without_places(found: Sequence[Token], kind: str) -> tuple[list[Token], tuple[str, ...]]:
    """Tokens without the nouns of a kind of place, and the colours those had."""
    kept: list[Token] = []
    colours: list[str] = []
    for token in found:
        if token.tag == kind:
            if kept and kept[-1].tag == "colour":
                colours.append(kept.pop().value)
                continue
            colours.append("")
        else:
            kept.append(token)
    return kept, tuple(colours)


def zone_named(found: Sequence[Token], view: View) -> tuple[list[Token], str]:
    """Tokens without the one zone that is named, and its name; OutOfScope where it is not one."""
    kept, colours = without_places(found, "zone")
    zones = [item for item in view.items if item.kind == "zone"]
    named = {c for c in colours if c}
    if named:
        zones = [zone for zone in zones if zone.colour in named]
    if not colours:
        return kept, ""
    if len(zones) != 1:
        said = " and ".join(sorted(named)) or "a"
        raise OutOfScope(f"{said} zone: that is not one thing here; there are {listed(view)}")
    return kept, zones[0].name


def even(found: Sequence[Token], view: View) -> Goal:
    """Blocks of colours that occur an even number of times into the zone of their colour, the others not."""
    if any(t.tag == "colour" for t in found) or not any(t.tag == "zone" for t in found):
        raise OutOfScope("blocks that come in even numbers can only be asked into the zones of their colours")
    kinds = {t.value for t in found if t.tag == "even"}
    wanted = 1 if kinds == {"odd"} else 0
    count = Counter(block.colour for block in view.blocks)
    zones = {item.colour: item.name for item in view.items if item.kind == "zone"}
    there = [b for b in view.blocks if b.colour in zones]
    meant = [b for b in there if count[b.colour] % 2 == wanted]
    if not meant:
        raise OutOfScope(f"no colour with a zone has such a number of blocks; there are {listed(view)}")
    others = tuple((b.name, zones[b.colour]) for b in there if b not in meant)
    return Goal((Inside(tuple((b.name, (zones[b.colour],)) for b in meant)),), others)


def alternating(found: Sequence[Token], view: View) -> Goal:
    """One tower in which two colours take turns, as high as it gets, beginning with the colour said to come first."""
    found, zone = zone_named(found, view)
    first = beginning(found)
    named = list(dict.fromkeys(t.value for t in found if t.tag == "colour"))
    present = list(dict.fromkeys(b.colour for b in view.blocks))
    if len(named) < 2 and len(present) == 2:
        named += [c for c in present if c not in named]
    if len(named) != 2:
        raise OutOfScope(f"two colours can take turns, and {' and '.join(named) or 'none'} are named")
    of = {colour: names(b for b in view.blocks if b.colour == colour) for colour in named}
    if missing := [colour for colour in named if not of[colour]]:
        raise OutOfScope(f"there is no {missing[0]} block here; there are {listed(view)}")
    if first not in named:
        first = named[0] if len(of[named[0]]) >= len(of[named[1]]) else named[1]
    second = next(colour for colour in named if colour != first)
    height = min(2 * len(of[first]), 2 * len(of[second]) + 1)
    return Goal((Tower(tuple(of[second if i % 2 else first] for i in range(height)), zone),))


def by_turns(found: Sequence[Token]) -> bool:
    """Colours are said in turns: red, blue, red."""
    named = [t.value for t in without_places(found, "zone")[0] if t.tag == "colour"]
    turns = all(named[i] == named[i % 2] for i in range(len(named)))
    stacked = any(t.tag in ("stack", "tower") for t in found) and not any(t.tag in ("then", "bowl") for t in found)
    return len(named) > 2 and turns and named[0] != named[1] and stacked


def beginning(found: Sequence[Token]) -> str:
    """The colour that was said to come first or lowest ("": none)."""
    for i, token in enumerate(found):
        if token.tag == "start" or (token.tag in ("first", "level") and token.value in ("", "bottom")):
            after = [t for t in found[i + 1 : i + 4] if t.tag not in ("block", "quant", "count", "of", "on", "first")]
            before = [t for t in found[max(0, i - 2) : i] if t.tag not in ("block", "quant", "of", "on", "count")]
            if token.tag == "start" or not (before and before[-1].tag == "colour"):
                before = []
            for near in (before[-1:], after[:1]):
                if near and near[0].tag == "colour":
                    return near[0].value
            if token.tag == "start" and i and found[i - 1].tag == "colour":
                return found[i - 1].value
            if token.tag == "start" and i > 1 and found[i - 1].tag == "block" and found[i - 2].tag == "colour":
                return found[i - 2].value
    return ""


def pairs(view: View, order: SizeOrder, zoned: bool) -> Goal:
    """Of each colour the small block on the big one (or the other way round), in the zone of that colour if asked."""
    lower, upper = ("big", "small") if order == "big below" else ("small", "big")
    zones = {item.colour: item.name for item in view.items if item.kind == "zone"}
    wants = []
    for colour in dict.fromkeys(b.colour for b in view.blocks):
        below = [b for b in view.blocks if (b.colour, b.size) == (colour, lower)]
        above = [b for b in view.blocks if (b.colour, b.size) == (colour, upper)]
        if zoned and colour not in zones:
            continue
        base = zones[colour] if zoned else ""
        wants += [Tower(((a.name,), (b.name,)), base) for a, b in zip(below, above, strict=False)]
    if not wants:
        raise OutOfScope(f"there is no {lower} and {upper} block of one colour here; there are {listed(view)}")
    return Goal(tuple(wants))


def pyramid(found: Sequence[Token], view: View) -> Goal:
    """Rows of blocks on a zone, each shorter by one; the rows as named, or in the order of naming."""
    found, zone = zone_named(found, view)
    if not zone:
        raise OutOfScope(f"a pyramid stands on a zone, and none is named; there are {listed(view)}")
    runs = [run for run in colour_runs(found) if run]
    left = list(view.blocks)
    if not runs:
        return Goal((Pyramid(rows_of(names(left)), zone),))
    lengths = [len(run) for run in runs]
    if lengths == list(range(1, len(runs) + 1)):
        runs = runs[::-1]
    elif lengths != list(range(len(runs), 0, -1)):
        if any(t.tag == "level" for t in found):
            raise OutOfScope(f"rows of {', '.join(map(str, lengths))} blocks are no pyramid")
        runs = [[colour for run in runs for colour in run]]
    rows = tuple(tuple(take(left, colour, view) for colour in run) for run in runs)
    flat = [name for row in rows for name in row]
    return Goal((Pyramid(rows if len(rows) > 1 else rows_of(flat), zone),))


def colour_runs(found: Sequence[Token]) -> list[list[str]]:
    """Colours as they were said together."""
    runs: list[list[str]] = [[]]
    for token in found:
        if token.tag == "colour":
            runs[-1].append(token.value)
        elif token.tag not in ("block", "quant", "count", "only") and not (token.tag == "sep" and runs[-1]):
            runs.append([])
    return runs


def take(left: list[Item], colour: str, view: View) -> str:
    """The name of a block of a colour that is not taken yet."""
    for block in left:
        if block.colour == colour:
            left.remove(block)
            return block.name
    raise OutOfScope(f"there is no {colour} block here, or not so many; there are {listed(view)}")


def rows_of(blocks: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Blocks in rows that shrink by one; OutOfScope where their number allows none."""
    width = next((n for n in range(1, 8) if n * (n + 1) // 2 == len(blocks)), 0)
    if width < 2:
        raise OutOfScope(f"{len(blocks)} blocks make no pyramid; 3, 6 or 10 would")
    rows, at = [], 0
    for length in range(width, 0, -1):
        rows.append(tuple(blocks[at : at + length]))
        at += length
    return tuple(rows)
