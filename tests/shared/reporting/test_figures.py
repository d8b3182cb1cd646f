"""Figures: one style, everything escaped, the same picture for the same data."""

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
from shared.reporting.charts import bar_figure, density_figure, line_figure
from shared.reporting.figures import PALETTE, Figure, draw

EVIL = "<script>alert('x')</script> & \"quotes\" --> ]]>"
LINE = ([1, 2, 3], [1.0, 2.0, 3.0])
STAMPS = pd.date_range("2024-03-30 20:00", periods=12, freq="h", tz="Europe/Berlin")


def figures(name):
    """Draw every kind of figure with a name in all its texts."""
    x = np.arange(200.0)
    texts = {"alt": name, "caption": name}
    yield line_figure({name: LINE, "b": LINE}, x_label=name, y_label=name, marks={name + "!": 2.0}, **texts)
    yield line_figure({name: LINE, "b": LINE})
    yield forecast_figure([1, 2], [1.0, 2.0], [3], [2.5], lower=[2], upper=[3], y_label=name, **texts)
    yield bar_figure({name: 1.0, "b": 2.0}, x_label=name, **texts)
    yield bar_figure({name: 1.0})
    yield density_figure(x, x, x_label=name, y_label=name)


def shapes(figure):
    """Count what is drawn in a figure."""
    return figure.svg.count("<path")


@pytest.mark.any_pandas
@pytest.mark.parametrize("name", [EVIL, "Müller & Söhne", "100 % a_b^c", "a\\b {}"])
def test_every_text_is_escaped(name):
    for figure in figures(name):
        root = ET.fromstring(figure.svg)
        assert {element.tag.split("}")[1] for element in root.iter()} <= {
            "svg", "g", "path", "defs", "style", "use", "clipPath", "rect", "image",
        }  # fmt: skip
        assert root.get("aria-label") == figure.alt
        assert "<script" not in figure.svg


@pytest.mark.any_pandas
@pytest.mark.parametrize("name", ["$", "$5 and $6", "Cost ($) per unit ($)", "$\\nope$", "_hidden", "日本", "😀"])
def test_names_are_shown_as_they_are_without_errors_or_warnings(name):
    for figure in figures(name):
        ET.fromstring(figure.svg)


def test_dollar_signs_are_no_mathematics():
    assert shapes(line_figure({"$x$": LINE, "b": LINE})) >= shapes(line_figure({"axa": LINE, "b": LINE}))


def test_a_name_that_begins_with_a_line_stands_in_the_legend():
    named = shapes(line_figure({"_a": LINE, "b": LINE, "c": LINE}))
    assert named >= shapes(line_figure({"xa": LINE, "b": LINE, "c": LINE}))


@pytest.mark.any_pandas
def test_no_address_outside():
    for figure in figures("a"):
        links = re.findall(r'(?:href|src)="([^"]*)"', figure.svg)
        assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
        outside = set(re.findall(r'https?://[^" ]*', figure.svg))
        assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_colours_are_variables_of_the_page():
    svg = line_figure({"a": LINE, "b": LINE}).svg
    assert "var(--accent)" in svg
    assert "var(--second)" in svg
    assert not any(sentinel in svg for sentinel, _, _ in PALETTE.values())


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
    assert [figure.svg for figure in figures("a")] == [figure.svg for figure in figures("a")]


def test_the_size_is_left_to_the_page():
    head = re.search(r"<svg[^>]*>", line_figure({"a": LINE}).svg)[0]
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
    assert shapes(line_figure({"a": LINE})) < shapes(line_figure({"a": LINE}, marks={"m": 2.0}))


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
    counts = [shapes(figure) for figure in (bare, known, band, level, came)]
    assert counts == sorted(set(counts))


def test_bars_with_intervals_and_highlights():
    values = {"a": 1.0, "b": 2.0}
    plain = bar_figure(values)
    assert "LineCollection" not in plain.svg
    assert "LineCollection" in bar_figure(values, lower=[0.5, 1.5], upper=[1.5, 2.5]).svg
    lit = bar_figure(values, highlight=["b"])
    assert lit.svg.count("fill: var(--soft)") > plain.svg.count("fill: var(--soft)")


@pytest.mark.parametrize("names", [["1", "2"], ["2024-01-01", "2024-01-02"]])
def test_bars_named_by_numbers_and_dates(names):
    assert shapes(bar_figure(dict.fromkeys(names, 1.0))) > 0


def test_nothing_to_draw():
    assert "<svg" in line_figure({}).svg
    assert "<svg" in bar_figure({}).svg
    assert "<svg" in line_figure({"a": ([], [])}).svg


def test_large_numbers_are_marked_by_thousands():
    axes_seen = []
    draw(lambda axes, colours: axes_seen.append(colours))
    assert set(axes_seen[0]) == set(PALETTE)
    large = line_figure({"a": ([1, 2], [0.0, 20_000.0])})
    assert shapes(large) > shapes(line_figure({"a": ([1, 2], [0.0, 2.0])}))


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
    names = ["Müller & Söhne", "$5"]
    alone = [[figure.svg for figure in figures(name)] for name in names]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda name: [figure.svg for figure in figures(name)], names)) == alone


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
