"""The few exceptions of Hexad: what is wrong, where, how many, and how to fix it.

Checks gather every problem they find in a `Problems` list and raise once. All errors about input subclass
`ValueError`, so `except ValueError` keeps working. Rows are counted from 1, below the header.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from shared.environment import spell_install

__all__ = [
    "Argument",
    "CalibrationError",
    "DataError",
    "Fix",
    "HexadError",
    "HexadWarning",
    "MissingExtraError",
    "Problem",
    "Problems",
    "RepairWarning",
    "SettingsError",
    "StoreError",
    "printable",
    "quote",
    "require",
    "shorten",
]

MAX_NAMED = 5
MAX_TEXT = 60


class HexadError(ValueError):
    r"""Base of all errors that Hexad raises about what it was given.

    What was given may hold anything: characters that steer a terminal are shown as question marks.

    >>> issubclass(DataError, ValueError)
    True
    >>> print(HexadError("column 'a\x1b[2J' is missing"))
    column 'a?[2J' is missing
    """

    def __init__(self, *told: object) -> None:
        super().__init__(*(printable(one) if isinstance(one, str) else one for one in told))


class DataError(HexadError):
    """A table, a file or a series is not what it was said to be.

    Attributes
    ----------
    problems : tuple of Problem
        Every problem found, in order.

    >>> error = DataError("prices.csv", [Problem("2 values are missing", column="price", rows=(3, 9), count=2)])
    >>> print(error)
    prices.csv: column 'price': 2 values are missing (rows 3, 9).
    """

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(self.say(str))

    def say(self, spell: Callable[[Argument], str]) -> str:
        """Write the message for those who pass arguments in another way than Python's, such as a command line.

        Parameters
        ----------
        spell : callable
            From an argument to how it is written there; empty where there is no such thing.

        >>> fix = Fix("Give more rows", Fix(", or pass ", Argument("freq")), ".")
        >>> print(DataError("table", [Problem("there is one row", fix=fix)]).say(lambda argument: ""))
        table: there is one row. Give more rows.
        """
        shown = self.source.replace("\n", "?")  # the name of a file may hold anything
        if len(self.problems) == 1:
            return printable(f"{shown}: {self.problems[0].say(spell)}")
        lines = "\n".join(f"  {number}. {problem.say(spell)}" for number, problem in enumerate(self.problems, 1))
        return printable(f"{shown}: {len(self.problems)} problems.\n{lines}")

    def respell(self, spell: Callable[[Argument], str]) -> DataError:
        """Make the same error with other words for the arguments, for a function that takes them in another way.

        Fixes of which nothing changes keep their arguments as data.

        Parameters
        ----------
        spell : callable
            As in `say`.

        >>> fix = Fix("Give more rows", Fix(", or pass ", Argument("freq")), ".")
        >>> print(DataError("table", [Problem("there is one row", fix=fix)]).respell(lambda argument: ""))
        table: there is one row. Give more rows.
        """
        problems = []
        for problem in self.problems:
            fix = problem.fix.say(spell) if isinstance(problem.fix, Fix) else problem.fix
            problems.append(problem if fix == problem.fix else replace(problem, fix=fix))
        return type(self)(self.source, problems)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.source, self.problems)


class SettingsError(HexadError):
    """A setting is unknown, of the wrong type or out of range.

    >>> raise SettingsError("demand.toml: unknown setting 'horizn'; did you mean 'horizon'?")
    Traceback (most recent call last):
    ...
    shared.errors.SettingsError: demand.toml: unknown setting 'horizn'; did you mean 'horizon'?
    """


class CalibrationError(HexadError):
    """Intervals were asked for that the calibration data cannot support.

    >>> issubclass(CalibrationError, HexadError)
    True
    """


class StoreError(HexadError):
    """A stored file is torn, of another format or not to be trusted.

    >>> issubclass(StoreError, HexadError)
    True
    """


class MissingExtraError(ImportError):
    """A library of an extra is not installed.

    >>> print(MissingExtraError("mlxtend", "basket"))
    This needs the package 'mlxtend', which is not installed. Install it with: ...
    """

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        command = spell_install(extra, package)
        super().__init__(f"This needs the package '{package}', which is not installed. Install it with: {command}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.package, self.extra)


class HexadWarning(UserWarning):
    r"""Base of all warnings that Hexad gives; characters that steer a terminal are shown as question marks.

    >>> print(RepairWarning("left out 2 rows of 'a\x1b[2J'"))
    left out 2 rows of 'a?[2J'
    """

    def __init__(self, *told: object) -> None:
        super().__init__(*(printable(one) if isinstance(one, str) else one for one in told))


class RepairWarning(HexadWarning):
    """Something was repaired because the caller asked for it; the text says what and where.

    >>> issubclass(RepairWarning, UserWarning)
    True
    """


@dataclass(frozen=True)
class Argument:
    """An argument that puts a problem right, as data: whoever shows the message writes it as its readers do.

    Parameters
    ----------
    name : str
        As in the functions that take it.
    value : str or bool, optional
        None where it is the reader's to choose.

    >>> print(Argument("repair", "interpolate"), Argument("accept_drift", True), Argument("tz"))
    repair="interpolate" accept_drift=True tz=
    """

    name: str
    value: str | bool | None = None

    def __str__(self) -> str:
        if isinstance(self.value, str):
            return f'{self.name}="{self.value}"'
        return f"{self.name}={'' if self.value is None else self.value}"


class Fix(str):
    """How to correct something: a sentence in which arguments are still known as such.

    Parameters
    ----------
    *parts : str, Argument or Fix
        In order. A `Fix` inside another is a clause that can be left out where its arguments have no counterpart.

    >>> print(Fix("Add the rows, or pass ", Argument("repair", "interpolate"), "."))
    Add the rows, or pass repair="interpolate".
    """

    __slots__ = ("parts",)
    parts: tuple[str | Argument, ...]

    def __new__(cls, *parts: str | Argument) -> Fix:
        """Join the parts as Python writes them, and keep them."""
        made = super().__new__(cls, "".join(map(str, parts)))
        made.parts = parts
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Fix, self.parts

    def say(self, spell: Callable[[Argument], str]) -> str:
        """Write it with other words for the arguments; see `DataError.say`.

        Parameters
        ----------
        spell : callable
            From an argument to how it is written; empty where there is no such thing.

        >>> Fix("Pass ", Argument("dates", "day-first"), ".").say(lambda argument: f"--{argument.name}")
        'Pass --dates.'
        """
        said = []
        for part in self.parts:
            text = part.say(spell) if isinstance(part, Fix) else spell(part) if isinstance(part, Argument) else part
            if isinstance(part, Argument) and not text:
                return ""
            said.append(text)
        return "".join(said)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and how to fix it.

    Parameters
    ----------
    what : str
        The finding, without a full stop.
    column : str, optional
        The column or series it is about.
    rows : tuple of int
        The first bad rows, counted from 1 below the header.
    count : int
        How many there are in all; 0 where counting makes no sense.
    fix : str
        What to do, a full sentence; a `Fix` where it names arguments.

    >>> print(Problem("3 values are negative", column="Demand", rows=(4, 8, 9), count=3, fix="Drop them."))
    column 'Demand': 3 values are negative (rows 4, 8, 9). Drop them.
    """

    what: str
    column: str | None = None
    rows: tuple[int, ...] = ()
    count: int = 0
    fix: str = ""

    def __str__(self) -> str:
        return self.say(str)

    def say(self, spell: Callable[[Argument], str]) -> str:
        """Write it as a sentence; see `DataError.say`.

        Parameters
        ----------
        spell : callable
            From an argument to how it is written; empty where there is no such thing.

        >>> Problem("rows are missing", fix=Fix("Pass ", Argument("repair", "fill"), ".")).say(lambda _: "--fill")
        'rows are missing. Pass --fill.'
        """
        fix = self.fix.say(spell) if isinstance(self.fix, Fix) else self.fix
        where = f"column {quote([self.column])}: " if self.column is not None else ""
        shown = self.rows[:MAX_NAMED]
        rows = ""
        if shown:
            more = max(self.count, len(self.rows)) > len(shown)
            rows = f" ({'row' if len(shown) == 1 and not more else 'rows'} {', '.join(map(str, shown))}"
            rows += ", ...)" if more else ")"
        end = "" if self.what.endswith("?") and not rows else "."
        return f"{where}{self.what}{rows}{end} {fix}".rstrip()


@dataclass
class Problems:
    """Gathers problems and raises them all at once.

    >>> problems = Problems("table")
    >>> problems.add("no rows", fix="Give at least one row.")
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    ...
    shared.errors.DataError: table: no rows. Give at least one row.
    """

    source: str
    found: list[Problem] = field(default_factory=list)

    def add(
        self,
        what: str,
        *,
        column: str | None = None,
        rows: Iterable[int] = (),
        count: int = 0,
        fix: str = "",
    ) -> None:
        """Note one problem; `rows` are counted from 1 and only the first few are kept."""
        first = tuple(int(row) for _, row in zip(range(MAX_NAMED + 1), rows, strict=False))
        self.found.append(Problem(what, column, first, count, fix))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)

    def __bool__(self) -> bool:
        return bool(self.found)

    def raise_if_any(self) -> None:
        """Raise one `DataError` with everything found; do nothing where nothing was found."""
        if self.found:
            raise DataError(self.source, self.found)


def printable(text: str) -> str:
    r"""Keep what can be shown, and the line ends before our own indented lines; the rest as question marks.

    >>> printable("a\tb\x1b\nhexad: all is well")
    'a?b??hexad: all is well'
    """
    if text.isprintable():
        return text
    lines = text.split("\n  ")
    return "\n  ".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)


def shorten(text: object, longest: int = MAX_TEXT) -> str:
    """Write anything in one line of bounded length.

    >>> shorten("x" * 100, 10)
    'xxxxxxx...'
    """
    try:
        written = printable(str(text)).replace("\n", "?")
    except (ValueError, OverflowError, NotImplementedError, RecursionError):  # numbers and stamps beyond writing
        written = f"a {type(text).__name__}"
    return written if len(written) <= longest else f"{written[: longest - 3]}..."


def quote(names: Iterable[object], *, longest: int = MAX_TEXT) -> str:
    """Name the first few things in quotes, each cut to a readable length.

    >>> quote(["a", "b"])
    "'a', 'b'"
    >>> quote(range(9))
    "'0', '1', '2', '3', '4', ..."
    """
    listed = list(names)
    texts = [f"'{shorten(name, longest)}'" for name in listed[:MAX_NAMED]]
    return ", ".join(texts) + (", ..." if len(listed) > MAX_NAMED else "")


def require(module: str, *, package: str, extra: str) -> None:
    """Raise `MissingExtraError` where a module of an extra is not installed.

    >>> require("numpy", package="numpy", extra="data")
    >>> require("no_such_module", package="no-such-package", extra="data")
    Traceback (most recent call last):
    ...
    shared.errors.MissingExtraError: This needs the package 'no-such-package', which is not installed. ...
    """
    try:
        found = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the parent of a dotted name is not there
        found = False
    if not found:
        raise MissingExtraError(package, extra)
