"""What is set and looked at when a Franka is connected: tool, load, thresholds, model, where it says that its tool is.

The rules of the arm's own safety system (Watchman, in Desk) cannot be read over this interface, which is said.
"""

from importlib import metadata
from typing import Any

import numpy as np

from real_robot import franka_faults as faults
from real_robot.description import Description
from real_robot.franka_client import Client, realtime_kernel
from real_robot.franka_options import Options
from real_robot.kinematics import Pose
from real_robot.robot import Check, RobotFault

CLIENT = "2.0.0"
NEAR, FAR = 0.002, 0.02
"""Our kinematics may differ from the arm's by so much [m]: beyond the first is a warning, beyond the second refused."""
AT_REST = 5.0
"""More force than this at rest means a wrong load [N]."""
ROUND = 0.03
"""A load's inertia is that of a ball of this radius [m]."""


class Refused(RuntimeError):
    """The controller does not take a setting."""


def matrix(affine: Any) -> Pose:
    """A pose of the client as a matrix."""
    return np.asarray(affine.matrix, np.float64)


def configure(client: Client, description: Description, options: Options) -> list[Check]:
    """Set tool, load, thresholds and stiffness; Refused says what was not taken. Only while nothing moves."""
    robot, state = client.robot, client.state
    mass, centre = load(description, float(state.m_ee), np.asarray(state.F_x_Cee, np.float64))
    inertia = (0.4 * mass * ROUND**2 * np.eye(3)).ravel().tolist()
    tool, before = description.tool.pose, matrix(state.F_T_EE)
    tip = np.linalg.inv(matrix(state.F_T_NE)) @ tool
    force = options.collision_force
    torques, forces = [options.collision_torque] * 7, [force] * 3 + [force / 10] * 3
    steps: list[tuple[str, Any]] = [
        ("the tool's point", lambda: robot.set_ee(tip.T.ravel().tolist())),
        ("the frame of forces", lambda: robot.set_k(np.eye(4).ravel().tolist())),
        ("the collision thresholds", lambda: robot.set_collision_behavior(torques, forces)),
    ]
    if description.tool.mass:
        steps.append(("the load", lambda: robot.set_load(mass, centre.tolist(), inertia)))
    if options.stiffness is not None:
        steps.append(("the stiffness", lambda: robot.set_joint_impedance(list(options.stiffness or ()))))
    for name, act in steps:
        try:
            act()
        except Exception as error:  # the client's classes share no base but this
            fault = faults.of_error(error)
            if fault.name == "link":
                raise RobotFault(fault) from error
            raise Refused(f"the controller does not take {name}: {fault.text}") from error
    moved = 1000 * float(np.linalg.norm(before[:3, 3] - tool[:3, 3]))
    xyz = ", ".join(f"{x:.4f}" for x in tool[:3, 3])
    told = f"set to ({xyz}) m of the flange, as the file says" + (f"; Desk had it {moved:.0f} mm off" * (moved > 1))
    found = [Check("tool point", "ok", told)]
    found.append(
        Check("load", "ok", f"set to {mass:.3f} kg beside the {state.m_ee:.3f} kg of Desk's end effector")
        if description.tool.mass
        else Check("load", "warn", f"the file names no tool.mass; left as it is, {state.m_total:.3f} kg with all")
    )
    low = force < description.force.stop
    text = f"set to {force:g} N and {options.collision_torque:g} Nm" + ("; the reflex comes before force.stop" * low)
    found.append(Check("collision thresholds", "warn" if low else "ok", text))
    return found


def load(description: Description, fixed: float, fixed_at: np.ndarray) -> tuple[float, np.ndarray]:
    """What must be added to Desk's end effector for the file's tool: mass [kg] and its centre [m]; Refused."""
    tool = description.tool
    mass = tool.mass - fixed
    if tool.mass == 0 or abs(mass) < 0.01:
        return 0.0, np.zeros(3)
    if mass < 0:
        text = f"tool.mass is {tool.mass:g} kg, but Desk's end effector alone is {fixed:.2f} kg"
        raise Refused(f"{text}: say the mass of all that the flange carries, or mend the end effector in Desk")
    centre = (tool.mass * np.array(tool.centre) - fixed * fixed_at) / mass
    if np.linalg.norm(centre) > 0.5:
        at = ", ".join(f"{x:.2f}" for x in centre)
        raise Refused(f"tool.mass and tool.centre would want {mass:.2f} kg at ({at}) m beside Desk's end effector")
    return mass, centre


def looked_at(client: Client, description: Description) -> list[Check]:
    """What is there and cannot be set; nothing is changed."""
    state = client.state
    found = []
    version = metadata.version("franky-control")
    known = version == CLIENT
    text = f"franky-control {version}, which the controller takes" + f"; tested with {CLIENT}" * (not known)
    found.append(Check("client", "ok" if known else "warn", text))
    name = client.robot.model_urdf.partition('name="')[2].partition('"')[0]
    same = name.startswith(description.model)
    text = f"the controller says {name!r}, the file {description.model!r}"
    found.append(Check("model", "ok" if same else "refuse", text))
    if not realtime_kernel():
        text = "this kernel is no realtime one: expect communication_constraints_violation when it is busy"
        found.append(Check("realtime", "warn", text))
    found.append(_pose(client, description))
    fault = faults.of_state(state)
    if fault is not None:
        found.append(Check("state", "refuse", f"{fault}; see to it, then acknowledge"))
    elif state.robot_mode.name != "Idle":
        text = f"the arm is in mode {state.robot_mode.name}; lock nothing, leave guiding, and activate FCI in Desk"
        found.append(Check("state", "refuse", text))
    found.append(Check("rest", *_rest(state)))
    text = "Desk's own safety rules (Watchman: speed, space, enabling device) cannot be read from here; look at them"
    found.append(Check("vendor safety", "warn", text))
    return found


def _rest(state: Any) -> tuple[str, str]:
    force = float(np.linalg.norm(state.O_F_ext_hat_K[:3]))
    if force <= AT_REST:
        return "ok", f"{force:.1f} N seem to act at rest"
    return "warn", f"{force:.1f} N seem to act at rest: is the load right, and does nothing touch the arm?"


def _pose(client: Client, description: Description) -> Check:
    state = client.state
    ours = description.arm.chain.pose(np.asarray(state.q, np.float64), matrix(state.F_T_EE))
    off = float(np.linalg.norm(ours[:3, 3] - matrix(state.O_T_EE)[:3, 3]))
    level = "ok" if off <= NEAR else "warn" if off <= FAR else "refuse"
    return Check("kinematics", level, f"ours and the arm's differ by {1000 * off:.1f} mm at the tool")
