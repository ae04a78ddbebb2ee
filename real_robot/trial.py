"""Random commands, most of them wrong, through the limits and the governor on a virtual clock with an ideal arm.

What reaches the arm is checked from outside, by differences of what was sent, and not with the limits' own functions
but for the kinematics. A violation is counted by what it breaks; there should be none.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from real_robot.description import Description
from real_robot.governing import STREAMING, Governor
from real_robot.robot import ArmState, Mode

SLACK = 1e-6
TIMES = (0.0, -0.1, -1e9, 1e-9, 1e-5, 3e-3, 0.012, 0.1, 5.0, float("nan"))
"""Times between two ticks [s] that no working clock gives; a tenth of the ticks have one of them."""
SPREADS = (0.002, 0.02, 0.1, 0.5, 3.0)
"""Standard deviations of how far a command lies from where the arm is [rad]."""


@dataclass
class Found:
    """What a trial gave."""

    commands: int = 0
    ticks: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    most: dict[str, float] = field(default_factory=dict)
    """The largest share of a limit that was used."""

    def note(self, what: str, share: float) -> None:
        """A limit of which `share` was used; more than 1 is a violation."""
        self.most[what] = max(self.most.get(what, 0.0), share)
        if not share <= 1.0 + SLACK:
            self.violations[what] += 1

    def merged(self, other: "Found") -> "Found":
        """Both together."""
        most = {k: max(self.most.get(k, 0.0), other.most.get(k, 0.0)) for k in {*self.most, *other.most}}
        return Found(
            self.commands + other.commands, self.ticks + other.ticks, self.violations + other.violations,
            self.reasons + other.reasons, self.ends + other.ends, most,
        )  # fmt: skip


class Trial:
    """One arm that stands wherever the last target was, and somebody who commands at random."""

    def __init__(self, robot: Description, seed: int, period: float = 0.004, overshoot: float = 1.0) -> None:
        self.robot, self.rng, self.period = robot, np.random.default_rng(seed), period
        self.governor = Governor(robot, period, overshoot=overshoot)
        self.governor.worker = True
        self.now, self.clock, self.found = 1000.0, 1000.0, Found()
        self.q, self.qd = robot.home_q.copy(), np.zeros(len(robot.home_q))
        self.wrench, self.aim = np.zeros(6), self.q.copy()
        self.sent: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        """Position, velocity and points of what was sent last."""
        self.pushed_since: float | None = None
        self.start()

    def start(self) -> None:
        """Connect, acknowledge and arm, as a person would."""
        governor, self.wrench, self.sent, self.pushed_since = self.governor, np.zeros(6), None, None
        self.now = self.clock = max(self.now if self.now < 1e8 else 0.0, self.clock) + self.period
        for do in ("acknowledge", "connect", "arm"):
            governor.order(do, self.now)
            for _ in range(3):
                self.now += self.period
                self.clock = self.now
                self.qd = np.zeros_like(self.q)
                governor.sensed(self.state(), self.now)
                for act in governor.tick(self.now):
                    if act.number:
                        governor.answered(act.number, self.now, checks=[])
        if governor.mode not in STREAMING:
            raise RuntimeError(f"cannot be armed: {governor.mode}, {governor.fault}")
        if not np.allclose(governor.moving.q, self.q) if governor.moving else True:
            self.found.violations["start"] += 1

    def state(self) -> ArmState:
        """What the arm reads."""
        return ArmState(int(self.clock * 1e9), self.clock, self.q, self.qd, self.wrench, 0.0, True)

    def run(self, commands: int) -> Found:
        """At least so many commands."""
        while self.found.commands < commands:
            for _ in range(int(self.rng.integers(0, 5)) if self.rng.random() < 0.98 else 40):
                self.command()
            self.push()
            self.tick()
            if self.governor.mode not in STREAMING:
                self.found.ends[self.governor.mode.value + ": " + (self.governor.fault or self).__class__.__name__] += 1
                self.start()
            elif self.governor.mode is Mode.HOLDING and self.rng.random() < 0.1:
                self.governor.order("resume", self.now)
        return self.found

    def command(self) -> None:
        """One command, wrong in some way more often than not."""
        rng, n = self.rng, len(self.q)
        if rng.random() < 0.01:
            self.aim = rng.uniform(*self.robot.range)
        goal = self.q + np.clip(self.aim - self.q, -0.3, 0.3)
        kind = rng.integers(30)
        if kind > 20:
            goal = self.q + rng.normal(0.0, rng.choice(SPREADS), n)
        if kind == 0:
            goal[rng.integers(n)] = rng.choice([np.nan, np.inf, -np.inf, 1e300])
        elif kind == 1:
            goal = goal[: rng.integers(0, n)]
        elif kind == 2:
            goal = rng.uniform(-7, 7, n)
        sequence = self.governor.sequence + int(rng.choice([1, 1, 1, 2, 9, 0, -3]))
        stamp = self.now - float(rng.choice([0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.5, -1.0, np.nan, 1e12]))
        seconds = float(rng.choice([0.1, 0.1, 0.02, 0.0, -1.0, np.nan, np.inf, 2.0, 1e-9]))
        opening = float(rng.choice([np.nan, 0.0, 0.04, -1.0, 9.0, np.inf]))
        reasons = self.governor.command(
            goal, self.now, sequence=max(sequence, 0), stamp=stamp, seconds=seconds, opening=opening,
            whole=bool(rng.random() < 0.1),
        )  # fmt: skip
        self.found.commands += 1
        self.found.reasons.update(reason.value for reason in reasons)

    def push(self) -> None:
        """Somebody leans on the arm now and then."""
        if self.rng.random() < (0.03 if self.wrench.any() else 0.002):
            self.wrench = np.zeros(6) if self.wrench.any() else np.array([self.rng.uniform(0, 60), 0, 0, 0, 0, 0])

    def tick(self) -> None:
        """Some time passes, forwards or not; what is sent then is checked."""
        rng = self.rng
        dt = float(rng.choice(TIMES)) if rng.random() < 0.1 else self.period
        before, self.now = self.now, self.now + dt
        self.clock = max(self.clock, self.now) if np.isfinite(self.now) else self.clock
        if self.sent is not None and rng.random() < 0.98:
            self.clock += 1e-7
        self.governor.sensed(self.state(), self.clock)
        acts = [act for act in self.governor.tick(self.now) if act.do == "target"]
        self.found.ticks += 1
        for act in acts:
            assert act.q is not None
            assert act.qd is not None
            self.check(act.q, act.qd, dt)
            self.q, self.qd = act.q, act.qd
        self.feel()
        if not before - 1.0 < self.now < before + 10.0:  # the clock is put right again
            self.now = before
            self.governor.last = before

    def check(self, q: Float64[np.ndarray, " n"], qd: Float64[np.ndarray, " n"], dt: float) -> None:
        """The claims of the limits, by differences."""
        robot, found, limits = self.robot, self.found, self.robot.limits
        points = robot.arm.chain.points(q, robot.tool.pose)
        (low, high), box = robot.range, robot.workspace
        assert box is not None
        found.note("position", 1.0 if np.isfinite(q).all() and (q >= low).all() and (q <= high).all() else np.inf)
        inside = (points[-1] >= np.array(box.low)).all() and (points[-1] <= np.array(box.high)).all()
        found.note("box", 1.0 if inside else np.inf)
        for keep in robot.keepouts:
            if keep.radius is not None:
                near = float(np.linalg.norm(points - np.array(keep.centre), axis=1).min())
                found.note("keep-out", keep.radius / max(near, 1e-9))
        if self.sent is None:
            found.note("first", 1.0 if np.allclose(q, self.q, atol=1e-3) else np.inf)
        else:
            before, speed, were = self.sent
            longest = max(4 * self.period, 0.02)
            passed = min(dt, self.period) if dt > 0 else 0.0  # a late tick is no reason for a leap
            moved, tool = np.abs(q - before), float(np.linalg.norm(points - were, axis=1).max())
            if passed == 0.0:
                found.note("no time", 1.0 if moved.max() == 0.0 else np.inf)
            else:
                found.note("velocity", float((moved / robot.joint_speed).max()) / passed)
                found.note("tool speed", tool / limits.tool_speed / passed)
                if dt <= longest:
                    change = float(np.abs(qd - speed).max())
                    found.note("acceleration", max(change - 1e-9, 0.0) / limits.brake_acceleration / passed)
        self.sent = (q, qd, points)

    def feel(self) -> None:
        """A push above the stop's threshold must have ended the motion soon."""
        pushed = float(np.linalg.norm(self.wrench)) > self.robot.force.stop
        if not pushed or self.governor.mode not in STREAMING:
            self.pushed_since = None
            return
        self.pushed_since = self.clock if self.pushed_since is None else self.pushed_since
        if self.governor.ending is None and self.clock - self.pushed_since > self.robot.force.debounce + 0.2:
            self.found.violations["force"] += 1


def trial(robot: Description, commands: int, *, seed: int = 0, period: float = 0.004, overshoot: float = 1.0) -> Found:
    """Random commands to a robot's limits and governor; see the module."""
    with np.errstate(over="ignore", invalid="ignore"):
        return Trial(robot, seed, period, overshoot).run(commands)


def summary(found: Found) -> Mapping[str, object]:
    """As plain data."""
    return {
        "commands": found.commands, "ticks": found.ticks, "violations": dict(found.violations),
        "reasons": dict(found.reasons), "ends": dict(found.ends),
        "largest share of a limit": {name: round(share, 4) for name, share in sorted(found.most.items())},
    }  # fmt: skip
