"""How sure a difference of two means is, written anew from what `shared/evaluation/means.py` says it does.

Values in time: projections on slow cosines (Lazarus, Lewis, Stock & Watson 2018), each divided by what the overlap leaves
of it, here by the quadratic forms themselves. Folds: Nadeau & Bengio (2003). Units: the jackknife over clusters. The
interval of a ratio is Fieller's, here as the roots of its polynomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

__all__ = ["LEAST", "Pair", "holm", "over_clusters", "over_folds", "over_time", "overlap_of", "side_by_side"]

LEAST = {"splits": 8, "folds": 5, "units": 8}


@dataclass(frozen=True)
class Pair:
    """Two means, their covariance, and the degrees of freedom."""

    a: float
    b: float
    covariance: Any
    dof: float

    def p_value(self) -> float:
        """Of no difference, two-sided."""
        spread = self._spread()
        gap = abs(self.a - self.b)
        if spread <= 1e-12 * gap or spread == 0:
            return 0.0 if gap else 1.0
        return float(2 * stats.t.sf(gap / spread, self.dof))

    def _spread(self) -> float:
        (vaa, vab), (_, vbb) = self.covariance
        return float(np.sqrt(max(vaa + vbb - 2 * vab, 0.0)))

    def difference(self) -> tuple[float, float]:
        """95 % interval of the first mean less the second."""
        reach = float(stats.t.ppf(0.975, self.dof)) * self._spread()
        return self.a - self.b - reach, self.a - self.b + reach

    def ratio(self) -> tuple[float, float]:
        """95 % interval of the first mean over the second; NaN where the second may as well be zero."""
        q = float(stats.t.ppf(0.975, self.dof)) ** 2
        (vaa, vab), (_, vbb) = self.covariance
        if self.b**2 - q * vbb <= 0:
            return float("nan"), float("nan")
        # (a - r b)^2 = q (vaa - 2 r vab + r^2 vbb), as a polynomial in r.
        found = np.roots([self.b**2 - q * vbb, -2 * (self.a * self.b - q * vab), self.a**2 - q * vaa])
        low, high = sorted(np.real(found).tolist())
        return low, high


def over_time(values: Any, overlap: list[float]) -> Pair:
    """Two columns of values in the order of time."""
    n, lag = len(values), len(overlap)
    count = _count(values[:, 0] - values[:, 1], lag, -(-n // lag))
    places = np.arange(n) + 0.5
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    alike = np.where(apart < lag, np.asarray(overlap)[np.minimum(apart, lag - 1)], 0.0)
    whole = alike.sum() / n
    covariance = np.zeros((2, 2))
    for j in range(1, count + 1):
        wave = np.sqrt(2 / n) * np.cos(np.pi * j * places / n)
        left = max(float(wave @ alike @ wave) / whole, 0.05)
        seen = wave @ values
        covariance += np.outer(seen, seen) / left
    a, b = values.mean(axis=0)
    return Pair(float(a), float(b), covariance / count / n, float(count))


def _count(d: Any, lag: int, apart: int) -> int:
    """How many cosines: the rate n^(2/3), made smaller by the likeness of values a whole span apart."""
    n, most = len(d), max(apart - 1, 1)
    centred = d - d.mean()
    power = float((centred**2).mean())
    if power <= 1e-24 * float(np.abs(d).max()) ** 2 or lag >= n - 1:
        return most
    rho = float((centred[lag:] * centred[:-lag]).mean()) / power
    if rho <= 0:
        return most
    rho = min(rho, 0.97)
    wanted = int(apart ** (2 / 3) / (2 * rho / (1 - rho) ** 2) ** (1 / 3))
    return max(min(3, most), min(wanted, most))


def over_folds(values: Any, reuse: float) -> Pair:
    """Two columns of values of folds that learnt from the same rows."""
    n = len(values)
    a, b = values.mean(axis=0)
    return Pair(float(a), float(b), np.cov(values.T, ddof=1) * (1 / n + reuse), float(n - 1))


def over_clusters(values: Any, labels: Any) -> Pair:
    """Two columns of values of units, of which those of one label belong together."""
    groups = pd.DataFrame(values).groupby(np.asarray(labels), sort=False, dropna=False)
    sums, sizes = groups.sum().to_numpy(), groups.size().to_numpy(dtype=float)
    k, whole = len(sizes), sizes.sum()
    without = (sums.sum(axis=0) - sums) / (whole - sizes)[:, None]
    covariance = np.cov(without.T, ddof=0) * (k - 1)
    a, b = values.mean(axis=0)
    return Pair(float(a), float(b), covariance, max(float(whole**2 / (sizes**2).sum()) - 1, 1.0))


def side_by_side(n: int, overlap: list[float]) -> int:
    """How many of n splits share nothing."""
    return int(np.ceil(n / len(overlap)))


def overlap_of(predictions: pd.DataFrame, split: str) -> list[float]:
    """Share that the span of a split has in common with the next, the one after that, and so on.

    Parameters
    ----------
    predictions : pandas.DataFrame
        With the stamps that were forecast from each split.
    split : str
        Column that names the splits by the stamp from which on nothing is known.
    """
    stamp = next(
        (
            name
            for name in predictions.columns
            if name != split and pd.api.types.is_datetime64_any_dtype(predictions[name])
        ),
        None,
    )
    if stamp is None or not pd.api.types.is_datetime64_any_dtype(predictions[split]):
        return [1.0]
    stamps = predictions[stamp].drop_duplicates().sort_values()
    step = stamps.diff().min()
    ends = predictions.groupby(split)[stamp].max().sort_index() + step
    begins = pd.Series(ends.index, index=ends.index)
    shares = [1.0]
    for lag in range(1, len(ends)):
        later, sooner = begins.iloc[lag:].reset_index(drop=True), begins.iloc[:-lag].reset_index(drop=True)
        common = (ends.iloc[:-lag].reset_index(drop=True) - later).clip(lower=pd.Timedelta(0))
        share = float((common / (ends.iloc[:-lag].reset_index(drop=True) - sooner)).mean())
        if share <= 0:
            break
        shares.append(min(share, 1.0))
    return shares


def holm(p_values: list[float]) -> list[float]:
    """p-values corrected for their number, step by step from the smallest."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    found, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = highest
    return found
