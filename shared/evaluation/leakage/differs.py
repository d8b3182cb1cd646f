"""Where two results differ that ought to be the same: cells of tables, parts of fitted models."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["Difference", "changed_parts", "changed_rows", "frame_of"]

Bools = np.ndarray[Any, np.dtype[np.bool_]]
CLOCK = re.compile(r"(^|_)(time|times|seconds|duration|elapsed|date|timestamp)(_|$)")
NEAR = 1e-9
MAX_DEPTH = 12
MAX_PARTS = 5


@dataclass(frozen=True)
class Difference:
    """One column that differs.

    Attributes
    ----------
    column : str
        Its name, or its place where it has none.
    rows : numpy.ndarray of bool
        The rows that differ.
    """

    column: str
    rows: Bools


def frame_of(value: Any) -> pd.DataFrame | None:
    """Give any table-like result as a frame, one row a row; None where it is no table.

    >>> frame_of(np.zeros((2, 3))).columns.tolist()
    ['0', '1', '2']
    """
    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series):
        return value.to_frame(str(value.name) if value.name is not None else "values")
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        if value.ndim != 2:
            return None
        sparse: Any = pd.DataFrame.sparse
        made: pd.DataFrame = sparse.from_spmatrix(value)
        return made.rename(columns=str)
    if isinstance(value, list | tuple) and value and all(np.isscalar(item) for item in value):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.ndim >= 1:
        flat = value.reshape(len(value), math.prod(value.shape[1:]))
        return pd.DataFrame(flat, columns=["values"] if value.ndim == 1 else [str(i) for i in range(flat.shape[1])])
    if hasattr(value, "to_pandas") and hasattr(value, "columns"):  # Polars
        frame = value.to_pandas()
        return frame if isinstance(frame, pd.DataFrame) else None
    if hasattr(value, "to_frame") and not isinstance(
        value, pd.Index | type
    ):  # a result that can show itself as a table
        frame = value.to_frame()
        return frame if isinstance(frame, pd.DataFrame) else None
    return None


def changed_rows(first: pd.DataFrame, second: pd.DataFrame, *, exact: bool) -> list[Difference]:
    """Columns in which two tables of the same rows differ; one that only one of them has differs everywhere.

    Parameters
    ----------
    first, second : pandas.DataFrame
        Compared by place of the rows and name of the columns.
    exact : bool
        To the last bit. Otherwise to 1e-9 of the column's size, because sums over another number of rows may be taken
        in another order.

    >>> a = pd.DataFrame({"x": [1.0, 2.0]})
    >>> [(d.column, d.rows.tolist()) for d in changed_rows(a, a.assign(x=[1.0, 3.0]), exact=True)]
    [('x', [False, True])]
    """
    found = []
    for place, name in enumerate(first.columns):
        if first.columns.is_unique and name not in second.columns:
            found.append(Difference(str(name), np.ones(len(first), dtype=bool)))
            continue
        mine = first.iloc[:, place]
        its = second[name] if second.columns.is_unique else second.iloc[:, min(place, second.shape[1] - 1)]
        mask = ~_same(mine, its, exact)
        if mask.any():
            found.append(Difference(str(name), mask))
    if first.columns.is_unique:
        new = [name for name in second.columns if name not in first.columns]
        found += [Difference(str(name), np.ones(len(first), dtype=bool)) for name in new]
    return found


def _same(first: Any, second: Any, exact: bool) -> Bools:
    numbers = [pd.api.types.is_numeric_dtype(side.dtype) for side in (first, second)]
    if all(numbers):
        a, b = (side.to_numpy(dtype=float, na_value=np.nan) for side in (first, second))
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        if exact or same.all():
            return np.asarray(same)
        finite = a[np.isfinite(a)]
        size = max(float(np.abs(finite).max(initial=0.0)), 1e-300)
        with np.errstate(invalid="ignore", over="ignore"):
            return np.asarray(same | (np.abs(a - b) <= NEAR * size))
    a, b = (side.astype(object).to_numpy() for side in (first, second))
    gone = pd.isna(a) & pd.isna(b)
    return np.asarray([bool(empty) or _alike(x, y) for empty, x, y in zip(gone, a, b, strict=True)], dtype=bool)


def _alike(first: Any, second: Any) -> bool:
    try:
        return bool(np.all(first == second))
    except (TypeError, ValueError):
        return False


def changed_parts(first: Any, second: Any, *, exact: bool = True) -> list[str]:
    """Names of the parts of two fitted models (or any nested results) that differ.

    Clock times, generators and functions are left out: they may differ between two runs that are otherwise the same.

    >>> from sklearn.preprocessing import StandardScaler
    >>> a, b = StandardScaler().fit([[0.0], [1.0]]), StandardScaler().fit([[0.0], [2.0]])
    >>> changed_parts(a, b)
    ['mean_', 'var_', 'scale_']
    """
    found: list[str] = []
    _walk(first, second, "", exact, found, set(), 0)
    return list(dict.fromkeys(found))


def _walk(  # noqa: C901
    a: Any, b: Any, path: str, exact: bool, found: list[str], seen: set[int], depth: int
) -> None:
    if len(found) >= MAX_PARTS or depth > MAX_DEPTH or id(a) in seen or a is b:
        return
    if isinstance(a, np.random.RandomState | np.random.Generator) or (callable(a) and not hasattr(a, "__dict__")):
        return
    if isinstance(a, pd.DataFrame | pd.Series | np.ndarray) or hasattr(a, "nnz"):
        if not _same_table(a, b, exact):
            found.append(path or "values")
        return
    if isinstance(a, dict) and isinstance(b, dict):
        seen.add(id(a))
        _walk_dict(a, b, path, exact, found, seen, depth)
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple):
        seen.add(id(a))
        if len(a) != len(b):
            found.append(path or "length")
            return
        for place, (x, y) in enumerate(zip(a, b, strict=True)):
            inner = str(x[0]) if isinstance(x, tuple) and len(x) == 2 and isinstance(x[0], str) else str(place)
            _walk(x, y, _joined(path, inner), exact, found, seen, depth + 1)
    elif isinstance(a, str | bytes | int | float | complex | bool | np.generic | type(None) | frozenset | set):
        if not _same_scalar(a, b, exact):
            found.append(path or "value")
    else:
        seen.add(id(a))
        state, other = _state(a), _state(b)
        if state is not None and other is not None:
            _walk(state, other, path, exact, found, seen, depth + 1)


def _walk_dict(
    a: dict[Any, Any], b: dict[Any, Any], path: str, exact: bool, found: list[str], seen: set[int], depth: int
) -> None:
    for key, value in a.items():
        if CLOCK.search(str(key)):
            continue
        if key not in b:
            found.append(_joined(path, str(key)))
        else:
            _walk(value, b[key], _joined(path, str(key)), exact, found, seen, depth + 1)
    found.extend(_joined(path, str(key)) for key in b if key not in a and not CLOCK.search(str(key)))


def _state(value: Any) -> Any:
    """What an object consists of; None where it does not say, and for functions, modules and classes."""
    if isinstance(value, type) or callable(getattr(value, "__code__", None)) or hasattr(value, "__code__"):
        return None
    own = getattr(value, "__dict__", None)
    if own:
        return {key: item for key, item in own.items() if key != "_sklearn_output_config"}
    try:
        return value.__getstate__()
    except Exception:  # what cannot be taken apart cannot be compared  # noqa: BLE001
        return None


def _joined(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def _same_table(a: Any, b: Any, exact: bool) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape:
            return False
        if a.dtype.names:  # such as the nodes of a tree
            return a.dtype == b.dtype and all(_same_table(a[name], b[name], exact) for name in a.dtype.names)
        if a.dtype == object:
            return all(_same_object(x, y) for x, y in zip(a.ravel(), b.ravel(), strict=True))
    first, second = frame_of(a), frame_of(b)
    if first is None or second is None:
        return bool(np.all(a == b))
    return first.shape == second.shape and not changed_rows(first, second, exact=exact)


def _same_object(a: Any, b: Any) -> bool:
    inner: list[str] = []
    _walk(a, b, "", True, inner, set(), 0)
    return not inner


def _same_scalar(a: Any, b: Any, exact: bool) -> bool:
    try:
        if a == b or (a != a and b != b):  # not a number is equal to itself here  # noqa: PLR0124
            return True
        if exact or isinstance(a, str | bytes):
            return False
        return bool(abs(a - b) <= NEAR * max(abs(a), abs(b)))
    except (TypeError, ValueError):
        return False
