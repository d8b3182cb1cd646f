"""A fitted lag model at work: the scale it works on, its forecasts, intervals and paths, and what it learns by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from domains.timeseries.base import PanelForecaster
from domains.timeseries.breaks import find_breaks
from domains.timeseries.calibration import Calibration
from domains.timeseries.fast_predict import fast_predictor
from domains.timeseries.kernels import Canvas, origin_block, target_block
from domains.timeseries.metrics import say_series
from domains.timeseries.recipe import Steps
from domains.timeseries.scaling import Log, Scaling, Units
from domains.timeseries.task import repaired_before
from domains.timeseries.transforms import changes_over, difference, integrate
from shared.data.panel import Panel
from shared.errors import DataError, HexadError, Problem, SettingsError, quote
from shared.runtime.parallel import limit_threads
from shared.typing import Floats, Ints

__all__ = ["LagModel"]

LEAST_LOG = -1 + 1e-9  # where log(1 + y) ends
BATCH = 2000
# Quantiles of the errors that means of a logarithm are taken over.
SHARES = 199
# Series whose means are taken at a time.
FEW = 200


class LagModel(PanelForecaster):
    """What a lag model does once it has learnt; `LagForecaster` is the one that learns.

    >>> from domains.timeseries import LagForecaster
    >>> LagForecaster.__mro__[1].__name__
    'LagModel'
    """

    log: Log | Literal["auto"]
    y: str
    strategy: Literal["direct", "recursive"]
    short: Literal["naive", "refuse"]
    calibration_folds: int
    steps_: Steps
    horizon_: int
    every_: int
    phase_: int
    season_: int
    seasons_apart_: tuple[int, ...]
    fitted_ends_: dict[Any, int]
    scaling_: Scaling
    calibration_: Calibration
    regressors_: list[Any]
    feature_names_out_: list[str]

    def _to_scale(self, panel: Panel) -> Floats:
        return self.scaling_.forward(panel)

    def _from_scale(self, panel: Panel, series: Ints, values: Floats) -> Floats:
        return self.scaling_.units_of(panel).of(series).back(values)

    def _check_log(self, panel: Panel, log: object) -> None:
        """Refuse values that have no logarithm, where one is taken."""
        count = int((panel.values <= -1).sum()) if log is True else 0
        if not count:
            return
        what = "log=True needs" if self.log is True else f"log={self.log!r} took the logarithm, which needs"
        told = f"{what} values above -1, but {count:,} {'is' if count == 1 else 'are'} not"
        fix = "Use log='asinh' or log=False for series that can be negative."
        raise DataError("series table", [Problem(told, column=self.y, fix=fix)])

    def _stages(self, panel: Panel) -> list[Floats]:
        """Values on the model's scale, and their differences, one after the other."""
        return difference(self._to_scale(panel), np.repeat(panel.indptr[:-1], panel.lengths), self.seasons_apart_)

    def _feature_values(self, panel: Panel) -> Floats:
        return self._stages(panel)[-1] if self.seasons_apart_ else self._to_scale(panel)

    def _wall(self, panel: Panel, ordinals: Any) -> Any:
        """Number of stamps on the wall clock."""
        at = np.atleast_1d(np.asarray(ordinals, dtype=np.int64))
        return (
            (at + panel.frequency.wall_offset(at))
            if np.ndim(ordinals)
            else int(at[0] + panel.frequency.wall_offset(at)[0])
        )

    def _features(self, canvas: Canvas, rows: Ints, begin: Ints, step: int) -> Floats:
        """What a direct forecast `step` steps after some rows is made from."""
        at_target = target_block(canvas, self.steps_, rows, np.full(len(rows), step), begin)
        return np.hstack([origin_block(canvas, self.steps_, rows, begin), at_target])

    @property
    def errors_(self) -> Floats:
        """Errors out of sample; see the class."""
        return self.calibration_.errors

    def _next_step(self, canvas: Canvas, rows: Ints, begin: Ints) -> Floats:
        at_origin = origin_block(canvas, self.steps_, rows, begin)
        if at_origin.shape[1] == len(self.feature_names_out_):
            return at_origin
        lead = np.zeros(len(rows), dtype=np.int64)
        return np.hstack([at_origin, target_block(canvas, self.steps_, rows, lead, begin)])

    # -- forecasting -------------------------------------------------------------------------------------------------

    def _at_origins(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        if self.strategy == "direct":
            if horizon > self.horizon_:
                raise SettingsError(f"this direct model was fitted for {self.horizon_} steps, not {horizon}; fit again")
            self._check_phase(panel, series, origins)
        forecast = self._raw(panel, series, origins, horizon, future, self.regressors_)
        if self.seasons_apart_:
            forecast = integrate(forecast, self.seasons_apart_, self._stages(panel), origins)
        broken = np.flatnonzero(~np.isfinite(forecast).all(axis=1) & (origins - panel.indptr[series] < self._reach()))
        if len(broken) == 0:
            return forecast
        if self.short == "refuse":
            keys = quote(dict.fromkeys(panel.keys[i] for i in series[broken]))
            raise DataError(
                "history",
                [
                    Problem(
                        f"{len(broken):,} series are too short for the recipe, which reaches {self._reach()} "
                        f"rows back (series {keys})",
                        fix="Give longer histories, leave the series out, or pass short='naive'.",
                    )
                ],
            )
        forecast[broken] = self._naive(panel, series[broken], origins[broken], horizon)
        return forecast

    def _reach(self) -> int:
        """Rows before an origin that a forecast may need."""
        return self.steps_.lookback() + sum(self.seasons_apart_)

    def _naive(self, panel: Panel, series: Ints, origins: Ints, horizon: int) -> Floats:
        """The value one season earlier, or the last one where there is no season; on the model's scale."""
        season = np.where(origins - panel.indptr[series] >= self.season_, self.season_, 1)[:, None]
        return np.asarray(self._to_scale(panel)[origins[:, None] - season + np.arange(horizon) % season])

    def _notes(self, panel: Panel, series: Ints, mean: Floats) -> tuple[str, ...]:
        origins = panel.indptr[series + 1]
        notes = []
        few = origins - panel.indptr[series] < self._reach()
        if few.any():
            naive = self._naive(panel, series[few], origins[few], mean.shape[1])
            short = series[few][(mean[few] == naive).all(axis=1)]
            if len(short):
                notes.append(
                    f"{len(short):,} series are too short for the recipe, which reaches {self._reach()} rows back; the "
                    f"seasonal naive forecasts them (series {quote([panel.keys[i] for i in short])})."
                )
        stages = self._stages(panel)
        low, high = self._bounds(panel, series, origins, stages[-1])
        worked = changes_over(mean, self.seasons_apart_, stages, origins)
        slack = 1e-9 * (high - low)[:, None]  # differences that are undone and taken again lose a bit
        held = ((worked <= low[:, None] + slack) | (worked >= high[:, None] - slack)).any(axis=1)
        held &= origins - panel.indptr[series] > sum(self.seasons_apart_)  # others have no differences
        if held.any():
            fix = "Use strategy='direct', a shorter horizon, or another recipe."
            if self.strategy == "direct":
                fix = "Look for values unlike those learnt from" + (
                    f", in {quote(self.future_columns())} above all." if self.future_columns() else "."
                )
            notes.append(
                f"The {'recursion' if self.strategy == 'recursive' else 'forecast'} of {int(held.sum()):,} series left"
                " its history by more than the history's width and was held there (series"
                f" {quote([panel.keys[i] for i in series[held]])}): do not believe it. {fix}"
            )
        live = find_breaks(panel.values, panel.indptr[:-1], panel.indptr[1:])
        since = panel.starts + live - panel.indptr[:-1]
        known = np.array([self.fitted_ends_.get(panel.keys[i], int(panel.ends[i])) for i in series])
        fresh = series[(live > panel.indptr[:-1])[series] & (since[series] + self.steps_.lookback() > known)]
        if len(fresh):
            notes.append(
                f"{say_series([panel.keys[i] for i in fresh])} left a level for another, of which the model had seen"
                f" next to nothing when it learnt (the first at {panel.stamp_text(int(since[fresh[0]]))}): fit again."
            )
        return tuple(notes)

    def _bounds(self, panel: Panel, series: Ints, origins: Ints, worked: Floats) -> tuple[Floats, Floats]:
        """The range of each history, or of its differences, extended by its width on either side."""
        from domains.timeseries.rolling import bounds

        begin = np.minimum(panel.indptr[series] + sum(self.seasons_apart_), origins - 1)
        if self.seasons_apart_:
            low, high = bounds(worked, begin, origins)
        else:
            own = bounds(panel.values, begin, origins)
            least = LEAST_LOG if self.scaling_.log is True else -np.inf
            units = self.scaling_.units_of(panel).of(series)
            low, high = (units.forward(np.maximum(bound, least)) for bound in own)
        slack = 1e-9 + 1e-9 * np.maximum(np.abs(low), np.abs(high))
        return low - slack, high + slack

    def cut_at_origin(self, table: object) -> tuple[Panel | None, int]:
        """New rows up to the last stamp that this model can forecast from, and the number of rows left out.

        A model that learnt from origins every so many steps (`every`) forecasts from such stamps only.

        Parameters
        ----------
        table : frame or Panel
            Rows of one series that follow those known.

        >>> import pandas as pd
        >>> from domains.timeseries import LagForecaster, Recipe
        >>> table = pd.DataFrame({"ds": range(60), "y": [float(i % 4) for i in range(60)]})
        >>> model = LagForecaster(recipe=Recipe((1, 2, 3, 4)), horizon=4, every=4).fit(table[:56])
        >>> model.cut_at_origin(table[56:59])[1], model.cut_at_origin(table[56:60])[1]
        (3, 0)
        """
        with repaired_before(self._columns()):
            later = Panel.from_frame(table, self._columns(), tz=self.tz, frequency=self.panel_.frequency)
        ends = later.starts[0] + np.arange(len(later.values)) + 1
        fits = np.flatnonzero((self._wall(later, ends) - self.phase_) % self.every_ == 0)
        kept = int(fits[-1]) + 1 if len(fits) else 0
        return (later.span(0, kept) if kept else None), len(later.values) - kept

    def _check_phase(self, panel: Panel, series: Ints, origins: Ints) -> None:
        if self.every_ == 1:
            return
        ordinals = panel.starts[series] + origins - panel.indptr[series]
        off = (self._wall(panel, ordinals) - self.phase_) % self.every_ != 0
        if off.any():
            place = int(np.flatnonzero(off)[0])
            stamp = panel.stamp_text(ordinals[place])
            raise HexadError(
                f"this model learnt from origins every {self.every_} steps, but the history of series "
                f"{quote([panel.keys[series[place]]])} ends before {stamp}, between two of them. Update it up to the "
                "next origin, fit again at this one, or fit with every=1."
            )

    def _raw(
        self,
        panel: Panel,
        series: Ints,
        origins: Ints,
        horizon: int,
        future: dict[str, Floats],
        regressors: list[Any],
    ) -> Floats:
        """Forecast on the model's scale; NaN where a history is too short."""
        worked = self._feature_values(panel)
        answers = [fast_predictor(regressor) for regressor in regressors]
        # So many series at a time that what they need of the past stays in the processor's cache through all steps.
        parts = [slice(at, at + BATCH) for at in range(0, max(len(origins), 1), BATCH)]
        with limit_threads(min(BATCH, len(origins)) * len(self.feature_names_out_)):
            found = [
                self._raw_part(panel, worked, series[part], origins[part], horizon, _rows_of(future, part), answers)
                for part in parts
            ]
        return np.concatenate(found)

    def _raw_part(
        self,
        panel: Panel,
        worked: Floats,
        series: Ints,
        origins: Ints,
        horizon: int,
        future: dict[str, Floats],
        answers: list[Callable[[Floats], Floats]],
    ) -> Floats:
        lookback = self.steps_.lookback()
        canvas, place, begin = self._tail_canvas(panel, series, origins, lookback, horizon, future, worked)
        result = np.full((len(origins), horizon), np.nan)
        low, high = self._bounds(panel, series, origins, worked)
        ask: Callable[[int], Floats]
        if self.strategy == "direct":
            at_origin = origin_block(canvas, self.steps_, place, begin)
            lead = np.tile(np.arange(horizon), len(place))
            repeated = np.repeat(place, horizon)
            at_target = target_block(canvas, self.steps_, repeated, lead, np.repeat(begin, horizon))
            at_target = at_target.reshape(len(place), horizon, -1)

            def ask(step: int) -> Floats:
                return np.hstack([at_origin, at_target[:, step]])

        else:

            def ask(step: int) -> Floats:
                return self._next_step(canvas, place + step, begin)

        shift = self._clock_shift(panel, canvas.ordinals[place], horizon)
        full: Any = np.ones(len(origins), dtype=bool)
        some: Any = slice(None)
        for step in range(horizon):
            X = ask(step)
            if (
                step == 0 or self.strategy == "direct"
            ):  # a recursion goes on with what it forecast: it stays full, or broken
                full = np.isfinite(X).all(axis=1)
                some = slice(None) if full.all() else full
            if full.any():
                found = answers[step if self.strategy == "direct" else 0](X[some])
                if shift is not None and shift[some, step].any():
                    found = _by_clock(answers, X[some], step, shift[some, step], found)
                found = np.minimum(np.maximum(found, low[some]), high[some])
                if self.strategy == "recursive":
                    canvas.y[place[some] + step] = found
                result[some, step] = found
        return result

    def _clock_shift(self, panel: Panel, first: Ints, horizon: int) -> Ints | None:
        """Hours (in steps) by which the clock has been moved since an origin, for every step; None where it never is.

        Where all origins that were learnt from are at one time of the day, the model of a step is that of a time of the
        day, too: after a change of the clock it is the one a step further, or less far, that knows it.
        """
        if (
            self.strategy != "direct"
            or self.every_ == 1
            or panel.frequency.kind != "fixed"
            or panel.frequency.tz is None
        ):
            return None
        ahead = first[:, None] + np.arange(horizon)
        moved = panel.frequency.wall_offset(ahead.ravel()).reshape(ahead.shape)
        shift = moved - panel.frequency.wall_offset(first)[:, None]
        return shift if shift.any() else None

    def _means(self, panel: Panel, series: Ints, median: Floats, future: dict[str, Floats]) -> Floats:
        """Means of what is to come: of a logarithm back, over the errors that were seen (Duan 1983, JASA 78(383))."""
        horizon = median.shape[1]
        errors = self.calibration_.errors[:, :horizon]
        if not self.scaling_.log or errors.shape[1] < horizon or not np.isfinite(errors).any(axis=0).all():
            return median
        units = self.scaling_.units_of(panel).of(series)
        point = units.forward(median)
        shares = (np.arange(SHARES) + 0.5) / SHARES
        sizes = self._sizes(panel, series, panel.indptr[series + 1], horizon, future)
        drawn = np.nanquantile(errors, shares, axis=0)
        low, high = self._bounds(panel, series, panel.indptr[series + 1], self._to_scale(panel))
        if self.seasons_apart_:
            low, high = np.full(len(series), -np.inf), np.full(len(series), np.inf)
        means = np.empty_like(median)
        for at in range(0, len(series), FEW):
            part = slice(at, at + FEW)
            held = point[part, None, :] + drawn * sizes[part, None, :]
            held = np.clip(held, low[part, None, None], high[part, None, None])
            means[part] = units.of(np.arange(len(series))[part]).back(held).mean(axis=1)
        return means

    # -- intervals ---------------------------------------------------------------------------------------------------

    def _errors_at(self, panel: Panel, series: Ints, origins: Ints, regressors: list[Any]) -> Floats:
        """Scaled errors of forecasts made at past origins; NaN where the outcome is not known yet."""
        rows = origins[:, None] + np.arange(self.horizon_)
        end = panel.indptr[series + 1][:, None]
        inside = np.minimum(rows, end - 1)
        known = self._gather_known(panel, series, origins)
        forecast = self._raw(panel, series, origins, self.horizon_, known, regressors)
        true = np.where(rows < end, self._feature_values(panel)[inside], np.nan)
        return integrate(true - forecast, self.seasons_apart_, None, origins)

    def _gather_known(self, panel: Panel, series: Ints, origins: Ints) -> dict[str, Floats]:
        """What was known ahead at past origins, as far as the panel reaches; shape (n, horizon) each."""
        inside = np.minimum(origins[:, None] + np.arange(self.horizon_), panel.indptr[series + 1][:, None] - 1)
        return {name: panel.exogenous[name][inside] for name in self.future_columns()}

    def _observe(self, before: Panel, merged: Panel) -> None:
        """Add the errors of forecasts whose outcomes have just been seen; the regressors stay as they are."""
        self._check_log(merged, self.scaling_.log)
        if self.calibration_folds == 0 or self.horizon_ == 0:
            return
        old_ends = {key: int(end) for key, end in zip(before.keys, before.ends, strict=True)}
        series, origins, first_new = [], [], []
        for i, key in enumerate(merged.keys):
            if key not in old_ends:
                continue
            begin, start = int(merged.indptr[i]), int(merged.starts[i])
            fresh = max(self.fitted_ends_.get(key, start), old_ends[key] - self.horizon_ + 1)
            ordinals = np.arange(fresh, int(merged.ends[i]))
            if self.every_ > 1 and len(ordinals):
                ordinals = ordinals[(self._wall(merged, ordinals) - self.phase_) % self.every_ == 0]
            series.append(np.full(len(ordinals), i))
            origins.append(begin + ordinals - start)
            first_new.append(np.full(len(ordinals), begin + old_ends[key] - start))
        if not series or sum(map(len, series)) == 0:
            return
        all_series, all_origins = np.concatenate(series), np.concatenate(origins)
        known = self._gather_known(merged, all_series, all_origins)
        errors = self._errors_at(merged, all_series, all_origins, self.regressors_)
        errors /= self._sizes(merged, all_series, all_origins, self.horizon_, known)
        rows = all_origins[:, None] + np.arange(self.horizon_)
        errors[rows < np.concatenate(first_new)[:, None]] = np.nan
        ordinals = merged.starts[all_series] + all_origins - merged.indptr[all_series]
        self.calibration_ = self.calibration_.extend(errors, ordinals)

    def _sizes(self, panel: Panel, series: Ints, origins: Ints, horizon: int, future: dict[str, Floats]) -> Floats:
        """Expected sizes of the errors of forecasts, on the model's scale; shape (n, horizon)."""
        if not self.calibration_.spreads:
            return np.ones((len(origins), horizon))
        lookback = self.steps_.lookback()
        canvas, place, begin = self._tail_canvas(
            panel, series, origins, lookback, horizon, future, self._feature_values(panel)
        )
        with limit_threads(len(origins) * len(self.feature_names_out_)):
            return self.calibration_.sizes(
                len(origins), horizon, lambda step: self._features(canvas, place, begin, step)
            )

    def _intervals(
        self, panel: Panel, series: Ints, mean: Floats, levels: Sequence[float], future: dict[str, Floats]
    ) -> list[tuple[Floats, Floats]]:
        horizon = mean.shape[1]
        radii = [self.calibration_.radius(level, horizon) for level in levels]
        sizes = self._sizes(panel, series, panel.indptr[series + 1], horizon, future) if radii else mean
        bounds = [(mean - sizes * radius, mean + sizes * radius) for radius in radii]
        return [(self._from_scale(panel, series, low), self._from_scale(panel, series, high)) for low, high in bounds]

    def _count_errors(self, horizon: int) -> float:
        if self.calibration_.errors.shape[1] < horizon or self.calibration_.half_life is not None:
            return float("inf")
        return float(self.calibration_.count_errors(horizon).min())

    def _drawer(
        self, panel: Panel, series: Ints, mean: Floats, future: dict[str, Floats]
    ) -> Callable[[int, np.random.Generator], Floats]:
        sizes = self._sizes(panel, series, panel.indptr[series + 1], mean.shape[1], future)
        return partial(_draw_paths, self.calibration_, mean, sizes, self.scaling_.units_of(panel).of(series))


def _draw_paths(
    calibration: Calibration, mean: Floats, sizes: Floats, units: Units, count: int, random: np.random.Generator
) -> Floats:
    """Sample paths around forecasts; shape (n, count, horizon)."""
    errors = calibration.paths(len(mean), count, mean.shape[1], random)
    return units.back(mean[:, None, :] + errors * sizes[:, None, :])


def _by_clock(answers: list[Callable[[Floats], Floats]], X: Floats, step: int, shift: Ints, found: Floats) -> Floats:
    """Ask the models of the same time of day for the rows whose clock was moved."""
    asked = found.copy()
    for moved in np.unique(shift[shift != 0]):
        mine = shift == moved
        asked[mine] = answers[int(np.clip(step + moved, 0, len(answers) - 1))](X[mine])
    return asked


def _rows_of(future: dict[str, Floats], part: slice) -> dict[str, Floats]:
    return {name: values[part] for name, values in future.items()}
