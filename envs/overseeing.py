"""A scripted person who watches a policy in simulation and takes over where it gets nowhere, until it is on its way."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from envs.behaviours import Clumsy, skill_of

PATIENCE, GAIN, FALL = 8, 0.2, 0.1
"""Steps without progress before taking over; progress that is enough to hand back; a fall that is not waited for."""


class Watcher:
    """Takes over after `PATIENCE` steps in which progress has not risen above its best, or when it fell by `FALL`.

    Hands back once progress has risen by `GAIN` or the task is done; acts as an expert with a clumsy hand does. It
    knows what a person who watches sees: progress and success, from the environment's info.
    """

    def __init__(self, env: Any, rng: np.random.Generator) -> None:
        self.skill, self.hand = skill_of(env), Clumsy(rng)
        self.best, self.waited, self.goal = -1.0, 0, 0.0
        self.acting = False

    def __call__(self, obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray | None:
        """An action, or None to let the policy go on."""
        progress = float(info["progress"])
        if self.acting and (info["success"] or progress >= self.goal):
            self.acting, self.best, self.waited = False, progress, 0
        if not self.acting:
            fell = progress < self.best - FALL
            self.waited = 0 if progress > self.best + 1e-3 else self.waited + 1
            self.best = max(self.best, progress)
            if not info["success"] and (fell or self.waited > PATIENCE):
                self.acting, self.goal = True, min(progress + GAIN, 1.0)
        return self.hand(self.skill(obs["state"])) if self.acting else None


def nobody(env: Any, rng: np.random.Generator) -> Any:
    """The policy acts alone: its own episodes, to be compared with one another."""
    del env, rng
    return lambda obs, info: None
