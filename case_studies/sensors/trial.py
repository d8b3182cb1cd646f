"""Measurements, what is missing of them, and faults that are planted to see how many are found."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from domains.anomaly import Incidents, SeriesDetector
from shared.data import Panel
from shared.errors import DataError, Problem, RepairWarning, quote
from shared.text import count_of
from shared.typing import Bools, Floats, Ints

from .settings import SensorSettings

__all__ = ["KINDS", "Measurements", "Trial", "look", "plant_faults", "try_faults"]

KINDS = ("spike", "standstill", "outage", "wrong clock")
FLAT, LOSS, CLOCK = 12, 0.2, 6  # rows of a standstill, what an outage leaves, rows by which a clock is wrong
OUTAGE = 24
OFTEN = 0.1  # share of rows that have their stamp together with others, from which they look like several series
ROWS_OF_A_SERIES = 20  # on average, at least, where a column of text names series
CLOCK_OF_DAY = r"\d{1,2}:\d{2}(:\d{2})?$"
SAME = 0.05  # share of rows that a column of series leaves alike: repeats by mistake
MEASURED = 0.9  # share of a fault's rows that has to have been measured


@dataclass(frozen=True)
class Measurements:
    """Series on one grid, gaps filled, and what was missing.

    Attributes
    ----------
    panel : Panel
    gaps : pandas.DataFrame
        A row a gap: "series", "from", "to", "rows".
    grid : pandas.DataFrame
        Every row of the grid, in the user's order of series; without values where nothing was measured.
    doubled : int
        Hours that the clock shows twice and that a series holds once: no gaps.

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-04"])
    >>> frame = pd.DataFrame({"Date_Time": days, "Count": [1.0, 2.0, 4.0]})
    >>> settings = SensorSettings(timezone="").for_table(frame.columns)
    >>> Measurements.of(frame, settings, "days.csv").gaps["rows"].tolist()
    [1]
    """

    panel: Panel
    gaps: pd.DataFrame
    grid: pd.DataFrame
    doubled: int = 0

    @classmethod
    def of(cls, table: pd.DataFrame, settings: SensorSettings, source: str) -> Measurements:
        """Put measurements on their grid.

        Raises
        ------
        DataError
            Stamps come twice, or lie on no grid.
        """
        _refuse_several(table, settings, source)
        panel, rows = Panel.from_frame_with_rows(
            table, settings.series, tz=settings.zone, repair=settings.repairs, source=source
        )
        names = [settings.columns.value, *settings.columns.channels]
        lost = (rows < 0) | table[names].isna().any(axis=1).to_numpy()[rows]
        order = np.concatenate([np.arange(len(lost))[panel.rows_of(number)] for number in panel.appearance])
        grid = panel.to_frame()
        grid.loc[lost[order], names] = np.nan
        gaps = _find_gaps(panel, lost)
        doubled: Bools = np.array(
            [_is_doubled(panel, ends) for ends in zip(gaps["from"], gaps["to"], strict=True)], dtype=np.bool_
        )
        return cls(panel, gaps[~doubled].reset_index(drop=True), grid, int(doubled.sum()))

    def cut(self, share: float) -> Ints:
        """Rows of each series that are only learnt from.

        Parameters
        ----------
        share : float
        """
        return np.maximum((share * self.panel.lengths).astype(np.int64), 1)

    def parts(self, share: float, grid: pd.DataFrame | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """First rows of each series, and the others, as tables.

        Parameters
        ----------
        share : float
            Of the first ones.
        grid : pandas.DataFrame, optional
            In place of its own.
        """
        lengths = self.panel.lengths[list(self.panel.appearance)]
        cuts = self.cut(share)[list(self.panel.appearance)]
        early = np.concatenate([np.arange(n) < cut for n, cut in zip(lengths, cuts, strict=True)])
        grid = self.grid if grid is None else grid
        return grid[early], grid[~early]


def _refuse_several(table: pd.DataFrame, settings: SensorSettings, source: str) -> None:
    """Refuse several series that are read as one, where a column of text tells their rows apart."""
    columns = settings.columns
    if columns.sensor or columns.time not in table.columns:
        return
    twice = table[columns.time].duplicated(keep=False)
    if twice.mean() < OFTEN:  # a few rows that come again are told as such
        return
    rows, shared = table[twice], f"{count_of(int(twice.sum()), 'row')} share a stamp with others"
    for name in table.columns.drop([columns.time, columns.value, *columns.channels], errors="ignore"):
        if pd.api.types.is_numeric_dtype(table[name].dtype) or table[name].nunique() > len(table) / ROWS_OF_A_SERIES:
            continue
        if rows.duplicated([columns.time, name]).mean() >= SAME:
            continue
        what, fix = f"{shared}, and {quote([name])} tells them apart", f"--set columns.sensor={name}."
        if table[name].dropna().astype(str).str.match(CLOCK_OF_DAY).all():
            what = f"{shared}, and {quote([name])} holds the clock"
            fix = "Join both into one column, as in 2024-03-01 10:00, and name it: --set columns.time=NAME."
        else:
            fix = f"Name the column of series: {fix}"
        raise DataError(source, [Problem(what, column=columns.time, fix=fix)])


def _is_doubled(panel: Panel, ends: tuple[Any, ...]) -> bool:
    """Whether only the hour that the clock shows twice is missing: a source that counts it once lacks nothing."""
    zone = panel.frequency.tz
    if zone is None:
        return False
    for stamp in ends:
        wall = stamp.tz_localize(None)
        if wall.tz_localize(zone, ambiguous=True) == wall.tz_localize(zone, ambiguous=False):
            return False
    return True


def _find_gaps(panel: Panel, lost: Bools) -> pd.DataFrame:
    """Stretches of rows that were not measured."""
    found = []
    for number in panel.appearance:
        rows = panel.rows_of(number)
        edges = np.diff(lost[rows].astype(int), prepend=0, append=0)
        for begin, stop in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
            stamps = panel.key_frame(np.array([number, number]), panel.starts[number] + np.array([begin, stop - 1]))
            first, last = stamps[panel.columns.ds]
            key = panel.keys[number] if panel.has_key else ""
            found.append({"series": key, "from": first, "to": last, "rows": int(stop - begin)})
    return pd.DataFrame(found, columns=["series", "from", "to", "rows"])


def look(
    measured: Measurements, settings: SensorSettings, incidents: int, grid: pd.DataFrame | None = None
) -> tuple[SeriesDetector, Incidents]:
    """Learn from the first rows of each series, and look at the others, which are known then, too.

    Parameters
    ----------
    measured : Measurements
    settings : SensorSettings
    incidents : int
        To report.
    grid : pandas.DataFrame, optional
        In place of the measured one.

    >>> stamps = pd.date_range("2024-01-01", periods=300, freq="h")
    >>> frame = pd.DataFrame({"Date_Time": stamps, "Count": np.sin(np.arange(300.0) / 4)})
    >>> frame.loc[250, "Count"] = 9.0
    >>> settings = SensorSettings(timezone="").for_table(frame.columns)
    >>> look(Measurements.of(frame, settings, "hours.csv"), settings, 1)[1].incidents[0].value
    9.0
    """
    early, later = measured.parts(settings.learn_share, grid)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RepairWarning)  # the report has a chapter on gaps
        detector = settings.detector().fit(early, repair=settings.repairs)
        found = detector.find_incidents(later, budget=incidents, repair=settings.repairs)
        if grid is None:
            detector.update(later, repair=settings.repairs)
    return detector, found


@dataclass(frozen=True)
class Trial:
    """How many planted faults were found.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a kind of fault: "planted", "found", "found by the rule".
    looked : int
        Incidents that were looked at, by either.
    faults : pandas.DataFrame
        A row a fault: its "kind", and whether it was "found" and "found_by_rule".

    >>> Trial(pd.DataFrame({"planted": [4], "found": [3], "found by the rule": [1]}), 8).counts
    (4, 3, 1)
    """

    table: pd.DataFrame
    looked: int
    faults: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Planted, found, and found by the rule."""
        planted, found, rule = (int(self.table[name].sum()) for name in ("planted", "found", "found by the rule"))
        return planted, found, rule


def plant_faults(
    values: Floats, cut: int, count: int, rng: np.random.Generator
) -> tuple[Floats, list[tuple[str, int, int]]]:
    """Plant faults into the rows of a series from `cut` on, one in each of `count` equal slots.

    Returns
    -------
    values : numpy.ndarray of float64
        A copy, with the faults.
    faults : list of (kind, first row, last row)

    >>> rng = np.random.default_rng(0)
    >>> planted, faults = plant_faults(np.arange(400.0) % 24, 100, 4, rng)
    >>> [kind for kind, _, _ in faults], int((planted != np.arange(400) % 24).sum()) > 20
    (['spike', 'standstill', 'outage', 'wrong clock'], True)
    """
    planted, faults = values.copy(), []
    edges = np.linspace(cut, len(values) - OUTAGE - CLOCK - 1, count + 1).astype(int)
    for number, (begin, stop) in enumerate(pairwise(edges.tolist())):
        first = int(rng.integers(begin, max(begin + 1, stop - OUTAGE)))
        kind = KINDS[number % len(KINDS)]
        last = first + {"spike": 1, "standstill": FLAT, "outage": OUTAGE, "wrong clock": OUTAGE}[kind] - 1
        rows = slice(first, last + 1)
        if kind == "spike":
            planted[first] += np.quantile(values, 0.99)
        elif kind == "standstill":
            planted[rows] = values[first]
        elif kind == "outage":
            planted[rows] = LOSS * values[rows]
        else:
            planted[rows] = values[first + CLOCK : last + 1 + CLOCK]
        faults.append((kind, first, last))
    return planted, faults


def try_faults(measured: Measurements, settings: SensorSettings) -> Trial:
    """Plant faults into the later rows, and look at twice as many incidents as were planted.

    >>> stamps = pd.date_range("2024-01-01", periods=600, freq="h")
    >>> frame = pd.DataFrame({"Date_Time": stamps, "Count": np.sin(np.arange(600.0) / 4)})
    >>> settings = SensorSettings(timezone="", planted=2).for_table(frame.columns)
    >>> try_faults(Measurements.of(frame, settings, "hours.csv"), settings).counts
    (2, 2, 0)
    """
    panel, rng = measured.panel, np.random.default_rng(settings.seed)
    cuts, name = measured.cut(settings.learn_share), settings.columns.value
    values = measured.grid[name].to_numpy(copy=True)
    filled = panel.to_frame()[name].to_numpy()
    faults, begin = [], 0
    for number in panel.appearance:  # the order of the grid
        stop = begin + int(panel.lengths[number])
        if stop - begin - cuts[number] >= settings.planted * 4 * OUTAGE:
            planted, found = plant_faults(filled[begin:stop], int(cuts[number]), settings.planted, rng)
            measured_here = ~np.isnan(values[begin:stop])
            values[begin:stop][measured_here] = planted[measured_here]
            faults += [
                (kind, begin + first, begin + last)
                for kind, first, last in found
                if measured_here[first : last + 1].mean() > MEASURED
            ]
        begin = stop
    if not faults:
        return Trial(pd.DataFrame({"planted": [], "found": [], "found by the rule": []}), 0)
    planted_grid, looked = measured.grid.assign(**{name: values}), 2 * len(faults)
    early, later = measured.parts(settings.learn_share, planted_grid)
    _, ours = look(measured, settings, looked, planted_grid)
    reported = later.index.to_numpy()[ours.rows["incident"].to_numpy() > 0]
    rule = _rule_of_the_hour(early, later, settings, looked)
    rows = [
        {
            "kind": kind,
            "planted": 1,
            "found": bool(((reported >= first) & (reported <= last)).any()),
            "found by the rule": bool(((rule >= first) & (rule <= last)).any()),
        }
        for kind, first, last in faults
    ]
    each = pd.DataFrame(rows)
    kept = each.drop(columns="planted").rename(columns={"found by the rule": "found_by_rule"})
    return Trial(each.groupby("kind", sort=False).sum().astype(int), looked, kept)


def _rule_of_the_hour(early: pd.DataFrame, later: pd.DataFrame, settings: SensorSettings, count: int) -> Ints:
    """Rows farthest, in spreads, from the mean of the same weekday and hour, a day apart: the rule of many an alarm."""
    columns = settings.series
    keys = [columns.unique_id] if columns.unique_id in early else []

    def labelled(frame: pd.DataFrame) -> pd.DataFrame:
        stamps = frame[columns.ds]
        minute = 60 * (24 * stamps.dt.day_of_week + stamps.dt.hour) + stamps.dt.minute if hasattr(stamps, "dt") else 0
        return frame[[*keys, columns.y]].assign(when=minute)

    usual = labelled(early).groupby([*keys, "when"], observed=True)[columns.y].agg(["mean", "std"])
    joined = labelled(later).join(usual, on=[*keys, "when"])
    score = ((joined[columns.y] - joined["mean"]).abs() / joined["std"].clip(lower=1e-9)).fillna(0.0)
    chosen: list[int] = []
    for row in score.sort_values(ascending=False, kind="stable").index:
        if len(chosen) == count:
            break
        if all(abs(row - other) > OUTAGE for other in chosen):
            chosen.append(int(row))
    return np.array(chosen, dtype=np.int64)
