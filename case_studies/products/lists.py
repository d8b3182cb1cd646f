"""The lists themselves: what to recommend to everyone, which new items come into them, and what strangers are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation import Recommendations, Recommender

from .rivals import make_recommender
from .settings import ProductSettings
from .visits import Visits

__all__ = ["Lists", "list_new", "make_lists", "recommend"]

CONTENT = "content"
UNKNOWN = -(2**62)  # the key of nobody
# Groups of parts, in words.
GROUPS = {
    "habit": "what the {who} took before, how often and how lately",
    "similar": "what goes together with what the {who} took",
    "trend": "what everybody takes, and comes to of late",
}


@dataclass(frozen=True)
class Lists:
    """Lists of one question.

    Attributes
    ----------
    question : str
    model : Recommender
        Fitted on all there is.
    shown : Recommendations
        To every user.
    strangers : list
        What is shown to those of whom nothing is known.
    kinds, kinds_free : float
        Different kinds in a list, on average, with the limit and without it; NaN where no kinds are known.

    >>> table = pd.DataFrame({"user": ["a"], "item": ["x"], "rank": [1], "path": ["behaviour"]})
    >>> Lists("new", Recommender(), Recommendations(table, 1), []).new_items.empty
    True
    """

    question: str
    model: Recommender
    shown: Recommendations
    strangers: list[Any]
    kinds: float = np.nan
    kinds_free: float = np.nan

    @property
    def table(self) -> pd.DataFrame:
        """A row an item of a list."""
        return self.shown.table

    @property
    def new_items(self) -> pd.DataFrame:
        """Items that nobody has yet and that stand in lists: in how many, and one reason."""
        rows = self.table[self.table["path"] == CONTENT]
        item = self.table.columns[1]
        if not len(rows) or "because" not in rows:
            return pd.DataFrame(columns=["lists", "because"])
        found = rows.sort_values(["rank"], kind="stable").groupby(item, sort=True)["because"].agg(["size", "first"])
        ordered = found.sort_values("size", ascending=False, kind="stable")
        return ordered.set_axis(["lists", "because"], axis=1)

    @property
    def n_with_new(self) -> int:
        """Lists in which an item stands that nobody has yet; one of several counts once."""
        return int(self.table.loc[self.table["path"] == CONTENT].iloc[:, 0].nunique())

    def weigh_groups(self) -> dict[str, float]:
        """Share of the weights that lies on each group of parts, the heaviest first."""
        total: dict[str, float] = {}
        for part in self.model.blend_.parts if self.model.blend_ is not None else []:
            weight = self.model.weights_.get(part.name, 0.0)
            total[part.group] = total.get(part.group, 0.0) + weight
        whole = sum(total.values()) or 1.0
        ranked = sorted(total.items(), key=lambda pair: -pair[1])
        return {name: weight / whole for name, weight in ranked if weight}


def recommend(
    model: Recommender, users: Any, settings: ProductSettings, kind: str, *, reasons: bool = True
) -> Recommendations:
    """Lists for some users, with at most so many of a kind among what is new, and of items that nobody has yet.

    Parameters
    ----------
    model : Recommender
        Fitted.
    users : sequence
    settings : ProductSettings
    kind : str
        Column of kinds; empty for none.
    reasons : bool

    >>> table = pd.DataFrame({"user": list("aab"), "item": ["tea", "milk", "tea"]})
    >>> recommend(Recommender().fit(table), ["b"], ProductSettings(shown=1), "").lists()
    {'b': ['milk']}
    """
    caps = caps_of(model.question, settings, kind)
    return model.recommend(users, settings.shown, max_per=caps, max_new=settings.most_new, reasons=reasons)


def caps_of(question: str, settings: ProductSettings, kind: str) -> Mapping[str, int] | None:
    """The limit on one kind: only for what is new, because what one takes again may well be of one kind.

    Parameters
    ----------
    question : str
    settings : ProductSettings
    kind : str

    >>> caps_of("new", ProductSettings(), "aisle"), caps_of("next", ProductSettings(), "aisle")
    ({'aisle': 2}, None)
    """
    return {kind: settings.most_of_a_kind} if kind and settings.most_of_a_kind and question == "new" else None


def make_lists(question: str, visits: Visits, settings: ProductSettings) -> Lists:
    """Learn from all there is, and make everyone's list.

    Parameters
    ----------
    question : str
    visits : Visits
    settings : ProductSettings

    >>> from shared.data import Incidence, InteractionColumns
    >>> settings = ProductSettings(columns={"time": ""}, shown=1)
    >>> table = pd.DataFrame({"household_id": list("aab"), "product_type": ["tea", "milk", "tea"]})
    >>> data = Incidence.from_interactions(table, InteractionColumns("household_id", "product_type"))
    >>> visits = Visits(data, data, settings)
    >>> make_lists("new", visits, settings).shown.lists()
    {'b': ['milk']}
    """
    model = make_recommender(question, visits).fit(visits.data, visits.items)
    users = list(visits.users)
    shown = recommend(model, users, settings, visits.kind)
    unknown = UNKNOWN if pd.api.types.is_numeric_dtype(visits.users) else str(UNKNOWN)
    strangers = recommend(model, [unknown], settings, visits.kind).table.iloc[:, 1].tolist()
    kinds = kinds_free = np.nan
    if caps_of(question, settings, visits.kind):
        assert visits.items is not None  # noqa: S101  # kinds come from it
        by_item = visits.items.set_index(visits.items.columns[visits.items.columns.get_loc(shown.table.columns[1])])
        free = model.recommend(users, settings.shown, max_new=settings.most_new, reasons=False)
        kinds, kinds_free = (_count_kinds(one.table, by_item[visits.kind]) for one in (shown, free))
    return Lists(question, model, shown, strangers, kinds, kinds_free)


def list_new(visits: Visits) -> list[Any]:
    """Items of the table of items that nobody has yet.

    Parameters
    ----------
    visits : Visits

    >>> from shared.data import Incidence, InteractionColumns
    >>> settings = ProductSettings(columns={"time": ""}, shown=1)
    >>> table = pd.DataFrame({"household_id": list("aab"), "product_type": ["tea", "milk", "tea"]})
    >>> data = Incidence.from_interactions(table, InteractionColumns("household_id", "product_type"))
    >>> visits = Visits(data, data, settings)
    >>> list_new(visits)
    []
    """
    if visits.items is None:
        return []
    keys = visits.items[visits.settings.columns.item]
    return keys[~keys.isin(visits.whole.items)].tolist()


def _count_kinds(table: pd.DataFrame, kinds: pd.Series[Any]) -> float:
    """Different kinds in a list, on average."""
    named = table.iloc[:, 1].map(kinds)
    return float(named.groupby(table.iloc[:, 0].to_numpy()).nunique().mean())
