"""What lies in the current folder, the home or the temporary folder is neither run nor does it change a result."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import shared

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
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    env |= {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", **environment}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300
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
            "plain = open(source).read().replace('from shared.runtime.compile import compiled', 'import numba')",
            "plain = plain.replace('@compiled()', '@numba.njit(cache=True)')",
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
        "cache_dir: {cache}",
        "cache_dir: {cache}\ncache_locator_classes: evil.Locator",
        "disable_jit: 1",
        "opt: 0\nboundscheck: 1",
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
