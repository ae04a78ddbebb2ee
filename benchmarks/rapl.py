"""How well rewards that are aligned with few rankings follow the truth: every form, its baselines and controls.

Videos of five behaviours (as wanted, task only, failed, there and back, random) in equal shares. Rankings of three are
drawn by the truth from training videos; settings are chosen on validation videos; every seed then has rankings, heads
and test videos of its own, scored once. `per video` is Spearman's over 12 points of a video, `across` between videos.

    python benchmarks/rapl.py --task grouping [--seeds 5] [--out benchmarks/results/rapl-grouping.json]
"""

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro

from embodied.collecting import CollectConfig, collect
from embodied.dataset import Dataset
from embodied.statistics import Estimate
from rewards.agreement import video_correlation
from rewards.frames import Videos, encoded, load_encoder, thinned
from rewards.ot import Transport
from rewards.rankings import Drawing, draw
from rewards.rapl import Aligned, Ranked, align
from rewards.rapl_config import Form, RaplConfig
from rewards.rapl_reward import pretrain_encoder

ENVS = {"grouping": "envs:embodied/PlanarGrouping-v0", "avoiding": "envs:embodied/PlanarAvoiding-v0"}
MIX = "planar"
BODY, OTHER = "mediumstick", "shortstick"
FORMS: tuple[Form, ...] = ("published", "pairs", "prototype", "rlhf")
UNLABELLED: tuple[Form, ...] = ("tcc", "frozen", "time", "prior")
CURVE = (5, 10, 20, 50, 100, 150, 300)
PRIOR = Transport(eps=0.1, prior=1.0)


@dataclass(frozen=True)
class Options:
    """What is measured."""

    task: str = "grouping"
    seeds: int = 5
    train: int = 300
    test: int = 100
    labels: int = 50
    """At which settings are chosen, and the main table is made."""
    things: int = 5
    folder: Path = Path("runs/bench-rapl")
    out: Path | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """Encoded videos, and the truth of every kept frame."""

    videos: dict[str, Videos]
    """By encoder."""
    cost: np.ndarray
    frames: list[int]
    score: dict[int, float]


def recorded(options: Options, name: str, seed: int, episodes: int, body: str) -> Dataset:
    """A data set of that many videos; made once."""
    config = CollectConfig(ENVS[options.task], MIX, episodes, {"embodiment": body})
    return collect(config, options.folder / options.task / name, seed=seed)


def judged(dataset: Dataset, encoders: dict[str, Any], cache: Path) -> Judged:
    """Its videos, encoded, with their true costs."""
    videos = {name: encoded(dataset, each, "top", cache=cache) for name, each in encoders.items()}
    rows = np.split(np.asarray(dataset.low_dim(["cost"])["cost"], np.float64), np.cumsum(dataset.lengths + 1)[:-1])
    kept = [row[thinned(len(row), 45)] for row in rows]
    cost = np.zeros((len(kept), max(map(len, kept))))
    for i, row in enumerate(kept):
        cost[i, : len(row)] = row
    score = {int(i): -float(row.mean()) for i, row in zip(dataset.ids, rows, strict=True)}
    return Judged(videos, cost, [len(row) for row in kept], score)


def scored(aligned: Aligned, on: Judged, encoder: str, how: Transport) -> dict[str, float]:
    """The two correlations on videos."""
    values = aligned.values(on.videos[encoder], how)
    std = values[:, on.videos[encoder].mask].std(1, correction=0).clamp_min(1e-9)
    value = (values / std[:, None, None]).mean(0).numpy()
    return video_correlation(value, on.cost, on.frames)


def candidates(form: Form) -> list[tuple[str, RaplConfig]]:
    """Settings among which validation videos choose: (encoder, settings)."""
    base = RaplConfig(form=form)
    if form == "published":
        return [("objects", replace(base, transport=Transport(eps=1.0), hidden=0))]
    found = []
    for encoder, hidden, rate in itertools.product(("objects", "contrastive"), (0, 64), (2e-3, 5e-3)):
        for eps in (1.0, 0.1) if form == "pairs" else (1.0,):
            how = Transport(eps=eps)
            found.append((encoder, replace(base, hidden=hidden, learning_rate=rate, transport=how, readout=how)))
    return found


def settings(form: Form, chosen: dict[str, Any]) -> tuple[str, RaplConfig]:
    """What a form is measured with."""
    if form in chosen:
        return chosen[form]["encoder"], chosen[form]["config"]
    if form == "tcc":
        return "contrastive", RaplConfig(form="frozen", readout=Transport(eps=1.0))
    if form == "prior":
        return "objects", RaplConfig(form="prior", readout=PRIOR)
    return "objects", RaplConfig(form=form)


def rankings(score: dict[int, float], count: int, seed: int) -> list[Ranked]:
    """Drawn by the truth."""
    return [Ranked(*each) for each in draw(score, Drawing(count), np.random.default_rng([seed, count]))]


def estimate(values: Sequence[float]) -> dict[str, Any]:
    """The mean over seeds and a t interval."""
    from scipy.stats import t

    x = np.array(values, np.float64)
    half = float(t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / len(x) ** 0.5) if len(x) > 1 else float("nan")
    return {
        "mean": round(float(x.mean()), 3),
        "shown": str(Estimate(float(x.mean()), float(x.mean() - half), float(x.mean() + half))),
        "seeds": [round(float(v), 3) for v in x],
    }


def choose(options: Options, train: Judged, validation: Judged) -> dict[str, Any]:
    """For every learned form the settings whose mean of both correlations is the highest on validation videos."""
    chosen: dict[str, Any] = {}
    for form in FORMS:
        best = -np.inf
        for encoder, config in candidates(form):
            values = []
            for seed in (900, 901):
                ranked = rankings(train.score, options.labels, seed)
                found = scored(
                    align(train.videos[encoder], ranked, form, config, seed), validation, encoder, config.readout
                )
                values.append(0.5 * (found["per video"] + found["across"]))
            if float(np.mean(values)) > best:
                best = float(np.mean(values))
                chosen[form] = {"encoder": encoder, "config": config, "validation": round(best, 3)}
        print(form, chosen[form]["encoder"], chosen[form]["config"].hidden, chosen[form]["validation"], flush=True)
    return chosen


def main(options: Options) -> None:
    """Record, choose, measure, write."""
    torch.set_num_threads(2)
    begun = time.time()
    cache = options.folder / "features.sqlite"
    data = recorded(options, "train", 1, options.train, BODY)
    place, encoders = options.folder / options.task, {}
    for kind, more in (("objects", {"things": options.things}), ("contrastive", {})):
        if not (place / kind / "encoder.json").exists():
            pretrain_encoder(data, place / kind, kind=kind, camera="top", **more)
        encoders[kind] = load_encoder(str(place / kind))
    train = judged(data, encoders, cache)
    validation = judged(recorded(options, "validation", 2, 150, BODY), encoders, cache)
    chosen = choose(options, train, validation)
    same = [
        judged(recorded(options, f"test-{s}", 100 + s, options.test, BODY), encoders, cache)
        for s in range(options.seeds)
    ]
    other = [
        judged(recorded(options, f"other-{s}", 200 + s, options.test, OTHER), encoders, cache)
        for s in range(options.seeds)
    ]

    def measured(form: Form, labels: int) -> dict[str, Any]:
        encoder, config = settings(form, chosen)
        found: dict[str, list[float]] = {}
        for seed in range(options.seeds):
            aligned = align(
                train.videos[encoder],
                rankings(train.score, labels, seed),
                config.form if form == "tcc" else form,
                config,
                seed,
            )
            for where, on in (("same", same[seed]), ("other", other[seed])):
                for name, value in scored(aligned, on, encoder, config.readout).items():
                    found.setdefault(f"{where} {name}", []).append(value)
        return {name: estimate(values) for name, values in found.items()}

    curve: dict[str, Any] = {}
    for form in (*FORMS, *UNLABELLED):
        for labels in CURVE if form in FORMS else (options.labels,):
            curve.setdefault(form, {})[str(labels)] = measured(form, labels)
        shown = curve[form][str(options.labels)]
        print(form, {name: each["shown"] for name, each in shown.items()}, flush=True)
    record = {
        "task": options.task, "embodiment": BODY, "other embodiment": OTHER, "seeds": options.seeds,
        "videos": {"train": options.train, "validation": 150, "test, each seed": options.test},
        "chosen on validation": {
            form: {"encoder": each["encoder"], "hidden": each["config"].hidden, "eps": each["config"].readout.eps,
                   "learning_rate": each["config"].learning_rate, "validation": each["validation"]}
            for form, each in chosen.items()
        },
        "by rankings": curve, "seconds": round(time.time() - begun),
    }  # fmt: skip
    out = options.out or Path("benchmarks/results") / f"rapl-{options.task}.json"
    out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Options))
