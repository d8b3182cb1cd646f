"""What an evaluation found: scores, predictions and timings, with a table, a sentence and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.reporting.figures import Figure


from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.errors import HexadError, quote
from shared.evaluation.design import SplitDesign
from shared.evaluation.leakage.report import LeakReport
from shared.evaluation.metrics import Metric, score_split
from shared.evaluation.sample import LEAST, Kind, Sample
from shared.result import Result, as_line
from shared.text import capitalise, count_of, join_names, join_words, listed_name
from shared.typing import Floats

__all__ = ["Scores", "score_predictions"]


@dataclass(frozen=True, repr=False)
class Scores(Result):
    """What `evaluate` found.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row a model, split and metric: ``model, split, metric, value``.
    predictions : pandas.DataFrame
        Every prediction beside its outcome.
    timings : pandas.DataFrame
        Seconds of every fit, update and prediction.
    baselines : tuple of str
        Names of the models that are baselines.
    metrics : tuple of Metric
        What the predictions were judged by.
    prepared : tuple
        What each metric took from the training rows.
    leaks : tuple of LeakReport
        What the leak guard found, a report a model; see `explain_leaks`.
    design : SplitDesign
        What the splits have in common, so that they are not taken for independent.
    notes : tuple of str
        What was left out, and why.

    >>> frame = pd.DataFrame({"model": ["a"], "split": [1], "metric": ["mae"], "value": [2.0]})
    >>> Scores(frame, pd.DataFrame(), pd.DataFrame(), ("a",)).table()["mae"].to_dict()
    {'a': 2.0}
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    timings: pd.DataFrame
    baselines: tuple[str, ...]
    metrics: tuple[Metric, ...] = ()
    prepared: tuple[Any, ...] = ()
    leaks: tuple[LeakReport, ...] = ()
    design: SplitDesign = field(default_factory=SplitDesign)
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return the tidy score table."""
        return self.scores.copy()

    @property
    def models(self) -> tuple[str, ...]:
        """Names of all models, baselines first."""
        return tuple(dict.fromkeys(map(str, self.scores[names.MODEL])))

    def table(self) -> pd.DataFrame:
        """Mean of each metric over the splits: one row a model, one column a metric."""
        wide = self.scores.groupby([names.MODEL, "metric"], sort=False)["value"].mean().unstack("metric")
        return wide.reindex(columns=list(dict.fromkeys(self.scores["metric"])))

    def values(self, model: str, metric: str) -> pd.Series[float]:
        """Values of one model and metric, by split.

        Parameters
        ----------
        model, metric : str

        Raises
        ------
        HexadError
            There are none.
        """
        rows = self.scores[(self.scores[names.MODEL] == model) & (self.scores["metric"] == metric)]
        if rows.empty:
            raise HexadError(
                f"there are no values of {metric!r} for {model!r}; the models are {join_names(self.models)}"
            )
        return rows.set_index(names.SPLIT)["value"]

    def units(self, model: str, metric: str) -> pd.Series[float]:
        """Values of one model and metric by unit (series, basket, user), over all splits.

        Parameters
        ----------
        model, metric : str
            The metric is one of `metrics`.
        """
        judge, prepared = self._judge(metric)
        rows = self.predictions[self.predictions[names.MODEL] == model]
        if rows.empty:
            raise HexadError(f"there are no predictions of {model!r}; the models are {join_names(self.models)}")
        groups = rows.groupby(names.SPLIT, sort=False, dropna=False)
        return pd.concat([judge.units(group, prepared) for _, group in groups])

    def _judge(self, metric: str | Metric) -> tuple[Metric, Any]:
        """A metric with what it took from the training rows."""
        for judge, prepared in zip(self.metrics, self.prepared, strict=True):
            if metric in (judge, judge.name):
                return judge, prepared
        if isinstance(metric, str):
            raise HexadError(f"{metric!r} was not among the metrics; there are {quote(m.name for m in self.metrics)}")
        return metric, None

    def greater_is_better(self, metric: str) -> bool | None:
        """Whether more of a metric is better; None where neither is.

        Parameters
        ----------
        metric : str
            Less is better where it is not one of `metrics`.
        """
        return next((judge.greater_is_better for judge in self.metrics if judge.name == metric), False)

    def best_baseline(self, metric: str) -> str:
        """Name of the baseline with the best mean of a metric.

        Parameters
        ----------
        metric : str

        Raises
        ------
        HexadError
            Neither more nor less of it is better.

        >>> frame = pd.DataFrame({"model": ["a", "b"], "split": 1, "metric": "mae", "value": [2.0, 1.0]})
        >>> Scores(frame, frame, frame, ("a", "b")).best_baseline("mae")
        'b'
        """
        return self._best(self.baselines, metric)

    def _best(self, models: Iterable[str], metric: str) -> str:
        greater = self.greater_is_better(metric)
        if greater is None:
            raise HexadError(f"neither more nor less of {metric} is better; choose by another metric")
        sign = -1.0 if greater else 1.0
        return min(models, key=lambda name: sign * float(self.values(name, metric).mean()))

    def intervals(self, metric: str, *, level: float = 95.0) -> pd.DataFrame:
        """Mean of a metric with an interval: over splits where they follow in time, else over units.

        Parameters
        ----------
        metric : str
            One of `metrics`.
        level : float
            Nominal coverage in percent.

        Returns
        -------
        pandas.DataFrame
            One row a model: ``mean, lower, upper``; bounds are NaN where there are too few splits or units to say.

        >>> from shared.evaluation.metrics import metric
        >>> rows = pd.DataFrame({"model": "m", "split": 1, "rank": [1.0, 20.0] * 50})
        >>> frame = pd.DataFrame({"model": ["m"], "split": [1], "metric": ["hit_rate@10"], "value": [0.5]})
        >>> found = Scores(frame, rows, rows, (), (metric("hit_rate"),), (None,)).intervals("hit_rate@10")
        >>> found.round(2).loc["m"].tolist()
        [0.5, 0.4, 0.6]
        """
        found = {}
        for model in self.models:
            sample = self.sample((model,), metric)
            bounds = (float("nan"),) * 2 if sample.too_few else sample.estimate().interval([1.0], level)
            found[model] = (float(sample.values.mean()), *bounds)
        return pd.DataFrame.from_dict(found, orient="index", columns=["mean", "lower", "upper"])

    def sample(self, models: Sequence[str], metric: str) -> Sample:
        """What chance is reckoned over: values of some models by split, or by unit where splits are too few, in pairs.

        Parameters
        ----------
        models : sequence of str
        metric : str

        Raises
        ------
        HexadError
            A model was not asked for what the first was asked for.
        """
        first = self.values(models[0], metric)
        in_time = self.design.in_time
        enough = in_time and self.design.side_by_side(len(first)) >= LEAST["splits"]
        judged = len(self.predictions) > 0 and any(judge.name == metric for judge in self.metrics)
        if not enough and judged and self.design.units and len(units := self.units(models[0], metric)) > len(first):
            columns = [units, *(self.units(model, metric) for model in models[1:])]
            return Sample(_pair(columns, models, metric), np.asarray(units.index), "units", self.design)
        columns = [first, *(self.values(model, metric) for model in models[1:])]
        kind: Kind = "splits" if in_time else "folds"
        return Sample(_pair(columns, models, metric), np.asarray(first.index), kind, self.design)

    def by(self, metric: str | Metric, groups: str | Callable[[pd.DataFrame], Any]) -> pd.DataFrame:
        """A metric by group of the predictions, over all splits: one row a group, one column a model.

        Parameters
        ----------
        metric : str or Metric
            One of `metrics`, or another that needs nothing of the training rows.
        groups : str or callable
            A column of the predictions; or what gives a label for every row of them, missing for rows to be left out.
            Groups of a categorical are in its order, others in order of first appearance.

        Raises
        ------
        HexadError
            There is no such column, or the metric needs what is not here.

        >>> from shared.evaluation.metrics import metric
        >>> rows = pd.DataFrame({"model": "m", "split": 1, "shop": ["a", "b"], "y": 1.0, "mean": [2.0, 4.0]})
        >>> Scores(rows, rows, rows, ()).by(metric("mae"), "shop")["m"].to_dict()
        {'a': 1.0, 'b': 3.0}
        """
        judge, prepared = self._judge(metric)
        if isinstance(groups, str):
            self._check_column(groups)
            labels = self.predictions[groups].reset_index(drop=True)
        else:
            labels = pd.Series(groups(self.predictions)).reset_index(drop=True)
        rows = self.predictions.reset_index(drop=True)
        grouped = rows.groupby([labels.rename("group"), names.MODEL], sort=False, observed=True)
        values = pd.Series({key: score_split(judge, group, prepared) for key, group in grouped})
        wide = values.unstack().reindex(columns=list(dict.fromkeys(rows[names.MODEL])))
        ordered = labels.cat.categories if isinstance(labels.dtype, pd.CategoricalDtype) else labels.dropna().unique()
        present = [label for label in ordered if label in wide.index]
        return wide.reindex(present).rename_axis(groups if isinstance(groups, str) else None)

    def only(self, **equal: object) -> Scores:
        """The scores of some predictions alone, as of one series.

        Parameters
        ----------
        **equal
            Columns of the predictions, each with the one value that is kept.

        Raises
        ------
        HexadError
            There is no such column, or no such predictions.

        >>> from shared.evaluation.metrics import metric
        >>> rows = pd.DataFrame({"model": "m", "split": 1, "shop": ["a", "b"], "y": 1.0, "mean": [2.0, 4.0]})
        >>> Scores(rows, rows, rows, (), (metric("mae"),), (None,)).only(shop="b").values("m", "mae").tolist()
        [3.0]
        """
        rows = self.predictions
        for column, value in equal.items():
            self._check_column(column)
            rows = rows[rows[column] == value]
        if rows.empty:
            raise HexadError(f"there are no predictions with {', '.join(f'{c} = {v!r}' for c, v in equal.items())}")
        found = score_predictions(rows, self.metrics, self.prepared)
        return replace(self, scores=found, predictions=rows.reset_index(drop=True))

    def _check_column(self, name: str) -> None:
        if name not in self.predictions.columns:
            raise HexadError(
                f"the predictions have no column {name!r}; they have {quote(map(str, self.predictions.columns))}"
            )

    def explain(self) -> str:
        """Say in a sentence what was evaluated."""
        table = self.table()
        metric = str(table.columns[0])
        n = self.scores[names.SPLIT].nunique(dropna=False)
        tried = f"{len(table)} models were tried at {n} split{'' if n == 1 else 's'}"
        leaks = f" {self.explain_leaks()}" if any(report.leaks for report in self.leaks) else ""
        leaks = "".join(f" {capitalise(note)}." for note in self.notes) + leaks
        if self.greater_is_better(metric) is None:
            listed = ", ".join(f"{listed_name(name)} {value:.3g}" for name, value in table[metric].items())
            return f"{tried}; {metric}: {listed}.{leaks}"
        best, naive = self._best(self.models, metric), self.best_baseline(metric)
        reached, its = float(self.values(best, metric).mean()), float(self.values(naive, metric).mean())
        return f"{tried}; best {metric}: {best} with {reached:.3g}, the best baseline is {naive} with {its:.3g}.{leaks}"

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
        shown = join_words(names_)
        ahead = dict.fromkeys(note for report in self.leaks for note in report.notes)
        notes = "".join(f" {capitalise(note)}." for note in ahead)
        return (
            "No leak was found: everything that is not known at the first split was replaced or taken away; the "
            f"predictions of {shown} stayed the same to the last bit.{notes}"
        )

    def plot(self) -> Figure:
        """Draw the first metric by split, one line a model.

        Returns
        -------
        shared.reporting.figures.Figure
        """
        from shared.reporting.charts import line_figure

        metric = str(self.scores["metric"].iloc[0])
        lines = {model: self.values(model, metric) for model in self.models}
        return line_figure({name: (list(s.index), s.to_numpy()) for name, s in lines.items()}, y_label=metric)

    def preview(self) -> pd.DataFrame:
        """Return what a notebook shows: the score table."""
        return self.table().round(3)

    def count_rows(self) -> int:
        """Count the models: the score table is shown whole."""
        return len(self.models)

    def __getitem__(self, name: object) -> Any:
        return self.table()[name] if name in set(self.scores["metric"]) else super().__getitem__(name)

    def __repr__(self) -> str:
        models = f"{count_of(len(self.models), 'model')}, {len(self.baselines):,} of them baselines"
        splits = self.scores[names.SPLIT].nunique(dropna=False)
        metrics = list(dict.fromkeys(self.scores["metric"]))
        return as_line(type(self).__name__, models, count_of(splits, "split"), f"metrics={metrics}")


def _pair(columns: Sequence[pd.Series[float]], models: Sequence[str], metric: str) -> Floats:
    """Values of some models side by side, in the order of the first one's splits or units."""
    labels, paired = columns[0].index, []
    for model, column in zip(models, columns, strict=True):
        values = column
        if not np.array_equal(np.asarray(labels), np.asarray(column.index)):
            if not column.index.is_unique:
                raise HexadError(f"{model} was not asked for the same units as {models[0]}: they cannot be paired")
            values = column.reindex(labels)
        lost = ~np.isfinite(np.asarray(values, dtype=float))
        if lost.any():
            raise HexadError(f"{model} has no {metric} at {int(lost.sum()):,} of {len(lost):,} splits or units")
        paired.append(np.asarray(values, dtype=float))
    return np.column_stack(paired)


def score_predictions(
    predictions: pd.DataFrame, metrics: Sequence[Metric], prepared: Sequence[Any] = ()
) -> pd.DataFrame:
    """Score predictions by model and split: one row each a metric, all rows of a metric together.

    Parameters
    ----------
    predictions : pandas.DataFrame
        With the columns "model" and "split", and what the metrics read.
    metrics : sequence of Metric
    prepared : sequence, optional
        What each metric took from the training rows.

    Returns
    -------
    pandas.DataFrame
        ``model, split, metric, value``.

    >>> from shared.evaluation.metrics import metric
    >>> made = pd.DataFrame({"model": "m", "split": [1, 2], "y": 1.0, "mean": [1.0, 3.0]})
    >>> score_predictions(made, [metric("mae")])["value"].tolist()
    [0.0, 2.0]
    """
    # Keys of units are told apart several times as fast by the codes of a categorical.
    units = {getattr(metric, "unit", None) for metric in metrics} & set(predictions.columns)
    predictions = predictions.assign(**{str(unit): predictions[unit].astype("category") for unit in units})
    rows: list[list[dict[str, Any]]] = [[] for _ in metrics]
    for (model, split), group in predictions.groupby([names.MODEL, names.SPLIT], sort=False, dropna=False):
        for place, metric in enumerate(metrics):
            value = score_split(metric, group, prepared[place] if len(prepared) else None)
            rows[place].append({names.MODEL: model, names.SPLIT: split, "metric": metric.name, "value": value})
    return pd.DataFrame([row for own in rows for row in own])
