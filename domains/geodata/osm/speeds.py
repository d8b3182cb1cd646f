"""Speed limits as people write them, and what stands in where none is written."""

from __future__ import annotations

import functools
import re

__all__ = ["CLASS_SPEEDS", "WALKING_PACE", "CYCLING_PACE", "parse_speed"]

MILE = 1.609344  # km
KNOT = 1.852  # km/h
WALKING_PACE = 4.8  # km/h; the mean of adults on pavements, some 1.3 m/s (Bohannon 1997 gives 1.2 to 1.5)
CYCLING_PACE = 15.0  # km/h, in towns
# km/h by class of street where no limit is written and too few streets of the class have one: usual limits in towns.
CLASS_SPEEDS = {
    "motorway": 100.0, "trunk": 80.0, "primary": 60.0, "secondary": 50.0, "tertiary": 50.0, "unclassified": 40.0,
    "residential": 30.0, "living_street": 10.0, "service": 15.0, "road": 40.0, "motorway_link": 60.0,
    "trunk_link": 50.0, "primary_link": 45.0, "secondary_link": 40.0, "tertiary_link": 40.0, "busway": 40.0,
}  # fmt: skip
# Limits named by a zone, as in "DE:urban" (OpenStreetMap wiki, "Default speed limits"; those of most countries).
ZONES = {
    "urban": 50.0,
    "rural": 90.0,
    "trunk": 110.0,
    "motorway": 120.0,
    "living_street": 10.0,
    "bicycle_road": 30.0,
    "school": 30.0,
    "walk": 5.0,
}
COUNTRY_ZONES = {
    ("DE", "rural"): 100.0, ("AT", "rural"): 100.0, ("GB", "urban"): 30 * MILE, ("GB", "nsl_single"): 60 * MILE,
    ("GB", "nsl_dual"): 70 * MILE, ("GB", "motorway"): 70 * MILE, ("DE", "motorway"): 130.0, ("US", "urban"): 25 * MILE,
    ("FR", "rural"): 80.0, ("FR", "motorway"): 130.0, ("IT", "motorway"): 130.0, ("CH", "rural"): 80.0,
    ("NL", "rural"): 80.0, ("SE", "rural"): 70.0, ("FI", "rural"): 80.0, ("BR", "urban"): 50.0,
}  # fmt: skip
NO_LIMIT = 130.0  # km/h where "none" is written; what is driven on such motorways
NUMBER = re.compile(r"^(\d{1,3}(?:\.\d+)?)\s*(|km/?h|kmh|kph|mph|knots)$")
ZONE = re.compile(r"^([A-Za-z]{2}):(?:zone:?)?(.+)$")
MOST, LEAST = 200.0, 1.0  # km/h; beyond these a number is a slip of the pen


@functools.lru_cache(maxsize=4096)
def parse_speed(text: str) -> float:
    """Read a speed limit in km/h; NaN where it says none that can be read.

    Of several ("50;30") the lowest counts.

    Parameters
    ----------
    text : str

    >>> parse_speed("50"), round(parse_speed("30 mph"), 2), parse_speed("DE:urban"), parse_speed("50;30")
    (50.0, 48.28, 50.0, 30.0)
    >>> parse_speed("none"), parse_speed("DE:zone:30"), parse_speed("variable"), parse_speed("5000")
    (130.0, 30.0, nan, nan)
    """
    found = [speed for part in re.split(r"[;|,]", text) if (speed := _parse_one(part.strip())) is not None]
    return min(found) if found else float("nan")


def _parse_one(text: str) -> float | None:
    plain = text.lower()
    if plain in {"none", "unlimited"}:
        return NO_LIMIT
    if plain == "walk":
        return ZONES["walk"]
    match = NUMBER.match(plain)
    if match:
        factor = {"mph": MILE, "knots": KNOT}.get(match[2], 1.0)
        speed = float(match[1]) * factor
        return speed if LEAST <= speed <= MOST else None
    zone = ZONE.match(text)
    if not zone:
        return None
    country, name = zone[1].upper(), zone[2].lower()
    if name.isdigit():
        speed = float(name) * (MILE if country in {"GB", "US"} else 1.0)
        return speed if LEAST <= speed <= MOST else None
    return COUNTRY_ZONES.get((country, name), ZONES.get(name))
