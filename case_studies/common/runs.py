"""Running a study, and predicting with a finished run, from Python."""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from case_studies.common.column_mapping import name_tables
from case_studies.common.copies import is_remembered, remember
from case_studies.common.map_file import is_map_file, is_table_file
from case_studies.common.saved_run import SavedRun, open_run
from case_studies.common.settings_file import read_layers, show_settings
from case_studies.common.study import SETTINGS_FILE, Study, StudyFolder, find_studies, find_study, load_study
from shared.data.io.sql import display_url, is_url, without_password
from shared.environment import find_missing
from shared.errors import HexadError, MissingExtraError, SettingsError, quote
from shared.reporting.run import PREDICTIONS, SETTINGS, Run
from shared.runtime.config import Settings, load_settings
from shared.runtime.export import table_bytes
from shared.runtime.files import write_bytes
from shared.runtime.lock import only_one
from shared.runtime.manifest import MANIFEST, Manifest
from shared.text import capitalise

QUICK = "This is a quick run, with little data or few trials: run the whole before you decide."

__all__ = ["predict_from", "run_and_summarise", "run_study", "settings_in_force"]


def run_study(
    study: str | Path,
    *,
    overrides: Sequence[str] = (),
    data: Path | str | Mapping[str, Path | str] | None = None,
    out: Path,
    quick: bool = False,
    settings: Path | None = None,
) -> Path:
    """Run a case study from Python.

    Parameters
    ----------
    study : str or path
        Its name, or the folder of a copy.
    overrides : sequence of str
        Settings as in "horizon=1D".
    data : path, or mapping of str to path, optional
        The user's own file in place of the bundled data; by the names of its tables where the study has several, or a
        map. A sheet of a workbook is named behind it, as in "sales.xlsx#Sheet2".
    out : path
        Folder for the results.
    quick : bool
        Fewer trials.
    settings : path, optional
        A TOML file with settings, all or some of them.

    Returns
    -------
    path
        The report.

    Raises
    ------
    HexadError
        There is no such study, or its settings or data are refused.

    >>> run_study("demnd", out=Path("nowhere"))
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: there is no study 'demnd'; did you mean 'demand'?
    """
    return run_and_summarise(study, overrides=overrides, data=data, out=out, quick=quick, settings=settings)[0]


def run_and_summarise(
    study: str | Path,
    *,
    overrides: Sequence[str] = (),
    data: Path | str | Mapping[str, Path | str] | Sequence[str] | None = None,
    out: Path,
    quick: bool = False,
    settings: Path | None = None,
    started: Callable[[], None] | None = None,
) -> tuple[Path, list[str]]:
    """Run a study as `run_study` does; return its report and the sentences on top of it.

    `started` is called once settings and folder are checked, before the data are read.

    >>> run_and_summarise("demnd", out=Path("nowhere"))
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: there is no study 'demnd'; did you mean 'demand'?
    """
    found = find_study(study)
    with _name_extra_of(found):
        asked = _Asked.of(found, overrides, data, quick, settings)
        if not found.installed:
            remember(found.path)
        files, title = asked.files, asked.study.title
        by_table = {"" if name in (asked.main, "data") else name: file for name, file in files.items()}
        this = Run(found.name, Path(out), title, asked.command(os.fspath(study)), by_table or None)
        this.study_folder = None if found.installed else str(found.path)
        if os.path.isdir(out):  # noqa: PTH112  # a name that is too long is no folder, and told below
            this.check()
        with _leave_nothing_refused(Path(out)):
            _check_writable(Path(out))
            with only_one(Path(out)):
                this.open()
                this.options = asked.settings.read_options if files else {}  # type: ignore[attr-defined]
                this.record_settings(asked.settings)
                if started is not None:
                    started()
                asked.study.run(asked.settings, this)
                if quick:
                    this.report.doubts.insert(0, QUICK)
                return this.finish(), this.report.say_first()


def settings_in_force(
    study: str | Path,
    *,
    overrides: Sequence[str] = (),
    data: Path | str | Mapping[str, Path | str] | Sequence[str] | None = None,
    quick: bool = False,
    settings: Path | None = None,
) -> str:
    """The settings that a run would have, as a file with comments; the arguments are those of `run_study`.

    >>> print(settings_in_force("demand", overrides=["horizon=1D"]).splitlines()[2])
    horizon = "1D"                  # how far ahead
    """
    found = find_study(study)
    with _name_extra_of(found):
        asked = _Asked.of(found, overrides, data, quick, settings)
    return show_settings((found.path / SETTINGS_FILE).read_text(encoding="utf-8"), asked.settings)


@dataclass(frozen=True)
class _Asked:
    """What a run was asked for: the study, its settings, the user's files, and how it was said."""

    study: Study
    settings: Settings
    files: dict[str, Path | str]
    options: tuple[str, ...]

    @classmethod
    def of(cls, found: StudyFolder, overrides: Sequence[str], data: Any, quick: bool, own: Path | None) -> _Asked:
        """Read and check it, before anything is written."""
        study = load_study(found)
        files = _files_of(data, study)
        values = read_layers(found.path / SETTINGS_FILE, own, own_data=bool(files), quick=quick)
        source = None if own is None else own.name + (" and --set" if overrides else "")
        settings = load_settings(study.settings, None, overrides, values, source)
        options = [] if own is None else ["--settings", os.fspath(own)]
        options += [f"--set={text}" for text in overrides]
        # The main table of a study needs no name where it is read.
        main = next(iter(study.tables), "")
        for name, file in files.items():
            shown = without_password(file)
            alone = len(files) == 1 and name in (main, "data")
            options += ["--data", shown if alone else f"{name}={shown}"]
        return cls(study, settings, files, (*options, *(["--quick"] if quick else [])))

    @property
    def main(self) -> str:
        """Name of the main table."""
        return next(iter(self.study.tables), "")

    def command(self, study: str) -> str:
        """The command that does it again: as documented, since a report travels to other environments."""
        return shlex.join(["hexad", "run", study, *self.options])


@contextmanager
def _name_extra_of(found: StudyFolder) -> Iterator[None]:
    """Where a package is missing, name the extra with all that the study needs instead of that of its first line."""
    try:
        yield
    except MissingExtraError as error:
        if found.installed and error.package in find_missing(found.name):
            raise MissingExtraError(error.package, found.name) from error
        raise


@contextmanager
def _leave_nothing_refused(folder: Path) -> Iterator[None]:
    """Remove the folders that were made for a run that was refused, unless something was finished in them."""
    made = []
    with suppress(OSError, ValueError):
        made = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    try:
        yield
    except BaseException as error:
        with suppress(OSError, ValueError, HexadError):
            own = Manifest.of(folder)
            if made and isinstance(error, HexadError | MissingExtraError) and set(own.list_files()) <= {SETTINGS}:
                own.dissolve()
        for place in made:
            with suppress(OSError, ValueError):  # one that holds something stays
                place.rmdir()
        raise


def _files_of(data: Any, loaded: Study) -> dict[str, Path | str]:
    """The user's own files by table and map, as given from Python or on the command line."""
    if data is None:
        return {}
    if isinstance(data, Mapping):
        known = [*loaded.tables, *loaded.maps]
        if wrong := [name for name in data if known and name not in known]:
            what = "table or map" if loaded.maps else "table"
            raise SettingsError(f"the study has no {what} {quote(wrong)}; it has {', '.join(known)}")
        given = dict(data)
    else:
        listed = [os.fspath(data)] if isinstance(data, str | os.PathLike) else list(data)
        given = dict(name_tables(listed, loaded.tables, loaded.maps))
    _check_maps(given, loaded)
    return {name: file if is_url(file) else Path(file) for name, file in given.items()}


def _check_maps(given: Mapping[str, Path | str], loaded: Study) -> None:
    """Refuse a map in the place of a table, and an address or a table in that of a map."""
    if not loaded.maps:
        return
    first, table = next(iter(loaded.maps)), next(iter(loaded.tables), "TABLE")
    for name, file in given.items():
        shown = quote([file], longest=200)
        if name not in loaded.maps and is_map_file(file):
            raise SettingsError(f"--data {shown} is a map, and {name!r} is a table: --data {first}=FILE takes a map")
        if name in loaded.maps and (is_url(file) or is_table_file(file)):
            raise SettingsError(
                f"--data {shown} is no map, and the study needs one for {name!r} ({loaded.maps[name].about}): a file"
                f" .osm, .osm.gz, .osm.bz2 or .osm.pbf; --data {table}=FILE takes a table"
            )


def predict_from(
    folder: Path,
    *,
    data: str | Path,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    accept_drift: bool = False,
    study: str | Path | None = None,
) -> tuple[Path, list[str]]:
    """Predict from new rows with the model of a finished run, from Python.

    Parameters
    ----------
    folder : path
        Of the run.
    data : path or address
        New rows, in the columns that the run was made from.
    out : path, optional
        File for the predictions, .csv or .parquet; beside the run's other files where left out.
    overrides : sequence of str
        Settings as in "read.dates=day-first".
    accept_drift : bool
        Whether values far off those learnt from, and labels never seen, are only told.
    study : path, optional
        Folder of the study, where the run was made by a copy that was not run here before, or has moved since.

    Returns
    -------
    path, sentences

    Raises
    ------
    StoreError, SettingsError, DataError

    >>> predict_from(Path("no-such-run"), data="week.csv")
    Traceback (most recent call last):
    ...
    shared.errors.StoreError: 'no-such-run' is no folder. Name that of a run, as in runs/demand-20240131-120000
    """
    run = open_run(Path(folder))
    found = _study_of(run, study)
    loaded = load_study(found)
    if loaded.predict is None:
        raise SettingsError(f"the study {quote([found.name])} predicts nothing from new rows")
    settings = load_settings(loaded.settings, run.folder / SETTINGS_FILE, overrides)
    source = data if is_url(data) else Path(data)
    place = _Target.of(run, source, out)
    predictions, notes = loaded.predict(settings, run, source, accept_drift)
    written = table_bytes(predictions.to_frame(), place.path)
    notes = [*notes, *place.list_it(written)]
    write_bytes(place.path, written)
    told = [predictions.explain(), *(f"{capitalise(note)}." for note in notes)]
    if run.advised_against:
        told.insert(0, f"The run's report advises against its model. {run.advised_against}")
    return place.path, told


def _study_of(run: SavedRun, named: str | Path | None) -> StudyFolder:
    """The study that a run was made by: an installed one by its name, a copy only where its user ran it or names it."""
    shown = quote([run.folder], longest=200)
    if named is not None:
        found = find_study(named)
        if found.name != run.study:
            raise SettingsError(f"{shown} is a run of the study {quote([run.study])}, not of {quote([found.name])}")
        return found
    if run.study_folder is None:
        if run.study not in find_studies():
            raise SettingsError(f"{shown} is a run of the study {quote([run.study])}, which this Hexad does not have")
        return find_study(run.study)
    place = quote([run.study_folder], longest=200)
    if not is_remembered(Path(run.study_folder)):
        raise SettingsError(
            f"{shown} was made by the study in {place}, whose code was not run here before. If you trust it, name it: "
            f"--study {shlex.quote(run.study_folder)}"
        )
    try:
        return find_study(run.study_folder)
    except SettingsError as error:
        raise SettingsError(
            f"{shown} was made by the study in {place}, which is not there any more; name where it is: --study FOLDER"
        ) from error


class _Target:
    """Where predictions are written: never over what the run did not write itself."""

    def __init__(self, run: SavedRun, path: Path) -> None:

        self.run, self.path = run, path
        self.own = Manifest.of(run.folder)
        self.inside = path.resolve().parent == run.folder.resolve()
        self.name = path.name if self.inside else str(path.resolve().parent / path.name)

    @classmethod
    def of(cls, run: SavedRun, source: str | Path, out: Path | None) -> _Target:
        """Refuse a file that must not be replaced, before anything is read."""
        path = out or run.folder / f"{PREDICTIONS}{re.sub(r'[^A-Za-z0-9_-]+', '-', display_url(source))[:60]}.csv"
        shown = quote([path.name])
        if path.suffix.lower() not in {".csv", ".parquet", ".pq"}:
            raise SettingsError(f"--out {shown}: predictions are written as .csv or .parquet; name the file so")
        if os.path.lexists(path) and (not is_url(source) and path.resolve() == Path(source).resolve()):
            raise SettingsError(f"--out {shown} is the data itself; name another file")
        if (path.resolve().parent / MANIFEST).exists() and not path.name.startswith(PREDICTIONS):
            raise SettingsError(f"--out {shown} lies among a run's own files; name one elsewhere")
        target = cls(run, path)
        if os.path.lexists(path) and not target.own.owns(target.name):
            raise SettingsError(
                f"--out {quote([path], longest=200)}: there is a file of that name, which this run did not write or"
                " which was changed since; name another, or move it away"
            )
        return target

    def list_it(self, written: bytes) -> list[str]:
        """Put the file on the run's list, so that the next predictions may replace it; a note where that cannot be."""
        try:
            self.own.add(self.name, written)
        except OSError as error:
            if self.inside:
                raise
            return [
                f"{quote([self.run.folder], longest=200)} cannot be written to ({error.strerror}), so that this file is"
                " not known for the run's own: it will not be replaced"
            ]
        return []


def _check_writable(folder: Path) -> None:
    """Refuse a folder in which no files can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        shown = quote([folder], longest=200)
        raise SettingsError(f"--out {shown}: no files can be written there ({why}); name another") from error
