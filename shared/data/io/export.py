"""Tables for other programs, among the doors of tables; how they are written stands in `shared.runtime.export`."""

from shared.runtime.export import disarm, table_bytes, write_table

__all__ = ["disarm", "table_bytes", "write_table"]
