"""The words of the tabletop: a sentence as tokens that carry a meaning each, and a refusal of words it does not know.

Rules are tried in order at every place of the sentence, longer phrases first; what only makes a sentence polite or
grammatical is dropped.
"""

import re
from dataclasses import dataclass, replace

from embodied.pursuit import PlannerFailed
from policies.vocabulary import FILLER, HEDGES, RULES

GROUPS = {
    "cool": ("blue", "green", "cyan", "purple", "navy", "lime"),
    "warm": ("red", "orange", "yellow", "pink", "maroon"),
    "primary": ("blue", "red", "yellow"),
    "secondary": ("orange", "green", "purple"),
}


class OutOfScope(PlannerFailed):
    """A sentence that is not understood for certain, or that names what is not there; it says which part."""


@dataclass(frozen=True)
class Token:
    """One unit of meaning: its tag ("colour"), its value ("red"), whether it was plural, and the words."""

    tag: str
    value: str = ""
    plural: bool = False
    text: str = ""


SPELLING = {
    "color": "colour", "colors": "colour", "colours": "colour", "hue": "colour", "hues": "colour", "shade": "colour",
    "shades": "colour", "tone": "colour", "tones": "colour", "colored": "coloured", "grey": "gray", "center": "middle",
    "centre": "middle", "central": "middle", "toned": "coloured", "hued": "coloured", "it's": "its", "atop": "on",
    "onto": "on", "upon": "on", "colouring": "colour", "coloring": "colour", "coloration": "colour",
}  # fmt: skip


POSSESSIVE = re.compile(
    r"(?:(?:on|to|at|in) )?the ((?:\w+[ -]){1,3}?)(block|cube|brick|one)'s (left|right|top|bottom)"
    r"(?:[ -]hand)?(?: side)?\b"
)


def normalised(sentence: str) -> str:
    """Lower case, British, no hyphens, punctuation as words of its own."""
    text = (
        sentence.lower()
        .replace("\u2019", "'")
        .replace("that's", "that is")
        .replace("\u2014", " , ")
        .replace("\u2013", " , ")
    )
    text = re.sub(r"[-\"\u201c\u201d()\[\]*_/]", " ", text)
    text = re.sub(r"\b(pyramid|tower|stack|pile|table|robot|zone|bowl|colour|color)s?'s?(?= |$)", r"\1", text)
    text = POSSESSIVE.sub(r"to the \3 of the \1\2", text)
    text = re.sub(r"([,.;:!?])", r" \1 ", text)
    return " ".join(SPELLING.get(word, word) for word in text.split())


COMPILED = tuple((tag, value, re.compile(rf"(?:{pattern})(?= |$)")) for tag, value, pattern in RULES)
HEAD = re.compile(r" (?:bowl|dish|container|zone|square|patch|area|region|pad|mat|block|cube|brick|one)(?:s|es)?\b")
INTO = re.compile(r"(?:in|into|to|on)\b")
ARTICLE = re.compile(r"\b(?:the|that|this|a|an) $")
PLURAL = re.compile(r"\b(?:\w+s|everything|boxes)$")


def tokens(sentence: str) -> tuple[Token, ...]:
    """A sentence as tokens; OutOfScope names a word that is not known."""
    text, found = normalised(sentence), []
    at = 0
    while at < len(text):
        token, at = next_token(text, at)
        if token is None:
            end = text.find(" ", at)
            word = text[at : end if end >= 0 else None]
            if word not in FILLER and (word in HEDGES or not re.fullmatch(r"[a-z]+ly", word)):
                raise OutOfScope(f"the word {word!r} of {sentence!r} is not known; say it in other words")
            at += len(word)
        elif token.tag:
            bare = not ARTICLE.search(text[: at - len(token.text)])
            found += spelled(token, found, bare, text[at:])
        at += text[at : at + 1] == " "
    if not found:
        raise OutOfScope(f"{sentence!r} says nothing")
    return tuple(found)


def spelled(token: Token, before: list[Token], bare: bool, after: str) -> tuple[Token, ...]:
    """A token as it is meant there: "in the same-coloured bowl" says where to, "put block in" means them all."""
    if token.tag in ("match", "group") and HEAD.match(after) and (to := INTO.match(token.text)):
        return Token("to", text=to[0]), token
    if token.tag == "block" and bare and before and before[-1].tag == "area":
        return token, before.pop()
    if token.tag == "block" and not token.plural and before and before[-1].tag in ("put", "stack", "sort") and bare:
        return (replace(token, plural=True),)
    return (token,)


def next_token(text: str, at: int) -> tuple[Token | None, int]:
    """The token that starts at a place, and where it ends; None where no rule fits."""
    for tag, value, pattern in COMPILED:
        if (match := pattern.match(text, at)) and match.end() > at:
            words = match[0].strip()
            return Token(tag, value, bool(PLURAL.search(words)), words), match.end()
    return None, at
