"""What an evaluation found: scores, predictions and timings, with a table, a sentence and a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.columns import SeriesColumns
from shared.errors import HexadError
from shared.evaluation.leakage.report import LeakReport
from shared.evaluation.scorers import Scorer

__all__ = ["HIGHER_IS_BETTER", "Scores"]

HIGHER_IS_BETTER = frozenset({"r2", "coverage"})


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
    leaks : tuple of LeakReport
        What the leak guard found, a report a model; see `explain_leaks`.

    >>> frame = pd.DataFrame({"model": ["a"], "cutoff": [1], "metric": ["mae"], "value": [2.0]})
    >>> Scores(frame, pd.DataFrame(), pd.DataFrame(), ("a",)).table()["mae"].to_dict()
    {'a': 2.0}
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    timings: pd.DataFrame
    baselines: tuple[str, ...]
    columns: SeriesColumns = field(default_factory=SeriesColumns)
    leaks: tuple[LeakReport, ...] = ()

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
        """Name of the baseline with the best mean of a metric: the lowest, for R2 and coverage the highest.

        >>> frame = pd.DataFrame({"model": ["a", "b"], "cutoff": 1, "metric": "mae", "value": [2.0, 1.0]})
        >>> Scores(frame, frame, frame, ("a", "b")).best_baseline("mae")
        'b'
        """
        return self._best(self.baselines, metric)

    def _best(self, models: Iterable[str], metric: str) -> str:
        sign = -1.0 if metric.split("-", maxsplit=1)[0] in HIGHER_IS_BETTER else 1.0
        return min(models, key=lambda name: sign * float(self.of(name, metric).mean()))

    def by_step(self, metric: Scorer, parts: int = 4) -> pd.DataFrame:
        """A metric by part of the horizon: one row a model, one column a range of steps.

        Steps that a gap leaves out, and parts beyond a short horizon, are not shown.

        Raises
        ------
        HexadError
            The metric is scaled: there is no scale here. Take MAE, or a metric of intervals.
        """
        if metric.scaled:
            raise HexadError(f"{metric.name} is scaled by the training data, which are not here; take 'mae' instead")
        steps = self.predictions[names.STEP].to_numpy()
        edges = part_edges(steps, parts)
        part = np.searchsorted(edges, steps, side="left") - 1
        labels = [f"steps {a + 1} to {b}" for a, b in pairwise(edges)]
        groups = self.predictions.groupby([self.predictions[names.MODEL], part], sort=False)
        values = {key: metric.score(group, self.columns) for key, group in groups}
        models = list(dict.fromkeys(self.predictions[names.MODEL]))
        shown = [number for number in range(len(labels)) if any((model, number) in values for model in models)]
        rows = [[values.get((model, number), np.nan) for number in shown] for model in models]
        return pd.DataFrame(rows, index=models, columns=[labels[number] for number in shown])

    def of_series(self, key: Any, metrics: Iterable[Scorer]) -> Scores:
        """The scores of one series alone, in metrics that need no scale from the training data.

        Raises
        ------
        HexadError
            A metric is scaled, or there is no such series.

        >>> from shared.evaluation.scorers import scorer
        >>> rows = pd.DataFrame({"model": "m", "cutoff": 1, "unique_id": ["a", "b"], "y": 1.0, "mean": [2.0, 4.0]})
        >>> Scores(rows, rows, rows, ()).of_series("b", [scorer("mae")]).of("m", "mae").tolist()
        [3.0]
        """
        metrics, column = list(metrics), self.columns.unique_id
        if scaled := [metric.name for metric in metrics if metric.scaled]:
            raise HexadError(f"{scaled[0]} is scaled by the training data, which are not here; take 'mae' instead")
        rows = self.predictions[self.predictions[column] == key] if column in self.predictions.columns else None
        if rows is None or rows.empty:
            raise HexadError(f"there are no predictions of a series {key!r}")
        found = scored(rows, metrics, self.columns)
        return replace(self, scores=found, predictions=rows.reset_index(drop=True))

    def by_series(self, metric: Scorer) -> pd.DataFrame:
        """A metric by series, over all origins: one row a series, the worst for the first model on top, one column a model.

        Raises
        ------
        HexadError
            The metric is scaled: there is no scale here. Or the table has no key column.
        """
        key = self.columns.unique_id
        if metric.scaled:
            raise HexadError(f"{metric.name} is scaled by the training data, which are not here; take 'mae' instead")
        if key not in self.predictions.columns:
            raise HexadError(f"there is one series only: the table has no key column {key!r}")
        groups = self.predictions.groupby([key, names.MODEL], sort=False)
        values = pd.Series({labels: metric.score(group, self.columns) for labels, group in groups})
        wide = values.unstack().reindex(columns=list(dict.fromkeys(self.predictions[names.MODEL])))
        ascending = metric.name.split("-")[0] in HIGHER_IS_BETTER
        return wide.rename_axis(key).sort_values(wide.columns[0], ascending=ascending, kind="stable")

    def explain(self) -> str:
        """Say in a sentence what was evaluated."""
        table = self.table()
        metric = str(table.columns[0])
        best, naive = self._best(map(str, table.index), metric), self.best_baseline(metric)
        reached, its = float(self.of(best, metric).mean()), float(self.of(naive, metric).mean())
        cutoffs = self.scores[names.CUTOFF].nunique()
        return (
            f"{len(table)} models were tried at {cutoffs} origins; best {metric}: {best} with {reached:.3g}, "
            f"the best baseline is {naive} with {its:.3g}."
            + (f" {self.explain_leaks()}" if any(report.leaks for report in self.leaks) else "")
        )

    @property
    def guarded(self) -> bool:
        """Whether the leak guard looked at every model and found nothing."""
        return bool(self.leaks) and all(report.clean for report in self.leaks)

    def explain_leaks(self) -> str:
        """Say what the leak guard found, or that it was switched off.

        >>> Scores(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), ()).explain_leaks()
        'The leak guard was switched off: nothing says that these scores knew nothing of the future.'
        """
        if not any(report.on for report in self.leaks):
            return "The leak guard was switched off: nothing says that these scores knew nothing of the future."
        if not self.guarded:
            return " ".join(report.explain() for report in self.leaks if not report.clean)
        names_ = [report.name for report in self.leaks]
        shown = ", ".join(names_[:-1]) + f" and {names_[-1]}" if len(names_) > 1 else names_[0]
        ahead = dict.fromkeys(note for report in self.leaks for note in report.notes)
        notes = "".join(f" {note[0].upper()}{note[1:]}." for note in ahead)
        return (
            "No leak was found: everything from the first origin on was replaced, and what comes after its test taken away; "
            f"the forecasts of {shown} stayed the same to the last bit.{notes}"
        )

    def plot(self) -> Any:
        """Draw the first metric by cutoff, one line a model."""
        from shared.reporting.figures import line_figure

        metric = str(self.scores["metric"].iloc[0])
        lines = {str(model): self.of(str(model), metric) for model in dict.fromkeys(self.scores[names.MODEL])}
        return line_figure({name: (list(s.index), s.to_numpy()) for name, s in lines.items()}, y_label=metric)

    def _repr_html_(self) -> str:
        return str(self.table().round(3).to_html())


def part_edges(steps: Any, parts: int) -> Any:
    """Steps after which the parts of a horizon end, with 0 in front.

    >>> part_edges([1, 2, 3, 4], 2).tolist()
    [0, 2, 4]
    """
    return np.unique(np.linspace(0, np.max(steps), parts + 1).round().astype(int))


def scored(
    predictions: pd.DataFrame, metrics: Sequence[Scorer], columns: SeriesColumns, scales: Sequence[Any] | None = None
) -> pd.DataFrame:
    """Score predictions by model and cutoff: one row each a metric, all rows of a metric together.

    Parameters
    ----------
    scales : sequence, optional
        Of each metric, as `Scorer.scales` gives them.

    >>> from shared.evaluation.scorers import scorer
    >>> made = pd.DataFrame({"model": "m", "cutoff": [1, 2], "y": 1.0, "mean": [1.0, 3.0]})
    >>> scored(made, [scorer("mae")], SeriesColumns())["value"].tolist()
    [0.0, 2.0]
    """
    predictions, scales = _numbered(predictions, columns.unique_id, scales)
    rows: list[list[dict[str, Any]]] = [[] for _ in metrics]
    for (model, cutoff), group in predictions.groupby([names.MODEL, names.CUTOFF], sort=False, dropna=False):
        for place, metric in enumerate(metrics):
            value = metric.score(group, columns, scales[place] if scales else None)
            rows[place].append({names.MODEL: model, names.CUTOFF: cutoff, "metric": metric.name, "value": value})
    return pd.DataFrame([row for own in rows for row in own])


def _numbered(
    predictions: pd.DataFrame, key: str, scales: Sequence[Any] | None
) -> tuple[pd.DataFrame, Sequence[Any] | None]:
    """The same with numbers for keys, which are told apart several times as fast; unchanged where something is missing."""
    if key not in predictions.columns:
        return predictions, scales
    codes, keys = pd.factorize(predictions[key])
    known = [scale for scale in scales or () if scale is not None]
    if (codes < 0).any() or any(own not in scale for scale in known for own in keys):
        return predictions, scales  # the metric says what is missing
    numbered = [None if scale is None else {i: scale[own] for i, own in enumerate(keys)} for scale in scales or ()]
    return predictions.assign(**{key: codes}), numbered if scales else None
