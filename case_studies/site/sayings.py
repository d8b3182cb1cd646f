"""Sentences of the report on sites, each made of figures that were worked out elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd

from domains.geodata import SiteDecision
from shared.text import capitalise, count_of, join_words

from .choice import Choice
from .market import Market
from .settings import SiteSettings
from .town import Town
from .trials import Trials
from .visits import Calibration
from .words import percent

__all__ = [
    "say_advice",
    "say_all",
    "say_exponent",
    "say_firmness",
    "say_goals",
    "say_proof",
    "say_simpler",
    "say_spot",
]

TOLD = 8  # spots that are named in one sentence


def say_spot(town: Town, place: int) -> str:
    """A spot with its coordinates.

    Parameters
    ----------
    town : Town
    place : int

    >>> from .example import make_example
    >>> say_spot(make_example(), 1)
    'Middle (50.00360, 8.00560)'
    """
    spot = town.spots.iloc[place]
    return f"{spot['spot']} ({spot['lat']:.5f}, {spot['lon']:.5f})"


def say_all(town: Town) -> str:
    """What all demand is called.

    Parameters
    ----------
    town : Town

    >>> from .example import make_example
    >>> say_all(make_example())
    'all “people”'
    """
    return f"all “{town.unit}”" if town.unit else "all demand"


def say_advice(town: Town, market: Market, choice: Choice) -> str:
    """What to open, and what that wins.

    Parameters
    ----------
    town : Town
    market : Market
    choice : Choice

    >>> from .choice import choose_best
    >>> from .example import SETTINGS, make_example, make_example_market
    >>> market = make_example_market()
    >>> say_advice(make_example(), market, choose_best(market, SETTINGS))[:13]
    'Open at Middl'
    """
    n, own = len(choice.best), int(market.own.sum())
    places = [say_spot(town, place) for place in choice.best[:TOLD]]
    more = [f"{n - TOLD} more listed below"] if n > TOLD else []
    fair = n * float(choice.flows.loc[~choice.flows["own"], "before"].mean()) / market.total
    together, average = (
        ("it wins", "an average rival wins") if n == 1 else ("together they win", f"{n} average rivals win")
    )
    told = (
        f"Open at {join_words([*places, *more])}: {together} {percent(choice.won / market.total)} of {say_all(town)}"
        f" from {count_of(len(market.own) - own, 'rival')} ({town.kind}); {average} {percent(fair)} today."
    )
    if not own:
        return told
    mine = "The own site wins" if own == 1 else f"The {own:,} own sites win"
    return f"{told} {mine} {percent(market.held / market.total)} today, which is not counted in."


def say_proof(decision: SiteDecision, n: int, of: int) -> str:
    """Say whether a set is proven to be the best.

    Parameters
    ----------
    decision : SiteDecision
    n : int
        Spots of the set.
    of : int
        Spots to choose from.

    >>> found = SiteDecision("optimal", pd.DataFrame({"value": [1.0], "role": ["new"]}), 1.0, 1.0)
    >>> say_proof(found, 3, 200)
    'No other 3 of the 200 spots win more: that is proven.'
    """
    others = f"No other {n} of the {of:,} spots win" if n > 1 else f"No other of the {of:,} spots wins"
    if decision.proven:
        return f"{others} more: that is proven."
    if np.isfinite(decision.gap):
        return f"Time was up before the proof: {others.lower()} more by over {percent(decision.gap)}."
    return "Time was up before the proof: how far this is from the best is not known."


def say_exponent(calibration: Calibration | None, market: Market) -> str:
    """Say where the exponent comes from.

    Parameters
    ----------
    calibration : Calibration, optional
    market : Market

    >>> from .example import make_example_market
    >>> say_exponent(None, make_example_market())[:58]
    "That a site's pull falls with the minutes to the power 2 i"
    """
    if calibration is None:
        return (
            f"That a site's pull falls with the minutes to the power {market.exponent:g} is assumed, not learnt: no"
            " visits were given (--data visits=FILE)."
        )
    return (
        f"That a site's pull falls with the minutes to the power {calibration.exponent:.2f} (95 %:"
        f" {calibration.low:.2f} to {calibration.high:.2f}) was learnt from {calibration.visits:,.0f} visits of"
        f" {count_of(calibration.customers, 'customer')}; it explains {percent(calibration.explained, 0)} of how far"
        " their shares are from equal."
    )


def say_firmness(market: Market, choice: Choice, trials: Trials, settings: SiteSettings) -> str:
    """Say how sure the choice is.

    Parameters
    ----------
    market : Market
    choice : Choice
    trials : Trials
    settings : SiteSettings

    >>> from .choice import choose_best
    >>> from .example import SETTINGS, make_example, make_example_market
    >>> market = make_example_market()
    >>> from .trials import try_otherwise
    >>> choice = choose_best(market, SETTINGS)
    >>> trials = try_otherwise(make_example(), market, choice, None, SETTINGS)
    >>> say_firmness(market, choice, trials, SETTINGS)[:37]
    'How sure: depending on how fast a sit'
    """
    here = choice.won / market.total
    low, high = trials.span
    low, high = min(low, here), max(high, here)
    n, kept, tried = settings.n, trials.table["kept"], len(trials.table)
    same, near = int((kept == n).sum()), int((kept == n - 1).sum())
    alike = f"Under {same} of {tried} other assumptions the same {'spot is' if n == 1 else f'{n} spots are'} the best"
    alike += f", under {near} all but one" if near and n > 1 else ""
    worst, line = percent(float(trials.table["loses"].max())), trials.table["loses"].idxmax()
    loss = f"; keeping to these costs up to {worst} of the best possible (“{line}”)" if same < tried else ""
    share = choice.decisions["share"].stability.set_index("site")["share"]
    firm = float(np.mean([share.get(market.spots[place], 0.0) for place in choice.best]))
    stay = "the spot is the best" if n == 1 else "a spot is in the best set"
    return (
        f"How sure: depending on how fast a site's pull falls with the minutes, {'it wins' if n == 1 else 'they win'}"
        f" {percent(low)} to {percent(high)}. {alike}{loss}. With customers drawn anew, {stay} in {percent(firm, 0)}"
        f" of the draws, and keeping to {'it' if n == 1 else 'these'} costs"
        f" {percent(choice.decisions['share'].regret)} on average."
    )


def say_goals(choice: Choice, settings: SiteSettings) -> str:
    """Say whether the three goals choose the same spots.

    Parameters
    ----------
    choice : Choice
    settings : SiteSettings

    >>> from .choice import choose_best
    >>> from .example import SETTINGS, make_example_market
    >>> market = make_example_market()
    >>> say_goals(choose_best(market, SETTINGS), SETTINGS)[:22]
    'Were there no rivals, '
    """
    n = settings.n
    counts = {
        "the shortest ways": choice.shared("median"),
        f"most demand within {settings.minutes:g} minutes": choice.shared("cover"),
    }
    if all(count == n for count in counts.values()):
        return f"{capitalise(join_words(list(counts)))} would be had by the same spots."
    which = [f"these {n} spots" if count == n else f"{count or 'none'} of these {n} spots" for count in counts.values()]
    if n == 1:
        which = ["this spot" if count else "another spot" for count in counts.values()]
    told = [f"{one} would be chosen for {goal}" for one, goal in zip(which, counts, strict=True)]
    return f"Were there no rivals, {join_words(told)}."


def say_simpler(simpler: pd.DataFrame) -> str:
    """Say how much better the best set is than simpler ways of choosing.

    Parameters
    ----------
    simpler : pandas.DataFrame
        See `try_simpler`.

    >>> table = pd.DataFrame({"won": [1.0, 2.0], "lack": [0.5, 0.0]}, index=["a random set", "one by one"])
    >>> say_simpler(table)
    'Simpler ways of choosing win 0.0 % (one by one) to 50.0 % (a random set) less.'
    """
    lacks = {str(way): max(0.0, float(lack)) for way, lack in simpler["lack"].items()}
    least, most = min(lacks, key=lacks.__getitem__), max(lacks, key=lacks.__getitem__)
    return f"Simpler ways of choosing win {percent(lacks[least])} ({least}) to {percent(lacks[most])} ({most}) less."
