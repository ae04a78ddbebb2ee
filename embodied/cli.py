"""The commands. Each is a dataclass that tyro turns into a command line, and a call of the same name in Python."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from embodied.words import agree, options, weights_of

Pairs = dict[str, str]


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
class Label:
    """Have pairs of moments of a data set judged by a teacher; every answer is kept, none is asked for twice."""

    dataset: Path
    out: Path
    """Folder of the label table."""
    labeler: str = "noisy"
    """oracle, noisy, time, vlm, or faulty: an oracle that fails in one known way."""
    options: Pairs = field(default_factory=dict)
    """Passed to the labeler: NAME VALUE ..., such as `preset drawer`, or `model NAME base_url ADDRESS`."""
    goal: str = ""
    """What the pictures are judged by; the data's own sentence if it has just one."""
    pairs: int = 4000
    group: int = 0
    """Ask about all pairs of so many frames at a time."""
    across: float = 0.5
    """Share of the questions that compare two episodes."""
    camera: str = "auto"
    focus: str = ""
    """Ask about the moments that this fitted reward rates highest."""
    top: float = 0.3
    store: Path | None = None
    """Where answers are kept; feedback.sqlite in `out` if not given. Several runs may share one."""
    max_queries: int | None = None
    max_tokens: int | None = None
    max_error_rate: float = 0.2
    partial: bool = False
    """Go on with what was answered when the budget ends."""
    seed: int = 0
    yes: bool = False
    """Do not ask before pictures leave this machine."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.config import read_manifest
        from embodied.steps import LabelConfig, label

        config = LabelConfig(
            self.labeler, options(self.options), self.goal, self.pairs, self.group, self.across, self.camera,
            self.focus, self.top, self.max_queries, self.max_tokens, self.max_error_rate, self.partial,
        )  # fmt: skip
        with shown(self.json, "answers") as tell:
            found = label(
                self.dataset, self.out, config, store=self.store, seed=self.seed, permit=agree(self.yes), progress=tell
            )
        return {"labels": str(self.out), "preferences": len(found), **read_manifest(self.out)["counts"]}


@dataclass
class FitReward:
    """Fit a reward to label tables."""

    dataset: Path
    labels: list[Path]
    """Folders made by `embodied label`."""
    out: Path
    reward: str = "preference"
    config: Pairs = field(default_factory=dict)
    """Settings of the reward: NAME VALUE ..., such as `members 5 inputs '["state"]'`."""
    control: Literal["none", "shuffled"] = "none"
    """"shuffled" deals the answers to other questions first: what a reward is worth that knows nothing."""
    weights: list[str] = field(default_factory=lambda: ["auto"])
    """How much an answer counts: "auto" as much as its source can be trusted, found without any truth; "none" all
    alike; or SOURCE WEIGHT ..., such as `vlm:NAME 0.5`."""
    seed: int = 0
    device: str = "auto"
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.steps import fit_reward

        with shown(self.json, "members") as tell:
            fit_reward(
                self.dataset, self.labels, self.out, reward=self.reward, config=options(self.config),
                control=self.control, weights=weights_of(self.weights), seed=self.seed, device=self.device,
                progress=tell,
            )  # fmt: skip
        record = json.loads((self.out / "reward.json").read_text())
        return {"reward": str(self.out), **{k: v for k, v in record["held_out"].items() if k != "bins"}}


@dataclass
class Feedback:
    """Say how far each source of answers can be trusted, with the evidence."""

    action: Annotated[Literal["stats"], tyro.conf.Positional]
    answers: Annotated[list[Path], tyro.conf.Positional]
    """Feedback stores, or folders made by `embodied label`."""
    dataset: Path | None = None
    """What the answers are about. With recorded progress they are held against it; in any case against a reward that
    is fitted to other answers."""
    gold: str = ""
    """Answers to hold the others against: a folder or store, or the beginning of a source's name, such as `human`."""
    seed: int = 0
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied import show
        from embodied.steps import feedback_stats

        found = feedback_stats(self.answers, self.dataset, gold=self.gold, seed=self.seed)
        if not self.json:
            show.sources(found)
        return found


@dataclass
class Relabel:
    """Write a fitted reward beside the episodes as one more column; columns are never overwritten."""

    dataset: Path
    reward: Path
    """Folder made by `embodied fit-reward`."""
    name: str
    """The new column's name."""
    folder: Path | None = None
    """Where columns go if the data set is not to be touched."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.steps import relabel

        with shown(self.json, "episodes") as tell:
            path = relabel(self.dataset, self.reward, self.name, folder=self.folder, progress=tell)
        return {"column": self.name, "path": str(path)}


@dataclass
class Train:
    """Train a policy on a reward column, offline."""

    dataset: Path
    out: Path
    policy: str = "iql"
    """iql, bc or filtered-bc."""
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
    "label": Label,
    "feedback": Feedback,
    "fit-reward": FitReward,
    "relabel": Relabel,
    "train": Train,
    "evaluate": Evaluate,
    "run": Run,
    "report": Report,
    "info": Info,
    "doctor": Doctor,
}
"""name -> the dataclass of its arguments"""

SHOWS_ITSELF = (Run, Feedback, Doctor)


def shown(quiet: bool, title: str) -> Any:
    """A progress bar on standard error; nothing with --json."""
    from embodied import show

    return show.bar(title, quiet)


def parse(arguments: Sequence[str]) -> Any:
    """The command's dataclass, filled in; tyro prints help and suggestions and leaves by SystemExit."""
    about = "Turn feedback into robot behaviour: episodes without rewards in, a policy and an honest report out."
    return tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="embodied", description=about, args=list(arguments))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it did its work, 1 when it could not and said why, 130 when interrupted."""
    command = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        from embodied.machine import check_not_shadowed

        check_not_shadowed()
        found = command()
    except KeyboardInterrupt:
        print("\nembodied: stopped; the same command continues", file=sys.stderr)
        return 130
    except (ValueError, KeyError, OSError, ImportError, RuntimeError) as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"embodied: {text}", file=sys.stderr)
        return 1
    if command.json:
        print(json.dumps(found))
    elif not isinstance(command, SHOWS_ITSELF):
        from embodied import show

        show.facts(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
