"""Wishes for places: blocks into bowls, zones and areas, or beside one another."""

from collections.abc import Sequence

from embodied.goals import Beside, Goal, Inside, SomeWant
from embodied.scenery import AREAS, Item, View
from policies.lexicon import OutOfScope, Token
from policies.parsing import Clause, Noun, Phrase
from policies.referring import blocks, listed, names, only, side, things

INTO = ("to", "in", "on")


def split(clause: Clause, stacking: bool = False) -> tuple[Phrase | None, tuple[Phrase, ...]]:
    """Where to, and where from or which: a thing comes before an area, and that before a side."""
    phrases = [p for p in clause.phrases if p.preposition != "of" or p.area]
    chosen = (
        [p for p in phrases if p.noun is not None and p.preposition in INTO and p.noun.kind in ("bowl", "zone")]
        or [p for p in phrases if p.noun is not None and p.preposition in INTO]
        or ([p for p in phrases if p.area and p.preposition == "to"])
        or ([p for p in phrases if p.area and p.preposition in ("in", "on")][-1:])
        or ([p for p in phrases if p.preposition.startswith("side") or p.preposition in ("above", "below")])
    )
    if stacking and chosen and chosen[-1].preposition.startswith(("side", "above", "below")):
        chosen = []
    if not chosen:
        return None, tuple(phrases)
    to = chosen[-1] if chosen[-1].area or len(chosen) == 1 else chosen[0]
    return to, tuple(p for p in phrases if p is not to and not again(p, to))


def again(phrase: Phrase, to: Phrase) -> bool:
    """A place that is said twice: "move it over the blue block, and put it down on the blue block"."""
    one, other = phrase.noun, to.noun
    return (
        one is not None
        and other is not None
        and (one.kind, one.colours, one.sizes)
        == (
            other.kind,
            other.colours,
            other.sizes,
        )
    )


def meant(view: View, clause: Clause, where: Sequence[Phrase], before: Sequence[str]) -> tuple[Item, ...]:
    """The blocks that a clause moves. "It" is what the clause before moved, "the rest" what none has yet."""
    if not clause.objects:
        raise OutOfScope("it is not said which blocks are meant")
    if any(noun.pronoun for noun in clause.objects):
        if not before:
            raise OutOfScope("what 'it' or 'them' stands for is not clear")
        return tuple(view[name] for name in before)
    if any(noun.rest for noun in clause.objects):
        found = [b for b in blocks(view, [Noun("block", quant=True)], where) if b.name not in before]
        if not found or not before:
            raise OutOfScope("which blocks are the others is not clear")
        return tuple(found)
    return blocks(view, clause.objects, where)


def placements(found: Sequence[Token], clauses: Sequence[Clause], view: View) -> Goal:
    """Each clause's blocks to its place."""
    allowed: dict[str, tuple[str, ...]] = {}
    wants: list[SomeWant] = []
    outside: list[tuple[str, str]] = []
    sorting = any(t.tag == "sort" for t in found)
    matches = [t.value for t in found if t.tag == "match"]
    for clause in clauses:
        to, where = split(clause)
        if to is None:
            raise OutOfScope("it is not said where the blocks are to go")
        chosen = meant(view, clause, where, tuple(allowed))
        if to.preposition.startswith("side") or to.preposition in ("above", "below"):
            wants.append(beside(view, chosen, to))
            continue
        match = to.noun.match if to.noun else ""
        if to.noun is not None and not match and not to.noun.colours:
            match = (matches or (["same"] if sorting else [""]))[-1]
        given = [b for b in clause.objects if b.colours]
        places = {b.name: destinations(view, b, to, match) for b in chosen}
        if lost := [name for name, there in places.items() if not there and given]:
            raise OutOfScope(f"there is no such place for the {lost[0]}; there are {listed(view)}")
        if not any(places.values()):
            raise OutOfScope(f"no block that is meant has such a place; there are {listed(view)}")
        for name, there in places.items():
            if there and allowed.get(name, there) != there:
                raise OutOfScope(f"the {name} is sent to the {allowed[name][0]} and to the {there[0]}")
        allowed |= {name: there for name, there in places.items() if there}
        outside += others(view, clause, to, where, chosen)
    wants = ([Inside(tuple(allowed.items()))] if allowed else []) + wants
    return Goal(tuple(wants), tuple(outside))


def destinations(view: View, block: Item, to: Phrase, match: str) -> tuple[str, ...]:
    """The places that a block may go to."""
    if to.area:
        return (to.area,)
    noun = to.noun or Noun()
    if not noun.kind and len({i.kind for i in view.items if i.colour in noun.colours}) > 1:
        raise OutOfScope(f"whether {noun.words!r} is a block, a bowl or a zone is not said; there are {listed(view)}")
    kind = noun.kind or next((k for k in ("bowl", "zone") if any(i.kind == k for i in view.items)), "bowl")
    if kind == "block":
        raise OutOfScope(f"what it means to put a block to {noun.words!r} is not clear")
    if match and not noun.colours:
        there = [item for item in view.items if item.kind == kind]
        return names(item for item in there if (item.colour == block.colour) == (match == "same"))
    found = things(view, noun, kind)
    if noun.bare and len(found) > 1:
        raise OutOfScope(f"{noun.words or kind!r} may be any of {', '.join(names(found))}")
    return names(found)


def beside(view: View, chosen: Sequence[Item], to: Phrase) -> Beside:
    """One block beside another."""
    if len(chosen) != 1:
        raise OutOfScope(f"only one block goes beside another, and {', '.join(names(chosen))} are meant")
    if to.noun is None:
        raise OutOfScope("it is not said beside what")
    other = only(view, to.noun, "block")
    if other.name == chosen[0].name:
        raise OutOfScope(f"the {other.name} cannot lie beside itself")
    return Beside(chosen[0].name, other.name, side(to))


def others(
    view: View, clause: Clause, to: Phrase, where: Sequence[Phrase], chosen: Sequence[Item]
) -> list[tuple[str, str]]:
    """Of an area from which only some blocks are moved, the others must not go to where those go."""
    areas = [p.area for p in where if p.area]
    if not (to.area and areas):
        return []
    if not any(noun.groups or noun.sizes or noun.only for noun in clause.objects):
        return []
    there = [b for b in view.blocks if AREAS[areas[0]].has(*b.position[:2])]
    return [(b.name, to.area) for b in there if b.name not in names(chosen)]
