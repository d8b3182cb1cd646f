"""What the delivery report says on top and at its end, from results that are worked out elsewhere."""

from __future__ import annotations

import numpy as np

from shared.reporting import Run
from shared.text import count_of, sentences

from .fleets import count_lost
from .reading import Order
from .results import Results
from .sayings import percent, say_fewest, say_plan, say_rules, say_sure, say_unserved
from .settings import DeliverySettings
from .timing import say_late

FEW = 10  # stops, below which any order will do


def summary(run: Run, settings: DeliverySettings, order: Order, results: Results) -> None:
    """Sentences for a manager and the numbers behind them."""
    day, plan = results.day, results.plans.best
    run.report.subtitle = (
        f"{count_of(len(day), order.kind)}, {settings.start} to {settings.end}, on the map {order.map.source}."
    )
    run.add_summary(sentences_of(say_plan(day, plan, settings), say_rules(results, settings)))
    run.add_summary(*filter(None, [sentences_of(say_unserved(day, plan), _say_margin(results, settings))]))
    run.add_summary(*filter(None, [say_fewest(results)]))
    run.add_summary(sentences_of("How sure:", say_late(results, settings), say_sure(results)))
    run.add_summary(
        f"When not to believe it: {order.made or 'where the table or the map is out of date.'} {say_map(settings)}"
    )
    run.add_fact(f"{len(plan.routes):,}", f"vehicles for {len(plan.stops):,} of {count_of(len(day), 'stop')}")
    run.add_fact(
        f"{plan.routes['driving'].sum():,.0f} min", f"on the streets, {plan.routes['length'].sum() / 1000:,.1f} km"
    )
    if day.windowed.any():
        late = results.late(settings.margin, settings.usual_doubt)
        run.add_fact(percent(late.days), f"of days with a late stop, if drives take {settings.usual_doubt:g} % longer")
    if len(plan.stops):
        run.add_fact(f"{np.nanmin(results.slack):.0f} min", "in hand where there are fewest")


def sentences_of(*told: str) -> str:
    """Put sentences that are there one after the other.

    >>> sentences_of("One.", "", "Two.")
    'One. Two.'
    """
    return " ".join(text for text in told if text)


def _say_margin(results: Results, settings: DeliverySettings) -> str:
    """Whether stops are lost to the time in hand."""
    lost = len(results.plans.best.unserved) - len(results.plans.margins[0.0].unserved)
    if lost <= 0:
        return ""
    verb = "is" if lost == 1 else "are"
    return f"{lost:,} of these {verb} lost to the {settings.margin:g} minutes in hand: --set margin=0 plans without."


def say_map(settings: DeliverySettings) -> str:
    """What the map does not know, in the fewest words."""
    pace = "" if settings.pace == 1 else f", times {settings.pace:g}"
    if settings.mode == "bike":
        return f"Minutes are those at one speed on all streets{pace}, without hills, lights and parking."
    return f"Minutes are those of speed limits{pace}, without traffic, lights and parking."


def doubts(order: Order, results: Results, settings: DeliverySettings) -> list[str]:
    """When not to believe it."""
    told = [order.made] if order.made else []
    if len(results.day) < FEW:
        told.append(f"Only {count_of(len(results.day), 'stop')}: enough to see that it runs, too few to need a plan.")
    told.append(
        f"{say_map(settings)} Time how long some drives take, and say by --set pace=1.3 that they take 1.3 times"
        " as long."
    )
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
