"""The first screen of the grocery report: what to offer, how sure that is, and when not to believe it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from case_studies.common.claims import claim_of
from case_studies.common.report import add_comparison, not_real, too_few
from domains.basket import Stability
from shared.evaluation import Comparison, Scores, compare
from shared.reporting import Claim, Evidence, Figure, Run, Said, given
from shared.reporting.charts import bar_figure

from .baskets import Shop
from .mining import MOST_RULES, Mined
from .selection import MODEL, NAIVE
from .settings import GrocerySettings
from .tables import HITS, Tables

FEW = 500  # baskets: a hit rate of 30 % is then known to 4 points


def write_first_screen(
    run: Run, settings: GrocerySettings, shop: Shop, tables: Tables, again: Stability, scores: Scores, search: Mined
) -> None:
    """What to offer to whom, how sure that is, and when not to believe it."""
    run.report.subtitle = f"Rules of {shop.when(shop.train)}; looked at again in {shop.when(shop.test)}."
    item, claim = judge_hits(scores, tables)
    n = tables.n_kept
    if n == 0:
        run.add_advice([say_no_rule(tables)], say_how_to_find(settings))
    elif tables.offers.empty:
        run.add_advice("Make no offer yet: no pair of items is strong, certain later, and not yet a matter of course.")
    else:
        run.add_advice([say_offer(tables)], [*say_money(tables, settings), say_more(tables)])
    run.add_certainty([say_held(tables, pairs=True)], [say_bound(settings)] if n else [])
    run.add_doubt(*not_real(run.data is not None), *_list_doubts(tables, shop, item), *_say_shortened(search))
    look = tables.look()
    kept, mined = tables.look(kept=True).count(), look.count()
    run.add_fact(
        f"{kept.text} of {mined.text}" if mined.value else "No rule",
        "rules (who buys this buys that, too) stood the test" if mined.value else "was met often enough to be tested",
        Claim.of("{kept} of {mined} rules stood the test.", kept=kept, mined=mined),
    )
    if n:
        run.add_fact(
            tables.pairs(kept=True).mean("holds", "%", decimals=0),
            "of the kept rules between two items hold in later baskets",
        )
    if int(tables.pairs(kept=False).count().value):
        share = tables.pairs(kept=False).mean("holds", "%", decimals=0)
        run.add_fact(share, "of those turned down hold; chance alone gives half")
    add_comparison(run, item, claim, "items of later baskets guessed")
    if (picture := _draw(tables, again)) is not None:
        run.show(picture)


def judge_hits(scores: Scores, tables: Tables) -> tuple[Comparison, Claim]:
    """The comparison with what sells most, and the sentence that it makes."""
    unit = "customers" if scores.sample((MODEL, NAIVE), HITS).by_label().shape[0] < len(tables.hits) / 2 else "baskets"
    item = compare(scores, MODEL, NAIVE, metric=HITS, unit=unit).items[0]
    return item, claim_of(
        item,
        "hits",
        called=("the recommender", f"“{item.against}”"),
        name="hidden items among ten guesses",
        split="whose",
    )


def say_how_to_find(settings: GrocerySettings) -> str:
    """What may show rules where there are none."""
    return (
        "More baskets, or broader items such as categories, may show some; so may lower bounds: min_support, now"
        f" {settings.min_support:g}, and, where customers are known, min_customers, now {settings.min_customers}."
    )


def say_no_rule(tables: Tables) -> Claim:
    """That nothing is to be acted on."""
    if tables.rules.empty:
        return Claim("No rule: no items are together in enough baskets, of enough customers, to be tested.")
    return Claim.of(
        "No rule: of {n} tested none is certain. Do not act on any of the rules.", n=tables.look().count("rule")
    )


def say_offer(tables: Tables) -> Claim:
    """The offer that could bring most."""
    first = tables.offer(1)
    return Claim.of(
        "Offer “{then}” to those who buy “{left}”: {without} baskets held the second without the first, and"
        " the two come together {times} times as often as chance gives.",
        then=first.value("then"),
        left=first.value("if"),
        without=first.value("baskets without"),
        times=first.value("later", decimals=1),
    )


def say_money(tables: Tables, settings: GrocerySettings) -> list[Said]:
    """What a basket that takes the offer brings; nothing where no price is known."""
    first = tables.offer(1)
    if not np.isfinite(tables.offers["spend"].iloc[0]):
        return []
    spend = first.value("spend", settings.currency, decimals=2)
    return [Claim.of("Each basket that takes it adds {spend} of sales on average.", spend=spend)]


def say_more(tables: Tables) -> Claim:
    """How many offers there are."""
    n = Evidence("offers", tables.offers).count("offer")
    if len(tables.offers) == 1:
        return Claim.of("The list below has {n}.", n=n)
    return Claim.of("The list below has {n}, first those that could bring most.", n=n)


def say_held(tables: Tables, *, pairs: bool = False) -> Claim:
    """What became of rules kept, or of pairs alone, beside those turned down."""
    look = tables.pairs if pairs else tables.look
    kept, down = look(kept=True), look(kept=False)
    two = pairs and "items" in kept.count().where
    words = ("rule between two items", "rules between two items") if two else ("rule", "rules")
    if tables.n_kept == 0:
        if tables.rules.empty:
            return Claim("There is no rule that could be looked at again.")
        return Claim.of(
            (
                "Of the {n} turned down, {share} met more often than chance gives in later baskets; chance alone gives"
                " half."
            ),
            n=down.count(*words),
            share=down.mean("holds", "%", decimals=0),
        )
    first = Claim.of(
        "Of {n} kept, {share} met more often than chance gives in later baskets that took no part in choosing them",
        n=kept.count(*words),
        share=kept.mean("holds", "%", decimals=0),
    )
    if not int(down.count().value):
        return Claim.join(first, ".")
    rest = Claim.of(
        "; of {n} turned down, {share} did.", n=down.count(*words), share=down.mean("holds", "%", decimals=0)
    )
    return Claim.join(first, rest)


def say_bound(settings: GrocerySettings) -> Claim:
    """What the test promises."""
    return Claim.of(
        "The chance that any of the kept rules is false is {alpha} or less.", alpha=given(settings.alpha, "%")
    )


def say_fell(tables: Tables) -> Claim:
    """How many of the kept rules came out much lower later."""
    share = tables.look(kept=True).mean("fell", "%", decimals=0)
    return Claim.of(
        "Of the kept rules {share} came out more than a fifth lower later: plan with the later figures.", share=share
    )


def _say_shortened(search: Mined) -> list[str]:
    """That longer rules were left aside."""
    if not search.shortened:
        return []
    return [
        f"Rules have up to {search.max_length} items: those with {search.max_length + 1} would number over"
        f" {MOST_RULES:,},"
        " nearly all of them variants of shorter ones."
    ]


def _list_doubts(tables: Tables, shop: Shop, item: Comparison) -> Iterator[Said | list[Said]]:
    """Reasons not to believe the rules, those that weigh most first."""
    if tables.n_kept:
        yield "Bought together is no proof that an offer sells more: try it on some customers first."
        if tables.rules.loc[tables.rules["kept"], "fell"].mean() >= 0.05:
            yield [say_fell(tables)]
    if item.verdict != "better":
        yield "For completing baskets the rules are no certain gain: recommend what sells well instead."
    yield from too_few(int((tables.hits["model"] == MODEL).sum()), FEW, "baskets were left for that trial")
    if shop.train.customers is None:
        yield "Without customers it cannot be told whether a rule is the habit of few people."
    if shop.baskets.times is None:
        yield "No time was given: the order of the table was taken for it."


def _draw(tables: Tables, again: Stability) -> Figure | None:
    """The first offers as bars; all rules at both looks where there are none; nothing without rules."""
    top = tables.offers[tables.offers["top"]]
    if len(top):
        rows = Evidence("offers", tables.offers, {"top": True})
        title = Claim.of(
            "First offers: each pair meets at least {least} times as often as chance gives",
            least=rows.min("lower", decimals=1),
        )
        names = [f"{left} → {right}" for left, right in zip(top["if"], top["then"], strict=True)]
        return bar_figure(
            dict(zip(names, top["later"], strict=True)),
            lower=top["lower"].tolist(),
            upper=top["upper"].tolist(),
            x_label="times as often as chance (95 % interval)",
            alt="Bars of the first offers.",
        ).tell(title, data=top)
    return again.plot().tell(say_held(tables), data=tables.rules) if len(tables.rules) else None
