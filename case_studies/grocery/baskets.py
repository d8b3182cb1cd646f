"""The baskets of the grocery study, and what is learnt from and looked at again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from domains.basket.rules.rule_table import R
from shared.data import Incidence
from shared.data.contract import TableContract, contract_of
from shared.data.splits import Split, cut_in_time
from shared.errors import DataError, HexadError, Problem
from shared.text import format_stamp

from .purchases import Purchases, soften
from .settings import GrocerySettings

__all__ = ["Shop", "baskets_of"]

# Baskets without which counts of rules are too small for any test.
FEW_BASKETS = 200
# Parts of the time in which a rule is counted again.
QUARTERS = 4
INNER_SHARE = 0.8  # of the training baskets, to learn from while settings are chosen on the rest
LARGEST_SHIFT = (
    0.15  # of all baskets: how far a cut may lie from the share that was asked for, so as to keep days together
)


@dataclass(frozen=True)
class Shop:
    """All baskets in time, and where they are cut.

    Attributes
    ----------
    baskets : Incidence
        All of them.
    train, test : Incidence
        Those that rules are mined from, and the later ones they are tested on.
    inner_train, validation : Incidence
        The training baskets again, cut for choosing the recommender's settings.
    spend : pandas.Series, optional
        What a basket that holds an item spends on it, by item; None where no price is known.
    soft : bool
        Whether names in capitals are softened for the report, as the bundled ones are.

    >>> baskets = Incidence.from_lists([["a", "b"]] * 300)
    >>> Shop.cut(baskets, GrocerySettings(), "table").train.n_rows
    210
    """

    baskets: Incidence
    train: Incidence
    test: Incidence
    inner_train: Incidence
    validation: Incidence
    spend: pd.Series[float] | None = None
    soft: bool = False

    @classmethod
    def of(cls, bought: Purchases, settings: GrocerySettings) -> Shop:
        """Make baskets of what was bought.

        Raises
        ------
        DataError
            The table holds too few baskets, or is refused by `Incidence`.
        """
        source = bought.reading.source
        made = cls.cut(baskets_of(bought.table, settings, source), settings, source)
        return replace(made, spend=bought.spend, soft=not bought.own)

    @classmethod
    def cut(cls, baskets: Incidence, settings: GrocerySettings, source: str) -> Shop:
        """Cut baskets in time; baskets of one time stay together."""
        if baskets.n_rows < FEW_BASKETS:
            what = f"holds {baskets.n_rows:,} baskets; rules and a second look at them need at least {FEW_BASKETS}"
            raise DataError(source, [Problem(what, fix="Give more orders.")])
        share = settings.learn_share
        early, late = _cut(baskets, INNER_SHARE * share, source), _cut(baskets, share, source)
        rows = np.arange(baskets.n_rows)
        parts = (rows[:late], rows[late:], rows[:early], rows[early:late])
        train, test, inner, validation = (baskets.take(part) for part in parts)
        return cls(baskets, train, test, inner, validation)

    @property
    def parts(self) -> int:
        """Parts of the time that rules are looked at in: quarters, or fewer where there are fewer different times."""
        times = self.baskets.times
        return QUARTERS if times is None else max(2, min(QUARTERS, int(times.nunique())))

    @property
    def split(self) -> Split:
        """The cut of `baskets` into `train` and `test`."""
        return _split(self.train.n_rows, self.baskets)

    @property
    def inner_split(self) -> Split:
        """The cut of `train` into `inner_train` and `validation`."""
        return _split(self.inner_train.n_rows, self.train)

    @property
    def contract(self) -> TableContract:
        """What new baskets have to look like: items of the same kind; new ones are told, not refused."""
        item = self.baskets.columns.item
        column = contract_of(pd.DataFrame({item: self.baskets.items})).columns[0]
        return TableContract((replace(column, labels=(), low=None, median=None, high=None),))

    def called(self, name: object) -> str:
        """An item's name as the report writes it."""
        return soften(name) if self.soft else str(name)

    def rename(self, rules: R) -> R:
        """The same rules with names as the report writes them, for its pictures and sentences."""
        names = pd.Index([self.called(name) for name in rules.items])
        return replace(rules, items=names) if names.is_unique else rules

    def when(self, part: Incidence) -> str:
        """First and last time of some baskets, in words."""
        if part.times is None:
            return f"{part.n_rows:,} baskets, in the order of the table"
        name = self.baskets.columns.time
        first, last = part.times[0], part.times[-1]
        if isinstance(first, pd.Timestamp):
            return f"{format_stamp(first)} to {format_stamp(last)}, {part.n_rows:,} baskets"
        return f"{name} {first} to {last}, {part.n_rows:,} baskets"


def baskets_of(table: pd.DataFrame, settings: GrocerySettings, source: str) -> Incidence:
    """Baskets as the settings want them.

    >>> table = pd.DataFrame({"basket_id": ["1", "1"], "product_type": ["tea", None], "week": 1, "household_id": "h"})
    >>> baskets_of(table, GrocerySettings(), "table").to_lists()
    [['tea']]
    """
    return Incidence.from_frame(
        table,
        settings.baskets,
        returns=settings.returns,
        cancelled=settings.cancelled,
        missing=settings.missing,
        strip=settings.strip,
        source=source,
    )


def _split(cut: int, baskets: Incidence) -> Split:
    rows = np.arange(baskets.n_rows)
    return Split(cut if baskets.times is None else baskets.times[cut], rows[:cut], rows[cut:])


def _cut(baskets: Incidence, share: float, source: str) -> int:
    """Number of the first basket of the next part: that share of the baskets on, where the time changes."""
    try:
        (near,) = cut_in_time(baskets.times, baskets.n_rows, [share])
    except HexadError:
        near = baskets.n_rows
    if abs(near - share * baskets.n_rows) > LARGEST_SHIFT * baskets.n_rows:
        raise DataError(
            source,
            [
                Problem(
                    "too many baskets have the same time for a first and a later part",
                    column=baskets.columns.time,
                    fix="Give the time of every order, or leave the column out if the rows are in time: --set time=.",
                )
            ],
        )
    return near
