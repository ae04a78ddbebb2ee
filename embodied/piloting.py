"""A person at the keyboard who watches a policy and takes over: a key of motion takes the arm, enter gives it back."""

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from embodied.intervening import SENT
from embodied.terminal import Keys, Quit, draw, inline_pictures

WAYS: dict[str, tuple[int, float]] = {
    "w": (0, 1.0), "s": (0, -1.0), "a": (1, 1.0), "d": (1, -1.0), "r": (2, 1.0), "f": (2, -1.0),
    "up": (0, 1.0), "down": (0, -1.0), "left": (1, 1.0), "right": (1, -1.0),
}  # fmt: skip
"""Key -> (axis of the action, sign): forward and back, left and right, up and down, as the robot sees them."""
HELP = "w a s d: forward, left, back, right; r f: up, down; space or g: grip; .: wait; enter: the policy; q: end"
ROWS = 16


class Pilot:
    """For actions (dx, dy, dz, grip) in [-1, 1]. In a terminal the policy runs at its own rate until a key is pressed.

    From a pipe every line is a step: keys of motion (all of them at once), "." to hold still, an empty line for the
    policy. Raises Quit at "q" and at the end of the input, KeyboardInterrupt at Ctrl-C.
    """

    def __init__(
        self, env: Any, rng: np.random.Generator, *, keys: Keys | None = None, tell: Callable[..., None] = print
    ) -> None:
        shape = env.action_space.shape
        if shape != (4,):
            raise ValueError(f"the keyboard drives actions (dx, dy, dz, grip); this environment's have shape {shape}")
        del rng
        self.env, self.tell = env, tell
        self.keys = keys or Keys({"": "enter"})
        self.rate = float(env.metadata.get("render_fps") or 10)
        self.image = inline_pictures()
        self.acting, self.grip, self.seen = False, -1.0, 0.0

    def __enter__(self) -> Self:
        self.keys.__enter__()
        self.tell(HELP)
        return self

    def __exit__(self, *error: Any) -> None:
        self.keys.__exit__(*error)

    def __call__(self, obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray | None:
        """What they do now; None lets the policy act."""
        self.show(info)
        if not self.acting and self.keys.single and not self.keys.waiting():
            self.paced()
            return None
        if not self.acting and SENT in info:
            self.grip = 1.0 if info[SENT][3] > 0 else -1.0  # what the policy holds is not dropped
        action = self.pressed()
        self.acting = action is not None
        return action

    def pressed(self) -> np.ndarray | None:
        """The action of the next key, or of all keys of a line."""
        action = np.zeros(4, np.float32)
        for key in [self.keys.read()] if self.keys.single else self.keys.line():
            if key in ("q", "end"):
                raise Quit("you ended it")
            if key == "enter":
                return None
            if key in ("space", " ", "g"):
                self.grip = -self.grip
            elif key in WAYS:
                axis, sign = WAYS[key]
                action[axis] = sign
            elif key != ".":
                self.tell(f"no key {key!r}; {HELP}")
        action[3] = self.grip
        return action

    def paced(self) -> None:
        """Wait for the environment's next moment, or until a key is pressed."""
        left = self.seen + 1 / self.rate - time.monotonic()
        while left > 0 and not self.keys.waiting():
            time.sleep(min(left, 0.01))
            left = self.seen + 1 / self.rate - time.monotonic()
        self.seen = time.monotonic()

    def show(self, info: Mapping[str, Any]) -> None:
        """The scene where the terminal shows pictures, and how far it is."""
        who = "you" if self.acting else "the policy"
        if self.image is not None and (frame := self.env.render()) is not None:
            from PIL import Image

            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "now.png"
                Image.fromarray(frame).save(path)
                draw(self.image, path, ROWS)
        done = f", progress {float(info['progress']):.2f}" if "progress" in info else ""
        self.tell(f"{info.get('step', '')} {who} acts{done}")
