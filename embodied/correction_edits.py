# ruff: noqa: E501 # a pattern reads best on one line
"""The grammar's rules for plans: what is done first, last, not at all, with another thing, elsewhere, or in addition."""

import re

from embodied.correction_reading import Reading
from embodied.correction_references import Spoken, Which, candidates, listed, only, ref
from embodied.correction_references import bare as plainly
from embodied.correction_rules import Does, Rule, rule
from embodied.correction_words import Unclear
from embodied.corrections import Edit, Ref
from embodied.manner import Verb
from embodied.situations import Entity

DO = r"(?:do|put|load|place|set|lay|take|move|bring|pick(?: up)?|grab|handle|serve|hang|open|close|clear|stow|fetch|get|hand(?: me)?(?: over)?|give(?: me)?|wash|store)"
PLACES = frozenset(
    ["rack", "tray", "drawer", "shelf", "box", "cabinet", "cupboard", "basket", "bin", "sink", "table", "hook", "plate"]
)
"""Kinds that are rather put things on than put somewhere."""
ON = r"(?:onto|on|into|in|to|at|inside)"
END = r"(?=$| ?[,.;!?]| and | but | today| now| at all| yet| please| this time| anymore)"
VERBS: dict[str, Verb] = {
    "put": "place", "place": "place", "load": "place", "set": "place", "lay": "place", "bring": "place", "move": "place",
    "stow": "place", "store": "place", "hang": "hang", "hand": "hand over", "give": "hand over", "pass": "hand over",
    "open": "open", "close": "close", "shut": "close", "pick": "pick", "grab": "pick", "take": "pick",
}  # fmt: skip


def refs(r: Reading, index: str) -> tuple[Ref, ...]:
    """What a token's things are, written down."""
    return tuple(ref(spoken, r.moment, near=r.current()) for spoken in r.things[int(index)])


def generic(r: Reading, index: str) -> None:
    """A kind without "the" speaks of the kind."""
    spoken = r.things[int(index)]
    if any(each.generic for each in spoken) or (r.general and any(each.kind for each in spoken)):
        r.reach = r.reach or ("kind" if spoken[0].kind else "everywhere")
    if any(each.pointed for each in spoken):
        r.reach = "instance"


def order(kind: str) -> Does:
    """First, last, skip: of each thing named."""

    def does(r: Reading, m: re.Match[str]) -> None:
        index = next(value for name, value in m.groupdict().items() if name.startswith("w") and value)
        other = m["o"] if "o" in m.re.groupindex else None
        if kind == "skip" and other is None and only_wrong(r, index):
            return
        generic(r, index)
        goal = refs(r, other)[0] if other and kind == "skip" else None
        r.edits += [Edit(kind=kind, what=what, other=goal) for what in refs(r, index)]  # type: ignore[arg-type]

    return does


def only_wrong(r: Reading, index: str) -> bool:
    """ "Not that one": another is meant, and which one must be known."""
    spoken = r.things[int(index)][0]
    current = r.current()
    if spoken.kind or spoken.attributes or current is None or spoken.other or len(r.things[int(index)]) > 1:
        return False
    wrong(r, current)
    return True


def wrong(r: Reading, current: Entity) -> None:
    """Another of the kind of what is handled, if there is one only."""
    fits = [thing for thing in r.moment.around if thing.kind == current.kind and thing.name != current.name]
    if len(fits) == 1:
        r.edits.append(Edit(kind="instead", what=Ref(name=current.name, kind=current.kind),
                            other=Ref(name=fits[0].name, kind=fits[0].kind)))  # fmt: skip
        return
    if not fits:
        raise Unclear(
            f"There is no {current.kind} but the {current.name}; there is {listed(r.moment.around)}. What then?"
        )
    raise Which(current.kind, tuple(f"the {thing.name}" for thing in fits))


def relative(kind: str) -> Does:
    """Before, after."""

    def does(r: Reading, m: re.Match[str]) -> None:
        generic(r, m["w"])
        goal = ref(r.things[int(m["o"])][0], r.moment, near=r.current())
        r.edits += [Edit(kind=kind, what=what, other=goal) for what in refs(r, m["w"])]  # type: ignore[arg-type]

    return does


def add(r: Reading, m: re.Match[str]) -> None:
    """In addition; where it goes to is where the rest goes, if nothing else is said."""
    goal = r.goal()
    acts = [step for step in r.moment.plan.steps if step.skill == "act" and step.target]
    last = acts[-1] if acts else None
    verb: Verb = VERBS.get((m["verb"] or "").split(" ")[0], "place") if "verb" in m.re.groupindex else "place"
    to_me = bool(m["verb"]) and m["verb"].endswith(" me") if "verb" in m.re.groupindex else False
    if to_me or verb == "hand over":
        verb, target = "hand over", only(Spoken("your hand", "hand"), r.moment)
    elif verb in ("open", "close"):
        target = None
    else:
        verb = "hang" if verb == "hang" else "place"
        if m["o"]:
            target = r.one(m["o"])
        elif goal is not None or last is not None:
            target = goal or r.moment.around[str(last.target)] if goal or str(last.target) in r.moment.around else None  # type: ignore[union-attr]
        else:
            raise Unclear(f"Where shall the {r.things[int(m['w'])][0].words} go? There is {listed(r.moment.around)}.")
    other = Ref(name=target.name, kind=target.kind) if target else None
    for spoken in r.things[int(m["w"])]:
        some = candidates(spoken, r.moment) if spoken.plural else (only(spoken, r.moment),)
        r.edits += [Edit(kind="add", what=Ref(name=t.name, kind=t.kind), other=other, verb=verb) for t in some]


def instead(r: Reading, m: re.Match[str]) -> None:
    """This one in place of that one."""
    old = m["old"] if "old" in m.re.groupindex else None
    swap(r, m["new"], old)


def swap(r: Reading, new: str, old: str | None) -> None:
    """Another object for what is handled, or, where it is of the target's kind, another target."""
    current, goal = r.current(), r.goal()
    spoken = r.things[int(new)][0]
    if len(r.things[int(new)]) > 1:
        raise Unclear(f"Which one instead: {' or '.join(each.words for each in r.things[int(new)])}?")
    loose = old is None or not (r.things[int(old)][0].kind or r.things[int(old)][0].attributes)
    what = current if loose else only(r.things[int(old)][0], r.moment, near=current)  # type: ignore[arg-type]
    if what is None:
        raise Unclear(f"The {plainly(spoken.words)} in place of what?")
    if current is not None and not loose and what.name != current.name and not spoken.other:
        new_one = only(spoken, r.moment, near=current)
        found = [new_one] if new_one.name != what.name else []
    else:
        found = [t for t in candidates(spoken, r.moment, near=what) if t.name != what.name]
        if not spoken.other and what in candidates(spoken, r.moment, near=what) and (loose or not found):
            raise Unclear(f"That is the {what.name}, with which I am busy; what do you mean?")
    if goal is not None and loose and len(found) == 1 and found[0].kind in PLACES and what.kind not in PLACES:
        return aim(r, what, found[0])
    if goal is not None and (
        (loose and spoken.kind and spoken.kind == goal.kind != what.kind) or (loose and not found)
    ):
        others = [t for t in candidates(spoken, r.moment, near=goal) if t.name != goal.name]
        if len(others) == 1:
            return aim(r, what, others[0])
    if goal is not None and what.name == goal.name and len(found) == 1:
        return aim(r, current or what, found[0])
    if not found:
        raise Unclear(f"I see no {plainly(spoken.words)}; there is {listed(r.moment.around)}. Which do you mean?")
    if len(found) > 1:
        raise Which(spoken.words, tuple(f"the {thing.name}" for thing in found))
    r.edits.append(Edit(kind="instead", what=Ref(name=what.name, kind=what.kind),
                        other=Ref(name=found[0].name, kind=found[0].kind)))  # fmt: skip
    return None


def aim(r: Reading, what: Entity, target: Entity) -> None:
    """Elsewhere."""
    r.edits.append(Edit(kind="elsewhere", what=Ref(name=what.name, kind=what.kind),
                        other=Ref(name=target.name, kind=target.kind)))  # fmt: skip
    r.target = Ref(name=target.name, kind=target.kind)


def elsewhere(r: Reading, m: re.Match[str]) -> None:
    """To another place; naming the present one changes nothing."""
    goal, current = r.goal(), r.current()
    spoken = r.things[int(m["o"])][0]
    target = only(spoken, r.moment, near=goal, current=not spoken.other)
    what = m["w"] if "w" in m.re.groupindex else None
    if goal is not None and target.name == goal.name:
        if what:
            about(r, what)
        return
    verb = VERBS.get(m["verb"]) if "verb" in m.re.groupindex and m["verb"] else None
    if what and (r.things[int(what)][0].plural or r.things[int(what)][0].generic):
        generic(r, what)
        goal_ref = Ref(name=target.name, kind=target.kind)
        r.edits += [Edit(kind="elsewhere", what=each, other=goal_ref, verb=verb) for each in refs(r, what)]
        r.target = goal_ref
        return
    thing = r.one(what) if what else current
    if thing is None:
        raise Unclear(f"What shall go to the {target.name}?")
    if thing.name == target.name:
        raise Unclear(f"The {thing.name} cannot go onto itself; where shall it go?")
    aim(r, thing, target)


def about(r: Reading, index: str) -> None:
    """What it is about, where it is named besides."""
    spoken = r.things[int(index)]
    goal = r.goal()
    if len(spoken) > 1:
        raise Unclear(f"About which of them: {' or '.join(each.words for each in spoken)}?")
    each = next(iter(spoken))
    current = r.current()
    if each.pointed:
        r.reach = r.reach or "instance"
    whole = each.generic or each.plural or (r.general and bool(each.kind) and not each.pointed and not each.name)
    if each.generic or (r.general and each.kind and not each.pointed):
        r.reach = r.reach or ("kind" if each.kind else "everywhere")
    if not each.kind and not each.attributes and not each.generic and current is not None:
        found: Ref = Ref(name=current.name, kind=current.kind)
    elif whole:
        found = Ref(kind=each.kind, attributes=each.attributes)
    else:
        thing = only(each, r.moment, near=current)
        if goal is not None and thing.name == goal.name:
            return
        states = frozenset(a for a in each.attributes if a in thing.attributes and a not in thing.name.split())
        found = Ref(name=thing.name, kind=thing.kind, attributes=states)
    if r.about is not None and (r.about.name, r.about.kind) != ("", "") and r.about != found:
        if r.about.kind == found.kind:
            found = Ref(
                name=found.name or r.about.name, kind=found.kind, attributes=found.attributes | r.about.attributes
            )
        elif current is not None and current.kind == r.about.kind:
            return
        else:
            raise Unclear(f"Is that about the {r.about.name or r.about.kind} or the {found.name or found.kind}?")
    elif r.about is not None:
        found = Ref(name=found.name, kind=found.kind, attributes=found.attributes | r.about.attributes)
    r.about = found


W, O = r"@(?P<w>\d+)", r"@(?P<o>\d+)"  # noqa: E741
EDIT_RULES: tuple[Rule, ...] = (
    rule(rf"first,? (?:{DO} )?{W},? (?:and )?(?:only )?then (?:{DO} )?{O}", relative("before")),
    rule(rf"(?:{DO} )?{W}(?: (?:up|in|on|over|out|onto|there|goes|go|comes|come|should|must|be|is|are))*(?: {ON} @\d+)? (?:last|at the (?:very )?end|in the end|at last|afterward)|(?:leave|keep|save) @(?P<w2>\d+) (?:for|till|until|to) (?:the )?(?:very )?(?:last|end)|(?:end|finish) with @(?P<w3>\d+)|last,? (?:{DO} )?@(?P<w4>\d+)", order("last")),
    rule(rf"(?:{DO} )?{W}(?: (?:up|in|on|over|out|onto|there|goes|go|comes|come|should|must|be|is|are))*(?: {ON} @\d+)? first|(?:start|begin) (?:with|by \w+ing) @(?P<w2>\d+)|first,? (?:{DO} )?@(?P<w3>\d+)", order("first")),
    rule(rf"before (?:you )?(?:\w+ ){{0,3}}@(?P<o>\d+),? (?:{DO} )?{W}", relative("before")),
    rule(rf"after (?:you )?(?:\w+ ){{0,3}}@(?P<o>\d+),? (?:{DO} )?{W}", relative("after")),
    rule(rf"(?:{DO} )?{W}(?: (?:up|in|on|over|out|goes|comes|go|come|should|must|be|away|{ON} @\d+))* (?:before|ahead of|prior to) (?:you )?(?:\w+ ){{0,3}}?{O}", relative("before")),
    rule(rf"(?:{DO} )?{W}(?: (?:up|in|on|over|out|goes|comes|go|come|should|must|be|away|{ON} @\d+))* (?:after|behind|following) (?:you )?(?:\w+ ){{0,3}}?{O}", relative("after")),
    rule(rf"(?:use |take |grab |do |get |put |pick )?@(?P<new>\d+),? (?:and |but )?(?:not|instead of|rather than|in place of) (?:on |in |to )?@(?P<old>\d+){END}", instead),
    rule(rf"not (?:on |in |take |use |grab |the )*@(?P<old>\d+),? (?:but )?(?:rather )?(?:(?:use|take|grab|pick|get|do|put|on|in|to|it|the) )*@(?P<new>\d+)(?: instead)?{END}", instead),
    rule(r"(?:swap|replace|exchange) @(?P<old>\d+) (?:with|for|by) @(?P<new>\d+)", instead),
    rule(rf"not (?:ever )?(?:do|put|load|pick up|pick|take|move|bring|touch|place|open|close|hang|hand over|hand|give|include|use|grab|clear|bother with|stow|take along) {W}(?: (?:away|up|over|out))?(?: {ON} @(?P<o>\d+))?{END}", order("skip")),
    rule(rf"(?:skip|leave out|omit|ignore|exclude|forget about|forget) {W}", order("skip")),
    rule(rf"leave {W}(?: (?:out|alone|there|where (?:it|they) (?:is|are)|be|behind|on @\d+|as (?:it|they) (?:is|are)))?{END}", order("skip")),
    rule(rf"(?:everything|all)(?: things)? (?:but|except) {W}|without {W}".replace("(?P<w>", "(?P<w1>", 1), order("skip")),
    rule(rf"(?:also|then also|and also|additionally|too) (?:please )?(?P<verb>(?:bring|put|load|fetch|take|add|move|place|get|do|hang|hand|give|open|close|pass)(?: me| over)*)(?: up| over)? {W}(?: too| along| as well)?(?: {ON} @(?P<o>\d+))?", add),
    rule(rf"(?P<verb>bring|put|load|fetch|take|add|move|place|get|hang|give me|bring me|hand me)? ?{W}(?: {ON} @(?P<o>\d+))? (?:too|as well|also)", add),
    rule(rf"(?P<verb>add|include) {W}(?: {ON} @(?P<o>\d+))?", add),
    rule(rf"(?:(?P<verb>put|place|set|hang|load|lay|move|bring|drop|take|want|have|goes?|belongs?) )?(?:(?:it|them|that|this|@(?P<w>\d+)) )?(?:(?:down|goes|go|belongs|belong|should go|to|for) )?(?:onto|on|into|in|inside) {O}(?: instead| rather| please)?(?! (?:more|less|by))", elsewhere),
    rule(rf"(?P<verb>put|place|set|load|move|bring|take|goes?|belongs?) (?:(?:it|them|that|this|@(?P<w>\d+)) )?(?:over )?to {O}(?: instead| rather)?", elsewhere),
    rule(rf"to {O} instead", elsewhere),
    rule(r"(?:use|take|grab|pick|get|do|want|rather|choose|hold)? ?@(?P<new>\d+) (?:instead|rather)(?: of (?:it|that|this))?", instead),
    rule(r"(?:(?:that|this|it) is )?(?:the )?wrong (?:one|thing|object)|not (?:that|this) (?:one|thing)", lambda r, m: wrong(r, need(r))),
)  # fmt: skip


def need(r: Reading) -> Entity:
    """What is handled; Unclear where nothing is."""
    current = r.current()
    if current is None:
        raise Unclear(f"The wrong one of what? There is {listed(r.moment.around)}.")
    return current


CHOICE = re.compile(
    r"^(?:(?:i|we|you|want|would|like|to|please|use|take|grab|pick|pick up|get|do|choose|meant|mean|no|yes|okay|said|the|well|um|uh|it|is|was|should|be|rather) )*@(?P<new>\d+)(?: (?:please|i said|i meant|up))?$"
)
"""A thing and nothing else: that one."""
