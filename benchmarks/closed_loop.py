"""Does looking pay when steps fail? The grammar planner open loop and closed, under drops and jitter, per task.

    OMP_NUM_THREADS=1 python benchmarks/closed_loop.py

The same scenes, disturbances drawn from the same seeds, the same budget of picks for every way of going on. Writes
benchmarks/results/closed-loop.{json,md,svg}: the difference per task with a 95 % interval (paired bootstrap over
scenes), and the gain as a function of how often the reporter is right.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from embodied.charts import Series, lines
from embodied.config import commit, versions
from embodied.statistics import paired_difference, wilson
from embodied.workers import cores, in_order
from envs import LONG_TASKS
from envs.tabletop.rearrangement import Rearrangement
from policies.grammar import GrammarPlanner
from policies.planner import Retry, pursue
from policies.reporters import NoisyReporter

RESULTS = Path(__file__).parent / "results"
OPEN, CLOSED = "open loop", "re-plan"


@dataclass
class Loop:
    """Compare ways of going on after a failure."""

    seeds: int = 24
    """Scenes per task."""
    drop: float = 0.15
    """Chance per second that a held block falls."""
    jitter: float = 0.006
    """How far off a block is put down [m], standard deviation."""
    ways: tuple[str, ...] = (OPEN, "re-act", CLOSED, "re-plan-after")
    curve: tuple[str, ...] = (
        "put-block-into-matching-bowl",
        "stack-blocks-of-same-color",
        "stack-blocks-of-same-size",
        "move-blocks-between-absolute-positions",
        "put-even-blocks-in-same-color-zone",
        "stack-smaller-over-bigger-with-same-color",
    )
    """Tasks over which the reporter's accuracy is varied."""
    accuracies: tuple[float, ...] = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
    tasks: tuple[str, ...] = tuple(LONG_TASKS)
    parallel: int = cores()
    out: Path = RESULTS


@dataclass(frozen=True)
class Case:
    """All scenes of a task, in one way."""

    task: str
    way: str
    accuracy: float
    loop: Loop


@cache
def table(task: str, drop: float, jitter: float) -> Rearrangement:
    """The environment of a task in this process."""
    return Rearrangement(task, cameras=(), render_mode=None, drop=drop, jitter=jitter)


def performed(case: Case) -> list[dict[str, Any]]:
    """Success, progress, picks, the planner's calls and how it ended, per scene."""
    env, found = table(case.task, case.loop.drop, case.loop.jitter), []
    for seed in range(case.loop.seeds):
        env.reset(seed=seed)
        reporter = NoisyReporter(case.accuracy, np.random.default_rng([seed, 2]))
        budget = 2 * env.needed + 4
        done = pursue(env.current.sentence, env, GrammarPlanner(), reporter, Retry(case.way), budget)  # type: ignore[arg-type] # checked by Retry
        view, goal = env.view(), env.current.goal
        found.append({
            "success": goal.holds(view), "progress": goal.progress(view), "moves": done.moves, "calls": done.calls,
            "ended": done.ended, "seconds": done.seconds,
        })  # fmt: skip
    return found


def mean(rows: list[dict[str, Any]], key: str) -> float:
    """Of one column."""
    return float(np.mean([row[key] for row in rows]))


def compared(rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """One task: every way, and closed minus open."""
    success = {way: np.array([float(row["success"]) for row in found]) for way, found in rows.items()}
    gain = paired_difference(success[CLOSED][None], success[OPEN][None], np.random.default_rng(0))
    ways = {
        way: {key: round(mean(found, key), 3) for key in ("success", "progress", "moves", "calls", "seconds")}
        for way, found in rows.items()
    }
    return {"ways": ways, "gain": {"value": gain.value, "low": gain.low, "high": gain.high}}


def main() -> None:
    """Run everything, print the table, write the results."""
    loop = tyro.cli(Loop)
    cases = [Case(task, way, 1.0, loop) for task in loop.tasks for way in loop.ways]
    cases += [Case(task, CLOSED, a, loop) for a in loop.accuracies if a < 1 for task in loop.curve]
    found = dict(zip(cases_keys(cases), in_order(performed, cases, loop.parallel), strict=True))
    tasks = {t: compared({way: found[t, way, 1.0] for way in loop.ways}) for t in loop.tasks}
    curve = [accuracy(a, loop, found) for a in loop.accuracies]
    better = [t for t, row in tasks.items() if row["gain"]["low"] > 0]
    plain = {k: v for k, v in asdict(loop).items() if k not in ("out", "parallel")}
    report = {
        "about": {**plain, "project": commit(), "packages": versions()},
        "tasks": tasks, "closed beats open on": len(better), "of": len(tasks), "accuracy": curve,
    }  # fmt: skip
    loop.out.mkdir(parents=True, exist_ok=True)
    (loop.out / "closed-loop.json").write_text(json.dumps(report, indent=1) + "\n")
    text = markdown(report)
    (loop.out / "closed-loop.md").write_text(text)
    (loop.out / "closed-loop.svg").write_text(drawn(curve))
    print(text)


def cases_keys(cases: list[Case]) -> list[tuple[str, str, float]]:
    """What each case is looked up by."""
    return [(case.task, case.way, case.accuracy) for case in cases]


def accuracy(value: float, loop: Loop, found: dict[tuple[str, str, float], list[dict[str, Any]]]) -> dict[str, Any]:
    """Success over the tasks of the curve with a reporter that is so often right, and its gain over open loop."""
    closed = np.array([[float(r["success"]) for r in found[t, CLOSED, value]] for t in loop.curve])
    opened = np.array([[float(r["success"]) for r in found[t, OPEN, 1.0]] for t in loop.curve])
    gain = paired_difference(closed.ravel()[None], opened.ravel()[None], np.random.default_rng(0))
    rate = wilson(int(closed.sum()), closed.size)
    return {
        "accuracy": value, "success": rate.value, "low": rate.low, "high": rate.high,
        "gain": gain.value, "gain_low": gain.low, "gain_high": gain.high, "episodes": int(closed.size),
    }  # fmt: skip


def drawn(curve: list[dict[str, Any]]) -> str:
    """The gain against the reporter's accuracy, as SVG."""
    x = np.array([c["accuracy"] for c in curve])
    y, low, high = (np.array([c[key] for c in curve]) for key in ("gain", "gain_low", "gain_high"))
    series = {"closed minus open loop": Series(x, y, low, high)}
    return lines(series, x_label="how often the reporter is right", y_label="gain in success")


def markdown(report: dict[str, Any]) -> str:
    """The tables of the README and the docs."""
    ways = list(next(iter(report["tasks"].values()))["ways"])
    rows = [
        f"| {task} | {' | '.join(format(row['ways'][w]['success'], '.2f') for w in ways)} | "
        f"{row['gain']['value']:+.2f} [{row['gain']['low']:+.2f}, {row['gain']['high']:+.2f}] |"
        for task, row in report["tasks"].items()
    ]
    overall = [np.mean([row["ways"][w]["success"] for row in report["tasks"].values()]) for w in ways]
    gain = np.mean([row["gain"]["value"] for row in report["tasks"].values()])
    rows.append(f"| **mean** | {' | '.join(f'{v:.2f}' for v in overall)} | {gain:+.2f} |")
    points = [
        f"| {c['accuracy']:.2f} | {c['success']:.2f} [{c['low']:.2f}, {c['high']:.2f}] | "
        f"{c['gain']:+.2f} [{c['gain_low']:+.2f}, {c['gain_high']:+.2f}] |"
        for c in report["accuracy"]
    ]
    return "\n".join([
        f"| task | {' | '.join(ways)} | {CLOSED} minus {OPEN} |", f"|---|{'---|' * (len(ways) + 1)}", *rows, "",
        f"Closed loop beats open loop (95 % interval) on {report['closed beats open on']} of {report['of']} tasks.", "",
        "| reporter right | success, closed loop | gain over open loop |", "|---|---|---|", *points, "",
    ])  # fmt: skip


if __name__ == "__main__":
    main()
