"""How fast a site's pull falls with the minutes, learnt from visits that were seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from domains.geodata import HuffModel
from shared.data.schema import first_rows
from shared.errors import DataError, Problem, Problems, SettingsError
from shared.reporting import Run

from .market import Market
from .settings import SiteSettings
from .town import Town

__all__ = ["Calibration", "learn_exponent"]

LEVEL = 95.0


@dataclass(frozen=True)
class Calibration:
    """An exponent that was learnt.

    Attributes
    ----------
    exponent, low, high : float
        Most likely, and its 95 % interval.
    explained : float
        Share of the deviance of equal shares.
    customers, visits : float
        That it was learnt from.
    reading : str
        How the table was read.

    >>> Calibration(1.5, 1.2, 1.8, 0.4, 30, 500.0, "").low
    1.2
    """

    exponent: float
    low: float
    high: float
    explained: float
    customers: int
    visits: float
    reading: str


def learn_exponent(out: Run, town: Town, market: Market, settings: SiteSettings) -> tuple[Market, Calibration | None]:
    """Learn the exponent from the user's table of visits; without one the market stays as it is.

    Sites that were never visited in the table are left out of the fit: by Huff's rule the others' shares among
    themselves do not depend on them.

    Parameters
    ----------
    out : Run
    town : Town
    market : Market
    settings : SiteSettings

    Raises
    ------
    DataError, SettingsError
        Customers have no keys, or visits are of customers or sites that are not there.

    >>> from pathlib import Path
    >>> from .example import SETTINGS, make_example, make_example_market
    >>> run = Run("site", Path("none"), "A site")
    >>> learn_exponent(run, make_example(), make_example_market(), SETTINGS)[1] is None
    True
    """
    if "visits" not in out.files:
        return market, None
    asked = settings.columns.visits
    table, reading = out.load_table("helsinki_visits", asked.table_schema("columns.visits"), table="visits")
    key = settings.columns.customer
    if key not in town.customers.columns:
        raise SettingsError(
            "visits need the key of each customer: name its column in the table of customers with --set"
            " columns.customer=NAME"
        )
    keys = {str(one): place for place, one in reversed([*enumerate(town.customers[key])])}
    shown, known = (
        {str(one): place for place, one in reversed([*enumerate(town.open[name])])} for name in ("site", "key")
    )
    sites = shown | known
    problems = Problems(reading.source)
    rows, columns = (
        _look_up([str(one) for one in table[name]], found, name, word, problems)
        for name, found, word in ((asked.customer, keys, "customer"), (asked.site, sites, "open site"))
    )
    problems.raise_if_any()
    seen = np.zeros(market.open_minutes.shape)
    np.add.at(seen, (rows, columns), table[asked.visits].to_numpy(dtype=float))
    visited = np.flatnonzero(seen.sum(axis=0) > 0)
    if len(visited) < 2:
        what = "holds visits to fewer than two sites, so that nothing can be learnt of how they compete"
        raise DataError(reading.source, [Problem(what, column=asked.visits, fix="Give visits to all sites.")])
    rule = HuffModel(floor=market.least, level=LEVEL, random_state=settings.seed)
    rule.fit(market.open_minutes[:, visited], market.open_sizes[visited], seen[:, visited])
    found = Calibration(
        rule.exponent_, *rule.interval_, rule.fit_, rule.n_clients_, float(seen.sum()), reading.explain()
    )
    return replace(market, exponent=rule.exponent_), found


def _look_up(values: list[str], known: dict[str, int], column: str, word: str, problems: Problems) -> list[int]:
    lost = np.array([value not in known for value in values], dtype=bool)
    if lost.any():
        first = next(value for value in values if value not in known)
        what = f"{int(lost.sum()):,} values name no {word} (first: {first!r})"
        fix = f"Write each {word} as its table does, or leave these rows out."
        problems.add(what, column=column, rows=first_rows(lost), count=int(lost.sum()), fix=fix)
    return [known.get(value, 0) for value in values]
