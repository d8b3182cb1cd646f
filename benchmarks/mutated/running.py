"""Mutants in processes of their own, judged by what they cost and how they end."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import multiprocessing
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType

from benchmarks.mutated.base import (
    OWN_ERRORS,
    PACKAGES,
    ROOT,
    USE_MAY_RAISE,
    USUAL,
    Limits,
    Outcome,
    Sample,
    Target,
    TooLongError,
    memory_folder,
)
from benchmarks.mutated.targets import make_mutant


def _place(frames: Sequence[traceback.FrameSummary], *, lines: bool = True) -> str:
    """The innermost line of the packages; where none of theirs is on the way, that of the library."""
    ours = [frame for frame in frames if _package(frame.filename) in PACKAGES]
    one = (ours or list(frames))[-1]
    path = Path(one.filename)
    shown = path.relative_to(ROOT) if ours else Path(*path.parts[-3:])
    return f"{shown}{f':{one.lineno}' if lines else ''} in {one.name}"


def _package(name: str) -> str:
    path = Path(name)
    return path.relative_to(ROOT).parts[0] if path.is_relative_to(ROOT) else ""


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _too_long(_: int, __: FrameType | None) -> None:
    raise TooLongError


def _virtual_size() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def _cpu_seconds() -> float:
    """Processor time of this process and of those that it started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _judge(error: BaseException, *, used: bool) -> Outcome:
    """What an error stands for."""
    frames = traceback.extract_tb(error.__traceback__)
    told = "".join(traceback.format_exception(error))
    if isinstance(error, TooLongError):
        return Outcome("finding", f"hang at {_place(frames, lines=False)}", told)
    for link in _chain(error):
        if isinstance(link, MemoryError):
            there = traceback.extract_tb(link.__traceback__) or frames
            whole = there if any(_package(frame.filename) in PACKAGES for frame in there) else frames
            return Outcome("finding", f"memory: {type(link).__name__} at {_place(whole)}", told)
    if isinstance(error, OWN_ERRORS) or (used and isinstance(error, USE_MAY_RAISE)):
        return Outcome("refused", detail=told)
    stage = "use" if used else "load"
    return Outcome("finding", f"{type(error).__name__} in {stage} at {_place(frames)}", told)


def attempt(target: Target, sample: Sample, folder: Path, limits: Limits = USUAL) -> Outcome:
    r"""Load one file, use what comes of it and judge what that did; for the main thread of a process of its own.

    Parameters
    ----------
    target : Target
    sample : Sample
    folder : path
        Empty folder to write the file to.
    limits : Limits

    Returns
    -------
    Outcome

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     attempt(TABLES["csv"], Sample(b"a,b\n1,2\n"), Path(folder)).word
    'passed'
    """
    for left in folder.iterdir():
        left.unlink()
    path = folder / f"t{target.suffix}"
    path.write_bytes(sample.data)
    gc.collect()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, _too_long)
    resource.setrlimit(resource.RLIMIT_AS, (_virtual_size() + limits.memory + (1 << 26), hard))
    own, spent = time.process_time(), _cpu_seconds()
    _, last = resource.getrlimit(resource.RLIMIT_CPU)
    # Where no signal gets through to Python, the system ends the process.
    resource.setrlimit(resource.RLIMIT_CPU, (int(own + limits.seconds) + 2, last))
    used = False
    outcome = Outcome("passed")
    try:
        signal.setitimer(signal.ITIMER_PROF, limits.seconds, 1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = target.load(path, **sample.options)
            used = True
            if target.use is not None:
                target.use(loaded)
        del loaded
        signal.setitimer(signal.ITIMER_PROF, 0)
    except BaseException as error:  # noqa: BLE001 - panics are no Exception
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        outcome = _judge(error, used=used)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        resource.setrlimit(resource.RLIMIT_CPU, (last, last))
        signal.signal(signal.SIGPROF, before)
    outcome.seconds = _cpu_seconds() - spent
    if (
        outcome.seconds > limits.seconds + 0.5 and outcome.word != "finding"
    ):  # the alarm was lost in a library's callback
        outcome = Outcome(
            "finding", f"hang: {outcome.seconds:.1f} s in {'use' if used else 'load'}", outcome.detail, outcome.seconds
        )
    return outcome


Job = tuple[Target, int]


@dataclass
class Tally:
    """What was found so far, by target.

    >>> Tally().summary()
    {}
    """

    words: dict[str, dict[str, int]] = field(default_factory=dict)
    findings: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    details: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, target: str, number: int, outcome: Outcome) -> None:
        """Count one mutant, and tell a finding when it is first met."""
        words = self.words.setdefault(target, {"mutants": 0, "refused": 0, "passed": 0, "findings": 0})
        words["mutants"] += 1
        words["findings" if outcome.word == "finding" else outcome.word] += 1
        if outcome.word == "finding":
            key = target, outcome.finding
            if key not in self.findings:
                print(f"finding: {target}:{number} {outcome.finding}", file=sys.stderr, flush=True)
            self.findings.setdefault(key, []).append(number)
            self.details.setdefault(key, outcome.detail)

    def summary(self) -> dict[str, dict[str, int]]:
        """Counts of mutants, of those refused and passed, and of findings, for each target."""
        return self.words

    def describe(self) -> list[str]:
        """One line for each finding, with the first mutant that shows it."""
        lines = []
        for (target, finding), numbers in self.findings.items():
            detail = self.details[target, finding]
            trace = re.findall(r"^  File .*", detail, re.MULTILINE) if "most recent call first" in detail else []
            last = (trace or detail.strip().splitlines()[-1:] or [""])[0].strip()[:200]
            lines.append(f"{target}:{numbers[0]}  {finding}  ({len(numbers)} times)  {last}")
        return lines


def _serve(pipe: Connection, jobs: Sequence[Job], seed: int, limits: Limits, folder: Path, trace: Path) -> None:
    """Run mutants one after the other; tell the beginning and the end of each."""
    os.setsid()  # so that whatever is left can be ended together
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for channel in (1, 2):
        os.dup2(nowhere, channel)
    with trace.open("wb") as file:
        faulthandler.enable(file)
        faulthandler.register(signal.SIGXCPU, file, chain=True)
        gc.collect()
        gc.freeze()
        for place, (target, number) in enumerate(jobs):
            os.ftruncate(file.fileno(), 0)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            pipe.send((place, None))
            pipe.send((place, attempt(target, make_mutant(target, seed, number), folder, limits)))
        pipe.close()
        os._exit(0)


def _death(code: int | None, trace: str, wall: float) -> Outcome:
    """What the end of the process stands for, and where it was by its own last words."""
    lines = re.findall(r'File "([^"]+)", line (\d+) in (.+)', trace)[::-1]
    frames = [traceback.FrameSummary(name, int(line), inside) for name, line, inside in lines]
    where = f" at {_place(frames, lines=False)}" if frames else ""
    if wall:
        return Outcome("finding", f"hang: no end after {wall:g} s on the wall{where}", trace)
    name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
    kind = "hang" if name == "SIGXCPU" else "crash"
    return Outcome("finding", f"{kind}: {name}{where}", trace)


def _one_worker(jobs: Sequence[Job], seed: int, limits: Limits, hear: Callable[[int, Outcome], None]) -> Outcome | None:
    """Run jobs in one process until they are done, or until it dies; then how, for the job that was running."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of forking beside threads: ours are at rest
        own = Path(folder) / "file"
        own.mkdir()
        trace = Path(folder) / "trace"
        pipe, end = context.Pipe(duplex=False)
        process = context.Process(target=_serve, args=(end, jobs, seed, limits, own, trace))
        process.start()
        end.close()
        silent = 0.0
        try:
            while not silent:
                if not pipe.poll(limits.wall):
                    silent = limits.wall
                    _ask_where(process.pid)
                    break
                place, outcome = pipe.recv()
                if outcome is not None:
                    hear(place, outcome)
        except (EOFError, OSError):
            pass
        finally:
            if silent:
                time.sleep(0.2)  # for its last words
                process.kill()
            process.join()
            with contextlib.suppress(OSError, TypeError):
                os.killpg(process.pid or 0, signal.SIGKILL) if process.pid else None
        if process.exitcode == 0 and not silent:
            return None
        return _death(process.exitcode, trace.read_text(errors="replace"), silent)


def _ask_where(pid: int | None) -> None:
    """Ask a process that fell silent where it is; that ends it, too."""
    if pid is not None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGXCPU)


def run_alone(job: Job, seed: int, limits: Limits) -> Outcome:
    """What becomes of a mutant in a process of its own."""
    found: list[Outcome] = []
    died = _one_worker([job], seed, limits, lambda _, outcome: found.append(outcome))
    return died or found[0]


def run_mutants(
    targets: Sequence[Target],
    mutants: int,
    seed: int = 0,
    limits: Limits = USUAL,
    *,
    numbers: Sequence[int] | None = None,
) -> Tally:
    """Run the mutants 0 to `mutants` - 1 of each target in a process of their own, and another one wherever it dies.

    Parameters
    ----------
    targets : sequence of Target
    mutants : int
        Of each target.
    seed : int
    limits : Limits
    numbers : sequence of int, optional
        These mutants instead.

    Returns
    -------
    Tally

    >>> run_mutants([TABLES["csv"]], 3).summary()["csv"]["mutants"]
    3
    """
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        for target in targets:  # what is imported and compiled on first use is not the mutants' own
            for sample in target.samples()[: 2 if target.use else 1]:
                path = Path(folder) / f"t{target.suffix}"
                path.write_bytes(sample.data)
                loaded = target.load(path, **sample.options)
                if target.use is not None:
                    target.use(loaded)
    jobs: list[Job] = [(target, number) for target in targets for number in (numbers or range(mutants))]
    done = 0

    def hear(place: int, outcome: Outcome) -> None:
        nonlocal done
        tally.add(jobs[start + place][0].name, jobs[start + place][1], outcome)
        done = start + place + 1

    while (start := done) < len(jobs):
        died = _one_worker(jobs[start:], seed, limits, hear)
        if died is None:
            break
        target, number = jobs[done]
        if done > start:  # what was broken by those before it is not its own fault
            alone = run_alone((target, number), seed, limits)
            others = Outcome("finding", f"{died.finding} (only after others)", died.detail)
            died = alone if alone.word == "finding" else others
        tally.add(target.name, number, died)
        done += 1
    return tally
