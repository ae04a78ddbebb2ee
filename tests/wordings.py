"""Wordings that the grammar is meant to understand, every one of them."""

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
