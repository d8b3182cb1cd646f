"""A mixture of normal distributions: what lies where it is thin is odd."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from domains.anomaly.base import Judged, MatrixDetector, load_kernels
from domains.anomaly.columns import Standardiser
from shared.checks import is_whole
from shared.errors import SettingsError
from shared.runtime.array_of import ArrayOf
from shared.runtime.parallel import use_one_blas_thread
from shared.typing import Floats, Ints, Seed

__all__ = ["MixtureDetector"]

FOLDS = 3
# Rows that a mixture is fitted on, where there are more: its parts are known well enough by then.
MOST_ROWS = 5000
# Added to the variances of standardised columns, so that no part shrinks to a point.
FLOOR = 1e-3
MOST_STEPS = 50


class MixtureDetector(MatrixDetector):
    """Minus the log-density in a mixture of normal distributions, whose number Bayes' criterion chooses.

    Parameters
    ----------
    max_parts : int
        Most distributions tried.
    budget : float
        Share of rows that `predict` reports, above 0 and at most 0.5.
    random_state : int, RandomState or None

    Attributes
    ----------
    scale_ : ScoreScale
        Scores of training rows by a mixture fitted without them.
    centres_ : numpy.ndarray of float64, shape (n_parts, n_features)
    offset_ : float
    n_features_in_ : int

    Notes
    -----
    Source: the expectation-maximisation of scikit-learn's ``GaussianMixture`` (full covariances), with the Bayesian
    information criterion of Schwarz (1978). Columns are standardised, values beyond five spreads count as five; missing
    values are taken for the mean.

    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(-4, 1, size=(300, 2)), rng.normal(4, 1, size=(300, 2))])
    >>> MixtureDetector(random_state=0).fit(X).predict([[4.0, 4.0], [0.0, 0.0]]).tolist()
    [1, -1]
    """

    _allow_missing = True

    def __init__(self, *, max_parts: int = 4, budget: float = 0.01, random_state: Seed = None) -> None:
        self.max_parts = max_parts
        self.budget = budget
        self.random_state = random_state

    def _learn(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Fit the mixture; rows it was fitted on are judged by one fitted on two of three parts."""
        self.standardiser_ = Standardiser.of(X)
        Z = self.standardiser_.apply(X).astype(np.float64)
        chosen = np.sort(rng.permutation(len(Z))[:MOST_ROWS])
        seed = int(rng.integers(2**31))
        whole = self._choose_mixture(Z[chosen], seed)
        self.centres_, self.roots_, self.constants_ = _arrays_of(whole)
        scores = self._energies(Z[judged.rows])
        part = np.full(len(Z), -1)
        if len(chosen) >= 4 * FOLDS:
            part[chosen] = rng.permutation(len(chosen)) % FOLDS
        for fold in range(FOLDS):
            here: Ints = np.flatnonzero((part[judged.rows] == fold) & ~judged.as_new)
            if len(here):
                rest = chosen[part[chosen] != fold]
                # From there on: another start could end in another mixture, whose densities are of another size.
                begin = {"weights_init": whole.weights_, "means_init": whole.means_}
                model = _fit(Z[rest], len(whole.means_), seed, precisions_init=whole.precisions_, **begin)
                if model is not None:
                    scores[here] = _energies(Z[judged.rows[here]], *_arrays_of(model))
        return scores

    def _choose_mixture(self, Z: Floats, seed: int) -> Any:
        """The mixture with the lowest criterion."""
        width = Z.shape[1]
        best: Any = None
        for parts in range(1, self.max_parts + 1):
            # A part has as many numbers to learn as this; with fewer rows than that for each it learns the rows.
            if parts > 1 and parts * width * (width + 3) / 2 > 2 * len(Z):
                break
            model = _fit(Z, parts, seed)
            if model is None:
                break
            criterion = model.bic(Z)
            if best is None or criterion < best[0]:
                best = criterion, model
        return best[1]

    def _energies(self, Z: Floats) -> Floats:
        return _energies(Z, self.centres_, self.roots_, self.constants_)

    def _oddness(self, X: Floats) -> Floats:
        return self._energies(self.standardiser_.apply(X).astype(np.float64))

    def _column_parts(self, X: Floats) -> Floats:
        # Of the part that is most likely: the squared distance is a sum over columns.
        Z = self.standardiser_.apply(X).astype(np.float64)
        alone = [
            _energies(Z, self.centres_[[k]], self.roots_[[k]], self.constants_[[k]]) for k in range(len(self.centres_))
        ]
        nearest = np.argmin(alone, axis=0)
        parts = np.empty(Z.shape)
        for k in np.unique(nearest):
            rows = np.flatnonzero(nearest == k)
            gap = Z[rows] - self.centres_[k]
            back, there = np.empty(gap.shape), np.empty(gap.shape)
            load_kernels().project_rows(gap, np.ascontiguousarray(self.roots_[k].T), there)
            load_kernels().project_rows(there, np.ascontiguousarray(self.roots_[k]), back)
            parts[rows] = gap * back
        return parts

    def _check_settings(self) -> None:
        super()._check_settings()
        if not is_whole(self.max_parts, 1, 100):
            raise SettingsError(f"max_parts={self.max_parts!r}: give a whole number from 1 to 100")

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        parts, width = len(self.centres_), self.n_features_in_
        return super().declare_arrays() | {
            "standardiser_": Standardiser,
            "centres_": ArrayOf("f", (parts, width), finite=True),
            "roots_": ArrayOf("f", (parts, width, width), finite=True),
            "constants_": ArrayOf("f", (parts,), finite=True),
        }


def _energies(Z: Floats, centres: Floats, roots: Floats, constants: Floats) -> Floats:
    out = np.empty(len(Z))
    load_kernels().mixture_energies(Z, centres, roots, constants, out)
    return out


def _fit(Z: Floats, parts: int, seed: int, **begin: Floats) -> Any:
    """Fit a mixture of so many parts; None where there are fewer different rows than parts."""
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(parts, reg_covar=FLOOR, max_iter=MOST_STEPS, random_state=seed, **begin)
    with warnings.catch_warnings(), use_one_blas_thread():
        warnings.simplefilter("ignore")  # one that has not settled is as good as another
        try:
            return model.fit(Z)
        except ValueError:
            return None


def _arrays_of(model: Any) -> tuple[Floats, Floats, Floats]:
    """Centres, roots of the precisions, and constants of the parts' log-densities."""
    roots = np.ascontiguousarray(model.precisions_cholesky_)
    logs = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1) - 0.5 * roots.shape[1] * np.log(2 * np.pi)
    return np.ascontiguousarray(model.means_), roots, np.log(model.weights_) + logs
