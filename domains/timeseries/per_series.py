"""A model of its own for every series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from domains.timeseries.base import Horizon, PanelForecaster, ShortHistoryError, as_keys
from domains.timeseries.baselines import SeasonalNaive
from domains.timeseries.forecast import Forecast
from domains.timeseries.metrics import say_series
from domains.timeseries.task import ForecastTask
from shared.checks import check_levels
from shared.data import columns as names
from shared.data.panel import Panel, PanelRepair
from shared.errors import CalibrationError, DataError, HexadError, Problem, quote
from shared.runtime.parallel import map_parallel
from shared.typing import Floats

__all__ = ["PerSeries"]

OWN_NAMES = ("unique_id", "ds", "y", "freq", "tz")


class PerSeries(BaseEstimator):  # type: ignore[misc]
    """Fit a clone of a forecaster to every series alone, where a few long series follow rules of their own.

    A forecaster of this package learns from all series of a table together, which is better for many short ones. This
    one asks the same forecaster once a series, and puts the forecasts back together. Series that are too short for it
    are forecast by their last value where others are not, and the forecast's notes name them.

    Parameters
    ----------
    forecaster : forecaster of this package
        Cloned; it names the columns.
    n_jobs : int, optional
        Workers over the series in `fit`; the result does not depend on it.

    Attributes
    ----------
    forecasters_ : dict
        The fitted forecaster of each series, by its key.
    short_ : set
        Keys of the series that were too short for it.

    >>> from domains.timeseries import Drift
    >>> table = pd.DataFrame({"unique_id": ["a"] * 3 + ["b"] * 3, "ds": [1, 2, 3] * 2, "y": [1.0, 2, 3, 9, 9, 9]})
    >>> PerSeries(Drift()).fit(table).predict(1).to_frame()["mean"].tolist()
    [4.0, 9.0]
    """

    def __init__(self, forecaster: PanelForecaster, *, n_jobs: int | None = None) -> None:
        self.forecaster = forecaster
        self.n_jobs = n_jobs

    @property
    def horizon(self) -> Any:
        """Steps to forecast where none are said: those of the forecaster."""
        return getattr(self.forecaster, "horizon", None)

    def future_columns(self) -> tuple[str, ...]:
        """Columns that its forecaster reads at the stamps that are forecast."""
        return self.forecaster.future_columns()

    def default_task(self) -> ForecastTask:
        """How it is evaluated where nothing else is said: as its forecaster."""
        return self.forecaster.default_task()

    def fit(self, table: Any, *, repair: PanelRepair | Iterable[PanelRepair] = ()) -> PerSeries:
        """Learn from a long table, series by series.

        Parameters
        ----------
        table, repair
            As for the forecaster.

        Raises
        ------
        DataError
            Listing everything that is wrong with the table, or with several series of it.
        """
        panel = self.forecaster.to_panel(table, repair=repair)
        self.short_: set[Any] = set()
        self.forecasters_ = self._fit_each(panel, range(panel.n_series))
        self.order_ = [panel.keys[i] for i in panel.appearance]
        self.has_key_ = panel.has_key
        return self

    def update(self, table: object, *, repair: PanelRepair | Iterable[PanelRepair] = ()) -> PerSeries:
        """Take later rows as history, without learning again; series that are new are learnt.

        Parameters
        ----------
        table : frame
            The rows right after those that are known.
        repair : str or iterable of str
            As in `fit`.

        Raises
        ------
        DataError
            Rows overlap with what is known, or leave a gap.
        """
        check_is_fitted(self)
        first = self.forecasters_[self.order_[0]].panel_
        later = self.forecaster.to_panel(table, repair=repair, frequency=first.frequency)
        if later.has_key != self.has_key_:
            first.extend(later)  # says what differs
        place = {key: i for i, key in enumerate(later.keys)}
        known = {key: self.forecasters_[key].panel_ for key in self.order_ if key in place}
        _of_each(
            known, lambda key: known[key].extend(later.take([place[key]]))
        )  # all that is wrong, before any changes
        for key in known:
            self.forecasters_[key].update(later.take([place[key]]))
            if key in self.short_:  # it may be long enough by now
                try:
                    self.forecasters_[key] = clone(self.forecaster).fit(self.forecasters_[key].panel_)
                    self.short_.discard(key)
                except ShortHistoryError:
                    continue
        fresh = [i for i in later.appearance if later.keys[i] not in self.forecasters_]
        self.forecasters_ |= self._fit_each(later, fresh, known=True)
        self.order_ = [*self.order_, *(later.keys[i] for i in fresh)]
        return self

    def predict(
        self,
        horizon: Horizon | None = None,
        *,
        future: Any = None,
        levels: float | Iterable[float] = (),
        ids: Any = None,
    ) -> Forecast:
        """Forecast the next steps of every series; as for the forecaster.

        Parameters
        ----------
        horizon : int, str or timedelta, optional
            Steps, or time as in "2D"; the forecaster's own where left out.
        future : frame, optional
            Columns known in the future for these steps.
        levels : float or iterable of float
            Nominal coverage of intervals, in percent.
        ids : sequence, optional
            Keys of the series wanted; all where left out.

        Raises
        ------
        DataError, SettingsError, CalibrationError
        """
        check_is_fitted(self)
        wanted = self.order_ if ids is None else list(as_keys(ids))
        unknown = [key for key in wanted if key not in self.forecasters_]
        if unknown or not wanted:
            raise HexadError(f"no history is known of the series {quote(unknown)}; pass it to fit or update first")
        if not self.future_columns():
            self.forecaster.refuse_unread(future)
        ahead = self._ahead(future, wanted)
        steps = self.horizon if horizon is None else horizon
        short = [key for key in wanted if key in self.short_]

        levels = check_levels(levels)
        bare: dict[Any, CalibrationError] = {}

        def forecast(key: Any) -> Forecast:
            own = {} if key in short else {"future": ahead[key]}
            try:
                made: Forecast = self.forecasters_[key].predict(steps, levels=levels, **own)
            except CalibrationError as error:
                bare[key] = error
                made = self.forecasters_[key].predict(steps, **own)
                bounds = [column for level in levels for column in names.interval_columns(level)]
                made = replace(made, frame=made.frame.assign(**dict.fromkeys(bounds, np.nan)), levels=levels)
            return made

        made = _of_each(wanted, forecast)
        if bare and len(bare) == len(wanted):
            key, error = next(iter(bare.items()))
            raise CalibrationError(f"series {quote([key])}: {error}")
        notes = [note for one in made.values() for note in one.notes]
        if bare:
            notes.append(
                f"{say_series(list(bare))} {'has' if len(bare) == 1 else 'have'} no errors to learn an interval from:"
                " the bounds are missing."
            )
        if short:
            verb = "is" if len(short) == 1 else "are"
            notes.append(
                f"{say_series(short)} {verb} too short for {type(self.forecaster).__name__}: the last value is the"
                " forecast."
            )
        forecasts = list(made.values())
        draws = [forecast.draw for forecast in forecasts]
        return Forecast(
            pd.concat([forecast.frame for forecast in forecasts], ignore_index=True),
            forecasts[0].levels,
            forecasts[0].columns,
            pd.concat([forecast.history for forecast in forecasts[:20]], ignore_index=True),
            f"{type(self.forecaster).__name__} per series",
            None if None in draws else _Together(draws),
            tuple(dict.fromkeys(notes)),
        )

    def _fit_each(self, panel: Panel, series: Iterable[int], *, known: bool = False) -> dict[Any, Any]:
        """Learn each series; short ones have the naive where there are others, in this table or before."""
        wanted = {panel.keys[i]: i for i in series}

        def learn(key: object) -> PanelForecaster | DataError:
            try:
                made: PanelForecaster = clone(self.forecaster).fit(panel.take([wanted[key]]))
                return made
            except DataError as error:
                return error

        found = dict(zip(wanted, map_parallel(learn, list(wanted), n_jobs=self.n_jobs), strict=True))
        short = [key for key, one in found.items() if isinstance(one, ShortHistoryError)]
        if getattr(self.forecaster, "short", "naive") != "refuse" and (len(short) < len(found) or known):
            naive = SeasonalNaive(1, **{name: getattr(self.forecaster, name) for name in OWN_NAMES})
            found |= {key: clone(naive).fit(panel.take([wanted[key]])) for key in short}
            self.short_ |= set(short)
        return _of_each(wanted, found.__getitem__)

    def _ahead(self, future: object, wanted: Sequence[Any]) -> dict[Any, Any]:
        """The rows of the future of each series."""
        if future is None:
            return dict.fromkeys(wanted)
        given = self.forecasters_[self.order_[0]].to_future_panel(future)
        if not given.has_key:
            return dict.fromkeys(wanted, given)
        place = {key: i for i, key in enumerate(given.keys)}
        if lost := [key for key in wanted if key not in place]:
            raise DataError(
                "future", [Problem(f"series {quote(lost)} has no rows", fix="Give every stamp of the horizon.")]
            )
        return {key: given.take([place[key]]) for key in wanted}


class _Together:
    """Draws the paths of several forecasts, one after the other.

    >>> _Together([lambda count, random: np.ones((1, count, 2))])(3, np.random.default_rng(0)).shape
    (1, 3, 2)
    """

    def __init__(self, draws: Sequence[Callable[[int, np.random.Generator], Floats] | None]) -> None:
        self.draws = [draw for draw in draws if draw is not None]

    def __call__(self, count: int, random: np.random.Generator) -> Floats:
        return np.concatenate([draw(count, random) for draw in self.draws])


def _of_each(keys: Iterable[Any], do: Callable[[Any], Any]) -> dict[Any, Any]:
    """What is found for each series; everything that is wrong with several of them is told at once."""
    found, problems, source = {}, [], ""
    for key in keys:
        try:
            result = do(key)
        except DataError as error:
            result = error
        if isinstance(result, DataError):
            source = result.source
            problems += [
                problem
                if repr(key) in str(problem)
                else replace(problem, what=f"series {quote([key])}: {problem.what}")
                for problem in result.problems
            ]
        found[key] = result
    if problems:
        told = {str(result) for result in found.values()}
        raise next(iter(found.values())) if len(told) == 1 else DataError(source, problems)
    return found
