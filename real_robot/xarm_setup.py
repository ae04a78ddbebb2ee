"""What an xArm's controller is configured to: read on connecting, set where the file says, judged as checks.

The slow report tells all of it; it is decoded by the vendor's own structure, once. A setting that the maker calls
safety is changed only where the file asks for it.
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from real_robot.description import Description, loopback
from real_robot.kinematics import Pose, euler, rotation_vector
from real_robot.robot import Check, Fault, RobotFault
from real_robot.xarm_client import called, must, vendor
from real_robot.xarm_feed import Shot
from real_robot.xarm_options import Options

NEAR, FAR = 0.002, 0.02
"""Distance of our kinematics from the controller's that is a warning, and that is refused [m]."""
TURNED, TURNED_FAR = 0.01, 0.1
"""The same for the tool's turn [rad]."""
SPARE = 1.1
"""How much more than our limits the reduced mode allows where it is set here, so that it does not trip on them."""


@dataclass(frozen=True, eq=False)
class Setup:
    """The configuration, in metres, radians, kilograms."""

    axes: int
    tool: Pose
    mass: float
    centre: Float64[np.ndarray, " 3"]
    gravity: Float64[np.ndarray, " 3"]
    sensitivity: int
    self_collision: bool
    simulated: bool
    rebound: bool
    reduced: bool
    tool_speed: float
    joint_speed: float
    fence: bool
    low: Float64[np.ndarray, " 3"]
    high: Float64[np.ndarray, " 3"]
    moved_origin: bool


def read(address: tuple[str, int], wait: float = 2.0) -> Setup:
    """From one report of port 30002; RobotFault where none comes."""
    vendor()
    from xarm.x3.report import ReportDataStructure

    try:
        with socket.create_connection(address, timeout=wait) as link, link.makefile("rb") as stream:
            head = stream.read(4)
            body = head + stream.read(max(0, int.from_bytes(head, "big") - 4))
    except OSError as error:
        raise RobotFault(Fault("link", f"no report from {address[0]}:{address[1]}: {error}")) from error
    told: Any = ReportDataStructure.create(30002, is_radian=True)
    if len(body) < len(told) - 64:  # what ends it is not needed, and older firmware leaves it out
        raise RobotFault(Fault("version", f"the report of port {address[1]} has {len(body)} bytes, not {len(told)}"))
    told.update(body)
    low, high = np.array(told.reduced_tcp_boundary, float).T / 1000
    load = np.array(told.tcp_payload, float)
    return Setup(
        int(told.robot_axis), _pose(told.tcp_offset),
        float(load[0]), load[1:4] / 1000, np.array(told.gravity_direction, float), int(told.collision_sens),
        bool(told.is_collision_detection), bool(told.is_simulation_robot), bool(told.is_collision_rebound),
        bool(told.is_reduced_mode), float(told.reduced_tcp_max_speed) / 1000, float(told.reduced_joint_max_speed),
        bool(told.is_fence_mode), low, high, bool(np.any(told.world_offset)),
    )  # fmt: skip


def _pose(numbers: Any) -> Pose:
    from scipy.spatial.transform import Rotation

    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("xyz", np.asarray(numbers[3:6], float)).as_matrix()
    pose[:3, 3] = np.asarray(numbers[:3], float) / 1000
    return pose


def apart(one: Pose, other: Pose) -> tuple[float, float]:
    """How far two poses are from each other [m, rad]."""
    turn = np.eye(4)
    turn[:3, :3] = one[:3, :3].T @ other[:3, :3]
    return float(np.linalg.norm(one[:3, 3] - other[:3, 3])), float(np.linalg.norm(rotation_vector(turn)))


def gravity(robot: Description) -> Float64[np.ndarray, " 3"]:
    """Which way things fall, in the base's axes, for the way it is mounted."""
    return robot.mount.pose[:3, :3].T @ np.array([0.0, 0.0, -1.0])


def configure(api: Any, robot: Description, settings: Options, have: Setup) -> tuple[str, ...]:
    """Set what the file says and the controller has otherwise; the names of what was set. RobotFault where refused.

    Tool, payload and gravity are taken from an arm that is enabled, in mode 0, with nothing to do: it stays.
    """
    done, tool = [], robot.tool
    position, turn = apart(have.tool, tool.pose)
    if position > 1e-5 or turn > 1e-4:
        _idle(api)
        numbers = [*(1000 * x for x in tool.xyz), *euler(tool.pose)]
        must(called(api.set_tcp_offset, [float(x) for x in numbers], wait=False), "setting the tool's offset")
        done.append("tool")
    if abs(have.mass - tool.mass) > 1e-3 or np.abs(have.centre - tool.centre).max() > 1e-4:
        _idle(api)
        centre = [1000 * x for x in tool.centre]
        must(called(api.set_tcp_load, tool.mass, centre), "setting the payload")
        done.append("payload")
    if np.abs(have.gravity - gravity(robot)).max() > 1e-3:
        _idle(api)
        must(called(api.set_gravity_direction, [float(x) for x in gravity(robot)], wait=False), "setting gravity")
        done.append("gravity")
    if settings.collision_sensitivity not in (None, have.sensitivity):
        must(called(api.core.set_collis_sens, settings.collision_sensitivity), "setting the collision sensitivity")
        done.append("collision")
    if settings.fence == "set":
        assert robot.workspace is not None
        low, high = (np.array(x) for x in (robot.workspace.low, robot.workspace.high))
        low, high = 1000 * (low - settings.fence_margin), 1000 * (high + settings.fence_margin)
        box = [round(float(x)) for pair in zip(high, low, strict=True) for x in pair]
        must(called(api.set_reduced_tcp_boundary, box), "setting the safety boundary")
        must(called(api.set_fence_mode, True), "turning on the safety boundary")
        done.append("safety boundary")
    if settings.reduced == "set":
        speed, turning = SPARE * robot.limits.tool_speed, SPARE * float(robot.joint_speed.max())
        must(called(api.set_reduced_max_tcp_speed, 1000 * speed), "setting the reduced speed of the tool")
        must(called(api.set_reduced_max_joint_speed, turning), "setting the reduced speed of the joints")
        must(called(api.set_reduced_mode, True), "turning on the reduced mode")
        done.append("reduced mode")
    if settings.force_sensor:
        must(called(api.set_ft_sensor_enable, 1), "enabling the force sensor")
        done.append("force sensor")
    return tuple(done)


def _idle(api: Any) -> None:
    must(called(api.motion_enable, True), "enabling the motors for a setting")
    must(called(api.set_mode, 0), "the position mode for a setting")
    must(called(api.set_state, 0), "the ready state for a setting")


def judge(robot: Description, settings: Options, have: Setup, shot: Shot, done: tuple[str, ...]) -> Iterator[Check]:
    """The checks of what is configured now."""
    bad = "warn" if loopback(robot.host) else "refuse"
    yield from _load(robot, have, done)
    yield from _safety(robot, have, bad, done)
    if settings.force_sensor:
        yield Check("force sensor", "ok", f"enabled; its forces are taken to be in the {settings.force_axes}'s axes")
    if have.simulated:
        yield Check("simulation", bad, "the controller simulates its arm: the real one does not move")
    if have.moved_origin:
        yield Check("kinematics", "refuse", "the controller has a world offset; set it to zero, poses are the base's")
        return
    metres, radians = apart(robot.arm.chain.pose(shot.q, robot.tool.pose), _pose(shot.pose))
    level = "refuse" if metres > FAR or radians > TURNED_FAR else "warn"
    level = "ok" if metres <= NEAR and radians <= TURNED else level
    yield Check(
        "kinematics", level, f"the tool is {1000 * metres:.2f} mm, {radians:.4f} rad from where our kinematics has it"
    )


def _load(robot: Description, have: Setup, done: tuple[str, ...]) -> Iterator[Check]:
    tool = robot.tool
    position, turn = apart(have.tool, tool.pose)
    same = position < 1e-4 and turn < 1e-3
    yield _same("tool", same, done, f"offset {[round(float(x), 4) for x in have.tool[:3, 3]]} m")
    same = abs(have.mass - tool.mass) < 5e-3 and np.abs(have.centre - tool.centre).max() < 1e-3
    yield _same("payload", bool(same), done, f"{have.mass:.3f} kg at {have.centre.round(4).tolist()} m")
    if tool.mass == 0:
        yield Check("payload", "warn", "tool.mass is 0: a gripper weighs 0.8 kg, and collisions are judged by it")
    same = np.abs(have.gravity - gravity(robot)).max() < 1e-2
    yield _same("gravity", bool(same), done, f"falls along {have.gravity.round(3).tolist()} of the base")


def _same(name: str, same: bool, done: tuple[str, ...], what: str) -> Check:
    if not same:
        return Check(name, "refuse", f"the controller keeps {what}, which is not what the file says; clear its error")
    return Check(name, "ok", f"{what}; {'set on connecting' if name in done else 'as in the file'}")


def _safety(robot: Description, have: Setup, bad: str, done: tuple[str, ...]) -> Iterator[Check]:
    set_here = {name: "; set on connecting" if name in done else "" for name in ("safety boundary", "reduced mode")}
    box = robot.workspace
    assert box is not None
    edges = f"{have.low.round(3).tolist()} to {have.high.round(3).tolist()} m"
    if not have.fence:
        text = 'the controller\'s safety boundary is off; turn it on there, or say fence = "set" in [vendor]'
        yield Check("safety boundary", bad, text)
    elif (have.low > np.array(box.low) + 1e-3).any() or (have.high < np.array(box.high) - 1e-3).any():
        yield Check("safety boundary", "warn", f"{edges} cuts into the workspace: error 35 will stop the arm there")
    else:
        yield Check("safety boundary", "ok", edges + set_here["safety boundary"])
    speeds = f"tool {have.tool_speed:.3f} m/s, joints {have.joint_speed:.3f} rad/s"
    if not have.reduced:
        text = 'the controller\'s reduced mode is off: it takes 1 m/s; reduced = "set" in [vendor] turns it on'
        yield Check("reduced mode", "warn", text)
    elif have.tool_speed < robot.limits.tool_speed:
        yield Check("reduced mode", "warn", f"{speeds} is slower than limits.tool_speed: error 60 will stop the arm")
    else:
        yield Check("reduced mode", "ok", speeds + set_here["reduced mode"])
    if have.sensitivity == 0:
        yield Check("collision", bad, "the controller's collision detection is off; set collision_sensitivity")
    else:
        yield Check("collision", "ok", f"sensitivity {have.sensitivity} of 5")
    if have.rebound:
        yield Check("rebound", bad, "the arm springs back by itself after a collision; turn that off in its studio")
    if not have.self_collision:
        yield Check("self-collision", "warn", "the controller's check for collisions with itself is off")
