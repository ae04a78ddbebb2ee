"""What the governor decides to send, and the modes in which it sends targets."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from real_robot.robot import Mode, Reason

STREAMING = (Mode.ARMED, Mode.RUNNING, Mode.HOLDING)
"""Modes in which the arm is sent a target every tick."""
LATCHED = (Mode.STOPPED, Mode.FAULT)
WORSE = ("", str(Reason.NO_COMMAND), "asked", str(Reason.FORCE))
"""Why an arm holds, the one that wins last."""


@dataclass(frozen=True, eq=False)
class Act:
    """For the worker: a target, an order (its answer bears the number), or the abort, which has a path of its own."""

    do: str
    q: Float64[np.ndarray, " n"] | None = None
    qd: Float64[np.ndarray, " n"] | None = None
    number: int = 0
    fields: dict[str, Any] = field(default_factory=dict)
