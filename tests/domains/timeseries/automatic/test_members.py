"""Members of the automatic forecaster: blind to the future, honest about short series, right where truth is known."""

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LinearRegression

from domains.timeseries.automatic.members import Autoregression, Booster, SeasonalNaiveMember, Theta
from domains.timeseries.automatic.past import Past, to_scale

pytestmark = pytest.mark.any_pandas


H = 6
HIDDEN = 9


def booster(scale="linear", anchor=4, regressor=None, seed=0):
    return Booster((4,), scale, anchor=anchor, regressor=regressor, seed=seed)


MEMBERS = {
    "naive": SeasonalNaiveMember(1),
    "seasonal naive": SeasonalNaiveMember(4),
    "theta": Theta(1),
    "seasonal theta": Theta(4),
    **{
        f"autoregression, {scale}{', differences' if difference else ''}, pooled {pooling:g}": Autoregression(
            (4,), scale, difference=difference, pooling=pooling
        )
        for scale in ("linear", "log", "asinh")
        for difference in (False, True)
        for pooling in (0.0, 50.0)
    },
    "autoregression without a season": Autoregression((), "linear", pooling=10.0),
    "boosting, linear": booster(),
    "boosting, log": booster("log"),
    "boosting, asinh": booster("asinh"),
    "boosting without an anchor": booster(anchor=0),
    "boosting with a line": booster(regressor=LinearRegression()),
}
each_member = pytest.mark.parametrize("name", MEMBERS)
LINEAR = [name for name in MEMBERS if "log" not in name]


def past_of(known: list, beyond: float = 5.0, hidden: int = HIDDEN) -> Past:
    """Series whose last rows are not known, one after the other."""
    lengths = np.array([len(own) for own in known], dtype=np.int64)
    begin = np.concatenate([[0], np.cumsum(lengths + hidden)[:-1]]).astype(np.int64)
    values = np.concatenate([part for own in known for part in (np.asarray(own, float), np.full(hidden, beyond))])
    return Past(values, begin, begin + lengths, np.arange(len(known)))


def seasonal_panel(lengths=(150, 120, 90, 60, 150, 33), seed: int = 0) -> list[np.ndarray]:
    """Positive series of different size and length with a season of four and an autoregressive rest."""
    rng = np.random.default_rng(seed)
    made = []
    for number, n in enumerate(lengths):
        noise = np.zeros(n)
        for t in range(1, n):
            noise[t] = 0.7 * noise[t - 1] + rng.normal()
        made.append((number + 1) * (30 + 4 * np.array([-1.0, 0.0, 2.0, -1.0])[np.arange(n) % 4] + noise))
    return made


def fitted_forecast(member, past: Past, horizon: int = H) -> np.ndarray:
    return member.fit(past, horizon).forecast(past, horizon)


@each_member
def test_nothing_from_the_end_on_is_read(name):
    known = seasonal_panel()
    clean = fitted_forecast(MEMBERS[name], past_of(known))
    assert np.isfinite(clean).all()
    for poison in (np.nan, np.inf, 1e300, -1e300):
        np.testing.assert_array_equal(fitted_forecast(MEMBERS[name], past_of(known, poison)), clean)


@each_member
def test_what_was_learnt_earlier_may_forecast_from_later(name):
    """A member fitted at one origin gives the same whether the later rows are in its array or not."""
    known = seasonal_panel()
    learnt = MEMBERS[name].fit(past_of([own[:-12] for own in known]), H)
    whole = past_of(known)
    np.testing.assert_array_equal(
        learnt.forecast(whole.before(6), H), learnt.forecast(past_of([own[:-6] for own in known]), H)
    )


@each_member
def test_a_series_gets_the_same_forecast_alone_as_among_others(name):
    known = seasonal_panel()
    past = past_of(known)
    learnt = MEMBERS[name].fit(past, H)
    whole = learnt.forecast(past, H)
    np.testing.assert_allclose(learnt.forecast(past.only(np.array([3, 1])), H), whole[[3, 1]], rtol=1e-9)


@each_member
@pytest.mark.parametrize("steps", [1, 3])
def test_a_shorter_forecast_is_the_beginning_of_a_longer_one(name, steps):
    """Also where it is shorter than the season."""
    past = past_of(seasonal_panel())
    learnt = MEMBERS[name].fit(past, H)
    np.testing.assert_allclose(learnt.forecast(past, steps), learnt.forecast(past, H)[:, :steps], rtol=1e-9)


@each_member
def test_short_series_give_nan_and_none_breaks(name):
    """Series of every length up to 20, an empty one among them: each has a whole forecast or none."""
    rng = np.random.default_rng(3)
    known = [*seasonal_panel(), *(20 + rng.normal(size=n) for n in range(21))]
    made = fitted_forecast(MEMBERS[name], past_of(known))
    assert made.shape == (len(known), H)
    gaps = np.isnan(made)
    assert (gaps.all(axis=1) | ~gaps.any(axis=1)).all()
    lost = [len(own) for own, gap in zip(known, gaps.all(axis=1), strict=True) if gap]
    least = {"naive": 1, "seasonal naive": 4, "theta": 4, "seasonal theta": 4}.get(name, 8)
    assert 0 in lost
    assert set(lost) <= set(range(least)), "long enough, but not forecast"
    assert set(range(min(least, 6))) <= set(lost), "too short to tell anything, but forecast"


@each_member
def test_a_panel_of_nothing_but_short_series_gives_numbers_or_nan(name):
    for known in ([[3.0]], [[3.0, 4.0]], [[1.0, 2.0, 3.0], [5.0]], [[2.0] * 7], [[4.0, 1.0] * 5]):
        made = fitted_forecast(MEMBERS[name], past_of(known))
        assert made.shape == (len(known), H)
        assert not np.isinf(made).any()


@each_member
@pytest.mark.parametrize("level", [0.0, 7.0, 1e6])
def test_a_constant_goes_on(name, level):
    made = fitted_forecast(MEMBERS[name], past_of([np.full(80, level), np.full(50, level)]))
    np.testing.assert_allclose(made[np.isfinite(made)], level, rtol=1e-6, atol=1e-6)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("factor", [1e-3, 0.25, 7.3, 2.0**20, 1e6, 2.0**-30])
def test_forecasts_of_a_multiple_are_the_multiple_of_the_forecasts(name, factor):
    """Trees are asked with powers of two only: others round the features, and a split may fall otherwise."""
    if "boosting" in name and np.frexp(factor)[0] != 0.5:
        factor = 2.0 ** np.rint(np.log2(factor))
    known = seasonal_panel()
    once = fitted_forecast(MEMBERS[name], past_of(known))
    times = fitted_forecast(MEMBERS[name], past_of([factor * own for own in known]))
    np.testing.assert_allclose(times, factor * once, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in LINEAR if "theta" not in name])
def test_forecasts_of_a_shifted_series_are_shifted(name):
    known = seasonal_panel()
    once = fitted_forecast(MEMBERS[name], past_of(known))
    moved = fitted_forecast(MEMBERS[name], past_of([own - 64.0 for own in known]))
    np.testing.assert_allclose(moved + 64.0, once, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in MEMBERS if "boosting" not in name])
def test_the_order_of_series_does_not_matter(name):
    known = seasonal_panel()
    order = np.array([4, 2, 5, 0, 3, 1])
    straight = fitted_forecast(MEMBERS[name], past_of(known))
    mixed = fitted_forecast(MEMBERS[name], past_of([known[i] for i in order]))
    np.testing.assert_allclose(mixed, straight[order], rtol=1e-6 if "autoregression" in name else 1e-9)


# Naives.


def test_the_seasonal_naive_repeats_the_last_season_of_each_series():
    past = past_of([[1.0, 2.0, 3.0, 4.0], [9.0, 5.0, 6.0], [7.0]])
    made = SeasonalNaiveMember(3).fit(past, 5).forecast(past, 5)
    np.testing.assert_array_equal(made, [[2, 3, 4, 2, 3], [9, 5, 6, 9, 5], [np.nan] * 5])
    np.testing.assert_array_equal(SeasonalNaiveMember(1).forecast(past, 2), [[4, 4], [6, 6], [7, 7]])


# Autoregressions.


def truth_with_a_season(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An AR(2) around a season of 12, and what is expected of its next 12 steps."""
    rng = np.random.default_rng(seed)
    rest = np.zeros(n)
    for t in range(2, n):
        rest[t] = 0.5 * rest[t - 1] + 0.3 * rest[t - 2] + rng.normal(scale=0.1)
    season = 50 + 10 * np.sin(2 * np.pi * np.arange(n + 12) / 12) + 3 * np.cos(4 * np.pi * np.arange(n + 12) / 12)
    ahead = rest.tolist()
    for _ in range(12):
        ahead.append(0.5 * ahead[-1] + 0.3 * ahead[-2])
    return season[:n] + rest, season[n:] + np.array(ahead[n:])


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("pooling", [0.0, 10.0, 50.0])
def test_a_simulated_truth_is_recovered(difference, pooling):
    made = [truth_with_a_season(n, seed) for seed, n in enumerate((1200, 900, 700, 1000))]
    past = past_of([known for known, _ in made])
    found = fitted_forecast(Autoregression((12,), "linear", difference=difference, pooling=pooling), past, 12)
    error = found - np.array([wanted for _, wanted in made])
    assert np.sqrt((error**2).mean()) < 0.15, "larger than what nobody can foretell"
    assert np.abs(error).max() < 0.5


def rows_of_lags(member: Autoregression, past: Past, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Design matrix and answers of one series, centred on and in units of its last two seasons."""
    z = to_scale(past, member.scale)[0][past.begin[i] : past.end[i]]
    x = np.diff(z) if member.difference else z
    recent = x[-2 * max(member.seasons) :]
    centre = 0.0 if member.difference else recent.mean()
    x = (x - centre) / np.sqrt(((recent - centre) ** 2).mean())
    targets = np.arange(member.lags.max(), len(x))
    return x[targets[:, None] - member.lags], x[targets]


@pytest.mark.parametrize("scale", ["linear", "log", "asinh"])
@pytest.mark.parametrize("difference", [False, True])
def test_without_pooling_weights_are_those_of_least_squares(scale, difference):
    past = past_of(seasonal_panel((400, 300, 90)))
    member = Autoregression((4,), scale, difference=difference).fit(past, H)
    for i in range(3):
        X, y = rows_of_lags(member, past, i)
        np.testing.assert_allclose(member.weights_[i], np.linalg.lstsq(X, y, rcond=None)[0], atol=1e-4)


def test_pooling_counts_as_so_many_rows_of_the_average_series():
    past = past_of(seasonal_panel((400, 300, 90)))
    member = Autoregression((4,), "linear", pooling=25.0).fit(past, H)
    own = [rows_of_lags(member, past, i) for i in range(3)]
    X, y = (np.concatenate(parts) for parts in zip(*own, strict=True))
    for i, (mine, answers) in enumerate(own):
        gram, moment = mine.T @ mine + 25 * X.T @ X / len(X), mine.T @ answers + 25 * X.T @ y / len(X)
        np.testing.assert_allclose(member.weights_[i], np.linalg.solve(gram, moment), atol=1e-4)


def test_much_pooling_makes_series_share_their_weights():
    past = past_of(seasonal_panel((200, 150, 100, 120)))
    spread = {
        pooling: np.ptp(Autoregression((4,), "linear", pooling=pooling).fit(past, H).weights_, axis=0).max()
        for pooling in (0.0, 50.0, 1e9)
    }
    assert spread[1e9] < 1e-4
    assert spread[1e9] < spread[50.0] < spread[0.0]


def test_several_shares_of_the_pool_learnt_at_once_are_each_learnt_alone():
    past = past_of(seasonal_panel())
    member = Autoregression((4,), "log", difference=True)
    for one in member.fit_all(past, (0.0, 10.0, 50.0)):
        alone = Autoregression((4,), "log", difference=True, pooling=one.pooling).fit(past, H)
        np.testing.assert_array_equal(one.weights_, alone.weights_)
        assert one.name == alone.name


def test_a_new_series_gets_the_weights_of_its_own_rows_and_the_pool():
    known = seasonal_panel((200, 150, 100))
    past = past_of(known)
    member = Autoregression((4,), "linear", pooling=50.0).fit(past, H)
    stranger = Past(past.values, past.begin, past.end, np.full(3, -1))
    np.testing.assert_allclose(member.forecast(stranger, H), member.forecast(past, H), rtol=1e-9)


def test_a_short_series_leans_on_the_others():
    """Of twelve rows little is learnt; with the pool its forecast comes near what all series do."""
    known = [truth_with_a_season(400, seed)[0] for seed in range(8)]
    cut, wanted = truth_with_a_season(400, 99)
    past = past_of([*known, cut[-40:]])
    errors = {
        pooling: np.abs(fitted_forecast(Autoregression((12,), "linear", pooling=pooling), past, 12)[-1] - wanted).mean()
        for pooling in (0.0, 50.0)
    }
    assert errors[50.0] < 0.5
    assert not errors[50.0] > errors[0.0]


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("scale", ["linear", "log", "asinh"])
def test_a_recursion_that_diverges_gives_nan_and_no_huge_number(scale, difference):
    rng = np.random.default_rng(0)
    growth = np.exp(np.cumsum(np.linspace(0.0, 0.3, 60))) * np.exp(0.01 * rng.normal(size=60))
    swing = (-1.08) ** np.arange(60) if scale != "log" else 1e3 + (-1.08) ** np.arange(60)
    past = past_of([growth, swing, *seasonal_panel((100, 100))])
    found = fitted_forecast(Autoregression((), scale, difference=difference), past, 200)
    z = to_scale(past, scale)[0]
    low, high = (np.array([f(z[b:e]) for b, e in zip(past.begin, past.end, strict=True)]) for f in (np.min, np.max))
    limits = to_scale(past, scale)[1]
    bottom, top = (limits.back(edge[:, None])[:, 0] for edge in (2 * low - high, 2 * high - low))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[2:]).all()
    known = np.isfinite(found[1])
    assert (found[1][known] <= top[1] * (1 + 1e-9)).all()
    assert (found[1][known] >= bottom[1] - 1e-9 * abs(bottom[1])).all()


def test_the_class_says_its_lags():
    assert Autoregression((), "linear").lags.tolist() == list(range(1, 9))
    assert Autoregression((7,), "linear").lags.tolist() == [1, 2, 3, 5, 6, 7, 8, 9]
    assert Autoregression((24, 168), "linear").lags.tolist() == [1, 2, 3, 22, 23, 24, 25, 26, 166, 167, 168, 169, 170]
    assert Autoregression((4,), "linear", difference=True).lags.tolist() == [1, 2, 3, 4, 5, 6]


# Boosting.


@pytest.mark.parametrize("scale", ["linear", "log", "asinh"])
def test_the_same_seed_learns_the_same(scale):
    past = past_of(seasonal_panel())

    def made(seed):
        member = Booster((4,), scale, anchor=4, cells=500, seed=seed)
        return fitted_forecast(member, past)

    np.testing.assert_array_equal(made(1), made(1))
    assert not np.array_equal(made(1), made(2))


def test_the_same_seed_learns_the_same_with_a_regressor_that_draws():
    past = past_of(seasonal_panel())
    member = booster(regressor=ExtraTreesRegressor(5, max_depth=4), seed=7)
    np.testing.assert_array_equal(fitted_forecast(member, past), fitted_forecast(member, past))


def test_any_regressor_will_do_even_one_that_takes_no_nan():
    past = past_of(seasonal_panel())
    made = fitted_forecast(booster(regressor=LinearRegression()), past)
    naive = SeasonalNaiveMember(4).forecast(past, H)
    assert np.isfinite(made).all()
    assert np.abs(made / naive - 1).mean() < 0.3


def test_a_given_regressor_stays_unfitted():
    regressor = LinearRegression()
    fitted_forecast(booster(regressor=regressor), past_of(seasonal_panel()))
    assert not hasattr(regressor, "coef_")


@pytest.mark.parametrize("scale", ["linear", "log", "asinh"])
@pytest.mark.parametrize("anchor", [4, 0])
def test_trees_learn_a_season(scale, anchor):
    """Series of all sizes with one season: the next six steps are its next six places."""
    season = np.array([-1.0, 0.0, 2.0, -1.0])
    known = [size * (30 + 4 * season[np.arange(200) % 4]) for size in (1.0, 10.0, 1e4)]
    made = fitted_forecast(booster(scale, anchor=anchor), past_of(known))
    wanted = np.array([size * (30 + 4 * season[np.arange(200, 206) % 4]) for size in (1.0, 10.0, 1e4)])
    np.testing.assert_allclose(made, wanted, rtol=0.02)


@pytest.mark.parametrize("scale", ["linear", "log", "asinh"])
@pytest.mark.parametrize("answer", [-1e6, 1e6])
def test_answers_are_held_at_the_range_of_the_history_and_its_width_on_either_side(scale, answer):
    known = seasonal_panel((150, 120, 40))
    member = booster(scale, regressor=DummyRegressor(strategy="constant", constant=answer))
    for beyond in (5.0, 1e4, np.nan):
        past = past_of(known, beyond)
        z, back = to_scale(past, scale)
        ranges = [(z[b:e].min(), z[b:e].max()) for b, e in zip(past.begin, past.end, strict=True)]
        limit = np.array([2 * low - high if answer < 0 else 2 * high - low for low, high in ranges])
        wanted = back.back(np.repeat(limit[:, None], H, axis=1))
        np.testing.assert_allclose(fitted_forecast(member, past), wanted, rtol=1e-9)


def test_too_few_cells_give_no_forecast():
    past = past_of([np.arange(20.0)])
    assert np.isnan(fitted_forecast(booster(), past)).all()


# Pasts and scales.


def test_a_past_goes_back_no_further_than_its_series_begin():
    past = past_of([[1.0, 2.0, 3.0], [4.0], [5.0, 6.0, 7.0, 8.0, 9.0]], hidden=2)
    earlier = past.before(3)
    assert earlier.lengths.tolist() == [0, 0, 2]
    assert earlier.only(np.array([2])).ahead(3).tolist() == [[7.0, 8.0, 9.0]]
    assert past.before(1).before(1).end.tolist() == past.before(2).end.tolist()


@pytest.mark.parametrize("kind", ["linear", "log", "asinh"])
def test_scales_lead_back(kind):
    known = seasonal_panel((50, 20))
    past = past_of(known)
    z, scale = to_scale(past, kind)
    for i in range(2):
        mine = z[past.begin[i] : past.end[i]]
        both = np.repeat(mine[None, :], 2, axis=0)
        np.testing.assert_allclose(scale.back(both)[i], known[i], rtol=1e-9)
