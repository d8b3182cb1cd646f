"""Who took what and when, and what is known of the items: all of it, or the part that is learnt from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data import Incidence, InteractionColumns
from shared.data.frequency import parse_duration

from .settings import ProductSettings

__all__ = ["Visits", "make_incidence"]


@dataclass(frozen=True)
class Visits:
    """Who took what.

    Attributes
    ----------
    whole : Incidence
        A row one user at one time.
    data : Incidence
        The same, of the items that most users took.
    items : pandas.DataFrame, optional
        What is known of items; its key stands under the name that the rows have for them.
    kind : str
        Its column of kinds; empty for none.
    period : float or str, optional
        What "next" means; None without times.
    cuts : int
        Cuts that fit into the time there is.
    settings : ProductSettings
        Without the roles that no column fills.
    notes : tuple of str
    n_before : int
        Users there were before some of them were drawn; 0 where none were left out.

    >>> rows = pd.DataFrame({"household_id": ["a"], "product_type": ["tea"]})
    >>> settings = ProductSettings(columns={"time": ""})
    >>> data = make_incidence(rows, settings, "table")
    >>> Visits(data, data, settings).questions
    ('new',)
    """

    whole: Incidence
    data: Incidence
    settings: ProductSettings
    items: pd.DataFrame | None = None
    kind: str = ""
    period: float | str | None = None
    cuts: int = 0
    notes: tuple[str, ...] = ()
    n_before: int = 0

    @property
    def questions(self) -> tuple[str, ...]:
        """What can be asked: what comes next only where there are times."""
        return ("new",) if self.period is None else ("next", "new")

    @property
    def users(self) -> pd.Index[Any]:
        """Keys of all who took something."""
        keys = self.data.customer_keys
        assert keys is not None  # noqa: S101  # interactions name their users
        return keys

    @property
    def length(self) -> str:
        """The period in words; empty without times."""
        if self.period is None:
            return ""
        if isinstance(self.period, str):
            days = parse_duration(self.period).ns / parse_duration("1D").ns
            return f"{days:g} days" if days >= 1 else self.period
        return f"{self.period:g} steps of “{self.settings.columns.time}”"

    @property
    def covered(self) -> float:
        """Share of all that was taken that `data` holds."""
        return len(self.data.codes) / max(len(self.whole.codes), 1)

    def narrow(self, before: Any = None) -> Visits:
        """Keep the items that most users took, and those that nobody took before a cut.

        What is seldom taken stands in nobody's list, and learning from it takes with the cube of the number of items.

        Parameters
        ----------
        before : stamp or number, optional
            Only what came before it says what is seldom; all where left out.
        """
        whole, most = self.whole, self.settings.most_items
        early = np.ones(whole.n_rows, dtype=bool) if before is None else np.asarray(whole.times < before)
        owners = whole.rows if whole.customers is None else np.asarray(whole.customers)[whole.rows]
        counted = early[whole.rows]
        pairs = np.unique(owners[counted].astype(np.int64) * whole.n_items + whole.codes[counted])
        counts = np.bincount(pairs % whole.n_items, minlength=whole.n_items)
        taken = np.flatnonzero(counts)
        if not most or len(taken) <= most:
            return replace(self, data=whole)
        # Of equally many, the first by name.
        seldom = taken[np.argsort(-counts[taken], kind="stable")[most:]]
        items = self.items
        if items is not None:
            key = self.settings.columns.item
            items = items[~items[key].isin(whole.items[seldom])].reset_index(drop=True)
        data = whole.reindex_items(whole.items.delete(seldom))
        return replace(self, data=data, items=items)

    def pick(self, n_users: int, n_items: int) -> Visits:
        """A small part with one cut: some users at random, and the items that come most often among them.

        Parameters
        ----------
        n_users, n_items : int
        """
        owners = np.arange(self.whole.n_rows) if self.whole.customers is None else np.asarray(self.whole.customers)
        rng = np.random.default_rng(self.settings.seed)
        chosen = rng.permutation(len(self.users))[:n_users]
        settings = self.settings.model_copy(update={"most_items": n_items})
        part = self.whole.take(np.isin(owners, chosen))
        small = replace(self, whole=part, settings=settings, items=None, cuts=min(self.cuts, 1)).narrow()
        return replace(small, whole=small.data)


def make_incidence(table: pd.DataFrame, settings: ProductSettings, source: str) -> Incidence:
    """Visits of the rows.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : ProductSettings
    source : str

    >>> rows = pd.DataFrame({"household_id": ["a", "b"], "product_type": ["tea", "milk"]})
    >>> make_incidence(rows, ProductSettings(columns={"time": ""}), "table").to_lists()
    [['tea'], ['milk']]
    """
    named = settings.columns
    columns = InteractionColumns(named.user, named.item, named.quantity or None, named.time or None)
    return Incidence.from_interactions(table, columns, missing=settings.missing, source=source)
