"""Sites that clash, that may not be, and that nobody reaches: what is allowed is found, and what is told of it holds."""

import itertools

import numpy as np
import pytest

from domains.geodata import choose_sites
from shared.decision import InfeasibleError
from shared.errors import HexadError


def clash(n_sites, *pairs):
    barred = np.zeros((n_sites, n_sites), dtype=bool)
    for one, other in pairs:
        barred[one, other] = True
    return barred


def test_the_best_site_for_a_share_may_clash_with_every_other():
    found = choose_sites(
        np.ones((1, 3)), 2, goal="share", pull=[[3.0, 4.0, 3.0]], rivals=[1.0], clash=clash(3, (1, 0), (1, 2))
    )
    assert sorted(found.sites) == [0, 2]
    assert found.objective == pytest.approx(6 / 7)


@pytest.mark.parametrize("goal", ["median", "share"])
def test_sites_that_exist_and_clash_are_impossible(goal):
    more = {"pull": np.ones((2, 3)), "rivals": [1.0, 1.0]} if goal == "share" else {}
    with pytest.raises(InfeasibleError):
        choose_sites(np.ones((2, 3)), 1, goal=goal, existing=[0, 1], clash=clash(3, (0, 1)), **more)


@pytest.mark.parametrize("seed", range(10))
def test_shares_beside_all_sets(seed):
    random = np.random.default_rng(seed)
    pull, rivals, weights = random.random((6, 6)), random.random(6), random.random(6)
    barred = random.random((6, 6)) < 0.2
    np.fill_diagonal(barred, False)
    allowed = [
        list(chosen) for chosen in itertools.combinations(range(6), 3) if not barred[np.ix_(chosen, chosen)].any()
    ]
    won = [weights @ (pull[:, one].sum(axis=1) / (pull[:, one].sum(axis=1) + rivals)) for one in allowed]
    asked = {"goal": "share", "pull": pull, "rivals": rivals, "weights": weights, "clash": barred}
    if not allowed:
        with pytest.raises(InfeasibleError):
            choose_sites(np.ones((6, 6)), 3, **asked)
        return
    found = choose_sites(np.ones((6, 6)), 3, **asked)
    assert found.objective == pytest.approx(max(won), rel=2e-6)
    # Clients are shared among the sites: what comes to each sums up to what is won.
    assert found.values["value"].sum() == pytest.approx(found.objective)


def test_fewest_leaves_out_whom_only_a_forbidden_site_covers():
    found = choose_sites([[1.0, 9.0, 9.0], [9.0, 1.0, 9.0]], goal="fewest", limit=2, forbidden=[1])
    assert found.sites == [0]
    assert "1 client with 50 % of the demand cannot be covered by any site" in found.explain()


def test_fewest_that_cover_nobody_is_told_at_once():
    with pytest.raises(HexadError, match="no site is within limit=1 of any client"):
        choose_sites([[9.0, 9.0]], goal="fewest", limit=1)


def test_nothing_covered_is_nothing():
    told = choose_sites([[9.0, 9.0]], 1, goal="cover", limit=1).explain()
    assert "-0" not in told
    assert "1 client with 100 % of the demand cannot be covered" in told
