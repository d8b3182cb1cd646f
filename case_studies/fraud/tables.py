"""The tables that the fraud report speaks from: alerts, what each way of ranking finds, and where looking pays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domains.anomaly import Alerts
from shared.reporting import Evidence

from .payments import Payments
from .settings import FraudSettings
from .trial import LEVEL, Comparison, Models, Saving

__all__ = ["Tables"]


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    alerts : pandas.DataFrame
        A row a payment of the last day to look at, the first one first.
    days : pandas.DataFrame
        A row a new day: its payments, and the fraud among them where that is known.
    ways : pandas.DataFrame
        A row a way of ranking: what it finds.
    curves : pandas.DataFrame
        A row a way and number of payments a day: the share of fraud found.
    lead : pandas.DataFrame
        One row, in percentage points: what the last way finds less what the first does, and its interval.
    saving : pandas.DataFrame
        One row: where looking pays.
    chances : pd.DataFrame
        A row a range of chances: payments held back, how many of them were fraud, and how many were expected to be.
    """

    alerts: pd.DataFrame
    days: pd.DataFrame
    ways: pd.DataFrame
    curves: pd.DataFrame
    lead: pd.DataFrame
    saving: pd.DataFrame
    chances: pd.DataFrame

    @classmethod
    def of(
        cls,
        payments: Payments,
        models: Models,
        alerts: Alerts,
        comparison: Comparison | None,
        saving: Saving | None,
        settings: FraudSettings,
    ) -> Tables:
        """Make them from the results."""
        none = pd.DataFrame()
        return cls(
            list_alerts(payments, alerts, settings),
            count_days(payments),
            none if comparison is None else comparison.table.rename(columns=_plain).rename_axis("way").reset_index(),
            none if comparison is None else list_curves(comparison),
            none if comparison is None else list_lead(comparison),
            none if saving is None else sum_saving(saving, len(np.unique(payments.new_day))),
            list_chances(models),
        )

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files; those without rows are left out."""
        names = ("alerts", "days", "ways", "curves", "lead", "saving", "chances")
        return {name: getattr(self, name) for name in names if len(getattr(self, name))}

    def rows(self, name: str, **where: object) -> Evidence:
        """Rows of one of the tables."""
        return Evidence(name, getattr(self, name), where)


def _plain(name: str) -> str:
    return name.replace(" ", "_")


def list_alerts(payments: Payments, alerts: Alerts, settings: FraudSettings) -> pd.DataFrame:
    """The alerts with when and what was paid; their place in the order counts from 1."""
    asked, last = settings.columns, payments.table.iloc[len(payments.table) - alerts.n_rows :]
    rows = last.iloc[[alert.place for alert in alerts.alerts]]
    frame = alerts.to_frame().astype({"row": str})
    frame.insert(0, "place", np.arange(1, len(frame) + 1))
    return frame.assign(
        time=rows[asked.time].to_numpy(),
        amount=rows[asked.amount].to_numpy(dtype=float),
        card=rows[asked.card].astype(str).to_numpy() if asked.card else "",
    )


def count_days(payments: Payments) -> pd.DataFrame:
    """Payments of each new day; fraud among them is missing where no label is known."""
    table = pd.DataFrame({"day": payments.new_day, "payments": 1})
    if payments.odd is not None:
        table["fraud"] = payments.new_odd.astype(int)
    table = table.groupby("day", as_index=False).sum()
    return table.assign(last=table["day"] == table["day"].max())


def list_curves(comparison: Comparison) -> pd.DataFrame:
    """Share of the fraud found by each way at each number of payments a day."""
    return pd.DataFrame(
        [
            {"way": name, "per_day": per_day, "found": float(share)}
            for name, curve in comparison.curves.items()
            for per_day, share in zip(comparison.budgets, curve, strict=True)
        ]
    )


def list_lead(comparison: Comparison) -> pd.DataFrame:
    """The lead of the way that knows most, and its interval, in percentage points."""
    lead, low, high = (100 * one for one in comparison.lead)
    return pd.DataFrame({"lead": [lead], "low": [low], "high": [high], "level": [LEVEL / 100]})


def sum_saving(saving: Saving, days: int) -> pd.DataFrame:
    """Where looking pays, in one row; what labels would have to tell is left out where they do not."""
    table = pd.DataFrame([{**vars(saving), "a_day": saving.looked / days}])
    return table.dropna(axis=1)


def list_chances(models: Models) -> pd.DataFrame:
    """What came of chances on the payments held back; nothing where no chances were learnt."""
    if models.classifier is None:
        return pd.DataFrame()
    table = models.classifier.calibration_.to_frame()
    table = table[table["rows"] > 0].reset_index(drop=True)
    return table.assign(fraud=(table["rows"] * table["odd"]).round(), expected=table["rows"] * table["chance"])
