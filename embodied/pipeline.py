"""The whole job as resumable stages: episodes, feedback, reward, columns, policies, evaluation, report.

Every stage is a folder of the run, done once its manifest is there; the same command continues after a kill at any
moment, and asks no answered question twice. Reward columns live in the run, so that the data set stays as it was.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from embodied import plugins, steps
from embodied.collecting import collect
from embodied.config import plain, read_manifest
from embodied.dataset import Dataset, attach_columns, load_dataset
from embodied.presets import ARM_REWARDS, Arm, RunConfig
from embodied.stages import Stage
from embodied.workers import cores, in_order

Update = Callable[[int, int], None]


class Watcher(Protocol):
    """Whoever wants to see a run's stages pass."""

    def stage(self, title: str) -> AbstractContextManager[Update | None]: ...


@dataclass(frozen=True)
class Job:
    """One policy to train and evaluate, in a process of its own."""

    run: Path
    data: Path
    arm: str
    settings: Mapping[str, Any]
    config: RunConfig
    seed: int


@dataclass(frozen=True)
class Run:
    """A run's folder: where each stage lies."""

    folder: Path

    def labels(self, number: int) -> Path:
        """The answers of one round of questions."""
        return self.folder / f"labels-{number}"

    def labels_also(self, number: int) -> Path:
        """The answers of one more teacher."""
        return self.folder / f"labels-also-{number}"

    def arm(self, name: str) -> Path:
        """A policy, with its evaluation."""
        return self.folder / "policies" / name.replace(":", "-")

    @property
    def store(self) -> Path:
        """Every answer that was ever given in this run."""
        return self.folder / "feedback.sqlite"

    def config(self) -> RunConfig:
        """What the run was begun with."""
        from embodied.config import from_plain

        return from_plain(RunConfig, read_manifest(self.folder)["config"]["run"])

    def data(self) -> Dataset:
        """The episodes, with the run's reward columns."""
        return attach_columns(load_dataset(read_manifest(self.folder)["data"]), self.folder / "rewards")


def run(
    config: RunConfig,
    out: str | Path,
    *,
    dataset: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
    workers: int | None = None,
    permit: Callable[[str], bool] | None = None,
    watcher: Watcher | None = None,
) -> Run:
    """Do whatever of the job `out` does not hold yet, ending with `out`/report.html.

    Raises ValueError if `out` was begun with another configuration, data set or seed.
    """
    from embodied.reporting import report

    here, watch = Run(Path(out)), watcher or Quiet()
    path = Path(dataset) if dataset else here.folder / "data"
    check_names(config)
    whole = Stage(here.folder, "run", {"run": config.identity, "data": str(path.resolve())}, seed)
    finished = whole.done()
    data = episodes(config, path, given=dataset is not None, seed=seed, workers=workers, watch=watch)
    check_fits(config, data)
    ask_and_fit(here, config, data, seed, device, permit, watch)
    columns(here, config, data, watch)
    with watch.stage("policies") as tell:
        jobs = [Job(here.folder, path, arm, settings_of(config, arm), config, seed) for arm in config.arms]
        for count, _ in enumerate(in_order(train_and_evaluate, jobs, min(workers or cores(), len(jobs))), 1):
            if tell:
                tell(count, len(jobs))
    if not finished:
        whole.finish(data=str(path.resolve()), episodes=len(data), tasks=list(data.tasks))
    with watch.stage("report"):
        report(here)
    return here


class Quiet:
    """A watcher that shows nothing."""

    def stage(self, title: str) -> AbstractContextManager[None]:
        from contextlib import nullcontext

        return nullcontext()


def check_names(config: RunConfig) -> None:
    """Refuse an unknown labeler, mix, policy or setting before any work is done."""
    for one in (config.label, *config.also):
        plugins.find(plugins.load("rewards:LABELERS"), one.labeler, "labeler")
    steps.settings("rewards:CONFIGS", "preference", "reward", {**config.reward, **config.quick})
    if config.collect:
        plugins.find(plugins.load("envs:MIXES"), config.collect.mix, "mix")
    for wanted in wanted_rewards(config):
        steps.settings("rewards:CONFIGS", wanted.reward, "reward", wanted.settings)
    for text in config.arms:
        arm = Arm.parse(text)
        steps.settings("policies:CONFIGS", arm.policy, "policy", config.policies.get(arm.policy, {}))


def check_fits(config: RunConfig, data: Dataset) -> None:
    """Refuse data that lack what the run needs, by name."""
    if "iql:recorded" in config.arms and "recorded" not in data.columns:
        raise ValueError(
            f"{data.path} carries no reward of its own, so there is no ground truth: leave out the arm 'iql:recorded'"
        )
    steps.goal_of(data, config.label.goal)


def settings_of(config: RunConfig, arm: str) -> Mapping[str, Any]:
    """The policy settings of an arm."""
    return config.policies.get(Arm.parse(arm).policy, {})


def episodes(config: RunConfig, path: Path, *, given: bool, seed: int, workers: int | None, watch: Watcher) -> Dataset:
    """The data set: read, or recorded as far as it is missing."""
    if given:
        return load_dataset(path)
    if config.collect is None:
        raise ValueError("nothing to learn from: name a data set (--dataset), or a preset that records one")
    with watch.stage("episodes") as tell:
        return collect(config.collect, path, seed=seed, workers=workers, progress=tell)


def ask_and_fit(
    here: Run,
    config: RunConfig,
    data: Dataset,
    seed: int,
    device: str,
    permit: Callable[[str], bool] | None,
    watch: Watcher,
) -> None:
    """Rounds of questions, and the reward fitted to all answers; with shuffled answers too if an arm needs it.

    More teachers are asked once, before any reward is fitted.
    """
    first = config.label
    if config.rounds == 2:
        first = replace(first, pairs=max(1, first.pairs // 2))
    with watch.stage("labels") as tell:
        steps.label(data, here.labels(1), first, store=here.store, seed=seed, permit=permit, progress=tell)
    tables, shared = [here.labels(1)], here.folder / "shared"
    for number, one in enumerate(config.also, 1):
        teacher, out = replace(one, goal=one.goal or config.label.goal), here.labels_also(number)
        with watch.stage(f"labels, also {one.labeler}") as tell:
            steps.label(data, out, teacher, store=here.store, seed=seed + 1 + number, permit=permit, progress=tell)
        tables.append(out)
    if config.rounds == 2:
        quick = here.folder / "reward-quick"
        with watch.stage("first reward") as tell:
            settings = {**config.reward, **config.quick}
            steps.fit_reward(
                data, tables, quick, config=settings, seed=seed, device=device, shared=shared, progress=tell
            )
        second = replace(config.label, pairs=max(1, config.label.pairs - first.pairs), focus=str(quick))
        with watch.stage("labels, second round") as tell:
            steps.label(data, here.labels(2), second, store=here.store, seed=seed + 1, permit=permit, progress=tell)
        tables.append(here.labels(2))
    for wanted in wanted_rewards(config):
        with watch.stage(wanted.folder) as tell:
            steps.fit_reward(
                data, tables if wanted.reward == "preference" else [], here.folder / wanted.folder,
                reward=wanted.reward, config=wanted.settings, control=wanted.control, seed=seed, device=device,
                shared=shared, progress=tell,
            )  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """A reward that a run makes: its column, and how."""

    column: str
    folder: str
    reward: str
    settings: Mapping[str, Any]
    control: Literal["none", "shuffled"] = "none"


def wanted_rewards(config: RunConfig) -> list[Wanted]:
    """The reward learned from the answers, and what else the arms need."""
    named = dict.fromkeys(Arm.parse(arm).reward for arm in config.arms)
    found = [Wanted("learned", "reward", "preference", config.reward)]
    if "shuffled" in named:
        found.append(Wanted("shuffled", "reward-shuffled", "preference", config.reward, "shuffled"))
    for name in named:
        if name not in ARM_REWARDS:
            goal = {"goal": config.label.goal} if config.label.goal else {}
            found.append(Wanted(name, f"reward-{name}", name, {**goal, **config.direct.get(name, {})}))
    return found


def columns(here: Run, config: RunConfig, data: Dataset, watch: Watcher) -> None:
    """Each fitted reward as a column of the run."""
    folder = here.folder / "rewards"
    for wanted in wanted_rewards(config):
        if not (folder / wanted.column).exists():
            with watch.stage("column") as tell:
                steps.relabel(data, here.folder / wanted.folder, wanted.column, folder=folder, progress=tell)


def train_and_evaluate(job: Job) -> str:
    """One arm: its policy, and one record per evaluation episode beside it."""
    import torch

    torch.set_num_threads(1)
    arm, out = Arm.parse(job.arm), Run(job.run).arm(job.arm)
    data = attach_columns(load_dataset(job.data), job.run / "rewards")
    steps.train(data, out, policy=arm.policy, reward=arm.reward, config=job.settings, seed=job.seed)
    if job.config.env:
        starts = range(job.config.start, job.config.start + job.config.episodes)
        evaluate_saved(out, job.config.env, starts, env_options=job.config.env_options)
    return job.arm


def evaluate_saved(
    policy: Path,
    env: str,
    starts: Sequence[int],
    *,
    out: Path | None = None,
    env_options: Mapping[str, Any] | None = None,
    progress: Update | None = None,
) -> dict[str, Any]:
    """Run a saved policy from every start: evaluation.jsonl beside it (or `out`); success, progress and measures."""
    import hashlib

    import numpy as np

    from embodied.evaluation import evaluate
    from embodied.measures import Measures, estimates
    from embodied.records import column, read_header
    from embodied.statistics import bootstrap, interquartile_mean, wilson

    loaded = plugins.load("policies:load")(policy)
    weights = (policy / "policy.safetensors").read_bytes()
    path = out or policy / "evaluation.jsonl"
    rows = evaluate(
        loaded, env, starts, out=path, env_kwargs=env_options or {}, progress=progress,
        identity=hashlib.sha256(weights).hexdigest(),
    )  # fmt: skip
    progressed = bootstrap(column(rows, "progress"), np.random.default_rng(0), statistic=interquartile_mean)
    found: dict[str, Any] = {"records": str(path), "episodes": len(rows), "progress_iqm": plain(progressed)}
    if all(row.success is not None for row in rows):
        found["success"] = plain(wilson(sum(bool(row.success) for row in rows), len(rows)))
    if measured := estimates(rows, Measures.of(read_header(path))):
        found["measures"] = measured
    return found
