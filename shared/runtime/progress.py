"""Progress with the time left on a terminal; silence where output is piped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from shared.errors import printable

__all__ = ["Advance", "progress"]


class Advance(Protocol):
    """Reports that a piece of work is done.

    >>> def advance(note: str = "") -> None: ...
    """

    def __call__(self, note: str = "") -> None:
        """Count one piece as done."""
        ...


def _silent(note: str = "") -> None:
    """Count nothing."""


@contextmanager
def progress(title: str, total: int, *, show: bool | None = None) -> Iterator[Advance]:
    """Show how far `total` pieces of work are and how long the rest will take.

    Parameters
    ----------
    title : str
        What is being done.
    total : int
        Number of pieces.
    show : bool, optional
        Whether to show it; by default only where the error stream is a terminal.

    >>> with progress("fitting", total=2, show=False) as advance:
    ...     advance()
    """
    terminal = sys.stderr is not None and sys.stderr.isatty()
    if not (terminal if show is None else show):
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, force_terminal=True if show else None),
        transient=True,
    )
    with bar:
        task = bar.add_task(printable(title), total=total)

        def advance(note: str = "") -> None:
            bar.update(task, advance=1, description=printable(f"{title}: {note}" if note else title))

        yield advance
