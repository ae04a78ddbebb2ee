"""What a sentence wants of the things that are there when it is said: a goal, or a search under what covers others.

`understand` reads the features of a sentence first (hidden, alternating, even, a pyramid, small over big), since these
decide what its clauses say; the rest are clauses of who goes where.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from embodied.goals import Goal
from embodied.scenery import View
from policies import patterns, placements, towers
from policies.gist import Vetoed, gist
from policies.hidden import Search, search
from policies.lexicon import OutOfScope, Token, tokens
from policies.parsing import Clause, parse
from policies.sizes import SizeOrder, sized


@dataclass(frozen=True)
class Said:
    """A sentence, read: its tokens, those that are left when the order of sizes is taken out, and its clauses."""

    sentence: str
    all: tuple[Token, ...]
    order: SizeOrder
    clauses: tuple[Clause, ...]

    def has(self, tag: str, value: str | None = None) -> bool:
        """Whether some token says so."""
        return any(t.tag == tag and value in (None, t.value) for t in self.all)

    def values(self, tag: str) -> tuple[str, ...]:
        """What the tokens of a tag say, in order."""
        return tuple(t.value for t in self.all if t.tag == tag)


def read(sentence: str) -> Said:
    """A sentence as clauses; OutOfScope names the word or part that is not understood."""
    found = tokens(sentence)
    order, plain = sized(found)
    return Said(sentence, found, order, parse(plain))


def understand(sentence: str, view: View) -> Goal | Search:
    """What is wanted of the things of a view. OutOfScope where that is not certain, or where things are not there.

    The grammar reads it word by word, and then it is read for its gist. Where both find a meaning the gist is kept:
    whenever the two differed over the wordings at hand, it was the grammar that had put a part in the wrong place.
    """
    try:
        said = strict(sentence, view)
    except OutOfScope as refusal:
        try:
            return gist(sentence, view)
        except OutOfScope:
            raise refusal from None
    try:
        return gist(sentence, view)
    except Vetoed:
        raise
    except OutOfScope:
        return said


def strict(sentence: str, view: View) -> Goal | Search:
    """The same by the grammar alone, which knows every word or refuses."""
    said = read(sentence)
    if either(said.all):
        raise OutOfScope(f"{sentence!r} leaves open which of the blocks is meant")
    for applies, meaning in FRAMES:
        if applies(said, view):
            return meaning(said, view)
    raise OutOfScope(f"{sentence!r} is no wish for blocks that is understood here")


def hides(said: Said, view: View) -> bool:
    """Something hidden is meant: it is called so, or lies under a block that plainly stands on something."""
    if said.has("hidden") or said.has("hides"):
        return True
    if not (said.has("bowl") or said.has("match")):
        return False
    if not said.order and any(under_a_block(said.all[i:]) for i, t in enumerate(said.all) if t.tag == "under"):
        return True
    if said.has("level", "bottom") and (said.has("tower") or said.has("pyramid") or said.has("layers")):
        return said.has("bowl")
    lower = [p.noun for c in said.clauses for p in c.phrases if p.preposition == "below" and p.noun is not None]
    return any(
        b.colour in noun.colours and not view.on_table(b) for noun in lower for b in view.blocks if said.has("bowl")
    )


def under_a_block(found: Sequence[Token]) -> bool:
    """What something is said to be under is a block, and not a bowl or a zone."""
    heads = [
        t.tag for t in found[1:6] if t.tag in ("block", "bowl", "zone", "pronoun", "rest", "put", "sep", "in", "to")
    ]
    return not heads or heads[0] not in ("bowl", "zone")


def either(found: Sequence[Token]) -> bool:
    """One block or another is meant, without saying which."""
    for i, token in enumerate(found):
        if token.tag == "sep" and token.text == "or":
            after = [t.tag for t in found[i + 1 :] if t.tag in ("colour", "size", "group", "block", "bowl", "zone")]
            if after[:1] in (["colour"], ["size"], ["block"]) and "block" in after[:3]:
                return True
    return False


def stacks(said: Said) -> bool:
    """Blocks are to stand on each other."""
    return said.has("stack") or said.has("tower") or said.has("each other") or bool(said.order)


def small_over_big(said: Said) -> bool:
    """Pairs of one colour, the small on the big; a colour that is named makes it something else."""
    plain = not (said.has("colour") or said.has("group") or said.has("area") or said.has("side"))
    return bool(said.order) and said.has("match", "same") and plain


FRAMES: Sequence[tuple[Callable[[Said, View], bool], Callable[[Said, View], Goal | Search]]] = (
    (hides, lambda said, view: search(said.all, view)),
    (lambda said, _: said.has("pyramid"), lambda said, view: patterns.pyramid(said.all, view)),
    (lambda said, _: said.has("even"), lambda said, view: patterns.even(said.all, view)),
    (
        lambda said, _: said.has("alternate") or patterns.by_turns(said.all),
        lambda said, view: patterns.alternating(said.all, view),
    ),
    (
        lambda said, _: small_over_big(said),
        lambda said, view: patterns.pairs(view, said.order, said.has("zone")),
    ),
    (
        lambda said, _: stacks(said),
        lambda said, view: towers.towers(said.all, said.clauses, said.order, view),
    ),
    (
        lambda said, view: towers.climbs(said.clauses, view),
        lambda said, view: towers.towers(said.all, said.clauses, said.order, view),
    ),
    (lambda said, _: bool(said.clauses), lambda said, view: placements.placements(said.all, said.clauses, view)),
)
"""What a sentence may be, the more particular first: whether it is that, and then what it means."""
