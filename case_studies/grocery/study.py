"""A year of shopping baskets: rules that hold, what to promote together, what not to bundle, and what is missing."""

if __name__ == "__main__":  # as a script: python case_studies/grocery/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

import numpy as np

from case_studies.common.pairs import keep_pairs
from case_studies.common.report import add_closing
from case_studies.common.study import Study
from domains.basket import item_pairs
from domains.basket.mining.search import min_count_of
from shared.reporting import Run

from . import chapters, report, selection
from .baskets import Shop
from .mining import mine
from .predict import predict
from .purchases import read_purchases
from .screen import write_first_screen
from .selection import MODEL, NAIVE
from .settings import TABLES, GrocerySettings
from .tables import HITS, Tables, list_chance, list_parts, list_rules


def run(settings: GrocerySettings, out: Run) -> None:
    """Read, mine, test, look again, decide."""
    bought, settings = read_purchases(out, settings)  # bundled, or the user's own files
    shop = Shop.of(bought, settings)
    out.contract = shop.contract
    out.mark_step("read")

    # Mine and test on the first part of the time alone; what follows is for the second look.
    least = max(settings.min_baskets, min_count_of(settings.min_support, shop.train.n_rows))
    behind = None if shop.train.customers is None else settings.min_customers
    mined = mine(shop.train, least, settings, behind)
    rules = mined.rules.test(settings.test, alpha=settings.alpha)
    kept, shown = rules.significant, selection.select_rules(rules.significant, settings)
    out.mark_step("mined and tested")

    # Do they hold in the later baskets, in every part, and where there is nothing to be found?
    again, chance = selection.look_again(rules, shop), selection.by_chance(rules, settings)
    parts = shown.by_period(shop.baskets, parts=shop.parts, adjusted=True) if len(shown) else None
    others = selection.other_customers(shop, least, settings)
    out.mark_step("looked at again")

    # What to promote, and what to leave apart.
    offers, pairs = selection.offers(shown, shop), item_pairs(shop.train, settings.pair_support)
    pairs = pairs.test(settings.test, alpha=settings.alpha, alternative="less")
    apart, alone = selection.apart(pairs, shop)
    anyway = selection.together_anyway(shown, offers, shop)
    out.mark_step("decided")

    # Complete baskets: settings chosen inside the training baskets, one try on the later ones.
    recommender = selection.recommender(shop, settings)
    scores = selection.try_recommender(recommender, shop, settings, out.checkpoints)
    recommender.fit(shop.train)
    examples = recommender.recommend(shop.test.take(np.flatnonzero(shop.test.sizes >= 3)[:3]), n=3)
    looks = list_rules(again, shop, shown), offers, apart, anyway, keep_pairs(scores, (MODEL, NAIVE), HITS)
    tables = Tables(*looks, list_parts(parts, shop), list_parts(others, shop), list_chance(chance))
    shown.save(out.folder / "rules.parquet")
    out.save_results(model=recommender, **tables.kept())
    out.mark_step("completed")

    write_first_screen(out, settings, shop, tables, again, scores, mined)
    out.add_section("What to promote together", *report.promote(tables, settings))
    out.add_section("Rules that hold", *report.rules(tables, settings))
    out.add_section("A second look", *report.second_look(tables, again, shop))
    out.add_section("What not to bundle", *report.leave_apart(tables, alone, shop.rename(pairs)))
    out.add_section("What is missing from a basket", *chapters.completion(tables, scores, examples, recommender))
    out.add_section("What it cannot say", *chapters.doubts(settings, shop))
    out.add_section("How it was tested", *chapters.protocol(rules, tables, settings, shop), fold=True)
    add_closing(out, bought.reading, shop.baskets.describe(), *chapters.data(bought))
    out.metrics.update(chapters.metrics(rules, kept, shown, again, scores, tables))


STUDY = Study("Shopping baskets: rules that hold at a second look", GrocerySettings, run, predict, TABLES)
