"""What a correction teaches: a lesson that goes no further than the words, and one question about how far it goes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from embodied.corrections import Correction, Edit, Ref
from embodied.gate import ASK, OWN_WORDS
from embodied.lessons import Lesson, Scope
from embodied.manner import ADDED, Manner, Verb
from embodied.similarity import Alike, kinds_alike, normal
from embodied.situations import Situation, Surroundings, When

TARGETED: frozenset[Verb] = frozenset({"place", "hang", "hand over"})
"""Verbs whose offsets are in the frame of the target."""

CARRYING = frozenset({"upright", "height", "clear_of", "speed"})
"""What a way of carrying has, whatever is done in the end."""

FRAMED = frozenset({"offset", "turn", "distance", "tilt"})
"""What means another thing with another verb."""

DOING: dict[Verb, str] = {
    "open": "opening", "close": "closing", "pick": "picking up", "place": "placing", "hang": "hanging up",
    "hand over": "handing over", "dress": "dressing",
}  # fmt: skip
BEARING = {
    "full": {"upright", "speed", "height", "tilt"},
    "hot": {"part", "approach", "force", "clear_of", "speed"},
    "fragile": {"force", "speed", "part", "height", "approach"},
    "sharp": {"part", "clear_of", "turn", "approach"},
}
"""What states of a thing are known to matter for; asked about first."""

SURE = 0.25
"""A question is worth asking if its answer is no surer than this far from even."""

Asks = Literal["others", "attribute", "similar", "verb", "target", "task"]


def net(manners: Sequence[Manner]) -> Manner:
    """Corrections of one act as one: nudges add up (3 cm left, then 1 cm right is 2 cm left), else the last stands.

    A nudge that was taken back wholly is gone. ValueError where the sum leaves the bounds of `Manner`.
    """
    said: dict[str, Any] = {}
    for manner in manners:
        for name, value in manner.said.items():
            if name == "clear_of":
                said[name] = tuple(dict.fromkeys((*said.get(name, ()), *value)))
            elif name == "offset" and name in said:
                said[name] = tuple(round(a + b, 9) for a, b in zip(said[name], value, strict=True))
            elif name in ADDED and name in said:
                said[name] = round(said[name] + value, 9)
            else:
                said[name] = value
    nothing = {"offset": (0.0, 0.0, 0.0), "tilt": 0.0, "turn": 0.0}
    return Manner.model_validate({name: value for name, value in said.items() if nothing.get(name) != value})


def draft(
    correction: Correction, now: Situation, around: Surroundings | None = None, *, run: str = "", step: int = 0
) -> Lesson:
    """The narrowest lesson that the words allow, not yet in any memory.

    What the words leave open is bound to this thing (`scope` "instance") until somebody says that it holds for its
    kind. Colours and sizes tell things apart and make no condition unless all such things are spoken of. A change of
    the plan is bound to this instruction. ValueError for a correction that teaches nothing.
    """
    if not (correction.manner.said or correction.edits):
        raise ValueError(f"{correction.text!r} ({correction.intent}) teaches nothing: it changes no manner and no plan")
    about = correction.edits[0].what if correction.edits and not correction.manner.said else correction.about
    ref = about or Ref()
    named = {thing.name: thing for thing in around} if around is not None else {}
    thing = named.get(ref.name)
    kind = ref.kind or (thing.kind if thing else "")
    this = (not ref.name or ref.name == now.object) and (not kind or kind == now.kind)
    if correction.manner.said and this:
        name, kind = now.object, now.kind
    else:
        name = ref.name
    scope: Scope = correction.reach or "instance"
    if scope == "kind" and not kind:
        scope = "instance"
    if scope == "instance" and not (name or kind) and ref.attributes - OWN_WORDS:
        scope = "kind"  # "whatever is fragile" is no single thing
    general = scope in ("kind", "everywhere")
    attributes = ref.attributes if general else ref.attributes - OWN_WORDS
    words: dict[str, Any] = {"attributes": attributes, "user": now.user or None}
    words["kind"] = (ref.kind if scope == "everywhere" else kind) or None
    words["object"] = None if general else name or None
    if correction.manner.said:
        verb = correction.verb or now.verb
        noticed = now.attributes - OWN_WORDS - attributes if this else frozenset()
        words |= {"verb": verb, **_target(correction, now, verb, general)}
    else:
        words |= _planned(correction.edits[0], correction, now)
        noticed = frozenset()
    edits = tuple(nameless(edit, correction.text) for edit in correction.edits) if general else correction.edits
    return Lesson(
        text=correction.text, when=When(**words), manner=correction.manner, edits=edits, scope=scope,
        noticed=noticed, size=now.size if this else 0.0, user=now.user, robot=now.robot, run=run, step=step,
    )  # fmt: skip


def _target(correction: Correction, now: Situation, verb: Verb, general: bool) -> dict[str, str]:
    """What is measured from the target holds for such targets only."""
    found: dict[str, str] = {}
    ref = correction.target
    if ref is not None and ref.kind:
        found["target_kind"] = ref.kind
    elif verb in TARGETED and verb == now.verb and now.target_kind and FRAMED & correction.manner.said.keys():
        found["target_kind"] = now.target_kind
    if ref is not None and ref.name and not general:
        found["target"] = ref.name
    return found


def _planned(edit: Edit, correction: Correction, now: Situation) -> dict[str, Any]:
    """The condition on a change of the plan: this instruction, unless it was said to hold beyond it."""
    words: dict[str, Any] = {"verb": edit.verb or correction.verb}
    if correction.reach in (None, "now", "instance") or edit.kind == "add":
        words["task"] = now.task or None
    if edit.kind == "add":  # what is added is in no plan yet
        words |= {"kind": None, "object": None, "verb": None, "attributes": frozenset()}
    return words


@dataclass(frozen=True)
class Probe:
    """A question about how far a lesson goes: `now` is a situation that differs in one word, `value`, from the taught
    one. `score` is how likely a yes is thought to be."""

    lesson: int
    asks: Asks
    value: str
    text: str
    now: Situation
    score: float = 0.5


def probe(lesson: Lesson, kinds: Iterable[str] = (), *, alike: Alike = kinds_alike) -> Probe | None:
    """The question about a lesson whose answer is least certain; None where none is worth it.

    `kinds` are those of the things there are: one that is called alike may be asked about.
    """
    found = [p for p in probes(lesson, kinds, alike) if abs(p.score - 0.5) <= SURE]
    return min(found, key=lambda p: abs(p.score - 0.5), default=None)


def probes(lesson: Lesson, kinds: Iterable[str], alike: Alike = kinds_alike) -> list[Probe]:
    """Every question that flips one word of the situation the lesson was taught in."""
    if lesson.scope in ("now", "limit"):
        return []
    base = taught_in(lesson)
    when, said = lesson.when, lesson.manner.said.keys()
    found: list[Probe] = []

    def ask(asks: Asks, value: str, text: str, score: float, **changed: Any) -> None:
        found.append(Probe(lesson.id, asks, value, text, base.model_copy(update=changed), score))

    if when.object is not None and when.kind:
        ask("others", when.kind, f"Also for other {plural(when.kind)}?", 0.5, object=f"another {when.kind}")
    elif lesson.noticed:
        state = min(lesson.noticed, key=lambda word: (not BEARING.get(word, set()) & said, word))
        known = bool(BEARING.get(state, set()) & said)
        rest = base.attributes - {state}
        ask("attribute", state, f"Only when it is {state}?", 0.5 if known else 0.4, attributes=rest)
    if when.task is not None and when.kind:
        ask("task", when.task, f"Also in other tasks than {when.task!r}?", 0.49, task="")
    if when.kind and when.object is None and said:
        near = {kind: alike(when.kind, kind) for kind in sorted(set(kinds)) if normal(kind) != normal(when.kind)}
        if near and (score := max(near.values())) >= ASK:
            kind = next(kind for kind, value in near.items() if value == score)
            ask("similar", kind, f"Also for {plural(kind)}?", score, kind=kind, object=f"a {kind}")
    if said and when.verb in ("pick", *TARGETED) and not FRAMED & said:
        other: Verb = "place" if when.verb != "place" else "hand over"
        ask("verb", other, f"Also when {DOING[other]}?", 0.4 if said & CARRYING else 0.1, verb=other)
    if when.target_kind is not None:
        text = f"Also with other things than the {when.target_kind}?"
        ask("target", when.target_kind, text, 0.2, target="", target_kind="other")
    return found


def taught_in(lesson: Lesson) -> Situation:
    """A situation in which it holds: the newest in which it did."""
    if lesson.positives:
        return lesson.positives[-1]
    when = lesson.when
    words = when.model_dump(exclude={"verb", "attributes"}, exclude_none=True)
    return Situation(
        verb=when.verb or "pick", attributes=when.attributes | lesson.noticed, size=lesson.size,
        **{"object": f"a {when.kind or 'thing'}", **words},
    )  # fmt: skip


def answered(lesson: Lesson, asked: Probe, yes: bool) -> Lesson:
    """What the answer makes of the lesson: a yes widens it by that one word, a no is kept as a negative.

    To "only when it is full?" it is the yes that narrows.
    """
    good, bad = (*lesson.positives, asked.now), (*lesson.negatives, asked.now)
    when = lesson.when
    if asked.asks == "attribute":
        changed: dict[str, Any] = {"noticed": lesson.noticed - {asked.value}}
        if yes:
            changed |= {"when": when.model_copy(update={"attributes": when.attributes | {asked.value}})}
        return lesson.model_copy(update=changed | ({"negatives": bad} if yes else {"positives": good}))
    if not yes:
        return lesson.model_copy(update={"negatives": bad})
    open_now: dict[Asks, dict[str, Any]] = {
        "others": {"object": None}, "similar": {"kind": asked.value}, "verb": {"verb": asked.value},
        "target": {"target": None, "target_kind": None}, "task": {"task": None},
    }  # fmt: skip
    wider = when.model_copy(update=open_now[asked.asks])
    changed = {"positives": good}
    if asked.asks == "others":  # what is done otherwise is then any of the kind, too
        changed["edits"] = tuple(nameless(edit, lesson.text) for edit in lesson.edits)
    if asked.asks in ("similar", "verb"):
        changed["also"] = (*lesson.also, wider)
    else:
        changed |= {"when": wider, "scope": "kind" if lesson.scope == "instance" else lesson.scope}
    return lesson.model_copy(update=changed)


def nameless(edit: Edit, text: str) -> Edit:
    """The same change for anything of that kind; the other thing is any of its kind too, unless it was told apart from
    others ("before the green mug")."""
    what = edit.what.model_copy(update={"name": ""}) if edit.what.kind else edit.what
    other, words = edit.other, set(re.findall(r"[a-z]+", text.casefold()))
    if other is not None and other.kind and not set(other.name.casefold().split()[:-1]) & words:
        other = other.model_copy(update={"name": ""})
    return edit.model_copy(update={"what": what, "other": other})


def plural(kind: str) -> str:
    """Of a noun that names a kind."""
    if kind.endswith("s") and not kind.endswith("ss"):
        return kind
    if kind.endswith("knife"):
        return f"{kind[:-2]}ves"
    return kind + ("es" if kind.endswith(("s", "x", "ch", "sh")) else "s")
