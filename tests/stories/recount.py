"""Works out again the numbers of a report's claims from the run's tables, without the code that made them."""

import json
import re

import pandas as pd

WINDOWS = {"mean", "sum", "min", "max", "median"}


def claims_of(folder):
    """The claims of a report, as they stand in its page."""
    page = (folder / "report.html").read_text()
    return json.loads(re.search(r'<script type="application/json" id="claims">(.*?)</script>', page, re.DOTALL)[1])


def recount(folder):
    """Check every number that a table can tell again; return how many were checked."""
    tables, checked = {}, 0
    for claim in claims_of(folder):
        for one in claim["numbers"]:
            if not one["table"]:
                continue
            table = tables.setdefault(one["table"], pd.read_parquet(folder / f"{one['table']}.parquet"))
            found = again(table, one)
            if found is not None:
                checked += 1
                assert same(found, one["value"]), (claim["text"], one, found)
    return checked


def rows_of(table, where, column):
    keep = pd.Series(True, index=table.index)
    for name, value in where.items():
        column_values = table[name]
        keep &= column_values.astype(str) == str(value) if column_values.dtype.kind in "OMT" else column_values == value
    found = table[keep]
    return found[found[column].notna()] if column else found


def again(table, one):
    statistic, column = one["statistic"], one["column"]
    rows = rows_of(table, one["where"], column)
    if statistic == "count":
        return len(rows)
    if statistic == "value":
        assert len(rows) == 1, one
        return rows[column].iloc[0]
    if statistic in WINDOWS:
        return getattr(rows[column].astype(float), statistic)()
    if statistic.startswith("at "):
        place = getattr(rows[column].reset_index(drop=True).astype(float), f"idx{statistic[3:]}")()
        return rows[one["label"]].iloc[place]
    if one["against"] is None:
        return None
    other = rows_of(table, one["against"], column)
    mine, its = rows[column].astype(float).mean(), other[column].astype(float).mean()
    if statistic in ("reduction", "ratio", "difference"):
        return {"reduction": 1 - mine / its, "ratio": mine / its, "difference": mine - its}[statistic]
    return None


def same(found, told):
    if isinstance(told, str):
        return str(found) == told
    return abs(float(found) - told) <= 1e-9 * max(1.0, abs(told))
