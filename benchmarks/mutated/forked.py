"""The readers that run apart, forked from a warm process: the same code under the same limits."""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
from collections.abc import Iterator
from typing import Any

from shared.data.io import subprocess_reader, subprocess_worker
from shared.data.io.limits import APART_MEMORY
from shared.data.io.sources import fail
from shared.data.io.subprocess_worker import RefusedError

__all__ = ["fork_readers"]


@contextlib.contextmanager
def fork_readers() -> Iterator[None]:
    """Let what is read apart be read in forks of this process, inside the block.

    >>> with fork_readers():
    ...     subprocess_reader._frames is _frames
    True
    """
    for modules in (["duckdb", "pyarrow.ipc"], ["openpyxl"]):
        with contextlib.suppress(ImportError):
            for module in modules:
                __import__(module)
    usual = subprocess_reader._frames  # noqa: SLF001
    subprocess_reader._frames = _frames  # noqa: SLF001
    try:
        yield
    finally:
        subprocess_reader._frames = usual  # noqa: SLF001


def _frames(job: dict[str, Any], name: str, seconds: int) -> Iterator[tuple[Any, ...]]:
    """As `shared.data.io.subprocess_reader` takes them from a process that it starts."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _work(job, write)
    os.close(write)
    try:
        with os.fdopen(read, "rb") as pipe:
            while (frame := subprocess_reader._receive(pipe)) is not None:  # noqa: SLF001
                if frame[0] == "end":
                    return
                if frame[0] == "refused":
                    raise RefusedError(frame[1], frame[2])
                if frame[0] == "memory":
                    raise fail(
                        name,
                        f"it takes more than {APART_MEMORY / 1e9:.1f} GB of memory to read",
                        subprocess_reader.SMALLER,
                    )
                yield frame
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        child = 0
        if code in subprocess_reader.OVER_TIME:
            raise fail(
                name, f"it takes more than {seconds:,} seconds of processor time to read", subprocess_reader.SMALLER
            )
        raise fail(name, f"its reader ends with code {code}", "The file is damaged: fetch or write it again.")
    finally:
        if child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _work(job: dict[str, Any], write: int) -> None:
    """Do the job, and end this process whatever comes."""
    try:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for number in (signal.SIGALRM, signal.SIGPROF, signal.SIGXCPU):
            signal.signal(number, signal.SIG_DFL)
        with os.fdopen(write, "wb") as pipe:

            def send(*frame: Any) -> None:
                data = marshal.dumps(frame)
                pipe.write(len(data).to_bytes(8, "little") + data)

            subprocess_worker._limit(job["memory"], job["seconds"])  # noqa: SLF001
            try:
                for frame in subprocess_worker.JOBS[job["kind"]](job):
                    send(*frame)
                send("end")
            except RefusedError as error:
                send("refused", error.what, error.fix)
            except MemoryError:
                send("memory")
            except Exception as error:  # noqa: BLE001  # as the worker does
                send(
                    "refused",
                    f"it cannot be read ({type(error).__name__}: {str(error)[:200]})",
                    "Fetch or write it again.",
                )
    finally:
        os._exit(0)
