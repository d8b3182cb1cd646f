"""Interest measures of association rules, each a formula over four counts, with its source.

Of `n` baskets `a` hold the antecedent, `b` the consequent and `ab` both. Surveys: Tan, Kumar & Srivastava, Information
Systems 29:293 (2004); Geng & Hamilton, ACM Computing Surveys 38(3):9 (2006). What is divided by nothing is NaN, and
infinite where the measure's limit is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.errors import HexadError, quote
from shared.typing import Floats

__all__ = ["DEFAULT_MEASURES", "MEASURES", "Counts", "Measure", "evaluate_measures"]

N = TypeVar("N", Floats, Fraction)  # many rules at once, or one exactly


CHUNK = 16384


@dataclass(frozen=True)
class Counts(Generic[N]):
    """Counts of rules: arrays of numbers, or of exact fractions.

    Attributes
    ----------
    n : number
        All baskets.
    ab, a, b : array
        Baskets that hold both sides, the antecedent, and the consequent.

    >>> float(MEASURES["lift"].formula(Counts(100.0, 10.0, 20.0, 25.0)))
    2.0
    """

    n: N
    ab: N
    a: N
    b: N

    @cached_property
    def a_only(self) -> N:
        """Baskets with the antecedent alone."""
        return self.a - self.ab

    @cached_property
    def b_only(self) -> N:
        """Baskets with the consequent alone."""
        return self.b - self.ab

    @cached_property
    def either(self) -> N:
        """Baskets with one side at least."""
        return self.a + self.b_only

    @cached_property
    def neither(self) -> N:
        """Baskets with neither side."""
        return self.n - self.either

    @cached_property
    def not_a(self) -> N:
        """Baskets without the antecedent."""
        return self.n - self.a

    @cached_property
    def not_b(self) -> N:
        """Baskets without the consequent."""
        return self.n - self.b

    @cached_property
    def product(self) -> N:
        """Both margins multiplied."""
        return self.a * self.b

    @cached_property
    def gain(self) -> N:
        """Baskets with both sides beyond independence, times all baskets."""
        return self.n * self.ab - self.product

    @cached_property
    def confidence(self) -> N:
        """Share of the antecedent's baskets that hold the consequent."""
        return self.ab / self.a

    @cached_property
    def share(self) -> N:
        """Share of all baskets that hold the consequent."""
        return self.b / self.n


@dataclass(frozen=True)
class Measure:
    """One interest measure.

    Attributes
    ----------
    formula : callable
        From `Counts` to values.
    meaning : str
        What it says.
    source : str
    independent : float, optional
        Its value where both sides are independent; None where that depends on the counts.
    rational : bool
        Whether it is a quotient of whole numbers, so that thresholds can be exact.

    >>> MEASURES["lift"].independent
    1.0
    """

    formula: Callable[[Counts[Any]], Any]
    meaning: str
    source: str
    independent: float | None = None
    rational: bool = True


def _log(x: Floats) -> Floats:
    return np.log(x, out=np.zeros_like(x), where=x > 0)


def _j_measure(c: Counts[Floats]) -> Floats:
    held = c.ab / c.a
    return (c.a / c.n) * (
        held * (_log(held) - _log(c.b / c.n)) + (1 - held) * (_log(c.a_only / c.a) - _log(1 - c.b / c.n))
    )


def _mutual_information(c: Counts[Floats]) -> Floats:
    total = np.zeros_like(c.ab)
    for cell, row, column in (
        (c.ab, c.a, c.b),
        (c.a_only, c.a, c.n - c.b),
        (c.b_only, c.n - c.a, c.b),
        (c.neither, c.n - c.a, c.n - c.b),
    ):
        total = total + cell / c.n * (_log(cell * c.n) - _log(row * column))
    return total


def _gini(c: Counts[Floats]) -> Floats:
    inside = (c.ab * c.ab + c.a_only * c.a_only) / c.a
    outside = (c.b_only * c.b_only + c.neither * c.neither) / np.where(c.not_a == 0, 1, c.not_a)  # 0 / 1 without others
    return (inside + outside) / c.n - c.share**2 - (1 - c.share) ** 2


def _certainty(c: Counts[Floats]) -> Floats:
    return c.gain / np.where(c.gain > 0, c.a * c.not_b, c.product)


def _zhang(c: Counts[Floats]) -> Floats:
    return c.gain / np.maximum(c.ab * c.not_a, c.a * c.b_only)


def _collective_strength(c: Counts[Floats]) -> Floats:
    agree, expected = c.ab + c.neither, c.product + c.not_a * c.not_b
    return agree * (c.n * c.n - expected) / (expected * (c.n - agree))


def _phi(c: Counts[Floats]) -> Floats:
    return c.gain / np.sqrt(c.product * c.not_a * c.not_b)


def _yules_y(c: Counts[Floats]) -> Floats:
    same, other = np.sqrt(c.ab * c.neither), np.sqrt(c.a_only * c.b_only)
    return np.asarray((same - other) / (same + other), dtype=float)


TAN = "Tan, Kumar & Srivastava 2004"
MEASURES: dict[str, Measure] = {
    "support": Measure(lambda c: c.ab / c.n, "share of baskets with both sides", "Agrawal, Imieliński & Swami 1993"),
    "confidence": Measure(
        lambda c: c.confidence,
        "share of the antecedent's baskets that hold the consequent",
        "Agrawal, Imieliński & Swami 1993",
    ),
    "lift": Measure(
        lambda c: c.n * c.ab / c.product,
        "how many times as often as if both sides were independent",
        "Brin, Motwani, Ullman & Tsur 1997",
        1.0,
    ),
    "leverage": Measure(
        lambda c: c.gain / (c.n * c.n),
        "share of baskets beyond what independence gives",
        "Piatetsky-Shapiro 1991",
        0.0,
    ),
    "conviction": Measure(
        lambda c: c.a * c.not_b / (c.n * c.a_only),
        "how many times rarer the rule fails than if independent",
        "Brin, Motwani, Ullman & Tsur 1997",
        1.0,
    ),
    "coverage": Measure(lambda c: c.a / c.n, "share of baskets with the antecedent", "Geng & Hamilton 2006"),
    "prevalence": Measure(lambda c: c.share, "share of baskets with the consequent", "Geng & Hamilton 2006"),
    "added_value": Measure(
        lambda c: c.confidence - c.share, "confidence beyond the consequent's share", "Sahar & Mansour 1999", 0.0
    ),
    "certainty": Measure(
        _certainty, "how far confidence is from the consequent's share to certainty", "Shortliffe & Buchanan 1975", 0.0
    ),
    "zhang": Measure(_zhang, "association from -1 to 1", "Zhang 2000", 0.0),
    "jaccard": Measure(lambda c: c.ab / c.either, "both sides among baskets with either", "van Rijsbergen 1979"),
    "cosine": Measure(lambda c: c.ab / np.sqrt(c.product), "geometric mean of both confidences", TAN, rational=False),
    "kulczynski": Measure(lambda c: (c.confidence + c.ab / c.b) / 2, "mean of both confidences", "Kulczyński 1927"),
    "all_confidence": Measure(lambda c: c.ab / np.maximum(c.a, c.b), "lesser of both confidences", "Omiecinski 2003"),
    "max_confidence": Measure(lambda c: c.ab / np.minimum(c.a, c.b), "greater of both confidences", TAN),
    "imbalance": Measure(
        lambda c: abs(c.a - c.b) / c.either, "how unlike in frequency both sides are", "Wu, Chen & Han 2010"
    ),
    "odds_ratio": Measure(
        lambda c: c.ab * c.neither / (c.a_only * c.b_only),
        "odds of the consequent with over without the antecedent",
        TAN,
        1.0,
    ),
    "yules_q": Measure(
        lambda c: (c.ab * c.neither - c.a_only * c.b_only) / (c.ab * c.neither + c.a_only * c.b_only),
        "odds ratio from -1 to 1",
        "Yule 1900",
        0.0,
    ),
    "yules_y": Measure(_yules_y, "square root of the odds ratio from -1 to 1", "Yule 1912", 0.0, rational=False),
    "phi": Measure(_phi, "correlation of both sides", "Pearson 1900", 0.0, rational=False),
    "kappa": Measure(
        lambda c: 2 * c.gain / (c.a * c.not_b + c.b * c.not_a),
        "agreement beyond chance",
        "Cohen 1960",
        0.0,
    ),
    "j_measure": Measure(
        _j_measure, "information of the antecedent on the consequent, nats", "Smyth & Goodman 1991", 0.0, rational=False
    ),
    "gini": Measure(_gini, "reduction of impurity", TAN, 0.0),
    "mutual_information": Measure(
        _mutual_information, "information that both sides share, nats", TAN, 0.0, rational=False
    ),
    "klosgen": Measure(
        lambda c: np.sqrt(c.ab / c.n) * (c.confidence - c.share),
        "added value, weighed by support",
        "Klösgen 1996",
        0.0,
        rational=False,
    ),
    "chi_squared": Measure(
        lambda c: c.n * (c.gain) ** 2 / (c.product * c.not_a * c.not_b),
        "Pearson's statistic, one degree of freedom",
        "Pearson 1900",
        0.0,
    ),
    "collective_strength": Measure(
        _collective_strength, "agreement over what independence gives", "Aggarwal & Yu 1998", 1.0
    ),
    "relative_risk": Measure(
        lambda c: c.ab * c.not_a / (c.a * c.b_only),
        "confidence with over without the antecedent",
        "Hahsler, arules",
        1.0,
    ),
    "laplace": Measure(lambda c: (c.ab + 1) / (c.a + 2), "confidence, shrunk to one half", "Clark & Boswell 1991"),
    "sebag": Measure(lambda c: c.ab / c.a_only, "times it holds for each time it fails", "Sebag & Schoenauer 1988"),
}
"""All measures by name."""
DEFAULT_MEASURES = (
    "support",
    "confidence",
    "lift",
    "leverage",
    "conviction",
    "coverage",
    "prevalence",
    "added_value",
    "certainty",
    "zhang",
    "jaccard",
    "cosine",
    "kulczynski",
    "all_confidence",
    "imbalance",
    "odds_ratio",
    "yules_q",
    "phi",
    "kappa",
    "relative_risk",
)
"""Twenty that answer most questions."""


def evaluate_measures(names: Iterable[str], n: int, ab: Any, a: NDArray[Any], b: NDArray[Any]) -> dict[str, Any]:
    """Values of measures for many rules, in pieces that stay in the processor's cache.

    Parameters
    ----------
    names : iterable of str
        Of `MEASURES`.
    n : int
        All baskets.
    ab, a, b : numpy.ndarray of int, shape (n_rules,)

    Returns
    -------
    dict of str to numpy.ndarray of float64, shape (n_rules,)

    >>> evaluate_measures(["lift"], 100, np.array([10]), np.array([20]), np.array([25]))["lift"].tolist()
    [2.0]
    """
    wanted = list(names)
    if wrong := [name for name in wanted if name not in MEASURES]:
        raise HexadError(f"there is no measure {quote(wrong)}; there are {', '.join(MEASURES)}")
    values = {name: np.empty(len(ab)) for name in wanted}
    with np.errstate(divide="ignore", invalid="ignore"):
        for begin in range(0, len(ab), CHUNK):
            piece = slice(begin, begin + CHUNK)
            some = [np.asarray(x[piece], dtype=float) for x in (ab, a, b)]
            counts = Counts(np.asarray(float(n)), *some)
            for name in wanted:
                values[name][piece] = MEASURES[name].formula(counts)
    return values
