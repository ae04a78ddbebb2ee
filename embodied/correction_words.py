# ruff: noqa: E501, RUF001 # a pattern reads best on one line; the marks that are replaced look alike
"""Clean words from what was typed: one spelling, no typographic quotes, typos of known words mended.

Whatever cannot be taken as a sentence at all (nothing, code, another script, an essay) raises `Unclear`.
"""

import re
import unicodedata
from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches

LONGEST = 500
"""Characters of an utterance that are read."""
MENDED = 3
"""Unknown words up to which typos are looked for; more are another language, or no words."""
ALIKE = 0.84
"""Least likeness of a typo to the one word that it stands for."""
EXAMPLES = "say for instance '2 cm to the left', 'slower', 'by the handle' or 'the glasses last'"


class Unclear(ValueError):
    """What was said has no single meaning. `options` are clearer wordings, each of which can be read."""

    def __init__(self, question: str, options: tuple[str, ...] = ()) -> None:
        super().__init__(question)
        self.question = question
        self.options = options


SPELLINGS = tuple((re.compile(rf"\b(?:{pattern})(?!\w)"), new) for pattern, new in (
    (r"(?:do|does|must|should|can|could|would|will|did|need)(?: not|n't|nt)|cannot|cant|dont|donot", "not"),
    (r"(?:is|are|was|were)n't", "is not"), (r"never mind", "not mind"), (r"never ever|never", "not ever"),
    (r"(it|that|he|she|there|what|here)'s", r"\1 is"), (r"(you|they|we)'re", r"\1 are"), (r"i'm", "i am"),
    (r"(i|you|we|they)'(?:d|ll|ve)", r"\1"), (r"let's", "lets"), (r"all right", "alright"), (r"ok", "okay"),
    (r"(?:anti|counter) ?clockwise|ccw", "counterclockwise"), (r"cw", "clockwise"),
    (r"half ?way", "halfway"), (r"cent(?:er|re)", "middle"), (r"(?:there is )?no need(?: for (?:it|that))? to", "not need to"), (r"(?:needs?|have|has) not to|not have to", "not need to"), (r"up ?right", "upright"), (r"(?:pick|picking|lift) it up", "pick it"),
    (r"towards", "toward"), (r"farther", "further"), (r"(left|right|up|down|for|back|in|out)wards", r"\1ward"),
    (r"leftward", "left"), (r"rightward", "right"), (r"upward", "up"), (r"downward", "down"),
    (r"backward", "back"), (r"inward", "in"), (r"outward", "out"),
    (r"stop (?!moving|everything)(\w+ing)", r"not \1"), (r"(?:avoid|without|no) (\w+ing)", r"not \1"),
    (r"person'?s", "persons"), (r"human", "person"), (r"yep|yeah|yup|aye", "yes"), (r"nope|nah", "no"),
))  # fmt: skip

CODE = re.compile(r"[{}\[\]()<>=_\\$#@*|~^]|\bimport \w+$|\w\.\w+\.|https?:|```")


def normalised(text: str) -> str:
    """Lower-case English words, figures and punctuation, single spaces; Unclear where it is no such sentence."""
    if len(text) > LONGEST:
        raise Unclear(f"That is {len(text)} characters long, and I read {LONGEST}; what is it in one sentence?")
    text = unicodedata.normalize("NFKC", text).casefold()
    for marks, plain in (("‘’´`", "'"), ("“”„", '"'), ("–—‐‑−", "-"), ("…", "."), ("⁄", "/")):
        text = re.sub(f"[{marks}]", plain, text)
    text = re.sub(r"(?<=\d),(?=\d)", ".", text).replace("&", " and ")
    if not re.search(r"\w", text):
        raise Unclear(f"I heard nothing; {EXAMPLES}.")
    if CODE.search(text):
        raise Unclear(f"I take sentences, no code; {EXAMPLES}.")
    if re.search(r"[^\x00-\x7f°]", text):
        raise Unclear(f"I understand English only; {EXAMPLES}.")
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    text = re.sub(r"(?<=\d)\s*\"", " inch", text).replace('"', " ")
    text = re.sub(r"\s+-+\s+|:|;", ", ", text)
    text = " ".join(text.split())
    for pattern, new in SPELLINGS:
        text = pattern.sub(new, text)
    return " ".join(text.replace("'", " ").split())


def mended(text: str, known: Collection[str]) -> tuple[str, bool]:
    """The text with typos of known words of five letters or more put right, and whether there were any."""
    odd = {word for word in re.findall(r"[a-z]+", text) if len(word) >= 5 and word not in known}
    if not odd or len(odd) > MENDED:
        return text, False
    right = {word: meant for word in odd if (meant := likeliest(word, known))}
    return re.sub(r"[a-z]+", lambda found: right.get(found[0], found[0]), text), bool(right)


def likeliest(word: str, known: Collection[str]) -> str:
    """The known word that begins like it and is much like it, or has its letters in another order; "" for none, or
    for several that begin differently. "Lighten" is no "tighten"."""
    near = [
        w
        for w in known
        if abs(len(w) - len(word)) <= 1 and len(w) >= 4 and (w[0] == word[0] or sorted(w) == sorted(word))
    ]
    close = [
        other
        for other in get_close_matches(word, near, n=4, cutoff=0.78)
        if sorted(other) == sorted(word) or SequenceMatcher(None, other, word).ratio() >= ALIKE
    ]
    return close[0] if len({other[:6] for other in close}) == 1 else ""
