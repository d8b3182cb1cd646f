"""Compiled loops of the map reader: fields of a message, packed numbers, and elements with their tags and nodes.

The format is that of protocol buffers: https://protobuf.dev/programming-guides/encoding. Files come from anywhere, so
that every place is checked against the end of its message; what does not fit gives -1.
"""

from __future__ import annotations

import numpy as np

from shared.runtime.compile import jit
from shared.typing import Bools, Bytes, Codes, Ints

__all__ = ["count_parts", "list_fields", "read_elements", "unpack_numbers"]

MORE = 0x80  # the bit of a byte that says that its number goes on
NUMBER, LONG, SPAN, SHORT = 0, 1, 2, 5  # how a field is stored
ID, KEYS, VALUES = 1, 2, 3  # fields of a way


@jit(nogil=True)
def _read_number(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where the next one begins."""
    value, shift = np.uint64(0), np.uint64(0)
    while 0 <= at < end and shift < np.uint64(70):
        byte = data[at]
        at += 1
        value |= np.uint64(byte & 0x7F) << shift
        if byte < MORE:
            return np.int64(value), at  # type: ignore[return-value]
        shift += np.uint64(7)
    return -1, -1


@jit(nogil=True)
def list_fields(data: Bytes, at: int, end: int, fields: Ints) -> int:
    """List the fields of a message.

    Parameters
    ----------
    data : numpy.ndarray of uint8
    at, end : int
        Where the message begins and ends.
    fields : numpy.ndarray of int64, shape (n, 3)
        Filled: number of the field, and either its value and -1, or where it begins and ends.

    Returns
    -------
    int
        How many were found; n where there may be more; -1 where this is no message.
    """
    found = 0
    while at < end and found < len(fields):
        tag, at = _read_number(data, at, end)
        kind = tag & 7
        if at < 0:
            return -1
        if kind == NUMBER or kind == SPAN:
            value, at = _read_number(data, at, end)
            if at < 0 or (kind == SPAN and not 0 <= value <= end - at):
                return -1
            fields[found, 0] = tag >> 3
            fields[found, 1] = value if kind == NUMBER else at
            fields[found, 2] = -1 if kind == NUMBER else at + value
            found += 1
            if kind == SPAN:
                at += value
        elif kind == LONG or kind == SHORT:
            at += 8 if kind == LONG else 4
        else:
            return -1
    return found if at <= end else -1


@jit(nogil=True)
def unpack_numbers(data: Bytes, at: int, end: int, signed: bool) -> tuple[Ints, bool]:
    """Unpack numbers that stand one after the other.

    Parameters
    ----------
    data : numpy.ndarray of uint8
    at, end : int
    signed : bool
        Whether the lowest bit is the sign.

    Returns
    -------
    numpy.ndarray of int64
    bool
        Whether that is what was there.
    """
    n = 0
    for place in range(at, end):
        n += data[place] < MORE
    found = np.zeros(n, dtype=np.int64)
    for k in range(n):
        value, at = _read_number(data, at, end)
        if at < 0:
            return found, False
        found[k] = (value >> 1) ^ -(value & 1) if signed else value
    return found, at == end


@jit(nogil=True)
def count_parts(data: Bytes, spans: Ints, ref_field: int) -> tuple[int, int]:
    """Count the tags and nodes of elements.

    Parameters
    ----------
    data : numpy.ndarray of uint8
    spans : numpy.ndarray of int64, shape (n, 2)
        Where each element's message begins and ends.
    ref_field : int
        Field that holds the nodes.
    """
    n_tags, n_refs = 0, 0
    for k in range(len(spans)):
        at, end = spans[k, 0], spans[k, 1]
        while at < end:
            tag, at = _read_number(data, at, end)
            kind, field = tag & 7, tag >> 3
            if at >= 0 and (kind == NUMBER or kind == SPAN):
                value, at = _read_number(data, at, end)
            else:
                value = 8 if kind == LONG else 4 if kind == SHORT else -1
            if at < 0 or (kind != NUMBER and not 0 <= value <= end - at):
                return -1, -1
            if kind == NUMBER:
                continue
            if kind == SPAN and (field == KEYS or field == ref_field):
                n = 0
                for place in range(at, at + value):
                    n += data[place] < MORE
                if field == KEYS:
                    n_tags += n
                else:
                    n_refs += n
            at += value
    return n_tags, n_refs


@jit(nogil=True)
def read_elements(
    data: Bytes, spans: Ints, n_tags: int, n_refs: int, ref_field: int
) -> tuple[Ints, Ints, Codes, Codes, Ints, Ints, Bools]:
    """Read elements whose parts were counted.

    Parameters
    ----------
    data, spans, ref_field
        See `count_parts`.
    n_tags, n_refs : int
        What it gave.

    Returns
    -------
    ids : numpy.ndarray of int64, shape (n,)
    tag_starts, keys, values : numpy.ndarray
        Where each element's tags begin, and numbers of their texts.
    ref_starts, refs : numpy.ndarray of int64
        Where each element's nodes begin, and which they are.
    fits : numpy.ndarray of bool, shape (n,)
        Whether an element is as it should be.
    """
    n = len(spans)
    ids, fits = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.bool_)
    tag_starts, ref_starts = np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
    keys, values = np.zeros(n_tags, dtype=np.int32), np.zeros(n_tags, dtype=np.int32)
    refs = np.zeros(n_refs, dtype=np.int64)
    n_keys, n_read = 0, 0
    for k in range(n):
        at, end = spans[k, 0], spans[k, 1]
        n_values = tag_starts[k]
        while at < end:
            tag, at = _read_number(data, at, end)
            kind, field = tag & 7, tag >> 3
            if kind == LONG or kind == SHORT:
                at += 8 if kind == LONG else 4
                continue
            value, at = _read_number(data, at, end)
            if kind == NUMBER:
                if field == ID:
                    ids[k] = value
                continue
            stop = at + value
            last = 0
            while at < stop and (field == KEYS or field == VALUES or field == ref_field):
                value, at = _read_number(data, at, stop)
                if at < 0:
                    break
                if field == KEYS and n_keys < n_tags:
                    keys[n_keys] = value
                    n_keys += 1
                elif field == VALUES and n_values < n_tags:
                    values[n_values] = value
                    n_values += 1
                elif field == ref_field and n_read < n_refs:
                    last += (value >> 1) ^ -(value & 1)
                    refs[n_read] = last
                    n_read += 1
            if at < 0:
                fits[k] = False
            at = stop
        tag_starts[k + 1], ref_starts[k + 1] = n_keys, n_read
        fits[k] &= n_values == n_keys
    return ids, tag_starts, keys, values, ref_starts, refs, fits
