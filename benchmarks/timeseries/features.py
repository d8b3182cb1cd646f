"""Features and recursive forecasts beside mlforecast and skforecast: seconds, memory, and whether the answers agree.

Every measurement alternates the two sides within one process, after one warm-up each; memory is that of one call in a
fresh process, over what it holds before (the frame included), its result counted.
"""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from domains.timeseries import LagForecaster, Recipe, Rolling, lag_features

__all__ = ["cost_growth", "features", "recursion"]

LAGS = (1, 2, 3, 24, 48, 168)
RECIPE = Recipe(LAGS, rolling=(Rolling(24), Rolling(24, "std"), Rolling(24, "max"), Rolling(168, lag=24)))
HORIZON = 48


def long_frame(series: int, least: int, most: int, *, shuffled: bool = True) -> pd.DataFrame:
    """Series of a daily wave, a level and noise, lengths uniform; rows in random order."""
    random = np.random.default_rng(0)
    lengths = random.integers(least, most, size=series, endpoint=True)
    key = np.repeat(np.arange(series), lengths)
    within = np.arange(len(key)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    level = 100 + 20 * random.standard_normal(series)
    y = level[key] + 10 * np.sin(2 * np.pi * within / 24) + 3 * random.standard_normal(len(key))
    frame = pd.DataFrame({"unique_id": key, "ds": within, "y": y})
    return frame.iloc[random.permutation(len(frame))].reset_index(drop=True) if shuffled else frame


def our_features(frame: pd.DataFrame) -> pd.DataFrame:
    """Our design matrix: key, stamp, value and ten features."""
    return lag_features(frame, RECIPE)


def their_features(frame: pd.DataFrame) -> Any:
    """Mlforecast's."""
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMax, RollingMean, RollingStd

    transforms = {1: [RollingMean(24), RollingStd(24), RollingMax(24)], 24: [RollingMean(168)]}
    model = MLForecast(models=[], freq=1, num_threads=1, lags=list(LAGS), lag_transforms=transforms)
    return model.preprocess(frame, static_features=[])


SIDES: dict[str, Callable[[pd.DataFrame], Any]] = {"ours": our_features, "theirs": their_features}


def features(rounds: int) -> dict[str, float]:
    """Time and memory of the design matrix of 2,000 series, and the largest relative difference of the answers."""
    frame = long_frame(2_000, 500, 1_500)
    made = {}
    for name, side in SIDES.items():
        begun = time.process_time()
        made[name] = side(frame).sort_values(["unique_id", "ds"]).iloc[:, 3:].to_numpy()
        print(
            f"features, first call, {name}: {time.process_time() - begun:.2f} s (compiling and sorting for the"
            " comparison)"
        )
    difference = float(np.max(np.abs(made["ours"] / made["theirs"] - 1)))
    if difference > 1e-6:
        raise SystemExit(f"the features differ by {difference:.2g} relative")
    made.clear()
    seconds = _alternately({name: partial(side, frame) for name, side in SIDES.items()}, rounds)
    memory = {name: _memory(name) for name in SIDES}
    print(f"features: CPU seconds {seconds}, extra peak MiB {memory}, largest relative difference {difference:.2g}")
    return {
        "feature_time_ratio": seconds["ours"] / seconds["theirs"],
        "feature_memory_ratio": memory["ours"] / memory["theirs"],
    }


def recursion(train: pd.DataFrame, rounds: int) -> dict[str, float]:
    """Recursive forecasts of M4's hourly series with the same regressor, beside skforecast's."""
    from lightgbm import LGBMRegressor

    # skforecast forecasts together only series that end together.
    last = train.groupby("unique_id")["ds"].transform("max")
    # In units of its mean, no series' recursion leaves its history, where ours would be held and theirs not.
    mean = train.groupby("unique_id")["y"].transform("mean")
    table = train.assign(ds=train["ds"] - last + int(last.max()), y=train["y"] / mean)
    linear = make_pipeline(StandardScaler(), Ridge(alpha=1.0))
    # All rows make the bins: which ones are drawn would depend on their order.
    boosted = LGBMRegressor(n_estimators=100, n_jobs=1, random_state=0, verbosity=-1, subsample_for_bin=1_000_000)
    ratios = [_recursion(table, regressor, rounds) for regressor in (linear, boosted)]
    return {"predict_time_ratio": max(ratios), "predict_time_ratio_linear": ratios[0]}


def _recursion(table: pd.DataFrame, regressor: object, rounds: int) -> float:
    from skforecast.recursive import ForecasterRecursiveMultiSeries

    ours = LagForecaster(
        regressor, recipe=Recipe(LAGS), strategy="recursive", horizon=HORIZON, calibration_folds=0, local_scale=False
    ).fit(table)
    series = {
        key: pd.Series(own["y"].to_numpy(), index=pd.RangeIndex(own["ds"].min(), own["ds"].max() + 1), name=key)
        for key, own in table.groupby("unique_id", sort=False)
    }
    theirs = ForecasterRecursiveMultiSeries(
        estimator=regressor, lags=list(LAGS), encoding=None, transformer_series=None, dropna_from_series=True
    )
    theirs.fit(series=series, store_in_sample_residuals=False)
    mine = ours.predict(HORIZON).to_frame().set_index(["unique_id", "ds"])["median"]
    found = theirs.predict(steps=HORIZON)
    peer = found.rename_axis("ds").set_index("level", append=True)["pred"].swaplevel()
    peer.index = peer.index.set_names(["unique_id", "ds"])
    difference = float((mine / peer.reindex(mine.index) - 1).abs().max())
    if not difference < 1e-6:
        raise SystemExit(f"the forecasts differ by {difference:.2g} relative")
    calls = {"ours": lambda: ours.predict(HORIZON), "theirs": lambda: theirs.predict(steps=HORIZON)}
    seconds = _alternately(calls, 4 * rounds)
    print(f"recursive forecast, {type(regressor).__name__}: CPU seconds {seconds}, largest difference {difference:.2g}")
    return seconds["ours"] / seconds["theirs"]


def cost_growth(rounds: int) -> dict[str, float]:
    """Seconds per series of features and a recursive forecast of 48 steps, of 50,000 series over those of 5,000."""
    costs = {}
    model = LagForecaster(
        Ridge(alpha=1.0), recipe=RECIPE, strategy="recursive", horizon=HORIZON, calibration_folds=0, short="naive"
    )
    for series in (5_000, 50_000):
        frame = long_frame(series, 200, 200)
        fitted = model.fit(frame[frame["unique_id"] < 50])
        taken = []
        for _ in range(rounds + 1):
            begun = time.process_time()
            lag_features(frame, RECIPE)
            taken.append(time.process_time() - begun)
        fitted.fit(frame)
        forecasts = []
        for _ in range(rounds + 1):
            begun = time.process_time()
            fitted.predict(HORIZON)
            forecasts.append(time.process_time() - begun)
        costs[series] = (median(taken[1:]) + median(forecasts[1:])) / series
        print(f"{series:,} series: {1e6 * costs[series]:.0f} microseconds a series")
    return {"cost_growth": costs[50_000] / costs[5_000]}


def _alternately(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each call, after a warm-up."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            begun = time.process_time()
            call()
            if turn:
                taken[name].append(time.process_time() - begun)
    return {name: round(median(seconds), 4) for name, seconds in taken.items()}


def _memory(side: str) -> float:
    """Extra peak of one call in a fresh process, in MiB."""
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.timeseries.features", side], check=True, capture_output=True, text=True
    )
    return float(json.loads(made.stdout.splitlines()[-1]))


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key + ":"))


def _measure(side: str) -> None:
    """Warm up on a small frame, give back what was freed, forget the peak, call once."""
    SIDES[side](long_frame(3, 300, 300))
    frame = long_frame(2_000, 500, 1_500)
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    made = SIDES[side](frame)
    print(json.dumps(_status("VmHWM") - before))
    del made


if __name__ == "__main__":
    _measure(sys.argv[1])
