"""The tables that the report on sites speaks from: totals, spots, sites, customers, and what was tried otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.town import add_columns
from shared.evaluation import Comparison, compare_units
from shared.reporting import Evidence

from .choice import GOALS, Choice, choose_simply
from .market import Market, measure_all
from .settings import SiteSettings
from .town import Town
from .trials import Trials
from .visits import Calibration

__all__ = ["CHOSEN", "Tables", "make_tables"]

CHOSEN = "the chosen spots"
METRIC = "demand won"
TAKEN = 3  # rivals that are named with a site
CLOSE = 1e-9  # relative gain that is none but rounding


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    kept : dict of pandas.DataFrame
        By the name of their files.
    simple : str
        The simple way of choosing that wins most.
    comparison : Comparison, optional
        The chosen spots with those of that way, over the customers; none where they are the same.

    >>> Tables({"totals": pd.DataFrame({"n": [3]})}, "by hand").rows("totals").value("n").text
    '3'
    """

    kept: dict[str, pd.DataFrame]
    simple: str
    comparison: Comparison | None = None

    def rows(self, table: str, **where: object) -> Evidence:
        """Rows of a table.

        Parameters
        ----------
        table : str
        **where
            Values by column.
        """
        return Evidence(table, self.kept[table], where)


def make_tables(
    town: Town,
    market: Market,
    choice: Choice,
    trials: Trials,
    simpler: pd.DataFrame,
    settings: SiteSettings,
    calibration: Calibration | None = None,
) -> Tables:
    """Make them from the results.

    Parameters
    ----------
    town : Town
    market : Market
    choice : Choice
    trials : Trials
    simpler : pandas.DataFrame
        See `try_simpler`.
    settings : SiteSettings
    calibration : Calibration, optional

    >>> from .choice import choose_best, try_simpler
    >>> from .example import SETTINGS, make_example, make_example_market
    >>> from .trials import try_otherwise
    >>> town, market = make_example(), make_example_market()
    >>> choice = choose_best(market, SETTINGS)
    >>> trials, simpler = try_otherwise(town, market, choice, None, SETTINGS), try_simpler(market, choice, SETTINGS)
    >>> make_tables(town, market, choice, trials, simpler, SETTINGS).comparison is None
    True
    """
    sets = choose_simply(market, choice, settings)
    simple = max(sets, key=lambda way: market.win(sets[way]))
    here = choice.won / market.total
    otherwise = trials.table.reset_index().assign(other=True)
    usual = {"assumption": "as assumed", "kept": settings.n, "wins": here, "best": here, "loses": 0.0}
    otherwise = pd.concat([otherwise, pd.DataFrame([{**usual, "exponent": True, "other": False}])], ignore_index=True)
    kept = {
        "totals": _count_up(town, market, choice),
        "spots": _describe_spots(town, market, choice, settings),
        "sites": _describe_sites(town, market, choice),
        "customers": _describe_customers(town, market, settings),
        "taken": _list_taken(market, choice),
        "goals": _compare_goals(market, choice, settings),
        "ways": _list_ways(market, choice, simpler),
        "otherwise": otherwise,
        "missing": trials.missing,
        "compared": _compare_customers(market, {CHOSEN: choice.best, simple: sets[simple]}),
    }
    if calibration is not None:
        kept["visits"] = pd.DataFrame([{k: v for k, v in vars(calibration).items() if k != "reading"}])
    won, most = choice.won, market.win(sets[simple])
    same = set(sets[simple]) == set(choice.best) or abs(won - most) <= CLOSE * max(won, 1e-300)
    told: Any = {"metric": METRIC, "by": "customer", "unit": "customers", "greater": True}
    return Tables(kept, simple, None if same else compare_units(kept["compared"], CHOSEN, simple, **told))


def _count_up(town: Town, market: Market, choice: Choice) -> pd.DataFrame:
    """One row of what the whole choice comes to."""
    flows = choice.flows.iloc[: len(market.sites)]
    rivals, lost = flows[~flows["own"]], -flows["change"]
    fair = float(rivals["before"].mean())
    decision, whole = choice.decisions["share"], float(town.weights.sum())
    near = town.weights[town.edge["customers"] < 2.0].sum()
    return pd.DataFrame(
        {
            "won": [choice.won / market.total],
            "average rivals": len(choice.best) * fair / market.total,
            "times a rival": choice.won / len(choice.best) / max(fair, 1e-300),
            "held": market.held / market.total,
            "uncounted": 1 - market.total / whole,
            "near the edge": near / whole,
            "guard": town.guard,
            "gap": decision.gap,
            "regret": decision.regret,
            "half": int(np.searchsorted(np.cumsum(np.sort(lost)[::-1]), lost.sum() / 2)) + 1,
            "from own": float(lost[flows["own"]].sum()) / max(float(lost.sum()), 1e-300),
        }
    )


def _describe_spots(town: Town, market: Market, choice: Choice, settings: SiteSettings) -> pd.DataFrame:
    """A row a spot: what it wins alone and beside others, how firm it is, and how far from rivals, customers, edge."""
    n, best = len(market.spots), choice.best
    rivals = town.positions["open"].take(~market.own)
    ways = measure_all(town.network, town.positions["spots"], rivals, settings.n_jobs)
    number, wins = np.full(n, np.nan), np.full(n, np.nan)
    number[best] = np.arange(1, len(best) + 1)
    wins[best] = choice.flows["after"].to_numpy()[len(market.sites) :] / market.total
    decision = choice.decisions["share"]
    firm = decision.stability.set_index("site")["share"].to_dict()
    found = town.spots.assign(
        **{
            "wins alone": choice.alone,
            "chosen": np.isin(np.arange(n), best),
            "number": number,
            "wins": wins,
            "share alone": choice.alone / market.total,
            "in the best set": [float(firm.get(name, 0.0)) for name in market.spots],
            "nearest rival": ways.min(axis=1, initial=np.inf),
            "mean way": [market.walk_to(place) for place in range(n)],
            "edge": town.edge["spots"],
        }
    )
    out = decision.runners_up.set_index("without") if len(decision.runners_up) else None
    found["instead"] = [
        None if out is None or one not in out.index else str(out["instead"][one]) for one in found["spot"]
    ]
    lost = [np.nan if out is None or one not in out.index else float(out["loses"][one]) for one in found["spot"]]
    return found.assign(lost=np.array(lost, dtype=float) / max(choice.won, 1e-300))


def _describe_sites(town: Town, market: Market, choice: Choice) -> pd.DataFrame:
    """A row an open site: what it wins today and then."""
    flows = choice.flows.iloc[: len(market.sites)]
    before, after = (flows[name].to_numpy(dtype=float) for name in ("before", "after"))
    return town.open[["site", "lon", "lat", "size", "own"]].assign(
        today=before / market.total, then=after / market.total, change=(after - before) / np.maximum(before, 1e-300)
    )


def _describe_customers(town: Town, market: Market, settings: SiteSettings) -> pd.DataFrame:
    """Where customers are, what they count, and what they are where they were made from the map."""
    where = pd.DataFrame(town.customers[[settings.columns.lon, settings.columns.lat]])
    more = {"kind": town.customers["kind"].to_numpy()} if town.demand_source else {}
    return add_columns(where, counts=market.weights, demand=town.weights, **more)


def _list_taken(market: Market, choice: Choice) -> pd.DataFrame:
    """From whom each new site takes most: a row a site and rank."""
    before = choice.flows["before"].to_numpy()[: len(market.sites)]
    rows = []
    for place, taken in zip(choice.best, market.take(choice.best), strict=True):
        most = np.argsort(-taken, kind="stable")[:TAKEN]
        rows += [
            (market.spots[place], rank, market.sites[one], taken[one] / max(before[one], 1e-300))
            for rank, one in enumerate(most.tolist(), 1)
        ]
    return pd.DataFrame(rows, columns=["new", "rank", "site", "share"])


def _compare_goals(market: Market, choice: Choice, settings: SiteSettings) -> pd.DataFrame:
    """A row a goal: what its spots are worth by every goal."""
    rows = []
    for goal in GOALS:
        chosen, decision = choice.sets[goal], choice.decisions[goal]
        values = (
            market.win(chosen) / market.total,
            market.walk(chosen),
            market.cover(chosen, settings.minutes) / market.total,
        )
        rows.append((goal, *values, bool(decision.proven), decision.gap, choice.shared(goal)))
    names = ["goal", "wins", "mean way", "covers", "proven", "gap", "shared"]
    return pd.DataFrame(rows, columns=names).assign(
        spots=[", ".join(market.spots[place] for place in choice.sets[goal]) for goal in GOALS]
    )


def _list_ways(market: Market, choice: Choice, simpler: pd.DataFrame) -> pd.DataFrame:
    """A row a way of choosing: what it wins, and how much less that is."""
    rows = [(CHOSEN, choice.won / market.total, 0.0, False)]
    for way, won, lack in simpler[["won", "lack"]].itertuples(name=None):
        rows.append((str(way), won / market.total, max(float(lack), 0.0), True))
    return pd.DataFrame(rows, columns=["way", "wins", "less", "simple"])


def _compare_customers(market: Market, sets: dict[str, list[int]]) -> pd.DataFrame:
    """Demand that each way wins of each customer that counts."""
    on = np.flatnonzero(market.weights > 0)
    parts = [
        pd.DataFrame({"model": name, "metric": METRIC, "customer": on + 1, "value": market.win_each(chosen)[on]})
        for name, chosen in sets.items()
    ]
    return pd.concat(parts, ignore_index=True)
