"""The base of all results: sentences, a table, and in a notebook both; and what prints itself in one line."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sized
from html import escape
from numbers import Number, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.checks import nearest
from shared.errors import HexadError, shorten
from shared.runtime.export import table_bytes
from shared.runtime.files import write_bytes
from shared.text import count_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OneLine", "Result", "Several", "Tabular", "as_line"]

LONGEST_LINE = 120
LONGEST_TEXT = 40
SHOWN_ROWS = 10
MAX_VALUES = 5


class OneLine:
    """What prints itself in one line: what it is, its numbers and names, and how large its tables and arrays are.

    >>> @dataclasses.dataclass(frozen=True, repr=False)
    ... class Pairs(OneLine):
    ...     left: list
    ...     level: float = 0.5
    ...     notes: tuple = ()
    >>> Pairs(list(range(1000)))
    Pairs(1,000 left, level=0.5)
    """

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        told = [_say_part(one.name, getattr(self, one.name, None)) for one in fields if not one.name.startswith("_")]
        return as_line(type(self).__name__, *told)


def as_line(name: str, *parts: str) -> str:
    """One line of a class and what is to be said of an object of it; empty parts are left out.

    >>> as_line("Forecast", "14 rows", "", "by=Drift")
    'Forecast(14 rows, by=Drift)'
    """
    inside = ", ".join(part for part in parts if part)
    return f"{name}({shorten(inside, LONGEST_LINE - len(name) - 2)})"


def _say_part(name: str, value: object) -> str:
    """What one field holds, or how much of it; nothing where it is empty, or neither."""
    if value is None or callable(value):
        return ""
    if isinstance(value, str):
        return f"{name}={shorten(repr(value), LONGEST_TEXT)}" if value else ""
    if isinstance(value, Number):
        return f"{name}={value:.6g}" if isinstance(value, float) else f"{name}={value}"
    shape = getattr(value, "shape", None)
    if shape is not None:
        return _say_size(name, value, shape)
    if isinstance(value, Sized) and isinstance(value, tuple | list | set | frozenset | Mapping):
        few = not isinstance(value, Mapping) and len(value) <= MAX_VALUES
        if few and value and all(isinstance(one, Real) or (isinstance(one, str) and len(one) < 12) for one in value):
            return f"{name}={shorten(', '.join(map(str, value)), LONGEST_TEXT).join('[]')}"
        return count_of(len(value), name.removesuffix("s"), name) if value else ""
    return ""


def _say_size(name: str, value: object, shape: tuple[int, ...]) -> str:
    if not shape or 0 in shape:
        return ""
    if hasattr(value, "columns"):
        return f"{name}: {count_of(shape[0], 'row')} × {count_of(shape[1], 'column')}"
    return f"{name}: {' × '.join(f'{length:,}' for length in shape)}"


class Tabular(OneLine, ABC):
    """What is a table, and can be asked for it as pandas' own are.

    >>> import pandas as pd
    >>> class Sales(Tabular):
    ...     def to_frame(self):
    ...         return pd.DataFrame({"item": ["tea", "milk"], "sold": [3, 5]})
    >>> Sales()["sold"].tolist(), "price" in Sales()
    ([3, 5], False)
    >>> print(Sales().to_csv())
    item,sold
    tea,3
    milk,5
    <BLANKLINE>
    """

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return the table."""

    def to_pandas(self) -> pd.DataFrame:
        """Return the table, as `to_frame` does: the name that other libraries have for it."""
        return self.to_frame()

    def to_csv(self, path: str | Path | None = None, *, index: bool | None = None) -> str | None:
        r"""Write the table as CSV, whole or not at all; without a path, return the text.

        Text that a spreadsheet would take for a formula gets an apostrophe in front.

        Parameters
        ----------
        path : path, optional
        index : bool, optional
            Whether the labels of the rows become columns; where left out, labels do, and mere numbers of rows do not.

        >>> import tempfile
        >>> from shared.evaluation.leakage.report import LeakReport
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     LeakReport("model", (), ()).to_csv(f"{folder}/leaks.csv")
        ...     (Path(folder) / "leaks.csv").read_text().count("\n")
        1
        """
        import pandas as pd

        frame = self.to_frame()
        numbered = isinstance(frame.index, pd.RangeIndex)
        if index or (index is None and not numbered):
            frame = frame.reset_index()
        written = table_bytes(frame, Path("table.csv"))
        if path is None:
            return written.decode()
        write_bytes(Path(path), written)
        return None

    def __getitem__(self, name: object) -> Any:
        frame = self.to_frame()
        if hasattr(name, "dtype") and getattr(name, "shape", None):  # which rows, as in found[found["lift"] > 2]
            return frame[name]
        lost = [one for one in (name if isinstance(name, list) else [name]) if one not in frame.columns]
        if lost:
            raise UnknownColumnError(
                f"{type(self).__name__} has no column {shorten(repr(lost[0]))}; {nearest(lost[0], map(str, frame))}"
            )
        return frame[name]

    def __contains__(self, name: object) -> bool:
        return name in self.to_frame().columns

    # Whoever loops wants rows or columns, and would have to guess which: `to_frame()` tells.
    __iter__: Any = None


class UnknownColumnError(HexadError, KeyError):
    """A table has no column of that name.

    >>> issubclass(UnknownColumnError, KeyError)
    True
    """

    __str__ = HexadError.__str__


class Result(Tabular):
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

        found = ((one.name, getattr(self, one.name)) for one in dataclasses.fields(self))  # type: ignore[arg-type]
        return pd.DataFrame([{name: value for name, value in found if isinstance(value, str | Number)}])

    def preview(self) -> pd.DataFrame:
        """Return the part of the table that a notebook shows."""
        return self.to_frame().head(SHOWN_ROWS)

    def count_rows(self) -> int:
        """Count the rows of the whole table, of which `preview` gives the first."""
        return len(self.to_frame())

    def _repr_html_(self) -> str:
        table, total = self.preview(), self.count_rows()
        numbered = list(table.index) == list(range(len(table)))
        cut = f"<p>{len(table):,} of {count_of(total, 'row')} shown.</p>" if len(table) < total else ""
        return f"<p>{escape(self.explain())}</p>{table.to_html(index=not numbered)}{cut}"


class Several(Result):
    """A result that is a list of things: it has a length, is looped over, and gives one by its number.

    >>> import pandas as pd
    >>> @dataclasses.dataclass(frozen=True, repr=False)
    ... class Finds(Several):
    ...     found: tuple = ()
    ...     def each(self):
    ...         return self.found
    ...     def explain(self):
    ...         return f"{len(self)} finds."
    ...     def to_frame(self):
    ...         return pd.DataFrame({"find": self.found})
    >>> finds = Finds(("a", "b", "c"))
    >>> len(finds), list(finds), finds[0], finds[-2:], finds["find"].tolist()
    (3, ['a', 'b', 'c'], 'a', ('b', 'c'), ['a', 'b', 'c'])
    """

    @abstractmethod
    def each(self) -> tuple[Any, ...]:
        """Return the things, in their order."""

    def __len__(self) -> int:
        return len(self.each())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.each())

    def __getitem__(self, name: object) -> Any:
        return self.each()[name] if isinstance(name, int | slice) else super().__getitem__(name)
