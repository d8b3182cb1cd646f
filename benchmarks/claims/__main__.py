"""Claims of reports, computed again: python -m benchmarks.claims [--study NAME ...] [--only own shuffled other] [--seeds 20].

Each study is run --quick on its own data, on it with what is asked for dealt anew (twenty times, where that is a forecast, a
rule or a list), and on two other bundled tables. Every number of every claim is computed again from the tables of the run by
code that shares nothing with the report's; three faults are planted in a report of each study. The last line is one JSON object:

claims_checked, claims_wrong: claims, and those that their tables do not bear out;
claims_loose: sentences that compare outside of claims; runs, runs_refused, runs_broken: runs, tables that a study refuses, and
runs that end in an error of the program; skill_claimed: shuffles in which something is said to be found, by study;
nothing_unsaid: shuffles in which nothing is, and the first screen does not say so; faults_caught: kinds of planted
faults (sign, clock, interval) of which each one planted is told; faults_planted: how many were; numbers_untraced: numbers that a claim gives without a table, and that are
neither settings nor metrics.
"""

from __future__ import annotations

import os

os.environ.update(
    dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
)

import argparse
import json
import shutil
import sys
import tempfile
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.claims.faults import FAULTS, catch_faults
from benchmarks.claims.runs import MANY, Case, check_case, claims_skill, list_cases, says_nothing
from case_studies.common.study import find_studies

KINDS = ("own", "shuffled", "other")


@dataclass
class Tally:
    """What all runs together come to."""

    runs: int = 0
    refused: int = 0
    broken: int = 0
    claims: int = 0
    wrong: int = 0
    loose: int = 0
    untraced: int = 0
    unsaid: dict[str, int] = field(default_factory=dict)
    skill: dict[str, int] = field(default_factory=dict)
    caught: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in FAULTS})

    def plain(self) -> dict[str, Any]:
        """As one object."""
        return {
            "claims_checked": self.claims,
            "claims_wrong": self.wrong,
            "claims_loose": self.loose,
            "runs": self.runs,
            "runs_refused": self.refused,
            "runs_broken": self.broken,
            "skill_claimed": self.skill,
            "nothing_unsaid": self.unsaid,
            "faults_caught": sum(bool(told) and all(told) for told in self.caught.values()),
            "faults_planted": sum(map(len, self.caught.values())),
            "numbers_untraced": self.untraced,
        }


def say(text: str) -> None:
    """Tell what is found while it goes on."""
    print(text, file=sys.stderr, flush=True)


def look_at(case: Case, tally: Tally, place: Path) -> None:
    """Run a case, check it, and add up."""
    tally.runs += 1
    try:
        found = check_case(case, place)
    except Exception:  # noqa: BLE001  # a study that breaks is a finding, and the others are to be looked at
        tally.broken += 1
        say(f"{case.label}: ends in an error of the program\n{traceback.format_exc(limit=-4)}")
        return
    if isinstance(found, str):
        tally.refused += 1
        say(f"{case.label}: refused: {found[:400]}")
        return
    folder, checked = found
    tally.claims += checked.claims
    tally.wrong += len({finding.claim for finding in checked.wrong})
    tally.loose += len(checked.loose)
    tally.untraced += len(checked.untraced)
    say(f"{case.label}: {checked.claims} claims, {len(checked.wrong)} findings, {len(checked.loose)} loose sentences")
    for finding in checked.wrong:
        say(f"  {finding}")
    for sentence in checked.loose:
        say(f"  loose: {sentence!r}")
    if checked.untraced:
        say(f"  given without a source: {', '.join(map(repr, checked.untraced))}")
    if case.kind == "shuffled" and case.study in MANY:
        skill = claims_skill(case.study, folder, checked)
        tally.skill[case.study] = tally.skill.get(case.study, 0) + skill
        unsaid = not skill and not says_nothing(checked)
        tally.unsaid[case.study] = tally.unsaid.get(case.study, 0) + unsaid
        say(f"  something found: {skill}; the first screen says that nothing is: {says_nothing(checked)}")
    if case.kind == "own":
        caught = catch_faults(folder, place)
        for name, told in caught.items():
            tally.caught[name].append(told)
        say(f"  faults caught: {', '.join(f'{name} {told}' for name, told in caught.items())}")


def main() -> None:
    """Run what is asked for, and print the figures."""
    studies = sorted(find_studies())
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--study", nargs="+", choices=studies, default=studies)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--seeds", type=int, default=20, help="shuffles of a study, seeds from 0")
    parser.add_argument("--keep", type=Path, help="folder for the runs, to look at them; removed where left out")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    tally = Tally()
    for study in given.study:
        for number, case in enumerate(list_cases(study, given.only, given.seeds)):
            place = Path(tempfile.mkdtemp(prefix="claims-"))
            try:
                look_at(case, tally, place)
                if given.keep and (place / "run").is_dir():
                    shutil.copytree(place / "run", given.keep / f"{study}-{case.kind}-{number}", dirs_exist_ok=True)
            finally:
                shutil.rmtree(place, ignore_errors=True)
    print(json.dumps(tally.plain()))


if __name__ == "__main__":
    main()
