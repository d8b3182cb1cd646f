"""Any table of limits: it is met, or it is told that it cannot be, whichever allocator is asked."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.optimization import MaximumSharpe, MeanVariance, MinimumCVaR, MinimumVariance
from domains.optimization.portfolio.mandate import Mandate
from shared.decision import InfeasibleError, Limit, Session
from shared.errors import HexadError

NAMES = list("ABCDEF")
GROUPS = {"kind": dict(zip(NAMES, "xxxyyy", strict=True)), "size": dict(zip(NAMES, "ababab", strict=True))}
HOLDINGS = {"A": 0.5, "D": 0.3, "F": 0.2}


def draw_limits(rng, counts):
    found = []
    for place in range(int(rng.integers(1, 5))):
        what = str(rng.choice(["every asset", "A", "D", "kind = x", "size = b", "every kind", "F"]))
        low = float(rng.choice([-np.inf, -np.inf, -0.2 if not counts and "=" not in what else 0.0, 0.05, 0.2]))
        high = float(rng.choice([np.inf, 0.25, 0.4, 0.6]))
        if np.isfinite(low) or np.isfinite(high):
            found.append(Limit(f"limit {place}", what, least=low, most=max(low, high)))
    if counts:
        found.append(Limit("number", "number of assets", least=int(rng.integers(1, 3)), most=int(rng.integers(3, 6))))
        found.append(Limit("held", "every held asset", least=0.05))
    elif rng.random() < 0.4:
        found.append(Limit("calm", "turnover", most=float(rng.choice([0.1, 0.5, 1.0]))))
    return found


def breaks(w, limits):
    """By how much weights break any limit, in plain Python."""
    worst = abs(w.sum() - 1)
    shorts = any(one.least < 0 for one in limits if one.applies_to in {"every asset", *NAMES})
    if not shorts:
        worst = max(worst, -w.min())
    members = {
        "every asset": [[name] for name in NAMES],
        "every kind": [list("ABC"), list("DEF")],
        "kind = x": [list("ABC")],
        "size = b": [list("BDF")],
        "every held asset": [[name] for name in NAMES if w[name] > 1e-9],
    }
    for one in limits:
        if one.applies_to == "number of assets":
            sums = [float((w > 1e-9).sum())]
        elif one.applies_to == "turnover":
            sums = [float((w - pd.Series(HOLDINGS).reindex(NAMES).fillna(0.0)).abs().sum())]
        else:
            sums = [float(w[some].sum()) for some in members.get(one.applies_to, [[one.applies_to]])]
        worst = max([worst, *(one.least - total for total in sums), *(total - one.most for total in sums)])
    return worst


def can_be(limits):
    program = Mandate.read(NAMES, limits, GROUPS, HOLDINGS, np.zeros(6)).to_program()
    return Session(program).solve().status == "optimal"


def check(kind, seed, counts):
    rng = np.random.default_rng(seed)
    limits = draw_limits(rng, counts)
    returns = pd.DataFrame(0.01 + rng.normal(0, 0.04, (40, 6)) + rng.normal(0, 0.02, (40, 1)), columns=NAMES)
    model = kind(limits=limits, groups=GROUPS, holdings=HOLDINGS)
    if not can_be(limits):
        with pytest.raises(InfeasibleError) as error:
            model.fit(returns)
        assert error.value.conflict is not None
        assert len(error.value.conflict.clash)
        return False
    try:
        model.fit(returns)
    except InfeasibleError:
        raise
    except HexadError as error:
        assert kind is MaximumSharpe
        assert "no portfolio's expected return passes" in str(error)
        return True
    assert breaks(model.weights_, limits) < 1e-6
    decision = model.decision_
    assert decision.status in {"optimal", "within gap"}
    if kind is not MaximumSharpe:
        assert decision.status == "optimal"
    assert set(decision.binding["limit"]) <= {one.name for one in limits}
    return True


@given(st.integers(0, 10**6), st.booleans())
@pytest.mark.parametrize("kind", [MinimumVariance, MeanVariance, MaximumSharpe, MinimumCVaR])
def test_any_table_of_limits_is_met_or_told_to_be_impossible(kind, seed, counts):
    check(kind, seed, counts)
