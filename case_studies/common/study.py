"""What a case study is, and how its folder is found: among those installed, or a copy anywhere else."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from shared.checks import nearest
from shared.errors import MissingExtraError, SettingsError, quote
from shared.runtime.parallel import send_by_value

if TYPE_CHECKING:
    from case_studies.common.column_mapping import Table
    from case_studies.common.map_file import MapFile
    from shared.runtime.config import Settings

__all__ = ["SETTINGS_FILE", "STUDY_FILE", "Study", "StudyFolder", "find_studies", "find_study", "load_study"]

HERE = Path(__file__).parents[1]
STUDY_FILE, SETTINGS_FILE = "study.py", "settings.toml"


@dataclass(frozen=True)
class Study:
    """A case study, as its ``study.py`` states it under the name ``STUDY``.

    Attributes
    ----------
    title : str
        Of the report.
    settings : type
        Its settings, whose values stand in ``settings.toml`` beside it.
    run : callable
        Takes the settings and a `shared.reporting.Run`: reads, splits, models, compares, explains, decides.
    predict : callable, optional
        Takes settings, a `SavedRun`, new data and whether drift is accepted; returns predictions and notes. What
        ``hexad predict`` asks.
    tables : mapping of str to Table
        The tables it reads, the main one first: their roles, and the bundled data set in the place of each.
    maps : mapping of str to MapFile
        The maps it reads beside them.

    >>> Study("A demo", object, print).title
    'A demo'
    """

    title: str
    settings: type[Settings]
    run: Callable[[Any, Any], None]
    predict: Callable[..., tuple[Any, list[str]]] | None = None
    tables: Mapping[str, Table] = field(default_factory=dict)
    maps: Mapping[str, MapFile] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyFolder:
    """Where a study is, and what it is called.

    >>> StudyFolder("demand", Path("demand"), installed=True).name
    'demand'
    """

    name: str
    path: Path
    installed: bool


def find_studies() -> dict[str, str]:
    """Names of the installed case studies and what each is about; nothing of them is imported.

    >>> find_studies()["demand"]
    "Two days of Victoria's electricity demand, every half-hour, and the reserve to hold for them."
    """
    files = sorted(file for file in HERE.glob(f"*/{STUDY_FILE}") if (file.parent / SETTINGS_FILE).is_file())
    texts = {file.parent.name: ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) for file in files}
    return {name: (text or "").split("\n", 1)[0] for name, text in texts.items()}


def find_study(study: str | os.PathLike[str]) -> StudyFolder:
    """Find an installed study by its name, or a study of one's own by its folder.

    Raises
    ------
    SettingsError
        There is none.

    >>> find_study("demand").installed
    True
    """
    known = find_studies()
    text = os.fspath(study)
    if text in known:
        return StudyFolder(text, HERE / text, installed=True)
    folder = Path(text)
    if _is_file(folder / STUDY_FILE) and _is_file(folder / SETTINGS_FILE):
        path = folder.resolve()
        if path.parent == HERE.resolve() and path.name in known:
            return StudyFolder(path.name, path, installed=True)
        return StudyFolder(path.name, path, installed=False)
    if _is_file(folder) and folder.name == STUDY_FILE:
        raise SettingsError(f"{quote([text])} is the file of a study; name its folder")
    hint = nearest(text, known)
    if _is_folder(folder):
        raise SettingsError(
            f"the folder {quote([text], longest=200)} holds no {STUDY_FILE} and {SETTINGS_FILE}; {hint}"
        )
    raise SettingsError(f"there is no study {quote([text])}; {hint}")


def load_study(found: StudyFolder) -> Study:
    """Import a study; a copy outside the installed ones runs its own files, whatever its folder is called.

    Raises
    ------
    SettingsError
        Its code cannot be imported (with file and line), or states no study.

    >>> load_study(find_study("demand")).title
    'Electricity demand: what comes next, and the reserve to hold'
    """
    if found.installed:
        module = importlib.import_module(f"case_studies.{found.name}.study")
    else:
        try:
            module = _import_copy(found.path)
        except MissingExtraError:
            raise
        except Exception as error:
            raise SettingsError(f"the study {quote([found.path], longest=200)}: {_place(error, found.path)}") from error
    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        raise SettingsError(
            f"{quote([found.path / STUDY_FILE], longest=200)} states no study: it needs STUDY = Study(...)"
        )
    return study


def _import_copy(folder: Path) -> ModuleType:
    """Import a folder as a package under a name of its own, and its study.py from it, always afresh."""
    name = _package_name(folder)
    _forget(name)
    importlib.invalidate_caches()
    start = folder / "__init__.py"
    spec: importlib.machinery.ModuleSpec | None
    if start.is_file():
        spec = importlib.util.spec_from_file_location(name, start, submodule_search_locations=[str(folder)])
    else:
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    if spec is None:
        raise ImportError(f"{folder} cannot be imported")
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        if spec.loader is not None:
            spec.loader.exec_module(package)
        module = importlib.import_module(f"{name}.{Path(STUDY_FILE).stem}")
    except BaseException:
        _forget(name)
        raise
    send_by_value(package)
    if (folder / "datasets.py").is_file():
        from shared.data.datasets import register

        register(*importlib.import_module(f"{name}.datasets").DATASETS)
    return module


def _forget(package: str) -> None:
    for name in [one for one in sys.modules if one == package or one.startswith(f"{package}.")]:
        del sys.modules[name]


def _package_name(folder: Path) -> str:
    """A name that is the same for the same folder, and different for another one of the same name."""
    digest = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return f"hexad_study_{re.sub(r'[^A-Za-z0-9]+', '_', folder.name)}_{digest}"


def _place(error: BaseException, folder: Path) -> str:
    """Say in which file and line of a study something is wrong."""
    text = str(error) or type(error).__name__
    if isinstance(error, SyntaxError):
        return (
            f"{Path(error.filename or STUDY_FILE).name}, line {error.lineno}: {error.msg}: {(error.text or '').strip()}"
        )
    frames = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).parent == folder]
    place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""
    return f"{place}{type(error).__name__}: {text}"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, or one with a zero byte
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
