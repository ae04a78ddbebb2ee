"""Blocks of a self-contained HTML page: no script, no network, every text escaped.

A function makes a `Block`; `page` puts blocks together. Wherever a block or a cell is wanted, plain text does too and
is escaped.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from embodied import charts
from embodied.charts import Series
from embodied.statistics import Estimate
from embodied.style import STYLE
from embodied.video import Video

POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Block:
    """A piece of HTML whose text is already escaped; `number` aligns it like one in a table."""

    html: str
    number: bool = False


def page(title: str, blocks: Sequence[Block | str], *, subtitle: str = "") -> str:
    """A whole document that opens anywhere, without a network."""
    under = f'<p class="subtitle">{escape(subtitle)}</p>' if subtitle else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title><style>{STYLE}</style></head>\n'
        f"<body><main><header><h1>{escape(title)}</h1>{under}</header>\n{_joined(blocks)}\n</main></body></html>\n"
    )


def heading(text: str, level: int = 2) -> Block:
    """A heading of level 2 or 3; the page's title is the only one of level 1."""
    if level not in (2, 3):
        raise ValueError(f"heading level {level}; blocks have headings of level 2 or 3")
    return Block(f"<h{level}>{escape(text)}</h{level}>")


def paragraph(text: str) -> Block:
    """A paragraph of plain text; `words` between backquotes are set as code."""
    return Block(f"<p>{_prose(text)}</p>")


def note(text: str, kind: str = "note") -> Block:
    """A paragraph set apart: a 'note', or a 'warning' that a reader must not miss."""
    if kind not in ("note", "warning"):
        raise ValueError(f"no note of kind {kind!r}; there are 'note' and 'warning'")
    return Block(f'<p class="aside {kind}">{_prose(text)}</p>')


def listing(items: Sequence[str]) -> Block:
    """A bulleted list."""
    return Block(f"<ul>{''.join(f'<li>{_prose(item)}</li>' for item in items)}</ul>")


def figures(items: Sequence[tuple[str, Any]] | Sequence[tuple[str, Any, str]]) -> Block:
    """The few numbers that matter, large: (name, value) or (name, value, remark)."""
    tiles = []
    for name, value, *remark in items:
        below = f'<span class="remark">{escape(remark[0])}</span>' if remark else ""
        tiles.append(
            f'<div><span class="name">{escape(name)}</span><span class="value">{_cell(value)}</span>{below}</div>'
        )
    return Block(f'<div class="figures">{"".join(tiles)}</div>')


def percent(value: Estimate | float, digits: int = 0) -> Block:
    """A share as per cent, an estimate with its interval."""
    if isinstance(value, Estimate):
        low, high = (f"{100 * edge:.{digits}f}" for edge in (value.low, value.high))
        text = f"{100 * value.value:.{digits}f}\N{NARROW NO-BREAK SPACE}%"
        return Block(f'{_minus(text)} <span class="interval">[{_minus(low)}, {_minus(high)}]</span>', number=True)
    return Block(_minus(f"{100 * value:.{digits}f}\N{NARROW NO-BREAK SPACE}%"), number=True)


def number(value: float) -> Block:
    """A number with three significant digits, whatever else is in its column."""
    return Block(_number(value), number=True)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    caption: str = "",
    highlight: Sequence[int] = (),
) -> Block:
    """A table; numbers and estimates are right-aligned, None is a dash, the rows numbered in `highlight` stand out."""
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells, the header {len(header)}: {list(row)!r:.80}")
    numeric = [bool(rows) and all(_is_number(row[i]) or row[i] is None for row in rows) for i in range(len(header))]
    kinds = [' class="number"' if column else "" for column in numeric]
    decimals = [_decimals([row[i] for row in rows]) for i in range(len(header))]
    head = "".join(f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(header, kinds, strict=True))
    body = "".join(
        f"<tr{' class=strong' if i in highlight else ''}>"
        + "".join(f"<td{kinds[j]}>{_cell(cell, decimals[j])}</td>" for j, cell in enumerate(row))
        + "</tr>"
        for i, row in enumerate(rows)
    )
    return _figure(
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>', caption
    )


def facts(items: Mapping[str, Any]) -> Block:
    """Names and values in two columns, as of a configuration."""
    rows = "".join(f"<dt>{escape(str(name))}</dt><dd>{_cell(value)}</dd>" for name, value in items.items())
    return Block(f'<dl class="facts">{rows}</dl>')


def line_chart(
    series: Mapping[str, Series],
    *,
    x_label: str = "",
    y_label: str = "",
    caption: str = "",
    y_range: tuple[float, float] | None = None,
    marks: Sequence[float] = (),
    levels: Mapping[str, float] | None = None,
    height: float = 300,
) -> Block:
    """Lines with bands, a legend if there are several, thin vertical lines at `marks`, dashed ones at `levels`."""
    drawn = charts.lines(
        series, x_label=x_label, y_label=y_label, y_range=y_range, marks=marks, levels=levels, height=height
    )
    return _figure(_legend(series) + f'<div class="wide">{drawn}</div>', caption)


def bar_chart(
    values: Mapping[str, Estimate | float],
    *,
    x_label: str = "",
    caption: str = "",
    x_range: tuple[float, float] | None = None,
    highlight: Sequence[str] = (),
    shares: bool = False,
) -> Block:
    """Horizontal bars with intervals as whiskers; `shares` writes per cent beside them."""
    shown = {name: _beside(value, shares) for name, value in values.items()}
    drawn = charts.bars(values, x_label=x_label, x_range=x_range, highlight=highlight, shown=shown, percent=shares)
    return _figure(f'<div class="wide">{drawn}</div>', caption)


def scatter(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str = "",
    y_label: str = "",
    caption: str = "",
    diagonal: bool = False,
) -> Block:
    """Points of one or several series, given as (x, y)."""
    drawn = charts.points(series, x_label=x_label, y_label=y_label, diagonal=diagonal)
    return _figure(_legend(series) + drawn, caption)


def reliability(
    predicted: ArrayLike, observed: ArrayLike, counts: ArrayLike | None = None, *, caption: str = ""
) -> Block:
    """Predicted probability against observed frequency per bin; a calibrated prediction lies on the diagonal.

    The area of a dot is the bin's share of `counts`; bins with NaN are left out.
    """
    drawn = charts.points(
        {"bin": (predicted, observed)},
        x_label="predicted probability",
        y_label="observed frequency",
        weights=counts,
        diagonal=True,
        unit_square=True,
    )
    return _figure(drawn, caption)


def pictures(
    frames: Sequence[np.ndarray] | np.ndarray,
    captions: Sequence[str] = (),
    *,
    caption: str = "",
    marked: Sequence[int] = (),
    width: int = 144,
) -> Block:
    """A strip of pictures (h, w, c) [uint8], each with a caption if given; those numbered in `marked` are framed."""
    if captions and len(captions) != len(frames):
        raise ValueError(f"{len(frames)} pictures with {len(captions)} captions; give one each or none")
    cells = []
    for i, frame in enumerate(frames):
        text = captions[i] if captions else ""
        below = f"<figcaption>{_prose(text)}</figcaption>" if text else ""
        kind = ' class="marked"' if i in marked else ""
        alt = escape(text or f"picture {i + 1}")
        cells.append(f'<figure{kind} style="width:{width}px"><img src="{_png(frame)}" alt="{alt}">{below}</figure>')
    return _figure(f'<div class="strip">{"".join(cells)}</div>', caption)


def video(clip: Video, caption: str = "", *, width: int = 384) -> Block:
    """A video that plays within the page."""
    data = base64.b64encode(clip.data).decode()
    source = f'src="data:{escape(clip.mime)};base64,{data}"'
    return _figure(f'<video controls muted loop playsinline style="width:{width}px" {source}></video>', caption)


def code(text: str) -> Block:
    """Commands or output, as they are."""
    return Block(f"<pre><code>{escape(text)}</code></pre>")


def columns(*blocks: Block | str) -> Block:
    """Blocks side by side where the page is wide enough."""
    return Block(f'<div class="columns">{"".join(f"<div>{_joined([block])}</div>" for block in blocks)}</div>')


def details(summary: str, blocks: Sequence[Block | str], *, open_at_first: bool = False) -> Block:
    """Blocks that a reader unfolds."""
    state = " open" if open_at_first else ""
    return Block(f"<details{state}><summary>{escape(summary)}</summary>{_joined(blocks)}</details>")


def _joined(blocks: Sequence[Block | str]) -> str:
    return "\n".join(block.html if isinstance(block, Block) else paragraph(block).html for block in blocks)


def _figure(content: str, caption: str) -> Block:
    below = f"<figcaption>{_prose(caption)}</figcaption>" if caption else ""
    return Block(f"<figure>{content}{below}</figure>")


def _prose(text: str) -> str:
    """Escaped, with `words` in backquotes as code."""
    parts = escape(text).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def _legend(series: Mapping[str, Any]) -> str:
    if len(series) < 2:
        return ""
    count = charts.COLOURS
    keys = "".join(f'<li class="c{i % count}">{escape(name)}</li>' for i, name in enumerate(series))
    return f'<ul class="legend">{keys}</ul>'


def _is_number(cell: Any) -> bool:
    if isinstance(cell, Block):
        return cell.number
    return isinstance(cell, Estimate | int | float | np.number) and not isinstance(cell, bool)


def _cell(cell: Any, decimals: int | None = None) -> str:
    if isinstance(cell, Block):
        return cell.html
    if cell is None:
        return "\N{EN DASH}"
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, Estimate):
        value, low, high = (_minus(f"{v:,.{cell.decimals}f}") for v in (cell.value, cell.low, cell.high))
        return f'{value} <span class="interval">[{low}, {high}]</span>'
    return _number(cell, decimals) if _is_number(cell) else escape(str(cell))


def _decimals(cells: Sequence[Any]) -> int | None:
    """Decimals that suit a whole column of fractions: three digits of its largest; None leaves each to itself."""
    sizes = [abs(float(c)) for c in cells if _is_number(c) and not isinstance(c, Block | Estimate) and np.isfinite(c)]
    if not sizes or all(size.is_integer() for size in sizes):
        return None
    nonzero = [size for size in sizes if size]
    if max(nonzero) > 1000 * min(nonzero) or max(nonzero) < 1e-3:
        return None
    return max(0, 2 - int(np.floor(np.log10(max(nonzero)))))


def _number(value: Any, decimals: int | None = None) -> str:
    """So many decimals, or three significant digits; integers whole, in groups of three from 10,000 on."""
    if not np.isfinite(value):
        return _minus(str(float(value)))
    if decimals is not None:
        return _minus(f"{value:,.{decimals}f}")
    if isinstance(value, int | np.integer) or float(value).is_integer():
        return _minus(f"{int(value):,}" if abs(value) >= 10_000 else f"{int(value)}")
    return _minus(f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}")


def _beside(value: Estimate | float, share: bool) -> str:
    ends = [value.value, value.low, value.high] if isinstance(value, Estimate) else [value]
    digits = value.decimals if isinstance(value, Estimate) else 3
    first, *edges = [f"{100 * v:.0f}" if share else f"{v:.{digits}f}" for v in ends]
    interval = f" [{', '.join(edges)}]" if edges else ""
    return _minus(first + ("\N{NARROW NO-BREAK SPACE}%" if share else "") + interval)


def _minus(text: str) -> str:
    """A hyphen before a digit as the minus sign it is."""
    return text.replace("-", "\N{MINUS SIGN}")


def _png(frame: np.ndarray) -> str:
    from PIL import Image

    picture = np.asarray(frame)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] not in (1, 3, 4):
        raise ValueError(
            f"a picture of shape {picture.shape} and dtype {picture.dtype}; wanted (h, w, 1, 3 or 4) uint8"
        )
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
