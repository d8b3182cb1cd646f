"""What to open: the best spots for each goal with their proof, and what simpler ways of choosing would win."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domains.geodata import SiteDecision
from shared.typing import Floats, Ints

from .market import Market
from .settings import SiteSettings

__all__ = ["GOALS", "Choice", "choose_best", "choose_simply", "try_simpler"]

GOALS = ("share", "median", "cover")


@dataclass(frozen=True)
class Choice:
    """The best spots.

    Attributes
    ----------
    decisions : dict of SiteDecision
        By goal: "share" decides, "median" and "cover" stand beside it.
    sets : dict of list of int
        Spots of each goal; those of "share" by what each wins.
    won : float
        Demand that the spots of "share" win from rivals together.
    alone : numpy.ndarray
        What each spot would win if it alone opened.
    flows : pandas.DataFrame
        What every site wins before and after: see `Market.compare`.

    >>> sets = {"share": [1, 2], "median": [2, 5], "cover": [1, 2]}
    >>> Choice({}, sets, 1.0, np.zeros(0), pd.DataFrame()).shared("median")
    1
    """

    decisions: dict[str, SiteDecision]
    sets: dict[str, list[int]]
    won: float
    alone: Floats
    flows: pd.DataFrame

    @property
    def best(self) -> list[int]:
        """The spots to open."""
        return self.sets["share"]

    def shared(self, goal: str) -> int:
        """How many spots another goal chooses, too.

        Parameters
        ----------
        goal : str
        """
        return len(set(self.best) & set(self.sets[goal]))


def choose_best(market: Market, settings: SiteSettings) -> Choice:
    """Choose for each goal, and look at who loses what.

    Parameters
    ----------
    market : Market
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_market
    >>> market = make_example_market()
    >>> choice = choose_best(market, SETTINGS)
    >>> [market.spots[place] for place in choice.best], choice.decisions["share"].proven
    (['Middle', 'East'], True)
    """
    decisions = {"share": market.choose("share", settings, compare=True, draws=settings.draws)}
    decisions |= {goal: market.choose(goal, settings) for goal in GOALS[1:]}
    sets = {goal: market.find(decision.sites) for goal, decision in decisions.items()}
    return Choice(decisions, sets, market.win(sets["share"]), market.win_alone(), market.compare(sets["share"]))


def choose_simply(market: Market, choice: Choice, settings: SiteSettings) -> dict[str, list[int]]:
    """Spots that one would choose without a solver, by the name of the way.

    Parameters
    ----------
    market : Market
    choice : Choice
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example_market
    >>> market = make_example_market()
    >>> list(choose_simply(market, choose_best(market, SETTINGS), SETTINGS).values())[1]
    [1, 2]
    """
    n = settings.n
    near = market.weights @ (market.minutes / market.pace <= settings.minutes)
    return {
        f"the spots with most demand within {settings.minutes:g} minutes": _take_first(
            market, np.argsort(-near, kind="stable"), n
        ),
        "the spots that win most alone": _take_first(market, np.argsort(-choice.alone, kind="stable"), n),
        "the spots taken one by one, the best each time": _take_greedily(market, n),
    }


def try_simpler(market: Market, choice: Choice, settings: SiteSettings) -> pd.DataFrame:
    """What simpler ways of choosing as many spots would win.

    Parameters
    ----------
    market : Market
    choice : Choice
    settings : SiteSettings

    Returns
    -------
    pandas.DataFrame
        By way: "won", and its "lack" against the best set, as a share of that.

    >>> from .example import SETTINGS, make_example_market
    >>> market = make_example_market()
    >>> simpler = try_simpler(market, choose_best(market, SETTINGS), SETTINGS)
    >>> bool((simpler["lack"] > -1e-9).all())
    True
    """
    n, rng = settings.n, np.random.default_rng(settings.seed)
    drawn = [_take_first(market, rng.permutation(len(market.spots)), n) for _ in range(settings.random_sets)]
    won = [market.win(chosen) for chosen in drawn if len(chosen) == n] or [0.0]
    rows = {
        "a random set, on average": float(np.mean(won)),
        f"the best of {settings.random_sets:,} random sets": max(won),
    }
    rows |= {way: market.win(chosen) for way, chosen in choose_simply(market, choice, settings).items()}
    table = pd.DataFrame({"won": rows})
    return table.assign(lack=1 - table["won"] / max(choice.won, 1e-300)).rename_axis("way")


def _take_first(market: Market, order: Ints, n: int) -> list[int]:
    """The first spots in some order that may stand beside one another."""
    chosen: list[int] = []
    for spot in order.tolist():
        if len(chosen) < n and market.fits(spot, chosen):
            chosen.append(spot)
    return chosen


def _take_greedily(market: Market, n: int) -> list[int]:
    chosen: list[int] = []
    for _ in range(n):
        free = [spot for spot in range(len(market.spots)) if spot not in chosen and market.fits(spot, chosen)]
        if free:
            chosen.append(max(free, key=lambda spot: market.win([*chosen, spot])))
    return chosen
