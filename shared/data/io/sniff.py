"""What a CSV file is made of: separator, header, rows; guessed only where one reading fits."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pacsv

from shared.data.io.limits import MAX_COLUMNS, MAX_HEADER
from shared.data.io.sources import fail, read_text
from shared.errors import Argument, Fix, Problems, quote
from shared.text import count_of

__all__ = ["RawTable", "check_header", "parse_csv", "sniff_separator"]

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# Signs that some programs put between columns; only asked about, because they stand in texts, too.
RARE_SEPARATORS = "^~#!*&\\\x01\x1f"
MAX_TITLES = 10
SAMPLE_LINES = 200
# What stands at the beginning of a file, at that of a later line; it begins with the mark, which is found at once.
JOINT = re.compile(rb"%s(?<=[\r\n]%s)(?:%s)*" % ((codecs.BOM_UTF8,) * 3))
SAMPLE_CHARACTERS = 1 << 20
DATA_LIKE = re.compile(r"\s*([+-]?[\d.,]+([eE][+-]?\d+)?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T][\d:.+Z-]*)?)\s*")


@dataclass(frozen=True)
class RawTable:
    """A parsed CSV with every value still text.

    Parameters
    ----------
    table : pyarrow.Table
        String columns in file order.
    rows : list of int
        Number of each dropped ragged row, counted from 1 below the header.
    notes : tuple of str
        What was left out above the header, or taken off.

    >>> RawTable(pa.table({"a": ["1"]}), ",").dropped
    ()
    """

    table: pa.Table
    separator: str
    dropped: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def sniff_separator(text: str, name: str = "table") -> str:
    r"""Find the separator that gives header and rows the same number of fields.

    Raises
    ------
    DataError
        Two separators fit equally well.

    >>> sniff_separator("a;b\n1,5;2\n")
    ';'
    """
    head = text[:SAMPLE_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    lines = head.split("\n", SAMPLE_LINES)[:SAMPLE_LINES]
    if len(text) > SAMPLE_CHARACTERS and len(lines) > 1:
        lines = lines[:-1]  # perhaps cut in the middle
    sample = io.StringIO("\n".join(lines))
    scores: dict[str, tuple[float, int]] = {}
    for separator in SEPARATORS:
        sample.seek(0)
        try:
            widths = [len(row) for row in _rows(sample, separator) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            body = widths[1:] or widths
            scores[separator] = (Counter(body)[widths[0]] / len(body), widths[0])
    if not scores:
        return ","
    ranked = sorted(scores, key=lambda separator: scores[separator][0], reverse=True)
    best = scores[ranked[0]]
    if len(ranked) > 1 and scores[ranked[1]][0] == best[0] > 0:
        both = " and ".join(SEPARATORS[separator] for separator in ranked[:2])
        raise fail(name, f"two separators fit: {both}", "Pass separator= to say which one it is.")
    return ranked[0]


def _rows(lines: Iterable[str], separator: str, *, strict: bool = False) -> Iterator[list[str]]:
    """Rows of the standard library's reader, for fields of any length."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        yield from csv.reader(lines, delimiter=separator, strict=strict)
    finally:
        csv.field_size_limit(limit)


def parse_csv(data: bytes, name: str, separator: str | None, *, drop_ragged: bool) -> RawTable:
    r"""Split UTF-8 CSV into columns of text, and refuse what would shift or lose a value.

    Raises
    ------
    DataError
        Ragged rows, repeated or empty column names, no header, or a quote that is never closed.

    >>> parse_csv(b"a,b\n1,2\n", "t.csv", None, drop_ragged=False).table.to_pydict()
    {'a': ['1'], 'b': ['2']}
    """
    asked = separator
    data, notes = _without_extras(data, name, separator)
    text = data.decode()
    separator = separator or sniff_separator(text, name)
    if text.count('"') % 2:
        line = text[: text.rindex('"')].count("\n") + 1
        raise fail(
            name,
            f"a quote is opened and never closed; the last one is in line {line}",
            "Close it, or double it.",
        )
    if '"' in text:
        _check_quotes(text, name, separator)
    header = _header(text, name, separator)
    ragged: list[tuple[int, int, int]] = []

    def skip(row: pacsv.InvalidRow) -> str:
        ragged.append((row.number or 0, row.actual_columns, row.expected_columns))
        return "skip"

    try:
        table = pacsv.read_csv(
            io.BytesIO(data),
            read_options=pacsv.ReadOptions(use_threads=False, block_size=max(1 << 20, len(data) + 1)),
            parse_options=pacsv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                invalid_row_handler=skip,
                ignore_empty_lines=len(header) > 1,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
    except MemoryError:  # Arrow has one of its own, which is an error of Arrow, too
        raise
    except pa.ArrowException as error:
        if len(text.splitlines()) == 1:
            raise fail(name, "the table has a header but no rows", "Give at least one row.") from error
        raise fail(name, f"the table cannot be split into columns ({error})", "Check quotes and separators.") from error
    if table.column_names != header:
        raise fail(name, "the header can be read in two ways", "Write each column's name plainly in the first line.")
    if asked is None and len(header) == 1:
        _refuse_one_column(table.column(0).to_pylist(), header[0], name)
    numbers = tuple(number - 1 for number, _, _ in ragged)
    _check_ragged(ragged, numbers, table.num_rows, name, drop=drop_ragged)
    if table.num_rows == 0:
        raise fail(name, "the table has a header but no rows", "Give at least one row.")
    names = [column.strip() for column in table.column_names]
    return RawTable(table.rename_columns(names), separator, numbers, tuple(notes))


def _without_extras(data: bytes, name: str, separator: str | None) -> tuple[bytes, list[str]]:
    """Take off what belongs to no table: blank lines and titles above the header, marks where files were joined."""
    notes: list[str] = []
    while data[:1] in {b"\r", b"\n"} or data.startswith(codecs.BOM_UTF8):  # blank lines above the header name no column
        data = data.lstrip(b"\r\n").removeprefix(codecs.BOM_UTF8)
    if (first := data.partition(b"\n")[0].partition(b"\r")[0]) and len(first) > MAX_HEADER:
        raise fail(
            name, f"the first line has {len(first):,} characters", "Give one line of column names, and rows below."
        )
    if codecs.BOM_UTF8 in data:
        whole, data = len(data), JOINT.sub(b"", data)
        if marks := (whole - len(data)) // len(codecs.BOM_UTF8):
            notes.append(f"files were joined here: {count_of(marks, 'mark')} of the beginning of one taken off")
    titles, above = _titles(data[: 4 * SAMPLE_CHARACTERS].decode(errors="ignore"), separator)
    if titles:
        data = b"".join(data.splitlines(keepends=True)[titles:]) if titles else data
        notes.append(f"{count_of(titles, 'line')} above the header left out: {quote(above)}")
    return data, notes


def _check_ragged(
    ragged: list[tuple[int, int, int]], numbers: tuple[int, ...], n_rows: int, name: str, *, drop: bool
) -> None:
    """Refuse rows of another number of fields than the header has, unless few are to be left out."""
    most = len(ragged) > n_rows
    if not ragged or (drop and not most):
        return
    actual, expected = ragged[0][1:]
    leave_out = Fix(
        "Quote fields that hold the separator, or pass ", Argument("repair", "drop_ragged_rows"), " to leave them out."
    )
    problems = Problems(name)
    problems.add(
        f"{len(ragged):,} {'row has' if len(ragged) == 1 else 'rows have'} another number of fields than the header"
        f" ({expected}); the first has {actual}",
        rows=numbers,
        count=len(ragged),
        fix="Quote fields that hold the separator, or give every column a name in the first line."
        if most
        else leave_out,
    )
    problems.raise_if_any()


def _titles(text: str, separator: str | None) -> tuple[int, list[str]]:
    """Lines above the header that belong to no table, such as a title, and what they say; none where in doubt."""
    lines = text[:SAMPLE_CHARACTERS].splitlines(keepends=True)[:SAMPLE_LINES]
    best: tuple[int, int] = (0, 0)
    for mark in [separator] if separator else SEPARATORS:
        reader = csv.reader(io.StringIO("".join(lines), newline=""), delimiter=mark)
        try:
            rows = [(row, reader.line_num) for row in reader if any(row)]
        except csv.Error:
            continue
        widths = [len(row) for row, _ in rows]
        if widths and widths[0] > 1 and widths.count(widths[0]) >= 0.9 * len(widths):
            return 0, []  # the first line fits the others
        for place in range(1, min(MAX_TITLES, len(rows) - 1) + 1):
            width, rest = widths[place], widths[place:]
            named = [cell.strip() for cell in rows[place][0]]
            is_header = all(named) and len(set(named)) == width and not any(map(DATA_LIKE.fullmatch, named))
            fewer = all(one < width for one in widths[:place])
            if width > 1 and fewer and is_header and len(rest) > 1 and rest.count(width) >= 0.9 * len(rest):
                best = max(best, (width, rows[place - 1][1]))
                break
    _, count = best
    return count, [line.strip() for line in lines[:count] if line.strip()]


def _refuse_one_column(values: list[str], header: str, name: str) -> None:
    """Refuse one column in which every line is a table's row: quoted as a whole, or with a separator of its own."""
    sample = [value for value in values[:SAMPLE_LINES] if value]
    for mark in (*SEPARATORS, *RARE_SEPARATORS):
        count = header.count(mark)
        if not count or not sample or any(value.count(mark) != count for value in sample):
            continue
        if mark in SEPARATORS:
            raise fail(
                name,
                f"every line is one quoted field that holds {count_of(count, SEPARATORS[mark])}",
                f"Write the file without quotes around whole lines; if it is one column, pass separator={mark!r}.",
            )
        raise fail(
            name,
            f"there is one column, in whose every line {quote([mark])} stands {count_of(count, 'time')}",
            f"If it parts the columns, pass separator={mark!r}; if it is one column, separator=','.",
        )


def check_header(
    head: bytes, name: str, separator: str | None, encoding: str | None
) -> tuple[list[str], str, int, int]:
    r"""Column names, separator, usual length of a row, and lines up to the first row, of the first part of a CSV file.

    Raises
    ------
    DataError
        As `parse_csv` does for the header.

    >>> check_header(b"a;b\n1;2\n", "t.csv", None, None)
    (['a', 'b'], ';', 4, 1)
    """
    lines = head.splitlines(keepends=True)
    whole = b"".join(lines[:-1]) if len(lines) > 1 else head  # the last line may be cut
    text = read_text(whole, name, encoding).data.decode()
    separator = separator or sniff_separator(text, name)
    header = _header(text, name, separator)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    while not next(reader):
        pass
    return (
        [column.strip() for column in header],
        separator,
        max(1, len(whole) // max(1, len(lines) - 1)),
        reader.line_num,
    )


def _check_quotes(text: str, name: str, separator: str) -> None:
    """Refuse a quote that is closed in the middle of a field: two open quotes would swallow the rows between them."""
    lines = io.StringIO(text, newline="")
    place = 0

    def count_fields() -> Iterator[str]:
        nonlocal place
        for line in lines:
            place += 1
            yield line

    try:
        for _ in _rows(count_fields(), separator, strict=True):
            pass
    except csv.Error as error:
        if "expected after" in str(error):
            raise fail(
                name,
                f"a quote closes in the middle of a field, up to line {place}",
                "Close quotes at the end, or double them.",
            ) from error


def _header(text: str, name: str, separator: str) -> list[str]:
    try:
        header = next(row for row in _rows(io.StringIO(text, newline=""), separator) if row)
    except (csv.Error, StopIteration) as error:
        raise fail(
            name, f"the header cannot be read ({str(error) or 'there is none'})", "Check the first line."
        ) from error
    stripped = [column.strip() for column in header]
    problems = Problems(name)
    if len(stripped) > MAX_COLUMNS:
        raise fail(
            name, f"the table has {len(stripped):,} columns, more than {MAX_COLUMNS:,}", "Give one row a value instead."
        )
    repeated = [column for column, count in Counter(stripped).items() if count > 1 and column]
    if repeated:
        problems.add(f"repeated column names: {quote(repeated)}", fix="Give every column a name of its own.")
    empty = [place for place, column in enumerate(stripped, 1) if not column]
    if empty:
        problems.add(
            f"{count_of(len(empty), 'column has', 'columns have')} no name (place {quote(empty)})",
            fix="Name them or remove them.",
        )
    if all(DATA_LIKE.fullmatch(column) for column in stripped if column) and any(stripped):
        problems.add("the first line looks like data, not like column names", fix="Add a header line.")
    problems.raise_if_any()
    return header
