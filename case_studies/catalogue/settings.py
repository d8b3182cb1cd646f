"""Settings of the catalogue study."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.settings import ReadSettings, Workers
from shared.data.schema import Schema
from shared.runtime.config import Settings

__all__ = ["TABLES", "CatalogueSettings", "ItemRoles"]


class ItemRoles(Columns):
    """The columns of a table of items.

    >>> ItemRoles(text="description").text
    ['description']
    """

    item: Annotated[
        str,
        Role("text", "key of an item", without="the first column that differs in every row is taken, else row numbers"),
    ] = "film"
    title: Annotated[
        str, Role("text", "what an item is called", without="items go by their key", allow_missing=True)
    ] = "title"
    text: Annotated[
        list[str],
        Role("text", "free text, such as a description", without="no texts are compared", allow_missing=True),
    ] = []
    attributes: Annotated[
        list[str],
        Role("text", "kinds and numbers to compare by", without="all other columns are taken", allow_missing=True),
    ] = []
    check: Annotated[
        str,
        Role(
            "text",
            "kind that is held out to judge whether what is found alike is alike",
            without="a column of kinds that most items share with others is taken",
            allow_missing=True,
        ),
    ] = "genre"

    @field_validator("text", "attributes", mode="before")
    @classmethod
    def _as_list(cls, given: object) -> object:
        return [given] if isinstance(given, str) and given else given or []


TABLES = {"items": Table("films", ItemRoles, "an item")}


class CatalogueSettings(Settings):
    """Settings of the catalogue study; their meaning stands beside their values in settings.toml.

    >>> CatalogueSettings(neighbours=5).neighbours
    5
    """

    columns: ItemRoles = ItemRoles()
    separator: str = "guess"
    neighbours: int = Field(10, ge=1, le=100)
    judged: int = Field(2000, ge=20)
    weights: Literal["learnt", "equal"] = "learnt"
    most_items: int = Field(20_000, ge=20)
    most_sentences: int = Field(1500, ge=0)
    twins: float = Field(0.8, gt=0, le=1)
    lonely: float = Field(0.1, ge=0, lt=1)
    shown: list[str] = []
    queries: list[str] = []
    where: list[str] = []
    found: int = Field(5, ge=1, le=100)
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    def own_table(self) -> Schema:
        """What a user's own table has to look like; attributes may be of any kind."""
        return self.columns.table_schema(attributes=None)

    def for_table(self, present: Collection[str]) -> CatalogueSettings:
        """The same, without the roles that a table has no column for.

        Parameters
        ----------
        present : collection of str
            Names of the table's columns.
        """
        return self.model_copy(update={"columns": self.columns.keep(present)})

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}
