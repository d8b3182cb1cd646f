"""Panel: many series of any length on one regular grid, in flat arrays. It is made here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from shared.data.columns import SeriesColumns
from shared.data.frequency import Frequency, frequency_of
from shared.data.panel_layout import lay_out
from shared.data.panel_table import sort_key, to_typed_table
from shared.data.schema import missing_column
from shared.data.summary import PanelSummary
from shared.errors import HexadError, Problems, SettingsError, quote
from shared.result import Tabular
from shared.runtime.array_of import ArrayOf
from shared.typing import Floats, Ints

__all__ = ["MAX_HORIZON", "Panel", "PanelRepair", "SeriesColumns"]

PanelRepair = Literal["interpolate", "keep_last_duplicate", "drop_missing_ends"]
MAX_HORIZON = 1_000_000
REPAIRS = ("interpolate", "keep_last_duplicate", "drop_missing_ends")


@dataclass(frozen=True, repr=False)
class Panel(Tabular):
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

    def declare_arrays(self) -> dict[str, ArrayOf]:
        """What holds of its arrays and numbers; checked when a model is loaded."""
        n_rows, n_series = len(self.values), len(set(self.keys))
        if n_series < len(self.keys):
            raise ValueError("two series of the same key")
        if (self.indptr[1:] == self.indptr[:-1]).any():
            raise ValueError("a series without rows")
        return {
            "values": ArrayOf("f"),
            "indptr": ArrayOf("i", (n_series + 1,), first=0, last=n_rows, increasing=True),
            "starts": ArrayOf("i", (n_series,), low=-(2**62), high=2**62),
            "exogenous": ArrayOf("f", (n_rows,)),
            "appearance": ArrayOf("i", low=0, high=max(0, n_series - 1)),
        }

    @classmethod
    def from_frame(
        cls,
        frame: object,
        columns: SeriesColumns | None = None,
        *,
        freq: str | int | None = None,
        tz: str | None = None,
        frequency: Frequency | None = None,
        repair: PanelRepair | Iterable[PanelRepair] = (),
        need_y: bool = True,
        source: str = "series table",
    ) -> Panel:
        """Check a long table and make it a panel.

        Parameters
        ----------
        frame : frame or Panel
            Long table: pandas, Polars or Arrow; rows in any order; left unchanged. A panel is taken as it is where it
            has the columns and the grid that are asked for.
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
        source : str
            What the table is called in errors, such as the name of its file.

        Raises
        ------
        DataError
            Listing every problem: missing columns, unreadable or repeated stamps, gaps, missing or infinite values.
        """
        return cls.from_frame_with_rows(
            frame, columns, freq=freq, tz=tz, frequency=frequency, repair=repair, need_y=need_y, source=source
        )[0]

    @classmethod
    def from_frame_with_rows(
        cls,
        frame: object,
        columns: SeriesColumns | None = None,
        *,
        freq: str | int | None = None,
        tz: str | None = None,
        frequency: Frequency | None = None,
        repair: PanelRepair | Iterable[PanelRepair] = (),
        need_y: bool = True,
        source: str = "series table",
    ) -> tuple[Panel, Ints]:
        """Make a panel of a long table, and say which row of the table each of its rows is.

        Parameters
        ----------
        frame, columns, freq, tz, frequency, repair, need_y, source
            As in `from_frame`.

        Returns
        -------
        panel : Panel
        rows : numpy.ndarray of int64, shape (n_rows,)
            Position in the table, from 0; -1 for a row that a repair put in.

        >>> table = pd.DataFrame({"ds": [4, 2, 1], "y": [4.0, 2.0, 1.0]})
        >>> Panel.from_frame_with_rows(table, freq=1, repair="interpolate")[1].tolist()
        [2, 1, -1, 0]
        """
        if isinstance(frame, Panel):
            panel = frame.check_against(columns or frame.columns, freq, tz, frequency, need_y, source)
            return panel, np.arange(len(panel.values))
        columns = columns or SeriesColumns()
        asked = frozenset([repair] if isinstance(repair, str) else repair)
        if unknown := asked - set(REPAIRS):
            raise SettingsError(f"unknown repair {quote(sorted(unknown))}; there are {quote(REPAIRS)}")
        table = to_typed_table(frame, columns, need_y, source, tz)
        parts, rows = lay_out(table, columns, freq, tz, frequency, asked, need_y, source)
        return cls(columns=columns, **parts), rows

    def check_against(
        self,
        columns: SeriesColumns,
        freq: str | int | None = None,
        tz: str | None = None,
        frequency: Frequency | None = None,
        need_y: bool = True,
        source: str = "panel",
    ) -> Panel:
        """Take this panel for a table: it has to have the columns and the grid that are asked for.

        Parameters
        ----------
        columns, freq, tz, frequency, need_y, source
            As in `from_frame`.

        Returns
        -------
        Panel
            With those exogenous columns alone.

        Raises
        ------
        DataError
            Listing everything that is not as asked for.
        """
        problems = Problems(source)
        for one in ("unique_id", "ds", "y"):
            own, wanted = getattr(self.columns, one), getattr(columns, one)
            if own != wanted and (one != "unique_id" or self.has_key) and (one != "y" or need_y):
                problems.add(
                    f"the panel's {one} is {quote([own])}, not {quote([wanted])}", fix="Name it alike in both."
                )
        for name in columns.exogenous:
            if name not in self.exogenous:
                missing_column(name, list(self.exogenous), problems)
        grid = self.frequency
        if tz is not None and grid.tz != tz:
            problems.add(f"the panel is in {grid.tz or 'no time zone'}, not in {tz}", fix="Make it with that zone.")
        if freq is not None and frequency is None:
            frequency = frequency_of(freq, grid.stamps(self.ordinals()), grid.tz, integer=grid.kind == "integer")
        if frequency is not None and frequency != grid:
            what = f"the panel's grid is {grid.describe()}, not {frequency.describe()}"
            same = grid.describe() == frequency.describe()
            problems.add("the panel's grid begins elsewhere" if same else what, fix="Make it with that grid.")
        if need_y and np.isnan(self.values).all():
            problems.add("the panel has no observed values", column=columns.y, fix="Make it from a table that has.")
        problems.raise_if_any()
        return replace(self, columns=columns, exogenous={name: self.exogenous[name] for name in columns.exogenous})

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

    def summary(self) -> PanelSummary:
        """How many series, how long, from when to when, and what looks odd.

        >>> Panel.from_frame(pd.DataFrame({"ds": [1, 2], "y": [1.0, 1.0]})).summary().constant
        1
        """
        return PanelSummary.of(
            self.values,
            self.indptr,
            first=self.stamp_text(self.starts.min()),
            last=self.stamp_text(self.ends.max() - 1),
            step=self.frequency.describe(),
        )

    def rows_of(self, series: int) -> slice:
        """Rows of one series.

        Parameters
        ----------
        series : int
            Position of the series, from 0.
        """
        return slice(int(self.indptr[series]), int(self.indptr[series + 1]))

    def take(self, series: Sequence[int]) -> Panel:
        """Return only some series, given by position and in that order.

        Parameters
        ----------
        series : sequence of int
            Positions of the series.

        >>> table = pd.DataFrame({"unique_id": ["b", "a"], "ds": [1, 1], "y": [2.0, 1.0]})
        >>> Panel.from_frame(table, freq=1).take([1]).keys
        ('b',)
        """
        chosen = [int(i) for i in series]
        if len(set(chosen)) < len(chosen) or not all(0 <= i < self.n_series for i in chosen):
            raise HexadError(f"take() needs distinct positions from 0 to {self.n_series - 1}, not {quote(chosen)}")
        none = np.empty(0, dtype=np.int64)
        rows = np.concatenate([none, *(np.arange(self.indptr[i], self.indptr[i + 1]) for i in chosen)])
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

    def span(self, first: int, stop: int | None = None) -> Panel:
        """Return the same rows of every series, counted from the start of each.

        Parameters
        ----------
        first, stop : int
            From 0; `stop` is not included, and where left out, all that follows is.

        Raises
        ------
        HexadError
            No row of a series is left.

        >>> Panel.from_frame(pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 3.0]})).span(1).values.tolist()
        [2.0, 3.0]
        """
        stops = self.lengths if stop is None else np.minimum(self.lengths, stop)
        if first < 0 or (stops <= first).any():
            raise HexadError(
                f"no row of a series is left from {first} to {stop}; the shortest has {self.lengths.min()}"
            )
        rows = np.concatenate([np.arange(at + first, at + end) for at, end in zip(self.indptr, stops, strict=False)])
        return replace(
            self,
            values=self.values[rows],
            indptr=np.concatenate([[0], np.cumsum(stops - first)]).astype(np.int64),
            starts=self.starts + first,
            exogenous={name: column[rows] for name, column in self.exogenous.items()},
        )

    def last(self, count: int) -> Panel:
        """Return the last rows of every series; all of one that has no more.

        Parameters
        ----------
        count : int
            From 1 on.

        >>> Panel.from_frame(pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 3.0]})).last(2).values.tolist()
        [2.0, 3.0]
        """
        kept = np.minimum(self.lengths, count)
        rows = np.arange(len(self.values)) >= np.repeat(self.indptr[1:] - kept, self.lengths)
        return replace(
            self,
            values=self.values[rows],
            indptr=np.concatenate([[0], np.cumsum(kept)]).astype(np.int64),
            starts=self.ends - kept,
            exogenous={name: column[rows] for name, column in self.exogenous.items()},
        )

    def extend(self, later: Panel) -> Panel:
        """Append later rows, series by series; series that are new are added.

        Parameters
        ----------
        later : Panel
            On the same grid, with the same columns.

        Raises
        ------
        DataError
            A series of `later` does not start right after its end here.

        >>> table = pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 3.0]})
        >>> first, rest = Panel.from_frame(table[:2]), Panel.from_frame(table[2:], freq=1)
        >>> first.extend(rest).values.tolist()
        [1.0, 2.0, 3.0]
        """
        place = {key: i for i, key in enumerate(self.keys)}
        ends, my_lengths, its_lengths = self.ends, self.lengths, later.lengths
        problems = Problems("new rows")
        if later.frequency != self.frequency or later.has_key != self.has_key:
            problems.add(
                f"their grid is {later.frequency.describe()} (zone {later.frequency.tz}), known is "
                f"{self.frequency.describe()} (zone {self.frequency.tz})",
                column=self.columns.ds,
                fix="Pass rows with the same key column, frequency and zone.",
            )
        for name in self.exogenous:
            if name not in later.exogenous:
                missing_column(name, list(later.exogenous), problems)
        problems.raise_if_any()
        self._refuse_alike(later, problems)
        for i, key in enumerate(later.keys):
            if key in place and later.starts[i] != ends[place[key]]:
                expected, given = self.stamp_text(ends[place[key]]), self.stamp_text(later.starts[i])
                problems.add(
                    f"series {quote([key])} goes on at {expected}, but the new rows start at {given}",
                    column=self.columns.ds,
                    fix="Pass exactly the rows that follow what is known.",
                )
        problems.raise_if_any()
        other = {key: i for i, key in enumerate(later.keys)}
        keys = tuple(sorted({*self.keys, *later.keys}, key=sort_key))
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
            (my_lengths[place[key]] if key in place else 0) + (its_lengths[other[key]] if key in other else 0)
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

    def _refuse_alike(self, later: Panel, problems: Problems) -> None:
        """Refuse a new series whose key reads like a known one: 1 beside "1", or a blank behind it."""
        known, alike = set(self.keys), {str(key).strip(): key for key in self.keys}
        for key in later.keys:
            if key in known or str(key).strip() not in alike:
                continue
            one = alike[str(key).strip()]
            problems.add(
                f"series {quote([key])} ({type(key).__name__}) is new, and reads like {quote([one])}"
                f" ({type(one).__name__}), which is known",
                column=self.columns.unique_id,
                fix="Write keys as they were, or name a new series otherwise.",
            )

    def stamp_text(self, ordinal: object) -> str:
        """Write one stamp for people, in the user's zone.

        Parameters
        ----------
        ordinal : int
            Number of the stamp on the grid.

        >>> Panel.from_frame(pd.DataFrame({"ds": [1, 2], "y": [1.0, 2.0]})).stamp_text(2)
        '2'
        """
        return str(self.frequency.to_pandas(self.frequency.stamps(np.asarray([ordinal])), self.unit).iloc[0])

    def key_frame(self, series: Ints, ordinals: Ints) -> pd.DataFrame:
        """Key and stamp columns, in the user's names and types, of the given series and stamps.

        Parameters
        ----------
        series : array of int, shape (n,)
            Positions of the series.
        ordinals : array of int, shape (n,)
            Numbers of the stamps on the grid.
        """
        stamps = self.frequency.to_pandas(self.frequency.stamps(ordinals), self.unit)
        columns: dict[str, Any] = {self.columns.ds: stamps}
        if self.has_key:
            columns = {self.columns.unique_id: pd.Series(list(self.keys)).array.take(series), **columns}
        return pd.DataFrame(columns, copy=False)

    def future_frame(self, horizon: int) -> pd.DataFrame:
        """Keys and stamps of the next `horizon` steps of every series, in the user's order.

        Parameters
        ----------
        horizon : int
            Steps after the end of each series.

        >>> table = pd.DataFrame({"ds": [1, 2], "y": [1.0, 2.0]})
        >>> Panel.from_frame(table).future_frame(2).ds.tolist()
        [3, 4]
        """
        if not 1 <= horizon <= MAX_HORIZON:
            raise HexadError(f"a horizon of {horizon} steps does not lie between 1 and {MAX_HORIZON:,}")
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
