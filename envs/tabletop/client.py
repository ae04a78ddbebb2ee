"""One physics world per environment: a PyBullet client that closes itself."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any


@contextmanager
def without_notice() -> Iterator[None]:
    """PyBullet's library prints its build time when it is loaded, past Python's own standard error."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with without_notice():
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
