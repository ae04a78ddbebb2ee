"""The physics of dressing: what moves in a control step, a gripper that yields above a force, and what is felt."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float

from envs.dressing.engine import mujoco
from envs.dressing.garment import Cloth, Mesh, cloth
from envs.dressing.model import LIMBS, SUBSTEPS, TIMESTEP, hold, written
from envs.dressing.scene import LEVELS, Scene

VISCOSITY = 100.0
"""Above its limit the gripper gives way at so many newtons per metre per second."""

MEMORY = 0.3
"""Weight of the newest reading in the smoothed force on the gripper."""

SETTLE = 8
"""Control steps from the mesh at rest to the first observation."""

LOW, HIGH = np.array([-0.6, -1.4, 0.3]), np.array([1.4, 0.6, 1.7])
"""The gripper's workspace [m]."""

EDGES = 4
"""Of a contact's friction pyramid, in three dimensions."""

STATE = mujoco.mjtState.mjSTATE_INTEGRATION


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that the physics goes on from."""

    physics: Float[np.ndarray, " n"]
    position: Float[np.ndarray, " 3"]
    rotation: Float[np.ndarray, "3 3"]
    pull: Float[np.ndarray, " 3"]
    force: Float[np.ndarray, " 3"]


class Simulation:
    """One scene. Positions [m] in the person's frame, forces [N], time in control steps of 1 / HZ s."""

    def __init__(self, scene: Scene, mesh: Mesh = "coarse") -> None:
        self.scene = scene
        self.limit = LEVELS[scene.level].force
        self.cloth: Cloth = cloth(scene.garment, mesh)
        joints = scene.person.joints()
        self.position, self.rotation = start(scene, joints)
        self.model = mujoco.MjModel.from_xml_string(written(scene, self.cloth, self.position, self.rotation))
        self.data = mujoco.MjData(self.model)
        limbs = [self.model.body(name).id for name in LIMBS]
        self._arm = np.isin(self.model.geom_bodyid, limbs)
        self._limbs = [int(self.model.body_mocapid[i]) for i in limbs]
        self._grip = int(self.model.body_mocapid[self.model.body("gripper").id])
        self.pull = np.zeros(3)
        self.force = np.zeros(3)
        self._rest = joints
        self._place()
        for _ in range(SETTLE):
            self.advance(np.zeros(3), np.zeros(3))

    @property
    def time(self) -> float:
        """Simulated seconds since the scene was built."""
        return float(self.data.time)

    @property
    def vertices(self) -> Float[np.ndarray, "v 3"]:
        """Of the cloth."""
        return self.data.flexvert_xpos

    @property
    def opening(self) -> Float[np.ndarray, "n 3"]:
        """The armhole's rim, in order."""
        return self.data.flexvert_xpos[: self.cloth.around]

    @property
    def rings(self) -> Float[np.ndarray, "r n 3"]:
        """The cloth's vertices ring by ring, from the armhole on."""
        return self.vertices.reshape(-1, self.cloth.around, 3)

    @property
    def joints(self) -> Float[np.ndarray, "4 3"]:
        """Fingertip, wrist, elbow and shoulder now."""
        return self._joints(self.time)

    def advance(self, move: Float[np.ndarray, " 3"], turn: Float[np.ndarray, " 3"]) -> None:
        """One control step: the gripper moves [m] and turns (axis times angle [rad]), and yields where it must.

        Afterwards `force` is the mean contact force on the arm over the step, `pull` the smoothed force of the cloth
        on the gripper.
        """
        small, still = rotation_of(turn / SUBSTEPS), self.scene.sway[:2] == (0.0, 0.0)
        total = np.zeros(3)
        for _ in range(SUBSTEPS):
            self.rotation = orthonormal(small @ self.rotation)
            self.position = np.clip(self.position + move / SUBSTEPS + self._yielding(), LOW, HIGH)
            self._place(still=still)
            mujoco.mj_step(self.model, self.data)
            self.pull = self.pull + MEMORY * (self._held() - self.pull)
            total += self.contact()
        self.force = total / SUBSTEPS
        self._look()

    def _look(self) -> None:
        """Bring what can be seen up to the state: a step leaves positions where they were before it."""
        self._place()
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_flex(self.model, self.data)

    def _yielding(self) -> Float[np.ndarray, " 3"]:
        size = norm(self.pull)
        if size <= self.limit:
            return np.zeros(3)
        return self.pull * (1 - self.limit / size) / VISCOSITY * TIMESTEP

    def _held(self) -> Float[np.ndarray, " 3"]:
        """Force of the cloth on the gripper, of the constraints that hold it: the first rows there are."""
        rows = self.data.efc_force[: 3 * len(self.cloth.gripped)]
        return rows.reshape(-1, 3).sum(0)

    def contact(self, *, arm: bool = True) -> Float[np.ndarray, " 3"]:
        """Sum of the contact forces of the cloth on the arm, or on the rest of the body.

        What `mj_contactForce` says of each, for all at once: a pyramid's edges add up to the normal force, and the
        difference of two opposite ones is a tangential force divided by the friction.
        """
        contacts = self.data.contact
        if not len(contacts.geom):
            return np.zeros(3)
        geom = contacts.geom.max(1)  # the other one is no geom but the cloth
        rows = contacts.efc_address
        counted = np.flatnonzero((self._arm[geom] == arm) & (rows >= 0))
        edges = self.data.efc_force[rows[counted, None] + np.arange(EDGES)].reshape(-1, EDGES // 2, 2)
        sides = (edges[..., 0] - edges[..., 1]) * contacts.friction[counted, : EDGES // 2]
        local = np.concatenate([edges.sum((1, 2))[:, None], sides], axis=1)
        way = np.where(contacts.geom[counted, 1] >= 0, 1.0, -1.0)  # from the first of the two to the second
        return np.einsum("c,ci,cik->k", way, local, contacts.frame[counted].reshape(-1, 3, 3))

    def _joints(self, time: float) -> Float[np.ndarray, "4 3"]:
        lift, turn, period = self.scene.sway
        if not (lift or turn):
            return self._rest
        phase = np.sin(2 * np.pi * time / period)
        return self.scene.person.joints(lift * phase, turn * phase)

    def _place(self, *, still: bool = False) -> None:
        """Bring the gripper to where it shall be, and the arm unless it is there already."""
        data = self.data
        data.mocap_pos[self._grip] = self.position
        mujoco.mju_mat2Quat(data.mocap_quat[self._grip], self.rotation.ravel())
        if still:
            return
        joints = self._joints(self.time)
        for number, body_id in enumerate(self._limbs):
            data.mocap_pos[body_id] = (joints[number] + joints[number + 1]) / 2
            mujoco.mju_quatZ2Vec(data.mocap_quat[body_id], joints[number + 1] - joints[number])

    def snapshot(self) -> Snapshot:
        """This moment, to return to."""
        state = np.empty(mujoco.mj_stateSize(self.model, STATE))
        mujoco.mj_getState(self.model, self.data, state, STATE)
        return Snapshot(state, *(x.copy() for x in (self.position, self.rotation, self.pull, self.force)))

    def restore(self, moment: Snapshot) -> None:
        """Return to a moment of this scene; the same actions then lead to the same bits."""
        mujoco.mj_setState(self.model, self.data, moment.physics, STATE)
        self.position, self.rotation = moment.position.copy(), moment.rotation.copy()
        self.pull, self.force = moment.pull.copy(), moment.force.copy()
        self._look()


def start(scene: Scene, joints: Float[np.ndarray, "4 3"]) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, "3 3"]]:
    """The gripper's pose before the first action: the opening faces the fingertips, held at its top."""
    tip, wrist = joints[0], joints[1]
    rotation = facing(tip - wrist)
    middle = tip + scene.start * rotation[:, 0] + rotation[:, 1:] @ np.array(scene.aside)
    return middle + rotation @ np.array([0, *hold(scene)]), rotation


def facing(trail: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """The gripper's orientation when the sleeve trails in that direction: x along it, z as far up as can be."""
    x = trail / np.linalg.norm(trail)
    y = np.cross([0.0, 0.0, 1.0], x)
    y /= np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)], axis=1)


def rotation_of(turn: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation about an axis by its length [rad] (Rodrigues)."""
    angle = float(np.linalg.norm(turn))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = turn / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def turn_of(rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, " 3"]:
    """The inverse of `rotation_of`, for angles up to pi."""
    quaternion, turn = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(rotation).ravel())
    mujoco.mju_quat2Vel(turn, quaternion, 1.0)
    return turn


def orthonormal(rotation: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """The same without the rounding that many products leave (Gram-Schmidt)."""
    x = rotation[:, 0] / norm(rotation[:, 0])
    y = rotation[:, 1] - x * (x @ rotation[:, 1])
    y /= norm(y)
    a, b, c = x.tolist()
    d, e, f = y.tolist()
    return np.array([[a, d, b * f - c * e], [b, e, c * d - a * f], [c, f, a * e - b * d]])


def norm(vector: Float[np.ndarray, " n"]) -> float:
    """Its length, at a fraction of numpy's overhead."""
    return sqrt(float(vector @ vector))
