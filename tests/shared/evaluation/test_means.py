"""How sure a mean is."""

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import toeplitz

from shared.errors import HexadError
from shared.evaluation.means import _shrinkage, mean_in_time, mean_of_clusters, mean_of_folds


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_alone_it_is_the_t_interval():
    values = np.resize([1.0, -1.0, 0.5], 30)
    found = mean_in_time(values)
    wanted = stats.t.interval(0.95, 29, values.mean(), stats.sem(values))
    assert found.interval([1.0]) == pytest.approx(wanted)
    assert found.p_value([1.0]) == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_what_the_overlap_leaves_of_a_cosine_is_its_definition():
    n, overlap = 40, (1.0, 0.7, 0.4, 0.1)
    shared = toeplitz([*overlap, *[0.0] * (n - len(overlap))])
    j, t = np.arange(1, 10)[:, None], np.arange(n) + 0.5
    cosines = np.sqrt(2 / n) * np.cos(np.pi * j * t / n)
    wanted = np.einsum("ji,ik,jk->j", cosines, shared, cosines) / (shared.sum() / n)
    assert _shrinkage(n, 9, overlap) == pytest.approx(wanted)


@pytest.mark.parametrize("length", [1, 5, 14])
def test_the_variance_of_the_mean_of_overlapping_means_is_right_on_average(length):
    n, overlap = 150, tuple(1 - lag / length for lag in range(length))
    found, truth = [], []
    for seed in range(400):
        d = np.convolve(noise(n + length - 1, seed=seed), np.ones(length) / length, "valid")
        means = mean_in_time(d, overlap)
        found.append(float(means.covariance[0, 0]))
        truth.append(float(means.means[0]))
    assert np.mean(found) == pytest.approx(np.var(truth), rel=0.25)


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.7])
def test_intervals_hold_what_they_promise_where_neighbours_are_alike(rho):
    held, rounds = 0, 300
    for seed in range(rounds):
        steps, d = noise(250, seed=seed), np.zeros(250)
        for t in range(1, 250):
            d[t] = rho * d[t - 1] + steps[t]
        low, high = mean_in_time(d[50:]).interval([1.0])
        held += low <= 0 <= high
    assert held / rounds >= 0.89


def test_a_ratio_holds_one_where_the_difference_holds_zero():
    for seed in range(50):
        means = mean_in_time(1.5 + noise(25, 2, seed=seed), contrast=[1.0, -1.0])
        low, high = means.ratio_interval()
        first, last = means.interval([1.0, -1.0])
        if np.isfinite(low):
            assert (low <= 1 <= high) == (first <= 0 <= last)


def test_a_ratio_to_what_may_be_zero_has_no_interval():
    assert np.isnan(mean_in_time(noise(30, 2)).ratio_interval()).all()


@pytest.mark.parametrize(("values", "p"), [([2.0] * 9, 0.0), ([0.0] * 9, 1.0)])
def test_no_spread(values, p):
    assert mean_in_time(values).p_value([1.0]) == p
    assert mean_of_folds(values, 0.1).p_value([1.0]) == p
    assert mean_of_clusters(values, range(9)).p_value([1.0]) == p


def test_clusters_of_one_row_are_the_t_test():
    values = noise(40)
    found = mean_of_clusters(values, np.arange(40))
    assert found.p_value([1.0]) == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_copies_of_a_row_tell_nothing_new():
    values = noise(40)
    once, often = (
        mean_of_clusters(values, np.arange(40)),
        mean_of_clusters(np.tile(values, 5), np.tile(np.arange(40), 5)),
    )
    assert often.interval([1.0]) == pytest.approx(once.interval([1.0]))


def test_one_large_customer_counts_as_little():
    labels = np.repeat(np.arange(21), [400, *[20] * 20])
    found = mean_of_clusters(noise(800), labels)
    assert found.dof == pytest.approx(800**2 / (400**2 + 20 * 400) - 1)


@pytest.mark.parametrize("sizes", ["alike", "one to twenty"])
def test_intervals_over_clusters_hold_what_they_promise(sizes):
    held, rounds = 0, 300
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        count = np.full(60, 5) if sizes == "alike" else rng.integers(1, 21, size=60)
        own = rng.normal(size=60)
        labels = np.repeat(np.arange(60), count)
        low, high = mean_of_clusters(own[labels] + rng.normal(size=len(labels)), labels).interval([1.0])
        held += low <= 0 <= high
    assert 0.91 <= held / rounds <= 0.985


def test_folds_widen_by_what_they_share():
    values = noise(10)
    alone, shared = mean_of_folds(values, 0.0), mean_of_folds(values, 1 / 9)
    assert shared.spread([1.0]) / alone.spread([1.0]) == pytest.approx(np.sqrt((1 / 10 + 1 / 9) / (1 / 10)))


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], [1.0, np.inf]])
def test_too_few_or_missing_values_are_refused(values):
    with pytest.raises(HexadError, match="at least two values, all of them finite"):
        mean_in_time(values)


def test_one_cluster_is_refused():
    with pytest.raises(HexadError, match="at least two clusters"):
        mean_of_clusters([1.0, 2.0], ["a", "a"])


@pytest.mark.parametrize("level", [0, 100, 120])
def test_a_level_lies_between_0_and_100(level):
    with pytest.raises(HexadError, match="between 0 and 100"):
        mean_in_time([1.0, 2.0]).interval([1.0], level)
