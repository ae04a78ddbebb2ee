"""Scenes for the sentences of the tabletop, as views: a thing is (kind, size, colour, x, y) and may lie on others."""

from embodied.scenery import EDGE, Item, View, named


def scene(*things):
    """A view of things (kind, size, colour, x, y[, z of the lower side])."""
    names = named([thing[:3] for thing in things])
    items = []
    for name, (kind, size, colour, x, y, *low) in zip(names, things, strict=True):
        z = (low[0] if low else 0.0) + (EDGE[size] / 2 if kind == "block" else 0.0)
        items.append(Item(name, kind, colour, (x, y, z), size))
    return View(tuple(items))


def block(colour, x, y, size="small", low=0.0):
    return ("block", size, colour, x, y, low)


def bowl(colour, x, y):
    return ("bowl", "small", colour, x, y)


def zone(colour, x, y):
    return ("zone", "small", colour, x, y)


PRIMITIVE = scene(
    block("red", 0.4, 0.2), block("blue", 0.4, -0.2), block("green", 0.6, 0.0), bowl("yellow", 0.6, 0.3),
    zone("green", 0.6, -0.3), zone("blue", 0.35, 0.0),
)  # fmt: skip
SIZED = scene(
    block("red", 0.4, 0.2, "small"), block("red", 0.6, 0.2, "big"), block("blue", 0.4, -0.2, "big"),
    block("blue", 0.6, -0.2, "small"), bowl("green", 0.5, 0.0),
)  # fmt: skip
MATCHING = scene(
    block("red", 0.4, 0.2), block("blue", 0.4, 0.0), block("green", 0.4, -0.2), block("pink", 0.33, 0.1),
    bowl("red", 0.6, -0.2), bowl("blue", 0.6, 0.2), bowl("green", 0.6, 0.0),
)  # fmt: skip
TOWERS = scene(
    block("red", 0.35, 0.3), block("green", 0.35, 0.0), block("yellow", 0.35, -0.3), block("brown", 0.5, 0.2),
    zone("red", 0.6, 0.0), zone("blue", 0.6, 0.3),
)  # fmt: skip
SAME_COLOUR = scene(
    block("red", 0.35, 0.3), block("red", 0.35, 0.1), block("blue", 0.35, -0.1), block("blue", 0.35, -0.3),
    block("blue", 0.45, 0.2), block("pink", 0.45, -0.2), zone("red", 0.6, 0.25), zone("blue", 0.6, -0.25),
)  # fmt: skip
SIZES = scene(
    block("pink", 0.35, 0.3, "big"), block("red", 0.35, 0.1, "small"), block("cyan", 0.35, -0.1, "big"),
    block("blue", 0.35, -0.3, "small"), block("orange", 0.5, 0.2, "small"), zone("red", 0.6, 0.3),
    zone("blue", 0.6, -0.3),
)  # fmt: skip
PAIRS = scene(
    block("red", 0.35, 0.3, "big"), block("red", 0.35, 0.1, "small"), block("blue", 0.35, -0.1, "big"),
    block("blue", 0.35, -0.3, "small"), zone("red", 0.6, 0.25), zone("blue", 0.6, -0.25),
)  # fmt: skip
ALTERNATE = scene(
    block("red", 0.35, 0.3), block("red", 0.35, 0.1), block("blue", 0.35, -0.1), block("blue", 0.35, -0.3),
    zone("green", 0.6, 0.2),
)  # fmt: skip
AREA = scene(
    block("red", 0.55, 0.3, "big"), block("cyan", 0.6, 0.15, "small"), block("yellow", 0.62, 0.22, "small"),
    block("blue", 0.35, -0.2, "big"), block("green", 0.35, 0.2, "small"), zone("red", 0.6, -0.3),
    zone("blue", 0.35, 0.35),
)  # fmt: skip
EVEN = scene(
    block("red", 0.35, 0.3), block("red", 0.35, 0.1), block("blue", 0.35, -0.1), block("blue", 0.35, -0.3),
    block("blue", 0.45, 0.2), zone("red", 0.6, 0.25), zone("blue", 0.6, -0.25),
)  # fmt: skip
SIDE = scene(
    block("red", 0.48, 0.0), block("blue", 0.48, 0.3, "big"), block("green", 0.4, 0.15), block("yellow", 0.4, -0.2),
    block("pink", 0.62, 0.1, "big"), zone("blue", 0.6, -0.3),
)  # fmt: skip
PYRAMID = scene(
    block("red", 0.35, 0.3), block("blue", 0.35, 0.15), block("green", 0.35, 0.0), block("yellow", 0.35, -0.15),
    block("cyan", 0.35, -0.3), block("brown", 0.48, 0.3), zone("red", 0.6, 0.0),
)  # fmt: skip
TWO_LAYERS = scene(
    block("red", 0.4, 0.2), block("green", 0.4, 0.2, low=0.04), block("blue", 0.4, -0.2),
    block("yellow", 0.4, -0.2, low=0.04), block("blue", 0.35, 0.0), bowl("red", 0.6, 0.2), bowl("blue", 0.6, -0.2),
)  # fmt: skip
THREE_LAYERS = scene(
    block("red", 0.4, 0.2), block("green", 0.4, 0.2, low=0.04), block("brown", 0.4, 0.2, low=0.08),
    block("blue", 0.4, -0.2), block("gray", 0.4, -0.2, low=0.04), block("yellow", 0.4, -0.2, low=0.08),
    bowl("red", 0.6, 0.2), bowl("blue", 0.6, -0.2),
)  # fmt: skip
HIDDEN_PYRAMID = scene(
    block("red", 0.4, 0.044), block("blue", 0.4, 0.0), block("green", 0.4, -0.044), block("gray", 0.4, 0.022, low=0.04),
    block("white", 0.4, -0.022, low=0.04), block("brown", 0.4, 0.0, low=0.08), bowl("red", 0.6, 0.2),
    bowl("blue", 0.6, -0.2), bowl("green", 0.6, 0.0),
)  # fmt: skip
