"""Cuts through time: what is learnt from lies before what is tested on."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import cross_val_score

from shared.data.splits import LastN, WalkForward
from shared.errors import HexadError, SettingsError


def days(count, start="2024-01-01", freq="D", **options):
    return pd.DataFrame({"ds": pd.date_range(start, periods=count, freq=freq, **options)})


def numbers(count):
    return pd.DataFrame({"ds": range(count)})


def rows(splitter, table):
    return [(cut.train.tolist(), cut.test.tolist()) for cut in splitter.splits(table)]


def labels(splitter, table, form="%Y-%m-%d %H:%M"):
    return [cut.label.strftime(form) for cut in splitter.splits(table)]


# The last n


def test_last_n():
    assert rows(LastN(2), numbers(5)) == [([0, 1, 2], [3, 4])]


def test_last_n_leaves_a_gap():
    assert rows(LastN(1, gap=2), numbers(5)) == [([0, 1], [4])]


def test_last_n_of_ragged_series_in_any_order():
    table = pd.DataFrame({"shop": ["a", "b", "a", "b", "a"], "when": [3, 9, 1, 8, 2]})
    assert rows(LastN(1, unique_id="shop", ds="when"), table) == [([2, 3, 4], [0, 1])]


def test_last_n_counts_a_repeated_stamp_once():
    assert rows(LastN(1), pd.DataFrame({"ds": [1, 2, 2, 3, 3]})) == [([0, 1, 2], [3, 4])]


def test_last_n_has_no_label_and_is_one_cut():
    assert LastN(1).splits(numbers(3))[0].label is None
    assert LastN(1).get_n_splits() == 1


@pytest.mark.parametrize("splitter", [LastN(0), LastN(-1), LastN(1, gap=-1)])
def test_last_n_refuses_settings_out_of_range(splitter):
    with pytest.raises(SettingsError, match="n is at least 1 and gap at least 0"):
        splitter.splits(numbers(3))


def test_last_n_leaves_nothing_to_learn_from():
    with pytest.raises(HexadError, match="no row is left to learn from; the table has 3 stamps"):
        LastN(2, gap=1).splits(numbers(3))


# Walking forward by steps


def test_walking_by_steps():
    cuts = WalkForward(2, every=3, n_splits=2).splits(numbers(10))
    assert [(cut.label, cut.train.tolist(), cut.test.tolist()) for cut in cuts] == [
        (5, [0, 1, 2, 3, 4], [5, 6]),
        (8, [0, 1, 2, 3, 4, 5, 6, 7], [8, 9]),
    ]
    assert all(type(cut.label) is int for cut in cuts)


def test_walking_by_steps_from_a_first_cutoff():
    assert rows(WalkForward(1, every=2, n_splits=2, first=3), numbers(9)) == [
        ([0, 1, 2], [3]),
        ([0, 1, 2, 3, 4], [5]),
    ]


@pytest.mark.parametrize("first", [None, 5, np.int64(5)])
def test_a_gap_in_whole_numbers(first):
    splitter = WalkForward(2, every=1, n_splits=2, gap=2, first=first)
    assert rows(splitter, numbers(10)) == [([0, 1, 2, 3, 4], [7, 8]), ([0, 1, 2, 3, 4, 5], [8, 9])]


def test_a_gap_in_steps_of_dates():
    assert rows(WalkForward(1, every=1, n_splits=1, gap=2), days(6)) == [([0, 1, 2], [5])]


def test_rows_keep_their_table_order():
    table = pd.DataFrame({"ds": [3, 1, 2, 4, 1, 4]})
    assert rows(WalkForward(1, every=1, n_splits=1), table) == [([0, 1, 2, 4], [3, 5])]


def test_nullable_whole_numbers():
    table = pd.DataFrame({"ds": pd.array(range(9), dtype="Int64")})
    assert [cut.label for cut in WalkForward(2, every=1, n_splits=2).splits(table)] == [6, 7]


# Walking forward by calendar time


def test_walking_by_days():
    splitter = WalkForward("2D", every="7D", n_splits=3)
    assert labels(splitter, days(40), "%m-%d") == ["01-25", "02-01", "02-08"]
    assert [len(cut.test) for cut in splitter.splits(days(40))] == [2, 2, 2]
    assert rows(splitter, days(40))[0] == (list(range(24)), [24, 25])


def test_walking_by_hours_and_minutes():
    splitter = WalkForward("90min", every="3h", n_splits=2)
    assert labels(splitter, days(24, freq="30min"), "%H:%M") == ["07:30", "10:30"]


def test_a_gap_in_calendar_time():
    cut = WalkForward("1D", every="1D", n_splits=1, gap="2D", first="2024-01-05").splits(days(10))[0]
    assert (cut.train.tolist(), cut.test.tolist()) == ([0, 1, 2, 3], [6])


def test_walking_by_months():
    table = days(24, freq="MS")
    assert labels(WalkForward("3M", every="1Q", n_splits=3), table, "%Y-%m") == ["2025-04", "2025-07", "2025-10"]


def test_walking_by_business_days():
    table = days(24, freq="B")
    cuts = WalkForward("5B", every="5B", n_splits=2).splits(table)
    assert [(cut.label.day_name(), len(cut.test)) for cut in cuts] == [("Friday", 5), ("Friday", 5)]


@pytest.mark.parametrize(
    ("table", "horizon", "cutoff"),
    [
        (days(12, freq="MS"), "3M", "2024-10-01"),
        (days(14, freq="MS"), "1M", "2025-02-01"),
        (days(14, freq="ME"), "1M", "2025-02-28"),
        (days(5, freq="QS"), "1Q", "2025-01-01"),
        (days(10, freq="B"), "5B", "2024-01-08"),
        (days(27, "2024-10-01", tz="Europe/Berlin"), "2D", "2024-10-26"),
        (days(31, "2024-03-01", tz="Europe/Berlin"), "2D", "2024-03-30"),
        (days(28, "2024-03-04", "6h"), "2D", "2024-03-09"),
    ],
)
def test_the_last_test_ends_with_the_table(table, horizon, cutoff):
    """Months, weekends and clock changes make the last step longer or shorter than the one before it."""
    [cut] = WalkForward(horizon, every=1, n_splits=1).splits(table)
    assert cut.label.strftime("%Y-%m-%d") == cutoff
    assert cut.test[-1] == len(table) - 1


def test_month_ends_do_not_drift():
    table = days(200)
    forward = WalkForward("1M", every="1M", n_splits=4, first="2024-01-31")
    assert labels(forward, table, "%m-%d") == ["01-31", "02-29", "03-31", "04-30"]


def test_month_ends_do_not_drift_backwards():
    table = days(9, "2024-01-31", "ME")
    splitter = WalkForward(1, every="1M", n_splits=6, first=None)
    assert labels(splitter, table, "%m-%d")[-4:] == ["06-30", "07-31", "08-31", "09-30"]


@pytest.mark.parametrize(("start", "offsets"), [("2024-03-01", "+0100 +0200"), ("2024-10-01", "+0200 +0100")])
@pytest.mark.parametrize("first", [False, True])
def test_weeks_across_a_clock_change_stay_at_the_same_clock_time(start, offsets, first):
    table = days(40 * 24, start, "h", tz="Europe/Berlin")
    asked = str((pd.Timestamp(start) + pd.Timedelta(days=7, hours=9)).strftime("%Y-%m-%d %H:%M")) if first else None
    splitter = WalkForward("1D", every="7D", n_splits=5, first=asked)
    assert len(set(labels(splitter, table, "%a %H:%M"))) == 1
    assert " ".join(dict.fromkeys(labels(splitter, table, "%z"))) == offsets


def test_a_day_of_the_clock_change_has_23_hours():
    table = days(10 * 24, "2024-03-25", "h", tz="Europe/Berlin")
    cuts = WalkForward("1D", every="1D", n_splits=3, first="2024-03-30").splits(table)
    assert [len(cut.test) for cut in cuts] == [24, 23, 24]


def test_at_a_time_of_day():
    table = days(10 * 24, freq="h")
    splitter = WalkForward("1D", every="1D", n_splits=3, at="12:00")
    assert labels(splitter, table) == ["2024-01-07 12:00", "2024-01-08 12:00", "2024-01-09 12:00"]


def test_at_a_time_of_day_from_a_first_day():
    table = days(10 * 24, freq="h")
    splitter = WalkForward("1D", every="2D", n_splits=2, at="12:00", first="2024-01-03")
    assert labels(splitter, table) == ["2024-01-03 12:00", "2024-01-05 12:00"]


def test_at_a_time_of_day_across_a_clock_change():
    table = days(40 * 24, "2024-03-01", "h", tz="Europe/Berlin")
    splitter = WalkForward("1D", every="7D", n_splits=4, at="12:00")
    assert set(labels(splitter, table, "%H:%M")) == {"12:00"}


def test_at_a_time_that_one_day_skips():
    """On 31 March the clocks of Berlin go from 02:00 to 03:00: only that day's cutoff may move."""
    table = days(20 * 48, "2024-03-20", "30min", tz="Europe/Berlin")
    splitter = WalkForward("1D", every="1D", n_splits=4, at="02:30", first="2024-03-30")
    assert [labels(splitter, table)[place] for place in (0, 2, 3)] == [
        "2024-03-30 02:30",
        "2024-04-01 02:30",
        "2024-04-02 02:30",
    ]


def test_at_a_time_of_day_with_steps_in_between():
    """Steps would leave the time of day: that is told, or every cutoff is at that time."""
    table = days(20 * 24, freq="h")
    try:
        found = labels(WalkForward("1D", every=5, n_splits=3, at="12:00"), table, "%H:%M")
    except HexadError:
        return
    assert set(found) == {"12:00"}


@pytest.mark.parametrize("first", ["2024-01-09", pd.Timestamp("2024-01-08 23:00", tz="UTC")])
def test_a_first_cutoff_in_the_zone_of_the_table(first):
    table = days(20, tz="Europe/Berlin")
    cut = WalkForward(2, every=1, n_splits=1, first=first).splits(table)[0]
    assert cut.label == pd.Timestamp("2024-01-09", tz="Europe/Berlin")
    assert len(cut.train) == 8


# Refusals


@pytest.mark.parametrize(
    ("splitter", "fit"),
    [
        (WalkForward(2, every=3, n_splits=9), 3),
        (WalkForward(2, every=3, n_splits=9, first=2), 3),
        (WalkForward(2, every=3, n_splits=9, first=2, gap=2), 2),
        (WalkForward(11, every=1, n_splits=1), 0),
        (WalkForward(1, every=1, n_splits=1, first=9, gap=1), 0),
        (WalkForward(1, every=1, n_splits=1, first=50), 0),
    ],
)
def test_too_many_cuts_tell_how_many_fit(splitter, fit):
    with pytest.raises(HexadError, match=f"{splitter.n_splits} cutoffs were asked for, but only {fit} with a test"):
        splitter.splits(numbers(10))


@pytest.mark.parametrize(
    ("splitter", "fit"),
    [
        (WalkForward("2D", every="7D", n_splits=9), 2),
        (WalkForward("2D", every="7D", n_splits=9, first="2024-01-02"), 2),
        (WalkForward("2D", every="7D", n_splits=1, first="2030-01-01"), 0),
        (WalkForward("2D", every="7D", n_splits=1, gap=30, first="2024-01-02"), 0),
        (WalkForward("2D", every="7D", n_splits=1, at="12:00"), 0),
    ],
)
def test_too_many_cuts_of_dates_tell_how_many_fit(splitter, fit):
    with pytest.raises(HexadError, match=f"only {fit} with a test"):
        splitter.splits(days(11))


def test_one_date_is_no_walk():
    with pytest.raises(HexadError, match="only 0"):
        WalkForward("1D", every="1D", n_splits=1, first="2024-01-01").splits(days(1))


def test_nothing_to_learn_from_before_the_first_cutoff():
    with pytest.raises(
        HexadError, match="no row is left to learn from before the cutoff 0; the table runs from 0 to 9"
    ):
        WalkForward(1, every=1, n_splits=1, first=0).splits(numbers(10))


def test_nothing_to_test_on_in_a_hole():
    table = pd.concat([days(3), days(3, "2024-01-10")], ignore_index=True)
    with pytest.raises(HexadError, match="no row is left to test on after the cutoff 2024-01-05"):
        WalkForward("1D", every="1D", n_splits=1, first="2024-01-05").splits(table)


@pytest.mark.parametrize(
    "settings", [{"horizon": 0}, {"every": 0}, {"every": 0, "first": 4}, {"gap": -1}, {"n_splits": 0}]
)
def test_settings_out_of_range(settings):
    splitter = WalkForward(**{"horizon": 2, "every": 1, "n_splits": 2, **settings})
    with pytest.raises(SettingsError):
        splitter.splits(numbers(10))


@pytest.mark.parametrize("settings", [{"horizon": "2D"}, {"every": "1D"}, {"gap": "1D"}, {"first": "2024-01-01"}])
def test_calendar_time_needs_dates(settings):
    splitter = WalkForward(**{"horizon": 2, "every": 1, "n_splits": 2, **settings})
    with pytest.raises(HexadError, match="whole numbers"):
        splitter.splits(numbers(10))


@pytest.mark.parametrize("at", ["24:00", "12", "noon", "12:60", 12])
def test_what_is_no_time_of_day(at):
    with pytest.raises(SettingsError, match="write the time of day as in '12:00'"):
        WalkForward("1D", every="1D", n_splits=1, at=at).splits(days(10))


def test_whole_numbers_have_no_time_of_day():
    with pytest.raises(SettingsError, match="is a time of day, but 'ds' holds whole numbers"):
        WalkForward(1, every=1, n_splits=1, at="12:00").splits(numbers(10))


@pytest.mark.parametrize("splitter", [LastN(1, ds="when"), WalkForward(1, every=1, n_splits=1, ds="when")])
def test_a_missing_stamp_column(splitter):
    with pytest.raises(HexadError, match=r"'when'.*did you mean 'When'"):
        splitter.splits(pd.DataFrame({"When": range(5)}))


@pytest.mark.parametrize("splitter", [LastN(1), WalkForward(1, every=1, n_splits=1)])
@pytest.mark.parametrize("dtype", ["int64", "datetime64[ns]"])
def test_an_empty_table(splitter, dtype):
    with pytest.raises(HexadError, match="no rows"):
        splitter.splits(pd.DataFrame({"ds": pd.Series([], dtype=dtype)}))


@pytest.mark.parametrize("splitter", [LastN(1), WalkForward(1, every=1, n_splits=1)])
@pytest.mark.parametrize("kind", ["datetime64[ns]", "Int64"])
def test_missing_stamps(splitter, kind):
    table = pd.DataFrame({"ds": pd.Series([1, 2, None, 4], dtype="Int64").astype(kind)})
    with pytest.raises(HexadError, match="missing"):
        splitter.splits(table)


def test_missing_keys():
    with pytest.raises(HexadError, match="missing"):
        LastN(1).splits(pd.DataFrame({"unique_id": ["a", "a", None], "ds": [1, 2, 3]}))


@pytest.mark.parametrize("stamps", [["2024-01-01", "2024-01-02", "2024-01-03"], [1.0, 2.0, 3.0]])
def test_stamps_that_are_neither_dates_nor_whole_numbers(stamps):
    with pytest.raises(HexadError, match="'ds'"):
        WalkForward(1, every=1, n_splits=1).splits(pd.DataFrame({"ds": stamps}))


@pytest.mark.parametrize("splitter", [LastN(1), WalkForward(1, every=1, n_splits=1)])
def test_an_array_has_no_stamps(splitter):
    with pytest.raises(HexadError):
        list(splitter.split(np.zeros((5, 2))))


@pytest.mark.parametrize("first", ["soon", pd.Timestamp("2024-01-03", tz="UTC")])
def test_a_first_cutoff_that_is_no_stamp_of_the_table(first):
    with pytest.raises(HexadError, match="first"):
        WalkForward(1, every=1, n_splits=1, first=first).splits(days(10))


@pytest.mark.parametrize("first", ["2024-03-31 02:30", "2024-10-27 02:30"])
def test_a_first_cutoff_that_the_clock_change_skips_or_repeats(first):
    start = pd.Timestamp(first).normalize() - pd.Timedelta(days=3)
    table = days(10 * 48, start, "30min", tz="Europe/Berlin")
    with pytest.raises(HexadError, match="first"):
        WalkForward("1D", every="1D", n_splits=1, first=first).splits(table)


# Promises


@given(
    count=st.integers(4, 60),
    horizon=st.sampled_from([1, 3, "1D", "2D"]),
    every=st.sampled_from([1, 4, "1D", "3D"]),
    gap=st.sampled_from([0, 1, 2, "1D"]),
    n_splits=st.integers(1, 4),
    tz=st.sampled_from([None, "Europe/Berlin", "Australia/Melbourne"]),
    freq=st.sampled_from(["6h", "D"]),
    seed=st.integers(0, 99),
)
def test_learning_lies_before_the_cutoff_and_testing_after_it(count, horizon, every, gap, n_splits, tz, freq, seed):
    table = days(count, "2024-03-25", freq, tz=tz).sample(frac=1, random_state=seed)
    splitter = WalkForward(horizon, every=every, n_splits=n_splits, gap=gap)
    cuts, message = [], ""
    try:
        cuts = splitter.splits(table)
    except HexadError as error:
        message = str(error)
    if message:
        assert f"{n_splits} cutoffs were asked for" in message
        return
    assert len(cuts) == n_splits
    assert [cut.label for cut in cuts] == sorted({cut.label for cut in cuts})
    for cut in cuts:
        assert (table["ds"].iloc[cut.train] < cut.label).all()
        assert (table["ds"].iloc[cut.test] >= cut.label).all()
        assert len(cut.train)
        assert len(cut.test)
        assert not set(cut.train) & set(cut.test)


@given(
    lengths=st.lists(st.integers(3, 12), min_size=1, max_size=4),
    n=st.integers(1, 2),
    gap=st.integers(0, 2),
    seed=st.integers(0, 99),
)
def test_the_last_n_lie_after_what_is_learnt_from(lengths, n, gap, seed):
    parts = [pd.DataFrame({"unique_id": key, "ds": range(key, key + length)}) for key, length in enumerate(lengths)]
    table = pd.concat(parts).sample(frac=1, random_state=seed)
    try:
        [cut] = LastN(n, gap=gap).splits(table)
    except HexadError:
        assert max(lengths) <= n + gap
        return
    assert len(cut.train) == sum(max(length - n - gap, 0) for length in lengths)
    assert len(cut.test) == n * len(lengths)
    train, test = table.iloc[cut.train], table.iloc[cut.test]
    last = train.groupby("unique_id")["ds"].max()
    first = test.groupby("unique_id")["ds"].min().loc[last.index]
    assert (first - last == gap + 1).all()


@pytest.mark.parametrize(
    "splitter", [LastN(3), WalkForward(3, every=3, n_splits=4), WalkForward("2D", every="5D", n_splits=4)]
)
def test_scikit_learn_takes_the_splitters(splitter):
    table = days(30)
    y = np.arange(30.0)
    scores = cross_val_score(DummyRegressor(), table, y, cv=splitter, scoring="neg_mean_absolute_error")
    expected = [-np.abs(y[test] - y[train].mean()).mean() for train, test in splitter.split(table)]
    assert scores.tolist() == pytest.approx(expected)
    assert len(scores) == splitter.get_n_splits()


def test_interactions_of_numbered_weeks_are_walked_through():
    from shared.data import Incidence

    table = pd.DataFrame({"user": [1, 1, 2, 2], "item": ["a", "b", "a", "c"], "timestamp": [1, 2, 3, 4]})
    cuts = WalkForward(1, every=1, n_splits=2).splits(Incidence.from_interactions(table))
    assert [(cut.label, cut.train.tolist(), cut.test.tolist()) for cut in cuts] == [
        (3, [0, 1], [2]),
        (4, [0, 1, 2], [3]),
    ]
