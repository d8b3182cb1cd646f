"""Separator, header and rows of a CSV: found where one reading fits, otherwise refused."""

import pytest

from shared.data.io.sniff import parse_csv, sniff_separator
from shared.errors import DataError


def columns(text, separator=None, *, drop_ragged=False):
    return parse_csv(text.encode(), "t.csv", separator, drop_ragged=drop_ragged).table.to_pydict()


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,5\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("a\n1\n2\n", ","),
        ("a,b\n", ","),
        ("a;b,c\n1;2,5\n3;4\n5;6\n", ";"),
        ('a;b\n"x,y";1\n"z,w,v";2\n', ";"),
        ("a,b\n\n1,2\n", ","),
    ],
)
def test_the_separator_is_the_one_that_fits_all_rows(text, separator):
    assert sniff_separator(text) == separator


def test_two_fitting_separators_are_asked_for():
    with pytest.raises(DataError, match=r"t\.csv: two separators fit: .* Pass separator= to say which one"):
        sniff_separator("a,x;b\n1,5;2\n", "t.csv")


def test_a_said_separator_settles_the_doubt():
    assert columns("a,x;b\n1,5;2\n", ";") == {"a,x": ["1,5"], "b": ["2"]}


def test_a_very_long_field_does_not_hide_the_separator():
    assert columns(f"a;b\n1;{'x' * 140_000}\n")["a"] == ["1"]


def test_a_stray_carriage_return_does_not_hide_the_separator():
    try:
        found = columns("a;b\n1;2\r3;4\n")
    except DataError:
        return
    assert found == {"a": ["1", "3"], "b": ["2", "4"]}


def test_every_value_stays_text_and_names_are_trimmed():
    assert columns(' a , b\r\n007, x\r\n,"p ""q"", r\ns"\r\n') == {"a": ["007", ""], "b": [" x", 'p "q", r\ns']}


def test_an_inch_mark_inside_a_field_stays():
    assert columns('a,b\n5" pipe,1\n6" pipe,2\n') == {"a": ['5" pipe', '6" pipe'], "b": ["1", "2"]}


def test_ragged_rows_are_refused_with_number_and_mend():
    with pytest.raises(DataError) as caught:
        columns("a,b\n1,2\n3\n4,5\n6,7,8\n")
    (problem,) = caught.value.problems
    assert (problem.rows, problem.count) == ((2, 4), 2)
    assert "2 rows have another number of fields than the header (2); the first has 1 (rows 2, 4)." in str(problem)
    assert 'repair="drop_ragged_rows"' in problem.fix


def test_one_ragged_row_is_told_in_the_singular():
    with pytest.raises(DataError, match=r"1 row has another number of fields"):
        columns("a,b\n1,2\n3\n")


def test_ragged_rows_are_left_out_where_asked():
    raw = parse_csv(b"a,b\n1,2\n3\n4,5\n6,7,8\n", "t.csv", None, drop_ragged=True)
    assert raw.table.to_pydict() == {"a": ["1", "4"], "b": ["2", "5"]}
    assert (raw.separator, raw.dropped) == (",", (2, 4))


@pytest.mark.parametrize("text", ['a,b\n"x,1\n2,3\n', 'a,b\n1,2\n3,"4\n'])
def test_an_unclosed_quote_is_refused_with_its_line(text):
    line = text[: text.index('"')].count("\n") + 1
    with pytest.raises(DataError, match=rf"a quote is opened and never closed; the last one is in line {line}\."):
        columns(text)


def test_two_unclosed_quotes_do_not_swallow_the_rows_between():
    with pytest.raises(DataError, match="quote"):
        columns('a,b\n"x,1\n2,3\n"y,4\n')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b, a\n1,2,3\n", "repeated column names: 'a'. Give every column a name of its own."),
        ("a,,b\n1,2,3\n", "1 column has no name (place '2'). Name them or remove them."),
        ("1,5\n2,6\n", "the first line looks like data, not like column names. Add a header line."),
        ("2024-01-01,5\n2024-01-02,6\n", "the first line looks like data, not like column names"),
        ("a,b\n", "the table has a header but no rows. Give at least one row."),
        ("a,b\n\n\n", "the table has a header but no rows."),
        ("\n\n", "the header cannot be read"),
        ("a\n", "the table has a header but no rows"),
    ],
)
def test_a_bad_header_is_refused(text, says):
    with pytest.raises(DataError) as caught:
        columns(text)
    assert says in str(caught.value)


def test_every_problem_of_a_header_is_told_at_once():
    with pytest.raises(DataError, match=r"2 problems") as caught:
        columns("a,,a\n1,2,3\n")
    assert len(caught.value.problems) == 2


def test_a_file_without_a_header_line_says_so():
    with pytest.raises(DataError, match=r"the header cannot be read \(there is none\)"):
        columns("")


def test_a_header_of_empty_names_only_is_refused():
    with pytest.raises(DataError, match=r"2 columns have no name \(place '1', '2'\)"):
        columns(",\n1,2\n")


def test_what_arrow_cannot_split_is_refused(monkeypatch):
    import pyarrow as pa

    def broken(*more, **settings):
        raise pa.ArrowInvalid("no way")

    monkeypatch.setattr("shared.data.io.sniff.pacsv.read_csv", broken)
    with pytest.raises(DataError, match=r"the table cannot be split into columns \(no way\)\. Check quotes"):
        columns("a,b\n1,2\n")


def test_an_empty_line_of_a_one_column_file_is_a_missing_value():
    assert columns("a\n1\n\n3\n") == {"a": ["1", "", "3"]}


def test_rows_after_an_empty_line_keep_their_own_numbers():
    raw = parse_csv(b"a,b\n1,2\n3\n4,5\n6\n", "t.csv", ",", drop_ragged=True)
    assert raw.dropped == (2, 4)
