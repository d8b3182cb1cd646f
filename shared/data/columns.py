"""The column names of Hexad's long tables, written once; every function takes others as arguments."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.checks import as_tuple
from shared.errors import SettingsError, quote

UNIQUE_ID = "unique_id"
"""Key of a series."""
DS = "ds"
"""Time stamp of an observation: a datetime or an integer."""
Y = "y"
"""The observed value of a series."""
SPLIT = "split"
"""Label of a split; of one in time the first stamp that may not be learnt from, a forecast's origin."""
STEP = "step"
"""Step of the forecast horizon, from 1."""
MEAN = "mean"
"""Point forecast that adds up: what comes on average."""
MODEL = "model"
"""Name of the model that made a prediction."""

MEDIAN = "median"
"""Point forecast that as many outcomes lie above as below."""
SAMPLE = "sample"
"""Number of a sample path."""
ORIGIN = "origin"
"""What a split of forecasts is called in the files of studies."""
TAKEN = frozenset({SPLIT, STEP, MEAN, MEDIAN, MODEL, SAMPLE, ORIGIN})
"""Names that forecasts and evaluations use beside the user's own."""

ORDER = "order"
"""Key of a basket."""
ITEM = "item"
"""What a basket holds."""
USER = "user"
"""Who interacts with items."""
RATING = "rating"
"""How much of an item a user took, or how well it was liked."""
TIMESTAMP = "timestamp"
"""When a user interacted with an item."""


def median_of(columns: Collection[Any]) -> str:
    """Name of the column that holds the median: that of the mean where a model knows no other.

    Parameters
    ----------
    columns : collection of str
        Of a table of forecasts, or the table itself.

    >>> median_of(["mean", "median"]), median_of(["mean"])
    ('median', 'mean')
    """
    return MEDIAN if MEDIAN in columns else MEAN


def interval_columns(level: float) -> tuple[str, str]:
    """Names of the lower and upper bound of a central interval, in the ecosystem's own convention.

    Parameters
    ----------
    level : float
        Coverage in percent, between 0 and 100.

    >>> interval_columns(90)
    ('lo-90', 'hi-90')
    >>> interval_columns(97.5)
    ('lo-97.5', 'hi-97.5')
    """
    return f"lo-{level:g}", f"hi-{level:g}"


def is_taken(name: str) -> bool:
    """Whether forecasts and evaluations have a column of this name themselves.

    Parameters
    ----------
    name : str

    >>> is_taken("origin"), is_taken("lo-90"), is_taken("price")
    (True, True, False)
    """
    return name in TAKEN or re.fullmatch(r"(lo|hi)-[\d.]+", name) is not None


STAMPS = "Stamps are one column: join several to one, and read it with pandas.to_datetime"


def _check_names(columns: Mapping[str, object], single: Mapping[str, str]) -> None:
    """Refuse names of columns that are no text, and say what becomes of several that are given as one.

    Parameters
    ----------
    columns : mapping of str to object
        Names of columns, by what they are.
    single : mapping of str to str
        What to do with several where they are no key; the columns of a key are joined.
    """
    wrong = {role: name for role, name in columns.items() if not isinstance(name, str)}
    if not wrong:
        return
    fix = ""
    for role, several in wrong.items():
        if isinstance(several, list | tuple) and len(several) > 1:
            joined = " + ' ' + ".join(f"table[{name!r}].astype(str)" for name in several)
            key = f"A key of several columns becomes one first: table.assign(key={joined}), and name 'key'"
            fix += f". {single.get(role, key)}"
    verb = "is" if len(wrong) == 1 else "are"
    raise SettingsError(f"columns are named by text, but {quote(wrong.values())} {verb} none{fix}")


@dataclass(frozen=True)
class SeriesColumns:
    """Names of the columns of a long table of series.

    Parameters
    ----------
    unique_id : str
        Key of a series; a table without this column holds one series.
    ds : str
        Time stamp.
    y : str
        Observed value.
    exogenous : iterable of str
        Further numeric columns, on the same rows.
    owner : str
        Where they are named, for messages; a forecaster puts itself here.

    >>> SeriesColumns(ds="Time").ds
    'Time'
    """

    unique_id: str = UNIQUE_ID
    ds: str = DS
    y: str = Y
    exogenous: tuple[str, ...] = ()
    owner: str = field(default="SeriesColumns", repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "exogenous", as_tuple(self.exogenous, "exogenous"))
        further = {f"exogenous column {place}": name for place, name in enumerate(self.exogenous)}
        beside = [self.ds, *self.exogenous] if self.exogenous else self.ds
        melted = f"table.melt({beside!r}, {self.y!r}, 'unique_id', 'value'), and name 'value'"
        single = {
            "ds": STAMPS,
            "y": f"The target is one column; of several make a series each first: {melted}",
            **dict.fromkeys(further, "Name each further column on its own"),
        }
        _check_names({"unique_id": self.unique_id, "ds": self.ds, "y": self.y, **further}, single)
        own = (self.unique_id, self.ds, self.y)
        if taken := [name for name in own if is_taken(name)]:
            raise SettingsError(
                f"forecasts have columns of the name{'s' if len(taken) > 1 else ''} {quote(taken)} themselves; give"
                f" yours another: table.rename(columns={{{taken[0]!r}: {taken[0] + '_'!r}}})"
            )
        if twice := sorted({name for name in own if own.count(name) > 1}):
            raise SettingsError(f"{quote(twice)} cannot be key, stamp and value at once; name another column")


@dataclass(frozen=True)
class BasketColumns:
    """Names of the columns of a long table of baskets, a row an item in an order.

    Parameters
    ----------
    order : str
        Key of a basket.
    item : str
        What it holds.
    quantity : str, optional
        How many of it; negative for returns.
    time : str, optional
        When the order was placed: a datetime or a number.
    customer : str, optional
        Who placed it.

    >>> BasketColumns(order="InvoiceNo").order
    'InvoiceNo'
    """

    order: str = ORDER
    item: str = ITEM
    quantity: str | None = None
    time: str | None = None
    customer: str | None = None

    def __post_init__(self) -> None:
        given = {"order": self.order, "item": self.item, "customer": self.customer}
        given |= {"quantity": self.quantity, "time": self.time}
        single = {"quantity": "The quantity is one column", "time": STAMPS}
        _check_names({role: name for role, name in given.items() if name}, single)


@dataclass(frozen=True)
class InteractionColumns:
    """Names of the columns of a long table of interactions, a row what a user did with an item.

    Parameters
    ----------
    user : str
        Who: a customer, a household, a reader.
    item : str
        What was bought, rated, read or watched.
    rating : str, optional
        How much of it, or how well it was liked: above 0. Read where the table has the column.
    timestamp : str, optional
        When: a datetime or a number. Read where the table has the column.

    >>> InteractionColumns(item="film").item
    'film'
    """

    user: str = USER
    item: str = ITEM
    rating: str | None = RATING
    timestamp: str | None = TIMESTAMP

    def __post_init__(self) -> None:
        given = {"user": self.user, "item": self.item, "rating": self.rating, "timestamp": self.timestamp}
        single = {"rating": "The rating is one column", "timestamp": STAMPS}
        _check_names({role: name for role, name in given.items() if name}, single)
        named = [name for name in given.values() if name]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise SettingsError(f"{quote(twice)} cannot be two things at once; name another column")
