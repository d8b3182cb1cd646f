"""Databases: the same values and kinds as from a file, nothing in them ever changed, nothing of the machine read."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import shared
from shared.data import Column, Schema, fingerprint, read_table, read_table_with_report
from shared.data.io.sql import display_url, is_url, without_password
from shared.errors import DataError, SettingsError

duckdb = pytest.importorskip("duckdb")
pytest.importorskip("sqlalchemy")

# DuckDB's advice about Arrow has a test of its own below.
pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")

ROOT = Path(shared.__file__).parents[1]
SHOPS = "create table shops (id text, n integer); insert into shops values ('007', 1), ('012', -2);"
WHOLE = Schema(
    (
        Column("id", "text"),
        Column("big", "integer"),
        Column("gaps", "integer", allow_missing=True),
        Column("x", "number", allow_missing=True),
        Column("word", "text", allow_missing=True),
        Column("day", "datetime"),
        Column("open", "boolean"),
    )
)
ROWS = [
    ("007", 9007199254740993, 1, 1.5, "ä€", "2024-01-31", True),
    ("012", -9223372036854775808, None, None, "a,b\"c'd", "2024-02-29", False),
    ("100", 9223372036854775807, 3, -2.25, None, "2024-12-31", True),
]


@pytest.fixture
def sqlite(tmp_path):
    def write(script=SHOPS, name="t.sqlite"):
        base = sqlite3.connect(tmp_path / name)
        base.executescript(script)
        base.close()
        return tmp_path / name

    return write


@pytest.fixture
def duck(tmp_path):
    def write(script=SHOPS, name="t.duckdb"):
        base = duckdb.connect(str(tmp_path / name))
        for statement in filter(str.strip, script.split(";")):
            base.execute(statement)
        base.close()
        return tmp_path / name

    return write


@pytest.fixture
def anywhere(sqlite, duck):
    """The same script as an SQLite file, a DuckDB file and an SQLAlchemy address, with the file behind it."""

    def write(kind, script=SHOPS):
        path = duck(script) if kind == "duckdb" else sqlite(script)
        return path, f"sqlite:///{path}" if kind == "address" else path

    return write


KINDS = ["sqlite", "duckdb", "address"]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def beside(path):
    return sorted(other.name for other in path.parent.iterdir())


# The same table through every door.


def stored(folder: Path) -> dict[str, object]:
    names = WHOLE.names
    frame = pd.DataFrame(
        {name: pd.Series([row[i] for row in ROWS], dtype={"gaps": "Int64"}.get(name)) for i, name in enumerate(names)}
    )
    frame.to_csv(folder / "t.csv", index=False)
    frame.assign(day=pd.to_datetime(frame["day"])).to_parquet(folder / "t.parquet", index=False)
    import json

    (folder / "t.jsonl").write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in ROWS))
    base = sqlite3.connect(folder / "t.sqlite")
    base.execute("create table t (id text, big integer, gaps integer, x real, word text, day text, open boolean)")
    base.executemany("insert into t values (?, ?, ?, ?, ?, ?, ?)", ROWS)
    base.commit()
    base.close()
    other = duckdb.connect(str(folder / "t.duckdb"))
    other.execute(
        "create table t (id varchar, big bigint, gaps bigint, x double, word varchar, day date, open boolean)"
    )
    other.executemany("insert into t values (?, ?, ?, ?, ?, ?, ?)", ROWS)
    other.close()
    files = {name: folder / name for name in ("t.csv", "t.parquet", "t.jsonl", "t.sqlite", "t.duckdb")}
    return {**files, "address": f"sqlite:///{folder / 't.sqlite'}"}


@pytest.mark.parametrize("kind", ["t.parquet", "t.jsonl", "t.sqlite", "t.duckdb", "address"])
def test_the_same_table_through_every_door_under_one_schema(tmp_path, kind):
    doors = stored(tmp_path)
    expected, reading = read_table_with_report(doors["t.csv"], WHOLE)
    found, report = read_table_with_report(doors[kind], WHOLE)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, check_exact=True)
    assert found["big"].tolist() == [row[1] for row in ROWS]
    assert found["id"].tolist() == ["007", "012", "100"]
    assert str(found["gaps"].dtype) == "Int64"
    assert report.fingerprint == reading.fingerprint == fingerprint(found)


@pytest.mark.parametrize("kind", ["t.jsonl", "t.sqlite", "t.duckdb", "address"])
def test_the_same_table_without_a_schema(tmp_path, kind):
    found = read_table(stored(tmp_path)[kind])
    assert found["id"].tolist() == ["007", "012", "100"]
    assert found["big"].tolist() == [row[1] for row in ROWS]
    assert found["word"].isna().tolist() == [False, False, True]
    assert found["day"].dt.strftime("%Y-%m-%d").tolist() == [row[5] for row in ROWS]


def test_columns_are_chosen(tmp_path):
    for name, source in stored(tmp_path).items():
        found = read_table(source, Schema((Column("big", "integer"), Column("id", "text"))), columns=["big", "id"])
        assert list(found) == ["big", "id"], name
        with pytest.raises(DataError, match="column 'none': is missing"):
            read_table(source, Schema((Column("day", "datetime"),)), columns=["none"])


@pytest.mark.parametrize("kind", KINDS)
def test_text_with_gaps_is_read_without_a_schema(anywhere, kind):
    _, source = anywhere(kind, "create table t (a text, n integer); insert into t values (null, 1), ('x', null);")
    found = read_table(source)
    assert found["a"].isna().tolist() == [True, False]
    assert str(found["n"].dtype) in {"Int64", "Int32"}


def test_stamps_with_a_zone_are_shown_in_the_zone_asked_for_whatever_the_door(duck, tmp_path):
    stamps = ["2024-01-01T00:00:00+01:00", "2024-07-01T00:00:00+02:00"]
    path = duck("create table t (d timestamptz); " + "".join(f"insert into t values ('{stamp}');" for stamp in stamps))
    (tmp_path / "t.csv").write_text("d,n\n" + "".join(f"{stamp},1\n" for stamp in stamps))
    pd.DataFrame({"d": pd.to_datetime(stamps, utc=True)}).to_parquet(tmp_path / "t.parquet")
    for source in (tmp_path / "t.csv", tmp_path / "t.parquet", path):
        found = read_table(source, Schema((Column("d", "datetime"),)), tz="Europe/Berlin")
        assert found["d"].dt.strftime("%H:%M").tolist() == ["00:00", "00:00"], source.suffix


def test_reading_duckdb_warns_of_nothing(duck, recwarn):
    read_table(duck())
    assert [str(warning.message) for warning in recwarn] == []


# Queries.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("query", "held"),
    [
        (None, {"id": ["007", "012"], "n": [1, -2]}),
        ("shops", {"id": ["007", "012"], "n": [1, -2]}),
        ("select n from shops where id = '012'", {"n": [-2]}),
        ("  SELECT id FROM shops WHERE n > 0;", {"id": ["007"]}),
        ("with c as (select n * 2 as m from shops) select * from c order by m", {"m": [-4, 2]}),
        ("select '%' as a, '%s' as b, n from shops where id like '0%7'", {"a": ["%"], "b": ["%s"], "n": [1]}),
        ("select ':name' as a", {"a": [":name"]}),
        ("-- the shops\nselect n from shops where n > 0", {"n": [1]}),
    ],
)
def test_queries(anywhere, kind, query, held):
    path, source = anywhere(kind)
    before = digest(path), beside(path)
    assert read_table(source, query=query).to_dict("list") == held
    assert (digest(path), beside(path)) == before


WRITES = [
    "delete from shops",
    "insert into shops values ('x', 3)",
    "update shops set n = 9",
    "drop table shops",
    "create table other (a integer)",
    "select 1 as a; drop table shops",
    "select 1 as a; delete from shops; select 2 as b",
    "with c as (select 1) delete from shops",
    "with c as (select 1) insert into shops select 'x', 3",
    "with c as (select 1) update shops set n = 9",
    "with c as (select 1) insert into shops select 'x', 3 returning id",
    "with c as (select 1) delete from shops returning id",
    "pragma user_version = 7",
    "vacuum",
    "explain select 1",
    "",
    "  ",
]


@pytest.mark.any_pandas
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", WRITES)
def test_a_query_that_writes_is_refused_and_changes_nothing(anywhere, kind, query):
    path, source = anywhere(kind)
    before = digest(path), beside(path)
    with pytest.raises(DataError) as caught:
        read_table(source, query=query)
    assert (digest(path), beside(path)) == before
    assert path.name in str(caught.value)
    assert "query=" in caught.value.problems[0].fix


@pytest.mark.any_pandas
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{file}')",
        "select * from '{file}'",
        "select * from read_text('{file}')",
        "from glob('{file}')",
        "select readfile('{file}') as a",
        "select writefile('{file}', 'x') as a",
        "select load_extension('{file}') as a",
        "attach '{file}' as other",
        "with a as (select 1) select * from read_blob('{file}')",
        "copy shops to '{file}'",
        "load '{file}'",
        "install httpfs",
        "set enable_external_access = true",
    ],
)
def test_a_query_that_reaches_out_is_refused(anywhere, kind, query, tmp_path_factory):
    _, source = anywhere(kind)
    other = tmp_path_factory.mktemp("other") / "secret.csv"
    other.write_text("hush\nwhisper\n")
    with pytest.raises(DataError) as caught:
        read_table(source, query=query.format(file=other))
    assert "whisper" not in str(caught.value)
    assert other.read_text() == "hush\nwhisper\n"
    assert [name.name for name in other.parent.iterdir()] == ["secret.csv"]


@pytest.mark.any_pandas
@pytest.mark.parametrize("reader", ["read_csv('{file}')", "read_text('{file}')", "'{file}'"])
def test_a_duckdb_view_that_reads_another_file_is_refused(duck, tmp_path_factory, reader):
    other = tmp_path_factory.mktemp("other") / "secret.csv"
    other.write_text("hush\nwhisper\n")
    path = duck(f"create view v as select * from {reader.format(file=other)}")
    before = digest(path)
    for query in (None, "v"):
        with pytest.raises(DataError, match=r"t\.duckdb") as caught:
            read_table(path, query=query)
        assert "whisper" not in str(caught.value)
    assert digest(path) == before


def test_a_message_of_the_database_is_one_readable_line(duck):
    with pytest.raises(DataError) as caught:
        read_table(duck(), query="select nothere from shops")
    assert "??" not in str(caught.value)
    assert "^^^" not in str(caught.value)


def test_a_query_for_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    for source in (tmp_path / "t.csv", pd.DataFrame({"a": [1]})):
        with pytest.raises(SettingsError, match="query= is for databases, but '.*' is none"):
            read_table(source, query="select 1")


# Tables.

MANY = """
create table a (x integer); insert into a values (1);
create table "sele""ct ' odd-- drop" (q integer); insert into "sele""ct ' odd-- drop" values (7);
create table "select 1" (r integer); insert into "select 1" values (3);
create table "ä b" (s integer); insert into "ä b" values (4);
create view v as select x * 2 as z from a;
"""


@pytest.mark.any_pandas
@pytest.mark.parametrize("kind", KINDS)
def test_of_several_tables_one_has_to_be_named(anywhere, kind):
    _, source = anywhere(kind, MANY)
    with pytest.raises(DataError, match=r"it holds the tables .*'select 1'.*Pass query= with a table's name"):
        read_table(source)
    with pytest.raises(DataError, match=r"there is no table 'b'; there are .*'a'"):
        read_table(source, query="b")
    named = {
        "a": {"x": [1]},
        "sele\"ct ' odd-- drop": {"q": [7]},
        "select 1": {"r": [3]},
        "ä b": {"s": [4]},
        "v": {"z": [2]},
    }
    for name, held in named.items():
        assert read_table(source, query=name).to_dict("list") == held


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("script", "query", "told"),
    [
        (SHOPS, "select * from shops where 1 = 0", "no rows"),
        (SHOPS, "select id as a, n as a from shops", "repeated column names: 'a'"),
        (SHOPS, "select * from nothere", "nothere"),
        ("create table t (a integer);", None, "no rows"),
    ],
)
def test_what_is_no_table_is_refused(anywhere, kind, script, query, told):
    path, source = anywhere(kind, script)
    with pytest.raises(DataError) as caught:
        read_table(source, query=query)
    assert told in str(caught.value)
    assert path.name in str(caught.value)


def test_a_column_without_a_name_is_refused_as_in_a_csv(sqlite):
    path = sqlite()
    for source in (path, f"sqlite:///{path}"):
        with pytest.raises(DataError, match="no name"):
            read_table(source, query='select 1 as ""')


def test_an_empty_database_holds_no_table(sqlite, duck):
    path = sqlite("create table t (a); drop table t;")
    for source in (path, f"sqlite:///{path}", duck("create table t (a integer); drop table t")):
        with pytest.raises(DataError, match="it holds no table"):
            read_table(source)


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("sqlite", "select x'00ff' as a"),
        ("address", "select x'00ff' as a"),
        ("duckdb", "select 'x'::blob as a"),
        ("duckdb", "select [1, 2] as a"),
        ("duckdb", "select {'b': 1} as a"),
    ],
)
def test_what_is_no_single_value_is_refused(anywhere, kind, query):
    _, source = anywhere(kind)
    with pytest.raises(DataError, match="column 'a'"):
        read_table(source, query=query)


def test_triggers_do_not_run(sqlite):
    path = sqlite(
        SHOPS + "create table log (n); create trigger t after insert on shops begin insert into log values (1); end;"
    )
    before = digest(path)
    assert len(read_table(path, query="shops")) == 2
    assert digest(path) == before


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "t.sqlite"),
        (b"no database at all", "t.db"),
        (b"SQLite format 3\0 torn", "t.sqlite"),
        (b"12345678DUCK torn", "t.duckdb"),
    ],
)
def test_what_is_no_database_is_refused(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=name):
        read_table(tmp_path / name)


@pytest.mark.any_pandas
@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_torn_databases_are_refused(anywhere, kind):
    path, source = anywhere(kind)
    data = path.read_bytes()
    for share in (3, 2):
        path.write_bytes(data[: len(data) // share])
        with pytest.raises(DataError, match=path.name):
            read_table(source)


def test_the_kind_is_told_from_the_bytes_not_the_name(sqlite, duck):
    assert len(read_table(sqlite(name="t.duckdb"))) == 2
    assert len(read_table(duck(name="u.sqlite"))) == 2


def test_odd_file_names(sqlite):
    for name in ("a b?mode=rwc#x%20.sqlite", "ä.db", "q'uote.sqlite3"):
        path = sqlite(name=name)
        before = digest(path), beside(path)
        assert len(read_table(path)) == 2
        assert (digest(path), beside(path)) == before


def test_a_database_in_use_is_read(sqlite):
    path = sqlite()
    base = sqlite3.connect(path)
    base.execute("pragma journal_mode=wal")
    base.execute("insert into shops values ('x', 3)")
    base.commit()
    assert len(read_table(path)) == 3
    base.close()


@pytest.mark.any_pandas
def test_the_limit_holds(sqlite, duck):
    many = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 100000) select x from c"
    for source in (path := sqlite(), f"sqlite:///{path}", duck()):
        with pytest.raises(DataError, match="larger than the limit"):
            read_table(source, query=many, max_bytes=100_000)


ENDLESS = {
    "rows": "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c",
    "a count": "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) as n from c",
    "text that doubles": "with recursive c(x) as (select 'ab' union all select x || x from c) select length(x) as n from c",
}
ASK = """
import resource, sys, warnings
warnings.simplefilter("ignore")
from shared.data import read_table
from shared.errors import DataError
read_table({warm!r})
with open("/proc/self/statm") as file:
    now = int(file.read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (now + (1 << 30),) * 2)
def spent():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)
before = spent()
print("ready", flush=True)
try:
    read_table({path!r}, query="v")
except DataError as error:
    print("refused:", error)
print(spent() - before)
"""


@pytest.mark.any_pandas
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux' limits")
@pytest.mark.parametrize("view", ENDLESS)
@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_an_endless_view_is_refused_within_two_seconds_and_a_gigabyte(sqlite, duck, kind, view):
    warm = (sqlite if kind == "sqlite" else duck)(name=f"warm.{kind}")
    path = (sqlite if kind == "sqlite" else duck)(f"create view v as {ENDLESS[view]};", name=f"t.{kind}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    made = subprocess.Popen(
        [sys.executable, "-c", ASK.format(warm=str(warm), path=str(path))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        assert made.stdout.readline() == "ready\n"
        out, err = made.communicate(timeout=300)  # of a machine however busy; what counts is the processor's time
        assert out.startswith(f"refused: t.{kind}: "), err[-500:]
        assert float(out.splitlines()[-1]) < 4
    except subprocess.TimeoutExpired:
        pytest.fail("it is still being read after five minutes")
    finally:
        made.send_signal(signal.SIGKILL)
        made.communicate()


# Addresses.


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("postgresql://me:hunter2@host/sales", "hunter2"),
        ("postgresql://me:hun@ter2@host/sales", "ter2"),
        ("postgresql://me:hun:ter2@host/sales", "ter2"),
        ("postgresql://me:hun/ter2@host/sales", "ter2"),
        ("postgresql://:hunter2@host/sales", "hunter2"),
        ("POSTGRESQL+psycopg2://me:hunter2@host:5432/sales", "hunter2"),
        ("postgresql:///sales?user=me&password=hunter2", "hunter2"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BUID%3Dme%3BPWD%3Dhunter2", "hunter2"),
        ("nonsense://me:hunter2@host/sales", "hunter2"),
    ],
)
def test_no_password_is_shown(address, secret):
    assert is_url(address)
    assert secret not in display_url(address)
    assert secret not in without_password(address)
    with pytest.raises(DataError) as caught:
        read_table(address, query="select 1 as a")
    shown = [str(caught.value), caught.value.source, repr(caught.value.problems)]
    assert all(secret not in text for text in shown)


def test_no_password_is_in_the_report(sqlite):
    path = sqlite()
    address = f"sqlite:///file:{path}?mode=ro&uri=true&password=hunter2"
    _, report = read_table_with_report(address)
    assert "hunter2" not in report.explain()
    assert "hunter2" not in report.source


def test_an_address_that_no_database_has_is_refused_plainly(tmp_path):
    with pytest.raises(DataError, match="Check the address"):
        read_table("postgresql://me:hunter2@host:notaport/sales", query="select 1 as a")
    with pytest.raises(DataError, match="Check the address"):
        read_table("nonsense://host/sales", query="select 1 as a")


def test_an_address_without_a_file_makes_none(tmp_path):
    with pytest.raises(DataError):
        read_table(f"sqlite:///{tmp_path / 'none.sqlite'}", query="select 1 as a")
    assert list(tmp_path.iterdir()) == []


def test_a_page_of_the_web_is_not_taken_for_a_database():
    with pytest.raises(DataError) as caught:
        read_table("https://example.org/t.csv")
    assert "sqlalchemy" not in str(caught.value)


def test_a_path_is_shown_by_its_name_and_is_no_address():
    assert display_url("data/sales.csv") == "sales.csv"
    assert display_url(Path("data/sales.csv")) == "sales.csv"
    assert not is_url("C:/data/sales.csv")
    assert not is_url(Path("sqlite:///x"))


def test_refusals_are_quick(sqlite):
    since = time.process_time()
    with pytest.raises(DataError):
        read_table(sqlite(), query="drop table shops")
    assert time.process_time() - since < 1
