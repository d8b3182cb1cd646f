"""A24: an evaluation on a dask cluster with workers that have imported nothing yet."""

import os

import joblib
import numpy as np
import pandas as pd
import pytest

from domains.timeseries import LagForecaster, Recipe, SeasonalNaive
from shared.data import WalkForward
from shared.evaluation import evaluate
from shared.runtime.parallel import map_parallel


def outer(piece: int) -> list[int]:
    """Opens a parallel map of its own."""
    return map_parallel(lambda x: 10 * piece + x, [1, 2], n_jobs=2)


@pytest.mark.parametrize("backend", ["threading", "loky", "sequential", "multiprocessing"])
def test_nested_calls_run_plainly(backend):
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert map_parallel(outer, [1, 2, 3]) == [[11, 12], [21, 22], [31, 32]]
    assert map_parallel(outer, [1, 2], n_jobs=2) == [[11, 12], [21, 22]]


def test_what_is_common_is_given_to_every_piece():
    for n_jobs in (None, 2):
        assert map_parallel(lambda x, table: x + len(table), [1, 2], n_jobs=n_jobs, common=([0] * 5,)) == [6, 7]


@pytest.mark.network  # to workers on loopback
@pytest.mark.skipif(os.environ.get("HEXAD_WHOLE") != "1", reason="starts processes: make test-whole")
def test_an_evaluation_on_cold_workers_ends_with_the_same_bits():
    distributed = pytest.importorskip("distributed")
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=400), "y": rng.normal(size=400).cumsum()})

    def run(**more):
        return evaluate(
            {"lag": LagForecaster(recipe=Recipe((1, 7)), horizon=3, n_jobs=2)},
            table,
            WalkForward(3, every=7, n_splits=6),
            ["mae"],
            baselines={"naive": SeasonalNaive(7)},
            **more,
        )

    plain = run()
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": None,
        "host": "127.0.0.1",
    }
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        there = run()
    pd.testing.assert_frame_equal(plain.predictions, there.predictions, check_exact=True)
    pd.testing.assert_frame_equal(plain.table(), there.table(), check_exact=True)
