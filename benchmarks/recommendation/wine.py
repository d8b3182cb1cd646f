"""More like this among wines: whether the nearest notes are of the same variety, whose name is masked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.recommendation.lists import best
from domains.recommendation import ItemSpace, TextEncoder
from shared.typing import Bools, Ints, Reals

__all__ = ["encode_notes", "read_notes", "wine"]

N_DISTINCT, FEWEST = 2000, 20
ATTRIBUTES = ["country", "province", "region_1", "price", "points"]


def read_notes(folder: Path) -> pd.DataFrame:
    """The first 2,000 distinct notes, of varieties with at least 20 of them; "masked" lacks words of varieties' names."""
    table = pd.read_csv(folder / "wine" / "wine_5k.csv.gz").drop_duplicates("description").head(N_DISTINCT)
    counts = table["variety"].value_counts()
    table = table[table["variety"].isin(counts.index[counts >= FEWEST])].reset_index(drop=True)
    words = {word.lower() for name in table["variety"].unique() for word in re.findall(r"\w+", name) if len(word) > 3}
    pattern = re.compile(
        r"\b(" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + r")\b", re.IGNORECASE
    )
    return table.assign(masked=[pattern.sub(" ", text) for text in table["description"]])


def wine(folder: Path) -> dict[str, float]:
    """Share of ten neighbours of the same variety, on the half whose labels nothing was learnt from."""
    table = read_notes(folder)
    varieties = pd.factorize(table["variety"])[0]
    learnt = np.random.default_rng(0).random(len(table)) < 0.5
    print(f"{len(table):,} notes of {len(np.unique(varieties))} varieties")
    vectors = encode_notes(table["masked"].tolist())
    labels = [name if known else None for name, known in zip(table["variety"], learnt, strict=True)]
    space = ItemSpace(text="masked", key="id").fit(table[["id", "masked", *ATTRIBUTES]], labels)
    bare = ItemSpace(attributes=ATTRIBUTES, key="id").fit(table[["id", *ATTRIBUTES]], labels)
    every = np.arange(len(table))
    print(f"weights: { ({name: round(one, 2) for name, one in space.weights_.items()}) }")
    return {
        "wine_text": same(vectors @ vectors.T, varieties, ~learnt),
        "wine_hybrid": same(space.similarity(every), varieties, ~learnt),
        "wine_attributes": same(bare.similarity(every), varieties, ~learnt),
    }


def encode_notes(texts: list[str], **options: Any) -> Reals:
    """Vectors of notes by the default encoder."""
    found: Reals = TextEncoder(**options).fit_transform(texts)
    return found


def same(similarity: Reals, kinds: Ints, rows: Bools) -> float:
    """Share of the ten nearest of some rows that are of their kind."""
    near = np.array(similarity, dtype=float)
    np.fill_diagonal(near, -np.inf)
    return float((kinds[best(near[rows])] == kinds[rows][:, None]).mean())
