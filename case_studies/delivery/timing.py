"""Sentences of the delivery report on time: how the hours are spent, and who is late if drives take longer."""

from __future__ import annotations

from domains.geodata import RoutePlan
from shared.text import count_of, join_words

from .results import Results
from .sayings import hours, percent, say_cost
from .settings import DeliverySettings

__all__ = ["say_late", "say_margin", "say_work"]


def say_late(results: Results, settings: DeliverySettings) -> str:
    """Say how often some stop is late if drives take longer, and what the margin does; nothing where none is served.

    Parameters
    ----------
    results : Results
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_late(small.results, small.settings)
    'If every drive takes 20 % longer than planned, ...'
    """
    if not len(results.plans.best.stops):
        return ""
    if not results.day.windowed.any():
        return "No stop has an end of its window, so that none can be late."
    doubt = settings.usual_doubt
    longer = f"If every drive takes {doubt:g} % longer than planned" if doubt else "If drives take as long as planned"
    own = results.late(settings.margin, doubt)
    told = f"{longer}, some stop is served too late on {percent(own.days)} of {settings.days:,} simulated days"
    if not settings.margin:
        return f"{told}."
    return (
        f"{told}; it would be on {percent(results.late(0.0, doubt).days)} without the {settings.margin:g} minutes that the"
        " plan keeps in hand before every window ends."
    )


def say_margin(results: Results, settings: DeliverySettings) -> str:
    """Say what the margin costs, and how many stops are late with it; nothing without one.

    Parameters
    ----------
    results : Results
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_margin(small.results, small.settings)
    'The time in hand costs next to nothing. ...'
    """
    if not settings.margin:
        return ""
    plans, own = results.plans, results.late(settings.margin, settings.usual_doubt)
    without = plans.margins[0.0]
    extra = results.cost(plans.best) - results.cost(without)
    lost = len(plans.best.unserved) - len(without.unserved)
    costs = f"{count_of(lost, 'stop')} that would be served without it" if lost > 0 else say_cost(extra, settings)
    told = f"costs {costs}" if lost > 0 or extra >= 0.05 else "costs next to nothing"
    return f"The time in hand {told}. With it, {percent(own.late)} of the stops with a window are served too late."


def say_work(plan: RoutePlan) -> str:
    """Say how the working hours are spent, and what that means.

    Parameters
    ----------
    plan : RoutePlan

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> say_work(small.plan)
    'Of 0.2 hours of work, 44 % driving, ...'
    """
    spent = {
        "driving": float(plan.routes["driving"].sum()),
        "serving": float((plan.stops["leave"] - plan.stops["arrive"] - plan.stops["wait"]).sum()),
        "waiting": float(plan.stops["wait"].sum()),
    }
    total = sum(spent.values())
    if not total:
        return ""
    most = max(spent, key=lambda name: spent[name])
    means = {
        "driving": "shorter ways save most",
        "serving": "shorter ways save little: how long a stop takes decides",
        "waiting": "shorter ways save little: it is the windows that cost time",
    }[most]
    told = join_words([f"{percent(minutes / total)} {name}" for name, minutes in spent.items()])
    return f"Of {hours(total)} of work, {told}: {means}."
