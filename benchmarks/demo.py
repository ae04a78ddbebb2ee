"""The main job over seeds: does a reward learned from noisy answers replace the true one?

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
from embodied.evaluation import column
from embodied.pipeline import Run, run
from embodied.presets import RunConfig, preset
from embodied.records import read_records
from embodied.results import read_summary, title
from embodied.show import Stages
from embodied.statistics import Estimate, bootstrap, interquartile_mean, paired_difference
from embodied.workers import cores

STARTS = 3_000_000_000  # of the final evaluation; choices were made on others
RESULTS = Path(__file__).parent / "results"
OWN, TRUTH = "iql:learned", "iql:recorded"


@dataclass
class Bench:
    """Run the demo's job over several seeds and compare every policy with every control."""

    name: str = "mixed"
    """The result's name."""
    preset: str = "demo"
    mix: str = ""
    """Another mixture of behaviours than the preset's."""
    seeds: int = 5
    episodes: int = 100
    runs: Path = Path("runs/bench")
    pixels_only: bool = True
    """Also fit the reward without the reading step, straight from pixels."""


def configured(bench: Bench) -> RunConfig:
    """The preset with the benchmark's starts, mixture and controls."""
    config = preset(bench.preset)
    if bench.mix and config.collect:
        config = replace(config, collect=replace(config.collect, mix=bench.mix))
    return replace(config, episodes=bench.episodes, start=STARTS, arms=(*config.arms, "iql:shuffled"))


def measure(bench: Bench) -> dict[str, Any]:
    """Every seed's runs, done as far as they are missing, and what they say together."""
    config, scores, progress, found, seconds = configured(bench), {}, {}, [], []
    for seed in range(bench.seeds):
        out, begun = bench.runs / f"{bench.name}-{seed}", time.monotonic()
        fresh = not (out / "summary.json").exists()
        done = run(config, out, seed=seed, watcher=Stages())
        if fresh:
            seconds.append(time.monotonic() - begun)
        found.append(read_summary(out))
        gather(done, config.arms, scores, progress)
        if bench.pixels_only:
            plain = replace(config, reward={**config.reward, "reads": ()}, arms=(OWN,), collect=None)
            other = run(
                plain, bench.runs / f"{bench.name}-{seed}-pixels", dataset=out / "data", seed=seed, watcher=Stages()
            )
            gather(other, (OWN,), scores, progress, suffix=", pixels only")
    return {
        "about": {"preset": bench.preset, "mix": config.collect.mix if config.collect else "", "seeds": bench.seeds,
                  "episodes": bench.episodes, "first start": STARTS, "cores": cores(), "project": commit(),
                  "packages": versions(), "seconds per seed": [round(s, 1) for s in seconds]},
        "labels": [[{k: v for k, v in r.items() if k != "by_gap"} for r in f["labels"]] for f in found],
        "reward": [{k: f["reward"][k] for k in ("spearman", "pair_accuracy", "reading")}
                   | {"held_out_accuracy": f["reward"]["held_out"]["accuracy"]} for f in found],
        "policies": compared(scores, progress),
    }  # fmt: skip


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
    return "\n".join(lines) + "\n"


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
