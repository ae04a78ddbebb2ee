"""Other wordings of the tabletop's wishes: what a judge is tested with and was never made for."""

import numpy as np

from rewards.sentences import COLOURS, PREDICATES

NAMED = {
    "in-bowl": (
        "place the {b} block into the {t} bowl",
        "drop the {b} cube in the {t} bowl",
        "the {b} block should be inside the {t} bowl",
        "make sure the {b} block ends up in the {t} bowl",
        "please carry the {b} block into that {t} bowl",
        "I want the {b} block in the {t} bowl",
    ),
    "in-zone": (
        "slide the {b} block onto the {t} zone",
        "shove the {b} cube into the {t} square",
        "the {b} block should end up in the {t} area",
        "please nudge the {b} block to the {t} zone",
        "we would like the {b} block inside the {t} zone",
        "sweep the {b} block into the {t} area",
    ),
    "on": (
        "place the {b} block on top of the {t} block",
        "set the {b} cube onto the {t} cube",
        "the {b} block must be on the {t} one",
        "please put the {b} block atop the {t} block",
        "make sure that the {b} block sits on the {t} block",
        "get the {b} block onto the {t} one",
    ),
}
OWN = {
    "in-bowl": (
        "drop {s} into the matching bowl",
        "place {s} in the bowl that matches its color",
        "{s} belongs in the bowl of the same colour",
        "get {s} into its own bowl",
    ),
    "in-zone": (
        "slide {s} into the matching zone",
        "sweep {s} onto the square of its own color",
        "{s} should be in the area that has the same colour",
        "nudge {s} to the zone of the same colour as itself",
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
