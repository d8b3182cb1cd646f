"""Completing baskets: a recommender of rules, whole baskets and history."""

from domains.basket.completion.ease import ease_weights
from domains.basket.completion.recommender import SEARCH_GRID, RuleRecommender
from domains.basket.completion.weights import rule_weights

__all__ = ["SEARCH_GRID", "RuleRecommender", "ease_weights", "rule_weights"]
