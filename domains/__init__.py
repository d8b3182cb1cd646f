"""Six rooms that do not know each other, over one layer for data and evaluation."""

import shared as _shared

if getattr(_shared, "HEXAD_MARKER", None) != "hexad":
    _where = getattr(_shared, "__file__", None) or ", ".join(map(str, getattr(_shared, "__path__", [])))
    raise ImportError(
        f"Hexad's package 'shared' is hidden by another one of that name: {_where}. "
        "Python found it first, usually because it lies beside your script or notebook. "
        "Rename that file or folder, or start Python from another folder."
    )

HEXAD_MARKER = "hexad"
"""Tells `case_studies` that this `domains` is Hexad's own and not a folder of the same name beside a script."""
