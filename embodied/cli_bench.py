"""The command that plays the long tasks of the tabletop, and the one that pictures them."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from embodied.arguments import Pairs, agree, options, shown


@dataclass
class Bench:
    """Play the long tasks of the tabletop: one record per episode, a table with intervals, a report with film strips.

    The same command continues where it stopped; more tasks, splits and seeds may be played into the same folder.
    """

    suite: Annotated[Literal["tabletop", "corrections"], tyro.conf.Positional]
    """tabletop: the long tasks. corrections: a household, a person who corrects, and ways to keep corrections; of the
    settings below it takes tasks, seeds, wording, keepings, rounds, workers, out and json."""
    tasks: list[str] = field(default_factory=lambda: ["all"])
    """Ids, or groups: all, long (three moves or more), paper (those with a letter), a letter A to K, a family; of
    corrections a file of household tasks (docs/household.md)."""
    split: list[str] = field(default_factory=lambda: ["train"])
    """train, unseen-colours, unseen-compositions, held-out-wording, hard, all-new; joined by + for several at once."""
    seeds: int | None = None
    """Scenes of each task and split, 20 if not given; of corrections people who correct, 5 if not given."""
    first: int = 0
    """The first of them."""
    agent: Literal["oracle", "grammar", "model", "random", "nothing"] = "oracle"
    """oracle knows state and goal; grammar and model are told a sentence."""
    retry: Literal["open loop", "re-act", "re-plan", "re-plan-after", "re-plan-always"] = "re-plan"
    """What is done after a failure."""
    times: int = 2
    """re-act: so often what failed is repeated; re-plan-after: so many failures make a new plan."""
    reporter: Literal["truth", "noisy"] = "truth"
    """Who tells the planner how its last move went."""
    accuracy: float | None = None
    """How often the noisy reporter is right."""
    drop: float = 0.0
    """How often a held block is dropped, per second."""
    jitter: float = 0.0
    """How far off a block is put down, standard deviation in metres."""
    wording: Path | None = None
    """JSON of {task: [template, ...]} or {task: {"train": [...], "held-out": [...]}}, instead of the tasks' own; of
    corrections {wish: {"train": [...], "held-out": [...]}}."""
    keepings: list[str] = field(default_factory=lambda: ["all"])
    """Of corrections: ours, none, "all in the prompt", nearest, "gate only", instructions."""
    rounds: int = 3
    """Of corrections: how often every task comes again, in another scene."""
    options: Pairs = field(default_factory=dict)
    """Of the agent model: NAME VALUE ..., such as `model NAME base_url ADDRESS key_env NAME`, or `folder PATH`;
    `pictures true` shows it the table from above, too."""
    workers: int | None = None
    """Processes; all cores if not given."""
    out: Path | None = None
    """runs/bench-SUITE if not given."""
    pictures: Path | None = None
    """Play nothing; picture every task into this folder instead, and list them in FOLDER.md beside it."""
    yes: bool = False
    """Do not ask before pictures leave this machine."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied import show, wordings

        if self.suite == "corrections":
            return self.corrected()
        from embodied.benching import Scope, Settings, bench, chosen

        tasks = chosen(self.tasks)
        if self.pictures is not None:
            return self.pictured(tasks, self.pictures)
        settings = Settings(
            self.agent, self.retry, self.times, self.reporter, self.accuracy, self.drop, self.jitter,
            {} if self.wording is None else wordings.read(self.wording), self.model(),
        )  # fmt: skip
        scope, out = (
            Scope(tasks, tuple(self.split), self.seeds or 20, self.first),
            self.out or Path("runs/bench-tabletop"),
        )
        with shown(self.json, "episodes") as tell:
            found = bench(settings, scope, out, workers=self.workers, permit=agree(self.yes), progress=tell)
        if not self.json:
            show.bench(found, out)
        return {"bench": str(out), "report": str(out / "report.html"), **found}

    def corrected(self) -> dict[str, Any]:
        """How many corrections each way of keeping them needs."""
        from embodied.benching_corrections import bench_corrections

        file = None if self.tasks == ["all"] else Path(self.tasks[0])
        with shown(self.json, "people") as tell:
            found, table = bench_corrections(
                self.keepings, seeds=self.seeds, first=self.first, rounds=self.rounds, tasks=file,
                wording=self.wording, out=self.out, workers=self.workers, progress=tell,
            )  # fmt: skip
        if not self.json:
            print(table)
        return {"bench": str(self.out or Path("runs/bench-corrections")), "found": found}

    def pictured(self, tasks: tuple[str, ...], folder: Path) -> dict[str, Any]:
        """What every task looks like, instead of how well it is done."""
        from embodied import show
        from embodied.picturing import picture

        with shown(self.json, "tasks") as tell:
            found = picture(tasks, folder, progress=tell)
        if not self.json:
            show.facts(found)
        return found

    def model(self) -> Any:
        """What was said of a model; None where nothing was, and no model is asked."""
        from embodied.bench_model import ModelOptions
        from embodied.plugins import find

        if self.agent != "model" and not self.options:
            return None
        given, names = options(self.options), {f.name: f for f in fields(ModelOptions)}
        for name in given:
            find(names, name, "option of the agent model")
        return ModelOptions(**given)
