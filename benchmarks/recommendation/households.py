"""Households and types of products, honest in time: what they will buy for the first time, and what they will buy next.

Learnt from the weeks before a cut, tested on the four weeks from there; peers are tuned on the four weeks before it.
"""

from __future__ import annotations

from itertools import islice
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.recommendation.lists import lower_bound, ndcg
from benchmarks.recommendation.peers import Events, settings_of
from domains.recommendation import Recommender
from shared.data import Incidence, InteractionColumns, datasets
from shared.typing import Bools, Reals

__all__ = ["households"]

CUTS = (37, 41, 45, 49)
WEEKS = 4
QUESTIONS = ("new", "next")
COLUMNS = InteractionColumns("household_id", "product_type", None, "transaction_timestamp")


def read_visits() -> pd.DataFrame:
    """A row a household, type of product and visit, with the week; products whose type is missing are left out."""
    bought = datasets.load("grocery_transactions")
    types = datasets.load("grocery_products").set_index("product_id")["product_type"]
    bought["product_type"] = bought["product_id"].astype(str).map(types)
    kept = ["household_id", "product_type", "transaction_timestamp", "week"]
    return bought[kept].dropna().drop_duplicates(ignore_index=True)


class Weeks:
    """Visits by number of household and type, and what stands before and after a cut."""

    def __init__(self, visits: pd.DataFrame) -> None:
        self.visits = visits
        self.users, self.households = pd.factorize(visits["household_id"], sort=True)
        self.items, self.types = pd.factorize(visits["product_type"], sort=True)
        self.week = visits["week"].to_numpy()
        self.times = visits["transaction_timestamp"].to_numpy()
        self.shape = len(self.households), len(self.types)

    def before(self, cut: int) -> Events:
        """What is learnt from."""
        past = self.week < cut
        ages = (self.times[past].max() - self.times[past]) / np.timedelta64(1, "D") / 7
        return Events(self.users[past], self.items[past], ages, *self.shape)

    def right(self, cut: int) -> Bools:
        """What each household bought in the four weeks from a cut."""
        then = (self.week >= cut) & (self.week < cut + WEEKS)
        found = np.zeros(self.shape, dtype=bool)
        found[self.users[then], self.items[then]] = True
        return found

    def had(self, cut: int) -> Bools:
        """What each household bought before it."""
        found = np.zeros(self.shape, dtype=bool)
        found[self.users[self.week < cut], self.items[self.week < cut]] = True
        return found

    def judge(self, scores: Reals, cut: int) -> dict[str, Reals]:
        """NDCG of each household by question."""
        right, had = self.right(cut), self.had(cut)
        return {"new": ndcg(scores, right, had), "next": ndcg(scores, right)}


def households(peers: bool) -> dict[str, float]:
    """NDCG over all cuts, and the lowest bound of the difference to any peer that was tuned alike."""
    weeks = Weeks(read_visits())
    print(f"{weeks.shape[0]:,} households, {weeks.shape[1]:,} types of products")
    ours: dict[str, list[Reals]] = {question: [] for question in QUESTIONS}
    theirs: dict[str, dict[str, list[Reals]]] = {question: {} for question in QUESTIONS}
    for cut in CUTS:
        for question in QUESTIONS:
            began = process_time()
            ours[question].append(weeks.judge(recommend(weeks, cut, question), cut)[question])
            print(
                f"week {cut}, {question}: {np.nanmean(ours[question][-1]):.4f}, {process_time() - began:.1f} s",
                flush=True,
            )
        for name, peer in settings_of(peers).items():
            began = process_time()
            tuned = [weeks.judge(scores, cut - WEEKS) for scores in peer(weeks.before(cut - WEEKS))]
            for question in QUESTIONS:
                chosen = int(np.argmax([np.nanmean(one[question]) for one in tuned]))
                scores = next(islice(peer(weeks.before(cut)), chosen, None))
                theirs[question].setdefault(name, []).append(weeks.judge(scores, cut)[question])
                told = f"{np.nanmean(theirs[question][name][-1]):.4f} with setting {chosen + 1} of {len(tuned)}"
                print(f"  {name}, {question}: {told}, {process_time() - began:.1f} s", flush=True)
    found: dict[str, float] = {}
    for question in QUESTIONS:
        found[f"ndcg_{question}"] = mean(ours[question])
        bounds = {name: lower_bound(ours[question], values) for name, values in theirs[question].items()}
        for name, values in theirs[question].items():
            print(f"{question}: {name} {mean(values):.4f}, difference at least {bounds[name]:+.4f}")
        found[f"{question}_margin"] = min(bounds.values())
    return found


def recommend(weeks: Weeks, cut: int, question: str) -> Reals:
    """Our scores of all types for all households, learnt from what stands before the cut."""
    train = Incidence.from_interactions(weeks.visits[weeks.week < cut].drop(columns="week"), COLUMNS)
    model = Recommender(question=question).fit(train)
    own = model.scores(weeks.households.to_numpy())
    scores = np.full(weeks.shape, own.min() - 1.0)
    scores[:, weeks.types.get_indexer(pd.Index(model.items_))] = own
    return scores


def mean(values: list[Reals]) -> float:
    """Mean over all cuts and households that have something right."""
    return float(np.nanmean(np.concatenate(values)))
