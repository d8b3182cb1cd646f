"""Settings of the study of products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.settings import ReadSettings, Workers
from shared.data.frequency import parse_duration
from shared.data.schema import Schema
from shared.runtime.config import Settings
from shared.text import count_of

__all__ = ["TABLES", "CatalogueColumns", "ProductSettings", "TakenColumns"]


def _as_text(given: object) -> object:
    return f"{given:g}" if isinstance(given, int | float) and not isinstance(given, bool) else given


class CatalogueColumns(Columns):
    """The columns of a table of items.

    >>> CatalogueColumns(item="sku").item
    'sku'
    """

    item: Annotated[str, Role("text", "key of an item, as in the table of what was taken")] = "product_type"
    kind: Annotated[
        str,
        Role(
            "text",
            "what groups items, such as their category",
            without="lists may hold many of one kind",
            allow_missing=True,
        ),
    ] = "product_category"
    text: Annotated[
        list[str],
        Role("text", "free text about an item", without="items are compared by all other columns", allow_missing=True),
    ] = []


class TakenColumns(Columns):
    """The columns of a table of who took what, and of the table of items beside it.

    >>> TakenColumns(user="customer").user
    'customer'
    """

    user: Annotated[str, Role("text", "who took something")] = "household_id"
    item: Annotated[str, Role("text", "what was taken")] = "product_type"
    time: Annotated[
        str,
        Role(
            "datetime",
            "when: a date or a number",
            without="the past cannot be told from what came later, and what comes next is not asked",
        ),
    ] = "transaction_timestamp"
    quantity: Annotated[
        str, Role("number", "how many, or a rating above 0", without="every row counts alike", allow_missing=True)
    ] = ""
    items: CatalogueColumns = CatalogueColumns()

    @field_validator("user", "item", "time", "quantity", mode="before")
    @classmethod
    def _names(cls, given: object) -> object:
        return _as_text(given)


TABLES = {
    "purchases": Table("grocery_transactions", TakenColumns, "an item that somebody took"),
    "items": Table("grocery_products", CatalogueColumns, "an item", "columns.items"),
}


class ProductSettings(Settings):
    """Settings of the study of products; their meaning stands beside their values in settings.toml.

    >>> ProductSettings(shown=5).shown
    5
    """

    columns: TakenColumns = TakenColumns()
    who: str = Field("household", min_length=1, max_length=40)
    what: str = Field("product type", min_length=1, max_length=40)
    shown: int = Field(10, ge=1, le=100)
    period: str = "28D"
    cuts: int = Field(2, ge=1, le=20)
    most_of_a_kind: int = Field(2, ge=0)
    most_new: int = Field(1, ge=0)
    most_users: int = Field(0, ge=0)
    most_items: int = Field(1000, ge=0)
    examples: int = Field(3, ge=1, le=20)
    returns: Literal["refuse", "drop"] = "drop"
    missing: Literal["refuse", "drop"] = "drop"
    tried_on: int = Field(150, ge=50)
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    @field_validator("period", mode="before")
    @classmethod
    def _period_as_text(cls, given: object) -> object:
        return _as_text(given)

    @field_validator("period")
    @classmethod
    def _length(cls, given: str) -> str:
        if given and (number := to_number(given)) is None:
            parse_duration(given)
        elif given and not 0 < float(number or 0) < float("inf"):
            raise ValueError("give a length above 0, as in 4 or '28D', or nothing")
        return given

    def own_table(self, changes: Mapping[str, Any] | None = None, *, dated: bool = False) -> Schema:
        """What a user's own table has to look like; times are read as they are, or as dates.

        Parameters
        ----------
        changes : mapping, optional
            Of single roles, as `Columns.table_schema` takes them.
        dated : bool
        """
        empty: Any = {"allow_missing": self.missing == "drop"}
        asked: dict[str, Any] = {"user": empty, "item": empty, "time": empty if dated else None}
        return self.columns.table_schema(**(asked | dict(changes or {})))

    def count_users(self, number: int) -> str:
        """Write how many took something.

        Parameters
        ----------
        number : int

        >>> ProductSettings().count_users(2)
        '2 households'
        """
        return count_of(number, self.who)

    def count_items(self, number: int) -> str:
        """Write how many items there are.

        Parameters
        ----------
        number : int
        """
        return count_of(number, self.what)

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}


def to_number(text: str) -> float | None:
    """Read a number; None where there is none.

    Parameters
    ----------
    text : str

    >>> to_number("4"), to_number("28D")
    (4.0, None)
    """
    try:
        return float(text)
    except ValueError:
        return None
