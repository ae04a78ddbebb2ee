"""The plane as a gymnasium environment: pixels and state, four embodiments, success and manner told apart."""

from typing import Any

import gymnasium
import numpy as np
from jaxtyping import Float32, UInt8

from embodied.plugins import find
from embodied.spec import ArraySpec, Spec
from envs.planar.drawing import draw
from envs.planar.embodiments import EMBODIMENTS
from envs.planar.tasks import TASKS, TOGETHER, VARIANTS, Moment
from envs.planar.world import GOAL, HALF, HZ, World

DIAGONAL = 2 * HALF * 2**0.5
KEPT = 0.8
"""The share of the way to the goal that pieces must make together."""


class Planar(gymnasium.Env[dict[str, np.ndarray], np.ndarray]):
    """Push debris into the goal strip at the top, in a certain manner.

    Actions: speed and turn (the gripper: and close), in [-1, 1]. Observations: `state` (the body's place, the
    debris', cosine and sine of its heading, its distance to each piece, each piece's to the goal; the middle of what
    is off limits; how far the gripper is open) and the camera `top`. The reward is the negative cost of the task (see
    `envs.planar.tasks`).
    info: progress, success (all debris has arrived), `satisfied` (and in the right manner), `cost`, `missed`, task.
    """

    metadata = {  # noqa: RUF012 - gymnasium's own declaration
        "render_modes": ["rgb_array"],
        "render_fps": HZ,
        "measures": {"satisfied": "last", "manner": "last", "cost": "mean", "missed": "mean"},
    }
    ways = "planar"

    def __init__(
        self,
        task: str = "grouping",
        *,
        embodiment: str = "mediumstick",
        variant: str = "all",
        cameras: tuple[str, ...] = ("top",),
        size: int = 64,
        horizon: int = 150,
        render_mode: str | None = "rgb_array",
    ) -> None:
        self.task = find(TASKS, task, "planar task")
        self.embodiment = find(EMBODIMENTS, embodiment, "embodiment")
        if variant not in VARIANTS:
            raise ValueError(f"no variant {variant!r}; there are {', '.join(VARIANTS)}")
        if unknown := set(cameras) - {"top"}:
            raise ValueError(f"no camera {sorted(unknown)[0]!r}; it offers 'top'")
        if size < 16 or horizon < 1:
            raise ValueError(f"size {size} and horizon {horizon}; give at least 16 pixels and one step")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"no render mode {render_mode!r}; it offers 'rgb_array'")
        self.variant, self.size, self.horizon, self.render_mode = variant, size, horizon, render_mode
        self.cameras = tuple(cameras)
        spec = self.described()
        self.observation_space, self.action_space = spec.to_space()
        self.world: World | None = None
        self.steps, self.way, self.kept, self.trespassed = 0, 0.0, 0.0, False
        self._before = np.zeros((0, 2))

    def described(self) -> Spec:
        """Observations, action and rate."""
        n = self.task.pieces
        width = 4 + 4 * n + 2 * self.task.bounded + int(self.embodiment.fingers)
        obs = {"state": ArraySpec((width,), "float32", -2.0, 2.0)}
        obs |= dict.fromkeys(self.cameras, ArraySpec((self.size, self.size, 3), "uint8", 0, 255))
        actions = len(self.embodiment.actions)
        return Spec(obs, ArraySpec((actions,), "float32", -1.0, 1.0), HZ, f"planar-{self.embodiment.name}")

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        super().reset(seed=seed)
        if options:
            raise ValueError(f"no option {sorted(options)[0]!r} of reset; the layout follows from the seed")
        rng = self.np_random if seed is None else np.random.default_rng([seed, 31])
        self.world = World(self.task.layout(rng, self.variant), self.embodiment)
        self.steps, self.way, self.kept, self.trespassed = 0, 0.0, 0.0, False
        self._before = self.world.places()
        return self._seen()

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        world = self._world()
        value = np.asarray(action, np.float64)
        if value.shape != self.action_space.shape or not np.isfinite(value).all():
            raise ValueError(
                f"action {action!r} must be {self.action_space.shape} finite numbers, speed and turn first"
            )
        world.step(*np.clip(value, -1.0, 1.0).tolist())
        self.steps += 1
        self._judge(Moment.of(world))
        obs, info = self._seen()
        return obs, -info["cost"], False, self.steps >= self.horizon, info

    def _judge(self, moment: Moment) -> None:
        """How the way of this step was made: together or not, and inside what is off limits or not."""
        up = np.clip(moment.debris[:, 1] - self._before[:, 1], 0.0, None)
        up = np.where(self._before[:, 1] < GOAL, up, 0.0).sum()
        self.way += float(up)
        self.kept += float(up) * (moment.apart <= TOGETHER)
        self.trespassed |= moment.deep > 0
        self._before = moment.debris

    def _world(self) -> World:
        if self.world is None:
            raise ValueError("step before the first reset; call reset(seed=...)")
        return self.world

    @property
    def manner(self) -> float:
        """The share of the way that was made as wanted, 0 ... 1."""
        if self.task.name == "avoiding":
            return float(not self.trespassed)
        return self.kept / self.way if self.way > 0.05 else 0.0

    def _seen(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        world = self._world()
        moment = Moment.of(world)
        arrived = bool((moment.debris[:, 1] >= GOAL - 0.02).all())
        info = {
            "progress": 1.0 - min(1.0, moment.left / 0.9),
            "success": arrived,
            "satisfied": arrived and self.manner >= KEPT,
            "manner": self.manner,
            "cost": self.task.cost(moment),
            "missed": self.task.missed(moment),
            "task": self.task.sentence,
            "step": self.steps,
        }
        obs: dict[str, np.ndarray] = {"state": self._state(moment)}
        for name in self.cameras:
            obs[name] = draw(world, self.size)
        return obs, info

    def _state(self, moment: Moment) -> Float32[np.ndarray, " d"]:
        x, y, angle = moment.agent
        far = np.linalg.norm(moment.debris - moment.agent[:2], axis=1) / DIAGONAL
        left = np.maximum(0.0, GOAL - moment.debris[:, 1]) / DIAGONAL
        zone = [] if moment.zone is None else np.add(moment.zone[:2], moment.zone[2:]) / 2
        fingers = [self._world().finger()] if self.embodiment.fingers else []
        state = [x, y, *moment.debris.ravel(), np.cos(angle), np.sin(angle), *far, *left, *zone, *fingers]
        return np.array(state, np.float32)

    def render(self) -> UInt8[np.ndarray, "h w 3"] | None:
        """The arena from above; None without a render mode."""
        return None if self.render_mode is None else draw(self._world(), max(self.size, 256))
