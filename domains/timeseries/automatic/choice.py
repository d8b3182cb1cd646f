"""Which members to combine: judged on origins inside the known data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from domains.timeseries.automatic.members import Autoregression, Member, forecast_held
from domains.timeseries.automatic.past import Past
from domains.timeseries.metrics import seasonal_change
from shared.data.frequency import MAX_STEPS
from shared.result import Result, as_line
from shared.runtime.array_of import ArrayOf
from shared.text import count_of, join_names, listed_name
from shared.typing import Bools, Floats, Ints

__all__ = ["Choice", "choose", "combine", "naive_errors", "rolling_origins"]

# Rows that what the other series teach counts for in each one's own fit; 0 lets each stand alone.
POOLINGS = (0.0, 10.0, 50.0)
# Members within 15 % of the best are averaged: so few origins do not tell them apart.
CLOSE = 1.15
# Origins inside the training data: five where time allows, three for thousands of series, and up to twelve
# where all series together have fewer than 2,000 errors, from which intervals are learnt.
USUAL_ORIGINS = 5
MOST_ORIGINS = 12
LEAST_ORIGINS = 3
WANTED_ERRORS = 2000
MOST = 10.0  # an error of more naive steps counts as this many, so that no nearly constant series rules the choice


@dataclass(frozen=True, repr=False)
class Choice(Result):
    """What was chosen, and how every candidate fared at the origins inside the training data.

    Attributes
    ----------
    members : tuple of Member
        Those whose median is taken, not yet learnt on all data: the best one, and all that come close to it.
    scores : dict of str to tuple
        Every candidate's sMAPE in percent, MASE, and score, the mean of both in units of the best naive (of MASE alone
        where values are negative or often zero), where an error beyond ten of its series' naive steps counts as ten;
        the lowest score is the best.
    picked : str
        The candidate that was chosen.
    origins : int
        Origins inside the training data.
    windows : float
        Horizons that fit side by side into the time of these origins.
    steps : int
        Steps that were judged.
    back : numpy.ndarray of int64, shape (n_origins,)
        Rows between each origin and the end of the known data.
    judged : int
        Series long enough to be judged.
    errors : numpy.ndarray of shape (n_series, n_origins, horizon)
        What came minus what the choice had forecast, the latest origin first; NaN where a series was too short. Of few
        errors each origin's are those of what would have been chosen on the other origins.
    truth : numpy.ndarray of shape (n_series, n_origins, horizon)
        What came.
    candidates : tuple of Member
        All that were tried, as in the table; not learnt.

    >>> Choice((), {}, "", 0, 0).explain()
    'The series are too short for a trial; the usual members were combined.'
    """

    members: tuple[Member, ...]
    scores: dict[str, tuple[float, float, float]]
    picked: str
    origins: int
    judged: int
    errors: Floats = field(default_factory=lambda: np.empty((0, 0, 0)))
    truth: Floats = field(default_factory=lambda: np.empty((0, 0, 0)))
    candidates: tuple[Member, ...] = ()
    windows: float = 0.0
    steps: int = 0
    back: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        return {
            "errors": ArrayOf("f", (None, None, None)),
            "truth": ArrayOf("f", self.errors.shape),
            "back": ArrayOf("i", (self.errors.shape[1],), low=0),
            "steps": ArrayOf("i", (), low=0, high=MAX_STEPS),
        }

    @property
    def table(self) -> pd.DataFrame:
        """One row a candidate, the best first: ``smape``, ``mase``, ``score``, and whether it was ``chosen``."""
        frame = pd.DataFrame.from_dict(self.scores, orient="index", columns=["smape", "mase", "score"])
        frame["chosen"] = frame.index == self.picked
        return frame.rename_axis("candidate").sort_values("score", kind="stable")

    def to_frame(self) -> pd.DataFrame:
        """Return the scores of all candidates, the best first; see `table`."""
        return self.table

    def __repr__(self) -> str:
        tried = f"of {count_of(len(self.scores), 'candidate')}" if self.scores else ""
        origins = f"at {count_of(self.origins, 'origin')}" if self.scores else ""
        return as_line(type(self).__name__, repr(self.picked) if self.picked else "nothing tried", tried, origins)

    def explain(self) -> str:
        """Say in plain sentences what was chosen and why."""
        if not self.scores:
            return "The series are too short for a trial; the usual members were combined."
        names = [member.name for member in self.members]
        single = {name: scores[2] for name, scores in self.scores.items() if not name.startswith("median of")}
        best = min((name for name in single if "naive" in name), key=single.__getitem__)
        naive = single[best]
        trials = f"{self.origins} origin{'s' if self.origins > 1 else ''} inside the known data"
        score = self.scores[self.picked][2]
        chosen = f"Chosen for {count_of(self.steps, 'step')} ahead" if self.steps else "Chosen"
        if naive == 0:
            return f"{chosen}: {names[0]}, without any error at {trials}."
        what = names[0] if len(names) == 1 else f"the median of {join_names(names)}"
        if names == [best]:
            return f"{chosen}: {what}, which nothing came close to beating at {trials} ({self.judged:,} series)."
        text = (
            f"{chosen}: {what}. At {trials} ({self.judged:,} series) its error was {abs(1 - score / naive):.0%} "
            f"{'below' if score <= naive else 'above'} that of the best naive"
        )
        if score > naive:
            text += " (so few origins hardly tell them apart, and a median of several risks less)"
        others = [name for name in single if name not in names and "naive" not in name]
        if others:
            told = ", ".join(f"{listed_name(name)} {single[name] / naive:.2f}" for name in others[:4])
            text += f". Left out, with their errors in units of that naive's: {told}"
        return text + "."


def rolling_origins(past: Past, horizon: int, least: int | None = None) -> tuple[Ints, Bools]:
    """How many steps before the end to judge at, and which series are long enough to be judged there.

    Five origins one horizon apart where the data allow it, more where few series give few errors, fewer on very many
    series; the judged part is at most a third of the median series. Where that leaves fewer than three, origins lie
    closer, their horizons overlap, and half of the series may be judged.

    Parameters
    ----------
    past : Past
    horizon : int
    least : int, optional
        Rows that have to be known at an origin; the horizon, and at least twelve, where left out.

    >>> rolling_origins(Past(np.arange(100.0), np.array([0]), np.array([100]), np.array([0])), 10)[0].tolist()
    [10, 20, 30]
    >>> rolling_origins(Past(np.arange(48.0), np.array([0]), np.array([48]), np.array([0])), 14)[0].tolist()
    [14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]
    """
    lengths = past.lengths
    need = max(horizon, 12) if least is None else least
    long = lengths - horizon >= need
    none = np.empty(0, dtype=np.int64)
    if not long.any():
        return none, np.zeros((len(lengths), 0), dtype=bool)
    n = int(long.sum())
    usual = USUAL_ORIGINS if n < 5000 else LEAST_ORIGINS
    wanted = int(np.clip(-(-WANTED_ERRORS // (n * horizon)), usual, MOST_ORIGINS))
    median, room = int(np.median(lengths[long])), int(lengths.max() - need)
    origins = min(wanted, median // 3 // horizon, room // horizon)
    back = horizon * np.arange(1, origins + 1)
    if origins < LEAST_ORIGINS:
        last = max(horizon, min(median // 2, room))
        back = np.unique(np.linspace(horizon, last, wanted).astype(np.int64))
    judged = lengths[:, None] - back >= need
    told = judged.any(axis=0)
    return back[told], judged[:, told]


def choose(members: Sequence[Member], past: Past, horizon: int, metric_season: int) -> list[Choice]:
    """Try the members at origins inside the known data, and say what to combine for so many steps and for fewer.

    Cheap members learn again at every origin; costly ones once, before the earliest.

    Parameters
    ----------
    members : sequence of Member
        Naives among them.
    past : Past
        All that is known.
    horizon : int
        Steps.
    metric_season : int
        Season of the naive in MASE.

    Returns
    -------
    list of Choice
        For 1, 2, 4, ... steps and for all of them, which is the last one.

    >>> from domains.timeseries.automatic.members import SeasonalNaiveMember
    >>> past = Past(np.arange(60) % 4 + 1.0, np.array([0]), np.array([60]), np.array([0]))
    >>> choose([SeasonalNaiveMember(1), SeasonalNaiveMember(4)], past, 4, 1)[-1].picked
    'seasonal naive (4)'
    """
    back, judged = rolling_origins(past, horizon)
    if len(back) == 0:
        return [_usual_choice(members[:3], past, horizon)]
    trials = _forecasts(members, past, horizon, back, judged)
    truth = _outcomes(past, horizon, back, judged)
    scale = naive_errors(past.before(int(back[-1])), metric_season)
    shorter = [1 << k for k in range(max(horizon - 1, 0).bit_length())]
    windows = 1 + (int(back[-1]) - int(back[0])) / np.array([*shorter, horizon])
    return [
        replace(
            _pick(
                {name: (one, found[:, :, :steps]) for name, (one, found) in trials.items()}, truth[:, :, :steps], scale
            ),
            windows=min(float(count), float(len(back))),
            steps=steps,
            back=back,
        )
        for steps, count in zip([*shorter, horizon], windows, strict=True)
    ]


def _usual_choice(members: Sequence[Member], past: Past, horizon: int) -> Choice:
    """The usual members, with their errors at origins before which at least a few rows are known."""
    empty = np.empty((len(past.begin), 0, horizon))
    for least in (4, 1):
        back, judged = rolling_origins(past, horizon, least)
        if len(back):
            trials = _forecasts(members, past, horizon, back, judged)
            truth = _outcomes(past, horizon, back, judged)
            naive = next(found for name, (_, found) in trials.items() if "naive" in name)
            made = combine([np.where(np.isnan(found), naive, found) for _, found in trials.values()])
            windows = min(1 + (int(back[-1]) - int(back[0])) / horizon, len(back))
            rows = int(judged.any(axis=1).sum())
            return Choice(tuple(members), {}, "", len(back), rows, truth - made, truth, (), windows, horizon, back)
    return Choice(tuple(members), {}, "", 0, 0, empty, empty, (), 0.0, horizon)


def _outcomes(past: Past, horizon: int, back: Ints, judged: Bools) -> Floats:
    """What came after each origin, shape (n_series, n_origins, horizon); NaN where a series is not judged."""
    truth = np.full((len(past.begin), len(back), horizon), np.nan)
    for at, steps in enumerate(back):
        inside = np.flatnonzero(judged[:, at])
        truth[inside, at] = past.only(inside).before(int(steps)).ahead(horizon)
    return truth


def _pick(trials: dict[str, tuple[Member, Floats]], truth: Floats, scale: Floats) -> Choice:
    """The best candidate, or the median of those that come close to it."""
    judge = _Judge.of(trials, truth, scale)
    table, order, picked = judge.rank(trials)
    chosen = table[picked][3]
    # What they learnt for the trial nobody asks for again.
    members, candidates = (tuple(clone(trials[name][0]) for name in some) for some in (chosen, order))
    all_scores = {name: row[:3] for name, row in table.items()}
    judged = int(np.isfinite(truth).any(axis=(1, 2)).sum())
    errors = truth - judge.fill(combine([trials[name][1] for name in chosen]))
    if truth.shape[1] > 1 and truth.size < WANTED_ERRORS:
        errors = _errors_of_others(trials, truth, scale, judge, errors)
    return Choice(members, all_scores, picked, truth.shape[1], judged, errors, truth, candidates)


def _errors_of_others(
    trials: dict[str, tuple[Member, Floats]], truth: Floats, scale: Floats, judge: _Judge, errors: Floats
) -> Floats:
    """Errors at each origin of what would have been chosen on the others.

    What is best at few origins is so by luck, too, and its errors at these say too little of those to come.
    """
    found = errors.copy()
    for origin in range(truth.shape[1]):
        others = np.delete(np.arange(truth.shape[1]), origin)
        if not np.isfinite(truth[:, others]).any():
            continue
        left = {name: (one, made[:, others]) for name, (one, made) in trials.items()}
        table, _, picked = _Judge.of(left, truth[:, others], scale).rank(left)
        made = judge.fill(combine([trials[name][1] for name in table[picked][3]]))
        found[:, origin] = truth[:, origin] - made[:, origin]
    return found


def combine(forecasts: Sequence[Floats]) -> Floats:
    """Median of forecasts, of those that there are.

    >>> combine([np.array([1.0, np.nan]), np.array([3.0, 2.0])]).tolist()
    [2.0, 2.0]
    """
    if len(forecasts) == 1:
        return forecasts[0]
    stacked = np.stack(forecasts)
    gaps = np.isnan(stacked)
    if not gaps.any():
        return np.asarray(np.median(stacked, axis=0))
    empty = gaps.all(axis=0)
    stacked[:, empty] = 0.0
    return np.where(empty, np.nan, np.nanmedian(stacked, axis=0))


def _forecasts(
    members: Sequence[Member], past: Past, horizon: int, back: Ints, judged: Bools
) -> dict[str, tuple[Member, Floats]]:
    """Each candidate and its forecasts, shape (n_series, n_origins, horizon)."""
    origins = len(back)
    trials: dict[str, tuple[Member, Floats]] = {}
    early = past.before(int(back[-1]))
    for member in members:
        learnt = member.fit(early, horizon) if member.costly else None
        for at in range(origins):
            then = past.before(int(back[at]))
            rows = np.flatnonzero(judged[:, at])
            fitted: list[Any] = [learnt] if learnt is not None else _variants(member, then, horizon)
            for one in fitted:
                if one.name not in trials:
                    trials[one.name] = (one, np.full((len(past.begin), origins, horizon), np.nan))
                trials[one.name][1][rows, at] = forecast_held(one, then.only(rows), horizon)
    return trials


def _variants(member: Member, past: Past, horizon: int) -> list[Any]:
    """A member learnt; an autoregression with each share of the pool."""
    if isinstance(member, Autoregression) and len(past.begin) > 1:
        return member.fit_all(past, POOLINGS)
    return [member.fit(past, horizon)]


def _best_variants(
    trials: dict[str, tuple[Member, Floats]], scores: dict[str, tuple[float, float, float]]
) -> list[str]:
    best: dict[str, str] = {}
    for name, (member, _) in trials.items():
        kept = best.get(member.family)
        if kept is None or scores[name][2] < scores[kept][2]:
            best[member.family] = name
    return list(best.values())


def naive_errors(past: Past, season: int) -> Floats:
    """Mean absolute seasonal differences of each series; NaN where there are none.

    >>> naive_errors(Past(np.array([1.0, 2.0, 4.0]), np.array([0]), np.array([3]), np.array([0])), 1).tolist()
    [1.5]
    """
    found = np.full(len(past.begin), np.nan)
    for i, (begin, end) in enumerate(zip(past.begin, past.end, strict=True)):
        own = past.values[begin:end]
        found[i] = seasonal_change(own, season if len(own) > season else 1)
    return found


class _Judge:
    """Scores forecasts against what came."""

    def __init__(self, truth: Floats, scale: Floats, fallback: Floats) -> None:
        self.truth, self.fallback = truth, fallback
        self.scale = np.where(scale > 0, scale, np.nan)
        known = truth[np.isfinite(truth)]
        self.relative = bool(len(known) and known.min() >= 0 and np.mean(known == 0) <= 0.02)

    @classmethod
    def of(cls, trials: dict[str, tuple[Member, Floats]], truth: Floats, scale: Floats) -> _Judge:
        """Where a candidate has no forecast, the first naive's counts."""
        naive = next(name for name in trials if "naive" in name)
        return cls(truth, scale, np.nan_to_num(trials[naive][1]))

    def rank(
        self, trials: dict[str, tuple[Member, Floats]]
    ) -> tuple[dict[str, tuple[float, float, float, tuple[str, ...]]], list[str], str]:
        """Scores and members of every candidate, single ones in the order of their scores, and which to take."""
        filled = {name: self.fill(found) for name, (_, found) in trials.items()}
        best = _best_variants(trials, {name: self.score(found) for name, found in filled.items()})
        reference = self.reference([filled[name] for name in best if "naive" in name])
        scores = {name: self.score(filled[name], reference) for name in best}
        order = sorted(scores, key=lambda name: scores[name][2])
        table: dict[str, tuple[float, float, float, tuple[str, ...]]] = {
            name: (*scores[name], (name,)) for name in order
        }
        close = tuple(name for name in order if scores[name][2] <= CLOSE * scores[order[0]][2])
        if len(close) == 1:
            return table, order, order[0]
        median = f"median of the {len(close)} best"
        found = self.fill(combine([trials[name][1] for name in close]))
        table[median] = (*self.score(found, reference), close)
        # A single member has to be clearly better: scores of few errors say little, and a median risks less.
        margin = 1 + 0.3 / np.sqrt(max(int(np.isfinite(self.truth).sum()), 1))
        picked = median if table[median][2] <= margin * scores[order[0]][2] else order[0]
        return table, order, picked

    def fill(self, found: Floats) -> Floats:
        """Return forecasts with the naive's where there are none."""
        return np.where(np.isnan(found), self.fallback, found)

    def score(self, found: Floats, reference: tuple[float, float] = (200.0, 1.0)) -> tuple[float, float, float]:
        """Return sMAPE (percent), MASE, and both in units of the reference's; no error counts more than `MOST`."""
        smape, mase, held = self._means(found)
        relative = held / reference[1]
        return smape, mase, (smape / reference[0] + relative) / 2 if self.relative else relative

    def reference(self, naives: Sequence[Floats]) -> tuple[float, float]:
        """SMAPE of the best naive, and its MASE as scores count it."""
        best = min(naives, key=lambda found: self.score(found)[2])
        smape, _, held = self._means(best)
        return max(smape, 1e-9), max(held, 1e-9)

    def _means(self, found: Floats) -> tuple[float, float, float]:
        """SMAPE, MASE, and MASE of errors held at `MOST`."""
        error = np.abs(self.truth - found)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = 200 * error / (np.abs(self.truth) + np.abs(found))
        share[error == 0] = 0.0
        scaled = error / self.scale[:, None, None]
        smape = float(np.nanmean(share)) if np.isfinite(share).any() else 0.0
        if not np.isfinite(scaled).any():
            return smape, smape / 200, smape / 200
        return smape, float(np.nanmean(scaled)), float(np.nanmean(np.minimum(scaled, MOST)))
