"""Further chapters of the grocery report: what is missing from a basket, how it was tested, what it cannot say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.basket import RuleRecommender, Rules, Stability
from domains.basket.rules.significance import declare_family
from shared.evaluation import Scores
from shared.reporting import Claim, Evidence, Table
from shared.reporting.charts import bar_figure

from .baskets import Shop
from .purchases import Purchases
from .screen import judge_hits
from .selection import MODEL, NAIVE
from .settings import GrocerySettings
from .tables import HITS, Tables

TESTS = {
    "matched": (
        "Large baskets hold anything with anything, so a rule is only compared among baskets that hold as many other "
        "items (Fisher's exact test within each such size, summed)."
    ),
    "fisher": (
        "The test is Fisher's, which takes all baskets for alike: where some are much larger it keeps rules that say no"
        " more of them."
    ),
}


def completion(tables: Tables, scores: Scores, examples: pd.DataFrame, recommender: RuleRecommender) -> list[Any]:
    """How well baskets are completed, and what that looks like."""
    found = 100 * scores.intervals(HITS).loc[[MODEL, NAIVE]]
    low, high, mean = (found[column].tolist() for column in ("lower", "upper", "mean"))
    rows = Evidence("hits", tables.hits)
    mine, its = rows.where(model=MODEL), rows.where(model=NAIVE)
    history = "and the customers' own history " if recommender.customers_ is not None else ""
    shown = examples.iloc[:, :2].assign(because=examples["because"])
    shown.columns = pd.Index(["basket", "add", "because"])
    shown = shown.astype({"basket": str}).set_index("basket")
    title = Claim.of(
        "Among ten guesses the rules have {mine} of the hidden items, what sells well has {its}",
        mine=mine.mean("value", "%", decimals=0),
        its=its.mean("value", "%", decimals=0),
    )
    return [
        [
            Claim.of("From each of {n} one item was hidden; rules ", n=mine.count("later basket")),
            f"{history}ranked, of {len(recommender.items_):,} items, those that the basket did not show. Items that had"
            " never been seen in learning count as misses.",
        ],
        [judge_hits(scores, tables)[1]],
        bar_figure(
            dict(zip((MODEL, NAIVE), mean, strict=True)),
            lower=None if np.isnan(low[0]) else low,
            upper=None if np.isnan(low[0]) else high,
            highlight=[MODEL],
            x_label="hidden items among the first ten, %",
            alt="Bars of both ways to complete a basket.",
            caption="With 95 % intervals.",
        ).tell(title),
        Table(shown, "What the recommender would add to the first three later baskets, and why.", name="examples"),
        f"Settings: {_settings(recommender)}. Complete your own baskets with: hexad predict RUN --data new.csv",
    ]


def _settings(recommender: RuleRecommender) -> str:
    names = ("shrinkage", "popularity", "indirect", "household", "half_life", "ease", "ease_from")
    return ", ".join(f"{name} {getattr(recommender, name)}" for name in names)


def protocol(mined: Rules, tables: Tables, settings: GrocerySettings, shop: Shop) -> list[Any]:
    """What was tested, against what, and what chance alone gives."""
    parts: list[Any] = []
    if len(mined):
        family = declare_family(mined)
        sizes = ", ".join(
            f"{size:,} with {length} item{'s' if length > 1 else ''} on the left"
            for length, size in family.sizes.items()
        )
        parts += [
            f"Rules come from {shop.when(shop.train)}. Declared before the baskets were looked at: every rule of one"
            f" item on the right whose sides are both in {mined.query.min_count:,} baskets or more, {family.total:,}"
            f" hypotheses ({sizes}). {TESTS[settings.test]} P-values are corrected for the whole family after Holm, in"
            " layers by length.",
            "A longer rule is kept, too, if a shorter one inside it is certain and the longer one is itself met more"
            " often as well: if tea depends on milk, it depends on milk and bread. Whether the further item adds"
            f" anything is another question; shown are only rules that add {100 * settings.min_improvement:g} points of"
            " confidence to every shorter one.",
        ]
    if len(tables.chance):
        rows = Evidence("chance", tables.chance)
        parts.append(
            Claim.of(
                "The same search and test on {n} of baskets (same sizes, every item as often) mined {mined}"
                " rules in the middle and kept any in {kept} of them.",
                n=rows.count("randomised set", "randomised sets"),
                mined=rows.median("mined", decimals=0),
                kept=rows.where(**{"any kept": True}).count(),
            )
        )
    return parts


def doubts(settings: GrocerySettings, shop: Shop) -> list[Any]:
    """What the figures cannot say."""
    parts: list[Any] = [*settings.columns.explain_missing()]
    if shop.train.customers is not None:
        parts.append(
            "Baskets of one customer are alike. So customers are what the test and the intervals count, and rules with"
            f" fewer customers behind them are left out: {settings.min_customers} are needed (min_customers). The later"
            " baskets are of the same people: what they like they go on liking."
        )
    else:
        parts.append(
            "Without customers it cannot be told whether a rule is a habit of few people; the test takes all baskets"
            " for independent."
        )
    parts.append(
        "A rule says what is bought together, not what would be bought if something were changed: seasons, prices and "
        "promotions of the time are in the figures. Only a trial with some customers tells what an offer does."
    )
    if shop.baskets.times is None:
        parts.append(
            "No time was given: the order of the table was taken for it. If it is not, the second look is not one in"
            " time."
        )
    return parts


def data(bought: Purchases) -> list[Any]:
    """What was left out, and where the bundled data come from, in their makers' words."""
    notes = [f"{note[:1].upper()}{note[1:]}." for note in bought.notes]
    if bought.own:
        return notes
    return [
        *notes,
        "The makers of the package say of these data that they are simulated after real patterns of grocery shopping,"
        " meant for teaching and exploring, and not for research or decisions that need true customers. They speak of"
        " 801 households; the transactions hold 2,469. Items are product types: products without one were left out."
        " Their names are in capitals there, and so are those of the model and of rules.parquet.",
    ]


def metrics(
    mined: Rules, kept: Rules, shown: Rules, again: Stability, scores: Scores, tables: Tables
) -> dict[str, float]:
    """The figures of the run."""
    told = {
        "rules mined": float(len(mined)),
        "rules kept": float(len(kept)),
        "rules shown": float(len(shown)),
        "offers by adjusted lift": float(len(tables.offers)),
        "pairs that keep apart by basket size": float(len(tables.apart)),
    }
    chosen = tables.rules["kept"].to_numpy()
    with np.errstate(invalid="ignore"):
        above = again.lift[0] > 1
    if len(mined):
        told["share of rules mined that hold"] = float(above.mean())
    if len(kept):
        told["share of rules kept that hold"] = float(above[chosen].mean())
        told["share of rules kept with an adjusted lift above one later"] = float(again.holds[chosen].mean())
        told["mean lift of rules kept"] = float(kept.lift.mean())
        told["mean lift of rules kept, later"] = float(np.nanmean(again.lift[0][chosen]))
        told["mean adjusted lift of rules kept, later"] = float(np.nanmean(again.values[0][chosen]))
    if len(kept) < len(mined):
        told["share of rules turned down with an adjusted lift above one later"] = float(again.holds[~chosen].mean())
    for model, row in scores.table().iterrows():
        told[f"hit rate at 10 of {model}"] = float(row[HITS])
        told[f"NDCG at 10 of {model}"] = float(row["ndcg@10"])
    return told
