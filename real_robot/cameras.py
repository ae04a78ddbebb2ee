"""Cameras whose every frame says when it was taken; one that is too old, or a device that ended, is an error.

A thread of its own opens the device, reads it as fast as frames come, keeps the newest and lets go of the device; so
a `read` never waits, never queues, and never gives a picture of the past without telling. What cannot be seen from
here is a device that goes on delivering the same picture; a frame's stamp is then fresh and its content is not.
"""

import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from jaxtyping import Float32, UInt8

from embodied import plugins
from real_robot.description import CameraFile
from real_robot.robot import Fault, RobotFault, StaleObservation

CAMERAS: dict[str, str] = {
    "opencv": "real_robot.camera_opencv:OpenCV",
    "realsense": "real_robot.camera_realsense:RealSense",
    "files": "real_robot.camera_files:Files",
}
"""kind of a camera in a robot file -> its `Source`."""
OPENING, CLOSING = 15.0, 5.0
"""How long a device may take to give its first frame, and to let go [s]."""
NS = 1e9


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture: RGB, when it was taken on this machine's monotonic clock [ns], and how many came before it."""

    image: UInt8[np.ndarray, "h w 3"]
    stamp: int
    sequence: int
    depth: Float32[np.ndarray, "h w"] | None = None
    """Distance along the axis [m], NaN where it is not known."""


@dataclass(frozen=True, eq=False)
class Shot:
    """What a source gives: a picture, when it was taken [ns, monotonic], and distances where it has them [m]."""

    image: np.ndarray
    """RGB bytes if the device keeps its word, which `Camera` looks at."""
    stamp: int
    depth: Float32[np.ndarray, "h w"] | None = None


class Source(Protocol):
    """One device, made with its `CameraFile` and an event that is set when it is to end; used by one thread alone.

    Making it opens the device. Both calls and the making raise RobotFault where the device refuses, ends or vanishes.
    """

    def read(self) -> Shot | None:
        """The next picture; None where none came within about a second, or the event was set."""
        ...

    def close(self) -> None: ...


def fault(description: CameraFile, text: str, name: str = "camera") -> RobotFault:
    """The fault of a camera, by its name and source."""
    return RobotFault(Fault(name, f"camera {description.name!r} ({description.kind} {description.source!r}) {text}"))


class Camera:
    """One camera. `start` waits for the first frame, `read` gives the newest at once, `close` is safe twice."""

    def __init__(self, description: CameraFile) -> None:
        self.description = description
        self._change = threading.Condition()
        self._newest: Frame | None = None
        self._error: Exception | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """As the robot's file calls it."""
        return self.description.name

    def open(self) -> None:
        """Begin to open the device, and return; nothing is done where it runs already."""
        if self._thread is not None and self._thread.is_alive() and self._error is None:
            return
        self.close()
        self._newest, self._error, self._ending = None, None, threading.Event()
        name = f"camera {self.name}"
        self._thread = threading.Thread(target=self._capture, args=(self._ending,), name=name, daemon=True)
        self._thread.start()

    def start(self, timeout: float = OPENING) -> None:
        """Open the device and wait for its first frame [s]; RobotFault where it refuses, gives none, or one of another
        size than the file's; ModuleNotFoundError names the extra that is missing."""
        self.open()
        try:
            with self._change:
                self._change.wait_for(lambda: self._newest is not None or self._error is not None, timeout)
                if self._error is not None:
                    raise self._error
                if self._newest is None:
                    raise fault(self.description, f"gave no frame within {timeout:g} s")
        except BaseException:
            self.close()
            raise

    def read(self) -> Frame:
        """The newest frame; StaleObservation where it is older than max_age, RobotFault where the device ended."""
        with self._change:
            newest, error = self._newest, self._error
        if error is not None:
            raise error.with_traceback(None)  # it is one object, however often it is raised
        if newest is None:
            raise fault(self.description, "is not started")
        age, limit = (time.monotonic_ns() - newest.stamp) / NS, self.description.max_age
        if age > limit:
            raise StaleObservation(
                f"camera {self.name!r}: its newest frame is {age:.3f} s old, the limit is {limit:g} s"
            )
        return newest

    def close(self) -> None:
        """End the thread, which lets go of the device; a warning where that hangs in the vendor's call."""
        thread, self._thread, self._newest = self._thread, None, None
        self._ending.set()
        if thread is None:
            return
        thread.join(CLOSING)
        if thread.is_alive():
            warnings.warn(f"camera {self.name!r} did not let go of its device in {CLOSING:g} s", stacklevel=2)

    def _capture(self, ending: threading.Event) -> None:
        try:
            with self._source(ending) as source:
                sequence = 0
                while not ending.is_set():
                    shot = source.read()
                    if shot is not None and not ending.is_set():
                        self._keep(self._checked(shot, sequence))
                        sequence += 1
        except Exception as error:  # whatever a vendor's library raises is told by the next `read`
            told = isinstance(error, RobotFault | ModuleNotFoundError)
            self._fail(error if told else fault(self.description, f"failed: {error}"), ending)

    @contextmanager
    def _source(self, ending: threading.Event) -> Iterator[Source]:
        made: Source = plugins.plugin("real_robot.cameras:CAMERAS", self.description.kind, "camera")(
            self.description, ending
        )
        try:
            yield made
        finally:
            made.close()

    def _checked(self, shot: Shot, sequence: int) -> Frame:
        image, wanted = shot.image, (self.description.height, self.description.width)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise fault(self.description, f"gives {image.dtype} {image.shape}, not colour pictures of bytes")
        if image.shape[:2] != wanted:
            raise fault(
                self.description,
                f"gives {image.shape[1]} x {image.shape[0]} px where the file says {wanted[1]} x {wanted[0]}; put "
                f"width = {image.shape[1]}, height = {image.shape[0]}, or a size that it has",
            )
        return Frame(image, shot.stamp, sequence, shot.depth)

    def _keep(self, frame: Frame) -> None:
        with self._change:
            self._newest = frame
            self._change.notify_all()

    def _fail(self, error: Exception, ending: threading.Event) -> None:
        with self._change:
            if ending is self._ending:  # not a thread that hung and was left behind
                self._error = error
            self._change.notify_all()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Cameras:
    """All cameras of a robot, started together and read together; none stays open where one cannot be started."""

    def __init__(self, descriptions: Iterable[CameraFile]) -> None:
        self.cameras = {description.name: Camera(description) for description in descriptions}

    def start(self, timeout: float = OPENING) -> None:
        """As `Camera.start`, of all; the first that fails ends all."""
        with ExitStack() as undo:
            undo.callback(self.close)
            for camera in self.cameras.values():
                camera.open()
            until = time.monotonic() + timeout
            for camera in self.cameras.values():
                camera.start(max(0.0, until - time.monotonic()))
            undo.pop_all()

    def read(self) -> dict[str, Frame]:
        """The newest frame of each; raises as `Camera.read` does."""
        return {name: camera.read() for name, camera in self.cameras.items()}

    def close(self) -> None:
        """Close all; safe twice."""
        for camera in self.cameras.values():
            camera._ending.set()  # all at once; `close` then waits for each
        for camera in self.cameras.values():
            camera.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def skew(frames: Mapping[str, Frame]) -> float:
    """How far apart the oldest and the newest of some frames were taken [s]."""
    stamps = [frame.stamp for frame in frames.values()]
    return (max(stamps) - min(stamps)) / NS if stamps else 0.0
