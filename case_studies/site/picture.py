"""The map of the report on sites: what is within reach of the new ones, rivals, own sites, and spots tried."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from domains.geodata import MapLayer, compute_isochrones, draw_map
from shared.reporting import Figure
from shared.typing import Floats

from .choice import Choice
from .market import Market
from .settings import SiteSettings
from .town import Town

__all__ = ["draw_town", "make_layers"]

NAMED = 5  # sites whose names stand under the map


def make_layers(town: Town, market: Market, choice: Choice, settings: SiteSettings) -> list[MapLayer]:
    """What the map shows, the lowest first.

    Parameters
    ----------
    town : Town
    market : Market
    choice : Choice
    settings : SiteSettings

    >>> from .example import SETTINGS, make_example, make_example_market
    >>> from .choice import choose_best
    >>> market = make_example_market()
    >>> layers = make_layers(make_example(), market, choose_best(market, SETTINGS), SETTINGS)
    >>> [layer.name for layer in layers]
    ['within 5 min', 'spots that were tried', 'rivals, by what they win', 'new sites']
    """
    best = town.positions["spots"].take(choice.best)
    areas = compute_isochrones(town.network, best, [60 * settings.minutes], direction="to", merge=True)
    spots = _tell(town.spots.rename(columns={"spot": "name"}), **{"wins alone": choice.alone / market.total})
    before, change = (choice.flows[name].to_numpy()[: len(town.open)] for name in ("before", "change"))
    lost = np.divide(-change, before, out=np.zeros(len(before)), where=before > 0)
    sites = _tell(town.open.rename(columns={"site": "name"}), **{"wins today": before / market.total, "loses": lost})
    sites["size"] = before
    own, told = town.open["own"].to_numpy(dtype=bool), ["name", "wins today", "loses"]
    layers = [MapLayer(f"within {settings.minutes:g} min", areas)]
    tried = spots.drop(index=choice.best).assign(size=0.0)
    new = spots.loc[choice.best].assign(number=[str(k) for k in range(1, len(choice.best) + 1)])
    for name, table, colour, texts in (
        ("spots that were tried", tried, "soft", ["name", "wins alone"]),
        ("rivals, by what they win", sites[~own], "second", told),
        ("own sites", sites[own], "third", told),
    ):
        layers += [MapLayer(name, table, texts, colour, "size")] if len(table) else []
    one = "new site" if len(new) == 1 else "new sites"
    return [*layers, MapLayer(one, new, ["name", "wins alone"], "accent", mark="number")]


def _tell(table: pd.DataFrame, **shares: Floats) -> pd.DataFrame:
    """Places with shares of the demand in words."""
    return table[["name", "lon", "lat"]].assign(**{name: _percent(values) for name, values in shares.items()})


def _percent(values: Floats) -> list[str]:
    return [f"{100 * value:.1f} %" for value in values]


def draw_town(town: Town, layers: list[MapLayer], names: Sequence[str] = ()) -> Figure:
    """Draw the map for the report.

    Parameters
    ----------
    town : Town
    layers : list of MapLayer
    names : sequence of str
        Of the new sites, by their numbers on the map.

    >>> from .example import make_example
    >>> draw_town(make_example(), []).alt
    'Map of the new sites, of the spots that were tried, and of rivals.'
    """
    return draw_map(
        town.network,
        layers,
        alt="Map of the new sites, of the spots that were tried, and of rivals.",
        caption="".join(f"{number} {name}. " for number, name in enumerate(names[:NAMED], 1)).strip(),
        zoom=bool(layers),
        focus=[layers[0].name, layers[-1].name] if layers else (),
        size=(6.4, 4.8),
    )
