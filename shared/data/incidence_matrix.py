"""The door of an incidence for matrices: frames or sparse matrices of zeros and ones, or of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.data.incidence_checks import Entries, Returns, of_one_kind, one_of
from shared.errors import Argument, Fix, Problems, quote
from shared.typing import Floats, Ints

# So many baskets never hold another number of one item each, nor do two of them a hundred and more.
FEW = 20  # rows that are looked at first, and of which one may repeat another
LEAST_KEYS, LEAST_KEY = 8, 100


def from_matrix(matrix: Any, items: object, *, returns: Returns, source: str) -> Entries:
    """Entries of a frame or a sparse matrix of zeros and ones, or of counts; nothing sparse is made dense."""
    from scipy import sparse

    one_of(returns, ("refuse", "drop"), "returns")
    problems = Problems(source)
    keys: pd.Index[Any] | None = None
    if isinstance(matrix, np.ndarray) and matrix.ndim == 2:
        matrix = pd.DataFrame(matrix)
    if isinstance(matrix, pd.DataFrame):
        keys, items = matrix.index, matrix.columns if items is None else items
        if items is matrix.columns:
            _refuse_keys(matrix, problems)
        rows, columns, values = _cells(matrix, problems)
    elif sparse.issparse(matrix) and matrix.ndim == 2:
        found = matrix.tocoo()
        rows, columns, values = found.row.astype(np.int64), found.col.astype(np.int64), np.asarray(found.data, float)
        _refuse_unusable(rows, values, None, problems)
    else:
        problems.add(
            f"is a {type(matrix).__name__}, neither a frame nor a sparse matrix",
            fix="Give a pandas frame with a column an item, or a scipy sparse matrix with items=.",
        )
    problems.raise_if_any()
    names = _names(items, matrix.shape[1], problems)
    back = values < 0
    told: list[str] = []
    if back.any():
        if returns == "refuse":
            count = int(back.sum())
            problems.add(
                f"{count:,} values are negative (column {quote(names[np.unique(columns[back])])})",
                count=count,
                rows=sorted(set((rows[back] + 1).tolist()))[:6],
                fix=Fix("Pass ", Argument("returns", "drop"), " to count them as not bought."),
            )
        told.append(f"{int(back.sum()):,} negative values count as not bought")
    problems.raise_if_any()
    keep = values > 0
    if (values[keep] != 1).any():
        told.append(f"{int((values[keep] != 1).sum()):,} values other than 0 and 1 count as bought")
    order = _sort_names(names)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    usable = keys is not None and not keys.has_duplicates
    index = keys if usable and keys is not None else pd.RangeIndex(1, matrix.shape[0] + 1)
    return Entries(rows[keep], rank[columns[keep]], matrix.shape[0], names[order], index, values[keep], told)


def _refuse_keys(frame: pd.DataFrame, problems: Problems) -> None:
    """Refuse columns that number the rows: whole numbers of any type, hardly two alike."""
    for number, name in enumerate(frame.columns):
        column = frame.iloc[:, number]
        if isinstance(column.dtype, pd.SparseDtype) or column.dtype.kind in "mMcb" or column.head(FEW).nunique() < 2:
            continue
        numbers = pd.to_numeric(pd.Series(column.to_numpy(dtype=object)), errors="coerce").to_numpy(dtype=float)
        if not (np.isfinite(numbers) & (numbers == np.floor(numbers))).all():
            continue
        distinct = len(np.unique(numbers))
        if distinct < len(numbers) - len(numbers) // FEW:
            continue
        if len(numbers) >= LEAST_KEYS or (len(numbers) > 1 and numbers.min() >= LEAST_KEY):
            problems.add(
                "holds another whole number in every row, as the key of a basket does",
                column=str(name),
                fix=f"Make it the index, matrix.set_index({name!r}); if it is an item, name all of them: items=.",
            )


def _names(items: Any, width: int, problems: Problems) -> pd.Index[Any]:
    """Names of the columns: single ones of one type, each once."""
    names = pd.RangeIndex(width) if items is None else pd.Index(items)
    if len(names) != width:
        problems.add(f"{len(names):,} names are given for {width:,} columns", fix="Give one a column.")
    elif names.hasnans or isinstance(names, pd.MultiIndex):
        problems.add("columns have no single names", fix="Name each column after its item.")
    elif names.dtype == object and not of_one_kind(pd.Series(list(names)), np.zeros(width, bool), "columns", problems):
        return names
    elif names.has_duplicates:
        problems.add(f"columns are named twice: {quote(names[names.duplicated()])}", fix="Name each once.")
    return names


def _sort_names(names: pd.Index[Any]) -> Ints:
    try:
        return np.asarray(names.argsort(), dtype=np.int64)
    except TypeError:
        return np.arange(len(names))


def _cells(frame: pd.DataFrame, problems: Problems) -> tuple[Ints, Ints, Floats]:
    """Cells of a frame that are not zero, column by column."""
    found: list[tuple[Ints, Ints, Floats]] = []
    for number, name in enumerate(frame.columns):
        column = frame.iloc[:, number]
        if isinstance(column.dtype, pd.SparseDtype):
            cells = column.array.sp_values.astype(float) if column.dtype.fill_value == 0 else None
            where = column.array.sp_index.indices.astype(np.int64) if cells is not None else None
            if cells is None or where is None:
                column = pd.Series(column.array.to_dense())
            else:
                _refuse_unusable(where, cells, name, problems)
                found.append((where, np.full(len(where), number), cells))
                continue
        if column.dtype.kind in "mMc" or isinstance(column.dtype, pd.PeriodDtype):
            problems.add("holds dates, not zeros and ones", column=str(name), fix="Leave it out, or make it the index.")
            continue
        numbers = pd.to_numeric(column, errors="coerce")
        cells = numbers.to_numpy(dtype=float, na_value=np.nan)
        where = np.flatnonzero(cells != 0)
        _refuse_unusable(where, cells[where], name, problems)
        found.append((where, np.full(len(where), number), cells[where]))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    rows, columns, values = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, columns, values


def _refuse_unusable(rows: Ints, values: Floats, name: object, problems: Problems) -> None:
    wrong = ~np.isfinite(values)
    if wrong.any():
        count = int(wrong.sum())
        problems.add(
            f"{count:,} values are missing or no numbers",
            column=None if name is None else str(name),
            rows=sorted((rows[wrong] + 1).tolist())[:6],
            count=count,
            fix="Write 1 where the item is in the basket and 0 where it is not.",
        )
