"""The sentences that the embedded judge understands, and a named refusal of every other one.

A wish on the tabletop is a predicate over one block and one target; the wish of dressing is read by
`sentences_dressing`. What is not certain to be such a wish is refused: a judge that guesses what "away from" might
mean is confidently wrong.
"""

import re
from dataclasses import dataclass
from typing import Literal

from rewards import sentences_dressing as dressing
from rewards.politeness import ORDER, POLITE, THAT, WANT, words

COLOURS = ("blue", "orange", "green", "purple")
Predicate = Literal["in-bowl", "in-zone", "on", "dressed"]
PREDICATES: tuple[Predicate, ...] = ("in-bowl", "in-zone", "on")
"""Of the tabletop."""

World = Literal["tabletop", "dressing"]
SPELLING = {"color": "colour", "colored": "coloured", "cube": "block", "cube's": "block's"}
WORD = re.compile(r"[^\s,.!;:\"“”]+")

COLOUR, HUE = "|".join(COLOURS), "(?:colour|coloured)"
THE = r"(?:the|that|this|a(?! orange)|an(?= orange))"
BLOCK = rf"(?:(?:the|that|this)|{THE} (?P<block>{COLOUR})(?: {HUE})?) block"  # "a block" would be any of them
OWN = (
    r"of (?:its|the block's) (?:own )?colour|of the same colour(?: as (?:it|the block|itself))?"
    r"|with (?:its own|the same) colour(?: as (?:it|the block|itself))?|in (?:its own|the same) colour"
    r"|(?:with (?:a|the)|of(?: the)?) matching colour"
    r"|that has (?:its(?: own)?|the same) colour(?: as (?:it|the block))?"
    r"|(?:that matches|matching) (?:it|its colour|the block|the block's colour)|that matches(?: in colour)?"
)


def _target(noun: str) -> str:
    named = rf"{THE} (?P<target>{COLOUR}) (?:{HUE} )?{noun}|the {noun} that is (?P<target_is>{COLOUR})"
    matching = rf"(?:the|a|its) (?:matching|matching colour|same {HUE}) {noun}|its own {noun}"
    return rf"(?:{named}|{matching}|(?:the|a) {noun} (?:{OWN}))"


DONE, BE = r"(?:put|placed)", r"(?:be|be put|be placed|end up)"
IS = rf"(?:is|lies|sits|rests|ends up|belongs|(?:should|must|is to) {BE})"
WISHES = (
    f"(?:{WANT} |have )?{BLOCK}",
    f"(?:{WANT}|have) {BLOCK} {DONE}",
    f"{WANT} {BLOCK} to {BE}",
    f"(?:have|let) {BLOCK} {BE}",
    f"{THAT}{BLOCK} {IS}",
)


def _forms(put: str, at: str, move: str, to: str, it: str, target: str) -> tuple[re.Pattern[str], ...]:
    """Who moves says where to: "take the block in the bowl" may be about a block that lies there already."""
    orders = (f"{ORDER}(?:{put}) {BLOCK} (?:{at})", f"{ORDER}(?:{move}) {BLOCK} (?:{to})")
    lets = f"let {BLOCK} (?:drop|slide) (?:{to})"
    holds = re.compile(f"{THAT}{target} (?:should|must) have {BLOCK} (?:{it}) it")
    wishes = (f"{wish} (?:{at})" for wish in WISHES)
    return (*(re.compile(f"{form} {target}") for form in (*orders, lets, *wishes)), holds)


PUT, CARRY = "put|place|set|lay|drop", "move|bring|get|carry|deliver|transfer|take"
BASE = rf"(?:{THE} (?P<target>{COLOUR}) (?:{HUE} )?(?:block|one)|the (?:block|one) that is (?P<target_is>{COLOUR}))"
TOP = "onto|(?:on|onto) (?:the )?top of"
FORMS: dict[Predicate, tuple[re.Pattern[str], ...]] = {
    "in-bowl": _forms(PUT, "in|into|inside|inside of", CARRY, "into", "in|inside", _target("bowl")),
    "in-zone": _forms(
        PUT,
        "in|into|inside|inside of|on|onto",
        f"push|slide|shove|nudge|sweep|{CARRY}",
        "into|onto|to",
        "in|inside|on",
        _target("(?:zone|square|area)"),
    ),
    "on": _forms("stack|put|place|set|lay", f"on|atop|{TOP}", "move|bring|get", TOP, "on|on top of", BASE),
}
KNOWN = words(POLITE, *(form for forms in FORMS.values() for form in forms))
EXAMPLES = (
    "put the blue block in the orange bowl",
    "put the block into the bowl of its own colour",
    "push the green block into the purple zone",
    "stack the orange block on the blue block",
)


class OutOfScope(ValueError):
    """A sentence, camera or world that the judge was not trained for; it says which part, and what it knows."""


@dataclass(frozen=True)
class Meaning:
    """What is wished. No colour of the block: the one block there is; no colour of the target: the block's own.

    Of "dressed" there are no colours, but it may name the garment.
    """

    predicate: Predicate
    block: str | None = None
    target: str | None = None
    garment: str | None = None

    @property
    def world(self) -> World:
        """Where it can come true."""
        return "dressing" if self.predicate == "dressed" else "tabletop"

    def codes(self) -> tuple[int, int, int]:
        """As the tabletop's network takes it."""
        colour = (-1 if name is None else COLOURS.index(name) for name in (self.block, self.target))
        return (PREDICATES.index(self.predicate), *colour)  # type: ignore[return-value] # two colours


def understand(sentence: str) -> Meaning:
    """What a sentence wishes; OutOfScope names the words, or the part, that the judge was not trained on."""
    said = " ".join(sentence.lower().replace("-", " ").replace("\u2019", "'").split()).strip(' .!"“”')
    text = WORD.sub(lambda word: SPELLING.get(word[0], word[0]), said)
    said_words = WORD.findall(text)
    worn = dressing.concerns(said_words)
    known, may = (dressing.KNOWN, knows("dressing")) if worn else (KNOWN, knows())
    if strange := [word for word in dict.fromkeys(said_words) if word not in known]:
        raise OutOfScope(
            f"the judge was not trained on the word{'s' * (len(strange) > 1)} {', '.join(map(repr, strange))} "
            f"of {sentence!r}; {may}"
        )
    wish = POLITE.sub(r"\1", text)
    if worn:
        if (garment := dressing.wished(wish)) is None:
            raise OutOfScope(f"the judge cannot read {sentence!r} as a wish for a sleeve on the right arm; {may}")
        return Meaning("dressed", garment=garment or None)
    for predicate, forms in FORMS.items():
        for form in forms:
            if found := form.fullmatch(wish):
                named = found.groupdict()
                return checked(Meaning(predicate, named["block"], named["target"] or named["target_is"]), sentence)
    raise OutOfScope(f"the judge cannot read {sentence!r} as a wish for one block and one target; {knows()}")


def checked(meaning: Meaning, sentence: str) -> Meaning:
    """The meaning, unless it cannot be."""
    if meaning.predicate == "on" and meaning.block is None:
        raise OutOfScope(f"{sentence!r} does not say which of the blocks; {knows()}")
    if meaning.predicate == "on" and meaning.block == meaning.target:
        raise OutOfScope(f"{sentence!r} contradicts itself: no block stands on itself; {knows()}")
    return meaning


def knows(world: World = "tabletop") -> str:
    """What may be said instead."""
    if world == "dressing":
        names = ", ".join(dressing.GARMENTS)
        return f"of garments it knows {names}, and sentences such as {'; '.join(map(repr, dressing.EXAMPLES))}"
    return f"it knows the colours {', '.join(COLOURS)} and sentences such as {'; '.join(map(repr, EXAMPLES))}"
