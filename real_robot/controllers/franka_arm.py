"""The body of the simulated FR3: the MuJoCo arm and hand of franky-sim, its servos, and a push from outside.

franky-sim (1.0.4) gives the dynamics, the kinematics and the hand. Its own position control lags 0.1 s behind and it
knows no force from outside, so both are done here. There is no gravity in this world, because the real controller
compensates it (vendor documentation); so the reported joint torques are without it.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from real_robot.controllers.franka_limits import TORQUE, Seven, Touch
from real_robot.controllers.franka_motion import Mover, Pose
from real_robot.controllers.franka_state import State

mujoco: Any = import_module("mujoco")
simulators: Any = import_module("franky_sim.mujoco_simulator")

START = (0.0, 0.0, 0.0, -1.57, 0.0, 1.57, 0.785)
BANDWIDTH = 100.0
"""Of the joints' servos [rad/s], critically damped. Assumed: the real ones are not public."""
SET_BY_CLIENT = ("F_T_EE", "EE_T_K", "F_T_NE", "NE_T_EE", "m_ee", "I_ee", "m_load", "I_load", "F_x_Cload")


class Arm:
    """One arm in its own little world; `follow` or `turn` moves it on by a millisecond."""

    def __init__(self, start: Sequence[float] = START) -> None:
        self.sim = simulators.MujocoSimulator(gravity=(0.0, 0.0, 0.0))
        self.robot = self.sim.add_robot(initial_q=tuple(start))
        self.sim.init()
        self.sim.start()
        model, self._data = self.sim.model, self.sim.data
        joints = [mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_JOINT, f"robot0_fr3_joint{i}") for i in range(1, 8)]
        self._place, self._speed = model.jnt_qposadr[joints], model.jnt_dofadr[joints]
        self._model, self._wanted, self._needed = model, np.zeros(model.nv), np.zeros(model.nv)
        self.force, self.torque, self._applied = np.zeros(3), np.zeros(7), np.zeros(7)
        self.state = State()
        self._read()
        self.configured()

    def _read(self) -> None:
        self.q: Seven = self._data.qpos[self._place]
        self.qd: Seven = self._data.qvel[self._speed]
        self.qdd: Seven = self._data.qacc[self._speed]
        self.tool: Pose = self.forward(self.q)

    def forward(self, q: Seven) -> Pose:
        """The tool's pose at q."""
        return self.robot.kinematics(q).homogeneous.copy()

    def jacobian(self, q: Seven) -> np.ndarray:
        """d(tool position, tool rotation) / dq at q, in the base's axes."""
        return self.robot.d_kinematics(q, np.eye(7))

    def configured(self) -> None:
        """The client set a load or a frame: let franky-sim say what the state's constant fields are now."""
        self.robot.torque_control(self._applied)
        self.robot._post_step()
        theirs = self.robot.state
        self.state.put(**{name: getattr(theirs, name) for name in SET_BY_CLIENT}, F_x_Cee=theirs.F_x_Cee[:3])
        self.tool = self.forward(self.q)

    def push(self, force: np.ndarray) -> None:
        """From now on this force [N], in the base's axes, acts on the tool's point."""
        self.force = force
        self.torque = self.jacobian(self.q)[:3].T @ force if force.any() else np.zeros(7)

    def follow(self, mover: Mover) -> None:
        """One millisecond of the servos towards the reference."""
        w = BANDWIDTH
        self._wanted[self._speed] = mover.qdd + 2 * w * (mover.qd - self.qd) + w * w * (mover.q - self.q)
        mujoco.mj_mulM(self._model, self._data, self._needed, self._wanted)
        self.turn(self._needed[self._speed])

    def turn(self, torque: Seven) -> None:
        """One millisecond under these torques [Nm]."""
        self._applied = np.minimum(np.maximum(torque, -TORQUE), TORQUE)
        self._data.qfrc_applied[self._speed] = self._applied + self.torque
        self.robot._pre_step()
        mujoco.mj_step(self._model, self._data)
        self._read()

    def report(self, mover: Mover, touch: Touch) -> State:
        """What the client is told.

        The force is what the robot does to the world (as franky documents it), in the base's axes and in those of the
        stiffness frame, at whose origin it acts.
        """
        state, q = self.state, self.q
        state.pose("O_T_EE", value=self.tool)
        state.pose("O_T_EE_d", "O_T_EE_c", value=mover.pose)
        elbow = (mover.q[2] if mover.elbow is None else mover.elbow, 1.0 if mover.q[3] > 0.0 else -1.0)
        state.put(
            q=q, theta=q, dq=self.qd, dtheta=self.qd, q_d=mover.q, dq_d=mover.qd, ddq_d=mover.qdd,
            tau_J=self._applied, tau_J_d=mover.torque, O_dP_EE_d=mover.twist, O_dP_EE_c=mover.twist,
            O_ddP_EE_c=mover.twisting, elbow=(q[2], 1.0 if q[3] > 0.0 else -1.0), elbow_d=elbow, elbow_c=elbow,
            delbow_c=(mover.qd[2], 0.0), ddelbow_c=(mover.qdd[2], 0.0),
        )  # fmt: skip
        if self.force.any() or state["O_F_ext_hat_K"].any():
            turn = self.tool[:3, :3] @ np.reshape(state["EE_T_K"], (4, 4)).T[:3, :3]
            state.put(
                tau_ext_hat_filtered=self.torque,
                O_F_ext_hat_K=(*-self.force, 0.0, 0.0, 0.0),
                K_F_ext_hat_K=(*(turn.T @ -self.force), 0.0, 0.0, 0.0),
                joint_contact=touch.joint_contact,
                cartesian_contact=touch.cartesian_contact,
                joint_collision=touch.joint_collision,
                cartesian_collision=touch.cartesian_collision,
            )
        return state

    def close(self) -> None:
        """Let the world go."""
        self.sim.cleanup()
