"""Bring values that already have a type to a declared kind; numbers are never read again as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.data.io.parse import Kind, Parsed, off_calendar
from shared.typing import Bools

__all__ = ["coerce", "find_numbers", "is_kind"]

HUGE = 10**300


def is_kind(values: pd.Series[Any], kind: Kind) -> bool:
    """Whether a column is of a kind as it stands.

    >>> is_kind(pd.Series([1.5]), "number"), is_kind(pd.Series([1.5]), "integer")
    (True, False)
    """
    dtype = values.dtype
    if kind == "datetime":
        return pd.api.types.is_datetime64_any_dtype(dtype)
    if kind == "boolean":
        return pd.api.types.is_bool_dtype(dtype)
    if kind == "integer":
        return pd.api.types.is_integer_dtype(dtype)
    if kind == "number":
        real = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
        return real and not pd.api.types.is_bool_dtype(dtype)
    if not pd.api.types.is_object_dtype(dtype):
        return pd.api.types.is_string_dtype(dtype)
    return all(isinstance(value, str) for value in values.dropna())


def coerce(values: pd.Series[Any], kind: Kind) -> Parsed | None:  # noqa: C901
    """Bring a column of numbers or dates to a kind; None where it holds text, which `parse_column` reads.

    Whole floats become integers, 0 and 1 become truth values, and what does not fit is marked as bad.

    >>> coerce(pd.Series([1.0, np.nan]), "integer").values.tolist()
    [1, <NA>]
    """
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _dates(values) if kind == "datetime" else None
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "datetime" and inferred in {"datetime", "datetime64", "date"}:
        return None if _change_offset(values) else _dates(values)
    if inferred == "boolean" and kind == "boolean":
        return _truth(values.astype(object).map({True: 1.0, False: 0.0}).astype(float))
    if inferred == "integer" and values.dtype == object:
        huge = values.map(lambda value: isinstance(value, int) and abs(value) >= HUGE).to_numpy(dtype=bool)
        if huge.any():
            return Parsed(values.where(~huge), huge, "have more than 300 digits", "Correct them, or give them as text.")
    if kind == "text" or inferred not in {"integer", "floating", "mixed-integer-float", "decimal"}:
        return None
    missing = values.isna().to_numpy()
    if kind == "datetime":
        return Parsed(values, ~missing, "cannot be read as dates", "Give dates, or text that holds them.")
    if inferred == "integer" and kind == "integer":
        return _whole(values, missing)
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    if kind == "number":
        return Parsed(pd.Series(numbers, index=values.index), np.zeros(len(values), dtype=bool))
    if kind == "boolean":
        return _truth(pd.Series(numbers, index=values.index))
    bad = ~missing & ~(np.isfinite(numbers) & (numbers == np.floor(numbers)) & (np.abs(numbers) <= 2**53))
    whole = np.where(bad | missing, 0, numbers).astype(np.int64)
    made: Any = whole if not (bad | missing).any() else pd.arrays.IntegerArray(whole, bad | missing)
    why = "cannot be read as whole numbers" if bad.any() else ""
    return Parsed(pd.Series(made, index=values.index), bad, why, "Round them, or declare the column number.")


def find_numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """What stands in a column as a number already, among text; the rest missing, and whole numbers beyond 2**53.

    >>> find_numbers(pd.Series([1.234, "n/a", True], dtype=object)).tolist()
    [1.234, nan, nan]
    """
    if values.dtype != object:
        return pd.Series(np.nan, index=values.index)
    return pd.Series([float(one) if _is_exact(one) else np.nan for one in values.tolist()], index=values.index)


def _is_exact(value: object) -> bool:
    """Whether a value is a number that a float holds to the last digit."""
    if isinstance(value, float | np.floating):
        return True
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and abs(int(value)) <= 2**53


def _whole(values: pd.Series[Any], missing: Bools) -> Parsed:
    """Python integers of an object column, which may be too large."""
    given = [0 if gone else int(value) for gone, value in zip(missing, values.tolist(), strict=True)]
    bad = np.array([not -(2**63) <= number < 2**63 for number in given])
    fitting = np.array([0 if wrong else number for wrong, number in zip(bad, given, strict=True)], dtype=np.int64)
    made: Any = fitting if not (bad | missing).any() else pd.arrays.IntegerArray(fitting, bad | missing)
    why = "too large for 64 bits" if bad.any() else ""
    return Parsed(pd.Series(made, index=values.index), bad, why, "Correct them, or declare the column text.")


def _truth(numbers: pd.Series[Any]) -> Parsed:
    missing = numbers.isna().to_numpy()
    bad = ~missing & ~numbers.isin([0.0, 1.0]).to_numpy()
    unknown = missing | bad
    yes = (numbers == 1.0).to_numpy()
    made: Any = pd.arrays.BooleanArray(yes, unknown) if unknown.any() else yes
    why = "cannot be read as true or false" if bad.any() else ""
    return Parsed(pd.Series(made, index=numbers.index), bad, why, "Write true or false.")


def _change_offset(values: pd.Series[Any]) -> bool:
    """Whether Python's dates have offsets from UTC that differ: they are read as their text is, with the zone asked."""
    if values.dtype != object:
        return False
    return len({one.utcoffset() for one in values.tolist() if hasattr(one, "utcoffset") and not pd.isna(one)}) > 1


def _dates(values: pd.Series[Any]) -> Parsed:
    made = pd.to_datetime(values, errors="coerce")
    made = made.mask(off_calendar(made))
    bad = (made.isna() & values.notna()).to_numpy()
    why = "cannot be read as dates" if bad.any() else ""
    return Parsed(made, bad, why, "Correct them.")
