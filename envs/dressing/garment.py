"""Sleeves: procedural cones of cloth, wide at the armhole and narrow at the cuff."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

Mesh = Literal["coarse", "fine"]
ROUND = {"coarse": 12, "fine": 16}
"""Vertices around a sleeve."""
SPACING = {"coarse": 0.040, "fine": 0.0311}
"""Distance of its rings of vertices [m]."""
MOST_RINGS = {"coarse": 12, "fine": 17}
GRASP = 0.96
"""Half of the arc of the armhole that the gripper holds [rad], 55 degrees."""


@dataclass(frozen=True)
class Garment:
    """One sleeve: lengths and radii [m], mass [kg], stiffness of the cloth as a membrane [N/m], Coulomb friction."""

    name: str
    length: float
    armhole: float
    cuff: float
    mass: float
    stiffness: float
    friction: float
    colour: tuple[float, float, float]

    def __post_init__(self) -> None:
        for field in ("length", "armhole", "cuff", "mass", "stiffness", "friction"):
            if not getattr(self, field) > 0:
                raise ValueError(f"{field} of the garment {self.name!r} is {getattr(self, field)}; it must be positive")

    def sized(self, length: float, girth: float, stiffness: float, friction: float) -> "Garment":
        """The same cut, scaled."""
        return replace(
            self,
            length=self.length * length,
            armhole=self.armhole * girth,
            cuff=self.cuff * girth,
            mass=self.mass * length * girth,
            stiffness=self.stiffness * stiffness,
            friction=self.friction * friction,
        )


GARMENTS: dict[str, Garment] = {
    "gown": Garment("gown", 0.28, 0.112, 0.092, 0.060, 1000.0, 0.30, (0.22, 0.62, 0.64)),
    "jacket": Garment("jacket", 0.50, 0.102, 0.070, 0.110, 1200.0, 0.38, (0.48, 0.30, 0.62)),
    "knit": Garment("knit", 0.38, 0.088, 0.062, 0.080, 600.0, 0.50, (0.36, 0.60, 0.28)),
}
"""A short wide gown sleeve, a long narrow jacket sleeve, a tight and stretchy knit."""


@dataclass(frozen=True, eq=False)
class Cloth:
    """A sleeve's mesh at rest. Ring 0 is the armhole, about the origin of the frame in which x points along the
    sleeve to its cuff and z to the middle of what is gripped."""

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    around: int
    gripped: tuple[int, ...]


def cloth(garment: Garment, mesh: Mesh = "coarse") -> Cloth:
    """The garment's mesh; "fine" is 16 x 10 vertices for a sleeve of 28 cm, "coarse" 12 x 8."""
    around = ROUND[mesh]
    rings = int(np.clip(round(garment.length / SPACING[mesh]) + 1, 6, MOST_RINGS[mesh]))
    angle = 2 * np.pi * np.arange(around) / around
    share = np.linspace(0, 1, rings)[:, None]
    radius = garment.armhole + (garment.cuff - garment.armhole) * share
    vertices = np.stack(
        [np.broadcast_to(garment.length * share, (rings, around)), radius * np.sin(angle), radius * np.cos(angle)],
        axis=2,
    )
    ring, here = np.divmod(np.arange((rings - 1) * around), around)
    a, b = ring * around + here, ring * around + (here + 1) % around
    faces = np.stack([np.stack([a, a + around, b], 1), np.stack([b, a + around, b + around], 1)], 1)
    off_top = np.minimum(angle, 2 * np.pi - angle)
    gripped = tuple(int(i) for i in np.flatnonzero(off_top <= GRASP + 1e-9))
    return Cloth(vertices.reshape(-1, 3), faces.reshape(-1, 3), around, gripped)
