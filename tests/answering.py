"""A small data set in memory, for tests of those who ask and answer."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from embodied.spec import ArraySpec, Spec


@dataclass(eq=False)
class SmallDataset:
    """Episodes whose state and progress wander upwards, and pictures of a square that moves with progress."""

    episodes: int = 6
    actions: int = 20
    seed: int = 0
    size: int = 32
    decoded: int = 0
    ids: np.ndarray = field(init=False)
    lengths: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.ids = 10 * np.arange(self.episodes, dtype=np.int64)
        self.lengths = np.full(self.episodes, self.actions, np.int64)
        steps = rng.normal(0.6, 1.0, (self.episodes, self.actions + 1)).cumsum(axis=1)
        self.progress = (1 / (1 + np.exp(-steps / 4))).astype(np.float32).reshape(-1)
        self.state = np.stack([self.progress, rng.normal(size=len(self.progress))], axis=1).astype(np.float32)
        state, front = ArraySpec((2,)), ArraySpec((self.size, self.size, 3), "uint8")
        self.spec = Spec({"state": state, "front": front}, ArraySpec((2,), low=-1, high=1), hz=10)
        self.cameras = ("front",)

    def low_dim(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        return {name: {"progress": self.progress, "state": self.state}[name] for name in names}

    def rows(self, moments: np.ndarray) -> np.ndarray:
        return moments[:, 0] // 10 * (self.actions + 1) + moments[:, 1]

    def frames(self, camera: str, moments: np.ndarray) -> np.ndarray:
        assert camera == "front"
        self.decoded += len(moments)
        frames = np.full((len(moments), self.size, self.size, 3), 200, np.uint8)
        for frame, row in zip(frames, self.rows(np.asarray(moments)).tolist(), strict=True):
            x = int(self.progress[row] * (self.size - 8))
            frame[8:16, x : x + 8] = (200, 30, 30)
            frame[20:, :2] = 30 + row % 200  # every frame is another one, if hardly
        return frames

    def frame_hashes(self, names: str | list[str], moments: np.ndarray) -> list[str]:
        if isinstance(names, str):
            return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in self.frames(names, moments)]
        rows = self.rows(np.asarray(moments))
        arrays = [self.low_dim(names)[name][rows] for name in names]
        return [hashlib.sha256(b"".join(a[i].tobytes() for a in arrays)).hexdigest() for i in range(len(rows))]

    def fingerprint(self) -> str:
        return f"small {self.episodes} {self.actions} {self.seed}"
