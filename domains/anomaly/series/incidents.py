"""Incidents: reported rows that lie together, with what happened in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from domains.anomaly.choice import check_budget, check_differences, counts
from domains.anomaly.figures import incident_lines
from domains.anomaly.series.looks import Look, Measure
from domains.anomaly.series.reading import values_of
from domains.anomaly.series.signs import KINDS
from shared.data.panel import Panel
from shared.errors import HexadError
from shared.result import OneLine, Several
from shared.text import count_of, format_number, format_stamp, sentences
from shared.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from shared.reporting.figures import Figure

__all__ = ["Incident", "Incidents", "Seen", "find_incidents"]

SHOWN = 20
# A row belongs to an incident where its value is at least this part as far off as the incident's farthest.
CLEAR = 0.25
ALIKE = 0.5  # part of a peak's evidence from which rows around it belong to it


@dataclass(frozen=True, repr=False)
class Incident(OneLine):
    """Rows of one series that are reported together.

    Attributes
    ----------
    series : object
        Its key; None where there is one series without a key.
    start, end, peak : object
        Stamps of its first and last row, and of the oddest.
    n_rows : int
        From the first row to the last.
    kind : {"value", "stretch", "standstill"}
        What is odd: single values, the course of a stretch, or that nothing moves.
    column : str
        The column that is oddest at the peak.
    value, usual : float
        What it has there, and what it has where the rows around are most alike.
    rate : float
        Incidents a row that were as odd.
    evidence : float
        At the peak.
    text : str
        What happened, as a clause.

    >>> Incident(None, 3, 4, 3, 2, "value", "y", 9.0, 1.0, 0.01, 5.0, "y is 9").explain()
    '3 to 4: y is 9.'
    """

    series: object
    start: object
    end: object
    peak: object
    n_rows: int
    kind: str
    column: str
    value: float
    usual: float
    rate: float
    evidence: float
    text: str

    def explain(self) -> str:
        """Say when and where it was, and what happened."""
        name = "" if self.series is None else f"{self.series}, "
        span = [self.start, self.end]
        start, end = _brief(self.start, span), _brief(self.end, span)
        when = start if start == end else f"{start} to {end}"
        return f"{name}{when}: {self.text}."


@dataclass(frozen=True, repr=False)
class Incidents(Several):
    """What happened in some series, the oddest first.

    Attributes
    ----------
    incidents : tuple of Incident
    n_rows : int
        Rows that were looked at.
    rule : str
        How they were chosen, as a clause.
    notes : tuple of str
        What is worth knowing.
    rows : pandas.DataFrame
        Every row: key, stamp, columns, "evidence", "rate", "usual" and the number of its "incident", from 1; 0 for
        none.
    column : str
        What a picture shows.

    >>> Incidents((), 100, "the oddest").explain()
    'Nothing is reported in 100 rows, the oddest.'
    """

    incidents: tuple[Incident, ...]
    n_rows: int
    rule: str
    notes: tuple[str, ...] = ()
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    column: str = "y"

    def each(self) -> tuple[Incident, ...]:
        """Return them one by one."""
        return self.incidents

    def explain(self) -> str:
        """Say what happened, the first twenty one by one."""
        count = len(self.incidents)
        verb = "is" if count < 2 else "are"
        what = count_of(count, "incident") if count else "Nothing"
        head = f"{what} {verb} reported in {count_of(self.n_rows, 'row')}, {self.rule}."
        lines = [incident.explain() for incident in self.incidents[:SHOWN]]
        more = [f"And {count - SHOWN:,} more; see to_frame()."] if count > SHOWN else []
        told = [sentences(self.notes)] if self.notes else []
        return "\n".join([head, *lines, *more, *told])

    def to_frame(self) -> pd.DataFrame:
        """One row an incident: "series", "start", "end", "peak", "n_rows", "kind", "column", "value", "usual", ..."""
        names = list(Incident.__dataclass_fields__)
        return pd.DataFrame([[getattr(one, name) for name in names] for one in self.incidents], columns=names)

    def plot(self) -> Figure:
        """Draw the series of the oddest incident, with what is usual, and its incidents marked.

        Raises
        ------
        HexadError
            Nothing is reported.
        """
        if not self.incidents:
            raise HexadError("nothing is reported, so there is nothing to draw")
        first = self.incidents[0]
        rows = self.rows if first.series is None else self.rows[self.rows.iloc[:, 0] == first.series]
        stamps = rows.columns[0 if first.series is None else 1]
        return incident_lines(rows, stamps, self.column, "" if first.series is None else str(first.series))


@dataclass(frozen=True)
class Seen:
    """Rows of a panel with what was seen in them.

    Attributes
    ----------
    panel : Panel
    looks : tuple of (Look or None)
        One a series; None for those that are too short.
    measures : tuple of (Measure or None)
    filled : numpy.ndarray of bool, shape (n_rows,)
        Rows that were not observed, which are never reported.
    least : int
        Rows that a series is compared with, at the least.

    >>> Seen(None, (), (), np.zeros(0, dtype=bool), 0).looks
    ()
    """

    panel: Panel
    looks: tuple[Look | None, ...]
    measures: tuple[Measure | None, ...]
    filled: Bools
    least: int

    def join(self, name: str) -> Floats:
        """One array of all looks, with what says nothing for the series that are too short.

        Parameters
        ----------
        name : {"evidence", "rates", "parts", "usual"}
        """
        shape = {"parts": (3,), "usual": (1 + len(self.panel.exogenous),)}.get(name, ())
        blank = {"rates": 1.0, "usual": np.nan}.get(name, 0.0)
        found = np.full((len(self.panel.values), *shape), blank)
        for number, look in enumerate(self.looks):
            if look is not None:
                found[self.panel.rows_of(number)] = getattr(look, name)
        if name != "usual":
            found[self.filled] = blank
        return found

    def to_frame(self) -> pd.DataFrame:
        """Key, stamp and columns of every row in the user's order, with "evidence", "rate" and "usual"."""
        order = np.concatenate(
            [np.arange(len(self.panel.values))[self.panel.rows_of(i)] for i in self.panel.appearance]
        )
        frame = self.panel.to_frame()
        return frame.assign(
            evidence=self.join("evidence")[order],
            rate=self.join("rates")[order],
            usual=self.join("usual")[order, 0],
        )


def find_incidents(
    seen: Seen, *, budget: float, only: Mapping[str, str], least: Mapping[str, float], notes: tuple[str, ...] = ()
) -> Incidents:
    """Choose rows by budget, join those that lie together, and say what happened; see `SeriesDetector.find_incidents`.

    >>> from domains.anomaly import SeriesDetector
    >>> table = pd.DataFrame({"ds": range(100), "y": np.sin(np.arange(100.0))})
    >>> table.loc[60, "y"] = 9.0
    >>> SeriesDetector(random_state=0).scan(table, budget=1).incidents[0].peak
    60
    """
    check_budget(budget)
    columns = (seen.panel.columns.y, *seen.panel.exogenous)
    check_differences(only, least, columns)
    evidence, rates = seen.join("evidence"), seen.join("rates")
    told = list(notes)
    number = np.zeros(len(evidence), dtype=np.int64)
    if budget >= 1:
        rule = "the oddest"
        order = np.argsort(-evidence, kind="stable")
        candidates = order[evidence[order] > 0]
    else:
        rule = f"as odd as one in {1 / budget:,.0f} rows at the most"
        candidates = np.flatnonzero(rates <= budget)
        candidates = candidates[np.argsort(-evidence[candidates], kind="stable")]
        if seen.least < 1 / budget:
            told.append(
                f"series of {seen.least:,} rows cannot tell what comes once in {1 / budget:,.0f} rows: give a larger"
                " budget=, or a number of incidents"
            )
    groups = _join_rows(seen, candidates, evidence, int(budget) if budget >= 1 else None)
    found, passed = [], 0
    for rows in groups:
        incident, span = _describe(seen, rows, evidence, rates)
        gap = incident.value - incident.usual
        if incident.kind != "standstill" and not counts(incident.column, gap, only, least):
            passed += 1
            continue
        found.append(incident)
        number[span] = len(found)
    if passed:
        told.append(f"{count_of(passed, 'incident')} passed over, because of what was set in only= or least=")
    frame = seen.to_frame()
    order = np.concatenate([np.arange(len(number))[seen.panel.rows_of(i)] for i in seen.panel.appearance])
    return Incidents(
        tuple(found), len(evidence), rule, tuple(told), frame.assign(incident=number[order]), seen.panel.columns.y
    )


@dataclass
class _Group:
    """Reported rows that lie together."""

    series: int
    rows: list[int]
    first: int
    last: int
    peak: float

    def take_in(self, other: _Group) -> None:
        """Add the rows of another."""
        self.rows += other.rows
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


def _join_rows(seen: Seen, candidates: Ints, evidence: Floats, most: int | None) -> list[Ints]:
    """Reported rows of one series no further apart than a stretch; the oddest first, at most so many groups.

    Where groups are counted, rows that are far less odd than a group near by belong to none.
    """
    series = np.repeat(np.arange(seen.panel.n_series), seen.panel.lengths)
    groups: list[_Group] = []
    for row in candidates.tolist():
        new = _Group(int(series[row]), [row], row, row, float(evidence[row]))
        measure = seen.measures[new.series]
        apart = measure.window if measure is not None else 0
        near = [one for one in groups if one.series == new.series and one.first - apart <= row <= one.last + apart]
        if near and (most is None or new.peak >= ALIKE * near[0].peak):
            for other in [new, *near[1:]]:  # a row between two groups makes them one
                near[0].take_in(other)
            groups = [one for one in groups if not any(one is other for other in near[1:])]
        elif not near and len(groups) == most:
            break
        elif not near:
            groups.append(new)
    return [np.array(sorted(one.rows), dtype=np.int64) for one in groups]


def _describe(seen: Seen, rows: Ints, evidence: Floats, rates: Floats) -> tuple[Incident, slice]:
    """Find where an incident begins, ends and is oddest, and say what happened."""
    panel = seen.panel
    series = int(np.searchsorted(panel.indptr, rows[0], side="right") - 1)
    look, measure = seen.looks[series], seen.measures[series]
    if look is None or measure is None:
        raise HexadError("a series that is not watched has no incident")
    offset = int(panel.indptr[series])
    peak = int(rows[np.argmax(evidence[rows])])
    parts = look.parts[rows - offset]
    kind = _kind(*parts[:, 1:].max(axis=0))
    if kind != "stretch":
        peak = int(rows[np.argmax(parts[:, KINDS.index(kind)])])
    columns = (panel.columns.y, *panel.exogenous)
    values = values_of(panel, series)
    first, last = _span(look, measure, values, rows - offset, peak - offset, kind)
    begin, stop = offset + first, offset + last + 1
    gap = np.abs(values[first : last + 1] - look.usual[first : last + 1]) / measure.unit
    runs = look.signs.standstill[peak - offset]
    column = int(np.argmax(runs if kind == "standstill" else gap[peak - begin] if kind == "value" else gap.max(axis=0)))
    here = peak if kind != "stretch" else begin + int(np.argmax(gap[:, column]))
    name, value, usual = columns[column], float(values[here - offset, column]), float(look.usual[here - offset, column])
    own, its = values[first : last + 1, column], look.usual[first : last + 1, column]
    if kind == "standstill":
        text = f"{name} hardly moves for {count_of(stop - begin, 'row')} ({_range(own)})"
    elif last == first or kind == "value":
        shown = [_stamp(panel, series, row - offset) for row in (here, begin, stop - 1)]
        when = "" if last == first else f" at {_brief(shown[0], shown[1:])}"
        text = f"{name} is {format_number(value)}{when}, where {format_number(usual)} would be usual"
    else:
        text = f"{name} runs from {_range(own)}, where {_range(its)} would be usual"
    key = panel.keys[series] if panel.has_key else None
    start, end, at = (_stamp(panel, series, row - offset) for row in (begin, stop - 1, here))
    found = Incident(
        key, start, end, at, stop - begin, kind, name, value, usual, float(rates[peak]), float(evidence[peak]), text
    )
    return found, slice(begin, stop)


def _kind(value: float, standstill: float) -> str:
    """What is odd, by the most evidence of single values and of standstills, which explain the jumps at their ends."""
    if standstill > 0 and standstill >= ALIKE * value:
        return "standstill"
    return "value" if value > 0 else "stretch"


def _span(look: Look, measure: Measure, values: Floats, rows: Ints, peak: int, kind: str) -> tuple[int, int]:
    """First and last row of an incident: those around the peak that stand still, or whose own values are clear."""
    low, high = max(int(rows[0]) - measure.window + 1, 0), int(rows[-1])
    if kind == "standstill":
        column = int(np.argmax(look.signs.standstill[peak]))
        still = np.abs(np.diff(values[:, column])) / measure.unit[column] <= measure.tolerance[column]
        first, last = peak, peak
        while first > 0 and still[first - 1]:
            first -= 1
        while last < high and still[last]:
            last += 1
        return first, last
    signs = look.signs.value
    near = signs[low : high + 1]
    clear = low + np.flatnonzero(near >= max(look.clear, CLEAR * float(np.nanmax(near))))
    if kind == "value":
        clear = np.union1d(clear, peak)
    if not len(clear):
        return int(rows[0]), high
    home = int(np.searchsorted(clear, peak)) if kind == "value" else int(np.argmax(signs[clear]))
    gaps = np.diff(clear) > max(1, measure.window // 8)
    group = np.concatenate([[0], np.cumsum(gaps)])
    mine = clear[group == group[home]]
    return int(mine[0]), int(mine[-1])


def _stamp(panel: Panel, series: int, row: int) -> Any:
    ordinal = panel.starts[series] + row
    stamp = panel.frequency.to_pandas(panel.frequency.stamps(np.asarray([ordinal])), panel.unit).iloc[0]
    return stamp.item() if isinstance(stamp, np.generic) else stamp


def _brief(stamp: object, others: Iterable[object]) -> str:
    """A stamp as people read it, with its clock where another has one; its zone is that of the whole series."""
    clock = any(isinstance(one, pd.Timestamp) and one != one.normalize() for one in others)
    return format_stamp(stamp, clock=clock) if isinstance(stamp, pd.Timestamp) else str(stamp)


def _range(values: Floats) -> str:
    low, high = (format_number(one) for one in (np.nanmin(values), np.nanmax(values)))
    return low if low == high else f"{low} to {high}"
