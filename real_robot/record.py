"""Demonstrations on a robot: a person moves the arm by hand, or by keys, and every step becomes a frame with an action.

    record(RecordConfig(robot="ur5e.toml", out="data/shown", task="put the cup on the shelf", real=True))

What is written is a data set that policies are cloned from, with the same frames as deployments of the same robot file
write, so that what was learned fits it, and one data set may hold both. Each episode is on the disk when it is over.
"""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Shaped

from embodied import config as provenance
from embodied.recorder import Recorder
from embodied.spec import Spec
from real_robot import deploy_records
from real_robot.actions import Actions
from real_robot.deploy import FAILED, STARTS, confirm
from real_robot.deploy_arm import ArmRobot
from real_robot.deploy_exit import Exit
from real_robot.deploy_loop import Ran, episode
from real_robot.deploy_person import line_from_person
from real_robot.description import Description, load
from real_robot.record_hand import ByHand, Shown, demonstration
from real_robot.record_person import By, Teacher
from real_robot.robot import RobotFault
from real_robot.sim import SimRobot

FAR, TURNED = 0.01, 0.15
"""Where the actions would lead so far from the hand, it is told [m, rad]."""
BROKEN = ("fault", "error", "refused")


@dataclass(frozen=True)
class RecordConfig:
    """What is shown on which robot, how, and where it is recorded."""

    robot: str | Path
    """A robot file."""
    out: str | Path
    """The data set that episodes are appended to; begun if there is none."""
    task: str = ""
    """The sentence; the world's own where it is not given."""
    by: By = "freedrive"
    """freedrive: the arm is moved by hand; keyboard: by keys, within its limits."""
    episodes: int | None = None
    """So many more; until they quit where it is not given."""
    seconds: float = 60.0
    """The longest episode, in recorded time [s]."""
    hz: float | None = None
    """Frames a second; those of the robot file's [actions] where it is not given."""
    real: bool = False

    def __post_init__(self) -> None:
        if self.by not in ("freedrive", "keyboard"):
            raise ValueError(f"by is {self.by!r}; demonstrations are by freedrive or by keyboard")
        if self.episodes is not None and self.episodes < 1:
            raise ValueError(f"episodes is {self.episodes}; record at least one")
        if not 0 < self.seconds < float("inf"):
            raise ValueError(f"seconds is {self.seconds}; an episode lasts more than 0 s, and ends")
        if self.hz is not None and not 0 < self.hz <= 100:
            raise ValueError(f"hz is {self.hz}; frames come at up to 100 Hz")


class Nobody:
    """In the place of a policy, where a person does everything."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def reset(self, task: str) -> None: ...

    def act(self, obs: dict[str, Shaped[np.ndarray, "n ..."]]) -> Float32[np.ndarray, "n h a"]:
        """Not asked: the keyboard's person acts, or the episode is over."""
        raise RuntimeError(f"nobody acts on {sorted(obs)}; a person was expected to")


class Until:
    """An `Exit` that a person's word ends too, once they have been asked for their next step."""

    def __init__(self, ending: Exit, person: Teacher) -> None:
        self._ending, self._person = ending, person

    @property
    def code(self) -> int:
        """Not 0 where the episode is to end."""
        return self._ending.code or int(bool(self._person.word))


def opened(config: RecordConfig, robot: Description, arm: Any = None) -> Any:
    """The robot, unconnected; ValueError where it cannot be shown anything in that way."""
    if robot.kind == "sim":
        if config.by == "freedrive":
            raise ValueError(f"{robot.id!r} is a simulation, which no hand can move; use --by keyboard")
        assert robot.world is not None
        return _at(SimRobot(robot.world.env, robot.world.options), config.hz)
    if not config.task:
        raise ValueError("--task says in a sentence what is shown; a policy may be told it later")
    actions: Actions = getattr(robot, "actions", None) or Actions()
    if config.hz is not None:
        actions = actions.model_copy(update={"hz": config.hz})
    if arm is None:
        from real_robot.client import GovernedArm

        arm = GovernedArm(robot)
    made = _at(ArmRobot(robot, arm, actions), config.hz)
    return ByHand(made) if config.by == "freedrive" else made


def _at(robot: Any, hz: float | None) -> Any:
    if hz is not None and robot.spec.hz != hz:
        robot.close()
        raise ValueError(f"the world of this robot runs at {robot.spec.hz:g} Hz, not {hz:g}; leave hz out")
    return robot


def record(
    config: RecordConfig,
    *,
    arm: Any = None,
    tell: Callable[[str], None] = print,
    answer: Callable[[], str] = line_from_person,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Record episodes; what came of them, with the exit code under 'exit'.

    `arm` stands in for the file's. ValueError before anything moves where it cannot be done or written, RobotFault
    where the robot cannot be started.
    """
    robot_file = load(config.robot)
    with ExitStack() as stack:
        robot = opened(config, robot_file, arm)
        stack.callback(robot.close)
        _drivable(config.by, robot.spec)
        extras = deploy_records.extras_of(robot.spec, robot.extras)
        deploy_records.fitting(Path(config.out), robot.spec, extras)
        confirm(robot_file, config.real, tell, answer)
        recorder = stack.enter_context(
            deploy_records.recorder(Path(config.out), robot.spec, extras, robot_file.model or robot.spec.robot)
        )
        log = deploy_records.Log(recorder.path, len(recorder), told_of(config, robot_file))
        session = _Session(config, robot, recorder, log, extras, tell, progress)
        with Exit(robot.stop) as ending, Teacher(robot, robot.spec.action.shape[0], ending, config.by, tell=tell) as by:
            session.run(ending, by)
        return session.found(ending)


def _drivable(by: By, spec: Spec) -> None:
    size, low, high = spec.action.shape[0], spec.action.low, spec.action.high
    if by == "keyboard" and not (size in (3, 4) and (low == -1).all() and (high == 1).all()):
        raise ValueError(
            f"keys move a tool by (dx, dy, dz) or (dx, dy, dz, grip) in [-1, 1]; this robot's actions have {size} "
            f"numbers in [{low.min():g}, {high.max():g}]: choose [actions] kind = 'tool deltas' without turns, or "
            "--by freedrive"
        )


def told_of(config: RecordConfig, robot: Description) -> dict[str, Any]:
    """What every line of `deployments.jsonl` says of a demonstration: on which robot, how, with which program."""
    described = json.dumps(robot.model_dump(mode="json"), sort_keys=True)
    return {
        "robot": robot.id, "kind": robot.kind, "model": robot.model, "rehearsal": robot.rehearsal, "by": config.by,
        "policy": None, "description": deploy_records.digest(described), "described": json.loads(described),
        "project": {"version": provenance.project_version(), **provenance.commit()},
        "packages": provenance.versions(),
    }  # fmt: skip


class _Session:
    """Episodes one after the other, until they quit, or one does not end well."""

    def __init__(
        self, config: RecordConfig, robot: Any, recorder: Recorder, log: deploy_records.Log, extras: Any,
        tell: Callable[[str], None], progress: Callable[[int, int], None] | None,
    ) -> None:  # fmt: skip
        self.config, self.robot, self.recorder, self.log = config, robot, recorder, log
        self.extras, self.tell, self.progress = extras, tell, progress
        self.judged = getattr(robot, "twin", None) is None and not isinstance(robot, SimRobot)
        """Whether it is the person who says that the task is done; a world says it itself."""
        self.done: list[Ran] = []
        self.written, self.dropped = 0, 0

    def run(self, ending: Exit, person: Teacher) -> None:
        """Until it is over."""
        wanted = self.config.episodes
        while not ending.code and (wanted is None or self.written < wanted):
            self.tell(f"{len(self.recorder)} episodes are recorded; enter, or the word start, begins the next")
            if not person.begins():
                return
            try:
                ran = self._shown(ending, person)
            except RobotFault:
                if ending.code:  # it was stopped while it was starting
                    return
                raise
            finally:
                person.closes()
            self._keep(ran, ending, person)
            if ran.error is not None:
                raise ran.error
            if ran.ended in BROKEN:
                return
            if self.progress and wanted:
                self.progress(self.written, wanted)

    def _rows(self, first: Any) -> deploy_records.Rows:
        return deploy_records.Rows(self.robot.spec, self.extras, first)

    def _shown(self, ending: Exit, person: Teacher) -> Ran:
        steps = max(1, round(self.config.seconds * self.robot.spec.hz))
        if isinstance(self.robot, ByHand):
            return demonstration(
                self.robot, self._rows, ending, says=person.says, task=self.config.task, steps=steps, tell=self.tell
            )
        ran = episode(
            self.robot, Nobody(self.robot.spec), self._rows, Until(ending, person),  # type: ignore[arg-type] # its code
            seed=STARTS + len(self.recorder), task=self.config.task, horizon=steps, person=person,
            paced=True if person.watching else None,
        )  # fmt: skip
        if ran.ended == "stopped" and not ending.code:
            done = "terminated" if self.judged else "truncated"
            ran.ended = {"end": done, "discard": "discarded"}.get(person.word, "stopped")
        if ran.ended not in BROKEN and not ending.code and (finish := getattr(self.robot, "finish", None)):
            finish()
        return ran

    def _keep(self, ran: Ran, ending: Exit, person: Teacher) -> None:
        """Put an episode on the disk, its words first: what counts has them."""
        self.done.append(ran)
        steps = len(ran.rows)
        kept = None if ran.ended == "discarded" else ran.rows.episode(ran.task, ran.ended == "terminated")
        if kept is not None and ran.ended in BROKEN:
            self.tell(f"it ended with a {ran.ended}: {'; '.join(map(str, ran.faults)) or ran.error}")
            kept = kept if person.keeps(steps) else None
        self.dropped += kept is None
        self.log.note(
            episode=None if kept is None else len(self.recorder), task=ran.task, ended=ran.ended,
            why=ending.why or ("" if ran.error is None else str(ran.error)), steps=steps,
            human_steps=sum(ran.rows.human), reasons=dict(ran.rows.counts), refused=ran.refused, late=ran.late,
            faults=[deploy_records.told(fault) for fault in ran.faults], unobserved=ran.unobserved,
            drift=round(ran.drift, 6), turned=round(ran.turned if isinstance(ran, Shown) else 0.0, 6),
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )  # fmt: skip
        if kept is not None:
            self.recorder.append(kept)
            self.written += 1
        self.tell(f"{'kept' if kept is not None else 'dropped'}: {steps} steps, {ran.ended}")
        if kept is not None and isinstance(ran, Shown) and (ran.drift > FAR or ran.turned > TURNED):
            cut = ", ".join(f"{why} {n}" for why, n in ran.rows.counts.items())
            self.tell(
                f"the actions say less than the hand did: carried out, they would lead the tool up to "
                f"{1e3 * ran.drift:.0f} mm and {np.degrees(ran.turned):.0f} degrees away from it "
                f"({cut or 'they cannot say it'}); move slower, inside the workspace, or widen [actions]"
            )

    def found(self, ending: Exit) -> dict[str, Any]:
        """What came of it all."""
        counts: Counter[str] = sum((ran.rows.counts for ran in self.done), Counter())
        code = ending.code or (FAILED if self.done and self.done[-1].ended in BROKEN else 0)
        return {
            "recorded": self.written, "dropped": self.dropped,
            "ended": [
                ran.ended + (f" ({ending.why})" if ran.ended == "stopped" and ending.why else "") for ran in self.done
            ],
            "steps": sum(len(ran.rows) for ran in self.done),
            "changed by limits": dict(counts),
            "late steps": sum(ran.late for ran in self.done),
            "faults": [str(fault) for ran in self.done for fault in ran.faults],
            "farthest from the hand [mm]": round(1e3 * max((ran.drift for ran in self.done), default=0.0), 1),
            "dataset": str(self.recorder.path), "exit": code,
        }  # fmt: skip
