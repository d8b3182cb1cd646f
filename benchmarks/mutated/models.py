"""Sound small model files of every class, files of rules, and changes that know what is inside."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.mutated.base import BOUNDARIES, Sample, memory_folder
from benchmarks.mutated.changes import members_of, mutate_array, mutate_bytes, mutate_tree, mutate_zip, zip_members
from benchmarks.mutated.tables import write_parquet

# Models


def change_model(rng: random.Random, sample: Sample) -> Sample:
    """A model file that was changed inside and signed anew."""
    outer = members_of(sample.data)
    envelope, payload = json.loads(outer["envelope.json"]), outer["model.skops"]
    kind = rng.random()
    if kind < 0.05:
        return Sample(mutate_zip(rng, sample.data))
    if kind < 0.1:
        payload = mutate_zip(rng, payload) if rng.random() < 0.5 else mutate_bytes(rng, payload)
    elif kind >= 0.15:
        inner = members_of(payload)
        arrays = [name for name in inner if name.endswith(".npy")]
        for _ in range(rng.choice([1, 1, 1, 2])):
            if arrays and rng.random() < 0.55:
                name = rng.choice(arrays)
                if rng.random() < 0.1:
                    inner[name] = inner[rng.choice(arrays)]
                else:
                    inner[name] = mutate_array(rng, inner[name])
            else:
                tree = mutate_tree(rng, json.loads(inner["schema.json"]))
                inner["schema.json"] = json.dumps(tree).encode(errors="replace")
        payload = zip_members(inner.items())
    if isinstance(envelope, dict):
        envelope["sha256"] = hashlib.sha256(payload).hexdigest()
    if 0.1 <= kind < 0.15:
        envelope = mutate_tree(rng, envelope)
    return Sample(
        zip_members([("envelope.json", json.dumps(envelope).encode(errors="replace")), ("model.skops", payload)])
    )


def _series(days: int = 90) -> pd.DataFrame:
    """Two daily series with what drives them."""
    rng = np.random.default_rng(7)
    parts = []
    for key, size in (("b", days), ("a", days - 9)):
        step = np.arange(size)
        weather, price = rng.normal(size=(2, size))
        parts.append(
            pd.DataFrame(
                {
                    "unique_id": key,
                    "ds": pd.date_range("2023-01-02", periods=size),
                    "y": 100 + 20 * np.sin(step * 0.9) + 5 * weather,
                    "weather": weather,
                    "price": price,
                    "holiday": step % 30 == 3,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _split_series() -> tuple[pd.DataFrame, pd.DataFrame]:
    table = _series()
    late = table.groupby("unique_id").cumcount(ascending=False) < 5
    return table[~late].reset_index(drop=True), table.loc[late, ["unique_id", "ds", "price", "holiday"]]


@cache
def learners() -> dict[str, Any]:
    """Forecasters, unfitted, one of each kind that `save_model` takes.

    >>> "SeasonalNaive" in learners()
    True
    """
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.tree import DecisionTreeRegressor

    from domains.timeseries import (
        AutoForecaster,
        Drift,
        Exogenous,
        Fourier,
        LagForecaster,
        Naive2,
        PerSeries,
        QuantileBoosting,
        Recipe,
        Rolling,
        SeasonalMean,
        SeasonalNaive,
        SimilarDay,
    )

    rich = Recipe(
        (1, 2, 7),
        seasonal=("7D",),
        rolling=(Rolling(7), Rolling("7D", "max", lag=2)),
        calendar=("day_of_week",),
        fourier=(Fourier("7D"),),
        holidays="holiday",
        exogenous=(Exogenous("weather", lags=(1,), hinges=(0.0,)), Exogenous("price", known=True, lags=(0, 1))),
    )
    lags = Recipe((1, 2, 7), calendar=("day_of_week",))
    boosted = HistGradientBoostingRegressor(max_iter=3, max_leaf_nodes=4, min_samples_leaf=5)
    few: dict[str, Any] = {"recipe": rich, "horizon": 2, "calibration_folds": 2}
    return {
        "SeasonalNaive": SeasonalNaive("7D"),
        "SeasonalMean": SeasonalMean("7D", k=3),
        "Drift": Drift(),
        "Naive2": Naive2(7),
        "SimilarDay": SimilarDay(),
        "AutoForecaster": AutoForecaster(horizon=2, regressor=boosted),
        "PerSeries": PerSeries(LagForecaster(recipe=lags, horizon=2, calibration_folds=2)),
        "LagForecaster": LagForecaster(**few, differences=("7D", 1)),
        "LagForecaster.spread": LagForecaster(**few, spread=True),
        "LagForecaster.recursive": LagForecaster(
            LinearRegression(),
            recipe=lags,
            strategy="recursive",
            horizon=2,
            calibration_folds=2,
            differences=(1,),
            log="asinh",
        ),
        "LagForecaster.quantiles": LagForecaster(
            QuantileBoosting((0.25, 0.5, 0.75), max_iter=2, max_leaf_nodes=4), **few, spread="own"
        ),
        "LagForecaster.boosted": LagForecaster(boosted, **few),
        "LagForecaster.forest": LagForecaster(
            RandomForestRegressor(n_estimators=2, max_depth=3, random_state=0), **few, log=True
        ),
        "LagForecaster.tree": LagForecaster(DecisionTreeRegressor(max_depth=3, random_state=0), **few),
    }


@cache
def matrix_estimators() -> dict[str, Any]:
    """Estimators over a matrix of features, unfitted, our own and scikit-learn's.

    >>> "StandardizedRidge" in matrix_estimators()
    True
    """
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.tree import DecisionTreeRegressor

    from domains.timeseries import NaturalGradientBoosting, QuantileBoosting, StandardizedRidge

    return {
        "StandardizedRidge": StandardizedRidge(),
        "NaturalGradientBoosting": NaturalGradientBoosting(n_estimators=5, learning_rate=0.2, min_samples_leaf=2),
        "QuantileBoosting": QuantileBoosting((0.25, 0.5, 0.75), max_iter=3, min_samples_leaf=2),
        "LinearRegression": LinearRegression(),
        "HistGradientBoosting": HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2),
        "RandomForest": RandomForestRegressor(n_estimators=2, max_depth=4, random_state=0),
        "DecisionTree": DecisionTreeRegressor(max_depth=5, random_state=0),
    }


@cache
def detectors() -> dict[str, Any]:
    """Detectors of odd rows, unfitted.

    >>> "MarginDetector" in detectors()
    True
    """
    from domains.anomaly import (
        AlertClassifier,
        AnomalyDetector,
        CombinedDetector,
        ForestDetector,
        MarginDetector,
        MixtureDetector,
        NeighbourDetector,
        SeriesDetector,
        StreamDetector,
        SubspaceDetector,
    )

    return {
        "ForestDetector": ForestDetector(n_trees=4, max_samples=16, random_state=0),
        "ForestDetector.fair_cut": ForestDetector("fair_cut", n_trees=4, max_samples=16, random_state=0),
        "NeighbourDetector": NeighbourDetector(n_references=20, random_state=0),
        "MarginDetector": MarginDetector(),
        "MixtureDetector": MixtureDetector(max_parts=2, random_state=0),
        "SubspaceDetector": SubspaceDetector(random_state=0),
        "CombinedDetector": CombinedDetector(random_state=0),
        "AnomalyDetector": AnomalyDetector(random_state=0),
        "SeriesDetector": SeriesDetector(window=8, memory=100, random_state=0),
        "AlertClassifier": AlertClassifier(label="odd", random_state=0),
        "StreamDetector": StreamDetector(ForestDetector(n_trees=4, max_samples=16), random_state=0),
    }


@cache
def _odd_rows() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 40
    return pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "kind": rng.choice(["a", "b", "c"], n),
            "at": pd.date_range("2024-01-01", periods=n, freq="7h"),
        }
    )


def _rows_for(name: str) -> Any:
    """What a detector learns from."""
    if name == "SeriesDetector":
        return _wave(120)
    if name == "AlertClassifier":
        rng = np.random.default_rng(5)
        return pd.DataFrame({"x": rng.normal(size=120), "odd": (rng.random(120) < 0.4).astype(int)})
    return _odd_rows() if name == "AnomalyDetector" else _matrix()[0]


def _wave(stop: int, start: int = 0) -> pd.DataFrame:
    steps = np.arange(start, stop)
    return pd.DataFrame({"ds": steps, "y": np.sin(steps / 2) + (steps % 7 == 0)})


@cache
def _matrix() -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 3))
    X[:, 2] = rng.integers(5, size=60)
    return X, X[:, 0] * 3 + X[:, 2] + rng.normal(size=60)


GOODS = ["tea", "milk", "soap", "oil", "bread", "jam"]


@cache
def _baskets() -> Any:
    from shared.data import BasketColumns, Incidence

    rng = np.random.default_rng(5)
    rows = [
        (order, GOODS[item], order // 5, f"c{order % 7}")
        for order in range(120)
        for item in sorted({*(rng.integers(2) * 3 + rng.choice(3, 2, replace=False)).tolist(), int(rng.integers(6))})
    ]
    table = pd.DataFrame(rows, columns=["order", "item", "day", "who"])
    return Incidence.from_frame(table, BasketColumns(time="day", customer="who"))


def fit_learner(name: str) -> Any:
    """A learner by its name, fitted on a small table."""
    from sklearn.base import clone

    if name in learners():
        return clone(learners()[name]).fit(_split_series()[0])
    if name in matrix_estimators():
        return clone(matrix_estimators()[name]).fit(*_matrix())
    if name in detectors():
        return clone(detectors()[name]).fit(_rows_for(name))
    from domains.basket import RuleRecommender

    return RuleRecommender().fit(_baskets())


@cache
def _warm_baskets() -> Any:
    return _baskets().take(np.arange(6))


def use_model(name: str) -> Callable[[Any], Any]:
    """Predict with what was loaded, unless it is something else than what was saved."""

    def use(model: Any) -> Any:
        wanted: Any = learners().get(name, matrix_estimators().get(name))
        if name in learners() and type(model) is type(wanted):
            steps = getattr(wanted, "horizon", 2)
            shown = {"future": _split_series()[1]} if model.future_columns() else {}
            return model.predict(steps, levels=(80,), **shown).to_frame()
        if name in matrix_estimators() and type(model) is type(wanted):
            X = _matrix()[0][:5]
            for more in ("predict_distribution", "predict_quantiles"):
                if hasattr(model, more):
                    getattr(model, more)(X)
            return model.predict(X)
        if name in detectors() and type(model) is type(detectors()[name]):
            return _use_detector(model)
        if type(model).__name__ == name == "RuleRecommender":
            return model.scores(_warm_baskets()), model.recommend(_warm_baskets(), n=3)
        return None

    return use


def _use_detector(model: Any) -> Any:
    """Ask a detector for scores and reasons."""
    if type(model).__name__ == "AnomalyDetector":
        rows = _odd_rows().head(5)
        model.find_alerts(rows, budget=2).explain()
        return model.predict(rows), model.explain(rows)
    if type(model).__name__ == "SeriesDetector":
        later = _wave(130, 120)
        model.find_incidents(later, budget=2).explain()
        return model.score(later), model.update(later).predict(_wave(135, 130))
    if type(model).__name__ == "AlertClassifier":
        rows = _rows_for("AlertClassifier").head(5)
        model.calibration_.explain()
        return model.predict_proba(rows), model.find_alerts(rows, budget=2).explain()
    X = _matrix()[0][:5]
    if hasattr(model, "update"):
        model.update(X)
    return model.predict(X), model.explain(X), model.evidence(X)


def rules_samples() -> list[Sample]:
    """Sound files of rules."""
    from domains.basket import association_rules

    samples = []
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        path = Path(folder) / "rules.parquet"
        rules = association_rules(_baskets(), 0.2, min_support=2, min_customers=1)
        for made in (rules, rules.test()):
            made.save(path)
            samples.append(Sample(path.read_bytes()))
    return samples


def load_rules(path: Path) -> Any:
    """Load a file of rules."""
    from domains.basket import Rules

    return Rules.load(path)


def use_rules(rules: Any) -> Any:
    """Ask loaded rules for all that they can say."""
    rules.explain(), rules.top(3), rules.to_frame(), rules.sort("confidence")
    from domains.basket import improvement

    return rules.score(_warm_baskets(), n=3), rules.validate(_warm_baskets()), improvement(rules, _baskets())


def change_rules(rng: random.Random, sample: Sample) -> Sample:
    """Rules with other columns, or with other notes that are signed anew."""
    table = pq.read_table(io.BytesIO(sample.data))
    about = json.loads(table.schema.metadata[b"hexad.rules"])
    if rng.random() < 0.4:
        about.pop("digest")
        about = mutate_tree(rng, about)
        if isinstance(about, dict):
            about["digest"] = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    else:
        table = _other_column(rng, table)
    if rng.random() < 0.1:
        table = table.slice(0, rng.choice([0, 1]))
    table = table.replace_schema_metadata({b"hexad.rules": json.dumps(about).encode()})
    return Sample(write_parquet(table, write_page_checksum=True))


def _other_column(rng: random.Random, table: pa.Table) -> pa.Table:
    place = rng.randrange(table.num_columns)
    name, column = table.column_names[place], table.column(place)
    values = column.to_pylist()
    row = rng.randrange(len(values))
    lists = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    pool: list[Any] = (
        [[], None, ["nothing"], ["tea"] * 3, ["tea", None], values[row] * 50] if lists else [None, *BOUNDARIES[:19]]
    )
    match rng.randrange(7):
        case 0 | 1 | 2:
            values[row] = rng.choice(pool)
            kind = None if rng.random() < 0.3 else column.type
            return table.set_column(place, name, pa.array(values, kind))
        case 3:
            kinds = [pa.int8(), pa.int32(), pa.uint64(), pa.float64(), pa.string(), pa.float16(), pa.date32()]
            return table.set_column(
                place, name, pa.array([rng.choice([1, 0, 100]) for _ in values], pa.int64()).cast(rng.choice(kinds))
            )
        case 4:
            return table.remove_column(place)
        case 5:
            return table.append_column(rng.choice([name, "x"]), rng.choice(table.columns))
        case _:
            odd = [pa.nulls(len(values)), pa.array([[1]] * len(values)), pa.array([{"a": 1}] * len(values))]
            odd += [column.dictionary_encode()] if not lists else [pa.array([[[one]] for one in range(len(values))])]
            return table.set_column(place, name, rng.choice(odd))
