"""A RealSense camera through pyrealsense2: colour, and distances in the colour's pixels where they are asked for.

Frames carry the time of the device or of the system; the latter is turned into the monotonic clock by its age, and of
the former only the arrival is known. This file was never run against a camera: what it calls is the vendor's
documented interface, and the tests hold it against a stand-in.
"""

import threading
import time
from typing import Any

import numpy as np

from embodied import plugins
from real_robot.cameras import Shot, fault
from real_robot.description import CameraFile

WAIT_MS = 2000
"""How long no frame may come before the device counts as gone [ms]."""
OLDEST_MS = 2000.0


class RealSense:
    """A pipeline of pyrealsense2. `source` is the serial number, or 0 for the only device."""

    def __init__(self, description: CameraFile, ending: threading.Event) -> None:
        plugins.load("pyrealsense2:pipeline")  # names the extra where it is missing
        import pyrealsense2 as rs  # pyright: ignore[reportMissingImports] # an extra without a wheel everywhere

        self._rs, self._description, self._ending = rs, description, ending
        config, size, fps = rs.config(), (description.width, description.height), round(description.fps)
        if description.source not in (0, ""):
            config.enable_device(str(description.source))
        config.enable_stream(rs.stream.color, *size, rs.format.rgb8, fps)
        if description.depth:
            config.enable_stream(rs.stream.depth, *size, rs.format.z16, fps)
        self._pipeline: Any = rs.pipeline()
        try:
            profile = self._pipeline.start(config)
        except RuntimeError as error:
            raise fault(description, f"cannot be started at {size[0]} x {size[1]}, {fps} Hz: {error}") from error
        self._align = rs.align(rs.stream.color) if description.depth else None
        self._metres = profile.get_device().first_depth_sensor().get_depth_scale() if description.depth else 1.0

    def read(self) -> Shot | None:
        """The next picture."""
        try:
            frames = self._pipeline.wait_for_frames(WAIT_MS)
        except RuntimeError as error:
            if self._ending.is_set():
                return None
            raise fault(self._description, f"gives no more frames: {error}", "camera ended") from error
        now, wall = time.monotonic_ns(), time.time_ns()
        if self._align is not None:
            frames = self._align.process(frames)
        colour = frames.get_color_frame()
        if not colour:
            return None
        return Shot(np.array(colour.get_data()), self._stamp(colour, now, wall), self._depth(frames))

    def _depth(self, frames: Any) -> np.ndarray | None:
        if self._align is None:
            return None
        found = frames.get_depth_frame()
        if not found:
            raise fault(self._description, "gave a picture without its distances")
        raw = np.asarray(found.get_data())
        return np.where(raw == 0, np.nan, raw * self._metres).astype(np.float32)

    def _stamp(self, frame: Any, now: int, wall: int) -> int:
        """On the monotonic clock [ns]: what the vendor stamps is the system's time [ms] in two of three domains."""
        domain = self._rs.timestamp_domain
        if frame.get_frame_timestamp_domain() not in (domain.system_time, domain.global_time):
            return now
        age = wall / 1e6 - frame.get_timestamp()
        return now - int(age * 1e6) if 0 <= age <= OLDEST_MS else now

    def close(self) -> None:
        """Let go of the device."""
        self._pipeline.stop()
