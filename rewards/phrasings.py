"""Other wordings of the tabletop's wishes, written by somebody who had not seen the grammar, from its words alone.

They are what a judge is tested with; the grammar is not to be changed to please them.
"""

import numpy as np

from rewards.sentences import COLOURS, PREDICATES

NAMED = {
    "in-bowl": (
        "place the {b} block into the {t} bowl",
        "please move the {b} cube into the {t} bowl",
        "the {b} block should be in the {t} bowl",
        "drop the {b} block into the {t} bowl please",
        "i want the {b} block in the {t} bowl",
        "the {b} block belongs in the {t} bowl",
        "make sure the {b} cube ends up in the {t} bowl",
        "transfer the {b} block to the {t} bowl",
        "robot, carry the {b} block into the {t} bowl",
        "the {t} bowl should have the {b} block in it",
        "i would like to see the {b} cube inside the {t} bowl",
        "get the {b} block into the {t} bowl",
    ),
    "in-zone": (
        "slide the {b} block into the {t} zone",
        "please shove the {b} cube onto the {t} square",
        "the {b} block must be in the {t} zone",
        "nudge the {b} block into the {t} area",
        "sweep the {b} cube into the {t} zone",
        "i would like the {b} block in the {t} zone",
        "make sure that the {b} block is inside the {t} area",
        "the {b} cube should end up on the {t} square",
        "move the {b} block to the {t} zone please",
        "we want the {b} block to be in the {t} zone",
        "robot, bring the {b} block to the {t} square",
        "the {b} block belongs in the {t} area",
    ),
    "on": (
        "place the {b} block on top of the {t} block",
        "put the {b} cube onto the {t} cube",
        "please set the {b} block atop the {t} one",
        "the {b} block should be on top of the {t} block",
        "stack the {b} cube onto the {t} cube",
        "i want the {b} block on the {t} block",
        "lay the {b} block onto the {t} block please",
        "make sure the {b} block rests on the {t} one",
        "the {t} block should have the {b} block on top of it",
        "move the {b} block to the top of the {t} block",
        "we would like the {b} cube to end up on the {t} cube",
        "robot, please stack the {b} block on top of the {t} one",
    ),
}
OWN = {
    "in-bowl": (
        "place {s} into the bowl of the same colour",
        "please move {s} into the matching bowl",
        "{s} should be in the bowl of its colour",
        "drop {s} into the bowl that has the same color",
        "i want {s} in the bowl that matches its colour",
        "make sure {s} ends up in the bowl with its own colour",
        "carry {s} to the bowl that matches it",
        "{s} belongs in the bowl of the matching colour",
    ),
    "in-zone": (
        "push {s} into the zone of the same colour",
        "please slide {s} onto the square that matches its color",
        "{s} must end up in the zone of its own colour",
        "nudge {s} into the matching area",
        "we want {s} inside the zone that has the same colour",
        "i would like {s} to be in the zone of its colour",
        "sweep {s} to the zone that matches it",
        "get {s} into the zone with the matching color please",
    ),
}


def worded(codes: tuple[int, int, int], rng: np.random.Generator) -> str:
    """A wording of a wish, given as the network takes it."""
    predicate, block, target = PREDICATES[codes[0]], codes[1], codes[2]
    if target < 0:
        subject = "the block" if block < 0 else f"the {COLOURS[block]} block"
        forms = OWN[predicate]
        return forms[int(rng.integers(len(forms)))].format(s=subject)
    forms = NAMED[predicate]
    text = forms[int(rng.integers(len(forms)))].format(b=COLOURS[block] if block >= 0 else "", t=COLOURS[target])
    return " ".join(text.split())
