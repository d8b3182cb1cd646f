"""What the leak guard found: leaks, and what it looked at, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from shared.errors import HexadWarning, quote
from shared.result import Result
from shared.text import capitalise

__all__ = ["Leak", "LeakReport", "LeakWarning"]


class LeakWarning(HexadWarning):
    """Something learnt or predicted depends on what could not have been known; the text says what and how to fix it.

    >>> issubclass(LeakWarning, UserWarning)
    True
    """


@dataclass(frozen=True)
class Leak:
    """One thing that depends on what could not have been known.

    Attributes
    ----------
    step : str
        The step, feature or part at which it enters.
    what : str
        What was seen, without a full stop.
    fix : str
        What to do, a full sentence.
    columns : tuple of str
        Columns that the step gives out and that leak.
    ahead : int, optional
        Rows that it looks ahead (0: the row's own target); None where that cannot be said, as for a statistic of all
        rows.
    kind : {"recomputation", "overlap"}
        The instrument that found it.

    >>> print(Leak("step 'smooth'", "its column 'mean' looks 3 rows ahead", "Use past rows only.", ("mean",), 3))
    step 'smooth': its column 'mean' looks 3 rows ahead. Use past rows only.
    """

    step: str
    what: str
    fix: str
    columns: tuple[str, ...] = ()
    ahead: int | None = None
    kind: str = "recomputation"

    def __str__(self) -> str:
        return f"{self.step}: {self.what}. {self.fix}"


@dataclass(frozen=True, repr=False)
class LeakReport(Result):
    """What the leak guard found in one pipeline.

    Attributes
    ----------
    name : str
        The pipeline.
    leaks : tuple of Leak
        Empty where nothing leaks.
    checked : tuple of str
        What was recomputed and compared.
    notes : tuple of str
        What could not be looked at, and what is no leak but worth knowing.
    on : bool
        False where the guard was switched off.
    blind : bool
        Whether something could not be looked at; the notes say what.

    >>> print(LeakReport("lag model", (), ("forecasts",)).explain())
    No leak was found in lag model; looked at: forecasts.
    """

    name: str
    leaks: tuple[Leak, ...] = ()
    checked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    on: bool = True
    blind: bool = False

    @property
    def clean(self) -> bool:
        """Whether everything could be looked at and nothing leaks."""
        return self.on and not self.leaks and bool(self.checked) and not self.blind

    def explain(self) -> str:
        """Say what was found, in sentences."""
        notes = "".join(f" {capitalise(note)}." for note in self.notes)
        if not self.on:
            return f"The leak guard was switched off for {self.name}: nothing says that it knew nothing of the future."
        if self.leaks:
            count = "a leak" if len(self.leaks) == 1 else f"{len(self.leaks)} leaks"
            found = " ".join(f"({number}) {leak}" for number, leak in enumerate(self.leaks, 1))
            return f"Do not believe the scores of {self.name}: {count} found. {found}{notes}"
        if not self.checked:
            return f"The leak guard could not look at {self.name}.{notes}"
        if self.blind:
            return f"No leak was found in {self.name}, but not everything could be looked at.{notes}"
        return f"No leak was found in {self.name}; looked at: {', '.join(self.checked)}.{notes}"

    def to_frame(self) -> pd.DataFrame:
        """One row a leak."""
        columns = ["step", "what", "fix", "columns", "ahead", "kind"]
        rows = [(x.step, x.what, x.fix, ", ".join(x.columns), x.ahead, x.kind) for x in self.leaks]
        return pd.DataFrame(rows, columns=columns).astype({"ahead": "Int64"})

    def plain(self) -> dict[str, Any]:
        """The report as what JSON can hold; see `from_plain`."""
        return {
            "name": self.name,
            "leaks": [{**vars(leak), "columns": list(leak.columns)} for leak in self.leaks],
            "checked": list(self.checked),
            "notes": list(self.notes),
            "on": self.on,
            "blind": self.blind,
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> LeakReport:
        """Read what `plain` gave.

        Parameters
        ----------
        plain : dict
            Of text, numbers and lists, as read from JSON.

        >>> report = LeakReport("a", (Leak("b", "c", "d.", ("e",), 1),), ("f",))
        >>> LeakReport.from_plain(report.plain()) == report
        True
        """
        leaks = tuple(Leak(**{**leak, "columns": tuple(leak["columns"])}) for leak in plain["leaks"])
        return cls(plain["name"], leaks, tuple(plain["checked"]), tuple(plain["notes"]), plain["on"], plain["blind"])


def name_columns(columns: Any) -> str:
    """Columns for a sentence: "its column 'a'", "its columns 'a', 'b'"."""
    listed = list(columns)
    return f"its column{'s' if len(listed) > 1 else ''} {quote(listed)}"
