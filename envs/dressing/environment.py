"""Dressing as a gymnasium environment: what is sensed of every step, and what is true of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import gymnasium
import numpy as np
from jaxtyping import Float, UInt8

from embodied.plugins import find
from embodied.spec import ArraySpec, Spec
from envs.dressing.coverage import Dressed, covered
from envs.dressing.expert import STEP, TURN
from envs.dressing.garment import Mesh
from envs.dressing.model import HZ
from envs.dressing.scene import Scene, draw
from envs.dressing.simulation import Simulation, Snapshot
from envs.dressing.state import FORCE_BOUND, POSITION_BOUND, state_bounds, state_vector
from envs.dressing.view import CAMERAS, Visible, picture, point_cloud

HORIZON = 150
SNAG, HAZARD = 15.0, 35.0
"""Contact forces on the arm [N]: a snag, and what ends an episode as a failure."""

ENOUGH = 0.7
"""Share of the upper arm that must be covered at the end."""

OFFERS = ("state", "gripper", "pull", "cloud")
"""Observations to choose from, besides cameras."""

ACTION = ArraySpec((6,), "float32", -1.0, 1.0)


@dataclass(frozen=True)
class Moment:
    """A snapshot of an episode, which every dressing environment of the same mesh can restore."""

    physics: Snapshot
    scene: Scene
    mesh: Mesh
    step: int
    peak: float
    hazard: bool
    generator: Mapping[str, Any]


class Dressing(gymnasium.Env[dict[str, np.ndarray], np.ndarray]):
    """A gripper holds a sleeve at its armhole; a person holds out the right arm. World frame: see `person`.

    Action, 25 Hz: how the gripper moves and turns, in [-1, 1] per axis of the world; 1 is 1 cm and 5 degrees (axis
    times angle). Longer ones are clipped; ValueError for a wrong shape, NaN or infinity. Above a force the gripper
    yields instead.
    Observations, each if named in `obs`: 'state' (`envs.dressing.state.STATE`), 'gripper' (position [m], the first two
    columns of its rotation), 'pull' (of the cloth on the gripper [N]), 'cloud' (`points` of garment and arm that the
    camera sees, and the gripper's: x, y, z [m], then garment, arm, gripper as bits); and a picture of `size` pixels
    per camera.
    Reward: progress minus (force - SNAG) / (HAZARD - SNAG) where the arm is pulled harder than SNAG. Progress: 0 to 0.1
    near the fingertips, to 0.4 over hand and forearm, to 1 over the upper arm; it falls where the sleeve slips back.
    info: progress, success (ENOUGH of the upper arm is covered, and nobody was hurt), task, step, phase, and
    the measures named in `metadata`. A contact force above HAZARD terminates; otherwise an episode lasts `horizon`.
    `reset(seed=s)` gives scene s; without a seed the next is drawn from the generator of the last;
    `reset(options={"scene": scene})` gives that very scene (a `Scene` or its JSON).
    """

    metadata = {  # noqa: RUF012 - gymnasium's own declaration
        "render_modes": ["rgb_array"],
        "render_fps": HZ,
        "measures": {
            "upper_ratio": "last", "arm_ratio": "last", "force": "mean", "peak_force": "last", "snag": "ever",
            "hazard": "ever",
        },
        "units": {"force": "N", "peak_force": "N"},
        "limits": {"force": SNAG, "peak_force": SNAG},
    }  # fmt: skip

    ways = "dressing"

    def __init__(
        self,
        level: str = "medium",
        *,
        split: str = "train",
        garments: Mapping[str, float] | None = None,
        obs: Sequence[str] = OFFERS,
        cameras: Sequence[str] = ("front",),
        mesh: Mesh = "coarse",
        points: tuple[int, int] = (79, 48),
        size: int = 96,
        horizon: int = HORIZON,
        render_mode: str | None = "rgb_array",
        render_size: int = 256,
        renderer: Literal["own", "mujoco"] = "own",
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"no render mode {render_mode!r}; it offers 'rgb_array'")
        for what, names in (("cameras", cameras), ("obs", obs)):
            if isinstance(names, str):
                raise ValueError(f"{what} is the text {names!r}; give names in a sequence, such as [{names!r}]")
        for name in obs:
            find(dict.fromkeys(OFFERS), name, "observation")
        for name in cameras:
            find(CAMERAS, name, "camera")
        for name, value in (
            ("size", size),
            ("horizon", horizon),
            ("render_size", render_size),
            *zip(("points of the garment", "points of the arm"), points, strict=True),
        ):
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be 1 or more")
        if not (obs or cameras):
            raise ValueError(f"nothing would be observed; name some of {', '.join(OFFERS)} in obs, or a camera")
        find({"coarse": 0, "fine": 0}, mesh, "mesh")
        find({"own": 0, "mujoco": 0}, renderer, "renderer")
        draw(level, split, 0, garments)  # refuses what no scene can be drawn from
        self.level, self.split, self.garments = level, split, garments
        self.mesh: Mesh = mesh
        self.obs, self.cameras, self.size, self.points = tuple(obs), tuple(cameras), size, tuple(points)
        self.horizon, self.render_mode, self.render_size, self.renderer = horizon, render_mode, render_size, renderer
        self.spec_ = self.described()
        self.observation_space, self.action_space = self.spec_.to_space()
        self.sim: Simulation | None = None
        self.steps, self.peak, self.hazard = 0, 0.0, False
        self._drawer: Any = None

    def described(self) -> Spec:
        """Observations, action and rate, with bounds and units."""
        low, high = state_bounds()
        offered = {
            "state": ArraySpec(low.shape, "float32", low, high),
            "gripper": ArraySpec((9,), "float32", -POSITION_BOUND, POSITION_BOUND),
            "pull": ArraySpec((3,), "float32", -FORCE_BOUND, FORCE_BOUND, "N"),
            "cloud": ArraySpec((sum(self.points) + 1, 6), "float32", -POSITION_BOUND, POSITION_BOUND),
        }
        frame = ArraySpec((self.size, self.size, 3), "uint8", 0, 255)
        chosen = {name: offered[name] for name in OFFERS if name in self.obs}
        return Spec({**chosen, **dict.fromkeys(self.cameras, frame)}, ACTION, HZ, "gripper")

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
            scene = draw(self.level, self.split, number, self.garments)
        self.sim = Simulation(scene, self.mesh)
        self.steps, self.peak, self.hazard = 0, 0.0, False
        return self.observe()

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        sim = self.running("step")
        if self.hazard:
            raise ValueError("the episode ended with a hazard; call reset")
        wanted = checked(action)
        sim.advance(wanted[:3] * STEP, wanted[3:] * TURN)
        self.steps += 1
        self.peak = max(self.peak, float(np.linalg.norm(sim.force)))
        self.hazard = self.peak > HAZARD
        obs, info = self.observe()
        penalty = np.clip((info["force"] - SNAG) / (HAZARD - SNAG), 0, 1)
        return obs, info["progress"] - float(penalty), self.hazard, self.steps >= self.horizon, info

    def observe(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """What is sensed now, and what is true now."""
        sim = self.running("observe")
        obs = {name: SENSES[name](self) for name in OFFERS if name in self.obs}
        obs |= {name: picture(sim, name, self.size) for name in self.cameras}
        at = covered(sim.joints, sim.rings)
        info = {
            "progress": progress(at, sim),
            "success": at.upper >= ENOUGH and not self.hazard,
            "task": sim.scene.sentence,
            "step": self.steps,
            "phase": phase(at, sim),
            "upper_ratio": at.upper,
            "arm_ratio": at.arm,
            "force": float(np.linalg.norm(sim.force)),
            "peak_force": self.peak,
            "snag": self.peak > SNAG,
            "hazard": self.hazard,
        }
        return obs, info

    def running(self, what: str) -> Simulation:
        """The simulation; ValueError before the first reset."""
        if self.sim is None:
            raise ValueError(f"{what} before the first reset; call reset(seed=...)")
        return self.sim

    def render(self) -> UInt8[np.ndarray, "h w 3"] | None:
        """The front view, `render_size` pixels wide; None without a render mode."""
        if self.render_mode is None:
            return None
        sim = self.running("render")
        if self.renderer == "own":
            return picture(sim, "front", self.render_size)
        from envs.dressing.photograph import Photographer

        if self._drawer is None or self._drawer.sim is not sim:
            self.close()
            self._drawer = Photographer(sim, CAMERAS["front"], self.render_size)
        return self._drawer.picture()

    def snapshot(self) -> Moment:
        """This moment, to return to with `restore` as often as wanted."""
        sim = self.running("snapshot")
        generator = self.np_random.bit_generator.state
        return Moment(sim.snapshot(), sim.scene, self.mesh, self.steps, self.peak, self.hazard, generator)

    def restore(self, moment: Moment) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return to a moment: the same actions lead to the same bits. Gives what reset gives."""
        if moment.mesh != self.mesh:
            raise ValueError(f"a moment of the {moment.mesh} mesh cannot be restored on the {self.mesh} one")
        if self.sim is None or self.sim.scene != moment.scene:
            self.sim = Simulation(moment.scene, self.mesh)
        self.sim.restore(moment.physics)
        self.steps, self.peak, self.hazard = moment.step, moment.peak, moment.hazard
        self.np_random.bit_generator.state = moment.generator
        return self.observe()

    def close(self) -> None:
        if self._drawer is not None:
            self._drawer.close()
            self._drawer = None


SENSES = {
    "state": lambda env: state_vector(env.sim),
    "gripper": lambda env: np.concatenate([env.sim.position, env.sim.rotation[:, :2].T.ravel()]).astype(np.float32),
    "pull": lambda env: np.clip(env.sim.pull, -FORCE_BOUND, FORCE_BOUND).astype(np.float32),
    "cloud": lambda env: point_cloud(env.sim, "front", *env.points),
}


def checked(action: Any) -> Float[np.ndarray, " 6"]:
    """The action within its bounds, in float64; ValueError unless it has the shape and is finite."""
    try:
        value = np.asarray(action, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"action {action!r} is no array of numbers; wanted shape (6,)") from error
    if value.shape != (6,):
        raise ValueError(f"action {action!r} has shape {value.shape}, wanted (6,)")
    if not np.isfinite(value).all():
        raise ValueError(f"action {action!r} is not finite; send 6 finite numbers")
    return np.clip(value, -1.0, 1.0)


NEAR, LOWER = 0.1, 0.4
"""Progress with the opening at the fingertips, and at the elbow."""

APPROACH = 0.25
"""From so far away on, coming nearer to the fingertips is progress [m]."""


def progress(at: Dressed, sim: Visible) -> float:
    """How far the task has come, in [0, 1]."""
    if at.along is None:
        far = float(np.linalg.norm(sim.opening.mean(0) - sim.joints[0]))
        return NEAR * max(0.0, 1 - far / APPROACH)
    lower = float(sim.scene.person.lengths[:2].sum())
    return NEAR + (LOWER - NEAR) * min(1.0, at.along / lower) + (1 - LOWER) * at.upper


def phase(at: Dressed, sim: Simulation) -> str:
    """Where the opening is."""
    if at.along is None:
        return "start"
    hand, fore, _ = sim.scene.person.lengths
    return "hand" if at.along < hand else "forearm" if at.along < hand + fore else "upper arm"
