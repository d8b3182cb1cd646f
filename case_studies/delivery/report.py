"""The first screen of the delivery report, its doubts, and the figures of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from case_studies.common.report import add_comparison, too_few
from shared.reporting import Claim, Figure, Run
from shared.text import count_of, sentences

from .fleets import count_lost
from .reading import Order
from .results import Results
from .sayings import say_fewest, say_plan, say_rules, say_simple, say_sure, say_unserved
from .settings import DeliverySettings
from .tables import Tables, share_of
from .timing import say_late, say_work

FEW = 10  # stops, below which any order will do
OFTEN = 0.1  # share of days with a late stop, from which on that is a reason to doubt


def write_first_screen(
    run: Run, settings: DeliverySettings, order: Order, results: Results, tables: Tables, picture: Figure
) -> None:
    """What to do, how sure that is, and when not to believe it."""
    day = results.day
    run.report.subtitle = (
        f"{count_of(len(day), order.kind)}, {settings.start} to {settings.end}, on the map {order.map.source}."
    )
    unserved, fewest = say_unserved(tables, settings), say_fewest(tables, results)
    run.add_advice(say_plan(tables, settings), *([unserved] if unserved else []), *filter(None, [fewest]))
    late, simple = say_late(tables, results, settings), say_simple(tables)
    run.add_certainty(*filter(None, [say_rules(tables, settings) if tables.comparison is None else None, simple]))
    shares = [float(one.value) for one in late.numbers if one.statistic == "value"] if late is not None else []
    often = bool(shares) and shares[0] >= OFTEN
    if late is not None and not often:
        run.add_certainty(late)
    run.add_certainty(say_sure(tables, results))
    run.add_doubt(*([late] if late is not None and often else []), *_list_first(order, results, settings))
    _add_facts(run, settings, results, tables)
    run.show(picture)


def _add_facts(run: Run, settings: DeliverySettings, results: Results, tables: Tables) -> None:
    """Vehicles, driving, what is better than by hand, and how often a stop is late."""
    if not len(tables.kept["vehicles"]):
        return
    plan = say_plan(tables, settings)
    vehicles = tables.rows("vehicles").count("vehicle")
    run.add_fact(vehicles.text, f"for {len(results.plans.best.stops):,} of {count_of(len(results.day), 'stop')}", plan)
    km = tables.rows("totals").value("km", "km", decimals=1)
    run.add_fact(tables.rows("totals").value("minutes", "min", decimals=0).text, f"of driving, {km.text}", plan)
    simple = say_simple(tables)
    if simple is not None and tables.comparison is not None:
        item = replace(tables.comparison, against=f"{tables.comparison.against}, by hand")
        add_comparison(run, item, simple, "driving")
    elif simple is not None and tables.rule is not None:
        run.add_fact("No difference shown", f"in driving, against “{tables.rule.name}” by hand", simple)
    if results.day.windowed.any():
        rows = tables.rows("lateness", slower=settings.usual_doubt, margin=settings.margin)
        label = f"of days with a late stop, if drives take {settings.usual_doubt:g} % longer"
        run.add_fact(share_of(rows, "days").text, label, say_late(tables, results, settings))


def say_titles(tables: Tables) -> tuple[Claim, Claim]:
    """The findings of the map and of the hours.

    >>> from .sample import make_sample_tables
    >>> say_titles(make_sample_tables()[1])[0].text
    'The way of vehicle 1 is the longest: 2.4 km for 3 stops'
    """
    if not len(tables.kept["vehicles"]):
        return Claim("Nobody is served"), Claim("Nobody is served")
    rows = tables.rows("vehicles")
    far = Claim.of(
        "The way of {vehicle} is the longest: {km} for {stops} stops",
        vehicle=rows.label_at("max", "km", "vehicle"),
        km=rows.max("km", "km", decimals=1),
        stops=rows.label_at("max", "km", "stops", decimals=0),
    )
    return far, say_work(tables) or Claim("Nobody works")


def _list_first(order: Order, results: Results, settings: DeliverySettings) -> Iterator[str]:
    """Reasons not to believe it, for the first screen."""
    yield from too_few(len(results.day), FEW, "stops were given")
    yield order.made or "Where the table or the map is out of date."
    yield say_map(settings)


def say_map(settings: DeliverySettings) -> str:
    """What the map does not know, in the fewest words."""
    pace = "" if settings.pace == 1 else f", times {settings.pace:g}"
    if settings.mode == "bike":
        return f"Minutes are those at one speed on all streets{pace}, without hills, lights and parking."
    return f"Minutes are those of speed limits{pace}, without traffic, lights and parking."


def doubts(order: Order, results: Results, settings: DeliverySettings) -> list[Any]:
    """When not to believe it."""
    told: list[Any] = [*_list_first(order, results, settings)]
    told.append("Time how long some drives take, and say by --set pace=1.3 that they take 1.3 times as long.")
    if known := sentences([*order.map.notes, *order.streets.notes]):
        told.append(f"Of the map: {known} Turns cost no time.")
    told.append(
        "The way from the street to the door is part of the minutes of a stop. Breaks, reloading, loads that do not"
        " go together, and who knows which customer are not looked at."
    )
    if settings.least == "distance":
        told.append("Ways are the shortest, times those of the fastest ways: vehicles may need a little longer.")
    return told


def metrics(results: Results) -> dict[str, float]:
    """The figures of the run."""
    day, plans = results.day, results.plans
    plan, least = plans.best, results.cost(plans.best)
    enough = [n for n, one in plans.sizes.items() if not count_lost(day, one)]
    found = {
        "stops": float(len(day)),
        "served": float(len(plan.stops)),
        "vehicles": float(len(plan.routes)),
        "minutes driven": float(plan.routes["driving"].sum()),
        "km": float(plan.routes["length"].sum() / 1000),
        "minutes waited": float(plan.stops["wait"].sum()),
        "kept least": least,
        "spread of searches": plans.spread,
        "kept least without windows": results.cost(plans.free),
        "least slack": float(np.nanmin(results.slack)) if len(plan.stops) else 0.0,
        "fewest vehicles": float(enough[0]) if enough else -1.0,
    }
    fewer = [n for n in plans.sizes if enough and n < enough[0]]
    found["left by one vehicle less"] = float(count_lost(day, plans.sizes[fewer[-1]])) if fewer else 0.0
    for rule in results.rules:
        found |= {f"vehicles of {rule.name}": float(rule.vehicles), f"kept least of {rule.name}": rule.cost}
    for margin, trial in results.trials.items():
        for one in trial:
            found[f"days with a late stop, margin {margin:g}, +{one.slower:g} %"] = one.days
    return found
