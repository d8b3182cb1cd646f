"""Real data sets that packages carry inside their wheels, and the user's own files in the same schema.

Nothing is downloaded: a data set is there once its package is installed, or is simulated, and then says so. Each one is
listed with its source and with the licence of the data, which is another matter than the licence of the package.

A domain or a study states its data sets in a file ``datasets.py`` in its folder, as a tuple ``DATASETS``; they are
found there. Such a file imports nothing of its own domain, so that listing what there is loads no domain.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from shared.checks import nearest
from shared.data.io.tables import TableReport, read_table_with_report
from shared.data.schema import Schema
from shared.errors import HexadError, MissingExtraError, quote

__all__ = ["Dataset", "available", "describe", "load", "load_with_report", "register"]

NOT_STATED = "not stated"
# Where rooms are: each folder in these packages may hold a datasets.py with DATASETS, a tuple of `Dataset`.
HOUSES = ("domains", "case_studies")


@dataclass(frozen=True)
class Dataset:
    """A bundled data set.

    Attributes
    ----------
    name : str
        Name by which it is loaded.
    title, source, licence : str
        What it is, where it comes from, and the licence of the data ("not stated" where its maker states none).
    package, module, file : str
        Distribution, import name and path inside it.
    shape : tuple of int
        Rows and columns.
    schema : Schema
        What a user's own file in its place has to look like.
    options : dict
        How its file is to be read, as arguments of `read_table`.
    make : callable, optional
        What makes it, where it is no file as it stands; `file` is then where that is written.
    how : str
        How it is made, in one word for the report.

    >>> describe("vic_elec").shape
    (52608, 5)
    """

    name: str
    title: str
    source: str
    licence: str
    package: str
    module: str
    file: str
    shape: tuple[int, int]
    schema: Schema
    extra: str = "data"
    options: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    make: Callable[[], pd.DataFrame] | None = None
    how: str = "simulated"

    def path(self) -> Path:
        """Where the file lies; nothing of the package is imported.

        Raises
        ------
        MissingExtraError
            The package is not installed.
        """
        spec = importlib.util.find_spec(self.module)
        folders = list(spec.submodule_search_locations or []) if spec else []
        if not folders:
            raise MissingExtraError(self.package, self.extra)
        return Path(folders[0]) / self.file

    @property
    def installed(self) -> bool:
        """Whether the package that carries it, or what it is made of, is installed."""
        return importlib.util.find_spec(self.module) is not None


@functools.cache
def _find_datasets() -> dict[str, Dataset]:
    """Every data set by its name: those stated in rooms, and those registered since."""
    known: dict[str, Dataset] = {}
    for place in _find_files():
        spec = importlib.util.spec_from_file_location(f"datasets_of_{place.parent.name}", place)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _add(known, module.DATASETS, str(place))
    return known


def _find_files() -> list[Path]:
    """The files in the packages beside ours; never those of that name in the current folder."""
    beside = Path(__file__).parents[2]
    return [place for house in HOUSES for place in sorted((beside / house).glob("*/datasets.py"))]


def _add(known: dict[str, Dataset], more: Iterable[Dataset], source: str) -> None:
    for dataset in more:
        if dataset.name in known:
            raise HexadError(f"{source}: there is a data set {quote([dataset.name])} already; name it otherwise")
        known[dataset.name] = dataset


def register(*datasets: Dataset) -> None:
    """Make data sets known that no room of the installed ones states, such as those of a copied study.

    Parameters
    ----------
    *datasets : Dataset
        The same name again takes the place of what was registered under it.

    >>> register(describe("shuttle"))
    >>> "shuttle" in available()
    True
    """
    _find_datasets().update({dataset.name: dataset for dataset in datasets})


def available() -> tuple[str, ...]:
    """Names of all bundled data sets, installed or not.

    >>> "vic_elec" in available()
    True
    """
    return tuple(_find_datasets())


def describe(name: str) -> Dataset:
    """Look a data set up: title, source, licence, shape and schema.

    Raises
    ------
    HexadError
        There is none of that name.

    >>> describe("shuttle").shape
    (49097, 10)
    """
    known = _find_datasets()
    if name not in known:
        raise HexadError(f"there is no data set {quote([name])}; {nearest(name, known)}")
    return known[name]


def load(name: str, path: str | Path | None = None, **options: Any) -> pd.DataFrame:
    """Load a bundled data set, or the user's own file checked against the same schema.

    Parameters
    ----------
    name : str
        One of `available()`.
    path : path, optional
        The user's own file; the bundled one where left out.
    **options
        Further arguments of `read_table`, such as ``repair`` or ``decimal``.

    Raises
    ------
    DataError, MissingExtraError

    >>> load("vic_elec").Demand.round(1).tolist()[:2]
    [4382.8, 4263.4]
    """
    return load_with_report(name, path, **options)[0]


def load_with_report(
    name: str,
    path: str | Path | None = None,
    *,
    allow_missing: bool = False,
    own: Schema | None = None,
    **options: Any,
) -> tuple[pd.DataFrame, TableReport]:
    """Load as `load` does, and return beside it how the table was read.

    With `allow_missing` numbers may be missing, for callers that fill them in. The schema `own` takes the place of the
    data set's for the user's file, which is then taken as it is.

    >>> load_with_report("vic_elec")[1].rows
    52608
    """
    dataset = describe(name)
    if path is None:
        options = {**dataset.options, **options}
    schema = dataset.schema if path is None or own is None else own
    if allow_missing:
        columns = tuple(replace(c, allow_missing=c.allow_missing or c.kind == "number") for c in schema.columns)
        schema = replace(schema, columns=columns)
    if path is None and dataset.make is not None:
        frame, report = read_table_with_report(dataset.make(), schema, **options)
        report = replace(report, source=f"{name} ({dataset.how})")
    else:
        frame, report = read_table_with_report(dataset.path() if path is None else path, schema, **options)
    if dataset.prepare is not None and (path is None or own is None):
        frame = dataset.prepare(frame)
    return frame, report
