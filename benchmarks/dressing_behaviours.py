"""Who dresses how well: the expert and worse ways over held-out arms and sleeves, with the force that each needs.

Writes benchmarks/results/dressing-behaviours.json and .md.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from embodied import plugins
from embodied.config import commit, versions
from embodied.statistics import bootstrap, paired_difference
from embodied.workers import cores, in_order

RESULTS = Path(__file__).parent / "results"
WHO: Mapping[str, tuple[str, ...]] = {
    "easy": ("expert", "straight-exactly"),
    "medium": ("expert", "straight-exactly", "uniform", "random"),
    "hard": ("expert", "straight-exactly"),
}
KEPT = ("upper_ratio", "success", "peak_force", "snag", "hazard")


@dataclass
class Bench:
    """Let scripted behaviours dress so many held-out scenes of each level."""

    seeds: int = 100
    workers: int = cores()


@dataclass(frozen=True)
class Turn:
    """One episode."""

    level: str
    behaviour: str
    seed: int


def played(turn: Turn) -> list[float]:
    """How it ended, in the order of KEPT."""
    from envs.behaviours import make
    from envs.dressing.environment import Dressing

    env = Dressing(turn.level, split="held-out", obs=("state",), cameras=())
    _, info = env.reset(seed=turn.seed)
    act, ended = make(turn.behaviour, env, np.random.default_rng([turn.seed, 1])), False
    while not ended:
        *_, terminated, truncated, info = env.step(act({}, {}))
        ended = terminated or truncated
    return [float(info[name]) for name in KEPT]


def main() -> None:
    """Play, write, print."""
    bench = tyro.cli(Bench)
    plugins.load("envs:WAYS")
    turns = [Turn(level, who, seed) for level, names in WHO.items() for who in names for seed in range(bench.seeds)]
    ends = np.array(list(in_order(played, turns, bench.workers))).reshape(-1, bench.seeds, len(KEPT))
    rng, rows = np.random.default_rng(0), []
    names = [(level, who) for level, found in WHO.items() for who in found]
    table = dict(zip(names, ends, strict=True))
    for (level, who), found in table.items():
        row: dict[str, Any] = {
            "level": level,
            "behaviour": who,
            "p95_peak_force": float(np.quantile(found[:, 2], 0.95)),
        }
        row |= {name: asdict(bootstrap(found[:, i], rng)) for i, name in enumerate(KEPT)}
        if who != "expert":
            best = table[level, "expert"]
            row["expert_minus_this"] = {
                name: asdict(paired_difference(best[None, :, i], found[None, :, i], rng)) for i, name in enumerate(KEPT)
            }
        rows.append(row)
    about = {"seeds": bench.seeds, "split": "held-out", "project": commit(), "packages": versions()}
    (RESULTS / "dressing-behaviours.json").write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")
    (RESULTS / "dressing-behaviours.md").write_text(markdown(rows))
    print(markdown(rows))


def markdown(rows: list[dict[str, Any]]) -> str:
    """The table that the README shows."""

    def interval(e: Mapping[str, float]) -> str:
        return f"{e['value']:.2f} [{e['low']:.2f}, {e['high']:.2f}]"

    lines = [
        "| level | behaviour | upper arm covered | success | peak force, mean [N] | 95 % | snag | hazard |",
        "|---" * 8 + "|",
    ]
    for row in rows:
        cells = [row["level"], row["behaviour"], interval(row["upper_ratio"]), interval(row["success"]),
                 interval(row["peak_force"]), f"{row['p95_peak_force']:.1f}", f"{row['snag']['value']:.2f}",
                 f"{row['hazard']['value']:.2f}"]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
