"""Pictures by MuJoCo's own renderer, for videos: smooth, but in need of OpenGL."""

from typing import Any

import numpy as np
from jaxtyping import UInt8

from envs.dressing.engine import mujoco
from envs.dressing.raster import Camera
from envs.dressing.simulation import Simulation


class Photographer:
    """Photographs one simulation, again and again; close it before the next.

    RuntimeError where OpenGL does not work: without a display, MuJoCo draws only when the process was started with
    MUJOCO_GL=egl (or osmesa).
    """

    def __init__(self, sim: Simulation, camera: Camera, size: int) -> None:
        self.sim = sim
        look = sim.model.vis.global_
        look.offwidth, look.offheight, look.fovy = size, size, camera.fov
        self.camera = free(camera)
        try:
            self.renderer = mujoco.Renderer(sim.model, size, size)
        except Exception as error:  # libraries that find no display raise whatever they like
            raise RuntimeError(
                f"MuJoCo's renderer found no OpenGL ({error}); use renderer='own', or start Python with MUJOCO_GL=egl "
                "(osmesa where there is no EGL)"
            ) from error

    def picture(self) -> UInt8[np.ndarray, "h w 3"]:
        """The moment as it is."""
        self.renderer.update_scene(self.sim.data, self.camera)
        return self.renderer.render().copy()

    def close(self) -> None:
        self.renderer.close()


def free(camera: Camera) -> Any:
    """The same view as MuJoCo has it; how wide it is belongs to the model."""
    gaze = np.subtract(camera.target, camera.eye)
    found = mujoco.MjvCamera()
    found.type = mujoco.mjtCamera.mjCAMERA_FREE
    found.lookat[:] = camera.target
    found.distance = np.linalg.norm(gaze)
    found.azimuth = np.degrees(np.arctan2(gaze[1], gaze[0]))
    found.elevation = np.degrees(np.arcsin(gaze[2] / found.distance))
    return found
