"""Runs of the case studies that many tests look at: each is made once a session, by whichever worker asks first."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from case_studies.common.runs import run_study
from case_studies.common.study import find_studies


def whole_studies() -> set[str]:
    """Studies whose whole run is this session's turn: one after the other, from commit to commit; all with HEXAD_WHOLE=1."""
    names = sorted(find_studies())
    if os.environ.get("HEXAD_WHOLE") == "1":
        return set(names)
    count = subprocess.run(
        ["git", "rev-list", "--count", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    turn = int(count.stdout) if count.returncode == 0 else 0
    return {names[turn % len(names)]}


@pytest.fixture(scope="session")
def study_run(tmp_path_factory) -> Callable[[str, str], Path]:
    """Folder of a finished run on bundled data, "quick" or "whole"; nobody changes it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base

    def folder_of(study: str, size: str) -> Path:
        if size == "whole" and study not in whole_studies():
            pytest.skip(f"the whole run of {study} is another commit's turn; make test-whole makes all")
        folder = shared / f"finished-{study}-{size}"
        with FileLock(f"{folder}.lock"):
            if not (folder / "report.html").exists():
                # Tests share the cores; what two workers make is compared with this by test_every_study.
                run_study(study, out=folder, quick=size == "quick", overrides=["n_jobs=1"])
        return folder

    return folder_of
