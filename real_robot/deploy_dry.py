"""What a deployment would do first, without doing it: the checks, the first action, the limits that it would touch."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from embodied.types import Policy
from real_robot.deploy_arm import ArmRobot
from real_robot.deploy_loop import asked
from real_robot.description import Description
from real_robot.robot import Reading, Reason, RobotFault
from real_robot.sim import SimRobot

ANSWERS = 5
"""How often a policy is asked to see how long it takes."""


def warmed(policy: Policy) -> float:
    """Ask the policy about made-up observations, so that its first answer on the robot is no slower than the rest; the
    longest that it took after the first [s]."""
    rng = np.random.default_rng(0)
    policy.reset("")
    took = []
    for _ in range(ANSWERS):
        obs = {name: array.generate(rng)[None] for name, array in policy.spec.obs.items()}
        began = time.perf_counter()
        policy.act(obs)
        took.append(time.perf_counter() - began)
    return max(took[1:])


def dry_run(
    described: Description,
    robot: SimRobot | ArmRobot,
    policy: Policy,
    *,
    seed: int,
    task: str,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Everything but moving: an arm is connected and read where it answers, a simulated world is reset and seen."""
    found: dict[str, Any] = {"robot": described.id, "fits": True}
    slowest = warmed(policy)
    found["slowest answer of the policy [ms]"] = round(1e3 * slowest, 1)
    if slowest > 1 / policy.spec.hz:
        tell(f"the policy takes {1e3 * slowest:.0f} ms for an answer, and a step lasts {1e3 / policy.spec.hz:.0f} ms")
    if isinstance(robot, SimRobot):
        reading = robot.start(seed)
        kept, reasons = _in_simulation(robot, first := _first(policy, reading, task))
    else:
        reading = _seen(robot, seed, found)
        first = _first(policy, reading, task)
        kept, reasons = _on_arm(robot, first, found)
    found |= {
        "first action": np.round(first, 4).tolist(),
        "would be sent": None if kept is None else np.round(kept, 4).tolist(),
        "limits it would touch": [reason.value for reason in reasons],
    }
    return found


def _first(policy: Policy, reading: Reading, task: str) -> np.ndarray:
    policy.reset(task or str(reading.info.get("task", "")))
    return asked(policy, reading)[0]


def _in_simulation(robot: SimRobot, action: np.ndarray) -> tuple[np.ndarray | None, tuple[Reason, ...]]:
    spec = robot.spec.action
    if not np.isfinite(action).all():
        return None, (Reason.NOT_FINITE,)
    kept = np.clip(action, spec.low, spec.high) if robot.limits else action
    return kept, () if np.array_equal(kept, action) else (Reason.SPEED,)


def _seen(robot: ArmRobot, seed: int, found: dict[str, Any]) -> Reading:
    """What the policy would see first, where it begins; the arm is only connected and read, if it answers at all."""
    world = robot.twin.reset(seed) if robot.twin else None
    goal, steer = robot.begin_q(), robot.steering
    found["it would begin at [rad]"] = np.round(goal, 4).tolist()
    try:
        checks, reading = robot.look()
        found["checks"] = [f"{check['level']}: {check['name']}: {check['text']}" for check in checks]
        if reading.state is not None:
            found["it stands at [rad]"] = np.round(reading.state.q, 4).tolist()
            found["joints to turn first [rad]"] = np.round(goal - reading.state.q, 3).tolist()
    except (RobotFault, ValueError, OSError) as error:
        found["not reached"] = str(error)
    if world is not None:
        return Reading(world[0], 0, robot.mode, None, (), world[1])
    robot.watch()
    return Reading(robot.felt(goal, steer.chain.pose(goal, steer.tool), steer.open), 0, robot.mode)


def _on_arm(robot: ArmRobot, action: np.ndarray, found: dict[str, Any]) -> tuple[np.ndarray, tuple[Reason, ...]]:
    steer = robot.steering
    before = steer.at(robot.begin_q(), steer.open)
    after, reasons = steer.forward(before, np.asarray(action, np.float64))
    found["the tool would go by [mm]"] = np.round(1e3 * (after.pose - before.pose)[:3, 3], 2).tolist()
    told = list(reasons)
    far, limits = float(np.linalg.norm((after.pose - before.pose)[:3, 3])), robot.robot.limits
    quick = np.abs(after.q - before.q) * robot.spec.hz > robot.robot.joint_speed
    if (far * robot.spec.hz > limits.tool_speed or quick.any()) and Reason.SPEED not in told:
        told.append(Reason.SPEED)
    full = steer.actions.step * robot.spec.hz
    if "tool" in steer.actions.kind and full > limits.tool_speed:
        found["note"] = (
            f"a full step is {full:.2f} m/s and limits.tool_speed {limits.tool_speed:g} m/s: full steps are slowed"
        )
    return steer.inverse(before, after, np.asarray(action, np.float64)), tuple(told)
