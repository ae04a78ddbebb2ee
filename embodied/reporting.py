"""One self-contained HTML page per run: what was asked and answered, what was learned, and what it does."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embodied import html
from embodied.charts import Series
from embodied.config import read_manifest
from embodied.dataset import Dataset
from embodied.footage import courses, declared, footage
from embodied.html import Block
from embodied.labels import pair_of, read_rows
from embodied.measures import IN_WORDS, Measures
from embodied.pipeline import Run
from embodied.results import asked as tables
from embodied.results import title, write_summary
from embodied.statistics import Estimate

EXAMPLES = 8
STRIP = 5


def report(run: Run | str | Path) -> Path:
    """Summarise a finished run and write `report.html` into its folder; returns the path."""
    here = run if isinstance(run, Run) else Run(Path(run))
    config, data = here.config(), here.data()
    found = write_summary(here)
    blocks = [
        *overview(here, found),
        *asked(here, data, found),
        *learned(data, found, declared(config)),
        *acted(found),
        *curves(here),
        *footage(here),
        *provenance(here),
    ]
    goal = found["labels"][0]["goal"]
    path = here.folder / "report.html"
    unfinished = path.with_suffix(".tmp")
    where = config.env.partition(":")[2] or config.env or "offline"
    unfinished.write_text(html.page(f"“{goal}”", blocks, subtitle=f"{len(data)} episodes, {where}"))
    unfinished.rename(path)
    return path


def estimate(values: Mapping[str, float]) -> Estimate:
    """An interval as it came out of summary.json."""
    return Estimate(**values)


def overview(run: Run, found: Mapping[str, Any]) -> list[Block]:
    """The few numbers that matter."""
    asked = sum(sum(n for k, n in r["counts"].items() if k not in ("asked", "unasked")) for r in found["labels"])
    teachers = ", ".join(dict.fromkeys(r["by"] for r in found["labels"]))
    tiles: list[tuple[str, Any, str]] = [("questions answered", asked, teachers)]
    decided = [r for r in found["labels"] if r.get("decided")]
    if decided:
        right = sum(r["accuracy"] * r["decided"] for r in decided) / sum(r["decided"] for r in decided)
        tiles.append(("answers right", html.percent(right), "of those that chose a side, where the sides differ"))
    held = found["reward"]["held_out"]
    tiles.append(("reward agrees with", html.percent(held["accuracy"]), f"of {held['decided']} answers it did not see"))
    for arm in found["policies"][:2]:
        tiles.append((arm["title"], html.percent(estimate(arm["mean"])), f"{arm['score']}, {arm['episodes']} episodes"))
    return [html.figures(tiles)]


def asked(run: Run, data: Dataset, found: Mapping[str, Any]) -> list[Block]:
    """What was asked, the answers by the size of the true difference, and examples of both."""
    blocks = [html.heading("What was asked")]
    for about in found["labels"]:
        counts = ", ".join(f"{n} {name}" for name, n in about["counts"].items() if n and name != "asked")
        blocks.append(
            html.paragraph(f"{about['title'].capitalize()}: {about['n']} questions to `{about['by']}`: {counts}.")
        )
        if "by_gap" in about:
            rows = [
                [
                    f"{b['low']:g} to {b['high']:g}",
                    b["n"],
                    *(html.percent(b[k]) for k in ("right", "wrong", "tie", "none")),
                ]
                for b in about["by_gap"]
            ]
            header = ["true difference in progress", "questions", "right", "wrong", "tie", "none"]
            blocks.append(
                html.table(
                    header, rows, caption=f"Answers of {about['by']} ({about['title']}) against the simulator's truth."
                )
            )
    return [*blocks, *trusted(found["sources"]), *weighed(found["weights"]), *examples(run, data)]


def weighed(weights: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """What an answer of each teacher counted in the fit, where there are several."""
    if len(weights) < 2:
        return []
    rows = [
        [
            name,
            w["n"],
            html.percent(Estimate(w["lapse"], w["low"], w["high"])),
            html.percent(w["left"]),
            html.percent(w["right"]),
        ]
        for name, w in weights.items()
    ]
    header = ["teacher", "decided answers", "does not look", "weight of “left”", "weight of “right”"]
    caption = (
        "What an answer weighed in the fit of the reward, the most telling one's being 100 %; found without any truth. "
        "How often a teacher answers without looking has a 99 % interval."
    )
    return [html.table(header, rows, caption=caption)]


def trusted(sources: Sequence[Mapping[str, Any]]) -> list[Block]:
    """How far each source's answers can be trusted, and what is wrong with it, as `embodied feedback stats` has it."""
    rows = [
        [
            one["name"], one["questions"],
            *(html.percent(share["value"]) if share["n"] else None
              for share in (one["side"], one["order"], one["repeats"], one["circles"])),
        ]
        for one in sources
    ]  # fmt: skip
    header = ["source", "questions", "says left", "flips with the order", "contradicts a repeat", "circles of triples"]
    said = [f"{one['name']} {v['words']}: {v['evidence']}" for one in sources for v in one["verdicts"]]
    caption = "Of decided answers; a dash where nothing was asked that would tell. A coin makes 25 % circles."
    return [html.table(header, rows, caption=caption), *([html.listing(said)] if said else [])]


def examples(run: Run, data: Dataset) -> list[Block]:
    """Some pairs with their answers, as they were shown."""
    if not data.cameras:
        return []
    rows = read_rows(run.labels(1) / "labels.parquet")
    shown, captions = [], []
    for row in rows[:: max(1, len(rows) // EXAMPLES)][:EXAMPLES]:
        left, right = pair_of(row)
        frames = data.frames(data.cameras[0], np.array([(s.episode, s.start) for s in (left, right)]))
        shown.append(np.concatenate([frames[0], np.full_like(frames[0][:, :2], 255), frames[1]], axis=1))
        p = row["p_left"]
        said = (
            str(row["outcome"])
            if p is None or p == 0.5
            else ("left is closer" if float(str(p)) > 0.5 else "right is closer")
        )
        captions.append(f"{said} (episodes {left.episode} and {right.episode})")
    return [html.pictures(shown, captions, caption="Pairs and answers, first round.", width=290)]


def learned(data: Dataset, found: Mapping[str, Any], measures: Measures) -> list[Block]:
    """The reward's quality, its calibration, and its course along an episode beside the frames."""
    about = found["reward"]
    held = about["held_out"]
    rows: list[tuple[str, Any]] = [
        ("held-out answers it agrees with", html.percent(held["accuracy"])),
        ("calibration error on them", html.percent(held["calibration_error"], 1)),
    ]
    if "spearman" in about:
        against = about["against"]
        rows += [
            (f"pairs of steps ordered as {against} orders them", html.percent(about["pair_accuracy"])),
            (f"rank correlation with {against}, all steps", round(about["spearman"]["overall"], 3)),
            (f"rank correlation with {against}, within episodes", round(about["spearman"]["within"], 3)),
        ]
    if about["reading"]:
        names = ", ".join(about["reading"]["observations"])
        rows.append(
            (f"how well it reads '{names}' off the picture (R², unseen frames)", round(about["reading"]["r2"], 3))
        )
    blocks = [html.heading("What was learned"), html.table(["the reward", ""], rows)]
    if held["bins"]:
        stated, right, n = ([b[k] for b in held["bins"]] for k in ("stated", "right", "n"))
        blocks.append(html.reliability(stated, right, n, caption="Stated confidence against held-out answers."))
    return [*blocks, *along(data, measures)]


def along(data: Dataset, measures: Measures) -> list[Block]:
    """The learned reward along the episode that it rates highest, and along a middling one; what was measured there."""
    column = data.column("learned")
    order = sorted(column, key=lambda i: float(column[i].sum()))
    blocks = [html.heading("Along an episode", 3)]
    for name, i in (("highest return", order[-1]), ("median return", order[len(order) // 2])):
        episode = data.episode(i)
        t = np.arange(1, len(episode) + 1)
        series = {"learned reward": Series(t, scaled(column[i]))}
        if "progress" in episode.extra:
            series["true progress"] = Series(t, scaled(np.asarray(episode.extra["progress"][1:])))
        elif "recorded" in episode.reward:
            series["recorded reward"] = Series(t, scaled(episode.reward["recorded"]))
        caption = f"Episode {i}, {name}; each curve on its own scale."
        blocks.append(html.line_chart(series, x_label="step", y_label="of its range", caption=caption, height=220))
        if data.cameras:
            at = np.linspace(0, len(episode), STRIP).astype(int)
            frames = [episode.obs[data.cameras[0]][t] for t in at]
            blocks.append(html.pictures(frames, [f"frame {t}" for t in at]))
        frames_of = {name: array for name, array in episode.extra.items() if name in measures.summaries}
        infos = [{name: array[t] for name, array in frames_of.items()} for t in range(len(episode) + 1)]
        if drawn := courses(infos, measures):
            blocks.append(html.details(f"What was measured along episode {i}", drawn))
    return blocks


def scaled(values: np.ndarray) -> np.ndarray:
    """From its lowest (0) to its highest (1) value."""
    return (values - values.min()) / max(float(np.ptp(values)), 1e-9)


def acted(found: Mapping[str, Any]) -> list[Block]:
    """Every policy and control over the same starts, or against the recorded actions where nothing can be run."""
    blocks = [html.heading("What the policies do")]
    if found["policies"]:
        rows = [
            [
                a["title"], html.percent(estimate(a["mean"])), estimate(a["progress_iqm"]),
                html.percent(estimate(a["own_minus_this"])) if "own_minus_this" in a else None, a["episodes"],
            ]
            for a in found["policies"]
        ]  # fmt: skip
        score, own = found["policies"][0]["score"], found["policies"][0]["title"]
        header = ["policy", score, "progress (IQM)", "first minus this", "episodes"]
        caption = (
            f"Final {score} with 95 % intervals, over the same starts. “{own}” minus each other by paired bootstrap; "
            "one data, reward and policy seed, so the intervals are those of the starts alone."
        )
        blocks.append(html.table(header, rows, caption=caption, highlight=[0]))
        bars = {a["title"]: estimate(a["mean"]) for a in found["policies"]}
        blocks.append(html.bar_chart(bars, x_range=(0, 1), highlight=[own], shares=True))
        blocks += measured(found["policies"])
    else:
        blocks.append(
            html.note("There is no environment for these episodes, so no policy was run: what follows is offline.")
        )
    rows = [[a["title"], *(round(v, 3) for v in a["rms_by_return"])] for a in found["offline"]]
    header = ["distance from the recorded actions", "worst fifth", "2", "3", "4", "best fifth"]
    caption = "Root mean square, by the episodes' return under the learned reward, on the episodes trained on."
    return [*blocks, html.table(header, rows, caption=caption)]


def measured(policies: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Whatever else the environment measures: a table each."""
    blocks = []
    for name, first in policies[0]["measures"].items():
        about = [(policy["title"], policy["measures"][name]) for policy in policies]
        differences = [estimate(one["own_minus_this"]) if "own_minus_this" in one else None for _, one in about]
        unit = f" [{first['unit']}]" if "unit" in first else ""
        what = f"{name}{unit}, {IN_WORDS[first['how']]}"
        if "share" in first:
            header = [what, "share of episodes", "first minus this"]
            rows = [
                [policy, html.percent(estimate(one["share"])), None if minus is None else html.percent(minus)]
                for (policy, one), minus in zip(about, differences, strict=True)
            ]
        else:
            header = [what, "mean", "95th percentile", "first minus this"]
            rows = [
                [policy, estimate(one["mean"]), html.number(one["p95"]), minus]
                for (policy, one), minus in zip(about, differences, strict=True)
            ]
        blocks.append(html.table(header, rows, highlight=[0]))
    if not blocks:
        return []
    text = (
        "One number per episode, over the same starts as above and with the same kinds of intervals; the percentile "
        "is that of these episodes, without one."
    )
    return [html.heading("What else was measured", 3), html.paragraph(text), *blocks]


def curves(run: Run) -> list[Block]:
    """Learning curves of the reward and of every policy."""
    record = json.loads((run.folder / "reward" / "reward.json").read_text())["curves"]
    series = {}
    for name, key in (("training answers", "train_nll"), ("held-out answers", "nll")):
        table = np.array([[row[key] for row in member] for member in record])
        series[name] = Series(np.arange(1, table.shape[1] + 1), table.mean(0), table.min(0), table.max(0))
    caption = "Negative log-likelihood; the band spans the members."
    blocks = [
        html.heading("Learning curves"),
        html.line_chart(series, x_label="epoch", y_label="nats", caption=caption),
    ]
    for arm in run.config().arms:
        lines = (run.arm(arm) / "metrics.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        names = [k for k in rows[0] if k not in ("step", "seconds", "time")] if rows else []
        steps = [row["step"] for row in rows]
        drawn = {name: Series(steps, [row[name] for row in rows]) for name in names}
        if drawn:
            blocks.append(html.details(title(arm), [html.line_chart(drawn, x_label="update", height=220)]))
    return blocks


def provenance(run: Run) -> list[Block]:
    """The command, the versions and the full configuration."""
    about = read_manifest(run.folder)
    versions = {
        "project": about["project"],
        "python": about["python"],
        "platform": about["platform"],
        **about["packages"],
    }
    folders = [*tables(run, run.config()).values(), run.folder / "reward"]
    return [
        html.heading("Made by"),
        html.code(f"{about['command']}\nembodied report {run.folder}"),
        html.details("Versions", [html.facts({k: str(v) for k, v in versions.items()})]),
        html.details("Configuration", [html.code(json.dumps(about["config"], indent=1))]),
        html.details("Stages", [html.facts({f.name: read_manifest(f)["hash"] for f in folders})]),
    ]
