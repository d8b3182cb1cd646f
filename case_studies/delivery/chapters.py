"""The chapters of the delivery report on the plan: its stops, other numbers of vehicles, and other rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.map_file import MAP_PAGE
from shared.reporting import Claim, Figure, Link, Table
from shared.text import count_of

from .answers import say_clock
from .results import Results
from .sayings import say_fewest, say_rules, say_simple, say_sure, say_windows, unit_of
from .settings import DeliverySettings
from .tables import Tables
from .timing import say_work

__all__ = ["plan_parts", "rule_parts", "size_parts", "stop_parts"]

LISTED = 12  # vehicles whose stops are listed


def plan_parts(results: Results, tables: Tables, settings: DeliverySettings, figures: list[Figure]) -> list[Any]:
    """The hours or maps that the first screen does not show, and a row a vehicle.

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> len(plan_parts(small.results, tables, small.settings, []))
    3
    """
    day, table = results.day, tables.kept["vehicles"]
    to_move = Link("The map to move about in, vehicle by vehicle", MAP_PAGE)
    if not len(table):
        return [*figures, to_move]
    shown = pd.DataFrame(
        {
            "leaves": table["leaves"],
            "is back": table["back"],
            "stops": table["stops"],
            "load": table["load"].astype(float),
            "way, km": table["length"] / 1000,
            "driving, min": table["driving"],
            "waiting, min": table["waits"].round(1),
        },
    ).set_index(pd.Index(table["vehicle"], name="vehicle"))
    if not day.stops["load"].any():
        shown = shown.drop(columns="load")
    if len(day.depots) > 1:
        shown.insert(0, "depot", table["depot"].to_numpy())
    keep = f", with {settings.margin:g} minutes of it in hand" if settings.margin else ""
    work = say_work(tables)
    return [
        Table(shown, "The vehicles, and how they spend their day.", name="vehicles", data=table),
        [
            *([] if work is None else [Claim.join(work, ".")]),
            f"Vehicles leave as late as they can, to wait little{keep}.",
        ],
        *figures,
        to_move,
    ]


def stop_parts(results: Results, load: str) -> list[Any]:
    """The stops of each vehicle in order, and those that are not served.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(stop_parts(small.results, "load"))
    2
    """
    plan, day = results.plans.best, results.day
    parts: list[Any] = [
        "“In hand” are the minutes that the vehicle may be later there before a stop of its round is late."
    ]
    rounds = plan.routes[["vehicle", "depot", "start", "end"]].head(LISTED)
    for vehicle, depot, start, end in rounds.itertuples(index=False):
        part = plan.stops[plan.stops["vehicle"] == vehicle]
        rows = part["stop"].to_numpy(dtype=int)
        shown = pd.DataFrame(
            {
                "arrives": [say_clock(one) for one in part["arrive"]],
                load or "load": part["load"].to_numpy(dtype=float),
                "window": [_say_window(results, row) for row in rows],
                "waits, min": part["wait"].to_numpy(dtype=float).round(),
                "in hand, min": results.slack[rows].round(),
            },
            index=pd.Index([day.names[row] for row in rows], name="stop"),
        )
        caption = (
            f"{vehicle}: {count_of(len(rows), 'stop')}, leaves at {say_clock(start)}, is back at {say_clock(end)}."
        )
        caption = caption.replace(", leaves", f", leaves {depot}") if len(day.depots) > 1 else caption
        without = [*([] if load else ["load"]), *([] if shown["waits, min"].any() else ["waits, min"])]
        name = str(vehicle).replace(" ", "-")
        parts.append(Table(shown.drop(columns=without), caption, name=f"stops-of-{name}", fold=True))
    if len(plan.routes) > LISTED:
        parts.append(f"The first {LISTED} of {len(plan.routes):,} vehicles; all are in plan.parquet.")
    if len(plan.unserved):
        names = [day.names[int(stop)] for stop in plan.unserved["stop"]]
        told = pd.DataFrame({"why": plan.unserved["why"].to_numpy()}, index=pd.Index(names, name="stop"))
        parts.append(Table(told, "Stops that nobody serves.", name="not-served"))
    return parts


def _say_window(results: Results, row: int) -> str:
    day = results.day
    early, late = float(day.stops["early"].iloc[row]), float(day.stops["late"].iloc[row])
    start = say_clock(early) if early > day.opens else ""
    end = say_clock(late) if day.windowed[row] else ""
    if start and end:
        return f"{start}–{end}"
    return f"from {start}" if start else f"until {end}" if end else ""


def size_parts(results: Results, tables: Tables, settings: DeliverySettings) -> list[Any]:
    """Other numbers of vehicles, and what the windows cost.

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> len(size_parts(small.results, tables, small.settings))
    4
    """
    table, doubt = tables.kept["sizes"], settings.usual_doubt
    shown = pd.DataFrame(
        {
            "stops left": table["lost"],
            unit_of(settings): table["cost"],
            "hours of work": table["hours"],
            "days with a late stop, %": 100 * table["days"],
        }
    ).set_index(pd.Index(table["vehicles"], name="vehicles"))
    told = f"Plans by the number of vehicles; days are those on which drives take {doubt:g} % longer. Low is good."
    spare = sum(results.day.counts) - len(results.plans.best.routes)
    free = "The search was free to use more vehicles: it found no shorter way with them."
    lost = bool(tables.kept["totals"]["served"].iloc[0] < (~results.day.hopeless).sum())
    more = [free] if settings.vehicles and spare > 0 and not lost else []
    first, windows = say_fewest(tables, results), say_windows(tables, results, settings)
    return [*filter(None, [first]), Table(shown, told, name="fleets", data=table), *more, *filter(None, [windows])]


def rule_parts(results: Results, tables: Tables, settings: DeliverySettings) -> list[Any]:
    """The plan beside rules of thumb and other searches.

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> len(rule_parts(small.results, tables, small.settings))
    4
    """
    table = tables.kept["ways"]
    shown = pd.DataFrame(
        {
            "vehicles": ["" if np.isnan(one) else f"{one:,.0f}" for one in table["vehicles"]],
            unit_of(settings): table["cost"],
            "more, %": 100 * table["more"],
        }
    ).set_index(pd.Index(table["how"], name="how"))
    told = (
        "“Nearest next” goes on to the nearest stop that can still be served, “soonest next” to the one that can be"
        " served soonest; “by direction” sorts stops around the depot; “savings” joins rounds while that saves a way"
        " (Clarke & Wright). All keep the same loads, windows and hours, and take as many vehicles as they need."
    )
    said = [one for one in (say_rules(tables, settings), say_simple(tables)) if one is not None]
    caption = "Other ways to plan this day: low is good; without a figure, more stops were left."
    return [*([said] if said else []), Table(shown, caption, name="ways", data=table), told, say_sure(tables, results)]
