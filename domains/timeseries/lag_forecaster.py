"""The lag-feature forecaster: any regressor over a recipe of features, recursive or direct, with honest intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from sklearn.base import clone

from domains.timeseries.base import ShortHistoryError
from domains.timeseries.breaks import find_breaks
from domains.timeseries.calibration import Calibration
from domains.timeseries.conformal import change_sums, find_constant
from domains.timeseries.kernels import Canvas, feature_names, origin_block, target_block
from domains.timeseries.lag_model import LagModel
from domains.timeseries.power import takes_log
from domains.timeseries.recipe import DAY_NS, Recipe, Steps, default_recipe
from domains.timeseries.ridge import LeaveOut, StandardizedRidge
from domains.timeseries.scaling import Log, Scaling
from domains.timeseries.spread import OwnSpread, Spread
from domains.timeseries.transforms import change_lags, integrate
from shared.checks import as_tuple, check_model
from shared.data import columns as names
from shared.data.frequency import MAX_STEPS
from shared.data.panel import Panel
from shared.errors import HexadWarning, Problem, SettingsError, quote, shorten
from shared.runtime.array_of import ArrayOf
from shared.runtime.parallel import limit_threads, map_parallel
from shared.runtime.seeds import make_random_state
from shared.typing import Bools, Estimator, Floats, Ints

__all__ = ["LagForecaster"]

# Rows without which a regressor or a block left out is not learnt.
LEAST_ROWS = 10
# Rows after a break from which errors say what a series is like now.
LEAST_LIVE = 6
# Origins that errors are taken from, over all blocks: a 99 % bound then rests on the twenty largest.
MAX_CALIBRATION_ORIGINS = 2000


class LagForecaster(LagModel):
    """Forecast series with a regressor over lag features.

    The direct strategy fits one regressor for every step of the horizon, each on features known at the origin; the
    recursive strategy fits one regressor for the next step and feeds its forecasts back. Intervals are conformal:
    their half-widths are quantiles, by step, of the errors that models made on blocks of time left out of their
    training, and of the errors seen since (`update`). Every series is divided by its mean change over a season, so that
    large and small ones are learnt from alike. A forecast that leaves its history by more than the history's width is
    held at that bound, and its notes say so.

    Parameters
    ----------
    regressor : estimator, optional
        Any scikit-learn regressor. Where left out, a `StandardizedRidge` that shrinks towards the mean, the last value
        or the mean of the last ones, whichever forecasts the next step best: steps further ahead, whose targets
        overlap, keep to it and to its penalty at least, so that a random walk is not forecast to return to where it has
        been.
    recipe : Recipe, optional
        The features; a default for the grid where left out.
    strategy : {"direct", "recursive"}
        See above.
    horizon : int or str, optional
        Steps to forecast, or time as in "2D"; the direct strategy and intervals need it.
    every : int, str or "auto"
        Distance between the origins that a direct model learns from, counted back from the end of the data. With
        "1D" it learns only from origins at the same time of day, and forecasts from this time of day only. "auto" is
        a day on sub-daily grids with at least 100 days whose series end at the same time, and every step otherwise.
    log : bool, "asinh" or "auto"
        Whether to model the logarithm ``log(1 + y)``; y must be above -1. "asinh" is straight around zero and a
        logarithm far from it, for series that can be negative; see `Scaling`. The forecast is then a median rather than
        a mean. "auto" takes the logarithm where all values are above 0 and vary in proportion to their level; see
        `estimate_power`.
    differences : tuple of int or str
        Seasons over which differences are taken, one after the other, as in ``(1,)`` or ``("7D", 1)``; steps or time.
        They are taken after the logarithm and undone in every forecast, and in the errors that intervals come from.
    local_scale : bool
        Whether every series is divided by its mean change over a season, learnt in `fit`.
    short : {"naive", "refuse"}
        What becomes of series that are too short for the recipe: the seasonal naive forecasts them, and the forecast's
        notes say so; or they are refused.
    calibration_folds : int
        Blocks of time that are left out in turn for the intervals; 0 for no intervals.
    spread : bool, "own" or estimator
        Whether intervals are wide where forecasting is hard: a second regressor learns the size of the errors from the
        same features (`StandardizedRidge`, or the one given). "own" takes the size that the regressor itself expects,
        where it knows a distribution: `QuantileBoosting`, `NaturalGradientBoosting`, NGBoost, quantile-forest. Either
        way the errors out of sample say how many of these sizes an interval takes.
    half_life : int or str, optional
        Steps or time, as in "90D", after which an error counts half, for intervals that follow what changes. All errors
        count alike where left out.
    unique_id, ds, y : str
        Column names.
    freq : str or int, optional
        Step of the grid; recognised where left out.
    tz : str, optional
        Zone of naive stamps.
    random_state : int, optional
        Seed for regressors that draw.
    n_jobs : int, optional
        Workers; the result does not depend on it.

    Attributes
    ----------
    recipe_ : Recipe
        The recipe used.
    regressors_ : list
        One fitted regressor for each step (direct), or one (recursive).
    scaling_ : Scaling
        The scale on which it works.
    errors_ : numpy.ndarray of shape (n_origins, horizon)
        Errors out of sample, in units of each series' scale and of their expected size (`spread`), from which intervals
        and sample paths come; `update` adds to them.
    feature_names_out_ : list of str
        Names of the features.

    Notes
    -----
    Source of the strategies: Ben Taieb et al. (2012), Expert Systems with Applications 39(8). Of the intervals: Lei
    et al. (2018), JASA 113(523), with blocks of time left out as in Bergmeir & Benítez (2012), Information Sciences
    191. The blocks' models also learn from what came after a block, never from what comes after the origin;
    ridges keep the penalty that all rows chose.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": range(60), "y": [float(i % 4) for i in range(60)]})
    >>> model = LagForecaster(recipe=Recipe((1, 2, 3, 4)), horizon=4).fit(table)
    >>> model.predict().to_frame()["mean"].round(2).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(
        self,
        regressor: object = None,
        *,
        recipe: Recipe | None = None,
        strategy: Literal["direct", "recursive"] = "direct",
        horizon: int | str | None = None,
        every: int | str = "auto",
        log: Log | Literal["auto"] = False,
        differences: tuple[int | str, ...] = (),
        local_scale: bool = True,
        short: Literal["naive", "refuse"] = "naive",
        calibration_folds: int = 8,
        spread: object = False,
        half_life: int | str | None = None,
        unique_id: str = names.UNIQUE_ID,
        ds: str = names.DS,
        y: str = names.Y,
        freq: str | int | None = None,
        tz: str | None = None,
        random_state: int | None = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.regressor = regressor
        self.recipe = recipe
        self.strategy = strategy
        self.horizon = horizon
        self.every = every
        self.log = log
        self.differences = differences
        self.local_scale = local_scale
        self.short = short
        self.calibration_folds = calibration_folds
        self.spread = spread
        self.half_life = half_life
        self.unique_id = unique_id
        self.ds = ds
        self.y = y
        self.freq = freq
        self.tz = tz
        self.random_state = random_state
        self.n_jobs = n_jobs

    # -- what the base asks ------------------------------------------------------------------------------------------

    def _exogenous(self) -> tuple[str, ...]:
        recipe = self._own_recipe()
        return recipe.exogenous_columns if recipe is not None else ()

    def _own_recipe(self) -> Recipe | None:
        if self.recipe is not None and not isinstance(self.recipe, Recipe):
            raise SettingsError(f"recipe={shorten(repr(self.recipe))}: give a Recipe, as in Recipe([1, 2, 3])")
        return self.recipe

    def future_columns(self) -> tuple[str, ...]:
        """Columns that the recipe reads at the stamps that are forecast."""
        recipe = self._own_recipe()
        return recipe.known_columns if recipe is not None else ()

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray[Any, np.dtype[Any]]:
        """Names of the features, in the regressors' order.

        Parameters
        ----------
        input_features : object
            Not used; scikit-learn's signature.
        """
        return np.asarray(self.feature_names_out_, dtype=object)

    # -- learning ----------------------------------------------------------------------------------------------------

    def _learn(self, panel: Panel) -> None:
        self._check_parameters(panel)
        self._check_spread()
        frequency = panel.frequency
        horizon = self._few_steps(panel, self.horizon) if self.horizon is not None else 0
        self.recipe_ = self.recipe or default_recipe(frequency, int(panel.lengths.max()), max(horizon, 1))
        self.steps_ = self.recipe_.resolve(frequency)
        origin_names, target_names = feature_names(self.steps_, self.y)
        self.feature_names_out_ = origin_names + target_names
        self.horizon_ = horizon
        self.every_ = self._every_steps(panel)
        self.phase_ = int(self._wall(panel, panel.ends.max()) % self.every_)
        self.fitted_ends_ = {key: int(end) for key, end in zip(panel.keys, panel.ends, strict=True)}
        self.season_ = self.steps_.seasonal[0].steps if self.steps_.seasonal else 1
        self.seasons_apart_ = tuple(
            frequency.steps(season, "differences") for season in as_tuple(self.differences, "differences")
        )
        self._warn_of_levels()
        longest = max((season.steps for season in self.steps_.seasonal), default=1)
        log = takes_log(panel, longest) if self.log == "auto" else self.log
        self.scaling_ = Scaling.learn(panel, log=log, local=self.local_scale, season=self.season_)
        canvas = Canvas(frequency, self._feature_values(panel), panel.exogenous, panel.ordinals())
        seeds = make_random_state(self.random_state).randint(2**31 - 1, size=max(horizon, 1))
        if self.strategy == "direct":
            self._learn_direct(panel, canvas, seeds)
        else:
            self._learn_recursive(panel, canvas, int(seeds[0]))

    def _check_parameters(self, panel: Panel) -> None:
        if self.strategy not in {"direct", "recursive"}:
            raise SettingsError(f"strategy={self.strategy!r} is not known; it is 'direct' or 'recursive'")
        if self.strategy == "direct" and self.horizon is None:
            raise SettingsError("the direct strategy fits a model for every step: say horizon=, in steps or as in '2D'")
        if not isinstance(self.calibration_folds, int) or self.calibration_folds < 0 or self.calibration_folds == 1:
            raise SettingsError(f"calibration_folds={self.calibration_folds!r}: give at least 2 blocks, or 0 for none")
        if self.recipe is not None and self.strategy == "recursive":
            unknown = [variable.name for variable in self.recipe.exogenous if not variable.known]
            if unknown:
                raise SettingsError(
                    f"a recursive forecast would need {quote(unknown)} after the origin; use strategy='direct', or "
                    "declare the variable known and pass its future values"
                )
        as_tuple(self.differences, "differences")
        check_model(self.regressor, "regressor", "StandardizedRidge()")
        if not isinstance(self.log, bool) and self.log not in ("asinh", "auto"):
            raise SettingsError(f"log={self.log!r}: it is True, False, 'asinh' or 'auto'")
        if self.short not in {"naive", "refuse"}:
            raise SettingsError(f"short={self.short!r}: it is 'naive' or 'refuse'")
        self._check_log(panel, self.log)

    def _warn_of_levels(self) -> None:
        """Tell of known columns that a model of changes is shown without their own change over the same steps."""
        lags = change_lags(self.seasons_apart_)
        fixes = {v.name: f", known=True, lags={lags}" for v in self.steps_.exogenous if v.known and not v.shows(lags)}
        for v in self.steps_.exogenous:
            back = tuple(min(v.lags, default=1) + lag for lag in lags)
            if not v.known and not v.shows(back):
                fixes[v.name] = f", lags={back}"
        marked = self.steps_.holidays
        shown = any(v.name == marked and v.shows(lags) for v in self.steps_.exogenous)
        if marked is not None and not shown:
            fixes[marked] = f", known=True, lags={lags}"
        if self.seasons_apart_ and fixes:
            name, fix = next(iter(fixes.items()))
            warnings.warn(
                f"differences={self.differences!r} makes the model one of changes, but it is not shown the change of"
                f" {quote(fixes)} over the same steps: give the lags that this change is made of, as in"
                f" Exogenous({name!r}{fix})",
                HexadWarning,
                stacklevel=4,
            )
        if self.seasons_apart_ and "weekend" in self.steps_.calendar:
            warnings.warn(
                f"differences={self.differences!r} makes the model one of changes, and calendar='weekend' does not say"
                " when a weekend begins or ends: give 'day_of_week'",
                HexadWarning,
                stacklevel=4,
            )

    def _check_spread(self) -> None:
        if isinstance(self.spread, str) and (self.spread != "own" or self.strategy != "direct" or self.differences):
            raise SettingsError(
                f"spread={self.spread!r}: it is True, False, a regressor, or 'own' (strategy='direct', no differences)"
            )

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        lost = [one.name for one in self.steps_.exogenous if one.name not in self.panel_.exogenous]
        if lost:
            raise ValueError(f"its history lacks {quote(lost)}")
        return {
            **super().declare_arrays(),
            "seasons_apart_": ArrayOf("i", low=1, high=MAX_STEPS),
            "recipe_": Recipe,
            "steps_": Steps,
            "scaling_": Scaling,
            "regressors_": list,
            "fitted_ends_": dict,
            "horizon_": ArrayOf("i", (), low=0, high=MAX_STEPS),
            "every_": ArrayOf("i", (), low=1, high=MAX_STEPS),
            "phase_": ArrayOf("i", (), low=0, high=MAX_STEPS),
            "season_": ArrayOf("i", (), low=1, high=MAX_STEPS),
        }

    def _every_steps(self, panel: Panel) -> int:
        frequency = panel.frequency
        if self.every != "auto":
            return frequency.steps(self.every, "every")
        if self.strategy == "direct" and frequency.kind == "fixed" and DAY_NS % frequency.step == 0:
            day = DAY_NS // frequency.step
            same_clock = len(np.unique(self._wall(panel, panel.ends) % day)) == 1
            return day if panel.lengths.max() >= 100 * day and same_clock else 1
        return 1

    def _origins(self, panel: Panel) -> tuple[Ints, Ints]:
        """Rows from which a direct model learns, and their series."""
        rows = np.arange(len(panel.values))
        series = np.repeat(np.arange(panel.n_series), panel.lengths)
        if self.every_ > 1:
            mine = (self._wall(panel, panel.ordinals()) - self.phase_) % self.every_ == 0
            rows, series = rows[mine], series[mine]
        return rows, series

    def _learn_direct(self, panel: Panel, canvas: Canvas, seeds: Ints) -> None:
        rows, series = self._origins(panel)
        begin, end = panel.indptr[series], panel.indptr[series + 1]
        at_origin = origin_block(canvas, self.steps_, rows, begin)
        usable = np.isfinite(at_origin).all(axis=1) & ~_find_idle(panel)[series]
        rows, series, begin, end = rows[usable], series[usable], begin[usable], end[usable]
        at_origin = at_origin[usable]
        blocks = self._blocks(canvas.ordinals[rows])
        low, high = self._bounds_at(panel, canvas.y, rows, begin)

        own = isinstance(self.spread, str)

        def design(step: int) -> tuple[Ints, Floats, Floats]:
            open_ = rows + step < end
            lead = np.full(int(open_.sum()), step)
            at_target = target_block(canvas, self.steps_, rows[open_], lead, begin[open_])
            X = np.hstack([at_origin[open_], at_target])
            full = np.isfinite(X).all(axis=1)
            self._enough(int(full.sum()), step, panel)
            places = np.flatnonzero(open_)[full]
            return places, X[full], canvas.y[rows[places] + step]

        ridge = self._ridge()
        if self.regressor is None:
            # Errors of steps below the distance of origins do not overlap; the last of those speaks for the later ones.
            _, X, y = design(min(self.every_, self.horizon_) - 1)
            first = ridge.fit(X, y)
            ridge = StandardizedRidge(tuple(a for a in first.alphas if a >= first.alpha_), (first.towards_,))

        def learn(step: int) -> tuple[Any, Floats, OwnSpread | None]:
            places, X, y = design(step)
            alone = step < self.every_ and self.every_ > 1
            regressor = self._regressor(int(seeds[step]), self._ridge() if alone else ridge).fit(X, y)
            without = self._without(regressor, int(seeds[step]), X, y)
            errors = np.full(len(rows), np.nan)
            targets = canvas.ordinals[rows[places] + step]
            for first, last in blocks:
                kept = (targets < first) | (targets >= last + self.horizon_)
                out = (targets - step >= first) & (targets - step < last)
                if kept.sum() >= LEAST_ROWS and out.any():
                    model = without(~kept)
                    # The rows are known to be in order; checking them anew takes longer than the answer.
                    ask = model.predict_unchecked if type(model) is StandardizedRidge else model.predict
                    held = np.clip(ask(X[out]), low[places[out]], high[places[out]])
                    errors[places[out]] = y[out] - held
                    if own:
                        errors[places[out]] /= OwnSpread().from_regressor(model, X[kept]).predict(X[out])
            return regressor, errors, OwnSpread().from_regressor(regressor, X) if own else None

        work = len(rows) * len(self.feature_names_out_)
        learnt = map_parallel(learn, range(self.horizon_), n_jobs=self.n_jobs, work=work)
        self.regressors_ = [regressor for regressor, _, _ in learnt]
        errors = integrate(np.column_stack([errors for _, errors, _ in learnt]), self.seasons_apart_, None, rows)
        self._calibrate(panel, canvas, errors, rows, begin, blocks)
        if own:
            spreads: list[Spread] = [spread for _, _, spread in learnt if spread is not None]
            self.calibration_ = replace(self.calibration_, spreads=spreads)

    def _learn_recursive(self, panel: Panel, canvas: Canvas, seed: int) -> None:
        rows = np.arange(len(panel.values))
        series = np.repeat(np.arange(panel.n_series), panel.lengths)
        X = self._next_step(canvas, rows, panel.indptr[series])
        full = np.isfinite(X).all(axis=1) & ~_find_idle(panel)[series]
        self._enough(int(full.sum()), 0, panel)
        X, rows, series = X[full], rows[full], series[full]
        y, targets = canvas.y[rows], canvas.ordinals[rows]
        with limit_threads(X.size):
            self.regressors_ = [self._regressor(seed, self._ridge()).fit(X, y)]
        without = self._without(self.regressors_[0], seed, X, y)

        def block_errors(block: tuple[int, int]) -> tuple[Floats, Ints]:
            first, last = block
            kept = (targets < first) | (targets >= last + self.horizon_)
            held = np.flatnonzero((targets >= first) & (targets < last))
            share = max(1, MAX_CALIBRATION_ORIGINS // max(len(blocks), 1))
            out = held[:: -(-len(held) // share)] if len(held) else held
            if kept.sum() < LEAST_ROWS or len(out) == 0:
                return np.empty((0, self.horizon_)), out[:0]
            model = without(~kept)
            return self._errors_at(panel, series[out], rows[out], [model]), out

        blocks = self._blocks(targets)
        found = map_parallel(block_errors, blocks, n_jobs=self.n_jobs, work=X.size)
        errors = np.concatenate([np.empty((0, self.horizon_)), *(part for part, _ in found)])
        held = np.concatenate([np.empty(0, dtype=np.int64), *(places for _, places in found)])
        self._calibrate(panel, canvas, errors, rows[held], panel.indptr[series[held]], blocks)

    def _bounds_at(self, panel: Panel, worked: Floats, rows: Ints, begin: Ints) -> tuple[Floats, Floats]:
        """Where forecasts from some rows would be held: the range of the history before each, and its width beyond."""
        low, high = np.empty(len(worked)), np.empty(len(worked))
        with np.errstate(invalid="ignore"):
            for first, last in pairwise(panel.indptr):
                low[first:last] = np.fmin.accumulate(worked[first:last])
                high[first:last] = np.fmax.accumulate(worked[first:last])
        before = np.maximum(rows - 1, begin)
        least, most = low[before], high[before]
        return 2 * least - most, 2 * most - least

    def _tells(self, panel: Panel, rows: Ints, begin: Ints) -> Bools:
        """Rows whose errors say something of what comes: not those of constants, nor those before a series' last break.

        All tell where hardly any would remain.
        """
        first = panel.indptr[:-1]
        live = find_breaks(panel.values, first, panel.indptr[1:])
        number = np.searchsorted(first, begin)
        kept = (rows - live[number] >= np.where(live > first, LEAST_LIVE, 0)[number]) & ~find_constant(panel)[number]
        return kept if kept.sum() >= min(LEAST_ROWS, len(kept)) and kept.any() else np.ones(len(rows), dtype=bool)

    def _calibrate(
        self, panel: Panel, canvas: Canvas, errors: Floats, rows: Ints, begin: Ints, blocks: list[tuple[int, int]]
    ) -> None:
        """Learn from errors made out of sample at some rows of the panel."""
        if self.calibration_folds == 0:
            errors = errors[:, :0]
        seen = np.isfinite(errors).any(axis=1) & self._tells(panel, rows, begin)
        rows, begin, errors = rows[seen], begin[seen], errors[seen]
        if self.local_scale:
            errors = errors * self._units_without(panel, rows, begin)[:, : errors.shape[1]]
        steps = None if self.half_life is None else float(canvas.frequency.steps(self.half_life, "half_life"))
        learns = self.spread is not False and not isinstance(self.spread, str)
        spread = Spread(None if self.spread is True else self.spread) if learns else None
        self.calibration_ = Calibration.learn(
            errors,
            canvas.ordinals[rows],
            blocks,
            lambda some, step: self._features(canvas, rows[some], begin[some], step),
            spread,
            half_life=steps,
            n_jobs=self.n_jobs,
        )

    def _units_without(self, panel: Panel, rows: Ints, begin: Ints) -> Floats:
        """The unit of each error, over what it would be without the rows of this error; shape (n_rows, horizon).

        The next error has no part in the unit that it is measured in. One of the past has: where it is large, so is its
        unit, the more the shorter the series, and errors in such units are too much alike.
        """
        changes, there = change_sums(panel, self._to_scale(panel), self.season_)
        number = np.searchsorted(panel.indptr[:-1], begin)
        first, end = panel.indptr[number][:, None], panel.indptr[number + 1][:, None]
        last = np.minimum(rows[:, None] + 1 + np.arange(self.horizon_), end)
        total, size = (sums[end] - sums[first] for sums in (changes, there))
        left, kept = (whole - (sums[last] - sums[rows[:, None]]) for whole, sums in ((total, changes), (size, there)))
        told = (kept >= LEAST_ROWS) & (left > 0)
        return np.where(told, total * kept / np.where(told, left * size, 1.0), 1.0)

    def _ridge(self) -> StandardizedRidge:
        """The regressor where none was given; see the class for what it may shrink towards."""
        last = [place for place, lag in enumerate(self.steps_.lags) if lag == 1]
        means = [
            place
            for place, window in enumerate(self.steps_.rolling, len(self.steps_.lags))
            if window.statistic == "mean" and window.lag == 1
        ]
        return StandardizedRidge(towards=(-1, *last, *means))

    def _regressor(self, seed: int, ridge: StandardizedRidge | None = None) -> Estimator:
        regressor: Estimator = clone((ridge or StandardizedRidge()) if self.regressor is None else self.regressor)
        parameters = regressor.get_params(deep=True)
        drawn = {name: seed for name in parameters if name == "random_state" or name.endswith("__random_state")}
        unset = {name: value for name, value in drawn.items() if parameters[name] is None}
        if self.random_state is not None:
            regressor.set_params(**unset)
        return regressor

    def _without(self, fitted: object, seed: int, X: Floats, y: Floats) -> Callable[[Bools], Any]:
        """What fits the same regressor again without some rows."""
        if type(fitted) is StandardizedRidge and self.calibration_folds:
            return LeaveOut(fitted, X, y).without
        return lambda left_out: self._regressor(seed).fit(X[~left_out], y[~left_out])

    def _blocks(self, ordinals: Ints) -> list[tuple[int, int]]:
        """Blocks of time, as grid numbers from and to, that are left out in turn."""
        if self.calibration_folds == 0 or self.horizon_ == 0 or len(ordinals) == 0:
            return []
        edges = np.linspace(ordinals.min(), ordinals.max() + 1, self.calibration_folds + 1).astype(np.int64)
        return [(int(a), int(b)) for a, b in pairwise(edges) if b > a]

    def _enough(self, rows: int, step: int, panel: Panel) -> None:
        if rows >= LEAST_ROWS:
            return
        need = self.steps_.lookback() + max(step, self.horizon_ - 1) + LEAST_ROWS * self.every_
        raise ShortHistoryError(
            "series table",
            [
                Problem(
                    f"only {rows} rows have all features at step {step + 1}; the longest of {panel.n_series:,} series "
                    f"has {int(panel.lengths.max()):,} rows, the recipe needs about {need:,}",
                    fix="Give longer histories, or a recipe with shorter lags, seasons and windows.",
                )
            ],
        )


def _find_idle(panel: Panel) -> Bools:
    """Constant series beside others: nothing is learnt from them, whatever their unit."""
    constant = find_constant(panel)
    return np.zeros_like(constant) if constant.all() else constant
