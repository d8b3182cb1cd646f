"""What the figures of a catalogue say, in sentences."""

from __future__ import annotations

import numpy as np

from shared.text import count_of

from .alike import Alike
from .check import EQUAL, LEARNT, LEVEL, TEXTS, WORDS, Trial
from .items import Items
from .settings import CatalogueSettings

__all__ = ["percent", "say_check", "say_doubt", "say_lists", "say_simple", "say_twins", "way_in_words"]


SURE = 2.0  # standard errors from which two thirds are said to differ


def percent(share: float) -> str:
    """Write a share for people: with a decimal below ten percent.

    Parameters
    ----------
    share : float

    >>> percent(0.61803), percent(0.0123)
    ('62 %', '1.2 %')
    """
    return f"{100 * share:.0f} %" if abs(share) >= 0.0995 or share == 0 else f"{100 * share:.1f} %"


def way_in_words(way: str) -> str:
    """Name a way to find neighbours within a sentence.

    Parameters
    ----------
    way : str

    >>> way_in_words("genre alone"), way_in_words("all together, equal weights")
    ('“genre” alone', 'all columns with equal weights')
    """
    if way in {EQUAL, LEARNT}:
        return f"all columns with {way.partition(', ')[2]}"
    if way in {WORDS, TEXTS}:
        return f"the {way}"
    return f"“{way.removesuffix(' alone')}” alone"


def say_check(trial: Trial | None, items: Items, settings: CatalogueSettings) -> str:
    """Say how many neighbours are right, beside chance.

    Parameters
    ----------
    trial : Trial, optional
    items : Items
    settings : CatalogueSettings

    >>> items = Items(None, "id")
    >>> say_check(None, items, CatalogueSettings())[:40]
    'Whether what is found alike is alike was'
    """
    if trial is None:
        why = f"nothing but what gives “{items.check}” away is left" if items.check else "no column was held out"
        return (
            f"Whether what is found alike is alike was not judged: {why}. --set columns.check=NAME names a column of kinds"
            " that alike items should share."
        )
    share, low, high = trial.interval(trial.used)
    of = "" if trial.whole else ", of as many as there are to be found"
    told = (
        f"Of the {settings.neighbours} items found most like an item, {percent(share)} share its “{items.check}”"
        f"{of}, though “{items.check}” was not looked at ({percent(low)} to {percent(high)}, {LEVEL} %"
        f" interval); of items drawn by chance {percent(trial.chance)} do."
    )
    verdict = trial.verdict("chance")
    if verdict == "better":
        return f"More like this beats chance: {told[0].lower()}{told[1:]}"
    worse = "worse than" if verdict == "worse" else "not shown to be better than"
    return f"{told} That is {worse} chance: do not use the lists."


def say_simple(trial: Trial | None) -> str:
    """Say whether all columns together find more than the best one alone; nothing where there is but one.

    Parameters
    ----------
    trial : Trial, optional

    >>> say_simple(None)
    ''
    """
    if trial is None or trial.best_single not in trial.leads:
        return ""
    gap, low, high = trial.leads[trial.best_single]
    share = percent(trial.share(trial.best_single))
    simple = f"the simplest way, {way_in_words(trial.best_single)} ({share})"
    points = f"{100 * abs(gap):.1f} percentage points"
    span = f"{100 * low:+.1f} to {100 * high:+.1f}"
    verdict = trial.verdict(trial.best_single)
    if verdict == "better":
        told = f"That is {points} more than {simple}, finds ({span})."
    elif verdict == "worse":
        told = f"It is {points} less than {simple}, finds ({span}): name fewer columns, --set columns.attributes."
    else:
        told = f"It is not shown to be more than {simple}, finds ({span} percentage points): one column does as well."
    if EQUAL in trial.leads and trial.best_single != EQUAL:
        first = {"better": "Weights that were learnt are worth it", "worse": "Equal weights do better"}
        verdict = first.get(trial.verdict(EQUAL), "Weights that were learnt are not shown to be worth it")
        told += f" {verdict}: with equal ones it is {percent(trial.share(EQUAL))}."
    return told


def say_lists(trial: Trial | None, alike: Alike, settings: CatalogueSettings) -> str:
    """Say what to do with the lists, and for which items not to.

    Parameters
    ----------
    trial : Trial, optional
    alike : Alike
    settings : CatalogueSettings

    >>> say_lists.__name__
    'say_lists'
    """
    lonely, n = int((alike.closest < settings.lonely).sum()), len(alike.closest)
    told = (
        f"The table neighbours.parquet holds the {settings.neighbours} items most like each, with reasons; do not show"
        f" them for {count_of(lonely, 'item')} ({percent(lonely / n)}) that nothing is like (similarity below"
        f" {settings.lonely:g} of 1)."
        if lonely
        else f"The table neighbours.parquet holds the {settings.neighbours} items most like each, with reasons; there is"
        f" no item that nothing is like (similarity below {settings.lonely:g} of 1)."
    )
    if trial is not None and np.isfinite(trial.thirds).all():
        low, high = trial.thirds
        told += (
            f" Believe near ones more: in the third of the items whose nearest is most like them {percent(high)} of the"
            f" neighbours are right, in the third whose nearest is least like them {percent(low)}."
            if high - low > SURE * trial.thirds_error
            else " That near ones are right more often is not shown: among the items with the nearest ones"
            f" {percent(high)} are, among those with the farthest {percent(low)}."
        )
    return told


def say_doubt() -> str:
    """Say what a table of items alone cannot tell.

    >>> say_doubt()[-15:]
    'judged from it.'
    """
    return (
        "Nobody’s choices are in the table: alike means alike in these columns, and whether people who like the one like"
        " the other was not, and cannot be, judged from it."
    )


def say_twins(alike: Alike, items: Items) -> str:
    """Say how many items seem to stand there twice.

    Parameters
    ----------
    alike : Alike
    items : Items

    >>> say_twins.__name__
    'say_twins'
    """
    by = " or ".join(f"“{name}”" for name in filter(None, [items.title, *items.text]))
    if not by:
        return "Items that stand there twice were not looked for: there are no titles and no texts."
    if not len(alike.twins):
        return "No item seems to stand there twice under two keys."
    n = len(alike.twins)
    pairs = "One pair of keys seems" if n == 1 else f"{n:,} pairs of keys seem"
    return f"{pairs} to be the same item twice (alike in all, and the same by {by}): see the table twins.parquet."
