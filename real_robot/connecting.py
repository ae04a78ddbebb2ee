"""Opens one robot's links, reads for a moment and lets go, in this process, which may die of it. Nothing moves.

`real_robot.diagnosing` starts it as `python -m real_robot.connecting`, writes one JSON object to its standard input and
reads one JSON object a line from its standard output as things are found, so that what was found before a vendor's
library hung or crashed is known. What that library prints goes to standard error.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np

import real_robot
from embodied import plugins
from real_robot.cameras import Cameras, skew
from real_robot.description import Description
from real_robot.robot import Arm, ArmState, RobotFault, StaleObservation

WATCHED, PERIOD = 0.5, 0.002
"""How long readings are watched, and how often they are asked for [s]."""
GRACE = 5
"""After its time limit this process ends by itself where nobody is left to end it [s]."""
Tell = Callable[..., None]


def arm(description: Description, tell: Tell) -> None:
    """Checks, readings and the pose of an arm."""
    made: Arm = plugins.plugin("real_robot:ROBOTS", description.kind, "robot")(description)
    try:
        tell(step="connecting", capabilities=asdict(made.capabilities))
        tell(checks=[asdict(check) for check in made.connect()])
        tell(step="reading")
        states, begun = _watched(made), time.monotonic_ns()
        tell(**_readings(states, begun), **_stands(states[-1], description))
        tell(step="closing")
    finally:
        made.close()


def _watched(made: Arm) -> list[ArmState]:
    """The readings of a moment that differ in their stamp; the newest at least."""
    states, end = [made.read()], time.monotonic() + WATCHED
    while time.monotonic() < end:
        time.sleep(PERIOD)
        now = made.read()
        if now.stamp != states[-1].stamp:
            states.append(now)
    return states


def _readings(states: list[ArmState], now: int) -> dict[str, Any]:
    last = states[-1]
    return {
        "readings": {"new": len(states) - 1, "seconds": WATCHED, "age": (now - last.stamp) / 1e9},
        "state": {
            "q": last.q.tolist(), "qd": last.qd.tolist(), "wrench": _numbers(last.wrench.tolist()),
            "gripper": _numbers([last.gripper])[0], "ready": last.ready, "status": last.status,
            "fault": None if last.fault is None else str(last.fault),
        },
    }  # fmt: skip


def _numbers(values: list[float]) -> list[float | None]:
    """JSON has no NaN: what is not measured is null."""
    return [value if isfinite(value) else None for value in values]


def _stands(state: ArmState, description: Description) -> dict[str, Any]:
    """Whether the arm stands where the file lets it be."""
    chain, q = description.arm.chain, state.q
    if q.shape != (chain.joints,):
        return {
            "pose": {"level": "refuse", "text": f"it reads {len(q)} joints; {description.model} has {chain.joints}"}
        }
    low, high = description.range
    outside = [i for i in range(len(q)) if not low[i] <= q[i] <= high[i]]
    at, box = chain.pose(q, description.tool.pose)[:3, 3], description.workspace
    place = "tool at (" + ", ".join(f"{x:.3f}" for x in at) + ") m"
    assert box is not None
    if outside:
        text = f"joints {outside} are outside of their ranges: move the arm by hand, or widen them"
        return {"pose": {"level": "warn", "text": f"{place}; {text}"}}
    if (at < np.array(box.low)).any() or (at > np.array(box.high)).any():
        return {"pose": {"level": "warn", "text": f"{place}, outside of the workspace: move it in by hand"}}
    return {"pose": {"level": "ok", "text": f"{place}, inside the workspace"}}


def world(description: Description, tell: Tell) -> None:
    """Make a simulated robot's environment and reset it."""
    import gymnasium

    where = description.world
    assert where is not None
    tell(step=f"making {where.env}")
    try:
        env = gymnasium.make(where.env, **where.options)
    except gymnasium.error.Error as error:
        raise ValueError(f"world.env {where.env!r}: {error}") from error
    try:
        env.reset(seed=0)
        text = f"{where.env}: actions {env.action_space}"
        tell(checks=[{"name": "environment", "level": "ok", "text": text}])
    finally:
        env.close()


def eyes(description: Description, tell: Tell) -> None:
    """Open all cameras, and watch their frames."""
    tell(step="opening the cameras")
    with Cameras(description.cameras) as cameras:
        first, begun = cameras.read(), time.monotonic()
        time.sleep(max(WATCHED, 3 / min(camera.fps for camera in description.cameras)))
        last, seconds = cameras.read(), time.monotonic() - begun
        now = time.monotonic_ns()
        found = {
            name: {
                "size": [frame.image.shape[1], frame.image.shape[0]], "age": (now - frame.stamp) / 1e9,
                "hz": (frame.sequence - first[name].sequence) / seconds, "depth": frame.depth is not None,
            }
            for name, frame in last.items()
        }  # fmt: skip
        tell(cameras=found, skew=skew(last))


LOOKS: dict[str, Callable[[Description, Tell], None]] = {"arm": arm, "world": world, "cameras": eyes}
"""What may be looked at."""


def main() -> None:
    """Look at what standard input asks for."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**found: Any) -> None:
        out.write(json.dumps(found) + "\n")
        out.flush()

    order = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(order["seconds"]) + GRACE)
    try:
        real_robot.ROBOTS.update(order["robots"])  # the table of whoever asks
        LOOKS[order["look"]](Description.model_validate(order["description"]), tell)
    except (RobotFault, StaleObservation) as error:
        tell(failed=str(error))
    except (ValueError, KeyError, OSError, ImportError, RuntimeError) as error:
        tell(failed=f"{type(error).__name__}: {error}")
    tell(ended=True)
    out.close()
    sys.stdout.flush()
    os._exit(0)  # a vendor's thread that is left must not keep a process that has said everything


if __name__ == "__main__":
    main()
