"""What each RTDE output field says of the simulated robot; a field that is known but not modelled is zero."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from real_robot.controllers.ur_arm import six
from real_robot.controllers.ur_safety import RobotMode
from real_robot.controllers.ur_wire import CODES, OUTPUTS, Value

if TYPE_CHECKING:
    from real_robot.controllers.ur_controller import Controller

Field = Callable[["Controller"], Value]
JOINT_RUNNING, JOINT_OFF, JOINT_IDLE = 253, 239, 255
"""joint_mode, vendor documentation (recalled)."""


def _joint_mode(c: "Controller") -> list[int]:
    running = {RobotMode.RUNNING: JOINT_RUNNING, RobotMode.IDLE: JOINT_IDLE}
    return [running.get(c.safety.robot, JOINT_OFF)] * 6


def _target_speed(c: "Controller") -> list[float]:
    return (c.arm.jacobian(c.arm.frames()) @ c.target_speed).tolist()


FIELDS: dict[str, Field] = {
    "timestamp": lambda c: c.clock,
    "target_q": lambda c: c.arm.plant.target.tolist(),
    "target_qd": lambda c: c.target_speed.tolist(),
    "target_qdd": lambda c: c.arm.plant.qdd.tolist(),
    "actual_q": lambda c: c.arm.plant.q.tolist(),
    "actual_qd": lambda c: c.arm.plant.qd.tolist(),
    "actual_TCP_pose": lambda c: six(c.arm.pose()),
    "actual_TCP_speed": lambda c: c.arm.speed(),
    "actual_TCP_force": lambda c: c.arm.force.tolist(),
    "ft_raw_wrench": lambda c: c.arm.pushed.tolist(),
    "tcp_force_scalar": lambda c: float(np.linalg.norm(c.arm.force[:3])),
    "target_TCP_pose": lambda c: six(c.arm.forward(c.arm.plant.target)),
    "target_TCP_speed": _target_speed,
    "robot_mode": lambda c: int(c.safety.robot),
    "joint_mode": _joint_mode,
    "safety_mode": lambda c: int(c.safety.safety),
    "safety_status": lambda c: int(c.safety.safety),
    "runtime_state": lambda c: int(c.safety.runtime),
    "robot_status_bits": lambda c: c.safety.robot_bits,
    "safety_status_bits": lambda c: c.safety.safety_bits,
    "speed_scaling": lambda c: c.scale if c.safety.moving_allowed else 0.0,
    "target_speed_fraction": lambda c: c.scale,
    "payload": lambda c: c.arm.payload,
    "payload_cog": lambda c: c.arm.centre,
    "payload_inertia": lambda c: c.arm.inertia,
    "tcp_offset": lambda c: six(c.arm.tool),
    "elbow_position": lambda c: c.arm.frames()[2, :3, 3].tolist(),
    "joint_temperatures": lambda c: [25.0] * 6,
    "actual_joint_voltage": lambda c: [48.0 if c.safety.robot >= RobotMode.IDLE else 0.0] * 6,
    "actual_main_voltage": lambda c: 48.0,
    "actual_robot_voltage": lambda c: 48.0 if c.safety.robot >= RobotMode.IDLE else 0.0,
    "actual_execution_time": lambda c: 0.3,
    "actual_digital_output_bits": lambda c: c.digital,
}


def field(name: str) -> Field:
    """How to read a field of OUTPUTS."""
    if name in FIELDS:
        return FIELDS[name]
    way, _, register = name.partition("_")
    kind, _, index = register.rpartition("_")
    if kind in ("int_register", "double_register") and way in ("input", "output"):
        group, at, inward = ("ints" if kind == "int_register" else "doubles"), int(index), way == "input"
        return lambda c: getattr(c.inputs if inward else c.outputs, group)[at]
    code = CODES[OUTPUTS[name]]
    nothing: Value = [0] * int(code[:-1]) if len(code) > 1 else 0
    return lambda c: nothing
