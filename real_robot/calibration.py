"""How a camera maps the world to its pixels, as arrays for a data set's metadata."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from real_robot.description import CameraFile
from real_robot.kinematics import Pose


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a robot's file says of a camera; None where it says nothing."""

    size: tuple[int, int]
    """Width and height [px], which the intrinsics are for."""
    matrix: Float64[np.ndarray, "3 3"] | None
    """Intrinsics [px]."""
    distortion: Float64[np.ndarray, " k"]
    """In OpenCV's order; empty for none."""
    pose: Pose | None
    """Of the camera (x right, y down, z ahead) in the frame that is named [m]."""
    frame: str
    """"base", or "flange" for a camera that moves with the arm."""

    def table(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "size": list(self.size),
            "matrix": None if self.matrix is None else self.matrix.tolist(),
            "distortion": self.distortion.tolist(),
            "pose": None if self.pose is None else self.pose.tolist(),
            "frame": self.frame,
        }


def calibration(camera: CameraFile) -> Calibration:
    """Of one camera."""
    return Calibration(
        (camera.width, camera.height),
        None if camera.matrix is None else np.array(camera.matrix, np.float64),
        np.array(camera.distortion, np.float64),
        None if camera.pose is None else camera.pose.pose,
        "flange" if camera.on_flange else "base",
    )


def calibrations(cameras: Iterable[CameraFile]) -> dict[str, dict[str, Any]]:
    """name -> its calibration's table, of all."""
    return {camera.name: calibration(camera).table() for camera in cameras}
