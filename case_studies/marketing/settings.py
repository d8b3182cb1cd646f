"""Settings of the marketing study."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.limits import LimitColumns
from case_studies.common.settings import ReadSettings, Workers
from shared.data.io.tables import REPAIRS as TABLE_REPAIRS
from shared.data.panel import REPAIRS as PANEL_REPAIRS
from shared.data.schema import Schema
from shared.runtime.config import Settings
from shared.text import format_number

from .datasets import CHANNELS

__all__ = ["TABLES", "GroupColumns", "MarketingSettings", "NextColumns", "SpendColumns"]


class GroupColumns(Columns):
    """The columns of a table of groups.

    >>> GroupColumns().channel
    'channel'
    """

    channel: Annotated[str, Role("text", "name of a channel, as it heads its column of spending")] = "channel"
    groups: Annotated[
        list[str],
        Role("text", "its groups, such as its kind", without="all other columns are taken", allow_missing=True),
    ] = []


class NextColumns(Columns):
    """The columns of a table for the next budget, as `hexad predict` takes it.

    >>> NextColumns(present="now").present
    'now'
    """

    channel: Annotated[str, Role("text", "name of a channel, as it heads its column of spending")] = "channel"
    present: Annotated[
        str, Role("number", "what is spent on it now, a period", without="it is what the run found", minimum=0)
    ] = "present"
    least: Annotated[str, Role("number", "at least", without="nothing has a least", allow_missing=True, minimum=0)] = (
        "least"
    )
    most: Annotated[str, Role("number", "at most", without="nothing has a most", allow_missing=True, minimum=0)] = (
        "most"
    )


class SpendColumns(Columns):
    """The columns of a table of spending and sales, and of the tables beside it.

    >>> SpendColumns(time="Woche").time
    'Woche'
    """

    time: Annotated[str, Role("datetime", "start of the period, such as a week or a month")] = "week"
    response: Annotated[str, Role("number", "what is to be made large: sold, ordered or asked for in it")] = "sales"
    spend: Annotated[
        list[str],
        Role(
            "number",
            "money spent, a column a channel",
            without="all other columns of numbers are taken",
            minimum=0,
            allow_missing=True,
        ),
    ] = list(CHANNELS)
    known: Annotated[
        list[str],
        Role("number", "what else moves it, such as prices or holidays", without="it is not used", truth=True),
    ] = []
    limits: LimitColumns = LimitColumns()
    groups: GroupColumns = GroupColumns()
    next: NextColumns = NextColumns()


TABLES = {
    "spend": Table("channels", SpendColumns, "a period"),
    "limits": Table("channel_limits", LimitColumns, "a limit", "columns.limits"),
    "groups": Table("channel_groups", GroupColumns, "a channel", "columns.groups"),
}


class MarketingSettings(Settings):
    """Settings of the marketing study; their meaning stands beside their values in settings.toml.

    >>> MarketingSettings(total=5000).total
    5000.0
    """

    columns: SpendColumns = SpendColumns()
    total: float = Field(0.0, ge=0)
    currency: str = "EUR"
    recent: int = Field(13, ge=1)
    fixed: list[str] = []
    most_change: float = Field(0.5, ge=0, le=1)
    season: int = Field(1, ge=0, le=6)
    holdout: float = Field(0.2, gt=0, le=0.5)
    tries: int = Field(8, ge=2)
    draws: int = Field(100, ge=20)
    sweeps: int = Field(1000, ge=20)
    evaluations: int = Field(5000, ge=100)
    firms: int = Field(6, ge=2)
    missing: Literal["refuse", "zero"] = "refuse"
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    def own_table(self) -> Schema:
        """What a user's own table has to look like."""
        return self.columns.table_schema()

    def money(self, amount: float) -> str:
        """Write an amount for people.

        Parameters
        ----------
        amount : float

        >>> MarketingSettings().money(1234.5)
        '1,234 EUR'
        """
        return f"{format_number(amount)} {self.currency}".rstrip()

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        repair = [one for one in self.read.repair if one in TABLE_REPAIRS]
        return {"repair": repair, "allow_missing": "interpolate" in self.read.repair, **stated}

    @property
    def panel_repairs(self) -> list[Any]:
        """Repairs of gaps and repeats that were asked for."""
        return [one for one in self.read.repair if one in PANEL_REPAIRS]
