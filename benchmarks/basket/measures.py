"""Interest measures of a million rules beside the time to mine them, and in exact fractions."""

from __future__ import annotations

import math
import statistics
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.basket.data import lists_of
from domains.basket import association_rules, frequent_itemsets
from domains.basket.rules.measures import DEFAULT_MEASURES, MEASURES
from shared.data import Incidence

__all__ = ["exactly", "measures"]

SUPPORT, CONFIDENCE, RULES = 0.11, 0.75, 1_000_000


def measures(folder: Path, rounds: int = 5) -> dict[str, Any]:
    """Twenty measures of a million rules of mushroom, sampled with seed 0 from little more."""
    baskets = Incidence.from_lists(lists_of(folder, "mushroom.dat.gz"))
    mining, valuing = [], []
    for turn in range(rounds + 1):
        start = time.process_time()
        rules = association_rules(frequent_itemsets(baskets, SUPPORT), CONFIDENCE)
        middle = time.process_time()
        drawn = np.sort(np.random.default_rng(0).choice(len(rules), RULES, replace=False))
        sample = rules.take(drawn)
        begin = time.process_time()
        table = sample.measures(DEFAULT_MEASURES)
        stop = time.process_time()
        if turn:
            mining.append(middle - start)
            valuing.append(stop - begin)
    ratio = statistics.median(valuing) / statistics.median(mining)
    print(
        f"{len(rules):,} rules mined in {1e3 * statistics.median(mining):.0f} ms; {table.shape[1]} measures of "
        f"{len(sample):,} in {1e3 * statistics.median(valuing):.0f} ms: ratio {ratio:.2f}"
    )
    chosen = np.random.default_rng(1).choice(len(sample), 1000, replace=False)
    small = sample.take(chosen)
    worst = 0.0
    for name, values in small.measures(MEASURES).items():
        for k, value in enumerate(values):
            counts = (small.joint_counts[k], small.antecedent_counts[k], small.consequent_counts[k])
            worst = max(worst, difference(float(value), exactly(str(name), small.n_baskets, *map(int, counts))))
    print(f"largest relative difference of any of {len(MEASURES)} measures from exact fractions: {worst:.1e}")
    return {
        "rules_ratio": ratio,
        "rules_mined": len(rules),
        "measures": table.shape[1],
        "measures_worst_difference": worst,
    }


def difference(value: float, exact: float) -> float:
    """Relative difference; zero where both are infinite or undefined alike."""
    if math.isnan(exact) or math.isinf(exact):
        return 0.0 if (math.isnan(value) and math.isnan(exact)) or value == exact else math.inf
    return abs(value - exact) / max(abs(exact), 1e-3)


def exactly(name: str, n: int, ab: int, a: int, b: int) -> float:  # noqa: C901
    """A measure from its textbook definition, over probabilities as exact fractions; nothing of ours is used.

    Undefined quotients are NaN where nothing is divided by nothing, infinite otherwise.
    """
    pa, pb, pab = Fraction(a, n), Fraction(b, n), Fraction(ab, n)
    pa_, pb_ = 1 - pa, 1 - pb
    p_only_a, p_only_b, p_none = pa - pab, pb - pab, 1 - pa - pb + pab
    held = pab / pa

    def over(x: Fraction, y: Fraction) -> float:
        if y == 0:
            return math.nan if x == 0 else math.copysign(math.inf, x)
        return float(x / y)

    def root(x: Fraction) -> float:
        return math.sqrt(x)

    def log(x: Fraction) -> float:
        return math.log(x.numerator) - math.log(x.denominator)

    def information(cell: Fraction, other: Fraction) -> float:
        return 0.0 if cell == 0 else float(cell) * log(cell / other)

    gain = pab - pa * pb
    if name == "certainty":
        return over(gain / pa, pb_) if gain > 0 else over(gain / pa, pb)
    if name == "zhang":
        return over(gain, max(pab * pa_, pa * p_only_b))
    if name == "phi":
        return math.nan if pa * pb * pa_ * pb_ == 0 else float(gain) / root(pa * pb * pa_ * pb_)
    if name == "yules_y":
        x, y = root(pab * p_none), root(p_only_a * p_only_b)
        return math.nan if x + y == 0 else (x - y) / (x + y)
    if name == "gini":
        outside = pa_ * ((p_only_b / pa_) ** 2 + (p_none / pa_) ** 2) if pa_ else Fraction(0)
        return float(pa * (held**2 + (1 - held) ** 2) + outside - pb**2 - pb_**2)
    simple: dict[str, Any] = {
        "support": lambda: float(pab),
        "confidence": lambda: float(held),
        "lift": lambda: over(held, pb),
        "leverage": lambda: float(gain),
        "conviction": lambda: over(pb_, 1 - held),
        "coverage": lambda: float(pa),
        "prevalence": lambda: float(pb),
        "added_value": lambda: float(held - pb),
        "jaccard": lambda: over(pab, pa + pb - pab),
        "cosine": lambda: float(pab) / root(pa * pb),
        "kulczynski": lambda: float((held + pab / pb) / 2),
        "all_confidence": lambda: float(min(held, pab / pb)),
        "max_confidence": lambda: float(max(held, pab / pb)),
        "imbalance": lambda: over(abs(pa - pb), pa + pb - pab),
        "odds_ratio": lambda: over(pab * p_none, p_only_a * p_only_b),
        "yules_q": lambda: over(pab * p_none - p_only_a * p_only_b, pab * p_none + p_only_a * p_only_b),
        "kappa": lambda: over(pab + p_none - pa * pb - pa_ * pb_, 1 - pa * pb - pa_ * pb_),
        "j_measure": lambda: information(pab, pa * pb) + information(p_only_a, pa * pb_),
        "mutual_information": lambda: (
            information(pab, pa * pb)
            + information(p_only_a, pa * pb_)
            + information(p_only_b, pa_ * pb)
            + information(p_none, pa_ * pb_)
        ),
        "klosgen": lambda: root(pab) * float(held - pb),
        "chi_squared": lambda: over(n * gain**2, pa * pb * pa_ * pb_),
        "collective_strength": lambda: over(
            (pab + p_none) * (1 - pa * pb - pa_ * pb_), (pa * pb + pa_ * pb_) * (1 - pab - p_none)
        ),
        "relative_risk": lambda: over(held, p_only_b / pa_) if pa_ else math.nan,
        "laplace": lambda: float(Fraction(ab + 1, a + 2)),
        "sebag": lambda: over(pab, p_only_a),
    }
    return float(simple[name]())
