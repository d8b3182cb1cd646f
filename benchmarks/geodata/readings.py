"""Work that is timed: each reading in a process of its own, the rivals in turn, imports and compilers before the clock."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

__all__ = ["Call", "Reading", "Work", "alternate", "find_middle", "find_peer", "say_ratio"]

ROUNDS = 5
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
MEGABYTE = 1024**2


class Work(NamedTuple):
    """What a maker of work gives, after it has imported and compiled all that it takes.

    Attributes
    ----------
    run : callable
        What is timed.
    tell : callable
        Makes of what `run` returned what JSON can carry; after the clock.
    """

    run: Callable[[], Any]
    tell: Callable[[Any], Any]


class Call(NamedTuple):
    """A maker of work, by its name, so that another process finds it.

    Attributes
    ----------
    module, name : str
        `getattr(import_module(module), name)(*arguments)` gives the `Work`.
    arguments : sequence
        That JSON can carry.
    """

    module: str
    name: str
    arguments: Sequence[Any] = ()


@dataclass(frozen=True)
class Reading:
    """What one run took, and what it found.

    Attributes
    ----------
    seconds : float
        Of CPU, of the process and of those that it started.
    wall : float
        Seconds on the clock.
    megabytes : float
        Peak of memory above what was held before.
    answer : object
        What `Work.tell` said.
    """

    seconds: float
    wall: float
    megabytes: float
    answer: Any


def find_peer(name: str, wanted: bool = True) -> bool:
    """Whether a peer is wanted and installed; where it is wanted and not there, that is said.

    Parameters
    ----------
    name : str
    wanted : bool
    """
    if wanted and importlib.util.find_spec(name) is None:
        print(f"  {name} is not installed: left out")
        return False
    return wanted


def alternate(calls: Mapping[str, Call], rounds: int = ROUNDS) -> dict[str, list[Reading]]:
    """Run each call once a round, one after the other.

    Parameters
    ----------
    calls : mapping of str to Call
    rounds : int
    """
    found: dict[str, list[Reading]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(_read(call))
    return found


def find_middle(readings: Sequence[Reading], what: str = "seconds") -> float:
    """The median of the readings.

    Parameters
    ----------
    readings : sequence of Reading
    what : {"seconds", "wall", "megabytes"}
    """
    return float(median(getattr(one, what) for one in readings))


def say_ratio(ours: Sequence[Reading], theirs: Sequence[Reading], what: str = "seconds") -> float:
    """How many times what we take the peer takes: the median over the rounds, in each of which both ran.

    Parameters
    ----------
    ours, theirs : sequence of Reading
    what : {"seconds", "wall", "megabytes"}
    """
    pairs = zip(ours, theirs, strict=True)
    return float(median(getattr(peer, what) / getattr(own, what) for own, peer in pairs))


def _read(call: Call) -> Reading:
    command = [sys.executable, "-m", __name__, call.module, call.name, json.dumps(list(call.arguments))]
    environment = os.environ | dict.fromkeys(THREADS, "1")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{call.module}.{call.name} failed:\n{done.stderr[-4000:]}")
    return Reading(**json.loads(done.stdout.splitlines()[-1]))


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def _held() -> float:
    """Megabytes of memory now."""
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() / MEGABYTE
    return _peak()


def _forget_peak() -> None:
    """Let the peak begin anew (Linux), because imports and compilers had one of their own."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> float:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    scale = MEGABYTE if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def main() -> None:
    """Time one call, and print a line of JSON."""
    module, name, arguments = sys.argv[1:4]
    warnings.simplefilter("ignore")
    work: Work = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    gc.collect()
    gc.freeze()  # what was imported is not looked through again within the clock
    _forget_peak()
    before, began, spent = _held(), perf_counter(), _spent()
    found = work.run()
    seconds, wall, after = _spent() - spent, perf_counter() - began, _peak()
    reading = Reading(seconds, wall, after - before, work.tell(found))
    print(json.dumps(reading.__dict__))


if __name__ == "__main__":
    main()
