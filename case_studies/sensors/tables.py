"""The tables that the sensors report speaks from: incidents, gaps, sensors, planted faults and who found them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly import Incident, Incidents
from shared.reporting import Evidence
from shared.text import format_stamp

from .settings import SensorSettings
from .trial import Measurements, Trial

LEVEL = 0.95
NORMAL = 1.959964  # quantile of the normal distribution, for 95 % intervals


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    incidents : pandas.DataFrame
        A row an incident, the oddest first: its place, when it was and what happened.
    gaps : pandas.DataFrame
        A row a gap, with when it was in words.
    sensors : pandas.DataFrame
        A row a series: how many rows its grid has, and how many are looked at.
    faults : pandas.DataFrame
        A row a planted fault, and who found it.
    lead : pandas.DataFrame
        One row, in percentage points: faults found less those that the usual alarm finds, and the interval of that.
    """

    incidents: pd.DataFrame
    gaps: pd.DataFrame
    sensors: pd.DataFrame
    faults: pd.DataFrame
    lead: pd.DataFrame

    @classmethod
    def of(
        cls, measured: Measurements, later: pd.DataFrame, found: Incidents, trial: Trial, settings: SensorSettings
    ) -> Tables:
        """Make them from the results."""
        gaps = measured.gaps.astype({"series": str})
        spans = zip(gaps["from"], gaps["to"], strict=True)
        return cls(
            list_incidents(found, settings),
            gaps.assign(when=[say_when(first, last) for first, last in spans]),
            count_rows(measured, later, settings),
            trial.faults,
            compare_finds(trial.faults) if trial.looked else pd.DataFrame(),
        )

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files; those that were not made are left out."""
        always = {"incidents": self.incidents, "gaps": self.gaps, "sensors": self.sensors}
        return always | ({"faults": self.faults, "lead": self.lead} if len(self.faults) else {})

    def rows(self, name: str, **where: object) -> Evidence:
        """Rows of one of the tables."""
        return Evidence(name, getattr(self, name), where)


def list_incidents(found: Incidents, settings: SensorSettings) -> pd.DataFrame:
    """The incidents with their place in the order, when they were, and whether a named holiday lies in them."""
    frame = found.to_frame().astype({"series": str})
    frame.insert(0, "place", np.arange(1, len(frame) + 1))
    return frame.assign(
        sensor=["" if one.series is None else str(one.series) for one in found.incidents],
        when=[say_when(one.start, one.end) for one in found.incidents],
        what=[one.text for one in found.incidents],
        holiday=[touches_holiday(one, settings) for one in found.incidents],
    )


def count_rows(measured: Measurements, later: pd.DataFrame, settings: SensorSettings) -> pd.DataFrame:
    """Rows of each series, those looked at, and those that were not measured."""
    panel, key = measured.panel, settings.series.unique_id
    looked = later[key].astype(str).value_counts() if key in later else pd.Series({"": len(later)})
    names = [str(panel.keys[number]) if panel.has_key else "" for number in panel.appearance]
    lost = measured.gaps.astype({"series": str}).groupby("series")["rows"].sum()
    return pd.DataFrame(
        {
            "series": names,
            "rows": [int(panel.lengths[number]) for number in panel.appearance],
            "looked_at": [int(looked.get(name, 0)) for name in names],
            "not_measured": [int(lost.get(name, 0)) for name in names],
        }
    )


def compare_finds(faults: pd.DataFrame) -> pd.DataFrame:
    """Share of planted faults found less that of the usual alarm, with its 95 % interval, in percentage points.

    Parameters
    ----------
    faults : pandas.DataFrame
        A row a fault: "found" and "found_by_rule".

    Notes
    -----
    Paired shares, half a fault added to each of the four cells (Agresti and Min 2005, Statistics in Medicine 24).

    >>> finds = pd.DataFrame({"found": [True] * 9 + [False], "found_by_rule": [False] * 10})
    >>> compare_finds(finds).round(0).iloc[0].tolist()[:3]
    [90.0, 46.0, 100.0]
    """
    ours, rule = (faults[name].to_numpy(dtype=bool) for name in ("found", "found_by_rule"))
    only, missed, n = (ours & ~rule).sum() + 0.5, (rule & ~ours).sum() + 0.5, len(faults) + 2
    middle = (only - missed) / n
    spread = NORMAL * float(np.sqrt(only + missed - (only - missed) ** 2 / n)) / n
    lead = float(ours.mean() - rule.mean())
    low, high = max(-1.0, middle - spread), min(1.0, middle + spread)
    return pd.DataFrame({"lead": [100 * lead], "low": [100 * low], "high": [100 * high], "level": [LEVEL]})


def touches_holiday(incident: Incident, settings: SensorSettings) -> bool:
    """Whether a named holiday lies within an incident."""
    if not settings.holidays or not isinstance(incident.start, pd.Timestamp):
        return False
    days = pd.date_range(incident.start.normalize(), incident.end, freq="D").strftime("%Y-%m-%d")  # type: ignore[call-overload]
    return bool(set(days) & set(settings.holidays))


def say_when(start: Any, end: Any) -> str:
    """First and last stamp, without what is the same in both.

    >>> say_when(pd.Timestamp("2024-03-01 10:00"), pd.Timestamp("2024-03-01 12:00"))
    'Fri 1 Mar 2024, 10:00 to 12:00'
    """
    if not isinstance(start, pd.Timestamp) or not isinstance(end, pd.Timestamp):
        return f"{start}" if start == end else f"{start} to {end}"
    if start == end:
        return format_stamp(start)
    if start.normalize() == end.normalize():
        return f"{format_stamp(start.normalize())}, {start:%H:%M} to {end:%H:%M}"
    clock = start != start.normalize() or end != end.normalize()
    return f"{format_stamp(start, clock=clock)} to {format_stamp(end, clock=clock)}"
