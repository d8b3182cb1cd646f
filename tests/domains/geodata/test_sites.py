"""Sites against every set there is, and against open models in HiGHS: the best set, its proof, reasons and runners-up."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest
from pyomo.contrib.appsi.solvers import Highs

from domains.geodata import HuffModel, choose_sites, compute_costs, make_grid_town, rank_sites
from domains.geodata.sites.goals import MedianGoal
from domains.geodata.sites.medians import MedianProblem
from domains.geodata.sites.programs import CapacityGoal, CoverGoal, FewestGoal
from domains.geodata.sites.share import ShareGoal
from domains.geodata.sites.status import FREE, OPEN, SHUT
from shared.decision import InfeasibleError
from shared.errors import HexadError

INF = np.inf


class Case:
    """A small question: some clients out of reach of some sites, some sites open or shut for good, some that clash."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.n, self.m = int(rng.integers(1, 13)), int(rng.integers(1, 9))
        self.costs = rng.random((self.n, self.m)) * (10.0 if seed % 3 else 1000.0)
        if seed % 2:
            self.costs = np.round(self.costs)
        self.weights = rng.integers(0, 4, self.n) + (seed % 5 == 0) * rng.random(self.n)
        self.status = np.zeros(self.m, dtype=np.uint8)
        for site in rng.permutation(self.m)[: rng.integers(0, 3)]:
            self.status[site] = rng.integers(FREE, SHUT + 1)
        self.clash = np.triu(rng.random((self.m, self.m)) < 0.2, 1) if seed % 2 else None
        self.p = int(rng.integers(1, self.m + 1))

    def barred(self) -> list[tuple[int, int]]:
        return [] if self.clash is None else list(zip(*np.nonzero(self.clash | self.clash.T), strict=True))

    def sets(self, sizes):
        """Every set that is allowed."""
        held, shut = set(np.flatnonzero(self.status == OPEN)), set(np.flatnonzero(self.status == SHUT))
        barred = set(self.barred())
        for size in sizes:
            for some in itertools.combinations(range(self.m), size):
                if held <= set(some) and not shut & set(some) and not barred & set(itertools.permutations(some, 2)):
                    yield list(some)


def agree(answer, best: float) -> None:
    """Proven, and as good as the best of all sets; or proven to be impossible."""
    assert answer.proven
    assert answer.cost == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert answer.bound == pytest.approx(best, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_medians_are_the_best_of_all_sets(start):
    for seed in range(start, start + 50):
        case = Case(seed)
        best = min((case.costs[:, some].min(axis=1).sum() for some in case.sets([case.p])), default=INF)
        answer = MedianProblem(case.costs, case.p, case.status, clash=case.clash, random_state=seed).solve()
        agree(answer, best)
        if np.isfinite(best):
            assert case.costs[:, answer.chosen].min(axis=1).sum() == pytest.approx(best)
            assert answer.chosen.tolist() in list(case.sets([case.p]))


@pytest.mark.parametrize("size", [60, 150])
def test_larger_medians_are_proven_and_agree_with_an_open_model(size):
    rng = np.random.default_rng(size)
    points = rng.random((size, 2))
    costs = np.hypot(*(points[:, None] - points[None, :25]).T).T
    answer = MedianProblem(costs, 4).solve()
    agree(answer, solve_median(costs, np.ones(size), 4, np.zeros(25)))


def make_model(status, barred):
    model = pyo.ConcreteModel()
    model.y = pyo.Var(range(len(status)), domain=pyo.Binary)
    model.rules = pyo.ConstraintList()
    for site, said in enumerate(status):
        if said == OPEN:
            model.rules.add(model.y[site] == 1)
        if said == SHUT:
            model.rules.add(model.y[site] == 0)
    for one, other in barred:
        model.rules.add(model.y[one] + model.y[other] <= 1)
    return model


def solve(model) -> float:
    solver = Highs()
    solver.highs_options = {"mip_rel_gap": 0.0}
    solver.config.load_solution = False
    found = solver.solve(model)
    if found.termination_condition.name == "infeasible" or found.best_feasible_objective is None:
        return INF
    return float(found.best_feasible_objective)


def solve_median(costs, weights, p, status, barred=(), room=None, split: bool = False) -> float:
    """The textbook's p-median: y of a site, x of a client at a site."""
    n, m = costs.shape
    model = make_model(status, barred)
    pairs = [(i, j) for i in range(n) for j in range(m) if np.isfinite(costs[i, j])]
    model.x = pyo.Var(pairs, domain=pyo.NonNegativeReals if split or room is None else pyo.Binary)
    for i in range(n):
        mine = [model.x[pair] for pair in pairs if pair[0] == i]
        if not mine:
            return INF
        model.rules.add(sum(mine) == 1)
    for i, j in pairs:
        model.rules.add(model.x[i, j] <= model.y[j])
    for j in range(m) if room is not None else ():
        held = [weights[i] * model.x[i, j] for i in range(n) if (i, j) in model.x]
        if held:
            model.rules.add(sum(held) <= float(room[j]))
    model.rules.add(sum(model.y.values()) == p)
    model.cost = pyo.Objective(expr=sum(float(costs[pair] * weights[pair[0]]) * model.x[pair] for pair in pairs))
    return solve(model)


@pytest.mark.parametrize("start", range(0, 100, 25))
def test_covering_agrees_with_open_models_and_with_every_set(start):
    for seed in range(start, start + 25):
        case = Case(seed)
        covers = case.costs <= np.quantile(case.costs, 0.35)
        model = make_model(case.status, case.barred())
        model.z = pyo.Var(range(case.n), bounds=(0, 1))
        for i in range(case.n):
            model.rules.add(model.z[i] <= sum(model.y[j] for j in np.flatnonzero(covers[i]).tolist()))
        model.rules.add(sum(model.y.values()) == case.p)
        model.won = pyo.Objective(expr=-sum(float(case.weights[i]) * model.z[i] for i in range(case.n)))
        every = [-case.weights[covers[:, some].any(axis=1)].sum() for some in case.sets([case.p])]
        best = min(every, default=INF)
        assert solve(model) == pytest.approx(best, abs=1e-6)
        agree(CoverGoal(covers, case.weights, case.p, case.clash).solve(case.status, 10), best)

        model = make_model(case.status, case.barred())
        can = covers[:, case.status != SHUT].any(axis=1)
        asked = covers & can[:, None]
        for i in np.flatnonzero(can).tolist():
            model.rules.add(sum(model.y[j] for j in np.flatnonzero(asked[i]).tolist()) >= 1)
        model.count = pyo.Objective(expr=sum(model.y.values()))
        sets = case.sets(range(case.m + 1))
        best = min((len(some) for some in sets if (asked[can][:, some].any(axis=1)).all()), default=INF)
        assert solve(model) == pytest.approx(best)
        agree(FewestGoal(asked, case.clash).solve(case.status, 10), best)


@pytest.mark.parametrize("split", [False, True])
def test_full_sites_agree_with_open_models(split):
    for seed in range(50):
        case = Case(seed)
        if seed % 3 == 0:
            case.costs[case.rng.random(case.costs.shape) < 0.2] = INF
        room = case.rng.uniform(0.2, 1.2, case.m) * max(case.weights.sum(), 1) / case.p
        goal = CapacityGoal(case.costs, case.weights, case.p, room, case.clash, split)
        answer = goal.solve(case.status, 10)
        best = solve_median(case.costs, case.weights, case.p, case.status, case.barred(), room, split)
        agree(answer, best)
        if np.isfinite(best):
            held = case.weights @ goal.assigned
            assert (held <= room + 1e-6).all()
            assert held[np.setdiff1d(np.arange(case.m), answer.chosen)].sum() == 0
            np.testing.assert_allclose(goal.assigned.sum(axis=1), 1)
            if not split:
                assert set(np.unique(goal.assigned)) <= {0.0, 1.0}


def win(pull, rivals, weights, some) -> float:
    own = pull[:, some].sum(axis=1)
    total = own + rivals
    return float((weights * np.divide(own, total, out=np.zeros_like(own), where=total > 0)).sum())


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_shares_are_the_best_of_all_sets(start):
    for seed in range(start, start + 50):
        case = Case(seed)
        pull = case.rng.random((case.n, case.m)) ** 4
        pull[case.rng.random(pull.shape) < 0.2] = 0
        rivals = case.rng.random(case.n) * case.rng.integers(0, 2, case.n)
        best = min((-win(pull, rivals, case.weights, some) for some in case.sets([case.p])), default=INF)
        answer = ShareGoal(pull, rivals, case.weights, case.p, case.clash).solve(case.status, 10)
        assert answer.proven
        assert answer.cost == pytest.approx(best, rel=1e-5, abs=1e-9)


def test_a_strong_site_that_bars_all_others_does_not_hide_that_two_fit():
    """Greedily taken, it leaves no second site; the answer was once that no two sites meet what is asked."""
    pull = np.column_stack([np.full(6, 10.0), np.ones((6, 3))])
    clash = np.zeros((4, 4), dtype=bool)
    clash[0, 1:] = True
    decision = choose_sites(np.ones((6, 4)), 2, goal="share", pull=pull, rivals=np.ones(6), clash=clash)
    assert decision.objective == pytest.approx(6 * 2 / 3)
    with pytest.raises(InfeasibleError):  # sites that are there and clash are no better under one goal than another
        choose_sites(np.ones((6, 4)), 1, goal="share", pull=pull, rivals=np.ones(6), clash=clash, existing=[0, 1])


# choose_sites


def table(seed: int = 0, n: int = 12, m: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.random((n, m)).round(3), columns=list("abcdefgh")[:m])


def best_of(costs, sizes, keep=(), without=()) -> float:
    keys = [key for key in costs.columns if key not in without]
    sets = (list(some) for some in itertools.combinations(keys, sizes) if set(keep) <= set(some))
    return min(costs[some].min(axis=1).sum() for some in sets)


@pytest.mark.parametrize("seed", range(10))
def test_runners_up_are_the_best_sets_without_each_site(seed):
    costs = table(seed)
    decision = choose_sites(costs, 2, existing=["a"], forbidden=["f"])
    assert decision.status == "optimal"
    assert decision.objective == pytest.approx(best_of(costs, 3, ["a"], ["f"]))
    assert len(decision.sites) == 2
    for row in decision.runners_up.itertuples():
        assert row.objective == pytest.approx(best_of(costs, 3, ["a"], ["f", row.without]))
        assert row.loses == pytest.approx(row.objective - decision.objective)
        assert row.loses == pytest.approx(decision.values.loc[row.without, "loses"])
    assert decision.runners_up["without"].tolist() == sorted(decision.sites)
    open_now = [*decision.sites, "a"]
    assert decision.assignment["site"].tolist() == costs[open_now].idxmin(axis=1).tolist()
    np.testing.assert_allclose(decision.assignment["cost"], costs[open_now].min(axis=1))
    assert decision.values["value"].sum() == pytest.approx(12)
    assert decision.values["role"].tolist() == ["new", "new", "existing"]


def test_a_site_that_nothing_can_replace_is_told():
    decision = choose_sites(table(0, 5, 2), 2)
    assert decision.runners_up["instead"].tolist() == ["no set without it is allowed"] * 2
    assert "no set without it is allowed" in decision.explain()


KEYS = {
    "text": list("abcdef"),
    "numbers": [10, 20, 30, 40, 50, 60],
    "mixed": ["a", 2, 3.5, "d", (1, 2), None],
    "times": list(pd.date_range("2024-01-01", periods=6)),
    "several": pd.MultiIndex.from_product([["x", "y"], [1, 2, 3]]),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("goal", ["median", "cover", "fewest", "share"])
def test_keys_of_every_kind_come_back_as_they_were(kind, goal):
    costs = table()
    extra = {"pull": 1 / (costs + 0.1), "rivals": np.ones(12)} if goal == "share" else {}
    asked = {"goal": goal, "limit": 0.4 if goal in {"cover", "fewest"} else None, "existing": [0], **extra}
    n = None if goal == "fewest" else 2
    plain = choose_sites(costs.to_numpy(), n, **asked)
    keys = pd.Index(KEYS[kind], tupleize_cols=False)
    named = costs.set_axis(KEYS[kind] if kind == "several" else keys, axis=1)
    decision = choose_sites(named, n, **asked | {"existing": [keys[0]]})
    assert decision.sites == [keys[place] for place in plain.sites]
    assert list(decision.values.index) == [keys[place] for place in plain.values.index]
    assert decision.objective == plain.objective
    wanted = [keys[place] for place in plain.assignment["site"]]
    assert [one == other or pd.isna(one) for one, other in zip(decision.assignment["site"], wanted, strict=True)] == [
        True
    ] * 12
    assert decision.explain()


@pytest.mark.parametrize("seed", range(5))
def test_clients_who_reach_nothing_are_left_out_and_told(seed):
    costs = table(seed)
    costs.iloc[3] = INF
    costs.loc[5, ["a", "b", "c", "d"]] = INF
    weights = pd.Series(np.arange(12.0) + 1)
    decision = choose_sites(costs, 2, weights=weights)
    known = costs.drop(index=3)
    sets = [list(some) for some in itertools.combinations(costs.columns, 2)]
    # As few as can be are left without a site, and of such sets the cheapest is best.
    least = min(
        (np.isinf(known[some].min(axis=1)).sum(), (known[some].min(axis=1) * weights).replace(INF, 0).sum())
        for some in sets
    )
    assert decision.objective == pytest.approx(least[1])
    assert "1 client with 5.13 % of the demand reaches no site at all and is left out (first: '3')" in decision.notes[0]
    assert decision.assignment.set_index("client")["site"].isna().tolist()[3]
    assert decision.assignment["cost"].isna().sum() == 0
    assert np.isinf(decision.assignment["cost"][3])


def test_who_is_not_served_never_adds_to_the_objective_or_is_added_to_it():
    """The penalty of those whom no open site serves was once, by rounding, taken for a cost."""
    rng = np.random.default_rng(1)
    for seed in range(2000):
        costs = rng.random((rng.integers(2, 60), 1)) * 10.0 ** rng.integers(-3, 8)
        costs[rng.random(costs.shape) < (0.9 if seed % 2 else 0.5)] = INF
        costs[0] = 0.0 if seed % 3 else rng.random()
        weights = rng.random(len(costs))
        goal = MedianGoal(costs, weights, 1)
        served = np.isfinite(costs[:, 0])
        wanted = (costs[served, 0] * weights[served]).sum()
        assert goal.say_value(goal.weighted[:, 0].sum()) == pytest.approx(wanted, rel=1e-6, abs=1e-6 * goal.penalty)


def test_a_set_that_covers_nobody_is_an_answer_and_is_flagged():
    decision = choose_sites(table(), 2, goal="cover", limit=0)
    assert (decision.objective, decision.status) == (0.0, "optimal")
    assert "12 clients with 100 % of the demand cannot be covered by any site" in decision.notes[0]
    assert str(decision.objective) == "0.0"
    with pytest.raises(HexadError, match="no site is within limit=0 of any client: raise it"):
        choose_sites(table(), goal="fewest", limit=0)


def test_fewest_sites_leave_out_whom_none_covers():
    costs = table()
    costs.iloc[[2, 4]] = [[0.9] * 6] * 2
    decision = choose_sites(costs, goal="fewest", limit=0.3)
    near = costs[decision.sites].min(axis=1) <= 0.3
    can = costs.min(axis=1) <= 0.3
    assert near.tolist() == can.tolist()
    assert f"{(~can).sum()} clients" in decision.notes[0]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"capacity": 2.0}, "the 2 largest hold 4, and the demand is 12"),
        ({"capacity": [1, 2, 3, 4, 5, 5]}, "the 2 largest hold 10, and the demand is 12"),
        ({"clash": np.ones((6, 6))}, "sites that may not stand beside one another leave too few"),
        ({"capacity": 9.0, "weights": [8, 8] + [0] * 10, "n": 2, "existing": ["a"], "forbidden": list("bcde")}, None),
        ({"capacity": 9.0, "weights": [6, 6, 6] + [0] * 9, "n": 2}, "the 2 largest hold 18, and the demand is 18"),
        ({"capacity": 9.0, "weights": [6, 6, 6] + [0] * 9, "n": 2}, "split=True lets them divide it"),
    ],
)
def test_what_cannot_be_met_is_told_with_the_reason(asked, told):
    if told is None:
        asked = asked | {"n": 1}
        assert choose_sites(table(), **asked).objective > 0
        return
    with pytest.raises(InfeasibleError) as error:
        choose_sites(table(), **{"n": 2} | asked)
    assert told in str(error.value)
    if "split" in told:
        split = choose_sites(table(), **{"n": 2, "split": True} | asked)
        assert split.values["value"].max() <= 9 + 1e-6
        assert split.values["value"].sum() == pytest.approx(18)


@pytest.mark.parametrize("goal", ["median", "cover", "fewest", "share", "capacity"])
def test_the_same_question_gives_the_same_bytes(goal):
    costs = table(3, 24, 8)
    asked = {
        "median": {"n": 3},
        "cover": {"n": 2, "goal": "cover", "limit": 0.3},
        "fewest": {"goal": "fewest", "limit": 0.4},
        "share": {"n": 2, "goal": "share", "pull": 1 / (costs + 0.1), "rivals": np.ones(24)},
        "capacity": {"n": 3, "capacity": 10.0},
    }[goal]
    one, other = choose_sites(costs, **asked), choose_sites(costs, **asked)
    assert one.explain() == other.explain()
    for name in ("values", "runners_up", "stability", "assignment"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)


def test_when_time_is_up_the_best_set_so_far_comes_with_its_bound():
    rng = np.random.default_rng(0)
    costs, rivals = rng.random((300, 120)), rng.random(200) + 1
    decision = choose_sites(costs, 12, time_limit=0.001)
    assert decision.status == "stopped by time"
    assert len(decision.sites) == 12
    assert 0 < decision.bound < decision.objective
    assert decision.objective == pytest.approx(costs[:, decision.sites].min(axis=1).sum())
    pull = rng.random((200, 60)) ** 3
    share = choose_sites(costs[:200, :60], 8, goal="share", pull=pull, rivals=rivals, time_limit=0.001)
    assert share.status == "stopped by time"
    assert share.bound > share.objective
    assert share.objective == pytest.approx(win(pull, rivals, np.ones(200), share.sites))


# rank_sites


@pytest.fixture(scope="module")
def town():
    return make_grid_town(7, 7, spacing=100.0)


def corners(town, places) -> pd.DataFrame:
    return pd.DataFrame({"lon": town.lon[places], "lat": town.lat[places], "name": [f"corner {one}" for one in places]})


@pytest.fixture(scope="module")
def demand(town):
    rng = np.random.default_rng(0)
    return corners(town, np.arange(49)).assign(people=rng.integers(1, 20, 49))


@pytest.mark.parametrize("by", ["time", "distance"])
def test_ranked_sites_are_the_best_of_all_sets_on_the_streets(town, demand, by):
    candidates = corners(town, [0, 8, 16, 24, 32, 40, 48])
    decision = rank_sites(
        town,
        demand,
        candidates,
        2,
        weight="people",
        key="name",
        by=by,
        existing=candidates.iloc[[3]].assign(name="own"),
    )
    costs = compute_costs(town, demand, candidates, by=by).values / (60 if by == "time" else 1)
    people = demand["people"].to_numpy()
    best = min(
        ((costs[:, [3, *some]].min(axis=1) @ people) / people.sum(), some)
        for some in itertools.combinations(range(7), 2)
    )
    assert decision.objective == pytest.approx(best[0])
    assert set(decision.sites) == set(candidates["name"].iloc[list(best[1])])
    assert decision.values.loc["own", "role"] == "existing"
    assert decision.unit == ("minutes" if by == "time" else "m")
    again = rank_sites(
        town,
        demand,
        candidates,
        2,
        weight="people",
        key="name",
        by=by,
        existing=candidates.iloc[[3]].assign(name="own"),
    )
    assert again.explain() == decision.explain()
    pd.testing.assert_frame_equal(again.values, decision.values, check_exact=True)


def test_sites_stand_apart_but_those_that_are_there_may_not(town, demand):
    candidates = corners(town, np.arange(49))
    own = candidates.iloc[[23, 24]]  # 100 m from one another
    decision = rank_sites(town, demand, candidates, 3, existing=own, key="name", by="distance", apart=250)
    places = [int(str(one).split()[-1]) for one in decision.values.index]
    between = compute_costs(town, candidates.iloc[places], candidates.iloc[places], by="distance").values
    role = (decision.values["role"] == "existing").to_numpy()
    near = (between < 250) & ~np.eye(5, dtype=bool)
    assert near.sum() == near[np.ix_(role, role)].sum() == 2
    with pytest.raises(InfeasibleError, match="lower the least distance"):
        rank_sites(town, demand, candidates, 3, key="name", by="distance", apart=10_000)


@pytest.mark.parametrize("exponent", [0.5, 2.0, 30.0, 100.0, 1000.0])
def test_a_share_is_that_of_the_model_of_the_market(town, demand, exponent):
    """However steep: pulls in minutes to the power of 1,000 are beyond what a number holds."""
    candidates = corners(town, [0, 10, 20, 30, 44]).assign(size=[1.0, 2.0, 3.0, 2.0, 5.0])
    rivals = corners(town, [24, 46]).assign(size=[2.0, 1.0])
    decision = rank_sites(
        town,
        demand,
        candidates,
        2,
        goal="share",
        rivals=rivals,
        weight="people",
        size="size",
        key="name",
        exponent=exponent,
    )
    best = 0.0
    for some in itertools.combinations(range(5), 2):
        there = pd.concat([candidates.iloc[list(some)], rivals])
        costs = compute_costs(town, demand, there).values / 60
        market = HuffModel(exponent=exponent, floor=1e-3 * 4).share_market(costs, there["size"], demand["people"])
        best = max(best, market.won.iloc[:2].sum())
    assert decision.objective == pytest.approx(best, rel=1e-3)


def test_labels_of_tables_with_an_index_of_their_own(town, demand):
    candidates = corners(town, [0, 24, 48])
    plain = rank_sites(town, demand, candidates, 1, existing=candidates.iloc[[0]])
    assert plain.values.index.tolist() == [1, "existing 0"] or plain.values.index.tolist() == [2, "existing 0"]
    named = candidates.set_index("name")
    assert rank_sites(town, demand, named, 1).sites == ["corner 24"]
    assert rank_sites(town, demand, named, 1, key="name").sites == ["corner 24"]
    several = candidates.assign(region="north").set_index(["region", "name"])
    assert rank_sites(town, demand, several, 1).sites == [("north", "corner 24")]
    costs = compute_costs(town, named, named)
    assert costs.origins.tolist() == named.index.tolist()
    assert costs.to_frame()["target"].tolist()[:2] == ["corner 0", "corner 24"]


def test_sets_without_a_site_are_looked_for_in_the_time_there_is_left(monkeypatch):
    """With all time spent on the first answer there is none for others, and that is told, not that none is allowed."""
    import domains.geodata.sites.choose as module

    costs = np.random.default_rng(3).uniform(1, 50, (60, 12))
    whole = choose_sites(costs, 3, time_limit=60.0)
    assert len(whole.runners_up) == 3
    assert not any("time was up" in note for note in whole.notes)
    clock = iter([0.0, *[61.0] * 50])
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    found = choose_sites(costs, 3, time_limit=60.0, goal="cover", limit=20.0)
    assert len(found.runners_up) == 0
    assert any("time was up before 3 sets without a site" in note for note in found.notes)
