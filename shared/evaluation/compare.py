"""Is A better than B, by how much, and how sure is that? Paired over the same origins, told in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from shared.errors import HexadError
from shared.evaluation.scores import HIGHER_IS_BETTER, Scores

__all__ = ["Comparison", "Comparisons", "compare", "diebold_mariano", "holm", "paired_bootstrap"]

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Comparison:
    """One model against another on the same origins.

    Attributes
    ----------
    model, against, metric : str
        Who against whom, in what; lower is better.
    gain : float
        1 - mean of the model / mean of the other; 0.2 is 20 % better.
    lower, upper : float
        95 % interval of the gain (paired block bootstrap).
    better, n : int
        Origins on which the model was better, and origins in all.
    p_diebold_mariano, p_wilcoxon : float
        Two-sided p-values, corrected by Holm over all comparisons made together.
    unit : str
        What an origin is called.

    >>> print(Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, 0.002, "weeks").explain())
    A is better than B by 12 to 31 % (MAE), on 47 of 52 weeks.
    """

    model: str
    against: str
    metric: str
    gain: float
    lower: float
    upper: float
    better: int
    n: int
    p_diebold_mariano: float
    p_wilcoxon: float
    unit: str = "origins"

    @property
    def settled(self) -> bool:
        """Whether interval and both tests agree that there is a difference, at 5 %."""
        return bool((self.lower > 0 or self.upper < 0) and max(self.p_diebold_mariano, self.p_wilcoxon) < 0.05)

    def explain(self) -> str:
        """Say the outcome in one sentence."""
        low, high = 100 * self.lower, 100 * self.upper
        on = f"on {self.better} of {self.n} {self.unit}"
        metric = self.metric.upper() if self.metric.isalnum() else self.metric.replace("_", " ")
        if self.settled and self.gain > 0:
            return f"{self.model} is better than {self.against} by {low:.0f} to {high:.0f} % ({metric}), {on}."
        if self.settled:
            worse = f"{-high:.0f} to {-low:.0f} %"
            return f"{self.model} is worse than {self.against} by {worse} ({metric}); it was better {on}."
        if self.lower > 0:
            return (
                f"{self.model} seems better than {self.against} by {low:.0f} to {high:.0f} % ({metric}), {on}, but the tests "
                "do not settle it."
            )
        if self.upper < 0:
            return (
                f"{self.model} seems worse than {self.against} by {-high:.0f} to {-low:.0f} % ({metric}); it was better {on}; "
                "the tests do not settle it."
            )
        return (
            f"{self.model} and {self.against} cannot be told apart ({metric}): the gain lies between {low:.0f} and "
            f"{high:.0f} %; {self.model} was better {on}."
        )


@dataclass(frozen=True)
class Comparisons:
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

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def compare(
    scores: Scores,
    model: str,
    against: str | Sequence[str] | None = None,
    *,
    metric: str | None = None,
    unit: str = "origins",
    random_state: int = 0,
) -> Comparisons:
    """Compare a model with others, paired by origin.

    Parameters
    ----------
    scores : Scores
        From `evaluate`.
    model : str
        Who is compared.
    against : str or sequence of str, optional
        With whom; all baselines where left out.
    metric : str, optional
        A metric of which lower is better; the first one where left out.
    unit : str
        What an origin is called, for the sentences.
    random_state : int
        Seed of the bootstrap.

    Returns
    -------
    Comparisons

    >>> rows = [(name, i, "mae", base + i % 3) for name, base in [("a", 1.0), ("b", 3.0)] for i in range(12)]
    >>> frame = pd.DataFrame(rows, columns=["model", "cutoff", "metric", "value"])
    >>> print(compare(Scores(frame, frame, frame, ("b",)), "a").explain())
    a is better than b by ... to ... % (MAE), on 12 of 12 origins.
    """
    metric = metric or str(scores.scores["metric"].iloc[0])
    if metric.split("-")[0] in HIGHER_IS_BETTER:
        raise HexadError(f"{metric} has no 'lower is better'; compare by MAE, MASE or an interval score")
    others = [against] if isinstance(against, str) else list(against if against is not None else scores.baselines)
    mine = scores.of(model, metric)
    raw = []
    for other in others:
        its = scores.of(other, metric).reindex(mine.index)
        a, b = np.asarray(mine, dtype=np.float64), np.asarray(its, dtype=np.float64)
        if not np.isfinite(b).all():
            raise HexadError(f"{other} has no {metric} at {int((~np.isfinite(b)).sum()):,} origins of {model}")
        raw.append((a, b, diebold_mariano(a, b), _wilcoxon(a, b)))
    p_dm, p_w = holm([item[2] for item in raw]), holm([item[3] for item in raw])
    items = []
    for place, (other, (a, b, _, _)) in enumerate(zip(others, raw, strict=True)):
        lower, upper = paired_bootstrap(a, b, random_state=random_state)
        items.append(
            Comparison(
                model, other, metric, float(1 - a.mean() / b.mean()), lower, upper,
                int((a < b).sum()), len(a), p_dm[place], p_w[place], unit,
            )
        )  # fmt: skip
    return Comparisons(tuple(items))


def paired_bootstrap(
    loss: ArrayLike, other: ArrayLike, *, level: float = 95.0, rounds: int = 2000, random_state: int = 0
) -> tuple[float, float]:
    """Interval of the gain ``1 - mean(loss) / mean(other)`` from blocks of neighbouring origins drawn together.

    Blocks of about the cube root of n keep what is alike between neighbours. Source: Künsch (1989), Annals of
    Statistics 17(3), circular as in Politis & Romano (1992).

    >>> paired_bootstrap([1.0, 1.0], [2.0, 2.0])
    (0.5, 0.5)
    """
    a, b = _pairs(loss, other)
    n = len(a)
    if not 0 < level < 100:
        raise HexadError(f"level={level} does not lie between 0 and 100 percent")
    length = max(1, round(n ** (1 / 3)))
    rng = np.random.default_rng(random_state)
    starts = rng.integers(0, n, size=(rounds, -(-n // length)))
    picks = ((starts[:, :, None] + np.arange(length)) % n).reshape(rounds, -1)[:, :n]
    drawn = b[picks].mean(axis=1)
    if b.mean() <= 0 or (drawn <= 0).any():
        raise HexadError("a gain in percent needs losses above zero, but those of the other model are zero")
    gains = 1 - a[picks].mean(axis=1) / drawn
    tail = (100 - level) / 2
    low, high = np.percentile(gains, [tail, 100 - tail])
    return float(low), float(high)


def diebold_mariano(loss: ArrayLike, other: ArrayLike, *, horizon: int = 1) -> float:
    """Two-sided p-value of the Diebold-Mariano test with the small-sample correction.

    Parameters
    ----------
    loss, other : array of shape (n,)
        Losses of two models at the same origins, in time order.
    horizon : int
        Origins that share outcomes: 1 where forecasts do not overlap.

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
        raise HexadError(f"the Diebold-Mariano test needs more than {max(horizon, 1)} origins; there are {n}")
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


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction of several p-values. Source: Holm (1979), Scandinavian J. of Statistics 6(2).

    >>> holm([0.01, 0.04])
    [0.02, 0.04]
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def _pairs(loss: ArrayLike, other: ArrayLike) -> tuple[Floats, Floats]:
    """Two losses at the same origins, checked."""
    a, b = np.asarray(loss, dtype=float), np.asarray(other, dtype=float)
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        raise HexadError(f"a paired comparison needs at least 2 pairs; there are {a.size} and {b.size} values")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise HexadError("a paired comparison needs finite losses of both models at every origin")
    return a, b


def _wilcoxon(a: Floats, b: Floats) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test; 1 where all pairs are equal."""
    from scipy import stats

    if (a == b).all():
        return 1.0
    return float(stats.wilcoxon(a, b).pvalue)
