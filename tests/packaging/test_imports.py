"""Importing costs little and loads nothing heavy; the layers hold; every public name has a docstring with an example."""

import importlib
import inspect
import pkgutil
import statistics
import subprocess
import sys
import time

import pytest

HEAVY = ("torch", "sympy", "matplotlib", "numba", "osmnx", "pyomo", "mlxtend")
PACKAGES = (
    "shared",
    "shared.data",
    "shared.evaluation",
    "shared.reporting",
    "shared.runtime",
    "domains",
    "case_studies",
)


def modules_of(package: str) -> list[str]:
    found = importlib.import_module(package)
    return [package, *(module.name for module in pkgutil.walk_packages(found.__path__, f"{package}."))]


ALL = [name for package in ("shared", "domains", "case_studies") for name in modules_of(package)]


@pytest.mark.parametrize("package", [*PACKAGES, "domains.timeseries", "domains.basket"])
def test_importing_a_package_loads_nothing_heavy(package):
    script = f"import sys, {package}; print([name for name in {HEAVY!r} if name in sys.modules])"
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def seconds(script: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True)
    return time.perf_counter() - start


@pytest.mark.parametrize("domain", ["timeseries", "basket"])
def test_importing_a_domain_costs_at_most_a_third_more_than_pandas_and_scikit_learn(domain):
    ours, theirs = [], []
    for _ in range(11):
        theirs.append(seconds("import pandas, sklearn.base"))
        ours.append(seconds(f"import domains.{domain}"))
    assert statistics.median(ours) <= 1.35 * statistics.median(theirs)


def public(module) -> list:
    return [getattr(module, name) for name in getattr(module, "__all__", [])]


@pytest.mark.parametrize("name", [name for name in ALL if not name.endswith("__main__")])
def test_every_public_name_has_an_example_that_runs(name):
    for one in public(importlib.import_module(name)):
        if inspect.isclass(one) or inspect.isfunction(one):
            assert ">>>" in (inspect.getdoc(one) or ""), f"{one.__module__}.{one.__qualname__} has no example"
