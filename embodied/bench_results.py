"""What a bench found, as plain data: a row per task and split, the mean over tasks, and the paper's figures beside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from embodied import plugins
from embodied.bench_records import BenchRecord
from embodied.config import plain, versions
from embodied.statistics import Estimate, bootstrap, wilson

METHODS = ("CLIPort", "Llama 2", "+ OpenFlamingo", "LLaVA")
"""CLIPort, multi-task; explicit feedback with Llama 2, and with OpenFlamingo added; implicit feedback with LLaVA."""

PAPER: Mapping[str, tuple[float, float, float, float]] = {
    "A": (61.2, 67.3, 67.3, 67.3),
    "B": (19.7, 27.9, 31.4, 37.0),
    "C": (12.1, 17.5, 18.0, 22.1),
    "D": (22.5, 28.8, 30.4, 35.8),
    "E": (13.4, 9.1, 9.6, 8.2),
    "F": (17.3, 24.8, 28.5, 21.1),
    "G": (2.1, 15.8, 21.9, 14.7),
    "H": (1.8, 8.7, 13.2, 5.2),
    "I": (8.5, 13.6, 12.8, 11.7),
    "J": (15.1, 19.7, 27.4, 27.2),
    "K": (6.7, 3.5, 4.0, 6.8),
}
"""Table I of the 2023 paper: average score, 0 to 100, of each of METHODS on the tasks of a letter."""

NOT_COMPARABLE = (
    "The paper's figures are printed for reference and are not comparable with ours: its metric was repaired here "
    "(any valid solution counts, nothing is scored that was not asked for, and progress can fall again), and the "
    "simulator, the scenes and the seeds are others."
)
INTERVALS = (
    "Intervals are 95 %: of success Wilson's (over tasks, of all their episodes), of progress a percentile bootstrap "
    "over episodes (over tasks, within each); where all episodes are alike a bootstrap has no width, however few."
)


def summary(records: Sequence[BenchRecord], settings: Any) -> dict[str, Any]:
    """Everything that the table and the report say."""
    by: dict[tuple[str, str], list[BenchRecord]] = {}
    for record in records:
        by.setdefault((record.task, record.split), []).append(record)
    rows = [row(task, split, some) for (task, split), some in by.items()]
    splits = list(dict.fromkeys(record.split for record in records))
    tokens = {"in": sum(r.tokens_in for r in records), "out": sum(r.tokens_out for r in records)}
    return {
        "agent": settings.agent,
        "rows": rows,
        "means": [mean_of(split, [r for r in records if r.split == split]) for split in splits],
        "paper": beside(rows),
        "tokens": tokens,
        "money": money(settings.model, tokens),
        "intervals": INTERVALS,
        "note": NOT_COMPARABLE,
        "versions": versions(),
    }


def row(task: str, split: str, records: Sequence[BenchRecord]) -> dict[str, Any]:
    """One task and split."""
    about = plugins.load("envs.tabletop.rearrangement:long_task")(task)
    return {"task": task, "split": split, "paper": about.paper, "family": about.family, **totals(records)}


def totals(records: Sequence[BenchRecord]) -> dict[str, Any]:
    """What may be said of any episodes of one task."""
    progress = bootstrap([r.progress for r in records], np.random.default_rng(0), n=2000)
    failures: dict[str, int] = {}
    for cause, count in (pair for r in records for pair in r.failures.items()):
        failures[cause] = failures.get(cause, 0) + count
    ended: dict[str, int] = {}
    for record in records:
        ended[record.ended] = ended.get(record.ended, 0) + 1
    return {
        "n": len(records),
        "success": plain(wilson(sum(r.success for r in records), len(records))),
        "progress": plain(progress),
        "moves": mean(r.moves for r in records),
        "needed": mean(r.needed for r in records),
        "calls": mean(r.calls for r in records),
        "seconds": mean(r.seconds for r in records),
        "wall": mean(r.wall for r in records),
        "failures": dict(sorted(failures.items(), key=lambda pair: -pair[1])),
        "ended": dict(sorted(ended.items(), key=lambda pair: -pair[1])),
    }


def mean(values: Any) -> float:
    """The mean of some numbers."""
    found = list(values)
    return float(sum(found)) / len(found)


def mean_of(split: str, records: Sequence[BenchRecord]) -> dict[str, Any]:
    """The mean over the tasks of a split, every task counting alike since all have as many episodes."""
    tasks = [r.task for r in records]
    progress = bootstrap([r.progress for r in records], np.random.default_rng(0), n=2000, strata=tasks)
    return {**totals(records), "split": split, "tasks": len(set(tasks)), "progress": plain(progress)}


def beside(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of every letter that was played: our mean progress and success in the first split, 0 to 100, and the paper's."""
    found = []
    for letter, figures in PAPER.items():
        mine = [r for r in rows if r["paper"] == letter and r["split"] == rows[0]["split"]]
        if mine:
            ours = {name: 100 * mean(r[name]["value"] for r in mine) for name in ("progress", "success")}
            found.append({"letter": letter, "tasks": [r["task"] for r in mine], **ours,
                          "published": dict(zip(METHODS, figures, strict=True))})  # fmt: skip
    return found


def money(model: Any, tokens: Mapping[str, int]) -> float | None:
    """What the tokens cost; None without prices."""
    if model is None or model.price_in is None:
        return None
    return plugins.load("embodied.prices:Prices")(model.price_in, model.price_out).of(tokens["in"], tokens["out"])


def estimate(values: Mapping[str, float]) -> Estimate:
    """An interval as it came out of bench.json."""
    return Estimate(**values)
