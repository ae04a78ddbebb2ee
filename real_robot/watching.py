"""What a reading of an arm says about going on: pure functions of the reading and of what was sent."""

import numpy as np
from jaxtyping import Float64

from real_robot.limits import Bounds, trespass
from real_robot.robot import ArmState, Fault

MOVING = 0.05
"""A joint faster than this is moving, where it should stand [rad/s]."""


def wrong(state: ArmState, sent: Float64[np.ndarray, " n"], tracking: float) -> tuple[Fault | None, bool]:
    """What is wrong with an arm that is sent targets, and whether it must be made to stop, since it may be moving."""
    if state.fault is not None:
        return state.fault, False
    if not state.ready:
        return Fault("not ready", f"the arm takes no targets any more ({state.status})"), False
    if not np.isfinite(state.q).all():
        return Fault("reading", "the arm's joints are not numbers"), True
    far = float(np.abs(state.q - sent).max())
    if far > tracking:
        return Fault("tracking", f"a joint is {far:.3f} rad from what was sent"), True
    return None, False


def silent(unheard: float) -> Fault:
    """The fault of an arm of which nothing was heard for so long [s]."""
    return Fault("silent", f"nothing was heard of the arm for {1e3 * unheard:.0f} ms")


def unfit(state: ArmState | None, now: float, stale: float, bounds: Bounds) -> str:
    """Why an arm must not be armed now; empty where nothing is in the way."""
    if state is None or now - state.stamp / 1e9 > stale:
        return "there is no fresh reading of the arm"
    if state.fault is not None:
        return str(state.fault)
    if not np.abs(state.qd).max() <= MOVING:
        return "the arm is moving"
    return trespass(state.q, bounds)
