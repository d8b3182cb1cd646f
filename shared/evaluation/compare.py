"""Is A better than B, by how much, and how sure is that? Paired over the same splits, and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.errors import HexadError
from shared.evaluation.p_values import adjust_p_values
from shared.evaluation.resampling import ROUNDS, block_length, bootstrap_means, percentile_interval
from shared.evaluation.scores import Scores
from shared.result import Result
from shared.typing import Floats

__all__ = ["Comparison", "Comparisons", "compare", "diebold_mariano", "bootstrap_improvement"]


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """One model compared with another on the same splits or units.

    Attributes
    ----------
    model, against, metric : str
        Who is compared with whom, in what.
    improvement : float
        0.2 is 20 % better: 1 - mean of the model / mean of the other where less is better, else their ratio - 1. NaN
        where the other's mean is not above zero; then the difference counts.
    lower, upper : float
        95 % interval of the improvement (paired bootstrap).
    wins, n : int
        Splits (or units) on which the model was better, and all of them.
    p_diebold_mariano, p_wilcoxon : float
        Two-sided p-values, corrected by Holm over all comparisons made together.
    unit : str
        What a split or unit is called.
    difference, difference_lower, difference_upper : float
        Mean of the model less that of the other, in the metric's own unit, turned so that above zero is better; and its
        95 % interval.

    >>> print(Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, 0.002, "weeks").explain())
    A is better than B by 12 to 31 % (MAE), on 47 of 52 weeks.
    """

    model: str
    against: str
    metric: str
    improvement: float
    lower: float
    upper: float
    wins: int
    n: int
    p_diebold_mariano: float
    p_wilcoxon: float
    unit: str = "splits"
    difference: float = float("nan")
    difference_lower: float = float("nan")
    difference_upper: float = float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Interval of the improvement; of the difference where there is no improvement in percent."""
        if np.isnan(self.improvement):
            return self.difference_lower, self.difference_upper
        return self.lower, self.upper

    @property
    def significant(self) -> bool:
        """Whether interval and both tests agree that there is a difference, at 5 %."""
        low, high = self.interval
        return bool((low > 0 or high < 0) and max(self.p_diebold_mariano, self.p_wilcoxon) < 0.05)

    def explain(self) -> str:
        """Say the outcome in one sentence."""
        low, high = self.interval
        on = f"on {self.wins} of {self.n} {self.unit}"
        metric = self.metric.upper() if self.metric.isalnum() else self.metric.replace("_", " ")
        gain = self.difference if np.isnan(self.improvement) else self.improvement
        if self.significant and gain > 0:
            return f"{self.model} is better than {self.against} by {self._range(low, high)} ({metric}), {on}."
        if self.significant:
            worse = self._range(-high, -low)
            return f"{self.model} is worse than {self.against} by {worse} ({metric}); it was better {on}."
        if low > 0:
            return (
                f"{self.model} seems better than {self.against} by {self._range(low, high)} ({metric}), {on}, but the"
                " tests do not settle it."
            )
        if high < 0:
            return (
                f"{self.model} seems worse than {self.against} by {self._range(-high, -low)} ({metric}); it was better"
                f" {on}; the tests do not settle it."
            )
        return (
            f"{self.model} and {self.against} cannot be told apart ({metric}): the improvement lies between "
            f"{self._range(low, high, ' and ')}; {self.model} was better {on}."
        )

    def _range(self, low: float, high: float, between: str = " to ") -> str:
        if np.isnan(self.improvement):
            return f"{low:.3g}{between}{high:.3g}"
        return f"{100 * low:.0f}{between}{100 * high:.0f} %"


@dataclass(frozen=True, repr=False)
class Comparisons(Result):
    """Comparisons of one model with several others, corrected for their number.

    >>> Comparisons(()).explain()
    ''
    """

    items: tuple[Comparison, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a comparison."""
        return pd.DataFrame([vars(item) for item in self.items])

    def explain(self) -> str:
        """One sentence a comparison."""
        return " ".join(item.explain() for item in self.items)


def compare(
    scores: Scores,
    model: str,
    against: str | Sequence[str] | None = None,
    *,
    metric: str | None = None,
    unit: str | None = None,
    random_state: int = 0,
) -> Comparisons:
    """Compare a model with others: paired by split where splits follow one another in time, else by unit.

    Parameters
    ----------
    scores : Scores
        From `evaluate`.
    model : str
        Who is compared.
    against : str or sequence of str, optional
        With whom; all baselines where left out.
    metric : str, optional
        The first one where left out. Its own sign says what is better.
    unit : str, optional
        What a split or unit is called, for the sentences; "splits" or "units" where left out.
    random_state : int
        Seed of the bootstrap.

    Returns
    -------
    Comparisons

    Raises
    ------
    HexadError
        The metric has a target, so that neither more nor less is better; or there is too little to compare.

    Notes
    -----
    Splits in time are drawn in blocks of neighbours, units with all that carry the same label.

    >>> rows = [(name, i, "mae", base + i % 3) for name, base in [("a", 1.0), ("b", 3.0)] for i in range(12)]
    >>> frame = pd.DataFrame(rows, columns=["model", "split", "metric", "value"])
    >>> print(compare(Scores(frame, frame, frame, ("b",)), "a").explain())
    a is better than b by ... to ... % (MAE), on 12 of 12 splits.
    """
    metric = metric or str(scores.scores["metric"].iloc[0])
    greater = scores.greater_is_better(metric)
    if greater is None:
        raise HexadError(f"neither more nor less of {metric} is better; compare by an error, or an interval score")
    others = [against] if isinstance(against, str) else list(against if against is not None else scores.baselines)
    a, labels, block = scores.draws_of(model, metric)
    unit = unit or ("splits" if len(labels) == len(scores.values(model, metric)) else "units")
    paired = [(other, _pair(scores, model, other, metric, labels)) for other in others]
    sign = -1.0 if greater else 1.0
    # Tests take units of one label as one: the mean of its cluster.
    one = _cluster_means(a, labels)
    rest = [_cluster_means(b, labels) for _, b in paired]
    p_dm = adjust_p_values([diebold_mariano(one, b) for b in rest])
    p_w = adjust_p_values([_wilcoxon(one, b) for b in rest])
    items = []
    for place, (other, b) in enumerate(paired):
        means = bootstrap_means(
            np.column_stack([a, b]), clusters=None if block > 1 else labels, block=block, random_state=random_state
        )
        apart = sign * (means[:, 1] - means[:, 0])
        improvement, lower, upper = _improve(a, b, means, greater)
        items.append(
            Comparison(
                model,
                other,
                metric,
                improvement,
                lower,
                upper,
                int((sign * one < sign * rest[place]).sum()),
                len(one),
                float(p_dm[place]),
                float(p_w[place]),
                unit,
                float(sign * (b.mean() - a.mean())),
                *percentile_interval(apart),
            )
        )
    return Comparisons(tuple(items))


def _improve(a: Floats, b: Floats, means: Floats, greater: bool, level: float = 95.0) -> tuple[float, float, float]:
    """Improvement as a share of the other's mean, with its interval; NaN where that is not above zero."""
    if b.mean() <= 0 or (means[:, 1] <= 0).any():
        return float("nan"), float("nan"), float("nan")
    ratios = means[:, 0] / means[:, 1]
    ratio = float(a.mean() / b.mean())
    low, high = percentile_interval(ratios - 1 if greater else 1 - ratios, level)
    return ratio - 1 if greater else 1 - ratio, low, high


def _cluster_means(values: Floats, labels: object) -> Floats:
    """Mean of each label's values, in order of first appearance."""
    codes, keys = pd.factorize(np.asarray(labels))
    if len(keys) == len(values):
        return values
    return np.asarray(np.bincount(codes, weights=values) / np.bincount(codes), dtype=float)


def _pair(scores: Scores, model: str, other: str, metric: str, labels: Any) -> Floats:
    """Values of the other model in the order of the first one's splits or units."""
    b, its_labels, _ = scores.draws_of(other, metric)
    if not np.array_equal(labels, its_labels):
        by_label = pd.Series(b, index=pd.Index(its_labels))
        if not by_label.index.is_unique:
            raise HexadError(f"{other} was not asked for the same units as {model}, so that they cannot be paired")
        b = np.asarray(by_label.reindex(labels), dtype=np.float64)
    if not np.isfinite(b).all():
        raise HexadError(f"{other} has no {metric} at {int((~np.isfinite(b)).sum()):,} splits of {model}")
    return b


def bootstrap_improvement(
    value: ArrayLike,
    other: ArrayLike,
    *,
    greater_is_better: bool = False,
    clusters: ArrayLike | None = None,
    block: int | None = None,
    level: float = 95.0,
    rounds: int = ROUNDS,
    random_state: int = 0,
) -> tuple[float, float]:
    """Interval of the improvement ``1 - mean(value) / mean(other)``; of a gain ``mean(value) / mean(other) - 1``.

    Parameters
    ----------
    value, other : array of shape (n,)
        Of two models, in the same order; in that of time where neighbours are alike.
    greater_is_better : bool
        Whether they are gains and not losses.
    clusters : array of shape (n,), optional
        Labels; rows of one label are drawn together.
    block : int, optional
        Length of blocks of neighbours that are drawn together, which keeps what is alike between them; about the cube
        root of n where left out. Source: Künsch (1989), Annals of Statistics 17(3), circular as in Politis & Romano
        (1992).
    level : float
        In percent.
    rounds, random_state : int
        Draws, and their seed.

    >>> bootstrap_improvement([1.0, 1.0], [2.0, 2.0])
    (0.5, 0.5)
    """
    a, b = _pairs(value, other)
    length = block_length(len(a)) if block is None else block
    means = bootstrap_means(
        np.column_stack([a, b]), clusters=clusters, block=length, rounds=rounds, random_state=random_state
    )
    improvement, low, high = _improve(a, b, means, greater_is_better, level)
    if np.isnan(improvement):
        raise HexadError("an improvement in percent needs values above zero, but those of the other model are not")
    return low, high


def diebold_mariano(loss: ArrayLike, other: ArrayLike, *, horizon: int = 1) -> float:
    """Two-sided p-value of the Diebold-Mariano test with the small-sample correction.

    Parameters
    ----------
    loss, other : array of shape (n,)
        Losses of two models at the same splits, in time order.
    horizon : int
        Splits that share outcomes: 1 where tests do not overlap; the test is then the paired t test.

    Notes
    -----
    Source: Diebold & Mariano (1995), JBES 13(3); Harvey, Leybourne & Newbold (1997), IJF 13(2), equation 9.

    >>> diebold_mariano([1.0, 2.0, 1.5], [1.0, 2.0, 1.5])
    1.0
    """
    from scipy import stats

    a, b = _pairs(loss, other)
    d = a - b
    n = len(d)
    if n < 2 or not 1 <= horizon < n:
        raise HexadError(f"the Diebold-Mariano test needs more than {max(horizon, 1)} splits; there are {n}")
    centred = d - d.mean()
    covariances = [float(centred[lag:] @ centred[: n - lag]) / n for lag in range(horizon)]
    variance = (covariances[0] + 2 * sum(covariances[1:])) / n
    if variance < 0:
        # The truncated sum of autocovariances may turn negative; the variance alone is then the usual way out.
        variance = covariances[0] / n
    if variance <= 1e-300:
        return 1.0 if abs(d.mean()) < 1e-300 else 0.0
    correction = np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    statistic = correction * d.mean() / np.sqrt(variance)
    return float(2 * stats.t.sf(abs(statistic), df=n - 1))


def _pairs(loss: ArrayLike, other: ArrayLike) -> tuple[Floats, Floats]:
    """Two losses at the same splits, checked."""
    a, b = np.asarray(loss, dtype=float), np.asarray(other, dtype=float)
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        raise HexadError(f"a paired comparison needs at least 2 pairs; there are {a.size} and {b.size} values")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise HexadError("a paired comparison needs finite values of both models at every split")
    return a, b


def _wilcoxon(a: Floats, b: Floats) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test; 1 where all pairs are equal."""
    from scipy import stats

    if (a == b).all():
        return 1.0
    return float(stats.wilcoxon(a, b).pvalue)
