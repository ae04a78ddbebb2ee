"""The bench: every task, split and seed played once by one agent, spread over the cores, resumed where it stopped."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np

from embodied import plugins
from embodied.bench_agents import AGENTS
from embodied.bench_model import Listening, ModelOptions
from embodied.bench_records import BenchRecord, Job, Log
from embodied.config import plain
from embodied.stages import Stage
from embodied.wordings import Wording
from embodied.workers import cores, in_order

LONG = 3
"""So many moves at least make a task one of the group "long"."""

PIXELS = 192
"""Width of a film strip's frames."""

LOG, BENCH, STRIPS = "episodes.jsonl", "bench.json", "strips"
Progress = Callable[[int, int], None] | None


@dataclass(frozen=True)
class Settings:
    """How every episode is played. Two benches may share a folder only if these are the same."""

    agent: str = "oracle"
    retry: str = "re-plan"
    times: int = 2
    """re-act: so often what failed is repeated; re-plan-after: so many failures make a new plan."""
    reporter: str = "truth"
    accuracy: float | None = None
    """How often the noisy reporter is right."""
    drop: float = 0.0
    """How often a held block is dropped [1/s]."""
    jitter: float = 0.0
    """How far off a block is put down [m]."""
    wording: Wording = field(default_factory=dict)
    """Sentences instead of the tasks' own."""
    model: ModelOptions | None = None

    def __post_init__(self) -> None:
        plugins.find(AGENTS, self.agent, "agent")
        plugins.find(plugins.load("policies:REPORTERS"), self.reporter, "reporter")
        plugins.find(dict.fromkeys(get_args(plugins.load("policies.planner:Way"))), self.retry, "way to retry")
        plugins.load("policies.planner:Retry")(self.retry, self.times)
        plugins.load("envs.tabletop.hand:Disturbances")(self.drop, self.jitter)
        if (self.accuracy is None) == (self.reporter == "noisy"):
            raise ValueError(
                f"the reporter is {self.reporter} and accuracy {self.accuracy}; the noisy one needs how often it is "
                "right, in [0, 1], and the truth needs none"
            )
        if self.accuracy is not None and not 0 <= self.accuracy <= 1:
            raise ValueError(f"accuracy is {self.accuracy}; it is a probability, in [0, 1]")
        if self.reporter == "noisy" and self.agent not in ("grammar", "model"):
            raise ValueError(f"the agent {self.agent} is told nothing; a noisy reporter is for grammar and model")
        if (self.model is None) == (self.agent == "model"):
            raise ValueError(
                f"the agent is {self.agent}; options of a model belong to the agent model, which needs them"
            )

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything that another bench in the same folder must agree with; of a wording, what it comes to."""
        digest = {task: hashlib.sha256(repr(forms).encode()).hexdigest()[:12] for task, forms in self.wording.items()}
        return {**plain(self), "wording": digest, "model": self.model and self.model.identity}


@dataclass(frozen=True)
class Scope:
    """Which episodes are played: scenes `first` to `first + seeds - 1` of every task and split."""

    tasks: tuple[str, ...]
    splits: tuple[str, ...] = ("train",)
    seeds: int = 20
    first: int = 0

    def __post_init__(self) -> None:
        for split in self.splits:
            plugins.load("envs.tabletop.board:axes")(split)
        for name, values in (("task", self.tasks), ("split", self.splits)):
            if not values or len(set(values)) != len(values):
                raise ValueError(f"{name}s are {', '.join(values) or 'none'}; give at least one, and each once")
        if self.seeds < 1 or self.first < 0:
            raise ValueError(f"{self.seeds} seeds from {self.first} on; give at least 1, from 0 or more on")

    def jobs(self) -> list[Job]:
        """All episodes, those of one environment together."""
        seeds = range(self.first, self.first + self.seeds)
        return [Job(task, split, seed) for task in self.tasks for split in self.splits for seed in seeds]

    def filmed(self, job: Job) -> bool:
        """Whether the report shows this episode: the first of its task."""
        return job.split == self.splits[0] and job.seed == self.first


def chosen(words: Sequence[str]) -> tuple[str, ...]:
    """Tasks by their ids, or by groups: all, long, paper, a letter of the paper, a family; in the table's order."""
    named = plugins.load("envs.tabletop.rearrangement:long_task")
    tasks = {name: named(name) for name in plugins.load("envs:LONG_TASKS")}
    groups: dict[str, set[str]] = {
        "all": set(tasks),
        "long": {name for name, task in tasks.items() if task.moves >= LONG},
        "paper": {name for name, task in tasks.items() if task.paper},
    }
    for name, task in tasks.items():
        for group in (task.family, task.paper):
            if group:
                groups.setdefault(group, set()).add(name)
    table = {**groups, **{name: {name} for name in tasks}}
    meant = set().union(*(plugins.find(table, word, "task or group of tasks") for word in words))
    return tuple(name for name in tasks if name in meant)


@dataclass(frozen=True)
class Work:
    """A job as a worker needs it: how it is played, of how many workers it is one, where its film strip goes."""

    job: Job
    settings: Settings
    workers: int
    strip: Path | None


KEPT: dict[str, Any] = {}
"""Of this process: the environment that was used last ("env", "env of") and the model ("model", "model of")."""


def environment(work: Work) -> Any:
    """The environment of a task and split, the same as long as no other is wanted."""
    job, settings = work.job, work.settings
    wanted = (job.task, job.split, settings)
    if KEPT.get("env of") != wanted:
        close()
        KEPT["env"] = plugins.load("envs.tabletop.rearrangement:Rearrangement")(
            job.task, split=job.split, cameras=(), drop=settings.drop, jitter=settings.jitter,
            wording={task: {kind: list(t) for kind, t in forms.items()} for task, forms in settings.wording.items()},
            render_size=PIXELS,
        )  # fmt: skip
        KEPT["env of"] = wanted
    return KEPT["env"]


def close() -> None:
    """Let go of the environment that is kept."""
    KEPT.pop("env of", None)
    if env := KEPT.pop("env", None):
        env.close()


def model_of(work: Work) -> Listening | None:
    """The model, loaded once; None for agents without one."""
    options = work.settings.model
    if options is not None and KEPT.get("model of") != (options, work.workers):
        KEPT["model"] = Listening(options.made(work.workers))
        KEPT["model of"] = (options, work.workers)
    return None if options is None else KEPT["model"]


def play(work: Work) -> BenchRecord:
    """One episode, from the reset to its record; a film strip is on disk before the record is known."""
    job, env = work.job, environment(work)
    _, before = env.reset(seed=job.seed)
    played = AGENTS[work.settings.agent](env, work.settings, work.strip is not None, model_of(work))
    _, info = env.observe()
    if work.strip is not None:
        save(work.strip, played.strip)
    return BenchRecord(
        job.task, job.split, job.seed, work.settings.agent, bool(info["success"]), float(info["progress"]),
        played.moves, before["needed"], played.failures, played.calls, played.ended, played.reason,
        round(played.seconds, 3), round(played.wall, 3), before["task"], played.usage.tokens_in,
        played.usage.tokens_out,
    )  # fmt: skip


def save(path: Path, strip: Iterable[tuple[np.ndarray, str, bool]]) -> None:
    """A film strip as arrays, whole or not at all."""
    pictures, words, well = zip(*strip, strict=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, pictures=np.stack(pictures), words=np.array(words), well=np.array(well))
    unfinished.rename(path)


def strip_of(folder: Path, job: Job) -> Path:
    """Where the film strip of an episode lies."""
    return folder / STRIPS / f"{job.task}.{job.split}.{job.seed}.npz"


def bench(
    settings: Settings,
    scope: Scope,
    out: str | Path,
    *,
    workers: int | None = None,
    permit: Callable[[str], bool] | None = None,
    progress: Progress = None,
) -> dict[str, Any]:
    """Play whatever of the scope `out` does not hold yet; leaves episodes.jsonl, bench.json and report.html there.

    Raises ValueError where the folder was begun with other settings, or where pictures would leave this machine and
    `permit` does not allow it; Unavailable where a model does not answer. What was played is kept.
    """
    from embodied.bench_report import write
    from embodied.bench_results import summary

    folder, jobs = Path(out), scope.jobs()
    allowed(settings, permit)
    stage = Stage(folder, "bench", settings.identity)
    stage.done()
    with Log(folder / LOG) as log:
        left = [job for job in jobs if job.key not in log.records]
        count = number_of_workers(settings, len(left), workers)
        films = [strip_of(folder, job) if scope.filmed(job) else None for job in left]
        work = [Work(job, settings, count, film) for job, film in zip(left, films, strict=True)]
        try:
            for done, record in enumerate(in_order(play, work, count), len(jobs) - len(left) + 1):
                log.append(record)
                if progress:
                    progress(done, len(jobs))
        finally:
            close()
        records = [log.records[job.key] for job in jobs]
    found = {"settings": plain(settings.identity), "scope": plain(scope), **summary(records, settings)}
    unfinished = folder / f".{BENCH}"
    unfinished.write_text(json.dumps(found, indent=1))
    unfinished.rename(folder / BENCH)
    stage.finish(episodes=len(records))
    write(folder, scope, found)
    return found


def number_of_workers(settings: Settings, jobs: int, wanted: int | None) -> int:
    """One for a model that runs in this process; else as many as asked for, or as there are cores and episodes."""
    if settings.model is not None and settings.model.folder:
        return 1
    return max(1, min(wanted or cores(), jobs))


def allowed(settings: Settings, permit: Callable[[str], bool] | None) -> None:
    """ValueError where pictures would be sent somewhere that nobody allowed."""
    if settings.model is None or not settings.model.pictures:
        return
    where = settings.model.destination
    if where != "this machine" and not (permit and permit(where)):
        raise ValueError(f"pictures of the table would be sent to {where}, which nobody allowed; pass permit")
