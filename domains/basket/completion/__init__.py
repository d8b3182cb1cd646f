"""Completing baskets: a recommender of rules and history, and how to try it."""

from domains.basket.completion.recommender import RuleRecommender
from domains.basket.completion.trial import CompletionTrial, completion_trial, tuned_recommender
from domains.basket.completion.weights import rule_weights

__all__ = ["CompletionTrial", "RuleRecommender", "completion_trial", "rule_weights", "tuned_recommender"]
