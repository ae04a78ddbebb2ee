"""One physics world per environment: a PyBullet client that closes itself."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pybullet


class Client:
    """PyBullet's functions bound to one DIRECT world; constants come through unbound.

    `pybullet_utils.bullet_client` does the same but writes to the standard output, where --json results go.
    """

    def __init__(self) -> None:
        self.id = pybullet.connect(pybullet.DIRECT)
        if self.id < 0:
            raise RuntimeError("PyBullet gave no physics world; close some environments (it serves about 1,000)")

    def __getattr__(self, name: str) -> Callable[..., Any] | Any:
        value = getattr(pybullet, name)
        if callable(value):
            value = partial(value, physicsClientId=self.id)
            setattr(self, name, value)
        return value

    def close(self) -> None:
        """Give the world back; closing twice is harmless."""
        if self.id >= 0:
            pybullet.disconnect(self.id)
            self.id = -1

    def __del__(self) -> None:
        if getattr(self, "id", -1) >= 0:
            self.close()
