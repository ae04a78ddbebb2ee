"""What a bad source of answers costs, and whether it is noticed: on the tabletop, over seeds.

For every seed a clean source (the oracle) and a bad one answer different questions about the same episodes. The
rewards fitted to both, to the clean answers alone and to the bad ones alone order pairs of steps of episodes that
nobody was asked about. Writes benchmarks/results/bad_sources.json and .md; episodes and answers stay in --runs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from embodied import feedback_stats, label
from embodied.collecting import CollectConfig, collect
from embodied.config import commit, versions
from embodied.dataset import Dataset
from embodied.labels import read_labels
from embodied.statistics import paired_difference
from embodied.steps import LabelConfig
from embodied.types import Preference
from embodied.workers import cores
from rewards import bradley_terry
from rewards.agreement import pair_accuracy
from rewards.preference import PreferenceConfig
from rewards.sources import recorded
from rewards.trust import trusted, weighted
from rewards.verdicts import verdicts

RESULTS = Path(__file__).parent / "results"
GOAL = "put the block into the bowl of its own colour"
WORDS = {
    "always-left": "always says left",
    "flips": "flips about",
    "abstains": "abstains at random",
    "position-biased": "leans left",
}
"""The kinds of bad source, and what must be said of each."""
ARMS = ("clean", "both, counted alike", "both", "bad alone")


@dataclass
class Bench:
    """Measure bad sources over several seeds."""

    seeds: int = 3
    episodes: int = 150
    held_out: int = 60
    """Episodes that nobody is asked about."""
    pairs: int = 800
    """Questions to each source."""
    members: int = 2
    runs: Path = Path("runs/bad_sources")


def measure(bench: Bench) -> dict[str, Any]:
    """Accuracy of every arm and what was said of each source, over the seeds."""
    unseen = collect(CollectConfig(episodes=bench.held_out), bench.runs / "held-out", seed=1000)
    rows = [row for seed in range(bench.seeds) for row in of_seed(bench, seed, unseen)]
    about = {"seeds": bench.seeds, "episodes": bench.episodes, "held-out episodes": bench.held_out,
             "questions per source": bench.pairs, "cores": cores(), "project": commit(),
             "packages": versions()}  # fmt: skip
    return {"about": about, "kinds": [together(kind, [row for row in rows if row["kind"] == kind]) for kind in WORDS]}


def of_seed(bench: Bench, seed: int, unseen: Dataset) -> list[dict[str, Any]]:
    """One seed: its episodes, the clean source, and every kind of bad one."""
    folder = bench.runs / str(seed)
    data = collect(CollectConfig(episodes=bench.episodes), folder / "data", seed=seed)
    label(data, folder / "clean", LabelConfig("oracle", goal=GOAL, pairs=bench.pairs, camera="none"), seed=seed)
    clean = read_labels(folder / "clean" / "labels.parquet")
    config = PreferenceConfig(inputs=("state",), members=bench.members)
    base = accuracy(data, unseen, clean, config, seed)
    found = []
    for kind in WORDS:
        asked = LabelConfig("faulty", {"kind": kind, "seed": seed}, GOAL, bench.pairs, camera="none")
        label(data, folder / kind, asked, seed=100 + seed)
        bad = read_labels(folder / kind / "labels.parquet")
        trust = trusted(data, clean + bad, config, seed=seed)
        right = {
            "clean": base,
            "both, counted alike": accuracy(data, unseen, clean + bad, config, seed),
            "both": accuracy(data, unseen, weighted(clean + bad, trust), config, seed),
            "bad alone": accuracy(data, unseen, weighted(bad, trusted(data, bad, config, seed=seed)), config, seed),
        }
        said = spoken([folder / "clean", folder / kind], data, seed)
        found.append({"kind": kind, "seed": seed, "accuracy": right, "verdicts": said,
                      "lapse": {name: t.lapse for name, t in trust.items()}})  # fmt: skip
        print(json.dumps(found[-1]), flush=True)
    return found


def accuracy(
    data: Dataset, unseen: Dataset, preferences: Sequence[Preference], config: PreferenceConfig, seed: int
) -> float:
    """How often a reward fitted to these answers orders two steps of unseen episodes as progress does."""
    fitted = bradley_terry.fit(data, preferences, config, seed=seed)
    value = fitted.value(np.asarray(unseen.low_dim(["state"])["state"], np.float32))
    return pair_accuracy(value, np.concatenate(list(recorded(unseen).values())), np.random.default_rng(0))


def spoken(folders: Sequence[Path], data: Dataset, seed: int) -> dict[str, dict[str, list[str]]]:
    """What `feedback stats` says of each source, with the recorded progress and as if there were none."""
    sources = feedback_stats(folders, data, seed=seed)["sources"]
    return {
        name: {f"{one['source']}:{one['model']}".strip(":"): [v["words"] for v in verdicts(shown)]
               for one in sources for shown in [one | {"against": {k: one["against"][k] for k in kinds}}]}
        for name, kinds in (("truth", ["progress"]), ("no truth", ["fitted"]))
    }  # fmt: skip


def together(kind: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One kind of bad source over the seeds."""
    score = {arm: np.array([row["accuracy"][arm] for row in rows]) for arm in ARMS}
    rng = np.random.default_rng(0)
    cost = {arm: paired_difference(score["clean"][:, None], score[arm][:, None], rng) for arm in ARMS[1:]}
    bad = f"faulty:{kind}"
    noticed = {
        name: sum(any(WORDS[kind] in words for words in row["verdicts"][name][bad]) for row in rows)
        for name in ("truth", "no truth")
    }
    wronged = sum(bool(row["verdicts"][name]["oracle"]) for row in rows for name in noticed)
    return {
        "kind": kind, "accuracy": {arm: values.tolist() for arm, values in score.items()},
        "cost": {arm: vars(e) for arm, e in cost.items()}, "found": noticed, "seeds": len(rows),
        "clean source accused": wronged, "lapse": [row["lapse"] for row in rows],
        "verdicts": [row["verdicts"] for row in rows],
    }  # fmt: skip


def markdown(result: dict[str, Any]) -> str:
    """The table that the README shows."""
    lines = [
        "| bad source | clean answers | cost of adding it | counted alike | of it alone | found with truth | without |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["kinds"]:
        clean, cost = np.mean(row["accuracy"]["clean"]), row["cost"]
        points = [
            f"{100 * cost[a]['value']:.1f} [{100 * cost[a]['low']:.1f}, {100 * cost[a]['high']:.1f}]" for a in ARMS[1:]
        ]
        both, alike, alone = points[1], points[0], points[2]
        seen = [f"{row['found'][name]} of {row['seeds']}" for name in ("truth", "no truth")]
        lines.append(f"| {row['kind']} | {clean:.1%} | {both} | {alike} | {alone} | {seen[0]} | {seen[1]} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, write, print."""
    import torch

    torch.set_num_threads(1)
    result = measure(tyro.cli(Bench))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "bad_sources.json").write_text(json.dumps(result, indent=1) + "\n")
    (RESULTS / "bad_sources.md").write_text(markdown(result))
    print(markdown(result))


if __name__ == "__main__":
    main()
