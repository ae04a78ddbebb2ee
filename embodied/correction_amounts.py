# ruff: noqa: E501 # a pattern reads best on one line
"""How much was meant: figures with units, number words, and vague words that the size of a thing makes exact."""

import re
from dataclasses import dataclass
from math import pi
from typing import Literal

from embodied.correction_words import Unclear

Measure = Literal["length", "angle", "speed", "force", "share", "vague", "bare"]

WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "ninety": 90, "hundred": 100, "half": 0.5, "couple": 2, "a couple": 2, "a half": 0.5, "a quarter": 0.25, "twenty five": 25, "forty five": 45,
    "one hundred": 100, "a hundred": 100, "one hundred and eighty": 180, "quarter": 0.25,
}  # fmt: skip
UNITS: dict[str, tuple[Measure, float]] = {
    r"mm|millimet(?:er|re)s?|mils?|millis?": ("length", 1e-3),
    r"cms?|centimet(?:er|re)s?|centis?": ("length", 1e-2),
    r"dm|decimet(?:er|re)s?": ("length", 0.1),
    r"inch(?:es)?": ("length", 0.0254),
    r"f(?:ee|oo)t": ("length", 0.3048),
    r"met(?:er|re)s?|m": ("length", 1.0),
    r"°|deg(?:ree)?s?": ("angle", pi / 180),
    r"rad(?:ian)?s?": ("angle", 1.0),
    r"newtons?|n": ("force", 1.0),
    r"percent|per cent|%": ("share", 0.01),
}
BIT = (
    r"(?:just )?(?:a |the )(?:(?:wee|tiny|teeny|small|little) )*(?:bit|touch|tad|smidge|smidgen|hair|fraction|nudge)"
    r"|(?:(?:wee|tiny|teeny|little) )*bit"
    r"|a (?:little|tiny)|slightly|somewhat|marginally|ever so|fractionally"
)
LOT = r"(?:quite )?a lot|much|way(?= (?:too|more|less|further|over|up|down|to|left|right|high|low|slow|fast|back|clos|soft)\w*)|considerably|significantly|quite a bit|a good (?:bit|deal)|a great deal|loads"

FIGURE = r"\d+(?:\.\d+)?|\.\d+"
NUMBER = rf"(?:{FIGURE}|{'|'.join(sorted(WORDS, key=len, reverse=True))})"
UNIT = "|".join(UNITS)
AMOUNT = re.compile(
    rf"(?<![\w.-])(?P<number>{NUMBER})(?: (?P<half>and a half))?(?: (?:an|a|of an|of a|of)(?= ))?(?: |(?<=[\d.]))(?P<unit>{UNIT})(?!\w)"
    rf"(?P<rate> ?(?:/|per|a|an|each) ?(?:s|sec|second)s?(?!\w))?"
    rf"|(?P<bare>(?<![\w.-])(?:{FIGURE})(?![\w.%°]))|(?P<lot>\b(?:{LOT})\b)|(?P<bit>\b(?:{BIT})\b)"
)
SHARES = {"bit": 0.1, "plain": 0.2, "lot": 0.4}
"""Of a thing's longest edge."""
LIMITS = {"bit": (0.005, 0.03), "plain": (0.01, 0.06), "lot": (0.02, 0.12)}
"""Least and greatest length [m] that a vague word comes to."""
ANGLES = {"bit": 5, "plain": 15, "lot": 30}
"""Degrees that a vague word comes to."""


@dataclass(frozen=True)
class Amount:
    """So much: [m], [rad], [m/s], [N], or a share; of a vague one, `words` is "bit", "plain" or "lot"."""

    measure: Measure
    value: float = 0.0
    words: str = ""

    def length(self, edge: float) -> float:
        """Metres, whole millimetres where vague, for a thing of that longest edge [m]."""
        if self.measure == "length":
            return self.value
        low, high = LIMITS[self.words]
        return round(min(max(SHARES[self.words] * edge, low), high), 3)

    def angle(self) -> float:
        """Radians."""
        return self.value if self.measure == "angle" else ANGLES[self.words] * pi / 180


PLAIN = Amount("vague", words="plain")
MOST = 12
"""Amounts of one utterance."""
LETTER: dict[Measure, str] = {
    "length": "L", "angle": "A", "speed": "S", "force": "F", "share": "P", "vague": "V", "bare": "N",
}  # fmt: skip


def amounts(text: str) -> tuple[str, list[Amount]]:
    """The text with "#L0" for its first amount if that is a length, and so on, and the amounts; Unclear for many."""
    found: list[Amount] = []
    if (many := sum(1 for _ in AMOUNT.finditer(text))) > MOST:
        raise Unclear(f"Those are {many} amounts at once; which one?")

    def replace(match: re.Match[str]) -> str:
        found.append(meant(match))
        return f" #{LETTER[found[-1].measure]}{len(found) - 1} "

    return " ".join(AMOUNT.sub(replace, text).split()), found


def meant(match: re.Match[str]) -> Amount:
    """One amount."""
    if match["bit"]:
        return Amount("vague", words="bit")
    if match["lot"]:
        return Amount("vague", words="lot")
    if match["bare"]:
        return Amount("bare", float(match["bare"]))
    number = WORDS[match["number"]] if match["number"] in WORDS else float(match["number"])
    number += 0.5 if match["half"] else 0.0
    measure, scale = next(value for unit, value in UNITS.items() if re.fullmatch(unit, match["unit"]))
    if match["rate"]:
        measure = "speed" if measure == "length" else measure
    return Amount(measure, round(number * scale, 9), match[0].strip())
