"""The rows of the features study: read, checked, put in order, and cut into what is learnt from and what judges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data.contract import contract_of
from shared.data.io.tables import TableReport
from shared.data.splits import Split, cut_in_time
from shared.errors import DataError, Problem
from shared.reporting import Run
from shared.text import count_of, join_words

from .settings import FeaturesSettings
from .usable_columns import check_table, find_copies, pick_predictors, reduce_columns, refuse_leaks

__all__ = ["Rows", "order_rows"]


@dataclass(frozen=True)
class Rows:
    """A table in the order of time, or mixed where there is none; the last rows are held out.

    Attributes
    ----------
    X : pandas.DataFrame
        Columns that are searched; missing values are filled by the medians of the rows learnt from.
    y : pandas.Series
    times : pandas.Series, optional
    begins : tuple of int
        Where the parts begin that judge; the first is where learning ends.
    dropped : dict of str to str
        Columns dropped before the search, with the reason.
    medians : pandas.Series
        Of the columns of X, where missing values were filled in; empty otherwise.
    notes : tuple of str

    >>> rows = Rows(pd.DataFrame({"a": np.arange(9.0)}), pd.Series(np.arange(9.0)), None, (5, 7), {})
    >>> rows.n_learnt, [split.test.tolist() for split in rows.splits()]
    (5, [[5, 6], [7, 8]])
    """

    X: pd.DataFrame
    y: pd.Series[Any]
    times: pd.Series[Any] | None
    begins: tuple[int, ...]
    dropped: dict[str, str]
    medians: pd.Series[Any] = field(default_factory=lambda: pd.Series(dtype=float))
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, out: Run, settings: FeaturesSettings) -> tuple[Rows, TableReport]:
        """Read the bundled table, or the user's own.

        Raises
        ------
        DataError
            The table cannot be used, or a column is the target over again.
        """
        own = settings.own_table() if out.data is not None else None

        def check(table: pd.DataFrame, source: str) -> None:
            check_table(table, settings, source)
            order_rows(table, settings, source)

        table, reading = out.load_table("price_predictors", own, check=check)
        rows = order_rows(table, settings, reading.source)
        used = [str(rows.y.name), *rows.X.columns]
        others = tuple(str(name) for name in table.columns if name not in used)
        out.contract = replace(contract_of(table[used]), others=others)
        return rows, reading

    @property
    def n_learnt(self) -> int:
        """Rows from which columns are chosen."""
        return self.begins[0]

    @property
    def learnt(self) -> tuple[pd.DataFrame, pd.Series[Any]]:
        """Predictors and target of these rows."""
        return self.X.iloc[: self.n_learnt], self.y.iloc[: self.n_learnt]

    @property
    def n_offered(self) -> int:
        """Columns there were to choose from."""
        return self.X.shape[1] + len(self.dropped)

    def splits(self) -> list[Split]:
        """Parts of the rows held out; in time, all rows before a part are learnt from, else those of the search."""
        ends = [*self.begins[1:], len(self.y)]
        return [
            Split(
                number if self.times is None else self.times.iloc[begin],
                np.arange(begin if self.times is not None else self.n_learnt),
                np.arange(begin, end),
            )
            for number, (begin, end) in enumerate(zip(self.begins, ends, strict=True), 1)
        ]


def order_rows(table: pd.DataFrame, settings: FeaturesSettings, source: str) -> Rows:
    """Put the rows in order, cut them, and drop columns that can say nothing.

    Parameters
    ----------
    table : pandas.DataFrame
        Checked.
    settings : FeaturesSettings
    source : str
        For messages.

    Raises
    ------
    DataError
        A column is the target over again, or there are more columns than rows to choose by.

    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame(rng.normal(size=(100, 3)), columns=["price", "a", "b"]).assign(c=1.0)
    >>> rows = order_rows(table, FeaturesSettings(columns={"time": "", "guess": ""}), "rows.csv")
    >>> rows.n_learnt, rows.X.columns.tolist(), rows.dropped
    (75, ['a', 'b'], {'c': 'never changes'})
    """
    asked = settings.columns
    names, passed = pick_predictors(table, settings)
    X = table[names].apply(lambda one: one.to_numpy(dtype=float, na_value=np.nan))
    y = pd.Series(table[asked.target].to_numpy(dtype=float, na_value=np.nan), index=X.index, name=asked.target)
    notes = [f"columns that hold no numbers are not looked at: {join_words(passed)}"] if passed else []
    dropped: dict[str, str] = {}
    if settings.missing == "columns":
        gone = {name: int(n) for name, n in X.isna().sum().items() if n}
        dropped |= {name: f"{count_of(n, 'value')} missing" for name, n in gone.items()}
        X = X.drop(columns=list(gone))
    whole = (y.notna() & (X.notna().all(axis=1) if settings.missing == "rows" else True)).to_numpy()
    if not whole.all():
        notes.append(f"{count_of(int((~whole).sum()), 'row')} with missing values left out, as asked for")
    order = np.flatnonzero(whole)
    if asked.time:
        order = order[np.argsort(table[asked.time].to_numpy()[order], kind="stable")]
    else:
        order = np.random.default_rng(settings.seed).permutation(order)
    X, y = X.iloc[order].reset_index(drop=True), y.iloc[order].reset_index(drop=True)
    times = table[asked.time].iloc[order].reset_index(drop=True) if asked.time else None
    begins = _cut(times, len(y), settings, source)
    learnt = X.iloc[: begins[0]]
    medians = learnt.median().fillna(0.0) if X.isna().to_numpy().any() else pd.Series(dtype=float)
    if len(medians):
        notes.append(f"{count_of(int(X.isna().to_numpy().sum()), 'missing value')} filled with the column's median")
        X = X.fillna(medians)
    if len(X.columns):
        refuse_leaks(X, y, source)
        dropped |= find_copies(X.iloc[: begins[0]])
    X = X.drop(columns=[name for name in dropped if name in X.columns])
    more = reduce_columns(X.iloc[: begins[0]], y.iloc[: begins[0]], settings.most_columns)
    X = X.drop(columns=list(more))
    _refuse_wide(X, y, begins[0], source)
    medians = medians[[name for name in X.columns if name in medians.index]]
    return Rows(X, y, times, begins, dropped | more, medians, tuple(notes))


def _cut(times: pd.Series[Any] | None, n: int, settings: FeaturesSettings, source: str) -> tuple[int, ...]:
    shares = [1 - settings.holdout * (1 - part / settings.parts) for part in range(settings.parts)]
    if n < 2 * settings.parts / settings.holdout:
        least = int(np.ceil(2 * settings.parts / settings.holdout))
        what = f"has {count_of(n, 'row')} to use, and {least:,} are needed for {settings.parts} parts that judge"
        raise DataError(source, [Problem(what, fix="Give more rows, or fewer parts: --set parts=8.")])
    return tuple(cut_in_time(times, n, shares))


def _refuse_wide(X: pd.DataFrame, y: pd.Series[Any], n: int, source: str) -> None:
    """Refuse what leaves nothing to choose, or fewer rows than columns."""
    if X.shape[1] < 2:
        what = (
            f"has {count_of(X.shape[1], 'column')} of numbers that changes and is no copy; there is nothing to choose"
        )
        raise DataError(source, [Problem(what, fix="Give more columns.")])
    if n <= X.shape[1]:
        what = f"has {count_of(n, 'row')} to choose by, and {X.shape[1]:,} columns to choose from"
        fix = f"Give more rows, or fewer columns: --set most_columns={max(2, n // 5)} takes the most correlated ones."
        raise DataError(source, [Problem(what, fix=fix)])
    if y.iloc[:n].nunique() < 2:
        what = f"never changes in the {n:,} rows that are learnt from"
        raise DataError(source, [Problem(what, column=str(y.name), fix="Give more rows, or another target.")])
