"""Hexad: six applied domains over one layer for data and evaluation. What to import stands here.

Forecasts            from domains.timeseries import AutoForecaster, LagForecaster, Recipe
Anomalies            from domains.anomaly import AnomalyDetector, SeriesDetector
Budgets, portfolios  from domains.optimization import ResponseCurves, allocate_budget
Maps and places      from domains.geodata import read_osm, rank_sites
Recommendations      from domains.recommendation import Recommender
Basket rules         from domains.basket import association_rules
Tables               from shared.data import datasets, read_table
Evaluation           from shared.evaluation import compare, evaluate
Case studies         from case_studies.common.runs import predict_from, run_study
Models in files      from shared.runtime.store import load_model, save_model

`hexad.__version__` is the version. `import hexad` also says so where a folder of yours called `shared`, `domains` or
`case_studies` hides Hexad's. The command line is `hexad`, or `python -m hexad`.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

__all__ = ["__version__"]
__version__: str

PACKAGES = ("shared", "domains", "case_studies")


def _check_packages() -> None:
    """Refuse packages of other makers in the places of ours; nothing is imported."""
    home = Path(__file__).resolve().parent
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None:
            continue
        places = [Path(one).resolve() for one in spec.submodule_search_locations or []]
        if home / name in places or not (home / name).is_dir():
            continue
        where = ", ".join(map(str, places)) or spec.origin or "elsewhere"
        raise ImportError(
            f"Hexad's package '{name}' is hidden by another one of that name: {where}. "
            "Python found it first, usually because it lies beside your script or notebook. "
            "Rename that file or folder, or start Python from another folder."
        )


def main() -> None:
    """Run the command line."""
    from case_studies.common.cli import main as run

    run()


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("hexad")
        except PackageNotFoundError:  # used from its folder, and not installed
            return "unknown"
    places = "shared.data, shared.evaluation or one of the six, such as domains.timeseries"
    raise AttributeError(f"module 'hexad' holds no {name!r}; import it from {places}: help(hexad) says what is where")


def __dir__() -> list[str]:
    return list(__all__)


_check_packages()

if __name__ == "__main__":
    main()
