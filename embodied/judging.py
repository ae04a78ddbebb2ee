"""Training an embedded judge from nothing: pose moments, learn from them, measure on others, write the card."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embodied import plugins
from embodied.config import versions
from embodied.training import train, write_json, write_tensors
from embodied.workers import cores, in_order

VALIDATION = 900_000_000
SEEDS = 10_000  # of posing that one training seed may use
Progress = Callable[[int, int], None] | None


@dataclass(frozen=True)
class Course:
    """How the judge of one world is made: where its parts are found, and what it is measured on."""

    stem: str
    """Of its files."""
    posing: str
    """Module with Order, Posed and pose."""
    parts: Mapping[str, str]
    """material, config, learner, examined, text."""
    tests: Mapping[str, tuple[str, int]]
    """Name -> split and first seed; training seeds stay far below, or are of another split."""
    chunk: int
    """Groups to a file."""
    stride: int
    """Seeds that such a file uses up."""
    first: int
    """Where the seeds of training seed 0 begin."""

    def part(self, name: str) -> Any:
        """One of the parts."""
        return plugins.load(self.parts[name])


COURSES: Mapping[str, Course] = {
    "tabletop": Course(
        "judge",
        "envs.tabletop.posing",
        {
            "material": "rewards.judge_training:Material",
            "config": "rewards.judge_training:JudgeConfig",
            "learner": "rewards.judge_training:JudgeLearner",
            "examined": "rewards.judge_exam:examined",
            "text": "rewards.judge_card:text",
        },
        {"scenes": ("train", 1_000_000_000), "colours": ("held-out", 1_100_000_000)},
        chunk=100,
        stride=1,
        first=SEEDS,
    ),
    "dressing": Course(
        "judge_dressing",
        "envs.dressing.posing",
        {
            "material": "rewards.judge_dressing_training:Moments",
            "config": "rewards.judge_dressing_training:DressingJudgeConfig",
            "learner": "rewards.judge_dressing_training:DressingLearner",
            "examined": "rewards.judge_dressing_exam:examined",
            "text": "rewards.judge_dressing_card:text",
        },
        {"held-out": ("held-out", 0)},
        chunk=10,
        stride=10,
        first=0,
    ),
}
"""world -> how its judge is made"""


def material(
    course: Course,
    folder: Path,
    split: str,
    first: int,
    groups: int,
    *,
    workers: int | None = None,
    progress: Progress = None,
    **how: Any,
) -> Any:
    """Posed groups, kept in `folder` a file at a time, so that a killed command continues."""
    order = plugins.load(f"{course.posing}:Order")
    folder.mkdir(parents=True, exist_ok=True)
    counts = [min(course.chunk, groups - start) for start in range(0, groups, course.chunk)]
    orders = [order(count, split, first + number * course.stride, **how) for number, count in enumerate(counts)]
    named = "".join(f"-{value}" for value in how.values())
    paths = [folder / f"{split}-{o.seed}-{o.groups}{named}.npz" for o in orders]
    missing = [(course.posing, o, path) for o, path in zip(orders, paths, strict=True) if not path.exists()]
    for done, _ in enumerate(in_order(kept, missing, min(workers or cores(), max(1, len(missing)))), 1):
        if progress:
            progress(len(orders) - len(missing) + done, len(orders))
    posed = plugins.load(f"{course.posing}:Posed")
    return course.part("material").of(posed.joined([posed(**np.load(path)) for path in paths]))


def kept(task: tuple[str, Any, Path]) -> None:
    """Pose one order into its file."""
    posing, order, path = task
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("wb") as file:
        np.savez(file, **vars(plugins.load(f"{posing}:pose")(order)))
    unfinished.rename(path)


def earlier(card: Path) -> int | None:
    """What the call that did everything took [s]; None where it took several."""
    return json.loads(card.read_text())["seconds"] if card.exists() else None


def train_judge(
    out: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    world: str = "tabletop",
    seed: int = 0,
    workers: int | None = None,
    device: str = "auto",
    show: bool = False,
    progress: Progress = None,
) -> dict[str, Any]:
    """Leave judge.safetensors, judge.json and judge.md in `out`, or judge_dressing.* for the world "dressing"; the same
    command continues after a kill.

    Returns the card: what it is, what it was trained on, and how right it is on what it never saw.
    """
    import torch

    course = plugins.find(COURSES, world, "world")
    folder, began = Path(out), time.monotonic()
    posed = folder / ("material" if world == "tabletop" else f"material_{world}")
    fresh = not posed.exists()
    made = course.part("config")(**(config or {}))
    at = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)

    def drawn(split: str, first: int, groups: int, **how: Any) -> Any:
        return material(course, posed, split, first, groups, workers=workers, progress=progress, **how)

    copies = {"copies": made.copies} if hasattr(made, "copies") else {}
    learner = course.part("learner")(drawn("train", course.first + seed * SEEDS, made.groups, **copies), made, seed, at)
    before = torch.get_num_threads()
    torch.set_num_threads(workers or cores())
    try:
        log = folder / ("training" if world == "tabletop" else f"training_{world}")
        train(learner, made.steps, log, log_every=50, checkpoint_every=250, title="judge", progress=show)
    finally:
        torch.set_num_threads(before)
    tests = {name: drawn(split, first, made.test_groups) for name, (split, first) in course.tests.items()}
    found = course.part("examined")(
        learner.net, drawn("train", VALIDATION, made.test_groups), tests, learner.material, at
    )
    seconds = round(time.monotonic() - began) if fresh else earlier(folder / f"{course.stem}.json")
    weights = folder / f"{course.stem}.safetensors"
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
    write_json(folder / f"{course.stem}.json", card)
    (folder / f"{course.stem}.md").write_text(course.part("text")(json.loads(json.dumps(card))))
    return card
