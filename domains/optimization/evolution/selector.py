"""Choice of predictors by evolution, with what it is worth on rows that it never saw."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.feature_selection import SelectorMixin
from sklearn.metrics import check_scoring
from sklearn.model_selection import KFold, StratifiedKFold, check_cv, cross_val_score
from sklearn.utils.validation import check_is_fitted, validate_data

from domains.optimization.evolution.optimizers import GeneticOptimizer
from domains.optimization.evolution.problem import Binary, SearchProblem
from shared.checks import check_model, is_whole
from shared.errors import SettingsError
from shared.evaluation.means import mean_of_folds
from shared.result import Result
from shared.typing import Bools, Floats, Ints

__all__ = ["EvolutionarySelector", "Selection"]

RIDGE = 1e-3  # of a predictor's variance, so that copies of one another can be solved for
ROOM = 2**22  # numbers of a stack of systems that are solved at once
FEWEST = 3  # folds without which nothing is said about skill


@dataclass(frozen=True, repr=False)
class Selection(Result):
    """What a selection is worth.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a predictor: "selected", and "frequency", the share of searches (one an outer fold, and the last) in which
        it was.
    inner : float
        Mean score of the cross-validation that chose: too good, because it chose.
    outer : float
        Mean score on rows that the search had not seen; NaN with too few rows.
    low, high : float
        95 % interval of the outer score over folds (Nadeau and Bengio, 2003).
    nothing : float
        Mean score of no predictor at all on the same rows: 0 for R squared.
    skilled : bool
        Whether the whole interval lies above that.

    >>> Selection(pd.DataFrame({"selected": [True], "frequency": [1.0]}), 0.5, 0.4, 0.2, 0.6).skilled
    True
    """

    table: pd.DataFrame
    inner: float
    outer: float
    low: float
    high: float
    nothing: float = 0.0

    @property
    def skilled(self) -> bool:
        """Whether more than chance is shown."""
        return bool(self.low > self.nothing)

    def to_frame(self) -> pd.DataFrame:
        """The predictors."""
        return self.table

    def explain(self) -> str:
        """Say how many were chosen, and what that is worth on rows never seen."""
        chosen = int(self.table["selected"].sum())
        sure = int((self.table["selected"] & (self.table["frequency"] >= 0.8)).sum())
        told = f"{chosen} of {len(self.table)} predictors are chosen, {sure} of them in at least four of five searches."
        if np.isnan(self.outer):
            return f"{told} There are too few rows to say what that is worth."
        rival = f" and of no predictor at all {self.nothing:.3f}" if self.nothing else ""
        verdict = "better than no predictor at all" if self.skilled else "no skill is shown"
        return (
            f"{told} The score that chose them is {self.inner:.3f}; on rows never seen it is {self.outer:.3f}"
            f" ({self.low:.3f} to {self.high:.3f}){rival}: {verdict}."
        )


class EvolutionarySelector(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Choose predictors by a genetic search over subsets, and say what the choice is worth.

    Parameters
    ----------
    estimator : estimator, optional
        Whose cross-validated score is made large. Left out, a linear model with next to no shrinkage, solved for whole
        populations of subsets at once; its score is R squared, of classes that of their indicators.
    scoring : str or callable, optional
        For an estimator; its own score where left out.
    cv, outer : int or splitter
        Folds that choose, and folds around them that judge the choice; ``outer=0`` judges nothing. Of a classifier
        that is given they hold all classes alike.
    evaluations : int
        Subsets tried a search, before single predictors are added and taken away while that helps.
    population : int
    penalty : float
        Score that a predictor has to bring to be worth having.
    random_state : int

    Attributes
    ----------
    support_ : numpy.ndarray of bool, shape (n_features,)
    selection_ : Selection
    outer_scores_ : numpy.ndarray of shape (n_outer,)

    >>> random = np.random.default_rng(0)
    >>> X = random.normal(size=(200, 6))
    >>> y = X[:, 1] - X[:, 4] + 0.1 * random.normal(size=200)
    >>> EvolutionarySelector(evaluations=300, population=30).fit(X, y).get_support(indices=True).tolist()
    [1, 4]
    """

    def __init__(
        self,
        estimator: object = None,
        *,
        scoring: object = None,
        cv: object = 5,
        outer: object = 5,
        evaluations: int = 2000,
        population: int = 50,
        penalty: float = 0.001,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.cv = cv
        self.outer = outer
        self.evaluations = evaluations
        self.population = population
        self.penalty = penalty
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> EvolutionarySelector:
        """Search on all rows, and on the outer folds' training rows.

        Parameters
        ----------
        X : array or frame of shape (n_rows, n_features)
        y : array of shape (n_rows,)

        Raises
        ------
        SettingsError, ValueError
        """
        if not is_whole(self.evaluations, least=10) or not is_whole(self.population, least=4):
            raise SettingsError(
                f"evaluations={self.evaluations!r}, population={self.population!r}: whole numbers from 10 and 4 on"
            )
        if not is_whole(self.random_state, least=0) or not 0 <= self.penalty < np.inf:
            raise SettingsError(
                f"random_state={self.random_state!r}, penalty={self.penalty!r}: a whole number and a number from 0 on"
            )
        check_model(self.estimator, "estimator", "LinearRegression()")
        X, y = validate_data(self, X, y, y_numeric=False, dtype=np.float64, ensure_min_samples=2)
        target = _read_target(y)
        whole = self._search(X, y, target, 0)
        chosen = [whole[0]]
        scores: list[float] = []
        nothing: list[float] = []
        test_share = 0.0
        if self.outer and len(X) >= 2 * FEWEST:
            folds = list(self._split(self.outer, X, y))
            test_share = float(np.mean([len(test) / len(train) for train, test in folds]))
            for turn, (train, test) in enumerate(folds, 1):
                mask, _ = self._search(X[train], y[train], target[train], turn)
                chosen.append(mask)
                scores.append(self._score(X, y, target, mask, train, test))
                nothing.append(self._score(X, y, target, np.zeros_like(mask), train, test))
        self.support_ = whole[0]
        self.outer_scores_ = np.array(scores)
        names = getattr(self, "feature_names_in_", np.arange(X.shape[1]))
        table = pd.DataFrame(
            {"selected": self.support_, "frequency": np.mean(chosen, axis=0)}, index=pd.Index(names, name="predictor")
        )
        if len(scores) >= FEWEST and np.isfinite(scores).all():
            low, high = mean_of_folds(self.outer_scores_, test_share).interval([1.0])
            self.selection_ = Selection(table, whole[1], float(np.mean(scores)), low, high, float(np.mean(nothing)))
        else:
            self.selection_ = Selection(table, whole[1], np.nan, np.nan, np.nan)
        return self

    def _get_support_mask(self) -> Bools:
        check_is_fitted(self, "support_")
        return self.support_

    def _split(self, cv: object, X: Floats, y: ArrayLike) -> Any:
        if is_whole(cv, least=-(2**53)):
            count = min(int(cv), len(X))
            if count < 2:
                raise SettingsError(f"cv={cv!r} and outer={self.outer!r}: at least 2 folds are needed, or outer=0")
            classes = self.estimator is not None and is_classifier(self.estimator)
            if classes and np.unique(y, return_counts=True)[1].max() >= count:
                # A class that training rows lack cannot be learnt; that few folds hold a rare one is no matter.
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)
                    folds = StratifiedKFold(count, shuffle=True, random_state=self.random_state)
                    return list(folds.split(X, y))
            return KFold(count, shuffle=True, random_state=self.random_state).split(X)
        return check_cv(cv, y).split(X, y)

    def _search(self, X: Floats, y: ArrayLike, target: Floats, turn: int) -> tuple[Bools, float]:
        n = X.shape[1]
        folds = list(self._split(self.cv, X, y))
        fast = _Moments(X, target, folds) if self.estimator is None else None
        empty = 0.0 if fast is not None else self._cross_validate(X, y, np.zeros(n, dtype=bool), folds)

        def judge(point: dict[str, Any]) -> Floats:
            masks = np.atleast_2d(point["use"]).reshape(-1, n)
            if fast is not None:
                score = fast.scores(masks)
            else:
                score = np.array(
                    [empty if not mask.any() else self._cross_validate(X, y, mask, folds) for mask in masks]
                )
            return np.asarray(score - self.penalty * masks.sum(axis=1))

        problem = SearchProblem(judge, {"use": Binary(n)}, maximise=True)
        optimizer = GeneticOptimizer(
            evaluations=int(self.evaluations), population=int(self.population), random_state=self.random_state + turn
        )
        found = optimizer.optimize(problem)
        mask = np.atleast_1d(np.asarray(found.best["use"], dtype=bool))
        mask = _prune(mask, judge)
        if not mask.any():  # a selector that keeps nothing is of no use to what follows it
            single = np.eye(n, dtype=bool)
            mask = single[int(np.argmax(judge({"use": single})))]
        value = float(judge({"use": mask[None]})[0]) + self.penalty * int(mask.sum())
        return mask, value

    def _cross_validate(self, X: Floats, y: ArrayLike, mask: Bools, folds: object) -> float:
        model = self._model_of(mask)
        return float(np.mean(cross_val_score(model, _columns(X, mask), y, cv=folds, scoring=self._scorer())))

    def _model_of(self, mask: Bools) -> Any:
        """The estimator, or what needs no predictor."""
        if mask.any():
            return clone(self.estimator)
        return DummyClassifier() if is_classifier(self.estimator) else DummyRegressor()

    def _scorer(self) -> Any:
        return check_scoring(self.estimator, scoring=self.scoring)

    def _score(self, X: Floats, y: Any, target: Floats, mask: Bools, train: Ints, test: Ints) -> float:
        if self.estimator is None:
            if not mask.any():
                return 0.0
            return float(_Moments(X, target, [(train, test)]).scores(mask[None])[0])
        part = _columns(X, mask)
        return float(self._scorer()(self._model_of(mask).fit(part[train], y[train]), part[test], y[test]))


def _columns(X: Floats, mask: Bools) -> Floats:
    """Those that are chosen; all for what looks at none."""
    return X[:, mask] if mask.any() else X


def _prune(mask: Bools, judge: Any) -> Bools:
    """Add or take away single predictors while that helps: the last steps, which evolution is slow at."""
    n = len(mask)
    best = float(judge({"use": mask[None]})[0])
    for _ in range(2 * n):
        near = np.repeat(mask[None], n, axis=0)
        near[np.arange(n), np.arange(n)] ^= True
        values = judge({"use": near})
        top = int(np.argmax(values))
        if values[top] <= best + 1e-12:
            break
        best, mask = float(values[top]), near[top]
    return mask


def _read_target(y: ArrayLike) -> Floats:
    """Numbers as they are; of classes their indicators."""
    values = np.asarray(y)
    if values.dtype.kind in "fiu" and len(np.unique(values)) > 2:
        return values.astype(float)[:, None]
    return np.asarray(values[:, None] == np.unique(values)[None], dtype=float)


class _Moments:
    """Linear models of whole populations of subsets, from each fold's moments."""

    def __init__(self, X: Floats, target: Floats, folds: Any) -> None:
        self.parts = []
        for train, test in folds:
            mean, centre = X[train].mean(axis=0), target[train].mean(axis=0)
            a, b = X[train] - mean, target[train] - centre
            size = np.sqrt((a**2).mean(axis=0))
            size = np.where(size > 0, size, 1.0)
            a, c = a / size, (X[test] - mean) / size
            gram = a.T @ a / len(a)
            rest = ((target[test] - centre) ** 2).sum()
            # R squared is set against the mean of the training rows, which is what a model without predictors says;
            # where that says all there is to say, nothing is better.
            told = rest > 1e-24 * (target[test] ** 2).sum()
            self.parts.append((gram, a.T @ b / len(a), c, target[test] - centre, float(rest) if told else np.inf))

    def scores(self, masks: Bools) -> Floats:
        """R squared of each subset, a mean over folds.

        Parameters
        ----------
        masks : numpy.ndarray of bool, shape (m, n)
        """
        found = np.zeros(len(masks))
        sizes = masks.sum(axis=1)
        for size in np.unique(sizes[sizes > 0]):  # sets of one size make a stack of systems no larger than they are
            same = np.flatnonzero(sizes == size)
            for part in np.array_split(same, -(-len(same) * int(size) ** 2 // ROOM)):
                found[part] = self._solve(np.nonzero(masks[part])[1].reshape(len(part), size))
        return found

    def _solve(self, columns: Ints) -> Floats:
        """R squared of subsets of one size, of shape (m, size), from the numbers of their columns."""
        found = np.zeros(len(columns))
        ridge = RIDGE * np.eye(columns.shape[1])
        for gram, cross, test, target, rest in self.parts:
            weights = np.linalg.solve(gram[columns[:, :, None], columns[:, None, :]] + ridge, cross[columns])
            whole = np.zeros((len(columns), test.shape[1], target.shape[1]))
            np.put_along_axis(whole, columns[:, :, None], weights, axis=1)
            errors = target[None] - test[None] @ whole
            found += (1.0 - np.einsum("mij,mij->m", errors, errors) / rest) if rest < np.inf else 0.0
        return found / len(self.parts)
