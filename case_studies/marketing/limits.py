"""The limits of a budget: the user's own, and those that keep it near what was seen."""

from __future__ import annotations

import pandas as pd

from shared.decision import Limit, Limits

from .settings import MarketingSettings

__all__ = ["make_limits"]


def make_limits(now: pd.Series, most: pd.Series, own: Limits, settings: MarketingSettings) -> Limits:
    """Join the user's limits with those of the settings, which keep the split near what was seen.

    No channel gets more than it had in any period, since what lies beyond is a guess; nor changes by more than a share
    of what it has, since the curves are surest near there.

    Parameters
    ----------
    now, most : pandas.Series
        What is spent a period now, and at most so far, by channel.
    own : Limits
    settings : MarketingSettings

    >>> now = pd.Series({"tv": 10.0, "web": 4.0})
    >>> limits = make_limits(now, 2 * now, Limits(), MarketingSettings(fixed=["web"]))
    >>> [(one.name, one.least, one.most) for one in limits][:2]
    [('most seen of tv', -inf, 20.0), ('change of tv by 50 %', 5.0, 15.0)]
    """
    made = []
    for name in now.index:
        amount = float(now[name])
        if name in settings.fixed:
            made.append(Limit(f"{name} stays as it is", name, amount, amount))
            continue
        made.append(Limit(f"most seen of {name}", name, most=float(most[name])))
        if settings.most_change > 0:
            low, high = amount * (1 - settings.most_change), amount * (1 + settings.most_change)
            # What is asked for by name counts for more than a rule for all.
            asked = [one for one in own if one.applies_to == name]
            low, high = min([low, *(one.most for one in asked)]), max([high, *(one.least for one in asked)])
            made.append(Limit(f"change of {name} by {100 * settings.most_change:g} %", name, low, high))
    return Limits([*own, *made], source=own.source)
