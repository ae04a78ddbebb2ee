"""A camera that replays a folder of numbered pictures, or a video, at the file's rate; its end is a fault."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from real_robot.cameras import Shot, fault
from real_robot.description import CameraFile

PICTURES = (".png", ".jpg", ".jpeg")


class Files:
    """Frame k is given k / fps after the first; one that is late is given at once, and none is left out."""

    def __init__(self, description: CameraFile, ending: threading.Event) -> None:
        self._description, self._ending = description, ending
        path = Path(str(description.source))
        if path.is_dir():
            found = numbered(path)
            if not found:
                raise fault(description, f"is a folder without {', '.join(PICTURES)} files")
            self._frames = pictures(found)
        elif path.is_file():
            self._frames = film(path)
        else:
            raise fault(description, "is neither a folder nor a file")
        self._begun, self._given = time.monotonic(), 0

    def read(self) -> Shot | None:
        """The next picture when its time has come."""
        try:
            image = next(self._frames, None)
        except (OSError, ValueError, IndexError) as error:
            raise fault(self._description, f"cannot be read: {error}") from error
        if self._given == 0:
            self._begun = time.monotonic()
        if self._ending.wait(max(0.0, self._begun + self._given / self._description.fps - time.monotonic())):
            return None
        if image is None:
            raise fault(self._description, f"ended after {self._given} frames", "camera ended")
        self._given += 1
        return Shot(image, time.monotonic_ns())

    def close(self) -> None:
        """Let go of the file."""
        close = getattr(self._frames, "close", None)
        if close is not None:
            close()


def numbered(folder: Path) -> list[Path]:
    """Its pictures in the order of the last number in their names: 2.png before 10.png; others after them."""

    def place(path: Path) -> tuple[float, str]:
        numbers = re.findall(r"\d+", path.stem)
        return (float(numbers[-1]) if numbers else np.inf, path.name)

    return sorted((path for path in folder.iterdir() if path.suffix.lower() in PICTURES), key=place)


def pictures(paths: list[Path]) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Each in RGB; OSError for a file that is no picture."""
    from PIL import Image

    for path in paths:
        with Image.open(path) as picture:
            yield np.array(picture.convert("RGB"))


def film(path: Path) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """A video's frames in RGB; OSError or ValueError for a file that is none."""
    import av

    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ValueError(f"{path} has no video in it")
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")
