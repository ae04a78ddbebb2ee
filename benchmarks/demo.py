"""The main job over seeds: does a reward learned from answers replace the true one?

Every seed draws its own data, answers, reward and policies; all policies meet the same starts, which nothing was
chosen on. Writes benchmarks/results/demo-NAME.json and .md; runs are kept and continued in --runs.
"""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from embodied.config import commit, versions
from embodied.pipeline import Run, run
from embodied.presets import RunConfig, preset
from embodied.records import column, read_records
from embodied.results import read_summary, title
from embodied.statistics import Estimate, bootstrap, interquartile_mean, paired_difference
from embodied.workers import cores, in_order

STARTS = 3_000_000_000  # of the final evaluation; choices were made on others
RESULTS = Path(__file__).parent / "results"
OWN, TRUTH = "iql:learned", "iql:recorded"


@dataclass
class Bench:
    """Run the demo's job over several seeds and compare every policy with every control."""

    name: str = "judge"
    """The result's name."""
    preset: str = "demo"
    mix: str = ""
    """Another mixture of behaviours than the preset's."""
    first: int = 10
    """The first seed; those below were used while the recipe was chosen."""
    seeds: int = 5
    episodes: int = 100
    runs: Path = Path("runs/bench")
    pixels_only: bool = False
    """Also fit the reward without the reading step, straight from pixels."""
    shuffled: bool = False
    """Also train on a reward fitted to shuffled answers."""
    parallel: int = cores()
    """Seeds at a time, a process each."""


def configured(bench: Bench) -> RunConfig:
    """The preset with the benchmark's starts, mixture and controls."""
    config = preset(bench.preset)
    if bench.mix and config.collect:
        config = replace(config, collect=replace(config.collect, mix=bench.mix))
    arms = (*config.arms, "iql:shuffled") if bench.shuffled else config.arms
    return replace(config, episodes=bench.episodes, start=STARTS, arms=arms)


@dataclass(frozen=True)
class Part:
    """One run of the benchmark."""

    config: RunConfig
    out: Path
    seed: int
    data: Path | None = None


def perform(part: Part) -> float:
    """Do what is missing of a run; the seconds that took."""
    import torch

    torch.set_num_threads(1)
    begun = time.monotonic()
    run(part.config, part.out, dataset=part.data, seed=part.seed, workers=1)
    return time.monotonic() - begun


def measure(bench: Bench) -> dict[str, Any]:
    """Every seed's runs, done as far as they are missing, and what they say together."""
    config, seeds = configured(bench), range(bench.first, bench.first + bench.seeds)
    pixels = replace(config, reward={}, arms=(OWN,), collect=None)
    whole = [Part(config, bench.runs / f"{bench.name}-{seed}", seed) for seed in seeds]
    other = [Part(pixels, Path(f"{part.out}-pixels"), part.seed, part.out / "data") for part in whole]
    seconds = list(in_order(perform, whole, bench.parallel))
    list(in_order(perform, other if bench.pixels_only else [], bench.parallel))
    scores: dict[str, Any] = {}
    progress: dict[str, Any] = {}
    for part in whole:
        gather(Run(part.out), config.arms, scores, progress)
    for part in other if bench.pixels_only else []:
        gather(Run(part.out), (OWN,), scores, progress, suffix=", pixels only")
    found = [read_summary(part.out) for part in whole]
    return {
        "about": {"preset": bench.preset, "mix": config.collect.mix if config.collect else "", "seeds": list(seeds),
                  "episodes": bench.episodes, "first start": STARTS, "cores": cores(), "project": commit(),
                  "packages": versions(), "seconds per seed": [round(s, 1) for s in seconds]},
        "labels": [f["labels"] for f in found],
        "reward": [{k: f["reward"][k] for k in ("spearman", "pair_accuracy", "reading")}
                   | {"held_out_accuracy": f["reward"]["held_out"]["accuracy"]} for f in found],
        "policies": compared(scores, progress),
        "measures": measured(whole, config.arms),
    }  # fmt: skip


def measured(parts: list[Part], arms: tuple[str, ...]) -> dict[str, Any]:
    """What else the environment measured: per arm the mean over seeds and starts, and the learned reward minus it."""
    records = {arm: [read_records(Run(p.out).arm(arm) / "evaluation.jsonl") for p in parts] for arm in arms}
    found: dict[str, Any] = {}
    for name in records[OWN][0][0].measures:
        tables = {arm: np.stack([column(rows, name) for rows in runs]) for arm, runs in records.items()}
        rng = np.random.default_rng(0)
        found[name] = {
            arm: {
                "mean": plainly(bootstrap(table, rng)),
                "p95": float(np.quantile(table, 0.95)),
                "learned_minus_this": None if arm == OWN else plainly(paired_difference(tables[OWN], table, rng)),
                "of_ground_truth": float(table.mean() / max(tables[TRUTH].mean(), 1e-9)),
                "per_seed": table.mean(1).tolist(),
            }
            for arm, table in tables.items()
        }
    return found


def gather(
    done: Run, arms: tuple[str, ...], scores: dict[str, Any], progress: dict[str, Any], suffix: str = ""
) -> None:
    """Add a run's successes and progress, (episodes,) each, to the rows of its arms."""
    for arm in arms:
        records = read_records(done.arm(arm) / "evaluation.jsonl")
        scores.setdefault(arm + suffix, []).append(column(records, "success"))
        progress.setdefault(arm + suffix, []).append(column(records, "progress"))


def compared(scores: dict[str, Any], progress: dict[str, Any]) -> list[dict[str, Any]]:
    """Success with intervals over seeds and starts; the learned reward against each; the share of ground truth."""
    rows = []
    for arm, runs in scores.items():
        table, rng = np.stack(runs), np.random.default_rng(0)
        own = np.stack(scores[OWN])
        rows.append({
            "arm": arm, "title": title(arm.partition(",")[0]) + arm.partition(",")[1] + arm.partition(",")[2],
            "per_seed": table.mean(1).tolist(), "success": plainly(bootstrap(table, rng)),
            "progress_iqm": plainly(bootstrap(np.stack(progress[arm]), rng, statistic=interquartile_mean)),
            "learned_minus_this": None if arm == OWN else plainly(paired_difference(own, table, rng)),
            "share_of_ground_truth": float(table.mean() / max(np.stack(scores[TRUTH]).mean(), 1e-9)),
        })  # fmt: skip
    return rows


def plainly(estimate: Estimate) -> dict[str, float]:
    """An interval as JSON."""
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def markdown(result: dict[str, Any]) -> str:
    """The table that the README shows."""

    def interval(e: dict[str, float] | None) -> str:
        return "" if e is None else f"{e['value']:.2f} [{e['low']:.2f}, {e['high']:.2f}]"

    lines = [
        "| policy | success | progress (IQM) | learned minus this | of ground truth | per seed |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["policies"]:
        per_seed = " ".join(f"{v:.2f}" for v in row["per_seed"])
        lines.append(
            f"| {row['title']} | {interval(row['success'])} | {interval(row['progress_iqm'])} | "
            f"{interval(row['learned_minus_this'])} | {row['share_of_ground_truth']:.0%} | {per_seed} |"
        )
    for name, rows in result["measures"].items():
        lines += ["", f"| {name} | mean | 95th percentile | learned minus this | of ground truth | per seed |",
                  "|---|---|---|---|---|---|"]  # fmt: skip
        for arm, row in rows.items():
            per_seed = " ".join(f"{v:.2f}" for v in row["per_seed"])
            lines.append(
                f"| {title(arm)} | {interval(row['mean'])} | {row['p95']:.2f} | {interval(row['learned_minus_this'])} "
                f"| {row['of_ground_truth']:.0%} | {per_seed} |"
            )
    return "\n".join([*lines, *gaps(result["labels"])]) + "\n"


def gaps(labels: list[list[dict[str, Any]]]) -> list[str]:
    """How often each teacher was right by how far the two moments really are apart, over all seeds."""
    lines: list[str] = []
    for asked in zip(*labels, strict=True):
        if "by_gap" not in asked[0]:
            continue
        lines += ["", f"| {asked[0]['by']}: true gap | questions | right of decided | undecided |", "|---|---|---|---|"]
        for bins in zip(*(a["by_gap"] for a in asked), strict=True):
            n = sum(b["n"] for b in bins)
            right, wrong = (sum(b[k] * b["n"] for b in bins if b["n"]) for k in ("right", "wrong"))
            if n:
                share = f"{right / (right + wrong):.1%}" if right + wrong else ""
                lines.append(
                    f"| {bins[0]['low']:g} to {bins[0]['high']:g} | {n} | {share} | {1 - (right + wrong) / n:.1%} |"
                )
    return lines


def main() -> None:
    """Measure, write, print."""
    bench = tyro.cli(Bench)
    result = measure(bench)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"demo-{bench.name}.json").write_text(json.dumps(result, indent=1) + "\n")
    (RESULTS / f"demo-{bench.name}.md").write_text(markdown(result))
    print(markdown(result))


if __name__ == "__main__":
    main()
