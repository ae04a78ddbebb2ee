"""Charts as inline SVG: lines with bands, bars with intervals, points; colours come from the page's style sheet."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import ArrayLike

from embodied.statistics import Estimate

COLOURS = 8
MOST_POINTS = 400
WIDTH = 812


@dataclass(frozen=True, eq=False)
class Series:
    """A line through (x, y), with a band from low to high if given; NaN leaves a gap."""

    x: ArrayLike
    y: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None

    def __post_init__(self) -> None:
        arrays = {name: getattr(self, name) for name in ("x", "y", "low", "high")}
        if (self.low is None) != (self.high is None):
            raise ValueError("a band needs both low and high")
        for name, value in arrays.items():
            if value is None:
                continue
            array = np.asarray(value, np.float64)
            if array.ndim != 1 or len(array) != np.size(self.x):
                raise ValueError(
                    f"{name} has shape {array.shape}, x has {np.shape(self.x)}; give vectors of one length"
                )
            object.__setattr__(self, name, array)

    def thinned(self) -> "Series":
        """At most about MOST_POINTS points, each the mean of its neighbours."""
        x = np.asarray(self.x)
        if len(x) <= MOST_POINTS:
            return self
        starts = np.linspace(0, len(x), MOST_POINTS, endpoint=False).astype(int)
        size = np.diff([*starts, len(x)])

        def means(values: ArrayLike) -> np.ndarray:
            return np.add.reduceat(np.asarray(values), starts) / size

        if self.low is None or self.high is None:
            return Series(means(self.x), means(self.y))
        return Series(means(self.x), means(self.y), means(self.low), means(self.high))


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers (1, 2, 2.5 or 5 times a power of ten apart) from low to high, both within."""
    if not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise ValueError(f"[{low}, {high}] is no interval to put ticks on")
    span = high - low
    if span <= 1e-12 * max(abs(low), abs(high), 1e-300):
        return [low]
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = 3 - math.floor(math.log10(step))  # as many as tell a tick from the next, however far from zero
    return [min(max(round(i * step, digits), low), high) if i else 0.0 for i in range(first, last + 1)]


def labels(values: Sequence[float], *, percent: bool = False) -> list[str]:
    """Ticks in few characters and one unit: 0.25, 40, 25k, 1.5M, 60 %."""
    largest = max((abs(value) for value in values), default=0.0)
    units = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"), (0.0, 1.0, ""))
    scale, suffix = next((scale, suffix) for least, scale, suffix in units if largest >= least)
    if percent:
        scale, suffix = 0.01, "\N{NARROW NO-BREAK SPACE}%"
    return [f"{value / scale:.6g}{suffix if value else ''}".replace("-", "\N{MINUS SIGN}") for value in values]


@dataclass(frozen=True)
class _Frame:
    """Data coordinates to the pixels of the plot area."""

    x: tuple[float, float]
    y: tuple[float, float]
    left: float = 58
    right: float = 16
    top: float = 12
    bottom: float = 44
    width: float = WIDTH
    height: float = 300

    def across(self, x: ArrayLike) -> np.ndarray:
        share = (np.asarray(x, float) - self.x[0]) / (self.x[1] - self.x[0])
        return np.asarray(self.left + share * (self.width - self.left - self.right))

    def up(self, y: ArrayLike) -> np.ndarray:
        share = (np.asarray(y, float) - self.y[0]) / (self.y[1] - self.y[0])
        return np.asarray(self.height - self.bottom - share * (self.height - self.top - self.bottom))

    def axes(self, x_label: str, y_label: str) -> str:
        """Grid, tick labels and the names of both axes."""
        base, end = self.height - self.bottom, self.width - self.right
        parts = []
        heights, places = ticks(*self.y), ticks(*self.x, about=7)
        for tick, text in zip(heights, labels(heights), strict=True):
            at = float(self.up(tick))
            parts.append(f'<line class="grid" x1="{self.left:.1f}" y1="{at:.1f}" x2="{end:.1f}" y2="{at:.1f}"/>')
            parts.append(_text(self.left - 8, at + 4, text, anchor="end"))
        for tick, text in zip(places, labels(places), strict=True):
            at = float(self.across(tick))
            parts.append(f'<line class="axis" x1="{at:.1f}" y1="{base:.1f}" x2="{at:.1f}" y2="{base + 4:.1f}"/>')
            parts.append(_text(at, base + 18, text, anchor="middle"))
        parts.append(f'<line class="axis" x1="{self.left:.1f}" y1="{base:.1f}" x2="{end:.1f}" y2="{base:.1f}"/>')
        if x_label:
            parts.append(_text((self.left + end) / 2, self.height - 6, x_label, anchor="middle", kind="name"))
        if y_label:
            middle = (self.top + base) / 2
            turned = f'transform="rotate(-90 14 {middle:.1f})"'
            parts.append(_text(14, middle, y_label, anchor="middle", kind="name", extra=turned))
        return "".join(parts)


def lines(
    series: Mapping[str, Series],
    *,
    x_label: str = "",
    y_label: str = "",
    y_range: tuple[float, float] | None = None,
    marks: Sequence[float] = (),
    levels: Mapping[str, float] | None = None,
    height: float = 300,
) -> str:
    """The SVG of several lines over one pair of axes.

    `marks` are x positions to draw a thin vertical line at, `levels` named heights to draw a dashed line at.
    """
    if not series:
        raise ValueError("a chart needs at least one series")
    thin = {name: one.thinned() for name, one in series.items()}
    x = _range([np.asarray(one.x) for one in series.values()] + [np.asarray(marks, float)], margin=0)
    heights = levels or {}
    y = y_range or _range(
        [np.asarray(part) for one in thin.values() for part in (one.y, one.low, one.high) if part is not None]
        + [np.asarray(list(heights.values()), float)]
    )
    frame = _Frame(x, y, height=height)
    parts = [frame.axes(x_label, y_label)]
    for mark in marks:
        at, base = float(frame.across(mark)), frame.height - frame.bottom
        parts.append(f'<line class="mark" x1="{at:.1f}" y1="{frame.top}" x2="{at:.1f}" y2="{base:.1f}"/>')
    parts += [_level(frame, name, at) for name, at in heights.items() if y[0] <= at <= y[1]]
    parts += [_band(frame, one, i) for i, one in enumerate(thin.values())]
    parts += [_line(frame, one, i, name) for i, (name, one) in enumerate(thin.items())]
    return _svg(frame.width, frame.height, "".join(parts), "Line chart: " + ", ".join(series))


def bars(
    values: Mapping[str, Estimate | float],
    *,
    x_label: str = "",
    x_range: tuple[float, float] | None = None,
    highlight: Sequence[str] = (),
    shown: Mapping[str, str] | None = None,
    percent: bool = False,
) -> str:
    """The SVG of horizontal bars with their intervals as whiskers; `shown` is the text beside each bar."""
    if not values:
        raise ValueError("a chart needs at least one bar")
    estimates = {k: v if isinstance(v, Estimate) else Estimate(v, v, v) for k, v in values.items()}
    ends = np.array([[e.value, e.low, e.high] for e in estimates.values()])
    low, high = x_range or _range([np.append(ends, 0.0)])
    texts = {k: (shown or {}).get(k, f"{e.value:.3g}") for k, e in estimates.items()}
    left = min(260.0, 24 + 7.2 * max(len(k) for k in values))
    right = 24 + 7.2 * max(len(text) for text in texts.values())
    row, bottom = 34, 44 if x_label else 28
    frame = _Frame(
        (low, high), (0, 1), left=left, right=right, top=6, bottom=bottom, height=6 + bottom + row * len(values)
    )
    base = frame.height - bottom
    parts = []
    places = ticks(low, high)
    for tick, text in zip(places, labels(places, percent=percent), strict=True):
        at = float(frame.across(tick))
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{frame.top}" x2="{at:.1f}" y2="{base}"/>')
        parts.append(_text(at, base + 18, text, anchor="middle"))
    zero = float(frame.across(min(max(0.0, low), high)))
    for i, (name, estimate) in enumerate(estimates.items()):
        strong = "strong" if name in highlight else ""
        middle = frame.top + row * (i + 0.5)
        parts.append(_bar(frame, zero, middle, estimate, strong))
        parts.append(_text(left - 10, middle + 4, _cut(name, 34), anchor="end", kind=strong))
        parts.append(_text(frame.width - right + 12, middle + 4, texts[name], kind="name"))
    parts.append(f'<line class="axis" x1="{zero:.1f}" y1="{frame.top}" x2="{zero:.1f}" y2="{base}"/>')
    if x_label:
        parts.append(_text((left + frame.width - right) / 2, frame.height - 6, x_label, anchor="middle", kind="name"))
    return _svg(frame.width, frame.height, "".join(parts), "Bar chart: " + ", ".join(values))


def points(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str = "",
    y_label: str = "",
    weights: ArrayLike | None = None,
    diagonal: bool = False,
    unit_square: bool = False,
) -> str:
    """The SVG of points; `weights` scales their area, `diagonal` draws y = x, `unit_square` has axes from 0 to 1."""
    if not series:
        raise ValueError("a chart needs at least one series")
    pairs = {name: (np.asarray(x, float).ravel(), np.asarray(y, float).ravel()) for name, (x, y) in series.items()}
    for name, (x, y) in pairs.items():
        if len(x) != len(y):
            raise ValueError(f"series {name!r} has {len(x)} x and {len(y)} y")
    box = (
        ((0.0, 1.0), (0.0, 1.0))
        if unit_square
        else (
            _range([x for x, _ in pairs.values()]),
            _range([y for _, y in pairs.values()]),
        )
    )
    frame = _Frame(*box, width=440, height=360)
    parts = [frame.axes(x_label, y_label)]
    if diagonal:
        low, high = max(box[0][0], box[1][0]), min(box[0][1], box[1][1])
        (x1, x2), (y1, y2) = frame.across([low, high]), frame.up([low, high])
        parts.append(f'<line class="mark" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    for i, (name, (x, y)) in enumerate(pairs.items()):
        area = np.ones(len(x)) if weights is None else np.broadcast_to(np.asarray(weights, float), x.shape)
        radius = np.full(len(x), 4.0) if weights is None else 3 + 9 * np.sqrt(area / max(area.max(), 1e-12))
        for px, py, r, vx, vy in zip(frame.across(x), frame.up(y), radius, x, y, strict=True):
            if np.isfinite([px, py]).all():
                tip = escape(f"{name}: {vx:.3g}, {vy:.3g}")
                where = f'cx="{px:.1f}" cy="{py:.1f}" r="{r:.1f}"'
                parts.append(f'<circle class="dot c{i % COLOURS}" {where}><title>{tip}</title></circle>')
    return _svg(frame.width, frame.height, "".join(parts), "Scatter plot: " + ", ".join(series))


def _bar(frame: _Frame, zero: float, middle: float, estimate: Estimate, kind: str) -> str:
    ends = np.clip([estimate.value, estimate.low, estimate.high], *frame.x)
    end, low, high = (float(at) for at in frame.across(ends))
    drawn = (
        f'<rect class="bar {kind}" x="{min(zero, end):.1f}" y="{middle - 9:.1f}" '
        f'width="{abs(end - zero):.1f}" height="18" rx="2"/>'
    )
    if estimate.low == estimate.high:
        return drawn
    caps = f"M{low:.1f} {middle - 5:.1f}v10M{high:.1f} {middle - 5:.1f}v10"
    return drawn + f'<path class="whisker" d="{caps}M{low:.1f} {middle:.1f}H{high:.1f}"/>'


def _line(frame: _Frame, one: Series, index: int, name: str) -> str:
    x, y = frame.across(one.x), frame.up(np.clip(np.asarray(one.y), *frame.y))
    path, pen = [], "M"
    for px, py in zip(x, y, strict=True):
        if not np.isfinite([px, py]).all():
            pen = "M"
            continue
        path.append(f"{pen}{px:.1f} {py:.1f}")
        pen = "L"
    tip = f"<title>{escape(name)}</title>"
    drawn = f'<path class="line c{index % COLOURS} d{index // COLOURS % 3}" d="{"".join(path)}">{tip}</path>'
    if len(path) == 1:
        at = int(np.flatnonzero(np.isfinite(x + y))[0])
        drawn += f'<circle class="dot c{index % COLOURS}" cx="{x[at]:.1f}" cy="{y[at]:.1f}" r="4">{tip}</circle>'
    return drawn


def _level(frame: _Frame, name: str, height: float) -> str:
    at, end = float(frame.up(height)), frame.width - frame.right
    line = f'<line class="mark" x1="{frame.left:.1f}" y1="{at:.1f}" x2="{end:.1f}" y2="{at:.1f}"/>'
    return line + _text(frame.left + 4, at - 4 if at - 16 > frame.top else at + 14, name)


def _band(frame: _Frame, one: Series, index: int) -> str:
    if one.low is None or one.high is None:
        return ""
    x = frame.across(one.x)
    low, high = (frame.up(np.clip(np.asarray(edge), *frame.y)) for edge in (one.low, one.high))
    known = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    parts = []
    for run in np.split(np.arange(len(x)), np.flatnonzero(np.diff(known)) + 1):
        if known[run[0]]:
            edge = [*zip(x[run], high[run], strict=True), *zip(x[run[::-1]], low[run[::-1]], strict=True)]
            outline = "L".join(f"{px:.1f} {py:.1f}" for px, py in edge)
            parts.append(f'<path class="band c{index % COLOURS}" d="M{outline}Z"/>')
    return "".join(parts)


def _range(arrays: Sequence[np.ndarray], margin: float = 0.05) -> tuple[float, float]:
    values = np.concatenate([np.ravel(array) for array in arrays]) if arrays else np.zeros(0)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        return low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    space = margin * (high - low)
    return (low if low == 0 else low - space), (high if high == 0 else high + space)


def _text(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "", extra: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(text)}</text>'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _svg(width: float, height: float, content: str, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width:.0f}px" role="img" '
        f'aria-label="{escape(title)}">{content}</svg>'
    )
