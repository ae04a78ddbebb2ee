"""Rankings of videos, encoders for them, and policies aligned with them: what the commands do."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embodied import plugins
from embodied.config import from_plain
from embodied.dataset import Dataset, load_dataset
from embodied.types import Ranking


def scores(dataset: Dataset, name: str) -> dict[int, float]:
    """One number per episode: the mean of a measure over its frames, or of a reward column; "-" turns it round.

    ValueError for a name that is neither.
    """
    sign, name = (-1.0, name[1:]) if name.startswith("-") else (1.0, name)
    if name in dataset.extras:
        rows = np.asarray(dataset.low_dim([name])[name], np.float64)
        parts = np.split(rows, np.cumsum(dataset.lengths + 1)[:-1])
        return {int(i): sign * float(part.mean()) for i, part in zip(dataset.ids, parts, strict=True)}
    if name in dataset.columns:
        return {i: sign * float(np.mean(values)) for i, values in dataset.column(name).items()}
    known = sorted({*dataset.extras, *dataset.columns})
    raise ValueError(f"no measure or reward column {name!r} to rank by; the data set has {', '.join(known) or 'none'}")


def rank(dataset: str | Path, out: str | Path, score: str, *, seed: int = 0, **drawing: Any) -> int:
    """Draw rankings by a score and write them; how many there are."""
    data = load_dataset(Path(dataset))
    how = plugins.load("rewards.rankings:Drawing")(**drawing)
    drawn = plugins.load("rewards.rankings:draw")(scores(data, score), how, np.random.default_rng(seed))
    about = {"dataset": data.fingerprint(), "by": f"measured:{score}", "seed": seed, "drawing": vars(how)}
    plugins.load("rewards.rankings:write")(Path(out), drawn, about)
    return len(drawn)


def read_rankings(dataset: Dataset, folders: Sequence[str | Path]) -> list[Ranking]:
    """All rankings in these folders, of episodes of this data set."""
    lengths = {int(i): int(n) + 1 for i, n in zip(dataset.ids, dataset.lengths, strict=True)}
    read = plugins.load("rewards.rankings:read")
    return [ranking for folder in folders for ranking in read(folder, lengths)]


def pretrain(
    dataset: str | Path, out: str | Path, *, kind: str, camera: str, seed: int, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Pre-train an encoder into a folder; its settings."""
    make: Callable[..., dict[str, Any]] = plugins.load("rewards.rapl_reward:pretrain_encoder")
    return make(load_dataset(Path(dataset)), Path(out), kind=kind, camera=camera, seed=seed, **config)


def align(
    policy: str | Path,
    dataset: str | Path,
    out: str | Path,
    *,
    rankings: Sequence[str | Path] = (),
    reward: str | Path | None = None,
    pairs: int = 200,
    demos: str | Path | None = None,
    config: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Align a policy with what was ranked, and with what a reward is sure of; what the last look said."""
    data = load_dataset(Path(dataset))
    told = plugins.load("policies.finetune_pairs:said")(read_rankings(data, rankings))
    scored: dict[int, float] = {}
    if reward is not None:
        totals = plugins.load("rewards.rapl_reward:episode_totals")(reward, data, progress)
        told += plugins.load("policies.finetune_pairs:sure")(
            data.ids.tolist(), totals, pairs, np.random.default_rng([seed, 9])
        )
        scored = {int(i): float(v) for i, v in zip(data.ids, totals.mean(0), strict=True)}
    settings = from_plain(plugins.load("policies.finetune_config:FinetuneConfig"), dict(config or {}))
    anchor = None if demos is None else load_dataset(Path(demos))
    found = plugins.load("policies.finetune:finetune")(
        policy, data, told, settings, Path(out), demos=anchor, scores=scored or None, seed=seed, device=device
    )
    looks = found.about.get("looks") or [{}]
    return {"policy": str(out), "pairs": len(told), "stopped": found.about.get("stopped"), **looks[-1]}
