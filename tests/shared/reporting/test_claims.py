"""Claims: every number is the one that plain Python finds in the table, and says where; what cannot be said is refused."""

import math
import statistics

import numpy as np
import pandas as pd
import pytest

from shared.errors import HexadError
from shared.reporting.claims import Claim, Evidence, Number, given, list_sources, plain_text

DRAWN = np.random.default_rng(0)
SCORES = pd.DataFrame(
    {
        "model": np.repeat(["lag", "naive"], 12),
        "week": np.tile(np.arange(12), 2),
        "error": DRAWN.gamma(2.0, 50.0, 24).round(3),
        "held": DRAWN.random(24) < 0.9,
        "sold": DRAWN.integers(1, 900, 24),
    }
)
SCORES.loc[5, "error"] = np.nan
ROWS = Evidence("scores", SCORES)


def values(column, **equal):
    """The same rows by plain Python; missing values are left out."""
    found = [row[column] for row in SCORES.to_dict("records") if all(row[name] == one for name, one in equal.items())]
    return [one for one in found if not (isinstance(one, float) and math.isnan(one))]


PLAIN = {"mean": statistics.fmean, "sum": math.fsum, "max": max, "min": min, "median": statistics.median}


@pytest.mark.parametrize("statistic", list(PLAIN))
@pytest.mark.parametrize("column", ["error", "sold", "held"])
@pytest.mark.parametrize("equal", [{}, {"model": "lag"}, {"model": "naive", "week": 3}])
def test_statistics_of_a_column(statistic, column, equal):
    number = getattr(ROWS.where(**equal), statistic)(column)
    assert number.value == pytest.approx(PLAIN[statistic]([float(one) for one in values(column, **equal)]))
    assert (number.table, number.statistic, number.column, number.where) == ("scores", statistic, column, equal)
    assert number.against is None


def test_rows_are_counted_with_their_word():
    assert ROWS.count().text == "24"
    assert ROWS.where(model="lag").count("week").text == "12 weeks"
    assert ROWS.where(model="lag", week=1).count("week").text == "1 week"
    assert ROWS.where(week=1).count("entry", "entries").text == "2 entries"
    assert ROWS.where(week=99).count("week").text == "0 weeks"
    assert ROWS.count().value == 24


def test_the_value_of_one_row():
    one = ROWS.where(model="naive", week=3)
    assert one.value("sold", "EUR").value == values("sold", model="naive", week=3)[0]
    stamps = Evidence("plan", pd.DataFrame({"at": pd.to_datetime(["2015-01-02 17:00"]), "who": ["a & b"]}))
    assert stamps.value("at").text == "Fri 2 Jan 2015, 17:00"
    assert stamps.value("who").text == "a & b"
    for rows, count in ((ROWS, 24), (ROWS.where(week=99), 0)):
        with pytest.raises(HexadError, match=f"{count} rows of 'scores'"):
            rows.value("sold")


def test_the_label_of_an_extreme():
    rows = ROWS.where(model="naive")
    pairs = list(zip(values("error", model="naive"), values("week", model="naive"), strict=True))
    assert rows.label_at("max", "error", "week").value == max(pairs)[1]
    assert rows.label_at("min", "error", "week").text == str(min(pairs)[1])
    hours = pd.DataFrame({"at": pd.date_range("2015-01-01", periods=3, freq="12h"), "mw": [1.0, np.nan, 3.0]})
    told = Evidence("plan", hours).label_at("max", "mw", "at")
    assert (told.text, told.value, told.statistic, told.label) == (
        "Fri 2 Jan 2015", "2015-01-02 00:00:00", "at max", "at",
    )  # fmt: skip


def test_two_groups_of_rows_are_compared():
    mine, theirs = (statistics.fmean(values("error", model=model)) for model in ("lag", "naive"))
    rows = ROWS.where(model="lag")
    reduction = rows.reduction("error", model="naive")
    assert reduction.value == pytest.approx(1 - mine / theirs)
    assert reduction.text == f"{100 * (1 - mine / theirs):.0f} %".replace("-", "−")
    assert rows.ratio("error", model="naive").value == pytest.approx(mine / theirs)
    difference = rows.difference("error", "MW", model="naive")
    assert difference.value == pytest.approx(mine - theirs)
    for number in (reduction, difference):
        assert (number.where, number.against) == ({"model": "lag"}, {"model": "naive"})


@pytest.mark.parametrize("less", [True, False])
def test_wins_are_counted_over_pairs(less):
    mine, theirs = (
        {row["week"]: row["error"] for row in SCORES.to_dict("records") if row["model"] == model}
        for model in ("lag", "naive")
    )
    pairs = [(mine[week], theirs[week]) for week in mine if not math.isnan(mine[week])]
    won = sum(a < b if less else a > b for a, b in pairs)
    number = ROWS.where(model="lag").wins("error", "week", less=less, thing="weeks", model="naive")
    assert (number.value, number.text) == (won, f"{won} of {len(pairs)} weeks")
    assert (number.by, number.statistic) == ("week", "wins, less" if less else "wins, more")
    assert len(pairs) == 11


def test_pairs_that_tie_are_won_by_nobody():
    tie = Evidence("t", pd.DataFrame({"m": ["a", "b"], "w": [1, 1], "e": [2.0, 2.0]})).where(m="a")
    assert tie.wins("e", "w", m="b").value == tie.wins("e", "w", less=False, m="b").value == 0


def test_units_digits_and_percent():
    rows = Evidence("t", pd.DataFrame({"share": [0.123456, 0.2], "n": [12345.6, -0.5]}))
    assert rows.mean("share", "%").text == "16.2 %"
    assert rows.mean("share", "%").scale == 100
    assert rows.mean("share", "%", decimals=0).text == "16 %"
    assert rows.max("n", "EUR").text == "12,346 EUR"
    assert rows.min("n", "EUR", digits=1).text == "−0.5 EUR"
    assert given(0.05, "%").text == "5 %"
    assert (given(3.0).table, given(3.0).statistic) == ("", "given")


def test_missing_values_meet_no_condition():
    frame = pd.DataFrame({"who": pd.array([1, None, 2], dtype="Int64"), "on": pd.array([True, None, False]), "n": 1.0})
    assert Evidence("t", frame).where(who=1).sum("n").value == 1
    assert Evidence("t", frame).where(on=True).count().value == 1


def test_a_condition_on_rows_is_replaced_by_a_later_one():
    assert ROWS.where(model="lag").where(model="naive").count().where == {"model": "naive"}
    assert Evidence("t", pd.DataFrame({"a b": [1, 2]})).where(**{"a b": 1}).count().value == 1
    assert ROWS._where == {}


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: ROWS.mean("eror"), "the table 'scores' has no column 'eror'"),
        (lambda: ROWS.where(mdel="lag").mean("error"), "the table 'scores' has no column 'mdel'"),
        (lambda: ROWS.where(week=99).mean("error"), "no rows of 'scores' are as the claim wants them"),
        (lambda: ROWS.where(model="lag", week=5).mean("error"), "no rows of 'scores'"),  # the only value is missing
        (lambda: ROWS.where(week=99).label_at("max", "error", "week"), "no rows of 'scores'"),
        (lambda: ROWS.label_at("max", "error", "hour"), "has no column 'hour'"),
        (lambda: ROWS.where(model="lag").reduction("error", model="best"), "no rows of 'scores'"),
        (lambda: ROWS.where(week=99).wins("error", "week", model="lag"), "no pairs of rows of 'scores'"),
        (lambda: ROWS.where(model="lag").wins("error", "day", model="naive"), "has no column 'day'"),
        (lambda: Evidence("z", pd.DataFrame({"m": [1, 2], "n": [1.0, 0.0]})).where(m=1).ratio("n", m=2), "is 0"),
        (lambda: Evidence("z", pd.DataFrame({"m": [1, 2], "n": [1.0, 0.0]})).where(m=1).reduction("n", m=2), "is 0"),
    ],
)
def test_what_a_table_cannot_say_is_refused(ask, told):
    with pytest.raises(HexadError, match=told):
        ask()


def test_a_template_is_filled_with_numbers_and_words():
    claim = Claim.of("{who} sold {n} of {all}.", "better", who="{n} & b", n=given(3), all=ROWS.count("row"))
    assert str(claim) == claim.text == "{n} & b sold 3 of 24 rows."
    assert [number.text for number in claim.numbers] == ["3", "24 rows"]
    assert claim.verdict == "better"
    assert plain_text("One.", claim) == "One. {n} & b sold 3 of 24 rows."


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("Sold {n}.", "does not say 'm'"),
        ("Sold {n} of {m} by {who}.", "cannot be filled"),
        ("Sold {n} of {m} by {}.", "cannot be filled"),
        ("Sold {n} of {m", "is no template"),
        ("Sold {n} of {m}}.", "is no template"),
    ],
)
def test_a_template_that_does_not_fit_its_numbers_is_refused(template, told):
    with pytest.raises(HexadError, match=told):
        Claim.of(template, n=given(1), m=given(2))


def test_sources_are_listed_for_people():
    rows = ROWS.where(model="lag")
    claim = Claim.of(
        "{a} {b} {c} {d}",
        a=rows.mean("error"), b=rows.reduction("error", model="naive"), c=given(1), d=ROWS.count("row"),
    )  # fmt: skip
    listed = list_sources([claim, Claim.of("{a}", a=rows.mean("error"))])
    assert listed.iloc[:, 1:].to_numpy().tolist() == [
        ["mean of error", "scores", "model = lag"],
        ["reduction of error", "scores", "model = lag against model = naive"],
        ["count", "scores", "all"],
    ]
    assert list_sources([]).empty


def test_a_claim_is_plain_data():
    number = Number("a", np.float64("nan"), where={1: pd.Timestamp("2024-01-01", tz="UTC"), "b": np.bool_(True)})
    plain = Claim("A.", (number,), "none", {"n": np.int64(3), "range": (1.5, None)}).plain()
    assert plain["numbers"][0]["value"] == "nan"
    assert plain["numbers"][0]["where"] == {"1": "2024-01-01 00:00:00+00:00", "b": True}
    assert plain["detail"] == {"n": 3, "range": [1.5, None]}
    assert plain["verdict"] == "none"
