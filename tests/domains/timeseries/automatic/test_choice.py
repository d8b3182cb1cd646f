"""Seasons, origins, choice and intervals of the automatic forecaster."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domains.timeseries import AutoForecaster
from domains.timeseries.automatic import choice as choices
from domains.timeseries.automatic.choice import (
    POOLINGS,
    Choice,
    _forecasts,
    combine,
    naive_errors,
    rolling_origins,
)
from domains.timeseries.automatic.intervals import NormalisedConformal, independent_steps
from domains.timeseries.automatic.members import Autoregression, Booster, SeasonalNaiveMember, Theta
from domains.timeseries.automatic.past import Past
from domains.timeseries.automatic.seasons import Grid, find_seasons, grid_of, seasons_of
from shared.data.frequency import Frequency
from shared.errors import CalibrationError, SettingsError

pytestmark = pytest.mark.any_pandas


def past_of(*known) -> Past:
    lengths = np.array([len(own) for own in known], dtype=np.int64)
    begin = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return Past(
        np.concatenate([np.asarray(own, float) for own in known]), begin, begin + lengths, np.arange(len(known))
    )


def choose(members, past: Past, horizon: int, metric_season: int) -> Choice:
    """The choice for all steps."""
    return choices.choose(members, past, horizon, metric_season)[-1]


def walks(n_series: int, n: int, seed: int = 0, level: float = 100.0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [level + np.cumsum(rng.normal(size=n)) for _ in range(n_series)]


# Seasons.


@pytest.mark.parametrize("period", [2, 4, 7, 12, 24])
@pytest.mark.parametrize("seed", range(3))
def test_a_season_is_found_in_integer_time(period, seed):
    rng = np.random.default_rng(seed)
    figure = rng.normal(size=period)
    known = [3 * figure[np.arange(n) % period] / figure.std() + rng.normal(size=n) for n in (300, 260, 340)]
    assert find_seasons(past_of(*known))[:1] == (period,)


@pytest.mark.parametrize("period", [7, 12])
def test_a_season_is_found_beneath_a_trend_and_in_a_single_series(period):
    rng = np.random.default_rng(1)
    t = np.arange(240)
    assert find_seasons(past_of(0.5 * t + 10 * np.sin(2 * np.pi * t / period) + rng.normal(size=240))) == (period,)


@pytest.mark.parametrize("seed", range(8))
def test_neither_white_noise_nor_a_random_walk_has_a_season(seed):
    rng = np.random.default_rng(seed)
    assert find_seasons(past_of(*(rng.normal(size=200) for _ in range(3)))) == ()
    assert find_seasons(past_of(*walks(3, 200, seed))) == ()
    assert find_seasons(past_of(walks(1, 120, seed)[0])) == ()


def test_a_season_within_a_season_is_found():
    t = np.arange(900)
    y = 5 * np.sin(2 * np.pi * t / 6) * (1 + 0.9 * (t % 30 < 6)) + np.random.default_rng(0).normal(scale=0.3, size=900)
    assert find_seasons(past_of(y)) == (6, 30)


def test_series_that_tell_nothing_hide_no_season():
    t = np.arange(200)
    assert find_seasons(past_of(np.sin(2 * np.pi * t / 7), np.ones(200), np.ones(3), [1.0])) == (7,)
    assert find_seasons(past_of(np.ones(200))) == ()
    assert find_seasons(past_of([1.0, 2.0])) == ()
    assert find_seasons(past_of([1.0])) == ()


@pytest.mark.parametrize(
    ("grid", "seasons", "horizon", "metric_season"),
    [
        (Frequency("fixed", 1800 * 10**9), (48, 336), 96, 48),
        (Frequency("fixed", 3600 * 10**9), (24, 168), 48, 24),
        (Frequency("wall", 86400 * 10**9), (7,), 14, 1),
        (Frequency("wall", 7 * 86400 * 10**9), (52,), 13, 1),
        (Frequency("business", 1), (5,), 10, 1),
        (Frequency("month", 1), (12,), 18, 12),
        (Frequency("month", 3), (4,), 8, 4),
        (Frequency("month", 12), (), 6, 1),
        (Frequency("month", 5), (), 6, 1),
        (Frequency("fixed", 7 * 3600 * 10**9), None, 12, 1),
        (Frequency("integer", 1), None, 12, 1),
    ],
)
def test_a_grid_tells_what_is_usual_on_it(grid, seasons, horizon, metric_season):
    found = grid_of(grid)
    assert (found.seasons, found.horizon, found.metric_season) == (seasons, horizon, metric_season)


def test_a_name_beside_whole_numbers_tells_the_grid():
    whole = Frequency("integer", 1)
    names = {"h": (24, 168), "30min": (48, 336), "D": (7,), "W": (52,), "M": (12,), "3M": (4,), "B": (5,), "Y": ()}
    for name, seasons in names.items():
        assert grid_of(whole, name).seasons == seasons
    assert grid_of(whole, 1).seasons is None
    with pytest.raises(SettingsError, match="'fortnight' is no duration"):
        grid_of(whole, "fortnight")


def test_a_season_of_the_calendar_needs_to_have_been_seen_twice_by_half_of_the_rows():
    grid = Grid((7, 30), 14, 1)
    assert seasons_of(grid, past_of(np.ones(60), np.ones(13))) == (7, 30)
    assert seasons_of(grid, past_of(np.ones(59), np.ones(13))) == (7,)
    assert seasons_of(grid, past_of(*[np.ones(13)] * 9, np.ones(60))) == ()


def test_a_season_that_no_calendar_names_needs_to_have_been_seen_three_times():
    t = np.arange(36)
    figure = np.r_[5.0, 1.0, 0.0, 2.0, 0.0, 1.0, 0.0, 0.0, 2.0, 1.0, 0.0, 3.0]
    assert seasons_of(Grid(None, 12, 1), past_of(figure[t % 12])) == (12,)
    assert 12 not in seasons_of(Grid(None, 12, 1), past_of(figure[t[:35] % 12]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("period", [45, 60, 100])
def test_a_long_smooth_cycle_is_found_though_single_changes_hide_it(period, seed):
    """A31: ten times the noise, and each of its steps smaller than that."""
    t = np.arange(15 * period)
    y = 10 * np.sin(2 * np.pi * t / period) + np.random.default_rng(seed).normal(size=len(t))
    found = find_seasons(past_of(y))
    assert len(found) == 1
    assert abs(found[0] - period) <= 1


@pytest.mark.parametrize("seed", range(6))
def test_long_walks_and_autoregressions_have_no_long_season(seed):
    rng = np.random.default_rng(seed)
    assert find_seasons(past_of(rng.normal(size=1500).cumsum())) == ()
    assert find_seasons(past_of(np.convolve(rng.normal(size=1500), 0.9 ** np.arange(60), "valid"))) == ()


@pytest.mark.parametrize("seed", range(3))
def test_a_year_of_days_is_a_season_where_it_shows(seed):
    """B8, A31: four years of daily data that peak once a year."""
    rng, t, daily = np.random.default_rng(seed), np.arange(1461), grid_of(Frequency("wall", 86400 * 10**9))
    y = 40 * np.cos(2 * np.pi * t / 365.25) + 8 * np.sin(2 * np.pi * t / 7) + 4 * rng.normal(size=1461)
    assert seasons_of(daily, past_of(y)) == (7, 365)
    assert seasons_of(daily, past_of(8 * np.sin(2 * np.pi * t / 7) + rng.normal(size=1461))) == (7,)
    assert seasons_of(daily, past_of(rng.normal(size=1461).cumsum())) == (7,)


def test_minutes_have_seasons_within_the_day_where_they_show():
    t = np.arange(3000)
    y = 10 * np.sin(2 * np.pi * t / 60) + np.random.default_rng(0).normal(size=3000)
    assert 60 in seasons_of(grid_of(Frequency("fixed", 60 * 10**9)), past_of(y))


# Origins.


@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.integers(1, 60))
def test_origins_leave_enough_to_learn_from_and_enough_to_judge(lengths, horizon):
    past = past_of(*(np.zeros(n) for n in lengths))
    back, judged = rolling_origins(past, horizon)
    assert judged.shape == (len(lengths), len(back))
    assert 0 <= len(back) <= 12
    need = max(horizon, 12)
    assert (len(back) == 0) == (max(lengths) < need + horizon)
    for i, n in enumerate(lengths):
        assert judged[i].tolist() == [n - steps >= need for steps in back]
    if len(back):
        assert judged.any(axis=0).all()
        long = [n for n in lengths if n - horizon >= need]
        assert back[0] == horizon
        apart = np.diff(back)
        if len(back) >= 3 and (apart == horizon).all():
            assert back[-1] <= np.median(long) / 3
        else:  # horizons overlap
            assert (apart > 0).all()
            assert back[-1] <= max(horizon, np.median(long) / 2)


# Combination.


def test_a_median_is_taken_of_what_there_is():
    gap = np.nan
    made = combine([np.array([[1.0, gap, gap]]), np.array([[5.0, 2.0, gap]]), np.array([[3.0, 8.0, gap]])])
    np.testing.assert_array_equal(made, [[3.0, 5.0, gap]])


def test_combining_leaves_the_forecasts_as_they_are():
    parts = [np.array([[1.0, np.nan]]), np.array([[np.nan, np.nan]])]
    combine(parts)
    np.testing.assert_array_equal(parts, [[[1.0, np.nan]], [[np.nan, np.nan]]])


def test_naive_errors_are_mean_absolute_seasonal_differences():
    found = naive_errors(past_of([1.0, 2.0, 4.0, 8.0, 9.0], [1.0, 3.0], [5.0], np.ones(9)), 3)
    np.testing.assert_allclose(found, [(7 + 7) / 2, 2.0, np.nan, 0.0])


# Choice.


def members_for(season: int):
    return [
        SeasonalNaiveMember(1),
        SeasonalNaiveMember(season),
        Theta(season),
        Autoregression((season,), "linear"),
        Autoregression((season,), "linear", difference=True),
    ]


def seasonal_series(n_series: int, n: int, season: int = 6, noise: float = 1.0) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    t = np.arange(n)
    return [50 + 20 * np.sin(2 * np.pi * t / season) + noise * rng.normal(size=n) for _ in range(n_series)]


def plain_scores(truth, found, scale) -> tuple[float, float]:
    smape = [200 * abs(y - f) / (abs(y) + abs(f)) for y, f in zip(truth.ravel(), found.ravel(), strict=True)]
    return float(np.mean(smape)), float(np.mean(np.abs(truth - found) / scale[:, None, None]))


def test_scores_are_what_a_plain_trial_at_each_origin_gives():
    known = seasonal_series(4, 90)
    past = past_of(*known)
    choice = choose(members_for(6), past, 5, 1)
    made, truth = np.empty((4, choice.origins, 5)), np.empty((4, choice.origins, 5))
    for at in range(choice.origins):
        then = past.before((at + 1) * 5)
        made[:, at] = SeasonalNaiveMember(6).forecast(then, 5)
        truth[:, at] = [own[90 - (at + 1) * 5 :][:5] for own in known]
    early = [own[: 90 - choice.origins * 5] for own in known]
    scale = np.array([np.abs(np.diff(own)).mean() for own in early])
    np.testing.assert_array_equal(choice.truth, truth)
    row = choice.table.loc["seasonal naive (6)"]
    np.testing.assert_allclose((row.smape, row.mase), plain_scores(truth, made, scale), rtol=1e-9)


def test_one_nearly_constant_series_does_not_rule_the_choice():
    """A series that stood still and then leapt has a MASE beyond all measure, whoever forecasts it."""
    known = seasonal_series(20, 60)
    still = np.full(60, 100.0)
    still[5] += 1e-6
    still[48:] = np.r_[200.0, 100.0, 300.0, 50.0, 250.0, 100.0, 150.0, 220.0, 90.0, 310.0, 60.0, 130.0]
    alone, beside = (choose(members_for(6), past_of(*series), 6, 6) for series in (known, [*known, still]))
    names = [[member.name for member in choice.members] for choice in (alone, beside)]
    assert names[0][0] == names[1][0]
    assert beside.table["mase"].min() > 1e3  # told as it is
    assert beside.table["score"].max() < 10


def test_the_best_naive_scores_one_and_the_table_is_sorted():
    choice = choose(members_for(6), past_of(*seasonal_series(4, 90)), 5, 1)
    naives = choice.table[choice.table.index.str.contains("naive")]
    assert naives.score.min() == pytest.approx(1.0)
    assert choice.table.score.is_monotonic_increasing
    assert list(choice.table.columns) == ["smape", "mase", "score", "chosen"]
    assert choice.table.chosen.sum() == 1


@pytest.mark.parametrize("known", [walks(6, 150), seasonal_series(6, 120), seasonal_series(1, 80, noise=9.0)])
def test_what_is_chosen_is_best_or_the_median_of_those_close_to_it(known):
    choice = choose(members_for(6), past_of(*known), 6, 1)
    table = choice.table
    chosen = table[table.chosen].iloc[0]
    single = table[~table.index.str.startswith("median of")]
    if len(choice.members) == 1:
        assert chosen.name == single.index[0] == choice.members[0].name
        assert chosen.score == table.score.min()
    else:
        assert chosen.name == f"median of the {len(choice.members)} best"
        assert {member.name for member in choice.members} == set(single.index[single.score <= 1.2 * single.score.min()])
        assert chosen.score <= 1.1 * single.score.min()


def test_errors_are_what_came_minus_what_the_choice_had_forecast():
    past = past_of(*seasonal_series(3, 90))
    choice = choose([SeasonalNaiveMember(1), SeasonalNaiveMember(6)], past, 5, 1)
    assert [member.name for member in choice.members] == ["seasonal naive (6)"]
    for at in range(choice.origins):
        wanted = SeasonalNaiveMember(6).forecast(past.before((at + 1) * 5), 5)
        np.testing.assert_allclose(choice.truth[:, at] - choice.errors[:, at], wanted)


def test_short_series_are_not_judged_and_do_not_matter_to_the_scores():
    known = seasonal_series(4, 90)
    choice = choose([SeasonalNaiveMember(1), Theta(6)], past_of(*known), 5, 1)
    more = choose([SeasonalNaiveMember(1), Theta(6)], past_of(*known, [1.0, 900.0], [5.0]), 5, 1)
    assert (choice.judged, more.judged) == (4, 4)
    assert np.isnan(more.errors[4:]).all()
    pd.testing.assert_frame_equal(choice.table, more.table)


def test_too_short_for_a_trial_is_told():
    for known, origins in (([1.0, 2.0, 3.0], 0), (np.arange(9.0), 1)):
        choice = choose(members_for(6), past_of(known), 5, 1)
        assert choice.origins == origins  # with errors to learn intervals from
        assert not choice.scores
        assert choice.explain() == "The series are too short for a trial; the usual members were combined."


def test_fewer_steps_have_a_choice_of_their_own():
    """A32: on an autoregression the next step is best told by what the last value was, the tenth by the mean."""
    rng, known = np.random.default_rng(0), []
    for _ in range(40):
        own = np.zeros(200)
        for t in range(1, 200):
            own[t] = 0.9 * own[t - 1] + rng.normal()
        known.append(own)
    found = choices.choose(members_for(12), past_of(*known), 14, 1)
    assert [choice.steps for choice in found] == [1, 2, 4, 8, 14]
    for choice in found:
        assert choice.errors.shape == (40, choice.origins, choice.steps)
        # What it would be if nothing but these steps were judged.
        table = choice.table
        single = table[~table.index.str.startswith("median of")]
        assert table.score[table.chosen].iloc[0] <= 1.1 * single.score.min()
    assert np.abs(found[0].errors).mean() < 0.75 * np.abs(found[-1].errors).mean()


def test_a_trial_at_an_origin_sees_nothing_from_that_origin_on():
    """Its forecasts stay the same when everything behind it is replaced; trees, learnt once, are among them."""
    members = [*members_for(6), Booster((6,), "linear", anchor=0)]
    past = past_of(*seasonal_series(3, 90))
    back, judged = rolling_origins(past, 5)
    clean = _forecasts(members, past, 5, back, judged)
    assert len(clean) == 4 + 2 * len(POOLINGS)
    for at, steps in enumerate(back):
        values = past.values.copy()
        for end in past.end:
            values[end - steps : end] = np.nan
        poisoned = _forecasts(members, Past(values, past.begin, past.end, past.series), 5, back, judged)
        for name, (_, found) in clean.items():
            np.testing.assert_array_equal(found[:, at:], poisoned[name][1][:, at:])


@pytest.mark.parametrize(
    "known",
    [
        [np.full(90, 4.0)],
        [np.zeros(90)] * 3,
        [np.tile([1.0, 5.0, 2.0, 2.0, 3.0, 9.0], 15)],
        walks(2, 90),
        [-own for own in walks(2, 90)],
    ],
    ids=["constant", "zero", "a pure season", "walks", "walks below zero"],
)
def test_explain_is_plain_text_also_where_nothing_is_left_to_improve(known):
    text = choose(members_for(6), past_of(*known), 5, 1).explain()
    assert text.startswith("Chosen for 5 steps ahead: ")
    assert "nan" not in text
    assert "inf" not in text


def test_explain_tells_what_was_chosen_how_it_did_and_what_was_left_out():
    choice = choose(members_for(6), past_of(*seasonal_series(4, 90)), 5, 1)
    text = choice.explain()
    for member in choice.members:
        assert member.name in text
    assert f"At {choice.origins} origins" in text
    assert "(4 series)" in text
    score = choice.table.score[choice.table.chosen].iloc[0]
    assert f"{1 - score:.0%} below that of the best naive" in text


# Intervals.


def errors_of(n: int, origins: int, horizon: int, seed: int = 0) -> np.ndarray:
    """Errors that grow over the horizon and with the series' number."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(n, origins, horizon)) * np.sqrt(np.arange(1, horizon + 1)) * np.arange(1, n + 1)[:, None, None]
    )


def conformal(errors: np.ndarray, sizes: np.ndarray, by_step: bool = False) -> NormalisedConformal:
    return NormalisedConformal(by_step=by_step).fit(errors, sizes)


def test_half_widths_follow_the_size_of_a_series_and_the_step():
    model = conformal(errors_of(40, 5, 8), np.arange(1.0, 41.0))
    radius = model.radius(80, np.arange(40), np.arange(1.0, 41.0))
    assert radius.shape == (40, 8)
    assert (radius[:, -1] > 2 * radius[:, 0]).all()
    assert 5 < np.median(radius[30:]) / np.median(radius[:10]) < 9


@pytest.mark.parametrize("level", [50, 80, 95])
@pytest.mark.parametrize("by_step", [False, True])
def test_half_widths_cover_their_share_of_fresh_errors(level, by_step):
    sizes = np.arange(1.0, 61.0)
    model = conformal(errors_of(60, 6, 8), sizes, by_step)
    radius = model.radius(level, np.arange(60), sizes)
    inside = np.abs(errors_of(60, 200, 8, seed=1)) <= radius[:, None, :]
    assert abs(inside.mean() - level / 100) < 0.04


@given(st.integers(1, 6), st.integers(1, 8), st.integers(1, 14), st.integers(0, 99))
@example(4, 1, 12, 2)
def test_a_higher_level_is_never_narrower(n, origins, horizon, seed):
    errors = errors_of(n, origins, horizon, seed)
    model = conformal(errors, np.arange(1.0, n + 1))
    before = np.zeros((n, horizon))
    for level in (20, 50, 80, 90, 95, 99):
        try:
            radius = model.radius(level, np.arange(n), np.arange(1.0, n + 1))
        except CalibrationError:
            break
        assert (radius >= before).all()
        before = radius


@pytest.mark.parametrize("origins", [2, 3, 5])
def test_few_errors_of_one_series_cover_by_what_they_are_worth(origins):
    """Student's t: normal errors of one series, a new world each time."""
    rng, inside = np.random.default_rng(0), []
    for _ in range(400):
        errors = rng.normal(size=(1, origins, 4)) * 3
        radius = conformal(errors, np.array([3.0])).radius(95, np.array([0]), np.array([3.0]))
        inside.append(np.abs(rng.normal(size=4) * 3) <= radius[0])
    assert 0.92 < np.mean(inside) < 0.99


def test_errors_that_hang_together_are_worth_fewer():
    rng = np.random.default_rng(0)
    assert independent_steps(rng.normal(size=(50, 5, 7))) > 6
    assert independent_steps(rng.normal(size=(50, 5, 7)).cumsum(axis=2)) < 3
    assert independent_steps(np.repeat(rng.normal(size=(50, 5, 1)), 7, axis=2)) == pytest.approx(1)


def test_one_jump_in_the_past_does_not_widen_beyond_what_was_seen():
    """A26: the spread from the other origins is near zero, and the ratio to it knows no bounds."""
    errors = 0.01 * np.random.default_rng(0).normal(size=(1, 12, 7))
    errors[0, 6] = 90.0
    radius = conformal(errors, np.array([0.5])).radius(95, np.array([0]), np.array([0.5]))
    assert radius.max() < 200


def test_no_errors_at_all_are_told():
    none = conformal(np.empty((2, 0, 4)), np.ones(2))
    with pytest.raises(CalibrationError, match="no errors to learn intervals from: no series has the rows"):
        none.radius(80, np.arange(2), np.ones(2))
    with pytest.raises(CalibrationError, match="no errors to draw paths from"):
        none.paths(5, np.arange(2), np.ones(2), np.random.default_rng(0))


@pytest.mark.parametrize("lost", [np.nan, 1.0])
def test_one_origin_and_a_series_that_tells_nothing_are_enough(lost):
    """The second series was too short for the only origin."""
    errors = errors_of(30, 1, 4)
    errors[1] *= lost
    radius = conformal(errors, np.arange(1.0, 31.0)).radius(80, np.arange(30), np.arange(1.0, 31.0))
    assert np.isfinite(radius).all()
    assert (radius > 0).all()


def test_paths_are_whole_errors_that_were_seen():
    """Signs and ups and downs of a path belong together: errors that all go one way stay so."""
    rng = np.random.default_rng(0)
    errors = np.abs(rng.normal(size=(20, 5, 1))) * rng.choice([-1.0, 1.0], size=(20, 5, 1)) * np.arange(1, 5)
    paths = conformal(errors, np.ones(20)).paths(300, np.arange(20), np.ones(20), np.random.default_rng(1))
    assert paths.shape == (20, 300, 4)
    assert (np.sign(paths) == np.sign(paths[:, :, :1])).all()


def test_a_new_series_is_measured_by_its_own_size():
    errors, sizes = np.concatenate([errors_of(40, 5, 4), np.full((2, 5, 4), np.nan)]), np.r_[1.0:41.0, 1.0, 100.0]
    radius = conformal(errors, sizes).radius(80, np.array([40, 41]), sizes[40:])
    np.testing.assert_allclose(radius[1], 100 * radius[0])


def test_the_forecaster_needs_no_more_than_one_origin():
    """The same through the front door: many series of 30 rows, and one of 10."""
    parts = [pd.DataFrame({"unique_id": i, "ds": np.arange(30), "y": own}) for i, own in enumerate(walks(30, 30))]
    model = AutoForecaster(members=("theta",), horizon=12).fit(pd.concat(parts))
    assert model.choice_.origins == 4
    made = model.predict(3, levels=[80]).to_frame()
    assert (made["lo-80"] < made["mean"]).all()


@pytest.mark.parametrize("origins", [3, 6, 12])
def test_errors_at_few_origins_are_not_those_of_what_was_lucky_there(origins):
    """Eight candidates that are all chance: what is chosen errs later as the choice's errors say."""
    told, lucky, later = [], [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        made, next_made = rng.normal(size=(2, 8, 1, origins, 4))
        truth, next_truth = rng.normal(size=(2, 1, origins, 4))
        members = [SeasonalNaiveMember(season) for season in range(2, 10)]
        trials = {one.name: (one, made[place]) for place, one in enumerate(members)}
        choice = choices._pick(trials, truth, np.ones(1))
        chosen = [place for place, one in enumerate(members) if one.name in {own.name for own in choice.members}]
        told.append(np.abs(choice.errors).mean())
        lucky.append(np.abs(truth - combine(list(made[chosen]))).mean())
        later.append(np.abs(next_truth - combine(list(next_made[chosen]))).mean())
    assert np.mean(told) == pytest.approx(np.mean(later), rel=0.05)
    assert np.mean(lucky) < 0.92 * np.mean(later)
