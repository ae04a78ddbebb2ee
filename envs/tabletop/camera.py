"""Where the cameras stand, and a frame from one of them."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from envs.tabletop.client import Client


@dataclass(frozen=True)
class Camera:
    """A pinhole: eye, target and up in the robot's base frame [m], vertical field of view [deg]."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    fov: float
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    robot: bool = True
    """Whether the robot is in the picture: it hides things, and its pose says little about most tasks."""

    def frame(self, bullet: Client, height: int, width: int) -> UInt8[np.ndarray, "h w 3"]:
        """What it sees now, drawn by the software renderer (no GL, the same bytes everywhere)."""
        picture = bullet.getCameraImage(
            width,
            height,
            bullet.computeViewMatrix(self.eye, self.target, self.up),
            bullet.computeProjectionMatrixFOV(self.fov, width / height, 0.05, 3.0),
            shadow=0,
            lightDirection=(0.6, 0.4, 1.5),
            flags=bullet.ER_NO_SEGMENTATION_MASK,
            renderer=bullet.ER_TINY_RENDERER,
        )[2]
        return np.ascontiguousarray(np.asarray(picture, np.uint8).reshape(height, width, 4)[..., :3])


CAMERAS = {
    "front": Camera(eye=(1.05, 0.0, 0.55), target=(0.48, 0.0, 0.08), fov=36),
    "top": Camera(eye=(0.5, 0.0, 1.0), target=(0.5, 0.0, 0.0), fov=30, up=(1.0, 0.0, 0.0)),
    "wide-front": Camera(eye=(1.3, 0.0, 0.75), target=(0.46, 0.0, 0.06), fov=46),
    "wide-top": Camera(eye=(0.46, 0.0, 1.7), target=(0.46, 0.0, 0.0), fov=31, up=(1.0, 0.0, 0.0)),
}
CAMERAS |= {f"{name}-no-robot": replace(camera, robot=False) for name, camera in CAMERAS.items()}
