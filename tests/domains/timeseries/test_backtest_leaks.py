"""The guard inside a backtest finds planted leaks without being asked, and lets honest forecasters alone."""

import warnings

import numpy as np
import pandas as pd
import pytest

from domains.timeseries import AutoForecaster, Exogenous, ForecastTask, LagForecaster, PerSeries, Recipe, SeasonalNaive
from shared.data import SeriesColumns, WalkForward
from shared.evaluation import LeakWarning, evaluate


def table(n: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for key in ("a", "b"):
        y = 50 + 10 * np.sin(2 * np.pi * np.arange(n) / 7) + rng.normal(size=n).cumsum()
        x = rng.normal(size=n)
        parts.append(pd.DataFrame({"unique_id": key, "ds": pd.date_range("2024-01-01", periods=n), "y": y, "x": x}))
    return pd.concat(parts, ignore_index=True)


WHOLE = table()


RECIPE = Recipe((1, 2, 7))
KNOWN = Recipe((1, 7), exogenous=(Exogenous("x", known=True),))
WALK = WalkForward(7, every=7, n_splits=3)
NAIVE = {"naive": SeasonalNaive(7)}


def run(model, frame, known=()):
    columns = SeriesColumns(exogenous=known)
    return evaluate({"model": model}, frame, WALK, ["mae"], baselines=NAIVE, task=ForecastTask(columns, known))


PLANTED = {
    "tomorrow's value as a column known ahead": lambda t: t.groupby("unique_id")["y"].shift(-1).ffill(),
    "the value itself in another unit": lambda t: (t["y"] - t["y"].mean()) / t["y"].std(),
    "a mean around each row": lambda t: t.groupby("unique_id")["y"].transform(
        lambda y: y.rolling(7, center=True, min_periods=1).mean()
    ),
    "a mean of the days to come": lambda t: t.groupby("unique_id")["y"].transform(
        lambda y: y[::-1].rolling(5, min_periods=1).mean()[::-1].shift(-1).ffill()
    ),
}


@pytest.mark.parametrize("leak", PLANTED)
def test_a_column_that_tells_the_future_is_found(leak):
    frame = WHOLE.assign(x=PLANTED[leak](WHOLE))
    with pytest.warns(LeakWarning, match="x"):
        scores = run(LagForecaster(recipe=KNOWN, horizon=7), frame, ("x",))
    assert not scores.guarded


class Peeking(LagForecaster):
    """Reads the array behind the rows it is given."""

    def fit(self, frame, **options):
        super().fit(frame, **options)
        behind = frame["y"].to_numpy().base
        self.seen_ = 0.0 if behind is None else float(np.sum(np.asarray(behind, dtype=float)))
        return self

    def _from_scale(self, panel, series, values):
        return super()._from_scale(panel, series, values) + 1e-9 * self.seen_


@pytest.mark.parametrize(
    "model",
    [
        AutoForecaster(horizon=7, members=("naive", "theta", "autoregression")),
        LagForecaster(recipe=RECIPE, horizon=7, log="asinh", spread=True, half_life="30D"),
        LagForecaster(recipe=RECIPE, horizon=7, strategy="recursive", differences=("7D",)),
        PerSeries(LagForecaster(recipe=RECIPE, horizon=7)),
    ],
)
def test_honest_forecasters_raise_no_alarm(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeakWarning)
        assert run(model, WHOLE).guarded
