"""The tables of the study of sites: the user's own, or made from the map."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import pandas as pd

from case_studies.common.column_mapping import Columns
from case_studies.common.map_file import load_map, set_on_streets
from case_studies.common.town import name_crossings, name_streets, usual_speed
from domains.geodata import Positions
from shared.errors import DataError, Problem, SettingsError
from shared.reporting import Run
from shared.text import count_of, join_words
from shared.typing import Floats

from .datasets import list_demand
from .rivals import mark_own, pick_open
from .settings import MAP, SiteSettings
from .spots import make_spots

__all__ = ["Reader"]

Kept = TypeVar("Kept", bound=Columns)
MADE = "Demand is made from the addresses and places of the map."
FEW = 30  # addresses and places, below which a map says nothing of demand


class Reader:
    """Reads one table after the other, makes from the map what is not given, and gathers what is to be told.

    Parameters
    ----------
    out : Run
    settings : SiteSettings

    Attributes
    ----------
    notes, read : list of str
        What was left out, and how tables were read.
    sized : set of str
        Tables that say how attractive each row is.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sites, where = Reader(Run("site", Path(folder), "A site"), SiteSettings(own="Espresso House")).open()
    >>> len(sites) == len(where), int(sites["own"].sum())
    (True, 7)
    """

    def __init__(self, out: Run, settings: SiteSettings) -> None:
        self.out, self.settings = out, settings
        self.town = load_map(out, MAP, streets=[settings.mode])
        self.network = self.town.streets(settings.mode)
        self.notes: list[str] = []
        self.read: list[str] = []
        self.sized: set[str] = set()

    def place(self, table: pd.DataFrame, source: str, what: str, **columns: str) -> tuple[pd.DataFrame, Positions]:
        """Set a table on the streets; rows that are too far from any are left out, and told."""
        most = self.settings.max_snap
        found = set_on_streets(self.network, table, source, max_snap=most, **columns)
        on = found.snapped
        if not on.all():
            lost = count_of(int((~on).sum()), what)
            self.notes.append(f"{lost} further than {most:g} m from any street of the map: left out")
        return pd.DataFrame(table[on]).reset_index(drop=True), found.take(on)

    def keep(self, asked: Kept, table: pd.DataFrame) -> Kept:
        """The roles that a table fills; what is lost for want of the others is told."""
        kept = asked.keep(table.columns)
        self.read += kept.explain_missing()
        return kept

    def customers(self) -> tuple[pd.DataFrame, Positions, Floats, str, str]:
        """Customers with their weights, what these are called, and how they were made."""
        asked = self.settings.columns
        source = unit = ""
        if "" in self.out.files:
            table, reading = self.out.load_table("helsinki_demand", self.settings.own_table())
            self.read.append(reading.explain())
            asked = self.keep(asked, table)
            columns = [name for role in asked.roles() for name in asked.columns_of(role)]
            table, name, unit = pd.DataFrame(table[columns]), reading.source, asked.weight
        else:
            table = list_demand(self.town, self.settings.demand, self.settings.category)
            if len(table) < FEW:
                what = f"holds {len(table):,} addresses and places to make demand of, too few"
                fix = "Give a table of customers: --data customers=FILE."
                raise DataError(self.town.source, [Problem(what, fix=fix)])
            source, name = MADE, "demand"
            roles = {role: getattr(asked, role) or role for role in asked.roles()}
            table = table.rename(columns=roles)
            asked = asked.model_copy(update=roles)
        kept, at = self.place(table, name, "row of customers", lon=asked.lon, lat=asked.lat)
        weights = kept[asked.weight].to_numpy(dtype=float) if asked.weight else np.ones(len(kept))
        if not weights.sum() > 0:
            fix = "Give at least one number above 0."
            raise DataError(name, [Problem("adds up to no demand at all", column=asked.weight or None, fix=fix)])
        return kept, at, weights, unit, source

    def spots(self, guard: float) -> tuple[pd.DataFrame, Positions, str]:
        """Where one might open, and how that was made."""
        told = ""
        if "candidates" in self.out.files:
            asked = self.settings.columns.candidates
            schema = asked.table_schema("columns.candidates")
            given, reading = self.out.load_table(MAP, schema, table="candidates")
            self.read.append(reading.explain())
            table, source = self._take(given, self.keep(asked, given), ("name",), "spots"), reading.source
        else:
            table, told = make_spots(self.town, self.network, self.settings, guard * usual_speed(self.network))
            table, source = table.assign(size=1.0), self.town.source
        setting = "columns.candidates"
        kept, at = self.place(table, source, "spot", lon="lon", lat="lat", setting=setting)
        names = kept["name"].fillna("").astype(str).str.strip()
        kept["spot"] = np.where(names != "", names, name_crossings(self.network, at))
        if len(kept) <= self.settings.n:
            what = f"holds {count_of(len(kept), 'spot')}, and {self.settings.n} are to be chosen"
            raise DataError(source, [Problem(what, fix="Give more spots, or choose fewer: --set n=1.")])
        return kept[["spot", "lon", "lat", "size"]], at, told

    def open(self) -> tuple[pd.DataFrame, Positions]:
        """Sites that are open today."""
        settings = self.settings
        if "sites" in self.out.files:
            asked = settings.columns.sites
            given, reading = self.out.load_table(MAP, asked.table_schema("columns.sites"), table="sites")
            self.read.append(reading.explain())
            table, source = self._take(given, self.keep(asked, given), ("name", "brand"), "open"), reading.source
            table["key"] = table["name"]
            table["own"] = mark_own(table, settings.own)
            if settings.rivals:
                table = table[table["own"] | mark_own(table, settings.rivals)].reset_index(drop=True)
        else:
            table, source = pick_open(self.town, settings), self.town.source
        if table["own"].all():
            raise SettingsError(
                "no rival is left, so that any site would win everything: name those whose customers are to be won, by"
                " category, brand or name, with --set rivals=..."
            )
        kept, at = self.place(table, source, "open site", setting="columns.sites")
        names = [name.strip() or brand.strip() for name, brand in zip(kept["name"], kept["brand"], strict=True)]
        kept["site"] = _add_streets(names, name_streets(self.network, at).tolist())
        return kept[["key", "site", "lon", "lat", "size", "own"]], at

    def _take(self, given: pd.DataFrame, asked: Any, texts: tuple[str, ...], kind: str) -> pd.DataFrame:
        """The columns of a table by their roles."""
        table = pd.DataFrame({"lon": given[asked.lon], "lat": given[asked.lat]})
        for role in texts:
            column = getattr(asked, role)
            table[role] = given[column].fillna("").astype(str) if column else ""
        table["size"] = given[asked.size].astype(float) if asked.size else 1.0
        if asked.size:
            self.sized.add(kind)
        return table

    def settle_sizes(self, spots: pd.DataFrame, sites: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, bool]:
        """Sizes that can be compared: those of both tables, or of open sites alone, or none; and whether they count."""
        if "open" not in self.sized:
            if "spots" in self.sized:
                self.notes.append("sizes of spots do not count, since none are known of the sites that are open")
            return spots.assign(size=1.0), sites, False
        if "spots" not in self.sized:
            kind = "own" if sites["own"].any() else "open"
            middle = float(sites.loc[sites["own"], "size"].median() if kind == "own" else sites["size"].median())
            self.notes.append(f"spots without a size are taken to be like the {kind} sites' median, {middle:g}")
            spots = spots.assign(size=middle)
        return spots, sites, True

    def say_rivals(self) -> str:
        """What the rivals are."""
        named = join_words([f"“{one}”" for one in self.settings.rivals or [self.settings.category]])
        if "sites" not in self.out.files:
            return f"{named} on the map"
        return f"{named} of the table of sites" if self.settings.rivals else "of the table of sites"


def _add_streets(names: list[str], streets: list[str]) -> list[str]:
    """Names with the street where one alone says too little: chains have one name for many sites, kiosks none."""
    counts = pd.Series(names, dtype=object).value_counts()
    told = []
    for name, street in zip(names, streets, strict=True):
        where = f"{name} ({street})" if name else f"one in {street}"
        told.append(where if street and (not name or counts[name] > 1) else name)
    return told
