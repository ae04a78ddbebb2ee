"""What the concepts of a sentence name: things, areas with their part in it, a side, an order of sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from embodied.scenery import Item, View
from policies.gist_words import Concept
from policies.lexicon import OutOfScope
from policies.referring import listed, to_side
from policies.sizes import SizeOrder

KINDS = ("block", "bowl", "zone", "one")
LOOKS = ("colour", "size", "group")
PAUSES = ("stop", "comma", "and")


@dataclass(frozen=True)
class Mention:
    """A thing as it was named, and where in the sentence; `colours` may be several: "the red and blue blocks"."""

    kind: str
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    plural: bool = False
    start: int = 0
    end: int = 0

    @property
    def single(self) -> bool:
        """One thing of one colour."""
        return len(self.colours) == 1 and not self.plural


@dataclass
class Said:
    """A sentence: its concepts, and the things that are named by their colours in it, as they come."""

    concepts: tuple[Concept, ...]
    mentions: list[Mention] = field(default_factory=list)
    loose: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        used: set[int] = set()
        for i, concept in enumerate(self.concepts):
            if concept.tag in KINDS and (found := self.named_at(i)):
                self.mentions.append(found)
                used |= set(range(found.start, found.end))
        self.loose = [i for i, c in enumerate(self.concepts) if c.tag == "colour" and i not in used]

    def named_at(self, head: int) -> Mention | None:
        """The coloured thing whose head is there, with what stands right before it."""
        start, looks = head, list[Concept]()
        while start > 0:
            before = self.concepts[start - 1]
            lists = before.tag in ("and", "comma") and start > 1 and bool(looks) and looks[-1].tag == "colour"
            if not (before.tag in (*LOOKS, "coloured") or (lists and self.concepts[start - 2].tag == "colour")):
                break
            looks += [before] if before.tag in LOOKS else []
            start -= 1
        end = head + 1
        if not any(c.tag == "colour" for c in looks):
            after = self.concepts[end : end + 3]
            if [c.tag for c in after[:2]] == ["its", "the"] and after[2:] and after[2].tag == "colour":
                looks, end = [*looks, after[2]], end + 3
        if not any(c.tag == "colour" for c in looks):
            return None
        kind = self.concepts[head].tag
        every = any(c.tag == "all" for c in self.concepts[max(0, start - 2) : start])
        return Mention(
            "block" if kind == "one" else kind,
            tuple(c.value for c in looks[::-1] if c.tag == "colour"),
            tuple(c.value for c in looks if c.tag == "size"),
            self.concepts[head].plural or every,
            start,
            end,
        )

    @cached_property
    def tags(self) -> frozenset[str]:
        """All tags of it."""
        return frozenset(c.tag for c in self.concepts)

    def has(self, *tags: str) -> bool:
        """Whether some concept has one of the tags."""
        return not self.tags.isdisjoint(tags)

    def values(self, tag: str) -> tuple[str, ...]:
        """What the concepts of a tag say, each once."""
        return tuple(dict.fromkeys(c.value for c in self.concepts if c.tag == tag))

    def of(self, kind: str) -> list[Mention]:
        """The different things of a kind that are named."""
        found: dict[tuple[object, ...], Mention] = {}
        for mention in self.mentions:
            if mention.kind == kind:
                found.setdefault((mention.colours, mention.sizes, mention.plural), mention)
        return list(found.values())

    @cached_property
    def reference(self) -> Mention | None:
        """The block that something lies on a side of."""
        for i, concept in enumerate(self.concepts):
            if concept.tag in ("side", "above", "below"):
                after = [m for m in self.mentions if 0 <= m.start - i - 1 <= 2 and m.kind == "block"]
                if after and not any(c.tag in PAUSES for c in self.concepts[i + 1 : after[0].start]):
                    return after[0]
                if concept.text.startswith("'s") and (own := [m for m in self.mentions if m.end == i]):
                    return own[0]
        return None

    @cached_property
    def side(self) -> str:
        """The side that is named, "": none; OutOfScope where there are more."""
        found = dict.fromkeys(
            {"above": "top", "below": "bottom"}.get(c.tag, c.value)
            for i, c in enumerate(self.concepts)
            if c.tag == "side" or (c.tag in ("above", "below") and self.reference and 0 < self.reference.start - i < 4)
        )
        if len(found) > 1:
            raise OutOfScope(f"more than one side is named: {', '.join(found)}")
        return next(iter(found), "")

    @cached_property
    def aside(self) -> frozenset[int]:
        """Where a side of a block is named."""
        if self.reference is None:
            return frozenset()
        spots = [m.start for m in self.mentions if self.is_reference(m)]
        return frozenset(i - k for i in spots for k in (1, 2, 3) if self.concepts[i - k].tag in ("above", "below"))

    def is_reference(self, mention: Mention) -> bool:
        """It is the block at whose side something lies."""
        base = self.reference
        return (
            base is not None
            and mention.kind == "block"
            and mention.colours == base.colours
            and (mention.sizes == base.sizes or not mention.sizes)
        )

    @cached_property
    def sizes(self) -> tuple[tuple[int, str], ...]:
        """The sizes that are said of no block of a colour, and where."""
        found: list[tuple[int, str]] = []
        taken = {i for m in self.mentions if m.kind == "block" and m.single for i in range(m.start, m.end)}
        for i, concept in enumerate(self.concepts):
            after = [c.tag for c in self.concepts[i + 1 : i + 2]]
            before = {c.text for c in self.concepts[max(0, i - 2) : i]} & {"a", "one", "single", "nice", "tall"}
            vague = ({"stack"} & set(after) and before) or {"bowl", "zone", "area"} & set(after)
            if concept.tag == "size" and i not in taken and not vague:
                value = concept.value
                if value in ("former", "latter"):
                    said = list(dict.fromkeys(size for _, size in found))
                    if not said:
                        continue
                    if len(said) != 2:
                        raise OutOfScope(f"what {concept.text!r} stands for is not clear")
                    value = said[value == "latter"]
                found.append((i, value))
        return tuple(found)


def resolved(view: View, mention: Mention, raised: bool = False) -> Item:
    """The one thing that is named; OutOfScope where it is not one."""
    found = [i for i in view.items if i.kind == mention.kind and i.colour in mention.colours]
    if mention.sizes and mention.kind == "block":
        found = [i for i in found if i.size in mention.sizes]
    if raised:
        found = [i for i in found if not view.on_table(i)] or found
    if len(found) != 1:
        said = " ".join((*mention.sizes, *mention.colours, mention.kind))
        raise OutOfScope(f"{said!r} is {'no' if not found else 'not one'} thing here; there are {listed(view)}")
    return found[0]


def lies_to(view: View, said: Said) -> tuple[str, ...]:
    """The blocks on the side of the block that is named."""
    if said.reference is None:
        raise OutOfScope("it is not said beside what")
    other = resolved(view, said.reference)
    return tuple(b.name for b in view.blocks if b.name != other.name and to_side(b, other, said.side))


# areas ---------------------------------------------------------------------------------------------------------------

SOURCE, TARGET = ("source", "from", "empty"), ("target",)


def areas(said: Said) -> tuple[str, str]:
    """Where from and where to, by what is said around them ("": not said); OutOfScope where that is not clear."""
    places = [i for i, c in enumerate(said.concepts) if c.tag == "area"]
    names = list(dict.fromkeys(said.concepts[i].value for i in places))
    if len(names) > 2:
        raise OutOfScope(f"more than two places are named: {', '.join(names)}")
    votes = {name: {part(said.concepts, i) for i in places if said.concepts[i].value == name} - {""} for name in names}
    votes = {name: {"source"} if v == {"source?"} and len(names) > 1 else v - {"source?"} for name, v in votes.items()}
    sure = {name: next(iter(v)) for name, v in votes.items() if len(v) == 1}
    if len(names) == 1:
        both = len(votes[names[0]]) != 1
        return (
            ("", names[0]) if sure.get(names[0]) == "target" else ("", "") if both and votes[names[0]] else
            (names[0], "") if sure.get(names[0]) == "source" else ("?", names[0])
        )  # fmt: skip
    if not names:
        return "", ""
    one, other = names
    if sure.get(one) == sure.get(other) and one in sure:
        raise OutOfScope(f"which of the {one} and the {other} things go to is not clear")
    if sure.get(one) == "target" or sure.get(other) == "source":
        return other, one
    return one, other


GIVES = frozenset(("gives", "give", "loses", "lose", "surrenders", "holds", "contains"))
GETS = frozenset((
    "gets", "get", "receives", "receive", "hold", "house", "contain", "welcome", "awaits", "take", "ready", "filled",
))  # fmt: skip
PLACES = frozenset(("place", "home", "destination"))
FILLS = frozenset(("fill", "reach", "using", "use", "populate", "supply"))
THINGS = frozenset(("all", "block", "hue", "its", "one", "coloured", "group", "only"))


def part(found: Sequence[Concept], at: int) -> str:
    """What an area is in its sentence, "source", "target", perhaps a source ("source?") or not clear ("")."""
    start = at
    while start > 0 and found[start - 1].tag not in ("stop", "area"):
        start -= 1
    before = [c for c in found[max(start, at - 4) : at] if c.tag != "the"]
    after = found[at + 1 : at + 9]
    until = next((i for i, c in enumerate(after) if c.tag in ("stop", "area")), len(after))
    if after and after[0].tag == "poss":
        return "source"
    return by_lead(before) or by_what_follows(after[:until])


def by_lead(before: Sequence[Concept]) -> str:
    """The part of an area by what stands before it."""
    if not before:
        return ""
    last = before[-1]
    if last.tag in SOURCE or last.text == "contents":
        return "source"
    if last.tag in TARGET or last.text in FILLS:
        return "target"
    return "source?" if last.tag == "in" and {c.tag for c in before[-2:-1]} & THINGS else ""


def by_what_follows(after: Sequence[Concept]) -> str:
    """The part of an area by what is said of it."""
    words = {word for c in after for word in c.text.split()}
    if words & GIVES or any(c.tag == "empty" for c in after[:5]):
        return "source"
    near = any(c.tag == "where" for c in after[:3]) or PLACES & {c.text for c in after[:4]}
    return "target" if near or words & GETS else ""


# sizes ---------------------------------------------------------------------------------------------------------------

LOW, HIGH = (
    ("low", "before", "under", "below", "carry", "topped", "capped"),
    ("high", "over", "above", "after", "then", "pronouned"),
)


def order_of(said: Said) -> SizeOrder:
    """Which size goes below, "" where that is not said; OutOfScope where it is said both ways."""
    votes = {size == "big" for size in lower(said)}
    if len(votes) > 1:
        raise OutOfScope("the sentence says both that big blocks go below small ones and the other way round")
    if not votes:
        return "big below" if said.has("order") else ""
    return "big below" if votes.pop() else "small below"


def lower(said: Said) -> list[str]:
    """The sizes that are said to be below, once for every way in which it is said."""
    found, concepts = list[str](), said.concepts
    other = {"big": "small", "small": "big"}
    for n, (at, size) in enumerate(said.sizes):
        end, start = at + 1, at
        while end < len(concepts) and concepts[end].tag not in (*PAUSES, "size"):
            end += 1
        while start > 0 and concepts[start - 1].tag not in (*PAUSES, "size"):
            start -= 1
        gap = [c for i, c in enumerate(concepts[at + 1 : end], at + 1) if i not in said.aside]
        following = said.sizes[n + 1][1] if n + 1 < len(said.sizes) and said.sizes[n + 1][0] == end else ""
        turned = any(c.tag == "neg" for c in concepts[clause_start(concepts, at) : end])
        if following == other[size]:
            way = relation(gap)
            if way:
                below = size if way == "low" else following
                found.append(other[below] if turned else below)
        elif not following and (way := adverb(gap)):
            below = size if way == "low" else other[size]
            found.append(other[below] if turned else below)
        lead = [c for c in concepts[start:at] if c.tag not in ("the", "all", "its", "only", "with")]
        opened = start == 0 or concepts[start - 1].tag != "size"
        if lead and opened and (way := leading(lead, at - start)):
            below = size if way == "low" else other[size]
            found.append(other[below] if turned else below)
    return found


def clause_start(found: Sequence[Concept], at: int) -> int:
    """Where the part of a sentence begins that a place is in."""
    while at > 0 and found[at - 1].tag not in ("stop", "comma"):
        at -= 1
    return at


def relation(gap: Sequence[Concept]) -> str:
    """What stands between two sizes: "low" if the first goes below the second."""
    for concept in gap:
        if concept.tag in LOW or (
            concept.tag in ("to", "target") and concept.text != "onto" and not any(c.tag == "word" for c in gap)
        ):
            return "low"
        if concept.tag in HIGH or concept.tag == "on" or concept.text == "onto":
            return "high"
    return ""


def adverb(gap: Sequence[Concept]) -> str:
    """What is said after a size: "large cubes underneath"."""
    for i, concept in enumerate(gap):
        if concept.tag in LOW and concept.tag != "carry":
            return "low"
        if concept.tag in HIGH or (concept.tag == "on" and concept.value == "top of" and not gap[i + 1 :]):
            return "high"
    return ""


def leading(lead: Sequence[Concept], near: int) -> str:
    """What is said before a size: "starting with the large"."""
    last = lead[-1]
    if last.tag in ("pronouned", "capped"):
        return "high"
    if last.tag in ("on", "over", "above", "topped") or last.text == "onto":
        return "low"
    if last.tag in ("under", "below", "before"):
        return "high"
    tags = [c.tag for c in lead[-4:] if c.tag not in ("word", "in", "and", "one", "from")]
    if tags and tags[-1] == "low":
        return "low"
    if tags and tags[-1] in ("high", "then"):
        return "high"
    return ""
