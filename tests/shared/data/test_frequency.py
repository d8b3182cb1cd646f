"""Regular time: recognising the grid, stamps to numbers and back, durations in steps, the wall clock."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.data.frequency import Duration, Frequency, frequency_of, infer_frequency, parse_duration, wall_clock
from shared.errors import SettingsError

SECOND = 10**9
HOUR = 3600 * SECOND
DAY = 24 * HOUR


def ns(index):
    return np.asarray(pd.DatetimeIndex(index).as_unit("ns").asi8)


def days(*texts):
    return ns(pd.DatetimeIndex(list(texts)))


def number(text):
    return np.array([pd.Timestamp(text).value])


@pytest.mark.parametrize(
    ("alias", "kind", "words"),
    [
        ("s", "fixed", "1 second"),
        ("5min", "fixed", "5 minutes"),
        ("30min", "fixed", "30 minutes"),
        ("h", "fixed", "1 hour"),
        ("6h", "fixed", "6 hours"),
        ("D", "wall", "1 day"),
        ("2D", "wall", "2 days"),
        ("W-MON", "wall", "7 days"),
        ("B", "business", "1 business day"),
        ("MS", "month", "1 month"),
        ("ME", "month", "1 month"),
        ("QS", "month", "3 months"),
        ("QE", "month", "3 months"),
        ("YS", "month", "12 months"),
        ("YE", "month", "12 months"),
    ],
)
@pytest.mark.parametrize("tz", [None, "Europe/Berlin", "Australia/Melbourne"])
def test_the_grid_is_recognised(alias, kind, words, tz):
    if kind == "fixed":
        index = pd.date_range("2024-01-03", periods=40, freq=alias, tz=tz)
    else:
        index = pd.date_range("2022-01-03", periods=40, freq=alias).tz_localize(tz)
    grid = infer_frequency(ns(index), tz)
    assert (grid.kind, grid.describe(), grid.tz) == (kind, words, tz)
    assert grid.on_grid(ns(index)).all()
    assert (np.diff(grid.ordinals(ns(index))) == 1).all()


def test_a_middle_day_of_the_month():
    stamps = ns(pd.date_range("2023-01-01 06:00", periods=20, freq="MS") + pd.Timedelta(days=14))
    grid = infer_frequency(stamps)
    assert (grid.kind, grid.day, grid.clock) == ("month", 15, 6 * HOUR)
    following = grid.stamps(grid.ordinals(stamps[-1:]) + 1)
    assert following.tolist() == number("2024-09-15 06:00").tolist()


def test_the_last_day_of_the_month_stays_the_last():
    grid = infer_frequency(days("2023-11-30", "2023-12-31", "2024-01-31"))
    following = grid.stamps(grid.ordinals(number("2024-01-31")) + np.array([1, 2]))
    assert following.tolist() == days("2024-02-29", "2024-03-31").tolist()


@pytest.mark.parametrize("first", [0, 5, -7])
def test_integer_time(first):
    stamps = np.arange(first, first + 40, 4)
    grid = infer_frequency(stamps, integer=True)
    assert (grid.kind, grid.step, grid.describe()) == ("integer", 4, "4 (integer time)")
    assert (grid.stamps(grid.ordinals(stamps)) == stamps).all()
    assert grid.on_grid(stamps + 1).sum() == 0
    assert grid.to_pandas(stamps).tolist() == stamps.tolist()


def test_one_stamp_has_no_frequency():
    assert infer_frequency(number("2024-01-01")) is None
    assert infer_frequency(np.array([1]), integer=True) is None


def test_no_step_at_all():
    assert infer_frequency(np.array([3, 3]), integer=True).step == 1


@pytest.mark.parametrize("alias", ["30min", "h", "D", "W-SUN", "B", "MS", "ME", "QS", "YE"])
def test_gaps_do_not_hide_the_grid(alias):
    stamps = ns(pd.date_range("2015-01-01", periods=60, freq=alias))
    with_gaps = np.delete(stamps, [3, 10, 11, 12, 30, 44])
    assert infer_frequency(with_gaps) == infer_frequency(stamps)


def test_a_gap_shorter_than_the_step_does_not_hide_an_integer_grid():
    assert infer_frequency(np.array([0, 10, 20, 25, 30, 40]), integer=True).step == 10


@pytest.mark.parametrize("tz", ["Europe/Berlin", "Australia/Melbourne", "America/New_York"])
@pytest.mark.parametrize("clock", ["00:00", "07:30"])
def test_days_in_a_zone_stay_at_the_same_clock_time(tz, clock):
    index = pd.date_range(f"2024-01-01 {clock}", periods=366, freq="D").tz_localize(tz)
    grid = infer_frequency(ns(index), tz)
    assert (grid.kind, grid.step) == ("wall", DAY)
    shown = grid.to_pandas(grid.stamps(grid.ordinals(ns(index))))
    assert set(shown.dt.strftime("%H:%M")) == {clock}
    assert (np.diff(grid.ordinals(ns(index))) == 1).all()


@pytest.mark.parametrize("day", ["2024-03-30", "2024-10-26"])
def test_two_days_around_a_clock_change_are_a_daily_grid(day):
    index = pd.date_range(day, periods=2, freq="D").tz_localize("Europe/Berlin")
    assert infer_frequency(ns(index), "Europe/Berlin").describe() == "1 day"


@pytest.mark.parametrize(("start", "hours"), [("2024-03-31", 23), ("2024-10-27", 25)])
def test_hours_across_a_clock_change_are_even(start, hours):
    index = pd.date_range(start, pd.Timestamp(start) + pd.Timedelta(days=1), freq="h", tz="Europe/Berlin")
    grid = infer_frequency(ns(index), "Europe/Berlin")
    assert (grid.kind, grid.step) == ("fixed", HOUR)
    assert grid.ordinals(ns(index))[-1] - grid.ordinals(ns(index))[0] == hours


def test_two_half_days_around_a_clock_change():
    stamps = ns(pd.DatetimeIndex(["2024-10-27 00:00", "2024-10-27 12:00"]).tz_localize("Europe/Berlin"))
    assert infer_frequency(stamps, "Europe/Berlin").describe() == "12 hours"


def test_midnight_in_utc_seen_from_a_zone_is_elapsed_time():
    stamps = ns(pd.date_range("2024-01-01", periods=366, freq="D", tz="UTC"))
    grid = infer_frequency(stamps, "Europe/Berlin")
    assert (grid.kind, grid.step) == ("fixed", DAY)
    assert grid.on_grid(stamps).all()


def test_days_where_midnight_is_skipped():
    """In Sao Paulo the clocks went forward at midnight: that day begins at one."""
    naive = pd.date_range("2018-10-25", periods=20, freq="D")
    stamps = ns(naive.tz_localize("America/Sao_Paulo", nonexistent="shift_forward").tz_convert("UTC"))
    grid = infer_frequency(stamps, "America/Sao_Paulo")
    assert (grid.kind, grid.step) == ("wall", DAY)
    assert grid.on_grid(stamps).all()


def test_a_declared_daily_grid_where_midnight_is_skipped():
    naive = pd.date_range("2018-10-25", periods=20, freq="D")
    stamps = ns(naive.tz_localize("America/Sao_Paulo", nonexistent="shift_forward").tz_convert("UTC"))
    grid = frequency_of("D", stamps, "America/Sao_Paulo", integer=False)
    assert (np.diff(grid.ordinals(stamps)) == 1).all()
    assert grid.on_grid(stamps).all()


@given(
    kind=st.sampled_from(["integer", "fixed", "wall", "month", "business"]),
    step=st.integers(1, 5),
    phase=st.integers(0, 4),
    day=st.integers(0, 28),
    clock=st.integers(0, 23),
    tz=st.sampled_from([None, "Europe/Berlin", "Australia/Melbourne", "America/New_York"]),
    start=st.integers(-200, 600),
    length=st.integers(1, 60),
)
def test_stamps_and_ordinals_are_inverse(kind, step, phase, day, clock, tz, start, length):
    hour = clock if clock not in {1, 2, 3} else 4
    grid = {
        "integer": lambda: Frequency("integer", step, phase % step),
        "fixed": lambda: Frequency("fixed", step * HOUR, (phase % step) * HOUR, tz=tz),
        "wall": lambda: Frequency("wall", step * DAY, (phase % step) * DAY + hour * HOUR, tz=tz),
        "month": lambda: Frequency("month", step, phase % step, day, hour * HOUR, tz),
        "business": lambda: Frequency("business", step, clock=hour * HOUR, tz=tz),
    }[kind]()
    ordinals = np.arange(start, start + length)
    stamps = grid.stamps(ordinals)
    assert (grid.ordinals(stamps) == ordinals).all()
    assert grid.on_grid(stamps).all()
    assert (np.diff(stamps) > 0).all()


@given(
    alias=st.sampled_from(["30min", "h", "D", "W-WED", "B", "MS", "ME", "QS", "YS"]),
    start=st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2035-01-01")),
    length=st.integers(8, 60),
)
def test_recognised_grids_go_on_as_pandas_does(alias, start, length):
    index = pd.date_range(pd.Timestamp(start).floor("D"), periods=length + 12, freq=alias)
    stamps = ns(index)
    grid = infer_frequency(stamps[:length])
    assert (grid.stamps(grid.ordinals(stamps[:1]) + np.arange(length + 12)) == stamps).all()


def test_stamps_off_the_grid_are_seen():
    hourly = Frequency("fixed", HOUR)
    assert hourly.on_grid(ns(["2024-01-01 05:00", "2024-01-01 05:01"])).tolist() == [True, False]
    weekdays = Frequency("business", 1)
    assert weekdays.on_grid(ns(["2024-01-05", "2024-01-06", "2024-01-07"])).tolist() == [True, False, False]
    ends = Frequency("month", 1, day=0)
    assert ends.on_grid(ns(["2024-02-29", "2024-02-28"])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "first", "kind", "step", "day"),
    [
        ("30min", "2024-01-01 00:15", "fixed", 1800 * SECOND, 1),
        ("2h", "2024-01-01 01:00", "fixed", 2 * HOUR, 1),
        ("D", "2024-01-01", "wall", DAY, 1),
        ("W-MON", "2024-01-01", "wall", 7 * DAY, 1),
        ("24h", "2024-01-01", "wall", DAY, 1),
        ("B", "2024-01-01", "business", 1, 1),
        ("M", "2024-01-31", "month", 1, 0),
        ("M", "2024-01-15", "month", 1, 15),
        ("Q", "2024-01-01", "month", 3, 1),
        ("YE", "2024-12-31", "month", 12, 0),
    ],
)
def test_a_declared_grid_holds_its_first_stamp(text, first, kind, step, day):
    grid = frequency_of(text, number(first), None, integer=False)
    assert (grid.kind, grid.step, grid.day) == (kind, step, day)
    assert grid.on_grid(number(first)).all()


@pytest.mark.parametrize("first", ["2024-01-01", "2024-01-02", "2024-01-03"])
@pytest.mark.parametrize("text", ["2B", "3B", "5B"])
def test_a_declared_grid_of_business_days_holds_its_first_stamp(text, first):
    grid = frequency_of(text, number(first), None, integer=False)
    assert grid.on_grid(number(first)).all()


def test_a_declared_integer_step():
    grid = frequency_of(4, np.array([10]), None, integer=True)
    assert (grid.kind, grid.step, grid.phase) == ("integer", 4, 2)


def test_steps_are_refused_for_dates():
    with pytest.raises(SettingsError, match="the stamps are dates"):
        frequency_of(1, number("2024-01-01"), None, integer=False)


@pytest.mark.parametrize("text", ["D", "30min", "3M"])
def test_time_is_refused_for_whole_numbers(text):
    with pytest.raises(SettingsError, match="whole numbers"):
        frequency_of(text, np.array([1, 2]), None, integer=True)


@pytest.mark.parametrize(
    ("grid", "duration", "steps"),
    [
        (Frequency("fixed", 1800 * SECOND), "1D", 48),
        (Frequency("fixed", 1800 * SECOND), "1W", 336),
        (Frequency("fixed", HOUR), "2h", 2),
        (Frequency("fixed", HOUR), 17, 17),
        (Frequency("fixed", HOUR), np.int64(3), 3),
        (Frequency("wall", DAY), "1W", 7),
        (Frequency("wall", 7 * DAY), "4W", 4),
        (Frequency("business", 1), "1W", 5),
        (Frequency("business", 1), "3B", 3),
        (Frequency("business", 5), "2W", 2),
        (Frequency("month", 1), "1Y", 12),
        (Frequency("month", 3), "1Y", 4),
        (Frequency("month", 3), "2Q", 2),
        (Frequency("integer", 5), 3, 3),
    ],
)
def test_steps_in_a_duration(grid, duration, steps):
    assert grid.steps(duration) == steps


@pytest.mark.parametrize(
    ("grid", "duration"),
    [
        (Frequency("fixed", HOUR), "45min"),
        (Frequency("fixed", HOUR), "1M"),
        (Frequency("wall", DAY), "12h"),
        (Frequency("wall", 7 * DAY), "1D"),
        (Frequency("business", 1), "1D"),
        (Frequency("business", 1), "1M"),
        (Frequency("month", 1), "1D"),
        (Frequency("month", 3), "1M"),
        (Frequency("integer", 1), "1D"),
    ],
)
def test_a_duration_that_is_no_whole_number_of_steps(grid, duration):
    with pytest.raises(
        SettingsError, match=re.escape(f"{duration!r} is no whole number of steps of {grid.describe()};")
    ):
        grid.steps(duration)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        (48, Duration(steps=48)),
        ("15s", Duration(ns=15 * SECOND)),
        ("30T", Duration(ns=1800 * SECOND)),
        ("H", Duration(ns=HOUR)),
        (" 2 d ", Duration(ns=2 * DAY)),
        ("3 weeks", Duration(ns=21 * DAY)),
        ("W-SUN", Duration(ns=7 * DAY)),
        ("3B", Duration(business_days=3)),
        ("MS", Duration(months=1)),
        ("2QE-DEC", Duration(months=6)),
        ("A", Duration(months=12)),
    ],
)
def test_durations(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "0D", "-1D", "1.5h", "h2", "fortnight", "1D 2h", "BMS", True, 1.5, None])
def test_what_is_no_duration(text):
    with pytest.raises(SettingsError, match="is no duration"):
        parse_duration(text)


@pytest.mark.parametrize("steps", [0, -3])
def test_a_duration_is_positive(steps):
    with pytest.raises(SettingsError, match="not positive"):
        parse_duration(steps)


@pytest.mark.parametrize(
    ("tz", "before", "after", "steps"),
    [
        ("Australia/Melbourne", "2014-04-06 02:30+11:00", "2014-04-06 02:00+10:00", (22, 20)),
        ("Australia/Melbourne", "2014-10-05 01:30+10:00", "2014-10-05 03:00+11:00", (20, 22)),
        ("Europe/Berlin", "2024-03-31 01:30+01:00", "2024-03-31 03:00+02:00", (2, 4)),
        ("Europe/Berlin", "2024-10-27 02:30+02:00", "2024-10-27 02:00+01:00", (4, 2)),
    ],
)
def test_the_wall_clock_is_ahead_of_the_grid(tz, before, after, steps):
    grid = Frequency("fixed", 1800 * SECOND, tz=tz)
    stamps = np.array([pd.Timestamp(before).value, pd.Timestamp(after).value])
    ordinals = grid.ordinals(stamps)
    assert np.diff(ordinals).tolist() == [1]
    assert grid.wall_offset(ordinals).tolist() == list(steps)


def test_an_offset_between_two_steps_is_rounded_down():
    assert Frequency("fixed", HOUR, tz="Asia/Kolkata").wall_offset(np.array([0, 1])).tolist() == [5, 5]


@pytest.mark.parametrize("grid", [Frequency("fixed", HOUR), Frequency("wall", DAY, tz="Europe/Berlin")])
def test_grids_without_an_offset(grid):
    assert grid.wall_offset(np.arange(3)).tolist() == [0, 0, 0]


def test_the_wall_clock_of_a_zone():
    noon = number("2024-01-01 12:00")
    assert wall_clock(noon, None) is noon
    assert wall_clock(noon, "Australia/Melbourne").tolist() == number("2024-01-01 23:00").tolist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_stamps_come_back_in_zone_and_resolution(unit, tz):
    shown = Frequency("wall", DAY, tz=tz).to_pandas(number("2024-06-01"), unit)
    assert shown.dt.unit == unit
    assert (str(shown.dt.tz) if tz else None) == tz
    expected = pd.Timestamp("2024-06-01", tz="UTC").tz_convert(tz) if tz else pd.Timestamp("2024-06-01")
    assert shown.iloc[0] == expected


def test_the_smallest_step_in_words():
    assert Frequency("fixed", 7).describe() == "7 ns"
