"""The highest Sharpe ratio within limits, where hardly any return is to be had."""

import numpy as np
import pandas as pd
import pytest

from domains.optimization import MaximumSharpe
from shared.decision import Limit


@pytest.mark.parametrize("best", [1e-3, 1e-5, 1e-7, 1e-9])
def test_limits_hold_where_hardly_any_return_is_to_be_had(best):
    rng = np.random.default_rng(3)
    values = rng.normal(0, 0.01, (250, 20)) @ (np.eye(20) + 0.3)
    returns = pd.DataFrame(values - values.mean(axis=0), columns=[f"a{place}" for place in range(20)])
    means = np.sort(rng.normal(0, 1e-3, 20))[::-1]
    returns += means - means[:5].mean() + best
    found = MaximumSharpe(limits=Limit("cap", "every asset", most=0.2)).fit(returns)
    weights = found.weights_.to_numpy()
    assert weights.sum() == pytest.approx(1)
    assert weights.max() <= 0.2 + 1e-6
    ratio = weights @ found.moments_.mean / np.sqrt(weights @ found.moments_.covariance @ weights)
    assert ratio > 0
    assert found.decision_.bound >= ratio * (1 - 1e-6)


def test_a_least_weight_is_kept_without_a_warning():
    rng = np.random.default_rng(0)
    returns = pd.DataFrame(rng.normal([0.002, 0.001, 0.0], [0.03, 0.01, 0.02], (100, 3)), columns=list("abc"))
    weights = MaximumSharpe(limits=Limit("floor", "c", least=0.3)).fit(returns).weights_
    assert weights["c"] >= 0.3 - 1e-9
    assert weights.sum() == pytest.approx(1)
