"""What is most like what, why, which items stand there twice, and which are like nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation import ItemSpace
from shared.typing import Floats, Ints

from .cells import is_number, set_apart, split_cells
from .check import Trial, choose_encoder, fit_space
from .items import Items
from .settings import CatalogueSettings

__all__ = ["Alike", "Reasons", "fit_whole", "pick_shown", "search_alike"]

TEXT = "text"  # what `ItemSpace` calls the block of texts
LEAST = 0.01  # weight of a column, so that none says nothing at all
NEAR = 0.05  # of the items, by rank: numbers as near as that are told as a reason
ALIKE_TEXTS = 0.5  # similarity of texts that is told as a reason
NEAR_TEXT = 0.8  # similarity of texts below which they are not read word by word, to see whether they are the same
SAME_WORDS = 0.9  # share of the words that two texts have in common, from which they are the same
MOST_REASONS, MOST_PARTS = 3, 3
SHOWN = 3
NAMES = ("_row", "rank", "neighbour", "neighbour title", "similarity", "because")


def fit_whole(items: Items, trial: Trial | None, settings: CatalogueSettings) -> ItemSpace:
    """Learn the space that the lists go by: all columns, weighed as was judged.

    Parameters
    ----------
    items : Items
    trial : Trial, optional
    settings : CatalogueSettings

    >>> table = pd.DataFrame({"id": list("abc"), "kind": list("xxy")})
    >>> fit_whole(Items(table, "id", attributes=("kind",)), None, CatalogueSettings()).weights_
    {'kind': 1.0}
    """
    encoder = choose_encoder(len(items.table), settings) if items.text else None
    names = [*([TEXT] if items.text else []), *items.compared]
    known = {} if trial is None else trial.weights
    # What was not judged weighs as one of all: the checked column, and those that give it away.
    judged = sum(name in known for name in names)
    weights = {
        name: max(known[name] * judged / len(names), LEAST) if name in known else 1 / len(names) for name in names
    }
    return fit_space(items, items.table, items.compared, encoder, weights)


class Reasons:
    """Says what two items have in common, the rarest first.

    Parameters
    ----------
    items : Items
        The catalogue; rarity is counted in it.

    >>> table = pd.DataFrame({"id": list("abc"), "kind": ["x, y", "y, x", "x"], "year": [1950.0, 1951.0, 2000.0]})
    >>> reasons = Reasons(Items(table, "id", attributes=("kind", "year"), separator=", "))
    >>> reasons.tell(reasons.own, 0, reasons.own, 1)
    'kind: y, x'
    """

    def __init__(self, items: Items) -> None:
        self.items = items
        self.kinds, self.numbers = items.kinds, [name for name in items.compared if is_number(items.table[name])]
        self.own = self.read(items.table)
        self.counts = {name: Counter(part for cell in self.own[name] for part in cell) for name in self.kinds}
        self.sorted = {name: np.sort(self.own[name][np.isfinite(self.own[name])]) for name in self.numbers}

    def read(self, table: pd.DataFrame) -> dict[str, Any]:
        """Kinds and numbers of some items.

        Parameters
        ----------
        table : pandas.DataFrame
        """
        cells: dict[str, Any] = {name: split_cells(table[name].tolist(), self.items.separator) for name in self.kinds}
        return cells | {name: table[name].to_numpy(dtype=float) for name in self.numbers}

    def tell(self, left: Mapping[str, Any], one: int, right: Mapping[str, Any], other: int, texts: float = 0.0) -> str:
        """Say what two items share; empty where it is nothing that can be named.

        Parameters
        ----------
        left, right : mapping
            As `read` gives them.
        one, other : int
            Rows.
        texts : float
            Similarity of their texts.
        """
        told = []
        for name in self.kinds:
            count = self.counts[name]
            shared = [part for part in left[name][one] if part in set(right[name][other])]
            if shared:
                shared.sort(key=lambda part: (count[part], part))
                more = f" and {len(shared) - MOST_PARTS} more" if len(shared) > MOST_PARTS else ""
                told.append(
                    (count[shared[0]] / len(self.items.table), f"{name}: {', '.join(shared[:MOST_PARTS])}{more}")
                )
        for name in self.numbers:
            values = left[name][one], right[name][other]
            place = np.searchsorted(self.sorted[name], sorted(values)) / max(len(self.sorted[name]), 1)
            if np.isfinite(values).all() and place[1] - place[0] <= NEAR:
                told.append((0.3, f"{name}: {values[0]:.10g} and {values[1]:.10g}"))
        if texts >= ALIKE_TEXTS:
            told.append((1 - texts, "texts are alike"))
        told.sort(key=lambda pair: pair[0])
        return "; ".join(text for _, text in told[:MOST_REASONS])


@dataclass(frozen=True)
class Alike:
    """Neighbours of every item.

    Attributes
    ----------
    items : Items
    place : numpy.ndarray of int, shape (n_items, n_neighbours)
        The most alike first.
    near : numpy.ndarray of float, shape (n_items, n_neighbours)
        Similarity, as the lists order by it.
    closest : numpy.ndarray of float, shape (n_items,)
        That to the nearest, as a share of what two items with the same columns would have.
    table : pandas.DataFrame
        A row a neighbour, with the reason.
    twins : pandas.DataFrame
        Pairs that seem to be the same item.

    >>> Alike.__name__
    'Alike'
    """

    items: Items
    place: Ints
    near: Floats
    closest: Floats
    table: pd.DataFrame
    twins: pd.DataFrame

    def lists_of(self, row: int, most: int) -> pd.DataFrame:
        """The first neighbours of one item, as they are shown.

        Parameters
        ----------
        row, most : int
        """
        inside = self.table[self.table["_row"] == row].head(most)
        return inside.set_index("neighbour title")[["similarity", "because"]].rename_axis("like it")


def search_alike(items: Items, space: ItemSpace, settings: CatalogueSettings) -> Alike:
    """Find the neighbours of every item, and what stands there twice.

    Parameters
    ----------
    items : Items
    space : ItemSpace
        Of the whole catalogue.
    settings : CatalogueSettings

    >>> table = pd.DataFrame({"id": list("abcd"), "kind": list("xxyy")})
    >>> items = Items(table, "id", attributes=("kind",))
    >>> found = search_alike(items, fit_whole(items, None, CatalogueSettings()), CatalogueSettings(neighbours=1))
    >>> found.table["neighbour"].tolist()
    ['b', 'a', 'd', 'c']
    """
    every = np.arange(len(items.table))
    place, near = space.nearest(every, every, settings.neighbours)
    own = np.sqrt(np.asarray(space.matrix_.multiply(space.matrix_).sum(axis=1)).ravel())
    cosine = near / np.maximum(own[:, None] * own[place], 1e-12)
    reasons = Reasons(items)
    texts = _text_similarity(space, items, place)
    row, column = np.nonzero(near > 0)
    other = place[row, column]
    told = [
        reasons.tell(reasons.own, int(a), reasons.own, int(b), float(t))
        for a, b, t in zip(row, other, texts[row, column], strict=True)
    ]
    keys, titles = np.array(items.keys, dtype=object), np.array(items.titles, dtype=object)
    table = pd.DataFrame(
        {
            "_row": row,
            set_apart(items.key, NAMES): keys[row],
            **({set_apart(items.title, NAMES): titles[row]} if items.title else {}),
            "rank": column + 1,
            "neighbour": keys[other],
            "neighbour title": titles[other],
            "similarity": near[row, column].astype(float),
            "because": told,
        }
    )
    closest = cosine.max(axis=1, initial=0.0)
    return Alike(items, place, near.astype(float), closest, table, _find_twins(items, place, cosine, texts, settings))


def _text_similarity(space: ItemSpace, items: Items, place: Ints) -> Floats:
    if not items.text:
        return np.zeros(place.shape)
    vectors = space.text_of(np.arange(len(items.table)))
    return np.stack([np.einsum("ij,ij->i", vectors, vectors[column]) for column in place.T], axis=1)


def _find_twins(items: Items, place: Ints, cosine: Floats, texts: Floats, settings: CatalogueSettings) -> pd.DataFrame:
    """Pairs alike in all, whose titles or texts say the same."""
    titles = [re.sub(r"[\W_]+", " ", one).casefold().strip() for one in items.titles] if items.title else []
    written = [" ".join(one) for one in items.table[list(items.text)].fillna("").to_numpy()] if items.text else []
    words = [Counter(re.findall(r"\w+", one.casefold())) for one in written]
    found = {}
    for row, column in zip(*np.nonzero(cosine >= settings.twins), strict=True):
        other = int(place[row, column])
        same = [
            name for name, yes in (("title", bool(titles) and titles[row] == titles[other]),) if yes and titles[row]
        ]
        near = bool(words) and texts[row, column] >= NEAR_TEXT
        same += ["text"] if near and _share_of_words(words[row], words[other]) >= SAME_WORDS else []
        if same:
            pair = (min(int(row), other), max(int(row), other))
            found[pair] = (float(cosine[row, column]), " and ".join(same))
    rows = sorted(found, key=lambda pair: (-found[pair][0], pair))
    keys, called = items.keys, items.titles
    return pd.DataFrame(
        {
            "first": [keys[a] for a, _ in rows],
            "second": [keys[b] for _, b in rows],
            "called": [called[a] for a, _ in rows],
            "and": [called[b] for _, b in rows],
            "the same": [found[pair][1] for pair in rows],
            "similarity": [found[pair][0] for pair in rows],
        }
    )


def _share_of_words(one: Counter[str], other: Counter[str]) -> float:
    """Words that two texts have in common, of all that stand in them (Dice); zero for empty ones."""
    return 2 * (one & other).total() / max(one.total() + other.total(), 1)


def pick_shown(items: Items, settings: CatalogueSettings) -> tuple[list[int], list[str]]:
    """Rows of the items whose neighbours are shown, and names that no item has.

    Parameters
    ----------
    items : Items
    settings : CatalogueSettings

    >>> items = Items(pd.DataFrame({"id": list("abcd")}), "id")
    >>> pick_shown(items, CatalogueSettings(shown=["c", "z"]))
    ([2], ['z'])
    """
    by_name = {name: row for names in (items.titles[::-1], items.keys[::-1]) for row, name in _count_down(names)}
    rows = [by_name[name] for name in settings.shown if name in by_name]
    lost = [name for name in settings.shown if name not in by_name]
    if rows or settings.shown:
        return rows, lost
    drawn = np.random.default_rng(settings.seed).choice(len(items.table), min(SHOWN, len(items.table)), replace=False)
    return sorted(int(row) for row in drawn), []


def _count_down(names: list[str]) -> list[tuple[int, str]]:
    """Rows and names from the last to the first, so that the first of a name stays."""
    return [(len(names) - 1 - place, name) for place, name in enumerate(names)]
