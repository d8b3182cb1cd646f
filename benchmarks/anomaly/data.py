"""The ten sets, as the figures in the literature take them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from shared.typing import Floats, Ints

__all__ = ["read_sets"]

MOST_ROWS = 10_000


def read_sets(folder: Path, most: int = MOST_ROWS) -> Iterator[tuple[str, Floats, Ints]]:
    """Read each set without its constant columns; above `most` rows a sample of as many, stratified by the label."""
    for path in sorted(folder.glob("*.npz")):
        stored = np.load(path)
        X, y = stored["X"].astype(float), stored["y"].astype(np.int64)
        X = X[:, X.std(axis=0) > 0]
        if len(X) > most:
            kept, _ = train_test_split(np.arange(len(X)), train_size=most, stratify=y, random_state=0)
            X, y = X[kept], y[kept]
        yield path.stem.split("_", 1)[1], X, y
