"""What the commands show in a terminal: bars, stages, tables. Results go to standard output, the rest beside it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

out, beside = Console(), Console(stderr=True)
running: list[Progress] = []
"""The bars that are being drawn"""
FEWEST = 20  # shared pairs below which agreement is not worth a line


@contextmanager
def bar(title: str, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar told of (done, total); None where nothing is to be shown."""
    if quiet:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=beside, transient=True, disable=not beside.is_terminal
    ) as progress:
        task = progress.add_task(title, total=None)
        running.append(progress)
        try:
            yield lambda done, total: progress.update(task, completed=done, total=total)
        finally:
            running.remove(progress)


@contextmanager
def paused() -> Iterator[None]:
    """No bar is drawn meanwhile: somebody else has the terminal."""
    stopped = list(running)
    for progress in stopped:
        progress.stop()
    try:
        yield
    finally:
        for progress in stopped:
            progress.start()


class Stages:
    """A line per stage of a run, with the time it took."""

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[int, int], None] | None]:
        begun = time.monotonic()
        with bar(title, quiet=False) as tell:
            yield tell
        beside.print(f"{title:<24} [dim]{time.monotonic() - begun:6.1f} s[/dim]", highlight=False)


def facts(found: Mapping[str, Any]) -> None:
    """Names and values, a line each."""
    for name, value in found.items():
        out.print(f"[bold]{name}[/bold]: {shortened(value)}", highlight=False, soft_wrap=True)


def shortened(value: Any) -> str:
    """A value as one reads it; an interval as value [low, high]."""
    if isinstance(value, Mapping):
        if {"value", "low", "high"} <= set(value):
            return f"{value['value']:.3f} \\[{value['low']:.3f}, {value['high']:.3f}]"
        return ", ".join(f"{k} {shortened(v)}" for k, v in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(shortened(v) for v in value) or "none"
    return str(value).replace("[", "\\[")


def summary(found: Mapping[str, Any], folder: Path) -> None:
    """The table that ends a run, and where the report is."""
    held = found["reward"]["held_out"]
    for labels in found["labels"]:
        right = f", {labels['accuracy']:.0%} of the decided right" if labels.get("decided") else ""
        out.print(f"{labels['title']}: {labels['n']} answers by {labels['by']}{right}", highlight=False)
    out.print(
        f"reward: agrees with {held['accuracy']:.0%} of {held['decided']} answers it did not see", highlight=False
    )
    if found["policies"]:
        table = Table("policy", found["policies"][0]["score"], "95 %", "progress (IQM)", "episodes")
        for arm in found["policies"]:
            mean, progress = arm["mean"], arm["progress_iqm"]
            interval = f"{mean['low']:.2f} to {mean['high']:.2f}"
            table.add_row(
                arm["title"], f"{mean['value']:.2f}", interval, f"{progress['value']:.2f}", str(arm["episodes"])
            )
    else:
        table = Table("distance from recorded actions", "worst fifth", "best fifth")
        for arm in found["offline"]:
            worst, best = (arm["rms_by_return"][k] for k in (0, -1))
            table.add_row(arm["title"], f"{worst:.3f}", f"{best:.3f}")
    out.print(table)
    out.print(f"report: {folder / 'report.html'}", highlight=False, soft_wrap=True)


def bench(found: Mapping[str, Any], folder: Path) -> None:
    """The table that ends a bench: a line per task and split, and the mean over tasks; and where the report is."""
    table = Table("task", "split", "n", "success", "progress", "moves / needed", "calls", "robot s", "wall s", "failed")
    for column in table.columns:
        column.overflow, column.no_wrap = "fold", column.header not in ("task", "failed")
    table.columns[0].min_width = 20
    lines = [(row["task"], row) for row in found["rows"]]
    lines += [(f"[bold]mean over {one['tasks']} tasks[/bold]", one) for one in found["means"]]
    for name, row in lines:
        table.add_row(
            name, row["split"], str(row["n"]), _percent(row["success"]), _percent(row["progress"]),
            f"{row['moves']:.1f} / {row['needed']:.1f}", f"{row['calls']:.1f}", f"{row['seconds']:.1f}",
            f"{row['wall']:.2f}", ", ".join(f"{cause} {count}" for cause, count in row["failures"].items()),
        )  # fmt: skip
    (out if out.is_terminal else Console(width=160)).print(table)
    out.print(f"Success and progress are per cent. {found['intervals']}", highlight=False)
    out.print(f"report: {folder / 'report.html'}", highlight=False, soft_wrap=True)


def checks(found: Sequence[Any]) -> None:
    """What the doctor saw."""
    table = Table("", "what", "found", "without it")
    for check in found:
        mark = "[green]yes[/green]" if check.ok else "[yellow]no[/yellow]"
        table.add_row(mark, check.name, str(check.found).replace("[", "\\["), "" if check.ok else str(check.cost))
    out.print(table)


def sources(found: Mapping[str, Any]) -> None:
    """What is known of each source of answers, what is wrong with it and why, and who agrees with whom."""
    goals = {one["goal"] for one in found["sources"]}
    names = {one["name"]: one["name"].removesuffix(f":{one['goal']}") if len(goals) == 1 else one["name"]
             for one in found["sources"]}  # fmt: skip
    table = Table("source", "questions", "decided", "says left", "order flips", "right", "not looking", "weight")
    table.columns[0].overflow = "fold"
    for one in found["sources"]:
        outcomes, trust = one["outcomes"], one["trust"]
        right = next((one["against"][k]["accuracy"] for k in ("progress", "gold") if k in one["against"]), {"n": 0})
        table.add_row(
            shortened(names[one["name"]]), str(one["questions"]), str(outcomes["preferred"]), _share(one["side"]),
            _share(one["order"]), _share(right), f"{trust['lapse']:.0%}" if trust else "",
            f"{(trust['weight_left'] + trust['weight_right']) / 2:.2f}" if trust else "",
        )  # fmt: skip
    out.print(table)
    for one in found["sources"]:
        for verdict in one["verdicts"]:
            line = f"[bold]{shortened(names[one['name']])} {verdict['words']}[/bold]: {shortened(verdict['evidence'])}"
            out.print(line, highlight=False, soft_wrap=True)
    if not any(one["verdicts"] for one in found["sources"]):
        out.print("no source is found to be bad", highlight=False)
    for pair in found["agreement"]:
        if pair["agree"]["n"] >= FEWEST and pair["kappa"] is not None:
            who = f"{names[pair['a']]} and {names[pair['b']]}"
            about = f"{who}: kappa {pair['kappa']:.2f} on {pair['agree']['n']} pairs that both decided"
            out.print(shortened(about), highlight=False, soft_wrap=True)


def _share(share: Mapping[str, Any]) -> str:
    return f"{share['value']:.0%}" if share["n"] else ""


def _percent(values: Mapping[str, float]) -> str:
    value, low, high = (100 * values[key] for key in ("value", "low", "high"))
    return f"{value:.0f} \\[{low:.0f}, {high:.0f}]"
