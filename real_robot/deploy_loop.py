"""One episode of a policy on a robot: see, act, send, wait, and see what came of it.

A chunk of h actions is carried out before the next is asked for; what is left of one is dropped where a person takes
over. Steps begin at absolute times, so that lateness does not add up; a step that is late by more than a period moves
the schedule and is counted. Whatever ends it, what there is until then is given back.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from embodied.intervening import SENT
from embodied.types import Policy
from real_robot.deploy_exit import Exit
from real_robot.deploy_records import Rows
from real_robot.robot import Fault, Mode, Reading, Reason, Robot, RobotFault, StaleObservation, Stop

REFUSED = 10
"""So many commands one after the other of which nothing was sent stop the robot."""
LOOK = 0.01
"""Seconds between looks for an end while it waits."""
UNSENT = {
    Reason.SHAPE, Reason.NOT_FINITE, Reason.STALE, Reason.ORDER, Reason.JUMP, Reason.NOT_RUNNING, Reason.FORCE,
}  # fmt: skip
"""Reasons for which nothing of a command is sent."""

Person = Callable[[Mapping[str, np.ndarray], Mapping[str, Any]], np.ndarray | None]
"""(obs, info) -> the person's action, or None while they let the policy act."""


@dataclass(eq=False)
class Ran:
    """What became of an episode. `ended`: terminated, truncated, horizon, stopped, refused, fault or error."""

    rows: Rows
    task: str
    ended: str = ""
    faults: list[Fault] = field(default_factory=list)
    unobserved: list[float] | None = None
    """The action after which nothing was seen any more."""
    late: int = 0
    refused: int = 0
    thinking: list[float] = field(default_factory=list)
    """How long the policy took for each chunk [s]."""
    drift: float = 0.0
    error: Exception | None = None


def episode(
    robot: Robot, policy: Policy, rows: Callable[[Reading], Rows], ending: Exit, *, seed: int | None = None,
    task: str = "", horizon: int | None = None, person: Person | None = None, paced: bool | None = None,
) -> Ran:  # fmt: skip
    """Run one. Raises what `robot.start` raises; what comes later is told in the result."""
    reading = robot.start(seed)
    ran = Ran(rows(reading), task or str(reading.info.get("task", "")))
    try:
        policy.reset(ran.task)
        _run(robot, policy, ran, ending, reading, horizon, person, _clocked(robot) if paced is None else paced)
    except RobotFault as error:
        ran.faults.append(error.fault)
        ran.ended = "stopped" if ending.code else "fault"
    except StaleObservation as error:
        ran.faults.append(Fault("stale", str(error)))
        ran.ended = "stopped" if ending.code else "fault"
    except Exception as error:  # raised again when what there is has been recorded
        ran.ended, ran.error = "error", error
    if ran.ended in ("fault", "error"):
        robot.stop(Stop.STOP, ran.ended)
    return ran


def _clocked(robot: Robot) -> bool:
    return bool(getattr(robot, "clocked", True))


def _run(
    robot: Robot, policy: Policy, ran: Ran, ending: Exit, reading: Reading, horizon: int | None,
    person: Person | None, paced: bool,
) -> None:  # fmt: skip
    waiting: list[np.ndarray] = []
    last, in_a_row = np.zeros(policy.spec.action.shape, np.float32), 0
    due = time.monotonic()
    while not ran.ended:
        began = time.monotonic()
        theirs = person(reading.obs, {**reading.info, SENT: last}) if person is not None else None
        if (now := time.monotonic()) > began + LOOK:  # they held it, or thought
            due = now
        if ending.code:
            break
        if theirs is not None:
            waiting = []
        elif not waiting:
            waiting = asked(policy, reading, ran)
        action = np.asarray(waiting.pop(0) if theirs is None else theirs)
        if ending.code:
            break
        sent = robot.send(action.astype(np.float64))
        stamp, told = time.monotonic_ns(), getattr(sent, "action", action)
        ran.unobserved = None if told is None else [float(x) for x in told]
        ran.rows.counts.update(reason.value for reason in sent.reasons)
        due = _until(due, robot, policy, ran, ending) if paced else due
        before, reading = reading, robot.read()
        nothing = told is None or bool(UNSENT & set(sent.reasons))
        in_a_row = in_a_row + 1 if nothing else 0
        ran.refused += nothing
        if told is not None and reading is not before:
            told = reading.info.get("action", told)
            last = np.asarray(told, np.float32)
            ran.rows.add(last, action, sent.reasons, stamp, theirs is not None, reading)
            ran.drift = max(ran.drift, float(reading.info.get("drift", 0.0)))
        ran.unobserved = None
        ran.faults += [fault for fault in reading.faults if fault not in ran.faults]
        ran.ended = _ended(robot, ran, reading, horizon, in_a_row)
    ran.ended = ran.ended or "stopped"


def _ended(robot: Robot, ran: Ran, reading: Reading, horizon: int | None, in_a_row: int) -> str:
    if reading.info.get("terminated"):
        return "terminated"
    if reading.info.get("truncated"):
        return "truncated"
    if reading.mode in (Mode.STOPPED, Mode.FAULT, Mode.DISCONNECTED):
        return "stopped" if reading.mode is Mode.STOPPED else "fault"
    if in_a_row >= REFUSED:
        robot.stop(Stop.STOP, f"{in_a_row} commands in a row were refused")
        return "refused"
    return "horizon" if horizon is not None and len(ran.rows) >= horizon else ""


def _until(due: float, robot: Robot, policy: Policy, ran: Ran, ending: Exit) -> float:
    """Wait for the next step, or an end; when the one after it begins counting."""
    period = float(getattr(robot, "slow", 1.0)) / policy.spec.hz
    due += period
    now = time.monotonic()
    if now > due + period:
        ran.late += 1
        return now
    while (left := due - time.monotonic()) > 0 and not ending.code:
        time.sleep(min(left, LOOK))
    return due


def asked(policy: Policy, reading: Reading, ran: Ran | None = None) -> list[np.ndarray]:
    """The policy's next chunk; ValueError unless it is one of its own spec's actions."""
    began = time.perf_counter()
    obs = {name: np.asarray(reading.obs[name], array.dtype)[None] for name, array in policy.spec.obs.items()}
    chunk = np.asarray(policy.act(obs), np.float32)
    if ran is not None:
        ran.thinking.append(time.perf_counter() - began)
    size = policy.spec.action.shape[0]
    if chunk.ndim != 3 or chunk.shape[0] != 1 or chunk.shape[1] == 0 or chunk.shape[2] != size:
        raise ValueError(
            f"the policy gave actions of shape {chunk.shape}, wanted (1, h, {size}): a chunk for one robot"
        )
    return list(chunk[0])
