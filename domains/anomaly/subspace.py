"""Axes along which the columns vary together: what lies off them, or far out on the short ones, is odd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from domains.anomaly.base import Judged, MatrixDetector, is_share, load_kernels
from domains.anomaly.columns import Standardiser
from shared.errors import SettingsError
from shared.runtime.array_of import ArrayOf
from shared.runtime.parallel import use_one_blas_thread
from shared.typing import Floats, Ints, Seed

__all__ = ["SubspaceDetector"]

KINDS = ("whitened", "residual", "robust")
FOLDS = 20
# Part of a column's variance below which an axis has none: rounding, or columns that are sums of others.
LEAST_VARIANCE = 1e-4
# Steps in which the half of the rows nearest to the centre is looked for; it hardly moves after as many.
STEPS = 10
FAR_OUT = 1e6  # spreads from the mean that are still told apart


class SubspaceDetector(MatrixDetector):
    """Distance from the centre along principal axes, each in its own spread; or what the first axes leave over.

    Parameters
    ----------
    kind : {"whitened", "residual", "robust"}
        All axes in units of their spreads (Mahalanobis' distance); the length of what the first axes, which hold
        `explained` of the variance, leave over; or whitened by the half of the rows that lies closest together.
    explained : float
        Share of the variance that the first axes hold, for "residual".
    budget : float
        Share of rows that `predict` reports, above 0 and at most 0.5.
    random_state : int, RandomState or None
        Parts the rows for scores that are held out.

    Attributes
    ----------
    scale_ : ScoreScale
        Scores of training rows by axes found without them and a twentieth of the others.
    axes_ : numpy.ndarray of float64, shape (n_axes, n_features)
        The score is the length of a standardised row on them.
    offset_ : float
    n_features_in_ : int

    Notes
    -----
    Sources: Shyu et al. (2003), "A novel anomaly detection scheme based on principal component classifier"; robust:
    concentration steps of Rousseeuw and Van Driessen (1999), "A fast algorithm for the minimum covariance determinant
    estimator", from the columns' medians. Missing values are taken for the mean.

    >>> x = np.random.default_rng(0).normal(size=500)
    >>> X = np.column_stack([x, x + 0.1 * np.random.default_rng(1).normal(size=500)])
    >>> SubspaceDetector().fit(X).predict([[2.0, 2.0], [1.0, -1.0]]).tolist()
    [1, -1]
    """

    _allow_missing = True

    def __init__(
        self,
        kind: Literal["whitened", "residual", "robust"] = "whitened",
        *,
        explained: float = 0.9,
        budget: float = 0.01,
        random_state: Seed = None,
    ) -> None:
        self.kind = kind
        self.explained = explained
        self.budget = budget
        self.random_state = random_state

    def _learn(self, X: Floats, judged: Judged, rng: np.random.Generator) -> Floats:
        """Find the axes; rows are judged by those that all but a twentieth of them, with them in it, give."""
        self.standardiser_ = Standardiser.of(X)
        Z = self.standardiser_.apply(X, FAR_OUT).astype(np.float64)
        members = np.ones(len(Z), dtype=bool)
        if self.kind == "robust" and len(Z) > 2 * Z.shape[1] + 2:
            members[:] = False
            members[_central_half(Z)] = True
        whole = _Moments.of(Z[members])
        self.centre_, self.axes_ = self._find_axes(whole)
        scores = _length(Z[judged.rows], self.centre_, self.axes_)
        part = rng.permutation(len(judged.rows)) % FOLDS
        for fold in range(FOLDS):
            here = np.flatnonzero((part == fold) & ~judged.as_new)
            rows = judged.rows[part == fold]
            rest = whole.without(Z[rows[members[rows]]])
            if len(here) and rest.n > 1:
                scores[here] = _length(Z[judged.rows[here]], *self._find_axes(rest))
        return scores

    def _find_axes(self, moments: _Moments) -> tuple[Floats, Floats]:
        """Centre and axes, these as long as the rows' spreads along them are short."""
        variance, axes = moments.principal_axes()
        kept = variance > LEAST_VARIANCE
        if self.kind == "residual":
            held = np.cumsum(variance) / max(variance.sum(), 1e-300)
            kept &= np.concatenate([[0.0], held[:-1]]) >= self.explained
            return moments.centre, axes[kept] if kept.any() else axes[-1:]
        axes = axes[kept] / np.sqrt(variance[kept])[:, None]
        return moments.centre, axes if len(axes) else np.zeros((1, len(variance)))

    def _oddness(self, X: Floats) -> Floats:
        return _length(self.standardiser_.apply(X, FAR_OUT).astype(np.float64), self.centre_, self.axes_)

    def _column_parts(self, X: Floats) -> Floats:
        # The squared length is a sum over columns: each value times what the axes make of the row there.
        Z = self.standardiser_.apply(X, FAR_OUT).astype(np.float64) - self.centre_
        back = np.empty(Z.shape)
        load_kernels().project_rows(_on_axes(Z, self.axes_), np.ascontiguousarray(self.axes_.T), back)
        return Z * back

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.kind not in KINDS:
            raise SettingsError(f"kind={self.kind!r}: there are 'whitened', 'residual' and 'robust'")
        if not is_share(self.explained):
            raise SettingsError(f"explained={self.explained!r}: give a share between 0 and 1")

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        width = self.n_features_in_
        return super().declare_arrays() | {
            "standardiser_": Standardiser,
            "centre_": ArrayOf("f", (width,), finite=True),
            "axes_": ArrayOf("f", (None, width), finite=True),
        }


def _on_axes(Z: Floats, axes: Floats) -> Floats:
    out = np.empty((len(Z), len(axes)))
    load_kernels().project_rows(Z, np.ascontiguousarray(axes), out)
    return out


def _length(Z: Floats, centre: Floats, axes: Floats) -> Floats:
    return np.asarray(np.sqrt((_on_axes(Z - centre, axes) ** 2).sum(axis=1)))


@dataclass(frozen=True)
class _Moments:
    """Number, sum, and sum of products of rows: what rows are left out of is a difference."""

    n: int
    total: Floats
    products: Floats

    @classmethod
    def of(cls, Z: Floats) -> _Moments:
        with use_one_blas_thread():
            return cls(len(Z), Z.sum(axis=0), Z.T @ Z)

    def without(self, Z: Floats) -> _Moments:
        less = _Moments.of(Z)
        return _Moments(self.n - less.n, self.total - less.total, self.products - less.products)

    @property
    def centre(self) -> Floats:
        return self.total / max(self.n, 1)

    def principal_axes(self) -> tuple[Floats, Floats]:
        """Variances, the largest first, and the axes that have them as rows."""
        spread = self.products / max(self.n, 1) - np.outer(self.centre, self.centre)
        with use_one_blas_thread():
            variance, vectors = np.linalg.eigh(spread)
        return np.maximum(variance[::-1], 0.0), np.ascontiguousarray(vectors[:, ::-1].T)


def _central_half(Z: Floats) -> Ints:
    """Rows, a half of them, that lie closest together."""
    half = (len(Z) + Z.shape[1] + 1) // 2
    middle = np.median(Z, axis=0)
    spread = np.median(np.abs(Z - middle), axis=0)
    scaled = (Z - middle) / np.where(spread > 0, spread, 1.0)
    rows = np.sort(np.argsort((scaled**2).sum(axis=1), kind="stable")[:half])
    for _ in range(STEPS):
        moments = _Moments.of(Z[rows])
        variance, axes = moments.principal_axes()
        kept = variance > LEAST_VARIANCE
        if not kept.any():
            return rows
        far = _length(Z, moments.centre, axes[kept] / np.sqrt(variance[kept])[:, None])
        closer = np.sort(np.argsort(far, kind="stable")[:half])
        if np.array_equal(closer, rows):
            break
        rows = closer
    return rows
