"""Encoding beside sentence-transformers, exact search beside NumPy, and the graph of usearch beside both."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks.recommendation.lists import best
from benchmarks.recommendation.wine import read_notes
from domains.recommendation import SemanticIndex, TextEncoder
from domains.recommendation.search.index import nearest_rows
from domains.recommendation.text.sentences import SentenceModel
from shared.typing import Ints, Reals

__all__ = ["encode", "make_vectors", "search"]

N_NOTES, ROUNDS = 500, 5
N_VECTORS, N_FEATURES, N_QUERIES, BATCH, K = 100_000, 384, 256, 64, 10


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of some work, and what it gave."""
    began = process_time()
    found = work()
    return process_time() - began, found


def encode(folder: Path) -> dict[str, float]:
    """Default engine beside sentence-transformers' default `encode`, by turns; same ten nearest."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from sentence_transformers import SentenceTransformer

    texts = read_notes(folder)["description"].head(N_NOTES).tolist()
    peer = SentenceTransformer(str(SentenceModel().path), device="cpu", local_files_only=True)
    SentenceModel().encode(texts[:16]), peer.encode(texts[:16])
    ratios = []
    for _ in range(ROUNDS):
        # A new model each time: vectors of texts that were seen before are kept.
        ours, vectors = seconds(lambda: SentenceModel().encode(texts))
        theirs, other = seconds(lambda: peer.encode(texts, show_progress_bar=False))
        ratios.append(theirs / ours)
        print(f"encode {N_NOTES} notes: ours {ours:.1f} s, sentence-transformers {theirs:.1f} s", flush=True)
    print(f"engine {SentenceModel().engine}; ratios {np.round(ratios, 2).tolist()}")
    a, b = (best(each @ each.T - 9 * np.eye(N_NOTES)) for each in (vectors, other))
    return {"encode_speedup": float(np.median(ratios)), "encode_overlap": recall(a, b)}


def recall(found: Ints, true: Ints) -> float:
    """Share of the true ones that were found."""
    return float(np.mean([np.isin(b, a).mean() for a, b in zip(found, true, strict=True)]))


def make_vectors(seed: int = 0) -> tuple[Reals, Reals]:
    """Vectors of length one in a thousand clusters, and queries from the same."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(1000, N_FEATURES))
    rows = centres[random.integers(0, 1000, N_VECTORS + N_QUERIES)]
    rows += random.normal(size=rows.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = rows.astype(np.float32)
    return np.ascontiguousarray(found[:N_VECTORS]), np.ascontiguousarray(found[N_VECTORS:])


def by_numpy(vectors: Reals, asked: Reals) -> Ints:
    """Product, the ten largest of each row, and those sorted, in batches."""
    found = []
    for begin in range(0, len(asked), BATCH):
        products = asked[begin : begin + BATCH] @ vectors.T
        part = np.argpartition(products, products.shape[1] - K, axis=1)[:, -K:]
        order = np.argsort(-np.take_along_axis(products, part, axis=1), axis=1)
        found.append(np.take_along_axis(part, order, axis=1))
    return np.concatenate(found)


def search() -> dict[str, float]:
    """Time over NumPy's and recall of exact search; speed and recall of the graph, its building told apart."""
    vectors, queries = make_vectors()
    true = by_numpy(vectors, queries)
    batches = [queries[begin : begin + BATCH] for begin in range(0, N_QUERIES, BATCH)]

    def ours() -> Ints:
        return np.concatenate([nearest_rows(vectors, batch, K)[0] for batch in batches])

    exact = ours()
    times = [(seconds(ours)[0], seconds(lambda: by_numpy(vectors, queries))[0]) for _ in range(ROUNDS)]
    print(f"exact: ours {times[0][0]:.2f} s, NumPy {times[0][1]:.2f} s", flush=True)
    found = {"search_ratio": float(np.median([a / b for a, b in times])), "search_recall": recall(exact, true)}
    if importlib.util.find_spec("usearch"):
        encoder = TextEncoder("words")
        index = SemanticIndex(encoder)
        index.add(list(range(N_VECTORS)), [f"text {number % 100}" for number in range(N_VECTORS)], vectors)
        built, _ = seconds(index.build_graph)
        near, _ = index.nearest(queries, K, exact=False)
        pairs = [
            (
                seconds(lambda: [index.nearest(batch, K, exact=False) for batch in batches])[0],
                seconds(lambda: by_numpy(vectors, queries))[0],
            )
            for _ in range(ROUNDS)
        ]
        found |= {
            "ann_speedup": float(np.median([b / a for a, b in pairs])),
            "ann_recall": recall(near, true),
            "ann_build_seconds": built,
        }
    return found
