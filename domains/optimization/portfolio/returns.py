"""Tables of returns and of prices: what they have to look like before anything is decided by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.data import columns as names
from shared.data.dates import reads_like_dates
from shared.data.io.coerce import find_numbers
from shared.data.io.frames import as_pandas
from shared.data.schema import first_rows
from shared.errors import DataError, Fix, Problem, Problems, quote
from shared.result import OneLine
from shared.text import count_of
from shared.typing import Floats, Ints

__all__ = ["Returns", "compute_returns", "find_periods_per_year", "read_returns"]

# Median distance of dates in days -> periods a year.
TEXTS = {"string", "mixed", "mixed-integer"}
HALF = 0.5  # share of numbers above which a column of text is one of numbers with something else in it
CALENDAR = ((4.5, 252.0), (10.0, 52.0), (20.0, 26.0), (45.0, 12.0), (135.0, 4.0), (270.0, 2.0), (550.0, 1.0))


@dataclass(frozen=True, repr=False)
class Returns(OneLine):
    """Returns that were checked.

    Attributes
    ----------
    values : numpy.ndarray of shape (n_periods, n_assets)
        0.01 is a gain of one percent.
    assets : tuple of str
    index : pandas.Index
        Dates, or numbers of periods.
    notes : tuple of str
        What is worth knowing before a decision.

    >>> Returns(np.zeros((2, 1)), ("a",), pd.RangeIndex(2)).values.shape
    (2, 1)
    """

    values: Floats
    assets: tuple[str, ...]
    index: pd.Index[Any]
    notes: tuple[str, ...] = ()

    def take(self, rows: Ints) -> Returns:
        """Some rows, with notes of their own; nothing is checked again.

        Parameters
        ----------
        rows : numpy.ndarray of int
            In the order of time.
        """
        values = self.values[rows]
        return Returns(values, self.assets, self.index[rows], _notes(values, self.assets))

    @property
    def periods_per_year(self) -> float:
        """Periods a year by the dates; NaN where there are none."""
        return find_periods_per_year(self.index)


def find_periods_per_year(index: Any) -> float:
    """How many periods of a table make a year, by the usual distance of its dates; NaN where there are none.

    Parameters
    ----------
    index : pandas.Index

    >>> find_periods_per_year(pd.date_range("2020-01-01", periods=10, freq="B"))
    252.0
    """
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 2:
        return np.nan
    days = float(np.median(np.diff(index.as_unit("ns").asi8))) / 86_400e9
    return next((periods for most, periods in CALENDAR if days <= most), np.nan)


def compute_returns(prices: Any, *, source: str = "prices") -> pd.DataFrame:
    """Turn prices into simple returns, the first row left out.

    Parameters
    ----------
    prices : frame with a column an asset, and dates as its index or in a column of dates
    source : str
        For messages.

    Returns
    -------
    pandas.DataFrame of shape (n_periods - 1, n_assets)

    Raises
    ------
    DataError
        Prices are missing, infinite, not above 0 or no numbers; dates are missing, repeat or are not in order.

    >>> compute_returns(pd.DataFrame({"a": [100.0, 110.0, 99.0]}))["a"].round(3).tolist()
    [0.1, -0.1]
    """
    if isinstance(prices, pd.Series):  # of one asset
        prices = prices.to_frame("price" if prices.name is None else str(prices.name))
    table = _read_table(prices, source)
    problems = Problems(source)
    values = table.to_numpy(dtype=float)
    for place, name in enumerate(table.columns):
        bad = ~(values[:, place] > 0) & ~np.isnan(values[:, place])
        if bad.any():
            what = f"{count_of(int(bad.sum()), 'price')} {'is' if bad.sum() == 1 else 'are'} not above 0"
            problems.add(what, column=str(name), rows=first_rows(bad), count=int(bad.sum()), fix="Correct them.")
        wild = np.isposinf(values[:, place])
        if wild.any():
            what = f"{count_of(int(wild.sum()), 'price')} {'is' if wild.sum() == 1 else 'are'} infinite"
            problems.add(what, column=str(name), rows=first_rows(wild), count=int(wild.sum()), fix="Correct them.")
    _refuse_missing(table, problems, "price")
    problems.raise_if_any()
    found = values[1:] / values[:-1] - 1.0
    return pd.DataFrame(found, index=table.index[1:], columns=table.columns)


def read_returns(returns: ArrayLike, *, least_periods: int = 2, source: str = "returns") -> Returns:
    """Check a table of returns.

    Parameters
    ----------
    returns : frame with a column an asset, and dates as its index or in a column of dates; or Returns
    least_periods : int
        Rows without which nothing can be learnt.
    source : str
        For messages.

    Raises
    ------
    DataError
        Returns are missing, infinite or below -100 %; the table seems to hold prices; assets have one name; dates are
        not in order; there are too few rows.

    >>> read_returns(pd.DataFrame({"a": [0.1, -0.1], "b": [0.0, 0.2]})).assets
    ('a', 'b')
    """
    if isinstance(returns, Returns):
        return returns
    table = _read_table(returns, source)
    problems = Problems(source)
    values = table.to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    if len(known) and (known > 0).all() and np.median(known) > 0.5:
        problems.add(
            f"the values look like prices: all are above 0, half of them above {np.median(known):.4g}",
            fix="Pass compute_returns(prices).",
        )
        problems.raise_if_any()
    _refuse_missing(table, problems, "return")
    suspect = np.flatnonzero((values < -1).any(axis=0) | np.isinf(values).any(axis=0))
    for place in suspect:
        name = table.columns[int(place)]
        low = values[:, place] < -1
        wild = np.isinf(values[:, place])
        for bad, what in ((low & ~wild, "below -100 %"), (wild, "infinite")):
            if bad.any():
                count = int(bad.sum())
                said = f"{count_of(count, 'return')} {'is' if count == 1 else 'are'} {what}"
                fix = "Write 0.01 for one percent." if what.startswith("below") else "Correct them."
                problems.add(said, column=str(name), rows=first_rows(bad), count=count, fix=fix)
    if len(table) < least_periods:
        problems.add(f"{count_of(len(table), 'row')}, where at least {least_periods} are needed", fix="Give more.")
    problems.raise_if_any()
    return Returns(values, tuple(map(str, table.columns)), table.index, _notes(values, table.columns))


def _read_table(given: object, source: str) -> pd.DataFrame:
    """A frame of numbers with dates as index."""
    table = as_pandas(_as_frame(given, source), source)
    dated = [name for name, kind in table.dtypes.items() if kind.kind == "M" or hasattr(kind, "tz")]
    if names.DS in table.columns:
        dated = [names.DS]
    if len(dated) == 1 and not isinstance(table.index, pd.DatetimeIndex):
        table = table.set_index(dated[0])
    problems = Problems(source)
    if table.shape[1] == 0:
        problems.add("there is no asset", fix="Give a column an asset.")
    table = _take_numbers(table)
    wrong = [name for name, kind in table.dtypes.items() if kind.kind not in "fiu" and not _is_number(kind)]
    for name in wrong:
        _refuse_words(table[name], problems)
    for name in table.columns:
        if (example := reads_like_dates(table[name])) and name not in wrong:
            fix = "Make them dates (pandas.to_datetime with their format), and the index, or leave the column out."
            problems.add(f"holds numbers that read like dates, such as {example}", column=str(name), fix=fix)
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        problems.add(f"assets {quote(repeated.unique())} come twice", fix="Give each asset one column.")
    if isinstance(table.index, pd.DatetimeIndex):
        _check_dates(table.index, problems)
    problems.raise_if_any()
    return table.astype(float)


def _take_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose columns of objects that are all numbers are columns of numbers."""
    if table.columns.has_duplicates:
        return table
    made = {name: find_numbers(table[name]) for name in table.columns if table[name].dtype == object}
    whole = {name: found for name, found in made.items() if found.notna().equals(table[name].notna())}
    return (
        pd.DataFrame({name: whole.get(name, table[name]) for name in table.columns}, index=table.index)
        if whole
        else table
    )


def _refuse_words(column: Any, problems: Problems) -> None:
    """Say what in a column is no number, and where; or that nothing in it is one."""
    name = str(column.name) if isinstance(column, pd.Series) else ""
    text = isinstance(column, pd.Series) and pd.api.types.infer_dtype(column, skipna=True) in TEXTS
    numbers = pd.to_numeric(column, errors="coerce") if text else None
    if numbers is None or numbers.notna().mean() <= HALF:
        problems.add("holds no numbers", column=name, fix="Leave it out, or make it the index if it holds dates.")
        return
    words = (column.notna() & numbers.isna()).to_numpy()
    count = int(words.sum())
    if count:
        what = f"holds numbers, but not in {count_of(count, 'row')}: {quote(column[words].unique()[:3])}"
        fix = "Correct them, or leave them missing, and make numbers of the column: pandas.to_numeric."
        problems.add(what, column=name, rows=first_rows(words), count=count, fix=fix)
    else:
        problems.add("holds numbers as text", column=name, fix="Make numbers of the column: pandas.to_numeric.")


def _as_frame(given: object, source: str) -> Any:
    """An array as a frame, and a frame with dates for periods; anything else as it is."""
    if isinstance(given, np.ndarray):
        if given.ndim != 2:
            raise DataError(
                source, [Problem(f"an array of shape {given.shape}", fix="Give a row a period, a column an asset.")]
            )
        return pd.DataFrame(given, columns=[f"asset {i + 1}" for i in range(given.shape[1])])
    return _date_index(given) if isinstance(given, pd.DataFrame) else given


def _date_index(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose index of periods, or of dates as ISO text, is one of dates; any other as it is."""
    index = table.index
    if isinstance(index, pd.PeriodIndex):
        return table.set_axis(index.to_timestamp())
    if len(index) and all(isinstance(label, str) for label in index):
        dates = pd.to_datetime(pd.Series(index), format="ISO8601", errors="coerce")
        if dates.notna().all():
            return table.set_axis(pd.DatetimeIndex(dates, name=index.name))
    return table


def _check_dates(index: pd.DatetimeIndex, problems: Problems) -> None:
    steps = np.diff(index.asi8)
    if index.hasnans:
        gone = np.asarray(index.isna())
        problems.add("dates are missing", rows=first_rows(gone), count=int(gone.sum()), fix="Fill them in.")
    elif (steps < 0).any():
        back = np.concatenate([[False], steps < 0])
        fix = "Sort the table by its dates."
        problems.add("dates go back", rows=first_rows(back), count=int(back.sum()), fix=fix)
    elif (steps == 0).any():
        twice = np.concatenate([[False], steps == 0])
        problems.add("dates come twice", rows=first_rows(twice), count=int(twice.sum()), fix="Keep one row a date.")


def _is_number(kind: Any) -> bool:
    types = pd.api.types
    return bool(types.is_numeric_dtype(kind) and not types.is_bool_dtype(kind) and not types.is_complex_dtype(kind))


def _refuse_missing(table: pd.DataFrame, problems: Problems, thing: str) -> None:
    gone = table.isna().to_numpy()
    for place in np.flatnonzero(gone.any(axis=0)):
        column = gone[:, place]
        count = int(column.sum())
        start = int(np.argmin(column))
        late = bool(column[:start].all()) and not column[start:].any()
        what = f"{count_of(count, thing)} {'is' if count == 1 else 'are'} missing"
        fix: Any = Fix("Fill them in, or leave the asset out.")
        if late and start:
            what += f", all before row {start + 1}"
            fix = Fix(f"Start at row {start + 1}, or leave the asset out.")
        problems.add(what, column=str(table.columns[int(place)]), rows=first_rows(column), count=count, fix=fix)


def _notes(values: Floats, columns: Any) -> tuple[str, ...]:
    """What a decision by these returns has to be told about."""
    told = []
    n_periods, n_assets = values.shape
    flat = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if len(flat):
        shown = quote(columns[int(place)] for place in flat)
        told.append(
            f"{shown} never moves, so that it would pass for riskless"
            if len(flat) == 1
            else f"{shown} never move, so that they would pass for riskless"
        )
    if n_assets > 1:
        twins = _find_twins(values, set(flat.tolist()))
        if twins:
            pairs = [f"{columns[i]} equals {columns[j]}" for i, j in twins[:3]]
            told.append(
                f"returns of some assets are the same in every period ({'; '.join(pairs)}): how much to hold of which"
                " is arbitrary"
            )
    if n_periods <= n_assets:
        told.append(
            f"{n_periods:,} periods cannot tell the risks of {n_assets:,} assets apart: the covariance is singular, and"
            " the risk of what is chosen by it looks smaller than it is"
        )
    return tuple(told)


def _find_twins(values: Floats, aside: set[int]) -> list[tuple[int, int]]:
    """Pairs of columns that are the same: the later one, and the earlier; only columns of one sum are looked at."""
    sums: dict[float, list[int]] = {}
    found = []
    for place, total in enumerate(values.sum(axis=0).tolist()):
        if place in aside:
            continue
        for other in sums.setdefault(total, []):
            if np.array_equal(values[:, place], values[:, other]):
                found.append((place, other))
                break
        sums[total].append(place)
    return found
