"""Settings of the grocery study."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.settings import ReadSettings, Workers
from shared.data import BasketColumns, Schema
from shared.data.frequency import parse_duration
from shared.runtime.config import Settings

__all__ = ["TABLES", "GroceryColumns", "GrocerySettings", "PriceColumns"]


class PriceColumns(Columns):
    """The columns of a table of products, where prices stand there.

    >>> PriceColumns(item="sku").item
    'sku'
    """

    item: Annotated[str, Role("text", "what it is, as in the table of purchases")] = "product_type"
    price: Annotated[
        str, Role("number", "what a piece of it costs", without="no money is stated", allow_missing=True)
    ] = "price"


class GroceryColumns(Columns):
    """The columns of the table of purchases, a row an item in an order.

    >>> GroceryColumns(order="InvoiceNo").order
    'InvoiceNo'
    """

    order: Annotated[str, Role("text", "key of a basket")] = "basket_id"
    item: Annotated[str, Role("text", "what it holds, such as the type of a product")] = "product_type"
    time: Annotated[
        str, Role("datetime", "when it was bought: a date or a number", without="the order of the rows is taken for it")
    ] = "week"
    customer: Annotated[
        str,
        Role(
            "text",
            "who bought it",
            without="whether few people stand behind a rule cannot be told, and no history helps",
        ),
    ] = "household_id"
    quantity: Annotated[
        str, Role("number", "how many; negative for returns", without="every row counts as a purchase")
    ] = ""
    price: Annotated[
        str, Role("number", "what a piece of it cost", without="no money is stated", allow_missing=True)
    ] = ""
    amount: Annotated[
        str,
        Role("number", "what was paid for the row", without="no money is stated unless by prices", allow_missing=True),
    ] = "sales_value"
    products: PriceColumns = PriceColumns()

    @field_validator("*", mode="before")
    @classmethod
    def _as_text(cls, given: object) -> object:
        return f"{given:g}" if isinstance(given, int | float) and not isinstance(given, bool) else given


TABLES = {
    "purchases": Table("grocery_transactions", GroceryColumns, "an item in an order"),
    "products": Table("grocery_products", PriceColumns, "an item", "columns.products"),
}


class GrocerySettings(Settings):
    """Settings of the grocery study; their meaning stands beside their values in settings.toml.

    >>> GrocerySettings(columns=GroceryColumns(order="InvoiceNo")).baskets.order
    'InvoiceNo'
    """

    columns: GroceryColumns = GroceryColumns()
    returns: Literal["refuse", "drop", "net"] = "drop"
    cancelled: list[str] = []
    without_items: list[str] = []
    fold_case: bool = False
    currency: str = "USD"
    missing: Literal["refuse", "drop"] = "drop"
    strip: bool = False
    learn_share: float = Field(0.7, ge=0.3, le=0.9)
    min_support: float = Field(0.002, gt=0, le=1)
    min_baskets: int = Field(10, ge=2)
    min_confidence: float = Field(0.2, gt=0, le=1)
    max_length: int = Field(4, ge=2, le=10)
    test: Literal["matched", "fisher"] = "matched"
    alpha: float = Field(0.05, gt=0, lt=0.5)
    min_improvement: float = Field(0.02, ge=0, lt=1)
    min_customers: int = Field(20, ge=1)
    pair_support: float = Field(0.03, gt=0, le=1)
    randomised: int = Field(5, ge=0, le=1000)
    hidden: int = Field(3000, ge=10)
    half_life: str = "16"
    tune: bool = True
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    @field_validator("cancelled", "without_items", mode="before")
    @classmethod
    def _as_list(cls, given: object) -> object:
        """Text is a list with commas; that of a single number is its digits."""
        if isinstance(given, int | float) and not isinstance(given, bool):
            return [f"{given:g}"]
        return [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else given

    @field_validator("half_life", mode="before")
    @classmethod
    def _as_text(cls, given: object) -> object:
        return f"{given:g}" if isinstance(given, int | float) and not isinstance(given, bool) else given

    @field_validator("half_life")
    @classmethod
    def _time(cls, given: str) -> str:
        if not given:
            return given
        if (number := _number(given)) is None:
            parse_duration(given)
        elif not 0 < number < float("inf"):
            raise ValueError("give a time above 0, as in 16 or '112D', or nothing for no fading")
        return given

    @property
    def baskets(self) -> BasketColumns:
        """The columns as `shared.data.Incidence` takes them."""
        named = self.columns
        return BasketColumns(
            named.order, named.item, named.quantity or None, named.time or None, named.customer or None
        )

    def own_table(self, *, dated: bool = False) -> Schema:
        """What a user's own file has to hold; times are read as they are, or as dates."""
        empty: Any = {"allow_missing": self.missing == "drop"}
        return self.columns.table_schema(
            order=empty, item=empty, customer=empty, quantity=empty, time={} if dated else None
        )

    def for_table(self, present: Collection[str]) -> GrocerySettings:
        """The same, without the roles that a table has no column for.

        Parameters
        ----------
        present : collection of str
            Names of the table's columns.
        """
        return self.model_copy(update={"columns": self.columns.keep(present)})

    @property
    def fading(self) -> float | str | None:
        """The half-life as the recommender takes it: a number for times that are numbers."""
        if not self.half_life:
            return None
        number = _number(self.half_life)
        return self.half_life if number is None else number

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
