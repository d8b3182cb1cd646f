"""Rules for every test: no sockets but where a test says so, nothing written outside its own folder.

Runs of the case studies that many tests look at: each is made once a session, by whichever worker asks first.
"""

import os
import socket
import subprocess
import webbrowser
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

HEALTH = [HealthCheck.function_scoped_fixture]
# The same examples each time protect against a relapse; new ones are looked for where there is time (make test-whole).
settings.register_profile("gate", max_examples=20, deadline=None, derandomize=True, suppress_health_check=HEALTH)
settings.register_profile("deep", max_examples=300, deadline=None, suppress_health_check=HEALTH)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


@pytest.fixture(autouse=True)
def no_sockets(request, monkeypatch):
    """Refuse every connection to another host, unless the test is marked `network`."""
    if request.node.get_closest_marker("network"):
        return

    def refuse(self, address, *more):
        raise AssertionError(f"a test tried to connect to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


@pytest.fixture(autouse=True)
def no_browser(monkeypatch):
    """Open no window: neither here nor in a process that a test starts."""

    def refuse(address, *more, **options):
        raise AssertionError(f"a test tried to open a browser at {address}")

    monkeypatch.setattr(webbrowser, "open", refuse)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("BROWSER", raising=False)


def whole_studies() -> set[str]:
    """Studies whose whole run is this session's turn: one after the other, from commit to commit; all with HEXAD_WHOLE=1."""
    from case_studies.common.study import find_studies

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
    from case_studies.common.runs import run_study

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
