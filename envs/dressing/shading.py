"""Colours of what a raster sees: a lamp behind the viewer's left shoulder, distance, and dark outlines."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, UInt8

from envs.dressing.shapes import FARTHEST, Capsules, Mesh

LAMP = np.array([-0.36, -0.6, -0.714])
"""Towards the light, in the camera's frame: left, up and back; of unit length, nearly."""

AMBIENT = 0.4
OUTLINE = 0.55
"""How bright the nearer side of a step in depth stays."""

STEP = 0.012
"""How far a neighbouring pixel has to lie behind for it [m], beyond what a surface twice as deep as wide would do."""

SKY, GROUND = np.array([0.95, 0.96, 0.98]), np.array([0.74, 0.77, 0.82])


class Surfaces(NamedTuple):
    """What is drawn, and where it is in the camera's frame [m]: faces first, then capsules."""

    mesh: Mesh
    vertices: Float64[np.ndarray, "3 v"]
    capsules: Capsules
    start: Float64[np.ndarray, "3 k"]
    end: Float64[np.ndarray, "3 k"]


def shade(
    depth: Float64[np.ndarray, "h w"],
    owner: Int[np.ndarray, "h w"],
    rays: Float64[np.ndarray, "h w 3"],
    pixel: float,
    distance: float,
    surfaces: Surfaces,
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture of surfaces so deep [m] along those rays; what is at `distance` [m] keeps its brightness.

    `owner` is the surface seen in a pixel, -1 for none; `pixel` is how wide one is at a depth of 1 m [m].
    """
    height, width = depth.shape
    fade = np.linspace(0, 1, height)[:, None]
    picture = np.repeat((1 - fade) * SKY + fade * GROUND, width, axis=0)
    owner, depth_seen, faces = owner.ravel(), depth.ravel(), len(surfaces.mesh.faces)
    cloth, body = np.flatnonzero((owner >= 0) & (owner < faces)), np.flatnonzero(owner >= faces)
    picture[cloth] = face_colours(surfaces)[owner[cloth]]
    points = rays.reshape(-1, 3)[body] * depth_seen[body, None]
    picture[body] = capsule_colours(surfaces, points, owner[body] - faces)

    seen = np.flatnonzero(owner >= 0)
    bright = np.clip(1 - 0.5 * (depth_seen[seen] / distance - 1), 0.7, 1.2)
    bright[outlines(depth, pixel).ravel()[seen]] *= OUTLINE
    picture[seen] *= bright[:, None]
    return (np.minimum(picture, 1) * 255 + 0.5).astype(np.uint8).reshape(height, width, 3)


def face_colours(surfaces: Surfaces) -> Float64[np.ndarray, "f 3"]:
    """Of every face, flat, from the side that the eye sees."""
    mesh = surfaces.mesh
    a, b, c = surfaces.vertices.T[mesh.faces.T]
    normal = np.cross(b - a, c - a)
    area = np.sqrt((normal * normal).sum(1))
    outwards = (normal * a).sum(1) <= 0
    normal *= (np.where(outwards, 1, -1) / np.where(area > 0, area, 1))[:, None]
    inside = mesh.colour / 2 if mesh.inside is None else mesh.inside
    return np.where(outwards[:, None], mesh.colour, inside) * lit(normal)


def capsule_colours(
    surfaces: Surfaces, points: Float64[np.ndarray, "n 3"], capsule: Int[np.ndarray, " n"]
) -> Float64[np.ndarray, "n 3"]:
    """Of points on those capsules; the normal points away from the nearest point of the capsule's line."""
    start, line = surfaces.start.T[capsule], (surfaces.end - surfaces.start).T[capsule]
    square = (line * line).sum(1)
    share = np.clip(((points - start) * line).sum(1) / np.where(square > 0, square, 1), 0, 1)
    normal = (points - start - share[:, None] * line) / surfaces.capsules.radius[capsule, None]
    return surfaces.capsules.colour[capsule] * lit(normal)


def lit(normal: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 1"]:
    """Lambert's law for unit normals, above an ambient light."""
    return (AMBIENT + (1 - AMBIENT) * np.maximum((normal * LAMP).sum(1), 0))[:, None]


def outlines(depth: Float64[np.ndarray, "h w"], pixel: float) -> Bool[np.ndarray, "h w"]:
    """Where a neighbour lies behind by a step; `pixel` is the width of one at a depth of 1 m [m]."""
    z = np.where(np.isfinite(depth), depth, FARTHEST)
    step = STEP + 2 * pixel * z
    found = np.zeros(z.shape, bool)
    across, down = np.diff(z, axis=1), np.diff(z, axis=0)
    found[:, :-1] |= across > step[:, :-1]
    found[:, 1:] |= -across > step[:, 1:]
    found[:-1] |= down > step[:-1]
    found[1:] |= -down > step[1:]
    return found
