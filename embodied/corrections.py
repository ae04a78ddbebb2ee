"""What a person meant by a correction: typed, exact, in the frame of the thing it is about.

`read` (grammar first, a language model behind it where one is configured) makes a `Correction` of an utterance and of
the moment in which it was said.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from embodied.manner import Manner, Verb
from embodied.situations import Entity, Surroundings
from embodied.skills import Act, Program

if TYPE_CHECKING:
    from embodied.models import Model

Intent = Literal[
    "adjust", "edit", "stop", "go on", "done", "undo", "retry", "skip", "home", "yes", "no", "unclear"
]  # fmt: skip
"""adjust: do it otherwise; edit: do other things, or in another order; the others are what they are called."""

Level = Literal["skill", "plan", "control"]
History = Literal["last", "rest", "failed", "none"]
"""What one must know to carry it out: the motion just made, what is left of the step, that it failed, or nothing."""

Reach = Literal["now", "instance", "kind", "everywhere"]
"""How far the words themselves go: this once, this very thing, all of its kind, everything."""


class Ref(BaseModel):
    """Something spoken of: by name, by kind, by attributes; empty words are open."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = ""
    kind: str = ""
    attributes: frozenset[str] = frozenset()

    def fits(self, thing: Entity) -> bool:
        """Whether that may be what was spoken of."""
        named = (not self.name or self.name == thing.name) and (not self.kind or self.kind == thing.kind)
        return named and self.attributes <= thing.attributes

    def among(self, around: Surroundings) -> tuple[Entity, ...]:
        """All that it may be."""
        return tuple(thing for thing in around if self.fits(thing))


class Edit(BaseModel):
    """A change of the plan: what is done first or last, before or after something else, not at all, with another
    thing instead, on another target instead, or in addition."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["first", "last", "before", "after", "skip", "instead", "elsewhere", "add"]
    what: Ref
    other: Ref | None = None
    """before, after: that; instead: the thing that is taken instead; elsewhere, add: the target."""
    verb: Verb | None = None
    """What is done to it, where that was said; add needs one."""


class Option(BaseModel):
    """One answer to a question, and what it would mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str
    means: "Correction"


class Correction(BaseModel):
    """What was meant. `manner` holds exact values in the frames that `Manner` names; `vague` says which were chosen
    for the speaker ("a bit"). `about` is the thing or kind it speaks of and `verb` what is done to it, where the words
    say so. A correction that is not sure of itself has two or three `options`, of which one is to be chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str
    intent: Intent
    level: Level = "control"
    history: History = "none"
    manner: Manner = Manner()
    edits: tuple[Edit, ...] = ()
    about: Ref | None = None
    target: Ref | None = None
    verb: Verb | None = None
    reach: Reach | None = None
    vague: tuple[str, ...] = ()
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0
    question: str = ""
    options: tuple[Option, ...] = ()
    by: Literal["grammar", "model", "person"] = "grammar"


@dataclass(frozen=True)
class Moment:
    """When something was said: what there is, the plan and the act that was going on, and what was said before it."""

    around: Surroundings
    plan: Program = field(default_factory=Program)
    act: Act | None = None
    before: tuple[Correction, ...] = ()


def read(text: str, moment: Moment, model: "Model | None" = None) -> Correction:
    """What was meant by some words in a moment; whatever the words, it never raises.

    The grammar reads first, in milliseconds and offline; where it does not know all of the words, their gist counts,
    and where the two differ, the better of them or a question. Where neither knows, a sure hunch counts, and likely
    ones are asked about. Only where all are unsure (intent "unclear", or confidence under 0.6) a model is asked, once;
    whatever of its answer does not fit the moment becomes a question too.
    """
    from embodied.correction_doubt import weighed
    from embodied.correction_gist import gist
    from embodied.correction_grammar import SURE, understood, unsure
    from embodied.correction_hunch import guessed
    from embodied.correction_words import Unclear

    asked: Unclear | None = None
    try:
        correction = understood(text, moment, 0)
    except Unclear as unclear:
        asked, correction = unclear, unsure(text, moment, unclear, 1)
    if correction.intent in ("unclear", "adjust", "edit", "stop"):
        correction = weighed(correction, gist(text, moment, correction.question), moment)
    correction = guessed(correction, moment)
    if asked is not None and correction.intent == "unclear" and not correction.options:
        correction = unsure(text, moment, asked, 0)  # its options, which take longer than the question
    if model is None or (correction.intent != "unclear" and correction.confidence >= SURE):
        return correction
    from embodied.correction_model import ask

    return ask(model, text, moment, correction)
