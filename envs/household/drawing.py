"""Pictures of the household, drawn by PyBullet's software renderer; the world itself needs no PyBullet."""

from collections.abc import Sequence
from dataclasses import replace
from math import cos, pi, sin
from typing import Any

import numpy as np
from jaxtyping import UInt8

from embodied.plugins import find
from envs.household.things import COLOURS, KINDS, TABLE, Kind, Solid
from envs.household.world import World
from envs.tabletop.camera import Camera
from envs.tabletop.client import Client

CAMERAS = {
    "front": Camera(eye=(-0.45, 0.0, 0.95), target=(0.42, 0.0, 0.05), fov=52),
    "top": Camera(eye=(0.4, 0.0, 1.9), target=(0.4, 0.0, 0.0), fov=42, up=(1.0, 0.0, 0.0)),
    "side": Camera(eye=(0.3, -1.35, 0.6), target=(0.4, 0.0, 0.1), fov=46),
}
"""Where one can look from: over the robot's shoulder, from the ceiling, from the right."""

BOARD = (
    Solid("box", (0.6, 1.3, 0.04), (0, 0, -0.02)),
    Solid("box", (3.0, 3.0, 0.01), (0, 0, -0.7), (0.5, 0.5, 0.52, 1)),
)
HAND = (
    Solid("box", (0.05, 0.2, 0.06), (0, 0, 0.13), (0.93, 0.93, 0.93, 1)),
    Solid("cylinder", (0.045, 0.12, 0), (0, 0, 0.2), (0.9, 0.9, 0.92, 1)),
    Solid("box", (0.02, 0.015, 0.1), (0, 0.04, 0.045), (0.25, 0.25, 0.27, 1)),
    Solid("box", (0.02, 0.015, 0.1), (0, -0.04, 0.045), (0.25, 0.25, 0.27, 1)),
)
"""A gripper whose tip is at its origin."""


class Drawing:
    """A world's likeness in a PyBullet client of its own, made anew when the things are others."""

    def __init__(self) -> None:
        self.bullet, self.drawn = Client(), ()
        self.bodies: dict[str, int] = {}

    def picture(self, world: World, camera: str | Camera, size: int) -> UInt8[np.ndarray, "h w 3"]:
        """What a camera sees of the world now, `size` pixels high and wide."""
        view = camera if isinstance(camera, Camera) else find(CAMERAS, camera, "camera")
        if size < 1:
            raise ValueError(f"size is {size} pixels; it must be 1 or more")
        if self.drawn != world.scene.things:
            self.build(world)
        for name in world.things:
            lying = world.at(name)
            self.put(name, lying.point, lying.yaw, lying.tilt, world)
        tip = world.tip
        self.bullet.resetBasePositionAndOrientation(self.bodies["the hand"], tip.point, self.turn(tip.yaw, tip.tilt))
        return view.frame(self.bullet, size, size)

    def put(self, name: str, point: Sequence[float], yaw: float, tilt: float, world: World) -> None:
        """Move a thing's body; a held one leans as the hand does."""
        turn = self.turn(yaw, 0.0)
        if tilt:
            hand = world.tip.yaw
            lean = self.bullet.getQuaternionFromAxisAngle([-sin(hand), cos(hand), 0], tilt)
            turn = self.bullet.multiplyTransforms([0, 0, 0], lean, [0, 0, 0], turn)[1]
        self.bullet.resetBasePositionAndOrientation(self.bodies[name], point, turn)

    def turn(self, yaw: float, tilt: float) -> Any:
        """A quaternion: about the vertical after about the hand's own y axis."""
        return self.bullet.getQuaternionFromEuler([0, tilt, yaw])

    def build(self, world: World) -> None:
        """One body per thing."""
        self.bullet.resetSimulation()
        self.body(BOARD, 1.0, (0.78, 0.72, 0.62, 1), (*TABLE, 0.0))
        self.bodies = {"the hand": self.body(HAND, 1.0, (1, 1, 1, 1), (0, 0, 0))}
        for name, thing in world.things.items():
            kind = KINDS[thing.kind]
            colour = next((word for word in thing.attributes if word in COLOURS), None)
            shade = kind.shade if colour is None else (*COLOURS[colour], 1.0)
            self.bodies[name] = self.body(filled(kind, thing.attributes), thing.scale, shade, (0, 0, 0))
        self.drawn = world.scene.things

    def body(self, solids: Sequence[Solid], scale: float, shade: Sequence[float], at: Sequence[float]) -> int:
        """A thing of solids, its origin there; more than one are links, so that each has its colour."""
        bullet = self.bullet
        shapes = [self.shape(solid, scale, shade) for solid in solids]
        n = len(solids) - 1
        places = [[scale * (a - b) for a, b in zip(s.at, (0, 0, 0), strict=True)] for s in solids]
        turns = [bullet.getQuaternionFromEuler([0, pi / 2 if s.lying else 0, 0]) for s in solids]
        return bullet.createMultiBody(
            0, -1, -1, list(at), [0, 0, 0, 1],
            linkMasses=[0] * (n + 1), linkCollisionShapeIndices=[-1] * (n + 1), linkVisualShapeIndices=shapes,
            linkPositions=places, linkOrientations=turns, linkInertialFramePositions=[[0, 0, 0]] * (n + 1),
            linkInertialFrameOrientations=[[0, 0, 0, 1]] * (n + 1), linkParentIndices=[0] * (n + 1),
            linkJointTypes=[bullet.JOINT_FIXED] * (n + 1), linkJointAxis=[[0, 0, 1]] * (n + 1),
        )  # fmt: skip

    def shape(self, solid: Solid, scale: float, shade: Sequence[float]) -> int:
        """One solid's likeness."""
        bullet, colour = self.bullet, list(solid.shade or shade)
        a, b, c = (scale * edge for edge in solid.size)
        if solid.form == "box":
            return bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=[a / 2, b / 2, c / 2], rgbaColor=colour)
        if solid.form == "ball":
            return bullet.createVisualShape(bullet.GEOM_SPHERE, radius=a, rgbaColor=colour)
        return bullet.createVisualShape(bullet.GEOM_CYLINDER, radius=a, length=b, rgbaColor=colour)

    def close(self) -> None:
        """Give the client back."""
        self.bullet.close()


LIQUID = {"hot": (0.75, 0.3, 0.1, 1.0), "full": (0.35, 0.55, 0.9, 1.0)}
"""What the inside of a vessel looks like."""


def filled(kind: Kind, attributes: Sequence[str]) -> tuple[Solid, ...]:
    """Its solids; what is in a vessel can be seen."""
    liquid = next((LIQUID[word] for word in LIQUID if word in attributes), None)
    if liquid is None or not kind.vessel:
        return kind.solids
    return tuple(replace(s, shade=liquid) if s.size[1] == 0.002 else s for s in kind.solids)
