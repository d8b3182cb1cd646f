"""The forecaster that needs no settings: it finds the seasons, tries a small set of members, and combines the best."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from domains.timeseries.automatic.choice import Choice, choose, combine, naive_errors
from domains.timeseries.automatic.counts import CountMean, find_counts
from domains.timeseries.automatic.intervals import NormalisedConformal
from domains.timeseries.automatic.members import (
    Autoregression,
    Booster,
    Member,
    SeasonalNaiveMember,
    Theta,
    forecast_held,
)
from domains.timeseries.automatic.past import Past
from domains.timeseries.automatic.plan import KEPT, Plan, latest, measure_gaps
from domains.timeseries.automatic.seasons import grid_of, seasons_of
from domains.timeseries.base import Horizon, PanelForecaster
from domains.timeseries.breaks import find_breaks, find_waking
from domains.timeseries.conformal import LEAST_CONSTANT
from domains.timeseries.forecast import Forecast
from domains.timeseries.metrics import say_series
from shared.checks import as_names, as_whole_numbers, check_model
from shared.data import columns as names
from shared.data.frequency import MAX_STEPS
from shared.data.io.frames import as_pandas
from shared.data.panel import Panel
from shared.errors import DataError, HexadError, Problem, SettingsError, quote
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools, Floats, Ints

__all__ = ["AutoForecaster"]

# Squares of larger values leave the range of numbers.
LARGEST = 1e140
# Rows below which every member may fail for a series; where all do, it is told.
SHORT = 12
# Share of a mean's squared errors below which members know more of small counts than their mean.
CLEARLY = 0.7
# Values other than zero by which that is judged.
LEAST_SEEN = 20
# Rows of a new regime from which its forecasts are judged.
LEAST_LIVE = 6
# Mean error of a zero forecast of small counts in units of their mean change, below which no spread falls.
LEAST_SPREAD = 0.5
# Origins whose errors one update adds at most.
FRESH = 4
KINDS = ("naive", "theta", "autoregression", "boosting")


class AutoForecaster(PanelForecaster):
    """Forecast any series with one call, and say what was chosen and why.

    Parameters
    ----------
    freq : str or int, optional
        Step of the grid, as in "h", "D", "W"; recognised where left out. Beside whole-number stamps a name such as "h"
        says what one step means.
    horizon : int or str, optional
        Steps to choose and learn for, or time as in "2D"; where left out, what is usual for the grid, and at most a
        fifth of the median series (`horizon_`).
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
        What was chosen for all these steps, with the scores of every candidate at origins inside the training data.
    plans_ : list of Plan
        What forecasts 1, 2, 4, ... and all of these steps: each number of steps has its own choice.

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
        members = as_names(self.members, "members")
        if unknown := [one for one in members if one not in KINDS]:
            raise SettingsError(f"members={self.members!r}: {quote(unknown[:1])} is none; give some of {quote(KINDS)}")
        if not members:
            raise SettingsError(f"members={self.members!r}: give some of {quote(KINDS)}")
        self._own_seasons()
        check_model(self.regressor, "regressor", "HistGradientBoostingRegressor()")

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
        if self.horizon is None:  # what leaves most of a short series to learn from
            steps = min(self.grid_.horizon, max(1, int(np.median(panel.lengths)) // 5))
        else:
            steps = self._few_steps(panel, self.horizon)
        self._learn_for(panel, steps)

    def _learn_for(self, panel: Panel, horizon: int) -> None:
        past = Past(panel.values, panel.indptr[:-1], panel.indptr[1:], np.arange(panel.n_series))
        self.learnt_ = panel
        self.horizon_ = horizon
        self.longer_: dict[int, AutoForecaster] = {}
        self.seasons_ = seasons_of(self.grid_, past) if self.seasons is None else self._own_seasons()
        self.number_ = {key: number for number, key in enumerate(panel.keys)}
        self.nonnegative_ = self._find_nonnegative(past)
        candidates = self._candidates(past, horizon)
        choices = choose(candidates, past, horizon, self.grid_.metric_season)
        self.choice_ = choices[-1]
        learnt: dict[str, Member] = {}
        plans = []
        for choice in choices:
            for member in choice.members:
                if member.name not in learnt:
                    learnt[member.name] = member.fit(past, horizon)
            members = tuple(learnt[member.name] for member in choice.members)
            plans.append(Plan(choice, members, choice.errors, choice.truth, choice.windows))
        self.plans_ = plans
        self.origins_ = panel.ends[:, None] - self.choice_.back
        self.next_ = panel.ends.copy()
        self._measure(panel)

    def _measure(self, panel: Panel) -> None:
        """Learn from errors so far what they say of series as they are now."""
        past = Past(panel.values, panel.indptr[:-1], panel.indptr[1:], np.arange(panel.n_series))
        live = find_breaks(panel.values, past.begin, past.end)
        begun = panel.starts + live - past.begin
        told = self.origins_ - begun[:, None] >= LEAST_LIVE
        broken = (live > past.begin) & (told & np.isfinite(self.plans_[-1].errors).any(axis=2)).any(axis=1)
        told |= ~broken[:, None]
        self.broken_ = broken
        self.nonnegative_ = self._find_nonnegative(past)
        self.counted_ = find_counts(past)
        self.rooted_ = self.nonnegative_ & ~self.counted_
        self.live_ = live - past.begin
        season = next((one for one in self.seasons_ if one > 1), 1)
        self.count_mean_ = CountMean.learn(replace(past, begin=live).only(self.counted_), season)
        waking = find_waking(panel.values, past.begin, past.end)
        self.waking_ = (waking > past.begin) & (live == past.begin)
        self.sizes_ = self._sizes(replace(past, begin=np.maximum(live, waking)), self.rooted_)
        self.counted_ &= ~self._find_patterns(past, panel.starts, told)
        floors = np.where(self.counted_, LEAST_SPREAD, 0.0)
        self.plans_ = [
            plan.learn_errors(told, self.rooted_, self.sizes_, floors, by_step=self._has_season_in(plan.steps))
            for plan in self.plans_
        ]

    def _find_patterns(self, past: Past, starts: Ints, told: Bools) -> Bools:
        """Series of small counts whose members know far more than a mean does, as of a shop that closes at night."""
        plan, found = self.plans_[-1], np.zeros(len(self.counted_), dtype=bool)
        counted = np.flatnonzero(self.counted_)
        if len(counted) == 0 or plan.errors.shape[1] == 0:
            return found
        gaps = measure_gaps(np.where(told[:, :, None], plan.errors, np.nan)[counted], plan.apart)
        squares, seen = np.zeros((2, len(counted))), np.zeros(len(counted))
        for column in range(plan.errors.shape[1]):
            known = np.isfinite(plan.errors[counted, column]).all(axis=1) & told[counted, column]
            rows = counted[known]
            at = past.begin[rows] + self.origins_[rows, column] - starts[rows]
            since = past.begin[rows] + np.where(self.broken_, self.live_, 0)[rows]
            means = self.count_mean_.forecast(replace(past.only(rows), begin=since, end=at), plan.steps)
            own = plan.errors[rows, column] - gaps[known][:, None]
            squares[:, known] += ((own**2).mean(axis=1), ((plan.truth[rows, column] - means) ** 2).mean(axis=1))
            seen[known] += (plan.truth[rows, column] != 0).sum(axis=1)
        found[counted] = (squares[0] < CLEARLY * squares[1]) & (seen >= LEAST_SEEN)
        return found

    def _has_season_in(self, steps: int) -> bool:
        return bool(self.seasons_) and self.seasons_[0] <= steps

    def _observe(self, before: Panel, merged: Panel) -> None:
        """Add the errors of forecasts whose outcomes have been seen by now; members stay as they are."""
        place = {key: i for i, key in enumerate(before.keys)}
        order = np.array([place.get(key, -1) for key in merged.keys])
        known = order >= 0
        first = np.where(known, self.next_[order], merged.starts + max(self.horizon_, SHORT))
        last = merged.ends - self.horizon_
        if before.n_series:
            first = np.where(known, first, np.maximum(first, last - (FRESH - 1) * self.horizon_))
        count = np.clip(last - first + 1, 0, FRESH)
        # At most a few of the origins whose outcomes are all known now, evenly spread, the latest first.
        back = np.linspace(np.zeros(len(first)), np.maximum(last - first, 0), FRESH, axis=1).round().astype(np.int64)
        fresh = np.repeat(count[:, None] > 0, FRESH, axis=1)
        fresh[:, 1:] &= np.diff(back, axis=1) > 0
        origins = np.where(fresh, last[:, None] - back, merged.ends[:, None])
        self.next_ = np.where(count > 0, last + 1, np.where(known, first, merged.ends))
        series, column = np.nonzero(fresh)
        past = self._past(merged, series, merged.indptr[series] + origins[series, column] - merged.starts[series])
        old = np.where(known[:, None], self.origins_[order], merged.starts[:, None])
        seen = np.where(known[:, None], np.isfinite(self.plans_[-1].errors[order]).all(axis=2), False)
        kept = latest(np.concatenate([fresh, seen], axis=1), KEPT)
        self.origins_ = np.take_along_axis(np.concatenate([origins, old], axis=1), kept, axis=1)
        plans, forecasts = [], dict[str, Floats]()
        for plan in self.plans_:
            errors, truth = (np.full((*fresh.shape, plan.steps), np.nan) for _ in range(2))
            if len(series):
                for member in plan.members:
                    if member.name not in forecasts:
                        forecasts[member.name] = forecast_held(member, past, self.horizon_)
                made = combine([forecasts[member.name] for member in plan.members])
                truth[series, column] = past.ahead(plan.steps)
                made = self._complete(past, made, self.horizon_)[:, : plan.steps]
                errors[series, column] = truth[series, column] - made
            plans.append(plan.add(order, errors, truth, kept, self.origins_))
        self.plans_ = plans
        self._measure(merged)

    def _own_seasons(self) -> tuple[int, ...]:
        seasons = as_whole_numbers(self.seasons, "seasons")
        return tuple(sorted({season for season in seasons if season > 1}))

    def _candidates(self, past: Past, horizon: int) -> list[Member]:
        """Members worth trying on these series."""
        seasons, members = self.seasons_, as_names(self.members, "members")
        scales = ("log" if self.nonnegative_.all() else "asinh", "linear")
        found: list[Member] = [SeasonalNaiveMember(season) for season in (1, *seasons)]
        if "theta" in members:
            found.append(Theta(seasons[0] if seasons else 1))
        if "autoregression" in members:
            found += [Autoregression(seasons, scale, difference=diff) for diff in (False, True) for scale in scales]
        if "boosting" in members:
            anchor = seasons[0] if seasons and seasons[0] <= horizon else 0
            found += [
                Booster(seasons, scale, anchor=anchor, regressor=self.regressor, seed=self.random_state)
                for scale in scales
            ]
        return found

    # -- forecasting -------------------------------------------------------------------------------------------------

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        n_series = (len(self.panel_.keys),)
        for plan in self.plans_:
            if plan.errors.shape[:2] != self.origins_.shape:
                raise ValueError("errors of other origins than those noted")
        if (np.asarray(self.live_) >= self.panel_.lengths).any():
            raise ValueError("a regime that begins after its series")
        if not self.plans_:
            raise ValueError("nothing to forecast with")
        return {
            **super().declare_arrays(),
            "plans_": list,
            "choice_": Choice,
            "origins_": ArrayOf("i", (*n_series, None)),
            "next_": ArrayOf("i", n_series),
            "rooted_": ArrayOf("b", n_series),
            "nonnegative_": ArrayOf("b", n_series),
            "counted_": ArrayOf("b", n_series),
            "count_mean_": CountMean,
            "live_": ArrayOf("i", n_series, low=0),
            "broken_": ArrayOf("b", n_series),
            "waking_": ArrayOf("b", n_series),
            "sizes_": ArrayOf("f", n_series),
            "seasons_": ArrayOf("i", low=1, high=MAX_STEPS),
            "horizon_": ArrayOf("i", (), low=1, high=MAX_STEPS),
        }

    def predict(
        self,
        horizon: Horizon | None = None,
        *,
        future: Any = None,
        levels: float | Iterable[float] = (),
        ids: Any = None,
    ) -> Forecast:
        """Forecast the next steps of every series.

        For a horizon longer than `horizon_` another model is chosen and learnt first, on the rows that `fit` saw.

        Parameters
        ----------
        horizon : int, str or timedelta, optional
            Steps, or time as in "2D"; the horizon of the constructor where left out.
        future : frame or Panel, optional
            Refused where it holds values: this forecaster reads no column ahead.
        levels : float or iterable of float
            Nominal coverage of intervals, in percent, as in ``[80, 95]``.
        ids : sequence, optional
            Keys of the series wanted; all where left out.

        Returns
        -------
        Forecast

        Raises
        ------
        DataError, SettingsError, CalibrationError
        """
        check_is_fitted(self)
        steps = self.horizon_ if horizon is None else self._few_steps(self.panel_, horizon)
        if steps <= self.horizon_:
            return super().predict(steps, future=future, levels=levels, ids=ids)
        if steps not in self.longer_:
            self.panel_.future_frame(steps)  # whether there are such stamps
            longer: AutoForecaster = clone(self)
            longer.grid_ = self.grid_
            longer._learn_for(self.learnt_, steps)
            longer.panel_ = self.learnt_
            self.longer_[steps] = longer
        longer = self.longer_[steps]
        if longer.panel_.keys != self.panel_.keys or (longer.panel_.ends != self.panel_.ends).any():
            longer._observe(longer.panel_, self.panel_)  # noqa: SLF001 - its own class
            longer.panel_ = self.panel_
        return longer.predict(steps, future=future, levels=levels, ids=ids)

    def _past(self, panel: Panel, series: Ints, origins: Ints) -> Past:
        number = np.array([self.number_.get(panel.keys[i], -1) for i in series], dtype=np.int64)
        return Past(panel.values, panel.indptr[series], origins, number)

    @property
    def members_(self) -> tuple[Member, ...]:
        """Members whose median forecasts all of `horizon_`."""
        return self.plans_[-1].members

    def _plan(self, horizon: int) -> Plan:
        """The plan made for so many steps, or for the next more."""
        return next((plan for plan in self.plans_ if plan.steps >= horizon), self.plans_[-1])

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        past = self._past(panel, series, origins)
        return self._complete(past, self._plan(horizon).forecast(past, horizon), horizon)

    def _complete(self, past: Past, found: Floats, horizon: int) -> Floats:
        """Forecasts of the naive where the members made none, none below zero where nothing was."""
        for season in (*reversed(self.seasons_), 1):
            if np.isnan(found).any():
                found = np.where(np.isnan(found), SeasonalNaiveMember(season).forecast(past, horizon), found)
        return np.where(self._find_nonnegative(past)[:, None], np.maximum(found, 0.0), found)

    def _means(self, panel: Panel, series: Ints, median: Floats, future: dict[str, Floats]) -> Floats:
        horizon = median.shape[1]
        means = median + np.asarray(self._plan(horizon).gaps)[series][:, None]
        counted = np.flatnonzero(self.counted_[series])
        if len(counted):
            past = self._past(panel, series, panel.indptr[series + 1])
            past = replace(past, begin=past.begin + self.live_[series]).only(counted)
            means[counted] = self.count_mean_.forecast(past, horizon)
        return np.asarray(np.where(self.nonnegative_[series][:, None], np.maximum(means, 0.0), means))

    def _notes(self, panel: Panel, series: Ints, mean: Floats) -> tuple[str, ...]:
        past, notes = self._past(panel, series, panel.indptr[series + 1]), []
        few = np.flatnonzero(past.lengths < SHORT)
        found = self._plan(mean.shape[1]).forecast(past.only(few), mean.shape[1])
        short = series[few[np.isnan(found).any(axis=1)]]
        if len(short):
            count = "1 series is" if len(short) == 1 else f"{len(short):,} series are"
            keys = quote([panel.keys[i] for i in short])
            notes.append(f"{count} too short for what was chosen and forecast by the naive (series {keys}).")
        broken = series[self.broken_[series]]
        if len(broken):
            first = broken[0]
            since = panel.stamp_text(int(panel.starts[first] + self.live_[first]))
            notes.append(
                f"{say_series([panel.keys[i] for i in broken])} left a level for another, the first at {since}:"
                " intervals tell of what came since, not of another such change."
            )
        waking = series[self.waking_[series]]
        if len(waking):
            notes.append(
                f"{say_series([panel.keys[i] for i in waking])} began to vary only a few rows ago: what is forecast of"
                " it rests on next to nothing."
            )
        return tuple(notes)

    # -- intervals ---------------------------------------------------------------------------------------------------

    @staticmethod
    def _find_nonnegative(past: Past) -> NDArray[Any]:
        """Series without values below zero, whose errors count on square roots; shape (n_series,)."""
        return np.array([past.values[b:e].min() >= 0 for b, e in zip(past.begin, past.end, strict=True)])

    def _sizes(self, past: Past, rooted: Any) -> Floats:
        """Typical change of each series, on square roots where it has no value below zero."""
        changes = naive_errors(past, self.grid_.metric_season)
        changes = np.where(changes == 0, naive_errors(past, 1), changes)
        changes[(changes == 0) & (past.lengths < LEAST_CONSTANT)] = np.nan  # too few to call it a constant
        recent = 2 * max(self.seasons_, default=12)
        levels = np.array(
            [past.values[max(b, e - recent) : e].mean() for b, e in zip(past.begin, past.end, strict=True)]
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            roots = changes / np.sqrt(np.maximum(levels, changes))
        sizes = np.where(changes == 0, 0.0, np.where(rooted, roots, changes))
        # A single row, or a few equal ones, have no change of their own: the usual one of the series learnt from, or as
        # much of its own level.
        known = changes[np.isfinite(changes)]
        usual = float(np.median(known)) if len(known) else 0.0
        lent = np.where(rooted, usual / np.sqrt(np.maximum(np.maximum(np.abs(levels), usual), 1e-300)), usual)
        return np.where(np.isnan(sizes), lent, sizes)

    def _intervals(
        self, panel: Panel, series: Ints, mean: Floats, levels: Sequence[float], future: dict[str, Floats]
    ) -> list[tuple[Floats, Floats]]:
        horizon, rooted, found = mean.shape[1], self.rooted_[series][:, None], []
        woken = self._since_waking(panel, series)
        for level in levels:
            radius = self._conformal(horizon).radius(level, series, self.sizes_[series])[:, :horizon]
            low, high = _shift(mean, -radius, rooted), _shift(mean, radius, rooted)
            low, high = np.minimum(low, mean - woken), np.maximum(high, mean + woken)
            low = np.where(self.nonnegative_[series][:, None], np.maximum(low, 0.0), low)
            found.append((np.minimum(low, mean), np.maximum(high, mean)))
        return found

    def _since_waking(self, panel: Panel, series: Ints) -> Floats:
        """How far the few rows apart lie that a series has had since it began to vary; 0 for others, (n_series, 1)."""
        if not self.waking_[series].any():
            return np.zeros((len(series), 1))
        first, end = panel.indptr[:-1], panel.indptr[1:]
        waking = find_waking(panel.values, first, end)
        spans = [np.ptp(panel.values[waking[i] : end[i]]) if self.waking_[i] else 0.0 for i in series]
        return np.array(spans, dtype=float)[:, None]

    def _conformal(self, horizon: int) -> NormalisedConformal:
        intervals = self._plan(horizon).intervals
        if intervals is None:
            raise HexadError("this forecaster has learnt from no errors")
        return intervals

    def _count_errors(self, horizon: int) -> float:
        return self._conformal(horizon).independent_

    def _drawer(
        self, panel: Panel, series: Ints, mean: Floats, future: dict[str, Floats]
    ) -> Callable[[int, np.random.Generator], Floats]:
        spreads = series, self.sizes_[series], self.rooted_[series][:, None], self.nonnegative_[series]
        return partial(_draw_paths, self._conformal(mean.shape[1]), spreads, mean)

    def explain(self) -> str:
        """Say in plain sentences what was chosen and why."""
        check_is_fitted(self)
        seasons = " and ".join(map(str, self.seasons_))
        return (f"Seasons of {seasons} steps. " if seasons else "No season. ") + self.choice_.explain()


def _draw_paths(
    intervals: NormalisedConformal,
    spreads: tuple[Ints, Floats, Bools, Bools],
    median: Floats,
    count: int,
    random: np.random.Generator,
) -> Floats:
    """Sample paths around forecasts; shape (n, count, horizon)."""
    series, sizes, rooted, nonnegative = spreads
    errors = intervals.paths(count, series, sizes, random)[:, :, : median.shape[1]]
    paths = _shift(median[:, None, :], errors, rooted[:, :, None])
    return np.where(nonnegative[:, None, None], np.maximum(paths, 0.0), paths)


def _shift(mean: Floats, by: Floats, rooted: Any) -> Floats:
    """Forecasts moved by errors, which count on square roots where a series has no value below zero."""
    roots = np.maximum(np.sqrt(np.maximum(mean, 0.0)) + by, 0.0) ** 2
    return np.where(by == 0, mean, np.where(rooted, roots, mean + by))
