"""Grids of real calendars: month ends, weeks with closed days, periods, numbers that are dates, the doubled hour."""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.timeseries import Exogenous, LagForecaster, PerSeries, Recipe, SeasonalNaive
from shared.data import Panel, WalkForward, business_days, read_table
from shared.data.frequency import Frequency, infer_frequency
from shared.errors import DataError, HexadError, RepairWarning, SettingsError
from shared.evaluation import evaluate
from shared.runtime.store import load_model, save_model


def table(stamps, y=None):
    return pd.DataFrame({"ds": stamps, "y": np.arange(len(stamps), dtype=float) if y is None else y})


def following(stamps, steps=2, **options):
    """What stamps a forecast has."""
    made = SeasonalNaive(**options).fit(table(stamps)).predict(steps).to_frame()["ds"]
    return [str(one)[:10] for one in made]


def days(*texts):
    return pd.to_datetime(list(texts))


def every_month(day, first=3):
    return days(*(f"2023-{month:02}-{day}" for month in range(first, 13)))


# Months


@pytest.mark.parametrize(
    ("stamps", "wanted"),
    [
        (every_month(30), ["2024-01-30", "2024-02-29", "2024-03-30"]),
        (every_month(29), ["2024-01-29", "2024-02-29", "2024-03-29"]),
        (days("2023-01-30", "2023-02-28", "2023-03-30"), ["2023-04-30", "2023-05-30", "2023-06-30"]),
        (days("2023-01-31", "2023-02-28", "2023-03-31"), ["2023-04-30", "2023-05-31", "2023-06-30"]),
        (days("2023-01-31", "2023-03-31", "2023-05-31"), ["2023-07-31", "2023-09-30", "2023-11-30"]),
        (pd.date_range("2023-01-31", periods=9, freq="BME"), ["2023-10-31", "2023-11-30", "2023-12-29"]),
        (pd.date_range("2023-03-31", periods=5, freq="BQE"), ["2024-06-28", "2024-09-30", "2024-12-31"]),
    ],
)
def test_months_end_where_they_end(stamps, wanted):
    assert following(stamps, 3) == wanted


def test_what_was_forecast_is_taken_when_it_comes():
    model = SeasonalNaive().fit(table(every_month(30)))
    model.update(table(days("2024-01-30", "2024-02-29", "2024-03-30")))
    assert str(model.predict(1).to_frame()["ds"].iloc[0])[:10] == "2024-04-30"


@given(st.integers(1, 31), st.integers(1, 4), st.integers(0, 600), st.sampled_from([None, "Europe/Berlin"]))
def test_a_monthly_grid_is_its_own_inverse(day, step, start, tz):
    grid = Frequency("month", step, phase=start % step, day=day, tz=tz)
    ordinals = np.arange(start, start + 30)
    stamps = grid.stamps(ordinals)
    assert (np.diff(stamps) > 0).all()
    assert grid.ordinals(stamps).tolist() == ordinals.tolist()


@pytest.mark.parametrize("day", [29, 30])
def test_walking_by_months_keeps_the_day(day):
    stamps = pd.DatetimeIndex(
        [
            pd.Timestamp(f"2022-{m:02}-01") + pd.offsets.MonthEnd(0) if m == 2 else pd.Timestamp(f"2022-{m:02}-{day}")
            for m in range(1, 13)
        ]
    )
    cuts = [cut.label for cut in WalkForward("1M", every="1M", n_splits=9).splits(table(stamps))]
    assert [cut.day for cut in cuts] == [day] * 9


# Weeks


@pytest.mark.parametrize(
    ("open_days", "wanted", "words"),
    [
        ([0, 1, 2, 3, 4, 5], ["2024-03-01", "2024-03-02", "2024-03-04"], "1 day from Monday to Saturday"),
        ([1, 2, 3, 4, 5], ["2024-03-01", "2024-03-02", "2024-03-05"], "1 day from Tuesday to Saturday"),
        ([0, 2, 4], ["2024-03-01", "2024-03-04", "2024-03-06"], "1 day from Monday, Wednesday and Friday"),
        ([0, 1, 2, 3, 4], ["2024-03-01", "2024-03-04", "2024-03-05"], "1 business day"),
    ],
)
def test_closed_days_of_the_week_are_no_gaps(open_days, wanted, words):
    stamps = pd.date_range("2024-01-01", "2024-02-29")
    stamps = stamps[stamps.day_of_week.isin(open_days)]
    assert following(stamps, 3) == wanted
    grid = Panel.from_frame(table(stamps)).frequency
    assert grid.describe() == words
    assert grid.steps("1W") == len(open_days)


def test_a_shop_that_closes_on_sundays_has_a_week_of_six_days():
    stamps = pd.date_range("2024-01-01", periods=300)
    stamps = stamps[stamps.day_of_week < 6]
    y = 10.0 + 5 * (stamps.day_of_week == 5) + np.random.default_rng(0).normal(size=len(stamps))
    model = LagForecaster(horizon="1W", calibration_folds=0).fit(table(stamps, y))
    made = model.predict().to_frame()
    assert len(made) == 6
    assert made.loc[made["ds"].dt.day_of_week == 5, "mean"].iloc[0] > 13.5


def test_days_that_are_missing_here_and_there_stay_gaps():
    stamps = pd.date_range("2024-01-01", periods=90).delete([5, 17, 40])
    with pytest.raises(HexadError, match="3 stamps are missing in 3 gaps"):
        SeasonalNaive().fit(table(stamps))
    shop = pd.date_range("2024-01-01", periods=90)
    shop = shop[shop.day_of_week < 6].delete([3, 50])
    with pytest.raises(HexadError, match="2 stamps are missing in 2 gaps"):
        SeasonalNaive().fit(table(shop))


def test_a_week_or_two_tell_nothing_of_closed_days():
    assert infer_frequency(pd.date_range("2024-01-01", periods=6).as_unit("ns").asi8).kind == "wall"


@pytest.mark.parametrize("grid", [Frequency("business", 1, open_days="1111110"), Frequency("month", 1, day=-1)])
def test_such_grids_are_saved_and_loaded(tmp_path, grid):
    stamps = grid.to_pandas(grid.stamps(np.arange(15000, 15060) if grid.kind == "business" else np.arange(600, 660)))
    model = SeasonalNaive().fit(table(stamps))
    save_model(model, tmp_path / "m.hexad")
    loaded = load_model(tmp_path / "m.hexad")
    assert loaded.predict(4).to_frame().equals(model.predict(4).to_frame())


# A step that contradicts the stamps


@pytest.mark.parametrize(
    ("freq", "stamps", "said"),
    [
        (
            "W-SUN",
            pd.date_range("2024-01-01", periods=9, freq="W-MON"),
            "says Sunday, but the stamps are Mondays; pass freq='W'",
        ),
        (
            "MS",
            pd.date_range("2024-01-31", periods=9, freq="ME"),
            "first day of a month, but 9 of 9 stamps are not, such as 2024-01-31",
        ),
        ("ME", pd.date_range("2024-01-01", periods=9, freq="MS"), "last day of a month, but 9 of 9 stamps are not"),
        ("QE", pd.date_range("2024-01-01", periods=9, freq="QS"), "last day of a month"),
    ],
)
def test_a_step_that_contradicts_the_stamps_is_refused(freq, stamps, said):
    with pytest.raises(SettingsError, match=said):
        SeasonalNaive(freq=freq).fit(table(stamps))


@pytest.mark.parametrize("freq", ["W", "W-MON", "1W", "7D"])
def test_a_step_that_fits_is_taken(freq):
    assert following(pd.date_range("2024-01-01", periods=9, freq="W-MON"), 1, freq=freq) == ["2024-03-04"]


# Periods and numbers


@pytest.mark.parametrize(
    ("stamps", "wanted"),
    [
        (pd.period_range("2023-01", periods=9, freq="M"), ["2023-10-01", "2023-11-01"]),
        (pd.period_range("2023Q1", periods=4, freq="Q"), ["2024-01-01", "2024-04-01"]),
        (["2023Q1", "2023Q2", "2023Q3", "2023Q4"], ["2024-01-01", "2024-04-01"]),
        (["2023-Q3", "2023-Q4", "2024-Q1"], ["2024-04-01", "2024-07-01"]),
        (["2023-11", "2023-12", "2024-01"], ["2024-02-01", "2024-03-01"]),
        (["2023-W51", "2023-W52", "2024-W01"], ["2024-01-08", "2024-01-15"]),
        (["2020W52", "2020W53", "2021W01"], ["2021-01-11", "2021-01-18"]),
    ],
)
def test_periods_are_read_by_their_first_day(stamps, wanted):
    assert following(stamps) == wanted


@pytest.mark.parametrize(
    ("stamps", "word"),
    [
        (range(202301, 202313), "months"),
        ([202311, 202312, 202401], "months"),
        (range(20240101, 20240132), "dates"),
        ([202351, 202352, 202401], "weeks"),
    ],
)
def test_numbers_that_read_like_dates_are_asked_about(stamps, word):
    with pytest.raises(HexadError, match=f"holds whole numbers that read like {word}, such as .*pd.to_datetime"):
        SeasonalNaive().fit(table(list(stamps)))


def test_numbers_that_are_said_to_be_numbers_are():
    assert following(list(range(202301, 202313)), 1, freq=1) == ["202313"]
    assert following(list(range(202301, 202313)), 1, freq="1") == ["202313"]
    assert following([202396, 202397, 202398, 202399, 202400, 202401], 1) == ["202402"]


def test_text_with_offsets_that_change_is_read_with_its_zone():
    stamps = ["2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"]
    with pytest.raises(HexadError, match="another UTC offset than the rest"):
        SeasonalNaive().fit(table(stamps))
    assert following(stamps, 1, tz="Europe/Berlin") == ["2024-04-02"]


# The hour that comes twice

AUTUMN = pd.date_range("2024-10-26 22:00", "2024-10-27 06:00", freq="h", tz="UTC").tz_convert("Europe/Berlin")


def local(order, freq="h", tz="Europe/Berlin"):
    frame = table(AUTUMN.tz_localize(None)).iloc[order]
    return Panel.from_frame(frame, freq=freq, tz=tz).values.tolist()


def test_the_order_of_the_rows_tells_which_hour_is_which():
    n = len(AUTUMN)
    assert local(list(range(n))) == list(range(n))
    assert local(list(range(n))[::-1]) == list(range(n))


@pytest.mark.parametrize("seed", range(5))
def test_rows_in_no_order_are_asked_about(seed):
    with pytest.raises(HexadError, match="2 stamps come twice in an hour that the clock of Europe/Berlin shows twice"):
        local(np.random.default_rng(seed).permutation(len(AUTUMN)))


def test_half_hours_come_in_their_order_too():
    half = pd.date_range("2024-10-26 23:00", "2024-10-27 03:00", freq="30min", tz="UTC").tz_convert("Europe/Berlin")
    frame = table(half.tz_localize(None))
    for order in (frame, frame.iloc[::-1]):
        assert Panel.from_frame(order, freq="30min", tz="Europe/Berlin").values.tolist() == frame["y"].tolist()


def test_each_series_has_an_order_of_its_own():
    frame = table(AUTUMN.tz_localize(None))
    both = pd.concat([frame.assign(unique_id="up"), frame.iloc[::-1].assign(unique_id="down")])
    panel = Panel.from_frame(both, freq="h", tz="Europe/Berlin")
    assert panel.values.tolist() == [*frame["y"], *frame["y"]]


# What to do, and in what order


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        (
            "2024-03-29",
            "2024-04-02",
            "If the clocks went forward there, pass the zone, .* Otherwise: Add the rows, or pass",
        ),
        (
            "2024-10-25",
            "2024-10-29",
            "If the clocks went back there, pass the zone, .* Otherwise: Remove the extra rows",
        ),
    ],
)
def test_where_the_clock_changed_the_zone_is_named_first(begin, end, said):
    stamps = pd.date_range(begin, end, freq="h", tz="Europe/Berlin", inclusive="left").tz_localize(None)
    with pytest.raises(HexadError, match=said):
        Panel.from_frame(table(stamps))
    assert Panel.from_frame(table(stamps), tz="Europe/Berlin").values.tolist() == list(range(len(stamps)))


def test_where_it_did_not_it_is_not_named():
    stamps = pd.date_range("2024-06-03", periods=90, freq="h").delete(30)
    with pytest.raises(HexadError, match="Add the rows, or pass repair=") as caught:
        Panel.from_frame(table(stamps))
    assert "clocks" not in str(caught.value)


def test_only_what_can_be_done_here_is_advised():
    with pytest.raises(HexadError, match='Pass decimal="," to read_table before if the comma'):
        SeasonalNaive().fit(pd.DataFrame({"ds": [1, 2, 3], "y": ["1,5", "2,5", "3,5"]}))
    recipe = Recipe((1,), exogenous=(Exogenous("x", known=True),))
    known = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=99), "y": np.arange(99.0), "x": 1.0})
    model = LagForecaster(recipe=recipe, horizon=3, calibration_folds=0).fit(known)
    for ahead in (pd.date_range("2024-04-09", periods=4).delete(1), pd.date_range("2024-04-09", periods=3)):
        values = [1.0, np.nan, 2.0] if len(ahead) == 3 and (ahead[1] - ahead[0]).days == 1 else 1.0
        with pytest.raises(HexadError) as caught:
            model.predict(future=pd.DataFrame({"ds": ahead, "x": values}))
        assert "repair" not in str(caught.value)
        assert any(way in str(caught.value) for way in ("Add the rows.", "Fill them in."))


TROUBLED = {
    "a gap": lambda rows: rows.drop(index=45),
    "a stamp twice": lambda rows: pd.concat([rows, rows.tail(1)]),
    "values missing": lambda rows: rows.assign(y=rows["y"].where(~rows.index.isin([44, 50]))),
    "the last value missing": lambda rows: rows.assign(y=rows["y"].where(rows.index < 59)),
    "a gap, a stamp twice, a value missing": lambda rows: (
        pd.concat([rows, rows.tail(1)]).drop(index=45).assign(y=lambda t: t["y"].where(t.index != 50))
    ),
}


@pytest.mark.parametrize("door", ["fit", "update", "panel"])
@pytest.mark.parametrize("trouble", TROUBLED)
def test_a_repair_that_is_advised_can_be_asked_for(door, trouble):
    whole = table(pd.date_range("2024-01-01", periods=60))
    doors = {"fit": SeasonalNaive().fit, "update": SeasonalNaive().fit(whole[:40]).update, "panel": Panel.from_frame}
    rows, asked = TROUBLED[trouble](whole[40:]), set()
    for _ in range(4):  # what is found first hides what comes later
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RepairWarning)
                doors[door](rows, repair=tuple(asked))
            break
        except DataError as error:
            advised = set(re.findall(r'"(\w+)"', str(error)))
            assert advised - asked
            asked |= advised
    else:
        pytest.fail(f"refused after {asked}")
    assert asked


@pytest.mark.parametrize(
    ("column", "bad", "fixed"),
    [
        ("ds", pd.NaT, "Correct them."),
        ("y", np.inf, "Correct them."),
        ("ds", "x", 'Correct them, or give their format, as in dates="%d/%m/%y" to read_table before.'),
        ("y", "x", "Correct them, or leave the cells empty."),
    ],
)
def test_repairs_of_files_are_not_advised_for_series(column, bad, fixed):
    whole = table(pd.date_range("2024-01-01", periods=60))
    rows = whole.astype({column: object} if isinstance(bad, str) else {})
    rows.loc[45, column] = bad
    known = SeasonalNaive().fit(whole[:40])
    for door in (SeasonalNaive().fit, known.update, PerSeries(SeasonalNaive()).fit, Panel.from_frame):
        with pytest.raises(DataError, match=re.escape(fixed) + "$"):
            door(rows[40:])


def test_ways_of_reading_are_advised_where_a_panel_is_made_as_where_a_model_is_fitted():
    odd = pd.DataFrame({"ds": ["01/02/2024", "02/02/2024"], "y": ["1,5", "2,5"]})
    with pytest.raises(DataError) as caught:
        Panel.from_frame(odd)
    assert 'dates="day-first" to read_table before' in str(caught.value)
    assert 'decimal="," to read_table before' in str(caught.value)


@pytest.mark.parametrize("word", ["drop_bad_rows", "drop_ragged_rows", "keep_first"])
def test_repairs_that_are_none_here_are_refused_with_those_that_are(word):
    whole = table(pd.date_range("2024-01-01", periods=60))
    for door in (SeasonalNaive().fit, SeasonalNaive().fit(whole[:40]).update, Panel.from_frame):
        with pytest.raises(SettingsError, match=f"unknown repair '{word}'; there are ") as caught:
            door(whole[40:], repair=("interpolate", word))
        known = re.findall(r"'(\w+)'", str(caught.value).partition("there are")[2])
        assert word not in known
        door(whole[40:], repair=known)


@pytest.mark.parametrize(
    ("column", "written", "advised", "options"),
    [
        ("ds", lambda t: t["ds"].dt.strftime("%m/%d/%Y"), 'dates="month-first"', {"dates": "month-first"}),
        ("ds", lambda t: t["ds"].dt.strftime("%d-%b-%y"), 'dates="%d/%m/%y"', {"dates": "%d-%b-%y"}),
        ("y", lambda t: t["y"].map("{:.0f},500".format), 'decimal=","', {"decimal": ","}),
    ],
)
def test_how_a_file_is_read_is_advised_where_files_are_read(tmp_path, column, written, advised, options):
    whole = table(pd.date_range("2024-01-01", periods=12), np.arange(1.0, 13.0))
    path = tmp_path / "sales.csv"
    odd = whole.assign(**{column: written(whole)})
    odd.to_csv(path, index=False, sep=";")
    for model in (SeasonalNaive(), LagForecaster(horizon=2)):
        with pytest.raises(DataError, match=f"{re.escape(advised)} to read_table before"):
            model.fit(odd)
    for source in (path, odd, pl.from_pandas(odd)):
        made = SeasonalNaive().fit(read_table(source, **options)).predict(1).to_frame()
        assert made["ds"].tolist() == [pd.Timestamp("2024-01-13")]
        assert made["mean"].tolist() == [12.5 if column == "y" else 12.0]


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_to_be_read_first(tmp_path, kind):
    whole = table(pd.date_range("2024-01-01", periods=12))
    path = kind(tmp_path / "sales.csv")
    whole.to_csv(path, index=False)
    for door in (SeasonalNaive().fit, SeasonalNaive().fit(whole[:6]).update, LagForecaster().fit, Panel.from_frame):
        with pytest.raises(DataError, match=r"is no table\. Read the file first: read_table\(path\)\."):
            door(path)
    assert SeasonalNaive().fit(read_table(path)).predict(1).to_frame()["mean"].tolist() == [11.0]


# Lists of closed days

CLOSED = ["2024-01-01", "2024-03-29", "2024-04-01", "2024-05-01", "2024-05-09"]
AHEAD = ["2024-07-02", "2024-07-03"]


def open_table(open_days="1111100", closed=CLOSED):
    every = pd.date_range("2023-12-01", "2024-06-28")
    mask = np.array([open_days[day] == "1" for day in every.day_of_week])
    return table(every[mask & ~every.isin(pd.DatetimeIndex(closed))])


@pytest.mark.parametrize(
    ("open_days", "freq", "wanted"),
    [
        ("1111100", business_days(CLOSED + AHEAD), ["2024-07-01", "2024-07-04", "2024-07-05"]),
        ("1111100", pd.offsets.CustomBusinessDay(holidays=CLOSED + AHEAD), ["2024-07-01", "2024-07-04", "2024-07-05"]),
        ("1111110", business_days(CLOSED + AHEAD, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]), ["2024-06-29", "2024-07-01", "2024-07-04"]),
        ("1111110", pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat", holidays=CLOSED), ["2024-06-29", "2024-07-01", "2024-07-02"]),
        ("1010100", business_days(CLOSED, "Mo We Fr"), ["2024-07-01", "2024-07-03", "2024-07-05"]),
    ],
)  # fmt: skip
def test_listed_days_are_closed_in_the_past_and_ahead(open_days, freq, wanted):
    data = open_table(open_days)
    with pytest.raises(DataError, match=r"business_days\(closed="):
        SeasonalNaive(1).fit(data)
    found = SeasonalNaive(1, freq=freq).fit(data).predict(3).to_frame()
    assert [str(stamp)[:10] for stamp in found["ds"]] == wanted


def test_one_date_is_a_list_of_one():
    assert business_days("2024-12-25") == business_days(["2024-12-25"]) == "B closed 2024-12-25"


def test_a_listed_day_is_no_gap_for_updates_walks_and_files(tmp_path):
    data, freq = open_table(), business_days(CLOSED)
    first = data[data["ds"] < "2024-03-28"]
    model = SeasonalNaive(5, freq=freq).fit(first)
    model.update(data[data["ds"].between("2024-03-28", "2024-04-02")])
    assert str(model.predict(1).to_frame()["ds"].iloc[0])[:10] == "2024-04-03"
    save_model(model, tmp_path / "m.hexad")
    again = load_model(tmp_path / "m.hexad")
    pd.testing.assert_frame_equal(again.predict(9).to_frame(), model.predict(9).to_frame())
    scores = evaluate({}, data, WalkForward(5, every="1B", n_splits=40), "mae", baselines={"n": model})
    assert set(scores.predictions["ds"]) <= set(data["ds"])
    assert scores.predictions["split"].nunique() == 40
    offset = SeasonalNaive(5, freq=pd.offsets.CustomBusinessDay(holidays=CLOSED)).fit(data)
    save_model(offset, tmp_path / "o.hexad")
    again = load_model(tmp_path / "o.hexad")
    pd.testing.assert_frame_equal(again.predict(9).to_frame(), offset.predict(9).to_frame())


@given(st.integers(1, 4), st.integers(-3000, 3000), st.sets(st.integers(0, 900), max_size=40), st.sampled_from(["1111100", "0111111", "1000001"]))  # fmt: skip
def test_a_grid_with_closed_days_is_its_own_inverse(step, start, closed, mask):
    grid = Frequency("business", step, phase=start % step, open_days=mask, closed=tuple(sorted(closed)))
    ordinals = np.arange(start, start + 200)
    stamps = grid.stamps(ordinals)
    assert (np.diff(stamps) > 0).all()
    assert grid.on_grid(stamps).all()
    assert grid.ordinals(stamps).tolist() == ordinals.tolist()
    assert not set(stamps // (86400 * 10**9)) & closed


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: business_days(["x"]), "no date"), (lambda: business_days([None]), "missing date"), (lambda: business_days(5), "no date"),
        (lambda: business_days("2024-13-01"), "no date"), (lambda: business_days(open_days=5), "no days of the week"),
        (lambda: business_days(open_days="0000000"), "no days of the week"), (lambda: business_days(open_days=["Mon", "Feb"]), "no days of the week"),
        (lambda: business_days(np.arange(20_000).astype("datetime64[D]")), "more than 10,000"),
        (lambda: SeasonalNaive(freq="B closed 2024-13-01").fit(open_table()), "no date"),
        (lambda: SeasonalNaive(freq="B open 0000000").fit(open_table()), "no day of the week"),
        (lambda: SeasonalNaive(freq="0B closed 2024-01-01").fit(open_table()), "no duration"),
        (lambda: SeasonalNaive(freq=pd.offsets.BusinessHour()).fit(open_table()), "no duration"),
        (lambda: SeasonalNaive(freq=pd.DateOffset(days=1, hours=3)).fit(open_table()), "not known here"),
        (lambda: SeasonalNaive(freq="B closed 2024-01-02").fit(open_table()), "does not lie on the grid"),
    ],
)  # fmt: skip
def test_days_that_are_none_are_refused(make, told):
    with pytest.raises(HexadError, match=told):
        make()


@pytest.mark.parametrize(
    "offset",
    [pd.offsets.Day(), pd.offsets.MonthEnd(), pd.offsets.Hour(2), pd.offsets.BDay(), pd.offsets.Week(weekday=2)],
)
def test_offsets_of_pandas_are_read_as_their_text(offset):
    stamps = pd.date_range("2024-01-03", periods=12, freq=offset)
    want = SeasonalNaive(1, freq=offset.freqstr).fit(table(stamps)).predict(4).to_frame()
    pd.testing.assert_frame_equal(SeasonalNaive(1, freq=offset).fit(table(stamps)).predict(4).to_frame(), want)


# Numbers that are dates in other spellings, and steps that say where they begin


@pytest.mark.parametrize(
    ("stamps", "word"),
    [
        ([20231, 20232, 20233, 20234], "quarters"),
        ([2023363, 2023364, 2023365], "days of the year"),
        ([2024010100 + hour for hour in range(24)], "hours"),
        ([202401012300, 202401012330], "minutes"),
        ([20240101235900, 20240101235959], "seconds"),
        ([10000 * month + 2023 for month in range(1, 13)], "months"),
        ([*range(2301, 2313), 2401], "months"),
        ([240130, 240131, 240201], "dates"),
    ],
)
def test_numbers_in_other_spellings_of_dates_are_asked_about_and_read_as_the_fix_says(stamps, word):
    given = table(stamps)
    with pytest.raises(DataError, match=f"read like {word}") as told:
        SeasonalNaive().fit(given)
    how = re.search(r"Make dates of them: (.*); or say", str(told.value))[1].replace("table[", "given[")
    read = given.assign(ds=eval(how, {"pd": pd, "given": given}))
    assert len(SeasonalNaive().fit(read, repair="interpolate").panel_.values) >= len(stamps)


@pytest.mark.parametrize(
    "stamps", [range(1990, 2024), range(2301, 2313), range(100_000, 100_100), [7, 8], [1_000_000, 1_000_001]]
)
def test_plain_numbers_are_not_asked_about(stamps):
    assert following(list(stamps), steps=1) == [str(max(stamps) + 1)]


DAYS = pd.date_range


@pytest.mark.parametrize(
    ("freq", "stamps", "said"),
    [
        ("QS-FEB", DAYS("2022-01-01", periods=9, freq="QS"), "begin in Feb"),
        ("QE-FEB", DAYS("2022-01-01", periods=9, freq="QS"), "end in Feb"),
        ("QE-NOV", DAYS("2022-03-31", periods=9, freq="QE"), "end in Nov"),
        ("YE-JUN", DAYS("2015-12-31", periods=9, freq="YE"), "end in Jun"),
        (pd.offsets.YearBegin(month=4), DAYS("2015-01-01", periods=9, freq="YS"), "begin in Apr"),
        ("weeks-SUN", DAYS("2024-01-01", periods=9, freq="W-MON"), "pass freq='W'"),
        ("2W-SUN", DAYS("2024-01-01", periods=9, freq="2W-MON"), "pass freq='2W'"),
        ("7D-SUN", DAYS("2024-01-01", periods=9, freq="W-MON"), "only weeks, quarters and years"),
        ("h-ABC", DAYS("2024-01-01", periods=9, freq="h"), "only weeks, quarters and years"),
        ("2MS", DAYS("2022-01-31", periods=9, freq="2ME"), "pass freq='2M'"),
        ("MS", DAYS("2024-01-01", periods=9), "leave freq= out"),
    ],
)  # fmt: skip
def test_a_step_that_says_where_its_stamps_lie_is_held_to_it_and_the_fix_works(freq, stamps, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        SeasonalNaive(freq=freq).fit(table(stamps))
    other = re.search(r"pass freq='(\w+)'", said)
    made = SeasonalNaive(**({"freq": other[1]} if other else {})).fit(table(stamps)).predict(1).to_frame()["ds"][0]
    assert made > stamps[-1]


@pytest.mark.parametrize(
    ("freq", "stamps"),
    [("QS-FEB", DAYS("2022-02-01", periods=9, freq="QS-FEB")), ("YE-JUN", DAYS("2015-06-30", periods=9, freq="YE-JUN")),
     ("Q-FEB", DAYS("2022-02-28", periods=9, freq="QE-FEB")), ("W-TUE", DAYS("2024-01-02", periods=9, freq="W-TUE"))],
)  # fmt: skip
def test_a_step_that_says_rightly_where_its_stamps_lie_is_taken(freq, stamps):
    assert following(stamps, steps=1, freq=freq) == [str(stamps[-1] + stamps.freq)[:10]]


def test_days_in_words_of_their_own_are_refused():
    for day in (20241225, "01/02/2024", "25.12.2024"):
        with pytest.raises(SettingsError, match="no date, or not plainly one"):
            business_days([day])
    for day in (pd.DateOffset(day=7), pd.DateOffset(month=3)):
        with pytest.raises(SettingsError, match="no length of time"):
            SeasonalNaive(day).fit(table(DAYS("2024-01-01", periods=30)))
    assert (
        SeasonalNaive(pd.DateOffset(days=7)).fit(table(DAYS("2024-01-01", periods=30))).predict(1).to_frame()["mean"][0]
        == 23
    )


def test_days_of_a_zone_that_skips_midnight_are_read():
    days = DAYS("2018-10-20", periods=30)  # in São Paulo 4 November began at one o'clock
    model = SeasonalNaive(tz="America/Sao_Paulo").fit(table(days[:15]))
    assert str(model.predict(1).to_frame()["ds"][0]) == "2018-11-04 01:00:00-02:00"
    model.update(table(days[15:]))
    assert len(model.panel_.values) == 30


@pytest.mark.parametrize("zone", ["Asia/Jerusalem", "America/Sao_Paulo", "Europe/Berlin"])
def test_the_zone_is_named_first_wherever_clocks_change_and_beside_other_gaps(zone):
    year = "2018" if zone == "America/Sao_Paulo" else "2024"
    stamps = DAYS(f"{year}-01-01", f"{int(year) + 1}-01-01", freq="h", tz=zone).tz_localize(None)
    given = table(stamps.drop_duplicates().delete(100))
    with pytest.raises(DataError, match="If the clocks went forward") as told:
        Panel.from_frame(given)
    assert str(told.value).index("clocks") < str(told.value).index("interpolate")


def test_dates_of_python_whose_offset_changes_are_read_as_their_text_is():
    text = ["2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"]
    import datetime as dt

    given = table(pd.Series([dt.datetime.fromisoformat(one) for one in text], dtype=object))
    assert following(given["ds"], steps=1, tz="Europe/Berlin") == ["2024-04-02"]
    with pytest.raises(DataError, match="Pass a zone"):
        SeasonalNaive().fit(given)


@pytest.mark.parametrize("kind", ["date32", "date64", "timestamp"])
def test_dates_of_arrow_are_read_in_pandas_frames(kind):
    import pyarrow as pa

    types = {"date32": pa.date32(), "date64": pa.date64(), "timestamp": pa.timestamp("ns")}
    days = pa.array(DAYS("2024-01-01", periods=40).to_pydatetime().tolist(), pa.timestamp("us")).cast(types[kind])
    given = table(pd.array(days, dtype=pd.ArrowDtype(types[kind])))
    assert following(given["ds"], steps=1) == ["2024-02-10"]
    walk = WalkForward(1, every=1, n_splits=2)
    assert evaluate({}, given, walk, "mae", baselines={"n": SeasonalNaive()}).table().loc["n", "mae"] == 1


def test_a_panel_of_month_ends_keeps_its_grid_where_the_step_is_said():
    panel = Panel.from_frame(table(pd.DatetimeIndex(["2023-02-28", "2023-03-30", "2023-04-30", "2023-05-30"])))
    made = SeasonalNaive(freq="M").fit(panel).predict(1).to_frame()["ds"]
    assert str(made[0])[:10] == "2023-06-30"


@pytest.mark.parametrize(("key", "other"), [(1, "1"), ("a", "a "), ("1", 1)])
def test_a_key_that_reads_like_a_known_one_is_no_new_series(key, other):
    first, later = (table(DAYS(day, periods=9)) for day in ("2024-01-01", "2024-01-10"))
    model = SeasonalNaive().fit(first.assign(unique_id=key))
    with pytest.raises(DataError, match="reads like"):
        model.update(later.assign(unique_id=other))
    assert len(model.update(later.assign(unique_id=key)).panel_.values) == 18


def test_updates_do_not_advise_what_they_do_not_take():
    stamps = DAYS("2024-03-28", periods=120, freq="h", tz="Europe/Berlin").tz_localize(None)
    with pytest.raises(DataError, match=r"tz=\"Europe/Berlin\" to SeasonalNaive, and fit again"):
        SeasonalNaive().fit(table(stamps[:40])).update(table(stamps[40:]))
