"""Tables, panels, bundled data sets and splits: what every domain reads and cuts its data with."""

from shared.data.business_days import business_days
from shared.data.columns import InteractionColumns
from shared.data.frequency import Frequency
from shared.data.incidence import BasketColumns, Incidence
from shared.data.io.chunks import read_chunks
from shared.data.io.tables import TableReport, fingerprint, read_table, read_table_with_report
from shared.data.panel import Panel, SeriesColumns
from shared.data.schema import Column, Schema
from shared.data.spatial_blocks import SpatialBlocks
from shared.data.splits import CustomerCut, LastN, Split, TimeCut, WalkForward

__all__ = [
    "CustomerCut",
    "BasketColumns",
    "Column",
    "Frequency",
    "Incidence",
    "InteractionColumns",
    "LastN",
    "Panel",
    "Schema",
    "SeriesColumns",
    "SpatialBlocks",
    "Split",
    "TableReport",
    "TimeCut",
    "WalkForward",
    "business_days",
    "fingerprint",
    "read_chunks",
    "read_table",
    "read_table_with_report",
]


def __dir__() -> list[str]:
    return sorted(__all__)
