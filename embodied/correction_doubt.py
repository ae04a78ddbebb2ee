# ruff: noqa: E501 # a pattern reads best on one line
"""Two readings of the same words: where the strict grammar and the gist differ, one of them counts, or it is asked.

The strict grammar accounts for every word but knows few clauses; of parts that are aimed, of hooks, of what the way
keeps off, of "straight up" and of orders the gist knows more. A wrong motion is worse than a question.
"""

import re

from embodied.corrections import Correction, Edit, Moment, Option

HOOK = re.compile(r"\b(?:hooks?|pegs?|prongs?)\b")
KEEP = re.compile(
    r"\b(?:keep|keeps|stay|stays|steer|hold|remain|not|n't|never|avoid|give|pass|leave)\b.*\b(?:away|clear|off|far|distance)\b"
)
CARRIED = re.compile(r"\b(?:carr(?:y|ied|ying)|travel\w*|transport\w*|above|on (?:its|the) way)\b")
TAKEN = re.compile(r"\b(?:hold of|grab|grasp|grip|take|seize|keep hold)\b")
DENIED = re.compile(r"\b(?:no|not|never|\w+n't)\b")
SOFTLY = re.compile(r"(?:whoa+|wow|easy|hang on|hold on)\b\W+(?:\w+\W+){3}")
"""What halts alone, and is only a cry before words that are understood."""
TIED: dict[str, tuple[str, ...]] = {"first": ("first", "before"), "last": ("last", "after")}
BETWEEN = "Do you mean this: {}; or this: {}?"


def weighed(strict: Correction, loose: Correction | None, moment: Moment) -> Correction:
    """The one that counts: the strict one where nothing speaks against it; a question with both where they differ."""
    if loose is None:
        return blended(strict, moment)
    if strict.intent == "unclear" or (strict.intent == "stop" and SOFTLY.match(strict.text.casefold())):
        return loose
    if strict.intent == "stop":
        return strict
    words = " ".join(strict.text.casefold().replace("’", "'").split())  # noqa: RUF001 # typographic on purpose
    if overruled(strict, loose, words, moment):
        return loose.model_copy(update={"history": strict.history, "verb": loose.verb or strict.verb})
    if not differ(strict, loose, moment):
        return strict
    first, second = told(strict), told(loose)
    options = (Option(text=first, means=strict), Option(text=second, means=loose))
    return Correction(
        text=strict.text, intent="unclear", confidence=0.2, question=BETWEEN.format(first, second), options=options
    )


def blended(strict: Correction, moment: Moment) -> Correction:
    """The strict reading, or a question where a part or "upright" came out as a shift to a side too, or a hook as
    an edit."""
    said = strict.manner.said
    placing = moment.act is not None and moment.act.verb in ("place", "hang", "hand over")
    half = placing and "offset" in said and bool({"part", "upright"} & set(said))
    hook = moment.act is not None and moment.act.verb == "hang" and bool(HOOK.search(strict.text.casefold()))
    if strict.intent == "unclear" or not (half or (hook and strict.edits)):
        return strict
    question = f"Do you mean this: {told(strict)}?"
    options = (Option(text=told(strict), means=strict),)
    return Correction(text=strict.text, intent="unclear", confidence=0.2, question=question, options=options)


def overruled(strict: Correction, loose: Correction, words: str, moment: Moment) -> bool:
    """Whether the gist knows more of such words."""
    old, new = strict.manner.said, loose.manner.said
    if strict.edits and loose.edits:
        moved = {e.kind for e in strict.edits} == {"skip"} and {e.kind for e in loose.edits} == {"elsewhere"}
        return moved or (bool(DENIED.search(words)) and opposed(strict.edits, loose.edits))
    if HOOK.search(words) and moment.act is not None and moment.act.verb == "hang":
        return "offset" in new and not loose.edits and "part" not in old
    placed = bool({"part", "offset"} & set(old))
    return not (loose.edits or strict.edits) and any((
        set(new) == {"approach"} and old.get("part") == "side",
        "turn" in new and "turn" not in old and placed,
        "upright" in new and "offset" in old and old["offset"][:2] == (0.0, 0.0),
        "clear_of" in new and "clear_of" not in old and placed and KEEP.search(words),
        "height" in new and "offset" in old and CARRIED.search(words),
        set(new) == set(old) == {"part"} and old != new and TAKEN.search(words),
    ))  # fmt: skip


def differ(strict: Correction, loose: Correction, moment: Moment) -> bool:
    """Whether they cannot both be meant: other fields, another part, the opposite way, another order."""
    if bool(strict.edits) != bool(loose.edits):
        return True
    if strict.edits:
        return opposed(strict.edits, loose.edits)
    old, new = strict.manner.said, loose.manner.said
    if set(old) == {"offset"} and set(new) == {"clear_of"}:
        return False
    if not (set(old) <= set(new) or set(new) <= set(old)):
        return True
    now = moment.act.manner.said if moment.act else {}
    return any(against(name, old[name], new[name], now.get(name)) for name in set(old) & set(new))


def against(name: str, one: object, other: object, now: object) -> bool:
    """Whether two values of a field lie on different sides of what is done now, or are two different words."""
    if isinstance(one, str | bool):
        return one != other
    if name == "offset" and isinstance(one, tuple) and isinstance(other, tuple):
        return sum(a * b for a, b in zip(one, other, strict=True)) < 0
    if name in USUAL and isinstance(one, float) and isinstance(other, float):
        usual = now if isinstance(now, float) else USUAL[name]
        return (one - usual) * (other - usual) < 0
    return False


USUAL = {"speed": 0.25, "force": 15.0, "height": 0.12}
"""What is done where nothing was said."""


def opposed(some: tuple[Edit, ...], others: tuple[Edit, ...]) -> bool:
    """Whether one says first what the other says last, of the same thing."""
    return any(
        (a.kind in TIED["first"] and b.kind in TIED["last"]) or (a.kind in TIED["last"] and b.kind in TIED["first"])
        for a in some
        for b in others
        if a.what.kind == b.what.kind
    )


WORDS = {
    "part": "hold it by the {}", "approach": "take it from {}", "turn": "turn it by {:.0f} degrees", "speed": "at {:g} m/s",
    "force": "with {:g} N", "height": "carry it {:g} m high", "distance": "{:g} m far", "clear_of": "keep off {}",
}  # fmt: skip


def told(c: Correction) -> str:
    """A correction in plain words, for an option."""
    if c.edits:
        return ", ".join(planned(e) for e in c.edits)
    return ", ".join(said(name, value) for name, value in c.manner.said.items())


def planned(edit: Edit) -> str:
    """A change of the plan in plain words."""
    what, other = (f"the {ref.name or ' '.join((*sorted(ref.attributes), ref.kind or 'things'))}" if ref else ""
                   for ref in (edit.what, edit.other))  # fmt: skip
    shapes = {
        "before": f"{what} before {other}", "after": f"{what} after {other}", "skip": f"leave {what}",
        "instead": f"{other} instead of {what}", "elsewhere": f"{what} on {other}", "add": f"{what} on {other} too",
    }  # fmt: skip
    return shapes.get(edit.kind, f"{what} {edit.kind}")


def said(name: str, value: object) -> str:
    """One field in plain words."""
    if name == "upright":
        return "keep it upright" if value else "it need not stay upright"
    if name == "offset" and isinstance(value, tuple):
        ways = (("forward", "back"), ("to the left", "to the right"), ("up", "down"))
        moves = [f"{abs(v) * 100:.0f} cm {way[v < 0]}" for v, way in zip(value, ways, strict=True) if abs(v) >= 0.005]
        return " and ".join(moves) or "to the middle"
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    if name == "turn" and isinstance(value, float):
        value = value * 57.29578
    return WORDS[name].format(value)
