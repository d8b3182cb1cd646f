"""The same table with another future: what must not be known at a cut is replaced, or taken away."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.typing import Bools, Ints

__all__ = ["Visibility", "other_values", "visibility_at"]

# Whole numbers with at most so many different values are taken for labels and swapped, not moved.
FEW = 20
FAR = pd.Timestamp("2250-01-01")


@dataclass(frozen=True)
class Visibility:
    """What may be seen at a cut.

    Attributes
    ----------
    train : numpy.ndarray of bool, shape (n_rows,)
        Rows to learn from: seen whole.
    own : numpy.ndarray of bool, shape (n_rows,)
        Rows that are asked for: seen but for the target. With a time order the first row after the cut of each
        series, otherwise half of the test rows.
    order : numpy.ndarray of int64, shape (n_rows,)
        Place of each row in its series; all zero where there is no order.
    series : numpy.ndarray of int64, shape (n_rows,)
        Number of each row's series.

    >>> Visibility(np.array([True, False]), np.array([False, True]), np.arange(2), np.zeros(2, int)).later.tolist()
    [False, False]
    """

    train: Bools
    own: Bools
    order: Ints
    series: Ints

    @property
    def later(self) -> Bools:
        """Rows of which nothing may be seen."""
        return ~(self.train | self.own)

    @property
    def seen(self) -> Bools:
        """Rows whose features and predictions must not change."""
        return self.train | self.own


@dataclass(frozen=True)
class Perturbed:
    """A table with another future.

    Attributes
    ----------
    table : pandas.DataFrame
    rows : numpy.ndarray of int64
        Position of each of its rows in the original table.
    unchanged : tuple of str
        Columns for which no other values could be made.
    """

    table: pd.DataFrame
    rows: Ints
    unchanged: tuple[str, ...] = ()


def visibility_at(
    table: pd.DataFrame, train: Ints, test: Ints, *, time: str | None, unique_id: str | None, random_state: int = 0
) -> Visibility:
    """Say what may be seen at a cut of a table.

    >>> table = pd.DataFrame({"t": [1, 2, 3, 4]})
    >>> visibility = visibility_at(table, np.array([0, 1]), np.array([2, 3]), time="t", unique_id=None)
    >>> visibility.own.tolist(), visibility.later.tolist()
    ([False, False, True, False], [False, False, False, True])
    """
    n = len(table)
    in_train, in_test = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    in_train[train], in_test[test] = True, True
    own = np.zeros(n, dtype=bool)
    if time is None:
        # Rows without an order: half of those asked for keep their features, the others must not matter to them.
        shuffled = np.random.default_rng(random_state).permutation(np.flatnonzero(in_test))
        own[shuffled[: max(1, len(shuffled) // 2)]] = True
        none = np.zeros(n, dtype=np.int64)
        return Visibility(in_train, own, none, none)
    keyed = unique_id is not None and unique_id in table.columns
    series = pd.factorize(table[unique_id])[0].astype(np.int64) if keyed else np.zeros(n, dtype=np.int64)
    stamps = table[time].rank(method="dense").to_numpy(dtype=float)
    order = pd.Series(stamps).groupby(series).rank(method="dense").to_numpy(dtype=float).astype(np.int64)
    first = pd.Series(np.where(in_test, order, np.iinfo(np.int64).max)).groupby(series).transform("min").to_numpy()
    own = in_test & (order == first)
    return Visibility(in_train, own, order, series)


def perturb(
    table: pd.DataFrame,
    visibility: Visibility,
    *,
    y: str | None,
    keep: tuple[str, ...],
    tame: bool = False,
    own_too: bool = False,
    random_state: int = 0,
) -> Perturbed:
    """Replace everything that may not be seen.

    Parameters
    ----------
    table : pandas.DataFrame
        Left unchanged.
    visibility : Visibility
        What may be seen.
    y : str, optional
        Target column, replaced in the rows asked for as well.
    keep : tuple of str
        Columns that stay: stamps, keys, and what is known ahead.
    tame : bool
        Whether to take values only from rows to learn from, for pipelines that refuse any others.
    own_too : bool
        Whether the other columns are unknown in the rows asked for, as for a forecast from an origin.
    """
    rng = np.random.default_rng(random_state + 1)
    hidden = visibility.later | (visibility.own & own_too)
    places = {name: hidden for name in table.columns if name not in keep and name != y}
    if y is not None and y not in keep:
        places[y] = visibility.later | visibility.own
    made = table.copy(deep=False)
    unchanged: list[str] = []
    learnt = np.flatnonzero(visibility.train) if visibility.train.any() else np.arange(len(table))
    donors = rng.choice(learnt, size=len(table))
    for name, mask in places.items():
        if not mask.any():
            continue
        values = made[name]
        sparse = isinstance(values.dtype, pd.SparseDtype)
        if sparse:
            values = pd.Series(np.asarray(values.array), index=values.index)
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                changed = values.array[donors[mask]] if tame else other_values(values, mask, rng)
                if changed is None:
                    changed = values.array[_other_rows(values, mask, rng)]
                whole = values.array.copy()
                whole[mask] = changed
        except (TypeError, ValueError, NotImplementedError, OverflowError):
            unchanged.append(str(name))
            continue
        whole = (
            pd.arrays.SparseArray(whole, fill_value=getattr(table[name].dtype, "fill_value", None)) if sparse else whole
        )
        made[name] = pd.Series(whole, index=table.index, name=name, dtype=table[name].dtype)
    return Perturbed(made, np.arange(len(table)), tuple(unchanged))


def _other_rows(values: pd.Series[Any], mask: Bools, rng: np.random.Generator) -> Ints:
    """For every marked row another row, for values of which no new ones can be made."""
    count = int(mask.sum())
    return np.asarray((np.flatnonzero(mask) + rng.integers(1, max(2, len(values)), size=count)) % len(values))


def truncate(table: pd.DataFrame, visibility: Visibility, *, half: bool = False) -> Perturbed:
    """Take away the rows of which nothing may be seen, or with `half` those of them that come last.

    In time order rows between the cut and those asked for stay: what counts rows would count others without them.
    """
    later = np.flatnonzero(visibility.later)
    if (visibility.order > 0).any() and visibility.own.any():
        asked = pd.Series(visibility.order[visibility.own]).groupby(visibility.series[visibility.own]).max()
        limits = pd.Series(visibility.series[later]).map(asked).fillna(asked.max()).to_numpy()
        later = later[visibility.order[later] > limits]
    ranked = later[np.argsort(visibility.order[later], kind="stable")]
    rows = np.setdiff1d(np.arange(len(table)), ranked[len(ranked) // 2 :] if half else ranked)
    return Perturbed(table.iloc[rows], rows)


def other_values(values: pd.Series[Any], mask: Bools, rng: np.random.Generator) -> Any:
    """Values for the marked rows that differ from what is there, of the same type and sign; None if there are none.

    Numbers come from far outside the observed range, so that means, quantiles and maxima move; labels, codes and
    truth values become other ones that occur.

    >>> column = pd.Series([1.0, 2.5, 3.1, 4.2])
    >>> bool((other_values(column, np.array([False, False, True, True]), np.random.default_rng(0)) > 4).all())
    True
    """
    count = int(mask.sum())
    dtype = values.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        shift = pd.to_timedelta(rng.integers(1, 1000, size=count), unit="D")
        moved = values[mask].array
        late = (
            values[mask] > values.max() - pd.Timedelta(days=1000)
            if values.max() > FAR.tz_localize(values.dt.tz)
            else None
        )
        back = np.where(late, -1, 1) if late is not None else 1
        return (moved + pd.TimedeltaIndex(np.asarray(shift) * back)).astype(dtype)
    numeric = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    known = values.dropna()
    if len(known) == 0:
        return None
    if numeric and not (pd.api.types.is_integer_dtype(dtype) and known.nunique() <= FEW):
        return _numbers(values, known, mask, rng)
    codes, labels = pd.factorize(values.astype(object), sort=False)
    if len(labels) < 2 or not all(np.isscalar(label) for label in labels):
        return None
    further = rng.integers(1, len(labels), size=count)
    picked = np.asarray(labels, dtype=object)[(np.maximum(codes[mask], 0) + further) % len(labels)]
    return pd.array(picked.tolist(), dtype=dtype) if not pd.api.types.is_object_dtype(dtype) else picked


def _numbers(values: pd.Series[Any], known: pd.Series[Any], mask: Bools, rng: np.random.Generator) -> Any:
    """Numbers far away; never negative or fractional where none are."""
    dtype = values.dtype
    given = known.to_numpy(dtype=float)
    given = given[np.isfinite(given)]
    if len(given) == 0:
        return None
    low, high = float(given.min()), float(given.max())
    reach = max(high - low, abs(high), 1e-6)
    count = int(mask.sum())
    away = reach * rng.lognormal(1.0, 1.0, size=count)
    made = high + away if low >= 0 else np.where(rng.random(count) < 0.5, high + away, low - away)
    if pd.api.types.is_integer_dtype(dtype):
        limits = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
        made = np.clip(np.round(made), max(limits.min, -(2.0**53)), min(limits.max, 2.0**53))
        present = values[mask].to_numpy(dtype=float, na_value=np.nan)
        made = np.where(made == present, max(low, limits.min), made)
        made = np.where(made == present, made - 1, made)
        return pd.array(made.astype(np.int64), dtype="Int64").astype(dtype)
    if isinstance(dtype, pd.api.extensions.ExtensionDtype):
        return pd.Series(made).astype(dtype).array
    return made.astype(dtype)
