"""The bootstrap, and p-values of several tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shared.errors import HexadError, SettingsError
from shared.evaluation import resampling
from shared.evaluation.p_values import adjust_p_values
from shared.evaluation.resampling import block_length, bootstrap_means, draw_rows, percentile_interval


def test_the_error_of_a_mean_is_found():
    values = np.random.default_rng(0).normal(size=400)
    means = bootstrap_means(values)
    assert means.mean() == pytest.approx(values.mean(), abs=0.01)
    assert means.std() == pytest.approx(values.std() / 20, rel=0.1)


def test_rows_of_a_cluster_are_drawn_together():
    """Copies say nothing new: the error of the mean is that of the clusters."""
    values = np.random.default_rng(0).normal(size=100)
    copied, labels = np.repeat(values, 25), np.repeat(np.arange(100), 25)
    alone, together = bootstrap_means(copied), bootstrap_means(copied, clusters=labels)
    assert together.std() == pytest.approx(values.std() / 10, rel=0.1)
    assert alone.std() < together.std() / 4
    np.testing.assert_allclose(together, bootstrap_means(values, clusters=np.arange(100)), atol=1e-12)


def test_clusters_of_other_sizes_weigh_by_their_rows():
    means = bootstrap_means([1.0, 1.0, 1.0, 5.0], clusters=["a", "a", "a", "b"], rounds=500)
    assert set(np.unique(means)) == {1.0, 2.0, 5.0}


def test_blocks_keep_what_is_alike_between_neighbours():
    steps = np.random.default_rng(0).normal(size=500).cumsum()
    assert bootstrap_means(steps, block=block_length(500)).std() > 2 * bootstrap_means(steps).std()


def test_columns_are_drawn_together():
    rows = np.random.default_rng(0).normal(size=(50, 1)) + [0.0, 3.0]
    means = bootstrap_means(rows)
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 3.0)


def test_pieces_change_nothing(monkeypatch):
    values = np.random.default_rng(0).normal(size=40)
    whole = [bootstrap_means(values, block=block) for block in (1, 3)]
    monkeypatch.setattr(resampling, "CELLS", 700)
    for block, wanted in zip((1, 3), whole, strict=True):
        np.testing.assert_array_equal(bootstrap_means(values, block=block), wanted)


def test_draws_are_blocks_of_neighbours():
    rng = np.random.default_rng(1)
    for rows in draw_rows(10, 20, rng, block=4):
        assert rows.shape == (20, 10)
        step = np.diff(rows.reshape(20, 10)[:, :4], axis=1) % 10
        assert (step == 1).all()


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [np.inf]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(HexadError, match="at least one row, all of them finite"):
        bootstrap_means(values)


@pytest.mark.parametrize("level", [0, 100, -1, np.nan])
def test_a_level_is_a_percentage(level):
    with pytest.raises(HexadError, match="between 0 and 100"):
        percentile_interval([1.0, 2.0], level)


# p-values

P = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(P)
def test_benjamini_and_hochberg_are_scipys(p):
    np.testing.assert_allclose(adjust_p_values(p, "bh"), stats.false_discovery_control(p, method="bh"), atol=1e-15)


@given(P, st.integers(0, 20))
def test_more_tests_than_are_left_count(p, more):
    """The p-values that are not there are larger than those that are."""
    rest = [1.0] * more
    for method in ("holm", "bonferroni", "bh"):
        wanted = adjust_p_values([*p, *rest], method)[: len(p)]
        np.testing.assert_allclose(adjust_p_values(p, method, size=len(p) + more), wanted, atol=1e-15)


@given(P)
def test_corrections_stand_in_their_order(p):
    bh, holm, bonferroni = (adjust_p_values(p, method) for method in ("bh", "holm", "bonferroni"))
    assert (bh <= holm + 1e-15).all()
    assert (holm <= bonferroni + 1e-15).all()
    assert bonferroni.max() <= 1


def test_what_is_no_correction_is_refused():
    with pytest.raises(SettingsError, match="'sidak' is none of holm, bonferroni, bh"):
        adjust_p_values([0.1], "sidak")
    with pytest.raises(SettingsError, match="size=1 is less than the 2"):
        adjust_p_values([0.1, 0.2], size=1)
    assert adjust_p_values([]).tolist() == []
