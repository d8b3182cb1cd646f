"""Where two results differ that ought to be the same: cells of tables, parts of fitted models."""

from __future__ import annotations

import functools
import hashlib
import math
import re
import types
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shared.typing import Bools

__all__ = ["find_changed_parts", "find_changed_rows", "as_frame"]

CLOCK = re.compile(r"((mean|std|split\d+)_)?(fit|refit|score|train|test|wall|cpu|run)_?time_?|elapsed(_time)?_?")
# Relative difference that rounding makes when sums are formed in another order.
NEAR = 1e-9
STEPS = {"steps", "transformer_list"}
MAX_DEPTH = 60
MAX_PARTS = 200_000


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


# -- tables ------------------------------------------------------------------------------------------------------------


def as_frame(value: Any) -> Any:
    """Give any table-like result as a frame, or as it is where it is sparse; None where it is no table.

    >>> as_frame(np.zeros((2, 3))).columns.tolist()
    ['0', '1', '2']
    """
    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series):
        return value.to_frame(str(value.name) if value.name is not None else "values")
    if is_sparse(value):
        return value.tocsr() if value.ndim == 2 else None
    if isinstance(value, list | tuple) and value and all(np.isscalar(item) for item in value):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.ndim >= 1:
        flat = value.reshape(len(value), math.prod(value.shape[1:]))
        return pd.DataFrame(flat, columns=["values"] if value.ndim == 1 else [str(i) for i in range(flat.shape[1])])
    if hasattr(value, "to_pandas") and hasattr(value, "columns"):  # Polars
        frame = value.to_pandas()
        return frame if isinstance(frame, pd.DataFrame) else None
    if hasattr(value, "to_frame") and not isinstance(value, pd.Index | type):  # a result that shows itself as a table
        frame = value.to_frame()
        return frame if isinstance(frame, pd.DataFrame) else None
    return None


def is_sparse(value: object) -> bool:
    """Whether a value is a sparse matrix or array."""
    return hasattr(value, "tocsr") and hasattr(value, "nnz")


def take_rows(table: pd.DataFrame, places: Any) -> Any:
    """Some rows of a frame or sparse matrix."""
    return table.iloc[places] if isinstance(table, pd.DataFrame) else table[places]


def find_changed_rows(first: Any, second: Any) -> list[Difference]:
    """Columns in which two tables of the same rows differ; one that only one of them has differs everywhere.

    Numbers count as the same up to 1e-9 of the column's size: sums may be taken in another order.

    >>> a = pd.DataFrame({"x": [1.0, 2.0]})
    >>> [(d.column, d.rows.tolist()) for d in find_changed_rows(a, a.assign(x=[1.0, 3.0]))]
    [('x', [False, True])]
    """
    if is_sparse(first) or is_sparse(second):
        return _diff_sparse(first, second)
    if first.shape == second.shape and list(first.columns) == list(second.columns):
        kinds = {dtype.kind for dtype in (*first.dtypes, *second.dtypes) if isinstance(dtype, np.dtype)}
        plain = all(isinstance(dtype, np.dtype) for dtype in (*first.dtypes, *second.dtypes))
        if plain and kinds <= set("fiub"):
            changed = ~_same_numbers(first.to_numpy(dtype=float), second.to_numpy(dtype=float))
            places = np.flatnonzero(changed.any(axis=0))
            return [Difference(str(first.columns[place]), changed[:, place]) for place in places]
    found = []
    for place, name in enumerate(first.columns):
        if first.columns.is_unique and name not in second.columns:
            found.append(Difference(str(name), np.ones(len(first), dtype=bool)))
            continue
        mine = first.iloc[:, place]
        its = second[name] if second.columns.is_unique else second.iloc[:, min(place, second.shape[1] - 1)]
        mask = ~_same(mine, its)
        if mask.any():
            found.append(Difference(str(name), mask))
    if first.columns.is_unique:
        new = [name for name in second.columns if name not in first.columns]
        found += [Difference(str(name), np.ones(len(first), dtype=bool)) for name in new]
    return found


def _diff_sparse(first: Any, second: Any) -> list[Difference]:
    if not (is_sparse(first) and is_sparse(second)) or first.shape != second.shape:
        return [Difference("values", np.ones(first.shape[0], dtype=bool))]
    apart = abs(first - second).tocoo()
    far = apart.data > NEAR * max(float(abs(first).max()), 1e-300)
    rows, columns = apart.row[far], apart.col[far]
    found = []
    for column in np.unique(columns)[:50]:
        mask = np.zeros(first.shape[0], dtype=bool)
        mask[rows[columns == column]] = True
        found.append(Difference(str(column), mask))
    return found


def _same_numbers(a: NDArray[Any], b: NDArray[Any]) -> Any:
    """Which numbers are the same; arrays of shape (n_rows,) or (n_rows, n_columns)."""
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return same
    size = np.max(np.where(np.isfinite(a), np.abs(a), 0.0), axis=0, initial=1e-300)
    with np.errstate(invalid="ignore", over="ignore"):
        return same | (np.abs(a - b) <= NEAR * size)


def _same(first: Any, second: Any) -> Bools:
    if all(pd.api.types.is_numeric_dtype(side.dtype) and side.dtype.kind != "c" for side in (first, second)):
        a, b = (side.to_numpy(dtype=float, na_value=np.nan) for side in (first, second))
        return np.asarray(_same_numbers(a, b))
    a, b = (side.astype(object).to_numpy() for side in (first, second))
    gone = pd.isna(a) & pd.isna(b)
    return np.asarray([bool(empty) or _are_equal(x, y) for empty, x, y in zip(gone, a, b, strict=True)], dtype=bool)


def _are_equal(first: object, second: object) -> bool:
    try:
        return bool(np.all(first == second))
    except (TypeError, ValueError):
        return False


# -- fitted models -----------------------------------------------------------------------------------------------------


def find_changed_parts(first: dict[str, bytes], second: dict[str, bytes]) -> list[str]:
    """Names of the parts in which two fitted models differ; see `digest_parts`.

    >>> from sklearn.preprocessing import StandardScaler
    >>> a, b = StandardScaler().fit([[0.0], [1.0]]), StandardScaler().fit([[0.0], [2.0]])
    >>> find_changed_parts(digest_parts(a), digest_parts(b))
    ['mean_', 'var_', 'scale_']
    """
    return [name for name in dict.fromkeys([*first, *second]) if first.get(name) != second.get(name)]


def digest_parts(value: object) -> dict[str, bytes]:
    """A fitted model, or any nested result, taken apart: what every part of it holds, as a digest.

    Clock times and random generators are left out: they may differ between two runs that are otherwise the same.
    """
    found: dict[str, bytes] = {}
    _walk(value, "", found, {}, 0)
    return found


def _walk(  # noqa: C901, PLR0912
    value: Any, path: str, found: dict[str, bytes], alive: dict[int, Any], depth: int
) -> None:
    if len(found) >= MAX_PARTS or depth > MAX_DEPTH or isinstance(value, np.random.RandomState | np.random.Generator):
        return
    if isinstance(value, str | bytes | int | float | complex | bool | np.generic | None):
        found[path] = _digest(type(value).__name__.encode(), repr(value).encode(errors="surrogatepass"))
        return
    if id(value) in alive:
        return
    alive[id(value)] = value  # kept alive, so that no other object takes its number
    if isinstance(value, np.ndarray):
        _walk_array(value, path, found, alive, depth)
    elif is_sparse(value):
        whole = value.tocsr()
        for name in ("data", "indices", "indptr"):
            _walk_array(getattr(whole, name), _join(path, name), found, alive, depth)
    elif isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        frame = value if isinstance(value, pd.DataFrame) else value.to_frame()
        if not isinstance(value, pd.Index):
            _walk_array(value.index.to_numpy(), _join(path, "index"), found, alive, depth)
        for place, name in enumerate(frame.columns):
            inner = str(name) if frame.columns.is_unique else f"{name} {place}"
            _walk_array(frame.iloc[:, place].to_numpy(), _join(path, inner), found, alive, depth)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not (isinstance(key, str) and CLOCK.fullmatch(key)):
                _walk(item, _join(path, str(key)), found, alive, depth + 1)
    elif isinstance(value, set | frozenset):
        found[path] = _digest(*sorted(repr(item).encode(errors="surrogatepass") for item in value))
    elif isinstance(value, list | tuple):
        found[_join(path, "length")] = str(len(value)).encode()
        named = [item[0] for item in value if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)]
        pairs = len(named) == len(value) == len(set(named))
        for place, item in enumerate(value):
            inner = str(item[0]) if pairs else str(place)
            _walk(item, _join(path, inner), found, alive, depth + 1)
    elif isinstance(value, types.FunctionType):
        found[path] = value.__qualname__.encode()
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        for name, held in (("closure", cells), ("defaults", value.__defaults__), ("keywords", value.__kwdefaults__)):
            if held:
                _walk(held, _join(path, name), found, alive, depth + 1)
    elif isinstance(value, types.MethodType):
        _walk(value.__self__, path, found, alive, depth + 1)
    elif isinstance(value, functools.partial):
        _walk([value.func, value.args, value.keywords], path, found, alive, depth + 1)
    elif isinstance(value, type | types.ModuleType | types.BuiltinFunctionType):
        found[path] = str(getattr(value, "__qualname__", value.__name__)).encode()
    else:
        found[path or "type"] = type(value).__qualname__.encode()
        state = _state(value)
        if state is not None:
            _walk(state, path, found, alive, depth + 1)
        elif " at 0x" not in repr(value):
            found[path or "value"] = _digest(repr(value).encode(errors="surrogatepass"))


def _walk_array(value: Any, path: str, found: dict[str, bytes], alive: dict[int, Any], depth: int) -> None:
    name = path or "values"
    if value.dtype.names:  # such as the nodes of a tree
        found[name] = _digest(*(np.ascontiguousarray(value[field]).tobytes() for field in value.dtype.names))
    elif value.dtype == object:
        texts = [item if isinstance(item, str) else None for item in value.ravel()]
        if all(text is not None for text in texts):
            found[name] = _digest(*(str(text).encode(errors="surrogatepass") for text in texts))
        else:
            _walk(value.ravel().tolist(), path, found, alive, depth + 1)
    else:
        found[name] = _digest(str((value.dtype, value.shape)).encode(), np.ascontiguousarray(value).tobytes())


def _state(value: object) -> Any:
    """What an object consists of; None where it does not say."""
    if hasattr(value, "get_arrays"):  # trees of neighbours count their queries in the rest of their state
        return list(value.get_arrays())
    own = getattr(value, "__dict__", None)
    if own and hasattr(
        value, "get_params"
    ):  # what an estimator was given is no part of what it learnt, but for its steps
        given = set(value.get_params(deep=False)) - STEPS
        return {key: item for key, item in own.items() if key not in given}
    if own:
        return own
    try:
        state = value.__getstate__()
    except Exception:  # what cannot be taken apart cannot be compared  # noqa: BLE001
        return None
    return state


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def _digest(*parts: bytes) -> bytes:
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(len(part).to_bytes(8, "little"))
        made.update(part)
    return made.digest()
