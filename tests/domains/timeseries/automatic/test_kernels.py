"""Kernels of the automatic forecaster against plain Python, on ragged panels that are known only up to a point."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.timeseries.automatic.kernels import (
    cell_features,
    normal_equations,
    recurse,
    standardise,
    theta_forecast,
)
from domains.timeseries.baselines import is_seasonal, seasonal_indices
from domains.timeseries.rolling import bounds

pytestmark = pytest.mark.any_pandas


POISONS = (np.nan, 1e300, -1e300)


class Ragged:
    """Series one after the other; of each the first part is known, and the rest is not."""

    def __init__(self, known: list[list[float]], hidden: list[int]) -> None:
        self.known = [np.array(own, dtype=float) for own in known]
        self.hidden = hidden
        lengths = [len(own) + more for own, more in zip(known, hidden, strict=True)]
        self.begin = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        self.end = self.begin + np.array([len(own) for own in known], dtype=np.int64)

    def values(self, beyond: float = 7.0) -> np.ndarray:
        pairs = zip(self.known, self.hidden, strict=True)
        return np.concatenate([part for own, more in pairs for part in (own, np.full(more, beyond))])


@st.composite
def panels(draw, least: int = 0, most: int = 30) -> Ragged:
    """One to four series of rough, constant, zero, straight or periodic values, all multiples of a quarter."""
    known = []
    for _ in range(draw(st.integers(1, 4))):
        n = draw(st.integers(least, most))
        kind = draw(st.sampled_from(["rough", "positive", "constant", "zero", "straight", "periodic"]))
        level = draw(st.integers(-40, 400)) / 4
        rough = np.array(draw(st.lists(st.integers(-40, 40), min_size=n, max_size=n)), dtype=float) / 4
        t = np.arange(n)
        known.append(
            {
                "rough": rough,
                "positive": 30 + rough,
                "constant": np.full(n, level),
                "zero": np.zeros(n),
                "straight": level + t / 2,
                "periodic": 20 + 3.0 * (t % 3) + 5.0 * (t % 4) + rough / 8,
            }[kind]
        )
    hidden = draw(st.lists(st.integers(0, 5), min_size=len(known), max_size=len(known)))
    return Ragged(known, hidden)


def assert_blind_beyond(panel: Ragged, kernel) -> None:
    """The kernel's answer stays the same to the last bit, whatever stands where nothing is known."""
    clean = kernel(panel.values())
    clean = clean if isinstance(clean, tuple) else (clean,)
    for poison in POISONS:
        poisoned = kernel(panel.values(poison))
        for ours, theirs in zip(clean, poisoned if isinstance(poisoned, tuple) else (poisoned,), strict=True):
            np.testing.assert_array_equal(ours, theirs)


# Standardised values.


def plain_standardised(own: np.ndarray, window: int, difference: bool) -> tuple[list[float], float, float]:
    changes = [float(b - a) for a, b in pairwise(own)]
    recent = (changes if difference else own.tolist())[-window:]
    if not recent:
        return [math.nan] * len(own), 0.0, 1.0
    centre = 0.0 if difference else math.fsum(recent) / len(recent)
    size = math.sqrt(math.fsum((value - centre) ** 2 for value in recent) / len(recent))
    size = size if size > 1e-12 * (1 + abs(centre)) else 1.0
    x = [(value - centre) / size for value in (changes if difference else own)]
    return ([math.nan, *x] if difference else x), centre, size


@given(panels(), st.integers(1, 40), st.booleans())
def test_values_are_counted_in_the_size_of_their_last_ones(panel, window, difference):
    x, centre, size = standardise(panel.values(), panel.begin, panel.end, window, difference)
    assert np.isnan(x).sum() == len(x) - sum(max(0, len(own) - difference) for own in panel.known)
    for i, own in enumerate(panel.known):
        wanted, its_centre, its_size = plain_standardised(own, window, difference)
        assert centre[i] == pytest.approx(its_centre, rel=1e-12, abs=1e-12)
        assert size[i] == pytest.approx(its_size, rel=1e-9)
        np.testing.assert_allclose(x[panel.begin[i] : panel.end[i]], wanted, rtol=1e-9, atol=1e-9)


@given(panels(), st.integers(1, 40), st.booleans())
def test_standardising_reads_nothing_beyond_the_end(panel, window, difference):
    assert_blind_beyond(panel, lambda values: standardise(values, panel.begin, panel.end, window, difference))


def test_a_constant_series_has_no_size_but_one():
    for level in (0.0, 0.1, 3e9, -7.3):
        x, centre, size = standardise(np.full(30, level), np.array([0]), np.array([30]), 12, False)
        assert centre[0] == pytest.approx(level)
        assert size[0] == 1.0
        np.testing.assert_allclose(x, 0.0, atol=1e-6)


# Equations of autoregressions.


@st.composite
def lag_sets(draw) -> np.ndarray:
    return np.array(sorted(draw(st.sets(st.integers(1, 9), min_size=1, max_size=5))), dtype=np.int64)


@given(panels(), lag_sets(), st.data())
def test_equations_are_those_of_a_design_matrix(panel, lags, data):
    used = np.array([data.draw(st.integers(0, len(lags))) for _ in panel.known], dtype=np.int64)
    gram, moment, rows = normal_equations(panel.values(), panel.begin, panel.end, lags, used)
    for i, (own, q) in enumerate(zip(panel.known, used, strict=True)):
        X, y = np.zeros((0, len(lags))), np.zeros(0)
        if q:
            targets = range(int(lags[q - 1]), len(own))
            X = np.array([[own[t - lag] if a < q else 0.0 for a, lag in enumerate(lags)] for t in targets])
            X, y = X.reshape(-1, len(lags)), own[list(targets)]
        assert rows[i] == len(y)
        np.testing.assert_allclose(gram[i], X.T @ X, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(moment[i], X.T @ y, rtol=1e-12, atol=1e-9)


@given(panels(), lag_sets(), st.data())
def test_equations_read_nothing_beyond_the_end(panel, lags, data):
    used = np.array([data.draw(st.integers(0, len(lags))) for _ in panel.known], dtype=np.int64)
    assert_blind_beyond(panel, lambda x: normal_equations(x, panel.begin, panel.end, lags, used))


# Recursion.


def plain_recursed(own: list[float], lags: list[int], weights: list[float], horizon: int, difference: bool):
    if not own or math.isnan(weights[0]):
        return [math.nan] * horizon, False
    levels = [0.0, *np.cumsum(own).tolist()] if difference else own
    now = levels[-1] if difference else 0.0
    width = max(max(levels) - min(levels), 1e-9)
    low, high = min(levels) - width - now, max(levels) + width - now
    history, made, bounded = list(own), [], False
    for _ in range(horizon):
        step = sum(w * (history[-lag] if lag <= len(history) else 0.0) for w, lag in zip(weights, lags, strict=True))
        before = made[-1] if made and difference else 0.0
        reached = before + step
        if not low <= reached <= high:
            bounded, reached = True, (high if reached > high else low)
        history.append(reached - before)
        made.append(reached)
    return made, bounded


@given(panels(), lag_sets(), st.integers(1, 12), st.booleans(), st.data())
def test_recursion_feeds_back_within_the_range_of_the_history(panel, lags, horizon, difference, data):
    # Weights in eighths keep the plain loop exact enough to agree about the bounds.
    weights = np.array([[data.draw(st.integers(-12, 12)) / 8 for _ in lags] for _ in panel.known])
    if data.draw(st.booleans()):
        weights[0] = np.nan
    made, bounded = recurse(panel.values(), panel.begin, panel.end, lags, weights, horizon, difference)
    for i, own in enumerate(panel.known):
        wanted, met = plain_recursed(own.tolist(), lags.tolist(), weights[i].tolist(), horizon, difference)
        np.testing.assert_allclose(made[i], wanted, rtol=1e-9, atol=1e-9)
        assert bounded[i] == met


@given(panels(), lag_sets(), st.booleans(), st.data())
def test_recursion_reads_nothing_beyond_the_end(panel, lags, difference, data):
    weights = np.array([[data.draw(st.integers(-12, 12)) / 8 for _ in lags] for _ in panel.known])
    assert_blind_beyond(panel, lambda x: recurse(x, panel.begin, panel.end, lags, weights, 6, difference))


@pytest.mark.parametrize("difference", [False, True])
def test_a_recursion_that_explodes_is_held_and_told(difference):
    x = 2.0 ** np.arange(12)
    made, bounded = recurse(x, np.array([0]), np.array([12]), np.array([1]), np.array([[3.0]]), 500, difference)
    levels = np.r_[0.0, np.cumsum(x)] if difference else x
    start = levels[-1] if difference else 0.0
    assert bounded.tolist() == [True]
    assert np.isfinite(made).all()
    assert (made <= 2 * levels.max() - levels.min() - start).all()


# Bounds.


@given(panels(least=1))
def test_bounds_are_the_range_and_its_width_on_either_side(panel):
    low, high = bounds(panel.values(), panel.begin, panel.end)
    assert low.tolist() == [own.min() - (own.max() - own.min()) for own in panel.known]
    assert high.tolist() == [own.max() + (own.max() - own.min()) for own in panel.known]
    assert_blind_beyond(panel, lambda z: bounds(z, panel.begin, panel.end))


# Features of cells.


def plain_cell(own: list[float], lead: int, lags, seasons, depths, window: int, anchor_season: int):
    """Features of one cell whose series is known up to its origin; gaps are NaN."""
    o = len(own)

    def at(place):
        return own[place] if 0 <= place < o else math.nan

    recent = own[-window:]
    centre = math.fsum(recent) / len(recent)
    size = max(math.fsum(abs(v - centre) for v in recent) / len(recent), 1e-3 * abs(centre)) or 1.0

    def seen(value):
        return (value - centre) / size

    row = [seen(at(o - lag)) for lag in lags]
    base = own[-1]
    for season, depth in zip(seasons, depths, strict=True):
        latest = o + lead - season
        while latest >= o:
            latest -= season
        earlier = [seen(at(latest - j * season)) for j in range(depth)]
        known = [value for value in earlier if not math.isnan(value)]
        beside = seen((at(latest - 1) + at(latest + 1)) / 2)
        change = (own[-1] - at(o - 1 - season)) / size
        row += [*earlier, math.fsum(known) / len(known) if known else math.nan, beside, change]
        if season == anchor_season and latest >= 0:
            base = own[latest]
    four = own[-4:]
    before = own[-2 * window : -window] if o >= 2 * window else []
    row += [
        seen(math.fsum(four) / len(four)),
        seen(math.fsum(before) / window) if before else math.nan,
        (own[-1] - own[-5]) / 4 / size if o > 4 else math.nan,
        lead,
        seen(base),
    ]
    return row, base, size


@st.composite
def cell_settings(draw) -> tuple:
    """Lags, seasons, depths, window and the season of the anchor."""
    lags = draw(st.sets(st.integers(1, 9), min_size=1, max_size=4))
    seasons = draw(st.lists(st.integers(2, 8), max_size=2, unique=True))
    depths = [draw(st.integers(1, 4)) for _ in seasons]
    anchor = draw(st.sampled_from([0, *seasons]))
    arrays = (np.array(one, dtype=np.int64) for one in (sorted(lags), seasons, depths))
    return *arrays, draw(st.integers(2, 16)), anchor


@given(panels(least=1), cell_settings(), st.data())
def test_features_of_cells_equal_a_plain_loop(panel, asked, data):
    origins = [data.draw(st.integers(1, len(own))) for own in panel.known]
    leads = data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=4))
    begin, origin = (np.repeat(one, len(leads)) for one in (panel.begin, panel.begin + np.array(origins)))
    lead = np.tile(np.array(leads, dtype=np.int64), len(origins))
    X, base, unit = cell_features(panel.values(), begin, origin, lead, *asked)
    for r in range(len(lead)):
        own = panel.known[r // len(leads)][: origins[r // len(leads)]].tolist()
        row, its_base, its_unit = plain_cell(own, int(lead[r]), *asked)
        np.testing.assert_allclose(X[r], row, rtol=1e-9, atol=1e-6)
        assert base[r] == pytest.approx(its_base, rel=1e-9, abs=1e-9)
        assert unit[r] == pytest.approx(its_unit, rel=1e-9)


@given(panels(least=1), cell_settings())
def test_features_of_cells_read_nothing_from_the_origin_on(panel, asked):
    lead = np.tile(np.arange(12), len(panel.known))
    begin, origin = np.repeat(panel.begin, 12), np.repeat(panel.end, 12)
    assert_blind_beyond(panel, lambda z: cell_features(z, begin, origin, lead, *asked))


@pytest.mark.parametrize("n", [4, 5, 11, 12, 13, 23, 24, 25])
def test_features_of_cells_begin_where_their_rows_do(n):
    """A window of twelve, and the one before it, at and beside the lengths that just hold them."""
    y = np.random.default_rng(n).normal(size=n)
    asked = (np.array([1, 4, 5]), np.array([4]), np.array([3]), 12, 4)
    X, base, unit = cell_features(y, np.zeros(6, dtype=np.int64), np.full(6, n), np.arange(6), *asked)
    for lead in range(6):
        row, its_base, its_unit = plain_cell(y.tolist(), lead, *asked)
        np.testing.assert_allclose(X[lead], row, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose((base[lead], unit[lead]), (its_base, its_unit), rtol=1e-9)


def test_cells_may_come_in_any_order():
    z = np.random.default_rng(0).normal(size=90)
    begin, origin = np.repeat([0, 30, 60], 10), np.repeat([25, 60, 81], 10)
    lead = np.tile(np.arange(10), 3)
    asked = (np.arange(1, 4), np.array([7]), np.array([3]), 14, 7)
    mixed = np.random.default_rng(1).permutation(30)
    straight = cell_features(z, begin, origin, lead, *asked)
    shuffled = cell_features(z, begin[mixed], origin[mixed], lead[mixed], *asked)
    for one, other in zip(straight, shuffled, strict=True):
        np.testing.assert_array_equal(one[mixed], other)


# Theta.


def plain_figure(y: np.ndarray, season: int) -> tuple[np.ndarray, bool]:
    """Seasonal figure and whether it multiplies; by this project's other tested decomposition where it does."""
    if season < 2 or not is_seasonal(y, season):
        return np.zeros(max(season, 1)), False
    if y.min() > 0:
        return seasonal_indices(y, season), True
    half = season // 2
    weights = [1 / season] * season if season % 2 else [0.5 / season, *[1 / season] * (season - 1), 0.5 / season]
    places: list[list[float]] = [[] for _ in range(season)]
    for t in range(half, len(y) - half):
        places[t % season].append(float(y[t] - sum(w * v for w, v in zip(weights, y[t - half :], strict=False))))
    figure = np.array([np.mean(own) for own in places])
    return figure - figure.mean(), False


def plain_theta(y: np.ndarray, season: int, horizon: int) -> list[float]:
    """Exponential smoothing with half the trend's slope as drift (Hyndman & Billah 2003, eq. 5)."""
    m = len(y)
    if m < 4:
        return [math.nan] * horizon
    figure, multiply = plain_figure(y, season)
    place = np.arange(m + horizon) % len(figure)
    adjusted = y / figure[place[:m]] if multiply else y - figure[place[:m]]
    slope = np.polyfit(np.arange(m), adjusted, 1)[0]

    def smoothed(alpha):
        level, loss = adjusted[0], 0.0
        for value in adjusted[1:]:
            loss += (value - level) ** 2
            level += alpha * (value - level)
        return loss, level

    alpha = min([*(step / 20 for step in range(1, 20)), 0.99], key=lambda a: smoothed(a)[0])
    drift = [slope / 2 * (h - 1 + 1 / alpha - (1 - alpha) ** m / alpha) for h in range(1, horizon + 1)]
    made = smoothed(alpha)[1] + np.array(drift)
    return (made * figure[place[m:]] if multiply else made + figure[place[m:]]).tolist()


@given(panels(), st.sampled_from([1, 3, 4, 12]))
def test_theta_equals_a_plain_loop(panel, season):
    made = theta_forecast(panel.values(), panel.begin, panel.end, season, 6)
    for i, own in enumerate(panel.known):
        np.testing.assert_allclose(made[i], plain_theta(own, season, 6), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("season", [3, 4, 7])
@pytest.mark.parametrize("period", ["season", "twice the season"])
@pytest.mark.parametrize("level", [100.0, 0.0])
@pytest.mark.parametrize("more", [0, 1, 2])
def test_theta_equals_a_plain_loop_where_a_season_shows(season, period, level, more):
    """Beyond its limit an autocorrelation may be negative, too; and a series may end anywhere in its season."""
    length = season if period == "season" else 2 * season
    n = 6 * length + more
    rng = np.random.default_rng(season)
    y = level + 0.02 * np.arange(n) + 5 * np.cos(2 * np.pi * np.arange(n) / length) + rng.normal(scale=0.2, size=n)
    assert is_seasonal(y, season)
    np.testing.assert_allclose(theta_of(y, season, 10), plain_theta(y, season, 10), rtol=1e-7, atol=1e-7)


@given(panels(), st.sampled_from([1, 3, 4, 12]))
def test_theta_reads_nothing_beyond_the_end(panel, season):
    assert_blind_beyond(panel, lambda values: theta_forecast(values, panel.begin, panel.end, season, 6))


def theta_of(y: np.ndarray, season: int = 1, horizon: int = 6) -> np.ndarray:
    return theta_forecast(np.asarray(y, dtype=float), np.array([0]), np.array([len(y)]), season, horizon)[0]


@given(st.integers(-50, 50), st.integers(-8, 8), st.integers(4, 80))
def test_theta_goes_on_from_a_straight_line_with_half_its_slope(level, slope, n):
    """On a line, smoothing lags behind by (1 - alpha) / alpha steps; 0.99 is the constant that lags least."""
    made = theta_of(level + slope * np.arange(n))
    lag = 0.01 / 0.99 * (1 - 0.01 ** (n - 1))
    wanted = level + slope * (n - 1 - lag) + slope / 2 * (np.arange(6) + (1 - 0.01**n) / 0.99)
    np.testing.assert_allclose(made, wanted, rtol=1e-9, atol=1e-9)


def test_theta_of_a_constant_is_the_constant():
    np.testing.assert_allclose(theta_of(np.full(40, 3.7), season=4), 3.7, rtol=1e-12)


def test_theta_keeps_a_season_that_multiplies_and_one_that_adds():
    figure = np.array([0.5, 1.0, 1.5, 1.0])
    np.testing.assert_allclose(theta_of(np.tile(100 * figure, 12), 4, 8), np.tile(100 * figure, 2), rtol=1e-6)
    signed = np.array([-3.0, 0.0, 2.0, 1.0])
    np.testing.assert_allclose(theta_of(np.tile(signed, 12), 4, 8), np.tile(signed, 2), atol=1e-6)


@given(st.integers(0, 10_000))
def test_theta_smooths_nearly_as_well_as_the_best_constant(seed):
    """No constant between 0.05 and 0.99 has a squared one-step error that is clearly smaller."""
    rng = np.random.default_rng(seed)
    y = np.cumsum(rng.normal(size=60) * rng.choice([0.1, 1.0])) + rng.normal(size=60)
    alphas = np.linspace(0.05, 0.99, 200)
    level, loss = np.full(200, y[0]), np.zeros(200)
    for value in y[1:]:
        loss += (value - level) ** 2
        level += alphas * (value - level)
    slope = np.polyfit(np.arange(60), y, 1)[0]
    first = level + slope / 2 * (1 - (1 - alphas) ** 60) / alphas
    near = loss <= 1.02 * loss.min()
    gap = np.abs(np.diff(first)).max()
    assert first[near].min() - gap <= theta_of(y)[0] <= first[near].max() + gap
