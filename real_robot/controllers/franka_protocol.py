"""Which of the protocol's commands the simulated FR3 answers itself, and which franky-sim answers.

Command numbers, payloads and answers are franky-sim's (1.0.4; vendor source). It answers collision behaviour and
recovery with success and does nothing; those, and all that moves the arm, are taken from it here.
"""

from enum import IntEnum
from importlib import import_module
from typing import Any

import numpy as np

from real_robot.controllers.franka_motion import Order

wire: Any = import_module("franky_sim.franka_server")
protocol: Any = import_module("franky_sim.franka_robot_protocol")
hands: Any = import_module("franky_sim.franka_gripper_server")

VERSION, PORT = 10, 1337
Status, Recovered = protocol.MoveStatus, protocol.AutomaticErrorRecoveryStatus
EXTERNAL = protocol.MoveCommandControllerMode.kExternalController


class RobotMode(IntEnum):
    """The robot's mode in the state (vendor source); the journal's modes."""

    OTHER = 0
    IDLE = 1
    MOVE = 2
    GUIDING = 3
    REFLEX = 4
    USER_STOPPED = 5
    RECOVERY = 6


def ours(command: Any, name: str) -> Any:
    """A command that the server's method of this name answers."""
    return type(command.__name__, (command,), {"handle": lambda self, server: getattr(server, name)(self)})


def theirs(command: Any) -> Any:
    """A command that franky-sim answers, and after which it may report other frames or another load."""
    kind = command.__name__.removesuffix("Command")

    def handle(self: Any, server: Any) -> None:
        server.count(kind)
        command.handle(self, server)
        server.arm.configured()

    return type(command.__name__, (command,), {"handle": handle})


_NUMBERS = protocol.RobotCommand
COMMANDS: dict[Any, Any] = {
    _NUMBERS.kMove: ours(protocol.MoveCommand, "on_move"),
    _NUMBERS.kStopMove: ours(protocol.StopMoveCommand, "on_stop"),
    _NUMBERS.kSetCollisionBehavior: ours(protocol.SetCollisionBehaviorCommand, "on_thresholds"),
    _NUMBERS.kAutomaticErrorRecovery: ours(protocol.AutomaticErrorRecoveryCommand, "on_recovery"),
    _NUMBERS.kSetJointImpedance: theirs(protocol.SetJointImpedanceCommand),
    _NUMBERS.kSetCartesianImpedance: theirs(protocol.SetCartesianImpedanceCommand),
    _NUMBERS.kGetRobotModel: theirs(protocol.GetRobotModelCommand),
    _NUMBERS.kSetLoad: theirs(protocol.SetLoadCommand),
    _NUMBERS.kSetNEToEE: theirs(protocol.SetNEToEECommand),
    _NUMBERS.kSetEEToK: theirs(protocol.SetEEToKCommand),
}
SIZE: int = protocol.UDPCommand.STRUCT.size


def decoded(raw: bytes) -> Order:
    """A command of one millisecond."""
    found = protocol.UDPCommand.from_bytes(raw)
    return Order(
        found.message_id,
        np.array(found.q_c),
        np.array(found.dq_c),
        np.reshape(found.O_T_EE_c, (4, 4)).T,
        np.array(found.O_dP_EE_c),
        np.array(found.tau_J_d),
        found.elbow_c[0] if found.valid_elbow else None,
        found.motion_generation_finished or found.torque_command_finished,
    )


def thresholds(command: Any, phase: str) -> tuple[list[float], ...]:
    """Lower and upper torques, lower and upper forces that a client set for phases with or without acceleration."""
    sides = [(kind, side) for kind in ("torque", "force") for side in ("lower", "upper")]
    return tuple(getattr(command, f"{side}_{kind}_thresholds_{phase}") for kind, side in sides)
