"""The chapters of the grocery report: what is said and shown, from results that are worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from case_studies.common.report import too_few
from domains.basket import (
    PermutationTest,
    RuleRecommender,
    Rules,
    Stability,
    pair_heatmap,
    rule_network,
    rule_scatter,
)
from domains.basket.rules.significance import declare_family
from shared.evaluation import Scores, compare
from shared.reporting import Run
from shared.reporting.charts import bar_figure

from .baskets import Shop
from .selection import MODEL, NAIVE
from .settings import GrocerySettings

ROWS = 15
FEW = 500  # baskets: a hit rate of 30 % is then known to 4 points
HITS = "hit_rate@10"
NETWORK = 30
TESTS = {
    "matched": (
        "Large baskets hold anything with anything, so a rule is only compared among baskets that hold as many other "
        "items (Fisher's exact test within each such size, summed)."
    ),
    "fisher": (
        "The test is Fisher's, which takes all baskets for alike: where some are much larger than others it keeps rules"
        " that say no more than that."
    ),
}


def summary(
    run: Run,
    settings: GrocerySettings,
    shop: Shop,
    mined: Rules,
    again: Stability,
    offers: pd.DataFrame,
    scores: Scores,
) -> None:
    """Sentences for a manager and the numbers behind them; a warning where nothing is to be believed."""
    kept = again.rules
    run.report.subtitle = (
        f"Rules of {shop.when(shop.train)}, tested there and looked at again in those of {shop.when(shop.test)}."
    )
    run.add_summary(
        f"Of {len(mined):,} rules in at least {mined.query.min_count:,} baskets, {len(kept):,} are"
        f" {'more than an effect of how much people buy' if settings.test == 'matched' else 'more than chance gives'};"
        f" the chance that any of them is false is at most {100 * settings.alpha:g} %."
    )
    run.add_fact(f"{len(kept):,} of {len(mined):,}", "rules kept by the test")
    if len(kept):
        run.add_summary(
            f"In later baskets that nobody had looked at, {100 * again.share:.1f} % of these have a lift above one."
        )
        run.add_fact(f"{100 * again.share:.1f} %", "of the rules kept hold in later baskets")
    else:
        run.add_summary(
            "Do not act on any of the rules: none is certain. More baskets, or broader items such as categories, may"
            " show some."
        )
    if len(offers):
        first = offers.iloc[0]
        run.add_summary(
            f"Promote first: {first['offer']} to those who buy {first['to who buys']}. Both are bought together "
            f"{first['times as often as chance']:.1f} times as often as chance gives in baskets of the same "
            f"size, and {int(first['baskets without it']):,} baskets with {first['to who buys']} went without."
        )
    hits = 100 * scores.intervals(HITS)
    share, low, high = (float(hits[column][MODEL]) for column in ("mean", "lower", "upper"))
    naive = float(hits["mean"][NAIVE])
    run.add_summary(
        "Asked for what is missing from a basket, the rules name it among their ten first guesses in "
        f"{share:.0f} % of cases{_bounds(low, high, 0)}; what sells most does in {naive:.0f} %."
    )
    run.add_fact(f"{share:.0f} %", f"of hidden items among ten guesses (what sells most: {naive:.0f} %)")
    if compare(scores, MODEL, metric=HITS).items[0].outcome != "better":
        run.add_summary("For that they are no certain gain: recommend what sells most instead, or give more baskets.")
    run.add_summary(*too_few(count_hidden(scores), FEW, "baskets were left for that trial"))


def rules(shown: Rules, mined: Rules, kept: Rules, shop: Shop) -> list[Any]:
    """The rules themselves."""
    if len(mined) == 0:
        return [mined.explain(), "Lower min_support or min_confidence."]
    parts: list[Any] = [mined.explain()]
    if len(shown) == 0:
        return [
            *parts,
            ("None of them is shown: they are not certain, or add nothing to a shorter one."),
        ]
    parts.append(
        f"{len(shown):,} of the {len(kept):,} are worth a look: they add to every shorter rule. Listed are the"
        " strongest, by how many times as often both sides are together as chance gives in baskets of the same size."
    )
    parts += [
        rule_network(shown, NETWORK),
        (
            _table(shown, shop),
            "The strongest rules. Confidence and counts are those of mining, the last column is of the second look.",
        ),
    ]
    parts.append(rule_scatter(mined))
    return parts


def _table(shown: Rules, shop: Shop) -> pd.DataFrame:
    part = shown.take(np.arange(min(ROWS, len(shown))))
    later = part.validate(shop.test)
    low, high = later.interval()
    frame = pd.DataFrame(
        {
            "rule": [part.label(k) for k in range(len(part))],
            "baskets": part.joint_counts.astype(np.int64),
            "confidence": [f"{100 * value:.0f} %" for value in part.confidence],
            "beyond basket size": np.asarray(part.columns["adjusted_lift"], dtype=float).round(2),
            "lift later, 95 % interval": [
                f"{value:.3g} ({a:.3g} to {b:.3g})" if np.isfinite(value) else "not seen"
                for value, a, b in zip(later.lift[0], low[0], high[0], strict=True)
            ],
        }
    )
    if "customers" in part.columns:
        frame.insert(2, "customers", part.columns["customers"])
    return frame.set_index("rule")


def second_look(
    again: Stability, unfiltered: Stability, quarters: Stability | None, others: Stability | None, shop: Shop
) -> list[Any]:
    """What became of the rules in later baskets, quarter by quarter, and for other customers."""
    if len(again.rules) == 0:
        return ["No rule was kept, so that there is none to look at again."]
    parts: list[Any] = [
        (
            f"The later baskets ({shop.when(shop.test)}) took no part in mining or testing. {again.explain()} Of all"
            f" rules mined, tested or not, {100 * unfiltered.share:.2f} % hold."
        ),
        again.plot(),
    ]
    if others is not None and len(others.rules):
        parts.append(
            f"Mined and tested again on the first baskets of half of the customers alone, {len(others.rules):,} rules"
            f" are kept; in those of the other half {100 * others.share:.1f} % of these have a lift above one."
        )
    if quarters is not None and len(quarters.rules):
        held = int(quarters.holds.sum())
        parts.append(
            f"Over the whole time, {held:,} of the {len(quarters.rules):,} rules shown have a lift above one in each of"
            f" {len(quarters.parts)} parts."
        )
        rows = quarters.rules
        chosen = np.arange(min(ROWS, len(rows)))
        frame = pd.DataFrame({"rule": [rows.label(int(k)) for k in chosen]})
        for number in range(len(quarters.parts)):
            frame[f"part {number + 1}"] = [
                f"{value:.2f}" if np.isfinite(value) else "not seen" for value in quarters.lift[number][chosen]
            ]
        parts.append(
            (
                frame.set_index("rule"),
                "Lift in four parts of the time, each of as many baskets; the first three overlap with what was mined.",
            )
        )
    return parts


def promote(offers: pd.DataFrame) -> list[Any]:
    """Offers, by what they could bring."""
    if offers.empty:
        return [
            "No rule of one item on either side is strong, certain in the later baskets, and not yet a matter of"
            " course."
        ]
    frame = offers.head(ROWS).copy()
    frame["buy both today"] = [f"{100 * value:.0f} %" for value in frame["buy both today"]]
    for name in ("times as often as chance", "lift later", "at least"):
        frame[name] = frame[name].round(2)
    return [
        (
            "Each row says: to baskets with the first item, offer the second. They are ordered by how many baskets"
            " still lack it and how much more than by chance they take it. Together today is no proof that an offer"
            " causes more: try it on some of the customers first."
        ),
        (
            frame.set_index("to who buys"),
            "Pairs to promote. “At least” is the lower end of the 95 % interval of the later lift; all are above one.",
        ),
    ]


def leave_apart(apart: pd.DataFrame, alone: pd.DataFrame, together: list[str], pairs: Rules) -> list[Any]:
    """Pairs that keep apart, items bought on their own, and pairs that need no offer."""
    if len(pairs) == 0:
        return ["Fewer than two items are frequent enough to say what keeps apart."]
    parts: list[Any] = []
    if len(apart):
        frame = apart.head(ROWS).copy()
        for name in ("expected by basket size", "found / expected", "lift later"):
            frame[name] = frame[name].round(2 if name != "expected by basket size" else 0)
        parts += [
            (
                "These pairs meet less often than in baskets of the same size they should, and do so in the later"
                " baskets, too: one takes the place of the other, or they are for different people. A bundle of them"
                " sells to few."
            ),
            (frame.set_index("one"), f"Pairs that keep apart, of {len(pairs):,} pairs of frequent items."),
        ]
    else:
        parts.append(f"Of {len(pairs):,} pairs of frequent items none certainly keeps apart.")
    if len(alone):
        parts += [
            (
                "Some items keep apart from most others. That says how they are sold, at another till or on their own,"
                " and nothing of a partner."
            ),
            (alone.head(ROWS).set_index("item"), "Items bought on their own."),
        ]
    if together:
        parts.append("No offer is needed where one is bought with the other anyway: " + "; ".join(together) + ".")
    parts.append(pair_heatmap(pairs))
    return parts


def count_hidden(scores: Scores) -> int:
    """Baskets from which an item was hidden."""
    return int((scores.predictions["model"] == MODEL).sum())


def completion(scores: Scores, examples: pd.DataFrame, recommender: RuleRecommender) -> list[Any]:
    """How well baskets are completed, and what that looks like."""
    hits = 100 * scores.intervals(HITS).loc[[MODEL, NAIVE]]
    low, high, mean = (hits[column].tolist() for column in ("lower", "upper", "mean"))
    item = compare(scores, MODEL, metric=HITS).items[0]
    gain = [100 * share for share in (item.difference, item.difference_lower, item.difference_upper)]
    told = "; ".join(
        f"{name}: {row['mean']:.1f} %{_bounds(row['lower'], row['upper'])}" for name, row in hits.iterrows()
    )
    n = count_hidden(scores)
    unseen = int((~scores.predictions["known"].astype(bool)).sum()) // len(scores.models)
    more = f" {unseen:,} hidden items had never been seen in learning, and count as misses." if unseen else ""
    history = "and the customers' own history " if recommender.customers_ is not None else ""
    shown = examples.iloc[:, :3].assign(because=examples["because"])
    shown.columns = pd.Index(["basket", "add", "rank", "because"])
    shown = shown.drop(columns="rank").astype({"basket": str}).set_index("basket")
    return [
        (
            f"From each of {n:,} later baskets of at least three items one was hidden; {recommender.n_rules_:,} rules"
            f" {history}ranked, of {len(recommender.items_):,} items, those that it did not show. Of {n:,} hidden items"
            f" these were among the first ten: {told}.{more} The difference is {gain[0]:.1f}"
            f" points{_bounds(gain[1], gain[2])}."
        ),
        bar_figure(
            dict(zip((MODEL, NAIVE), mean, strict=True)),
            lower=low,
            upper=high,
            highlight=[MODEL],
            x_label="hidden items among the first ten, %",
            alt="Bars of both ways to complete a basket.",
            caption="With 95 % intervals over baskets.",
        ),
        (shown, "What the recommender would add to the first three later baskets, and why."),
        f"Settings: {_settings(recommender)}. Complete your own baskets with: hexad predict RUN --data new.csv",
    ]


def _bounds(lower: float, upper: float, digits: int = 1) -> str:
    """The ends of an interval in brackets; nothing where there are too few for one."""
    return "" if np.isnan(lower) else f" ({lower:.{digits}f} to {upper:.{digits}f})"


def _settings(recommender: RuleRecommender) -> str:
    names = ("shrinkage", "popularity", "indirect", "household", "half_life", "ease", "ease_from")
    return ", ".join(f"{name} {getattr(recommender, name)}" for name in names)


def protocol(mined: Rules, chance: PermutationTest | None, settings: GrocerySettings, shop: Shop) -> list[Any]:
    """What was tested, against what, and what chance alone gives."""
    parts: list[Any] = []
    if len(mined):
        family = declare_family(mined)
        sizes = ", ".join(
            f"{size:,} with {length} item{'s' if length > 1 else ''} on the left"
            for length, size in family.sizes.items()
        )
        parts.append(
            f"Rules come from {shop.when(shop.train)}. Declared before the baskets were looked at: every rule of one"
            f" item on the right whose sides are both in at least {mined.query.min_count:,} baskets, {family.total:,}"
            f" hypotheses ({sizes}). {TESTS[settings.test]} P-values are corrected for the whole family after Holm, in"
            " layers by length."
        )
        parts.append(
            "A longer rule is kept, too, if a shorter one inside it is certain and the longer one is itself met more"
            " often than expected: if tea depends on milk, it depends on milk and bread. Whether the further item adds"
            f" anything is another question; shown are only rules that add {100 * settings.min_improvement:g} points of"
            " confidence to every shorter one."
        )
    if chance is not None:
        parts.append(
            f"The same search and test on {len(chance.smallest)} sets of randomised baskets (same sizes, every item as"
            f" often) mined {np.median(chance.mined):,.0f} rules on average and kept any in"
            f" {int(chance.any_kept.sum())} of them."
        )
    return parts


def doubts(again: Stability, settings: GrocerySettings, shop: Shop) -> list[Any]:
    """What the figures cannot say."""
    parts: list[Any] = [*settings.columns.explain_missing()]
    if len(again.rules):
        fell = (again.lift[0] < 0.8 * again.rules.lift) | np.isnan(again.lift[0])
        parts.append(
            f"The lifts of {100 * fell.mean():.0f} % of the kept rules were more than a fifth lower in the later"
            " baskets than when they were mined. Plan with the later figures."
        )
    if shop.train.customers is not None:
        known = shop.train.customers[shop.train.customers >= 0]
        many = len(known) / max(len(np.unique(known)), 1)
        parts.append(
            f"Baskets of one customer are alike, and a customer has {many:,.0f} of them here on average. So customers"
            " are what the test and the intervals count, and rules with fewer than"
            f" {settings.min_customers} customers behind them are left out (min_customers). The later baskets are of"
            " the same people: what they like they go on liking."
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


def data(own: bool) -> list[Any]:
    """Where the bundled data come from, in their makers' words."""
    if own:
        return []
    return [
        "The makers of the package say of these data that they are simulated after real patterns of grocery shopping,"
        " meant for teaching and exploring, and not for research or decisions that need true customers. They speak of"
        " 801 households; the transactions hold 2,469. Items are product types: products without one were left out."
    ]


def metrics(
    mined: Rules,
    kept: Rules,
    shown: Rules,
    again: Stability,
    unfiltered: Stability,
    scores: Scores,
    offers: pd.DataFrame,
    apart: pd.DataFrame,
) -> dict[str, float]:
    """The figures of the run."""
    told = {
        "rules mined": float(len(mined)),
        "rules kept": float(len(kept)),
        "rules shown": float(len(shown)),
        "offers": float(len(offers)),
        "pairs that keep apart": float(len(apart)),
    }
    if len(mined):
        told["share of rules mined that hold"] = unfiltered.share
    if len(kept):
        told["share of rules kept that hold"] = again.share
        told["mean lift of rules kept"] = float(kept.lift.mean())
        told["mean lift of rules kept, later"] = float(np.nanmean(again.lift))
    for model, row in scores.table().iterrows():
        told[f"hit rate at 10 of {model}"] = float(row[HITS])
        told[f"NDCG at 10 of {model}"] = float(row["ndcg@10"])
    return told
