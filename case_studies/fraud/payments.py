"""The payments of the fraud study: read, checked, in the order of time, with their history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly import LEAST_ROWS, find_odd
from shared.data.io.tables import TableReport
from shared.data.schema import Column, Schema
from shared.errors import Problems, quote
from shared.reporting import Run
from shared.typing import Bools, Ints

from .features import MADE, add_history, pick_columns
from .settings import FraudSettings

__all__ = ["Payments", "check_table", "number_days"]

# Fraudulent payments without which shares of what is found are too rough to be told.
FEW_ODD = 10


@dataclass(frozen=True)
class Payments:
    """Payments in the order of time, with their history.

    Attributes
    ----------
    table : pandas.DataFrame
        As read, with the columns of `MADE`; the index says what the payments are called.
    columns : list of str
        Those that are looked at.
    day : numpy.ndarray
        The day of each payment, as a number from 0.
    odd : numpy.ndarray of bool, optional
        Which ones are fraud, where that is known.
    n_learnt : int
        Payments learnt from, the first ones.

    >>> payments = Payments(pd.DataFrame({"amount": np.arange(10.0)}), ["amount"], np.arange(10) // 5, None, 6)
    >>> len(payments.new), payments.judged
    (4, False)
    """

    table: pd.DataFrame
    columns: list[str]
    day: Ints
    odd: Bools | None
    n_learnt: int

    @classmethod
    def read(cls, out: Run, settings: FraudSettings) -> tuple[Payments, FraudSettings, TableReport]:
        """Read the simulated table, or the user's own; return beside it the settings without roles that nothing fills.

        Raises
        ------
        DataError
            A column that was named is missing, the label has other than two values, or payments are too few.
        """
        own = settings.own_table() if out.data is not None else None

        def check(table: pd.DataFrame, source: str) -> None:
            check_table(table, settings, source)

        table, reading = out.load_table("cards", own, also=settings.columns.features, check=check)
        settings = settings.for_table(table.columns)
        asked = settings.columns
        table = _take_cards(table.sort_values(asked.time, kind="stable", ignore_index=True), settings)
        odd = find_odd(table[asked.label], asked.label, settings.odd, reading.source) if asked.label else None
        made = add_history(table, asked)
        names = table[asked.payment].astype(str) if asked.payment else pd.RangeIndex(1, len(table) + 1)
        made = made.set_axis(pd.Index(names, name=asked.payment or "payment"))
        day = number_days(table[asked.time])
        return cls(made, pick_columns(made, asked), day, odd, int(settings.learn_share * len(made))), settings, reading

    @property
    def learnt(self) -> pd.DataFrame:
        """What is looked at of the payments learnt from, without their names: of numbers, these would be a column."""
        return self.table[self.columns].iloc[: self.n_learnt].reset_index(drop=True)

    @property
    def new(self) -> pd.DataFrame:
        """What is looked at of the other ones."""
        return self.table[self.columns].iloc[self.n_learnt :]

    @property
    def new_day(self) -> Ints:
        """Days of the new ones."""
        return self.day[self.n_learnt :]

    @property
    def new_odd(self) -> Bools:
        """Which of the new ones are fraud."""
        assert self.odd is not None  # noqa: S101  # asked for where they are judged only
        return self.odd[self.n_learnt :]

    @property
    def judged(self) -> bool:
        """Whether enough of the new ones are known to be fraud to say how much is found."""
        return self.odd is not None and bool(FEW_ODD <= self.odd[self.n_learnt :].sum() < len(self.new))


def number_days(time: pd.Series[Any]) -> Ints:
    """Number the calendar days of stamps, from 0.

    >>> number_days(pd.Series(pd.to_datetime(["2024-03-01 23:00", "2024-03-02 01:00", "2024-03-05 00:00"]))).tolist()
    [0, 1, 4]
    """
    wall = time.dt.tz_localize(None) if time.dt.tz is not None else time
    return np.asarray((wall.dt.normalize() - wall.min().normalize()).dt.days, dtype=np.int64)


def _take_cards(table: pd.DataFrame, settings: FraudSettings) -> pd.DataFrame:
    """Every so many cards; of payments without a card, every so many payments."""
    card = settings.columns.card
    number: Ints = pd.factorize(table[card])[0] if card else np.arange(len(table))
    kept = np.flatnonzero(number % settings.every == 0)
    return table.iloc[kept].reset_index(drop=True)


def check_table(table: pd.DataFrame, settings: FraudSettings, source: str) -> None:
    """Refuse a table that lacks a label or a named feature, has too few rows, or a label of other than two values.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : FraudSettings
    source : str
        What it is called in messages.

    Raises
    ------
    DataError

    >>> paid = pd.date_range("2024-03-01", periods=20, freq="h")
    >>> check_table(pd.DataFrame({"paid": paid, "amount": 1.0}), FraudSettings(columns={"label": ""}), "paid.csv")
    Traceback (most recent call last):
    ...
    shared.errors.DataError: paid.csv: has 20 rows, of which 12 are learnt from: too few to call any of them rare. ...
    """
    problems = Problems(source)
    asked = settings.columns
    for role, names in {"label": [asked.label], "features": asked.features}.items():
        for name in names:
            if name and name not in table:
                Schema((Column(name, "text", setting=f"columns.{role}"),)).check(table, problems)
    if taken := [name for name in MADE if name in asked.features]:
        problems.add(f"{quote(taken)} is a name of what this study makes itself", fix="Name the column otherwise.")
    problems.raise_if_any()
    kept = _take_cards(table, settings.for_table(table.columns))
    learnt = int(settings.learn_share * len(kept))
    if learnt < LEAST_ROWS or len(kept) - learnt < 1:
        problems.add(
            f"has {len(kept):,} rows, of which {learnt:,} are learnt from: too few to call any of them rare",
            fix=f"Give more, so that at least {LEAST_ROWS} are learnt from.",
        )
    problems.raise_if_any()
    if asked.label:
        find_odd(table[asked.label], asked.label, settings.odd, source)
