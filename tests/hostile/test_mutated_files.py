"""Files changed on purpose, a fixed share of them: each is refused or read, within its limits and without a crash."""

import hashlib
import importlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from shared.errors import DataError, MissingExtraError, StoreError

pytestmark = pytest.mark.any_pandas


ROOT = Path(__file__).parents[2]
with pytest.MonkeyPatch.context() as patch:  # a bare `pytest` does not look for packages beside the tests
    patch.syspath_prepend(str(ROOT))
    mutated = importlib.import_module("benchmarks.mutated")
    changes, command, databases, tables = (
        importlib.import_module(f"benchmarks.mutated.{name}") for name in ("changes", "__main__", "databases", "tables")
    )

QUICK = mutated.Limits(seconds=0.3, memory=1 << 28, wall=8.0)


# The harness itself.


def planted(act, use=None, name="planted"):
    """A target whose mutants all do the same, whatever is in their files; the sound file does nothing."""

    def load(path):
        return act() if path.read_bytes() != b"sound" else None

    def change(rng, sample):
        return mutated.Sample(b"changed")

    return mutated.Target(name, ".x", lambda: [mutated.Sample(b"sound")], change, load, use)


def spin():
    while True:
        pass


def spin_deaf():
    """As a loop in C does: no signal gets through to Python."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPROF])
    spin()


def swallow():
    """A loop that takes the alarm for an error like any other."""
    start = time.process_time()
    while time.process_time() - start < 1.5:
        try:
            while time.process_time() - start < 1.5:
                pass
        except BaseException:
            continue


def refuse(error):
    def act():
        raise error

    return act


def hidden_hog():
    try:
        bytearray(1 << 29)
    except MemoryError as error:
        raise StoreError("cannot be loaded") from error


PLANTED = {
    "a hang": ("hang at ", spin),
    "a hang in C": ("hang: SIGXCPU at ", spin_deaf),
    "a hang that swallows the alarm": ("hang", swallow),
    "a segmentation fault": ("crash: SIGSEGV at ", lambda: os.kill(os.getpid(), signal.SIGSEGV)),
    "an abort": ("crash: SIGABRT at ", os.abort),
    "an exit": ("crash: exit code 3", lambda: os._exit(3)),
    "an error of Python": ("KeyError in load at ", refuse(KeyError("x"))),
    "an error that asks to exit": ("SystemExit in load at ", refuse(SystemExit(0))),
    "too much memory": ("memory: MemoryError at ", lambda: bytearray(1 << 29)),
    "a large array": ("memory: MemoryError at ", lambda: np.ones(1 << 27)),
    "too much memory behind our own error": ("memory: MemoryError at ", hidden_hog),
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_harness_sees_what_is_wrong(name):
    begin, act = PLANTED[name]
    tally = mutated.run_mutants([planted(act)], 1, limits=QUICK)
    words = tally.summary()["planted"]
    assert (words["mutants"], words["findings"]) == (1, 1)
    assert [finding for _, finding in tally.findings][0].startswith(begin)


def test_a_process_that_sleeps_is_ended():
    limits = mutated.Limits(seconds=0.3, memory=1 << 28, wall=0.5)
    tally = mutated.run_mutants([planted(lambda: time.sleep(600))], 1, limits=limits)
    assert [finding for _, finding in tally.findings][0].startswith("hang: no end after 0.5 s on the wall")


def test_the_mutants_after_a_crash_are_run():
    crash = planted(lambda: os.kill(os.getpid(), signal.SIGSEGV), name="crash")
    calm = planted(refuse(DataError("t", [])), name="calm")
    tally = mutated.run_mutants([calm, crash, calm], 2, limits=QUICK)
    assert tally.summary()["calm"] == {"mutants": 4, "refused": 4, "passed": 0, "findings": 0}
    assert tally.summary()["crash"] == {"mutants": 2, "refused": 0, "passed": 0, "findings": 2}
    [numbers] = tally.findings.values()
    assert numbers == [0, 1]


def test_what_only_happens_after_others_is_told_so():
    broken = []

    def act():
        broken.append(1)
        if len(broken) == 3:
            os.kill(os.getpid(), signal.SIGSEGV)

    tally = mutated.run_mutants([planted(act)], 4, limits=QUICK)
    [(_, finding)] = tally.findings
    assert finding.endswith("(only after others)")
    assert tally.summary()["planted"]["passed"] == 3


@pytest.mark.parametrize("error", [DataError("t", []), StoreError("x"), MissingExtraError("a", "b")])
def test_our_own_errors_are_refusals(error):
    tally = mutated.run_mutants([planted(refuse(error))], 2, limits=QUICK)
    assert tally.summary()["planted"] == {"mutants": 2, "refused": 2, "passed": 0, "findings": 0}


def test_what_is_loaded_may_refuse_with_a_value_error_and_nothing_else():
    def use(wanted):
        def act(loaded):
            if loaded is not None:
                raise wanted("x")

        return act

    odd, known = (planted(lambda: 1, use(error), name=error.__name__) for error in (TypeError, ValueError))
    tally = mutated.run_mutants([odd, known], 1, limits=QUICK)
    assert tally.summary()["ValueError"]["refused"] == 1
    assert [finding for _, finding in tally.findings][0].startswith("TypeError in use at ")


def test_limits_are_lifted_afterwards(tmp_path):
    """In a process of its own, as it is used: the limits are those of a whole process."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if lifted(tmp_path) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def lifted(folder):
    kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU)
    before = [resource.getrlimit(kind) for kind in kinds]
    for act in (lambda: None, spin, refuse(KeyError("x"))):
        mutated.attempt(planted(act), mutated.Sample(b"changed"), folder, QUICK)
    return [resource.getrlimit(kind) for kind in kinds] == before and signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_a_mutant_follows_from_target_seed_and_number():
    for name in ("csv.gz", "json", "parquet", "xlsx", "sqlite", "duckdb", "zip", "StandardizedRidge", "Rules"):
        [target] = mutated.choose_targets([name])
        first, again = ([mutated.make_mutant(target, 3, number) for number in range(12)] for _ in range(2))
        assert first == again, name
        assert len({mutant.data for mutant in first}) > 8, name
        assert mutated.make_mutant(target, 4, 0) != first[0], name


def test_samples_are_the_same_when_made_anew():
    for make in (
        tables.parquet_samples,
        tables.workbook_samples,
        databases.sqlite_samples,
        databases.duckdb_samples,
    ):
        assert make() == make()


def test_a_model_that_was_changed_inside_carries_the_right_checksum():
    [target] = mutated.choose_targets(["StandardizedRidge"])
    [sample] = target.samples()
    fits = 0
    for number in range(30):
        outer = changes.members_of(target.change(random.Random(number), sample).data)
        envelope = json.loads(outer["envelope.json"])
        fits += (
            isinstance(envelope, dict) and envelope.get("sha256") == hashlib.sha256(outer["model.skops"]).hexdigest()
        )
    assert fits > 25


def test_blocks_of_duckdb_are_signed_as_duckdb_does():
    for sample in databases.duckdb_samples():
        for start, size in databases.duck_blocks(sample.data):
            block = sample.data[start : start + size]
            assert not any(block) or block[:8] == databases.sum_of_block(block[8:])


def test_unknown_targets_are_told(capsys):
    with pytest.raises(SystemExit):
        command.main(["--targets", "nonsense"])
    assert "there is no target 'nonsense'" in capsys.readouterr().err


# The fixed share, twice as large with HEXAD_WHOLE=1 (make test-whole).
SHARES = {"tables": 15, "models": 7}
TIMES = 2 if os.environ.get("HEXAD_WHOLE") == "1" else 1


def run(*arguments):
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.mutated", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return made.stdout


@pytest.mark.parametrize("targets", SHARES)
def test_a_fixed_share_of_mutants_is_loaded_or_refused(targets):
    each = TIMES * SHARES[targets]
    *findings, last = run("--mutants", str(each), "--targets", targets, "--seed", "1").splitlines()
    assert findings == []
    counts = json.loads(last)
    assert list(counts) == [target.name for target in mutated.choose_targets([targets])]
    for name, words in counts.items():
        assert words["mutants"] == each == words["refused"] + words["passed"], name
        assert words["refused"], name
    assert sum(words["passed"] for words in counts.values()) > 20


def test_one_mutant_is_played_again_with_all_that_it_tells(tmp_path):
    told = run("--only", "json:3", "--keep", str(tmp_path / "kept.json"))
    assert told.splitlines()[0].startswith("json:3 ")
    assert told.splitlines()[-1].startswith(("refused in ", "passed in "))
    [target] = mutated.choose_targets(["json"])
    assert (tmp_path / "kept.json").read_bytes() == mutated.make_mutant(target, 0, 3).data
