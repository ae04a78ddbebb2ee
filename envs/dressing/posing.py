"""Moments of dressing with what is true of them: what a judge of dressing is trained and tested on.

A group is one acted episode in several moments, spread over its way. For training, an episode may be drawn more than
once: the arm and all that hangs on it turned about the upright axis through the shoulder, and some of the moments
replaced by ones in which the sleeve, having touched nothing, hangs elsewhere about the arm. Both are as true as
what was acted: gravity does not notice, and cloth that touches nothing hangs alike everywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import pairwise
from typing import Self

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64, UInt8

from envs.dressing.acting import acted
from envs.dressing.coverage import covered
from envs.dressing.environment import Dressing, progress
from envs.dressing.garment import GARMENTS, Cloth, Garment, cloth
from envs.dressing.person import body
from envs.dressing.scene import LEVELS, SPLITS, Scene, held_out, shaded
from envs.dressing.simulation import Simulation
from envs.dressing.view import picture, raster

MOMENTS = 20
"""Per group."""

LONGEST = 110
"""Steps of an episode, at most."""

LEVEL_SHARES = {"medium": 0.6, "easy": 0.2, "hard": 0.2}
POINTS = ("fingertip", "wrist", "elbow", "shoulder", "gripper", "opening", "top", "front", "bottom", "back")
"""What is pointed at in every picture; the last four are of the opening's rim."""

ELSEWHERE = 0.2
"""Share of the moments of a further copy in which the sleeve hangs elsewhere."""

AWAY = 0.4
CLEAR = 0.012
"""What touches nothing is so far from everything [m]."""

SHIFT = 0.02
"""A person drawn again sits up to so far elsewhere [m], as scenes do."""

OFF = 3.0
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
    def rings(self) -> Float[np.ndarray, "r n 3"]:
        """The cloth's vertices ring by ring, from the armhole on."""
        return self.vertices.reshape(-1, self.cloth.around, 3)

    @property
    def opening(self) -> Float[np.ndarray, "n 3"]:
        """The armhole's rim, in order."""
        return self.rings[0]

    @property
    def points(self) -> Float[np.ndarray, "p 3"]:
        """POINTS [m]."""
        rim = self.opening
        return np.stack([*self.joints, self.position, rim.mean(0), *rim[:: self.cloth.around // 4]])

    def turned(self, degrees: float, shift: Float[np.ndarray, " 3"], scene: Scene) -> "Still":
        """The same in another scene: the arm's azimuth larger by so much, and everything moved."""
        turn = upright(-degrees)
        shoulder = self.joints[3]

        def there(points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
            return (points - shoulder) @ turn.T + shoulder + shift

        return replace(
            self, scene=scene, vertices=there(self.vertices), joints=there(self.joints), position=there(self.position),
            rotation=turn @ self.rotation,
        )  # fmt: skip

    def hung(self, degrees: float, middle: Float[np.ndarray, " 3"]) -> "Still | None":
        """The sleeve and its gripper turned about the upright axis, and the middle of the opening brought there; None
        where they would touch the person."""
        turn, centre = upright(degrees), self.opening.mean(0)
        vertices = (self.vertices - centre) @ turn.T + middle
        position = turn @ (self.position - centre) + middle
        if not free(np.concatenate([vertices, position[None]]), self):
            return None
        moved = replace(self, vertices=vertices, position=position, rotation=turn @ self.rotation)
        at = covered(moved.joints, moved.rings)
        return replace(moved, along=at.along, progress=progress(at, moved))


def upright(degrees: float) -> Float[np.ndarray, "3 3"]:
    """The rotation about the upright axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def free(points: Float[np.ndarray, "v 3"], still: Still) -> bool:
    """Whether none of them touches the person."""
    rest = body(still.scene.person)
    start = np.array([*still.joints[:3], *(part.start for part in rest)])
    step = np.array([*still.joints[1:], *(part.end for part in rest)]) - start
    radius = np.array([*still.scene.person.radii, *(part.radius for part in rest)])
    offset = points[:, None] - start
    share = np.clip((offset * step).sum(2) / (step * step).sum(1), 0, 1)
    far = np.linalg.norm(offset - share[..., None] * step, axis=2)
    return bool((far > radius + CLEAR).all())


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
        groups.append(group(stills, order))
        loose = hanging(stills[0], drawn) if order.copies > 1 else stills[0]
        for _ in range(order.copies - 1):
            groups.append(group(varied([loose, *stills], order.split, drawn), order))
    return Posed(*(np.stack(column) for column in zip(*groups, strict=True)))


def episode(split: str, rng: np.random.Generator) -> Iterator[Still]:
    """Every step of an acted episode in a scene of the split."""
    level = str(rng.choice(list(LEVEL_SHARES), p=list(LEVEL_SHARES.values())))
    env = Dressing(level, split=split, obs=("state",), cameras=())
    obs, info = env.reset(seed=int(rng.integers(2**31)))
    yield still(env, info["progress"])
    for later in acted(env, obs, rng, LONGEST):
        yield still(env, later["progress"])


def still(env: Dressing, done: float) -> Still:
    """This moment, with its progress, in single precision."""
    sim = env.running("still")
    vertices, joints, position, rotation = (
        x.astype(np.float32).astype(np.float64) for x in (sim.vertices, sim.joints, sim.position, sim.rotation)
    )
    along = covered(sim.joints, sim.rings).along
    return Still(sim.scene, vertices, joints, position, rotation, done, along)


def hanging(still: Still, rng: np.random.Generator) -> Still:
    """The sleeve of a scene in the air, well away from the person, while it swings or at rest."""
    sim = Simulation(replace(still.scene, start=AWAY))
    for _ in range(int(rng.integers(16))):
        sim.advance(np.zeros(3), np.zeros(3))
    return replace(still, vertices=sim.vertices.copy(), position=sim.position.copy(), rotation=sim.rotation.copy())


def chosen(stills: Sequence[Still], rng: np.random.Generator) -> list[Still]:
    """MOMENTS of them, spread over the way of the gripper and of the progress, and a little at random; the way off the
    arm counts OFF times."""
    way = [
        np.linalg.norm(b.position - a.position) + 0.5 * abs(b.progress - a.progress) + 2e-4 for a, b in pairwise(stills)
    ]
    gone = np.concatenate([[0.0], np.cumsum(way)])
    at = (np.arange(MOMENTS) + rng.uniform(0, 1, MOMENTS)) / MOMENTS * gone[-1]
    return [stills[int(i)] for i in np.searchsorted(gone, at).clip(0, len(stills) - 1)]


def varied(stills: Sequence[Still], split: str, rng: np.random.Generator) -> list[Still]:
    """All but the first of these moments in another place, pose and shade of the same split; some of them are replaced
    by the first, hung elsewhere."""
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
    first, *turned = (one.turned(azimuth - person.azimuth, shift, there) for one in stills)
    return [(elsewhere(first, rng) or one) if rng.random() < ELSEWHERE else one for one in turned]


def elsewhere(still: Still, rng: np.random.Generator) -> Still | None:
    """A sleeve that hangs in the air hung somewhere about the arm; None if it finds no place."""
    line = np.concatenate([2 * still.joints[:1] - still.joints[1:2], still.joints])  # from a hand's length before it
    for _ in range(20):
        spot = rng.uniform(0, 4)
        along = line[int(spot)] + spot % 1 * (line[int(spot) + 1] - line[int(spot)])
        aside = rng.normal(size=3)
        middle = along + aside / np.linalg.norm(aside) * rng.uniform(0, 0.28)
        if moved := still.hung(rng.uniform(-60, 60), middle):
            return moved
    return None


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
