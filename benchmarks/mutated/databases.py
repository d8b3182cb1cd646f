"""Sound small SQLite and DuckDB files, and changes that know what is inside."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mutated.base import BOUNDARIES, ODD_TEXTS, Sample, memory_folder
from benchmarks.mutated.changes import mutate_bytes, mutate_text

# Databases

SLOW_LIKE = f"'{'a' * 60}' like '{'%a' * 20}b'"
EXPRESSIONS = [
    "n",
    "n + 9223372036854775807",
    "n / 0",
    "9e999",
    "-9e999",
    "abs(-9223372036854775808)",
    "cast(x'ff' as text)",
    "char(0)",
    "char(55296)",
    "x'00ff'",
    "x''",
    "zeroblob(60000000)",
    "hex(zeroblob(20000000))",
    "hex(zeroblob(1000000))",
    "printf('%.*c', 40000000, 'x')",
    "printf('%1000000d', n)",
    "replace(hex(zeroblob(20000)), '0', hex(zeroblob(1000)))",
    SLOW_LIKE,
    SLOW_LIKE.replace("like", "glob").replace("%", "*"),
    "hex(randomblob(1000000))",
    "random()",
    "null",
    "'2024-01-' || n",
    "json_array(n, n)",
    "json_extract(name, '$')",
    "datetime(n, 'unixepoch')",
    "strftime('%f', 1e308)",
    "round(1e308, 400)",
    "load_extension('x')",
    "length(hex(zeroblob(20000000)))",
    "likely(n)",
    "instr(hex(zeroblob(1000000)), 'ab')",
    "quote(zeroblob(1000000))",
]
SELECTS = [
    "select n, {} as x from t",
    "select {} as x",
    "select group_concat({}) as x from t, t as u",
    "select * from v",
    "select * from w",
    "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c",
    "select t.n from t, t a, t b, t c, t d, t e, t f",
    "select count(*) as x from t a, t b, t c, t d, t e, t f, t g",
    "select * from sqlite_master",
    "select * from pragma_table_info('t')",
    "select value as x from json_each('[1, [2], {{}}]')",
    "select {} as x from t order by 1",
    "select distinct {} as x from t, t as u",
    "select n as a, n as a from t",
    'select n as "" from t',
    "select max(n) over (order by n) as x from t",
    "select 1 where 0",
    "select n, {} as x from t a, t b, t c",
    "with recursive c(x) as (select {} union all select x || x from c) select x from c",
]
DDL = "create table t (n integer primary key, name text, value real, day text)"
TABLE_KINDS = ["", " without rowid", " strict"]


def _sqlite_base(*statements: str, page: int = 512) -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    base.execute(f"pragma page_size = {page}")
    for statement in statements:
        base.execute(statement)
    return base


def _fill_sqlite(base: sqlite3.Connection, count: int = 30) -> None:
    rows = [(n, f"ä{n}", n / 3, f"2024-01-{n % 28 + 1:02}") for n in range(count)]
    base.executemany("insert into t (n, name, value, day) values (?, ?, ?, ?)", rows)
    base.commit()


def sqlite_samples() -> list[Sample]:
    """Sound SQLite files."""
    samples = []
    plain = [DDL]
    told = [DDL.replace(")", ", twice integer as (n * 2), kept text as (name || n) stored)")]
    view = [DDL, "create view v as select n, upper(name) as x from t where n > 3", "create index i on t (name, value)"]
    other = ["pragma encoding = 'UTF-16le'", DDL + " without rowid"]
    for statements, query in ((plain, None), (told, None), (view, "v"), (view, "t"), (other, None)):
        with contextlib.closing(_sqlite_base(*statements)) as base:
            _fill_sqlite(base)
            samples.append(Sample(base.serialize(), {"query": query} if query else {}))
    return samples


def change_sqlite(rng: random.Random, sample: Sample) -> Sample:
    """A database with views, generated columns or odd values, or one whose own list of tables was changed."""
    expression = rng.choice(EXPRESSIONS)
    query: str | None = None
    with contextlib.closing(_sqlite_base(page=rng.choice([512, 4096]))) as base:
        kind = rng.randrange(4)
        if kind == 0:
            how = rng.choice(["", " stored"])
            limit = f"{DDL[:-1]}, x as ({expression}){how}){rng.choice(TABLE_KINDS[:2])}"
            if how:  # what is stored is reckoned here: the table stays empty of what is dear
                expression = rng.choice(EXPRESSIONS[:11])
                limit = f"{DDL[:-1]}, x as ({expression}) stored)"
            # Filling a table works its generated columns out, so the dear expression is written into the schema after it.
            base.execute(limit.replace(f"({expression})", "(n)"))
            _fill_sqlite(base, rng.choice([1, 30, 300]))
            base.execute("pragma writable_schema = on")
            base.execute("update sqlite_master set sql = ? where name = 't'", (limit,))
            base.commit()
        elif kind == 1:
            base.execute(DDL)
            _fill_sqlite(base)
            base.execute(f"create view v as {rng.choice(SELECTS).format(expression)}")
            if rng.random() < 0.3:
                base.execute(f"create view w as {rng.choice(SELECTS).format(expression)}")
            query = rng.choice(["v", "t"])
        elif kind == 2:
            base.execute(f"create table t (n{rng.choice(['', ' integer', ' text', ' blob', ' date'])}, m)")
            values: list[Any] = [
                2**63 - 1,
                -(2**63),
                1e308,
                9e999,
                "x\x00y",
                b"\xff",
                b"",
                None,
                "",
                "x" * 100_000,
                "1.5",
                "2024-01-31",
            ]
            base.executemany(
                "insert into t values (?, ?)", [(rng.choice(values), rng.choice(values)) for _ in range(9)]
            )
            if rng.random() < 0.5:
                base.execute("insert into t values (cast(x'ff80' as text), 1)")
            base.commit()
        else:
            base.deserialize(sample.data)
            query = sample.options.get("query")
            _change_master(rng, base)
        data = base.serialize()
    if rng.random() < 0.2:
        data = mutate_bytes(rng, data)
    return Sample(data, {"query": query} if query else {})


def _change_master(rng: random.Random, base: sqlite3.Connection) -> None:
    name, sql = rng.choice([row for row in base.execute("select name, sql from sqlite_master") if row[1]])
    base.execute("pragma writable_schema = on")
    base.execute("update sqlite_master set sql = sql where name = ?", (name,))
    match rng.randrange(5):
        case 0:
            base.execute("update sqlite_master set rootpage = ? where name = ?", (rng.choice(BOUNDARIES[:-3]), name))
        case 1:
            other = rng.choice(["table", "view", "index", "trigger", "", None, 7])
            base.execute("update sqlite_master set type = ? where name = ?", (other, name))
        case 2:
            base.execute("update sqlite_master set sql = ? where name = ?", (mutate_text(rng, sql), name))
        case 3:
            odd = [
                *ODD_TEXTS,
                None,
                7,
                b"\xff",
                "create virtual table t using fts5(n)",
                "create table t(n, n)",
                "create view v as select * from v",
            ]
            base.execute("update sqlite_master set sql = ? where name = ?", (rng.choice(odd), name))
        case _:
            base.execute(
                "update sqlite_master set name = ?, tbl_name = ? where name = ?", (*rng.choices(ODD_TEXTS, k=2), name)
            )
    base.commit()


DUCK_START, DUCK_HEAD, DUCK_BLOCK = 3 * 4096, 4096, 16384
DUCK_TABLES = [
    (
        "create table t as select i::integer as n, 'ä' || (i % 7) as name, i * 0.5 as value, date '2024-01-01' +"
        " i::integer as day from range(300) r(i)"
    ),
    (
        "create table t as select i::hugeint as n, (i % 3)::decimal(9, 2) as d, timestamptz '2024-01-01' +"
        " to_hours(i::integer) as z from range(40) r(i)"
    ),
    "create table t as select [i] as n, {'a': i} as s from range(9) r(i)",
    (
        "create table t as select 'x'::enum('x', 'y') as e, null::integer as n, interval 1 day as i, '101'::bit as b"
        " from range(9) r(i)"
    ),
    "create view t as select sum(a.i) as x from range(10000000) a(i), range(10000000) b(i)",
    "create view t as select repeat('x', 100000000) as x from range(100) r(i)",
    "create view t as select list(i) as x from range(100000000) r(i)",
    "create view t as select * from read_csv('/etc/passwd')",
    "create view t as with recursive c(x) as (select 1 union all select x + 1 from c) select x from c",
    "create view t as select i as x from range(100000000000) r(i)",
    "create view t as select string_agg(repeat('x', 10000), '') as x from range(1000000) r(i)",
]


def sum_of_block(block: bytes) -> bytes:
    """DuckDB's own checksum of a block."""
    words = np.frombuffer(block, dtype="<u8")
    with np.errstate(over="ignore"):
        mixed = np.bitwise_xor.reduce(words * np.uint64(0xBF58476D1CE4E5B9))
    return struct.pack("<Q", int(mixed) ^ 5381)


def duck_blocks(data: bytes | bytearray) -> list[tuple[int, int]]:
    """Start and size of each block of a DuckDB file; three heads come first."""
    heads = [(start, DUCK_HEAD) for start in range(0, DUCK_START, DUCK_HEAD)]
    return heads + [(start, DUCK_BLOCK) for start in range(DUCK_START, len(data) - DUCK_BLOCK + 1, DUCK_BLOCK)]


def duckdb_samples() -> list[Sample]:
    """Sound DuckDB files."""
    import duckdb

    samples = []
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        for number, statement in enumerate(DUCK_TABLES):
            path = Path(folder) / f"{number}.duckdb"
            with duckdb.connect(config={"threads": "1"}) as base:
                base.execute(
                    f"attach '{path}' as f (block_size {DUCK_BLOCK}); use f; {statement}; checkpoint f; use memory;"
                    " detach f"
                )
            data = bytearray(path.read_bytes())
            data[124:140] = bytes(16)  # a number drawn for every file
            data[:8] = sum_of_block(bytes(data[8:DUCK_HEAD]))
            samples.append(Sample(bytes(data)))
    return samples


def change_signed_duckdb(rng: random.Random, sample: Sample) -> Sample:
    """A change within a block, with the right checksum."""
    data = bytearray(sample.data)
    for _ in range(rng.choice([1, 1, 2, 4])):
        start, size = rng.choice(duck_blocks(data))
        used = len(bytes(data[start : start + size]).rstrip(b"\x00"))
        block = mutate_bytes(rng, bytes(data[start + 8 : start + max(used, 16)]))
        block = (block + bytes(data[start + 8 + len(block) : start + size]))[: size - 8].ljust(size - 8, b"\x00")
        data[start : start + size] = sum_of_block(block) + block
    return Sample(bytes(data))


def change_duckdb(rng: random.Random, sample: Sample) -> Sample:
    """Change bytes of a DuckDB file."""
    return sample if rng.random() < 0.15 else Sample(mutate_bytes(rng, sample.data))
