"""The base of all results: sentences, a table, and in a notebook both."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from html import escape
from numbers import Number
from typing import TYPE_CHECKING

from shared.errors import shorten

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Result"]

LONGEST_LINE = 120
SHOWN_ROWS = 10


class Result(ABC):
    """What an analysis gives.

    A subclass is a frozen dataclass (``repr=False``) that says in `explain` what was found; where there is something to
    draw, it has `plot`, too.

    >>> @dataclasses.dataclass(frozen=True, repr=False)
    ... class Mean(Result):
    ...     unit: str
    ...     value: float
    ...     def explain(self):
    ...         return f"On average {self.value} {self.unit}."
    >>> Mean("MW", 2.5), Mean("MW", 2.5).to_frame().to_dict("records")
    (Mean(unit='MW', value=2.5), [{'unit': 'MW', 'value': 2.5}])
    """

    @abstractmethod
    def explain(self) -> str:
        """Say in plain sentences what was found."""

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers and names in it as a table of one row."""
        import pandas as pd

        return pd.DataFrame([self._plain()])

    def preview(self) -> pd.DataFrame:
        """Return the part of the table that a notebook shows."""
        return self.to_frame().head(SHOWN_ROWS)

    def _plain(self) -> dict[str, object]:
        found = ((one.name, getattr(self, one.name)) for one in dataclasses.fields(self))  # type: ignore[arg-type]
        return {name: value for name, value in found if isinstance(value, str | Number)}

    def _repr_html_(self) -> str:
        table = self.preview()
        numbered = list(table.index) == list(range(len(table)))
        return f"<p>{escape(self.explain())}</p>{table.to_html(index=not numbered)}"

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self._plain().items())
        return shorten(f"{type(self).__name__}({inside})", LONGEST_LINE)
