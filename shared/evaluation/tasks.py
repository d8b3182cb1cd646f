"""How models are fitted and asked: one class a kind of model, so that the runner stays the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.columns import SeriesColumns
from shared.data.splits import Split
from shared.errors import HexadError, SettingsError

__all__ = ["Forecaster", "ForecastingTask", "Task"]


class Forecaster(Protocol):
    """What `ForecastingTask` needs of a model.

    >>> def takes(model: Forecaster) -> None: ...
    """

    def fit(self, table: pd.DataFrame) -> Any:
        """Learn from a long table."""
        ...

    def update(self, table: pd.DataFrame) -> Any:
        """Take later rows as history, without learning again."""
        ...

    def predict(
        self,
        horizon: int | None = None,
        *,
        future: Any = None,
        levels: Sequence[float] = (),
        ids: Sequence[Any] | None = None,
    ) -> Any:
        """Forecast; the result has ``to_frame()``."""
        ...


class Task(Protocol):
    """How a kind of model is fitted and asked; one class a kind, the runner stays the same.

    >>> task: Task = ForecastingTask()
    """

    @property
    def columns(self) -> SeriesColumns:
        """Names of the table's columns."""
        ...

    def groups(self, cuts: Sequence[Split]) -> list[list[Split]]:
        """Cuts that share one fit; each group is one piece of work."""
        ...

    def run(self, model: Any, table: pd.DataFrame, cuts: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit once, predict at every cut; return predictions and timings."""
        ...

    def another_future(self, table: pd.DataFrame, cut: Split) -> tuple[pd.DataFrame, Split]:
        """The table with everything replaced that is not known at a cut, and the same cut of it."""
        ...


@dataclass(frozen=True)
class ForecastingTask:
    """Fit before the first cutoff, take later rows in as history, forecast at every cutoff.

    Parameters
    ----------
    columns : SeriesColumns
        Names of the table's columns.
    known : tuple of str
        Columns known in the future, the only ones a model is shown beyond a cutoff.
    levels : tuple of float
        Intervals wanted, in percent.
    refit_every : int, optional
        Learn again at every n-th cutoff; never where left out.

    >>> ForecastingTask(known=("Holiday",)).known
    ('Holiday',)
    """

    columns: SeriesColumns = field(default_factory=SeriesColumns)
    known: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    refit_every: int | None = None

    def groups(self, cuts: Sequence[Split]) -> list[list[Split]]:
        """Cuts between two fits.

        >>> ForecastingTask(refit_every=2).groups(["a", "b", "c"])
        [['a', 'b'], ['c']]
        """
        if self.refit_every is not None and self.refit_every < 1:
            raise SettingsError(f"refit_every={self.refit_every}: give a whole number from 1, or leave it out")
        size = self.refit_every or len(cuts)
        return [list(cuts[start : start + size]) for start in range(0, len(cuts), size)]

    def run(self, model: Forecaster, table: pd.DataFrame, cuts: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit at the first cut, update at the others, forecast at each."""
        predictions, timings = [], []
        seen = np.zeros(len(table), dtype=bool)
        for place, cut in enumerate(cuts):
            start = time.perf_counter()
            if place == 0:
                model.fit(table.iloc[cut.train])
            else:
                new = cut.train[~seen[cut.train]]
                if len(new):
                    model.update(table.iloc[new])
            seen[cut.train] = True
            middle = time.perf_counter()
            predictions.append(self._predicted(model, table, cut))
            end = time.perf_counter()
            learn = "fit" if place == 0 else "update"
            timings += [
                {names.CUTOFF: cut.label, "what": learn, "seconds": middle - start},
                {names.CUTOFF: cut.label, "what": "predict", "seconds": end - middle},
            ]
        return pd.concat(predictions, ignore_index=True), pd.DataFrame(timings)

    def another_future(self, table: pd.DataFrame, cut: Split) -> tuple[pd.DataFrame, Split]:
        """Replace everything from a cut on but what is known ahead, and take away what comes after its test.

        >>> table = pd.DataFrame({"ds": range(5), "y": [1.0, 2.0, 3.0, 4.0, 5.0]})
        >>> other, cut = ForecastingTask().another_future(table, Split(3, np.array([0, 1, 2]), np.array([3])))
        >>> len(other), (other["y"] == table["y"][:4]).tolist()
        (4, [True, True, True, False])
        """
        from shared.evaluation.leakage.altered import altered, sight_of
        from shared.evaluation.leakage.pipelines import places_of

        ds, key = self.columns.ds, self.columns.unique_id
        sight = sight_of(table, cut.train, cut.test, time=ds, unique_id=key)
        keep = (ds, key, *self.known)
        other = altered(table, sight, y=self.columns.y, keep=keep, own_too=True).table
        rows = np.flatnonzero((table[ds] <= table[ds].iloc[cut.test].max()).to_numpy())
        return other.iloc[rows], Split(cut.label, places_of(cut.train, rows), places_of(cut.test, rows))

    def _predicted(self, model: Forecaster, table: pd.DataFrame, cut: Split) -> pd.DataFrame:
        key = [self.columns.unique_id] if self.columns.unique_id in table.columns else []
        test = table.iloc[cut.test]
        after = np.ones(len(table), dtype=bool)
        after[cut.train] = False
        after &= (table[self.columns.ds] <= test[self.columns.ds].max()).to_numpy()
        ahead = table[after]
        horizon = int(
            ahead.groupby(key, observed=True)[self.columns.ds].nunique().max()
            if key
            else ahead[self.columns.ds].nunique()
        )
        options: dict[str, Any] = {"levels": self.levels} if self.levels else {}
        if self.known:
            options["future"] = ahead[[*key, self.columns.ds, *self.known]]
        # Series that ended before have nothing to be tested on; a model is not asked for them.
        ids = list(test[key[0]].drop_duplicates()) if key else []
        if key and len(ids) < table[key[0]].nunique():
            options["ids"] = ids
        answer = model.predict(horizon, **options)
        if not hasattr(answer, "to_frame") and not isinstance(answer, pd.DataFrame):
            raise HexadError(
                f"{type(model).__name__}.predict gave a {type(answer).__name__}; a forecast is a frame, or has to_frame(), "
                f"with {', '.join([*key, self.columns.ds, names.MEAN])}"
            )
        forecast = answer.copy() if isinstance(answer, pd.DataFrame) else answer.to_frame()
        forecast[names.STEP] = (
            forecast.groupby(key, observed=True).cumcount() + 1 if key else np.arange(1, len(forecast) + 1)
        )
        if forecast.duplicated([*key, self.columns.ds]).any():
            twice = int(forecast.duplicated([*key, self.columns.ds]).sum())
            raise HexadError(f"{type(model).__name__} gave {twice:,} rows twice after {cut.label}")
        merged = test[[*key, self.columns.ds, self.columns.y]].merge(forecast, on=[*key, self.columns.ds], how="left")
        if merged[names.MEAN].isna().any():
            lost = int(merged[names.MEAN].isna().sum())
            raise HexadError(
                f"{type(model).__name__} gave no forecast for {lost:,} of {len(merged):,} rows after {cut.label}"
            )
        merged.insert(0, names.CUTOFF, cut.label)
        return merged
