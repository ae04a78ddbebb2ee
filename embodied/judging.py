"""Training the embedded judge from nothing: pose moments, learn from them, measure on others, write the card."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from embodied import plugins
from embodied.config import versions
from embodied.training import train, write_json, write_tensors
from embodied.workers import cores, in_order

CHUNK = 100  # groups to a file
TESTS: Mapping[str, tuple[str, int]] = {"scenes": ("train", 1_000_000_000), "colours": ("held-out", 1_100_000_000)}
"""Name -> split and first seed of what a judge is measured on; training seeds stay far below."""

VALIDATION = 900_000_000
SEEDS = 10_000  # of posing that one training seed may use
Progress = Callable[[int, int], None] | None


def material(
    folder: Path, split: str, first: int, groups: int, *, workers: int | None = None, progress: Progress = None
) -> Any:
    """Posed groups, kept in `folder` a file at a time, so that a killed command continues."""
    order = plugins.load("envs.tabletop.posing:Order")
    folder.mkdir(parents=True, exist_ok=True)
    counts = [min(CHUNK, groups - start) for start in range(0, groups, CHUNK)]
    orders = [order(count, split, first + number) for number, count in enumerate(counts)]
    paths = [folder / f"{split}-{o.seed}-{o.groups}.npz" for o in orders]
    missing = [(o, path) for o, path in zip(orders, paths, strict=True) if not path.exists()]
    for done, _ in enumerate(in_order(kept, missing, min(workers or cores(), max(1, len(missing)))), 1):
        if progress:
            progress(len(orders) - len(missing) + done, len(orders))
    posed = plugins.load("envs.tabletop.posing:Posed")
    return plugins.load("rewards.judge_training:Material").of(posed.joined([posed(**np.load(path)) for path in paths]))


def kept(task: tuple[Any, Path]) -> None:
    """Pose one order into its file."""
    order, path = task
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("wb") as file:
        np.savez(file, **vars(plugins.load("envs.tabletop.posing:pose")(order)))
    unfinished.rename(path)


def earlier(folder: Path) -> int | None:
    """What the call that did everything took [s]; None where it took several."""
    card = folder / "judge.json"
    return json.loads(card.read_text())["seconds"] if card.exists() else None


def train_judge(
    out: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    workers: int | None = None,
    device: str = "auto",
    show: bool = False,
    progress: Progress = None,
) -> dict[str, Any]:
    """Leave judge.safetensors, judge.json and judge.md in `out`; the same command continues after a kill.

    Returns the card: what it is, what it was trained on, and how right it is on scenes, pairs of colours and wordings
    that it never saw.
    """
    import torch

    folder, began = Path(out), time.monotonic()
    fresh = not (folder / "material").exists()
    made = plugins.load("rewards.judge_training:JudgeConfig")(**(config or {}))
    at = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    posed = folder / "material"

    def drawn(split: str, first: int, groups: int) -> Any:
        return material(posed, split, first, groups, workers=workers, progress=progress)

    learner = plugins.load("rewards.judge_training:JudgeLearner")(
        drawn("train", (seed + 1) * SEEDS, made.groups), made, seed, at
    )
    before = torch.get_num_threads()
    torch.set_num_threads(workers or cores())
    try:
        train(
            learner, made.steps, folder / "training", log_every=50, checkpoint_every=250, title="judge", progress=show
        )
    finally:
        torch.set_num_threads(before)
    tests = {name: drawn(split, first, made.test_groups) for name, (split, first) in TESTS.items()}
    found = plugins.load("rewards.judge_exam:examined")(
        learner.net, drawn("train", VALIDATION, made.test_groups), tests, learner.material, at
    )
    seconds = round(time.monotonic() - began) if fresh else earlier(folder)
    weights = folder / "judge.safetensors"
    write_tensors(weights, found.pop("tensors"))
    card = {
        "schema_version": 1,
        "kind": "judge",
        **found,
        "config": asdict(made),
        "seed": seed,
        "seconds": seconds,
        "versions": versions(),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
    }
    write_json(folder / "judge.json", card)
    (folder / "judge.md").write_text(plugins.load("rewards.judge_card:text")(json.loads(json.dumps(card))))
    return card
