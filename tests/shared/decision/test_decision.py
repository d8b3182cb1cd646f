import numpy as np
import pandas as pd
import pytest

from shared.decision import Conflict, Decision, Program, explain_infeasible, make_binding, relative_gap
from shared.errors import HexadError

VALUES = pd.DataFrame({"value": [0.2, -0.5, 0.0], "why": ["", "", "out"]}, index=["a", "b", "c"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"status": "optimal", "objective": 3.0, "bound": 3.0}, "The best profit is 3 CHF; nothing better is possible."),
        (
            {"status": "within gap", "objective": 100.0, "bound": 101.0},
            "The profit is 100 CHF, at most 1 % from the best possible.",
        ),
        (
            {"status": "stopped by time", "objective": 100.0, "bound": 150.0},
            "Time was up: the profit is 100 CHF, at most 50 % from the best possible.",
        ),
        (
            {"status": "stopped by time", "objective": 100.0},
            "The profit is 100 CHF; how far that is from the best is not known.",
        ),
        ({"status": "stopped by time"}, "Time was up before any decision was found."),
        (
            {"status": "stopped by time", "bound": 9.0},
            "Time was up before any decision was found: the profit cannot pass 9 CHF.",
        ),
        ({"status": "infeasible"}, "No decision meets all limits."),
        ({"status": "unbounded"}, "The profit can fall without end: a limit is missing."),
        ({"status": "unbounded", "maximise": True}, "The profit can grow without end: a limit is missing."),
    ],
)  # fmt: skip
def test_sentences_of_every_status(settings, said):
    decision = Decision(values=VALUES, goal="profit", unit="CHF", **settings)
    assert decision.explain() == said
    assert decision.proven == (settings["status"] == "optimal")


@pytest.mark.parametrize("objective", [0.0, 1e-300])
def test_a_gap_beside_nothing_is_told_by_the_bound(objective):
    decision = Decision("stopped by time", VALUES, objective, 5.0, maximise=True)
    assert "the best possible is at most 5" in decision.explain()
    assert "e+" not in decision.explain()
    small = Decision("stopped by time", VALUES, objective, -5.0)
    assert "the best possible is at least -5" in small.explain()


def test_limits_that_bind_are_told_dearest_first():
    rows = [(f"limit {i}", "most", 0.1 * i, 4.0 - i) for i in range(5)]
    rows[1] = ("limit 1", "least", 0.1, np.nan)
    decision = Decision("optimal", VALUES, 1.0, 1.0, binding=make_binding(rows), notes=("beware", "of this"))
    assert decision.explain() == (
        "The best objective is 1; nothing better is possible. Held back by: limit 0 (most 0), one unit more room would"
        " bring 4; limit 1 (least 0.1); limit 2 (most 0.2), 0.01 more room would bring 0.02; and 2 others. Beware. Of this."
    )


def test_the_table_and_what_a_notebook_shows():
    decision = Decision("optimal", VALUES, 1.0, 1.0)
    pd.testing.assert_frame_equal(decision.to_frame(), VALUES)
    assert "nothing better is possible" in decision._repr_html_()
    assert "0.2" in decision._repr_html_()
    assert repr(decision).startswith("Decision(status='optimal', values: ")
    assert "\n" not in repr(decision)


def test_a_plot_shows_the_largest_and_leaves_nothing_out_that_is_large():
    figure = Decision("optimal", VALUES, 1.0, 1.0).plot()
    svg = figure.svg if hasattr(figure, "svg") else str(figure)
    assert "b" in svg
    many = pd.DataFrame({"value": np.arange(40.0)}, index=pd.MultiIndex.from_product([range(8), list("abcde")]))
    assert Decision("optimal", many, 1.0, 1.0).plot() is not None
    for none in (VALUES * 0, pd.DataFrame({"value": [np.nan]}), pd.DataFrame({"value": []})):
        with pytest.raises(HexadError, match="nothing to draw"):
            Decision("infeasible", none.assign(value=pd.to_numeric(none["value"]))).plot()


def test_an_infeasible_decision_speaks_by_its_conflict():
    program = Program.make(
        ["x"], cost=[0], rows=[[1]] * 7, row_lower=[7] + [-np.inf] * 6, row_upper=[np.inf] + [1.0] * 6,
        row_names=["want", *(f"cap {i}" for i in range(6))],
    )  # fmt: skip
    conflict = explain_infeasible(program)
    assert isinstance(conflict, Conflict)
    assert Decision("infeasible", VALUES, conflict=conflict).explain() == conflict.explain()
    assert conflict.explain().startswith("Two limits cannot hold together: want (least 7) and cap")


def test_relative_gaps():
    assert relative_gap(2.0, 1.0) == 0.5
    assert relative_gap(-2.0, -3.0) == 0.5
    assert relative_gap(0.0, 0.0) == 0.0
    assert np.isnan(relative_gap(1.0, np.nan))
    assert np.isnan(Decision("stopped by time", VALUES, 1.0).gap)


def test_bindings_of_nothing_are_their_own():
    one = make_binding()
    one.loc[0] = ["x", "most", 1.0, 1.0]
    assert len(make_binding()) == 0
