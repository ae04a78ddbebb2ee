"""A camera through OpenCV: the number or path of a device, or the URL of a stream.

OpenCV neither says what it could not set nor ends a read that hangs: what a device then gives is compared with the
robot's file by `Camera`, and streams get time limits of their own. A device's frames carry the kernel's time (V4L2),
which is the monotonic clock and is taken where it is plausible; else a frame's time is when it was grabbed.
"""

import threading
import time
from pathlib import Path
from typing import Any

from embodied import plugins
from real_robot.cameras import Shot, fault
from real_robot.description import CameraFile

WAIT_MS = 2000
"""How long a stream may say nothing [ms]."""
OLDEST = 2_000_000_000
"""A kernel's stamp that is further back is of another clock [ns]."""


class OpenCV:
    """cv2.VideoCapture."""

    def __init__(self, description: CameraFile, ending: threading.Event) -> None:
        plugins.load("cv2:VideoCapture")  # names the extra where it is missing
        import cv2

        self._cv2, self._description, self._ending = cv2, description, ending
        source = description.source
        if isinstance(source, str) and source.isdecimal():
            source = int(source)
        if isinstance(source, str) and Path(source).is_file():
            raise fault(description, 'is a file, which OpenCV would run through at once; kind = "files" replays it')
        self._stream = isinstance(source, str) and "://" in source
        self._capture: Any = self._opened(source)
        if not self._capture.isOpened():
            self._capture.release()
            raise fault(description, "cannot be opened: is it there, free, and may this user read it?")
        if not self._stream:
            for name, value in (
                ("FRAME_WIDTH", description.width), ("FRAME_HEIGHT", description.height), ("FPS", description.fps),
                ("BUFFERSIZE", 1),
            ):  # fmt: skip
                self._capture.set(getattr(cv2, f"CAP_PROP_{name}"), float(value))
        self._kernel = not self._stream and self._capture.getBackendName() == "V4L2"

    def _opened(self, source: str | int) -> Any:
        cv2 = self._cv2
        if not self._stream:
            return cv2.VideoCapture(source)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 2 * WAIT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, WAIT_MS]
        return cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)

    def read(self) -> Shot | None:
        """The next picture."""
        if not self._capture.grab():
            return self._gone()
        now = time.monotonic_ns()
        there, image = self._capture.retrieve()
        if not there:
            return self._gone()
        return Shot(self._cv2.cvtColor(image, self._cv2.COLOR_BGR2RGB), self._stamp(now))

    def _gone(self) -> None:
        if not self._ending.is_set():
            raise fault(self._description, "gives no more frames: it ended, or was unplugged", "camera ended")

    def _stamp(self, now: int) -> int:
        if not self._kernel:
            return now
        kernel = int(self._capture.get(self._cv2.CAP_PROP_POS_MSEC) * 1e6)
        return kernel if now - OLDEST <= kernel <= now else now

    def close(self) -> None:
        """Let go of the device."""
        self._capture.release()
