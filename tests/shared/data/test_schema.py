"""A declared table: every problem found at once, with column, rows, count and fix."""

import numpy as np
import pandas as pd
import pytest

from shared.data.schema import Column, Schema, first_rows, missing_column
from shared.errors import Problems


def check(frame, *columns, key=()):
    problems = Problems("table")
    bad = Schema(columns, key).check(pd.DataFrame(frame), problems)
    return bad.tolist(), list(problems)


def test_a_good_table_has_no_problem():
    columns = (
        Column("n", "number", minimum=0, maximum=2),
        Column("t", "text", choices=("a", "b"), unique=True),
        Column("later", "text", required=False),
    )
    assert check({"n": [0.0, 2.0], "t": ["a", "b"]}, *columns) == ([False, False], [])
    assert Schema(columns).names == ("n", "t", "later")


@pytest.mark.parametrize(
    ("column", "values", "what", "rows"),
    [
        (Column("x", "number"), [1.0, np.nan, np.nan], "2 values are missing", (2, 3)),
        (Column("x", "text"), ["a", None], "1 value is missing", (2,)),
        (Column("x", "number"), [np.inf, 1.0, -np.inf], "2 values are infinite", (1, 3)),
        (Column("x", "number", minimum=0), [1, -1, 0], "1 value is below 0", (2,)),
        (Column("x", "integer", maximum=2.5), [1, 2, 3], "1 value is above 2.5", (3,)),
        (
            Column("x", "text", choices=("a", "b")),
            ["a", "c", "d"],
            "2 values are none of 'a', 'b' but 'c', 'd'",
            (2, 3),
        ),
    ],
)
def test_each_problem_names_column_rows_and_count(column, values, what, rows):
    bad, (problem,) = check({"x": values}, column)
    assert (problem.what, problem.column, problem.rows, problem.count) == (what, "x", rows, len(rows))
    assert [place + 1 for place in np.flatnonzero(bad)] == list(rows)
    assert problem.fix == 'Correct them, or pass repair="drop_bad_rows" to leave the rows out.'


def test_infinity_is_told_once():
    _, problems = check({"x": [-np.inf, np.inf, 1.0]}, Column("x", "number", minimum=0, maximum=9))
    assert [problem.what for problem in problems] == ["2 values are infinite"]


def test_allowed_gaps_are_no_problem():
    columns = (
        Column("n", "integer", allow_missing=True, minimum=0),
        Column("t", "text", allow_missing=True, choices=("a",)),
    )
    assert check({"n": pd.array([1, None], dtype="Int64"), "t": ["a", None]}, *columns) == ([False, False], [])


def test_all_problems_are_gathered():
    _, problems = check({"x": [-1.0, np.nan]}, Column("x", "number", minimum=0), Column("y", "text"))
    assert [problem.what for problem in problems] == [
        "1 value is missing",
        "1 value is below 0",
        "is missing; the table has 'x'",
    ]


def test_a_missing_column_names_the_nearest_one():
    problems = Problems("table")
    missing_column("Demand", ["date", "demnd"], problems)
    assert str(next(iter(problems))).startswith("column 'Demand': is missing; did you mean 'demnd'? Name it so")


def test_many_rows_are_counted_and_the_first_five_named():
    _, (problem,) = check({"x": [np.nan] * 2000}, Column("x", "number"))
    assert "2,000 values are missing (rows 1, 2, 3, 4, 5, ...)" in str(problem)
    assert first_rows(np.ones(10, dtype=bool)) == [1, 2, 3, 4, 5, 6]


def keys(frame, *columns, key=()):
    problems = Problems("table")
    repeated = Schema(columns, key).check_key(pd.DataFrame(frame), problems)
    return repeated.tolist(), list(problems)


def test_a_repeated_key_names_the_later_rows_and_marks_the_earlier():
    frame = {"a": [1, 1, 1, 2], "b": ["x", "y", "x", "x"]}
    repeated, (problem,) = keys(frame, key=("a", "b"))
    assert repeated == [True, False, False, False]
    assert (problem.what, problem.column) == ("1 row repeats an earlier a and b", "a, b")
    assert (problem.rows, problem.count) == ((3,), 1)
    assert "keep_last_duplicate" in problem.fix


def test_a_unique_column_is_a_key():
    repeated, (problem,) = keys({"a": [1, 2, 2, 2]}, Column("a", "integer", unique=True))
    assert repeated == [False, True, True, False]
    assert (problem.rows, problem.count) == ((3, 4), 2)


def test_a_key_of_absent_columns_and_a_key_without_repeats_say_nothing():
    assert keys({"a": [1, 2]}, key=("a", "z")) == ([False, False], [])
    assert keys({"a": [1, 2]}, key=("a",)) == ([False, False], [])
