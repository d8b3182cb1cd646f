"""The chapter of the delivery report on longer drives: who is late, with and without time in hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.reporting.charts import line_figure
from shared.text import count_of

from .answers import say_clock
from .results import Results
from .sayings import percent, unit_of, write_cost
from .settings import DeliverySettings
from .timing import say_late, say_margin

__all__ = ["late_parts"]

TIGHT = 8  # stops with the least slack


def late_parts(results: Results, settings: DeliverySettings) -> list[Any]:
    """Longer drives: how many are late, with and without a margin, and where there is least time in hand.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(late_parts(small.results, small.settings))
    6
    """
    day = results.day
    spread = (
        f"On each of {settings.days:,} simulated days every drive and every stop takes longer or shorter by chance (lognormal,"
        f" with spreads of {settings.drive_spread:g} and {settings.stop_spread:g}), and all drives by so many % more."
        " Vehicles leave as planned and keep their order. These spreads are assumed, not measured: set yours."
    )
    if not day.windowed.any():
        return [say_late(results, settings), *_list_back(results)]
    lines = {
        _name_margin(margin): ([one.slower for one in trial], [100 * one.days for one in trial])
        for margin, trial in results.trials.items()
    }
    figure = line_figure(
        lines,
        x_label="% that all drives take longer",
        y_label="% of days with a late stop",
        alt="Share of days with a late stop, by how much longer drives take.",
        caption="Days on which some stop is served too late, by the minutes kept in hand.",
    )
    rows = [
        (
            _name_margin(margin),
            write_cost(results.cost(results.plans.margins[margin])),
            *(percent(one.late) for one in trial),
        )
        for margin, trial in results.trials.items()
    ]
    names = ["planned", unit_of(settings), *(f"late at +{one:g} %" for one in settings.slower)]
    shown = pd.DataFrame(rows, columns=names).set_index("planned")
    told = " ".join(filter(None, [say_late(results, settings), say_margin(results, settings)]))
    return [
        told,
        figure,
        (shown, "Share of the stops with a window that are served too late."),
        spread,
        *_list_tight(results, settings),
        *_list_back(results),
    ]


def _name_margin(margin: float) -> str:
    return f"{margin:g} minutes in hand" if margin else "to the last minute"


def _list_tight(results: Results, settings: DeliverySettings) -> list[Any]:
    plan, day = results.plans.best, results.day
    trial = next(one for one in results.trials[settings.margin] if np.isclose(one.slower, settings.usual_doubt))
    served = plan.stops.set_index(plan.stops["stop"].to_numpy(dtype=int))
    own = (day.stops["late"] - (served["arrive"] + served["wait"])).where(day.windowed).dropna()
    rows = own.sort_values(kind="stable").head(TIGHT)
    if not len(rows):
        return []
    shown = pd.DataFrame(
        {
            "vehicle": served["vehicle"].reindex(rows.index),
            "arrives": [say_clock(one) for one in served["arrive"].reindex(rows.index)],
            "window ends": [say_clock(one) for one in day.stops["late"].reindex(rows.index)],
            "minutes left": [f"{one:.0f}" for one in rows],
            f"days late at +{trial.slower:g} %": [percent(one) for one in trial.by_stop[rows.index]],
        }
    ).set_index(pd.Index([day.names[row] for row in rows.index], name="stop"))
    return [(shown, f"The {count_of(len(rows), 'stop')} with the least time left before the window ends.")]


def _list_back(results: Results) -> list[str]:
    trial = next(iter(results.trials.values()))
    worst = max(trial, key=lambda one: one.back)
    if not worst.back:
        return ["On none of these days is a vehicle back after the end of its working day."]
    return [f"At +{worst.slower:g} %, {percent(worst.back)} of the rounds end after the working day."]
