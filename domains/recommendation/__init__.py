"""Recommendation: text, behaviour and attributes in one model."""

from domains.recommendation.behaviour.models import (
    EaseRecommender,
    FactorRecommender,
    HistoryRecommender,
    NeighbourRecommender,
    PopularityRecommender,
)
from domains.recommendation.content.space import ItemSpace
from domains.recommendation.lists.result import Recommendations
from domains.recommendation.recommender import Recommender
from domains.recommendation.search.index import SemanticIndex
from domains.recommendation.task import RankingTask
from domains.recommendation.text.encoder import TextEncoder

__all__ = [
    "EaseRecommender",
    "FactorRecommender",
    "HistoryRecommender",
    "ItemSpace",
    "NeighbourRecommender",
    "PopularityRecommender",
    "RankingTask",
    "Recommendations",
    "Recommender",
    "SemanticIndex",
    "TextEncoder",
]
