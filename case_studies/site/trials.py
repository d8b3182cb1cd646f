"""How firmly the spots were chosen: other assumptions, other customers, and rivals that the map may lack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from shared.typing import Floats

from .choice import Choice
from .datasets import ADDRESS
from .market import Market
from .settings import SiteSettings
from .town import Town
from .visits import Calibration
from .words import MODES, say_speed

__all__ = ["Trials", "try_otherwise"]

EXPONENTS = (1.0, 1.5, 2.0, 3.0)
LITTLE = 0.1  # share of the demand, below which nothing is chosen from it
RECIPES = {"addresses alone count": (ADDRESS,), "offices and shops alone count": ("office", "shop", "grocery")}


@dataclass(frozen=True)
class Trials:
    """What happens to the choice where something is otherwise.

    Attributes
    ----------
    table : pandas.DataFrame
        By assumption: how many spots are "kept", what the spots "win" then and what the "best" would, as shares of the
        demand that counts then, how much they "lose" against it, relative to it, and whether it is of the "exponent".
    missing : pandas.DataFrame
        A row a draw of rivals that are left out: "kept" and "loses".

    >>> Trials(pd.DataFrame({"wins": [0.1, 0.2], "exponent": [True, True]}), pd.DataFrame()).span
    (0.1, 0.2)
    """

    table: pd.DataFrame
    missing: pd.DataFrame

    @property
    def span(self) -> tuple[float, float]:
        """What the spots win at the least and the greatest, over the exponents that were tried."""
        won = self.table.loc[self.table["exponent"], "wins"]
        return float(won.min()), float(won.max())


def try_otherwise(
    town: Town, market: Market, choice: Choice, calibration: Calibration | None, settings: SiteSettings
) -> Trials:
    """Choose again under every other assumption, and with rivals left out at random.

    Parameters
    ----------
    town : Town
    market : Market
    choice : Choice
    calibration : Calibration, optional
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example, make_example_market
    >>> from .choice import choose_best
    >>> market = make_example_market()
    >>> trials = try_otherwise(make_example(), market, choose_best(market, SETTINGS), None, SETTINGS)
    >>> trials.table.index.tolist()[:2]
    ['exponent 1', 'exponent 1.5']
    """
    rows = []
    for name, other, of_exponent in _list_cases(town, market, calibration, settings):
        rows.append((name, *_compare(other, choice, settings), of_exponent))
    table = pd.DataFrame(rows, columns=["assumption", "kept", "wins", "best", "loses", "exponent"])
    rng = np.random.default_rng(settings.seed)
    drawn = []
    rivals = np.flatnonzero(~market.own)
    for _ in range(settings.losses):
        gone = rng.choice(rivals, min(round(settings.missing * len(rivals)), len(rivals) - 1), replace=False)
        left = np.ones(len(market.sites), dtype=bool)
        left[gone] = False
        drawn.append(_compare(_leave_out(market, left), choice, settings))
    missing = pd.DataFrame(drawn, columns=["kept", "wins", "best", "loses"])
    return Trials(table.set_index("assumption"), missing)


def _compare(market: Market, choice: Choice, settings: SiteSettings) -> tuple[int, float, float, float]:
    """How many spots stay, what they win then, what the best would, and how much they lose against it."""
    best = market.find(market.choose("share", settings).sites)
    won, most = market.win(choice.best), market.win(best)
    same = len(set(best) & set(choice.best))
    return same, won / market.total, most / market.total, max(0.0, 1 - won / max(most, 1e-300))


def _leave_out(market: Market, left: Floats) -> Market:
    return replace(
        market,
        sites=[name for name, there in zip(market.sites, left, strict=True) if there],
        open_minutes=market.open_minutes[:, left],
        open_sizes=market.open_sizes[left],
        own=market.own[left],
    )


def _list_cases(
    town: Town, market: Market, calibration: Calibration | None, settings: SiteSettings
) -> Iterator[tuple[str, Market, bool]]:
    """Every other assumption: its name, the market under it, and whether it is another exponent."""
    exponents: tuple[float, ...] = (*EXPONENTS, settings.exponent)
    if calibration is not None:
        exponents = (calibration.low, calibration.high)
    for exponent in sorted(set(exponents) - {market.exponent}):
        if exponent > 0:
            yield f"exponent {exponent:.3g}", replace(market, exponent=exponent), True
    for pace in (settings.slower, settings.faster):
        if pace != 1:
            yield f"{MODES[settings.mode]} {say_speed(town.network, pace)}", replace(market, pace=pace), False
    for least in (market.least / 2, 2 * market.least):
        yield f"the pull is level within {least:g} min", replace(market, least=least), False
    if "kind" in town.customers:
        kind = town.customers["kind"].to_numpy()
        for name, kinds in RECIPES.items():
            yield from _weigh_otherwise(name, market, np.where(np.isin(kind, kinds), town.counts, 0.0))
    if town.guard > 0:
        yield from _weigh_otherwise("demand counts up to the map's edge", market, town.weights)
        half = f"demand counts from {town.guard / 2:.3g} min off the map's edge"
        yield from _weigh_otherwise(half, market, np.where(town.edge["customers"] >= town.guard / 2, town.weights, 0.0))


def _weigh_otherwise(name: str, market: Market, weights: Floats) -> Iterator[tuple[str, Market, bool]]:
    """Other demand, unless it is the same or next to nothing."""
    if weights.sum() >= LITTLE * market.total and not np.array_equal(weights, market.weights):
        yield name, replace(market, weights=weights), False
