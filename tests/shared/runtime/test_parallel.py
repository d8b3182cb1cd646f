"""Parallel work: order, reports and the user's own choice of workers."""

import os
import subprocess
import sys
import threading
import time

import joblib
import pytest
from joblib._parallel_backends import ThreadingBackend

from shared.runtime.parallel import map_parallel


def slow_first(number):
    time.sleep(0.05 if number == 0 else 0)
    return number * 10


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_results_come_in_the_order_of_the_pieces(n_jobs):
    seen = []
    assert map_parallel(slow_first, iter(range(5)), n_jobs=n_jobs, done=seen.append) == [0, 10, 20, 30, 40]
    assert seen == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_without_pieces_there_are_no_results(n_jobs):
    assert map_parallel(slow_first, [], n_jobs=n_jobs) == []


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_reaches_the_caller(n_jobs):
    def fail(number):
        raise KeyError(number)

    with pytest.raises(KeyError):
        map_parallel(fail, [1, 2, 3], n_jobs=n_jobs)


def test_done_is_called_in_the_callers_thread_as_results_come():
    threads = set()
    map_parallel(slow_first, range(3), n_jobs=2, done=lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_one_worker_works_in_the_callers_thread():
    assert set(map_parallel(lambda _: threading.get_ident(), range(3))) == {threading.get_ident()}


def test_two_workers_are_threads():
    assert threading.get_ident() not in map_parallel(lambda _: threading.get_ident(), range(3), n_jobs=2)


def test_the_users_backend_is_taken():
    used = []

    class Noted(ThreadingBackend):
        def configure(self, n_jobs=1, parallel=None, **options):
            used.append(n_jobs)
            return super().configure(n_jobs, parallel, **options)

    joblib.register_parallel_backend("noted", Noted)
    with joblib.parallel_config(backend="noted", n_jobs=3):
        assert map_parallel(abs, [-1, -2]) == [1, 2]
    assert used == [3]


@pytest.mark.parametrize("backend", ["sequential", "threading", "loky", "multiprocessing"])
def test_every_backend_of_joblib_works(backend):
    seen = []
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert map_parallel(abs, [-1, -2, 3], done=seen.append) == [1, 2, 3]
        assert map_parallel(lambda piece: piece + len(backend), [0, 1]) == [len(backend), len(backend) + 1]
    assert seen == [1, 2, 3]


def test_without_joblib_nothing_is_configured(monkeypatch):
    monkeypatch.delitem(sys.modules, "joblib.parallel")
    assert map_parallel(abs, [-1]) == [1]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_report_is_not_needed(n_jobs):
    assert map_parallel(abs, [-1, 2], n_jobs=n_jobs) == [1, 2]


def test_joblib_is_not_loaded_for_one_worker():
    code = (
        "import sys; from shared.runtime.parallel import map_parallel; map_parallel(abs, [-1]); "
        "sys.exit('joblib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


WORKERS = """
import joblib, numpy, sklearn.ensemble
from threadpoolctl import threadpool_info
from shared.runtime.parallel import map_parallel

def threads(piece, again=True):
    inner = [] if not again else [n for found in map_parallel(lambda one: threads(one, False), [1]) for n in found]
    return [pool["num_threads"] for pool in threadpool_info()] + inner

if __name__ == "__main__":
    with joblib.parallel_config({backend!r}):
        found = map_parallel(threads, range(4), n_jobs=2, work=1000)
    assert all(found), found
    print(max(n for one in found for n in one), *{{p["num_threads"] for p in threadpool_info()}})
"""


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_every_worker_uses_one_thread(backend):
    several = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "3")
    made = subprocess.run(
        [sys.executable, "-c", WORKERS.format(backend=backend)],
        env={**os.environ, **several, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    most, *outside = made.stdout.split()
    assert most == "1"
    assert "1" not in outside
