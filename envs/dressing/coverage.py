"""How much of an arm a sleeve covers: where the arm's middle line passes through the sleeve's opening."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

BEYOND = 0.20
"""The arm is continued by so much past the shoulder [m]: a finished sleeve's opening may lie just behind it."""

EDGE = 1e-10
"""What is so little outside, in barycentric coordinates, is on the edge."""


@dataclass(frozen=True)
class Dressed:
    """Where the opening is: `along` the arm from the fingertips [m] (None where it does not enclose the arm), and the
    share of the whole arm and of the upper arm that lies behind it, in [0, 1]."""

    along: float | None
    arm: float
    upper: float


NOT = Dressed(None, 0.0, 0.0)


def dressed(joints: Float[np.ndarray, "4 3"], opening: Float[np.ndarray, "n 3"]) -> Dressed:
    """Coverage of the arm (fingertip, wrist, elbow, shoulder) by a sleeve whose armhole are these points in order.

    The arm's line is cut with a fan of triangles that spans the opening; crossings are counted with their sign, so
    that an arm which enters and leaves on the same side, passes by, or came in by the cuff counts as not enclosed.
    """
    outwards = joints[3] - joints[2]
    end = joints[3] + BEYOND * outwards / np.linalg.norm(outwards)
    line = np.concatenate([joints, end[None]])
    start, step = line[:-1], np.diff(line, axis=0)
    length = np.linalg.norm(step, axis=1)
    share, sign = crossings(start, step, opening)
    before = np.concatenate([[0.0], np.cumsum(length)[:-1]])
    at = before[:, None] + share * length[:, None]
    place, way = np.unique(np.stack([at[sign != 0].round(9), sign[sign != 0]]), axis=1)
    if way.sum() < 1:
        return NOT
    along = float(place[way > 0].max())
    whole = float(length[:3].sum())
    upper = (along - float(length[:2].sum())) / float(length[2])
    return Dressed(along, float(np.clip(along / whole, 0, 1)), float(np.clip(upper, 0, 1)))


def covered(joints: Float[np.ndarray, "4 3"], rings: Float[np.ndarray, "r n 3"]) -> Dressed:
    """Coverage by a sleeve whose rings of vertices these are, the armhole first.

    Where the armhole has gone past the shoulder and off the arm's line, which pulling on does, the next ring that
    encloses the arm tells: cloth being a tube, the armhole must then be further on.
    """
    found = dressed(joints, rings[0])
    middle = rings[0].mean(0)
    if found.along is None and np.linalg.norm(middle - joints[3]) < np.linalg.norm(middle - joints[0]):
        for ring in rings[1:]:
            found = dressed(joints, ring)
            if found.along is not None:
                break
    return found


def crossings(
    start: Float[np.ndarray, "s 3"], step: Float[np.ndarray, "s 3"], ring: Float[np.ndarray, "n 3"]
) -> tuple[Float[np.ndarray, "s n"], Float[np.ndarray, "s n"]]:
    """Where (as a share of the segment) and in which direction (1, -1, or 0 for not at all) segments cross the fan.

    A crossing on an edge, or at the fan's centre, belongs to all faces there, so that none is missed by rounding.
    """
    centre = ring.mean(0)
    u, v = ring - centre, np.roll(ring, -1, axis=0) - centre
    normal = np.cross(u, v)
    facing = step @ normal.T
    safe = np.where(np.abs(facing) > 1e-15, facing, 1.0)
    offset = centre - start
    share = (offset @ normal.T) / safe
    hit = start[:, None] + share[..., None] * step[:, None] - centre
    size = (normal * normal).sum(1)
    size = np.where(size > 1e-18, size, 1.0)
    a = np.einsum("snk,nk->sn", np.cross(hit, v), normal) / size
    b = np.einsum("snk,nk->sn", np.cross(u, hit), normal) / size
    inside = (a >= -EDGE) & (b >= -EDGE) & (a + b <= 1) & (share >= -EDGE) & (share <= 1 + EDGE)
    inside &= np.abs(facing) > 1e-15
    return share, np.where(inside, np.sign(facing), 0.0)
