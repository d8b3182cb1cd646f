"""Sites that win most from rivals: what comes to each, how firmly they are chosen, and one least cost for all."""

import itertools

import numpy as np
import pandas as pd
import pytest

from domains.geodata import HuffModel, choose_sites, make_grid_town, rank_sites, weigh_pull


@pytest.fixture
def market():
    rng = np.random.default_rng(3)
    costs = rng.uniform(1, 20, (60, 9))
    rivals = weigh_pull(rng.uniform(1, 20, (60, 5)), np.ones(5), 2.0).sum(axis=1)
    return costs, weigh_pull(costs, np.ones(9), 2.0), rivals, rng.uniform(0, 3, 60)


def test_the_best_set_is_that_of_a_plain_search(market):
    costs, pull, rivals, weights = market
    found = choose_sites(costs, 3, goal="share", pull=pull, rivals=rivals, weights=weights)

    def win(chosen):
        own = pull[:, list(chosen)].sum(axis=1)
        return float(weights @ (own / (own + rivals)))

    best = max(itertools.combinations(range(9), 3), key=win)
    assert sorted(found.sites) == list(best)
    assert found.objective == pytest.approx(win(best))
    assert found.proven


def test_what_comes_to_each_site_is_what_it_wins_and_not_who_is_nearest(market):
    costs, pull, rivals, weights = market
    found = choose_sites(costs, 3, goal="share", pull=pull, rivals=rivals, weights=weights)
    assert found.values["value"].sum() == pytest.approx(found.objective)
    for site, row in found.values.iterrows():
        own = pull[:, found.sites].sum(axis=1)
        share = weights * pull[:, site] / (own + rivals)
        assert row["value"] == pytest.approx(share.sum())
        assert row["cost"] == pytest.approx(share @ costs[:, site] / share.sum())
        assert f"{100 * row['share']:.3g} % of the demand comes here" in row["why"]


def test_demand_drawn_anew_chooses_again(market):
    costs, pull, rivals, weights = market
    found = choose_sites(costs, 3, goal="share", pull=pull, rivals=rivals, weights=weights)
    assert found.stability["share"].sum() == pytest.approx(3)
    assert 0 <= found.regret < 1
    again = choose_sites(costs, 3, goal="share", pull=pull, rivals=rivals, weights=weights)
    pd.testing.assert_frame_equal(found.stability, again.stability)
    plain = choose_sites(costs, 3, goal="share", pull=pull, rivals=rivals, weights=weights, compare=False, draws=0)
    assert sorted(plain.sites) == sorted(found.sites)
    assert len(plain.stability) == len(plain.runners_up) == 0
    assert "objective" not in " ".join(plain.values["why"])
    # One site far better than the others stays.
    pull[:, 4] *= 1e4
    sure = choose_sites(costs, 1, goal="share", pull=pull, rivals=rivals, weights=weights)
    assert sure.stability.to_dict("records") == [{"site": 4, "share": 1.0}]
    assert sure.regret == 0


def test_next_door_draws_alike_whosever_it_is():
    """Candidate and rival at one spot share evenly, however far the other sites of either are."""
    town = make_grid_town(12, 3, spacing=100.0)
    nodes = town.nodes_to_frame()
    home, far = nodes.iloc[[0]], nodes.iloc[[0, 35]]
    found = rank_sites(town, home, home, 1, rivals=far, goal="share", by="distance")
    costs = np.array([[0.0, 0.0, 1300.0]])
    assert found.objective == pytest.approx(HuffModel(exponent=2.0).share_market(costs, [1, 1, 1]).won[0], rel=1e-3)
    assert found.objective == pytest.approx(0.5, rel=1e-3)
