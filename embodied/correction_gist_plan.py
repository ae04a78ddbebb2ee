# ruff: noqa: E501 # a pattern reads best on one line
"""Cues of a plan: what comes last or first, what is left alone, and where it goes instead."""

import re

from embodied.correction_gist_clauses import Heard, Segment
from embodied.correction_reading import Reading
from embodied.correction_references import SAME, candidates, only
from embodied.correction_words import Unclear
from embodied.corrections import Edit, Ref
from embodied.situations import Entity

T = r"@(?P<w>\d+)"
HAVE = r"(?:(?:please|the|should|must|has|have|needs?|to|be|is|are|s|can|will|always|it|there|one|thing|go|goes|going|come|comes|coming|put|placed|done|on|in|onto|into|over|down|up|very|only|just|right|of|as|for|all|by|at|loaded|served|moved|picked|taken|until|till|later|its|turn) )*"
LAST: tuple[re.Pattern[str], ...] = tuple(re.compile(p) for p in (
    rf"{T}(?: {HAVE}| )(?:@\d+ )?(?:{HAVE})?(?:last|the last|final|the final|at the (?:very )?end|finally|in the end|to finish|to the end|until the end|till the end|at last|after everything(?: else)?|after all (?:the )?(?:else|others?|rest|things)|after (?:the )?(?:rest|others?)|when everything else is|once everything else is|(?:once|when|after|until|till) (?:the rest|the others|all the others|everything|all else))\b",
    rf"\b(?:last|finally|lastly|at the end|at the very end)(?: of all)?,? (?:(?:comes|goes|is|put|do|place|take|the|with|load|move) )*{T}",
    rf"\b(?:save|keep|leave|reserve|hold(?: back)?) {T} (?:back )?(?:for|until|till|to) (?:the )?(?:very )?(?:last|end|later|finish|everything else)\b",
    rf"{T} (?:can|should|must|has to|will|may|needs to) wait\b|\bwait with {T.replace('w', 'v')}|\b(?:hold off|wait) (?:on|with|for) {T.replace('w', 'u')}|\b(?:end|finish|close|conclude)(?: up| off)? with {T.replace('w', 'x')}",
    rf"\b(?:everything|all|anything|the rest|the others)(?: \w+){{0,3}} (?:before|first then|and then|then) (?:the )?{T}",
    rf"\b(?:keep|put|leave|do|take|move|handle|load|set) {T} (?:last|off)\b",
))  # fmt: skip
FIRST: tuple[re.Pattern[str], ...] = tuple(re.compile(p) for p in (
    rf"{T}(?: {HAVE}| )(?:@\d+ )?(?:{HAVE})?(?:first|the first|at the start|at the beginning|to begin|to start|before (?:anything|everything|all)(?: else)?|before (?:the )?(?:rest|others?)|straight away)\b",
    rf"\bfirst(?: of all)?,? (?:(?:comes|goes|is|put|do|place|take|the|with|load|move|of|all) )*{T}",
    rf"\b(?:start|begin|open|kick off|lead)(?: off| out)? with {T}",
))  # fmt: skip
TWO: tuple[tuple[re.Pattern[str], str], ...] = tuple((re.compile(p), kind) for p, kind in (
    (r"\b(?:first )?(?:\w+ ){0,3}@(?P<a>\d+)(?: (?!@)\w+){0,4}?(?: first)?,?(?: and)? (?:then|and afterward|next|followed by|and only then|afterward|after that)(?: (?!@)\w+){0,4} @(?P<b>\d+)", "before"),
    (r"@(?P<a>\d+)(?: (?!@|not\b)\w+){0,6}? (?:before|ahead of|prior to|earlier than|precedes)(?: (?!@)\w+){0,4} @(?P<b>\d+)", "before"),
    (r"@(?P<a>\d+)(?: (?!@|not\b)\w+){0,6}? (?:after|later than|behind|follows|once|when|until|till)(?: (?!@)\w+){0,4} @(?P<b>\d+)", "after"),
    (r"\bbefore @(?P<b>\d+),?(?: (?!@)\w+){0,4} @(?P<a>\d+)", "before"),
    (r"\bafter @(?P<b>\d+),?(?: (?!@)\w+){0,4} @(?P<a>\d+)", "after"),
))  # fmt: skip
YET = re.compile(
    rf"^(?:(?:do|put|touch|take|move|the|load|place) )*{T}(?: (?:on|in|onto|down|@\d+))* (?:yet|so early|so soon|already|now|first)\b"
)
EARLY = re.compile(
    rf"{T}(?: \w+){{0,3}} (?:too (?:early|soon)|too early)\b|\btoo (?:early|soon) for {T.replace('w', 'v')}"
)

ALONE = re.compile(
    r"\b(?:leave|let)(?: the)? (?P<w>@\d+|it|them|that|those)(?: (?:all|just|well|standing|right|exactly|behind|be|sitting))* (?:alone|be|out|there|where|in (?:its |their )?(?:place|peace)|as|behind|untouched|on the table|on @\d+|standing|sitting)(?!\w)"
    r"|\b(?:leave out|leave alone|leave behind|skip|ignore|omit|exclude|spare|forget(?: about)?|pass over|drop|stay off|stay away from|keep off|keep away from|handsoff|keep gripper off|except(?: for)?|apart from|other than|besides|minus|leaving(?: out)?|skipping|gripper off)(?: (?:all|any|of|the|whatever))* (?P<w2>@\d+|it|them)\b"
    r"|(?P<w3>@\d+|\bit\b|\bthat\b|\bthey\b)(?: (?:should|must|can|has to|have to|needs? to|is to|are to|just|all|always|will|to|better))* (?:stay|stays|remain|remains|stay put|be left|is left|are left)(?! (?:level|upright|clear|away|off|low|high|below|above|under|straight|flat|vertical|horizontal|steady|at|within|in gripper|perfectly|completely|always))\b"
    r"|(?P<w4>@\d+) (?:is|are) (?:off limits|taboo|not yours|mine to do|none of your business|out of bounds|forbidden)\b"
)
HANDLING = re.compile(
    r"^(?:(?:you|please|the|to|should|ever|even|want|allowed|ask|asked|like|try|be|i|need) )*(?:touch|touching|put|putting|move|moving|take|taking|pick|picking|load|loading|clear|clearing|carry|carrying|bring|bringing|do|doing|handle|handling|bother with|include|including|tidy|tidying|use|using|place|placing|grab|grabbing|mess with|transport|lift|lifting|pack|fetch|serve|stow|clean)(?: (?:up|with|away))? (?P<w>@\d+)"
)
NEVER = re.compile(
    r"@(\d+) (?:(?:should|must|shall|will|can|is|are|do|does) )*not (?:(?:to|be) )*(?:for you|yours|your (?:job|business)|(?:go|belong|come|placed|put) (?:on|in|onto|into) @\d+$|(?:go|belong|come) (?:on|in|onto|into) @\d+[.,!]|touched|moved|taken|carried|handled|included)"
)
MYSELF = re.compile(
    r"\b(?:will|ll|can|would rather) (?:do|take|handle|carry|move|see to|take care of|look after|put away|clear|tidy) (?P<w>@\d+)"
)


def ordered(h: Heard, r: Reading) -> None:
    """First, last, before and after."""
    text = re.sub(r"[,.;!?]", " ", h.text)
    whole = " ".join(text.split())
    if len(h.things) < 1:
        return
    seen: dict[str, tuple[int, ...]] = {}
    for segment in h.asked:
        if segment.negated:
            if (found := re.match(r"(?:you )?(?:start|begin) with @(?P<w>\d+)", segment.text)) and len(
                subjects(r)
            ) == 2:
                seen.setdefault(f"last {found['w']}", (int(found["w"]),))
            elif found := YET.search(segment.text):
                kind = "last" if not re.search(r"first$", found[0]) or len(subjects(r)) == 2 else ""
                if not kind:
                    raise Unclear("Which first?")
                seen.setdefault(f"{kind} {found['w']}", (int(found["w"]),))
            continue
        if found := EARLY.search(segment.text):
            seen[f"last {found['w'] or found['v']}"] = (int(found["w"] or found["v"]),)
            continue
        for kind, patterns in (("last", LAST), ("first", FIRST)):
            for pattern in patterns:
                for found in pattern.finditer(segment.text):
                    index = int(next(value for value in found.groups() if value))
                    seen.setdefault(f"{kind} {index}", (index,))
    negated = any(s.negated for s in h.asked)
    for found in LAST[4].finditer(whole) if not any(s.negated for s in h.asked) else ():
        seen.setdefault(f"last {found['w']}", (int(found["w"]),))
    if (
        not seen
        or re.search(r"\b(?:until|till)\b", whole)
        or (len(seen) == 1 and next(iter(seen)).startswith("first") and re.search(r"\bthen\b", whole))
    ):
        for pattern, kind in TWO:
            found = pattern.search(whole)
            if found and found["a"] != found["b"] and not negated:
                a, b = int(found["a"]), int(found["b"])
                if not {*map(kindly, (thing(r, h, a), thing(r, h, b)))} - {""}:
                    continue
                r.edits.append(Edit(kind=kind, what=reference(h, r, a), other=reference(h, r, b)))  # type: ignore[arg-type]
                return
    for segment in h.asked:
        found = re.search(r"@(?P<a>\d+)(?: (?!@)\w+){0,5}? (?P<when>before|until|till|after)(?: (?!@)\w+){0,4} @(?P<b>\d+)", segment.text)
        if segment.negated and found and not seen:
            kind = "before" if found["when"] == "after" else "after"
            r.edits.append(Edit(kind=kind, what=reference(h, r, int(found["a"])), other=reference(h, r, int(found["b"]))))
            return
    firsts = [key for key in seen if key.startswith("first")]
    if firsts and any(key.startswith("last") for key in seen) and {s.negated for s in h.asked} == {True, False}:
        seen = {key: value for key, value in seen.items() if key in firsts}
    goal = r.goal()
    for key, (index,) in seen.items():
        what = reference(h, r, index)
        if goal is not None and what.kind == goal.kind and len(seen) > 1:
            continue
        r.edits.append(Edit(kind=key.split()[0], what=what))  # type: ignore[arg-type]


def subjects(r: Reading) -> set[str]:
    """What the plan handles."""
    return {step.object for step in r.moment.plan.steps if step.skill == "act"}


def thing(r: Reading, h: Heard, index: int) -> Entity | None:
    """The first thing that a token may be."""
    fits = candidates(h.things[index][0], r.moment, near=r.current())
    return fits[0] if fits else None


def kindly(entity: Entity | None) -> str:
    """Its kind."""
    return entity.kind if entity else ""


def reference(h: Heard, r: Reading, index: int) -> Ref:
    """A kind with what was said of it, or the one thing where only that tells it from others of its kind."""
    spoken = h.things[index][0]
    if len(h.things[index]) > 1:
        raise Unclear("One at a time.")
    fits = candidates(spoken, r.moment)
    if spoken.kind and not any(t.kind == spoken.kind for t in r.moment.around):
        raise Unclear(f"No {spoken.kind}.")
    if spoken.plural or spoken.generic or not spoken.kind:
        if not (spoken.kind or spoken.attributes):
            raise Unclear("Which?")
        return Ref(kind=spoken.kind, attributes=spoken.attributes)
    if spoken.name or spoken.attributes or spoken.side or spoken.other or spoken.pointed:
        one = only(spoken, r.moment, near=r.current())
        return Ref(name=one.name, kind=one.kind)
    if not fits:
        raise Unclear("None.")
    return Ref(kind=spoken.kind)


def skipped(h: Heard, r: Reading) -> None:
    """What is left alone."""
    if r.edits:
        return
    for segment in (*h.asked, *[s for s in h.reasons if not h.asked]):
        text = segment.text
        if segment.negated:
            found = HANDLING.search(text)
            lone = re.fullmatch(
                r"(?:the )?(?:any )?@(\d+)(?: (?:please|at all|(?:go |goes |belong )?(?:on|in|onto|into) (?:the )?@\d+))*",
                text,
            )
            if not found and not text.startswith("handsoff") and not lone:
                continue
            if text.startswith("handsoff"):
                found = re.search(r"handsoff(?: (?:the|all|any|of))* (?P<w>@\d+)", text)
                if found is None:
                    continue
            word = found["w"] if found else f"@{lone[1]}" if lone else ""
            spoken = h.things[int(word[1:])][0]
            if lone and not (spoken.generic or spoken.plural or spoken.attributes):
                continue
            if re.search(
                r"\b(?:yet|first|last|later|end|until|before|after|by|so|too|from|near|over|above|close|upside|like)\b",
                text,
            ):
                continue
            if re.search(r"\b(?:on|in|onto|into|to) @", text) and not (
                spoken.generic or spoken.plural or spoken.attributes
            ):
                continue
            if spoken.kind in ("head", "hand", "person", "arm"):
                continue
            goal = r.goal()
            onto = re.search(r"\b(?:on|in|onto|into) (?:the )?@(\d+)", text)
            if onto and (goal is None or h.things[int(onto[1])][0].kind != goal.kind):
                raise Unclear("It is not going there.")
            skip(h, r, word)
            continue
        if h.states and re.fullmatch(r"(?:leave|skip|ignore) (?:it|them|that)(?: alone)?", text):
            r.edits.append(Edit(kind="skip", what=Ref(attributes=frozenset(SAME.get(s, s) for s in h.states))))
            continue
        for found in ALONE.finditer(text):
            word = next(value for value in found.groups() if value)
            if re.search(r"#L|\bopen\b|\bajar\b", text):
                continue
            if word.startswith("@") and h.things[int(word[1:])][0].kind in ("head", "hand", "person", "arm", "table"):
                continue
            if re.search(r"\b(?:keep|stay) (?:off|away)", found[0]) and not aimed_at(h, r, word):
                continue
            skip(h, r, word)
    if not r.edits and (found := NEVER.search(h.text)):
        spoken = h.things[int(found[1])][0]
        if spoken.generic or spoken.plural:
            skip(h, r, f"@{found[1]}")
    if not r.edits:
        for segment in h.reasons:
            if found := MYSELF.search(segment.text):
                skip(h, r, found["w"])


def aimed_at(h: Heard, r: Reading, word: str) -> bool:
    """Whether the plan handles it."""
    if not word.startswith("@"):
        return True
    spoken = h.things[int(word[1:])][0]
    return any(t.name in subjects(r) for t in candidates(spoken, r.moment)) or not spoken.kind


def skip(h: Heard, r: Reading, word: str) -> None:
    """One thing or kind is left alone."""
    if word.startswith("@"):
        what = reference(h, r, int(word[1:]))
    else:
        current = r.current()
        if current is None:
            raise Unclear("What?")
        what = Ref(name=current.name, kind=current.kind)
    edit = Edit(kind="skip", what=what)
    if edit not in r.edits:
        r.edits.append(edit)


ONTO = re.compile(
    r"\b(?:on|onto|on to|in|into|to|inside|upon|at|use|using|choose|take|prefer|goes|go|belongs?|want|instead) (?:the |top of )?@(\d+)\b(?! (?:by|with|at)\b)"
)


def elsewhere(h: Heard, r: Reading) -> None:
    """On another target than it is going to."""
    act, current, goal = r.moment.act, r.current(), r.goal()
    if r.edits or act is None or act.verb not in ("place", "hang") or current is None or goal is None:
        return
    wanted: dict[str, Entity] = {}
    for segment in h.asked:
        if segment.negated or re.search(
            r"\b(?:look|careful|watch|stay|away|near|close|around|over|above|beside|next)\b", segment.text
        ):
            continue
        lone = re.fullmatch(
            r"(?:(?:please|rather|better|the|no|instead|only|just) )*@(\d+)(?: (?:please|instead|rather|is better|would be better|it is))*",
            segment.text,
        )
        indexes = [int(m[1]) for m in ONTO.finditer(segment.text)] + (
            [int(lone[1])] if lone and instead(h, segment, goal) else []
        )
        if found := re.search(
            r"@(\d+) (?:is|s|would be) (?:the (?:right |better |proper |best )?(?:place|spot|one)|where|for|better|right)\b",
            segment.text,
        ):
            indexes.append(int(found[1]))
        if COMPLAINT_ON.match(segment.text):
            continue
        for index in indexes:
            for entity in candidates(h.things[index][0], r.moment):
                if (
                    entity.kind in PLACES
                    and entity.name not in (current.name, goal.name)
                    and entity.kind != current.kind
                ):
                    wanted[entity.name] = entity
    if not wanted:
        return
    if len(wanted) > 1:
        raise Unclear("Which one?")
    (target,) = wanted.values()
    said = frozenset(word for some in h.things for each in some
                     if each.kind in (current.kind, "") for word in each.attributes) | h.states  # fmt: skip
    if not said <= current.attributes:
        said &= current.attributes
    what = Ref(kind=current.kind, attributes=said)
    r.edits.append(Edit(kind="elsewhere", what=what, other=Ref(kind=target.kind), verb=act.verb))


PLACES = frozenset(
    {"rack", "tray", "drawer", "shelf", "box", "cabinet", "cupboard", "basket", "bin", "sink", "table", "plate", "bowl"}
)
COMPLAINT_ON = re.compile(
    r"^(?:you (?:are|were|put|have|placed|set)|(?:it|that|this|@\d+) (?:is|was) (?:standing|sitting|now|already|on)\b|i )"
)


def instead(h: Heard, segment: Segment, goal: Entity) -> bool:
    """Whether a lone thing is set against where it goes."""
    others = [s for s in h.asked if s is not segment]
    return (
        "instead" in segment.text
        or "rather" in segment.text
        or any(
            s.negated and any(each.kind == goal.kind for i in h.mentions(s.text) for each in h.things[i])
            for s in others
        )
    )
