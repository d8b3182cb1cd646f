"""Ridge regression on standardised columns whose penalty the training data choose: the default regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from shared.errors import SettingsError
from shared.runtime.array_of import ArrayOf
from shared.typing import Bools, Floats

__all__ = ["LeaveOut", "StandardizedRidge"]

# Share of a column's variance below which what is left of it is rounding.
LOST = 1e-6


class StandardizedRidge(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Ridge regression on standardised columns; the penalty minimises generalised cross-validation.

    One eigendecomposition serves all penalties, which makes it several times faster than scaling, then
    cross-validating: a direct forecaster fits one of these for every step of its horizon.

    Parameters
    ----------
    alphas : tuple of float
        Penalties to choose from, on columns of unit variance.
    towards : tuple of int
        What coefficients may be shrunk towards, to choose from, too: -1 is the mean of y, and a column's number is the
        value of this column, such as the last one of a series. Which has the better score is taken.

    Attributes
    ----------
    coef_ : numpy.ndarray of shape (n_features,)
        Coefficients in the columns' own units.
    intercept_ : float
    alpha_ : float
        The penalty chosen.
    towards_ : int
        What was shrunk towards.

    Notes
    -----
    Source: Golub, Heath & Wahba (1979), Generalized cross-validation, Technometrics 21(2).

    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> StandardizedRidge(alphas=(1e-9,)).fit(X, [1.0, 3.0, 5.0, 7.0]).predict([[4.0]]).round(6).tolist()
    [9.0]
    """

    def __init__(
        self,
        alphas: tuple[float, ...] = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0),
        towards: tuple[int, ...] = (-1,),
    ) -> None:
        self.alphas = alphas
        self.towards = towards

    def fit(self, X: Any, y: Any) -> StandardizedRidge:
        """Learn scale, penalty and coefficients.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,)
        """
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        alphas = np.asarray(self.alphas, dtype=float)
        if alphas.ndim != 1 or len(alphas) == 0 or not (alphas > 0).all():
            raise SettingsError(f"alphas={self.alphas!r}: give at least one penalty, all above zero")
        if len(self.towards) == 0 or not all(-1 <= column < X.shape[1] for column in self.towards):
            raise SettingsError(f"towards={self.towards!r}: give at least one of -1 and the columns' numbers")
        n = len(y)
        centre, middle = X.mean(axis=0), y.mean()
        spread = X.std(axis=0)
        # A column that is constant but for rounding tells nothing; its coefficient stays zero.
        constant = spread <= 10 * np.finfo(float).eps * np.maximum(np.abs(centre), 1e-300) * np.sqrt(n)
        scaled = (X - centre) / np.where(constant, 1.0, spread)
        scaled[:, constant] = 0.0
        values, vectors = np.linalg.eigh(scaled.T @ scaled)
        values = np.maximum(values, 0.0)
        freedom = np.maximum(n - 1 - (values / (values + alphas[:, None])).sum(axis=1), 1e-9)
        least = np.inf
        for column in self.towards:
            end = _end(column, X.shape[1])
            residual = y - middle - (X - centre) @ end
            projected = vectors.T @ (scaled.T @ residual)
            shrunk = projected / (values + alphas[:, None])
            rss = residual @ residual - 2 * shrunk @ projected + (values * shrunk**2).sum(axis=1)
            scores = np.maximum(rss, 0.0) / freedom**2
            best = int(np.argmin(scores))
            if not scores[best] >= least:  # one that overflowed is taken, too
                least, self.towards_, self.alpha_ = float(scores[best]), int(column), float(alphas[best])
                self.coef_ = (vectors @ shrunk[best]) / np.where(constant, 1.0, spread) + end
        self.intercept_ = float(middle - centre @ self.coef_)
        return self

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        return {
            "coef_": ArrayOf("f", (self.n_features_in_,), finite=True),
            "intercept_": ArrayOf("f", (), finite=True),
            "alpha_": ArrayOf("f", ()),
        }

    def predict(self, X: ArrayLike) -> Floats:
        """Predict.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)

        Returns
        -------
        numpy.ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.predict_unchecked(validate_data(self, X, dtype=np.float64, reset=False))

    def predict_unchecked(self, X: Floats) -> Floats:
        """Predict from a float array that is known to be in order, as a forecaster's own features are.

        Checking costs a hundred times the product itself where a few rows are asked for at each of many steps.

        Parameters
        ----------
        X : array of float, shape (n_samples, n_features)
            Finite; not checked.
        """
        return np.asarray(X @ self.coef_ + self.intercept_)


def _end(column: int, width: int) -> Floats:
    """Coefficients that take a column's value for the answer; none for -1."""
    end = np.zeros(width)
    if column >= 0:
        end[column] = 1.0
    return end


class LeaveOut:
    """Ridges fitted without some of the rows of a fitted one, with its penalty and its end, by differences of sums.

    A model for every block of time left out costs one solution of the normal equations each, not a pass over all rows.

    Parameters
    ----------
    ridge : StandardizedRidge
        Fitted on X and y.
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,)

    >>> X, y = np.arange(10.0)[:, None], np.r_[np.arange(8.0), 99.0, 99.0]
    >>> ridge = StandardizedRidge(alphas=(1e-9,)).fit(X, y)
    >>> LeaveOut(ridge, X, y).without(X[:, 0] >= 8).predict([[9.0]]).round(6).tolist()
    [9.0]
    """

    def __init__(self, ridge: StandardizedRidge, X: Floats, y: Floats) -> None:
        self.ridge = ridge
        # Sums are taken around the means and in units of the spread of all rows, so that little is lost in differences.
        self.centre, self.middle = X.mean(axis=0), float(y.mean())
        spread = X.std(axis=0)
        self.varies = spread > 10 * np.finfo(float).eps * np.maximum(np.abs(self.centre), 1e-300) * np.sqrt(len(X))
        self.unit = np.where(self.varies, spread, 1.0)
        self.rows = (X - self.centre) / self.unit
        self.end = _end(ridge.towards_, X.shape[1])
        self.residual = y - self.middle - (X - self.centre) @ self.end
        self.gram = self.rows.T @ self.rows
        self.moment = self.rows.T @ self.residual
        self.sums, self.total = self.rows.sum(axis=0), float(self.residual.sum())

    def without(self, left_out: Bools) -> StandardizedRidge:
        """A ridge fitted on the rows that are not left out."""
        out, its = self.rows[left_out], self.residual[left_out]
        n = len(self.rows) - len(out)
        mean, middle = (self.sums - out.sum(axis=0)) / n, (self.total - float(its.sum())) / n
        gram = self.gram - out.T @ out - n * np.outer(mean, mean)
        moment = self.moment - out.T @ its - n * mean * middle
        variance = np.diag(gram) / n
        told = self.varies
        if (variance[told] < LOST).any():  # what is left of the column is small beside what was taken away
            return self._again(left_out)
        system = gram[np.ix_(told, told)] + np.diag(self.ridge.alpha_ * variance[told])
        made = StandardizedRidge(self.ridge.alphas)
        coefficients = np.zeros(len(mean))
        coefficients[told] = np.linalg.solve(system, moment[told])
        made.alpha_ = self.ridge.alpha_
        made.coef_ = coefficients / self.unit + self.end
        made.intercept_ = float(self.middle + middle - mean @ coefficients - self.centre @ made.coef_)
        made.n_features_in_ = len(mean)
        return made

    def _again(self, left_out: Bools) -> StandardizedRidge:
        """The same by a pass over the rows that are kept."""
        made = StandardizedRidge((self.ridge.alpha_,)).fit(self.rows[~left_out], self.residual[~left_out])
        made.coef_ = made.coef_ / self.unit + self.end
        made.intercept_ = float(made.intercept_ + self.middle - self.centre @ made.coef_)
        made.alphas = self.ridge.alphas
        return made
