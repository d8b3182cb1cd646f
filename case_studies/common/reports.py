"""Reports of finished runs: which one is meant, and how a browser is asked to show it."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path

from case_studies.common.study import find_studies
from shared.environment import spell_command
from shared.errors import SettingsError, quote

__all__ = ["RUNS", "find_report", "has_browser", "show_report"]

RUNS = Path("runs")
REPORT, ABOUT = "report.html", "run.json"


def find_report(run: str | None = None, runs: Path = RUNS) -> Path:
    """Find the report of a run.

    Parameters
    ----------
    run : str, optional
        Folder of the run, its name under `runs`, its report, or the name of a study, of which the newest run is taken;
        the newest run of all where left out.
    runs : path
        Folder that holds the runs.

    Raises
    ------
    SettingsError
        There is no such run, or it is not finished.

    >>> find_report("no-such-run", Path("no-such-folder"))
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: there is no run 'no-such-run' ...
    """
    if run is None:
        return _newest(runs, "")
    for folder in (Path(run), runs / run):
        if _is_file(folder) and folder.name == REPORT:
            return folder.resolve()
        if _is_file(folder / REPORT):
            return (folder / REPORT).resolve()
    if run in find_studies():
        return _newest(runs, run)
    if os.path.isdir(run):  # noqa: PTH112  # a name that is too long is no folder
        raise SettingsError(
            f"{quote([run], longest=200)} holds no {REPORT}: it is no finished run. The command that began it goes on"
            f" with --out {run}"
        )
    raise SettingsError(f"there is no run {quote([run], longest=200)}{_name_some(runs)}")


def _newest(runs: Path, study: str) -> Path:
    """The report that was written last, of all runs or those of one study."""
    found = [path for path in _finished(runs) if not study or path.parent.name.startswith(f"{study}-")]
    if found:
        return max(found, key=lambda path: (path.stat().st_mtime_ns, path.parent.name)).resolve()
    of_study = f" of {quote([study])}" if study else ""
    make = spell_command("run", study or "demand")
    elsewhere = "; one elsewhere is named by its folder" if runs == RUNS else ""
    raise SettingsError(f"there is no finished run{of_study} in {quote([runs])} here: make one with {make}{elsewhere}")


def _finished(runs: Path) -> list[Path]:
    return [path for path in runs.glob(f"*/{REPORT}") if (path.parent / ABOUT).is_file()]


def _name_some(runs: Path) -> str:
    """The runs there are, the newest first."""
    found = sorted(_finished(runs), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return f" here; there are {quote(path.parent.name for path in found)}" if found else " here, nor any other"


def has_browser() -> bool:
    """Whether a browser can be shown to somebody: there is one, and a screen.

    >>> has_browser() in (True, False)
    True
    """
    if not os.environ.get("BROWSER") and sys.platform.startswith(("linux", "freebsd")):
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("WSL_DISTRO_NAME")):
            return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def show_report(path: Path) -> bool:
    """Open a report in the browser; False where there is none, or it refused.

    Parameters
    ----------
    path : path
        An absolute one.

    >>> from unittest import mock
    >>> with mock.patch("case_studies.common.reports.has_browser", return_value=False):
    ...     show_report(Path("/runs/a/report.html"))
    False
    """
    if not has_browser():
        return False
    try:
        return webbrowser.open(path.as_uri())
    except (webbrowser.Error, OSError):
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, or one with a zero byte
        return False
