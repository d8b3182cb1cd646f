"""Anomalies in series: the whole of them, or what comes next, each row from its past."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from domains.anomaly.base import draw_seed, is_share
from domains.anomaly.choice import by_column
from domains.anomaly.series.incidents import Incidents, Seen, find_incidents
from domains.anomaly.series.looks import Look, Measure, look_back, look_both_ways, look_on, rows_needed
from domains.anomaly.series.reading import Reader, find_watched, name_short, values_of
from domains.anomaly.series.signs import Signs
from domains.anomaly.task import DetectionTask
from shared.checks import as_names, is_whole
from shared.data.panel import Panel, PanelRepair, SeriesColumns
from shared.errors import SettingsError
from shared.runtime.array_of import ArrayOf
from shared.runtime.parallel import map_parallel
from shared.typing import Bools, Floats, Ints, Seed

__all__ = ["SeriesDetector"]

Repair = PanelRepair | Iterable[PanelRepair]


class SeriesDetector(BaseEstimator):  # type: ignore[misc]
    """Find what is odd in series: values, stretches and standstills unlike those of the same series at other times.

    Each stretch of a season or more is compared with others of the same length: one far from all of them is odd, and
    so is a value unlike those at its place in the stretches that are nearest but for it. What lasts for more than eight
    stretches becomes ordinary: a new level is reported once.

    Parameters
    ----------
    channels : sequence of str
        Columns that are looked at together with `y`.
    unique_id, ds, y : str
        Columns of key, stamp and value.
    freq : str or int, optional
        Step of the grid; recognised where left out.
    tz : str, optional
        Zone of naive stamps on the wall clock.
    window : int, optional
        Rows of a stretch, from 2 on; found where left out, and never more than a quarter of a series.
    memory : int
        Rows of the past that new ones are compared with, from 100 on.
    budget : float
        Incidents a row that are reported, above 0 and at most 0.5; rows that lie together are one incident.
    random_state : int, RandomState or None
    n_jobs : int, optional
        Workers as in joblib, each with series of its own.

    Attributes
    ----------
    notes_ : tuple of str
        What is worth knowing about the series learnt from.
    panel_ : Panel
        The last rows that are known.
    window_ : numpy.ndarray of int64, shape (n_series,)
        Rows of a stretch in each series; 0 for those that are too short.

    Notes
    -----
    Stretches far from all others are discords (Keogh, Lin and Fu 2005, "HOT SAX"); here the distance is that to the
    thirteenth nearest of 512 drawn at random, so that what came a few times stays odd. It is that of raw values, not of
    standardised stretches: level and size are what people look at, and on eleven series of NAB raw ones find far more
    (`python -m benchmarks.anomaly --only series`).

    >>> rng = np.random.default_rng(0)
    >>> hour = np.arange(24 * 60)
    >>> table = pd.DataFrame({
    ...     "ds": pd.date_range("2024-01-01", periods=len(hour), freq="h"),
    ...     "y": 100 + 50 * np.sin(2 * np.pi * hour / 24) + rng.normal(0, 5, len(hour)),
    ... })
    >>> table.loc[1000, "y"] = 400
    >>> print(SeriesDetector(random_state=0).scan(table, budget=1).explain())
    1 incident is reported in 1,440 rows, the oddest.
    Sun 11 Feb 2024, 16:00: y is 400, where ... would be usual.
    """

    def __init__(
        self,
        *,
        channels: Sequence[str] = (),
        unique_id: str = "unique_id",
        ds: str = "ds",
        y: str = "y",
        freq: str | int | None = None,
        tz: str | None = None,
        window: int | None = None,
        memory: int = 20_000,
        budget: float = 0.002,
        random_state: Seed = None,
        n_jobs: int | None = None,
    ) -> None:
        self.channels = channels
        self.unique_id = unique_id
        self.ds = ds
        self.y = y
        self.freq = freq
        self.tz = tz
        self.window = window
        self.memory = memory
        self.budget = budget
        self.random_state = random_state
        self.n_jobs = n_jobs

    def default_task(self) -> DetectionTask:
        """How `evaluate` fits and asks it: on rows without labels, which only judge it."""
        return DetectionTask()

    def fit(self, series: Any, y: object = None, *, repair: Repair = ()) -> SeriesDetector:
        """Learn what is ordinary in each series.

        Parameters
        ----------
        series : frame or Panel
            Long table of key (where there are several series), stamp, value and channels, in any order; most of its
            rows ordinary, and from 40 on a series.
        y : ignored
        repair : str or iterable of str
            As in `Panel.from_frame`. Rows that were filled in are never reported.

        Raises
        ------
        DataError
            The table is no set of series on one grid, or all are too short.
        SettingsError
        """
        self._check_settings()
        read = self._reader().read(series, repair)
        panel, filled = read.panel, read.filled
        self.seed_ = draw_seed(self.random_state)
        n_columns = 1 + len(as_names(self.channels, "channels"))
        n = len(panel.values)
        self.window_ = np.zeros(panel.n_series, dtype=np.int64)
        self.learnt_, self.seen_ = panel.lengths.copy(), panel.lengths.copy()
        self.centre_, self.unit_, self.tolerance_ = (np.zeros((panel.n_series, n_columns)) for _ in range(3))
        self.unit_ += 1.0
        signs = Signs(np.full(n, np.nan), np.full(n, np.nan), np.zeros((n, n_columns)))
        pieces = [
            (number, read.values(number), filled[panel.rows_of(number)], [*self._seed(panel, number), 0])
            for number in find_watched(panel)
        ]
        for number, measure, found in map_parallel(_learn, pieces, n_jobs=self.n_jobs, common=(self.window,)):
            self.window_[number] = measure.window
            self.centre_[number], self.unit_[number] = measure.centre, measure.unit
            self.tolerance_[number] = measure.tolerance
            _store(signs, panel.rows_of(number), found)
        self.notes_ = name_short(panel, self.window_)
        self._keep(panel, signs, filled)
        return self

    def update(self, series: Any, *, repair: Repair = ()) -> SeriesDetector:
        """Take the next rows in, as what later ones are compared with.

        Parameters
        ----------
        series : frame or Panel
            The rows right after those that are known; score them before, if they are to be judged.
        repair : str or iterable of str
            As in `fit`.

        Raises
        ------
        DataError
            Rows overlap with what is known, leave a gap, or belong to a series that is not known.
        """
        check_is_fitted(self)
        read = self._reader().read(series, repair, self.panel_)
        later, new = read.panel, read.filled
        merged = self.panel_.extend(later)
        looks = self._look_on(later, new)
        n = len(merged.values)
        signs = Signs(
            np.full(n, np.nan), np.full(n, np.nan), np.zeros((n, 1 + len(as_names(self.channels, "channels"))))
        )
        filled = np.zeros(n, dtype=bool)
        place = {key: number for number, key in enumerate(later.keys)}
        for number, key in enumerate(self.panel_.keys):
            begin, known = int(merged.indptr[number]), int(self.panel_.lengths[number])
            _store(signs, slice(begin, begin + known), self._signs(number))
            filled[begin : begin + known] = self.filled_[self.panel_.rows_of(number)]
            if key in place:
                filled[begin + known : int(merged.indptr[number + 1])] = new[later.rows_of(place[key])]
                self.seen_[number] += int(later.lengths[place[key]])
                if (look := looks[place[key]]) is not None:
                    _store(signs, slice(begin + known, int(merged.indptr[number + 1])), look.signs)
        self._keep(merged, signs, filled)
        return self

    def scan(
        self,
        series: Any,
        *,
        budget: float | None = None,
        only: Mapping[str, str] | None = None,
        least: Mapping[str, float] | None = None,
        repair: Repair = (),
    ) -> Incidents:
        """Find what is odd in whole series, looking both ways; nothing needs to be fitted, and nothing is kept.

        Parameters
        ----------
        series : frame or Panel
            As in `fit`.
        budget, only, least
            As in `find_incidents`.
        repair : str or iterable of str
            As in `fit`.

        Raises
        ------
        DataError, SettingsError
        """
        seen = self._see_whole(series, repair)
        return self._find(seen, budget, only, least, name_short(seen.panel, _windows(seen)))

    def score_whole(self, series: Any, *, repair: Repair = ()) -> pd.DataFrame:
        """Score every row of whole series, looking both ways.

        Parameters
        ----------
        series : frame or Panel
            As in `fit`.
        repair : str or iterable of str
            As in `fit`.

        Returns
        -------
        pandas.DataFrame
            Key, stamp and columns, "evidence" (minus the logarithm of how likely it would be, told from most rows),
            "rate" (incidents a row that are as odd) and "usual" (what the value would usually be).
        """
        return self._see_whole(series, repair).to_frame()

    def find_incidents(
        self,
        series: Any,
        *,
        budget: float | None = None,
        only: Mapping[str, str] | None = None,
        least: Mapping[str, float] | None = None,
        repair: Repair = (),
    ) -> Incidents:
        """Report what is odd in the rows that follow, each judged from its past alone.

        Parameters
        ----------
        series : frame or Panel
            The rows right after those that are known.
        budget : int or float, optional
            A number of incidents, which are the oddest; or, below 1, incidents a row: what is as odd as nothing, or
            little, of before was. Where nothing is given, the rate set at the beginning.
        only : dict of str to {"higher", "lower"}, optional
            Directions that count, by column.
        least : dict of str to float, optional
            Smallest differences from what is usual that count, by column.
        repair : str or iterable of str
            As in `fit`.

        Raises
        ------
        DataError, SettingsError
        """
        return self._find(self._see_next(series, repair)[0], budget, only, least)

    def score(self, series: Any, *, repair: Repair = ()) -> pd.DataFrame:
        """Score the rows that follow, each from its past alone.

        Parameters
        ----------
        series : frame or Panel
            The rows right after those that are known.
        repair : str or iterable of str
            As in `fit`.

        Returns
        -------
        pandas.DataFrame
            As `score_whole` gives.
        """
        return self._see_next(series, repair)[0].to_frame()

    def drop_known(self, series: Any) -> tuple[pd.DataFrame, int]:
        """Leave out the rows of a table that are known already, as of an export that begins with old ones.

        Parameters
        ----------
        series : frame
            As in `fit`.

        Returns
        -------
        later : pandas.DataFrame
        known : int
            Rows that were left out.

        Raises
        ------
        DataError
            No row is left, or stamps lie on no grid.
        """
        check_is_fitted(self)
        return self._reader().split_known(series, self.panel_)

    def score_samples(self, series: Any, *, repair: Repair = ()) -> Floats:
        """Score the rows that follow: the lower, the odder, in the order of the table.

        Parameters
        ----------
        series : frame or Panel
        repair : str or iterable of str
            As in `fit`.
        """
        return -self._in_order(series, "evidence", repair)

    def rates(self, series: Any, *, repair: Repair = ()) -> Floats:
        """Incidents a row that were as odd as the rows that follow, in the order of the table.

        Parameters
        ----------
        series : frame or Panel
        repair : str or iterable of str
            As in `fit`.
        """
        return self._in_order(series, "rates", repair)

    def predict(self, series: Any, *, repair: Repair = ()) -> Ints:
        """Say which of the rows that follow are reported: -1, and 1 for the others, in the order of the table.

        Parameters
        ----------
        series : frame or Panel
        repair : str or iterable of str
            As in `fit`.
        """
        return np.where(self.rates(series, repair=repair) <= self.budget, -1, 1)

    def _in_order(self, series: Any, name: str, repair: Repair) -> Floats:
        seen, rows = self._see_next(series, repair)
        given = rows >= 0
        found = np.full(len(rows) if isinstance(series, Panel) else len(series), 0.0 if name == "evidence" else 1.0)
        found[rows[given]] = seen.join(name)[given]
        return found

    def _see_next(self, series: object, repair: Repair) -> tuple[Seen, Ints]:
        check_is_fitted(self)
        read = self._reader().read(series, repair, self.panel_)
        place = {key: number for number, key in enumerate(self.panel_.keys)}
        mine = [place[key] for key in read.panel.keys]
        measures = tuple(self._measure(number) for number in mine)
        least = min(self.memory, int(self.seen_[mine].min()))
        return Seen(read.panel, self._look_on(read.panel, read.filled), measures, read.filled, least), read.rows

    def _see_whole(self, series: object, repair: Repair) -> Seen:
        self._check_settings()
        read = self._reader().read(series, repair)
        panel, seed = read.panel, draw_seed(self.random_state)
        looks: list[Look | None] = [None] * panel.n_series
        measures: list[Measure | None] = [None] * panel.n_series
        pieces = [
            (
                number,
                read.values(number),
                read.filled[panel.rows_of(number)],
                [seed, *_number_of(panel.keys[number]), 0],
            )
            for number in find_watched(panel)
        ]
        for number, measure, look in map_parallel(_scan, pieces, n_jobs=self.n_jobs, common=(self.window,)):
            measures[number], looks[number] = measure, look
        least = int(min(n for n, look in zip(panel.lengths, looks, strict=True) if look is not None))
        return Seen(panel, tuple(looks), tuple(measures), read.filled, least)

    def _find(
        self,
        seen: Seen,
        budget: float | None,
        only: Mapping[str, str] | None,
        least: Mapping[str, float] | None,
        notes: tuple[str, ...] = (),
    ) -> Incidents:
        asked = self.budget if budget is None else budget
        return find_incidents(
            seen, budget=asked, only=by_column(only, "only"), least=by_column(least, "least"), notes=notes
        )

    def _look_on(self, later: Panel, filled: Bools) -> tuple[Look | None, ...]:
        """Look at rows that follow what is known, series by series."""
        place = {key: number for number, key in enumerate(self.panel_.keys)}
        looks: list[Look | None] = [None] * later.n_series
        pieces: list[tuple[int, Floats, Signs, Measure, dict[str, Any]]] = []
        for number, key in enumerate(later.keys):
            mine = place[key]
            if (measure := self._measure(mine)) is None:
                continue
            known = values_of(self.panel_, mine)
            how = {
                "origin": int(self.seen_[mine]) - len(known),
                "learnt": int(self.learnt_[mine]),
                "memory": self.memory,
                "seed": [*self._seed(self.panel_, mine), 1],
                "filled": np.concatenate([self.filled_[self.panel_.rows_of(mine)], filled[later.rows_of(number)]]),
            }
            values = np.concatenate([known, values_of(later, number)])
            pieces.append((number, values, self._signs(mine), measure, how))
        for number, look in map_parallel(_follow, pieces, n_jobs=self.n_jobs):
            looks[number] = look
        return tuple(looks)

    def _reader(self) -> Reader:
        channels = as_names(self.channels, "channels")
        columns = SeriesColumns(self.unique_id, self.ds, self.y, channels, owner=type(self).__name__)
        return Reader(columns, self.freq, self.tz)

    def _measure(self, number: int) -> Measure | None:
        window = int(self.window_[number])
        return Measure(window, self.centre_[number], self.unit_[number], self.tolerance_[number]) if window else None

    def _signs(self, number: int) -> Signs:
        return Signs(self.stretch_, self.value_, self.standstill_).rows(self.panel_.rows_of(number))

    def _seed(self, panel: Panel, number: int) -> list[int]:
        """Seed of one series, which does not depend on the others."""
        return [self.seed_, *_number_of(panel.keys[number])]

    def _keep(self, panel: Panel, signs: Signs, filled: Bools) -> None:
        """Keep the rows that later ones are compared with."""
        most = rows_needed(self.memory, int(self.window_.max()))
        kept = np.minimum(panel.lengths, most)
        rows = np.arange(len(panel.values)) >= np.repeat(panel.indptr[1:] - kept, panel.lengths)
        self.panel_, self.filled_ = panel.last(most), filled[rows]
        self.stretch_, self.value_, self.standstill_ = signs.stretch[rows], signs.value[rows], signs.standstill[rows]

    def _check_settings(self) -> None:
        if not is_share(self.budget) or self.budget > 0.5:
            raise SettingsError(f"budget={self.budget!r}: give the incidents a row to report, above 0 and at most 0.5")
        if self.window is not None and not is_whole(self.window, 2):
            raise SettingsError(f"window={self.window!r}: give a number of rows, from 2 on")
        if not is_whole(self.memory, 100):
            raise SettingsError(f"memory={self.memory!r}: give a number of rows, from 100 on")
        as_names(self.channels, "channels")

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of the arrays of every fitted one; checked when a model is loaded."""
        self._check_settings()
        n, n_series = len(self.panel_.values), self.panel_.n_series
        if tuple(self.panel_.exogenous) != as_names(self.channels, "channels"):
            raise ValueError("its channels are not those of its panel")
        if (self.seen_ < self.panel_.lengths).any() or (self.learnt_ > self.seen_).any():
            raise ValueError("it has seen fewer rows than it knows")
        if (4 * self.window_ > self.learnt_).any():
            raise ValueError("its stretches are longer than its series")
        each = ArrayOf("f", (n_series, 1 + len(as_names(self.channels, "channels"))), finite=True)
        count = ArrayOf("i", (n_series,), low=0)
        return {
            "panel_": Panel,
            "seed_": ArrayOf("i", (), low=0),
            "window_": count,
            "learnt_": count,
            "seen_": count,
            "centre_": each,
            "unit_": ArrayOf("f", each.shape, finite=True, low=1e-300),
            "tolerance_": ArrayOf("f", each.shape, finite=True, low=-1),
            "filled_": ArrayOf("b", (n,)),
            "stretch_": ArrayOf("f", (n,)),
            "value_": ArrayOf("f", (n,)),
            "standstill_": ArrayOf("f", (n, 1 + len(as_names(self.channels, "channels"))), finite=True, low=0),
        }


def _learn(piece: tuple[int, Floats, Bools, list[int]], window: int | None) -> tuple[int, Measure, Signs]:
    """Take the measure of a series, and look back at it."""
    number, values, filled, seed = piece
    measure = Measure.of(values, window)
    return number, measure, look_back(measure.apply(values), measure, np.random.default_rng(seed), filled=filled)


def _scan(piece: tuple[int, Floats, Bools, list[int]], window: int | None) -> tuple[int, Measure, Look]:
    """Look at a whole series both ways."""
    number, values, filled, seed = piece
    measure = Measure.of(values, window)
    return number, measure, look_both_ways(measure.apply(values), measure, np.random.default_rng(seed), filled=filled)


def _follow(piece: tuple[int, Floats, Signs, Measure, dict[str, Any]]) -> tuple[int, Look]:
    """Look at the rows of a series that follow known ones."""
    number, values, known, measure, how = piece
    return number, look_on(measure.apply(values), known, measure, **how)


def _store(signs: Signs, rows: slice, found: Signs) -> None:
    signs.stretch[rows], signs.value[rows], signs.standstill[rows] = found.stretch, found.value, found.standstill


def _windows(seen: Seen) -> Ints:
    return np.array([0 if measure is None else measure.window for measure in seen.measures])


def _number_of(key: object) -> list[int]:
    """A number that stands for a key."""
    return [zlib.crc32(repr(key).encode())]
