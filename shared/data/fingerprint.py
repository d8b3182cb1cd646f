"""A table's fingerprint: the same values give the same one, under every version of pandas."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["fingerprint"]


def fingerprint(frame: pd.DataFrame) -> str:
    """SHA-256 of a table's column names and values; independent of the pandas version and of the index.

    Parameters
    ----------
    frame : pandas.DataFrame, or what has ``to_frame()``

    Returns
    -------
    str
        64 hexadecimal digits.

    >>> a = pd.DataFrame({"a": [1.0, 2.0]})
    >>> fingerprint(a) == fingerprint(a.copy()), fingerprint(a) == fingerprint(a + 1)
    (True, False)
    """
    frame = frame if isinstance(frame, pd.DataFrame) else frame.to_frame()
    digest = hashlib.sha256()
    for name in frame.columns:
        digest.update(f"{name}\0".encode(errors="surrogatepass"))
        for part in _parts(frame[name]):
            digest.update(part)
    return digest.hexdigest()


def _parts(values: pd.Series[Any]) -> list[bytes]:
    """Bytes of a column: its values, and where any are missing the places of those."""
    missing = values.isna().to_numpy()
    gaps = [missing.tobytes()] if missing.any() else []
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        stamps = values.to_numpy()
        whole = stamps.astype("datetime64[us]").astype(np.int64)
        rest = stamps.astype(np.int64) % 1000 if stamps.dtype == np.dtype("datetime64[ns]") else whole * 0
        rest = np.where(missing, 0, rest)
        return [np.where(missing, 0, whole).tobytes(), rest.tobytes() if rest.any() else b"", *gaps]
    if pd.api.types.is_bool_dtype(dtype):
        return [values.astype("boolean").fillna(value=False).to_numpy(dtype=bool).tobytes(), *gaps]
    if pd.api.types.is_integer_dtype(dtype):
        kind = np.uint64 if pd.api.types.is_unsigned_integer_dtype(dtype) else np.int64
        return [(values.fillna(0) if missing.any() else values).to_numpy(dtype=kind).tobytes(), *gaps]
    if pd.api.types.is_float_dtype(dtype):
        return [np.where(missing, 0.0, values.to_numpy(dtype=float, na_value=0.0)).tobytes(), *gaps]
    if (texts := _texts(values)) is not None:
        return [*texts, *gaps]
    plain = values.astype(object).where(~missing, "")
    try:
        codes, uniques = pd.factorize(plain)
    except TypeError:  # lists and mappings
        codes, uniques = pd.factorize(plain.map(lambda value: repr(getattr(value, "tolist", lambda: value)())))
    lines = [str(value).encode(errors="surrogatepass") for value in uniques]
    lengths = np.array([len(line) for line in lines], dtype=np.int64)
    return [codes.astype(np.int64).tobytes(), lengths.tobytes(), *lines, *gaps]


def _texts(values: pd.Series[Any]) -> list[bytes] | None:
    """The same for a column of text, without a Python object for every value; None where it holds other things."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        encoded = pc.dictionary_encode(pc.fill_null(pa.array(values, pa.large_string()), ""))
    except (pa.ArrowException, TypeError, ValueError):
        return None
    chunks = encoded.chunks if isinstance(encoded, pa.ChunkedArray) else [encoded]
    if len(chunks) != 1:
        return None
    lines = [line.encode(errors="surrogatepass") for line in chunks[0].dictionary.to_pylist()]
    lengths = np.array([len(line) for line in lines], dtype=np.int64)
    return [chunks[0].indices.to_numpy(zero_copy_only=False).astype(np.int64).tobytes(), lengths.tobytes(), *lines]
