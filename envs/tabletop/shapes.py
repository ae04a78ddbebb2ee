"""Procedural objects: blocks that move, bowls that stand, zones that are only painted."""

from collections.abc import Callable
from itertools import pairwise
from math import cos, pi, sin

import numpy as np
from jaxtyping import Float, Int

from envs.tabletop.client import Client

BLOCK = 0.04
"""Edge of a block [m]."""

BIG = 0.06
"""Edge of a big block [m]."""

BOWL_FOOT, BOWL_RIM, BOWL_HEIGHT = 0.042, 0.062, 0.03
"""Radii of a bowl's foot and rim, and its height [m]."""

ZONE = 0.06
"""Half the edge of a zone [m]."""

SIDES = 12


def ring(radius: float, z: float) -> Float[np.ndarray, "n 3"]:
    """Corners of a regular polygon at height z, counter-clockwise."""
    angles = 2 * pi * np.arange(SIDES) / SIDES
    return np.stack([radius * np.cos(angles), radius * np.sin(angles), np.full(SIDES, z)], axis=1)


def bowl_mesh() -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, " f"]]:
    """Vertices [m] and triangle indices of a bowl: inside wall, floor, rim and outside wall (108 faces)."""
    wall = 0.006
    profile = ((BOWL_FOOT, 0.0), (BOWL_RIM, BOWL_HEIGHT), (BOWL_RIM - wall, BOWL_HEIGHT), (BOWL_FOOT - wall, 0.004))
    corners = [ring(radius, z) for radius, z in profile]
    vertices, faces = [], []

    def quad(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> None:
        start = len(vertices)
        vertices.extend((a, b, c, d))  # corners are not shared, so that every face has its own normal
        faces.extend((start, start + 1, start + 2, start, start + 2, start + 3))

    for low, high in pairwise(corners):
        for i in range(SIDES):
            j = (i + 1) % SIDES
            quad(low[i], low[j], high[j], high[i])
    floor = corners[-1]
    for i in range(1, SIDES - 1):
        start = len(vertices)
        vertices.extend((floor[0], floor[i], floor[i + 1]))
        faces.extend((start, start + 1, start + 2))
    return np.array(vertices), np.array(faces)


def normals(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, " f"]) -> Float[np.ndarray, "v 3"]:
    """One unit normal per vertex: that of the last face it belongs to."""
    result = np.zeros_like(vertices)
    for a, b, c in faces.reshape(-1, 3):
        normal = np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a])
        result[[a, b, c]] = normal / np.linalg.norm(normal)
    return result


def block(bullet: Client) -> int:
    """A cube of 50 g."""
    return cube(bullet, BLOCK, 0.05)


def big_block(bullet: Client) -> int:
    """A cube of 170 g, as dense as the small one."""
    return cube(bullet, BIG, 0.17)


def cube(bullet: Client, edge: float, mass: float) -> int:
    """A cube of that edge [m] and mass [kg]."""
    half = [edge / 2] * 3
    shape = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=half)
    visual = bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=half)
    body = bullet.createMultiBody(mass, shape, visual)
    bullet.changeDynamics(body, -1, lateralFriction=0.7, spinningFriction=0.002, rollingFriction=0.0005)
    return body


def bowl(bullet: Client) -> int:
    """A fixed bowl: a drawn mesh over a ring of leaning boxes, which nothing tunnels through."""
    vertices, faces = bowl_mesh()
    visual = bullet.createVisualShape(
        bullet.GEOM_MESH,
        vertices=vertices.tolist(),
        indices=faces.tolist(),
        normals=normals(vertices, faces).tolist(),
    )
    angles = [2 * pi * (i + 0.5) / SIDES for i in range(SIDES)]
    lean = np.arctan2(BOWL_RIM - BOWL_FOOT, BOWL_HEIGHT)
    radius = (BOWL_FOOT + BOWL_RIM) / 2 - 0.002
    slant = BOWL_HEIGHT / cos(lean) / 2
    shape = bullet.createCollisionShapeArray(
        [bullet.GEOM_BOX] * SIDES,
        halfExtents=[[0.003, pi * BOWL_RIM / SIDES, slant]] * SIDES,
        collisionFramePositions=[[radius * cos(a), radius * sin(a), BOWL_HEIGHT / 2] for a in angles],
        collisionFrameOrientations=[
            bullet.multiplyTransforms(
                [0, 0, 0],
                bullet.getQuaternionFromEuler([0, 0, a]),
                [0, 0, 0],
                bullet.getQuaternionFromEuler([0, lean, 0]),
            )[1]
            for a in angles
        ],
    )
    body = bullet.createMultiBody(0, shape, visual)
    bullet.changeDynamics(body, -1, lateralFriction=0.3)
    return body


def zone(bullet: Client) -> int:
    """A painted square, without a body."""
    visual = bullet.createVisualShape(
        bullet.GEOM_BOX, halfExtents=[ZONE, ZONE, 0.0005], visualFramePosition=[0, 0, 0.001]
    )
    return bullet.createMultiBody(0, -1, visual)


def table(bullet: Client, wide: bool = False) -> int:
    """The table top at z = 0, drawn smaller than the floor it is, so that nothing ever falls off the world."""
    shape = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=[3, 3, 0.1], collisionFramePosition=[0, 0, -0.1])
    visual = bullet.createVisualShape(
        bullet.GEOM_BOX,
        halfExtents=[0.35, 0.6 if wide else 0.45, 0.02],
        visualFramePosition=[0.45, 0, -0.02],
        rgbaColor=[0.78, 0.72, 0.62, 1] if wide else [0.55, 0.5, 0.45, 1],
    )
    body = bullet.createMultiBody(0, shape, visual)
    bullet.changeDynamics(body, -1, lateralFriction=0.7)
    return body


SHAPES: dict[str, Callable[[Client], int]] = {"block": block, "big": big_block, "bowl": bowl, "zone": zone}

EDGES = {"block": BLOCK, "big": BIG}
"""What can be moved, and its edge [m]."""

REST_HEIGHT = {"block": BLOCK / 2, "big": BIG / 2, "bowl": 0.0, "zone": 0.0}
"""Height of an object's origin [m] while it stands on the table."""
