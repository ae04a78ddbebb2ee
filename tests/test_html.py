"""A page is self-contained, escapes what it is given, and its charts are drawn to scale."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embodied import html
from embodied.charts import MOST_POINTS, Series, labels, ticks
from embodied.statistics import Estimate
from embodied.video import encode, web_codecs

HOSTILE = "<script src='http://evil.example/x.js'>alert(1)</script>\"'&`<img onerror=x>"
VOID = {"meta", "img", "br"}
LEVEL = {"no more": 5.0}
LOADING = {"src", "href", "poster", "data", "srcset", "action", "xlink:href"}


class Reader(HTMLParser):
    """What a browser would see: elements, what they load, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.loads, self.attributes, self.text = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.loads += [value for name, value in attrs if name in LOADING]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def picture(value=128, size=(12, 16, 3)):
    return np.full(size, value, np.uint8)


def every_block(text, clip):
    x = np.arange(9.0)
    return [
        text,
        html.heading(text),
        html.heading(text, 3),
        html.paragraph(text),
        html.note(text),
        html.note(text, "warning"),
        html.listing([text, text]),
        html.figures([(text, text), (text, 3, text)]),
        html.table([text, "n"], [[text, 1], [Estimate(0.5, 0.4, 0.6), None]], caption=text, highlight=[0]),
        html.facts({text: text}),
        html.line_chart(
            {text: Series(x, x, x - 1, x + 1), "b": Series(x, -x)},
            x_label=text,
            y_label=text,
            caption=text,
            levels={text: 3.0},
        ),
        html.bar_chart({text: Estimate(0.5, 0.4, 0.6), "b": 0.2}, x_label=text, caption=text, highlight=[text]),
        html.scatter({text: (x, x)}, x_label=text, y_label=text, caption=text, diagonal=True),
        html.reliability([0.1, 0.9], [0.2, 0.8], [3, 4], caption=text),
        html.pictures([picture(), picture(0, (4, 4, 1))], [text, text], caption=text, marked=[0]),
        html.video(clip, text),
        html.code(text),
        html.columns(text, html.code(text)),
        html.details(text, [text], open_at_first=True),
    ]


@pytest.fixture(scope="module")
def clip():
    return encode(np.stack([picture(20 * i) for i in range(6)]), 10.0)


def test_nothing_is_loaded_from_anywhere(clip):
    document = html.page("report", every_block("plain", clip), subtitle="today")
    reader = Reader(document)
    assert reader.loads
    assert all(value.startswith("data:") for value in reader.loads)
    assert not re.search(r"https?://|url\(|@import", document)
    assert "script" not in reader.tags
    assert "link" not in reader.tags
    assert "default-src 'none'" in document


def test_hostile_text_stays_text(clip):
    plain = Reader(html.page("t", every_block("plain", clip), subtitle="plain"))
    hostile = Reader(html.page(HOSTILE, every_block(HOSTILE, clip), subtitle=HOSTILE))
    assert hostile.tags == plain.tags
    assert not any(name.startswith("on") for name in hostile.attributes)
    assert hostile.loads == plain.loads
    assert HOSTILE in "".join(hostile.text)


@given(st.text())
def test_any_text_survives_a_page(text):
    shown = Reader(html.code(text).html)
    assert shown.tags == ["pre", "code"]
    assert "".join(shown.text) == text


def test_words_in_backquotes_are_code_and_a_lone_backquote_is_itself():
    assert html.paragraph("run `make <x>` now").html == "<p>run <code>make &lt;x&gt;</code> now</p>"
    assert html.paragraph("a ` b").html == "<p>a ` b</p>"


def test_pictures_are_lossless():
    frame = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    from PIL import Image

    (source,) = Reader(html.pictures([frame]).html).loads
    decoded = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    np.testing.assert_array_equal(np.asarray(decoded), frame)


def test_numbers_are_aligned_and_share_their_decimals():
    shown = html.table(["name", "x", "n"], [["a", 0.5, 12_500], ["b", 0.853, 7], ["c", None, 3]]).html
    assert shown.count('class="number"') == 2 * 4
    assert re.findall(r"<td[^>]*>([^<]*)</td>", shown) == ["a", "0.500", "12,500", "b", "0.853", "7", "c", "–", "3"]  # noqa: RUF001 - the dash is meant


def test_estimates_and_shares_show_their_interval():
    assert "0.70 " in html.table(["x"], [[Estimate(0.7, 0.62, 0.78)]]).html
    assert "[0.62, 0.78]" in html.table(["x"], [[Estimate(0.7, 0.62, 0.78)]]).html
    assert "[62, 78]" in html.percent(Estimate(0.7, 0.62, 0.78)).html


def test_numbers_that_are_not_finite_are_shown_as_such():
    assert ">nan<" in html.table(["x"], [[float("nan")]]).html
    assert "inf<" in html.table(["x"], [[float("-inf")], [1.5]]).html


@given(st.floats(-1e9, 1e9), st.floats(1e-9, 1e9), st.integers(2, 9))
def test_ticks_are_round_evenly_spaced_and_inside(low, span, about):
    high = low + span
    found = ticks(low, high, about)
    assert 1 <= len(found) <= 2 * about + 2
    assert all(low - 1e-6 * span <= tick <= high + 1e-6 * span for tick in found)
    if len(found) > 2 and span > 1e-6 * abs(low):
        steps = np.diff(found)
        np.testing.assert_allclose(steps, steps[0], rtol=1e-3)


@pytest.mark.parametrize(("low", "span", "about"), [(1e7, 6.103515625e-05, 2), (-1e9, 2e-3, 9), (1e9, 2e-3, 5)])
def test_ticks_far_from_zero_stay_inside(low, span, about):
    found = ticks(low, low + span, about)
    assert found
    assert all(low <= tick <= low + span for tick in found)


def test_ticks_read_well():
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert ticks(-0.13, 0.92) == [0, 0.25, 0.5, 0.75]
    assert ticks(3, 3) == [3]
    assert labels([0, 5000, 10_000]) == ["0", "5k", "10k"]
    assert labels([0, 500, 1000]) == ["0", "500", "1000"]
    assert labels([-0.5, 0]) == ["\N{MINUS SIGN}0.5", "0"]
    assert labels([0, 2e6, 2.5e6]) == ["0", "2M", "2.5M"]
    with pytest.raises(ValueError, match="no interval"):
        ticks(1, 0)


def path_of(block):
    return re.search(r'class="line[^"]*" d="([^"]*)"', block.html)[1]


def test_a_straight_line_is_drawn_straight_and_upwards():
    numbers = np.array(re.findall(r"[\d.]+", path_of(html.line_chart({"a": Series([0, 1, 2], [0, 1, 2])}))), float)
    (x0, y0), (x1, y1), (x2, y2) = numbers.reshape(3, 2)
    assert x0 < x1 < x2
    assert y0 > y1 > y2
    np.testing.assert_allclose([x2 - x1, y2 - y1], [x1 - x0, y1 - y0], atol=0.2)


def test_a_level_is_drawn_where_a_curve_has_that_height_even_above_all_curves():
    for level in (1.0, 5.0):
        block = html.line_chart({"a": Series([0, 1, 2], [0, 1, 2]), "b": Series([0, 2], [level, level])}, levels=LEVEL)
        (height,) = re.findall(r'<line class="mark"[^>]* y1="([\d.]+)" [^>]* y2="\1"/>', block.html)
        assert (f"M58.0 {height}L" in block.html) == (level == LEVEL["no more"])
        assert "no more" in block.html
    assert '<line class="mark"' in html.line_chart({"a": Series([0, 1], [0, 1])}, levels=LEVEL).html


def test_missing_values_leave_a_gap():
    block = html.line_chart({"a": Series([0, 1, 2, 3, 4], [0, 1, np.nan, 1, 2], [0] * 5, [np.nan, 2, 3, 4, 5])})
    assert path_of(block).count("M") == 2
    assert "nan" not in block.html


@pytest.mark.parametrize("y", [[1.0], [5.0, 5.0], [np.nan, 2.0], [np.nan, np.nan]])
def test_a_series_of_little_is_still_drawn(y):
    shown = html.line_chart({"a": Series(np.arange(len(y)), y)}).html
    assert "nan" not in shown
    Reader(shown)


def test_long_curves_are_thinned_and_keep_their_mean():
    y = np.random.default_rng(0).normal(size=100_000)
    thin = Series(np.arange(100_000), y).thinned()
    assert len(thin.y) == MOST_POINTS
    np.testing.assert_allclose(np.mean(thin.y), y.mean(), atol=1e-3)
    assert len(html.line_chart({"a": Series(np.arange(100_000), y)}).html) < 20_000


def test_bars_are_as_long_as_their_values():
    shown = html.bar_chart({"a": 0.25, "b": 0.5, "c": -0.25}, x_range=(-0.5, 1)).html
    a, b, c = (float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', shown))
    np.testing.assert_allclose([b, c], [2 * a, a], atol=0.2)


@pytest.mark.parametrize("codec", web_codecs())
def test_every_codec_that_is_there_makes_a_video(codec):
    import av

    clip = encode(np.stack([picture(40 * i, (11, 13, 3)) for i in range(5)]), 7.5, codec=codec)
    with av.open(io.BytesIO(clip.data)) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(decoded) == 5
    assert clip.mime in html.video(clip).html
    np.testing.assert_allclose([frame.mean() for frame in decoded], 40 * np.arange(5), atol=8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: html.heading("x", 1), "heading level 1"),
        (lambda: html.note("x", "loud"), "no note of kind 'loud'"),
        (lambda: html.table(["a"], [[1, 2]]), "row 0 has 2 cells, the header 1"),
        (lambda: html.pictures([picture()], ["a", "b"]), "1 pictures with 2 captions"),
        (lambda: html.pictures([np.zeros((2, 2, 3))]), "dtype float64"),
        (lambda: html.line_chart({}), "at least one series"),
        (lambda: html.bar_chart({}), "at least one bar"),
        (lambda: Series([1, 2], [1]), "vectors of one length"),
        (lambda: Series([1], [1], [1]), "both low and high"),
        (lambda: html.scatter({"a": ([1], [1, 2])}), "has 1 x and 2 y"),
        (lambda: encode(np.zeros((0, 2, 2, 3), np.uint8), 1.0), "at least one frame"),
        (lambda: encode(np.zeros((1, 2, 2, 3), np.uint8), 1.0, codec="mpeg2video"), "encodes none of"),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
