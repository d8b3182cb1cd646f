"""The bounds of what is read: bytes, rows, columns, depth, memory and time. One place for all formats.

A file's own size says little of what it becomes: each bound is on what it unpacks to, or would take, and is looked at
before that is built wherever the format says it beforehand. Where it does not (databases, workbooks), the file is read
in a process of its own with bounds on memory and processor time (see `shared.data.io.subprocess_reader`).
"""

from __future__ import annotations

MAX_BYTES = 2**31 - 2**21
"""Default limit of a table's size in bytes, once unpacked."""

CHUNK = 1 << 20
"""Bytes that are unpacked at once."""

MAX_COLUMNS = 10_000
MAX_PATH = 300
"""Letters of a path that are shown."""

BOMB_RATIO, BOMB_LEAST = 200, 1 << 26
"""Tables shrink to a fifth or a twentieth; what unpacks to more than this many times its size was made to do so."""

SHEET_LEAST = 1 << 24
"""Bytes of a part of a workbook from which on the same is asked: parsing XML costs ten times what reading does."""

MAX_HEADER = 1 << 20
"""Bytes of a CSV file's first line."""

MAX_RECORD = 1 << 24
"""Letters of one JSON object: it is built as a whole before anything of it can be checked."""

MAX_EMPTY, EMPTY_RATIO = 20_000_000, 10
"""Cells of a table of JSON objects that no object fills: so many at least, and so many for each that one fills."""

MAX_CELLS = 20_000_000
"""Cells of a workbook's sheet."""

MAX_SHEET_ROWS = 1_048_576
"""Rows of a sheet: the most that spreadsheets know."""

LONGEST_TEXT = 1 << 27
"""Bytes of one value of a database."""

APART_MEMORY = 1 << 30
"""Bytes that a process may take which reads a file apart, beyond what it takes anyway."""

APART_SECONDS, BYTES_A_SECOND = 3, 500_000
"""Processor time of such a process: so much, and a second for each so many bytes that the file unpacks to."""

QUERY_SECONDS = 300
"""Processor time of a SELECT that the user wrote."""

VIEW_SECONDS = 1.5
"""Time of a view that a file brings along."""
