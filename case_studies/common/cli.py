"""The commands: hexad list, datasets, run STUDY, open RUN, predict RUN, new STUDY; and how they say what is wrong."""

from __future__ import annotations

import errno
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from case_studies.common.console import link, say
from case_studies.common.copies import copy_study
from case_studies.common.study import find_studies, find_study
from shared.environment import spell_command
from shared.errors import Argument, DataError, HexadError, MissingExtraError, SettingsError, printable
from shared.runtime.interrupts import remember_interrupts

app = typer.Typer(
    name="hexad",
    help="Case studies on real data, from the table to the decision, in one report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
RUNS = Path("runs")
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


@app.command(name="list")
def list_studies() -> None:
    """List the case studies: which can be run here, how long they take, what your own tables need."""
    from case_studies.common.listing import list_studies as written

    for line in written():
        say(line)
    say()
    say(f"Run one: {spell_command('run')} NAME. With your own table: --data FILE --set columns.ROLE=COLUMN.")
    say(f"What each role means: {spell_command('datasets')} NAME. Its settings: {spell_command('run')} NAME --settings")


@app.command(name="datasets")
def list_datasets(
    study: Annotated[str | None, typer.Argument(metavar="[STUDY]", help="Only what this study reads.")] = None,
) -> None:
    """List the bundled data by study, with source and licence, and what your own tables have to hold."""
    from case_studies.common.listing import list_data

    for line in list_data(study):
        say(line)


@app.command()
def run(
    study: Annotated[
        str, typer.Argument(help="Name of the study, one of those that the command list shows, or folder of a copy.")
    ],
    set_: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a setting, as in --set risk=0.1; a list as in --set clocks=06:00,12:00. May be repeated.",
        ),
    ] = [],  # noqa: B006
    settings: Annotated[
        list[str],
        typer.Option(
            "--settings",
            metavar="[FILE]",
            help=(
                "Take the settings from a file; without FILE show those in force, as a file to be kept, and run"
                " nothing."
            ),
        ),
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
    from case_studies.common.runs import run_and_summarise, settings_in_force

    name = find_study(study).name
    files = [Path(one) for one in settings if one]
    if len(files) > 1:
        raise SettingsError("--settings: name one file")
    own = files[0] if files else None
    if len(files) < len(settings):
        shown = settings_in_force(study, overrides=set_, data=data or None, quick=quick, settings=own)
        typer.echo(shown, nl=False)
        if sys.stdout.isatty():
            again = spell_command("run", study, "--settings")
            say(f"\nKeep them with {again} > mine.toml, and run with {again} mine.toml", err=True)
        return
    folder = out or RUNS / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"

    def started() -> None:
        if sys.stderr.isatty():
            say(f"Writing to {folder}. If it is stopped: the same command with --out {folder} goes on.", err=True)

    report, sentences = run_and_summarise(
        study, overrides=set_, data=data or None, out=folder, quick=quick, settings=own, started=started
    )
    typer.echo(f"Report: {link(report.resolve())}")
    for sentence in sentences:
        say(f"  {sentence}")
    say(f"Look at it: {spell_command('open', *([str(folder)] if out else []))}")
    if (folder / "model.hexad").is_file():
        say(f"New rows: {spell_command('predict', str(folder))} --data FILE")


@app.command(name="open")
def open_run(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="Folder of a run, or name of a study; the newest in runs if left out."),
    ] = None,
    show: Annotated[bool, typer.Option("--print", help="Only print the path of the report.")] = False,
) -> None:
    """Open the report of a finished run in the browser."""
    from case_studies.common.reports import find_report, show_report

    report = find_report(run)
    if show:
        typer.echo(printable(str(report)))
        return
    typer.echo(f"Report: {link(report)}")
    if not show_report(report):
        say("There is no browser here that could show it: open that file in yours.", err=True)
        raise typer.Exit(1)


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
    say(f"Predictions: {path.resolve()}")
    for sentence in sentences:
        say(f"  {sentence}")


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
    say(f"Copied to {folder}. Change its files; run it with: {spell_command('run', str(folder))}")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            say(f"hexad {version('hexad')}")
        except PackageNotFoundError:
            say("hexad, used from its folder")
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
    words = _complete(sys.argv[1:] if arguments is None else arguments)
    try:
        with remember_interrupts():
            code = app(args=words, standalone_mode=False)
    except (HexadError, MissingExtraError) as error:
        told = error.say(as_option) if isinstance(error, DataError) else str(error)
        say(f"hexad: {told}", err=True, fg="red")
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
        say("hexad: stopped. The same command with the same --out goes on where it was.", err=True)
    sys.exit(code if isinstance(code, int) else 0)


def _complete(words: Sequence[str]) -> list[str]:
    """Give --settings an empty file where none follows, so that it may stand alone."""
    known, made = find_studies() if "--settings" in words else {}, []
    for place, word in enumerate(words):
        made.append(word)
        following = words[place + 1] if place + 1 < len(words) else "-"
        if word == "--settings" and (following.startswith("-") or following in known):
            made.append("")
    return made


def _break_off(why: str) -> NoReturn:
    """Say why a run could not go on, and that it can."""
    say(f"hexad: {why}. What was finished is kept; the same --out goes on there.", err=True, fg="red")
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
