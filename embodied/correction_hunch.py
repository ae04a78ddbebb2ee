"""A hunch of what somebody meant, where neither the grammar nor the gist knows the words.

A linear classifier over hashed words and pieces of words says which of some fifty plain sentences the utterance is
nearest to; the sentence, not the guess, is then read by the grammar, so that nothing can come of a hunch that could
not have been said. A sure hunch counts; of others it is asked which was meant. Trained by `benchmarks/hunch.py` on
wordings by several authors; the card beside the weights says how well it does on an author it has not read.
"""

import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from embodied.correction_amounts import Amount, amounts
from embodied.correction_gist import SETTLED, gist, scope
from embodied.correction_gist_clauses import Heard, digits, hear
from embodied.correction_grammar import parse
from embodied.correction_reading import Reading
from embodied.correction_references import Spoken, things
from embodied.correction_words import Unclear, normalised
from embodied.corrections import Correction, Moment, Option

WEIGHTS = Path(__file__).with_name("hunch.safetensors")
CONFIDENCE = 0.6
"""Of a sure hunch."""
SURE, IDLE, FAINT, POSSIBLE = 0.7, 0.25, 0.15, 0.1
"""Of those sentences that fit the moment: probability from which one counts, from which nothing was meant if that is
likeliest, from which the likeliest is worth a question, and from which another is offered beside it."""
NOTHING = frozenset({"praise", "chatter", "never"})
"""Meanings that change nothing."""
OPEN = re.compile(r"^(?:I do not (?:know|understand)|I did not understand all|What shall I do)")
"""Questions of the strict reader that say no more than that it did not understand."""
AIMED = re.compile(r"^with the |\b(?:hook|middle)\b")
DENIED = re.compile(
    r"\b(?:no|not|never|nor|off|without|unless|except|instead|rather|but|if|or|\w+n['’]?t|cant|dont)\b|\?"  # noqa: RUF001 # typographic
)
"""Words that may turn a sentence round, which a hunch does not see; then it is asked."""
WEIGHED, ASKED, LONGEST = 12, 3, 300
"""Meanings that are weighed against each other, and offered at most; characters from which on none is guessed."""

PLAIN: dict[str, tuple[str, ...]] = {
    "part:handle": ("hold it by the handle", "hold it by the knob", "hold it by the grip"),
    "part:blade": ("hold it by the blade", "hold it by the tip"),
    "part:grip": ("hold it by the grip", "hold it by the handle"),
    "part:rim": ("hold it by the rim",),
    "part:body": ("hold it by the wall", "hold it by the body", "hold it by its side"),
    "part:base": ("hold it by the base", "hold it by the bottom"),
    "approach:side": ("take it from the side",),
    "approach:above": ("take it from above",),
    "turn:left": ("with the handle to the left", "with the grip to the left"),
    "turn:right": ("with the handle to the right", "with the grip to the right"),
    "turn:me": ("with the handle toward me", "with the grip toward me"),
    "turn:away": ("with the handle pointing away", "with the grip pointing away"),
    "distance:n": ("open it {length}",),
    "distance:more": ("open it further",),
    "distance:less": ("not so far open",),
    "height:more": ("carry it higher",),
    "height:less": ("carry it lower",),
    "height:n": ("carry it {length} high",),
    "speed:less": ("slower",),
    "speed:more": ("faster",),
    "force:less": ("hold it more gently",),
    "force:more": ("hold it more firmly",),
    "upright": ("keep it upright",),
    "clear:person": ("not over my head",),
    "clear:thing": ("keep clear of {thing}",),
    "hook:left": ("on the left hook",),
    "hook:right": ("on the right hook",),
    "hook:middle": ("on the middle hook",),
    "centre": (),  # told apart from the others; no plain sentence says it alone
    "offset:left": ("{amount} to the left",),
    "offset:right": ("{amount} to the right",),
    "offset:back": ("{amount} back",),
    "offset:front": ("{amount} forward",),
    "last": ("{thing} last",),
    "first": ("{thing} first",),
    "order": ("{thing} before {other}",),
    "skip": ("do not touch {thing}",),
    "elsewhere": ("put it on {thing}", "put it in {thing}"),
    "instead": ("take {thing} instead",),
    "stop": ("stop",),
    "goon": ("carry on",),
    "undo": ("take that back",),
    "retry": ("try again",),
}
"""Meaning -> plain sentences for it, of which the first that the moment allows is read."""
HANDLING = ("pick", "place", "hang", "hand over")
VERBS: dict[str, tuple[str, ...]] = {
    "approach": HANDLING, "turn": HANDLING[1:], "distance": ("open",), "height": HANDLING[1:], "hook": ("hang",),
    "force": (*HANDLING, "open", "close"), "upright": HANDLING[1:], "centre": ("place",), "offset": HANDLING[:2],
    "part": (*HANDLING, "open", "close"), "elsewhere": HANDLING, "instead": HANDLING,
}  # fmt: skip
"""What must be going on for a meaning, by how its name begins; any act for the others."""
DOUBTFUL = frozenset({
    "offset:back", "offset:front", "order", "instead", "goon", "undo", "retry", "speed:more", "force:more",
})  # fmt: skip
"""Asked about however sure: meanings whose slots a hunch cannot fill, that begin a motion, or make it wilder."""


ONWARDS = Option(text="carry on", means=Correction(text="carry on", intent="go on"))


@dataclass(frozen=True)
class Hunch:
    """A meaning that the moment allows, and the plain sentences for it; none of what changes nothing."""

    meaning: str
    probability: float
    sentences: tuple[str, ...] = ()


def guessed(strict: Correction, moment: Moment) -> Correction:
    """The sure hunch of an utterance that was not understood, or a question with the likely ones; else as it was."""
    if strict.intent != "unclear" or len(strict.text) > LONGEST or SETTLED.search(strict.question):
        return strict
    heard = overheard(strict.text, moment)
    hunches = hunch(strict.text, moment, heard)
    likely = [each for each in hunches if each.sentences and each.probability >= POSSIBLE][:ASKED]
    if (
        not likely
        or likely[0].probability < FAINT
        or (hunches[0].meaning in NOTHING and hunches[0].probability >= IDLE)
    ):
        return strict
    found = (realised(each, strict.text, heard, moment) for each in likely)
    options = list({option.text: option for option in found if option}.values())
    if options and options[0].text in likely[0].sentences and certain(likely[0], strict):
        return options[0].means
    return offered(strict, options) if options else strict


def certain(best: Hunch, strict: Correction) -> bool:
    """Whether a hunch counts without a question: likely enough, of filled slots, and no "not" it may have missed."""
    turned = DENIED.search(strict.text.casefold()) or not OPEN.search(strict.question)
    return best.probability >= SURE and best.meaning not in DOUBTFUL and not turned


def offered(strict: Correction, options: Sequence[Option]) -> Correction:
    """A question with these meanings, and to carry on where there is just one."""
    offers = tuple(options) if len(options) > 1 else (*options, ONWARDS)
    first = re.split(r"(?<=[.?!]) ", strict.question)[0]
    question = f"{first} Do you mean: {'; or '.join(option.text for option in offers)}?"
    return Correction(text=strict.text, intent="unclear", confidence=0.3, question=question, options=offers)


def hunch(text: str, moment: Moment, heard: Heard | None = None) -> list[Hunch]:
    """What an utterance may mean in a moment, likeliest first; probabilities add up to 1 over all that it may mean.

    `heard` are its clauses, where they are known already.
    """
    if moment.act is None or moment.act.object not in moment.around:
        return []
    try:
        slots = Slots.of(text, moment) if heard is None else Slots.told(heard.amounts, heard.things)
    except Unclear:
        return []
    names, logits = scores(text)
    parts, act = moment.around[moment.act.object].parts, moment.act
    allowed: list[tuple[float, str, tuple[str, ...]]] = []
    for index in np.argsort(-logits).tolist():
        name, logit = names[index], float(logits[index])
        verbs = next((some for start, some in VERBS.items() if name.startswith(start)), None)
        if verbs is not None and act.verb not in verbs:
            continue
        kept = [plain for sentence in PLAIN.get(name, ()) if (plain := slots.filled(sentence, act.object))]
        if name.startswith(("part:", "turn:")):
            kept = [plain for plain in kept if any(f" {part}" in f" {plain} " for part in parts)]
        if kept or name in NOTHING:
            allowed.append((logit, name, tuple(kept)))
        if len(allowed) == WEIGHED:
            break
    weight = np.exp(np.array([logit for logit, *_ in allowed]) - max(logit for logit, *_ in allowed))
    found = zip((weight / weight.sum()).tolist(), allowed, strict=True)
    return sorted((Hunch(name, share, kept) for share, (_, name, kept) in found), key=lambda each: -each.probability)


@dataclass(frozen=True)
class Slots:
    """What an utterance names: its amounts, and its things in plain words."""

    amounts: tuple[Amount, ...]
    things: tuple[str, ...]

    @classmethod
    def of(cls, text: str, moment: Moment) -> "Slots":
        """Unclear where it is no sentence."""
        clean, found = amounts(digits(normalised(text)))
        _, spoken = things(clean, moment)
        return cls.told(found, spoken)

    @classmethod
    def told(cls, found: Sequence[Amount], spoken: Sequence[tuple[Spoken, ...]]) -> "Slots":
        """Of amounts and things that were found already."""
        named = (each.words for some in spoken for each in some if each.kind or each.attributes or each.name)
        return cls(tuple(found), tuple(dict.fromkeys(named)))

    def filled(self, sentence: str, handled: str) -> str | None:
        """A plain sentence with these in its slots; None where they do not fit, or a number would go unused."""
        measured = [each for each in self.amounts if each.measure != "vague"]
        takes = "{length}" in sentence or "{amount}" in sentence
        if len(measured) > takes or any(each.measure != "length" for each in measured):
            return None
        if "{length}" in sentence and not measured:
            return None
        length = f"{100 * measured[0].value:g} cm" if measured else "a bit"
        others = [words for words in self.things if words.removeprefix("the ") != handled]
        wanted = ("{thing}" in sentence) + ("{other}" in sentence)
        if wanted > len(others if wanted == 1 else self.things):
            return None
        chosen = (others if wanted == 1 else self.things)[:2]
        fill = {"length": length, "amount": length, "thing": "", "other": ""}
        fill |= dict(zip(("thing", "other"), map(articled, chosen), strict=False))
        return sentence.format(**fill)


def articled(words: str) -> str:
    """ "glass" -> "the glass"; what is generic stays so."""
    plain = re.sub(r"^(?:all|every|each|any|only|that|this|those|these|a|an|my|your|his|her) ", "", words)
    return plain if plain.startswith("the ") or plain.endswith("s") else f"the {plain}"


def realised(one: Hunch, text: str, heard: Heard | None, moment: Moment) -> Option | None:
    """The first plain sentence of a hunch that can be read in the moment, with what it comes to."""
    for sentence in one.sentences:
        read = plainly(sentence, moment)
        if read.intent != "unclear":
            return Option(text=sentence, means=scoped(read, text, heard, moment))
    return None


@lru_cache(maxsize=256)
def plainly(sentence: str, moment: Moment) -> Correction:
    """What the grammar or the gist makes of a plain sentence, the gist first of ends that point somewhere and hooks.

    The sentences are few, and people say more than one thing in a moment.
    """
    if AIMED.search(sentence) and (loose := gist(sentence, moment)):
        return loose
    strict = parse(sentence, moment, 1)
    return strict if strict.intent != "unclear" else gist(sentence, moment) or strict


def scoped(read: Correction, text: str, heard: Heard | None, moment: Moment) -> Correction:
    """The meaning under the words that were said, with as much reach as they give it."""
    meant = read.model_copy(update={"text": text, "confidence": CONFIDENCE, "options": ()})
    if read.intent not in ("adjust", "edit") or moment.act is None or heard is None:
        return meant
    reading = Reading(heard.text, moment, heard.amounts, heard.things, edits=list(read.edits))
    try:
        about, reach = scope(text, heard, reading, moment.around[moment.act.object])
    except Unclear:
        return meant
    return meant.model_copy(update={"about": about, "reach": reach})


def overheard(text: str, moment: Moment) -> Heard | None:
    """The clauses of an utterance, where it has any that can be told."""
    try:
        return hear(text, moment)
    except Unclear:
        return None


def scores(text: str) -> tuple[tuple[str, ...], Float32[np.ndarray, " k"]]:
    """The classifier's meanings and its logit of each."""
    table, bias, names = weights()
    rows = features(text, len(table))
    return names, table[rows].astype(np.float32).sum(0) * np.float32(max(1, len(rows)) ** -0.5) + bias


@cache
def weights() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The packaged table, its bias and the names of the meanings."""
    from safetensors import safe_open

    with safe_open(WEIGHTS, "numpy") as file:
        names: Mapping[str, str] = file.metadata()
        return file.get_tensor("table"), file.get_tensor("bias"), tuple(json.loads(names["meanings"]))


def features(text: str, size: int) -> Int64[np.ndarray, " n"]:
    """The rows of a table of so many that an utterance has: its words, pairs of them, and their pieces."""
    return np.array(sorted({zlib.crc32(piece.encode()) % size for piece in pieces(text)}), np.int64)


def pieces(text: str) -> Iterator[str]:
    """Words, words that follow each other at once or with one between, and runs of three to five letters."""
    plain = re.sub(r"\d+(?:[.,]\d+)?", "0", text.casefold().replace("’", "'"))  # noqa: RUF001 # typographic
    words = ["<", *re.findall(r"[a-z]+'?[a-z]*|0|[!?]", plain), ">"]
    yield from ("w" + word for word in words)
    yield from (f"b{a} {b}" for a, b in pairwise(words))
    yield from (f"s{a} {b}" for a, b in zip(words, words[2:], strict=False))
    for word in words:
        marked = f"_{word}_"
        yield from ("c" + marked[i : i + n] for n in (3, 4, 5) for i in range(len(marked) - n + 1))
