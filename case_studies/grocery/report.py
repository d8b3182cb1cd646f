"""The chapters of the grocery report on rules and offers: what is said and shown, from results worked out elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from domains.basket import Rules, Stability, pair_heatmap
from shared.reporting import Claim, Evidence, Table

from .baskets import Shop
from .screen import say_bound, say_fell, say_held, say_how_to_find
from .settings import GrocerySettings
from .tables import Tables

ROWS = 15
TIMES = "Times as often"  # as in baskets of the same size
PARTS = "times as often, by part of the time"


def promote(tables: Tables, settings: GrocerySettings) -> list[Any]:
    """Offers, by what they could bring."""
    offers = tables.offers
    if offers.empty:
        return [
            "No rule of one item on either side is strong, certain in the later baskets, and not yet a matter of"
            " course."
        ]
    money = offers["spend"].notna().any()
    shown = pd.DataFrame(
        {
            "Then offer": offers["then"],
            "Have both, %": (100 * offers["buy both"]).round().astype(int),
            "Baskets without": offers["baskets without"],
            TIMES: offers["later"],
            "95 % interval": _spans(offers),
        }
    ).set_index(pd.Index(offers["if"], name="Who buys"))
    if money:
        sign = f", {settings.currency}" if settings.currency else ""
        shown[f"Spent on it{sign}"] = offers["spend"].to_numpy()
        shown[f"Could bring{sign}"] = offers["worth"].to_numpy()
    else:
        shown["Could bring, baskets"] = offers["could bring"].to_numpy()
    caption = (
        "Pairs to promote, each once. Times as often: found in the later baskets over what baskets of the same size"
        " give."
    )
    spent = " times what a basket with the second spends on it" if money else ""
    return [
        "Each row says: to baskets with the first item, offer the second. They are ordered by what they could bring:"
        " baskets with the first and without the second, times the share of them beyond what their size gives"
        f"{spent}. Together today is no proof that an offer causes anything: try it on some of the customers first.",
        Table(shown.head(ROWS), caption, name="offers", data=offers),
    ]


def _spans(pairs: pd.DataFrame) -> list[str]:
    """Intervals of the later figure, in words."""
    return [f"{low:.2f} to {high:.2f}" for low, high in zip(pairs["lower"], pairs["upper"], strict=True)]


def merge_directions(rules: pd.DataFrame) -> pd.DataFrame:
    """Each pair once: of two directions the one listed first, with the share of the other beside it.

    Parameters
    ----------
    rules : pandas.DataFrame
        With columns if, then, items and confidence.

    >>> rows = pd.DataFrame({"if": ["a", "b"], "then": ["b", "a"], "items": [2, 2], "confidence": [0.5, 0.2]})
    >>> merge_directions(rows)[["if", "then", "confidence", "back"]].values.tolist()
    [['a', 'b', 0.5, 0.2]]
    """
    shares = dict(zip(zip(rules["if"], rules["then"], strict=True), rules["confidence"], strict=True))
    pairs = list(zip(rules["if"], rules["then"], rules["items"], strict=True))
    keys = [frozenset((left, right)) if items == 2 else (left, right) for left, right, items in pairs]
    found = rules.assign(back=[shares.get((right, left), np.nan) for left, right, _ in pairs])
    return found[~pd.Series(keys, index=rules.index, dtype=object).duplicated()]


def rules(tables: Tables, settings: GrocerySettings) -> list[Any]:
    """The rules themselves."""
    if tables.rules.empty:
        return ["No rule was mined.", say_how_to_find(settings)]
    kept, look = tables.look(kept=True), tables.look()
    first = Claim.of("Of {n} in enough baskets, {kept} stood the test. ", n=look.count("rule"), kept=kept.count("rule"))
    shown = tables.rules[tables.rules["shown"]].sort_values("mined", ascending=False, kind="stable")
    if shown.empty:
        return [Claim.join(first, "None is shown: they are not certain, or add nothing to a shorter one.")]
    merged = merge_directions(shown)
    frame = pd.DataFrame(
        {
            "Then": merged["then"],
            **({"Customers": merged["customers"]} if "customers" in merged else {"Baskets": merged["baskets"]}),
            "If, then, %": 100 * merged["confidence"],
            "Then, if, %": 100 * merged["back"],
            f"{TIMES}, mined": merged["mined"],
            f"{TIMES}, later": merged["later"],
            "95 % interval": _spans(merged),
        }
    ).set_index(pd.Index(merged["if"], name="If"))
    caption = (
        "Rules, the highest when mined first, both directions of a pair in one row. Times as often: found over what"
        " baskets of the same size give; the interval is of the later figure."
    )
    return [
        [first, say_bound(settings), Claim.of("{n} are shown: they add to every shorter one.", n=_shown(tables))],
        Table(frame.head(ROWS), caption, name="rules", data=tables.rules),
    ]


def _shown(tables: Tables) -> Any:
    return tables.look(shown=True).count()


def second_look(tables: Tables, again: Stability, shop: Shop) -> list[Any]:
    """What became of the rules in later baskets, part by part, and for other customers."""
    if tables.rules.empty:
        return ["No rule was mined, so that there is none to look at again."]
    parts: list[Any] = [
        f"The later baskets ({shop.when(shop.test)}) took no part in mining or testing. Lift is set against what"
        " baskets of the same size give, at both looks: large baskets hold nearly any pair, so that nearly any rule"
        " has a raw lift above one.",
    ]
    if tables.n_kept:
        sure = tables.look(kept=True).mean("certain", "%", decimals=0)
        parts.append([Claim.of("The whole interval of {sure} of the kept rules lies above one.", sure=sure)])
        parts.append([say_fell(tables)])
    else:
        parts.append("No rule was kept.")
    parts.append(again.plot().tell(say_held(tables), data=tables.rules))
    if len(tables.others):
        rows = Evidence("other_customers", tables.others)
        parts.append(
            Claim.of(
                "Mined and tested again on the first baskets of half of the customers alone, {n} are kept; in those of"
                " the other half {share} of these have an adjusted lift above one.",
                n=rows.count("rule"),
                share=rows.mean("holds", "%", decimals=0),
            )
        )
    return parts + _by_part(tables)


def _by_part(tables: Tables) -> list[Any]:
    """Adjusted lift in each part of the time."""
    if tables.parts.empty:
        return []
    rows = Evidence("parts", tables.parts)
    names = [name for name in tables.parts.columns if name.startswith("part ")]
    shown = tables.parts[["if", "then", *names]].head(ROWS).rename(columns={"then": "Then"})
    return [
        Claim.of(
            "Over the whole time, {held} of {n} shown are met more often than chance gives in every part.",
            held=rows.where(holds=True).count(),
            n=rows.count("rule"),
        ),
        Table(
            shown.set_index("if").rename_axis("If"),
            f"Found over what baskets of the same size give ({PARTS}). The first parts overlap with what was mined.",
            name="parts",
            data=tables.parts,
            fold=True,
        ),
    ]


def leave_apart(tables: Tables, alone: pd.DataFrame, pairs: Rules) -> list[Any]:
    """Pairs that keep apart, items bought on their own, and pairs that need no offer."""
    if len(pairs) == 0:
        return ["Fewer frequent items were found in the baskets: two are needed to say what keeps apart."]
    parts: list[Any] = []
    if len(tables.apart):
        names = {
            "both": "Found together",
            "expected": "By size",
            "mined": f"{TIMES}, mined",
            "later": f"{TIMES}, later",
        }
        shown = tables.apart.rename(columns={"other": "Other", **names}).set_index("one").rename_axis("One")
        parts += [
            "These pairs meet less often in both parts of the time, given the sizes of baskets: one takes the place"
            " of the other, or they are for different people. A bundle of them sells to few.",
            Table(shown.head(ROWS), "Pairs that keep apart.", name="apart", data=tables.apart),
        ]
    else:
        parts.append("No pair of frequent items certainly keeps apart.")
    if len(alone):
        parts += [
            "Some items keep apart from many others. That says how they are sold, at another till or on their own, and"
            " nothing of a partner.",
            Table(alone.head(ROWS).set_index("item"), "Items bought on their own.", name="alone"),
        ]
    if len(tables.anyway):
        frame = tables.anyway.assign(**{"buy both": 100 * tables.anyway["buy both"]}).set_index("if").rename_axis("If")
        frame.columns = pd.Index(["Then", "Have both, %", "Baskets with the first"])
        caption = "No offer is needed here: who buys the first buys the second anyway."
        parts.append(Table(frame, caption, name="anyway", data=tables.anyway))
    return [*parts, pair_heatmap(pairs)]
