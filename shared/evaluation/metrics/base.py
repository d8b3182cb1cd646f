"""What a metric is to the runner: a name, what it reads of the predictions, and a value for every unit of a split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.data import columns as names
from shared.errors import HexadError, quote
from shared.typing import Floats, Ints

__all__ = ["ArrayMetric", "Metric", "by_unit", "check_arrays", "group_rows", "score_split"]


class Metric(Protocol):
    """How predictions are judged; `ArrayMetric` makes one of a function of arrays.

    >>> from shared.evaluation.metrics import metric
    >>> mae: Metric = metric("mae")
    """

    @property
    def name(self) -> str:
        """Name in the score table."""
        ...

    @property
    def greater_is_better(self) -> bool | None:
        """Whether more of it is better; None where neither is, as for coverage, which has a target."""
        ...

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of the predictions that it needs."""
        ...

    def prepare(self, train: Any) -> Any:
        """What it needs of the rows before the first split, such as scales; None for most.

        Parameters
        ----------
        train : frame or Incidence
            Rows before the first split.
        """
        ...

    def units(self, predictions: pd.DataFrame, prepared: Any = None) -> pd.Series[float]:
        """One value a unit of one split (a series, a basket, a user, a day), by its label.

        The score of the split is their mean. Units of the same label are one cluster wherever chance is reckoned.

        Parameters
        ----------
        predictions : pandas.DataFrame
            Rows of one split, with the columns that the metric reads.
        prepared : object
            What `prepare` gave.
        """
        ...


@dataclass(frozen=True)
class ArrayMetric:
    """A metric that is a function of arrays; `shared.evaluation.metrics.metric` makes those that have a name.

    Parameters
    ----------
    name : str
        Name in the score table.
    function : callable
        Takes the columns of `reads`, each of shape (n,), and `options`; gives one number, or one a row with `per_row`.
    reads : tuple of str
        Columns of the predictions, in the order in which the function takes them.
    greater_is_better : bool, optional
        None where neither more nor less is better.
    unit : str, optional
        Column whose values are judged apart, all counting alike; the whole split where left out or not there.
    per_row : bool
        Whether the function gives one number a row: every row is then a unit, labelled by the column `unit`.
    options : mapping of str to object
        Further arguments of the function.
    undefined : callable, optional
        Takes the columns of `reads`, and says for which rows the metric is not defined; they are left out and counted.
    varies : bool
        Whether it is defined only where the first column of `reads` varies; units where it does not are left out and
        counted.

    >>> from shared.evaluation.metrics import mae
    >>> frame = pd.DataFrame({"shop": ["a", "a", "b"], "y": [1.0, 2.0, 3.0], "mean": [1.0, 4.0, 3.0]})
    >>> ArrayMetric("mae", mae, ("y", "mean"), unit="shop").units(frame).to_dict()
    {'a': 1.0, 'b': 0.0}
    """

    name: str
    function: Callable[..., Any]
    reads: tuple[str, ...]
    greater_is_better: bool | None = False
    unit: str | None = None
    per_row: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    undefined: Callable[..., Any] | None = None
    varies: bool = False

    def prepare(self, train: Any) -> Any:
        """Need nothing of the rows before the first split.

        Parameters
        ----------
        train : object
            Not used.
        """
        return None

    def units(self, predictions: pd.DataFrame, prepared: Any = None) -> pd.Series[float]:
        """One value a unit; see `Metric.units`.

        Parameters
        ----------
        predictions : pandas.DataFrame
            Of one model and split, with the columns of `reads`.
        prepared : ignored

        Raises
        ------
        HexadError
            A column is missing, or the metric is not defined for what is in it.
        """
        predictions = self._defined(predictions)
        arrays = self._arrays(predictions)
        keys = self._keys(predictions)
        if self.per_row:
            index = None if keys is None else pd.Index(keys)
            return pd.Series(np.asarray(self.function(*arrays, **self.options), dtype=float), index=index)
        if keys is None:
            return pd.Series([self.function(*arrays, **self.options)], dtype=float)
        return by_unit(self.function, keys, *arrays, **self.options)

    def notes(self, predictions: pd.DataFrame, prepared: Any = None) -> tuple[str, ...]:
        """Say what was left out, and why.

        Parameters
        ----------
        predictions : pandas.DataFrame
            Of one model, over all splits.
        prepared : ignored
        """
        if self.varies and (keys := self._keys(predictions)) is not None:
            parts = [keys, predictions[names.SPLIT]] if names.SPLIT in predictions.columns else [keys]
            kinds = predictions.groupby(parts, observed=True, dropna=False)[self.reads[0]].nunique()
            still = int((kinds < 2).sum())
            what = f"{self.name} left out {still:,} of {len(kinds):,} times a series whose outcomes are all the same"
            return (what,) if still else ()
        if self.undefined is None:
            return ()
        gone = int(np.asarray(self.undefined(*self._arrays(predictions)), dtype=bool).sum())
        return (
            (f"{self.name} left out {gone:,} of {len(predictions):,} rows for which it is not defined",) if gone else ()
        )

    def _defined(self, predictions: pd.DataFrame) -> pd.DataFrame:
        if self.varies and (keys := self._keys(predictions)) is not None:
            kept = predictions[self.reads[0]].groupby(keys, observed=True).transform("nunique") > 1
            if not kept.any():
                raise HexadError(f"{self.name} is not defined: no outcomes vary; use another metric")
            return predictions[kept]
        if self.undefined is None:
            return predictions
        gone = np.asarray(self.undefined(*self._arrays(predictions)), dtype=bool)
        if gone.all() and len(gone):
            raise HexadError(f"{self.name} is not defined for any of {len(gone):,} rows; use another metric")
        return predictions[~gone]

    def _arrays(self, predictions: pd.DataFrame) -> list[pd.Series[Any]]:
        # A model that knows no median forecasts but one value.
        reads = [names.median_of(predictions) if name == names.MEDIAN else name for name in self.reads]
        if lost := [name for name in reads if name not in predictions.columns]:
            bounds = any(str(name).startswith(("lo-", "hi-")) for name in lost)
            fix = "forecast with their levels" if bounds else "name the columns that it reads: metric(..., reads=(...))"
            raise HexadError(
                f"{self.name} needs the column{'s' if len(lost) > 1 else ''} {quote(lost)}, but the predictions have "
                f"{quote(predictions.columns)}; {fix}"
            )
        return [predictions[name] for name in reads]

    def _keys(self, predictions: pd.DataFrame) -> pd.Series[Any] | None:
        return predictions[self.unit] if self.unit is not None and self.unit in predictions.columns else None


def score_split(metric: Metric, predictions: pd.DataFrame, prepared: object = None) -> float:
    """Score the predictions of one model at one split: the mean over its units.

    Parameters
    ----------
    metric : Metric
    predictions : pandas.DataFrame
    prepared : object, optional
        What ``metric.prepare`` gave.

    >>> from shared.evaluation.metrics import metric
    >>> score_split(metric("mae"), pd.DataFrame({"y": [1.0, 2.0], "mean": [2.0, 2.0]}))
    0.5
    """
    return float(metric.units(predictions, prepared).mean())


def by_unit(
    function: Callable[..., float], units: ArrayLike, *arrays: ArrayLike, **options: object
) -> pd.Series[float]:
    """Compute a metric for each unit of a long table, such as each series.

    Parameters
    ----------
    function : callable
        Takes arrays and gives one number, as those of `shared.evaluation.metrics`.
    units : array of shape (n,)
        Label of each row's unit.
    *arrays : arrays of shape (n,)
        What the function takes.
    **options
        The function's further arguments.

    Returns
    -------
    pandas.Series
        One value a unit, in order of first appearance.

    Raises
    ------
    HexadError
        Rows without a label, or arrays of other lengths.

    >>> from shared.evaluation.metrics import mae
    >>> by_unit(mae, ["a", "a", "b"], [1, 2, 3], [1, 3, 5]).to_dict()
    {'a': 0.5, 'b': 2.0}
    """
    lengths = {len(np.asarray(units)), *(len(np.asarray(array)) for array in arrays)}
    if len(lengths) != 1 or lengths == {0}:
        raise HexadError(f"keys and values have to be of one length, and at least one; these have {sorted(lengths)}")
    columns = [np.asarray(array) for array in arrays]
    values = {key: function(*(column[rows] for column in columns), **options) for key, rows in group_rows(units)}
    return pd.Series(values.values(), index=list(values), dtype=float)


def group_rows(units: ArrayLike) -> Iterator[tuple[Any, Ints]]:
    """Yield each unit's label and the positions of its rows, in order of first appearance.

    Parameters
    ----------
    units : array of shape (n,)

    >>> [(key, rows.tolist()) for key, rows in group_rows(["b", "a", "b"])]
    [('b', [0, 2]), ('a', [1])]
    """
    keyed = pd.Series(units).reset_index(drop=True)
    if keyed.isna().any():
        raise HexadError(f"{int(keyed.isna().sum()):,} rows have no key; give every row the key of its unit")
    codes, keys = pd.factorize(keyed)
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(keys) + 1))
    for place, key in enumerate(keys):
        yield key, order[bounds[place] : bounds[place + 1]]


def check_arrays(*given: ArrayLike) -> list[Floats]:
    """Take arrays of one length, with at least one value, all finite.

    >>> [array.tolist() for array in check_arrays([1, 2], [3, 4])]
    [[1.0, 2.0], [3.0, 4.0]]
    """
    arrays = [np.asarray(one, dtype=float) for one in given]
    if any(array.ndim != 1 for array in arrays) or len({len(array) for array in arrays}) != 1:
        raise HexadError(f"metrics take arrays of one length, but these have shapes {[a.shape for a in arrays]}")
    if len(arrays[0]) == 0:
        raise HexadError("metrics need at least one value")
    for array in arrays:
        if not np.isfinite(array).all():
            count = int((~np.isfinite(array)).sum())
            raise HexadError(
                f"metrics need finite values, but {count:,} are missing or infinite; drop those rows first"
            )
    return arrays
