"""Settings of the delivery study."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.map_file import MapFile
from case_studies.common.settings import ReadSettings, Workers
from domains.geodata import Fleet
from shared.data.schema import Schema
from shared.errors import SettingsError
from shared.runtime.config import Settings

__all__ = ["MAP", "MAPS", "TABLES", "DeliverySettings", "DepotColumns", "StopColumns"]

MAP = "helsinki_places"


class DepotColumns(Columns):
    """The columns of a table of depots.

    >>> DepotColumns(vehicles="").vehicles
    ''
    """

    name: Annotated[
        str, Role("text", "what a depot is called", without="depots go by their number", allow_missing=True)
    ] = "depot"
    lon: Annotated[str, Role("number", "longitude in degrees", minimum=-180, maximum=180)] = "lon"
    lat: Annotated[str, Role("number", "latitude in degrees", minimum=-90, maximum=90)] = "lat"
    vehicles: Annotated[
        str,
        Role("integer", "how many vehicles stand there", without="each depot has as many as the setting", minimum=0),
    ] = "vehicles"


class StopColumns(Columns):
    """The columns of a table of stops, and of the table of depots beside it.

    >>> StopColumns(late="bis").late
    'bis'
    """

    name: Annotated[
        str, Role("text", "what a stop is called", without="stops go by their number", allow_missing=True)
    ] = "stop"
    lon: Annotated[str, Role("number", "longitude in degrees", minimum=-180, maximum=180)] = "lon"
    lat: Annotated[str, Role("number", "latitude in degrees", minimum=-90, maximum=90)] = "lat"
    load: Annotated[
        str, Role("number", "what is delivered there", without="how much a vehicle carries is not looked at", minimum=0)
    ] = "load"
    early: Annotated[
        str,
        Role("text", "from when on it can be served", without="stops can be served from early on", allow_missing=True),
    ] = "early"
    late: Annotated[
        str,
        Role("text", "until when its service begins", without="no stop can be late", allow_missing=True),
    ] = "late"
    service: Annotated[
        str,
        Role("number", "minutes that it takes", without="each stop takes the minutes of the setting", minimum=0),
    ] = "service"
    depots: DepotColumns = DepotColumns()


TABLES = {
    "stops": Table("helsinki_stops", StopColumns, "a stop of the day"),
    "depots": Table("helsinki_depots", DepotColumns, "where vehicles start and end", "columns.depots"),
}
MAPS = {"map": MapFile(MAP, "streets")}


class DeliverySettings(Settings):
    """Settings of the delivery study; their meaning stands beside their values in settings.toml.

    >>> DeliverySettings(start="7:00", end="12:00").day
    (420.0, 720.0)
    """

    columns: StopColumns = StopColumns()
    mode: Literal["drive", "bike"] = "drive"
    vehicles: int = Field(5, ge=0, le=500)
    capacity: float = Field(120.0, ge=0)
    start: str = "6:30"
    end: str = "13:00"
    service: float = Field(5.0, ge=0, le=1440)
    margin: float = Field(10.0, ge=0, le=240)
    pace: float = Field(1.0, gt=0.2, le=10)
    least: Literal["time", "distance"] = "time"
    fixed: float = Field(0.0, ge=0)
    seed: int = Field(0, ge=0)
    searches: int = Field(5, ge=1, le=50)
    iterations: int = Field(2000, ge=1, le=100_000)
    days: int = Field(200, ge=20, le=10_000)
    slower: list[float] = [0.0, 10.0, 20.0, 30.0]
    drive_spread: float = Field(0.4, ge=0, le=2)
    stop_spread: float = Field(0.3, ge=0, le=2)
    max_snap: float = Field(500.0, gt=0, le=10_000)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    @field_validator("slower")
    @classmethod
    def _in_order(cls, given: list[float]) -> list[float]:
        if not 1 <= len(given) <= 6 or not all(-50 <= one <= 300 for one in given):
            raise ValueError("give one to six numbers of percent, from -50 to 300")
        return sorted(set(given))

    @model_validator(mode="after")
    def _is_a_day(self) -> Self:
        try:
            Fleet(1, start=self.start, end=self.end)
        except SettingsError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def day(self) -> tuple[float, float]:
        """Begin and end of the working day, in minutes from midnight."""
        return Fleet(1, start=self.start, end=self.end).minutes

    @property
    def usual_doubt(self) -> float:
        """The % of longer drives that single figures speak of: the middle one of those tried, the larger of two."""
        return self.slower[len(self.slower) // 2]

    def own_table(self) -> Schema:
        """What a user's own table of stops has to look like."""
        return self.columns.table_schema()

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}
