"""Words and numbers of the study of sites, as its tables and sentences write them."""

from __future__ import annotations

from case_studies.common.town import usual_speed
from domains.geodata import StreetNetwork

__all__ = ["KINDS", "MODES", "PLURALS", "percent", "say_speed"]

MODES = {"walk": "on foot", "bike": "by bicycle", "drive": "by car"}
# What a group of the map's places is called where there are several.
PLURALS = {
    "address": "addresses",
    "shop": "shops",
    "grocery": "grocers",
    "office": "offices",
    "education": "places of education",
    "lodging": "hotels and hostels",
    "culture": "places of culture",
    "health": "places of health",
    "finance": "places of finance",
    "public": "public offices",
}
KINDS = 3  # kinds of places that are named, the most frequent


def percent(share: float, digits: int = 1) -> str:
    """Write a share; what is neither nothing nor all is not rounded to it.

    Parameters
    ----------
    share : float
    digits : int

    >>> percent(0.1234), percent(0.00001), percent(0.99999), percent(-0.02, 0)
    ('12.3 %', '<0.1 %', '>99.9 %', '-2 %')
    """
    step = 10.0**-digits
    if 0 < 100 * share < step / 2:
        return f"<{step:.{digits}f} %"
    if 100 - step / 2 <= 100 * share < 100:
        return f">{100 - step:.{digits}f} %"
    return f"{100 * share:.{digits}f} %"


def say_speed(network: StreetNetwork, factor: float) -> str:
    """Say how fast somebody is, as in "at 3.6 km/h".

    Parameters
    ----------
    network : StreetNetwork
    factor : float
        Of the usual speed.

    >>> from domains.geodata import make_grid_town
    >>> say_speed(make_grid_town(2, 2), 0.75)
    'at 3.6 km/h'
    """
    if network.mode == "drive":
        return f"at {100 * factor:g} % of the usual speed"
    return f"at {0.06 * usual_speed(network) * factor:.1f} km/h"
