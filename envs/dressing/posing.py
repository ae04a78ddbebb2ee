"""Moments of dressing with what is true of them: what a judge of dressing is trained and tested on.

A group is one acted episode in several moments, spread over its way. For training, an episode may be drawn more than
once, the arm and all that hangs on it turned about the upright axis through the shoulder, which is as true: gravity
does not notice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import pairwise
from typing import Self

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64, UInt8

from envs.dressing.acting import acted
from envs.dressing.coverage import dressed
from envs.dressing.environment import Dressing
from envs.dressing.garment import GARMENTS, Cloth, Garment, cloth
from envs.dressing.scene import LEVELS, SPLITS, Scene, held_out, shaded
from envs.dressing.view import picture, raster

MOMENTS = 20
"""Per group."""

LONGEST = 110
"""Steps of an episode, at most."""

LEVEL_SHARES = {"medium": 0.6, "easy": 0.2, "hard": 0.2}
POINTS = ("fingertip", "wrist", "elbow", "shoulder", "gripper", "opening", "top", "front", "bottom", "back")
"""What is pointed at in every picture; the last four are of the opening's rim."""

SHIFT = 0.02
"""A person drawn again sits up to so far elsewhere [m], as scenes do."""

DRAWN = 9  # tells the generator of an episode's pictures from that of its acting
TURN = 25.0
"""The arm is turned by up to so much [degrees]."""


@dataclass(frozen=True, eq=False)
class Posed:
    """G groups of K moments. `places` are the POINTS in the picture, x to the right and y down, in [-1, 1];
    `positions` the same in the world [m]. `along` is how far along the arm the opening is, from fingertips to
    shoulder [share], where it `encloses` the arm; 0 where it does not. `garment` is the index of the cut in GARMENTS.
    """

    frames: UInt8[np.ndarray, "g k h w 3"]
    garment: Int64[np.ndarray, " g"]
    progress: Float32[np.ndarray, "g k"]
    along: Float32[np.ndarray, "g k"]
    encloses: Bool[np.ndarray, "g k"]
    places: Float32[np.ndarray, "g k p 2"]
    positions: Float32[np.ndarray, "g k p 3"]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One after the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass(frozen=True)
class Order:
    """Which groups to pose: the episodes `seed` to `seed + groups - 1` of a split, each drawn `copies` times: once as
    it was, the others turned, in other shades and a little elsewhere."""

    groups: int
    split: str
    seed: int
    copies: int = 1
    camera: str = "front"
    size: int = 96


@dataclass(frozen=True, eq=False)
class Still:
    """One moment's geometry: what is drawn of a simulation (see `view.Visible`), and what is true of it."""

    scene: Scene
    vertices: Float[np.ndarray, "v 3"]
    joints: Float[np.ndarray, "4 3"]
    position: Float[np.ndarray, " 3"]
    rotation: Float[np.ndarray, "3 3"]
    progress: float
    along: float | None

    @property
    def cloth(self) -> Cloth:
        """The sleeve's mesh."""
        return mesh(self.scene.garment)

    @property
    def points(self) -> Float[np.ndarray, "p 3"]:
        """POINTS [m]."""
        rim = self.vertices[: self.cloth.around]
        return np.stack([*self.joints, self.position, rim.mean(0), *rim[:: self.cloth.around // 4]])

    def turned(self, degrees: float, shift: Float[np.ndarray, " 3"], scene: Scene) -> "Still":
        """The same in another scene: the arm's azimuth larger by so much, and everything moved."""
        c, s = np.cos(np.radians(-degrees)), np.sin(np.radians(-degrees))
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        shoulder = self.joints[3]

        def there(points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
            return (points - shoulder) @ turn.T + shoulder + shift

        return replace(
            self, scene=scene, vertices=there(self.vertices), joints=there(self.joints), position=there(self.position),
            rotation=turn @ self.rotation,
        )  # fmt: skip


@lru_cache(maxsize=16)
def mesh(garment: Garment) -> Cloth:
    """A sleeve as simulated."""
    return cloth(garment, "coarse")


def pose(order: Order) -> Posed:
    """The groups of an order, copies after one another; the same for the same order."""
    if order.split not in SPLITS:
        raise ValueError(f"no split {order.split!r}; choose one of {', '.join(SPLITS)}")
    split, groups = SPLITS.index(order.split), []
    for seed in range(order.seed, order.seed + order.groups):
        drawn = np.random.default_rng([seed, split, DRAWN])
        stills = chosen(list(episode(order.split, np.random.default_rng([seed, split]))), drawn)
        for copy in range(order.copies):
            groups.append(group(varied(stills, order.split, drawn) if copy else stills, order))
    return Posed(*(np.stack(column) for column in zip(*groups, strict=True)))


def episode(split: str, rng: np.random.Generator) -> Iterator[Still]:
    """Every step of an acted episode in a scene of the split."""
    level = str(rng.choice(list(LEVEL_SHARES), p=list(LEVEL_SHARES.values())))
    env = Dressing(level, split=split, obs=("state",), cameras=())
    obs, info = env.reset(seed=int(rng.integers(2**31)))
    yield still(env, info["progress"])
    for later in acted(env, obs, rng, LONGEST):
        yield still(env, later["progress"])


def still(env: Dressing, progress: float) -> Still:
    """This moment, in single precision."""
    sim = env.running("still")
    vertices, joints, position, rotation = (
        x.astype(np.float32).astype(np.float64) for x in (sim.vertices, sim.joints, sim.position, sim.rotation)
    )
    along = dressed(sim.joints, sim.opening).along
    return Still(sim.scene, vertices, joints, position, rotation, progress, along)


def chosen(stills: Sequence[Still], rng: np.random.Generator) -> list[Still]:
    """MOMENTS of them, spread evenly over the way of the gripper and of the progress, and a little at random."""
    way = [
        np.linalg.norm(b.position - a.position) + 0.5 * abs(b.progress - a.progress) + 2e-4 for a, b in pairwise(stills)
    ]
    gone = np.concatenate([[0.0], np.cumsum(way)])
    at = (np.arange(MOMENTS) + rng.uniform(0, 1, MOMENTS)) / MOMENTS * gone[-1]
    return [stills[int(i)] for i in np.searchsorted(gone, at).clip(0, len(stills) - 1)]


def varied(stills: Sequence[Still], split: str, rng: np.random.Generator) -> list[Still]:
    """An episode in another place, pose and shade, all of the same split."""
    scene = stills[0].scene
    person, low, high = scene.person, *LEVELS[scene.level].azimuth
    while True:
        azimuth = float(rng.uniform(max(low, person.azimuth - TURN), min(high, person.azimuth + TURN)))
        if held_out(azimuth, person.flexion) == (split == "held-out"):
            break
    shift = rng.uniform(-SHIFT, SHIFT, 3)
    shoulder = np.add(person.shoulder, shift).tolist()
    plain = replace(scene.garment, colour=GARMENTS[scene.garment.name].colour)
    there = replace(
        scene,
        person=replace(person, azimuth=azimuth, shoulder=tuple(shoulder)),
        garment=shaded(plain, split, rng),
    )
    return [one.turned(azimuth - person.azimuth, shift, there) for one in stills]


def group(stills: Sequence[Still], order: Order) -> tuple[np.ndarray, ...]:
    """The pictures of some moments, and the truth."""
    scene = stills[0].scene
    whole = float(scene.person.lengths.sum())
    points = np.stack([one.points for one in stills]).astype(np.float32)
    return (
        np.stack([picture(one, order.camera, order.size) for one in stills]),
        np.array(list(GARMENTS).index(scene.garment.name)),
        np.array([one.progress for one in stills], np.float32),
        np.array([min(1.2, (one.along or 0.0) / whole) for one in stills], np.float32),
        np.array([one.along is not None for one in stills]),
        in_picture(order, points),
        points,
    )


def in_picture(order: Order, points: Float32[np.ndarray, "k p 3"]) -> Float32[np.ndarray, "k p 2"]:
    """Where points [m, world] are in a square picture: x to the right, y down, in [-1, 1]."""
    lens = raster(order.camera, order.size, order.size)
    x, y, z = lens.seen_from(points.reshape(-1, 3))
    flat = np.stack([x, y], axis=1) / z[:, None] * lens.focal * 2 / order.size
    return flat.reshape(*points.shape[:2], 2).astype(np.float32)
