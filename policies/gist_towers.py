"""Frames about towers and pyramids."""

from collections.abc import Sequence

from embodied.goals import Goal, Inside, Pyramid, SomeWant, Tower
from embodied.scenery import Item, View
from policies.gist_places import chosen
from policies.gist_slots import Said, areas, order_of, resolved
from policies.lexicon import OutOfScope
from policies.patterns import pairs, take
from policies.referring import listed, names


def on_zone(said: Said, view: View) -> Goal:
    """The blocks that are meant, in a tower on the zone that is named; where they were chosen, the others are not."""
    zone = resolved(view, said.of("zone")[0])
    order = order_of(said)
    if said.has("neg") and not (order and len({s for _, s in said.sizes}) == 2):
        raise OutOfScope("what is not wanted of the tower is not clear")
    source = ""
    if said.has("area"):
        if len(said.values("area")) != 1 or areas(said)[0] == "":
            raise OutOfScope("which area the blocks are taken from is not clear")
        source = said.values("area")[0]
    found, picked = chosen(said, view, source, sized=not order)
    outside = tuple((b.name, zone.name) for b in view.blocks if b not in found) if picked or said.has("only") else ()
    if not (said.has("stack", "pronouned") or order):
        return Goal((Inside(tuple((b.name, (zone.name,)) for b in found)),), outside)
    return Goal((Tower(floors(found, order), zone.name),), outside)


def floors(found: Sequence[Item], order: str) -> tuple[tuple[str, ...], ...]:
    """What may stand on each floor."""
    lower = "big" if order == "big below" else "small"
    low, high = names(b for b in found if b.size == lower), names(b for b in found if b.size != lower)
    if order and low and high:
        return (low,) * len(low) + (high,) * len(high)
    return (names(found),) * len(found)


def in_area(said: Said, view: View) -> Goal:
    """The blocks of an area on each other, there."""
    area = said.values("area")[0]
    order = order_of(said)
    found, _ = chosen(said, view, area, sized=not order)
    if len(found) == 1:
        raise OutOfScope(f"one block, the {names(found)[0]}, makes no tower")
    return Goal((Tower(floors(found, order), area),))


def by_colour(said: Said, view: View) -> Goal:
    """A tower for every colour that has a zone, on it."""
    wants: list[SomeWant] = []
    inside: list[tuple[str, tuple[str, ...]]] = []
    for zone in (i for i in view.items if i.kind == "zone"):
        there = names(b for b in view.blocks if b.colour == zone.colour)
        if there:
            wants.append(Tower((there,) * len(there), zone.name))
            inside += [(name, (zone.name,)) for name in there]
    if not wants:
        raise OutOfScope(f"no colour has both blocks and a zone here; there are {listed(view)}")
    if said.has("some"):
        raise OutOfScope("which of the blocks are meant is not clear")
    return Goal(tuple(wants) if said.has("stack", "pronouned") else (Inside(tuple(inside)),))


def two_sizes(said: Said, view: View) -> Goal:
    """The big blocks on one zone, the small ones on another."""
    events = [(at, "size", size) for at, size in said.sizes]
    events += [(m.start, "zone", m.colours[0]) for m in said.of("zone")]
    events.sort()
    while sum(kind == "size" for _, kind, _ in events) > 2:
        first = next(e for e in events if e[1] == "size")
        events.remove(first)
    shape = "".join(kind[0] for _, kind, _ in events)
    values = [value for *_, value in events]
    matched = {
        "szsz": ((0, 1), (2, 3)), "zszs": ((1, 0), (3, 2)), "szzs": ((0, 1), (3, 2)), "zssz": ((1, 0), (2, 3)),
        "sszz": ((0, 2), (1, 3)), "zzss": ((2, 0), (3, 1)),
    }.get(shape)  # fmt: skip
    if matched is None or len({values[size] for size, _ in matched}) != 2:
        raise OutOfScope("which size goes to which zone is not clear")
    wants: list[SomeWant] = []
    for size, colour in ((values[s], values[z]) for s, z in matched):
        zone = next(m for m in said.of("zone") if m.colours == (colour,))
        found = names(b for b in view.blocks if b.size == size)
        if not found:
            raise OutOfScope(f"there is no {size} block here; there are {listed(view)}")
        wants.append(Tower((found,) * len(found), resolved(view, zone).name))
    return Goal(tuple(wants))


def small_on_big(said: Said, view: View) -> Goal:
    """Of each colour the small block on the big one, in the zone of that colour if zones are spoken of."""
    order = order_of(said)
    if said.has("neg") and not order:
        raise OutOfScope("what is not wanted of the sizes is not clear")
    if not order and not said.has("stack", "on", "over", "rests", "carry", "high", "pronouned", "target"):
        raise OutOfScope("which size goes on which is not said")
    return pairs(view, order or "big below", said.has("zone"))


def by_turns(said: Said, view: View) -> Goal:
    """One tower in which two colours take turns, beginning with the one that is said to be first or lowest."""
    zone = resolved(view, said.of("zone")[0])
    used = {i for m in said.mentions if m.kind == "zone" for i in range(m.start, m.end)}
    spots = [i for i, c in enumerate(said.concepts) if c.tag == "colour" and i not in used]
    named = list(dict.fromkeys(said.concepts[i].value for i in spots))
    of = {colour: names(b for b in view.blocks if b.colour == colour) for colour in named}
    if missing := [colour for colour in named if not of[colour]]:
        raise OutOfScope(f"there is no {missing[0]} block here; there are {listed(view)}")
    first = lowest(said, spots) or named[0]
    second = next(colour for colour in named if colour != first)
    height = min(2 * len(of[first]), 2 * len(of[second]) + 1)
    return Goal((Tower(tuple(of[second if i % 2 else first] for i in range(height)), zone.name),))


def lowest(said: Said, spots: Sequence[int]) -> str:
    """The colour that is said to be lowest or first ("": none); OutOfScope where two are."""
    links = ("the", "block", "one", "on", "in", "all", "comma", "its", "coloured", "hue")
    found: set[str] = set()
    for i, concept in enumerate(said.concepts):
        if concept.tag != "low":
            continue
        after = next((j for j in range(i + 1, len(said.concepts)) if not passed(said, j, links)), -1)
        before = next((j for j in range(i - 1, -1, -1) if not passed(said, j, links)), -1)
        begins = concept.text.startswith(("start", "begin", "lead", "initial"))
        if after in spots and (begins or before not in spots):
            found.add(said.concepts[after].value)
        elif before in spots:
            found.add(said.concepts[before].value)
        elif after in spots:
            found.add(said.concepts[after].value)
    if len(found) > 1:
        raise OutOfScope(f"which of {' and '.join(sorted(found))} comes first is not clear")
    return next(iter(found), "")


LINKS = frozenset((
    "with", "by", "from", "being", "is", "at", "as", "comes", "come", "goes", "go", "placed", "forms", "forming",
    "a", "be", "should", "must", "will", "shall", "makes", "up", "off", "very", "put", "using", "laid", "has", "to",
    "always", "set", "out", "of", "block's", "serves", "serving", "sits", "lies", "going", "coming", "acting", "acts",
))  # fmt: skip


def passed(said: Said, at: int, links: Sequence[str]) -> bool:
    """Nothing between a colour and what is said of it."""
    concept = said.concepts[at]
    return concept.tag in links or all(word in LINKS for word in concept.text.split())


def pyramid(said: Said, view: View) -> Goal:
    """Rows of named blocks, each shorter by one, on the zone that is named."""
    zone = resolved(view, said.of("zone")[0])
    used = {i for m in said.mentions if m.kind == "zone" for i in range(m.start, m.end)}
    runs: list[list[str]] = [[]]
    for i, concept in enumerate(said.concepts):
        if concept.tag == "colour" and i not in used:
            runs[-1].append(concept.value)
        elif concept.tag not in ("block", "one", "the", "all", "and", "comma", "only", "coloured") or not runs[-1]:
            runs.append([])
    runs = sorted((run for run in runs if run), key=len, reverse=True)
    if [len(run) for run in runs] != list(range(len(runs), 0, -1)) or len(runs) < 2:
        raise OutOfScope(f"rows of {', '.join(str(len(run)) for run in runs) or 'no'} blocks are no pyramid")
    left = list(view.blocks)
    return Goal((Pyramid(tuple(tuple(take(left, colour, view) for colour in run) for run in runs), zone.name),))
