"""Features against a plain-Python oracle, on ragged panels and across changes of the clocks."""

import math
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.timeseries.kernels import Canvas, feature_names, origin_block, season_rows, target_block
from domains.timeseries.recipe import Exogenous, Fourier, Recipe, Rolling, Season
from shared.data import Panel, SeriesColumns

pytestmark = pytest.mark.any_pandas


STATISTICS = ("mean", "std", "min", "max")


def ragged(lengths: list[int], seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame({"unique_id": number, "ds": np.arange(3, 3 + n), "y": rng.normal(size=n), "x": rng.normal(size=n)})
        for number, n in enumerate(lengths)
    ]
    return Panel.from_frame(pd.concat(parts), SeriesColumns(exogenous=("x",)), freq=1)


def canvas_of(panel: Panel) -> Canvas:
    return Canvas(panel.frequency, panel.values, panel.exogenous, panel.ordinals())


def bent(x: float) -> float:
    return math.nan if math.isnan(x) else max(x - 0.5, 0.0)


def plain(values: list[float], window: int, statistic: str) -> float:
    if len(values) < window:
        return math.nan
    mean = math.fsum(values) / window
    if statistic == "mean":
        return mean
    if statistic == "std":
        return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (window - 1))
    return min(values) if statistic == "min" else max(values)


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
    st.integers(2, 8),
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(0, 7),
)
def test_features_equal_a_plain_loop(lengths, lags, window, lag, season, lead):
    panel = ragged(lengths)
    recipe = Recipe(
        tuple(lags),
        seasonal=(season,),
        rolling=tuple(Rolling(window, statistic, lag) for statistic in STATISTICS),
        exogenous=(Exogenous("x", lags=(1,), seasonal=(season,), rolling=(Rolling(window),), hinges=(0.5,)),),
    )
    steps = recipe.resolve(panel.frequency)
    cells = [
        (panel.indptr[i], panel.indptr[i] + o)
        for i in range(panel.n_series)
        for o in range(panel.lengths[i])
        if o + lead < panel.lengths[i]
    ]
    if not cells:
        return
    begin, origin = (np.array(column, dtype=np.int64) for column in zip(*cells, strict=True))
    canvas = canvas_of(panel)
    at_origin = origin_block(canvas, steps, origin, begin)
    at_target = target_block(canvas, steps, origin, np.full(len(origin), lead), begin)
    for place, (first, start) in enumerate(cells):
        history = panel.values[first:start].tolist()
        outside = panel.exogenous["x"][first:start].tolist()

        def back(values, steps_back):
            return values[-steps_back] if steps_back <= len(values) else math.nan

        wanted = [back(history, lag_) for lag_ in lags]
        ends = history[: len(history) - lag + 1]
        wanted += [plain(ends[-window:], window, statistic) for statistic in STATISTICS]
        own = [back(outside, 1), plain(outside[-window:], window, "mean")]
        wanted += [value for one in own for value in (one, bent(one))]
        np.testing.assert_allclose(at_origin[place], wanted, rtol=1e-9, atol=1e-12)
        seasons = lead // season + 1
        source = seasons * season - lead
        x = back(outside, source)
        np.testing.assert_allclose(at_target[place], [back(history, source), x, bent(x)])


def half_hours(zone: str, start: str, days: int) -> Panel:
    ds = pd.date_range(start, periods=48 * days, freq="30min", tz="UTC").tz_convert(zone)
    return Panel.from_frame(pd.DataFrame({"ds": ds, "y": np.arange(len(ds), dtype=float)}))


@pytest.mark.parametrize(
    ("zone", "start"),
    [("Australia/Melbourne", "2014-03-28"), ("Australia/Melbourne", "2014-09-28"), ("Europe/Berlin", "2024-03-25")],
)
@pytest.mark.parametrize("days", [1, 7])
def test_same_time_earlier_is_the_same_time_on_the_wall(zone, start, days):
    panel = half_hours(zone, start, 20)
    canvas = canvas_of(panel)
    season = Season(48 * days, wall=True, label=f"{days}D")
    stamps = panel.to_frame().ds
    origins = np.arange(48 * (days + 1), len(stamps) - 96)
    for lead in (0, 40, 47, 95):
        target = origins + lead
        rows = season_rows(canvas.offset, season, origins, target, np.zeros(len(origins), dtype=np.int64))
        assert (rows < origins).all()
        for source, wanted in zip(stamps.iloc[rows], stamps.iloc[target], strict=True):
            local = wanted.tz_localize(None) - source.tz_localize(None)
            assert local % timedelta(days=days) == timedelta(0) or not shown_once(wanted, zone, days)


def shown_once(stamp: pd.Timestamp, zone: str, days: int) -> bool:
    """Whether the same wall-clock time exists exactly once on all the days the lag may land on."""
    zone_info = ZoneInfo(zone)
    for back in (days, 2 * days, 3 * days):
        naive = (stamp.tz_localize(None) - timedelta(days=back)).to_pydatetime()
        offsets = {naive.replace(tzinfo=zone_info, fold=fold).utcoffset() for fold in (0, 1)}
        if len(offsets) > 1:
            return False
    return stamp.tz_localize(None).tz_localize(zone, ambiguous="NaT", nonexistent="NaT") is not pd.NaT


def test_features_do_not_change_with_what_comes_after_the_origin():
    """On every origin around the autumn change, when the clock shows an hour twice."""
    panel = half_hours("Australia/Melbourne", "2014-04-01", 12)
    recipe = Recipe(
        (1, 2), seasonal=("1D", "7D"), rolling=(Rolling("1D"), Rolling("1D", "std")),
        exogenous=(), calendar=("day_of_week", "hour"), fourier=(Fourier("1D"),),
    )  # fmt: skip
    steps = recipe.resolve(panel.frequency)
    clean = canvas_of(panel)
    origins = np.arange(48 * 8, 48 * 10)
    begin = np.zeros(len(origins), dtype=np.int64)
    for lead in (0, 30, 47):
        whole = np.hstack(
            [
                origin_block(clean, steps, origins, begin),
                target_block(clean, steps, origins, np.full(len(origins), lead), begin),
            ]
        )
        for place in range(0, len(origins), 7):
            values = panel.values.copy()
            values[origins[place] :] = np.nan
            cut = Canvas(panel.frequency, values, {}, panel.ordinals())
            one = origins[place : place + 1]
            row = np.hstack(
                [
                    origin_block(cut, steps, one, begin[:1]),
                    target_block(cut, steps, one, np.array([lead]), begin[:1]),
                ]
            )
            np.testing.assert_array_equal(row[0], whole[place])


def test_calendar_parts_match_pandas():
    ds = pd.date_range("2023-12-25", periods=24 * 90, freq="h", tz="Europe/Berlin")
    panel = Panel.from_frame(pd.DataFrame({"ds": ds, "y": 0.0}))
    parts = ("day_of_week", "weekend", "hour", "time_of_day", "month", "quarter", "day_of_month", "day_of_year")
    steps = Recipe(calendar=parts).resolve(panel.frequency)
    rows = np.arange(len(ds))
    made = target_block(canvas_of(panel), steps, rows, np.zeros(len(rows), dtype=np.int64), rows * 0)
    frame = pd.DataFrame(made, columns=feature_names(steps, "y")[1])
    for part, wanted in {
        "day_of_week": ds.day_of_week,
        "hour": ds.hour,
        "month": ds.month - 1,
        "quarter": ds.quarter - 1,
    }.items():
        hot = frame[[name for name in frame if name.startswith(f"{part} ")]].to_numpy()
        np.testing.assert_array_equal(hot.argmax(axis=1), wanted)
        np.testing.assert_array_equal(hot.sum(axis=1), 1.0)
    np.testing.assert_array_equal(frame["weekend"], (ds.day_of_week >= 5).astype(float))
    np.testing.assert_allclose(frame["time_of_day"], ds.hour + ds.minute / 60)
    np.testing.assert_array_equal(frame["day_of_month"], ds.day)
    np.testing.assert_array_equal(frame["day_of_year"], ds.day_of_year)


def test_a_holiday_is_a_day_of_its_own():
    ds = pd.date_range("2024-01-01", periods=30, freq="D")
    table = pd.DataFrame({"ds": ds, "y": 1.0, "holiday": np.arange(30) == 10})
    panel = Panel.from_frame(table, SeriesColumns(exogenous=("holiday",)))
    steps = Recipe(seasonal=("7D",), calendar=("day_of_week",), holidays="holiday").resolve(panel.frequency)
    names = feature_names(steps, "y")[1]
    rows = np.array([10, 17, 18])
    frame = pd.DataFrame(
        target_block(canvas_of(panel), steps, rows, np.zeros(3, dtype=np.int64), rows * 0), columns=names
    )
    assert frame["holiday"].tolist() == [1.0, 0.0, 0.0]
    assert frame["holiday one 7D before"].tolist() == [0.0, 1.0, 0.0]
    assert frame[[name for name in names if name.startswith("day_of_week")]].sum(axis=1).tolist() == [0.0, 1.0, 1.0]


def test_fourier_of_steps_and_of_time():
    panel = ragged([40])
    steps = Recipe(fourier=(Fourier(8, 2),)).resolve(panel.frequency)
    rows = np.arange(40)
    made = target_block(canvas_of(panel), steps, rows, rows * 0, rows * 0)
    angle = 2 * np.pi * panel.ordinals() / 8
    wanted = np.column_stack([np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)])
    np.testing.assert_allclose(made, wanted, atol=1e-9)


def test_known_variables_are_taken_at_the_target():
    panel = ragged([30])
    variable = Exogenous("x", known=True, lags=(0, 2), seasonal=(5,), rolling=(Rolling(3),), hinges=(0.0,))
    steps = Recipe(exogenous=(variable,)).resolve(panel.frequency)
    x = panel.exogenous["x"]
    origin = np.array([10, 12])
    made = target_block(canvas_of(panel), steps, origin, np.array([3, 3]), origin * 0)
    for place, target in enumerate([13, 15]):
        own = [x[target], x[target - 2], x[target - 5], x[target - 2 : target + 1].mean()]
        np.testing.assert_allclose(made[place], [value for one in own for value in (one, max(one, 0.0))])
