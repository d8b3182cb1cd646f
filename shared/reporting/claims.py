"""Claims: sentences whose numbers are read off a table of the run, and say off which, so that anybody can do it again.

A claim is made from an `Evidence`, some rows of a table that the run keeps. It works the number out from those very
rows, writes it with its unit, and notes table, rows, column and statistic. A sentence is a template with such numbers
in it. Whoever reads the report, or a program, finds the claims as data in the page.
"""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from shared.errors import HexadError, quote
from shared.text import format_stamp, format_value

__all__ = ["Claim", "Evidence", "Number", "Said", "Verdict", "given", "list_sources", "plain_text"]

Verdict = Literal["better", "worse", "none", "too few", ""]
NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Number:
    """A number in a claim, and how it is got from a table.

    Attributes
    ----------
    text : str
        As people read it, with its unit.
    value : float or str
        The number itself; of a stamp or a name, its text.
    table : str
        Table of the run.
    statistic : str
        "mean", "sum", "min", "max", "median", "count", "share", "value"; "reduction", "ratio", "difference" and "wins"
        of two groups of rows; "at max" and "at min", the label where a column is largest or least; or "given", what no
        table holds.
    column : str
        That is read.
    where, against : mapping
        Values that the rows have; those of the rows compared with.
    by : str
        What pairs the rows of both groups.
    label : str
        Column whose value at the largest or least is told.
    scale : float
        What the value is multiplied by before it is written: 100 for percent.

    >>> Number("12 %", 0.12, "scores", "mean", "value").value
    0.12
    """

    text: str
    value: float | str
    table: str = ""
    statistic: str = "given"
    column: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    against: Mapping[str, Any] | None = None
    by: str = ""
    label: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Claim:
    """A sentence with numbers that can be worked out again.

    Attributes
    ----------
    text : str
        The sentence.
    numbers : tuple of Number
        In no particular order.
    verdict : str
        Of a comparison: "better", "worse", "none" where no difference is shown, "too few"; "" of others.
    detail : mapping
        What else a comparison says: estimate, lower, upper, wins, n.

    >>> rows = Evidence("sales", pd.DataFrame({"shop": ["a", "b"], "sold": [1200.0, 800.0]}))
    >>> Claim.of("Both sold {sum}, shop a {a}.", sum=rows.sum("sold"), a=rows.where(shop="a").sum("sold", unit="kg")).text
    'Both sold 2,000, shop a 1,200 kg.'
    """

    text: str
    numbers: tuple[Number, ...] = ()
    verdict: Verdict = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, template: str, verdict: Verdict = "", /, **numbers: Number | str) -> Claim:
        """Fill a template.

        Parameters
        ----------
        template : str
            With a name in braces for each number.
        verdict : str
            Of a comparison.
        **numbers : Number or str
            By name; plain words are let in, too, such as the name of a model.

        Raises
        ------
        HexadError
            A number is not in the template: a claim tells all that it rests on.
        """
        try:
            names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        except ValueError as error:
            raise HexadError(f"the claim {quote([template], longest=120)} is no template: {error}") from error
        if extra := sorted(set(numbers) - names):
            raise HexadError(f"the claim {quote([template], longest=120)} does not say {quote(extra)}")
        words = {name: one.text if isinstance(one, Number) else one for name, one in numbers.items()}
        found = tuple(one for one in numbers.values() if isinstance(one, Number))
        try:
            return cls(template.format(**words), found, verdict)
        except (KeyError, IndexError, ValueError) as error:
            raise HexadError(
                f"the claim {quote([template], longest=120)} cannot be filled ({error}); name in braces what is given:"
                f" {quote(words)}"
            ) from error

    @classmethod
    def join(cls, *parts: Said) -> Claim:
        """Put parts of a sentence together, claims or not, as they stand.

        Parameters
        ----------
        *parts : str or Claim

        >>> Claim.join("Sold: ", Claim("3 tons"), ".").text
        'Sold: 3 tons.'
        """
        claims = [part for part in parts if isinstance(part, Claim)]
        verdicts = {claim.verdict for claim in claims if claim.verdict}
        verdict = verdicts.pop() if len(verdicts) == 1 else ""
        return cls("".join(map(str, parts)), tuple(one for claim in claims for one in claim.numbers), verdict)

    def plain(self) -> dict[str, Any]:
        """The claim as data, as it stands in the page.

        >>> sorted(Claim("A.").plain())
        ['detail', 'numbers', 'text', 'verdict']
        """
        numbers = [{name: _plain(value) for name, value in asdict(one).items()} for one in self.numbers]
        return {"text": self.text, "verdict": self.verdict, "numbers": numbers, "detail": _plain(self.detail)}

    def __str__(self) -> str:
        return self.text


Said = str | Claim


def plain_text(*parts: Said) -> str:
    """Join sentences, claims or not, into a paragraph.

    >>> plain_text("One.", Claim("Two."))
    'One. Two.'
    """
    return " ".join(str(part) for part in parts if str(part))


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, str | int | bool | None) else str(value)


class Evidence:
    """Rows of a table that the run keeps, and what they show.

    Parameters
    ----------
    table : str
        Name under which the run keeps it.
    frame : pandas.DataFrame
        The whole table.
    where : mapping, optional
        Values that the rows have.

    >>> scores = pd.DataFrame({"model": ["a", "b", "a", "b"], "week": [1, 1, 2, 2], "error": [1.0, 2.0, 2.0, 3.0]})
    >>> rows = Evidence("scores", scores).where(model="a")
    >>> rows.mean("error", unit="MW").text, rows.reduction("error", model="b").text
    ('1.50 MW', '40 %')
    """

    def __init__(self, table: str, frame: pd.DataFrame, where: Mapping[str, Any] | None = None) -> None:
        self.table, self.frame, self._where = table, frame, dict(where or {})

    def where(self, **equal: object) -> Evidence:
        """Rows among these with certain values.

        Parameters
        ----------
        **equal
            Value by column; columns whose names are no words are given as ``**{"a b": 1}``.

        Raises
        ------
        HexadError
            The table has no such column.
        """
        return Evidence(self.table, self.frame, {**self._where, **equal})

    def _rows(self, column: str, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
        chosen = self._where if where is None else where
        keep = np.ones(len(self.frame), dtype=bool)
        for name, value in chosen.items():
            if name not in self.frame.columns:
                raise HexadError(f"the table {quote([self.table])} has no column {quote([name])}")
            keep &= self.frame[name].eq(value).fillna(False).to_numpy(dtype=bool)
        if column and column not in self.frame.columns:
            raise HexadError(f"the table {quote([self.table])} has no column {quote([column])}")
        found = self.frame.loc[keep]
        return found.loc[found[column].notna()] if column else found

    def _note(self, statistic: str, column: str, value: float | str, text: str, **more: Any) -> Number:
        return Number(text, value, self.table, statistic, column, dict(self._where), **more)

    def _number(
        self, statistic: str, column: str, value: float, unit: str, digits: int, decimals: int | None, **more: object
    ) -> Number:
        scale = 100.0 if unit == "%" else 1.0
        text = format_value(scale * value, unit, digits=digits, decimals=decimals)
        return self._note(statistic, column, value, text, scale=scale, **more)

    def _reduce(self, statistic: str, column: str, unit: str, digits: int, decimals: int | None) -> Number:
        rows = self._rows(column)
        if rows.empty:
            raise HexadError(f"no rows of {quote([self.table])} are as the claim wants them: {self._where}")
        value = float(getattr(rows[column].astype(float), statistic)())
        return self._number(statistic, column, value, unit, digits, decimals)

    def mean(self, column: str, unit: str = "", digits: int = 3, decimals: int | None = None) -> Number:
        """Mean of a column; the unit "%" writes a share in percent.

        Parameters
        ----------
        column : str
        unit : str
        digits : int
            Significant ones.
        decimals : int, optional
            In place of significant digits.
        """
        return self._reduce("mean", column, unit, digits, decimals)

    def sum(self, column: str, unit: str = "", digits: int = 3, decimals: int | None = None) -> Number:
        """Sum of a column; see `mean`.

        Parameters
        ----------
        column, unit : str
        digits, decimals : int
            See `mean`.
        """
        return self._reduce("sum", column, unit, digits, decimals)

    def max(self, column: str, unit: str = "", digits: int = 3, decimals: int | None = None) -> Number:
        """Largest value of a column; see `mean`.

        Parameters
        ----------
        column, unit : str
        digits, decimals : int
            See `mean`.
        """
        return self._reduce("max", column, unit, digits, decimals)

    def min(self, column: str, unit: str = "", digits: int = 3, decimals: int | None = None) -> Number:
        """Least value of a column; see `mean`.

        Parameters
        ----------
        column, unit : str
        digits, decimals : int
            See `mean`.
        """
        return self._reduce("min", column, unit, digits, decimals)

    def median(self, column: str, unit: str = "", digits: int = 3, decimals: int | None = None) -> Number:
        """Median of a column; see `mean`.

        Parameters
        ----------
        column, unit : str
        digits, decimals : int
            See `mean`.
        """
        return self._reduce("median", column, unit, digits, decimals)

    def count(self, thing: str = "", things: str | None = None) -> Number:
        """How many rows there are.

        Parameters
        ----------
        thing, things : str
            What a row is called, and several.
        """
        n = len(self._rows(""))
        word = "" if not thing else f" {thing if n == 1 else things or thing + 's'}"
        return self._note("count", "", n, f"{n:,}{word}")

    def value(self, column: str, unit: str = "", digits: int = 3, decimals: int | None = None) -> Number:
        """The value of the only row there is.

        Parameters
        ----------
        column, unit : str
        digits, decimals : int
            See `mean`.

        Raises
        ------
        HexadError
            There is none, or several.
        """
        rows = self._rows(column)
        if len(rows) != 1:
            raise HexadError(f"{len(rows)} rows of {quote([self.table])} are as the claim wants them, not one")
        found = rows[column].iloc[0]
        if isinstance(found, str | pd.Timestamp):
            text = format_stamp(found) if isinstance(found, pd.Timestamp) else found
            return self._note("value", column, str(found), text)
        return self._number("value", column, float(found), unit, digits, decimals)

    def label_at(
        self, extreme: Literal["max", "min"], column: str, label: str, unit: str = "", decimals: int | None = None
    ) -> Number:
        """What stands in another column where this one is largest or least: the hour of a peak, the name of the best.

        Parameters
        ----------
        extreme : {"max", "min"}
        column : str
        label : str
            The other column.
        unit : str
            Of what stands there, where that is a number.
        decimals : int, optional
        """
        rows = self._rows(column)
        if rows.empty:
            raise HexadError(f"no rows of {quote([self.table])} are as the claim wants them: {self._where}")
        if label not in rows.columns:
            raise HexadError(f"the table {quote([self.table])} has no column {quote([label])}")
        place = int(getattr(rows[column].to_numpy(dtype=float), f"arg{extreme}")())
        found = rows[label].iloc[place]
        if isinstance(found, float | int | np.number) and not isinstance(found, bool):
            return self._number(f"at {extreme}", column, float(found), unit, 3, decimals, label=label)
        text = format_stamp(found) if isinstance(found, pd.Timestamp) else str(found)
        return self._note(f"at {extreme}", column, str(found), text, label=label)

    def _means(self, column: str, against: Mapping[str, Any]) -> tuple[float, float, dict[str, Any]]:
        other = {**self._where, **against}
        first, second = self._rows(column), self._rows(column, other)
        if first.empty or second.empty:
            raise HexadError(f"no rows of {quote([self.table])} are as the claim wants them: {self._where}, {other}")
        return float(first[column].astype(float).mean()), float(second[column].astype(float).mean()), other

    def _compared(self, column: str, against: Mapping[str, Any]) -> tuple[float, float, dict[str, Any]]:
        mine, theirs, other = self._means(column, against)
        if theirs == 0:
            raise HexadError(
                f"the mean of {quote([column])} of the rows compared with is 0: no share of it can be told"
            )
        return mine, theirs, other

    def reduction(self, column: str, digits: int = 2, decimals: int | None = 0, **against: object) -> Number:
        """By what share the mean lies below that of other rows, in percent.

        Parameters
        ----------
        column : str
        digits, decimals : int
            See `mean`.
        **against
            Values that the other rows have in place of those of these.
        """
        mine, theirs, other = self._compared(column, against)
        return self._number("reduction", column, 1 - mine / theirs, "%", digits, decimals, against=other)

    def ratio(self, column: str, digits: int = 2, decimals: int | None = None, **against: object) -> Number:
        """How many times the mean is that of other rows; see `reduction`.

        Parameters
        ----------
        column : str
        digits, decimals : int
            See `mean`.
        **against
            See `reduction`.
        """
        mine, theirs, other = self._compared(column, against)
        return self._number("ratio", column, mine / theirs, "", digits, decimals, against=other)

    def difference(
        self, column: str, unit: str = "", digits: int = 3, decimals: int | None = None, **against: object
    ) -> Number:
        """The mean less that of other rows; see `reduction`.

        Parameters
        ----------
        column : str
        unit : str
        digits, decimals : int
            See `mean`.
        **against
            See `reduction`.
        """
        mine, theirs, other = self._means(column, against)
        return self._number("difference", column, mine - theirs, unit, digits, decimals, against=other)

    def wins(self, column: str, by: str, *, less: bool = True, thing: str = "", **against: object) -> Number:
        """In how many pairs the value lies below (or above) that of other rows.

        Parameters
        ----------
        column : str
        by : str
            What pairs the rows.
        less : bool
            Whether less is better.
        thing : str
            What a pair is called, in the plural: "47 of 52 weeks".
        **against
            Values that the other rows have in place of those of these.
        """
        other = {**self._where, **against}
        if by not in self.frame.columns:
            raise HexadError(f"the table {quote([self.table])} has no column {quote([by])}")
        pair = [rows.groupby(by, sort=False)[column].mean() for rows in (self._rows(column), self._rows(column, other))]
        both = pd.concat(pair, axis=1, join="inner").to_numpy(dtype=float)
        if not len(both):
            raise HexadError(
                f"no pairs of rows of {quote([self.table])} are as the claim wants them: {self._where}, {other}"
            )
        n = int(((both[:, 0] < both[:, 1]) if less else (both[:, 0] > both[:, 1])).sum())
        text = f"{n:,} of {len(both):,} {thing}".strip()
        statistic = "wins, less" if less else "wins, more"
        return self._note(statistic, column, n, text, against=other, by=by)


def given(value: float, unit: str = "", digits: int = 3, decimals: int | None = None) -> Number:
    """A number that no table holds: one of the settings, or of what is known beforehand.

    Parameters
    ----------
    value : float
    unit : str
        "%" writes a share in percent.
    digits, decimals : int
        See `Evidence.mean`.

    >>> given(0.05, "%").text
    '5 %'
    """
    scale = 100.0 if unit == "%" else 1.0
    return Number(format_value(scale * value, unit, digits=digits, decimals=decimals), value, scale=scale)


def list_sources(claims: Sequence[Claim]) -> pd.DataFrame:
    """Where the numbers of claims come from, for people: one row a number.

    Parameters
    ----------
    claims : sequence of Claim

    >>> rows = Evidence("sales", pd.DataFrame({"sold": [1.0, 2.0]}))
    >>> list_sources([Claim.of("Sold: {n}.", n=rows.sum("sold"))]).iloc[0].tolist()
    ['3', 'sum of sold', 'sales', 'all']
    """
    rows = []
    for claim in claims:
        for one in claim.numbers:
            if not one.table:
                continue
            chosen = ", ".join(f"{name} = {value}" for name, value in one.where.items()) or "all"
            if one.against is not None:
                other = {name: value for name, value in one.against.items() if one.where.get(name) != value}
                chosen += " against " + ", ".join(f"{name} = {value}" for name, value in other.items())
            told = f"{one.statistic} of {one.column}" if one.column else one.statistic
            rows.append((one.text, told, one.table, chosen))
    return pd.DataFrame(rows, columns=["number", "statistic", "table", "rows"]).drop_duplicates(ignore_index=True)
