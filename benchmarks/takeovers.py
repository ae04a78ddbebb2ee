"""Do takeovers teach a policy? A cloned policy is watched on one tabletop task; what the person did trains the next.

Per seed: 200 episodes of mixed behaviour; a policy cloned from them; 60 episodes of it under the eyes of a scripted
person, who takes over where it gets nowhere; preferences read off the takeovers, a reward fitted to nothing else, and
IQL on it, beside the controls. All policies meet the same starts. Writes benchmarks/results/takeovers.{json,md}.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from embodied import steps
from embodied.collecting import CollectConfig, collect
from embodied.config import commit, plain, versions
from embodied.dataset import attach_columns, load_dataset
from embodied.intervening import InterveneConfig, intervene
from embodied.pipeline import evaluate_saved
from embodied.records import column, read_records
from embodied.statistics import bootstrap, interquartile_mean, paired_difference
from embodied.steps import LabelConfig
from embodied.workers import in_order
from rewards.takeovers import Takeovers

STARTS = 3_000_000_000  # of the final evaluation; choices were made on others
ENV = "envs:embodied/PutBlockInBowl-v0"
RESULTS = Path(__file__).parent / "results"
REWARD = {"inputs": ["state"], "members": 4, "epochs": 10, "exponent": 0.0, "weight_decay": 0.1}
OWN = "IQL, reward from takeovers"


@dataclass
class Bench:
    """Run the seeds and compare."""

    first: int = 30
    """The first seed; those below were used while the recipe was chosen."""
    seeds: int = 3
    data: int = 200
    watched: int = 60
    pairs: int = 8000
    episodes: int = 100
    runs: Path = Path("runs/bench-takeovers")
    parallel: int = 1


@dataclass(frozen=True)
class Part:
    """One seed."""

    bench: Bench
    seed: int

    @property
    def folder(self) -> Path:
        return self.bench.runs / str(self.seed)


ARMS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    OWN: ("after", "iql", "takeovers", {}),
    "IQL, true reward": ("after", "iql", "recorded", {}),
    "IQL, takeovers shuffled": ("after", "iql", "shuffled", {}),
    "IQL, constant reward": ("after", "iql", "constant", {}),
    "cloning what the person did": ("after", "bc", "constant", {"who": "person", "steps": 4000}),
    "cloning everything": ("after", "bc", "constant", {}),
    "before: cloning, nobody watching": ("before", "bc", "constant", {}),
}
"""Name -> data, policy, reward, settings; the last is the policy that was watched."""


def perform(part: Part) -> dict[str, Any]:
    """Whatever of a seed is missing; how much help there was, and how good the reward is."""
    import torch

    torch.set_num_threads(1)
    here, bench = part.folder, part.bench
    collect(CollectConfig(ENV, episodes=bench.data), here / "before", seed=part.seed, workers=1)
    train_and_judge(part, "before: cloning, nobody watching")
    if not (here / "after").exists():
        shutil.copytree(here / "before", here / "copy", dirs_exist_ok=True)
        (here / "copy").rename(here / "after")
    watched = InterveneConfig(ENV, episodes=bench.watched, start=500_000_000 + 1000 * part.seed)
    data = intervene(here / "policies" / slug("before: cloning, nobody watching"), here / "after", watched)
    steps.label(data, here / "labels", LabelConfig("takeovers", pairs=bench.pairs), seed=part.seed)
    found: dict[str, Any] = {"human share": float(data.human()[int(data.lengths[: bench.data].sum()) :].mean()),
                             "takeovers": len(Takeovers(data).found)}  # fmt: skip
    for name, control in (("takeovers", "none"), ("shuffled", "shuffled")):
        fitted = here / f"reward-{name}"
        steps.fit_reward(data, [here / "labels"], fitted, config=REWARD, control=control, seed=part.seed)  # type: ignore[arg-type] # one of the two literals
        if not (here / "rewards" / name).exists():
            steps.relabel(data, fitted, name, folder=here / "rewards")
    found["reward"] = rank(data, here / "reward-takeovers")
    for arm in ARMS:
        train_and_judge(part, arm)
    return found


def rank(data: Any, reward: Path) -> float:
    """Rank correlation of a reward with the true progress of every frame."""
    from scipy.stats import spearmanr

    judge = steps.saved_reward(reward)
    values = np.concatenate([judge.values(episode) for episode in data])
    found: Any = spearmanr(values.ravel(), data.low_dim(["progress"])["progress"].ravel())
    return float(found.statistic)


def slug(arm: str) -> str:
    """A folder's name."""
    return "-".join("".join(c if c.isalnum() else " " for c in arm).split())


def train_and_judge(part: Part, arm: str) -> None:
    """A policy and its evaluation."""
    which, policy, reward, settings = ARMS[arm]
    data, out = load_dataset(part.folder / which), part.folder / "policies" / slug(arm)
    if which == "after":
        data = attach_columns(data, part.folder / "rewards")
    steps.train(data, out, policy=policy, reward=reward, config=settings, seed=part.seed)
    evaluate_saved(out, ENV, range(STARTS, STARTS + part.bench.episodes))


def main(bench: Bench) -> None:
    """All seeds, and what they say together."""
    parts = [Part(bench, seed) for seed in range(bench.first, bench.first + bench.seeds)]
    helped = list(in_order(perform, parts, bench.parallel))
    rows, rng = [], np.random.default_rng(0)
    tables = {
        arm: [read_records(part.folder / "policies" / slug(arm) / "evaluation.jsonl") for part in parts] for arm in ARMS
    }
    success = {arm: np.stack([column(rows, "success") for rows in found]) for arm, found in tables.items()}
    for arm, found in tables.items():
        progress = np.stack([column(rows, "progress") for rows in found])
        rows.append({
            "arm": arm, "success": plain(bootstrap(success[arm], rng)), "per seed": success[arm].mean(1).tolist(),
            "progress": plain(bootstrap(progress, rng, statistic=interquartile_mean)),
            "own minus this": None if arm == OWN else plain(paired_difference(success[OWN], success[arm], rng)),
        })  # fmt: skip
    about = {
        "project": commit(),
        "packages": versions(),
        "env": ENV,
        **{k: v for k, v in vars(bench).items() if k != "runs"},
    }
    record = {"about": plain(about), "help": helped, "policies": rows}
    (RESULTS / "takeovers.json").write_text(json.dumps(record, indent=1) + "\n")
    (RESULTS / "takeovers.md").write_text(told(record))
    print(told(record))


def span(estimate: dict[str, float]) -> str:
    """An estimate with its interval."""
    return f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]"


def told(record: dict[str, Any]) -> str:
    """The table."""
    about, helped = record["about"], record["help"]
    share, count, reward = (np.mean([one[k] for one in helped]) for k in ("human share", "takeovers", "reward"))
    lines = [
        "# Do takeovers teach a policy?", "",
        f"PutBlockInBowl, {about['seeds']} seeds x {about['episodes']} held-out starts; {about['watched']} watched "
        f"episodes per seed: the person acted in {100 * share:.0f} % of their steps, {count:.0f} takeovers; the reward "
        f"fitted to them alone has rank correlation {reward:.2f} with the true progress.", "",
        "| policy | success | progress (IQM) | reward from takeovers minus this |", "|---|---|---|---|",
    ]  # fmt: skip
    for row in record["policies"]:
        less = span(row["own minus this"]) if row["own minus this"] else ""
        lines.append(f"| {row['arm']} | {span(row['success'])} | {span(row['progress'])} | {less} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(tyro.cli(Bench))
