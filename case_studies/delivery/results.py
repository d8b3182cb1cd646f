"""All that the study works out of a day, in one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domains.geodata import RoutePlan
from shared.typing import Floats

from .day import Day
from .departures import measure_slack
from .plans import Plans, search_plans
from .rules import Rule, try_rules
from .settings import DeliverySettings
from .trials import Lateness, try_days

__all__ = ["Results", "work_out"]


@dataclass(frozen=True)
class Results:
    """What was worked out.

    Attributes
    ----------
    day : Day
        With the windows as they are asked for.
    plans : Plans
    rules : list of Rule
        The best first.
    trials : dict of float to list of Lateness
        Of the plan with each margin.
    sizes : dict of int to list of Lateness
        Of the plan with each number of vehicles.
    slack : numpy.ndarray
        Minutes, of each stop.
    metres : bool
        Whether metres are kept least.

    >>> Results.__name__
    'Results'
    """

    day: Day
    plans: Plans
    rules: list[Rule]
    trials: dict[float, list[Lateness]]
    sizes: dict[int, list[Lateness]]
    slack: Floats
    metres: bool = False

    def cost(self, plan: RoutePlan) -> float:
        """What is kept least: minutes of driving, or km, and the use of vehicles.

        Parameters
        ----------
        plan : RoutePlan
        """
        return plan.objective / 1000 if self.metres else plan.objective

    def late(self, margin: float, slower: float) -> Lateness:
        """How late the plan with a margin is on days on which drives take longer.

        Parameters
        ----------
        margin, slower : float
        """
        return next(one for one in self.trials[margin] if np.isclose(one.slower, slower))


def work_out(day: Day, settings: DeliverySettings) -> Results:
    """Search, compare, and try on simulated days.

    Parameters
    ----------
    day : Day
    settings : DeliverySettings

    >>> from .sample import make_sample
    >>> small = make_sample()
    >>> small.results.metres
    False
    """
    near, plans = day.with_margin(settings.margin), search_plans(day, settings)
    return Results(
        day,
        plans,
        try_rules(near, settings.fixed),
        {margin: try_days(day, plan, settings) for margin, plan in plans.margins.items()},
        {n: try_days(day, plan, settings) for n, plan in plans.sizes.items()},
        measure_slack(day, plans.best),
        settings.least == "distance",
    )
