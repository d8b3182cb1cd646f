"""Figures: one style, text as text and escaped, the same picture for the same data, once wide and once for a phone."""

import functools
import re
import warnings
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import Forecast
from domains.timeseries.figures import forecast_figure
from shared.errors import SettingsError
from shared.reporting.charts import bar_figure, density_figure, dependence_figure, line_figure
from shared.reporting.figures import PALETTE, Figure, draw, is_narrow, mark_now

EVIL = "<script>alert('x')</script> & \"quotes\" --> ]]>"
LINE = ([1, 2, 3], [1.0, 2.0, 3.0])
STAMPS = pd.date_range("2024-03-30 20:00", periods=12, freq="h", tz="Europe/Berlin")


@functools.cache
def figures(name):
    """Every kind of figure with a name in all its texts; drawn once."""
    return tuple(draw_all(name))


def draw_all(name):
    x = np.arange(200.0)
    texts = {"alt": name, "caption": name}
    both = ["a", name + "?"]
    yield line_figure({name: LINE, "b": LINE}, x_label=name, y_label=name, marks={name + "!": 2.0}, **texts)
    yield line_figure({name: LINE, "b": LINE})
    yield forecast_figure([1, 2], [1.0, 2.0], [3], [2.5], lower=[2], upper=[3], y_label=name, **texts)
    yield bar_figure({name: 1.0, "b": 2.0}, x_label=name, **texts)
    yield bar_figure({name: 1.0})
    yield density_figure(x, x, x_label=name, y_label=name)
    yield dependence_figure({name: (both, [1.0, 2.0]), "b": (both, [2.0, 1.0])}, x_label=name, y_label=name, **texts)
    yield draw(lambda axes, colours: mark_now(axes, 1.0, name, name, colours["soft"]), **texts)


def shapes(figure):
    """Count what is drawn in a figure."""
    return figure.svg.count("<path")


def texts(svg):
    """Read the texts of a drawing, in the order in which they were drawn."""
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter() if element.tag.endswith("}text")]


def drawings(figure):
    return [svg for svg in (figure.svg, figure.narrow) if svg]


@pytest.mark.any_pandas
@pytest.mark.parametrize("name", [EVIL, "</text></svg><b>", "]]>&lt;"])
def test_every_text_is_escaped(name):
    for figure in figures(name):
        for svg in drawings(figure):
            root = ET.fromstring(svg)
            assert {element.tag.split("}")[1] for element in root.iter()} <= {
                "svg", "g", "path", "defs", "style", "use", "clipPath", "rect", "image", "text", "tspan",
            }  # fmt: skip
            assert root.get("aria-label") == figure.alt
            assert "<script" not in svg
            assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)


@pytest.mark.any_pandas
@pytest.mark.parametrize(
    "name",
    ["$", "Cost ($) per unit ($)", "$\\nope$", "$x$", "_hidden", "日本", "😀", EVIL, "100 % a_b^c", "a\\b {}"],
)
def test_names_are_shown_as_they_are_without_errors_or_warnings(name):
    marked, plain, forecast, bars, _, density, *_ = figures(name)
    for svg in drawings(marked):
        assert {name, name + "!", "b"} <= {text.strip() for text in texts(svg)}
        assert texts(svg).count(name) >= 2  # both axes, and the line itself where its name begins with no "_"
    assert {name, "b"} <= {text.strip() for text in texts(plain.svg)}
    assert name in texts(forecast.svg)
    for svg in drawings(bars):
        told = " ".join(text.strip() for text in texts(svg))  # on a phone over two lines
        assert told.count(name) == 2
    assert texts(density.svg).count(name) == 2


@pytest.mark.parametrize(
    "name",
    ['a d="1.23456" b', 'x id="a" y', "style=\"font: 9px 'Hexad DejaVu Sans'\"", "var(--ink)", "#010101", 'width="9"',
     "<!-- a -->", "<metadata>a</metadata>", "a   b", "url(#a)", "rotate(-0 1 2)"],
)  # fmt: skip
def test_texts_that_look_like_a_drawing_stay_as_they_are(name):
    figure = bar_figure({name: 1.0, "b": 2.0}, x_label=name, alt=name, title=name)
    assert texts(figure.svg).count(name) == 2
    assert name in texts(figure.narrow)
    for whole in (figure.plain(), figure.svg, figure.narrow):
        assert ET.fromstring(whole).get("aria-label") == name
    assert texts(figure.plain()).count(name) == 3


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x85", "\uffff"])
def test_signs_that_no_page_can_hold_are_replaced(sign, tmp_path):
    name = f"a{sign}b"
    figure = line_figure({name: LINE, "b": LINE}, x_label=name, alt=name, title=name)
    figure.save(tmp_path / "a.svg")
    with pytest.raises(SettingsError, match=r"let the name end in \.svg"):
        figure.save(tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
    root = ET.parse(tmp_path / "a.svg").getroot()
    assert root.get("aria-label") == "a\ufffdb"
    assert texts(figure.plain()).count("a\ufffdb") == 3
    assert sign not in figure.svg + figure.narrow


@pytest.mark.any_pandas
def test_no_address_outside():
    for figure in figures("a"):
        for svg in drawings(figure):
            links = re.findall(r'(?:href|src)="([^"]*)"', svg)
            assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
            outside = set(re.findall(r'https?://[^" ]*', svg))
            assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@pytest.mark.any_pandas
def test_a_name_within_a_picture_leads_to_something_and_nothing_is_named_that_nobody_asks_for():
    for figure in figures("a"):
        for svg in drawings(figure):
            asked = set(re.findall(r'(?:url\(#|href="#)([^")]*)', svg))
            named = re.findall(r' id="([^"]*)"', svg)
            assert asked == set(named)
            assert len(named) == len(set(named))


@pytest.mark.any_pandas
def test_a_picture_is_drawn_wide_and_for_a_phone():
    seen = []
    figure = draw(lambda axes, colours: seen.append((is_narrow(axes), axes.figure.get_size_inches().tolist())))
    assert [narrow for narrow, _ in seen] == [False, True]
    for svg, (_, inches) in zip(drawings(figure), seen, strict=True):
        box = [float(one) for one in re.search(r'viewBox="([^"]*)"', svg)[1].split()]
        assert box == pytest.approx([0, 0, *(72 * inch for inch in inches)])
    assert draw(lambda axes, colours: None, size=(3.0, 2.0)).narrow == ""  # it fits a phone as it is


@pytest.mark.any_pandas
def test_lines_are_named_where_they_end_and_above_the_picture_on_a_phone():
    figure = line_figure({"a": LINE, "b": LINE, "c": ([1, 2, 3], [9.0, 9.0, 9.0])})
    places = {text: place(figure.svg, text) for text in "abc"}
    assert len({x for x, _ in places.values()}) == 1
    heights = sorted(y for _, y in places.values())
    assert min(np.diff(heights)) >= 9  # a line of text apart, though two lines end at one place
    assert places["c"][1] == heights[0]
    assert len({y for _, y in (place(figure.narrow, text) for text in "abc")}) == 1
    early = line_figure({"a": ([1, 2], [1.0, 2.0]), "b": ([1, 9], [1.0, 2.0])})
    assert place(early.svg, "a")[1] == place(early.svg, "b")[1]  # where one ends early, both stand above


def place(svg, text):
    """Tell where a text stands."""
    found = [
        one for one in ET.fromstring(svg).iter() if one.tag.endswith("}text") and one.text and one.text.strip() == text
    ]
    (element,) = found
    return float(element.get("x")), float(element.get("y"))


def test_the_title_of_a_free_standing_picture_stands_above_it_whole():
    title = "Demand rises by a third & more <b>from Monday on</b>, " * 4
    figure = line_figure({"a": LINE}).tell(title, caption="Read.")
    assert (figure.title, figure.caption) == (title, "Read.")
    assert title not in figure.svg
    assert " ".join(title.split()) in " ".join(texts(figure.plain()))
    (_, top, _, height), (_, _, _, foot) = (
        map(float, re.search(r'viewBox="([^"]*)"', svg)[1].split()) for svg in (figure.plain(), figure.svg)
    )
    assert top < 0
    assert top + height == pytest.approx(foot)
    assert figure.plain().count("</svg>") == 1
    assert line_figure({"a": LINE}).tell("b").caption == ""


def test_colours_are_variables_of_the_page():
    svg = line_figure({"a": LINE, "b": LINE}).svg
    assert "var(--accent)" in svg
    assert "var(--second)" in svg
    for figure in figures("a"):
        for drawn in drawings(figure):
            assert not any(sentinel in drawn for sentinel, _, _ in PALETTE.values())
            assert not re.findall(r"(?:fill|stroke): (?!none|var\()[^;\"]+", drawn)


def test_texts_take_the_font_of_the_page_and_keep_their_size():
    for figure in figures("a"):
        for svg in drawings(figure):
            assert "DejaVu" not in svg
            styles = re.findall(r'<text style="([^"]*)"', svg)
            assert styles
            assert all(re.match(r"font-size: [\d.]+px;", style) for style in styles)


def test_texts_that_look_like_colours_stay_as_they_are():
    figure = line_figure({"a": LINE}, alt="The colour #010101 as var(--ink).")
    assert 'aria-label="The colour #010101 as var(--ink)."' in figure.svg
    assert 'aria-label="The colour #010101 as var(--ink)."' in figure.plain()


def test_a_free_standing_picture_has_light_colours(tmp_path):
    figure = line_figure({"a": LINE})
    figure.save(str(tmp_path / "a.svg"))
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "var(" not in text
    assert PALETTE["accent"][1] in text
    assert text == figure.plain()
    assert figure.plain() in figure._repr_html_()


def test_the_same_data_give_the_same_picture():
    first, again = figures("a"), tuple(draw_all("a"))
    assert first == again
    assert [(one.svg, one.narrow, one.values) for one in first] == [(one.svg, one.narrow, one.values) for one in again]


def test_the_size_is_left_to_the_page():
    for svg in drawings(line_figure({"a": LINE})):
        head = re.search(r"<svg[^>]*>", svg)[0]
        assert "viewBox" in head
        assert " width=" not in head
        assert " height=" not in head


def test_alt_texts_are_made_where_none_is_given():
    assert line_figure({"a": LINE, "b": LINE}).alt == "Lines of a, b."
    assert bar_figure({"a": 1.0}).alt == "Bars of a."
    assert forecast_figure([], [], [1], [1.0]).alt == "Known values and forecast."
    assert density_figure(np.arange(9.0), np.arange(9.0), x_label="x", y_label="y").alt == "Density of y over x."
    assert Figure("<svg/>").alt == ""


def test_one_line_needs_no_legend():
    assert "a" not in texts(line_figure({"a": LINE}).svg)
    marked = line_figure({"a": LINE}, marks={"m": 2.0})
    assert shapes(line_figure({"a": LINE})) < shapes(marked)
    assert {"a", "m"} <= set(texts(marked.svg)) & {text.strip() for text in texts(marked.narrow)}


def test_stamps_of_a_zone_are_drawn_on_the_wall_clock():
    values = np.arange(12.0)
    zoned = line_figure({"a": (STAMPS, values)})
    assert zoned.svg == line_figure({"a": (STAMPS.tz_localize(None), values)}).svg
    assert zoned.svg == line_figure({"a": (pd.Series(STAMPS, index=range(5, 17)), values)}).svg
    assert zoned.svg != line_figure({"a": (STAMPS.tz_convert("UTC"), values)}).svg


def test_parts_of_a_forecast_are_drawn_where_they_are_given():
    bare = forecast_figure([], [], [3, 4], [2.5, 2.0])
    known = forecast_figure([1, 2], [1.0, 2.0], [3, 4], [2.5, 2.0])
    band = forecast_figure([1, 2], [1.0, 2.0], [3, 4], [2.5, 2.0], lower=[2, 1], upper=[3, 3])
    level = forecast_figure([1, 2], [1.0, 2.0], [3, 4], [2.5, 2.0], lower=[2, 1], upper=[3, 3], level=90)
    came = forecast_figure([1, 2], [1.0, 2.0], [3, 4], [2.5, 2.0], lower=[2, 1], upper=[3, 3], level=90, actual=[1, 2])
    words = [set(texts(figure.svg)) for figure in (bare, known, band, level, came)]
    assert [{"known", "forecast", "interval", "90 % interval", "actual"} & told for told in words] == [
        {"forecast"},
        {"known", "forecast"},
        {"known", "forecast", "interval"},
        {"known", "forecast", "90 % interval"},
        {"known", "forecast", "90 % interval", "actual"},
    ]
    assert [figure.svg.count("stroke: var(--ink); stroke-width: 1.2") for figure in (level, came)] == [0, 1]
    assert [figure.svg.count("stroke: var(--soft); stroke-width: 1.2") for figure in (bare, known)] == [0, 1]
    assert "fill-opacity" in band.svg
    assert "fill-opacity" not in known.svg


def test_bars_with_intervals_and_highlights():
    values = {"a": 1.0, "b": 2.0}
    plain = bar_figure(values)
    around = bar_figure(values, lower=[0.5, 1.5], upper=[1.5, 2.5])
    assert "stroke: var(--ink)" not in plain.svg
    assert around.svg.count("stroke: var(--ink)") >= 2
    assert list(around.data.columns) == ["name", "value", "lower", "upper"]
    assert around.data.to_numpy().tolist() == [["a", 1.0, 0.5, 1.5], ["b", 2.0, 1.5, 2.5]]
    for svg in drawings(around):
        assert {"a", "b", "1", "2"} <= set(texts(svg))
    lit = bar_figure(values, highlight=["b"])
    assert lit.svg.count("fill: var(--soft)") > plain.svg.count("fill: var(--soft)")


@pytest.mark.parametrize("names", [["1", "2"], ["2024-01-01", "2024-01-02"]])
def test_bars_named_by_numbers_and_dates(names):
    assert shapes(bar_figure(dict.fromkeys(names, 1.0))) > 0


def test_nothing_to_draw():
    for figure in (
        line_figure({}),
        bar_figure({}),
        line_figure({"a": ([], [])}),
        line_figure({"a": ([], []), "b": LINE}),
        line_figure({"a": ([1, 2], [np.nan, np.nan])}),
        density_figure([], []),
        density_figure([np.nan], [1.0]),
        dependence_figure({}),
        dependence_figure({"a": ([], [])}),
        forecast_figure([], [], [], []),
    ):
        assert [ET.fromstring(svg) is not None for svg in drawings(figure)] == [True, True]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_bars_without_a_number_have_no_length(value):
    figure = bar_figure({"odd": value, "b": 2.0}, lower=[np.nan, 1.0], upper=[np.inf, 3.0])
    for svg in drawings(figure):
        assert {"odd", "b", "2"} <= set(texts(svg))
        assert ("∞" in "".join(texts(svg))) == np.isinf(value)


@pytest.mark.parametrize("label", ["value", "line", "x", ""])
def test_the_points_of_lines_can_be_taken_away_whatever_the_axis_is_called(label):
    data = line_figure({"a": LINE, "b": ([5], [6.0])}, x_label=label).data
    assert data.shape == (4, 3)
    assert data.iloc[3].tolist() == ["b", 5, 6.0]
    assert data.iloc[:, 1].tolist() == [1, 2, 3, 5]


def test_large_numbers_are_marked_by_thousands():
    axes_seen = []
    draw(lambda axes, colours: axes_seen.append(colours))
    assert set(axes_seen[0]) == set(PALETTE)
    large = line_figure({"a": ([1, 2], [0.0, 20_000.0])})
    assert "20,000" in texts(large.svg)
    assert "20,000" in texts(large.narrow)
    assert not any("," in text for text in texts(line_figure({"a": ([1, 2], [0.0, 200.0])}).svg))


def test_dates_are_written_as_people_write_them():
    def named(*given, **more):
        days = pd.date_range(*given, **more)
        return texts(line_figure({"a": (days, np.arange(float(len(days))))}).svg)

    days = named("2014-12-26", "2015-01-03", freq="D")
    assert {"27 Dec", "29 Dec", "1 Jan", "3 Jan", "2015"} <= set(days)
    assert "31 Dec" not in days  # too near to the first
    assert {"Mar", "May", "2014"} <= set(named("2014-01-01", "2014-12-01", freq="MS"))
    assert {"06:00", "3 Jan"} <= set(named("2015-01-02 22:00", "2015-01-03 09:00", freq="h"))


def test_numbers_below_zero_have_a_minus_sign():
    assert {"−2", "−1"} & {text.split(".")[0] for text in texts(line_figure({"a": ([1, 2], [-2.0, 0.0])}).svg)}


@pytest.mark.parametrize("y", [np.zeros(100), np.arange(100.0)])
def test_density_of_few_or_equal_points(y):
    assert "<image" in density_figure(np.arange(100.0), y).svg
    assert "<image" in density_figure(np.arange(3.0), y[:3]).svg


def sine(label):
    steps = np.arange(40)
    return line_figure({label: (steps, np.sin(steps))}, x_label="step", y_label="value", alt=f"A sine of {label}.")


@pytest.mark.any_pandas
def test_pictures_drawn_in_threads_are_those_drawn_alone_and_leave_no_setting_changed():
    import matplotlib as mpl

    before, filters = dict(mpl.rcParams), list(warnings.filters)
    names = [f"series {place}" for place in range(6)]
    alone = [sine(name).svg for name in names]
    with ThreadPoolExecutor(4) as pool:
        assert [figure.svg for figure in pool.map(sine, names * 4)] == alone * 4
    assert dict(mpl.rcParams) == before
    assert warnings.filters == filters


@pytest.mark.any_pandas
def test_pictures_of_every_kind_drawn_at_once_are_those_drawn_alone():
    names = ["a", "$x$"]
    alone = [[figure.svg for figure in figures(name)] for name in names]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda name: [figure.svg for figure in draw_all(name)], names)) == alone


@pytest.mark.any_pandas
def test_one_picture_that_four_threads_begin_at_the_same_moment_and_save_is_one(tmp_path):
    gate = Barrier(4)

    def save(place):
        gate.wait(60)
        figure = forecast_figure([1, 2], [1.0, 2.0], [3, 4], [2.5, 2.0], lower=[2, 1], upper=[3, 3], level=90)
        figure.save(tmp_path / f"{place}.svg")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(save, range(4)))
    save_alone = forecast_figure([1, 2], [1.0, 2.0], [3, 4], [2.5, 2.0], lower=[2, 1], upper=[3, 3], level=90)
    assert {(tmp_path / f"{place}.svg").read_text(encoding="utf-8") for place in range(4)} == {save_alone.plain()}


def test_settings_of_the_process_do_not_show_and_stay(monkeypatch):
    import matplotlib as mpl

    before = sine("a").svg
    odd = {"text.usetex": True, "lines.linewidth": 9, "svg.fonttype": "none", "figure.dpi": 300, "axes.grid": False}
    with mpl.rc_context(odd):
        assert sine("a").svg == before
        assert mpl.rcParams["text.usetex"]


def test_the_font_is_matplotlibs_own_whatever_its_list_of_fonts_says(monkeypatch):
    from matplotlib import font_manager

    before = sine("a").svg
    wrong = next(entry for entry in font_manager.fontManager.ttflist if "Mono" in entry.name)
    planted = font_manager.FontEntry(fname=wrong.fname, name="DejaVu Sans", weight=400)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [planted, *font_manager.fontManager.ttflist])
    font_manager.fontManager._findfont_cached.cache_clear()
    assert sine("a").svg == before


def test_every_interval_of_a_forecast_is_drawn_inside_the_wider_one():
    frame = pd.DataFrame({"ds": [3, 4], "mean": [2.0, 2.0]})
    for level, width in ((80, 1.0), (95, 2.0), (50, 0.5)):
        frame[f"lo-{level}"], frame[f"hi-{level}"] = 2.0 - width, 2.0 + width
    figure = Forecast(frame, (80, 95, 50)).plot()
    shades = re.findall(r"fill-opacity: ([0-9.]+)", figure.svg)
    assert [float(one) for one in dict.fromkeys(shades)] == [0.18, 0.24, 0.3]
    named = re.findall(r"(\d+) % interval", figure.svg)
    assert set(named) == {"95", "80", "50"}
    one = Forecast(frame, (95,)).plot().svg
    assert "80 % interval" not in one
    assert "95 % interval" in one
