"""Load files that were changed on purpose: python -m benchmarks.mutated --mutants 10000 --targets csv,models --seed 0.

Small sound files of every format that `read_table` reads, and of every model that `save_model` writes, are damaged byte
by byte, or by hand: unpacked, changed at one place inside, and packed again with the right checksums. Every mutant
follows from target, seed and number alone; ``--only TARGET:NUMBER`` plays one again and tells all about it. A mutant has
to be refused with an error of our own, or to be loaded and, where it is a model, to predict: within 5 s of processor
time and 1 GB of further memory, and without the end of the process. Whatever else happens is a finding, told once for
each type and place. Needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import random
import re
import resource
import signal
import sqlite3
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.fuzz_inputs import arrow_table, table_text, workbook_parts
from shared.data import read_table
from shared.errors import HexadError, MissingExtraError
from shared.runtime.store import dump_model, load_model

__all__ = ["Limits", "Outcome", "Sample", "Tally", "Target", "attempt", "chosen_targets", "make_mutant", "run_mutants"]

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"shared", "domains", "case_studies"}
OWN_ERRORS = (HexadError, MissingExtraError)
# What a loaded model may raise beside our own errors once it is used: how scikit-learn refuses NaN and wrong shapes.
USE_MAY_RAISE = (ValueError,)
RAW = 0.3  # share of the mutants that are damaged byte by byte
# One thread for each library, so that the worker can be forked and its memory is that of the mutant.
SINGLE = {
    "ARROW_DEFAULT_MEMORY_POOL": "system", "ARROW_IO_THREADS": "1", "MALLOC_ARENA_MAX": "1", "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
}  # fmt: skip
BOUNDARIES = [0, 1, -1, 2, 127, 128, 255, 256, 32767, -32768, 65535, 65536, 2**24, 2**31 - 1, -(2**31), 2**31]
BOUNDARIES += [2**32 - 1, 2**32, 2**40, 2**53 + 1, 2**61, 2**62, 2**63 - 1, -(2**63), 2**64 - 1]
FLOATS = [float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, -0.0, 1e9, -1.0, 0.5]
ODD_TEXTS = [
    "", " ", "a", "\x00", "nan", "-1", "2024-01-31", "ß\u0301", "../x", "x" * 5000, "os.system", "__class__", "1e999",
]  # fmt: skip
ODD_VALUES: list[Any] = [None, True, False, [], {}, [[[]]], {"a": {"a": []}}, *ODD_TEXTS, *BOUNDARIES, *FLOATS, 10**400]

Ints = np.ndarray[Any, np.dtype[np.int64]]
Members = dict[str, bytes]


@dataclass(frozen=True)
class Limits:
    """What one mutant may take: seconds of processor time, bytes of further memory, and seconds on the wall as a guard.

    >>> Limits().seconds
    5.0
    """

    seconds: float = 5.0
    memory: int = 1 << 30
    wall: float = 60.0


@dataclass(frozen=True)
class Sample:
    """Bytes of a file, and the options with which it is read.

    >>> Sample(b"a").options
    {}
    """

    data: bytes
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Files of one kind: how to make sound ones, how to change them by hand, how to load them and what to do then.

    >>> TABLES["csv"].suffix
    '.csv'
    """

    name: str
    suffix: str
    samples: Callable[[], Sequence[Sample]]
    change: Callable[[random.Random, Sample], Sample]
    load: Callable[..., Any]
    use: Callable[[Any], Any] | None = None


@dataclass
class Outcome:
    """What became of a mutant: "refused", "passed" or "finding", and what and where the finding is.

    >>> Outcome("passed").finding
    ''
    """

    word: str
    finding: str = ""
    detail: str = ""
    seconds: float = 0.0


class TooLongError(BaseException):
    """A mutant took too much processor time; no `except Exception` may swallow that."""


# Bytes


def mutate_bytes(rng: random.Random, data: bytes) -> bytes:
    r"""Flip, insert, delete, cut, double or overwrite some bytes, one to three times.

    >>> mutate_bytes(random.Random(1), b"abcdefgh") != b"abcdefgh"
    True
    """
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        _mutate_once(rng, changed)
    return bytes(changed)


def _mutate_once(rng: random.Random, changed: bytearray) -> None:
    size = len(changed)
    near = rng.random()  # the ends hold what steers the reading of the rest
    place = rng.randrange(min(size, 64) + 1) if near < 0.2 else rng.randrange(size + 1)
    place = max(0, size - rng.randrange(400)) if near > 0.7 else place
    length = rng.choice([1, 1, 2, 4, 8, 16, 100])
    match rng.randrange(8):
        case 0 if place < size:
            changed[place] ^= 1 << rng.randrange(8)
        case 1:
            changed[place:place] = rng.randbytes(length)
        case 2:
            del changed[place : place + length]
        case 3 if rng.random() < 0.4:
            del changed[place:]
        case 4:
            changed[place:place] = changed[place : place + length] * rng.choice([1, 2, 50])
        case 5:
            changed[place : place + length] = rng.choice([b"\x00", b"\xff"]) * len(changed[place : place + length])
        case _:
            width = rng.choice([1, 2, 4, 4, 8, 8])
            place -= rng.choice([0, place % width])
            if place + width <= size:
                changed[place : place + width] = _boundary_bytes(rng, width)


def _boundary_bytes(rng: random.Random, width: int) -> bytes:
    value = rng.choice(BOUNDARIES) & ((1 << 8 * width) - 1)
    return value.to_bytes(width, rng.choice(["little", "little", "big"]))


# Text and trees of JSON

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
TOKENS = [
    '"', "'", ",", ";", "\t", "\n", "\r", "\r\n", "\x00", "\ufeff", "{", "}", "[", "]", ":", "null", "NaN",
    "-Infinity",
]  # fmt: skip
TOKENS += [
    "1e400", "-0", "\\u0000", "\\ud800", "\\udc00", "\\", "9" * 400, "9" * 5000, "[" * 3000, '{"a":' * 3000, '""',
    "true",
]  # fmt: skip
TOKENS += [
    "2024-02-30", "0000-00-00", "2024-01-31T10:00+99:99", "=1+1", "x" * 70_000, "," * 12_000, "\n" * 5000, "\u2028",
]  # fmt: skip


def mutate_text(rng: random.Random, text: str) -> str:
    """Change a text at its tokens: numbers to boundaries, lines doubled or lost, odd tokens put in.

    >>> mutate_text(random.Random(2), "a,b") != "a,b"
    True
    """
    for _ in range(rng.choice([1, 1, 2])):
        place = rng.randrange(len(text) + 1)
        lines = text.split("\n")
        line = rng.randrange(len(lines))
        numbers = list(NUMBER.finditer(text))
        match rng.randrange(6):
            case 0 if numbers:
                one = rng.choice(numbers)
                text = text[: one.start()] + str(rng.choice([*BOUNDARIES, *FLOATS])) + text[one.end() :]
            case 1:
                lines[line:line] = [lines[line]] * rng.choice([1, 2, 300])
                text = "\n".join(lines)
            case 2:
                del lines[line]
                text = "\n".join(lines)
            case 3:
                end = place + rng.choice([1, 3, 20])
                text = text[:place] + text[place:end] * rng.choice([0, 2, 30]) + text[end:]
            case _:
                text = text[:place] + rng.choice(TOKENS) + text[place + rng.choice([0, 0, 1, 4]) :]
    return text


def mutate_tree(rng: random.Random, tree: Any) -> Any:
    """Change one place of what was read from JSON, in place: a value, a name, a part lost, doubled or moved.

    >>> mutate_tree(random.Random(3), {"a": [1, 2]}) != {"a": [1, 2]}
    True
    """
    places = _places(tree)
    if not places:
        return rng.choice(ODD_VALUES)
    owner, key = rng.choice(places)
    value = owner[key]
    other = rng.choice(places)
    match rng.randrange(7):
        case 0:
            del owner[key]
        case 1:
            owner[key] = rng.choice(ODD_VALUES)
        case 2:
            owner[key] = json.loads(json.dumps(other[0][other[1]]))
        case 3 if isinstance(owner, list):
            owner[key:key] = [json.loads(json.dumps(value)) for _ in range(rng.choice([1, 3, 200]))]
        case 3:
            owner[rng.choice([str(other[1]), *ODD_TEXTS[:4]])] = owner.pop(key)
        case 4 if isinstance(value, dict) and "__id__" in value:
            known = [part["__id__"] for part, name in places if name == "__id__"]
            owner[key] = value | {"__loader__": "CachedNode", "__id__": rng.choice(known)}
        case _:
            owner[key] = _odd_like(rng, value)
    return tree


def _odd_like(rng: random.Random, value: Any) -> Any:
    """Something of the same type that is at a boundary, or odd."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([value + 1, value - 1, -value, *BOUNDARIES])
    if isinstance(value, float):
        return rng.choice([-value, value * 1e9, *FLOATS])
    if isinstance(value, str):
        if NUMBER.fullmatch(value) or value in {"true", "false", "null"}:  # skops writes plain values as JSON in text
            return rng.choice(
                [str(rng.choice(BOUNDARIES)), json.dumps(rng.choice(FLOATS)), "null", "true", '"x"', "[]", "{}"]
            )
        return rng.choice([*ODD_TEXTS, value + "x", value[:-1], json.dumps(rng.choice(BOUNDARIES)), value * 2])
    return rng.choice(ODD_VALUES)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    stack = [tree]
    while stack:
        current = stack.pop()
        keys: Iterable[Any] = current if isinstance(current, dict) else range(len(current))
        for key in keys:
            found.append((current, key))
            if isinstance(current[key], dict | list):
                stack.append(current[key])
    return found


# Arrays


def mutate_array(rng: random.Random, data: bytes) -> bytes:
    """Change the values, the type, the shape or the header of an array in numpy's own format.

    >>> import io
    >>> buffer = io.BytesIO()
    >>> np.save(buffer, np.arange(3))
    >>> mutate_array(random.Random(1), buffer.getvalue()) != buffer.getvalue()
    True
    """
    kind = rng.random()
    if kind < 0.08:
        return mutate_bytes(rng, data)
    if kind < 0.18:
        return _with_other_header(rng, data)
    array = np.load(io.BytesIO(data), allow_pickle=False)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind < 0.65 and array.size:
            array = array.copy()
            for _ in range(rng.choice([1, 1, 2, 5])):
                _set_odd(rng, array)
        elif kind < 0.8:
            array = _retyped(rng, array)
        else:
            array = _reshaped(rng, array)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _set_odd(rng: random.Random, array: Any) -> None:
    part = array[rng.choice(array.dtype.names)] if array.dtype.names else array
    flat = part.reshape(-1) if part.flags.c_contiguous else part.ravel()
    odd = _odd_scalar(rng, part.dtype, array.size)
    if rng.random() < 0.15 or part.ndim != 1:
        part[...] = odd if rng.random() < 0.5 else part
    flat[rng.randrange(flat.size)] = odd
    if not np.shares_memory(flat, part):
        part[...] = flat.reshape(part.shape)


def _odd_scalar(rng: random.Random, dtype: Any, length: int) -> Any:
    """A value at a boundary of a type, wrapped around where it does not fit."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        low, high = int(info.min), int(info.max)
        value = rng.choice([low, high, high - 1, length, length - 1, length + 1, -length, *BOUNDARIES])
        return (value - low) % (high - low + 1) + low
    if dtype.kind in "fc":
        return np.asarray(rng.choice(FLOATS)).astype(dtype)
    if dtype.kind in "mM":
        return np.asarray(rng.choice([-(2**63), 2**63 - 1, 0, -1, 2**61])).view(dtype)
    if dtype.kind == "b":
        return rng.random() < 0.5
    if dtype.kind in "US":
        return (
            np.asarray(rng.choice(["", "x", "ß", "\x00", "\U0010ffff", "99"]))
            .astype("U")
            .astype(dtype, casting="unsafe")
        )
    return np.zeros((), dtype)


def _retyped(rng: random.Random, array: Any) -> Any:
    kinds = [
        "i1", "u1", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c16", "?", "U1", "U30", "S3", ">i4", ">f8", "M8[ns]",
        "f16",
    ]  # fmt: skip
    kind = rng.choice(kinds)
    if array.dtype.names:
        names = list(array.dtype.names)
        kept = rng.choice([names[:-1], names[::-1], names])
        pairs = [
            (name, rng.choice(kinds) if kept is names and rng.random() < 0.2 else array.dtype[name]) for name in kept
        ]
        return array[kept].astype(np.dtype(pairs))
    if rng.random() < 0.3 and array.ndim:
        return np.ascontiguousarray(array).view("u1")
    return array.astype(kind)


def _reshaped(rng: random.Random, array: Any) -> Any:
    shapes: list[Callable[[], Any]] = [
        lambda: array.reshape(-1), lambda: array[..., None], lambda: array[None], array.T.copy,
        lambda: array[:0], lambda: array[:-1], lambda: array[1:], lambda: array[::-1], lambda: np.concatenate([array, array]),
        lambda: np.repeat(array, 1000)[:100_000], lambda: array.reshape(-1)[0], lambda: array[..., :-1],
        lambda: np.asfortranarray(array[..., None].repeat(2, axis=-1)),
    ]  # fmt: skip
    return rng.choice(shapes)()


def _with_other_header(rng: random.Random, data: bytes) -> bytes:
    """The same bytes behind a header that tells of another type or shape."""
    start = 10 + struct.unpack("<H", data[8:10])[0]
    told = data[10:start].decode("latin-1")
    text = rng.choice([
        re.sub(r"\d+(?=[,)])", lambda _: str(rng.choice(BOUNDARIES)), told, count=1),
        re.sub(r"'shape': \([^)]*\)", f"'shape': {rng.choice(['(0,)', '()', '(2, 2)', '(-1,)', '(0, 4611686018427387904)', '(2147483647,)', '(1000000000,)', '(3000000, 1000)', '(1,)*33'])}", told),
        re.sub(r"'descr': ('[^']*'|\[.*?\]),", f"'descr': {rng.choice(['|O', '<U999999999', '|V0', '<f8', '<i1', '|S0', '<M8[ns]', '<U0', 'O8'])!r},", told),
        told.replace("False", "True"), told.replace("{", "{" * 50), "x" * 60_000,
    ]).rstrip()  # fmt: skip
    head = (text + " " * (-(len(text) + 11) % 64) + "\n").encode("latin-1")[:65_535]
    return data[:8] + struct.pack("<H", len(head)) + head + data[start:]


# Zips


def _members(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zipped(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of names that come twice
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return buffer.getvalue()


def mutate_zip(rng: random.Random, data: bytes) -> bytes:
    """Change a field of a zip's headers, or its list of members.

    >>> mutate_zip(random.Random(2), _zipped([("a", b"1")])) != _zipped([("a", b"1")])
    True
    """
    if rng.random() < 0.4:
        members = list(_members(data).items())
        place = rng.randrange(len(members))
        name, content = members[place]
        changes: list[list[tuple[str, bytes]]] = [
            [], [(name, content)] * 2, [(name + "/", content)], [("../" + name, content)], [("", content)], [(name, b"")],
            [(name, content), ("x", b"x")], [(name, _zipped([(name, content)]))], [(name.upper(), content)], [(name, content * 50)],
        ]  # fmt: skip
        members[place : place + 1] = rng.choice(changes)
        methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
        return _zipped(members, rng.choice(methods))
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2])):
        head, fields = rng.choice([
            (b"PK\x03\x04", [(4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)]),
            (b"PK\x01\x02", [(6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4), (42, 4)]),
            (b"PK\x05\x06", [(4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)]),
        ])  # fmt: skip
        starts = [one.start() for one in re.finditer(re.escape(head), data)]
        offset, width = rng.choice(fields)
        if starts:
            place = rng.choice(starts) + offset
            changed[place : place + width] = _boundary_bytes(rng, width) if rng.random() < 0.7 else rng.randbytes(width)
    return bytes(changed)


# Tables

CSV = "id;day;name;value;flag\n" + "".join(
    f'{n:03};2024-01-{n + 1:02};"Köln ""{n}""";{n},{n:02};{"yes" if n % 2 else "no"}\n' for n in range(12)
)
ROWS: list[dict[str, Any]] = [
    {"id": n, "day": f"2024-01-{n + 1:02}T10:00Z", "name": f"ä{n}", "value": n / 3, "flag": n % 2 == 0, "gap": None if n % 3 else n}
    for n in range(12)
]  # fmt: skip


def _csv(rng: random.Random, sample: Sample) -> Sample:
    text = table_text(rng) if rng.random() < 0.2 else sample.data.decode("utf-8")
    text = mutate_text(rng, text)
    codec = rng.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "cp1252"])
    return Sample(text.encode(codec, errors="replace"), sample.options)


def _json(rng: random.Random, sample: Sample) -> Sample:
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


def _in_gzip(inner: Callable[[random.Random, Sample], Sample]) -> Callable[[random.Random, Sample], Sample]:
    def change(rng: random.Random, sample: Sample) -> Sample:
        made = inner(rng, Sample(gzip.decompress(sample.data), sample.options))
        packed = gzip.compress(made.data, mtime=0)
        if rng.random() < 0.3:
            packed = rng.choice([packed * 2, packed + b"\x00" * 9, packed + made.data, mutate_bytes(rng, packed)])
        return Sample(packed, made.options)

    return change


def _zipped_csv(rng: random.Random, sample: Sample) -> Sample:
    if rng.random() < 0.3:
        inner = _csv(rng, Sample(next(iter(_members(sample.data).values()))))
        return Sample(_zipped([("t.csv", inner.data)]), sample.options)
    return Sample(mutate_zip(rng, sample.data), sample.options)


def _texts(text: str, pack: Callable[[bytes], bytes] = bytes) -> Callable[[], list[Sample]]:
    return lambda: [Sample(pack(text.encode()))]


# Parquet


def _write_parquet(table: pa.Table, **how: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **how)
    return buffer.getvalue()


def _parquet_samples() -> list[Sample]:
    stamps = pd.date_range("2024-01-01", periods=40, tz="Europe/Berlin")
    frame = pd.DataFrame(
        {"ds": stamps, "name": [f"ä{n % 7}" for n in range(40)], "n": range(40), "y": np.arange(40) / 3}
    )
    table = pa.Table.from_pandas(frame.set_index("n"))
    flat = table.set_column(1, "name", table.column("name").dictionary_encode())
    return [Sample(_write_parquet(table)), Sample(_write_parquet(flat, compression="zstd", data_page_version="2.0"))]


def _repeated(rng: random.Random) -> bytes:
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
    return _write_parquet(pa.table([array for _, array in columns], names=[name for name, _ in columns]))


def _with_other_notes(rng: random.Random, data: bytes) -> bytes:
    """A Parquet file whose notes, of pandas or of Arrow's own schema, were changed."""
    if rng.random() < 0.5:
        table = pq.read_table(io.BytesIO(data))
        notes = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        for _ in range(rng.choice([1, 2])):
            notes = mutate_tree(rng, notes)
        return _write_parquet(table.replace_schema_metadata({"pandas": json.dumps(notes)}))
    found = re.search(rb"ARROW:schema.{2,6}?((?:[A-Za-z0-9+/]{4}){20,}={0,2})", data, re.DOTALL)
    if found is None:
        return mutate_bytes(rng, data)
    text = found[1][: len(found[1]) // 4 * 4]
    told = bytearray(b64decode(text))
    for _ in range(rng.choice([1, 1, 3])):
        place, width = rng.randrange(len(told) - 8), rng.choice([1, 2, 4])
        told[place : place + width] = _boundary_bytes(rng, width) if rng.random() < 0.6 else rng.randbytes(width)
    return data[: found.start(1)] + b64encode(bytes(told)) + data[found.start(1) + len(text) :]


def _parquet(rng: random.Random, sample: Sample) -> Sample:
    kind = rng.random()
    data = sample.data
    if kind < 0.15:
        return Sample(_repeated(rng))
    if kind < 0.25:
        return Sample(_odd_schema(rng))
    if kind < 0.5:
        return Sample(_with_other_notes(rng, data))
    if kind < 0.75:
        start = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
        return Sample(data[:start] + mutate_bytes(rng, data[start:-8]) + data[-8:])
    how = {"compression": rng.choice(["none", "snappy", "gzip", "zstd"]), "use_dictionary": rng.random() < 0.5}
    made = _write_parquet(arrow_table(rng, parquet=True), **how)
    return Sample(mutate_bytes(rng, made) if rng.random() < 0.5 else made)


# Workbooks


def _workbook_samples() -> list[Sample]:
    from datetime import datetime

    import openpyxl

    book = openpyxl.Workbook()
    page: Any = book.active
    page.append(["name", "n", "day", "flag", "sum"])
    for number in range(8):
        page.append([f"ä{number}", number / 4, datetime(2024, 1, number + 1, 10), number % 2 == 0, f"=B{number + 2}*2"])
    buffer = io.BytesIO()
    book.save(buffer)
    parts = _members(buffer.getvalue())
    parts["docProps/core.xml"] = re.sub(
        rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2024-01-01T00:00:00Z", parts["docProps/core.xml"]
    )
    hand = workbook_parts(random.Random(1))
    return [Sample(_zipped(parts.items())), Sample(_zipped(hand.items()))]


PLACES = [
    "A1", "XFD1048576", "A0", "ZZZ1", "A99999999999", "1", "A", "", "AAAAAAA1", "a1", "A1:B2", "$A$1", "C1048577",
    "B3",
]  # fmt: skip
CELL_TYPES = ["s", "n", "b", "e", "d", "str", "inlineStr", "x", ""]
XML_PARTS = [
    "&x;", "&#0;", "&#x110000;", "<![CDATA[x]]>", "<!-- x -->", "<v/>", "</row>", "<row>", "<c><v>1</v></c>", "\x00",
]  # fmt: skip


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


def _workbook(rng: random.Random, sample: Sample) -> Sample:
    if rng.random() < 0.1:
        return Sample(mutate_zip(rng, sample.data))
    parts = _members(sample.data)
    sheet = "xl/worksheets/sheet1.xml"
    for _ in range(rng.choice([1, 1, 2])):
        part = rng.choice([*parts, sheet, sheet, sheet, sheet, sheet, "xl/styles.xml", "xl/workbook.xml"])
        parts[part] = mutate_xml(rng, parts[part].decode()).encode(errors="replace")
    if rng.random() < 0.05:
        del parts[rng.choice(list(parts))]
    return Sample(_zipped(parts.items()))


# Databases

SLOW_LIKE = f"'{'a' * 60}' like '{'%a' * 20}b'"
EXPRESSIONS = [
    "n", "n + 9223372036854775807", "n / 0", "9e999", "-9e999", "abs(-9223372036854775808)", "cast(x'ff' as text)", "char(0)",
    "char(55296)", "x'00ff'", "x''", "zeroblob(60000000)", "hex(zeroblob(20000000))", "hex(zeroblob(1000000))",
    "printf('%.*c', 40000000, 'x')", "printf('%1000000d', n)", "replace(hex(zeroblob(20000)), '0', hex(zeroblob(1000)))",
    SLOW_LIKE, SLOW_LIKE.replace("like", "glob").replace("%", "*"), "hex(randomblob(1000000))", "random()", "null", "'2024-01-' || n",
    "json_array(n, n)", "json_extract(name, '$')", "datetime(n, 'unixepoch')", "strftime('%f', 1e308)", "round(1e308, 400)",
    "load_extension('x')", "length(hex(zeroblob(20000000)))", "likely(n)", "instr(hex(zeroblob(1000000)), 'ab')", "quote(zeroblob(1000000))",
]  # fmt: skip
SELECTS = [
    "select n, {} as x from t", "select {} as x", "select group_concat({}) as x from t, t as u", "select * from v", "select * from w",
    "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c", "select t.n from t, t a, t b, t c, t d, t e, t f",
    "select count(*) as x from t a, t b, t c, t d, t e, t f, t g", "select * from sqlite_master", "select * from pragma_table_info('t')",
    "select value as x from json_each('[1, [2], {{}}]')", "select {} as x from t order by 1", "select distinct {} as x from t, t as u",
    "select n as a, n as a from t", 'select n as "" from t', "select max(n) over (order by n) as x from t", "select 1 where 0",
    "select n, {} as x from t a, t b, t c", "with recursive c(x) as (select {} union all select x || x from c) select x from c",
]  # fmt: skip
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


def _sqlite_samples() -> list[Sample]:
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


def _sqlite(rng: random.Random, sample: Sample) -> Sample:
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
            base.execute(limit)
            _fill_sqlite(base, rng.choice([1, 30, 300]))
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
                2**63 - 1, -(2**63), 1e308, 9e999, "x\x00y", b"\xff", b"", None, "", "x" * 100_000, "1.5",
                "2024-01-31",
            ]  # fmt: skip
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
                *ODD_TEXTS, None, 7, b"\xff", "create virtual table t using fts5(n)", "create table t(n, n)",
                "create view v as select * from v",
            ]  # fmt: skip
            base.execute("update sqlite_master set sql = ? where name = ?", (rng.choice(odd), name))
        case _:
            base.execute(
                "update sqlite_master set name = ?, tbl_name = ? where name = ?", (*rng.choices(ODD_TEXTS, k=2), name)
            )
    base.commit()


DUCK_START, DUCK_HEAD, DUCK_BLOCK = 3 * 4096, 4096, 16384
DUCK_TABLES = [
    "create table t as select i::integer as n, 'ä' || (i % 7) as name, i * 0.5 as value, date '2024-01-01' + i::integer as day from range(300) r(i)",
    "create table t as select i::hugeint as n, (i % 3)::decimal(9, 2) as d, timestamptz '2024-01-01' + to_hours(i::integer) as z from range(40) r(i)",
    "create table t as select [i] as n, {'a': i} as s from range(9) r(i)",
    "create table t as select 'x'::enum('x', 'y') as e, null::integer as n, interval 1 day as i, '101'::bit as b from range(9) r(i)",
    "create view t as select sum(a.i) as x from range(10000000) a(i), range(10000000) b(i)",
    "create view t as select repeat('x', 100000000) as x from range(100) r(i)",
    "create view t as select list(i) as x from range(100000000) r(i)",
    "create view t as select * from read_csv('/etc/passwd')",
    "create view t as with recursive c(x) as (select 1 union all select x + 1 from c) select x from c",
    "create view t as select i as x from range(100000000000) r(i)",
    "create view t as select string_agg(repeat('x', 10000), '') as x from range(1000000) r(i)",
]  # fmt: skip


def _sum_of_block(block: bytes) -> bytes:
    """DuckDB's own checksum of a block."""
    words = np.frombuffer(block, dtype="<u8")
    with np.errstate(over="ignore"):
        mixed = np.bitwise_xor.reduce(words * np.uint64(0xBF58476D1CE4E5B9))
    return struct.pack("<Q", int(mixed) ^ 5381)


def _duck_blocks(data: bytes | bytearray) -> list[tuple[int, int]]:
    """Start and size of each block of a DuckDB file; three heads come first."""
    heads = [(start, DUCK_HEAD) for start in range(0, DUCK_START, DUCK_HEAD)]
    return heads + [(start, DUCK_BLOCK) for start in range(DUCK_START, len(data) - DUCK_BLOCK + 1, DUCK_BLOCK)]


def _duckdb_samples() -> list[Sample]:
    import duckdb

    samples = []
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as folder:
        for number, statement in enumerate(DUCK_TABLES):
            path = Path(folder) / f"{number}.duckdb"
            with duckdb.connect(config={"threads": "1"}) as base:
                base.execute(
                    f"attach '{path}' as f (block_size {DUCK_BLOCK}); use f; {statement}; checkpoint f; use memory; detach f"
                )
            data = bytearray(path.read_bytes())
            data[124:140] = bytes(16)  # a number drawn for every file
            data[:8] = _sum_of_block(bytes(data[8:DUCK_HEAD]))
            samples.append(Sample(bytes(data)))
    return samples


def _duckdb_signed(rng: random.Random, sample: Sample) -> Sample:
    """A change within a block, with the right checksum."""
    data = bytearray(sample.data)
    for _ in range(rng.choice([1, 1, 2, 4])):
        start, size = rng.choice(_duck_blocks(data))
        used = len(bytes(data[start : start + size]).rstrip(b"\x00"))
        block = mutate_bytes(rng, bytes(data[start + 8 : start + max(used, 16)]))
        block = (block + bytes(data[start + 8 + len(block) : start + size]))[: size - 8].ljust(size - 8, b"\x00")
        data[start : start + size] = _sum_of_block(block) + block
    return Sample(bytes(data))


def _duckdb(rng: random.Random, sample: Sample) -> Sample:
    return sample if rng.random() < 0.15 else Sample(mutate_bytes(rng, sample.data))


# Models


def _model(rng: random.Random, sample: Sample) -> Sample:
    """A model file that was changed inside and signed anew."""
    outer = _members(sample.data)
    envelope, payload = json.loads(outer["envelope.json"]), outer["model.skops"]
    kind = rng.random()
    if kind < 0.05:
        return Sample(mutate_zip(rng, sample.data))
    if kind < 0.1:
        payload = mutate_zip(rng, payload) if rng.random() < 0.5 else mutate_bytes(rng, payload)
    elif kind >= 0.15:
        inner = _members(payload)
        arrays = [name for name in inner if name.endswith(".npy")]
        for _ in range(rng.choice([1, 1, 1, 2])):
            if arrays and rng.random() < 0.55:
                name = rng.choice(arrays)
                if rng.random() < 0.1:
                    inner[name] = inner[rng.choice(arrays)]
                else:
                    inner[name] = mutate_array(rng, inner[name])
            else:
                tree = mutate_tree(rng, json.loads(inner["schema.json"]))
                inner["schema.json"] = json.dumps(tree).encode(errors="replace")
        payload = _zipped(inner.items())
    if isinstance(envelope, dict):
        envelope["sha256"] = hashlib.sha256(payload).hexdigest()
    if 0.1 <= kind < 0.15:
        envelope = mutate_tree(rng, envelope)
    return Sample(_zipped([("envelope.json", json.dumps(envelope).encode(errors="replace")), ("model.skops", payload)]))


def _series(days: int = 90) -> pd.DataFrame:
    """Two daily series with what drives them."""
    rng = np.random.default_rng(7)
    parts = []
    for key, size in (("b", days), ("a", days - 9)):
        step = np.arange(size)
        weather, price = rng.normal(size=(2, size))
        parts.append(pd.DataFrame({
            "unique_id": key, "ds": pd.date_range("2023-01-02", periods=size), "y": 100 + 20 * np.sin(step * 0.9) + 5 * weather,
            "weather": weather, "price": price, "holiday": step % 30 == 3,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _split_series() -> tuple[pd.DataFrame, pd.DataFrame]:
    table = _series()
    late = table.groupby("unique_id").cumcount(ascending=False) < 5
    return table[~late].reset_index(drop=True), table.loc[late, ["unique_id", "ds", "price", "holiday"]]


@cache
def learners() -> dict[str, Any]:
    """Forecasters, unfitted, one of each kind that `save_model` takes.

    >>> "SeasonalNaive" in learners()
    True
    """
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.tree import DecisionTreeRegressor

    from domains.timeseries import (
        AutoForecaster,
        Drift,
        Exogenous,
        Fourier,
        LagForecaster,
        Naive2,
        PerSeries,
        QuantileBoosting,
        Recipe,
        Rolling,
        SeasonalMean,
        SeasonalNaive,
        SimilarDay,
    )

    rich = Recipe(
        (1, 2, 7), seasonal=("7D",), rolling=(Rolling(7), Rolling("7D", "max", lag=2)), calendar=("day_of_week",),
        fourier=(Fourier("7D"),), holidays="holiday",
        exogenous=(Exogenous("weather", lags=(1,), hinges=(0.0,)), Exogenous("price", known=True, lags=(0, 1))),
    )  # fmt: skip
    lags = Recipe((1, 2, 7), calendar=("day_of_week",))
    boosted = HistGradientBoostingRegressor(max_iter=3, max_leaf_nodes=4, min_samples_leaf=5)
    few: dict[str, Any] = {"recipe": rich, "horizon": 2, "calibration_folds": 2}
    return {
        "SeasonalNaive": SeasonalNaive("7D"), "SeasonalMean": SeasonalMean("7D", k=3), "Drift": Drift(), "Naive2": Naive2(7),
        "SimilarDay": SimilarDay(), "AutoForecaster": AutoForecaster(horizon=2, regressor=boosted),
        "PerSeries": PerSeries(LagForecaster(recipe=lags, horizon=2, calibration_folds=2)),
        "LagForecaster": LagForecaster(**few, differences=("7D", 1)), "LagForecaster.spread": LagForecaster(**few, spread=True),
        "LagForecaster.recursive": LagForecaster(
            LinearRegression(), recipe=lags, strategy="recursive", horizon=2, calibration_folds=2, differences=(1,), log="asinh"
        ),
        "LagForecaster.quantiles": LagForecaster(
            QuantileBoosting((0.25, 0.5, 0.75), max_iter=2, max_leaf_nodes=4), **few, spread="own"
        ),
        "LagForecaster.boosted": LagForecaster(boosted, **few),
        "LagForecaster.forest": LagForecaster(RandomForestRegressor(n_estimators=2, max_depth=3, random_state=0), **few, log=True),
        "LagForecaster.tree": LagForecaster(DecisionTreeRegressor(max_depth=3, random_state=0), **few),
    }  # fmt: skip


@cache
def matrix_estimators() -> dict[str, Any]:
    """Estimators over a matrix of features, unfitted, our own and scikit-learn's.

    >>> "StandardizedRidge" in matrix_estimators()
    True
    """
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.tree import DecisionTreeRegressor

    from domains.timeseries import NaturalGradientBoosting, QuantileBoosting, StandardizedRidge

    return {
        "StandardizedRidge": StandardizedRidge(),
        "NaturalGradientBoosting": NaturalGradientBoosting(n_estimators=5, learning_rate=0.2, min_samples_leaf=2),
        "QuantileBoosting": QuantileBoosting((0.25, 0.5, 0.75), max_iter=3, min_samples_leaf=2),
        "LinearRegression": LinearRegression(),
        "HistGradientBoosting": HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2),
        "RandomForest": RandomForestRegressor(n_estimators=2, max_depth=4, random_state=0),
        "DecisionTree": DecisionTreeRegressor(max_depth=5, random_state=0),
    }


@cache
def _matrix() -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 3))
    X[:, 2] = rng.integers(5, size=60)
    return X, X[:, 0] * 3 + X[:, 2] + rng.normal(size=60)


GOODS = ["tea", "milk", "soap", "oil", "bread", "jam"]


@cache
def _baskets() -> Any:
    from shared.data import BasketColumns, Incidence

    rng = np.random.default_rng(5)
    rows = [
        (order, GOODS[item], order // 5, f"c{order % 7}")
        for order in range(120)
        for item in sorted({*(rng.integers(2) * 3 + rng.choice(3, 2, replace=False)).tolist(), int(rng.integers(6))})
    ]
    table = pd.DataFrame(rows, columns=["order", "item", "day", "who"])
    return Incidence.from_frame(table, BasketColumns(time="day", customer="who"))


def _fitted(name: str) -> Any:
    from sklearn.base import clone

    if name in learners():
        return clone(learners()[name]).fit(_split_series()[0])
    if name in matrix_estimators():
        return clone(matrix_estimators()[name]).fit(*_matrix())
    from domains.basket import RuleRecommender

    return RuleRecommender().fit(_baskets())


@cache
def _warm_baskets() -> Any:
    return _baskets().take(np.arange(6))


def _use_model(name: str) -> Callable[[Any], Any]:
    """Predict with what was loaded, unless it is something else than what was saved."""

    def use(model: Any) -> Any:
        wanted: Any = learners().get(name, matrix_estimators().get(name))
        if name in learners() and type(model) is type(wanted):
            steps = getattr(wanted, "horizon", 2)
            return model.predict(steps, future=_split_series()[1], levels=(80,)).to_frame()
        if name in matrix_estimators() and type(model) is type(wanted):
            X = _matrix()[0][:5]
            for more in ("predict_distribution", "predict_quantiles"):
                if hasattr(model, more):
                    getattr(model, more)(X)
            return model.predict(X)
        if type(model).__name__ == name == "RuleRecommender":
            return model.scores(_warm_baskets()), model.recommend(_warm_baskets(), n=3)
        return None

    return use


def _rules_samples() -> list[Sample]:
    from domains.basket import association_rules

    samples = []
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as folder:
        path = Path(folder) / "rules.parquet"
        rules = association_rules(_baskets(), 0.2, min_support=2)
        for made in (rules, rules.tested()):
            made.save(path)
            samples.append(Sample(path.read_bytes()))
    return samples


def _load_rules(path: Path) -> Any:
    from domains.basket import Rules

    return Rules.load(path)


def _use_rules(rules: Any) -> Any:
    rules.explain(), rules.top(3), rules.to_frame(), rules.sorted("confidence")
    from domains.basket import improvement

    return rules.score(_warm_baskets(), n=3), rules.held_out(_warm_baskets()), improvement(rules, _baskets())


def _rules(rng: random.Random, sample: Sample) -> Sample:
    """Rules with other columns, or with other notes that are signed anew."""
    table = pq.read_table(io.BytesIO(sample.data))
    about = json.loads(table.schema.metadata[b"hexad.rules"])
    if rng.random() < 0.4:
        about.pop("digest")
        about = mutate_tree(rng, about)
        if isinstance(about, dict):
            about["digest"] = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    else:
        table = _other_column(rng, table)
    if rng.random() < 0.1:
        table = table.slice(0, rng.choice([0, 1]))
    table = table.replace_schema_metadata({b"hexad.rules": json.dumps(about).encode()})
    return Sample(_write_parquet(table, write_page_checksum=True))


def _other_column(rng: random.Random, table: pa.Table) -> pa.Table:
    place = rng.randrange(table.num_columns)
    name, column = table.column_names[place], table.column(place)
    values = column.to_pylist()
    row = rng.randrange(len(values))
    lists = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    pool: list[Any] = (
        [[], None, ["nothing"], ["tea"] * 3, ["tea", None], values[row] * 50] if lists else [None, *BOUNDARIES[:19]]
    )
    match rng.randrange(7):
        case 0 | 1 | 2:
            values[row] = rng.choice(pool)
            kind = None if rng.random() < 0.3 else column.type
            return table.set_column(place, name, pa.array(values, kind))
        case 3:
            kinds = [pa.int8(), pa.int32(), pa.uint64(), pa.float64(), pa.string(), pa.float16(), pa.date32()]
            return table.set_column(
                place, name, pa.array([rng.choice([1, 0, 100]) for _ in values], pa.int64()).cast(rng.choice(kinds))
            )
        case 4:
            return table.remove_column(place)
        case 5:
            return table.append_column(rng.choice([name, "x"]), rng.choice(table.columns))
        case _:
            odd = [pa.nulls(len(values)), pa.array([[1]] * len(values)), pa.array([{"a": 1}] * len(values))]
            odd += [column.dictionary_encode()] if not lists else [pa.array([[[one]] for one in range(len(values))])]
            return table.set_column(place, name, rng.choice(odd))


# Targets


def _table(name: str, samples: Callable[[], list[Sample]], change: Callable[[random.Random, Sample], Sample]) -> Target:
    suffix = {"zip": ".csv.zip", "duckdb.signed": ".duckdb"}.get(name, f".{name}")
    return Target(name, suffix, cache(samples), change, read_table)


LINES = "\n".join(map(json.dumps, ROWS))
TABLES = {
    one.name: one
    for one in (
        _table("csv", _texts(CSV), _csv),
        _table("csv.gz", _texts(CSV, lambda data: gzip.compress(data, mtime=0)), _in_gzip(_csv)),
        _table("json", _texts(json.dumps(ROWS)), _json),
        _table("jsonl", _texts(LINES), _json),
        _table("jsonl.gz", _texts(LINES, lambda data: gzip.compress(data, mtime=0)), _in_gzip(_json)),
        _table("parquet", _parquet_samples, _parquet),
        _table("xlsx", _workbook_samples, _workbook),
        _table("sqlite", _sqlite_samples, _sqlite),
        _table("duckdb", _duckdb_samples, _duckdb),
        _table("zip", _texts(CSV, lambda data: _zipped([("t.csv", data)])), _zipped_csv),
    )
}
SIGNED = {"duckdb.signed": _table("duckdb.signed", _duckdb_samples, _duckdb_signed)}
RULES = Target("Rules", ".parquet", cache(_rules_samples), _rules, _load_rules, _use_rules)


@cache
def _models() -> dict[str, Target]:
    names = [*learners(), *matrix_estimators(), "RuleRecommender"]

    def samples(name: str) -> Callable[[], list[Sample]]:
        return cache(lambda: [Sample(dump_model(_fitted(name)))])

    made = {name: Target(name, ".hexad", samples(name), _model, load_model, _use_model(name)) for name in names}
    return made | {RULES.name: RULES}


def chosen_targets(names: Iterable[str] = ("tables", "models")) -> list[Target]:
    """Targets by their names; "tables" and "models" stand for all of a group.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of Target

    Raises
    ------
    ValueError
        There is no such target.

    >>> [target.name for target in chosen_targets(["csv", "json"])]
    ['csv', 'json']
    """
    everything = {**TABLES, **SIGNED, **_models()}
    found: dict[str, Target] = {}
    for name in names:
        group = {"tables": TABLES, "models": _models()}.get(name)
        if group is None and name not in everything:
            raise ValueError(f"there is no target {name!r}; there are tables, models, {', '.join(everything)}")
        found.update(group or {name: everything[name]})
    return list(found.values())


def make_mutant(target: Target, seed: int, number: int) -> Sample:
    """The file that a target, a seed and a number stand for.

    >>> target = TABLES["csv"]
    >>> make_mutant(target, 0, 7) == make_mutant(target, 0, 7)
    True
    """
    rng = random.Random(f"{seed}:{target.name}:{number}")
    sample = rng.choice(target.samples())
    if rng.random() >= RAW:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Where a library cannot write what was thought of, bytes are changed instead.
            with contextlib.suppress(Exception):
                return target.change(rng, sample)
    return Sample(mutate_bytes(rng, sample.data), sample.options)


# One mutant


def _place(frames: Sequence[traceback.FrameSummary], *, lines: bool = True) -> str:
    """The innermost line of the packages; where none of theirs is on the way, that of the library."""
    ours = [frame for frame in frames if _package(frame.filename) in PACKAGES]
    one = (ours or list(frames))[-1]
    path = Path(one.filename)
    shown = path.relative_to(ROOT) if ours else Path(*path.parts[-3:])
    return f"{shown}{f':{one.lineno}' if lines else ''} in {one.name}"


def _package(name: str) -> str:
    path = Path(name)
    return path.relative_to(ROOT).parts[0] if path.is_relative_to(ROOT) else ""


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _too_long(_: int, __: FrameType | None) -> None:
    raise TooLongError


def _virtual_size() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def _cpu_seconds() -> float:
    """Processor time of this process and of those that it started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _judge(error: BaseException, *, used: bool) -> Outcome:
    """What an error stands for."""
    frames = traceback.extract_tb(error.__traceback__)
    told = "".join(traceback.format_exception(error))
    if isinstance(error, TooLongError):
        return Outcome("finding", f"hang at {_place(frames, lines=False)}", told)
    for link in _chain(error):
        if isinstance(link, MemoryError):
            there = traceback.extract_tb(link.__traceback__) or frames
            whole = there if any(_package(frame.filename) in PACKAGES for frame in there) else frames
            return Outcome("finding", f"memory: {type(link).__name__} at {_place(whole)}", told)
    if isinstance(error, OWN_ERRORS) or (used and isinstance(error, USE_MAY_RAISE)):
        return Outcome("refused", detail=told)
    stage = "use" if used else "load"
    return Outcome("finding", f"{type(error).__name__} in {stage} at {_place(frames)}", told)


def attempt(target: Target, sample: Sample, folder: Path, limits: Limits = Limits()) -> Outcome:
    r"""Load one file, use what comes of it and judge what that did; for the main thread of a process of its own.

    Parameters
    ----------
    target : Target
    sample : Sample
    folder : path
        Empty folder to write the file to.
    limits : Limits

    Returns
    -------
    Outcome

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     attempt(TABLES["csv"], Sample(b"a,b\n1,2\n"), Path(folder)).word
    'passed'
    """
    for left in folder.iterdir():
        left.unlink()
    path = folder / f"t{target.suffix}"
    path.write_bytes(sample.data)
    gc.collect()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, _too_long)
    resource.setrlimit(resource.RLIMIT_AS, (_virtual_size() + limits.memory + (1 << 26), hard))
    own, spent = time.process_time(), _cpu_seconds()
    _, last = resource.getrlimit(resource.RLIMIT_CPU)
    # Where no signal gets through to Python, the system ends the process.
    resource.setrlimit(resource.RLIMIT_CPU, (int(own + limits.seconds) + 2, last))
    used = False
    outcome = Outcome("passed")
    try:
        signal.setitimer(signal.ITIMER_PROF, limits.seconds, 1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = target.load(path, **sample.options)
            used = True
            if target.use is not None:
                target.use(loaded)
        del loaded
        signal.setitimer(signal.ITIMER_PROF, 0)
    except BaseException as error:  # noqa: BLE001 - panics are no Exception
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        outcome = _judge(error, used=used)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        resource.setrlimit(resource.RLIMIT_CPU, (last, last))
        signal.signal(signal.SIGPROF, before)
    outcome.seconds = _cpu_seconds() - spent
    if (
        outcome.seconds > limits.seconds + 0.5 and outcome.word != "finding"
    ):  # the alarm was lost in a library's callback
        outcome = Outcome(
            "finding", f"hang: {outcome.seconds:.1f} s in {'use' if used else 'load'}", outcome.detail, outcome.seconds
        )
    return outcome


# Many mutants

Job = tuple[Target, int]


@dataclass
class Tally:
    """What was found so far, by target.

    >>> Tally().summary()
    {}
    """

    words: dict[str, dict[str, int]] = field(default_factory=dict)
    findings: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    details: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, target: str, number: int, outcome: Outcome) -> None:
        """Count one mutant, and tell a finding when it is first met."""
        words = self.words.setdefault(target, {"mutants": 0, "refused": 0, "passed": 0, "findings": 0})
        words["mutants"] += 1
        words["findings" if outcome.word == "finding" else outcome.word] += 1
        if outcome.word == "finding":
            key = target, outcome.finding
            if key not in self.findings:
                print(f"finding: {target}:{number} {outcome.finding}", file=sys.stderr, flush=True)
            self.findings.setdefault(key, []).append(number)
            self.details.setdefault(key, outcome.detail)

    def summary(self) -> dict[str, dict[str, int]]:
        """Counts of mutants, of those refused and passed, and of findings, for each target."""
        return self.words

    def told(self) -> list[str]:
        """One line for each finding, with the first mutant that shows it."""
        lines = []
        for (target, finding), numbers in self.findings.items():
            detail = self.details[target, finding]
            trace = re.findall(r"^  File .*", detail, re.MULTILINE) if "most recent call first" in detail else []
            last = (trace or detail.strip().splitlines()[-1:] or [""])[0].strip()[:200]
            lines.append(f"{target}:{numbers[0]}  {finding}  ({len(numbers)} times)  {last}")
        return lines


def _serve(pipe: Connection, jobs: Sequence[Job], seed: int, limits: Limits, folder: Path, trace: Path) -> None:
    """Run mutants one after the other; tell the beginning and the end of each."""
    os.setsid()  # so that whatever is left can be ended together
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for channel in (1, 2):
        os.dup2(nowhere, channel)
    with trace.open("wb") as file:
        faulthandler.enable(file)
        faulthandler.register(signal.SIGXCPU, file, chain=True)
        gc.collect()
        gc.freeze()
        for place, (target, number) in enumerate(jobs):
            os.ftruncate(file.fileno(), 0)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            pipe.send((place, None))
            pipe.send((place, attempt(target, make_mutant(target, seed, number), folder, limits)))
        pipe.close()
        os._exit(0)


def _death(code: int | None, trace: str, wall: float) -> Outcome:
    """What the end of the process stands for, and where it was by its own last words."""
    lines = re.findall(r'File "([^"]+)", line (\d+) in (.+)', trace)[::-1]
    frames = [traceback.FrameSummary(name, int(line), inside) for name, line, inside in lines]
    where = f" at {_place(frames, lines=False)}" if frames else ""
    if wall:
        return Outcome("finding", f"hang: no end after {wall:g} s on the wall{where}", trace)
    name = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
    kind = "hang" if name == "SIGXCPU" else "crash"
    return Outcome("finding", f"{kind}: {name}{where}", trace)


def _one_worker(jobs: Sequence[Job], seed: int, limits: Limits, hear: Callable[[int, Outcome], None]) -> Outcome | None:
    """Run jobs in one process until they are done, or until it dies; then how, for the job that was running."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of forking beside threads: ours are at rest
        own = Path(folder) / "file"
        own.mkdir()
        trace = Path(folder) / "trace"
        pipe, end = context.Pipe(duplex=False)
        process = context.Process(target=_serve, args=(end, jobs, seed, limits, own, trace))
        process.start()
        end.close()
        silent = 0.0
        try:
            while not silent:
                if not pipe.poll(limits.wall):
                    silent = limits.wall
                    _ask_where(process.pid)
                    break
                place, outcome = pipe.recv()
                if outcome is not None:
                    hear(place, outcome)
        except (EOFError, OSError):
            pass
        finally:
            if silent:
                time.sleep(0.2)  # for its last words
                process.kill()
            process.join()
            with contextlib.suppress(OSError, TypeError):
                os.killpg(process.pid or 0, signal.SIGKILL) if process.pid else None
        if process.exitcode == 0 and not silent:
            return None
        return _death(process.exitcode, trace.read_text(errors="replace"), silent)


def _ask_where(pid: int | None) -> None:
    """Ask a process that fell silent where it is; that ends it, too."""
    if pid is not None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGXCPU)


def _alone(job: Job, seed: int, limits: Limits) -> Outcome:
    """What becomes of a mutant in a process of its own."""
    found: list[Outcome] = []
    died = _one_worker([job], seed, limits, lambda _, outcome: found.append(outcome))
    return died or found[0]


def run_mutants(
    targets: Sequence[Target],
    mutants: int,
    seed: int = 0,
    limits: Limits = Limits(),
    *,
    numbers: Sequence[int] | None = None,
) -> Tally:
    """Run the mutants 0 to `mutants` - 1 of each target in a process of their own, and another one wherever it dies.

    Parameters
    ----------
    targets : sequence of Target
    mutants : int
        Of each target.
    seed : int
    limits : Limits
    numbers : sequence of int, optional
        These mutants instead.

    Returns
    -------
    Tally

    >>> run_mutants([TABLES["csv"]], 3).summary()["csv"]["mutants"]
    3
    """
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as folder:
        for target in targets:  # what is imported and compiled on first use is not the mutants' own
            for sample in target.samples()[: 2 if target.use else 1]:
                path = Path(folder) / f"t{target.suffix}"
                path.write_bytes(sample.data)
                loaded = target.load(path, **sample.options)
                if target.use is not None:
                    target.use(loaded)
    jobs: list[Job] = [(target, number) for target in targets for number in (numbers or range(mutants))]
    done = 0

    def hear(place: int, outcome: Outcome) -> None:
        nonlocal done
        tally.add(jobs[start + place][0].name, jobs[start + place][1], outcome)
        done = start + place + 1

    while (start := done) < len(jobs):
        died = _one_worker(jobs[start:], seed, limits, hear)
        if died is None:
            break
        target, number = jobs[done]
        if done > start:  # what was broken by those before it is not its own fault
            alone = _alone((target, number), seed, limits)
            others = Outcome("finding", f"{died.finding} (only after others)", died.detail)
            died = alone if alone.word == "finding" else others
        tally.add(target.name, number, died)
        done += 1
    return tally


def _memory_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _replay(target: Target, seed: int, number: int, kept: str | None) -> None:
    sample = make_mutant(target, seed, number)
    print(
        f"{target.name}:{number} {len(sample.data):,} bytes, crc {zlib.crc32(sample.data):08x}, options {sample.options}"
    )
    print(ascii(sample.data[:1500]))
    if kept is not None:
        Path(kept).write_bytes(sample.data)
    outcome = _alone((target, number), seed, Limits())
    print(outcome.detail[-20_000:])
    print(f"{outcome.word} in {outcome.seconds:.2f} s {outcome.finding}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run mutants, or play one again.

    >>> main(["--mutants", "0", "--targets", "csv"])
    {}
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mutants", type=int, default=1000, help="of each target")
    parser.add_argument(
        "--targets", default="tables,models", help="names with commas between; tables and models are groups"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="TARGET:NUMBER", help="play one mutant again")
    parser.add_argument("--keep", metavar="FILE", help="with --only: where to write the mutant to")
    asked = parser.parse_args(arguments)
    try:
        if asked.only is not None:
            name, _, number = asked.only.rpartition(":")
            targets = chosen_targets([name])
            run_mutants(targets, 0)
            _replay(targets[0], asked.seed, int(number), asked.keep)
            return
        targets = chosen_targets(filter(None, asked.targets.split(",")))
    except ValueError as error:
        parser.error(str(error))
    tally = run_mutants(targets, asked.mutants, asked.seed)
    for line in tally.told():
        print(line)
    print(json.dumps(tally.summary()))


if __name__ == "__main__":
    if any(
        os.environ.get(name) != value for name, value in SINGLE.items()
    ):  # libraries read them when they are imported
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.mutated", *sys.argv[1:]], {**os.environ, **SINGLE})
    main()
