"""The wheel holds the three packages and works from another folder; a foreign 'shared' is told."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The wheel's content, built from a copy of what belongs to the project."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def python(script: str, site: Path, cwd: Path) -> subprocess.CompletedProcess:
    """Run a script in a folder that holds nothing of the project, with only the wheel's content on the path."""
    environment = {**os.environ, "PYTHONPATH": str(site), "XDG_STATE_HOME": str(cwd), "LOCALAPPDATA": str(cwd)}
    return subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_the_three_packages_and_what_they_need(unpacked):
    tops = {path.name for path in unpacked.iterdir()}
    assert {"shared", "domains", "case_studies"} <= tops
    assert not tops & {"tests", "benchmarks", "docs"}
    for needed in (
        "shared/py.typed",
        "domains/py.typed",
        "shared/reporting/templates/page.html.j2",
        "case_studies/demand/settings.toml",
        "case_studies/demand/expected.json",
    ):
        assert (unpacked / needed).is_file(), needed


def test_the_wheel_copies_a_study_and_runs_the_copy_from_another_folder(unpacked, tmp_path):
    script = (
        "import shared; from case_studies.common.cli import main; print(shared.__file__)\n"
        "run = ['run', 'mine', '--quick', '--out', 'made', '--set', 'origins=2', '--set', 'horizon=6h']\n"
        "for words in (['new', 'demand', '--code', '--out', 'mine'], run):\n"
        "    try: main(words)\n"
        "    except SystemExit as end: assert end.code == 0, words\n"
    )
    made = python(script, unpacked, tmp_path)
    assert made.returncode == 0, made.stderr
    assert str(unpacked) in made.stdout
    assert (tmp_path / "made" / "report.html").is_file()
    assert (tmp_path / "mine" / "study.py").read_bytes() == (unpacked / "case_studies/demand/study.py").read_bytes()


def test_a_foreign_shared_beside_the_script_is_told(unpacked, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").write_text("")
    (tmp_path / "script.py").write_text("from domains.timeseries import LagForecaster\n")
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    made = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert made.returncode != 0
    assert "Hexad's package 'shared' is hidden by another one of that name" in made.stderr
    assert str(tmp_path / "shared") in made.stderr
    assert "Rename that file or folder" in made.stderr
