"""From text to typed columns, only where every value says so; what fits two readings is asked, not guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from shared.errors import Argument, Fix, quote
from shared.typing import Bools, Ints

__all__ = [
    "MISSING_WORDS",
    "Kind",
    "Parsed",
    "Reading",
    "guess_kind",
    "mask_numbers",
    "off_calendar",
    "parse_column",
    "sniff_decimal",
]

DECIMAL = r"^[+-]?[\d.,]+([eE][+-]?\d+)?$"
# Share of a text column's values that are numbers, or dates, from which the others are named: fewer are chance.
NEARLY = 0.8
Kind = Literal["text", "integer", "number", "boolean", "datetime"]

MISSING_WORDS = ("NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "NULL", "null", "None")
INTEGER = r"^-?(0|[1-9]\d*)$"
POINT = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
COMMA = r"^[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?$"
GROUPED = {".": r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$", ",": r"^[+-]?\d{1,3}(\.\d{3})+(,\d+)?$"}
CODE = r"^([+-]?\d+[eE]\+?\d+|[+-]?0\d+([.,]\d*)?|\+\d+)$"  # 12E5, 007 and +49 are codes unless a schema says number
PERCENT = r"^[+-]?[\d.,]*\d[\d.,]*[\s\pZ]*%$"  # blanks of all widths
LONG = r"^[+-]?(\d{16,}|\d{1,3}([.,]\d{3}){5,})$"
BOOLEAN = r"^(?i:true|false)$"
ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?$"
EITHER_ORDER = Fix("Pass ", Argument("dates", "day-first"), " or ", Argument("dates", "month-first"), ".")
FIRST = 1_000  # rows that are looked at before the rest
LONGEST = 10_000  # characters; no number and no stamp has as many
ISO_ZONED = r"(Z|[+-]\d{2}:?\d{2})$"
CORRECT = "Correct them, or leave the cells empty."
YEAR_FIRST = r"^\d{4}([./])\d{1,2}([./])\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2})?)?$"
SHORT = r"^\d{1,2}[./-]\d{1,2}[./-]\d{4}([ T]\d{1,2}:\d{2}(:\d{2})?)?$"
ORDERS = {"day-first": "%d-%m-%Y", "month-first": "%m-%d-%Y", "year-first": "%Y-%m-%d"}


@dataclass(frozen=True)
class Reading:
    """How the text of a file is to be read: what was sniffed or declared.

    >>> Reading(decimal=",").decimal
    ','
    """

    decimal: str | None = None
    dates: str | None = None
    tz: str | None = None


@dataclass(frozen=True)
class Parsed:
    """One parsed column.

    Attributes
    ----------
    values : pandas.Series
        Typed values; missing where `bad` is set.
    bad : numpy.ndarray of bool
        Rows whose text could not be read as the kind.
    why : str
        What is wrong with them, and empty where nothing is.
    fix : str
        How to fix it.
    notes : tuple of str
        What was decided on the way.

    >>> parse_column(pa.array(["1", ""]), "number", Reading()).values.isna().tolist()
    [False, True]
    """

    values: pd.Series[Any]
    bad: Bools
    why: str = ""
    fix: str = ""
    notes: tuple[str, ...] = ()


def _matches(strings: pa.Array, pattern: str) -> Bools:
    """Say which match a pattern of numbers or stamps; a cell of megabytes is told by its length alone."""
    longest = pc.max(pc.binary_length(strings)).as_py() or 0
    if longest > LONGEST:
        strings = pc.if_else(pc.less_equal(pc.binary_length(strings), LONGEST), strings, pa.scalar("", strings.type))
    return np.asarray(pc.fill_null(pc.match_substring_regex(strings, pattern), False))


def _all_match(strings: pa.Array, pattern: str) -> bool:
    """Say whether every one matches; most columns that don't show it in their first rows."""
    return all(_matches(some, pattern).all() for some in (strings[:FIRST], strings[FIRST:]))


def _any_matches(strings: pa.Array, pattern: str) -> bool:
    return any(_matches(some, pattern).any() for some in (strings[:FIRST], strings[FIRST:]))


def _missing(strings: pa.Array, words: bool) -> Bools:
    empty = np.asarray(pc.fill_null(pc.equal(strings, ""), True))
    if words:
        empty = empty | np.asarray(pc.fill_null(pc.is_in(strings, pa.array(MISSING_WORDS)), False))
    return empty


def sniff_decimal(columns: Sequence[pa.Array], separator: str) -> str | None:
    """Decide the decimal mark of a file from all its number-like columns; None where both fit.

    A comma with other than three digits behind it speaks for the comma, a point likewise for the point.

    >>> sniff_decimal([pa.array(["1,5", "2,25"])], ";")
    ','
    >>> sniff_decimal([pa.array(["1,500"])], ";") is None
    True
    """
    votes = {".": False, ",": False}
    doubtful = False
    for strings in columns:
        full = pc.utf8_trim_whitespace(strings.filter(pa.array(~_missing(strings, words=True))))
        if len(full) == 0:
            continue
        if _matches(full[:FIRST], DECIMAL).mean() < NEARLY:
            continue
        like = _matches(full, DECIMAL)
        if like.mean() < NEARLY:
            continue
        full = full if like.all() else full.filter(pa.array(like))  # a few odd cells are told by `guess_kind`
        for mark, other in ((".", r","), (",", r"\.")):
            mark_ = re.escape(mark)
            votes[mark] = (
                votes[mark]
                or _any_matches(full, rf"^[+-]?\d*{mark_}(\d{{1,2}}|\d{{4,}})([eE].*)?$")
                or _any_matches(full, rf"^[+-]?(\d{{4,}}|0?){mark_}\d{{3}}$|{other}\d{{3}}{mark_}\d+$")
            )
        if not any(votes.values()) and separator != ",":
            doubtful = doubtful or _any_matches(full, r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$")
    if votes["."] != votes[","]:
        return "." if votes["."] else ","
    if votes["."] and votes[","]:
        return None
    return None if doubtful and separator != "," else "."


def guess_kind(strings: pa.Array, reading: Reading) -> tuple[Kind, tuple[str, ...]]:  # noqa: C901, PLR0912
    """Say what kind a text column is where nobody declared it; text wherever there is doubt.

    >>> guess_kind(pa.array(["007", "012"]), Reading("."))
    ('text', ("kept as text: codes like '007' would change as numbers",))
    >>> guess_kind(pa.array(["1", "2"]), Reading("."))
    ('integer', ())
    """
    full = strings.filter(pa.array(~_missing(strings, words=True)))
    if len(full) == 0:
        return "text", ()
    if reading.dates is not None and "%y" in reading.dates.lower() and _fit_format(full, reading.dates):
        return "datetime", ()
    if _all_match(full, INTEGER):
        if _fits_int64(full):
            return "integer", ()
        return "text", ("kept as text: some numbers are too large for 64 bits",)
    codes = _matches(full, CODE) & ~_matches(full, r"^[+-]?0[.,]\d*([eE].*)?$")
    numbers = mask_numbers(full, reading.decimal)
    if (numbers | codes).all():
        if codes.any():
            example = full[int(np.flatnonzero(codes)[0])].as_py()
            return "text", (f"kept as text: codes like '{example}' would change as numbers",)
        if _matches(full, LONG).any():
            return "text", ("kept as text: some whole numbers have more digits than a decimal number holds",)
        if reading.decimal is None:
            doubtful = _matches(full, r"[.,]")
            example = full[int(np.argmax(doubtful))].as_py()
            return "text", (f"kept as text: '{example}' fits two readings; pass decimal= to read it as a number",)
        return "number", ()
    if _all_match(full, BOOLEAN):
        return "boolean", ()
    if _all_match(full, ISO):
        zoned = _matches(full, ISO_ZONED) & _matches(full, r"[T ]")
        if not zoned.any() or (zoned.all() and (reading.tz or len(pc.unique(_offsets(full))) == 1)):
            return "datetime", ()
        if not zoned.all():
            return "text", ("kept as text: some stamps have a time zone, the others none",)
        return "text", ("kept as text: time zones are mixed; pass tz= to read them as instants",)
    if reading.dates is not None and "%" in reading.dates:
        read = pd.to_datetime(pd.Series(full.to_pandas()), format=reading.dates, errors="coerce")
        if read.notna().all():
            return "datetime", ()
        return "text", ("kept as text: it does not fit the format of dates=",) if _matches(full, ISO).all() else ()
    if _all_match(full, YEAR_FIRST):
        return "datetime", ()
    if _all_match(full, SHORT):
        order = reading.dates or _date_order(full)
        if order in {"day-first", "month-first"}:
            return "datetime", () if reading.dates else (f"dates read {order}",)
        return "text", ("kept as text: day and month cannot be told apart; pass dates='day-first' or 'month-first'",)
    return "text", _say_why_text(strings, numbers | codes, _matches(full, ISO) | _matches(full, SHORT))


def _fit_format(full: pa.Array, written: str) -> bool:
    """Whether all values are dates of a format; bare years, and years with a month, only of our time."""
    read = pd.to_datetime(pd.Series(full.to_pandas()), format=written, errors="coerce")
    if read.isna().any():
        return False
    whole = any(part in written for part in ("%d", "%j", "%U", "%V", "%W"))
    return whole or bool(read.dt.year.between(1900, 2100).all())


def _say_why_text(strings: pa.Array, numbers: Bools, dates: Bools) -> tuple[str, ...]:
    """Name what keeps a column of numbers or dates from being one."""
    rows = np.flatnonzero(~_missing(strings, words=True))
    full = strings.take(pa.array(rows))
    if odd := _name_others(full, numbers, "number", rows):
        return (f"kept as text: {odd}",)
    percents = _matches(full, PERCENT)
    if percents.any() and (numbers | percents).sum() >= NEARLY * len(full):
        example = quote([" ".join(full[int(np.argmax(percents))].as_py().split())])
        some = f", in {percents.sum():,} of {len(full):,} rows" if (numbers & ~percents).any() else ""
        odd = _name_others(full, numbers | percents, "number", rows)
        told = f"numbers with a percent sign, as {example}{some}; take it off to read them as such"
        return (f"kept as text: {told}{'; ' if odd else ''}{odd}",)
    odd = _name_others(full, dates, "date", rows)
    return (f"kept as text: {odd}",) if odd else ()


def _name_others(full: pa.Array, mask: Bools, kind: str, rows: Ints) -> str:
    """Name the few values that are not of a kind, with their rows; nothing where they are many, or none."""
    if not NEARLY * len(mask) <= mask.sum() < len(mask):
        return ""
    odd = np.flatnonzero(~mask)
    told = dict.fromkeys(full[int(place)].as_py() for place in odd[:20])
    where = ", ".join(str(rows[place] + 1) for place in odd[:5]) + (", ..." if len(odd) > 5 else "")
    verb = f"is no {kind}" if len(odd) == 1 else f"are no {kind}s"
    place = "row" if len(odd) == 1 else "rows"
    return f"{len(odd):,} of {len(mask):,} {verb}: {quote(told)} ({place} {where})"


def parse_column(strings: pa.Array, kind: Kind, reading: Reading) -> Parsed:
    """Read a text column as a kind; rows that cannot be read are marked, not dropped.

    >>> parse_column(pa.array(["1", "x"]), "integer", Reading()).bad.tolist()
    [False, True]
    """
    if kind == "text":
        missing = _missing(strings, words=False)
        values = pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), strings)
        return Parsed(values.to_pandas(), np.zeros(len(strings), dtype=bool))
    strings = pc.utf8_trim_whitespace(strings)
    missing = _missing(strings, words=True)
    words = int((missing & ~_missing(strings, words=False)).sum())
    notes = (f"{words} words like 'NA' read as missing",) if words else ()
    parser = {"integer": _integers, "number": _numbers, "boolean": _booleans, "datetime": _datetimes}[kind]
    parsed = parser(strings, missing, reading)
    return Parsed(parsed.values, parsed.bad, parsed.why, parsed.fix, notes + parsed.notes)


def _fits_int64(full: pa.Array) -> bool:
    try:
        pc.cast(full, pa.int64())
    except pa.ArrowInvalid:
        return False
    return True


def mask_numbers(strings: pa.Array, decimal: str | None = None) -> Bools:
    """Say which texts are numbers, by a decimal mark or, where it is not known, by either.

    >>> mask_numbers(pa.array(["1.5", "1,5", "x", None])).tolist()
    [True, True, False, False]
    """
    marks = [decimal] if decimal else [".", ","]
    mask = np.zeros(len(strings), dtype=bool)
    for mark in marks:
        mask |= _matches(strings, POINT if mark == "." else COMMA) | _matches(strings, GROUPED[mark])
    return mask


def _mask_text(strings: pa.Array, keep: Bools) -> pa.Array:
    return pc.if_else(pa.array(keep), strings, pa.scalar(None, pa.string()))


def _integers(strings: pa.Array, missing: Bools, _: Reading) -> Parsed:
    whole = _matches(strings, r"^[+-]?\d+$") & ~missing
    good = whole & _matches(strings, r"^[+-]?\d{1,19}$")
    texts = pc.replace_substring_regex(_mask_text(strings, good), r"^\+", "")
    try:
        numbers = pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        fits = np.array([text is None or -(2**63) <= int(text) < 2**63 for text in texts.to_pylist()])
        good &= fits
        numbers = pc.cast(_mask_text(texts, good), pa.int64())
    if good.all():
        values: pd.Series[Any] = numbers.to_pandas()
    else:
        raw = pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False)
        values = pd.Series(pd.arrays.IntegerArray(raw.astype(np.int64), ~good))
    bad = ~good & ~missing
    why = "cannot be read as whole numbers" if bad.any() else ""
    if bad.any() and (whole | ~bad).all():
        why = "too large for 64 bits"
    return Parsed(values, bad, why, "Correct them, or declare the column text.")


def _numbers(strings: pa.Array, missing: Bools, reading: Reading) -> Parsed:
    decimal = reading.decimal
    if decimal is None:
        both = (
            (_matches(strings, POINT) | _matches(strings, GROUPED["."]))
            & (_matches(strings, COMMA) | _matches(strings, GROUPED[","]))
            & _matches(strings, r"[.,]")
        )
        if both.any():
            why = "fit two readings: decimal mark or thousands mark"
            return Parsed(
                _nothing(len(strings)),
                both,
                why,
                Fix("Pass ", Argument("decimal", ","), " or ", Argument("decimal", "."), "."),
            )
        decimal = "."
    thousands = "," if decimal == "." else "."
    grouped = _matches(strings, GROUPED[decimal])
    good = (_matches(strings, POINT if decimal == "." else COMMA) | grouped) & ~missing
    texts = _mask_text(strings, good)
    notes: tuple[str, ...] = ()
    if grouped.any():
        texts = pc.replace_substring(texts, thousands, "")
        notes = (f"'{thousands}' read as thousands mark",)
    if decimal == ",":
        texts = pc.replace_substring(texts, ",", ".")
    texts = pc.replace_substring_regex(texts, r"^\+", "")
    values = pc.cast(texts, pa.float64()).to_pandas()
    infinite = np.isinf(values.to_numpy())
    lossy = _lossy(texts)
    bad = (~good & ~missing) | infinite | lossy
    values = values.mask(infinite | lossy)
    if lossy.any() and not ((~good & ~missing) | infinite).any():
        fix = "Declare the column text or integer, so that no digit is lost."
        return Parsed(values, bad, "with more digits than a decimal number holds", fix, notes)
    fix = CORRECT
    commas = _matches(strings, r"^[+-]?\d*,\d+$") & bad
    if decimal == "." and commas.any():
        others = "" if commas.sum() == bad.sum() else ", and correct the others or leave their cells empty"
        fix = Fix(
            "Pass ", Argument("decimal", ","), f" if the comma is the decimal mark{others}; otherwise correct them."
        )
    return Parsed(values, bad, "cannot be read as numbers" if bad.any() else "", fix, notes)


def _lossy(texts: pa.Array) -> Bools:
    """Whole numbers so long that a float would change their last digits."""
    long = _matches(texts, r"^-?\d{16,}$")
    for place in np.flatnonzero(long):
        text = texts[int(place)].as_py()
        number = float(text)
        long[place] = np.isfinite(number) and f"{number:.0f}".lstrip("-") != text.lstrip("-").lstrip("0")
    return long


def _booleans(strings: pa.Array, missing: Bools, _: Reading) -> Parsed:
    lower = pc.utf8_lower(strings)
    yes = np.asarray(pc.fill_null(pc.is_in(lower, pa.array(["true", "t", "yes", "y", "1"])), False))
    no = np.asarray(pc.fill_null(pc.is_in(lower, pa.array(["false", "f", "no", "n", "0"])), False))
    bad = ~(yes | no | missing)
    unknown = missing | bad
    values: pd.Series[Any] = pd.Series(pd.arrays.BooleanArray(yes, unknown)) if unknown.any() else pd.Series(yes)
    return Parsed(values, bad, "cannot be read as true or false" if bad.any() else "", "Write true or false.")


def _date_order(full: pa.Array) -> str | None:
    """Day or month first, from the values; None where both fit or where they contradict each other."""
    if _matches(full, r"^\d{1,2}\.\d{1,2}\.").all():
        return "day-first"
    first = _matches(full, r"^(1[3-9]|2\d|3\d)[./-]").any()
    second = _matches(full, r"^\d{1,2}[./-](1[3-9]|2\d|3\d)[./-]").any()
    if first == second:
        return None
    return "day-first" if first else "month-first"


def _datetimes(strings: pa.Array, missing: Bools, reading: Reading) -> Parsed:
    full = strings.filter(pa.array(~missing))
    iso = _matches(strings, ISO)
    short = np.zeros(len(iso), dtype=bool) if (iso | missing).all() else _matches(strings, SHORT)
    texts = _mask_text(strings, ~missing).to_pandas()
    if reading.dates not in {None, "iso", "day-first", "month-first"}:
        return _parse_stamps(texts, missing, str(reading.dates), "")
    if reading.dates is None and len(full) and (starts := _period_starts(texts)) is not None:
        bad = np.asarray(starts.isna()) & ~missing
        why = "cannot be read as periods" if bad.any() else ""
        return Parsed(
            starts, bad, why, "Correct them: not every year has a week 53.", ("periods read by their first day",)
        )
    if reading.dates in {None, "iso"} and not iso.any() and (years := _matches(strings, YEAR_FIRST)).any():
        return _parse_stamps(texts.where(years), missing, "year-first", "")
    if short.sum() > iso.sum() and reading.dates != "iso":
        order = reading.dates or _date_order(full.filter(pa.array(_matches(full, SHORT))))
        if order is None:
            why = "could be day-first or month-first"
            return Parsed(_nothing(len(strings)), ~missing, why, EITHER_ORDER)
        note = "" if reading.dates else f"dates read {order}"
        return _parse_stamps(texts.where(short), missing, order, note)
    zoned = iso & _matches(strings, ISO_ZONED) & _matches(strings, r"[T ]")
    naive = iso & ~zoned
    if zoned.any() and naive.any():
        fewer = naive if naive.sum() <= zoned.sum() else zoned
        have = "have no time zone while the others have one" if fewer is naive else "have a time zone, the others none"
        return Parsed(_nothing(len(strings)), fewer, have, "Write all stamps with an offset, or none.")
    if zoned.any():
        return _instants(strings, texts.where(iso), iso, missing, reading)
    return _parse_stamps(texts.where(iso), missing, "ISO8601", "")


def _period_starts(texts: pd.Series[Any]) -> pd.Series[Any] | None:
    """First days of periods written as "2023Q1", "2023-01" or "2023-W05"; None where they are not all such."""
    given = texts.dropna()
    for pattern, make in (
        (r"\d{4}-?[Qq][1-4]", lambda found: pd.PeriodIndex(found.str.replace("-", ""), freq="Q").to_timestamp()),
        (r"\d{4}-(?:0[1-9]|1[0-2])", lambda found: pd.to_datetime(found + "-01", format="%Y-%m-%d", errors="coerce")),
        (
            r"\d{4}-?[Ww](?:0[1-9]|[1-4]\d|5[0-3])",
            lambda found: pd.to_datetime(
                found.str.upper().str.replace("-", "") + "1", format="%GW%V%u", errors="coerce"
            ),
        ),
    ):
        if all(some.str.fullmatch(pattern).all() for some in (given[:FIRST], given[FIRST:])):
            starts = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[ns]")
            starts[given.index] = np.asarray(make(given), dtype="datetime64[ns]")
            return starts
    return None


def _parse_stamps(texts: pd.Series[Any], missing: Bools, order: str, note: str) -> Parsed:
    if order in ORDERS:
        texts = texts.str.replace(r"[./-]", "-", regex=True).str.replace("T", " ")
        values = _read_order(texts, order)
    else:
        values = pd.to_datetime(texts, format=order, errors="coerce")
    values = values.mask(off_calendar(values))
    bad = np.asarray(values.isna()) & ~missing
    fix = Fix("Correct them, or give their format, as in ", Argument("dates", "%d/%m/%y"), ".")
    other = {"day-first": "month-first", "month-first": "day-first"}.get(order)
    if other is not None and bad.any() and _read_order(texts[bad], other).notna().all():
        fix = Fix("Pass ", Argument("dates", other), " if all are written so; otherwise correct them.")
    return Parsed(values, bad, "cannot be read as dates" if bad.any() else "", fix, (note,) if note else ())


def _read_order(texts: pd.Series[Any], order: str) -> pd.Series[Any]:
    """Read dates with dashes, with a clock or without, by what comes first in them."""
    date = ORDERS[order]
    values = pd.to_datetime(texts, format=date, errors="coerce")
    for clock in (" %H:%M", " %H:%M:%S"):
        values = values.fillna(pd.to_datetime(texts, format=date + clock, errors="coerce"))
    return values


def _offsets(stamps: pa.Array) -> pa.Array:
    """UTC offsets as written: "Z", "+02:00" or "+0200"; of the few endings that differ, not of every stamp."""
    endings = pc.utf8_slice_codeunits(stamps, -6, None).dictionary_encode()
    offsets = pc.replace_substring_regex(endings.dictionary, r"^.*?(Z|[+-]\d{2}:?\d{2})$", r"\1")
    return offsets.take(endings.indices)


def _instants(
    strings: pa.Array,
    texts: pd.Series[Any],
    iso: Bools,
    missing: Bools,
    reading: Reading,
) -> Parsed:
    offsets = _offsets(_mask_text(strings, iso))
    distinct = pc.value_counts(offsets.drop_null())
    if len(distinct) > 1 and reading.tz is None:
        common = max(distinct.to_pylist(), key=lambda item: item["counts"])["values"]
        other = np.asarray(pc.fill_null(pc.not_equal(offsets, common), False))
        why = f"have another UTC offset than the rest ({common})"
        return Parsed(
            _nothing(len(strings)),
            other,
            why,
            Fix("Pass a zone, as in ", Argument("tz", "Europe/Berlin"), ", to read them as instants."),
        )
    values = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    values = values.mask(off_calendar(values))
    bad = np.asarray(values.isna()) & ~missing
    if reading.tz is not None:
        values = values.dt.tz_convert(reading.tz)
    return Parsed(values, bad, "cannot be read as dates" if bad.any() else "", "Correct them.")


def off_calendar(values: pd.Series[Any]) -> Bools:
    """Stamps outside the years 1 to 9999, or within a day of their ends: no zone can show them.

    >>> off_calendar(pd.Series(pd.to_datetime(["2024-01-31"]))).tolist()
    [False]
    """
    index = pd.DatetimeIndex(values)
    if index.unit == "ns":  # reaches from 1677 to 2262 only
        return np.zeros(len(values), dtype=bool)
    low, high = (int(np.datetime64(day, index.unit).astype(np.int64)) for day in ("0001-01-02", "9999-12-30"))
    stamps = np.asarray(index.asi8)
    return np.asarray(~np.asarray(index.isna()) & ((stamps < low) | (stamps > high)))


def _nothing(length: int) -> pd.Series[Any]:
    return pd.Series(np.full(length, np.nan))
