"""How sure a mean is: of splits in time that overlap, of folds that learn from the same rows, of units in clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.checks import check_level
from shared.errors import HexadError
from shared.typing import Floats

__all__ = ["Means", "mean_in_time", "mean_of_clusters", "mean_of_folds"]

LEAST_COSINES = 3  # with two, the t quantile is 4.3: hardly anything could ever be told apart
LARGEST_RHO = 0.97  # beyond, values are as good as a random walk, and the fewest cosines are taken anyway
LEAST_LEFT = 0.05  # half of what the regular overlap leaves of the fastest cosine that is taken is 0.2; a guard only


@dataclass(frozen=True)
class Means:
    """Means of some columns of values that belong together, and how sure they are.

    Attributes
    ----------
    means : numpy.ndarray of shape (k,)
    covariance : numpy.ndarray of shape (k, k)
        Of the means.
    dof : float
        Degrees of freedom of the t distribution that stands for what is not known of the covariance.

    >>> Means(np.array([3.0, 1.0]), np.eye(2), 10.0).p_value([1.0, -1.0]) < 0.2
    True
    """

    means: Floats
    covariance: Floats
    dof: float

    def spread(self, weights: ArrayLike) -> float:
        """Standard error of a weighted sum of the means.

        Parameters
        ----------
        weights : array of shape (k,)
        """
        w = np.asarray(weights, dtype=float)
        return float(np.sqrt(max(float(w @ self.covariance @ w), 0.0)))

    def p_value(self, weights: ArrayLike) -> float:
        """Two-sided p-value of a weighted sum of the means being zero.

        Parameters
        ----------
        weights : array of shape (k,)
        """
        from scipy import stats

        found, spread = float(np.asarray(weights, dtype=float) @ self.means), self.spread(weights)
        if spread <= 1e-12 * abs(found) or spread == 0.0:
            return 1.0 if found == 0.0 else 0.0
        return float(2 * stats.t.sf(abs(found) / spread, self.dof))

    def interval(self, weights: ArrayLike, level: float = 95.0) -> tuple[float, float]:
        """Interval of a weighted sum of the means.

        Parameters
        ----------
        weights : array of shape (k,)
        level : float
            In percent.
        """
        found = float(np.asarray(weights, dtype=float) @ self.means)
        reach = self._quantile(level) * self.spread(weights)
        return found - reach, found + reach

    def ratio_interval(self, level: float = 95.0) -> tuple[float, float]:
        """Interval of the first mean over the second; NaN where the second may as well be zero.

        It holds 1 where, and only where, the interval of their difference holds 0.

        Parameters
        ----------
        level : float
            In percent.

        Notes
        -----
        Source: Fieller (1954), Some problems in interval estimation, JRSS B 16(2).
        """
        (a, b), (vaa, vab, vbb) = self.means[:2], self.covariance[[0, 0, 1], [0, 1, 1]]
        q = self._quantile(level) ** 2
        square, cross, rest = b * b - q * vbb, a * b - q * vab, a * a - q * vaa
        if square <= 0:
            return float("nan"), float("nan")
        root = np.sqrt(max(cross * cross - square * rest, 0.0))
        return float((cross - root) / square), float((cross + root) / square)

    def _quantile(self, level: float) -> float:
        from scipy import stats

        return float(stats.t.ppf(0.5 + check_level(level) / 200, self.dof))


def mean_in_time(values: ArrayLike, overlap: tuple[float, ...] = (1.0,), contrast: ArrayLike | None = None) -> Means:
    """Means of values in the order of time, alike between neighbours.

    The variance of the mean is measured by the projections of the values on slow cosines, each made larger by what the
    overlap that is known takes from it; how many cosines, and with them the degrees of freedom, follows from how alike
    values are that do not overlap. Where these are not alike at all, and nothing overlaps, it is the t test.

    Parameters
    ----------
    values : array of shape (n,) or (n, k)
        In the order of time.
    overlap : tuple of float
        Share that a value has in common with itself, the next one, and so on; see `SplitDesign`.
    contrast : array of shape (k,), optional
        Weights of the sum of columns whose likeness over time decides the number of cosines; the first column alone
        where left out.

    Returns
    -------
    Means

    Raises
    ------
    HexadError
        There are fewer than two values, or some are not finite.

    Notes
    -----
    Sources: Müller (2004), A theory of robust long-run variance estimation, and Lazarus, Lewis, Stock & Watson (2018),
    HAR inference: recommendations for practice, JBES 36(4), equations 8 to 10 (equal-weighted cosines, t with as many
    degrees of freedom as cosines). Their number is their rate n**(2/3), times (2 rho / (1 - rho)**2)**(-1/3), which is
    their 0.4 at their rho of 0.7; rho is measured between values that lie a whole horizon apart. The correction for the
    overlap makes each projection unbiased where values are means over spans of which neighbours share those parts.

    >>> mean_in_time([1.0, 3.0, 2.0, 2.0]).means.tolist()
    [2.0]
    """
    from scipy.fft import dct

    rows = _rows(values)
    n, lag = len(rows), len(overlap)
    weights = np.eye(rows.shape[1])[0] if contrast is None else np.asarray(contrast, dtype=float)
    count = _count_cosines(rows @ weights, lag, -(-n // lag))
    projected = dct(rows, norm="ortho", axis=0)[1 : count + 1] / np.sqrt(_shrinkage(n, count, overlap))[:, None]
    return Means(rows.mean(axis=0), projected.T @ projected / count / n, float(count))


def _count_cosines(d: Floats, lag: int, apart: int) -> int:
    """How many cosines are slow enough to tell the variance of the mean."""
    n, centred = len(d), d - d.mean()
    most = max(apart - 1, 1)
    power = float(centred @ centred) / n
    if power <= 1e-24 * float(np.abs(d).max(initial=0.0)) ** 2 or lag >= n - 1:
        return most
    rho = float(centred[lag:] @ centred[:-lag]) / (n - lag) / power
    if rho <= 0:
        return most
    rho = min(rho, LARGEST_RHO)
    wanted = apart ** (2 / 3) * (2 * rho / (1 - rho) ** 2) ** (-1 / 3)
    return int(np.clip(np.floor(wanted), min(LEAST_COSINES, most), most))


def _shrinkage(n: int, count: int, overlap: tuple[float, ...]) -> Floats:
    """What the overlap leaves of each slow cosine's share of the variance of the mean; 1 where nothing overlaps.

    It is the variance of the projection over that of the mean, times n: cosine j has at lag l the autocovariance
    ``((n - l) cos(l w) - sin(l w) / sin(w)) / n`` with ``w = pi j / n``, which the overlap at that lag weighs.
    """
    w = np.pi * np.arange(1, count + 1) / n
    found, whole = np.ones(count), 1.0
    for lag, share in enumerate(overlap[1:n], start=1):
        found += 2 * share * ((n - lag) * np.cos(lag * w) - np.sin(lag * w) / np.sin(w)) / n
        whole += 2 * share * (n - lag) / n
    return np.maximum(found / whole, LEAST_LEFT)


def mean_of_folds(values: ArrayLike, reuse: float) -> Means:
    """Means over splits that are not in time; a wider variance where they learnt from the same rows.

    Parameters
    ----------
    values : array of shape (n,) or (n, k)
    reuse : float
        Rows of a test over rows learnt from where splits share those; 0 where they share none.

    Returns
    -------
    Means

    Notes
    -----
    Source: Nadeau & Bengio (2003), Inference for the generalization error, Machine Learning 52, section 4.

    >>> mean_of_folds([1.0, 2.0, 3.0], 0.5).spread([1.0]) > mean_of_folds([1.0, 2.0, 3.0], 0.0).spread([1.0])
    True
    """
    rows = _rows(values)
    n, centred = len(rows), rows - rows.mean(axis=0)
    return Means(rows.mean(axis=0), (centred.T @ centred) / (n - 1) * (1 / n + reuse), float(n - 1))


def mean_of_clusters(values: ArrayLike, labels: ArrayLike) -> Means:
    """Means over units, of which those of one label belong together, as all baskets of one customer do.

    Parameters
    ----------
    values : array of shape (n,) or (n, k)
    labels : array of shape (n,)
        Label of each row's cluster.

    Returns
    -------
    Means
        Degrees of freedom are those of as many clusters of one size as weigh the same, less one.

    Notes
    -----
    The covariance is the jackknife's, which leaves out a cluster at a time: Bell & McCaffrey (2002), Survey Methodology
    28(2); the degrees of freedom are Kish's effective number, as in Carter, Schnepel & Steigerwald (2017), Review of
    Economics and Statistics 99(4).

    >>> mean_of_clusters([1.0, 2.0, 3.0, 4.0], ["a", "a", "b", "c"]).means.tolist()
    [2.5]
    """
    rows = _rows(values)
    codes, keys = pd.factorize(np.asarray(labels), use_na_sentinel=False)
    if len(keys) < 2:
        raise HexadError("how sure a mean is needs at least two clusters")
    sizes = np.bincount(codes).astype(float)
    sums = np.column_stack([np.bincount(codes, weights=column) for column in rows.T])
    without = (sums.sum(axis=0) - sums) / (sizes.sum() - sizes)[:, None]
    centred = without - without.mean(axis=0)
    covariance = centred.T @ centred * (len(keys) - 1) / len(keys)
    effective = float(sizes.sum() ** 2 / (sizes**2).sum())
    return Means(rows.mean(axis=0), covariance, max(effective - 1, 1.0))


def _rows(values: ArrayLike) -> Floats:
    rows = np.asarray(values, dtype=float)
    rows = rows[:, None] if rows.ndim == 1 else rows
    if len(rows) < 2 or not np.isfinite(rows).all():
        raise HexadError("how sure a mean is needs at least two values, all of them finite")
    return rows
