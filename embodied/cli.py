"""The commands. Each is a dataclass that tyro turns into a command line, and a call of the same name in Python."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from embodied.arguments import Pairs, agree, options, shown
from embodied.cli_align import Finetune, PretrainEncoder, Rank
from embodied.cli_bench import Bench
from embodied.cli_console import Console
from embodied.cli_demonstrate import Demonstrate
from embodied.cli_deploy import Deploy
from embodied.cli_feedback import Feedback, FitReward, Label, Relabel, TrainJudge
from embodied.cli_intervene import Intervene
from embodied.cli_record import Record
from embodied.cli_robots import Robots, SimController, passed_on
from embodied.cli_safety import SafetyReport


@dataclass
class Collect:
    """Record episodes of scripted behaviours in simulation, as a LeRobot v3.0 data set without labels."""

    out: Path
    """Where the data set goes; an unfinished one is continued."""
    env: str = "envs:embodied/PutBlockInBowl-v0"
    """gymnasium id."""
    mix: str = "mixed"
    """Named mixture of behaviours."""
    episodes: int = 400
    seed: int = 0
    workers: int | None = None
    """Processes; all cores if not given."""
    env_options: Pairs = field(default_factory=dict)
    """Passed to the environment: NAME VALUE ..."""
    json: bool = False
    """Print the result as JSON."""

    def __call__(self) -> dict[str, Any]:
        from embodied.about import describe
        from embodied.collecting import CollectConfig, collect

        config = CollectConfig(self.env, self.mix, self.episodes, options(self.env_options))
        with shown(self.json, "episodes") as tell:
            data = collect(config, self.out, seed=self.seed, workers=self.workers, progress=tell)
        return describe(data)


@dataclass
class Train:
    """Train a policy on a reward column, offline."""

    dataset: Path
    out: Path
    policy: str = "iql"
    """iql, bc, filtered-bc or diffusion."""
    reward: str = "recorded"
    """A column; "recorded" is the data's own, "constant" the control that knows nothing."""
    columns: Path | None = None
    """Folder of columns that do not lie in the data set."""
    config: Pairs = field(default_factory=dict)
    """Settings of the policy: NAME VALUE ..., such as `steps 20000 obs '["state", "front"]'`."""
    seed: int = 0
    device: str = "auto"
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.dataset import attach_columns, load_dataset
        from embodied.steps import train

        data = load_dataset(self.dataset)
        if self.columns:
            data = attach_columns(data, self.columns)
        policy = train(
            data, self.out, policy=self.policy, reward=self.reward, config=options(self.config), seed=self.seed,
            device=self.device, progress=not self.json,
        )  # fmt: skip
        return {"policy": str(self.out), "observes": list(policy.spec.obs)}


@dataclass
class Evaluate:
    """Run a policy from many starts; one record per episode, and intervals."""

    policy: Path
    env: str = "envs:embodied/PutBlockInBowl-v0"
    episodes: int = 100
    start: int = 1_000_000_000
    """The first start seed; recorded data begin far below this one."""
    out: Path | None = None
    """Records as JSON Lines; continued if unfinished. In the policy's folder if not given."""
    env_options: Pairs = field(default_factory=dict)
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.pipeline import evaluate_saved

        with shown(self.json, "episodes") as tell:
            return evaluate_saved(
                self.policy, self.env, range(self.start, self.start + self.episodes), out=self.out,
                env_options=options(self.env_options), progress=tell,
            )  # fmt: skip


@dataclass
class Run:
    """The whole job: episodes, feedback, reward, policies and controls, evaluation, report. Resumes where stopped."""

    preset: str | None = None
    """demo, smoke, stack or offline; without it demo, or offline where a data set is given."""
    dataset: Path | None = None
    """A LeRobot v3.0 data set to learn from, instead of recording one."""
    task: str = ""
    """What the robot is to do, in one sentence."""
    out: Path | None = None
    """The run's folder; runs/PRESET if not given."""
    labeler: str = ""
    """Another teacher than the preset's."""
    labeler_options: Pairs = field(default_factory=dict)
    pairs: int | None = None
    mix: str = ""
    """Another mixture of behaviours than the preset's."""
    env: str | None = None
    """Where to evaluate policies learned from a given data set; nowhere if not given."""
    arms: list[str] = field(default_factory=list)
    """policy:reward ..., with rewards learned, recorded, constant and shuffled; the first is the run's own."""
    episodes: int | None = None
    """Evaluation episodes per policy."""
    updates: int | None = None
    """Updates per policy."""
    seed: int = 0
    device: str = "auto"
    workers: int | None = None
    yes: bool = False
    """Do not ask before pictures leave this machine."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied import show
        from embodied.pipeline import run
        from embodied.presets import changed

        name = self.preset or ("offline" if self.dataset else "demo")
        config = changed(
            name, task=self.task, labeler=self.labeler, options=options(self.labeler_options), pairs=self.pairs,
            mix=self.mix, env=self.env, arms=self.arms, episodes=self.episodes, updates=self.updates,
            given=self.dataset is not None,
        )  # fmt: skip
        done = run(
            config, self.out or Path("runs") / name, dataset=self.dataset, seed=self.seed, device=self.device,
            workers=self.workers, permit=agree(self.yes), watcher=None if self.json else show.Stages(),
        )  # fmt: skip
        found = json.loads((done.folder / "summary.json").read_text())
        if not self.json:
            show.summary(found, done.folder)
        return {"run": str(done.folder), "report": str(done.folder / "report.html"), "summary": found}


@dataclass
class Report:
    """Write a run's report again."""

    run: Annotated[Path, tyro.conf.Positional]
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.reporting import report

        return {"report": str(report(self.run))}


@dataclass
class Info:
    """Say what a data set, a run, a reward or a policy is."""

    path: Annotated[Path, tyro.conf.Positional]
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.about import info

        return info(self.path)


@dataclass
class Doctor:
    """Say what this machine has, and what each missing thing costs."""

    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied import show
        from embodied.machine import doctor

        checks = doctor()
        if not self.json:
            show.checks(checks)
        return {"checks": [vars(check) for check in checks]}


COMMANDS: dict[str, Callable[..., Any]] = {
    "collect": Collect,
    "demonstrate": Demonstrate,
    "label": Label,
    "feedback": Feedback,
    "fit-reward": FitReward,
    "rank": Rank,
    "pretrain-encoder": PretrainEncoder,
    "relabel": Relabel,
    "train": Train,
    "finetune": Finetune,
    "evaluate": Evaluate,
    "intervene": Intervene,
    "record": Record,
    "deploy": Deploy,
    "robots": Robots,
    "sim-controller": SimController,
    "safety-report": SafetyReport,
    "run": Run,
    "bench": Bench,
    "console": Console,
    "report": Report,
    "info": Info,
    "train-judge": TrainJudge,
    "doctor": Doctor,
}
"""name -> the dataclass of its arguments"""

SHOWS_ITSELF = (Run, Bench, Feedback, Doctor, Console, Robots, SimController)


def answered(command: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a command found; where a person was asked and ended it, how to go on."""
    from embodied.terminal import Quit

    try:
        return command()
    except Quit as ended:
        return {"unfinished": f"{ended}; everything answered is kept; the same command goes on"}


def parse(arguments: Sequence[str]) -> Any:
    """The command's dataclass, filled in; tyro prints help and suggestions and leaves by SystemExit."""
    about = "Turn feedback into robot behaviour: episodes without rewards in, a policy and an honest report out."
    return tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="embodied", description=about, args=list(arguments))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it did its work, 1 when it could not and said why, 130 when interrupted.

    A conversation on the console has exit codes of its own, 3 where a question was left open.
    """
    command = parse(passed_on(sys.argv[1:] if arguments is None else arguments))
    try:
        from embodied.machine import check_not_shadowed

        check_not_shadowed()
        found = answered(command)
    except KeyboardInterrupt:
        print("\nembodied: stopped; the same command continues", file=sys.stderr)
        return 130
    except (ValueError, KeyError, OSError, ImportError, RuntimeError) as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"embodied: {text}", file=sys.stderr)
        return 1
    if command.json:
        print(json.dumps(found))
    elif not isinstance(command, SHOWS_ITSELF) or "unfinished" in found:
        from embodied import show

        show.facts(found)
    return int(found.get("exit", 0))


if __name__ == "__main__":
    sys.exit(main())
