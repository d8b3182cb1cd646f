"""The parts of the prices study: its settings, its markets, its models, the chapters of its report, and its forecast."""

from case_studies.prices_parts import ahead, chapters
from case_studies.prices_parts.markets import Markets
from case_studies.prices_parts.models import MODEL, NAIVE, PLAIN, baselines, price_model
from case_studies.prices_parts.settings import PricesSettings

__all__ = ["MODEL", "NAIVE", "PLAIN", "Markets", "PricesSettings", "ahead", "baselines", "chapters", "price_model"]
