"""What stands on the table of a home: kinds of things with parts to hold them by, and of what they are drawn.

Lengths [m] are those of a thing of size 1; a thing's frame has its origin at the middle of its foot, x to its front.
"""

from dataclasses import dataclass
from math import pi
from typing import Literal

Point = tuple[float, float, float]

TRAVEL = 0.25
"""How far a drawer opens [m]."""

FLOOR, CABINET = 0.02, (0.3, 0.3, 0.14)
"""Height of a drawer's floor, and the size of its cabinet [m]."""

HOOK_FORWARD, HOOK_HEIGHT = 0.09, 0.22
"""Where a rack's hooks end, in its frame [m]."""

ABOVE_HOOK = 0.06
"""So far below its hook hangs a mug's foot [m]."""


@dataclass(frozen=True)
class Part:
    """Where a thing can be held: a point of its frame, and the direction [rad] from which a hand comes sideways."""

    name: str
    at: Point
    out: float = 0.0


@dataclass(frozen=True)
class Surface:
    """Where things can be put: half its extent along x and y, and its height above the foot [m]."""

    half: tuple[float, float]
    height: float


@dataclass(frozen=True)
class Solid:
    """A box (its edges), a cylinder (radius, height, -) or a ball (radius, -, -) that a thing is drawn of.

    `shade` is a colour of its own, as red, green, blue and opacity; None is that of the thing.
    """

    form: Literal["box", "cylinder", "ball"]
    size: Point
    at: Point
    shade: tuple[float, float, float, float] | None = None
    lying: bool = False
    """A cylinder along x instead of z."""


@dataclass(frozen=True)
class Kind:
    """What all things of a kind share. The first of its `parts` is what a careless hand takes."""

    size: Point
    parts: tuple[Part, ...] = ()
    attributes: frozenset[str] = frozenset()
    colours: bool = False
    """It comes in colours, which are part of its name."""
    movable: bool = False
    long: bool = False
    """It has two ends, along x."""
    vessel: bool = False
    """It can be spilt: it swings when it is carried carelessly."""
    surface: Surface | None = None
    hooks: tuple[float, ...] = ()
    """Where hooks are, along y."""
    shade: tuple[float, float, float, float] = (0.7, 0.7, 0.7, 1)
    solids: tuple[Solid, ...] = ()


WOOD, DARK, STEEL = (0.62, 0.45, 0.28, 1.0), (0.15, 0.15, 0.17, 1.0), (0.75, 0.77, 0.8, 1.0)
SKIN, SHIRT, GLASS = (0.85, 0.65, 0.52, 1.0), (0.25, 0.35, 0.5, 1.0), (0.75, 0.9, 0.95, 0.6)

HALF = (CABINET[0] - 0.04) / 2, (CABINET[1] - 0.04) / 2
"""Half the inside of a drawer [m]."""

KINDS: dict[str, Kind] = {
    "mug": Kind(
        (0.14, 0.085, 0.09),
        (Part("rim", (-0.037, 0, 0.085), pi), Part("handle", (0.065, 0, 0.05)), Part("side", (-0.042, 0, 0.05), pi)),
        colours=True, movable=True, vessel=True,
        solids=(
            Solid("cylinder", (0.042, 0.09, 0), (0, 0, 0.045)),
            Solid("cylinder", (0.036, 0.002, 0), (0, 0, 0.0905), DARK),
            Solid("box", (0.03, 0.012, 0.012), (0.05, 0, 0.072)),
            Solid("box", (0.03, 0.012, 0.012), (0.05, 0, 0.028)),
            Solid("box", (0.012, 0.012, 0.056), (0.065, 0, 0.05)),
        ),
    ),
    "glass": Kind(
        (0.07, 0.07, 0.12), (Part("rim", (0, 0.033, 0.115), pi / 2), Part("side", (0.035, 0, 0.06))),
        frozenset({"fragile"}), movable=True, vessel=True, shade=GLASS,
        solids=(Solid("cylinder", (0.035, 0.12, 0), (0, 0, 0.06)),
                Solid("cylinder", (0.03, 0.002, 0), (0, 0, 0.1205), STEEL)),
    ),
    "bowl": Kind(
        (0.13, 0.13, 0.05), (Part("rim", (0.06, 0, 0.045)), Part("side", (0, 0.055, 0.03), pi / 2)),
        colours=True, movable=True, vessel=True, surface=Surface((0.045, 0.045), 0.012),
        solids=(Solid("cylinder", (0.04, 0.012, 0), (0, 0, 0.006)), Solid("cylinder", (0.065, 0.038, 0), (0, 0, 0.031)),
                Solid("cylinder", (0.056, 0.002, 0), (0, 0, 0.0505), DARK)),
    ),
    "spoon": Kind(
        (0.16, 0.036, 0.016), (Part("scoop", (0.06, 0, 0.01)), Part("grip", (-0.05, 0, 0.01), pi)),
        movable=True, long=True, shade=STEEL,
        solids=(Solid("box", (0.12, 0.012, 0.008), (-0.02, 0, 0.006)),
                Solid("cylinder", (0.018, 0.012, 0), (0.06, 0, 0.007))),
    ),
    "scissors": Kind(
        (0.16, 0.07, 0.016), (Part("grip", (-0.055, 0, 0.01), pi), Part("blade", (0.05, 0, 0.01))),
        frozenset({"sharp"}), movable=True, long=True, shade=STEEL,
        solids=(Solid("box", (0.1, 0.018, 0.008), (0.03, 0, 0.006)),
                Solid("cylinder", (0.018, 0.012, 0), (-0.055, 0.018, 0.007), (0.85, 0.2, 0.1, 1)),
                Solid("cylinder", (0.018, 0.012, 0), (-0.055, -0.018, 0.007), (0.85, 0.2, 0.1, 1))),
    ),
    "knife": Kind(
        (0.2, 0.03, 0.016), (Part("blade", (0.05, 0, 0.01)), Part("grip", (-0.06, 0, 0.01), pi)),
        frozenset({"sharp"}), movable=True, long=True, shade=STEEL,
        solids=(Solid("box", (0.11, 0.022, 0.005), (0.045, 0, 0.007)),
                Solid("box", (0.09, 0.018, 0.014), (-0.055, 0, 0.008), DARK)),
    ),
    "block": Kind(
        (0.04, 0.04, 0.04), (Part("top", (0, 0, 0.035)), Part("side", (0.02, 0, 0.02))), colours=True, movable=True,
        solids=(Solid("box", (0.04, 0.04, 0.04), (0, 0, 0.02)),),
    ),
    "plate": Kind(
        (0.22, 0.22, 0.016), (Part("rim", (0.105, 0, 0.012)),), movable=True,
        surface=Surface((0.085, 0.085), 0.01), shade=(0.93, 0.93, 0.9, 1),
        solids=(Solid("cylinder", (0.11, 0.014, 0), (0, 0, 0.009)),
                Solid("cylinder", (0.075, 0.003, 0), (0, 0, 0.016), (0.8, 0.82, 0.85, 1))),
    ),
    "tray": Kind(
        (0.26, 0.36, 0.025), surface=Surface((0.12, 0.17), 0.01), shade=WOOD,
        solids=(Solid("box", (0.26, 0.36, 0.01), (0, 0, 0.005)), Solid("box", (0.012, 0.36, 0.025), (0.124, 0, 0.0125)),
                Solid("box", (0.012, 0.36, 0.025), (-0.124, 0, 0.0125)),
                Solid("box", (0.26, 0.012, 0.025), (0, 0.174, 0.0125)),
                Solid("box", (0.26, 0.012, 0.025), (0, -0.174, 0.0125))),
    ),
    "rack": Kind(
        (0.12, 0.4, 0.26), hooks=(0.13, 0.0, -0.13), shade=WOOD,
        solids=(Solid("box", (0.12, 0.4, 0.015), (0, 0, 0.0075)), Solid("box", (0.02, 0.4, 0.26), (-0.03, 0, 0.13)),
                *(Solid("cylinder", (0.006, 0.1, 0), (0.04, y, HOOK_HEIGHT), DARK, True) for y in (0.13, 0.0, -0.13))),
    ),
    "cabinet": Kind(
        CABINET, shade=WOOD,
        solids=(Solid("box", (0.3, 0.3, 0.01), (0, 0, 0.135)), Solid("box", (0.3, 0.01, 0.13), (0, 0.145, 0.065)),
                Solid("box", (0.3, 0.01, 0.13), (0, -0.145, 0.065)),
                Solid("box", (0.01, 0.3, 0.13), (-0.145, 0, 0.065)),
                Solid("box", (0.3, 0.3, 0.01), (0, 0, 0.005))),
    ),
    "drawer": Kind(
        (0.28, 0.28, 0.12), (Part("front", (0.15, 0, 0.125)), Part("handle", (0.175, 0, 0.07))),
        surface=Surface(HALF, FLOOR), shade=(0.8, 0.66, 0.46, 1),
        solids=(Solid("box", (0.012, 0.28, 0.11), (0.148, 0, 0.07)),
                Solid("box", (0.27, 0.27, 0.008), (0.01, 0, 0.014)),
                Solid("box", (0.27, 0.008, 0.07), (0.01, 0.131, 0.05)),
                Solid("box", (0.27, 0.008, 0.07), (0.01, -0.131, 0.05)),
                Solid("box", (0.014, 0.09, 0.014), (0.175, 0, 0.07), DARK),
                Solid("box", (0.025, 0.01, 0.01), (0.163, 0.035, 0.07), DARK),
                Solid("box", (0.025, 0.01, 0.01), (0.163, -0.035, 0.07), DARK)),
    ),
    "head": Kind(
        (0.18, 0.18, 0.42), shade=SKIN,
        solids=(Solid("ball", (0.09, 0, 0), (0, 0, 0.33)), Solid("box", (0.05, 0.05, 0.1), (0.01, 0, 0.22)),
                Solid("box", (0.14, 0.34, 0.2), (0.03, 0, 0.1), SHIRT),
                Solid("box", (0.02, 0.02, 0.02), (-0.095, 0, 0.33)),
                Solid("ball", (0.085, 0, 0), (0.015, 0, 0.345), DARK)),
    ),
    "hand": Kind(
        (0.09, 0.09, 0.05), surface=Surface((0.05, 0.05), 0.05), shade=SKIN,
        solids=(Solid("box", (0.08, 0.08, 0.03), (0, 0, 0.035)),
                Solid("box", (0.1, 0.05, 0.04), (0.08, 0, 0.03), SHIRT)),
    ),
    "table": Kind((0.6, 1.3, 0.04), surface=Surface((0.18, 0.5), 0.0)),
}  # fmt: skip
"""Every kind; what is not `movable` stays where it is, and a drawer only slides."""

TABLE = (0.4, 0.0)
"""Middle of the table [m, base]."""

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.12, 0.13),
    "blue": (0.16, 0.32, 0.86),
    "green": (0.15, 0.62, 0.22),
    "yellow": (0.95, 0.83, 0.12),
    "white": (0.95, 0.95, 0.95),
    "pink": (0.98, 0.6, 0.72),
    "orange": (0.98, 0.45, 0.08),
    "purple": (0.58, 0.22, 0.66),
}
"""What coloured things are painted in; the last three are only seen in the split "held-out"."""

UNSEEN = ("pink", "orange", "purple")
