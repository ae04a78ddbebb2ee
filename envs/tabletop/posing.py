"""Moments of the tabletop posed rather than played, with what is true of them: what a judge is trained and tested on.

A group is one scene in several moments: a block lying, hanging, delivered, misplaced, or almost as in another moment.
Poses settle under physics before they are drawn, so that nothing hovers or overlaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from jaxtyping import Float, Float32, Int8, UInt8

from envs.tabletop import robot
from envs.tabletop.camera import CAMERAS, Camera
from envs.tabletop.goals import GOALS, State
from envs.tabletop.scene import COLOURS, HELD_OUT_PAIRS, SPLITS, Thing, colour_pairs, free_place, two_places
from envs.tabletop.shapes import REST_HEIGHT
from envs.tabletop.world import HIGH, LOW, LOW_LOADED, Pose, Snapshot, World

PREDICATES = ("in-bowl", "in-zone", "on")
ANY = -1
"""As a colour: of the one block there is; of the target: the block's own."""

MOMENTS, QUESTIONS = 6, 2
"""Per group."""

SETTLE = 30
"""Physics steps (0.25 s) from a pose to its picture."""

FORMS = {"in-bowl": ("block", "bowl", "bowl"), "in-zone": ("block", "zone", "zone"), "on": ("block", "block", "block")}
"""What stands on the table where a predicate is asked about."""

GAPS = {"in-bowl": (0.16, 0.18), "in-zone": (0.16, 0.18), "on": (0.14, 0.18)}
STILL = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


@dataclass(frozen=True, eq=False)
class Posed:
    """G groups of K moments; Q questions about each, of (predicate, colour of the block, colour of the target).

    `colour` is that of the block. `places` are where the block, the target and the tip are in the picture, x to the
    right and y down, in [-1, 1]; `positions` where they are in the robot's base frame [m].
    """

    frames: UInt8[np.ndarray, "g k h w 3"]
    meaning: Int8[np.ndarray, "g q 3"]
    colour: Int8[np.ndarray, "g q"]
    progress: Float32[np.ndarray, "g q k"]
    places: Float32[np.ndarray, "g q k 3 2"]
    positions: Float32[np.ndarray, "g q k 3 3"]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One after the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass(frozen=True)
class Order:
    """Which groups to pose: so many of a split, from a seed that no other order shares."""

    groups: int
    split: str
    seed: int
    camera: str = "front"
    size: int = 96


def pose(order: Order) -> Posed:
    """The groups of an order; the same for the same order."""
    if order.split not in SPLITS:
        raise ValueError(f"no split {order.split!r}; choose one of {list(SPLITS)}")
    rng = np.random.default_rng([order.seed, SPLITS.index(order.split)])
    worlds = {name: World(kinds) for name, kinds in FORMS.items()}
    try:
        names = [PREDICATES[i] for i in rng.integers(len(PREDICATES), size=order.groups)]
        groups = [group(worlds[name], name, order, rng) for name in names]
    finally:
        for world in worlds.values():
            world.close()
    return Posed(*(np.stack(column) for column in zip(*groups, strict=True)))


def group(world: World, predicate: str, order: Order, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """One scene: its frames, what is asked, and the truth."""
    things, asked = scene(predicate, order.split, rng)
    camera = CAMERAS[order.camera]
    world.arrange(things)
    at_start, taken = world.snapshot(), []
    shown: list[tuple[np.ndarray, State]] = []
    for _ in range(MOMENTS):
        _, block, target = asked[int(rng.integers(len(asked)))][1]
        if taken and rng.random() < 0.15:
            snapshot, sucks = twin(taken[int(rng.integers(len(taken)))], rng)
        else:
            snapshot, sucks = arranged(world, at_start, block, target, rng)
        taken.append((snapshot, sucks))
        settle(world, snapshot, sucks)
        shown.append((camera.frame(world.bullet, order.size, order.size), world.state()))
    meaning = np.array([m for m, _ in asked], np.int8)
    colour = np.array([list(COLOURS).index(things[block].colour) for _, (_, block, _) in asked], np.int8)
    truth = [(GOALS[name](block, target), block, target) for _, (name, block, target) in asked]
    progress = np.array([[goal.progress(state) for _, state in shown] for goal, _, _ in truth], np.float32)
    positions = np.array(
        [
            [np.stack([s.position[block], s.position[target], s.tip]) for _, s in shown]
            for _, block, target in truth
        ],
        np.float32,
    )  # fmt: skip
    places = in_picture(world, camera, positions).astype(np.float32)
    return np.stack([frame for frame, _ in shown]), meaning, colour, progress, places, positions


Asked = tuple[tuple[int, int, int], tuple[str, int, int]]
"""What a question means in colours, and the goal it names by the indices of its things."""


def scene(predicate: str, split: str, rng: np.random.Generator) -> tuple[tuple[Thing, ...], list[Asked]]:
    """Things on the table and QUESTIONS questions about them, whose colours belong to the split."""
    kinds, colours = FORMS[predicate], painted(predicate, split, rng)
    target, other = two_places(rng, GAPS[predicate])
    block = free_place(rng, (target, other), 0.11)
    turns = rng.uniform(-np.pi / 4, np.pi / 4, 3) * [kind == "block" for kind in kinds]
    things = tuple(
        Thing(kind, colour, float(x), float(y), float(yaw))
        for kind, colour, (x, y), yaw in zip(kinds, colours, (block, target, other), turns, strict=True)
    )
    asked = questions(predicate, colours, split)
    chosen = rng.choice(len(asked), QUESTIONS, replace=len(asked) < QUESTIONS)
    return things, [asked[i] for i in chosen]


def painted(predicate: str, split: str, rng: np.random.Generator) -> tuple[str, str, str]:
    """Colours of a block, of what it may belong to and of the third thing.

    In the split 'train' a block never meets a target of the colour that is its partner in a held-out pair; in
    'held-out' it always does.
    """
    names = [str(name) for name in rng.permutation(list(COLOURS))]
    if predicate == "on":
        pairs = [str(name) for pair in colour_pairs(4, split) for name in pair]
        first = 2 * int(rng.integers(len(pairs) // 2))
        top, base = pairs[first : first + 2] if rng.random() < 0.5 else pairs[first : first + 2][::-1]
        return top, base, next(name for name in names if name not in (top, base))
    block = names[0]
    if split == "held-out":
        partner = next(name for name in names if held_out(block, name))
        return (block, block, partner) if rng.random() < 0.5 else (block, partner, block)
    targets = [name for name in rng.permutation(names).tolist() if not held_out(block, name)]
    return block, targets[0], targets[1]


def held_out(one: str, other: str) -> bool:
    """Whether two colours are a pair that the split 'train' keeps apart."""
    return frozenset((one, other)) in {frozenset(pair) for pair in HELD_OUT_PAIRS}


def questions(predicate: str, colours: tuple[str, str, str], split: str) -> list[Asked]:
    """Everything that can be asked of things with these colours without leaving the split."""
    number, code = PREDICATES.index(predicate), {name: i for i, name in enumerate(COLOURS)}
    if predicate == "on":
        wanted = split == "held-out"
        orders = [(a, b) for a in range(3) for b in range(3) if a != b and held_out(colours[a], colours[b]) == wanted]
        return [((number, code[colours[a]], code[colours[b]]), (predicate, a, b)) for a, b in orders]
    asked: list[Asked] = []
    for target in (1, 2):
        own = colours[0] == colours[target]
        said = [(code[colours[0]], code[colours[target]]), (ANY, code[colours[target]])]
        said += [(ANY, ANY), (code[colours[0]], ANY)] if own else []
        asked += [((number, *colour), (predicate, 0, target)) for colour in said]
    return asked


def arranged(world: World, start: Snapshot, block: int, target: int, rng: np.random.Generator) -> tuple[Snapshot, bool]:
    """A random moment of a scene, with one block lying, hanging, delivered or misplaced; and whether suction is on."""
    poses = list(start.poses)
    if all(kind == "block" for kind in world.kinds):
        scatter(poses, rng)
    pushing = "zone" in world.kinds
    what = rng.choice(["lying", "hanging", "there", "elsewhere"], p=[0.35, 0.3, 0.22, 0.13])
    if pushing and what == "hanging":
        what = "lying"
    if what == "hanging":
        return hanging(world, poses, block, target, rng), True
    if what == "lying":
        place(poses, block, rng.uniform((0.36, -0.2), (0.64, 0.2)), 0.0, world, rng)
    else:
        others = [i for i in range(len(poses)) if i not in (block, target)]
        there = target if what == "there" else int(rng.choice(others))
        reach = rng.choice([0.02, 0.04, 0.07])
        offset = rng.uniform(-reach, reach, 2)
        place(poses, block, np.array(poses[there][0][:2]) + offset, 0.045, world, rng)
    return Snapshot(tuple(poses), (STILL,) * len(poses), at(free_tip(poses[block], pushing, rng)), None, 0.0), False


def scatter(poses: list[Pose], rng: np.random.Generator) -> None:
    """Now and then, move one of the things about."""
    if rng.random() < 0.3:
        thing = int(rng.integers(len(poses)))
        taken = [np.array(pose[0][:2]) for i, pose in enumerate(poses) if i != thing]
        x, y = free_place(rng, taken, 0.07)
        poses[thing] = ((float(x), float(y), poses[thing][0][2]), poses[thing][1])


def place(
    poses: list[Pose], block: int, xy: Float[np.ndarray, " 2"], drop: float, world: World, rng: np.random.Generator
) -> None:
    """Put a block down at a place; over whatever is there already, it is let fall."""
    near = min(np.hypot(*(xy - poses[i][0][:2])) for i in range(len(poses)) if i != block)
    high = drop or (0.045 if near < 0.085 and "zone" not in world.kinds else 0.0)
    turn = world.bullet.getQuaternionFromEuler([0, 0, rng.uniform(-np.pi, np.pi)])
    poses[block] = ((float(xy[0]), float(xy[1]), REST_HEIGHT["block"] + high), tuple(turn))


def hanging(world: World, poses: list[Pose], block: int, target: int, rng: np.random.Generator) -> Snapshot:
    """A block under the tip, half of the time near where it belongs."""
    tip = rng.uniform(LOW_LOADED, HIGH)
    if rng.random() < 0.5:
        aside = np.array(poses[target][0][:2]) + rng.normal(0, 0.035, 2)
        tip = np.clip(np.array([*aside, rng.uniform(0.05, 0.2)]), LOW_LOADED, HIGH)
    offset = np.clip(rng.normal(0, 0.007, 2), -0.016, 0.016)
    turn = world.bullet.getQuaternionFromEuler([0, 0, rng.uniform(-np.pi, np.pi)])
    poses[block] = ((float(tip[0] + offset[0]), float(tip[1] + offset[1]), float(tip[2] - 0.021)), tuple(turn))
    return Snapshot(tuple(poses), (STILL,) * len(poses), at(tip), None, 0.0)


def free_tip(block: Pose, pushing: bool, rng: np.random.Generator) -> Float[np.ndarray, " 3"]:
    """An empty tip: anywhere, or about the block."""
    if rng.random() < 0.4:
        return rng.uniform(LOW, HIGH)
    low, high = (0.012, 0.1) if pushing else (0.03, 0.16)
    aside = rng.normal(0, 0.05 if pushing else 0.03, 2)
    height = block[0][2] + rng.uniform(low, high) - (REST_HEIGHT["block"] if pushing else 0.0)
    return np.clip(np.array([*(np.array(block[0][:2]) + aside), height]), LOW, HIGH)


def at(tip: Float[np.ndarray, " 3"]) -> tuple[tuple[float, float], ...]:
    """The arm at rest with its tip there."""
    return tuple((angle, 0.0) for angle in robot.joints(*tip))


def twin(moment: tuple[Snapshot, bool], rng: np.random.Generator) -> tuple[Snapshot, bool]:
    """The same moment with the arm bent by up to a degree: hardly to be told apart."""
    snapshot, sucks = moment
    joints = tuple((angle + float(rng.normal(0, 0.004)), 0.0) for angle, _ in snapshot.joints)
    return Snapshot(snapshot.poses, snapshot.velocities, joints, None, 0.0), sucks


def settle(world: World, snapshot: Snapshot, sucks: bool) -> None:
    """Bring the world into a moment and let it come to rest."""
    world.restore(snapshot)
    if sucks:
        world.suck()
    world.hold([angle for angle, _ in snapshot.joints], SETTLE)
    world.refresh()


def in_picture(world: World, camera: Camera, points: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 2"]:
    """Where points [m, base frame] are in a square picture: x to the right, y down, in [-1, 1]."""
    bullet = world.bullet
    view = np.array(bullet.computeViewMatrix(camera.eye, camera.target, camera.up)).reshape(4, 4).T
    lens = np.array(bullet.computeProjectionMatrixFOV(camera.fov, 1.0, 0.05, 3.0)).reshape(4, 4).T
    flat = np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1) @ (lens @ view).T
    return flat[..., :2] / flat[..., 3:] * [1.0, -1.0]
