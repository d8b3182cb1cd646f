"""The market: minutes from customers to every site, and who wins how much by Huff's rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.town import measure_minutes
from domains.geodata import HuffModel, Points, Positions, SiteDecision, StreetNetwork, choose_sites, weigh_pull
from shared.typing import Bools, Floats, Ints

from .settings import SiteSettings
from .town import Town

__all__ = ["Market", "find_clashes", "make_market", "measure_all"]


@dataclass(frozen=True)
class Market:
    """Customers, spots and open sites.

    Attributes
    ----------
    weights : numpy.ndarray of shape (n,)
        Demand of each customer that counts.
    spots, sites : list of str
        Names of spots, and of the sites that are open.
    minutes : numpy.ndarray of shape (n, n_spots)
        At the usual speed.
    open_minutes : numpy.ndarray of shape (n, n_sites)
    sizes, open_sizes : numpy.ndarray
    own : numpy.ndarray of bool
        Which of the open sites are one's own.
    exponent, least : float
        Of Huff's rule.
    pace : float
        Speed as a share of the usual.
    clash : numpy.ndarray of bool, optional
        Pairs of spots and own sites, the latter last, of which only one may be open.

    >>> two = np.array([[1.0, 2.0]])
    >>> market = Market(np.ones(1), ["a", "b"], ["c"], two, two[:, :1], np.ones(2), np.ones(1), np.zeros(1, bool), 2.0)
    >>> market.win([0]), market.win([1])
    (0.5, 0.2)
    """

    weights: Floats
    spots: list[str]
    sites: list[str]
    minutes: Floats
    open_minutes: Floats
    sizes: Floats
    open_sizes: Floats
    own: Bools
    exponent: float
    least: float = 1.0
    pace: float = 1.0
    clash: Bools | None = None

    @property
    def total(self) -> float:
        """All demand."""
        return float(self.weights.sum())

    @cached_property
    def pull(self) -> Floats:
        """Pull of each spot on each customer."""
        return weigh_pull(self.minutes / self.pace, self.sizes, self.exponent, floor=self.least)

    @cached_property
    def open_pull(self) -> Floats:
        """Pull of each open site on each customer."""
        return weigh_pull(self.open_minutes / self.pace, self.open_sizes, self.exponent, floor=self.least)

    @cached_property
    def rivals(self) -> Floats:
        """Pull of all rivals together on each customer."""
        return np.asarray(self.open_pull[:, ~self.own].sum(axis=1))

    @cached_property
    def held(self) -> float:
        """Demand that one's own open sites win today."""
        return self._win(self.open_pull[:, self.own].sum(axis=1))

    def _win(self, own: Floats) -> float:
        total = own + self.rivals
        return float(self.weights @ np.divide(own, total, out=np.zeros(len(own)), where=total > 0))

    def win(self, chosen: Sequence[int] | Ints) -> float:
        """Demand that some new spots win together from rivals: all of one's own after, less that before.

        Parameters
        ----------
        chosen : sequence of int
        """
        own = self.open_pull[:, self.own].sum(axis=1) + self.pull[:, list(chosen)].sum(axis=1)
        return self._win(own) - self.held

    def win_each(self, chosen: Sequence[int] | Ints) -> Floats:
        """The same of each customer.

        Parameters
        ----------
        chosen : sequence of int
        """
        before = self.open_pull[:, self.own].sum(axis=1)
        own = np.column_stack([before, before + self.pull[:, list(chosen)].sum(axis=1)])
        total = own + self.rivals[:, None]
        shares = np.divide(own, total, out=np.zeros(own.shape), where=total > 0)
        return np.asarray(self.weights * (shares[:, 1] - shares[:, 0]))

    def win_alone(self) -> Floats:
        """Demand that each spot wins from rivals if it alone opens."""
        own = self.open_pull[:, self.own].sum(axis=1)[:, None] + self.pull
        total = own + self.rivals[:, None]
        return np.asarray(self.weights @ np.divide(own, total, out=np.zeros(own.shape), where=total > 0)) - self.held

    def find_nearest(self, chosen: Sequence[int] | Ints) -> Floats:
        """Minutes from each customer to the nearest of one's own sites and some new spots.

        Parameters
        ----------
        chosen : sequence of int
        """
        both = np.column_stack([self.minutes[:, list(chosen)], self.open_minutes[:, self.own]])
        return np.asarray(both.min(axis=1, initial=np.inf) / self.pace)

    def walk_to(self, spot: int) -> float:
        """Mean minutes to one spot, over the demand that reaches it; NaN where none does.

        Parameters
        ----------
        spot : int
        """
        return _average(self.minutes[:, spot] / self.pace, self.weights)

    def walk(self, chosen: Sequence[int] | Ints) -> float:
        """Mean minutes to the nearest of them, over the demand that reaches one.

        Parameters
        ----------
        chosen : sequence of int
        """
        return _average(self.find_nearest(chosen), self.weights)

    def cover(self, chosen: Sequence[int] | Ints, limit: float) -> float:
        """Demand within a limit of one of them.

        Parameters
        ----------
        chosen : sequence of int
        limit : float
            Minutes.
        """
        return float(self.weights[self.find_nearest(chosen) <= limit].sum())

    def fits(self, spot: int, chosen: Sequence[int]) -> bool:
        """Whether a spot may be open beside some others and one's own sites.

        Parameters
        ----------
        spot : int
        chosen : sequence of int
        """
        if self.clash is None:
            return True
        beside = [*chosen, *range(len(self.spots), len(self.clash))]
        return not self.clash[spot, beside].any()

    def find(self, names: Sequence[object]) -> list[int]:
        """Numbers of some spots.

        Parameters
        ----------
        names : sequence of str
        """
        return [self.spots.index(str(name)) for name in names]

    def choose(self, goal: str, settings: SiteSettings, *, compare: bool = False, draws: int = 0) -> SiteDecision:
        """Choose the best spots for a goal, own sites kept.

        Parameters
        ----------
        goal : {"share", "median", "cover"}
        settings : SiteSettings
        compare : bool
            Whether the best set without each spot is found, too.
        draws : int
            Times that customers are drawn anew.
        """
        own = [name for name, mine in zip(self.sites, self.own, strict=True) if mine]
        costs = np.column_stack([self.minutes, self.open_minutes[:, self.own]]) / self.pace
        extra: dict[str, Any] = {}
        if goal == "share":
            extra = {"pull": np.column_stack([self.pull, self.open_pull[:, self.own]]), "rivals": self.rivals}
        return choose_sites(
            pd.DataFrame(costs, columns=[*self.spots, *own]),
            settings.n,
            weights=self.weights,
            goal=goal,
            existing=own,
            limit=settings.minutes if goal == "cover" else None,
            clash=self.clash,
            time_limit=settings.seconds,
            compare=compare,
            draws=draws,
            random_state=settings.seed,
            **extra,
        )

    def take(self, chosen: Sequence[int] | Ints) -> Floats:
        """Demand that each new spot takes from each open site, of shape (n_chosen, n_sites).

        What a customer no longer takes to a site goes to the new ones as their pulls are.

        Parameters
        ----------
        chosen : sequence of int
        """
        new = self.pull[:, list(chosen)]
        before = self.open_pull.sum(axis=1)
        after = before + new.sum(axis=1)
        both = self.weights * np.divide(1.0, before * after, out=np.zeros(len(before)), where=before * after > 0)
        return np.asarray((new * both[:, None]).T @ self.open_pull)

    def compare(self, chosen: Sequence[int] | Ints) -> pd.DataFrame:
        """What every site wins before and after some spots open: "before", "after", "change" and "own", by name.

        Parameters
        ----------
        chosen : sequence of int
        """
        names = [self.spots[place] for place in chosen]
        minutes = np.column_stack([self.open_minutes, self.minutes[:, list(chosen)]]) / self.pace
        sizes = np.concatenate([self.open_sizes, self.sizes[list(chosen)]])
        rule = HuffModel(exponent=self.exponent, floor=self.least)
        costs = pd.DataFrame(minutes, columns=[*self.sites, *names])
        table = rule.compare_sites(costs, sizes, self.weights, opens=names)
        return table.assign(own=np.concatenate([self.own, np.ones(len(names), bool)]))


def _average(minutes: Floats, weights: Floats) -> float:
    on = np.isfinite(minutes) & (weights > 0)
    return float(np.average(minutes[on], weights=weights[on])) if on.any() else np.nan


def measure_all(network: StreetNetwork, customers: Positions, sites: Positions, n_jobs: int) -> Floats:
    """Minutes from all customers to all sites.

    Parameters
    ----------
    network : StreetNetwork
    customers, sites : Positions
    n_jobs : int

    >>> from .example import make_example
    >>> town = make_example()
    >>> measure_all(town.network, town.positions["spots"], town.positions["open"], 1).round(2)[1].tolist()
    [7.5, 7.5]
    """
    if not len(sites):
        return np.zeros((len(customers), 0))
    return np.concatenate([found for _, found in measure_minutes(network, customers, sites, n_jobs)])


def find_clashes(network: StreetNetwork, spots: Positions | Points, own: Positions, apart: float) -> Bools | None:
    """Which spots and own sites are too near to one another, as the crow flies; own sites stand as they stand.

    Parameters
    ----------
    network : StreetNetwork
    spots : Positions or Points
    own : Positions
    apart : float
        Metres.

    >>> from .example import make_example
    >>> town = make_example()
    >>> clash = find_clashes(town.network, town.positions["spots"], town.positions["spots"].take([]), 500.0)
    >>> clash.sum(axis=0).tolist()
    [1, 2, 1]
    """
    if apart <= 0:
        return None
    lon, lat = np.concatenate([spots.lon, own.lon]), np.concatenate([spots.lat, own.lat])
    x, y = network.projection.to_plane(lon, lat)
    near = np.hypot(x[:, None] - x, y[:, None] - y) < apart
    np.fill_diagonal(near, val=False)
    near[len(spots) :, len(spots) :] = False
    return np.asarray(near)


def make_market(town: Town, settings: SiteSettings) -> Market:
    """Measure the ways of all customers to all spots and open sites.

    Parameters
    ----------
    town : Town
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example
    >>> make_market(make_example(), SETTINGS).spots
    ['West', 'Middle', 'East']
    """
    minutes, open_minutes = (
        measure_all(town.network, town.positions["customers"], town.positions[name], settings.n_jobs)
        for name in ("spots", "open")
    )
    own = town.open["own"].to_numpy(dtype=bool)
    return Market(
        town.counts,
        town.spots["spot"].tolist(),
        town.open["site"].tolist(),
        minutes,
        open_minutes,
        town.spots["size"].to_numpy(dtype=float),
        town.open["size"].to_numpy(dtype=float),
        own,
        settings.exponent,
        settings.least,
        clash=find_clashes(town.network, town.positions["spots"], town.positions["open"].take(own), settings.apart),
    )
