"""Markets and access: planted exponents come back, shares and catchments agree with plain loops, nothing is lost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.geodata import (
    HuffModel,
    compute_costs,
    compute_floating_catchment,
    compute_hill,
    make_grid_town,
    measure_access,
)
from domains.geodata.access.huff import weigh_market, weigh_pull

INF = np.inf


def share_plainly(costs, sizes, exponent: float, power: float = 1.0) -> np.ndarray:
    pull = np.array(
        [
            [size**power / cost**exponent if size else 0.0 for size, cost in zip(sizes, row, strict=True)]
            for row in costs
        ]
    )
    total = pull.sum(axis=1, keepdims=True)
    return np.divide(pull, total, out=np.zeros_like(pull), where=total > 0)


def test_two_stores_share_as_huff_wrote():
    market = HuffModel(exponent=2.0).share_market([[1.0, 2.0]], [100.0, 50.0], [900.0])
    np.testing.assert_allclose(market.shares, [[8 / 9, 1 / 9]], rtol=1e-12)
    np.testing.assert_allclose(market.won, [800, 100], rtol=1e-12)
    assert market.to_frame()["share"].sum() == pytest.approx(1)
    assert market.explain().startswith("Of all demand: 0 88.9 %, 1 11.1 %.")


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("exponent", [0.5, 2.0, 5.0])
def test_shares_are_those_of_the_plain_formula(exponent, power):
    rng = np.random.default_rng(0)
    costs, sizes = rng.uniform(1, 50, (40, 6)), rng.uniform(1, 9, 6)
    costs[rng.random(costs.shape) < 0.2] = INF
    costs[7], sizes[2] = INF, 0.0
    market = HuffModel(exponent=exponent, power=power).share_market(costs, sizes, np.arange(40.0))
    plain = share_plainly(costs, sizes, exponent, power)
    np.testing.assert_allclose(market.shares, plain, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(market.won, np.arange(40) @ plain)
    assert market.shares.sum(axis=1).round(9).drop(7).eq(1).all()
    assert market.shares.loc[7].eq(0).all()
    assert market.notes == ("1 client with 0.897 % of the demand reaches no site: nobody wins them",)


@pytest.mark.parametrize("exponent", [2.0, 100.0, 1e4])
@pytest.mark.parametrize("unit", [1.0, 1e4])
def test_no_cost_at_all_and_steep_exponents_give_shares(exponent, unit):
    costs = unit * np.array([[0.0, 5.0, 9.0], [0.0, 0.0, 1.0], [3.0, 2.0, 1.0], [1.0, 1.0, INF]])
    shares = HuffModel(exponent=exponent).share_market(costs, [1.0, 3.0, 1.0]).shares.to_numpy()
    assert np.isfinite(shares).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares[0], [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(shares[1], [0.25, 0.75, 0], atol=1e-3)
    np.testing.assert_allclose(shares[3], [0.25, 0.75, 0])
    if exponent > 2:
        np.testing.assert_allclose(shares[2], [0, 0, 1], atol=1e-9)


@given(st.integers(0, 10**6), st.sampled_from([0.3, 2.0, 60.0]))
def test_pulls_beside_rivals_share_as_the_whole_market_does(seed, exponent):
    rng = np.random.default_rng(seed)
    costs, others = rng.uniform(0.1, 30, (8, 3)), rng.uniform(0.1, 30, (8, 2))
    costs[rng.random(costs.shape) < 0.3] = INF
    others[rng.random(others.shape) < 0.5] = INF
    sizes, theirs = rng.integers(0, 4, 3).astype(float), rng.integers(1, 4, 2).astype(float)
    pull, rivals = weigh_market(costs, sizes, others, theirs, exponent)
    own = pull.sum(axis=1)
    found = np.divide(own, own + rivals, out=np.zeros(8), where=own + rivals > 0)
    market = HuffModel(exponent=exponent).share_market(np.column_stack([costs, others]), [*sizes, *theirs])
    np.testing.assert_allclose(found, market.shares.iloc[:, :3].sum(axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(weigh_pull(costs, sizes, 2.0), np.where(np.isinf(costs), 0, sizes / costs**2))


def visits(seed: int, exponent: float, power: float = 1.0, n: int = 150):
    rng = np.random.default_rng(seed)
    costs, sizes = rng.uniform(1, 20, (n, 7)), rng.uniform(1, 8, 7)
    chance = share_plainly(costs, sizes, exponent, power)
    counts = rng.integers(1, 60, n)
    return costs, sizes, np.array([rng.multinomial(count, row) for count, row in zip(counts, chance, strict=True)])


def test_a_planted_exponent_is_found_and_lies_in_its_interval():
    inside = 0
    for seed in range(20):
        truth = 0.8 + 0.1 * seed
        costs, sizes, seen = visits(seed, truth)
        model = HuffModel(n_draws=40, random_state=seed).fit(costs, sizes, seen)
        assert model.exponent_ == pytest.approx(truth, rel=0.05)
        inside += model.interval_[0] <= truth <= model.interval_[1]
        assert model.interval_[1] - model.interval_[0] < 0.3
    assert inside >= 17


def test_exponent_and_power_are_found_together():
    costs, sizes, seen = visits(0, 1.7, 0.6, n=600)
    model = HuffModel(power=None, n_draws=10).fit(costs, sizes, seen)
    assert model.exponent_ == pytest.approx(1.7, rel=0.05)
    assert model.power_ == pytest.approx(0.6, rel=0.1)
    known = HuffModel(exponent=1.7, power=None, n_draws=10).fit(costs, sizes, seen)
    assert known.interval_ == (1.7, 1.7)
    assert known.power_ == pytest.approx(0.6, rel=0.1)


def test_shares_without_noise_give_the_exponent_exactly_and_scale_does_not_matter():
    costs, sizes, _ = visits(1, 2.0)
    truth = share_plainly(costs, sizes, 2.3)
    for unit, counts in ((1.0, 1.0), (1e4, 1.0), (1.0, 1e6)):
        model = HuffModel(n_draws=10).fit(unit * costs, sizes, counts * truth)
        assert model.exponent_ == pytest.approx(2.3, rel=1e-4)
        assert model.fit_ == pytest.approx(1, abs=1e-6)
        assert "explains 100 %" in model.explain()


def test_the_same_seed_gives_the_same_interval():
    costs, sizes, seen = visits(2, 2.0)
    one, other = (HuffModel(n_draws=20).fit(costs, sizes, seen).interval_ for _ in range(2))
    assert one == other


def test_one_client_tells_an_exponent_and_no_interval():
    model = HuffModel().fit([[1.0, 2.0, 4.0]], [1, 1, 1], [[4.0, 2.0, 1.0]])
    assert model.exponent_ == pytest.approx(1, rel=1e-3)
    assert model.interval_ == (0.0, INF)
    assert "no interval can be told from 1 client" in model.explain()


@given(st.integers(0, 10**6))
def test_what_a_new_site_wins_the_others_lose(seed):
    rng = np.random.default_rng(seed)
    costs, sizes = rng.uniform(1, 20, (15, 5)), rng.uniform(1, 5, 5)
    demand = rng.uniform(0, 9, 15)
    table = pd.DataFrame(costs, columns=list("abcde"))
    model = HuffModel(exponent=rng.uniform(0.5, 3))
    found = model.compare_sites(table, sizes, demand, opens=["e"], closes="a")
    assert found["change"].sum() == pytest.approx(0, abs=1e-9)
    assert found.loc["e", "before"] == found.loc["a", "after"] == 0
    before = model.share_market(table.drop(columns="e"), sizes[:4], demand).won
    after = model.share_market(table.drop(columns="a"), sizes[1:], demand).won
    np.testing.assert_allclose(found["before"].drop("e"), before, rtol=1e-9)
    np.testing.assert_allclose(found["after"].drop("a"), after, rtol=1e-9)


def test_the_first_site_of_a_market_takes_from_nobody():
    found = HuffModel(exponent=2.0).compare_sites([[1.0], [INF]], [5.0], [3.0, 4.0], opens=[0])
    assert found.loc[0].tolist() == [0.0, 3.0, 3.0]
    assert HuffModel(exponent=2.0).compare_sites([[1.0]], [5.0], closes=0)["after"].tolist() == [0.0]


# Access


@pytest.fixture(scope="module")
def town():
    return make_grid_town(8, 8, spacing=100.0)


def scatter(town, n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "lon": rng.uniform(town.lon.min(), town.lon.max(), n),
            "lat": rng.uniform(town.lat.min(), town.lat.max(), n),
            "kind": rng.choice(["cafe", "school", "shop"], n, p=[0.6, 0.3, 0.1]),
            "beds": rng.integers(0, 5, n),
        },
        index=[f"r{number}" for number in range(n)],
    )


FALLS = {
    "exponential": lambda cost, limit: 0.5 ** (2 * cost / limit),
    "gaussian": lambda cost, limit: 0.5 ** ((2 * cost / limit) ** 2),
    "linear": lambda cost, limit: 1 - cost / limit,
}


@pytest.mark.parametrize("decay", FALLS)
@pytest.mark.parametrize("weight", [None, "beds"])
def test_access_is_what_plain_loops_count(town, decay, weight):
    points, places = scatter(town, 12, 0), scatter(town, 40, 1)
    limits = [300, 150]
    found = measure_access(town, points, places, limits, kind="kind", weight=weight, decay=decay, diversity=True)
    assert found.index.tolist() == points.index.tolist()
    costs = compute_costs(town, points, places, by="distance").values
    weights = np.ones(40) if weight is None else places["beds"].to_numpy()
    for kind in ("cafe", "school", "shop", "all"):
        mine = np.ones(40, dtype=bool) if kind == "all" else (places["kind"] == kind).to_numpy()
        for row, (label, told) in enumerate(found.iterrows()):
            near = [place for place in range(40) if mine[place] and costs[row, place] <= 300]
            for limit in limits:
                inside = [place for place in near if costs[row, place] <= limit]
                assert told[f"{kind}_within_{limit}"] == sum(weights[place] for place in inside), label
            assert told[f"{kind}_nearest"] == costs[row, mine].min()
            pull = sum(weights[place] * FALLS[decay](costs[row, place], 300) for place in near)
            assert told[f"{kind}_gravity"] == pytest.approx(pull, abs=1e-9)
    counts = found[[f"{kind}_within_150" for kind in ("cafe", "school", "shop")]]
    np.testing.assert_allclose(found["diversity_2_150"], hill_plainly(counts.to_numpy(), 2), atol=1e-9)


def test_access_in_blocks_is_access_and_points_on_no_street_have_none(town, monkeypatch):
    points, places = scatter(town, 12, 0), scatter(town, 40, 1)
    points.loc["r3", "lon"] += 0.05
    whole = measure_access(town, points, places, 300)
    monkeypatch.setattr("domains.geodata.access.measure.BLOCK", 100)
    pd.testing.assert_frame_equal(measure_access(town, points, places, 300), whole)
    assert whole.loc["r3"].tolist() == [0, INF]


def test_limits_that_differ_little_have_columns_of_their_own(town):
    found = measure_access(town, scatter(town, 2, 0), scatter(town, 5, 1), [1234567, 1234568, 0.25])
    assert [name for name in found if "within" in name] == [
        "all_within_0.25",
        "all_within_1234567",
        "all_within_1234568",
    ]


def test_floating_catchments_are_what_plain_loops_give():
    rng = np.random.default_rng(0)
    costs = rng.uniform(0, 20, (30, 6))
    costs[rng.random(costs.shape) < 0.3] = INF
    costs[4], costs[:, 5] = INF, INF
    supply, demand = rng.integers(0, 9, 6).astype(float), rng.integers(0, 9, 30).astype(float)
    supply[2], supply[5] = 0, 4
    for decay in (None, *FALLS):
        fall = FALLS.get(decay, lambda cost, limit: 1.0)
        reach = [[fall(cost, 12.0) if cost <= 12 else 0.0 for cost in row] for row in costs]
        comes = [sum(demand[i] * reach[i][j] for i in range(30)) for j in range(6)]
        ratio = [supply[j] / comes[j] if comes[j] else 0.0 for j in range(6)]
        access = [sum(reach[i][j] * ratio[j] for j in range(6)) for i in range(30)]
        found = compute_floating_catchment(costs, supply, demand, 12.0, decay=decay)
        np.testing.assert_allclose(found.access, access, rtol=1e-12, atol=1e-15)
        load = [comes[j] / supply[j] if supply[j] else INF for j in range(6)]
        np.testing.assert_allclose(found.load, load)
        assert found.notes == ("1 site has nobody within reach",)
        # All supply that somebody reaches is given to somebody, and no more.
        assert found.access @ demand == pytest.approx(supply[:5].sum())
        assert found.access[4] == 0
        assert "none within reach" in found.explain()


def hill_plainly(counts, order: float) -> list[float]:
    found = []
    for row in np.asarray(counts, dtype=float):
        share = [one / row.sum() for one in row if one > 0] if row.sum() else []
        if not share:
            found.append(0.0)
        elif order == 1:
            found.append(float(np.exp(-sum(one * np.log(one) for one in share))))
        else:
            found.append(sum(one**order for one in share) ** (1 / (1 - order)))
    return found


@given(st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), min_size=1, max_size=5))
def test_hill_numbers_are_those_of_the_plain_formula_and_fall_with_the_order(counts):
    before = np.full(len(counts), INF)
    for order in (0, 0.5, 0.999, 1, 1.001, 2, 3.5):
        found = compute_hill(counts, order)
        np.testing.assert_allclose(found, hill_plainly(counts, order), rtol=1e-9)
        assert (found <= before + 1e-9).all()
        before = found


def test_hill_numbers_at_the_edge_of_what_numbers_hold():
    counts = [[2.0, 3.0, 5.0]]
    one = compute_hill(counts, 1)[0]
    for order in (1 - 1e-13, 1 + 1e-13, 1 - 1e-9, 1 + 1e-9, 1 + 1e-7, 1 - 2e-6):
        assert compute_hill(counts, order)[0] == pytest.approx(one, rel=1e-5)
    # At infinite order: one over the largest share.
    assert compute_hill(counts, 1e5)[0] == pytest.approx(2, rel=1e-4)
    for unit in (1e-300, 1e307):
        np.testing.assert_allclose(compute_hill(unit * np.array(counts), 2), compute_hill(counts, 2))
    assert compute_hill([[0, 0]], 3).tolist() == [0.0]
    assert compute_hill([[7]], 0.5).tolist() == [1.0]
