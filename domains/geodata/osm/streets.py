"""Who may use a street, in which direction and how fast, from its tags; one rule book a way of moving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from domains.geodata.osm.scan import STREET_KEYS
from domains.geodata.osm.speeds import CLASS_SPEEDS, CYCLING_PACE, WALKING_PACE, parse_speed
from shared.typing import Bools, Floats

__all__ = ["MODES", "StreetUse", "judge_streets", "wanted_highways"]

Tags = tuple[str | None, ...]
(
    HIGHWAY, NAME, ONEWAY, JUNCTION, MAXSPEED, ACCESS, SERVICE, AREA, VEHICLE, MOTOR_VEHICLE, MOTORCAR, TUNNEL, FOOT,
    BICYCLE,
    ONEWAY_BICYCLE, CYCLEWAY, SIDEWALK,
) = range(len(STREET_KEYS))  # fmt: skip

ROADS = frozenset(CLASS_SPEEDS) - {"busway"}
FAST = frozenset({"motorway", "motorway_link"})
TRUNKS = frozenset({"trunk", "trunk_link"})
PATHS = frozenset({"pedestrian", "path", "track", "bridleway"})
CLOSED = frozenset({"no", "private", "agricultural", "forestry", "military", "emergency", "delivery", "use_sidepath"})
OPEN = frozenset({"yes", "designated", "permissive", "official"})
# Services that lead to one's own door or bay, not through.
NOT_THROUGH = frozenset({"parking_aisle", "driveway", "private", "emergency_access", "drive-through", "drive_through"})
FORWARD_ONLY = frozenset({"yes", "true", "1"})
BACKWARD_ONLY = frozenset({"-1", "reverse"})
ROUND = frozenset({"roundabout", "circular"})
# So many streets of a class with a limit of their own give the class its speed.
ENOUGH_TAGGED = 20
MODES = ("drive", "walk", "bike")


@dataclass(frozen=True)
class StreetUse:
    """How each street may be used.

    Attributes
    ----------
    forward, backward : numpy.ndarray of bool
        In the direction of the line, and against it; neither where it may not be used.
    speed : numpy.ndarray
        km/h.
    guessed : numpy.ndarray of bool
        Whether the speed is that of the class, because the street has no limit that can be read.

    >>> yes = np.array([True])
    >>> StreetUse(yes, yes, np.array([4.8]), ~yes).speed.tolist()
    [4.8]
    """

    forward: Bools
    backward: Bools
    speed: Floats
    guessed: Bools


def wanted_highways(mode: str) -> frozenset[str]:
    """Classes of streets that a way of moving may use at all.

    Parameters
    ----------
    mode : str

    >>> "motorway" in wanted_highways("drive"), "motorway" in wanted_highways("walk")
    (True, False)
    """
    if mode == "drive":
        return ROADS
    on_foot = (ROADS - FAST) | PATHS | {"footway", "cycleway"}
    return on_foot | {"steps", "corridor"} if mode == "walk" else on_foot


def judge_streets(tags: list[Tags], mode: str) -> StreetUse:
    """Judge every street for one way of moving.

    Parameters
    ----------
    tags : list of tuple
        In the order of `STREET_KEYS`.
    mode : {"drive", "walk", "bike"}

    >>> street = ["residential" if key == "highway" else "yes" if key == "oneway" else None for key in STREET_KEYS]
    >>> judge_streets([tuple(street)], "drive").backward.tolist(), judge_streets([tuple(street)], "walk").backward.tolist()
    ([False], [True])
    """
    judge = _JUDGES[mode]
    wanted = wanted_highways(mode)
    use = np.fromiter(
        (judge(one) if one[HIGHWAY] in wanted and one[AREA] != "yes" else 0 for one in tags),
        dtype=np.int8,
        count=len(tags),
    )
    if mode == "drive":
        speed, guessed = _find_speeds(tags)
    else:
        speed = np.full(len(tags), WALKING_PACE if mode == "walk" else CYCLING_PACE)
        guessed = np.zeros(len(tags), dtype=bool)
    return StreetUse((use & 1).astype(bool), (use & 2).astype(bool), speed, guessed)


# What a judge gives: 0 closed, 1 forward, 2 backward, 3 both.


def _direct(oneway: str | None, tags: Tags) -> int:
    if oneway is None:
        return 1 if tags[JUNCTION] in ROUND or tags[HIGHWAY] == "motorway" else 3
    if oneway in FORWARD_ONLY:
        return 1
    return 2 if oneway in BACKWARD_ONLY else 3


def _judge_drive(tags: Tags) -> int:
    if tags[SERVICE] in NOT_THROUGH:
        return 0
    for key in (MOTORCAR, MOTOR_VEHICLE, VEHICLE, ACCESS):  # the narrowest that is told decides
        told = tags[key]
        if told is not None:
            if told in CLOSED:
                return 0
            break
    return _direct(tags[ONEWAY], tags)


def _is_service_tunnel(tags: Tags) -> bool:
    """Whether it leads to car parks and stores under a town: nobody walks there, whatever cars may do."""
    return tags[TUNNEL] == "yes" and tags[HIGHWAY] == "service"


def _judge_walk(tags: Tags) -> int:
    foot, highway = tags[FOOT], tags[HIGHWAY]
    if foot is not None:
        return 0 if foot in CLOSED else 3
    if tags[ACCESS] in CLOSED or tags[SERVICE] == "private" or _is_service_tunnel(tags):
        return 0
    if highway in TRUNKS:
        return 3 if tags[SIDEWALK] in {"yes", "both", "left", "right"} else 0
    return 0 if highway == "cycleway" else 3


def _judge_bike(tags: Tags) -> int:
    bicycle, highway = tags[BICYCLE], tags[HIGHWAY]
    if bicycle is not None:
        if bicycle in CLOSED or bicycle == "dismount":
            return 0
    elif (
        tags[VEHICLE] in CLOSED
        or tags[ACCESS] in CLOSED
        or tags[SERVICE] == "private"
        or _is_service_tunnel(tags)
        or highway in {"footway", "pedestrian", "bridleway"} | TRUNKS
    ):
        return 0
    if tags[ONEWAY_BICYCLE] is not None:
        return _direct(tags[ONEWAY_BICYCLE], tags)
    if (tags[CYCLEWAY] or "").startswith("opposite"):
        return 3
    return _direct(tags[ONEWAY], tags)


_JUDGES: dict[str, Callable[[Tags], int]] = {"drive": _judge_drive, "walk": _judge_walk, "bike": _judge_bike}


def _find_speeds(tags: list[Tags]) -> tuple[Floats, Bools]:
    """Limits where they can be read; else the median of the class in this file, or the usual one."""
    nothing = float("nan")
    speed = np.fromiter(
        (nothing if one[MAXSPEED] is None else parse_speed(one[MAXSPEED]) for one in tags), float, len(tags)
    )
    guessed = np.isnan(speed)
    classes = np.array([one[HIGHWAY] or "" for one in tags], dtype=object)
    for name in set(classes.tolist()):
        of = classes == name
        told = speed[of & ~guessed]
        usual = CLASS_SPEEDS.get(name, CLASS_SPEEDS["unclassified"])
        speed[of & guessed] = float(np.median(told)) if len(told) >= ENOUGH_TAGGED else usual
    return speed, guessed
