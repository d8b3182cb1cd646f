"""The only place that knows joblib: a user's ``joblib.parallel_config(backend=...)`` reaches all parallel work."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from types import ModuleType
from typing import Any, TypeVar

from shared.checks import is_whole
from shared.errors import SettingsError
from shared.runtime.interrupts import raise_if_interrupted

__all__ = ["limit_threads", "map_parallel", "send_by_value", "use_one_blas_thread"]

SAFE_PATH = "PYTHONSAFEPATH"
# Values of a table from which several threads of one library are worth their waiting for one another.
LARGE = 10_000_000
_INSIDE = threading.local()
T = TypeVar("T")
R = TypeVar("R")


def map_parallel(
    function: Callable[..., R],
    pieces: Iterable[T],
    *,
    n_jobs: int | None = None,
    done: Callable[[R], None] | None = None,
    work: int | None = None,
    common: tuple[Any, ...] = (),
) -> list[R]:
    """Apply a function to every piece; results come in the order of the pieces, whatever `n_jobs`.

    Within a piece of another call, in whatever thread or process, pieces come one after the other: workers that wait
    for work of their own would wait for one another.

    Parameters
    ----------
    function : callable
        Pure: its result depends on its arguments alone, which are a piece and what is common to all.
    pieces : iterable
        The arguments.
    n_jobs : int, optional
        Workers as in joblib: None is one unless a ``parallel_config`` says otherwise, -1 is all cores.
    done : callable, optional
        Called with each result as it comes in.
    work : int, optional
        Values that a piece learns from: libraries beneath use one thread a piece, but where these are very many and the
        pieces come one after the other.

    common : tuple
        Further arguments, the same for every piece: a backend sends them to a worker once.

    >>> map_parallel(abs, [-1, 2])
    [1, 2]
    """
    if n_jobs is not None and (not is_whole(n_jobs, least=-1000) or n_jobs == 0):
        raise SettingsError(f"n_jobs={n_jobs!r}: give a whole number of workers, or -1 for as many as there are cores")
    listed = list(pieces)
    # One thread a piece: pieces are small, and sums of several threads could differ in their last bits.
    alone = getattr(_INSIDE, "piece", False) or (n_jobs in {None, 1} and not _configured())
    with use_one_blas_thread(), limit_threads(work if alone else 0):
        if not alone:
            return _map(_Inside(function), listed, n_jobs, done, common)
        return _collect((function(piece, *common) for piece in listed), done)


def _collect(results: Iterable[R], done: Callable[[R], None] | None) -> list[R]:
    """Results as they come; between two of them the work can be interrupted."""
    gathered: list[R] = []
    raise_if_interrupted()
    for result in results:
        raise_if_interrupted()
        gathered.append(result)
        if done is not None:
            done(result)
    return gathered


class _Inside:
    """A function that knows it is run as a piece of a parallel call, and limits the threads of its own worker.

    The limit of the caller does not reach there: OpenMP counts for each thread, and BLAS for each process.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: object) -> Any:
        before = getattr(_INSIDE, "piece", False)
        _INSIDE.piece = True
        try:
            # A worker looks for the libraries once, at its first piece; a thread finds what its caller found.
            with _find_once().limit(limits=1):
                return self.function(*arguments)
        finally:
            _INSIDE.piece = before


@contextlib.contextmanager
def limit_threads(work: int | None) -> Iterator[None]:
    """Let compiled libraries (OpenMP) use one thread where the work is small: more would wait for one another.

    On a busy machine threads that share small pieces of work spin until the slowest comes, many times as long as one
    thread needs alone.

    Parameters
    ----------
    work : int, optional
        Values of the table that is worked on; where it is not known, nothing changes.

    >>> with limit_threads(1000):
    ...     sum([1, 2])
    3
    """
    if work is None or work >= LARGE:
        yield
        return
    with _find_pools(len(sys.modules)).limit(limits=1, user_api="openmp"):
        yield


@contextlib.contextmanager
def use_one_blas_thread() -> Iterator[None]:
    """Let products and inverses of matrices use one thread: sums of several can differ in their last bits.

    >>> with use_one_blas_thread():
    ...     sum([1, 2])
    3
    """
    with _find_pools(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


_FOUND: list[Any] = []


@functools.lru_cache(maxsize=1)
def _find_pools(_modules: int) -> Any:
    """The compiled libraries with threads of their own; looked for again (6 ms) once more modules are loaded."""
    from threadpoolctl import ThreadpoolController

    _FOUND[:] = [ThreadpoolController()]
    return _FOUND[0]


def _find_once() -> Any:
    """What was found last in this process; a thread's caller has looked just before."""
    return _FOUND[0] if _FOUND else _find_pools(len(sys.modules))


def send_by_value(package: ModuleType) -> None:
    """Let workers get functions and classes of a package, and of all modules in it, as they are, not by import.

    For code in folders that other processes cannot import from, such as the copy of a case study.

    >>> import types
    >>> send_by_value(types.ModuleType("not_imported"))
    Traceback (most recent call last):
    ...
    ValueError: <module 'not_imported'> was not imported correctly...
    """
    for name in (
        "cloudpickle",
        "joblib.externals.cloudpickle",
    ):  # joblib up to 1.5 brings its own beside that of others
        with contextlib.suppress(ImportError):
            importlib.import_module(name).register_pickle_by_value(package)


def _map(
    function: Callable[..., R],
    listed: list[T],
    n_jobs: int | None,
    done: Callable[[R], None] | None,
    common: tuple[Any, ...],
) -> list[R]:
    from joblib import Parallel, delayed

    # Threads by default: the work is numpy's and scikit-learn's, which release the lock; nothing is copied.
    with _safe_path():
        return _gather(Parallel, delayed, function, listed, n_jobs, done, common)


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """Let processes that a backend starts not look for modules in the current folder first."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(SAFE_PATH, None)
        else:
            os.environ[SAFE_PATH] = before


def _gather(
    Parallel: Any,
    delayed: Any,
    function: Callable[..., R],
    listed: list[T],
    n_jobs: int | None,
    done: Callable[[R], None] | None,
    common: tuple[Any, ...],
) -> list[R]:
    if _backend_name() == "multiprocessing":  # it pickles as Python does, and pieces of work are often local functions
        from joblib import wrap_non_picklable_objects

        function = wrap_non_picklable_objects(function, keep_wrapper=False)
    tasks = (delayed(function)(piece, *common) for piece in listed)
    try:
        results = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")(tasks)
    except ValueError:  # a backend that gives its results all at once
        results = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(function)(piece, *common) for piece in listed)
    try:
        return _collect(results, done)
    except BaseException:
        # Pieces that were under way when it ended are given up; joblib's warning of them tells nobody anything.
        if isinstance(results, Generator):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                results.close()
        raise


def _backend_name() -> str:
    """The backend that a joblib configuration names; nothing where none does."""
    config = _configuration()
    backend = None if config is None else config.get("backend")
    named = backend if isinstance(backend, str) else type(backend).__name__.removesuffix("Backend")
    return named.lower() if backend else ""


def _configuration() -> Any:
    """What the user set around the call; joblib is not loaded to find out."""
    joblib_parallel = sys.modules.get("joblib.parallel")
    return None if joblib_parallel is None else getattr(joblib_parallel._backend, "config", None)  # noqa: SLF001


def _configured() -> bool:
    """Whether the user set a joblib configuration around the call."""
    config = _configuration()
    return config is not None and (config.get("n_jobs") not in {None, 1} or bool(config.get("backend")))
