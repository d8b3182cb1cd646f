"""A name with a comma is quoted where it stands in a list, whoever makes the list."""

import numpy as np
import pandas as pd
import pytest

from domains.anomaly import Drift
from domains.basket import association_rules
from domains.optimization import ResponseCurves
from domains.timeseries.automatic.choice import Choice
from domains.timeseries.automatic.members import Autoregression, Theta
from shared.decision.infeasible import Conflict
from shared.errors import HexadError
from shared.evaluation.scores import Scores
from shared.text import join_names


def test_lists_quote_names_with_commas_and_nothing_else():
    assert join_names(["a", "b, c", 3]) == "a, 'b, c' and 3"
    assert join_names(["b, c"]) == "b, c"
    assert join_names([]) == ""


def test_what_was_chosen_can_be_told_apart():
    members = (Theta(1), Autoregression((24, 168), "log", difference=True))
    comma = [member.name for member in members if "," in member.name]
    assert comma  # else there is nothing to tell apart
    scores = {"naive": (1.0, 1.0, 1.0), **{member.name: (1.0, 1.0, 0.5) for member in members}}
    scores["median of both"] = (1.0, 1.0, 0.4)
    said = Choice(members, scores, "median of both", 5, 10).explain()
    assert all(f"'{name}'" in said for name in comma)
    said = Choice(members[:1], scores, members[0].name, 5, 10).explain()
    assert f"'{comma[0]}' 0.50" in said


def test_results_of_all_domains_quote():
    rows = pd.DataFrame({"model": ["a, b", "c"], "split": 1, "metric": "mae", "value": [1.0, 2.0]})
    with pytest.raises(HexadError, match="the models are 'a, b' and c$"):
        Scores(rows, rows, rows, ("c",)).values("d", "mae")
    assert "'x, in m' and y changed" in Drift(True, ("x, in m", "y"), 1e-9, 500).explain()
    clash = pd.DataFrame({"limit": ["cap, all", "least"], "side": ["most", "least"], "at": [1.0, 2.0]})
    assert "'cap, all (most 1)' and least (least 2)" in Conflict(clash, pd.DataFrame(), 0.0).explain()
    curves = ResponseCurves.make(["tv, late", "web"], top=[100, 50], half=[10, 5], shape=[2, 1])
    assert "'tv, late' at 10, web at 5" in curves.explain()
    rules = association_rules(
        [["tea, green", "milk", "jam"], ["tea, green", "milk", "jam"], ["soap"]] * 30, min_support=0.1
    )
    assert any("milk, 'tea, green'" in rules.label(number) for number in range(len(rules)))
    assert np.all(["tea, green, milk" not in rules.label(number) for number in range(len(rules))])
