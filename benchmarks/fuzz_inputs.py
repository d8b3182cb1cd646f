"""The inputs of benchmarks.fuzz: tables, settings and options, all of them nearly right.

Structured text comes first, files of every format come next, and both are damaged byte by byte. Everything follows
from the generator of random numbers that is handed in, as long as the libraries that write the files stay the same.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal, get_args
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.parquet as pq

from shared.data import Column, Schema
from shared.data.io.parse import Kind as ColumnKind
from shared.data.io.tables import REPAIRS

__all__ = ["Case", "make_case", "mutate", "override_text", "table_options", "table_text", "toml_text"]

Kind = Literal["text", "packed", "damaged", "parquet", "workbook", "frame", "toml", "override"]
# fmt: off
WEIGHTS: dict[Kind, int] = {
    "text": 45, "packed": 6, "damaged": 16, "parquet": 6, "workbook": 4, "frame": 5, "toml": 10, "override": 8,
}
NAMES = ["a", "b", "c", "ds", "y", "id", "unique_id", "größe", "b c", "a.1"]
ODD_NAMES = ["", " ", "a", "A", "a ", "1", "2024-01-31", "=a", "名", "e\u0301", "\u00e9", "\u200b", "\xa0", "x" * 99, "١", "²"]
# Cells by kind, so that whole columns can be of one kind with few exceptions.
CELLS: dict[str, list[str]] = {
    "whole": ["0", "1", "-1", "42", "+7", "9007199254740993", "9223372036854775807", "-9223372036854775808", "-0"],
    "huge": ["9223372036854775808", "9" * 40, "9" * 400, "1e308", "1.0e999", "-1e-999", "1E400", "0." + "1" * 50],
    "point": ["1.5", "-0.25", ".5", "5.", "1,234.5", "1.234", "1e5", "1.5E-3", "+0.5", "-.5e+3", "0.1.2", "1,234,567"],
    "comma": ["1,5", "-0,25", ",5", "5,", "1.234,5", "1,234", "1,5E-3", "0,000", "12.345.678,25", "1,,2"],
    "code": ["007", "+49", "12E5", "00", "0x1F", "1_000", "1 000", "1\xa0000", "(5)", "5-", "5%", "€5", "1/2", "--1"],
    "truth": ["true", "False", "TRUE", "yes", "n", "0", "1", "t", "tRuE", "oui"],
    "iso": ["2024-01-31", "2024-02-29", "2024-01-31T10:00", "2024-01-31 10:00:59.123456789", "2024-03-31 02:30",
            "2024-10-27 02:30", "9999-12-31", "0001-01-01", "1677-01-01", "2262-04-12"],
    "iso-odd": ["2024-02-30", "0000-01-01", "2024-12-31T23:59:60", "2024-01-01T24:00", "2024-01", "2024-W01-1", "20240131"],
    "zoned": ["2024-01-31T10:00Z", "2024-01-31T10:00+01:00", "2024-06-30T10:00+0200", "0001-01-01T00:00+14:00",
              "9999-12-31T23:59-12:00", "2024-01-31T10:00-00:00", "2024-01-31 10:00:00.5Z"],
    "zoned-odd": ["2024-01-31T10:00+99:99", "2024-01-31Z", "2024-01-31+01:00", "2024-01-31T10:00+25:00"],
    "short": ["31/01/2024", "1/2/2024", "01.02.2024", "12-31-2024", "31.12.9999 23:59", "1/1/0001", "29.2.2024"],
    "short-odd": ["0.0.0000", "1/2/2024 25:00", "1/2/2024T1:30:00", "1.2.24", "99/99/9999", "1/2-2024", "29.2.2023"],
    "missing": ["", " ", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "-", "?"],
    "formula": ["=1+1", "@x", "+A1", "-2+3", "=cmd|'/c calc'!A1", "\t=1", "#REF!", "=HYPERLINK(1)"],
    "text": ["x", "Köln", "a b", " x ", "inf", "-Infinity", "東京", "e\u0301", "🙂", "\u202eab", "'", "x" * 70, "ß" * 40],
    "text-odd": ["\ufeff", "\u200b", "١٢", "²", "１２", "\x85", "\u2028", "\x1c", "\x0b", "\x00", "\x1a", "\x7f", "\ufffe",
                 "\U0010ffff", "\\", "\\N", "{0}", "%s"],
    "quotes": ['"', '""', '"a,b"', '"a\nb"', '"a""b"', '"a"b', 'a"b', '"1,5"', '"\r\n"', '" x "'],
}
SEPARATORS = [",", ";", "\t", "|"]
ODD_SEPARATORS = [" ", ":", "\x1f", "\\", "'", "#", "0", "", "ab", "é", "\n", '"', "\x00", "\ud800"]
LINE_ENDS = ["\n", "\n", "\n", "\r\n", "\r\n", "\r", "\n\n", "\r\r\n", "\u2028", "\x85"]
CODECS = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1", "cp437", "shift_jis", "utf-7"]
ODD_CODECS = ["ascii", "utf-9", "", "\x00", "UTF 8", "idna", "punycode", "rot13", "hex", "zlib", "undefined", "mbcs", "hz",
              "unicode_escape", "raw_unicode_escape", "utf-8\ud800", "x" * 5000, "base64", "iso2022_jp", "big5", "../utf-8"]
DATES = ["iso", "day-first", "month-first", "%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M%z", "%Y-%m-%d %H:%M:%S.%f"]
ODD_DATES = ["%Y", "%j", "%y%m%d", "%s", "%", "%%", "%Z", "%z", "%q", "x", "", "%f", "%c", "%-d/%-m/%Y", "%G-W%V-%u", "%Y\x00",
             "%\ud800", "%d%d", "(%d", "%Y-%m-%d %I:%M %p", "%D", "%mixed", "%Y-%m-%d %Z", "%H", "%x", "%U %Y", "%%d"]
ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Etc/GMT+12", "+01:00", "UTC+01:00", "Africa/Monrovia"]
ODD_ZONES = ["", ".", "..", "/", "/etc/passwd", "../UTC", "Europe", "europe/berlin", "Mars/Base", "UTC\x00", "\ud800", "Z",
             "dateutil/Europe/Berlin", "dateutil/", "dateutil/x", "tzlocal()", "utc+1", "UTC+25:99", "x" * 300, "zone.tab",
             "pytz/UTC", "EST5EDT", "UTC-", "größe", "a\\b", "local", "+1", "-24:00", "+23:59:59"]
SUFFIXES = [".csv", ".csv", ".csv", ".txt", ".CSV.GZ", "", ".tsv", ".json", ".xls", ".ods", ".pkl", ".parquet", ".xlsx"]
SETTINGS = [
    'horizon = "2D"', "horizon=48", "origins=2", 'every="7D"', 'first_origin = "2014-01-01"', 'clocks=["12:00", "00:00"]', "risk=0.1",
    "other_weekdays=true", 'unit="MW"', "unit = MWh", 'timezone="UTC"', "timezone=Europe/Berlin", "comfort=[14.0, 20]", "seed=7",
    "reserve_price=1e3", 'upcoming_holidays=["2015-01-01"]', "n_jobs=-1", 'read.tz="UTC"', 'read.repair=["drop_bad_rows"]',
    'read.decimal=","', 'read.separator=";"', "read.dates=day-first", 'read={encoding = "utf-8"}', 'unit="\\u0000\\u2028\\\\"',
]
# Written out, so that a setting that is added does not change what the numbers stand for.
SETTING_NAMES = ["horizon", "origins", "every", "first_origin", "clocks", "other_weekdays", "risk", "unit", "timezone", "comfort",
                 "reserve_price", "upcoming_holidays", "seed", "n_jobs", "read", "leak_guard", "horizn", "Horizon", "read.tz", "read.repair", "read.decimal", "read.read",
                 "read.tz.x", "a", "__class__", "model_config", "größe", "seed.x", "comfort.0", '"a b"', "''"]
SETTING_VALUES = [
    "2", "-1", "0", "64", "1e400", "1e308", "nan", "inf", "0.05", "true", "'x'", '""', "[]", "[20.0, 14.0]", "[nan]", '["99:99"]',
    '["12:00\\n"]', "[[]]", "{}", "{a = 1}", "2024-01-31", "2024-01-31T10:00:00Z", "10:00:00", "0x1F", "1_0", "9" * 30, "9" * 5000,
    "-" + "9" * 4301, '"""x"""', '"\\ud800"', '"\\u0000"', "[" * 400, "[" * 90 + "]" * 90, "{a=" * 50 + "1" + "}" * 50, "", "x",
    "1 # y", '"""\n"""', "2\nrisk = 1", "a.b", '{"" = 1}', "[1, 'x', 2024-01-31]", "{d = 2024-01-31}", '"interpolate"',
    '["' + "x" * 3000 + '"]', "\ud800", "\x00", "٣", *(f'"{zone}"' for zone in ODD_ZONES if zone.isprintable() and "\\" not in zone),
]
# fmt: on


@dataclass
class Case:
    """One input: where it goes and with which options."""

    kind: Kind
    source: Any  # bytes of a file, a frame, or None
    name: str = "t.csv"
    options: dict[str, Any] = field(default_factory=dict)
    overrides: list[str] = field(default_factory=list)


def _cell(rng: random.Random, kind: str) -> str:
    if kind in {"whole", "point", "comma"} and rng.random() < 0.4:
        digits = "".join(rng.choices("0123456789", k=rng.choice([1, 2, 3, 4, 8, 17, 19, 20])))
        tail = (
            "" if kind == "whole" else (".,"[kind == "comma"] + "".join(rng.choices("0123456789", k=rng.randint(0, 4))))
        )
        return rng.choice(["", "", "-", "+"]) + digits + tail
    return rng.choice(CELLS[kind])


def table_text(rng: random.Random) -> str:
    """Text that is nearly a CSV table: columns mostly of one kind, with slips in any place."""
    separator, end = rng.choice(SEPARATORS if rng.random() < 0.95 else ODD_SEPARATORS), rng.choice(LINE_ENDS)
    names = rng.sample(NAMES, rng.randint(1, 4))
    if rng.random() < 0.15:
        names[rng.randrange(len(names))] = rng.choice(ODD_NAMES)
    kinds = rng.choices(list(CELLS), [1 if "-odd" in kind or kind == "quotes" else 5 for kind in CELLS], k=len(names))
    strange = rng.choice([0, 0, 0, 0.1, 0.4])
    rows = [names]
    for _ in range(rng.randint(0, 6)):
        row = [_cell(rng, rng.choice(list(CELLS)) if rng.random() < strange else kind) for kind in kinds]
        bare = ['"' in cell or separator not in cell or rng.random() < 0.05 for cell in row]
        rows.append([cell if good else f'"{cell}"' for cell, good in zip(row, bare, strict=True)])
    if rng.random() < 0.1:
        rows[rng.randrange(len(rows))] += ["x"]
    if rng.random() < 0.1:
        rows[rng.randrange(len(rows))].pop()
    always = rng.random() < 0.1
    lines = [separator.join(f'"{cell}"' if always else cell for cell in row) for row in rows]
    return end.join(lines) + rng.choice([end, end, "", "", end * 2, " ", "\x1a"])


def table_options(rng: random.Random) -> dict[str, Any]:
    """Options of `read_table`, a few of them impossible."""
    pools: dict[str, tuple[float, list[Any], list[Any]]] = {
        "separator": (0.1, SEPARATORS, ODD_SEPARATORS),
        "decimal": (0.2, [".", ","], [";", ""]),
        "encoding": (0.05, CODECS, ODD_CODECS),
        "dates": (0.2, DATES, ODD_DATES),
        "tz": (0.2, ZONES, ODD_ZONES),
        "repair": (0.4, [*REPAIRS, (), tuple(REPAIRS), tuple(REPAIRS)], [["drop_bad_rows", "x"], "", "\ud800"]),
        "sheet": (0.05, [0, "Sheet1"], [1, -1, "none", "", 10**20]),
        "max_bytes": (0.03, [5000, 10**9], [0, 100, -1]),
    }
    options = {
        key: rng.choice(sane if rng.random() < 0.92 else odd)
        for key, (often, sane, odd) in pools.items()
        if rng.random() < often
    }
    if rng.random() < 0.5:
        names = rng.sample(NAMES, rng.randint(0, 3)) + rng.choices(ODD_NAMES, k=rng.random() < 0.1)
        columns = tuple(
            Column(
                name,
                rng.choice(get_args(ColumnKind)),
                required=rng.random() < 0.2,
                allow_missing=rng.random() < 0.5,
                minimum=rng.choice([None, None, 0, -1.5, float("nan")]),
                maximum=rng.choice([None, None, 100, 1e308]),
                unique=rng.random() < 0.1,
                choices=rng.choice([(), (), (), ("x", "1"), ("Köln",)]),
            )
            for name in names
        )
        options["schema"] = Schema(columns, key=tuple(rng.sample(NAMES[:5], rng.choice([0, 0, 1, 2]))))
    return options


def mutate(rng: random.Random, data: bytes, times: int) -> bytes:
    """Flip, insert, delete, double or splice some bytes, `times` times."""
    changed = bytearray(data)
    for _ in range(times):
        place = rng.randrange(len(changed) + 1)
        length = rng.choice([1, 1, 2, 4, 8, 30])
        match rng.randrange(6):
            case 0 if place < len(changed):
                changed[place] ^= 1 << rng.randrange(8)
            case 1:
                changed[place:place] = rng.choice(
                    [rng.randbytes(length), b'"', b"\n", b"\x00" * length, b"\xff" * length]
                )
            case 2:
                del changed[place : place + length]
            case 3:
                changed[place:place] = changed[place : place + length] * rng.choice([1, 1, 2, 50])
            case 4:
                other = seed_bytes()[rng.choice(list(seed_bytes()))]
                changed[place : place + length] = other[rng.randrange(len(other)) :][: rng.choice([length, 200])]
            case _:
                del changed[place if rng.random() < 0.3 else len(changed) :]
    return bytes(changed)


def pack(data: bytes, packer: str) -> bytes:
    """Compress, the same way on every day and machine."""
    if packer == "zip":
        return _zip({"t.csv": data}, zipfile.ZIP_DEFLATED)
    if packer == "gz":
        return gzip.compress(data, mtime=0)
    return bz2.compress(data) if packer == "bz2" else lzma.compress(data)


def _zip(parts: dict[str, bytes], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def workbook_parts(rng: random.Random) -> dict[str, bytes]:
    """The files inside a small workbook, written by hand so that any of them can be damaged."""
    names = rng.sample(NAMES, rng.randint(1, 3)) + rng.choices(ODD_NAMES, k=rng.random() < 0.1)
    kinds = rng.choices(["inlineStr", "n", "b", "e", "d", "s", "str", "n2", "formula"], k=len(names))
    rows = ["".join(f'<c t="inlineStr"><is><t>{escape(_keep_printable(name))}</t></is></c>' for name in names)]
    for _ in range(rng.randint(0, 4)):
        cells = []
        for kind in kinds:
            text = escape(_keep_printable(_cell(rng, rng.choice(list(CELLS)) if rng.random() < 0.3 else "whole")))
            number = rng.choice(
                ["1", "1.5", "-1", "0", "1e308", "1e999", "45000", "45000.5", "9999999", "nan", "60", "-5e9", "9" * 20]
            )
            cells.append(
                {
                    "inlineStr": f'<c t="inlineStr"><is><t>{text}</t></is></c>',
                    "formula": f"<c><f>{text}</f><v>{number}</v></c>",
                    "n": f"<c><v>{number}</v></c>",
                    "n2": f'<c s="1"><v>{number}</v></c>',
                }.get(kind, f'<c t="{kind}"><v>{rng.choice([text, number])}</v></c>')
            )
        rows.append("".join(cells))
    # Excel names a default style; many other programs do not.
    style = rng.choice(['<cellStyles><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'] * 9 + [""])
    base = "http://schemas.openxmlformats.org"
    main, office = f"{base}/spreadsheetml/2006/main", f"{base}/officeDocument/2006/relationships"
    types, rels = f"{base}/package/2006/content-types", f"{base}/package/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    texts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{types}"><Default Extension="xml" ContentType="application/xml"/><Override'
            f' PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override'
            f' PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/><Override'
            f' PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{office}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Sheet1" sheetId="1"'
            ' r:id="r1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{rels}"><Relationship Id="r1" Type="{office}/worksheet"'
            f' Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{office}/styles"'
            ' Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": (
            "<styleSheet"
            f' xmlns="{main}"><fonts><font/></fonts><fills><fill><patternFill/></fill></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf/><xf'
            f' numFmtId="22" applyNumberFormat="1"/></cellXfs>{style}</styleSheet>'
        ),
        "xl/worksheets/sheet1.xml": (
            "<worksheet"
            f' xmlns="{main}"><sheetData>{"".join(f"<row>{row}</row>" for row in rows)}</sheetData></worksheet>'
        ),
    }
    return {name: text.encode() for name, text in texts.items()}


def _keep_printable(text: str) -> str:
    """Only what XML can hold."""
    return "".join(char if char.isprintable() or char in "\t\n" else "?" for char in text)


@cache
def arrow_columns() -> list[tuple[pa.Array, bool]]:
    """Columns of three values in most of Arrow's types, each with whether Parquet can hold it."""
    day, stamp = date(2024, 1, 31), datetime(2024, 1, 31, 10)
    # fmt: off
    numbers = (pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.duration("ns"), pa.duration("s"))
    arrays = [pa.array([1, None, 2], kind) for kind in numbers]
    arrays += [pa.array([2**64 - 1, 0, 1], pa.uint64()), pa.array([1, 2, 3], pa.float16()), pa.nulls(3)]
    arrays += [pa.array([2**53 + 1, -1, 2**63 - 1]), pa.array([float("nan"), float("inf"), None])]
    arrays += [pa.array([Decimal("1.50"), None, Decimal("-9.99")], kind) for kind in (pa.decimal128(9, 2), pa.decimal256(60, 2))]
    arrays += [pa.array([day, None, date(9999, 12, 31)], kind) for kind in (pa.date32(), pa.date64())]
    arrays += [pa.array([-(2**31), 0, 2**31 - 1], pa.int32()).cast(pa.date32())]
    arrays += [pa.array([stamp, None, datetime(1, 1, 1)], pa.timestamp(unit, tz)) for unit in ("s", "ms", "us")
               for tz in (None, "UTC", "+05:30", "Europe/Berlin")]
    arrays += [pa.array([0, 2**62, -(2**62)]).cast(pa.timestamp(unit, tz)) for unit in ("s", "ns") for tz in (None, "UTC", "Mars/Base")]
    arrays += [pa.array([1, None, 2], pa.time64("us")), pa.array([1, 86399, 0], pa.time32("s"))]
    arrays += [pa.array([True, None, False]), pa.array([True, False, True])]
    texts = (pa.string(), pa.large_string(), pa.string_view(), pa.binary())
    arrays += [pa.array(["x", None, "007"], kind) for kind in texts]
    arrays += [pa.array([b"\xff", b"", b"1"]), pa.array([b"ab", None, b"cd"], pa.binary(2)), pa.array(["1.5", "2024-01-31", "NA"])]
    arrays += [pa.array(["1,234", "5", ""]), pa.array(["31/01/2024", "x", " "])]
    arrays += [pa.array(["x", None, "y"]).dictionary_encode(), pa.array([1, 2, 1]).dictionary_encode()]
    arrays += [pa.array([stamp, stamp, None]).dictionary_encode(), pa.array([(1, 2, 3), None, (0, 0, 0)], pa.month_day_nano_interval())]
    arrays += [pa.array([[1], None, []]), pa.array([{"k": 1}, None, {"k": None}]), pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int8()))]
    # fmt: on
    return [(array, _fits_parquet(array)) for array in arrays]


def _fits_parquet(array: pa.Array) -> bool:
    try:
        pq.write_table(pa.table({"a": array}), io.BytesIO())
    except (pa.ArrowException, OSError):
        return False
    return True


def arrow_table(rng: random.Random, parquet: bool) -> pa.Table:
    """A small table of any types, with names that may be odd."""
    picked = [array for array, fits in rng.choices(arrow_columns(), k=rng.randint(1, 4)) if fits or not parquet]
    names = rng.sample(NAMES, len(picked)) if rng.random() < 0.9 else rng.choices(NAMES[:2] + ODD_NAMES, k=len(picked))
    return pa.table(picked, names=names).slice(rng.choice([0, 0, 0, 1]), rng.choice([0, 1, 2, 3, 3, 3]))


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="none")
    return buffer.getvalue()


def _frame(table: pa.Table, library: str) -> Any:
    """The table, or a pandas frame of it where pandas can hold it; Polars' own panics would drown the findings."""
    if library == "arrow":
        return table
    try:
        return table.to_pandas()
    except (pa.ArrowException, ValueError, TypeError, KeyError):
        return table


@cache
def seed_bytes() -> dict[str, bytes]:
    """Sound files of every format, for the mutations to begin with."""
    rng = random.Random(0)
    body = b"id;ds;y\n007;2024-01-31T10:00;1,5\n012;2024-02-01T10:00;2,25\n"
    table = pa.table({"a": [1, 2, None], "ds": ["2024-01-31", "x", None], "y": [1.5, None, 2.5]})
    seeds = {f"t.csv.{packer}": pack(body, packer) for packer in ("gz", "zip", "bz2", "xz")}
    seeds |= {"t.parquet": parquet_bytes(table), "t.xlsx": _zip(workbook_parts(rng), zipfile.ZIP_STORED)}
    seeds |= {
        "u.xlsx": _zip(workbook_parts(rng), zipfile.ZIP_DEFLATED),
        "t.toml": b'horizon = "2D"\nclocks = ["12:00"]\n[read]\ntz = "UTC"\n',
    }
    seeds |= {
        "u.csv": 'größe,"b ""c""",y\nKöln,"a\nb",1.5\nUlm,x,\n'.encode(),
        "v.csv": b"a\tds\r\n1\t31/01/2024\r\n2\t01/02/2024\r\n",
    }
    return {"t.csv": body, **seeds}


def _setting(rng: random.Random, odd: float) -> str:
    if rng.random() > odd:
        return rng.choice(SETTINGS)
    name = rng.choice(SETTING_NAMES) + (".a" * rng.choice([1, 900, 5000]) if rng.random() < 0.05 else "")
    return f"{name}{rng.choice(['=', '=', '=', '=', ' = ', '==', ':', '.=', '= ='])}{rng.choice(SETTING_VALUES)}"


def toml_text(rng: random.Random) -> str:
    """A settings file that is nearly right."""
    odd = rng.choice([0, 0.2, 0.6])
    lines = rng.sample(SETTINGS, rng.randint(0, 4)) + [_setting(rng, odd) for _ in range(rng.randint(0, 2))]
    if rng.random() < 0.2:
        lines.append(rng.choice(["[read]", "[read]", "[[read]]", "[quick]", "[read", "[horizon]", "[a.b]"]))
        lines += rng.choices(
            ['tz = "UTC"', 'decimal = "x"', "repair = []", "x = 1", "dates = 2024-01-31"], k=rng.randint(0, 2)
        )
    return rng.choice(["\n", "\n", "\r\n", "\n\n", "\r"]).join(lines)


def override_text(rng: random.Random) -> str:
    """One ``key=value``, or nearly."""
    text = _setting(rng, 0.5)
    return mutate(rng, text.encode(errors="replace"), 2).decode(errors="replace") if rng.random() < 0.2 else text


def make_case(seed: int, number: int) -> Case:
    """The input that a seed and a number stand for."""
    rng = random.Random(f"{seed}:{number}")
    kind = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    overrides = [override_text(rng) for _ in range(rng.choice([0, 0, 1, 2]))]
    if kind == "override":
        return Case(kind, None, overrides=overrides or [override_text(rng)])
    if kind == "toml":
        data = toml_text(rng).encode(rng.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16"]), errors="replace")
        return Case(kind, mutate(rng, data, rng.choice([0, 0, 0, 1, 3])), "t.toml", overrides=overrides)
    options = table_options(rng)
    if kind == "frame":
        return Case(kind, _frame(arrow_table(rng, parquet=False), rng.choice(["arrow", "pandas"])), options=options)
    if kind == "parquet":
        data = parquet_bytes(arrow_table(rng, parquet=True))
        return Case(kind, mutate(rng, data, rng.choice([0, 0, 1, 2])), "t.parquet", options)
    if kind == "workbook":
        parts = workbook_parts(rng)
        if rng.random() < 0.5:
            part = rng.choice([*list(parts), "xl/worksheets/sheet1.xml"])
            parts[part] = mutate(rng, parts[part], rng.choice([1, 2]))
        return Case(kind, _zip(parts, zipfile.ZIP_STORED), "t.xlsx", options)
    if kind == "damaged":
        name = rng.choice(list(seed_bytes()))
        data = mutate(rng, seed_bytes()[name], rng.choice([1, 1, 2, 5]))
        return Case(kind, data, name if rng.random() < 0.9 else "t" + rng.choice(SUFFIXES), options)
    codec = rng.choice(CODECS if rng.random() < 0.3 else CODECS[:4])
    data = table_text(rng).encode(codec, errors=rng.choice(["replace", "ignore"]))
    if codec not in CODECS[:4] and rng.random() < 0.7:
        options["encoding"] = codec
    if kind == "packed":
        packed = pack(data, rng.choice(["gz", "zip", "bz2", "xz"]))
        return Case(
            kind, mutate(rng, packed, rng.choice([0, 0, 1, 2])), rng.choice(["t.csv", "t.csv.gz", "t.zip"]), options
        )
    return Case(kind, mutate(rng, data, rng.choice([0, 0, 0, 1, 3])), "t" + rng.choice(SUFFIXES[:4]), options)
