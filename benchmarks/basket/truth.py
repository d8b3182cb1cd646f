"""Rules at a second look: mined, tested and kept in one half, seen again in the other, and looked for in chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.basket.data import groceries
from domains.basket import Rules, association_rules, randomise
from shared.data import Incidence

__all__ = ["truth"]

FIRST_HALF = 4917


def keep_rules(baskets: Incidence, test: Any = "matched") -> Rules:
    """The call whose rules are judged: one consequent, support 0.2 %, confidence 0.2, Holm 5 %."""
    return association_rules(baskets, 0.2, min_support=0.002).test(test, correction="holm", alpha=0.05)


def truth(folder: Path, randomisations: int = 200) -> dict[str, Any]:
    """Share of kept rules with a lift above one in the rest, and how often chance alone keeps any."""
    baskets = groceries(folder)
    first = baskets.take(np.arange(FIRST_HALF))
    rest = baskets.take(np.arange(FIRST_HALF, baskets.n_rows))
    rules = keep_rules(first)
    kept = rules.significant
    print(rules.explain())
    found: dict[str, Any] = {
        "stability": kept.validate(rest).share,
        "stability_unfiltered": rules.validate(rest).share,
        "kept_rules": len(kept),
        "mined_rules": len(rules),
    }
    own = rules.test(inherit=False).significant
    found["kept_without_inheritance"] = len(own)
    fisher = keep_rules(first, "fisher").significant
    found |= {"fisher_kept_rules": len(fisher), "fisher_stability": fisher.validate(rest).share}
    by_chance, by_chance_fisher = 0, 0
    for seed in range(randomisations):
        mixed = randomise(first, seed)
        by_chance += len(keep_rules(mixed).significant) > 0
        by_chance_fisher += len(keep_rules(mixed, "fisher").significant) > 0
    found |= {"fwer": by_chance, "fwer_fisher": by_chance_fisher, "fwer_of": randomisations}
    print(
        f"kept {len(kept):,} of {len(rules):,}; of these {100 * found['stability']:.1f} % hold in the rest (unfiltered "
        f"{100 * found['stability_unfiltered']:.1f} %); chance alone keeps any in {by_chance} of {randomisations} "
        f"(Fisher's test without regard to basket sizes: {by_chance_fisher})"
    )
    return found
