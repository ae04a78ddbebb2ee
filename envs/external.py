"""Any gymnasium environment with rgb_array rendering, with the face of ours: state, front view, horizon, progress."""

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import UInt8
from PIL import Image

from embodied.spec import ArraySpec, Spec

Judge = Callable[[Mapping[str, np.ndarray], float, Mapping[str, Any]], float]
"""(obs with 'state' and 'front', reward, info of the environment) -> a number; the reward after a reset is 0."""


class External(gymnasium.Env[dict[str, np.ndarray], np.ndarray]):
    """`env` (a gymnasium id, made with `keywords`, or an environment made with render_mode='rgb_array').

    Observations, of whatever space, are flattened into 'state'; 'front' is its rendering, `size` pixels square.
    An episode lasts `horizon` steps: where the environment ends earlier, what it showed last is repeated.
    info gains 'progress' (by `progress`, else the reward as it is), 'success' (by `success`, else the environment's
    own 'success' or 'is_success'; where it has neither, nothing counts as one), 'task' (the sentence) and 'step'.
    `hz` is needed where the environment's metadata has no 'render_fps'.
    """

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 - gymnasium's own declaration

    def __init__(
        self,
        env: str | gymnasium.Env[Any, Any],
        *,
        task: str,
        horizon: int,
        progress: Judge | None = None,
        success: Judge | None = None,
        hz: float | None = None,
        size: int = 96,
        cameras: tuple[str, ...] = ("front",),
        render_mode: str | None = "rgb_array",
        keywords: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(env, str):
            env = gymnasium.make(env, render_mode="rgb_array", **(keywords or {}))
        if set(cameras) - {"front"}:
            raise ValueError(f"cameras are {tuple(cameras)}; an external environment offers only ('front',)")
        if cameras and env.render_mode != "rgb_array":
            raise ValueError(f"{env} has render mode {env.render_mode!r}; make it with render_mode='rgb_array'")
        if horizon < 1 or size < 1:
            raise ValueError(f"horizon is {horizon} and size {size}; both must be 1 or more")
        rate = env.metadata.get("render_fps") if hz is None else hz
        if rate is None:
            raise ValueError(f"{env} does not say how often it is controlled; give hz=...")
        self.env, self.task, self.horizon = env, task, horizon
        self.progress, self.success = progress, success
        self.cameras, self.size, self.render_mode = tuple(cameras), size, render_mode
        self.metadata = {**self.metadata, "render_fps": rate}
        flat = spaces.flatten_space(env.observation_space)
        if not isinstance(flat, spaces.Box):
            raise ValueError(f"cannot flatten the observations {env.observation_space} into one vector")
        low, high = flat.low.astype(np.float32), flat.high.astype(np.float32)
        frame = ArraySpec((size, size, 3), "uint8", 0, 255)
        action = Spec.from_space(flat, env.action_space, float(rate)).action
        state = ArraySpec(flat.shape, "float32", low, high)
        self.spec_ = Spec({"state": state, **dict.fromkeys(self.cameras, frame)}, action, float(rate))
        self.observation_space, self.action_space = self.spec_.to_space()
        self.steps, self.over = 0, True
        self.last: tuple[dict[str, np.ndarray], float, dict[str, Any]] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        super().reset(seed=seed)
        raw, info = self.env.reset(seed=seed, options=options)
        self.steps, self.over = 0, False
        obs = self.observed(raw)
        self.last = obs, 0.0, dict(info)
        return obs, self.judged()

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        if self.last is None:
            raise ValueError("step before the first reset; call reset(seed=...)")
        wanted = self.spec_.action
        value = np.asarray(action)
        if value.shape != wanted.shape or not np.isfinite(value).all():
            raise ValueError(f"action {action!r} is not {wanted.shape[0]} finite numbers")
        self.steps += 1
        if not self.over:
            raw, reward, terminated, truncated, info = self.env.step(
                np.clip(value, wanted.low, wanted.high).astype(wanted.dtype)
            )
            self.over = terminated or truncated
            self.last = self.observed(raw), float(reward), dict(info)
        info = self.judged()
        return self.last[0], info["progress"], False, self.steps >= self.horizon, info

    def observed(self, raw: Any) -> dict[str, np.ndarray]:
        """The environment's observation as a vector, and its rendering."""
        state = np.asarray(spaces.flatten(self.env.observation_space, raw), np.float32)
        return {"state": state, **{name: square(self.env.render(), self.size) for name in self.cameras}}

    def judged(self) -> dict[str, Any]:
        """The info of the last step, with progress and success."""
        if self.last is None:
            raise ValueError("nothing to judge before the first reset; call reset(seed=...)")
        obs, reward, info = self.last
        succeeded = info.get("success", info.get("is_success", False))
        return {
            **info,
            "progress": reward if self.progress is None else float(self.progress(obs, reward, info)),
            "success": bool(succeeded if self.success is None else self.success(obs, reward, info)),
            "task": self.task,
            "step": self.steps,
        }

    def render(self) -> Any:
        """The environment's own rendering, at its own size; None without a render mode."""
        return None if self.render_mode is None else self.env.render()

    def close(self) -> None:
        self.env.close()


def square(picture: Any, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """A rendering resized to size x size pixels."""
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"the environment rendered an array of shape {picture.shape}, wanted (height, width, 3)")
    image = Image.fromarray(picture.astype(np.uint8))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
