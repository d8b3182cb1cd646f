"""Load files that were changed on purpose: python -m benchmarks.mutated --mutants 10000 --targets csv,models --seed 0.

Small sound files of every format that `read_table` reads, and of every model that `save_model` writes, are damaged byte
by byte, or by hand: unpacked, changed at one place inside, and packed again with the right checksums. Every mutant
follows from target, seed and number alone; ``--only TARGET:NUMBER`` plays one again and tells all about it. A mutant
has to be refused with an error of our own, or to be loaded and, where it is a model, to predict: within 5 s of
processor time and 1 GB of further memory, and without the end of the process. Whatever else happens is a finding, told
once for each type and place. Needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.mutated.base import SINGLE, Limits, Target
from benchmarks.mutated.forked import fork_readers
from benchmarks.mutated.running import run_alone, run_mutants
from benchmarks.mutated.targets import choose_targets, make_mutant


def _replay(target: Target, seed: int, number: int, kept: str | None) -> None:
    sample = make_mutant(target, seed, number)
    print(
        f"{target.name}:{number} {len(sample.data):,} bytes, crc {zlib.crc32(sample.data):08x}, options"
        f" {sample.options}"
    )
    print(ascii(sample.data[:1500]))
    if kept is not None:
        Path(kept).write_bytes(sample.data)
    outcome = run_alone((target, number), seed, Limits())
    print(outcome.detail[-20_000:])
    print(f"{outcome.word} in {outcome.seconds:.2f} s {outcome.finding}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run mutants, or play one again.

    >>> main(["--mutants", "0", "--targets", "csv"])
    {}
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mutants", type=int, default=1000, help="of each target")
    parser.add_argument(
        "--targets", default="tables,models", help="names with commas between; tables and models are groups"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="TARGET:NUMBER", help="play one mutant again")
    parser.add_argument("--keep", metavar="FILE", help="with --only: where to write the mutant to")
    parser.add_argument(
        "--started",
        action="store_true",
        help="start a Python for what is read apart, as Hexad does, instead of forking one",
    )
    asked = parser.parse_args(arguments)
    with contextlib.nullcontext() if asked.started else fork_readers():
        try:
            if asked.only is not None:
                name, _, number = asked.only.rpartition(":")
                targets = choose_targets([name])
                run_mutants(targets, 0)
                _replay(targets[0], asked.seed, int(number), asked.keep)
                return
            targets = choose_targets(filter(None, asked.targets.split(",")))
        except ValueError as error:
            parser.error(str(error))
        tally = run_mutants(targets, asked.mutants, asked.seed)
    for line in tally.describe():
        print(line)
    print(json.dumps(tally.summary()))


if __name__ == "__main__":
    if any(
        os.environ.get(name) != value for name, value in SINGLE.items()
    ):  # libraries read them when they are imported
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.mutated", *sys.argv[1:]], {**os.environ, **SINGLE})
    main()
