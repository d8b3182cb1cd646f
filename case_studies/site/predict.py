"""The study of sites at work: new spots, what each would win, and whether it is better than those that were chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from case_studies.common.map_file import set_on_streets
from case_studies.common.saved_run import SavedRun
from case_studies.common.town import add_columns, measure_edge, usual_speed
from domains.geodata import Points, Positions, StreetNetwork
from shared.data import datasets
from shared.data.contract import contract_of
from shared.data.io.tables import read_table
from shared.data.schema import first_rows
from shared.errors import Argument, DataError, Fix, Problem, StoreError
from shared.reporting import Run
from shared.text import count_of
from shared.typing import Bools, Floats

from .choice import Choice
from .market import Market, find_clashes, measure_all
from .scores import SpotScores, score_spots
from .settings import MAP, SiteSettings
from .town import Town

__all__ = ["keep_market", "predict"]

DRIFT = Argument("accept_drift", True)
SITES, SPOTS = ["site", "lon", "lat", "size", "own"], ["spot", "lon", "lat", "size", "chosen"]
RULE = ["exponent", "least", "guard", "sized"]


def keep_market(
    out: Run, town: Town, market: Market, choice: Choice, settings: SiteSettings, **tables: pd.DataFrame
) -> None:
    """Write what new spots are scored by: streets, customers, open sites, spots, and the rule.

    Parameters
    ----------
    out : Run
    town : Town
    market : Market
    choice : Choice
    settings : SiteSettings
    **tables : pandas.DataFrame
        Others to be kept beside them; those of the same name take their place.

    >>> import tempfile
    >>> from .choice import choose_best
    >>> from .example import SETTINGS, make_example, make_example_market
    >>> market = make_example_market()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = Run("site", Path(folder), "A site")
    ...     keep_market(run, make_example(), market, choose_best(market, SETTINGS), SETTINGS)
    ...     sorted(path.name for path in Path(folder).glob("*.parquet"))
    ['customers.parquet', 'rule.parquet', 'sites.parquet', 'spots.parquet']
    """
    where = pd.DataFrame(town.customers[[settings.columns.lon, settings.columns.lat]])
    out.contract = contract_of(where)
    chosen = np.isin(np.arange(len(town.spots)), choice.best)
    rule = [(market.exponent, market.least, town.guard, town.sized)]
    kept = {
        "customers": add_columns(where, counts=market.weights),
        "sites": town.open[SITES],
        "spots": town.spots.assign(**{"wins alone": choice.alone, "chosen": chosen}),
        "rule": pd.DataFrame(rule, columns=RULE),
    }
    out.save_results(model=town.network, **{**kept, **tables})


def predict(
    settings: SiteSettings, run: SavedRun, data: Path | str, accept_drift: bool
) -> tuple[SpotScores, list[str]]:
    """Read new spots, and say what each would win.

    Returns
    -------
    scores, notes

    >>> from shared.data.contract import TableContract
    >>> run = SavedRun(Path("runs/none"), "site", TableContract(()))
    >>> predict(SiteSettings(), run, "no-such-file.csv", False)
    Traceback (most recent call last):
    ...
    shared.errors.DataError: no-such-file.csv: there is no such file...
    """
    asked, most = settings.columns.candidates, settings.max_snap
    schema = asked.table_schema("columns.candidates")
    table, reading = datasets.load_with_report(MAP, data, own=schema, **settings.read_options)
    asked = asked.keep(table.columns)
    network = run.model()
    if not isinstance(network, StreetNetwork):
        raise StoreError(f"{run.folder / 'model.hexad'} holds no streets. Run the study again")
    columns = {"lon": asked.lon, "lat": asked.lat, "setting": "columns.candidates"}
    at = set_on_streets(network, table, reading.source, max_snap=most, **columns)
    there = at.snapped
    notes = [*reading.repairs, *_check_far(there, settings, reading.source, accept_drift)]
    rule = _read(run, "rule", RULE).iloc[0]
    spots = _read(run, "spots", SPOTS)
    spots = spots[spots["chosen"].astype(bool)]
    sizes, told = _find_sizes(table[asked.size] if asked.size else None, spots["size"], bool(rule["sized"]), len(table))
    market, shops = _make_market(run, network, settings, at, spots, np.concatenate([sizes, spots["size"]]), rule)
    rivals = measure_all(network, at, shops.take(~market.own), settings.n_jobs)
    chosen = list(range(len(table), len(market.spots)))
    answers, better = score_spots(market, chosen, rivals, there)
    close = (measure_edge(network, at) / usual_speed(network) < rule["guard"]) & there
    notes += told
    if close.any():
        unseen = "rivals and demand beyond it are not seen"
        notes.append(
            f"{count_of(int(close.sum()), 'spot')} within {rule['guard']:.2g} minutes of the map's edge: {unseen}"
        )
    won = np.asarray(answers["share of the demand"])
    return SpotScores(add_columns(table, **answers), won, better), notes


def _check_far(snapped: Bools, settings: SiteSettings, source: str, accept_drift: bool) -> list[str]:
    """Refuse spots that no street of the map is near, or tell how many get no answer."""
    off = ~snapped
    if not off.any():
        return []
    far = f"further than {settings.max_snap:g} m from any street of the map"
    what = f"{int(off.sum()):,} of {len(off):,} spots are {far}"
    if accept_drift:
        return [f"{what}: they get no answer"]
    fix = Fix("Leave them out, run the study on a larger map, or let them go unanswered: ", DRIFT, ".")
    raise DataError(source, [Problem(what, rows=tuple(first_rows(off)), count=int(off.sum()), fix=fix)])


def _find_sizes(given: pd.Series | None, chosen: pd.Series, sized: bool, n: int) -> tuple[Floats, list[str]]:
    """Sizes of new spots as the run knows sizes: its own where it does, else all alike."""
    if not sized:
        return np.ones(n), [] if given is None else ["sizes do not count, since the run knew none of open sites"]
    if given is not None:
        return given.to_numpy(dtype=float), []
    middle = float(chosen.median())
    return np.full(n, middle), [f"spots without a size are taken to be like those chosen, {middle:g} in the median"]


def _make_market(
    run: SavedRun,
    network: StreetNetwork,
    settings: SiteSettings,
    at: Positions,
    spots: pd.DataFrame,
    sizes: Floats,
    rule: pd.Series,
) -> tuple[Market, Positions]:
    """The market of the run, new spots before those that were chosen; and where the open sites are."""
    lon, lat, most = settings.columns.lon, settings.columns.lat, settings.max_snap
    people, sites = _read(run, "customers", [lon, lat, "counts"]), _read(run, "sites", SITES)
    home = set_on_streets(network, people, "customers.parquet", lon=lon, lat=lat, max_snap=most)
    known = set_on_streets(network, spots, "spots.parquet", max_snap=most)
    shops = set_on_streets(network, sites, "sites.parquet", max_snap=most)
    to_new, to_known, to_shops = (measure_all(network, home, where, settings.n_jobs) for where in (at, known, shops))
    market = Market(
        weights=people["counts"].to_numpy(dtype=float),
        spots=[*[""] * len(at), *spots["spot"].astype(str)],
        sites=sites["site"].astype(str).tolist(),
        minutes=np.column_stack([to_new, to_known]),
        open_minutes=to_shops,
        sizes=sizes,
        open_sizes=sites["size"].to_numpy(dtype=float),
        own=sites["own"].to_numpy(dtype=bool),
        exponent=float(rule["exponent"]),
        least=float(rule["least"]),
        clash=find_clashes(network, _join(at, known), shops.take(sites["own"].to_numpy(dtype=bool)), settings.apart),
    )
    return market, shops


def _join(one: Positions, other: Positions) -> Points:
    """Where some are, and then some others."""
    lon, lat = np.concatenate([one.lon, other.lon]), np.concatenate([one.lat, other.lat])
    return Points(lon, lat, pd.RangeIndex(len(lon)))


def _read(run: SavedRun, name: str, columns: list[str]) -> pd.DataFrame:
    path = run.folder / f"{name}.parquet"
    try:
        found: pd.DataFrame = read_table(path)
        return found[columns]
    except (DataError, OSError, KeyError) as error:
        raise StoreError(f"{path} is missing or damaged ({str(error)[:200]}). Run the study again") from error
