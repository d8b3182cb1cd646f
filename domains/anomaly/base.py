"""What all detectors over a feature matrix share: checks, the scale of their scores, the budget, reasons."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from numbers import Real
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from domains.anomaly.evidence import MOST_SCORES, ScoreScale
from shared.errors import DataError, Problem, SettingsError
from shared.runtime.array_of import ArrayOf
from shared.runtime.seeds import make_random_state
from shared.typing import Bools, Floats, Ints, Seed

__all__ = ["Judged", "MatrixDetector", "draw_seed", "is_share", "load_kernels", "spread_evidence"]

BLOCK = 65_536  # rows that are copied at a time


@dataclass(frozen=True)
class Judged:
    """Rows learnt from that are scored by what did not see them, so that new rows can be compared with them.

    Attributes
    ----------
    rows : numpy.ndarray of int
        Their numbers.
    as_new : numpy.ndarray of bool
        Rows that have so many twins that they are scored as a new twin is: to leave out one of them changes nothing
        but the last digits of their score, and all others would then lie on one side of it.

    >>> X = np.array([[0.0], [0.0], [1.0], [2.0]])
    >>> Judged.among(X, np.random.default_rng(0), twins=2).as_new.tolist()
    [True, True, False, False]
    """

    rows: Ints
    as_new: Bools

    @classmethod
    def among(cls, X: Floats, rng: np.random.Generator, twins: int | None = None) -> Judged:
        """Choose at most 10,000 rows at random; `twins` are many from 1 % of these on."""
        rows = np.arange(len(X))
        if len(X) > MOST_SCORES:
            rows = np.sort(rng.choice(len(X), MOST_SCORES, replace=False))
        many = max(5, len(rows) // 100) if twins is None else twins
        marks = (np.nan_to_num(X[rows]) * np.random.default_rng(0).random(X.shape[1])).sum(axis=1)
        _, which, count = np.unique(marks, return_inverse=True, return_counts=True)
        return cls(rows, count[which] >= many)


class MatrixDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the detectors: a subclass learns in `_learn` and scores in `_oddness`.

    What `_learn` returns are scores of training rows by what was learnt without them; they become ``scale_``.

    >>> from domains.anomaly import MarginDetector
    >>> isinstance(MarginDetector(), MatrixDetector)
    True
    """

    budget: float
    random_state: Any
    _allow_missing = False

    def fit(self, X: Any, y: object = None) -> MatrixDetector:
        """Learn what is ordinary.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Rows, most of them ordinary.
        y : ignored

        Raises
        ------
        SettingsError
            A parameter is out of its range.
        DataError
            Every column is constant.
        ValueError
            X is no matrix of finite numbers (scikit-learn's checks).
        """
        self._check_settings()
        X = self._validate(X, reset=True)
        rng = np.random.default_rng(draw_seed(self.random_state))
        self._fit_rows(X, Judged.among(X, rng), rng)
        return self

    def _fit_rows(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Learn from rows that were checked, and return the held-out scores of those to be judged."""
        held_out = self._learn(X, judged, rng)
        self.n_features_in_ = X.shape[1]
        self.scale_ = ScoreScale.of(held_out)
        self.offset_ = -self.scale_.threshold(self.budget)
        return held_out

    def score_samples(self, X: ArrayLike) -> Floats:
        """Score rows: the lower, the odder, as scikit-learn's detectors do.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)

        Returns
        -------
        numpy.ndarray of float64, shape (n_samples,)
        """
        check_is_fitted(self)
        return -self._oddness(self._checked(X))

    def decision_function(self, X: ArrayLike) -> Floats:
        """Score of rows above the threshold of the budget; negative for those that are reported.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        scores = self.score_samples(X)
        if np.isinf(self.offset_):  # too few rows were held out for the budget: nothing, or all, is reported
            return np.full(len(scores), 1.0 if self.offset_ < 0 else -1.0)
        return scores - self.offset_

    def predict(self, X: ArrayLike) -> Ints:
        """Say which rows are reported: -1, and 1 for the others.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def p_values(self, X: ArrayLike) -> Floats:
        """Share of the rows held out in fitting that are as odd as each row; at least 1 / (n + 1).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        return self.scale_.p_values(-self.score_samples(X))

    def evidence(self, X: ArrayLike) -> Floats:
        """Minus the natural logarithm of the p-values; comparable between detectors, and growing beyond them.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        return self.scale_.evidence(-self.score_samples(X))

    def explain(self, X: ArrayLike) -> Floats:
        """Part of each column in the evidence of each row.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)

        Returns
        -------
        numpy.ndarray of float64, shape (n_samples, n_features)
            None is negative; a row's parts sum up to its evidence.
        """
        check_is_fitted(self)
        X = self._checked(X)
        return spread_evidence(self.scale_.evidence(self._oddness(X)), self._column_parts(X))

    @abstractmethod
    def _learn(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Learn from all rows; return the scores of the rows `judged` by what was learnt without them."""

    def _take_in(self, X: Floats, scores: Floats, pool: Floats, share: float, rng: np.random.Generator) -> None:
        """Renew part of what was learnt.

        `X` are new rows with the `scores` they have so far, `pool` rows of all times, of which `share` are new.
        """
        self.scale_ = self.scale_.renew(scores, rng)
        self.offset_ = -self.scale_.threshold(self.budget)
        self._renew(X, pool, share, rng)

    def _renew(self, X: Floats, pool: Floats, share: float, rng: np.random.Generator) -> None:
        """Learn from rows of all times, or from a share of them."""
        raise SettingsError(f"a {type(self).__name__} cannot go on learning; fit it again")

    @abstractmethod
    def _oddness(self, X: Floats) -> Floats:
        """Score rows that were checked: the higher, the odder."""

    @abstractmethod
    def _column_parts(self, X: Floats) -> Floats:
        """Weigh the columns by what each adds to a row's score; what is negative counts as nothing."""

    def _check_settings(self) -> None:
        if not is_share(self.budget) or self.budget > 0.5:
            raise SettingsError(f"budget={self.budget!r}: give the share of rows to report, above 0 and at most 0.5")

    def _validate(self, X: Any, *, reset: bool) -> Floats:
        finite = "allow-nan" if self._allow_missing else True
        least = 2 if reset else 1
        X = validate_data(
            self, X, dtype=np.float64, ensure_all_finite=finite, ensure_min_samples=least, reset=reset, order="C"
        )
        if np.fmax.reduce(X, axis=None) > FAR or np.fmin.reduce(X, axis=None) < -FAR:
            raise _too_large(self, X, np.abs(X) > FAR)
        return np.asarray(X)

    def _checked(self, X: Any) -> Floats:
        """Check new rows; arrays that need nothing changed are looked at only once."""
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype == np.float64 and X.flags.c_contiguous
        if plain and not hasattr(self, "feature_names_in_") and X.shape[1] == self.n_features_in_ and len(X):
            low, high = X.min(), X.max()
            if low > -FAR and high < FAR:  # false where a value is missing, too
                return np.asarray(X)
        return self._validate(X, reset=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allow_missing
        return tags

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        return {"scale_": ScoreScale, "offset_": ArrayOf("f", ())}


# Beyond this, squares of float32 overflow.
FAR = 1e18


def _too_large(model: Any, X: Floats, large: Any) -> DataError:
    """Build the error of values that no detector can calculate with."""
    names = getattr(model, "feature_names_in_", None)
    column = int(np.flatnonzero(large.any(axis=0))[0])
    rows = np.flatnonzero(large[:, column])
    name = str(names[column]) if names is not None else str(column)
    count = int(large.sum())
    what = f"{count:,} {'value is' if count == 1 else 'values are'} beyond {FAR:g}: {float(X[rows[0], column]):g}"
    fix = "Correct them, or give the column in another unit."
    return DataError("X", [Problem(what, column=name, rows=tuple(int(r) + 1 for r in rows[:5]), count=count, fix=fix)])


def spread_evidence(evidence: Floats, parts: Floats) -> Floats:
    """Share each row's evidence among its columns in proportion to their parts; equally where no part is positive.

    >>> spread_evidence(np.array([4.0]), np.array([[3.0, 1.0, -2.0]])).tolist()
    [[3.0, 1.0, 0.0]]
    """
    positive = np.maximum(parts, 0.0)
    total = positive.sum(axis=1, keepdims=True)
    even = np.full_like(positive, 1.0 / parts.shape[1])
    shares = np.divide(positive, total, out=even, where=total > 0)
    return np.asarray(shares * evidence[:, None])


def is_share(value: object) -> bool:
    """Whether a value is a number between 0 and 1; truth values are none.

    >>> is_share(0.5), is_share("0.5"), is_share(1)
    (True, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < 1


def load_kernels() -> ModuleType:
    """Import the domain's loops, and numba with them, when they are needed.

    >>> load_kernels().__name__
    'domains.anomaly.kernels'
    """
    from domains.anomaly import kernels

    return kernels


def draw_seed(random_state: Seed) -> int:
    """Turn what scikit-learn takes for a seed into a number; None is a new one each time.

    >>> draw_seed(0) == draw_seed(0) == 209652396
    True
    """
    return int(make_random_state(random_state).randint(np.iinfo(np.int32).max))
