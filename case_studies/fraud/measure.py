"""The figures of the fraud study, for comparing two runs."""

from __future__ import annotations

from domains.anomaly import Alerts

from .payments import Payments
from .trial import Comparison, Models, Saving

__all__ = ["metrics"]


def metrics(
    payments: Payments, models: Models, alerts: Alerts, comparison: Comparison | None, saving: Saving | None
) -> dict[str, float]:
    """The figures of the run."""
    found = {
        "payments learnt from": float(payments.n_learnt),
        "new payments": float(len(payments.new)),
        "alerts of the last day": float(len(alerts.alerts)),
    }
    if comparison is not None:
        for name, row in comparison.table.iterrows():
            found |= {f"{column}, {name}": float(row[column]) for column in comparison.table.columns[1:4]}
        found["lead in fraud found"] = comparison.lead[0]
    if models.classifier is not None:
        found["average precision of later rows"] = models.classifier.calibration_.average_precision
    if saving is not None:
        found |= {"looks that pay": float(saving.looked), "expected saving": saving.expected}
        if saving.realised is not None:
            found["realised saving"] = saving.realised
    return found
