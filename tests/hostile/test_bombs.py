"""Small files that would take all memory or never end: each is refused in a few seconds of processor time.

Each attack runs in a process of its own with a limit on its memory, and says what came of it and what it cost, its
children included.
"""

import gzip
import io
import json
import os
import resource
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import shared
from domains.basket import Rules, association_rules
from shared.data import read_table
from shared.data.io.subprocess_worker import RefusedError, find_select
from shared.errors import DataError, StoreError
from tests.hostile.test_malicious import HEADER_CELL, workbook

pytestmark = pytest.mark.any_pandas

ROOT = Path(shared.__file__).parents[1]
SECONDS = 5.0
MEMORY = 1 << 30

ATTEMPT = """
import json, os, resource, sys, time, warnings
warnings.simplefilter("ignore")
from shared.data import read_table
from shared.errors import HexadError

options = json.loads(sys.argv[2])
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[3]), taken + int(sys.argv[3])))
try:
    read_table(sys.argv[1], **options)
    told = ["read", ""]
except HexadError as error:
    told = ["refused", str(error)]
except MemoryError as error:
    told = ["memory", str(error)]
print(json.dumps([*told, sum(os.times()[:4])]))
"""


def attempt(path, **options):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    env |= {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPT, str(path), json.dumps(options), str(MEMORY)], cwd=path.parent, env=env,
        capture_output=True, text=True, check=False, timeout=1800, preexec_fn=no_core,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-500:]
    return json.loads(done.stdout.splitlines()[-1])


def no_core():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def sheet(rows):
    return workbook(HEADER_CELL + rows)


def rolled(pieces):
    """A workbook whose one sheet is so large that it is written piece by piece."""
    plain = io.BytesIO(workbook(HEADER_CELL))
    made = io.BytesIO()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            with new.open(name, "w") as member:
                if "sheet1.xml" in name:
                    head, end = old.read(name).split(b"</sheetData>")
                    member.write(head)
                    for piece in pieces:
                        member.write(piece)
                    member.write(b"</sheetData>" + end)
                else:
                    member.write(old.read(name))
    return made.getvalue()


def database(*statements):
    def make(path):
        base = sqlite3.connect(path)
        for statement in statements:
            base.execute(statement)
        base.commit()
        base.close()

    return make


def repeated_texts():
    buffer = io.BytesIO()
    coded = pa.DictionaryArray.from_arrays(pa.array([0] * 60_000, pa.int32()), ["x" * 100_000])
    pq.write_table(pa.table({"a": coded}), buffer, compression="zstd", store_schema=False)
    return buffer.getvalue()


def long_list(kind):
    buffer = io.BytesIO()
    many = pa.array([0], kind).take(pa.array([0] * 30_000_000))
    pq.write_table(pa.table({"a": pa.ListArray.from_arrays([0, len(many)], many)}), buffer, compression="zstd")
    return buffer.getvalue()


def sparse(rows, keys):
    return "{}\n" * rows + json.dumps({f"k{number}": 1 for number in range(keys)})


MANY_NUMBERS = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 100000000)"
BOMBS = {
    "a row number beyond all": ("a.xlsx", sheet('<row r="1000000000000"><c r="A1000000000000"><v>1</v></c></row>'), "sheets end"),
    "a row number that is large": ("a.xlsx", sheet('<row r="900000000"/>'), "sheets end"),
    "a negative row number": ("a.xlsx", sheet('<row r="-5"><c r="A2"><v>1</v></c></row>'), ""),
    "millions of empty rows": ("a.xlsx", lambda: rolled([b"<row/>" * 1_000_000] * 20), "swells"),
    "millions of elements": ("a.xlsx", lambda: rolled([b"<x/>" * 1_000_000] * 50), "swells"),
    "rows that count": (
        "a.xlsx", lambda: rolled([b"".join(b'<row r="%d"/>' % n for n in range(k, k + 10**5)) for k in range(2, 3 * 10**5, 10**5)]), ""
    ),
    "texts that repeat": ("a.parquet", repeated_texts, "limit"),
    "one long list": ("a.parquet", lambda: long_list(pa.int64()), "not single values"),
    "one long list of small numbers": ("a.parquet", lambda: long_list(pa.int8()), "not single values"),
    "a key that repeats among many": (
        "a.jsonl", "{" + ", ".join(f'"k{n}": 1' for n in range(60_000)) + ', "k5": 2}', "names 'k5' twice"
    ),
    "all keys repeat": ("a.json", "[{" + ", ".join(f'"k{n % 30_000}": 1' for n in range(60_000)) + "}]", "twice"),
    "nothing, and then many keys": ("a.jsonl", sparse(300_000, 10_000), "nearly all cells would be empty"),
    "the same, packed": ("a.json.gz", gzip.compress(sparse(300_000, 10_000).encode()), "nearly all cells would be empty"),
    "the same, in a list": (
        "a.json", "[" + "{}," * 300_000 + json.dumps({f"k{n}": 1 for n in range(10_000)}) + "]", "nearly all cells would be empty"
    ),
    "one object of many lists": ("a.jsonl", '{"a": [' + "[]," * 20_000_000 + "[]]}", "characters"),
    "one object of many lists, in a list": ("a.json", '[{"a": [' + "[]," * 20_000_000 + "[]]}]", "characters"),
    "nothing but line ends": ("a.jsonl", "\n" * 50_000_000, "empty"),
    "a generated column": (
        "a.sqlite",
        database(
            "create table t (n integer, big text generated always as (hex(zeroblob(40000000))) virtual)",
            f"insert into t (n) {MANY_NUMBERS} select x from c limit 1000",
        ),
        "",
    ),
    "a generated column that only takes time": (
        "a.sqlite",
        database(
            "create table t (n integer)",
            f"insert into t (n) {MANY_NUMBERS} select x from c limit 5000",
            "alter table t add column slow integer generated always as "  # nothing of it is computed here
            "(length(replace(hex(zeroblob(3000000)), '0', printf('%d', n)))) virtual",
        ),
        "processor time",
    ),
    "a view of long texts": (
        "a.sqlite",
        database(f"create view t as {MANY_NUMBERS} select hex(zeroblob(10000000)) as a from c"),
        "",
    ),
    "a view without an end": ("a.sqlite", database(f"create view t as {MANY_NUMBERS} select x from c where x < 0"), "no end"),
}  # fmt: skip


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux' processes and limits")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_little_cost(tmp_path, name):
    file, content, words = BOMBS[name]
    path = tmp_path / file
    made = content() if callable(content) and not file.endswith(".sqlite") else content
    if callable(made):
        made(path)
    else:
        path.write_bytes(made.encode() if isinstance(made, str) else made)
    start = sum(os.times()[2:4])
    end, told, _ = attempt(path)
    spent = sum(os.times()[2:4]) - start
    assert end == "refused" or name == "rows that count", (end, told)
    assert words in told
    assert spent <= SECONDS + 3  # importing the libraries is part of it


def test_a_query_of_comments_is_looked_at_once():
    for query in (
        "/**/" * 30_000 + "x",
        "-- a\n" * 30_000 + "x",
        " " * 100_000 + "x",
        "/*" * 50_000,
        "/**/" * 34 + "x",
    ):
        with pytest.raises(RefusedError, match="there is no table"):
            find_select(query, ["t"])
    for query in (
        "select 1",
        " -- a\n/* b */ SELECT 1",
        "with a as (select 1) select * from a",
        "values (1)",
        "/* a */select 1",
    ):
        assert find_select(query, ["t"]) == query


def rules_file(path, **changed):
    """A file of rules with the right digest for what was changed."""
    from domains.basket.rules import files

    rules = association_rules([["a", "b"], ["a", "b"], ["a"]], 0.5, min_support=1)
    rules.save(path)
    table = pq.read_table(path)
    about = json.loads(table.schema.metadata[files.KEY])
    about.pop("digest")
    about["asked"] |= changed
    about["digest"] = files._digest(about)
    pq.write_table(
        table.replace_schema_metadata({files.KEY: json.dumps(about).encode()}), path, write_page_checksum=True
    )
    return path


@pytest.mark.parametrize(
    "share", ["1e99999999", "1/" + "9" * 5000, "-1", "2", "nan", "1e-99999999", 0.5, "1/0", None, "٣", "0x1", " 1/2"]
)
def test_a_share_in_a_file_of_rules_has_its_bounds(tmp_path, share):
    with pytest.raises(StoreError, match="is damaged, or no file of rules"):
        Rules.load(rules_file(tmp_path / "r.parquet", min_confidence=share))


@pytest.mark.parametrize(
    "changed",
    [{"max_length": "5"}, {"max_length": [1]}, {"max_length": -1}, {"max_length": 10**400}, {"min_count": 9 * 10**15}],
)
def test_numbers_in_a_file_of_rules_have_their_bounds(tmp_path, changed):
    with pytest.raises(StoreError, match="is damaged, or no file of rules"):
        Rules.load(rules_file(tmp_path / "r.parquet", **changed))


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("p_value", [-1.0, 0.5], "p_value"),
        ("p_adjusted", [float("nan"), 0.5], "p_adjusted"),
        ("p_value", ["a", "b"], "p_value"),
        ("adjusted_lift", [-1.0, 1.0], "adjusted_lift"),
        ("kept", [1, 0], "kept"),
        ("antecedent", [["b"], ["a"]], "an item on both sides"),
        ("antecedent", [["a", "a"], ["b"]], "an item twice"),
        ("antecedent", [[""], ["b"]], "without a name"),
    ],
)
def test_a_file_of_rules_holds_what_a_test_gives(tmp_path, name, values, said):
    path = tmp_path / "r.parquet"
    rules = association_rules([["a", "b"], ["a", "b"], ["a"]], 0.5, min_support=1).test("fisher")
    rules.save(path)
    table = pq.read_table(path)
    assert Rules.load(path).columns.keys() == rules.columns.keys()
    place = table.schema.get_field_index(name)
    pq.write_table(table.set_column(place, name, pa.array(values)), path, write_page_checksum=True)
    with pytest.raises(StoreError, match=said):
        Rules.load(path)


def test_rules_that_were_none_are_read_with_what_was_asked(tmp_path):
    rules = association_rules([["a", "b"]] * 5, 0.5, min_support=9)
    rules.save(tmp_path / "r.parquet")
    assert len(Rules.load(tmp_path / "r.parquet")) == 0
    assert Rules.load(tmp_path / "r.parquet").query.min_count == 9


def test_shares_as_they_are_saved_are_read(tmp_path):
    for share in ("1/2", "0", "1", "333/1000"):
        assert str(Rules.load(rules_file(tmp_path / "r.parquet", min_confidence=share)).query.min_confidence) == share


def test_a_file_of_rules_with_one_endless_list(tmp_path, monkeypatch):
    from domains.basket.rules import files

    monkeypatch.setattr(files, "MAX_VALUES", 1_000_000)  # a list of a hundred million takes its time to write
    many = pa.array([0]).take(pa.array([0] * 1_200_000, pa.int32()))
    pq.write_table(pa.table({"antecedent": pa.ListArray.from_arrays([0, len(many)], many)}), tmp_path / "r.parquet")
    with pytest.raises(StoreError, match="1,200,000 values, more than any file of rules"):
        Rules.load(tmp_path / "r.parquet")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux' processes and limits")
def test_too_little_memory_is_told_as_such(tmp_path):
    """Not as a damaged table."""
    numbers = pa.array(range(2_000_000), pa.int64())
    pq.write_table(pa.table({f"c{place}": numbers for place in range(12)}), tmp_path / "a.parquet")
    end, told, _ = attempt_with(tmp_path / "a.parquet", memory=60 << 20)
    assert end == "memory", told


def attempt_with(path, memory):
    before = globals()["MEMORY"]
    globals()["MEMORY"] = memory
    try:
        return attempt(path)
    finally:
        globals()["MEMORY"] = before


def test_a_reader_that_crashes_is_an_error_of_the_file(tmp_path, monkeypatch):
    from shared.data.io import subprocess_reader

    broken = tmp_path / "worker.py"
    broken.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    database("create table t (a)", "insert into t values (1)")(tmp_path / "a.sqlite")
    assert read_table(tmp_path / "a.sqlite").a.tolist() == [1]
    monkeypatch.setattr(subprocess_reader.subprocess_worker, "__file__", str(broken))
    with pytest.raises(DataError, match="its reader ends with code -11"):
        read_table(tmp_path / "a.sqlite")


def test_where_python_does_not_know_its_program_files_are_streamed_in_this_process(tmp_path, monkeypatch):
    from shared.data.io import subprocess_reader

    duckdb = pytest.importorskip("duckdb")
    database("create table t (a integer, b text)", "insert into t values (1, 'x'), (null, 'y')")(tmp_path / "a.sqlite")
    database("create table t (a)", "insert into t values (1)", "create view v as select * from t")(
        tmp_path / "b.sqlite"
    )
    base = duckdb.connect(str(tmp_path / "a.duckdb"))
    base.execute("create table t as select 1 as a, 'x' as b")
    base.execute("create view v as select a + 1 as a from t")
    base.close()
    (tmp_path / "a.xlsx").write_bytes(sheet('<row r="3"><c r="A3"><v>1</v></c></row>'))
    sources = [("a.sqlite", None), ("b.sqlite", "v"), ("b.sqlite", "select a from t"), ("a.duckdb", "t"), ("a.duckdb", "v"),
               ("a.xlsx", None)]  # fmt: skip
    apart_read = [read_table(tmp_path / name, query=query) for name, query in sources]
    refusals = [("a.duckdb", "drop table t"), ("b.sqlite", None), ("b.sqlite", "select nothing from t")]
    apart_refused = [told_of(tmp_path / name, query) for name, query in refusals]
    (tmp_path / "b.xlsx").write_bytes(sheet('<row r="900000000"/>'))
    monkeypatch.setattr(subprocess_reader.sys, "executable", "")
    for (name, query), frame in zip(sources, apart_read, strict=True):
        assert read_table(tmp_path / name, query=query).equals(frame), name
    assert [told_of(tmp_path / name, query) for name, query in refusals] == apart_refused
    assert "sheets end with row" in told_of(tmp_path / "b.xlsx", None)


def told_of(path, query):
    with pytest.raises(DataError) as told:
        read_table(path, query=query)
    return str(told.value)


FORK = """
import os, sys
import numpy as np, pandas as pd
from domains.timeseries import QuantileBoosting
X = np.random.default_rng(0).normal(size=(3000, 4))
model = QuantileBoosting((0.5,), max_iter=3).fit(X, X[:, 0])
first = model.predict(X[:5]).tolist()
child = os.fork()
if child == 0:
    again = QuantileBoosting((0.5,), max_iter=3).fit(X, X[:, 0]).predict(X[:5]).tolist()
    os._exit(0 if again == first else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_that_was_forked_off_after_a_fit_works():
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"} | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", FORK], env=env, capture_output=True, text=True, check=False, timeout=1800
    )
    assert done.stdout == "0\n", done.stderr
