"""Settings of the fraud study."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.settings import ReadSettings, Workers
from shared.data.schema import Schema
from shared.runtime.config import Settings

__all__ = ["TABLES", "FraudSettings", "PaymentColumns"]


class PaymentColumns(Columns):
    """The columns of a table of card payments.

    >>> PaymentColumns(label="").columns_of("label")
    ()
    """

    time: Annotated[str, Role("datetime", "when it was paid")] = "paid"
    amount: Annotated[str, Role("number", "how much was paid")] = "amount"
    card: Annotated[
        str,
        Role("text", "which card, or customer, paid", without="no payment is compared with earlier ones of its card"),
    ] = "card"
    category: Annotated[
        str,
        Role(
            "text",
            "for what sort of thing",
            without="whether that is new to the card is not looked at",
            allow_missing=True,
        ),
    ] = "category"
    country: Annotated[
        str,
        Role(
            "text",
            "in which country",
            without="whether a country is new to the card is not looked at",
            allow_missing=True,
        ),
    ] = "country"
    merchant: Annotated[
        str, Role("text", "whom it paid", without="merchants are not looked at", allow_missing=True)
    ] = "merchant"
    label: Annotated[
        str,
        Role("integer", "which payments were fraud", without="no chances are learnt, and what is found cannot be said"),
    ] = "fraud"
    payment: Annotated[str, Role("text", "what a payment is called", without="payments go by their number")] = "payment"
    features: Annotated[
        list[str],
        Role("number", "further columns to look at: numbers, text and dates", without="the others are looked at"),
    ] = []


TABLES = {"payments": Table("cards", PaymentColumns, "a card payment")}


class FraudSettings(Settings):
    """Settings of the fraud study; their meaning stands beside their values in settings.toml.

    >>> FraudSettings(per_day=50).per_day
    50
    """

    columns: PaymentColumns = PaymentColumns()
    learn_share: float = Field(0.6, ge=0.1, le=0.9)
    per_day: int = Field(20, ge=1, le=10_000)
    look_cost: float = Field(5.0, gt=0)
    currency: str = "EUR"
    reasons: int = Field(3, ge=1, le=20)
    odd: str = ""
    every: int = Field(1, ge=1)
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    def own_table(self) -> Schema:
        """What a user's own file has to look like; label and further columns may be of any kind."""
        return self.columns.table_schema(features=None, label=None)

    def new_table(self) -> Schema:
        """What new rows have to look like: with every column that was learnt from, but without label."""
        asked = self.columns.model_copy(update={"label": ""}).table_schema(features=None)
        return Schema(tuple(replace(column, required=True) for column in asked.columns))

    def for_table(self, present: Collection[str]) -> FraudSettings:
        """The same, without the roles that a table has no column for.

        Parameters
        ----------
        present : collection of str
            Names of the table's columns.
        """
        return self.model_copy(update={"columns": self.columns.keep(present)})

    def money(self, amount: float) -> str:
        """Write an amount for people.

        Parameters
        ----------
        amount : float

        >>> FraudSettings().money(1234.5)
        '1,234 EUR'
        """
        return f"{amount:,.0f} {self.currency}".rstrip()

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}
