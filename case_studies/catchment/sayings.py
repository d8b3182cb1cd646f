"""Sentences of the catchment report, each worked out from a table that the run keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from case_studies.common.report import weave
from case_studies.common.town import usual_speed
from shared.reporting import Claim, Number, given
from shared.text import capitalise

from .further import Further
from .reach import Reach
from .settings import CatchmentSettings
from .tables import SIMPLE, Tables, share_of
from .town import Town

__all__ = [
    "MODES",
    "say_beyond",
    "say_edge",
    "say_first",
    "say_further",
    "say_off",
    "say_paces",
    "say_reach",
    "say_simple",
    "say_source",
    "say_speed",
]

MODES = {"walk": "on foot", "bike": "by bicycle", "drive": "by car"}
NAMED = 3  # streets


def say_speed(town: Town, factor: float) -> str:
    """Say how fast somebody is, as in "at 3.6 km/h".

    Parameters
    ----------
    town : Town
    factor : float
        Of the usual speed.

    >>> from .example import make_example
    >>> town = make_example()
    >>> say_speed(town, 0.75)
    'at 3.6 km/h'
    """
    if town.network.mode == "drive":
        return f"at {100 * factor:g} % of the usual speed"
    return f"at {0.06 * usual_speed(town.network) * factor:.1f} km/h"


def _count(tables: Tables, town: Town, column: str, **where: object) -> Number:
    """How many people, with what they are called."""
    return tables.rows("reach" if where else "totals", **where).value(column, town.people.unit, decimals=0)


def say_reach(town: Town, tables: Tables, reach: Reach) -> Claim:
    """Who gets to a place in time, and how soon half of them do.

    Parameters
    ----------
    town : Town
    tables : Tables
    reach : Reach

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> say_reach(town, tables, reach).text[:72]
    '58 % of 81 people reach a place of “health/pharmacy” within 8 minutes on'
    """
    *before, last = reach.limits
    others = [
        Claim.of(
            "{share} within {limit}", share=share_of(tables.rows("reach", limit=limit), "usual"), limit=given(limit)
        )
        for limit in reversed(before)
    ]
    told = Claim.of(
        f"{{share}} of {{people}} reach a {town.places.kind} within {{limit}} minutes {MODES[town.network.mode]}",
        share=share_of(tables.rows("reach", limit=last), "usual"),
        people=_count(tables, town, "people"),
        limit=given(last),
    )
    median = tables.rows("totals").value("median", "minutes", decimals=1)
    half = Claim.of("; half of them need {median} or less.", median=median)
    return Claim.join(told, *([", ", *weave(others)] if others else []), half)


def say_beyond(town: Town, tables: Tables, reach: Reach) -> Claim:
    """How many do not get there in time, and where most of them are.

    Parameters
    ----------
    town : Town
    tables : Tables
    reach : Reach

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> say_beyond(town, tables, reach).text[:61]
    '34 people are beyond 8 minutes, most of them at 9. Avenue (8)'
    """
    limit = reach.goal
    rows = tables.rows("reach", limit=limit)
    if not rows.value("beyond").value:
        return Claim.of("Everybody gets to a place within {limit} minutes", limit=given(limit))
    late = rows.value("beyond", town.people.unit, decimals=0)
    verb = "is" if late.value == 1 else "are"
    told = Claim.of(f"{{late}} {verb} beyond {{limit}} minutes", late=late, limit=given(limit))
    streets = tables.kept["streets"]
    worst = [str(one) for one in streets[streets["beyond"] > 0]["street"].head(NAMED) if one]
    if not worst:
        return told
    parts = [
        Claim.of(
            "{street} ({count})",
            street=tables.rows("streets", street=street).value("street"),
            count=tables.rows("streets", street=street).value("beyond", decimals=0),
        )
        for street in worst
    ]
    return Claim.join(told, ", most of them at ", *weave(parts))


def say_first(town: Town, tables: Tables, further: Further | None, reach: Reach) -> Claim:
    """What to do: look beyond the map, open one more place, or nothing.

    Parameters
    ----------
    town : Town
    tables : Tables
    further : Further, optional
    reach : Reach

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> from .further import find_further
    >>> say_first(town, tables, find_further(town, reach, settings), reach).text[:85]
    'Before opening a place, look beyond the edge of the map: of 34 people that would gain'
    """
    if further is None:
        return Claim.join(say_beyond(town, tables, reach), ".")
    if not further.gain:
        return say_further(town, tables, further, reach)
    totals = tables.rows("totals")
    if further.certain >= further.gain / 2:
        return say_further(town, tables, further, reach)
    return Claim.of(
        "Before opening a place, look beyond the edge of the map: of {gain} that would gain, {near} would be in time"
        " already if there were a place just outside it.",
        gain=totals.value("gain", town.people.unit, decimals=0),
        near=totals.value("uncertain", decimals=0),
    )


def say_further(town: Town, tables: Tables, further: Further, reach: Reach) -> Claim:
    """What one more place would bring.

    Parameters
    ----------
    town : Town
    tables : Tables
    further : Further
    reach : Reach

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> from .further import find_further
    >>> say_further(town, tables, find_further(town, reach, settings), reach).text[-61:]
    'bring 34 people more within 8 minutes: 100 % instead of 58 %.'
    """
    totals, limit = tables.rows("totals"), further.limit
    if not further.gain:
        saved = totals.value("saved", "minutes", decimals=1)
        why = Claim.of("everybody gets to one within {limit} minutes", limit=given(limit))
        if not (limit == reach.limits[0] and reach.reached(limit)[reach.weight > 0].all()):
            tried = totals.value("tried", decimals=0)
            why = Claim.of("none of {n} spots brings anybody more within {limit} minutes", n=tried, limit=given(limit))
        spot = Claim.of(" At the best spot it would save {saved} on average.", saved=saved)
        return Claim.join("Another place is not needed: ", why, ".", spot)
    rows = tables.rows("reach", limit=limit)
    lat, lon = (totals.value(name, decimals=5) for name in ("lat", "lon"))
    where = f"at {further.street} ({{lat}}, {{lon}})" if further.street else "at {lat}, {lon}"
    return Claim.of(
        f"One more place {where}, the best of {{tried}} spots, would bring {{gain}} more within {{limit}} minutes:"
        " {after} instead of {before}.",
        lat=lat,
        lon=lon,
        tried=totals.value("tried", decimals=0),
        gain=totals.value("gain", town.people.unit, decimals=0),
        limit=given(limit),
        after=share_of(rows, "with one more"),
        before=share_of(rows, "usual"),
    )


def say_simple(tables: Tables) -> Claim:
    """What a simple choice of the spot brings beside it.

    Parameters
    ----------
    tables : Tables

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> print(say_simple(tables).text)
    Simply taking the spot in the middle of those who are late brings as many: 81 get there in time with either.
    """
    if tables.comparison is None:
        rows = tables.rows("compared", model=SIMPLE)
        return Claim.of(
            f"Simply taking {SIMPLE} brings as many: {{n}} get there in time with either.",
            n=rows.sum("value", decimals=0),
        )
    claim = tables.comparison.claim("compared", name="share reached", split="row")
    return replace(claim, text=capitalise(claim.text))


def say_paces(town: Town, tables: Tables, reach: Reach, settings: CatchmentSettings) -> Claim:
    """How the answer depends on how fast people are, and on how they are counted.

    Parameters
    ----------
    town : Town
    tables : Tables
    reach : Reach
    settings : CatchmentSettings

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> say_paces(town, tables, reach, settings).text
    'Within 8 minutes it is 36 % at 3.6 km/h and 69 % at 5.4 km/h.'
    """
    last = reach.limits[-1]
    rows = tables.rows("reach", limit=last)
    if town.network.mode == "drive":
        of = " of the usual speed"
        speeds = {"speed0": given(settings.slower, "%"), "speed1": given(settings.faster, "%")}
    else:
        of, totals = "", tables.rows("totals")
        speeds = {
            f"speed{k}": totals.value(f"{who} speed", "km/h", decimals=1) for k, who in enumerate(("slow", "fast"))
        }
    told = Claim.of(
        f"Within {{limit}} minutes it is {{slow}} at {{speed0}}{of} and {{fast}} at {{speed1}}{of}.",
        limit=given(last),
        slow=share_of(rows, "slow"),
        fast=share_of(rows, "fast"),
        **speeds,
    )
    if not reach.along:
        return told
    along = share_of(rows, "along the streets")
    return Claim.join(told, Claim.of(" Counted by points along the streets instead, it is {share}.", share=along))


def say_edge(town: Town, tables: Tables, reach: Reach) -> Claim:
    """How much depends on what is beyond the edge of the map.

    Parameters
    ----------
    town : Town
    tables : Tables
    reach : Reach

    >>> from .example import make_example_report
    >>> town, reach, tables, settings = make_example_report()
    >>> say_edge(town, tables, reach).text[:82]
    '81 people (100 %) are within 8 minutes of the edge of the map, beyond which places'
    """
    last = reach.limits[-1]
    rows = tables.rows("reach", limit=last)
    if not float(rows.value("near").value) > 0:
        text = "Nobody is within {limit} minutes of the edge of the map: places beyond it would change nothing."
        return Claim.of(text, limit=given(last))
    told = Claim.of(
        "{near} ({share}) are within {limit} minutes of the edge of the map, beyond which places are not seen.",
        near=rows.value("near", town.people.unit, decimals=0),
        share=share_of(rows, "share near"),
        limit=given(last),
    )
    low, high = share_of(rows, "usual"), share_of(rows, "at most")
    if low.value == high.value:
        return Claim.join(told, " The share reached does not depend on that; single ways may be shorter.")
    between = Claim.of(
        " With a place everywhere just beyond it, {high} instead of {low} would be reached.", high=high, low=low
    )
    return Claim.join(told, between)


def say_source(town: Town) -> str:
    """What stands in for people, in one sentence; nothing where the user's table says.

    >>> from .example import make_example
    >>> say_source(make_example())
    ''
    """
    if not town.people.source:
        return ""
    return f"Nobody was counted: {town.people.unit} of the map stand in for households, lived in or not."


def say_off(town: Town) -> str:
    """Say how far people are from the street they were set on.

    Parameters
    ----------
    town : Town

    >>> from .example import make_example
    >>> say_off(make_example())[:61]
    'Points were set on the nearest street, 0 m off in the median,'
    """
    off = town.people.positions.off
    return (
        f"Points were set on the nearest street, {np.median(off):.0f} m off in the median, {off.max():.0f} m for the"
        " furthest; that way counts as walked."
    )
