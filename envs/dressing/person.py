"""The person: seated, the right arm held out. World frame: x to the front, z up, right shoulder near (0, 0, 1) m."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

UPPER, FORE, HAND = 0.28, 0.25, 0.16
"""Lengths [m] of an average arm's upper arm, forearm and hand."""

GIRTH = {"upper": 0.047, "fore": 0.038, "hand": 0.034}
"""Radii [m] of an average arm."""

LIMBS = ("hand", "fore", "upper")
"""From the fingertips on."""


@dataclass(frozen=True)
class Person:
    """Size and the pose of the right arm [degrees].

    `azimuth` is how far the upper arm points to the right of the front, `elevation` above the horizontal, `flexion`
    how far the elbow is bent (towards the front of the body), `roll` turns that bend upwards about the upper arm.
    """

    scale: float = 1.0
    girth: float = 1.0
    azimuth: float = 45.0
    elevation: float = 0.0
    flexion: float = 30.0
    roll: float = 20.0
    shoulder: tuple[float, float, float] = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        if not (0.5 <= self.scale <= 2 and 0.3 <= self.girth <= 2):
            raise ValueError(f"scale is {self.scale} and girth {self.girth}; people are between half and twice average")
        if not 0 <= self.flexion <= 150:
            raise ValueError(f"flexion is {self.flexion} degrees; an elbow bends from 0 to 150")

    @property
    def lengths(self) -> Float[np.ndarray, " 3"]:
        """Of hand, forearm and upper arm [m]."""
        return self.scale * np.array([HAND, FORE, UPPER])

    @property
    def radii(self) -> Float[np.ndarray, " 3"]:
        """Of hand, forearm and upper arm [m]."""
        return self.scale * self.girth * np.array([GIRTH[limb] for limb in LIMBS])

    def joints(self, lifted: float = 0.0, turned: float = 0.0) -> Float[np.ndarray, "4 3"]:
        """Fingertip, wrist, elbow and shoulder [m], with the arm lifted and turned by so much more [degrees]."""
        azimuth, elevation, flexion, roll = np.radians(
            [self.azimuth + turned, self.elevation + lifted, self.flexion, self.roll]
        )
        out = direction(azimuth, elevation)
        inwards = direction(azimuth - np.pi / 2, 0.0)
        bend = np.cos(roll) * inwards + np.sin(roll) * np.cross(inwards, out)
        fore = np.cos(flexion) * out + np.sin(flexion) * bend
        hand, forearm, upper = self.lengths
        shoulder = np.array(self.shoulder)
        elbow = shoulder + upper * out
        wrist = elbow + forearm * fore
        return np.stack([wrist + hand * fore, wrist, elbow, shoulder])


def direction(azimuth: float, elevation: float) -> Float[np.ndarray, " 3"]:
    """The unit vector so far to the right of the front and above the horizontal [rad]."""
    return np.array([np.cos(azimuth) * np.cos(elevation), -np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])


@dataclass(frozen=True)
class Part:
    """A piece of the body: a capsule [m]; whether cloth can touch it; its colour."""

    name: str
    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float
    touchable: bool
    colour: tuple[float, float, float]


SKIN, SHIRT, TROUSERS = (0.87, 0.68, 0.55), (0.80, 0.80, 0.76), (0.30, 0.33, 0.42)


def body(person: Person) -> tuple[Part, ...]:
    """All but the right arm: torso, head, left arm and legs."""
    k, right = person.scale, np.array(person.shoulder)

    def at(x: float, y: float, z: float) -> tuple[float, float, float]:
        return tuple((right + k * np.array([x, y, z])).tolist())

    return (
        Part("torso", at(-0.03, 0.19, -0.06), at(-0.03, 0.19, -0.45), 0.115 * k, True, SHIRT),
        Part("shoulders", at(-0.03, 0.06, -0.02), at(-0.03, 0.32, -0.02), 0.055 * k, False, SHIRT),
        Part("neck", at(-0.02, 0.19, 0.02), at(-0.01, 0.19, 0.12), 0.05 * k, False, SKIN),
        Part("head", at(0.01, 0.19, 0.21), at(0.01, 0.19, 0.25), 0.095 * k, True, SKIN),
        Part("left-arm", at(-0.03, 0.38, -0.04), at(0.05, 0.42, -0.30), 0.045 * k, False, SHIRT),
        Part("left-forearm", at(0.05, 0.42, -0.30), at(0.30, 0.34, -0.36), 0.037 * k, False, SKIN),
        Part("left-thigh", at(0.0, 0.28, -0.52), at(0.42, 0.30, -0.50), 0.075 * k, False, TROUSERS),
        Part("right-thigh", at(0.0, 0.10, -0.52), at(0.42, 0.08, -0.50), 0.075 * k, False, TROUSERS),
    )
