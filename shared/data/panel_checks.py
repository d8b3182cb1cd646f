"""The door of a panel: a long table is typed, checked as a whole, and mended only where asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared.data.columns import SeriesColumns
from shared.data.dated_numbers import read_like_dates
from shared.data.frequency import Frequency, frequency_of, infer_frequency, is_zone
from shared.data.schema import first_rows
from shared.errors import Argument, DataError, Fix, Problem, Problems, quote
from shared.text import count_of
from shared.typing import Bools, Floats, Ints

HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS
MAX_FILLED = 1_000_000
MANY_OFF = 0.1  # share of stamps off a grid from which the table is on none
# Clocks change about midnight or in the small hours, in these months wherever they change at all.
LATEST_CHANGE, MONTHS_OF_CHANGE = 5, (3, 4, 9, 10, 11)
FIRST_DATE, LAST_DATE = pd.Timestamp("1678-01-01"), pd.Timestamp("2262-01-01")


@dataclass
class Cells:
    """Rows of a panel in the making: series, number on the grid, row in the table, and values."""

    codes: Ints
    ordinals: Ints
    rows: Ints
    data: dict[str, Floats]


def stamps_of(
    values: pd.Series[Any], codes: Ints, columns: SeriesColumns, tz: str | None, problems: Problems
) -> tuple[Ints, str | None, str, bool]:
    """Stamps as int64, with zone, resolution and whether they are integers."""
    if pd.api.types.is_integer_dtype(values.dtype):
        large = (values > 2**62).to_numpy(dtype=bool) | (values < -(2**62)).to_numpy(dtype=bool)
        _refuse(large, "stamps are too large for whole-number time", columns.ds, "Count from a nearer start.", problems)
        return (values.where(~large, 0) if large.any() else values).to_numpy(dtype=np.int64), None, "ns", True
    local = values.dt.tz_localize(None) if values.dt.tz is not None else values
    far = ((local < FIRST_DATE) | (local > LAST_DATE)).to_numpy()
    _refuse(
        far, "stamps lie before 1678 or after 2261", columns.ds, "Correct them, or use whole-number stamps.", problems
    )
    if far.any():
        return np.zeros(len(values), dtype=np.int64), tz, "ns", False
    zone = tz or (str(values.dt.tz) if values.dt.tz is not None else None)
    if zone is not None and not is_zone(zone):
        problems.add(
            f"there is no time zone {zone!r} by that name", column=columns.ds, fix="Write it as in 'Europe/Berlin'."
        )
        return np.zeros(len(values), dtype=np.int64), tz, "ns", False
    unit = str(values.dt.unit)
    if values.dt.tz is not None:
        return np.asarray(pd.DatetimeIndex(values.dt.tz_convert("UTC")).as_unit("ns").asi8), zone, unit, False
    if tz is None:
        return np.asarray(pd.DatetimeIndex(values).as_unit("ns").asi8), None, unit, False
    zoned = _localize(values, codes, columns, tz, problems)
    bad = np.asarray(zoned.isna())
    if bad.any():
        count = int(bad.sum())
        problems.add(
            f"{count_of(count, 'stamp does', 'stamps do')} not exist in {tz}, or {'is' if count == 1 else 'are'}"
            f" repeated in an hour that is not: {values[bad].iloc[0]}",
            column=columns.ds,
            rows=first_rows(bad),
            count=count,
            fix="Write the stamps in UTC or with their offset, or name the right zone.",
        )
    return np.asarray(zoned.tz_convert("UTC").as_unit("ns").asi8), tz, unit, False


def _refuse(mask: Bools, what: str, column: str, fix: str, problems: Problems) -> None:
    if mask.any():
        count = int(mask.sum())
        problems.add(f"{count:,} {what}", column=column, rows=first_rows(mask), count=count, fix=fix)


def check_kind(grid: Frequency, zone: str | None, integer: bool, columns: SeriesColumns, problems: Problems) -> None:
    """Refuse stamps of another kind than those of a known grid."""
    kinds = {True: "whole numbers", False: f"dates {'in ' + zone if zone else 'without a time zone'}"}
    known = (
        "whole numbers" if grid.kind == "integer" else f"dates {'in ' + grid.tz if grid.tz else 'without a time zone'}"
    )
    if integer != (grid.kind == "integer") or (not integer and (zone is None) != (grid.tz is None)):
        problems.add(
            f"holds {kinds[integer]}, but the known stamps are {known}",
            column=columns.ds,
            fix="Bring them to the same.",
        )


def check_has_values(cells: Cells, keys: tuple[Any, ...], columns: SeriesColumns, problems: Problems) -> None:
    """Refuse series without a single value, which no repair can fix."""
    known = np.bincount(cells.codes, weights=~np.isnan(cells.data[columns.y]), minlength=len(keys)) > 0
    if not known.all():
        empty = [keys[i] for i in np.flatnonzero(~known)]
        problems.add(
            "has no value at all"
            if len(keys) == 1
            else (
                f"{len(empty):,} series {'has' if len(empty) == 1 else 'have'} no value at all (series {quote(empty)})"
            ),
            column=columns.y,
            count=len(empty),
            fix="Name the column that holds the values." if len(keys) == 1 else "Leave them out.",
        )


def _localize(
    values: pd.Series[Any], codes: Ints, columns: SeriesColumns, tz: str, problems: Problems
) -> pd.DatetimeIndex:
    """Wall-clock stamps in a zone; of an hour that comes twice, the order of the rows tells which row is which."""
    index = pd.DatetimeIndex(values)
    rows = pd.DataFrame({"code": codes, "ds": index})
    repeats = rows.groupby(["code", "ds"]).cumcount().to_numpy()
    first = repeats == 0
    twice = rows.duplicated(["code", "ds"], keep=False).to_numpy()
    unsure = np.zeros(len(rows), dtype=bool)
    for code in np.unique(codes[twice]) if twice.any() else ():
        mine = np.flatnonzero(codes == code)
        if repeats[mine].max() > 1:  # no hour comes three times; that is told elsewhere
            continue
        stamps = index.asi8[mine]
        steps, inside = np.diff(stamps), twice[mine][1:] & twice[mine][:-1]
        rising, falling = bool(((steps >= 0) | inside).all()), bool(((steps <= 0) | inside).all())
        if rising and falling:  # nothing but such hours: their own minutes tell, if anything does
            more = int(np.sign(steps).sum())
            rising, falling = more > 0, more < 0
        if falling:
            first[mine] = ~first[mine] | ~twice[mine]
        unsure[mine] = twice[mine] & ~(rising or falling)
    # Of days it is plain which one is meant where a zone skips its midnight; of hours it is not.
    skipped: Any = "shift_forward" if len(np.unique(index.as_unit("ns").asi8 % DAY_NS)) == 1 else "NaT"
    zoned: pd.DatetimeIndex = index.tz_localize(tz, ambiguous=first, nonexistent=skipped)
    apart = index.tz_localize(tz, ambiguous=~first, nonexistent=skipped)
    unsure &= np.asarray(zoned != apart)  # stamps that come twice by mistake are told elsewhere
    if unsure.any():
        problems.add(
            f"{count_of(int(unsure.sum()), 'stamp comes', 'stamps come')} twice in an hour that the clock of {tz}"
            " shows twice, and the rows are"
            " in no order that tells which is which",
            column=columns.ds,
            rows=first_rows(unsure),
            count=int(unsure.sum()),
            fix="Sort the rows by time, or write the stamps in UTC or with their offset.",
        )
    return zoned


def refuse_dates_in_numbers(stamps: Ints, columns: SeriesColumns, problems: Problems) -> None:
    """Ask about whole numbers that read like dates: 202312 is followed by 202401 if it is a month, else by 202313."""
    whole = np.unique(stamps)
    if found := read_like_dates(whole):
        word, how = found
        made = how.format(text=f"table[{columns.ds!r}].astype(str)")
        problems.add(
            f"holds whole numbers that read like {word}, such as {whole[0]} and {whole[-1]}",
            column=columns.ds,
            fix=Fix(f"Make dates of them: {made}; or say that they are numbers: ", Argument("freq", "1"), "."),
        )


def sort_rows(codes: Ints, stamps: Ints) -> Ints:
    """Rows by series, then by stamp, equal stamps in their order.

    Series without gaps and repeats on a grid of equal steps need no sorting: each row's place can be counted. Whether
    every place is taken exactly once tells whether they are such.

    >>> sort_rows(np.array([1, 0, 0]), np.array([5, 8, 7])).tolist()
    [2, 1, 0]
    """
    counts = np.bincount(codes)
    longest = np.sort(stamps[codes == int(np.argmax(counts))])
    step = int(np.min(np.diff(longest))) if len(longest) > 1 else 1
    if step > 0 and (counts > 0).all():
        first = pd.Series(stamps, copy=False).groupby(codes, sort=True).min().to_numpy()
        place = first[codes]  # in place from here on: tables may be as large as memory allows
        np.subtract(stamps, place, out=place)
        place //= step
        if (place < counts[codes]).all():
            place += (np.cumsum(counts) - counts)[codes]
            order = np.full(len(codes), -1, dtype=np.int64)
            order[place] = np.arange(len(codes))
            if order.min() >= 0:
                return order
    return np.lexsort((np.arange(len(stamps)), stamps, codes))


def keep_distinct(
    codes: Ints,
    stamps: Ints,
    keys: tuple[Any, ...],
    order: Ints,
    columns: SeriesColumns,
    asked: frozenset[str],
    problems: Problems,
    repairs: list[str],
    tz: str | None = "",
) -> Bools:
    """Refuse repeated stamps, or mark the rows to keep where asked."""
    same = np.zeros(len(codes), dtype=bool)
    same[:-1] = (codes[1:] == codes[:-1]) & (stamps[1:] == stamps[:-1])
    if not same.any():
        return ~same
    count = int(same.sum())
    where = quote(dict.fromkeys(keys[code] for code in codes[same]))
    text = f"{count_of(count, 'stamp occurs', 'stamps occur')} twice in a series (series {where})"
    if "keep_last_duplicate" in asked:
        repairs.append(f"kept the later row of each: {text}")
        return ~same
    problems.add(
        text,
        column=columns.ds,
        rows=sorted({*(order[same] + 1), *(order[np.flatnonzero(same) + 1] + 1)})[:6],
        count=count,
        fix=_clock_first(
            "back",
            stamps[same],
            tz,
            Fix("Remove the extra rows", Fix(", or pass ", Argument("repair", "keep_last_duplicate")), "."),
        ),
    )
    return ~same


def _clock_first(way: str, stamps: Ints, tz: str | None, fix: Fix) -> Fix:
    """Name the zone before any repair where stamps without one look like a change of the clock: at night, in season."""
    if tz is not None or len(stamps) == 0:
        return fix
    times = pd.DatetimeIndex(stamps.astype("datetime64[ns]"))
    night = ((times.hour < LATEST_CHANGE) | (times.hour == 23)) & times.month.isin(MONTHS_OF_CHANGE)
    if not night.any():
        return fix
    there = "there" if night.all() else f"at {times[night][0]}"
    zone = Fix(f"If the clocks went {way} {there}, pass the zone, as in ", Argument("tz", "Europe/Berlin"), ". ")
    return Fix(zone, Fix("Otherwise: ", fix))


def find_grid(
    codes: Ints,
    stamps: Ints,
    freq: str | int | None,
    tz: str | None,
    integer: bool,
    columns: SeriesColumns,
    source: str,
) -> Frequency:
    """Build the declared grid, or recognise it from the longest series."""
    longest = int(np.argmax(np.bincount(codes)))
    sample = stamps[codes == longest]
    if freq is not None:
        return frequency_of(freq, sample, tz, integer=integer)
    grid = infer_frequency(sample, tz, integer=integer)
    if grid is None:
        raise DataError(
            source,
            [
                Problem(
                    "the frequency cannot be told from one row",
                    column=columns.ds,
                    fix=Fix("Give more rows", Fix(", or pass ", Argument("freq")), "."),
                )
            ],
        )
    return grid


def check_on_grid(grid: Frequency, stamps: Ints, order: Ints, columns: SeriesColumns, problems: Problems) -> None:
    """Refuse stamps that lie off the grid, and name a grid that would hold them."""
    off = ~grid.on_grid(stamps)
    if not off.any():
        return
    count = int(off.sum())
    better = infer_frequency(np.unique(stamps), grid.tz, integer=grid.kind == "integer")
    hint = ""
    if better is not None and better.describe() != grid.describe() and better.on_grid(stamps).all():
        hint = f" They look like steps of {better.describe()}."
    elif count > MANY_OFF * len(stamps):
        hint = (
            f" Where they are no equal steps apart, take the mean of each {grid.describe()} first (pandas: resample)."
        )
    problems.add(
        f"{count_of(count, 'stamp does', 'stamps do')} not lie on the grid of {grid.describe()}",
        column=columns.ds,
        rows=sorted(order[off] + 1)[:6],
        count=count,
        fix=Fix("Correct them", Fix(", or pass ", Argument("freq"), " with the right step"), f".{hint}"),
    )


def _how_to_close_gaps(cells: Cells, grid: Frequency, breaks: Bools) -> Fix:
    """Say what can be done where stamps are missing: another zone, step, or days on which nothing happens."""
    longest = cells.codes == np.argmax(np.bincount(cells.codes))
    other = infer_frequency(grid.stamps(cells.ordinals[longest]), grid.tz, integer=grid.kind == "integer")
    better = []
    if other is not None and other.describe() != grid.describe():
        better.append(Fix(f" Or the step is {other.describe()}: pass ", Argument("freq"), "."))
    if grid.kind == "business" or (grid.kind == "wall" and grid.describe() == "1 day"):
        better.append(Fix(" Where those days are closed, pass ", Argument("freq"), "business_days(closed=[...])."))
    gaps = np.diff(cells.ordinals)[breaks] - 1
    hours = (gaps * grid.step == HOUR_NS) & (grid.kind == "fixed")
    gone = grid.stamps(cells.ordinals[:-1][breaks][hours] + 1)
    fix = Fix("Add the rows", Fix(", or pass ", Argument("repair", "interpolate")), ".", *better)
    return _clock_first("forward", gone, grid.tz, fix)


def fill_gaps(
    cells: Cells,
    grid: Frequency,
    keys: tuple[Any, ...],
    columns: SeriesColumns,
    asked: frozenset[str],
    problems: Problems,
    repairs: list[str],
) -> Cells:
    """Refuse gaps and missing values, or fix them where asked."""
    if "drop_missing_ends" in asked and columns.y in cells.data:
        cells = _without_missing_ends(cells, columns, repairs)
    breaks = (np.diff(cells.codes) == 0) & (np.diff(cells.ordinals) != 1)
    missing = {name: np.isnan(column) for name, column in cells.data.items()}
    if not breaks.any() and not any(mask.any() for mask in missing.values()):
        return cells
    lost = int((np.diff(cells.ordinals)[breaks] - 1).sum())
    if lost > max(MAX_FILLED, 10 * len(cells.codes)) and "interpolate" in asked:
        where = cells.rows[1:][breaks][int(np.argmax(np.diff(cells.ordinals)[breaks]))] + 1
        problems.add(
            f"{lost:,} stamps would have to be filled in for {len(cells.codes):,} rows",
            column=columns.ds,
            rows=[where],
            count=1,
            fix="A stamp is far off the others: correct it, or leave its row out.",
        )
        return cells
    if "interpolate" in asked:
        filled = _interpolate(cells, repairs)
        still = {name: np.isnan(column) for name, column in filled.data.items()}
        for name, mask in still.items():
            if mask.any():
                where = quote(dict.fromkeys(keys[code] for code in filled.codes[mask]))
                again = name == columns.y and "drop_missing_ends" not in asked
                problems.add(
                    f"{int(mask.sum()):,} missing values at the ends cannot be interpolated (series {where})",
                    column=name,
                    rows=sorted(row + 1 for row in filled.rows[mask] if row >= 0)[:6],
                    count=int(mask.sum()),
                    fix=Fix("Pass ", Argument("repair", "drop_missing_ends"), " as well.")
                    if again
                    else "Fill them in, or leave the rows out.",
                )
        return filled
    if breaks.any():
        first = int(np.flatnonzero(breaks)[0])
        series = quote(dict.fromkeys(keys[code] for code in cells.codes[:-1][breaks]))
        stamp = grid.to_pandas(grid.stamps(cells.ordinals[first : first + 1] + 1)).iloc[0]
        problems.add(
            (
                f"{count_of(lost, 'stamp is', 'stamps are')} missing in {count_of(int(breaks.sum()), 'gap')} (series"
                f" {series}), the first is {stamp}"
            ),
            column=columns.ds,
            rows=sorted(cells.rows[1:][breaks] + 1)[:6],
            count=int(breaks.sum()),
            fix=_how_to_close_gaps(cells, grid, breaks),
        )
    for name, mask in missing.items():
        if mask.any():
            series = quote(dict.fromkeys(keys[code] for code in cells.codes[mask]))
            problems.add(
                f"{count_of(int(mask.sum()), 'value is', 'values are')} missing (series {series})",
                column=name,
                rows=sorted(cells.rows[mask] + 1)[:6],
                count=int(mask.sum()),
                fix=Fix(
                    "Fill them in",
                    Fix(
                        ", or pass ",
                        Argument("repair", "interpolate"),
                        ' (and "drop_missing_ends" where they lie at an end)',
                    ),
                    ".",
                ),
            )
    return cells


def _without_missing_ends(cells: Cells, columns: SeriesColumns, repairs: list[str]) -> Cells:
    known = ~np.isnan(cells.data[columns.y])
    n_series = int(cells.codes[-1]) + 1
    first, last = np.full(n_series, len(known)), np.full(n_series, -1)
    np.minimum.at(first, cells.codes[known], np.flatnonzero(known))
    np.maximum.at(last, cells.codes[known], np.flatnonzero(known))
    place = np.arange(len(known))
    keep = (place >= first[cells.codes]) & (place <= last[cells.codes])
    if not keep.all():
        repairs.append(f"cut {count_of(int((~keep).sum()), 'missing value')} off the ends of series")
    return Cells(cells.codes[keep], cells.ordinals[keep], cells.rows[keep], {n: c[keep] for n, c in cells.data.items()})


def _interpolate(cells: Cells, repairs: list[str]) -> Cells:
    """Fill gaps and inner missing values on a straight line in time; ends stay as they are."""
    codes, ordinals, rows = [], [], []
    data: dict[str, list[Floats]] = {name: [] for name in cells.data}
    filled = 0
    present, firsts = np.unique(cells.codes, return_index=True)
    for code, first, last in zip(present, firsts, [*firsts[1:], len(cells.codes)], strict=True):
        mine = slice(first, last)
        given = cells.ordinals[mine]
        full = np.arange(given[0], given[-1] + 1)
        codes.append(np.full(len(full), code))
        ordinals.append(full)
        source = np.full(len(full), -1)
        source[given - given[0]] = cells.rows[mine]
        rows.append(source)
        for name, column in cells.data.items():
            known = ~np.isnan(column[mine])
            line = (
                np.interp(full, given[known], column[mine][known], left=np.nan, right=np.nan) if known.any() else None
            )
            data[name].append(np.full(len(full), np.nan) if line is None else line)
            filled += len(full) - int(known.sum()) - (int(np.isnan(line).sum()) if line is not None else len(full))
    repairs.append(f"interpolated {count_of(filled, 'value')}")
    return Cells(
        np.concatenate(codes),
        np.concatenate(ordinals),
        np.concatenate(rows),
        {name: np.concatenate(parts) for name, parts in data.items()},
    )
