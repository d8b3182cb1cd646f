"""What a table tells of its channels, in words that need no table of the run."""

from __future__ import annotations

from shared.text import join_words

from .learning import Learnt

__all__ = ["say_what_is_known"]


def say_what_is_known(learnt: Learnt) -> str:
    """Whether the data tell the curve, in plain words.

    Parameters
    ----------
    learnt : Learnt

    >>> from .example import make_example
    >>> learnt, plan, tables = make_example()
    >>> say_what_is_known(learnt)
    'that returns fall as spending grows is shown'
    """
    model, name = learnt.model, learnt.history.response
    effect = {channel for channel in learnt.history.channels if channel not in model.idle_}
    told = []
    if model.idle_:
        told.append(f"no effect on {name} is shown of {join_words(model.idle_)}")
    best = min(model.criteria_.values())
    if effect and model.criteria_["linear"] - best < 2:
        told.append("a straight line fits as well as a curve: where more money stops paying is not known")
    elif effect:
        told.append("that returns fall as spending grows is shown")
    return "; ".join(told)
