"""What the command line writes to the terminal: text that cannot steer it, and links where it shows them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

import typer

from shared.errors import printable

__all__ = ["link", "say"]

# Variables by which terminals that show links make themselves known, and the names by which others do.
SIGNS = ("WT_SESSION", "KONSOLE_VERSION", "KITTY_WINDOW_ID", "DOMTERM", "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR")
PROGRAMS = {"iTerm.app", "vscode", "WezTerm", "ghostty", "Hyper", "Tabby", "rio", "mintty"}
TERMS = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "contour")
VTE_WITH_LINKS = 5000


def say(text: str = "", *, err: bool = False, fg: str | None = None) -> None:
    r"""Write to the terminal; names of files, columns and series may hold what would steer it, and do not get there.

    Parameters
    ----------
    text : str
    err : bool
        Whether it goes to the stream of errors.
    fg : str, optional
        Colour.

    >>> say("a\tb")
    a?b
    """
    typer.secho(printable(text), fg=fg, err=err)


def link(path: Path, *, stream: TextIO | None = None) -> str:
    """A path as a terminal shows it: with its address behind it, to be clicked, where that is understood (OSC 8).

    Parameters
    ----------
    path : path
        An absolute one.
    stream : file, optional
        Where it is written to; standard output where left out.

    >>> import io
    >>> link(Path("/runs/a/report.html"), stream=io.StringIO()).endswith("report.html")
    True
    """
    shown = printable(str(path)).replace("\n", "?")
    if not _shows_links(stream or sys.stdout):
        return shown
    return f"\x1b]8;;{path.as_uri()}\x1b\\{shown}\x1b]8;;\x1b\\"


def _shows_links(stream: TextIO) -> bool:
    """Whether the terminal is one of those that are known to show links; others may write them out."""
    term = os.environ.get("TERM", "")
    if not stream.isatty() or term == "dumb":
        return False
    vte = os.environ.get("VTE_VERSION", "")
    return (
        any(os.environ.get(sign) for sign in SIGNS)
        or os.environ.get("TERM_PROGRAM") in PROGRAMS
        or term.startswith(TERMS)
        or (vte.isdigit() and int(vte) >= VTE_WITH_LINKS)
    )
