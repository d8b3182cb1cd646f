"""Errors say what is wrong, where, how often, and how to fix it."""

import copy
import pickle

import pytest

from shared import errors
from shared.errors import Argument, DataError, Fix, HexadError, MissingExtraError, Problem, Problems, quote, require


@pytest.mark.parametrize("kind", [errors.DataError, errors.SettingsError, errors.StoreError, errors.CalibrationError])
def test_errors_about_input_are_value_errors(kind):
    assert issubclass(kind, HexadError)
    assert issubclass(kind, ValueError)


def test_a_repair_is_a_warning_of_ours():
    assert issubclass(errors.RepairWarning, errors.HexadWarning)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("no rows"), "no rows."),
        (Problem("no rows", fix="Add one."), "no rows. Add one."),
        (Problem("bad", column="a"), "column 'a': bad."),
        (Problem("bad", rows=(3,)), "bad (row 3)."),
        (Problem("bad", rows=(3,), count=9), "bad (rows 3, ...)."),
        (Problem("bad", rows=(3, 4), count=2), "bad (rows 3, 4)."),
        (Problem("bad", rows=(1, 2, 3, 4, 5, 6)), "bad (rows 1, 2, 3, 4, 5, ...)."),
    ],
)
def test_a_problem_in_words(problem, text):
    assert str(problem) == text


def test_one_problem_is_told_in_a_line_and_several_are_numbered():
    assert str(DataError("a.csv", [Problem("x")])) == "a.csv: x."
    assert str(DataError("a.csv", [Problem("x"), Problem("y")])) == "a.csv: 2 problems.\n  1. x.\n  2. y."


def test_problems_are_gathered_and_raised_once():
    problems = Problems("a.csv")
    problems.raise_if_any()
    assert not problems
    problems.add("x", column="c", rows=iter(range(1, 100)), count=99)
    problems.add("y")
    assert problems
    assert [problem.what for problem in problems] == ["x", "y"]
    assert problems.found[0].rows == (1, 2, 3, 4, 5, 6)
    with pytest.raises(DataError, match=r"(?s)2 problems.*rows 1, 2, 3, 4, 5, \.\.\..*y") as caught:
        problems.raise_if_any()
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "'a'"),
        (range(6), "'0', '1', '2', '3', '4', ..."),
        (["x" * 61], "'" + "x" * 57 + "...'"),
        (["a\n\x1b[31mb"], "'a??[31mb'"),
    ],
)
def test_names_are_quoted_short_and_printable(names, text):
    assert quote(names) == text


def test_require_what_is_there():
    require("json", package="json", extra="x")


@pytest.mark.parametrize("module", ["no_such_module", "no_such_package.inner"])
def test_require_what_is_missing(module):
    with pytest.raises(MissingExtraError, match=r"'nothing', which is not installed. Install it with: .*\[basket\]"):
        require(module, package="nothing", extra="basket")


@pytest.mark.parametrize("error", [DataError("a.csv", [Problem("x", rows=(1,))]), MissingExtraError("a", "b")])
@pytest.mark.parametrize("travel", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_come_back_whole_from_another_process(error, travel):
    again = travel(error)
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, lambda fix: pickle.loads(pickle.dumps(fix))])
def test_a_fix_knows_its_arguments_wherever_it_goes(travel):
    fix = Fix("Add the rows, or pass ", Argument("repair", "interpolate"), Fix(" or ", Argument("freq")), ".")
    assert travel(fix) == 'Add the rows, or pass repair="interpolate" or freq=.'
    error = travel(DataError("prices.csv", [Problem("2 stamps are missing", fix=fix)]))
    assert error.say(lambda one: "--fill" if one.name == "repair" else "") == (
        "prices.csv: 2 stamps are missing. Add the rows, or pass --fill."
    )


def test_text_of_the_user_is_never_taken_for_an_argument():
    fix = Fix("Name it so: 'repair=\"a\" {0} %s'; or pass ", Argument("tz"), ".")
    assert fix.say(lambda _: "--zone") == "Name it so: 'repair=\"a\" {0} %s'; or pass --zone."
