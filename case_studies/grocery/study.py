"""A year of shopping baskets: rules that hold, what to promote together, what not to bundle, and what is missing."""

if __name__ == "__main__":  # as a script: python case_studies/grocery/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from typing import Any

import numpy as np

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from domains.basket import association_rules, frequent_itemsets, item_pairs
from domains.basket.mining.search import min_count_of
from shared.reporting import Run

from . import report, selection
from .baskets import Shop, table_of
from .predict import predict
from .settings import TABLES, GrocerySettings


def run(settings: GrocerySettings, out: Run) -> None:
    """Read, mine, test, look again, decide."""
    table, reading = table_of(out, settings)  # bundled, or the user's own file
    settings = settings.for_table(table.columns)
    shop = Shop.of(table, settings, reading.source, own=out.data is not None)
    out.contract = shop.contract
    out.mark_step("read")

    # Mine and test on the first part of the time alone; what follows is for the second look.
    least = max(settings.min_baskets, min_count_of(settings.min_support, shop.train.n_rows))
    sets = frequent_itemsets(shop.train, least, max_length=settings.max_length)
    behind = None if shop.train.customers is None else settings.min_customers
    rules = association_rules(sets, settings.min_confidence, min_customers=behind)
    rules = rules.test(settings.test, alpha=settings.alpha)
    kept, shown = rules.significant, selection.select_rules(rules.significant, settings)
    out.mark_step("mined and tested")

    # Do they hold in the later baskets, in every quarter, and where there is nothing to be found?
    again, unfiltered = kept.validate(shop.test), rules.validate(shop.test)
    quarters = shown.by_period(shop.baskets, parts=shop.parts) if len(shown) else None
    asked: Any = {"test": settings.test, "alpha": settings.alpha}
    chance = selection.by_chance(rules, settings)
    others = selection.other_customers(shop, least, settings)
    out.mark_step("looked at again")

    # What to promote, and what to leave apart.
    offers = selection.offers(shown, shop)
    pairs = item_pairs(shop.train, settings.pair_support).test(**asked, alternative="less")
    apart, alone = selection.apart(pairs, item_pairs(shop.test, 1, max_items=100_000) if len(pairs) else pairs)
    together = selection.together_anyway(shown, offers)
    out.mark_step("decided")

    # Complete baskets: settings chosen inside the training baskets, one try on the later ones.
    recommender = selection.recommender(shop, settings)
    scores = selection.try_recommender(recommender, shop, settings, out.checkpoints)
    recommender.fit(shop.train)
    examples = recommender.recommend(shop.test.take(np.flatnonzero(shop.test.sizes >= 3)[:3]), n=3)
    shown.save(out.folder / "rules.parquet")
    out.save_results(model=recommender, offers=offers, apart=apart)
    out.mark_step("completed")

    report.summary(out, settings, shop, rules, again, offers, scores)
    out.add_section("Rules that hold", *report.rules(shown, rules, kept, shop))
    out.add_section("A second look", *report.second_look(again, unfiltered, quarters, others, shop))
    out.add_section("What to promote together", *report.promote(offers))
    out.add_section("What not to bundle", *report.leave_apart(apart, alone, together, pairs))
    out.add_section("What is missing from a basket", *report.completion(scores, examples, recommender))
    out.add_section("How it was tested", *report.protocol(rules, chance, settings, shop))
    out.add_section("When not to believe it", *report.doubts(again, settings, shop))
    add_closing(out, reading, shop.baskets.describe(), *report.data(out.data is not None))
    out.metrics.update(report.metrics(rules, kept, shown, again, unfiltered, scores, offers, apart))


STUDY = Study("Shopping baskets: rules that hold at a second look", GrocerySettings, run, predict, TABLES)
