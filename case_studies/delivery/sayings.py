"""Sentences of the delivery report, each made of figures that were worked out elsewhere."""

from __future__ import annotations

import numpy as np

from domains.geodata import RoutePlan
from shared.text import count_of, join_words

from .answers import say_clock
from .day import Day
from .fleets import count_lost
from .results import Results
from .settings import DeliverySettings

__all__ = [
    "hours",
    "percent",
    "say_cost",
    "say_fewest",
    "say_plan",
    "say_rules",
    "say_sure",
    "say_unserved",
    "say_windows",
    "unit_of",
    "write_cost",
]

TOLD = 3  # stops that are named on the first screen
MODES = {"drive": "driving", "bike": "riding"}


def percent(share: float) -> str:
    """Write a share; what is neither nothing nor all is not rounded to it.

    Parameters
    ----------
    share : float

    >>> percent(0.123), percent(0.0001), percent(0.9999), percent(1.0)
    ('12 %', '<1 %', '>99 %', '100 %')
    """
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def hours(minutes: float) -> str:
    """Write minutes as hours.

    Parameters
    ----------
    minutes : float

    >>> hours(90), hours(0)
    ('1.5 hours', '0.0 hours')
    """
    return f"{minutes / 60:.1f} hours"


def unit_of(settings: DeliverySettings) -> str:
    """What is kept least.

    Parameters
    ----------
    settings : DeliverySettings

    >>> unit_of(DeliverySettings()), unit_of(DeliverySettings(least="distance", fixed=3))
    ('minutes of driving', 'km, the use of vehicles included')
    """
    unit = "km" if settings.least == "distance" else f"minutes of {MODES[settings.mode]}"
    return f"{unit}, the use of vehicles included" if settings.fixed else unit


def write_cost(cost: float) -> str:
    """Write minutes or km, to a tenth where they are few.

    Parameters
    ----------
    cost : float

    >>> write_cost(12.34), write_cost(1234.5)
    ('12.3', '1,234')
    """
    return f"{cost:,.1f}" if cost < 1000 else f"{cost:,.0f}"


def say_cost(cost: float, settings: DeliverySettings) -> str:
    """Write what is kept least, with its unit.

    Parameters
    ----------
    cost : float
    settings : DeliverySettings

    >>> say_cost(12.34, DeliverySettings())
    '12.3 minutes of driving'
    """
    return f"{write_cost(cost)} {unit_of(settings)}"


def say_plan(day: Day, plan: RoutePlan, settings: DeliverySettings) -> str:
    """Say what to do: how many vehicles go, when, and how far.

    Parameters
    ----------
    day : Day
    plan : RoutePlan
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_plan(small.day, small.plan, small.settings)
    'Send 1 of 2 vehicles: it serves all 3 stops with 5 minutes of driving (2.4 km); ...'
    """
    routes, served = plan.routes, len(plan.stops)
    if not len(routes):
        return f"Send nobody: none of {count_of(len(day), 'stop')} can be served."
    all_of = f"{served:,} of " if served < len(day) else "all " if served > 1 else ""
    n, own = len(routes), sum(day.counts) if settings.vehicles else 0
    send = f"{n:,} of {count_of(own, 'vehicle')}" if own > n else count_of(n, "vehicle")
    it = "it serves" if n == 1 else "they serve"
    out, back = say_clock(routes["start"].min()), say_clock(routes["end"].max())
    return (
        f"Send {send}: {it} {all_of}{count_of(len(day), 'stop')} with"
        f" {routes['driving'].sum():,.0f} minutes of {MODES[settings.mode]} ({routes['length'].sum() / 1000:,.1f} km);"
        f" the first leaves at {out}, the last is back at {back}."
    )


def say_unserved(day: Day, plan: RoutePlan) -> str:
    """Say who is not served, and why, the most common reason first; nothing where all are.

    Parameters
    ----------
    day : Day
    plan : RoutePlan

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_unserved(small.day, small.plan)
    ''
    """
    lost = plan.unserved
    if not len(lost):
        return ""
    reasons = lost["why"].value_counts(sort=True)
    told, left = [], len(lost)
    for why, count in reasons.head(TOLD).items():
        names = [day.names[int(stop)] for stop in lost.loc[lost["why"] == why, "stop"].head(TOLD)]
        more = [f"{count - TOLD:,} more"] if count > TOLD else []
        told.append(f"{join_words([*names, *more])} ({why})")
        left -= int(count)
    others = [f"{left:,} for other reasons, listed below"] if left else []
    return f"{count_of(len(lost), 'stop')} not served: {'; '.join([*told, *others])}."


def say_rules(results: Results, settings: DeliverySettings) -> str:
    """Compare the plan with the best rule of thumb.

    Parameters
    ----------
    results : Results
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_rules(small.results, small.settings)
    'By hand, the best of four rules of thumb (...'
    """
    plan, n = results.plans.best, len(results.plans.best.routes)
    if not results.rules or not n or count_lost(results.day, plan):
        return ""
    best, cost = results.rules[0], results.cost(plan)
    more = f"{count_of(best.vehicles, 'vehicle')} and {say_cost(best.cost, settings)}"
    gap = f" ({100 * (best.cost - cost) / cost:+.0f} %)" if cost > 0 else ""
    return f"By hand, the best of four rules of thumb (“{best.name}”) needs {more}{gap}, within the same limits."


def say_fewest(results: Results) -> str:
    """Say how many vehicles are needed, and what one less leaves behind; nothing where no stop can be served.

    Parameters
    ----------
    results : Results

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_fewest(small.results)
    'One vehicle is enough.'
    """
    day, sizes = results.day, results.plans.sizes
    if day.hopeless.all():
        return ""
    lost = {n: count_lost(day, plan) for n, plan in sizes.items()}
    enough = [n for n, count in lost.items() if not count]
    if not enough:
        most = max(sizes)
        return f"Even {count_of(most, 'vehicle')} leave {count_of(lost[most], 'stop')} that one could serve alone."
    fewest, fewer = enough[0], [n for n in lost if n < enough[0]]
    if fewest == 1:
        return "One vehicle is enough."
    all_of = "that can be served" if day.hopeless.any() else "stops"
    told = f"{fewest:,} vehicles are the fewest found to serve all {all_of}"
    if not fewer:
        return f"{told}."
    one = fewer[-1]
    load, room = float(day.stops["load"][~day.hopeless].sum()), one * day.capacity
    why = f", as they carry {room:,.6g} of {load:,.6g}" if room < load else ""
    return f"{told}; {one:,} would leave {count_of(lost[one], 'stop')} unserved{why}."


def say_sure(results: Results) -> str:
    """Say how far searches differ.

    Parameters
    ----------
    results : Results

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_sure(small.results)
    'The plan is found by search, and not proven to be the least: ...'
    """
    plans = results.plans
    n, same = len(plans.found), int(np.isfinite(plans.found).sum())
    told = "The plan is found by search, and not proven to be the least"
    if n > 1:
        told += f": it is the best of {n} searches, of which the worst is {100 * plans.spread:.1f} % above it"
        told += (
            f", and {count_of(n - same, 'search').replace('searchs', 'searches')} left more stops" if same < n else ""
        )
    if np.isfinite(plans.rival):
        least = results.cost(plans.best)
        gap = 100 * (plans.rival - least) / least if least > 0 else 0.0
        told += f"; the search of PyVRP ends {abs(gap):.1f} % {'above' if gap >= 0 else 'below'} it"
    return f"{told}."


def say_windows(results: Results, settings: DeliverySettings) -> str:
    """Say what the windows cost.

    Parameters
    ----------
    results : Results
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_windows(small.results, small.settings)
    'If every stop could be served at any time, 1 vehicle would do ...'
    """
    free, best = results.plans.free, results.plans.best
    if not results.day.windowed.any() and (results.day.stops["early"] <= results.day.opens).all():
        return ""
    more, least, without = len(free.stops) - len(best.stops), results.cost(best), results.cost(free)
    also = f" and serve {count_of(more, 'stop')} more" if more > 0 else ""
    gap = f" ({100 * (without - least) / least:+.0f} %)" if least > 0 and not more else ""
    return (
        f"If every stop could be served at any time, {count_of(len(free.routes), 'vehicle')} would do with"
        f" {say_cost(without, settings)}{gap}{also}."
    )
