"""Settings of the catchment study."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.map_file import MapFile
from case_studies.common.settings import ReadSettings, Workers
from shared.data.schema import Schema
from shared.runtime.config import Settings

__all__ = ["MAPS", "TABLES", "CatchmentSettings", "PeopleColumns", "PlaceColumns"]

MAP = "helsinki_places"


class PlaceColumns(Columns):
    """The columns of a table of places.

    >>> PlaceColumns(name="").name
    ''
    """

    lon: Annotated[str, Role("number", "longitude in degrees", minimum=-180, maximum=180)] = "lon"
    lat: Annotated[str, Role("number", "latitude in degrees", minimum=-90, maximum=90)] = "lat"
    name: Annotated[
        str, Role("text", "what a place is called", without="places go by their number", allow_missing=True)
    ] = "name"


class PeopleColumns(Columns):
    """The columns of a table of where people are, and of the table of places beside it.

    >>> PeopleColumns(people="inhabitants").people
    'inhabitants'
    """

    lon: Annotated[str, Role("number", "longitude in degrees", minimum=-180, maximum=180)] = "lon"
    lat: Annotated[str, Role("number", "latitude in degrees", minimum=-90, maximum=90)] = "lat"
    people: Annotated[
        str, Role("number", "how many people are there", without="every row counts as one", minimum=0)
    ] = "people"
    places: PlaceColumns = PlaceColumns()


TABLES = {
    "cells": Table("helsinki_addresses", PeopleColumns, "where people are: a cell, a block, an address"),
    "places": Table(MAP, PlaceColumns, "a place to be reached", "columns.places"),
}
MAPS = {"map": MapFile(MAP, "streets, places and addresses")}


class CatchmentSettings(Settings):
    """Settings of the catchment study; their meaning stands beside their values in settings.toml.

    >>> CatchmentSettings(limits=[10, 5]).limits
    [5.0, 10.0]
    """

    columns: PeopleColumns = PeopleColumns()
    category: str = Field("health/pharmacy", min_length=1)
    mode: Literal["walk", "bike", "drive"] = "walk"
    limits: list[float] = [5.0, 10.0, 15.0]
    slower: float = Field(0.75, gt=0.1, le=1)
    faster: float = Field(1.125, ge=1, lt=10)
    demand: Literal["guess", "addresses", "streets"] = "guess"
    spacing: float = Field(50.0, ge=5, le=1000)
    candidates: int = Field(150, ge=0, le=2000)
    max_snap: float = Field(500.0, gt=0, le=10_000)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    @field_validator("limits")
    @classmethod
    def _in_order(cls, given: list[float]) -> list[float]:
        if not 1 <= len(given) <= 5 or not all(0 < one <= 240 for one in given):
            raise ValueError("give one to five numbers of minutes above 0, up to 240")
        return sorted(set(given))

    def own_table(self) -> Schema:
        """What a user's own table of where people are has to look like."""
        return self.columns.table_schema()

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}
