"""Limits as a table of the user's own: its columns, and how it is read."""

from __future__ import annotations

from typing import Annotated

from case_studies.common.column_mapping import Columns, Role
from shared.decision import Limits
from shared.reporting import Run

__all__ = ["LimitColumns", "read_limits"]


class LimitColumns(Columns):
    """The columns of a table of limits.

    >>> LimitColumns(most="Max").columns_of("most")
    ('Max',)
    """

    name: Annotated[
        str, Role("text", "what a limit is called", without="it goes by what it limits", allow_missing=True)
    ] = "name"
    applies_to: Annotated[str, Role("text", "what it limits: one name, a group, or a quantity")] = "applies_to"
    least: Annotated[str, Role("text", "at least", without="nothing has a least", allow_missing=True)] = "least"
    most: Annotated[str, Role("text", "at most", without="nothing has a most", allow_missing=True)] = "most"


def read_limits(out: Run, dataset: str, columns: LimitColumns) -> Limits:
    """Read the table of limits; none where there is none.

    Parameters
    ----------
    out : Run
    dataset : str
        Bundled in its place.
    columns : LimitColumns

    Raises
    ------
    DataError
        A limit cannot be read.

    >>> from pathlib import Path
    >>> read_limits(Run("demo", Path("none"), "A demo", "", {"prices": "prices.csv"}), "stock_limits", LimitColumns())
    Limits(0 limits)
    """
    if not out.has_table("limits"):
        return Limits()
    table, reading = out.load_table(dataset, columns.table_schema("columns.limits"), table="limits")
    asked = columns.keep(table.columns)
    names = {name: role for role in asked.roles() for name in asked.columns_of(role)}
    return Limits.from_frame(table[list(names)].rename(columns=names), source=reading.source)
