"""Visits that tell nothing of how far people go: the model says so, and claims no certainty."""

import numpy as np
import pytest

from domains.geodata import HuffModel
from shared.errors import DataError, HexadError


@pytest.mark.parametrize(
    ("costs", "sizes"), [([[1.0], [2.0]], [1.0]), (np.ones((5, 3)), [1.0, 2.0, 3.0]), ([[2.0, np.inf]], [1.0, 1.0])]
)
def test_clients_without_a_choice_tell_no_exponent(costs, sizes):
    seen = np.where(np.isfinite(costs), 1.0, 0.0)
    with pytest.raises(HexadError, match="the exponent cannot be learnt"):
        HuffModel().fit(costs, sizes, seen)
    HuffModel(exponent=2.0).fit(costs, sizes, seen)


def test_sizes_that_are_the_same_tell_no_power():
    with pytest.raises(HexadError, match="the power cannot be learnt"):
        HuffModel(power=None).fit([[1.0, 2.0], [2.0, 1.0]], [3.0, 3.0], [[2, 1], [1, 2]])


def test_one_client_tells_no_interval():
    model = HuffModel().fit([[1.0, 2.0, 4.0]], [1.0, 2.0, 3.0], [[10, 5, 1]])
    assert model.interval_ == (0.0, np.inf)
    assert "no interval can be told from 1 client" in model.explain()


def test_visits_to_a_site_of_no_size_are_told():
    with pytest.raises(DataError, match=r"2 visits to sites of size 0 \(rows 1, 2\)"):
        HuffModel().fit([[1.0, 2.0, 4.0], [3.0, 1.0, 2.0]], [0.0, 1.0, 1.0], [[5, 3, 1], [5, 3, 2]])
