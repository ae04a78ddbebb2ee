"""From tokens to clauses: who is moved (nouns with what is said of them) and where to, and which way sizes go.

    sentence := clause ((then | and | , | .) clause)*
    clause   := verb* noun (and noun)* (preposition (noun | area))*       in any order
    noun     := (all | the | two | colour | group | size | match)* (block | bowl | zone)? (match | colour | ...)*

What a preposition attaches to (the blocks in the corner; put it in the corner) is decided by the meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from policies.lexicon import OutOfScope, Token

VERBS = frozenset(("put", "stack", "sort", "take", "make", "fill", "contain"))
PREPOSITIONS = frozenset(("to", "in", "from", "on", "of", "under", "below", "above", "side"))
LOOKS = frozenset(("colour", "group", "size", "match", "even", "hidden", "same size"))
HEADS = frozenset(("block", "bowl", "zone"))
OPENS = LOOKS | HEADS | {"quant", "count", "rest", "pronoun", "only"}


@dataclass(frozen=True)
class Noun:
    """Things as they were named: what a thing must be to be meant."""

    kind: str = ""
    colours: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    match: str = ""
    quant: bool = False
    plural: bool = False
    count: int = 0
    only: bool = False
    rest: bool = False
    pronoun: bool = False
    words: str = ""

    @property
    def bare(self) -> bool:
        """Nothing is said of its looks."""
        return not (self.colours or self.groups or self.sizes or self.match)

    @property
    def many(self) -> bool:
        """All that look so are meant, and not one of them."""
        return self.quant or self.plural or self.rest or len(self.colours) > 1 or bool(self.groups) or self.count > 1


@dataclass(frozen=True)
class Phrase:
    """A preposition with what it goes with: a noun, or an area of the table. A side is "side left" and so on."""

    preposition: str
    noun: Noun | None = None
    area: str = ""


@dataclass
class Clause:
    """Who is moved and where to. `then` says that another clause came before, in time."""

    verbs: list[str] = field(default_factory=list)
    objects: list[Noun] = field(default_factory=list)
    phrases: list[Phrase] = field(default_factory=list)
    then: bool = False
    on_last: bool = False
    fronted: bool = False

    @property
    def empty(self) -> bool:
        """Says nothing of things."""
        return not (self.objects or self.phrases)


def parse(found: Sequence[Token]) -> tuple[Clause, ...]:
    """The clauses of a sentence, in order."""
    clauses, at = [Clause()], 0
    while at < len(found):
        clause, token = clauses[-1], found[at]
        if token.tag in VERBS:
            if begins(clause) and not takes_up(found, at):
                clauses.append(Clause())
            clauses[-1].verbs.append(token.tag)
            at += 1
        elif token.tag in ("then", "stop"):
            goes = token.text == ":" and not landed(clause) and found[at + 1 : at + 2] and found[at + 1].tag in VERBS
            if not goes and says(clause) and not (takes_up(found, at) and not landed(clause)):
                clauses.append(Clause(then=True))
            at += 1
        elif token.tag == "sep":
            at = at + 1
            if clause.objects and landed(clause) and new_pair(found, at, clause.fronted):
                clauses.append(Clause())
        elif token.tag == "leave":
            at = left_alone(found, at)
        elif token.tag in PREPOSITIONS:
            at = preposition(found, at, clause)
        elif token.tag == "area":
            clause.phrases.append(Phrase("in", area=token.value))
            at += 1
        elif token.tag in OPENS:
            at = noun(found, at, clauses)
        else:
            clause.on_last |= (token.tag, token.value) in (("level", "next"), ("level", "top"))
            at += 1
    return tuple(clause for clause in clauses if not clause.empty or clause.on_last)


def noun(found: Sequence[Token], at: int, clauses: list[Clause]) -> int:
    """Read a noun into the clause it belongs to."""
    clause, (read, end) = clauses[-1], noun_at(found, at)
    if is_left(found, end):
        return end + 1
    if clause.objects and attributes(read) and found[at - 1].tag not in ("sep", "then", "stop", *VERBS):
        clause.objects[-1] = joined(clause.objects[-1], read)
        return end
    if landed(clause) and clause.objects and not read.pronoun:
        clauses.append(Clause())
    add(clauses[-1], read)
    return end


def says(clause: Clause) -> bool:
    """More than a place: "clear the top left area:" goes on."""
    return bool(clause.objects) or any(p.noun is not None for p in clause.phrases)


def begins(clause: Clause) -> bool:
    """A verb after this clause begins another one."""
    return bool((clause.phrases or clause.on_last) and clause.objects and clause.verbs) and not waits(clause)


def waits(clause: Clause) -> bool:
    """Things were taken that are not put anywhere yet."""
    return set(clause.verbs) <= {"take", "make"} and not landed(clause)


def landed(clause: Clause) -> bool:
    """Where to was said: a phrase that is more than where something comes from."""
    moved = bool({"put", "stack", "make", "sort"} & set(clause.verbs))
    there = (p for p in clause.phrases if p.preposition not in ("from", "of", "under"))
    return clause.on_last or any(moved or p.preposition != "in" or not p.area for p in there)


def takes_up(found: Sequence[Token], at: int) -> bool:
    """What follows speaks of what was spoken of: "and put it"."""
    rest = [t for t in found[at : at + 5] if t.tag not in (*VERBS, "sep", "quant", "then", "stop", "of", "first")]
    return bool(rest) and rest[0].tag == "pronoun"


def new_pair(found: Sequence[Token], at: int, fronted: bool) -> bool:
    """A noun with a place of its own follows, verb left out: ", the small ones on the blue zone"."""
    if at + 1 < len(found) and found[at].tag in ("on", "in", "to"):
        return fronted and found[at + 1].tag in OPENS
    return at < len(found) and found[at].tag in (*OPENS, "tower")


def attributes(noun: Noun) -> bool:
    """Only looks, without a thing that has them."""
    return not (noun.kind or noun.pronoun or noun.rest or noun.colours) and not noun.bare


def left_alone(found: Sequence[Token], at: int) -> int:
    """Skip "leave the others alone"; OutOfScope where it is not the others that are to be left."""
    end = at + 1
    while end < len(found) and found[end].tag not in ("stop", "then", *VERBS):
        end += 1
    if found[at + 1 : at + 2] and found[at + 1].tag == "pronoun":
        return at + 2
    if any(t.tag in ("on", "in", "to") for t in found[at:end]) and found[end - 1].tag in HEADS:
        return at + 1
    if not any(t.tag in ("rest", "alone") for t in found[at:end]):
        raise OutOfScope(f"what is to be left alone is not understood: {' '.join(t.text for t in found[at:end])!r}")
    return end


def is_left(found: Sequence[Token], at: int) -> bool:
    """ "...the others stay where they are": they are no part of what is to be done."""
    return at < len(found) and found[at].tag == "alone"


def add(clause: Clause, noun: Noun) -> None:
    """A noun without a preposition: what is moved; of a bowl that is filled, where to."""
    if (noun.kind in ("bowl", "zone") and clause.objects and noun.match and not landed(clause)) or (
        noun.kind in ("bowl", "zone") and {"fill", "contain"} & {*clause.verbs, "contain" if clause.empty else ""}
    ):
        clause.phrases.append(Phrase("in", noun))
    elif noun.pronoun:
        if not clause.objects:
            clause.objects.append(noun)
    elif not noun.kind and clause.objects and noun.bare is False and not clause.phrases and not noun.colours:
        clause.objects[-1] = joined(clause.objects[-1], noun)
    else:
        clause.objects.append(noun)


def joined(noun: Noun, more: Noun) -> Noun:
    """A noun of which something more is said."""
    return replace(
        noun,
        colours=noun.colours + more.colours,
        groups=noun.groups + more.groups,
        sizes=noun.sizes + more.sizes,
        match=more.match or noun.match,
        only=noun.only or more.only,
        words=f"{noun.words} {more.words}",
    )


def preposition(found: Sequence[Token], at: int, clause: Clause) -> int:
    """Read a preposition and what it goes with; one that goes with nothing is dropped."""
    token, end = found[at], at + 1
    name = f"side {token.value}" if token.tag == "side" else "on" if token.value == "over" else token.tag
    while end < len(found) and found[end].tag in ("to", "in", "on", "from", "of") and token.tag != "side":
        name = found[end].tag if name in ("of", "to") and found[end].tag != "of" else name
        end += 1
    if end < len(found) and found[end].tag == "area":
        clause.phrases.append(Phrase(name, area=found[end].value))
        return end + 1
    if end >= len(found) or found[end].tag not in OPENS:
        return end
    said, end = noun_at(found, end)
    among = name in ("of", "in") and token.text != "for" and said.kind == "block" and said.bare
    if among and clause.empty and not clause.verbs:
        return end  # "of the blocks in the corner, move the small ones"
    if name == "of":
        of(clause, said)
    elif name == "from" and said.kind == "block" and not clause.objects:
        add(clause, said)
    elif said.kind or said.pronoun or not said.bare:
        clause.fronted |= not clause.objects and name in ("on", "in", "to")
        clause.phrases.append(Phrase(name, said))
    return end


def of(clause: Clause, said: Noun) -> None:
    """A noun after "of" or "with": where to, what is moved, or more about the noun before."""
    if said.kind in ("bowl", "zone") and clause.objects and "fill" not in clause.verbs:
        clause.phrases.append(Phrase("to", said))
    elif said.kind or not clause.objects:
        add(clause, said)
    elif clause.phrases and (last := clause.phrases[-1]).noun is not None:
        clause.phrases[-1] = replace(last, noun=joined(last.noun, said))
    else:
        clause.objects[-1] = joined(clause.objects[-1], said)


def noun_at(found: Sequence[Token], at: int) -> tuple[Noun, int]:
    """The noun that starts at a place, and where it ends."""
    noun, end = Noun(), at
    while end < len(found):
        token = found[end]
        headed = bool(noun.kind)
        if token.tag == "sep":
            if headed or not goes_on(found, end + 1) or noun.pronoun or noun.rest:
                break
        elif token.tag in HEADS:
            if headed or noun.pronoun:
                break
            noun = replace(noun, kind=token.tag, plural=token.plural, quant=noun.quant or token.text == "everything")
        elif token.tag in LOOKS:
            if headed and token.tag in ("colour", "group", "size") and of_the_next(found, end):
                break
            noun = looks(noun, token)
        elif token.tag == "of" and not headed and end > at and end + 1 < len(found) and found[end + 1].tag in OPENS:
            pass
        elif token.tag in ("quant", "count", "only", "rest", "pronoun"):
            if headed:
                break
            noun = counted(noun, token)
        else:
            break
        noun = replace(noun, words=f"{noun.words} {token.text}".strip())
        end += 1
    return noun, max(end, at + 1)


def looks(noun: Noun, token: Token) -> Noun:
    """One thing more is said of how it looks."""
    match token.tag:
        case "colour":
            return replace(noun, colours=(*noun.colours, token.value))
        case "group":
            return replace(noun, groups=(*noun.groups, token.value))
        case "size":
            return replace(noun, sizes=(*noun.sizes, token.value))
        case "match":
            return replace(noun, match=token.value)
    return noun


def counted(noun: Noun, token: Token) -> Noun:
    """How many are meant, or which."""
    match token.tag:
        case "quant":
            return replace(noun, quant=True)
        case "count":
            return replace(noun, count=int(token.value or 0))
        case "only":
            return replace(noun, only=True)
        case "rest":
            return replace(noun, rest=True, kind="block")
    return replace(noun, pronoun=True)


def goes_on(found: Sequence[Token], at: int) -> bool:
    """After "and": the same noun goes on, "the red and the blue block"."""
    while at < len(found) and found[at].tag in ("sep", "quant", "only"):
        at += 1
    return at < len(found) and found[at].tag in ("colour", "group", "size", "match")


def of_the_next(found: Sequence[Token], at: int) -> bool:
    """A look that stands before another head belongs to that."""
    while at < len(found) and found[at].tag in (*LOOKS, "sep", "quant", "count"):
        at += 1
    return at < len(found) and found[at].tag in HEADS
