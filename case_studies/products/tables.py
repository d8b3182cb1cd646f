"""What the report on products speaks from: every list tried, groups of them, weights, and who is shown what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_studies.common.pairs import keep_pairs
from shared.reporting import Evidence

from .lists import CONTENT, Lists
from .rivals import OURS, POPULAR
from .settings import ProductSettings
from .trial import Trial
from .visits import Visits

SELLS = POPULAR  # the baseline that nothing is found beyond, where nothing is


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    trials : pandas.DataFrame
        A row a question, model, metric and list tried; "taken" is how many of those shown were taken.
    groups : pandas.DataFrame
        NDCG by what was known of users, and shares found by how common items were.
    weights, kinds : pandas.DataFrame
        What lists are made of, and how many kinds stand in one.
    users : pandas.DataFrame
        A row a user: how many different items are known, and whether an item that nobody has stands in the list.
    new_items : pandas.DataFrame
        Items that nobody has yet: in how many lists each stands.
    """

    trials: pd.DataFrame
    groups: pd.DataFrame
    weights: pd.DataFrame
    kinds: pd.DataFrame
    users: pd.DataFrame
    new_items: pd.DataFrame

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files."""
        names = ("trials", "groups", "weights", "kinds", "users", "new_items")
        return {name: getattr(self, name) for name in names}

    def tried(self, question: str, model: str, metric: str) -> Evidence:
        """Lists of a model that were tried, by a metric."""
        return Evidence("trials", self.trials, {"question": question, "model": model, "metric": metric})

    def group(self, question: str, by: str, label: str) -> Evidence:
        """A group of users or items."""
        return Evidence("groups", self.groups, {"question": question, "by": by, "group": label})


def selling(trial: Trial) -> str:
    """The one of the baselines that shows what sells most, which did better."""
    names = [name for name in trial.scores.baselines if name.startswith(POPULAR)]
    return max(names, key=lambda name: trial.value(name, "precision"))


def rivals_of(trial: Trial) -> list[str]:
    """Those that the recommender is said to be compared with: of what shows what is popular the stronger alone."""
    named = [item.against for item in trial.comparisons.items]
    return [name for name in named if not name.startswith(POPULAR) or name == selling(trial)]


def make_tables(
    trials: list[Trial], lists: list[Lists], unseen: list[object], visits: Visits, settings: ProductSettings
) -> Tables:
    """Make them from the results.

    Parameters
    ----------
    trials : list of Trial
    lists : list of Lists
    unseen : list
        Items that nobody has yet.
    visits : Visits
    settings : ProductSettings
    """
    new = lists[-1]
    activity = new.model.history_.activity[: len(visits.users)]
    with_new = set(new.table.loc[new.table["path"] == CONTENT].iloc[:, 0])
    users = pd.DataFrame({"user": visits.users.astype(str), "known": np.asarray(activity, dtype=np.int64)})
    counts = new.new_items
    in_lists = {str(name): int(n) for name, n in counts["lists"].items()}
    items = [str(one) for one in unseen]
    return Tables(
        pd.concat([_list_tried(one) for one in trials], ignore_index=True),
        pd.concat([_list_groups(one, visits, settings) for one in trials], ignore_index=True),
        pd.DataFrame(
            [(one.question, name, share) for one in lists for name, share in one.weigh_groups().items()],
            columns=["question", "group", "share"],
        ),
        pd.DataFrame({"question": [new.question], "limited": [new.kinds], "free": [new.kinds_free]}),
        users.assign(**{"with new": [one in with_new for one in visits.users]}),
        pd.DataFrame({"item": items, "lists": [in_lists.get(name, 0) for name in items]}).assign(
            shown=lambda frame: frame["lists"] > 0
        ),
    )


def _list_tried(trial: Trial) -> pd.DataFrame:
    """Every list tried, by NDCG, by the share of those shown that were taken, and by how many these were."""
    ndcg = keep_pairs(trial.scores, trial.scores.models, f"ndcg@{trial.shown}")
    share = keep_pairs(trial.scores, trial.scores.models, f"precision@{trial.shown}")
    taken = share.assign(metric="taken", value=share["value"] * trial.shown)
    return pd.concat([ndcg, share, taken], ignore_index=True).assign(question=trial.question)


def _list_groups(trial: Trial, visits: Visits, settings: ProductSettings) -> pd.DataFrame:
    """Both tables of groups under one another."""
    parts = []
    for by, table in (
        ("known", trial.by_activity(settings)),
        ("common", trial.by_popularity(len(visits.users), settings)),
    ):
        if len(table):
            columns = {"n": table.iloc[:, 0].astype(int), "ours": table[OURS], "simple": table[trial.simple]}
            frame = pd.DataFrame(columns).rename_axis("group").reset_index().astype({"group": str})
            parts.append(frame.assign(question=trial.question, by=by, metric="ndcg" if by == "known" else "recall"))
    named = ["group", "n", "ours", "simple", "question", "by", "metric"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=named)
