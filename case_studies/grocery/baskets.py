"""The baskets of the grocery study, and what is learnt from and looked at again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from shared.data import Incidence, datasets
from shared.data.contract import TableContract, contract_of
from shared.data.io.tables import TableReport
from shared.data.splits import Split, cut_in_time
from shared.errors import DataError, HexadError, Problem
from shared.reporting import Run

from .settings import GrocerySettings

__all__ = ["Shop", "table_of"]

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

    >>> baskets = Incidence.from_lists([["a", "b"]] * 300)
    >>> Shop.cut(baskets, GrocerySettings(), "table").train.n_rows
    210
    """

    baskets: Incidence
    train: Incidence
    test: Incidence
    inner_train: Incidence
    validation: Incidence

    @classmethod
    def of(cls, table: pd.DataFrame, settings: GrocerySettings, source: str, *, own: bool) -> Shop:
        """Make baskets of the table; product numbers of the bundled one become product types.

        Raises
        ------
        DataError
            The table holds too few baskets, or is refused by `Incidence`.
        """
        if not own:
            products = datasets.load("grocery_products")[["product_id", "product_type"]]
            products["product_id"] = products["product_id"].astype("int64")
            table = table.merge(products, on="product_id", how="left")
        return cls.cut(baskets_of(table, settings, source), settings, source)

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
        return cls(baskets, *(baskets.take(part) for part in parts))

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

    def when(self, part: Incidence) -> str:
        """First and last time of some baskets, in words."""
        if part.times is None:
            return f"{part.n_rows:,} baskets, in the order of the table"
        name = self.baskets.columns.time
        first, last = part.times[0], part.times[-1]
        if isinstance(first, pd.Timestamp):
            return f"{first:%d %B %Y} to {last:%d %B %Y}, {part.n_rows:,} baskets"
        return f"{name} {first} to {last}, {part.n_rows:,} baskets"


def table_of(run: Run, settings: GrocerySettings) -> tuple[pd.DataFrame, TableReport]:
    r"""The bundled table, or the user's own; a column of times that is no number is read as one of dates.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a.csv").write_text("order,item,day\n1,tea,13.01.2024\n")
    ...     run = Run("grocery", Path(folder), "A shop", data=Path(folder) / "a.csv")
    ...     asked = GrocerySettings(columns={"order": "order", "item": "item", "time": "day", "customer": ""})
    ...     print(table_of(run, asked)[0]["day"].iloc[0])
    2024-01-13 00:00:00
    """
    time = settings.columns.time
    table, reading = run.load_table("grocery_transactions", own=settings.own_table())
    kinds = (pd.api.types.is_numeric_dtype, pd.api.types.is_datetime64_any_dtype)
    if run.data is not None and time in table.columns and not any(kind(table[time]) for kind in kinds):
        run.report.sources.clear()
        table, reading = run.load_table("grocery_transactions", own=settings.own_table(dated=True))
    return table, reading


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
        cancelled=settings.cancelled or None,
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
