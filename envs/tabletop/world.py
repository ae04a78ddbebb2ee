"""The physics: a robot, things on a table, suction; it moves only when told to and remembers nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from envs.tabletop import robot
from envs.tabletop.client import Client, pybullet
from envs.tabletop.goals import State
from envs.tabletop.scene import PALETTE, Thing
from envs.tabletop.shapes import BLOCK, EDGES, REST_HEIGHT, SHAPES, table

PHYSICS_HZ = 120
LOW, HIGH = np.array([0.34, -0.22, 0.012]), np.array([0.66, 0.22, 0.3])
LOW_LOADED = np.array([LOW[0], LOW[1], BLOCK + 0.001])
WIDE_LOW, WIDE_HIGH = np.array([0.25, -0.44, 0.012]), np.array([0.68, 0.44, 0.6])
"""Where the tip may be sent [m, base frame], on the small table (with a block hanging from it) and on the wide one."""

GRIP_RADIUS, GRIP_DROP = 0.025, (0.01, 0.045)
"""Suction takes a block whose centre is within this of the tip, sideways and below [m]."""

PALE = 0.4
"""How much white is mixed into the colour of a bowl or zone."""

ZERO = (0.0, 0.0, 0.0)

SLOW = (0.01, 0.1)
"""Below these speeds [m/s, rad/s] a thing that may sleep lies still."""

FINE, COARSE = 50, 12
"""Iterations of the contact solver: what towers need, and what an arm needs that touches nothing."""

DEEP, LIGHT = 1e3, 0.05
"""How much a sleeping thing must move to wake up (squares of m/s and rad/s, added)."""

ASLEEP = pybullet.ACTIVATION_STATE_ENABLE_SLEEPING | pybullet.ACTIVATION_STATE_SLEEP
AWAKE = pybullet.ACTIVATION_STATE_ENABLE_SLEEPING | pybullet.ACTIVATION_STATE_WAKE_UP
FALLING_ASLEEP = 3
"""Physics steps until it does."""

AWAY = 20.0
"""Where things wait that a scene does not need [m]."""

LAMP_OFF, LAMP_ON = (0.2, 0.2, 0.22, 1), (0.95, 0.95, 0.2, 1)


@dataclass(frozen=True)
class Grip:
    """What is held (index of the thing) and where it hangs in the frame of the tip: position [m], quaternion xyzw."""

    thing: int
    position: tuple[float, float, float]
    turn: tuple[float, float, float, float]


def shade(thing: Thing) -> tuple[float, ...]:
    """The red, green and blue that a thing is painted in."""
    pale = 0.0 if thing.kind in EDGES else PALE  # so that a block shows in a place of its own colour
    return tuple((pale + (1 - pale) * np.array(PALETTE[thing.colour])).tolist())


def painted(bullet: Client, shades: Mapping[int, tuple[float, ...]]) -> None:
    """Give every body its colour."""
    for body, colour in shades.items():
        bullet.changeVisualShape(body, -1, rgbaColor=(*colour, 1))


Pose = tuple[tuple[float, ...], tuple[float, ...]]
"""Position [m] and quaternion xyzw; or linear [m/s] and angular [rad/s] velocity."""


def slow(velocity: Pose) -> bool:
    """Whether a thing lies as good as still."""
    return all(max(map(abs, part)) < limit for part, limit in zip(velocity, SLOW, strict=True))


@dataclass(frozen=True)
class Snapshot:
    """The whole state of a world, as plain numbers: good for every world with the same kinds of things."""

    poses: tuple[Pose, ...]
    velocities: tuple[Pose, ...]
    joints: tuple[tuple[float, float], ...]
    grip: Grip | None
    yaw: float


class World:
    """Kinds of things are given once; scenes then place and paint them, which is faster than loading and leaks nothing.

    Bullet remembers more than it tells (contacts, separating axes), so that neither its resets nor its saved states
    repeat to the bit. `refresh`, called between actions, makes it forget all of that: what remains is a `Snapshot`.

    A world of many things lets them sleep: what lies still after a `refresh` costs nothing until something touches it.
    A scene may have fewer things than the world has; the rest wait far away.
    """

    def __init__(self, kinds: Sequence[str], *, wide: bool = False, sleeps: bool = False) -> None:
        self.every, self.sleeps = tuple(kinds), sleeps
        self.low, self.high = (WIDE_LOW, WIDE_HIGH) if wide else (LOW, HIGH)
        self.bullet = bullet = Client()
        bullet.setGravity(0, 0, -9.8)
        bullet.setPhysicsEngineParameter(
            fixedTimeStep=1 / PHYSICS_HZ, numSolverIterations=FINE, deterministicOverlappingPairs=1
        )
        table(bullet, wide)
        self.arm, self.tool, self.lamp = robot.load(bullet)
        for link in range(-1, self.tool):  # only the stick touches things
            bullet.setCollisionFilterGroupMask(self.arm, link, 0, 0)
        self.pool = tuple(SHAPES[kind](bullet) for kind in self.every)
        self.grip: Grip | None = None
        self.constraint, self.yaw, self.lit = -1, 0.0, False
        self.shades: dict[int, tuple[float, ...]] = {}
        self.drowsy = 0
        self.use(self.every)
        self.present = self.measured()

    def use(self, kinds: Sequence[str]) -> None:
        """From now on there are these things, each the first that is free of its kind; the rest wait far away."""
        free = {kind: [b for b, k in zip(self.pool, self.every, strict=True) if k == kind] for kind in set(self.every)}
        if any(kinds.count(kind) > len(free.get(kind, ())) for kind in set(kinds)):
            raise ValueError(f"this world has {self.every}, the scene {tuple(kinds)}")
        self.kinds = tuple(kinds)
        self.bodies = tuple(free[kind].pop(0) for kind in kinds)
        blocks = (body for body, kind in zip(self.bodies, self.kinds, strict=True) if kind in EDGES)
        self.moving = ((self.arm, self.tool), *((body, -1) for body in blocks))
        for i, body in enumerate(body for kind in free for body in free[kind]):
            self.bullet.setCollisionFilterGroupMask(body, -1, 0, 0)
            self.bullet.resetBasePositionAndOrientation(body, (-AWAY, i, -AWAY), (0, 0, 0, 1))
            self.bullet.resetBaseVelocity(body, ZERO, ZERO)
            self.sleep(body)

    def exact(self, fine: bool) -> None:
        """Solve for towers, or only for an arm in the air."""
        self.bullet.setPhysicsEngineParameter(numSolverIterations=FINE if fine else COARSE)

    def sleep(self, body: int) -> None:
        """Leave a thing where it is until something touches it; one that was held must be allowed to again."""
        self.bullet.changeDynamics(body, -1, activationState=ASLEEP, sleepThreshold=DEEP)

    def arrange(self, things: Sequence[Thing]) -> None:
        """Empty hand, arm at home, things placed and painted, everything at rest."""
        self.use(tuple(thing.kind for thing in things))
        home = robot.joints(*robot.HOME)
        turns = [tuple(self.bullet.getQuaternionFromEuler([0, 0, thing.yaw])) for thing in things]
        poses = tuple(((t.x, t.y, REST_HEIGHT[t.kind] + t.z), turn) for t, turn in zip(things, turns, strict=True))
        still = tuple((ZERO, ZERO) for _ in things)
        self.restore(Snapshot(poses, still, tuple((angle, 0.0) for angle in home), None, 0.0))
        self.paint(things)
        self.hold(home, PHYSICS_HZ // 10)
        self.refresh()

    def paint(self, things: Sequence[Thing]) -> None:
        """Give every thing its colour."""
        self.shades = dict(zip(self.bodies, map(shade, things), strict=True))
        painted(self.bullet, self.shades)

    def state(self) -> State:
        """What goals and observations are made of."""
        position = np.array([self.bullet.getBasePositionAndOrientation(body)[0] for body in self.bodies])
        velocity = np.array([self.bullet.getBaseVelocity(body)[0] for body in self.bodies])
        speed = np.linalg.norm(velocity, axis=1)
        return State(self.tip(), position, speed, -1 if self.grip is None else self.grip.thing)

    def tip(self) -> Float[np.ndarray, " 3"]:
        """Position of the tip [m, base frame]."""
        return np.array(self.bullet.getLinkState(self.arm, self.tool, computeForwardKinematics=1)[4])

    def hold(self, angles: Sequence[float], steps: int) -> None:
        """Drive the joints to these angles [rad] for so many physics steps."""
        self.bullet.setJointMotorControlArray(
            self.arm,
            list(robot.JOINTS),
            self.bullet.POSITION_CONTROL,
            targetPositions=angles,
            positionGains=[0.25] * 7,
            forces=robot.FORCE,
        )
        for _ in range(steps):
            self.bullet.stepSimulation()
            if self.drowsy:
                self.drowsy -= 1
                if not self.drowsy:
                    self.deepen(LIGHT)

    def move(self, target: Float[np.ndarray, " 3"], steps: int, yaw: float = 0.0) -> None:
        """Drive the tip towards a position [m], clipped to where it may be, for so many physics steps."""
        self.yaw = yaw
        low = self.low if self.grip is None else np.array([*self.low[:2], self.edge(self.grip.thing) + 0.001])
        x, y, z = np.clip(target, low, self.high)
        self.hold(robot.joints(x, y, z, yaw), steps)

    def edge(self, thing: int) -> float:
        """Edge of a block [m]."""
        return EDGES[self.kinds[thing]]

    def suck(self) -> bool:
        """Take the nearest block under the tip, if there is one; true if something is held afterwards."""
        if self.grip is not None:
            return True
        tip, best = self.tip(), GRIP_RADIUS
        for thing, (kind, body) in enumerate(zip(self.kinds, self.bodies, strict=True)):
            if kind not in EDGES:
                continue
            centre, turn = self.bullet.getBasePositionAndOrientation(body)
            aside = float(np.hypot(*(tip[:2] - centre[:2])))
            if aside < best and GRIP_DROP[0] < tip[2] - centre[2] < GRIP_DROP[1]:
                best = aside
                self.grip = self.hanging(thing, centre, turn)
        if self.grip is not None:
            self.attach(self.grip)
        return self.grip is not None

    def hanging(self, thing: int, centre: Any, turn: Any) -> Grip:
        """How a block hangs once the suction has pulled its top against the tip."""
        link = self.bullet.getLinkState(self.arm, self.tool, computeForwardKinematics=1)
        inverse = self.bullet.invertTransform(link[4], link[5])
        position, turned = self.bullet.multiplyTransforms(*inverse, centre, turn)
        return Grip(thing, (position[0], position[1], self.edge(thing) / 2 + 0.001), turned)

    def attach(self, grip: Grip) -> None:
        """Fix the thing to the tip."""
        self.constraint = self.bullet.createConstraint(
            self.arm,
            self.tool,
            self.bodies[grip.thing],
            -1,
            self.bullet.JOINT_FIXED,
            [0, 0, 0],
            grip.position,
            [0, 0, 0],
            grip.turn,
        )
        self.bullet.changeConstraint(self.constraint, maxForce=50)

    def release(self) -> None:
        """Let go of whatever is held."""
        if self.constraint >= 0:
            self.bullet.removeConstraint(self.constraint)
        self.constraint, self.grip = -1, None

    def held_touches(self) -> bool:
        """True when what is held, if anything, rests against something other than the robot."""
        if self.grip is None:
            return False
        points = self.bullet.getContactPoints(bodyA=self.bodies[self.grip.thing])
        return any(point[2] != self.arm and point[8] < 0.001 for point in points)

    def snapshot(self) -> Snapshot:
        """The world as it was left by the last `refresh`, `restore` or `arrange`."""
        return self.present

    def measured(self) -> Snapshot:
        """The world as the physics has it now."""
        bullet = self.bullet
        joints = (bullet.getJointState(self.arm, joint)[:2] for joint in robot.JOINTS)
        return Snapshot(
            tuple(bullet.getBasePositionAndOrientation(body) for body in self.bodies),
            tuple(map(self.velocity, self.bodies)),
            tuple((angle, speed) for angle, speed in joints),
            self.grip,
            self.yaw,
        )

    def velocity(self, body: int) -> Pose:
        """How a thing moves [m/s, rad/s]; one that may sleep and hardly moves does not move."""
        velocity = self.bullet.getBaseVelocity(body)
        return (ZERO, ZERO) if self.sleeps and slow(velocity) else velocity

    @property
    def quiet(self) -> bool:
        """Nothing moves but what is held."""
        held = None if self.grip is None else self.bodies[self.grip.thing]
        return all(slow(self.bullet.getBaseVelocity(body)) for body, _ in self.moving[1:] if body != held)

    @property
    def stacked(self) -> bool:
        """Some block stands on another, or moves above the table."""
        held = None if self.grip is None else self.bodies[self.grip.thing]
        heights = (
            self.bullet.getBasePositionAndOrientation(body)[0][2] - REST_HEIGHT[kind]
            for body, kind in zip(self.bodies, self.kinds, strict=True)
            if kind in EDGES and body != held
        )
        return any(height > BLOCK / 4 for height in heights)

    def restore(self, snapshot: Snapshot) -> None:
        """Forget everything and continue from that moment."""
        self.release()
        self.put(snapshot)
        if self.sleeps:
            self.lull(snapshot)  # twice, so that what was awake before and what was not are alike
            for _ in range(FALLING_ASLEEP):
                self.bullet.stepSimulation()
            self.put(snapshot)
            self.lull(snapshot)
            self.drowsy = FALLING_ASLEEP
        self.grip, self.yaw = snapshot.grip, snapshot.yaw
        if self.grip is not None:
            self.attach(self.grip)
        self.present = snapshot
        self.light(self.grip is not None)

    def put(self, snapshot: Snapshot) -> None:
        """Everything where it was, and as fast, without its contacts."""
        bullet = self.bullet
        for body, link in self.moving:
            bullet.setCollisionFilterGroupMask(body, link, 1, -1)  # enters the broad phase anew
        for body, pose, velocity in zip(self.bodies, snapshot.poses, snapshot.velocities, strict=True):
            bullet.resetBasePositionAndOrientation(body, *pose)
            bullet.resetBaseVelocity(body, *velocity)
        for joint, (angle, speed) in zip(robot.JOINTS, snapshot.joints, strict=True):
            bullet.resetJointState(self.arm, joint, angle, speed)

    def lull(self, snapshot: Snapshot) -> None:
        """Let sleep what lies still and wake what does not.

        Bullet takes some steps to notice, in which contacts alone would wake a tower: so long it sleeps deeply.
        """
        for body, velocity, kind in zip(self.bodies, snapshot.velocities, self.kinds, strict=True):
            if kind in EDGES and velocity == (ZERO, ZERO):
                self.sleep(body)
            elif kind in EDGES:
                self.bullet.changeDynamics(body, -1, activationState=AWAKE, sleepThreshold=LIGHT)

    def deepen(self, threshold: float) -> None:
        """How much everything must move to wake up."""
        for body, _ in self.moving[1:]:
            self.bullet.changeDynamics(body, -1, sleepThreshold=threshold)

    def light(self, on: bool) -> None:
        """Switch the lamp that shows that something is held."""
        if on != self.lit:
            self.bullet.changeVisualShape(self.arm, self.lamp, rgbaColor=LAMP_ON if on else LAMP_OFF)
            self.lit = on

    def refresh(self) -> None:
        """Continue from here with nothing remembered but what a snapshot holds."""
        self.restore(self.measured())

    def close(self) -> None:
        """Give the physics client back."""
        self.bullet.close()
