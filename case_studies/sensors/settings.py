"""Settings of the sensors study."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field, field_validator

from case_studies.common.column_mapping import Columns, Role, Table
from case_studies.common.settings import ReadSettings, Workers
from domains.anomaly import SeriesDetector
from shared.data import SeriesColumns
from shared.data.panel import PanelRepair
from shared.runtime.config import Settings

__all__ = ["TABLES", "SensorColumns", "SensorSettings"]


class SensorColumns(Columns):
    """The columns of a table of measurements.

    >>> SensorColumns(sensor="").columns_of("sensor")
    ()
    """

    key = ("sensor", "time")
    beside = frozenset()

    sensor: Annotated[str, Role("text", "which series a row belongs to", without="all rows are one series")] = "Sensor"
    time: Annotated[str, Role("datetime", "when it was measured, at one distance")] = "Date_Time"
    value: Annotated[str, Role("number", "what was measured", allow_missing=True)] = "Count"
    channels: Annotated[
        list[str],
        Role("number", "further columns, looked at together with it", without="the value is looked at by itself"),
    ] = []


TABLES = {"measurements": Table("pedestrian", SensorColumns, "a measurement")}


class SensorSettings(Settings):
    """Settings of the sensors study; their meaning stands beside their values in settings.toml.

    >>> SensorSettings(incidents=5).incidents
    5
    """

    columns: SensorColumns = SensorColumns()
    learn_share: float = Field(0.5, ge=0.1, le=0.9)
    incidents: int = Field(20, ge=1, le=1000)
    timezone: str = "Australia/Melbourne"
    holidays: list[str] = []
    planted: int = Field(12, ge=1, le=100)
    seed: int = Field(0, ge=0)
    n_jobs: Workers = 2
    read: ReadSettings = ReadSettings()

    @field_validator("holidays")
    @classmethod
    def _days(cls, given: list[str]) -> list[str]:
        for day in given:
            date.fromisoformat(day)
        return given

    def for_table(self, present: Any) -> SensorSettings:
        """The same, without the roles that a table has no column for.

        Parameters
        ----------
        present : collection of str
            Names of the table's columns.
        """
        return self.model_copy(update={"columns": self.columns.keep(present)})

    @property
    def series(self) -> SeriesColumns:
        """The columns as panels take them."""
        columns = self.columns
        key = columns.sensor or "unique_id"
        return SeriesColumns(key, columns.time, columns.value, tuple(columns.channels))

    @property
    def zone(self) -> str | None:
        """Zone of the stamps; None where they have none."""
        return self.timezone or None

    def detector(self) -> SeriesDetector:
        """The detector, unfitted."""
        columns = self.series
        return SeriesDetector(
            channels=columns.exogenous,
            unique_id=columns.unique_id,
            ds=columns.ds,
            y=columns.y,
            tz=self.zone,
            random_state=self.seed,
            n_jobs=self.n_jobs,
        )

    @property
    def repairs(self) -> list[PanelRepair]:
        """How series are mended: gaps are filled, to be compared across, and never reported."""
        twice: list[PanelRepair] = ["keep_last_duplicate"] if "keep_last_duplicate" in self.read.repair else []
        return ["interpolate", "drop_missing_ends", *twice]

    @property
    def read_options(self) -> dict[str, Any]:
        """How an own file is to be read."""
        stated = {name: value for name, value in self.read.model_dump(exclude={"repair"}).items() if value}
        zone = {"tz": self.timezone} if self.timezone else {}  # of own files: what is bundled is read as it stands
        return {**zone, "repair": self.read.repair, **stated}
