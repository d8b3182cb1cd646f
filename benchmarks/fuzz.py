"""Fuzz the reading of tables and settings: python -m benchmarks.fuzz --inputs 1000000 --seed 0 --jobs 2.

Every input follows from seed and number alone; ``--only NUMBER`` plays one again and tells all about it. It has to be
read, or refused with an error of our own and a short text, within seconds and without a library's warning. Whatever
else happens is a finding, told once for each type and place. Needs a system that has SIGALRM.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.fuzz_inputs import Case, make_case
from case_studies.demand.settings import DemandSettings
from shared.data import read_table
from shared.errors import HexadError, MissingExtraError, RepairWarning
from shared.runtime.config import load_settings, to_toml
from shared.runtime.overrides import parse_override

__all__ = ["Outcome", "attempt", "make_case"]

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"shared", "domains", "case_studies"}
LIMIT = 5.0  # seconds that one input may take
PATIENCE = 30.0  # seconds of silence after which a worker that no alarm reaches is ended
MAX_ERROR = 4000  # letters
MEMORY = 8 << 30  # bytes of address space that a worker may take; libraries alone reserve some


@dataclass
class Outcome:
    """What became of an input; `finding` is empty where all is well."""

    word: str
    finding: str = ""
    detail: str = ""
    seconds: float = 0.0


class Hang(BaseException):
    """An input took too long; no `except Exception` may swallow that."""


def _raise_alarm(_: int, __: FrameType | None) -> None:
    raise Hang(f"no end after {LIMIT:g} s")


def _place(frames: Iterable[traceback.FrameSummary]) -> str:
    """The innermost line of the packages, or of the fuzzer where none of theirs is on the way."""
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT)]
    inner = [frame for frame in ours if Path(frame.filename).relative_to(ROOT).parts[0] in PACKAGES] or ours
    return f"{Path(inner[-1].filename).relative_to(ROOT)}:{inner[-1].lineno} in {inner[-1].name}"


def _do(case: Case, folder: Path) -> str:
    """Read an input as a user would, and say what came out."""
    path = folder / case.name
    if isinstance(case.source, bytes):
        path.write_bytes(case.source)
    if case.kind in {"toml", "override"}:
        for text in case.overrides:
            parse_override(text)
        read = load_settings(DemandSettings, None if case.source is None else path, case.overrides)
        path.write_text(to_toml(read), encoding="utf-8")
        if load_settings(DemandSettings, path) != read:
            raise AssertionError("settings come back changed after they were written")
        return "read"
    frame = read_table(path if isinstance(case.source, bytes) else case.source, **case.options)
    named = case.kind in {"frame", "parquet"} or case.name == "t.parquet" or all(frame.columns)
    if not named or len(frame) == 0 or len(set(frame.columns)) != frame.shape[1]:
        raise AssertionError("a table came out that has no rows, or columns with no or repeated names")
    for name in frame.columns:
        str(frame[name].tolist())  # what cannot be shown to anyone was not read
    return "read"


def _is_refusal(error: Exception) -> Outcome:
    """Whether the text of an error of our own can be shown to people."""
    text = str(error)
    wrong = [] if text.strip() else ["empty"]
    wrong += ["too long"] if len(text) > MAX_ERROR else []
    wrong += ["with a traceback"] if "Traceback (most recent" in text else []
    wrong += ["unprintable"] if any("\ud800" <= char <= "\udfff" for char in text) else []
    if not wrong:
        return Outcome("refused", detail=ascii(text))
    place = _place(traceback.extract_tb(error.__traceback__))
    return Outcome("finding", f"{type(error).__name__} text {' and '.join(wrong)} at {place}", ascii(text[:1000]))


def attempt(case: Case, folder: Path) -> Outcome:
    """Run one input and judge what it does."""
    leaks: list[tuple[str, str]] = []

    def note(message: Warning | str, category: type[Warning], *_: object) -> None:
        if not issubclass(category, RepairWarning):
            frames = traceback.extract_stack()[:-1]
            told = f"{message}\n" + "".join(traceback.format_list(frames))
            leaks.append((f"{category.__name__} leaks at {_place(frames)}", told))

    start = time.perf_counter()
    before = signal.signal(signal.SIGALRM, _raise_alarm)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = note  # type: ignore[assignment]  # the rest of the arguments goes unused
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        try:
            outcome = Outcome(_do(case, folder))
        except (HexadError, MissingExtraError) as error:
            outcome = _is_refusal(error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - Rust's panics are no Exception
            name = f"{type(error).__name__} at {_place(traceback.extract_tb(error.__traceback__))}"
            outcome = Outcome("finding", name, traceback.format_exc())
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    outcome.seconds = time.perf_counter() - start
    if outcome.seconds > LIMIT:  # the alarm may get lost in a library's callback
        leaks.append((f"slow {case.kind}", ""))
    if leaks and not outcome.finding:
        outcome = Outcome("finding", *leaks[0], outcome.seconds)
    return outcome


def _folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _work(pipe: Connection, seed: int, numbers: range, folder: Path) -> None:
    """Run inputs one after the other, and tell of each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    own = folder / str(numbers.start)
    own.mkdir(exist_ok=True)
    for number in numbers:
        case = make_case(seed, number)
        pipe.send((number, case.kind, attempt(case, own)))


@dataclass
class Tally:
    """What was found so far."""

    start: float = field(default_factory=time.monotonic)
    inputs: int = 0
    slowest: float = 0.0
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: dict[str, list[int]] = field(default_factory=dict)

    def add(self, number: int, kind: str, outcome: Outcome) -> None:
        """Count one input, and tell a finding when it is first met."""
        self.inputs += 1
        self.slowest = max(self.slowest, outcome.seconds)
        self.words[kind, outcome.word] += 1
        if outcome.finding:
            if outcome.finding not in self.findings:
                print(f"finding: {outcome.finding}  (--only {number}, {kind})", file=sys.stderr, flush=True)
            self.findings.setdefault(outcome.finding, []).append(number)

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start


@dataclass
class Worker:
    """A process and the numbers that it has still to do."""

    seed: int
    left: range
    folder: Path
    heard: float = 0.0
    pipe: Connection = field(init=False)
    process: Any = field(init=False)

    def start(self) -> None:
        """Start a process, or another one after the last has died."""
        context = multiprocessing.get_context("spawn")
        self.pipe, end = context.Pipe(duplex=False)
        self.process = context.Process(target=_work, args=(end, self.seed, self.left, self.folder), daemon=True)
        self.process.start()
        end.close()
        self.heard = time.monotonic()

    def hear(self, tally: Tally, *, spoke: bool) -> None:
        """Take over what the process says; where it is dead or stuck, blame the input and start another one."""
        ended = ""
        if spoke:
            try:
                tally.add(*self.pipe.recv())
            except (EOFError, OSError):
                self.process.join()
                ended = f"the process dies with code {self.process.exitcode}"
            else:
                self.left, self.heard = self.left[1:], time.monotonic()
                if not self.left:
                    self.process.join()
        elif time.monotonic() - self.heard > PATIENCE:
            self.process.kill()
            self.process.join()
            ended = f"no alarm gets through after {PATIENCE:g} s"
        if ended:
            tally.add(self.left[0], make_case(self.seed, self.left[0]).kind, Outcome("finding", ended))
            self.left = self.left[1:]
            if self.left:
                self.start()


def fuzz(inputs: int, seed: int, jobs: int) -> Tally:
    """Run the inputs 0 to `inputs` - 1 in `jobs` processes; one that dies or falls silent is a finding, too."""
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:  # ours, so that it goes even if a worker is killed
        working = [Worker(seed, range(first, inputs, jobs), Path(folder)) for first in range(min(jobs, inputs))]
        for worker in working:
            worker.start()
        told = 0.0
        while working:
            ready = wait([worker.pipe for worker in working], timeout=1.0)
            for worker in working:
                worker.hear(tally, spoke=worker.pipe in ready)
            working = [worker for worker in working if worker.left]
            if tally.seconds() - told > 10:
                told = tally.seconds()
                print(
                    f"{tally.inputs:,} inputs, {tally.inputs / told:,.0f} a second, {len(tally.findings)} findings",
                    file=sys.stderr,
                    flush=True,
                )
    return tally


def replay(seed: int, number: int) -> None:
    """Run one input again and tell all about it."""
    case = make_case(seed, number)
    print(f"{case.kind} {case.name}\noptions: {case.options!a}\noverrides: {[text[:300] for text in case.overrides]!a}")
    frame = f"{type(case.source).__name__}\n{getattr(case.source, 'dtypes', case.source)}"  # some cannot be printed
    print("source:", frame if case.kind == "frame" else ascii(case.source)[:6000])
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:
        outcome = attempt(case, Path(folder))
    print(outcome.detail[-6000:])
    print(f"{outcome.word} in {outcome.seconds:.3f} s {outcome.finding}")


def main() -> None:
    """Fuzz, or play one input again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="play one input again")
    asked = parser.parse_args()
    if asked.only is not None:
        replay(asked.seed, asked.only)
        return
    tally = fuzz(asked.inputs, asked.seed, asked.jobs)
    for name, numbers in sorted(tally.findings.items()):
        print(f"{len(numbers):>6} times: {name}  (--only {' '.join(map(str, numbers[:3]))})")
    by_kind: dict[str, dict[str, int]] = {}
    for (kind, word), count in sorted(tally.words.items()):
        by_kind.setdefault(kind, {})[word] = count
    found = {"inputs": tally.inputs, "findings": len(tally.findings), "slowest_seconds": round(tally.slowest, 3)}
    print(json.dumps(found | {"seconds": round(tally.seconds(), 1), "by_kind": by_kind}))


if __name__ == "__main__":
    main()
