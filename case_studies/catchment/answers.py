"""Columns of answers beside a table of the user's own."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["add_columns"]


def add_columns(table: pd.DataFrame, **answers: Any) -> pd.DataFrame:
    """Put answers beside a table; one whose name the table has already is called "... (found)".

    Parameters
    ----------
    table : pandas.DataFrame
    **answers
        Columns by their names.

    >>> add_columns(pd.DataFrame({"minutes": [1]}), minutes=[2.0], place=["a"]).columns.tolist()
    ['minutes', 'minutes (found)', 'place']
    """
    free = {f"{name} (found)" if name in table.columns else name: values for name, values in answers.items()}
    return table.assign(**free)
