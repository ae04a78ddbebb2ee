"""Wishes for towers: which blocks, on what, in which order."""

from collections.abc import Sequence
from dataclasses import replace

from embodied.goals import Goal, Inside, SomeWant, Tower
from embodied.scenery import AREAS, Item, View
from policies.lexicon import OutOfScope, Token
from policies.parsing import Clause, Noun, Phrase
from policies.placements import meant, placements, split
from policies.referring import listed, names, only, things
from policies.sizes import SizeOrder

EVERYTHING = Noun("block", quant=True)


def climbs(clauses: Sequence[Clause], view: View) -> bool:
    """Some clause puts a block on another block."""
    return any(c.on_last for c in clauses) or any(is_block(view, split(clause)[0]) for clause in clauses)


def is_block(view: View, to: Phrase | None) -> bool:
    """A place that is a block."""
    if to is None or to.noun is None or to.preposition not in ("on", "to", "in"):
        return False
    if to.noun.pronoun:
        return True
    return to.noun.kind == "block" or (
        not to.noun.kind
        and bool(to.noun.colours)
        and not any(i.kind != "block" and i.colour in to.noun.colours for i in view.items)
    )


def towers(found: Sequence[Token], clauses: Sequence[Clause], order: SizeOrder, view: View) -> Goal:
    """What a sentence about stacking wants."""
    match = [t.value for t in found if t.tag == "match"]
    if "other" in match:
        raise OutOfScope("towers of blocks that differ are not understood")
    named = [c for c in clauses if any(n.colours for n in c.objects)]
    one_by_one = len(named) > 1 and len(named) == len(clauses)
    objects = any(n.colours for c in clauses for n in c.objects)
    coloured = any(p.noun and p.noun.colours for c in clauses for p in c.phrases)
    if match and not order and not coloured and not objects:
        return by_colour(found, clauses, view)
    if climbs(clauses, view) or (one_by_one and not order and step_by_step(clauses, view)):
        return chains(clauses, view)
    if match and not order and not coloured:
        return by_colour(found, clauses, view)
    return whole(found, clauses, order, view)


def step_by_step(clauses: Sequence[Clause], view: View) -> bool:
    """One block after another, each named: all but the first without a place, or all on the same zone."""
    single = not any(n.many for c in clauses for n in c.objects)
    places = {p.noun for c in clauses if (p := split(c, True)[0]) is not None}
    return single and len(places) <= 1


def chains(clauses: Sequence[Clause], view: View) -> Goal:
    """Block on block, clause by clause; the chains that come of it are towers."""
    below: dict[str, str] = {}
    base: dict[str, str] = {}
    last = ""
    landing = [c for c in clauses if split(c, True)[0] is not None]
    if landing == [clauses[-1]] and len(clauses) > 1 and not clauses[-1].on_last:
        clauses[0].phrases += [p for p in clauses[-1].phrases if p == split(clauses[-1], True)[0]]
        clauses[-1].phrases.clear()
    for clause in clauses:
        if clause.on_last and not clause.objects:
            continue
        to, where = split(clause, stacking=True)
        for block in meant(view, clause, where, (last,) if last else ()):
            last = laid(view, clause, to, block, last, below, base)
    if not below:
        return Goal((Inside(tuple((name, (place,)) for name, place in base.items())),))
    return Goal(tuple(gathered(below, base)))


def laid(
    view: View, clause: Clause, to: Phrase | None, block: Item, last: str, below: dict[str, str], base: dict[str, str]
) -> str:
    """Note what a block goes on; the name of the block, which is the last now."""
    if to is not None and is_block(view, to) and to.noun is not None and not to.noun.pronoun:
        under = only(view, replace(to.noun, plural=False), "block").name
    elif last and (to is None or clause.on_last or (to.noun is not None and (to.noun.pronoun or same(to, base, view)))):
        under = last
    elif to is not None and to.noun is not None and not to.noun.pronoun:
        base[block.name] = only(view, to.noun, "zone").name
        return block.name
    elif to is not None and to.area:
        base[block.name] = to.area
        return block.name
    elif not last:
        return block.name
    else:
        raise OutOfScope(f"it is not said what the {block.name} goes on")
    if under == block.name:
        raise OutOfScope(f"the {block.name} cannot stand on itself")
    if below.get(block.name, under) != under:
        raise OutOfScope(f"the {block.name} is sent onto the {below[block.name]} and onto the {under}")
    below[block.name] = under
    return block.name


def same(to: Phrase, base: dict[str, str], view: View) -> bool:
    """A zone that already has the tower's lowest block: "on the red zone", said again."""
    zone = to.noun is not None and to.noun.kind == "zone"
    return zone and to.noun is not None and only(view, to.noun, "zone").name in base.values()


def gathered(below: dict[str, str], base: dict[str, str]) -> list[SomeWant]:
    """Chains from "this on that"; OutOfScope for circles and for two on one."""
    above = {under: name for name, under in below.items()}
    if len(above) < len(below):
        raise OutOfScope("two blocks are sent onto one")
    starts = [name for name in dict.fromkeys((*base, *below.values())) if name not in below]
    wants: list[SomeWant] = []
    seen = 0
    for start in starts:
        chain = [start]
        while chain[-1] in above:
            chain.append(above[chain[-1]])
        seen += len(chain) - 1
        wants.append(Tower(tuple((name,) for name in chain), base.get(start, "")))
    if seen < len(below):
        raise OutOfScope("the blocks are to stand on each other in a circle")
    return wants


def by_colour(found: Sequence[Token], clauses: Sequence[Clause], view: View) -> Goal:
    """A tower per colour, on the zone of that colour where there is one."""
    zones = {item.colour: item.name for item in view.items if item.kind == "zone"}
    zoned = any(t.tag == "zone" for t in found)
    nouns = [n for c in clauses for n in c.objects if n.groups or n.colours or n.sizes]
    pool = {name for noun in nouns for name in names(things(view, noun, "block"))} or set(names(view.blocks))
    wants: list[SomeWant] = []
    for colour in dict.fromkeys(b.colour for b in view.blocks):
        group = names(b for b in view.blocks if b.colour == colour and b.name in pool)
        if (zoned and colour not in zones) or not group or (len(group) == 1 and not zoned):
            continue
        wants.append(Tower((group,) * len(group), zones.get(colour, "")))
    if not wants:
        raise OutOfScope(f"no colour has both blocks and a zone here; there are {listed(view)}")
    return Goal(tuple(wants))


def whole(found: Sequence[Token], clauses: Sequence[Clause], order: SizeOrder, view: View) -> Goal:
    """Towers of all blocks of some kind, each on its zone or in its area."""
    groups = merged(clauses, view, order)
    if len(groups) == 1 and (not order) and not stacking(found):
        return placements(found, clauses, view)
    wants: list[SomeWant] = []
    outside: list[tuple[str, str]] = []
    used: set[str] = set()
    for chosen, base, choosy, nouns in groups:
        if len(chosen) == 1 and not base:
            raise OutOfScope(f"one block, the {chosen[0].name}, makes no tower; say what it goes on")
        if used & set(names(chosen)):
            raise OutOfScope(f"the {sorted(used & set(names(chosen)))[0]} is sent to two towers")
        used |= set(names(chosen))
        wants.append(Tower(floors(chosen, order, found, nouns), base))
        if choosy and len(groups) == 1:
            outside += [(b.name, base) for b in view.blocks if b not in chosen and base]
    if len(wants) == 1 and len(groups[0][0]) == 1 and groups[0][1]:
        name = groups[0][0][0].name
        return Goal((Inside(((name, (groups[0][1],)),)),), tuple(outside))
    return Goal(tuple(wants), tuple(outside))


def stacking(found: Sequence[Token]) -> bool:
    """Towers are spoken of."""
    return any(t.tag in ("stack", "tower", "each other") for t in found)


Group = tuple[tuple[Item, ...], str, bool, tuple[Noun, ...]]


def merged(clauses: Sequence[Clause], view: View, order: SizeOrder) -> list[Group]:
    """Of each tower: its blocks, its base ("": anywhere), whether they were chosen by looks or place, the nouns."""
    phrases = [p for c in clauses for p in c.phrases]
    landing = [c for c in clauses if split(c, True)[0] is not None and not heading(c, clauses)]
    loose = [c for c in clauses if split(c, True)[0] is None and not all(n.bare for n in c.objects)]
    if len(landing) <= 1:
        nouns = [n for c in clauses for n in c.objects if not (n.pronoun or n.rest)]
        one = Clause(objects=nouns, phrases=phrases)
        return [group(one, view, order, ())]
    if loose:
        raise OutOfScope("it is not said which of the places all the blocks are to go to")
    found: list[Group] = []
    for clause in landing:
        before = [name for chosen, *_ in found for name in names(chosen)]
        found.append(group(clause, view, order, before))
    return found


def heading(clause: Clause, clauses: Sequence[Clause]) -> bool:
    """Only says what is going to be said: "stack blocks of the same size in the zones: ..."."""
    to = split(clause, True)[0]
    vague = to is not None and to.noun is not None and to.noun.bare and all(n.bare for n in clause.objects)
    return vague and len(clauses) > 1


def group(clause: Clause, view: View, order: SizeOrder, before: Sequence[str]) -> Group:
    """The blocks and base of one tower. An area alone is both where they are and where they stay."""
    to, where = split(clause, stacking=True)
    base = ""
    if to is not None and to.area:
        base = to.area
        if not any(p.area for p in where):
            where = (*where, to)
    elif to is not None and to.noun is not None:
        if not to.noun.kind and any(b.colour in to.noun.colours for b in view.blocks):
            raise OutOfScope(f"whether {to.noun.words!r} is a block or a zone is not said; there are {listed(view)}")
        base = only(view, to.noun, "zone").name
        if view[base].kind == "bowl":
            raise OutOfScope(f"towers in a bowl are not understood: the {base}")
    elif areas := [p.area for p in where if p.area]:
        base = areas[0]
    nouns = tuple(replace(n, sizes=()) if order else n for n in clause.objects) or (EVERYTHING,)
    if len(nouns) > 1:
        nouns = tuple(n for n in nouns if not (n.bare and not n.rest)) or nouns[:1]
    nouns = tuple(replace(n, quant=True) if n.bare else n for n in nouns)
    chosen = meant(view, Clause(objects=list(nouns)), where, before)
    picked = any(n.groups or n.sizes or n.only for n in nouns) or bool(where)
    return chosen, base, picked and bool(base) and base not in AREAS, nouns


def floors(
    chosen: Sequence[Item], order: SizeOrder, found: Sequence[Token], nouns: Sequence[Noun]
) -> tuple[tuple[str, ...], ...]:
    """What may stand on each floor."""
    sizes = {b.size for b in chosen}
    if order and len(sizes) > 1:
        lower = "big" if order == "big below" else "small"
        low, high = names(b for b in chosen if b.size == lower), names(b for b in chosen if b.size != lower)
        return (low,) * len(low) + (high,) * len(high)
    said = [t.tag for t in found if t.tag in ("said order", "upward", "downward")]
    if said and not order and sum(len(n.colours) for n in nouns) == len(chosen) > 1:
        inward = chosen[::-1] if "downward" in said else chosen
        return tuple((b.name,) for b in inward)
    return (names(chosen),) * len(chosen)
