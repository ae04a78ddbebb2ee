"""What the long tasks look like: a picture of each, at first and solved, and the page that lists them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from embodied import plugins
from embodied.bench_agents import Body, Knows
from embodied.models import Picture
from embodied.skills import At, Home

WIDE, FRONT, ABOVE = 400, 250, 200
"""Width of a picture, and heights of the view from the front and of that from above."""

NEAR, NARROW = 34.0, 17.0
"""Fields of view from the front and from above [deg]; the table is wider than deep."""

LINE = 4
"""White between pictures."""

COLOURS = 128
"""Of the palette that a picture is written with."""

FIRST, TRIES = 0, 20
"""The first scene of a task that is tried, and how many are until one is solved."""


@dataclass(frozen=True)
class Pictured:
    """A scene of a task at first and solved, and the sentence that asks for it."""

    task: Any
    seed: int
    sentence: str
    picture: Picture


def picture(
    tasks: Sequence[str], folder: str | Path, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Write a PNG per task into a folder, and FOLDER.md beside it, which lists them by family."""
    there = Path(folder)
    there.mkdir(parents=True, exist_ok=True)
    found = []
    for done, name in enumerate(tasks, 1):
        found.append(solved(name))
        save(there / f"{name}.png", found[-1].picture)
        if progress:
            progress(done, len(tasks))
    page = there.with_suffix(".md")
    page.write_text(listed(found, there.name))
    return {"tasks": len(found), "pictures": str(there), "page": str(page)}


def solved(name: str) -> Pictured:
    """The first scene that the expert solves, before and after; RuntimeError where it solves none."""
    env = plugins.load("envs.tabletop.rearrangement:Rearrangement")(name, cameras=())
    pursue = plugins.load("policies.planner:pursue")
    reporter = plugins.plugin("policies:REPORTERS", "truth", "reporter")
    try:
        for seed in range(FIRST, FIRST + TRIES):
            env.reset(seed=seed)
            brief, before = env.current, views(env)
            pursue(brief.sentence, Body(env, knows=True), Knows(brief.goal), reporter(), None, env.limit)
            if brief.goal.holds(env.view()):
                env.perform(Home(), At())
                line = np.full((before.shape[0], LINE, 3), 255, np.uint8)
                return Pictured(env.task, seed, brief.sentence, np.concatenate([before, line, views(env)], axis=1))
    finally:
        env.close()
    raise RuntimeError(f"{name}: the expert solved none of the scenes {FIRST} to {FIRST + TRIES - 1}")


def views(env: Any) -> Picture:
    """The table from the front, and from above without the robot."""
    cameras = plugins.load("envs.tabletop.camera:CAMERAS")
    front = replace(cameras["wide-front"], fov=NEAR, target=(0.46, 0.0, 0.08))
    above = replace(cameras["wide-top-no-robot"], fov=NARROW)
    line = np.full((LINE, WIDE, 3), 255, np.uint8)
    frames = [c.frame(env.looked_at(c), height, WIDE) for c, height in ((front, FRONT), (above, ABOVE))]
    return np.concatenate([frames[0], line, frames[1]])


def save(path: Path, pixels: Picture) -> None:
    """A picture as a small PNG."""
    from PIL import Image

    Image.fromarray(pixels).quantize(COLOURS, dither=Image.Dither.NONE).save(path, "PNG", optimize=True)


def listed(found: Sequence[Pictured], folder: str) -> str:
    """The page: a table per family."""
    families: Mapping[str, list[Pictured]] = {}
    for one in found:
        families.setdefault(one.task.family, []).append(one)
    lines = [
        "# The long tasks of the tabletop",
        "",
        f"Written by `embodied bench tabletop --pictures docs/{folder}`. Each picture is a scene of the split *train*,"
        " on the left at first and on the right as an expert that knows the goal leaves it; above from the front, below"
        " from above, where *top* is away from the robot and *left* is left (the view from the front faces the robot,"
        " so left and right are swapped there). *Moves* is the least number of"
        " pick-and-places that any scene of the task takes, *paper* the letter that the 2023 paper gives it.",
    ]
    for family, ones in families.items():
        lines += ["", f"## {family}", "", "| task | paper | what it asks | moves | reasoning | picture |",
                  "|---|---|---|---|---|---|"]  # fmt: skip
        for one in ones:
            task = one.task
            link = f"![{task.name}, at first and solved]({folder}/{task.name}.png)"
            cells = [f"`{task.name}`", task.paper, f"“{one.sentence}”", str(task.moves), task.reasoning, link]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
