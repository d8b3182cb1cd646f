"""How rows are predicted from columns, for `evaluate`; and the models that need no search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin

from domains.timeseries import StandardizedRidge
from shared.data import columns as names
from shared.data.splits import Split
from shared.evaluation import ColumnRoles, Stopwatch, Task
from shared.typing import Floats

__all__ = ["AsItIs", "PredictionTask", "RecentLevel", "RidgeOn"]


@dataclass(frozen=True)
class PredictionTask(Task):
    """Fit a regressor on the training rows of a table, and predict the test rows.

    Parameters
    ----------
    y : str
        Target.
    features : tuple of str
        What models see; all of it is known when a row is predicted.
    time : str, optional
        When the rows were.

    >>> PredictionTask("sales", ("a",)).metric("mae").reads
    ('y', 'mean')
    """

    y: str
    features: tuple[str, ...]
    time: str | None = None

    def roles(self, data: Any) -> ColumnRoles:
        """Say what the columns are.

        Parameters
        ----------
        data : pandas.DataFrame
        """
        return ColumnRoles(y=self.y, time=self.time, features=self.features, known=self.features)

    def run(self, model: Any, data: Any, splits: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit and predict, split by split.

        Parameters
        ----------
        model : regressor
        data : pandas.DataFrame
        splits : sequence of Split
        """
        found, watch = [], Stopwatch()
        inputs = data[list(self.features)]
        for split in splits:
            with watch("fit", split):
                model.fit(inputs.iloc[split.train], data[self.y].iloc[split.train])
            with watch("predict", split):
                mean = np.asarray(model.predict(inputs.iloc[split.test]), dtype=float)
            actual = data[self.y].iloc[split.test].to_numpy()
            found.append(pd.DataFrame({names.SPLIT: split.label, names.Y: actual, names.MEAN: mean}))
        return pd.concat(found, ignore_index=True), watch.to_frame()

    def perturb(self, data: Any, split: Split) -> tuple[Any, Split]:
        """Change every target that is not learnt from, and the columns of rows neither learnt from nor asked for.

        Parameters
        ----------
        data : pandas.DataFrame
        split : Split
        """
        other = data.copy()
        idle = np.setdiff1d(np.arange(len(data)), np.concatenate([split.train, split.test]))
        random = np.random.default_rng(0)
        for name in self.features:
            values = other[name].to_numpy().copy()
            values[idle] = random.permutation(values[idle])
            other[name] = values
        target = other[self.y].to_numpy(dtype=float).copy()
        unknown = np.setdiff1d(np.arange(len(data)), split.train)
        target[unknown] = random.permutation(target[unknown]) + target.std()
        return other.assign(**{self.y: target}), split


class AsItIs(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A column that is a guess of the target, taken at its word.

    >>> AsItIs("a").fit(None).predict(pd.DataFrame({"a": [3.0]})).tolist()
    [3.0]
    """

    def __init__(self, column: str = "") -> None:
        self.column = column

    def fit(self, X: object, y: object = None) -> AsItIs:
        """Learn nothing."""
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Return the column."""
        return np.asarray(X[self.column], dtype=float)


class RecentLevel(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The middle of the last rows learnt from: what can be said without any column where a level drifts.

    Parameters
    ----------
    rows : int
        How many; all of them where left out.
    strategy : {"median", "mean"}

    >>> RecentLevel(2, strategy="mean").fit(None, [9.0, 1.0, 2.0]).predict([[0]]).tolist()
    [1.5]
    """

    def __init__(self, rows: int | None = None, *, strategy: str = "median") -> None:
        self.rows = rows
        self.strategy = strategy

    def fit(self, X: object, y: object) -> RecentLevel:
        """Learn the level."""
        last = np.asarray(y, dtype=float)[-self.rows :] if self.rows else np.asarray(y, dtype=float)
        self.level_ = float(np.median(last) if self.strategy == "median" else np.mean(last))
        return self

    def predict(self, X: Any) -> Floats:
        """Return the level for every row."""
        return np.full(len(X), self.level_)


class RidgeOn(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A ridge regression on some columns of a table, whose penalty the rows choose.

    Parameters
    ----------
    columns : list of str

    >>> X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": 1.0})
    >>> RidgeOn(["a"]).fit(X, X["a"]).predict(X).round(1).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(self, columns: list[str]) -> None:
        self.columns = columns

    def fit(self, X: pd.DataFrame, y: object) -> RidgeOn:
        """Learn from these columns alone."""
        self.model_ = StandardizedRidge().fit(X[self.columns].to_numpy(), y)
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Predict rows."""
        return np.asarray(self.model_.predict(X[self.columns].to_numpy()))
