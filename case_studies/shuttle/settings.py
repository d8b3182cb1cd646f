"""Settings of the shuttle study."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.settings import ReadSettings, Workers
from shared.data.schema import Schema
from shared.runtime.config import Settings

__all__ = ["TABLES", "RowColumns", "ShuttleSettings"]

SENSORS = [f"f{number}" for number in range(1, 10)]


class RowColumns(Columns):
    """The columns of a table of which some rows may be odd.

    >>> RowColumns(features=["amount", "country"], label="").label
    ''
    """

    features: Annotated[
        list[str],
        Role(
            "number",
            "what is looked at: numbers, text and dates",
            without="all of them are but the label and what a row is called",
        ),
    ] = SENSORS
    label: Annotated[
        str,
        Role("integer", "which rows are odd, for judging only", without="how much is found cannot be said"),
    ] = "anomaly"
    row: Annotated[str, Role("text", "what a row is called", without="rows go by their number")] = ""


TABLES = {"rows": Table("shuttle", RowColumns, "a row that may be odd")}


class ShuttleSettings(Settings):
    """Settings of the shuttle study; their meaning stands beside their values in settings.toml.

    >>> ShuttleSettings(budget=50).budget
    50.0
    """

    columns: RowColumns = RowColumns()
    learn_share: float = Field(0.5, ge=0.1, le=0.9)
    budget: float = Field(0.02, gt=0)
    look_cost: float = Field(1.0, ge=0)
    miss_cost: float = Field(10.0, ge=0)
    reasons: int = Field(3, ge=1, le=20)
    folds: int = Field(5, ge=3, le=100)
    every: int = Field(1, ge=1)
    odd: str = ""
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    @field_validator("budget")
    @classmethod
    def _rows_or_share(cls, given: float) -> float:
        if 0.5 < given <= 1 or (given > 1 and given != int(given)):
            raise ValueError("give a number of rows, from 2 on, or a share up to 0.5")
        return given

    def own_table(self) -> Schema:
        """What a user's own file has to look like: columns of any kind, if they are named."""
        return self.columns.table_schema(features=None, label=None, row=None)

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}
