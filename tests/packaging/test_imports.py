"""Importing costs little and loads nothing heavy; the layers hold; every public name has a docstring with an example."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import domains

HEAVY = ("torch", "sympy", "matplotlib", "numba", "osmnx", "pyomo", "mlxtend")
DOMAINS = [module.name for module in pkgutil.iter_modules(domains.__path__, "domains.")]
SHARED = ["shared", "shared.data", "shared.evaluation", "shared.reporting", "shared.runtime"]
PACKAGES = [*SHARED, "domains", *DOMAINS, "case_studies", "case_studies.common.cli"]


def modules_of(package: str) -> list[str]:
    found = importlib.import_module(package)
    return [package, *(module.name for module in pkgutil.walk_packages(found.__path__, f"{package}."))]


ALL = [name for package in ("shared", "domains", "case_studies") for name in modules_of(package)]


def test_importing_every_package_loads_nothing_heavy():
    """One process imports one after the other; the first that loads something heavy is named."""
    script = (
        "import importlib, sys\n"
        f"for package in {PACKAGES!r}:\n"
        "    importlib.import_module(package)\n"
        f"    heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    assert not heavy, (package, heavy)\n"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


def public(module) -> list:
    return [getattr(module, name) for name in getattr(module, "__all__", [])]


@pytest.mark.parametrize("name", [name for name in ALL if not name.endswith("__main__")])
def test_every_public_name_has_an_example_that_runs(name):
    for one in public(importlib.import_module(name)):
        if inspect.isclass(one) or inspect.isfunction(one):
            assert ">>>" in (inspect.getdoc(one) or ""), f"{one.__module__}.{one.__qualname__} has no example"
