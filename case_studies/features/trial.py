"""On rows that no search saw: the chosen columns beside all of them, other ways to choose, and no model at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import LassoCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from domains.timeseries import StandardizedRidge
from shared.evaluation import Comparison, Comparisons, Scores, compare, evaluate

from .rows import Rows
from .search import Choice, LaterParts
from .settings import FeaturesSettings
from .task import AsItIs, PredictionTask, RecentLevel, RidgeOn

__all__ = ["ALL", "BEST", "CHOSEN", "LASSO", "ONE", "RECENT", "Trial", "name_guess", "try_columns"]

CHOSEN, ALL, LASSO, BEST = "the chosen set", "the full set", "lasso", "the most correlated set"
ONE, RECENT = "one number for all rows", "the level of the last rows"
SIZES = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233)
Action = Literal["keep chosen", "keep all", "keep none"]


def name_guess(settings: FeaturesSettings) -> str:
    """What the rival is called that takes a guess of the target at its word.

    Parameters
    ----------
    settings : FeaturesSettings

    >>> name_guess(FeaturesSettings(columns={"guess": "last week"}))
    '“last week” as it is'
    """
    return f"“{settings.columns.guess}” as it is"


@dataclass(frozen=True)
class Trial:
    """Errors on the rows held out.

    Attributes
    ----------
    scores : Scores
    against : Comparisons
        The chosen columns with each rival.
    skills : dict of str to Comparison
        Each model with the rival that needs none and errs least, by its name.
    curve : pandas.DataFrame
        Error by number of columns: an index of numbers, and a column a way to order them.
    metric : str
    tolerance : float
    sizes : dict of str to int
        Columns that a model uses, by its name.

    >>> Trial(Scores(*[pd.DataFrame()] * 3, ()), Comparisons(()), {}, pd.DataFrame(), "mae", 0.02).action
    'keep none'
    """

    scores: Scores
    against: Comparisons
    skills: dict[str, Comparison]
    curve: pd.DataFrame
    metric: str
    tolerance: float
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """The rival without a model that errs least."""
        return min(self.scores.baselines, key=self.error)

    def error(self, model: str) -> float:
        """Mean error of a model over the parts.

        Parameters
        ----------
        model : str
        """
        return float(self.scores.values(model, self.metric).mean())

    def beside(self, rival: str) -> Comparison:
        """The chosen columns compared with a rival.

        Parameters
        ----------
        rival : str
        """
        return next(one for one in self.against.items if one.against == rival)

    @property
    def rivals(self) -> list[str]:
        """All that the chosen columns were compared with."""
        return [one.against for one in self.against.items]

    @property
    def action(self) -> Action:
        """What follows: keep the chosen columns, keep all, or none where nothing is shown to predict."""
        useful = {name for name, one in self.skills.items() if one.outcome == "better"}
        if not useful & {CHOSEN, ALL}:
            return "keep none"
        lost = self.beside(ALL).outcome == "worse" or CHOSEN not in useful
        return "keep all" if lost and ALL in useful else "keep chosen"

    @property
    def model(self) -> str:
        """The model that is recommended, by its name."""
        return {"keep chosen": CHOSEN, "keep all": ALL, "keep none": self.reference}[self.action]

    @property
    def harmless(self) -> bool:
        """Whether the chosen columns are shown to cost no more error than is tolerated."""
        return bool(self.beside(ALL).lower >= -self.tolerance)  # never where no percentage can be told


def try_columns(rows: Rows, choice: Choice, settings: FeaturesSettings, keep: Path | None) -> Trial:
    """Predict the rows held out, part by part, with the columns that were chosen without them, and with rivals.

    Parameters
    ----------
    rows : Rows
    choice : Choice
    settings : FeaturesSettings
    keep : path, optional
        For pieces that are finished.

    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    >>> rows = Rows(X, pd.Series(3 * X["b"] + rng.normal(size=200), name="y"), None, tuple(range(150, 200, 5)), {})
    >>> table = pd.DataFrame({"chosen": [False, True, False], "frequency": 0.5, "worth": 0.0}, index=list("abc"))
    >>> settings = FeaturesSettings(columns={"time": "", "guess": ""}, n_jobs=1)
    >>> try_columns(rows, Choice(table, None, 3), settings, None).action
    'keep chosen'
    """
    every, n = [str(name) for name in rows.X.columns], len(choice.columns)
    folds: Any = LaterParts(settings.folds) if rows.times is not None else settings.folds
    lasso = LassoCV(cv=folds, max_iter=20_000, tol=1e-3)
    models = {
        CHOSEN: RidgeOn(choice.columns),
        ALL: RidgeOn(every),
        LASSO: make_pipeline(StandardScaler(), lasso),
        BEST: _take_best(n),
    }
    table = rows.X.assign(**{str(rows.y.name): rows.y})
    if rows.times is not None:
        table[settings.columns.time] = rows.times
    task = PredictionTask(str(rows.y.name), tuple(every), settings.columns.time or None)
    asked: dict[str, Any] = {"task": task, "n_jobs": settings.n_jobs}
    metrics = [settings.metric, "rmse" if settings.metric == "mae" else "mae"]
    baselines = _make_baselines(rows, settings)
    scores = evaluate(models, table, rows.splits(), metrics, baselines=baselines, keep=keep, **asked)
    against = compare(scores, CHOSEN, [ALL, LASSO, BEST, *baselines], metric=settings.metric, unit="parts")
    curve = _trace_sizes(table, rows, choice, settings, asked, baselines[ONE])
    sizes = {CHOSEN: n, ALL: len(every), LASSO: _count_kept(lasso, rows), BEST: n, **dict.fromkeys(baselines, 0)}
    sizes |= {name: 1 for name in baselines if name not in (ONE, RECENT)}
    trial = Trial(scores, against, {}, curve, settings.metric, settings.tolerance, sizes)
    named = {name: compare(scores, name, trial.reference, metric=settings.metric, unit="parts") for name in models}
    # That of the chosen set is one of several that are told, and has to agree with them.
    skills = {name: found.items[0] for name, found in named.items()} | {CHOSEN: trial.beside(trial.reference)}
    return replace(trial, skills=skills)


def _take_best(size: int) -> Any:
    """A ridge regression on the columns that are most correlated with the target."""
    return make_pipeline(SelectKBest(f_regression, k=size), StandardizedRidge())


def _count_kept(lasso: LassoCV, rows: Rows) -> int:
    """Columns that lasso keeps by the rows that the search learnt from."""
    X, y = rows.learnt
    return int(np.count_nonzero(lasso.fit(StandardScaler().fit_transform(X), y).coef_))


def _make_baselines(rows: Rows, settings: FeaturesSettings) -> dict[str, Any]:
    """What can be said without a model."""
    strategy = "median" if settings.metric == "mae" else "mean"
    made: dict[str, Any] = {ONE: RecentLevel(strategy=strategy)}
    if rows.times is not None:
        made[RECENT] = RecentLevel((len(rows.y) - rows.n_learnt) // len(rows.begins), strategy=strategy)
    if settings.columns.guess in rows.X.columns:
        made[name_guess(settings)] = AsItIs(settings.columns.guess)
    return made


def _trace_sizes(
    table: pd.DataFrame, rows: Rows, choice: Choice, settings: FeaturesSettings, asked: dict[str, Any], one: object
) -> pd.DataFrame:
    """Error by number of columns, in the order of the searches and in that of correlations."""
    ranking, n = choice.ranking(), len(choice.columns)
    sizes = sorted({*(size for size in SIZES if size < len(ranking)), n, len(ranking)})
    ways = {
        "in the order of the searches": {size: RidgeOn(ranking[:size]) for size in sizes},
        "in the order of correlation": {size: _take_best(size) for size in sizes},
    }
    models = {f"{way}: {size}": one for way, sized in ways.items() for size, one in sized.items()}
    scores = evaluate(models, table, rows.splits(), [settings.metric], baselines={ONE: one}, guard=False, **asked)
    found = {way: [scores.values(f"{way}: {size}", settings.metric).mean() for size in sizes] for way in ways}
    return pd.DataFrame(found, index=pd.Index(sizes, name="columns"))
