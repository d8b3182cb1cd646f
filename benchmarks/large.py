"""Tables near and beyond memory: a panel of 50 million rows is read, checked and summarised; a CSV of 5 GB is refused.

Run it with: python -m benchmarks.large [--rows 50000000] [--folder FOLDER]. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shared.data import Panel, read_chunks, read_table
from shared.errors import DataError

LENGTH = 1_000
AT_ONCE = 1_000
CSV_BYTES = 5 * 10**9


def write_panel(path: Path, rows: int) -> None:
    """Write hourly series of 1,000 rows each, some at a time."""
    schema = pa.schema([("unique_id", pa.string()), ("ds", pa.timestamp("us")), ("y", pa.float64())])
    stamps = np.datetime64("2024-01-01", "us") + np.arange(LENGTH) * np.timedelta64(3600 * 10**6, "us")
    rng = np.random.default_rng(0)
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, rows // LENGTH, AT_ONCE):
            number = min(AT_ONCE, rows // LENGTH - first)
            keys = np.repeat([f"series-{place:06d}" for place in range(first, first + number)], LENGTH)
            values = rng.normal(100, 10, size=number * LENGTH).round(2)
            writer.write_table(
                pa.table([pa.array(keys), pa.array(np.tile(stamps, number)), pa.array(values)], schema=schema)
            )


def peak_gb() -> float:
    """Largest memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        csv = folder / "large.csv"
        with csv.open("wb") as file:
            file.write(b"unique_id,ds,y\n")
            file.truncate(CSV_BYTES)
        before, start = peak_gb(), time.perf_counter()
        try:
            read_table(csv)
            refused = ""
        except DataError as error:
            refused = str(error)
        csv_seconds, csv_memory = time.perf_counter() - start, peak_gb() - before
        csv.unlink()
        print(refused)
        path = folder / "panel.parquet"
        write_panel(path, given.rows)
        start = time.perf_counter()
        parts = sum(len(part) for part in read_chunks(path, rows=1_000_000))
        in_parts, in_parts_peak = time.perf_counter() - start, peak_gb()
        start = time.perf_counter()
        panel = Panel.from_frame(read_table(path))
        print(panel.summary().explain())
        seconds = time.perf_counter() - start
    figures = {
        "rows": len(panel.values),
        "seconds": round(seconds, 1),
        "peak_gb": round(peak_gb(), 2),
        "rows_in_parts": parts,
        "seconds_in_parts": round(in_parts, 1),
        "peak_gb_in_parts": round(in_parts_peak, 2),
        "csv_refused": bool(refused),
        "csv_seconds": round(csv_seconds, 3),
        "csv_gb": round(csv_memory, 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
