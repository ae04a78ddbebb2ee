"""The embedded judge over training seeds: how right it is on scenes, pairs of colours and wordings it never saw.

Every seed poses and learns from its own moments; all are tested on the same ones. Writes benchmarks/results/judge.json
and .md; judges are kept, and continued, in --runs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from embodied.config import commit, versions
from embodied.judging import train_judge
from embodied.workers import cores
from rewards.judge_card import NAMES, percent

RESULTS = Path(__file__).parent / "results"
FIGURES = {
    "right": "right, of those decided",
    "ties_withheld": "ties withheld",
    "real_withheld": "real differences withheld",
}


@dataclass
class Bench:
    """Train a judge per seed and test all of them."""

    seeds: int = 3
    workers: int = cores()
    runs: Path = Path("runs/bench-judge")


def table(cards: list[dict[str, Any]]) -> str:
    """Mean and every seed, as Markdown."""
    lines = [f"| test | {' | '.join(FIGURES.values())} |", "|---|---|---|---|"]
    for name, words in NAMES.items():
        cells = []
        for figure in FIGURES:
            values = [card["tests"][name][figure] for card in cards]
            cells.append(f"{percent(float(np.mean(values)))} ({', '.join(percent(v) for v in values)})")
        lines.append(f"| {words} | {' | '.join(cells)} |")
    lines += ["", "By the true difference of progress, right of those decided / withheld, mean of the seeds:", ""]
    lines += [f"| difference | {' | '.join(NAMES.values())} |", "|---|---|---|---|"]
    for i, edge in enumerate(cards[0]["tests"]["scenes"]["by_gap"]):
        cells = [
            " / ".join(
                percent(float(np.mean([card["tests"][name]["by_gap"][i][figure] for card in cards])))
                for figure in ("right", "withheld")
            )
            for name in NAMES
        ]
        lines.append(f"| {edge['low']:g} to {edge['high']:g} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main(bench: Bench) -> None:
    cards = [
        train_judge(bench.runs / str(seed), seed=seed, workers=bench.workers, show=True) for seed in range(bench.seeds)
    ]
    RESULTS.mkdir(exist_ok=True)
    found = {"cards": cards, "versions": versions(), **commit(), "command": "benchmarks/judge.py"}
    (RESULTS / "judge.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "judge.md").write_text(table(cards))
    print(table(cards))


if __name__ == "__main__":
    main(tyro.cli(Bench))
