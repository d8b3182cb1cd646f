"""The forecaster that needs no settings: it finds the seasons, tries a small set of members, and combines the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from domains.timeseries.automatic.choice import Choice, choose, combine, naive_errors
from domains.timeseries.automatic.intervals import NormalisedConformal
from domains.timeseries.automatic.members import Autoregression, Booster, Member, SeasonalNaiveMember, Theta
from domains.timeseries.automatic.past import Past
from domains.timeseries.automatic.seasons import grid_of, seasons_of
from domains.timeseries.base import PanelForecaster
from shared.checks import is_whole
from shared.data import columns as names
from shared.data.frequency import MAX_STEPS
from shared.data.io.formats import as_pandas
from shared.data.panel import Panel
from shared.errors import DataError, Problem, SettingsError, quote
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Ints

__all__ = ["AutoForecaster"]

# Squares of larger values leave the range of numbers.
LARGEST = 1e140
# Rows below which every member may fail for a series; where all do, it is told.
SHORT = 12
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
        What may be combined; the naives are always tried.
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
        regressor: object = None,
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

    # -- learning ----------------------------------------------------------------------------------------------------

    def _grid_step(self, table: object) -> str | int | None:
        """The frequency to ask the table for; a name beside whole-number stamps only tells the seasons."""
        if isinstance(table, Panel):
            return None
        if not isinstance(self.freq, str):
            return self.freq
        frame = as_pandas(table, "series table", copy=False)
        if self.ds not in frame or frame[self.ds].dtype.kind not in "iu":
            return self.freq
        rows = frame[self.unique_id].value_counts().max() if self.unique_id in frame else len(frame)
        return 1 if rows == 1 else None  # a single row tells no step

    def _check_parameters(self) -> None:
        members = self.members
        listed = isinstance(members, list | tuple) and len(members) > 0
        if not listed or not all(isinstance(one, str) and one in KINDS for one in members):
            raise SettingsError(f"members={members!r}: give some of {quote(KINDS)}")
        if self.seasons is not None:
            listed = isinstance(self.seasons, list | tuple)
            if not listed or not all(map(is_whole, self.seasons)):
                raise SettingsError(f"seasons={self.seasons!r}: give whole numbers of steps from 1, as in (24, 168)")

    def _learn(self, panel: Panel) -> None:
        self._check_parameters()
        largest = float(np.abs(panel.values).max())
        if largest > LARGEST:
            raise DataError(
                "series table",
                [
                    Problem(
                        f"values of up to {largest:.3g} leave the range of numbers when they are squared",
                        column=self.y,
                        fix="Give them in larger units.",
                    )
                ],
            )
        self.grid_ = grid_of(panel.frequency, self.freq)
        steps = self.grid_.horizon if self.horizon is None else self._few_steps(panel, self.horizon)
        self._learn_for(panel, steps)

    def _learn_for(self, panel: Panel, horizon: int) -> None:
        past = Past(panel.values, panel.indptr[:-1], panel.indptr[1:], np.arange(panel.n_series))
        self.learnt_ = panel
        self.horizon_ = horizon
        self.longer_: dict[int, AutoForecaster] = {}
        self.seasons_ = seasons_of(self.grid_, past) if self.seasons is None else self._own_seasons()
        self.number_ = {key: number for number, key in enumerate(panel.keys)}
        self.rooted_ = self._find_nonnegative(past)
        self.choice_ = choose(self._candidates(past, horizon), past, horizon, self.grid_.metric_season)
        self.members_ = [member.fit(past, horizon) for member in self.choice_.members]
        self.sizes_ = self._sizes(past, self.rooted_)
        self.changes_ = naive_errors(past, self.grid_.metric_season)
        by_step = bool(self.seasons_) and self.seasons_[0] <= horizon
        self.intervals_ = NormalisedConformal(by_step=by_step).fit(self._errors(self.choice_), self.sizes_)

    def _own_seasons(self) -> tuple[int, ...]:
        return tuple(sorted({int(season) for season in self.seasons or () if season > 1}))

    def _candidates(self, past: Past, horizon: int) -> list[Member]:
        """Members worth trying on these series."""
        seasons = self.seasons_
        scales = ("log" if self.rooted_.all() else "asinh", "linear")
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

    # -- forecasting -------------------------------------------------------------------------------------------------

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        n_series = (len(self.learnt_.keys),)
        return {
            **super().declare_arrays(),
            "rooted_": ArrayOf("b", n_series),
            "sizes_": ArrayOf("f", n_series),
            "changes_": ArrayOf("f", n_series),
            "seasons_": ArrayOf("i", low=1, high=MAX_STEPS),
            "horizon_": ArrayOf("i", (), low=1, high=MAX_STEPS),
        }

    def predict(self, horizon: int | str | None = None, **more: Any) -> Any:
        """Forecast the next steps of every series; see `PanelForecaster.predict`.

        For a horizon longer than `horizon_` another model is chosen and learnt first, on the rows that `fit` saw.

        Parameters
        ----------
        horizon : int or str, optional
            Steps, or time as in "2D"; the horizon of the constructor where left out.
        **more
            As in `PanelForecaster.predict`: `future`, `levels`, `ids`.
        """
        check_is_fitted(self)
        steps = self.horizon_ if horizon is None else self._few_steps(self.panel_, horizon)
        if steps <= self.horizon_:
            return super().predict(steps, **more)
        if steps not in self.longer_:
            self.panel_.future_frame(steps)  # whether there are such stamps
            longer: AutoForecaster = clone(self)
            longer.grid_ = self.grid_
            longer._learn_for(self.learnt_, steps)
            self.longer_[steps] = longer
        self.longer_[steps].panel_ = self.panel_
        return self.longer_[steps].predict(steps, **more)

    def _past(self, panel: Panel, series: Ints, origins: Ints) -> Past:
        number = np.array([self.number_.get(panel.keys[i], -1) for i in series])
        return Past(panel.values, panel.indptr[series], origins, number)

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        past = self._past(panel, series, origins)
        found = combine([member.forecast(past, horizon) for member in self.members_])
        for season in (*reversed(self.seasons_), 1):
            if np.isnan(found).any():
                found = np.where(np.isnan(found), SeasonalNaiveMember(season).forecast(past, horizon), found)
        return np.where(self._find_nonnegative(past)[:, None], np.maximum(found, 0.0), found)

    def _notes(self, panel: Panel, series: Ints, mean: Floats) -> tuple[str, ...]:
        past = self._past(panel, series, panel.indptr[series + 1])
        few = np.flatnonzero(past.lengths < SHORT)
        if len(few) == 0:
            return ()
        found = combine([member.forecast(past.only(few), mean.shape[1]) for member in self.members_])
        short = few[np.isnan(found).any(axis=1)]
        if len(short) == 0:
            return ()
        keys = quote([panel.keys[i] for i in series[short]])
        count = "1 series is" if len(short) == 1 else f"{len(short):,} series are"
        return (f"{count} too short for what was chosen and forecast by the naive (series {keys}).",)

    # -- intervals ---------------------------------------------------------------------------------------------------

    @staticmethod
    def _find_nonnegative(past: Past) -> NDArray[Any]:
        """Series without values below zero, whose errors count on square roots; shape (n_series,)."""
        return np.array([past.values[b:e].min() >= 0 for b, e in zip(past.begin, past.end, strict=True)])

    def _errors(self, choice: Choice) -> Floats:
        """Errors at the origins, on square roots where a series has no value below zero."""
        if choice.origins == 0:
            return choice.errors
        came = np.maximum(choice.truth, 0.0)
        roots = np.sqrt(came) - np.sqrt(np.maximum(choice.truth - choice.errors, 0.0))
        return np.where(self.rooted_[:, None, None], roots, choice.errors)

    def _sizes(self, past: Past, rooted: Any) -> Floats:
        """Typical change of each series, on square roots where it has no value below zero."""
        changes = naive_errors(past, self.grid_.metric_season)
        recent = 2 * max(self.seasons_, default=12)
        levels = np.array(
            [past.values[max(b, e - recent) : e].mean() for b, e in zip(past.begin, past.end, strict=True)]
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            roots = changes / np.sqrt(np.maximum(levels, changes))
        return np.where(changes == 0, 0.0, np.where(rooted, roots, changes))

    def _spreads(self, panel: Panel, series: Ints) -> tuple[Ints, Floats, Any]:
        """Number, size and sign of some series; of those that are new, or below zero now, by their history."""
        past = self._past(panel, series, panel.indptr[series + 1])
        rooted = self._find_nonnegative(past)
        number = np.where((past.series >= 0) & (self.rooted_[past.series] == rooted), past.series, -1)
        sizes = np.where(number >= 0, self.sizes_[number], self._sizes(past, rooted))
        # A single row has no change of its own: the usual one of the series learnt from, or as much of its own level.
        changes = self.changes_[np.isfinite(self.changes_)]
        usual = float(np.median(changes)) if len(changes) else 0.0
        levels = np.abs(past.values[np.maximum(past.end - 1, past.begin)])
        lent = np.where(rooted, usual / np.sqrt(np.maximum(np.maximum(levels, usual), 1e-300)), usual)
        return number, np.where(np.isnan(sizes), lent, sizes), rooted[:, None]

    def _intervals(
        self, panel: Panel, series: Ints, mean: Floats, levels: Sequence[float], future: dict[str, Floats]
    ) -> list[tuple[Floats, Floats]]:
        if len(levels) == 0:
            return []
        number, sizes, rooted = self._spreads(panel, series)
        radii = [self.intervals_.radius(level, number, sizes)[:, : mean.shape[1]] for level in levels]
        return [
            (np.minimum(_shift(mean, -radius, rooted), mean), np.maximum(_shift(mean, radius, rooted), mean))
            for radius in radii
        ]

    def _drawer(
        self, panel: Panel, series: Ints, mean: Floats, future: dict[str, Floats]
    ) -> Callable[[int, np.random.Generator], Floats]:
        return partial(_draw_paths, self.intervals_, self._spreads(panel, series), mean)

    def explain(self) -> str:
        """Say in plain sentences what was chosen and why."""
        check_is_fitted(self)
        seasons = " and ".join(map(str, self.seasons_))
        return (f"Seasons of {seasons} steps. " if seasons else "No season. ") + self.choice_.explain()


def _draw_paths(
    intervals: NormalisedConformal,
    spreads: tuple[Ints, Floats, Any],
    mean: Floats,
    count: int,
    random: np.random.Generator,
) -> Floats:
    """Sample paths around forecasts; shape (n, count, horizon)."""
    number, sizes, rooted = spreads
    errors = intervals.paths(count, number, sizes, random)[:, :, : mean.shape[1]]
    return _shift(mean[:, None, :], errors, rooted[:, :, None])


def _shift(mean: Floats, by: Floats, rooted: Any) -> Floats:
    """Forecasts moved by errors, which count on square roots where a series has no value below zero."""
    roots = np.maximum(np.sqrt(np.maximum(mean, 0.0)) + by, 0.0) ** 2
    return np.where(by == 0, mean, np.where(rooted, roots, mean + by))
