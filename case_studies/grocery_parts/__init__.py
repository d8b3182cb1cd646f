"""The parts of the grocery study: its settings, its baskets, what it picks out, and the chapters of its report."""

from case_studies.grocery_parts import chapters, choice
from case_studies.grocery_parts.popular import Popular
from case_studies.grocery_parts.settings import GrocerySettings
from case_studies.grocery_parts.shop import Shop, table_of

__all__ = ["GrocerySettings", "Popular", "Shop", "chapters", "choice", "table_of"]
