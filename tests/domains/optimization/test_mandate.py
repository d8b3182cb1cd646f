import numpy as np
import pandas as pd
import pytest

from domains.optimization.portfolio.mandate import Mandate, read_holdings
from shared.decision import InfeasibleError, Limit
from shared.errors import DataError, HexadError

ASSETS = ("A", "B", "C", "D")
SECTORS = {"sector": {"A": "x", "B": "x", "C": "y", "D": "y"}}


def read(*limits, **more):
    return Mandate.read(ASSETS, list(limits), SECTORS, **more)


def refused(*limits, **more) -> str:
    with pytest.raises(HexadError) as error:
        read(*limits, **more).find_start()
    return str(error.value)


@pytest.mark.parametrize("order", [1, -1])
def test_limits_on_one_asset_hold_together_in_any_order(order):
    limits = [
        Limit("long only", "every asset", least=0),
        Limit("short", "A", least=-0.1),
        Limit("cap", "every asset", most=0.6),
        Limit("tight", "B", least=0.1, most=0.4),
        Limit("loose", "B", most=0.5),
    ][::order]
    mandate = read(*limits)
    assert mandate.lower.tolist() == [0, 0.1, 0, 0]
    assert mandate.upper.tolist() == [0.6, 0.4, 0.6, 0.6]
    assert mandate.bound_names[1, "most"] == "tight"
    assert mandate.bound_names[0, "most"] == "cap"
    assert (0, "least") not in mandate.bound_names


def test_what_is_short_leaves_more_to_the_others():
    mandate = read(Limit("short", "every asset", least=-0.3), Limit("cap", "A", most=1.3))
    assert mandate.lower.tolist() == [-0.3] * 4
    assert mandate.upper.tolist() == pytest.approx([1.3, 1.9, 1.9, 1.9])
    assert read().upper.tolist() == [1.0] * 4
    assert read(Limit("all", "every asset", most=1)).bound_names == {}


def test_a_group_of_one_is_a_bound():
    mandate = Mandate.read(("A", "B"), [Limit("x", "sector = x", most=0.3)], SECTORS)
    mandate = Mandate.read(("A", "C"), [Limit("x", "sector = x", most=0.3)], SECTORS)
    assert mandate.upper.tolist() == [0.3, 1.0]
    assert mandate.bound_names == {(0, "most"): "x"}
    assert len(mandate.row_names) == 0


def test_numbers_are_counted_in_whole_assets():
    mandate = read(Limit("n", "Number of Assets", least=1.2, most=2.9), Limit("h", "every held asset", least="1 %"))
    assert (mandate.fewest, mandate.largest) == (2, 2)
    assert mandate.counts
    assert not read(Limit("n", "number of assets", most=4)).counts


def test_a_least_number_needs_a_least_weight():
    told = refused(Limit("cap", "A", most=0.5), Limit("many", "number of assets", least=3))
    assert "column 'least': 'many' asks for 3 assets, and next to nothing would count as one (row 2)" in told
    assert "every held asset" in told
    assert read(Limit("one", "number of assets", least=1)).fewest == 1
    floors = [Limit(one, one, least=0.1) for one in "AB"]
    assert read(Limit("two", "number of assets", least=2), *floors).fewest == 2


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ([Limit("p", "A", most=30)], "a weight of 30, where 1 is all of the money (row 1). Did you mean 0.3, or 30 %?"),
        ([Limit("p", "A", most=3000)], "a weight of 3000, where 1 is all of the money (row 1). Correct it."),
        ([Limit("n", "number of assets", least=9)], "'n' asks for 9 assets, and there are 4"),
        ([Limit("n", "number of assets", most=0.5)], "'n' allows 0.5 assets"),
        ([Limit("t", "turnover", least=0.1)], "turnover has no least"),
        ([Limit("t", "turnover", most=-0.1)], "turnover cannot be below 0"),
        ([Limit("h", "every held asset", least=-0.1)], "'h' is below 0"),
        ([Limit("r", "expected return", least=0.1)], "limits the expected return, which is not estimated here"),
        ([Limit("x", "Z", most=0.1)], "'Z' is no asset, group or quantity"),
    ],
)  # fmt: skip
def test_what_no_weights_can_be_is_told(limits, told):
    assert told in refused(*limits)


def test_all_of_it_is_told_at_once():
    with pytest.raises(DataError) as error:
        read(Limit("p", "A", most=30), Limit("n", "number of assets", least=9), Limit("t", "turnover", most=-1))
    assert [tuple(one.rows) for one in error.value.problems] == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    ("limits", "clash", "total"),
    [
        ([Limit("cap", "every asset", most=0.2)], {"cap"}, 0.05),
        ([Limit("floor", "every asset", least=0.3)], {"floor"}, 0.05),
        ([Limit("x", "sector = x", most=0.3), Limit("y", "sector = y", most=0.6)], {"x", "y"}, 0.1),
        ([Limit("x", "every sector", least=0.6)], {"x"}, 0.1),
        ([Limit("x", "sector = x", most=0.3), Limit("a", "A", least=0.4), Limit("b", "B", most=0.9)], {"x", "a"}, 0.1),
        ([Limit("n", "number of assets", least=3), Limit("h", "every held asset", least=0.4)], {"n", "h"}, 0.4 - 1 / 3),
        ([Limit("n", "number of assets", most=2), Limit("cap", "every asset", most=0.4)], {"n", "cap"}, 0.1),
        ([Limit("a", "A", most=-0.1)], {"a"}, 0.1),
        ([Limit("t", "turnover", most=0.3)], {"t"}, 0.7),
    ],
)
def test_what_cannot_hold_together_is_named_with_what_would_have_to_give(limits, clash, total):
    with pytest.raises(InfeasibleError) as error:
        read(*limits, Limit("idle", "B", most=0.95)).find_start()
    conflict = error.value.conflict
    assert set(conflict.clash["limit"]) == clash
    assert conflict.total == pytest.approx(total, abs=1e-6)
    assert str(error.value).startswith("No portfolio meets the limits.")
    assert "The least that would have to give is" in str(error.value)


def test_a_start_is_a_portfolio_that_meets_all():
    mandate = read(
        Limit("n", "number of assets", least=2, most=2),
        Limit("h", "every held asset", least=0.3, most=0.6),
        Limit("y", "sector = y", least=0.5),
        Limit("t", "turnover", most=1.0),
        holdings={"A": 0.5, "B": 0.5},
    )
    chosen = mandate.find_start()
    assert len(chosen) == 2
    assert set(chosen) & {2, 3}
    assert mandate.find_start() is chosen
    assert read().find_start() is None


def test_holdings_of_any_form():
    for given in ({"B": 0.4, "D": "0.1"}, pd.Series([0.4, 0.1], index=["B", "D"])):
        assert read_holdings(given, ASSETS).tolist() == [0, 0.4, 0, 0.1]
    assert read_holdings({1: 0.5}, ["1", "2"]).tolist() == [0.5, 0]
    with pytest.raises(DataError, match="'Z' are held, and have no returns"):
        read_holdings({"Z": 0.1}, ASSETS)
    with pytest.raises(DataError, match="'A' have no weight that is a number"):
        read_holdings({"A": "much"}, ASSETS)
    with pytest.raises(DataError, match="no weight"):
        read_holdings({"A": np.inf}, ASSETS)
