"""A run of a case study: its folder, what it tells and what it keeps."""

from __future__ import annotations

import contextlib
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel

from shared.data import datasets
from shared.data.contract import TableContract, contract_of
from shared.data.fingerprint import fingerprint
from shared.data.schema import Schema
from shared.data.sql import shown_url
from shared.data.tables import TableReport
from shared.errors import HexadError, StoreError, quoted
from shared.reporting.page import Fact, Report, Section, Source
from shared.runtime.config import to_toml
from shared.runtime.lock import PIECES
from shared.runtime.store import load_model, save_model, write_bytes, write_json, write_text

RESULTS = ("report.html", "metrics.json", "run.json", "model.hexad", "schema.json")

__all__ = ["Run"]


@dataclass
class Run:
    """What a story writes: report.html, metrics.json, settings.toml, tables and the model, in one folder.

    All files but report.html and run.json are the same, byte for byte, for the same data, settings and seed.

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
    data : path, optional
        The user's own file, in place of the bundled data.

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
    data: Path | str | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.report = Report(self.title)
        self.fingerprint = ""
        self.contract: TableContract | None = None
        self.steps: dict[str, float] = {}
        self._last = self.started

    def table(self, name: str, also: Iterable[str] = (), own: Schema | None = None) -> tuple[pd.DataFrame, TableReport]:
        """Load a bundled data set, or the user's own file in its place; its source goes into the report.

        Parameters
        ----------
        name : str
            Of the data set.
        also : iterable of str
            Columns that are learnt from beside those of its schema, where the table has them.
        own : Schema, optional
            What the user's own file has to look like, where that is not the data set's schema.

        Raises
        ------
        DataError
            The user's file does not fit the data set's schema.
        """
        dataset = datasets.describe(name)
        frame, report = datasets.load_with_report(name, self.data, own=own, **self.options)
        self.fingerprint = report.fingerprint
        names = dataset.schema.names if self.data is None or own is None else own.names
        used = [name for name in dict.fromkeys([*names, *also]) if name in frame.columns]
        others = tuple(str(name) for name in frame.columns if name not in used)
        self.contract = replace(contract_of(frame[used]), others=others)
        theirs = (
            Source(shown_url(self.data), "your own file", "yours to know", report.fingerprint) if self.data else None
        )
        bundled = Source(dataset.title, dataset.source, dataset.licence, report.fingerprint)
        self.report.sources.append(theirs or bundled)
        return frame, report

    @property
    def pieces(self) -> Path:
        """Folder in which finished pieces of a run that is still going are kept."""
        return self.folder / PIECES

    def fitted(self, model: Any, table: pd.DataFrame) -> Any:
        """Fit a model on a table, or take the one that a broken run in this folder had fitted already.

        >>> import tempfile
        >>> from sklearn.base import BaseEstimator
        >>> from sklearn.linear_model import LinearRegression
        >>> class Line(LinearRegression):
        ...     def fit(self, table):
        ...         return super().fit(table[["x"]], table["y"])
        >>> table = pd.DataFrame({"x": [0.0, 1.0], "y": [1.0, 3.0]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Run("demo", Path(folder), "A demo").fitted(Line(), table).coef_.round(6).tolist()
        [2.0]
        """
        import joblib

        described = {name: joblib.hash(value) for name, value in model.get_params(deep=True).items()}
        key = joblib.hash(
            [type(model).__module__, type(model).__qualname__, described, fingerprint(table), _versions()]
        )
        path = self.pieces / f"model-{key[:24]}.hexad"
        if path.exists():
            with contextlib.suppress(StoreError):
                return load_model(path)
        model = model.fit(table)
        with contextlib.suppress(StoreError):  # a model that cannot be stored is fitted again
            save_model(model, path, data_fingerprint=self.fingerprint)
        return model

    def summarises(self, *sentences: str) -> None:
        """Put the sentences for a manager on top of the report."""
        self.report.summary.extend(sentences)

    def fact(self, value: str, label: str) -> None:
        """Put a number on top of the report."""
        self.report.facts.append(Fact(value, label))

    def tells(self, title: str, *parts: Any) -> Section:
        """Add a chapter: text, figures, or tables as (frame, caption)."""
        section = self.report.section(title)
        for part in parts:
            if isinstance(part, str):
                section.text(part)
            elif isinstance(part, tuple):
                section.table(*part)
            else:
                section.figure(part)
        return section

    def keeps(self, *, model: Any = None, **tables: pd.DataFrame) -> None:
        """Write the model, what it learnt from, and tables (as Parquet) into the folder."""
        if self.contract is not None:
            write_json(self.folder / "schema.json", self.contract.plain())
        if model is not None:
            save_model(model, self.folder / "model.hexad", data_fingerprint=self.fingerprint)
        for name, table in tables.items():
            if not re.fullmatch(r"\w[\w-]{0,80}", name):
                raise HexadError(f"{quoted([name])} is no name for a table; use letters, digits, '-' and '_'")
            write_bytes(self.folder / f"{name}.parquet", table.to_parquet(index=False))

    def settings(self, settings: BaseModel) -> None:
        """Write the settings in force, so that the run can be repeated; results of other settings are removed."""
        path, text = self.folder / "settings.toml", to_toml(settings)
        if path.exists() and path.read_text(encoding="utf-8", errors="replace") != text:
            for old in (*(self.folder / name for name in RESULTS), *self.folder.glob("*.parquet")):
                old.unlink(missing_ok=True)
        write_text(path, text)

    def step(self, name: str) -> None:
        """Note the seconds since the last step."""
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

        def is_finite(value: Any) -> bool:
            return isinstance(value, int | float) and math.isfinite(value)

        odd = [name for name, value in self.metrics.items() if not is_finite(value)]
        if odd:
            raise HexadError(f"these metrics are no finite numbers: {', '.join(odd)}")
        seconds = time.perf_counter() - self.started
        write_json(self.folder / "metrics.json", {name: float(value) for name, value in self.metrics.items()})
        memory = _peak_megabytes()
        write_json(
            self.folder / "run.json",
            {
                "study": self.study,
                "command": self.command,
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "seconds": round(seconds, 2),
                "steps": {name: round(value, 2) for name, value in self.steps.items()},
                "peak_memory_mb": memory,
                "versions": _versions(),
                "data_fingerprint": self.fingerprint,
            },
        )
        used = f", peak memory {memory:,.0f} MB" if memory else ""
        self.report.footer["Run"] = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {seconds:.1f} seconds{used}."
        self.report.footer["Made with"] = ", ".join(f"{name} {text}" for name, text in _versions().items()) + "."
        path = self.folder / "report.html"
        self.report.write(path)
        shutil.rmtree(self.pieces, ignore_errors=True)
        return path


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
