"""Depth, labels and pictures of cloth and capsules, in numpy alone: no GL, and equal scenes give equal bits.

Everything is cut into runs of neighbouring pixels in a row: a face between two of its edges (1/z is linear on the
screen), a capsule by the box around it, with one ray for every pixel in there. Then the nearest piece wins its pixel.
Left out: clipping (a face that reaches nearer than `NEAR` is not drawn), anti-aliasing, shadows.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Float64, Int, Int32, UInt8

from envs.dressing.shading import Surfaces, shade
from envs.dressing.shapes import Capsules, Mesh

NEAR = 0.05
"""What is nearer to the eye than this, along the viewing axis, is not drawn [m]."""


@dataclass(frozen=True)
class Camera:
    """A pinhole: eye, target and up [m, world], vertical field of view [deg]."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    fov: float = 45.0

    def __post_init__(self) -> None:
        if not 0 < self.fov < 180:
            raise ValueError(f"a field of view of {self.fov} degrees; use one between 0 and 180")
        gaze = np.subtract(self.target, self.eye)
        if not math.hypot(*np.cross(gaze, self.up)) > 1e-9 * math.hypot(*gaze) * math.hypot(*self.up):
            way = f"from {self.eye} to {self.target}"
            raise ValueError(f"looking {way}, up cannot be {self.up}; choose one that is not along the gaze")

    def axes(self) -> Float64[np.ndarray, "3 3"]:
        """Right, down and forward as rows, in the world."""
        forward = np.subtract(self.target, self.eye, dtype=float)
        forward /= math.hypot(*forward)
        right = np.cross(forward, self.up)
        right /= math.hypot(*right)
        return np.array([right, np.cross(forward, right), forward])


@dataclass(frozen=True, eq=False)
class Drawn:
    """One view; row 0 is the top one, column 0 the leftmost."""

    depth: Float32[np.ndarray, "h w"]
    """Along the viewing axis [m]; inf where nothing is."""
    label: Int32[np.ndarray, "h w"]
    """Of what is nearest; -1 where nothing is."""
    rgb: UInt8[np.ndarray, "h w 3"] | None = None


class Pieces(NamedTuple):
    """What may be seen in one pixel each: which pixel (row by row), how near (1 / depth), and of which surface."""

    pixel: Int[np.ndarray, " n"]
    nearness: Float64[np.ndarray, " n"]
    surface: Int[np.ndarray, " n"]


class Raster:
    """Draws what one camera sees in pictures of one size."""

    def __init__(self, camera: Camera, width: int, height: int) -> None:
        if width < 1 or height < 1:
            raise ValueError(f"a picture of {width} x {height} pixels; both must be 1 or more")
        self.camera, self.width, self.height = camera, width, height
        self.eye, self.axes = np.array(camera.eye, float), camera.axes()
        self.distance = math.dist(camera.eye, camera.target)
        self.focal = height / 2 / math.tan(math.radians(camera.fov) / 2)
        self.centre = np.array([(width - 1) / 2, (height - 1) / 2])
        self.across = (np.arange(width) - self.centre[0]) / self.focal
        self.down = (np.arange(height) - self.centre[1]) / self.focal
        self.rays = np.stack([*np.meshgrid(self.across, self.down), np.ones((height, width))], axis=-1)
        self.world_rays = (self.rays[..., None] * self.axes).sum(-2)

    def draw(self, mesh: Mesh, capsules: Capsules, *, shaded: bool = False) -> Drawn:
        """What the camera sees of them, with a picture where `shaded`."""
        points = self.seen_from(np.concatenate([mesh.vertices, capsules.start, capsules.end]))
        points, start, end = np.split(points, np.cumsum([len(mesh.vertices), len(capsules.start)]), axis=1)
        cloth = self.mesh_pieces(points, mesh.faces)
        body = self.capsule_pieces(start, end, capsules.radius)
        pixel = np.concatenate([cloth.pixel, body.pixel])
        nearness = np.concatenate([cloth.nearness, body.nearness])
        surface = np.concatenate([cloth.surface, body.surface + len(mesh.faces)])

        nearest = np.zeros(self.height * self.width)
        np.maximum.at(nearest, pixel, nearness)
        wins = nearness == nearest[pixel]
        owner = np.full(nearest.size, -1)
        owner[pixel[wins]] = surface[wins]
        with np.errstate(divide="ignore"):  # what is nowhere near is infinitely deep
            depth = (1 / nearest).reshape(self.height, self.width)
        owner = owner.reshape(depth.shape)
        label = np.concatenate([np.full(len(mesh.faces), mesh.label), capsules.label, [-1]])
        rgb = None
        if shaded:
            surfaces = Surfaces(mesh, points, capsules, start, end)
            rgb = shade(depth, owner, self.rays, 1 / self.focal, self.distance, surfaces)
        return Drawn(depth.astype(np.float32), label.astype(np.int32)[owner], rgb)

    def unproject(
        self, depth: Float[np.ndarray, "h w"], rows: Int[np.ndarray, " n"], cols: Int[np.ndarray, " n"]
    ) -> Float64[np.ndarray, "n 3"]:
        """The points seen in those pixels [m, world]; ValueError for a pixel in which nothing is seen."""
        z = depth[rows, cols].astype(float)
        for i in np.flatnonzero(~np.isfinite(z))[:1]:
            place = f"row {rows[i]}, column {cols[i]}"
            raise ValueError(f"nothing is seen in {place}; ask for pixels whose label is not -1")
        return self.eye + self.world_rays[rows, cols] * z[:, None]

    def seen_from(self, points: Float[np.ndarray, "n 3"]) -> Float64[np.ndarray, "3 n"]:
        """Right of, below and ahead of the eye [m]; no matrix product, whose last bits depend on the machine."""
        x, y, z = (points - self.eye).T
        right, down, forward = self.axes.T[:, :, None]
        return right * x + down * y + forward * z

    def mesh_pieces(self, points: Float64[np.ndarray, "3 v"], faces: Int[np.ndarray, "f 3"]) -> Pieces:
        """Rows of every face between its long edge (top to bottom corner) and one of its two short ones."""
        nearness = 1 / np.maximum(points[2], NEAR)
        u, v = points[:2] * (self.focal * nearness) + self.centre[:, None]
        order = v[faces].argsort(axis=1, kind="stable") + 3 * np.arange(len(faces))[:, None]
        highest, middle, lowest = faces.ravel()[order.T]
        top, bottom = np.concatenate([highest, highest, middle]), np.concatenate([lowest, middle, lowest])
        fall = v[bottom] - v[top]
        fall[fall == 0] = 1
        edges = np.array(
            [u[top], v[top], nearness[top], (u[bottom] - u[top]) / fall, (nearness[bottom] - nearness[top]) / fall]
        )
        long, short = (np.array([u[there] - u[highest], v[there] - v[highest]]) for there in (lowest, middle))
        area = long[0] * short[1] - long[1] * short[0]
        drawable = (points[2] >= NEAR)[faces].all(1) & (np.abs(area) > 1e-12)

        first, count = whole(v[highest], v[lowest], self.height)
        face, row = runs(first, count * drawable)
        lower = row >= v[middle][face]
        u, nearness = crossing(edges, face, row)
        u_short, nearness_short = crossing(edges, face + len(faces) * (1 + lower), row)

        width = u_short - u
        rise = (nearness_short - nearness) / np.where(width == 0, 1, width)
        first, count = whole(np.minimum(u, u_short), np.maximum(u, u_short), self.width)
        run, col = runs(first, count * (width != 0))
        return Pieces((row * self.width)[run] + col, nearness[run] + (col - u[run]) * rise[run], face[run])

    def capsule_pieces(
        self, start: Float64[np.ndarray, "3 k"], end: Float64[np.ndarray, "3 k"], radius: Float[np.ndarray, " k"]
    ) -> Pieces:
        """Where the rays z (x, y, 1) first meet |start + s n - z ray| = r, for s in [0, length].

        With p and d what start and ray have across the axis n, z² d·d - 2 z p·d + p·p - r² = 0 on the endless cylinder.
        """
        line = end - start
        length = np.sqrt((line * line).sum(0))
        n = line / np.where(length > 0, length, 1)
        offset = (start * n).sum(0)
        p = start - offset * n
        c = (p * p).sum(0) - radius**2

        (left, top), (right, bottom) = self.box(start, end, radius)
        first_col, width = whole(left, right, self.width)
        first, count = whole(top, bottom, self.height)
        capsule, row = runs(first, count * (width > 0))
        y = self.down[row]
        (n_x, n_y, n_z), (p_x, p_y, p_z) = n.take(capsule, 1), p.take(capsule, 1)
        rows = np.array([n_x, n_y * y + n_z, p_x, p_y * y + p_z, 1 + y * y, c[capsule]])
        run, col = runs(first_col[capsule], width[capsule])
        n_x, n_0, p_x, p_0, y_0, c_run = rows.take(run, 1)
        x = self.across[col]
        ray_n = n_x * x + n_0
        ray_p = p_x * x + p_0
        ray_ray = x * x + y_0
        a = np.maximum(ray_ray - ray_n * ray_n, 1e-12)
        root = ray_p * ray_p - a * c_run

        met = np.flatnonzero(root >= 0)
        ray_n, ray_p, ray_ray = ray_n[met], ray_p[met], ray_ray[met]
        run = run[met]
        k = capsule[run]
        z = (ray_p - np.sqrt(root[met])) / a[met]
        s = z * ray_n - offset[k]

        cap = np.flatnonzero((s < 0) | (s > length[k]))
        ends = offset[k[cap]] + np.where(s[cap] < 0, 0, length[k[cap]])
        ray_end = ray_p[cap] + ends * ray_n[cap]
        root = ray_end * ray_end - ray_ray[cap] * (c[k[cap]] + ends * ends)
        z[cap] = np.where(root >= 0, (ray_end - np.sqrt(np.maximum(root, 0))) / ray_ray[cap], 0)

        kept = np.flatnonzero(z >= NEAR)
        return Pieces((row[run] * self.width + col[met])[kept], 1 / z[kept], k[kept])

    def box(
        self, start: Float64[np.ndarray, "3 k"], end: Float64[np.ndarray, "3 k"], radius: Float[np.ndarray, " k"]
    ) -> tuple[Float64[np.ndarray, "2 k"], Float64[np.ndarray, "2 k"]]:
        """Least and greatest (column, row) of every capsule: the tangents to its two ends, from the eye."""
        low, high = np.full((2, len(radius)), np.inf), np.full((2, len(radius)), -np.inf)
        for across, z in ((start[:2], start[2]), (end[:2], end[2])):
            square = z * z - radius**2
            clear = z - radius > NEAR
            reach = radius * np.sqrt(np.where(clear, across * across + square, 0))
            square = np.where(clear, square, 1)
            low = np.minimum(low, np.where(clear, (across * z - reach) / square, -np.inf))
            high = np.maximum(high, np.where(clear, (across * z + reach) / square, np.inf))
        behind = np.maximum(start[2], end[2]) + radius < NEAR
        centre = self.centre[:, None]
        return np.where(behind, np.inf, low * self.focal + centre), high * self.focal + centre


def whole(
    low: Float64[np.ndarray, " n"], high: Float64[np.ndarray, " n"], size: int
) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """The first whole number in each of those intervals and in [0, size), and how many there are."""
    first = np.ceil(np.clip(low, 0, size)).astype(int)
    return first, np.maximum(np.floor(np.clip(high, -1, size - 1)).astype(int) + 1 - first, 0)


def runs(
    first: Int[np.ndarray, " r"], count: Int[np.ndarray, " r"]
) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Counts up from every `first`, `count` numbers each, all after one another: which run it is, and the number."""
    run = np.repeat(np.arange(len(first)), count)
    return run, np.arange(len(run)) + (first - np.cumsum(count) + count)[run]


def crossing(
    edges: Float64[np.ndarray, "5 e"], edge: Int[np.ndarray, " n"], row: Int[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Column and nearness where edges (column, row, nearness at the top; slopes of the first and last) cross rows.

    Faces that share an edge compute the same bits here, so no pixel falls between them.
    """
    u, v, nearness, slope_u, slope_nearness = edges.take(edge, 1)
    fall = row - v
    return u + fall * slope_u, nearness + fall * slope_nearness
