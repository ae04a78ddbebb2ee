# ruff: noqa: E501 # a pattern reads best on one line
"""What is spoken of: things by name, kind, attribute, size or side, "the other one", and parts of things."""

import re
from dataclasses import dataclass
from functools import lru_cache
from math import cos, sin

from embodied.correction_words import Unclear
from embodied.corrections import Moment, Ref
from embodied.situations import Entity

KINDS = {
    "mug": "cup beaker", "cup": "mug", "glass": "tumbler", "bowl": "dish", "plate": "dish", "spoon": "ladle",
    "fork": "", "knife": "", "scissors": "shears", "drawer": "", "cabinet": "drawer cupboard", "cupboard": "cabinet",
    "rack": "hook", "tray": "", "box": "block", "block": "brick cube", "cube": "block", "bottle": "", "can": "tin",
    "jar": "", "pot": "pan", "pan": "pot", "towel": "cloth", "head": "", "hand": "", "person": "", "arm": "sleeve",
    "table": "", "shelf": "", "sink": "", "basket": "bin", "bin": "basket", "door": "", "lid": "", "dish": "plate bowl",
    "tumbler": "glass", "hook": "rack", "ladle": "spoon", "shears": "scissors", "cloth": "towel", "sleeve": "arm",
    "vase": "", "kettle": "", "apple": "", "banana": "", "book": "", "pen": "", "phone": "", "laptop": "", "cutlery": "",
}  # fmt: skip
"""Kinds that have a word even where none is about, and other words that may be meant for the only one there is."""
PLURALS = {"knives": "knife", "glasses": "glass", "dishes": "dish", "boxes": "box", "scissors": "scissors",
           "shelves": "shelf", "people": "person", "shears": "shears"}  # fmt: skip
COLOURS = [
    "red",
    "blue",
    "green",
    "yellow",
    "orange",
    "purple",
    "pink",
    "white",
    "black",
    "grey",
    "gray",
    "brown",
    "cyan",
    "golden",
    "silver",
]
STATES = [
    "full",
    "empty",
    "hot",
    "cold",
    "warm",
    "fragile",
    "sharp",
    "large",
    "small",
    "big",
    "little",
    "tall",
    "short",
    "long",
    "wide",
    "heavy",
    "light",
    "wet",
    "dirty",
    "clean",
    "breakable",
    "delicate",
    "filled",
    "huge",
    "tiny",
    "boiling",
    "soft",
    "hard",
    "metal",
    "wooden",
    "plastic",
    "glassy",
]
SAME = {"big": "large", "huge": "large", "little": "small", "tiny": "small", "gray": "grey", "filled": "full",
        "boiling": "hot", "breakable": "fragile", "delicate": "fragile"}  # fmt: skip
EXTREMES = {"large": 1, "tall": 1, "long": 1, "small": -1, "short": -1}
PARTS: dict[str, tuple[str, ...]] = {
    "handle": ("handle", "grip"), "grip": ("grip", "handle"), "ear": ("handle",), "haft": ("grip", "handle"),
    "knob": ("knob", "handle"), "rim": ("rim",), "lip": ("rim",), "brim": ("rim",), "edge": ("edge", "rim", "front"),
    "top edge": ("rim",), "front edge": ("front",), "front": ("front",), "blade": ("blade",), "blades": ("blade",),
    "sharp end": ("blade",), "sharp part": ("blade",), "sharp side": ("blade",), "scoop": ("scoop",),
    "stem": ("stem",), "base": ("base", "bottom"), "bottom": ("bottom", "base"), "body": ("body",), "neck": ("neck",),
    "belly": ("body",), "wall": ("wall", "body"), "middle": ("middle", "body"), "tip": ("tip", "blade"),
    "elbow": ("elbow",), "wrist": ("wrist",), "shoulder": ("shoulder",), "forearm": ("forearm",),
    "upper arm": ("upper arm",), "other end": ("other",), "other side": ("other",), "opposite end": ("other",),
    "cuff": ("cuff",), "hem": ("hem",), "collar": ("collar",),
}  # fmt: skip
"""Words for parts, and the names of parts that each may have, best first."""
BODY = frozenset({"elbow", "wrist", "shoulder", "forearm", "upper arm", "hand"})
NEAR_ONLY = {"front", "edge", "tip", "body", "middle", "wall", "base", "bottom", "other side", "neck", "ear", "grip"}
"""Words that are parts only behind "by the" or "its"."""


@dataclass(frozen=True)
class Spoken:
    """A thing as it was spoken of. `kind` "" is "one" or "thing"; `side` "left", "nearest" and so on."""

    words: str
    kind: str = ""
    name: str = ""
    attributes: frozenset[str] = frozenset()
    plural: bool = False
    generic: bool = False
    pointed: bool = False
    other: bool = False
    side: str = ""


def singular(word: str) -> str:
    """A kind's word in the singular."""
    return PLURALS.get(word) or (word[:-1] if word.endswith("s") and word[:-1] and word not in KINDS else word)


def plural(kind: str) -> str:
    """A kind's word in the plural."""
    return next((many for many, one in PLURALS.items() if one == kind), kind + "s")


def pattern(moment: Moment) -> re.Pattern[str]:
    """What finds things: the kinds and names about, and the words of `KINDS`."""
    return finder(frozenset((entity.kind, entity.name, entity.attributes) for entity in moment.around))


@lru_cache(maxsize=64)
def finder(about: frozenset[tuple[str, str, frozenset[str]]]) -> re.Pattern[str]:
    """The same, of kinds, names and attributes."""
    kinds = {*KINDS, *(kind.lower() for kind, _, _ in about)}
    nouns = {*kinds, *map(plural, kinds), "people", *(clean(name) for _, name, _ in about)}
    words = {word for _, name, attributes in about for word in (*attributes, *clean(name).split()[:-1])}
    adjectives = {*COLOURS, *STATES, *(clean(word) for word in words)} - {"persons", "left", "right"}
    some = "|".join(map(re.escape, sorted(adjectives, key=len, reverse=True)))
    noun = "|".join(map(re.escape, sorted(nouns, key=len, reverse=True)))
    return re.compile(
        r"\b(?P<det>(?:(?:all of|any of|each of|both of|all|every|any|each|both|only|the|that|this|those|these|a|an|my|your|his|her|persons|"
        rf"other|another|wrong)(?: |$))*)(?P<adj>(?:(?:{some}),? (?:and )?)*)"
        rf"(?:(?P<side>left|right|nearest|closest|furthest) )?(?P<noun>{noun}|ones?|things?|objects?|items?)"
        r"\b(?! side\b)(?P<post> on (?:the|my|your) (?:left|right)\b)?(?P<here> here\b| there\b)?"
    )


def clean(words: str) -> str:
    """A name as it stands in normalised text."""
    return " ".join(words.lower().replace("'", "").replace("-", " ").split())


def things(text: str, moment: Moment) -> tuple[str, list[tuple[Spoken, ...]]]:
    """The text with "@0" for the first thing spoken of, and so on; "the mug and the glass" are one such."""
    found: list[tuple[Spoken, ...]] = []

    def replace(match: re.Match[str]) -> str:
        det, noun = match["det"].split(), match["noun"]
        loose = noun in ("one", "ones", "thing", "things", "object", "objects", "item", "items")
        if (loose and not (det or match["adj"] or match["side"])) or (
            noun in ("hand", "head", "can", "arm") and not det
        ):
            return match[0]
        if match["side"] and not det:
            return match[0]
        many = (noun in PLURALS and noun not in ("scissors", "shears")) or (
            noun not in KINDS and singular(noun) != noun
        )
        words = re.split(r"[ ,]+(?:and )?", match["adj"].strip()) if match["adj"].strip() else []
        named = next((entity for entity in moment.around if clean(entity.name) == noun), None)
        kind = "" if loose else named.kind if named else kind_of(singular(noun), moment)
        side = match["side"] or ("" if not match["post"] else match["post"].split()[-1])
        mirror = "my" in (match["post"] or "") or ("my" in det and bool(match["side"]))
        every = bool({"all", "every", "any", "each", "a", "an"} & set(det)) or (
            (many or noun in ("scissors", "shears")) and not det
        )
        if noun in ("scissors", "shears") and re.match(r" (?:last|first|too|at the end)", text[match.end() :]):
            every = False
        found.append((Spoken(
            match[0].strip(), kind, named.name if named and " " in noun else "",
            frozenset(SAME.get(word, word) for word in words), many, every,
            bool({"this", "these"} & set(det) or match["here"] == " here"), bool({"other", "another"} & set(det)),
            ("my " if mirror else "") + side,
        ),))  # fmt: skip
        return f" @{len(found) - 1} "

    text = re.sub(r" ([,.;!?])", r"\1", " ".join(pattern(moment).sub(replace, text).split()))
    while both := re.search(r"@(\d+)(?:,? and|,) @(\d+)(?! (?:before|after|instead|not))", text):
        if re.search(r"\bnot (?:\w+ )?$|\bnot\b(?: \w+){0,3} $", text[: both.start()]):
            break
        first, second = int(both[1]), int(both[2])
        if " and " not in both[0] and not re.match(r",? and @|, @", text[both.end() :].lstrip()):
            break
        found[first] = (*found[first], *found[second])
        text = text[: both.start()] + f"@{first}" + text[both.end() :]
    return text, found


def kind_of(word: str, moment: Moment) -> str:
    """The kind that a noun stands for: itself where there is such, else the only similar one there is."""
    kinds = moment.around.kinds
    if word in kinds or word == "person":
        return word
    similar = [other for other in KINDS.get(word, "").split() if other in kinds]
    return similar[0] if len(similar) == 1 else word


def bears(thing: Entity, attributes: frozenset[str]) -> bool:
    """Whether these words hold of it, or stand in its name."""
    return attributes <= thing.attributes | set(clean(thing.name).split())


def candidates(spoken: Spoken, moment: Moment, *, near: Entity | None = None) -> tuple[Entity, ...]:
    """All that may be meant. `near` is what "one" and "the other" are said in contrast to."""
    kind = spoken.kind or (near.kind if near and (spoken.other or spoken.attributes or spoken.side) else "")
    if spoken.name:
        return tuple(thing for thing in moment.around if thing.name == spoken.name)
    if not kind and not spoken.attributes and near and not spoken.other:
        return (near,)
    fits = tuple(thing for thing in moment.around if not kind or thing.kind == kind)
    if kind == "person":
        fits = next((some for part in ("person", "head", "hand")
                     if (some := tuple(thing for thing in moment.around if thing.kind == part))), ())  # fmt: skip
    if spoken.other and near:
        fits = tuple(thing for thing in fits if thing.name != near.name)
    bearing = tuple(thing for thing in fits if bears(thing, spoken.attributes))
    if len(fits) == 1 and spoken.kind and spoken.attributes <= set(EXTREMES):
        bearing = fits
    if not bearing and len(fits) > 1 and (sign := EXTREMES.get(next(iter(spoken.attributes), ""))):
        ranked = sorted(fits, key=lambda thing: sign * max(thing.size))
        bearing = ranked[-1:] if max(ranked[-1].size) != max(ranked[-2].size) else bearing
    fits = tuple(bearing)
    if spoken.side and len(fits) > 1:
        fits = (extreme(fits, spoken.side, moment),)
    return fits


def extreme(fits: tuple[Entity, ...], side: str, moment: Moment) -> Entity:
    """The leftmost, rightmost, nearest or furthest, from the robot or with "my" from the speaker."""
    facing = moment.around.facing if side.startswith("my ") else 0.0

    def left(thing: Entity) -> float:
        return -sin(facing) * thing.position[0] + cos(facing) * thing.position[1]

    side = side.removeprefix("my ")
    if side in ("left", "right"):
        return max(fits, key=left) if side == "left" else min(fits, key=left)
    rank = max if side == "furthest" else min
    return rank(fits, key=lambda thing: thing.position[0] ** 2 + thing.position[1] ** 2)


def only(spoken: Spoken, moment: Moment, *, near: Entity | None = None, current: bool = True) -> Entity:
    """The one thing meant; with `current`, what is being handled wins where it fits. Unclear for none or several."""
    fits = candidates(spoken, moment, near=near)
    if current and near in fits:
        return near
    if not fits:
        raise Unclear(f"I see no {bare(spoken.words)}; there is {listed(moment.around)}. Which do you mean?")
    if len(fits) > 1:
        raise Which(spoken.words, tuple(f"the {thing.name}" for thing in fits))
    return next(iter(fits))


class Which(Unclear):
    """Several things fit what was spoken of."""

    def __init__(self, words: str, names: tuple[str, ...]) -> None:
        super().__init__(f"Which {bare(words)} do you mean: {', '.join(names[:-1])} or {names[-1]}?")
        self.words = words
        self.names = names


def bare(words: str) -> str:
    """Without its article."""
    return re.sub(r"^(?:(?:the|a|an|that|this|my|your|other|any|all|every|each|of)\s+)+", "", words) or "thing"


def listed(around: object, most: int = 6) -> str:
    """Names of things, for an answer."""
    names = [entity.name for entity in around]  # type: ignore[attr-defined]
    return ", ".join(f"the {name}" for name in names[:most]) or "nothing"


def ref(spoken: Spoken, moment: Moment, *, near: Entity | None = None) -> Ref:
    """How it is written down: a kind where all of it is meant, else the one thing."""
    if spoken.generic or spoken.plural:
        if spoken.kind and not any(thing.kind == spoken.kind for thing in moment.around) and spoken.kind not in KINDS:
            raise Unclear(f"I know no {spoken.kind}; there is {listed(moment.around)}.")
        return Ref(kind=spoken.kind, attributes=spoken.attributes)
    thing = only(spoken, moment, near=near)
    return Ref(name=thing.name, kind=thing.kind)


def parts(text: str) -> tuple[str, list[str]]:
    """The text with "$0" for the first part spoken of, and so on, and their words."""
    found: list[str] = []
    words = "|".join(sorted(PARTS, key=len, reverse=True))

    def replace(match: re.Match[str]) -> str:
        word = match["part"] if match["part"] in PARTS else match["part"].removesuffix("s")
        if word in NEAR_ONLY and not (match["by"] or match["its"] or text[match.end() :].startswith(" first")):
            return match[0]
        found.append(word)
        return f"{match['by'] or ''}${len(found) - 1}"

    shape = rf"\b(?P<by>(?:by|at|from) )?(?P<its>(?:the|its|their|a|an|his|her|my|that)(?: own)? )?(?P<part>(?:{words})s?)\b"
    return re.sub(shape, replace, text), found


def part_of(word: str, thing: Entity | None, kind: str = "", moment: Moment | None = None) -> str:
    """The name of a part that was spoken of; Unclear where the thing has none such."""
    wanted = PARTS[word]
    some = [thing] if thing else [t for t in moment.around if t.kind == kind] if moment else []
    if not some:
        return wanted[0]
    has = some[0].parts
    fits = [name for name in wanted if all(name in each.parts for each in some)]
    if fits:
        return fits[0]
    if wanted[0] in BODY and not has:
        return wanted[0]
    raise Unclear(
        f"The {some[0].name} has no {word}; it has {', '.join(has) or 'no parts that I know'}. Where shall I hold it?",
        tuple(f"by the {name}" for name in has[:3]),
    )


def other_part(part: str | None, thing: Entity) -> str:
    """Where it can be held but there; Unclear where several are left."""
    left = [name for name in thing.parts if name != (part or thing.parts[0])]
    if len(left) == 1:
        return left[0]
    raise Unclear(
        f"Where shall I hold the {thing.name} then? It has {', '.join(thing.parts) or 'no parts that I know'}.",
        tuple(f"by the {name}" for name in left[:3]),
    )
