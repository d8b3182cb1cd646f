"""Panel: many series of any length on one regular grid, in flat arrays. It is made here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from shared.data import columns as names
from shared.data.frequency import Frequency, frequency_of, infer_frequency
from shared.data.schema import first_rows, missing_column
from shared.errors import DataError, Problem, Problems, quoted

__all__ = ["Panel", "PanelRepair", "SeriesColumns"]

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
PanelRepair = Literal["interpolate", "keep_last_duplicate", "drop_missing_ends"]


@dataclass(frozen=True)
class SeriesColumns:
    """Names of the columns of a long table of series.

    Parameters
    ----------
    unique_id : str
        Key of a series; a table without this column holds one series.
    ds : str
        Time stamp.
    y : str
        Observed value.
    exogenous : tuple of str
        Further numeric columns, on the same rows.

    >>> SeriesColumns(ds="Time").ds
    'Time'
    """

    unique_id: str = names.UNIQUE_ID
    ds: str = names.DS
    y: str = names.Y
    exogenous: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """Ragged series on one grid, without gaps; rows of a series lie together, in time order.

    Attributes
    ----------
    keys : tuple
        Key of each series, sorted; the user's own type.
    values : numpy.ndarray of float64, shape (n_rows,)
        The observed values.
    indptr : numpy.ndarray of int64, shape (n_series + 1,)
        Rows of series i are ``indptr[i]:indptr[i + 1]``.
    starts : numpy.ndarray of int64, shape (n_series,)
        Number of each series' first stamp on the grid.
    frequency : Frequency
        The grid.
    exogenous : dict of str to numpy.ndarray of float64, shape (n_rows,)
        Further columns.
    columns : SeriesColumns
        The user's column names.
    appearance : tuple of int
        Series in the order in which the user's table names them.
    has_key : bool
        Whether the user's table has a key column.
    unit : str
        Resolution of the user's stamps.
    repairs : tuple of str
        What was repaired on request.

    >>> table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=3, freq="D"), "y": [1.0, 2.0, 3.0]})
    >>> panel = Panel.from_frame(table)
    >>> panel.n_series, len(panel.values), panel.frequency.describe()
    (1, 3, '1 day')
    """

    keys: tuple[Any, ...]
    values: Floats
    indptr: Ints
    starts: Ints
    frequency: Frequency
    exogenous: dict[str, Floats] = field(default_factory=dict)
    columns: SeriesColumns = field(default_factory=SeriesColumns)
    appearance: tuple[int, ...] = ()
    has_key: bool = True
    unit: str = "ns"
    repairs: tuple[str, ...] = ()

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: SeriesColumns | None = None,
        *,
        freq: str | int | None = None,
        tz: str | None = None,
        frequency: Frequency | None = None,
        repair: PanelRepair | Iterable[PanelRepair] = (),
        need_y: bool = True,
    ) -> Panel:
        """Check a long table and make it a panel.

        Parameters
        ----------
        frame : frame
            Long table: pandas, Polars or Arrow; rows in any order; left unchanged.
        columns : SeriesColumns, optional
            Its column names.
        freq : str or int, optional
            Step of the grid, as in "30min", "D", "M", or 1 for integer time; recognised where left out.
        tz : str, optional
            Zone of naive stamps on the wall clock, as in "Australia/Melbourne". Repeated hours in autumn are told
            apart by the order of the rows.
        frequency : Frequency, optional
            A grid known from earlier; the stamps must lie on it.
        repair : str or iterable of str
            "interpolate" fills gaps and missing values between two others, "keep_last_duplicate" keeps the later of
            two rows with the same stamp, "drop_missing_ends" cuts missing values off both ends.
        need_y : bool
            False for tables of the future, which have no observed values yet.

        Raises
        ------
        DataError
            Listing every problem: missing columns, unreadable or repeated stamps, gaps, missing or infinite values.
        """
        columns = columns or SeriesColumns()
        asked = frozenset([repair] if isinstance(repair, str) else repair)
        table = _typed(frame, columns, need_y)
        has_key = columns.unique_id in table.columns
        problems = Problems("series table")
        codes, keys, appearance = _codes(table, columns, has_key, problems)
        stamps, zone, unit, integer = _stamps(table[columns.ds], codes, columns, tz, problems)
        problems.raise_if_any()
        order = np.lexsort((np.arange(len(stamps)), stamps, codes))
        codes, stamps = codes[order], stamps[order]
        repairs: list[str] = []
        keep = _distinct(codes, stamps, keys, order, columns, asked, problems, repairs)
        problems.raise_if_any()
        order, codes, stamps = order[keep], codes[keep], stamps[keep]
        grid = frequency or _grid(codes, stamps, freq, zone, integer, columns)
        _check_on_grid(grid, stamps, order, columns, problems)
        problems.raise_if_any()
        ordinals = grid.ordinals(stamps)
        wanted = ([columns.y] if need_y else []) + list(columns.exogenous)
        data = {name: table[name].to_numpy(dtype=float, na_value=np.nan)[order] for name in wanted}
        cells = _Cells(codes, ordinals, order, data)
        cells = _fill(cells, grid, keys, columns, asked, problems, repairs)
        problems.raise_if_any()
        counts = np.bincount(cells.codes, minlength=len(keys))
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        values = cells.data.pop(columns.y) if need_y else np.full(len(cells.codes), np.nan)
        return cls(
            keys=keys,
            values=values,
            indptr=indptr,
            starts=cells.ordinals[indptr[:-1]],
            frequency=grid,
            exogenous=cells.data,
            columns=columns,
            appearance=appearance,
            has_key=has_key,
            unit=unit,
            repairs=tuple(repairs),
        )

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.keys)

    @property
    def lengths(self) -> Ints:
        """Number of rows of each series."""
        return np.diff(self.indptr)

    @property
    def ends(self) -> Ints:
        """Number of the first stamp after each series."""
        return self.starts + self.lengths

    def ordinals(self) -> Ints:
        """Number of every row's stamp on the grid."""
        within = np.arange(len(self.values)) - np.repeat(self.indptr[:-1], self.lengths)
        return np.repeat(self.starts, self.lengths) + within

    def rows_of(self, series: int) -> slice:
        """Rows of one series."""
        return slice(int(self.indptr[series]), int(self.indptr[series + 1]))

    def take(self, series: Sequence[int]) -> Panel:
        """Return only some series, given by position and in that order.

        >>> table = pd.DataFrame({"unique_id": ["b", "a"], "ds": [1, 1], "y": [2.0, 1.0]})
        >>> Panel.from_frame(table, freq=1).take([1]).keys
        ('b',)
        """
        rows = np.concatenate([np.arange(self.indptr[i], self.indptr[i + 1]) for i in series]).astype(np.int64)
        chosen = list(series)
        position = {old: new for new, old in enumerate(chosen)}
        return replace(
            self,
            keys=tuple(self.keys[i] for i in chosen),
            values=self.values[rows],
            indptr=np.concatenate([[0], np.cumsum(self.lengths[chosen])]).astype(np.int64),
            starts=self.starts[chosen],
            exogenous={name: column[rows] for name, column in self.exogenous.items()},
            appearance=tuple(position[old] for old in self.appearance if old in position),
        )

    def extended(self, later: Panel) -> Panel:
        """Append later rows, series by series; series that are new are added.

        Raises
        ------
        DataError
            A series of `later` does not start right after its end here.

        >>> table = pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 3.0]})
        >>> first, rest = Panel.from_frame(table[:2]), Panel.from_frame(table[2:], freq=1)
        >>> first.extended(rest).values.tolist()
        [1.0, 2.0, 3.0]
        """
        place = {key: i for i, key in enumerate(self.keys)}
        problems = Problems("new rows")
        for i, key in enumerate(later.keys):
            if key in place and later.starts[i] != self.ends[place[key]]:
                expected, given = self.stamp_text(self.ends[place[key]]), self.stamp_text(later.starts[i])
                problems.add(
                    f"series {quoted([key])} goes on at {expected}, but the new rows start at {given}",
                    column=self.columns.ds,
                    mend="Pass exactly the rows that follow what is known.",
                )
        problems.raise_if_any()
        other = {key: i for i, key in enumerate(later.keys)}
        keys = tuple(sorted({*self.keys, *later.keys}, key=_sort_key))
        appearance_keys = [self.keys[i] for i in self.appearance]
        appearance_keys += [later.keys[i] for i in later.appearance if later.keys[i] not in place]
        at = {key: i for i, key in enumerate(keys)}

        def merged(mine: Floats, its: Floats) -> Floats:
            parts = []
            for key in keys:
                if key in place:
                    parts.append(mine[self.rows_of(place[key])])
                if key in other:
                    parts.append(its[later.rows_of(other[key])])
            return np.concatenate(parts)

        lengths = [
            (self.lengths[place[key]] if key in place else 0) + (later.lengths[other[key]] if key in other else 0)
            for key in keys
        ]
        starts = [self.starts[place[key]] if key in place else later.starts[other[key]] for key in keys]
        return replace(
            self,
            keys=keys,
            values=merged(self.values, later.values),
            indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            starts=np.asarray(starts, dtype=np.int64),
            exogenous={name: merged(column, later.exogenous[name]) for name, column in self.exogenous.items()},
            appearance=tuple(at[key] for key in appearance_keys),
        )

    def stamp_text(self, ordinal: Any) -> str:
        """Write one stamp for people, in the user's zone.

        >>> Panel.from_frame(pd.DataFrame({"ds": [1, 2], "y": [1.0, 2.0]})).stamp_text(2)
        '2'
        """
        return str(self.frequency.to_pandas(self.frequency.stamps(np.asarray([ordinal])), self.unit).iloc[0])

    def key_frame(self, series: Ints, ordinals: Ints) -> pd.DataFrame:
        """Key and stamp columns, in the user's names and types, of the given series and stamps."""
        stamps = self.frequency.to_pandas(self.frequency.stamps(ordinals), self.unit)
        frame = pd.DataFrame({self.columns.ds: stamps})
        if self.has_key:
            keys = pd.Series(list(self.keys)).iloc[series].reset_index(drop=True)
            frame.insert(0, self.columns.unique_id, keys)
        return frame

    def future_frame(self, horizon: int) -> pd.DataFrame:
        """Keys and stamps of the next `horizon` steps of every series, in the user's order.

        >>> table = pd.DataFrame({"ds": [1, 2], "y": [1.0, 2.0]})
        >>> Panel.from_frame(table).future_frame(2).ds.tolist()
        [3, 4]
        """
        order = np.asarray(self.appearance, dtype=np.int64)
        ordinals = (self.ends[order][:, None] + np.arange(horizon)).ravel()
        return self.key_frame(np.repeat(order, horizon), ordinals)

    def to_frame(self) -> pd.DataFrame:
        """Give the long table back: the user's column names, order of series, zone and key type.

        >>> table = pd.DataFrame({"unique_id": ["b", "a"], "ds": [1, 1], "y": [2.0, 1.0]})
        >>> Panel.from_frame(table, freq=1).to_frame().unique_id.tolist()
        ['b', 'a']
        """
        order = np.asarray(self.appearance, dtype=np.int64)
        rows = np.concatenate([np.arange(self.indptr[i], self.indptr[i + 1]) for i in order])
        frame = self.key_frame(np.repeat(order, self.lengths[order]), self.ordinals()[rows])
        frame[self.columns.y] = self.values[rows]
        for name, column in self.exogenous.items():
            frame[name] = column[rows]
        return frame


@dataclass
class _Cells:
    codes: Ints
    ordinals: Ints
    rows: Ints
    data: dict[str, Floats]


def _typed(frame: Any, columns: SeriesColumns, need_y: bool) -> pd.DataFrame:
    """Bring the stamps to dates or whole numbers and the values to floats, through the same door as files."""
    from shared.data.schema import Column, Schema
    from shared.data.tables import check_frame

    present = getattr(frame, "columns", [])
    problems = Problems("series table")
    wanted = [columns.ds, *([columns.y] if need_y else []), *columns.exogenous]
    for name in wanted:
        if name not in list(present):
            missing_column(name, [str(column) for column in present], problems)
    problems.raise_if_any()
    integer = pd.api.types.is_integer_dtype(pd.Series(frame[columns.ds][:1]).dtype) if len(frame) else False
    schema = Schema(
        (
            Column(columns.ds, "integer" if integer else "datetime"),
            *(Column(name, "number", allow_missing=True) for name in wanted[1:] if not _is_bool(frame, name)),
        )
    )
    return check_frame(frame, schema, "series table")


def _is_bool(frame: Any, name: str) -> bool:
    return "bool" in str(frame[name].dtype).lower()


def _sort_key(key: Any) -> tuple[str, Any]:
    return (type(key).__name__, key)


def _codes(
    table: pd.DataFrame, columns: SeriesColumns, has_key: bool, problems: Problems
) -> tuple[Ints, tuple[Any, ...], tuple[int, ...]]:
    if not has_key:
        return np.zeros(len(table), dtype=np.int64), (columns.y,), (0,)
    missing = table[columns.unique_id].isna().to_numpy()
    if missing.any():
        count = int(missing.sum())
        problems.add(
            f"{count:,} keys are missing", column=columns.unique_id, rows=first_rows(missing), count=count,
            mend="Give every row the key of its series.",
        )  # fmt: skip
        return np.zeros(len(table), dtype=np.int64), (), ()
    codes, uniques = pd.factorize(table[columns.unique_id], sort=False)
    found = list(pd.Series(uniques).tolist())
    rank = sorted(range(len(found)), key=lambda i: _sort_key(found[i]))
    position = np.empty(len(found), dtype=np.int64)
    position[rank] = np.arange(len(found))
    return position[codes], tuple(found[i] for i in rank), tuple(int(p) for p in position)


def _stamps(
    values: pd.Series[Any], codes: Ints, columns: SeriesColumns, tz: str | None, problems: Problems
) -> tuple[Ints, str | None, str, bool]:
    """Stamps as int64, with zone, resolution and whether they are integers."""
    if pd.api.types.is_integer_dtype(values.dtype):
        return values.to_numpy(dtype=np.int64), None, "ns", True
    unit = str(values.dt.unit)
    if values.dt.tz is not None:
        zone = tz or str(values.dt.tz)
        return np.asarray(pd.DatetimeIndex(values.dt.tz_convert("UTC")).as_unit("ns").asi8), zone, unit, False
    if tz is None:
        return np.asarray(pd.DatetimeIndex(values).as_unit("ns").asi8), None, unit, False
    zoned = _localized(values, codes, tz)
    bad = np.asarray(zoned.isna())
    if bad.any():
        count = int(bad.sum())
        problems.add(
            f"{count:,} stamps do not exist in {tz}, or are repeated in an hour that is not", column=columns.ds,
            rows=first_rows(bad), count=count,
            mend="Write the stamps in UTC or with their offset, or name the right zone.",
        )  # fmt: skip
    return np.asarray(zoned.tz_convert("UTC").as_unit("ns").asi8), tz, unit, False


def _localized(values: pd.Series[Any], codes: Ints, tz: str) -> pd.DatetimeIndex:
    """Wall-clock stamps in a zone: of an hour that comes twice, the first row of a series is the earlier instant."""
    index = pd.DatetimeIndex(values)
    repeats = pd.DataFrame({"code": codes, "ds": index}).groupby(["code", "ds"]).cumcount().to_numpy()
    zoned: pd.DatetimeIndex = index.tz_localize(tz, ambiguous=repeats == 0, nonexistent="NaT")
    return zoned


def _distinct(
    codes: Ints,
    stamps: Ints,
    keys: tuple[Any, ...],
    order: Ints,
    columns: SeriesColumns,
    asked: frozenset[str],
    problems: Problems,
    repairs: list[str],
) -> Bools:
    same = np.zeros(len(codes), dtype=bool)
    same[:-1] = (codes[1:] == codes[:-1]) & (stamps[1:] == stamps[:-1])
    if not same.any():
        return ~same
    count = int(same.sum())
    where = quoted(dict.fromkeys(keys[code] for code in codes[same]))
    text = f"{count:,} stamps occur twice in a series (series {where})"
    if "keep_last_duplicate" in asked:
        repairs.append(f"kept the later row of each: {text}")
        return ~same
    problems.add(
        text, column=columns.ds, rows=sorted(order[same] + 1)[:6], count=count,
        mend='Remove the extra rows, or pass repair="keep_last_duplicate"; if the clocks went back, pass tz=.',
    )  # fmt: skip
    return ~same


def _grid(
    codes: Ints, stamps: Ints, freq: str | int | None, tz: str | None, integer: bool, columns: SeriesColumns
) -> Frequency:
    longest = int(np.argmax(np.bincount(codes)))
    sample = stamps[codes == longest]
    if freq is not None:
        return frequency_of(freq, sample, tz, integer=integer)
    grid = infer_frequency(sample, tz, integer=integer)
    if grid is None:
        raise DataError(
            "series table",
            [
                Problem(
                    "the frequency cannot be told from one row",
                    column=columns.ds,
                    mend="Pass freq=, as in 'D' or 1.",
                )
            ],
        )
    return grid


def _check_on_grid(grid: Frequency, stamps: Ints, order: Ints, columns: SeriesColumns, problems: Problems) -> None:
    off = ~grid.on_grid(stamps)
    if not off.any():
        return
    count = int(off.sum())
    better = infer_frequency(np.unique(stamps), grid.tz, integer=grid.kind == "integer")
    hint = ""
    if better is not None and better.kind != grid.kind and better.on_grid(stamps).all():
        hint = f" They look like steps of {better.describe()}."
    problems.add(
        f"{count:,} stamps do not lie on the grid of {grid.describe()}", column=columns.ds,
        rows=sorted(order[off] + 1)[:6], count=count,
        mend=f"Correct them, or pass freq= with the right step.{hint}",
    )  # fmt: skip


def _fill(
    cells: _Cells,
    grid: Frequency,
    keys: tuple[Any, ...],
    columns: SeriesColumns,
    asked: frozenset[str],
    problems: Problems,
    repairs: list[str],
) -> _Cells:
    """Refuse gaps and missing values, or mend them where asked."""
    if "drop_missing_ends" in asked and columns.y in cells.data:
        cells = _without_missing_ends(cells, columns, repairs)
    breaks = (np.diff(cells.codes) == 0) & (np.diff(cells.ordinals) != 1)
    missing = {name: np.isnan(column) for name, column in cells.data.items()}
    if not breaks.any() and not any(mask.any() for mask in missing.values()):
        return cells
    lost = int((np.diff(cells.ordinals)[breaks] - 1).sum())
    if "interpolate" in asked:
        filled = _interpolated(cells, repairs)
        still = {name: np.isnan(column) for name, column in filled.data.items()}
        for name, mask in still.items():
            if mask.any():
                where = quoted(dict.fromkeys(keys[code] for code in filled.codes[mask]))
                problems.add(
                    f"{int(mask.sum()):,} missing values at the ends cannot be interpolated (series {where})",
                    column=name, count=int(mask.sum()), mend='Pass repair="drop_missing_ends" as well.',
                )  # fmt: skip
        return filled
    if breaks.any():
        first = int(np.flatnonzero(breaks)[0])
        series = quoted(dict.fromkeys(keys[code] for code in cells.codes[:-1][breaks]))
        stamp = grid.to_pandas(grid.stamps(cells.ordinals[first : first + 1] + 1)).iloc[0]
        better = f" Or the step is not {grid.describe()}: pass freq=." if lost > len(cells.codes) else ""
        problems.add(
            f"{lost:,} stamps are missing in {int(breaks.sum()):,} gaps (series {series}), the first is {stamp}",
            column=columns.ds, rows=sorted(cells.rows[1:][breaks] + 1)[:6], count=int(breaks.sum()),
            mend=f'Add the rows, or pass repair="interpolate".{better}',
        )  # fmt: skip
    for name, mask in missing.items():
        if mask.any():
            series = quoted(dict.fromkeys(keys[code] for code in cells.codes[mask]))
            problems.add(
                f"{int(mask.sum()):,} values are missing (series {series})", column=name,
                rows=sorted(cells.rows[mask] + 1)[:6], count=int(mask.sum()),
                mend='Fill them in, or pass repair="interpolate" (and "drop_missing_ends").',
            )  # fmt: skip
    return cells


def _without_missing_ends(cells: _Cells, columns: SeriesColumns, repairs: list[str]) -> _Cells:
    known = ~np.isnan(cells.data[columns.y])
    n_series = int(cells.codes[-1]) + 1
    first, last = np.full(n_series, len(known)), np.full(n_series, -1)
    np.minimum.at(first, cells.codes[known], np.flatnonzero(known))
    np.maximum.at(last, cells.codes[known], np.flatnonzero(known))
    place = np.arange(len(known))
    keep = (place >= first[cells.codes]) & (place <= last[cells.codes])
    if not keep.all():
        repairs.append(f"cut {int((~keep).sum()):,} missing values off the ends of series")
    return _Cells(
        cells.codes[keep], cells.ordinals[keep], cells.rows[keep], {n: c[keep] for n, c in cells.data.items()}
    )


def _interpolated(cells: _Cells, repairs: list[str]) -> _Cells:
    """Fill gaps and inner missing values on a straight line in time; ends stay as they are."""
    codes, ordinals, rows = [], [], []
    data: dict[str, list[Floats]] = {name: [] for name in cells.data}
    filled = 0
    for code in np.unique(cells.codes):
        mine = cells.codes == code
        given = cells.ordinals[mine]
        full = np.arange(given[0], given[-1] + 1)
        codes.append(np.full(len(full), code))
        ordinals.append(full)
        rows.append(np.full(len(full), -1))
        for name, column in cells.data.items():
            known = ~np.isnan(column[mine])
            line = (
                np.interp(full, given[known], column[mine][known], left=np.nan, right=np.nan) if known.any() else None
            )
            data[name].append(np.full(len(full), np.nan) if line is None else line)
            filled += len(full) - int(known.sum()) - (int(np.isnan(line).sum()) if line is not None else len(full))
    repairs.append(f"interpolated {filled:,} values")
    return _Cells(
        np.concatenate(codes),
        np.concatenate(ordinals),
        np.concatenate(rows),
        {name: np.concatenate(parts) for name, parts in data.items()},
    )
