"""Importing costs little and loads nothing heavy; public names have an example, and their arguments are documented."""

import importlib
import inspect
import pkgutil
import re
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
FACES = [name for name in ALL if hasattr(importlib.import_module(name), "__path__")]


def test_importing_every_package_loads_nothing_heavy():
    """One process imports one after the other; the first that loads something heavy is named. Nor does saving a model."""
    script = (
        "import importlib, sys\n"
        f"for package in {PACKAGES!r}:\n"
        "    importlib.import_module(package)\n"
        f"    heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "    assert not heavy, (package, heavy)\n"
        "from sklearn.linear_model import LinearRegression\n"
        "from shared.runtime.store import dump_model\n"
        "dump_model(LinearRegression())\n"
        "assert not {'torch', 'dask'} & set(sys.modules), 'a model was saved'\n"
        "assert not [name for name, module in sys.modules.items() if module is None and 'array_api' in name]\n"
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


def functions_of(one) -> list:
    """The function itself, or the methods of a class and of those of ours that it inherits from."""
    if inspect.isfunction(one):
        return [one]
    found = [
        (getattr(value, "__func__", value), name)
        for base in one.__mro__
        if base.__module__.split(".")[0] in ("shared", "domains", "case_studies")
        for name, value in vars(base).items()
    ]
    return [method for method, name in found if inspect.isfunction(method) and not name.startswith("_")]


def undocumented(function) -> list[str]:
    """Arguments that the section Parameters of a docstring does not name."""
    arguments = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    section = re.search(r"Parameters\n-+\n(.*?)(?:\n\n[A-Z>]|\Z)", inspect.getdoc(function) or "", re.DOTALL)
    entries = re.findall(r"^(\S[^:\n]*)", section[1], re.MULTILINE) if section else []
    named = {name.strip().lstrip("*") for entry in entries for name in entry.split(",")}
    return [name for name in arguments if name not in named]


@pytest.mark.parametrize("name", FACES)
def test_every_argument_of_a_public_function_is_documented(name):
    faces = (one for one in public(importlib.import_module(name)) if inspect.isclass(one) or inspect.isfunction(one))
    for function in {function for one in faces for function in functions_of(one)}:
        missing = undocumented(function)
        assert not missing, f"{function.__module__}.{function.__qualname__}: Parameters lacks {missing}"


def test_an_argument_without_a_word_is_seen():
    def written(table, horizon, *more):
        """Do it.

        Parameters
        ----------
        table : frame
            With a horizon : here it is no entry.

        Returns
        -------
        more : frame
        """

    assert undocumented(written) == ["horizon", "more"]
