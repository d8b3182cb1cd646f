"""Columns before any search: those that cannot be used are named, and those that can say nothing are dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.half_numbers import refuse_half_numbers
from shared.data.schema import first_rows, missing_column
from shared.errors import Argument, DataError, Fix, Problem, Problems, quote
from shared.text import count_of
from shared.typing import Floats

from .settings import FeaturesSettings

__all__ = ["check_table", "find_copies", "pick_predictors", "reduce_columns", "refuse_leaks"]

FEWEST_ROWS = 80  # of which a quarter is held out, in eight parts or more
COPY = 1e-9  # of 1 - |correlation|: what rounding leaves of columns that say the same


def pick_predictors(table: pd.DataFrame, settings: FeaturesSettings) -> tuple[list[str], list[str]]:
    """Columns of numbers that may predict, and those that were passed over for being none.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : FeaturesSettings

    >>> table = pd.DataFrame({"price": [1.0], "a": [2], "b": [True], "c": ["x"], "day": pd.Timestamp("2024-01-01")})
    >>> pick_predictors(table, FeaturesSettings(columns={"guess": ""}))
    (['a', 'b'], ['c'])
    """
    asked = settings.columns
    if asked.predictors:
        guess = [asked.guess] if asked.guess else []
        return [*asked.predictors, *guess], []
    aside = {asked.target, asked.time, *asked.ignored}
    others = [str(name) for name in table.columns if name not in aside]
    kept = [name for name in others if pd.api.types.is_numeric_dtype(table[name].dtype)]
    return kept, [name for name in others if name not in kept]


def check_table(table: pd.DataFrame, settings: FeaturesSettings, source: str) -> None:
    """Refuse a table with too few rows or columns, missing values left undecided, or a target that never changes.

    Raises
    ------
    DataError
        With everything that was found.

    >>> table = pd.DataFrame({"price": [1.0], "a": [2.0]})
    >>> check_table(table, FeaturesSettings(columns={"guess": ""}), "rows.csv")
    Traceback (most recent call last):
    ...
    shared.errors.DataError: rows.csv: 3 problems...
    """
    asked, problems = settings.columns, Problems(source)
    present = [str(name) for name in table.columns]
    for role in ("guess", "ignored"):
        for name in asked.columns_of(role):
            if name not in table.columns:
                missing_column(name, present, problems, f"columns.{role}")
    if asked.target not in table.columns:
        missing_column(asked.target, present, problems, "columns.target", "what is to be predicted")
    problems.raise_if_any()
    names, passed = pick_predictors(table, settings)
    otherwise = "leave the column out: --set 'columns.ignored=[\"{}\"]'"
    refuse_half_numbers(table, passed, problems, otherwise.format, decimal=settings.read.decimal)
    if len(names) < 2:
        what = (
            f"has {count_of(len(names), 'column')} of numbers beside {quote([asked.target])}; there is nothing to"
            " choose"
        )
        problems.add(what, fix="Give more columns of numbers.")
    _check_values(table, names, settings, problems)
    target = _numbers(table[asked.target])
    rows = int(np.isfinite(target).sum())
    if rows < FEWEST_ROWS:
        problems.add(f"has {count_of(rows, 'row')}, and at least {FEWEST_ROWS} are needed", fix="Give more rows.")
    kinds = len(np.unique(target[np.isfinite(target)]))
    if rows and kinds < 2:
        fix = "Name another column: --set columns.target=NAME."
        problems.add("never changes, so that there is nothing to predict", column=asked.target, fix=fix)
    elif kinds == 2 and settings.metric == "mae":
        problems.add("has two values only", column=asked.target, fix="Compare squared errors: --set metric=rmse.")
    problems.raise_if_any()


def _check_values(table: pd.DataFrame, names: list[str], settings: FeaturesSettings, problems: Problems) -> None:
    """Missing values of the target, and of predictors where they are to be refused; infinite ones always."""
    target = settings.columns.target
    leave_out = Fix("Correct them, or leave the rows out: ", Argument("missing", "rows"), ".")
    decide = Fix("Correct them, or pass ", Argument("missing", "median"), " (filled), rows or columns (left out).")
    for name in [target, *names]:
        values = _numbers(table[name])
        gone, endless = np.isnan(values), np.isinf(values)
        allowed = {"rows"} if name == target else {"rows", "columns", "median"}
        for mask, what, fix in (
            (gone & (settings.missing not in allowed), "missing", leave_out if name == target else decide),
            (endless, "infinite", "Correct them."),
        ):
            if mask.any():
                n = int(mask.sum())
                said = f"{n:,} {'value is' if n == 1 else 'values are'} {what}"
                problems.add(said, column=name, rows=first_rows(mask), count=n, fix=fix)


def _numbers(values: pd.Series[Any]) -> Floats:
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))


def _standardise(values: Floats) -> Floats:
    centred = values - values.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    scaled: Floats = centred / np.where(size > 0, size, 1.0)
    return scaled


def refuse_leaks(X: pd.DataFrame, y: pd.Series[Any], source: str) -> None:
    """Refuse columns that are the target over again, in another unit or on another scale.

    Raises
    ------
    DataError
        Naming them.

    >>> y = pd.Series([1.0, 2.0, 4.0, 9.0], name="sales")
    >>> refuse_leaks(pd.DataFrame({"cents": 100 * y, "other": [1.0, 0.0, 3.0, 2.0]}), y, "rows.csv")
    Traceback (most recent call last):
    ...
    shared.errors.DataError: rows.csv: column 'cents': is 'sales' over again...
    """
    values, target = X.to_numpy(dtype=float), y.to_numpy(dtype=float)[:, None]
    straight = np.abs(_standardise(values).T @ _standardise(target))[:, 0] > 1 - COPY
    ranks: Floats = np.asarray(X.rank(), dtype=float)
    order: Floats = np.asarray(y.rank(), dtype=float)[:, None]
    ordered = np.abs(_standardise(ranks).T @ _standardise(order))[:, 0] > 1 - COPY
    ordered &= len(np.unique(target)) > 2
    problems = [
        Problem(
            f"is {quote([str(y.name)])} over again{'' if same else ', on another scale'}: it would tell the answer",
            column=str(name),
            fix=f"Leave it out: --set 'columns.ignored=[\"{name}\"]', or take it out of the file.",
        )
        for name, same, alike in zip(X.columns, straight, ordered, strict=True)
        if same or alike
    ]
    if problems:
        raise DataError(source, problems)


def find_copies(X: pd.DataFrame) -> dict[str, str]:
    """Columns that can say nothing, or nothing of their own, each with the reason.

    Parameters
    ----------
    X : pandas.DataFrame
        Rows learnt from.

    >>> find_copies(pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [5.0, 5.0, 5.0], "c": [10.0, 20.0, 40.0]}))
    {'b': 'never changes', 'c': 'says the same as a'}
    """
    values = X.to_numpy(dtype=float)
    spread = values.std(axis=0)
    still = spread <= 1e-12 * np.maximum(np.abs(values).max(axis=0), 1e-300)
    alike = np.abs(_standardise(values).T @ _standardise(values)) > 1 - COPY
    names = [str(name) for name in X.columns]
    reasons: dict[str, str] = {}
    kept: list[int] = []
    for place, name in enumerate(names):
        same = [other for other in kept if alike[place, other]]
        if still[place]:
            reasons[name] = "never changes"
        elif same:
            reasons[name] = f"says the same as {names[same[0]]}"
        else:
            kept.append(place)
    return reasons


def reduce_columns(X: pd.DataFrame, y: pd.Series[Any], most: int) -> dict[str, str]:
    """Columns beyond the most that are searched: those least correlated with the target by the rows learnt from.

    Parameters
    ----------
    X : pandas.DataFrame
    y : pandas.Series
    most : int

    >>> X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0]})
    >>> reduce_columns(X, pd.Series([1.0, 2.0, 3.0]), 1)
    {'b': 'least correlated; only 1 column is searched'}
    """
    if X.shape[1] <= most:
        return {}
    shared = np.abs(_standardise(X.to_numpy(dtype=float)).T @ _standardise(y.to_numpy(dtype=float)[:, None]))[:, 0]
    last = np.argsort(-shared, kind="stable")[most:]
    why = f"least correlated; only {count_of(most, 'column')} {'is' if most == 1 else 'are'} searched"
    return {str(X.columns[place]): why for place in sorted(last)}
