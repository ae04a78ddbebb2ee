"""Dressing as an act that can be stopped at any control step, and done slower, higher, or farther out at the elbow."""

from typing import Any

import numpy as np
from jaxtyping import Float

from embodied.correction_footage import Footage
from embodied.manner import Manner
from embodied.scenery import View
from embodied.situations import Entity, Point, Surroundings
from embodied.skills import Act, At, Cause, Home, Step, Stop, Wait
from envs.dressing.environment import ENOUGH, HAZARD, Dressing
from envs.dressing.expert import PAST, STEP, Line, action, arm_line, follow
from envs.dressing.model import HZ
from envs.dressing.simulation import turn_of
from envs.dressing.state import state_vector

JOINTS = ("fingertip", "wrist", "elbow", "shoulder")
PARTS = (*JOINTS[1:], "forearm", "upper arm")
NEAR = 0.1
"""What is said of a joint holds within so far of it along the arm [m]."""

LONGEST = 400
"""Control steps after which dressing is given up."""

FASTEST = STEP * HZ
"""Of the gripper [m/s]."""


class DressingBody:
    """One person, one sleeve; carries out `Act(verb="dress")` and Wait. See `embodied.course.Body`.

    A manner's `part` says where its offset holds, or, without an offset, its speed; with both it is slow everywhere.
    """

    def __init__(self, level: str = "medium", split: str = "train", seed: int = 0) -> None:
        self.env = Dressing(level, split=split, obs=("state",), cameras=(), horizon=10_000)
        self.env.reset(seed=seed)
        self.seconds = 0.0
        self.way: list[tuple[Float[np.ndarray, " 3"], Float[np.ndarray, "3 3"]]] = []
        self.told: dict[str, Any] = {}
        self.seen = [state_vector(self.sim)]
        self.sent: list[Float[np.ndarray, " 6"]] = []

    @property
    def sim(self) -> Any:
        """The physics."""
        return self.env.running("the body")

    def view(self) -> View:
        """Nothing that conditions on blocks could be about."""
        return View(())

    def surroundings(self) -> Surroundings:
        """The sleeve, held, and the arm, whose x axis points along the upper arm to the shoulder."""
        sim = self.sim
        joints, scene = sim.joints, sim.scene
        along = joints[3] - joints[2]
        yaw = float(np.arctan2(along[1], along[0]))
        middle, opening = point(joints.mean(0)), point(sim.opening.mean(0))
        length, width = scene.garment.length, 2 * scene.garment.armhole
        words = frozenset({scene.garment.name})
        sleeve = Entity("sleeve", "sleeve", opening, yaw, (length, width, width), words, (), "gripper")
        whole = float(scene.person.lengths.sum())
        arm = Entity("arm", "arm", middle, yaw, (whole, 0.1, 0.1), frozenset(), PARTS, "person")
        return Surroundings((sleeve, arm), held="sleeve")

    def perform(self, step: Step, at: At, stop: Stop) -> tuple[Cause, str, At, float]:
        """Dress the arm, wait, or hold still; stops within a control step, and goes on from there."""
        began = self.seconds
        if isinstance(step, Wait):
            while self.seconds - began < step.seconds:
                if stop():
                    return "stopped", "", At(step=at.step, phase=1), self.seconds - began
                self.moved(np.zeros(6))
            return "", "", at, self.seconds - began
        if isinstance(step, Home) or not isinstance(step, Act) or step.verb != "dress" or step.object != "sleeve":
            what = step.skill if not isinstance(step, Act) else str(step)
            return "refused", f"I hold a sleeve and can only dress an arm with it, not {what}", at, 0.0
        if step.manner.part is not None and step.manner.part not in PARTS:
            return "refused", f"an arm has {', '.join(PARTS)}, no {step.manner.part}", at, 0.0
        return self.dress(step.manner, at, stop, began)

    def dress(self, manner: Manner, at: At, stop: Stop, began: float) -> tuple[Cause, str, At, float]:
        """Draw the opening along the arm to the shoulder."""
        for _ in range(LONGEST):
            state = state_vector(self.sim)
            line = arm_line(state)
            end = float(line.along[3]) + PAST
            middle = state[:3] - float(self.sim.scene.garment.armhole) * self.sim.rotation[:, 2]
            if line.nearest(middle) >= end - 0.012:
                break
            if stop():
                return "stopped", "", At(step=at.step, phase=1), self.seconds - began
            here = line.nearest(middle)
            moved = self.shifted(line, here, manner) if manner.offset else line
            act = follow(state, moved, end=float(moved.along[3]) + PAST)
            there = manner.offset is not None or self.holds(manner, line, here)
            slow = (manner.speed or FASTEST) / FASTEST if there else 1.0
            info = self.moved(np.concatenate([act[:3] * min(slow, 1.0), act[3:] * min(slow, 1.0)]))
            if info["hazard"]:
                force = f"{info['peak_force']:.0f} N, more than {HAZARD:.0f} N"
                return "missed", f"the sleeve pulled at the arm with {force}", at, self.seconds - began
        ratio = self.told.get("upper_ratio", 0.0)
        if ratio < ENOUGH:
            return "missed", f"{ratio:.0%} of the upper arm is covered", at, self.seconds - began
        return "", "", at, self.seconds - began

    def holds(self, manner: Manner, line: Line, here: float) -> bool:
        """Whether the opening is where the manner is about: near that joint, on that part, or anywhere."""
        if manner.part is None:
            return True
        tip, elbow, shoulder = line.along[1], line.along[2], line.along[3]
        lengths = self.sim.scene.person.lengths
        where = {"wrist": tip + float(lengths[0]), "elbow": elbow, "shoulder": shoulder}
        if manner.part in where:
            return bool(abs(here - where[manner.part]) < NEAR)
        low, high = (where["wrist"], elbow) if manner.part == "forearm" else (elbow, shoulder)
        return bool(low < here < high)

    def shifted(self, line: Line, here: float, manner: Manner) -> Line:
        """The line as somebody wants it: moved in the arm's frame, where that was asked for."""
        assert manner.offset is not None
        if not self.holds(manner, line, here):
            return line
        x = line.towards(here)
        y = np.cross([0.0, 0.0, 1.0], x)
        y /= np.linalg.norm(y)
        offset = np.array(manner.offset)
        return Line(line.points + offset[0] * x + offset[1] * y + offset[2] * np.cross(x, y), line.along)

    def moved(self, act: Float[np.ndarray, " 6"]) -> dict[str, Any]:
        """One control step; what is true afterwards."""
        self.way.append((self.sim.position.copy(), self.sim.rotation.copy()))
        *_, self.told = self.env.step(np.asarray(act, np.float32))
        self.seen.append(state_vector(self.sim))
        self.sent.append(np.clip(act, -1, 1))
        self.seconds += 1 / HZ
        return self.told

    def footage(self) -> Footage:
        """How the gripper moved since it took the sleeve."""
        time = np.arange(len(self.seen), dtype=np.float64) / HZ
        sent = np.array(self.sent, np.float32).reshape(-1, 6)
        return Footage(self.env.spec_, sent, time, {"state": np.stack(self.seen)})

    def mark(self) -> int:
        """How far the way is by now."""
        return len(self.way)

    def back(self, mark: int, stop: Stop) -> bool:
        """The gripper goes back on its own way, and takes the sleeve with it; false if that was stopped."""
        way = self.way[mark:]
        for position, rotation in reversed(way):
            for _ in range(3):  # a gripper that yields needs longer
                if stop():
                    return False
                turn = turn_of(rotation @ self.sim.rotation.T)
                self.moved(action(position - self.sim.position, turn))
                if np.linalg.norm(position - self.sim.position) < STEP / 2:
                    break
        del self.way[mark:]
        return True


def point(xyz: Float[np.ndarray, " 3"]) -> Point:
    """As plain numbers."""
    x, y, z = xyz.tolist()
    return x, y, z


def body(task: str, split: str, seed: int) -> DressingBody:
    """For the console: `task` names a level, medium if none is named."""
    return DressingBody(task or "medium", split, seed)
