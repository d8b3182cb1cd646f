"""The plan beside the user's own rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.town import add_columns
from domains.geodata import RoutePlan

from .day import Day
from .departures import measure_slack

__all__ = ["list_answers", "say_clock"]

DIGITS = 2


def say_clock(minutes: float) -> str:
    """Write minutes from midnight as a time of day, to the full minute.

    Parameters
    ----------
    minutes : float

    >>> say_clock(425.99), say_clock(1445.0)
    ('7:06', '24:05')
    """
    whole = round(minutes)
    return f"{whole // 60}:{whole % 60:02d}"


def list_answers(day: Day, plan: RoutePlan) -> pd.DataFrame:
    """The rows of the stops in the order of the day, with vehicle, place in its round, times, slack, and reasons.

    A column whose name the table has already is called "... (found)".

    Parameters
    ----------
    day : Day
        With the windows as they are asked for.
    plan : RoutePlan

    Returns
    -------
    pandas.DataFrame
        "vehicle", "position" (from 1), "arrival" and "departure" as times of day, "waiting" and "slack" in minutes, and
        "why" nobody serves it, beside the user's columns. The index is the row of the table, from 0.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> list_answers(small.day, small.plan)["stop"].tolist()
    ['c', 'b', 'a']
    """
    served = plan.stops.set_index(plan.stops["stop"].to_numpy(dtype=int))
    lost = plan.unserved.set_index(plan.unserved["stop"].to_numpy(dtype=int))
    order = [*served.index, *lost.index]
    answers: dict[str, Any] = {
        "vehicle": served["vehicle"].reindex(order),
        "position": served["position"].astype("Int64").reindex(order),
        "arrival": served["arrive"].map(say_clock).reindex(order),
        "waiting": served["wait"].round(DIGITS).reindex(order),
        "departure": served["leave"].map(say_clock).reindex(order),
        "slack": np.round(measure_slack(day, plan), DIGITS)[order],
        "why": lost["why"].reindex(order),
    }
    return add_columns(day.table.reset_index(drop=True).loc[order], **answers)
