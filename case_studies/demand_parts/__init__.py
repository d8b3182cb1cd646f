"""The parts of the demand study: its settings, its models, its trials and the chapters of its report."""

from case_studies.demand_parts import chapters
from case_studies.demand_parts.models import COLUMNS, KNOWN, MODEL, baselines, lag_model
from case_studies.demand_parts.settings import DemandSettings
from case_studies.demand_parts.trials import Trials

__all__ = ["COLUMNS", "KNOWN", "MODEL", "DemandSettings", "Trials", "baselines", "chapters", "lag_model"]
