"""The sentences about dressing that the embedded judge understands: one sleeve, over the right arm, to the shoulder.

What names no end means the shoulder. Half a way ("to the elbow"), the way back, the other arm, the head and whole
clothes for a whole person are not this wish, and not understood.
"""

import re

from rewards.politeness import ORDER, POLITE, THAT, WANT, words

GARMENTS = ("gown", "jacket", "knit")
NAMED = rf"(?:{'|'.join(GARMENTS)})"
CLOTHES = rf"(?:garment|(?P<garment>{NAMED}))"
THE = r"(?:the|this|that)"
SLEEVE = (
    rf"(?:(?:the|this|that|a|one) (?:right )?sleeve(?: (?:of|from) {THE} {CLOTHES})?"
    rf"|{THE} (?P<garment_s>garment|{NAMED})(?:'s)? (?:right )?sleeve)"
)
WORN = rf"(?:{SLEEVE}|(?:the|this|that|a) (?P<garment_is>garment|{NAMED}))"  # where the arm is named as well
PERSON = r"(?:(?:the|this|that) (?:person|patient|user|human)|(?:him|her|them))"
WHOSE = r"(?:(?:the|this|that) (?:person|patient|user|human)'s|his|her|their)"
LIMB = rf"(?:(?:{WHOSE}|the|this|that) (?:right )?arm(?: of {PERSON})?)"
SHOULDER = rf"(?:(?:{WHOSE}|the) (?:right )?shoulder(?: of {PERSON})?)"
UP = rf"(?:(?:right |all the way )?up to|all the way to|to|as far (?:up )?as|until it (?:reaches|is at)) {SHOULDER}"
END = rf"(?:,? {UP})?"
PULL = "pull|draw|slide|slip|bring|guide|work|tug"
DONE = "pulled|drawn|slid|slipped|brought|put|placed"
IS = rf"(?:is|goes|belongs|ends up|(?:should|must|is to) (?:be|go|end up|be (?:{DONE})))"
ON = "on|over|onto|up"
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{ORDER}(?:{PULL}|put|get|place) {SLEEVE} (?:up )?(?:over|onto) {LIMB}{END}",
        rf"{ORDER}(?:{PULL}|put|get|place) {WORN} (?:on|on to|over|onto|up) {LIMB}{END}",
        rf"{ORDER}(?:{PULL}|move|get) {SLEEVE},? {UP}",
        rf"{ORDER}(?:{PULL}|move|get) {SLEEVE} (?:up|along|up along) {LIMB},? {UP}",
        rf"{ORDER}(?:put|get|pull) {SLEEVE} on(?:to)? {PERSON}{END}",
        rf"{ORDER}(?:dress|clothe) {LIMB}(?: (?:in|with) {WORN})?{END}",
        rf"{ORDER}(?:cover) {LIMB} with {WORN}{END}",
        rf"{ORDER}(?:help|get) {PERSON} (?:to )?(?:get )?into {SLEEVE}{END}",
        rf"{ORDER}help {PERSON} (?:to )?(?:put|pull|get) on {SLEEVE}{END}",
        rf"{ORDER}help {PERSON} (?:to )?(?:put|pull|get) {SLEEVE} on{END}",
        rf"{ORDER}help {PERSON} (?:to )?(?:put|pull|get) {SLEEVE} (?:on|over|onto) {LIMB}{END}",
        rf"{ORDER}help {PERSON} (?:to )?(?:put|get) {LIMB} (?:in|into|through) {WORN}{END}",
        rf"{ORDER}help {LIMB} (?:get )?into {SLEEVE}{END}",
        rf"{ORDER}(?:put|get|guide|bring|slip) {LIMB} (?:into|through|in) {SLEEVE}{END}",
        rf"(?:{THAT}){SLEEVE} {IS} (?:{ON}) {LIMB}{END}",
        rf"(?:{THAT}){SLEEVE} (?:covers|(?:should|must) cover) {LIMB}{END}",
        rf"(?:{THAT}){SLEEVE} (?:reaches|(?:should|must) reach) {SHOULDER}",
        rf"(?:{THAT}){SLEEVE} (?:should|must) (?:be|end up|be (?:{DONE}))(?: up)? (?:at|to) {SHOULDER}",
        rf"(?:{THAT}){LIMB} (?:is|ends up|(?:should|must|is to) (?:be|end up)) (?:in|inside|inside of) {WORN}{END}",
        rf"(?:{THAT}){LIMB} (?:is|(?:should|must|is to) be) (?:covered by|covered with|dressed in) {WORN}{END}",
        rf"(?:{THAT}){LIMB} (?:is|(?:should|must|is to) be) dressed{END}",
        rf"(?:{WANT}|have) {SLEEVE} (?:(?:{DONE}) )?(?:{ON}) {LIMB}{END}",
        rf"{WANT} {SLEEVE} to (?:be|go|end up|be (?:{DONE})) (?:{ON}) {LIMB}{END}",
        rf"(?:{WANT}|have) {LIMB} (?:in|inside|dressed in) {WORN}{END}",
        rf"(?:{WANT}|have) {LIMB} dressed{END}",
    )
)
KNOWN = words(POLITE, *FORMS) | {f"{name}'s" for name in (*GARMENTS, "garment", "person", "patient", "user", "human")}
ABOUT = frozenset(
    {"sleeve", "sleeves", "garment", *GARMENTS, "arm", "arms", "shoulder", "dress", "undress", "person", "patient"}
)
"""A sentence with one of these words is about dressing, not about the tabletop."""

EXAMPLES = (
    "pull the sleeve of the gown over the person's arm, up to the shoulder",
    "put the jacket's sleeve on the arm",
    "help the person into the sleeve",
    "dress the person's right arm up to the shoulder",
)


def concerns(said: list[str]) -> bool:
    """Whether these words are about dressing."""
    return any(word.removesuffix("'s") in ABOUT for word in said)


def wished(wish: str) -> str | None:
    """The garment that a wish names, "" if none; None if it is no wish that is understood."""
    for form in FORMS:
        if found := form.fullmatch(wish):
            named = {name for name in found.groupdict().values() if name in GARMENTS}
            return named.pop() if len(named) == 1 else "" if not named else None
    return None
