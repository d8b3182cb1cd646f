"""Completing baskets: a recommender of rules and history."""

from domains.basket.completion.recommender import SEARCH_GRID, RuleRecommender
from domains.basket.completion.weights import rule_weights

__all__ = ["SEARCH_GRID", "RuleRecommender", "rule_weights"]
