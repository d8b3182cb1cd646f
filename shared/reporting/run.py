"""A run of a case study: its folder, what it tells and what it keeps."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pydantic import BaseModel

from shared.data import datasets
from shared.data.contract import TableContract, contract_of
from shared.data.fingerprint import fingerprint
from shared.data.io.sources import split_sheet
from shared.data.io.sql import display_url
from shared.data.io.tables import TableReport
from shared.data.schema import Schema
from shared.errors import HexadError, SettingsError, StoreError, quote
from shared.reporting.claims import Claim, Number, Said, Verdict
from shared.reporting.downloads import check_downloads, remove_downloads, write_downloads
from shared.reporting.figures import Figure
from shared.reporting.page import TABLES, Fact, Report, Section, Source
from shared.runtime.config import to_toml
from shared.runtime.files import as_json, hash_file
from shared.runtime.interrupts import raise_if_interrupted
from shared.runtime.manifest import Manifest
from shared.runtime.store import dump_model, load_model
from shared.typing import Estimator

SETTINGS = "settings.toml"
RESULTS = ("report.html", "metrics.json", "run.json", "model.hexad", "schema.json")
PIECES = "pieces"
PREDICTIONS = "predictions-"
MAX_PIECE = 1 << 30
MAX_ABOUT = 1 << 20

__all__ = ["PREDICTIONS", "Run"]

Content = TypeVar("Content")


@dataclass
class Run:
    """What a story writes: report.html, metrics.json, settings.toml, tables and the model, in one folder.

    What it writes is listed in the folder's manifest (see `shared.runtime.manifest`); nothing else in the folder is
    ever replaced or removed. All files but report.html and run.json are the same, byte for byte, for the same data,
    settings and seed.

    Parameters
    ----------
    study : str
        Name of the case study.
    folder : path
        Where everything goes.
    title : str
        Title of the report.
    command : str
        The command that repeats the run.
    data : path, or mapping of str to path, optional
        The user's own file in place of the bundled data; several by the names of the study's tables.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = Run("demo", Path(folder), "A demo")
    ...     run.metrics["mae"] = 1.5
    ...     run.finish().name
    'report.html'
    """

    study: str
    folder: Path
    title: str
    command: str = ""
    data: Path | str | Mapping[str, Path | str] | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.report = Report(self.title)
        self.study_folder: str | None = None
        self.advised_against = ""
        self.fingerprints: dict[str, str] = {}
        self._other_files: set[str] = set()
        self.contract: TableContract | None = None
        self.steps: dict[str, float] = {}
        self._last = self.started
        self._settings: str | None = None
        self._own: Manifest | None = None

    def check(self) -> Manifest:
        """Refuse a folder that is not to be written to, before anything in it is touched.

        Raises
        ------
        StoreError
            The folder holds other things than a run, or files of the run that were changed since.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "settings.toml").write_text("of another program")
        ...     Run("demo", Path(folder), "A demo").check()
        Traceback (most recent call last):
        ...
        shared.errors.StoreError: '...': the folder holds other things ('settings.toml'); name one that is new or empty
        """
        shown = quote([self.folder], longest=200)
        own = Manifest.of(self.folder)
        listed = own.list_files()
        others = sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))
        if others and not listed:
            raise StoreError(f"{shown}: the folder holds other things ({quote(others)}); name one that is new or empty")
        if self.checkpoints.is_symlink() or (self.checkpoints.exists() and not _is_ours(self.checkpoints)):
            raise StoreError(
                f"{shown}: {quote([PIECES])} in it was not made by a run; name a folder that is new or empty"
            )
        check_downloads(self.folder / TABLES)
        if changed := own.find_changed((SETTINGS, *RESULTS)):
            raise StoreError(
                f"{shown}: {quote(changed)} in it did not come from the run, or was changed since. Nothing was touched;"
                " move it elsewhere, or name a folder that is new or empty"
            )
        if read := [name for name in listed for file in self.files.values() if _same_file(self.folder / name, file)]:
            raise StoreError(
                f"{shown}: {quote(read)} is the data and a file of the run in this folder; name another folder"
            )
        return own

    def open(self) -> None:
        """Take the folder over: checked once more, and cleared of what a killed run left half-written."""
        self._own = self.check()
        self._own.clear_torn()
        if self.checkpoints.is_dir():
            Manifest.of(self.checkpoints).clear_torn()

    @property
    def own(self) -> Manifest:
        """The list of what this run wrote."""
        if self._own is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._own = Manifest.of(self.folder)
        return self._own

    @property
    def files(self) -> dict[str, Path | str]:
        """The user's own files by table; that of the main table stands under ""."""
        if self.data is None:
            return {}
        return dict(self.data) if isinstance(self.data, Mapping) else {"": self.data}

    @property
    def fingerprint(self) -> str:
        """Of all tables read so far."""
        found = list(self.fingerprints.values())
        return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest() if found else ""

    def has_table(self, table: str) -> bool:
        """Whether a table can be read: all of them bundled, or this one among the user's own files.

        Parameters
        ----------
        table : str
            Name of the table in the study's declaration.
        """
        return not self.files or table in self.files

    def load_table(
        self,
        name: str,
        own: Schema | None = None,
        *,
        table: str = "",
        also: Iterable[str] = (),
        check: Callable[[pd.DataFrame, str], None] | None = None,
        **options: object,
    ) -> tuple[pd.DataFrame, TableReport]:
        """Load a bundled data set, or the user's own file in its place; its source goes into the report.

        Parameters
        ----------
        name : str
            Of the data set.
        own : Schema, optional
            What the user's own file has to look like, where that is not the data set's schema.
        table : str
            Name of the table; the study's main one where left out.
        also : iterable of str
            Columns that are learnt from beside those of the schema, where the table has them.
        check : callable, optional
            Takes the table and what it is called, and raises where it cannot be used; before anything is written.
        **options
            How the user's file is read, beside the settings; as `shared.data.read_table` takes them.

        Raises
        ------
        DataError
            The user's file does not fit the schema.
        SettingsError
            There are own files, but none for this table.
        """
        dataset = datasets.describe(name)
        files = self.files
        if not self.has_table(table):
            raise SettingsError(f"the table {quote([table or 'main'])} is needed, too: --data {table or 'NAME'}=FILE")
        file = files.get(table)
        how = {**self.options, **options} if files else {}
        frame, report = datasets.load_with_report(name, file, own=own, **how)
        if check is not None:
            check(frame, report.source)
        self.fingerprints[table] = report.fingerprint
        names = dataset.schema.names if file is None or own is None else own.names
        used = [name for name in dict.fromkeys([*names, *also]) if name in frame.columns]
        others = tuple(str(name) for name in frame.columns if name not in used)
        first = next(one for one in self.fingerprints if one not in self._other_files)
        if table == first:  # what new rows have to look like is said by the first table
            self.contract = replace(contract_of(frame[used]), others=others)
        self.report.sources.append(
            Source(dataset.title, dataset.source, dataset.licence, report.fingerprint)
            if file is None
            else Source(display_url(file), "your own file", "yours to know", report.fingerprint)
        )
        self._begin()
        return frame, report

    def load_file(self, name: str, read: Callable[[Path], Content], *, role: str) -> Content:
        """Read the file of a bundled data set that is no table, such as a map, or the user's own in its place.

        Its source goes into the report, its fingerprint into the run. It is the bundled one as long as the user
        names none for this role, other files or not.

        Parameters
        ----------
        name : str
            Of the data set.
        read : callable
            Takes the path, and raises where the file cannot be used. Nothing is written yet: a table may be wrong, too.
        role : str
            Name of the file in the study's declaration.

        Raises
        ------
        DataError
            It cannot be read.
        """
        dataset = datasets.describe(name)
        file = self.files.get(role)
        path = Path(file) if file is not None else dataset.path()
        found = read(path)
        digest = hash_file(path.resolve()) or ""
        self._other_files.add(role)
        self.fingerprints[role] = digest
        self.report.sources.append(
            Source(dataset.title, dataset.source, dataset.licence, digest)
            if file is None
            else Source(display_url(file), "your own file", "yours to know", digest)
        )
        return found

    def _begin(self) -> None:
        """Write the settings in force, now that the data are read; results of other settings are removed."""
        if self._settings is None:
            return
        text = self._settings.encode()
        if self.own.read(SETTINGS, len(text)) != text or not self._same_data():
            self.own.remove(name for name in self.own.list_files() if not name.startswith(PREDICTIONS))
            remove_downloads(self.folder / TABLES)
            self.own.write(SETTINGS, text)

    def _same_data(self) -> bool:
        """Whether results in the folder, if there are any, come from the same data."""
        about = self.own.read("run.json", MAX_ABOUT)
        known = {} if about is None else json.loads(about).get("data_fingerprints", {})
        return about is None or all(known.get(table) == found for table, found in self.fingerprints.items())

    @property
    def checkpoints(self) -> Path:
        """Folder in which finished pieces of a run that is still going are kept."""
        return self.folder / PIECES

    def fit_or_resume(self, model: Estimator, table: pd.DataFrame) -> Any:
        """Fit a model on a table, or take the one that a broken run in this folder had fitted already.

        Parameters
        ----------
        model : estimator
            Not fitted; its settings are part of what a fitted one is found by.
        table : pandas.DataFrame
            What `fit` takes; the other part.

        >>> import tempfile
        >>> from sklearn.base import BaseEstimator
        >>> from sklearn.linear_model import LinearRegression
        >>> class Line(LinearRegression):
        ...     def fit(self, table):
        ...         return super().fit(table[["x"]], table["y"])
        >>> table = pd.DataFrame({"x": [0.0, 1.0], "y": [1.0, 3.0]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Run("demo", Path(folder), "A demo").fit_or_resume(Line(), table).coef_.round(6).tolist()
        [2.0]
        """
        import joblib

        described = {name: joblib.hash(value) for name, value in model.get_params(deep=True).items()}
        key = joblib.hash(
            [type(model).__module__, type(model).__qualname__, described, fingerprint(table), _versions()]
        )
        name = f"model-{key[:24]}.hexad"
        if self.checkpoints.is_dir() and Manifest.of(self.checkpoints).read(name, MAX_PIECE) is not None:
            with contextlib.suppress(StoreError):
                return load_model(self.checkpoints / name)
        model = model.fit(table)
        with contextlib.suppress(StoreError):  # a model that cannot be stored is fitted again
            made = dump_model(model, data_fingerprint=self.fingerprint)
            self.own.check_folder()
            self.checkpoints.mkdir(exist_ok=True)
            Manifest.of(self.checkpoints).write(name, made)
        return model

    def add_advice(self, *paragraphs: Said | Sequence[Said]) -> None:
        """Say on the first screen what to do; the first paragraph stands out.

        Parameters
        ----------
        *paragraphs : str, Claim, or list of them
            A list is one paragraph.
        """
        self.report.advice.extend(paragraphs)

    def advise_against(self, *paragraphs: Said | Sequence[Said]) -> None:
        """Say on the first screen that the run's model is of no use, and what to do instead.

        Whoever predicts with the run's model is told the first paragraph again; it stands in run.json.

        Parameters
        ----------
        *paragraphs : str, Claim, or list of them
            A list is one paragraph.
        """
        self.add_advice(*paragraphs)
        first = paragraphs[0]
        self.advised_against = " ".join(map(str, [first] if isinstance(first, str | Claim) else first))

    def add_certainty(self, *paragraphs: Said | Sequence[Said]) -> None:
        """Say on the first screen how sure that is.

        Parameters
        ----------
        *paragraphs : str, Claim, or list of them
            A list is one paragraph.
        """
        self.report.certainty.extend(one for one in paragraphs if one != [])

    def add_doubt(self, *paragraphs: Said | Sequence[Said]) -> None:
        """Say on the first screen when not to believe it.

        Parameters
        ----------
        *paragraphs : str, Claim, or list of them
            A list is one paragraph.
        """
        self.report.doubts.extend(paragraphs)

    def show(self, figure: Figure) -> None:
        """Put a picture on the first screen; there is one.

        Parameters
        ----------
        figure : Figure
            Its title says what it shows.
        """
        self.report.picture = figure

    def add_fact(self, value: str | Number, label: str, claim: Claim | None = None, verdict: Verdict = "") -> None:
        """Put a number on the first screen.

        Parameters
        ----------
        value : str or Number
            The number with its unit, as it is to be read.
        label : str
            What it is, in a few words.
        claim : Claim, optional
            What it rests on; made from the number where that is one.
        verdict : str
            Of a comparison, where there is no claim.
        """
        if isinstance(value, Number):
            claim = claim or Claim(f"{value.text}: {label}", (value,), verdict)
            value = value.text
        self.report.facts.append(Fact(value, label, verdict, claim))

    def add_section(self, title: str, *parts: object, fold: bool = False) -> Section:
        """Add a chapter: text, claims, figures, links, tables.

        Parameters
        ----------
        title : str
            Its heading.
        *parts : str, Claim, list of them, Figure, Link, Table, or tuple of frame and caption
            In the order of the page; a list is one paragraph.
        fold : bool
            Whether the page shows it only when asked to, as is right for how trials were made.
        """
        return self.report.section(title, fold=fold).add(*parts)

    def save_results(self, *, model: Any = None, **tables: pd.DataFrame) -> None:
        """Write the model, what it learnt from, and tables (as Parquet) into the folder.

        Parameters
        ----------
        model : estimator, optional
            Fitted.
        **tables : pandas.DataFrame
            By the name of the file, without its ending.
        """
        self._begin()
        if self.contract is not None:
            self.own.write("schema.json", as_json(self.contract.plain()).encode())
        if model is not None:
            self.own.write("model.hexad", dump_model(model, data_fingerprint=self.fingerprint))
        for name, table in tables.items():
            if not re.fullmatch(r"\w[\w-]{0,80}", name) or name.startswith(PREDICTIONS):
                raise HexadError(f"{quote([name])} is no name for a table; use letters, digits, '-' and '_'")
            self.own.write(f"{name}.parquet", table.to_parquet(index=False))

    def record_settings(self, settings: BaseModel) -> None:
        """Take the settings in force; they are written once the data are read, so that the run can be repeated.

        Parameters
        ----------
        settings : pydantic.BaseModel
        """
        self._settings = to_toml(settings)

    def mark_step(self, name: str) -> None:
        """Note the seconds since the last step.

        Parameters
        ----------
        name : str
            What was done, as in "read".
        """
        raise_if_interrupted()
        now = time.perf_counter()
        self.steps[name] = now - self._last
        self._last = now

    def finish(self) -> Path:
        """Write metrics.json, run.json and the report; return the report's path.

        Raises
        ------
        HexadError
            A metric is no finite number.
        """
        import math

        def is_finite(value: object) -> bool:
            return isinstance(value, int | float) and math.isfinite(value)

        odd = [name for name, value in self.metrics.items() if not is_finite(value)]
        if odd:
            raise HexadError(f"these metrics are no finite numbers: {', '.join(odd)}")
        raise_if_interrupted()
        self._begin()
        seconds = time.perf_counter() - self.started
        metrics = {name: float(value) for name, value in self.metrics.items()}
        self.own.write("metrics.json", as_json(metrics).encode())
        memory = _peak_megabytes()
        about = as_json(
            {
                "study": self.study,
                **({"study_folder": self.study_folder} if self.study_folder else {}),
                **({"advised_against": self.advised_against} if self.advised_against else {}),
                "command": self.command,
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "seconds": round(seconds, 2),
                "steps": {name: round(value, 2) for name, value in self.steps.items()},
                "peak_memory_mb": memory,
                "versions": _versions(),
                "data_fingerprint": self.fingerprint,
                "data_fingerprints": self.fingerprints,
            }
        )
        self.own.write("run.json", about.encode())
        used = f", peak memory {memory:,.0f} MB" if memory else ""
        self.report.footer["Run"] = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {seconds:.1f} seconds{used}."
        self.report.footer["Made with"] = ", ".join(f"{name} {text}" for name, text in _versions().items()) + "."
        path = self.folder / "report.html"
        write_downloads(self.folder / TABLES, self.report.tables())
        self.own.write(path.name, self.report.html(folder=self.folder.name).encode())
        if self.checkpoints.is_dir() and not self.checkpoints.is_symlink():
            Manifest.of(self.checkpoints).dissolve()
        self.own.settle()
        return path


def _is_ours(pieces: Path) -> bool:
    """Whether a folder of pieces was made by a run: it has a list of them, or nothing in it."""
    return pieces.is_dir() and (not any(pieces.iterdir()) or bool(Manifest.of(pieces).list_files()))


def _same_file(path: Path, data: Path | str) -> bool:
    try:
        return path.samefile(split_sheet(str(data).removeprefix("sqlite:///"))[0])
    except (OSError, ValueError):
        return False


def _peak_megabytes() -> float | None:
    """Largest memory of this process so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def _versions() -> dict[str, str]:
    versions = {"Python": platform.python_version()}
    for package in ("hexad", "numpy", "pandas", "scikit-learn"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions
