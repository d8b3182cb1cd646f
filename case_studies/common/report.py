"""Paragraphs that the reports of all studies share, written once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shared.data.io.table_report import TableReport
from shared.evaluation import Comparison
from shared.reporting import Run
from shared.reporting.claims import Claim, Said
from shared.result import Result
from shared.text import capitalise, format_value

NONE = "Nothing was repaired."
__all__ = ["add_closing", "add_comparison", "not_real", "too_few", "weave"]


def too_few(n: int, least: int, counted: str) -> list[str]:
    """A warning where too little was tried to decide on; nothing where there was enough.

    >>> too_few(3, 26, "trials were made")
    ['Only 3 trials were made: enough to see that it runs, too few to decide on.']
    """
    return [f"Only {n:,} {counted}: enough to see that it runs, too few to decide on."] if n < least else []


def not_real(own: bool) -> list[str]:
    """A warning that the bundled purchases are simulated; nothing for a table of one's own.

    Parameters
    ----------
    own : bool
        Whether the table is the user's own.

    >>> not_real(False), not_real(True)
    (['The bundled purchases are simulated after real patterns: what is found in them holds for no real shop.'], [])
    """
    told = "The bundled purchases are simulated after real patterns: what is found in them holds for no real shop."
    return [] if own else [told]


def weave(parts: Sequence[Said]) -> list[Said]:
    """Put commas and an "and" between parts, for `Claim.join`.

    >>> weave(["a", "b", "c"])
    ['a', ', ', 'b', ' and ', 'c']
    """
    woven: list[Said] = []
    for place, part in enumerate(parts):
        if place:
            woven.append(" and " if place == len(parts) - 1 else ", ")
        woven.append(part)
    return woven


def add_comparison(run: Run, item: Comparison, claim: Claim, noun: str = "error") -> None:
    """Put a comparison on a card: by how much, how sure, and in a neutral colour where no difference is shown.

    Parameters
    ----------
    run : Run
    item : Comparison
    claim : Claim
        That the comparison makes; the card rests on it and cannot say another thing.
    noun : str
        What there is less of, or more: "error", "cost", "hits".

    >>> import tempfile
    >>> from pathlib import Path
    >>> item = Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, "weeks")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = Run("demo", Path(folder), "A demo")
    ...     add_comparison(run, item, item.claim("scores"))
    ...     run.report.facts[0].value, run.report.facts[0].label
    ('20 % less error', 'than “B” (95 % interval: 12 to 31 %)')
    """
    less, more = ("more", "less") if item.greater else ("less", "more")
    low, high = item.interval
    kind = ", in its own units" if np.isnan(item.improvement) else ""
    size = _write(item, abs(item.difference if np.isnan(item.improvement) else item.improvement))
    rival = item.against if item.against.startswith("“") else f"“{item.against}”"
    value, label = {
        "better": (f"{size} {less} {noun}", f"than {rival} (95 % interval: {_span(item, low, high)})"),
        "worse": (f"{size} {more} {noun}", f"than {rival} (95 % interval: {_span(item, -high, -low)})"),
        "none": (
            "No difference shown",
            f"in {noun} against {rival} (95 % interval: {_span(item, low, high)} better{kind})",
        ),
        "too few": ("Too few to say", f"whether there is {less} {noun} than with {rival}: {item.n:,} {item.unit}"),
    }[item.verdict or "none"]
    if item.verdict == "none" and item.tendency is not None:  # better alone, and not once all comparisons are counted
        apart = _span(item, low, high) if low > 0 else _span(item, -high, -low)
        value = "Not certain"
        label = f"in {noun} against {rival}: {apart} {item.tendency} by itself, but one of {item.together} comparisons"
    run.add_fact(value, label, claim)


def _span(item: Comparison, low: float, high: float, between: str = " to ") -> str:
    first, last = _write(item, low), _write(item, high)
    return f"{first.removesuffix(' %')}{between}{last}"


def _write(item: Comparison, value: float) -> str:
    """An improvement in percent, or a difference where there is none in percent."""
    if np.isnan(item.improvement):
        return format_value(value)
    return format_value(100 * value, "%", decimals=0)


def add_closing(run: Run, reading: Result, *parts: object, repairs: Sequence[str] = (), mended: bool = False) -> None:
    """Close a report: what was read, and the command that does it again.

    Parameters
    ----------
    run : Run
    reading : Result
        How the table was read, or what the map holds.
    *parts
        What else is to be said of the data, as in `Run.add_section`.
    repairs : sequence of str
        What was repaired after reading, such as gaps of a series.
    mended : bool
        Whether `parts` tell of repairs, so that it is not said that there were none.

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
    if isinstance(reading, TableReport):
        reading = replace(reading, repairs=(*reading.repairs, *map(capitalise, repairs)))
    told = reading.explain()
    run.add_section("What was read", told.removesuffix(NONE).rstrip() if mended else told, *parts, fold=True)
    run.add_section("Do it again").code(run.command)
