"""Frequent itemsets: the miner, its guard, and what it finds."""

from domains.basket.mining.itemsets import Itemsets
from domains.basket.mining.search import estimate_itemsets, frequent_itemsets

__all__ = ["Itemsets", "estimate_itemsets", "frequent_itemsets"]
