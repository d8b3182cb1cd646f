"""The tables that the catalogue report speaks from: right neighbours by item, and what every item's nearest is like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_studies.common.claims import claim_of
from case_studies.common.pairs import compare_pairs
from shared.evaluation import Comparison
from shared.reporting import Claim, Evidence

from .alike import Alike
from .check import BY_CHANCE, EQUAL, LEARNT, TEXTS, WORDS, Trial
from .items import Items
from .settings import CatalogueSettings

__all__ = ["RIGHT", "Tables", "way_in_words"]

RIGHT = "right neighbours"


def way_in_words(way: str) -> str:
    """Name a way to find neighbours within a sentence.

    Parameters
    ----------
    way : str

    >>> way_in_words("genre alone"), way_in_words("all together, equal weights")
    ('“genre” alone', 'all columns with equal weights')
    """
    if way == BY_CHANCE:
        return way
    if way in {EQUAL, LEARNT}:
        return f"all columns with {way.partition(', ')[2]}"
    if way in {WORDS, TEXTS}:
        return f"the {way}"
    return f"“{way.removesuffix(' alone')}” alone"


@dataclass(frozen=True)
class Tables:
    """What the report's sentences are worked out from, as the run keeps it.

    Attributes
    ----------
    judged : pandas.DataFrame
        A row an item judged and way to find neighbours: the share of its neighbours that is right.
    nearest : pandas.DataFrame
        A row an item: how like its nearest is, and whether that is nothing at all.
    pairs : tuple of Comparison
        The way that the lists go by beside chance, the simplest way and equal weights; none without a trial.

    >>> Tables(pd.DataFrame(), pd.DataFrame()).against("genre alone") is None
    True
    """

    judged: pd.DataFrame
    nearest: pd.DataFrame
    pairs: tuple[Comparison, ...] = ()

    @classmethod
    def of(cls, trial: Trial | None, alike: Alike, items: Items, settings: CatalogueSettings) -> Tables:
        """Make them from the results.

        Parameters
        ----------
        trial : Trial, optional
        alike : Alike
        items : Items
        settings : CatalogueSettings
        """
        nearest = pd.DataFrame({"item": items.keys, "closeness": alike.closest.astype(float)})
        nearest["alone"] = nearest["closeness"] < settings.lonely
        if trial is None:
            return cls(pd.DataFrame({"model": [], "metric": [], "whose": [], "value": [], "third": []}), nearest)
        ways = [name for name in trial.shares.columns if name != "third"]
        parts = [
            pd.DataFrame(
                {
                    "model": way,
                    "metric": RIGHT,
                    "whose": trial.shares.index.astype(str),
                    "value": trial.shares[way].to_numpy(dtype=float),
                    "third": trial.shares["third"].to_numpy(),
                }
            )
            for way in ways
        ]
        rivals = [BY_CHANCE, *(name for name in dict.fromkeys((trial.best_single, EQUAL)) if name in trial.leads)]
        judged = pd.concat(parts, ignore_index=True)
        pairs = compare_pairs(judged, trial.used, rivals, metric=RIGHT, by="whose", unit="items")
        return cls(judged, nearest, tuple(pairs))

    def kept(self) -> dict[str, pd.DataFrame]:
        """The tables by the name of their files."""
        return {"judged": self.judged, "nearest": self.nearest}

    def by(self, way: str) -> Evidence:
        """Items judged, by one way to find neighbours."""
        return Evidence("judged", self.judged, {"model": way, "metric": RIGHT})

    def against(self, way: str) -> Comparison | None:
        """The way that the lists go by beside another; None where they were not compared."""
        return next((one for one in self.pairs if one.against == way), None)

    def judge(self, way: str) -> Claim:
        """The same as a sentence."""
        item = self.against(way)
        if item is None:
            return Claim("")
        called = ("this way", way_in_words(item.against))
        return claim_of(item, "judged", called=called, name=RIGHT, split="whose")

    @property
    def beats_chance(self) -> bool:
        """Whether the neighbours are shown to be right more often than items drawn by chance."""
        item = self.against(BY_CHANCE)
        return item is not None and item.outcome == "better"

    def count_alone(self) -> int:
        """Items that nothing is like."""
        return int(np.sum(self.nearest["alone"]))
