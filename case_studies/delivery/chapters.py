"""The chapters of the delivery report on the plan: its stops, other numbers of vehicles, and other rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.map_file import MAP_PAGE
from shared.reporting import Figure, Link

from .answers import say_clock
from .fleets import count_lost
from .results import Results
from .sayings import percent, say_fewest, say_rules, say_sure, say_windows, unit_of, write_cost
from .settings import DeliverySettings
from .timing import say_work

__all__ = ["plan_parts", "rule_parts", "size_parts", "stop_parts"]

LISTED = 12  # vehicles whose stops are listed


def plan_parts(results: Results, settings: DeliverySettings, maps: list[Figure], timeline: Figure | None) -> list[Any]:
    """The map, the hours, and a row a vehicle.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(plan_parts(small.results, small.settings, [], None))
    5
    """
    plan, day = results.plans.best, results.day
    to_move = Link("The same map to move about in, vehicle by vehicle", MAP_PAGE)
    if not len(plan.routes):
        return [*maps, to_move]
    routes = plan.routes
    waits = plan.stops.groupby("vehicle")["wait"].sum().reindex(routes["vehicle"])
    shown = pd.DataFrame(
        {
            "leaves": [say_clock(one) for one in routes["start"]],
            "is back": [say_clock(one) for one in routes["end"]],
            "stops": routes["stops"],
            "load": [f"{one:,.6g}" for one in routes["load"]],
            "km": [f"{one / 1000:,.1f}" for one in routes["length"]],
            "minutes driven": [f"{one:,.0f}" for one in routes["driving"]],
            "waited": [f"{one:,.0f}" for one in waits],
        },
    ).set_index(pd.Index(routes["vehicle"], name="vehicle"))
    if not day.stops["load"].any():
        shown = shown.drop(columns="load")
    if len(day.depots) > 1:
        shown.insert(0, "depot", routes["depot"].to_numpy())
    keep = f", with {settings.margin:g} minutes of it in hand" if settings.margin else ""
    told = [say_work(plan), f"Vehicles leave as late as they can, to wait little on the way{keep}."]
    return [*maps, to_move, timeline, (shown, "The vehicles, and how they spend their day."), *filter(None, told)]


def stop_parts(results: Results, load: str) -> list[Any]:
    """The stops of each vehicle in order, and those that are not served.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(stop_parts(small.results, "load"))
    2
    """
    plan, day = results.plans.best, results.day
    parts: list[Any] = []
    for vehicle, depot in plan.routes[["vehicle", "depot"]].head(LISTED).itertuples(index=False):
        part = plan.stops[plan.stops["vehicle"] == vehicle]
        rows = part["stop"].to_numpy(dtype=int)
        shown = pd.DataFrame(
            {
                "arrives": [say_clock(one) for one in part["arrive"]],
                load or "load": [f"{one:,.6g}" for one in part["load"]],
                "window": [_say_window(results, row) for row in rows],
                "waits": [f"{one:.0f}" if one >= 0.5 else "" for one in part["wait"]],
                "in hand": [f"{one:.0f}" for one in results.slack[rows]],
            },
            index=pd.Index([day.names[row] for row in rows], name="stop"),
        )
        caption = f"{vehicle}, from {depot} and back." if len(day.depots) > 1 else f"{vehicle}."
        without = [*([] if load else ["load"]), *([] if shown["waits"].any() else ["waits"])]
        parts.append((shown.drop(columns=without), caption))
    if len(plan.routes) > LISTED:
        parts.append(f"The first {LISTED} of {len(plan.routes):,} vehicles; all are in plan.parquet.")
    if len(plan.unserved):
        names = [day.names[int(stop)] for stop in plan.unserved["stop"]]
        told = pd.DataFrame({"why": plan.unserved["why"].to_numpy()}, index=pd.Index(names, name="stop"))
        parts.append((told, "Stops that nobody serves."))
    return [*parts, "“In hand” are the minutes that the vehicle may be later there before a stop of its round is late."]


def _say_window(results: Results, row: int) -> str:
    day = results.day
    early, late = float(day.stops["early"].iloc[row]), float(day.stops["late"].iloc[row])
    start = say_clock(early) if early > day.opens else ""
    end = say_clock(late) if day.windowed[row] else ""
    return f"{start}–{end}" if start or end else ""


def size_parts(results: Results, settings: DeliverySettings) -> list[Any]:
    """Other numbers of vehicles, and what the windows cost.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(size_parts(small.results, small.settings))
    4
    """
    day, doubt = results.day, settings.usual_doubt
    rows = []
    for n, plan in results.plans.sizes.items():
        late = next(one for one in results.sizes[n] if np.isclose(one.slower, doubt))
        work = float((plan.routes["end"] - plan.routes["start"]).sum())
        rows.append(
            (
                f"{n:,}",
                f"{count_lost(day, plan):,}",
                write_cost(results.cost(plan)),
                f"{work / 60:.1f}",
                percent(late.days),
            )
        )
    names = ["vehicles", "stops left", unit_of(settings), "hours of work", "days with a late stop"]
    shown = pd.DataFrame(rows, columns=names).set_index("vehicles")
    told = f"Plans by the number of vehicles; days are those on which drives take {doubt:g} % longer."
    spare = sum(day.counts) - len(results.plans.best.routes)
    free = "The search was free to use more vehicles: it found no shorter way with them."
    more = [free] if settings.vehicles and spare > 0 and not count_lost(day, results.plans.best) else []
    return [say_fewest(results), (shown, told), *more, *filter(None, [say_windows(results, settings)])]


def rule_parts(results: Results, settings: DeliverySettings) -> list[Any]:
    """The plan beside rules of thumb and other searches.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> len(rule_parts(small.results, small.settings))
    4
    """
    plans = results.plans
    least = results.cost(plans.best)

    def row(name: str, vehicles: str, cost: float) -> tuple[str, str, str, str]:
        gap = f"{100 * (cost - least) / least:+.1f} %" if least > 0 and np.isfinite(cost) else ""
        return name, vehicles, write_cost(cost) if np.isfinite(cost) else "left more stops", gap

    own = int(np.argmin(np.nan_to_num(plans.found, nan=np.inf)))
    names = [
        f"search {number}{': this plan' if place == own else ''}"
        for place, number in enumerate(range(1, len(plans.found) + 1))
    ]
    used = [f"{n:,}" for n in plans.used]
    rows = [row(*one) for one in zip(names, used, plans.found, strict=True)]
    rows += [row("PyVRP’s search", "", plans.rival)] if np.isfinite(plans.rival) else []
    rows += [row(f"by hand: {rule.name}", f"{rule.vehicles:,}", rule.cost) for rule in results.rules]
    shown = pd.DataFrame(rows, columns=["how", "vehicles", unit_of(settings), "more"]).set_index("how")
    told = (
        "“Nearest next” goes on to the nearest stop that can still be served, “soonest next” to the one that can be"
        " served soonest; “by direction” sorts stops around the depot; “savings” joins rounds while that saves a way"
        " (Clarke & Wright). All keep the same loads, windows and hours, and take as many vehicles as they need."
    )
    return [
        *filter(None, [say_rules(results, settings)]),
        (shown, "Other ways to plan this day."),
        told,
        say_sure(results),
    ]
