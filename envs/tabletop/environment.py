"""The tabletop as a gymnasium environment: a state, frames, progress; success does not end an episode."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from jaxtyping import Float, UInt8

from embodied.plugins import find, load
from embodied.spec import ArraySpec, Spec
from envs import TASKS
from envs.tabletop.bare import Bare
from envs.tabletop.camera import CAMERAS, Camera
from envs.tabletop.client import Client
from envs.tabletop.control import CONTROLS, HZ
from envs.tabletop.goals import GOALS
from envs.tabletop.scene import Scene
from envs.tabletop.task import Task, state_bounds, state_vector
from envs.tabletop.world import Snapshot, World

HORIZON = {"delta": 50, "primitive": 4}


def load_task(name: str) -> Task:
    """The task of that name from the table `envs.TASKS`."""
    return load(find(TASKS, name, "task"))


@dataclass(frozen=True)
class Moment:
    """A snapshot of an episode, plain data that every environment of the same task can restore."""

    world: Snapshot
    scene: Scene
    step: int
    generator: Mapping[str, Any]


class Tabletop(gymnasium.Env[dict[str, np.ndarray], np.ndarray]):
    """A Panda at a table. Positions are in the frame of its base [m].

    Action ('delta', 10 Hz): (dx, dy, dz, grip) in [-1, 1]; 1 moves the tip by 3 cm, grip > 0 is suction on.
    Action ('primitive'): (x, y, yaw) to pick at and (x, y, yaw) to place at [m, m, rad]. Both are clipped to bounds.
    Observation: 'state' (see `envs.tabletop.task.STATE`) and a frame of `size` pixels per camera named;
    a camera "front-no-robot" or "top-no-robot" sees the things alone.
    Reward: the progress in [0, 1] after the action, also in info with 'success', 'task' (the sentence), 'step'.
    An episode lasts `horizon` steps whatever happens, so that its length says nothing.
    `reset(seed=s)` gives scene s of the split; without a seed the next is drawn from the generator of the last;
    `reset(options={"scene": scene})` gives that very scene (a `Scene` or its JSON).
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": HZ}  # noqa: RUF012 - gymnasium's own declaration

    def __init__(
        self,
        task: str = "put_in_bowl",
        *,
        cameras: Sequence[str] = ("front",),
        colours: int = 2,
        split: str = "train",
        control: str = "delta",
        size: int = 96,
        horizon: int | None = None,
        render_mode: str | None = "rgb_array",
        render_size: int = 256,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"no render mode {render_mode!r}; it offers 'rgb_array'")
        if isinstance(cameras, str):
            raise ValueError(f"cameras is the text {cameras!r}; give names in a sequence, such as [{cameras!r}]")
        self.task, self.control = load_task(task), find(CONTROLS, control, "control")
        self.cameras = {name: find(CAMERAS, name, "camera") for name in cameras}
        self.horizon = HORIZON[control] if horizon is None else horizon
        for name, value in (("size", size), ("horizon", self.horizon), ("render_size", render_size)):
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be 1 or more")
        self.task.scene(split, 0, colours)  # refuses what no scene can be drawn from
        self.colours, self.split, self.size = colours, split, size
        self.render_mode, self.render_size = render_mode, render_size
        self.spec_ = self.described()
        self.observation_space, self.action_space = self.spec_.to_space()
        self.world = World(self.task.kinds)
        self.bare: Bare | None = None
        self.scene: Scene | None = None
        self.steps = 0

    def described(self) -> Spec:
        """Observations, action and rate, with bounds and units."""
        low, high = state_bounds()
        frame = ArraySpec((self.size, self.size, 3), "uint8", 0, 255)
        obs = {"state": ArraySpec(low.shape, "float32", low, high, "m"), **dict.fromkeys(self.cameras, frame)}
        return Spec(obs, self.control.action, self.control.hz, "panda")

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        super().reset(seed=seed)
        options = options or {}
        if unknown := sorted(set(options) - {"scene"}):
            raise ValueError(f"no option {unknown[0]!r} of reset; it offers 'scene'")
        if "scene" in options:
            given = options["scene"]
            scene = given if isinstance(given, Scene) else Scene.from_json(given)
        else:
            number = int(self.np_random.integers(2**31)) if seed is None else seed
            scene = self.task.scene(self.split, number, self.colours)
        self.world.arrange(scene.things)
        self.begin(scene, 0)
        return self.observe()

    def begin(self, scene: Scene, steps: int) -> None:
        """From now on it is this scene and its goal, so many steps in."""
        name, block, target = scene.goal
        self.scene, self.steps = scene, steps
        self.goal = find(GOALS, name, "goal")(block, target)

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        if self.scene is None:
            raise ValueError("step before the first reset; call reset(seed=...)")
        self.control.apply(self.world, self.checked(action), self.task.suction)
        self.world.refresh()
        self.steps += 1
        obs, info = self.observe()
        return obs, info["progress"], False, self.steps >= self.horizon, info

    def checked(self, action: Any) -> Float[np.ndarray, " a"]:
        """The action within its bounds, in float64; ValueError unless it has the shape and is finite."""
        wanted = self.control.action
        try:
            value = np.asarray(action, np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"action {action!r} is no array of numbers; wanted shape {wanted.shape}") from error
        if value.shape != wanted.shape:
            raise ValueError(f"action {action!r} has shape {value.shape}, wanted {wanted.shape}")
        if not np.isfinite(value).all():
            raise ValueError(f"action {action!r} is not finite; send {wanted.shape[0]} finite numbers")
        return np.clip(value, wanted.low, wanted.high)

    def observe(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """What is sensed now, and what is true now."""
        if self.scene is None:
            raise ValueError("nothing to observe before the first reset; call reset(seed=...)")
        state = self.world.state()
        obs = {"state": state_vector(state)}
        for name, camera in self.cameras.items():
            obs[name] = camera.frame(self.looked_at(camera), self.size, self.size)
        info = {
            "progress": self.goal.progress(state),
            "success": self.goal.holds(state),
            "task": self.scene.sentence,
            "step": self.steps,
        }
        return obs, info

    def looked_at(self, camera: Camera) -> Client:
        """The world that a camera sees: this one, or the same things without the robot."""
        if camera.robot:
            return self.world.bullet
        if self.bare is None:
            self.bare = Bare(self.task.kinds)
        return self.bare.follow(self.world)

    def render(self) -> UInt8[np.ndarray, "h w 3"] | None:
        """The front view, `render_size` pixels wide; None without a render mode."""
        if self.render_mode is None:
            return None
        return CAMERAS["front"].frame(self.world.bullet, self.render_size, self.render_size)

    def snapshot(self) -> Moment:
        """This moment, to return to with `restore` as often as wanted."""
        if self.scene is None:
            raise ValueError("no snapshot before the first reset; call reset(seed=...)")
        return Moment(self.world.snapshot(), self.scene, self.steps, self.np_random.bit_generator.state)

    def restore(self, moment: Moment) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return to a moment: the same actions lead to the same bits. Gives what reset gives."""
        if moment.scene.task != self.task.name:
            raise ValueError(f"a moment of the task {moment.scene.task!r} cannot be restored in {self.task.name!r}")
        self.world.restore(moment.world)
        self.world.paint(moment.scene.things)
        self.begin(moment.scene, moment.step)
        self.np_random.bit_generator.state = moment.generator
        return self.observe()

    def close(self) -> None:
        self.world.close()
        if self.bare is not None:
            self.bare.close()
