"""Bad limits and bad returns: one clear error each, that says what, where, how many, and how to correct it."""

import zipfile

import numpy as np
import pandas as pd
import pytest

from domains.optimization import (
    EqualWeight,
    IndexTracker,
    MaximumSharpe,
    MeanVariance,
    MinimumCVaR,
    MinimumVariance,
    MomentEstimator,
    RiskParity,
    plan_orders,
)
from shared.decision import InfeasibleError, Limit, Limits, Program, explain_infeasible, solve
from shared.errors import HexadError

EVERY = [EqualWeight(), MinimumVariance(), MeanVariance(), MaximumSharpe(), RiskParity(), MinimumCVaR()]
LIMITED = [MinimumVariance, MeanVariance, MaximumSharpe, MinimumCVaR]


def refused(call) -> str:
    """What is said; by one of Hexad's own errors, and by no warning."""
    with pytest.raises(HexadError) as error:
        call()
    return str(error.value)


@pytest.fixture
def returns():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        rng.normal(0.004, 0.03, (60, 4)), columns=["AAPL", "MSFT", "XOM", "CVX"],
        index=pd.date_range("2020-01-31", periods=60, freq="ME"),
    )  # fmt: skip


# Sheets.


def sheet(tmp_path, text, name="limits.csv", encoding="utf-8"):
    (tmp_path / name).write_bytes(text.encode(encoding))
    return tmp_path / name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty"),
        ("name,applies_to,least,most\n", "no rows"),
        ("asset,max\nAAPL,0.1\n", "column 'applies_to': is missing; the table has 'asset', 'max'"),
        ("name,applies_to\ncap,AAPL\n", "neither a column least nor one most"),
        ("name,applies_to,most\ncap,AAPL,a third\nb,XOM,1/3\n", "2 values cannot be read as numbers: 'a third', '1/3' (rows 1, 2)"),
        ("name,applies_to,most\ncap,AAPL,#REF!\n", "1 value cannot be read as numbers: '#REF!' (row 1)"),
        ("name,applies_to,least,most\ncap,AAPL,0.5,0.3\n", "at least 0.5 and at most 0.3 (row 1)"),
        ("name,applies_to,most\ncap,AAPL,0.5\ncap,XOM,0.3\n", "'cap' is the name of row 1, too (row 2)"),
        ("name,applies_to,most\ncap,,0.5\n", "column 'applies_to': is empty (row 1)"),
        ("name,applies_to,least,most\ncap,AAPL,,\n", "'cap' has no bound (row 1)"),
        ("name,applies_to,Least,least\ncap,AAPL,0.1,0.2\n", "columns 'Least', 'least' are the same"),
        ("name,applies_to,most\ncap,APPL,0.5\n", "'APPL' is no asset, group or quantity; did you mean 'AAPL'? (row 1)"),
        ("name,applies_to,most\ncap,sector = Energy,0.5\n", "no map of groups was given"),
        ("name,applies_to,most\ncap,AAPL,30\n", "a weight of 30, where 1 is all of the money (row 1). Did you mean 0.3"),
    ],
)  # fmt: skip
def test_damaged_sheets_are_told(text, told, tmp_path, returns):
    path = sheet(tmp_path, text)
    message = refused(lambda: MinimumVariance(limits=path).fit(returns))
    assert told in message
    assert message.startswith("limits.csv")


def test_files_that_are_no_sheets_are_told(tmp_path, returns):
    (tmp_path / "torn.xlsx").write_bytes(b"PK\x03\x04" + b"\x00" * 40)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 20)
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no sheet")
    for path in (
        tmp_path / "torn.xlsx",
        tmp_path / "binary.csv",
        tmp_path / "other.xlsx",
        tmp_path / "none.csv",
        tmp_path,
    ):
        assert refused(lambda path=path: MinimumVariance(limits=path).fit(returns))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_sheets_as_spreadsheets_write_them_are_read(encoding, tmp_path, returns):
    path = sheet(tmp_path, "name,applies_to,most\r\nhöchstens,AAPL,30 %\r\n", encoding=encoding)
    model = MinimumVariance(limits=path).fit(returns)
    assert model.weights_["AAPL"] <= 0.3 + 1e-9
    assert [one.name for one in Limits.read(path)] == ["höchstens"]


def test_names_that_steer_a_terminal_are_shown_harmless(tmp_path, returns):
    path = sheet(tmp_path, "name,applies_to,most\nx,\x1b[2JAAPL,0.5\n")
    assert "\x1b" not in refused(lambda: MinimumVariance(limits=path).fit(returns))


# What a portfolio cannot be.


@pytest.mark.parametrize("kind", LIMITED)
@pytest.mark.parametrize(
    ("limits", "parts"),
    [
        ([Limit("floors", "every sector", least=0.6)], ["floors (least 0.6)", "from 0.6 to 0.5"]),
        ([Limit("a", "AAPL", least=0.4), Limit("tech", "sector = Tech", most=0.3)], ["a (least 0.4)", "tech (most 0.3)", "0.1 in all"]),
        ([Limit("n", "number of assets", least=4), Limit("size", "every held asset", least=0.3)], ["n (least 4)", "size (least 0.3)"]),
        ([Limit("n", "number of assets", least=9)], ["'n' asks for 9 assets, and there are 4", "(row 1)"]),
        ([Limit("cap", "every asset", most=0.2)], ["cap (most 0.2)", "from 0.2 to 0.25"]),
        ([Limit("earn", "expected return", least=0.9)], ["earn (least 0.9)"]),
    ],
    ids=["sector floors", "asset in sector", "too many too large", "more than there are", "caps", "return"],
)  # fmt: skip
def test_limits_that_contradict_each_other_are_named_with_by_how_much(kind, limits, parts, returns):
    groups = {"sector": {"AAPL": "Tech", "MSFT": "Tech", "XOM": "Energy", "CVX": "Energy"}}
    message = refused(lambda: kind(limits=limits, groups=groups).fit(returns))
    for part in parts:
        assert part in message


@pytest.mark.parametrize("model", EVERY, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (lambda r: r.mask(np.arange(240).reshape(60, 4) // 2 == 8), ["column 'AAPL'", "1 return is missing (row 5)", "column 'MSFT'"]),
        (lambda r: 50 * (1 + r).cumprod(), ["look like prices", "compute_returns(prices)"]),
        (lambda r: 100 * r, ["below -100 %", "Write 0.01 for one percent"]),
        (lambda r: r.replace(r.iloc[7, 2], np.inf), ["column 'XOM'", "1 return is infinite (row 8)"]),
        (lambda r: r.sample(frac=1, random_state=0), ["dates go back", "Sort the table by its dates"]),
        (lambda r: pd.concat([r, r.iloc[-1:]]), ["dates come twice (row 61)"]),
        (lambda r: r.astype(str), ["column 'AAPL': holds numbers as text. Make numbers of the column"]),
        (lambda r: r.astype(complex), ["column 'AAPL': holds no numbers"]),
        (lambda r: r.iloc[:0], ["no rows"]),
        (lambda r: r[[]], ["there is no asset"]),
        (lambda r: r.to_numpy()[0], ["an array of shape (4,)"]),
    ],
    ids=["gaps", "prices", "percent", "infinite", "unsorted", "repeated", "text", "complex", "no rows", "no assets", "one row"],
)  # fmt: skip
def test_returns_that_are_none_are_told(model, spoil, parts, returns):
    message = refused(lambda: model.fit(spoil(returns)))
    for part in parts:
        assert part in message


@pytest.mark.parametrize("model", EVERY, ids=lambda one: type(one).__name__)
def test_what_is_odd_and_no_error_is_told_as_a_note(model, returns):
    twins = model.fit(returns.assign(TWIN=returns["AAPL"]))
    assert "TWIN equals AAPL" in " ".join(twins.notes_)
    assert twins.weights_.sum() == pytest.approx(1)
    few = model.fit(returns.iloc[:3]) if not isinstance(model, RiskParity | MaximumSharpe) else twins
    assert few.weights_.sum() == pytest.approx(1)
    if few is not twins:
        assert "3 periods cannot tell the risks of 4 assets apart" in few.decision_.explain() or isinstance(
            model, EqualWeight | MinimumCVaR
        )
    if not isinstance(model, RiskParity):
        flat = model.fit(returns.assign(FLAT=0.0001))
        assert "'FLAT' never moves" in " ".join(flat.notes_)


def test_covariances_that_are_none_are_refused_or_mended(returns):
    bent = returns.cov()
    bent.iloc[0, 1] = bent.iloc[1, 0] = 5 * bent.iloc[0, 0]
    estimator = MomentEstimator(covariance=bent)
    message = refused(lambda: MinimumVariance(moments=estimator).fit(returns))
    assert "some portfolio would have a negative variance" in message
    assert 'repair="nearest"' in message
    mended = MinimumVariance(moments=estimator.set_params(repair="nearest")).fit(returns)
    assert "negative eigenvalues; set to 0" in mended.decision_.explain()


def test_no_portfolio_that_beats_what_is_without_risk(returns):
    message = refused(lambda: MaximumSharpe(risk_free=0.5).fit(returns))
    assert "no portfolio's expected return passes the risk-free 600.00 % a year" in message
    assert "otherwise='minimum variance'" in message


def test_unknown_names_are_told_wherever_they_stand(returns):
    assert "'GOOG' are held, and have no returns" in refused(
        lambda: MinimumVariance(holdings={"GOOG": 0.1}).fit(returns)
    )
    assert "no column 'SPX'" in refused(lambda: IndexTracker("SPX").fit(returns))
    assert "'GOOG'" in refused(lambda: RiskParity(budgets={**dict.fromkeys(returns, 1), "GOOG": 1}).fit(returns))
    assert "no price for 'GOOG'" in refused(lambda: plan_orders({"GOOG": 1.0}, {"AAPL": 1.0}, cash=1.0))


def test_programs_without_end_or_badly_scaled(returns):
    assert "a limit is missing" in solve(Program.make(["x"], cost=[1.0], maximise=True)).explain()
    for scale in (1e-6, 1e6):
        decision = solve(
            Program.make(
                ["x", "y"], cost=[3 * scale, 5 * scale], rows=[[1, 1], [1, 3]], row_upper=[4, 6], maximise=True
            )
        )
        assert decision.objective == pytest.approx(14 * scale)
    assert "numbers" in refused(lambda: Program.make(["x"], cost=[np.nan]))


def test_a_program_of_a_thousand_wishes_that_two_of_them_spoil():
    """The two are found among all the others, whole numbers or not, in a second or so of work."""
    n = 500
    lower, upper = np.zeros(2 * n), np.full(2 * n, np.inf)
    upper[n:] = 5.0
    lower[7] = 6.0
    rows = np.vstack([np.eye(n), np.eye(n)])
    for whole in (False, True):
        program = Program.make(
            [f"x{i}" for i in range(n)], cost=np.zeros(n), rows=rows, row_lower=np.where(np.arange(2 * n) < n, lower, -np.inf),
            row_upper=upper, whole=whole,
        )  # fmt: skip
        found = explain_infeasible(program)
        assert found.clash["limit"].tolist() == ["row 8", f"row {n + 8}"]
        assert found.total == pytest.approx(1.0)


def test_errors_of_limits_carry_the_conflict_as_data(returns):
    with pytest.raises(InfeasibleError) as error:
        MinimumVariance(limits=[Limit("cap", "every asset", most=0.2)]).fit(returns)
    frame = error.value.conflict.to_frame()
    assert frame.to_dict("records") == [
        {
            "limit": "cap",
            "side": "most",
            "at": 0.2,
            "to": pytest.approx(0.25),
            "by": pytest.approx(0.05),
            "clashes": True,
        }
    ]
