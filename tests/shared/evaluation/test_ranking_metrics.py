"""Ranks with ties at their mean, and metrics of them, against plain sorting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.evaluation.metrics.ranking import hit_rate, mean_ranks, ndcg, reciprocal_rank


@given(st.lists(st.integers(0, 4), min_size=2, max_size=9), st.data())
def test_ranks_are_the_mean_over_orders_of_ties(scores, data):
    target = data.draw(st.integers(0, len(scores) - 1))
    out = [data.draw(st.booleans()) and k != target for k in range(len(scores))]
    left = [k for k in range(len(scores)) if not out[k]]
    order = sorted(left, key=lambda k: -scores[k])
    places = [place + 1 for place, k in enumerate(order) if scores[k] == scores[target]]
    assert mean_ranks(np.array([scores]), [target], excluded=np.array([out]))[0] == np.mean(places)


def test_metrics_by_hand():
    ranks = [1, 2.5, 10, 10.5, 400]
    assert hit_rate(ranks) == 0.6
    assert ndcg(ranks) == pytest.approx((1 + 1 / np.log2(3.5) + 1 / np.log2(11)) / 5)
    assert reciprocal_rank([1, 4]) == 0.625


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(ValueError, match="not all finite"):
        mean_ranks(np.array([[np.nan, 1.0]]), [1])
    with pytest.raises(ValueError, match="among the excluded"):
        mean_ranks(np.array([[0.0, 1.0]]), [1], excluded=np.array([[False, True]]))
