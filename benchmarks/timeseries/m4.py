"""M4 by the official protocol: forecasts clipped at 0, sMAPE, MASE and OWA against Naive2, MSIS and coverage at 95 %.

The test set is scored once for each released configuration. What was chosen inside the training data stands beside it,
with the rolling-origin scores of every candidate, so that one can see whether the choice was luck.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domains.timeseries import AutoForecaster
from domains.timeseries.automatic.choice import combine
from domains.timeseries.automatic.members import SeasonalNaiveMember
from domains.timeseries.automatic.past import Past

__all__ = ["M4_SETS", "M4Set", "beside_mlforecast", "default_call", "owa", "read", "run_set"]


@dataclass(frozen=True)
class M4Set:
    """What the competition fixes for one frequency: season, horizon, and Naive2's sMAPE and MASE."""

    freq: str
    season: int
    horizon: int
    naive2_smape: float
    naive2_mase: float


M4_SETS = {"hourly": M4Set("h", 24, 48, 18.383, 2.395), "weekly": M4Set("W", 1, 13, 9.161, 2.777)}


def read(folder: Path, name: str) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """The training table, and the test values as an array of shape (n_series, horizon), in the table's order."""
    train = pd.read_csv(folder / f"{name}_train.csv.gz")
    test = pd.read_csv(folder / f"{name}_test.csv.gz")
    if train["unique_id"].drop_duplicates().tolist() != test["unique_id"].drop_duplicates().tolist():
        raise SystemExit("training and test table hold other series")
    return train, test["y"].to_numpy().reshape(-1, M4_SETS[name].horizon)


def default_call(train: pd.DataFrame, name: str, **more: Any) -> tuple[Any, pd.DataFrame, float]:
    """The default call, with nothing but the frequency; the fitted model, its point forecasts, and CPU seconds."""
    begun = time.process_time()
    model = AutoForecaster(M4_SETS[name].freq, **more).fit(train)
    forecast = model.predict(M4_SETS[name].horizon).to_frame()
    return model, forecast, time.process_time() - begun


def owa(truth: Any, forecast: Any, scale: object, one: M4Set) -> dict[str, float]:
    """Official scores; forecasts are clipped at 0."""
    clipped = np.maximum(forecast, 0.0)
    error = np.abs(truth - clipped)
    smape = float(np.mean(200 * error / np.maximum(np.abs(truth) + np.abs(clipped), 1e-300)))
    mase = float(np.mean(error.mean(axis=1) / scale))
    return {"smape": smape, "mase": mase, "owa": (smape / one.naive2_smape + mase / one.naive2_mase) / 2}


def scales(train: pd.DataFrame, season: int) -> NDArray[Any]:
    """In-sample mean absolute seasonal difference of each series, in the table's order."""
    groups = train.groupby("unique_id", sort=False)["y"]
    return np.array([np.mean(np.abs(y.to_numpy()[season:] - y.to_numpy()[:-season])) for _, y in groups])


def run_set(folder: Path, name: str) -> dict[str, float]:
    """Fit the default on one set, score it on the test values, and print how it was chosen."""
    one = M4_SETS[name]
    train, truth = read(folder, name)
    scale = scales(train, one.season)
    model, _, first = default_call(train, name)
    forecast = model.predict(one.horizon, levels=[95])
    frame = forecast.to_frame()
    median, low, high = (frame[column].to_numpy().reshape(truth.shape) for column in ("median", "lo-95", "hi-95"))
    low = np.maximum(low, 0.0)
    found = owa(truth, median, scale, one)
    print(f"\nM4 {name}: OWA {found['owa']:.4f}, sMAPE {found['smape']:.3f}, MASE {found['mase']:.3f}")
    print(f"First call (compiling included) {first:.1f} s of CPU. {model.explain()}")
    table = model.choice_.table.copy()
    table["test OWA"] = [
        owa(truth, single(model, candidate, one.horizon), scale, one)["owa"] for candidate in table.index
    ]
    table["rolling OWA"] = (table["smape"] / one.naive2_smape + table["mase"] / one.naive2_mase) / 2
    print("Every candidate: rolling origin inside the training data, and on the test values:")
    print(table[["smape", "mase", "rolling OWA", "test OWA", "chosen"]].round(4).to_string())
    width = (high - low) + 40 * (np.maximum(low - truth, 0) + np.maximum(truth - high, 0))
    inside = ((truth >= low) & (truth <= high)).mean(axis=0)
    made = {f"owa_{name}": found["owa"], f"smape_{name}": found["smape"], f"mase_{name}": found["mase"]}
    chosen = table[table["chosen"]]
    made |= {f"rolling_owa_{name}": float(chosen["rolling OWA"].iloc[0])}
    made |= {f"msis_{name}": float(np.mean(width.mean(axis=1) / scale))}
    made |= {f"coverage_{name}_{i}": float(part.mean()) for i, part in enumerate(np.array_split(inside, 3), 1)}
    paths = forecast.sample(500)["y"].to_numpy().reshape(len(truth), 500, one.horizon)
    for what, fold in (("sum", np.sum), ("peak", np.max)):
        lower, upper = np.quantile(fold(paths, axis=2), [0.05, 0.95], axis=1)
        actual = fold(truth, axis=1)
        made[f"path_{what}_{name}"] = float(np.mean((actual >= lower) & (actual <= upper)))
    return made


def beside_mlforecast(folder: Path, name: str, rounds: int) -> dict[str, float]:
    """CPU seconds of fit and point forecast, the choice included, over those of mlforecast's own regression test.

    The configurations are those of its tests/test_m4.py (commit 43afffd; the LightGBM model alone), one thread.
    """
    train, truth = read(folder, name)
    one = M4_SETS[name]
    scale = scales(train, one.season)
    taken: dict[str, list[float]] = {"ours": [], "mlforecast": []}
    for turn in range(rounds + 1):
        taken["ours"].append(default_call(train, name)[2])
        begun = time.process_time()
        forecast = _mlforecast(train, name)
        taken["mlforecast"].append(time.process_time() - begun)
        if turn == 0:
            order = train["unique_id"].drop_duplicates()
            values = forecast.set_index("unique_id").loc[order, "lgb"].to_numpy().reshape(truth.shape)
            print(f"mlforecast's own configuration here: OWA {owa(truth, values, scale, one)['owa']:.4f}")
    print(f"M4 {name}, CPU seconds, the first of each a warm-up: {taken}")
    ratio = np.median(taken["ours"][1:]) / np.median(taken["mlforecast"][1:])
    return {f"cpu_ratio_{name}": float(ratio)}


def _mlforecast(train: pd.DataFrame, name: str) -> pd.DataFrame:
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import ExpandingMean, ExponentiallyWeightedMean, RollingMean
    from mlforecast.target_transforms import Differences

    boosting: dict[str, Any]
    options: dict[str, Any]
    if name == "hourly":
        boosting = {
            "n_estimators": 200,
            "bagging_freq": 1,
            "learning_rate": 0.05,
            "num_leaves": 2500,
            "lambda_l1": 0.03,
            "lambda_l2": 0.5,
            "bagging_fraction": 0.9,
            "feature_fraction": 0.8,
        }
        windows = {lag: [ExponentiallyWeightedMean(alpha=0.3), RollingMean(168), RollingMean(336)] for lag in (24, 48)}
        options = {"target_transforms": [Differences([24])], "lags": [24 * i for i in range(1, 15)]}
    else:
        boosting = {"n_estimators": 100, "objective": "l1", "num_leaves": 256}
        windows = {lag: [ExpandingMean(), RollingMean(4)] for lag in (4, 8)}
        options = {"target_transforms": [Differences([1])], "lags": list(range(1, 33))}
    regressor = LGBMRegressor(random_state=0, n_jobs=1, verbosity=-1, **boosting)
    model = MLForecast(models={"lgb": regressor}, freq=1, num_threads=1, lag_transforms=windows, **options)
    forecast: pd.DataFrame = model.fit(train).predict(M4_SETS[name].horizon)
    return forecast


def single(model: Any, candidate: str, horizon: int) -> NDArray[Any]:
    """Forecasts of one candidate (or of the chosen median) learnt on all training data, in the table's order."""
    panel = model.panel_
    past = Past(panel.values, panel.indptr[:-1], panel.indptr[1:], np.arange(panel.n_series))
    named = [member for member in model.choice_.candidates if member.name == candidate] or model.choice_.members
    found = combine([member.fit(past, horizon).forecast(past, horizon) for member in named])
    naive = SeasonalNaiveMember(1).forecast(past, horizon)
    return np.where(np.isnan(found), naive, found)[list(panel.appearance)]
