"""Values under the pointer: where the page looks for a point, matplotlib has drawn it."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from shared.reporting.charts import bar_figure, density_figure, dependence_figure, line_figure
from shared.reporting.figures import draw
from shared.reporting.hover import MOST_POINTS

STAMPS = pd.date_range("2024-03-30 20:00", periods=30, freq="h", tz="Europe/Berlin")
WAVE = np.sin(np.arange(30.0)) * 1234.5 + 60


def path_of(svg, colour):
    """Corners of the line drawn in a colour, the longest: its sample beside a name is drawn so, too."""
    found = max(re.findall(rf'<path d="([^"]*)"[^>]*stroke: var\(--{colour}\)', svg), key=len)
    return np.array([[float(one) for one in pair.split()] for pair in re.findall(r"[ML] ([\d.-]+ [\d.-]+)", found)])


def places_of(frame, line):
    """Where the page's script would look for the points of a line."""
    left, right, top, bottom, x0, x1, y0, y1 = frame
    x, y = np.array(line["x"]), np.array(line["y"])
    return np.column_stack(
        [left + (x - x0) / (x1 - x0) * (right - left), bottom - (y - y0) / (y1 - y0) * (bottom - top)]
    )


@pytest.mark.parametrize(
    "x",
    [np.arange(30), np.arange(30) * 1e6 - 7, STAMPS, STAMPS.tz_localize(None), STAMPS.tz_localize(None).normalize()],
)
def test_a_point_is_looked_for_where_it_was_drawn(x):
    figure = line_figure({"a": (x, WAVE), "b": (x, WAVE[::-1])}, x_label="x", y_label="y", marks={"m": 5.0})
    assert [line["name"] for line in figure.values["lines"]] == ["a", "b"]
    assert len(figure.values["frames"]) == 2
    for svg, frame in zip((figure.svg, figure.narrow), figure.values["frames"], strict=True):
        for line, colour in zip(figure.values["lines"], ("accent", "second"), strict=True):
            drawn = path_of(svg, colour)
            for place in places_of(frame, line)[[0, -1]]:
                assert np.abs(drawn - place).max(axis=1).min() < 0.1  # of a point, a fifth of a pixel
            # Corners that matplotlib kept are points, too.
            apart = [np.abs(places_of(frame, line) - corner).max(axis=1).min() for corner in drawn]
            assert max(apart) < 0.5


def test_the_frame_is_where_the_axes_are():
    figure = line_figure({"a": ([0, 1], [0.0, 1.0])})
    for svg, frame in zip((figure.svg, figure.narrow), figure.values["frames"], strict=True):
        box = re.search(r'<clipPath[^>]*>\s*<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', svg)
        x, y, width, height = map(float, box.groups())
        assert frame[:4] == pytest.approx([x, x + width, y, y + height], abs=0.02)


def test_stamps_are_seconds_on_the_wall_clock():
    values = line_figure({"a": (STAMPS, WAVE)}).values
    assert values["time"] is True
    read = pd.to_datetime(values["lines"][0]["x"], unit="s")
    assert list(read) == list(STAMPS.tz_localize(None))
    assert line_figure({"a": ([1, 2], [1.0, 2.0])}).values["time"] is False


def test_values_are_those_of_the_line():
    values = line_figure({"a": ([1.5, 2.5], [123456.789, -0.00123456]), "_b": ([1, 2], [1.0, np.nan])}).values
    assert values["lines"] == [
        {"name": "a", "x": [1.5, 2.5], "y": [123460.0, -0.0012346]},
        {"name": "_b", "x": [1.0], "y": [1.0]},
    ]
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def log(axes, colours):
    axes.plot([1, 2], [1.0, 2.0], label="a")
    axes.set_yscale("log")


def bare(axes, colours):
    axes.plot([1, 2], [1.0, 2.0], label="a")
    axes.axis("off")


def test_there_is_nothing_to_point_at_where_there_is_no_line():
    assert bar_figure({"a": 1.0}).values is None
    assert line_figure({}).values is None
    assert line_figure({"a": ([], [])}).values is None
    assert line_figure({"a": ([1, 2], [np.nan, np.nan])}).values is None
    assert draw(log).values is None
    assert draw(bare).values is None
    assert dependence_figure({"a": (["x", "y"], [1.0, 2.0]), "b": (["x", "y"], [1.0, 2.0])}).values is None
    few = density_figure(np.arange(3.0), np.arange(3.0)).values  # the median of too few points is none
    assert few is None
    many = density_figure(np.arange(900.0), np.arange(900.0)).values
    assert [line["name"] for line in many["lines"]] == ["median"]


def test_a_line_that_is_drawn_on_no_phone_has_one_frame():
    small = draw(lambda axes, colours: axes.plot([1, 2], label="a"), size=(3.0, 2.0))
    assert len(small.values["frames"]) == 1


@pytest.mark.parametrize(("count", "kept"), [(MOST_POINTS, True), (MOST_POINTS + 1, False)])
def test_more_points_than_anybody_can_point_at_are_left_out(count, kept):
    figure = line_figure({"a": (np.arange(count), np.arange(count, dtype=float))})
    assert (figure.values is not None) is kept
