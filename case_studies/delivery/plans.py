"""The plan of a day and those that it is compared with: searched with several seeds, margins, and without windows."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np

from domains.geodata import RoutePlan
from shared.runtime.parallel import map_parallel

from .day import Day
from .fleets import find_fewest, make_plan, try_sizes
from .settings import DeliverySettings

__all__ = ["Plans", "search_best", "search_plans"]


@dataclass(frozen=True)
class Plans:
    """What the searches found.

    Attributes
    ----------
    best : RoutePlan
        The plan: of the seeds, most stops served, and then least driving.
    found : list of float
        What was kept least, of each seed; NaN where it serves fewer stops.
    used : list of int
        Vehicles, of each seed.
    margins : dict of float to RoutePlan
        With other margins.
    free : RoutePlan
        As if stops could be served at any time.
    sizes : dict of int to RoutePlan
        With other numbers of vehicles, the fewest first.
    rival : float
        What PyVRP's search found; NaN where it is not installed, or serves fewer stops.

    >>> Plans.__name__
    'Plans'
    """

    best: RoutePlan
    found: list[float]
    used: list[int]
    margins: dict[float, RoutePlan]
    free: RoutePlan
    sizes: dict[int, RoutePlan]
    rival: float = float("nan")

    @property
    def spread(self) -> float:
        """How much more than the best the worst seed found, as a share."""
        least, most = np.nanmin(self.found), np.nanmax(self.found)
        return float((most - least) / least) if least > 0 else 0.0


def search_best(day: Day, settings: DeliverySettings) -> tuple[RoutePlan, list[RoutePlan], tuple[int, ...]]:
    """Search with one seed after the other, and take the plan that serves most stops, and of these the least.

    Parameters
    ----------
    day : Day
    settings : DeliverySettings

    Returns
    -------
    best, tries, counts
        The plan, those of all seeds, and the vehicles at each depot that they were allowed.

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> search_best(small.day, small.settings)[2]  # vehicles at the depot
    (2,)
    """
    counts = day.counts if settings.vehicles else find_fewest(day, settings)
    seeds = [(day, settings.seed + number) for number in range(settings.searches)]
    tries = map_parallel(_search, seeds, n_jobs=settings.n_jobs, common=(settings, counts))
    return min(tries, key=lambda one: (len(one.unserved), one.objective)), tries, counts


def search_plans(day: Day, settings: DeliverySettings) -> Plans:
    """Search the plan of the day, and those that it is compared with.

    Parameters
    ----------
    day : Day
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> search_plans(small.day, small.settings).best.objective == small.plan.objective
    True
    """
    near = day.with_margin(settings.margin)
    best, tries, counts = search_best(near, settings)
    margins = [one for one in (0.0, 2 * settings.margin) if one != settings.margin]
    others = [(one, settings.seed) for one in (*map(day.with_margin, margins), day.without_windows())]
    plans = map_parallel(_search, others, n_jobs=settings.n_jobs, common=(settings, counts))
    unit = 1.0 if settings.least == "time" else 1000.0
    found = [one.objective / unit if len(one.unserved) == len(best.unserved) else float("nan") for one in tries]
    rival = float("nan")
    if importlib.util.find_spec("pyvrp") is not None:
        theirs = make_plan(near, settings, counts=counts, seed=settings.seed, engine="pyvrp")
        rival = theirs.objective / unit if len(theirs.unserved) <= len(best.unserved) else rival
    with_margins = dict(sorted({**dict(zip(margins, plans, strict=False)), settings.margin: best}.items()))
    used = [len(one.routes) for one in tries]
    return Plans(best, found, used, with_margins, plans[-1], try_sizes(near, settings, best, counts), rival)


def _search(asked: tuple[Day, int], settings: DeliverySettings, counts: tuple[int, ...]) -> RoutePlan:
    day, seed = asked
    return make_plan(day, settings, counts=counts, seed=seed)
