"""All keepings, all seeds: who needs how many corrections. Records, tables and memories lie in one folder."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embodied.bench_corrections import Order, Results, bench
from embodied.config import commit, versions
from embodied.corrections_report import markdown, summary
from embodied.keeping import KEEPINGS
from embodied.plugins import find
from embodied.workers import cores, in_order

SEEDS = 5


def one(job: tuple[Order, Path]) -> Results:
    """One keeping with one person."""
    return bench(*job)


def bench_corrections(
    keepings: Sequence[str] = ("all",),
    *,
    seeds: int | None = None,
    first: int = 0,
    rounds: int = 3,
    which: str = "held-out",
    tasks: Path | None = None,
    wording: Path | None = None,
    out: Path | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Any], str]:
    """What each keeping needs, and the same as tables; also `records.jsonl`, `found.json` and `found.md` in the folder.

    ValueError for an unknown keeping, and for what is wrong with a file of tasks or wordings.
    """
    names = list(KEEPINGS) if list(keepings) == ["all"] else list(keepings)
    for name in names:
        find(KEEPINGS, name, "keeping")
    folder, many = out or Path("runs/bench-corrections"), seeds or SEEDS
    orders = [Order(name, seed, rounds, which, tasks, wording) for name in names for seed in range(first, first + many)]
    jobs = [(order, folder / "memories") for order in orders]
    results = []
    for result in in_order(one, jobs, workers or cores()):
        results.append(result)
        if progress:
            progress(len(results), len(jobs))
    found = summary(results)
    table = markdown(found)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "records.jsonl").open("w", encoding="utf-8") as file:
        for result in results:
            who = {"keeping": result.order.keeping, "seed": result.order.seed}
            for played in result.played:
                file.write(json.dumps({**who, "kind": "played", **asdict(played)}) + "\n")
            for tried in result.tried:
                file.write(json.dumps({**who, "kind": "tried", **asdict(tried)}) + "\n")
    about = {"commit": commit(), "versions": versions(), "which": which, "rounds": rounds, "seeds": many}
    (folder / "found.json").write_text(json.dumps({**about, "found": found}, indent=1) + "\n")
    (folder / "found.md").write_text(table)
    return found, table
