"""From text to typed values: exact where every value says so, text or a named problem where it does not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from shared.data.io.parse import MISSING_WORDS, Reading, guess_kind, parse_column, sniff_decimal


def guess(*values, **reading):
    return guess_kind(pa.array(values, pa.string()), Reading(**{"decimal": ".", **reading}))


def parse(kind, *values, **reading):
    return parse_column(pa.array(values, pa.string()), kind, Reading(**reading))


def values_of(parsed):
    return [None if pd.isna(value) else value for value in parsed.values.tolist()]


@pytest.mark.parametrize(
    ("columns", "separator", "mark"),
    [
        ([["1,5", "2,25"]], ";", ","),
        ([["1.5"]], ";", "."),
        ([["1.234,56"]], ";", ","),
        ([["1,234.56"]], ";", "."),
        ([["0,125"]], ";", ","),
        ([["1234,125"]], ";", ","),
        ([["1,5"], ["2.5"]], ";", None),
        ([["1,500"]], ";", None),
        ([["1.500"]], ";", None),
        ([["1.500"]], ",", "."),
        ([["x"], ["NA", ""], ["7"]], ";", "."),
        ([["1,500"], ["NA", "0,5"]], ";", ","),
        ([[" 1,5", " 2,25"]], ";", ","),
        ([[" 1,500"]], ";", None),
    ],
)
def test_the_decimal_mark_is_decided_by_all_columns(columns, separator, mark):
    assert sniff_decimal([pa.array(column) for column in columns], separator) == mark


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-20", "0"], "integer"),
        (["9223372036854775807"], "integer"),
        (["9223372036854775808"], "text"),
        (["1.5", "2"], "number"),
        (["1e-5", "2.5E3"], "number"),
        (["1,234", "5"], "number"),
        (["0.5", "0"], "number"),
        (["007", "12"], "text"),
        (["12E5", "13E2"], "text"),
        (["true", "FALSE"], "boolean"),
        (["yes", "no"], "text"),
        (["2024-01-31", "2024-02-01T10:30"], "datetime"),
        (["2024-01-31 10:30:00.5Z"], "datetime"),
        (["2024-01-31T10:30+01:00", "2024-06-30T10:30+02:00"], "text"),
        (["2024-01-31T10:30+01:00", "2024-06-30T10:30"], "text"),
        (["31/01/2024"], "datetime"),
        (["12/31/2024"], "datetime"),
        (["11/10/2024"], "text"),
        (["13/10/2024", "10/13/2024"], "text"),
        (["31.12.2024"], "datetime"),
        (["01.02.2024", "03.02.2024"], "datetime"),
        (["01/13/2024", "02/14/2024"], "datetime"),
        (["Berlin", "5"], "text"),
        (["NA", ""], "text"),
        (["NA", "", "5"], "integer"),
        (["+491701234567"], "text"),
        (["9007199254740993", "0.5"], "text"),
        (["9,007,199,254,740,993"], "text"),
    ],
)
def test_the_kind_is_recognised_only_where_no_digit_is_lost(values, kind):
    assert guess(*values)[0] == kind


@pytest.mark.parametrize(
    ("values", "reading", "note"),
    [
        (["12", "12E5"], {}, "codes like '12E5'"),
        (["9" * 20], {}, "too large for 64 bits"),
        (["5", "1.234"], {"decimal": None}, "'1.234' fits two readings; pass decimal="),
        (["11/10/2024"], {}, "day and month cannot be told apart"),
        (["01/02/2024"], {}, "day and month cannot be told apart"),
        (["2024-01-31T10:30+01:00", "2024-06-30T10:30+02:00"], {}, "time zones are mixed; pass tz="),
        (["12/31/2024"], {}, "dates read month-first"),
    ],
)
def test_a_doubt_is_told(values, reading, note):
    (told,) = guess(*values, **reading)[1]
    assert note in told


@pytest.mark.parametrize(
    ("values", "reading"),
    [
        (["11/10/2024"], {"dates": "day-first"}),
        (["01/02/2024"], {"dates": "month-first"}),
        (["2024-01-31T10:30+01:00", "2024-06-30T10:30+02:00"], {"tz": "Europe/Berlin"}),
    ],
)
def test_a_said_reading_settles_the_doubt(values, reading):
    assert guess(*values, **reading) == ("datetime", ())


def test_mixed_time_zones_are_not_named_where_some_stamps_have_none():
    (note,) = guess("2024-01-31T10:30+01:00", "2024-06-30T10:30")[1]
    assert "pass tz=" not in note


def test_text_is_left_as_it_is_but_for_empty_cells():
    parsed = parse("text", " x ", "", "NA", "007")
    assert values_of(parsed) == [" x ", None, "NA", "007"]
    assert not parsed.bad.any()


@pytest.mark.parametrize("word", MISSING_WORDS)
def test_missing_words_are_told_where_numbers_are_read(word):
    parsed = parse("number", word, "1", "")
    assert values_of(parsed) == [None, 1.0, None]
    assert parsed.notes == ("1 words like 'NA' read as missing",)


def test_whole_numbers_keep_every_digit():
    parsed = parse("integer", "9007199254740993", " +7 ", "-9223372036854775808", "007")
    assert parsed.values.tolist() == [9007199254740993, 7, -(2**63), 7]
    assert parsed.values.dtype == "int64"


def test_whole_numbers_with_gaps_keep_every_digit():
    parsed = parse("integer", "9007199254740993", "", "x", "1.5")
    assert values_of(parsed) == [9007199254740993, None, None, None]
    assert parsed.values.dtype == "Int64"
    assert parsed.bad.tolist() == [False, False, True, True]
    assert parsed.why == "cannot be read as whole numbers"


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809", "9" * 25])
def test_numbers_beyond_64_bits_are_called_too_large(text):
    parsed = parse("integer", text, "5")
    assert parsed.bad.tolist() == [True, False]
    assert values_of(parsed) == [None, 5]
    assert "too large" in parsed.why


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.5", ".", 1.5),
        ("1,5", ",", 1.5),
        ("1,234.5", ".", 1234.5),
        ("1.234,5", ",", 1234.5),
        ("1.234.567", ",", 1234567.0),
        ("+.5e2", ".", 50.0),
        ("1.", ".", 1.0),
        ("-0,25", ",", -0.25),
        ("007", None, 7.0),
        ("12E5", None, 1_200_000.0),
        ("1.5", None, 1.5),
    ],
)
def test_declared_numbers_are_read_by_their_mark(text, decimal, value):
    assert parse("number", text, decimal=decimal).values.tolist() == [value]


def test_a_thousands_mark_is_told():
    assert parse("number", "1,234.5", decimal=".").notes == ("',' read as thousands mark",)


@pytest.mark.parametrize("text", ["1,2,3", "12,34.5", "1.2.3", "abc", "0x1F", "inf", "1 000", "١"])
def test_what_is_no_number_is_marked(text):
    parsed = parse("number", text, "2", decimal=".")
    assert (parsed.bad.tolist(), parsed.why) == ([True, False], "cannot be read as numbers")
    assert values_of(parsed) == [None, 2.0]


def test_a_number_beyond_the_range_is_marked_and_not_made_infinite():
    parsed = parse("number", "1.0e999", "2", decimal=".")
    assert parsed.bad.tolist() == [True, False]
    assert values_of(parsed) == [None, 2.0]


def test_a_number_that_fits_two_readings_is_not_read():
    parsed = parse("number", "1.234", "5")
    assert (parsed.bad.tolist(), parsed.why) == ([True, False], "fit two readings: decimal mark or thousands mark")
    assert parsed.fix == 'Pass decimal="," or decimal=".".'


def test_yes_and_no_are_booleans_where_declared():
    parsed = parse("boolean", "yes", "No", "T", "0", "Y", "f")
    assert parsed.values.tolist() == [True, False, True, False, True, False]
    assert parsed.values.dtype == bool


def test_what_is_neither_yes_nor_no_is_marked():
    parsed = parse("boolean", "yes", "perhaps", "")
    assert values_of(parsed) == [True, None, None]
    assert (parsed.bad.tolist(), parsed.why) == ([False, True, False], "cannot be read as true or false")


@pytest.mark.parametrize(
    ("texts", "reading", "stamps"),
    [
        (["2024-01-31", "2024-02-01 10:30:15"], {}, ["2024-01-31", "2024-02-01 10:30:15"]),
        (["31/01/2024", "1/2/2024"], {}, ["2024-01-31", "2024-02-01"]),
        (["1/2/2024", "12/31/2024"], {}, ["2024-01-02", "2024-12-31"]),
        (["01.02.2024 08:05", "01.02.2024 08:05:06"], {}, ["2024-02-01 08:05", "2024-02-01 08:05:06"]),
        (["1/2/2024"], {"dates": "day-first"}, ["2024-02-01"]),
        (["1/2/2024"], {"dates": "month-first"}, ["2024-01-02"]),
        (["1-2-2024T10:30"], {"dates": "day-first"}, ["2024-02-01 10:30"]),
        (["31/01/24"], {"dates": "%d/%m/%y"}, ["2024-01-31"]),
        (["2024-01-31"], {"dates": "day-first"}, ["2024-01-31"]),
        (["", "NA"], {}, [None, None]),
    ],
)
def test_dates_are_read_as_they_were_written(texts, reading, stamps):
    parsed = parse("datetime", *texts, **reading)
    assert values_of(parsed) == [None if stamp is None else pd.Timestamp(stamp) for stamp in stamps]
    assert not parsed.bad.any()


def test_the_order_of_day_and_month_is_told():
    assert parse("datetime", "31/01/2024").notes == ("dates read day-first",)
    assert parse("datetime", "31/01/2024", dates="day-first").notes == ()


@pytest.mark.parametrize("texts", [["1/2/2024"], ["13/1/2024", "1/13/2024"]])
def test_ambiguous_dates_are_not_read(texts):
    parsed = parse("datetime", *texts)
    assert parsed.bad.all()
    assert parsed.values.isna().all()
    assert parsed.why == "could be day-first or month-first"
    assert parsed.fix == 'Pass dates="day-first" or dates="month-first".'


@pytest.mark.parametrize("text", ["2024-02-30", "2024-13-01", "soon", "2024-01-01Z"])
def test_what_is_no_date_is_marked(text):
    parsed = parse("datetime", "2024-01-31", text)
    assert (parsed.bad.tolist(), parsed.why) == ([False, True], "cannot be read as dates")
    assert values_of(parsed) == [pd.Timestamp("2024-01-31"), None]


def test_short_dates_among_iso_dates_are_marked():
    assert parse("datetime", "2024-01-31", "31/01/2024").bad.tolist() == [False, True]
    assert parse("datetime", "31/01/2024", "30/01/2024", "2024-01-31").bad.tolist() == [False, False, True]


def test_short_dates_are_not_iso():
    assert parse("datetime", "31/01/2024", dates="iso").bad.tolist() == [True]


def test_one_offset_gives_instants():
    parsed = parse("datetime", "2024-01-31T10:30+01:00", "2024-01-31T11:30+01:00", "")
    assert values_of(parsed)[0] == pd.Timestamp("2024-01-31T09:30Z")
    assert not parsed.bad.any()


def test_mixed_offsets_are_named_and_not_read():
    parsed = parse("datetime", "2024-01-31T10:30+01:00", "2024-01-31T10:30+01:00", "2024-06-30T10:30+02:00")
    assert parsed.bad.tolist() == [False, False, True]
    assert parsed.why == "have another UTC offset than the rest (+01:00)"
    assert parsed.values.isna().all()


def test_mixed_offsets_are_instants_where_a_zone_is_said():
    parsed = parse("datetime", "2024-01-31T10:30+01:00", "2024-06-30T10:30+02:00", tz="Europe/Berlin")
    assert [stamp.isoformat() for stamp in parsed.values] == ["2024-01-31T10:30:00+01:00", "2024-06-30T10:30:00+02:00"]


@pytest.mark.parametrize(
    ("texts", "bad", "says"),
    [
        (["2024-01-31T10:30Z", "2024-01-31T10:30", "2024-01-31T11:30Z"], [False, True, False], "have no time zone"),
        (
            ["2024-01-31T10:30", "2024-01-31T10:30Z", "2024-01-31"],
            [False, True, False],
            "have a time zone, the others none",
        ),
    ],
)
def test_stamps_with_and_without_a_zone_are_not_mixed(texts, bad, says):
    parsed = parse("datetime", *texts)
    assert parsed.bad.tolist() == bad
    assert says in parsed.why
    assert parsed.values.isna().all()


def test_an_array_with_nulls_is_read_like_one_with_empty_cells():
    parsed = parse("number", "1", None, decimal=".")
    assert np.isnan(parsed.values[1])
    assert not parsed.bad.any()
