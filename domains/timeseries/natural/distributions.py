"""Predicted distributions, one a row: moments, quantiles, intervals, densities, CRPS, PIT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import norm

from shared.checks import check_level
from shared.errors import SettingsError
from shared.result import OneLine
from shared.runtime.seeds import make_rng
from shared.typing import Floats

__all__ = ["LogNormal", "Normal"]


@dataclass(frozen=True, repr=False)
class Normal(OneLine):
    """Normal distributions.

    Attributes
    ----------
    loc, scale : numpy.ndarray of float64, shape (n,)
        Means and standard deviations.

    >>> Normal(np.array([0.0]), np.array([1.0])).interval(95)[1].round(2).tolist()
    [1.96]
    """

    loc: Floats
    scale: Floats

    def mean(self) -> Floats:
        """Expected values."""
        return self.loc

    def quantile(self, q: float) -> Floats:
        """Quantiles at the probability q.

        Parameters
        ----------
        q : float
            Probability, between 0 and 1.

        Raises
        ------
        SettingsError
            q does not lie between 0 and 1.
        """
        if isinstance(q, bool) or not 0 < q < 1:
            raise SettingsError(f"q={q!r}: give a probability between 0 and 1")
        return np.asarray(self.loc + self.scale * norm.ppf(q))

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper bounds of central intervals.

        Parameters
        ----------
        level : float
            Nominal coverage in percent.
        """
        tail = (1 - check_level(level) / 100) / 2
        return self.quantile(tail), self.quantile(1 - tail)

    def cdf(self, y: object) -> Floats:
        """Probability of values up to y: uniform where the distributions are right (probability integral transform).

        Parameters
        ----------
        y : array-like of shape (n_rows,)
        """
        return np.asarray(ndtr((np.asarray(y, dtype=float) - self.loc) / self.scale))

    def logpdf(self, y: object) -> Floats:
        """Logarithm of the density at y.

        Parameters
        ----------
        y : array-like of shape (n_rows,)
        """
        z = (np.asarray(y, dtype=float) - self.loc) / self.scale
        return np.asarray(-0.5 * z * z - np.log(self.scale) - 0.5 * np.log(2 * np.pi))

    def crps(self, y: object) -> Floats:
        """Continuous ranked probability score of each row, in the units of y; lower is better.

        Source: Gneiting et al. (2005), Monthly Weather Review 133(5), equation 5.

        Parameters
        ----------
        y : array-like of shape (n_rows,)
            What came.

        >>> Normal(np.array([0.0]), np.array([1.0])).crps([0.0]).round(4).tolist()
        [0.2337]
        """
        z = (np.asarray(y, dtype=float) - self.loc) / self.scale
        density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        return np.asarray(self.scale * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)))

    def sample(self, n: int, random_state: int | None = None) -> Floats:
        """Independent draws, shape (n_rows, n).

        Parameters
        ----------
        n : int
            Draws for each row.
        random_state : int, optional
            Seed of the draws.
        """
        drawn = make_rng(random_state).standard_normal((len(self.loc), n))
        return np.asarray(self.loc[:, None] + self.scale[:, None] * drawn)


@dataclass(frozen=True, repr=False)
class LogNormal(OneLine):
    """Distributions whose logarithm is normal.

    Attributes
    ----------
    log : Normal
        Distributions of the logarithm.

    >>> LogNormal(Normal(np.array([0.0]), np.array([1.0]))).quantile(0.5).tolist()
    [1.0]
    """

    log: Normal

    def mean(self) -> Floats:
        """Expected values."""
        return np.asarray(np.exp(self.log.loc + self.log.scale**2 / 2))

    def quantile(self, q: float) -> Floats:
        """Quantiles at the probability q.

        Parameters
        ----------
        q : float
            Probability, between 0 and 1.
        """
        return np.asarray(np.exp(self.log.quantile(q)))

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper bounds of central intervals; `level` in percent.

        Parameters
        ----------
        level : float
            Nominal coverage in percent.
        """
        low, high = self.log.interval(level)
        return np.exp(low), np.exp(high)

    def cdf(self, y: object) -> Floats:
        """Probability of values up to y.

        Parameters
        ----------
        y : array-like of shape (n_rows,)
        """
        y = np.asarray(y, dtype=float)
        return np.where(y > 0, self.log.cdf(np.log(np.maximum(y, 1e-300))), 0.0)

    def logpdf(self, y: object) -> Floats:
        """Logarithm of the density at y.

        Parameters
        ----------
        y : array-like of shape (n_rows,)
            Values above zero.
        """
        logs = np.log(np.asarray(y, dtype=float))
        return np.asarray(self.log.logpdf(logs) - logs)

    def crps(self, y: object) -> Floats:
        """Continuous ranked probability score of each row, in the units of y.

        Source: Baran & Lerch (2015), Quarterly Journal of the Royal Meteorological Society 141, equation 9.

        Parameters
        ----------
        y : array-like of shape (n_rows,)
            What came.
        """
        y = np.asarray(y, dtype=float)
        m, s = self.log.loc, self.log.scale
        z = (np.log(np.maximum(y, 1e-300)) - m) / s
        mean = np.exp(m + s**2 / 2)
        return np.asarray(y * (2 * ndtr(z) - 1) - 2 * mean * (ndtr(z - s) + ndtr(s / np.sqrt(2)) - 1))

    def sample(self, n: int, random_state: int | None = None) -> Floats:
        """Independent draws, shape (n_rows, n).

        Parameters
        ----------
        n : int
            Draws for each row.
        random_state : int, optional
            Seed of the draws.
        """
        return np.asarray(np.exp(self.log.sample(n, random_state)))
