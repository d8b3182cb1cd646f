"""From a detector's scores to p-values and evidence: new rows are compared with what was held out in fitting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shared.checks import check_level
from shared.errors import SettingsError
from shared.result import OneLine
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats

__all__ = ["ScoreScale", "binomial_band"]

# Rows that new ones are compared with: p-values then go down to 1e-4, below what an alert budget asks for.
MOST_SCORES = 10_000
# Share of the held-out scores whose excesses say how far apart scores beyond all of them are.
TAIL = 0.02
# What rows of one p-value differ by at most in evidence: enough to order them, too little to be seen.
SLIGHT = 1e-6


@dataclass(frozen=True, repr=False)
class ScoreScale(OneLine):
    """Scores of rows that a detector did not learn from, against which others are judged.

    Attributes
    ----------
    scores : numpy.ndarray of float64
        Sorted; higher is odder.
    unit : float
        Mean excess of the highest of them: beyond the last one, evidence grows with the logarithm of the distance in
        these units, as in a tail that falls like a power.

    >>> scale = ScoreScale.of(np.arange(99.0))
    >>> scale.p_values([50.0, 98.5]).round(2).tolist()
    [0.5, 0.01]
    >>> scale.evidence([50.0, 98.0, 98.5]).round(2).tolist()
    [0.69, 3.91, 5.3]
    """

    scores: Floats
    unit: float

    @classmethod
    def of(cls, scores: ArrayLike) -> ScoreScale:
        """Make a scale of held-out scores.

        Parameters
        ----------
        scores : array of float, shape (n,)
            In any order; at least one.
        """
        ordered = np.sort(np.asarray(scores, dtype=np.float64))
        beyond = ordered[-max(2, int(TAIL * len(ordered))) :]
        unit = float((beyond - beyond[0]).mean())
        if not unit > 0:
            unit = float(np.std(ordered)) or 1.0
        return cls(ordered, unit)

    def p_values(self, scores: ArrayLike) -> Floats:
        """Chance that an ordinary row scores as high: split-conformal p-values, multiples of 1 / (n + 1).

        Parameters
        ----------
        scores : array of float, shape (n,)

        Notes
        -----
        Valid where the rows that were held out are as ordinary as the new ones: Bates et al. (2023), "Testing for
        outliers with conformal p-values", Annals of Statistics 51. Rows held out that are odd themselves make p-values
        too large, and alerts too few.
        """
        above = len(self.scores) - np.searchsorted(self.scores, np.asarray(scores, dtype=np.float64), side="left")
        return np.asarray((1.0 + above) / (1.0 + len(self.scores)))

    def evidence(self, scores: ArrayLike) -> Floats:
        """Minus the natural logarithm of the p-values, going on beyond the highest score held out.

        Rows between the same two scores held out have one p-value; a millionth, taken off the lower ones, keeps their
        order.

        Parameters
        ----------
        scores : array of float, shape (n,)

        >>> low, high = ScoreScale.of([0.0, 1.0, 9.0]).evidence([2.0, 8.0])
        >>> low < high, round(high - low, 4)
        (np.True_, np.float64(0.0))
        """
        values = np.asarray(scores, dtype=np.float64)
        beyond = np.log1p(np.maximum(values - self.scores[-1], 0.0) / self.unit)
        return np.asarray(beyond - np.log(self.p_values(values)) - SLIGHT * self._below_next(values))

    def _below_next(self, values: Floats) -> Floats:
        """How far scores lie below the next one held out, as a share of the gap they fall into; 0 beyond all."""
        n = len(self.scores)
        upper = np.searchsorted(self.scores, values, side="left")
        high = self.scores[np.minimum(upper, n - 1)]
        low = self.scores[np.clip(upper - 1, 0, n - 1)]
        gap = high - low
        inside = (upper > 0) & (upper < n) & (gap > 0)
        return np.where(inside, (high - values) / np.where(inside, gap, 1.0), 0.0)

    def own_evidence(self, scores: ArrayLike) -> Floats:
        """Evidence of the scores held out themselves, each against all others.

        Parameters
        ----------
        scores : array of float, shape (n,)
            Those that the scale was made of, in any order.

        >>> ScoreScale.of([1.0, 2.0, 3.0, 4.0]).own_evidence([1.0, 3.0]).round(2).tolist()
        [0.0, 0.69]
        """
        values = np.asarray(scores, dtype=np.float64)
        n = len(self.scores)
        above = n - np.searchsorted(self.scores, values, side="left")
        # The highest one lies beyond the next.
        gap = np.where(values == self.scores[-1], self.scores[-1] - self.scores[max(n - 2, 0)], 0.0)
        return np.asarray(np.log1p(gap / self.unit) - np.log(above / n))

    def renew(self, scores: Floats, rng: np.random.Generator) -> ScoreScale:
        """Take new scores in; where there are more than 10,000 then, as many old ones go, drawn at random.

        Parameters
        ----------
        scores : numpy.ndarray of float64, shape (n,)
            Of rows that were scored before they were learnt from.
        rng : numpy.random.Generator

        >>> len(ScoreScale.of([1.0, 2.0]).renew(np.array([3.0]), np.random.default_rng(0)).scores)
        3
        """
        new = scores if len(scores) <= MOST_SCORES else rng.choice(scores, MOST_SCORES, replace=False)
        old, room = self.scores, MOST_SCORES - len(new)
        old = old if len(old) <= room else rng.choice(old, room, replace=False)
        return ScoreScale.of(np.concatenate([old, new]))

    def threshold(self, share: float) -> float:
        """Score above which p-values are at most `share`; infinite where too few rows were held out for that.

        Parameters
        ----------
        share : float
            From 0 to 1.

        >>> ScoreScale.of(np.arange(99.0)).threshold(0.05)
        94.0
        """
        n = len(self.scores)
        allowed = int(np.floor(share * (n + 1) * (1 + 1e-12))) - 1  # scores held out that may be as high
        if allowed < 0:
            return float("inf")
        if allowed >= n:
            return float("-inf")
        return float(self.scores[n - 1 - allowed])

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of the arrays of every one; checked when a model is loaded."""
        if len(self.scores) == 0:
            raise ValueError("it has no scores")
        return {
            "scores": ArrayOf("f", (None,), increasing=True, finite=True),
            "unit": ArrayOf("f", (), low=0, finite=True),
        }


def binomial_band(n_held_out: int, n_new: int, share: float, level: float = 90) -> tuple[float, float]:
    """Band in which the share of alerts among new rows will lie, where they are drawn as those held out were.

    A threshold that lets through k of n held-out rows has, among all rows there could be, a share that is beta
    distributed, and the alerts among `n_new` of them are beta-binomial.

    Parameters
    ----------
    n_held_out : int
        Rows that the threshold was found on.
    n_new : int
        Rows to come.
    share : float
        Share of alerts asked for, from 0 to 1.
    level : float
        Percent of cases in which the realised share lies in the band, at least.

    Returns
    -------
    low, high : float
        Shares.

    Raises
    ------
    SettingsError
        The share is none, or a number of rows is below one.

    Notes
    -----
    Source: Vovk (2012), "Conditional validity of inductive conformal predictors", for the beta distribution.

    >>> low, high = binomial_band(1000, 1000, 0.01)
    >>> round(low, 3), round(high, 3)
    (0.004, 0.018)
    """
    from scipy.stats import betabinom

    check_level(level)
    if not 0 < share < 1 or n_held_out < 1 or n_new < 1:
        raise SettingsError(f"share={share!r} is not between 0 and 1, or n_held_out or n_new is below 1")
    allowed = int(np.floor(share * (n_held_out + 1) * (1 + 1e-12)))
    if allowed == 0:
        return 0.0, 0.0
    found: Any = betabinom(n_new, allowed, n_held_out + 1 - allowed)
    outside = (1 - level / 100) / 2
    return float(found.ppf(outside)) / n_new, float(found.ppf(1 - outside)) / n_new
