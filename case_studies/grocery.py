"""A year of shopping baskets: rules that hold, what to promote together, what not to bundle, and what is missing."""

import sys

import numpy as np

from case_studies.__main__ import main
from case_studies.grocery_parts import GrocerySettings, Popular, Shop, chapters, choice, table_of
from case_studies.grocery_parts.ahead import predict  # noqa: F401  # what hexad predict asks
from domains.basket import association_rules, completion_trial, frequent_itemsets, item_pairs, permutation_test
from domains.basket.mining.search import min_count_of
from shared.reporting import Run

TITLE = "Shopping baskets: rules that hold at a second look"
Settings = GrocerySettings


def tell(settings: GrocerySettings, run: Run) -> None:
    """Read, mine, test, look again, decide."""
    table, reading = table_of(run, settings)  # bundled, or the user's own file
    shop = Shop.of(table, settings, reading.source, own=run.data is not None)
    run.contract = shop.contract
    run.step("read")

    # Mine and test on the first part of the time alone; what follows is for the second look.
    least = max(settings.min_baskets, min_count_of(settings.min_support, shop.past.n_rows))
    sets = frequent_itemsets(shop.past, least, max_length=settings.max_length)
    rules = association_rules(sets, settings.min_confidence).tested(settings.test, alpha=settings.alpha)
    kept = rules.kept
    shown = choice.shown(kept, shop, settings)
    run.step("mined and tested")

    # Do they hold in the later baskets, in every quarter, and where there is nothing to be found?
    again, unfiltered = kept.held_out(shop.later), rules.held_out(shop.later)
    quarters = shown.over_time(shop.baskets, parts=4) if len(shown) else None
    chance = permutation_test(
        rules, settings.randomised, test=settings.test, alpha=settings.alpha, random_state=settings.seed, n_jobs=settings.n_jobs
    ) if settings.randomised and len(rules) else None  # fmt: skip
    run.step("looked at again")

    # What to promote, and what to leave apart.
    offers = choice.offers(shown, shop)
    pairs = item_pairs(shop.past, settings.pair_support)
    pairs = pairs.tested(settings.test, alternative="less", alpha=settings.alpha)
    apart, alone = choice.apart(pairs, item_pairs(shop.later, 1, max_items=100_000) if len(pairs) else pairs)
    together = choice.together_anyway(shown, offers)
    run.step("decided")

    # Complete baskets: settings chosen inside the past, one try on the later baskets.
    recommender = choice.recommender(shop, settings).fit(shop.past)
    trial = completion_trial(
        {"rules and history": recommender, "popularity": Popular().fit(shop.past)}, shop.later, n=settings.hidden,
        seeds=(settings.seed,),
    )  # fmt: skip
    examples = recommender.recommend(shop.later.take(np.flatnonzero(shop.later.sizes >= 3)[:3]), n=3)
    shown.save(run.folder / "rules.parquet")
    run.keeps(model=recommender, offers=offers, apart=apart)
    run.step("completed")

    chapters.summary(run, settings, shop, rules, again, offers, trial)
    run.tells("Rules that hold", *chapters.rules(shown, rules, kept, shop))
    run.tells("A second look", *chapters.second_look(again, unfiltered, quarters, shop))
    run.tells("What to promote together", *chapters.promote(offers))
    run.tells("What not to bundle", *chapters.leave_apart(apart, alone, together, pairs))
    run.tells("What is missing from a basket", *chapters.completion(trial, examples, recommender))
    run.tells("How it was tested", *chapters.protocol(rules, chance, settings, shop))
    run.tells("When not to believe it", *chapters.doubts(again, settings, shop))
    run.tells("What was read", reading.explain(), shop.baskets.describe(), *chapters.data(run.data is not None))
    run.tells("Do it again").code(run.command)
    run.metrics.update(chapters.metrics(rules, kept, shown, again, unfiltered, trial, offers, apart))


if __name__ == "__main__":
    main(["run", "grocery", *sys.argv[1:]])
