"""Long tasks as a gymnasium environment: one action is a pick-and-place; a policy says itself when it is done."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import gymnasium
import numpy as np
from jaxtyping import Float, UInt8

from embodied.plans import moves_needed
from embodied.plugins import find, load
from embodied.scenery import WORKSPACE, View
from embodied.skills import At, Cause, Outcome, Pick, Place, Step, Stop
from embodied.spec import ArraySpec, Spec
from envs import LONG_TASKS
from envs.tabletop.bare import Bare
from envs.tabletop.board import CAPACITY
from envs.tabletop.brief import Brief, LongTask
from envs.tabletop.camera import CAMERAS, Camera
from envs.tabletop.client import Client
from envs.tabletop.disturbances import Disturbances
from envs.tabletop.hand import Hand
from envs.tabletop.scene import PALETTE
from envs.tabletop.world import Snapshot, World

MOST = sum(CAPACITY.values())
SPARE = 2
"""Moves beyond those needed that an episode allows."""

FEATURES = ("block", "big", "bowl", "zone", "red", "green", "blue", "x", "y", "z", "yaw", "held")
"""Columns of a row of the state; a thing that is hidden, and what is left of the table, is a row of zeros."""

ACTION = ("pick x", "pick y", "pick yaw", "place x", "place y", "place yaw", "stop")


@dataclass(frozen=True)
class Moment:
    """A snapshot of an episode, plain data that every environment of the same task can restore."""

    world: Snapshot
    brief: Brief
    moves: int
    seconds: float
    seen: frozenset[str]
    generator: Mapping[str, Any]
    drawing: Mapping[str, Any]


@cache
def long_task(name: str) -> LongTask:
    """The task of that name from the table `envs.LONG_TASKS`."""
    return load(find(LONG_TASKS, name, "task"))


class Rearrangement(gymnasium.Env[dict[str, np.ndarray], np.ndarray]):
    """A Panda with suction at a wide table. Positions are in the frame of its base [m].

    Action: (x, y, yaw) to pick at, (x, y, yaw) to place at [m, m, rad], and stop, which above 0 ends the episode: the
    policy says when it is done. Observation: 'state' (rows of `FEATURES`, one per thing that can be seen) and a frame
    per camera named. Reward: the change of progress, so that an episode's return is the share of the goal that was
    reached, from 0 to 1. An episode is truncated after the moves that the scene needs and two more, or `moves`.
    `info`: 'success', 'progress', 'facts' (predicate, subject, object, holds), 'cause' and 'detail' of a failed action
    (missed, dropped, wrong place, toppled), 'task' (the sentence), 'moves', 'needed'.
    `reset(seed=s)` gives scene s of the split; `options={"brief": brief}` that very scene (a `Brief` or its JSON).
    It is also a body for skill programs (`view`, `seen`, `perform`), so that a planner can drive it by name.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 1}  # noqa: RUF012 - gymnasium's own declaration

    def __init__(
        self,
        task: str = "put-block-into-matching-bowl",
        *,
        split: str = "train",
        cameras: Sequence[str] = ("wide-top-no-robot",),
        size: int = 128,
        moves: int | None = None,
        drop: float = 0.0,
        jitter: float = 0.0,
        pixels: float = 0.0,
        wording: Mapping[str, Any] | None = None,
        render_mode: str | None = "rgb_array",
        render_size: int = 384,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"no render mode {render_mode!r}; it offers 'rgb_array'")
        if isinstance(cameras, str):
            raise ValueError(f"cameras is the text {cameras!r}; give names in a sequence, such as [{cameras!r}]")
        for name, value in (("size", size), ("moves", moves), ("render_size", render_size)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; it must be 1 or more")
        self.task, self.split, self.wording = long_task(task), split, wording
        self.task.brief(split, 0, wording)  # refuses what no scene can be drawn from
        self.cameras = {name: find(CAMERAS, name, "camera") for name in cameras}
        self.size, self.budget = size, moves
        self.render_mode, self.render_size = render_mode, render_size
        self.spec_ = self.described()
        self.observation_space, self.action_space = self.spec_.to_space()
        self.world = World([kind for kind, n in CAPACITY.items() for _ in range(n)], wide=True, sleeps=True)
        self.bare: Bare | None = None
        self.hand = Hand(self.world, Disturbances(drop, jitter, pixels), np.random.default_rng(0))
        self.brief: Brief | None = None
        self.moves, self.needed, self.found = 0, 0, frozenset[str]()

    def described(self) -> Spec:
        """Observations, action and rate, with bounds and units."""
        low, high = (np.tile(row, (MOST, 1)).astype(np.float32) for row in bounds())
        frame = ArraySpec((self.size, self.size, 3), "uint8", 0, 255)
        obs = {"state": ArraySpec(low.shape, "float32", low, high, "m"), **dict.fromkeys(self.cameras, frame)}
        corner = [*WORKSPACE.low, -np.pi / 2], [*WORKSPACE.high, np.pi / 2]
        action = ArraySpec((len(ACTION),), low=[*corner[0] * 2, -1], high=[*corner[1] * 2, 1], unit="m, m, rad")
        return Spec(obs, action, 1.0, "panda")

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        super().reset(seed=seed)
        options = options or {}
        if unknown := sorted(set(options) - {"brief"}):
            raise ValueError(f"no option {unknown[0]!r} of reset; it offers 'brief'")
        if "brief" in options:
            given = options["brief"]
            brief = given if isinstance(given, Brief) else Brief.from_json(given)
            if brief.task != self.task.name:
                raise ValueError(f"a brief of the task {brief.task!r} is no scene of {self.task.name!r}")
        else:
            number = int(self.np_random.integers(2**31)) if seed is None else seed
            brief = self.task.brief(self.split, number, self.wording)
        self.world.arrange(brief.things)
        self.begin(brief, 0, 0.0, frozenset(brief.names) - set(brief.hidden))
        # apart for every task and split, so that what goes wrong in one says nothing of the others
        self.hand.rng = np.random.default_rng([zlib.crc32(f"{brief.task}/{brief.split}".encode()), brief.seed, 1])
        return self.observe()

    def begin(self, brief: Brief, moves: int, seconds: float, seen: frozenset[str]) -> None:
        """From now on it is this scene, so many moves in."""
        self.brief, self.moves, self.found = brief, moves, seen
        self.needed = moves_needed(brief.goal, brief.view)
        self.hand.begin(brief.things, brief.names)
        self.hand.seconds = seconds

    @property
    def current(self) -> Brief:
        """The scene that it is about; ValueError before the first reset."""
        if self.brief is None:
            raise ValueError("there is no scene before the first reset; call reset(seed=...)")
        return self.brief

    @property
    def limit(self) -> int:
        """Moves that an episode allows."""
        return self.needed + SPARE if self.budget is None else self.budget

    def view(self) -> View:
        """All things as they are, those included that nobody can see."""
        return self.hand.view()

    def seen(self) -> View:
        """What can be seen: a block that was covered from the beginning is not there until its cover is gone."""
        view = self.view()
        self.found |= {block.name for block in view.blocks if not view.over(block)}
        return view.without(set(view.by_name) - self.found)

    def perform(self, step: Step, at: At = At(), stop: Stop = lambda: False) -> tuple[Cause, str, At, float]:  # noqa: B008 - frozen
        """Carry out a step of a skill program (`embodied.skills.Body`); a pick counts as a move."""
        names = [n for n in (getattr(step, "object", None), getattr(step, "on", None)) if n]
        if unknown := [n for n in names if n not in self.current.names]:
            return "refused", f"nothing here is called {unknown[0]!r}", at, 0.0
        before = self.view()
        self.moves += isinstance(step, Pick) and not (at.phase or at.anchor)  # one that goes on is no other
        cause, detail, reached, seconds = self.hand.perform(step, at, stop)
        after = self.seen() and self.view()
        if not cause and (fallen := toppled(before, after, step)):
            cause, detail = "toppled", f"{', '.join(fallen)} fell"
        return cause, detail, reached, seconds

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        value, before = self.checked(action), self.current.goal.progress(self.view())
        done, outcome = bool(value[6] > 0), None
        if not done:
            outcome = self.pick_place(value)
        obs, info = self.observe(outcome)
        return obs, info["progress"] - before, done, self.moves >= self.limit, info

    def pick_place(self, value: Float[np.ndarray, " 7"]) -> Outcome:
        """The block whose top is at the first point goes to the second."""
        x, y, yaw, to_x, to_y, to_yaw = map(float, value[:6])
        at = [b for b in self.view().blocks if max(abs(b.position[0] - x), abs(b.position[1] - y)) < 0.7 * b.edge]
        self.moves += 1
        if not at:
            step = Place(at=(to_x, to_y))
            return Outcome(At(), step, "missed", f"there is no block at ({x:.3f}, {y:.3f}) m")
        block = max(at, key=lambda b: b.top)
        before = self.view()
        cause, detail = self.hand.take((x, y), block.top, yaw)
        step = Place(at=(to_x, to_y), yaw=block.yaw + to_yaw - yaw, object=block.name)
        if cause:
            self.hand.settle()
            self.world.refresh()  # what a snapshot holds is now
        else:
            cause, detail, _, _ = self.hand.perform(step, At(), lambda: False)
        after = self.seen() and self.view()
        if not cause and (fallen := toppled(before, after, step)):
            cause, detail = "toppled", f"{', '.join(fallen)} fell"
        if not cause and self.current.goal.progress(after) <= self.current.goal.progress(before):
            cause, detail = "wrong place", f"nothing that is wanted holds now that did not: {step.object}"
        return Outcome(At(), step, cause, detail)

    def checked(self, action: Any) -> Float[np.ndarray, " a"]:
        """The action within its bounds, in float64; ValueError unless it has the shape and is finite."""
        wanted = self.spec_.action
        try:
            value = np.asarray(action, np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"action {action!r} is no array of numbers; wanted shape {wanted.shape}") from error
        if value.shape != wanted.shape or not np.isfinite(value).all():
            raise ValueError(f"action {action!r}: send {wanted.shape[0]} finite numbers ({', '.join(ACTION)})")
        return np.clip(value, wanted.low, wanted.high)

    def observe(self, outcome: Outcome | None = None) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """What is sensed now, and what is true now."""
        brief, view = self.current, self.view()
        obs = {"state": state(self.seen())}
        for name, camera in self.cameras.items():
            obs[name] = self.noisy(camera.frame(self.looked_at(camera), self.size, self.size))
        info = {
            "progress": brief.goal.progress(view),
            "success": brief.goal.holds(view),
            "facts": brief.goal.facts(view),
            "task": brief.sentence,
            "moves": self.moves,
            "needed": self.needed,
            "cause": "" if outcome is None else outcome.cause,
            "detail": "" if outcome is None else outcome.detail,
        }
        return obs, info

    def noisy(self, frame: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
        """A frame as a bad camera gives it."""
        if not self.hand.trouble.pixels:
            return frame
        noise = self.hand.rng.normal(0, self.hand.trouble.pixels, frame.shape)
        return np.clip(frame + noise, 0, 255).astype(np.uint8)

    def looked_at(self, camera: Camera) -> Client:
        """The world that a camera sees: this one, or the same things without the robot."""
        if camera.robot:
            return self.world.bullet
        if self.bare is None:
            self.bare = Bare(self.world.every, wide=True)
        return self.bare.follow(self.world)

    def render(self) -> UInt8[np.ndarray, "h w 3"] | None:
        """The front view, `render_size` pixels wide; None without a render mode."""
        if self.render_mode is None:
            return None
        return CAMERAS["wide-front"].frame(self.world.bullet, self.render_size * 3 // 4, self.render_size)

    def snapshot(self) -> Moment:
        """This moment, to return to with `restore` as often as wanted."""
        rngs = (self.hand.rng.bit_generator.state, self.np_random.bit_generator.state)
        return Moment(self.world.snapshot(), self.current, self.moves, self.hand.seconds, self.found, *rngs)

    def restore(self, moment: Moment) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return to a moment: the same actions lead to the same bits. Gives what reset gives."""
        if moment.brief.task != self.task.name:
            raise ValueError(f"a moment of the task {moment.brief.task!r} cannot be restored in {self.task.name!r}")
        self.world.use([thing.kind for thing in moment.brief.things])
        self.world.restore(moment.world)
        self.world.paint(moment.brief.things)
        self.begin(moment.brief, moment.moves, moment.seconds, moment.seen)
        self.np_random.bit_generator.state = moment.drawing
        self.hand.rng.bit_generator.state = moment.generator
        found = self.observe()
        self.hand.rng.bit_generator.state = moment.generator  # the noise of this look was not drawn there
        return found

    def close(self) -> None:
        self.world.close()
        if self.bare is not None:
            self.bare.close()


def bounds() -> tuple[list[float], list[float]]:
    """Lowest and highest row of the state."""
    return [*[0.0] * 7, -2.0, -2.0, -2.0, -np.pi, 0.0], [*[1.0] * 7, 2.0, 2.0, 2.0, np.pi, 1.0]


def state(view: View) -> Float[np.ndarray, "n f"]:
    """What is seen as rows of numbers, in the order of the names' things."""
    rows = np.zeros((MOST, len(FEATURES)), np.float32)
    low, high = bounds()
    for row, item in zip(rows, view.items, strict=False):
        kind = "big" if item.size == "big" else item.kind
        row[FEATURES.index(kind)] = 1
        row[4:] = *PALETTE[item.colour], *item.position, item.yaw, item.name == view.held
    return np.clip(rows, low, high).astype(np.float32)


def toppled(before: View, after: View, step: Step) -> tuple[str, ...]:
    """Blocks that fell though nobody was to move them; what an interrupted step let go of was in the air before."""
    meant = getattr(step, "object", None)
    others = (b for b in before.blocks if b.name not in (meant, before.held, after.held) and before.carried(b))
    return tuple(b.name for b in others if after[b.name].position[2] < b.position[2] - 0.015)
