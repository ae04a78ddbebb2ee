"""What a controller's own journal says of a rehearsal: limits broken, times to standing still, commands after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from real_robot.controllers.journal import Seen
from real_robot.description import Description

STILL = 5e-3
"""No joint faster than this is standing still [rad/s]."""
WINDOW = 0.02
"""Accelerations and the speed of the tool are differences over this long [s]: a target that comes a tick early or late
is no acceleration of the arm's load."""
AFTER = 0.2
"""How long an arm may take to be where it is wanted after its targets were missing [s]."""
OVER = 1.05
"""The share of a limit that a simulated servo may show above it."""
RANGE = 2e-3
"""The same of positions [rad], and of places [m]."""


@dataclass(frozen=True)
class Kept:
    """One limit over a journal: the most that was seen, the limit, and how many rows were above it."""

    most: float
    limit: float
    violations: int
    unit: str


def rows_of(seen: Seen, since: float = -np.inf, until: float = np.inf) -> Seen:
    """The rows of a time [monotonic s]."""
    t = seen.group("t")[:, 0]
    return Seen(seen.rows[(t >= since) & (t <= until)], seen.columns, seen.modes, seen.events)


def limits_kept(seen: Seen, robot: Description, asleep: Sequence[tuple[float, float]] = ()) -> Mapping[str, Kept]:
    """Every limit of a robot file against what the controller's arm did.

    While the machine was `asleep` (from, to), or did not run the controller ("slept" in its journal), targets were
    missing, or too many at once, and the controller's servo did what it does then. There, and just after, speeds and
    accelerations do not count; all else does.
    """
    t, q, qd = seen.group("t")[:, 0], seen.group("q"), seen.group("qd")
    (low, high), box = robot.range, robot.workspace
    assert box is not None
    chunks = np.array_split(q, max(1, len(q) // 5000))
    points = np.concatenate([robot.arm.chain.swept(part, robot.tool.pose) for part in chunks])
    tool = points[:, -1]
    outside = np.maximum(low - q, q - high).max(axis=1)
    beyond = np.maximum(np.array(box.low) - tool, tool - np.array(box.high)).max(axis=1)
    ahead = np.minimum(np.searchsorted(t, t + WINDOW), len(t) - 1)
    spans = t[ahead] - t
    whole = (spans >= 0.9 * WINDOW) & (spans <= 1.5 * WINDOW)  # no row is missing between
    spans = np.where(whole, spans, np.inf)
    awake = awake_at(seen, asleep)
    pull = np.where(awake, np.abs(qd[ahead] - qd).max(axis=1) / spans, 0.0)
    fast = np.where(awake, np.linalg.norm(points[ahead] - points, axis=2).max(axis=1) / spans, 0.0)
    share = np.where(awake, (np.abs(qd) / robot.joint_speed).max(axis=1), 0.0)
    limits = robot.limits
    found = {
        "position": Kept(float(outside.max()), 0.0, int((outside > RANGE).sum()), "rad outside its range"),
        "velocity": Kept(float(share.max()), 1.0, int((share > OVER).sum()), "of the joint's limit"),
        "acceleration": _kept(pull, limits.brake_acceleration, "rad/s^2"),
        "tool speed": _kept(fast, limits.tool_speed, "m/s"),
        "box": Kept(float(beyond.max()), 0.0, int((beyond > RANGE).sum()), "m outside the workspace"),
        "force": _force(seen, robot),
    }
    for keep in robot.keepouts:
        if keep.radius is not None and keep.centre is not None:
            deep = keep.radius - np.linalg.norm(points - np.array(keep.centre), axis=2).min(axis=1)
            found[f"keep-out {keep.name}"] = Kept(float(deep.max()), 0.0, int((deep > RANGE).sum()), "m inside")
    return found


def awake_at(seen: Seen, asleep: Sequence[tuple[float, float]] = ()) -> Bool[np.ndarray, " ticks"]:
    """The rows in which the machine ran, and had for a while."""
    t = seen.group("t")[:, 0]
    awake = np.ones(len(t), bool)
    for since, until in [*asleep, *((e["since"], e["until"]) for e in seen.of("slept"))]:
        awake &= (t < since - 2 * WINDOW) | (t > until + AFTER)
    return awake


def _kept(values: Float64[np.ndarray, " n"], limit: float, unit: str) -> Kept:
    return Kept(float(values.max(initial=0.0)), limit, int((values > OVER * limit).sum()), unit)


def _force(seen: Seen, robot: Description) -> Kept:
    """Rows in which the arm still moved a quarter of a second after its force went over the threshold of the stop."""
    t, force = seen.group("t")[:, 0], seen.group("force")[:, 0]
    fast = np.abs(seen.group("qd")).max(axis=1)
    over, since, count, most = False, 0.0, 0, 0.0
    for at, newtons, speed in zip(t, force, fast, strict=True):
        if newtons <= robot.force.stop:
            over = False
            continue
        since = since if over else at
        over = True
        if at - since > 0.25:
            most = max(most, speed)
            count += speed > STILL
    return Kept(float(most), STILL, int(count), "rad/s, 0.25 s after the stop's threshold")


def standing_after(seen: Seen, since: float, until: float = np.inf) -> float | None:
    """Seconds from a moment until the arm stands still and stays so (until another); None where it never does."""
    t, fast = seen.group("t")[:, 0], np.abs(seen.group("qd")).max(axis=1)
    here = (t >= since) & (t <= until)
    t, fast = t[here], fast[here]
    if not len(t):
        return None
    moving = np.flatnonzero(fast > STILL)
    if not len(moving):
        return 0.0
    return None if moving[-1] == len(t) - 1 else float(t[moving[-1] + 1] - since)


def speed_at(seen: Seen, moment: float) -> float:
    """How fast the fastest joint was [rad/s]."""
    t = seen.group("t")[:, 0]
    return float(np.abs(seen.group("qd")[min(np.searchsorted(t, moment), len(t) - 1)]).max())


def commands_after(seen: Seen, since: float, until: float = np.inf) -> int:
    """How many motion commands the controller took between two moments."""
    t, count = seen.group("t")[:, 0], seen.group("commands")[:, 0]
    here = count[(t >= since) & (t <= until)]
    return int(here[-1] - here[0]) if len(here) else 0


def rate(seen: Seen, since: float, until: float) -> float:
    """Motion commands a second."""
    return commands_after(seen, since, until) / (until - since)


def first_step(seen: Seen, since: float) -> float:
    """How far the first target after a moment lies from where the arm was [rad]."""
    t, count = seen.group("t")[:, 0], seen.group("commands")[:, 0]
    here = np.flatnonzero((t >= since) & (count > count[min(np.searchsorted(t, since), len(t) - 1)]))
    if not len(here):
        return float("nan")
    i = here[0]
    return float(np.abs(seen.group("target")[i] - seen.group("q")[i - 1]).max())
