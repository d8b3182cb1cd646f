"""What a recommender learns: the items, what users did, how parts are weighed, and what stands for items nobody has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from domains.recommendation.behaviour.blend import Blend
from domains.recommendation.behaviour.history import History, as_interactions
from domains.recommendation.behaviour.learning import learn_blend
from domains.recommendation.behaviour.models import BehaviourModel
from domains.recommendation.behaviour.parts import Part, TrendPart
from domains.recommendation.content.newcomers import NewItems
from domains.recommendation.content.space import ItemSpace
from domains.recommendation.content.table import check_items, order_column
from domains.recommendation.lists.filters import ItemColumns
from domains.recommendation.search.index import SemanticIndex
from domains.recommendation.text.encoder import TextEncoder
from shared.checks import is_whole
from shared.data import Incidence
from shared.data.io.frames import as_pandas
from shared.data.names import plain_names
from shared.errors import HexadError, SettingsError
from shared.runtime.array_of import ArrayOf
from shared.runtime.seeds import make_rng
from shared.text import count_of
from shared.typing import Ints, Reals


class RecommenderBase(BehaviourModel):
    """The learning half of `Recommender`, which has the settings; asking is the other half."""

    def __init__(
        self,
        *,
        question: str = "new",
        text: str | Sequence[str] = (),
        attributes: Sequence[str] | None = None,
        period: float | str | None = None,
        separator: str | None = None,
        encoder: TextEncoder | None = None,
        dense_items: int = 4000,
        random_state: int = 0,
    ) -> None:
        self.question = question
        self.text = text
        self.attributes = attributes
        self.period = period
        self.separator = separator
        self.encoder = encoder
        self.dense_items = dense_items
        self.random_state = random_state

    def _part(self) -> Part:
        return TrendPart("popularity")

    def fit(self, interactions: Any = None, items: Any = None) -> Self:
        """Learn from who did what, from what is known of items, or from both.

        Parameters
        ----------
        interactions : Incidence or frame, optional
            Read by `Incidence.from_interactions`; left out, only `similar` and `search` answer.
        items : frame, optional
            A row an item; its key stands in the column that has the interactions' name of items. Items that nobody has
            yet may stand in it.

        Raises
        ------
        DataError, SettingsError, HexadError
        """
        if not is_whole(self.dense_items):
            raise SettingsError(f"dense_items={self.dense_items!r} is no whole number from 1 on")
        if not is_whole(self.random_state, least=0):
            raise SettingsError(f"random_state={self.random_state!r} is no whole number from 0 on")
        self._check_question()
        self.blend_: Blend | None = None
        self.new_: NewItems | None = None
        self.space_: ItemSpace | None = None
        self.index_: SemanticIndex | None = None
        if interactions is None:
            self._fit_items_alone(items)
            return self
        found = as_interactions(interactions)
        table = None if items is None else check_items(items, found.columns.item, found.items)
        more = [] if table is None else pd.Index(table[found.columns.item]).difference(found.items, sort=False)
        self._learn_history(found, list(more))
        self._learn_items(table)
        self._learn_blend()
        self._learn_new_items()
        return self

    # What is known of items

    def _fit_items_alone(self, items: object) -> None:
        if items is None:
            raise HexadError("nothing to learn from: give interactions, a table of items, or both")
        table = as_pandas(items, "items", copy=False)
        key = "item" if "item" in table.columns else str(table.columns[0])
        table = check_items(table, key, None)
        nobody = np.zeros(0, dtype=np.int32)
        self.users_ = np.zeros(0, dtype=str)
        self.items_ = plain_names(pd.Index(table[key]), "items")
        self.names_ = ["user", key]
        self.history_ = History(nobody, nobody, None, None, 1, len(self.items_))
        self.dated_, self.last_, self.notes_ = False, 0.0, []
        self.length_: float | None = None
        self.weights_: dict[str, float] = {}
        self._learn_items(table)

    def _learn_items(self, table: pd.DataFrame | None) -> None:
        """Columns for filters, and the space in which items are compared; rows of the space by item."""
        self.columns_ = ItemColumns({}, self.separator)
        self.rows_ = np.full(len(self.items_), -1, dtype=np.int64)
        if table is None:
            if len([self.text] if isinstance(self.text, str) else list(self.text)):
                raise HexadError(f"text={self.text!r} names columns of a table of items, and none was given: items=")
            return
        key = self.names_[1]
        place = pd.Index(table[key]).get_indexer(pd.Index(self.items_))
        self.rows_ = place.astype(np.int64)
        if lost := int((place < 0).sum()):
            self.notes_.append(f"nothing is known of {count_of(lost, 'item')} beyond who had them")
        columns = {str(name): order_column(table[name], place) for name in table.columns if name != key}
        known = {name: one for name, one in columns.items() if one is not None}
        self.columns_ = ItemColumns.of(known, self.separator)
        space = ItemSpace(
            self.text, attributes=self.attributes, key=key, separator=self.separator, encoder=self.encoder
        )
        if not columns:
            return
        self.space_ = space.fit(table)
        self.notes_ += space.notes_

    # What users did

    def _learn_blend(self) -> None:
        self.length_ = self._length()
        blend, notes = learn_blend(
            self.history_,
            self.question,
            self.length_,
            unit="days" if self.dated_ else "of the times",
            dense_items=self.dense_items,
            rng=make_rng(self.random_state),
        )
        self.notes_ += notes
        self.blend_ = blend
        self.weights_ = {
            part.name: float(weight) for part, weight in zip(blend.parts, blend.weights, strict=True) if weight
        }

    def _learn_new_items(self) -> None:
        new = np.flatnonzero((self.history_.popularity == 0) & (self.rows_ >= 0))
        if len(new) == 0 or self.space_ is None or self.blend_ is None:
            return
        rng = make_rng(self.random_state)
        self.new_ = NewItems.learn(self.space_, self.rows_, self.history_, self.blend_, new, rng)
        scored = len(self.new_.items)
        self.notes_.append(f"{count_of(scored, 'item')} that nobody has yet are scored by the items nearest to them")
        if alone := len(new) - scored:
            self.notes_.append(
                f"{count_of(alone, 'item')} that nobody has yet are like none of the others: never shown"
            )

    def _score(self, codes: Ints) -> Reals:
        return self._split(codes)[0]

    def _split(self, codes: Ints) -> tuple[Reals, dict[str, Reals]]:
        """Scores of all items, and what each group of parts adds to them."""
        blend = self._need_behaviour()
        groups = blend.split(self.history_, codes)
        total = np.full((len(codes), len(self.items_)), blend.intercept, dtype=np.float32)
        for part in groups.values():
            total += part
        nobody = self.history_.activity[codes] == 0
        if nobody.any():
            popular = np.log((self.history_.popularity + 0.5) / max(len(self.users_), 1)).astype(np.float32)
            total[nobody] = groups["trend"][nobody] + blend.intercept if "trend" in groups else popular
        unseen = self.history_.popularity == 0
        if unseen.any():
            total[:, unseen] = np.minimum(total[:, unseen], total[:, ~unseen].min(axis=1, keepdims=True) - 1)
        if self.new_ is not None:
            total[:, self.new_.items] = self.new_.score(self.history_, codes, total)
        return total, groups

    def _need_behaviour(self) -> Blend:
        if self.blend_ is None:
            raise HexadError(
                "no interactions were learnt from, so that nobody's taste is known; ask similar() or search()"
            )
        return self.blend_

    def _learn_history(self, interactions: Incidence, more_items: Sequence[Any]) -> None:
        super()._learn_history(interactions, more_items)
        self.more_names_ = [interactions.columns.quantity or "rating", interactions.columns.time or "timestamp"]

    def __getstate__(self) -> dict[str, Any]:
        """What was learnt; the index of texts is made anew where it is asked for."""
        state = dict(super().__getstate__())
        return state | {"index_": None} if "index_" in state else state

    def declare_arrays(self) -> dict[str, ArrayOf | type]:
        """What holds of its arrays; checked when a model is loaded."""
        n_items = len(self.items_)
        n_rows = 0 if self.space_ is None else len(self.space_.indptr_) - 1
        found = super().declare_arrays() | {
            "rows_": ArrayOf("i", (n_items,), low=-1, high=(n_rows or n_items) - 1),
            "columns_": ItemColumns,
        }
        del found["part_"]
        if self.blend_ is not None:
            found["blend_"] = Blend
        if self.new_ is not None:
            found["new_"] = NewItems
            if max(self.new_.items.max(initial=0), self.new_.neighbours.max(initial=0)) >= n_items:
                raise ValueError(f"new items or their neighbours are none of the {n_items:,} items")
        return found
