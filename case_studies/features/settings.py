"""Settings of the features study."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.settings import ReadSettings, Workers
from shared.data.schema import Schema
from shared.runtime.config import Settings

__all__ = ["TABLES", "FeatureColumns", "FeaturesSettings"]


class FeatureColumns(Columns):
    """The columns of a table of which some may predict another.

    >>> FeatureColumns(target="sales", predictors=["a", "b"]).columns_of("predictors")
    ('a', 'b')
    """

    target: Annotated[str, Role("number", "what is to be predicted", allow_missing=True)] = "price"
    predictors: Annotated[
        list[str],
        Role(
            "number",
            "what may predict it, a column each",
            without="all other columns of numbers are taken",
            allow_missing=True,
        ),
    ] = []
    time: Annotated[
        str,
        Role("datetime", "when a row was; later rows are then predicted from earlier ones", without="rows are mixed"),
    ] = "day"
    guess: Annotated[
        str,
        Role(
            "number",
            "a predictor that is itself a guess of the target, such as its last known value",
            without="the only rival that uses no model is one number for all rows",
            allow_missing=True,
        ),
    ] = "FR price 18h yesterday"
    ignored: Annotated[
        list[str],
        Role("number", "columns that are not to be looked at", without="none is left out", allow_missing=True),
    ] = []


TABLES = {"rows": Table("price_predictors", FeatureColumns, "something to be predicted")}


class FeaturesSettings(Settings):
    """Settings of the features study; their meaning stands beside their values in settings.toml.

    >>> FeaturesSettings(searches=5).searches
    5
    """

    columns: FeatureColumns = FeatureColumns()
    metric: Literal["mae", "rmse"] = "mae"
    unit: str = ""
    holdout: float = Field(0.25, ge=0.1, le=0.6)
    parts: int = Field(12, ge=8, le=100)
    searches: int = Field(20, ge=3, le=200)
    folds: int = Field(5, ge=3, le=20)
    evaluations: int = Field(1000, ge=50, le=100_000)
    penalty: float = Field(0.001, ge=0, lt=1)
    tolerance: float = Field(0.02, ge=0, lt=1)
    missing: Literal["refuse", "rows", "columns", "median"] = "refuse"
    most_columns: int = Field(120, ge=2, le=400)
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    def own_table(self) -> Schema:
        """What a user's own table has to look like; columns to be ignored may be of any kind."""
        return self.columns.table_schema(ignored=None)

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        return {"repair": self.read.repair, **stated}
