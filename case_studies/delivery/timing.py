"""Sentences of the delivery report on time: how the hours are spent, and who is late if drives take longer."""

from __future__ import annotations

from shared.reporting import Claim, given

from .results import Results
from .sayings import unit_of
from .settings import DeliverySettings
from .tables import Tables, share_of

__all__ = ["say_late", "say_margin", "say_work"]


def say_late(tables: Tables, results: Results, settings: DeliverySettings) -> Claim | None:
    """How often some stop is late if drives take longer, and what the margin does; None where none is served.

    Parameters
    ----------
    tables : Tables
    results : Results
    settings : DeliverySettings

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> say_late(tables, small.results, small.settings).text
    'On ... simulated days, with drives and stops that vary and every drive 20 % longer than planned, ...'
    """
    if not len(results.plans.best.stops):
        return None
    if not results.day.windowed.any():
        return Claim("No stop has an end of its window, so that none can be late.")
    doubt, margin = settings.usual_doubt, settings.margin
    rows = tables.rows("lateness", slower=doubt)
    longer, numbers = "", {}
    if doubt:
        longer, numbers = " and every drive {longer} longer than planned", {"longer": given(doubt / 100, "%")}
    told = Claim.of(
        (
            f"On {{n}} simulated days, with drives and stops that vary{longer}, some stop is served too late on"
            " {days} of them"
        ),
        days=share_of(rows.where(margin=margin), "days"),
        n=given(settings.days, decimals=0),
        **numbers,
    )
    if not margin:
        return Claim.join(told, ".")
    without = Claim.of(
        "; without the {margin} that the plan keeps in hand before every window ends, it would be on {days}.",
        days=share_of(rows.where(margin=0.0), "days"),
        margin=given(margin, "minutes"),
    )
    return Claim.join(told, without)


def say_margin(tables: Tables, settings: DeliverySettings) -> Claim | None:
    """What the margin costs, and how many stops are late with it; None without one.

    Parameters
    ----------
    tables : Tables
    settings : DeliverySettings

    >>> from .sample import make_sample_tables
    >>> small, tables = make_sample_tables()
    >>> say_margin(tables, small.settings).text
    'The time in hand costs 0.0 minutes of driving. ...'
    """
    if not settings.margin:
        return None
    totals, lost = tables.rows("totals"), int(tables.kept["totals"]["margin stops"].iloc[0])
    costs = totals.value("margin cost", unit_of(settings), decimals=1)
    end = ""
    if lost > 0:
        costs = totals.value("margin stops", "stop" if lost == 1 else "stops", decimals=0)
        end = " that would be served without it"
    late = share_of(tables.rows("lateness", slower=settings.usual_doubt, margin=settings.margin), "late")
    return Claim.of(
        f"The time in hand costs {{costs}}{end}. With it, {{late}} of the stops with a window are served too late.",
        costs=costs,
        late=late,
    )


def say_work(tables: Tables) -> Claim | None:
    """How the working hours are spent, and what that means; None where nobody works.

    Parameters
    ----------
    tables : Tables

    >>> from .sample import make_sample_tables
    >>> say_work(make_sample_tables()[1]).text
    'Of 0.2 hours of work, 44 % are driving, ...'
    """
    row, totals = tables.kept["totals"].iloc[0], tables.rows("totals")
    if not row["hours"]:
        return None
    means = {
        "driving": "shorter ways save most",
        "serving": "shorter ways save little: how long a stop takes decides",
        "waiting": "shorter ways save little: it is the windows that cost time",
    }
    most = max(means, key=lambda name: float(row[f"share {name}"]))
    return Claim.of(
        f"Of {{hours}} of work, {{driving}} are driving, {{serving}} serving and {{waiting}} waiting: {means[most]}",
        hours=totals.value("hours", "hours", decimals=1),
        driving=share_of(totals, "share driving"),
        serving=share_of(totals, "share serving"),
        waiting=share_of(totals, "share waiting"),
    )
