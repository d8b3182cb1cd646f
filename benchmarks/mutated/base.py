"""What a target, a sample and an outcome are, and the odd values that changes draw from."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.errors import HexadError, MissingExtraError

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"shared", "domains", "case_studies"}
OWN_ERRORS = (HexadError, MissingExtraError)
# What a loaded model may raise beside our own errors once it is used: how scikit-learn refuses NaN and wrong shapes.
USE_MAY_RAISE = (ValueError,)
RAW = 0.3  # share of the mutants that are damaged byte by byte
# One thread for each library, so that the worker can be forked and its memory is that of the mutant.
SINGLE = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "ARROW_IO_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
BOUNDARIES = [0, 1, -1, 2, 127, 128, 255, 256, 32767, -32768, 65535, 65536, 2**24, 2**31 - 1, -(2**31), 2**31]
BOUNDARIES += [2**32 - 1, 2**32, 2**40, 2**53 + 1, 2**61, 2**62, 2**63 - 1, -(2**63), 2**64 - 1]
FLOATS = [float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, -0.0, 1e9, -1.0, 0.5]
ODD_TEXTS = [
    "",
    " ",
    "a",
    "\x00",
    "nan",
    "-1",
    "2024-01-31",
    "ß\u0301",
    "../x",
    "x" * 5000,
    "os.system",
    "__class__",
    "1e999",
]
ODD_VALUES: list[Any] = [None, True, False, [], {}, [[[]]], {"a": {"a": []}}, *ODD_TEXTS, *BOUNDARIES, *FLOATS, 10**400]

Members = dict[str, bytes]


@dataclass(frozen=True)
class Limits:
    """What one mutant may take: seconds of processor time, bytes of further memory, and seconds on the wall as a guard.

    >>> Limits().seconds
    5.0
    """

    seconds: float = 5.0
    memory: int = 1 << 30
    wall: float = 60.0


USUAL = Limits()


@dataclass(frozen=True)
class Sample:
    """Bytes of a file, and the options with which it is read.

    >>> Sample(b"a").options
    {}
    """

    data: bytes
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Files of one kind: how to make sound ones, how to change them by hand, how to load them and what to do then.

    >>> TABLES["csv"].suffix
    '.csv'
    """

    name: str
    suffix: str
    samples: Callable[[], Sequence[Sample]]
    change: Callable[[random.Random, Sample], Sample]
    load: Callable[..., Any]
    use: Callable[[Any], Any] | None = None


@dataclass
class Outcome:
    """What became of a mutant: "refused", "passed" or "finding", and what and where the finding is.

    >>> Outcome("passed").finding
    ''
    """

    word: str
    finding: str = ""
    detail: str = ""
    seconds: float = 0.0


class TooLongError(BaseException):
    """A mutant took too much processor time; no `except Exception` may swallow that."""


def memory_folder() -> str | None:
    """A folder that lies in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
