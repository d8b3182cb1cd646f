"""The wheel holds the three packages and hexad.py, and works from another folder; foreign packages are told."""

import os
import subprocess
import sys
import tarfile
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
    build = [
        sys.executable,
        "-m",
        "build",
        "--sdist",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(source),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert f"{sdist.name.removesuffix('.tar.gz')}/hexad.py" in archive.getnames()
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
    assert {"shared", "domains", "case_studies", "hexad.py"} <= tops
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


FOREIGN = [
    ("shared", "from domains.timeseries import LagForecaster"),
    ("shared", "import hexad"),
    ("domains", "import hexad"),
    ("domains", "from case_studies.common.runs import run_study"),
    ("case_studies", "import hexad"),
]


@pytest.mark.parametrize(("name", "line"), FOREIGN)
def test_a_foreign_package_beside_the_script_is_told(unpacked, tmp_path, name, line):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / "script.py").write_text(f"{line}\n")
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    made = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert made.returncode != 0
    assert f"Hexad's package '{name}' is hidden by another one of that name" in made.stderr
    assert str(tmp_path / name) in made.stderr
    assert "Rename that file or folder" in made.stderr


def test_hexad_says_what_to_import_and_imports_nothing(unpacked, tmp_path):
    script = (
        "import sys; before = set(sys.modules)\n"
        "import hexad\n"
        "ours = [one for one in sys.modules if one.split('.')[0] in ('shared', 'domains', 'case_studies', 'numpy')]\n"
        "assert ours == [] and 'importlib.metadata' not in set(sys.modules) - before, ours\n"
        "assert dir(hexad) == ['__version__'] and isinstance(hexad.__version__, str)\n"
        "import re, importlib\n"
        "lines = re.findall(r'from (\\S+) import (.+)', hexad.__doc__)\n"
        "assert len(lines) == 10\n"
        "for module, names in lines:\n"
        "    for name in names.split(', '): getattr(importlib.import_module(module), name)\n"
        "try: hexad.LagForecaster\n"
        "except AttributeError as error: print(error)\n"
    )
    made = python(script, unpacked, tmp_path)
    assert made.returncode == 0, made.stderr
    assert "import it from shared.data, shared.evaluation or one of the six" in made.stdout


def test_the_command_is_a_module_of_pythons_too(unpacked, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    for name in ("hexad", "case_studies"):
        made = subprocess.run(
            [sys.executable, "-P", "-m", name, "list"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert made.stdout.startswith("catalogue ")
