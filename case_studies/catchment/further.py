"""What one more place would bring, at the best of some spots."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from case_studies.common.town import measure_minutes, name_streets
from shared.typing import Floats, Ints

from .reach import Reach
from .settings import CatchmentSettings
from .town import Town

__all__ = ["Further", "find_further", "thin_out"]


@dataclass(frozen=True)
class Further:
    """One more place at the best spot that was tried.

    Attributes
    ----------
    street : str
    lon, lat : float
    tried : int
        Number of spots.
    limit : float
        Minutes within which as many as possible are to get to a place.
    gain : float
        How many more do.
    certain : float
        Those of them who could not reach a place beyond the edge of the map within the limit.
    saved : float
        Minutes saved in the mean, over all people who get to a place now.
    minutes : numpy.ndarray
        Of everybody, with it.
    agrees : tuple of bool
        Whether the spot is the best for the slow, and for the fast.
    simple : numpy.ndarray
        Minutes of everybody with a place at the spot nearest to the middle of those who are late instead.

    >>> Further("Elm Street", 0.0, 0.0, 9, 15.0, 0.0, 0.0, 0.0, np.ones(2), (True, False)).gain
    0.0
    """

    street: str
    lon: float
    lat: float
    tried: int
    limit: float
    gain: float
    certain: float
    saved: float
    minutes: Floats
    agrees: tuple[bool, bool]
    simple: Floats = field(default_factory=lambda: np.zeros(0))


def find_further(town: Town, reach: Reach, settings: CatchmentSettings) -> Further | None:
    """Try one more place at spots where people are, spread evenly, and take the one that most people gain by.

    Of spots that bring as many people within the limit, the one that saves most minutes is taken.

    Parameters
    ----------
    town : Town
    reach : Reach
    settings : CatchmentSettings

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> from .reach import compute_reach
    >>> reach = compute_reach(town, settings)
    >>> further = find_further(town, reach, settings)
    >>> further.limit, further.tried, further.gain > 0
    (8.0, 81, True)
    """
    people = town.people
    x, y = town.network.projection.to_plane(people.positions.lon, people.positions.lat)
    spots = thin_out(x, y, settings.candidates)
    if not len(spots):
        return None
    limit = reach.goal
    speeds = (1.0, settings.slower, settings.faster)
    gain, saved = np.zeros((len(speeds), len(spots))), np.zeros(len(spots))
    finite = np.isfinite(reach.minutes)
    at = people.positions.take(spots)
    for part, found in measure_minutes(town.network, people.positions, at, settings.n_jobs):
        weight, now = people.weight[part], reach.minutes[part]
        for place, speed in enumerate(speeds):
            late = now / speed > limit
            gain[place] += weight[late] @ (found[late] / speed <= limit)
        on = finite[part]
        saved += weight[on] @ np.maximum(now[on, None] - found[on], 0.0)
    best = [_pick(row, saved) for row in gain]
    middle = _find_middle(x, y, np.where(reach.minutes > limit, people.weight, 0.0), spots)
    chosen = at.take([best[0]])
    both = measure_minutes(town.network, people.positions, at.take([best[0], middle]), 1)
    one, other = np.concatenate([found for _, found in both]).T
    won = (reach.minutes > limit) & (one <= limit)
    return Further(
        str(name_streets(town.network, chosen)[0]),
        float(chosen.lon[0]),
        float(chosen.lat[0]),
        len(spots),
        limit,
        float(people.weight[won].sum()),
        float(people.weight[won & (reach.edge >= limit)].sum()),
        float(saved[best[0]] / max(people.weight[finite].sum(), 1e-300)),
        np.minimum(reach.minutes, one),
        (best[1] == best[0], best[2] == best[0]),
        np.minimum(reach.minutes, other),
    )


def _find_middle(x: Floats, y: Floats, late: Floats, spots: Ints) -> int:
    """The spot nearest to the middle of those who are late; of everybody where nobody is."""
    weight = late if late.any() else np.ones(len(x))
    off = np.hypot(x[spots] - np.average(x, weights=weight), y[spots] - np.average(y, weights=weight))
    return int(off.argmin())


def _pick(gain: Floats, saved: Floats) -> int:
    """The spot of the largest gain; of equal ones that which saves most."""
    return int(np.lexsort((-saved, -gain))[0])


def thin_out(x: Floats, y: Floats, most: int) -> Ints:
    """Pick points that are spread evenly: one a cell of the finest square grid that has few enough cells with points.

    Parameters
    ----------
    x, y : numpy.ndarray
        Metres.
    most : int
        Number of points, at most.

    >>> thin_out(np.array([0.0, 1.0, 900.0]), np.array([0.0, 0.0, 0.0]), 2).tolist()
    [0, 2]
    """
    if most == 0:
        return np.zeros(0, dtype=np.int64)
    size = 1.0
    while True:
        cells = np.column_stack([np.floor((x - x.min()) / size), np.floor((y - y.min()) / size)])
        first = np.unique(cells, axis=0, return_index=True)[1]
        if len(first) <= most:
            return np.sort(first)
        size *= 1.1
