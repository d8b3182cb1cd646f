"""One runner: models x splits x metrics -> a tidy table with timings; what is finished is kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.columns import SeriesColumns
from shared.data.splits import Split
from shared.data.tables import fingerprint
from shared.errors import HexadError
from shared.evaluation.scorers import Scorer
from shared.runtime.parallel import map_parallel
from shared.runtime.progress import progress
from shared.runtime.store import write_bytes, write_json

__all__ = ["Forecaster", "ForecastingTask", "Scores", "Splitter", "Task", "evaluate"]


class Splitter(Protocol):
    """Cuts a table; see `shared.data.splits`.

    >>> from shared.data.splits import LastN
    >>> splitter: Splitter = LastN(1)
    """

    def splits(self, table: pd.DataFrame) -> list[Split]:
        """Return the cuts, earliest first."""
        ...


class Forecaster(Protocol):
    """What `ForecastingTask` needs of a model.

    >>> def takes(model: Forecaster) -> None: ...
    """

    def fit(self, table: pd.DataFrame) -> Any:
        """Learn from a long table."""
        ...

    def update(self, table: pd.DataFrame) -> Any:
        """Take later rows as history, without learning again."""
        ...

    def predict(
        self,
        horizon: int | None = None,
        *,
        future: Any = None,
        levels: Sequence[float] = (),
        ids: Sequence[Any] | None = None,
    ) -> Any:
        """Forecast; the result has ``to_frame()``."""
        ...


class Task(Protocol):
    """How a kind of model is fitted and asked; one class a kind, the runner stays the same.

    >>> task: Task = ForecastingTask()
    """

    @property
    def columns(self) -> SeriesColumns:
        """Names of the table's columns."""
        ...

    def groups(self, cuts: Sequence[Split]) -> list[list[Split]]:
        """Cuts that share one fit; each group is one piece of work."""
        ...

    def run(self, model: Any, table: pd.DataFrame, cuts: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit once, predict at every cut; return predictions and timings."""
        ...


@dataclass(frozen=True)
class ForecastingTask:
    """Fit before the first cutoff, take later rows in as history, forecast at every cutoff.

    Parameters
    ----------
    columns : SeriesColumns
        Names of the table's columns.
    known : tuple of str
        Columns known in the future, the only ones a model is shown beyond a cutoff.
    levels : tuple of float
        Intervals wanted, in percent.
    refit_every : int, optional
        Learn again at every n-th cutoff; never where left out.

    >>> ForecastingTask(known=("Holiday",)).known
    ('Holiday',)
    """

    columns: SeriesColumns = field(default_factory=SeriesColumns)
    known: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    refit_every: int | None = None

    def groups(self, cuts: Sequence[Split]) -> list[list[Split]]:
        """Cuts between two fits.

        >>> ForecastingTask(refit_every=2).groups(["a", "b", "c"])
        [['a', 'b'], ['c']]
        """
        size = self.refit_every or len(cuts)
        return [list(cuts[start : start + size]) for start in range(0, len(cuts), size)]

    def run(self, model: Forecaster, table: pd.DataFrame, cuts: Sequence[Split]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Fit at the first cut, update at the others, forecast at each."""
        predictions, timings = [], []
        seen = np.zeros(len(table), dtype=bool)
        for place, cut in enumerate(cuts):
            start = time.perf_counter()
            if place == 0:
                model.fit(table.iloc[cut.train])
            else:
                new = cut.train[~seen[cut.train]]
                if len(new):
                    model.update(table.iloc[new])
            seen[cut.train] = True
            middle = time.perf_counter()
            predictions.append(self._predicted(model, table, cut))
            end = time.perf_counter()
            learn = "fit" if place == 0 else "update"
            timings += [
                {names.CUTOFF: cut.label, "what": learn, "seconds": middle - start},
                {names.CUTOFF: cut.label, "what": "predict", "seconds": end - middle},
            ]
        return pd.concat(predictions, ignore_index=True), pd.DataFrame(timings)

    def _predicted(self, model: Forecaster, table: pd.DataFrame, cut: Split) -> pd.DataFrame:
        key = [self.columns.unique_id] if self.columns.unique_id in table.columns else []
        test = table.iloc[cut.test]
        after = np.ones(len(table), dtype=bool)
        after[cut.train] = False
        after &= (table[self.columns.ds] <= test[self.columns.ds].max()).to_numpy()
        ahead = table[after]
        horizon = int(ahead.groupby(key)[self.columns.ds].nunique().max() if key else ahead[self.columns.ds].nunique())
        future = ahead[[*key, self.columns.ds, *self.known]] if self.known else None
        # Series that ended before have nothing to be tested on; a model is not asked for them.
        ids = list(test[key[0]].drop_duplicates()) if key else []
        some = {"ids": ids} if key and len(ids) < table[key[0]].nunique() else {}
        forecast = model.predict(horizon, future=future, levels=self.levels, **some).to_frame()
        forecast[names.STEP] = forecast.groupby(key).cumcount() + 1 if key else np.arange(1, len(forecast) + 1)
        merged = test[[*key, self.columns.ds, self.columns.y]].merge(forecast, on=[*key, self.columns.ds], how="left")
        if merged[names.MEAN].isna().any():
            lost = int(merged[names.MEAN].isna().sum())
            raise HexadError(
                f"{type(model).__name__} gave no forecast for {lost:,} of {len(merged):,} rows after {cut.label}"
            )
        merged.insert(0, names.CUTOFF, cut.label)
        return merged


@dataclass(frozen=True)
class Scores:
    """What `evaluate` found.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row a model, cutoff and metric: ``model, cutoff, metric, value``.
    predictions : pandas.DataFrame
        Every prediction beside its outcome.
    timings : pandas.DataFrame
        Seconds of every fit, update and prediction.
    baselines : tuple of str
        Names of the models that are baselines.

    >>> frame = pd.DataFrame({"model": ["a"], "cutoff": [1], "metric": ["mae"], "value": [2.0]})
    >>> Scores(frame, pd.DataFrame(), pd.DataFrame(), ("a",)).table()["mae"].to_dict()
    {'a': 2.0}
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    timings: pd.DataFrame
    baselines: tuple[str, ...]
    columns: SeriesColumns = field(default_factory=SeriesColumns)

    def to_frame(self) -> pd.DataFrame:
        """Return the tidy score table."""
        return self.scores.copy()

    def table(self) -> pd.DataFrame:
        """Mean of each metric over the cutoffs: one row a model, one column a metric."""
        wide = self.scores.groupby([names.MODEL, "metric"], sort=False)["value"].mean().unstack("metric")
        return wide.reindex(columns=list(dict.fromkeys(self.scores["metric"])))

    def of(self, model: str, metric: str) -> pd.Series[float]:
        """Values of one model and metric, by cutoff."""
        rows = self.scores[(self.scores[names.MODEL] == model) & (self.scores["metric"] == metric)]
        if rows.empty:
            models = ", ".join(dict.fromkeys(self.scores[names.MODEL]))
            raise HexadError(f"there are no values of {metric!r} for {model!r}; the models are {models}")
        return rows.set_index(names.CUTOFF)["value"]

    def best_baseline(self, metric: str) -> str:
        """Name of the baseline with the lowest mean of a metric.

        >>> frame = pd.DataFrame({"model": ["a", "b"], "cutoff": 1, "metric": "mae", "value": [2.0, 1.0]})
        >>> Scores(frame, frame, frame, ("a", "b")).best_baseline("mae")
        'b'
        """
        return min(self.baselines, key=lambda name: float(self.of(name, metric).mean()))

    def by_step(self, metric: Scorer, parts: int = 4) -> pd.DataFrame:
        """A metric by part of the horizon: one row a model, one column a range of steps.

        Scaled metrics have no scale here; take MAE, or a metric of intervals.
        """
        steps = self.predictions[names.STEP].to_numpy()
        edges = np.linspace(0, steps.max(), parts + 1).round().astype(int)
        part = np.searchsorted(edges, steps, side="left") - 1
        labels = [f"steps {a + 1} to {b}" for a, b in pairwise(edges)]
        groups = self.predictions.groupby([self.predictions[names.MODEL], part], sort=False)
        values = {key: metric.score(group, self.columns) for key, group in groups}
        models = list(dict.fromkeys(self.predictions[names.MODEL]))
        return pd.DataFrame(
            [[values[model, number] for number in range(parts)] for model in models],
            index=models,
            columns=labels,
        )

    def explain(self) -> str:
        """Say in a sentence what was evaluated."""
        table = self.table()
        metric = str(table.columns[0])
        best, naive = str(table[metric].idxmin()), self.best_baseline(metric)
        lowest, its = float(table[metric].min()), float(self.of(naive, metric).mean())
        cutoffs = self.scores[names.CUTOFF].nunique()
        return (
            f"{len(table)} models were tried at {cutoffs} origins; lowest {metric}: {best} with {lowest:.3g}, "
            f"the best baseline is {naive} with {its:.3g}."
        )

    def plot(self) -> Any:
        """Draw the first metric by cutoff, one line a model."""
        from shared.reporting.figures import line_figure

        metric = str(self.scores["metric"].iloc[0])
        lines = {str(model): self.of(str(model), metric) for model in dict.fromkeys(self.scores[names.MODEL])}
        return line_figure({name: (list(s.index), s.to_numpy()) for name, s in lines.items()}, y_label=metric)

    def _repr_html_(self) -> str:
        return str(self.table().round(3).to_html())


def evaluate(
    models: Mapping[str, Any],
    table: pd.DataFrame,
    splits: Splitter,
    metrics: Iterable[Scorer],
    *,
    baselines: Mapping[str, Any],
    task: Task | None = None,
    n_jobs: int | None = None,
    keep: Path | None = None,
    show: bool | None = None,
) -> Scores:
    """Try models on the same cuts of a table, beside baselines, and score them.

    Parameters
    ----------
    models : mapping of str to estimator
        Cloned before use; left unfitted.
    table : pandas.DataFrame
        The data, as the task needs them.
    splits : Splitter
        Such as `shared.data.WalkForward`.
    metrics : iterable of Scorer
        See `scorer`. Scales come from the rows before the first cutoff.
    baselines : mapping of str to estimator
        At least one; a result without a baseline says nothing.
    task : Task, optional
        How the models are fitted and asked; forecasting where left out.
    n_jobs : int, optional
        Workers; results do not depend on it.
    keep : path, optional
        Folder in which each finished piece is kept, so that a broken run goes on where it was.
    show : bool, optional
        Whether to show progress; by default on terminals only.

    Raises
    ------
    HexadError
        No baseline, or a name that stands for two models.

    >>> from domains.timeseries import Drift, SeasonalNaive
    >>> from shared.data.splits import WalkForward
    >>> from shared.evaluation.scorers import scorer
    >>> table = pd.DataFrame({"ds": range(20), "y": [float(i) for i in range(20)]})
    >>> walk = WalkForward(2, every=2, n_splits=3)
    >>> scores = evaluate({"drift": Drift()}, table, walk, [scorer("mae")], baselines={"naive": SeasonalNaive()})
    >>> scores.table()["mae"].to_dict()
    {'naive': 1.5, 'drift': 0.0}
    """
    from sklearn.base import clone

    task = task or ForecastingTask()
    if not baselines:
        raise HexadError("evaluate needs at least one baseline: a result without one says nothing")
    if twice := set(models) & set(baselines):
        raise HexadError(f"{sorted(twice)} name both a model and a baseline")
    contenders = {**baselines, **models}
    cuts = splits.splits(table)
    pieces = [(name, number, group) for name in contenders for number, group in enumerate(task.groups(cuts))]
    data_key = fingerprint(table) if keep else ""

    with progress("evaluating", len(pieces), show=show) as advance:

        def work(piece: tuple[str, int, list[Split]]) -> tuple[str, pd.DataFrame, pd.DataFrame]:
            name, _, group = piece
            file = keep / f"{_piece_key(contenders[name], group, task, data_key)}.parquet" if keep else None
            if file is not None and file.exists():
                timings = json.loads(file.with_suffix(".json").read_text())
                return name, pd.read_parquet(file), pd.DataFrame(timings)
            predicted, timings = task.run(clone(contenders[name]), table, group)
            if file is not None:
                write_json(
                    file.with_suffix(".json"),
                    json.loads(timings.astype({names.CUTOFF: str}).to_json(orient="records")),
                )
                write_bytes(file, predicted.to_parquet(index=False))
            return name, predicted, timings

        done = map_parallel(work, pieces, n_jobs=n_jobs, done=lambda result: advance(result[0]))
    predictions = pd.concat([p.assign(**{names.MODEL: name}) for name, p, _ in done], ignore_index=True)
    timings = pd.concat([t.assign(**{names.MODEL: name}) for name, _, t in done], ignore_index=True)
    first = table.iloc[cuts[0].train]
    return Scores(_scored(predictions, metrics, first, task), predictions, timings, tuple(baselines), task.columns)


def _scored(predictions: pd.DataFrame, metrics: Iterable[Scorer], train: pd.DataFrame, task: Task) -> pd.DataFrame:
    rows = []
    for metric in metrics:
        scales = metric.scales(train, task.columns)
        for (model, cutoff), group in predictions.groupby([names.MODEL, names.CUTOFF], sort=False, dropna=False):
            value = metric.score(group, task.columns, scales)
            rows.append({names.MODEL: model, names.CUTOFF: cutoff, "metric": metric.name, "value": value})
    return pd.DataFrame(rows)


def _piece_key(model: Any, group: list[Split], task: Task, data_key: str) -> str:
    """Name a piece by everything its result depends on."""
    from importlib.metadata import version

    parameters = {key: repr(value) for key, value in model.get_params(deep=True).items()}
    described = {
        "model": f"{type(model).__module__}.{type(model).__qualname__}",
        "parameters": parameters,
        "cuts": [(str(cut.label), len(cut.train), len(cut.test)) for cut in group],
        "task": repr(task),
        "data": data_key,
        "versions": [version("scikit-learn"), version("numpy"), version("pandas")],
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:24]
