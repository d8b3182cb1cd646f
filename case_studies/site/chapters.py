"""The chapters of the report on sites: tables and figures with what is to be read from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.map_file import MAP_PAGE
from shared.reporting import Figure, Link
from shared.reporting.charts import bar_figure
from shared.text import count_of, join_words

from .choice import GOALS, Choice
from .market import Market, measure_all
from .sayings import say_exponent, say_goals, say_proof, say_simpler
from .settings import SiteSettings
from .town import Town
from .trials import Trials
from .visits import Calibration
from .words import percent

LISTED = 20  # rows of a table that people read
SELDOM = 0.02  # share of the draws, below which a spot is not listed
TAKEN = 3  # rivals that are named with a site


def site_parts(town: Town, market: Market, choice: Choice, settings: SiteSettings, figure: Figure) -> list[Any]:
    """Every new site with its figures and its reason."""
    best = choice.best
    change = choice.flows["after"].to_numpy()[len(market.sites) :]
    table = _describe(town, market, best, settings).assign(wins=[percent(one / market.total, 2) for one in change])
    shown = table[["wins", "nearest rival", "mean way", "to the map's edge", "latitude", "longitude"]]
    reasons = [say_reason(market, choice, k) for k in range(len(best))]
    return [
        figure,
        Link("The same map to move about in", MAP_PAGE),
        (
            shown,
            f"Sites by what each wins when all {len(best)} are open."
            if len(best) > 1
            else "What the site wins, and how far it is from rivals and customers.",
        ),
        *reasons,
        say_proof(choice.decisions["share"], len(best), len(market.spots), settings.apart),
        *([town.spot_source] if town.spot_source else []),
    ]


def say_reason(market: Market, choice: Choice, place: int) -> str:
    """Why a site: from whom it takes, and what the best set without it would lose.

    Parameters
    ----------
    market : Market
    choice : Choice
    place : int
        Of the site among those chosen.
    """
    name = market.spots[choice.best[place]]
    taken = market.take(choice.best)[place]
    before = choice.flows["before"].to_numpy()[: len(market.sites)]
    most = np.argsort(-taken, kind="stable")[:TAKEN]
    losers = [f"{market.sites[one]} ({percent(taken[one] / max(before[one], 1e-300))} of what it has)" for one in most]
    told = f"{name}: it takes most from {join_words(losers)}."
    found = choice.decisions["share"].runners_up
    rows = found[found["without"] == name]
    if not len(rows):
        return told
    instead, loses = str(rows["instead"].iloc[0]), float(rows["loses"].iloc[0])
    if not np.isfinite(loses):
        return f"{told} No set without it is allowed."
    less = percent(loses / max(choice.won, 1e-300))
    return f"{told} Without it, the best set has {instead} in its place, and wins {less} less."


def _describe(town: Town, market: Market, places: list[int], settings: SiteSettings) -> pd.DataFrame:
    """Figures of some spots, in words."""
    rivals = town.positions["open"].take(~market.own)
    ways = measure_all(town.network, town.positions["spots"].take(places), rivals, settings.n_jobs)
    near = ways.min(axis=1, initial=np.inf)
    return pd.DataFrame(
        {
            "nearest rival": [f"{one:.1f} min" if np.isfinite(one) else "not reached" for one in near],
            "mean way": [f"{market.walk_to(place):.1f} min" for place in places],
            "to the map's edge": [f"{one:.1f} min" for one in town.edge["spots"][places]],
            "latitude": [f"{one:.5f}" for one in town.spots["lat"].to_numpy()[places]],
            "longitude": [f"{one:.5f}" for one in town.spots["lon"].to_numpy()[places]],
        },
        index=pd.Index([market.spots[place] for place in places], name="site"),
    )


def flow_parts(market: Market, choice: Choice) -> list[Any]:
    """Who loses what."""
    table = choice.flows.iloc[: len(market.sites)].sort_values("change", kind="stable")
    top = table.head(LISTED)
    own = table[table["own"]]
    shown = pd.DataFrame(
        {
            "today": [percent(one / market.total, 2) for one in top["before"]],
            "then": [percent(one / market.total, 2) for one in top["after"]],
            "change": [percent(one) for one in top["change"] / top["before"].clip(lower=1e-300)],
        },
        index=pd.Index(top.index, name="site"),
    )
    shown["whose"] = ["own" if mine else "rival" for mine in top["own"]]
    lost = -table["change"]
    half = int(np.searchsorted(np.cumsum(np.sort(lost)[::-1]), lost.sum() / 2)) + 1
    told = (
        f"Half of what is won comes from {count_of(half, 'site')} of {len(table):,}; what all sites win together stays"
        " as it is, since Huff's rule shares demand and makes none."
    )
    parts: list[Any] = [(shown, f"Sites that lose most, of {len(table):,}: shares of the demand."), told]
    if len(own):
        share = percent(float(-own["change"].sum()) / max(float(lost.sum()), 1e-300))
        parts.append(f"Of all that the new sites win, {share} comes from one's own; it does not count as won.")
    return parts


def goal_parts(market: Market, choice: Choice, settings: SiteSettings) -> list[Any]:
    """What each goal's spots are worth by every goal."""
    names = {
        "share": "most won from rivals",
        "median": "shortest ways",
        "cover": f"most within {settings.minutes:g} min",
    }
    limit, rows = settings.minutes, []
    for goal in GOALS:
        chosen, decision = choice.sets[goal], choice.decisions[goal]
        proof = "proven" if decision.proven else f"within {percent(decision.gap)}"
        rows.append(
            (
                percent(market.win(chosen) / market.total),
                f"{market.walk(chosen):.1f} min",
                percent(market.cover(chosen, limit) / market.total),
                proof,
                ", ".join(market.spots[place] for place in chosen),
            )
        )
    columns = ["wins", "mean way", f"within {limit:g} min", "best of its goal", "spots"]
    table = pd.DataFrame(rows, columns=columns, index=pd.Index([names[goal] for goal in GOALS], name="goal"))
    return [
        say_goals(choice, settings),
        (table, "Every goal's spots, and what they are worth by the others'."),
        "Ways are those to the nearest of one's own sites, as if there were no rivals: that is what counts where"
        " customers have no choice.",
    ]


def simpler_parts(market: Market, choice: Choice, simpler: pd.DataFrame) -> list[Any]:
    """The best set beside simpler ways of choosing."""
    shares = {"the set that was chosen": choice.won / market.total} | {
        str(way): won / market.total for way, won in simpler["won"].items()
    }
    shown = pd.DataFrame(
        {
            "wins": [percent(one) for one in shares.values()],
            "less": ["", *(percent(max(one, 0.0)) for one in simpler["lack"])],
        },
        index=pd.Index(list(shares), name="way"),
    )
    figure = bar_figure(
        {way: 100 * share for way, share in shares.items()},
        x_label="% of the demand won from rivals",
        alt="Bars: what each way of choosing wins.",
        caption="What as many spots win, chosen in simpler ways.",
    )
    return [say_simpler(simpler), figure, (shown, "All by Huff's rule, from the same spots.")]


def trial_parts(
    market: Market, choice: Choice, trials: Trials, calibration: Calibration | None, settings: SiteSettings
) -> list[Any]:
    """Other assumptions, other customers, and rivals that the map may lack."""
    n, table = settings.n, trials.table
    shown = pd.DataFrame(
        {
            "spots kept": [f"{kept} of {n}" for kept in table["kept"]],
            "wins then": [percent(one) for one in table["wins"]],
            "the best would": [percent(one) for one in table["best"]],
            "loses": [percent(one) for one in table["loses"]],
        },
        index=table.index,
    )
    found = choice.decisions["share"].stability
    found = found[found["share"] >= SELDOM].head(LISTED)
    drawn = pd.DataFrame(
        {"in the best set": [percent(one, 0) for one in found["share"]]},
        index=pd.Index([str(one) for one in found["site"]], name="spot"),
    )
    drawn["chosen"] = [one in {market.spots[place] for place in choice.best} for one in drawn.index]
    lost, kept = trials.missing["loses"], trials.missing["kept"]
    stay = f"the spot stays the best in {percent(kept.mean(), 0)} of the draws"
    stay = stay if n == 1 else f"{kept.mean():.1f} of {n} spots stay in the best set on average"
    return [
        say_exponent(calibration, market),
        (shown, "If it were otherwise: spots that would be chosen again, and what keeping to these would cost."),
        f"Maps lack rivals. With {percent(settings.missing, 0)} of those known left out at random ({len(lost):,}"
        f" times), {stay}, and keeping to what was chosen costs {percent(float(lost.mean()))} on average,"
        f" {percent(float(lost.max()))} at most.",
        (
            drawn,
            f"Customers drawn anew {settings.draws} times: how often a spot is in the best set, from"
            f" {percent(SELDOM, 0)} on.",
        ),
        "Where a spot is seldom chosen and the set loses little, its neighbours are as good: look for rooms there, too."
        f" Speeds matter only through the {market.least:g} min within which the pull is level: beyond, all ways get"
        " longer alike, and shares stay.",
    ]


def spot_parts(town: Town, market: Market, choice: Choice, settings: SiteSettings) -> list[Any]:
    """Spots by what each wins alone."""
    order = np.argsort(-choice.alone, kind="stable")[:LISTED].tolist()
    table = _describe(town, market, order, settings)
    table.insert(0, "wins alone", [percent(one / market.total, 2) for one in choice.alone[order]])
    table.insert(1, "chosen", [place in choice.best for place in order])
    told = f"The first {len(order):,} of {len(market.spots):,} spots, by what each would win if it alone opened."
    near = "Spots near one another win from the same customers: the best ones alone are not the best set."
    return [(table, told), *([near] if settings.n > 1 else [])]
