"""What the fixed camera sees of a simulation: pictures, and a partial point cloud of three classes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, UInt8

from envs.dressing.cloud import cloud
from envs.dressing.garment import Cloth
from envs.dressing.person import SKIN, body
from envs.dressing.raster import Camera, Raster
from envs.dressing.scene import Scene
from envs.dressing.shapes import Capsules, Mesh
from envs.dressing.simulation import Simulation

GARMENT, ARM, GRIPPER, REST = 0, 1, 2, 3
"""Classes of points; the rest of the body is seen and hides things, but is no part of the cloud."""

CAMERAS: Mapping[str, Camera] = {"front": Camera(eye=(1.35, -1.45, 1.6), target=(0.31, -0.26, 0.92), fov=40.0)}
DEPTH = (64, 48)
"""Width and height of the picture that a cloud is made from."""

STEEL = (0.30, 0.31, 0.34)
FINGER = 0.05
"""The gripper is drawn this long and wide [m]."""


@runtime_checkable
class Visible(Protocol):
    """What can be drawn: a simulation as it is now, or a moment of one; positions [m, world]."""

    @property
    def scene(self) -> Scene: ...
    @property
    def cloth(self) -> Cloth: ...
    @property
    def vertices(self) -> Float[np.ndarray, "v 3"]: ...
    @property
    def opening(self) -> Float[np.ndarray, "n 3"]: ...
    @property
    def joints(self) -> Float[np.ndarray, "4 3"]: ...
    @property
    def position(self) -> Float[np.ndarray, " 3"]: ...
    @property
    def rotation(self) -> Float[np.ndarray, "3 3"]: ...


@lru_cache(maxsize=16)
def raster(camera: str, width: int, height: int) -> Raster:
    """The rasteriser of a camera and size; it keeps nothing between two views."""
    return Raster(CAMERAS[camera], width, height)


def picture(sim: Visible, camera: str, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """A square picture of a moment."""
    rgb = raster(camera, size, size).draw(garment_of(sim), everything(sim), shaded=True).rgb
    assert rgb is not None
    return rgb


def point_cloud(sim: Simulation, camera: str, garment: int, arm: int) -> Float32[np.ndarray, "n 6"]:
    """What a depth camera sees: so many points of the garment and of the arm, and last the gripper's own [m, world],
    each with its class as (garment, arm, gripper) bits. Of what is hidden behind something there is no point."""
    seen = raster(camera, *DEPTH)
    drawn = seen.draw(garment_of(sim), everything(sim))
    fallback = np.stack([sim.opening.mean(0), sim.joints[3], sim.position])
    points, label = cloud(seen, drawn, [(GARMENT, garment), (ARM, arm), (GRIPPER, 0)], fallback)
    points = np.concatenate([points, sim.position[None]])
    return np.concatenate([points, np.eye(3)[[*label, GRIPPER]]], axis=1).astype(np.float32)


def garment_of(sim: Visible) -> Mesh:
    """The sleeve as it hangs."""
    return Mesh(sim.vertices, sim.cloth.faces, np.array(sim.scene.garment.colour), GARMENT)


def everything(sim: Visible) -> Capsules:
    """The person and the gripper."""
    joints, rest = sim.joints, body(sim.scene.person)
    wide, up = sim.rotation[:, 1], sim.rotation[:, 2]
    grip = sim.position
    start = [*joints[:3], *(part.start for part in rest), grip - FINGER / 2 * wide, grip]
    end = [*joints[1:], *(part.end for part in rest), grip + FINGER / 2 * wide, grip + 2.5 * FINGER * up]
    radius = [*sim.scene.person.radii, *(part.radius for part in rest), 0.012, 0.02]
    colour = [SKIN] * 3 + [part.colour for part in rest] + [STEEL] * 2
    label = [ARM] * 3 + [REST] * len(rest) + [GRIPPER] * 2
    return Capsules(np.array(start), np.array(end), np.array(radius), np.array(colour), np.array(label))
