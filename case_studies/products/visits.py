"""What the study of products reads: who took what and when, and what is known of the items."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data import Incidence, InteractionColumns
from shared.data.contract import TableContract, contract_of
from shared.data.frequency import parse_duration
from shared.data.io.tables import TableReport
from shared.errors import DataError, Problem, Problems
from shared.reporting import Run
from shared.text import count_of

from .settings import ProductSettings, to_number

__all__ = ["Visits", "is_among", "make_incidence", "needs_dates", "prepare", "read_visits"]

# Those without whom nothing can be learnt from what others did.
FEW_USERS, FEW_ITEMS = 20, 5
# Columns that lists have of their own.
TAKEN = ("question", "rank", "score", "path", "because", "from_habit", "from_similar", "from_trend")
# Periods that have to lie before a cut: one to learn weights on, two before it to learn from.
PERIODS_BEFORE = 3
USUAL_DAYS, SHARE = 28, 1 / 6
# Numbers between these are seconds since 1970, of the years 1973 to 2128; a thousand times as many are milliseconds.
SECONDS = (1e8, 5e9)
DAY = pd.Timedelta(1, "D")


@dataclass(frozen=True)
class Visits:
    """Who took what.

    Attributes
    ----------
    table : pandas.DataFrame
        Rows that count.
    data : Incidence
        Those of the items that most users took: a row one user at one time.
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
    covered : float
        Share of all that was taken that `data` holds.

    >>> rows = pd.DataFrame({"household_id": ["a"], "product_type": ["tea"]})
    >>> settings = ProductSettings(columns={"time": ""})
    >>> Visits(rows, make_incidence(rows, settings, "table"), settings).questions
    ('new',)
    """

    table: pd.DataFrame
    data: Incidence
    settings: ProductSettings
    items: pd.DataFrame | None = None
    kind: str = ""
    period: float | str | None = None
    cuts: int = 0
    notes: tuple[str, ...] = field(default_factory=tuple)
    covered: float = 1.0

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
        """The period in words."""
        if isinstance(self.period, str):
            days = parse_duration(self.period).ns / parse_duration("1D").ns
            return f"{days:g} days" if days >= 1 else self.period
        return f"{self.period:g} of “{self.settings.columns.time}”"

    def narrow(self, before: Any = None) -> Visits:
        """Keep the items that most users took, and those that nobody took before a cut.

        What is seldom taken stands in nobody's list, and learning from it takes with the cube of the number of items.

        Parameters
        ----------
        before : stamp or number, optional
            Only what came before it says what is seldom; all where left out.
        """
        most, (user, item) = self.settings.most_items, (self.settings.columns.user, self.settings.columns.item)
        rows = self.table if before is None else self.table[self.table[self.settings.columns.time] < before]
        counts = rows[[user, item]].drop_duplicates()[item].value_counts()
        # Of equally many, the first by name.
        ranked = counts.sort_index().sort_values(ascending=False, kind="stable")
        if not most or len(ranked) <= most:
            return self
        kept = self.table[~is_among(self.table[item], ranked.index[most:])]
        items = self.items
        if items is not None:
            items = items[~items[item].isin(ranked.index[most:])].reset_index(drop=True)
        data = make_incidence(kept, self.settings, "table")
        return replace(self, data=data, items=items, covered=len(kept) / len(self.table))

    def pick(self, n_users: int, n_items: int) -> Visits:
        """A small part with one cut: some users at random, and the items that come most often among them.

        Parameters
        ----------
        n_users, n_items : int
        """
        table = draw_users(self.table, self.settings.columns.user, n_users, self.settings.seed)
        settings = self.settings.model_copy(update={"most_items": n_items})
        small = replace(self, table=table, settings=settings, items=None, cuts=min(self.cuts, 1)).narrow()
        kept = table[is_among(table[settings.columns.item], small.data.items)]
        return replace(small, table=kept, data=make_incidence(kept, settings, "table"))


def read_visits(out: Run, settings: ProductSettings) -> tuple[Visits, TableReport]:
    """Read the bundled tables, or the user's own.

    Parameters
    ----------
    out : Run
    settings : ProductSettings

    Raises
    ------
    DataError
        Something in a table is wrong, or there is too little.

    >>> from pathlib import Path
    >>> read_visits(Run("demo", Path("none"), "A demo", "", "no-such-file.csv"), ProductSettings())
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file: ...
    """
    own = out.data is not None

    def check(table: pd.DataFrame, source: str) -> None:
        if own:
            _refuse_few(table, settings, source)

    table, reading = out.load_table("grocery_transactions", settings.own_table() if own else None, check=check)
    if own and needs_dates(table, settings):
        out.report.sources.clear()
        table, reading = out.load_table("grocery_transactions", settings.own_table(dated=True), check=check)
    items, notes = _read_items(out, settings)
    if not own:
        table, items, notes = _by_type(table, items, settings)
    settings = settings.model_copy(update={"columns": settings.columns.keep(table.columns)})
    table, told = prepare(table, settings, reading.source)
    if settings.most_users:
        table = draw_users(table, settings.columns.user, settings.most_users, settings.seed)
    data = make_incidence(table, settings, reading.source)
    period, cuts = find_period(data.times, settings, reading.source)
    kind = settings.columns.items.kind if items is not None and settings.columns.items.kind in items else ""
    found = Visits(table, data, settings, items, kind, period, cuts, (*notes, *told, *data.notes)).narrow()
    out.contract = make_contract(table, settings, out.contract)
    return found, reading


def needs_dates(table: pd.DataFrame, settings: ProductSettings) -> bool:
    """Whether times are text, so that they have to be read as dates.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : ProductSettings
    """
    time = settings.columns.time
    kinds = (pd.api.types.is_numeric_dtype, pd.api.types.is_datetime64_any_dtype)
    return time in table.columns and not any(kind(table[time]) for kind in kinds)


def prepare(table: pd.DataFrame, settings: ProductSettings, source: str) -> tuple[pd.DataFrame, list[str]]:
    """Bring rows to those that count: what was returned is left out, times of a day are taken off.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : ProductSettings
        Its roles have columns.
    source : str

    Raises
    ------
    DataError
        Columns go by names that lists need.

    >>> rows = pd.DataFrame({"household_id": "a", "product_type": "tea", "transaction_timestamp": [1.5e9, 1.6e9]})
    >>> prepare(rows, ProductSettings(), "table")[0]["transaction_timestamp"].dt.year.tolist()
    [2017, 2020]
    """
    named = settings.columns
    roles = [name for role in ("user", "item", "time", "quantity") for name in named.columns_of(role)]
    if taken := [name for name in roles if name in TAKEN]:
        raise DataError(source, [Problem("is a name that the lists need", column=taken[0], fix="Rename the column.")])
    table, told = table[roles], []
    if named.quantity and settings.returns == "drop":
        back = (table[named.quantity] <= 0).to_numpy()
        if back.any():
            verb = "is" if back.sum() == 1 else "are"
            told.append(f"{count_of(int(back.sum()), 'row')} with “{named.quantity}” of zero or less {verb} left out")
            table = table[~back]
    if not named.time:
        return table, told
    times = table[named.time]
    for factor in (1.0, 1e3):
        if pd.api.types.is_numeric_dtype(times) and times.between(SECONDS[0] * factor, SECONDS[1] * factor).all():
            told.append(f"“{named.time}” is read as {'milliseconds' if factor > 1 else 'seconds'} since 1970")
            times = pd.to_datetime(times * (1e9 / factor))
    if pd.api.types.is_datetime64_any_dtype(times) and not _is_short(settings.period):
        zone = getattr(times.dt, "tz", None)
        times = (times if zone is None else times.dt.tz_localize(None)).dt.normalize()
    return table.assign(**{named.time: times}), told


def make_incidence(table: pd.DataFrame, settings: ProductSettings, source: str) -> Incidence:
    """Visits of the rows.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : ProductSettings
    source : str
    """
    named = settings.columns
    columns = InteractionColumns(named.user, named.item, named.quantity or None, named.time or None)
    return Incidence.from_interactions(table, columns, missing=settings.missing, source=source)


def draw_users(table: pd.DataFrame, user: str, n_users: int, seed: int) -> pd.DataFrame:
    """Rows of some users, drawn at random; of all where there are no more.

    Parameters
    ----------
    table : pandas.DataFrame
    user : str
        Column.
    n_users, seed : int

    >>> len(draw_users(pd.DataFrame({"user": list("aab")}), "user", 5, 0))
    3
    """
    keys = np.sort(table[user].dropna().unique())
    if len(keys) <= n_users:
        return table
    return table[is_among(table[user], np.random.default_rng(seed).choice(keys, n_users, replace=False))]


def is_among(values: pd.Series[Any], wanted: Any) -> Any:
    """Whether each value is among some; by its number, because texts compare slowly.

    Parameters
    ----------
    values : pandas.Series
    wanted : sequence

    >>> is_among(pd.Series(["a", "b", None]), ["b"]).tolist()
    [False, True, False]
    """
    codes, distinct = pd.factorize(values)
    return np.append(pd.Index(distinct).isin(wanted), False)[codes]


def find_period(times: Any, settings: ProductSettings, source: str) -> tuple[float | str | None, int]:
    """What "next" means, and how many cuts fit; None and 0 without times.

    Parameters
    ----------
    times : pandas.Index, optional
        Of the visits.
    settings : ProductSettings
    source : str

    Raises
    ------
    DataError
        There is too little time for one cut.

    >>> days = pd.date_range("2024-01-01", periods=365)
    >>> find_period(days, ProductSettings(period=""), "table"), find_period(days, ProductSettings(), "table")
    (('28D', 2), ('28D', 2))
    """
    time = settings.columns.time
    if times is None or not time or times.nunique() < 2:
        return None, 0
    dated = isinstance(times, pd.DatetimeIndex)
    span: Any = times.max() - times.min()
    number = to_number(settings.period)
    if settings.period and dated == (number is not None):
        what = f"holds {'dates' if dated else 'numbers'}, and period={settings.period!r} is no length of them"
        fix = f"Give one as in {'28D' if dated else '4'}: --set period=..."
        raise DataError(source, [Problem(what, column=time, fix=fix)])
    if dated:
        days = min(USUAL_DAYS, max(1, int(span / DAY * SHARE)))
        length, period = parse_duration(settings.period or f"{days}D"), settings.period or f"{days}D"
        periods = (span + DAY) / pd.Timedelta(length.ns or 30 * DAY.value * length.months, unit="ns")
    else:
        size = number or max(1.0, float(np.floor(span * SHARE)))
        period, periods = (int(size) if size == int(size) else size), (span + 1) / size
    cuts = min(settings.cuts, int(periods) - PERIODS_BEFORE)
    if cuts < 1:
        what = f"spans {periods:.1f} periods of {period}, and {PERIODS_BEFORE + 1} are needed to learn and to try"
        raise DataError(source, [Problem(what, column=time, fix="Give a shorter one: --set period=...")])
    return period, cuts


def make_contract(table: pd.DataFrame, settings: ProductSettings, before: TableContract | None) -> TableContract:
    """What new rows have to look like: columns of the same kinds; new users and items are told, not refused.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : ProductSettings
    before : TableContract, optional
        Of the whole table.
    """
    columns = contract_of(table.head(1)).columns
    free = tuple(replace(one, labels=(), low=None, median=None, high=None) for one in columns)
    others = () if before is None else before.others
    named = () if before is None else before.names
    used = {one.name for one in free}
    return TableContract(free, tuple(name for name in (*named, *others) if name not in used))


def _is_short(period: str) -> bool:
    """Whether a period is shorter than a day, so that times of a day matter."""
    return bool(period) and to_number(period) is None and 0 < parse_duration(period).ns < DAY.value


def _refuse_few(table: pd.DataFrame, settings: ProductSettings, source: str) -> None:
    problems = Problems(source)
    for name, least, thing in (
        (settings.columns.user, FEW_USERS, "users"),
        (settings.columns.item, FEW_ITEMS, "items"),
    ):
        if (count := table[name].nunique()) < least:
            problems.add(f"names {count} {thing}, and at least {least} are needed", column=name, fix="Give more rows.")
    problems.raise_if_any()


def _read_items(out: Run, settings: ProductSettings) -> tuple[Any, list[str]]:
    """The table of items, its key under the name that the other table has for it; None where there is none."""
    if not out.has_table("items"):
        return None, []
    asked, key = settings.columns.items, settings.columns.item
    own = asked.table_schema("columns.items") if out.data is not None else None
    table, reading = out.load_table("grocery_products", own, table="items")
    if out.data is None:
        return table, []
    if asked.item != key and key in table.columns:
        what = f"names items by “{asked.item}”, and has a column “{key}” beside it"
        raise DataError(reading.source, [Problem(what, fix="Rename one of them.")])
    return table.rename(columns={asked.item: key}), []


def _by_type(
    table: pd.DataFrame, products: pd.DataFrame, settings: ProductSettings
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The bundled tables by product type; a type has the category and department of most of its products."""
    key = settings.columns.item
    products = products.assign(product_id=products["product_id"].astype("int64"))
    table = table.merge(products[["product_id", key]], on="product_id", how="left")
    lost = table[key].isna()
    known = products.dropna(subset=[key])
    items = pd.DataFrame(index=pd.Index(np.sort(known[key].unique()), name=key))
    for name in ("product_category", "department"):
        counts = known.groupby([key, name]).size().reset_index(name="n")
        first = counts.sort_values([key, "n", name], ascending=[True, False, True]).drop_duplicates(key)
        items[name] = first.set_index(key)[name]
    told = f"{count_of(int(lost.sum()), 'row')} of products without a type are left out"
    return table[~lost], items.reset_index(), [told]
