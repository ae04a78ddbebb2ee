"""What an episode starts from: a person, a sleeve and a grasp, a pure function of (level, split, seed)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from embodied.plugins import find
from envs.dressing.garment import GARMENTS, Garment
from envs.dressing.person import Person

Split = Literal["train", "held-out"]
SPLITS: tuple[Split, ...] = get_args(Split)
CELL = 10.0
"""Arm poses are dealt to the splits by squares of so many degrees of azimuth and flexion, as on a chess board."""

HELD_OUT_SIZES = (0.35, 0.65)
"""Of every range of a sleeve's sizes, the middle part is kept for the split "held-out"; so are its shades."""


@dataclass(frozen=True)
class Level:
    """How hard it is; ranges are drawn from uniformly."""

    flexion: tuple[float, float]
    """Of the elbow [degrees]."""
    elevation: tuple[float, float] = (-25.0, 15.0)
    azimuth: tuple[float, float] = (15.0, 70.0)
    friction: float = 1.0
    """Times the garment's own."""
    length: float = 1.0
    """Times the garment's own."""
    girth: tuple[float, float] = (0.85, 1.1)
    """Of the arm, times the average."""
    offset: float = 0.01
    """The grasp may be so far off the middle of the armhole, along its rim and across [m]."""
    force: float = 15.0
    """Above it the gripper yields [N]."""
    sway: float = 0.0
    """The arm moves up and down, and sideways, by up to so many degrees while it is dressed."""


LEVELS: dict[str, Level] = {
    "easy": Level((5.0, 35.0), friction=0.7, length=0.85, girth=(0.85, 1.0), force=15.0),
    "medium": Level((25.0, 70.0)),
    "hard": Level((40.0, 72.0), friction=1.3, length=1.1, girth=(0.95, 1.15), offset=0.02, force=15.0),
    "moving": Level((15.0, 65.0), sway=6.0),
}


@dataclass(frozen=True)
class Scene:
    """A person, a sleeve and how it is held: all that is random about an episode.

    `grasp` is where the gripper is, off the top of the armhole, to the side and upwards [m]; `start` the distance of
    the armhole from the fingertips [m], `aside` how far it is off the arm's line [m].
    """

    level: str
    split: str
    seed: int
    person: Person
    garment: Garment
    grasp: tuple[float, float]
    start: float
    aside: tuple[float, float]
    sway: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of the arm: up and down, sideways [degrees]; the period [s]."""

    @property
    def sentence(self) -> str:
        """The task in words."""
        return f"pull the sleeve of the {self.garment.name} over the person's arm, up to the shoulder"

    def to_json(self) -> str:
        """As text, from which `from_json` makes the same scene."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Scene":
        """The inverse of `to_json`."""
        data: dict[str, Any] = json.loads(text)
        person = {**data["person"], "shoulder": tuple(data["person"]["shoulder"])}
        garment = {**data["garment"], "colour": tuple(data["garment"]["colour"])}
        pairs = {name: tuple(data[name]) for name in ("grasp", "aside", "sway")}
        return cls(**{**data, **pairs, "person": Person(**person), "garment": Garment(**garment)})


def draw(level: str, split: str, seed: int, garments: Mapping[str, float] | None = None) -> Scene:
    """Scene `seed` of a level and split; `garments` are shares of each, equal if left out."""
    how = find(LEVELS, level, "level")
    if split not in SPLITS:
        raise ValueError(f"no split {split!r}; choose one of {', '.join(SPLITS)}")
    shares = garments or dict.fromkeys(GARMENTS, 1.0)
    cuts = [find(GARMENTS, name, "garment") for name in shares]
    weight = np.array(list(shares.values()), np.float64)
    if not (weight >= 0).all() or not weight.sum() > 0:
        raise ValueError(f"garments are drawn by the shares {dict(shares)}; give numbers >= 0, not all of them 0")
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be 0 or more")
    rng = np.random.default_rng([seed, sorted(LEVELS).index(level), SPLITS.index(split)])
    cut = cuts[int(rng.choice(len(cuts), p=weight / weight.sum()))]
    azimuth, flexion = pose(how, split, rng)
    person = Person(
        scale=float(rng.uniform(0.92, 1.08)),
        girth=float(rng.uniform(*how.girth)),
        azimuth=azimuth,
        elevation=float(rng.uniform(*how.elevation)),
        flexion=flexion,
        roll=float(rng.uniform(-20, 60)),
        shoulder=(float(rng.uniform(-0.02, 0.02)), float(rng.uniform(-0.02, 0.02)), float(rng.uniform(0.97, 1.03))),
    )
    size = [sizes(split, rng) for _ in range(4)]
    garment = cut.sized(
        length=how.length * (0.92 + 0.16 * size[0]),
        girth=0.96 + 0.08 * size[1],
        stiffness=0.75 * (1.4 / 0.75) ** size[2],
        friction=how.friction * (0.8 + 0.4 * size[3]),
    )
    garment = shaded(garment, split, rng)
    angle, far = rng.uniform(0, 2 * np.pi), how.offset * np.sqrt(rng.uniform())
    swings = (float(rng.uniform(-1, 1)) * how.sway, float(rng.uniform(-1, 1)) * how.sway, float(rng.uniform(3, 6)))
    return Scene(
        level, split, int(seed), person, garment,
        grasp=(float(far * np.cos(angle)), float(far * np.sin(angle))),
        start=float(rng.uniform(0.04, 0.12)),
        aside=(float(rng.uniform(-0.02, 0.02)), float(rng.uniform(-0.02, 0.02))),
        sway=swings if how.sway else (0.0, 0.0, 0.0),
    )  # fmt: skip


def pose(level: Level, split: str, rng: np.random.Generator) -> tuple[float, float]:
    """Azimuth and flexion [degrees] from the squares of the split."""
    while True:
        azimuth, flexion = float(rng.uniform(*level.azimuth)), float(rng.uniform(*level.flexion))
        if held_out(azimuth, flexion) == (split == "held-out"):
            return azimuth, flexion


def held_out(azimuth: float, flexion: float) -> bool:
    """Whether an arm's pose belongs to the split "held-out"."""
    return (int(azimuth // CELL) + int(flexion // CELL)) % 2 == 1


def sizes(split: str, rng: np.random.Generator) -> float:
    """A size in [0, 1]: of the middle for "held-out", of both ends otherwise."""
    low, high = HELD_OUT_SIZES
    share = float(rng.uniform())
    if split == "held-out":
        return low + share * (high - low)
    share *= low + 1 - high
    return share if share < low else share + high - low


def shaded(garment: Garment, split: str, rng: np.random.Generator) -> Garment:
    """The garment in a shade of its colour; "held-out" shades are lighter than any other."""
    light = float(rng.uniform(1.12, 1.25) if split == "held-out" else rng.uniform(0.8, 1.08))
    return replace(garment, colour=tuple(float(min(1.0, c * light)) for c in garment.colour))
