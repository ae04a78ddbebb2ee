"""What a report shows of one evaluated episode: its video, a picture of each phase, the course of what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from embodied import html, plugins
from embodied.charts import Series
from embodied.evaluation import Film, measures_of, record_video
from embodied.html import Block
from embodied.measures import Measures
from embodied.pipeline import Run
from embodied.presets import RunConfig
from embodied.results import title


def footage(run: Run) -> list[Block]:
    """The first evaluation start, by the run's own policy."""
    config = run.config()
    if not config.env:
        return []
    policy = plugins.load("policies:load")(run.arm(config.arms[0]))
    film = record_video(policy, config.env, config.start, env_kwargs=config.env_options)
    measures, record = declared(config), film.record
    end = "succeeds" if record.success else f"ends at progress {record.progress:.2f}"
    text = (
        f"{title(config.arms[0])}, start {record.seed}: {end}. Chosen because it is the first, not because it is good."
    )
    clip, began = html.video(film.video, text), phases(film.infos)
    shown = html.columns(clip, stills(film, began, measures)) if began else clip
    marks = [step for step in began.values() if step]
    return [html.heading("On video"), shown, *courses(film.infos, measures, marks=marks)]


def declared(config: RunConfig) -> Measures:
    """What the run's environment measures; nothing where there is none."""
    if config.env:
        return measures_of(config.env, config.env_options)
    if config.collect:
        return measures_of(config.collect.env, config.collect.env_options)
    return Measures()


def phases(infos: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The step at which each phase that the infos name was first met, in that order."""
    began: dict[str, int] = {}
    for step, info in enumerate(infos):
        if "phase" in info:
            began.setdefault(str(info["phase"]), step)
    return began


def stills(film: Film, began: Mapping[str, int], measures: Measures) -> Block:
    """A picture of the first frame of each phase, with what was measured then."""
    captions = [
        ", ".join(
            [f"{phase}, step {step}", *(said(name, film.infos[step][name], measures) for name in measures.summaries)]
        )
        for phase, step in began.items()
    ]
    frames = [film.frames[step] for step in began.values()]
    return html.pictures(
        frames, captions, caption="The first frame of each phase; upright lines mark them below.", width=176
    )


def said(name: str, value: Any, measures: Measures) -> str:
    """A measure in a caption, with its unit."""
    if is_truth(name, value, measures):
        return f"{name} {'yes' if value else 'no'}"
    return f"{name} {float(value):.3g} {measures.units.get(name, '')}".rstrip()


def is_truth(name: str, value: Any, measures: Measures) -> bool:
    """Whether a measure is true or not, rather than a number."""
    return measures.summaries[name] == "ever" or isinstance(value, bool | np.bool_)


def courses(infos: Sequence[Mapping[str, Any]], measures: Measures, *, marks: Sequence[int] = ()) -> list[Block]:
    """Every measured number over the steps of an episode: a chart per unit, and one for each that has no unit.

    Limits are dashed lines; `marks` are steps to draw a thin line at, such as where a phase begins. What the infos do
    not hold is left out.
    """
    charts: dict[str, dict[str, Series]] = {}
    for name in measures.summaries:
        if all(name in info for info in infos) and not is_truth(name, infos[0][name], measures):
            unit = measures.units.get(name, "")
            drawn = Series(np.arange(len(infos)), [float(info[name]) for info in infos])
            charts.setdefault(f"[{unit}]" if unit else name, {})[name] = drawn
    blocks = []
    for axis, series in charts.items():
        label = axis if len(series) > 1 or not axis.startswith("[") else f"{next(iter(series))} {axis}"
        levels = {f"limit of {name}": measures.limits[name] for name in series if name in measures.limits}
        blocks.append(html.line_chart(series, x_label="step", y_label=label, marks=marks, levels=levels, height=200))
    return blocks
