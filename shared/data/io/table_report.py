"""How a table was read and what was repaired, as a result."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import printable
from shared.result import Result
from shared.text import count_of, sentences

__all__ = ["TableReport"]


@dataclass(frozen=True, repr=False)
class TableReport(Result):
    """How a table was read and what was repaired.

    Attributes
    ----------
    source : str
        File name or kind of frame.
    rows, columns : int
        Size of the table that came out.
    notes : tuple of str
        What was recognised: encoding, separator, kinds kept as text.
    repairs : tuple of str
        What was repaired, and where; empty unless asked for.
    fingerprint : str
        SHA-256 of the values that came out.

    >>> TableReport("a.csv", rows=2, columns=1).repairs
    ()
    """

    source: str
    rows: int
    columns: int
    notes: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    fingerprint: str = ""

    def explain(self) -> str:
        """Say in plain sentences how the table was read.

        >>> TableReport("a.csv", 2, 1).explain()
        'a.csv: 2 rows, 1 column. Nothing was repaired.'
        """
        notes = sentences(self.notes)
        repairs = " ".join(f"{text}." for text in self.repairs) or "Nothing was repaired."
        rows, columns = count_of(self.rows, "row"), count_of(self.columns, "column")
        told = " ".join(filter(None, [f"{self.source}: {rows}, {columns}.", notes, repairs]))
        return printable(told.replace("\n", "?"))
