"""Expected returns and covariances, and how they are estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from domains.optimization.portfolio.returns import Returns, read_returns
from shared.checks import is_whole
from shared.errors import Argument, DataError, Fix, Problem, SettingsError, quote
from shared.result import OneLine
from shared.typing import Floats

__all__ = ["MomentEstimator", "Moments"]

COVARIANCES = ("sample", "shrunk", "exponential", "factor")
MEANS = ("sample", "shrunk", "exponential", "zero")
NEGLIGIBLE = 1e-9  # weight of all periods but the last
INDEFINITE = 1e-8  # of the largest eigenvalue, below 0: more than rounding


@dataclass(frozen=True, repr=False)
class Moments(OneLine):
    """What is expected of each asset, and how they move together.

    Attributes
    ----------
    assets : tuple of str
    mean : numpy.ndarray of shape (n,)
        Expected return a period.
    covariance : numpy.ndarray of shape (n, n)
    factor, diagonal : numpy.ndarray of shape (k, n) and (n,), optional
        The same covariance as F'F + diag(d), where it has few dimensions.
    notes : tuple of str

    >>> Moments(("a",), np.zeros(1), np.eye(1)).assets
    ('a',)
    """

    assets: tuple[str, ...]
    mean: Floats
    covariance: Floats
    factor: Floats | None = None
    diagonal: Floats | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_small(self) -> bool:
        """Whether the factors have fewer dimensions than there are assets."""
        return self.factor is not None and len(self.factor) < len(self.mean)


class MomentEstimator(BaseEstimator):  # type: ignore[misc]
    """Estimate expected returns and covariances.

    Parameters
    ----------
    covariance : {"sample", "shrunk", "exponential", "factor"} or frame
        "shrunk" is Ledoit and Wolf's towards equal variances (Journal of Multivariate Analysis 88, 2004);
        "exponential" weighs a period by half for each `half_life`; "factor" keeps the largest principal components and
        each asset's own remainder. A frame is taken as it is.
    mean : {"sample", "shrunk", "exponential", "zero"} or Series
        "shrunk" is Jorion's Bayes-Stein estimator towards the return of minimum variance (Journal of Financial and
        Quantitative Analysis 21, 1986). A Series, such as a forecast, is taken as it is.
    half_life : float
        In periods.
    n_factors : int
    repair : {"nearest"}, optional
        What to do with a given covariance that has negative eigenvalues: set them to 0.

    Attributes
    ----------
    moments_ : Moments

    >>> returns = pd.DataFrame({"a": [0.01, 0.03, -0.01], "b": [0.0, 0.01, 0.02]})
    >>> MomentEstimator().fit(returns).moments_.mean.round(3).tolist()
    [0.01, 0.01]
    """

    def __init__(
        self,
        *,
        covariance: Any = "sample",
        mean: Any = "sample",
        half_life: float = 63.0,
        n_factors: int = 3,
        repair: str | None = None,
    ) -> None:
        self.covariance = covariance
        self.mean = mean
        self.half_life = half_life
        self.n_factors = n_factors
        self.repair = repair

    def fit(self, returns: Any, y: Any = None) -> MomentEstimator:
        """Estimate.

        Parameters
        ----------
        returns : frame, array or Returns
            A row a period, a column an asset.
        y : object
            Not used; scikit-learn's signature.

        Raises
        ------
        DataError, SettingsError
        """
        self._check()
        table = read_returns(returns)
        factor = diagonal = None
        notes: tuple[str, ...] = ()
        weights = None
        if "exponential" in (self._kind(self.covariance), self._kind(self.mean)):
            weights = 0.5 ** (np.arange(len(table.values))[::-1] / self.half_life)
            weights /= weights.sum()
            if weights[-1] > 1 - NEGLIGIBLE:
                raise SettingsError(f"half_life={self.half_life!r} leaves the last period alone; give it a longer one")
        kind = self._kind(self.covariance)
        if kind == "given":
            covariance, notes = self._read_covariance(table)
        elif kind == "shrunk":
            covariance, factor, diagonal, notes = _shrink(table.values)
        elif kind == "factor":
            covariance, factor, diagonal = _find_factors(table.values, self.n_factors)
        else:
            centred, own = _centre(table.values, weights if kind == "exponential" else None)
            covariance, factor = centred.T @ centred, centred
            notes = own
        mean = self._estimate_mean(table, covariance, weights)
        self.moments_ = Moments(table.assets, mean, covariance, factor, diagonal, (*table.notes, *notes))
        return self

    @staticmethod
    def _kind(given: Any) -> str:
        return given if isinstance(given, str) else "given"

    def _check(self) -> None:
        for name, known in (("covariance", COVARIANCES), ("mean", MEANS)):
            given = getattr(self, name)
            if isinstance(given, str) and given not in known:
                raise SettingsError(f"{name}={given!r} is none of {quote(known)}, nor a table")
        if isinstance(self.half_life, bool | str) or not self.half_life > 0:
            raise SettingsError(f"half_life={self.half_life!r} is not above 0")
        if not is_whole(self.n_factors):
            raise SettingsError(f"n_factors={self.n_factors!r} is no whole number from 1 on")
        if self.repair not in {None, "nearest"}:
            raise SettingsError(f"repair={self.repair!r} is not 'nearest'")

    def _estimate_mean(self, table: Returns, covariance: Floats, weights: Floats | None) -> Floats:
        kind = self._kind(self.mean)
        sample = table.values.mean(axis=0)
        if kind == "given":
            return _read_mean(self.mean, table.assets)
        if kind == "zero":
            return np.zeros(len(table.assets))
        if kind == "exponential" and weights is not None:
            return np.asarray(weights @ table.values)
        if kind == "shrunk":
            return _shrink_mean(sample, covariance, len(table.values))
        return np.asarray(sample)

    def _read_covariance(self, table: Returns) -> tuple[Floats, tuple[str, ...]]:
        given = pd.DataFrame(self.covariance)
        if isinstance(self.covariance, pd.DataFrame):
            given.index, given.columns = given.index.map(str), given.columns.map(str)
            lost = [one for one in table.assets if one not in given.index or one not in given.columns]
            if lost:
                raise DataError("covariance", [Problem(f"has no row or column for {quote(lost)}", fix="Add them.")])
            given = given.loc[list(table.assets), list(table.assets)]
        values = given.to_numpy(dtype=float)
        n = len(table.assets)
        if values.shape != (n, n) or not np.isfinite(values).all():
            what = f"has shape {values.shape} and {int((~np.isfinite(values)).sum())} values that are no numbers"
            raise DataError("covariance", [Problem(what, fix=f"Give {n} rows and columns of numbers.")])
        size = max(1e-300, float(np.abs(values).max()))
        if np.abs(values - values.T).max() > 1e-8 * size:
            raise DataError("covariance", [Problem("is not symmetric", fix="Give one number a pair of assets.")])
        values = 0.5 * (values + values.T)
        least, most = np.linalg.eigvalsh(values)[[0, -1]]
        if least >= -INDEFINITE * max(most, 1e-300):
            return values, ()
        if self.repair != "nearest":
            fix = Fix("Correct it, or pass ", Argument("repair", "nearest"), " to set negative eigenvalues to 0.")
            what = f"is no covariance: some portfolio would have a negative variance (least eigenvalue {least:.3g})"
            raise DataError("covariance", [Problem(what, fix=fix)])
        levels, vectors = np.linalg.eigh(values)
        mended = (vectors * np.maximum(levels, 0.0)) @ vectors.T
        change = np.abs(mended - values).max() / size
        return mended, (
            f"the covariance had negative eigenvalues; set to 0, which moved it by up to {100 * change:.2g} %",
        )


def _centre(values: Floats, weights: Floats | None) -> tuple[Floats, tuple[str, ...]]:
    """F with F'F the covariance."""
    if weights is None:
        return (values - values.mean(axis=0)) / np.sqrt(len(values) - 1), ()
    centred = values - weights @ values
    unbiased = 1.0 - float(weights @ weights)
    effective = 1.0 / float(weights @ weights)
    note = f"by its weights the covariance rests on {effective:.0f} periods" if effective < values.shape[1] else ""
    return np.sqrt(weights / unbiased)[:, None] * centred, (note,) if note else ()


def _shrink(values: Floats) -> tuple[Floats, Floats, Floats, tuple[str, ...]]:
    from sklearn.covariance import ledoit_wolf_shrinkage

    centred = (values - values.mean(axis=0)) / np.sqrt(len(values))
    share = float(ledoit_wolf_shrinkage(values))
    level = float(np.einsum("ij,ij->", centred, centred)) / values.shape[1]
    factor = np.sqrt(1 - share) * centred
    diagonal = np.full(values.shape[1], share * level)
    return (
        factor.T @ factor + np.diag(diagonal),
        factor,
        diagonal,
        (f"the covariance was shrunk by {100 * share:.2g} %",),
    )


def _find_factors(values: Floats, n_factors: int) -> tuple[Floats, Floats, Floats]:
    centred = (values - values.mean(axis=0)) / np.sqrt(len(values) - 1)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    k = min(n_factors, len(sizes))
    factor = sizes[:k, None] * directions[:k]
    own = np.maximum(np.einsum("ij,ij->j", centred, centred) - np.einsum("ij,ij->j", factor, factor), 0.0)
    return factor.T @ factor + np.diag(own), factor, own


def _shrink_mean(sample: Floats, covariance: Floats, n_periods: int) -> Floats:
    """Jorion's estimator; where the covariance is singular, its pseudoinverse."""
    n = len(sample)
    inverse = np.linalg.pinv(covariance, hermitian=True)
    total = float(inverse.sum())
    if n < 3 or not total > 0:
        return sample
    centre = float(inverse.sum(axis=0) @ sample) / total
    gap = sample - centre
    share = (n + 2) / (n + 2 + n_periods * float(gap @ inverse @ gap))
    return np.asarray((1 - share) * sample + share * centre)


def _read_mean(given: Any, assets: tuple[str, ...]) -> Floats:
    series = pd.Series(given)
    if isinstance(given, pd.Series | dict):
        series.index = series.index.map(str)
        lost = [one for one in assets if one not in series.index]
        if lost:
            raise DataError("expected returns", [Problem(f"there is none for {quote(lost)}", fix="Add them.")])
        series = series.loc[list(assets)]
    values = series.to_numpy(dtype=float)
    if values.shape != (len(assets),) or not np.isfinite(values).all():
        what = f"{len(values):,} values, of which {int((~np.isfinite(values)).sum())} are no numbers"
        raise DataError("expected returns", [Problem(what, fix=f"Give one number for each of {len(assets):,} assets.")])
    return values
