"""How the study of products reads its tables, and what of them counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from shared.data.contract import TableContract, contract_of
from shared.data.frequency import parse_duration
from shared.data.io.tables import TableReport
from shared.errors import DataError, Problem, Problems
from shared.reporting import Run
from shared.text import count_of

from .settings import ProductSettings, to_number
from .visits import Visits, make_incidence

__all__ = ["find_period", "needs_dates", "prepare", "read_visits"]

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
    shared.errors.DataError: no-such-file.csv: there is no such file. ...
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
    before = int(table[settings.columns.user].nunique())
    if settings.most_users:
        table = draw_users(table, settings.columns.user, settings.most_users, settings.seed)
    data = make_incidence(table, settings, reading.source)
    period, cuts = find_period(data.times, settings, reading.source)
    kind = settings.columns.items.kind if items is not None and settings.columns.items.kind in items else ""
    if (n := int(table[settings.columns.user].nunique())) < before:
        told.append(f"{n:,} of {settings.count_users(before)} were drawn at random, as most_users says")
    found = Visits(data, data, settings, items, kind, period, cuts, (*notes, *told, *data.notes), before).narrow()
    out.contract = make_contract(table, out.contract)
    return found, reading


def needs_dates(table: pd.DataFrame, settings: ProductSettings) -> bool:
    """Whether times are text, so that they have to be read as dates.

    Parameters
    ----------
    table : pandas.DataFrame
    settings : ProductSettings

    >>> needs_dates(pd.DataFrame({"transaction_timestamp": ["13.01.2024"]}), ProductSettings())
    True
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
    chosen = np.random.default_rng(seed).choice(keys, n_users, replace=False)
    kept: pd.DataFrame = table[is_among(table[user], chosen)]
    return kept


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
    period: float | str
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
        period, periods = int(size) if size == int(size) else size, (span + 1) / size
    cuts = min(settings.cuts, int(periods) - PERIODS_BEFORE)
    if cuts < 1:
        what = f"spans {periods:.1f} periods of {period}, and {PERIODS_BEFORE + 1} are needed to learn and to try"
        raise DataError(source, [Problem(what, column=time, fix="Give a shorter one: --set period=...")])
    return period, cuts


def make_contract(table: pd.DataFrame, before: TableContract | None) -> TableContract:
    """What new rows have to look like: columns of the same kinds; new users and items are told, not refused.

    Parameters
    ----------
    table : pandas.DataFrame
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
