"""One self-contained HTML page per bench: every task and split, the paper beside it, and a film strip per task."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from embodied import html
from embodied.bench_records import BenchRecord, Job, parsed
from embodied.bench_results import METHODS, estimate
from embodied.benching import LOG, PIXELS, Scope, strip_of
from embodied.config import read_manifest
from embodied.html import Block

MOST = 24
"""Frames of a film strip at most."""


LISTED = 200
"""Episodes that are listed because they did not succeed, at most."""


def write(folder: Path, scope: Scope, found: Mapping[str, Any]) -> Path:
    """Write `report.html` into the folder of a finished bench; returns the path."""
    blocks = [
        *overview(found),
        *per_task(found),
        *undone(folder, scope),
        *published(found),
        *films(folder, scope),
        *provenance(folder),
    ]
    path = folder / "report.html"
    unfinished = path.with_suffix(".tmp")
    where = f"{len(scope.tasks)} tasks, {', '.join(scope.splits)}, {scope.seeds} scenes each from seed {scope.first} on"
    unfinished.write_text(html.page(f"The tabletop, played by {found['agent']}", blocks, subtitle=where))
    unfinished.rename(path)
    return path


def overview(found: Mapping[str, Any]) -> list[Block]:
    """The few numbers that matter, split by split."""
    tiles: list[tuple[str, Any, str]] = []
    for one in found["means"]:
        remark = f"{one['split']}, mean over {one['tasks']} tasks"
        tiles += [
            ("success", html.percent(estimate(one["success"])), remark),
            ("progress", html.percent(estimate(one["progress"])), remark),
            ("moves / needed", round(one["moves"] / max(one["needed"], 1e-9), 2), one["split"]),
        ]
    blocks = [html.figures(tiles)]
    if found["tokens"]["in"]:
        money = "" if found["money"] is None else f", which cost {found['money']:.2f} in the currency of the prices"
        blocks.append(html.paragraph(f"{found['tokens']['in']:,} tokens in, {found['tokens']['out']:,} out{money}."))
    return blocks


def causes(counts: Mapping[str, int]) -> str:
    """Causes and how often, in words."""
    return ", ".join(f"{cause} {count}" for cause, count in counts.items()) or "none"


def named(task: str) -> Block:
    """The name of a task, in a column that is wide enough for it."""
    return Block(f'<span style="display:inline-block;min-width:17em">{escape(task)}</span>')


def per_task(found: Mapping[str, Any]) -> list[Block]:
    """A row per task and split, and the mean over tasks below: what was reached, and what it took."""
    lines = [
        *((named(row["task"]), row["paper"], row) for row in found["rows"]),
        *((named(f"mean over {one['tasks']} tasks"), "", one) for one in found["means"]),
    ]
    reached = [
        [
            name, letter, row["split"], row["n"], html.percent(estimate(row["success"])),
            html.percent(estimate(row["progress"])), f"{row['moves']:.1f} / {row['needed']:.1f}",
        ]
        for name, letter, row in lines
    ]  # fmt: skip
    took = [
        [
            name, row["split"], round(row["calls"], 1), round(row["seconds"], 1), round(row["wall"], 2),
            causes(row["failures"]), causes(row["ended"]),
        ]
        for name, _, row in lines
    ]  # fmt: skip
    strong = range(len(found["rows"]), len(lines))
    first = ["task", "paper", "split", "n", "success", "progress", "moves / needed"]
    second = ["task", "split", "calls", "robot s", "wall s", "failed steps", "ended"]
    held = "An episode is a success if its goal holds when it ends, whoever or whatever ended it."
    caption = (
        "Per episode: questions to the planner, seconds of the robot and of the clock. Of all episodes: steps that "
        "failed, by cause, and how the episodes ended."
    )
    return [
        html.heading("Every task"),
        html.table(first, reached, caption=f"{held} {found['intervals']}", highlight=strong),
        html.heading("What it took", 3),
        html.table(second, took, caption=caption, highlight=strong),
    ]


def undone(folder: Path, scope: Scope) -> list[Block]:
    """Why episodes did not succeed, one by one."""
    wanted = {job.key for job in scope.jobs()}
    records = [record for record in read(folder) if record.key in wanted and not record.success]
    rows = [
        [named(r.task), r.split, r.seed, round(r.progress, 2), f"{r.ended}: {r.reason}", r.sentence]
        for r in records[:LISTED]
    ]
    if not rows:
        return []
    header = ["task", "split", "scene", "progress", "how it ended", "sentence"]
    more = f"The first {LISTED} of {len(records)}." if len(records) > LISTED else ""
    table = html.table(header, rows, caption=more)
    return [html.details(f"{len(records)} episodes that did not succeed", [table])]


def published(found: Mapping[str, Any]) -> list[Block]:
    """The paper's Table I beside what was played here."""
    if not found["paper"]:
        return []
    header = ["task", "our progress", "our success", *METHODS]
    rows = [
        [
            one["letter"], round(one["progress"], 1), round(one["success"], 1),
            *(one["published"][name] for name in METHODS),
        ]
        for one in found["paper"]
    ]  # fmt: skip
    caption = (
        "0 to 100; ours is the mean over the letter's tasks in the first split. The last four columns are average "
        "scores of the paper's Table I: CLIPort, multi-task; explicit feedback with Llama 2, and with OpenFlamingo "
        "added; implicit feedback with LLaVA."
    )
    return [html.heading("The paper's figures"), html.note(found["note"], "warning"),
            html.table(header, rows, caption=caption)]  # fmt: skip


def films(folder: Path, scope: Scope) -> list[Block]:
    """The first episode of every task, a frame after each move."""
    records = {record.key: record for record in read(folder)}
    blocks = [html.heading("On film"), html.paragraph("The first episode of every task: first, not best.")]
    for task in scope.tasks:
        job = Job(task, scope.splits[0], scope.first)
        path = strip_of(folder, job)
        blocks.append(html.heading(task, 3))
        blocks.append(html.paragraph(f"“{records[job.key].sentence}”"))
        if not path.exists():  # played as part of another scope
            blocks.append(html.note("No film: this episode was played when another was the first."))
            continue
        blocks.append(strip(path, records[job.key]))
    return blocks


def strip(path: Path, record: BenchRecord) -> Block:
    """One film strip, what failed framed."""
    with np.load(path, allow_pickle=False) as kept:
        pictures, words, well = (kept[name][:MOST] for name in ("pictures", "words", "well"))
    captions = [f"{i}. {text}" if i else str(text) for i, text in enumerate(words.tolist())]
    how = "succeeded" if record.success else f"ended at progress {record.progress:.2f}"
    more = f" Failed steps: {causes(record.failures)}." if record.failures else ""
    text = (
        f"Scene {record.seed} of {record.split}: {how} ({record.ended}: {record.reason}), {record.moves} moves.{more}"
    )
    marked = [i for i, good in enumerate(well.tolist()) if not good]
    return html.pictures(list(pictures), captions, caption=text, marked=marked, width=PIXELS)


def read(folder: Path) -> list[BenchRecord]:
    """All episodes that a folder holds."""
    path = folder / LOG
    content = path.read_bytes()
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    return [parsed(path, number, line) for number, line in enumerate(lines, 1)]


def provenance(folder: Path) -> list[Block]:
    """The command, the versions and the settings."""
    about = read_manifest(folder)
    known = {"project": about["project"], "python": about["python"], "platform": about["platform"], **about["packages"]}
    return [
        html.heading("Made by"),
        html.code(about["command"]),
        html.details("Versions", [html.facts({name: str(value) for name, value in known.items()})]),
        html.details("Settings", [html.code(json.dumps(about["config"], indent=1))]),
    ]
