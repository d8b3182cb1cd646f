"""The members of an automatic forecast: naives, theta, pooled autoregressions, and boosted trees over all series."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from domains.timeseries.automatic.past import Past, to_scale
from shared.data.frequency import MAX_STEPS
from shared.runtime.array_of import ArrayOf
from shared.runtime.parallel import limit_threads
from shared.typing import Floats, Ints

__all__ = ["Autoregression", "Booster", "Member", "SeasonalNaiveMember", "Theta", "forecast_held"]

BATCH = 2048
# Share of the mean variance on the diagonal: it decides nothing where columns differ, and keeps equal ones solvable.
RIDGE = 1e-6


def _kernels() -> ModuleType:
    """Compiled loops, which are loaded where they are first needed."""
    from domains.timeseries.automatic import kernels

    return kernels


def _window(seasons: tuple[int, ...]) -> int:
    """Last values that a series is centred and measured on: two of its longest seasons."""
    return 2 * max(seasons, default=12)


class Member(Protocol):
    """What an automatic forecast combines: learns from a past, and forecasts from any later one.

    >>> one: Member = SeasonalNaiveMember(1)
    >>> one.name
    'naive'
    """

    costly: bool

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def family(self) -> str:
        """Its name without what is tuned: the best of a family stands for it."""
        ...

    def fit(self, past: Past, horizon: int) -> Member:
        """Learn from what is known; returns a fitted copy."""
        ...

    def forecast(self, past: Past, horizon: int) -> Floats:
        """Forecasts of shape (n_series, horizon); NaN where a series is too short."""
        ...


def forecast_held(member: Member, past: Past, horizon: int) -> Floats:
    """A member's forecasts, no further beyond each history than its own range; shape (n_series, horizon).

    What leaves a logarithm that way is no forecast.

    >>> past = Past(np.array([1.0, 3.0, 5.0]), np.array([0]), np.array([3]), np.array([0]))
    >>> forecast_held(SeasonalNaiveMember(1), past, 2).tolist()
    [[5.0, 5.0]]
    """
    from domains.timeseries.rolling import bounds

    low, high = bounds(past.values, past.begin, past.end)
    return np.clip(member.forecast(past, horizon), low[:, None], high[:, None])


class SeasonalNaiveMember(BaseEstimator):  # type: ignore[misc]
    """The value one season earlier; one step for the naive.

    >>> past = Past(np.arange(4.0), np.array([0]), np.array([4]), np.array([0]))
    >>> SeasonalNaiveMember(2).fit(past, 3).forecast(past, 3).tolist()
    [[2.0, 3.0, 2.0]]
    """

    costly = False

    def __init__(self, season: int) -> None:
        self.season = season

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {"season": ArrayOf("i", (), low=1, high=MAX_STEPS)}

    @property
    def name(self) -> str:
        """See `Member`."""
        return "naive" if self.season == 1 else f"seasonal naive ({self.season})"

    @property
    def family(self) -> str:
        """See `Member`."""
        return self.name

    def fit(self, past: Past, horizon: int) -> SeasonalNaiveMember:
        """Nothing is learnt."""
        return self

    def forecast(self, past: Past, horizon: int) -> Floats:
        """See `Member`."""
        rows = past.end[:, None] - self.season + np.arange(horizon) % self.season
        long = past.lengths >= self.season
        inside = np.where(long[:, None], rows, past.begin[:, None])
        last = max(len(past.values) - 1, 0)
        return np.where(long[:, None], past.values[np.minimum(inside, last)], np.nan)


class Theta(BaseEstimator):  # type: ignore[misc]
    """The theta method with a seasonal adjustment where a season shows.

    Source: Assimakopoulos & Nikolopoulos (2000), International Journal of Forecasting 16(4), in the form of Hyndman &
    Billah (2003), ibid. 19(2): simple exponential smoothing with half the linear trend as drift.

    >>> past = Past(np.arange(8.0), np.array([0]), np.array([8]), np.array([0]))
    >>> Theta(1).fit(past, 2).forecast(past, 2).round(1).tolist()
    [[7.5, 8.0]]
    """

    costly = False
    name = family = "theta"

    def __init__(self, season: int) -> None:
        self.season = season

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {"season": ArrayOf("i", (), low=1, high=MAX_STEPS)}

    def fit(self, past: Past, horizon: int) -> Theta:
        """Its constants belong to the past that it forecasts from."""
        return self

    def forecast(self, past: Past, horizon: int) -> Floats:
        """See `Member`."""
        return np.asarray(_kernels().theta_forecast(past.values, past.begin, past.end, self.season, horizon))


class Autoregression(BaseEstimator):  # type: ignore[misc]
    """One autoregression a series, drawn towards what all series have in common.

    Each series, centred and in units of its last values' size, has its own least-squares weights over the last values
    and those one season ago, as if `pooling` rows of the average series had been seen beside its own: the conjugate
    prior of a normal linear model (Gelman et al. 2013, Bayesian Data Analysis, chapter 14) whose mean and covariance
    come from the pool. Short series so lean on the others, long ones on themselves. Forecasts are fed back.

    Parameters
    ----------
    seasons : tuple of int
        Steps.
    scale : {"linear", "log", "asinh"}
        See `Scale`.
    difference : bool
        Whether to model the changes instead of the values.
    pooling : float
        Rows of the average series that count beside each series' own.

    >>> past = Past(np.arange(60) % 4 + 1.0, np.array([0]), np.array([60]), np.array([0]))
    >>> Autoregression((4,), "linear").fit(past, 3).forecast(past, 3).round(2).tolist()
    [[1.0, 2.0, 3.0]]
    """

    costly = False

    def __init__(self, seasons: tuple[int, ...], scale: str, *, difference: bool = False, pooling: float = 0.0) -> None:
        self.seasons = seasons
        self.scale = scale
        self.difference = difference
        self.pooling = pooling

    @property
    def family(self) -> str:
        """See `Member`."""
        return f"autoregression ({self.scale}{', differences' if self.difference else ''})"

    @property
    def name(self) -> str:
        """See `Member`."""
        return f"{self.family}, pooled {self.pooling:g}"

    @property
    def lags(self) -> Ints:
        """The last values, and those around one season ago."""
        few = min(13, max(4, *self.seasons, 0)) if self.difference else 3 if self.seasons else 8
        near = {season + off for season in self.seasons for off in range(-2, 3) if season + off > 0}
        return np.array(sorted({*range(1, few + 1), *near}), dtype=np.int64)

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        n_lags = len(self.lags)
        return {
            "seasons": ArrayOf("i", low=1, high=MAX_STEPS),
            "pool_gram_": ArrayOf("f", (n_lags, n_lags)),
            "pool_moment_": ArrayOf("f", (n_lags,)),
            "weights_": ArrayOf("f", (None, n_lags)),
        }

    def fit(self, past: Past, horizon: int) -> Autoregression:
        """Learn the pool and every series' weights."""
        return self.fit_all(past, (self.pooling,))[0]

    def fit_all(self, past: Past, poolings: tuple[float, ...]) -> list[Autoregression]:
        """Learn with several shares of the pool at once; sums over the rows are made once."""
        x, first, used = self._prepare(past)[:3]
        gram, moment = self._pool(x, first, past.end, used)
        made = []
        for pooling in poolings:
            one = Autoregression(self.seasons, self.scale, difference=self.difference, pooling=pooling)
            one.pool_gram_, one.pool_moment_ = gram, moment
            one.weights_ = np.full((len(first), len(self.lags)), np.nan)
            made.append(one)
        for part, (gram_of, moment_of, _) in self._sums(x, first, past.end, used):
            for one in made:
                one.weights_[part] = one._solve(gram_of, moment_of, used[part])  # noqa: SLF001 - its own class
        return made

    def forecast(self, past: Past, horizon: int) -> Floats:
        """See `Member`; a series that is new gets its weights from its own rows and the pool."""
        x, first, used, centre, spread, last, scale = self._prepare(past)
        weights = np.where((past.series >= 0)[:, None], self.weights_[past.series], np.nan)
        fresh = np.flatnonzero(np.isnan(weights[:, 0]))
        for part, (gram, moment, _) in self._sums(x, first[fresh], past.end[fresh], used[fresh]):
            weights[fresh[part]] = self._solve(gram, moment, used[fresh[part]])
        found, bounded = _kernels().recurse(x, first, past.end, self.lags, weights, horizon, self.difference)
        found[bounded] = np.nan
        level = last if self.difference else centre
        answer: Floats = scale.back(found * spread[:, None] + level[:, None])
        return answer

    def _prepare(self, past: Past) -> tuple[Any, ...]:
        """Standardised values, the first row of each series, how many lags it can use, and the way back."""
        z, scale = to_scale(past, self.scale)
        x, centre, spread = _kernels().standardise(z, past.begin, past.end, _window(self.seasons), self.difference)
        first = past.begin + int(self.difference)
        length = past.end - first
        used = np.searchsorted(self.lags, length // 3, side="right").astype(np.int64)
        used[length < 6] = 0
        last = z[np.maximum(past.end - 1, past.begin)]
        return x, first, used, centre, spread, last, scale

    def _sums(self, x: Floats, first: Ints, end: Ints, used: Ints) -> Iterator[tuple[slice, tuple[Floats, ...]]]:
        """Sums of products of the series, so many series at a time."""
        for at in range(0, len(first), BATCH):
            part = slice(at, at + BATCH)
            yield part, _kernels().normal_equations(x, first[part], end[part], self.lags, used[part])

    def _pool(self, x: Floats, first: Ints, end: Ints, used: Ints) -> tuple[Floats, Floats]:
        """Mean products over the rows of all series."""
        p = len(self.lags)
        gram, moment, rows = np.zeros((p, p)), np.zeros(p), np.zeros(p)
        for part, (own_gram, own_moment, own_rows) in self._sums(x, first, end, used):
            gram += own_gram.sum(axis=0)
            moment += own_moment.sum(axis=0)
            rows += (own_rows[:, None] * (np.arange(p) < used[part, None])).sum(axis=0)
        counts = np.maximum(np.minimum(rows[:, None], rows[None, :]), 1)
        return gram / counts, moment / np.maximum(rows, 1)

    def _solve(self, gram: Floats, moment: Floats, used: Ints) -> Floats:
        """Weights of some series; NaN where one is too short for any."""
        p = len(self.lags)
        weights = np.full((len(used), p), np.nan)
        for q in np.unique(used[used > 0]):
            mine = np.flatnonzero(used == q)
            A = gram[mine][:, :q, :q] + self.pooling * self.pool_gram_[:q, :q]
            trace = np.trace(A, axis1=1, axis2=2) / q
            A += ((RIDGE * trace + 1e-9)[:, None, None]) * np.eye(q)
            c = moment[mine][:, :q] + self.pooling * self.pool_moment_[:q]
            weights[mine, :q] = np.linalg.solve(A, c[:, :, None])[:, :, 0]
            weights[mine, q:] = 0.0
        return weights


class Booster(BaseEstimator):  # type: ignore[misc]
    """Boosted trees that learn from cells of all series at once: an origin, a lead, and what was known there.

    A cell's values are counted from, and measured in, its own series' last values; the answer is counted from the value
    one season earlier (without seasons: the last value). So series of all sizes teach one another, and nothing is fed
    back. Absolute errors are minimised.

    Parameters
    ----------
    seasons : tuple of int
        Steps.
    scale : {"linear", "log", "asinh"}
        See `Scale`.
    anchor : int
        Season that answers are counted from; 0 for the last value.
    regressor : estimator, optional
        Any regressor; scikit-learn's histogram boosting where left out.
    cells : int
        At most so many cells are learnt from, drawn with `seed`.
    seed : int
        See above.

    >>> past = Past(np.arange(600) % 4 + 1.0, np.array([0]), np.array([600]), np.array([0]))
    >>> Booster((4,), "linear", anchor=4).fit(past, 3).forecast(past, 3).round(2).tolist()
    [[1.0, 2.0, 3.0]]
    """

    costly = True

    def __init__(
        self,
        seasons: tuple[int, ...],
        scale: str,
        *,
        anchor: int,
        regressor: object = None,
        cells: int = 60_000,
        seed: int = 0,
    ) -> None:
        self.seasons = seasons
        self.scale = scale
        self.anchor = anchor
        self.regressor = regressor
        self.cells = cells
        self.seed = seed

    @property
    def family(self) -> str:
        """See `Member`."""
        return f"boosting ({self.scale})"

    @property
    def name(self) -> str:
        """See `Member`."""
        return self.family

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {
            "seasons": ArrayOf("i", low=1, high=MAX_STEPS),
            "told_": ArrayOf("b", optional=True),
            "horizon_": ArrayOf("i", (), low=1, high=MAX_STEPS),
        }

    def fit(self, past: Past, horizon: int) -> Booster:
        """Draw cells whose outcomes are known, and learn from them."""
        made: Booster = clone(self)
        made.horizon_ = horizon
        z, _ = to_scale(past, self.scale)
        series, origin, lead = made._cells(past, horizon)
        made.regressor_ = None
        if len(origin) < 200:
            return made
        X, base, unit = made._features(z, past.begin[series], origin, lead)
        y = (z[origin + lead] - base) / unit
        fine = np.isfinite(y)
        made.told_ = np.isfinite(X[fine]).any(axis=0)
        regressor = made._regressor(int(fine.sum()))
        made.gaps_ = bool(get_tags(regressor).input_tags.allow_nan)
        told = made._select_columns(X[fine])
        with limit_threads(told.size):
            made.regressor_ = regressor.fit(told, y[fine])
        return made

    def forecast(self, past: Past, horizon: int) -> Floats:
        """See `Member`."""
        from domains.timeseries.rolling import bounds

        n = len(past.begin)
        z, scale = to_scale(past, self.scale)
        found = np.full((n, horizon), np.nan)
        long = np.flatnonzero(past.lengths >= self._least())
        if self.regressor_ is None or len(long) == 0:
            return found
        origin, lead = np.repeat(past.end[long], horizon), np.tile(np.arange(horizon), len(long))
        X, base, unit = self._features(z, np.repeat(past.begin[long], horizon), origin, lead)
        low, high = bounds(z, past.begin[long], past.end[long])
        asked = self._select_columns(X)
        with limit_threads(asked.size):
            answers = (self.regressor_.predict(asked) * unit + base).reshape(-1, horizon)
        found[long] = np.clip(answers, low[:, None], high[:, None])
        return scale.back(found)

    def _select_columns(self, X: Floats) -> Floats:
        """Columns that tell something; gaps as zeros (the mean of a cell's window) for regressors that take none."""
        asked = X[:, self.told_]
        return asked if self.gaps_ else np.nan_to_num(asked)

    def _least(self) -> int:
        return 8

    def _regressor(self, cells: int) -> Any:
        if self.regressor is not None:
            given = clone(self.regressor)
            drawn = [name for name in given.get_params() if name == "random_state" or name.endswith("__random_state")]
            unset = {name: self.seed for name in drawn if given.get_params()[name] is None}
            return given.set_params(**unset)
        from sklearn.ensemble import HistGradientBoostingRegressor

        return HistGradientBoostingRegressor(
            loss="absolute_error",
            max_iter=100,
            learning_rate=0.1,
            early_stopping=False,
            random_state=self.seed,
            max_leaf_nodes=int(np.clip(cells // 400, 7, 63)),
            min_samples_leaf=int(np.clip(cells // 500, 20, 50)),
        )

    def _cells(self, past: Past, horizon: int) -> tuple[Ints, Ints, Ints]:
        """Series, origin and lead of the cells; origins a season apart, or closer where that gives too few."""
        random = np.random.default_rng(self.seed)
        short = [season for season in self.seasons if season <= horizon]
        window = _window(self.seasons)
        need = window if window < np.median(past.lengths) / 2 else self._least()
        every = short[0] if short else horizon
        room = np.maximum(past.end - horizon - (past.begin + need) + 1, 0)
        if (room // every).sum() * horizon < self.cells // 4:
            every = 1 if room.sum() * horizon <= self.cells else max(1, int(room.sum() * horizon // self.cells))
        counts = -(-room // every)
        series = np.repeat(np.arange(len(counts)), counts)
        order = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts)
        origin = past.end[series] - horizon - order * every
        if len(origin) == 0:
            return series, origin, origin
        leads = int(np.clip(self.cells // len(origin), min(4, horizon), horizon))
        if len(origin) * leads > self.cells:
            kept = np.sort(random.choice(len(origin), self.cells // leads, replace=False))
            series, origin = series[kept], origin[kept]
        lead = np.argsort(random.random((len(origin), horizon)), axis=1)[:, :leads] if leads < horizon else None
        lead = np.tile(np.arange(horizon), (len(origin), 1)) if lead is None else lead
        return np.repeat(series, leads), np.repeat(origin, leads), lead.ravel().astype(np.int64)

    def _features(self, z: Floats, begin: Ints, origin: Ints, lead: Ints) -> tuple[Floats, Floats, Floats]:
        lags = np.arange(1, 9 if self.anchor else 14)
        depths = np.array([7 if season <= self.horizon_ else 3 for season in self.seasons], dtype=np.int64)
        seasons = np.array(self.seasons, dtype=np.int64)
        found: tuple[Floats, Floats, Floats] = _kernels().cell_features(
            z, begin, origin, lead, lags, seasons, depths, _window(self.seasons), self.anchor
        )
        return found
