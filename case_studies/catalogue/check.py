"""Whether what is found alike is alike: a column is held out, and the neighbours are judged by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from domains.recommendation import ItemSpace, TextEncoder
from shared.runtime.parallel import map_parallel
from shared.typing import Floats, Ints

from .cells import split_cells
from .items import Items
from .leaks import find_leaks, mask_names
from .settings import CatalogueSettings

__all__ = [
    "BY_CHANCE",
    "EQUAL",
    "LEARNT",
    "LEVEL",
    "TEXTS",
    "WORDS",
    "Trial",
    "choose_encoder",
    "fit_space",
    "judge_columns",
]

EQUAL, LEARNT = "all together, equal weights", "all together, learnt weights"
WORDS, TEXTS = "words of the texts alone", "texts alone, words and meaning"
DRAWS, LEVEL = 2000, 95  # of items, for the interval of a share, in percent
SHUFFLED = 20  # items that are judged by neighbours in one order by chance
TOGETHER = (EQUAL, LEARNT)
BY_CHANCE = "items drawn by chance"


@dataclass(frozen=True)
class Trial:
    """How many of the neighbours have the value that was held out.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a way to find neighbours: "share", "low", "high".
    chance : float
        The share among items drawn by chance.
    n_judged : int
    whole : bool
        Whether every judged item has enough others of its value for all neighbours to be right.
    used, best_single : str
        The way that the lists go by, and the best single column; empty where there is one way only.
    leads : dict of str to tuple
        Of the way used over others: difference, and its interval.
    leaks : dict of str to str
        Columns left out, and why.
    weights : dict of str to float
        Of each column, and "text".
    masked : int
        Texts in which names were masked.
    thirds : tuple of float
        The share among the judged items whose nearest is least like them, and most like them, a third each.
    thirds_error : float
        Standard error of the difference between the two.
    shares : pandas.DataFrame
        Share of right neighbours of each judged item: a column a way, and "by chance"; in column "third" whether its
        nearest is "near", "far" or in between.

    >>> Trial(pd.DataFrame(), 0.1, 50, True, "a", "b", {"b": (0.1, 0.05, 0.15)}).verdict("b")
    'better'
    """

    table: pd.DataFrame
    chance: float
    n_judged: int
    whole: bool
    used: str
    best_single: str
    leads: dict[str, tuple[float, float, float]]
    leaks: dict[str, str] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    masked: int = 0
    thirds: tuple[float, float] = (np.nan, np.nan)
    thirds_error: float = 0.0
    shares: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)

    def share(self, way: str) -> float:
        """Share of right neighbours by one way.

        Parameters
        ----------
        way : str
        """
        return self.interval(way)[0]

    def interval(self, way: str) -> tuple[float, float, float]:
        """The same, and its interval.

        Parameters
        ----------
        way : str
        """
        columns = (self.table[name].tolist() for name in ("share", "low", "high"))
        found: dict[str, tuple[float, float, float]] = dict(
            zip(self.table.index, zip(*columns, strict=True), strict=True)
        )
        return found[way]

    def verdict(self, other: str) -> str:
        """Whether the way used is "better", "worse", or "open", where the interval holds no difference.

        Parameters
        ----------
        other : str
            "chance", or another way.
        """
        _, low, high = self.leads[other]
        return "better" if low > 0 else "worse" if high < 0 else "open"


def choose_encoder(n_items: int, settings: CatalogueSettings) -> TextEncoder:
    """How texts are read: by a sentence model, too, where they are not too many.

    Parameters
    ----------
    n_items : int
    settings : CatalogueSettings

    >>> choose_encoder(5000, CatalogueSettings(most_sentences=100)).views
    'words'
    """
    return TextEncoder("both" if n_items <= settings.most_sentences else "words", random_state=settings.seed)


def fit_space(
    items: Items,
    table: pd.DataFrame,
    attributes: Sequence[str],
    encoder: TextEncoder | None,
    weights: dict[str, float] | None = None,
    labels: object = None,
) -> ItemSpace:
    """Learn how alike items are by some of their columns.

    Parameters
    ----------
    items : Items
    table : pandas.DataFrame
        Its rows, or the same with masked texts.
    attributes : sequence of str
    encoder : TextEncoder, optional
        Of the texts; they are not compared where left out.
    weights : dict of str to float, optional
    labels : array-like, optional
        What is to lie near each other.

    >>> table = pd.DataFrame({"id": list("abc"), "kind": list("xxy")})
    >>> fit_space(Items(table, "id", attributes=("kind",)), table, ["kind"], None).weights_
    {'kind': 1.0}
    """
    text = () if encoder is None else items.text
    space = ItemSpace(
        text,
        attributes=list(attributes),
        key=items.key,
        separator=items.separator or None,
        encoder=encoder,
        weights=weights,
    )
    return space.fit(table, labels)


def judge_columns(items: Items, settings: CatalogueSettings) -> Trial | None:
    """Judge neighbours by each column alone, by texts alone, and by all together; nothing where nothing can be judged.

    Parameters
    ----------
    items : Items
    settings : CatalogueSettings

    >>> table = pd.DataFrame({"id": [str(n) for n in range(60)], "a": list("xyz") * 20, "b": list("uvw") * 20})
    >>> items = Items(table, "id", attributes=("a",), check="b")
    >>> judge_columns(items, CatalogueSettings(n_jobs=1)) is None  # "a" gives "b" away
    True
    """
    if not items.check:
        return None
    leaks = find_leaks(items)
    names = [name for name in items.attributes if name not in leaks]
    rights = _Rights.of(items)
    rng = np.random.default_rng(settings.seed)
    asked = np.flatnonzero(rights.others > 0)
    if not (names or items.text) or len(asked) < 20:
        return None
    asked = np.sort(rng.choice(asked, min(settings.judged, len(asked) // 2), replace=False))
    table, masked = mask_names(items)
    labels = items.table[items.check].to_numpy(dtype=object).copy()
    labels[asked] = None  # weights are learnt from the other items
    pieces = _list_ways(items, names, settings, labels)
    among = np.flatnonzero(rights.known)
    jobs = {
        way: (items, table, *piece, asked, among, settings.neighbours, settings.seed) for way, piece in pieces.items()
    }
    found = _find_all(jobs, settings)
    shares = {way: rights.judge(asked, one.place, settings.neighbours) for way, one in found.items()}
    used = LEARNT if settings.weights == "learnt" else EQUAL
    used = used if used in found else list(found)[-1]
    by_way = found[used]
    chance = rights.chance(asked, settings.neighbours)
    trial = _compare(shares, chance, used, settings)
    order = np.argsort(by_way.near[:, 0], kind="stable")
    third = max(len(asked) // 3, 1)
    far, close = shares[used][order[:third]], shares[used][order[-third:]]
    error = float(np.sqrt((far.var() + close.var()) / third))
    by_item = pd.DataFrame(shares, index=pd.Index([items.keys[row] for row in asked], name="whose"))
    by_item[BY_CHANCE] = chance
    thirds = np.full(len(asked), "middle", dtype=object)
    thirds[order[:third]], thirds[order[-third:]] = "far", "near"
    by_item["third"] = thirds
    whole = bool((rights.others[asked] >= settings.neighbours).all())
    trial = replace(trial, thirds=(float(far.mean()), float(close.mean())), thirds_error=error)
    return replace(trial, shares=by_item, whole=whole, leaks=leaks, weights=by_way.weights, masked=masked)


def _list_ways(
    items: Items, names: list[str], settings: CatalogueSettings, labels: object
) -> dict[str, tuple[Any, ...]]:
    """Attributes, encoder and labels of every way."""
    ways: dict[str, tuple[Any, ...]] = {f"{name} alone": ([name], None, None) for name in names}
    encoder = choose_encoder(len(items.table), settings) if items.text else None
    if encoder is not None:
        ways[WORDS] = ([], TextEncoder("words", random_state=settings.seed), None)
        if encoder.views != "words":
            ways[TEXTS] = ([], encoder, None)
    if len(names) + (encoder is not None) > 1:
        ways[EQUAL] = (names, encoder, None)
        ways[LEARNT] = (names, encoder, labels)
    return ways


@dataclass(frozen=True)
class _Found:
    """Neighbours of the judged items by one way, how near they are, and the weights of its columns."""

    place: Ints
    near: Floats
    weights: dict[str, float]
    meaning: bool


def _find_all(jobs: dict[str, tuple[Any, ...]], settings: CatalogueSettings) -> dict[str, _Found]:
    """Find neighbours by every way; those with a sentence model one by one, so that it reads a text once."""
    slow = {way for way, job in jobs.items() if job[3] is not None and job[3].views != "words"}
    quick = [way for way in jobs if way not in slow]
    made = map_parallel(_find, [jobs[way] for way in quick], n_jobs=settings.n_jobs)
    found = dict(zip(quick, made, strict=True)) | {way: _find(jobs[way]) for way in jobs if way in slow}
    if TEXTS in found and not found[TEXTS].meaning:  # no sentence model is installed: their words alone once more
        del found[TEXTS]
    return {way: found[way] for way in jobs if way in found}


def _find(job: tuple[Any, ...]) -> _Found:
    """Find neighbours by one way."""
    items, table, names, encoder, labels, asked, among, most, seed = job
    space = fit_space(items, table, names, encoder, None, labels)
    meaning = space.encoder_ is not None and bool(space.encoder_.model_hash_)
    # Of items equally near (or not at all), those that come first are taken: in another order by chance every few
    # items.
    rng = np.random.default_rng(seed)
    places, nears = [], []
    for begin in range(0, len(asked), SHUFFLED):
        order = rng.permutation(among)
        place, near = space.nearest(asked[begin : begin + SHUFFLED], order, most)
        places.append(order[place])
        nears.append(near.astype(float))
    return _Found(np.concatenate(places), np.concatenate(nears), space.weights_, meaning)


@dataclass(frozen=True)
class _Rights:
    """Which items have a value in common.

    >>> _Rights.__name__
    '_Rights'
    """

    parts: Any  # sparse, items x values
    known: Any  # bool
    others: Ints  # other items with a value in common

    @classmethod
    def of(cls, items: Items) -> _Rights:
        from scipy import sparse

        cells = split_cells(items.table[items.check].tolist(), items.separator)
        values = {part: n for n, part in enumerate(sorted({part for cell in cells for part in cell}))}
        rows = np.repeat(np.arange(len(cells)), [len(cell) for cell in cells])
        columns = np.array([values[part] for cell in cells for part in cell], dtype=np.int64)
        shape = (len(cells), max(len(values), 1))
        parts = sparse.csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
        # Cells that are equal share the same items, so that each is counted once.
        kinds = Counter(cells)
        place = {cell: n for n, cell in enumerate(kinds)}
        first = np.unique([place[cell] for cell in cells], return_index=True)[1]
        size = np.array(list(kinds.values()), dtype=float)
        both = (parts[first] @ parts[first].T > 0).astype(np.float64) @ size
        others = both[[place[cell] for cell in cells]] - 1
        known = np.array([len(cell) > 0 for cell in cells])
        return cls(parts, known, np.where(known, others, 0).astype(np.int64))

    def judge(self, asked: Ints, place: Ints, most: int) -> Floats:
        """Share of right neighbours of each item, of as many as there could be."""
        right = np.zeros(len(asked))
        for column in range(place.shape[1]):
            right += np.asarray((self.parts[asked].multiply(self.parts[place[:, column]])).sum(axis=1)).ravel() > 0
        return right / np.minimum(most, self.others[asked])

    def chance(self, asked: Ints, most: int) -> Floats:
        """The same, of neighbours drawn by chance."""
        others = self.others[asked]
        return most * others / (int(self.known.sum()) - 1) / np.minimum(most, others)


def _compare(shares: dict[str, Floats], chance: Floats, used: str, settings: CatalogueSettings) -> Trial:
    """Means over the judged items, and intervals by drawing items again."""
    n = len(chance)
    drawn = np.random.default_rng(settings.seed).multinomial(n, np.full(n, 1 / n), size=DRAWS) / n
    ends = [(100 - LEVEL) / 2, (100 + LEVEL) / 2]
    table = pd.DataFrame(
        [[one.mean(), *np.percentile(drawn @ one, ends)] for one in shares.values()],
        index=pd.Index(list(shares), name="neighbours by"),
        columns=["share", "low", "high"],
    )
    single = table.drop(index=[*TOGETHER, used], errors="ignore")["share"]
    best = str(single.idxmax()) if len(single) else ""
    rivals = {"chance": chance} | {name: shares[name] for name in (best, EQUAL) if name in shares and name != used}
    leads = {}
    for name, other in rivals.items():
        gap = shares[used] - other
        low, high = np.percentile(drawn @ gap, ends)
        leads[name] = (float(gap.mean()), float(low), float(high))
    return Trial(table, float(chance.mean()), n, whole=False, used=used, best_single=best, leads=leads)
