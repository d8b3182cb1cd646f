"""Settings of the portfolio study."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.limits import LimitColumns
from case_studies.common.settings import ReadSettings, Workers
from shared.data.schema import Schema
from shared.runtime.config import Settings

__all__ = ["TABLES", "GroupColumns", "PortfolioSettings", "PriceColumns"]


class GroupColumns(Columns):
    """The columns of a table of groups.

    >>> GroupColumns().asset
    'asset'
    """

    asset: Annotated[str, Role("text", "name of an asset, as it heads its column of prices")] = "asset"
    groups: Annotated[
        list[str],
        Role("text", "its groups, such as its sector", without="all other columns are taken", allow_missing=True),
    ] = []


class PriceColumns(Columns):
    """The columns of a table of prices, and of the tables beside it.

    >>> PriceColumns(time="Day").time
    'Day'
    """

    time: Annotated[str, Role("datetime", "date of the prices")] = "Date"
    assets: Annotated[
        list[str],
        Role(
            "number",
            "prices of what can be bought, a column each",
            without="all other columns of numbers are taken",
            allow_missing=True,
        ),
    ] = []
    limits: LimitColumns = LimitColumns()
    groups: GroupColumns = GroupColumns()


TABLES = {
    "prices": Table("stocks", PriceColumns, "a day"),
    "limits": Table("stock_limits", LimitColumns, "a limit", "columns.limits"),
    "groups": Table("stock_sectors", GroupColumns, "an asset", "columns.groups"),
}


class PortfolioSettings(Settings):
    """Settings of the portfolio study; their meaning stands beside their values in settings.toml.

    >>> PortfolioSettings(cash=5000).cash
    5000.0
    """

    columns: PriceColumns = PriceColumns()
    cash: float = Field(100_000.0, ge=0)
    currency: str = "USD"
    holdings: dict[str, float] = {}
    lot: int = Field(1, ge=1)
    fee: float = Field(0.0, ge=0)
    cost: float = Field(0.001, ge=0, lt=0.2)
    strategy: Literal["minimum variance", "maximum Sharpe", "CVaR"] = "minimum variance"
    covariance: Literal["sample", "shrunk", "exponential", "factor"] = "sample"
    means: Literal["sample", "shrunk", "exponential", "zero"] = "shrunk"
    window: int = Field(250, ge=20)
    months: int = Field(600, ge=1)
    history: int = Field(1250, ge=100)
    risk_aversion: float = Field(5.0, gt=0)
    most_weight: float = Field(0.2, gt=0, le=1)
    least_weight: float = Field(0.02, ge=0, lt=1)
    most_assets: int = Field(10, ge=0)
    missing: Literal["refuse", "leave_out"] = "refuse"
    tried_elsewhere: int = Field(0, ge=0)
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    @field_validator("holdings")
    @classmethod
    def _whole(cls, given: dict[str, float]) -> dict[str, float]:
        if wrong := [name for name, shares in given.items() if shares < 0 or shares != int(shares)]:
            raise ValueError(f"give whole numbers of shares from 0 on, not as for {wrong[0]!r}")
        return given

    def own_table(self) -> Schema:
        """What a user's own table of prices has to look like."""
        return self.columns.table_schema()

    def money(self, amount: float) -> str:
        """Write an amount for people.

        Parameters
        ----------
        amount : float

        >>> PortfolioSettings().money(1234.5)
        '1,234 USD'
        """
        return f"{amount:,.0f} {self.currency}".rstrip()

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}
