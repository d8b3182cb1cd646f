"""Sentences of the catchment report, each made of figures that were worked out elsewhere."""

from __future__ import annotations

import numpy as np

from case_studies.common.town import usual_speed
from shared.text import join_words

from .further import Further
from .reach import Reach
from .settings import CatchmentSettings
from .streets import list_streets
from .town import Town

__all__ = ["percent", "say_doubt", "say_edge", "say_further", "say_paces", "say_reach", "say_speed"]

MODES = {"walk": "on foot", "bike": "by bicycle", "drive": "by car"}


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


def say_reach(town: Town, reach: Reach) -> str:
    """Say who gets to a place in time, and where those are who do not.

    Parameters
    ----------
    town : Town
    reach : Reach

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> say_reach(town, reach)[:72]
    '58 % of 81 people reach a place of “health/pharmacy” within 8 minutes on'
    """
    *before, last = reach.limits
    people = town.people
    others = [f"{percent(reach.share(limit))} within {limit:g}" for limit in reversed(before)]
    sooner = f", {join_words(others)}" if others else ""
    told = (
        f"{percent(reach.share(last))} of {people.count(people.total)} reach a {town.places.kind} within {last:g}"
        f" minutes {MODES[town.network.mode]}{sooner}; half of them need {reach.median:.1f} minutes at most."
    )
    late = float(people.weight[~reach.reached(last)].sum())
    if not late:
        return told
    worst = list_streets(reach, last).head(3)
    listed = [f"{street} ({count:,.0f})" for street, count in worst["beyond"].items() if count > 0 and street]
    where = f", most of them at {join_words(listed)}" if listed else ""
    return f"{told} {people.count(late)} do not{where}."


def say_further(town: Town, reach: Reach, further: Further | None) -> str:
    """Say what one more place would bring; nothing where none was tried.

    Parameters
    ----------
    town : Town
    reach : Reach
    further : Further, optional

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> say_further(town, reach, None)
    ''
    """
    if further is None:
        return ""
    spot = f"{f'at {further.street} ' if further.street else ''}({further.lat:.5f}, {further.lon:.5f})"
    limit = f"{further.limit:g} minutes"
    if not further.gain:
        if further.limit == reach.limits[0] and reach.reached(further.limit).all():
            why = f"everybody gets to one within {limit}"
        else:
            why = f"none of {further.tried:,} spots brings anybody more within {limit}"
        return f"Another place is not needed for it: {why}. At the best spot it would save {further.saved:.1f} minutes."
    before, after = reach.share(further.limit), reach.share(further.limit) + further.gain / town.people.total
    told = (
        f"One more place {spot}, the best of {further.tried:,} spots, would bring {town.people.count(further.gain)}"
        f" more within {limit}: {percent(after)} instead of {percent(before)}."
    )
    unsure = further.gain - further.certain
    if not unsure:
        return told
    who = "none of these" if not further.certain else f"only {further.certain:,.0f} of these"
    return (
        f"{told} Before deciding, look beyond the map: {who} {'is' if not further.certain else 'are'} so far from its"
        " edge that no place beyond it could serve them as soon."
    )


def say_paces(town: Town, reach: Reach, settings: CatchmentSettings) -> str:
    """Say how the answer depends on how fast people are.

    Parameters
    ----------
    town : Town
    reach : Reach
    settings : CatchmentSettings

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> say_paces(town, reach, settings)
    'How sure: within 8 minutes it is 36 % at 3.6 km/h and 69 % at 5.4 km/h.'
    """
    last = reach.limits[-1]
    slow, fast = (
        f"{percent(reach.share(last, factor))} {say_speed(town, factor)}"
        for factor in (settings.slower, settings.faster)
    )
    along = f" Counted by points along the streets instead, it is {percent(reach.along[-1])}." if reach.along else ""
    return f"How sure: within {last:g} minutes it is {slow} and {fast}.{along}"


def say_edge(town: Town, reach: Reach) -> str:
    """Say how much depends on what is beyond the edge of the map.

    Parameters
    ----------
    town : Town
    reach : Reach

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> say_edge(town, reach)[:82]
    '81 people (100 %) are within 8 minutes of the edge of the map, beyond which places'
    """
    last, people = reach.limits[-1], town.people
    near = people.total - reach.inner(last)[0]
    if not near:
        return f"Nobody is within {last:g} minutes of the edge of the map: places beyond it would change nothing."
    share = percent(near / people.total)
    told = (
        f"{people.count(near)} ({share}) are within {last:g} minutes of the edge of the map, beyond which places are"
        " not seen."
    )
    low, high = percent(reach.share(last)), percent(reach.at_most(last))
    if low == high:
        return f"{told} The share reached does not depend on that; single ways may be shorter."
    return f"{told} With a place everywhere just beyond it, {high} instead of {low} would be reached: it is in between."


def say_doubt(town: Town) -> str:
    """Say the first reason not to believe it.

    Parameters
    ----------
    town : Town

    >>> from .example import make_example
    >>> town = make_example()
    >>> say_doubt(town)
    'When not to believe it: where the table of people or the map is out of date.'
    """
    return f"When not to believe it: {town.people.source or 'where the table of people or the map is out of date.'}"


def say_off(town: Town) -> str:
    """Say how far people are from the street they were set on.

    Parameters
    ----------
    town : Town
    """
    off = town.people.positions.off
    return (
        f"Points were set on the nearest street, {np.median(off):.0f} m off in the median, {off.max():.0f} m at most;"
        " that way counts as walked."
    )
