"""Frequent itemsets: the miner, its guard, and what it finds."""

from domains.basket.mining.itemsets import Itemsets
from domains.basket.mining.search import estimated_itemsets, frequent_itemsets

__all__ = ["Itemsets", "estimated_itemsets", "frequent_itemsets"]
