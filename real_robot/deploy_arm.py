"""An arm that takes a policy's actions: steered into joint targets, seen through its twin or its own cameras.

It is a `Robot`: `send` steers and tells the policy's action that was really sent; `read` gives what the policy is to
see, and in `info['action']` what was sent in the end where the governor was slower than was asked. At each start the
arm goes home, and to where its twin's hand begins, as motions within the limits.
"""

import time
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from jaxtyping import Float64

from embodied.spec import ArraySpec, Spec
from real_robot.actions import Actions, Steering, Target, solved
from real_robot.cameras import Cameras
from real_robot.description import Description
from real_robot.kinematics import rotation_vector
from real_robot.robot import Fault, Mode, Reading, Reason, RobotFault, Sent, Stop
from real_robot.sim import Acted
from real_robot.twin import FRAMES, Twin

AHEAD = 1.2
"""A goal is given so many periods, so that the next one comes while the arm still moves."""
LAG = 0.5
"""Of a full step: an arm that is farther behind its target has been slowed, and the target waits for it."""
LEASH = 2.0
"""Full steps that a target may be away from its twin's hand, along each axis."""
LEAD, CALM, TICK = 0.25, 0.4, 0.4
"""On the way to a start: how far goals are ahead [rad], how fast it wants to go [rad/s], how often one is sent [s]."""
ARRIVED, STANDING, START = 1e-3, 0.01, 30.0
"""There [rad], at rest [rad/s], and how long the way may take [s]."""
SAME = 1e-6
PATIENCE = 2.0
"""How long a first reading may take [s]."""


class Joints(Protocol):
    """What `real_robot.client.GovernedArm` offers: an arm in joint space behind its governor."""

    @property
    def mode(self) -> Mode: ...
    @property
    def fault(self) -> Fault | None: ...
    @property
    def status(self) -> Mapping[str, Any]: ...
    def open(self) -> None: ...
    def connect(self) -> tuple[Mapping[str, str], ...]: ...
    def start(self, seed: int | None = None) -> Reading: ...
    def read(self) -> Reading: ...
    def send_joints(self, q: Float64[np.ndarray, " n"], opening: float, seconds: float) -> Sent: ...
    def order(self, do: str) -> Mapping[str, Any]: ...
    def resume(self) -> None: ...
    def wait_still(self) -> None: ...
    def stop(self, kind: Stop = Stop.STOP, why: str = "") -> None: ...
    def acknowledge(self) -> None: ...
    def close(self) -> None: ...


class ArmRobot:
    """See the module. Nothing is opened before `start`, except for the twin's world, which is simulated."""

    clocked = True

    def __init__(self, robot: Description, arm: Joints, actions: Actions | None = None) -> None:
        self.robot, self.arm = robot, arm
        actions = actions or robot.actions or Actions()
        self.twin: Twin | None = None
        if robot.world is not None:
            if actions.kind != "tool deltas" or actions.turns or actions.grip is None or actions.frame != "world":
                raise ValueError(
                    f"robot {robot.id!r} has a twin, [world], whose actions are 'tool deltas' in the world's frame "
                    f"with a grip and without turns; [actions] says {actions.model_dump(exclude_defaults=True)}"
                )
            self.twin = Twin(robot.world, robot, actions.step)
        self.steering = Steering(actions, robot)
        self.cameras = Cameras(() if self.twin else robot.cameras)
        self.spec = self.twin.spec if self.twin else self._described(actions)
        self.extras: Mapping[str, ArraySpec] = {**arm_extras(robot), **(self.twin.extras if self.twin else {})}
        self.slow = 1.0
        """How many times as long as its period a step lasts."""
        self._before = self._target = self.steering.at(robot.home_q, self.steering.open)
        self._asked: np.ndarray | None = None
        self._grip, self._watching = -1.0, False
        self._seen: tuple[Mapping[str, np.ndarray], Mapping[str, Any]] = ({}, {})

    def _described(self, actions: Actions) -> Spec:
        tool = ArraySpec((6,), "float32", unit="m, rad")
        obs = {"joints": ArraySpec(self.robot.home_q.shape, "float32", unit="rad"), "tool": tool,
               "gripper": ArraySpec((1,), "float32", unit="m")}  # fmt: skip
        for camera in self.robot.cameras:
            obs[camera.name] = ArraySpec((camera.height, camera.width, 3), "uint8", 0, 255)
        return Spec(obs, self.steering.array, actions.hz, self.robot.model)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def mode(self) -> Mode:
        """As the governor says."""
        return self.arm.mode

    @property
    def holds_for(self) -> str:
        """Why the governor holds and waits for a person, such as a force; empty where it does not."""
        why = str(self.arm.status.get("why", "")) if self.arm.mode is Mode.HOLDING else ""
        return "" if why == Reason.NO_COMMAND else why

    @property
    def period(self) -> float:
        """Of a step [s]."""
        return self.slow / self.spec.hz

    # -- beginning ----------------------------------------------------------------------------------------------

    def start(self, seed: int | None = None) -> Reading:
        """Connect and arm, open the gripper, go home, and to where the twin's hand begins; an episode begins."""
        self._seen = self.twin.reset(seed) if self.twin else ({}, {})
        goal = self.begin_q()
        self.watch()
        self.arm.start(seed)
        self._go(self.robot.home_q)
        self._go(goal)
        self._before = self._target = self.steering.at(goal, self.steering.open)
        self._asked, self._grip, self.slow = None, -1.0, 1.0
        return self.read()

    def _go(self, goal: Float64[np.ndarray, " n"]) -> None:
        """To joints [rad] on a straight line; the gripper opens. RobotFault where it does not arrive.

        Each goal is a little ahead of what was sent, and comes while the arm moves: nothing is a jump, and a stop has
        no queue to wait for.
        """
        state = self.arm.read().state
        here = goal if state is None else state.q
        most = LEAD * min(1.0, self.robot.limits.jump / 0.35)
        until, told = time.monotonic() + START, set()
        while time.monotonic() < until:
            left = goal - here
            ahead = here + left * min(1.0, most / max(float(np.abs(left).max()), 1e-9))
            sent = self.arm.send_joints(ahead, self.steering.open, most / CALM)
            told |= set(sent.reasons) - {Reason.SPEED, Reason.NO_COMMAND, Reason.LATE}
            time.sleep(TICK)
            state, at = self.arm.read().state, self.arm.status.get("q")
            here = here if at is None else np.asarray(at, np.float64)
            standing = state is None or float(np.abs(state.qd).max()) < STANDING
            if np.abs(goal - here).max() < ARRIVED and standing:
                return
        why = ", ".join(sorted(told)) or "no reason was told"
        text = f"it cannot go to {np.round(goal, 3).tolist()} rad, where an episode begins: {why}"
        raise RobotFault(Fault("start", text))

    def watch(self) -> None:
        """Start the cameras; with a twin there are none."""
        if not self.twin and self.robot.cameras and not self._watching:
            self.cameras.start()
            self._watching = True

    def look(self) -> tuple[tuple[Mapping[str, str], ...], Reading]:
        """Connect and read, and nothing else: what was checked, and how the arm stands."""
        self.arm.open()
        checks = self.arm.connect()
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return checks, self.arm.read()
            except RobotFault:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def begin_q(self) -> Float64[np.ndarray, " n"]:
        """The joints that an episode begins with [rad]; ValueError where the twin's hand begins out of reach."""
        steer, home = self.steering, self.robot.home_q
        if self.twin is None:
            return home
        pose = steer.chain.pose(home, steer.tool)
        pose[:3, 3] = self.twin.start
        inside = (pose[:3, 3] >= steer.box[0]).all() and (pose[:3, 3] <= steer.box[1]).all()
        q = solved(steer.chain, steer.tool, home, pose, relax=0.0 * home) if inside else None
        if q is None or ((q < steer.low) | (q > steer.high)).any():
            frame = FRAMES[self.robot.kind]
            where = ", ".join(f"{x:.3f}" for x in pose[:3, 3])
            raise ValueError(
                f"the twin's hand begins at ({where}) m of the base, where the tool of {self.robot.id!r} cannot be; a "
                f"good place of the tabletop before this arm is [world] frame = {{ xyz = {list(frame['xyz'])}, "
                f"rotation = {list(np.round(frame['rotation'], 7))} }}"
            )
        return q

    # -- every step ---------------------------------------------------------------------------------------------

    def read(self) -> Reading:
        """What the policy sees now. The first read after a `send` moves the twin's hand to where the tool is."""
        reading = self.arm.read()
        state = reading.state
        if state is None:
            raise RobotFault(Fault("no reading", f"the arm {self.robot.id!r} tells nothing"))
        info: dict[str, Any] = {}
        if self._asked is not None:
            self._wait_for_arm()
            info["action"] = self.steering.inverse(self._before, self._target, self._asked)
        pose = self.steering.chain.pose(state.q, self.steering.tool)
        if self.twin:
            if self._asked is not None:
                self._seen = self.twin.follow(pose[:3, 3], self._grip)
            obs, told = self._seen
            info = {**told, **info}
        else:
            obs = self.felt(state.q, pose, state.gripper)
        self._asked = None
        return Reading(obs, state.stamp, reading.mode, state, reading.faults, info)

    def felt(self, q: np.ndarray, pose: np.ndarray, gripper: float) -> dict[str, np.ndarray]:
        """The observations of an arm without a twin that stands so."""
        opening = gripper if np.isfinite(gripper) else self._target.opening
        numbers = {"joints": q, "tool": np.append(pose[:3, 3], rotation_vector(pose)), "gripper": np.array([opening])}
        obs = {name: value.astype(np.float32) for name, value in numbers.items()}
        return obs | {name: frame.image for name, frame in self.cameras.read().items()}

    def _wait_for_arm(self) -> None:
        """Where the governor was much slower than asked, the target is where it has come to."""
        at = self.arm.status.get("q")
        if at is None:
            return
        joints = "joint" in self.steering.actions.kind
        q = np.asarray(at, np.float64)
        now = self._held(q, self._target.opening)
        far = np.abs(q - self._target.q).max() if joints else np.linalg.norm((now.pose - self._target.pose)[:3, 3])
        if far > LAG * self.steering.actions.step:
            self._target = now

    def _held(self, q: np.ndarray, opening: float) -> Target:
        """A target on the way, with the orientation that is held: between two targets a tool wavers."""
        return self.steering.at(q, opening, self._target.held)

    def send(self, action: Float64[np.ndarray, " a"]) -> Acted:
        """One action; what was sent of it. RobotFault where a stop or a fault is latched."""
        asked = np.asarray(action, np.float64)
        self._before = self._target
        kept = self._leashed(asked)
        wanted, reasons = self.steering.forward(self._target, kept)
        if kept is not asked:
            reasons = (*reasons, Reason.WORKSPACE)
        sent = self.arm.send_joints(wanted.q, wanted.opening, AHEAD * self.period)
        self._target = wanted
        if np.abs(sent.q - wanted.q).max() > SAME:  # the governor goes less far
            self._target = self._held(sent.q, wanted.opening)
        self._asked = asked
        fit = asked.shape == self.steering.array.shape and np.isfinite(asked).all()
        if fit and self.steering.actions.grip is not None:
            self._grip = float(np.clip(asked[-1], -1, 1))
        told = self.steering.inverse(self._before, self._target, asked)
        every: tuple[Reason, ...] = tuple(dict.fromkeys([*reasons, *sent.reasons]))
        return Acted(sent.sequence, sent.q, sent.gripper, every, sent.stamp, told)

    def _leashed(self, asked: np.ndarray) -> np.ndarray:
        """The action cut where it would lead the arm away from a hand that does not follow: its world ends there."""
        if self.twin is None or asked.shape != self.steering.array.shape or not np.isfinite(asked).all():
            return asked
        step, at = self.steering.actions.step, self.twin.in_world(self._target.pose[:3, 3])
        wanted = at + step * np.clip(asked[:3], -1, 1)
        low, high = self.twin.hand - LEASH * step, self.twin.hand + LEASH * step
        there = np.clip(wanted, np.minimum(low, at), np.maximum(high, at))
        return asked if np.array_equal(there, wanted) else np.append((there - at) / step, asked[3:])

    def rest(self) -> None:
        """Stay, and say so, so that the governor does not miss a command; nothing that a record would hold."""
        if self.arm.mode is Mode.RUNNING:
            at = self.arm.status.get("q")
            if at is not None:
                self._target = self._held(np.asarray(at, np.float64), self._target.opening)
        self.arm.send_joints(self._target.q, self._target.opening, AHEAD * self.period)

    # -- the end ------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Go on after a hold that a person asked for."""
        if self.arm.mode is Mode.HOLDING:
            self.arm.wait_still()
            self.arm.resume()

    def finish(self) -> None:
        """The end of an episode: stand still, and take no targets until the next start."""
        if self.arm.mode in (Mode.ARMED, Mode.RUNNING, Mode.HOLDING):
            self.arm.order("disarm")
            self.arm.wait_still()

    def stop(self, kind: Stop = Stop.STOP, why: str = "") -> None:
        """At once, from any thread."""
        self.arm.stop(kind, why)

    def acknowledge(self) -> None:
        """As the arm's."""
        self.arm.acknowledge()

    def close(self) -> None:
        """Let go of the arm first, then of the twin and the cameras; safe twice."""
        try:
            self.arm.close()
        finally:
            self.cameras.close()
            if self.twin:
                self.twin.close()


def arm_extras(robot: Description) -> dict[str, ArraySpec]:
    """What is recorded of an arm for every frame besides what policies see."""
    n = robot.home_q.shape
    return {
        "q": ArraySpec(n, "float64", unit="rad"),
        "qd": ArraySpec(n, "float64", unit="rad/s"),
        "wrench": ArraySpec((6,), "float32", unit="N, Nm"),
        "opening": ArraySpec((), "float32", unit="m"),
        "clock": ArraySpec((), "float64", unit="s"),
    }


def arm_values(reading: Reading) -> dict[str, Any]:
    """The values of `arm_extras` in a reading; nothing where there is no arm."""
    state = reading.state
    if state is None:
        return {}
    return {"q": state.q, "qd": state.qd, "wrench": state.wrench, "opening": state.gripper, "clock": state.clock}
