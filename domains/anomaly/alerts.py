"""Alerts: the rows worth looking at, each with its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from domains.anomaly.base import is_share
from domains.anomaly.choice import check_budget, check_differences, counts
from domains.anomaly.combined import CombinedDetector
from domains.anomaly.dismissals import Dismissals
from domains.anomaly.encoding import TableCode
from domains.anomaly.evidence import MOST_SCORES
from domains.anomaly.figures import reason_bars
from domains.anomaly.reasons import Explainer, Reason
from shared.checks import is_whole
from shared.errors import SettingsError
from shared.result import OneLine, Several
from shared.text import count_of, sentences
from shared.typing import Floats, Ints

if TYPE_CHECKING:
    from shared.reporting.figures import Figure

__all__ = ["Alert", "Alerts", "find_alerts"]

SHOWN = 20
# P-value above which a row that is reported, because many were asked for, is an ordinary one.
ORDINARY = 0.2


@dataclass(frozen=True, repr=False)
class Alert(OneLine):
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
    chance : float, optional
        That it is odd, where labels were learnt from.

    >>> Alert(7, 7, 0.001, 6.9, (Reason("a", 9.0, None, None, None, 1.0, "a is 9"),)).explain()
    'Row 7: a is 9.'
    """

    row: object
    place: int
    p_value: float
    evidence: float
    reasons: tuple[Reason, ...]
    chance: float | None = None

    def explain(self) -> str:
        """Say why the row is reported."""
        likely = "" if self.chance is None else f", odd with a chance of {100 * self.chance:.2g} %"
        return f"Row {self.row}{likely}: {'; '.join(reason.text for reason in self.reasons)}."


@dataclass(frozen=True, repr=False)
class Alerts(Several):
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

    def each(self) -> tuple[Alert, ...]:
        """Return them one by one."""
        return self.alerts

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
        """One row an alert: "row", "p_value", "evidence", "reason" (the first column), "share" (its part), "why".

        Where labels were learnt from, "chance" stands beside them.
        """
        names = ["row", "p_value", "evidence", "reason", "share", "why"]
        if any(alert.chance is not None for alert in self.alerts):
            names.insert(1, "chance")
        return pd.DataFrame(
            [
                {
                    "row": alert.row,
                    "chance": alert.chance,
                    "p_value": alert.p_value,
                    "evidence": alert.evidence,
                    "reason": alert.reasons[0].column,
                    "share": alert.reasons[0].share,
                    "why": "; ".join(reason.text for reason in alert.reasons),
                }
                for alert in self.alerts
            ],
            columns=names,
        )

    def plot(self) -> Figure:
        """Draw how often each column is the first reason."""
        return reason_bars([alert.reasons[0].column for alert in self.alerts])

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
    model: CombinedDetector,
    code: TableCode,
    frame: pd.DataFrame,
    *,
    budget: float | None,
    false_discoveries: float | None,
    n_reasons: int,
    only: dict[str, str],
    least: dict[str, float],
    dismissed: pd.DataFrame | None = None,
) -> Alerts:
    """Choose rows by budget or rate and give their reasons; see `AnomalyDetector.find_alerts`.

    >>> X = np.random.default_rng(0).normal(size=(100, 1))
    >>> frame = pd.DataFrame({"x": [0.0, 9.0]})
    >>> code = TableCode.of(pd.DataFrame({"x": X[:, 0]}))
    >>> model = CombinedDetector(random_state=0).fit(code.encode(pd.DataFrame({"x": X[:, 0]})))
    >>> asked = {"false_discoveries": None, "n_reasons": 1, "only": {}, "least": {}}
    >>> find_alerts(model, code, frame, budget=1, **asked).alerts[0].row
    1
    """
    _check(code, budget, false_discoveries, n_reasons, only, least)
    X = code.encode(frame)
    scores = -model.score_samples(X)
    p_values, evidence = model.scale_.p_values(scores), model.scale_.evidence(scores)
    explainer = Explainer(model, code)
    dismissals = _dismiss(explainer, dismissed)
    choice = _choose(model, scores, p_values, budget, false_discoveries)
    # Where a number of rows is asked for, others take the place of those that are left out.
    most = int(budget) if budget is not None and budget >= 1 else len(frame)
    candidates = choice.order if most < len(frame) and (only or least or dismissals.reasons) else choice.rows
    kept: list[Alert] = []
    skipped, muted = 0, 0
    for place in candidates:
        if len(kept) == most:
            break
        reasons = explainer.explain(frame.iloc[place], X[place], n_reasons)
        ordinary = p_values[place] > ORDINARY
        if ordinary:
            reasons = (replace(reasons[0], text="no column stands out"),)
        if not ordinary and dismissals.cover(reasons):
            muted += 1
        elif _counts(reasons[0], only, least):
            row = frame.index[place]
            kept.append(Alert(row, int(place), float(p_values[place]), float(evidence[place]), reasons))
        else:
            skipped += 1
    notes = list(choice.notes)
    if skipped:
        notes.append(f"{count_of(skipped, 'row')} passed over, because of what was set in only= or least=")
    if muted:
        notes.append(f"{count_of(muted, 'row')} passed over, because the like was dismissed")
    return Alerts(tuple(kept), len(frame), choice.rule, tuple(notes))


@dataclass(frozen=True)
class _Choice:
    """Rows by oddness, those that are to be reported, how they were chosen, and what is to be known."""

    order: Ints
    rows: Ints
    rule: str
    notes: tuple[str, ...] = ()


def _choose(
    model: CombinedDetector, scores: Floats, p_values: Floats, budget: float | None, rate: float | None
) -> _Choice:
    """Choose rows by a number of them, a share, or a rate of false discoveries."""
    order, n, known = np.argsort(-scores, kind="stable"), len(scores), len(model.scale_.scores)
    if rate is not None:
        rows = order[: _benjamini_hochberg(p_values[order], rate)]
        notes = ["this holds where the rows learnt from are ordinary"]
        if not len(rows) and 1 / (1 + known) > rate / max(n, 1):
            most = int(np.floor(rate * (1 + known)))
            fewer = f"ask about at most {count_of(most, 'row')} at a time, or " if most else ""
            notes.append(
                f"against the {known:,} rows that were held out no alert among {n:,} rows can be shown at this rate:"
                f" {fewer}give a higher rate, or a number of rows to look at (budget=)"
            )
        rule = f"so that at most {100 * rate:.3g} % of the alerts are ordinary rows"
        return _Choice(order, rows, rule, tuple(notes))
    if budget is not None and budget >= 1:
        return _Choice(order, order[: int(budget)], "the oddest")
    share = model.budget if budget is None else float(budget)
    threshold = model.scale_.threshold(share)
    rule = f"beyond the threshold that {100 * share:.3g} % of rows like those learnt from pass"
    few = (too_few_rows(known, share),) if np.isinf(threshold) else ()
    return _Choice(order, order[scores[order] > threshold], rule, few)


def _dismiss(explainer: Explainer, rows: pd.DataFrame | None) -> Dismissals:
    """The reasons of the rows that were dismissed."""
    if rows is None or not len(rows):
        return Dismissals(())
    X = explainer.code.encode(rows)
    return Dismissals(tuple(explainer.explain(rows.iloc[place], X[place], SHOWN) for place in range(len(rows))))


def too_few_rows(n_rows: int, share: float) -> str:
    """Say that a share cannot be told from so few rows, as a clause.

    >>> too_few_rows(50, 0.01)
    '50 rows learnt from cannot tell a share of 1 %: at least 99 are needed'
    """
    needed = int(np.ceil(1 / share)) - 1
    if needed > MOST_SCORES:
        return (
            f"a share of {100 * share:.3g} % cannot be told, since rows are compared with at most {MOST_SCORES:,} that"
            " were held out; give a number of rows instead (budget=)"
        )
    return f"{n_rows:,} rows learnt from cannot tell a share of {100 * share:.3g} %: at least {needed:,} are needed"


def _check(
    code: TableCode,
    budget: float | None,
    rate: float | None,
    n_reasons: int,
    only: dict[str, str],
    least: dict[str, float],
) -> None:
    if budget is not None and rate is not None:
        raise SettingsError("budget= and false_discoveries= are two promises; give one of them")
    if budget is not None:
        check_budget(budget)
    if rate is not None and not is_share(rate):
        raise SettingsError(f"false_discoveries={rate!r}: give a share between 0 and 1")
    if not is_whole(n_reasons, 1, 1000):
        raise SettingsError(f"n_reasons={n_reasons!r}: give a whole number from 1 to 1,000")
    numbers = [column.name for column in code.columns if column.kind == "number"]
    check_differences(only, least, numbers, code.names)


def _benjamini_hochberg(ordered: Floats, rate: float) -> int:
    """Number of smallest p-values below the line (Benjamini and Hochberg 1995)."""
    below = np.flatnonzero(ordered <= rate * np.arange(1, len(ordered) + 1) / max(len(ordered), 1))
    return int(below[-1]) + 1 if len(below) else 0


def _counts(reason: Reason, only: dict[str, str], least: dict[str, float]) -> bool:
    """Whether a first reason counts, by its direction and its size; what is no number always does."""
    if reason.usual is None or not isinstance(reason.value, float):
        return True
    return counts(reason.column, reason.value - reason.usual, only, least)
