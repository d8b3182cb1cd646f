"""The forecaster that needs no settings: it finds the seasons, tries a small set of members, and combines the best."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from domains.timeseries.automatic.choice import Choice, choose, combined, naive_errors
from domains.timeseries.automatic.intervals import NormalisedConformal
from domains.timeseries.automatic.members import Autoregression, Booster, Member, SeasonalNaiveMember, Theta
from domains.timeseries.automatic.past import Past
from domains.timeseries.automatic.seasons import grid_of, seasons_of
from domains.timeseries.base import PanelForecaster
from shared.data import columns as names
from shared.data.formats import as_pandas
from shared.data.panel import Panel
from shared.errors import SettingsError, quoted

__all__ = ["AutoForecaster"]

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
KINDS = ("naive", "theta", "autoregression", "boosting")


class AutoForecaster(PanelForecaster):
    """Forecast any series with one call, and say what was chosen and why.

    Parameters
    ----------
    freq : str or int, optional
        Step of the grid, as in "h", "D", "W"; recognised where left out. Beside whole-number stamps a name such as "h"
        says what one step means.
    horizon : int or str, optional
        Steps to choose and learn for, or time as in "2D"; where left out, what is usual for the grid (`horizon_`).
    seasons : tuple of int, optional
        Seasons in steps; found where left out.
    members : tuple of {"naive", "theta", "autoregression", "boosting"}
        What may be combined.
    regressor : estimator, optional
        Learns from the cells instead of scikit-learn's histogram boosting; LightGBM's or any other will do.
    unique_id, ds, y : str
        Column names.
    tz : str, optional
        Zone of naive stamps.
    random_state : int
        Seed of the cells that boosting learns from.

    Attributes
    ----------
    horizon_ : int
        Steps that were chosen and learnt for.
    seasons_ : tuple of int
        Seasons in steps.
    choice_ : Choice
        What was chosen, with the scores of every candidate at origins inside the training data.

    Notes
    -----
    Members: naive and seasonal naive; theta; autoregressions, one a series, drawn to what all series share, of values
    and of changes, on linear and logarithmic scale; boosted trees over all series. They are judged at several origins
    inside the training data, one horizon apart (Tashman 2000, International Journal of Forecasting 16(4)), and the best
    one, or the median of those that come close to it, is learnt on all of it.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": range(120), "y": [float(i % 4) for i in range(120)]})
    >>> AutoForecaster().fit(table).predict(4).to_frame()["mean"].round(2).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(
        self,
        freq: str | int | None = None,
        *,
        horizon: int | str | None = None,
        seasons: tuple[int, ...] | None = None,
        members: tuple[str, ...] = KINDS,
        regressor: Any = None,
        unique_id: str = names.UNIQUE_ID,
        ds: str = names.DS,
        y: str = names.Y,
        tz: str | None = None,
        random_state: int = 0,
    ) -> None:
        self.freq = freq
        self.horizon = horizon
        self.seasons = seasons
        self.members = members
        self.regressor = regressor
        self.unique_id = unique_id
        self.ds = ds
        self.y = y
        self.tz = tz
        self.random_state = random_state

    # -- what the base asks ------------------------------------------------------------------------------------------

    def _grid_step(self, table: Any) -> str | int | None:
        """The frequency to ask the table for; a name beside whole-number stamps only tells the seasons."""
        if not isinstance(self.freq, str):
            return self.freq
        frame = as_pandas(table, "series table", copy=False)
        whole = self.ds in frame and frame[self.ds].dtype.kind in "iu"
        return None if whole else self.freq

    def _learn(self, panel: Panel) -> None:
        unknown = set(self.members) - set(KINDS)
        if unknown or not self.members or isinstance(self.members, str):
            raise SettingsError(f"members={self.members!r}: there are {quoted(KINDS)}")
        self.grid_ = grid_of(panel.frequency, self.freq)
        steps = self.grid_.horizon if self.horizon is None else self._few_steps(panel, self.horizon)
        self._learn_for(panel, steps)

    def _learn_for(self, panel: Panel, horizon: int) -> None:
        past = Past(panel.values, panel.indptr[:-1], panel.indptr[1:], np.arange(panel.n_series))
        self.learnt_ = panel
        self.horizon_ = horizon
        self.seasons_ = seasons_of(self.grid_, past) if self.seasons is None else tuple(sorted(self.seasons))
        self.least_ = float(past.values.min())
        self.number_ = {key: number for number, key in enumerate(panel.keys)}
        self.choice_ = choose(self._candidates(past, horizon), past, horizon, self.grid_.metric_season)
        self.members_ = [member.fit(past, horizon) for member in self.choice_.members]
        self.sizes_ = self._sizes(past)
        by_step = bool(self.seasons_) and self.seasons_[0] <= horizon
        self.intervals_ = NormalisedConformal(by_step=by_step).fit(self._errors(self.choice_), self.sizes_)

    def _errors(self, choice: Choice) -> Floats:
        """Errors at the origins, of square roots where values are never below zero."""
        if self.least_ < 0 or choice.origins == 0:
            return choice.errors
        forecast = np.maximum(choice.truth - choice.errors, 0.0)
        return np.asarray(np.sqrt(choice.truth) - np.sqrt(forecast))

    def _sizes(self, past: Past) -> Floats:
        """Typical change of each series, of its square root where values are never below zero."""
        changes = naive_errors(past, self.grid_.metric_season)
        if self.least_ < 0:
            return changes
        recent = 2 * max(self.seasons_, default=12)
        levels = np.array(
            [past.values[max(b, e - recent) : e].mean() for b, e in zip(past.begin, past.end, strict=True)]
        )
        return np.asarray(changes / np.sqrt(np.maximum(levels, 1e-300)))

    def _spreads(self, panel: Panel, series: Ints) -> tuple[Ints, Floats]:
        """Number and size of some series; those of new ones are told by their own history."""
        number = np.array([self.number_.get(panel.keys[i], -1) for i in series])
        fresh = self._sizes(Past(panel.values, panel.indptr[series], panel.indptr[series + 1], number))
        return number, np.where(number >= 0, self.sizes_[number], fresh)

    def _interval(self, panel: Panel, series: Ints, mean: Floats, level: float) -> tuple[Floats, Floats]:
        number, sizes = self._spreads(panel, series)
        radius = self.intervals_.radius(level, number, sizes)[:, : mean.shape[1]]
        return self._moved(mean, -radius), self._moved(mean, radius)

    def _paths(self, panel: Panel, series: Ints, mean: Floats, count: int, random: np.random.Generator) -> Floats:
        number, sizes = self._spreads(panel, series)
        errors = self.intervals_.paths(count, number, sizes, random)[:, :, : mean.shape[1]]
        return self._moved(mean[:, None, :], errors)

    def _moved(self, mean: Floats, by: Floats) -> Floats:
        """Forecasts moved by errors, which count on square roots where values are never below zero."""
        if self.least_ < 0:
            return mean + by
        return np.asarray(np.maximum(np.sqrt(mean) + by, 0.0) ** 2)

    def _candidates(self, past: Past, horizon: int) -> list[Member]:
        """Members worth trying on these series."""
        seasons = self.seasons_
        scales = ("log" if self.least_ >= 0 else "asinh", "linear")
        found: list[Member] = [SeasonalNaiveMember(season) for season in (1, *seasons)]
        if "theta" in self.members:
            found.append(Theta(seasons[0] if seasons else 1))
        if "autoregression" in self.members:
            found += [Autoregression(seasons, scale, difference=diff) for diff in (False, True) for scale in scales]
        if "boosting" in self.members:
            anchor = seasons[0] if seasons and seasons[0] <= horizon else 0
            found += [
                Booster(seasons, scale, anchor=anchor, regressor=self.regressor, seed=self.random_state)
                for scale in scales
            ]
        return found

    def predict(self, horizon: int | str | None = None, **more: Any) -> Any:
        """Forecast the next steps of every series; see `PanelForecaster.predict`.

        A horizon longer than `horizon_` is chosen and learnt for first, on the rows that `fit` saw.
        """
        if hasattr(self, "panel_"):
            steps = self.horizon_ if horizon is None else self._few_steps(self.panel_, horizon)
            if steps > self.horizon_:
                self._learn_for(self.learnt_, steps)
            return super().predict(steps, **more)
        return super().predict(horizon, **more)

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        number = np.array([self.number_.get(key, -1) for key in panel.keys])
        past = Past(panel.values, panel.indptr[series], origins, number[series])
        found = combined([member.forecast(past, horizon) for member in self.members_])
        for season in (*reversed(self.seasons_), 1):
            if np.isnan(found).any():
                found = np.where(np.isnan(found), SeasonalNaiveMember(season).forecast(past, horizon), found)
        return np.maximum(found, 0.0) if self.least_ >= 0 else found

    def explain(self) -> str:
        """Say in plain sentences what was chosen and why."""
        check_is_fitted(self)
        seasons = " and ".join(map(str, self.seasons_))
        return (f"Seasons of {seasons} steps. " if seasons else "No season. ") + self.choice_.explain()
