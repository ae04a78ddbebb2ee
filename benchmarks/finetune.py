"""Aligning a diffusion policy with few preferences: every method, at every share of wrong answers.

A policy is pre-trained on demonstrations in two manners, half and half; its own episodes are ranked by the truth, two
at a time. `task` is the share of fresh episodes that succeed, `satisfied` of those that do so in the wanted manner.
Intervals are over seeds (Student's t); a seed has its own answers, alignment and starts.

    python benchmarks/finetune.py --task grouping [--seeds 3] [--episodes 2000]
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro

from embodied.aligning import scores
from embodied.batches import CONSTANT
from embodied.collecting import CollectConfig, collect
from embodied.dataset import Dataset
from embodied.evaluation import evaluate
from embodied.intervening import InterveneConfig, intervene
from policies import diffusion, load
from policies.denoisers import Shape
from policies.finetune import EpisodePair, finetune
from policies.finetune_config import METHODS, FinetuneConfig

ENVS = {"grouping": "envs:embodied/PlanarGrouping-v0", "avoiding": "envs:embodied/PlanarAvoiding-v0"}
WRONG = (0.0, 0.1, 0.2, 0.3)


@dataclass(frozen=True)
class Options:
    """What is measured."""

    task: str = "grouping"
    seeds: int = 3
    demos: int = 300
    steps: int = 6000
    """Updates of the pre-training."""
    rollouts: int = 200
    queries: int = 50
    episodes: int = 2000
    """For each seed and method."""
    alignment: int = 2000
    """Updates of an alignment."""
    folder: Path = Path("runs/bench-finetune")
    out: Path | None = None
    wrong: tuple[float, ...] = WRONG
    methods: tuple[str, ...] = METHODS


def answers(rollouts: Dataset, queries: int, wrong: float, seed: int) -> list[EpisodePair]:
    """Pairs of random episodes, the better first, of which a share is turned round."""
    score = scores(rollouts, "-cost")
    done = scores(rollouts, "satisfied")
    rng = np.random.default_rng([seed, 17])
    ids, found = sorted(score), []
    while len(found) < queries:
        a, b = (int(i) for i in rng.choice(ids, 2, replace=False))
        if abs(score[a] - score[b]) > 0.02:
            a, b = (a, b) if (done[a] > 0, score[a]) > (done[b] > 0, score[b]) else (b, a)
            found.append((a, b))
    turned = set(rng.permutation(queries)[: round(wrong * queries)].tolist())
    return [EpisodePair(b, a) if i in turned else EpisodePair(a, b) for i, (a, b) in enumerate(found)]


def rates(policy: Any, options: Options, seed: int) -> dict[str, float]:
    """Shares of fresh episodes."""
    starts = range(2_000_000_000 + seed * 100_000, 2_000_000_000 + seed * 100_000 + options.episodes)
    records = evaluate(policy, ENVS[options.task], starts, env_kwargs={"cameras": ()}, batch=100)
    return {
        "task": float(np.mean([bool(r.success) for r in records])),
        "satisfied": float(np.mean([r.measures["satisfied"] for r in records])),
    }


def interval(values: Sequence[float]) -> dict[str, Any]:
    """Mean and half of a t interval."""
    from scipy.stats import t

    x = np.array(values)
    half = float(t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / len(x) ** 0.5) if len(x) > 1 else float("nan")
    return {"mean": round(float(x.mean()), 4), "half": round(half, 4), "seeds": [round(float(v), 4) for v in x]}


def main(options: Options) -> None:
    """Pre-train, roll out, align, evaluate, write."""
    torch.set_num_threads(2)
    begun, env, place = time.time(), ENVS[options.task], options.folder / options.task
    demos = collect(CollectConfig(env, "two-manners", options.demos, {"cameras": ()}), place / "demos", seed=3)
    config = diffusion.DiffusionConfig(
        obs=("state",), shape=Shape(channels=(64, 128), width=64), horizon=16, executed=8, batch=256,
        steps=options.steps, learning_rate=1e-3,
    )  # fmt: skip
    diffusion.fit(demos, CONSTANT, config, place / "base", seed=0)
    rollouts = intervene(place / "base", place / "rollouts", InterveneConfig(env, "nobody", options.rollouts))
    record: dict[str, Any] = {
        "task": options.task,
        "options": {k: str(v) for k, v in vars(options).items()},
        "methods": {},
    }
    found: dict[str, list[dict[str, float]]] = {}
    for seed in range(options.seeds):
        found.setdefault("before", []).append(rates(load(place / "base"), options, seed))
        print("before", found["before"][-1], flush=True)
        for wrong in options.wrong:
            pairs = answers(rollouts, options.queries, wrong, seed)
            for method in options.methods:
                name = f"{method}, {wrong:.0%} wrong"
                settings = FinetuneConfig(method=method, steps=options.alignment)  # type: ignore[arg-type]  # one of METHODS
                if wrong:
                    settings = replace(settings, smoothing=max(settings.smoothing, wrong))
                aligned = finetune(
                    place / "base",
                    rollouts,
                    pairs,
                    settings,
                    place / f"{method}-{wrong}-{seed}",
                    demos=demos,
                    seed=seed,
                )
                one: Mapping[str, float] = rates(aligned, options, seed)
                looks = aligned.about["looks"]
                found.setdefault(name, []).append({**one, **{k: looks[-1][k] for k in ("accuracy", "winner drift")}})
                print(name, found[name][-1], f"{time.time() - begun:.0f} s", flush=True)
    for name, each in found.items():
        record["methods"][name] = {key: interval([one[key] for one in each]) for key in each[0]}
    record["seconds"] = round(time.time() - begun)
    out = options.out or Path("benchmarks/results") / f"finetune-{options.task}.json"
    out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Options))
