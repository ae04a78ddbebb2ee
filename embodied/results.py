"""What a run found, as plain data: answers against truth, the reward against progress, policies against controls."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from embodied import plugins
from embodied.config import read_manifest
from embodied.dataset import Dataset
from embodied.labels import pair_of, read_rows
from embodied.pipeline import Run
from embodied.presets import Arm, RunConfig

TITLES = {"learned": "learned reward", "recorded": "recorded reward", "constant": "constant reward",
          "shuffled": "reward from shuffled answers"}  # fmt: skip
METHODS = {"iql": "IQL", "bc": "behaviour cloning", "filtered-bc": "filtered BC"}


def title(name: str) -> str:
    """An arm in words."""
    arm = Arm.parse(name)
    method = METHODS.get(arm.policy, arm.policy)
    return method if arm.policy == "bc" else f"{method}, {TITLES.get(arm.reward, f'{arm.reward} score as reward')}"


def summarise(run: Run, data: Dataset | None = None) -> dict[str, Any]:
    """Everything the report says in numbers."""
    config = run.config()
    data = data or run.data()
    truth = progress_of(data)
    return {
        "labels": [{"title": name, **labels(folder, truth)} for name, folder in asked(run, config).items()],
        "weights": weights(run),
        "sources": plugins.load("rewards.sources:statistics")([run.store], data, fit=False)["sources"],
        "reward": reward(run, data, truth),
        "policies": policies(run, config),
        "offline": offline(run, config, data),
    }


def progress_of(data: Dataset) -> dict[int, np.ndarray]:
    """True progress per frame of each episode (T + 1,), where the data set has it."""
    try:
        flat = data.low_dim(["progress"])["progress"]
    except KeyError:
        return {}
    return dict(zip(data.ids.tolist(), np.split(flat, np.cumsum(data.lengths + 1)[:-1]), strict=True))


def asked(run: Run, config: RunConfig) -> dict[str, Path]:
    """Where the answers of each round of questions lie, and then those of every further teacher, by a title."""
    rounds = {f"round {number}": run.labels(number) for number in range(1, config.rounds + 1)}
    return rounds | {f"also, teacher {k}": run.labels_also(k) for k in range(1, len(config.also) + 1)}


def weights(run: Run) -> dict[str, dict[str, Any]]:
    """How far the reward was found to trust each teacher, and what an answer for either side weighed in its fit."""
    path = run.folder / "reward" / "sources.json"
    if not path.exists():
        return {}
    trust = {name: plugins.load("rewards.trust:Trust")(**t) for name, t in json.loads(path.read_text()).items()}
    weight_of = plugins.load("rewards.sources:weight_of")
    return {
        name: asdict(found) | {"left": weight_of(name, trust, True), "right": weight_of(name, trust, False)}
        for name, found in trust.items()
    }


def labels(folder: Path, truth: Mapping[int, np.ndarray]) -> dict[str, Any]:
    """Some questions to one teacher: how many of each outcome, and how many were right."""
    rows = read_rows(folder / "labels.parquet")
    about = read_manifest(folder)
    found: dict[str, Any] = {"by": about["by"], "goal": about["goal"], "counts": about["counts"], "n": len(rows)}
    if truth:
        accuracy, total = (plugins.load(f"rewards.agreement:{name}") for name in ("label_accuracy", "summary"))
        outcomes, sides = [str(r["outcome"]) for r in rows], [r["p_left"] for r in rows]
        bins = accuracy([pair_of(row) for row in rows], outcomes, sides, truth)
        found |= {"by_gap": [asdict(b) for b in bins]} | total(bins)
    return found


def reward(run: Run, data: Dataset, truth: Mapping[int, np.ndarray]) -> dict[str, Any]:
    """How the learned reward did on answers it did not see, and against progress where that is known."""
    record = json.loads((run.folder / "reward" / "reward.json").read_text())
    found = {"held_out": record["held_out"], "curves": record["curves"], "reading": record.get("reading")}
    column = data.column("learned")
    recorded = data.column("recorded") if "recorded" in data.columns else {}
    after = {i: p[1:] for i, p in truth.items()} or recorded
    if ids := [i for i in column if i in after]:
        correlation = plugins.load("rewards.agreement:rank_correlation")
        accuracy = plugins.load("rewards.agreement:pair_accuracy")
        ours, theirs = [column[i] for i in ids], [after[i] for i in ids]
        found["spearman"] = correlation(ours, theirs)
        found["pair_accuracy"] = accuracy(np.concatenate(ours), np.concatenate(theirs), np.random.default_rng(0))
        found["against"] = "progress" if truth else "recorded reward"
    return found


def policies(run: Run, config: RunConfig) -> list[dict[str, Any]]:
    """Success, progress and measures of every arm over the same starts, and how they differ from the run's own."""
    if not config.env:
        return []
    from embodied.measures import Measures, estimates
    from embodied.records import column, read_header, read_records
    from embodied.statistics import bootstrap, interquartile_mean, paired_difference, wilson

    rng = np.random.default_rng(0)
    records = {arm: read_records(run.arm(arm) / "evaluation.jsonl") for arm in config.arms}
    scored = all(r.success is not None for rows in records.values() for r in rows)
    own = column(records[config.arms[0]], "success" if scored else "progress")
    found = []
    for arm, rows in records.items():
        progress = column(rows, "progress")
        score = column(rows, "success") if scored else progress
        about: dict[str, Any] = {
            "arm": arm, "title": title(arm), "episodes": len(rows), "score": "success" if scored else "progress",
            "progress_iqm": asdict(bootstrap(progress, rng, statistic=interquartile_mean)),
            "mean": asdict(wilson(int(score.sum()), len(score)) if scored else bootstrap(progress, rng)),
        }  # fmt: skip
        measures = Measures.of(read_header(run.arm(arm) / "evaluation.jsonl"))
        about["measures"] = estimates(rows, measures, None if arm == config.arms[0] else records[config.arms[0]])
        if arm != config.arms[0]:
            about["own_minus_this"] = asdict(paired_difference(own[None], score[None], rng))
        found.append(about)
    return found


def offline(run: Run, config: RunConfig, data: Dataset) -> list[dict[str, Any]]:
    """Root mean square distance of each policy's action from the recorded one, by quintile of the episode's return.

    A policy that prefers what the reward calls good stays closer to the best fifth than to the worst; on the
    episodes it was trained on, so no substitute for running it.
    """
    column = data.column("learned")
    ids = sorted(column)
    total = np.array([column[i].sum() for i in ids])
    fifth = np.minimum(np.argsort(np.argsort(total)) * 5 // len(total), 4)
    found = []
    load = plugins.load("policies:load")
    for arm in config.arms:
        policy = load(run.arm(arm))
        error = np.array([distance(policy, data, i) for i in ids])
        by_fifth = [float(np.sqrt(error[fifth == k].mean())) if (fifth == k).any() else float("nan") for k in range(5)]
        found.append({"arm": arm, "title": title(arm), "rms_by_return": by_fifth})
    return found


def distance(policy: Any, data: Dataset, episode: int) -> float:
    """Mean square difference between a policy's first actions and the recorded ones of an episode."""
    pictured = any(name in data.cameras for name in policy.spec.obs)
    recorded = data.episode(episode, images=pictured)
    policy.reset(recorded.task)
    said = policy.act({name: recorded.obs[name][:-1] for name in policy.spec.obs})
    return float(((said[:, 0] - recorded.action) ** 2).mean())


def write_summary(run: Run) -> dict[str, Any]:
    """`summarise`, also written to summary.json."""
    found = summarise(run)
    path = run.folder / "summary.json"
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(found, indent=1))
    unfinished.rename(path)
    return found


def read_summary(folder: Path) -> dict[str, Any]:
    """A run's summary.json."""
    path = Path(folder) / "summary.json"
    if not path.exists():
        raise ValueError(
            f"{folder} holds no finished run (no summary.json); `embodied run --out {folder}` finishes one"
        )
    return json.loads(path.read_text())
