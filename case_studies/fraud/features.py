"""What a payment looks like beside the earlier ones of its card, and how to say it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly import Alerts, Reason
from shared.errors import shorten
from shared.text import count_of, format_number
from shared.typing import Floats, Ints

from .settings import PaymentColumns

__all__ = ["MADE", "add_history", "pick_columns", "put_in_words"]

# The columns that are made, and what each means.
MADE = {
    "hour": "hour of the day",
    "times_usual": "amount as a multiple of what the card usually paid before (geometric mean)",
    "hours_since_last": "hours since the card's last payment",
    "payments_in_last_hour": "payments of the card within the hour before",
    "new_country": "whether the card never paid in this country before",
    "new_category": "whether the card never paid for this sort of thing before",
}
HOUR = 3_600_000  # milliseconds
FIRST = "the first payment of the card"
NOTHING = "no column stands out"
# What a classifier adds to a reason: the chance without it, which stands in the table of reasons.
OTHERWISE = re.compile(r" \([^()]* if it were ordinary\)$")


def add_history(table: pd.DataFrame, columns: PaymentColumns) -> pd.DataFrame:
    """Add what each payment is beside the earlier ones of its card; later ones change nothing.

    Parameters
    ----------
    table : pandas.DataFrame
        Payments in the order of time.
    columns : PaymentColumns
        Without a card only the hour is added, without country or category not what is new in it.

    Returns
    -------
    pandas.DataFrame
        The same rows with the columns of `MADE`; all but the hour have gaps in the first payment of each card.

    >>> paid = pd.to_datetime(["2024-03-01 10:00", "2024-03-01 10:30", "2024-03-02 10:30"])
    >>> table = pd.DataFrame({"paid": paid, "card": "C1", "amount": [10.0, 40.0, 100.0], "country": ["AT", "AT", "TH"]})
    >>> made = add_history(table, PaymentColumns(category=""))
    >>> made["times_usual"].round(6).tolist(), made["payments_in_last_hour"].tolist(), made["new_country"].tolist()
    ([nan, 4.0, 5.0], [nan, 1.0, 0.0], [None, 'no', 'yes'])
    """
    made: dict[str, Any] = {"hour": table[columns.time].dt.strftime("%H:00").astype(object)}
    if not columns.card:
        return table.assign(**made)
    card = pd.Series(pd.factorize(table[columns.card])[0], index=table.index)
    first = (card.groupby(card).cumcount() == 0).to_numpy()
    clock = _to_milliseconds(table[columns.time])
    since = pd.Series(clock, index=table.index).groupby(card).diff().to_numpy()
    made["times_usual"] = _compare_amounts(table[columns.amount], card)
    made["hours_since_last"] = since / HOUR
    made["payments_in_last_hour"] = np.where(first, np.nan, _count_last_hour(card.to_numpy(), clock))
    for name, column in (("new_country", columns.country), ("new_category", columns.category)):
        if column:
            made[name] = _tell_new(table[column], card, first)
    return table.assign(**made)


def _to_milliseconds(time: pd.Series[Any]) -> Ints:
    """Milliseconds since the first stamp; a time zone's clock changes make no difference."""
    stamps = time.dt.tz_convert("UTC").dt.tz_localize(None) if time.dt.tz is not None else time
    return np.asarray((stamps - stamps.min()) // pd.Timedelta(1, "ms"), dtype=np.int64)


def _compare_amounts(amount: pd.Series[Any], card: pd.Series[Any]) -> Floats:
    """Amounts over the geometric mean of the card's earlier ones; refunds and zeros are no payments to compare."""
    logs = pd.Series(np.log(amount.astype(float).where(amount > 0)), index=amount.index)
    known = logs.notna()
    total = logs.fillna(0.0).groupby(card).cumsum() - logs.fillna(0.0)
    count = known.astype(int).groupby(card).cumsum() - known.astype(int)
    return np.asarray(np.exp(logs - total / count.where(count > 0)), dtype=float)


def _count_last_hour(card: Ints, clock: Ints) -> Ints:
    """Earlier payments of the same card within the hour before each."""
    order = np.lexsort((np.arange(len(card)), card))
    # One line of time for all cards, each far behind the last, so that one search finds the first payment within the
    # hour.
    line = card[order] * (clock.max(initial=0) + 2 * HOUR) + clock[order]
    found = np.empty(len(card), dtype=np.int64)
    found[order] = np.arange(len(card)) - np.searchsorted(line, line - HOUR, side="left")
    return found


def _tell_new(values: pd.Series[Any], card: pd.Series[Any], first: Any) -> pd.Series[Any]:
    """Say "yes" where a card has a value for the first time, "no" where again, nothing where that cannot be said."""
    code = pd.Series(pd.factorize(values)[0], index=values.index)
    new = (code.groupby([card, code]).cumcount() == 0).to_numpy()
    told = pd.Series(np.where(new, "yes", "no"), index=values.index, dtype=object)
    return told.where(~first & values.notna().to_numpy(), None)


def pick_columns(made: pd.DataFrame, columns: PaymentColumns) -> list[str]:
    """Columns that are looked at, of the table with its history.

    Parameters
    ----------
    made : pandas.DataFrame
        As `add_history` gives it.
    columns : PaymentColumns

    >>> pick_columns(pd.DataFrame({"paid": [], "amount": [], "land": []}), PaymentColumns(country="land", card=""))
    ['amount', 'land']
    """
    asked = [columns.amount, columns.category, columns.country, columns.merchant]
    return [name for name in [*asked, *MADE, *columns.features] if name in made.columns and name]


def put_in_words(alerts: Alerts, rows: pd.DataFrame, columns: PaymentColumns) -> Alerts:
    """Say the reasons of alerts in words of the card.

    Parameters
    ----------
    alerts : Alerts
    rows : pandas.DataFrame
        The payments that were looked at, with their history.
    columns : PaymentColumns

    >>> from domains.anomaly import Alert
    >>> reason = Reason("new_country", "yes", None, None, None, 1.0, "new_country is 'yes', as in 2 % of rows")
    >>> alerts = Alerts((Alert("P1", 0, 0.001, 7.0, (reason,)),), 1, "the oddest")
    >>> print(put_in_words(alerts, pd.DataFrame({"country": ["TH"]}), PaymentColumns()).explain())
    1 of 1 row is reported, the oddest.
    Row P1: country TH is new to the card.
    """
    told = []
    for alert in alerts.alerts:
        row = rows.iloc[alert.place]
        words = tuple(replace(reason, text=_say(reason, row, columns)) for reason in alert.reasons)
        told.append(replace(alert, reasons=words))
    return replace(alerts, alerts=tuple(told))


def _say(reason: Reason, row: pd.Series[Any], columns: PaymentColumns) -> str:
    if reason.column not in MADE or reason.text == NOTHING:
        return OTHERWISE.sub("", reason.text)
    source = {"new_country": columns.country, "new_category": columns.category}.get(reason.column, "")
    if source:
        return _say_known(source, row[source], reason.value)
    if reason.column == "hour":
        return OTHERWISE.sub("", reason.text).replace(
            f"hour is '{reason.value}'", f"paid in the hour from {reason.value}"
        )
    if pd.isna(row["hours_since_last"]):
        return FIRST
    if reason.value is None:
        return "its amount cannot be compared with earlier ones of the card"
    number = float(reason.value)  # type: ignore[arg-type]
    if reason.column == "times_usual":
        return f"{format_number(number, 2)} times what the card usually pays"
    if reason.column == "hours_since_last":
        return f"{_say_time(number)} after the card's last payment"
    return f"{count_of(int(number), 'other payment')} of the card within the hour before"


def _say_known(source: str, value: Any, new: object) -> str:
    """Say whether a country or category is new to the card."""
    if pd.isna(value):
        return f"{source} is missing"
    if new is None:
        return FIRST
    return f"{source} {shorten(str(value), 40)} is {'new' if new == 'yes' else 'known'} to the card"


def _say_time(hours: float) -> str:
    if hours < 1:
        return count_of(round(60 * hours), "minute")
    return count_of(round(hours), "hour") if hours < 48 else count_of(round(hours / 24), "day")
