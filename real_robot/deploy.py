"""A trained policy on a robot: checked before anything moves, driven within limits, recorded as it goes.

    deploy(DeployConfig(robot="ur5e.toml", policy="runs/demo/policies/iql", out="data/deployed", real=True))

What is written is a data set like any other: it can be labelled, corrected and trained on. A fault, a stop or a signal
ends it on one path: the robot stops, what there is of the episode is recorded, everything is let go.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from embodied import config as provenance
from embodied import plugins
from embodied.intervening import identity
from embodied.recorder import Recorder
from embodied.redaction import redacted
from embodied.types import Policy
from real_robot import deploy_dry, deploy_records
from real_robot.deploy_arm import ArmRobot
from real_robot.deploy_exit import Exit
from real_robot.deploy_loop import Person, Ran, episode
from real_robot.deploy_person import Hands, line_from_person
from real_robot.description import Description, load
from real_robot.robot import Robot, RobotFault
from real_robot.sim import SimRobot

STARTS = 700_000_000
"""The first start, apart from those of recorded behaviours, of takeovers and of evaluation."""
FAILED = 1
"""The exit code after a fault."""
FINE = ("terminated", "truncated", "horizon")


@dataclass(frozen=True)
class DeployConfig:
    """Which policy drives which robot, how often, and where it is recorded."""

    robot: str | Path
    """A robot file."""
    policy: str | Path
    """A folder made by `embodied train`."""
    out: str | Path | None = None
    """The data set that episodes are appended to; nothing is recorded without one."""
    episodes: int = 1
    start: int = STARTS
    """The seed of the first episode's start; only what is simulated has one."""
    task: str = ""
    """The sentence; the world's own where it is not given."""
    horizon: int | None = None
    """The most steps of an episode."""
    dry_run: bool = False
    real: bool = False
    limits: bool = True
    person: bool = True
    """Whether somebody at the keyboard can stop it and take over."""

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise ValueError(f"episodes is {self.episodes}; run at least one")
        if self.horizon is not None and self.horizon < 1:
            raise ValueError(f"horizon is {self.horizon}; an episode has at least one step")


def opened(robot: Description, limits: bool = True, arm: Any = None) -> Any:
    """The robot of a description, unconnected; ValueError where an arm is to go without limits."""
    if robot.kind == "sim":
        assert robot.world is not None
        return SimRobot(robot.world.env, robot.world.options, limits=limits)
    if not limits:
        raise ValueError(f"{robot.id!r} is an arm, which never moves without limits; only a simulation can")
    if arm is None:
        from real_robot.client import GovernedArm

        arm = GovernedArm(robot)
    return ArmRobot(robot, arm)


def check(policy: Policy, robot: Robot) -> None:
    """Raise ValueError with everything in which the robot is not what the policy was trained for."""
    if found := policy.spec.differences(robot.spec):
        raise ValueError(f"this policy cannot drive this robot: {'; '.join(found)}")


def confirm(robot: Description, real: bool, tell: Callable[[str], None], answer: Callable[[], str]) -> None:
    """Ask for the robot's id before hardware moves; ValueError where it is not typed."""
    if robot.rehearsal:
        return
    if not real:
        raise ValueError(f"{robot.id!r} is a real arm at {robot.host}; repeat with --real, and type its id when asked")
    tell(f"{robot.id!r} at {robot.host} is a real arm and will move. Its emergency stop is within reach? Type its id:")
    typed = answer().strip()
    if typed != robot.id:
        raise ValueError(f"{typed!r} is not {robot.id!r}; nothing was moved")


def deploy(
    config: DeployConfig,
    *,
    policy: Policy | None = None,
    arm: Any = None,
    person: Person | None = None,
    tell: Callable[[str], None] = print,
    answer: Callable[[], str] = line_from_person,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Run episodes; what came of them, with the exit code under 'exit'.

    `policy` and `arm` stand in for those of the files; `person` overrules the keyboard. ValueError before anything
    moves where policy and robot do not fit, RobotFault where the robot cannot be started.
    """
    robot_file = load(config.robot)
    driver: Policy = policy if policy is not None else plugins.load("policies:load")(config.policy)
    with ExitStack() as stack:
        robot = opened(robot_file, config.limits, arm)
        stack.callback(robot.close)
        check(driver, robot)
        extras = deploy_records.extras_of(robot.spec, robot.extras)
        if config.out is not None:
            deploy_records.fitting(Path(config.out), robot.spec, extras)
        if config.dry_run:
            return deploy_dry.dry_run(robot_file, robot, driver, seed=config.start, task=config.task, tell=tell)
        confirm(robot_file, config.real, tell, answer)
        if config.real and robot_file.rehearsal:
            tell(f"{robot_file.id!r} is a rehearsal, not a real arm")
        deploy_dry.warmed(driver)
        recorder = None
        if config.out is not None:
            recorder = stack.enter_context(
                deploy_records.recorder(Path(config.out), robot.spec, extras, robot_file.model or robot.spec.robot)
            )
        about = told_of(config, robot_file, driver if policy is not None else config.policy)
        return _Deployment(config, robot, driver, recorder, about, extras, tell, progress).run(person)


def told_of(config: DeployConfig, robot: Description, policy: Any) -> dict[str, Any]:
    """What every line of `deployments.jsonl` says: who drove what, with which program."""
    described = json.dumps(robot.model_dump(mode="json"), sort_keys=True)
    return {
        "robot": robot.id, "kind": robot.kind, "model": robot.model, "rehearsal": robot.rehearsal,
        "limits": config.limits, "policy": identity(policy), "from": str(config.policy),
        "description": deploy_records.digest(described), "described": redacted(json.loads(described)),
        "project": {"version": provenance.project_version(), **provenance.commit()},
        "packages": provenance.versions(),
    }  # fmt: skip


class _Deployment:
    """Episodes one after the other, until one does not end well."""

    def __init__(
        self, config: DeployConfig, robot: Any, policy: Policy, recorder: Recorder | None, about: Mapping[str, Any],
        extras: Mapping[str, Any], tell: Callable[[str], None], progress: Callable[[int, int], None] | None,
    ) -> None:  # fmt: skip
        self.config, self.robot, self.policy, self.recorder = config, robot, policy, recorder
        self.extras, self.tell, self.progress = extras, tell, progress
        self.log = None if recorder is None else deploy_records.Log(recorder.path, len(recorder), about)
        self.done: list[Ran] = []
        self.written = 0

    def run(self, person: Person | None) -> dict[str, Any]:
        with Exit(self.robot.stop) as ending, ExitStack() as stack:
            hands, paced = person, None
            if person is None and self.config.person:
                keyboard = stack.enter_context(
                    Hands(self.robot, self.policy.spec.action.shape[0], ending, tell=self.tell)
                )
                hands, paced = keyboard, True if keyboard.watching else None
            for count in range(self.config.episodes):
                if ending.code:
                    break
                try:
                    ran = episode(
                        self.robot, self.policy, self._rows, ending, seed=self.config.start + count,
                        task=self.config.task, horizon=self.config.horizon, person=hands, paced=paced,
                    )  # fmt: skip
                except RobotFault:  # a stop on the way to the start, or a robot that cannot be started
                    if ending.code:
                        break
                    raise
                if ran.ended in FINE and (finish := getattr(self.robot, "finish", None)):
                    finish()
                self._keep(ran, self.config.start + count, ending)
                if ran.error is not None:
                    raise ran.error
                if ran.ended not in FINE:
                    break
                if self.progress:
                    self.progress(count + 1, self.config.episodes)
            code = ending.code or (FAILED if self.done and self.done[-1].ended not in FINE else 0)
            return self._found(code, ending.why)

    def _rows(self, first: Any) -> deploy_records.Rows:
        self.tell(f"episode {len(self.done) + 1} of {self.config.episodes} begins")
        return deploy_records.Rows(self.robot.spec, self.extras, first)

    def _keep(self, ran: Ran, seed: int, ending: Exit) -> None:
        """Put an episode on the disk, its words first: what counts has them."""
        self.done.append(ran)
        if self.recorder is None or self.log is None:
            return
        kept = ran.rows.episode(ran.task, ran.ended == "terminated")
        self.log.note(
            episode=None if kept is None else len(self.recorder), start=seed, task=ran.task, ended=ran.ended,
            why=ending.why or ("" if ran.error is None else str(ran.error)), steps=len(ran.rows),
            human_steps=sum(ran.rows.human), reasons=dict(ran.rows.counts), refused=ran.refused, late=ran.late,
            faults=[deploy_records.told(fault) for fault in ran.faults], unobserved=ran.unobserved,
            drift=round(ran.drift, 6), thinking=round(max(ran.thinking, default=0.0), 6),
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )  # fmt: skip
        if kept is not None:
            self.recorder.append(kept)
            self.written += 1

    def _found(self, code: int, why: str) -> dict[str, Any]:
        counts: Counter[str] = sum((ran.rows.counts for ran in self.done), Counter())
        found: dict[str, Any] = {
            "episodes": len(self.done),
            "ended": [ran.ended + (f" ({why})" if ran.ended == "stopped" and why else "") for ran in self.done],
            "steps": sum(len(ran.rows) for ran in self.done),
            "human steps": sum(sum(ran.rows.human) for ran in self.done),
            "changed by limits": dict(counts),
            "late steps": sum(ran.late for ran in self.done),
            "faults": [str(fault) for ran in self.done for fault in ran.faults],
            "exit": code,
        }
        thinking = [seconds for ran in self.done for seconds in ran.thinking]
        if thinking:
            found["slowest answer of the policy [ms]"] = round(1e3 * float(np.max(thinking)), 1)
        if self.recorder is not None:
            found |= {"recorded": self.written, "dataset": str(self.recorder.path)}
        return found
