"""Settings of the study of sites."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.map_file import MapFile
from case_studies.common.settings import ReadSettings, Workers
from domains.geodata import PLACE_KEYS, categorise
from shared.data.schema import Schema
from shared.runtime.config import Settings

__all__ = ["MAP", "MAPS", "TABLES", "CustomerColumns", "OpenColumns", "SiteSettings", "SpotColumns", "VisitColumns"]

MAP = "helsinki_places"
LON = Role("number", "longitude in degrees", minimum=-180, maximum=180)
LAT = Role("number", "latitude in degrees", minimum=-90, maximum=90)
SIZE = Role("number", "how attractive it is, such as its floor space", without="all draw alike", minimum=0)


class SpotColumns(Columns):
    """The columns of a table of spots where one might open.

    >>> SpotColumns(size="m2").size
    'm2'
    """

    lon: Annotated[str, LON] = "lon"
    lat: Annotated[str, LAT] = "lat"
    name: Annotated[
        str, Role("text", "what a spot is called", without="it goes by the nearest crossing", allow_missing=True)
    ] = "name"
    size: Annotated[str, SIZE] = "size"


class OpenColumns(Columns):
    """The columns of a table of sites that are open today, one's own and those of rivals.

    >>> OpenColumns(brand="chain").brand
    'chain'
    """

    lon: Annotated[str, LON] = "lon"
    lat: Annotated[str, LAT] = "lat"
    name: Annotated[
        str, Role("text", "what a site is called", without="sites go by their number", allow_missing=True)
    ] = "name"
    brand: Annotated[
        str, Role("text", "its chain", without="own sites are known by their names alone", allow_missing=True)
    ] = "brand"
    size: Annotated[str, SIZE] = "size"


class VisitColumns(Columns):
    """The columns of a table of who was seen where.

    >>> VisitColumns().visits
    'visits'
    """

    customer: Annotated[str, Role("text", "key of the customer, as in the table of customers")] = "customer"
    site: Annotated[str, Role("text", "name of the site, as in the table of open sites")] = "site"
    visits: Annotated[str, Role("number", "visits, or the share of them", minimum=0)] = "visits"


class CustomerColumns(Columns):
    """The columns of a table of customers, and of the tables beside it.

    >>> CustomerColumns(weight="inhabitants").weight
    'inhabitants'
    """

    lon: Annotated[str, LON] = "lon"
    lat: Annotated[str, LAT] = "lat"
    weight: Annotated[str, Role("number", "how much demand is there", without="every row counts as one", minimum=0)] = (
        "weight"
    )
    customer: Annotated[str, Role("text", "key of the customer", without="no visits can be learnt from")] = "customer"
    candidates: SpotColumns = SpotColumns()
    sites: OpenColumns = OpenColumns()
    visits: VisitColumns = VisitColumns()


TABLES = {
    "customers": Table("helsinki_demand", CustomerColumns, "a customer, or a cell with people in it"),
    "candidates": Table(MAP, SpotColumns, "a spot where one might open", "columns.candidates"),
    "sites": Table(MAP, OpenColumns, "a site that is open today", "columns.sites"),
    "visits": Table("helsinki_visits", VisitColumns, "a customer at a site", "columns.visits"),
}
MAPS = {"map": MapFile(MAP, "streets, places and addresses")}


class SiteSettings(Settings):
    """Settings of the study of sites; their meaning stands beside their values in settings.toml.

    >>> settings = SiteSettings(own="Espresso House", category="shop/bakery")
    >>> settings.own, settings.category
    (['Espresso House'], 'grocery/bakery')
    """

    columns: CustomerColumns = CustomerColumns()
    category: str = Field("food/cafe", min_length=1)
    n: int = Field(3, ge=1, le=20)
    own: list[str] = []
    rivals: list[str] = []
    apart: float = Field(150.0, ge=0, le=100_000)
    mode: Literal["walk", "bike", "drive"] = "walk"
    minutes: float = Field(5.0, gt=0, le=240)
    exponent: float = Field(2.0, gt=0, le=20)
    least: float = Field(1.0, gt=0, le=60)
    slower: float = Field(0.75, gt=0.1, le=1)
    faster: float = Field(1.125, ge=1, lt=10)
    candidates: int = Field(200, ge=50, le=300)
    guard: float = Field(2.0, ge=0, le=60)
    around: float = Field(100.0, ge=10, le=2000)
    least_around: int = Field(10, ge=0)
    demand: dict[str, float] = {"address": 1.0, "office": 1.0, "shop": 1.0}
    draws: int = Field(200, ge=5, le=1000)
    missing: float = Field(0.2, ge=0, le=0.9)
    losses: int = Field(100, ge=2, le=1000)
    random_sets: int = Field(1000, ge=10, le=100_000)
    seconds: float = Field(60.0, gt=0)
    max_snap: float = Field(500.0, gt=0, le=10_000)
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    @field_validator("category")
    @classmethod
    def _as_mapped(cls, given: str) -> str:
        """The category that the map has for a tag: "shop/bakery" and "shop=bakery" are "grocery/bakery"."""
        key, _, value = given.strip().replace("=", "/").partition("/")
        return (categorise({key: value}) if key in PLACE_KEYS and value else "") or given.strip().rstrip("/")

    @field_validator("own", "rivals", mode="before")
    @classmethod
    def _as_list(cls, given: object) -> object:
        return [given] if isinstance(given, str) else given

    @field_validator("own", "rivals")
    @classmethod
    def _named(cls, given: list[str]) -> list[str]:
        return [name.strip() for name in given if name.strip()]

    @field_validator("demand")
    @classmethod
    def _counted(cls, given: dict[str, float]) -> dict[str, float]:
        if wrong := [name for name, weight in given.items() if not 0 <= weight < float("inf")]:
            raise ValueError(f"give numbers from 0 on, not as for {wrong[0]!r}")
        if not any(given.values()):
            raise ValueError("nothing counts: give at least one number above 0")
        return given

    def own_table(self) -> Schema:
        """What a user's own table of customers has to look like."""
        return self.columns.table_schema()

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}
