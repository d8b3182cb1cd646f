"""Topics that were planted and have to be found; varieties of wine told from their notes, beside plain words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from benchmarks.recommendation.wine import read_notes
from domains.recommendation import TextClassifier, TextEncoder, TopicModel

__all__ = ["classify", "topics"]

# Subjects, and words that messages on them use; about a third of a message's words are its subject's.
SUBJECTS = {
    "delivery": "parcel courier late delivery shipped tracking doorstep package delayed arrived",
    "payment": "card charged invoice payment bank receipt billed fee transaction declined",
    "returns": "refund return exchange label size unworn money returned store credit",
    "account": "password login account email locked reset username verify sign code",
    "quality": "broken scratched faulty torn cracked leaking stitching worn defect damaged",
    "praise": "great lovely thanks happy friendly excellent recommend wonderful delighted perfect",
}
PLAIN = [
    "the",
    "my",
    "and",
    "it",
    "was",
    "i",
    "have",
    "a",
    "please",
    "with",
    "for",
    "this",
    "to",
    "of",
    "again",
    "yesterday",
    "today",
    "order",
    "you",
    "still",
    "when",
    "had",
    "bought",
    "your",
    "on",
    "very",
    "last",
    "week",
    "would",
    "like",
    "that",
    "me",
    "just",
    "one",
    "from",
    "is",
    "be",
    "could",
    "now",
    "shop",
    "item",
]
N_TEXTS, SEEDS = 600, range(3)
SHARE_OWN, SHARE_FOREIGN = 0.3, 0.05


def make_messages(seed: int) -> tuple[list[str], list[str]]:
    """Short messages on six subjects, with words of other subjects now and then, and the subject of each."""
    random = np.random.default_rng(seed)
    names = list(SUBJECTS)
    texts, labels = [], []
    for _ in range(N_TEXTS):
        own = names[random.integers(len(names))]
        words = []
        for _ in range(int(random.integers(8, 25))):
            drawn = random.random()
            subject = own if drawn < SHARE_OWN else names[random.integers(len(names))]
            pool = SUBJECTS[subject].split() if drawn < SHARE_OWN + SHARE_FOREIGN else PLAIN
            words.append(pool[random.integers(len(pool))])
        texts.append(" ".join(words))
        labels.append(own)
    return texts, labels


def topics() -> dict[str, float]:
    """Lowest adjusted Rand index over three draws, by both views and by words alone; the number of topics is not told."""
    found: dict[str, list[float]] = {"both": [], "words": []}
    for seed in SEEDS:
        texts, labels = make_messages(seed)
        for views, values in found.items():
            model = TopicModel(encoder=TextEncoder(views), random_state=seed).fit(texts)
            values.append(float(adjusted_rand_score(labels, model.labels_)))
            print(f"topics, seed {seed}, {views}: {len(set(model.labels_))} found, index {values[-1]:.3f}", flush=True)
    return {"topic_ari": min(found["both"]), "topic_ari_words": min(found["words"])}


def classify(folder: Path) -> dict[str, float]:
    """Share of notes whose variety is told right, over five folds, and that of tf-idf with a tuned logistic regression."""
    table = read_notes(folder)
    texts, kinds = table["masked"].to_numpy(object), table["variety"].to_numpy(object)
    classes = np.unique(kinds.astype(str))
    right: dict[str, list[bool]] = {"ours": [], "peer": []}
    losses: dict[str, list[float]] = {"ours": [], "peer": []}
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for number, (train, test) in enumerate(folds.split(texts, kinds)):
        peer = GridSearchCV(
            make_pipeline(
                TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2), LogisticRegression(max_iter=500)
            ),
            {"logisticregression__C": [1.0, 3.0, 10.0, 30.0, 100.0]},
            cv=3,
        )
        for name, model in (("ours", TextClassifier()), ("peer", peer)):
            model.fit(texts[train].tolist(), kinds[train].tolist())
            right[name] += (np.asarray(model.predict(texts[test].tolist())) == kinds[test]).tolist()
            chances = model.predict_proba(texts[test].tolist())
            losses[name].append(float(log_loss(kinds[test].astype(str), chances, labels=classes)))
        told = ", ".join(f"{name} {np.mean(values):.3f}" for name, values in right.items())
        print(f"varieties, after fold {number + 1}: {told}", flush=True)
    return {
        "classify_accuracy": float(np.mean(right["ours"])),
        "classify_less_peer": float(np.mean(right["ours"]) - np.mean(right["peer"])),
        "classify_log_loss": float(np.mean(losses["ours"])),
        "classify_log_loss_peer": float(np.mean(losses["peer"])),
    }
