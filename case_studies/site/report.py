"""The first page of the report on sites, its doubts, and its figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shared.reporting import Run
from shared.text import count_of, sentences

from .choice import Choice
from .market import Market
from .sayings import say_advice, say_exponent, say_firmness, say_goals, say_proof, say_simpler
from .settings import SiteSettings
from .town import Town
from .trials import Trials
from .visits import Calibration
from .words import MODES, percent

FEW = 30  # customers, below which shares jump


def summary(
    run: Run,
    settings: SiteSettings,
    town: Town,
    market: Market,
    choice: Choice,
    trials: Trials,
    simpler: pd.DataFrame,
    calibration: Calibration | None,
) -> None:
    """Sentences for a manager and the numbers behind them."""
    n = settings.n
    run.report.subtitle = (
        f"{count_of(n, 'new site')} (“{settings.category}”) from {count_of(len(market.spots), 'spot')}; customers"
        f" come {MODES[settings.mode]} on the map"
        f" {town.source}."
    )
    proof = say_proof(choice.decisions["share"], n, len(market.spots))
    run.add_summary(f"{say_advice(town, market, choice)} {proof}")
    run.add_summary(say_firmness(market, choice, trials, settings))
    run.add_summary(f"{say_simpler(simpler)} {say_goals(choice, settings)}")
    doubt = " ".join(filter(None, [town.demand_source, say_guard(town), say_exponent(calibration, market)]))
    run.add_summary(f"When not to believe it: {doubt}")
    run.add_fact(percent(choice.won / market.total), "of the demand, won from rivals")
    fair = float(choice.flows.loc[~choice.flows["own"], "before"].mean())
    run.add_fact(f"{choice.won / n / max(fair, 1e-300):.1f} ×", "what an average rival wins today, each")
    run.add_fact(percent(float(trials.table["loses"].max())), "lost at most under another assumption")
    run.add_fact(
        percent(1 - market.total / town.weights.sum(), 0), "of the demand is too near to the map's edge to count"
    )


def say_guard(town: Town) -> str:
    """Say how much demand counts, and why not all.

    Parameters
    ----------
    town : Town
    """
    share = town.counts.sum() / town.weights.sum()
    if town.guard <= 0 or share >= 1:
        near = float(town.weights[town.edge["customers"] < 2.0].sum() / town.weights.sum())
        return (
            f"{percent(near, 0)} of the demand is within 2 minutes of the map's edge, beyond which rivals and customers"
            " are not seen."
        )
    return (
        f"{percent(1 - share, 0)} of the demand lies within {town.guard:.2g} minutes of the map's edge and does not"
        " count, since rivals beyond it are not seen."
    )


def doubts(
    town: Town,
    market: Market,
    choice: Choice,
    calibration: Calibration | None,
    settings: SiteSettings,
) -> list[str]:
    """When not to believe it."""
    told = [town.demand_source, say_guard(town), say_exponent(calibration, market)]
    if (market.weights > 0).sum() < FEW:
        some = count_of(int((market.weights > 0).sum()), "customer")
        told.append(f"Only {some}: enough to see that it runs, too few to decide on.")
    near = [market.spots[place] for place in choice.best if town.edge["spots"][place] < settings.minutes]
    if near:
        told.append(
            f"{len(near)} of {settings.n} new sites {'lies' if len(near) == 1 else 'lie'} within {settings.minutes:g}"
            " minutes of the map's edge: take a larger map before deciding on them."
        )
    if not town.sized:
        told.append(
            "All sites are taken to be alike: no table says how large or how good they are (columns.sites.size,"
            " columns.candidates.size)."
        )
    told.append(
        "Rivals that the map lacks, or that have closed, change who wins what; look at the list of those that lose most"
        " first. Huff's rule shares the demand there is: whether new sites make more of it is not known, nor are rents,"
        " rooms, opening hours and how good one's own site is."
    )
    if settings.mode == "walk":
        told.append("Customers are taken to come from where they are, on foot, and not on their way to somewhere else.")
    return [text for text in told if text]


def data_parts(town: Town, calibration: Calibration | None, settings: SiteSettings) -> list[str]:
    """What is to be known of the data."""
    own = town.open.loc[town.open["own"], "site"].tolist()
    named = [f"Own sites: {', '.join(own)}."] if own else []
    learnt = [calibration.reading] if calibration is not None else []
    lost = settings.columns.explain_missing() if town.read else []
    return [*town.read, *learnt, *lost, *named, *filter(None, [sentences(town.notes)])]


def metrics(
    town: Town,
    market: Market,
    choice: Choice,
    trials: Trials,
    simpler: pd.DataFrame,
    calibration: Calibration | None,
    settings: SiteSettings,
) -> dict[str, float]:
    """The figures of the run."""
    low, high = trials.span
    found = {
        "demand": float(town.weights.sum()),
        "demand that counts": market.total,
        "spots": float(len(market.spots)),
        "rivals": float((~market.own).sum()),
        "share won": choice.won / market.total,
        "least share over exponents": low,
        "greatest share over exponents": high,
        "regret over draws": choice.decisions["share"].regret,
        "loss with rivals missing": float(trials.missing["loses"].mean()),
        "greatest loss otherwise": float(trials.table["loses"].max()),
        "mean minutes": market.walk(choice.best),
        "shortest mean minutes": market.walk(choice.sets["median"]),
        "covered": market.cover(choice.best, settings.minutes) / market.total,
        "most covered": market.cover(choice.sets["cover"], settings.minutes) / market.total,
    }
    found |= {f"lack of {way}": float(lack) for way, lack in simpler["lack"].items()}
    if calibration is not None:
        found |= {
            "exponent": calibration.exponent,
            "least exponent": calibration.low,
            "greatest exponent": calibration.high,
        }
    return {name: value for name, value in found.items() if np.isfinite(value)}
