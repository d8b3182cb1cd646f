"""Claims that several studies make from a comparison, with names that a manager reads and the rows they come from."""

from __future__ import annotations

from dataclasses import replace

from shared.evaluation import Comparison
from shared.reporting import Claim
from shared.text import capitalise

__all__ = ["claim_of"]


def claim_of(
    item: Comparison,
    table: str,
    *,
    called: tuple[str, str] | None = None,
    name: str = "",
    context: str = "",
    split: str = "split",
    **rows: object,
) -> Claim:
    """Say the outcome of a comparison in plain names, its numbers bound to rows of a table.

    Parameters
    ----------
    item : Comparison
    table : str
        Name under which the run keeps the scores.
    called : tuple of str, optional
        What the two are called in the sentence.
    name : str
        What the metric is called.
    context : str
        When and where it holds.
    split : str
        Column of the table which names the splits.
    **rows
        Values that all of the rows have, such as the round of trials.

    >>> item = Comparison("A", "B", "mae", 0.2, 0.12, 0.31, 47, 52, 0.001, "weeks")
    >>> claim = claim_of(item, "scores", called=("the plan", "today's way"), name="error", walk="past")
    >>> claim.text, claim.numbers[0].where
    ("The plan is better than today's way by 12 to 31 % (error), on 47 of 52 weeks.",
    {'model': 'A', 'metric': 'mae', 'walk': 'past'})
    """
    shown = item if called is None else replace(item, model=called[0], against=called[1])
    claim = shown.claim(table, name=name, context=context, split=split)
    numbers = tuple(
        replace(
            one,
            where={**one.where, "model": item.model, **rows},
            against={**(one.against or {}), "model": item.against, **rows},
        )
        for one in claim.numbers
    )
    detail = {**claim.detail, "model": item.model, "against": item.against}
    return replace(claim, text=capitalise(claim.text), numbers=numbers, detail=detail)
