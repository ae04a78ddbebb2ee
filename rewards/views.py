"""What a teacher is shown of a moment: its frame, the beginning beside it, or the frames that led to it."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Int64, UInt8

from embodied.plugins import find

GAP = 4  # pixels between the frames of a strip, before they are enlarged

Kind = Literal["frame", "strip", "clip"]


@dataclass(frozen=True)
class View:
    """One picture per moment, whatever its kind, as many models and servers take few pictures at a time.

    "strip" has the first frame of the episode on the left and the moment on the right; "clip" the `frames` frames
    up to the moment, `every` frames apart, oldest first (at the beginning of an episode its first frame repeats).
    `enlarge` repeats pixels: small frames are read better.
    """

    camera: str
    kind: Kind = "frame"
    frames: int = 4
    every: int = 3
    enlarge: int = 1

    def __post_init__(self) -> None:
        find(dict.fromkeys(("frame", "strip", "clip")), self.kind, "view")
        if self.frames < 2 or self.every < 1 or self.enlarge < 1:
            raise ValueError(
                f"frames is {self.frames}, every {self.every} and enlarge {self.enlarge}; "
                "a clip has at least 2 frames, at least 1 apart, and pixels are repeated at least once"
            )

    @property
    def words(self) -> str:
        """How to read the pictures; nothing needs saying of a single frame."""
        return {
            "frame": "",
            "strip": "Each picture is a pair of frames: on its left how the episode began, on its right the moment.",
            "clip": f"Each picture is a strip of {self.frames} frames in order of time, the last being the moment.",
        }[self.kind]

    @property
    def settings(self) -> dict[str, Any]:
        """What changes the picture of a moment, apart from the camera."""
        kind = {} if self.kind == "frame" else {"view": self.kind}
        return {"enlarge": self.enlarge, **kind} | (
            {"frames": self.frames, "every": self.every} if self.kind == "clip" else {}
        )

    def shown(self, moments: Int64[np.ndarray, "n 2"]) -> Int64[np.ndarray, "n k 2"]:
        """The frames that make the picture of each (episode, frame)."""
        episode, frame = moments[:, :1], moments[:, 1:]
        if self.kind == "frame":
            frames = frame
        elif self.kind == "strip":
            frames = np.concatenate([np.zeros_like(frame), frame], axis=1)
        else:
            frames = np.maximum(0, frame - self.every * np.arange(self.frames)[::-1])
        return np.stack([np.broadcast_to(episode, frames.shape), frames], axis=2)

    def hashes(self, dataset: Any, moments: Int64[np.ndarray, "n 2"]) -> list[str]:
        """What identifies the picture of each moment: the hashes of all frames in it."""
        shown = self.shown(moments)
        frames, where = np.unique(shown.reshape(-1, 2), axis=0, return_inverse=True)
        found = dataset.frame_hashes(self.camera, frames)
        if self.kind == "frame":
            return [found[i] for i in where.ravel()]
        rows = where.reshape(shown.shape[:2])
        return [hashlib.sha256(" ".join(found[i] for i in row.tolist()).encode()).hexdigest() for row in rows]

    def pictures(self, dataset: Any, moments: Int64[np.ndarray, "n 2"]) -> list[UInt8[np.ndarray, "h w c"]]:
        """The picture of each moment."""
        shown = self.shown(moments)
        frames = np.asarray(dataset.frames(self.camera, shown.reshape(-1, 2)))
        return [self.composed(group) for group in frames.reshape(*shown.shape[:2], *frames.shape[1:])]

    def composed(self, frames: UInt8[np.ndarray, "k h w c"]) -> UInt8[np.ndarray, "H W c"]:
        """Frames side by side, white between them, enlarged."""
        gap = np.full((frames.shape[1], GAP, frames.shape[3]), 255, np.uint8)
        parts = [part for frame in frames for part in (gap, frame)][1:]
        return np.concatenate(parts, axis=1).repeat(self.enlarge, axis=0).repeat(self.enlarge, axis=1)
