"""Recommendation: text, behaviour and attributes in one model."""

from domains.recommendation.behaviour.als import AlsRecommender
from domains.recommendation.behaviour.models import (
    EaseRecommender,
    FactorRecommender,
    HistoryRecommender,
    NeighbourRecommender,
    PopularityRecommender,
)
from domains.recommendation.content.space import ItemSpace
from domains.recommendation.figures import score_bars
from domains.recommendation.lists.result import Recommendations
from domains.recommendation.recommender import Recommender
from domains.recommendation.search.index import SemanticIndex
from domains.recommendation.task import RankingTask
from domains.recommendation.text.classifier import TextClassifier
from domains.recommendation.text.encoder import TextEncoder
from domains.recommendation.text.topics import TopicModel, Topics

__all__ = [
    "AlsRecommender",
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
    "TextClassifier",
    "TextEncoder",
    "TopicModel",
    "Topics",
    "score_bars",
]


def __dir__() -> list[str]:
    return sorted(__all__)
