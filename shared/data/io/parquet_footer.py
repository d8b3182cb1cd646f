"""What a Parquet file says of its columns, read by a few lines that a damaged footer cannot crash.

Arrow ends the whole process on some damaged answers to what a column chunk holds. The footer is Thrift's compact
protocol: fields with their numbers, each skipped or kept. Source: the Parquet format's ``parquet.thrift`` (FileMetaData
4: row_groups; RowGroup 1: columns; ColumnChunk 3: meta_data; ColumnMetaData 3: path_in_schema, 5: num_values) and
Thrift's ``thrift-compact-protocol.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["count_values"]

MAX_FOOTER = 1 << 26
MAX_DEPTH = 20
TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12


def count_values(path: Path) -> int | None:
    """Values in all of a file's columns, those inside lists counted one by one; None where the footer is damaged.

    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"a": [[1, 2, 3], [4]]}).to_parquet(Path(folder) / "t.parquet")
    ...     count_values(Path(folder) / "t.parquet")
    4
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != b"PAR1" or length > min(MAX_FOOTER, size - 8):
            return None
        file.seek(size - 8 - length)
        footer = file.read(length)
    try:
        found = _Reader(footer).struct(0)
        chunks = [chunk for group in found[4] for chunk in group[1]]
        return sum(int(chunk[3][5]) for chunk in chunks)
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        return None


class _Reader:
    """Values of the compact protocol; structs as dicts by field number."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 70:
                raise ValueError("a number has no end")

    def number(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def struct(self, depth: int) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        field = 0
        while head := self.byte():
            kind, step = head & 15, head >> 4
            field = field + step if step else self.number()
            fields[field] = kind == TRUE if kind in {TRUE, FALSE} else self.value(kind, depth)
        return fields

    def value(self, kind: int, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        if kind in {TRUE, FALSE, BYTE}:
            return self.byte()
        if kind == DOUBLE:
            self.place += 8
            return None
        if kind == BINARY:
            length = self.varint()
            self.place += length
            return None
        if kind in {LIST, SET}:
            head = self.byte()
            count = head >> 4 if head >> 4 < 15 else self.varint()
            if count > len(self.data) - self.place:  # each entry takes a byte at least
                raise ValueError("a list is longer than the footer")
            return [self.value(head & 15, depth + 1) for _ in range(count)]
        if kind == MAP:
            if self.varint():
                raise ValueError("no map is known")
            return None
        if kind == STRUCT:
            return self.struct(depth + 1)
        return self.number()
