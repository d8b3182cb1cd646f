"""The baselines that every forecast has to beat: seasonal naive, mean of seasons, drift, and M4's Naive2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial

import numpy as np

from domains.timeseries.base import PanelForecaster, ShortHistoryError
from domains.timeseries.breaks import find_breaks
from domains.timeseries.conformal import TOLD, find_constant, interval_radius, redrawn, series_scales
from domains.timeseries.decomposition import is_seasonal, seasonal_effects, seasonal_indices
from domains.timeseries.kernels import season_rows
from domains.timeseries.metrics import say_series
from domains.timeseries.recipe import DAY_NS, Season, season_of
from shared.checks import as_tuple, is_whole
from shared.data import columns as names
from shared.data.frequency import MAX_STEPS, wall_clock
from shared.data.panel import Panel
from shared.errors import Problem, SettingsError, quote
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Ints

__all__ = ["Drift", "HistoricalMean", "Naive2", "SeasonalMean", "SeasonalNaive", "SimilarDay"]

# Seasons back from which errors are taken; older ones tell little.
MAX_ORIGINS = 1000
# Errors of a step with which it is hardly known.
HARDLY = 3
# Origins that are forecast from at a time.
BATCH = 20_000
# A season that goes down to a twentieth of its mean would blow up what is divided by it.
LEAST_INDEX = 0.05


class _Baseline(PanelForecaster):
    """A forecaster that learns nothing, so that its errors at all past origins are out of sample.

    Intervals rest on a series' own errors where there are enough of them to read a quantile off; the fewer there are,
    the more the errors of all series count, each in units of its own changes.
    """

    def _season(self, panel: Panel) -> Season:
        """Season by which past origins are spaced."""
        return Season(1, wall=False, label="1")

    def _least(self, panel: Panel) -> int:
        """Rows that a forecast needs before its origin."""
        return 1

    def _learn(self, panel: Panel) -> None:
        least = self._least(panel)
        if (panel.lengths < least).all():
            short = [panel.keys[i] for i in range(panel.n_series)]
            raise ShortHistoryError(
                "series table",
                [
                    Problem(
                        f"{len(short):,} series are shorter than the {least} rows that {type(self).__name__} needs "
                        f"(series {quote(short)})",
                        fix="Give longer histories, or a shorter season.",
                    )
                ],
            )

    def past_errors(self, horizon: int) -> tuple[Floats, Ints, Floats]:
        """Errors at past origins, a season apart, in units of each series' scale; their series; and the scales.

        Parameters
        ----------
        horizon : int
            Steps of each forecast.
        """
        panel = self.panel_
        season = self._season(panel).steps
        scales = series_scales(panel, panel.values, season)
        constant = find_constant(panel)
        told = np.ones_like(constant) if constant.all() else ~constant
        live = find_breaks(panel.values, panel.indptr[:-1], panel.indptr[1:])
        origins, numbers = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for i in np.flatnonzero(told):
            begin, end = int(live[i]), int(panel.indptr[i + 1])
            every = season if end - begin > 2 * season + self._least(panel) else 1
            own = np.arange(end - every, begin + self._least(panel) - 1, -every)[: max(1, MAX_ORIGINS)]
            origins.append(own)
            numbers.append(np.full(len(own), i))
        rows, series = np.concatenate(origins), np.concatenate(numbers)
        errors = [np.empty((0, horizon))]
        for at in range(0, len(rows), BATCH):
            part = slice(at, at + BATCH)
            forecast = self._at_origins(panel, series[part], rows[part], horizon, {})
            ahead, ends = rows[part, None] + np.arange(horizon), panel.indptr[series[part] + 1][:, None]
            true = np.where(ahead < ends, panel.values[np.minimum(ahead, ends - 1)], np.nan)
            errors.append((true - forecast) / scales[series[part], None])
        return np.concatenate(errors), series, scales

    def _intervals(
        self, panel: Panel, series: Ints, mean: Floats, levels: Sequence[float], future: dict[str, Floats]
    ) -> list[tuple[Floats, Floats]]:
        if len(levels) == 0:
            return []
        horizon = mean.shape[1]
        errors, numbers, scales = self.past_errors(horizon)
        every = self.overlap(horizon)
        first, last = (np.searchsorted(numbers, series, side=side) for side in ("left", "right"))
        bounds = []
        for level in levels:
            radius = np.repeat(_pooled_radius(errors, level, every)[None], len(series), axis=0)
            for count in np.unique(last - first):  # series of as many errors at once
                mine = np.flatnonzero(last - first == count)
                own = errors[first[mine, None] + np.arange(count)]  # (series, origins, steps)
                told = np.isfinite(own).sum(axis=1).min(axis=1) / every if count else np.zeros(len(mine))
                share = np.where(told * every >= 1, np.minimum(1.0, (1 - level / 100) * told / TOLD), 0.0)
                mine, own, share = mine[share > 0], own[share > 0], share[share > 0, None]
                if len(mine):
                    columns = own.transpose(1, 0, 2).reshape(count, -1)
                    apart = _independent(own.reshape(-1, horizon), every, len(mine), count)
                    alone = interval_radius(columns, level, independent=apart).reshape(len(mine), horizon)
                    radius[mine] = share * alone + (1 - share) * radius[mine]
            radius *= scales[series][:, None]
            bounds.append((mean - radius, mean + radius))
        return bounds

    def _count_errors(self, horizon: int) -> float:
        errors = self.past_errors(horizon)[0]
        if len(errors) == 0:
            return 0.0
        errors = errors[:, : max(1, int(np.isfinite(errors).any(axis=0).sum()))]
        return float(_independent(errors, self.overlap(horizon)).min())

    def overlap(self, horizon: int) -> int:
        """Origins whose horizons overlap.

        Parameters
        ----------
        horizon : int
            Steps of each.
        """
        return max(1, -(-horizon // self._season(self.panel_).steps))

    def _drawer(
        self, panel: Panel, series: Ints, mean: Floats, future: dict[str, Floats]
    ) -> Callable[[int, np.random.Generator], Floats]:
        # A copy, as it is now; its errors are worked out only where paths are asked for.
        return partial(_draw_paths, copy(self), series, mean)


class SeasonalNaive(_Baseline):
    """The value one season earlier; whole days are counted on the wall clock.

    Parameters
    ----------
    season : int or str
        Steps, or time as in "1D" or "7D"; 1 step for the plain naive.
    unique_id, ds, y : str
        Column names.
    freq : str or int, optional
        Step of the grid; recognised where left out.
    tz : str, optional
        Zone of naive stamps.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [1.0, 2.0, 3.0, 4.0]})
    >>> SeasonalNaive(2).fit(table).predict(3).to_frame()["mean"].tolist()
    [3.0, 4.0, 3.0]
    """

    def __init__(
        self,
        season: int | str = 1,
        *,
        unique_id: str = names.UNIQUE_ID,
        ds: str = names.DS,
        y: str = names.Y,
        freq: str | int | None = None,
        tz: str | None = None,
    ) -> None:
        self.season = season
        self.unique_id = unique_id
        self.ds = ds
        self.y = y
        self.freq = freq
        self.tz = tz

    def _season(self, panel: Panel) -> Season:
        return season_of(self.season, panel.frequency, "season")

    def _least(self, panel: Panel) -> int:
        return self._season(panel).steps

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        return self.seasons_back(panel, series, origins, horizon, 1)

    def seasons_back(self, panel: Panel, series: Ints, origins: Ints, horizon: int, k: int) -> Floats:
        """Mean of the values 1 to k whole seasons before each step, as far as the history reaches.

        Parameters
        ----------
        panel : Panel
        series : array of int, shape (n,)
            Position of the series of each origin.
        origins : array of int, shape (n,)
            Row of the panel at which each forecast begins; its history ends before.
        horizon : int
            Steps of each forecast.
        k : int
            Seasons to take the mean of.
        """
        season = self._season(panel)
        lookback = (k + 1) * season.steps + 16
        canvas, place, begin = self._tail_canvas(panel, series, origins, lookback, horizon, {})
        target = (place[:, None] + np.arange(horizon)).ravel()
        begin = np.repeat(begin, horizon)
        rows = season_rows(canvas.offset, season, np.repeat(place, horizon), target, begin)
        total, count = np.zeros(len(target)), np.zeros(len(target))
        for _ in range(k):
            inside = rows >= begin
            total += np.where(inside, canvas.y[np.maximum(rows, begin)], 0.0)
            count += inside
            source = np.maximum(rows, begin)
            rows = np.where(inside, season_rows(canvas.offset, season, source, source, begin), rows)
        # A series shorter than its season has nothing there: its last value is all that is known of it.
        last = np.repeat(panel.values[origins - 1], horizon)
        found = np.divide(total, count, out=last, where=count > 0)
        return np.asarray(found.reshape(len(origins), horizon))

    def _notes(self, panel: Panel, series: Ints, mean: Floats) -> tuple[str, ...]:
        season = self._season(panel)
        short = [panel.keys[i] for i in series if panel.lengths[i] < season.steps]
        if not short:
            return ()
        return (
            f"{say_series(short)} shorter than a season of {season.steps:,} rows: where nothing lies a season back, the"
            " last value is the forecast",
        )


class SeasonalMean(SeasonalNaive):
    """The mean of the values at the last k seasons, as in "the last four Mondays at this time".

    Parameters
    ----------
    season : int or str
        Steps, or time as in "7D".
    k : int
        Seasons.
    unique_id, ds, y, freq, tz
        As in `SeasonalNaive`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [1.0, 2.0, 3.0, 4.0]})
    >>> SeasonalMean(2, k=2).fit(table).predict(2).to_frame()["mean"].tolist()
    [2.0, 3.0]
    """

    def __init__(
        self,
        season: int | str = 1,
        *,
        k: int = 4,
        unique_id: str = names.UNIQUE_ID,
        ds: str = names.DS,
        y: str = names.Y,
        freq: str | int | None = None,
        tz: str | None = None,
    ) -> None:
        super().__init__(season, unique_id=unique_id, ds=ds, y=y, freq=freq, tz=tz)
        self.k = k

    def _least(self, panel: Panel) -> int:
        if not is_whole(self.k):
            raise SettingsError(f"k={self.k!r}: give a whole number of seasons, at least 1")
        return self._season(panel).steps * self.k

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {**super().declare_arrays(), "k": ArrayOf("i", (), low=1, high=MAX_STEPS)}

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        return self.seasons_back(panel, series, origins, horizon, self.k)


class SimilarDay(SeasonalNaive):
    """Yesterday's value, but last week's on Mondays, Saturdays and Sundays: the naive of electricity markets.

    Source: Nogales et al. (2002), IEEE Transactions on Power Systems 17(2); Lago et al. (2021), Applied Energy
    293:116983, whose relative errors are measured against such a naive.

    Parameters
    ----------
    weekly : tuple of int
        Days of the week that are taken from last week, Monday is 0.
    unique_id, ds, y, freq, tz
        As in `SeasonalNaive`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=8), "y": range(8)}).astype({"y": float})
    >>> SimilarDay().fit(table).predict(5).to_frame()["mean"].tolist()
    [7.0, 7.0, 7.0, 7.0, 5.0]
    """

    def __init__(
        self,
        weekly: tuple[int, ...] = (0, 5, 6),
        *,
        unique_id: str = names.UNIQUE_ID,
        ds: str = names.DS,
        y: str = names.Y,
        freq: str | int | None = None,
        tz: str | None = None,
    ) -> None:
        super().__init__("7D", unique_id=unique_id, ds=ds, y=y, freq=freq, tz=tz)
        self.weekly = weekly

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {**super().declare_arrays(), "season": str}

    def _learn(self, panel: Panel) -> None:
        if panel.frequency.kind == "integer":
            raise SettingsError("SimilarDay needs dates, but the stamps are whole numbers")
        if not set(as_tuple(self.weekly, "weekly")) <= set(range(7)):
            raise SettingsError(f"weekly={self.weekly!r}: days of the week are numbered from 0, Monday, to 6")
        super()._learn(panel)

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        first = panel.starts[series] + origins - panel.indptr[series]
        ahead = panel.frequency.stamps((first[:, None] + np.arange(horizon)).ravel())
        day = (wall_clock(ahead, panel.frequency.tz) // DAY_NS + 3) % 7  # the epoch began on a Thursday
        yesterday = SeasonalNaive("1D").seasons_back(panel, series, origins, horizon, 1)
        last_week = self.seasons_back(panel, series, origins, horizon, 1)
        return np.where(np.isin(day, as_tuple(self.weekly, "weekly")).reshape(last_week.shape), last_week, yesterday)


class HistoricalMean(_Baseline):
    """The mean of all values so far: the plainest forecast there is.

    What is pure chance is forecast by nothing better, and by no value of yesterday's: a model that does not beat this
    mean has found nothing in the order of the values.

    Source: Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), section 5.2.

    Parameters
    ----------
    unique_id, ds, y, freq, tz
        As in `SeasonalNaive`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [1.0, 2.0, 3.0, 4.0]})
    >>> HistoricalMean().fit(table).predict(2).to_frame()["mean"].tolist()
    [2.5, 2.5]
    """

    def __init__(
        self,
        *,
        unique_id: str = names.UNIQUE_ID,
        ds: str = names.DS,
        y: str = names.Y,
        freq: str | int | None = None,
        tz: str | None = None,
    ) -> None:
        self.unique_id = unique_id
        self.ds = ds
        self.y = y
        self.freq = freq
        self.tz = tz

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        means = np.empty(len(origins))
        for one in np.unique(series):
            first, last = panel.indptr[one], panel.indptr[one + 1]
            mine = series == one
            values = panel.values[first:last]
            # Sums of deviations from the first value: those of large values alone would lose their last digits.
            sums = np.concatenate([[0.0], np.cumsum(values - values[0])])
            count = origins[mine] - first
            means[mine] = values[0] + sums[count] / count
        return np.repeat(means[:, None], horizon, axis=1)


class Drift(_Baseline):
    """The last value plus the mean change of the history, step by step.

    Source: Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), section 5.2.

    Parameters
    ----------
    unique_id, ds, y, freq, tz
        As in `SeasonalNaive`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 5.0]})
    >>> Drift().fit(table).predict(2).to_frame()["mean"].tolist()
    [7.0, 9.0]
    """

    def __init__(
        self,
        *,
        unique_id: str = names.UNIQUE_ID,
        ds: str = names.DS,
        y: str = names.Y,
        freq: str | int | None = None,
        tz: str | None = None,
    ) -> None:
        self.unique_id = unique_id
        self.ds = ds
        self.y = y
        self.freq = freq
        self.tz = tz

    def _least(self, panel: Panel) -> int:
        return 2

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        first, last = panel.values[panel.indptr[series]], panel.values[origins - 1]
        slope = (last - first) / np.maximum(origins - panel.indptr[series] - 1, 1)
        return np.asarray(last[:, None] + slope[:, None] * np.arange(1, horizon + 1))


class Naive2(_Baseline):
    """M4's benchmark: the naive on seasonally adjusted values, where a test finds a season.

    The test is on the autocorrelation at one season, 90 % two-sided; the adjustment is the classical multiplicative
    decomposition with a centred moving average; the additive one where values are not all well above zero. Source:
    Makridakis, Spiliotis & Assimakopoulos (2020), The M4 Competition, International Journal of Forecasting 36(1),
    appendix A.

    Parameters
    ----------
    season : int or str
        Steps in a season; 1 for none.
    unique_id, ds, y, freq, tz
        As in `SeasonalNaive`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": range(24), "y": [1.0, 3.0] * 12})
    >>> Naive2(2).fit(table).predict(2).to_frame()["mean"].round(6).tolist()
    [1.0, 3.0]
    """

    def __init__(
        self,
        season: int | str = 1,
        *,
        unique_id: str = names.UNIQUE_ID,
        ds: str = names.DS,
        y: str = names.Y,
        freq: str | int | None = None,
        tz: str | None = None,
    ) -> None:
        self.season = season
        self.unique_id = unique_id
        self.ds = ds
        self.y = y
        self.freq = freq
        self.tz = tz

    def _season(self, panel: Panel) -> Season:
        return season_of(self.season, panel.frequency, "season")

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        m = self._season(panel).steps
        forecasts = np.empty((len(origins), horizon))
        for place, (number, origin) in enumerate(zip(series, origins, strict=True)):
            history = panel.values[panel.indptr[number] : origin]
            forecasts[place] = history[-1]
            if m > 1 and is_seasonal(history, m):
                ahead, last = (len(history) + np.arange(horizon)) % m, (len(history) - 1) % m
                indices = seasonal_indices(history, m)
                if history.min() > 0 and indices.min() > LEAST_INDEX:
                    forecasts[place] = history[-1] / indices[last] * indices[ahead]
                else:  # around zero a season has no ratio
                    effects = seasonal_effects(history, m)
                    forecasts[place] = history[-1] + effects[ahead] - effects[last]
        return forecasts


def _draw_paths(baseline: _Baseline, series: Ints, mean: Floats, count: int, random: np.random.Generator) -> Floats:
    """Sample paths around forecasts; shape (n, count, horizon)."""
    horizon = mean.shape[1]
    errors, numbers, scales = baseline.past_errors(horizon)
    whole, _ = redrawn(errors, horizon)
    owners = numbers[np.isfinite(errors[:, :horizon]).all(axis=1)]
    drawn = random.integers(len(whole), size=(len(series), count))
    # A series' own errors, in the measure in which there are enough of them to tell how wide its 80 % interval is.
    own = random.random((len(series), count))
    every = baseline.overlap(horizon)
    for row, number in enumerate(series):
        first, last = np.searchsorted(owners, [number, number + 1])
        share = min(1.0, 0.2 * (last - first) / every / TOLD)
        mine = own[row] < share
        drawn[row, mine] = first + (own[row, mine] / max(share, 1e-300) * (last - first)).astype(np.int64)
    return np.asarray(mean[:, None, :] + scales[series][:, None, None] * whole[drawn])


def _pooled_radius(errors: Floats, level: float, every: int) -> Floats:
    """Half-widths from the errors of all series; steps that hardly any reaches grow as a random walk's."""
    counts = np.isfinite(errors).sum(axis=0)
    seen = max(int((counts > 0).sum()), 1)
    radius = interval_radius(errors[:, :seen], level, independent=_independent(errors[:, :seen], every))
    root = np.sqrt(np.arange(1, len(counts) + 1))
    grown = root * float((radius / root[:seen]).max())
    radius = np.concatenate([radius, grown[seen:]])
    return np.where(counts < HARDLY, np.maximum(radius, grown), radius)


def _independent(errors: Floats, every: int, series: int = 1, count: int | None = None) -> Floats:
    """Errors of each series and step that are worth as much as independent ones where so many horizons overlap."""
    horizon = errors.shape[1]
    counts = np.isfinite(errors).reshape(series, -1 if count is None else count, horizon).sum(axis=1)
    return np.asarray((counts / np.minimum(every, np.arange(1, horizon + 1))).ravel())
