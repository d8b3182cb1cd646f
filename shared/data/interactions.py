"""The door of interactions: a long table of who did what, and when, becomes visits in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data.columns import RATING, TIMESTAMP, InteractionColumns
from shared.data.incidence_checks import Missing, encode_values, one_of
from shared.data.schema import first_rows, missing_column
from shared.errors import Argument, Fix, HexadError, Problems, quote
from shared.text import count_of
from shared.typing import Bools, Codes, Floats, Ints

__all__ = ["Visits", "read_visits"]


@dataclass(frozen=True)
class Visits:
    """What users did, a visit (one user at one time) a row, in flat arrays.

    Attributes
    ----------
    indptr, codes, weights
        Items of each visit, ascending, and what was given for them, summed.
    users : numpy.ndarray of int32
        Number of each visit's user in `user_keys`.
    items, user_keys : pandas.Index
    times : pandas.Index, optional
        Of each visit, ascending; without times a user has one visit.
    columns : InteractionColumns
        Those that the table has.
    notes : tuple of str

    >>> visits = read_visits(pd.DataFrame({"user": ["ann", "ann"], "item": ["tea", "milk"]}))
    >>> visits.indptr.tolist(), visits.items[visits.codes].tolist()
    ([0, 2], ['milk', 'tea'])
    """

    indptr: Ints
    codes: Codes
    weights: Floats | None
    users: Codes
    items: pd.Index[Any]
    user_keys: pd.Index[Any]
    times: pd.Index[Any] | None
    columns: InteractionColumns
    notes: tuple[str, ...]


def read_visits(
    table: pd.DataFrame,
    columns: InteractionColumns | None = None,
    *,
    missing: Missing = "refuse",
    source: str = "interactions",
) -> Visits:
    """Check a long table of interactions, and group it by user and time.

    Parameters
    ----------
    table : pandas.DataFrame
    columns : InteractionColumns, optional
    missing : {"refuse", "drop"}
        What becomes of rows without a user, an item, a rating or a time.
    source : str
        What the table is called in errors.

    Raises
    ------
    DataError
        Listing every problem.

    >>> read_visits(pd.DataFrame({"user": [1, 1, 2], "item": [5, 5, 6]})).notes
    ('1 row repeats the user and item of another, and was added to it',)
    """
    one_of(missing, ("refuse", "drop"), "missing")
    columns = _present(InteractionColumns() if columns is None else columns, table)
    problems = Problems(source)
    for role in ("user", "item", "rating", "timestamp"):
        name = getattr(columns, role)
        if name is not None and name not in table.columns:
            present = [str(column) for column in table.columns]
            missing_column(name, present, problems, named_in=("InteractionColumns", role))
    problems.raise_if_any()
    if len(table) == 0:
        problems.add("has no rows", fix="Give at least one interaction.")
    users, user_keys = encode_values(table[columns.user], columns.user, problems, missing)
    items, names = encode_values(table[columns.item], columns.item, problems, missing)
    keep = (users >= 0) & (items >= 0)
    times = _times(table, columns.timestamp, missing, problems)
    weights = _ratings(table, columns.rating, missing, problems)
    if times is not None:
        keep &= ~np.isnat(times) if times.dtype.kind == "M" else np.isfinite(times)
    if weights is not None:
        keep &= ~np.isnan(weights)
    problems.raise_if_any()
    told = [] if keep.all() else [f"{count_of(int((~keep).sum()), 'row')} in which something is missing left out"]
    if not keep.any():
        raise HexadError(f"{source}: no row is left")
    (indptr, codes, summed, owners, stamps), repeated = _pack(users, items, times, weights, keep)
    if repeated:
        verb = "repeats the {} of another, and was" if repeated == 1 else "repeat the {} of others, and were"
        told.append(
            f"{count_of(repeated, 'row')} {verb.format(_same(times))} added to {'it' if repeated == 1 else 'them'}"
        )
    keys = pd.Index(names), pd.Index(user_keys)
    return Visits(indptr, codes, summed, owners, *keys, stamps, columns, tuple(told))


def _order_in_time(times: Any, pairs: Ints) -> Ints:
    """Order of the times, and of the pairs at one time: only those of a time with others are sorted twice."""
    order = np.argsort(times.view(np.int64) if times.dtype.kind == "M" else times)
    level = times[order[1:]] == times[order[:-1]]
    if not level.any():
        return order
    shared = np.zeros(len(order), dtype=bool)
    shared[1:] |= level
    shared[:-1] |= level
    rows = order[shared]
    order[shared] = rows[np.lexsort((pairs[rows], times[rows]))]
    return order


def _same(times: object) -> str:
    return "user and item" if times is None else "user, item and time"


def _present(columns: InteractionColumns, table: pd.DataFrame) -> InteractionColumns:
    """Columns without those that are named by default and are not there."""
    if not isinstance(columns, InteractionColumns):
        raise HexadError(f"columns={columns!r} are no InteractionColumns; write InteractionColumns(user=..., item=...)")
    gone: dict[str, Any] = {}
    if columns.rating == RATING and RATING not in table.columns:
        gone["rating"] = None
    if columns.timestamp == TIMESTAMP and TIMESTAMP not in table.columns:
        gone["timestamp"] = None
    return replace(columns, **gone)


def _times(table: pd.DataFrame, name: str | None, missing: Missing, problems: Problems) -> Any:
    if name is None:
        return None
    given = table[name]
    if not (pd.api.types.is_datetime64_any_dtype(given.dtype) or pd.api.types.is_numeric_dtype(given.dtype)):
        problems.add("holds neither dates nor numbers", column=name, fix="Read it as dates, as in pandas.to_datetime.")
        return None
    if isinstance(given.dtype, pd.DatetimeTZDtype):
        given = given.dt.tz_convert("UTC").dt.tz_localize(None)
    dated = given.dtype.kind == "M"
    if dated:
        values = given.to_numpy()
    else:  # whole numbers stay whole, so that time can be cut by them
        values = given.to_numpy(dtype=float, na_value=np.nan)
        if np.isfinite(values).all() and pd.api.types.is_integer_dtype(given.dtype):
            values = given.to_numpy(dtype=np.int64)
    empty = np.isnat(values) if dated else ~np.isfinite(values)
    _refuse_empty(empty, "time", name, missing, problems)
    return values


def _ratings(table: pd.DataFrame, name: str | None, missing: Missing, problems: Problems) -> Floats | None:
    if name is None:
        return None
    given = table[name]
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = (np.isnan(values) & given.notna().to_numpy()) | np.isinf(values)
    if wrong.any():
        problems.add(
            f"holds no finite number in {count_of(int(wrong.sum()), 'row')}: {quote(given[wrong].unique()[:3])}",
            column=name,
            rows=first_rows(wrong),
            count=int(wrong.sum()),
            fix="Correct them.",
        )
        return None
    _refuse_empty(np.isnan(values), "rating", name, missing, problems)
    low = values <= 0
    if low.any():
        problems.add(
            f"is zero or negative in {count_of(int(low.sum()), 'row')}",
            column=name,
            rows=first_rows(low),
            count=int(low.sum()),
            fix="Leave out what was returned or not liked, or shift the scale so that it begins above 0.",
        )
    return values


def _refuse_empty(empty: Bools, what: str, name: str, missing: Missing, problems: Problems) -> None:
    if empty.any() and missing == "refuse":
        problems.add(
            f"holds no {what} in {count_of(int(empty.sum()), 'row')}",
            column=name,
            rows=first_rows(empty),
            count=int(empty.sum()),
            fix=Fix("Fill them in, or pass ", Argument("missing", "drop"), " to leave the rows out."),
        )


def _pack(users: Ints, items: Ints, times: Any, weights: Floats | None, keep: Bools) -> tuple[tuple[Any, ...], int]:
    """Visits in the order of time, then of users; entries of a visit ascending and different."""
    if not keep.all():
        users, items = users[keep], items[keep]
        times, weights = (None if part is None else part[keep] for part in (times, weights))
    pairs = users * (int(items.max(initial=0)) + 1) + items
    order = np.argsort(pairs, kind="stable") if times is None else _order_in_time(times, pairs)
    users, items = users[order].astype(np.int32), items[order].astype(np.int32)
    stamps = None if times is None else times[order]
    opens = np.ones(len(users), dtype=bool)
    opens[1:] = users[1:] != users[:-1]
    if stamps is not None:
        opens[1:] |= stamps[1:] != stamps[:-1]
    first = opens.copy()
    first[1:] |= items[1:] != items[:-1]
    place = np.flatnonzero(first)
    summed = np.ones(len(order)) if weights is None else weights[order]
    repeated = len(order) - len(place)
    kept = None if weights is None and not repeated else np.add.reduceat(summed, place)
    starts = np.flatnonzero(opens)
    indptr = np.append(np.searchsorted(place, starts), len(place)).astype(np.int64)
    when = None if stamps is None else pd.Index(stamps[starts])
    return (indptr, items[place], kept, users[starts], when), repeated
