import itertools
import logging
import logging.config
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.optimization import (
    AdaptiveOptimizer,
    Binary,
    GeneticOptimizer,
    Order,
    ParticleSwarmOptimizer,
    Real,
    SearchDecision,
    SearchProblem,
    Whole,
)
from domains.optimization.evolution.adaptive import AdaptiveEngine, SeparableEngine
from domains.optimization.evolution.engines import CovarianceEngine, ShadeEngine
from domains.optimization.evolution.optimizers import _Judge, run_engine
from domains.optimization.evolution.problem import BARRED, rank_constrained
from shared.errors import HexadError, SettingsError
from shared.reporting import charts

ENGINES = [
    (AdaptiveOptimizer, "own"),
    (AdaptiveOptimizer, "shade"),
    (GeneticOptimizer, "own"),
    (GeneticOptimizer, "deap"),
    (ParticleSwarmOptimizer, "own"),
    (ParticleSwarmOptimizer, "pyswarms"),
]
every_engine = pytest.mark.parametrize(("kind", "engine"), ENGINES, ids=[f"{k.__name__}-{e}" for k, e in ENGINES])


def sphere(X):
    return ((X - 1) ** 2).sum(axis=1)


def ball(n=3, **more):
    return SearchProblem(sphere, [Real(-5, 5)] * n, **more)


class Spy:
    """An objective that remembers what it was asked."""

    def __init__(self, function=sphere):
        self.function = function
        self.seen = []

    def __call__(self, X):
        self.seen.append(X.copy())
        return self.function(X)

    @property
    def points(self):
        return np.vstack(self.seen)


# Variables


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 1))
def test_real_numbers_never_leave_their_bounds_and_come_back(least, size, key):
    one = Real(least, least + size)
    value = one.decode(np.array([[key], [0.0], [1.0]]))
    assert ((value >= one.least) & (value <= one.most)).all()
    assert value[1] == one.least
    assert value[2] == pytest.approx(one.most, rel=1e-12)
    again = one.decode(one.encode(value[0])[None])[0]
    assert again == pytest.approx(value[0], abs=1e-9 * (1 + abs(least)) + 1e-12 * size)


def test_the_upper_bound_is_not_passed_by_rounding():
    rng = np.random.default_rng(0)
    passed = 0
    for least, most in np.sort(rng.normal(size=(500, 2)), axis=1):
        passed += least + 1.0 * (most - least) > most
        assert Real(least, most).decode(np.ones((1, 1)))[0] <= most
        assert SearchProblem(sphere, [Real(least, most)]).decode(np.ones((1, 1)))[0, 0] <= most
    assert passed > 20, "otherwise this test tests nothing"


@given(st.integers(-50, 50), st.integers(0, 12))
def test_every_whole_number_is_reached_evenly_and_comes_back(least, size):
    one = Whole(least, least + size)
    count = size + 1
    keys = (np.arange(60 * count) + 0.5) / (60 * count)
    found, times = np.unique(one.decode(keys[:, None]), return_counts=True)
    assert found.tolist() == list(range(least, least + size + 1))
    assert (times == 60).all()
    assert one.decode(np.array([[0.0], [1.0]])).tolist() == [least, least + size]
    assert [one.decode(one.encode(value)[None])[0] for value in found] == found.tolist()


@pytest.mark.parametrize("most", [2**31, 2**49, 2**50 - 1])
def test_large_whole_numbers_come_back_exactly(most):
    one = Whole(0, most)
    for value in (0, 1, most // 3, most - 1, most):
        assert one.decode(one.encode(value)[None])[0] == value


@pytest.mark.parametrize(("least", "most"), [(np.int8(-100), np.int8(100)), (np.uint8(0), np.uint8(255))])
def test_small_kinds_of_numpy_whole_numbers_do_not_overflow(least, most):
    one = Whole(least, most)
    assert one.decode(np.array([[0.0], [1.0]])).tolist() == [int(least), int(most)]
    assert one.decode(one.encode(most)[None])[0] == most


@pytest.mark.parametrize("count", [1, 2, 5])
def test_truth_values_come_back(count):
    one = Binary(count)
    for given_ in itertools.product([False, True], repeat=count):
        found = one.decode(one.encode(given_ if count > 1 else given_[0])[None])[0]
        assert np.array_equal(np.ravel(found), given_)
    shares = one.decode(np.random.default_rng(0).random((4000, count))).mean(axis=0)
    assert np.abs(shares - 0.5).max() < 0.03


@pytest.mark.parametrize("count", [2, 3, 4])
def test_every_order_is_reached_evenly_and_comes_back(count):
    one = Order(count)
    every = list(itertools.permutations(range(count)))
    for order in every:
        assert tuple(one.decode(one.encode(order)[None])[0]) == order
    drawn = pd.Series(map(tuple, one.decode(np.random.default_rng(1).random((500 * len(every), count)))))
    times = drawn.value_counts()
    assert set(times.index) == set(every)
    assert (np.abs(times - 500) < 110).all()  # five deviations
    tied = one.decode(np.full((1, count), 0.5))[0]
    assert sorted(tied) == list(range(count))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Real(1, 1), lambda: Real(2, 1), lambda: Real(0, np.inf), lambda: Real(np.nan, 1), lambda: Real("a", 1),
        lambda: Real(None, 1), lambda: Real(False, True), lambda: Real(-1e308, 1e308), lambda: Whole(2, 1),
        lambda: Whole(0.5, 2), lambda: Whole(0, 2.0), lambda: Whole(0, True), lambda: Whole(0, 2**50),
        lambda: Whole(0, 2**70), lambda: Whole(2**60, 2**60 + 1), lambda: Whole(-(2**54), 0), lambda: Binary(0),
        lambda: Binary(1.0), lambda: Binary(-1), lambda: Order(1), lambda: Order("ab"),
    ],
)  # fmt: skip
def test_wrong_bounds_are_told(make):
    with pytest.raises(SettingsError, match=r"needed"):
        make()


@pytest.mark.parametrize(
    ("one", "value"),
    [
        (Whole(0, 3), 4), (Whole(0, 3), -1), (Whole(0, 3), 2.5), (Whole(0, 3), -0.5), (Whole(0, 3), np.nan),
        (Whole(0, 3), 3.9), (Whole(0, 2**49), 2**49 + 1), (Binary(3), [True, False]), (Binary(2), [0, 2]),
        (Binary(1), "x"), (Order(3), [0, 0, 1]), (Order(3), [0, 1]), (Order(3), [1, 2, 3]), (Order(3), [-1, 0, 1]),
        (Order(3), [0, 1, np.nan]), (Real(0, 1), 1.1), (Real(0, 1), -0.1), (Real(0, 1), np.nan), (Real(0, 1), np.inf),
    ],
)  # fmt: skip
def test_a_start_out_of_bounds_is_told(one, value):
    problem = SearchProblem(lambda x: np.zeros(len(x["a"])), {"a": one})
    with pytest.raises(SettingsError):
        problem.encode({"a": value})
    with pytest.raises(SettingsError):
        GeneticOptimizer(evaluations=10).optimize(problem, start={"a": value})


# Problems


def test_problems_take_matrices_or_names():
    seen = []

    def objective(x):
        seen.append(x)
        return np.zeros(2)

    keys = np.array([[0.0, 0.5], [0.25, 1.0]])
    real = [Real(-1, 1), Real(0, 10)]
    SearchProblem(objective, real).evaluate(keys)
    SearchProblem(objective, real, matrix=False).evaluate(keys)
    SearchProblem(objective, {"a": real[0], "b": real[1]}).evaluate(keys)
    SearchProblem(objective, {"a": real[0], "b": real[1]}, matrix=True).evaluate(keys)
    np.testing.assert_array_equal(seen[0], [[-1, 5], [-0.5, 10]])
    np.testing.assert_array_equal(seen[3], seen[0])
    assert list(seen[1]) == ["x0", "x1"]
    assert list(seen[2]) == ["a", "b"]
    np.testing.assert_array_equal(np.column_stack(list(seen[2].values())), seen[0])


def test_mixed_kinds_come_in_their_shapes_and_go_back():
    variables = {"r": Real(2, 3), "w": Whole(-1, 4), "one": Binary(), "some": Binary(3), "order": Order(4)}
    problem = SearchProblem(lambda x: x["r"], variables)
    keys = np.random.default_rng(0).random((7, problem.width))
    point = problem.decode(keys)
    assert {name: value.shape for name, value in point.items()} == {
        "r": (7,), "w": (7,), "one": (7,), "some": (7, 3), "order": (7, 4)
    }  # fmt: skip
    assert problem.width == 1 + 1 + 1 + 3 + 4
    assert problem.discrete.tolist() == [False] + [True] * 9
    for row in range(7):
        named = problem.name_values(keys[row])
        again = problem.name_values(problem.encode(named))
        assert list(named) == list(variables)
        assert named["w"] == again["w"] == point["w"][row]
        assert isinstance(named["w"], int)
        assert isinstance(named["one"], bool)
        assert named["one"] is again["one"]
        assert named["r"] == pytest.approx(again["r"])
        np.testing.assert_array_equal(named["some"], again["some"])
        np.testing.assert_array_equal(named["order"], again["order"])
        np.testing.assert_array_equal(named["order"], point["order"][row])


def test_what_is_maximised_has_its_own_sign():
    problem = SearchProblem(lambda X: 7 - sphere(X), [Real(-5, 5)] * 2, maximise=True)
    assert problem.evaluate(np.full((1, 2), 0.6)).tolist() == [-7.0]
    found = AdaptiveOptimizer(evaluations=600).optimize(problem)
    assert found.objective == pytest.approx(7, abs=1e-8)
    assert found.maximise
    assert (found.history["best"].diff().dropna() >= 0).all()


def test_no_finite_number_is_the_worst_whichever_way():
    given_ = np.array([1.0, np.nan, np.inf, -np.inf])
    for maximise, first in ((False, 1.0), (True, -1.0)):
        problem = SearchProblem(lambda _: given_, [Real(0, 1)], maximise=maximise)
        assert problem.evaluate(np.zeros((4, 1))).tolist() == [first, np.inf, np.inf, np.inf]


@pytest.mark.parametrize(
    "wrong",
    [lambda X: X, lambda X: X[:, :1], lambda X: 3.0, lambda X: X.sum(), lambda X: X[:-1, 0], lambda X: [],
     lambda X: None],
)  # fmt: skip
def test_a_wrong_shape_is_told(wrong):
    with pytest.raises(HexadError, match="one number a point"):
        GeneticOptimizer(evaluations=20).optimize(SearchProblem(wrong, [Real(0, 1)] * 2))
    with pytest.raises(HexadError, match="a constraint gives an array of shape"):
        GeneticOptimizer(evaluations=20).optimize(SearchProblem(sphere, [Real(0, 1)] * 2, constraints=[wrong]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: SearchProblem(sphere, []), lambda: SearchProblem(sphere, {}), lambda: SearchProblem(sphere, [1, 2]),
        lambda: SearchProblem(sphere, {"a": (0, 1)}), lambda: SearchProblem(3, [Real(0, 1)]),
        lambda: SearchProblem(sphere, [Real(0, 1)], constraints=[1]),
        lambda: SearchProblem(sphere, [Whole(0, 1)], matrix=True),
        lambda: SearchProblem(sphere, {1: Real(0, 1), "1": Real(0, 1)}),
    ],
)  # fmt: skip
def test_wrong_problems_are_told(make):
    with pytest.raises(SettingsError):
        make()


def test_a_start_that_lacks_something_is_told():
    problem = SearchProblem(lambda x: x["a"], {"a": Real(0, 1), "b": Whole(0, 3)})
    with pytest.raises(SettingsError, match="no value for 'b'"):
        problem.encode({"a": 0.5})
    for start in ([0.5], [0.5, 1, 2], np.zeros((1, 2)), 0.5, []):
        with pytest.raises(SettingsError):
            problem.encode(start)
    np.testing.assert_allclose(problem.encode([0.5, 1]), [0.5, 0.375])
    np.testing.assert_allclose(problem.encode(np.array([0.5, 1.0])), [0.5, 0.375])


def test_constraints_are_summed_and_a_rank_never_changes():
    problem = ball(1, constraints=[lambda X: X[:, 0], lambda X: 2 * X[:, 0] - 1])
    values, broken = problem.judge(np.array([[0.5], [0.6], [1.0], [0.0]]))
    np.testing.assert_allclose(broken, [0, 1 + 1, 5 + 9, 0])
    np.testing.assert_allclose(values, [1, 0, 16, 36], atol=1e-25)
    bad = ball(1, constraints=[lambda X: np.full(len(X), np.nan)])
    assert bad.judge(np.array([[0.5]]))[1].tolist() == [np.inf]
    lost = SearchProblem(lambda X: np.full(len(X), np.nan), [Real(0, 1)], constraints=[lambda X: -X[:, 0]])
    assert [one.tolist() for one in lost.judge(np.array([[0.5]]))] == [[np.inf], [np.inf]]
    rank = rank_constrained(np.array([1e9, -1e9, 5, 0, np.inf, 3]), np.array([0, 1e-9, 2, np.inf, np.inf, 1e-3]))
    assert np.argsort(rank, kind="stable").tolist() == [0, 1, 5, 2, 3, 4]
    assert rank[0] == 1e9
    assert np.isfinite(rank[3])
    assert (rank[1:] >= BARRED).all()


# Every engine


@every_engine
@pytest.mark.parametrize(("evaluations", "population"), [(10, 4), (137, 10), (60, 500), (300, None), (100, 7)])
def test_evaluations_are_counted_and_never_exceeded(kind, engine, evaluations, population):
    spy = Spy(lambda X: (X**2).sum(axis=1) + np.abs(np.sin(9 * X)).prod(axis=1))
    problem = SearchProblem(spy, [Real(-3, 5), Real(0.1, 0.7)])
    found = kind(evaluations=evaluations, population=population, engine=engine).optimize(problem)
    points = spy.points
    assert found.evaluations == len(points) == evaluations
    assert found.history["evaluations"].iloc[-1] == evaluations
    assert ((points >= [-3, 0.1]) & (points <= [5, 0.7])).all()
    assert found.objective == spy.function(points).min()


@every_engine
def test_history_is_monotone_and_true(kind, engine):
    spy = Spy()
    found = kind(evaluations=230, population=20, engine=engine, restarts=2).optimize(
        SearchProblem(spy, [Real(-5, 5)] * 3)
    )
    history = found.history
    values = [sphere(part).min() for part in spy.seen]
    np.testing.assert_array_equal(history["best"], np.minimum.accumulate(values))
    np.testing.assert_array_equal(history["evaluations"], np.cumsum([len(part) for part in spy.seen]))
    assert history["best"].iloc[-1] == found.objective
    point = np.array([list(found.best.values())])
    assert sphere(point)[0] == found.objective
    np.testing.assert_array_equal(found.values["value"], point[0])
    assert sorted(set(history["restart"])) == [0, 1, 2]
    at = history.groupby("restart")["evaluations"].max()
    assert at.tolist() == [76, 152, 230]


@every_engine
def test_one_seed_one_result(kind, engine):
    def search(seed):
        return kind(evaluations=200, population=20, engine=engine, random_state=seed).optimize(ball())

    one, same, other = search(3), search(3), search(4)
    pd.testing.assert_frame_equal(one.history, same.history)
    assert one.best == same.best
    assert one.best != other.best


@every_engine
def test_what_is_global_stays_as_it_was(kind, engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def look():
        logs = {
            name: (one.level, one.disabled, one.propagate, list(one.handlers), list(one.filters))
            for name, one in [("", logging.getLogger()), *logging.root.manager.loggerDict.items()]
            if isinstance(one, logging.Logger)
        }
        state = np.random.get_state()  # noqa: NPY002
        return random.getstate(), state[0], state[1].tolist(), state[2:], logs, logging.config.dictConfig

    kind(evaluations=20, population=5, engine=engine).optimize(ball())  # imports are done
    before = look()
    kind(evaluations=60, population=10, engine=engine).optimize(ball())
    assert look() == before

    def fails(X):
        if len(calls) == 3:
            raise ZeroDivisionError("of the objective")
        calls.append(len(X))
        return sphere(X)

    calls = []
    with pytest.raises(ZeroDivisionError, match="of the objective"):
        kind(evaluations=60, population=10, engine=engine).optimize(SearchProblem(fails, [Real(0, 2)] * 2))
    assert look() == before
    with pytest.raises(SettingsError, match="more than the population"):
        kind(evaluations=60, population=4, engine=engine).optimize(ball(2), start=[[0.0, 0.0]] * 5)
    assert look() == before
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_behind_by_the_first_import(tmp_path):
    told = """
import logging, random
import numpy as np
from domains.optimization import GeneticOptimizer, ParticleSwarmOptimizer, Real, SearchProblem
problem = SearchProblem(lambda X: (X**2).sum(axis=1), [Real(-5, 5)] * 2)
random.seed(1)
np.random.seed(1)
states = random.getstate(), np.random.get_state()[1].tolist()
level, handlers = logging.getLogger().level, list(logging.getLogger().handlers)
ParticleSwarmOptimizer(evaluations=100, engine="pyswarms").optimize(problem)
GeneticOptimizer(evaluations=200, engine="deap").optimize(problem)
assert states == (random.getstate(), np.random.get_state()[1].tolist())
assert (level, handlers) == (logging.getLogger().level, list(logging.getLogger().handlers))
assert not logging.getLogger("pyswarms.single.global_best").disabled
import deap.creator
assert not [name for name in vars(deap.creator) if "Fitness" in name or "Individual" in name]
"""
    run = subprocess.run([sys.executable, "-c", told], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    assert list(tmp_path.iterdir()) == []


@every_engine
def test_a_callback_ends_the_search_and_sees_the_best(kind, engine):
    told = []

    def callback(evaluations, best):
        told.append((evaluations, best))
        return np.bool_(best < 1)

    found = kind(evaluations=5000, population=10, engine=engine).optimize(ball(), callback=callback)
    assert [one for one, _ in told] == found.history["evaluations"].tolist()
    assert [one for _, one in told] == found.history["best"].tolist()
    assert told[-1][1] == found.objective < 1
    assert all(best >= 1 for _, best in told[:-1])
    assert len(told) > 1
    assert found.evaluations < 5000


def test_a_callback_is_not_told_of_points_that_break_constraints():
    seen = []
    problem = ball(2, constraints=[lambda X: 4.5 - X[:, 0]])
    found = GeneticOptimizer(evaluations=400, population=4).optimize(
        problem, callback=lambda _, best: seen.append(best)
    )
    assert np.isnan(seen[0])
    assert seen[-1] == found.objective
    np.testing.assert_array_equal(seen, found.history["best"])
    assert GeneticOptimizer(evaluations=100).optimize(ball(), callback=lambda *_: 1).evaluations == 100


@every_engine
def test_a_start_is_used(kind, engine):
    rough = SearchProblem(lambda X: sphere(X) + (np.abs(X - 1) > 1e-6).any(axis=1) * 10, [Real(-5, 5)] * 6)
    for start in ([1.0] * 6, {f"x{i}": 1 for i in range(6)}, [[3.0] * 6, [1.0] * 6], [np.zeros(6), np.ones(6)]):
        found = kind(evaluations=300, population=20, engine=engine).optimize(rough, start=start)
        assert found.objective < 1e-9
        assert found.evaluations == 300
    assert kind(evaluations=300, population=20, engine=engine).optimize(rough).objective > 1


@every_engine
def test_a_start_that_meets_constraints_is_kept(kind, engine):
    needle = SearchProblem(
        sphere, [Real(-5, 5)] * 6, constraints=[lambda X: np.abs(X - 4).max(axis=1) - 1e-6]
    )  # fmt: skip
    optimizer = kind(evaluations=120, population=20, engine=engine)
    found = optimizer.optimize(needle, start=[4.0] * 6)
    assert found.feasible
    assert found.objective <= 54 + 1e-9
    assert not optimizer.optimize(needle).feasible


@every_engine
def test_constraints_are_met_at_a_known_best(kind, engine):
    """The nearest point to 0 with x + y >= 1 is (0.5, 0.5)."""
    problem = SearchProblem(
        lambda X: (X**2).sum(axis=1), [Real(-5, 5)] * 2, constraints=[lambda X: 1 - X.sum(axis=1)]
    )  # fmt: skip
    found = kind(evaluations=3000, engine=engine).optimize(problem)
    assert found.feasible
    assert sum(found.best.values()) >= 1
    exact = (kind, engine) in {(AdaptiveOptimizer, "own"), (AdaptiveOptimizer, "shade")}
    assert 0.5 - 1e-12 <= found.objective < (0.5 + 1e-6 if exact else 0.53)


@pytest.mark.parametrize(("kind", "engine"), ENGINES[:-1])  # the last, a swarm of one best, seldom finds the region
@pytest.mark.parametrize("level", [-1000.0, 0.0, 1000.0])
def test_a_small_feasible_region_is_searched_whatever_its_values(kind, engine, level):
    """Points that break a constraint come after those of the region, also where they were found first."""
    problem = SearchProblem(
        lambda X: level + ((X - 3) ** 2).sum(axis=1), [Real(-5, 5)] * 4,
        constraints=[lambda X: np.maximum(np.abs(X - 3) - 0.4, 0).sum(axis=1)],
    )  # fmt: skip
    found = kind(evaluations=6000, population=40, engine=engine).optimize(problem)
    assert np.isnan(found.history["best"].iloc[0]), "the region has to be missed at first"
    assert found.feasible
    assert found.objective - level < 0.02


def test_variables_that_act_on_their_own_are_not_caught_between_constraints():
    """Along single variables there is no way past the corner at which two constraints meet."""
    target = np.arange(5) / 5
    problem = SearchProblem(
        lambda X: ((X - target) ** 2).sum(axis=1), [Real(0, 1)] * 5, constraints=[lambda X: 4.9 - X.sum(axis=1)]
    )  # fmt: skip
    found = AdaptiveOptimizer(evaluations=6000).optimize(problem)
    # What has to be given up is cheapest of x0, which is furthest from what it should be: 0.9, and 1 for all others.
    assert found.best["x0"] == pytest.approx(0.9, abs=0.02)
    assert found.objective == pytest.approx(0.9**2 + 0.8**2 + 0.6**2 + 0.4**2 + 0.2**2, abs=1e-3)


@every_engine
def test_an_infeasible_problem_is_told(kind, engine):
    problem = ball(2, constraints=[lambda X: 1 + (X[:, 0] + 4) ** 2])
    found = kind(evaluations=1500, engine=engine).optimize(problem)
    assert not found.feasible
    assert found.best["x0"] == pytest.approx(-4, abs=0.2)
    assert found.explain().startswith(f"No point was found in {found.evaluations:,} evaluations")
    assert found.history["best"].isna().all()


@every_engine
def test_points_without_a_value_are_borne(kind, engine):
    """Three quarters of the space give NaN, infinity or minus infinity."""

    def objective(X):
        values = sphere(X)
        values[X[:, 0] > 3] = np.nan
        values[X[:, 1] < -2] = -np.inf
        values[X[:, 2] > 2] = np.inf
        values[X[:, 0] < -3] = np.nan
        return values

    for problem in (
        SearchProblem(objective, [Real(-5, 5)] * 3),
        SearchProblem(lambda X: -objective(X), [Real(-5, 5)] * 3, maximise=True),
    ):
        found = kind(evaluations=1500, engine=engine).optimize(problem)
        assert found.evaluations == 1500
        assert abs(found.objective) < 0.2


@every_engine
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_no_number_anywhere_is_told(kind, engine, value):
    problem = SearchProblem(lambda X: np.full(len(X), value), [Real(0, 1)] * 2)
    with pytest.raises(HexadError, match="no finite number in 300 evaluations"):
        kind(evaluations=300, engine=engine).optimize(problem)


@every_engine
def test_a_plateau_ends_in_peace(kind, engine):
    problem = SearchProblem(lambda X: np.full(len(X), 4.0), [Real(0, 1)] * 3)
    found = kind(evaluations=2000, engine=engine).optimize(problem)
    assert found.objective == 4
    assert found.evaluations <= 2000
    assert "reached after" not in found.explain()
    steps = SearchProblem(lambda X: np.floor(np.abs(X)).sum(axis=1), [Real(-5, 5)] * 2)
    assert kind(evaluations=2000, engine=engine).optimize(steps).objective == 0


@every_engine
def test_one_variable_will_do(kind, engine):
    found = kind(evaluations=400, engine=engine).optimize(ball(1))
    assert found.evaluations == 400
    assert found.best["x0"] == pytest.approx(1, abs=0.05)
    whole = SearchProblem(lambda x: (x["n"] - 7.0) ** 2, {"n": Whole(0, 20)})
    assert kind(evaluations=400, engine=engine).optimize(whole).best == {"n": 7}
    fixed = SearchProblem(lambda x: (x["n"] - 7.0) ** 2, {"n": Whole(3, 3)})
    assert kind(evaluations=50, engine=engine).optimize(fixed).best == {"n": 3}


@every_engine
def test_mixed_kinds_are_searched(kind, engine):
    def objective(x):
        wrong = (x["order"] != [2, 0, 1]).sum(axis=1) + (x["pick"] != [True, False]).sum(axis=1)
        return (x["r"] - 0.5) ** 2 + np.abs(x["n"] - 3) + wrong

    problem = SearchProblem(objective, {"r": Real(0, 1), "n": Whole(-4, 4), "order": Order(3), "pick": Binary(2)})
    found = kind(evaluations=2500, engine=engine).optimize(problem)
    assert found.objective < 0.02
    assert found.best["n"] == 3
    assert list(found.best["order"]) == [2, 0, 1]
    assert list(found.best["pick"]) == [True, False]
    assert found.values.index.tolist() == ["r", "n", "order[0]", "order[1]", "order[2]", "pick[0]", "pick[1]"]


@pytest.mark.parametrize("kind", [AdaptiveOptimizer, GeneticOptimizer, ParticleSwarmOptimizer])
@pytest.mark.parametrize(
    "wrong",
    [{"evaluations": 9}, {"evaluations": 100.0}, {"population": 3}, {"population": 5.5}, {"restarts": -1},
     {"random_state": -1}, {"random_state": None}, {"engine": "best"}, {"evaluations": 10, "restarts": 10}],
)  # fmt: skip
def test_wrong_settings_are_told(kind, wrong):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        kind(**wrong).optimize(ball())


def test_what_is_no_problem_and_starts_without_room_are_told():
    with pytest.raises(SettingsError, match="no SearchProblem"):
        GeneticOptimizer().optimize(sphere)
    with pytest.raises(SettingsError, match="too few for the points"):
        GeneticOptimizer(evaluations=10, restarts=4).optimize(ball(), start=[[0.0] * 3] * 3)


def test_restarts_share_evaluations_and_begin_elsewhere():
    spy = Spy()
    GeneticOptimizer(evaluations=400, population=50, restarts=3).optimize(SearchProblem(spy, [Real(-5, 5)] * 2))
    parts = np.split(spy.points, 4)
    firsts = [part[:50] for part in parts]
    assert all(not np.array_equal(one, two) for one, two in itertools.combinations(firsts, 2))
    assert all(first.std() > 2 for first in firsts), "each begins anywhere"


# The engine that looks how variables act


def rotation(n, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def rastrigin(X):
    return 10 * X.shape[1] + (X**2 - 10 * np.cos(2 * np.pi * X)).sum(axis=1)


def engine_of(function, n, evaluations, seed=0):
    problem = SearchProblem(function, [Real(-5, 5)] * n)
    judge = _Judge(problem, None)
    engine = AdaptiveEngine(n, 4 + int(3 * np.log(n)), evaluations, np.random.default_rng(seed))
    run_engine(engine, judge, evaluations, 0)
    return engine, judge


@pytest.mark.parametrize("seed", range(3))
def test_sums_over_variables_are_seen_and_solved(seed):
    shift = np.random.default_rng(seed).uniform(-4, 4, 10)
    engine, judge = engine_of(lambda X: rastrigin(X - shift), 10, 10_000, seed)
    assert isinstance(engine.engine, SeparableEngine)
    assert judge.used == 10_000
    assert judge.value < 1e-8


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [2, 3, 10])
def test_rotated_functions_are_not_taken_for_sums(seed, n):
    turn = rotation(n, seed)
    engine, _ = engine_of(lambda X: rastrigin(X @ turn), n, 2000, seed)
    assert not isinstance(engine.engine, SeparableEngine)
    scales = 10.0 ** np.linspace(0, 2, n)
    engine, _ = engine_of(lambda X: ((X @ turn) ** 2 * scales).sum(axis=1), n, 2000, seed)
    assert not isinstance(engine.engine, SeparableEngine)


def test_rotated_ellipsoids_and_bananas_are_solved():
    turn, scales = rotation(6), 10.0 ** np.linspace(0, 5, 6)
    _, judge = engine_of(lambda X: (((X - 1.5) @ turn) ** 2 * scales).sum(axis=1), 6, 8000)
    assert judge.value < 1e-8

    def rosenbrock(X):
        return (100 * (X[:, 1:] - X[:, :-1] ** 2) ** 2 + (1 - X[:, :-1]) ** 2).sum(axis=1)

    engine, judge = engine_of(rosenbrock, 5, 10_000)
    assert not isinstance(engine.engine, SeparableEngine)
    assert judge.value < 1e-8


@pytest.mark.parametrize("beside", [1.0, 1e4, 1e8])
def test_one_pair_that_interacts_among_ten_is_seen_and_solved(beside):
    """Also where another variable is worth far more than both."""
    for seed in range(6):
        one, two, large = np.random.default_rng(seed).permutation(10)[:3]
        shift = np.random.default_rng(100 + seed).uniform(-3, 3, 10)
        scales = np.where(np.arange(10) == large, beside, 1.0)

        def function(X, shift=shift, scales=scales, one=one, two=two):
            Z = X - shift
            return (Z**2 * scales).sum(axis=1) + 1.9 * Z[:, one] * Z[:, two]

        engine, judge = engine_of(function, 10, 6000, seed)
        assert not isinstance(engine.engine, SeparableEngine)
        assert judge.value < 1e-8


def test_sums_of_unequal_parts_that_stand_high_are_still_seen():
    for height in (0.0, 1.0, 1e6):
        engine, judge = engine_of(
            lambda X, height=height: height + 1e6 * (X[:, 0] - 1) ** 2 + np.abs(X[:, 1:]).sum(axis=1), 5, 3000
        )
        assert isinstance(engine.engine, SeparableEngine)
        assert judge.value == pytest.approx(height, abs=1e-8)


def test_whether_variables_act_on_their_own_is_asked_of_each():
    asked = AdaptiveEngine(4, 8, 1000, np.random.default_rng(0)).ask()
    one, two = asked[:2]
    for i in range(4):
        assert [np.flatnonzero(asked[2 + i] != one).tolist(), np.flatnonzero(asked[6 + i] != two).tolist()] == [
            [i],
            [i],
        ]
    assert len(asked) == 10


@pytest.mark.parametrize("make", [CovarianceEngine, ShadeEngine])
def test_engines_bear_infinite_values(make):
    engine = make(3, 12, 600, np.random.default_rng(0))
    for turn in range(40):
        points = engine.ask()
        assert ((points >= 0) & (points <= 1)).all()
        values = ((points - 0.3) ** 2).sum(axis=1)
        if turn % 3 == 0:
            values[:] = np.inf
        elif turn % 3 == 1:
            values[::2] = np.inf
        engine.tell(points, values)
        assert not engine.is_done


# Genetic searches against trying everything


def test_one_max():
    problem = SearchProblem(lambda x: x["pick"].sum(axis=1), {"pick": Binary(30)}, maximise=True)
    for optimizer in (GeneticOptimizer(evaluations=5000), AdaptiveOptimizer(evaluations=5000)):
        found = optimizer.optimize(problem)
        assert found.objective == 30
        assert found.best["pick"].all()


@pytest.mark.parametrize("seed", range(4))
def test_a_knapsack_is_packed_as_well_as_can_be(seed):
    rng = np.random.default_rng(seed)
    n = 12
    worth, weight = rng.integers(5, 60, n), rng.integers(5, 40, n)
    room = int(weight.sum() * 0.4)
    best = max(
        sum(w for w, chosen in zip(worth, picks, strict=True) if chosen)
        for picks in itertools.product([0, 1], repeat=n)
        if sum(w for w, chosen in zip(weight, picks, strict=True) if chosen) <= room
    )
    problem = SearchProblem(
        lambda x: x["pick"] @ worth, {"pick": Binary(n)}, maximise=True, constraints=[lambda x: x["pick"] @ weight - room]
    )  # fmt: skip
    found = GeneticOptimizer(evaluations=6000, random_state=seed).optimize(problem)
    assert found.feasible
    assert found.best["pick"] @ weight <= room
    assert found.objective == best


@pytest.mark.parametrize("seed", range(3))
def test_a_small_tour_is_the_shortest(seed):
    rng = np.random.default_rng(seed)
    n = 7
    places = rng.random((n, 2))
    far = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))

    def length(tour):
        return sum(far[a, b] for a, b in zip(tour, (*tour[1:], tour[0]), strict=True))

    best = min(length((0, *rest)) for rest in itertools.permutations(range(1, n)))
    problem = SearchProblem(lambda x: far[x["tour"], np.roll(x["tour"], -1, axis=1)].sum(axis=1), {"tour": Order(n)})
    found = GeneticOptimizer(evaluations=6000, random_state=seed).optimize(problem)
    assert length(tuple(found.best["tour"])) == pytest.approx(found.objective)
    assert found.objective == pytest.approx(best)


# What is said


def test_decisions_say_what_was_found():
    spy = Spy()
    found = GeneticOptimizer(evaluations=3000, population=20).optimize(
        SearchProblem(spy, [Real(-5, 5)] * 2), goal="cost", unit="USD"
    )
    told = found.explain()
    assert told.startswith(f"The best cost found in 3,000 evaluations is {found.objective:.6g} USD, reached after ")
    assert told.endswith("; a search proves nothing about what it did not try.")
    before = int(told.split("reached after ")[1].split(";")[0].replace(",", ""))
    values = sphere(spy.points)
    assert before <= int(np.argmin(values)) < before + 20
    assert found.status == "not proven"
    assert not found.proven
    assert np.isnan(found.bound)
    frame = found.to_frame()
    assert frame.index.tolist() == ["x0", "x1"]
    assert dict(frame["value"]) == found.best


def test_plots_end_at_the_result(monkeypatch):
    found = GeneticOptimizer(evaluations=4005, population=4).optimize(ball())
    assert len(found.history) == 1002
    drawn = []
    line_figure = charts.line_figure
    monkeypatch.setattr(charts, "line_figure", lambda lines, **more: drawn.append(lines) or line_figure(lines, **more))
    assert found.plot().svg.startswith("<svg")
    x, y = drawn[0]["best so far"]
    assert x[0] == 4
    assert (x[-1], y[-1]) == (4005, found.objective)
    assert (np.diff(x) > 0).all()
    assert len(x) <= 502
    for history in ([np.inf, 3.0, 2.0], [np.nan, np.nan, 2.0], [np.nan] * 3):
        table = pd.DataFrame({"evaluations": [10, 20, 30], "best": history, "restart": 0})
        found = SearchDecision("not proven", pd.DataFrame({"value": [1.0]}), 2.0, history=table)
        assert found.plot().svg.startswith("<svg")
