import numpy as np
import pandas as pd
import polars as pl
import pytest

from domains.optimization import compute_returns
from domains.optimization.portfolio.returns import find_periods_per_year, read_returns
from shared.errors import DataError


def table(n=30, names="abc", **index):
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(0.001, 0.02, (n, len(names))), columns=list(names), **index)


def refused(call) -> str:
    with pytest.raises(DataError) as error:
        call()
    return str(error.value)


def test_prices_become_simple_returns():
    dates = pd.date_range("2024-01-01", periods=3, name="day")
    prices = pd.DataFrame({"a": [100, 110, 99], "b": [1.0, 1.0, 2.0]}, index=dates)
    found = compute_returns(prices)
    np.testing.assert_allclose(found.to_numpy(), [[0.1, 0.0], [-0.1, 1.0]])
    assert found.index.equals(dates[1:])
    assert found.index.name == "day"


def test_prices_that_are_none_are_told_by_column():
    prices = pd.DataFrame(
        {
            "a": [1.0, 0.0, -2.0, 1.0],
            "b": [1.0, np.nan, 1.0, 1.0],
            "c": [np.nan, np.nan, 1.0, 1.0],
            "d": [1.0, np.inf, 1, 1],
        }
    )
    told = refused(lambda: compute_returns(prices, source="prices.csv"))
    assert "prices.csv" in told
    assert "column 'a': 2 prices are not above 0 (rows 2, 3)" in told
    assert "column 'b': 1 price is missing (row 2)" in told
    assert "column 'c': 2 prices are missing, all before row 3" in told
    assert "Start at row 3" in told
    assert "column 'd': 1 price is infinite (row 2)" in told


def test_prices_in_place_of_returns_are_noticed():
    prices = 100 * (1 + table()).cumprod()
    told = refused(lambda: read_returns(prices))
    assert "look like prices" in told
    assert "compute_returns(prices)" in told
    read_returns(compute_returns(prices))


def test_returns_that_are_none_are_told_by_column():
    returns = table()
    returns.loc[[3, 5], "a"] = np.nan
    returns.loc[7, "b"] = -1.5
    returns.loc[[1, 2, 9], "c"] = np.inf
    told = refused(lambda: read_returns(returns))
    assert "column 'a': 2 returns are missing (rows 4, 6)" in told
    assert "column 'b': 1 return is below -100 % (row 8). Write 0.01 for one percent." in told
    assert "column 'c': 3 returns are infinite (rows 2, 3, 10)" in told


def test_percent_in_place_of_shares_is_noticed():
    assert "Write 0.01 for one percent" in refused(lambda: read_returns(100 * table()))


def test_an_asset_that_begins_late_is_told_where():
    returns = table()
    returns.loc[:9, "b"] = np.nan
    told = refused(lambda: read_returns(returns))
    assert "10 returns are missing, all before row 11" in told
    assert "Start at row 11, or leave the asset out." in told


@pytest.mark.parametrize(
    ("index", "told"),
    [
        (["2024-01-03", "2024-01-02", "2024-01-04"], "dates go back (row 2)"),
        (["2024-01-02", "2024-01-02", "2024-01-04"], "dates come twice (row 2)"),
        (["2024-01-02", None, "2024-01-04"], "dates are missing (row 2)"),
    ],
)
def test_dates_have_to_be_in_order(index, told):
    dates = pd.to_datetime(pd.Series(index))
    returns = table(3)
    assert told in refused(lambda: read_returns(returns.set_index(pd.DatetimeIndex(dates))))
    assert told in refused(lambda: read_returns(returns.assign(day=dates)))
    assert told in refused(lambda: compute_returns((1 + returns).assign(day=dates)))


def test_dates_may_stand_in_any_place():
    dates = pd.date_range("2024-01-01", periods=30, freq="B")
    plain = table()
    expected = plain.set_index(dates)
    for given in (
        plain.set_index(dates),
        plain.set_index(dates.rename("day")),
        plain.assign(day=dates),
        plain.assign(ds=dates),
        pl.from_pandas(plain.assign(day=dates)),
        pl.from_pandas(plain.assign(day=dates.date)),
        plain.set_index(dates.tz_localize("Europe/Zurich")),
    ):
        found = read_returns(given)
        assert found.assets == ("a", "b", "c")
        np.testing.assert_array_equal(found.values, expected)
        assert found.periods_per_year == 252.0
    assert np.isnan(read_returns(plain).periods_per_year)
    assert read_returns(plain.to_numpy()).assets == ("asset 1", "asset 2", "asset 3")


def test_two_columns_of_dates_are_too_many():
    dates = pd.date_range("2024-01-01", periods=30)
    told = refused(lambda: read_returns(table().assign(first=dates, second=dates)))
    assert "column 'first': holds no numbers" in told
    assert "column 'second'" in told


def test_assets_have_to_be_told_apart():
    returns = table()
    assert "repeated column names: 'a'" in refused(lambda: read_returns(returns[["a", "b", "a"]]))
    assert "repeated column names: '1'" in refused(lambda: read_returns(returns.set_axis([1, "1", 2], axis=1)))


@pytest.mark.parametrize(
    ("returns", "told"),
    [
        (table(1), "1 row, where at least 2 are needed"),
        (table().assign(kind="x"), "column 'kind': holds no numbers"),
        (table().assign(up=True), "column 'up': holds no numbers"),
        (table()[[]], "there is no asset"),
        (np.zeros(5), "an array of shape (5,)"),
        (table(0), "no rows"),
    ],
)
def test_tables_that_are_none(returns, told):
    assert told in refused(lambda: read_returns(returns))


@pytest.mark.parametrize(
    ("frequency", "periods"),
    [("B", 252), ("D", 252), ("W", 52), ("2W", 26), ("ME", 12), ("QE", 4), ("2QE", 2), ("YE", 1)],
)
def test_periods_a_year(frequency, periods):
    assert find_periods_per_year(pd.date_range("2001-01-01", periods=30, freq=frequency)) == periods


def test_notes_say_what_a_decision_has_to_know():
    returns = table(40).assign(flat=0.001)
    returns["twin"] = returns["a"]
    notes = " ".join(read_returns(returns).notes)
    assert "'flat' never moves, so that it would pass for riskless" in notes
    assert "twin equals a" in notes
    assert "singular" not in notes
    few = read_returns(table(3))
    assert "3 periods cannot tell the risks of 3 assets apart" in " ".join(few.notes)
    assert read_returns(table()).notes == ()
    part = read_returns(returns).take(np.arange(5))
    assert "5 periods cannot tell" in " ".join(part.notes)


def test_the_callers_table_stays_as_it_is():
    returns = table().assign(day=pd.date_range("2024-01-01", periods=30))
    before = returns.copy()
    read_returns(returns)
    compute_returns((1 + returns.set_index("day")).cumprod())
    pd.testing.assert_frame_equal(returns, before)


@pytest.mark.parametrize("first", [800102, 19800102, 198001])
def test_numbers_that_read_like_dates_are_no_asset(first):
    stamps = pd.date_range("1980-01-02", periods=12, freq="MS" if first < 200000 else "D")
    written = {800102: "%y%m%d", 19800102: "%Y%m%d", 198001: "%Y%m"}[first]
    table = pd.DataFrame({"date": stamps.strftime(written).astype(int), "a": np.arange(1.0, 13.0)})
    with pytest.raises(DataError, match="column 'date': holds numbers that read like dates"):
        compute_returns(table)


def test_prices_in_whole_units_are_an_asset():
    table = pd.DataFrame({"index": [100_050, 100_500, 101_000, 101_400], "b": [1.0, 2.0, 1.0, 2.0]})
    assert compute_returns(table).columns.tolist() == ["index", "b"]


@pytest.mark.parametrize(
    "index", [pd.period_range("2024-01", periods=4, freq="M"), ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]]
)
def test_periods_and_dates_as_text_are_an_index(index):
    found = compute_returns(pd.DataFrame({"a": [1.0, 2.0, 4.0, 8.0]}, index=index))
    assert found["a"].tolist() == [1.0, 1.0, 1.0]
    assert found.index.tolist() == [pd.Timestamp(f"2024-{month:02d}-01") for month in (2, 3, 4)]


def test_prices_that_are_objects_are_numbers_and_a_word_among_them_is_told_with_its_row():
    prices = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 1.5, 2.0]})
    pd.testing.assert_frame_equal(compute_returns(prices.astype(object)), compute_returns(prices))
    worded = prices.astype(object)
    worded.loc[1, "b"] = "-"
    with pytest.raises(DataError, match=r"column 'b': holds numbers, but not in 1 row: '-' \(row 2\)"):
        compute_returns(worded)
    with pytest.raises(DataError, match=r"column 'a': holds numbers as text"):
        compute_returns(prices.astype(str))
