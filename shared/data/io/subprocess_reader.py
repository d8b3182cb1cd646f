"""Files that nobody can bound beforehand are read in a process of their own, under limits of memory and time."""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.data.io import subprocess_worker
from shared.data.io.limits import APART_MEMORY, APART_SECONDS, BYTES_A_SECOND, LONGEST_TEXT, QUERY_SECONDS, VIEW_SECONDS
from shared.data.io.sources import fail
from shared.data.io.subprocess_worker import Advice, RefusedError
from shared.errors import Argument, Fix

__all__ = ["as_fix", "read_in_subprocess"]

ROOT = Path(__file__).resolve().parents[3]
FRAME = 1 << 31
ONE_THREAD = {
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_IO_THREADS": "1",
}
SMALLER = "Give a smaller part of it, or save the table as CSV or Parquet."
# On systems that can end a process for its processor time.
OVER_TIME = {-int(getattr(signal, name)) for name in ("SIGXCPU", "SIGKILL") if hasattr(signal, name)}


def read_in_subprocess(
    kind: str, path: Path, *, unpacked: int, own_query: bool = False, **options: object
) -> Iterator[tuple[Any, ...]]:
    """Frames of a file, as a process of its own reads them.

    Parameters
    ----------
    kind : {"sqlite", "duckdb", "sheet"}
    path : path
    unpacked : int
        Bytes of the file once unpacked, by which its time is measured.
    own_query : bool
        Whether the user wrote what is asked of it, and may take more time.
    options
        What the reader needs; see `shared.data.io.subprocess_worker`.

    Raises
    ------
    DataError
        The file is refused, takes too long or too much memory, or is so damaged that its reader crashes.

    >>> list(read_in_subprocess("sqlite", Path("none.sqlite"), unpacked=0, query=None))
    Traceback (most recent call last):
    ...
    shared.errors.DataError: none.sqlite: it cannot be read (OperationalError: unable to open database file). ...
    """
    seconds = QUERY_SECONDS if own_query else APART_SECONDS + unpacked // BYTES_A_SECOND
    job = {
        "kind": kind,
        "file": str(path),
        "memory": APART_MEMORY,
        "seconds": seconds,
        "longest_text": LONGEST_TEXT,
        "view_seconds": VIEW_SECONDS,
        "path": [str(ROOT), *(place for place in sys.path if Path(place).is_absolute())],
        "imports": {
            "sqlite": ["shared.errors"],
            "duckdb": ["shared.errors", "duckdb", "pyarrow.ipc"],
            "sheet": ["openpyxl"],
        }[kind],
        **options,
    }
    try:
        yield from _frames(job, path.name, seconds) if sys.executable else _here(job)
    except RefusedError as error:
        raise fail(path.name, error.what, as_fix(error.fix)) from error


def as_fix(advice: Advice) -> str:
    """The fix that a worker's advice is.

    >>> as_fix(["Pass ", ["query"], "."])
    'Pass query=.'
    """
    if isinstance(advice, str):
        return advice
    return Fix(*(part if isinstance(part, str) else Argument(part[0]) for part in advice))


def _here(job: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Where Python does not know by what it was started, it is read in this process, bit by bit."""
    yield from subprocess_worker.JOBS[job["kind"]](job)


def _frames(job: dict[str, Any], name: str, seconds: int) -> Iterator[tuple[Any, ...]]:
    # -I: nothing of the current folder, and no setting of the environment, gets into it.
    command = [sys.executable, "-I", subprocess_worker.__file__]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    # Arenas and threads of libraries take room that counts as memory, though nothing is in it.
    env = {**os.environ, **ONE_THREAD}
    with subprocess.Popen(command, env=env, **pipes) as process:  # noqa: S603  # our own file, run by our own Python
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(job).encode() + b"\n")  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
            while (frame := _receive(process.stdout)) is not None:
                if frame[0] == "end":
                    return
                if frame[0] == "refused":
                    raise RefusedError(frame[1], frame[2])
                if frame[0] == "memory":
                    raise fail(name, f"it takes more than {APART_MEMORY / 1e9:.1f} GB of memory to read", SMALLER)
                yield frame
            if process.wait() in OVER_TIME:
                raise fail(name, f"it takes more than {seconds:,} seconds of processor time to read", SMALLER)
            raise fail(
                name, f"its reader ends with code {process.returncode}", "The file is damaged: fetch or write it again."
            )
        finally:
            process.kill()


def _receive(pipe: Any) -> tuple[Any, ...] | None:
    """The next frame; None where the process ended."""
    head = pipe.read(8)
    size = int.from_bytes(head, "little")
    data = pipe.read(size) if len(head) == 8 and size <= FRAME else b""
    if not data or len(data) < size:
        return None
    frame = marshal.loads(data)  # noqa: S302  # written by our own worker; it holds plain values, and runs nothing
    return frame if isinstance(frame, tuple) else None
