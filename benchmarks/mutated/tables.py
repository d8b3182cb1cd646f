"""Sound small tables in every format, and changes that know what is inside: CSV, JSON, Parquet, workbooks."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.fuzz_inputs import arrow_table, table_text, workbook_parts
from benchmarks.mutated.base import BOUNDARIES, FLOATS, ODD_TEXTS, Sample
from benchmarks.mutated.changes import (
    boundary_bytes,
    members_of,
    mutate_bytes,
    mutate_text,
    mutate_tree,
    mutate_zip,
    zip_members,
)

# Tables

CSV = "id;day;name;value;flag\n" + "".join(
    f'{n:03};2024-01-{n + 1:02};"Köln ""{n}""";{n},{n:02};{"yes" if n % 2 else "no"}\n' for n in range(12)
)
ROWS: list[dict[str, Any]] = [
    {
        "id": n,
        "day": f"2024-01-{n + 1:02}T10:00Z",
        "name": f"ä{n}",
        "value": n / 3,
        "flag": n % 2 == 0,
        "gap": None if n % 3 else n,
    }
    for n in range(12)
]


def change_csv(rng: random.Random, sample: Sample) -> Sample:
    """Change a CSV file, or make one up."""
    text = table_text(rng) if rng.random() < 0.2 else sample.data.decode("utf-8")
    text = mutate_text(rng, text)
    codec = rng.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "cp1252"])
    return Sample(text.encode(codec, errors="replace"), sample.options)


def change_json(rng: random.Random, sample: Sample) -> Sample:
    """Change a JSON file as text or as a tree."""
    text = sample.data.decode("utf-8")
    if rng.random() < 0.5:
        rows = [json.loads(line) for line in text.splitlines()] if not text.startswith("[") else json.loads(text)
        for _ in range(rng.choice([1, 1, 3])):
            rows = mutate_tree(rng, rows)
        lines = not text.startswith("[") and isinstance(rows, list)
        text = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)
    else:
        text = mutate_text(rng, text)
    return Sample(text.encode(errors="replace"), sample.options)


def in_gzip(inner: Callable[[random.Random, Sample], Sample]) -> Callable[[random.Random, Sample], Sample]:
    """The same change inside a gzip file."""

    def change(rng: random.Random, sample: Sample) -> Sample:
        made = inner(rng, Sample(gzip.decompress(sample.data), sample.options))
        packed = gzip.compress(made.data, mtime=0)
        if rng.random() < 0.3:
            packed = rng.choice([packed * 2, packed + b"\x00" * 9, packed + made.data, mutate_bytes(rng, packed)])
        return Sample(packed, made.options)

    return change


def change_zipped_csv(rng: random.Random, sample: Sample) -> Sample:
    """Change a CSV file in a zip, or the zip."""
    if rng.random() < 0.3:
        inner = change_csv(rng, Sample(next(iter(members_of(sample.data).values()))))
        return Sample(zip_members([("t.csv", inner.data)]), sample.options)
    return Sample(mutate_zip(rng, sample.data), sample.options)


def texts(text: str, pack: Callable[[bytes], bytes] = bytes) -> Callable[[], list[Sample]]:
    """One sound file of text, packed."""
    return lambda: [Sample(pack(text.encode()))]


# Parquet


def write_parquet(table: pa.Table, **how: Any) -> bytes:
    """A table as Parquet."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **how)
    return buffer.getvalue()


def parquet_samples() -> list[Sample]:
    """Sound Parquet files."""
    stamps = pd.date_range("2024-01-01", periods=40, tz="Europe/Berlin")
    frame = pd.DataFrame(
        {"ds": stamps, "name": [f"ä{n % 7}" for n in range(40)], "n": range(40), "y": np.arange(40) / 3}
    )
    table = pa.Table.from_pandas(frame.set_index("n"))
    flat = table.set_column(1, "name", table.column("name").dictionary_encode())
    return [Sample(write_parquet(table)), Sample(write_parquet(flat, compression="zstd", data_page_version="2.0"))]


def _repeat(rng: random.Random) -> bytes:
    """Few bytes on disk that are many once unpacked, because a value or an emptiness repeats."""
    length = rng.choice([1, 1000, 60_000, 1_000_000])
    total = rng.choice([10**7, 10**9, 4 * 10**9])
    count = min(max(total // length, 10), 1 << 20)
    value: Any = rng.choice(["x" * length, b"x" * length])
    codes = pa.array(np.zeros(count, dtype=np.int32))
    column = pa.DictionaryArray.from_arrays(codes, pa.array([value]))
    if length == 1:
        column = rng.choice([column, pa.nulls(count, pa.int64()), pa.array(np.ones(count)), pa.nulls(count)])
    buffer = io.BytesIO()
    batch = pa.table({"a": column})
    with pq.ParquetWriter(buffer, batch.schema, compression="zstd") as made:
        for _ in range(rng.choice([1, 2, 40])):
            made.write_table(batch)
    return buffer.getvalue()


def _odd_schema(rng: random.Random) -> bytes:
    depth = rng.choice([1, 3, 30, 120])
    kind: Any = rng.choice([pa.int32(), pa.string(), pa.null(), pa.decimal128(38, 37), pa.time64("ns"), pa.binary(7)])
    for _ in range(depth):
        kind = pa.list_(kind) if rng.random() < 0.5 else pa.struct([("a", kind)])
    columns: list[tuple[str, Any]] = [("a", pa.nulls(3, kind)), ("b", pa.array([1, 2, 3]))]
    width = rng.choice([0, 0, 500, 10_001])
    columns += [(f"c{n}", pa.array([1, 2, 3])) for n in range(width)]
    columns += [(rng.choice(["", "a", "\x00", "__index_level_0__", "ß"]), pa.array(["x", "y", None]))]
    return write_parquet(pa.table([array for _, array in columns], names=[name for name, _ in columns]))


def _with_other_notes(rng: random.Random, data: bytes) -> bytes:
    """A Parquet file whose notes, of pandas or of Arrow's own schema, were changed."""
    if rng.random() < 0.5:
        table = pq.read_table(io.BytesIO(data))
        notes = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        for _ in range(rng.choice([1, 2])):
            notes = mutate_tree(rng, notes)
        return write_parquet(table.replace_schema_metadata({"pandas": json.dumps(notes)}))
    found = re.search(rb"ARROW:schema.{2,6}?((?:[A-Za-z0-9+/]{4}){20,}={0,2})", data, re.DOTALL)
    if found is None:
        return mutate_bytes(rng, data)
    text = found[1][: len(found[1]) // 4 * 4]
    told = bytearray(b64decode(text))
    for _ in range(rng.choice([1, 1, 3])):
        place, width = rng.randrange(len(told) - 8), rng.choice([1, 2, 4])
        told[place : place + width] = boundary_bytes(rng, width) if rng.random() < 0.6 else rng.randbytes(width)
    return data[: found.start(1)] + b64encode(bytes(told)) + data[found.start(1) + len(text) :]


def change_parquet(rng: random.Random, sample: Sample) -> Sample:
    """Change a Parquet file: its bytes, its notes, its schema, or what repeats in it."""
    kind = rng.random()
    data = sample.data
    if kind < 0.15:
        return Sample(_repeat(rng))
    if kind < 0.25:
        return Sample(_odd_schema(rng))
    if kind < 0.5:
        return Sample(_with_other_notes(rng, data))
    if kind < 0.75:
        start = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
        return Sample(data[:start] + mutate_bytes(rng, data[start:-8]) + data[-8:])
    how = {"compression": rng.choice(["none", "snappy", "gzip", "zstd"]), "use_dictionary": rng.random() < 0.5}
    made = write_parquet(arrow_table(rng, parquet=True), **how)
    return Sample(mutate_bytes(rng, made) if rng.random() < 0.5 else made)


# Workbooks


def workbook_samples() -> list[Sample]:
    """Sound workbooks."""
    from datetime import datetime

    import openpyxl

    book = openpyxl.Workbook()
    page: Any = book.active
    page.append(["name", "n", "day", "flag", "sum"])
    for number in range(8):
        page.append([f"ä{number}", number / 4, datetime(2024, 1, number + 1, 10), number % 2 == 0, number / 2])
    buffer = io.BytesIO()
    book.save(buffer)
    parts = members_of(buffer.getvalue())
    parts["docProps/core.xml"] = re.sub(
        rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2024-01-01T00:00:00Z", parts["docProps/core.xml"]
    )
    hand = workbook_parts(random.Random(1))
    return [Sample(zip_members(parts.items())), Sample(zip_members(hand.items()))]


PLACES = [
    "A1",
    "XFD1048576",
    "A0",
    "ZZZ1",
    "A99999999999",
    "1",
    "A",
    "",
    "AAAAAAA1",
    "a1",
    "A1:B2",
    "$A$1",
    "C1048577",
    "B3",
]
CELL_TYPES = ["s", "n", "b", "e", "d", "str", "inlineStr", "x", ""]
XML_PARTS = [
    "&x;",
    "&#0;",
    "&#x110000;",
    "<![CDATA[x]]>",
    "<!-- x -->",
    "<v/>",
    "</row>",
    "<row>",
    "<c><v>1</v></c>",
    "\x00",
]


def _odd_attribute(rng: random.Random, name: str, value: str) -> str:
    if name == "r" and not value.isdigit():
        return rng.choice(PLACES)
    if name == "t":
        return rng.choice(CELL_TYPES)
    if name in {"formatCode", "Target", "Type", "name", "ref", "Id", "id"} and rng.random() < 0.7:
        return rng.choice(
            [*PLACES, "../x", "/etc/passwd", "yyyy" * 50, "[h]:mm", "[$-F800]", "[" * 2000, "http://x/y", value * 2]
        )
    return str(rng.choice([*BOUNDARIES, 1048576, 1048577, 16384, 10**9, 10**30, 1.5, "", "x", "nan", "true"]))


def mutate_xml(rng: random.Random, text: str) -> str:
    """Change an attribute, a text or an element of XML by its letters alone.

    >>> mutate_xml(random.Random(4), '<row r="1"><c/></row>') != '<row r="1"><c/></row>'
    True
    """
    attributes = list(re.finditer(r'([\w:]+)="([^"]*)"', text))
    contents = list(re.finditer(r">([^<>]+)<", text))
    elements = list(re.finditer(r"<(\w+)\b[^<>]*(/>|>[^<>]*</\1>|>.*?</\1>)", text, re.DOTALL))
    match rng.randrange(6):
        case 0 | 1 if attributes:
            one = rng.choice(attributes)
            text = text[: one.start(2)] + _odd_attribute(rng, one[1], one[2]) + text[one.end(2) :]
        case 2 if contents:
            one = rng.choice(contents)
            odd = rng.choice(
                [*map(str, BOUNDARIES), *map(str, FLOATS), *ODD_TEXTS[4:], "1E+9999", "#REF!", "2958466", "9" * 5000]
            )
            text = text[: one.start(1)] + odd + text[one.end(1) :]
        case 3 if elements:
            one = rng.choice(elements)
            text = text[: one.start()] + one[0] * rng.choice([0, 0, 2, 500]) + text[one.end() :]
        case 4:
            laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
            kind = rng.choice(
                ['<!ENTITY x "y">', '<!ENTITY x SYSTEM "file:///etc/passwd">', '<!ENTITY l0 "ha">' + laughs]
            )
            text = re.sub(r"^(<\?xml[^>]*>)?", rf"\1<!DOCTYPE x [{kind}]>", text, count=1)
            place = text.find("<", text.find("]>") + 20)
            text = text[:place] + rng.choice(["&l8;", "&x;", ""]) + text[place:]
        case _:
            place = rng.randrange(len(text) + 1)
            text = text[:place] + rng.choice(XML_PARTS) + text[place:]
    return text


def change_workbook(rng: random.Random, sample: Sample) -> Sample:
    """Change a workbook: its zip, or the XML of one part."""
    if rng.random() < 0.1:
        return Sample(mutate_zip(rng, sample.data))
    parts = members_of(sample.data)
    sheet = "xl/worksheets/sheet1.xml"
    for _ in range(rng.choice([1, 1, 2])):
        part = rng.choice([*parts, sheet, sheet, sheet, sheet, sheet, "xl/styles.xml", "xl/workbook.xml"])
        parts[part] = mutate_xml(rng, parts[part].decode()).encode(errors="replace")
    if rng.random() < 0.05:
        del parts[rng.choice(list(parts))]
    return Sample(zip_members(parts.items()))
