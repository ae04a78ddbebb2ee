# ruff: noqa: E501 # a pattern reads best on one line
"""Cues of a plan: what comes last or first, what is left alone, and where it goes instead."""

import re
from itertools import combinations

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
    r"|(?P<w5>@\d+),? (?:you )?(?:(?:just|please|better|should|must|can) )*(?:let be|leave alone|leave be|leave out|let stand|leave where)\b"
    r"|(?P<w4>@\d+) (?:is|are) (?:off limits|taboo|not yours|mine to do|none of your business|out of bounds|forbidden)\b"
)
HANDLING = re.compile(
    r"^(?:(?:you|please|the|to|should|ever|even|want|supposed|meant|allowed|ask|asked|like|try|be|i|need) )*(?:touch|touching|put|putting|move|moving|take|taking|pick|picking|load|loading|clear|clearing|carry|carrying|bring|bringing|do|doing|handle|handling|bother with|include|including|tidy|tidying|use|using|place|placing|grab|grabbing|mess with|transport|lift|lifting|pack|fetch|serve|stow|clean)(?: (?:up|with|away))? (?P<w>@\d+)"
)
NEVER = re.compile(
    r"@(?P<you>\d+),? (?:you|we) (?:(?:should|must|can|do|just|please|are|to|supposed) )*not (?:touch|take|move|carry|handle|pick|put|grab|load|lift|bring|clear)(?: up| away)?(?= ?(?:$|[,.!]))"
    r"|@(\d+) (?:(?:should|must|shall|will|can|is|are|do|does) )*not (?:(?:to|be) )*(?:for you|yours|your (?:job|business)|(?:go|belong|come|placed|put) (?:on|in|onto|into) @\d+$|(?:go|belong|come) (?:on|in|onto|into) @\d+[.,!]|touched|moved|taken|carried|handled|included)"
)
MYSELF = re.compile(
    r"\b(?:will|ll|can|would rather) (?:do|take|handle|carry|move|see to|take care of|look after|put away|clear|tidy) (?P<w>@\d+)"
)


def ordered(h: Heard, r: Reading) -> None:
    """First, last, before and after."""
    whole = " ".join(re.sub(r"[,.;!?]", " ", h.text).split())
    seen = ends(h, r)
    negated = any(s.negated for s in h.asked)
    if not negated:
        seen |= {("last", int(found["w"])) for found in LAST[4].finditer(whole)}
    then = len(seen) == 1 and min(seen)[0] == "first" and re.search(r"\bthen\b", whole)
    if not negated and (not seen or then or re.search(r"\b(?:until|till)\b", whole)) and related(h, r, whole):
        return
    if not seen:
        denied(h, r)
        return
    firsts = {each for each in seen if each[0] == "first"}
    if firsts and firsts != seen and negated:
        seen = firsts
    goal = r.goal()
    edits = [Edit(kind=kind, what=reference(h, r, index)) for kind, index in sorted(seen)]  # type: ignore[arg-type]
    if any(a.what == b.what for a, b in combinations(edits, 2)):
        raise Unclear("First and last?")
    r.edits += [e for e in edits if len(edits) == 1 or goal is None or e.what.kind != goal.kind]


def ends(h: Heard, r: Reading) -> set[tuple[str, int]]:
    """Which things are said to be first or last."""
    seen: set[tuple[str, int]] = set()
    for segment in h.asked:
        text = segment.text
        if segment.negated:
            found = re.match(r"(?:you )?(?:start|begin) with @(?P<w>\d+)", text) or YET.search(text)
            if found and len(subjects(r)) != 2 and not re.search(r"(?:yet|early|soon|already|now)$", found[0]):
                if "first" in found[0]:
                    raise Unclear("Which first?")
                continue
            seen |= {("last", int(found["w"]))} if found else set()
        elif found := EARLY.search(text):
            seen.add(("last", int(found["w"] or found["v"])))
        else:
            seen |= {(kind, int(next(filter(None, found.groups())))) for kind, patterns in (("last", LAST), ("first", FIRST))
                     for pattern in patterns for found in pattern.finditer(text)}  # fmt: skip
    return seen


def related(h: Heard, r: Reading, whole: str) -> bool:
    """One before or after another."""
    subject = re.sub(r" (?:on|in|onto|into|to)(?: the)? @(\d+)", lambda m: "" if place(h, m[1]) else m[0], whole)
    for pattern, kind in TWO:
        found = pattern.search(subject)
        if (
            found
            and found["a"] != found["b"]
            and not {h.things[int(found[x])][0].kind for x in "ab"} & {*BODY, "table"}
        ):
            r.edits.append(pair(h, r, kind, found))
            return True
    return False


def place(h: Heard, index: str) -> bool:
    """Whether it is where things are put."""
    return h.things[int(index)][0].kind in PLACES


def denied(h: Heard, r: Reading) -> None:
    """Not before, or not until: after; not after: before."""
    for segment in h.asked:
        found = DENIED.search(segment.text) if segment.negated else None
        if found:
            r.edits.append(pair(h, r, "before" if found["when"] == "after" else "after", found))
            return


DENIED = re.compile(r"@(?P<a>\d+)(?: (?!@)\w+){0,5}? (?P<when>before|until|till|after)(?: (?!@)\w+){0,4} @(?P<b>\d+)")


def pair(h: Heard, r: Reading, kind: str, found: re.Match[str]) -> Edit:
    """The edit of two things that were found."""
    return Edit(kind=kind, what=reference(h, r, int(found["a"])), other=reference(h, r, int(found["b"])))  # type: ignore[arg-type]


def subjects(r: Reading) -> set[str]:
    """What the plan handles."""
    return {step.object for step in r.moment.plan.steps if step.skill == "act"}


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
    for segment in h.asked or h.reasons:
        if segment.negated:
            forbidden(h, r, segment)
        elif h.states and re.fullmatch(r"(?:leave|skip|ignore) (?:it|them|that)(?: alone)?", segment.text):
            r.edits.append(Edit(kind="skip", what=Ref(attributes=frozenset(SAME.get(s, s) for s in h.states))))
        elif not re.search(r"#L|\bopen\b|\bajar\b", segment.text):
            spared(h, r, segment.text)
    if not r.edits and (found := NEVER.search(h.text)) and several(h, found["you"] or found[2]):
        skip(h, r, f"@{found['you'] or found[2]}")
    if not r.edits:
        for found in filter(None, (MYSELF.search(segment.text) for segment in h.reasons)):
            skip(h, r, found["w"])


SOFTER = re.compile(
    r"\b(?:yet|first|last|later|end|until|before|after|by|so|too|from|near|nearer|over|above|close|closer|past|around|across|toward|beside|upside|like)\b"
)
"""What makes "do not" speak of how or when."""
LONE = re.compile(
    r"(?:the )?(?:any )?(?P<w>@\d+)(?: (?:please|at all|(?:go |goes |belong )?(?:on|in|onto|into) (?:the )?@\d+))*"
)
BODY = ("head", "hand", "person", "arm")


def several(h: Heard, index: str) -> bool:
    """Whether more than one thing is spoken of."""
    return h.things[int(index)][0].generic or h.things[int(index)][0].plural


def forbidden(h: Heard, r: Reading, segment: Segment) -> None:
    """What shall not be handled, or not where it is going; where that is one thing, only its place is wrong."""
    text = segment.text
    lone = LONE.fullmatch(text)
    found = re.search(r"handsoff(?: (?:the|all|any|of))* (?P<w>@\d+)", text) or HANDLING.search(text) or lone
    if found is None or SOFTER.search(text):
        return
    index = found["w"][1:]
    spoken = h.things[int(index)][0]
    onto = re.search(r"\b(?:on|in|onto|into|to) (?:the )?@(\d+)", text)
    if spoken.kind in BODY or ((lone or onto) and not (several(h, index) or spoken.attributes)):
        return
    goal = r.goal()
    if goal is not None and spoken.kind == goal.kind and spoken.kind in PLACES:
        raise Unclear("Where then?")
    if onto and (goal is None or h.things[int(onto[1])][0].kind != goal.kind):
        raise Unclear("It is not going there.")
    others = [int(m[1]) for s in h.asked if s is not segment and not s.negated for m in ONTO.finditer(s.text)]
    if onto and any(h.things[i][0].kind in PLACES for i in others):
        return
    skip(h, r, found["w"])


def spared(h: Heard, r: Reading, text: str) -> None:
    """What is left where it is."""
    for found in ALONE.finditer(text):
        word = next(filter(None, found.groups()))
        if word.startswith("@") and h.things[int(word[1:])][0].kind in (*BODY, "table"):
            continue
        if aimed_at(h, r, word) or not re.search(r"\b(?:keep|stay) (?:off|away)", found[0]):
            skip(h, r, word)


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
    r"\b(?:on|onto|on to|in|into|to|inside|upon|at|use|using|choose|take|prefer|goes|go|belongs?|want|instead) (?:the |top of )?@(\d+)\b(?! (?:by|with(?! it\b)|at)\b)"
)


def elsewhere(h: Heard, r: Reading) -> None:
    """On another target than it is going to."""
    act, current, goal = r.moment.act, r.current(), r.goal()
    if r.edits or act is None or act.verb not in ("place", "hang") or current is None or goal is None:
        return
    wanted: dict[str, Entity] = {}
    for segment in h.asked:
        if segment.negated or re.search(
            r"\b(?:look|careful|watch|stay|away|near|nearer|close|closer|around|over|above|beside|next|well|too|also)\b",
            segment.text,
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
            r"(?:(?<!my )(?:(?:place|spot|home|destination)(?: for @\d+)? (?:is|should be) )|^)@(\d+)(?:(?<=is @\d)| (?:is|s) (?:there |here |meant |intended |made )?for @(?P<for>\d+)| (?:is|s|would be) (?:the (?:right |better |proper |best )?(?:place|spot|one)|where|for|better|right))(?!\w)",
            segment.text,
        ):
            whose = h.things[int(found["for"])][0].kind if found["for"] else ""
            indexes += [int(found[1])] if whose in ("", current.kind) else []
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
