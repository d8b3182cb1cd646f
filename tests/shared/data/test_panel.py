"""Long tables to panels and back; what is refused, what is repaired, and that nothing is changed silently."""

import math
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.data.frequency import Frequency
from shared.data.panel import Panel, SeriesColumns
from shared.data.panel_checks import sort_rows
from shared.errors import DataError, HexadError, SettingsError

NAN = math.nan
HOUR = 3600 * 10**9
RAINY = SeriesColumns(exogenous=("rain",))


def frame(**columns):
    return pd.DataFrame(columns)


def one(values, start="2024-01-01", freq="D", **options):
    stamps = pd.date_range(start, periods=len(values), freq=freq, **options)
    return frame(ds=stamps, y=np.asarray(values, dtype=float))


def two(first, second):
    """Two series of whole-number time, both from 1."""
    stamps = [*range(1, len(first) + 1), *range(1, len(second) + 1)]
    keys = ["b"] * len(first) + ["a"] * len(second)
    return frame(unique_id=keys, ds=stamps, y=np.array([*first, *second], dtype=float))


def refusal(table, *arguments, error=DataError, **options):
    with pytest.raises(error) as caught:
        Panel.from_frame(table, *arguments, **options)
    return str(caught.value)


# Shape and order


def test_ragged_series():
    panel = Panel.from_frame(two([1, 2, 3], [4, 5]))
    assert panel.keys == ("a", "b")
    assert panel.values.tolist() == [4, 5, 1, 2, 3]
    assert panel.indptr.tolist() == [0, 2, 5]
    assert panel.lengths.tolist() == [2, 3]
    assert panel.ends.tolist() == [3, 4]
    assert panel.ordinals().tolist() == [1, 2, 1, 2, 3]
    assert panel.values[panel.rows_of(1)].tolist() == [1, 2, 3]
    assert panel.appearance == (1, 0)


def test_series_of_different_times():
    table = pd.concat([one([1, 2, 3]).assign(unique_id="a"), one([4, 5], "2024-03-01").assign(unique_id="b")])
    panel = Panel.from_frame(table)
    assert panel.stamp_text(panel.starts[1]) == "2024-03-01 00:00:00"
    assert panel.to_frame()["y"].tolist() == [1, 2, 3, 4, 5]


@given(order=st.permutations(range(7)))
def test_rows_come_in_any_order(order):
    table = two([1, 2, 3, 4], [5, 6, 7])
    shuffled = table.iloc[order]
    panel = Panel.from_frame(shuffled)
    assert panel.values.tolist() == [5, 6, 7, 1, 2, 3, 4]
    assert panel.to_frame()["unique_id"].drop_duplicates().tolist() == list(dict.fromkeys(shuffled["unique_id"]))


@pytest.mark.parametrize("keys", [[10, 9, 100], ["10", "9", "100"], [1.5, 0.5, 2.5], [3, "a", 1]])
def test_keys_keep_type_and_order_of_appearance(keys):
    panel = Panel.from_frame(frame(unique_id=pd.Series(keys), ds=[1, 1, 1], y=[1.0, 2.0, 3.0]), freq=1)
    assert panel.to_frame()["unique_id"].tolist() == keys
    assert panel.future_frame(1)["unique_id"].tolist() == keys
    assert {type(key) for key in panel.keys} == {type(key) for key in keys}


def test_the_input_is_never_changed():
    table = two([1, NAN, 3, NAN], [4, 5])[::-1].assign(rain=[True] * 6)
    before = table.copy()
    Panel.from_frame(table, RAINY, repair=("interpolate", "drop_missing_ends", "keep_last_duplicate"))
    pd.testing.assert_frame_equal(table, before)


def test_a_panel_does_not_share_its_values_with_the_table():
    table = one([1, 2, 3])
    panel = Panel.from_frame(table)
    panel.values[0] = 9
    assert table["y"].tolist() == [1, 2, 3]


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    text_keys=st.booleans(),
    unit=st.sampled_from(["s", "ms", "us", "ns"]),
    tz=st.sampled_from([None, "Europe/Berlin", "Australia/Melbourne"]),
    freq=st.sampled_from(["30min", "h", "D", "B", "W-MON", "MS", "QE"]),
    start=st.integers(0, 3000),
    data=st.data(),
)
def test_a_panel_gives_the_table_back(lengths, text_keys, unit, tz, freq, start, data):
    first = pd.Timestamp("2015-01-01") + pd.Timedelta(days=start)
    span = pd.date_range(first, periods=max(lengths) + 1, freq=freq).as_unit(unit)
    span = span.tz_localize("UTC").tz_convert(tz) if tz and freq in {"30min", "h"} else span.tz_localize(tz)
    names = data.draw(st.permutations(range(len(lengths))))
    columns = SeriesColumns("shop", "when", "sales", ("price",))
    parts = [
        frame(shop=f"k{name}" if text_keys else name, when=span[:length])
        for name, length in zip(names, lengths, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    numbers = st.lists(st.floats(-1e6, 1e6), min_size=len(table), max_size=len(table))
    table["sales"], table["price"] = data.draw(numbers), data.draw(numbers)
    panel = Panel.from_frame(table, columns, freq=freq)
    pd.testing.assert_frame_equal(panel.to_frame(), table)
    following = panel.future_frame(2)
    assert following.dtypes.to_dict() == table[["shop", "when"]].dtypes.to_dict()
    assert len(following) == 2 * len(lengths)


def test_a_table_without_keys_comes_back_without_keys():
    panel = Panel.from_frame(one([1, 2, 3]))
    assert panel.n_series == 1
    assert panel.to_frame().columns.tolist() == ["ds", "y"]
    assert panel.future_frame(1).columns.tolist() == ["ds"]


def test_integer_time_comes_back():
    table = two([1, 2], [3, 4])
    pd.testing.assert_frame_equal(Panel.from_frame(table).to_frame(), table)


# Kinds of input


def test_polars():
    table = pl.DataFrame({"unique_id": ["b", "a", "b", "a"], "ds": [1, 1, 2, 2], "y": [1.0, 2.0, 3.0, 4.0]})
    panel = Panel.from_frame(table)
    assert panel.keys == ("a", "b")
    assert panel.values.tolist() == [2, 4, 1, 3]


@pytest.mark.parametrize("kind", [pl.Date, pl.Datetime("ms"), pl.Datetime("us", "Europe/Berlin")])
def test_polars_dates(kind):
    table = pl.from_pandas(one([1, 2, 3])).with_columns(pl.col("ds").cast(kind))
    assert Panel.from_frame(table).frequency.describe() == "1 day"


@pytest.mark.parametrize("table", [two([1, 2], [3, 4]), one([1, 2, 3])])
def test_arrow(table):
    panel = Panel.from_frame(pa.Table.from_pandas(table))
    assert panel.to_frame()["y"].tolist() == table["y"].tolist()


def test_string_dates():
    panel = Panel.from_frame(frame(ds=["2024-01-31", "2024-02-29", "2024-03-31"], y=[1.0, 2.0, 3.0]))
    assert panel.frequency.describe() == "1 month"
    assert panel.future_frame(1)["ds"].tolist() == [pd.Timestamp("2024-04-30")]


def test_string_dates_that_are_none():
    message = refusal(frame(ds=["2024-01-01", "soon", "2024-01-03"], y=[1.0, 2.0, 3.0]))
    assert "column 'ds'" in message
    assert "'soon'" in message
    assert "row 2" in message


def test_text_among_the_values():
    message = refusal(frame(ds=[1, 2], y=pd.Series([1, "x"], dtype=object)))
    assert "column 'y'" in message
    assert "row 2" in message


@pytest.mark.parametrize("dtype", ["bool", "boolean"])
def test_bool_exogenous_columns(dtype):
    table = one([1, 2, 3]).assign(rain=pd.array([True, False, True], dtype=dtype))
    assert Panel.from_frame(table, RAINY).exogenous["rain"].tolist() == [1, 0, 1]


def test_bool_exogenous_columns_of_polars():
    table = pl.from_pandas(one([1, 2, 3])).with_columns(rain=pl.Series([True, False, None]))
    assert "column 'rain': 1 value is missing" in refusal(table, RAINY)


def test_a_table_of_the_future_needs_no_values():
    table = one([1, 2, 3]).drop(columns="y").assign(rain=[1, 2, 3])
    panel = Panel.from_frame(table, RAINY, need_y=False)
    assert np.isnan(panel.values).all()
    assert panel.exogenous["rain"].tolist() == [1, 2, 3]


def test_cutting_ends_means_nothing_without_values():
    table = one([1, 2, 3]).drop(columns="y").assign(rain=[1, 2, NAN])
    assert "column 'rain'" in refusal(table, RAINY, need_y=False, repair="drop_missing_ends")


# Columns


def test_a_missing_column_names_the_nearest():
    message = refusal(frame(Time=[1, 2], Demand=[1.0, 2.0]), SeriesColumns(ds="time", y="Demnd"))
    assert "2 problems" in message
    assert "column 'time': is missing; did you mean 'Time'?" in message
    assert "column 'Demnd': is missing; did you mean 'Demand'?" in message


def test_a_missing_exogenous_column():
    assert "column 'rain': is missing; the table has 'ds', 'y'" in refusal(one([1, 2, 3]), RAINY)


def test_an_empty_table():
    assert "no rows" in refusal(frame(ds=[], y=[]))
    assert "no rows" in refusal(one([1, 2])[:0])


@pytest.mark.parametrize("thing", [None, "series.csv", 3])
def test_what_is_no_table(thing):
    assert "is no table" in refusal(thing)


@pytest.mark.parametrize("repeated", ["ds", "y"])
def test_a_repeated_column(repeated):
    table = one([1, 2, 3]).assign(other=1.0).rename(columns={"other": repeated})
    assert f"repeated column names: '{repeated}'" in refusal(table)


def test_missing_keys():
    message = refusal(frame(unique_id=["a", None, "a", None], ds=[1, 1, 2, 2], y=[1.0, 2.0, 3.0, 4.0]))
    assert "column 'unique_id': 2 keys are missing (rows 2, 4)" in message


def test_missing_keys_and_hours_that_are_not_are_told_together():
    table = frame(unique_id=["a", None], ds=pd.to_datetime(["2024-03-31 01:30", "2024-03-31 02:30"]), y=[1.0, 2.0])
    assert "2 problems" in refusal(table, tz="Europe/Berlin")


def test_missing_stamps():
    assert "column 'ds': 1 value is missing (row 2)" in refusal(
        one([1, 2, 3]).assign(ds=["2024-01-01", None, "2024-01-03"])
    )


# Frequency


@pytest.mark.parametrize(
    ("table", "freq", "words"),
    [
        (frame(ds=[5], y=[1.0]), 1, "1 (integer time)"),
        (one([1.0]), "D", "1 day"),
        (one([1.0], "2024-01-31"), "M", "1 month"),
        (one([1.0], "2024-01-01 00:30"), "30min", "30 minutes"),
    ],
)
def test_a_single_row_with_a_frequency(table, freq, words):
    panel = Panel.from_frame(table, freq=freq)
    assert panel.frequency.describe() == words
    assert panel.lengths.tolist() == [1]


def test_a_single_row_without_a_frequency():
    assert "cannot be told from one row. Give more rows, or pass freq=" in refusal(frame(ds=[5], y=[1.0]))


def test_the_longest_series_tells_the_frequency():
    table = pd.concat([one([1.0], "2024-01-05").assign(unique_id="short"), one(range(9)).assign(unique_id="long")])
    assert Panel.from_frame(table).frequency.describe() == "1 day"


def test_a_known_frequency_is_kept():
    grid = Panel.from_frame(one(range(9))).frequency
    assert Panel.from_frame(one([1.0], "2024-05-01"), frequency=grid).frequency is grid


def test_months_declared_as_days():
    message = refusal(one(range(12), freq="ME"), freq="D")
    assert "324 stamps are missing in 11 gaps" in message
    assert "1 month" in message


def test_hours_declared_as_days():
    message = refusal(one(range(12), freq="h"), freq="D")
    assert "11 stamps do not lie on the grid of 1 day (rows 2, 3, 4, 5, 6, ...)" in message
    assert "They look like steps of 1 hour" in message


def test_half_hours_declared_as_hours():
    message = refusal(one(range(12), freq="30min"), freq="h")
    assert "6 stamps do not lie on the grid of 1 hour" in message
    assert "They look like steps of 30 minutes" in message


def test_stamps_that_fit_no_grid():
    table = one([1, 2, 3, 4], freq="h")
    table.loc[2, "ds"] += pd.Timedelta(minutes=7)
    message = refusal(table, freq="h")
    assert "1 stamp does not lie on the grid of 1 hour (row 3)" in message
    assert "look like" not in message


def test_one_stamp_off_a_known_grid():
    grid = Panel.from_frame(one(range(9))).frequency
    message = refusal(one([1.0], "2024-05-01 06:00"), frequency=grid)
    assert "does not lie on the grid of 1 day (row 1)" in message


def test_steps_for_dates_are_refused():
    with pytest.raises(SettingsError, match="the stamps are dates"):
        Panel.from_frame(one([1, 2]), freq=1)


@pytest.mark.parametrize("freq", ["D", "30min"])
def test_time_for_whole_numbers_is_refused(freq):
    with pytest.raises(SettingsError, match="whole numbers"):
        Panel.from_frame(frame(ds=[1, 2], y=[1.0, 2.0]), freq=freq)


def test_two_business_days():
    table = one(range(6), "2024-01-03", "2B")
    assert Panel.from_frame(table, freq="2B").to_frame()["ds"].tolist() == table["ds"].tolist()


@pytest.mark.parametrize(
    ("table", "grid"),
    [
        (frame(ds=[1, 2], y=[1.0, 2.0]), Frequency("fixed", 1)),
        (one([1.0], "2024-01-01"), Frequency("integer", 1)),
        (one([1, 2], freq="h"), Frequency("fixed", HOUR, tz="Europe/Berlin")),
        (one([1, 2], freq="h", tz="Europe/Berlin"), Frequency("fixed", HOUR)),
    ],
)
def test_a_known_frequency_of_another_kind_of_time(table, grid):
    """Whole numbers are no dates, and naive stamps are no instants: neither may pass for the other."""
    with pytest.raises(HexadError):
        Panel.from_frame(table, frequency=grid)


@pytest.mark.parametrize("stamps", [pd.date_range("2500-01-01", periods=3, unit="s"), ["2500-01-01", "2500-01-02"]])
def test_years_beyond_nanoseconds(stamps):
    message = refusal(frame(ds=stamps, y=np.arange(float(len(stamps)))))
    assert "column 'ds'" in message


def test_the_future_beyond_nanoseconds():
    with pytest.raises(HexadError):
        Panel.from_frame(one([1, 2], "2262-04-10", unit="s"))
    with pytest.raises(HexadError):
        Panel.from_frame(one([1, 2], "2261-12-30", unit="s")).future_frame(200)


def test_whole_numbers_beyond_64_bits():
    stamps = np.array([2**63, 2**63 + 1], dtype="uint64")
    assert "column 'ds'" in refusal(frame(ds=stamps, y=[1.0, 2.0]))


# Zones


AUTUMN = ["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00", "2024-10-27 03:00"]


def test_the_repeated_hour_in_row_order():
    panel = Panel.from_frame(frame(ds=pd.to_datetime(AUTUMN), y=[1.0, 2.0, 3.0, 4.0]), tz="Europe/Berlin")
    assert panel.values.tolist() == [1, 2, 3, 4]
    given_back = panel.to_frame()["ds"]
    assert given_back.dt.strftime("%H%z").tolist() == ["01+0200", "02+0200", "02+0100", "03+0100"]


def test_the_repeated_hour_of_each_series():
    table = frame(unique_id=["a", "b"] * 4, ds=pd.to_datetime(np.repeat(AUTUMN, 2)), y=np.arange(8.0))
    panel = Panel.from_frame(table[::-1], tz="Europe/Berlin")
    assert panel.values.tolist() == [0, 2, 4, 6, 1, 3, 5, 7]


def test_half_hours_in_melbourne_across_autumn():
    zoned = pd.date_range("2014-04-05", periods=120, freq="30min", tz="Australia/Melbourne")
    table = frame(ds=zoned.tz_localize(None), y=np.arange(120.0))
    panel = Panel.from_frame(table, tz="Australia/Melbourne")
    assert panel.values.tolist() == list(range(120))
    assert panel.to_frame()["ds"].tolist() == zoned.tolist()


def test_the_repeated_hour_without_a_zone():
    message = refusal(frame(ds=pd.to_datetime(AUTUMN), y=[1.0, 2.0, 3.0, 4.0]))
    assert "1 stamp occurs twice" in message
    assert "If the clocks went back there, pass the zone, as in tz=" in message


def test_an_hour_three_times():
    table = frame(ds=pd.to_datetime([*AUTUMN, AUTUMN[1]]), y=np.arange(5.0))
    assert "1 stamp occurs twice" in refusal(table, tz="Europe/Berlin")


def test_an_hour_that_does_not_exist():
    stamps = pd.to_datetime(["2024-03-31 01:00", "2024-03-31 02:00", "2024-03-31 03:00"])
    message = refusal(frame(ds=stamps, y=[1.0, 2.0, 3.0]), tz="Europe/Berlin")
    assert "column 'ds': 1 stamp does not exist in Europe/Berlin" in message
    assert "(row 2)" in message


def test_spring_without_the_hour_has_no_gap():
    stamps = pd.to_datetime(["2024-03-31 00:00", "2024-03-31 01:00", "2024-03-31 03:00", "2024-03-31 04:00"])
    panel = Panel.from_frame(frame(ds=stamps, y=np.arange(4.0)), tz="Europe/Berlin")
    assert panel.lengths.tolist() == [4]
    assert panel.frequency.describe() == "1 hour"


def test_another_zone_shows_the_same_instants():
    table = one([1, 2, 3], freq="h", tz="UTC")
    panel = Panel.from_frame(table, tz="Asia/Tokyo")
    assert str(panel.to_frame()["ds"].dt.tz) == "Asia/Tokyo"
    assert (panel.to_frame()["ds"] == table["ds"]).all()


def test_an_unknown_zone():
    with pytest.raises(HexadError, match="Mars/Base"):
        Panel.from_frame(one([1, 2]), tz="Mars/Base")


def test_future_days_in_a_zone_stay_at_midnight():
    panel = Panel.from_frame(one(range(4), "2024-03-26", tz="Europe/Berlin"))
    assert panel.future_frame(4)["ds"].dt.hour.tolist() == [0, 0, 0, 0]


# Duplicates


def test_duplicates():
    table = frame(unique_id=["a", "a", "b", "a"], ds=[1, 2, 1, 2], y=[1.0, 2.0, 3.0, 4.0])
    message = refusal(table, freq=1)
    assert "column 'ds': 1 stamp occurs twice in a series (series 'a') (rows 2, 4)" in message
    assert 'repair="keep_last_duplicate"' in message


def test_the_later_of_two_duplicates_is_kept():
    panel = Panel.from_frame(frame(ds=[2, 1, 2], y=[5.0, 1.0, 9.0]), repair="keep_last_duplicate")
    assert panel.values.tolist() == [1, 9]
    assert panel.repairs == ("kept the later row of each: 1 stamp occurs twice in a series (series 'y')",)


# Gaps and missing values


def test_gaps():
    table = one(range(10)).drop(index=[3, 4, 7])
    message = refusal(table)
    assert "3 stamps are missing in 2 gaps" in message
    assert "the first is 2024-01-04 00:00:00 (rows 4, 6)" in message
    assert 'repair="interpolate"' in message


def test_gaps_name_their_series():
    table = two([1, 2, 3], [4, 5, 6, 7]).drop(index=5)
    message = refusal(table)
    assert "1 stamp is missing in 1 gap (series 'a'), the first is 3" in message


def test_most_stamps_missing_puts_the_step_in_doubt():
    assert "Or the step is 7 days: pass freq=" in refusal(one([1, 2, 3], freq="7D"), freq="D")


def test_missing_values():
    message = refusal(two([NAN, 2, NAN, 4], [5, 6, 7, NAN]))
    assert "column 'y': 3 values are missing (series 'a', 'b')" in message
    assert all(row in re.search(r"rows ([\d, ]+)", message)[1] for row in ("1", "3", "8"))


def test_every_problem_is_told_at_once():
    message = refusal(one([1, 2, 3, 4, 5]).assign(rain=[1, NAN, 3, 4, 5], y=[NAN, 2, 3, 4, 5]).drop(index=2), RAINY)
    assert "3 problems" in message


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinite_values(value):
    message = refusal(one([1, value, 3]), repair=("interpolate", "drop_missing_ends"))
    assert "column 'y': 1 value is infinite (row 2)" in message


def test_interpolation_fills_gaps_and_inner_missing_values():
    table = one([1, 2, NAN, 4, 5, 6]).assign(rain=[0, 0, 0, 3, 0, 3.0]).drop(index=4)
    panel = Panel.from_frame(table, RAINY, repair="interpolate")
    assert panel.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert panel.exogenous["rain"].tolist() == [0, 0, 0, 3, 3, 3]
    assert panel.repairs == ("interpolated 3 values",)


def test_interpolation_stays_within_a_series():
    panel = Panel.from_frame(two([1, NAN, 3], [10, NAN, 30]), repair="interpolate")
    assert panel.values.tolist() == [10, 20, 30, 1, 2, 3]


def test_interpolation_leaves_ends_alone():
    message = refusal(one([NAN, 2, NAN, 4]), repair="interpolate")
    assert "1 missing values at the ends cannot be interpolated (series 'y')" in message
    assert 'Pass repair="drop_missing_ends" as well' in message


def test_missing_ends_are_cut():
    panel = Panel.from_frame(two([NAN, NAN, 3, 4], [5, 6, NAN]), repair="drop_missing_ends")
    assert panel.values.tolist() == [5, 6, 3, 4]
    assert panel.starts.tolist() == [1, 3]
    assert panel.repairs == ("cut 3 missing values off the ends of series",)


def test_cutting_ends_leaves_inner_missing_values():
    message = refusal(one([NAN, 2, NAN, 4]), repair="drop_missing_ends")
    assert "column 'y': 1 value is missing (series 'y') (row 3)" in message


def test_both_repairs():
    panel = Panel.from_frame(one([NAN, 2, NAN, 4, NAN]), repair=["interpolate", "drop_missing_ends"])
    assert panel.values.tolist() == [2, 3, 4]
    assert panel.to_frame()["ds"].tolist() == list(pd.date_range("2024-01-02", periods=3))
    assert panel.repairs == ("cut 2 missing values off the ends of series", "interpolated 1 value")


def test_nothing_to_repair_tells_nothing():
    everything = ("interpolate", "drop_missing_ends", "keep_last_duplicate")
    assert Panel.from_frame(one([1, 2, 3]), repair=everything).repairs == ()


def test_an_exogenous_end_is_not_sent_in_circles():
    table = one([1, 2, 3]).assign(rain=[1, 2, NAN])
    message = refusal(table, RAINY, repair=("interpolate", "drop_missing_ends"))
    assert "column 'rain': 1 missing values at the ends" in message
    assert 'Pass repair="drop_missing_ends"' not in message


@pytest.mark.parametrize("repair", ["interpolat", "drop_bad_rows", ("interpolate", "keep_first_duplicate")])
def test_an_unknown_repair(repair):
    message = refusal(one([1, 2, 3]), repair=repair, error=SettingsError)
    assert "unknown repair" in message


@pytest.mark.parametrize("empty", ["a", "b"])
@pytest.mark.parametrize(
    "repair",
    [(), "interpolate", "drop_missing_ends", "keep_last_duplicate", ("interpolate", "drop_missing_ends")],
)
def test_a_series_without_any_value(empty, repair):
    series = {"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0], empty: [NAN] * 3}
    message = refusal(two(series["b"], series["a"]), repair=repair)
    assert f"'{empty}'" in message


@pytest.mark.parametrize("repair", [(), "interpolate", "drop_missing_ends", ("interpolate", "drop_missing_ends")])
def test_a_table_without_any_value(repair):
    assert "'y'" in refusal(one([NAN, NAN, NAN]), repair=repair)


@given(
    values=st.lists(st.one_of(st.floats(-100, 100), st.just(NAN)), min_size=3, max_size=20),
    gaps=st.sets(st.integers(1, 18)),
)
def test_repaired_series_keep_every_given_value(values, gaps):
    values = [1.0, *values, 2.0]
    table = one(values).drop(index=[row for row in gaps if row < len(values) - 1])
    panel = Panel.from_frame(table, freq="D", repair=("interpolate", "drop_missing_ends"))
    assert panel.lengths.tolist() == [len(values)]
    assert np.isfinite(panel.values).all()
    known = table["y"].notna()
    assert (panel.values[table.index[known]] == table["y"][known]).all()


# What a panel does


def test_take():
    panel = Panel.from_frame(two([1, 2, 3], [4, 5]).assign(rain=np.arange(5.0)), RAINY)
    taken = panel.take([1])
    assert taken.keys == ("b",)
    assert taken.values.tolist() == [1, 2, 3]
    assert taken.exogenous["rain"].tolist() == [0, 1, 2]
    assert taken.appearance == (0,)
    swapped = panel.take([1, 0])
    assert swapped.keys == ("b", "a")
    assert swapped.indptr.tolist() == [0, 3, 5]
    pd.testing.assert_frame_equal(swapped.to_frame(), panel.to_frame())


def test_take_nothing():
    taken = Panel.from_frame(two([1, 2, 3], [4, 5])).take([])
    assert taken.n_series == 0
    assert len(taken.values) == 0


def test_extended():
    table = two([1, 2, 3, 4], [5, 6, 7]).assign(rain=np.arange(7.0))
    early = Panel.from_frame(table[table["ds"] < 3], RAINY)
    late = Panel.from_frame(table[table["ds"] >= 3], RAINY)
    whole = early.extend(late)
    pd.testing.assert_frame_equal(whole.to_frame(), table)
    assert early.values.tolist() == [5, 6, 1, 2]


def test_extended_by_a_new_series_and_a_series_that_ended():
    early = Panel.from_frame(two([1, 2], [3, 4]))
    late = Panel.from_frame(frame(unique_id=["c", "b", "c"], ds=[7, 3, 8], y=[1.0, 3.0, 2.0]), freq=1)
    whole = early.extend(late)
    assert whole.keys == ("a", "b", "c")
    assert whole.lengths.tolist() == [2, 3, 2]
    assert whole.starts.tolist() == [1, 1, 7]
    assert whole.to_frame()["unique_id"].drop_duplicates().tolist() == ["b", "a", "c"]


@pytest.mark.parametrize("start", ["2024-01-05", "2024-01-03"])
def test_extended_after_a_gap_or_over_an_overlap(start):
    early = Panel.from_frame(one([1, 2, 3]))
    late = Panel.from_frame(one([4, 5], start))
    with pytest.raises(DataError, match=f"goes on at 2024-01-04 00:00:00, but the new rows start at {start}"):
        early.extend(late)


def test_extended_by_another_frequency():
    early = Panel.from_frame(frame(ds=[0, 1, 2], y=[1.0, 2.0, 3.0]))
    late = Panel.from_frame(frame(ds=[6, 8], y=[4.0, 5.0]))
    with pytest.raises(HexadError):
        early.extend(late)


def test_extended_without_an_exogenous_column():
    early = Panel.from_frame(one([1, 2, 3]).assign(rain=1.0), RAINY)
    late = Panel.from_frame(one([4, 5], "2024-01-04"))
    with pytest.raises(HexadError, match="rain"):
        early.extend(late)


def test_future_frame():
    table = two([1, 2, 3], [4, 5])
    following = Panel.from_frame(table).future_frame(2)
    assert following.to_dict("list") == {"unique_id": ["b", "b", "a", "a"], "ds": [4, 5, 3, 4]}


def test_the_future_of_month_ends():
    panel = Panel.from_frame(one(range(3), "2024-11-30", "ME"))
    expected = ["2025-02-28", "2025-03-31", "2025-04-30"]
    assert panel.future_frame(3)["ds"].dt.strftime("%Y-%m-%d").tolist() == expected


def test_the_future_of_business_days():
    panel = Panel.from_frame(one(range(10), "2024-01-01", "B"))
    assert panel.future_frame(2)["ds"].dt.day_name().tolist() == ["Monday", "Tuesday"]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-20, 20)), min_size=1, max_size=60),
    st.sampled_from([1, 3, 3600 * 10**9]),
    st.booleans(),
)
def test_counting_places_orders_as_sorting_does(rows, step, regular):
    codes = np.array([code for code, _ in rows])
    codes = np.unique(codes, return_inverse=True)[1]
    stamps = np.array([stamp for _, stamp in rows]) * step
    if regular:  # every series without gaps, in any order
        within = pd.Series(codes).groupby(codes).cumcount().to_numpy()
        stamps = (within + codes) * step
    expected = np.lexsort((np.arange(len(codes)), stamps, codes))
    assert sort_rows(codes, stamps).tolist() == expected.tolist()
