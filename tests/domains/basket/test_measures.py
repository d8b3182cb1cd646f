"""Every measure equals its textbook definition in exact fractions, at ordinary and at extreme counts."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.basket import MEASURES
from domains.basket.rules.measures import DEFAULT_MEASURES, evaluate_measures
from shared.errors import HexadError

pytestmark = pytest.mark.any_pandas


def over(x, y):
    if y == 0:
        return math.nan if x == 0 else math.copysign(math.inf, x)
    return float(Fraction(x) / Fraction(y))


def bits(cell, other):
    """One term of an information, in nats."""
    if cell == 0:
        return 0.0
    ratio = cell / other
    return float(cell) * (math.log(ratio.numerator) - math.log(ratio.denominator))


def definition(name, n, ab, a, b):
    """Textbook definitions over the four probabilities of the two-by-two table."""
    p11, p10, p01 = Fraction(ab, n), Fraction(a - ab, n), Fraction(b - ab, n)
    p00 = 1 - p11 - p10 - p01
    pa, pb = p11 + p10, p11 + p01
    given_a = p11 / pa
    independent = pa * pb
    agree, by_chance = p11 + p00, pa * pb + (1 - pa) * (1 - pb)
    variance = pa * (1 - pa) * pb * (1 - pb)
    four = ((p11, pa * pb), (p10, pa * (1 - pb)), (p01, (1 - pa) * pb), (p00, (1 - pa) * (1 - pb)))
    root = (math.sqrt(p11 * p00), math.sqrt(p10 * p01))
    outside = 0 if pa == 1 else (1 - pa) * ((p01 / (1 - pa)) ** 2 + (p00 / (1 - pa)) ** 2)
    return {
        "support": lambda: float(p11),
        "confidence": lambda: float(given_a),
        "lift": lambda: over(p11, independent),
        "leverage": lambda: float(p11 - independent),
        "conviction": lambda: over(pa * (1 - pb), p10),
        "coverage": lambda: float(pa),
        "prevalence": lambda: float(pb),
        "added_value": lambda: float(given_a - pb),
        "certainty": lambda: over(given_a - pb, 1 - pb) if given_a > pb else over(given_a - pb, pb),
        "zhang": lambda: over(p11 - independent, max(p11 * (1 - pa), pa * (pb - p11))),
        "jaccard": lambda: over(p11, pa + pb - p11),
        "cosine": lambda: math.sqrt(p11 * p11 / independent),
        "kulczynski": lambda: float((p11 / pa + p11 / pb) / 2),
        "all_confidence": lambda: float(min(p11 / pa, p11 / pb)),
        "max_confidence": lambda: float(max(p11 / pa, p11 / pb)),
        "imbalance": lambda: over(abs(pa - pb), pa + pb - p11),
        "odds_ratio": lambda: over(p11 * p00, p10 * p01),
        "yules_q": lambda: over(p11 * p00 - p10 * p01, p11 * p00 + p10 * p01),
        "yules_y": lambda: (root[0] - root[1]) / (root[0] + root[1]) if sum(root) else math.nan,
        "phi": lambda: float(p11 - independent) / math.sqrt(variance) if variance else math.nan,
        "kappa": lambda: over(agree - by_chance, 1 - by_chance),
        "j_measure": lambda: bits(p11, pa * pb) + (bits(p10, pa * (1 - pb)) if p10 else 0.0),
        "gini": lambda: float(pa * (given_a**2 + (1 - given_a) ** 2) + outside - pb**2 - (1 - pb) ** 2),
        "mutual_information": lambda: sum(bits(cell, other) for cell, other in four),
        "klosgen": lambda: math.sqrt(p11) * float(given_a - pb),
        "chi_squared": lambda: over(n * (p11 - independent) ** 2, variance),
        "collective_strength": lambda: over(agree * (1 - by_chance), by_chance * (1 - agree)),
        "relative_risk": lambda: over(given_a * (1 - pa), p01),
        "laplace": lambda: float(Fraction(ab + 1, a + 2)),
        "sebag": lambda: over(p11, p10),
    }[name]()


@st.composite
def tables(draw):
    cells = [draw(st.one_of(st.integers(0, 3), st.integers(0, 100_000))) for _ in range(4)]
    ab, a_only, b_only, neither = cells
    if ab + a_only == 0 or ab + b_only == 0:
        ab += 1
    return ab + a_only + b_only + neither, ab, ab + a_only, ab + b_only


@pytest.mark.parametrize("name", MEASURES)
@given(tables())
def test_equals_its_definition(name, table):
    n, ab, a, b = table
    value = float(evaluate_measures([name], n, np.array([ab]), np.array([a]), np.array([b]))[name][0])
    exact = definition(name, n, ab, a, b)
    if math.isnan(exact) or math.isinf(exact):
        assert value == exact or (math.isnan(value) and math.isnan(exact))
    else:
        assert value == pytest.approx(exact, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", [name for name, one in MEASURES.items() if one.independent is not None])
def test_says_what_independence_gives(name):
    value = evaluate_measures([name], 100, np.array([12]), np.array([30]), np.array([40]))[name][0]
    assert value == pytest.approx(MEASURES[name].independent, abs=1e-12)


def test_there_are_twenty_and_more_with_sources():
    assert len(DEFAULT_MEASURES) == 20
    assert len(MEASURES) == 30
    assert all(one.source and one.meaning for one in MEASURES.values())


def test_many_rules_are_worked_out_in_pieces_alike():
    rng = np.random.default_rng(0)
    ab = rng.integers(1, 50, 20_001)
    a, b = ab + rng.integers(0, 50, 20_001), ab + rng.integers(0, 50, 20_001)
    whole = evaluate_measures(MEASURES, 1000, ab, a, b)
    part = evaluate_measures(MEASURES, 1000, ab[-5:], a[-5:], b[-5:])
    for name in MEASURES:
        np.testing.assert_array_equal(whole[name][-5:], part[name])


def test_unknown_measures_are_refused():
    with pytest.raises(HexadError, match="no measure 'lfit'; there are support"):
        evaluate_measures(["lfit"], 1, np.array([1]), np.array([1]), np.array([1]))
