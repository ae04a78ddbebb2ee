"""A household's trace as motion to learn from: hand, thing and target at every tick, and how the hand went on."""

import numpy as np
from jaxtyping import Float32

from embodied.correction_footage import Footage
from embodied.situations import Surroundings
from embodied.spec import ArraySpec, Spec
from envs.household.trace import HZ, Tick, Trace

STATE = ("tip x", "tip y", "tip z", "tip yaw", "tip tilt", "holding", "thing x", "thing y", "thing z", "thing yaw",
         "target x", "target y", "target z", "target yaw")  # fmt: skip
"""Positions [m] and angles [rad] in the robot's base; thing and target are those of the act that goes on, zeros for
none, the target where it was when the act began."""

FASTEST = 0.5
SPEC = Spec(
    {"state": ArraySpec((len(STATE),), "float32", -2 * np.pi, 2 * np.pi, "m, rad")},
    ArraySpec((6,), "float32", -1, 1),
    float(HZ),
    "household",
)
"""Action: the tip's way until the next tick as a share of what it can do in one (x, y, z, yaw, tilt), and whether the
hand holds something (1) or not (-1)."""
SCALE = np.array([FASTEST / HZ] * 3 + [np.pi / HZ] * 2)


def footage(trace: Trace) -> Footage:
    """Of everything since the table was set; ValueError where nothing moved."""
    if len(trace.ticks) < 2:
        raise ValueError("nothing moved, so there is nothing to record")
    states = np.array([state(tick, trace) for tick in trace.ticks], np.float32).reshape(-1, len(STATE))
    moved = np.diff(states[:, :5].astype(np.float64), axis=0)
    moved[:, 3] = (moved[:, 3] + np.pi) % (2 * np.pi) - np.pi
    grip = np.where(states[1:, 5:6] > 0, 1.0, -1.0)
    action = np.concatenate([np.clip(moved / SCALE, -1, 1), grip], axis=1).astype(np.float32)
    return Footage(SPEC, action, np.array([tick.time for tick in trace.ticks], np.float64), {"state": states})


def state(tick: Tick, trace: Trace) -> Float32[np.ndarray, " 14"]:
    """One moment."""
    tip = tick.tip
    row = np.zeros(len(STATE), np.float32)
    row[:6] = tip.x, tip.y, tip.z, tip.yaw, tip.tilt, float(bool(tick.held))
    if 0 <= tick.act < len(trace.acts):
        done = trace.acts[tick.act]
        row[6:10] = there(done.act.object, tick, done.around)
        row[10:14] = there(done.act.target or "", tick, done.around)
    return row


def there(name: str, tick: Tick, around: Surroundings) -> tuple[float, float, float, float]:
    """Where a thing is at a tick: with the hand if it is held, else where it was when the act began."""
    if name == tick.held and tick.thing is not None:
        return tick.thing.x, tick.thing.y, tick.thing.z, tick.thing.yaw
    if not name or name not in around:
        return 0.0, 0.0, 0.0, 0.0
    thing = around[name]
    return (*thing.position, thing.yaw)
