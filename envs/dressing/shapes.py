"""What can be drawn: one mesh of cloth, and the capsules that a person and a gripper are made of."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

FARTHEST = 1e4
"""No coordinate lies beyond it [m]; one that does comes from a simulation that has blown up."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A surface with two sides [m, world]; seen from the outside, the corners of a face run anticlockwise."""

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    colour: Float[np.ndarray, " 3"]
    """Of the outside, each channel in [0, 1]."""
    label: int
    inside: Float[np.ndarray, " 3"] | None = None
    """Colour of the inside; without one, the outside's at half its brightness."""

    def __post_init__(self) -> None:
        refuse_far(self.vertices, "vertex")
        refuse_wrong_colour(self.colour, "the mesh")
        if self.inside is not None:
            refuse_wrong_colour(self.inside, "the inside of the mesh")
        if self.faces.size and not 0 <= self.faces.min() <= self.faces.max() < len(self.vertices):
            wrong = self.faces[((self.faces < 0) | (self.faces >= len(self.vertices))).any(1)][0]
            raise ValueError(f"face {wrong.tolist()} names a vertex the mesh lacks; it has {len(self.vertices)}")
        if self.label < 0:
            raise ValueError(
                f"the label of the mesh is {self.label}; negative ones mean nothing is there, use 0 or more"
            )


@dataclass(frozen=True, eq=False)
class Capsules:
    """All points within `radius` of the line from `start` to `end` [m, world]; with no length it is a sphere."""

    start: Float[np.ndarray, "k 3"]
    end: Float[np.ndarray, "k 3"]
    radius: Float[np.ndarray, " k"]
    colour: Float[np.ndarray, "k 3"]
    """Each channel in [0, 1]."""
    label: Int[np.ndarray, " k"]

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in ("start", "end", "radius", "colour", "label")}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"every capsule has one of each, but there are {lengths}")
        refuse_far(self.start, "start of capsule")
        refuse_far(self.end, "end of capsule")
        refuse_wrong_colour(self.colour, "a capsule")
        for i in np.flatnonzero(~((self.radius > 0) & (self.radius < FARTHEST)))[:1]:
            raise ValueError(f"the radius of capsule {i} is {self.radius[i]:g} m; use a positive one, or leave it out")
        for i in np.flatnonzero(self.label < 0)[:1]:
            raise ValueError(
                f"the label of capsule {i} is {self.label[i]}; negative ones mean nothing is there, use 0 or more"
            )


def refuse_far(points: Float[np.ndarray, "n 3"], name: str) -> None:
    """ValueError for the first point that is not a number, or too far to be one."""
    near = np.abs(points) < FARTHEST
    if not near.all():
        i = int(np.flatnonzero(~near.all(1))[0])
        raise ValueError(
            f"{name} {i} is at {points[i].tolist()}; "
            "where a simulation has blown up, take shorter steps or softer contacts, or end the episode"
        )


def refuse_wrong_colour(colour: Float[np.ndarray, "*n 3"], name: str) -> None:
    """ValueError for channels outside [0, 1], as those of bytes are."""
    if not ((colour >= 0) & (colour <= 1)).all():
        raise ValueError(f"the colour of {name} is {colour.tolist()}; give channels in [0, 1], bytes divided by 255")
