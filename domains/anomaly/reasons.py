"""Why a row is odd: the columns that carry its evidence, each with what would have been usual, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly.combined import CombinedDetector
from domains.anomaly.encoding import ColumnCode, TableCode
from shared.errors import shorten
from shared.text import count_of, format_number, join_words
from shared.typing import Floats, Ints

__all__ = ["Explainer", "Reason"]

# A column that carries a smaller part of the evidence than this is no reason of its own.
LEAST_PART = 0.1
LONGEST = 60  # characters of a text that are shown


@dataclass(frozen=True)
class Reason:
    """One column's part in an alert.

    Attributes
    ----------
    column : str
    value : object
        As in the row; None where it is missing.
    usual : float or None
        What rows like this one have: the median of the nearest ones by all other columns; None but for numbers.
    low, high : float or None
        Nine of ten of them lie between these.
    share : float
        Part of the row's evidence, from 0 to 1.
    text : str
        The same as a clause.

    >>> Reason("amount", 900.0, 40.0, 10.0, 90.0, 0.9, "amount is 900").text
    'amount is 900'
    """

    column: str
    value: object
    usual: float | None
    low: float | None
    high: float | None
    share: float
    text: str


@dataclass(frozen=True)
class Explainer:
    """Gives the reasons of rows.

    Attributes
    ----------
    model : CombinedDetector
        Fitted.
    code : TableCode
        How tables become matrices.

    >>> frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=100)})
    >>> code = TableCode.of(frame)
    >>> model = CombinedDetector(random_state=0).fit(code.encode(frame))
    >>> odd = pd.DataFrame({"x": [9.0]})
    >>> Explainer(model, code).explain(odd.iloc[0], code.encode(odd)[0], 1)[0].text
    'x is 9, beyond all 100 rows learnt from (-2.33 to 2)'
    """

    model: CombinedDetector
    code: TableCode

    def explain(self, row: pd.Series[Any], features: Floats, n_reasons: int) -> tuple[Reason, ...]:
        """Give the columns that carry most of a row's evidence.

        Parameters
        ----------
        row : pandas.Series
            Plain values.
        features : numpy.ndarray of float64, shape (n_features,)
            The same, encoded.
        n_reasons : int
            At most.
        """
        parts = self.code.per_column(self.model.explain(features[None]))[0]
        total = parts.sum() or 1.0
        order = np.argsort(-parts, kind="stable")[:n_reasons]
        columns = self.code.columns
        chosen = [k for k in order if parts[k] >= LEAST_PART * total and not _is_common(columns[k], row)]
        return tuple(self.reason_of(row, features, int(k), float(parts[k] / total)) for k in chosen or [int(order[0])])

    def reason_of(self, row: pd.Series[Any], features: Floats, k: int, share: float) -> Reason:
        """Say of one column what it is, and what would be usual.

        Parameters
        ----------
        row : pandas.Series
            Plain values.
        features : numpy.ndarray of float64, shape (n_features,)
            The same, encoded.
        k : int
            Number of the column.
        share : float
            Its part of the evidence.
        """
        column = self.code.columns[k]
        name, value, n = column.name, row[column.name], column.n_rows
        if pd.isna(value):
            seen = column.n_missing
            text = "is missing, as it never was" if seen == 0 else f"is missing, as in {_share(seen, n)}"
            return Reason(name, None, None, None, None, share, f"{name} {text}")
        if column.kind == "number":
            return self._number_reason(name, float(value), features, np.flatnonzero(self.code.origin == k), share)
        if column.kind == "text":
            seen = column.count(str(value))
            shown = shorten(str(value), LONGEST)
            told = f"'{shown}', never seen before" if seen == 0 else f"'{shown}', as in {_share(seen, n)}"
            return Reason(name, str(value), None, None, None, share, f"{name} is {told}")
        labels = _date_labels(column, value)
        rare = [label for label in labels if _is_rare(column, label)] or labels[:1]
        dated = [
            f"{'the hour of ' if ':' in label else 'a '}{label} ({_share(column.count(label), n)})" for label in rare
        ]
        return Reason(name, value, None, None, None, share, f"{name} falls on {join_words(dated)}")

    def _number_reason(self, name: str, value: float, features: Floats, own: Ints, share: float) -> Reason:
        """Compare a number with those of the nearest rows by all other columns."""
        at = int(own[0])
        usual, low, high = self._usual_values(features, own)
        least, most = self.model.guard_.low[at], self.model.guard_.high[at]
        between = f"{format_number(low, 3)} to {format_number(high, 3)}"
        if least == most != value:
            said = f"where all {count_of(self.code.n_rows, 'row')} learnt from have {format_number(least, 3)}"
        elif value < least or value > most:
            reach = f"({format_number(least, 3)} to {format_number(most, 3)})"
            said = f"beyond all {count_of(self.code.n_rows, 'row')} learnt from {reach}"
        elif (next_to := self._next_to(value, at)) is not None:
            end, rows = "largest" if value == most else "smallest", count_of(self.code.n_rows, "row")
            said = f"the {end} of all {rows} learnt from; the next is {format_number(next_to, 3)}"
        elif value > high and value >= 3 * usual > 0.3 * (
            high - low
        ):  # a multiple of what may as well be 0 says nothing
            said = f"{format_number(value / usual, 2)} times what similar rows have ({between})"
        elif not low <= value <= high:
            said = f"where similar rows have {between}"
        else:
            said = "which goes ill with the row's other values"
        return Reason(name, value, usual, low, high, share, f"{name} is {format_number(value, 3)}, {said}")

    def _next_to(self, value: float, at: int) -> float | None:
        """The nearest of the other values to one that alone ends the range of its column, where it is far off."""
        guard = self.model.guard_
        for end, inner in ((guard.high[at], guard.inner_high[at]), (guard.low[at], guard.inner_low[at])):
            if value == end and abs(end - inner) > guard.inner_high[at] - guard.inner_low[at] > 0:
                return float(inner)
        return None

    def _usual_values(self, features: Floats, own: Ints) -> tuple[float, float, float]:
        """Median of a column among the nearest references by all other columns, and where nine of ten of them lie."""
        near, joint = self.model.neighbours_, self.model.joint_
        row = near.standardiser_.apply(features[None, joint])[0]
        others = ~np.isin(joint, own)
        gaps = ((near.references_[others] - row[others, None]) ** 2).sum(axis=0)
        # What is standardised was cut off at some spreads, which no median sees.
        chosen = np.argsort(gaps, kind="stable")[: near.k_]
        at = int(np.searchsorted(joint, own[0]))
        spread = near.standardiser_.spread[at]
        scale = spread if np.isfinite(spread) else 0.0
        values = near.standardiser_.mean[at] + scale * near.references_[at, chosen].astype(float)
        if scale > 0:  # single precision: digits beyond the fifth of a spread are none
            unit = 10.0 ** (np.floor(np.log10(scale)) - 5)
            values = np.round(values / unit) * unit
        low, middle, high = np.percentile(values, [5, 50, 95])
        return float(middle), float(low), float(high)


def _date_labels(column: ColumnCode, value: Any) -> list[str]:
    return [value.day_name(), *([f"{value.hour:02d}:00"] if column.clock else [])]


def _is_rare(column: ColumnCode, label: str) -> bool:
    """Whether a label is less than half as frequent as it would be if all of its sort were alike."""
    sort = [one for one in column.labels if column.kind == "text" or (":" in one) == (":" in label)]
    return 2 * column.count(label) * len(sort) < column.n_rows


def _is_common(column: ColumnCode, row: pd.Series[Any]) -> bool:
    """Whether a value of text or a date says nothing by itself, and is no reason that a person would accept."""
    value = row[column.name]
    if pd.isna(value) or column.kind == "number":
        return False
    labels = [str(value)] if column.kind == "text" else _date_labels(column, value)
    return not any(_is_rare(column, label) for label in labels)


def _share(count: int, of: int) -> str:
    if count < 0.001 * of or count <= 3:
        return f"{count:,} of {count_of(of, 'row')}"
    return f"{100 * count / of:.2g} % of rows"
