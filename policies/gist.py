"""The gist of a sentence: by which concepts occur in it, for sentences that the grammar does not read."""

from embodied.goals import Goal
from embodied.scenery import View
from policies.gist_frames import FRAMES
from policies.gist_slots import Said
from policies.gist_words import ASKS, Concept, concepts, normal
from policies.hidden import Search
from policies.lexicon import OutOfScope


class Vetoed(OutOfScope):
    """A sentence that is no wish, or may be more than one here, whatever the grammar makes of it."""


def gist(sentence: str, view: View) -> Goal | Search:
    """What a sentence wants, as far as its concepts say; OutOfScope where no frame fits, or two that differ."""
    said = Said(by_example(concepts(sentence)))
    if ASKS.search(normal(sentence)):
        raise Vetoed(f"{sentence!r} is a question and no wish")
    if warned := [c.text for c in said.concepts if c.tag == "warning"]:
        raise OutOfScope(f"{warned[0]!r} is more than the gist of {sentence!r} can say")
    found: list[Goal | Search] = []
    reasons: list[str] = []
    for frame in FRAMES:
        if frame.needs <= said.tags and not frame.forbids & said.tags:
            try:
                if frame.fits(said, view):
                    meant = frame.means(said, view)
                    found += [meant] if meant not in found else []
            except OutOfScope as error:
                reasons.append(str(error))
    if not found:
        raise OutOfScope("; ".join(reasons) or f"{sentence!r} is no wish for blocks that is understood here")
    if len(found) > 1:
        raise Vetoed(f"{sentence!r} may mean more than one thing here")
    return found[0]


def by_example(found: tuple[Concept, ...]) -> tuple[Concept, ...]:
    """ "Red goes with red, blue with blue and so on" as what it is an example of."""
    colours = [c.value for c in found if c.tag == "colour"]
    shown = len(colours) >= 2 and not len(colours) % 2 and colours[::2] == colours[1::2]
    if not (shown and any(c.tag == "so on" for c in found)):
        return found
    kept = tuple(c for c in found if c.tag != "colour")
    return (*kept, Concept("same", "strong", "so on"))
