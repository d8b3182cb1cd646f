"""From a table of series to a panel that is looked at: what was filled in is known, and what follows is joined on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from shared.data.io.frames import as_pandas
from shared.data.panel import Panel, PanelRepair, SeriesColumns
from shared.data.panel_table import series_to_frame
from shared.errors import DataError, Problem, RepairWarning, quote
from shared.text import count_of
from shared.typing import Bools, Floats, Ints

__all__ = ["Reader", "Reading", "find_watched", "name_short", "values_of"]

SOURCE = "series table"
# Below, no quarter of a series is long enough to be a stretch that could repeat.
LEAST_ROWS = 40
FAR = 1e18  # squares beyond overflow in sums
# Rows between what is known and what follows that are filled in; more are a wrong date rather than a gap.
MOST_BRIDGED = 100_000


@dataclass(frozen=True)
class Reading:
    """A table of series as it was read.

    Attributes
    ----------
    panel : Panel
    rows : numpy.ndarray of int64, shape (n_rows,)
        Position of each row of the panel in the table; -1 for what was put in.
    filled : numpy.ndarray of bool, shape (n_rows,)
        Rows that were not observed.

    >>> table = pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, np.nan, 3.0]})
    >>> Reader(SeriesColumns(), 1, None).read(table, "interpolate", warn=False).filled.tolist()
    [False, True, False]
    """

    panel: Panel
    rows: Ints
    filled: Bools

    def values(self, number: int) -> Floats:
        """All columns of one series, shape (n, n_columns).

        Parameters
        ----------
        number : int
        """
        return values_of(self.panel, number)


@dataclass(frozen=True)
class Reader:
    """How tables of series are read.

    Attributes
    ----------
    columns : SeriesColumns
    freq : str or int, optional
    tz : str, optional

    >>> Reader(SeriesColumns(), 1, None).read(pd.DataFrame({"ds": [1, 2], "y": [1.0, 2.0]}), ()).panel.n_series
    1
    """

    columns: SeriesColumns
    freq: str | int | None
    tz: str | None

    def read(
        self,
        series: object,
        repair: PanelRepair | Iterable[PanelRepair],
        known: Panel | None = None,
        *,
        warn: bool = True,
    ) -> Reading:
        """Check a table and make it a panel.

        Parameters
        ----------
        series : frame or Panel
        repair : str or iterable of str
            As in `Panel.from_frame`; with "interpolate" missing values at the ends, and rows missing before the first
            one that follows, are filled in, too.
        known : Panel, optional
            What the table goes on from, on the same grid and with the same series.
        warn : bool
            Whether what was repaired is told.

        Raises
        ------
        DataError
        """
        series = series_to_frame(series, self.columns)
        asked = [repair] if isinstance(repair, str) else list(repair)
        given = series
        if "interpolate" in asked and not isinstance(series, Panel):
            given = self._fill_ends(as_pandas(series, SOURCE, copy=False))
        grid = None if known is None else known.frequency
        freq = self.freq if known is None else None
        panel, rows = Panel.from_frame_with_rows(
            given, self.columns, freq=freq, tz=self.tz, frequency=grid, repair=asked
        )
        if known is not None:
            panel, rows = _join_on(known, panel, rows, bridge="interpolate" in asked)
        if warn and panel.repairs and not isinstance(series, Panel):
            warnings.warn(f"{SOURCE}: {'; '.join(panel.repairs)}", RepairWarning, stacklevel=4)
        for name, values in {panel.columns.y: panel.values, **panel.exogenous}.items():
            if (far := np.flatnonzero(~(np.abs(values) < FAR))).size:
                what = f"{count_of(len(far), 'value')} beyond {FAR:g}"
                raise DataError(SOURCE, [Problem(what, column=name, fix="Give the column in another unit.")])
        return Reading(panel, rows, self._find_filled(series, rows))

    def split_known(self, series: object, known: Panel) -> tuple[pd.DataFrame, int]:
        """Rows of a table that follow what is known, and how many of it are known.

        Parameters
        ----------
        series : frame
        known : Panel

        Raises
        ------
        DataError
            No row is left, or stamps lie on no grid.
        """
        frame = as_pandas(series_to_frame(series, self.columns), SOURCE, copy=False)
        names = [name for name in (self.columns.y, *self.columns.exogenous) if name in frame]
        panel, rows = Panel.from_frame_with_rows(
            frame.assign(**dict.fromkeys(names, 0.0)),
            self.columns,
            tz=self.tz,
            frequency=known.frequency,
            repair=["interpolate", "keep_last_duplicate"],
        )
        ends = dict(zip(known.keys, known.ends, strict=True))
        end = np.repeat([ends.get(key, panel.starts[i]) for i, key in enumerate(panel.keys)], panel.lengths)
        old = rows[(panel.ordinals() < end) & (rows >= 0)]
        later = frame.iloc[np.setdiff1d(np.arange(len(frame)), old)]
        if not len(later):
            fix = "Give rows after those that were learnt from."
            raise DataError(SOURCE, [Problem(f"all of its {count_of(len(frame), 'row')} are known", fix=fix)])
        return later, len(old)

    def _fill_ends(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give missing values at the ends of series, which lie between no two others, the nearest one."""
        columns = self.columns
        names = [name for name in (columns.y, *columns.exogenous) if name in frame and frame[name].isna().any()]
        if not names or columns.ds not in frame:
            return frame
        ordered = frame.sort_values(columns.ds, kind="stable")
        ends = {}
        for name in names:
            has_key = columns.unique_id in frame
            values = ordered[name].groupby(ordered[columns.unique_id]) if has_key else ordered[name]
            after, before = values.ffill(), values.bfill()
            at_end = after.isna() | before.isna()
            ends[name] = ordered[name].where(~at_end, after.fillna(before))
        return frame.assign(**ends)

    def _find_filled(self, series: object, rows: Ints) -> Bools:
        if isinstance(series, Panel):
            return np.zeros(len(rows), dtype=bool)
        given = as_pandas(series, SOURCE, copy=False)
        missing = given[[self.columns.y, *self.columns.exogenous]].isna().any(axis=1).to_numpy()
        return np.asarray((rows < 0) | missing[rows])


def values_of(panel: Panel, number: int) -> Floats:
    """All columns of one series of a panel, shape (n, n_columns).

    >>> panel = Panel.from_frame(pd.DataFrame({"ds": [1, 2], "y": [1.0, 2.0]}))
    >>> values_of(panel, 0).tolist()
    [[1.0], [2.0]]
    """
    rows = panel.rows_of(number)
    return np.column_stack([panel.values[rows], *(column[rows] for column in panel.exogenous.values())])


def find_watched(panel: Panel) -> list[int]:
    """Numbers of the series that are long enough to be watched.

    Raises
    ------
    DataError
        None is.

    >>> find_watched(Panel.from_frame(pd.DataFrame({"ds": range(40), "y": 1.0})))
    [0]
    """
    chosen = [number for number in range(panel.n_series) if panel.lengths[number] >= LEAST_ROWS]
    if not chosen:
        what = f"the longest series has {count_of(int(panel.lengths.max()), 'row')}"
        fix = f"Give at least {LEAST_ROWS} rows of a series: nothing repeats in fewer."
        raise DataError(SOURCE, [Problem(what, fix=fix)])
    return chosen


def name_short(panel: Panel, windows: Ints) -> tuple[str, ...]:
    """Say which series are too short to be watched.

    >>> name_short(Panel.from_frame(pd.DataFrame({"ds": [1, 2], "y": 1.0})), np.array([0]))
    ("1 series has fewer than 40 rows, and is not watched: 'y'",)
    """
    short = [panel.keys[number] for number in np.flatnonzero(windows == 0)]
    if not short:
        return ()
    one = len(short) == 1
    has, is_ = ("has", "is") if one else ("have", "are")
    return (f"{len(short):,} series {has} fewer than {LEAST_ROWS} rows, and {is_} not watched: {quote(short)}",)


def _join_on(known: Panel, later: Panel, rows: Ints, *, bridge: bool) -> tuple[Panel, Ints]:
    """Refuse rows of other series, and rows that do not follow; fill those that are missing between, where asked."""
    if new := [key for key in later.keys if key not in known.keys]:
        what = f"{len(new):,} series {'was' if len(new) == 1 else 'were'} not learnt from: {quote(new)}"
        raise DataError(SOURCE, [Problem(what, fix="Fit again with them, or leave them out.")])
    if bridge:
        later, rows = _bridge(known, later, rows)
    known.extend(later)  # refuses what does not follow
    return later, rows


def _bridge(known: Panel, later: Panel, rows: Ints) -> tuple[Panel, Ints]:
    """Fill the rows that are missing between what is known and what follows, by the first value that follows."""
    place = {key: number for number, key in enumerate(known.keys)}
    ends = known.ends[[place[key] for key in later.keys]]
    lost = np.maximum(later.starts - ends, 0)
    if lost.sum() > max(MOST_BRIDGED, 10 * len(later.values)):
        number = int(np.argmax(lost))
        what = f"begins at {later.stamp_text(later.starts[number])}, {lost[number]:,} rows after what is known"
        fix = "Correct the stamps, or fit again with what lies between."
        raise DataError(SOURCE, [Problem(what, column=later.columns.ds, fix=fix)])
    if not lost.any():
        return later, rows
    spans = list(zip(lost, later.indptr[:-1], later.indptr[1:], strict=True))
    source = np.concatenate([np.r_[np.full(n, first), np.arange(first, stop)] for n, first, stop in spans])
    new = np.concatenate([np.r_[np.full(n, -1), rows[first:stop]] for n, first, stop in spans])
    longer = replace(
        later,
        values=later.values[source],
        indptr=np.concatenate([[0], np.cumsum(later.lengths + lost)]).astype(np.int64),
        starts=later.starts - lost,
        exogenous={name: column[source] for name, column in later.exogenous.items()},
        repairs=(*later.repairs, f"filled {count_of(int(lost.sum()), 'row')} before the first new ones"),
    )
    return longer, new
