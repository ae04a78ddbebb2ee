"""Where the tool of an arm is: forward kinematics and Jacobians of serial chains, in numpy alone.

Links are Denavit-Hartenberg rows, standard (UR) or modified after Craig (xArm, Franka), with the makers' nominal
values; a calibrated arm differs by millimetres, which a robot file's own rows may say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import pi
from typing import Literal

import numpy as np
from jaxtyping import Float64

Row = tuple[float, float, float, float]
"""a [m], alpha [rad], d [m], offset of the joint's angle [rad]."""
Pose = Float64[np.ndarray, "4 4"]


@dataclass(frozen=True)
class Chain:
    """A serial arm of revolute joints; `flange` is a last fixed row (a, alpha, d, angle)."""

    rows: tuple[Row, ...]
    convention: Literal["standard", "modified"] = "standard"
    flange: Row = (0.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if not self.rows or not np.isfinite([*self.rows, self.flange]).all():
            raise ValueError(f"a chain needs finite rows of a, alpha, d and offset; these are {self.rows}")

    @property
    def joints(self) -> int:
        """How many joints."""
        return len(self.rows)

    @cached_property
    def _links(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n + 1, 4, 4) each: a link is cos(angle) times the first, sin(angle) times the second, and the third."""
        cosine, sine, rest = np.zeros((3, len(self.rows) + 1, 4, 4))
        for i, (a, alpha, d, _) in enumerate((*self.rows, self.flange)):
            ca, sa = np.cos(alpha), np.sin(alpha)
            if self.convention == "standard":
                cosine[i, :2] = (1, 0, 0, a), (0, ca, -sa, 0)
                sine[i, :2] = (0, -ca, sa, 0), (1, 0, 0, a)
                rest[i, 2:] = (0, sa, ca, d), (0, 0, 0, 1)
            else:
                cosine[i, :3] = (1, 0, 0, 0), (0, ca, 0, 0), (0, sa, 0, 0)
                sine[i, :3] = (0, -1, 0, 0), (ca, 0, 0, 0), (sa, 0, 0, 0)
                rest[i] = (0, 0, 0, a), (0, 0, -sa, -d * sa), (0, 0, ca, d * ca), (0, 0, 0, 1)
        return cosine, sine, rest

    @cached_property
    def _offsets(self) -> np.ndarray:
        return np.array([row[3] for row in (*self.rows, self.flange)])

    def _each(self, q: np.ndarray) -> np.ndarray:
        """Every link's matrix: (..., n) joints to (..., n + 1, 4, 4)."""
        angles = np.zeros((*q.shape[:-1], len(self._offsets)))
        angles[..., :-1] = q
        angles += self._offsets
        cosine, sine, rest = self._links
        return np.cos(angles)[..., None, None] * cosine + np.sin(angles)[..., None, None] * sine + rest

    def frames(self, q: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n+1 4 4"]:
        """Every joint's frame after its turn, and the flange's, in the base's frame."""
        found = self._each(q)
        for i in range(1, len(found)):
            found[i] = found[i - 1] @ found[i]
        return found

    def pose(self, q: Float64[np.ndarray, " n"], tool: Pose | None = None) -> Pose:
        """The tool's pose (the flange's without a tool) in the base's frame."""
        flange = self.frames(q)[-1]
        return flange if tool is None else flange @ tool

    def points(self, q: Float64[np.ndarray, " n"], tool: Pose | None = None) -> Float64[np.ndarray, "n+2 3"]:
        """The origins of all frames and of the tool [m]: what a box or a keep-out is checked with."""
        frames = self.frames(q)
        last = frames[-1] if tool is None else frames[-1] @ tool
        return np.concatenate([frames[:, :3, 3], last[None, :3, 3]])

    def swept(self, q: Float64[np.ndarray, "m n"], tool: Pose) -> Float64[np.ndarray, "m n+2 3"]:
        """`points` of many poses at once, a tool given."""
        links = self._each(q)
        found, now = np.empty((len(q), links.shape[1] + 1, 3)), links[:, 0]
        found[:, 0] = now[:, :3, 3]
        for i in range(1, links.shape[1]):
            now = now @ links[:, i]
            found[:, i] = now[:, :3, 3]
        found[:, -1] = now[:, :3, :3] @ tool[:3, 3] + now[:, :3, 3]
        return found

    def jacobian(self, q: Float64[np.ndarray, " n"], tool: Pose | None = None) -> Float64[np.ndarray, "6 n"]:
        """d(tool position, tool rotation) / dq in the base's frame [m/rad; rad/rad]."""
        frames = self.frames(q)
        tip = (frames[-1] if tool is None else frames[-1] @ tool)[:3, 3]
        before = frames[:-1]
        if self.convention == "standard":  # joint i turns about the z axis of the frame before it
            before = np.concatenate([np.eye(4)[None], frames[:-2]])
        axes, origins = before[:, :3, 2], before[:, :3, 3]
        return np.concatenate([np.cross(axes, tip - origins).T, axes.T])


def ur(d1: float, a2: float, a3: float, d4: float, d5: float, d6: float) -> Chain:
    """A Universal Robots arm."""
    h = pi / 2
    return Chain((
        (0.0, h, d1, 0.0), (a2, 0.0, 0.0, 0.0), (a3, 0.0, 0.0, 0.0),
        (0.0, h, d4, 0.0), (0.0, -h, d5, 0.0), (0.0, 0.0, d6, 0.0),
    ))  # fmt: skip


H, BENT = pi / 2, 1.3849179
CHAINS: dict[str, Chain] = {
    "ur3e": ur(0.15185, -0.24355, -0.2132, 0.13105, 0.08535, 0.0921),
    "ur5e": ur(0.1625, -0.425, -0.3922, 0.1333, 0.0997, 0.0996),
    "ur10e": ur(0.1807, -0.6127, -0.57155, 0.17415, 0.11985, 0.11655),
    "ur16e": ur(0.1807, -0.4784, -0.36, 0.17415, 0.11985, 0.11655),
    "xarm6": Chain((
        (0.0, 0.0, 0.267, 0.0), (0.0, -H, 0.0, -BENT), (0.28948866, 0.0, 0.0, BENT),
        (0.0775, -H, 0.3425, 0.0), (0.0, H, 0.0, 0.0), (0.076, -H, 0.097, 0.0),
    ), "modified"),
    "xarm7": Chain((
        (0.0, 0.0, 0.267, 0.0), (0.0, -H, 0.0, 0.0), (0.0, H, 0.293, 0.0), (0.0525, H, 0.0, 0.0),
        (0.0775, H, 0.3425, 0.0), (0.0, H, 0.0, 0.0), (0.076, -H, 0.097, 0.0),
    ), "modified"),
    "fr3": Chain((
        (0.0, 0.0, 0.333, 0.0), (0.0, -H, 0.0, 0.0), (0.0, H, 0.316, 0.0), (0.0825, H, 0.0, 0.0),
        (-0.0825, -H, 0.384, 0.0), (0.0, H, 0.0, 0.0), (0.088, H, 0.0, 0.0),
    ), "modified", flange=(0.0, 0.0, 0.107, 0.0)),
}  # fmt: skip
"""The makers' nominal rows."""


def chain(model: str) -> Chain:
    """A model's chain; KeyError with the known ones."""
    if model not in CHAINS:
        raise KeyError(f"no arm {model!r} is known here; there are {', '.join(CHAINS)}")
    return CHAINS[model]


def rotation_vector(pose: Pose) -> Float64[np.ndarray, " 3"]:
    """The rotation of a pose as axis times angle [rad], which is how UR writes orientations."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_matrix(pose[:3, :3]).as_rotvec()


def euler(pose: Pose) -> Float64[np.ndarray, " 3"]:
    """Roll, pitch and yaw about the base's fixed axes [rad], which is how xArm writes them."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_matrix(pose[:3, :3]).as_euler("xyz")


def offset(xyz: Sequence[float], rotation: Sequence[float] = (0.0, 0.0, 0.0)) -> Pose:
    """A pose from a position [m] and an axis times angle [rad]."""
    from scipy.spatial.transform import Rotation

    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = Rotation.from_rotvec(np.asarray(rotation, float)).as_matrix(), xyz
    return pose
