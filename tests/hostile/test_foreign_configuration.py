"""What lies in the current folder, the home or the temporary folder is neither run nor does it change a result."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import shared

pytestmark = pytest.mark.any_pandas

ROOT = Path(shared.__file__).parents[1]
LOOP = """
import sys
import numpy as np
from domains.timeseries.rolling import bounds

print(bounds(np.arange(9.0), np.array([0]), np.array([9])))
"""


class Payload:
    """Unpickling it makes a folder: the canary."""

    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return os.mkdir, (self.canary,)


def python(code, cwd, **environment):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "PYTHON"))}
    env |= {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", **environment}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=1800
    )


def plant_cache(folder, canary):
    """Index files, which numba unpickles, for every kernel and under every name that it looks for."""
    from numba.core.caching import _CacheLocator

    for kernels in (ROOT / "domains/timeseries/rolling.py",):
        place = folder / _CacheLocator.get_suitable_cache_subpath(str(kernels))
        place.mkdir(parents=True)
        for index in (kernels.parent / "__pycache__").glob("*.nbi"):
            (place / index.name).write_bytes(
                pickle.dumps(numba_version()) + pickle.dumps((("stamp",), Payload(canary)))
            )


def numba_version():
    import numba

    return numba.__version__


@pytest.fixture(scope="module")
def warm():
    """The kernels, compiled and kept beside their sources."""
    done = python(LOOP, ROOT)
    assert done.returncode == 0, done.stderr
    assert list(ROOT.glob("domains/timeseries/__pycache__/rolling.*.nbi"))
    return done.stdout


def test_the_payload_is_live(tmp_path, warm):
    """Numba alone, asked as any program would, runs what was planted."""
    plant_cache(tmp_path / "cache", tmp_path / "canary")
    (tmp_path / ".numba_config.yaml").write_text(f"cache_dir: {tmp_path / 'cache'}\n")
    code = "\n".join(
        [
            "import importlib.util, numba, sys",
            f"source = {str(ROOT / 'domains/timeseries/rolling.py')!r}",
            "plain = open(source).read().replace('from shared.runtime.compile import jit', 'import numba')",
            "plain = plain.replace('@jit()', '@numba.njit(cache=True)')",
            "space = {'__name__': 'domains.timeseries.rolling'}",
            "exec(compile(plain, source, 'exec'), space)",
            "for value in space.values():",
            "    if hasattr(value, 'py_func'): value._cache._cache_file._load_index()",
        ]
    )
    python(code, tmp_path)
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "config",
    [
        "cache_dir: {cache}\ndisable_jit: 1\nopt: 0\nboundscheck: 1",
        "cache_dir: {cache}\ncache_locator_classes: evil.Locator",
        "cache_dir: [",
    ],
)
def test_a_numba_configuration_in_the_current_folder_is_not_read(tmp_path, warm, config):
    canary = tmp_path / "canary"
    plant_cache(tmp_path / "cache", canary)
    (tmp_path / "evil.py").write_text(f"import os; os.mkdir({str(canary)!r})")
    (tmp_path / ".numba_config.yaml").write_text(config.format(cache=tmp_path / "cache"))
    code = LOOP + "\nimport numba; assert not numba.config.CACHE_DIR and not numba.config.DISABLE_JIT"
    done = python(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == warm
    assert done.stderr == ""
    assert not canary.exists()


def test_a_configuration_that_was_read_before_does_not_reach_our_kernels(tmp_path, warm):
    plant_cache(tmp_path / "cache", tmp_path / "canary")
    (tmp_path / ".numba_config.yaml").write_text(f"cache_dir: {tmp_path / 'cache'}\n")
    done = python("import numba; assert numba.config.CACHE_DIR" + LOOP + "assert 'yaml' in sys.modules", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == warm
    assert not (tmp_path / "canary").exists()


def copied(folder):
    """The code without its compiled loops, somewhere else."""
    for name in ("domains", "shared"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def read_only(folder):
    """Make folders that even the superuser cannot fill: a file stands where Python's caches would."""
    for kernels in folder.glob("domains/**/*.py"):
        (kernels.parent / "__pycache__").touch()
    return folder


def test_a_read_only_installation_compiles_in_memory_and_says_so(tmp_path, warm):
    code = read_only(copied(tmp_path / "code"))
    home = tmp_path / "home"
    plant_cache(home / ".cache" / "numba", tmp_path / "canary")
    done = python(LOOP, tmp_path, PYTHONPATH=str(code), HOME=str(home), XDG_CACHE_HOME=str(home / ".cache"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == warm
    assert done.stderr.count("the installation cannot be written to") == 1
    assert not (tmp_path / "canary").exists()


def test_a_folder_that_the_user_names_keeps_what_was_compiled(tmp_path, warm):
    code = read_only(copied(tmp_path / "code"))
    (tmp_path / "cache").mkdir(mode=0o700)
    done = python(LOOP, tmp_path, PYTHONPATH=str(code), NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert (done.returncode, done.stdout, done.stderr) == (0, warm, "")
    assert list((tmp_path / "cache").rglob("*.nbi"))
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    done = python(LOOP, tmp_path, PYTHONPATH=str(code), NUMBA_CACHE_DIR=str(tmp_path / "open"))
    assert done.stdout == warm
    assert "set NUMBA_CACHE_DIR" in done.stderr
    assert not list((tmp_path / "open").iterdir())


# Everything that a study loads, in the three places where others may have put something.

STUDY = """
import json, os, sys
opened = set()
sys.addaudithook(lambda event, given: opened.add(given[0]) if event == "open" and isinstance(given[0], str) else None)
from pathlib import Path
from case_studies.common.runs import run_study
run_study("demand", out=Path(sys.argv[1]), quick=True, overrides=["origins=2", "horizon=6h"])
print(json.dumps({"loaded": sorted({name.partition(".")[0] for name in sys.modules}), "opened": sorted(opened)}))
"""


def study(place, out):
    """Run a small demand study in a folder, with a home and a temporary folder beside it."""
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "MPL", "XDG_", "PYTHON"))
    }
    env |= {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}
    for name in ("cwd", "home", "tmp"):
        (place / name).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", STUDY, str(out)], cwd=place / "cwd", env=env, capture_output=True, text=True, check=False,
        timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def clean(warm, tmp_path_factory):
    """A study where nothing was planted: its folders, its run, and what it loaded and opened."""
    pytest.importorskip("tsdata")
    folder = tmp_path_factory.mktemp("clean")
    return {"place": folder / "place", "run": folder / "run", **study(folder / "place", folder / "run")}


def plant(place, loaded, canary):
    """Modules of every name that is loaded, configurations, caches and fonts, each of which would leave a trace."""
    evil = f"import os; os.mkdir({str(canary)!r})\n"
    for folder in (place / "cwd", place / "home", place / "tmp"):
        folder.mkdir(parents=True)
        for name in {*loaded, "sitecustomize", "usercustomize", "evil"} - {"__main__", "__mp_main__"}:
            (folder / f"{name}.py").write_text(evil)
    (place / "cwd" / ".numba_config.yaml").write_text(
        f"cache_dir: {place / 'cache'}\ncache_locator_classes: evil.Locator\n"
    )
    plant_cache(place / "cache", canary)
    plant_cache(place / "home" / ".cache" / "numba", canary)
    odd = "text.usetex: True\nlines.linewidth: 9\nsvg.fonttype: none\nfont.family: monospace\naxes.grid: False\n"
    (place / "cwd" / "matplotlibrc").write_text(odd)
    (place / "home" / ".config" / "matplotlib").mkdir(parents=True)
    (place / "home" / ".config" / "matplotlib" / "matplotlibrc").write_text(odd)
    fonts(place / "home" / ".cache" / "matplotlib")


def fonts(folder):
    """A list of fonts in which the right names lead to the wrong files."""
    from matplotlib import font_manager

    folder.mkdir(parents=True)
    manager = font_manager.FontManager.__new__(font_manager.FontManager)
    manager.__dict__.update(font_manager.fontManager.__dict__)
    wrong = next(entry.fname for entry in manager.ttflist if "Mono" in entry.name)
    manager.ttflist = [font_manager.FontEntry(fname=wrong, name="DejaVu Sans", weight=weight) for weight in (400, 700)]
    font_manager.json_dump(manager, folder / f"fontlist-v{font_manager.FontManager.__version__}.json")


def test_payloads_for_every_library_are_not_run_and_change_no_byte(tmp_path, clean):
    canary = tmp_path / "canary"
    plant(tmp_path / "planted", clean["loaded"], canary)
    study(tmp_path / "planted", tmp_path / "run")
    assert not canary.exists()
    varying = {"run.json", "report.html", "hexad-files.sha256"}
    runs = clean["run"], tmp_path / "run"
    files = [path.relative_to(runs[0]) for path in runs[0].rglob("*") if path.is_file()]
    assert any(path.parts[0] == "tables" for path in files)
    for path in files:
        if path.name not in varying:
            assert (runs[0] / path).read_bytes() == (runs[1] / path).read_bytes(), path
    pictures = [re.findall(r"<svg.*?</svg>", (run / "report.html").read_text(), re.DOTALL) for run in runs]
    assert len(pictures[0]) > 5
    assert pictures[0] == pictures[1]


def test_a_study_opens_nothing_in_the_current_folder_the_home_or_the_temporary_folder(clean):
    """But for matplotlib's list of fonts, from which no font is taken: a library that begins to read there is found here."""
    place = str(clean["place"])
    inside = [name for name in clean["opened"] if name.startswith(place) or not Path(name).is_absolute()]
    inside = [name for name in inside if "__editable__" not in name]
    assert [name for name in inside if "fontlist-v" not in name] == []


def test_workers_take_no_modules_from_the_current_folder(tmp_path):
    canary = tmp_path / "canary"
    for name in ("joblib", "numpy", "pandas", "threadpoolctl", "cloudpickle", "json", "pickle"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"import os; os.mkdir({str(canary)!r})\n")
    code = (
        "import joblib; from shared.runtime.parallel import map_parallel\n"
        "with joblib.parallel_config(backend='loky', n_jobs=2): print(map_parallel(abs, [-1, 2, -3]))"
    )
    done = python(code, tmp_path)
    assert (done.returncode, done.stdout) == (0, "[1, 2, 3]\n"), done.stderr
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {
        "PYTHONPATH": str(ROOT)
    }
    script = tmp_path.parent / f"{tmp_path.name}.py"
    script.write_text(code)  # as a program that is started from elsewhere does it
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=1800
    )
    assert (done.returncode, done.stdout) == (0, "[1, 2, 3]\n"), done.stderr
    assert not canary.exists()
