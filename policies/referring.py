"""Which things of a view a noun means, at the moment that it is said."""

from collections.abc import Iterable, Sequence

from embodied.scenery import AREAS, SIDES, Item, View
from policies.lexicon import GROUPS, OutOfScope
from policies.parsing import Noun, Phrase

ASIDE = 0.05
"""A block is to a side of another if its middle is so much further there [m]."""


def things(view: View, noun: Noun, kind: str, where: Sequence[Phrase] = ()) -> tuple[Item, ...]:
    """What a noun means, all of it; OutOfScope where there is nothing such, or not as many as are named."""
    kind = noun.kind or kind
    wanted = {*noun.colours, *(colour for group in noun.groups for colour in GROUPS[group])}
    found = [item for item in view.items if item.kind == kind]
    if wanted:
        found = [item for item in found if item.colour in wanted]
        if missing := [c for c in noun.colours if all(item.colour != c for item in found)]:
            raise OutOfScope(f"there is no {missing[0]} {kind} here; there are {listed(view)}")
    if len(set(noun.sizes)) == 1 and kind == "block":
        found = [item for item in found if item.size == noun.sizes[0]]
    for phrase in where:
        found = [item for item in found if meets(view, item, phrase)]
    if not found:
        raise OutOfScope(f"nothing here is called {noun.words or kind!r}{told(where)}; there are {listed(view)}")
    if noun.count > 1 and noun.count != len(found) and not (len(wanted) == noun.count and noun.colours):
        raise OutOfScope(f"{noun.words!r} are {len(found)} here, and {noun.count} are named")
    return tuple(found)


def blocks(view: View, nouns: Sequence[Noun], where: Sequence[Phrase] = ()) -> tuple[Item, ...]:
    """The blocks that several nouns mean together, in the order said; OutOfScope where one block of many is meant."""
    found: dict[str, Item] = {}
    for noun in nouns:
        if noun.kind not in ("", "block"):
            raise OutOfScope(f"only blocks can be moved, and {noun.words!r} is none")
        if noun.match == "other":
            raise OutOfScope(f"which blocks are meant by {noun.words!r} is not clear")
        named = things(view, noun, "block", where)
        if len(named) > 1 and not (noun.many or noun.match or noun.kind == ""):
            raise OutOfScope(f"{noun.words or 'block'!r} may be any of {', '.join(item.name for item in named)}")
        by_colour = sorted(named, key=lambda b: noun.colours.index(b.colour)) if noun.colours else named
        found |= {item.name: item for item in by_colour}
    return tuple(found.values())


def only(view: View, noun: Noun, kind: str, where: Sequence[Phrase] = ()) -> Item:
    """The one thing that a noun means; OutOfScope where there are more."""
    first, *more = things(view, noun, kind, where)
    if more:
        raise OutOfScope(f"{noun.words or kind!r} may be any of {', '.join(item.name for item in (first, *more))}")
    return first


def meets(view: View, item: Item, phrase: Phrase) -> bool:
    """Whether a thing is where a phrase says: in an area, to a side of another thing, in or on it."""
    if phrase.area:
        return AREAS[phrase.area].has(*item.position[:2])
    if phrase.noun is None:
        return True
    other = only(view, phrase.noun, "block")
    if phrase.preposition.startswith("side") or phrase.preposition in ("below", "above", "under"):
        return item.name != other.name and to_side(item, other, side(phrase))
    return item.name != other.name and view.inside(item, other.name)


def side(phrase: Phrase) -> str:
    """The side that a phrase names, as in the picture from above."""
    named = {"below": "bottom", "under": "bottom", "above": "top"}
    return named.get(phrase.preposition) or phrase.preposition.removeprefix("side ")


def to_side(item: Item, other: Item, towards: str) -> bool:
    """Whether a thing is more than 5 cm to that side of another."""
    along, across = SIDES[towards]
    dx, dy = item.position[0] - other.position[0], item.position[1] - other.position[1]
    return dx * along + dy * across > ASIDE


def told(where: Sequence[Phrase]) -> str:
    """Phrases in words."""
    words = (p.area or (p.noun.words if p.noun else "") for p in where)
    return "".join(f", {p.preposition} the {w}" for p, w in zip(where, words, strict=True))


def listed(view: View) -> str:
    """All names of a view."""
    return ", ".join(view.by_name) or "no things"


def names(items: Iterable[Item]) -> tuple[str, ...]:
    """Their names."""
    return tuple(item.name for item in items)
