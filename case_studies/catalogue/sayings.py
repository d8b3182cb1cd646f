"""What the figures of a catalogue say, in sentences."""

from __future__ import annotations

import numpy as np

from shared.reporting import Claim, Evidence, Said, given
from shared.text import count_of, join_words

from .alike import Alike
from .check import BY_CHANCE, TEXTS, WORDS, Trial
from .items import Items
from .settings import CatalogueSettings
from .tables import Tables

__all__ = [
    "NOTHING",
    "percent",
    "say_alone",
    "say_check",
    "say_doubt",
    "say_judged",
    "say_simple",
    "say_thirds",
    "say_twins",
]


SURE = 2.0  # standard errors from which two thirds are said to differ
NOTHING = "Nothing was found beyond chance: do not use the lists."


def percent(share: float) -> str:
    """Write a share for people: with a decimal below ten percent.

    Parameters
    ----------
    share : float

    >>> percent(0.61803), percent(0.0123)
    ('62 %', '1.2 %')
    """
    return f"{100 * share:.0f} %" if abs(share) >= 0.0995 or share == 0 else f"{100 * share:.1f} %"


def say_check(trial: Trial | None, tables: Tables, items: Items, settings: CatalogueSettings) -> Claim:
    """Say how many neighbours are right, beside chance.

    Parameters
    ----------
    trial : Trial, optional
    tables : Tables
    items : Items
    settings : CatalogueSettings

    >>> items = Items(None, "id")
    >>> say_check(None, None, items, CatalogueSettings()).text[:40]
    'Whether what is found alike is alike was'
    """
    if trial is None:
        why = f"nothing but what gives “{items.check}” away is left" if items.check else "no column was held out"
        return Claim(
            f"Whether what is found alike is alike was not judged: {why}. --set columns.check=NAME names a column of"
            " kinds that alike items should share."
        )
    of = "" if trial.whole else ", of as many as there are to be found"
    head = "More like this beats chance: of" if tables.beats_chance else "Of"
    end = "" if tables.beats_chance else " That is not shown to be better than chance: do not use the lists."
    return Claim.of(
        f"{head} the {{n}} items found most like an item, {{share}} share its “{items.check}”{of}, in a"
        f" test that left “{items.check}” out of what is compared; of items drawn by chance {{chance}} do.{end}",
        n=given(settings.neighbours),
        share=tables.by(trial.used).mean("value", "%", decimals=0),
        chance=tables.by(BY_CHANCE).mean("value", "%", decimals=0),
    )


def say_simple(trial: Trial | None, tables: Tables) -> list[Said]:
    """Say whether all columns together find more than the simplest way, the best column alone.

    Parameters
    ----------
    trial : Trial, optional
    tables : Tables

    >>> say_simple(None, None)
    []
    """
    item = None if trial is None else tables.against(trial.best_single)
    if trial is None or item is None:
        return []
    told: list[Said] = [tables.judge(trial.best_single)]
    if item.outcome != "better":
        alone = trial.best_single in (WORDS, TEXTS)
        rest = (
            ""
            if alone
            else f": name that column alone, --set columns.attributes={trial.best_single.removesuffix(' alone')}"
        )
        told.append(Claim(f"{'The texts alone do' if alone else 'The simplest way does'} as well{rest}."))
    return told


def say_alone(tables: Tables, settings: CatalogueSettings) -> Claim:
    """Say for which items not to show lists.

    Parameters
    ----------
    tables : Tables
    settings : CatalogueSettings

    >>> import pandas as pd
    >>> nearest = pd.DataFrame({"item": ["a", "b"], "closeness": [0.9, 0.01], "alone": [False, True]})
    >>> say_alone(Tables(pd.DataFrame(), nearest), CatalogueSettings()).text
    'Do not show lists for 1 item that nothing is like: “alone” in nearest.parquet, closeness below 0.10.'
    """
    alone = Evidence("nearest", tables.nearest, {"alone": True}).count("item")
    if not tables.count_alone():
        return Claim.of(
            "Nothing is alone: {alone} have a nearest below {limit} in closeness.",
            alone=alone,
            limit=given(settings.lonely, digits=2),
        )
    return Claim.of(
        "Do not show lists for {alone} that nothing is like: “alone” in nearest.parquet, closeness below {limit}.",
        alone=alone,
        limit=given(settings.lonely, digits=2),
    )


def say_thirds(trial: Trial | None, tables: Tables) -> Claim | None:
    """Say whether near neighbours are right more often; None where that was not looked at.

    Parameters
    ----------
    trial : Trial, optional
    tables : Tables

    >>> say_thirds(None, None)
    """
    if trial is None or not np.isfinite(trial.thirds).all():
        return None
    low, high = trial.thirds
    rows = tables.by(trial.used)
    near, far = (rows.where(third=name).mean("value", "%", decimals=0) for name in ("near", "far"))
    if high - low > SURE * trial.thirds_error:
        return Claim.of(
            "Believe near ones more: where the nearest is most like the item {near} of the neighbours are right,"
            " where it is least like it {far}.",
            near=near,
            far=far,
        )
    return Claim.of(
        "That near ones are right more often is not shown: where the nearest is most like the item {near} are, where it"
        " is least like it {far}.",
        near=near,
        far=far,
    )


def say_doubt() -> str:
    """Say what a table of items alone cannot tell.

    >>> say_doubt()[-15:]
    'judged from it.'
    """
    return (
        "Nobody’s choices are in the table: alike means alike in these columns, and whether people who like the one"
        " like the other was not, and cannot be, judged from it."
    )


def say_twins(alike: Alike, items: Items) -> Said:
    """Say how many items seem to stand there twice.

    Parameters
    ----------
    alike : Alike
    items : Items

    >>> say_twins.__name__
    'say_twins'
    """
    ways = [f"the same by “{items.title}”"] if items.title else []
    ways += [f"nine of ten words of {join_words([f'“{name}”' for name in items.text])} the same"] if items.text else []
    by = ", or ".join(ways)
    if not by:
        return "Items that stand there twice were not looked for: there are no titles and no texts."
    if not len(alike.twins):
        return "No item seems to stand there twice under two keys."
    pairs = Evidence("twins", alike.twins).count("pair")
    verb = "seems" if len(alike.twins) == 1 else "seem"
    return Claim.of(
        f"{{n}} of keys {verb} to be the same item twice (alike in all, and {by}): see the table of them.",
        n=pairs,
    )


def say_judged(trial: Trial, items: Items) -> str:
    """Say how neighbours were judged.

    Parameters
    ----------
    trial : Trial
    items : Items

    >>> say_judged.__name__
    'say_judged'
    """
    return (
        f"{count_of(trial.n_judged, 'item')} were judged, drawn by chance among those whose “{items.check}” another"
        " item has, too; where a cell holds several kinds, one in common is enough. Weights were learnt from the"
        " other items alone."
    )
