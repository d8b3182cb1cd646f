"""How long everybody needs to the nearest place, and what is within reach of each place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_studies.common.town import measure_minutes, name_streets, usual_speed
from shared.typing import Bools, Floats, Ints

from .settings import CatchmentSettings
from .town import Town

__all__ = ["Reach", "compute_reach"]


@dataclass(frozen=True)
class Reach:
    """Minutes of everybody to the nearest place.

    Attributes
    ----------
    minutes : numpy.ndarray
        Infinite where no street leads there.
    nearest : numpy.ndarray of int
        Which place; -1 where none.
    edge : numpy.ndarray
        Minutes to the edge of the map, as the crow flies: a place beyond it is at least so far.
    weight : numpy.ndarray
    streets : numpy.ndarray of str
        Where they are.
    places : pandas.DataFrame
        A row a place: how many it is "nearest" to, are "within" the limit, and are its "share" if everybody within
        goes to all places within equally often.
    limits : list of float
        Minutes.
    along : list of float
        Share reached within each limit, by points along the streets instead of addresses; empty otherwise.

    >>> reach = Reach(np.array([3.0, 9.0]), np.zeros(2, int), np.array([1.0, 8.0]), np.ones(2), None, None, [5.0])
    >>> reach.share(5.0), reach.at_most(5.0), reach.share(5.0, speed=0.5)
    (0.5, 0.5, 0.0)
    """

    minutes: Floats
    nearest: Ints
    edge: Floats
    weight: Floats
    streets: Ints
    places: pd.DataFrame
    limits: list[float]
    along: tuple[float, ...] = ()

    def reached(self, limit: float, speed: float = 1.0) -> Bools:
        """Who gets to a place in time.

        Parameters
        ----------
        limit : float
            Minutes.
        speed : float
            As a share of the usual.
        """
        return np.asarray(self.minutes / speed <= limit)

    def share(self, limit: float, speed: float = 1.0) -> float:
        """Share of people who do.

        Parameters
        ----------
        limit : float
        speed : float
        """
        return float(self.weight[self.reached(limit, speed)].sum() / self.weight.sum())

    def at_most(self, limit: float) -> float:
        """Share of people who do, if a place stood everywhere just beyond the edge of the map.

        Parameters
        ----------
        limit : float
        """
        return float(self.weight[self.reached(limit) | (self.edge < limit)].sum() / self.weight.sum())

    def inner(self, limit: float) -> tuple[float, float]:
        """How many people are further from the edge of the map than the limit, and the share of these who do.

        Parameters
        ----------
        limit : float
        """
        inside = self.edge >= limit
        there = float(self.weight[inside].sum())
        return there, float(self.weight[inside & self.reached(limit)].sum() / there) if there else float("nan")

    @property
    def median(self) -> float:
        """Minutes within which half of the people get there."""
        order = np.argsort(self.minutes, kind="stable")
        half = np.searchsorted(np.cumsum(self.weight[order]), self.weight.sum() / 2)
        return float(self.minutes[order[min(half, len(order) - 1)]])

    @property
    def goal(self) -> float:
        """The largest limit within which not everybody gets there; the smallest where all do within each."""
        short = [limit for limit in self.limits if not self.reached(limit)[self.weight > 0].all()]
        return short[-1] if short else self.limits[0]


def compute_reach(town: Town, settings: CatchmentSettings) -> Reach:
    """Compute everybody's way to the nearest place, and each place's people.

    Parameters
    ----------
    town : Town
    settings : CatchmentSettings

    >>> from .example import make_example
    >>> town, settings = make_example(), CatchmentSettings(limits=[5, 8])
    >>> reach = compute_reach(town, settings)
    >>> reach.share(5.0).__round__(3), reach.places["nearest"].tolist()
    (0.358, [37.0, 44.0])
    """
    people, places = town.people, town.places
    n, limit = len(people.weight), settings.limits[-1]
    minutes, nearest = np.full(n, np.inf), np.full(n, -1)
    within, split = np.zeros(len(places)), np.zeros(len(places))
    for part, found in measure_minutes(town.network, people.positions, places.positions, settings.n_jobs):
        best = found.argmin(axis=1)
        minutes[part] = found[np.arange(len(found)), best]
        nearest[part] = np.where(np.isfinite(minutes[part]), best, -1)
        near = found <= limit
        weight = people.weight[part]
        within += weight @ near
        split += (weight / np.maximum(near.sum(axis=1), 1)) @ near
    served = np.bincount(nearest[nearest >= 0], people.weight[nearest >= 0], minlength=len(places))
    table = pd.DataFrame(
        {
            "place": places.names,
            "street": name_streets(town.network, places.positions),
            "nearest": served,
            "within": within,
            "share": split,
        }
    )
    edge = town.edge / usual_speed(town.network)
    streets = name_streets(town.network, people.positions)
    along = _share_along(town, settings)
    return Reach(minutes, nearest, edge, people.weight, streets, table, settings.limits, along)


def _share_along(town: Town, settings: CatchmentSettings) -> tuple[float, ...]:
    """Share of points along the streets from which one gets to a place within each limit."""
    points = town.people.along
    if points is None:
        return ()
    found = measure_minutes(town.network, points, town.places.positions, settings.n_jobs)
    minutes = np.concatenate([one.min(axis=1) for _, one in found])
    return tuple(float((minutes <= limit).mean()) for limit in settings.limits)
