import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.decision import Limit, Limits, read_groups
from shared.errors import DataError, HexadError, SettingsError

MAPS = {"sector": {"A": "Tech", "B": "Energy", "C": "Energy"}, "Land": {"A": "US", "C": "CH"}}


def refused(call) -> str:
    with pytest.raises(HexadError) as error:
        call()
    return str(error.value)


def rows_of(*limits, items=("A", "B", "C"), groups=MAPS, **more):
    return Limits(limits).to_rows(items, groups, **more)


def test_percent_texts_and_blank_cells():
    table = pd.DataFrame(
        {
            "applies_to": ["A", "B", "C", "D"],
            "least": ["5 %", "", None, np.nan],
            "most": [0.1, "  30% ", pd.NA, "1e-1"],
        },
        dtype=object,
    ).drop(index=2)
    found = Limits.from_frame(table).limits
    assert [(one.least, one.most) for one in found] == [(0.05, 0.1), (-np.inf, 0.3), (-np.inf, 0.1)]
    assert [one.name for one in found] == ["A", "B", "D"]


@pytest.mark.parametrize("column", ["Applies to", "APPLIES_TO", " applies  to "])
def test_names_of_columns_may_be_written_as_people_do(column):
    table = pd.DataFrame({"Name": ["cap"], column: [" A "], "Most": [0.5], "Period": ["May"], "remark": ["x"]})
    (one,) = Limits.from_frame(table)
    assert one == Limit("cap", "A", most=0.5, period="May")
    assert Limits.from_frame(pl.from_pandas(table)).limits == (one,)
    assert Limits.make(table).limits == (one,)


@pytest.mark.parametrize("value", ["abc", "0,1", "30%%", "nan", "inf", "1_0", "%", "--1", True, [0.1]])
def test_bounds_that_are_no_numbers_are_told_with_their_rows(value):
    table = pd.DataFrame({"applies_to": ["A", "B", "C"], "most": pd.Series([0.1, value, value], dtype=object)})
    with pytest.raises(DataError) as error:
        Limits.from_frame(table, source="limits.xlsx")
    (problem,) = error.value.problems
    assert (problem.column, tuple(problem.rows), problem.count) == ("most", (2, 3), 2)
    assert "limits.xlsx" in str(error.value)
    assert "as in 0.3 or 30 %" in str(error.value)
    with pytest.raises(SettingsError, match="is no number"):
        Limit("x", "A", most=value)


def test_a_limit_by_hand_reads_as_one_of_a_table():
    assert Limit("x", "A", least=None, most="20 %") == Limit("x", "A", most=0.2)
    assert Limit(" x ", "sector  =   Energy ", least=0).applies_to == "sector = Energy"
    assert Limit("", "A", most=1).name == "A"


def test_missing_columns_are_told_at_once():
    told = refused(lambda: Limits.from_frame(pd.DataFrame({"asset": ["A"], "max": [0.1]})))
    assert "column 'applies_to': is missing; the table has 'asset', 'max'" in told
    assert "neither a column least nor one most" in told


def test_columns_that_mean_the_same_are_refused():
    table = pd.DataFrame([["A", "B", 0.2, 0.3]], columns=["Applies to", "applies_to", "Most", "most "])
    told = refused(lambda: Limits.from_frame(table))
    assert "columns 'Applies to', 'applies_to' are the same" in told
    assert "columns 'Most', 'most ' are the same" in told


def test_every_limit_that_cannot_be_is_told():
    limits = [
        Limit("crossed", "A", least=0.4, most=0.3),
        Limit("idle", "A"),
        Limit("never", "A", least=np.inf),
        Limit("cap", "A", most=0.1),
        Limit("cap", "B", most=0.1),
        Limit("odd", "A", most=float("nan")),
        Limit("", "", most=0.5),
        "A <= 3",
    ]
    with pytest.raises(DataError) as error:
        Limits(limits)
    told = str(error.value)
    assert len(error.value.problems) == 7
    for part in (
        "'crossed' asks for at least 0.4 and at most 0.3 (row 1)",
        "'idle' has no bound (row 2)",
        "'never' can never hold (row 3)",
        "'cap' is the name of row 4, too (row 5)",
        "the bounds of 'odd' are no numbers (row 6)",
        "column 'applies_to': is empty (row 7)",
        "row 8 is a str",
    ):
        assert part in told


def test_a_name_may_stand_for_each_period_once():
    limits = Limits([Limit("cap", "A", most=1, period="May"), Limit("cap", "A", most=2, period="June")])
    assert len(limits) == 2
    assert "'cap' is the name of row 1" in refused(lambda: Limits([*limits, Limit("cap", "B", most=1, period="May")]))


def test_rows_of_items_groups_and_every_one():
    rows = rows_of(
        Limit("energy", "sector = Energy", most=0.3),
        Limit("cap", "every asset", most=0.5),
        Limit("each", "Every Sector", least=0.1),
        Limit("home", "land = CH", least=0.2),
        Limit("calm", "Turnover", most=0.2),
        quantities=("turnover",),
    )
    assert rows.names == ("energy", "cap: A", "cap: B", "cap: C", "each: Tech", "each: Energy", "home")
    assert rows.limits == ("energy", "cap", "cap", "cap", "each", "each", "home")
    np.testing.assert_array_equal(
        rows.matrix, [[0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1], [0, 0, 1]]
    )
    assert rows.upper.tolist() == [0.3, 0.5, 0.5, 0.5, np.inf, np.inf, np.inf]
    assert rows.lower.tolist() == [-np.inf] * 4 + [0.1, 0.1, 0.2]


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("AA", "'AA' is no asset, group or quantity; did you mean 'A'?"),
        ("turnver", "did you mean 'turnover'?"),
        ("every sectr", "there is no 'sectr'; did you mean 'sector'?"),
        ("sectr = Energy", "there is no map 'sectr'; did you mean 'sector'?"),
        ("sector = Engery", "no asset is in 'Engery'; did you mean 'Energy'?"),
        ("sector == Energy", "did you mean 'Energy'?"),
        ("land = DE", "no asset is in 'DE'"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest_name(what, told):
    found = refused(lambda: rows_of(Limit("fine", "A", most=1), Limit("bad", what, most=0.1), quantities=("turnover",)))
    assert told in found
    assert "(row 2)" in found


@pytest.mark.parametrize("what", ["sector = Energy", "every sector"])
def test_groups_need_a_map(what):
    told = refused(lambda: rows_of(Limit("x", what, most=0.1), groups=None))
    assert "no map of groups was given" in told
    assert "Pass groups=" in told


def test_items_may_look_like_something_else():
    items = ("A=B", "every asset", "turnover", "C  D")
    assert rows_of(Limit("x", "A=B", most=1), items=items).matrix.tolist() == [[1, 0, 0, 0]]
    assert rows_of(Limit("x", "C D", most=1), items=items).matrix.tolist() == [[0, 0, 0, 1]]
    assert rows_of(Limit("x", "C  D", most=1), items=items).matrix.tolist() == [[0, 0, 0, 1]]


def test_spaces_in_groups_do_not_matter():
    groups = read_groups(pd.DataFrame({"asset": ["A", "B"], "sector": ["Real  estate ", "Real estate"]}), ["A", "B"])
    rows = Limits([Limit("x", "sector =  Real estate", most=1)]).to_rows(["A", "B"], groups)
    assert rows.matrix.tolist() == [[1, 1]]


def test_taken_apart_by_quantity():
    limits = Limits([Limit("calm", "TURNOVER", most=0.2), Limit("cap", "A", most=0.1)])
    assert [one.name for one in limits.about("turnover")] == ["calm"]
    assert [one.name for one in limits.without("turnover")] == ["cap"]
    assert repr(limits) == "Limits(2 limits)"
    frame = limits.to_frame()
    assert frame["least"].isna().all()
    assert Limits.from_frame(frame).limits == limits.limits


def test_made_of_anything(tmp_path):
    one = Limit("cap", "A", most=0.3)
    frame = Limits([one]).to_frame()
    frame.to_csv(tmp_path / "limits.csv", index=False)
    frame.to_excel(tmp_path / "limits.xlsx", index=False)
    for given_ in (
        one,
        [one],
        (x for x in [one]),
        Limits([one]),
        frame,
        tmp_path / "limits.csv",
        str(tmp_path / "limits.xlsx"),
    ):
        assert Limits.make(given_).limits == (one,)
    assert Limits.make(None).limits == ()


def test_read_from_a_sheet(tmp_path):
    with pd.ExcelWriter(tmp_path / "plan.xlsx") as writer:
        pd.DataFrame({"x": [1]}).to_excel(writer, sheet_name="other", index=False)
        pd.DataFrame(
            {"Name": ["cap", None], "Applies to": ["every sector", 7], "Least": [None, 0.1], "Most": ["30 %", 0.5]}
        ).to_excel(writer, sheet_name="limits", index=False)
    found = Limits.read(tmp_path / "plan.xlsx", sheet="limits")
    assert found.limits == (Limit("cap", "every sector", most=0.3), Limit("7", "7", least=0.1, most=0.5))


def test_names_that_look_like_numbers_or_nothing_stay_names(tmp_path):
    (tmp_path / "l.csv").write_text("Applies to,Most\n007,30 %\nNA,0.1\nTRUE,0.2\n")
    assert [one.applies_to for one in Limits.read(tmp_path / "l.csv")] == ["007", "NA", "TRUE"]


def test_decimal_commas(tmp_path):
    (tmp_path / "l.csv").write_text("name;applies_to;least;most\ncap;A;;0,3\nb;B;5,5 %;\n")
    found = Limits.read(tmp_path / "l.csv", decimal=",")
    assert found.limits == (Limit("cap", "A", most=0.3), Limit("b", "B", least=0.055))
    assert "cannot be read as numbers: '0,3'" in refused(lambda: Limits.read(tmp_path / "l.csv"))


def test_groups_of_any_form():
    expected = {"sector": {"A": "x", "B": "y"}}
    frame = pd.DataFrame({"asset": ["A", "B"], "sector": ["x", "y"]})
    for given_ in (
        frame,
        frame.set_index("asset"),
        pl.from_pandas(frame),
        expected,
        {"sector": pd.Series({"A": "x", "B": "y"})},
    ):
        assert read_groups(given_, ["A", "B"]) == expected
    assert read_groups(None, ["A"]) == {}
    gaps = pd.DataFrame({"asset": ["A", "B"], "sector": ["x", None]})
    assert read_groups(gaps, ["A", "B"]) == {"sector": {"A": "x"}}
    assert read_groups({"sector": {"A": "x", "B": np.nan, "C": None}}, ["A"]) == {"sector": {"A": "x"}}


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        (pd.DataFrame({"asset": ["A", "A"], "sector": ["x", "y"]}), "'A' stand in two rows"),
        (pd.DataFrame({"asset": ["Z"], "sector": ["x"]}), "holds none of the items 'A', 'B'"),
        (pd.DataFrame([["A", "x", "y"]], columns=["asset", "s", "s"]), "repeated column names: 's'"),
        ({"A": "Tech"}, "'A' is given a str, not the group of each item"),
        (["Tech"], "a list is no table"),
        ({"sector": {"Z": "x"}}, "holds none of the items 'A', 'B'"),
    ],
)
def test_groups_that_are_none(groups, told):
    assert told in refused(lambda: read_groups(groups, ["A", "B"]))


CELLS = st.one_of(st.none(), st.floats(), st.text(max_size=5), st.booleans(), st.integers(-3, 3))


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=4))
def test_any_sheet_is_read_or_refused(cells):
    table = pd.DataFrame(cells, columns=["name", "applies_to", "least", "most"], dtype=object)
    before = table.copy()
    try:
        limits = Limits.from_frame(table)
    except HexadError as error:
        assert str(error)
    else:
        assert len(limits) == len(cells)
        assert all(one.least <= one.most for one in limits)
        assert Limits.from_frame(limits.to_frame()).limits == limits.limits
    pd.testing.assert_frame_equal(table, before)
