"""A sleeve drawn along an arm, as small as can be: an environment that says more than progress and success."""

import gymnasium
import numpy as np
from gymnasium import spaces

PHASES = ("start", "hand", "forearm", "upper arm")
SNAG = 15.0  # [N]
MEASURES = {"ratio": "last", "force": "mean", "peak_force": "max", "snag": "ever"}


class Sleeve(gymnasium.Env):
    """The action says how hard to pull; a hard pull is quick and strains the arm. The seed sets where it begins."""

    metadata = {  # noqa: RUF012 - gymnasium's way
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "measures": MEASURES,
        "units": {"force": "N", "peak_force": "N"},
        "limits": {"force": SNAG},
    }

    def __init__(self, cameras=("front",), render_mode=None, lacks="", spoils=""):
        self.render_mode, self.cameras, self.lacks, self.spoils = render_mode, tuple(cameras), lacks, spoils
        pictures = {name: spaces.Box(0, 255, (32, 32, 3), np.uint8) for name in self.cameras}
        self.observation_space = spaces.Dict({"state": spaces.Box(-np.inf, np.inf, (2,)), **pictures})
        self.action_space = spaces.Box(-1, 1, (1,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at, self.step_, self.force = 0.2 * self.np_random.random(), 0, 0.0
        return self.observed(), self.info()

    def step(self, action):
        pull = float(action[0])
        self.step_ += 1
        self.at = float(np.clip(self.at + 0.12 * pull, 0, 1))
        self.force = 18 * max(0.0, pull) * (0.5 + 0.5 * self.at)
        return self.observed(), self.at, False, self.step_ == 12, self.info()

    def info(self):
        found = {
            "progress": self.at, "success": self.at > 0.9, "task": "dress the arm", "step": self.step_,
            "ratio": self.at, "force": self.force, "peak_force": self.force, "snag": self.force > SNAG,
            "phase": PHASES[min(3, int(4 * self.at))],
        }  # fmt: skip
        if self.step_ == 2:
            found |= {self.spoils: np.nan} if self.spoils else {}
            found.pop(self.lacks, None)
        return found

    def observed(self):
        return {
            "state": np.array([self.at, self.force / 20], np.float32),
            **{name: self.render() for name in self.cameras},
        }

    def render(self):
        picture = np.full((32, 32, 3), 200, np.uint8)
        picture[14:18] = (210, 150, 120)
        picture[12:20, : int(1 + 31 * self.at)] = (40, 90, 170)
        return picture


gymnasium.register("tests/Sleeve-v0", Sleeve)
ID = "sleeve:tests/Sleeve-v0"


def push(env, rng):
    """A behaviour that pulls with a strength of its own, and now and then lets go."""
    strength = rng.uniform(0.2, 1)
    return lambda obs, info: np.array([strength * rng.uniform(-0.3, 1.2)], np.float32)
