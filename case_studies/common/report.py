"""Paragraphs that the reports of all studies share, written once."""

from __future__ import annotations

from shared.reporting import Run
from shared.result import Result

__all__ = ["add_closing", "too_few"]


def too_few(n: int, least: int, counted: str) -> list[str]:
    """A warning where too little was tried to decide on; nothing where there was enough.

    >>> too_few(3, 26, "trials were made")
    ['Only 3 trials were made: enough to see that it runs, too few to decide on.']
    """
    return [f"Only {n:,} {counted}: enough to see that it runs, too few to decide on."] if n < least else []


def add_closing(run: Run, reading: Result, *parts: object) -> None:
    """Close a report: what was read, and the command that does it again.

    Parameters
    ----------
    run : Run
    reading : Result
        How the table was read, or what the map holds.
    *parts
        What else is to be said of the data, as in `Run.add_section`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from shared.data.io.tables import read_table_with_report
    >>> reading = read_table_with_report(pd.DataFrame({"a": [1]}))[1]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = Run("demo", Path(folder), "A demo", "hexad run demo")
    ...     add_closing(run, reading)
    ...     [section.title for section in run.report.sections]
    ['What was read', 'Do it again']
    """
    run.add_section("What was read", reading.explain(), *parts)
    run.add_section("Do it again").code(run.command)
