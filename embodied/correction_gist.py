"""The gist of a correction: what remains clear of it where the strict grammar does not know every word.

Clauses that only give reasons are put aside; cues for each field are looked for in the rest, in the light of the act
that is going on. Nothing comes of no cue, of cues against each other, of a number that nobody used, or of a bound
that is exceeded: it never guesses.
"""

import re

from pydantic import ValidationError

from embodied.correction_gist_clauses import Heard, hear
from embodied.correction_gist_manner import approached, firm, held, high, quick, upright
from embodied.correction_gist_place import hooked, kept_off, opened, shifted, turned
from embodied.correction_gist_plan import elsewhere, ordered, skipped
from embodied.correction_grammar import GENERAL, ONCE
from embodied.correction_reading import Reading
from embodied.correction_references import candidates
from embodied.correction_words import Unclear
from embodied.corrections import Correction, Moment, Reach, Ref
from embodied.situations import Entity

CONFIDENCE = 0.7
"""Of what is only the gist."""
MOST = 2
"""Fields that one utterance changes; more are rather a misunderstanding."""
SETTLED = re.compile(
    r"^(?:Which .* do you mean: |Do you mean this: |That is too much|With what was said|I take sentences"
    r"|I understand English|I heard nothing|That is \d+ characters|Do you ask|Is it right"
    r"|I am doing nothing|Nothing is being done|Those are \d+ amounts|\S+ what, cm or mm|I know no )"
)
"""Questions of the strict reader which the gist cannot answer either."""


def gist(text: str, moment: Moment, question: str = "") -> Correction | None:
    """What was probably meant; None where there is no cue, or where they contradict each other. Never raises.

    `question` is what the strict reader asked: where that was which of several things, or how much, None stands.
    """
    if moment.act is None or moment.act.object not in moment.around or SETTLED.search(question):
        return None
    try:
        heard = hear(text, moment)
        if heard is None or not (heard.segments or heard.reasons):
            return None
        return understood(text, heard, moment)
    except (Unclear, ValidationError):
        return None


def understood(text: str, heard: Heard, moment: Moment) -> Correction | None:
    """The correction that the cues come to."""
    reading = Reading(heard.text, moment, heard.amounts, heard.things)
    thing = moment.around[moment.act.object] if moment.act else None
    if thing is None:
        return None
    ordered(heard, reading)
    skipped(heard, reading)
    if not reading.edits:
        for cue in (opened, quick, firm, hooked, turned, shifted, high, approached, upright, kept_off):
            cue(heard, reading)
        if "turn" not in reading.said:
            held(heard, reading, subject(heard, reading, thing))
        if not reading.said and not reading.moved:
            elsewhere(heard, reading)
    manner = reading.manner()
    left = [i for i, amount in enumerate(heard.amounts) if amount.measure != "vague" and i not in heard.used]
    mentioned = {int(n) for segment in heard.segments for n in re.findall(r"#[A-Z](\d+)", segment.text)}
    if not (manner.said or reading.edits) or len(manner.said) > MOST or mentioned & set(left):
        return None
    about, reach = scope(text, heard, reading, thing)
    return Correction(
        text=text, intent="edit" if reading.edits else "adjust", level="plan" if reading.edits else "skill",
        manner=manner, edits=tuple(reading.edits), about=about, reach=reach, vague=tuple(reading.vague),
        confidence=CONFIDENCE,
    )  # fmt: skip


def subject(heard: Heard, reading: Reading, thing: Entity) -> Entity:
    """What is spoken of: what is handled, or the only kind that is named instead."""
    for some in heard.things:
        for spoken in some:
            if spoken.kind and spoken.kind != thing.kind and (spoken.generic or spoken.plural):
                kin = [each for each in candidates(spoken, reading.moment) if each.parts]
                if kin and not any(each.kind == thing.kind for other in heard.things for each in other):
                    return kin[0]
    return thing


def scope(text: str, heard: Heard, reading: Reading, thing: Entity) -> tuple[Ref | None, Reach | None]:
    """About what it is and how far it goes, where the words say so."""
    raw = text.casefold()
    named = [spoken for some in heard.things for spoken in some if not spoken.other]
    ours = [s for s in named if s.kind == thing.kind or (not s.kind and s.attributes)]
    words = frozenset(word for spoken in ours for word in spoken.attributes) | heard.states
    general = bool(GENERAL.search(raw) or re.search(r"\bnever\b", raw))
    if ONCE.search(raw):
        return None, "now"
    if reading.edits:
        return None, "kind" if general or any(s.generic or s.plural for s in named) else None
    if any(s.pointed for s in ours):
        return None, "instance"
    generic = any(
        (s.generic or (s.plural and s.kind)) and not s.words.startswith(("the ", "my ", "these ")) for s in ours
    )
    if general or generic or heard.states:
        other = subject(heard, reading, thing)
        attributes = words if other is thing else frozenset()
        return Ref(kind=other.kind, attributes=attributes), "kind"
    return None, None
