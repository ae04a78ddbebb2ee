"""What cannot be seen: looking under what covers it, and knowing what came to light by where it did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from embodied.goals import Goal, Inside
from embodied.plans import GAP, Move, aside
from embodied.scenery import EDGE, RISE, Item, View
from policies.lexicon import OutOfScope, Token
from policies.referring import listed, names

REACH, WIDE = 0.035, 0.085
"""How far from where a cover stood what it covered may lie: under one block, in a pyramid [m]."""


@dataclass(frozen=True)
class Search:
    """Blocks to be found under others, and where they go.

    `spots` are where the covers stood when it was said, `covers` those that are to be put aside first; "": whatever
    stands there on something else. `lowest`: only what lies on the table itself is meant. `at_first` are the names
    that were seen then: nothing that was in sight elsewhere can be what comes to light.
    """

    spots: tuple[tuple[float, float], ...]
    covers: tuple[str, ...]
    at_first: frozenset[str]
    kind: str
    match: str
    place: str = ""
    lowest: bool = False
    wide: bool = False
    seen_below: tuple[str, ...] = ()

    def at(self, view: View, spot: tuple[float, float]) -> tuple[Item, ...]:
        """The blocks at a spot, the topmost first."""
        reach = WIDE if self.wide else REACH
        there = (b for b in view.blocks if b.name != view.held and b.away(spot) < reach)
        return tuple(sorted(there, key=lambda b: -b.top))

    def fresh(self, view: View) -> tuple[str, ...]:
        """What came to light: not in sight at first, and at a spot now."""
        found = (b for spot in self.spots for b in self.at(view, spot))
        return tuple(dict.fromkeys(b.name for b in found if b.name not in self.at_first))

    def covering(self, view: View) -> tuple[Item, ...]:
        """What is to be put aside now, the topmost block of each spot."""
        found = []
        for spot, cover in zip(self.spots, self.covers, strict=True):
            there = self.at(view, spot)
            if cover:
                on_it = names(view.over(view[cover])) if cover in names(there) else ()
                there = tuple(b for b in there if b.name == cover or b.name in on_it)
            else:
                there = tuple(b for b in there if raised(b))
            found += there[:1]
        return tuple(dict.fromkeys(found))

    def moves(self, view: View) -> tuple[Move, ...]:
        """Pick-and-places that put the covers of now aside."""
        found, taken = [], self.kept_free()
        for cover in self.covering(view):
            move = aside(replace(view, items=(*view.items, *taken)), cover, Goal(()))
            found.append(move)
            view = move.done(view)
        return tuple(found)

    def kept_free(self) -> tuple[Item, ...]:
        """Stand-ins for what is not seen yet, so that nothing is put down where it may lie."""
        steps = ((0.0, 0.0), (0.0, GAP), (0.0, -GAP), (GAP, 0.0), (-GAP, 0.0)) if self.wide else ((0.0, 0.0),)
        return tuple(
            Item(f"hidden {i} {j}", "block", "", (x + dx, y + dy, EDGE["big"] / 2), "big")
            for i, (x, y) in enumerate(self.spots)
            for j, (dx, dy) in enumerate(steps)
        )

    def goal(self, view: View, found: Sequence[str]) -> Goal:
        """What is wanted of what came to light, as far as it has such a place; OutOfScope where nothing has."""
        allowed = []
        for name in found:
            block = view[name]
            places = names(i for i in view.items if i.kind == self.kind and self.fits(i, block))
            if places:
                allowed.append((name, places))
        if not allowed:
            raise OutOfScope(
                f"{', '.join(found) or 'nothing'} came to light, and has no such {self.kind}; there are {listed(view)}"
            )
        return Goal((Inside(tuple(allowed)),))

    def fits(self, place: Item, block: Item) -> bool:
        """Whether a place is one for that block."""
        if self.place:
            return place.name == self.place
        return (place.colour == block.colour) == (self.match == "same")


def raised(block: Item) -> bool:
    """It stands on something."""
    return block.position[2] - block.edge / 2 > RISE


def search(found: Sequence[Token], view: View) -> Search:
    """What a sentence wants looked for; OutOfScope where it is not clear under what, or where it is to go."""
    has = {(t.tag, t.value) for t in found}
    tags = {t.tag for t in found}
    if not tags & {"bowl", "zone"}:
        raise OutOfScope("it is not said where the hidden blocks are to go")
    kind = "bowl" if "bowl" in tags else "zone"
    covers, place = named(found, view, kind)
    match = next((t.value for t in found if t.tag == "match"), "")
    if not (match or place):
        raise OutOfScope(f"which {kind} is meant is not said; there are {listed(view)}")
    wide = "pyramid" in tags
    lowest = wide or ("level", "bottom") in has or ("layers", "3") in has
    exact = bool(covers) and not lowest
    covers = covers or standing(view, wide)
    spots = tuple(c.position[:2] for c in covers)
    reach = WIDE if wide else REACH
    if exact:
        below = tuple(filter(None, (first_under(view, c) for c in covers)))
    else:
        seen = (b for b in view.blocks if view.over(b) and (not lowest or not raised(b)))
        below = tuple(b.name for b in seen if any(b.away(spot) < reach for spot in spots))
    by_name = tuple(c.name if exact else "" for c in covers)
    return Search(spots, by_name, frozenset(view.by_name), kind, match, place, lowest, wide, below)


def first_under(view: View, cover: Item) -> str:
    """The block that is seen right under another ("": none)."""
    lower = [b for b in view.blocks if view.rests_on(cover, b)]
    return lower[0].name if lower else ""


def named(found: Sequence[Token], view: View, kind: str) -> tuple[tuple[Item, ...], str]:
    """The covers that the sentence names, and the place if it names one ("": the block's colour decides)."""
    kept, colours = [], []
    for token in found:
        if token.tag == kind and kept and kept[-1].tag == "colour":
            colours.append(kept.pop().value)
        else:
            kept.append(token)
    covers = []
    for i, token in enumerate(kept):
        if token.tag != "colour":
            continue
        sizes = {t.value for t in (*kept[max(0, i - 1) : i], *kept[i + 1 : i + 2]) if t.tag == "size"}
        there = [b for b in view.blocks if b.colour == token.value and (not sizes or b.size in sizes)]
        there = [b for b in there if raised(b)] or there
        if len(there) != 1:
            said = f"the {token.value} block"
            raise OutOfScope(f"{said} is {'not here' if not there else 'not one thing'}; there are {listed(view)}")
        covers.append(there[0])
    places = [i for i in view.items if i.kind == kind and i.colour in colours]
    if len(places) > 1 or (colours and not places):
        raise OutOfScope(f"the {' '.join(colours)} {kind} is not one thing here; there are {listed(view)}")
    return tuple(dict.fromkeys(covers)), places[0].name if places else ""


def standing(view: View, wide: bool) -> tuple[Item, ...]:
    """All blocks that stand on something and have nothing on them; of a pyramid only the highest."""
    inside = [i for i in view.items if i.kind == "bowl"]
    tops = [b for b in view.blocks if raised(b) and not view.over(b)]
    tops = [b for b in tops if not any(view.inside(b, bowl.name) for bowl in inside)]
    if not tops:
        raise OutOfScope(f"no block here stands on another, so that none is hidden; there are {listed(view)}")
    return (max(tops, key=lambda b: b.top),) if wide else tuple(tops)
