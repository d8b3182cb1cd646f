"""The chapter of the delivery report on longer drives: who is late, with and without time in hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from shared.reporting import Claim, Table, given
from shared.reporting.charts import line_figure

from .answers import say_clock
from .results import Results
from .sayings import unit_of
from .settings import DeliverySettings
from .tables import Tables, share_of
from .timing import say_late, say_margin

__all__ = ["late_parts"]

TIGHT = 8  # stops with the least slack


def late_parts(results: Results, tables: Tables, settings: DeliverySettings) -> list[Any]:
    """Longer drives: how many are late, with and without a margin, and where there is least time in hand.

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> len(late_parts(small.results, tables, small.settings))
    6
    """
    day = results.day
    spread = (
        f"On each of {settings.days:,} simulated days every drive and every stop takes longer or shorter by chance"
        f" (lognormal, with spreads of {settings.drive_spread:g} and {settings.stop_spread:g}), and all drives by so"
        " many"
        " % more. Vehicles leave as planned and keep their order. These spreads are assumed, not measured: set yours."
    )
    late = say_late(tables, results, settings)
    if late is None or not day.windowed.any():
        return [*filter(None, [late]), _say_back(tables, settings)]
    lines, colours = {}, {}
    for margin, trial in results.trials.items():
        name = _name_margin(margin)
        lines[name] = ([one.slower for one in trial], [100 * one.days for one in trial])
        colours[name] = "accent" if margin == settings.margin else "second" if not margin else "third"
    figure = line_figure(
        lines,
        x_label="% that all drives take longer",
        y_label="% of days with a late stop",
        alt="Share of days with a late stop, by how much longer drives take.",
        title=_say_title(tables, settings),
        colours=colours,
    )
    rows = {"minutes in hand": [*results.trials], unit_of(settings): []}
    for margin, trial in results.trials.items():
        rows[unit_of(settings)].append(results.cost(results.plans.margins[margin]))
        for one in trial:
            rows.setdefault(f"late at +{one.slower:g} %, %", []).append(100 * one.late)
    shown = pd.DataFrame(rows).set_index("minutes in hand")
    caption = "Share of the stops with a window that are served too late, by the minutes kept in hand. Low is good."
    return [
        [late, *filter(None, [say_margin(tables, settings)])],
        figure,
        Table(shown, caption, name="lateness", data=tables.kept["lateness"]),
        spread,
        *_list_tight(results, settings),
        _say_back(tables, settings),
    ]


def _say_title(tables: Tables, settings: DeliverySettings) -> Claim:
    rows, doubt = tables.rows("lateness", margin=settings.margin), settings.slower[-1]
    share = share_of(rows.where(slower=doubt), "days")
    text = "With drives {longer} longer, some stop is late on {share} of days"
    return Claim.of(text, longer=given(doubt / 100, "%"), share=share)


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
            "left, min": rows.round(),
            f"late days at +{trial.slower:g} %, %": 100 * trial.by_stop[rows.index],
        }
    ).set_index(pd.Index([day.names[row] for row in rows.index], name="stop"))
    return [Table(shown, "Stops with little time left before the window ends.", name="tight-stops", fold=True)]


def _say_back(tables: Tables, settings: DeliverySettings) -> Claim:
    rows = tables.rows("lateness", margin=settings.margin)
    worst = rows.max("back", "%", digits=2)
    if not worst.value:
        return Claim("On none of these days is a vehicle back after the end of its working day.")
    return Claim.of(
        "With drives {slower} % longer, {worst} of the rounds end after the working day.",
        slower=rows.label_at("max", "back", "slower", decimals=0),
        worst=worst,
    )
