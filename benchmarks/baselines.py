"""M4's official Naive2 on the competition's own series: python -m benchmarks.baselines --data FOLDER.

FOLDER holds ``hourly_train.csv.gz``, ``hourly_test.csv.gz`` and the same for ``weekly``: long tables of
``unique_id, ds, y`` with whole-number stamps, those of the tests beginning at 1 again. The official figures are
18.383 sMAPE and 2.395 MASE (Hourly, m = 24), 9.161 and 2.777 (Weekly, m = 1).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pandas as pd

from domains.timeseries import Naive2, forecast_metric
from shared.data import read_table

SETS = {"hourly": (24, 48), "weekly": (1, 13)}
OFFICIAL = {"hourly": (18.383, 2.395), "weekly": (9.161, 2.777)}


def score(folder: Path, name: str) -> dict[str, float]:
    """Naive2's mean sMAPE and MASE over the series of one set."""
    season, horizon = SETS[name]
    train = read_table(folder / f"{name}_train.csv.gz")
    test = read_table(folder / f"{name}_test.csv.gz")
    start = time.perf_counter()
    forecast = Naive2(season).fit(train).predict(horizon).to_frame()
    seconds = time.perf_counter() - start
    forecast["step"] = forecast.groupby("unique_id").cumcount() + 1
    pairs = test.merge(forecast, left_on=["unique_id", "ds"], right_on=["unique_id", "step"], validate="1:1")
    metrics = [forecast_metric("smape"), forecast_metric("mase", seasonality=season)]
    found = {metric.name: metric.units(pairs, metric.prepare(train)).mean() for metric in metrics}
    return {f"{name}_{metric}": round(float(value), 3) for metric, value in found.items()} | {
        f"{name}_seconds": round(seconds, 2)
    }


def main() -> None:
    """Score both sets and print the figures beside the official ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder with M4's hourly and weekly tables")
    folder = parser.parse_args().data
    found: dict[str, float] = {}
    for name, (official_smape, official_mase) in OFFICIAL.items():
        found |= score(folder, name)
        rows = {
            "Naive2 here": [found[f"{name}_smape"], found[f"{name}_mase"]],
            "official": [official_smape, official_mase],
        }
        print(f"\nM4 {name}")
        print(pd.DataFrame(rows, index=["sMAPE", "MASE"]).T.to_string())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
