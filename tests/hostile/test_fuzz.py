"""A small, fixed share of the fuzzer's inputs, and what has to hold between two ways of writing the same table."""

import bz2
import gzip
import importlib
import io
import json
import lzma
import os
import re
import sys
import time
import warnings
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from case_studies.demand.settings import DemandSettings
from shared.data import Column, Schema, read_table, read_table_with_report
from shared.data.io.coerce import is_kind
from shared.errors import DataError, HexadError, Problems, SettingsError
from shared.runtime.config import load_settings
from shared.runtime.overrides import parse_override

ROOT = str(Path(__file__).parents[2])
with pytest.MonkeyPatch.context() as patch:  # a bare `pytest` does not look for packages beside the tests
    patch.syspath_prepend(ROOT)
    fuzz = importlib.import_module("benchmarks.fuzz")
    inputs = importlib.import_module("benchmarks.fuzz_inputs")


# The fuzzer itself.


def shown(case):
    source = case.source if isinstance(case.source, bytes) else str(type(case.source))
    return source, repr(case.options), case.kind, case.name, case.overrides


@pytest.mark.any_pandas
def test_an_input_follows_from_seed_and_number():
    first, again = ([shown(fuzz.make_case(3, number)) for number in range(300)] for _ in range(2))
    assert first == again
    assert {kind for _, _, kind, _, _ in first} == set(inputs.WEIGHTS)
    assert len({repr(shown(fuzz.make_case(seed, 0))) for seed in range(20)}) > 15


def leak(*_, **__):
    warnings.warn("from a library", FutureWarning, stacklevel=2)
    raise DataError("t.csv", [])


def told(text):
    def refuse(*_, **__):
        raise SettingsError(text)

    return refuse


BAD = {
    "KeyError at ": lambda *_, **__: {}["x"],
    "AssertionError at ": lambda *_, **__: pd.DataFrame({"a": []}),
    "FutureWarning leaks at ": leak,
    "Hang at ": lambda *_, **__: time.sleep(9),
    "SettingsError text empty at ": told(" "),
    "SettingsError text too long at ": told("x" * 9999),
    "SettingsError text with a traceback at ": told("Traceback (most recent call last): x"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_fuzzer_sees_what_is_wrong(tmp_path, monkeypatch, name):
    monkeypatch.setattr(fuzz, "LIMIT", 0.1)
    monkeypatch.setattr(fuzz, "read_table", BAD[name])
    outcome = fuzz.attempt(inputs.Case("text", b"a\n1\n"), tmp_path)
    assert outcome.word == "finding"
    assert outcome.finding.startswith(name)
    assert outcome.seconds < 2


@pytest.mark.parametrize(("data", "word"), [(b"a\n1\n", "read"), (b"", "refused")])
def test_the_fuzzer_lets_pass_what_is_right(tmp_path, data, word):
    outcome = fuzz.attempt(inputs.Case("text", data), tmp_path)
    assert (outcome.word, outcome.finding) == (word, "")


@pytest.mark.any_pandas
def test_a_run_counts_every_input_and_ends_with_one_line_of_json(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT)  # the other process finds the package where this one does
    monkeypatch.setattr(sys, "argv", ["fuzz", "--inputs", "60", "--seed", "5"])
    fuzz.main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["inputs"] == 60 == sum(sum(words.values()) for words in found["by_kind"].values())
    assert set(found) == {"inputs", "findings", "slowest_seconds", "seconds", "by_kind"}
    assert 0 < found["slowest_seconds"] < fuzz.LIMIT


@pytest.mark.any_pandas
def test_a_process_that_dies_is_a_finding_and_the_rest_goes_on(tmp_path):
    class Pipe:
        def recv(self):
            raise EOFError

    class Process:
        exitcode = -11

        def join(self):
            pass

    worker = fuzz.Worker(0, range(4, 10, 2), tmp_path)
    worker.pipe, worker.process, worker.start = Pipe(), Process(), lambda: started.append(worker.left)
    tally, started = fuzz.Tally(), []
    worker.hear(tally, spoke=True)
    assert tally.findings == {"the process dies with code -11": [4]}
    assert started == [range(6, 10, 2)]


# The fixed share.


# Four times as many with HEXAD_WHOLE=1 (make test-whole); a million by benchmarks.fuzz.
SHARE = 400 if os.environ.get("HEXAD_WHOLE") == "1" else 100


# Half of them are enough for what only happens beside another pandas.
SEEDS = [*range(4), *(pytest.param(seed, marks=pytest.mark.any_pandas) for seed in range(4, 8))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fixed_share_of_inputs_is_read_or_refused(tmp_path, seed):
    found = {}
    for number in range(SHARE):
        outcome = fuzz.attempt(fuzz.make_case(seed, number), tmp_path)
        if outcome.finding:
            found.setdefault(outcome.finding, f"--seed {seed} --only {number}")
    assert not found


# Two ways of writing the same.

CELLS = st.sampled_from(sorted({cell for pool in inputs.CELLS.values() for cell in pool if cell.isprintable()}))
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=4)
)


def written(rows, separator=",", end="\n"):
    """Every cell in quotes, so that nothing but its own text decides about it."""
    lines = [[f"c{place}" for place in range(len(rows[0]))], *rows]
    return "".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in line) + end for line in lines)


def result(path, **options):
    """What comes out: the table's fingerprint and kinds, or the text of the refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            frame, report = read_table_with_report(path, separator=",", **options)
        except DataError as error:
            return str(error)
    return report.fingerprint, [str(kind) for kind in frame.dtypes]


def zipped(data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("t.csv", data)
    return buffer.getvalue()


@given(TABLES)
def test_neither_line_ends_nor_blank_lines_nor_packing_nor_encoding_change_a_table(tmp_path, rows):
    path = tmp_path / "t.csv"
    text = written(rows)
    path.write_bytes(text.encode())
    plain = result(path)
    same = [text.replace("\n", "\r\n").encode(), text.replace("\n", "\r").encode(), text.rstrip("\n").encode()]
    same += [f"\n\n{text}".encode(), *(text.encode(codec) for codec in ("utf-8-sig", "utf-16"))]
    same += [pack(text.encode()) for pack in (gzip.compress, bz2.compress, lzma.compress, zipped)]
    for data in same:
        path.write_bytes(data)
        assert result(path) == plain


@given(TABLES, st.data())
def test_rows_with_too_many_fields_leave_no_trace_once_dropped(tmp_path, rows, data):
    path = tmp_path / "t.csv"
    path.write_text(written(rows), encoding="utf-8")
    clean = result(path)
    lines = written(rows).splitlines(keepends=True)
    place = data.draw(st.integers(1, len(lines)))
    path.write_text("".join([*lines[:place], ",".join("x" * (len(rows[0]) + 1)) + "\n", *lines[place:]]), "utf-8")
    with pytest.raises(DataError, match=rf"1 row has another number of fields .*\(row {place}\)"):
        read_table(path, separator=",")
    dropped = result(path, repair="drop_ragged_rows")
    # Rows are told by their numbers in the file, where the one that was dropped counts.
    assert dropped == clean or re.sub(r"\(rows? [^)]*\)", "", dropped) == re.sub(r"\(rows? [^)]*\)", "", clean)


@given(TABLES, st.sampled_from(["text", "integer", "number", "boolean", "datetime"]))
def test_a_declared_column_is_of_its_kind_or_refused(tmp_path, rows, kind):
    path = tmp_path / "t.csv"
    path.write_text(written([row[:1] for row in rows]), encoding="utf-8")
    schema = Schema((Column("c0", kind, allow_missing=True),))
    for repair in ((), ("blank_unreadable", "drop_bad_rows")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                frame = read_table(path, schema, repair=repair, separator=",")
            except DataError as error:
                assert "column 'c0'" in str(error) or "no row is left" in str(error) or "no rows" in str(error)
            else:
                assert is_kind(frame["c0"], kind)
                schema.check(frame, problems := Problems("table"))
                assert not problems


# Options and settings.

ANY = st.text(max_size=8) | st.text(st.sampled_from("%dmyYHMSzZfjabGVuU-/:. ()[\\"), max_size=8)


@settings(max_examples=200)
@given(st.sampled_from(["separator", "decimal", "encoding", "dates", "tz", "repair", "sheet"]), ANY)
@example("dates", "%d%d")
@example("dates", "%")
@example("dates", "%\ud800")
@example("encoding", "\x00")
@example("separator", "\x00")
@example("separator", "\ud800")
@example("tz", "")
@example("tz", "\ud800")
@example("tz", "../UTC")
@example("repair", "\ud800")
def test_any_text_as_an_option_is_followed_or_refused(tmp_path, option, text):
    path = tmp_path / "t.csv"
    path.write_bytes(b"id,ds\n7,31/12/2024\n8,01/01/2025\n")
    try:
        frame = read_table(path, Schema((Column("ds", "text"),)), **{option: text})
    except HexadError as error:
        str(error).encode()
    else:
        assert len(frame) == 2


@pytest.mark.any_pandas
@settings(max_examples=100)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="replace")))
def test_any_file_is_settings_or_refused(tmp_path, data):
    path = tmp_path / "own.toml"
    path.write_bytes(data)
    try:
        assert isinstance(load_settings(DemandSettings, path), DemandSettings)
    except SettingsError as error:
        assert "own.toml: " in str(error)
        str(error).encode()


TOML = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=9).map(json.dumps),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


def as_toml(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.any_pandas
@settings(max_examples=100)
@given(st.sampled_from(sorted(DemandSettings.model_fields)), TOML)
def test_any_value_of_a_setting_is_taken_or_refused_by_name(name, value):
    override = f"{name}={as_toml(value)}"
    keys, parsed = parse_override(override)
    assert keys == [name]
    if isinstance(value, bool | int | float):
        assert parsed == value
        assert type(parsed) is type(value)
    try:
        assert isinstance(load_settings(DemandSettings, overrides=[override]), DemandSettings)
    except SettingsError as error:
        assert name in str(error)


@pytest.mark.any_pandas
@settings(max_examples=100)
@given(st.text(max_size=20))
@example("=" * 9)
@example("a\ud800=\ud800")
@example("x" * 5000)
@example("horizon" + ".a" * 2000 + "=1")
@example("horizon={" + "a." * 2000 + "a=1}")
@example("horizon=" + "[" * 5000)
@example("horizon=" + "9" * 5000)
@example("timezone=Europe/Berl\x00in")
@example("timezone=")
def test_any_text_is_an_override_or_refused(text):
    try:
        keys, _ = parse_override(text)
        assert keys
        assert all(keys)
        assert isinstance(load_settings(DemandSettings, overrides=[text]), DemandSettings)
    except SettingsError as error:
        assert 0 < len(str(error)) < fuzz.MAX_ERROR
