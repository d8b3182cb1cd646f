"""Settings of the grocery study."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from case_studies.common.settings import ReadSettings, Workers
from shared.data import BasketColumns, Column, Schema
from shared.data.frequency import parse_duration
from shared.runtime.config import Settings

__all__ = ["GrocerySettings"]


class GrocerySettings(Settings):
    """Settings of the grocery study; their meaning stands beside their values in settings.toml.

    >>> GrocerySettings(order="InvoiceNo").columns.order
    'InvoiceNo'
    """

    order: str = Field("basket_id", min_length=1)
    item: str = Field("product_type", min_length=1)
    time: str = "week"
    customer: str = "household_id"
    quantity: str = ""
    returns: Literal["refuse", "drop", "net"] = "drop"
    cancelled: str = ""
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

    @field_validator("order", "item", "time", "customer", "quantity", "cancelled", "half_life", mode="before")
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
    def columns(self) -> BasketColumns:
        """Names of the columns of baskets."""
        return BasketColumns(self.order, self.item, self.quantity or None, self.time or None, self.customer or None)

    def own_table(self, *, dated: bool = False) -> Schema:
        """What a user's own file has to hold; times are read as they are, or as dates."""
        empty = self.missing == "drop"
        named = [Column(self.order, "text", allow_missing=empty), Column(self.item, "text", allow_missing=empty)]
        named += [Column(self.customer, "text", allow_missing=empty)] if self.customer else []
        named += [Column(self.quantity, "number", allow_missing=empty)] if self.quantity else []
        named += [Column(self.time, "datetime")] if self.time and dated else []
        return Schema(tuple(named))

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
