"""Settings chosen by trying them: one after the other, or all together, on splits that the test never sees."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from sklearn.base import clone

from shared.data.splits import Split
from shared.errors import SettingsError, quote
from shared.evaluation.metrics import Metric
from shared.evaluation.runner import check_metrics, evaluate, find_task
from shared.evaluation.scores import Scores
from shared.evaluation.task import Splitter, Task
from shared.result import Result
from shared.typing import Estimator

__all__ = ["Tuning", "tune"]


@dataclass(frozen=True, repr=False)
class Tuning(Result):
    """What trying settings found.

    Attributes
    ----------
    best : estimator
        With the settings chosen; not fitted.
    settings : dict of str to object
        The settings chosen, among those tried.
    frame : pandas.DataFrame
        One row a combination tried: its settings, each metric's mean, and the sum they are judged by, more is better.
    metrics : tuple of str
        Names of the metrics.

    >>> frame = pd.DataFrame({"alpha": [1.0, 9.0], "mae": [2.0, 1.0], "judged by": [-2.0, -1.0]})
    >>> print(Tuning(None, {"alpha": 9.0}, frame, ("mae",)).explain())
    2 combinations of alpha were tried; the best has alpha=9.0, with mae 1.
    """

    best: Any
    settings: dict[str, Any]
    frame: pd.DataFrame
    metrics: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the table of everything tried, in the order of trial."""
        return self.frame.copy()

    def explain(self) -> str:
        """Say in a sentence what was tried and chosen."""
        row = self.frame.iloc[int(self.frame["judged by"].argmax())]
        chosen = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        reached = ", ".join(f"{name} {row[name]:.3g}" for name in self.metrics)
        n = len(self.frame)
        return (
            f"{n} combination{'' if n == 1 else 's'} of {', '.join(self.settings)} {'was' if n == 1 else 'were'} tried;"
            f" the best has {chosen}, with {reached}."
        )


def tune(
    model: Estimator,
    grid: Mapping[str, Sequence[Any]],
    data: object,
    splits: Splitter | Sequence[Split],
    metrics: Metric | str | Iterable[Metric | str],
    *,
    task: Task | None = None,
    search: Literal["coordinate", "grid"] = "coordinate",
    rounds: int = 2,
    n_jobs: int | None = None,
) -> Tuning:
    """Choose settings of a model by how it does on splits of data; give it training data only.

    Parameters
    ----------
    model : estimator
        Left unfitted; its own settings are where the search begins.
    grid : mapping of str to sequence
        Values by setting, with the names of ``set_params``.
    data, splits, task
        As for `evaluate`. What the settings are tested on later may not be among the data.
    metrics : Metric, str, or several of them
        Judged by their sum, each turned so that more is better.
    search : {"coordinate", "grid"}
        One setting after the other over its values, the others held; or all combinations.
    rounds : int
        Passes over the settings of a coordinate search; one that changes nothing is the last.
    n_jobs : int, optional
        Workers over settings and splits; the result does not depend on it.

    Returns
    -------
    Tuning

    Raises
    ------
    SettingsError
        The model has no such setting, a setting has no list of values, or a metric has a target and no better side.

    >>> from domains.timeseries import SeasonalMean
    >>> from shared.data.splits import WalkForward
    >>> table = pd.DataFrame({"ds": range(40), "y": [float(i % 4 + i % 3) for i in range(40)]})
    >>> found = tune(SeasonalMean(4), {"k": [1, 3]}, table, WalkForward(4, every=4, n_splits=2), "mae")
    >>> found.settings
    {'k': 3}
    """
    grid = _check_grid(model, grid)
    if search not in ("coordinate", "grid"):
        raise SettingsError(f"search={search!r} is neither 'coordinate' nor 'grid'")
    task = (task or find_task([model])).agree([model], splits)
    judges = check_metrics(metrics if isinstance(metrics, Iterable) else [metrics], task)
    if aimless := [judge.name for judge in judges if judge.greater_is_better is None]:
        raise SettingsError(f"neither more nor less of {quote(aimless)} is better; choose by another metric")
    found = _Trials(model, data, splits, judges, task, n_jobs)
    now = {name: model.get_params()[name] for name in grid}
    if search == "grid":
        every = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
        marks = found.judge(every)
        now = every[marks.index(max(marks))]
    else:
        for _ in range(rounds):
            before = dict(now)
            for name, values in grid.items():
                tried = [{**now, name: value} for value in values]
                *marks, current = found.judge([*tried, now])
                if max(marks) > current:
                    now = tried[marks.index(max(marks))]
            if now == before:
                break
    return Tuning(clone(model).set_params(**now), now, pd.DataFrame(found.rows), tuple(judge.name for judge in judges))


def _check_grid(model: Estimator, grid: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    given = model.get_params()
    if not grid:
        raise SettingsError("there is nothing to try: give values by setting, as in {'alpha': [0.1, 1.0]}")
    if wrong := [name for name in grid if name not in given]:
        raise SettingsError(f"{type(model).__name__} has no setting {quote(wrong)}; it has {', '.join(given)}")
    if wrong := [name for name, values in grid.items() if isinstance(values, str | int | float) or not len(values)]:
        raise SettingsError(f"give a list of values for {quote(wrong)}")
    return dict(grid)


class _Trials:
    """Judges settings, each combination once."""

    def __init__(
        self,
        model: object,
        data: object,
        splits: Splitter | Sequence[Split],
        judges: tuple[Metric, ...],
        task: Task,
        n_jobs: int | None,
    ) -> None:
        self.model = model
        self.data = data
        self.splits = splits
        self.judges = judges
        self.task = task
        self.n_jobs = n_jobs
        self.known: dict[str, float] = {}
        self.rows: list[dict[str, Any]] = []

    def judge(self, wanted: Sequence[dict[str, Any]]) -> list[float]:
        """What each of some settings reaches; more is better."""
        keys = [repr(sorted(settings.items())) for settings in wanted]
        new = {key: settings for key, settings in zip(keys, wanted, strict=True) if key not in self.known}
        if new:
            scores = self._run(new)
            for key, settings in new.items():
                means = {judge.name: float(scores.values(key, judge.name).mean()) for judge in self.judges}
                mark = sum(
                    means[judge.name] if judge.greater_is_better else -means[judge.name] for judge in self.judges
                )
                self.known[key] = mark
                self.rows.append({**settings, **means, "judged by": mark})
        return [self.known[key] for key in keys]

    def _run(self, new: Mapping[str, dict[str, Any]]) -> Scores:
        models = {key: clone(self.model).set_params(**settings) for key, settings in new.items()}
        # Every candidate is the others' baseline; the guard watches the evaluation that the settings are chosen for.
        return evaluate(
            {},
            self.data,
            self.splits,
            self.judges,
            baselines=models,
            task=self.task,
            n_jobs=self.n_jobs,
            show=False,
            guard=False,
        )
