"""Alerts: the rows worth looking at, each with its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shared.checks import is_whole, nearest
from shared.errors import SettingsError
from shared.result import Result
from shared.text import count_of, format_number, join_words, sentences
from shared.typing import Floats, Ints

if TYPE_CHECKING:
    from domains.anomaly.detector import AnomalyDetector
    from domains.anomaly.encoding import ColumnCode

__all__ = ["Alert", "Alerts", "Reason", "find_alerts"]

SHOWN = 20
# A column that carries a smaller part of the evidence than this is no reason of its own.
LEAST_PART = 0.1


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
class Alert:
    """A row that is reported.

    Attributes
    ----------
    row : object
        Its label in the table's index.
    place : int
        Its position in the table, from 0.
    p_value, evidence : float
    reasons : tuple of Reason
        The first carries most of the evidence.

    >>> Alert(7, 7, 0.001, 6.9, (Reason("a", 9.0, None, None, None, 1.0, "a is 9"),)).explain()
    'Row 7: a is 9.'
    """

    row: object
    place: int
    p_value: float
    evidence: float
    reasons: tuple[Reason, ...]

    def explain(self) -> str:
        """Say why the row is reported."""
        return f"Row {self.row}: {'; '.join(reason.text for reason in self.reasons)}."


@dataclass(frozen=True, repr=False)
class Alerts(Result):
    """The rows that are reported, the oddest first.

    Attributes
    ----------
    alerts : tuple of Alert
    n_rows : int
        Rows that were looked at.
    rule : str
        How they were chosen, as a clause.
    notes : tuple of str
        What is worth knowing.

    >>> Alerts((), 100, "beyond the threshold of 1 %").explain()
    'None of 100 rows is reported, beyond the threshold of 1 %.'
    """

    alerts: tuple[Alert, ...]
    n_rows: int
    rule: str
    notes: tuple[str, ...] = field(default=())

    def explain(self) -> str:
        """Say which rows are reported and why, the first twenty one by one."""
        count = len(self.alerts)
        verb = "is" if count in {0, 1} else "are"
        head = f"{f'{count:,}' if count else 'None'} of {count_of(self.n_rows, 'row')} {verb} reported, {self.rule}."
        lines = [alert.explain() for alert in self.alerts[:SHOWN]]
        more = [f"And {count - SHOWN:,} more; see to_frame()."] if count > SHOWN else []
        told = [sentences(self.notes)] if self.notes else []
        return "\n".join([head, *lines, *more, *told])

    def to_frame(self) -> pd.DataFrame:
        """One row an alert: "row", "p_value", "evidence", "reason" (the first column), "share" (its part), "why"."""
        return pd.DataFrame(
            [
                {
                    "row": alert.row,
                    "p_value": alert.p_value,
                    "evidence": alert.evidence,
                    "reason": alert.reasons[0].column,
                    "share": alert.reasons[0].share,
                    "why": "; ".join(reason.text for reason in alert.reasons),
                }
                for alert in self.alerts
            ],
            columns=["row", "p_value", "evidence", "reason", "share", "why"],
        )

    def reasons_to_frame(self) -> pd.DataFrame:
        """One row a reason: "row", "column", "value", "usual", "low", "high", "share", "text".

        >>> Alerts((), 100, "the oddest").reasons_to_frame().empty
        True
        """
        names = ["row", "column", "value", "usual", "low", "high", "share", "text"]
        return pd.DataFrame(
            [
                dict(
                    zip(
                        names,
                        (alert.row, one.column, one.value, one.usual, one.low, one.high, one.share, one.text),
                        strict=True,
                    )
                )
                for alert in self.alerts
                for one in alert.reasons
            ],
            columns=names,
        )


def find_alerts(
    detector: AnomalyDetector,
    rows: Any,
    *,
    budget: float | None,
    false_discoveries: float | None,
    n_reasons: int,
    only: dict[str, str],
    least: dict[str, float],
) -> Alerts:
    """Choose rows by budget or rate and give their reasons; see `AnomalyDetector.find_alerts`."""
    frame = detector.check_rows(rows)
    _check(detector, budget, false_discoveries, n_reasons, only, least)
    X = detector.code_.encode(frame)
    scores = -detector.model_.score_samples(X)
    p_values, evidence = detector.model_.scale_.p_values(scores), detector.model_.scale_.evidence(scores)
    order = np.argsort(-scores, kind="stable")
    notes = []
    if false_discoveries is not None:
        reported = order[: _benjamini_hochberg(p_values[order], false_discoveries)]
        rule = f"so that at most {100 * false_discoveries:.3g} % of the alerts are ordinary rows"
        notes.append("this holds where the rows learnt from are ordinary")
    elif budget is not None and budget >= 1:
        reported = order[: int(budget)] if len(order) else order
        rule = "the oddest"
    else:
        share = detector.budget if budget is None else float(budget)
        threshold = detector.model_.scale_.threshold(share)
        reported = order[scores[order] > threshold]
        rule = f"beyond the threshold that {100 * share:.3g} % of rows like those learnt from pass"
        if np.isinf(threshold):
            n = len(detector.model_.scale_.scores)
            notes.append(f"{n:,} rows learnt from cannot tell a share of {100 * share:.3g} %: at least"
                         f" {int(np.ceil(1 / share)) - 1:,} are needed")  # fmt: skip
    kept: list[Alert] = []
    skipped = 0
    whole = budget is not None and budget >= 1 and bool(only or least)
    for place in order if whole else reported:
        if whole and len(kept) == int(budget or 0):
            break
        alert = _explain_row(detector, frame, X, int(place), n_reasons, float(p_values[place]), float(evidence[place]))
        if _counts(alert.reasons[0], only, least):
            kept.append(alert)
        else:
            skipped += 1
    if skipped:
        verb = "is" if skipped == 1 else "are"
        notes.append(
            f"{count_of(skipped, 'row')} as odd {verb} not reported, because of what was set in only= or least="
        )
    return Alerts(tuple(kept), len(frame), rule, tuple(notes))


def _check(
    detector: AnomalyDetector,
    budget: float | None,
    rate: float | None,
    n_reasons: int,
    only: dict[str, str],
    least: dict[str, float],
) -> None:
    if budget is not None and rate is not None:
        raise SettingsError("budget= and false_discoveries= are two promises; give one of them")
    whole = is_whole(budget) or (isinstance(budget, float | np.floating) and budget >= 1 and budget == int(budget))
    if budget is not None and not whole and (isinstance(budget, bool) or not 0 < budget < 1):
        raise SettingsError(f"budget={budget!r}: give a number of rows, from 1 on, or a share below 1")
    if rate is not None and (isinstance(rate, bool) or not 0 < rate < 1):
        raise SettingsError(f"false_discoveries={rate!r}: give a share between 0 and 1")
    if not is_whole(n_reasons, 1, 1000):
        raise SettingsError(f"n_reasons={n_reasons!r}: give a whole number from 1 on")
    numbers = [column.name for column in detector.code_.columns if column.kind == "number"]
    for name in (*only, *least):
        if name not in numbers:
            raise SettingsError(f"'{name}' is no column of numbers learnt from; {nearest(name, numbers)}")
    if wrong := [way for way in only.values() if way not in {"higher", "lower"}]:
        raise SettingsError(f"only={wrong[0]!r}: there are 'higher' and 'lower'")


def _benjamini_hochberg(ordered: Floats, rate: float) -> int:
    """Number of smallest p-values below the line (Benjamini and Hochberg 1995)."""
    below = np.flatnonzero(ordered <= rate * np.arange(1, len(ordered) + 1) / max(len(ordered), 1))
    return int(below[-1]) + 1 if len(below) else 0


def _counts(reason: Reason, only: dict[str, str], least: dict[str, float]) -> bool:
    """Whether a first reason counts, by its direction and its size; what is no number always does."""
    if reason.usual is None or not isinstance(reason.value, float):
        return True
    gap = reason.value - reason.usual
    way = only.get(reason.column)
    return (way is None or (gap > 0) == (way == "higher")) and abs(gap) >= least.get(reason.column, 0.0)


def _explain_row(
    detector: AnomalyDetector, frame: pd.DataFrame, X: Floats, place: int, n_reasons: int, p: float, evidence: float
) -> Alert:
    """Give the columns that carry most of a row's evidence, each with what would have been usual."""
    features = detector.model_.explain(X[[place]])[0]
    parts = detector.code_.per_column(features[None])[0]
    total = parts.sum() or 1.0
    order = np.argsort(-parts, kind="stable")[:n_reasons]
    chosen = [
        k for k in order if parts[k] >= LEAST_PART * total and not _is_common(detector, frame.iloc[place], int(k))
    ]
    chosen = chosen or [int(order[0])]
    reasons = tuple(_reason(detector, frame.iloc[place], X[place], int(k), parts[k] / total) for k in chosen)
    return Alert(frame.index[place], place, p, evidence, reasons)


def _reason(detector: AnomalyDetector, row: Any, features: Floats, k: int, share: float) -> Reason:
    column = detector.code_.columns[k]
    own = np.flatnonzero(detector.code_.origin == k)
    value = row[column.name]
    n = column.n_rows
    if pd.isna(value):
        seen = column.n_missing
        text = "is missing, as it never was" if seen == 0 else f"is missing, as in {_share(seen, n)}"
        return Reason(column.name, None, None, None, None, float(share), f"{column.name} {text}")
    if column.kind == "number":
        return _number_reason(detector, column.name, float(value), features, own, float(share))
    if column.kind == "text":
        seen = column.count(str(value))
        told = f"'{value}', never seen before" if seen == 0 else f"'{value}', as in {_share(seen, n)}"
        return Reason(column.name, str(value), None, None, None, float(share), f"{column.name} is {told}")
    labels = _date_labels(column, value)
    rare = [label for label in labels if _is_rare(column, label)] or labels[:1]
    dated = [f"{'the hour of ' if ':' in label else 'a '}{label} ({_share(column.count(label), n)})" for label in rare]
    return Reason(column.name, value, None, None, None, float(share), f"{column.name} falls on {join_words(dated)}")


def _date_labels(column: ColumnCode, value: Any) -> list[str]:
    return [value.day_name(), *([f"{value.hour:02d}:00"] if column.clock else [])]


def _is_rare(column: ColumnCode, label: str) -> bool:
    """Whether a label is less than half as frequent as it would be if all of its sort were alike."""
    alike = sum((":" in one) == (":" in label) for one in column.labels) if column.kind == "datetime" else None
    return 2 * column.count(label) * (len(column.labels) if alike is None else alike) < column.n_rows


def _is_common(detector: AnomalyDetector, row: Any, k: int) -> bool:
    """Whether a value of text or a date says nothing by itself, and is no reason that a person would accept."""
    column = detector.code_.columns[k]
    value = row[column.name]
    if pd.isna(value) or column.kind == "number":
        return False
    labels = [str(value)] if column.kind == "text" else _date_labels(column, value)
    return not any(_is_rare(column, label) for label in labels)


def _share(count: int, of: int) -> str:
    if count < 0.001 * of or count <= 3:
        return f"{count:,} of {count_of(of, 'row')}"
    return f"{100 * count / of:.2g} % of rows"


def _number_reason(
    detector: AnomalyDetector, name: str, value: float, features: Floats, own: Ints, share: float
) -> Reason:
    """Compare a number with those of the nearest rows by all other columns."""
    model = detector.model_
    at = int(own[0])
    usual, low, high = _usual_values(detector, features, own)
    least, most = model.guard_.low[at], model.guard_.high[at]
    if value < least or value > most:
        said = f"beyond all {count_of(detector.n_rows_, 'row')} learnt from ({format_number(least, 3)} to {format_number(most, 3)})"
    elif usual > 0.1 * (high - low) and value >= 3 * usual:  # a multiple of what may as well be 0 says nothing
        said = f"{format_number(value / usual, 2)} times what similar rows have ({format_number(low, 3)} to {format_number(high, 3)})"
    elif not low <= value <= high:
        said = f"where similar rows have {format_number(low, 3)} to {format_number(high, 3)}"
    else:
        said = "which goes ill with the row's other values"
    return Reason(name, value, usual, low, high, share, f"{name} is {format_number(value, 3)}, {said}")


def _usual_values(detector: AnomalyDetector, features: Floats, own: Ints) -> tuple[float, float, float]:
    """Median of a column among the nearest references by all other columns, and where nine of ten of them lie."""
    near = detector.model_.neighbours_
    row = near.standardiser_.apply(features[None])[0]
    others = np.ones(len(row), dtype=bool)
    others[own] = False
    gaps = ((near.references_[others] - row[others, None]) ** 2).sum(axis=0)
    # What is standardised was cut off at some spreads, which no median sees.
    chosen = np.argsort(gaps, kind="stable")[: near.k_]
    at = int(own[0])
    spread = near.standardiser_.spread[at]
    scale = spread if np.isfinite(spread) else 0.0
    values = near.standardiser_.mean[at] + scale * near.references_[at, chosen].astype(float)
    low, middle, high = np.percentile(values, [5, 50, 95])
    return float(middle), float(low), float(high)
