"""Frames about where blocks go: into bowls, from area to area, beside one another, or each to a place that is named."""

from collections import Counter
from collections.abc import Sequence

from embodied.goals import Beside, Goal, Inside, SomeWant, Tower
from embodied.scenery import AREAS, Item, View
from policies.gist_slots import Mention, Said, areas, lies_to, resolved
from policies.gist_words import STAYED, Concept
from policies.hidden import REACH, WIDE, Search, first_under, raised, standing
from policies.lexicon import GROUPS, OutOfScope
from policies.referring import listed, names
from policies.towers import gathered


def chosen(said: Said, view: View, area: str = "", sized: bool = True) -> tuple[tuple[Item, ...], bool]:
    """The blocks that are meant by their looks and places, and whether something chooses among all of them."""
    found, picked = list(view.blocks), False
    named = [m for m in said.of("block") if not said.is_reference(m)]
    colours = {c for m in named for c in m.colours}
    if groups := said.values("group"):
        colours |= {c for group in groups for c in GROUPS[group]}
        picked = True
    if colours:
        found = [b for b in found if b.colour in colours]
    if missing := [m for m in named if not any(b.colour in m.colours for b in found)]:
        raise OutOfScope(f"there is no {missing[0].colours[0]} block here; there are {listed(view)}")
    sizes = {size for _, size in said.sizes} | {size for m in named for size in m.sizes}
    if sized and len(sizes) == 1:
        found, picked = [b for b in found if b.size in sizes], True
    if said.side:
        beside = lies_to(view, said)
        found, picked = [b for b in found if b.name in beside], True
    if area:
        found, picked = [b for b in found if AREAS[area].has(*b.position[:2])], True
    if not found:
        raise OutOfScope(f"no block here is meant by that; there are {listed(view)}")
    if any(m.single for m in named) and len(found) > 1:
        raise OutOfScope(f"one block is named, and it may be any of {', '.join(names(found))}")
    if not (named or picked or many(said)):
        raise OutOfScope(f"which block is meant is not said; there are {listed(view)}")
    counts = [c.value for c in said.concepts if c.tag == "count"]
    number = {"two": 2, "three": 3}
    if any(number.get(c, len(found)) != len(found) for c in counts) or said.has("some"):
        raise OutOfScope(f"how many blocks are meant is not clear; {len(found)} could be")
    return tuple(found), picked


def many(said: Said) -> bool:
    """All blocks are meant, or several."""
    return said.has("all", "if") or any(c.tag in ("block", "one") and c.plural for c in said.concepts)


# bowls ---------------------------------------------------------------------------------------------------------------


def in_bowls(said: Said, view: View) -> Goal:
    """Every block into a bowl of its own colour, or of another."""
    unlike = differs(said)
    if said.has("some") and not unlike:
        raise OutOfScope("some of the blocks: which ones is not said")
    bowls = [i for i in view.items if i.kind == "bowl"]
    if not (many(said) or said.has("block")):
        raise OutOfScope("it is not said what goes into the bowls")
    allowed = [(b.name, names(w for w in bowls if (w.colour != b.colour) == unlike)) for b in view.blocks]
    allowed = [(name, places) for name, places in allowed if places]
    if not allowed:
        raise OutOfScope(f"no block has such a bowl; there are {listed(view)}")
    return Goal((Inside(tuple(allowed)),))


def differs(said: Said) -> bool:
    """Another colour is wanted: it is said so, or the same one is denied. OutOfScope where that is not clear."""
    unlike = [i for i, c in enumerate(said.concepts) if c.tag == "differ"]
    same = [i for i, c in enumerate(said.concepts) if c.tag in ("same", "hue")]
    strong = [i for i in same if said.concepts[i].tag == "same"]
    no = [i for i, c in enumerate(said.concepts) if c.tag == "neg"]
    if unlike:
        apart = [i for i in strong if not any(0 < i - u < 8 for u in unlike) and not any(0 < i - n < 9 for n in no)]
        if apart or (no and not strong):
            raise OutOfScope("whether blocks and bowls are to be of the same colour or of different ones is not clear")
        return True
    if not no:
        return False
    first = said.concepts[min(no)]
    forbids = min(no) < 3 and first.text in ("not", "never", "avoid", "stop", "refrain")
    positive = many(said) or any(c.text in ("but", "some", "instead") for c in said.concepts)
    near = all(any(-6 < i - n < 12 for i in same) for n in no)
    if not near or not positive or (forbids and not any(c.text == "but" for c in said.concepts)):
        raise OutOfScope("what is not wanted is said, and what is wanted instead is not")
    return True


def to_its_colour(said: Said, view: View) -> Goal:
    """One block, named, to the bowl or zone of its colour."""
    named = next(m for m in said.of("block") if not said.is_reference(m))
    block = resolved(view, named)
    kind = "bowl" if said.has("bowl") else "zone" if said.has("zone") else ""
    place = resolved(view, Mention(kind, (block.colour,)))
    return Goal((Inside(((block.name, (place.name,)),)),))


def in_one_bowl(said: Said, view: View) -> Goal:
    """All blocks, or those of some looks, into the bowl that is named."""
    bowl = resolved(view, said.of("bowl")[0])
    found, _ = chosen(said, view)
    return Goal((Inside(tuple((b.name, (bowl.name,)) for b in found)),))


def below_one(said: Said, view: View) -> Search:
    """The block under the one that is named."""
    cover = resolved(view, next(m for m in said.of("block")), raised=True)
    if not raised(cover):
        raise OutOfScope(f"the {cover.name} lies on the table; nothing is under it")
    place = resolved(view, said.of("bowl")[0]).name if said.of("bowl") else ""
    below = tuple(filter(None, (first_under(view, cover),)))
    return Search((cover.position[:2],), (cover.name,), frozenset(view.by_name), "bowl", "" if place else "same",
                  place, False, False, below)  # fmt: skip


def below_others(said: Said, view: View) -> Search:
    """All blocks that others stand on, or of every tower the lowest."""
    text = {word for c in said.concepts for word in c.text.split()}
    lowest = said.has("low", "touches", "layers") or bool(text & {"three", "triple", "3", "trio", "two", "pair"})
    return under(view, lowest, False)


def below_pyramid(said: Said, view: View) -> Search:
    """The lowest row of the pyramid."""
    if not said.has("low", "touches", "under", "below", "hidden", "carry", "rests"):
        raise OutOfScope("which blocks of the pyramid are meant is not said")
    return under(view, True, True)


def under(view: View, lowest: bool, wide: bool) -> Search:
    """A search under all that stands on something."""
    covers = standing(view, wide)
    spots, reach = tuple(c.position[:2] for c in covers), WIDE if wide else REACH
    seen = (b for b in view.blocks if view.over(b) and (not lowest or not raised(b)))
    below = tuple(b.name for b in seen if any(b.away(spot) < reach for spot in spots))
    return Search(spots, ("",) * len(spots), frozenset(view.by_name), "bowl", "same", "", lowest, wide, below)


# zones and areas -----------------------------------------------------------------------------------------------------


def even(said: Said, view: View) -> Goal:
    """Blocks of colours that occur an even number of times into the zone of their colour, the others not."""
    kinds = set(said.values("even"))
    text = " ".join(c.text for c in said.concepts)
    wanted = 1 if kinds == {"odd"} and not STAYED.search(text) else 0
    if said.has("neg") and "odd" not in kinds:
        raise OutOfScope("what is not wanted of the even numbers is not clear")
    count = Counter(block.colour for block in view.blocks)
    place = {item.colour: item.name for item in view.items if item.kind == "zone"}
    there = [b for b in view.blocks if b.colour in place]
    meant = [b for b in there if count[b.colour] % 2 == wanted]
    if not meant:
        raise OutOfScope(f"no colour with a zone has such a number of blocks; there are {listed(view)}")
    others = tuple((b.name, place[b.colour]) for b in there if b not in meant)
    return Goal((Inside(tuple((b.name, (place[b.colour],)) for b in meant)),), others)


def between_areas(said: Said, view: View) -> Goal:
    """From one area to another; of what is left there, nothing goes with it."""
    source, target = areas(said)
    found, _ = chosen(said, view, source)
    rest = [b for b in view.blocks if AREAS[source].has(*b.position[:2]) and b not in found]
    picked = bool(said.values("group") or said.sizes)
    outside = tuple((b.name, target) for b in rest) if picked else ()
    return Goal((Inside(tuple((b.name, (target,)) for b in found)),), outside)


def to_area(said: Said, view: View) -> Goal:
    """All blocks, or those that are named, to one area."""
    source, target = areas(said)
    if source not in ("", "?") or not target:
        raise OutOfScope(f"where the blocks of the {source or 'area'} are to go is not said")
    if source == "?" and not said.has("all") and not said.of("block") and not said.sizes and not said.has("group"):
        raise OutOfScope(f"whether the blocks are in the {target} or go there is not said")
    found, _ = chosen(said, view)
    if all(AREAS[target].has(*b.position[:2]) for b in found):
        raise OutOfScope(f"the blocks lie in the {target} already")
    return Goal((Inside(tuple((b.name, (target,)) for b in found)),))


def beside(said: Said, view: View) -> Goal:
    """One block beside another."""
    reference = said.reference
    named = [m for m in said.of("block") if not said.is_reference(m)]
    if reference is None or len(named) != 1:
        raise OutOfScope("which block goes beside which is not clear")
    block, other = resolved(view, named[0]), resolved(view, reference)
    if block.name == other.name:
        raise OutOfScope(f"the {other.name} cannot lie beside itself")
    return Goal((Beside(block.name, other.name, said.side),))


# one by one ----------------------------------------------------------------------------------------------------------


def placing(said: Said, view: View) -> Goal:
    """Blocks that are named, each to a place that is named: a bowl, a zone or a block."""
    pairs = steps(said)
    below: dict[str, str] = {}
    into: dict[str, tuple[str, ...]] = {}
    for one, other in pairs:
        block, place = resolved(view, one), resolved(view, other)
        if block.name == place.name:
            raise OutOfScope(f"the {block.name} cannot stand on itself")
        if place.kind == "block":
            below[block.name] = place.name
        elif into.get(block.name, (place.name,)) != (place.name,):
            raise OutOfScope(f"the {block.name} is sent to the {into[block.name][0]} and to the {place.name}")
        else:
            into[block.name] = (place.name,)
    if not below:
        return Goal((Inside(tuple(into.items())),))
    base = {name: places[0] for name, places in into.items()}
    if any(view[place].kind != "zone" for place in base.values()):
        raise OutOfScope("towers in a bowl are not understood")
    wants: list[SomeWant] = gathered(below, base)
    if any(isinstance(w, Tower) and len(w.floors) == 1 for w in wants):
        raise OutOfScope("some blocks are stacked and others are not")
    return Goal(tuple(wants))


def steps(said: Said) -> list[tuple[Mention, Mention]]:
    """Pairs of a block and where it goes, as they are said."""
    named: list[Mention] = []
    for mention in said.mentions:
        last = named[-1] if named else None
        if last is None or (last.kind, last.colours, last.sizes) != (mention.kind, mention.colours, mention.sizes):
            named.append(mention)
    different = {(m.kind, m.colours, m.sizes) for m in named}
    if len(different) == 2 and len(named) > 2 and all(m.kind == "block" for m in named):
        raise OutOfScope("which of the two blocks goes on which is not clear")
    if len(different) == 2:
        first, second = named[0], next(m for m in named if m != named[0])
        return [(second, first) if goes_below(said, first, second) else (first, second)]
    if len(named) < 4 or len(named) % 2:
        raise OutOfScope("which of the things that are named goes where is not clear")
    halves = [(named[i], named[i + 1]) for i in range(0, len(named), 2)]
    if all(a.kind == "block" and led(said.concepts, b) for a, b in halves):
        return halves
    if all(a.kind != "block" and b.kind == "block" for a, b in halves):
        return [(b, a) for a, b in halves]
    raise OutOfScope("which of the things that are named goes where is not clear")


def led(found: Sequence[Concept], mention: Mention) -> bool:
    """A word of where to stands right before it."""
    before = [c for c in found[max(0, mention.start - 3) : mention.start] if c.tag not in ("the", "its")]
    return (bool(before) and before[-1].tag in ("on", "in", "target", "to", "over", "rests", "pronouned")) or (
        bool(before) and before[-1].value == "top of"
    )  # fmt: skip


def goes_below(said: Said, first: Mention, second: Mention) -> bool:
    """Of two things the one named first is where the other goes. OutOfScope where neither is sure."""
    if first.kind != "block" or second.kind != "block":
        if {first.kind, second.kind} & {"bowl", "zone"} and "block" in (first.kind, second.kind):
            place = first if first.kind != "block" else second
            if lead(said.concepts, place) in ("under", "below", "above", "from", "hidden"):
                raise OutOfScope(f"what is to be done with the {' '.join((*place.colours, place.kind))} is not clear")
            if not (goes(said)):
                raise OutOfScope("what is to be done with these is not said")
            return first.kind != "block"
        raise OutOfScope("only blocks are moved")
    if said.has("zone", "bowl"):
        raise OutOfScope("whether a block goes on a block or elsewhere is not clear")
    spots = [i for i, c in enumerate(said.concepts) if c.tag in ("on", "over", "pronouned") or c.value == "top of"]
    if led(said.concepts, second) and lead(said.concepts, second) != "to" and not led(said.concepts, first):
        if lead(said.concepts, second) == "target" and not goes(said):
            raise OutOfScope("what is to be done with these is not said")
        return False
    if led(said.concepts, first) and not led(said.concepts, second):
        return True
    between = said.concepts[first.end : second.start]
    carries = any(c.tag in ("carry", "where") or c.text in CARRIES for c in between)
    if carries and (spots or any(c.tag == "carry" or c.text in CARRIES for c in between)):
        return True
    raise OutOfScope("which of the two blocks goes on which is not clear")


CARRIES = frozenset(("hold", "holds", "have", "get", "gets", "receive", "receives", "has", "supporting", "holding"))


def lead(found: Sequence[Concept], mention: Mention) -> str:
    """The tag of what stands before a thing."""
    before = [c for c in found[max(0, mention.start - 3) : mention.start] if c.tag not in ("the", "its")]
    return before[-1].tag if before else ""


def goes(said: Said) -> bool:
    """Where to is said at all."""
    return said.has("on", "in", "target", "to", "over", "rests", "where", "pronouned", "source") or any(
        c.value == "top of" or c.text in CARRIES or c.text in ("fill", "contain", "house") for c in said.concepts
    )
